"""Whole slices by a vector of indices (index_select and its kin), single entries of the flattened tensor (take), and writing by index."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import array_of, dtype_of, ndim_of, shape_of, unbox
from ...errors import DtypeError, ShapeError, expected
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, zeros
from ...types.promotion import Array, held
from ..elementwise.arithmetic import add, expand_to
from ..registry.derived import derived, integer, sure
from ..registry.dims import draw_dim, normal_dim
from ..registry.expose import expose
from ..shape.shape import Shape, _reshape
from .gather import IndexBoundsError, check_bounds, gather, index_kind
from .index import index_adjoint, normal_index, select_view
from .index import index_put as _put


@primitive(label="index select dim {dim}", family="index", name="index_select")
def _take(input: Array, index: Array, *, dim: int) -> Array:
    """y = the slices of the input along `dim` that the index names, in its order.   (*A, n, *B), (*I) → (*A, *I, *B)"""
    return np.take(input, check_bounds("index_select", index, input.shape[dim], dim), axis=dim)


_take.source("np.take(input, index, axis=dim)")


@_take.vjp("input")
def _(g: Array, index: Array, input_shape: Shape, dim: int) -> Array:
    return _take_adjoint(g, index, shape=input_shape, dim=dim)


@_take.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1))
    dim = draw_dim(draw, x.ndim)
    return Case(x, draw.integers(draw.choice([(3,), (1,), (2, 2)]), 0, x.shape[dim]), dim=dim)


@_take.bad_cases
def _() -> Any:
    yield Bad(np.ones((2, 3)), np.array([3]), dim=1, error=IndexError, match="index 3 is out of bounds for dimension 1 with size 3")


@_take.onnx
def _(to: Emit, input: Any, index: Any, *, dim: Any) -> Any:
    if not input.shape:
        return to.Expand(input, to.Shape(index))
    return to.Gather(input, index, axis=dim)


@primitive(label="index add to {shape}", family="index", name="index_select_adjoint")
def _take_adjoint(input: Array, index: Array, *, shape: Shape, dim: int) -> Array:
    """The adjoint of `index_select`: zeros of `shape`, the input's slices added where the index says.   (*A, *I, *B), (*I) → shape"""
    y = np.zeros(shape, input.dtype)
    n, inner = shape[dim], math.prod(shape[dim + 1 :])
    if not input.size:
        return y
    # (*A, *I, *B) -> (A, I, B): one index for each slice, sorted, so that equal ones stand together and sum in one call
    at = check_bounds("index_add", index, n, dim).ravel()
    parts = input.reshape(math.prod(shape[:dim]), at.size, inner)
    order = np.argsort(at, kind="stable")
    starts = np.flatnonzero(np.diff(at[order], prepend=-1))
    y.reshape(-1, n, inner)[:, at[order][starts]] = np.add.reduceat(parts[:, order], starts, axis=1)
    return y


@_take_adjoint.source
def _(y: Operand, dim: int) -> str | None:
    return f"y = {zeros(y)}\nnp.add.at(y, index, input)\ny" if dim == 0 and y.ndim else None


@_take_adjoint.vjp("input")
def _(g: Array, index: Array, dim: int) -> Array:
    return _take(g, index, dim=dim)


@_take_adjoint.onnx
def _(to: Emit, input: Any, index: Any, *, shape: Any, dim: Any) -> Any:
    sizes = [int(n) for n in shape]
    wide = [math.prod(sizes[:dim]), math.prod(int(n) for n in index.shape), math.prod(sizes[dim + 1 :])]
    zeros = to.const(np.zeros((wide[0], sizes[dim], wide[2])), input.dtype)
    at = to.Expand(to.Reshape(to.cast(index, np.int64), [1, -1, 1]), wide)
    return to.reshape(to.ScatterElements(zeros, at, to.Reshape(input, wide), axis=1, reduction="add"), shape)


@_take_adjoint.cases
def _(draw: Draw) -> Case:
    shape = draw.shape(min_dims=1)
    dim = draw_dim(draw, len(shape))
    index = draw.integers(draw.choice([(3,), (1,), (2, 2)]), 0, shape[dim])
    return Case(draw.array((*shape[:dim], *index.shape, *shape[dim + 1 :])), index, shape=shape, dim=dim)


