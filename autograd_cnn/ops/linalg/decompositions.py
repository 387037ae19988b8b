"""Factors of a matrix: QR, singular values, eigenvalues; over the last two dims, all before them are batches."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import dtype_of, shape_of
from ...errors import expected
from ...primitives.cases import Case, Draw
from ...primitives.primitive import primitive
from ...types.kinds import real_only
from ...types.promotion import Array
from ..elementwise.select import _where as where
from ..registry import return_types
from ..registry.derived import derived
from ..registry.expose import expose
from ..shape.diagonals import tril
from ..shape.shape import unsqueeze
from .matrix_products import _matmul, _swapped
from .solve import _inv, mirrored, square, symmetric


def _as(x: Any, part: Any, like: Any) -> Any:
    """A gradient that did not arrive is 0."""
    return part if part is not None else 0.0 * like


def _diagonal(v: Any) -> Any:
    """(…, k) → (…, k, k)"""
    return unsqueeze(v, -1) * np.eye(shape_of(v)[-1], dtype=dtype_of(v))


def _gaps(v: Any) -> Any:
    """1 / (v_j − v_i), and 0 on the diagonal.   (…, k) → (…, k, k)"""
    eye = np.eye(shape_of(v)[-1], dtype=dtype_of(v))
    return (1.0 - eye) / (unsqueeze(v, -2) - unsqueeze(v, -1) + eye)


def _skew(x: Any) -> Any:
    return x - _swapped(x)


def _tall(draw: Draw, wide: bool) -> Case:
    """A matrix of full rank with singular values well apart. No entry is 0: below the diagonal the sign of Q jumps there."""
    n = draw.integer(1, 3)
    m = n + draw.integer(0, 2)
    x = draw.array((m, n), low=-0.2, high=0.2, avoid=0.0) + np.eye(m, n) * (1.0 + np.arange(n))
    return Case(np.swapaxes(x, -1, -2) if wide else x, tolerance=50)


# ------------------------------------------------------------------------------------------------- QR
@primitive(label="QR", name="qr", family="linalg", outputs=("Q", "R"), several=True)
def _qr(A: Array) -> tuple[Array, Array]:
    """A = Q R with orthonormal columns in Q, R upper triangular   (…, m, n) → (…, m, k), (…, k, n) with k = min(m, n)"""
    Q, R = np.linalg.qr(A)
    return Q, R


_qr.source("np.linalg.qr(A)")


@_qr.vjp("A")
def _(g: Any, Q: Array, R: Array) -> Array:
    if shape_of(R)[-2] != shape_of(R)[-1]:
        raise RuntimeError(expected("linalg.qr: its derivative", "a matrix with at least as many rows as columns", "fewer rows"))
    gQ, gR = _as(Q, g[0], Q), _as(R, g[1], R)
    upper = _swapped(tril(_swapped(_matmul(gR, _swapped(R)) - _matmul(_swapped(Q), gQ))))
    both = upper + _swapped(upper)
    halved = both - 0.5 * both * np.eye(shape_of(R)[-1], dtype=dtype_of(R))
    return _matmul(gQ + _matmul(Q, halved), _swapped(_inv(R)))


@_qr.cases
def _(draw: Draw) -> Case:
    return _tall(draw, False)


def _named(kind: Any, *parts: Any) -> Any:
    return kind(*parts)


@expose("function method")
def qr(input: Array, some: bool = True) -> return_types.qr:
    """(Q, R) with Q R = input, Q orthonormal columns, R upper triangular.   (…, m, n) → (…, m, k), (…, k, n)

    >>> import autograd_cnn as ac
    >>> Q, R = ac.qr(ac.tensor([[3., 1.], [4., 1.]]))
    >>> ac.allclose(Q @ R, ac.tensor([[3., 1.], [4., 1.]]))
    True
    """
    if not some:
        return _named(return_types.qr, *_full_qr(input))  # type: ignore[no-any-return]
    return _named(return_types.qr, *_qr(input))  # type: ignore[no-any-return]


@primitive(label="QR", name="qr complete", family="linalg", outputs=("Q", "R"))
def _full_qr(A: Array) -> tuple[Array, Array]:
    """A = Q R, Q square   (…, m, n) → (…, m, m), (…, m, n)"""
    Q, R = np.linalg.qr(A, "complete")
    return Q, R


_full_qr.source("np.linalg.qr(A, 'complete')")


@_full_qr.cases
def _(draw: Draw) -> Case:
    case = _tall(draw, False)
    return Case(*case.inputs, smooth=False)


# ------------------------------------------------------------------------------------------------- singular values
@primitive(label="SVD", name="svd", family="linalg", outputs=("U", "S", "Vh"), several=True)
def _svd(A: Array) -> tuple[Array, Array, Array]:
    """A = U diag(S) Vh, S descending   (…, m, n) → (…, m, k), (…, k), (…, k, n) with k = min(m, n)"""
    U, S, Vh = np.linalg.svd(A, full_matrices=False)
    return U, S, Vh


_svd.source("np.linalg.svd(A, full_matrices=False)")


@_svd.vjp("A")
def _(g: Any, U: Array, S: Array, Vh: Array) -> Array:
    gU, gS, gVh = _as(U, g[0], U), _as(S, g[1], S), _as(Vh, g[2], Vh)
    Ut, V = _swapped(U), _swapped(Vh)
    turned = _skew(_matmul(Ut, gU)) * unsqueeze(S, -2) + unsqueeze(S, -1) * _skew(_matmul(Vh, _swapped(gVh)))
    core = turned * _gaps(S * S) + _diagonal(gS)
    m, k, n = shape_of(U)[-2], shape_of(S)[-1], shape_of(Vh)[-1]
    found = _matmul(_matmul(U, core), Vh)
    if m > k and g[0] is not None:
        outside = (gU - _matmul(U, _matmul(Ut, gU))) / unsqueeze(S, -2)
        found = found + _matmul(outside, Vh)
    if n > k and g[2] is not None:
        outside = (gVh - _matmul(_matmul(gVh, V), Vh)) / unsqueeze(S, -1)
        found = found + _matmul(U, outside)
    return found


@_svd.cases
def _(draw: Draw) -> Case:
    return _tall(draw, draw.boolean())


@primitive(label="SVD", name="svd full", family="linalg", outputs=("U", "S", "Vh"))
def _full_svd(A: Array) -> tuple[Array, Array, Array]:
    """A = U diag(S) Vh, U and Vh square   (…, m, n) → (…, m, m), (…, k), (…, n, n) with k = min(m, n)"""
    U, S, Vh = np.linalg.svd(A, full_matrices=True)
    return U, S, Vh


_full_svd.source("np.linalg.svd(A)")


@_full_svd.cases
def _(draw: Draw) -> Case:
    case = _tall(draw, draw.boolean())
    return Case(*case.inputs, smooth=False)


@expose("function method")
def svd(input: Array, some: bool = True, compute_uv: bool = True) -> return_types.svd:
    """(U, S, V) with U diag(S) Vᵀ = input, S descending. See `linalg.svd`, which gives Vᵀ.   (…, m, n) → (…, m, k), (…, k), (…, n, k)

    >>> import autograd_cnn as ac
    >>> ac.svd(ac.tensor([[3., 0.], [0., 4.]])).S
    tensor([4., 3.])
    """
    real_only("svd", input)  # V is the conjugate of Vh's transpose
    U, S, Vh = _svd(input) if some else _full_svd(input)
    return return_types.svd(U, S, _swapped(Vh))


def linalg_svd(A: Array, full_matrices: bool = True) -> return_types.linalg_svd:
    """(U, S, Vh) with U diag(S) Vh = A, S descending; the gradient needs `full_matrices=False` or a square matrix.

    >>> import autograd_cnn as ac
    >>> ac.linalg.svd(ac.tensor([[3., 0.], [0., 4.]])).S
    tensor([4., 3.])
    """
    shape = shape_of(A)
    return return_types.linalg_svd(*(_full_svd(A) if full_matrices and shape[-1] != shape[-2] else _svd(A)))


# ------------------------------------------------------------------------------------------------- eigenvalues
@primitive(label="eigh", name="eigh", family="linalg", outputs=("eigenvalues", "eigenvectors"), several=True)
def _eigh(A: Array) -> tuple[Array, Array]:
    """½ (A + Aᵀ) = V diag(λ) Vᵀ, λ ascending   (…, n, n) → (…, n), (…, n, n)"""
    square("linalg.eigh", A)
    values, vectors = np.linalg.eigh(symmetric(A))
    return values, vectors


@_eigh.vjp("A")
def _(g: Any, eigenvalues: Array, eigenvectors: Array) -> Array:
    core = _diagonal(_as(eigenvalues, g[0], eigenvalues))
    if g[1] is not None:
        core = core + _matmul(_swapped(eigenvectors), g[1]) * _gaps(eigenvalues)
    found = _matmul(_matmul(eigenvectors, core), _swapped(eigenvectors))
    return 0.5 * (found + _swapped(found))


@_eigh.cases
def _(draw: Draw) -> Case:
    n = draw.integer(1, 3)
    x = draw.array((n, n), low=-0.2, high=0.2)
    return Case(x + x.T + np.diag(np.arange(n) * 1.0), tolerance=50)


def eigh(A: Array, UPLO: str = "L") -> return_types.linalg_eigh:
    """Eigenvalues, ascending, and eigenvectors (the columns) of a symmetric matrix.   (…, n, n) → (…, n), (…, n, n)

    Args:
        UPLO: which triangle of A is read, "L" (the lower) or "U". The gradient is that along symmetric changes.

    Raises:
        RuntimeError: no square matrices, or an unknown `UPLO`.

    >>> import autograd_cnn as ac
    >>> ac.linalg.eigh(ac.tensor([[2., 0.], [0., 1.]])).eigenvalues
    tensor([1., 2.])
    """
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO} (in linalg.eigh)")
    square("linalg.eigh", A)
    return return_types.linalg_eigh(*_eigh(mirrored(A, upper=UPLO.upper() == "U")))


def _above(rtol: Any, S: Array) -> Array:
    """Which singular values are above the limit?"""
    return np.asarray(rtol * S.max(-1, keepdims=True, initial=0.0) < S)


def pinv(A: Array, rtol: float | None = None, hermitian: bool = False) -> Array:
    """The pseudo-inverse: A⁺ = V diag(1/σ) Uᵀ over the singular values above rtol · σ_max.   (…, m, n) → (…, n, m)

    With `hermitian` only the lower triangle of A is read, as of a symmetric matrix.

    >>> import autograd_cnn as ac
    >>> ac.linalg.pinv(ac.tensor([[2., 0.]]))
    tensor([[0.5000],
            [0.0000]])
    """
    real_only("linalg.pinv", A)
    if hermitian:
        square("linalg.pinv", A)
    U, S, Vh = _svd(mirrored(A) if hermitian else A)
    counts = derived(partial(_above, max(shape_of(A)[-2:]) * np.finfo(dtype_of(S)).eps if rtol is None else rtol), S)
    inverted = where(counts, 1.0 / where(counts, S, 1.0), 0.0)
    return _matmul(_swapped(Vh) * unsqueeze(inverted, -2), _swapped(U))
