"""What a run leaves: each file it lists, pictures that parse and tell of the run."""

from __future__ import annotations

import importlib.util
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from autograd_cnn.cli.main import main

pytestmark = pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="the digits come with scikit-learn")


@pytest.mark.parametrize("model", ["mlp", pytest.param("lenet5_modern", marks=pytest.mark.slow)])
def test_a_run_writes_what_it_lists(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert main(["train", "--model", model, "--epochs", "1", "--batch-size", "256", "--out", str(out)]) == 0
    listed = re.findall(r"^  (\S+) ", capsys.readouterr().out, re.M)
    assert {"architecture.svg", "activations.svg", "saliency.svg", "confusion.svg", "curves.svg", "graph_backward.svg"} <= set(listed)
    assert ("filters.svg" in listed) == (model != "mlp")
    assert all((out / name).exists() for name in listed)
    for picture in out.glob("*.svg"):
        ElementTree.parse(picture)
    counted = re.search(r"(\d+) of 359 right", (out / "confusion.svg").read_text("utf-8"))
    assert counted is not None
    assert f"{100 * int(counted[1]) / 359:.1f} %" in (out / "confusion.svg").read_text("utf-8")
    assert "softmax" in (out / "activations.svg").read_text("utf-8")
