"""The logit, the sigmoid's inverse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.promotion import Array, floating
from ..registry.expose import expose
from .select import where


@expose("function method inplace")
@primitive(label="logit", family="arithmetic", real=True, derivative="1/(x(1 − x))")
def logit(input: Array, *, eps: float | None = None) -> Array:
    """y = ln(x / (1 − x)), the inverse of sigmoid; with `eps`, x is clamped to [eps, 1 − eps] first. NaN outside of [0, 1].   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.logit(ac.tensor([0.5, 0.8]))
    tensor([0.0000, 1.3863])
    """
    x = floating(input)
    if eps is not None:
        x = np.minimum(np.maximum(x, eps), 1 - eps)
    return np.log(x / (1 - x))


@logit.source
def _(eps: float | None) -> str | None:
    return "np.log(input / (1 - input))" if eps is None else None


@logit.vjp("input")
def _(g: Array, input: Array, eps: float | None) -> Array:
    slope = g / (input * (1 - input))
    if eps is None:
        return where((input < 0) | (input > 1), math.nan, slope)
    return where((input < eps) | (input > 1 - eps), 0.0, slope)


@logit.cases
def _(draw: Draw) -> Case:
    eps = draw.choice([None, 0.2])
    return Case(draw.array(low=0.05, high=0.95, avoid=(0.2, 0.8)), eps=eps)


@logit.onnx
def _(to: Emit, input: Any, *, eps: Any) -> Any:
    x = to.cast(input, to.dtype) if eps is None else to.Min(to.Max(to.cast(input, to.dtype), float(eps)), 1 - eps)
    return to.Log(to.Div(x, to.Sub(to.const(1, to.dtype), x)))
