"""Factors of matrices by what they multiply to; what the solvers refuse."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import linalg

rng = np.random.default_rng(0)
SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1)]


def tensor(*shape):
    return ac.tensor(rng.standard_normal(shape))


@pytest.mark.parametrize("shape", SHAPES)
def test_qr(shape):
    A = tensor(*shape)
    Q, R = linalg.qr(A)
    k = min(shape[-2:])
    assert ac.allclose(Q @ R, A)
    assert ac.allclose(Q.mT @ Q, ac.eye(k, dtype=ac.float64).expand(*shape[:-2], k, k))
    assert ac.equal(R, R.triu())
    assert linalg.qr(A, "complete").Q.shape[-1] == shape[-2]


@pytest.mark.parametrize("shape", SHAPES)
def test_svd(shape):
    A = tensor(*shape)
    U, S, Vh = linalg.svd(A, full_matrices=False)
    assert ac.allclose(U * S.unsqueeze(-2) @ Vh, A)
    assert bool((S[..., :-1] >= S[..., 1:]).all())
    assert ac.allclose(A.svd().V, Vh.mT)
    assert linalg.svd(A).U.shape == (*shape[:-1], shape[-2])
    assert ac.allclose(linalg.pinv(A) @ A @ linalg.pinv(A), linalg.pinv(A))


def test_eigh():
    A = tensor(2, 3, 3)
    A = A + A.mT
    values, V = linalg.eigh(A)
    assert ac.allclose(V * values.unsqueeze(-2) @ V.mT, A)
    assert ac.allclose(linalg.eigvalsh(A), values)


def test_what_is_refused():
    with pytest.raises(linalg.LinAlgError, match="Singular"):
        ac.ones(2, 2).inverse()
    with pytest.raises(RuntimeError, match=r"inv: A must be batches of square matrices, got a tensor of shape \[2, 3\]"):
        linalg.inv(ac.ones(2, 3))
    with pytest.raises(linalg.LinAlgError, match="positive definite"):
        linalg.cholesky(-ac.eye(2))
    with pytest.raises(RuntimeError, match="unrecognized mode 'thin'"):
        linalg.qr(ac.eye(2), "thin")
    with pytest.raises(ValueError, match="expected order 'fro'"):
        linalg.matrix_norm(ac.eye(2), 3)
    wide = ac.ones(1, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match="at least as many rows as columns"):
        linalg.qr(wide).R.sum().backward()
