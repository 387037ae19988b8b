"""softmax, its logarithm and kin: computed with the maximum taken out, so that nothing overflows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.variable import ndim_of
from ...kernels.onednn import softmax as onednn
from ...kernels.reference.sums import add_up
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, narrow
from ...types.kinds import float_only
from ...types.promotion import Array
from ..elementwise.exponential import exp
from ..reduce.reduce import _sum, as_dtype
from ..registry.contiguous import contiguous
from ..registry.dims import draw_dim, normal_dim
from ..registry.expose import expose


def _shifted(x: Array, dim: int) -> tuple[Array, int | None]:
    """x − max x along dim, in float32 at least, and the axis as NumPy takes it."""
    axis, x = dim if x.ndim else None, contiguous(x)
    if x.dtype == np.float16:
        x = x.astype(np.float32)
    return x - np.maximum.reduce(x, axis=axis, keepdims=True, initial=-math.inf), axis


@primitive(name="softmax", label="softmax", family="activation", derivative="y(δ − yᵀ)")
def _softmax(input: Array, *, dim: int) -> Array:
    """y = e^x / Σ e^x along dim"""
    float_only(input, "softmax")
    y, axis = _shifted(input, dim)
    y = np.exp(y)
    y /= add_up(y, axis, True)
    return y.astype(input.dtype, copy=False)


@_softmax.source
def _(input: Operand) -> str | None:
    if narrow(input) or not input.ndim:
        return None
    return "e = np.exp(input - input.max(axis=dim, keepdims=True))\ne / e.sum(axis=dim, keepdims=True)"


@_softmax.accelerated
def _(input: Array, *, dim: int) -> Any:
    return onednn.softmax(input, dim)


@_softmax.vjp("input")
def _(g: Array, y: Array, dim: int, donated: Array | None) -> Array:
    return _softmax_adjoint(g, y, dim, donated)


@_softmax.entries
def _(input: Array, dim: int) -> Any:
    a = yield "A", np.exp(input)
    s = yield "S", a.sum(dim, keepdims=True) if input.ndim else a
    y = yield None, a / s
    return {"gradient": lambda g: {"input": (g - (g * y).sum(dim, keepdims=True)) * y}}


def _axes(x: Array, dim: int) -> tuple[int, ...] | None:
    return (dim,) if ndim_of(x) > 1 else None


def _along(x: Array, dim: int) -> Array:
    """Σ x along dim, which stays."""
    return _sum(x, dims=_axes(x, dim), keepdim=True)


@_softmax.cases
def _(draw: Draw) -> Case:
    x = draw.array()
    return Case(x, dim=draw_dim(draw, x.ndim) if x.ndim else 0)


@_softmax.bad_cases
def _() -> Any:
    yield Bad(np.ones(3, np.int64), dim=0, error=NotImplementedError, match="not implemented for 'Long'")


@_softmax.onnx
def _(to: Emit, input: Any, *, dim: Any) -> Any:
    return to.Softmax(input, axis=dim) if input.shape else to.Exp(to.Sub(input, input))


@primitive(name="softmax_adjoint", label="softmax ∂input", family="activation")
def _softmax_adjoint(input: Array, result: Array, *, dim: int) -> Array:
    """y = s · (input − Σ input · s), s being softmax's result"""
    y = input * result
    y -= result * add_up(y, _axes(y, dim), True)
    return y.astype(input.dtype, copy=False)


@_softmax_adjoint.source
def _(input: Operand) -> str | None:
    return None if narrow(input) or not input.ndim else "gp = input * result\ngp - result * gp.sum(axis=dim, keepdims=True)"


_softmax_adjoint.accelerated(onednn.softmax_adjoint)


@_softmax_adjoint.vjp("input", "result")
def _(g: Array, input: Array, result: Array, dim: int, donated: Array | None, need: tuple[bool, ...]) -> tuple[Array | None, ...]:
    bent = g * (input - _along(input * result, dim)) - input * _along(g * result, dim) if need[1] else None
    return _softmax_adjoint(g, result, dim, donated) if need[0] else None, bent


@_softmax_adjoint.cases
def _(draw: Draw) -> Case:
    y = draw.array(low=0.05, high=0.95)
    return Case(draw.array(y.shape, low=-2.0, high=2.0), y, dim=draw_dim(draw, y.ndim) if y.ndim else 0)


