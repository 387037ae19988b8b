"""Order: sort, top-k, k-th value, median, mode. Each returns values and the indices where they stand; the gradient goes back there.

NaN counts as greatest, as in PyTorch; entries that are equal keep their order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.variable import ndim_of, shape_of, unbox
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.promotion import Array
from ..index.take_along import put_along
from ..registry import return_types
from ..registry.dims import DimError, draw_dim, kept_shape, normal_dim, numpy_names
from ..registry.expose import expose
from .extrema import _put_one, _shared


def _order(x: Array, dim: int, descending: bool) -> Array:
    """The indices that sort x along dim, equal entries in their order."""
    if not descending:
        return np.argsort(x, axis=dim, kind="stable")
    # sorted ascending from behind, then read backwards: NaN first, equal entries in order
    return x.shape[dim] - 1 - np.flip(np.argsort(np.flip(x, dim), axis=dim, kind="stable"), dim)


# ------------------------------------------------------------------------------------------------- sort and top-k
@primitive(name="sort", family="reduce", real=True, outputs=("values", "indices"))
def _sort(input: Array, *, dim: int, descending: bool = False) -> tuple[Array, Array]:
    """The entries in order along dim, and where each stood"""
    if not input.ndim:
        return np.array(input), np.zeros((), np.int64)
    indices = _order(input, dim, descending)
    return np.take_along_axis(input, indices, dim), indices


@_sort.vjp("input")
def _(g: Array, indices: Array, input_shape: tuple[int, ...], dim: int) -> Array:
    return put_along(g, at=unbox(indices), dim=dim, size=input_shape[dim]) if input_shape else g


@_sort.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1), distinct=True)
    return Case(x, dim=draw_dim(draw, x.ndim), descending=draw.boolean())


@_sort.onnx
def _(to: Emit, input: Any, *, dim: Any, descending: Any) -> Any:
    if not input.shape:
        return to.Identity(input), to.Identity(to.const(0, np.int64))
    return to.TopK(input, to.ints(input.shape[dim]), axis=dim, largest=int(descending), outs=2)


@expose("function method")
@numpy_names
def sort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> return_types.sort:
    """The entries in ascending (or descending) order along `dim`, and where each stood: a named tuple (values, indices).

    Equal entries keep their order, whether `stable` is asked for or not.

    >>> import autograd_cnn as ac
    >>> ac.sort(ac.tensor([3., 1., 2.])).indices
    tensor([1, 2, 0])
    """
    return return_types.sort(*_sort(input, dim=normal_dim(dim, ndim_of(input), "sort"), descending=descending))


@expose("function method")
@numpy_names
def argsort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> Array:
    """The indices that sort the input along `dim`.   int64

    >>> import autograd_cnn as ac
    >>> ac.argsort(ac.tensor([3., 1., 2.]), descending=True)
    tensor([0, 2, 1])
    """
    return _sort(input, dim=normal_dim(dim, ndim_of(input), "argsort"), descending=descending)[1]


@expose("function method")
def msort(input: Array) -> Array:
    """The entries in ascending order along dim 0.

    >>> import autograd_cnn as ac
    >>> ac.msort(ac.tensor([3., 1., 2.]))
    tensor([1., 2., 3.])
    """
    return _sort(input, dim=normal_dim(0, ndim_of(input), "msort"))[0]


@primitive(name="topk", label="top {k}", family="reduce", real=True, outputs=("values", "indices"))
def _topk(input: Array, *, k: int, dim: int, largest: bool = True) -> tuple[Array, Array]:
    """The k greatest (smallest) entries along dim in order, and where they stand"""
    n = input.shape[dim] if input.ndim else 1
    if not 0 <= k <= n:
        raise RuntimeError(f"selected index k out of range: topk expected 0 <= k <= {n} (the size of dim {dim}), got {k}.")
    if not input.ndim:
        return (np.array(input), np.zeros((), np.int64)) if k else (np.zeros(0, input.dtype), np.zeros(0, np.int64))
    indices = _few_first(input, k, dim, largest) if 0 < 4 * k <= n else None
    if indices is None:
        indices = np.take(_order(input, dim, largest), range(k), axis=dim)
    return np.take_along_axis(input, indices, dim), indices


def _few_first(x: Array, k: int, dim: int, largest: bool) -> Array | None:
    """The first k of `_order`, without sorting the rest; None where equal entries stand at the limit, or NaNs."""
    n = x.shape[dim]
    limit = np.take(np.partition(x, n - k if largest else k - 1, axis=dim), [n - k if largest else k - 1], axis=dim)
    rows = np.moveaxis(x >= limit if largest else x <= limit, dim, -1)
    if np.any(np.count_nonzero(rows, axis=-1) != k):
        return None
    at = np.moveaxis(np.nonzero(rows)[-1].reshape(*rows.shape[:-1], k), -1, dim)  # of each slice, in the order they stand in
    return np.take_along_axis(at, _order(np.take_along_axis(x, at, dim), dim, largest), dim)


@_topk.vjp("input")
def _(g: Array, indices: Array, input_shape: tuple[int, ...], dim: int) -> Array:
    return put_along(g, at=unbox(indices), dim=dim, size=input_shape[dim]) if input_shape else g


@_topk.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1), distinct=True)
    dim = draw_dim(draw, x.ndim)
    return Case(x, k=draw.integer(1, x.shape[dim]), dim=dim, largest=draw.boolean())


@_topk.bad_cases
def _() -> Any:
    yield Bad(np.ones(3), k=4, dim=0, error=RuntimeError, match="selected index k out of range")


@_topk.onnx
def _(to: Emit, input: Any, *, k: Any, dim: Any, largest: Any) -> Any:
    if not input.shape:
        x = to.Reshape(input, [1])
        return to.Reshape(x, [] if k else [0]), to.const(np.zeros(() if k else 0, np.int64))
    return to.TopK(input, [k], axis=dim, largest=int(largest), outs=2)


@expose("function method")
@numpy_names
def topk(input: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> return_types.topk:
    """The k greatest entries along `dim` (the smallest with largest=False), and where they stand: a named tuple (values, indices).

    They come in order, whether `sorted` is asked for or not. Raises RuntimeError if there are fewer than k.

    >>> import autograd_cnn as ac
    >>> ac.topk(ac.tensor([1., 5., 3.]), 2).values
    tensor([5., 3.])
    """
    return return_types.topk(*_topk(input, k=k, dim=normal_dim(dim, ndim_of(input), "topk"), largest=largest))


# ------------------------------------------------------------------------------------------------- one by rank
def _pick_rank(x: Array, order: Array, rank: Any, dim: int, keepdim: bool) -> tuple[Array, Array]:
    """The entry of each slice that stands at `rank` in its order, and its index."""
    at = np.broadcast_to(rank, kept_shape(x.shape, (dim,)))
    indices = np.take_along_axis(order, at, dim)
    values = np.take_along_axis(x, indices, dim)
    return (values, indices) if keepdim else (np.squeeze(values, dim), np.squeeze(indices, dim))


def _not_empty(x: Array, dim: int, operation: str) -> None:
    if x.ndim and x.shape[dim] == 0:
        raise DimError(f"{operation}(): Expected reduction dim {dim} to have non-zero size.")


@primitive(name="kthvalue", label="{k}-th value", family="reduce", real=True, outputs=("values", "indices"))
def _kthvalue(input: Array, *, k: int, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The k-th smallest entry along dim, and where it stands"""
    _not_empty(input, dim, "kthvalue")
    n = input.shape[dim] if input.ndim else 1
    if not 1 <= k <= n:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}: expected 1 <= k <= {n}, got {k}.")
    if not input.ndim:
        return np.array(input), np.zeros((), np.int64)
    return _pick_rank(input, _order(input, dim, False), k - 1, dim, keepdim)


