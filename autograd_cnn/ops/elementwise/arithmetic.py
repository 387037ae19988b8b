"""Arithmetic with broadcasting: + − × ÷, powers, signs, and the two operations that undo broadcasting and casting."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...engine.complaints import no_tensor
from ...engine.variable import unbox
from ...errors import expected
from ...kernels.onednn import binary as onednn
from ...kernels.reference.sums import add_up
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, literal, narrow, over
from ...types.promotion import Array, align, floating, number_in
from ..registry.expose import expose
from ..registry.legacy_arguments import numbers_first


@primitive(label="+", family="arithmetic", derivative="1", entrywise=True)
def _add(input: Array, other: Array) -> Array:
    """y = input + other"""
    return np.add(*align(input, other, wraps=True))


_add.accelerated(onednn.add)


_add.kernel(float)(operator.add)


@_add.vjp("input")
def _(g: Array) -> Array:
    return g


@_add.vjp("other")
def _(g: Array) -> Array:
    return g


@_add.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b))


@_add.bad_cases
def _() -> Any:
    yield Bad(np.ones((2, 3)), np.ones((2, 4)), error=RuntimeError, match="broadcast|match")


_add.source("input + other")
_add.onnx("Add")


def _scaled(x: Any, alpha: Any) -> Any:
    """alpha · x, where a negative alpha of unsigned integers wraps around."""
    dtype = getattr(unbox(x), "dtype", None)
    return mul(x, number_in(dtype, alpha) if dtype is not None and dtype.kind == "u" else alpha)


@expose("function method inplace")
@numbers_first("alpha")
def add(input: Array, other: Array, *, alpha: float = 1) -> Array:
    """y = input + alpha · other, with broadcasting and type promotion.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.add(ac.tensor([1., 2.]), ac.tensor([10., 20.]), alpha=0.1)
    tensor([2., 4.])
    """
    return _add(input, other if alpha == 1 else _scaled(other, alpha))


def _plus(input: Array, other: Array, alpha: float) -> Array:
    """`add` with its arguments by place, for `add_`."""
    return _add(input, other if alpha == 1 else _scaled(other, alpha))


@primitive(label="−", family="arithmetic", derivative="1, −1", entrywise=True)
def _sub(input: Array, other: Array) -> Array:
    """y = input − other"""
    if getattr(input, "dtype", None) == np.bool_ or getattr(other, "dtype", None) == np.bool_:
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use "
            "the `~` or `logical_not()` operator instead."
        )
    return np.subtract(*align(input, other, wraps=True))


_sub.kernel(float)(operator.sub)


@_sub.vjp("input")
def _(g: Array) -> Array:
    return g


@_sub.vjp("other")
def _(g: Array) -> Array:
    return -g


@_sub.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b))


_sub.source("input - other")
_sub.onnx("Sub")


@expose("function method inplace")
@numbers_first("alpha")
def sub(input: Array, other: Array, *, alpha: float = 1) -> Array:
    """y = input − alpha · other, with broadcasting and type promotion.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.sub(ac.tensor([10., 20.]), ac.tensor([1., 2.]))
    tensor([ 9., 18.])
    """
    return _sub(input, other if alpha == 1 else _scaled(other, alpha))


def _minus(input: Array, other: Array, alpha: float) -> Array:
    """`sub` with its arguments by place, for `sub_`."""
    return _sub(input, other if alpha == 1 else _scaled(other, alpha))


@expose("function method inplace")
@numbers_first("alpha")
def subtract(input: Array, other: Array, *, alpha: float = 1) -> Array:
    """The same as `sub`.

    >>> import autograd_cnn as ac
    >>> ac.subtract(ac.tensor([10., 20.]), 1)
    tensor([ 9., 19.])
    """
    return _sub(input, other if alpha == 1 else _scaled(other, alpha))


@expose("function method")
def rsub(input: Array, other: Array, *, alpha: float = 1) -> Array:
    """y = other − alpha · input.

    >>> import autograd_cnn as ac
    >>> ac.rsub(ac.tensor([1., 2.]), 10)
    tensor([9., 8.])
    """
    if isinstance(input, int | float):
        raise no_tensor(input, "rsub", "input", 1)
    return _sub(other, input if alpha == 1 else _scaled(input, alpha))


@expose("function method inplace")
@primitive(label="×", family="arithmetic", derivative="other, input", entrywise=True)
def mul(input: Array, other: Array) -> Array:
    """y = input · other, entry by entry, with broadcasting and type promotion.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.mul(ac.tensor([1., 2.]), ac.tensor([3., 4.]))
    tensor([3., 8.])
    """
    return np.multiply(*align(input, other, wraps=True))


mul.accelerated(onednn.multiply)


mul.kernel(float)(operator.mul)


@mul.vjp("input")
def _(g: Array, other: Array) -> Array:
    return g * other


@mul.vjp("other")
def _(g: Array, input: Array) -> Array:
    return g * input


@mul.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b))


mul.source("input * other")
mul.onnx("Mul")


@expose("function method inplace")
@mul.alias
def multiply(input: Array, other: Array) -> Array:
    """The same as `mul`.

    >>> import autograd_cnn as ac
    >>> ac.multiply(ac.tensor([1., 2.]), 3)
    tensor([3., 6.])
    """
    return mul(input, other)


@primitive(label="÷", family="arithmetic", derivative="1/other, −input/other²", entrywise=True)
def _div(input: Array, other: Array) -> Array:
    """y = input / other (true division: integers become floats)"""
    x, z = align(input, other)
    if x.__class__ in (int, float, bool) and z.__class__ in (int, float, bool):
        return x / z
    return np.true_divide(floating(x), floating(z))


@_div.kernel(float)
def _(input: float, other: float) -> float:
    try:
        return input / other
    except ZeroDivisionError:
        with np.errstate(all="ignore"):
            return float(np.divide(np.float64(input), np.float64(other)))


@_div.vjp("input")
def _(g: Array, other: Array) -> Array:
    return g / other


@_div.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return -g * (_div(input, other) / other)  # not by y, so that `y = a / b; y += c` may overwrite it


@_div.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b, low=0.5, high=2.0))


_div.source("input / other")
_div.onnx("Div")


@expose("function method inplace")
def div(input: Array, other: Array, *, rounding_mode: str | None = None) -> Array:
    """y = input / other; `rounding_mode` "trunc" or "floor" rounds the quotient (whose gradient then is 0).   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.div(ac.tensor([7., -7.]), 2, rounding_mode="floor")
    tensor([ 3., -4.])
    """
    if rounding_mode is None:
        return _div(input, other)
    if rounding_mode == "floor":
        return _div_floor(input, other)
    if rounding_mode == "trunc":
        return trunc_divide(input, other)
    raise RuntimeError(expected("div", "rounding_mode None, 'trunc' or 'floor'", repr(rounding_mode)))


@expose("function method inplace")
def divide(input: Array, other: Array, *, rounding_mode: str | None = None) -> Array:
    """The same as `div`.

    >>> import autograd_cnn as ac
    >>> ac.divide(ac.tensor([7., -7.]), 2)
    tensor([ 3.5000, -3.5000])
    """
    return div(input, other, rounding_mode=rounding_mode)


@expose("function method inplace")
def true_divide(input: Array, other: Array, *, rounding_mode: str | None = None) -> Array:
    """The same as `div`.

    >>> import autograd_cnn as ac
    >>> ac.true_divide(ac.tensor([7., -7.]), 2)
    tensor([ 3.5000, -3.5000])
    """
    return div(input, other, rounding_mode=rounding_mode)


@expose("function method inplace")
@primitive(label="⌊÷⌋", family="arithmetic", real=True)
def floor_divide(input: Array, other: Array) -> Array:
    """y = ⌊input / other⌋.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.floor_divide(ac.tensor([7, -7]), 2)
    tensor([ 3, -4])
    """
    x, z = align(input, other)
    if getattr(x, "dtype", np.dtype(float)).kind in "iu" and np.any(np.equal(z, 0)):
        raise RuntimeError("ZeroDivisionError: floor_divide: expected a divisor without zeros for integers, got a zero.")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.floor_divide(x, z)


@floor_divide.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    if draw.boolean():
        return Case(draw.integers(a, -9, 10), draw.integers(b, 1, 5) * draw.choice([-1, 1]), smooth=False)
    return Case(draw.array(a), draw.array(b, low=0.3), smooth=False)


@floor_divide.bad_cases
def _() -> Any:
    yield Bad(np.array([1, 2]), np.array([1, 0]), error=RuntimeError, match="ZeroDivisionError")


@floor_divide.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, z = to.alike(input, other)
    if x.dtype.kind == "f":
        return to.Floor(to.Div(x, z))
    return to.Div(to.Sub(x, to.Mod(x, z)), z)


@primitive(name="div_floor", label="⌊÷⌋", family="arithmetic", real=True, derivative="0")
def _div_floor(input: Array, other: Array) -> Array:
    """y = ⌊input / other⌋, whose slope is 0 wherever it has one"""
    return floor_divide.forward(input, other)


floor_divide.source(number="input // other")
_div_floor.source(number="input // other")


@_div_floor.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, z = to.alike(input, other)
    if x.dtype.kind == "f":
        return to.Floor(to.Div(x, z))
    return to.Div(to.Sub(x, to.Mod(x, z)), z)


@primitive(label="trunc ÷", family="arithmetic", real=True, derivative="0")
def trunc_divide(input: Array, other: Array) -> Array:
    """y = input / other, rounded towards zero"""
    x, z = align(input, other)
    if getattr(x, "dtype", np.dtype(float)).kind in "iu":
        if np.any(np.equal(z, 0)):
            raise RuntimeError("ZeroDivisionError: div: expected a divisor without zeros for integers, got a zero.")
        q = np.floor_divide(x, z)
        return q + ((q < 0) & (np.multiply(q, z) != x))
    return np.trunc(np.true_divide(x, z))


@trunc_divide.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, z = to.alike(input, other)
    if x.dtype.kind != "f":
        return to.Div(x, z)
    q = to.Div(x, z)
    return to.Mul(to.Sign(q), to.Floor(to.Abs(q)))


for _stepped in (_div_floor, trunc_divide):

    @_stepped.vjp("input")
    def _(g: Array) -> Array:
        return g * 0.0

    @_stepped.vjp("other")
    def _(g: Array) -> Array:
        return g * 0.0

    @_stepped.cases
    def _(draw: Draw) -> Case:
        shape = draw.shape()
        quotient = draw.integers(shape, -3, 4) + draw.array(shape, low=0.3, high=0.7)  # away from the steps
        z = draw.array(shape, low=0.8, high=1.5)
        return Case(quotient * z, z)


@expose("function method inplace")
@primitive(label="−", family="arithmetic", derivative="−1", entrywise=True)
def neg(input: Array) -> Array:
    """y = −input.   (*) → (*)

    Raises:
        RuntimeError: bools.

    >>> import autograd_cnn as ac
    >>> ac.neg(ac.tensor([1., -2.]))
    tensor([-1.,  2.])
    """
    if getattr(input, "dtype", None) == np.bool_:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
            "`logical_not()` operator instead."
        )
    return np.negative(input)


neg.kernel(float)(operator.neg)


@neg.vjp("input")
def _(g: Array) -> Array:
    return -g


@neg.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


neg.source("-input")
neg.onnx("Neg")


@expose("function method inplace")
@neg.alias
def negative(input: Array) -> Array:
    """The same as `neg`.

    >>> import autograd_cnn as ac
    >>> ac.negative(ac.tensor([1., -2.]))
    tensor([-1.,  2.])
    """
    return neg(input)


@primitive(label="cast {dtype}", family="arithmetic", entrywise=True)
def cast(input: Array, *, dtype: Any) -> Array:
    """The same values in another dtype.   (*) → (*)"""
    return input.astype(dtype) if hasattr(input, "astype") else np.dtype(dtype).type(input)


@cast.source
def _(input: Operand, dtype: Any) -> str:
    return "input.astype(dtype)" if input.shape is not None else "dtype(input)"


@cast.vjp("input")
def _(g: Array) -> Array:
    return g  # the walker gives it the input's dtype


@cast.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(), dtype=np.dtype(np.float64))


@cast.onnx
def _(to: Emit, input: Any, *, dtype: Any) -> Any:
    return to.cast(input, dtype)


@primitive(label="Σ to {shape}", family="reduce")
def sum_to(input: Array, *, shape: tuple[int, ...]) -> Array:
    """Undo broadcasting: sum over the dims in which `shape` was stretched to the input's shape."""
    lead = input.ndim - len(shape)
    dims = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n == 1 and input.shape[i + lead] != 1)
    return add_up(input, dims, True).astype(input.dtype, copy=False).reshape(shape) if dims else np.array(input).reshape(shape)


