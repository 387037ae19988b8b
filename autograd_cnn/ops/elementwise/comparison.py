"""Comparisons: what is equal, less, not a number, close. Results are bool; nothing here takes a gradient."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...engine.complaints import no_tensor
from ...engine.variable import unbox
from ...errors import DtypeError, expected
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, meet
from ...types.promotion import Array, align
from ..registry.derived import taken
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


@eq.source(number="input == other")
def _(input: Operand, other: Operand) -> str | None:
    return "input == other" if meet(input, other) else None


@expose("function method inplace")
@primitive(label="≠", family="compare", variables=("input",))
def ne(input: Array, other: Array) -> Array:
    """y = (input ≠ other), entry by entry.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.ne(ac.tensor([1, 2]), 2)
    tensor([ True, False])
    """
    return np.not_equal(*align(input, other))


@ne.source(number="input != other")
def _(input: Operand, other: Operand) -> str | None:
    return "input != other" if meet(input, other) else None


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
@primitive(label="<", family="compare", variables=("input",))
def lt(input: Array, other: Array) -> Array:
    """y = (input < other), entry by entry.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.lt(ac.tensor([1, 2]), 2)
    tensor([ True, False])
    """
    return np.less(*align(input, other))


@lt.source(number="input < other")
def _(input: Operand, other: Operand) -> str | None:
    return "input < other" if meet(input, other) else None


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
@primitive(label="≤", family="compare", variables=("input",))
def le(input: Array, other: Array) -> Array:
    """y = (input ≤ other), entry by entry.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.le(ac.tensor([1, 3]), 2)
    tensor([ True, False])
    """
    return np.less_equal(*align(input, other))


@le.source(number="input <= other")
def _(input: Operand, other: Operand) -> str | None:
    return "input <= other" if meet(input, other) else None


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
@primitive(label=">", family="compare", variables=("input",))
def gt(input: Array, other: Array) -> Array:
    """y = (input > other), entry by entry.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.gt(ac.tensor([1, 3]), 2)
    tensor([False,  True])
    """
    return np.greater(*align(input, other))


@gt.source(number="input > other")
def _(input: Operand, other: Operand) -> str | None:
    return "input > other" if meet(input, other) else None


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
@primitive(label="≥", family="compare", variables=("input",))
def ge(input: Array, other: Array) -> Array:
    """y = (input ≥ other), entry by entry.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.ge(ac.tensor([1, 2]), 2)
    tensor([False,  True])
    """
    return np.greater_equal(*align(input, other))


@ge.source(number="input >= other")
def _(input: Operand, other: Operand) -> str | None:
    return "input >= other" if meet(input, other) else None


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
@primitive(family="compare")
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
@primitive(family="compare")
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
@primitive(family="compare")
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
@expose("function method")
@primitive(label="≈", family="compare", variables=("input", "other"))
def isclose(input: Array, other: Array, *, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Array:
    """y = |input − other| ≤ atol + rtol · |other|, or both equal; with `equal_nan` NaN is close to NaN.   (*), (*) → (*) bool

    Raises:
        RuntimeError: different dtypes or negative tolerances.

    >>> import autograd_cnn as ac
    >>> ac.isclose(ac.tensor([1., 2.]), ac.tensor([1.000001, 2.1]))
    tensor([ True, False])
    """
    if input.dtype != other.dtype:
        raise DtypeError(expected("isclose", f"two tensors of one dtype ({input.dtype})", str(other.dtype), "Convert with .to(dtype)."))
    if rtol < 0 or atol < 0:
        raise RuntimeError(expected("isclose", "rtol and atol greater than or equal to zero", f"rtol={rtol}, atol={atol}"))
    close = np.equal(input, other)
    if equal_nan and input.dtype.kind == "f":
        close = close | (np.isnan(input) & np.isnan(other))
    if rtol == 0 and atol == 0:
        return close
    x, z = (input, other) if input.dtype.kind in "fc" else (input.astype(np.float64), other.astype(np.float64))
    near = np.abs(x - z)
    return close | (np.isfinite(near) & (near <= atol + np.abs(rtol * z)))


isclose.cases(_pair)


@isclose.bad_cases
def _() -> Any:
    yield Bad(np.ones(2), np.ones(2, np.float32), error=RuntimeError, match="two tensors of one dtype")
    yield Bad(np.ones(2), np.ones(2), rtol=-1.0, error=RuntimeError, match="greater than or equal to zero")


@isclose.onnx
def _(to: Emit, input: Any, other: Any, *, rtol: Any, atol: Any, equal_nan: Any) -> Any:
    if input.dtype.kind != "f":
        input, other = to.cast(input, np.float64), to.cast(other, np.float64)
    near = to.LessOrEqual(to.Abs(to.Sub(input, other)), to.Add(to.Mul(to.Abs(other), float(rtol)), float(atol)))
    finite = to.And(to.Not(to.IsInf(input)), to.Not(to.IsInf(other)))
    y = to.Or(to.Equal(input, other), to.And(near, finite))
    return to.Or(y, to.And(to.IsNaN(input), to.IsNaN(other))) if equal_nan else y


@expose("function method")
def allclose(input: Array, other: Array, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Are all entries close: |input − other| ≤ atol + rtol · |other|?

    >>> import autograd_cnn as ac
    >>> ac.allclose(ac.tensor([1., 2.]), ac.tensor([1., 2.000001]))
    True
    """
    taken("allclose()", input, other)
    return bool(unbox(isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)).all())


@expose("function method")
def equal(input: Array, other: Array) -> bool:
    """Have both the same shape and the same entries? (NaN equals nothing.)

    >>> import autograd_cnn as ac
    >>> ac.equal(ac.tensor([1, 2]), ac.tensor([1, 2]))
    True
    """
    x, z = unbox(input), unbox(other)
    for position, v in enumerate((x, z)):
        if not hasattr(v, "shape"):
            name = ("input", "other")[position]
            raise no_tensor(v, "equal", name, position + 1)
    taken("equal()", input, other)
    return bool(x.shape == z.shape and np.equal(*align(x, z)).all())


@expose("function")
@primitive(label="in", family="compare")
def isin(elements: Array, test_elements: Array, *, assume_unique: bool = False, invert: bool = False) -> Array:
    """Which of the elements are among the test elements (with `invert`: which are not).   (*), (*) → (*) bool

    `assume_unique` promises that neither holds an entry twice, which is quicker.

    >>> import autograd_cnn as ac
    >>> ac.isin(ac.tensor([1, 2, 3]), ac.tensor([3, 1]))
    tensor([ True, False,  True])
    """
    return np.isin(elements, test_elements, assume_unique=assume_unique, invert=invert)


isin.source("np.isin(elements, test_elements, invert=invert)")


@isin.onnx
def _(to: Emit, elements: Any, test_elements: Any, *, assume_unique: Any, invert: Any) -> Any:
    elements, test_elements = to.alike(elements, test_elements)
    flat = to.Reshape(test_elements, [-1])
    hits = to.cast(to.Equal(to.Unsqueeze(elements, [-1]), flat), np.int32)
    y = to.Greater(to.reduce("Sum", hits, (len(elements.shape),)), to.const(0, np.int32))
    return to.Not(y) if invert else y


isin.cases(lambda draw: Case(draw.integers((2, 3), 0, 5), draw.integers((3,), 0, 5), smooth=False))
