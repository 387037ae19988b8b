"""Gradients that values in between retain, and leaves that are frozen between forward and backward. PyTorch's behaviour is the right one."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.errors import GraphError


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
@pytest.mark.parametrize("freeze", [lambda w: w.requires_grad_(False), lambda w: setattr(w, "requires_grad", False), lambda w: w.detach_()],
                         ids=["requires_grad_", "requires_grad=", "detach_"])  # fmt: skip
def test_a_leaf_frozen_before_backward_takes_nothing(freeze) -> None:
    x, w = ac.ones(2, requires_grad=True), ac.tensor([3.0, 4.0], requires_grad=True)
    calls = []
    w.register_post_accumulate_grad_hook(lambda p: calls.append(p))
    loss = (x * w).sum()
    freeze(w)
    loss.backward(retain_graph=True)
    assert (w.grad, calls) == (None, [])
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 4.0]
    w.requires_grad_(True)
    assert w.grad is None
    loss.backward()
    assert w.grad is not None
    assert w.grad.tolist() == [1.0, 1.0]
    assert len(calls) == 1


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
