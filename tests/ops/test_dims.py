"""Dims: normalisation, and the texts of its errors."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.ops.registry.dims import count_along, kept_shape, normal_dim, normal_dims, reduced_dims


def test_counted_from_the_front() -> None:
    assert [normal_dim(d, 3, "sum") for d in (-3, -1, 0, 2)] == [0, 2, 0, 2]
    assert normal_dim(-1, 0, "sum") == normal_dim(0, 0, "sum") == 0
    assert normal_dim(np.int64(1), 2, "sum") == 1
    assert normal_dim(ac.tensor(1), 2, "sum") == 1
    assert normal_dims((2, -3), 3, "sum") == (2, 0)
    assert normal_dims(1, 3, "sum") == (1,)


def test_reductions() -> None:
    assert reduced_dims(None, 3, "sum") is None
    assert reduced_dims((), 3, "sum") is None
    assert reduced_dims((-1, 0), 3, "sum") == (0, 2)
    assert reduced_dims((1, 0), 2, "sum") is None
    assert reduced_dims(0, 0, "sum") is None
    assert kept_shape((2, 3, 4), (0, 2)) == (1, 3, 1)
    assert kept_shape((2, 3), None) == (1, 1)
    assert count_along((2, 3, 4), (0, 2)) == 8
    assert count_along((), None) == 1


def test_texts() -> None:
    with pytest.raises(IndexError, match=r"^Dimension out of range \(expected to be in range of \[-2, 1\], but got 5\) in sum$"):
        ac.ones(2, 3).sum(5)
    with pytest.raises(IndexError, match=r"^Dimension out of range \(expected to be in range of \[-1, 0\], but got 1\) in softmax$"):
        ac.tensor(1.0).softmax(1)
    with pytest.raises(
        RuntimeError, match=r"^dim 0 appears multiple times in the list of dims: expected each dim once in mean, got \(0, -2\)$"
    ):
        ac.ones(2, 3).mean((0, -2))
    with pytest.raises(TypeError, match=r"^sum\(\): argument 'dim' must be int, not float$"):
        ac.ones(2).sum(0.5)
    with pytest.raises(
        TypeError,
        match=r"^max\(\): argument 'input' \(position 1\) must be Tensor, not list: expected a Tensor, got list; use tensor\(…\)$",
    ):
        ac.max([1.0], 0)  # type: ignore[arg-type]  # what is tested
