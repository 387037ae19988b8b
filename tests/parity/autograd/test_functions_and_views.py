"""Functions of the user that hand back inputs and views, run inside each other, and have hooks: as in PyTorch, or both refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch")

from ..line_by_line import agree  # needs torch

Program = Callable[[Any], Any]
PROGRAMS: dict[str, Program] = {}


def program(fn: Program) -> Program:
    PROGRAMS[fn.__name__] = fn
    return fn


def leaf(m, values):
    return m.tensor(values, requires_grad=True)


def N(g):
    return "None" if g is None else g.tolist()


def F(m, fwd, bwd, **kw):
    return type("Fn", (m.autograd.Function,), {"forward": staticmethod(fwd), "backward": staticmethod(bwd), **kw})


@program
def returns_input(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v, lambda c, g: g * 7)
    y = A.apply(x)
    return [str(y is x), str(y.is_leaf), N(m.autograd.grad(y.sum(), x)[0])]


@program
def returns_view(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v.view(2, 1), lambda c, g: g.view(2) * 7)
    y = A.apply(x * 1)
    return [str(y._base is not None), N(m.autograd.grad((y * y).sum(), x)[0])]


@program
def returns_view_base_inplace(m):
    x = leaf(m, [1.0, 2.0])
    h = x * 1
    A = F(m, lambda c, v: v.view(2, 1), lambda c, g: g.view(2) * 7)
    y = A.apply(h)
    h.mul_(2)
    (y.sum()).backward()
    return [N(x.grad)]


@program
def output_inplace(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 1, lambda c, g: g * 7)
    y = A.apply(x)
    y.mul_(2)
    y.sum().backward()
    return N(x.grad)


@program
def two_outputs_inplace(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: (v * 1, v * 2), lambda c, g, h: g * 7 + h * 2)
    a, b = A.apply(x)
    a.mul_(2)
    (a + b).sum().backward()
    return N(x.grad)


@program
def same_out_twice(m):
    def fw(c, v):
        y = v * 2
        return y, y

    x = leaf(m, [1.0, 2.0])
    A = F(m, fw, lambda c, g, h: g * 2 + h * 5)
    a, b = A.apply(x)
    (a * 1 + b * 10).sum().backward()
    return N(x.grad)


@program
def ctx_attr(m):
    def fw(c, v):
        c.k = v
        return v * 2

    x = leaf(m, [1.0, 2.0])
    A = F(m, fw, lambda c, g: g * c.k)
    y = A.apply(x)
    (g,) = m.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = m.autograd.grad(g.sum(), x)
    return [N(g), N(h)]


@program
def once(m):
    def bw(c, g):
        return g * 2

    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, m.autograd.function.once_differentiable(bw))
    (g,) = m.autograd.grad((A.apply(x) ** 2).sum(), x, create_graph=True)
    return [N(g), N(m.autograd.grad(g.sum(), x)[0])]


@program
def grad_mode_in_backward(m):
    s = []

    def bw(c, g):
        s.append(str(m.is_grad_enabled()))
        return g * 2

    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, bw)
    A.apply(x).sum().backward()
    A.apply(x).sum().backward(create_graph=True)
    return s


@program
def grad_in_backward(m):
    def bw(c, g):
        (v,) = c.saved_tensors
        with m.enable_grad():
            u = v.detach().requires_grad_()
            q = (u**3).sum()
        return g * m.autograd.grad(q, u)[0]

    def fw(c, v):
        c.save_for_backward(v)
        return v**3

    x = leaf(m, [1.0, 2.0])
    A = F(m, fw, bw)
    (A.apply(x) + A.apply(x * 2)).sum().backward()
    return N(x.grad)


@program
def backward_in_backward(m):
    w = leaf(m, [1.0, 1.0])

    def bw(c, g):
        with m.enable_grad():
            (w * g).sum().backward()
        return g

    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 1, bw)
    (A.apply(x) * w).sum().backward()
    return [N(x.grad), N(w.grad)]


@program
def setup_ctx(m):
    class A(m.autograd.Function):
        @staticmethod
        def forward(v, k):
            return v.exp() * k

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(output)

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0], None

    x = leaf(m, [1.0, 2.0])
    (g,) = m.autograd.grad(A.apply(x, 2).sum(), x, create_graph=True)
    (h,) = m.autograd.grad(g.sum(), x)
    return [N(g), N(h)]


@program
def fn_kwargs(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v, k=2: v * k, lambda c, g: (g * 2, None))
    return N(m.autograd.grad(A.apply(x, k=3).sum(), x)[0])


@program
def fn_nontensor_out(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: (v * 1, 5), lambda c, g, h: g)
    y = A.apply(x)
    return [str(y[1]), N(m.autograd.grad(y[0].sum(), x)[0])]


@program
def fn_nograd(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, lambda c, g: g)
    with m.no_grad():
        y = A.apply(x)
    return str(y.requires_grad)


@program
def fn_list_in(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, l: l[0] * 2, lambda c, g: None)
    y = A.apply([x])
    return str(y.requires_grad)


@program
def fn_hook_node(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: (v * 1, v * 2), lambda c, g, h: g + h * 2)
    a, b = A.apply(x)
    a.grad_fn.register_hook(lambda i, o: s.append([[N(q) for q in i], [N(q) for q in o]]))
    a.grad_fn.register_prehook(lambda o: s.append([N(q) for q in o]))
    (a + b * 3).sum().backward()
    return s


@program
def split_hook_node(m):
    x = leaf(m, [1.0, 2.0])
    a, b = x.split(1)
    a.grad_fn.register_prehook(lambda o: (o[0] * 10, o[1]))
    (a + b * 3).sum().backward()
    return N(x.grad)


@program
def a_gradient_of_another_dtype(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, lambda c, g: (g * 7).double())
    y = x * 3
    A.apply(y).sum().backward()
    (g,) = m.autograd.grad(A.apply(x).sum(), x)
    return [N(x.grad), str(x.grad.dtype).rpartition(".")[2], str(g.dtype).rpartition(".")[2]]


def once_function(m, backward, forward=lambda c, v: v * 2):
    return F(m, forward, m.autograd.function.once_differentiable(backward))


@program
def once_with_respect_to_what_the_gradient_was_made_of(m):
    x, v = leaf(m, [1.0, 2.0]), leaf(m, [3.0, 4.0])
    A = once_function(m, lambda c, g: g * 2)
    (g,) = m.autograd.grad(A.apply(x), x, v, create_graph=True)
    return N(m.autograd.grad(g.sum(), v)[0])


@program
def once_of_a_plain_sum(m):
    x = leaf(m, [1.0, 2.0])
    (g,) = m.autograd.grad(once_function(m, lambda c, g: g * 2).apply(x).sum(), x, create_graph=True)
    return [N(g), str(g.requires_grad), N(m.autograd.grad(g.sum(), x)[0])]


@program
def once_of_two_inputs_and_two_outputs(m):
    seen = []

    def backward(c, g, h):
        seen.append([str(m.is_grad_enabled()), N(g), N(h)])
        return None, g * 2 + h

    x, v = leaf(m, [1.0, 2.0]), leaf(m, [3.0, 4.0])
    A = once_function(m, backward, lambda c, a, b: (b * 2, b + 0))
    a, b = A.apply(x, v)
    found = m.autograd.grad((a * a + b * 3).sum(), [x, v], create_graph=True, allow_unused=True)
    return [seen, [N(g) for g in found], str(found[1].requires_grad)]


@program
def no_gradient_under_anomaly_detection(m):
    x, v = leaf(m, [1.0, 2.0]), leaf(m, [3.0, 4.0])
    A = F(m, lambda c, a, b: a * b, lambda c, g: (g * 2, None))
    with m.autograd.detect_anomaly(check_nan=True):
        A.apply(x, v).sum().backward()
        a, b = x.split(1)
        (a * 2 + b).sum().backward()
    return [N(x.grad), N(v.grad)]


@program
def nan_for_an_input_that_takes_no_gradient(m):
    x, k = leaf(m, [1.0, 2.0]), m.tensor([0.0, 1.0])
    with m.autograd.detect_anomaly(check_nan=True):
        (x / (k + 1)).sum().backward()
        y = (x * k) / (k + 1)
        y.sum().backward()
    return N(x.grad)


@program
def nan_that_a_function_returns_is_found(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, lambda c, g: g * float("nan"))
    with m.autograd.detect_anomaly(check_nan=True):
        A.apply(x * 1).sum().backward()
    return N(x.grad)


@program
def what_keeps_no_value_can_be_walked_again(m):
    x = leaf(m, [1.0, 2.0])
    for y in (x.sum(), (x + x).reshape(2, 1).sum(), x.repeat(2).sum()):
        y.backward()
        y.backward()
    return N(x.grad)


@program
def one_tensor_as_several_roots(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    seeds = [m.tensor([1.0, 10.0]), m.tensor([100.0, 1000.0]), m.tensor([0.5, 0.25])]
    m.autograd.backward([y, y, x], seeds)
    return [N(x.grad), [N(s) for s in seeds]]


# module hooks
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    agree(PROGRAMS[name])
