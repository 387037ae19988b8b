"""Activations and their adjoints, entry by entry."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..memory import allocator, threads
from ..memory.allocator import FLOAT
from . import api, channels_last, dispatch
from .channels_last import ChannelsLast
from .plain import to_plain
from .plans import Builder, plan
from .reorder import as_last

SMALL = 8192  # entries up to which NumPy's call costs less


class Curve(NamedTuple):
    """An activation as oneDNN names it, and its adjoint that looks at the result."""

    forward: int
    backward: int
    alpha: float = 0.0


RELU = Curve(api.ELTWISE_RELU, api.ELTWISE_RELU_FROM_RESULT)
TANH = Curve(api.ELTWISE_TANH, api.ELTWISE_TANH_FROM_RESULT)
LOGISTIC = Curve(api.ELTWISE_LOGISTIC, api.ELTWISE_LOGISTIC_FROM_RESULT)


def relu(x: Any) -> Any:
    """max(0, x), NaN where x is. Of oneDNN's maximum NaN is the second operand, and its own ReLU makes 0 of it; so this is the maximum
    of a comparison that never holds, which is 0, and x."""
    if getattr(x, "size", 0) < SMALL or not (fits(x) and dispatch.active()):
        return NotImplemented
    run = plan(threads.for_entries(x.size), _build_relu, x.size)
    if run is None:
        return NotImplemented
    y = empty_like(x)
    run(x, _INFINITE, y, x)
    return y


_INFINITE = np.full(1, math.inf, FLOAT)


def _build_relu(b: Builder, size: int) -> Any:
    flat, bound = b.flat(size), b.vector(1)
    made = b.descriptor("binary", b.lib.engine, api.BINARY_GREATER, flat, bound, flat, b.attributes([("max", flat)]))
    return b.plan(made, [(api.SRC, flat), (api.SRC_1, bound), (api.DST, flat), (api.after(0), flat)])


def relu_adjoint(g: Any, y: Any, donated: Any = None) -> Any:
    """g where y > 0, else 0. oneDNN multiplies by 1 and 0: an infinite or NaN g, as √(relu x) gives where x < 0, is NumPy's."""
    if getattr(g, "size", 0) < SMALL or g.dtype is not FLOAT or not finite(g):
        return NotImplemented
    return curve_adjoint(RELU, g, y, donated)


def leaky_relu(x: Any, negative_slope: float) -> Any:
    """x where positive, else slope · x"""
    return curve(Curve(api.ELTWISE_RELU, api.ELTWISE_RELU_FROM_RESULT, negative_slope), x)


def leaky_relu_adjoint(g: Any, x: Any, negative_slope: float, donated: Any = None) -> Any:
    """g where x > 0, else slope · g"""
    return curve_adjoint(Curve(api.ELTWISE_RELU, api.ELTWISE_RELU_FROM_RESULT, negative_slope), g, x, donated)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^−x)"""
    return _smooth(LOGISTIC, SMALL, x)


def sigmoid_adjoint(g: Any, y: Any, donated: Any = None) -> Any:
    """g · y · (1 − y)"""
    return curve_adjoint(LOGISTIC, g, y, donated)


def tanh(x: Any) -> Any:
    """(e^x − e^−x) / (e^x + e^−x)"""
    return _smooth(TANH, _LONG, x)


def tanh_adjoint(g: Any, y: Any, donated: Any = None) -> Any:
    """g · (1 − y²)"""
    return curve_adjoint(TANH, g, y, donated)


_LONG = 1 << 17  # entries of a tanh from which two threads beat NumPy's vector instructions


def _smooth(how: Curve, least: int, x: Any) -> Any:
    """An activation of finite numbers: what oneDNN makes of others is not told."""
    if getattr(x, "size", 0) < least or not (fits(x) and dispatch.active()) or not finite(x):
        return NotImplemented
    return curve(how, x)


def curve(how: Curve, x: Any) -> Any:
    """The activation of each entry."""
    run = _plan(how, "forward", x.size) if fits(x) and dispatch.active() else None
    if run is None:
        return NotImplemented
    y = empty_like(x)
    run(x, y)
    return y


def curve_adjoint(how: Curve, g: Any, y: Any, donated: Any = None) -> Any:
    """g times the slope at each entry, told by the result y; written over `donated` (g itself, lent for this call) if it lies as y does"""
    if getattr(y, "size", 0) < SMALL or not (fits(y) and g.shape == y.shape and g.dtype is FLOAT and dispatch.active()):
        return NotImplemented
    run = _plan(how, "backward", y.size)
    if run is None:
        return NotImplemented
    g = in_order_of(y, g)
    gx = g if g is donated else empty_like(y)
    run(y, g, gx)
    return gx


# ------------------------------------------------------------------------------------------------- memory
def fits(x: Any) -> bool:
    """Is this a large array of float32, row by row or with its channels last in memory?"""
    return (
        getattr(x, "size", 0) >= SMALL
        and x.dtype is FLOAT
        and (x.__class__ is ChannelsLast or (x.__class__ is np.ndarray and x.flags.c_contiguous))
    )


def empty_like(x: Any) -> Any:
    """Uninitialised, of x's shape and order."""
    return channels_last.empty_last(x.shape) if x.__class__ is ChannelsLast else allocator.empty(x.shape)


def in_order_of(x: Any, other: Any) -> Any:
    """`other` in the memory order of x."""
    if x.__class__ is ChannelsLast:
        return as_last(other)
    if other.__class__ is ChannelsLast:
        return to_plain(other)
    return other if other.flags.c_contiguous else np.ascontiguousarray(other)


def finite(x: Any) -> bool:
    """Is no entry infinite or NaN, nor the sum of the squares too large for float32?"""
    flat = channels_last.channels_innermost(x).reshape(-1)
    return float(np.dot(flat, flat)) < math.inf


# ------------------------------------------------------------------------------------------------- plans
def _plan(how: Curve, way: str, size: int) -> Any:
    return plan(threads.for_entries(size), _build, how, way, size)


def _build(b: Builder, how: Curve, way: str, size: int) -> Any:
    flat, engine = b.flat(size), b.lib.engine
    kind = how.forward if way == "forward" else how.backward
    made = b.descriptor("eltwise_forward", engine, api.FORWARD_TRAINING, kind, flat, flat, how.alpha, 0.0, b.attributes())
    if way == "forward":
        return b.plan(made, [(api.SRC, flat), (api.DST, flat)])
    made = b.descriptor("eltwise_backward", engine, kind, flat, flat, flat, how.alpha, 0.0, made, b.attributes())
    return b.plan(made, [(api.DST, flat), (api.DIFF_DST, flat), (api.DIFF_SRC, flat)])
