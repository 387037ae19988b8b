"""Working memory: kept from call to call, aligned, bounded, and each thread's own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

from autograd_cnn.kernels.memory import workspace as module
from autograd_cnn.kernels.memory.workspace import release, workspace
from autograd_cnn.kernels.reference import convolution, depthwise, normalization, pointwise, pooling

SINGLE = np.dtype(np.float32)


def test_the_same_memory_serves_again() -> None:
    release()
    first = workspace("test", (4, 5), SINGLE)
    assert first.shape == (4, 5)
    assert first.dtype == SINGLE
    assert first.flags.c_contiguous
    assert first.ctypes.data % 64 == 0
    assert np.shares_memory(first, workspace("test", (3,), np.dtype(np.float64)))
    assert not np.shares_memory(first, workspace("other", (4, 5), SINGLE))
    assert not np.shares_memory(first, workspace("test", (40, 50), SINGLE))


def test_large_buffers_are_not_kept() -> None:
    release()
    size = 4 << 20  # entries: 16 MiB, which a thread keeps for each purpose
    first = workspace("test", (size + 1,), SINGLE)
    assert not np.shares_memory(first, workspace("test", (size + 1,), SINGLE))
    assert module._buffers.kept == {}
    assert np.shares_memory(workspace("test", (size,), SINGLE), workspace("test", (size,), SINGLE))
    release()


def test_no_more_than_is_asked_for() -> None:
    release()
    for shape, dtype, size in (((3, 5), SINGLE, 60), ((3, 5), np.dtype(np.float64), 120), ((7,), np.dtype(np.bool_), 7)):
        memory = workspace(f"test {size}", shape, dtype)
        assert (memory.shape, memory.dtype) == (shape, dtype)
        assert module._buffers.kept[f"test {size}"].nbytes == size
        assert module._buffers.kept[f"test {size}"].base.nbytes <= size + 64
        assert memory.ctypes.data % 64 == 0
        memory[...] = 1
    first = workspace("test 60", (15,), SINGLE)
    assert np.shares_memory(first, workspace("test 60", (3, 5), SINGLE)), "what is as large as asked for serves"
    assert module._buffers.kept["test 60"].nbytes == 60
    release()


def test_references_have_no_room_in_raw_memory() -> None:
    with pytest.raises(TypeError, match="plain numbers"):
        workspace("test", (3,), np.dtype(object))


def test_what_runs_inside_a_kernel_has_other_memory() -> None:
    """And what comes after it, also after an error, has the kernel's own again."""
    release()
    seen: dict[str, np.ndarray] = {}

    @module.at_work
    def kernel(name: str, inner: Callable[[], object] | None = None) -> str:
        seen[name] = workspace("test", (8,), SINGLE)
        seen[name][:] = len(seen)
        if inner is not None:
            inner()
        assert np.shares_memory(workspace("test", (8,), SINGLE), seen[name])
        return name

    def fails() -> None:
        with pytest.raises(ZeroDivisionError):
            kernel("failing", lambda: 1 / 0)

    assert kernel.__name__ == "kernel"
    assert kernel("outer", lambda: kernel("inner", lambda: kernel("innermost"))) == "outer"
    assert [float(seen[n][0]) for n in ("outer", "inner", "innermost")] == [1.0, 2.0, 3.0]
    kernel("after")
    assert np.shares_memory(seen["after"], seen["outer"])
    kernel("around", fails)
    assert not np.shares_memory(seen["around"], seen["failing"])
    fails()
    assert not module._buffers.taken
    kernel("last")
    assert np.shares_memory(seen["last"], seen["outer"])
    release()


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
        memory = workspace(*args)  # type: ignore[arg-type]  # as given
        if not inside:
            asked[0] += 1
            inside.append(None)
            np.testing.assert_array_equal(run(-3.0), inner)
            inside.clear()
        return memory

    for room in (convolution, depthwise, pointwise, pooling, normalization):
        monkeypatch.setattr(room, "workspace", interrupted)
    np.testing.assert_array_equal(run(1.0), outer)
    assert asked[0] > 0
    assert not module._buffers.taken


def test_nothing_is_asked_for() -> None:
    assert workspace("test", (0, 3), SINGLE).shape == (0, 3)


def test_each_thread_has_its_own() -> None:
    here = workspace("test", (100,), SINGLE)
    there: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: there.append(workspace("test", (100,), SINGLE)))
    thread.start()
    thread.join()
    assert not np.shares_memory(here, there[0])


def test_release_gives_back() -> None:
    workspace("test", (100,), SINGLE)
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
