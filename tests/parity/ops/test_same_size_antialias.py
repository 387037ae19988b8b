"""`interpolate(antialias=True)` beside torch's where a side keeps its length though its factor is not 1: it is not resampled. (torch's
gradient there is that of a resampling, and no derivative of its own result; ours is the derivative.)"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("factor", [1.1, (1.1, 1.7), (0.6, 1.1)])
def test_it_is_not_resampled(mode: str, factor: Any) -> None:
    x = np.random.default_rng(0).standard_normal((2, 2, 5, 6))
    mine, other = (
        lib.nn.functional.interpolate(lib.tensor(x), scale_factor=factor, mode=mode, antialias=True).numpy() for lib in (ac, torch)
    )
    np.testing.assert_allclose(mine, other, rtol=1e-10, atol=1e-12)


def test_its_gradient_is_the_derivative() -> None:
    t = ac.tensor(np.arange(30.0).reshape(1, 1, 5, 6), requires_grad=True)
    y = ac.nn.functional.interpolate(t, scale_factor=1.1, mode="bicubic", antialias=True)
    assert ac.autograd.grad((y * y).sum(), t)[0].tolist() == (2 * t).tolist()
