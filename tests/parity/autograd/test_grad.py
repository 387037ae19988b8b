"""`grad` and what it may be asked, retained gradients and frozen leaves: each program as in PyTorch, or both refuse."""

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


@program
def unused(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [1.0, 2.0])
    return [N(g) for g in m.autograd.grad((x * x).sum(), [x, w], allow_unused=True)]


@program
def unused_err(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [1.0, 2.0])
    return [N(g) for g in m.autograd.grad((x * x).sum(), [x, w])]


@program
def unused_zero(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [1.0, 2.0])
    return [N(g) for g in m.autograd.grad((x * x).sum(), [x, w], materialize_grads=True)]


@program
def grad_out_itself(m):
    x = leaf(m, [1.0, 2.0])
    y = (x * x).sum()
    return [N(g) for g in m.autograd.grad(y, [y, x])]


@program
def grad_same_twice(m):
    x = leaf(m, [1.0, 2.0])
    y = (x * x).sum()
    return [N(g) for g in m.autograd.grad(y, [x, x])]


@program
def grad_outputs_shape(m):
    x = leaf(m, [1.0, 2.0])
    return [N(g) for g in m.autograd.grad(x * x, x, m.ones(1))]


@program
def grad_outputs_shape2(m):
    x = leaf(m, [1.0, 2.0])
    return [N(g) for g in m.autograd.grad(x * x, x, m.tensor([3.0, 1.0]))]


@program
def grad_outputs_dtype(m):
    x = leaf(m, [1.0, 2.0])
    return [N(g) for g in m.autograd.grad(x * x, x, m.tensor([3.0, 1.0], dtype=m.float64))]


@program
def grad_outputs_int(m):
    x = leaf(m, [1.0, 2.0])
    return [N(g) for g in m.autograd.grad(x * x, x, m.tensor([3, 1]))]


@program
def grad_outputs_none(m):
    x = leaf(m, [1.0, 2.0])
    return [N(g) for g in m.autograd.grad(x * x, x)]


@program
def grad_outputs_graph(m):
    x, v = leaf(m, [1.0, 2.0]), leaf(m, [1.0, 1.0])
    (g,) = m.autograd.grad(x**3, x, v, create_graph=True)
    (h,) = m.autograd.grad(g, v, m.tensor([1.0, 2.0]))
    return [N(g), N(h)]


@program
def multi_out_same(m):
    x = leaf(m, [1.0, 2.0])
    y = (x * x).sum()
    m.autograd.backward([y, y])
    return N(x.grad)


@program
def batched(m):
    x = leaf(m, [1.0, 2.0])
    return [N(g) for g in m.autograd.grad(x**3, x, m.eye(2), is_grads_batched=True)]


@program
def batched_no(m):
    x = leaf(m, [1.0, 2.0])
    return [N(g) for g in m.autograd.grad((x**3).sum(), x, is_grads_batched=True)]


@program
def retain_leaf(m):
    x = leaf(m, [1.0, 2.0])
    x.retain_grad()
    (x * 2).sum().backward()
    return [N(x.grad), str(x.retains_grad)]


@program
def retain_create_graph(m):
    x = leaf(m, [1.0, 2.0])
    y = x**2
    y.retain_grad()
    (y * y).sum().backward(create_graph=True)
    g = y.grad
    return [N(g), str(g.requires_grad), N(m.autograd.grad(g.sum(), x)[0])]


@program
def retain_twice_create(m):
    x = leaf(m, [1.0, 2.0])
    y = x**2
    y.retain_grad()
    z = (y * y).sum()
    z.backward(create_graph=True)
    z.backward()
    return N(y.grad)


@program
def retain_view(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 2
    v = y[0]
    v.retain_grad()
    y.retain_grad()
    v.mul_(3)
    (y * y).sum().backward()
    return [N(y.grad), N(x.grad)]


@program
def retain_in_hook_holder(m):
    s = []
    x = leaf(m, [1.0, 2.0])
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: s.append(N(y.grad)))
    y.sum().backward()
    return s


@program
def grad_set_nonleaf(m):
    x = leaf(m, [1.0, 2.0])
    y = x * 2
    y.retain_grad()
    y.grad = m.ones(2)
    (y * 3).sum().backward()
    return N(y.grad)


