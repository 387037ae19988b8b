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


@pytest.mark.parametrize(
    "how",
    [
        lambda y: y.unsqueeze_(1),
        lambda y: y.t_(),
        lambda y: y.transpose_(0, 1).unsqueeze_(0),
        lambda y: y.squeeze_(),
        lambda y: y.unsqueeze_(0).squeeze_(0).t_().t_(),
    ],
)
def test_views_keep_their_place(how):
    """y = 3x; its second row is a view. Writes reach it through y, and y through it, however y is looked at."""
    x = ac.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=ac.float64, requires_grad=True)
    s = ac.tensor(2.0, dtype=ac.float64, requires_grad=True)
    y = x * 3
    row = y[1]
    how(y)
    y.mul_(s)  # row = 6x, then twice that in one entry
    row[0].mul_(2)
    assert row.tolist() == [36.0, 24.0]
    (row * row).sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0], [2 * 12 * 36.0, 2 * 6 * 24.0], [0.0, 0.0]]
    assert s.grad.item() == 2 * (36 * 18 + 24 * 12)
    assert sorted(y.flatten().tolist()) == [6.0, 12.0, 24.0, 30.0, 36.0, 36.0]


def test_under_no_grad_it_stays_what_it_was_computed_from():
    """No entry is written, so no gradient is lost. (PyTorch keeps the node of the old shape, and fails in the backward pass.)"""
    x = ac.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    y = x * 2
    row = y[0]
    with ac.no_grad():
        y.t_()
        row.unsqueeze_(1)
    assert y.requires_grad and row.requires_grad
    assert (y.shape, row.shape) == ((3, 2), (3, 1))
    weights = ac.arange(6.0).reshape(3, 2)
    (y * weights + row).sum().backward()
    assert x.grad.tolist() == [[4.0, 8.0, 12.0], [2.0, 6.0, 10.0]]
    constant = ac.ones(2)
    with ac.no_grad():
        constant.unsqueeze_(0)
    assert not constant.requires_grad