@primitive(label="index copy dim {dim}", family="index", name="index_copy")
def _copy(input: Array, index: Array, source: Array, *, dim: int) -> Array:
    """y = input, but its slices along `dim` that the index names are those of the source"""
    y = np.array(input)
    y[(slice(None),) * dim + (check_bounds("index_copy", index, y.shape[dim], dim),)] = source
    return y


@_copy.source
def _(dim: int) -> str:
    return f"y = input.copy()\ny[{':, ' * dim}index] = source\ny"


@_copy.vjp("input")
def _(g: Array, index: Array, dim: int) -> Array:
    return _copy(g, index, 0.0, dim=dim)


@_copy.vjp("source")
def _(g: Array, index: Array, dim: int) -> Array:
    return _take(g, index, dim=dim)


@_copy.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1))
    dim = draw_dim(draw, x.ndim)
    index = np.argsort(draw.array((x.shape[dim],), distinct=True))[: draw.integer(1, x.shape[dim])]
    return Case(x, index, draw.array((*x.shape[:dim], index.size, *x.shape[dim + 1 :])), dim=dim)


@_copy.onnx
def _(to: Emit, input: Any, index: Any, source: Any, *, dim: Any) -> Any:
    if not input.shape:
        return to.reshape(source, ())
    lead = [1] * len(input.shape)
    lead[dim] = -1
    where = to.Expand(to.Reshape(index, lead), to.ints(*input.shape[:dim], index.shape[0] if index.shape else 1, *input.shape[dim + 1 :]))
    source = to.cast(source, input.dtype) if source.shape else to.Expand(to.cast(source, input.dtype), to.Shape(where))
    return to.ScatterElements(input, where, source, axis=dim)


# ------------------------------------------------------------------------------------------------- the public functions
def _vector(operation: str, input: Any, dim: int, index: Any) -> tuple[Any, int, Any]:
    """The input with at least one dim, the dim, and the index as a vector."""
    d = normal_dim(dim, len(shape_of(input)), operation)
    index_kind(operation, index)
    if len(shape_of(index)) > 1:
        raise IndexError(f"{operation}(): Index is supposed to be a vector, got shape {list(shape_of(index))}")
    at = index if shape_of(index) else _reshape(index, shape=(1,), kind="unsqueeze")
    if shape_of(input):
        return input, d, at
    if shape_of(at) != (1,):
        raise RuntimeError(f"{operation}(): Index to scalar can have only 1 value, got {shape_of(at)[0]} value(s)")
    return _reshape(input, shape=(1,), kind="unsqueeze"), d, at


def _back(input: Any, y: Any) -> Any:
    return y if shape_of(input) else _reshape(y, shape=(), kind="squeeze")


def _checked_source(operation: str, x: Any, d: int, at: Any, source: Any) -> Any:
    """A source with one slice for each index, of the dtype of what it is written to."""
    if dtype_of(source) != dtype_of(x):
        raise DtypeError(
            f"{operation}(): self ({dtype_of(x)}) and source ({dtype_of(source)}) must have the same scalar "
            "type. Convert "
            "source with .to(dtype)."
        )
    source = source if shape_of(source) else _reshape(source, shape=(1,), kind="unsqueeze")
    have, shape, n = shape_of(source), shape_of(x), shape_of(at)[0]
    if len(have) != len(shape) or have[d] != n:
        raise IndexBoundsError(
            f"{operation}(): Number of indices ({n}) should be equal to source.size(dim), for dim: {d}; got a "
            "source of shape "
            f"{list(have)} for self {list(shape)}"
        )
    if have != (*shape[:d], n, *shape[d + 1 :]):
        raise ShapeError(
            f"{operation}(): Source/destination tensor must have same slice shapes apart from dim {d}: got {list(have)} and {list(shape)}"
        )
    return source


