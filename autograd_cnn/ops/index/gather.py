"""Reading and writing along one dim by a tensor of indices: gather, and scatter in its forms.

`gather` and `scatter_add` are each other's adjoints, so both have derivatives of every order. An index is an input of the operation,
not a parameter: a recorded graph replays with other indices.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import dtype_of, shape_of, size_of, unbox
from ...errors import DtypeError, ShapeError, expected
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand
from ...types.promotion import Array
from ..elementwise.arithmetic import cast
from ..registry.derived import derived
from ..registry.dims import draw_dim, normal_dim
from ..registry.expose import expose
from ..shape.shape import Shape, _reshape
from .index import select_view


class IndexBoundsError(IndexError, RuntimeError):
    """An index that points beyond the dim. (PyTorch raises now the one type, now the other.)"""


def check_bounds(operation: str, index: Any, size: int, dim: int, wrap: bool = False) -> Any:
    """The indices, all within the dim; negative ones counted from the end if `wrap`."""
    index = np.asarray(index)
    if not index.size:
        return index
    low, high = int(index.min()), int(index.max())
    if high >= size or low < (-size if wrap else 0):
        bad = high if high >= size else low
        raise IndexBoundsError(f"index {bad} is out of bounds for dimension {dim} with size {size} (in {operation})")
    return np.where(index < 0, index + size, index) if low < 0 else index


def index_kind(operation: str, index: Any) -> None:
    """Indices are int64 or int32."""
    dtype = dtype_of(index)
    if dtype.kind != "i" or dtype.itemsize < 4:
        raise DtypeError(f"{operation}(): Expected dtype int32/int64 for index, got {dtype}. Convert it with .long().")


def _spots(index: Any, shape: Shape, dim: int) -> Any:
    """Of each entry of `index` the place it means in a flattened array of `shape`."""
    strides = [math.prod(shape[d + 1 :]) for d in range(len(shape))]
    at: Any = index * strides[dim]
    for d, n in enumerate(index.shape):
        if d != dim:
            at = at + (np.arange(n) * strides[d]).reshape((n, *(1,) * (index.ndim - d - 1)))
    return at.ravel()


def _add_at(y: Any, index: Any, values: Any, dim: int) -> Any:
    """y[index] += values along dim, entries met twice added twice."""
    flat = y.reshape(-1)  # of a contiguous array: a view; one dim is np.add.at's fast way
    np.add.at(flat, _spots(index, y.shape, dim), np.broadcast_to(values, index.shape).ravel())
    return y


# ------------------------------------------------------------------------------------------------- primitives
@primitive(label="gather dim {dim}", family="index", name="gather")
def _gather(input: Array, index: Array, *, dim: int) -> Array:
    """y[i,…,j,…] = input[i,…,index[i,…,j,…],…]: the index replaces the place along `dim`"""
    index = check_bounds("gather", index, input.shape[dim], dim)
    return np.ascontiguousarray(input).reshape(-1)[_spots(index, input.shape, dim)].reshape(index.shape)


@_gather.source
def _(input: Operand, index: Operand, dim: int) -> str | None:
    d = dim % (input.ndim or 1)
    alike = input.ndim and all(n == m for k, (n, m) in enumerate(zip(input.shape or (), index.shape or (), strict=True)) if k != d)
    return "np.take_along_axis(input, index, axis=dim)" if alike else None


@_gather.vjp("input")
def _(g: Array, input_shape: Shape, index: Array, dim: int) -> Array:
    return _gather_adjoint(g, index, shape=input_shape, dim=dim)


@primitive(label="scatter add to {shape}", family="index", name="gather_adjoint")
def _gather_adjoint(input: Array, index: Array, *, shape: Shape, dim: int) -> Array:
    """The adjoint of `gather`: zeros of `shape` with the input added at the index"""
    return _add_at(np.zeros(shape, input.dtype), index, input, dim)


@_gather_adjoint.vjp("input")
def _(g: Array, index: Array, dim: int) -> Array:
    return _gather(g, index, dim=dim)


@primitive(label="scatter dim {dim}", family="index", name="scatter")
def _scatter(input: Array, index: Array, src: Array, *, dim: int) -> Array:
    """y = input, but y[i,…,index[i,…,j,…],…] = src[i,…,j,…]"""
    y = np.array(input, order="C")
    index = check_bounds("scatter", index, y.shape[dim], dim)
    y.reshape(-1)[_spots(index, y.shape, dim)] = np.broadcast_to(src, index.shape).ravel()
    return y


@_scatter.vjp("input")
def _(g: Array, index: Array, dim: int) -> Array:
    return _scatter(g, index, 0.0, dim=dim)


@_scatter.vjp("src")
def _(g: Array, index: Array, dim: int) -> Array:
    return _gather(g, index, dim=dim)


@primitive(label="scatter add dim {dim}", family="index", name="scatter_add")
def _scatter_add(input: Array, index: Array, src: Array, *, dim: int) -> Array:
    """y = input, but y[i,…,index[i,…,j,…],…] += src[i,…,j,…]"""
    index = check_bounds("scatter_add", index, input.shape[dim], dim)
    return _add_at(np.array(input, order="C"), index, src, dim)


@_scatter_add.vjp("input")
def _(g: Array) -> Array:
    return g


@_scatter_add.vjp("src")
def _(g: Array, index: Array, dim: int) -> Array:
    return _gather(g, index, dim=dim)


_UFUNC = {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def _unit(reduce: str, dtype: Any) -> Any:
    """What changes nothing when combined."""
    if reduce == "prod":
        return 1
    if dtype.kind == "b":
        return reduce == "amin"
    if dtype.kind == "f":
        return -np.inf if reduce == "amax" else np.inf
    return np.iinfo(dtype).min if reduce == "amax" else np.iinfo(dtype).max


@primitive(label="scatter {reduce} dim {dim}", family="index", name="scatter_reduce")
def _reduce(input: Array, index: Array, src: Array, *, dim: int, reduce: str, include_self: bool) -> Array:
    """y = input combined (prod, amax or amin) with all src whose index means that place"""
    y = np.array(input, order="C")
    index = check_bounds("scatter_reduce", index, y.shape[dim], dim)
    flat, at = y.reshape(-1), _spots(index, y.shape, dim)
    if not include_self:
        flat[at] = _unit(reduce, y.dtype)
    _UFUNC[reduce].at(flat, at, src.ravel())
    return y


@_reduce.vjp("input", "src")
def _(g: Array, y: Array, input: Array, index: Array, src: Array, dim: int, reduce: str, include_self: bool) -> tuple[Array, Array]:
    rule = _product_rule if reduce == "prod" else _extremum_rule
    gx, gs = rule(g, y, input, index, src, dim, include_self)
    return (gx if include_self else _scatter(gx, index, 0.0, dim=dim)), gs


def _extremum_rule(g: Any, y: Any, x: Any, index: Any, src: Any, dim: int, include_self: bool) -> tuple[Any, Any]:
    """All that reach the extremum share the gradient evenly."""
    own = cast(x == y, dtype=dtype_of(y))
    met = cast(src == _gather(y, index, dim=dim), dtype=dtype_of(y))
    share = g / _counted(own, index, met, dim, include_self)
    return share * own, _gather(share, index, dim=dim) * met


def _counted(own: Any, index: Any, met: Any, dim: int, include_self: bool) -> Any:
    """How many there are at each place, but at least 1: `own` there already (if that counts), `met` arriving."""
    start = own if include_self else _scatter(own, index, 0, dim=dim)
    return derived(partial(np.maximum, 1), _scatter_add(start, index, met, dim=dim))


def _product_rule(g: Any, y: Any, x: Any, index: Any, src: Any, dim: int, include_self: bool) -> tuple[Any, Any]:
    """The product of the others: y / factor, and where a factor is 0 the product formed without it."""
    from ..elementwise.select import _where

    none, zero = x == 0, src == 0
    gx = g * _reduce(_where(none, 1.0, x), index, src, dim=dim, reduce="prod", include_self=include_self) / _where(none, 1.0, x)
    zeros = _gather(_scatter_add(np.zeros(shape_of(x), np.int64), index, cast(zero, dtype=np.dtype(np.int64)), dim=dim), index, dim=dim)
    alone = zero & (zeros == 1)
    without = _reduce(x, index, _where(alone, 1.0, src), dim=dim, reduce="prod", include_self=include_self)
    gs = _where(alone, _gather(g * without, index, dim=dim), _gather(g * y, index, dim=dim) / _where(zero, 1.0, src))
    return gx, gs


# ------------------------------------------------------------------------------------------------- cases
def _problem(draw: Draw, different: bool = False) -> tuple[Shape, int, Any]:
    """A shape, a dim, and an index no larger than the shape along the other dims."""
    shape = draw.shape(min_dims=1)
    dim = draw_dim(draw, len(shape))
    n = shape[dim]
    if different:
        order = np.argsort(draw.array(shape, distinct=True), axis=dim)
        return shape, dim, np.take(order, range(draw.integer(1, n)), axis=dim)
    sizes = tuple(draw.integer(1, 4) if d == dim else draw.integer(1, s) for d, s in enumerate(shape))
    return shape, dim, draw.integers(sizes, 0, n)


@_gather.cases
def _(draw: Draw) -> Case:
    shape, dim, index = _problem(draw)
    return Case(draw.array(shape), index, dim=dim)


@_gather.bad_cases
def _() -> Any:
    yield Bad(np.ones((2, 3)), np.array([[3]]), dim=1, error=RuntimeError, match="index 3 is out of bounds for dimension 1 with size 3")


@_gather.onnx
def _(to: Emit, input: Any, index: Any, *, dim: Any) -> Any:
    return to.GatherElements(input, index, axis=dim) if input.shape else to.Expand(input, to.Shape(index))


@_gather_adjoint.cases
def _(draw: Draw) -> Case:
    shape, dim, index = _problem(draw)
    return Case(draw.array(index.shape), index, shape=shape, dim=dim)


@_gather_adjoint.onnx
def _(to: Emit, input: Any, index: Any, *, shape: Any, dim: Any) -> Any:
    if not index.shape:
        return to.reshape(input, shape)
    return to.ScatterElements(to.const(np.zeros([int(n) for n in shape]), input.dtype), index, input, axis=dim, reduction="add")


@_scatter.cases
def _(draw: Draw) -> Case:
    shape, dim, index = _problem(draw, different=True)
    return Case(draw.array(shape), index, draw.array(index.shape), dim=dim)


@_scatter.onnx
def _(to: Emit, input: Any, index: Any, src: Any, *, dim: Any) -> Any:
    src = to.Expand(to.cast(src, input.dtype), to.Shape(index)) if src.shape == () else to.cast(src, input.dtype)
    if input.shape == ():
        return to.reshape(src, ())
    if any(isinstance(a, int) and isinstance(b, int) and a > b for a, b in zip(src.shape or (), index.shape, strict=False)):
        src = to.Slice(src, [0] * len(index.shape), list(index.shape), list(range(len(index.shape))))
    return to.ScatterElements(input, index, src, axis=dim)


@_scatter_add.cases
def _(draw: Draw) -> Case:
    shape, dim, index = _problem(draw)
    return Case(draw.array(shape), index, draw.array(index.shape), dim=dim)


@_scatter_add.onnx
def _(to: Emit, input: Any, index: Any, src: Any, *, dim: Any) -> Any:
    if input.shape == ():
        return to.Add(input, to.reshape(src, ()))
    if src.shape != index.shape:
        src = to.Slice(src, [0] * len(index.shape), list(index.shape), list(range(len(index.shape))))
    return to.ScatterElements(input, index, src, axis=dim, reduction="add")


@_reduce.cases
def _(draw: Draw) -> Case:
    shape, dim, index = _problem(draw)
    values = draw.array((math.prod(shape) + index.size,), low=0.3, high=2.0, distinct=True)
    x, src = values[: math.prod(shape)].reshape(shape), values[math.prod(shape) :].reshape(index.shape)
    return Case(x, index, src, dim=dim, reduce=draw.choice(["prod", "amax", "amin"]), include_self=draw.boolean())


@_reduce.onnx
def _(to: Emit, input: Any, index: Any, src: Any, *, dim: Any, reduce: Any, include_self: Any) -> Any:
    how = {"prod": "mul", "amax": "max", "amin": "min", "sum": "add"}.get(reduce)
    if how is None or not include_self:
        to.refuse(f"with reduce={reduce!r}, include_self={include_self} has no operator in ONNX")
    if src.shape != index.shape:
        src = to.Slice(src, [0] * len(index.shape), list(index.shape), list(range(len(index.shape))))
    return to.ScatterElements(input, index, src, axis=dim, reduction=how)


# ------------------------------------------------------------------------------------------------- the public functions
def _prepared(operation: str, input: Any, dim: int, index: Any, src: Any = None) -> tuple[Any, int, Any, Any]:
    """Everything checked; 0-d tensors count as having one dim."""
    d = normal_dim(dim, len(shape_of(input)), operation)
    if size_of(index):
        index_kind(operation, index)
    input, index = _dims1(input), _dims1(index)
    shape, at = shape_of(input), shape_of(index)
    if not math.prod(at):
        return input, d, index, src
    if len(at) != len(shape):
        raise ShapeError(
            f"Index tensor must have the same number of dimensions as input tensor: got {len(at)} and {len(shape)} in {operation}"
        )
    if any(n > m for i, (n, m) in enumerate(zip(at, shape, strict=True)) if i != d):
        raise ShapeError(
            f"Size does not match: expected index {list(at)} to be no larger than self {list(shape)} apart from dimension {d} "
            f"(in {operation})"
        )
    if hasattr(src, "ndim"):
        src = _cropped(operation, input, index, _dims1(src), d)
    return input, d, index, src


def _dims1(x: Any) -> Any:
    return x if shape_of(x) else _reshape(x, shape=(1,), kind="unsqueeze")


def _cropped(operation: str, input: Any, index: Any, src: Any, d: int) -> Any:
    """The part of src that the index speaks of."""
    have, at = shape_of(src), shape_of(index)
    if len(have) != len(at):
        raise ShapeError(
            f"Index tensor must have the same number of dimensions as src tensor: got {len(at)} and {len(have)} in {operation}"
        )
    if any(n > m for n, m in zip(at, have, strict=True)):
        raise ShapeError(
            f"Expected index {list(at)} to be no larger than self {list(shape_of(input))} apart from dimension {d} "
            "and to be no "
            f"larger size than src {list(have)} (in {operation})"
        )
    if dtype_of(src) != dtype_of(input):
        raise DtypeError(
            f"{operation}(): Expected self.dtype to be equal to src.dtype, got {dtype_of(input)} and "
            f"{dtype_of(src)}. Convert "
            "src with .to(dtype)."
        )
    return src if have == at else select_view(src, at=(*(slice(0, n) for n in at), Ellipsis))


def _as(x: Any, y: Any) -> Any:
    """`y` in x's shape: undoes the dim given to a 0-d tensor."""
    return y if shape_of(x) == shape_of(y) else _reshape(y, shape=shape_of(x), kind="squeeze")


