"""Smooth activations: elu and its kin, gelu, silu, mish, softplus, logsigmoid, softsign."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import expected
from ...kernels.reference import errorfunction
from ...kernels.reference.chunks import in_chunks
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.kinds import float_only
from ...types.promotion import Array
from ..elementwise.clamp import _clamp
from ..elementwise.exponential import exp, sigmoid
from ..elementwise.select import _where as where
from ..registry.expose import expose
from .rectifiers import inplace_or


# ------------------------------------------------------------------------------------------------- elu
@expose("inplace", "_elu")
@primitive(name="elu", label="ELU", family="activation", derivative="1 or α eˣ")
def _elu(input: Array, *, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Array:
    """y = scale · (x if x > 0 else α (e^(x · input_scale) − 1))"""

    def elu(x: Array) -> Array:
        bent = np.expm1(np.minimum(x, 0) * input_scale) * alpha
        y = bent + np.maximum(x, 0)
        return y * scale if scale != 1 else y

    return in_chunks(elu, float_only(input, "elu"))


@_elu.source
def _(alpha: float, scale: float, input_scale: float) -> str:
    bent = "np.minimum(input, 0)" if input_scale == 1 else "np.minimum(input, 0) * input_scale"
    y = f"np.expm1({bent})" + ("" if alpha == 1 else " * alpha") + " + np.maximum(input, 0)"
    return y if scale == 1 else f"({y}) * scale"


@_elu.vjp("input")
def _(g: Array, input: Array, alpha: float, scale: float, input_scale: float) -> Array:
    bent = exp(_clamp(input, max=0.0) * input_scale) * (scale * alpha * input_scale)
    if math.isclose(alpha * input_scale, 1):  # both sides meet without a kink: no choice is needed
        return g * bent
    return where(input > 0, g * scale, g * bent)


@_elu.cases
def _(draw: Draw) -> Case:
    return Case(
        draw.array(avoid=0.0),
        alpha=draw.real(0.5, 2),
        scale=draw.choice([1.0, 1.1]),
        input_scale=draw.choice([1.0, 0.7]),
    )


@_elu.onnx
def _(to: Emit, input: Any, *, alpha: Any, scale: Any, input_scale: Any) -> Any:
    y = to.Add(to.Max(input, 0.0), to.Elu(to.Mul(to.Min(input, 0.0), float(input_scale)), alpha=float(alpha)))
    return y if scale == 1 else to.Mul(y, float(scale))


@expose("functional")
def elu(input: Array, alpha: float = 1.0, inplace: bool = False) -> Array:
    """y = x if x > 0, else α (e^x − 1).   (*) → (*)   [Clevert et al. 2016]

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.elu(ac.tensor([-1., 2.]))
    tensor([-0.6321,  2.0000])
    """
    if inplace and alpha < 0:
        raise RuntimeError(expected("elu_", "alpha >= 0 in place", f"{alpha:g}", "Use the out-of-place elu."))
    return inplace_or(input, inplace, "_elu_", _elu, alpha=float(alpha))


@expose("function functional")
def selu(input: Array, inplace: bool = False) -> Array:
    """y = λ (x if x > 0, else α (e^x − 1)), with the λ and α that keep mean 0 and variance 1.   (*) → (*)   [Klambauer et al. 2017]

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.selu(ac.tensor([-1., 2.]))
    tensor([-1.1113,  2.1014])
    """
    return inplace_or(input, inplace, "_elu_", _elu, alpha=1.6732632423543772848170429916717, scale=1.0507009873554804934193349852946)


@expose("function functional")
def celu(input: Array, alpha: float = 1.0, inplace: bool = False) -> Array:
    """y = max(0, x) + min(0, α (e^(x/α) − 1)).   (*) → (*)   [Barron 2017]

    Raises:
        RuntimeError: alpha 0.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.celu(ac.tensor([-1., 2.]), alpha=2.)
    tensor([-0.7869,  2.0000])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU. Use relu.")
    if alpha < 0:
        raise RuntimeError(expected("celu", "alpha > 0", f"{alpha:g}"))
    return inplace_or(input, inplace, "_elu_", _elu, alpha=float(alpha), input_scale=1.0 / alpha)


