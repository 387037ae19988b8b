"""Large blocks that are used again: nobody's memory is lent twice, and what waits adds nothing to the peak."""

from __future__ import annotations

import gc
import os
import sys

import numpy as np
import pytest

from autograd_cnn.kernels.memory import allocator


@pytest.fixture
def waiting(monkeypatch):
    made = allocator.Waiting(now=lambda: made.time)
    made.time = 0.0
    return made


def test_a_block_comes_back_only_when_its_last_view_is_gone():
    x = allocator.empty((allocator.LARGE // 4,))
    at, part = x.ctypes.data, x[10:20].reshape(2, 5)
    x[:] = 1.0
    del x
    gc.collect()
    other = allocator.empty((allocator.LARGE // 4,))
    assert other.ctypes.data != at
    other[:] = 2.0
    assert part.tolist() == [[1.0] * 5] * 2
    del part
    gc.collect()
    again = allocator.empty((allocator.LARGE // 4,))
    assert again.ctypes.data == at


def test_small_arrays_are_numpys():
    assert allocator.empty((3, 4)).base is None
    big = allocator.empty((allocator.LARGE // 4,))
    assert allocator.is_whole(big) and not allocator.is_whole(big[1:])
    assert big.flags.writeable and big.flags.c_contiguous and big.ctypes.data % allocator.ALIGNMENT == 0


def test_what_waits_stays_below_what_was_in_use_at_once(waiting):
    size = 1 << 26
    blocks = [waiting.take(size) for _ in range(2)]
    for block in blocks:
        waiting.put(*block)
    assert waiting.free == 2 * size and waiting.used == 0
    other = waiting.take(2 * size)  # of another size: the two that wait must go first
    assert waiting.free == 0 and waiting.most == waiting.used == 2 * size
    waiting.put(*other)


def test_a_block_of_about_the_size_is_taken_again(waiting):
    block, at = waiting.take(1 << 26)
    waiting.put(block, at)
    assert waiting.take((1 << 26) - 5000)[1] == at


def test_what_waited_for_long_is_given_back(waiting):
    old, new = waiting.take(1 << 25), waiting.take(1 << 26)
    waiting.put(*old)
    waiting.time = 100.0
    waiting.put(*new)
    assert waiting.free == 1 << 26


def test_more_than_there_is(waiting):
    with pytest.raises(MemoryError, match="Unable to allocate"):
        waiting.take(1 << 60)
    assert waiting.used == 0


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="no fork")
def test_a_forked_process_writes_into_its_own_copy():
    x = allocator.empty((allocator.LARGE // 4,))
    x[:] = 1.0
    child = os.fork()
    if not child:
        x[:] = 2.0
        os._exit(0)
    os.waitpid(child, 0)
    assert float(np.abs(x - 1.0).max()) == 0.0
