"""What NumPy does with `ChannelsLast` values where their order can stay: it works on the memory as it lies, in long rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..memory.allocator import FLOAT
from ..memory.threads import share
from ..reference.sums import add_up
from .channels_last import ChannelsLast, channels_innermost, empty_last

Widths = tuple[tuple[int, int], ...]


def channel_sums(x: ChannelsLast) -> Any:
    """The sum of each channel of (N, C, *S): (C,). Long rows first, which NumPy adds with vector instructions; and two short sums
    of sums round less than a long one."""
    c, w = x.shape[1], x.shape[-1]
    return add_up(add_up(channels_innermost(x).reshape(-1, w * c), 0).reshape(w, c), 0)  # (N·H, W·C) -> (W, C) -> (C)


_BLOCK = 1 << 16  # entries that stay in the cache; so few are added in float32, the sums of blocks in float64
_SHARED_BYTES = 1 << 22  # read, a fifth of a millisecond's work, from which all threads take part
_FAR = 4.0  # mean²/variance from which mean squares cancel
_NEAR = 0.5  # mean²/variance up to which products with a gradient do not


def channel_moments(x: ChannelsLast) -> tuple[Any, Any]:
    """Mean and biased variance of each channel of (N, C, *S), both (C,) in float64: in one look at x, if no mean is far from 0 beside
    the deviation; else in a second one from deviations, and where squares overflow in a third, in float64."""
    n = x.size // x.shape[1]
    with np.errstate(all="ignore"):
        mean, squares = (s / n for s in _sums(x, x))
        var = squares - mean * mean
        if np.all(mean * mean <= _FAR * var) and np.all(np.isfinite(var)):
            return mean, var
        centre = mean.astype(FLOAT)
        rest, squares = (s / n for s in _sums(None, x, centre))
        mean, var = centre + rest, np.maximum(squares - rest * rest, 0)
        if not np.all(np.isfinite(var)):
            places = channels_innermost(x).reshape(n, len(mean))
            mean = np.add.reduce(places, axis=0, dtype=np.float64) / n
            var = np.add.reduce(np.square(np.subtract(places, mean, dtype=np.float64)), axis=0) / n
    return mean, var


def channel_gradients(g: ChannelsLast, x: ChannelsLast, mean: Any, invstd: Any) -> tuple[Any, Any]:
    """Σ g · (x − mean) · invstd and Σ g of each channel: the gradients of a batch norm's weight and bias, (C,) in float32."""
    with np.errstate(all="ignore"):
        near = np.all(np.square(mean * invstd) <= _NEAR)
        gbias, product = _sums(g, x, None if near else mean)
        product -= mean * gbias if near else 0.0
        return (product * invstd).astype(FLOAT), gbias.astype(FLOAT)


