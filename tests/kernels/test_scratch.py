"""Working memory: kept from call to call, aligned, bounded, and each thread's own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading

import numpy as np
import pytest

from autograd_cnn.kernels.memory import workspace as module
from autograd_cnn.kernels.memory.workspace import release, scratch
from autograd_cnn.kernels.reference import convolution, depthwise, normalization, pointwise, pooling

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


X = np.arange(2 * 4 * 9 * 9, dtype=np.float32).reshape(2, 4, 9, 9) % 23 - 11
W = np.arange(6 * 4 * 3 * 3, dtype=np.float32).reshape(6, 4, 3, 3) % 7 - 3
D = np.arange(4 * 9, dtype=np.float32).reshape(4, 1, 3, 3) % 5 - 2
G = np.arange(2 * 6 * 9 * 9, dtype=np.float32).reshape(2, 6, 9, 9) % 13 - 6
MEAN, INVSTD = np.full(4, 0.5, np.float32), np.full(4, 2.0, np.float32)

KERNELS = {
    "convolution": lambda s: convolution.conv_forward(s * X, W, padding=1),
    "its input's gradient": lambda s: convolution.conv_input_adjoint(s * G, W, X.shape, padding=1),
    "its weight's gradient": lambda s: convolution.conv_weight_adjoint(s * G, X, W.shape, padding=1),
    "depthwise": lambda s: convolution.conv_forward(s * X, D, padding=1, groups=4),
    "pooling": lambda s: pooling.max_pool_forward(s * X, 3, 2, 1)[0],
    "adaptive pooling": lambda s: pooling.adaptive_max_pool_forward(s * X, (4, 5))[0],
    "batch norm": lambda s: normalization.batch_norm_forward(s * X, None, None)[0],
    "batch norm's gradient": lambda s: normalization.batch_norm_adjoint(s * X, X, None, MEAN, INVSTD)[0],
    "local response norm": lambda s: normalization.local_response_norm_forward(s * X, 3)[0],
}


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_inside_another_one_has_other_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a signal's handler computes: after each buffer that the outer kernel takes, the same one runs on other numbers."""
    run = KERNELS[name]
    outer, inner = np.array(run(1.0)), np.array(run(-3.0))
    asked, inside = [0], []

    def interrupted(*args: object) -> np.ndarray:
        memory = scratch(*args)  # type: ignore[arg-type]  # as given
        if not inside:
            asked[0] += 1
            inside.append(None)
            np.testing.assert_array_equal(run(-3.0), inner)
            inside.clear()
        return memory

    for room in (convolution, depthwise, pointwise, pooling, normalization):
        monkeypatch.setattr(room, "scratch", interrupted)
    np.testing.assert_array_equal(run(1.0), outer)
    assert asked[0] > 0
    assert not module._buffers.taken


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
