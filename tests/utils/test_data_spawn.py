"""What a worker's end says: the hint for scripts that are run again by their own workers stands where it helps, and only there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
from autograd_cnn.utils.data import DataLoader

list(DataLoader([1, 2, 3], num_workers=1, multiprocessing_context="spawn"))
"""
GUARDED = """
import sys
from autograd_cnn.utils.data import DataLoader

class Leaves:
    def __len__(self):
        return 3

    def __getitem__(self, i):
        import os
        os._exit(int(sys.argv[1]))

if __name__ == "__main__":
    try:
        list(DataLoader(Leaves(), num_workers=1, multiprocessing_context=sys.argv[2]))
    except RuntimeError as error:
        print(error)
"""
HINT = 'must start its work under `if __name__ == "__main__":`'


def _said(path: Path, script: str, *args: str) -> str:
    path.write_text(script)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(path), *args], capture_output=True, text=True, timeout=120, env=dict(os.environ)
    )
    return done.stdout + done.stderr


def test_an_unguarded_script(tmp_path: Path) -> None:
    assert HINT in _said(tmp_path / "script.py", SCRIPT)


@pytest.mark.parametrize(("code", "method", "hinted"), [("1", "spawn", True), ("2", "spawn", False), ("1", "fork", False)])
def test_a_worker_that_leaves(tmp_path: Path, code: str, method: str, hinted: bool) -> None:
    said = _said(tmp_path / "script.py", GUARDED, code, method)
    assert f"exited unexpectedly with exit code {code}." in said
    assert (HINT in said) is hinted
