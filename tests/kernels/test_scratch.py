"""Working memory: kept from call to call, aligned, bounded, and each thread's own."""

from __future__ import annotations

import threading

import numpy as np

from autograd_cnn.kernels import scratch as module
from autograd_cnn.kernels.scratch import release, scratch

SINGLE = np.dtype(np.float32)


def test_the_same_memory_serves_again() -> None:
    release()
    first = scratch("test", (4, 5), SINGLE)
    assert first.shape == (4, 5)
    assert first.dtype == SINGLE
    assert first.flags.c_contiguous
    assert first.ctypes.data % 64 == 0
    assert np.shares_memory(first, scratch("test", (3,), np.dtype(np.float64)))
    assert not np.shares_memory(first, scratch("other", (4, 5), SINGLE))
    assert not np.shares_memory(first, scratch("test", (40, 50), SINGLE))


def test_large_buffers_are_not_kept() -> None:
    release()
    size = module._KEPT_BYTES // 4 + 1
    first = scratch("test", (size,), SINGLE)
    assert not np.shares_memory(first, scratch("test", (size,), SINGLE))
    assert module._buffers.kept == {}


def test_nothing_is_asked_for() -> None:
    assert scratch("test", (0, 3), SINGLE).shape == (0, 3)


def test_each_thread_has_its_own() -> None:
    here = scratch("test", (100,), SINGLE)
    there: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: there.append(scratch("test", (100,), SINGLE)))
    thread.start()
    thread.join()
    assert not np.shares_memory(here, there[0])


def test_release_gives_back() -> None:
    scratch("test", (100,), SINGLE)
    release()
    assert module._buffers.kept == {}
