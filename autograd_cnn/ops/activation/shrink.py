"""Activations that draw their input towards 0: hardshrink, softshrink, tanhshrink."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.kinds import float_only
from ...types.promotion import Array
from ..elementwise.hyperbolic import tanh
from ..elementwise.select import _where as where
from ..elementwise.select_bits import choose
from ..registry.expose import expose


@expose("function method functional")
@primitive(label="hardshrink {lambd}", family="activation", derivative="1 or 0")
def hardshrink(input: Array, *, lambd: float = 0.5) -> Array:
    """y = input where |input| > lambd, else 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.hardshrink(ac.tensor([0.3, -2.]))
    tensor([ 0., -2.])
    """
    return choose(np.less_equal(np.abs(float_only(input, "hardshrink")), lambd), 0.0, input)


hardshrink.source("np.where(np.abs(input) <= lambd, 0, input)")


@hardshrink.vjp("input")
def _(g: Array, input: Array, lambd: float) -> Array:
    return where((input < -lambd) | (input > lambd), g, 0.0)


@hardshrink.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=(-0.5, 0.5)))


@hardshrink.onnx
def _(to: Emit, input: Any, *, lambd: Any) -> Any:
    return to.Where(to.LessOrEqual(to.Abs(input), lambd), to.const(0, input.dtype), input)


@primitive(name="softshrink", label="softshrink {lambd}", family="activation", derivative="1 or 0")
def _softshrink(input: Array, *, lambd: float = 0.5) -> Array:
    """y = input drawn towards 0 by lambd"""
    float_only(input, "softshrink")
    within = np.minimum(np.maximum(input, input.dtype.type(-lambd)), input.dtype.type(lambd))
    return input - within


_softshrink.source("input - np.clip(input, -lambd, lambd)")


@_softshrink.vjp("input")
def _(g: Array, input: Array, lambd: float) -> Array:
    return where((input < -lambd) | (input > lambd), g, 0.0)


@_softshrink.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=(-0.5, 0.5)))


@_softshrink.onnx
def _(to: Emit, input: Any, *, lambd: Any) -> Any:
    return to.Shrink(input, lambd=float(lambd), bias=float(lambd))


@expose("functional")
def softshrink(input: Array, lambd: float = 0.5) -> Array:
    """y = input − lambd above lambd, input + lambd below −lambd, 0 between.   (*) → (*)

    Raises:
        RuntimeError: lambd < 0.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.softshrink(ac.tensor([0.3, -2.]))
    tensor([ 0.0000, -1.5000])
    """
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd:g} in softshrink.")
    return _softshrink(input, lambd=lambd)


@expose("functional")
def tanhshrink(input: Array) -> Array:
    """y = input − tanh(input).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.tanhshrink(ac.tensor([0., 1.]))
    tensor([0.0000, 0.2384])
    """
    return input - tanh(input)
