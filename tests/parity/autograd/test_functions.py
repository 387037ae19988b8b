"""Functions of the user, in every way they may be written: each program as in PyTorch, or both refuse."""

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
def hook_inplace_shared(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    z = x * 5
    y.register_hook(lambda g: g.mul_(10))
    (y + z).backward(m.ones(2))
    return N(x.grad)


@program
def hook_inplace_seed(m):
    s = m.ones(2)
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    y.register_hook(lambda g: g.mul_(10))
    y.backward(s)
    return [N(x.grad), N(s)]


@program
def hook_keeps(m):
    k = []
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    z = y.relu()
    y.register_hook(lambda g: k.append(g))
    z.register_hook(lambda g: k.append(g))
    (z * z).sum().backward()
    return [N(v) for v in k] + [N(x.grad)]


@program
def fn_inplace_g(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 1, lambda c, g: g.mul_(2))
    y = x * 1
    (A.apply(y) + y).backward(m.ones(2))
    return N(x.grad)


@program
def fn_g_twice(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v, u: v + u, lambda c, g: (g, g))
    y = A.apply(x, w)
    y.backward(m.ones(2))
    x.grad.mul_(5)
    return [N(x.grad), N(w.grad)]


@program
def fn_g_twice_same(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v, u: v + u, lambda c, g: (g, g))
    y = A.apply(x, x)
    y.backward(m.ones(2))
    return N(x.grad)


@program
def fn_none(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v, u: v + u, lambda c, g: (g, None))
    A.apply(x, w).sum().backward()
    return [N(x.grad), N(w.grad)]


@program
def fn_none_all(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, lambda c, g: None)
    A.apply(x).sum().backward()
    return [N(x.grad)]


@program
def fn_too_many(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, lambda c, g: (g, g))
    A.apply(x).sum().backward()
    return [N(x.grad)]


@program
def fn_too_many_none(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, lambda c, g: (g, None, None))
    A.apply(x).sum().backward()
    return [N(x.grad)]


@program
def fn_too_few(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v, u: v + u, lambda c, g: g)
    A.apply(x, w).sum().backward()
    return [N(x.grad)]


@program
def fn_wrong_shape(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, lambda c, g: g[:1])
    A.apply(x).sum().backward()
    return [N(x.grad)]


@program
def fn_bigger(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, lambda c, g: m.ones(3, 2))
    A.apply(x).sum().backward()
    return [N(x.grad)]


@program
def fn_wrong_dtype(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, lambda c, g: g.double())
    A.apply(x).sum().backward()
    return [N(x.grad)]


@program
def fn_grad_for_nontensor(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v, k: v * k, lambda c, g: (g, m.ones(1)))
    A.apply(x, 2).sum().backward()
    return [N(x.grad)]


@program
def fn_grad_for_const(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v, k: v * k, lambda c, g: (g, m.ones(7)))
    A.apply(x, m.ones(2)).sum().backward()
    return [N(x.grad)]


@program
def fn_nongrad_kind(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, lambda c, g: 3.0)
    A.apply(x).sum().backward()
    return [N(x.grad)]


@program
def needs(m):
    s = []

    def fw(c, v, u, k):
        s.append(list(map(str, c.needs_input_grad)))
        return v + u

    def bw(c, g):
        s.append(list(map(str, c.needs_input_grad)))
        return g, g, None

    x = leaf(m, [1.0, 2.0])
    A = F(m, fw, bw)
    A.apply(x, m.ones(2), 3).sum().backward()
    return s


@program
def needs_grad_only_some(m):
    s = []

    def bw(c, g):
        s.append(list(map(str, c.needs_input_grad)))
        return g, g

    x, w = leaf(m, [1.0, 2.0]), leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v, u: v + u, bw)
    m.autograd.grad(A.apply(x, w).sum(), x)
    return s


@program
def dirty(m):
    def fw(c, v):
        v.mul_(2)
        c.mark_dirty(v)
        return v

    x = leaf(m, [1.0, 2.0])
    y = x * 1
    A = F(m, fw, lambda c, g: g * 2)
    z = A.apply(y)
    return [str(z is y), N(m.autograd.grad((z * z).sum(), x)[0])]


@program
def dirty_leaf(m):
    def fw(c, v):
        v.mul_(2)
        c.mark_dirty(v)
        return v

    x = leaf(m, [1.0, 2.0])
    A = F(m, fw, lambda c, g: g * 2)
    z = A.apply(x)
    return N(z)


@program
def dirty_not_returned(m):
    def fw(c, v):
        v.mul_(2)
        c.mark_dirty(v)
        return v * 1

    x = leaf(m, [1.0, 2.0])
    y = x * 1
    A = F(m, fw, lambda c, g: g * 2)
    z = A.apply(y)
    z.sum().backward()
    return N(x.grad)


