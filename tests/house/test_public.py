"""No public name or signature changes unnoticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .public import FILE


def test_public_names_are_as_written_down():
    out = subprocess.run(
        [sys.executable, "-c", "from tests.house.public import lines\nprint('\\n'.join(lines()))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    now, written = set(out.stdout.splitlines()), set(FILE.read_text(encoding="utf-8").splitlines())
    gone, come = sorted(written - now), sorted(now - written)
    assert not gone, f"gone or changed: {gone[:5]} … now {come[:5]}; if that is meant, run `python -m tests.house.public`"
    assert not come, f"new: {come[:5]}; if they are meant to be public, run `python -m tests.house.public`"
