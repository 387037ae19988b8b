"""`x.unsqueeze_(0)` and its like look at the same memory in another way; the graph follows."""

from __future__ import annotations

import pytest

import autograd_cnn as ac


def test_the_same_tensor_and_memory():
    x = ac.ones(2, 3)
    other = x.detach()
    assert x.unsqueeze_(0) is x
    assert x.shape == (1, 2, 3)
    x.fill_(5)
    assert other.tolist() == [[5.0] * 3] * 2
    assert x.squeeze_().t_().shape == (3, 2)
    assert x.transpose_(0, 1).shape == (2, 3)


def test_the_gradient():
    x = ac.ones(2, 3, requires_grad=True)
    y = (x * 2).unsqueeze_(1)
    y.mul_(3)
    y.sum().backward()
    assert x.grad.tolist() == [[6.0] * 3] * 2


def test_a_view():
    x = ac.ones(2, 3, requires_grad=True)
    y = x * 1
    row = y[0].unsqueeze_(0)
    row.mul_(4)
    y.sum().backward()
    assert x.grad.tolist() == [[4.0] * 3, [1.0] * 3]


def test_leaves():
    x = ac.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        x.unsqueeze_(0)
    with ac.no_grad():
        x.unsqueeze_(0)
    (x * x).sum().backward()
    assert x.is_leaf
    assert x.grad.tolist() == [[2.0, 2.0]]


def test_views_would_lose_their_place():
    y = ac.ones(2, 3, requires_grad=True) * 1
    row = y[0]
    with pytest.raises(RuntimeError, match="recorded views"):
        y.unsqueeze_(0)
    assert row.shape == (3,)