@program
def dirty_saved(m):
    def fw(c, v):
        c.save_for_backward(v)
        v.mul_(2)
        c.mark_dirty(v)
        return v

    x = leaf(m, [1.0, 2.0])
    y = x * 1
    A = F(m, fw, lambda c, g: g * c.saved_tensors[0])
    z = A.apply(y)
    z.sum().backward()
    return N(x.grad)


@program
def dirty_kept_before(m):
    def fw(c, v):
        v.mul_(2)
        c.mark_dirty(v)
        return v

    x = leaf(m, [1.0, 2.0])
    y = x * 1
    k = y.exp() * y
    A = F(m, fw, lambda c, g: g * 2)
    z = A.apply(y)
    (z + k).sum().backward()
    return N(x.grad)


@program
def nondiff(m):
    def fw(c, v):
        a, b = v * 2, v * 3
        c.mark_non_differentiable(b)
        return a, b

    s = []

    def bw(c, g, h):
        s.append(N(h))
        return g * 2

    x = leaf(m, [1.0, 2.0])
    a, b = F(m, fw, bw).apply(x)
    a.sum().backward()
    return [str(b.requires_grad), str(a.requires_grad), s, N(x.grad)]


@program
def materialize_false(m):
    s = []

    def fw(c, v):
        c.set_materialize_grads(False)
        return v * 2, v * 3

    def bw(c, g, h):
        s.append([N(g), N(h)])
        return g * 2

    x = leaf(m, [1.0, 2.0])
    a, _b = F(m, fw, bw).apply(x)
    a.sum().backward()
    return [*s, N(x.grad)]


@program
def materialize_true(m):
    s = []

    def fw(c, v):
        return v * 2, v * 3

    def bw(c, g, h):
        s.append([N(g), N(h)])
        return g * 2 + h

    x = leaf(m, [1.0, 2.0])
    a, _b = F(m, fw, bw).apply(x)
    a.sum().backward()
    return [*s, N(x.grad)]


@program
def materialize_int_out(m):
    s = []

    def fw(c, v):
        return v * 2, v.argmax()

    def bw(c, g, h):
        s.append([N(g), N(h)])
        return g * 2

    x = leaf(m, [1.0, 2.0])
    a, b = F(m, fw, bw).apply(x)
    a.sum().backward()
    return [*s, N(x.grad), str(b.requires_grad)]


@program
def save_output(m):
    def fw(c, v):
        y = v.exp()
        c.save_for_backward(y)
        return y

    x = leaf(m, [1.0, 2.0])
    A = F(m, fw, lambda c, g: g * c.saved_tensors[0])
    y = A.apply(x)
    (g,) = m.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = m.autograd.grad(g.sum(), x)
    return [N(g), N(h)]


@program
def save_output_modified(m):
    def fw(c, v):
        y = v.exp()
        c.save_for_backward(y)
        return y

    x = leaf(m, [1.0, 2.0])
    A = F(m, fw, lambda c, g: g * c.saved_tensors[0])
    y = A.apply(x)
    y.mul_(2)
    y.sum().backward()
    return N(x.grad)


@program
def save_input_modified(m):
    def fw(c, v):
        c.save_for_backward(v)
        return v.exp()

    x = leaf(m, [1.0, 2.0])
    h = x * 1
    A = F(m, fw, lambda c, g: g * c.saved_tensors[0])
    y = A.apply(h)
    h.mul_(2)
    y.sum().backward()
    return N(x.grad)


@program
def save_intermediate(m):
    def fw(c, v):
        h = v * v
        c.save_for_backward(h)
        return h.exp()

    x = leaf(m, [1.0, 2.0])
    A = F(m, fw, lambda c, g: g * c.saved_tensors[0])
    y = A.apply(x)
    (g,) = m.autograd.grad(y.sum(), x, create_graph=True)
    return [N(g), str(g.requires_grad)]


@program
def saved_twice_freed(m):
    def fw(c, v):
        c.save_for_backward(v)
        return v.exp()

    x = leaf(m, [1.0, 2.0])
    A = F(m, fw, lambda c, g: g * c.saved_tensors[0])
    y = A.apply(x).sum()
    y.backward()
    y.backward()
    return N(x.grad)


@program
def not_saved_twice(m):
    x = leaf(m, [1.0, 2.0])
    A = F(m, lambda c, v: v * 2, lambda c, g: g * 2)
    y = A.apply(x).sum()
    y.backward()
    y.backward()
    return N(x.grad)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    agree(PROGRAMS[name])
