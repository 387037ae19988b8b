"""Trigonometric and hyperbolic functions and their inverses, entry by entry. Integers become floats; angles are in radians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.kinds import float_only
from ...types.promotion import Array, align, floating
from ..registry.expose import expose
from ..registry.scalar_kernels import total
from .exponential import rsqrt
from .select import _where as where


def _any(draw: Draw) -> Case:
    return Case(draw.array())


def _inside(draw: Draw) -> Case:
    return Case(draw.array(low=-0.9, high=0.9))


# ------------------------------------------------------------------------------------------------- sine and its kin
@expose("function method inplace")
@primitive(family="arithmetic", derivative="cos x")
def sin(input: Array) -> Array:
    """y = sin input.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.sin(ac.tensor([0., 1.]))
    tensor([0.0000, 0.8415])
    """
    return np.sin(floating(input))


sin.kernel(float)(total(math.sin, np.sin))


@sin.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * cos(input)


sin.source("np.sin(input)", number="math.sin(input)")
sin.onnx("Sin")


sin.cases(_any)


@expose("function method inplace")
@primitive(family="arithmetic", derivative="−sin x")
def cos(input: Array) -> Array:
    """y = cos input.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.cos(ac.tensor([0., 1.]))
    tensor([1.0000, 0.5403])
    """
    return np.cos(floating(input))


cos.kernel(float)(total(math.cos, np.cos))


@cos.vjp("input")
def _(g: Array, input: Array) -> Array:
    return -g * sin(input)


cos.source("np.cos(input)", number="math.cos(input)")
cos.onnx("Cos")


cos.cases(_any)


@expose("function method inplace")
@primitive(family="arithmetic", derivative="1 + y²")
def tan(input: Array) -> Array:
    """y = tan input.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.tan(ac.tensor([0., 1.]))
    tensor([0.0000, 1.5574])
    """
    return np.tan(floating(input))


tan.kernel(float)(total(math.tan, np.tan))


@tan.vjp("input")
def _(g: Array, y: Array) -> Array:
    return g * (1 + y * y)


tan.source("np.tan(input)", number="math.tan(input)")
tan.onnx("Tan")


tan.cases(lambda draw: Case(draw.array(low=-1.2, high=1.2)))


@expose("function method inplace")
@primitive(family="arithmetic", derivative="1/√(1 − x²)")
def asin(input: Array) -> Array:
    """y = arcsin input in [−π/2, π/2]; NaN outside of [−1, 1].   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.asin(ac.tensor([0., 1.]))
    tensor([0.0000, 1.5708])
    """
    return np.arcsin(floating(input))


asin.kernel(float)(total(math.asin, np.arcsin))


@asin.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * rsqrt(1 - input * input)


asin.source("np.arcsin(input)", number="math.asin(input)")
asin.onnx("Asin")


asin.cases(_inside)


@expose("function method inplace")
@asin.alias
def arcsin(input: Array) -> Array:
    """The same as `asin`.

    >>> import autograd_cnn as ac
    >>> ac.arcsin(ac.tensor([0., 1.]))
    tensor([0.0000, 1.5708])
    """
    return asin(input)


@expose("function method inplace")
@primitive(family="arithmetic", derivative="−1/√(1 − x²)")
def acos(input: Array) -> Array:
    """y = arccos input in [0, π]; NaN outside of [−1, 1].   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.acos(ac.tensor([0., 1.]))
    tensor([1.5708, 0.0000])
    """
    return np.arccos(floating(input))


acos.kernel(float)(total(math.acos, np.arccos))


@acos.vjp("input")
def _(g: Array, input: Array) -> Array:
    return -g * rsqrt(1 - input * input)


acos.source("np.arccos(input)", number="math.acos(input)")
acos.onnx("Acos")


acos.cases(_inside)


@expose("function method inplace")
@acos.alias
def arccos(input: Array) -> Array:
    """The same as `acos`.

    >>> import autograd_cnn as ac
    >>> ac.arccos(ac.tensor([1., 0.]))
    tensor([0.0000, 1.5708])
    """
    return acos(input)


@expose("function method inplace")
@primitive(family="arithmetic", derivative="1/(1 + x²)")
def atan(input: Array) -> Array:
    """y = arctan input in (−π/2, π/2).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.atan(ac.tensor([0., 1.]))
    tensor([0.0000, 0.7854])
    """
    return np.arctan(floating(input))


atan.kernel(float)(math.atan)


@atan.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / (input * input + 1)


atan.source("np.arctan(input)", number="math.atan(input)")
atan.onnx("Atan")


atan.cases(_any)


@expose("function method inplace")
@atan.alias
def arctan(input: Array) -> Array:
    """The same as `atan`.

    >>> import autograd_cnn as ac
    >>> ac.arctan(ac.tensor([0., 1.]))
    tensor([0.0000, 0.7854])
    """
    return atan(input)


@expose("function method inplace")
@primitive(family="arithmetic", real=True, derivative="x/(x² + y²), −y/(x² + y²)", variables=("input", "other"))
def atan2(input: Array, other: Array) -> Array:
    """The angle of the point (other, input) in [−π, π]: arctan(input / other) in the right quadrant.   (*), (*) → (*)

    The gradient at the origin is 0.

    >>> import autograd_cnn as ac
    >>> ac.atan2(ac.tensor([1., -1.]), ac.tensor([1., -1.]))
    tensor([ 0.7854, -2.3562])
    """
    x, z = align(input, other)
    return np.arctan2(floating(x), floating(z))


atan2.source("np.arctan2(input, other)", number="math.atan2(input, other)")
atan2.kernel(float)(math.atan2)


@atan2.vjp("input", "other")
def _(g: Array, input: Array, other: Array) -> tuple[Array, Array]:
    r = input * input + other * other
    g = where(r == 0, 0.0, g / where(r == 0, 1.0, r))
    return g * other, -g * input


@atan2.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b, low=0.3))


@atan2.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    y, x = to.cast(input, to.dtype), to.cast(other, to.dtype)
    slope = to.Atan(to.Div(y, x))
    turn = to.Where(to.Less(y, 0.0), to.const(-math.pi, to.dtype), to.const(math.pi, to.dtype))
    plain = to.Where(to.Less(x, 0.0), to.Add(slope, turn), slope)
    return to.Where(to.And(to.Equal(x, 0.0), to.Equal(y, 0.0)), to.const(0, to.dtype), plain)


@expose("function method inplace")
@atan2.alias
def arctan2(input: Array, other: Array) -> Array:
    """The same as `atan2`.

    >>> import autograd_cnn as ac
    >>> ac.arctan2(ac.tensor([0., 1.]), ac.tensor([1., 0.]))
    tensor([0.0000, 1.5708])
    """
    return atan2(input, other)


@expose("function method inplace")
@primitive(family="arithmetic", derivative="x/y, z/y", variables=("input", "other"))
def hypot(input: Array, other: Array) -> Array:
    """y = √(input² + other²), without overflow.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.hypot(ac.tensor([3.]), ac.tensor([4.]))
    tensor([5.])
    """
    return np.hypot(*(float_only(v, "hypot") for v in align(input, other)))


hypot.source("np.hypot(input, other)", number="math.hypot(input, other)")


@hypot.vjp("input")
def _(g: Array, y: Array, input: Array) -> Array:
    return g * (input / y)


@hypot.vjp("other")
def _(g: Array, y: Array, other: Array) -> Array:
    return g * (other / y)


@hypot.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a, avoid=0.0), draw.array(b, low=0.3))


@hypot.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, z = to.alike(input, other)
    return to.Sqrt(to.Add(to.Mul(x, x), to.Mul(z, z)))


@expose("function method inplace")
@primitive(family="arithmetic", derivative="(cos πx − y)/x")
def sinc(input: Array) -> Array:
    """y = sin(πx) / (πx), 1 at 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.sinc(ac.tensor([0., 0.5]))
    tensor([1.0000, 0.6366])
    """
    return np.sinc(floating(input)).astype(floating(input).dtype, copy=False)


sinc.source("np.sinc(input)")


@sinc.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * _sinc_slope(input, order=1)


@sinc.onnx
def _(to: Emit, input: Any) -> Any:
    z = to.Mul(to.cast(input, to.dtype), math.pi)
    zero = to.Equal(z, 0.0)
    one = to.const(1, to.dtype)
    return to.Where(zero, one, to.Div(to.Sin(z), to.Where(zero, one, z)))


sinc.cases(_any)


@primitive(name="sinc slope", label="sinc⁽{order}⁾", family="arithmetic", derivative="sinc⁽ⁿ⁺¹⁾")
def _sinc_slope(input: Array, *, order: int) -> Array:
    """y = dⁿ/dxⁿ sin(πx)/(πx) for n = order ≥ 1, in float64 within

    With z = πx and s = sin(z)/z: z s⁽ⁿ⁾ + n s⁽ⁿ⁻¹⁾ = sin⁽ⁿ⁾ z, which cancels where z is small; there
    s⁽ⁿ⁾ = Σ (−1)ᵏ z²ᵏ⁻ⁿ / ((2k + 1) (2k − n)!) over 2k ≥ n.
    """
    x = floating(input)
    z = np.asarray(x, np.float64) * math.pi
    near = np.abs(z) < 1 + order
    small = np.where(near, z, 0.0)
    square, first = small * small, (order + 1) // 2
    series = np.zeros_like(z)
    for k in range(first + 10 + order, first - 1, -1):
        n = 2 * k - order
        series *= square
        series += (-1) ** k / ((2 * k + 1) * math.factorial(n))
    series *= small if order % 2 else 1.0
    far = np.where(near, 1.0, z)
    sine, cosine = np.sin(far), np.cos(far)
    y = sine / far
    for n in range(1, order + 1):
        y = ((sine, cosine, -sine, -cosine)[n % 4] - n * y) / far
    return (np.where(near, series, y) * math.pi**order).astype(np.asarray(x).dtype, copy=False)


@_sinc_slope.vjp("input")
def _(g: Array, input: Array, order: int) -> Array:
    return g * _sinc_slope(input, order=order + 1)


@_sinc_slope.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(), order=draw.choice([1, 2]))
