"""`backward`, `grad`, Functions, `functional`: the same programs under torch and here, line by line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from ..line_by_line import Programs, agree, leaf  # noqa: E402  # needs torch

PROGRAMS = program = Programs()


# ------------------------------------------------------------------------------------------------- backward and grad
@program
def twice_without_retain(T: Any) -> Any:
    y = leaf(T).exp().sum()
    y.backward()
    y.backward()


@program
def twice_with_retain(T: Any) -> Any:
    x = leaf(T)
    y = x.exp().sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


@program
def backward_of_a_vector(T: Any) -> Any:
    (leaf(T) * 2).backward()


@program
def backward_with_a_wrong_gradient(T: Any) -> Any:
    (leaf(T) * 2).backward(T.ones(2))


@program
def backward_with_a_gradient(T: Any) -> Any:
    x = leaf(T)
    (x * x).backward(T.tensor([1.0, 0.5, 2.0]))
    return x.grad


@program
def backward_into_some_inputs(T: Any) -> Any:
    a, b = leaf(T), leaf(T, 3.0, 4.0, 5.0)
    c = a * b
    (c * a).sum().backward(inputs=[a])
    return a.grad, b.grad


@program
def backward_of_a_constant(T: Any) -> Any:
    T.ones(1).backward()


@program
def backward_without_inputs(T: Any) -> Any:
    leaf(T).sum().backward(inputs=[])


@program
def several_roots(T: Any) -> Any:
    x = leaf(T)
    T.autograd.backward([(x * 2).sum(), x * x], [None, T.ones(3)])
    return x.grad


@program
def grad_of_an_intermediate(T: Any) -> Any:
    x = leaf(T)
    h = x * 3
    return T.autograd.grad((h * h).sum(), [h, x])


@program
def grad_of_an_unused(T: Any) -> Any:
    x, z = leaf(T), leaf(T)
    return T.autograd.grad(x.sum(), [x, z])


@program
def grad_allowing_unused(T: Any) -> Any:
    x, z = leaf(T), leaf(T)
    return T.autograd.grad(x.sum(), [x, z], allow_unused=True)


@program
def grad_materialized(T: Any) -> Any:
    x, z = leaf(T), leaf(T)
    return T.autograd.grad(x.sum(), [x, z], materialize_grads=True)


@program
def grad_materialized_but_not_allowed(T: Any) -> Any:
    x = leaf(T)
    return T.autograd.grad(x.sum(), [x], materialize_grads=True, allow_unused=False)


@program
def grad_batched(T: Any) -> Any:
    x = leaf(T)
    return T.autograd.grad(x * x, x, T.eye(3), is_grads_batched=True)


@program
def grad_does_not_accumulate(T: Any) -> Any:
    x = leaf(T)
    T.autograd.grad(x.sum(), x)
    return x.grad


@program
def third_derivative(T: Any) -> Any:
    x = leaf(T)
    y = (x**4).sum()
    for _ in range(3):
        (y,) = T.autograd.grad(y, x, create_graph=True)
        y = y.sum()
    return y


@program
def accumulated_with_graph(T: Any) -> Any:
    x = leaf(T)
    (x**3).sum().backward(create_graph=True)
    g = x.grad
    x.grad = None
    g.sum().backward()
    return g, x.grad


@program
def gradient_penalty(T: Any) -> Any:
    w = T.tensor([[0.5, -0.2], [0.3, 0.8]], requires_grad=True)
    x = T.tensor([[1.0, 2.0]], requires_grad=True)
    losses = []
    for _ in range(6):
        y = (x @ w).tanh().sum()
        (g,) = T.autograd.grad(y, x, create_graph=True)
        loss = ((g.norm() - 1) ** 2) + (y - 0.3) ** 2
        (step,) = T.autograd.grad(loss, w)
        with T.no_grad():
            w -= 0.1 * step
        losses.append(loss.item())
    return [round(v, 4) for v in losses], w


@program
def grad_attribute_checks(T: Any) -> Any:
    x = leaf(T)
    x.grad = T.ones(2)


@program
def grad_of_integers(T: Any) -> Any:
    T.tensor([1, 2], requires_grad=True)


@program
def requires_grad_of_a_result(T: Any) -> Any:
    (leaf(T) * 2).requires_grad_(False)


# ------------------------------------------------------------------------------------------------- Function
def square_of(T: Any) -> Any:
    class Square(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 2 * x * g

    return Square


@program
def function_and_its_second_derivative(T: Any) -> Any:
    x = leaf(T)
    y = square_of(T).apply(x)
    (g,) = T.autograd.grad(y.sum(), x, create_graph=True)
    (gg,) = T.autograd.grad((g * g).sum(), x)
    return y, g, gg


@program
def function_saves_its_output(T: Any) -> Any:
    class Exp(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.saved_tensors[0]

    x = leaf(T)
    (g,) = T.autograd.grad(Exp.apply(x).sum(), x, create_graph=True)
    (gg,) = T.autograd.grad(g.sum(), x, create_graph=True)
    (ggg,) = T.autograd.grad(gg.sum(), x)
    return g, gg, ggg


@program
def function_with_setup_context(T: Any) -> Any:
    class Times(T.autograd.Function):
        @staticmethod
        def forward(x: Any, k: Any) -> Any:
            return x * k

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.k = inputs[1]

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.k, None

    x = leaf(T)
    Times.apply(x, 4.0).sum().backward()
    return x.grad


@program
def function_with_several_outputs(T: Any) -> Any:
    class Two(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, a: Any, b: Any) -> Any:
            return a * 2 + b * 3

    x = leaf(T)
    _, b = Two.apply(x)
    b.sum().backward()
    return x.grad


@program
def function_without_materialized_gradients(T: Any) -> Any:
    seen = []

    class Two(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, a: Any, b: Any) -> Any:
            seen.append((a is None, b is None))
            return b * 3

    x = leaf(T)
    Two.apply(x)[1].sum().backward()
    return x.grad, seen


@program
def function_needs_input_grad(T: Any) -> Any:
    seen = []

    class Product(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any, b: Any) -> Any:
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            _, b = ctx.saved_tensors
            seen.append(ctx.needs_input_grad)
            return g * b, None

    x = leaf(T)
    Product.apply(x, T.ones(3) * 4).sum().backward()
    return x.grad, [list(s) for s in seen]


@program
def function_mark_dirty(T: Any) -> Any:
    class Double(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    x = leaf(T)
    h = x * 3
    out = Double.apply(h)
    out.sum().backward()
    return h, out is h, x.grad, h._version


@program
def function_mark_non_differentiable(T: Any) -> Any:
    class Split(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            a, b = x * 2, x > 1
            ctx.mark_non_differentiable(b)
            return a, b

        @staticmethod
        def backward(ctx: Any, a: Any, b: Any) -> Any:
            return a * 2

    x = leaf(T)
    a, b = Split.apply(x)
    a.sum().backward()
    return x.grad, b.requires_grad, a.requires_grad


@program
def function_once_differentiable(T: Any) -> Any:
    class Once(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @T.autograd.function.once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            return 2 * ctx.saved_tensors[0] * g

    x = leaf(T)
    (g,) = T.autograd.grad(Once.apply(x).sum(), x, create_graph=True)
    g.sum().backward()


def returning(T: Any, result: Callable[[Any], Any]) -> Any:
    class Bad(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return result(g)

    Bad.apply(leaf(T)).sum().backward()


@program
def function_returns_too_many(T: Any) -> Any:
    returning(T, lambda g: (g, g))


@program
def function_returns_trailing_none(T: Any) -> Any:
    returning(T, lambda g: (g, None))


@program
def function_returns_a_wrong_shape(T: Any) -> Any:
    returning(T, lambda g: g[:2])


@program
def function_returns_a_number(T: Any) -> Any:
    returning(T, lambda g: 3.0)


@program
def function_without_forward(T: Any) -> Any:
    class Nothing(T.autograd.Function):
        pass

    Nothing.apply(leaf(T))


@program
def function_saves_no_tensor(T: Any) -> Any:
    class Bad(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(3)
            return x * 2

    Bad.apply(leaf(T))


@program
def function_returns_its_input(T: Any) -> Any:
    class Same(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 7

    x = leaf(T)
    y = Same.apply(x)
    y.sum().backward()
    return y is x, x.grad


@program
def backward_inside_a_function(T: Any) -> Any:
    class Inner(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            with T.enable_grad():
                z = x.detach().requires_grad_(True)
                y = (z**3).sum()
            (g,) = T.autograd.grad(y, z)
            ctx.g = g
            return y.detach()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            with T.enable_grad():
                t = T.ones(3, requires_grad=True)
                (t * t).sum().backward()
            return g * ctx.g * t.grad / 2

    x = leaf(T)
    (Inner.apply(x * 1) + x.sum()).backward()
    return x.grad


# ------------------------------------------------------------------------------------------------- functional
def cube(x: Any) -> Any:
    return x**3


def mix(x: Any, y: Any) -> Any:
    return x * y.sum(), (x * x).sum() * y


@program
def functional_jacobian(T: Any) -> Any:
    F = T.autograd.functional
    a, b = T.tensor([1.0, 2.0]), T.tensor([3.0, 4.0, 5.0])
    return F.jacobian(cube, a), F.jacobian(mix, (a, b)), F.jacobian(lambda x: x.sum(), a)


@program
def functional_hessian(T: Any) -> Any:
    F = T.autograd.functional
    a, b = T.tensor([1.0, 2.0]), T.tensor([3.0, 4.0])
    return F.hessian(lambda x: (x**3).sum(), a), F.hessian(lambda x, y: (x * x * y).sum(), (a, b))


@program
def functional_products(T: Any) -> Any:
    F = T.autograd.functional
    a, v = T.tensor([1.0, 2.0, 3.0]), T.tensor([0.5, -1.0, 2.0])
    f = lambda x: (x**3).sum() * x.sum()
    return F.vjp(cube, a, v), F.jvp(cube, a, v), F.hvp(f, a, v), F.vhp(f, a, v)


@program
def functional_with_graph(T: Any) -> Any:
    F = T.autograd.functional
    a = T.tensor([1.0, 2.0], requires_grad=True)
    j = F.jacobian(cube, a, create_graph=True)
    j.sum().backward()
    return j, a.grad


@program
def functional_strict(T: Any) -> Any:
    return T.autograd.functional.jacobian(lambda x, y: x * 2, (T.ones(2), T.ones(2)), strict=True)


@program
def functional_unused(T: Any) -> Any:
    return T.autograd.functional.jacobian(lambda x, y: x * 2, (T.ones(2), T.ones(2)))


@program
def functional_wrong_vector(T: Any) -> Any:
    return T.autograd.functional.vjp(cube, T.ones(3), T.ones(2))


@program
def functional_no_tensor(T: Any) -> Any:
    return T.autograd.functional.jacobian(cube, 3.0)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    agree(PROGRAMS[name])
