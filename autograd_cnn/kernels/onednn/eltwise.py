"""Activations and their adjoints, entry by entry."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import layout, memory, threads, waiting
from ..layout import ChannelsLast
from ..memory import FLOAT
from . import api, choice
from .plans import Builder, plan
from .reorder import as_last

SMALL = 8192  # entries up to which NumPy's call costs less
LARGEST = 1e76  # the square of what float32 can hold: a bound below says that no entry is infinite, and no sum of entries NaN


class Curve(NamedTuple):
    """An activation as oneDNN names it, and its adjoint that looks at the result."""

    forward: int
    backward: int
    alpha: float = 0.0


RELU = Curve(api.ELTWISE_RELU, api.ELTWISE_RELU_FROM_RESULT)
TANH = Curve(api.ELTWISE_TANH, api.ELTWISE_TANH_FROM_RESULT)
LOGISTIC = Curve(api.ELTWISE_LOGISTIC, api.ELTWISE_LOGISTIC_FROM_RESULT)


def relu(x: Any) -> Any:
    """max(x, 0). oneDNN makes 0 of NaN, so it gets none."""
    if getattr(x, "size", 0) < SMALL:
        return NotImplemented
    if x.__class__ is ChannelsLast and x.pending is not None and waiting.take(x):
        y = waiting.last(x, x.pending.relu)
        if y is not None:
            return y
    if not (fits(x) and choice.active()) or not squares_of(x) < math.inf:
        return NotImplemented
    if x.__class__ is ChannelsLast and x.maker is not None:
        waiting.relu_followed(x.maker)
    bound = getattr(x, "squares", math.inf)
    y = curve(RELU, x)
    if y.__class__ is ChannelsLast:
        y.squares = bound
    return y


def leaky_relu(x: Any, negative_slope: float) -> Any:
    """x where positive, else slope · x"""
    return curve(Curve(api.ELTWISE_RELU, api.ELTWISE_RELU_FROM_RESULT, negative_slope), x)


def leaky_relu_adjoint(g: Any, y: Any, negative_slope: float) -> Any:
    """g where y > 0, else slope · g; for a slope ≥ 0, so that y has the sign of x"""
    return curve_adjoint(Curve(api.ELTWISE_RELU, api.ELTWISE_RELU_FROM_RESULT, negative_slope), g, y)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^−x)"""
    return _smooth(LOGISTIC, SMALL, x)


def tanh(x: Any) -> Any:
    """(e^x − e^−x) / (e^x + e^−x)"""
    return _smooth(TANH, _LONG, x)


_LONG = 1 << 17  # entries of a tanh from which two threads beat NumPy's vector instructions


def _smooth(how: Curve, least: int, x: Any) -> Any:
    """An activation of finite numbers: what oneDNN makes of others is not told."""
    if getattr(x, "size", 0) < least or not (fits(x) and choice.active()) or not squares_of(x) < math.inf:
        return NotImplemented
    return curve(how, x)


def curve(how: Curve, x: Any) -> Any:
    """The activation of each entry."""
    run = _plan(how, "forward", x.size) if fits(x) and choice.active() else None
    if run is None:
        return NotImplemented
    y = x if memory.SPARE.has(x) else empty_like(x)
    run(layout.address(x), layout.address(y))
    return unknown(y) if y is x else y


def curve_adjoint(how: Curve, g: Any, y: Any) -> Any:
    """g times the slope at each entry, told by the result y"""
    if not (isinstance(g, np.ndarray) and fits(y) and g.shape == y.shape and g.dtype is FLOAT and choice.active()):
        return NotImplemented  # among others a gradient that is itself recorded
    over, g = memory.SPARE.has(g), in_order_of(y, g)
    if how is RELU and y.__class__ is ChannelsLast and y.normed is not None:
        gx = layout.empty_last(y.shape)
        gx.pending = Masked(g, y, over)
        return gx
    run = _plan(how, "backward", y.size)
    if run is None:
        return NotImplemented
    gx = g if over and g.__class__ is y.__class__ else empty_like(y)
    run(layout.address(y), layout.address(g), layout.address(gx))
    return unknown(gx) if gx is g else gx


class Masked(waiting.Recipe):
    """g where y is not 0: ReLU's adjoint, which the adjoint of a batch norm takes on the way."""

    def __init__(self, g: ChannelsLast, y: ChannelsLast, over: bool) -> None:
        self.g, self.y, self.over = g, y, over  # `over`: nobody else needs g

    def fill(self, x: Any) -> None:
        """Compute it into the memory of `x`."""
        _plan(RELU, "backward", x.size)(layout.address(self.y), layout.address(self.g), layout.address(x))


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
    return layout.empty_last(x.shape) if x.__class__ is ChannelsLast else memory.empty(x.shape)


def unknown(x: Any) -> Any:
    """After other entries were written over x."""
    if x.__class__ is ChannelsLast:
        x.squares = math.inf
    return x


def in_order_of(x: Any, other: Any) -> Any:
    """`other` in the memory order of x."""
    if x.__class__ is ChannelsLast:
        return as_last(other)
    if other.__class__ is ChannelsLast:
        return layout.to_plain(other)
    return other if other.flags.c_contiguous else np.ascontiguousarray(other)


def squares_of(x: Any) -> float:
    """A bound of the sum of the squares of the entries: finite if, and only if, none is infinite or NaN, nor so large that the sum is."""
    if x.__class__ is ChannelsLast and x.squares < math.inf:
        return x.squares
    flat = layout.lying(x).reshape(-1)
    total = float(np.dot(flat, flat)) * (1 + 1e-3)  # more than what rounding takes away
    if not total < math.inf:
        return math.inf
    if x.__class__ is ChannelsLast:
        x.squares = total
    return total


# ------------------------------------------------------------------------------------------------- plans
def _plan(how: Curve, way: str, size: int) -> Any:
    count = threads.for_work(10.0 * size)
    return plan(("curve", how, way, size, count), _build, how, way, size, count)


def _build(b: Builder, how: Curve, way: str, size: int, count: int) -> Any:
    b.lib.set_threads(count)
    flat, engine = b.flat(size), b.lib.engine
    kind = how.forward if way == "forward" else how.backward
    made = b.descriptor("eltwise_forward", engine, api.FORWARD_TRAINING, kind, flat, flat, how.alpha, 0.0, b.attributes())
    if way == "forward":
        return b.plan(made, [(api.SRC, flat), (api.DST, flat)], count)
    made = b.descriptor("eltwise_backward", engine, kind, flat, flat, flat, how.alpha, 0.0, made, b.attributes())
    return b.plan(made, [(api.DST, flat), (api.DIFF_DST, flat), (api.DIFF_SRC, flat)], count)
