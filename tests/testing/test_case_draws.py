"""What random cases are drawn from: the same for a seed, and as promised."""

from __future__ import annotations

import numpy as np

from autograd_cnn.testing.case_draws import RandomDraw


def test_draws_repeat_and_keep_their_promises() -> None:
    for seed in range(50):
        draw, again = RandomDraw(seed), RandomDraw(seed)
        x = draw.array(avoid=(0.0, 0.5))
        assert np.array_equal(x, again.array(avoid=(0.0, 0.5)))
        assert (np.abs(x) >= 0.05).all()
        assert (np.abs(x - 0.5) >= 0.05).all()
        flat = np.sort(draw.array((20,), distinct=True))
        assert np.diff(flat).min() > 0.05
        a, b, c = draw.shapes(3)
        np.broadcast_shapes(a, b, c)
        dims = draw.dims(3, min_size=1)
        assert len({d % 3 for d in dims}) == len(dims) >= 1
        assert draw.integers((4,), 2, 5).dtype == np.int64
        assert draw.array((2,)).dtype == np.float64
        assert RandomDraw(seed, np.float32).array((2,)).dtype == np.float32
