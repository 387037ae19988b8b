"""Windows over space: how many fit, padding, sliding views, and the column form of convolution (im2col, col2im).

Arrays are (N, C, *S) with any number of spatial dimensions S. Padding is given per dimension as (before, after), so the
asymmetric padding of 'same' with an even kernel needs nothing special.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ShapeError, expected, whole

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Pair = tuple[int, int]
Pairs = tuple[Pair, ...]
Steps = int | Sequence[int]
Padding = int | Sequence[int] | Sequence[Pair]
Index = tuple[Any, ...]

quiet = np.errstate(all="ignore")  # inf − inf is nan in the kernels, as it is in PyTorch, and no warning

_NOUN = {1: "signal", 2: "image", 3: "volume"}


def steps(value: Steps, dims: int, name: str = "argument") -> Shape:
    """One integer for each spatial dimension: a number stands for all of them.

    >>> steps(2, 3)
    (2, 2, 2)
    """
    if value.__class__ is int:
        return (value,) * dims
    each = value if isinstance(value, Sequence | np.ndarray) else (value,)
    found = tuple(whole(v, name) for v in each)
    if len(found) == 1:
        return found * dims
    if len(found) != dims:
        raise ShapeError(expected(name, f"one number or {dims} of them", f"{found}"))
    return found


def pairs(padding: Padding, dims: int) -> Pairs:
    """Padding as (before, after) for each spatial dimension.

    >>> pairs(1, 2), pairs((1, 2), 2), pairs(((1, 2), (0, 0)), 2)
    (((1, 1), (1, 1)), ((1, 1), (2, 2)), ((1, 2), (0, 0)))
    """
    if isinstance(padding, (int, np.integer)):
        return ((int(padding), int(padding)),) * dims
    sides = tuple(_pair(side) for side in padding)
    if len(sides) == 1:
        return sides * dims
    if len(sides) != dims:
        raise ShapeError(expected("padding", f"one number or {dims} of them", f"{tuple(padding)}"))
    return sides


def _pair(side: int | Pair) -> Pair:
    if isinstance(side, (int, np.integer)):
        return int(side), int(side)
    before, after = side
    return int(before), int(after)


def same_padding(kernel: Shape, dilation: Shape) -> Pairs:
    """Zeros that keep the size at stride 1; the odd one stands at the end, as in PyTorch's padding='same'.

    >>> same_padding((3, 4), (1, 1))
    ((1, 1), (1, 2))
    """
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)


def full_padding(kernel: Shape, dilation: Shape) -> Pairs:
    """Zeros with which each position that touches the input at all counts: d·(k − 1) on both sides.

    >>> full_padding((3,), (2,))
    ((4, 4),)
    """
    return tuple((d * (k - 1), d * (k - 1)) for k, d in zip(kernel, dilation, strict=True))


# -- how many windows fit -------------------------------------------------------------------------------------------


def output_size(size: int, kernel: int, stride: int = 1, padding: int | Pair = 0, dilation: int = 1, ceil_mode: bool = False) -> int:
    """How many windows fit along one dimension.

        out = floor((size + before + after − dilation · (kernel − 1) − 1) / stride) + 1

    With `ceil_mode` it is the ceiling, but a window that would start beyond the input and its left padding is left out
    (PyTorch's rule for pooling). Zero or less says that no window fits.

    >>> output_size(7, 3, stride=2), output_size(32, 5, padding=2), output_size(6, 3, 2, ceil_mode=True)
    (3, 32, 3)

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
    """
    before, after = _pair(padding)
    room = size + before + after - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return room // stride + 1
    count = -(-room // stride) + 1
    return count - 1 if (count - 1) * stride >= size + before else count


def output_sizes(size: Shape, kernel: Shape, stride: Shape, padding: Pairs, dilation: Shape, ceil_mode: bool = False) -> Shape:
    """`output_size` for each spatial dimension."""
    return tuple(output_size(s, k, t, p, d, ceil_mode) for s, k, t, p, d in zip(size, kernel, stride, padding, dilation, strict=True))


def transposed_size(size: int, kernel: int, stride: int = 1, padding: int | Pair = 0, output_padding: int = 0, dilation: int = 1) -> int:
    """The size a transposed convolution gives: `output_size` read backwards, plus `output_padding`.

        out = (size − 1) · stride − before − after + dilation · (kernel − 1) + output_padding + 1

    >>> transposed_size(3, 3, stride=2), transposed_size(3, 3, stride=2, padding=1, output_padding=1)
    (7, 6)
    """
    before, after = _pair(padding)
    return (size - 1) * stride - before - after + dilation * (kernel - 1) + output_padding + 1


# -- strict fit: no pixel is left over ------------------------------------------------------------------------------


def fit_message(
    size: Steps, kernel: Steps, stride: Steps = 1, padding: Padding = 0, dilation: Steps = 1, noun: str = "filter"
) -> str | None:
    """None if the windows cover the padded input exactly, else what is wrong and the smallest padding that mends it.

    >>> fit_message((7, 7), (3, 3), 3)
    'a 3x3 filter with stride 3 does not fit a 7x7 image without padding; padding=1 gives 3x3'
    >>> fit_message((8, 8), (3, 3), 2)
    'a 3x3 filter with stride 2 does not fit an 8x8 image without padding; pad(x, (0, 1, 0, 1)) gives 4x4'
    >>> fit_message((7, 7), (3, 3), 2) is None
    True
    """
    sizes = (int(size),) if isinstance(size, (int, np.integer)) else tuple(int(s) for s in size)
    dims = len(sizes)
    kernels, strides, dilations = steps(kernel, dims), steps(stride, dims), steps(dilation, dims)
    sides = pairs(padding, dims)
    along = list(zip(sizes, kernels, strides, sides, dilations, strict=True))
    if all(_fits(*one) for one in along):
        return None
    stepping = f" with stride {_plain(strides)}" if max(strides) > 1 else ""
    dilated = f" and dilation {_plain(dilations)}" if max(dilations) > 1 else ""
    padded = f"with padding {_plain(sides)}" if any(map(any, sides)) else "without padding"
    return (
        f"{_a(_times(kernels))} {noun}{stepping}{dilated} does not fit {_a(_times(sizes))} "
        f"{_NOUN.get(dims, 'array')} {padded}; {_repair(along)}"
    )


def check_fit(
    operation: str,
    size: Shape,
    kernel: Steps,
    stride: Steps = 1,
    padding: Padding = 0,
    dilation: Steps = 1,
    noun: str = "filter",
) -> None:
    """The strict mode: raises ShapeError with `fit_message` if the windows leave a pixel over."""
    message = fit_message(size, kernel, stride, padding, dilation, noun)
    if message is not None:
        raise ShapeError(f"{operation}: {message}")


def _fits(size: int, kernel: int, stride: int, padding: Pair, dilation: int) -> bool:
    room = size + sum(padding) - dilation * (kernel - 1) - 1
    return room >= 0 and room % stride == 0


def _repair(along: list[tuple[int, int, int, Pair, int]]) -> str:
    """The smallest padding that fits: `padding=` where both sides can grow alike, else `pad` at the end."""
    size, kernel, stride = (
        tuple(one[0] for one in along),
        tuple(one[1] for one in along),
        tuple(one[2] for one in along),
    )
    dilation = tuple(one[4] for one in along)
    alike = [_alike(*one) for one in along]
    if None not in alike:
        found = tuple(p for p in alike if p is not None)
        out = output_sizes(size, kernel, stride, pairs(found, len(size)), dilation)
        return f"padding={_plain(found)} gives {_times(out)}"
    more = [_at_the_end(*one) for one in along]
    sides = tuple((one[3][0], one[3][1] + extra) for one, extra in zip(along, more, strict=True))
    out = output_sizes(size, kernel, stride, sides, dilation)
    # `pad` counts from the last dimension, before and after of each
    argument = tuple(itertools.chain.from_iterable((0, extra) for extra in reversed(more)))
    kept = f" with padding {_plain(tuple(one[3] for one in along))}" if any(any(one[3]) for one in along) else ""
    return f"pad(x, {argument}){kept} gives {_times(out)}"


def _alike(size: int, kernel: int, stride: int, padding: Pair, dilation: int) -> int | None:
    """The smallest padding, alike on both sides and no less than what is there, with which the windows fit."""
    enough = max(0, -(-(dilation * (kernel - 1) + 1 - size) // 2))
    start = max(enough, *padding)
    trials = range(start, start + stride)  # 2·p runs through its residues modulo the stride in as many steps
    return next((p for p in trials if _fits(size, kernel, stride, (p, p), dilation)), None)


def _at_the_end(size: int, kernel: int, stride: int, padding: Pair, dilation: int) -> int:
    room = size + sum(padding) - dilation * (kernel - 1) - 1
    return -room if room < 0 else -room % stride


def _times(sizes: Sequence[int]) -> str:
    return "x".join(map(str, sizes))


def _a(number: str) -> str:
    """The article that the spoken number takes: an eight, an eleven, an eighteen, an eighty."""
    first = number.split("x")[0]
    return f"an {number}" if first.startswith("8") or first in ("11", "18") else f"a {number}"


def _plain(values: Sequence[Any]) -> str:
    """(3, 3) reads 3; pairs whose sides are alike read as one number."""
    flat = [v[0] if isinstance(v, tuple) and v[0] == v[1] else v for v in values]
    return str(flat[0]) if all(v == flat[0] for v in flat) else str(tuple(flat))


# -- padding, sliding views, columns --------------------------------------------------------------------------------


def pad(x: Array, padding: Padding, value: float = 0.0) -> Array:
    """A copy of (N, C, *S) with `value` around its spatial dimensions; negative padding crops.

    >>> pad(np.ones((1, 1, 2)), ((1, 2),))
    array([[[0., 1., 1., 0., 0.]]])
    """
    dims = x.ndim - 2
    sides = pairs(padding, dims)
    grown = tuple(s + before + after for s, (before, after) in zip(x.shape[2:], sides, strict=True))
    if min(grown, default=0) < 0:
        raise ShapeError(expected("pad", "sizes of zero or more after padding", f"{grown}"))
    padded = np.full(x.shape[:2] + grown, value, x.dtype)
    inside: list[slice] = [slice(None), slice(None)]
    taken: list[slice] = [slice(None), slice(None)]
    for size, (before, after) in zip(x.shape[2:], sides, strict=True):
        inside.append(slice(max(before, 0), max(before, 0) + max(0, size + min(before, 0) + min(after, 0))))
        taken.append(slice(max(-before, 0), max(max(-before, 0), size - max(-after, 0))))
    padded[tuple(inside)] = x[tuple(taken)]
    return padded


def sliding_windows(x: Array, kernel: Steps, stride: Steps = 1, dilation: Steps = 1) -> Array:
    """All windows of (N, C, *S) as a read-only view (N, C, *O, *K); nothing is copied.

    >>> sliding_windows(np.arange(5.0).reshape(1, 1, 5), 3, stride=2)[0, 0]
    array([[0., 1., 2.],
           [2., 3., 4.]])
    """
    dims = x.ndim - 2
    kernels, strides, dilations = steps(kernel, dims), steps(stride, dims), steps(dilation, dims)
    out = output_sizes(x.shape[2:], kernels, strides, pairs(0, dims), dilations)
    if min(out, default=1) < 1:
        raise ShapeError(expected("sliding_windows", f"an input of at least {_times(kernels)}", _times(x.shape[2:])))
    inner = x.strides[2:]
    return np.lib.stride_tricks.as_strided(
        x,
        x.shape[:2] + out + kernels,
        x.strides[:2]
        + tuple(s * t for s, t in zip(inner, strides, strict=True))
        + tuple(s * d for s, d in zip(inner, dilations, strict=True)),
        writeable=False,
    )


def im2col(x: Array, kernel: Steps, stride: Steps = 1, padding: Padding = 0, dilation: Steps = 1) -> Array:
    """The windows as columns: (N, C, *S) → (N, C·∏K, ∏O), PyTorch's `unfold`. Its derivative is `col2im`.

    >>> im2col(np.arange(4.0).reshape(1, 1, 4), 2)
    array([[[0., 1., 2.],
            [1., 2., 3.]]])
    """
    dims = x.ndim - 2
    sides = pairs(padding, dims)
    windows = sliding_windows(pad(x, sides) if any(map(any, sides)) else x, kernel, stride, dilation)
    out, kernels = windows.shape[2 : 2 + dims], windows.shape[2 + dims :]
    columns = np.empty(x.shape[:2] + kernels + out, x.dtype)
    # (N, C, *O, *K) -> (N, C, *K, *O)
    columns[...] = windows.transpose(0, 1, *range(2 + dims, 2 + 2 * dims), *range(2, 2 + dims))
    return columns.reshape(x.shape[0], x.shape[1] * math.prod(kernels), math.prod(out))


def col2im(columns: Array, size: Shape, kernel: Steps, stride: Steps = 1, padding: Padding = 0, dilation: Steps = 1) -> Array:
    """Adds the columns back where `im2col` took them: (N, C·∏K, ∏O) → (N, C, *size), PyTorch's `fold`.

    >>> col2im(np.ones((1, 2, 3)), (4,), 2)
    array([[[1., 2., 2., 1.]]])
    """
    dims = len(size)
    kernels, strides, dilations = steps(kernel, dims), steps(stride, dims), steps(dilation, dims)
    sides = pairs(padding, dims)
    out = output_sizes(size, kernels, strides, sides, dilations)
    if min(out) < 1:
        raise ShapeError(expected("col2im", f"an output of at least {_times(kernels)} with its padding", _times(size)))
    rows, count = math.prod(kernels), math.prod(out)
    if columns.ndim != 3 or columns.shape[1] % rows or columns.shape[2] != count:
        wanted = f"columns of shape (N, C·{rows}, {count}) for {_times(kernels)} windows at {_times(out)} places"
        raise ShapeError(expected("col2im", wanted, f"{columns.shape}"))
    batch, channels = columns.shape[0], columns.shape[1] // rows
    parts = columns.reshape(batch, channels, *kernels, *out)
    grown = tuple(s + before + after for s, (before, after) in zip(size, sides, strict=True))
    padded = np.zeros((batch, channels, *grown), columns.dtype)
    for offset in itertools.product(*map(range, kernels)):
        taken: Index = (slice(None), slice(None), *offset)
        target = padded[(slice(None), slice(None), *places(offset, strides, dilations, out))]
        np.add(target, parts[taken], out=target)
    inside = (slice(before, before + s) for s, (before, _) in zip(size, sides, strict=True))
    return np.ascontiguousarray(padded[(slice(None), slice(None), *inside)])


def places(offset: Shape, stride: Shape, dilation: Shape, out: Shape) -> tuple[slice, ...]:
    """Where in the padded input all windows have their element number `offset`."""
    return tuple(slice(i * d, i * d + (o - 1) * t + 1, t) for i, t, d, o in zip(offset, stride, dilation, out, strict=True))
