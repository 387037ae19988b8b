"""Runs the command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# the checkpoint within an epoch is written every so many seconds: so small that even short runs have some
_CODE = """
import sys
from autograd_cnn.training import run
run._EVERY = {every}
from autograd_cnn.cli import main
sys.exit(main(sys.argv[1:]))
"""


def start(*args: str | Path, every: float = 30.0) -> subprocess.Popen[str]:
    """`autograd-cnn ARGS`, running."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", _CODE.format(every=every), *map(str, args)],
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[str], code: int = 0) -> str:
    """What it printed, once it ended as it should."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, f"exit code {process.returncode}\n{out}\n{err}"
    return out
