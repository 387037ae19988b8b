"""Maximum pooling with its switches, and averages (see `kernels/reference/pooling.py` and `kernels/reference/averaging.py`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..memory import threads
from ..memory.allocator import FLOAT
from ..reference.geometry import Pooling, pooling
from ..reference.pooling import Codes
from . import api, channels_last, channels_last_ops, dispatch
from .eltwise import finite
from .plans import Builder, Unsupported, dims, plan
from .reorder import as_last

Shape = tuple[int, ...]


def max_pool(x: Any, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool) -> Any:
    """(y, which element of its window each maximum was). oneDNN passes over NaN, so it gets none."""
    if not _fits(x) or max(dilation) > 1:
        return NotImplemented
    geo = pooling(x.shape, kernel, stride, padding, dilation, ceil_mode, "max_pool")
    run = _plan("max_pool", x.shape, geo)
    if run is None or not finite(x):
        return NotImplemented
    x, y = as_last(x), channels_last.empty_last((*x.shape[:2], *geo.out))
    codes = Codes.empty(y.shape, geo)
    run(x, y, codes.memory)
    return y, codes


def max_pool_adjoint(g: Any, codes: Any, shape: Shape) -> Any:
    """gx of `shape`, for the codes of `max_pool`"""
    if codes.__class__ is not Codes or g.dtype is not FLOAT or not dispatch.active():
        return NotImplemented
    run = _plan("max_pool_adjoint", tuple(shape), codes.geo)
    if run is None:
        return NotImplemented
    g, gx = as_last(g), channels_last.empty_last(tuple(shape))
    run(g, codes.memory, gx)
    return gx


def average(x: Any, kernel: Shape, stride: Shape, padding: Shape, ceil_mode: bool, include: bool) -> Any:
    """The average of each window"""
    if not _fits(x):
        return NotImplemented
    geo = pooling(x.shape, kernel, stride, padding, 1, ceil_mode, "avg_pool")
    run = _plan("include" if include else "exclude", x.shape, geo)
    if run is None:
        return NotImplemented
    x, y = as_last(x), channels_last.empty_last((*x.shape[:2], *geo.out))
    run(x, y)
    return y


def average_adjoint(g: Any, shape: Shape, kernel: Shape, stride: Shape, padding: Shape, ceil_mode: bool, include: bool) -> Any:
    """gx of `shape`: each g over the count of its window is added to all of it"""
    shape = tuple(shape)
    if g.dtype is not FLOAT or not _wanted(math.prod(shape), g, len(shape)):
        return NotImplemented
    geo = pooling(shape, kernel, stride, padding, 1, ceil_mode, "avg_pool")
    tiles = geo.kernel == geo.stride == evenly(geo.size, geo.out) and not any(map(any, geo.padding))
    if shape[1] < _NARROW and g.shape[2:] == geo.out and tiles:
        return channels_last_ops.spread_average(as_last(g), geo.kernel)
    run = _plan("include adjoint" if include else "exclude adjoint", shape, geo)
    if run is None or g.shape[2:] != geo.out:
        return NotImplemented
    g, gx = as_last(g), channels_last.empty_last(shape)
    run(g, gx)
    return gx


def evenly(size: Sequence[int], out: Sequence[int]) -> Shape | None:
    """The kernel, and stride, of windows that cover `size` without overlap; None where there is none."""
    if 0 in out or 0 in size or any(s % o for s, o in zip(size, out, strict=True)):
        return None
    return tuple(s // o for s, o in zip(size, out, strict=True))


_SMALL = 4096  # entries of the input up to which NumPy's kernel is faster
_NARROW = 16  # channels from which oneDNN's adjoint of an average fills its registers; below, copies take a third of its time


def _fits(x: Any) -> bool:
    return x.dtype is FLOAT and _wanted(x.size, x, x.ndim)


def _wanted(size: int, x: Any, ndim: int) -> bool:
    return 3 <= ndim <= 5 and size > 0 and (dispatch.forced() or size >= _SMALL) and dispatch.active()


def _plan(what: str, shape: Shape, geo: Pooling) -> Any:
    return plan(threads.for_entries(math.prod(shape)), _build, what, shape, geo)


def _build(b: Builder, what: str, shape: Shape, geo: Pooling) -> Any:
    x, y = b.last(shape), b.last((*shape[:2], *geo.out))
    before = [p[0] for p in geo.padding]
    after = [max((o - 1) * t + k - s - p, 0) for o, t, k, s, p in zip(geo.out, geo.stride, geo.kernel, geo.size, before, strict=True)]
    if "include" in what and any(a > p[1] for a, p in zip(after, geo.padding, strict=True)):
        raise Unsupported("what ceil_mode adds beyond the padding does not count")
    windows = (dims(geo.stride), dims(geo.kernel), dims([0] * len(geo.out)), dims(before), dims(after))
    kind = api.POOLING_MAX if "max" in what else api.POOLING_AVG_INCLUDE if "include" in what else api.POOLING_AVG_EXCLUDE
    forward = b.descriptor("pooling_forward", b.lib.engine, api.FORWARD_TRAINING, kind, x, y, *windows, b.attributes())
    codes = []
    if "max" in what:
        md = b.query(forward, api.WORKSPACE_MD)
        if b.size(md) != math.prod(shape[:2]) * math.prod(geo.out):
            raise Unsupported("codes of more than a byte")
        codes = [(api.WORKSPACE, md)]
    if "adjoint" not in what:
        return b.plan(forward, [(api.SRC, x), (api.DST, y), *codes])
    made = b.descriptor("pooling_backward", b.lib.engine, kind, x, y, *windows, forward, b.attributes())
    return b.plan(made, [(api.DIFF_DST, y), *codes, (api.DIFF_SRC, x)])
