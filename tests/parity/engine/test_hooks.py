"""Hooks of tensors and nodes: each program gives the same numbers here and in PyTorch, or both refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch")

import contextlib

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


@program
def grad_inner_only_hook(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    y.register_hook(lambda g: g * 10)
    z = (y * y).sum()
    return [N(g) for g in m.autograd.grad(z, [y])]


@program
def a_hook_acts_again_on_the_gradients_own_gradient(m):
    x = leaf(m, [1.0, 2.0])
    y = m.tanh(x * 3)
    y.register_hook(lambda g: g * 0.5)
    (g,) = m.autograd.grad((y * y).sum(), [x], create_graph=True)
    (g * g).sum().backward()
    return N(g) + N(x.grad)


@program
def grad_leaf_hook(m):
    x = leaf(m, [1.0, 2.0])
    x.register_hook(lambda g: g * 10)
    z = (x * x).sum()
    return [N(g) for g in m.autograd.grad(z, [x])] + [N(x.grad)]


@program
def grad_does_retain(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    y.retain_grad()
    z = (y * y).sum()
    m.autograd.grad(z, [x])
    return N(y.grad)


@program
def grad_does_retain_inner(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    y.retain_grad()
    z = (y * y).sum()
    m.autograd.grad(z, [y])
    return N(y.grad)


@program
def backward_inputs_inner(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    z = (y * y).sum()
    z.backward(inputs=[y])
    return [N(y.grad), N(x.grad)]


@program
def backward_inputs_both(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    z = (y * y).sum()
    z.backward(inputs=[y, x])
    return [N(y.grad), N(x.grad)]


@program
def backward_inputs_inner_twice(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    z = (y * y).sum()
    z.backward(inputs=[y], retain_graph=True)
    z.backward()
    return [N(y.grad), N(x.grad)]


@program
def hooks_order(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    y.register_hook(lambda g: s.append(1))
    y.retain_grad()
    y.register_hook(lambda g: s.append(2))
    y.grad_fn.register_prehook(lambda g: s.append(3))
    y.grad_fn.register_hook(lambda i, o: s.append(4))
    x.register_hook(lambda g: s.append(5))
    x.register_post_accumulate_grad_hook(lambda q: s.append(6))
    y.sum().backward()
    return s


@program
def node_prehook_changes(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    y.grad_fn.register_prehook(lambda g: (g[0] * 10,))
    y.retain_grad()
    y.sum().backward()
    return [N(x.grad), N(y.grad)]


@program
def node_hook_changes(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    y.grad_fn.register_hook(lambda gi, go: (gi[0] * 10, *gi[1:]))
    y.sum().backward()
    return [N(x.grad)]


@program
def node_hook_sees(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    w = leaf(m, [3.0, 4.0])
    y = x * w
    y.grad_fn.register_hook(lambda gi, go: s.append([[N(g) for g in gi], [N(g) for g in go]]))
    y.sum().backward()
    return s


@program
def node_hook_removed(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    h = y.grad_fn.register_hook(lambda gi, go: s.append(1))
    h.remove()
    y.sum().backward()
    return s


@program
def accumulategrad_node_hook(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    a = y.grad_fn.next_functions[0][0]
    a.register_hook(lambda gi, go: s.append(N(go[0])))
    y.sum().backward()
    return s


@program
def accumulategrad_prehook(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    a = y.grad_fn.next_functions[0][0]
    a.register_prehook(lambda g: (g[0] * 5,))
    y.sum().backward()
    return N(x.grad)


@program
def hook_removed_running(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    hs = []

    def a(g):
        s.append("a")
        hs[1].remove()

    hs.append(y.register_hook(a))
    hs.append(y.register_hook(lambda g: s.append("b")))
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    return s


@program
def hook_removes_self(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    hs = []

    def a(g):
        s.append("a")
        hs[0].remove()

    hs.append(y.register_hook(a))
    hs.append(y.register_hook(lambda g: s.append("b")))
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    return s


@program
def hook_added_running(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    y = x * 3

    def a(g):
        s.append("a")
        y.register_hook(lambda g: s.append("n"))

    y.register_hook(a)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    return s


@program
def hook_wrong_shape(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    y.register_hook(lambda g: g[:1])
    y.sum().backward()
    return N(x.grad)


@program
def hook_wrong_shape_bigger(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    y.register_hook(lambda g: m.ones(3))
    y.sum().backward()
    return N(x.grad)


@program
def hook_wrong_shape_leaf(m):
    x = leaf(m, [1.0, 2.0])
    x.register_hook(lambda g: m.ones(1, 2))
    (x * 2).sum().backward()
    return N(x.grad)


@program
def hook_wrong_dtype(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    y.register_hook(lambda g: g.double())
    y.sum().backward()
    return N(x.grad)


@program
def hook_wrong_dtype_leaf(m):
    x = leaf(m, [1.0, 2.0])
    x.register_hook(lambda g: g.double())
    (x * 2).sum().backward()
    return N(x.grad)


@program
def hook_not_tensor(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    y.register_hook(lambda g: 3.0)
    y.sum().backward()
    return N(x.grad)


@program
def hook_inplace(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    z = x * 5
    y.register_hook(lambda g: g.mul_(10))
    (y + z).sum().backward()
    return N(x.grad)


@program
def hook_inplace_none(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3

    def h(g):
        g.mul_(10)

    y.register_hook(h)
    y.sum().backward()
    return N(x.grad)


@program
def hook_raises(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    h = y.register_hook(lambda g: 1 / 0)
    z = y.sum()
    with contextlib.suppress(ZeroDivisionError):
        z.backward(retain_graph=True)
    h.remove()
    z.backward()
    return N(x.grad)


@program
def hook_create_graph(m):
    x = leaf(m, [1.0, 2.0])
    y = x**3
    y.register_hook(lambda g: g * g)
    (y * y).sum().backward(create_graph=True)
    g = x.grad
    x.grad = None
    g.sum().backward()
    return [N(g), N(x.grad)]


@program
def hook_grad_requires(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    y = x**3
    y.register_hook(lambda g: s.append(g.requires_grad))
    (y * y).sum().backward(create_graph=True)
    (x**2).sum().backward()
    return [str(v) for v in s]


@program
def post_acc_sgd(m):
    x = leaf(m, [1.0, 2.0])

    def h(q):
        with m.no_grad():
            q.sub_(q.grad * 0.1)
        q.grad = None

    x.register_post_accumulate_grad_hook(h)
    (x * x).sum().backward()
    return [N(x), N(x.grad)]


@program
def post_acc_grad_mode(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    x.register_post_accumulate_grad_hook(lambda q: s.append(str(m.is_grad_enabled())))
    x.register_hook(lambda g: s.append(str(m.is_grad_enabled())))
    (x * x).sum().backward()
    (x * x).sum().backward(create_graph=True)
    return s


@program
def post_acc_on_nonleaf(m):
    x = leaf(m, [1.0, 2.0])
    (x * 2).register_post_accumulate_grad_hook(lambda q: None)
    return 0


@program
def post_acc_with_grad_fn(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    x.register_post_accumulate_grad_hook(lambda q: s.append(1))
    m.autograd.grad((x * x).sum(), x)
    return s


def removing_itself(register, seen):
    """Two hooks, of which the first removes itself when it runs."""
    handles = []

    def first(*args):
        seen.append("first")
        handles[0].remove()

    handles.append(register(first))
    handles.append(register(lambda *args: seen.append("second")))


@program
def every_kind_of_hook_may_remove_itself(m):
    seen = []
    x = leaf(m, [1.0, 2.0])
    y = x * 3
    accumulates = y.grad_fn.next_functions[0][0]
    for register in (
        x.register_hook,
        x.register_post_accumulate_grad_hook,
        accumulates.register_hook,
        accumulates.register_prehook,
        y.register_hook,
        y.grad_fn.register_hook,
        y.grad_fn.register_prehook,
    ):
        removing_itself(register, seen)
    for _ in range(2):
        y.sum().backward(retain_graph=True)
        seen.append("done")
    return [seen, N(x.grad)]


@program
def accumulategrad_hook_has_no_inputs(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    a = (x * 3).grad_fn.next_functions[0][0]
    a.register_hook(lambda gi, go: s.append([len(gi), len(go)]))
    (x * 3).sum().backward()
    return s


@program
def prehook_of_several_outputs_of_which_one_is_used(m):
    s = []
    x = leaf(m, [1.0, 2.0, 3.0])
    a, b, _c = x.split(1)
    a.grad_fn.register_prehook(lambda o: s.append([N(g) for g in o]))
    a.grad_fn.register_prehook(lambda o: (o[0], None if o[1] is None else o[1] * 10, o[2]))
    (b * 3).sum().backward()
    return [s, N(x.grad)]


@program
def prehooks_take_part_in_second_derivatives(m):
    x = leaf(m, [1.0, 2.0])
    y = x**3
    y.grad_fn.register_prehook(lambda o: (o[0] * o[0],))  # (2y)² · 3x²
    (g,) = m.autograd.grad((y * y).sum(), x, create_graph=True)
    (h,) = m.autograd.grad(g.sum(), x)
    return [N(g), N(h)]


@program
def prehook_of_several_outputs_takes_part_in_second_derivatives(m):
    x = leaf(m, [1.0, 2.0])
    a, b = (x * x).split(1)
    a.grad_fn.register_prehook(lambda o: (o[0] * 5, o[1]))
    (g,) = m.autograd.grad((a * a + b * b * b).sum(), x, create_graph=True)
    (h,) = m.autograd.grad(g.sum(), x)
    return [N(g), N(h)]


@program
def node_hook_of_an_operation_with_a_constant(m):
    s = []
    x, k = leaf(m, [1.0, 2.0]), m.tensor([3.0, 4.0])
    for y in (x * k, k / x):
        y.grad_fn.register_hook(lambda gi, go: s.append([N(g) for g in gi if g is not None]))
        y.sum().backward()
    return [s, N(x.grad)]


@program
def node_hooks_take_part_in_second_derivatives(m):
    x = leaf(m, [1.0, 2.0])
    y = x * x.detach()
    y.grad_fn.register_hook(lambda gi, go: (gi[0] * go[0] * x, *gi[1:]))
    (g,) = m.autograd.grad((y * y).sum(), x, create_graph=True)
    (h,) = m.autograd.grad(g.sum(), x)
    return [N(g), N(h)]


@program
def a_node_hook_of_several_outputs_sees_none(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    a, b = x.split(1)
    a.grad_fn.register_hook(lambda gi, go: s.append([[N(g) for g in gi], [N(g) for g in go]]))
    (b * 3).sum().backward()
    return s


@program
def too_few_from_a_prehook(m):
    x = leaf(m, [1.0, 2.0])
    a, b = x.split(1)
    a.grad_fn.register_prehook(lambda o: (o[0],))
    (a + b).sum().backward()
    return N(x.grad)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    agree(PROGRAMS[name])
