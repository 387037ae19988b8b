"""Gradients that values in between retain, and leaves that are frozen between forward and backward. PyTorch's behaviour is the right one."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.errors import GraphError, InplaceError


def test_a_retained_gradient_adds_up_over_backward_passes() -> None:
    y = ac.ones(2, requires_grad=True) * 3
    y.retain_grad()
    (y * 2).sum().backward(retain_graph=True)
    first = y.grad
    (y * 5).sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [7.0, 7.0]
    assert first is not None
    assert first.tolist() == [2.0, 2.0]  # what was handed out stays as it was


def test_a_retained_gradient_follows_writes_to_the_tensor() -> None:
    x = ac.ones(2, requires_grad=True)
    y = x * 3
    y.retain_grad()
    y.mul_(2)
    assert y.retains_grad
    (y * 5).sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [5.0, 5.0]  # of what y is now, not of what it was
    assert x.grad is not None
    assert x.grad.tolist() == [30.0, 30.0]


@pytest.mark.parametrize("write", ["setitem", "view", "base", "function", "unsqueeze_"])
def test_every_way_to_write_takes_the_retained_gradient_along(write: str) -> None:
    x = ac.ones(2, requires_grad=True)
    y = x * 3
    y.retain_grad()
    if write == "setitem":
        y[0] = 7.0
    elif write == "view":
        y[:1].mul_(4)
    elif write == "base":
        y.retain_grad()
        y.view(2).add_(1)
    elif write == "unsqueeze_":
        y.unsqueeze_(0)
    else:
        _Double.apply(y)
    (y * 5).sum().backward()
    assert y.grad is not None
    assert y.grad.reshape(-1).tolist() == [5.0, 5.0]


class _Double(ac.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        v.mul_(2)
        ctx.mark_dirty(v)
        return v

    @staticmethod
    def backward(ctx, g):
        return 2 * g


def test_a_retained_gradient_is_nobody_elses_memory() -> None:
    x = ac.ones(2, requires_grad=True)
    y = x + 0
    z = y.view(2)
    y.retain_grad()
    z.retain_grad()
    z.backward(ac.tensor([1.0, 2.0]))
    assert y.grad is not None
    assert z.grad is not None
    y.grad.zero_()
    assert z.grad.tolist() == [1.0, 2.0]
    assert x.grad is not None
    assert x.grad.tolist() == [1.0, 2.0]


def test_hooks_stay_with_the_value_that_was_and_retained_gradients_see_their_result() -> None:
    seen = []
    x = ac.ones(2, requires_grad=True)
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda g: seen.append(g.tolist()) or g * 10)
    y.mul_(2)
    y.sum().backward()
    assert y.grad is not None
    assert (y.grad.tolist(), seen) == ([1.0, 1.0], [[2.0, 2.0]])
    v = x * 3
    v.register_hook(lambda g: g * 10)
    v.retain_grad()
    v.register_hook(lambda g: g + 1)
    v.sum().backward()
    assert v.grad is not None
    assert v.grad.tolist() == [11.0, 11.0]  # after all hooks, whenever they were registered


def test_a_scalars_retained_gradient_adds_up() -> None:
    x = ac.Scalar(2.0)
    y = (x * 3).retain_grad()
    (y * 2).backward()
    (y * 5).backward()
    assert (y.grad, x.grad) == (7.0, 21.0)


# ------------------------------------------------------------------------------------------------- frozen leaves
@pytest.mark.parametrize(
    "freeze",
    [lambda w: w.requires_grad_(False), lambda w: setattr(w, "requires_grad", False), lambda w: w.detach_()],
    ids=["requires_grad_", "requires_grad=", "detach_"],
)
def test_a_leaf_frozen_before_backward_takes_nothing(freeze) -> None:
    x, w = ac.ones(2, requires_grad=True), ac.tensor([3.0, 4.0], requires_grad=True)
    calls = []
    w.register_post_accumulate_grad_hook(lambda p: calls.append(p))
    loss = (x * w).sum()
    freeze(w)
    loss.backward(retain_graph=True)
    assert w.grad is None
    assert len(calls) == 1  # the hook runs all the same, as in PyTorch
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 4.0]
    w.requires_grad_(True)
    assert w.grad is None
    loss.backward()
    assert w.grad is not None
    assert w.grad.tolist() == [1.0, 1.0]
    assert len(calls) == 2


def test_a_frozen_leaf_that_an_operation_overwrote_is_refused() -> None:
    x, w = ac.ones(2, requires_grad=True), ac.ones(2, requires_grad=True)
    loss = (x + w).sum()
    w.requires_grad_(False)
    w.add_(x * 2)
    with pytest.raises(GraphError, match="moved into the graph interior"):
        loss.backward()


def test_data_assigned_before_backward_changes_no_gradient() -> None:
    x, w = ac.ones(2, requires_grad=True), ac.tensor([3.0, 4.0], requires_grad=True)
    loss = (x * w).sum()
    w.data = ac.tensor([7.0, 8.0])
    loss.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 4.0]  # of the values that the forward pass used
    assert w.grad is not None
    assert w.grad.tolist() == [1.0, 1.0]


def test_grad_may_be_reset_in_hooks() -> None:
    w = ac.tensor([3.0, 4.0], requires_grad=True)

    def reset(p):
        p.grad = None

    w.register_post_accumulate_grad_hook(reset)
    (w * w).sum().backward()
    assert w.grad is None
    v = ac.ones(2, requires_grad=True)
    (v * 1).sum().backward()

    def zero(g):
        v.grad.zero_()

    v.register_hook(zero)
    (v * 5).sum().backward()
    assert v.grad is not None
    np.testing.assert_array_equal(v.grad.numpy(), [5.0, 5.0])


# ------------------------------------------------------------------------------------------------- walks within walks
def test_a_walk_within_a_walk_puts_back_what_it_found_waiting() -> None:
    """The outer walk's gradient waits at a node that the inner one passes, too."""
    x = ac.tensor([1.0, 2.0], dtype=ac.float64, requires_grad=True)
    shared = x * 3
    inner = (shared * 10).sum()

    class Measures(ac.autograd.Function):
        @staticmethod
        def forward(ctx, v):
            return v * 1

        @staticmethod
        def backward(ctx, g):
            (found,) = ac.autograd.grad(inner, x, retain_graph=True)  # comes by `shared`, where a gradient waits
            seen.append(found.tolist())
            return g

    seen: list = []
    low = Measures.apply(shared)  # older than what follows: its rule runs when the other path has arrived at `shared`
    y = (low + shared.exp()).sum()
    y.backward()
    assert seen == [[30.0, 30.0]]
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), 3 + 3 * np.exp([3.0, 6.0]))


