"""Norms of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.reduce.statistics import norm as _norm
from .decompositions import svdvals


def vector_norm(x: Any, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """(Σ |x|ᵖ)^(1/p) with p = `ord`, over all entries or along dims.

    >>> import autograd_cnn as ac
    >>> vector_norm(ac.tensor([[3., 0.], [0., 4.]]))
    tensor(5.)
    """
    x = x if dtype is None else x.to(dtype)
    if dim is None:
        y = _norm(x.flatten(), ord)
        return y.reshape((1,) * x.dim()) if keepdim else y
    return _norm(x, ord, dim, keepdim)


def matrix_norm(A: Any, ord: Any = "fro", dim: tuple[int, int] = (-2, -1), keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The norm of matrices: "fro", "nuc" (Σ σ), ±2 (greatest, least σ), ±1 (column sums), ±inf (row sums).

    Raises:
        ValueError: another order.

    >>> import autograd_cnn as ac
    >>> matrix_norm(ac.tensor([[3., 0.], [0., 4.]]), 2)
    tensor(4.)
    """
    x = (A if dtype is None else A.to(dtype)).movedim(tuple(dim), (-2, -1))
    if ord == "fro":
        y = _norm(x, 2, (-2, -1))
    elif ord in ("nuc", 2, -2):
        s = svdvals(x)
        y = s.sum(-1) if ord == "nuc" else s.amax(-1) if ord == 2 else s.amin(-1)
    elif ord in (1, -1, np.inf, -np.inf):
        sums = x.abs().sum(-2 if abs(ord) == 1 else -1)
        y = sums.amax(-1) if ord > 0 else sums.amin(-1)
    else:
        raise ValueError(f"linalg.matrix_norm: expected order 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2, got {ord!r}")
    if not keepdim:
        return y
    for d in sorted(n % A.dim() for n in dim):
        y = y.unsqueeze(d)
    return y


def norm(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """`matrix_norm` for two dims (or a matrix and an order), else `vector_norm`.

    Raises:
        RuntimeError: an order without dims for a tensor that is neither a vector nor a matrix.

    >>> import autograd_cnn as ac
    >>> norm(ac.tensor([3., 4.]))
    tensor(5.)
    """
    of_matrix = isinstance(ord, str) or (
        ord is not None and (len(dim) == 2 if isinstance(dim, tuple | list) else dim is None and A.dim() == 2)
    )
    if ord is not None and dim is None and A.dim() not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.dim()}D. Give dim=, or use vector_norm."
        )
    if of_matrix:
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)
