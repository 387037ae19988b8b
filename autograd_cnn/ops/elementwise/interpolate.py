"""Mixing several tensors entry by entry: lerp, addcmul, addcdiv, and the choices that pass over NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.variable import array_of
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand
from ...types.kinds import inexact_only, spoken
from ...types.promotion import Array, align
from ..registry.expose import expose
from ..registry.legacy_arguments import numbers_first
from .arithmetic import _add, _div, mul
from .comparison import isnan
from .select import _apart, _where


@expose("function method inplace")
@primitive(label="lerp", family="arithmetic", derivative="1 − w, w, end − start")
def lerp(input: Array, end: Array, weight: Array) -> Array:
    """y = input + weight · (end − input); weight is a number or a tensor.   (*), (*), (*) → (*)

    Raises:
        RuntimeError: different dtypes.

    >>> import autograd_cnn as ac
    >>> ac.lerp(ac.tensor([0., 10.]), ac.tensor([10., 20.]), 0.5)
    tensor([ 5., 15.])
    """
    for v in (end, weight):
        dtype = getattr(v, "dtype", None)
        if dtype is not None and getattr(input, "dtype", dtype) != dtype:
            raise RuntimeError(
                f"lerp: expected dtype {spoken(input.dtype)} for `end` and `weight`, got {spoken(dtype)}. Convert with .to(dtype)."
            )
    inexact_only(input, "lerp")
    far = np.greater_equal(np.abs(weight), 0.5)  # from the nearer end, so that weight 1 gives `end` exactly
    span = end - input
    if np.ndim(far) == 0:
        return end - span * (1 - weight) if far else input + weight * span
    return np.where(far, end - span * (1 - weight), input + weight * span)


@lerp.source
def _(weight: Operand) -> str | None:
    if weight.value is None:
        return None
    return "input + weight * (end - input)" if abs(weight.value) < 0.5 else "end - (end - input) * (1 - weight)"


@lerp.vjp("input")
def _(g: Array, weight: Array) -> Array:
    return g * (1 - weight)


@lerp.vjp("end")
def _(g: Array, weight: Array) -> Array:
    return g * weight


@lerp.vjp("weight")
def _(g: Array, input: Array, end: Array) -> Array:
    return g * (end - input)


@lerp.cases
def _(draw: Draw) -> Case:
    a, b, c = draw.shapes(3)
    return Case(draw.array(a), draw.array(b), draw.array(c) if draw.boolean() else draw.real(-1, 2))


@lerp.bad_cases
def _() -> Any:
    yield Bad(np.ones(2), np.ones(2, np.float32), 0.5, error=RuntimeError, match="expected dtype Double")


@lerp.onnx
def _(to: Emit, input: Any, end: Any, weight: Any) -> Any:
    input, end, weight = to.alike(input, end, weight)
    span = to.Sub(end, input)
    far = to.Sub(end, to.Mul(span, to.Sub(to.const(1, input.dtype), weight)))
    return to.Where(to.GreaterOrEqual(to.Abs(weight), 0.5), far, to.Add(input, to.Mul(weight, span)))


@expose("function method inplace")
@numbers_first("value")
def addcmul(input: Array, tensor1: Array, tensor2: Array, *, value: float = 1) -> Array:
    """y = input + value · tensor1 · tensor2.   (*), (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.addcmul(ac.tensor([1.]), ac.tensor([2.]), ac.tensor([3.]), value=10)
    tensor([61.])
    """
    array_of(tensor1), array_of(tensor2)
    product = mul(tensor1, tensor2)
    return _add(input, product if value == 1 else mul(product, value))


@expose("function method inplace")
@numbers_first("value")
def addcdiv(input: Array, tensor1: Array, tensor2: Array, *, value: float = 1) -> Array:
    """y = input + value · tensor1 / tensor2.   (*), (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.addcdiv(ac.tensor([1.]), ac.tensor([3.]), ac.tensor([2.]), value=10)
    tensor([16.])
    """
    array_of(tensor1), array_of(tensor2)
    quotient = _div(tensor1, tensor2)
    return _add(input, quotient if value == 1 else mul(quotient, value))


# ------------------------------------------------------------------------------------------------- passing over NaN
@expose("function method")
@primitive(label="max", family="compare", real=True, derivative="1 or 0", variables=("input", "other"))
def fmax(input: Array, other: Array) -> Array:
    """y = max(input, other), the number where one of them is NaN; where they are equal, the input takes the gradient.

    >>> import autograd_cnn as ac
    >>> ac.fmax(ac.tensor([1., float("nan")]), ac.tensor([3., 4.]))
    tensor([3., 4.])
    """
    return np.fmax(*align(input, other))


fmax.source("np.fmax(input, other)")


@fmax.vjp("input", "other")
def _(g: Array, input: Array, other: Array) -> tuple[Array, Array]:
    first = (input >= other) | isnan(other)
    return _where(first, g, 0.0), _where(first, 0.0, g)


@fmax.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, z = to.alike(input, other)
    if x.dtype.kind != "f":
        return to.Max(x, z)
    return to.Where(to.IsNaN(x), z, to.Where(to.IsNaN(z), x, to.Max(x, z)))


fmax.cases(_apart)


@expose("function method")
@primitive(label="min", family="compare", real=True, derivative="1 or 0", variables=("input", "other"))
def fmin(input: Array, other: Array) -> Array:
    """y = min(input, other), the number where one of them is NaN; where they are equal, the input takes the gradient.

    >>> import autograd_cnn as ac
    >>> ac.fmin(ac.tensor([1., float("nan")]), ac.tensor([3., 4.]))
    tensor([1., 4.])
    """
    return np.fmin(*align(input, other))


fmin.source("np.fmin(input, other)")


@fmin.vjp("input", "other")
def _(g: Array, input: Array, other: Array) -> tuple[Array, Array]:
    first = (input <= other) | isnan(other)
    return _where(first, g, 0.0), _where(first, 0.0, g)


@fmin.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, z = to.alike(input, other)
    if x.dtype.kind != "f":
        return to.Min(x, z)
    return to.Where(to.IsNaN(x), z, to.Where(to.IsNaN(z), x, to.Min(x, z)))


fmin.cases(_apart)


@expose("function method inplace")
@primitive(label="step", family="compare", real=True, variables=("input", "values"))
def heaviside(input: Array, values: Array) -> Array:
    """y = 0 where input < 0, `values` where it is 0, 1 where it is greater.   (*), (*) → (*)

    Raises:
        RuntimeError: different dtypes.

    >>> import autograd_cnn as ac
    >>> ac.heaviside(ac.tensor([-1., 0., 2.]), ac.tensor([0.5]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    if getattr(input, "dtype", None) != getattr(values, "dtype", None):
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes: expected values in the input's dtype.")
    return np.where(np.equal(input, 0), values, np.greater(input, 0).astype(input.dtype))


@heaviside.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b), smooth=False)


@heaviside.onnx
def _(to: Emit, input: Any, values: Any) -> Any:
    zero = to.const(0, input.dtype)
    y = to.Where(to.Equal(input, zero), values, to.cast(to.Greater(input, zero), input.dtype))
    return to.Where(to.IsNaN(input), input, y) if input.dtype.kind == "f" else y
