"""The programs of the guide about several processes run as it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .ranks import ROOT, environment, needs_mpi

GUIDE = (ROOT / "docs" / "guides" / "processes.md").read_text(encoding="utf-8")
PROGRAMS = dict(re.findall(r'^```py title="(\S+)"\n(.*?)^```$', GUIDE, re.M | re.S))


def run(folder: Path, name: str, *command: str) -> str:
    (folder / name).write_text(PROGRAMS[name])
    done = subprocess.run(
        [sys.executable, *command, name], cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_program_has_a_name_and_a_test() -> None:
    assert set(PROGRAMS) == {"digits.py", "downpour.py", "hogwild.py"}


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "line"), [("digits.py", r"loss \d\.\d\d"), ("downpour.py", r"loss 0\.0\d, staleness at most \d+")], ids=["digits", "downpour"]
)
def test_programs_of_processes(tmp_path: Path, name: str, line: str) -> None:
    assert f"launch --nproc 2 {name}" in GUIDE or name == "downpour.py"
    lines = sorted(run(tmp_path, name, "-m", "autograd_cnn", "launch", "--nproc", "2").splitlines())
    assert len(lines) == 2
    for rank, said in enumerate(lines):
        assert re.fullmatch(rf"\[{rank}\] {line}", said), said


@pytest.mark.slow
def test_the_program_that_shares_memory(tmp_path: Path) -> None:
    assert run(tmp_path, "hogwild.py") == "3.00\n"
    assert "```text\n3.00\n```" in GUIDE
