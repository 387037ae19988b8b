"""How many threads compute: one number for OpenBLAS (NumPy's products) and OpenMP (oneDNN's kernels)."""

from __future__ import annotations

import contextvars
import ctypes
import os
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _wanted() -> int:
    try:
        return max(1, int(os.environ.get("OMP_NUM_THREADS", "").split(",")[0]))
    except ValueError:
        return _processors()


_count = _wanted()


def get_num_threads() -> int:
    """How many threads a kernel may use.

    >>> import autograd_cnn as ac
    >>> ac.get_num_threads() >= 1
    True
    """
    return _count


def set_num_threads(int: int) -> None:
    """Let kernels use so many threads: NumPy's products (OpenBLAS) and oneDNN's kernels. Small work stays on one thread.

    The default is OMP_NUM_THREADS, or the number of processors this process may use.

    >>> import autograd_cnn as ac
    >>> ac.set_num_threads(ac.get_num_threads())
    >>> ac.set_num_threads(0)
    Traceback (most recent call last):
    ...
    RuntimeError: set_num_threads: expected a positive number of threads, got 0
    """
    global _count
    if not isinstance(int, _int | np.integer) or isinstance(int, bool):
        raise TypeError(f"set_num_threads expects an int, but got {type(int).__name__}")
    if int < 1:
        raise RuntimeError(f"set_num_threads: expected a positive number of threads, got {int}")
    _count = _int(int)
    BLAS.put(_count)


_int = int  # PyTorch's argument is named int


def for_work(operations: float) -> int:
    """One thread for work that a fork and a join would outlast."""
    return _count if operations >= SHARED else 1


def for_entries(count: int, each: int = 10) -> int:
    """The same for so many entries, of which touching one takes as long as `each` operations."""
    return for_work(count * each)


SHARED = 2_000_000  # floating-point operations, some 20 us, from which two threads beat one: waking the second takes 5 to 50 us, and a
# thread that another process keeps from its processor takes milliseconds


# ------------------------------------------------------------------------------------------------- NumPy's own work
_hiring = threading.Lock()
_workers: ThreadPoolExecutor | None = None


class _Sharing(threading.local):
    """Is this thread handing out work? Then a signal handler that computes has interrupted it, perhaps between a lock and its release:
    it takes the whole of its own work."""

    now = False


_sharing = _Sharing()


def share(work: Callable[[Sequence[Any]], None], items: Sequence[Any]) -> None:
    """`work` on all of the items, a stretch of them on each thread. For NumPy's passes over large arrays, which let other threads run;
    whoever calls waits for all, and gets the first error."""
    count = min(_count, len(items))
    if count <= 1 or _sharing.now:
        work(items)
        return
    try:
        _sharing.now = True
        _share(work, items, count)
    finally:
        _sharing.now = False


def _share(work: Callable[[Sequence[Any]], None], items: Sequence[Any], count: int) -> None:
    from concurrent.futures import wait  # 10 ms that an import need not take

    workers = _pool(count - 1)
    ends = [len(items) * i // count for i in range(count + 1)]
    others = [workers.submit(contextvars.copy_context().run, work, items[a:b]) for a, b in pairwise(ends[1:])]
    try:
        work(items[: ends[1]])
    finally:
        wait(others)
    for other in others:
        other.result()


def _pool(count: int) -> ThreadPoolExecutor:
    """At least so many workers, the same for all threads."""
    global _workers
    from concurrent.futures import ThreadPoolExecutor

    with _hiring:
        if _workers is None or _workers._max_workers < count:
            _workers = ThreadPoolExecutor(count, "autograd_cnn")
        return _workers


def _forget_workers() -> None:
    global _hiring, _workers
    _hiring, _workers = threading.Lock(), None  # a forked process has none


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_workers)


# ------------------------------------------------------------------------------------------------- OpenMP
class _Local(threading.local):
    count = 0


def before_openmp() -> None:
    """Idle threads of OpenMP shall sleep soon, not spin against OpenBLAS's and other processes'. It reads its settings when it is loaded."""
    if "OMP_WAIT_POLICY" not in os.environ and "GOMP_SPINCOUNT" not in os.environ:
        os.environ["GOMP_SPINCOUNT"] = str(_SPINS)


_SPINS = 20_000  # some 30 us: the pause between two kernels of one net


def openmp(library: Any) -> Callable[[int], None]:
    """A function that sets the number of threads for this thread's next kernels, and does nothing if it is set already."""
    try:
        set_threads = library.omp_set_num_threads  # the OpenMP that the library was linked with
    except AttributeError:
        return lambda count: None
    set_threads.argtypes, set_threads.restype = (ctypes.c_int,), None
    local = _Local()

    def put(count: int) -> None:
        if local.count != count:
            set_threads(count)
            local.count = count

    return put


# ------------------------------------------------------------------------------------------------- OpenBLAS
_NAMES = tuple(f"{prefix}openblas_set_num_threads{suffix}" for prefix in ("scipy_", "") for suffix in ("64_", "", "64"))


def _openblas() -> Callable[[int], None] | None:
    """NumPy's OpenBLAS, found among its bundled libraries; None where NumPy has another BLAS."""
    root = Path(np.__file__).parent
    for folder in (root.parent / "numpy.libs", root / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            library = ctypes.CDLL(str(path))
            for name in _NAMES:
                if hasattr(library, name):
                    fn = getattr(library, name)
                    fn.argtypes, fn.restype = (ctypes.c_int,), None
                    return fn  # type: ignore[no-any-return]
    return None


class _Blas:
    """The number of threads of NumPy's products. Beside OpenMP small ones take one: OpenBLAS's second thread spins on for some 25 ms after
    each product that it shared, and keeps OpenMP's from its processor."""

    def __init__(self) -> None:
        self.beside_openmp = False
        self._set: Callable[[int], None] | None = None
        self._found = False
        self._count = 0

    def put(self, count: int) -> None:
        """Set the number of threads, if NumPy's BLAS is one that can be told."""
        if not self._found:
            self._set, self._found = _openblas(), True
        if self._set is not None and count != self._count:
            self._set(count)
            self._count = count

    def share_with_openmp(self) -> None:
        """From now on there are OpenMP's threads, too."""
        self.beside_openmp = True
        self.put(1)

    def for_product(self, multiplications: float) -> None:
        """All threads for the next product if it is so large that they pay for what follows, else one."""
        self.put(_count if multiplications >= LARGE_PRODUCT else 1)


LARGE_PRODUCT = 150_000_000  # multiplications of a product, a few milliseconds on one thread, from which two are worth their aftermath
BLAS = _Blas()
