"""`autograd.Function`: the user's own forward and backward, in every form, against complex steps; and what a wrong one is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.autograd import Function, once_differentiable
from autograd_cnn.errors import InplaceError
from autograd_cnn.tensors.tensor import wrap

from . import complex_step

rng = np.random.default_rng(2)


class Gate(Function):
    """y = tanh(x) · w, with the context as first argument."""

    @staticmethod
    def forward(ctx: Any, x: Any, w: Any, power: int) -> Any:
        y = x.tanh()
        ctx.save_for_backward(x, w)
        ctx.power = power
        return y**power * w

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, w = ctx.saved_tensors
        y, n = x.tanh(), ctx.power
        return g * w * n * y ** (n - 1) * (1 - y * y), (g * y**n).sum_to_size(*w.shape), None


class NewGate(Function):
    """The same in the newer form, with `vjp` for its backward."""

    @staticmethod
    def forward(x: Any, w: Any, power: int) -> Any:
        return x.tanh() ** power * w

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs[:2])
        ctx.power = inputs[2]

    @staticmethod
    def vjp(ctx: Any, g: Any) -> Any:
        return Gate.backward(ctx, g)


def gate(x: Any, w: Any) -> Any:
    return np.tanh(x) ** 3 * w


FORMS = [Gate, NewGate]


@pytest.mark.parametrize("form", FORMS)
def test_gradients(form: Any) -> None:
    xs = [rng.uniform(0.2, 1, (2, 3)), rng.normal(size=(3,))]
    u = rng.normal(size=(2, 3))
    x, w = (wrap(v.copy()).requires_grad_(True) for v in xs)
    y = form.apply(x, w, 3)
    np.testing.assert_allclose(y.value, gate(*xs), rtol=1e-12)
    y.backward(wrap(u))
    for by, leaf in enumerate((x, w)):
        j = complex_step.jacobian(gate, xs, by)
        np.testing.assert_allclose(leaf.grad.value, np.tensordot(u, j, 2), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("form", FORMS)
def test_a_backward_of_operations_can_be_differentiated_again(form: Any) -> None:
    xs = [rng.uniform(0.2, 1, (3,)), rng.normal(size=(3,))]
    table = ac.autograd.functional.hessian(lambda x, w: form.apply(x, w, 3).sum(), tuple(map(wrap, xs)))
    for i in range(2):
        for j in range(2):
            meant = complex_step.hessian(lambda x, w: gate(x, w).sum(), xs, i, j)
            np.testing.assert_allclose(table[i][j].value, meant, rtol=1e-8, atol=1e-8)


def function(forward: Any, backward: Any) -> Any:
    return type("Own", (Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})


def leaf(*values: float) -> Any:
    return ac.tensor(values, requires_grad=True)


def test_a_second_derivative_that_is_ruled_out_raises() -> None:
    def backward(ctx: Any, g: Any) -> Any:
        assert not ac.is_grad_enabled()
        return g * 2

    x = leaf(1.0)
    y = function(lambda ctx, x: x * 2, once_differentiable(backward)).apply(x)
    (g,) = ac.autograd.grad(y, x, ac.ones(1, requires_grad=True), create_graph=True)
    assert g.tolist() == [2]
    with pytest.raises(RuntimeError, match="differentiate twice a function"):
        g.sum().backward()


def test_forward_is_one_operation_of_the_graph() -> None:
    seen = []

    def forward(ctx: Any, x: Any) -> Any:
        seen.append(ac.is_grad_enabled())
        y = x.exp().sin()
        seen.append(y.requires_grad)
        return y

    x = leaf(1.0)
    y = function(forward, lambda ctx, g: g).apply(x)
    assert seen == [False, False]
    assert y.grad_fn is not None
    assert not function(forward, lambda ctx, g: g).apply(x.detach()).requires_grad
    with ac.no_grad():
        assert not function(forward, lambda ctx, g: g).apply(x).requires_grad


def test_what_backward_is_told_of_its_inputs() -> None:
    told = []

    def backward(ctx: Any, g: Any) -> Any:
        told.append(ctx.needs_input_grad)
        return g, None, None

    y = function(lambda ctx, a, b, c: a * b * c, backward).apply(leaf(2.0), ac.ones(1), 3.0)
    y.backward()
    assert told == [(True, False, False)]


@pytest.mark.parametrize("materialize", [True, False])
def test_outputs_that_nobody_used(materialize: bool) -> None:
    came = []

    def forward(ctx: Any, x: Any) -> Any:
        ctx.set_materialize_grads(materialize)
        return x * 2, x * 3

    def backward(ctx: Any, a: Any, b: Any) -> Any:
        came.append((a if a is None else a.tolist(), b.tolist()))
        return b * 3

    x = leaf(1.0, 1.0)
    function(forward, backward).apply(x)[1].sum().backward()
    assert came == [([0, 0] if materialize else None, [1, 1])]
    assert x.grad.tolist() == [3, 3]


def test_outputs_without_a_gradient() -> None:
    def forward(ctx: Any, x: Any) -> Any:
        largest, place = x.max(0)
        ctx.mark_non_differentiable(place)
        ctx.place = int(place)
        return largest, place

    def backward(ctx: Any, g: Any, _: Any) -> Any:
        out = ac.zeros(3)
        out[ctx.place] = g
        return out

    x = leaf(1.0, 5.0, 2.0)
    largest, place = function(forward, backward).apply(x)
    assert not place.requires_grad
    (largest * 4).backward()
    assert x.grad.tolist() == [0, 4, 0]


def test_an_input_handed_back_is_another_tensor_of_the_same_memory() -> None:
    x = leaf(1.0, 2.0)
    y = function(lambda ctx, x: x, lambda ctx, g: g * 3).apply(x)
    assert y is not x
    assert np.shares_memory(y.detach().value, x.detach().value)
    y.sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_an_input_modified_in_place() -> None:
    def forward(ctx: Any, x: Any) -> Any:
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    x = leaf(1.0, 2.0)
    h = x * 1
    y = function(forward, lambda ctx, g: g * 2).apply(h)
    assert y is h
    assert h.tolist() == [2, 4]
    h.sum().backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="leaf"):
        function(forward, lambda ctx, g: g * 2).apply(leaf(1.0))

    def keeps(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x * 2

    with pytest.raises(RuntimeError, match="not returned as output"):
        function(keeps, lambda ctx, g: g).apply(leaf(1.0) * 1)


def test_a_saved_value_that_was_overwritten() -> None:
    x = leaf(1.0)
    h = x * 1
    y = Gate.apply(h, ac.ones(1), 1)
    h.add_(1)
    with pytest.raises(InplaceError, match="saved by Gate"):
        y.backward()


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda ctx, g: (g, g), "incorrect number of gradients .expected 1, got 2"),
        (lambda ctx, g: 3.0, "expected Variable"),
        (lambda ctx, g: ac.ones(3), "invalid gradient at index 0"),
    ],
)
def test_a_wrong_backward_is_told(backward: Any, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        function(lambda ctx, x: x * 2, backward).apply(leaf(1.0, 2.0)).sum().backward()


def test_other_mistakes() -> None:
    x = leaf(1.0)
    with pytest.raises(RuntimeError, match="different than None at position 2"):
        function(lambda ctx, x, n: x * n, lambda ctx, g: (g, g)).apply(x, 2).backward()
    with pytest.raises(TypeError, match="can only save variables"):
        function(lambda ctx, x: ctx.save_for_backward(3), lambda ctx, g: g).apply(x)
    with pytest.raises(NotImplementedError, match="implement the forward"):
        type("Empty", (Function,), {}).apply(x)
    with pytest.raises(NotImplementedError, match="either the backward or vjp"):
        type("Half", (Function,), {"forward": staticmethod(lambda ctx, x: x * 2)}).apply(x).backward()
    with pytest.raises(RuntimeError, match=r"Gate\.apply"):
        Gate()
