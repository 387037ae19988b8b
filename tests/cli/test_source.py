"""`autograd-cnn source`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_cnn.cli.main import main


def test_a_model_is_written_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["source", "lenet5"]) == 0
    out = capsys.readouterr().out
    assert "def forward(" in out
    assert "conv1 = kernels.conv(x, conv1_weight, conv1_bias)" in out
    assert "def backward" not in out


def test_a_file_with_both_passes_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["source", "lenet5_modern", "--backward", "--train", "--size", "2x1x32x32", "-o", "net.py"]) == 0
    assert capsys.readouterr().out.startswith("Written: net.py   ")
    module: dict[str, Any] = {}
    exec(Path("net.py").read_text(encoding="utf-8"), module)
    assert {"forward", "backward"} <= set(module)


def test_what_a_script_traces_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(
        "import autograd_cnn as ac\nw = ac.Scalar(2.0, 'w')\ngraph = ac.trace(lambda x: (w * x).tanh(), ac.Scalar(0.5, 'x'))\n",
        encoding="utf-8",
    )
    assert main(["source", "net.py", "--variable", "graph", "--backward"]) == 0
    module: dict[str, Any] = {}
    exec(capsys.readouterr().out, module)
    y, saved = module["forward"](0.5, 2.0)
    assert y == pytest.approx(np.tanh(1.0))
    assert module["backward"](saved) == pytest.approx((2 * (1 - y * y), 0.5 * (1 - y * y)))


WRONG = {
    "a name that is none": (["lenet6"], "expected a model of vision.models", "lenet5"),
    "no Python file": (["lenet5", "-o", "net.txt"], "--out: expected a name that ends in .py"),
    "a recorded value": (["loss.py"], "Trace the function that computes it"),
    "a size that is none": (["lenet5", "--size", "a"], "--size: expected sizes"),
}


@pytest.mark.parametrize(("args", "words"), [(a, w) for a, *w in WRONG.values()], ids=WRONG)
def test_what_is_wrong_is_said_in_a_line(
    args: list[str], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loss.py").write_text("import autograd_cnn as ac\nloss = (ac.ones(2).requires_grad_() * 2).sum()\n", encoding="utf-8")
    assert main(["source", *args]) == 2
    err = capsys.readouterr().err
    assert err.startswith("autograd-cnn source: ")
    for word in words:
        assert word in err
