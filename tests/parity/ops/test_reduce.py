"""Reductions, running reductions and order against torch."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402

from ..both import DTYPES, Fixed, agree, array, fail_alike  # noqa: E402

SHAPES = [(2, 3, 4), (3,), (), (1, 3), (0, 3)]
OVER_DIMS = ["sum", "mean", "var", "std", "logsumexp", "amax", "amin", "nansum", "nanmean", "norm", "any", "all", "count_nonzero"]


def dims_of(ndim: int) -> list[Any]:
    """Dims to reduce over."""
    every = [None, 0, -1]
    if ndim > 1:
        every += [(0, 1), (-1, 0), [1], 1]
    return every


def both_of(name: str) -> tuple[Any, Any]:
    return getattr(ac, name), getattr(torch, name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", OVER_DIMS)
def test_over_dims(name: str, shape: tuple[int, ...], dtype: type) -> None:
    mine, other = both_of(name)
    x = array(shape, dtype)
    for dim in dims_of(len(shape)):
        if (name == "logsumexp" and dim is None) or (name in ("amax", "amin") and dim is None):
            continue
        if name in ("amax", "amin") and x.size == 0 and dim not in (-1, 1, [1]):
            fail_alike(mine, other, x, dim=dim)
            continue
        named = {} if dim is None else {"dim": dim}
        agree(mine, other, x, **named)
        if name != "count_nonzero" and not (name in ("any", "all") and dim is None):
            agree(mine, other, x, keepdim=True, **({"dim": dim} if dim is not None or name not in ("norm",) else {}))


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "var", "std", "amax", "logsumexp", "norm"])
def test_not_contiguous(name: str) -> None:
    mine, other = both_of(name)
    extra = () if name in ("sum", "mean", "prod", "var", "std") else (2, 1) if name == "norm" else (1,)
    agree(lambda x: mine(x.transpose(0, 2)[::2], *extra), lambda x: other(x.transpose(0, 2)[::2], *extra), array((2, 3, 4)))
    agree(lambda x: mine(x.expand(3, 2, 4), *extra), lambda x: other(x.expand(3, 2, 4), *extra), array((2, 4)))


@pytest.mark.parametrize(
    "name", ["sum", "nansum", "prod", "cumsum", "cumprod", "any", "all", "count_nonzero", "argmax", "max", "sort", "median"]
)
@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8, bool])
def test_of_integers(name: str, kind: type) -> None:
    if (kind is bool and name in ("argmax", "sort", "median")) or (kind is bool and name == "max"):
        return
    mine, other = both_of(name)
    x = Fixed(np.array([[3, 1, 0], [2, 2, 5]], kind))
    dim = {"dim": 1} if name.startswith(("cum", "arg", "sort")) else {}
    agree(mine, other, x, **dim)
    if not dim and name != "nansum":
        agree(mine, other, x, dim=0)


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "cumsum", "cumprod", "nansum"])
def test_dtype_argument(name: str) -> None:
    mine, other = both_of(name)
    dim = {"dim": 0} if name.startswith("cum") else {}
    for x in (Fixed(np.array([3, 1, 2])), array(3, np.float32)):
        agree(lambda v: mine(v, dtype=ac.float64, **dim), lambda v: other(v, dtype=torch.float64, **dim), x)


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "amax", "norm", "logsumexp", "prod"])
def test_of_float16(name: str) -> None:
    mine, other = both_of(name)
    x = array((4, 50), np.float16)
    agree(mine, other, x, *([2, 1] if name == "norm" else [1]), second=False, tolerance=1e-2)


@pytest.mark.parametrize("name", ["var", "std", "var_mean", "std_mean"])
def test_correction(name: str) -> None:
    mine, other = both_of(name)
    x = array((4, 5))
    for named in (
        {"correction": 0},
        {"correction": 2, "dim": 1},
        {"correction": 0.5, "dim": (0, 1)},
        {"unbiased": False, "dim": 0},
        {"dim": 1, "unbiased": True, "keepdim": True},
        {"unbiased": False},
    ):
        if set(named) == {"unbiased"}:
            agree(lambda v: mine(v, False), lambda v: other(v, False), x)
        else:
            agree(mine, other, x, **named)
    agree(mine, other, array((1, 3)), dim=0, gradients=False)
    agree(mine, other, array((1, 3)), dim=0, correction=0, second=False)
    with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
        mine(ac.ones(1), correction=1)
    fail_alike(mine, other, Fixed(np.arange(3)), match="floating point")


def test_std_of_equal_entries_has_no_slope() -> None:
    agree(ac.std, torch.std, np.ones(3), second=False)


@pytest.mark.parametrize("p", [2, 1, 3, 0.5, 1.5, float("inf"), float("-inf"), 0, "fro", 4])
def test_norm(p: Any) -> None:
    x = array((3, 4), low=0.2) * np.where(array((3, 4), seed=9) > 0, 1, -1)
    for dim in (None, 0, (0, 1)):
        for keepdim in (False, True):
            agree(ac.norm, torch.norm, x, p, dim, keepdim)
    agree(ac.norm, torch.norm, np.zeros(3), p, second=False)
    agree(ac.norm, torch.norm, np.array([0.0, 1.0, -2.0]), p, second=False)
    agree(lambda v: v.norm(p), lambda v: v.norm(p), x)


@pytest.mark.parametrize("p", [math.inf, -math.inf, -1, 0, 2])
@pytest.mark.parametrize(("shape", "dim"), [((0,), None), ((2, 0), 1), ((2, 0), 0)])
def test_norm_of_no_numbers(p: float, shape: Any, dim: Any) -> None:
    """What has no greatest and no least has no such norm; the others are 0."""
    if (p < 0 or p == math.inf) and dim != 0:
        fail_alike(ac.norm, torch.norm, np.zeros(shape), p, dim, match=f"cannot compute the {p:g} norm")
    else:
        agree(ac.norm, torch.norm, np.zeros(shape), p, dim, second=False)


def test_nuclear_norm() -> None:
    agree(ac.norm, torch.norm, array((3, 4)), "nuc", second=False)
    agree(ac.norm, torch.norm, array((2, 3, 4)), "nuc", (0, 2), second=False)
    agree(ac.norm, torch.norm, array((2, 3, 4)), "nuc", (1, 2), True, second=False)
    fail_alike(ac.norm, torch.norm, array(3), "other", match="'fro' or 'nuc'")
    fail_alike(ac.norm, torch.norm, Fixed(np.arange(3)), match="floating point")


def test_logsumexp_extremes() -> None:
    inf, nan = np.inf, np.nan
    for row in ([1e4, 0.0], [-1e4, -1e4], [-inf, 0.0], [-inf, -inf], [inf, 0.0], [nan, 0.0]):
        agree(ac.logsumexp, torch.logsumexp, np.array(row), 0, second=False)
    agree(ac.logsumexp, torch.logsumexp, Fixed(np.arange(3)), 0, tolerance=1e-6)


# ------------------------------------------------------------------------------------------------- extrema and order
@pytest.mark.parametrize("name", ["max", "min", "median", "nanmedian"])
@pytest.mark.parametrize("shape", [(2, 3, 4), (5,), (), (1, 3)])
def test_extrema(name: str, shape: tuple[int, ...]) -> None:
    mine, other = both_of(name)
    for dtype in DTYPES:
        x = array(shape, dtype)
        agree(mine, other, x)
        for dim in range(-len(shape), len(shape)):
            agree(mine, other, x, dim)
            agree(mine, other, x, dim=dim, keepdim=True)
    agree(lambda v: mine(v.reshape(-1), 0).values, lambda v: other(v.reshape(-1), 0).values, array(shape))


@pytest.mark.parametrize("name", ["max", "min", "amax", "amin", "median", "nanmedian", "aminmax"])
def test_ties_and_nan(name: str) -> None:
    mine, other = both_of(name)
    for row in ([1.0, 3.0, 3.0, 1.0], [1.0, np.nan, 3.0, np.nan], [np.nan, np.nan], [np.inf, np.inf, -np.inf]):
        defined = not (name.startswith("am") and np.isnan(row).any())  # torch's amax() gives NaN for a NaN, its max() does not
        agree(mine, other, np.array(row), second=False, gradients=defined)
        if name != "aminmax" and not (name in ("median", "nanmedian") and len(set(row)) < len(row)):
            agree(mine, other, np.array(row), 0, second=False, gradients=defined)


def test_max_of_two() -> None:
    agree(ac.max, torch.max, array((2, 3)), array((3,), seed=1))
    agree(lambda a, b: ac.min(a, other=b), lambda a, b: torch.min(a, other=b), array((2, 3)), array((3,), seed=1))
    agree(lambda a, b: a.max(b), lambda a, b: a.max(b), array((2, 3)), array((3,), seed=1))


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin", "amax", "median", "kthvalue", "mode"])
def test_of_nothing(name: str) -> None:
    mine, other = both_of(name)
    x = array((0, 3))
    if name not in ("kthvalue", "mode"):
        if name == "median":
            agree(mine, other, x)
        elif name == "amax":
            fail_alike(mine, other, x)
        else:
            fail_alike(mine, other, x, match="Specify the reduction dim")
    extra = [1] if name == "kthvalue" else []
    fail_alike(mine, other, x, *extra, 0)
    agree(mine, other, x, *extra, 1)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_arg(name: str) -> None:
    mine, other = both_of(name)
    x = array((2, 3, 4))
    agree(mine, other, x)
    agree(mine, other, x, keepdim=True)
    for dim, keepdim in itertools.product((0, 1, -1), (False, True)):
        agree(mine, other, x, dim, keepdim)
    agree(mine, other, array(()), 0)
    agree(mine, other, np.array([1.0, np.nan, 3.0]))
    agree(mine, other, Fixed(np.array([2, 2, 1, 1])))


@pytest.mark.parametrize("shape", [(3, 4), (5,), (), (0,), (2, 0), (2, 3, 4)])
def test_sort(shape: tuple[int, ...]) -> None:
    x = array(shape)
    for dim, descending in itertools.product((0, -1), (False, True)):
        agree(ac.sort, torch.sort, x, dim, descending)
        agree(ac.argsort, torch.argsort, x, dim, descending)
        agree(ac.sort, torch.sort, x, dim=dim, descending=descending, stable=True)
    if shape:
        agree(ac.msort, torch.msort, x)
    x = np.array([2.0, np.nan, 1.0, 2.0, 1.0, np.nan, -np.inf])
    for descending in (False, True):
        agree(
            lambda v, d=descending: ac.sort(v, stable=True, descending=d),
            lambda v, d=descending: torch.sort(v, stable=True, descending=d),
            x,
        )


def test_topk_and_kthvalue() -> None:
    x = array((3, 5))
    for k, dim, largest in itertools.product((1, 3), (0, 1, -1), (True, False)):
        agree(ac.topk, torch.topk, x, k, dim, largest)
        agree(ac.kthvalue, torch.kthvalue, x, k, dim)
        agree(ac.kthvalue, torch.kthvalue, x, k, dim=dim, keepdim=True)
    agree(ac.topk, torch.topk, x, 0)
    agree(ac.topk, torch.topk, array(()), 1)
    agree(lambda v: v.topk(2).indices, lambda v: v.topk(2).indices, x)
    fail_alike(ac.topk, torch.topk, x, 6, match="selected index k out of range")
    fail_alike(ac.kthvalue, torch.kthvalue, x, 0, match="selected number k out of range")
    fail_alike(ac.kthvalue, torch.kthvalue, x, 9, match="selected number k out of range")


def test_mode() -> None:
    x = Fixed(np.array([[3, 1, 3, 2], [2, 2, 1, 1], [5, 6, 7, 8]]))
    agree(lambda v: ac.mode(v).values, lambda v: torch.mode(v).values, x)
    agree(lambda v: ac.mode(v, 0, True).values, lambda v: torch.mode(v, 0, True).values, x)
    agree(lambda v: ac.mode(v, 1)[0], lambda v: torch.mode(v, 1)[0], array((3, 4)))


@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
@pytest.mark.parametrize("between", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantiles(name: str, between: str) -> None:
    mine, other = both_of(name)
    holes = array((3, 5))
    holes[0, 2] = np.nan
    for x in (array((3, 5)), array((5,)), holes, array((3, 5), np.float32)):
        for q in (0.0, 0.3, 0.5, 1.0, Fixed(np.array([0.25, 0.9], x.dtype))):
            for dim, keepdim in itertools.product((None, 0, -1), (False, True)):
                agree(mine, other, x, q, dim, keepdim, interpolation=between)
    agree(mine, other, array(()), 0.5)
    fail_alike(mine, other, array(3), 1.5, match="range")
    fail_alike(mine, other, array(3), 0.5, interpolation="cubic", match="must be one of")
    fail_alike(mine, other, Fixed(np.arange(3)), 0.5, match="float or double")
    fail_alike(mine, other, array(3), Fixed(np.array([0.5], np.float32)), match="same dtype")
    fail_alike(mine, other, array((0,)), 0.5, match="non-empty")


def test_differences() -> None:
    x = array((3, 5))
    for n, dim in itertools.product((0, 1, 2, 7), (0, -1)):
        agree(ac.diff, torch.diff, x, n, dim)
    agree(ac.diff, torch.diff, x, 1, 1, array((3, 2), seed=4), array((3, 1), seed=5))
    agree(ac.diff, torch.diff, Fixed(np.array([True, False, False])))
    fail_alike(ac.diff, torch.diff, array(()), match="at least one-dimensional")


# ------------------------------------------------------------------------------------------------- running ones, products
@pytest.mark.parametrize("name", ["cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"])
@pytest.mark.parametrize("shape", [(3, 4), (5,), (), (0, 3)])
def test_running(name: str, shape: tuple[int, ...]) -> None:
    mine, other = both_of(name)
    for dtype in DTYPES:
        for dim in (0, -1):
            agree(mine, other, array(shape, dtype), dim)
    if name in ("cummax", "cummin"):
        agree(mine, other, np.array([1.0, 3.0, 3.0, 1.0, np.nan, 5.0]), 0)
    if name in ("cumsum", "cumprod"):
        agree(lambda v: getattr(v * 1, name + "_")(-1), lambda v: getattr(v * 1, name + "_")(-1), array((3, 4)))


@pytest.mark.parametrize("row", [[2.0, 3.0, 4.0], [2.0, 0.0, 4.0], [0.0, 3.0, 4.0]])
def test_products_with_zeros(row: list[float]) -> None:
    agree(ac.prod, torch.prod, np.array(row))
    agree(ac.prod, torch.prod, np.array([row, [1.0, 2.0, 0.0]]), 1)
    agree(ac.prod, torch.prod, np.array([row, [1.0, 2.0, 0.0]]), dim=0, keepdim=True)
    agree(ac.cumprod, torch.cumprod, np.array(row), 0)
    agree(ac.cumprod, torch.cumprod, np.array([row, [1.0, 0.0, 0.0]]), 1)


def test_prod() -> None:
    for dtype in DTYPES:
        agree(ac.prod, torch.prod, array((2, 3), dtype))
        agree(ac.prod, torch.prod, array((2, 3), dtype), 1)
        agree(ac.prod, torch.prod, array((0, 3), dtype))
        agree(ac.prod, torch.prod, array((0, 3), dtype), 0)
        agree(ac.prod, torch.prod, array((), dtype), 0)
    agree(ac.prod, torch.prod, np.array([0.0, 0.0, 3.0]), second=False)


# ------------------------------------------------------------------------------------------------- arguments and errors
def test_numpy_names() -> None:
    x = array((2, 3))
    for name in ("sum", "mean", "amax", "argmax", "std", "prod", "cumsum"):
        mine, other = both_of(name)
        agree(lambda v, f=mine: f(v, axis=1), lambda v, f=other: f(v, axis=1), x)
    agree(lambda v: v.sum(axis=0, keepdims=True), lambda v: v.sum(axis=0, keepdims=True), x)


@pytest.mark.parametrize(
    "name", ["sum", "mean", "amax", "var", "logsumexp", "argmax", "max", "cumsum", "sort", "topk", "prod", "norm", "any"]
)
def test_dims_that_do_not_exist(name: str) -> None:
    mine, other = both_of(name)
    extra = [1] if name == "topk" else [2] if name == "norm" else []
    for dim in (2, -3):
        fail_alike(
            mine,
            other,
            array((2, 3)),
            *extra,
            dim,
            match=rf"Dimension out of range \(expected to be in range of \[-2, 1\], but got {dim}\)",
        )
    fail_alike(mine, other, array(()), *extra, 1, match=r"expected to be in range of \[-1, 0\], but got 1")


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "var", "logsumexp", "any"])
def test_dims_given_twice(name: str) -> None:
    mine, other = both_of(name)
    for dims in ((0, 0), (1, -1)):
        fail_alike(mine, other, array((2, 3)), dims, match="appears multiple times in the list of dims")


def test_kinds_of_errors() -> None:
    fail_alike(ac.mean, torch.mean, Fixed(np.arange(3)), match="could not infer output dtype")
    fail_alike(ac.sum, torch.sum, array(3), 0.5, match="'dim' must be")
    fail_alike(ac.sum, torch.sum, [1.0, 2.0], match="must be Tensor, not list")
    fail_alike(ac.nanmean, torch.nanmean, Fixed(np.arange(3)), match="floating point")
