"""Between row-major memory and channels last: oneDNN's copies run at memory speed on all threads, NumPy's at a tenth of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..memory import allocator, threads
from . import channels_last
from .channels_last import ChannelsLast
from .plans import Builder, plan

_SMALL = 4096  # entries up to which NumPy's copy costs less than the call


def _build(b: Builder, shape: tuple[int, ...], to_last: bool, count: int) -> Any:
    rows, last = b.rows(shape), b.last(shape)
    return b.reorder(*((rows, last) if to_last else (last, rows)), count)


def _plan(shape: tuple[int, ...], to_last: bool) -> Any:
    count = threads.for_work(20.0 * shape[0] * shape[1] * shape[2] * (shape[-1] if len(shape) > 3 else 1))
    return plan(("reorder", shape, to_last, count), _build, shape, to_last, count)


def as_last(x: Any) -> ChannelsLast:
    """The same entries (N, C, *S) of float32 with the channels last in memory."""
    if x.__class__ is ChannelsLast:
        return x
    if channels_last.is_last(x):  # one channel, or one position: both orders are one
        return channels_last.claim(x)
    y = channels_last.empty_last(x.shape)
    if x.size > _SMALL:
        copy = _plan(x.shape, True)
        if copy is not None:
            copy(x, y)
            return y
    np.copyto(channels_last.plain_view(y), x)
    return y


def as_rows(x: Any) -> Any:
    """The same entries in row-major memory, for an array whose channels are last."""
    if x.size > _SMALL and channels_last.is_last(x):
        copy = _plan(x.shape, False)
        if copy is not None:
            y = allocator.empty(x.shape)
            copy(x, y)
            return y
    return np.ascontiguousarray(x)
