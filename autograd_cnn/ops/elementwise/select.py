"""Choosing between values entry by entry: where, maximum, minimum, clamp, and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DtypeError, expected
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand
from ...types.promotion import Array, align, result_type
from ..registry.expose import expose
from .select_bits import choose


@primitive(name="where", family="compare", derivative="1 or 0", entrywise=True)
def _where(condition: Array, input: Array, other: Array) -> Array:
    """y = input where condition, else other"""
    kind = getattr(condition, "dtype", None)
    if kind is not None and kind != np.bool_:
        if kind != np.uint8:
            raise DtypeError(expected("where", "condition to be a boolean tensor", f"a tensor with dtype {kind}", "Use condition.bool()."))
        condition = condition.astype(bool)
    if not hasattr(input, "dtype") and not hasattr(other, "dtype"):  # two Python numbers
        number = result_type(input, other).type
        return np.where(condition, number(input), number(other))
    return choose(condition, *align(input, other))


@_where.source(number="input if condition else other")
def _(condition: Operand) -> str | None:
    return "np.where(condition, input, other)" if condition.dtype is None or condition.dtype == bool else None


@_where.kernel(float)
def _(condition: bool, input: float, other: float) -> float:
    return input if condition else other


@_where.vjp("input")
def _(g: Array, condition: Array) -> Array:
    return _where(condition, g, 0.0)


@_where.vjp("other")
def _(g: Array, condition: Array) -> Array:
    return _where(condition, 0.0, g)


@_where.cases
def _(draw: Draw) -> Case:
    a, b, c = draw.shapes(3)
    return Case(draw.booleans(a), draw.array(b), draw.array(c))


@_where.bad_cases
def _() -> Any:
    yield Bad(np.ones(2), np.ones(2), np.ones(2), error=RuntimeError, match="condition to be a boolean tensor")
    yield Bad(np.ones(2, bool), np.ones(3), np.ones(2), error=RuntimeError, match="must match the size")


@_where.onnx
def _(to: Emit, condition: Any, input: Any, other: Any) -> Any:
    x, z = to.alike(input, other)
    return to.Where(to.cast(condition, bool), x, z)


@expose("function")
def where(condition: Array, input: Any = None, other: Any = None) -> Any:
    """y = input where the condition holds, else other, with broadcasting and type promotion.   (*), (*), (*) → (*)

    With the condition alone: the indices of its True entries, one tensor a dim, as `nonzero(condition, as_tuple=True)`.

    Raises:
        RuntimeError: the condition is neither bool nor uint8, or the shapes do not broadcast.

    >>> import autograd_cnn as ac
    >>> ac.where(ac.tensor([True, False]), ac.tensor([1., 2.]), 0.)
    tensor([1., 0.])
    """
    if input is None and other is None:
        return nonzero_tuple(condition)
    if input is None or other is None:
        raise TypeError(expected("where", "both input and other, or neither", "one of them"))
    return _where(condition, input, other)


@primitive(family="index", several=True)
def nonzero_tuple(input: Array) -> tuple[Array, ...]:
    """Where the entries are not zero: the indices, one array a dim."""
    if not getattr(input, "ndim", 0):
        return tuple(np.nonzero(np.atleast_1d(input)))
    return tuple(np.nonzero(input))


nonzero_tuple.source("np.nonzero(input)")


@nonzero_tuple.cases
def _(draw: Draw) -> Case:
    return Case(draw.booleans(draw.shape(min_dims=1)), smooth=False)


@nonzero_tuple.onnx
def _(to: Emit, input: Any) -> Any:
    rows = to.NonZero(input)
    each = [to.Gather(rows, to.const(d, np.int64), axis=0) for d in range(len(input.shape))]
    return tuple(each)


@expose("function method")
@primitive(label="max", family="compare", real=True, derivative="1 or 0", variables=("input", "other"))
def maximum(input: Array, other: Array) -> Array:
    """y = max(input, other); NaN where either is NaN. Where they are equal, each takes half the gradient.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.maximum(ac.tensor([1., 5.]), ac.tensor([3., 4.]))
    tensor([3., 5.])
    """
    return np.maximum(*align(input, other))


@maximum.kernel(float)
def _(input: float, other: float) -> float:
    return input if input > other or input != input else other


@maximum.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return _where(input < other, 0.0, _where(input == other, g / 2, g))


@maximum.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return _where(other < input, 0.0, _where(input == other, g / 2, g))


@maximum.cases
def _(draw: Draw) -> Case:
    return _apart(draw)


maximum.source("np.maximum(input, other)", number="max(input, other)")
maximum.onnx("Max")


def _apart(draw: Draw) -> Case:
    """Two arrays that broadcast and nowhere meet."""
    a, b = draw.shapes(2)
    x, z = draw.array(a), draw.array(b)
    return Case(x, np.where(np.abs(x - z) < 0.1, z + 0.5, z) if a == b else z + 5 * (1 if draw.boolean() else -1))


@expose("function method")
@primitive(label="min", family="compare", real=True, derivative="1 or 0", variables=("input", "other"))
def minimum(input: Array, other: Array) -> Array:
    """y = min(input, other); NaN where either is NaN. Where they are equal, each takes half the gradient.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.minimum(ac.tensor([1., 5.]), ac.tensor([3., 4.]))
    tensor([1., 4.])
    """
    return np.minimum(*align(input, other))


@minimum.kernel(float)
def _(input: float, other: float) -> float:
    return input if input < other or input != input else other


@minimum.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return _where(input > other, 0.0, _where(input == other, g / 2, g))


@minimum.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return _where(other > input, 0.0, _where(input == other, g / 2, g))


@minimum.cases
def _(draw: Draw) -> Case:
    return _apart(draw)


minimum.source("np.minimum(input, other)", number="min(input, other)")
minimum.onnx("Min")
