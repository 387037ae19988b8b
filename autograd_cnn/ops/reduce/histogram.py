"""Which bin a value falls in: searching sorted values, histograms, and flat indices as indices of each dim."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import array_of, ndim_of, shape_of, unbox
from ...errors import ShapeError, expected, whole
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand
from ...types.promotion import Array
from ..index.index_select import take_along_dim
from ..registry import return_types
from ..registry.derived import derived
from ..registry.expose import expose
from .reduce import as_dtype


# ------------------------------------------------------------------------------------------------- sorted values
@primitive(label="place in order", family="index", real=True, name="searchsorted")
def _search(sorted_sequence: Array, values: Array, *, right: bool, kind: Any = np.int64) -> Array:
    """y = how many of the sorted values are less (right: at most) each value.   (*, n), (*, m) → (*, m)"""
    side: Any = "right" if right else "left"
    if sorted_sequence.ndim == 1:
        return np.asarray(np.searchsorted(sorted_sequence, values, side)).astype(kind)
    if not values.size:
        return np.zeros(values.shape, kind)
    rows, wanted = sorted_sequence.reshape(-1, sorted_sequence.shape[-1]), values.reshape(-1, values.shape[-1])
    found = [np.searchsorted(row, row_values, side) for row, row_values in zip(rows, wanted, strict=True)]
    return np.array(found, kind).reshape(values.shape)


@_search.source
def _(sorted_sequence: Operand, right: bool) -> str | None:
    side = ", 'right'" if right else ""
    return f"np.searchsorted(sorted_sequence, values{side})" if sorted_sequence.ndim == 1 else None


@_search.cases
def _(draw: Draw) -> Case:
    lead = draw.choice([(), (2,)])
    order = np.sort(draw.array((*lead, 4)), axis=-1)
    return Case(order, draw.array((*lead, 3)), right=draw.boolean(), smooth=False)


@_search.onnx
def _(to: Emit, sorted_sequence: Any, values: Any, *, right: Any, kind: Any) -> Any:
    if len(sorted_sequence.shape) != 1:
        sorted_sequence = to.Unsqueeze(sorted_sequence, [-2])
    row, wanted = to.alike(sorted_sequence, values)
    less = to.LessOrEqual(row, to.Unsqueeze(wanted, [-1])) if right else to.Less(row, to.Unsqueeze(wanted, [-1]))
    return to.cast(to.reduce("Sum", to.cast(less, np.int64), (len(values.shape),)), kind)


@expose("function")
def searchsorted(
    sorted_sequence: Array,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Array | None = None,
) -> Array:
    """Where each value would stand in ascending values: before equal ones, or behind them with `right` (or side="right").

    Args:
        sorted_sequence: a vector, or rows (*, n) that match the input's leading sizes; ascending along the last dim.
        sorter: the indices that sort `sorted_sequence` (as `argsort` gives them), if it is not sorted itself.
        out_int32: int32 instead of int64.

    Raises:
        RuntimeError: sizes that do not match, or a `side` against `right`.

    >>> import autograd_cnn as ac
    >>> ac.searchsorted(ac.tensor([1, 3, 5]), ac.tensor([3, 6]))
    tensor([1, 3])
    """
    if side is not None and side not in ("left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError("torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True")
    order, values = array_of(sorted_sequence), unbox(input)
    if not order.ndim:
        raise RuntimeError(expected("searchsorted", "sorted values of at least one dim", "0 dims"))
    if sorter is not None:
        at = unbox(sorter)
        if at.shape != order.shape or at.dtype != np.int64:
            raise RuntimeError(
                f"torch.searchsorted(): expected a sorter of int64 and shape {list(order.shape)}, got {at.dtype}, {list(at.shape)}"
            )
        if at.size and (at.min() < 0 or at.max() >= order.shape[-1]):
            raise RuntimeError("torch.searchsorted(): sorter index out of range")
        sorted_sequence = take_along_dim(sorted_sequence, sorter, -1)
        order = unbox(sorted_sequence)
    if order.ndim > 1 and (not hasattr(values, "ndim") or values.shape[:-1] != order.shape[:-1] or not values.ndim):
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
            f"input value tensor must match, but we got boundaries tensor {list(order.shape)} and input value tensor "
            f"{list(np.shape(values))}"
        )
    given = input if hasattr(values, "ndim") else np.asarray(values)
    kind = np.int32 if out_int32 else np.int64
    return _search(sorted_sequence, given, right=right or side == "right", kind=kind)


@expose("function")
def bucketize(input: Any, boundaries: Array, *, out_int32: bool = False, right: bool = False) -> Array:
    """The number of the bin each value falls in, by the bins' ascending boundaries: `searchsorted(boundaries, input)`.

    >>> import autograd_cnn as ac
    >>> ac.bucketize(ac.tensor([0.5, 2.5]), ac.tensor([1., 2., 3.]))
    tensor([0, 2])
    """
    if ndim_of(boundaries) != 1:
        raise RuntimeError(f"bucketize: boundaries tensor must be 1 dimension, but got dim({ndim_of(boundaries)})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


# ------------------------------------------------------------------------------------------------- histograms
@primitive(label="histogram {bins}", family="index", real=True, name="histc")
def _histc(input: Array, *, bins: int, low: float, high: float) -> Array:
    """y_k = how many entries lie in the k-th of `bins` equal parts of [low, high]"""
    x = input.reshape(-1)
    x = x[(x >= low) & (x <= high)]
    at = np.minimum((x - low) * (bins / (high - low)), bins - 1).astype(np.int64) if high > low else np.zeros(x.shape, np.int64)
    return np.bincount(at, minlength=bins).astype(input.dtype)


@_histc.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(draw.shape(min_dims=1)), bins=draw.integer(1, 5), low=-1.5, high=1.5, smooth=False)


@_histc.onnx
def _(to: Emit, input: Any, *, bins: Any, low: Any, high: Any) -> Any:
    x = to.Reshape(input, [-1])
    inside = to.And(to.GreaterOrEqual(x, float(low)), to.LessOrEqual(x, float(high)))
    scaled = to.Mul(to.Sub(x, float(low)), bins / (high - low)) if high > low else to.Sub(x, x)
    at = to.Min(to.Floor(scaled), float(bins - 1))
    hits = to.And(to.Unsqueeze(inside, [0]), to.Equal(to.Unsqueeze(at, [0]), to.const(np.arange(bins).reshape(-1, 1), input.dtype)))
    return to.reduce("Sum", to.cast(hits, input.dtype), (1,))


def _range(x: Any, low: float, high: float, operation: str) -> tuple[float, float]:
    """The range asked for; that of the entries if it is empty."""
    if low > high:
        raise RuntimeError(f"torch.{operation}: max must be larger than min, got {low} and {high}")
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.{operation}: range of [{low}, {high}] is not finite")
    return (low, high) if low < high else (low - 1, high + 1)


@expose("function method")
def histc(input: Array, bins: int = 100, min: float = 0, max: float = 0) -> Array:
    """How many entries fall into each of `bins` equal parts of [min, max]; entries outside and NaN are passed over. If both are equal, the
    range of the entries is taken.   (*) → (bins)

    Raises:
        RuntimeError: no bins, or min > max.
        NotImplementedError: integers.

    >>> import autograd_cnn as ac
    >>> ac.histc(ac.tensor([1., 2., 1.]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    x = array_of(input)
    if bins <= 0:
        raise RuntimeError(f"bins must be > 0: histc got {bins}")
    if x.dtype.kind != "f":
        raise NotImplementedError(f"histc: not implemented for {x.dtype}: expected a floating dtype. Convert with .float().")
    low, high = _range(x, float(min), float(max), "histc")
    if min == max:  # the range of the entries
        low, high = (derived(partial(_end, which), input) for which in (0, 1))
    return _histc(input, bins=whole(bins, "histc: bins"), low=low, high=high)


def _end(which: int, x: Any) -> Any:
    return np.float64(_range(x, 0.0, 0.0, "histc")[which])


@primitive(label="histogram", family="index", real=True, name="histogram", outputs=("hist", "bin_edges"))
def _histogram(input: Array, weight: Array | None = None, *, bins: Any, limits: Any = None, density: bool = False) -> tuple[Array, Array]:
    """How many entries (or how much weight) each bin holds, and the bins' edges"""
    weights = None if weight is None else weight.reshape(-1)
    counts, edges = np.histogram(input.reshape(-1), bins, limits, density, weights)
    return counts.astype(input.dtype), edges.astype(input.dtype)


@_histogram.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1))
    return Case(x, bins=draw.integer(1, 4), limits=(-2.0, 2.0), density=False, smooth=False)


