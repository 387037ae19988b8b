"""Logic on truth values and on bits. Nothing here takes a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand
from ...types.promotion import Array, align
from ..registry.expose import expose


def _bools(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.booleans(a), draw.booleans(b), smooth=False)


def _integers(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.integers(a, 0, 100), draw.integers(b, 0, 6), smooth=False)


def _bits(operation: str, *values: Any) -> tuple[Any, ...]:
    """The operands, if they have bits to speak of."""
    for v in values:
        dtype = getattr(v, "dtype", None)
        if (dtype is not None and dtype.kind not in "biu") or isinstance(v, float):
            raise NotImplementedError(
                f"\"{operation}\" not implemented for '{dtype or 'float'}': expected integers or bools. Convert with .long() or .bool()."
            )
    return values


# ------------------------------------------------------------------------------------------------- truth values
@expose("function method inplace")
@primitive(label="∧", family="compare", variables=("input", "other"))
def logical_and(input: Array, other: Array) -> Array:
    """y = input and other, where 0 is False and all else True.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.logical_and(ac.tensor([1., 0.]), ac.tensor([2., 3.]))
    tensor([ True, False])
    """
    return np.logical_and(input, other)


@logical_and.source
def _(input: Operand, other: Operand) -> str:
    return "input & other" if input.dtype == other.dtype == bool else "np.logical_and(input, other)"


@logical_and.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    return to.And(to.cast(input, bool), to.cast(other, bool))


@expose("function method inplace")
@primitive(label="∨", family="compare", variables=("input", "other"))
def logical_or(input: Array, other: Array) -> Array:
    """y = input or other, where 0 is False and all else True.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.logical_or(ac.tensor([1., 0.]), ac.tensor([0., 0.]))
    tensor([ True, False])
    """
    return np.logical_or(input, other)


@logical_or.source
def _(input: Operand, other: Operand) -> str:
    return "input | other" if input.dtype == other.dtype == bool else "np.logical_or(input, other)"


@logical_or.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    return to.Or(to.cast(input, bool), to.cast(other, bool))


@expose("function method inplace")
@primitive(label="⊻", family="compare", variables=("input", "other"))
def logical_xor(input: Array, other: Array) -> Array:
    """y = either input or other, not both.   (*), (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.logical_xor(ac.tensor([1., 0.]), ac.tensor([1., 2.]))
    tensor([False,  True])
    """
    return np.logical_xor(input, other)


@logical_xor.source
def _(input: Operand, other: Operand) -> str:
    return "input ^ other" if input.dtype == other.dtype == bool else "np.logical_xor(input, other)"


@logical_xor.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    return to.Xor(to.cast(input, bool), to.cast(other, bool))


@expose("function method inplace")
@primitive(label="¬", family="compare")
def logical_not(input: Array) -> Array:
    """y = (input = 0).   (*) → (*) bool

    >>> import autograd_cnn as ac
    >>> ac.logical_not(ac.tensor([1., 0.]))
    tensor([False,  True])
    """
    return np.logical_not(input)


@logical_not.source
def _(input: Operand) -> str:
    return "~input" if input.dtype == bool else "np.logical_not(input)"


@logical_not.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Not(to.cast(input, bool))


for _logic in (logical_and, logical_or, logical_xor):
    _logic.cases(_bools)
logical_not.cases(lambda draw: Case(draw.booleans(draw.shape()), smooth=False))


# ------------------------------------------------------------------------------------------------- bits
@expose("function method inplace")
@primitive(label="&", family="compare")
def bitwise_and(input: Array, other: Array) -> Array:
    """y = input & other, bit by bit; of bools the logical and.   (*), (*) → (*)

    Raises:
        NotImplementedError: floats.

    >>> import autograd_cnn as ac
    >>> ac.bitwise_and(ac.tensor([6, 5]), 3)
    tensor([2, 1])
    """
    return np.bitwise_and(*align(*_bits("bitwise_and", input, other)))


@bitwise_and.source
def _(input: Operand, other: Operand) -> str | None:
    return "input & other" if input.dtype == other.dtype else None


@expose("function method inplace")
@primitive(label="|", family="compare")
def bitwise_or(input: Array, other: Array) -> Array:
    """y = input | other, bit by bit; of bools the logical or.   (*), (*) → (*)

    Raises:
        NotImplementedError: floats.

    >>> import autograd_cnn as ac
    >>> ac.bitwise_or(ac.tensor([6, 5]), 3)
    tensor([7, 7])
    """
    return np.bitwise_or(*align(*_bits("bitwise_or", input, other)))


@bitwise_or.source
def _(input: Operand, other: Operand) -> str | None:
    return "input | other" if input.dtype == other.dtype else None


bitwise_or.onnx("BitwiseOr")


@expose("function method inplace")
@primitive(label="^", family="compare")
def bitwise_xor(input: Array, other: Array) -> Array:
    """y = input xor other, bit by bit.   (*), (*) → (*)

    Raises:
        NotImplementedError: floats.

    >>> import autograd_cnn as ac
    >>> ac.bitwise_xor(ac.tensor([6, 5]), 3)
    tensor([5, 6])
    """
    return np.bitwise_xor(*align(*_bits("bitwise_xor", input, other)))


@bitwise_xor.source
def _(input: Operand, other: Operand) -> str | None:
    return "input ^ other" if input.dtype == other.dtype else None


bitwise_xor.onnx("BitwiseXor")


@expose("function method inplace")
@primitive(label="~", family="compare")
def bitwise_not(input: Array) -> Array:
    """y = ~input, bit by bit: −input − 1 of integers, the logical not of bools.   (*) → (*)

    Raises:
        NotImplementedError: floats.

    >>> import autograd_cnn as ac
    >>> ac.bitwise_not(ac.tensor([True, False]))
    tensor([False,  True])
    """
    return np.invert(*_bits("bitwise_not", input))


def _bounded(x: Any, by: Any) -> Any:
    """Shifting by the width of the type or more shifts everything out; NumPy asks for less than that."""
    width = np.asarray(x).dtype.itemsize * 8
    return np.less(by, 0) | np.greater_equal(by, width)


@expose("function method inplace", "bitwise_left_shift")
@primitive(label="≪", family="compare")
def bitwise_left_shift(input: Array, other: Array) -> Array:
    """y = input · 2^other, in integers; 0 where all bits are shifted out.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.bitwise_left_shift(ac.tensor([1, 3]), 2)
    tensor([ 4, 12])
    """
    x, by = align(*_bits("bitwise_left_shift", input, other))
    out = _bounded(x, by)
    return np.where(out, np.asarray(x).dtype.type(0), np.left_shift(x, np.where(out, np.asarray(by).dtype.type(0), by)))


@bitwise_left_shift.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    if to.dtype.kind != "u":
        return to.Mul(to.cast(input, to.dtype), to.cast(to.Pow(to.const(2.0, np.float64), to.cast(other, np.float64)), to.dtype))
    return to.BitShift(*to.alike(input, other), direction="LEFT")


@expose("function method inplace", "bitwise_right_shift")
@primitive(label="≫", family="compare")
def bitwise_right_shift(input: Array, other: Array) -> Array:
    """y = ⌊input / 2^other⌋, in integers; the sign (0 or −1) where all bits are shifted out.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.bitwise_right_shift(ac.tensor([4, 13]), 2)
    tensor([1, 3])
    """
    x, by = align(*_bits("bitwise_right_shift", input, other))
    width = np.asarray(x).dtype.itemsize * 8
    return np.right_shift(x, np.where(_bounded(x, by), np.asarray(by).dtype.type(width - 1), by))


@bitwise_right_shift.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    if to.dtype.kind != "u":
        power = to.cast(to.Pow(to.const(2.0, np.float64), to.cast(other, np.float64)), to.dtype)
        x = to.cast(input, to.dtype)
        return to.Div(to.Sub(x, to.Mod(x, power)), power)
    return to.BitShift(*to.alike(input, other), direction="RIGHT")


for _bitwise in (bitwise_and, bitwise_or, bitwise_xor, bitwise_left_shift, bitwise_right_shift):
    _bitwise.cases(_integers)
bitwise_not.cases(lambda draw: Case(draw.integers(draw.shape(), -50, 50), smooth=False))


@bitwise_and.bad_cases
def _() -> Any:
    yield Bad(np.ones(2), np.ones(2), error=NotImplementedError, match='"bitwise_and" not implemented')


bitwise_and.onnx("BitwiseAnd")


@bitwise_not.bad_cases
def _() -> Any:
    yield Bad(np.ones(2), error=NotImplementedError, match='"bitwise_not" not implemented')


bitwise_not.source("~input")
bitwise_not.onnx("BitwiseNot")
