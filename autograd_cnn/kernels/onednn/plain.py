"""Between `ChannelsLast` values and ordinary arrays: what a primitive's reference kernel is handed, and what a tensor stores."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..memory.allocator import FLOAT, is_whole
from .channels_last import ChannelsLast, as_channels_last, channels_innermost, in_rows, is_last, plain_view
from .reorder import as_rows


def to_plain(x: Any) -> Any:
    """The entries in an ordinary array in row-major order; anything else as it is."""
    if x.__class__ is not ChannelsLast:
        return x
    if x.stored is None and x.dtype is FLOAT and not x.flags.c_contiguous:
        return as_rows(x.view(np.ndarray))  # by oneDNN's copy, which is faster
    return in_rows(x)


def to_storage(x: ChannelsLast) -> Any:
    """The ordinary array that is this value from now on: writes to it are counted as writes to the value."""
    if x.stored is None:
        plain = to_plain(x)
        x.stored = plain if is_whole(plain) else plain.copy()
        x.own = False
    return x.stored


def run_reference(prim: Any, values: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """A primitive's reference kernel on values of which some are `ChannelsLast`.

    It gets plain views; what is in their order goes on as one of them. A kernel that works entry by entry gets the memory as it lies,
    contiguous, if all its arrays lie alike.
    """
    if prim.view:
        return prim.forward(*(to_plain(v) for v in values), **params)
    if prim.entrywise and _alike(values):
        y = prim.forward(*(channels_innermost(v) for v in values), **params)
        return as_channels_last(_back(y)) if y.__class__ is np.ndarray else y
    views = tuple(plain_view(v) for v in values)
    return _settled(prim.forward(*views, **params), values, views)


def _alike(values: tuple[Any, ...]) -> bool:
    shapes = {v.shape for v in values if v.__class__ is ChannelsLast}
    return len(shapes) == 1 and all(v.__class__ is ChannelsLast or not getattr(v, "ndim", 0) for v in values)


def _back(y: Any) -> Any:
    return np.moveaxis(np.ascontiguousarray(y), -1, 1)


def _settled(y: Any, values: tuple[Any, ...], views: tuple[Any, ...]) -> Any:
    if y.__class__ is tuple:
        return tuple(_settled(v, values, views) for v in y)
    if y.__class__ is not np.ndarray or y.flags.c_contiguous:
        return y
    for value, view in zip(values, views, strict=True):
        if y is view:
            return value
    return as_channels_last(y) if is_whole(y) and is_last(y) else np.ascontiguousarray(y)
