"""Exponentials, logarithms, roots and their kin, entry by entry. Integers become floats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.onednn import eltwise as onednn
from ...kernels.reference.chunks import in_chunks
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.promotion import ONE, Array, floating
from ..registry.expose import expose
from ..registry.scalar_kernels import total
from .select import maximum, minimum, where

__all__ = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "maximum",
    "minimum",
    "reciprocal",
    "rsqrt",
    "sigmoid",
    "sqrt",
    "where",
]

LN2, LN10 = math.log(2), math.log(10)


# ------------------------------------------------------------------------------------------------- exponentials
@expose("function method inplace")
@primitive(family="arithmetic", derivative="eˣ")
def exp(input: Array) -> Array:
    """y = e^input.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.exp(ac.tensor([0., 1.]))
    tensor([1.0000, 2.7183])
    """
    return np.exp(floating(input))


exp.kernel(float)(total(math.exp, np.exp))


@exp.vjp("input")
def _(g: Array, y: Array) -> Array:
    return g * y


@exp.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


exp.source("np.exp(input)", number="math.exp(input)")
exp.onnx("Exp")


@expose("function method inplace")
@primitive(label="2^", family="arithmetic", derivative="2ˣ ln 2")
def exp2(input: Array) -> Array:
    """y = 2^input.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.exp2(ac.tensor([0., 3.]))
    tensor([1., 8.])
    """
    return np.exp2(floating(input))


exp2.source("np.exp2(input)", number="2.0**input")


@exp2.vjp("input")
def _(g: Array, y: Array) -> Array:
    return g * y * LN2


@exp2.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


@exp2.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Pow(to.const(2, to.dtype), to.cast(input, to.dtype))


@expose("function method inplace")
@primitive(label="exp − 1", family="arithmetic", derivative="eˣ")
def expm1(input: Array) -> Array:
    """y = e^input − 1, exact near 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.expm1(ac.tensor([0., 1.]))
    tensor([0.0000, 1.7183])
    """
    return np.expm1(floating(input))


expm1.source("np.expm1(input)", number="math.expm1(input)")
expm1.kernel(float)(total(math.expm1, np.expm1))


@expm1.vjp("input")
def _(g: Array, y: Array) -> Array:
    return g * (y + 1)


@expm1.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


expm1.onnx(lambda to, input: to.expm1(to.cast(input, to.dtype)))


# ------------------------------------------------------------------------------------------------- logarithms
@expose("function method inplace")
@primitive(label="ln", family="arithmetic", derivative="1/x")
def log(input: Array) -> Array:
    """y = ln input; −inf at 0, NaN below.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.log(ac.tensor([1., 2.]))
    tensor([0.0000, 0.6931])
    """
    return np.log(floating(input))


log.kernel(float)(total(math.log, np.log))


@log.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / input


@log.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=0.2, high=3.0))


log.source("np.log(input)", number="math.log(input)")
log.onnx("Log")


@expose("function method inplace")
@primitive(label="log₂", family="arithmetic", derivative="1/(x ln 2)")
def log2(input: Array) -> Array:
    """y = log₂ input; −inf at 0, NaN below.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.log2(ac.tensor([1., 8.]))
    tensor([0., 3.])
    """
    return np.log2(floating(input))


log2.source("np.log2(input)", number="math.log2(input)")
log2.kernel(float)(total(math.log2, np.log2))


@log2.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / (input * LN2)


@log2.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=0.2, high=3.0))


@log2.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Div(to.Log(to.cast(input, to.dtype)), math.log(2))


@expose("function method inplace")
@primitive(label="log₁₀", family="arithmetic", derivative="1/(x ln 10)")
def log10(input: Array) -> Array:
    """y = log₁₀ input; −inf at 0, NaN below.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.log10(ac.tensor([2., 50.]))
    tensor([0.3010, 1.6990])
    """
    return np.log10(floating(input))


log10.source("np.log10(input)", number="math.log10(input)")
log10.kernel(float)(total(math.log10, np.log10))


@log10.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / (input * LN10)


@log10.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=0.2, high=3.0))


@log10.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Div(to.Log(to.cast(input, to.dtype)), math.log(10))


@expose("function method inplace")
@primitive(label="ln(1 + x)", family="arithmetic", derivative="1/(1 + x)")
def log1p(input: Array) -> Array:
    """y = ln(1 + input), exact near 0; −inf at −1, NaN below.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.log1p(ac.tensor([0., 1.]))
    tensor([0.0000, 0.6931])
    """
    return np.log1p(floating(input))


log1p.source("np.log1p(input)", number="math.log1p(input)")
log1p.kernel(float)(total(math.log1p, np.log1p))


@log1p.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g / (input + 1)


@log1p.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=-0.7, high=3.0))


log1p.onnx(lambda to, input: to.log1p(to.cast(input, to.dtype)))


# ------------------------------------------------------------------------------------------------- roots and powers
@expose("function method inplace")
@primitive(label="√", family="arithmetic", derivative="1/(2√x)")
def sqrt(input: Array) -> Array:
    """y = √input; NaN below 0. The gradient at 0 is inf.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.sqrt(ac.tensor([4., 9.]))
    tensor([2., 3.])
    """
    return np.sqrt(floating(input))


sqrt.kernel(float)(total(math.sqrt, np.sqrt))


@sqrt.vjp("input")
def _(g: Array, y: Array) -> Array:
    return g / (y * 2)


@sqrt.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=0.2, high=3.0))


sqrt.source("np.sqrt(input)", number="math.sqrt(input)")
sqrt.onnx("Sqrt")


@expose("function method inplace")
@primitive(label="1/√", family="arithmetic", derivative="−y³/2")
def rsqrt(input: Array) -> Array:
    """y = 1/√input; inf at 0, NaN below.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.rsqrt(ac.tensor([4., 0.25]))
    tensor([0.5000, 2.0000])
    """
    return 1 / np.sqrt(floating(input))


rsqrt.source("1 / np.sqrt(input)", number="1 / math.sqrt(input)")


@rsqrt.vjp("input")
def _(g: Array, y: Array) -> Array:
    return g * (y * y * y * -0.5)


@rsqrt.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=0.2, high=3.0))


@rsqrt.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Reciprocal(to.Sqrt(to.cast(input, to.dtype)))


@expose("function method inplace")
@primitive(label="1/x", family="arithmetic", derivative="−y²")
def reciprocal(input: Array) -> Array:
    """y = 1/input.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.reciprocal(ac.tensor([4., 0.5]))
    tensor([0.2500, 2.0000])
    """
    return np.reciprocal(floating(input))


reciprocal.kernel(float)(total(lambda input: 1.0 / input, np.reciprocal))


@reciprocal.vjp("input")
def _(g: Array, y: Array) -> Array:
    return -g * (y * y)


@reciprocal.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=0.3, high=3.0))


reciprocal.source("1 / input")
reciprocal.onnx("Reciprocal")


# ------------------------------------------------------------------------------------------------- sigmoid
@expose("function method inplace", "sigmoid")
@expose("functional", "sigmoid")
@primitive(label="σ", family="activation", derivative="σ(1 − σ)")
def sigmoid(input: Array) -> Array:
    """y = 1 / (1 + e^−input).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.sigmoid(ac.tensor([0., 2.]))
    tensor([0.5000, 0.8808])
    """
    # e^−x overflows to inf below −88 (float32): 1/inf is the right 0
    return in_chunks(lambda x: 1 / (np.exp(np.negative(x)) + 1), floating(input))


sigmoid.accelerated(onednn.sigmoid)


@sigmoid.kernel(float)
def _(input: float) -> float:
    return 1.0 / (1.0 + math.exp(-input)) if input > -700.0 else math.exp(input)


@sigmoid.vjp("input")
def _(g: Array, y: Array, donated: Array | None) -> Array:
    return sigmoid_adjoint.call(g, y, donated)  # without the detour over the operation itself: it takes as long as a product


@sigmoid.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


sigmoid.source("1 / (1 + np.exp(-input))", number="1 / (1 + math.exp(-input))")
sigmoid.onnx("Sigmoid")


@primitive(label="× y (1 − y)", family="activation")
def sigmoid_adjoint(input: Array, result: Array) -> Array:
    """y = input · σ (1 − σ), σ being sigmoid's result"""
    return input * (result * (ONE.get(result.dtype, 1) - result))


sigmoid_adjoint.source("input * (result * (1 - result))")
sigmoid_adjoint.accelerated(onednn.sigmoid_adjoint)


@sigmoid_adjoint.kernel(float)
def _(input: float, result: float) -> float:
    return input * (result * (1.0 - result))


@sigmoid_adjoint.vjp("input", "result")
def _(g: Array, input: Array, result: Array, donated: Array | None, need: tuple[bool, ...]) -> tuple[Array | None, ...]:
    bent = g * (input * (1 - 2 * result)) if need[1] else None
    return sigmoid_adjoint(g, result, donated) if need[0] else None, bent


@sigmoid_adjoint.cases
def _(draw: Draw) -> Case:
    y = draw.array(low=0.05, high=0.95)
    return Case(draw.array(y.shape), y)