def _sums(g: Any, x: ChannelsLast, centre: Any = None) -> tuple[Any, Any]:
    """Σ g and Σ g · (x − centre) of each channel, (C,) in float64; g is x − centre itself, if there is none."""
    c = x.shape[1]
    n = x.size // c
    k = _side_by_side(n, c)
    rows: Any = channels_innermost(x).reshape(n // k, k * c)
    others: Any = rows if g is None else channels_innermost(g).reshape(n // k, k * c)
    length = _rows_of_a_block(k * c)
    middle: Any = None if centre is None else np.tile(centre, k)
    found: list[Any] = []

    def add(starts: Any) -> None:
        room = None if middle is None else np.empty((length, k * c), FLOAT)
        sums = np.zeros((2, k * c))
        for first in starts:
            block: Any = rows[first : first + length]
            if room is not None:
                block = np.subtract(block, middle, out=room[: len(block)])
            other = block if g is None else others[first : first + length]
            sums[0] += np.add.reduce(other, axis=0)
            sums[1] += np.einsum("lc,lc->c", other, block)
        found.append(sums)

    starts = range(0, len(rows), length)
    (share if x.nbytes >= _SHARED_BYTES else lambda work, items: work(items))(add, starts)
    sums, products = sum(found).reshape(2, k, c).sum(1)
    return sums, products


def _side_by_side(places: int, channels: int) -> int:
    """How many places make one row: NumPy adds long rows with vector instructions."""
    return math.gcd(places, 1 << max(0, (512 // channels).bit_length() - 1))


def _rows_of_a_block(width: int) -> int:
    """How many rows are added in float32 before they are in float64."""
    return min(max(1, _BLOCK // width), 128)


def spread_average(g: ChannelsLast, kernel: tuple[int, ...]) -> ChannelsLast:
    """(N, C, *O) → (N, C, *(O·kernel)): each entry, over the size of its window, at all places of it; windows neither overlap nor leave gaps."""
    n, c, *out = g.shape
    y = empty_last((n, c, *(o * k for o, k in zip(out, kernel, strict=True))))
    shares = np.divide(channels_innermost(g), FLOAT.type(math.prod(kernel)), order="C")
    rows = np.repeat(shares.view(f"V{c * g.itemsize}"), kernel[-1], axis=-2).view(FLOAT)  # the last dim, all channels at a time
    wide = rows.reshape(n, *(s for o in out[:-1] for s in (o, 1)), -1)
    channels_innermost(y).reshape(n, *(s for o, k in zip(out[:-1], kernel[:-1], strict=True) for s in (o, k)), wide.shape[-1])[...] = wide
    return y


def part(x: Any, at: tuple[Any, ...]) -> Any:
    """The part x[at] of a `ChannelsLast`, in memory of its own; `at` consists of slices, but for `...` at the end."""
    if x.__class__ is not ChannelsLast or any(p.__class__ is not slice for p in at[:-1]) or at[-1] is not Ellipsis:
        return NotImplemented
    cut = x.view(np.ndarray)[at]
    if not cut.size:
        return NotImplemented
    y = empty_last(cut.shape, x.dtype)
    channels_innermost(y)[...] = np.moveaxis(cut, 1, -1)
    return y


def cat(*tensors: Any, dim: int) -> Any:
    """The tensors one after the other along `dim`, if all are images of float32 and one at least has its channels last."""
    if not any(x.__class__ is ChannelsLast for x in tensors) or any(getattr(x, "dtype", None) is not FLOAT for x in tensors):
        return NotImplemented
    shape = list(tensors[0].shape)
    shape[dim] = sum(x.shape[dim] for x in tensors)
    if any(x.ndim != len(shape) or any(a != b for d, (a, b) in enumerate(zip(x.shape, shape, strict=True)) if d != dim) for x in tensors):
        return NotImplemented  # the reference says what does not fit
    y = empty_last(tuple(shape))
    whole, at = y.view(np.ndarray), 0
    place: list[Any] = [slice(None)] * len(shape)
    for x in tensors:
        place[dim] = slice(at, at + x.shape[dim])
        np.moveaxis(whole[tuple(place)], 1, -1)[...] = np.moveaxis(x.view(np.ndarray), 1, -1)
        at += x.shape[dim]
    return y


def pad(x: Any, widths: Widths, value: float) -> Any:
    """`value` around the entries of a `ChannelsLast`: (before, after) for each dim; negative widths crop."""
    if x.__class__ is not ChannelsLast:
        return NotImplemented
    shape = tuple(n + a + b for n, (a, b) in zip(x.shape, widths, strict=True))
    if min(shape) <= 0 or any(-a >= n or -b >= n for n, (a, b) in zip(x.shape, widths, strict=True)):
        return NotImplemented
    y = empty_last(shape, x.dtype)
    whole = y.view(np.ndarray)
    inner = tuple(slice(max(a, 0), n - max(b, 0)) for n, (a, b) in zip(shape, widths, strict=True))
    taken = tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, widths, strict=True))
    for d in range(len(shape)):  # the border, dim by dim: what is left of the dims before is all of it
        for edge in (slice(0, inner[d].start), slice(inner[d].stop, shape[d])):
            if edge.start < edge.stop:
                whole[(*inner[:d], edge)] = value
    np.moveaxis(whole[inner], 1, -1)[...] = np.moveaxis(x.view(np.ndarray)[taken], 1, -1)
    return y
