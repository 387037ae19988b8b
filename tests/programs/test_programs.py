"""Programs written against PyTorch, unchanged, under `autograd-cnn run` and, where it is installed, under PyTorch itself.

`expected.json` holds the numbers that PyTorch 2.13 prints: `python tests/programs/test_programs.py` writes them anew.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NAMES = sorted(p.stem for p in HERE.glob("*.py") if not p.stem.startswith(("test_", "__")))
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def printed(name: str, *head: str) -> str:
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, *head, str(HERE / f"{name}.py")], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def compare(found: str, wanted: str) -> None:
    assert NUMBER.sub("#", found) == NUMBER.sub("#", wanted), found
    assert [float(n) for n in NUMBER.findall(found)] == pytest.approx([float(n) for n in NUMBER.findall(wanted)], rel=2e-3, abs=2e-5)


EXPECTED = json.loads((HERE / "expected.json").read_text()) if (HERE / "expected.json").exists() else {}


@pytest.mark.parametrize("name", NAMES)
def test_prints_what_pytorch_prints(name):
    compare(printed(name, "-m", "autograd_cnn", "run"), EXPECTED[name])


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_the_expectation_is_pytorchs(name):
    compare(printed(name), EXPECTED[name])


if __name__ == "__main__":
    (HERE / "expected.json").write_text(json.dumps({name: printed(name) for name in NAMES}, indent=1) + "\n")
