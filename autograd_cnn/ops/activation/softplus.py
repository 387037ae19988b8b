"""Softplus and its kin: the logarithm of the sigmoid, softsign."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.reference.chunks import in_chunks
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.kinds import float_only
from ...types.promotion import Array, floating
from ..elementwise.exponential import sigmoid
from ..elementwise.rounding import abs
from ..elementwise.select import _where as where
from ..registry.expose import expose


@primitive(name="softplus", label="softplus", family="activation", derivative="σ(βx)")
def _softplus(input: Array, *, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """y = ln(1 + e^(βx)) / β; y = x where βx > threshold"""

    def softplus(x: Array) -> Array:
        z = x * x.dtype.type(beta)
        tail = np.log1p(np.exp(-np.abs(z))) / beta  # ln(1 + e^z) = max(z, 0) + ln(1 + e^−|z|), without overflow
        tail = tail * np.less_equal(z, threshold)
        y = (np.maximum(x, 0) if beta > 0 else np.minimum(x, 0)) + tail
        return y if threshold >= 0 else np.where(z > threshold, x, y)  # below 0 the two differ

    return in_chunks(softplus, float_only(input, "softplus"))


def _softplus_number(beta: float, threshold: float) -> str:
    if beta == 1:
        return "max(input, 0.0) + math.log1p(math.exp(-abs(input))) if input <= threshold else input"
    return "z = beta * input\n(max(z, 0.0) + math.log1p(math.exp(-abs(z)))) / beta if z <= threshold else input"


@_softplus.source(number=_softplus_number)
def _(beta: float, threshold: float) -> str | None:
    if beta != 1 or threshold < 0:
        return None
    return "np.maximum(input, 0) + np.log1p(np.exp(-np.abs(input))) * (input <= threshold)"


@_softplus.kernel(float)
def _(input: float, *, beta: float = 1.0, threshold: float = 20.0) -> float:
    z = beta * input
    if not beta:  # as in arrays: ln 2 / 0
        return math.inf
    return input if z > threshold else math.log1p(math.exp(z)) / beta if not z >= 700 else math.inf


@_softplus.vjp("input")
def _(g: Array, input: Array, beta: float, threshold: float) -> Array:
    z = input * beta
    return where(z > threshold, g, g * sigmoid(z))


@_softplus.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=1.5), beta=draw.choice([1, 0.5, 2.0]), threshold=draw.choice([20, 3.0 * 100, 2.0 * 100]))


@_softplus.onnx
def _(to: Emit, input: Any, *, beta: Any, threshold: Any) -> Any:
    z = to.Mul(input, float(beta))
    return to.Where(to.Greater(z, float(threshold)), input, to.Div(to.Softplus(z), float(beta)))


@expose("functional")
def softplus(input: Array, beta: float = 1, threshold: float = 20) -> Array:
    """y = ln(1 + e^(βx)) / β, a smooth relu; y = x where βx > threshold, where it is equal in floating point.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.softplus(ac.tensor([0., 30.]))
    tensor([ 0.6931, 30.0000])
    """
    return _softplus(input, beta=beta, threshold=threshold)


@expose("functional")
@primitive(name="logsigmoid", label="ln σ", family="activation", derivative="σ(−x)")
def logsigmoid(input: Array) -> Array:
    """y = ln σ(x) = min(x, 0) − ln(1 + e^−|x|), which does not underflow.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.logsigmoid(ac.tensor([0., -100.]))
    tensor([  -0.6931, -100.0000])
    """
    return in_chunks(lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))), float_only(input, "logsigmoid"))


logsigmoid.source("np.minimum(input, 0) - np.log1p(np.exp(-np.abs(input)))")


@logsigmoid.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * sigmoid(-input)


@logsigmoid.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


@logsigmoid.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Neg(to.Softplus(to.Neg(input)))


@expose("functional")
@primitive(name="softsign", label="softsign", family="activation", derivative="1/(1 + |x|)²")
def softsign(input: Array) -> Array:
    """y = x / (1 + |x|).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.softsign(ac.tensor([-1., 3.]))
    tensor([-0.5000,  0.7500])
    """
    x = floating(input)
    return x / (np.abs(x) + 1)


@softsign.vjp("input")
def _(g: Array, input: Array) -> Array:
    d = abs(input) + 1
    return g / (d * d)


@softsign.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=0.0))


softsign.source("input / (1 + np.abs(input))")
softsign.onnx("Softsign")
