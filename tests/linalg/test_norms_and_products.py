"""Norms, products, powers and solvers under `torch.linalg`'s names: values against NumPy's, derivatives against a complex step."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import linalg
from autograd_cnn.tensors.tensor import wrap

from ..autograd import complex_step

rng = np.random.default_rng(0)
SQUARE = rng.normal(size=(2, 3, 3)) + 3 * np.eye(3)  # far from singular
POSITIVE = SQUARE @ SQUARE.swapaxes(-1, -2)
TALL = rng.normal(size=(2, 4, 3))
VECTOR = rng.normal(size=(5,))


def close(found: Any, meant: Any) -> None:
    assert found.value.shape == np.shape(meant)
    np.testing.assert_allclose(found.value, meant, rtol=1e-10, atol=1e-12)


# ------------------------------------------------------------------------------------------------- norms
@pytest.mark.parametrize("order", [0, 0.5, 1, 2, 3, -1, np.inf, -np.inf])
@pytest.mark.parametrize("keepdim", [False, True])
def test_norms_of_vectors(order: float, keepdim: bool) -> None:
    close(linalg.vector_norm(wrap(VECTOR), order), np.linalg.norm(VECTOR, order))
    for dim in (0, 1, -1):
        close(linalg.vector_norm(wrap(TALL), order, dim, keepdim), np.linalg.norm(TALL, order, dim, keepdim))
        close(linalg.norm(wrap(TALL), order, dim, keepdim), np.linalg.norm(TALL, order, dim, keepdim))
    whole = np.linalg.norm(TALL.reshape(-1), order)
    close(linalg.vector_norm(wrap(TALL), order, keepdim=keepdim), np.full((1, 1, 1) if keepdim else (), whole))


@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
@pytest.mark.parametrize("dim", [(-2, -1), (0, 2), (2, 1)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_norms_of_matrices(order: Any, dim: tuple[int, int], keepdim: bool) -> None:
    meant = np.linalg.norm(TALL, order, dim, keepdim)
    close(linalg.matrix_norm(wrap(TALL), order, dim, keepdim), meant)
    close(linalg.norm(wrap(TALL), order, dim, keepdim), meant)
    if dim == (-2, -1):
        close(linalg.matrix_norm(wrap(TALL), order, keepdim=keepdim), meant)
        close(linalg.norm(wrap(TALL[0]), order), np.linalg.norm(TALL[0], order))


def test_norms_may_widen() -> None:
    x = ac.full((3,), 2.0, dtype=ac.float16)
    assert linalg.vector_norm(x, dtype=ac.float64).dtype == ac.float64
    assert linalg.matrix_norm(ac.ones(2, 2), dtype=ac.float64).dtype == ac.float64


# ------------------------------------------------------------------------------------------------- products
def test_products() -> None:
    a, b, c = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
    close(linalg.multi_dot([wrap(a), wrap(b), wrap(c)]), a @ b @ c)
    close(linalg.multi_dot([wrap(a[0]), wrap(b), wrap(c[:, 0])]), a[0] @ b @ c[:, 0])
    x, y = rng.normal(size=(2, 4, 3))
    close(linalg.vecdot(wrap(x), wrap(y)), (x * y).sum(-1))
    close(linalg.vecdot(wrap(x), wrap(y), dim=0), (x * y).sum(0))
    close(linalg.cross(wrap(x), wrap(y)), np.cross(x, y))
    close(linalg.cross(wrap(x), wrap(y[:1])), np.cross(x, y[:1]))
    close(linalg.cross(wrap(x.T.copy()), wrap(y.T.copy()), dim=0), np.cross(x, y).T)
    with pytest.raises(RuntimeError, match="at least 2"):
        linalg.multi_dot([wrap(a)])


@pytest.mark.parametrize("offset", [-1, 0, 2])
def test_diagonals_are_views(offset: int) -> None:
    a = wrap(TALL.copy())
    d = linalg.diagonal(a, offset=offset)
    close(d, np.diagonal(TALL, offset, -2, -1))
    close(linalg.diagonal(a, offset=offset, dim1=0, dim2=2), np.diagonal(TALL, offset, 0, 2))
    d.zero_()
    assert not np.diagonal(a.value, offset, -2, -1).any()


@pytest.mark.parametrize("count", [2, 4, None])
def test_powers_of_entries(count: int | None) -> None:
    close(linalg.vander(wrap(VECTOR), N=count), np.vander(VECTOR, count, increasing=True))
    batch = linalg.vander(wrap(TALL[0]), N=count)
    for row, made in zip(TALL[0], batch, strict=True):
        close(made, np.vander(row, count, increasing=True))
    with pytest.raises(RuntimeError, match="greater than 1"):
        linalg.vander(wrap(VECTOR), N=1)


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 5])
def test_powers_of_matrices(n: int) -> None:
    close(linalg.matrix_power(wrap(SQUARE), n), np.linalg.matrix_power(SQUARE, n))


# ------------------------------------------------------------------------------------------------- solvers
def test_solvers() -> None:
    b, v = rng.normal(size=(2, 3, 2)), rng.normal(size=(3,))
    close(linalg.solve(wrap(SQUARE), wrap(b)), np.linalg.solve(SQUARE, b))
    close(linalg.solve(wrap(SQUARE[0]), wrap(v)), np.linalg.solve(SQUARE[0], v))
    close(linalg.inv(wrap(SQUARE)), np.linalg.inv(SQUARE))
    close(linalg.det(wrap(SQUARE)), np.linalg.det(SQUARE))
    sign, size = linalg.slogdet(wrap(SQUARE))
    close(sign, np.linalg.slogdet(SQUARE)[0])
    close(size, np.linalg.slogdet(SQUARE)[1])
    close(linalg.cholesky(wrap(POSITIVE)), np.linalg.cholesky(POSITIVE))
    close(linalg.pinv(wrap(TALL)), np.linalg.pinv(TALL))
    close(linalg.svdvals(wrap(TALL)), np.linalg.svd(TALL, compute_uv=False))
    close(linalg.eigvalsh(wrap(POSITIVE)), np.linalg.eigvalsh(POSITIVE))


@pytest.mark.parametrize(("upper", "left", "unitriangular"), list(itertools.product([True, False], repeat=3)))
def test_triangles_see_their_half_only(upper: bool, left: bool, unitriangular: bool) -> None:
    half = np.triu(SQUARE) if upper else np.tril(SQUARE)
    if unitriangular:
        half = half * (1 - np.eye(3)) + np.eye(3)
    b = rng.normal(size=(2, 3, 4) if left else (2, 4, 3))
    x = linalg.solve_triangular(wrap(SQUARE), wrap(b), upper=upper, left=left, unitriangular=unitriangular).value
    np.testing.assert_allclose(half @ x if left else x @ half, b, rtol=1e-9, atol=1e-9)


def test_ranks() -> None:
    low = rng.normal(size=(2, 4, 2)) @ rng.normal(size=(2, 2, 5))
    assert linalg.matrix_rank(wrap(low)).tolist() == [2, 2]
    assert linalg.matrix_rank(wrap(np.diag([3.0, 1.0, 1e-3])), atol=1e-2).item() == 2
    assert linalg.matrix_rank(wrap(np.diag([3.0, 1.0, 1e-3])), rtol=0.5).item() == 1
    assert linalg.matrix_rank(wrap(1e-3 * np.eye(3)), rtol=0.5).item() == 3
    assert linalg.matrix_rank(ac.zeros(3, 3)).item() == 0


# ------------------------------------------------------------------------------------------------- derivatives
SMOOTH: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], Any]] = {
    "inv": (linalg.inv, np.linalg.inv, SQUARE[0]),
    "det": (linalg.det, np.linalg.det, SQUARE[0]),
    "a power": (lambda a: linalg.matrix_power(a, -2), lambda a: np.linalg.matrix_power(a, -2), SQUARE[0]),
    "solve": (lambda a: linalg.solve(a, wrap(VECTOR[:3])), lambda a: np.linalg.solve(a, VECTOR[:3]), SQUARE[0]),
    "pinv": (linalg.pinv, lambda a: np.linalg.solve(a.T @ a, a.T), TALL[0]),  # Aᵀ without conjugation: analytic
    "vander": (lambda a: linalg.vander(a), lambda a: np.vander(a, increasing=True), VECTOR),
    "frobenius": (lambda a: linalg.matrix_norm(a), lambda a: np.sqrt((a * a).sum()), TALL[0]),
    "cross": (lambda a: linalg.cross(a, wrap(VECTOR[None, :3])), lambda a: np.cross(a, VECTOR[None, :3]), TALL[0]),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives(name: str) -> None:
    fn, meant, at = SMOOTH[name]
    found = ac.autograd.functional.jacobian(fn, wrap(at)).value
    np.testing.assert_allclose(found, complex_step.jacobian(meant, [at], 0), rtol=1e-9, atol=1e-11)
