"""Sums of many float32, along every dim of every layout: nearly as good as in float64."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from autograd_cnn.kernels.onednn.channels_last_ops import channel_moments
from autograd_cnn.kernels.onednn.reorder import as_last
from autograd_cnn.kernels.reference.sums import add_up
from tests.kernels.arrays import LAYOUTS

SHAPES = [(100_000, 2), (3, 20_000), (257, 129), (40, 3, 65, 33), (1, 70_000), (70_000,), (5000, 1, 4), (64, 64)]


@pytest.mark.parametrize("layout", [*LAYOUTS, "last", "turned"])
@pytest.mark.parametrize("shape", SHAPES)
def test_sums(shape: tuple[int, ...], layout: str) -> None:
    x = (np.random.default_rng(0).random(shape) + 0.5).astype(np.float32)
    x = np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1) if layout == "last" and x.ndim > 2 else x
    x = np.ascontiguousarray(x.T).T if layout == "turned" else LAYOUTS.get(layout, lambda v: v)(x)
    for n in range(1, x.ndim + 1):
        for axes in itertools.combinations(range(x.ndim), n):
            for keep in (False, True):
                found, right = add_up(x, axes, keep), x.astype(np.float64).sum(axes, keepdims=keep)
                assert found.dtype == np.float32
                assert found.shape == right.shape
                np.testing.assert_allclose(found, right, rtol=1.5e-6)
    np.testing.assert_allclose(add_up(x), x.sum(dtype=np.float64), rtol=1.5e-6)


def test_other_dtypes_and_nothing() -> None:
    assert add_up(np.ones((5000, 2), np.float16), 0).tolist() == [5000.0, 5000.0]  # in float32: half precision ends at 2048
    assert add_up(np.arange(5000)) == 12497500
    assert add_up(np.zeros((0, 3), np.float32), 0).tolist() == [0.0, 0.0, 0.0]
    assert add_up(np.zeros((3, 0), np.float32), (1,)).tolist() == [0.0, 0.0, 0.0]
    x = np.broadcast_to(np.float32([0.1, 0.3]), (100_000, 2))
    np.testing.assert_allclose(add_up(x, 0), [10_000, 30_000], rtol=1e-6)


@pytest.mark.parametrize("shape", [(32, 3, 17, 15), (8, 64, 8, 8), (2, 700, 3, 3), (3, 5, 40_001), (1, 1, 2, 1)])
@pytest.mark.parametrize("mean", [0.0, 1.0, -30.0, 1e5, 1e25])
def test_moments_of_channels(shape: tuple[int, ...], mean: float) -> None:
    spread = 1.0 if abs(mean) < 1e20 else 1e24
    x = (np.random.default_rng(0).standard_normal(shape) * spread + mean).astype(np.float32)
    found = channel_moments(as_last(x))
    axes = (0, *range(2, x.ndim))
    wide = x.astype(np.float64)
    deviation = wide.std(axes).max()
    np.testing.assert_allclose(found[0], wide.mean(axes), atol=1e-6 * deviation, rtol=1e-9)
    np.testing.assert_allclose(found[1], wide.var(axes), rtol=2e-6, atol=1e-12 * deviation**2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_moments_tell_what_is_no_number(value: float) -> None:
    x = np.ones((2, 3, 5, 5), np.float32)
    x[1, 2, 3, 4] = value
    mean, var = channel_moments(as_last(x))
    assert np.isfinite(mean).tolist() == np.isfinite(var).tolist() == [True, True, False]
