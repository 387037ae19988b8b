"""Exponentials, logarithms, roots and their kin, entry by entry. Integers become floats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.cases import Case, Draw
from ..engine.primitive import primitive
from .expose import expose
from .floats import total
from .promotion import Array, floating
from .select import maximum, minimum, where

__all__ = ["exp", "expm1", "log", "maximum", "minimum", "sigmoid", "sqrt", "tanh", "where"]


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


@expose("function method inplace", "sigmoid", "special_expit")
@expose("functional", "sigmoid")
@primitive(label="σ", family="activation", derivative="σ(1 − σ)")
def sigmoid(input: Array) -> Array:
    """y = 1 / (1 + e^−input).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.sigmoid(ac.tensor([0., 2.]))
    tensor([0.5000, 0.8808])
    """
    e = np.exp(np.negative(floating(input)))
    e += 1  # e^−x overflows to inf below −88 (float32): 1/inf is the right 0
    return 1 / e


@sigmoid.kernel(float)
def _(input: float) -> float:
    return 1.0 / (1.0 + math.exp(-input)) if input > -700.0 else math.exp(input)


@sigmoid.vjp("input")
def _(g: Array, y: Array) -> Array:
    return g * (y * (1 - y))


@sigmoid.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


@expose("function method inplace functional")
@primitive(family="activation", derivative="1 − y²")
def tanh(input: Array) -> Array:
    """y = tanh input = (e^x − e^−x) / (e^x + e^−x).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.tanh(ac.tensor([0., 1.]))
    tensor([0.0000, 0.7616])
    """
    return np.tanh(floating(input))


tanh.kernel(float)(math.tanh)


@tanh.vjp("input")
def _(g: Array, y: Array) -> Array:
    return g * (1 - y * y)


@tanh.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())
