"""Tensors print as torch prints them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac

torch = pytest.importorskip("torch")
rng = np.random.default_rng(0)
ARRAYS: list[Any] = [
    np.array(1.0, np.float32),
    np.array(3, np.int64),
    np.array(True),
    np.zeros(0, np.float32),
    np.zeros((0, 3), np.float32),
    np.zeros((2, 0), np.int64),
    np.zeros((1, 1, 1), np.float32),
    np.array([1.0, 2.5, -3.25], np.float32),
    np.array([1e-5, 1.0], np.float32),
    np.array([1e5, 1.5], np.float32),
    np.array([1e9, 1.0], np.float32),
    np.array([np.nan, np.inf, -np.inf, 1.5], np.float32),
    np.array([np.nan], np.float32),
    np.array([np.inf, 2.0], np.float32),
    np.array([0.0, -0.0], np.float32),
    np.array([1.0, 1000.0], np.float32),
    np.array([0.1, 1000.0], np.float32),
    np.array([0.01, 123456.0], np.float32),
    np.array([1.0, 2.0], np.float64),
    np.array([1, -20, 300], np.int64),
    np.array([1, 2], np.int32),
    np.array([1, 2], np.uint8),
    np.array([1, 2], np.int8),
    np.array([1.5, 2.0], np.float16),
    np.array([[True, False], [False, True]]),
    np.arange(12, dtype=np.float32).reshape(3, 4),
    np.arange(24, dtype=np.int64).reshape(2, 3, 4),
    np.arange(16, dtype=np.float32).reshape(2, 2, 2, 2),
    np.arange(1000, dtype=np.float32),
    np.arange(1001, dtype=np.float32),
    np.arange(2500, dtype=np.float32).reshape(50, 50),
    np.arange(3000, dtype=np.int64).reshape(3, 10, 100),
    np.arange(100, dtype=np.float32),
    np.array([1e-8, 1e-9], np.float32),
    np.array([12345.678], np.float32),
    np.array([99999.0], np.float32),
    np.array([1e8], np.float32),
    np.array([1e8 + 100], np.float64),
    np.array([-1.0, 10.0, 100.5], np.float32),
    np.array([2**40], np.int64),
    np.ones((1, 30), np.float32),
    np.linspace(-1, 1, 40).astype(np.float32),
    np.array([0.00012], np.float32),
    np.array([[1e10, 1.0], [1.0, 2.0]]),
    np.arange(1200, dtype=np.float32) / 7,
    np.array([[-1.5], [22.25]], np.float32),
    np.zeros((7, 1, 200), np.float32),
]
ARRAYS += [
    (rng.standard_normal(tuple(rng.integers(1, 7, rng.integers(0, 4)))) * 10.0 ** rng.integers(-6, 9)).astype(k)
    for k in (np.float32, np.float64)
    for _ in range(60)
]
ARRAYS += [rng.integers(-(10**k), 10**k, tuple(rng.integers(1, 5, rng.integers(0, 4)))) for k in range(1, 10)]


def both(array: Any) -> tuple[Any, Any]:
    own = np.array(array)
    return ac.from_numpy(own.copy()), torch.from_numpy(own.copy())


@pytest.mark.parametrize("number", range(len(ARRAYS)))
def test_repr(number: int) -> None:
    mine, theirs = both(ARRAYS[number])
    assert repr(mine) == repr(theirs)
    assert str(mine) == str(theirs)


@pytest.mark.parametrize(
    "options",
    [
        {"precision": 2},
        {"threshold": 5, "edgeitems": 2},
        {"linewidth": 40},
        {"sci_mode": True},
        {"sci_mode": False},
        {"profile": "short"},
        {"profile": "full"},
    ],
)
def test_print_options(options: dict[str, Any]) -> None:
    ac.set_printoptions(**options)
    torch.set_printoptions(**options)
    try:
        for array in ARRAYS:
            if array.size <= 200:
                mine, theirs = both(array)
                assert repr(mine) == repr(theirs)
    finally:
        ac.set_printoptions(profile="default")
        torch.set_printoptions(profile="default")


def test_repr_of_the_graph() -> None:
    for T in (torch, ac):
        x = T.ones(2, requires_grad=True)
        assert repr(x) == "tensor([1., 1.], requires_grad=True)"
        assert repr(x * 2) == "tensor([2., 2.], grad_fn=<MulBackward0>)"
        assert repr(T.nn.Parameter(T.zeros(1))) == "Parameter containing:\ntensor([0.], requires_grad=True)"
        assert f"{T.tensor(1.2345):.2f}" == "1.23"
        assert f"{T.tensor(1.2345)}" == "1.2345000505447388"
        assert f"{T.ones(2)}" == "tensor([1., 1.])"
