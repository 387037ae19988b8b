"""`autograd-cnn studio`: what it refuses, before anything is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd_cnn.cli import main
from autograd_cnn.cli.main import _parser
from autograd_cnn.cli.studio import _subject

pytest.importorskip("tornado", reason="the extra studio is not installed")

WRONG = {
    "--port 99999": "--port: expected a number of 0 … 65535, got 99999",
    "--size 1x3x3": "--size belongs to a network: name it",
    "mlp": "takes pictures of 1 or 3 channels, got mlp, which takes 1024",
    "lenet5 --size 5x5": "--size: expected a picture of 1 or 3 channels, as 3x64x64, got 5x5",
    "lenet5 --size 1x8x8": "the padded input is 2x2, the kernel 5x5",
    "lenet5 --mean a": "--mean: expected one number, or three with commas, got 'a'",
    "lenet5 --std 0": "--std: expected one number",
    "lenet5 --weights nowhere.pt": "nowhere.pt",
    "lanet5": "Did you mean 'lenet5'?",
    "lenet5 --host 203.0.113.77 --port 8720": "--port 8720:",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_what_is_refused(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["studio", "--no-browser", *arguments.split()]) != 0
    assert WRONG[arguments] in capsys.readouterr().err


def test_a_script_that_leaves_a_model(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "from autograd_cnn import nn\nmodel = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 36, 2))\n", encoding="utf-8"
    )
    (tmp_path / "names.txt").write_text("cat\ndog\n", encoding="utf-8")
    given = f"studio {script} --variable model --size 3x8x8 --classes {tmp_path / 'names.txt'} --mean 0.5,0.4,0.3 --std 0.2"
    subject = _subject(_parser().parse_args(given.split()))
    assert subject.size == (3, 8, 8) and subject.classes == ("cat", "dog")
    assert subject.mean == (0.5, 0.4, 0.3) and subject.std == (0.2,)
