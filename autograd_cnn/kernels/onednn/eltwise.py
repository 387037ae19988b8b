"""What works entry by entry: activations and their adjoints, sums and products of arrays of one shape and order."""

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
    if not (_fits(x) and choice.active()) or not squares_of(x) < math.inf:
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
    if getattr(x, "size", 0) < least or not (_fits(x) and choice.active()) or not squares_of(x) < math.inf:
        return NotImplemented
    return curve(how, x)


def curve(how: Curve, x: Any) -> Any:
    """The activation of each entry."""
    run = _plan((how, "forward"), x.size) if _fits(x) and choice.active() else None
    if run is None:
        return NotImplemented
    y = x if memory.SPARE.has(x) else empty_like(x)
    run(layout.address(x), layout.address(y))
    return unknown(y) if y is x else y


def curve_adjoint(how: Curve, g: Any, y: Any) -> Any:
    """g times the slope at each entry, told by the result y"""
    if not (isinstance(g, np.ndarray) and _fits(y) and g.shape == y.shape and g.dtype is FLOAT and choice.active()):
        return NotImplemented  # among others a gradient that is itself recorded
    over, g = memory.SPARE.has(g), in_order_of(y, g)
    if how is RELU and y.__class__ is ChannelsLast and y.normed is not None:
        gx = layout.empty_last(y.shape)
        gx.pending = Masked(g, y, over)
        return gx
    run = None if g is None else _plan((how, "backward"), y.size)
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
        _plan((RELU, "backward"), x.size)(layout.address(self.y), layout.address(self.g), layout.address(x))


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
    if not (_fits(x) and choice.active()):
        return NotImplemented
    if what == api.BINARY_ADD and not into and x.__class__ is z.__class__ is ChannelsLast:
        for first, second in ((x, z), (z, x)):
            if first.pending is not None and second.pending is None and waiting.take(first):
                y = first.pending.plus(first, second)
                if y is not None:
                    return y
                waiting.compute(first)
    z = in_order_of(x, z)
    run = None if z is None else _plan(what, x.size)
    if run is None:
        return NotImplemented
    y = x if into else empty_like(x)
    run(layout.address(x), layout.address(z), layout.address(y))
    if y.__class__ is ChannelsLast:
        if what == api.BINARY_ADD:
            y.squares = 2 * (x.squares + z.squares)
        else:
            y.squares = math.inf
    return y


# ------------------------------------------------------------------------------------------------- a number for each channel
def _by_channel(what: int, x: ChannelsLast, z: Any) -> Any:
    """x + z or x · z for x (N, C, *S) and z (C, 1, …) or (1, C, 1, …)"""
    c, ones = x.shape[1], (1,) * (x.ndim - 2)
    if z.shape not in ((c, *ones), (1, c, *ones)) or what not in (api.BINARY_ADD, api.BINARY_MUL) or x.dtype is not FLOAT or not choice.active():
        return NotImplemented
    return _each_channel(_EachChannel(what, x, np.ascontiguousarray(layout.plain_view(z)).reshape(c)))


def scale_shift(x: ChannelsLast, scale: Any, shift: Any) -> Any:
    """x · scale + shift, numbers for each channel"""
    return _each_channel(_EachChannel(api.BINARY_MUL, x, scale, shift))


def _each_channel(work: _EachChannel) -> Any:
    layout.address(work.x)  # if it waits itself, its turn is now
    y = layout.empty_last(work.x.shape)
    if waiting.allowed(work.key):
        return waiting.wait(y, work)
    work.fill(y)
    return y


