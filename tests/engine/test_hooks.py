"""Where hooks and Functions go beyond PyTorch's programs: what it leaves open or refuses, and is right here."""

from __future__ import annotations

import pytest

import autograd_cnn as ac
from autograd_cnn.errors import GraphError, InplaceError
from autograd_cnn.primitives.primitive import REGISTRY, primitive


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


class Hidden(Same):
    """A view by a way that nothing records."""

    @staticmethod
    def forward(ctx, v):
        return v.detach().view(2, 1)

    @staticmethod
    def backward(ctx, g):
        return g.view(2)


class ByNumPy(Hidden):
    @staticmethod
    def forward(ctx, v):
        return ac.from_numpy(v.detach().numpy()).view(2, 1)


@pytest.mark.parametrize("function", [Same, Shaped, Hidden, ByNumPy])
def test_writing_to_a_view_from_a_function_is_refused(function) -> None:
    x = leaf(1.0, 2.0)
    h = x * 1
    y = function.apply(h)
    for z in (y, y[:1]):
        with pytest.raises(InplaceError, match="whose own rule such a write would go past"):
            z.mul_(2)
    with pytest.raises(InplaceError, match="view of a leaf"):
        function.apply(x).mul_(2)
    assert h.tolist() == x.tolist() == [1.0, 2.0]
    h.mul_(3)
    with pytest.raises(InplaceError, match="inside a custom Function"):
        y.sum().backward()


def test_so_is_writing_to_what_a_users_operation_shares_with_its_input() -> None:
    @primitive(name="flattened_by_a_test")
    def flat(v):
        return v.reshape(-1)

    flat.vjp("v")(lambda g, v_shape: g.reshape(v_shape))
    try:
        x = leaf(1.0, 2.0)
        h = x * 1
        for record in (True, False):
            with ac.set_grad_enabled(record):
                y = flat(h)
            with pytest.raises(InplaceError, match="Output of flattened_by_a_test is a view"):
                y.mul_(2)
        y = flat(h)
        h.mul_(3)
        with pytest.raises(InplaceError, match="Output of flattened_by_a_test is a view and its base"):
            y.sum().backward()
        h.sum().backward()
        assert x.grad is not None and x.grad.tolist() == [3.0, 3.0]
    finally:
        del REGISTRY["flattened_by_a_test"]


@pytest.mark.parametrize("function", [Same, Shaped, Hidden])
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


def test_a_function_may_return_what_its_argument_is_a_view_of() -> None:
    h = ac.ones(2)

    class Whole(ac.autograd.Function):
        @staticmethod
        def forward(ctx, v):
            return h

    y = Whole.apply(h[:1])
    assert y._base is None
    y.mul_(3)
    assert h.tolist() == [3.0, 3.0]


def test_a_functions_view_follows_its_argument_and_not_what_hides_the_way() -> None:
    """It was a view of the detached one first."""
    x = leaf(1.0, 2.0)
    h = x * 1
    hidden = h.detach()

    class Shown(ac.autograd.Function):
        @staticmethod
        def forward(ctx, v):
            return hidden.view(2, 1)

        @staticmethod
        def backward(ctx, g):
            return g.view(2)

    y = Shown.apply(h)
    assert y._base is h
    hidden.mul_(2)
    assert y.requires_grad
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 1.0]


def test_a_functions_view_of_what_takes_no_gradient_is_any_view() -> None:
    h = ac.ones(2)
    y = Shaped.apply(h)
    w = leaf(3.0)
    y.mul_(w)
    assert h.tolist() == [3.0, 3.0]
    (h * 2).sum().backward()
    assert w.grad is not None and w.grad.tolist() == [4.0]


def test_hooks_may_return_a_list() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    y.grad_fn.register_prehook(lambda arrived: [arrived[0] * 10])
    y.grad_fn.register_hook(lambda given, arrived: [given[0] + 1, *given[1:]])
    y.grad_fn.register_hook(lambda given, arrived: None)
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [31.0, 31.0]


def test_a_function_differentiable_once_has_no_second_derivative_of_zero() -> None:
    """Not even for who allows that there is none, nor where the gradient that arrived is made of something else."""

    class Once(ac.autograd.Function):
        @staticmethod
        def forward(ctx, v):
            return v * v, v * 3

        @staticmethod
        @ac.autograd.function.once_differentiable
        def backward(ctx, g, h):
            return g + h

    x, v = leaf(1.0, 2.0), leaf(3.0, 4.0)
    for value in (Once.apply(x)[0] * v, Once.apply(x)[1] * 2):
        (g,) = ac.autograd.grad(value.sum(), x, create_graph=True)
        for inputs in (x, [x, v]):
            with pytest.raises(GraphError, match="differentiate twice"):
                ac.autograd.grad(g.sum(), inputs, retain_graph=True, allow_unused=True)


def test_a_gradient_that_a_hook_keeps_is_not_the_leafs() -> None:
    """Though that is a view of it. (PyTorch: one memory.)"""
    kept = []
    x = ac.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    h = x.view(4)
    h.register_hook(kept.append)
    (h * 3).sum().backward()
    kept[0].mul_(100)
    assert x.grad is not None and x.grad.tolist() == [[3.0, 3.0], [3.0, 3.0]]
