"""Networks built without drawing their weights."""

from __future__ import annotations

import pytest

from autograd_cnn.random import Generator


@pytest.fixture
def nothing_drawn(monkeypatch):
    """Sizes do not depend on what the weights are: convolutions get a constant, large dense layers what the memory holds."""

    def constant(self, array, *_):
        if array.size < 3_000_000:
            array.fill(0.01)
        return array

    for name in ("fill_normal_", "fill_uniform_", "fill_trunc_normal_"):
        monkeypatch.setattr(Generator, name, constant)