@sum_to.source
def _(input: Operand, shape: Any) -> str | None:
    lead = input.ndim - len(shape)
    dims = (*range(lead), *(i + lead for i, n in enumerate(shape) if n == 1 and (input.shape or ())[i + lead] != 1))
    if narrow(input) or not dims:
        return None
    if len(dims) == input.ndim and not shape:
        return "input.sum()"
    if not lead:
        return f"input.sum({over(dims, True)})"
    return f"input.sum({over(dims)})" + ("" if len(dims) == lead else f".reshape({literal(shape)})")


@sum_to.vjp("input")
def _(g: Array, input_shape: tuple[int, ...]) -> Array:
    return expand_to(g, shape=input_shape)


@sum_to.cases
def _(draw: Draw) -> Case:
    small, big = draw.shapes(2)
    big = np.broadcast_shapes(small, big)
    return Case(draw.array(big), shape=small)


@sum_to.onnx
def _(to: Emit, input: Any, *, shape: Any) -> Any:
    lead = len(input.shape) - len(shape)
    dims = [*range(lead), *(i + lead for i, n in enumerate(shape) if n == 1 and input.shape[i + lead] != 1)]
    return to.reshape(to.reduce("Sum", input, dims, True), shape)


@primitive(label="expand {shape}", family="shape", view=True)
def expand_to(input: Array, *, shape: tuple[int, ...]) -> Array:
    """Stretch dims of size 1, and new ones in front, to `shape`; no memory is copied."""
    y = np.broadcast_to(input, shape)
    if isinstance(input, np.ndarray) and y.size == input.size:  # no entry is met twice: it may be written to
        y.flags.writeable = input.flags.writeable
    return y


expand_to.source("np.broadcast_to(input, shape)")


@expand_to.vjp("input")
def _(g: Array, input_shape: tuple[int, ...]) -> Array:
    return sum_to(g, shape=input_shape)


@expand_to.cases
def _(draw: Draw) -> Case:
    small, big = draw.shapes(2)
    return Case(draw.array(small), shape=tuple(np.broadcast_shapes(small, big)))


@expand_to.onnx
def _(to: Emit, input: Any, *, shape: Any) -> Any:
    return to.Expand(input, list(shape)) if shape else to.Identity(input)
