"""Reading a file under watch: what it makes the interpreter do, and how much memory it takes."""

from __future__ import annotations

import contextlib
import io
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import autograd_cnn.nn  # loaded now, so that no import happens while a file is read
from autograd_cnn.serialization import load

__all__ = ["autograd_cnn", "load_watched", "watched"]

_ACTS = (
    "exec",
    "compile",
    "import",
    "os.",
    "subprocess.",
    "shutil.",
    "socket.",
    "ctypes.",
    "pickle.",
    "webbrowser.",
    "open",
)
_seen: list[str] | None = None


def _audit(event: str, arguments: Any) -> None:
    if _seen is not None and event.startswith(_ACTS):
        _seen.append(f"{event}{arguments!r:.80}")


sys.addaudithook(_audit)


@contextlib.contextmanager
def watched(limit: int) -> Iterator[None]:
    """Assert that the block runs no code, opens nothing, imports nothing, and takes at most `limit` bytes."""
    global _seen
    started = not tracemalloc.is_tracing()
    if started:
        tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    seen = _seen = []
    try:
        yield
    finally:
        _seen = None
        taken = tracemalloc.get_traced_memory()[1] - before
        if started:
            tracemalloc.stop()
        assert not seen, f"reading the file did {seen}"
        assert taken <= limit, f"reading the file took {taken >> 20} MiB"


def load_watched(content: bytes | io.BytesIO, reader: Callable[..., Any] = load, limit: int = 32 << 20, **options: Any) -> Any:
    """What `reader` makes of the file, under watch."""
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    with watched(limit):
        return reader(file, **options)
