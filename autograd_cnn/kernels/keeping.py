"""What NumPy does with `ChannelsLast` values where their order can stay: it works on the memory as it lies, in long rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .adding import add_up
from .layout import ChannelsLast, empty_last, lying
from .memory import FLOAT

Widths = tuple[tuple[int, int], ...]


def channel_sums(x: ChannelsLast) -> Any:
    """The sum of each channel of (N, C, *S): (C,). Long rows first, which NumPy adds with vector instructions; and two short sums
    of sums round less than a long one."""
    c, w = x.shape[1], x.shape[-1]
    return add_up(add_up(lying(x).reshape(-1, w * c), 0).reshape(w, c), 0)  # (N·H, W·C) -> (W, C) -> (C)


_BLOCK = 1 << 16  # entries that stay in the cache; so few are added in float32, the sums of blocks in float64
_FAR = 4.0  # mean²/variance from which mean squares cancel


def channel_moments(x: ChannelsLast) -> tuple[Any, Any]:
    """Mean and biased variance of each channel of (N, C, *S), both (C,) in float64: in one look at x, if no mean is far from 0 beside
    the deviation; else in a second one from deviations, and where squares overflow in a third, in float64."""
    c = x.shape[1]
    n = x.size // c
    k = math.gcd(n, 1 << max(0, (512 // c).bit_length() - 1))  # long rows: k places side by side
    rows = lying(x).reshape(n // k, k * c)
    with np.errstate(all="ignore"):
        mean, squares = (s.reshape(k, c).sum(0) / n for s in _sums(rows))
        var = squares - mean * mean
        if np.all(mean * mean <= _FAR * var) and np.all(np.isfinite(var)):
            return mean, var
        centre = mean.astype(FLOAT)
        rest, squares = (s.reshape(k, c).sum(0) / n for s in _sums(rows, np.tile(centre, k)))
        mean, var = centre + rest, np.maximum(squares - rest * rest, 0)
        if not np.all(np.isfinite(var)):
            places = rows.reshape(n, c)
            mean = np.add.reduce(places, axis=0, dtype=np.float64) / n
            var = np.add.reduce(np.square(np.subtract(places, mean, dtype=np.float64)), axis=0) / n
    return mean, var


def _sums(rows: Any, centre: Any = None) -> tuple[Any, Any]:
    """The sums, and those of the squares, of the columns of a matrix, less `centre`."""
    length = min(max(1, _BLOCK // rows.shape[1]), 512)
    ones, room = np.ones(length, FLOAT), None if centre is None else np.empty((length, rows.shape[1]), FLOAT)
    sums, squares = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for first in range(0, len(rows), length):
        block = rows[first : first + length]
        if room is not None:
            block = np.subtract(block, centre, out=room[: len(block)])
        sums += ones[: len(block)] @ block
        squares += np.einsum("lc,lc->c", block, block)
    return sums, squares


def spread_average(g: ChannelsLast, kernel: tuple[int, ...]) -> ChannelsLast:
    """(N, C, *O) → (N, C, *(O·kernel)): each entry, over the size of its window, at all places of it; windows neither overlap nor leave gaps."""
    n, c, *out = g.shape
    y = empty_last((n, c, *(o * k for o, k in zip(out, kernel, strict=True))))
    shares = np.divide(lying(g), FLOAT.type(math.prod(kernel)), order="C")
    rows = np.repeat(shares.view(f"V{c * g.itemsize}"), kernel[-1], axis=-2).view(FLOAT)  # the last dim, all channels at a time
    wide = rows.reshape(n, *(s for o in out[:-1] for s in (o, 1)), -1)
    lying(y).reshape(n, *(s for o, k in zip(out[:-1], kernel[:-1], strict=True) for s in (o, k)), wide.shape[-1])[...] = wide
    return y


def part(x: ChannelsLast, dim: int, at: int, length: int) -> ChannelsLast:
    """The entries at … at+length−1 along `dim`, in memory of their own."""
    shape = list(x.shape)
    shape[dim] = length
    y = empty_last(tuple(shape))
    cut: list[Any] = [slice(None)] * x.ndim
    cut[dim] = slice(at, at + length)
    lying(y)[...] = np.moveaxis(x.view(np.ndarray)[tuple(cut)], 1, -1)
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
    y = empty_last(shape)
    whole = y.view(np.ndarray)
    inner = tuple(slice(max(a, 0), n - max(b, 0)) for n, (a, b) in zip(shape, widths, strict=True))
    taken = tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, widths, strict=True))
    for d in range(len(shape)):  # the border, dim by dim: what is left of the dims before is all of it
        for edge in (slice(0, inner[d].start), slice(inner[d].stop, shape[d])):
            if edge.start < edge.stop:
                whole[(*inner[:d], edge)] = value
    np.moveaxis(whole[inner], 1, -1)[...] = np.moveaxis(x.view(np.ndarray)[taken], 1, -1)
    return y
