"""Sums over windows, and the divisors that make averages of them.

Average pooling is a sum times a map of divisors, so its adjoint is the adjoint of the sum. A box is the product of its
sides: one dimension is summed after the other, k₁ + k₂ additions instead of k₁ · k₂.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ShapeError, expected
from .geometry import Pooling, pooling
from .windows import Padding, Shape, Steps, quiet, steps

Array = npt.NDArray[Any]

_CHUNK_BYTES = 1 << 20  # of the input at a time, so that a dimension's sums meet the next one in the cache
_MANY = 16  # elements of a side from which NumPy's reduction beats adding views


@quiet
def sum_pool_forward(x: Array, kernel: Steps, stride: Steps | None = None, padding: Padding = 0, ceil_mode: bool = False) -> Array:
    """The sum of each window of x (N, C, *S): (N, C, *O). Padding adds zeros.

    >>> sum_pool_forward(np.array([[[1., 2., 3., 4.]]]), 2)
    array([[[3., 7.]]])
    """
    geo = pooling(x.shape, kernel, stride, padding, 1, ceil_mode, "sum_pool")
    y = np.empty(x.shape[:2] + geo.out, x.dtype)
    planes, results = planes_of(x), planes_of(y)
    last = len(geo.size) - 1
    for chunk in chunks(planes):
        part = planes[chunk]
        for dim in range(last + 1):
            shape = (len(part), *geo.out[: dim + 1], *geo.size[dim + 1 :])
            sums = results[chunk] if dim == last else np.empty(shape, x.dtype)
            _sum_side(geo, dim, part, sums)
            part = sums
    return y


@quiet
def sum_pool_adjoint(
    g: Array,
    x_shape: Shape,
    kernel: Steps,
    stride: Steps | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
) -> Array:
    """gx of `x_shape`: each g (N, C, *O) is added to all elements of its window.

    >>> sum_pool_adjoint(np.array([[[1., 10.]]]), (1, 1, 3), 2, 1)
    array([[[ 1., 11., 10.]]])
    """
    geo = pooling(tuple(x_shape), kernel, stride, padding, 1, ceil_mode, "sum_pool")
    if g.shape != tuple(x_shape[:2]) + geo.out:
        raise ShapeError(expected("sum_pool", f"a gradient of shape {tuple(x_shape[:2]) + geo.out}", f"{g.shape}"))
    gx = np.empty(x_shape, g.dtype)
    gradients, planes = planes_of(g), planes_of(gx)
    for chunk in chunks(planes):
        part = gradients[chunk]
        for dim in reversed(range(len(geo.size))):
            shape = (len(part), *geo.out[:dim], *geo.size[dim:])
            spread = planes[chunk] if dim == 0 else np.empty(shape, g.dtype)
            _spread_side(geo, dim, part, spread)
            part = spread
    return gx


def avg_divisor(
    size: Shape,
    kernel: Steps,
    stride: Steps | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    dtype: npt.DTypeLike = np.float64,
) -> int | Array:
    """What the sums are divided by, as in PyTorch: a number if it is the same for all windows, else (*O).

    A window counts its elements inside the padded input (with `ceil_mode` it may reach beyond), or inside the input
    itself without `count_include_pad`; `divisor_override` replaces the count.

    >>> avg_divisor((4,), 2), avg_divisor((3,), 2, padding=1, count_include_pad=False)
    (2, array([1., 2.]))
    """
    geo = pooling((1, 1, *size), kernel, stride, padding, 1, ceil_mode, "avg_pool")
    if divisor_override is not None:
        if divisor_override == 0:
            raise ShapeError("avg_pool: divisor must be not zero. Leave divisor_override out for the window's size.")
        return divisor_override
    total: Array = np.ones((), np.int64)
    for s, k, t, (before, after), o in zip(geo.size, geo.kernel, geo.stride, geo.padding, geo.out, strict=True):
        start = np.arange(o) * t - before
        end = np.minimum(start + k, s + after)
        if not count_include_pad:
            start, end = np.maximum(start, 0), np.minimum(end, s)
        total = total[..., None] * (end - start)
    return int(total.flat[0]) if (total == total.flat[0]).all() else total.astype(dtype)


def planes_of(x: Array) -> Array:
    """(N, C, *S) -> (N·C, *S)"""
    return x.reshape(math.prod(x.shape[:2]), *x.shape[2:])


def chunks(planes: Array) -> Iterator[slice]:
    """Planes (P, *S) that are handled at a time."""
    some = max(1, _CHUNK_BYTES // max(1, planes.itemsize * math.prod(planes.shape[1:])))
    for first in range(0, len(planes), some):
        yield slice(first, min(first + some, len(planes)))


def _along(dim: int, place: slice) -> tuple[slice, ...]:
    """The index of a place along spatial dimension `dim` of (P, *S)."""
    return (slice(None),) * (dim + 1) + (place,)


def _sum_side(geo: Pooling, dim: int, x: Array, sums: Array) -> None:
    kernel, stride, count = geo.kernel[dim], geo.stride[dim], geo.out[dim]
    if kernel >= _MANY and kernel == stride and not any(geo.padding[dim]) and count * kernel <= geo.size[dim]:
        inside = x[_along(dim, slice(0, count * kernel))]
        split = inside.reshape(*inside.shape[: dim + 1], count, kernel, *inside.shape[dim + 2 :])
        np.add.reduce(split, axis=dim + 2, out=sums)
        return
    begun = False
    for index in range(kernel):
        windows, place = geo.valid(dim, index)
        values, target = x[_along(dim, place)], sums[_along(dim, windows)]
        if begun:
            np.add(target, values, out=target)
        else:
            if target.shape != sums.shape:
                sums.fill(0)
            np.copyto(target, values)
            begun = True


def _spread_side(geo: Pooling, dim: int, g: Array, spread: Array) -> None:
    overlap = geo.kernel[dim] > geo.stride[dim]
    gapless = geo.kernel[dim] == geo.stride[dim] and not any(geo.padding[dim])
    if not (gapless and geo.kernel[dim] * geo.out[dim] == geo.size[dim]):
        spread.fill(0)
    for index in range(geo.kernel[dim]):
        windows, place = geo.valid(dim, index)
        target, values = spread[_along(dim, place)], g[_along(dim, windows)]
        if overlap:
            np.add(target, values, out=target)
        else:
            np.copyto(target, values)


# -- adaptive -------------------------------------------------------------------------------------------------------


def adaptive_windows(size: int, out: int) -> tuple[Array, Array]:
    """Start and end of `out` windows that cover `size` evenly: ⌊o·S/O⌋ and ⌈(o + 1)·S/O⌉.

    >>> adaptive_windows(5, 2)
    (array([0, 2]), array([3, 5]))
    """
    o = np.arange(out, dtype=np.int64)
    return o * size // out, -(-(o + 1) * size // out)


def check_adaptive(operation: str, x_shape: Shape, output: Steps) -> Shape:
    """The wanted output sizes, one for each dimension, or a ShapeError."""
    dims = len(x_shape) - 2
    if dims < 1:
        raise ShapeError(expected(operation, "an input (N, C, *S)", f"shape {x_shape}"))
    out = steps(output, dims, f"{operation}: output_size")
    if min(out) < 0:
        raise ShapeError(expected(operation, "elements of output_size to be greater than or equal to 0", f"{out}"))
    if 0 in x_shape[1:]:
        wanted = "an input with non-zero sizes in all but the batch dimension"
        raise ShapeError(expected(operation, wanted, f"shape {x_shape}"))
    return out


@quiet
def adaptive_avg_pool_forward(x: Array, output: Steps) -> Array:
    """The average of each of `output` windows, which cover x (N, C, *S) evenly: (N, C, *O).

    >>> adaptive_avg_pool_forward(np.array([[[1., 2., 3., 4., 5.]]]), 2)
    array([[[2., 4.]]])
    """
    out = check_adaptive("adaptive_avg_pool", x.shape, output)
    y = _adaptive_sum(x, out)
    return _divide(y, x.shape[2:], out)


@quiet
def adaptive_avg_pool_adjoint(g: Array, x_shape: Shape) -> Array:
    """gx of `x_shape`: each g (N, C, *O), divided by its window's size, is added to all elements of its window.

    An input element p lies in the windows ⌊p·O/S⌋ to ⌈(p + 1)·O/S⌉: the adjoint is the adaptive sum from O to S.

    >>> adaptive_avg_pool_adjoint(np.array([[[3., 6.]]]), (1, 1, 5))
    array([[[1., 1., 3., 2., 2.]]])
    """
    size = tuple(x_shape[2:])
    if 0 in g.shape:
        return np.zeros(x_shape, g.dtype)
    return _adaptive_sum(_divide(g.copy(), size, g.shape[2:]), size)


def _divide(sums: Array, size: Shape, out: Shape) -> Array:
    """In place by the sizes of the adaptive windows, one dimension after the other."""
    for dim, (s, o) in enumerate(zip(size, out, strict=True)):
        start, end = adaptive_windows(s, o)
        lengths = (end - start).astype(sums.dtype).reshape(-1, *(1,) * (len(size) - 1 - dim))
        np.divide(sums, lengths, out=sums)
    return sums


def _adaptive_sum(x: Array, out: Shape) -> Array:
    size = x.shape[2:]
    if 0 in out:
        return np.zeros(x.shape[:2] + out, x.dtype)
    if all(s % o == 0 for s, o in zip(size, out, strict=True)):
        return sum_pool_forward(x, tuple(s // o for s, o in zip(size, out, strict=True)))
    total = x
    for dim, (s, o) in enumerate(zip(size, out, strict=True)):
        total = _adaptive_side(total, dim + 2, *adaptive_windows(s, o))
    return total


def _adaptive_side(x: Array, axis: int, start: Array, end: Array) -> Array:
    """The first elements of all windows, plus their second ones, …; the shorter windows stand aside at the end."""
    total = x.take(start, axis=axis)
    for i in range(1, int((end - start).max())):
        longer = np.flatnonzero(end - start > i)
        place = (slice(None),) * axis + (longer if len(longer) < len(start) else slice(None),)
        total[place] += x.take(start[longer] + i, axis=axis)
    return total
