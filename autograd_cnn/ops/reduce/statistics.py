"""Variance, standard deviation, norms, log-sum-exp: reductions with more than a sum in them."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...engine.complaints import as_number
from ...engine.variable import dtype_of, ndim_of, shape_of, unbox
from ...errors import expected
from ...kernels.reference.sums import add_up
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, narrow, over
from ...types.kinds import spoken
from ...types.promotion import Array, get_default_dtype
from ..elementwise.exponential import exp
from ..elementwise.rounding import abs, sign
from ..elementwise.select import _where as where
from ..registry.contiguous import contiguous
from ..registry.dims import count_along, draw_dims, kept_shape, normal_dims, numpy_names, reduced_dims
from ..registry.expose import expose
from .extrema import _shared
from .reduce import Dims, _mean, as_dtype

_add: Any = np.add  # Any: NumPy's types know no `keepdims: bool`
_maximum: Any = np.maximum
_minimum: Any = np.minimum


def _wide(x: Array) -> Array:
    """float16 as float32: sums of squares do not fit its range."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def _floats(x: Array, operation: str) -> None:
    if x.dtype.kind not in "fc":
        raise RuntimeError(
            f"{operation}: Expected a floating point or complex tensor as input. Got {spoken(x.dtype)}. Convert with .float()."
        )


def _reduced(draw: Draw, **params: Any) -> Case:
    x = draw.array(draw.shape(min_dims=1, min_side=2))
    return Case(x, dims=draw_dims(draw, x.ndim), keepdim=draw.boolean(), **params)


# ------------------------------------------------------------------------------------------------- variance
def _variance(input: Array, dims: Dims, correction: float, keepdim: bool) -> Array:
    """In float64: a mean far from 0 would leave its rounding in each deviation, and squares have a small range."""
    n = count_along(input.shape, dims)
    mean = _add.reduce(input, axis=dims, keepdims=True, dtype=np.float64) / n if n else input
    d = np.subtract(input, mean, dtype=np.float64)
    np.multiply(d, d, out=d) if d.ndim else None
    square = _add.reduce(d, axis=dims, keepdims=keepdim) if d.ndim else d * d
    freedom = max(n - correction, 0)
    return square / freedom if freedom else square / square.dtype.type(0)


@primitive(name="var", family="reduce", real=True, derivative="2(x − mean)/(n − c)")
def _var(input: Array, *, dims: Dims = None, correction: float = 1, keepdim: bool = False) -> Array:
    """y = Σ (x − mean)² / (n − correction) over dims"""
    _floats(input, "var")
    return _variance(input, dims, correction, keepdim).astype(input.dtype, copy=False)


@_var.source
def _(input: Operand, dims: Any, correction: Any, keepdim: bool) -> str | None:
    given = ", ".join(said for said in (over(dims), "ddof=correction" if correction else "", over(None, keepdim)) if said)
    return None if narrow(input) else f"input.var({given})"


def _var_rule(g: Array, input: Array, dims: Dims, correction: float) -> Array:
    shape = shape_of(input)
    freedom = max(count_along(shape, dims) - correction, 0)
    g = g.reshape(kept_shape(shape, dims)) * (2 / freedom if freedom else math.inf)
    return g * (input - _mean(input, dims=dims, keepdim=True))


@_var.vjp("input")
def _(g: Array, input: Array, dims: Dims, correction: float) -> Array:
    return _var_rule(g, input, dims, correction)


@_var.cases
def _(draw: Draw) -> Case:
    return _reduced(draw, correction=draw.choice([0, 1, 0.5]))


@_var.bad_cases
def _() -> Any:
    yield Bad(np.ones(3, np.int64), error=RuntimeError, match="Expected a floating point or complex tensor")


@_var.onnx
def _(to: Emit, input: Any, *, dims: Any, correction: Any, keepdim: Any) -> Any:
    return _onnx_variance(to, input, dims, correction, keepdim)


@primitive(name="std", family="reduce", real=True, derivative="(x − mean)/(y(n − c))")
def _std(input: Array, *, dims: Dims = None, correction: float = 1, keepdim: bool = False) -> Array:
    """y = √(Σ (x − mean)² / (n − correction)) over dims; the gradient where it is 0 is 0"""
    _floats(input, "std")
    return np.sqrt(_variance(input, dims, correction, keepdim)).astype(input.dtype, copy=False)


