"""Maximum of windows, with the switches that say where it stood; unpooling by switches is its adjoint."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.onednn import pool as onednn
from ...kernels.reference import pooling as mx
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import alike, call, literal, sides
from ...symbolic.algebra import taken
from ...types.promotion import Array
from ..shape.shape import Shape
from .cases import windows


@primitive(label="max pool {kernel}", family="pool", real=True, outputs=("y", "indices"), name="max_pool")
def _max_pool(input: Array, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool) -> tuple[Array, Array]:
    """y[n,c,p] = max_k x[n,c,p·stride + k·dilation], and where it stood.   (N, C, *S) → (N, C, *P), twice"""
    return mx.max_pool_forward(input, kernel, stride, padding, dilation, ceil_mode)


@_max_pool.source
def _(kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> str:
    options = {
        "stride": None if alike(stride) == alike(kernel) else alike(stride),
        "padding": sides(padding),
        "dilation": alike(dilation, 1),
        "ceil_mode": ceil_mode or None,
    }
    return call("kernels.max_pool", "input", literal(alike(kernel)), **options)


@_max_pool.accelerated
def _(input: Array, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool) -> tuple[Array, Array]:
    return onednn.max_pool(input, kernel, stride, padding, dilation, ceil_mode)  # type: ignore[no-any-return]  # or NotImplemented


@_max_pool.vjp("input")
def _(g: Array, indices: Array, input_shape: Shape) -> Array:
    return _switch_adjoint(g, indices, shape=input_shape)


@_max_pool.entries
def _(input: Array, indices: Array, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Any:
    y = np.empty(indices.shape, object)
    planes = np.arange(math.prod(input.shape[2:])).reshape(input.shape[2:])
    for at in np.ndindex(*indices.shape):
        corner = [p * s - b for p, s, b in zip(at[2:], stride, padding, strict=True)]
        window = [tuple(c + k * d for c, k, d in zip(corner, ks, dilation, strict=True)) for ks in np.ndindex(*kernel)]
        window = [w for w in window if all(0 <= i < n for i, n in zip(w, planes.shape, strict=True))]
        y[at] = taken("max", [input[at[:2]][w] for w in window], [planes[w] == indices[at] for w in window])
    yield None, y


@primitive(label="unpool (add)", family="pool", name="switch_adjoint")
def _switch_adjoint(input: Array, indices: Array, *, shape: Shape) -> Array:
    """gx[switch] += g: the adjoint of taking the values at the switches.   (N, C, *P), (N, C, *P) → shape (N, C, *S)"""
    return mx.max_pool_adjoint(input, mx.places(indices), shape)


_switch_adjoint.source("kernels.max_pool_input(input, indices, shape)")


@_switch_adjoint.accelerated
def _(input: Array, indices: Array, *, shape: Shape) -> Array:
    return onednn.max_pool_adjoint(input, indices, shape)


@_switch_adjoint.vjp("input")
def _(g: Array, indices: Array) -> Array:
    return _switch_values(g, indices)


@primitive(label="values at switches", family="pool", name="switch_values")
def _switch_values(input: Array, indices: Array) -> Array:
    """y = x[switch].   (N, C, *S), (N, C, *P) → (N, C, *P)"""
    return mx.gather_switches(input, mx.places(indices))


@_switch_values.vjp("input")
def _(g: Array, indices: Array, input_shape: Shape) -> Array:
    return _switch_adjoint(g, indices, shape=input_shape)


@primitive(label="unpool", family="pool", name="max_unpool")
def _unpool(input: Array, indices: Array, *, shape: Shape) -> Array:
    """y[switch] = x, zeros elsewhere.   (N, C, *P), (N, C, *P) → shape (N, C, *S)   [Zeiler and Fergus 2014]"""
    return mx.unpool_forward(input, indices, shape)


@_unpool.vjp("input")
def _(g: Array, indices: Array) -> Array:
    return _switch_values(g, indices)


@primitive(label="adaptive max pool {size}", family="pool", real=True, outputs=("y", "indices"), name="adaptive_max_pool")
def _adaptive_max(input: Array, *, size: Shape) -> tuple[Array, Array]:
    """The maximum of each of `size` windows that cover the input evenly, and where it stood.   (N, C, *S) → (N, C, *size)"""
    return mx.adaptive_max_pool_forward(input, size)


@_adaptive_max.vjp("input")
def _(g: Array, indices: Array, input_shape: Shape) -> Array:
    return _switch_adjoint(g, indices, shape=input_shape)


@_max_pool.cases
def _(draw: Draw) -> Case:
    shape, params = windows(draw)
    return Case(draw.array(shape, distinct=True), dilation=(1,) * len(params["kernel"]), **params)


@_max_pool.bad_cases
def _() -> Any:
    fits: dict[str, Any] = {"stride": (2,), "dilation": (1,), "ceil_mode": False}
    yield Bad(np.ones((1, 1, 4)), kernel=(2,), padding=(2,), **fits, error=RuntimeError, match="half of")
    yield Bad(np.ones((1, 1, 1)), kernel=(3,), padding=(0,), **fits, error=RuntimeError, match="too small|size")


@_max_pool.onnx
def _(to: Emit, input: Any, *, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any) -> Any:
    y, at = to.MaxPool(
        input, outs=2, kernel_shape=kernel, strides=stride, pads=(*padding, *padding), dilations=dilation, ceil_mode=int(ceil_mode) or None
    )
    return y, to.Mod(at, to.const(math.prod(int(n) for n in input.shape[2:]), np.int64)) if all(
        isinstance(n, int) for n in input.shape[2:]
    ) else None


@_adaptive_max.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((draw.integer(1, 2), 2, draw.integer(1, 5), 4), distinct=True), size=(draw.integer(1, 3), draw.integer(1, 3)))


@_adaptive_max.onnx
def _(to: Emit, input: Any, *, size: Any) -> Any:
    if all(n == 1 for n in size):
        return to.GlobalMaxPool(input), None
    sizes = [int(n) for n in input.shape[2:]]
    if all(n % m == 0 for n, m in zip(sizes, size, strict=True)):
        each = [n // m for n, m in zip(sizes, size, strict=True)]
        return to.MaxPool(input, kernel_shape=each, strides=each), None
    y = input
    for d, (n, m) in enumerate(zip(sizes, size, strict=True), start=2):
        ends = [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
        wide = max(b - a for a, b in ends)
        table = np.array([[min(a + k, b - 1) for k in range(wide)] for a, b in ends], np.int64)
        y = to.reduce("Max", to.Gather(y, to.const(table), axis=d), (d + 1,))
    return y, None


def _switches(draw: Draw) -> tuple[Array, Shape]:
    n = draw.integer(1, 2)
    return draw.integers((n, 2, 3), 0, 5), (n, 2, 5)


@_switch_adjoint.cases
def _(draw: Draw) -> Case:
    indices, shape = _switches(draw)
    return Case(draw.array(indices.shape), indices, shape=shape)


@_switch_values.cases
def _(draw: Draw) -> Case:
    indices, shape = _switches(draw)
    return Case(draw.array(shape), indices)


@_switch_values.onnx
def _(to: Emit, input: Any, indices: Any) -> Any:
    n, c = input.shape[:2]
    picked = to.GatherElements(to.reshape(input, (n, c, -1)), to.reshape(indices, (n, c, -1)), axis=2)
    return to.reshape(picked, indices.shape)


@_unpool.cases
def _(draw: Draw) -> Case:
    n, first = draw.integer(1, 2), draw.integer(0, 2)
    indices = np.array([[[first, first + 1, first + 2]]] * n)  # a switch met twice has no derivative to speak of
    return Case(draw.array(indices.shape), indices, shape=(n, 1, 5))


@_unpool.onnx
def _(to: Emit, input: Any, indices: Any, *, shape: Any) -> Any:
    n, c = input.shape[:2]
    area = math.prod(int(s) for s in shape[2:])
    zeros = to.Expand(to.const(0, input.dtype), to.ints(n, c, area))
    spread = to.ScatterElements(zeros, to.reshape(indices, (n, c, -1)), to.reshape(input, (n, c, -1)), axis=2)
    return to.reshape(spread, shape)
