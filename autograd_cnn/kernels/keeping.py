"""What NumPy does with `ChannelsLast` values where their order can stay: it works on the memory as it lies, in long rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .layout import ChannelsLast, empty_last, lying
from .memory import FLOAT

Widths = tuple[tuple[int, int], ...]


def channel_sums(x: ChannelsLast) -> Any:
    """The sum of each channel of (N, C, *S): (C,). Long rows first, which NumPy adds with vector instructions; and two short sums
    of sums round less than a long one."""
    c, w = x.shape[1], x.shape[-1]
    return np.add.reduce(np.add.reduce(lying(x).reshape(-1, w * c), axis=0).reshape(w, c), axis=0)  # (N·H, W·C) -> (W, C) -> (C)


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