@expose("functional")
def elu_(input: Array, alpha: float = 1.0) -> Array:
    """`elu` in place."""
    return elu(input, alpha, inplace=True)


@expose("functional")
def selu_(input: Array) -> Array:
    """`selu` in place."""
    return selu(input, inplace=True)


@expose("functional")
def celu_(input: Array, alpha: float = 1.0) -> Array:
    """`celu` in place."""
    return celu(input, alpha, inplace=True)


# ------------------------------------------------------------------------------------------------- gelu, silu, mish
_BELL = 1 / math.sqrt(2 * math.pi)
_TANH_SCALE = math.sqrt(2 / math.pi)
_CUBE = 0.044715


@primitive(name="gelu", label="GELU", family="activation", derivative="Φ(x) + x φ(x)")
def _gelu(input: Array, *, approximate: str = "none") -> Array:
    """y = x Φ(x), Φ the normal distribution function, exact or by tanh"""
    float_only(input, "gelu")
    if approximate == "tanh":  # ½ (1 + tanh u) = σ(2u), which does not cancel
        return in_chunks(lambda x: x / (np.exp((x + _CUBE * (x * x * x)) * (-2 * _TANH_SCALE)) + 1), input)
    return in_chunks(lambda x: x * errorfunction.normal(x)[0], input)


@_gelu.vjp("input")
def _(g: Array, input: Array, approximate: str) -> Array:
    if approximate == "none":
        return g * _gelu_slope(input)
    x = input
    u = (x + x * x * x * _CUBE) * (2 * _TANH_SCALE)
    s = sigmoid(u)
    steep = x * (s * sigmoid(-u)) * (2 * _TANH_SCALE)  # 0 where x² may overflow
    return g * (s + (steep + steep * x * x * (3 * _CUBE)))


@primitive(name="gelu slope", label="GELU′", family="activation", derivative="φ(x)(2 − x²)")
def _gelu_slope(input: Array) -> Array:
    """y = Φ(x) + x φ(x), φ the normal density: the derivative of gelu, in one pass"""

    def slope(x: Array) -> Array:
        area, bell = errorfunction.normal(x)
        return area + x * bell * _BELL

    return in_chunks(slope, input)


@_gelu_slope.vjp("input")
def _(g: Array, input: Array) -> Array:
    bell = exp(input * input * -0.5)
    return g * ((2 * bell - input * (input * bell)) * _BELL)  # x² may overflow where x e^(−x²/2) is 0


@_gelu_slope.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


@_gelu.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(), approximate=draw.choice(["none", "tanh"]))


@_gelu.onnx
def _(to: Emit, input: Any, *, approximate: Any) -> Any:
    if to.opset >= 20:
        return to.Gelu(input, approximate=approximate)
    bent = to.Mul(to.Add(input, to.Mul(to.Pow(input, 3.0), 0.044715)), math.sqrt(2 / math.pi))
    tail = to.Tanh(bent) if approximate == "tanh" else to.Erf(to.Div(input, math.sqrt(2)))
    return to.Mul(to.Mul(input, 0.5), to.Add(tail, 1.0))