def test_a_walk_that_fails_within_a_walk_puts_back_what_it_found_waiting() -> None:
    x = ac.tensor([1.0, 2.0], dtype=ac.float64, requires_grad=True)
    shared = x * 3
    broken = shared * 10
    broken.register_hook(lambda g: 1 / 0)
    fails = broken.sum()

    def look(g):
        with pytest.raises(ZeroDivisionError):
            fails.backward(retain_graph=True)

    low = shared * 1
    low.register_hook(look)
    (low + shared.exp()).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), 3 + 3 * np.exp([3.0, 6.0]))


# ------------------------------------------------------------------------------------------------- writes seen by the walk
def test_a_write_is_found_before_anything_is_accumulated() -> None:
    w = ac.ones(2, requires_grad=True)
    h = w * 2
    square = (h * h).sum()
    x = ac.ones(2, requires_grad=True)  # younger: the walk would come here first
    y = square + (x * 3).sum()
    h.detach().mul_(5)
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        y.backward()
    assert (x.grad, w.grad) == (None, None)


def test_a_write_by_a_hook_is_found_when_the_walk_comes_there() -> None:
    w = ac.ones(2, requires_grad=True)
    h = w * 2
    square = h * h
    square.register_hook(lambda g: _write(h))
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        square.sum().backward()
    assert w.grad is None


def _write(h) -> None:
    h.detach().mul_(5)
