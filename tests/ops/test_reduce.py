"""Reductions and order: known values, special points, texts."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import autograd_cnn as ac


def grad(f: object, *entries: float) -> list[float]:
    """The gradient of f's sum at a vector."""
    x = ac.tensor(entries, dtype=ac.float64, requires_grad=True)
    f(x).sum().backward()  # type: ignore[operator]  # a function
    assert x.grad is not None
    return x.grad.tolist()


def test_sums_of_integers_are_int64() -> None:
    for dtype in (ac.int32, ac.uint8, ac.bool):
        assert ac.ones(3, dtype=dtype).sum().dtype == np.int64
        assert ac.ones(3, dtype=dtype).prod().dtype == np.int64
        assert ac.ones(3, dtype=dtype).cumsum(0).dtype == np.int64


def test_float16_adds_up_in_float32() -> None:
    x = ac.ones(4000, dtype=ac.float16)
    assert x.sum().item() == 4000
    assert ac.full((30000,), 0.1, dtype=ac.float16).mean().item() == pytest.approx(0.1, rel=1e-3)


def test_of_nothing() -> None:
    none = ac.zeros(0, 3)
    assert none.sum().item() == 0
    assert none.prod().item() == 1
    assert np.isnan(none.mean().item())
    assert none.sum(0).tolist() == [0, 0, 0]
    assert none.amax(1).shape == (0,)
    with pytest.raises(RuntimeError, match=r"max.*Specify the reduction dim with the 'dim' argument"):
        none.max()
    with pytest.raises(IndexError, match=r"max\(\): Expected reduction dim 0 to have non-zero size"):
        none.max(0)
    with pytest.raises(IndexError, match=r"median\(\): Expected reduction dim 0 to have non-zero size"):
        none.median(0)


def test_gradients_at_special_points() -> None:
    assert grad(lambda x: x.max(), 1, 3, 3) == [0, 0.5, 0.5]
    assert grad(lambda x: x.amax(0), 1, 3, 3) == [0, 0.5, 0.5]
    assert grad(lambda x: x.max(0).values, 1, 3, 3) == [0, 1, 0]
    assert grad(lambda x: x.min(), 3, 1, 1) == [0, 0.5, 0.5]
    assert grad(lambda x: x.norm(), 0, 0) == [0, 0]
    assert grad(lambda x: x.std(), 2, 2) == [0, 0]
    assert grad(lambda x: x.prod(), 0, 2, 3) == [6, 0, 0]
    assert grad(lambda x: x.prod(), 0, 0, 3) == [0, 0, 0]
    assert grad(lambda x: x.cumprod(0), 2, 0, 3) == [1, 2 + 6, 0]
    assert grad(lambda x: x.median(), 1, 5, 3) == [0, 0, 1]
    assert grad(lambda x: ac.logsumexp(x, 0), -np.inf, 0) == [0, 1]


def test_products_with_zeros_have_all_second_derivatives() -> None:
    x = ac.tensor([0.0, 0.0, 3.0], dtype=ac.float64, requires_grad=True)
    hessian = ac.autograd.functional.hessian(lambda v: v.prod(), x)
    assert hessian.tolist() == [[0, 3, 0], [3, 0, 0], [0, 0, 0]]


def test_named_tuples() -> None:
    values, indices = ac.tensor([1.0, 3.0, 2.0]).max(0)
    assert (values.item(), indices.item()) == (3, 1)
    found = ac.tensor([1.0, 3.0]).sort(descending=True)
    assert type(found).__name__ == "sort"
    assert repr(found) == "torch.return_types.sort(\nvalues=tensor([3., 1.]),\nindices=tensor([1, 0]))"
    assert pickle.loads(pickle.dumps(ac.return_types.max(1, 2))) == (1, 2)


def test_equal_entries_keep_their_order() -> None:
    x = ac.tensor([1, 0, 1, 0])
    assert x.argsort().tolist() == [1, 3, 0, 2]
    assert x.argsort(descending=True).tolist() == [0, 2, 1, 3]
    assert x.topk(3).indices.tolist() == [0, 2, 1]


def test_texts() -> None:
    x = ac.ones(2, 3)
    with pytest.raises(RuntimeError, match=r"could not infer output dtype.*Got: Long. Convert with .float"):
        ac.arange(3).mean()
    with pytest.raises(RuntimeError, match=r"topk expected 0 <= k <= 3 \(the size of dim 1\), got 4"):
        x.topk(4)
    with pytest.raises(RuntimeError, match=r"kthvalue\(\): selected number k out of range for dimension 1: expected 1 <= k <= 3, got 0"):
        x.kthvalue(0)
    with pytest.raises(RuntimeError, match="norm: expected p to be a number, 'fro' or 'nuc', got 'two'"):
        x.norm("two")
    with pytest.raises(TypeError, match="expected unbiased or correction, got both"):
        x.var(0, True, correction=1)
    with pytest.warns(UserWarning, match=r"var\(\): degrees of freedom is <= 0"):
        assert np.isnan(ac.ones(1).var().item())


def test_numpy_names() -> None:
    x = ac.ones(2, 3)
    assert x.sum(axis=1, keepdims=True).shape == (2, 1)
    assert ac.argmax(x, axis=1).shape == (2,)
