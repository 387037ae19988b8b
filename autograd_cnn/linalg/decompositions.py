"""Decompositions and what follows from them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..engine.variable import dtype_of, shape_of
from ..ops.linalg.decompositions import _qr, _svd, eigh
from ..ops.linalg.decompositions import qr as _qr_of_either_kind
from ..ops.linalg.solve import mirrored, square
from ..ops.registry import return_types
from ..ops.registry.derived import derived
from ..tensors.tensor import wrap


def qr(A: Any, mode: str = "reduced") -> return_types.qr:
    """(Q, R) with Q R = A. `mode`: "reduced", or "complete" (no gradient), or "r" (Q is empty).

    Raises:
        RuntimeError: another mode.

    >>> import autograd_cnn as ac
    >>> qr(ac.eye(2)).R.abs()
    tensor([[1., 0.],
            [0., 1.]])
    """
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    if mode == "complete":
        return _qr_of_either_kind(A, False)
    Q, R = _qr(A)
    return return_types.qr(Q[..., :0] if mode == "r" else Q, R)


def svdvals(A: Any) -> Any:
    """The singular values, descending.   (…, m, n) → (…, min(m, n))

    >>> import autograd_cnn as ac
    >>> svdvals(ac.tensor([[3., 0.], [0., 4.]]))
    tensor([4., 3.])
    """
    return _svd(A)[1]


def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of a symmetric matrix, ascending.   (…, n, n) → (…, n)

    >>> import autograd_cnn as ac
    >>> eigvalsh(ac.tensor([[2., 0.], [0., 1.]]))
    tensor([1., 2.])
    """
    return eigh(A, UPLO).eigenvalues


def matrix_rank(A: Any, *, atol: float | None = None, rtol: float | None = None, hermitian: bool = False) -> Any:
    """How many singular values are above max(atol, rtol · σ_max).   (…, m, n) → (…), int64

    With `hermitian` only the lower triangle of A is read, as of a symmetric matrix.

    >>> import autograd_cnn as ac
    >>> matrix_rank(ac.ones(2, 2))
    tensor(1)
    """
    if hermitian:
        square("linalg.matrix_rank", A)
    values = svdvals(mirrored(A) if hermitian else A)
    if rtol is None:
        rtol = 0.0 if atol else max(shape_of(A)[-2:]) * float(np.finfo(dtype_of(values)).eps)
    return wrap(derived(partial(_above, atol or 0.0, rtol), values))


def _above(atol: float, rtol: float, values: Any) -> Any:
    limit = np.maximum(atol, rtol * values.max(-1, keepdims=True, initial=0.0))
    return np.asarray((values > limit).sum(-1), np.int64)
