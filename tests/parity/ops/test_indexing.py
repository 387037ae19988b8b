"""Reading and writing by index or mask against torch: results, gradients of two orders, in-place twins, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn.tensors.tensor import wrap  # noqa: E402

from ..both import DTYPES, Fixed, agree, array, fail_alike, ours, theirs  # noqa: E402

I = np.array  # indices


def both(name: str, *args: Any, **kwargs: Any) -> None:
    """As a function, where torch has one, and as a method; values and derivatives."""
    if hasattr(torch, name):
        agree(getattr(ac, name), getattr(torch, name), *args, **kwargs)
    agree(getattr(ac.Tensor, name), getattr(torch.Tensor, name), *args, **kwargs)


def twin(name: str, x: Any, *args: Any, **kwargs: Any) -> None:
    """The in-place twin writes the same, and its gradient is the same."""
    agree(lambda a, *r: getattr(a * 1, name)(*r, **kwargs), lambda a, *r: getattr(a * 1, name)(*r, **kwargs), x, *args)


def fails(name: str, *args: Any, match: str = "", **kwargs: Any) -> None:
    fail_alike(getattr(ac.Tensor, name), getattr(torch.Tensor, name), *args, match=match, **kwargs)


X = array((3, 4))
AT = I([[0, 2, 1, 1], [2, 2, 0, 1]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_gather_and_scatter_add(dtype: Any) -> None:
    x = X.astype(dtype)
    both("gather", x, 0, AT)
    both("gather", x, 1, AT[:, :2])
    both("gather", x.T, -1, AT.T[:, :1])
    both("gather", x, 1, np.zeros((0, 2), np.int64))
    both("gather", np.array(3.0, dtype), 0, I([0, 0]))
    both("gather", np.array(3.0, dtype), 0, I(0))
    both("gather", x, 0, AT.astype(np.int32))
    both("scatter_add", x, 0, AT, array((2, 4), dtype, 5))
    both("scatter_add", x, 0, AT, array((3, 5), dtype, 5), gradients=False)
    twin("scatter_add_", x, 0, AT, array((2, 4), dtype, 5))


def test_source_larger_than_the_index() -> None:
    src = wrap(array((3, 5)), requires_grad=True)
    ac.zeros(3, 4, dtype=ac.float64).scatter_add(0, wrap(AT), src).sum().backward()
    assert src.grad is not None
    assert src.grad.sum().item() == AT.size


def test_scatter() -> None:
    at = I([[0, 1, 2, 0], [1, 2, 0, 2]])
    both("scatter", X, 0, at, array((2, 4), seed=5))
    agree(ac.scatter, torch.scatter, X, 0, at, 2.5)
    agree(ac.scatter, torch.scatter, X, 0, at, value=2.5)
    agree(ac.scatter, torch.scatter, I([1, 2, 3]), 0, I([1]), 7)
    twin("scatter_", X, 0, at, array((2, 4), seed=5))
    twin("scatter_", X, 1, I([[3], [0]]), 1.5)
    for how in ("add", "multiply"):
        agree(
            lambda a, *r, how=how: a.scatter(*r, reduce=how),
            lambda a, *r, how=how: a.scatter(*r, reduce=how),
            Fixed(X),
            0,
            at,
            Fixed(array((2, 4), seed=5)),
        )
        agree(lambda a, *r, how=how: a.scatter(*r, reduce=how), lambda a, *r, how=how: a.scatter(*r, reduce=how), Fixed(X), 0, at, 3.0)
    both("scatter", X, 0, np.zeros((0,), np.int64), np.zeros((0,)), gradients=False)


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
def test_scatter_reduce(reduce: str, include_self: bool) -> None:
    src = array((2, 4), seed=5)
    both("scatter_reduce", X, 0, AT, src, reduce=reduce, include_self=include_self)
    both("scatter_reduce", X, 0, AT[:, :1], src, reduce=reduce, include_self=include_self, gradients=False)
    twin("scatter_reduce_", X, 0, AT, src, reduce=reduce, include_self=include_self)
    whole = I([[5, 1, -3, 2], [7, 7, 7, 7]])
    both("scatter_reduce", whole, 0, AT % 2, whole[::-1].copy(), reduce=reduce, include_self=include_self)


def test_scatter_product_with_zeros() -> None:
    x = np.array([0.0, 2.0, 0.0])
    for src in ([0.0, 3.0, 4.0, 5.0], [0.0, 0.0, 4.0, 5.0]):
        both("scatter_reduce", x, 0, I([0, 0, 1, 2]), np.array(src), reduce="prod", second=False)


def test_scatter_extrema_that_tie() -> None:
    both("scatter_reduce", np.array([1.0, 2.0]), 0, I([0, 0, 1]), np.array([1.0, 1.0, 2.0]), reduce="amax")


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_index_select_add_copy_fill(dim: int) -> None:
    n = X.shape[dim]
    at = I([n - 1, 0, 0])
    piece = np.take(array(X.shape, seed=3), at, dim)
    both("index_select", X, dim, at)
    both("index_select", X.T.copy().T, dim, at)
    both("index_add", X, dim, at, piece)
    both("index_add", X, dim, at, piece, alpha=-2.5)
    twin("index_add_", X, dim, at, piece)
    once = I([n - 1, 0])
    both("index_copy", X, dim, once, np.take(piece, [0, 1], dim))
    twin("index_copy_", X, dim, once, np.take(piece, [0, 1], dim))
    both("index_fill", X, dim, I([0, -1]), 2.5)
    both("index_fill", X, dim, once, np.array(2.5))
    twin("index_fill_", X, dim, once, 1.5)
    both("index_select", X, dim, np.zeros(0, np.int64))


def test_index_select_elsewhere() -> None:
    both("index_select", np.array(3.0), 0, I([0]))
    both("index_select", X, 0, I(1))
    both("index_fill", I([1, 2]), 0, I([0]), 2.5)
    both("index_select", array((2, 3, 2, 2)), 1, I([2, 0], np.int32))


def test_masks() -> None:
    mask = X > 0
    both("masked_fill", X, mask, 2.5)
    both("masked_fill", X, mask[0], np.array(2.5))
    both("masked_fill", I([1, 2]), I([True, False]), 2.5)
    agree(ac.Tensor.masked_fill, torch.Tensor.masked_fill, array((4,)), mask, 0.0)
    twin("masked_fill_", X, mask, -1.0)
    both("masked_select", X, mask)
    both("masked_select", array((4,)), mask)
    both("masked_select", X, mask[:, :1])
    both("masked_scatter", X, mask, array((20,), seed=2))
    twin("masked_scatter_", X, mask, array((20,), seed=2))
    both("masked_fill", np.array(1.0), I(True), 3.0)
    both("masked_select", np.array(1.0), I(True))
    agree(lambda a, m: a.masked_fill(m, -np.inf).softmax(1), lambda a, m: a.masked_fill(m, -np.inf).softmax(1), X, mask & (X < 1.5))


def test_take_and_select() -> None:
    both("take", X, I([[0, 11], [-1, 5]]))
    both("take_along_dim", X, np.argsort(X, 1), dim=1)
    both("take_along_dim", X, I([[0], [1], [3]]), dim=1)
    both("take_along_dim", X, I([[0, 2, 1, 1]]), 0)
    both("take_along_dim", X, I([3, 4]))
    both("select", X, 1, -2)
    both("select", X, 0, 1)


def test_index_put() -> None:
    at, v = (I([0, 2]), I([1, 1])), array((2,))
    for accumulate in (False, True):
        put = lambda a, i, j, w, acc=accumulate: a.index_put((i, j), w, acc)
        rows = lambda a, i, w, acc=accumulate: (a * 1).index_put_((i,), w, acc)
        agree(put, put, X, *at, v)
        agree(rows, rows, X, I([0, 1]), np.array(2.0))
    agree(lambda a, i, w: a.index_put((i,), w, True), lambda a, i, w: a.index_put((i,), w, True), X, I([1, 1, 1]), array((4,)))
    agree(lambda a, m, w: a.index_put((m,), w), lambda a, m, w: a.index_put((m,), w), X, X > 0, np.array(1.0))


def test_counts_and_codes() -> None:
    F, G = ac.nn.functional, torch.nn.functional
    agree(F.one_hot, G.one_hot, I([[0, 3], [1, 1]]))
    agree(F.one_hot, G.one_hot, I([0, 3]), 7)
    agree(F.one_hot, G.one_hot, I(2))
    agree(F.one_hot, G.one_hot, np.zeros((0, 2), np.int64), 3)
    both("nonzero", X > 0)
    both("nonzero", I(3))
    both("nonzero", I(0))
    both("nonzero", X, as_tuple=True)
    both("argwhere", I([[0, 1], [2, 0]]))
    agree(ac.where, torch.where, X > 0)
    both("bincount", I([1, 1, 4, 0]))
    both("bincount", I([1, 1, 4, 0]), minlength=8)
    both("bincount", I([1, 1, 4, 0]), Fixed(array((4,), np.float32)))
    both("bincount", np.zeros(0, np.int64))


@pytest.mark.parametrize("dim", [None, 0, 1, -1])
@pytest.mark.parametrize("name", ["unique", "unique_consecutive"])
def test_unique(name: str, dim: int | None) -> None:
    x = I([[3, 1, 1, 3], [3, 1, 1, 3], [0, 2, 2, 0]])
    both(name, x, return_inverse=True, return_counts=True, dim=dim)
    both(name, x, dim=dim)
    both(name, Fixed(np.array([2.0, np.nan, np.nan, 1.0])), return_counts=True)
    both(name, I([True, False, True]), return_inverse=True)


def test_errors() -> None:
    bounds = "is out of bounds for dimension 1 with size 4"
    fails("gather", X, 1, I([[4]]), match=f"index 4 {bounds}")
    fails("gather", X, 1, I([[-1]]), match=f"index -1 {bounds}")
    fails("gather", X, 1, I([0]), match="same number of dimensions")
    fails("gather", X, 2, I([[0]]), match="Dimension out of range")
    fails("gather", X, 1, np.zeros((4, 1), np.int64), match="no larger than self")
    fails("gather", X, 1, Fixed(np.zeros((1, 1))), match="dtype int32/int64")
    fails("scatter", X, 1, I([[0]]), I([[1]]), match="self.dtype to be equal to src.dtype")
    fails("scatter", X, 1, I([[0, 1]]), array((1, 1)), match="no larger size than src")
    fails("scatter", X, 1, I([[9]]), 2.0, match="index 9")
    fails("scatter_reduce", X, 1, I([[0]]), array((1, 1)), "most", match="sum, prod, mean, amax or amin")
    fails("index_select", X, 1, I([0, 4]), match=f"index 4 {bounds}")
    fails("index_select", X, 1, I([[0]]), match="supposed to be a vector")
    fails("index_select", X, 1, Fixed(np.zeros(1)), match="int32/int64")
    fails("index_add", X, 1, I([0]), array((3, 2)), match=r"Number of indices \(1\)")
    fails("index_add", X, 1, I([0]), I([[1]] * 3), match="same scalar type")
    fails("index_add", X, 1, I([9]), array((3, 1)), match="index 9")
    fails("index_copy", X, 1, I([9]), array((3, 1)), match="index 9")
    fails("index_copy", X, 1, I([0]), array((2, 1)), match="same slice shapes")
    fails("index_fill", X, 1, I([9]), 2.0, match="index 9")
    fails("index_fill", X, 1, I([0]), array((1,)), match="0-dimensional value")
    fails("masked_fill", X, I([1, 0, 1, 1]), 2.0, match="boolean masks")
    fails("masked_fill", X, I([True, False]), 2.0, match="do not broadcast")
    fails("masked_fill", X, I([True] * 4), array((1,)), match="0-dimensional value")
    fails("masked_select", X, I([1, 0, 1, 1]), match="boolean masks")
    fails("masked_scatter", X, I([True] * 4), array((1,)), match="number of ones in mask")
    fails("masked_scatter", X, I([True] * 4), I([1] * 12), match="same dtypes")
    fails("take", X, I([99]), match="tried to access index 99 on a tensor of 12")
    fails("take", X, Fixed(np.zeros(1)), match="long tensor")
    fails("select", X, 2, 0, match="Dimension out of range")
    fails("select", X, 1, 5, match="index 5 out of range")
    fails("select", np.array(1.0), 0, 0, match="0-dim tensor")
    fails("bincount", Fixed(X[0]), match="whole numbers")
    fails("bincount", I([-1]), match="non-negative")
    fails("bincount", I([1]), array((2,)), match="same length")
    G, F = torch.nn.functional, ac.nn.functional
    fail_alike(F.one_hot, G.one_hot, I([0, 2]), 2, match="smaller than num_classes")
    fail_alike(F.one_hot, G.one_hot, I([-1]), match="non-negative")
    fail_alike(F.one_hot, G.one_hot, Fixed(X), match="LongTensor")
    fail_alike(F.one_hot, G.one_hot, np.zeros(0, np.int64), match="infer total number")


def test_errors_change_nothing() -> None:
    x = wrap(X.copy())
    with pytest.raises(RuntimeError):
        x.scatter_(1, wrap(I([[0], [9]])), 5.0)
    with pytest.raises(RuntimeError):
        x.index_add_(1, wrap(I([0, 9])), wrap(array((3, 2))))
    assert np.array_equal(x.value, X)


def test_select_writes_through() -> None:
    a, b = ours(X), theirs(X)
    for t in (a, b):
        y = t * 1
        y.select(0, 1).mul_(3)
        (y * y).sum().backward()
    np.testing.assert_allclose(a.grad.value, b.grad.numpy())
