"""Hyperbolic functions and their inverses."""

from __future__ import annotations

import math

import numpy as np

from ...kernels.onednn import eltwise as onednn
from ...primitives.cases import Case, Draw
from ...primitives.primitive import primitive
from ...types.promotion import ONE, Array, floating
from ..registry.expose import expose
from ..registry.scalar_kernels import total
from .arithmetic import mul
from .exponential import rsqrt
from .trigonometry import _any, _inside


@expose("function method inplace")
@primitive(family="arithmetic", derivative="cosh x")
def sinh(input: Array) -> Array:
    """y = (e^x − e^−x)/2.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.sinh(ac.tensor([0., 1.]))
    tensor([0.0000, 1.1752])
    """
    return np.sinh(floating(input))


sinh.kernel(float)(total(math.sinh, np.sinh))


@sinh.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * cosh(input)


sinh.source("np.sinh(input)", number="math.sinh(input)")
sinh.onnx("Sinh")


sinh.cases(_any)


@expose("function method inplace")
@primitive(family="arithmetic", derivative="sinh x")
def cosh(input: Array) -> Array:
    """y = (e^x + e^−x)/2.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.cosh(ac.tensor([0., 1.]))
    tensor([1.0000, 1.5431])
    """
    return np.cosh(floating(input))


cosh.kernel(float)(total(math.cosh, np.cosh))


@cosh.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * sinh(input)


cosh.source("np.cosh(input)", number="math.cosh(input)")
cosh.onnx("Cosh")


cosh.cases(_any)


@expose("function method inplace functional")
@primitive(family="activation", derivative="1 − y²")
def tanh(input: Array) -> Array:
    """y = tanh input = (e^x − e^−x) / (e^x + e^−x).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.tanh(ac.tensor([0., 1.]))
    tensor([0.0000, 0.7616])
    """
    return np.tanh(floating(input))


tanh.accelerated(onednn.tanh)
tanh.kernel(float)(math.tanh)


@tanh.vjp("input")
def _(g: Array, y: Array, donated: Array | None) -> Array:
    return tanh_adjoint.call(g, y, donated)  # without the detour over the operation itself: it takes as long as a product


tanh.source("np.tanh(input)", number="math.tanh(input)")
tanh.onnx("Tanh")


tanh.cases(_any)


@primitive(label="× (1 − y²)", family="activation")
def tanh_adjoint(input: Array, result: Array) -> Array:
    """y = input · (1 − t²), t being tanh's result"""
    return input * (ONE.get(result.dtype, 1) - result * result)


tanh_adjoint.source("input * (1 - result**2)")
tanh_adjoint.accelerated(onednn.tanh_adjoint)


@tanh_adjoint.kernel(float)
def _(input: float, result: float) -> float:
    return input * (1.0 - result * result)


@tanh_adjoint.vjp("input", "result")
def _(g: Array, input: Array, result: Array, donated: Array | None, need: tuple[bool, ...]) -> tuple[Array | None, ...]:
    bent = g * (input * (-2 * result)) if need[1] else None
    return tanh_adjoint(g, result, donated) if need[0] else None, bent


@tanh_adjoint.cases
def _(draw: Draw) -> Case:
    y = draw.array(low=-0.95, high=0.95)
    return Case(draw.array(y.shape), y)


@expose("function method inplace")
@primitive(family="arithmetic", derivative="1/√(x² + 1)")
def asinh(input: Array) -> Array:
    """y = arsinh input, the inverse of sinh.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.asinh(ac.tensor([0., 1.]))
    tensor([0.0000, 0.8814])
    """
    return np.arcsinh(floating(input))


asinh.kernel(float)(math.asinh)


@asinh.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * rsqrt(input * input + 1)


asinh.source("np.arcsinh(input)", number="math.asinh(input)")
asinh.onnx("Asinh")


asinh.cases(_any)


@expose("function method inplace")
@asinh.alias
def arcsinh(input: Array) -> Array:
    """The same as `asinh`.

    >>> import autograd_cnn as ac
    >>> ac.arcsinh(ac.tensor([0., 1.]))
    tensor([0.0000, 0.8814])
    """
    return asinh(input)


@expose("function method inplace")
@primitive(family="arithmetic", derivative="1/√(x² − 1)")
def acosh(input: Array) -> Array:
    """y = arcosh input ≥ 0, the inverse of cosh; NaN below 1.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.acosh(ac.tensor([1., 2.]))
    tensor([0.0000, 1.3170])
    """
    return np.arccosh(floating(input))


acosh.kernel(float)(total(math.acosh, np.arccosh))


@acosh.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * rsqrt(input * input - 1)


acosh.source("np.arccosh(input)", number="math.acosh(input)")
acosh.onnx("Acosh")


acosh.cases(lambda draw: Case(draw.array(low=1.2, high=3.0)))


@expose("function method inplace")
@acosh.alias
def arccosh(input: Array) -> Array:
    """The same as `acosh`.

    >>> import autograd_cnn as ac
    >>> ac.arccosh(ac.tensor([1., 2.]))
    tensor([0.0000, 1.3170])
    """
    return acosh(input)


@expose("function method inplace")
@primitive(family="arithmetic", derivative="1/(1 − x²)")
def atanh(input: Array) -> Array:
    """y = artanh input, the inverse of tanh; ±inf at ±1, NaN outside of [−1, 1].   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.atanh(ac.tensor([0., 0.5]))
    tensor([0.0000, 0.5493])
    """
    return np.arctanh(floating(input))


atanh.kernel(float)(total(math.atanh, np.arctanh))


@atanh.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / (1 - input * input)


atanh.source("np.arctanh(input)", number="math.atanh(input)")
atanh.onnx("Atanh")


atanh.cases(_inside)


@expose("function method inplace")
@atanh.alias
def arctanh(input: Array) -> Array:
    """The same as `atanh`.

    >>> import autograd_cnn as ac
    >>> ac.arctanh(ac.tensor([0., 0.5]))
    tensor([0.0000, 0.5493])
    """
    return atanh(input)


# ------------------------------------------------------------------------------------------------- degrees
@expose("function method inplace")
def deg2rad(input: Array) -> Array:
    """y = input · π/180.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.deg2rad(ac.tensor([180.]))
    tensor([3.1416])
    """
    return mul(input, math.pi / 180)


@expose("function method inplace")
def rad2deg(input: Array) -> Array:
    """y = input · 180/π.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.rad2deg(ac.tensor([3.1415927]))
    tensor([180.])
    """
    return mul(input, 180 / math.pi)