@expose("function method")
def index_select(input: Array, dim: int, index: Array) -> Array:
    """The slices along `dim` named by a vector of indices, in its order (a copy).

    Raises:
        IndexError: an index out of range, or one that is no vector.
        RuntimeError: a floating one.

    >>> import autograd_cnn as ac
    >>> ac.index_select(ac.tensor([[1, 2, 3], [4, 5, 6]]), 1, ac.tensor([2, 0]))
    tensor([[3, 1],
            [6, 4]])
    """
    x, d, at = _vector("index_select", input, dim, index)
    return _back(input, _take(x, at, dim=d))


@expose("function method inplace")
def index_add(input: Array, dim: int, index: Array, source: Array, *, alpha: float = 1) -> Array:
    """y = input with alpha · source[k] added to its slice index[k] along `dim`; slices met twice are added twice.

    >>> import autograd_cnn as ac
    >>> ac.zeros(3).index_add(0, ac.tensor([0, 0, 2]), ac.tensor([1., 2., 3.]))
    tensor([3., 0., 3.])
    """
    x, d, at = _vector("index_add", input, dim, index)
    source = _checked_source("index_add", x, d, at, source)
    added = _take_adjoint(source, at, shape=shape_of(x), dim=d)
    return _back(input, add(x, added, alpha=alpha))


@expose("function method inplace")
def index_copy(input: Array, dim: int, index: Array, source: Array) -> Array:
    """y = input with its slice index[k] along `dim` replaced by source[k].

    >>> import autograd_cnn as ac
    >>> ac.zeros(3).index_copy(0, ac.tensor([2, 0]), ac.tensor([1., 2.]))
    tensor([2., 0., 1.])
    """
    x, d, at = _vector("index_copy", input, dim, index)
    return _back(input, _copy(x, at, _checked_source("index_copy", x, d, at, source), dim=d))


def single_value(operation: str, input: Any, value: Any) -> Any:
    """A number, or a 0-d tensor, in the dtype of what it is written to."""
    dtype = dtype_of(input)
    if not hasattr(unbox(value), "ndim"):
        return held(value, dtype, operation)
    if ndim_of(value):
        raise RuntimeError(f"{operation} only supports a 0-dimensional value tensor, but got tensor with {ndim_of(value)} dimension(s).")
    if dtype_of(value).kind == "c" and dtype.kind != "c":
        raise DtypeError(f"{operation}: value cannot be converted to type {dtype} without overflow, got {unbox(value)}")
    return value if dtype_of(value) == dtype else value.astype(dtype) if isinstance(value, np.generic | np.ndarray) else value.to(dtype)


@expose("function method inplace")
def index_fill(input: Array, dim: int, index: Array, value: Any) -> Array:
    """y = input with the slices along `dim` that the index names filled with one value (a number or a 0-d tensor).

    >>> import autograd_cnn as ac
    >>> ac.zeros(3).index_fill(0, ac.tensor([0, 2]), 5.)
    tensor([5., 0., 5.])
    """
    x, d, at = _vector("index_fill", input, dim, index)
    n = shape_of(x)[d]
    once = derived(partial(_once, n, d), at)
    return _back(input, _copy(x, once, single_value("index_fill_", input, value), dim=d))


def _once(n: int, dim: int, at: Any) -> Any:
    """A slice named twice is filled once: the value's gradient counts it once."""
    return np.unique(check_bounds("index_fill", at, n, dim, wrap=True))


def _none_negative(at: Any) -> bool:
    return not at.size or at.min() >= 0


@expose("function method")
def take(input: Array, index: Array) -> Array:
    """The entries of the flattened tensor at the index, in the index's shape.

    >>> import autograd_cnn as ac
    >>> ac.take(ac.tensor([[1, 2], [3, 4]]), ac.tensor([0, 3]))
    tensor([1, 4])
    """
    if dtype_of(index) != np.int64:
        raise DtypeError(f"take(): Expected a long tensor for index, but got {dtype_of(index)}. Convert it with .long().")
    count = math.prod(shape_of(input))
    raw = unbox(index)
    if raw.size and (raw.max() >= count or raw.min() < -count):
        bad = raw.max() if raw.max() >= count else raw.min()
        raise IndexError(f"out of range: tried to access index {bad} on a tensor of {count} elements (in take).")
    at = index if sure(_none_negative, index) else derived(partial(check_bounds, "take", size=count, dim=0, wrap=True), index)
    return _take(_reshape(input, shape=(count,), kind="flatten"), at, dim=0)