@primitive(name="log_softmax", family="activation", derivative="δ − e^y")
def _log_softmax(input: Array, *, dim: int) -> Array:
    """y = x − ln Σ e^x along dim"""
    float_only(input, "log_softmax")
    y, axis = _shifted(input, dim)
    y -= np.log(add_up(np.exp(y), axis, True))
    return y.astype(input.dtype, copy=False)


@_log_softmax.source
def _(input: Operand) -> str | None:
    if narrow(input) or not input.ndim:
        return None
    return "shifted = input - input.max(axis=dim, keepdims=True)\nshifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))"


@_log_softmax.accelerated
def _(input: Array, *, dim: int) -> Any:
    return onednn.softmax(input, dim, log=True)


def twice_softmax(operation: str, made_by: str) -> str:
    """The hint for a softmax of a softmax: no error, but gradients that hardly move anything."""
    if made_by != "softmax":
        return ""
    return f"{operation}: expected logits, got the result of softmax: softmax is taken twice. Leave it out before {operation}."


@_log_softmax.hints
def _(made_by: Sequence[str], values: Sequence[Array]) -> str:
    return twice_softmax("log_softmax", made_by[0])


@_log_softmax.vjp("input")
def _(g: Array, y: Array, dim: int, donated: Array | None) -> Array:
    return _log_softmax_adjoint(g, y, dim, donated)


@_log_softmax.entries
def _(input: Array, dim: int) -> Any:
    a = yield "A", np.exp(input)
    s = yield "S", a.sum(dim, keepdims=True) if input.ndim else a
    yield None, input - np.log(s)
    return {"gradient": lambda g: {"input": g - g.sum(dim, keepdims=True) * (a / s)}}


@_log_softmax.cases
def _(draw: Draw) -> Case:
    x = draw.array()
    return Case(x, dim=draw_dim(draw, x.ndim) if x.ndim else 0)


@_log_softmax.onnx
def _(to: Emit, input: Any, *, dim: Any) -> Any:
    return to.LogSoftmax(input, axis=dim) if input.shape else to.Sub(input, input)


@primitive(name="log_softmax_adjoint", label="log_softmax ∂input", family="activation")
def _log_softmax_adjoint(input: Array, result: Array, *, dim: int) -> Array:
    """y = input − e^s · Σ input, s being log_softmax's result"""
    y = np.exp(result)
    y *= add_up(input, _axes(input, dim), True)
    return np.subtract(input, y).astype(input.dtype, copy=False)


@_log_softmax_adjoint.source
def _(input: Operand) -> str | None:
    return None if narrow(input) or not input.ndim else "input - np.exp(result) * input.sum(axis=dim, keepdims=True)"


_log_softmax_adjoint.accelerated(onednn.log_softmax_adjoint)


@_log_softmax_adjoint.vjp("input", "result")
def _(g: Array, input: Array, result: Array, dim: int, need: tuple[bool, ...]) -> tuple[Array | None, ...]:
    p = exp(result)
    return g - _along(g * p, dim) if need[0] else None, -(g * p * _along(input, dim)) if need[1] else None


@_log_softmax_adjoint.cases
def _(draw: Draw) -> Case:
    y = draw.array(low=-3.0, high=0.0)
    return Case(draw.array(y.shape, low=-2.0, high=2.0), y, dim=draw_dim(draw, y.ndim) if y.ndim else 0)


@expose("function method")
def softmax(input: Array, dim: int, dtype: Any = None) -> Array:
    """y = e^x / Σ e^x along `dim`: positive, with sum 1.   (*) → (*)

    `dtype` casts the input first. Raises IndexError for a dim out of range, NotImplementedError for integers.

    >>> import autograd_cnn as ac
    >>> ac.softmax(ac.tensor([1., 1., 1., 1.]), dim=0)
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    return _softmax(as_dtype(input, dtype), dim=normal_dim(dim, ndim_of(input), "softmax"))


@expose("function method")
def log_softmax(input: Array, dim: int, dtype: Any = None) -> Array:
    """y = x − ln Σ e^x along `dim`: the logarithm of softmax, without its underflow.   (*) → (*)

    `dtype` casts the input first. Raises IndexError for a dim out of range, NotImplementedError for integers.

    >>> import autograd_cnn as ac
    >>> ac.log_softmax(ac.tensor([0., 0.]), dim=0)
    tensor([-0.6931, -0.6931])
    """
    return _log_softmax(as_dtype(input, dtype), dim=normal_dim(dim, ndim_of(input), "log_softmax"))