@program
def frozen_grad(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [3.0, 4.0])
    y = (x * w).sum()
    w.requires_grad_(False)
    return [N(g) for g in m.autograd.grad(y, [x, w])]


@program
def frozen_inputs(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [3.0, 4.0])
    y = (x * w).sum()
    w.requires_grad_(False)
    y.backward(inputs=[w])
    return N(w.grad)


@program
def frozen_hook(m):
    s = []
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [3.0, 4.0])
    w.register_hook(lambda g: s.append(1))
    w.register_post_accumulate_grad_hook(lambda g: s.append(2))
    y = (x * w).sum()
    w.requires_grad_(False)
    y.backward()
    return s


@program
def frozen_detach_(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [3.0, 4.0])
    y = (x * w).sum()
    w.detach_()
    y.backward()
    return N(w.grad)


@program
def frozen_moved(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [3.0, 4.0])
    y = (x + w).sum()
    w.requires_grad_(False)
    w.add_(x * 2)
    y.backward()
    return N(x.grad)


@program
def data_shape(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [3.0, 4.0])
    y = (x * w).sum()
    w.data = m.ones(3)
    y.backward()
    return N(w.grad)


@program
def data_leaf(m):
    x, w = leaf(m, [1.0, 2.0]), leaf(m, [3.0, 4.0])
    y = (x + w).sum()
    w.data = m.tensor([7.0, 8.0])
    y.backward()
    return [N(w.grad), N(w)]


@program
def grad_none_in_hook(m):
    x = leaf(m, [1.0, 2.0])
    (x * 1).sum().backward()

    def h(g):
        x.grad = None

    x.register_hook(h)
    (x * 5).sum().backward()
    return N(x.grad)


LAID_OUT = {
    "rows": lambda m: m.ones(2, 3),
    "columns": lambda m: m.ones(3, 2).t(),
    "permuted": lambda m: m.ones(4, 3, 2).permute(2, 0, 1),
    "expanded": lambda m: m.ones(3, 1).expand(3, 2),
    "strided": lambda m: m.ones(4, 6)[:, ::2],
}


@program
def gradients_lie_in_memory_as_their_leaves_do(m):
    found = []
    for make in LAID_OUT.values():
        for way in (
            lambda x: x * 2,
            lambda x: x.transpose(0, -1) * m.ones(*x.transpose(0, -1).shape),
            lambda x: x.sum(),
            lambda x: x.reshape(-1) * 1,
            lambda x: x.transpose(0, 1).contiguous() * 3,
        ):
            x = make(m).requires_grad_()
            for _ in range(2):
                way(x).sum().backward()
                found.append([list(x.grad.stride()), N(x.grad)])
    return found


@program
def adding_to_an_expanded_gradient(m):
    x = leaf(m, [1.0, 2.0])
    x.grad = m.ones(1).expand(2)
    (x * 2).sum().backward()
    return N(x.grad)


@program
def gradients_that_may_be_written_to(m):
    found = []
    for way in (lambda x: x.sum(), lambda x: x.expand(3, 2).sum(0), lambda x: x.view(2, 1), lambda x: x.mean(), lambda x: x + x):
        x = leaf(m, [1.0, 2.0])
        way(x).sum().backward()
        x.grad[0] += 5
        found.append(N(x.grad))
    return found


@program
def a_gradient_with_a_graph_is_added_to_by_a_plain_one(m):
    x = leaf(m, [1.0, 2.0])
    (x**3).sum().backward(create_graph=True)
    first = x.grad
    (x * 5).sum().backward()
    second, x.grad = x.grad, None
    (h,) = m.autograd.grad(first.sum(), x)
    return [N(second), N(h)]


@pytest.mark.filterwarnings("ignore")
@program
def second_derivatives_of_what_is_straight(m):
    found = []
    for name in ("relu", "leaky_relu"):
        x = leaf(m, [-2.0, 0.5, 3.0])
        (g,) = m.autograd.grad(getattr(m.nn.functional, name)(x).sum(), x, create_graph=True)
        found += [g.tolist(), g.requires_grad, N(m.autograd.grad(g.sum(), x)[0])]
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    agree(PROGRAMS[name])