@_std.source
def _(input: Operand, dims: Any, correction: Any, keepdim: bool) -> str | None:
    given = ", ".join(said for said in (over(dims), "ddof=correction" if correction else "", over(None, keepdim)) if said)
    return None if narrow(input) else f"input.std({given})"


@_std.vjp("input")
def _(g: Array, y: Array, input: Array, dims: Dims, correction: float) -> Array:
    return _var_rule(where(y == 0, 0.0, g / (where(y == 0, 1.0, y) * 2)), input, dims, correction)


@_std.cases
def _(draw: Draw) -> Case:
    shape = draw.shape(min_dims=1, min_side=2)
    return Case(draw.array(shape, distinct=True), dims=draw_dims(draw, len(shape)), correction=draw.choice([0, 1]), tolerance=10)


@_std.onnx
def _(to: Emit, input: Any, *, dims: Any, correction: Any, keepdim: Any) -> Any:
    return to.Sqrt(_onnx_variance(to, input, dims, correction, keepdim))


def _arguments(operation: str, input: Any, dim: Any, unbiased: bool | None, correction: float | None) -> tuple[Dims, float]:
    """The dims, and what is taken from n: `correction`, or 1 or 0 by the older `unbiased` (which may stand in `dim`'s place)."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None:
        if correction is not None:
            raise TypeError(f"{operation}() received an invalid combination of arguments: expected unbiased or correction, got both.")
        correction = 1 if unbiased else 0
    taken = 1 if correction is None else correction
    x = unbox(input)
    dims = reduced_dims(dim, ndim_of(input), operation)
    if count_along(x.shape, dims) <= taken and x.size:
        warnings.warn(
            f"{operation}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input numel "
            "divided by output numel).",
            stacklevel=3,
        )
    return dims, taken


@expose("function method")
@numpy_names
def var(
    input: Array,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Array:
    """y = Σ (x − mean)² / (n − correction) over `dim` (an int or several; all by default); correction is 1 if not given.

    `unbiased=False` is the older way to say `correction=0`. Warns if n − correction is not positive.

    Raises:
        RuntimeError: integers.
        IndexError: a dim out of range.

    >>> import autograd_cnn as ac
    >>> ac.var(ac.tensor([1., 2., 3., 4.]), correction=0)
    tensor(1.2500)
    """
    dims, taken = _arguments("var", input, dim, unbiased, correction)
    return _var(input, dims=dims, correction=taken, keepdim=keepdim)


@expose("function method")
@numpy_names
def std(
    input: Array,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Array:
    """y = √(Σ (x − mean)² / (n − correction)) over `dim` (an int or several; all by default); correction is 1 if not given.

    `unbiased=False` is the older way to say `correction=0`. Warns if n − correction is not positive. The gradient where the result is 0
    is 0. Raises RuntimeError for integers, IndexError for a dim out of range.

    >>> import autograd_cnn as ac
    >>> ac.std(ac.tensor([1., 3.]), correction=0)
    tensor(1.)
    """
    dims, taken = _arguments("std", input, dim, unbiased, correction)
    return _std(input, dims=dims, correction=taken, keepdim=keepdim)


@expose("function")
@numpy_names
def var_mean(
    input: Array,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Array, Array]:
    """The variance and the mean over `dim`; see `var`.

    >>> import autograd_cnn as ac
    >>> ac.var_mean(ac.tensor([1., 3.]), correction=0)
    (tensor(1.), tensor(2.))
    """
    dims, taken = _arguments("var_mean", input, dim, unbiased, correction)
    return _var(input, dims=dims, correction=taken, keepdim=keepdim), _mean(input, dims=dims, keepdim=keepdim)


@expose("function")
@numpy_names
def std_mean(
    input: Array,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Array, Array]:
    """The standard deviation and the mean over `dim`; see `std`.

    >>> import autograd_cnn as ac
    >>> ac.std_mean(ac.tensor([1., 3.]), correction=0)
    (tensor(1.), tensor(2.))
    """
    dims, taken = _arguments("std_mean", input, dim, unbiased, correction)
    return _std(input, dims=dims, correction=taken, keepdim=keepdim), _mean(input, dims=dims, keepdim=keepdim)


# ------------------------------------------------------------------------------------------------- log-sum-exp
@primitive(name="logsumexp", label="ln Σ eˣ", family="reduce", real=True, derivative="e^(x − y)")
def _logsumexp(input: Array, *, dims: Dims = None, keepdim: bool = False) -> Array:
    """y = ln Σ e^x over dims, with the greatest taken out"""
    x = _wide(input)
    top = _maximum.reduce(x, axis=dims, keepdims=True, initial=-math.inf)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    y = np.log(add_up(np.exp(x - top), dims, True)) + top
    if not keepdim:
        y = np.squeeze(y, axis=dims)
    return contiguous(y.astype(input.dtype, copy=False))


@_logsumexp.source
def _(input: Operand, dims: Any, keepdim: bool) -> str | None:
    if narrow(input) or not input.ndim:
        return None
    kept = over(dims, True)
    y = f"np.log(np.exp(input - top).sum({kept})) + top"
    return f"top = input.max({kept})\n" + (y if keepdim else f"({y}).squeeze({over(dims)})")


@_logsumexp.vjp("input")
def _(g: Array, y: Array, input: Array, dims: Dims) -> Array:
    small = kept_shape(shape_of(input), dims)
    return g.reshape(small) * exp(input - y.reshape(small))


@_logsumexp.cases
def _(draw: Draw) -> Case:
    return _reduced(draw)


@_logsumexp.onnx
def _(to: Emit, input: Any, *, dims: Any, keepdim: Any) -> Any:
    top = to.reduce("Max", input, dims, True)
    top = to.Where(to.IsInf(top), to.const(0, input.dtype), top)
    y = to.Log(to.reduce("Sum", to.Exp(to.Sub(input, top)), dims, keepdim))
    return to.Add(y, top if keepdim or not input.shape else to.Squeeze(top, None if dims is None else [int(d) for d in dims]))


@expose("function method")
@numpy_names
def logsumexp(input: Array, dim: Any, keepdim: bool = False) -> Array:
    """y = ln Σ e^x over `dim` (an int or several), without overflow. Integers become floats.

    >>> import autograd_cnn as ac
    >>> ac.logsumexp(ac.tensor([100., 100.]), dim=0)
    tensor(100.6931)
    """
    x = input if dtype_of(input).kind in "fc" else as_dtype(input, get_default_dtype())
    return _logsumexp(x, dims=reduced_dims(dim, ndim_of(input), "logsumexp"), keepdim=keepdim)


# ------------------------------------------------------------------------------------------------- norms
@primitive(name="norm", label="‖·‖ {p}", family="reduce", derivative="x|x|ᵖ⁻²/yᵖ⁻¹")
def _norm(input: Array, *, p: float = 2.0, dims: Dims = None, keepdim: bool = False) -> Array:
    """y = (Σ |x|ᵖ)^(1/p) over dims; ±inf: the greatest or smallest |x|; 0: how many are not 0"""
    x = np.abs(_wide(input))
    if p == 2:
        y = np.sqrt(add_up(x * x, dims, keepdim))
    elif p == 1:
        y = add_up(x, dims, keepdim)
    elif p == math.inf:
        y = _maximum.reduce(x, initial=0.0, axis=dims, keepdims=keepdim)
    elif p == -math.inf:
        y = _minimum.reduce(x, initial=math.inf, axis=dims, keepdims=keepdim)
    elif p == 0:
        y = add_up((x != 0).astype(x.dtype), dims, keepdim)
    else:
        y = add_up(x**p, dims, keepdim) ** (1.0 / p)
    return np.asarray(y).astype(np.empty(0, input.dtype).real.dtype, copy=False)


@_norm.source
def _(input: Operand, p: float, dims: Any, keepdim: bool) -> str | None:
    given = over(dims, keepdim)
    texts: dict[float, str] = {2: f"np.sqrt((input ** 2).sum({given}))", 1: f"np.abs(input).sum({given})"}
    return None if narrow(input) else texts.get(p)


@_norm.vjp("input")
def _(g: Array, y: Array, input: Array, p: float, dims: Dims) -> Array:
    shape = shape_of(input)
    small = kept_shape(shape, dims)
    if p in (math.inf, -math.inf):
        return _shared(g, y, abs(input), shape, dims) * sign(input)
    g, y = g.reshape(small), y.reshape(small)
    if p == 0:
        return g * 0.0 * input
    if p == 1:
        return g * sign(input)
    if p == 2:
        return input * where(y == 0, 0.0, g / where(y == 0, 1.0, y))
    size = where(input == 0, 1.0, abs(input))  # away from 0, where the power is not defined
    slope = where(input == 0, 0.0, sign(input) * size ** (p - 1))
    return slope * where(y == 0, 0.0, g * where(y == 0, 1.0, y) ** (1 - p))


@_norm.cases
def _(draw: Draw) -> Case:
    p = draw.choice([2.0, 1.0, 3.0, 0.5, 1.5, math.inf, -math.inf, 0.0])
    x = draw.array(draw.shape(min_dims=1), low=0.3, high=2.0, distinct=True)
    return Case(x * np.where(draw.booleans(x.shape), 1.0, -1.0), p=p, dims=draw_dims(draw, x.ndim), keepdim=draw.boolean())


@_norm.onnx
def _(to: Emit, input: Any, *, p: Any, dims: Any, keepdim: Any) -> Any:
    if p == 2:
        return to.reduce("L2", input, dims, keepdim) if dims != () else to.Abs(input)
    x = to.Abs(input)
    if p in (1, math.inf, -math.inf):
        return to.reduce("Sum" if p == 1 else "Max" if p > 0 else "Min", x, dims, keepdim)
    if p == 0:
        hits = to.Not(to.Equal(x, 0.0))
        return to.reduce("Sum", to.cast(hits, input.dtype), dims, keepdim)
    return to.Pow(to.reduce("Sum", to.Pow(x, float(p)), dims, keepdim), 1.0 / p)


@primitive(name="nuclear norm", label="‖·‖∗", family="reduce", derivative="U Vᵀ")
def _nuclear(input: Array) -> Array:
    """y = Σ of the singular values of (*, m, n) matrices → (*)"""
    return np.asarray(np.linalg.svd(input, compute_uv=False).sum(axis=-1))


@_nuclear.vjp("input", once=True)
def _(g: Array, input: Array) -> Array:
    u, _, vh = np.linalg.svd(input, full_matrices=False)
    return np.expand_dims(g, (-2, -1)) * (u @ vh)


@_nuclear.cases
def _(draw: Draw) -> Case:
    x = draw.array((*draw.shape(max_dims=1), 3, 2))
    return Case(x + 3 * np.eye(3, 2))


@expose("function method")
@numpy_names
def norm(input: Array, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """y = (Σ |x|ᵖ)^(1/p) over `dim` (an int or several; all by default). p may be inf, −inf, 0 (how many are not 0), 'fro' (p = 2) or
    'nuc' (the sum of the singular values over two dims). The gradient where the result is 0 is 0.

    Raises:
        RuntimeError: integers, an unknown p, or p < 0 or inf of no numbers.

    >>> import autograd_cnn as ac
    >>> ac.norm(ac.tensor([3., 4.]))
    tensor(5.)
    """
    x = as_dtype(input, dtype)
    raw = unbox(x)
    if ndim_of(input) >= 0 and raw.dtype.kind not in "fc":
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {spoken(raw.dtype)} in norm. "
            "Convert with .float()."
        )
    if p == "nuc":
        return _nuclear_over(x, (-2, -1) if dim is None else dim, keepdim)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(expected("norm", "p to be a number, 'fro' or 'nuc'", repr(p)))
    order = 2.0 if p is None or p == "fro" else float(as_number("norm", "p", p))
    dims = reduced_dims(dim, raw.ndim, "norm")
    if (order < 0 or order == math.inf) and 0 in [raw.shape[d] for d in (range(raw.ndim) if dims is None else dims)]:
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {order:g} norm of no numbers because the operation does not have an identity: got shape "
            f"{list(raw.shape)}, reduced over {'all dims' if dims is None else f'dims {list(dims)}'}."
        )
    return _norm(x, p=order, dims=dims, keepdim=keepdim)


def _nuclear_over(x: Any, dim: Any, keepdim: bool) -> Any:
    raw = unbox(x)
    dims = normal_dims(dim, raw.ndim, "norm")
    if len(dims) != 2 or raw.ndim < 2:
        raise RuntimeError(expected("norm", "two dims for p='nuc'", f"dim={dim} of {raw.ndim} dims"))
    from ..shape.shape import movedim

    y = _nuclear(movedim(x, dims, (-2, -1)))
    return y.reshape(kept_shape(raw.shape, dims)) if keepdim else y


def _onnx_variance(to: Emit, x: Any, dims: Any, correction: float, keepdim: bool) -> Any:
    """Σ (x − mean)² / (n − correction)."""
    centred = to.Sub(x, to.reduce("Mean", x, dims, True))
    n = math.prod(int(x.shape[d]) for d in (range(len(x.shape)) if dims is None else dims))
    return to.Div(to.reduce("Sum", to.Mul(centred, centred), dims, keepdim), float(max(n - correction, 0)))
