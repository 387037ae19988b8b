"""Rows of a table by number: the input layer of words and other categories."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import array_of, dtype_of, shape_of
from ...errors import DtypeError, expected
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.promotion import Array
from ..registry.derived import derived, sure, updated
from ..registry.expose import expose
from ..shape.shape import Shape, _reshape
from .gather import scatter_reduce
from .index_select import _take, _take_adjoint


@primitive(label="embedding", family="index", name="embedding")
def _embedding(weight: Array, input: Array, *, padding_idx: int, by_freq: bool) -> Array:
    """y = weight[input]: a row of the table for each number.   (V, D), (*) → (*, D)"""
    return np.take(weight, input, axis=0)


_embedding.source("weight[input]")


@_embedding.vjp("weight")
def _(g: Array, weight_shape: Shape, input: Array, padding_idx: int, by_freq: bool) -> Array:
    if padding_idx < 0 and not by_freq:
        return _take_adjoint(g, input, shape=weight_shape, dim=0)
    share = derived(partial(_share, dtype_of(g), padding_idx, by_freq), input)
    return _take_adjoint(g if sure(_all_one, share) else g * share, input, shape=weight_shape, dim=0)


def _share(dtype: Any, padding_idx: int, by_freq: bool, numbers: Array) -> Array:
    """What of its gradient each row takes."""
    share = np.ones(numbers.shape, dtype)
    if by_freq and numbers.size:
        share /= np.bincount(numbers.ravel())[numbers]
    share[numbers == padding_idx] = 0
    return share[..., None]


def _all_one(share: Array) -> bool:
    return bool((share == 1).all())


@_embedding.cases
def _(draw: Draw) -> Case:
    rows = draw.integer(2, 4)
    table = draw.array((rows, draw.integer(1, 3)))
    # a padding row, and a share of the gradient, are not the derivative of the forward pass: parity tests hold them
    return Case(table, draw.integers(draw.shape(), 0, rows), padding_idx=-1, by_freq=False)


@_embedding.onnx
def _(to: Emit, weight: Any, input: Any, *, padding_idx: Any, by_freq: Any) -> Any:
    return to.Gather(weight, input, axis=0)


@expose("function functional")
def embedding(
    input: Array,
    weight: Array,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Array:
    """y = weight[input]: the rows of the table that whole numbers name.   (*), (V, D) → (*, D)

    Args:
        padding_idx: this row takes no gradient (negative counts from the end).
        max_norm: rows used whose `norm_type` norm is larger are first scaled down to it, in `weight` itself.
        scale_grad_by_freq: each row's gradient is divided by how often it occurs.
        sparse: accepted; the gradient has the same values, and is dense.

    Raises:
        IndexError: numbers out of range.
        RuntimeError: floating ones.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.embedding(ac.tensor([1, 0]), ac.tensor([[1., 2.], [3., 4.]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    raw, (rows, *_) = array_of(input), shape_of(weight) or (0,)
    if len(shape_of(weight)) != 2:
        raise RuntimeError(expected("embedding", "'weight' must be 2-D", f"shape {list(shape_of(weight))}"))
    if raw.dtype.kind != "i" or raw.dtype.itemsize < 4:
        raise DtypeError(
            f"Expected tensor for argument #1 'indices' of embedding to have one of the following scalar types: int64, int32; "
            f"but got {raw.dtype} instead. Convert with .long()."
        )
    if raw.size and (raw.min() < 0 or raw.max() >= rows):
        bad = raw.max() if raw.max() >= rows else raw.min()
        raise IndexError(f"index out of range in self: embedding got {bad} for a table of {rows} rows")
    skip = -1
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise AssertionError(f"Padding_idx must be within num_embeddings: got {padding_idx} for {rows} rows")
        skip = padding_idx % rows
    if max_norm is not None:
        if hasattr(weight, "storage"):
            updated(partial(_renormalise, float(max_norm), float(norm_type)), weight, input)
        else:
            _renormalise(float(max_norm), float(norm_type), weight, raw)
    return _embedding(weight, input, padding_idx=skip, by_freq=bool(scale_grad_by_freq))


def _renormalise(largest: float, p: float, table: Any, raw: Any) -> None:
    """The rows in use scaled down to the norm allowed, in place, unknown to the graph."""
    used = np.unique(raw)
    norms = np.linalg.norm(table[used], p, axis=1)
    long = norms > largest
    table[used[long]] *= (largest / (norms[long] + 1e-7)).astype(table.dtype)[:, None]


@expose("functional")
def embedding_bag(
    input: Array,
    weight: Array,
    offsets: Array | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Array | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Array:
    """The "sum", "mean" or "max" of the rows that each bag of numbers names.   (B, N), (V, D) → (B, D), or (N) with `offsets`

    Args:
        offsets: where each bag begins in a vector of numbers; with `include_last_offset` the last one is its end.
        per_sample_weights: a factor for each number (mode "sum" only).
        padding_idx: this number counts as absent. The other arguments are those of `embedding`.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.embedding_bag(ac.tensor([0, 1, 1]), ac.tensor([[1.], [3.]]), ac.tensor([0, 2]))
    tensor([[2.],
            [3.]])
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError(expected("embedding_bag", "mode to be one of 'sum', 'mean', 'max'", repr(mode)))
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            f"embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got mode={mode!r})."
        )
    if per_sample_weights is not None and shape_of(per_sample_weights) != shape_of(input):
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({list(shape_of(per_sample_weights))}) is not None, then it must have the same "
            f"shape as the input ({list(shape_of(input))})"
        )
    _, count = _bags(array_of(input), None if offsets is None else array_of(offsets), include_last_offset)
    numbers = _reshape(input, shape=(-1,), kind="flatten")
    rows = embedding(numbers, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
    skip = None if padding_idx is None else padding_idx % shape_of(weight)[0]
    given = (input,) if offsets is None else (input, offsets)
    keep = derived(partial(_kept, include_last_offset, skip), *given)
    bag = derived(partial(_bag_of_kept, include_last_offset, skip), *given)
    rows = _take(rows, keep, dim=0)
    if per_sample_weights is not None:
        rows = rows * _reshape(_take(_reshape(per_sample_weights, shape=(-1,)), keep, dim=0), shape=(-1, 1), kind="unsqueeze")
    shape = (count, shape_of(weight)[1])
    if mode == "max":
        nothing = np.zeros(shape, dtype_of(rows))
        at = derived(partial(_bag_of_kept, include_last_offset, skip, width=shape[1]), *given)
        return (
            scatter_reduce(nothing, 0, at, rows, "amax", include_self=False) if bag.size else _take_adjoint(rows, bag, shape=shape, dim=0)
        )
    total = _take_adjoint(rows, bag, shape=shape, dim=0)
    if mode == "sum":
        return total
    return total / derived(partial(_sizes, include_last_offset, skip, count, dtype_of(rows)), *given)


def _counting(include_last: bool, skip: int | None, numbers: Any, offsets: Any) -> tuple[Any, Any]:
    """Of each number its bag, and whether it is in one and counts."""
    bags, _ = _bags(numbers, offsets, include_last)
    return bags, (bags >= 0) & (True if skip is None else numbers.reshape(-1) != skip)


def _kept(include_last: bool, skip: int | None, numbers: Any, offsets: Any = None) -> Any:
    return np.flatnonzero(_counting(include_last, skip, numbers, offsets)[1])


def _bag_of_kept(include_last: bool, skip: int | None, numbers: Any, offsets: Any = None, *, width: int | None = None) -> Any:
    bags, here = _counting(include_last, skip, numbers, offsets)
    return bags[here] if width is None else np.repeat(bags[here][:, None], width, 1)


def _sizes(include_last: bool, skip: int | None, count: int, dtype: Any, numbers: Any, offsets: Any = None) -> Any:
    """How many numbers each bag has, but at least 1."""
    return np.maximum(np.bincount(_bag_of_kept(include_last, skip, numbers, offsets), minlength=count), 1).astype(dtype)[:, None]


def _bags(raw: Any, offsets: Any, include_last: bool) -> tuple[Any, int]:
    """Of each number its bag, and how many bags there are."""
    if raw.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated as a mini-batch of fixed length sequences "
                "(in embedding_bag)"
            )
        return np.repeat(np.arange(raw.shape[0]), raw.shape[1]), raw.shape[0]
    if raw.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {raw.ndim} (in embedding_bag)")
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None (in embedding_bag)")
    if offsets.ndim != 1:
        raise ValueError(f"offsets has to be a 1D Tensor, but got {offsets.ndim}D (in embedding_bag)")
    if offsets.size and int(offsets[0]) != 0:
        raise RuntimeError(
            f"offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0: got {offsets[0]} "
            "(in embedding_bag)"
        )
    starts = offsets[:-1] if include_last else offsets
    bags = np.searchsorted(starts, np.arange(raw.size), side="right") - 1
    if include_last:
        bags[int(offsets[-1]) :] = -1
    return bags, len(starts)
