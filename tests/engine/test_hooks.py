"""Where hooks and Functions go beyond PyTorch's programs: what it leaves open or refuses, and is right here."""

from __future__ import annotations

import pytest

import autograd_cnn as ac
from autograd_cnn.errors import InplaceError


def leaf(*values):
    return ac.tensor(values, requires_grad=True)


def test_a_gradient_that_grad_returns_is_what_the_hooks_made_of_it() -> None:
    """Whether or not the walk goes on from there (PyTorch: only if it does not)."""
    for wanted in (("y",), ("y", "x")):
        x = leaf(1.0, 2.0)
        y = x * 3
        y.register_hook(lambda g: g * 10)
        found = ac.autograd.grad((y * y).sum(), [{"x": x, "y": y}[n] for n in wanted])
        assert found[0].tolist() == [60.0, 120.0]


class Same(ac.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        return v

    @staticmethod
    def backward(ctx, g):
        return g * 1


class Shaped(Same):
    @staticmethod
    def forward(ctx, v):
        return v.view(2, 1)

    @staticmethod
    def backward(ctx, g):
        return g.view(2)


@pytest.mark.parametrize("function", [Same, Shaped])
def test_writing_to_a_view_from_a_function_is_differentiated_in_its_base(function) -> None:
    x = leaf(1.0, 2.0)
    h = x * 1
    y = function.apply(h)
    y.mul_(2)
    assert h.tolist() == [2.0, 4.0]
    ((h * h).sum() + y.sum()).backward()  # (2x)² + 2x
    assert x.grad is not None
    assert x.grad.tolist() == [10.0, 18.0]


@pytest.mark.parametrize("function", [Same, Shaped])
def test_a_function_whose_view_was_overwritten_through_the_base_is_refused(function) -> None:
    x = leaf(1.0, 2.0)
    h = x * 1
    y = function.apply(h)
    part = y[:1]
    h.mul_(2)
    for z in (y, part):
        with pytest.raises(InplaceError, match="inside a custom Function"):
            z.sum().backward()
    h.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]


def test_node_hooks_can_be_removed_and_replace_gradients_of_broadcast_inputs() -> None:
    x, b = leaf(1.0, 2.0), leaf(3.0)
    y = x + b
    seen = []
    handle = y.grad_fn.register_hook(lambda given, arrived: seen.append([g.shape for g in given]))
    double = y.grad_fn.register_hook(lambda given, arrived: (given[0] * 2, given[1]))
    y.sum().backward(retain_graph=True)
    handle.remove()
    double.remove()
    y.sum().backward()
    assert seen == [[(2,), (1,)]]
    assert x.grad is not None and b.grad is not None
    assert (x.grad.tolist(), b.grad.tolist()) == ([3.0, 3.0], [4.0])


def test_node_hooks_take_part_in_second_derivatives() -> None:
    x = leaf(1.0, 2.0)
    y = x**2
    y.grad_fn.register_hook(lambda given, arrived: (given[0] * given[0],))
    (g,) = ac.autograd.grad(y.sum(), x, create_graph=True)  # (2x)²
    (h,) = ac.autograd.grad(g.sum(), x)
    assert (g.tolist(), h.tolist()) == ([4.0, 16.0], [8.0, 16.0])


def test_a_hook_of_a_node_returns_as_many_as_it_got() -> None:
    x = leaf(1.0, 2.0)
    y = x * x
    y.grad_fn.register_hook(lambda given, arrived: (given[0],))
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 1, but expected 2"):
        y.sum().backward()
