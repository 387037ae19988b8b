"""linspace to the last bit: strengths of augmentations and anchors of grids are made of it."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("ends", [(0, 0.99), (255.0, 0), (-1, 1), (0.1, 0.7), (3, -0.2), (-0.5, 1e3), (0, 1e38), (2, 2)])
def test_linspace(ends):
    for n in [*range(40), 331, 1000]:
        np.testing.assert_array_equal(ac.linspace(*ends, n).numpy(), torch.linspace(*ends, n).numpy())
