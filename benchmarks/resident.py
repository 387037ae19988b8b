"""How much memory this process holds, and held at most."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def _field(name: str) -> int:
    return int(re.search(rf"{name}:\s+(\d+) kB", _STATUS.read_text())[1]) * 1024  # type: ignore[index]  # Linux writes it


def _maxrss() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def reset_peak() -> None:
    """Forget the peak so far (on Linux; elsewhere the import's peak is where counting begins)."""
    if _STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5")


def now() -> int:
    """Bytes in memory."""
    return _field("VmRSS") if _STATUS.exists() else _maxrss()


def peak() -> int:
    """The most bytes that were in memory."""
    return _field("VmHWM") if _STATUS.exists() else _maxrss()
