"""Comparisons and logic against torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402

from ..both import DTYPES, Fixed, agree, array, fail_alike  # noqa: E402

COMPARE = ["eq", "ne", "lt", "le", "gt", "ge", "not_equal", "less", "less_equal", "greater", "greater_equal"]
LOGIC = ["logical_and", "logical_or", "logical_xor"]
BITS = ["bitwise_and", "bitwise_or", "bitwise_xor"]


@pytest.mark.parametrize("name", COMPARE)
def test_compare(name: str) -> None:
    mine, other = getattr(ac, name), getattr(torch, name)
    x = np.array([1.0, 2.0, np.nan, np.inf, -0.0])
    z = np.array([1.0, 3.0, np.nan, np.inf, 0.0])
    for dtype in DTYPES:
        agree(mine, other, x.astype(dtype), z.astype(dtype))
        agree(mine, other, x.astype(dtype), 1)
        agree(mine, other, x.astype(dtype), 0.1)
        agree(mine, other, array((2, 1), dtype), array((3,), dtype))
    agree(mine, other, Fixed(np.arange(3)), 1)
    agree(mine, other, Fixed(np.arange(3)), 1.5)
    agree(mine, other, Fixed(np.array([True, False])), True)
    agree(lambda a: getattr(a * 1, name + "_")(1.0), lambda a: getattr(a * 1, name + "_")(1.0), Fixed(x))
    fail_alike(mine, other, array(2), array(3), match="must match the size")


def test_operators() -> None:
    x, z = Fixed(np.array([1, 2, 3])), Fixed(np.array([3, 2, 1]))
    calls: list[Any] = [
        lambda a, b: a == b,
        lambda a, b: a != b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
        lambda a, b: a & b,
        lambda a, b: a | b,
        lambda a, b: a ^ b,
        lambda a, b: ~a,
        lambda a, b: a << b,
        lambda a, b: a >> 1,
        lambda a, b: a > 2,
        lambda a, b: 6 & b,
        lambda a, b: (a > 1) & (b > 1),
        lambda a, b: ~(a > 1),
        lambda a, b: a == 2.0,
    ]
    for call in calls:
        agree(call, call, x, z)
    assert (ac.ones(2) == None) is False  # noqa: E711  # as torch: a tensor is not None
    assert (ac.ones(2) != "a") is True


@pytest.mark.parametrize("name", LOGIC)
def test_logic(name: str) -> None:
    mine, other = getattr(ac, name), getattr(torch, name)
    for x, z in (([0.0, 1.0, np.nan], [0.0, 0.0, 1.0]), ([True, False, True], [True, True, False]), ([0, 2, 3], [1, 0, 5])):
        agree(mine, other, Fixed(x), Fixed(z))
        agree(lambda a, b: getattr(a * 1, name + "_")(b), lambda a, b: getattr(a * 1, name + "_")(b), Fixed(x), Fixed(z))
    agree(ac.logical_not, torch.logical_not, Fixed([0.0, 1.0, np.nan]))
    agree(ac.logical_not, torch.logical_not, Fixed([0, 3]))


@pytest.mark.parametrize("name", BITS)
def test_bits(name: str) -> None:
    mine, other = getattr(ac, name), getattr(torch, name)
    agree(mine, other, Fixed(np.array([6, 5, -1])), Fixed(np.array([3, 1, 8])))
    agree(mine, other, Fixed(np.array([6, 5], np.int32)), 3)
    agree(mine, other, Fixed(np.array([True, False])), Fixed(np.array([True, True])))
    agree(mine, other, Fixed(np.array([True, False])), Fixed(np.array([3, 4])))
    fail_alike(mine, other, array(2), array(2), match="not implemented")
    agree(ac.bitwise_not, torch.bitwise_not, Fixed(np.array([6, -5])))
    agree(ac.bitwise_not, torch.bitwise_not, Fixed(np.array([True, False])))
    fail_alike(ac.bitwise_not, torch.bitwise_not, array(2), match="not implemented")


def test_shifts() -> None:
    x = np.array([1, -7, 100])
    for by in (0, 1, 5, 63, 64, 70):
        agree(ac.bitwise_left_shift, torch.bitwise_left_shift, Fixed(x), by)
        agree(ac.bitwise_right_shift, torch.bitwise_right_shift, Fixed(x), by)
    agree(ac.bitwise_left_shift, torch.bitwise_left_shift, Fixed(x.astype(np.int32)), Fixed(np.array([1, 2, 33], np.int32)))


KINDS = ["isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal", "signbit"]


@pytest.mark.parametrize("name", KINDS)
def test_kinds(name: str) -> None:
    agree(getattr(ac, name), getattr(torch, name), np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan]))
    agree(getattr(ac, name), getattr(torch, name), Fixed(np.array([0, -1])))
    agree(lambda x: getattr(x, name)(), lambda x: getattr(x, name)(), array(()))


def test_close() -> None:
    x = np.array([1.0, 2.0, np.nan, np.inf, 1e-9])
    z = np.array([1.0 + 1e-6, 2.1, np.nan, np.inf, 0.0])
    for named in ({}, {"rtol": 0.1}, {"atol": 1.0}, {"equal_nan": True}, {"rtol": 0.0, "atol": 0.0}):
        agree(ac.isclose, torch.isclose, x, z, **named)
        assert ac.allclose(ac.tensor(x), ac.tensor(z), **named) == torch.allclose(torch.tensor(x), torch.tensor(z), **named)
    agree(ac.isclose, torch.isclose, Fixed(np.array([1, 2])), Fixed(np.array([1, 3])))
    fail_alike(ac.isclose, torch.isclose, x, z.astype(np.float32), match="one dtype")
    fail_alike(ac.isclose, torch.isclose, x, z, rtol=-1.0, match="greater than or equal to zero")


def test_equal_and_isin() -> None:
    for a, b in (([1, 2], [1, 2]), ([1, 2], [1, 3]), ([1, 2], [[1, 2]]), ([np.nan], [np.nan]), ([], [])):
        x, z = np.array(a), np.array(b)
        assert ac.equal(ac.tensor(x), ac.tensor(z)) is torch.equal(torch.tensor(x), torch.tensor(z))
    agree(ac.isin, torch.isin, Fixed(np.array([[1, 2], [3, 4]])), Fixed(np.array([2, 3])))
    agree(ac.isin, torch.isin, Fixed(np.array([1, 2])), Fixed(np.array([2, 3])), invert=True)
    agree(ac.isin, torch.isin, Fixed(np.array([1, 2])), Fixed(np.array([2, 3])), assume_unique=True)
    fail_alike(ac.equal, torch.equal, array(2), 1.0, match="must be Tensor, not float")