@expose("function method")
def take_along_dim(input: Array, indices: Array, dim: int | None = None) -> Array:
    """As `gather`, but input and indices broadcast apart from `dim`; without a dim the tensors are flattened. Takes what `argsort` or
    `argmax(keepdim=True)` give.

    >>> import autograd_cnn as ac
    >>> x = ac.tensor([[10, 30, 20]])
    >>> ac.take_along_dim(x, x.argsort(dim=1), dim=1)
    tensor([[10, 20, 30]])
    """
    if dtype_of(indices).kind not in "iu":
        raise DtypeError(expected("take_along_dim", "integer indices", dtype_of(indices), "Convert them with .long()."))
    if dim is None:
        return gather(_reshape(input, shape=(-1,), kind="flatten"), 0, _reshape(indices, shape=(-1,), kind="flatten"))
    a, b = shape_of(input), shape_of(indices)
    if len(a) != len(b):
        raise ShapeError(
            f"take_along_dim(): input and indices should have the same number of dimensions, but got {len(a)} dimensions for "
            f"input, and {len(b)} dimensions for indices"
        )
    d = normal_dim(dim, len(a), "take_along_dim")
    try:
        met = np.broadcast_shapes((*a[:d], *a[d + 1 :]), (*b[:d], *b[d + 1 :]))
    except ValueError:
        raise ShapeError(f"take_along_dim: the shapes {list(a)} and {list(b)} do not broadcast apart from dim {d}") from None
    wide = [
        x if shape_of(x) == (*met[:d], n, *met[d:]) else expand_to(x, shape=(*met[:d], n, *met[d:]))
        for x, n in ((input, a[d] if a else 1), (indices, b[d] if b else 1))
    ]
    at = wide[1]
    if a and not sure(_none_negative, at):
        at = derived(partial(_wrapped, a[d]), at)
    return gather(wide[0], d, at)


def _wrapped(n: int, at: Any) -> Any:
    return np.where((at < 0) & (at >= -n), at + at.dtype.type(n), at)


@expose("function method", "select")
def select(input: Array, dim: int, index: int) -> Array:
    """The slice number `index` along `dim`, without that dim; a view.

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2], [3, 4]]).select(1, 0)
    tensor([1, 3])
    """
    shape = shape_of(input)
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    d, at = normal_dim(dim, len(shape), "select"), integer(index)
    if not -shape[d] <= at < shape[d]:
        raise IndexError(f"select(): index {at} out of range for tensor of size {list(shape)} at dimension {d}")
    return select_view(input, at=(*(slice(None),) * d, at, Ellipsis))


@expose("function method inplace")
def index_put(input: Array, indices: Sequence[Any], values: Array, accumulate: bool = False) -> Array:
    """y = input with y[indices] = values, or += values, entries met twice added twice, with `accumulate`.

    >>> import autograd_cnn as ac
    >>> ac.zeros(3).index_put((ac.tensor([0, 0]),), ac.tensor([1., 2.]), accumulate=True)
    tensor([3., 0., 0.])
    """
    if not isinstance(indices, list | tuple):
        raise TypeError(f"index_put(): argument 'indices' (position 1) must be tuple of Tensors, not {type(indices).__name__}")
    x = array_of(input)
    if hasattr(unbox(values), "dtype") and dtype_of(values) != x.dtype:
        raise DtypeError(
            f"Index put requires the source and destination dtypes match, got {x.dtype} for the destination and "
            f"{dtype_of(values)} for the source."
        )
    at, _ = normal_index(tuple(slice(None) if i is None else i for i in indices), x.ndim)
    want = x[at].shape
    try:
        np.broadcast_shapes(want, np.shape(unbox(values)))
    except ValueError:
        raise ShapeError(
            f"shape mismatch: value tensor of shape {list(shape_of(values))} cannot be broadcast to indexing result of shape "
            f"{list(want)} (in index_put)"
        ) from None
    if not accumulate:
        return _put(input, values, at=at)
    return input + index_adjoint(values if shape_of(values) == want else expand_to(values, shape=want), at=at, shape=x.shape)
