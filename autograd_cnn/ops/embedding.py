"""Rows of a table by number: the input layer of words and other categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.cases import Case, Draw
from ..engine.primitive import primitive
from ..engine.variable import unbox
from ..engine.versions import wrote
from ..errors import DtypeError, expected
from .expose import expose
from .indexed import _take_adjoint
from .promotion import Array
from .shape import Shape, shape_of


@primitive(label="embedding", family="index", name="embedding")
def _embedding(weight: Array, input: Array, *, padding_idx: int, by_freq: bool) -> Array:
    """y = weight[input]: a row of the table for each number.   (V, D), (*) → (*, D)"""
    return np.take(weight, input, axis=0)


@_embedding.vjp("weight")
def _(g: Array, weight_shape: Shape, input: Array, padding_idx: int, by_freq: bool) -> Array:
    raw = unbox(input)
    share = np.ones(raw.shape, unbox(g).dtype)
    if by_freq and raw.size:
        share /= np.bincount(raw.ravel())[raw]
    share[raw == padding_idx] = 0
    return _take_adjoint(g if (share == 1).all() else g * share[..., None], input, shape=weight_shape, dim=0)


@_embedding.cases
def _(draw: Draw) -> Case:
    rows = draw.integer(2, 4)
    table = draw.array((rows, draw.integer(1, 3)))
    # a padding row, and a share of the gradient, are not the derivative of the forward pass: parity tests hold them
    return Case(table, draw.integers(draw.shape(), 0, rows), padding_idx=-1, by_freq=False)


@expose("function functional")
def embedding(input: Array, weight: Array, padding_idx: int | None = None, max_norm: float | None = None, norm_type: float = 2.0,
              scale_grad_by_freq: bool = False, sparse: bool = False) -> Array:  # fmt: skip
    """y = weight[input]: the rows of the table that whole numbers name.   (*), (V, D) → (*, D)

    Args:
        padding_idx: this row takes no gradient (negative counts from the end).
        max_norm: rows used whose `norm_type` norm is larger are first scaled down to it, in `weight` itself.
        scale_grad_by_freq: each row's gradient is divided by how often it occurs.
        sparse: sparse gradients do not exist here; True raises NotImplementedError.

    Errors: IndexError for numbers out of range, RuntimeError for floating ones.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.embedding(ac.tensor([1, 0]), ac.tensor([[1., 2.], [3., 4.]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    raw, (rows, *_) = unbox(input), shape_of(weight) or (0,)
    if len(shape_of(weight)) != 2:
        raise RuntimeError(expected("embedding", "'weight' must be 2-D", f"shape {list(shape_of(weight))}"))
    if raw.dtype.kind != "i" or raw.dtype.itemsize < 4:
        raise DtypeError(f"Expected tensor for argument #1 'indices' of embedding to have one of the following scalar types: int64, int32; but got "
                         f"{raw.dtype} instead. Convert with .long().")  # fmt: skip
    if raw.size and (raw.min() < 0 or raw.max() >= rows):
        bad = raw.max() if raw.max() >= rows else raw.min()
        raise IndexError(f"index out of range in self: embedding got {bad} for a table of {rows} rows")
    if sparse:
        raise NotImplementedError(expected("embedding", "sparse=False", "True", "Leave it out: the gradient is the same, and dense."))
    skip = -1
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise AssertionError(f"Padding_idx must be within num_embeddings: got {padding_idx} for {rows} rows")
        skip = padding_idx % rows
    if max_norm is not None:
        _renormalise(weight, raw, float(max_norm), float(norm_type))
    return _embedding(weight, input, padding_idx=skip, by_freq=bool(scale_grad_by_freq))


def _renormalise(weight: Any, raw: Any, largest: float, p: float) -> None:
    """The rows in use scaled down to the norm allowed, in place, unknown to the graph."""
    table = weight.storage() if hasattr(weight, "storage") else weight
    used = np.unique(raw)
    norms = np.linalg.norm(table[used], p, axis=1)
    long = norms > largest
    table[used[long]] *= (largest / (norms[long] + 1e-7)).astype(table.dtype)[:, None]
    wrote(table)


