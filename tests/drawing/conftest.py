"""Pictures are compared to the byte: NumPy computes what they show, whatever else is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import autograd_cnn as ac


@pytest.fixture(autouse=True)
def numpy_computes() -> Iterator[None]:
    with ac.use_backend("numpy"):
        yield
