"""Large blocks that are used again: nobody's memory is lent twice, and what waits adds nothing to the peak."""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import sys
import threading
import time
import types

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


# ------------------------------------------------------------------------------------------------- sizes
@pytest.mark.parametrize(
    ("nbytes", "size"),
    [
        (1, 4096),
        (4096, 4096),
        (4097, 8192),  # a page at least
        (1 << 26, 1 << 26),
        ((1 << 26) + 1, 9 << 23),
        (9 << 23, 9 << 23),
        ((9 << 23) + 1, 10 << 23),
        ((1 << 27) - 1, 1 << 27),
        (3 * (1 << 26) + 1, 13 << 24),
    ],
)
def test_sizes_are_rounded_up_by_eighths(nbytes, size, waiting):
    block, at = waiting.take(nbytes)
    assert len(block) == size == waiting.used == waiting.most
    waiting.put(block, at)
    assert (waiting.used, waiting.free) == (0, size)


def test_memory_begins_where_a_cache_line_does():
    for nbytes in (0, 1, 63, 64, 1000, allocator.LARGE - 1, allocator.LARGE, allocator.LARGE + 1):
        memory, offset, address = allocator.aligned(nbytes)
        assert address == memory.ctypes.data + offset
        assert address % 64 == 0 <= offset < 64
        assert memory.nbytes - offset >= nbytes
        assert isinstance(memory, allocator.Lent) == (nbytes >= 32 * 2**20)


def test_what_is_large_is_borrowed_and_what_is_small_is_not():
    for entries, large in ((2**22 - 1, False), (2**22, True)):
        x = allocator.empty((entries,), np.dtype(np.float64))
        assert (x.base is not None) == large
        assert (x.shape, x.dtype) == ((entries,), np.float64)
        assert allocator.is_whole(x) and allocator.donatable(x)
        assert not allocator.is_whole(x[:2]) and not allocator.donatable(x[:2])
        x.flags.writeable = False
        assert allocator.is_whole(x) and not allocator.donatable(x)
    assert not allocator.donatable(np.float32(1.0))


# ------------------------------------------------------------------------------------------------- what waits
def test_blocks_wait_for_ten_seconds(waiting):
    blocks = [waiting.take(size << 20) for size in (32, 40, 48, 56)]
    for block in blocks[:2]:
        waiting.put(*block)
    waiting.time = 10.0
    waiting.put(*blocks[2])
    assert waiting.free == 120 << 20
    waiting.time = 10.5
    waiting.put(*blocks[3])
    assert waiting.free == 104 << 20  # both of the first are given back


def test_a_block_that_was_taken_again_waits_anew(waiting):
    block, at = waiting.take(1 << 26)
    other = waiting.take(1 << 25)
    waiting.put(block, at)
    waiting.time = 6.0
    block, _ = waiting.take(1 << 26)
    assert (waiting.used, waiting.free, waiting.most) == (3 << 25, 0, 3 << 25)
    waiting.put(block, at)
    waiting.time = 12.0  # the first time is long ago, the second is not
    waiting.put(*other)
    assert waiting.free == 3 << 25
    assert waiting.take(1 << 26)[1] == at


def test_of_two_blocks_the_one_that_waited_longer_goes(waiting):
    old, new = waiting.take(1 << 26), waiting.take(1 << 26)
    other = waiting.take(1 << 25)
    waiting.put(*old)
    waiting.time = 9.0
    waiting.put(*new)
    waiting.time = 12.0
    waiting.put(*other)
    assert waiting.free == 3 << 25
    assert waiting.take(1 << 26)[1] == new[1]


def test_as_many_are_given_back_as_must_be(waiting):
    blocks = [waiting.take(1 << 25) for _ in range(4)]
    for block in blocks[:3]:
        waiting.put(*block)
    large = waiting.take(1 << 26)  # in use at once was 4: one is, two come, and one may wait
    assert (waiting.used, waiting.free, waiting.most) == (3 << 25, 1 << 25, 4 << 25)
    waiting.put(*large)
    waiting.put(*blocks[3])
    huge = waiting.take(1 << 28)
    assert (waiting.used, waiting.free, waiting.most) == (1 << 28, 0, 1 << 28)
    waiting.put(*huge)


# ------------------------------------------------------------------------------------------------- the system
def test_where_memory_cannot_be_private(monkeypatch):
    monkeypatch.delattr(mmap, "MAP_PRIVATE")
    block = allocator._map(8192)
    assert len(block) == 8192
    block[:3] = b"abc"
    assert block[:4] == b"abc\0"


@pytest.mark.skipif(not hasattr(mmap, "MADV_HUGEPAGE"), reason="no huge pages")
@pytest.mark.parametrize("refuses", [False, True])
def test_huge_pages_are_asked_for(refuses, monkeypatch):
    asked = []

    class Mapped(mmap.mmap):
        def madvise(self, option, *rest):
            asked.append(option)
            if refuses:
                raise OSError("a kernel without them")

    monkeypatch.setattr(mmap, "mmap", Mapped)
    assert len(allocator._map(8192)) == 8192
    assert asked == [mmap.MADV_HUGEPAGE]


@pytest.mark.parametrize(
    ("platform", "variable", "calls"),
    [
        ("linux", None, [(-3, 32 * 2**20), (-1, 2**30)]),
        ("linux", "MALLOC_TRIM_THRESHOLD_", []),
        ("linux", "MALLOC_MMAP_THRESHOLD_", []),
        ("darwin", None, []),
    ],
)
def test_the_c_library_is_told_to_keep_what_is_freed(platform, variable, calls, monkeypatch):
    told = []
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: types.SimpleNamespace(mallopt=lambda *args: told.append(args)))
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, "1")
    allocator.keep_freed()
    assert told == calls


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: types.SimpleNamespace())
    allocator.keep_freed()


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="no fork")
@pytest.mark.filterwarnings("ignore:This process")  # is multi-threaded, and forks
def test_a_process_forked_while_another_thread_asked_for_memory():
    locked, over = threading.Event(), threading.Event()

    def hold():
        with allocator.WAITING._lock:
            locked.set()
            over.wait(20)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    locked.wait(10)
    child = os.fork()
    if not child:
        allocator.empty((allocator.LARGE // 4,))[:3] = 1.0
        os._exit(0)
    try:
        end, done = time.monotonic() + 10, 0
        while not done and time.monotonic() < end:
            done, _ = os.waitpid(child, os.WNOHANG)
            time.sleep(0.01)
        if not done:
            os.kill(child, 9)
            os.waitpid(child, 0)
        assert done
    finally:
        over.set()
        thread.join(10)
