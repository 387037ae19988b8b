"""Sums of float16 are in float32, as PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("multiplier", [1, 2])
def test_depthwise_convolutions_round_once(multiplier: int) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.random((2, 4, 30, 30)).astype(np.float16), rng.random((4 * multiplier, 1, 5, 5)).astype(np.float16)
    g = rng.random((2, 4 * multiplier, 26, 26)).astype(np.float16)

    def run(m: Any, tensor: Any, dtype: Any) -> list[Any]:
        a, b = tensor(x.astype(dtype)).requires_grad_(), tensor(w.astype(dtype)).requires_grad_()
        y = m.nn.functional.conv2d(a, b, groups=4)
        y.backward(tensor(g.astype(dtype)))
        return [v.detach().numpy().astype(np.float64) for v in (y, a.grad)]

    for ours, exact in zip(run(ac, ac.tensor, np.float16), run(torch, torch.tensor, np.float64), strict=True):
        assert np.abs(ours - exact).max() <= 2**-11 * np.abs(exact).max()