@primitive(name="median_dim", label="median", family="reduce", real=True, outputs=("values", "indices"))
def _median_dim(input: Array, *, dim: int, keepdim: bool = False, skip_nan: bool = False) -> tuple[Array, Array]:
    """The lower median along dim, and where it stands; NaN if there is one, unless NaNs are skipped"""
    _not_empty(input, dim, "median")
    if not input.ndim:
        return np.array(input), np.zeros((), np.int64)
    order = _order(input, dim, False)
    n = input.shape[dim]
    if input.dtype.kind != "f":
        return _pick_rank(input, order, (n - 1) // 2, dim, keepdim)
    missing = np.isnan(input).sum(axis=dim, keepdims=True)  # they stand last in the order
    rank = np.maximum(n - missing - 1, 0) // 2 if skip_nan else np.where(missing > 0, n - missing, (n - 1) // 2)
    return _pick_rank(input, order, rank, dim, keepdim)


@primitive(name="mode", family="reduce", real=True, outputs=("values", "indices"))
def _mode(input: Array, *, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The most frequent entry along dim (the smallest of several), and where it stands last"""
    _not_empty(input, dim, "mode")
    if not input.ndim:
        return np.array(input), np.zeros((), np.int64)
    order = _order(input, dim, False)
    x = np.take_along_axis(input, order, dim)
    place = np.arange(x.shape[dim]).reshape((-1,) + (1,) * (x.ndim - dim - 1))
    begins = np.ones(x.shape, bool)
    np.moveaxis(begins, dim, 0)[1:] = np.moveaxis(x, dim, 0)[1:] != np.moveaxis(x, dim, 0)[:-1]
    length = place - np.maximum.accumulate(np.where(begins, place, 0), axis=dim)  # of the run so far
    return _pick_rank(input, order, np.argmax(length, axis=dim, keepdims=True), dim, keepdim)


for _ranked in (_kthvalue, _median_dim, _mode):

    @_ranked.vjp("input")
    def _(g: Array, indices: Array, input_shape: tuple[int, ...], dim: int) -> Array:
        return _put_one(g, indices, input_shape, dim)


@_kthvalue.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1), distinct=True)
    dim = draw_dim(draw, x.ndim)
    return Case(x, k=draw.integer(1, x.shape[dim]), dim=dim, keepdim=draw.boolean())


@_kthvalue.bad_cases
def _() -> Any:
    yield Bad(np.ones(3), k=0, dim=0, error=RuntimeError, match="selected number k out of range")


@_kthvalue.onnx
def _(to: Emit, input: Any, *, k: Any, dim: Any, keepdim: Any) -> Any:
    if not input.shape:
        return to.Identity(input), to.Identity(to.const(0, np.int64))
    values, places = to.TopK(input, [k], axis=dim, largest=0, outs=2)
    at = to.const([k - 1] if keepdim else k - 1, np.int64)
    return to.Gather(values, at, axis=dim), to.Gather(places, at, axis=dim)


@_median_dim.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1), distinct=True)
    return Case(x, dim=draw_dim(draw, x.ndim), keepdim=draw.boolean(), skip_nan=draw.boolean())


@_median_dim.onnx
def _(to: Emit, input: Any, *, dim: Any, keepdim: Any, skip_nan: Any) -> Any:
    if skip_nan:
        to.refuse("with skip_nan has no operator in ONNX")
    if not input.shape:
        return to.Identity(input), to.Identity(to.const(0, np.int64))
    k = (int(input.shape[dim]) + 1) // 2
    values, places = to.TopK(input, [k], axis=dim, largest=0, outs=2)
    at = to.const([k - 1] if keepdim else k - 1, np.int64)
    return to.Gather(values, at, axis=dim), to.Gather(places, at, axis=dim)


@_mode.onnx
def _(to: Emit, input: Any, *, dim: Any, keepdim: Any) -> Any:
    if not input.shape:
        return to.Identity(input), to.Identity(to.const(0, np.int64))
    dims, real = len(input.shape), input.dtype.kind == "f"
    order = [*(d for d in range(dims) if d != dim), dim]
    x = to.Transpose(input if real else to.cast(input, np.int64), perm=order)
    alike = to.cast(to.Equal(to.Unsqueeze(x, [-1]), to.Unsqueeze(x, [-2])), np.float32)  # each with each
    often = to.Max(to.reduce("Sum", alike, (dims,)), 1.0)  # a NaN is not even as itself
    never = to.const(np.inf if real else np.iinfo(np.int64).max, x.dtype)
    most = to.Equal(often, to.reduce("Max", often, (dims - 1,), True))
    most = to.And(most, to.Not(to.IsNaN(x))) if real else most
    value = to.reduce("Min", to.Where(most, x, never), (dims - 1,), True)
    last = to.reduce(
        "Max", to.Where(to.Equal(x, value), to.const(np.arange(int(input.shape[dim])), np.int64), to.const(-1, np.int64)), (dims - 1,), True
    )
    nothing = to.Less(last, 0)  # NaNs alone
    value = to.Where(nothing, to.const(np.nan, x.dtype), value) if real else value
    last = to.Where(nothing, to.const(0, np.int64), last)
    back = [int(d) for d in np.argsort(order)]
    found = [to.Transpose(y, perm=back) for y in (to.cast(value, input.dtype), last)]
    return tuple(found if keepdim else [to.Squeeze(y, [dim]) for y in found])


@_mode.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1), distinct=True)
    return Case(x, dim=draw_dim(draw, x.ndim), keepdim=draw.boolean())


@primitive(name="median", family="reduce", real=True)
def _median(input: Array, *, skip_nan: bool = False) -> Array:
    """The lower median of all entries; NaN if there is one, unless NaNs are skipped"""
    if not input.size:
        return np.array(np.nan if input.dtype.kind == "f" else np.iinfo(np.int64).min, input.dtype)
    return np.asarray(_median_dim.forward(input.reshape(-1), dim=0, skip_nan=skip_nan)[0])


@_median.vjp("input")
def _(g: Array, y: Array, input: Array) -> Array:
    return _shared(g, y, input, shape_of(input), None)


@_median.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(distinct=True), skip_nan=draw.boolean())


@_median.onnx
def _(to: Emit, input: Any, *, skip_nan: Any) -> Any:
    if skip_nan:
        to.refuse("with skip_nan has no operator in ONNX")
    flat = to.Reshape(input, [-1])
    k = (math.prod(int(n) for n in input.shape) + 1) // 2
    values, _ = to.TopK(flat, [k], axis=0, largest=0, outs=2)
    return to.Gather(values, to.const(k - 1, np.int64), axis=0)


@expose("function method")
@numpy_names
def kthvalue(input: Array, k: int, dim: int = -1, keepdim: bool = False) -> return_types.kthvalue:
    """The k-th smallest entry along `dim` (counted from 1), and where it stands: a named tuple (values, indices).

    Raises:
        RuntimeError: there is no k-th.

    >>> import autograd_cnn as ac
    >>> ac.kthvalue(ac.tensor([3., 1., 2.]), 2).values
    tensor(2.)
    """
    return return_types.kthvalue(*_kthvalue(input, k=k, dim=normal_dim(dim, ndim_of(input), "kthvalue"), keepdim=keepdim))


@expose("function method")
@numpy_names
def median(input: Array, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median of all entries (of an even number the lower of the two in the middle); with `dim` a named tuple (values, indices).
    NaN if there is a NaN.

    >>> import autograd_cnn as ac
    >>> ac.median(ac.tensor([1., 4., 3., 2.]))
    tensor(2.)
    """
    if dim is None:
        return _median(input)
    return return_types.median(*_median_dim(input, dim=normal_dim(dim, ndim_of(input), "median"), keepdim=keepdim))


@expose("function method")
@numpy_names
def nanmedian(input: Array, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median of the entries that are not NaN; with `dim` a named tuple (values, indices).

    >>> import autograd_cnn as ac
    >>> ac.nanmedian(ac.tensor([1., float("nan"), 3.]))
    tensor(1.)
    """
    if dim is None:
        return _median(input, skip_nan=True)
    at = normal_dim(dim, ndim_of(input), "nanmedian")
    return return_types.nanmedian(*_median_dim(input, dim=at, keepdim=keepdim, skip_nan=True))


@expose("function method")
@numpy_names
def mode(input: Array, dim: int = -1, keepdim: bool = False) -> return_types.mode:
    """The most frequent entry along `dim` (the smallest of several), and where it stands last: a named tuple (values, indices).

    >>> import autograd_cnn as ac
    >>> ac.mode(ac.tensor([2., 1., 2.])).values
    tensor(2.)
    """
    return return_types.mode(*_mode(input, dim=normal_dim(dim, ndim_of(input), "mode"), keepdim=keepdim))
