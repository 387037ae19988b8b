"""Between row-major memory and channels last: oneDNN's copies run at memory speed on all threads, NumPy's at a tenth of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..memory import allocator, threads
from . import channels_last
from .channels_last import ChannelsLast
from .plans import Builder, plan

_SMALL = 4096  # entries up to which NumPy's copy costs less than the call


def _build(b: Builder, shape: tuple[int, ...], to_last: bool) -> Any:
    rows, last = b.rows(shape), b.last(shape)
    return b.reorder(*((rows, last) if to_last else (last, rows)), b.threads)


def _plan(x: Any, to_last: bool) -> Any:
    return plan(threads.for_entries(x.size, 20), _build, x.shape, to_last)


def as_last(x: Any) -> ChannelsLast:
    """The same entries (N, C, *S) of float32 with the channels last in memory."""
    if x.__class__ is ChannelsLast:
        return x
    if channels_last.is_last(x):  # a view of one, or an array that was made so
        return channels_last.as_channels_last(x)
    y = channels_last.empty_last(x.shape)
    if x.size > _SMALL:
        copy = _plan(x, True)
        if copy is not None:
            copy(x, y)
            return y
    np.copyto(channels_last.plain_view(y), x)
    return y


def as_rows(x: Any) -> Any:
    """The same entries in row-major memory, for an array whose channels are last."""
    if x.size > _SMALL and channels_last.is_last(x):
        copy = _plan(x, False)
        if copy is not None:
            y = allocator.empty(x.shape)
            copy(x, y)
            return y
    return np.ascontiguousarray(x)