def _by_row(what: Any, x: Any, z: Any) -> Any:
    """x + z or x · z for x (*, D) and z (D)"""
    if z.ndim != 1 or z.shape != x.shape[-1:] or len(z) < _WIDE or what not in (api.BINARY_ADD, api.BINARY_MUL):
        return NotImplemented
    if not (_fits(x) and _fits_flat(z) and choice.active()):
        return NotImplemented
    count = threads.for_work(10.0 * x.size)
    rows = (x.size // len(z), len(z))
    run = plan(("each row", what, rows, count), _build_rows, what, rows, count)
    if run is None:
        return NotImplemented
    y = memory.empty(x.shape)
    run(layout.address(x), layout.address(z), layout.address(y))
    return y


_WIDE = 64  # entries of a row from which oneDNN's loop over rows is faster than NumPy's


def _fits_flat(z: Any) -> bool:
    return z.__class__ is np.ndarray and bool(z.flags.c_contiguous)


def _build_rows(b: Builder, what: int, rows: tuple[int, int], count: int) -> Any:
    b.lib.set_threads(count)
    x, z = b.rows(rows), b.rows((1, rows[1]))
    made = b.descriptor("binary", b.lib.engine, what, x, z, x, b.attributes())
    return b.plan(made, [(api.SRC, x), (api.SRC_1, z), (api.DST, x)], count)


class _EachChannel(waiting.Recipe):
    """A number for each channel added or multiplied, perhaps another added then, and perhaps ReLU on the way."""

    def __init__(self, what: int, x: ChannelsLast, z: Any, shift: Any = None) -> None:
        self.what, self.x, self.z, self.shift = what, x, z, shift
        self.key = (what, x.shape, shift is None)

    def fill(self, x: Any) -> None:
        """Compute it into the memory of `x`."""
        self._run(x, False)

    def relu(self, x: Any) -> Any:
        """max(value, 0), if no entry of the value can be NaN."""
        a, b = squares_of(self.x), squares_of(self.z)
        bound = 2 * (a + b * x.size) if self.what == api.BINARY_ADD else a * b
        if self.shift is not None:
            bound = 2 * (bound + squares_of(self.shift) * x.size)
        if not bound < _LARGEST:
            return None
        y = x if memory.SPARE.has(x) else layout.empty_last(x.shape)
        x.pending, pending = None, x.pending
        self._run(y, True)
        if y is not x:
            x.pending = pending
        y.squares = bound
        return y

    def _run(self, y: Any, relu: bool) -> None:
        count = threads.for_work(10.0 * y.size)
        shifted = self.shift is not None
        run = plan(("each channel", self.what, y.shape, shifted, relu, count), _build_each, self.what, y.shape, shifted, relu, count)
        run(layout.address(self.x), layout.address(self.z), y.address, *((layout.address(self.shift),) if shifted else ()))


_LARGEST = 1e76  # the square of what float32 can hold


def _build_each(b: Builder, what: int, shape: tuple[int, ...], shifted: bool, relu: bool, count: int) -> Any:
    b.lib.set_threads(count)
    x, z = b.last(shape), b.last((1, shape[1], *(1 for _ in shape[2:])))
    then = [*([("plus", z)] if shifted else []), *([("relu",)] if relu else [])]
    made = b.descriptor("binary", b.lib.engine, what, x, z, x, b.attributes(then))
    return b.plan(made, [(api.SRC, x), (api.SRC_1, z), (api.DST, x), *([(api.after(0), z)] if shifted else [])], count)


# ------------------------------------------------------------------------------------------------- memory
def _fits(x: Any) -> bool:
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
    """`other` in the memory order of x; None if neither order is at hand."""
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
def _plan(what: Any, size: int) -> Any:
    count = threads.for_work(10.0 * size)
    return plan(("entrywise", what, size, count), _build, what, size, count)


def _build(b: Builder, what: Any, size: int, count: int) -> Any:
    b.lib.set_threads(count)
    flat, engine = b.flat(size), b.lib.engine
    if isinstance(what, tuple) and isinstance(what[0], Curve):
        how, way = what
        kind = how.forward if way == "forward" else how.backward
        made = b.descriptor("eltwise_forward", engine, api.FORWARD_TRAINING, kind, flat, flat, how.alpha, 0.0, b.attributes())
        if way == "forward":
            return b.plan(made, [(api.SRC, flat), (api.DST, flat)], count)
        made = b.descriptor("eltwise_backward", engine, kind, flat, flat, flat, how.alpha, 0.0, made, b.attributes())
        return b.plan(made, [(api.DST, flat), (api.DIFF_DST, flat), (api.DIFF_SRC, flat)], count)
    kind, scale = what if isinstance(what, tuple) else (what, None)
    made = b.descriptor("binary", engine, kind, flat, flat, flat, b.attributes(then=[] if scale is None else [("scale", scale)]))
    return b.plan(made, [(api.SRC, flat), (api.SRC_1, flat), (api.DST, flat)], count)
