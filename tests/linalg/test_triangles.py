"""Of a matrix that is taken for symmetric one triangle is read, and the gradient is that along symmetric changes."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac

A = np.array([[4.0, 1.0, -0.5], [2.0, 5.0, 0.25], [0.5, -1.0, 6.0]])
LOWER = np.tril(A) + np.tril(A, -1).T
UPPER = np.triu(A) + np.triu(A, 1).T


@pytest.mark.parametrize(("uplo", "whole"), [("L", LOWER), ("U", UPPER), ("l", LOWER)])
def test_eigh_reads_the_triangle_that_it_is_told(uplo: str, whole: np.ndarray) -> None:
    values, vectors = ac.linalg.eigh(ac.tensor(A), UPLO=uplo)
    np.testing.assert_allclose(values.numpy(), np.linalg.eigvalsh(whole), rtol=1e-12)
    np.testing.assert_allclose((vectors @ values.diag() @ vectors.T).numpy(), whole, atol=1e-12)
    np.testing.assert_allclose(ac.linalg.eigvalsh(ac.tensor(A), uplo).numpy(), np.linalg.eigvalsh(whole), rtol=1e-12)


@pytest.mark.parametrize(("upper", "whole"), [(False, LOWER), (True, UPPER)])
def test_cholesky_reads_the_triangle_that_it_gives(upper: bool, whole: np.ndarray) -> None:
    factor = ac.linalg.cholesky(ac.tensor(A), upper=upper).numpy()
    np.testing.assert_allclose(factor.T @ factor if upper else factor @ factor.T, whole, rtol=1e-12)
    assert not (np.tril(factor, -1) if upper else np.triu(factor, 1)).any()


def test_hermitian_reads_the_lower_triangle() -> None:
    np.testing.assert_allclose(ac.linalg.pinv(ac.tensor(A), hermitian=True).numpy(), np.linalg.inv(LOWER), rtol=1e-10)
    rank = ac.linalg.matrix_rank(ac.tensor([[1.0, 1.0], [0.0, 0.0]]), hermitian=True)
    assert rank.item() == 1 and ac.linalg.matrix_rank(ac.tensor([[0.0, 1.0], [0.0, 0.0]]), hermitian=True).item() == 0


def test_the_gradient_is_that_along_symmetric_changes() -> None:
    change = np.array([[0.3, -0.2, 0.1], [-0.2, 0.5, 0.4], [0.1, 0.4, -0.1]])
    weight = np.array([1.0, -2.0, 3.0])
    for uplo, whole in (("L", LOWER), ("U", UPPER)):
        x = ac.tensor(A, requires_grad=True)
        (ac.linalg.eigvalsh(x, uplo) * ac.tensor(weight)).sum().backward()
        step = 1e-6
        slope = (np.linalg.eigvalsh(whole + step * change) - np.linalg.eigvalsh(whole - step * change)) @ weight / (2 * step)
        assert (x.grad.numpy() * change).sum() == pytest.approx(slope, rel=1e-7)
        np.testing.assert_array_equal(x.grad.numpy(), x.grad.numpy().T)


def test_what_is_no_triangle_is_refused() -> None:
    with pytest.raises(RuntimeError, match="UPLO argument to be 'L' or 'U', but got X"):
        ac.linalg.eigh(ac.eye(2), UPLO="X")
    with pytest.raises(RuntimeError, match="square matrices"):
        ac.linalg.pinv(ac.ones(2, 3), hermitian=True)
