"""Sums and products: of arrays of one shape and order, and with a number for each channel or each column."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..memory import allocator, threads
from ..memory.allocator import FLOAT
from . import api, channels_last, dispatch
from .channels_last import ChannelsLast
from .eltwise import SMALL, empty_like, fits, in_order_of
from .plans import Builder, plan


def add(x: Any, z: Any) -> Any:
    """x + z"""
    return _binary(api.BINARY_ADD, x, z)


def multiply(x: Any, z: Any) -> Any:
    """x · z"""
    return _binary(api.BINARY_MUL, x, z)


def scaled_product(x: Any, z: Any, scale: float) -> Any:
    """x · z · scale"""
    return _binary((api.BINARY_MUL, float(scale)), x, z)


def add_into(x: Any, z: Any) -> Any:
    """x + z, written over x"""
    return _binary(api.BINARY_ADD, x, z, into=True)


def _binary(what: Any, x: Any, z: Any, into: bool = False) -> Any:
    if getattr(x, "size", 0) < SMALL or getattr(z, "dtype", None) is not FLOAT:
        return NotImplemented
    if x.shape != z.shape:
        return NotImplemented if into else _by_channel(what, x, z) if x.__class__ is ChannelsLast else _by_row(what, x, z)
    if z.__class__ is ChannelsLast and x.__class__ is not ChannelsLast and not into:
        x, z = z, x  # the result goes on in the order that one of them is in
    if not (fits(x) and dispatch.active()):
        return NotImplemented
    z, run = in_order_of(x, z), plan(threads.for_entries(x.size), _build, what, x.size)
    if run is None:
        return NotImplemented
    y = x if into else empty_like(x)
    run(x, z, y)
    return y


def _build(b: Builder, what: Any, size: int) -> Any:
    flat = b.flat(size)
    kind, scale = what if isinstance(what, tuple) else (what, None)
    made = b.descriptor("binary", b.lib.engine, kind, flat, flat, flat, b.attributes([] if scale is None else [("scale", scale)]))
    return b.plan(made, [(api.SRC, flat), (api.SRC_1, flat), (api.DST, flat)])


# ------------------------------------------------------------------------------------------------- a number for each channel
def _by_channel(what: int, x: ChannelsLast, z: Any) -> Any:
    """x + z or x · z for x (N, C, *S) and z (C, 1, …) or (1, C, 1, …)"""
    c, ones = x.shape[1], (1,) * (x.ndim - 2)
    if (
        z.shape not in ((c, *ones), (1, c, *ones))
        or what not in (api.BINARY_ADD, api.BINARY_MUL)
        or x.dtype is not FLOAT
        or not dispatch.active()
    ):
        return NotImplemented
    return _each_channel(what, x, channels_last.plain_view(z).reshape(c))


def scale_shift(x: ChannelsLast, scale: Any, shift: Any) -> Any:
    """x · scale + shift, numbers for each channel"""
    return _each_channel(api.BINARY_MUL, x, scale, shift)


def _each_channel(what: int, x: ChannelsLast, z: Any, shift: Any = None) -> Any:
    """A number for each channel added or multiplied, perhaps another added then."""
    shifts = () if shift is None else (shift,)
    run = plan(threads.for_entries(x.size), _build_each, what, x.shape, bool(shifts))
    y = channels_last.empty_last(x.shape)
    run(x, z, y, *shifts)
    return y


def _build_each(b: Builder, what: int, shape: tuple[int, ...], shifted: bool) -> Any:
    x, z, each = b.last(shape), b.last((1, shape[1], *(1 for _ in shape[2:]))), b.vector(shape[1])
    made = b.descriptor("binary", b.lib.engine, what, x, z, x, b.attributes([("plus", z)] if shifted else []))
    return b.plan(made, [(api.SRC, x), (api.SRC_1, z, each), (api.DST, x), *([(api.after(0), z, each)] if shifted else [])])


def _by_row(what: Any, x: Any, z: Any) -> Any:
    """x + z or x · z for x (*, D) and z (D)"""
    if z.ndim != 1 or z.shape != x.shape[-1:] or len(z) < _WIDE or what not in (api.BINARY_ADD, api.BINARY_MUL):
        return NotImplemented
    if not (fits(x) and _fits_flat(z) and dispatch.active()):
        return NotImplemented
    run = plan(threads.for_entries(x.size), _build_rows, what, (x.size // len(z), len(z)))
    if run is None:
        return NotImplemented
    y = allocator.empty(x.shape)
    run(x, z, y)
    return y


_WIDE = 64  # entries of a row from which oneDNN's loop over rows is faster than NumPy's


def _fits_flat(z: Any) -> bool:
    return z.__class__ is np.ndarray and bool(z.flags.c_contiguous)


def _build_rows(b: Builder, what: int, rows: tuple[int, int]) -> Any:
    x, z = b.rows(rows), b.rows((1, rows[1]))
    made = b.descriptor("binary", b.lib.engine, what, x, z, x, b.attributes())
    return b.plan(made, [(api.SRC, x), (api.SRC_1, z), (api.DST, x)])
