"""oneDNN's pooling in every geometry: which it takes, and values, against plain loops in float64."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.onednn import channels_last_ops, plans, pool
from autograd_cnn.kernels.onednn.reorder import as_last
from autograd_cnn.kernels.reference.pooling import places
from tests import oracles
from tests.kernels.backends import needs_onednn, normal
from tests.kernels.fast import compare

pytestmark = needs_onednn

# (N, C, *S), kernel, stride, padding, ceil_mode, outputs, does what ceil_mode adds reach beyond the padding?
CASES: dict[str, tuple[Any, ...]] = {
    "side by side": ((2, 3, 6, 8), (2, 4), (2, 4), (0, 0), False, (3, 2), False),
    "overlapping": ((2, 3, 7, 9), (3, 2), (2, 1), (0, 0), False, (3, 8), False),
    "a rest on one side": ((2, 3, 8, 9), (3, 3), (2, 3), (0, 0), False, (3, 3), False),
    "padded": ((2, 3, 7, 6), (3, 3), (2, 2), (1, 1), False, (4, 3), False),
    "padded on one side": ((2, 3, 5, 6), (3, 2), (2, 2), (1, 0), False, (3, 3), False),
    "gaps": ((2, 3, 9, 7), (2, 1), (3, 2), (0, 0), False, (3, 4), False),
    "ceil, nothing left": ((2, 3, 9, 7), (3, 3), (2, 2), (0, 0), True, (4, 3), False),
    "ceil, something left": ((2, 3, 8, 8), (3, 3), (2, 2), (0, 0), True, (4, 4), True),
    "ceil, left within the padding": ((2, 3, 8, 8), (3, 3), (2, 2), (1, 1), False, (4, 4), False),
    "ceil, left in one dim": ((2, 3, 9, 8), (3, 3), (2, 2), (0, 0), True, (4, 4), True),
    "ceil, padded": ((2, 3, 8, 8), (3, 3), (3, 3), (1, 1), True, (3, 3), False),
    "ceil, beyond the padding": ((2, 3, 8, 8), (4, 4), (3, 3), (1, 1), True, (3, 3), False),
    "ceil, far beyond the padding": ((2, 3, 9, 9), (4, 4), (3, 3), (1, 1), True, (4, 4), True),
    "signal": ((2, 5, 11), (3,), (2,), (1,), False, (6,), False),
    "signal, ceil": ((2, 5, 10), (3,), (2,), (0,), True, (5,), True),
    "volume": ((2, 3, 4, 5, 6), (2, 3, 2), (2, 1, 2), (1, 0, 1), False, (3, 3, 4), False),
    "volume, ceil": ((1, 2, 5, 4, 5), (2, 2, 2), (2, 2, 2), (0, 0, 0), True, (3, 2, 3), True),
    "wide": ((2, 20, 6, 6), (3, 3), (3, 3), (0, 0), False, (2, 2), False),
    "the whole image": ((3, 4, 5, 6), (5, 6), (5, 6), (0, 0), False, (1, 1), False),
}
each_case = pytest.mark.parametrize("name", CASES)


@pytest.fixture(autouse=True)
def onednn() -> Iterator[None]:
    with ac.use_backend("onednn"):
        yield


def pairs(padding: Any) -> Any:
    return tuple((p, p) for p in padding)


@each_case
def test_maxima(name: str) -> None:
    shape, kernel, stride, padding, ceil, out, _ = CASES[name]
    for x in (normal(*shape), np.round(normal(*shape)), -np.abs(normal(*shape)) - 1):  # the zeros of a padding are no maxima
        wanted = list(oracles.max_pool(x.astype(float), kernel, stride, pairs(padding), (1,) * len(kernel), out))
        for given in (x, as_last(x)):
            found = pool.max_pool(given, kernel, stride, padding, (1,) * len(kernel), ceil)
            compare(found, wanted, name)
    y, codes = found
    g = normal(*y.shape)
    right = np.zeros((*shape[:2], math.prod(shape[2:])))
    for n, c in np.ndindex(*shape[:2]):
        np.add.at(right[n, c], places(codes)[n, c].ravel(), g[n, c].ravel())
    for given in (g, as_last(g)):
        compare(pool.max_pool_adjoint(given, codes, shape), [right.reshape(shape)], name)
        assert pool.max_pool_adjoint(given, places(codes), shape) is NotImplemented, "positions are no codes"
        assert pool.max_pool_adjoint(given.astype(np.float64), codes, shape) is NotImplemented
        with ac.use_backend("numpy"):
            assert pool.max_pool_adjoint(given, codes, shape) is NotImplemented


@each_case
def test_averages(name: str) -> None:
    shape, kernel, stride, padding, ceil, out, beyond = CASES[name]
    x, g = normal(*shape), normal(*shape[:2], *out)
    wide = pairs(padding)
    count = oracles.sum_pool(np.ones(shape), kernel, stride, wide, out)
    for include, per in ((True, math.prod(kernel)), (False, count)):
        for given, donated in ((x, g), (as_last(x), as_last(g))):
            found = pool.average(given, kernel, stride, padding, ceil, include)
            adjoint = pool.average_adjoint(donated, shape, kernel, stride, padding, ceil, include)
            if include and beyond:
                assert found is NotImplemented, f"{name}: what ceil_mode adds beyond the padding does not count"
                assert adjoint is NotImplemented
                continue
            compare(found, [oracles.sum_pool(x.astype(float), kernel, stride, wide, out) / per], name)
            compare(adjoint, [oracles.sum_pool_transposed(g.astype(float) / per, shape, kernel, stride, wide)], name)


@each_case
def test_averages_that_are_spread(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that tile the input have their adjoint by copies, where few channels leave oneDNN's registers empty."""
    spread: list[int] = []
    real = channels_last_ops.spread_average

    def by_copies(*args: Any) -> Any:
        spread.append(1)
        return real(*args)

    monkeypatch.setattr(channels_last_ops, "spread_average", by_copies)
    shape, kernel, stride, padding, ceil, out, _ = CASES[name]
    pool.average_adjoint(normal(*shape[:2], *out), shape, kernel, stride, padding, ceil, False)
    assert len(spread) == (name in ("side by side", "the whole image"))


