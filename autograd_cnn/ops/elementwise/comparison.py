"""Comparisons: what is equal, less, not a number, close. Results are bool; nothing here takes a gradient."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, compared
from ...types.promotion import Array, align
from ..registry.expose import expose


def _pair(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b), smooth=False)


def _one(draw: Draw) -> Case:
    return Case(draw.array(), smooth=False)


# ------------------------------------------------------------------------------------------------- order
@expose("function method inplace")
@primitive(label="=", family="compare", variables=("input",))
def eq(input: Array, other: Array) -> Array:
    """y = (input = other), entry by entry; NaN equals nothing.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.eq(ac.tensor([1, 2]), 2)
    tensor([False,  True])
    """
    return np.equal(*align(input, other))


eq.source(compared("=="), number="input == other")


@expose("function method inplace")
@primitive(label="≠", family="compare", variables=("input",))
def ne(input: Array, other: Array) -> Array:
    """y = (input ≠ other), entry by entry.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.ne(ac.tensor([1, 2]), 2)
    tensor([ True, False])
    """
    return np.not_equal(*align(input, other))


ne.source(compared("!="), number="input != other")


@ne.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    return to.Not(to.Equal(*to.alike(input, other)))


@expose("function method inplace")
@ne.alias
def not_equal(input: Array, other: Array) -> Array:
    """The same as `ne`.

    >>> import autograd_cnn as ac
    >>> ac.not_equal(ac.tensor([1., 2.]), 2)
    tensor([ True, False])
    """
    return ne(input, other)


@expose("function method inplace")
@primitive(label="<", family="compare", real=True, variables=("input",))
def lt(input: Array, other: Array) -> Array:
    """y = (input < other), entry by entry.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.lt(ac.tensor([1, 2]), 2)
    tensor([ True, False])
    """
    return np.less(*align(input, other))


lt.source(compared("<"), number="input < other")


lt.onnx("Less")


@expose("function method inplace")
@lt.alias
def less(input: Array, other: Array) -> Array:
    """The same as `lt`.

    >>> import autograd_cnn as ac
    >>> ac.less(ac.tensor([1., 2.]), 2)
    tensor([ True, False])
    """
    return lt(input, other)


@expose("function method inplace")
@primitive(label="≤", family="compare", real=True, variables=("input",))
def le(input: Array, other: Array) -> Array:
    """y = (input ≤ other), entry by entry.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.le(ac.tensor([1, 3]), 2)
    tensor([ True, False])
    """
    return np.less_equal(*align(input, other))


le.source(compared("<="), number="input <= other")


le.onnx("LessOrEqual")


@expose("function method inplace")
@le.alias
def less_equal(input: Array, other: Array) -> Array:
    """The same as `le`.

    >>> import autograd_cnn as ac
    >>> ac.less_equal(ac.tensor([1., 2.]), 2)
    tensor([True, True])
    """
    return le(input, other)


@expose("function method inplace")
@primitive(label=">", family="compare", real=True, variables=("input",))
def gt(input: Array, other: Array) -> Array:
    """y = (input > other), entry by entry.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.gt(ac.tensor([1, 3]), 2)
    tensor([False,  True])
    """
    return np.greater(*align(input, other))


gt.source(compared(">"), number="input > other")


gt.onnx("Greater")


@expose("function method inplace")
@gt.alias
def greater(input: Array, other: Array) -> Array:
    """The same as `gt`.

    >>> import autograd_cnn as ac
    >>> ac.greater(ac.tensor([1., 2.]), 2)
    tensor([False, False])
    """
    return gt(input, other)


@expose("function method inplace")
@primitive(label="≥", family="compare", real=True, variables=("input",))
def ge(input: Array, other: Array) -> Array:
    """y = (input ≥ other), entry by entry.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.ge(ac.tensor([1, 2]), 2)
    tensor([False,  True])
    """
    return np.greater_equal(*align(input, other))


ge.source(compared(">="), number="input >= other")


ge.onnx("GreaterOrEqual")


@expose("function method inplace")
@ge.alias
def greater_equal(input: Array, other: Array) -> Array:
    """The same as `ge`.

    >>> import autograd_cnn as ac
    >>> ac.greater_equal(ac.tensor([1., 2.]), 2)
    tensor([False,  True])
    """
    return ge(input, other)


for _compare, _kernel in (
    (eq, operator.eq),
    (ne, operator.ne),
    (lt, operator.lt),
    (le, operator.le),
    (gt, operator.gt),
    (ge, operator.ge),
):
    _compare.kernel(float)(_kernel)
    _compare.cases(_pair)


@eq.bad_cases
def _() -> Any:
    yield Bad(np.ones(2), np.ones(3), error=RuntimeError, match="must match the size")


eq.onnx("Equal")


# ------------------------------------------------------------------------------------------------- kinds of numbers
@expose("function method")
@primitive(family="compare")
def isnan(input: Array) -> Array:
    """Which entries are NaN.   (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.isnan(ac.tensor([1., float("nan")]))
    tensor([False,  True])
    """
    return np.isnan(input)


isnan.source("np.isnan(input)")


@isnan.onnx
def _(to: Emit, input: Any) -> Any:
    return to.IsNaN(input) if input.dtype.kind == "f" else to.Not(to.Equal(input, input))


@expose("function method")
@primitive(family="compare")
def isinf(input: Array) -> Array:
    """Which entries are +∞ or −∞.   (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.isinf(ac.tensor([1., float("-inf")]))
    tensor([False,  True])
    """
    return np.isinf(input)


isinf.source("np.isinf(input)")


@isinf.onnx
def _(to: Emit, input: Any) -> Any:
    return to.IsInf(input) if input.dtype.kind == "f" else to.Not(to.Equal(input, input))


@expose("function method")
@primitive(family="compare")
def isfinite(input: Array) -> Array:
    """Which entries are neither infinite nor NaN.   (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.isfinite(ac.tensor([1., float("inf")]))
    tensor([ True, False])
    """
    return np.isfinite(input)


isfinite.source("np.isfinite(input)")


@isfinite.onnx
def _(to: Emit, input: Any) -> Any:
    if input.dtype.kind != "f":
        return to.Equal(input, input)
    return to.Not(to.Or(to.IsInf(input), to.IsNaN(input)))


@expose("function method")
@primitive(family="compare", real=True)
def isposinf(input: Array) -> Array:
    """Which entries are +∞.   (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.isposinf(ac.tensor([float("-inf"), float("inf")]))
    tensor([False,  True])
    """
    return np.isinf(input) & np.greater(input, 0)


isposinf.source("np.isposinf(input)")


@isposinf.onnx
def _(to: Emit, input: Any) -> Any:
    return to.IsInf(input, detect_negative=0) if input.dtype.kind == "f" else to.Not(to.Equal(input, input))


@expose("function method")
@primitive(family="compare", real=True)
def isneginf(input: Array) -> Array:
    """Which entries are −∞.   (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.isneginf(ac.tensor([float("-inf"), float("inf")]))
    tensor([ True, False])
    """
    return np.isinf(input) & np.less(input, 0)


isneginf.source("np.isneginf(input)")


@isneginf.onnx
def _(to: Emit, input: Any) -> Any:
    return to.IsInf(input, detect_positive=0) if input.dtype.kind == "f" else to.Not(to.Equal(input, input))


@expose("function method")
@primitive(family="compare")
def isreal(input: Array) -> Array:
    """Which entries have no imaginary part: all of a real tensor.   (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.isreal(ac.tensor([1., 2.]))
    tensor([True, True])
    """
    return np.isreal(input)


isreal.source("np.isreal(input)")


@isreal.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Expand(to.const(True), to.Shape(input))


@expose("function method")
@primitive(family="compare", real=True)
def signbit(input: Array) -> Array:
    """Which entries have the sign bit set: the negative ones, and −0.0.   (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.signbit(ac.tensor([1., -0.]))
    tensor([False,  True])
    """
    return np.signbit(input) if getattr(input, "dtype", np.dtype(float)).kind == "f" else np.less(input, 0)


@signbit.source
def _(input: Operand) -> str:
    return "np.signbit(input)" if input.dtype is None or input.dtype.kind == "f" else "input < 0"


@signbit.onnx
def _(to: Emit, input: Any) -> Any:
    if input.dtype.kind != "f":
        return to.Less(input, to.const(0, input.dtype)) if input.dtype.kind == "i" else to.Not(to.Equal(input, input))
    return to.Or(to.Less(input, 0.0), to.And(to.Equal(input, 0.0), to.Less(to.Reciprocal(input), 0.0)))


for _test in (isnan, isinf, isfinite, isposinf, isneginf, isreal, signbit):
    _test.cases(_one)


# ------------------------------------------------------------------------------------------------- close, equal, among