@_histogram.onnx
def _(to: Emit, input: Any, weight: Any = None, *, bins: Any, limits: Any, density: Any) -> Any:
    bins = getattr(bins, "array", bins)  # of edges that are known
    if bins is None or (limits is None and np.ndim(bins) == 0):
        to.refuse("has bins that no graph knows before: give it a range, or edges that are constants.")
    edges = np.asarray(bins if np.ndim(bins) else np.histogram_bin_edges(np.zeros(0, input.dtype), int(bins), limits)).astype(input.dtype)
    x = to.Reshape(input, [1, -1])
    above = to.GreaterOrEqual(x, to.const(edges[:-1, None]))
    last = to.const((np.arange(len(edges) - 1) == len(edges) - 2)[:, None])
    upper = to.const(edges[1:, None])
    inside = to.And(above, to.Or(to.Less(x, upper), to.And(last, to.Equal(x, upper))))
    each = to.cast(inside, input.dtype)
    each = each if weight is None else to.Mul(each, to.cast(to.Reshape(weight, [1, -1]), input.dtype))
    counts = to.reduce("Sum", each, (1,))
    if density:
        counts = to.Div(to.Div(counts, to.const(np.diff(edges))), to.reduce("Sum", counts, None))
    return counts, to.Identity(to.const(edges))


