"""What the tests of oneDNN's kernels share: the same computation under it and under NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.onednn import library

F = ac.nn.functional
needs_onednn = pytest.mark.skipif(library.library() is None, reason=library.reason())


def both(fn: Callable[..., Any], *arrays: Any) -> Iterator[tuple[Any, Any]]:
    """The result and the gradients of Σ fn(*arrays)·c under oneDNN and under NumPy."""
    found = []
    for backend in ("onednn", "numpy"):
        with ac.use_backend(backend):
            inputs = [ac.tensor(a, requires_grad=True) for a in arrays]
            y = fn(*inputs)
            c = ac.tensor(np.cos(np.arange(y.numel())).reshape(y.shape).astype(np.float32))
            (y * c).sum().backward()
            found.append([y.detach().numpy(), *(x.grad.numpy() if x.grad is not None else None for x in inputs)])
    return zip(*found, strict=True)


def check(fn: Callable[..., Any], *arrays: Any, tolerance: float = 3e-5) -> None:
    for fast, plain in both(fn, *arrays):
        assert fast.flags.c_contiguous or not plain.flags.c_contiguous
        np.testing.assert_allclose(fast, plain, rtol=tolerance, atol=tolerance * max(1.0, np.abs(plain).max()))


def normal(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).standard_normal(shape, dtype=np.float32)


def activation(**options: Any) -> Any:
    x = ac.tensor(normal(2, 3, 6, 5), requires_grad=True)
    return F.conv2d(x, ac.tensor(normal(4, 3, 3, 3)), **options)
