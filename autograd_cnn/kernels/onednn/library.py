"""Finding and loading oneDNN: lazily, at the first kernel that may want it; absent or broken, NumPy serves and the reason is kept."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import RLock

from ..memory import threads
from ..memory.allocator import keep_freed
from .api import CPU, IN_ORDER, Api, Pointer

VARIABLE = "AUTOGRAD_CNN_ONEDNN"  # a path of the library, or "0" for none
_NAMES = ("libdnnl.so.3", "libdnnl.3.dylib", "dnnl.dll")


class Library:
    """A library that works: its functions, the CPU engine, a stream."""

    def __init__(self, path: str) -> None:
        threads.before_openmp()
        loaded = ctypes.CDLL(path)
        self.path = path
        self.api = Api(loaded)
        if self.api.version[0] != 3:
            raise OSError(f"version {'.'.join(map(str, self.api.version))} found, version 3 wanted")
        self.engine, self.stream = Pointer(), Pointer()
        if self.api.engine_create(ctypes.byref(self.engine), CPU, 0):
            raise OSError("it has no CPU engine")
        if self.api.stream_create(ctypes.byref(self.stream), self.engine, IN_ORDER):
            raise OSError("it gives no stream")
        self.set_threads = threads.openmp(loaded)

    @property
    def version(self) -> str:
        """As "3.2.0"."""
        return ".".join(map(str, self.api.version))


_lock = RLock()  # a signal handler that computes may come while the library is being loaded, and then loads it itself
_asked = False
_library: Library | None = None
_reason = "not asked for yet"


def library() -> Library | None:
    """oneDNN, loaded at the first call; None where there is none."""
    return _library if _asked else _load()


def reason() -> str:
    """Why there is none, or where it was found."""
    library()
    return _reason


def _load() -> Library | None:
    global _asked, _library, _reason
    with _lock:
        found = None if _asked else _first()
        if not _asked and found is not None:
            _library, _reason = found
            _asked = True
    return _library


def _first() -> tuple[Library | None, str]:
    wanted = os.environ.get(VARIABLE)
    if wanted in ("0", "off", "no"):
        return None, f"switched off by {VARIABLE}={wanted}"
    if sys.maxsize < 2**32 or sys.byteorder != "little":
        return None, "this is not a 64-bit little-endian machine"
    problems = []
    for path in [wanted] if wanted else _candidates():
        try:
            found = Library(path)
        except (OSError, AttributeError) as error:
            problems.append(f"{path}: {error}")
            continue
        threads.BLAS.share_with_openmp()
        keep_freed()
        return found, f"oneDNN {found.version} from {found.path}"
    told = [p for p in problems if "cannot open shared object" not in p or wanted or os.sep in p.split(":")[0]]
    return None, "; ".join(told) or "no libdnnl found: pip install onednn-cpu-gomp"


def _candidates() -> Iterator[str]:
    """The wheel's library, then one beside this Python, then whatever the system's loader finds."""
    seen = set()
    for path in (*_of_wheel(), *(Path(sys.prefix) / "lib" / n for n in _NAMES)):
        if path not in seen and path.exists():
            seen.add(path)
            yield str(path)
    yield from _NAMES[:1] if sys.platform != "darwin" else _NAMES[1:2]


def _of_wheel() -> list[Path]:
    from importlib.metadata import PackageNotFoundError, files

    found: list[Path] = []
    for name in ("onednn-cpu-gomp", "onednn-cpu-iomp"):
        try:
            listed = files(name) or []
        except PackageNotFoundError:
            continue
        found += [Path(str(f.locate())).resolve() for f in listed if f.name in _NAMES]
    return found


def forget() -> None:
    """Ask again at the next use (for tests of absent and broken libraries)."""
    global _asked, _library, _reason
    _asked, _library, _reason = False, None, "not asked for yet"


# A process forked after OpenMP's threads were made has none of them, and would wait for them for ever.
def _after_fork() -> None:
    global _asked, _library, _lock, _reason
    _lock = RLock()  # another thread may have held it
    if _library is not None:
        _asked, _library, _reason = True, None, "this process was forked from one that used oneDNN: NumPy serves here"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
