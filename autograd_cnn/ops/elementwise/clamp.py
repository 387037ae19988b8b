"""Keeping entries within bounds, and replacing what is no number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.variable import Variable, ndim_of
from ...errors import expected
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.promotion import Array, align
from ..registry.expose import expose
from .comparison import isfinite
from .select import _where


def _held(x: Array, bound: Any) -> Any:
    """A Python bound within what x's dtype can hold: an int8 is at most 127 anyway."""
    dtype = getattr(x, "dtype", None)
    if bound.__class__ is int and dtype is not None and dtype.kind in "iu":
        info = np.iinfo(dtype)
        return min(max(bound, int(info.min)), int(info.max))
    return bound


@primitive(name="clamp", label="clamp [{min}, {max}]", family="activation", real=True, derivative="1 or 0")
def _clamp(input: Array, *, min: float | None = None, max: float | None = None) -> Array:
    """y = min(max(input, lo), hi) for numbers lo and hi"""
    y = input
    if min is not None:
        y = np.maximum(*align(y, _held(y, min)))
    if max is not None:
        y = np.minimum(*align(y, _held(y, max)))
    return y


def _clamped_number(min: Any, max: Any) -> str:
    below = "" if min is None else "min if input < min else "
    return f"{below}{'' if max is None else 'max if input > max else '}input"


@_clamp.source(number=_clamped_number)
def _(min: Any, max: Any) -> str:
    if min is not None and max is not None:
        return "np.clip(input, min, max)"
    return "np.maximum(input, min)" if max is None else "np.minimum(input, max)"


@_clamp.kernel(float)
def _(input: float, *, min: float | None = None, max: float | None = None) -> float:
    y = min if min is not None and input < min else input
    return max if max is not None and y > max else y


@_clamp.vjp("input")
def _(g: Array, input: Array, min: float | None, max: float | None) -> Array:
    if max is None:
        return _where(input >= min, g, 0.0)
    if min is None:
        return _where(input <= max, g, 0.0)
    return _where((input >= min) & (input <= max), g, 0.0)


@_clamp.cases
def _(draw: Draw) -> Case:
    lo, hi = draw.choice([(-1.0, 0.5), (None, 0.5), (-1.0, None)])
    return Case(draw.array(avoid=(-1.0, 0.5)), min=lo, max=hi)


@_clamp.onnx
def _(to: Emit, input: Any, *, min: Any, max: Any) -> Any:
    y = to.cast(input, to.dtype)
    y = y if min is None else to.Max(y, to.const(min, to.dtype))
    return y if max is None else to.Min(y, to.const(max, to.dtype))


@primitive(name="clamp from below", label="≥", family="compare", real=True, derivative="1 or 0")
def _clamp_low(input: Array, bound: Array) -> Array:
    """y = max(input, bound); at equality the gradient is the input's"""
    return np.maximum(*align(input, bound))


@_clamp_low.vjp("input")
def _(g: Array, input: Array, bound: Array) -> Array:
    return _where(input >= bound, g, 0.0)


@_clamp_low.vjp("bound")
def _(g: Array, input: Array, bound: Array) -> Array:
    return _where(input < bound, g, 0.0)


@primitive(name="clamp from above", label="≤", family="compare", real=True, derivative="1 or 0")
def _clamp_high(input: Array, bound: Array) -> Array:
    """y = min(input, bound); at equality the gradient is the input's"""
    return np.minimum(*align(input, bound))


@_clamp_high.vjp("input")
def _(g: Array, input: Array, bound: Array) -> Array:
    return _where(input <= bound, g, 0.0)


@_clamp_high.vjp("bound")
def _(g: Array, input: Array, bound: Array) -> Array:
    return _where(input > bound, g, 0.0)


_clamp_high.source("np.minimum(input, bound)")
_clamp_high.onnx("Min")


@_clamp_low.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(), distinct=True)
    return Case(x, draw.array(x.shape[-1:], low=2.5, high=3.0) if draw.boolean() else x + draw.choice([-0.3, 0.3]))


_clamp_low.source("np.maximum(input, bound)")
_clamp_low.onnx("Max")


_clamp_high.cases(_clamp_low.draw_case)  # type: ignore[arg-type]  # set just above


@expose("function method inplace")
def clamp(input: Array, min: Any = None, max: Any = None) -> Array:
    """y = min(max(input, min), max); either bound may be missing, a number, or a tensor that broadcasts.   (*) → (*)

    The gradient passes inside the bounds and on them. Where min > max, y is max.

    Raises:
        RuntimeError: no bound at all.

    >>> import autograd_cnn as ac
    >>> ac.clamp(ac.tensor([-2., 0.5, 2.]), min=-1., max=1.)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None: clamp expected a bound, got none.")
    if isinstance(min, Variable) or isinstance(max, Variable):
        y = input if min is None else _clamp_low(input, min)
        return y if max is None else _clamp_high(y, max)
    for name, bound in (("min", min), ("max", max)):
        if bound is not None and not isinstance(bound, int | float | np.generic | np.ndarray):
            raise TypeError(expected("clamp", f"{name} to be a number or a Tensor", type(bound).__name__))
    return _clamp(input, min=min, max=max)


@expose("function method inplace")
def clip(input: Array, min: Any = None, max: Any = None) -> Array:
    """The same as `clamp`.

    >>> import autograd_cnn as ac
    >>> ac.clip(ac.tensor([-2., 0.5, 2.]), -1, 1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    return clamp(input, min, max)


@expose("function method inplace")
def clamp_min(input: Array, min: Any) -> Array:
    """y = max(input, min).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.clamp_min(ac.tensor([-2., 2.]), 0.)
    tensor([0., 2.])
    """
    ndim_of(input)  # a tensor, no number
    return clamp(input, min=min)


@expose("function method inplace")
def clamp_max(input: Array, max: Any) -> Array:
    """y = min(input, max).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.clamp_max(ac.tensor([-2., 2.]), 0.)
    tensor([-2.,  0.])
    """
    ndim_of(input)
    return clamp(input, max=max)


@expose("function method inplace")
@primitive(label="NaN → {nan}", family="compare", derivative="1 or 0")
def nan_to_num(input: Array, *, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None) -> Array:
    """y = input, with NaN, +∞ and −∞ replaced: by 0 and the greatest and smallest finite numbers of the dtype, if not said otherwise.

    The gradient is 0 at what was replaced.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nan_to_num(ac.tensor([float("nan"), 1.]), nan=5.)
    tensor([5., 1.])
    """
    if getattr(input, "dtype", np.dtype(float)).kind not in "fc":
        return np.array(input)
    return np.nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


nan_to_num.source("np.nan_to_num(input, nan=nan, posinf=posinf, neginf=neginf)")


@nan_to_num.vjp("input")
def _(g: Array, input: Array) -> Array:
    return _where(isfinite(input), g, 0.0)


@nan_to_num.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(), nan=draw.real(-1, 1))


@nan_to_num.onnx
def _(to: Emit, input: Any, *, nan: Any, posinf: Any, neginf: Any) -> Any:
    if input.dtype.kind != "f":
        return to.Identity(input)
    info = np.finfo(input.dtype)
    y = to.Where(to.IsNaN(input), to.const(nan or 0.0, input.dtype), input)
    y = to.Where(to.IsInf(input, detect_negative=0), to.const(info.max if posinf is None else posinf, input.dtype), y)
    return to.Where(to.IsInf(input, detect_positive=0), to.const(info.min if neginf is None else neginf, input.dtype), y)