@expose("function method")
def histogram(
    input: Array,
    bins: Any,
    *,
    range: Sequence[float] | None = None,
    weight: Array | None = None,
    density: bool = False,
) -> return_types.histogram:
    """(counts in each bin, edges of the bins) over all entries, as a named tuple (hist, bin_edges): `bins` of one width, or between the
    edges in a tensor.

    Args:
        range: (low, high); by default of the least and greatest entry.
        weight: what each entry counts, of the input's shape.
        density: divide by the total and by the width, so that the area is 1.

    Raises:
        TypeError: what is not floating-point.

    >>> import autograd_cnn as ac
    >>> ac.histogram(ac.tensor([1., 2., 1.]), bins=4, range=(0., 3.)).hist
    tensor([0., 2., 1., 0.])
    """
    value = np.asarray(array_of(input))
    if value.dtype.kind != "f":
        raise TypeError(f"histogram: expected a floating-point tensor, got {value.dtype}. Convert it with .float().")
    edges = np.asarray(unbox(bins)) if hasattr(unbox(bins), "ndim") else whole(bins, "histogram: bins")
    limits = None if range is None else (float(range[0]), float(range[1]))
    if weight is not None and shape_of(weight) != value.shape:
        raise ShapeError(expected("histogram", f"weight of the input's shape {list(value.shape)}", list(shape_of(weight))))
    return return_types.histogram(*_histogram(input, weight, bins=edges, limits=limits, density=bool(density)))


# ------------------------------------------------------------------------------------------------- flat indices
@primitive(label="unravel {shape}", family="index", name="unravel_index", several=True)
def _unravel(input: Array, *, shape: tuple[int, ...]) -> tuple[Array, ...]:
    """The index of each dim for indices of the flattened array"""
    return tuple(np.asarray(v, np.int64) for v in np.unravel_index(input, shape))


@_unravel.cases
def _(draw: Draw) -> Case:
    return Case(draw.integers(draw.shape(), 0, 6), shape=draw.choice([(2, 3), (6,), (3, 1, 2)]), smooth=False)


@_unravel.onnx
def _(to: Emit, input: Any, *, shape: Any) -> Any:
    found, rest = [], input
    for n in reversed(shape):
        found.append(to.Mod(rest, to.const(int(n), np.int64)))
        rest = to.Div(rest, to.const(int(n), np.int64))
    return tuple(reversed(found))


@expose("function")
def unravel_index(indices: Array, shape: Any) -> tuple[Array, ...]:
    """Indices of a flattened tensor as indices of each dim: `unravel_index(x.argmax(), x.shape)` is where the greatest entry stands.

    Raises:
        TypeError: a shape that is none.
        ValueError: an index or a size that is negative or too large.

    >>> import autograd_cnn as ac
    >>> ac.unravel_index(ac.tensor([4, 1]), (3, 2))
    (tensor([2, 0]), tensor([0, 1]))
    """
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    raw = array_of(indices)
    if raw.dtype.kind not in "iu":
        raise ValueError(f"expected 'indices' to be integer, but got {raw.dtype} in unravel_index")
    if any(not isinstance(n, int) or n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes} in unravel_index")
    count = math.prod(sizes)
    if raw.size and (raw.min() < -count or raw.max() >= count):
        raise ValueError(f"unravel_index: expected indices within {count} entries of shape {list(sizes)}, got {raw.min()} to {raw.max()}")
    wide = as_dtype(indices, np.int64)
    return tuple(_unravel(wide % count if raw.size else wide, shape=sizes))
