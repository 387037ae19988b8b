"""Running sums, products and extrema along a dim, and the product of all.

A product's gradient divides by the entries where none is 0; else it runs products from both sides, which is exact there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.variable import Variable, dtype_of, ndim_of, shape_of, unbox
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, narrow, over
from ...types.promotion import Array
from ..elementwise.arithmetic import _sub
from ..elementwise.exponential import exp, log
from ..elementwise.logical import logical_xor
from ..elementwise.select import _where as where
from ..index.index import select_view
from ..index.take_along import put_along
from ..registry import return_types
from ..registry.contiguous import contiguous
from ..registry.derived import derived, sure
from ..registry.dims import draw_dim, kept_shape, normal_dim, numpy_names
from ..registry.expose import expose
from ..shape.join import cat
from ..shape.shape import clone
from .reduce import as_dtype

_multiply: Any = np.multiply  # Any: NumPy's types know no `keepdims: bool`


def _wide(x: Array) -> Any:
    """The dtype in which a running sum or product is kept: of n entries it rounds n times, so as float64."""
    return np.int64 if x.dtype.kind in "biu" else np.float64 if x.dtype.kind == "f" else None


def _scan_case(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1))
    return Case(x, dim=draw_dim(draw, x.ndim))


def _reverse(x: Array, dim: int) -> Array:
    return np.flip(x, dim)


# ------------------------------------------------------------------------------------------------- sums
@primitive(name="cumsum", label="Σ running", family="reduce", derivative="1")
def _cumsum(input: Array, *, dim: int, backwards: bool = False) -> Array:
    """yᵢ = Σ xⱼ over j ≤ i along dim (backwards: j ≥ i)"""
    if not input.ndim:
        return np.array(input, dtype=np.int64 if input.dtype.kind in "biu" else None)
    x = _reverse(input, dim) if backwards else input
    y = contiguous(np.add.accumulate(x, axis=dim, dtype=_wide(x)))
    y = y.astype(input.dtype, copy=False) if input.dtype.kind == "f" else y
    return _reverse(y, dim) if backwards else y


@_cumsum.source
def _(input: Operand, backwards: bool) -> str | None:
    if not input.ndim or narrow(input):
        return None
    return "np.flip(np.cumsum(np.flip(input, dim), axis=dim), dim)" if backwards else "np.cumsum(input, axis=dim)"


@_cumsum.vjp("input")
def _(g: Array, dim: int, backwards: bool) -> Array:
    return _cumsum(g, dim=dim, backwards=not backwards)


@_cumsum.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1))
    return Case(x, dim=draw_dim(draw, x.ndim), backwards=draw.boolean())


@_cumsum.onnx
def _(to: Emit, input: Any, *, dim: Any, backwards: Any) -> Any:
    if not input.shape:
        return to.cast(input, to.dtype)
    return to.CumSum(to.cast(input, to.dtype), to.const(dim, np.int64), reverse=int(backwards))


@expose("function method inplace")
@numpy_names
def cumsum(input: Array, dim: int, *, dtype: Any = None) -> Array:
    """yᵢ = x₀ + … + xᵢ along `dim`. Integers and bools add up as int64.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.cumsum(ac.tensor([1., 2., 3.]), dim=0)
    tensor([1., 3., 6.])
    """
    y = _cumsum(as_dtype(input, dtype), dim=normal_dim(dim, ndim_of(input), "cumsum"))
    return as_dtype(y, dtype)  # integers add up as int64: cut at the end, as if all along


@primitive(name="logcumsumexp", label="ln Σ eˣ running", family="reduce", real=True, derivative="e^(xⱼ − yᵢ)")
def _logcumsumexp(input: Array, *, dim: int, backwards: bool = False) -> Array:
    """yᵢ = ln Σ e^xⱼ over j ≤ i along dim (backwards: j ≥ i)"""
    if not input.ndim:
        return np.array(input)
    x = _reverse(input, dim) if backwards else input
    y = np.logaddexp.accumulate(x, axis=dim, dtype=np.float64)
    y = y.astype(x.dtype, copy=False) if x.dtype.kind == "f" else y
    return _reverse(y, dim) if backwards else y


@_logcumsumexp.vjp("input")
def _(g: Array, y: Array, input: Array, dim: int, backwards: bool) -> Array:
    recorded = isinstance(g, Variable)
    y = where(y == -math.inf, 0.0, y)  # nothing but −∞ so far: its share is 0, and −∞ + ∞ would be NaN

    def part(h: Array) -> Array:  # h ≥ 0: Σ h e^(x − y), in logarithms, where nothing overflows
        logs = where(h > 0, log(where(h > 0, h, 1.0)), -math.inf)
        return exp(_logcumsumexp(logs - y, dim=dim, backwards=not backwards) + input)

    if not recorded:
        return part(g) - part(-g)
    idle = derived(_weight_of_zeros, g)
    return part(g + idle) - part(where(g == 0, idle, -g))


def _weight_of_zeros(g: Array) -> Array:
    """A logarithm has no derivative at 0. So that the rule can be differentiated by a g of 0, such a g is written as w − w: w is the
    largest of g (1 if all are 0), and 0 where g is not 0."""
    size = np.abs(g)
    largest = np.where(np.isfinite(size), size, 0).max(initial=0)
    return np.where(size == 0, largest or 1, 0).astype(g.dtype)


@_logcumsumexp.cases
def _(draw: Draw) -> Case:
    case = _scan_case(draw)
    case.params["backwards"] = draw.boolean()
    return case


@_logcumsumexp.onnx
def _(to: Emit, input: Any, *, dim: Any, backwards: Any) -> Any:
    if not input.shape:
        return to.Identity(input)
    n = int(input.shape[dim])
    order = np.triu(np.ones((n, n), bool)) if not backwards else np.tril(np.ones((n, n), bool))
    x = to.Transpose(input, perm=[*(d for d in range(len(input.shape)) if d != dim), dim])
    wide = to.Where(to.const(order.T), to.Unsqueeze(x, [-2]), to.const(-np.inf, input.dtype))
    y = to.reduce("LogSumExp", wide, (len(input.shape),))
    back = list(range(len(input.shape) - 1))
    back.insert(dim, len(input.shape) - 1)
    return to.Transpose(y, perm=back)


@expose("function method inplace")
@numpy_names
def logcumsumexp(input: Array, dim: int) -> Array:
    """yᵢ = ln(e^x₀ + … + e^xᵢ) along `dim`, without overflow.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.logcumsumexp(ac.tensor([0., 0., 0.]), dim=0)
    tensor([0.0000, 0.6931, 1.0986])
    """
    return _logcumsumexp(input, dim=normal_dim(dim, ndim_of(input), "logcumsumexp"))


# ------------------------------------------------------------------------------------------------- products
@primitive(label="shift {by}", family="shape")
def shift(input: Array, *, by: int, dim: int) -> Array:
    """yᵢ = xᵢ₋by along dim, 0 where there is none"""
    y = np.zeros_like(input)
    keep = max(input.shape[dim] - abs(by), 0)
    to = [slice(None)] * input.ndim
    frm = list(to)
    to[dim] = slice(by, by + keep) if by >= 0 else slice(0, keep)
    frm[dim] = slice(0, keep) if by >= 0 else slice(-by, keep - by)
    y[tuple(to)] = input[tuple(frm)]
    return y


@shift.vjp("input")
def _(g: Array, by: int, dim: int) -> Array:
    return shift(g, by=-by, dim=dim)


@shift.cases
def _(draw: Draw) -> Case:
    case = _scan_case(draw)
    case.params["by"] = draw.integer(-2, 2)
    return case


@shift.onnx
def _(to: Emit, input: Any, *, by: Any, dim: Any) -> Any:
    n = int(input.shape[dim])
    if abs(by) >= n:
        return to.Sub(input, input)
    pads, end = [0] * 2 * len(input.shape), len(input.shape)
    pads[dim if by > 0 else dim + end] = abs(by)
    part = to.Slice(input, [max(-by, 0)], [n - max(by, 0)], [dim])
    return to.Pad(part, pads)


def _gap(x: Any, by: int, dim: int) -> Any:
    """1 where `shift` has nothing to shift in, 0 elsewhere (raw): what makes the missing factors 1."""
    raw = unbox(x)
    y = np.zeros((1,) * dim + (raw.shape[dim],) + (1,) * (raw.ndim - dim - 1), raw.dtype)
    np.moveaxis(y, dim, 0)[slice(0, by) if by > 0 else slice(by, None)] = 1
    return y


def _before(x: Any, dim: int, step: int) -> Any:
    """The product of all entries before each one (step 1) or after it (step −1), without division: runs of length 1, 2, 4, … multiply."""
    n = shape_of(x)[dim]
    run, length = shift(x, by=step, dim=dim) + _gap(x, step, dim), 1
    while length < n:
        by = step * length
        run = run * (shift(run, by=by, dim=dim) + _gap(x, by, dim))
        length *= 2
    return run


def _products_of_others(x: Any, dims: tuple[int, ...] | None) -> Any:
    """For each entry the product of all others over dims: exact with zeros, too."""
    shape = shape_of(x)
    if dims is None:
        flat = x.reshape((-1,))
        return (_before(flat, 0, 1) * _before(flat, 0, -1)).reshape(shape)
    return _before(x, dims[0], 1) * _before(x, dims[0], -1)


@primitive(name="prod", label="Π", family="reduce", derivative="y/x")
def _prod(input: Array, *, dims: tuple[int, ...] | None = None, keepdim: bool = False) -> Array:
    """y = Π input over one dim, or all"""
    y = _multiply.reduce(input, axis=dims, keepdims=keepdim, dtype=_wide(input))
    return y.astype(input.dtype, copy=False) if input.dtype.kind == "f" else y


@_prod.source
def _(input: Operand, dims: Any, keepdim: bool) -> str | None:
    return None if narrow(input) else f"input.prod({over(dims, keepdim)})"


@_prod.vjp("input")
def _(g: Array, y: Array, input: Array, dims: tuple[int, ...] | None) -> Array:
    small = kept_shape(shape_of(input), dims)
    if sure(np.all, input):
        return (g * y).reshape(small) / input
    return g.reshape(small) * _products_of_others(input, dims)


@_prod.cases
def _(draw: Draw) -> Case:
    x = np.array(draw.array(draw.shape(min_dims=1), low=-2.0, high=2.0))  # a range: products of the others may overflow beside a 0
    for _ in range(draw.integer(0, 2)):
        x[tuple(draw.integer(0, n - 1) for n in x.shape)] = 0.0
    dim = draw_dim(draw, x.ndim)
    return Case(x, dims=(dim,) if x.ndim > 1 and draw.boolean() else None, keepdim=draw.boolean())


@_prod.onnx
def _(to: Emit, input: Any, *, dims: Any, keepdim: Any) -> Any:
    return to.reduce("Prod", to.cast(input, to.dtype), dims, keepdim)


@expose("function method")
@numpy_names
def prod(input: Array, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """y = Π input, of all entries or along `dim`. Integers and bools multiply as int64; an empty product is 1.

    The gradient is right where entries are 0.

    >>> import autograd_cnn as ac
    >>> ac.prod(ac.tensor([[1., 2.], [3., 4.]]), dim=1)
    tensor([ 2., 12.])
    """
    ndim = ndim_of(input)
    dims = None if dim is None or (ndim < 2 and normal_dim(dim, ndim, "prod") == 0) else (normal_dim(dim, ndim, "prod"),)
    return as_dtype(_prod(as_dtype(input, dtype), dims=dims, keepdim=keepdim), dtype)


@primitive(name="cumprod", label="Π running", family="reduce", derivative="Σ y/x")
def _cumprod(input: Array, *, dim: int) -> Array:
    """yᵢ = Π xⱼ over j ≤ i along dim"""
    if not input.ndim:
        return np.array(input, dtype=np.int64 if input.dtype.kind in "biu" else None)
    y = np.multiply.accumulate(input, axis=dim, dtype=_wide(input))
    return y.astype(input.dtype, copy=False) if input.dtype.kind == "f" else y


@_cumprod.source
def _(input: Operand) -> str | None:
    return "np.cumprod(input, axis=dim)" if input.ndim and not narrow(input) else None


@_cumprod.vjp("input")
def _(g: Array, y: Array, input: Array, dim: int) -> Array:
    if not ndim_of(input):
        return g
    if sure(np.all, input):
        return _cumsum(g * y, dim=dim, backwards=True) / input
    # sᵢ = gᵢ + xᵢ₊₁ sᵢ₊₁, then times the product of what stands before: the recurrence in runs of length 1, 2, 4, …
    s, factor, length = g, shift(input, by=-1, dim=dim), 1
    while length < shape_of(input)[dim]:
        s = s + factor * shift(s, by=-length, dim=dim)
        factor = factor * shift(factor, by=-length, dim=dim)
        length *= 2
    return s * _before(input, dim, 1)


@_cumprod.cases
def _(draw: Draw) -> Case:
    x = np.array(draw.array(draw.shape(min_dims=1), low=-2.0, high=2.0))  # a range: products of the others may overflow beside a 0
    for _ in range(draw.integer(0, 2)):
        x[tuple(draw.integer(0, n - 1) for n in x.shape)] = 0.0
    return Case(x, dim=draw_dim(draw, x.ndim))


@_cumprod.onnx
def _(to: Emit, input: Any, *, dim: Any) -> Any:
    if not input.shape:
        return to.cast(input, to.dtype)
    n = int(input.shape[dim])
    x = to.Transpose(to.cast(input, to.dtype), perm=[*(d for d in range(len(input.shape)) if d != dim), dim])
    wide = to.Where(to.const(np.tril(np.ones((n, n), bool))), to.Unsqueeze(x, [-2]), to.const(1, to.dtype))
    y = to.reduce("Prod", wide, (len(input.shape),))
    back = list(range(len(input.shape) - 1))
    back.insert(dim, len(input.shape) - 1)
    return to.Transpose(y, perm=back)


@expose("function method inplace")
@numpy_names
def cumprod(input: Array, dim: int, *, dtype: Any = None) -> Array:
    """yᵢ = x₀ · … · xᵢ along `dim`. Integers and bools multiply as int64. The gradient is right where entries are 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.cumprod(ac.tensor([1., 2., 3.]), dim=0)
    tensor([1., 2., 6.])
    """
    return as_dtype(_cumprod(as_dtype(input, dtype), dim=normal_dim(dim, ndim_of(input), "cumprod")), dtype)


# ------------------------------------------------------------------------------------------------- extrema
def _running(ufunc: Any, input: Array, dim: int) -> tuple[Array, Array]:
    """The extremum so far and the index of the last entry that attains it."""
    if not input.ndim:
        return np.array(input), np.zeros((), np.int64)
    values = ufunc.accumulate(input, axis=dim)
    places = np.arange(input.shape[dim]).reshape((-1,) + (1,) * (input.ndim - dim - 1))
    attains = np.equal(input, values) | (np.isnan(input) if input.dtype.kind == "f" else False)
    return values, np.maximum.accumulate(np.where(attains, places, 0), axis=dim)


def _running_rule(g: Array, indices: Any, shape: tuple[int, ...], dim: int) -> Array:
    return put_along(g, at=unbox(indices), dim=dim, size=shape[dim], repeats=True) if shape else g


@primitive(name="cummax", label="max running", family="reduce", real=True, outputs=("values", "indices"))
def _cummax(input: Array, *, dim: int) -> tuple[Array, Array]:
    """The greatest entry so far along dim, and where it stands"""
    return _running(np.maximum, input, dim)


@_cummax.onnx
def _(to: Emit, input: Any, *, dim: Any) -> Any:
    return to.running("Max", input, dim)


@primitive(name="cummin", label="min running", family="reduce", real=True, outputs=("values", "indices"))
def _cummin(input: Array, *, dim: int) -> tuple[Array, Array]:
    """The smallest entry so far along dim, and where it stands"""
    return _running(np.minimum, input, dim)


@_cummin.onnx
def _(to: Emit, input: Any, *, dim: Any) -> Any:
    return to.running("Min", input, dim)


for _extremum in (_cummax, _cummin):

    @_extremum.vjp("input")
    def _(g: Array, indices: Array, input_shape: tuple[int, ...], dim: int) -> Array:
        return _running_rule(g, indices, input_shape, dim)

    @_extremum.cases
    def _(draw: Draw) -> Case:
        x = draw.array(draw.shape(min_dims=1), distinct=True)
        return Case(x, dim=draw_dim(draw, x.ndim))


@expose("function method")
@numpy_names
def cummax(input: Array, dim: int) -> return_types.cummax:
    """The greatest entry so far along `dim`, and the index of the last that attains it, as a named tuple (values, indices).

    >>> import autograd_cnn as ac
    >>> ac.cummax(ac.tensor([1., 3., 2.]), dim=0).values
    tensor([1., 3., 3.])
    """
    return return_types.cummax(*_cummax(input, dim=normal_dim(dim, ndim_of(input), "cummax")))


@expose("function method")
@numpy_names
def cummin(input: Array, dim: int) -> return_types.cummin:
    """The smallest entry so far along `dim`, and the index of the last that attains it, as a named tuple (values, indices).

    >>> import autograd_cnn as ac
    >>> ac.cummin(ac.tensor([2., 3., 1.]), dim=0).indices
    tensor([0, 0, 2])
    """
    return return_types.cummin(*_cummin(input, dim=normal_dim(dim, ndim_of(input), "cummin")))


# ------------------------------------------------------------------------------------------------- differences
@expose("function method")
@numpy_names
def diff(input: Array, n: int = 1, dim: int = -1, prepend: Array | None = None, append: Array | None = None) -> Array:
    """yᵢ = xᵢ₊₁ − xᵢ along `dim`, n times; `prepend` and `append` are put before and after first. Of bools: whether they differ.

    Raises:
        RuntimeError: a 0-d input or a negative n.

    >>> import autograd_cnn as ac
    >>> ac.diff(ac.tensor([1., 4., 9.]))
    tensor([3., 5.])
    """
    ndim = ndim_of(input)
    if not ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional: got 0 dims.")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n} in diff.")
    at = normal_dim(dim, ndim, "diff")
    if n == 0:
        return clone(input)  # PyTorch puts nothing before or after it, either
    parts = [v for v in (prepend, input, append) if v is not None]
    x = cat(parts, dim=at) if len(parts) > 1 else input
    for _ in range(min(n, shape_of(x)[at])):  # then nothing is left
        before, after = ((slice(None),) * at + (part, Ellipsis) for part in (slice(None, -1), slice(1, None)))
        pair = select_view(x, at=after), select_view(x, at=before)
        x = logical_xor(*pair) if dtype_of(x).kind == "b" else _sub(*pair)
    return x