@expose("functional")
def gelu(input: Array, approximate: str = "none") -> Array:
    """y = x Φ(x), Φ the normal distribution function; approximate='tanh': x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))).   (*) → (*)

    Raises:
        RuntimeError: another approximation.

    Source: Hendrycks and Gimpel 2016.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.gelu(ac.tensor([-1., 2.]))
    tensor([-0.1587,  1.9545])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh. Got: {approximate!r} in gelu.")
    return _gelu(input, approximate=approximate)


@expose("inplace", "_silu")
@primitive(name="silu", label="SiLU", family="activation", derivative="σ + y(1 − σ)")
def _silu(input: Array) -> Array:
    """y = x σ(x)"""
    return in_chunks(lambda x: x * sigmoid.forward(x), float_only(input, "silu"))


_silu.source("s = 1 / (1 + np.exp(-input))\ninput * s", number="input / (1 + math.exp(-input))")


@_silu.kernel(float)
def _(input: float) -> float:
    return input * sigmoid.kernels[float](input)  # type: ignore[no-any-return]  # a kernel over floats gives a float


@_silu.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * _silu_slope(input)


@primitive(name="silu slope", label="SiLU′", family="activation", derivative="σ(1 − σ)(2 + x(1 − 2σ))")
def _silu_slope(input: Array) -> Array:
    """y = σ (1 + x (1 − σ)): the derivative of silu, in one pass"""

    def slope(x: Array) -> Array:
        s = sigmoid.forward(x)
        return s * (1 + x * (1 - s))

    return in_chunks(slope, input)


_silu_slope.source(
    "s = 1 / (1 + np.exp(-input))\ns * (1 + input * (1 - s))", number="s = 1 / (1 + math.exp(-input))\ns * (1 + input * (1 - s))"
)


@_silu_slope.kernel(float)
def _(input: float) -> float:
    s = sigmoid.kernels[float](input)
    return s * (1 + input * (1 - s))  # type: ignore[no-any-return]  # a kernel over floats gives a float


@_silu_slope.vjp("input")
def _(g: Array, input: Array) -> Array:
    s = sigmoid(input)
    return g * (s * (1 - s) * (2 + input * (1 - 2 * s)))


@_silu_slope.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


@_silu.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


@_silu.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Mul(input, to.Sigmoid(input))


@expose("functional")
def silu(input: Array, inplace: bool = False) -> Array:
    """y = x σ(x), also called swish.   (*) → (*)   [Elfwing et al. 2017]

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.silu(ac.tensor([0., 2.]))
    tensor([0.0000, 1.7616])
    """
    return inplace_or(input, inplace, "_silu_", _silu)


@expose("inplace", "_mish")
@primitive(name="mish", label="Mish", family="activation", derivative="t + x σ (1 − t²)")
def _mish(input: Array) -> Array:
    """y = x tanh(ln(1 + e^x)) = x n / (n + 2), n = e^x (e^x + 2)"""

    def mish(x: Array) -> Array:
        e = np.exp(np.minimum(_wide(x), _EVEN))
        n = e * (e + 2)
        return (x * (n / (n + 2))).astype(x.dtype, copy=False)

    return in_chunks(mish, float_only(input, "mish"))


_EVEN = 20.0  # from here on tanh(ln(1 + e^x)) is 1, in float64 too


def _wide(x: Array) -> Array:
    return x.astype(np.float32) if x.dtype == np.float16 else x


@_mish.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * _mish_slope(input)


@primitive(name="mish slope", label="Mish′", family="activation", derivative="σ(1 − t²)(2 + x(1 − σ − 2tσ))")
def _mish_slope(input: Array) -> Array:
    """y = t + x σ (1 − t²), t = tanh(ln(1 + e^x)): the derivative of mish, in one pass

    In e = e^x: t = n/(n + 2) and σ (1 − t²) = 4 e (e + 1)/(n + 2)², n = e (e + 2), where nothing cancels.
    """

    def slope(x: Array) -> Array:
        z = np.minimum(_wide(x), _EVEN)
        e = np.exp(z)
        n = e * (e + 2)
        d = n + 2
        return (n / d + z * (e * (e + 1) * 4 / (d * d))).astype(x.dtype, copy=False)

    return in_chunks(slope, input)


@_mish_slope.vjp("input")
def _(g: Array, input: Array) -> Array:
    x = _clamp(input, max=_EVEN)
    e, s = exp(x), sigmoid(x)
    n = e * (e + 2)
    d = n + 2
    return g * (e * (e + 1) * 4 / (d * d) * (2 + x * (1 - s - n / d * s * 2)))


@_mish_slope.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


@_mish.cases
def _(draw: Draw) -> Case:
    return Case(draw.array())


@_mish.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Mish(input) if to.opset >= 18 else to.Mul(input, to.Tanh(to.Softplus(input)))


@expose("functional")
def mish(input: Array, inplace: bool = False) -> Array:
    """y = x tanh(ln(1 + e^x)).   (*) → (*)   [Misra 2019]

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.mish(ac.tensor([0., 2.]))
    tensor([0.0000, 1.9440])
    """
    return inplace_or(input, inplace, "_mish_", _mish)


# ------------------------------------------------------------------------------------------------- softplus and its kin
