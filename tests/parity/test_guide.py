"""The program of the guide "Bring a PyTorch program" prints under PyTorch what the guide says it prints here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "pytorch.md"


@pytest.mark.slow
def test_it_prints_the_same(tmp_path):
    text = GUIDE.read_text(encoding="utf-8")
    program = re.search(r'```python title="train\.py"\n(.*?)```', text, re.S)[1]
    told = re.search(r"autograd-cnn run train\.py --epochs 3\n```\n\n```text\n(.*?)```", text, re.S)[1]
    (tmp_path / "train.py").write_text(program, encoding="utf-8")
    done = subprocess.run([sys.executable, "train.py", "--epochs", "3"], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == told, done.stderr
    assert told.count("loss") == 3
