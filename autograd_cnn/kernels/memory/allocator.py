"""Memory for large results, used again and again.

A training step asks for the same gigabyte as the step before. Fresh from the system each page of it must be zeroed first, which takes
as long as a pass over it; what a finished array leaves behind need not be. So a large block whose last array is gone waits for
the next of about its size. What waits never adds to the peak: before a new block is mapped, waiting ones are given back until
all together stay below what was in use at once; and what waited for long is given back, too.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import mmap
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

FLOAT = np.dtype(np.float32)
ALIGNMENT = 64  # one cache line, and the width of the widest vector registers
LARGE = 1 << 25  # bytes from which the C library asks the system anew each time; smaller arrays it keeps at hand itself (`keep_freed`)
_PATIENCE = 10.0  # seconds that a block waits
_TRIM, _MAP = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's mallopt
_KEPT = 1 << 30  # bytes


def keep_freed() -> None:
    """Let glibc keep up to a gigabyte of freed memory. By itself it hands the top of its heap back to the system as soon as some ten
    megabytes are free there, so at the end of each training step, and gets it page by page in the next: up to half of a step's time.

    Whoever sets MALLOC_TRIM_THRESHOLD_ or MALLOC_MMAP_THRESHOLD_ keeps his own setting.
    """
    if sys.platform != "linux" or not {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"}.isdisjoint(os.environ):
        return
    with contextlib.suppress(OSError, AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MAP, LARGE)
        mallopt(_TRIM, _KEPT)


class Waiting:
    """The blocks that nobody uses, by size, and how much is in use."""

    def __init__(self, patience: float = _PATIENCE, now: Callable[[], float] = time.monotonic) -> None:
        self.used = self.most = self.free = 0  # bytes
        self._patience, self._now = patience, now
        self._blocks: dict[int, list[tuple[float, int, Any]]] = {}  # by size, the newest last
        self._order: deque[tuple[float, int]] = deque()  # when a block of which size came back
        self._lock = threading.RLock()  # a block may come back from any thread, and while this one takes another

    def take(self, nbytes: int) -> tuple[Any, int]:
        """A block of at least so many bytes, and its address."""
        size = _rounded(nbytes)
        with self._lock:
            waiting = self._blocks.get(size)
            if waiting:
                _, address, block = waiting.pop()
                self.free -= size
                self._lend(size)
                return block, address
            self._shrink(max(self.most - self.used - size, 0))
            try:
                block = _map(size)
            except OSError:
                raise MemoryError(f"Unable to allocate {size / 2**20:,.0f} MiB for a result") from None
            self._lend(size)
        return block, ctypes.addressof(ctypes.c_char.from_buffer(block))

    def _lend(self, size: int) -> None:
        self.used += size
        self.most = max(self.most, self.used)

    def put(self, block: Any, address: int) -> None:
        """The block is free."""
        size, now = len(block), self._now()
        with self._lock:
            self.used -= size
            self.free += size
            self._blocks.setdefault(size, []).append((now, address, block))
            self._order.append((now, size))
            while now - self._order[0][0] > self._patience:  # which this block, the newest, is not
                self._oldest()

    def _shrink(self, allowed: int) -> None:
        while self.free > allowed:
            self._oldest()

    def _oldest(self) -> None:
        """Give the block that waited longest back to the system, if it still waits."""
        at, size = self._order.popleft()
        waiting = self._blocks.get(size)
        if waiting and waiting[0][0] <= at:
            waiting.pop(0)
            self.free -= size


def _rounded(nbytes: int) -> int:
    """Up to an eighth of the power of two below, so that blocks of about one size are of one size."""
    step = 1 << max(nbytes.bit_length() - 4, 12)
    return -(-nbytes // step) * step


def _map(size: int) -> Any:
    """Fresh memory from the system, of this process alone."""
    if not hasattr(mmap, "MAP_PRIVATE"):
        return mmap.mmap(-1, size)
    block = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without them
            block.madvise(mmap.MADV_HUGEPAGE)
    return block


WAITING = Waiting()


def _after_fork() -> None:
    WAITING._lock = threading.RLock()  # another thread may have held it, which the forked process does not have


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Lent(np.ndarray[Any, np.dtype[Any]]):
    """A block on loan. It is the base of the array that was made on it, and goes back when the last view of that is gone."""

    address: int = 0

    def __del__(self, back: Callable[[Any, int], None] = WAITING.put) -> None:  # bound here: modules may be gone at the end
        if self.address:
            back(self.base, self.address)


def borrow(nbytes: int) -> Lent:
    """A block of at least so many bytes, on a page's boundary."""
    block, address = WAITING.take(nbytes)
    lent = Lent((len(block),), np.uint8, block)
    lent.address = address
    return lent


def empty(shape: tuple[int, ...], dtype: Any = FLOAT) -> Any:
    """An uninitialised array in row-major order."""
    nbytes = math.prod(shape) * dtype.itemsize
    return np.empty(shape, dtype) if nbytes < LARGE else np.ndarray(shape, dtype, borrow(nbytes))


def aligned(nbytes: int) -> tuple[Any, int, int]:
    """Fresh memory: the array that owns it, how far in a cache line begins, and the address of that."""
    if nbytes >= LARGE:
        lent = borrow(nbytes)
        return lent, 0, lent.address
    memory: Any = np.empty(nbytes + ALIGNMENT, np.uint8)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    offset = -start % ALIGNMENT
    return memory, offset, start + offset


def is_whole(x: Any) -> bool:
    """Is this array, no view of another, the one that holds its memory?"""
    base = x.base
    return base is None or base.__class__ is Lent or getattr(x, "own", False)


def donatable(g: Any) -> bool:
    """Is this a whole, writable array, so that whoever is lent it may write over it?"""
    return isinstance(g, np.ndarray) and is_whole(g) and bool(g.flags.writeable)
