"""Tensors combined: as blocks of a matrix, as all tuples of their entries, as all choices of some."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ...engine.variable import ndim_of, shape_of
from ...types.promotion import Array
from ..index.index import select_copy
from ..registry.expose import expose
from .arrange import meshgrid, pad_constant
from .join import _at_least, _cat, stack
from .shape import _reshape


@expose("function")
def block_diag(*tensors: Any) -> Array:
    """The matrices (vectors count as rows, numbers as 1 × 1) along the diagonal of one, zeros elsewhere.

    Raises:
        RuntimeError: a tensor of more than two dims.

    >>> import autograd_cnn as ac
    >>> ac.block_diag(ac.tensor([[1, 2]]), ac.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    for i, x in enumerate(tensors):
        if ndim_of(x) > 2:
            raise RuntimeError(f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {ndim_of(x)} dimensions")
    blocks = [_at_least(2, x) for x in tensors] or [np.zeros((1, 0), np.float32)]
    width, at, rows = sum(shape_of(b)[1] for b in blocks), 0, []
    for b in blocks:
        n = shape_of(b)[1]
        rows.append(pad_constant(b, widths=((0, 0), (at, width - at - n))))
        at += n
    return _cat(*rows, dim=0)


@expose("function")
def cartesian_prod(*tensors: Any) -> Array:
    """All tuples with one entry of each vector, as rows, the last entry changing fastest; of one vector: itself.

    >>> import autograd_cnn as ac
    >>> ac.cartesian_prod(ac.tensor([1, 2]), ac.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    for x in tensors:
        if ndim_of(x) != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(shape_of(x))} in cartesian_prod.")
    if len(tensors) == 1:
        return tensors[0]
    return stack([_reshape(g, shape=(-1,), kind="flatten") for g in meshgrid(*tensors, indexing="ij")], 1)


@expose("function")
def combinations(input: Array, r: int = 2, with_replacement: bool = False) -> Array:
    """All choices of r entries of a vector (each once, or again `with_replacement`), as rows, in the order of `itertools`.

    >>> import autograd_cnn as ac
    >>> ac.combinations(ac.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if ndim_of(input) != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(shape_of(input))} in combinations.")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r} in combinations.")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(shape_of(input)[0]), r)), np.int64) if r else np.zeros((0,), np.int64)
    return select_copy(input, at=(rows.reshape(-1, r) if r else rows,))
