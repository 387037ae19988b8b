"""Linear algebra under the names of `torch.linalg`. Everything works on the last two dims; those before them are batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from .engine.variable import shape_of, unbox
from .ops.linalg.decompositions import _qr, _svd, eigh, pinv
from .ops.linalg.decompositions import linalg_svd as svd
from .ops.linalg.matmul import matmul
from .ops.linalg.products import cross as _cross
from .ops.linalg.products import powers_of
from .ops.linalg.solve import LinAlgError, cholesky, det, inv, matrix_power, slogdet, solve, solve_triangular
from .ops.reduce.statistics import norm as _norm
from .ops.registry import return_types
from .ops.shape.arrange import diagonal as _diagonal
from .support.listing import listed

__all__ = ["LinAlgError", "cholesky", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "matmul", "matrix_norm", "matrix_power",
           "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_triangular", "svd", "svdvals", "vander", "vecdot",
           "vector_norm"]  # fmt: skip


def qr(A: Any, mode: str = "reduced") -> return_types.qr:
    """(Q, R) with Q R = A. `mode`: "reduced", or "complete" (no gradient), or "r" (Q is empty).

    Errors: RuntimeError for another mode.

    >>> import autograd_cnn as ac
    >>> qr(ac.eye(2)).R.abs()
    tensor([[1., 0.],
            [0., 1.]])
    """
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    if mode == "complete":
        from .ops.linalg.decompositions import qr as either

        return either(A, False)
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

    >>> import autograd_cnn as ac
    >>> matrix_rank(ac.ones(2, 2))
    tensor(1)
    """
    values = unbox(svdvals(A))
    if rtol is None:
        rtol = 0.0 if atol else max(shape_of(A)[-2:]) * float(np.finfo(values.dtype).eps)
    limit = np.maximum(atol or 0.0, rtol * values.max(-1, keepdims=True, initial=0.0))
    return A.new_tensor((values > limit).sum(-1), dtype=np.int64)


def multi_dot(tensors: Any) -> Any:
    """The product of several matrices (the first and the last may be vectors).

    Errors: RuntimeError for fewer than two.

    >>> import autograd_cnn as ac
    >>> multi_dot([ac.ones(1, 2), ac.ones(2, 3), ac.ones(3)])
    tensor([6.])
    """
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    product = tensors[0]
    for other in tensors[1:]:
        product = matmul(product, other)
    return product


def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """Σ x y along a dim.   (…, n), (…, n) → (…)

    >>> import autograd_cnn as ac
    >>> vecdot(ac.ones(2, 3), ac.ones(2, 3))
    tensor([3., 3.])
    """
    return (x * y).sum(dim)


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

    Errors: ValueError for another order.

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

    >>> import autograd_cnn as ac
    >>> norm(ac.tensor([3., 4.]))
    tensor(5.)
    """
    of_matrix = isinstance(ord, str) or (ord is not None and (len(dim) == 2 if isinstance(dim, tuple | list) else dim is None and A.dim() == 2))
    if of_matrix:
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The vector product along a dim of size 3 (the last by default), the tensors broadcast.

    >>> import autograd_cnn as ac
    >>> cross(ac.tensor([1., 0., 0.]), ac.tensor([0., 1., 0.]))
    tensor([0., 0., 1.])
    """
    return _cross(input, other, dim)


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonals of matrices, as the last dim of a view.   (…, n, n) → (…, n)

    >>> import autograd_cnn as ac
    >>> diagonal(ac.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return _diagonal(A, offset, dim1, dim2)


def vander(x: Any, *, N: int | None = None) -> Any:
    """The powers x⁰ … x^(N−1) of a vector's entries, a row for each.   (…, n) → (…, n, N)

    Errors: RuntimeError for N < 2.

    >>> import autograd_cnn as ac
    >>> vander(ac.tensor([1, 2]), N=3)
    tensor([[1, 1, 1],
            [1, 2, 4]])
    """
    shape = shape_of(x)
    if N is not None and N <= 1:
        raise RuntimeError(f"N must be greater than 1: linalg.vander got {N}.")
    return powers_of(x if shape else x.reshape((1,)), (shape[-1] if shape else 1) if N is None else N, True)


def __dir__() -> list[str]:
    return listed(globals())
