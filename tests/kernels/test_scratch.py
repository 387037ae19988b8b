"""Working memory: kept from call to call, aligned, bounded, and each thread's own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading

import numpy as np
import pytest

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


_PAGES = """
import resource
import numpy as np
import autograd_cnn
for count in range(6):
    arrays = [np.ones(1 << 18, np.float32) for _ in range(16)]  # 16 MB in all
    del arrays
    if not count:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have limits of their own")
def test_freed_memory_serves_the_next_step() -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    done = subprocess.run([sys.executable, "-c", _PAGES], capture_output=True, text=True, check=True, env=env)
    assert int(done.stdout) < 1000  # of 20 000 pages
