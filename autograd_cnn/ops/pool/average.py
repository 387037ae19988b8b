"""Sums and averages of windows, and of windows that cover the input evenly; each with its adjoint."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.onednn import pool as onednn
from ...kernels.reference import averaging as avg
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, alike, call, literal, narrow, over, sides
from ...types.promotion import Array
from ..shape.shape import Shape
from .cases import windows


@primitive(label="{kind} {kernel}", family="pool", name="window_sum")
def _window_sum(
    input: Array,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    ceil_mode: bool,
    average: bool,
    count_include_pad: bool,
    divisor: int | None,
    kind: str = "sum pool",
) -> Array:
    """y[n,c,p] = Σ_k x[n,c,p·stride + k], over the count of the window for an average.   (N, C, *S) → (N, C, *P)

    int64, too, as in PyTorch: an average is then cut to its whole part.
    """
    x = input.astype(np.float64) if input.dtype == np.int64 else input
    y = avg.sum_pool_forward(x, kernel, stride, padding, ceil_mode)
    if average:
        over = avg.avg_divisor(x.shape[2:], kernel, stride, padding, ceil_mode, count_include_pad, divisor, x.dtype)
        np.divide(y, over, out=y)
    return y if x is input else y.astype(np.int64)


@_window_sum.source
def _(
    input: Operand, kernel: Any, stride: Any, padding: Any, ceil_mode: bool, average: bool, count_include_pad: bool, divisor: Any
) -> str | None:
    plain = average and not ceil_mode and divisor is None and (count_include_pad or sides(padding) is None) and input.dtype.kind == "f"
    by = None if alike(stride) == alike(kernel) else alike(stride)
    return call("kernels.avg_pool", "input", literal(alike(kernel)), stride=by, padding=sides(padding)) if plain else None


@_window_sum.accelerated
def _(
    input: Array,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    ceil_mode: bool,
    average: bool,
    count_include_pad: bool,
    divisor: int | None,
    kind: str = "",
) -> Array:
    if not average or divisor is not None:
        return NotImplemented
    return onednn.average(input, kernel, stride, padding, ceil_mode, count_include_pad)


@_window_sum.vjp("input")
def _(
    g: Array,
    input_shape: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    ceil_mode: bool,
    average: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    return _window_spread(
        g,
        shape=input_shape,
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        average=average,
        count_include_pad=count_include_pad,
        divisor=divisor,
    )


@primitive(label="spread {kernel}", family="pool", name="window_spread")
def _window_spread(
    input: Array,
    *,
    shape: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    ceil_mode: bool,
    average: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    """The adjoint of window sums: each entry is added to all of its window.   (N, C, *P) → shape (N, C, *S)"""
    g = input
    if average:
        g = g / avg.avg_divisor(shape[2:], kernel, stride, padding, ceil_mode, count_include_pad, divisor, input.dtype)
    return avg.sum_pool_adjoint(g, shape, kernel, stride, padding, ceil_mode)


@_window_spread.source
def _(
    input: Operand,
    shape: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    average: bool,
    count_include_pad: bool,
    divisor: Any,
) -> str | None:
    plain = average and not ceil_mode and divisor is None and (count_include_pad or sides(padding) is None) and input.dtype.kind == "f"
    by = None if alike(stride) == alike(kernel) else alike(stride)
    return call("kernels.avg_pool_input", "input", "shape", literal(alike(kernel)), stride=by, padding=sides(padding)) if plain else None


@_window_spread.accelerated
def _(
    input: Array,
    *,
    shape: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    ceil_mode: bool,
    average: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    if not average or divisor is not None:
        return NotImplemented
    return onednn.average_adjoint(input, shape, kernel, stride, padding, ceil_mode, count_include_pad)


@_window_spread.vjp("input")
def _(
    g: Array, kernel: Shape, stride: Shape, padding: Shape, ceil_mode: bool, average: bool, count_include_pad: bool, divisor: int | None
) -> Array:
    return _window_sum(
        g,
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        average=average,
        count_include_pad=count_include_pad,
        divisor=divisor,
    )


@primitive(label="adaptive avg pool {size}", family="pool", name="adaptive_avg_pool")
def _adaptive_avg(input: Array, *, size: Shape) -> Array:
    """The average of each of `size` windows that cover the input evenly.   (N, C, *S) → (N, C, *size)"""
    return avg.adaptive_avg_pool_forward(input, size)


@_adaptive_avg.source
def _(input: Operand, size: Any) -> str | None:
    return f"input.mean({over((*range(2, input.ndim),), True)})" if all(n == 1 for n in size) and not narrow(input) else None


@_adaptive_avg.accelerated
def _(input: Array, *, size: Shape) -> Array:
    kernel = onednn.evenly(input.shape[2:], size) if len(size) == input.ndim - 2 else None
    return NotImplemented if kernel is None else onednn.average(input, kernel, kernel, (0,) * len(kernel), False, True)


@_adaptive_avg.vjp("input")
def _(g: Array, input_shape: Shape) -> Array:
    return _adaptive_spread(g, shape=input_shape)


@primitive(label="adaptive spread", family="pool", name="adaptive_spread")
def _adaptive_spread(input: Array, *, shape: Shape) -> Array:
    """The adjoint of adaptive averages.   (N, C, *P) → shape (N, C, *S)"""
    return avg.adaptive_avg_pool_adjoint(input, shape)


@_adaptive_spread.source
def _(input: Operand, shape: Any) -> str | None:
    alone = all(n == 1 for n in (input.shape or ())[2:])
    return f"np.broadcast_to(input / {math.prod(shape[2:])}, shape)" if alone else None


@_adaptive_spread.accelerated
def _(input: Array, *, shape: Shape) -> Array:
    kernel = onednn.evenly(shape[2:], input.shape[2:])
    return NotImplemented if kernel is None else onednn.average_adjoint(input, shape, kernel, kernel, (0,) * len(kernel), False, True)


@_adaptive_spread.vjp("input")
def _(g: Array, input_shape: Shape) -> Array:
    return _adaptive_avg(g, size=tuple(input_shape[2:]))


@_window_sum.cases
def _(draw: Draw) -> Case:
    shape, params = windows(draw)
    return Case(
        draw.array(shape),
        **params,
        average=draw.boolean(),
        count_include_pad=draw.boolean(),
        divisor=draw.choice([None, 3]),
    )


@_window_sum.onnx
def _(
    to: Emit,
    input: Any,
    *,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: Any,
    average: Any,
    count_include_pad: Any,
    divisor: Any,
    kind: Any,
) -> Any:
    pads = (*padding, *padding)
    if average and divisor is None:
        return to.AveragePool(
            input,
            kernel_shape=kernel,
            strides=stride,
            pads=pads,
            ceil_mode=int(ceil_mode) or None,
            count_include_pad=int(count_include_pad),
        )
    if ceil_mode:
        to.refuse("with ceil_mode as a sum has no operator in ONNX")
    y = to.AveragePool(input, kernel_shape=kernel, strides=stride, pads=pads, count_include_pad=1)
    return to.Mul(y, math.prod(kernel) / (divisor or 1 if average else 1))


@_window_spread.cases
def _(draw: Draw) -> Case:
    shape, params = windows(draw)
    params |= {"average": draw.boolean(), "count_include_pad": draw.boolean(), "divisor": draw.choice([None, 3])}
    out = avg.sum_pool_forward(np.ones(shape), params["kernel"], params["stride"], params["padding"], params["ceil_mode"]).shape
    return Case(draw.array(out), shape=shape, **params)


@_adaptive_avg.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((draw.integer(1, 2), 2, draw.integer(1, 5), 4)), size=(draw.integer(1, 3), draw.integer(1, 6)))


@_adaptive_avg.onnx
def _(to: Emit, input: Any, *, size: Any) -> Any:
    if all(n == 1 for n in size):
        return to.GlobalAveragePool(input)
    y, sizes = input, [int(n) for n in input.shape[2:]]
    if all(n % m == 0 for n, m in zip(sizes, size, strict=True)):
        each = [n // m for n, m in zip(sizes, size, strict=True)]
        return to.AveragePool(input, kernel_shape=each, strides=each)
    for d, (n, m) in enumerate(zip(sizes, size, strict=True), start=2):
        matrix = avg.adaptive_avg_pool_forward(np.eye(n, dtype=input.dtype)[None], (m,))[0]
        y = to.along(y, matrix.T, d, len(input.shape))
    return y


@_adaptive_spread.cases
def _(draw: Draw) -> Case:
    n = draw.integer(1, 2)
    return Case(draw.array((n, 2, draw.integer(1, 3))), shape=(n, 2, draw.integer(1, 5)))
