"""The error function and its kin; logarithms of sums and products, without overflow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.reference import errorfunction
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.kinds import float_only
from ...types.promotion import Array, align, floating
from ..registry.expose import expose
from .exponential import LN2, exp, log, sigmoid
from .select import _where as where

_SLOPE = 2 / math.sqrt(math.pi)  # of erf at 0


@expose("function method inplace")
@primitive(family="arithmetic", real=True, derivative="2/√π · e^(−x²)")
def erf(input: Array) -> Array:
    """y = 2/√π ∫₀ˣ e^(−t²) dt.   (*) → (*)   [Cody 1969]

    >>> import autograd_cnn as ac
    >>> ac.erf(ac.tensor([0., 1.]))
    tensor([0.0000, 0.8427])
    """
    return errorfunction.erf(floating(input))


erf.kernel(float)(math.erf)


@erf.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * (exp(-(input * input)) * _SLOPE)


@erf.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=-5.0, high=5.0))


erf.source(number="math.erf(input)")
erf.onnx("Erf")


@expose("function method inplace")
@primitive(family="arithmetic", real=True, derivative="−2/√π · e^(−x²)")
def erfc(input: Array) -> Array:
    """y = 1 − erf(input), without cancellation where erf is near 1.   (*) → (*)   [Cody 1969]

    >>> import autograd_cnn as ac
    >>> ac.erfc(ac.tensor([0., 1.]))
    tensor([1.0000, 0.1573])
    """
    return errorfunction.erfc(floating(input))


erfc.source(number="math.erfc(input)")
erfc.kernel(float)(math.erfc)


@erfc.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * (exp(-(input * input)) * -_SLOPE)


@erfc.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=-5.0, high=5.0))


@erfc.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Sub(to.const(1, to.dtype), to.Erf(to.cast(input, to.dtype)))


@expose("function method inplace")
@primitive(family="arithmetic", real=True, derivative="√π/2 · e^(y²)")
def erfinv(input: Array) -> Array:
    """The y with erf(y) = input; ±inf at ±1, NaN outside of [−1, 1].   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.erfinv(ac.tensor([0., 0.5]))
    tensor([0.0000, 0.4769])
    """
    return errorfunction.erfinv(floating(input))


@erfinv.kernel(float)
def _(input: float) -> float:
    with np.errstate(all="ignore"):
        return float(errorfunction.erfinv(np.float64(input)))


@erfinv.vjp("input")
def _(g: Array, input: Array) -> Array:
    y = erfinv(input)
    return g * (exp(y * y) * (1 / _SLOPE))


_NEAR = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
_FAR = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682)


@erfinv.onnx
def _(to: Emit, input: Any) -> Any:
    """Polynomials of w = −ln(1 − x²)   [Giles 2012], then Newton's method."""
    x = to.cast(input, to.dtype)
    one = to.const(1, to.dtype)
    end = to.Equal(to.Abs(x), 1.0)
    inside = to.Where(end, to.const(0, to.dtype), x)
    w = to.Neg(to.Log(to.Mul(to.Sub(one, inside), to.Add(inside, 1.0))))
    near, far = to.Sub(w, 2.5), to.Sub(to.Sqrt(w), 3.0)
    p, q = to.const(_NEAR[0], to.dtype), to.const(_FAR[0], to.dtype)
    for a, b in zip(_NEAR[1:], _FAR[1:], strict=True):
        p, q = to.Add(to.Mul(p, near), a), to.Add(to.Mul(q, far), b)
    y = to.Mul(to.Where(to.Less(w, 5.0), p, q), inside)
    for _ in range(2):
        step = to.Mul(to.Mul(to.Sub(to.Erf(y), inside), 1 / _SLOPE), to.Exp(to.Mul(y, y)))
        y = to.Sub(y, step)
    return to.Where(end, to.Mul(x, float("inf")), y)


@erfinv.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=-0.9, high=0.9))


# log(eˣ + eᶻ) is stable only with the greater one taken out, so it is a primitive
@expose("function method")
@primitive(label="ln(eˣ + eᶻ)", family="arithmetic", derivative="e^(x − y), e^(z − y)", variables=("input", "other"))
def logaddexp(input: Array, other: Array) -> Array:
    """y = ln(e^input + e^other), without overflow.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.logaddexp(ac.tensor([100.]), ac.tensor([100.]))
    tensor([100.6931])
    """
    return np.logaddexp(*(float_only(v, "logaddexp") for v in align(input, other)))


logaddexp.source("np.logaddexp(input, other)")


@logaddexp.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * sigmoid(input - other)


@logaddexp.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * sigmoid(other - input)


@logaddexp.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b))


@logaddexp.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, z = to.alike(input, other)
    gap = to.Abs(to.Sub(x, z))
    return to.Where(to.Equal(x, z), to.Add(x, math.log(2)), to.Add(to.Max(x, z), to.Softplus(to.Neg(gap))))


@expose("function method")
@primitive(label="log₂(2ˣ + 2ᶻ)", family="arithmetic", derivative="2^(x − y), 2^(z − y)", variables=("input", "other"))
def logaddexp2(input: Array, other: Array) -> Array:
    """y = log₂(2^input + 2^other), without overflow.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.logaddexp2(ac.tensor([1000.]), ac.tensor([1000.]))
    tensor([1001.])
    """
    return np.logaddexp2(*(float_only(v, "logaddexp2") for v in align(input, other)))


logaddexp2.source("np.logaddexp2(input, other)")


@logaddexp2.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * sigmoid((input - other) * LN2)


@logaddexp2.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * sigmoid((other - input) * LN2)


@logaddexp2.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b))


@logaddexp2.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, z = to.alike(input, other)
    gap = to.Mul(to.Abs(to.Sub(x, z)), math.log(2))
    return to.Where(to.Equal(x, z), to.Add(x, 1.0), to.Add(to.Max(x, z), to.Div(to.Softplus(to.Neg(gap)), math.log(2))))


@expose("function method inplace")
@primitive(label="x ln z", family="arithmetic", real=True, derivative="ln z, x/z")
def xlogy(input: Array, other: Array) -> Array:
    """y = input · ln other, 0 where the input is 0 (but NaN where other is NaN).   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.xlogy(ac.tensor([0., 2.]), ac.tensor([0., 1.]))
    tensor([0., 0.])
    """
    x, z = (floating(v) for v in align(input, other))
    return np.where(np.equal(x, 0) & ~np.isnan(z), np.asarray(x).dtype.type(0), x * np.log(z))


@xlogy.vjp("input")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * where((input == 0) & (other <= 0), 0.0, log(other))


@xlogy.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return g * input / other


@xlogy.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b, low=0.3, high=2.0))


@xlogy.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, z = to.cast(input, to.dtype), to.cast(other, to.dtype)
    y = to.Where(to.Equal(x, 0.0), to.const(0, to.dtype), to.Mul(x, to.Log(z)))
    return to.Where(to.IsNaN(z), z, y)
