"""Copies of a tensor with a part written anew: slices, diagonals, entries of the flattened tensor, reductions by an index."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.complaints import as_number
from ...engine.variable import array_of, dtype_of, ndim_of, shape_of, size_of, unbox
from ...errors import DtypeError, ShapeError, expected
from ...types.promotion import Array, number_in
from ..elementwise.arithmetic import expand_to
from ..elementwise.select import where
from ..reduce.statistics import _norm
from ..registry.derived import derived
from ..registry.dims import normal_dim
from ..registry.expose import expose
from ..shape.diagonals import diag_embed, diagonal
from ..shape.shape import _reshape
from .gather import scatter_reduce
from .index import copied, filled, index_put
from .index_select import _checked_source, _vector
from .index_select import index_put as put_at


@expose("inplace", "fill")
def filled_with(input: Array, value: Any) -> Array:
    """y = value everywhere, in the input's shape and dtype: a number that the dtype can hold, or a 0-d tensor, which takes the gradient"""
    if not hasattr(unbox(value), "ndim"):
        return filled(input, value=value)
    if ndim_of(value):
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {ndim_of(value)} dimensions.")
    return copied(input, value)


@expose("function")
def fill(input: Array, value: Any) -> Array:
    """y = value (a number, or a 0-d tensor, which takes the gradient) everywhere, in the input's shape and dtype.

    >>> import autograd_cnn as ac
    >>> ac.fill(ac.zeros(2), 7)
    tensor([7., 7.])
    """
    return filled_with(input, value if hasattr(unbox(value), "ndim") else number_in(dtype_of(input), value))


def _written(operation: str, input: Any, src: Any, at: Any) -> Any:
    want = unbox(input)[at].shape
    if shape_of(src) != want:
        raise ShapeError(
            f"expected src to have a size equal to the slice of self. src size = {list(shape_of(src))}, slice size = {list(want)} "
            f"(in {operation})"
        )
    return index_put(input, src, at=at)


@expose("function method")
def select_scatter(input: Array, src: Array, dim: int, index: int) -> Array:
    """y = input with its slice number `index` along `dim` replaced by `src`.

    >>> import autograd_cnn as ac
    >>> ac.select_scatter(ac.zeros(2, 2), ac.ones(2), 0, 0)
    tensor([[1., 1.],
            [0., 0.]])
    """
    shape = shape_of(input)
    d = normal_dim(dim, len(shape), "select_scatter")
    if not -shape[d] <= index < shape[d]:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {d} (in select_scatter)")
    return _written("select_scatter", input, src, (*(slice(None),) * d, index, Ellipsis))


