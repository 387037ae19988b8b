"""Operations that are each other's adjoints under their public names: ⟨A x, y⟩ = ⟨x, Aᵀ y⟩ to rounding, for problems of all sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd_cnn as ac
from autograd_cnn.nn import functional as F
from autograd_cnn.testing import strategies as acst

FEW = settings(max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def adjoint(forward: Callable[[Any], Any], backward: Callable[[Any], Any], shape: Any, seed: int = 0) -> None:
    """Both sides on random numbers; the second must give the first one's shape back."""
    rng = np.random.default_rng(seed)
    x = ac.tensor(rng.standard_normal(shape))
    ax = forward(x)
    y = ac.tensor(rng.standard_normal(ax.shape))
    aty = backward(y)
    assert aty.shape == x.shape
    size = 1 + float((ax * y).abs().sum()) + float((x * aty).abs().sum())
    assert abs(float((ax * y).sum()) - float((x * aty).sum())) < 1e-13 * size


@FEW
@given(acst.conv_problems(), st.integers(0, 100))
def test_convolution_and_transposed_convolution(p: Any, seed: int) -> None:
    n = len(p.input_shape) - 2
    w = ac.tensor(np.random.default_rng(seed).standard_normal(p.weight_shape))
    conv, transposed = [(F.conv1d, F.conv_transpose1d), (F.conv2d, F.conv_transpose2d)][n - 1]
    # the entries at the end that no window reached
    sizes = zip(p.input_shape[2:], p.weight_shape[2:], *(p.params[k] for k in ("stride", "padding", "dilation")), strict=True)
    rest = tuple((size + 2 * pad - d * (k - 1) - 1) % s for size, k, s, pad, d in sizes)
    adjoint(lambda x: conv(x, w, **p.params), lambda y: transposed(y, w, output_padding=rest, **p.params), p.input_shape, seed)


@FEW
@given(acst.pool_problems(), st.integers(0, 100))
def test_values_at_switches_and_unpooling(p: Any, seed: int) -> None:
    """For windows that share no switch; unpooling writes where pooling read."""
    n = len(p.input_shape) - 2
    pool, unpool = [(F.max_pool1d, F.max_unpool1d), (F.max_pool2d, F.max_unpool2d)][n - 1]
    params = {"kernel_size": p.params["kernel_size"], "stride": p.params["kernel_size"], "padding": 0}
    if any(size < k for size, k in zip(p.input_shape[2:], p.params["kernel_size"], strict=True)):
        return
    drawn = ac.tensor(np.random.default_rng(seed).standard_normal(p.input_shape))
    _, at = pool(drawn, **params, return_indices=True)
    flat = at.flatten(2)
    adjoint(
        lambda x: x.flatten(2).gather(2, flat).reshape(at.shape),
        lambda y: unpool(y, at, **params, output_size=p.input_shape[2:]),
        p.input_shape,
        seed,
    )


@FEW
@given(st.data())
def test_gather_and_scatter_add(data: Any) -> None:
    shape = data.draw(acst.shapes(1, 3))
    dim = data.draw(st.integers(0, len(shape) - 1))
    at = ac.tensor(np.random.default_rng(0).integers(0, shape[dim], (*shape[:dim], data.draw(st.integers(1, 4)), *shape[dim + 1 :])))
    adjoint(lambda x: x.gather(dim, at), lambda y: ac.zeros(shape, dtype=ac.float64).scatter_add(dim, at, y), shape)


@FEW
@given(acst.conv_problems(dims=2))
def test_unfold_and_fold(p: Any) -> None:
    params = {k: p.params[k] for k in ("dilation", "padding", "stride")}
    kernel = p.weight_shape[2:]
    adjoint(lambda x: F.unfold(x, kernel, **params), lambda y: F.fold(y, p.input_shape[2:], kernel, **params), p.input_shape)


@FEW
@given(acst.shapes(1, 3), st.data())
def test_padding_and_cropping(shape: Any, data: Any) -> None:
    pads = [data.draw(st.integers(0, 2)) for _ in range(2 * len(shape))]
    adjoint(lambda x: F.pad(x, pads), lambda y: F.pad(y, [-n for n in pads]), shape)


@FEW
@given(acst.broadcastable_shapes(2))
def test_expanding_and_summing(shapes: Any) -> None:
    wide = np.broadcast_shapes(*shapes)
    adjoint(lambda x: x.expand(wide), lambda y: y.sum_to_size(shapes[0]), shapes[0])
