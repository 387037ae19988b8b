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


# module hooks
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    agree(PROGRAMS[name])