@expose("function method")
def slice_scatter(input: Array, src: Array, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Array:
    """y = input with the slice start:end:step along `dim` replaced by `src`.

    >>> import autograd_cnn as ac
    >>> ac.slice_scatter(ac.zeros(4), ac.ones(2), start=2)
    tensor([0., 0., 1., 1.])
    """
    d = normal_dim(dim, len(shape_of(input)), "slice_scatter")
    return _written("slice_scatter", input, src, (*(slice(None),) * d, slice(start, end, step), Ellipsis))


@expose("function method")
def diagonal_scatter(input: Array, src: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """y = input with the diagonal of two dims replaced by `src`, which has the shape of `input.diagonal(offset, dim1, dim2)`.

    >>> import autograd_cnn as ac
    >>> ac.diagonal_scatter(ac.zeros(2, 2), ac.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    shape = shape_of(input)
    want = diagonal(np.empty(shape, bool), offset, dim1, dim2).shape
    if shape_of(src) != want:
        raise ShapeError(
            f"expected src to have a size equal to the slice of self. src size = {list(shape_of(src))}, slice size = {list(want)} "
            "(in diagonal_scatter)"
        )
    places = diagonal(np.arange(math.prod(shape)).reshape(shape), offset, dim1, dim2).reshape(-1)
    flat = index_put(_reshape(input, shape=(-1,)) if shape else input, _reshape(src, shape=(places.size,)), at=(places,))
    return _reshape(flat, shape=shape)


@expose("method")
def fill_diagonal_(input: Any, fill_value: float, wrap: bool = False) -> Any:
    """Overwrite the main diagonal of a matrix (or the entries i, i, … of a cube) with one value; with `wrap` a tall matrix's diagonal
    begins again after N columns.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 2).fill_diagonal_(5)
    tensor([[5., 0.],
            [0., 5.]])
    """
    shape = shape_of(input)
    if len(shape) < 2:
        raise RuntimeError(f"dimensions must larger than 1: fill_diagonal_ got {len(shape)}")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError(f"all dimensions of input must be of equal length: fill_diagonal_ got {list(shape)}")
    n, rows = min(shape), np.arange(shape[0] if wrap and len(shape) == 2 else min(shape))
    if wrap and len(shape) == 2:
        rows = rows[rows % (shape[1] + 1) < shape[1]]
        input[rows, rows % (shape[1] + 1)] = fill_value
    else:
        input[tuple(np.arange(n) for _ in shape)] = fill_value
    return input


@expose("function method inplace")
def put(input: Array, index: Array, source: Array, accumulate: bool = False) -> Array:
    """y = input with the entries of the flattened tensor at the index replaced by those of the source (or added to, with `accumulate`).

    Raises:
        RuntimeError: dtypes or numbers of entries that differ.
        IndexError: an index out of range.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 2).put_(ac.tensor([1, 3]), ac.tensor([9., 10.]))
    tensor([[ 0.,  9.],
            [ 0., 10.]])
    """
    raw, count = array_of(index), math.prod(shape_of(input))
    if raw.dtype != np.int64:
        raise DtypeError(f"put_(): Expected a long tensor for index, but got {raw.dtype}. Convert it with .long().")
    if dtype_of(source) != dtype_of(input):
        raise DtypeError(f"put_(): self and source expected to have the same dtype, but got {dtype_of(input)} and {dtype_of(source)}.")
    if raw.size != size_of(source):
        raise RuntimeError(expected("put_()", "source and index to have the same number of elements", f"{size_of(source)} and {raw.size}"))
    if raw.size and (raw.max() >= count or raw.min() < -count):
        raise IndexError(f"out of range: tried to access index {raw.max()} on a tensor of {count} elements (in put_).")
    flat, values = _reshape(input, shape=(count,)), _reshape(source, shape=(raw.size,))
    return _reshape(put_at(flat, (derived(np.ravel, index),), values, accumulate), shape=shape_of(input))


@expose("function method inplace")
def index_reduce(input: Array, dim: int, index: Array, source: Array, reduce: str, *, include_self: bool = True) -> Array:
    """y = input, its slice index[k] along `dim` combined with source[k] by "prod", "mean", "amax" or "amin"; `include_self=False` leaves
    the input itself out where something arrives.

    >>> import autograd_cnn as ac
    >>> ac.ones(3).index_reduce(0, ac.tensor([0, 0, 2]), ac.tensor([2., 3., 4.]), "prod")
    tensor([6., 1., 4.])
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    x, d, at = _vector("index_reduce", input, dim, index)
    source = _checked_source("index_reduce", x, d, at, source)
    shape = shape_of(source)
    tall = _reshape(at, shape=(*(1,) * d, -1, *(1,) * (len(shape) - d - 1)))
    y = scatter_reduce(x, d, expand_to(tall, shape=shape), source, reduce, include_self=include_self)
    return y if shape_of(y) == shape_of(input) else _reshape(y, shape=shape_of(input))


@expose("function method")
def diagflat(input: Array, offset: int = 0) -> Array:
    """A matrix with all entries of the input, flattened, on its diagonal (`offset` above or below the main one).

    >>> import autograd_cnn as ac
    >>> ac.diagflat(ac.tensor([[1, 2]]))
    tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(_reshape(input, shape=(math.prod(shape_of(input)),), kind="flatten"), offset)


@expose("function method inplace")
def renorm(input: Array, p: float, dim: int, maxnorm: float) -> Array:
    """The slices along `dim` whose p-norm is greater than `maxnorm`, scaled down to it; the others as they are.

    Raises:
        RuntimeError: fewer than two dims, p ≤ 0 or a negative maxnorm.

    >>> import autograd_cnn as ac
    >>> ac.renorm(ac.tensor([[3., 4.], [0.3, 0.4]]), p=2, dim=0, maxnorm=1)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    shape = shape_of(input)
    if p <= 0:
        raise RuntimeError(f"renorm: non-positive-norm not supported, got p={p}")
    if len(shape) < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {len(shape)}")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    d = normal_dim(dim, len(shape), "renorm")
    length = _norm(input, p=float(as_number("renorm", "p", p)), dims=tuple(i for i in range(len(shape)) if i != d), keepdim=True)
    long = length > maxnorm
    return input * where(long, maxnorm / (where(long, length, 1.0) + 1e-7), 1.0)
