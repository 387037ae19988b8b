"""Working memory that a thread keeps from call to call.

Fresh memory is expensive: the system hands it out page by page, and touching the pages of a 4 MB column buffer for the
first time can take longer than the convolution. So each thread keeps one buffer a purpose. What a kernel returns never
lives here, only what it needs between two lines; and while a kernel is `at_work`, what a signal's handler computes has other memory.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_ALIGNMENT = 64  # one cache line, and the width of the widest vector registers
_KEPT_BYTES = 16 << 20  # larger buffers are given back at once


class _Buffers(threading.local):
    def __init__(self) -> None:
        self.kept: dict[str, Array] = {}
        self.taken = False  # by a kernel at work


_buffers = _Buffers()

F = TypeVar("F", bound=Callable[..., Any])


def at_work(kernel: F) -> F:
    """A kernel that uses `workspace`. Python runs signals' handlers between any two lines: a kernel that runs inside another one, which is
    not done with the thread's buffers, has buffers of its own."""

    @functools.wraps(kernel)
    def run(*args: Any, **kwargs: Any) -> Any:
        buffers = _buffers
        if buffers.taken:
            outer, buffers.kept = buffers.kept, {}
            try:
                return kernel(*args, **kwargs)
            finally:
                buffers.kept = outer
        buffers.taken = True
        try:
            return kernel(*args, **kwargs)
        finally:
            buffers.taken = False

    return run  # type: ignore[return-value]  # same signature: functools.wraps


def workspace(purpose: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An uninitialised C-contiguous array, valid until this thread asks for the same purpose again."""
    if dtype.hasobject:
        raise TypeError(f"scratch: expected a dtype of plain numbers, got {dtype}: raw memory cannot hold references.")
    size = math.prod(shape) * dtype.itemsize
    memory = _buffers.kept.get(purpose)
    if memory is None or memory.nbytes < size:
        memory = _aligned(size)
        if size <= _KEPT_BYTES:
            _buffers.kept[purpose] = memory
    return np.ndarray(shape, dtype, memory.data)


def release() -> None:
    """Give back all the working memory of this thread."""
    _buffers.kept.clear()


def keep_freed_memory() -> None:
    """Let the C library keep what arrays give back, so that a training step does not get the same pages anew each time.

    glibc hands freed blocks back to the system above a limit that grows with the largest block freed so far, up to this size (the
    limit for the end of its heap is twice it; mallopt(3), M_MMAP_THRESHOLD). Reserving one such block and freeing it untouched sets
    the limit where it would be after a large network's first step. MALLOC_TRIM_THRESHOLD_ and its kin in the environment
    keep their say; elsewhere it does nothing.
    """
    np.empty(_LARGEST_KEPT, np.uint8)


_LARGEST_KEPT = (32 << 20) - (1 << 16)  # glibc's bound on 64-bit machines, less its own bookkeeping
keep_freed_memory()


def _aligned(size: int) -> Array:
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size]