def test_from_how_many_channels_on_averages_are_not_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    spread: list[int] = []
    monkeypatch.setattr(channels_last_ops, "spread_average", lambda g, kernel: spread.append(1))
    for channels in (15, 16):
        pool.average_adjoint(normal(1, channels, 3, 3), (1, channels, 6, 6), (2, 2), (2, 2), (0, 0), False, True)
    assert spread == [1]


def test_gradients_of_another_shape_are_the_references() -> None:
    for channels in (3, 20):
        for out in ((3, 4), (4, 3), (2, 3)):
            assert (
                pool.average_adjoint(normal(2, channels, *out), (2, channels, 6, 6), (2, 2), (2, 2), (0, 0), False, True) is NotImplemented
            )


def test_dilated_windows_are_numpys() -> None:
    x = normal(2, 3, 9, 9)
    for dilation in ((1, 2), (2, 1), (2, 2)):
        assert pool.max_pool(x, (2, 2), (2, 2), (0, 0), dilation, False) is NotImplemented
    assert pool.max_pool(x, (2, 2), (2, 2), (0, 0), (1, 1), False) is not NotImplemented


def test_codes_are_bytes() -> None:
    """A large window has codes of four bytes, which are not kept."""
    for kernel, taken in (((14, 18), True), ((16, 17), False)):
        x = normal(1, 2, 20, 20)
        found = pool.max_pool(x, kernel, (1, 1), (0, 0), (1, 1), False)
        assert (found is not NotImplemented) is taken
        if taken:
            out = tuple(21 - k for k in kernel)
            compare(found, list(oracles.max_pool(x.astype(float), kernel, (1, 1), pairs((0, 0)), (1, 1), out)), str(kernel))


@pytest.mark.parametrize("dims", [0, 4])
def test_other_numbers_of_dims_are_numpys(dims: int) -> None:
    x, ones = normal(*(8, 6, 4, 4, 4, 4)[: 2 + dims]), (1,) * dims
    assert pool.average(x, ones, ones, (0,) * dims, False, True) is NotImplemented
    assert pool.average_adjoint(x, x.shape, ones, ones, (0,) * dims, False, True) is NotImplemented
    if dims:
        assert pool.max_pool(x, ones, ones, (0,) * dims, ones, False) is NotImplemented
    empty = np.zeros((0, 3, 4, 4), np.float32)
    assert pool.average(empty, (2, 2), (2, 2), (0, 0), False, True) is NotImplemented
    assert pool.max_pool(empty, (2, 2), (2, 2), (0, 0), (1, 1), False) is NotImplemented
    assert pool.average_adjoint(np.zeros((0, 3, 2, 2), np.float32), empty.shape, (2, 2), (2, 2), (0, 0), False, True) is NotImplemented


@pytest.mark.parametrize(
    ("size", "out", "right"),
    [
        ((6, 8), (3, 2), (2, 4)),
        ((6,), (6,), (1,)),
        ((6, 8), (4, 2), None),
        ((6, 8), (3, 3), None),
        ((6, 8), (0, 2), None),
        ((0, 8), (1, 2), None),
        ((5,), (10,), None),
        ((4, 6, 8), (2, 3, 4), (2, 2, 2)),
    ],
)
def test_windows_that_tile(size: Any, out: Any, right: Any) -> None:
    assert pool.evenly(size, out) == right


def test_one_plan_for_each_geometry() -> None:
    plans.release()
    x = normal(1, 2, 8, 8)
    for kernel, stride, padding in (((2, 2), (2, 2), (0, 0)), ((2, 2), (2, 2), (1, 1)), ((3, 2), (2, 2), (0, 0)), ((2, 2), (1, 2), (0, 0))):
        for _ in range(2):
            pool.average(x, kernel, stride, padding, False, True)
            pool.average(x, kernel, stride, padding, False, False)
    assert len([build for build, *_ in plans._kept.plans if build is pool._build]) == 8
    plans.release()
