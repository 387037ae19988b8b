"""Batch and local response normalisation against sums written out."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_cnn.kernels.reference import normalization
from autograd_cnn.kernels.reference.normalization import (
    batch_norm_adjoint,
    batch_norm_forward,
    local_response_norm_adjoint,
    local_response_norm_forward,
    scale_shift,
)
from tests import oracles
from tests.kernels.arrays import LAYOUTS

SHAPES = [(4, 3), (2, 3, 5), (3, 2, 4, 5), (2, 1, 3, 2, 4), (1, 4, 2)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm(shape: tuple[int, ...], layout: str) -> None:
    rng = np.random.default_rng(0)
    x, g = rng.normal(3, 2, shape), rng.normal(size=shape)
    weight, bias = rng.normal(size=shape[1]), rng.normal(size=shape[1])
    laid, kept = LAYOUTS[layout](x), x.copy()
    y, mean, var, invstd = batch_norm_forward(laid, weight, bias, 1e-3)
    np.testing.assert_allclose(y, oracles.batch_norm(x, weight, bias, 1e-3), rtol=1e-12, atol=1e-12)
    axes = (0, *range(2, x.ndim))
    np.testing.assert_allclose(mean, x.mean(axis=axes), rtol=1e-13)
    np.testing.assert_allclose(var, x.var(axis=axes), rtol=1e-12)
    found = batch_norm_adjoint(LAYOUTS[layout](g), laid, weight, mean, invstd)
    for one, wanted in zip(found, oracles.batch_norm_gradients(g, x, weight, 1e-3), strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(laid, kept)


def test_without_weight_and_bias() -> None:
    x, g = (np.random.default_rng(i).normal(size=(3, 2, 4)) for i in (0, 1))
    ones, zeros = np.ones(2), np.zeros(2)
    y, mean, _, invstd = batch_norm_forward(x, None, None)
    np.testing.assert_array_equal(y, batch_norm_forward(x, ones, zeros)[0])
    for one, other in zip(batch_norm_adjoint(g, x, None, mean, invstd), batch_norm_adjoint(g, x, ones, mean, invstd), strict=True):
        np.testing.assert_array_equal(one, other)


def test_single_precision_far_from_zero() -> None:
    """Mean 1000, deviation 0.1: E(x²) − mean² would have no digit left in single precision."""
    x = (1000 + 0.1 * np.random.default_rng(0).normal(size=(64, 2, 100))).astype(np.float32)
    y, mean, var, invstd = batch_norm_forward(x, None, None, 0.0)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(var, exact.var(axis=(0, 2)), rtol=1e-4)
    assert {a.dtype for a in (y, mean, var, invstd)} == {np.dtype(np.float32)}
    g = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    gx, gweight, gbias = batch_norm_adjoint(g, x, None, mean, invstd)
    assert {a.dtype for a in (gx, gweight, gbias)} == {np.dtype(np.float32)}
    wanted = oracles.batch_norm_gradients(g, exact, np.ones(2), 0.0)
    np.testing.assert_allclose(gx, wanted[0], rtol=1e-3, atol=1e-3 * np.abs(wanted[0]).max())


def test_mean_that_single_precision_cannot_hold() -> None:
    """Two neighbouring numbers: their mean rounds to one of them, and the variance must not see that."""
    x = np.array([[100000.0], [100000.0078125]], np.float32)
    _, _, var, _ = batch_norm_forward(x, None, None)
    np.testing.assert_allclose(var, [0.00390625**2], rtol=1e-6)


def test_in_small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalization, "_CHUNK_BYTES", 200)
    for shape in SHAPES:
        test_batch_norm(shape, "plain")
    test_local_response_norm((5, 4, 3), 3, 0.75, "plain")


def test_scale_shift() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    scale, shift = np.arange(3, dtype=np.float32), np.ones(3, np.float32)
    for layout in LAYOUTS.values():
        found = scale_shift(layout(x), scale, shift)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, x * scale[:, None, None] + shift[:, None, None])


def test_no_samples() -> None:
    x = np.ones((0, 3, 4))
    assert scale_shift(x, np.ones(3), np.ones(3)).shape == x.shape
    gx, gweight, gbias = batch_norm_adjoint(x, x, None, np.zeros(3), np.ones(3))
    assert gx.shape == x.shape
    np.testing.assert_array_equal(gweight, np.zeros(3))
    np.testing.assert_array_equal(gbias, np.zeros(3))
    y, base = local_response_norm_forward(x, 3)
    assert y.shape == base.shape == local_response_norm_adjoint(x, x, base, 3).shape == x.shape


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("beta", [0.75, 0.5, 1.3])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("shape", [(2, 5, 3, 2), (1, 3, 4), (2, 1, 2, 2)])
def test_local_response_norm(shape: tuple[int, ...], size: int, beta: float, layout: str) -> None:
    rng = np.random.default_rng(2)
    x, g = rng.normal(size=shape), rng.normal(size=shape)
    laid, kept = LAYOUTS[layout](x), x.copy()
    y, base = local_response_norm_forward(laid, size, 0.3, beta, 1.5)
    np.testing.assert_allclose(y, oracles.local_response_norm(x, size, 0.3, beta, 1.5), rtol=1e-13)
    gx = local_response_norm_adjoint(LAYOUTS[layout](g), laid, base, size, 0.3, beta)
    step = 1e-6 * rng.normal(size=shape)
    ahead = oracles.local_response_norm(x + step, size, 0.3, beta, 1.5)
    behind = oracles.local_response_norm(x - step, size, 0.3, beta, 1.5)
    np.testing.assert_allclose((gx * 2 * step).sum(), (g * (ahead - behind)).sum(), rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(laid, kept)
    assert local_response_norm_forward(x.astype(np.float32), size, 0.3, beta)[0].dtype == np.float32
