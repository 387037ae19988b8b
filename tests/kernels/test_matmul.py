"""The product whose long sums are taken in parts."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_cnn import use_backend
from autograd_cnn.kernels.matmul import matmul
from autograd_cnn.kernels.memory import threads


@pytest.mark.parametrize("k", [0, 1, 255, 256, 257, 384, 385, 1000])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_like_numpy(k, kind):
    rng = np.random.RandomState(k)
    for a, b in (((3, k), (k, 4)), ((2, 3, k), (k, 4)), ((2, 1, 3, k), (5, k, 4))):
        x, y = rng.randn(*a).astype(kind), rng.randn(*b).astype(kind)
        wanted = np.matmul(x, y)
        out = np.empty_like(wanted)
        np.testing.assert_allclose(matmul(x, y), wanted, rtol=1e-4, atol=1e-4)
        assert matmul(x, y, out=out) is out
        np.testing.assert_allclose(out, wanted, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(matmul(y.swapaxes(-1, -2), x.swapaxes(-1, -2)), wanted.swapaxes(-1, -2), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("n", "k", "m"), [(8, 1000, 300), (2, 5000, 200), (40, 200, 200), (100, 200, 199)])
def test_few_rows_by_a_transposed_matrix(n, k, m):
    rng = np.random.RandomState(n)
    x, w = rng.randn(n, k).astype(np.float32), rng.randn(m, k).astype(np.float32)
    wanted = x.astype(float) @ w.T.astype(float)
    out = np.empty((n, m), np.float32)
    assert matmul(x, w.T, out=out) is out
    for y in (out, matmul(x, w.T), matmul(np.asfortranarray(x), w.T)):
        assert y.flags.c_contiguous
        np.testing.assert_allclose(y, wanted, rtol=1e-4, atol=1e-3)


def test_vectors_and_errors_are_numpys():
    assert matmul(np.ones(500, np.float32), np.ones(500, np.float32)) == 500
    with pytest.raises(ValueError, match="mismatch"):
        matmul(np.ones((2, 500), np.float32), np.ones((400, 2), np.float32))


@pytest.mark.parametrize("k", [256, 1000, 4096])
def test_long_sums_are_no_less_exact(k):
    rng = np.random.RandomState(0)
    for draw in (rng.rand, rng.randn):
        a, b = draw(60, k).astype(np.float32), draw(k, 60).astype(np.float32)
        exact = a.astype(float) @ b.astype(float)
        with use_backend("numpy"):
            ours = matmul(a, b)
        assert np.square(ours - exact).mean() <= 1.05 * np.square(np.matmul(a, b) - exact).mean()


def test_small_products_take_one_thread_beside_openmp(monkeypatch):
    told: list[int] = []
    blas = threads._Blas()
    blas._set, blas._found = told.append, True
    monkeypatch.setattr(threads, "_count", 2)
    blas.share_with_openmp()
    for multiplications in (1e3, 1e9, 2e9, 1e4):
        blas.for_product(multiplications)
    assert blas.beside_openmp and told == [1, 2, 1]