@expose("function method")
def gather(input: Array, dim: int, index: Array, *, sparse_grad: bool = False) -> Array:
    """y[i][j][k] = input[index[i][j][k]][j][k] for dim = 0, and so on: entries picked along `dim`.   (*), (*') → (*')

    The index has as many dims as the input and is no larger apart from `dim`. `sparse_grad` asks for a sparse gradient, which does not
    exist here.

    Raises:
        RuntimeError: an index out of range or of a wrong shape or dtype.
        IndexError: a dim out of range.

    >>> import autograd_cnn as ac
    >>> ac.gather(ac.tensor([[1, 2], [3, 4]]), 1, ac.tensor([[0, 0], [1, 0]]))
    tensor([[1, 1],
            [4, 3]])
    """
    if sparse_grad:
        raise NotImplementedError(expected("gather", "sparse_grad=False", "True", "Leave it out: the gradient is the same, and dense."))
    x, d, at, _ = _prepared("gather", input, dim, index)
    if not math.prod(shape_of(at)):
        return _reshape(select_view(_reshape(x, shape=(-1,)), at=(slice(0, 0), Ellipsis)), shape=shape_of(index))
    return _as(index, _gather(x, at, dim=d))


@expose("function method inplace")
def scatter(input: Array, dim: int, index: Array, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Array:
    """y = input, but y[index[i][j]][j] = src[i][j] for dim = 0, and so on. `src` is a tensor no smaller than the index, or a number
    (also as `value`). If a place is met twice, one of the values stands there. `reduce`: "add" or "multiply" instead of overwriting
    (without gradient: `scatter_reduce` has one).   (*), (*'), (*') → (*)

    Raises:
        RuntimeError: an index out of range, shapes or dtypes that do not fit.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 3).scatter(1, ac.tensor([[2], [0]]), 1.)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    if (src is None) == (value is None):
        raise TypeError(expected("scatter", "either src or value", "both" if src is not None else "neither"))
    given = value if src is None else src
    single = hasattr(given, "ndim") and not given.ndim and shape_of(input)  # a 0-d tensor is a number
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError(f"reduce argument must be either add or multiply (in scatter), got {reduce!r}.")
    x, d, at, src = _prepared("scatter", input, dim, index, None if single else given)
    if not math.prod(shape_of(at)):
        return input
    if reduce is not None:
        full = src if hasattr(src, "ndim") else derived(partial(np.full, shape_of(at), dtype=dtype_of(x)), given)
        return scatter_reduce(input, dim, index, full, "sum" if reduce == "add" else "prod")
    return _as(input, _scatter(x, at, unbox(given) if single else src, dim=d))


@expose("function method inplace")
def scatter_add(input: Array, dim: int, index: Array, src: Array) -> Array:
    """y = input, but y[index[i][j]][j] += src[i][j] for dim = 0, and so on: the adjoint of `gather`.   (*), (*'), (*') → (*)

    >>> import autograd_cnn as ac
    >>> ac.zeros(3).scatter_add(0, ac.tensor([0, 0, 2]), ac.tensor([1., 2., 3.]))
    tensor([3., 0., 3.])
    """
    x, d, at, src = _prepared("scatter_add", input, dim, index, src)
    return _as(input, _scatter_add(x, at, src, dim=d)) if math.prod(shape_of(at)) else input


@expose("function method inplace")
def scatter_reduce(input: Array, dim: int, index: Array, src: Array, reduce: str, *, include_self: bool = True) -> Array:
    """y = the input combined with all src entries whose index means that place: "sum", "prod", "mean", "amax" or "amin";
    `include_self=False` leaves the input itself out where something arrives.   (*), (*'), (*') → (*)

    >>> import autograd_cnn as ac
    >>> ac.ones(2).scatter_reduce(0, ac.tensor([0, 0, 1]), ac.tensor([2., 3., 4.]), "amax")
    tensor([3., 4.])
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin (in scatter_reduce), got {reduce}")
    x, d, at, src = _prepared("scatter_reduce", input, dim, index, src)
    if not math.prod(shape_of(at)):
        return input
    if reduce in _UFUNC:
        return _as(input, _reduce(x, at, src, dim=d, reduce=reduce, include_self=bool(include_self)))
    start = x if include_self else _scatter(x, at, 0 if dtype_of(x).kind in "iu" else 0.0, dim=d)
    y = _scatter_add(start, at, src, dim=d)
    if reduce == "sum":
        return _as(input, y)
    kind = dtype_of(x)
    count = _counted(np.ones(shape_of(x), kind), at, np.ones(shape_of(at), kind), d, include_self)
    return _as(input, y // count if kind.kind in "iu" else y / count)
