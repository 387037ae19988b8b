"""Hooks of modules that look, keep and change: each program as in PyTorch, or both refuse."""

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
def full_bwd_hook(m):
    s = []
    l = m.nn.Linear(2, 2)
    m.nn.init.ones_(l.weight)
    l.register_full_backward_hook(lambda mod, gi, go: s.append([[N(g) for g in gi], [N(g) for g in go]]))
    x = leaf(m, [[1.0, 2.0]])
    l(x).sum().backward()
    return [*s, N(x.grad)]


@program
def full_bwd_hook_replace(m):
    l = m.nn.Linear(2, 2)
    m.nn.init.ones_(l.weight)
    l.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 10,))
    x = leaf(m, [[1.0, 2.0]])
    l(x).sum().backward()
    return [N(x.grad), N(l.weight.grad)]


@program
def full_bwd_pre(m):
    l = m.nn.Linear(2, 2)
    m.nn.init.ones_(l.weight)
    l.register_full_backward_pre_hook(lambda mod, go: (go[0] * 10,))
    x = leaf(m, [[1.0, 2.0]])
    l(x).sum().backward()
    return [N(x.grad), N(l.weight.grad)]


@program
def full_bwd_noinput(m):
    s = []
    l = m.nn.Linear(2, 2)
    l.register_full_backward_hook(lambda mod, gi, go: s.append([[N(g) for g in gi], [N(g) for g in go]]))
    l(m.ones(1, 2)).sum().backward()
    return s


@program
def full_bwd_twice(m):
    s = []
    l = m.nn.Linear(2, 2)
    m.nn.init.ones_(l.weight)
    m.nn.init.zeros_(l.bias)
    l.register_full_backward_hook(lambda mod, gi, go: s.append([[N(g) for g in gi], [N(g) for g in go]]))
    x = leaf(m, [[1.0, 2.0]])
    l(l(x)).sum().backward()
    return s


@program
def full_bwd_retain(m):
    s = []
    l = m.nn.Linear(2, 2)
    m.nn.init.ones_(l.weight)
    l.register_full_backward_hook(lambda mod, gi, go: s.append(1))
    x = leaf(m, [[1.0, 2.0]])
    y = l(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return s


@program
def full_bwd_grad_weight_only(m):
    s = []
    l = m.nn.Linear(2, 2)
    m.nn.init.ones_(l.weight)
    l.register_full_backward_hook(lambda mod, gi, go: s.append(1))
    x = leaf(m, [[1.0, 2.0]])
    m.autograd.grad(l(x).sum(), l.weight)
    return s


@program
def full_bwd_inplace_out(m):
    l = m.nn.ReLU()
    l.register_full_backward_hook(lambda mod, gi, go: None)
    x = leaf(m, [[1.0, 2.0]])
    y = l(x * 1)
    y.mul_(2)
    y.sum().backward()
    return N(x.grad)


@program
def fwd_hook_replace(m):
    l = m.nn.ReLU()
    l.register_forward_hook(lambda mod, i, o: o * 3)
    x = leaf(m, [[1.0, -2.0]])
    l(x).sum().backward()
    return N(x.grad)


@program
def fwd_hook_inplace(m):
    l = m.nn.Tanh()
    l.register_forward_hook(lambda mod, i, o: o.mul_(3))
    x = leaf(m, [[1.0, -2.0]])
    l(x).sum().backward()
    return N(x.grad)


@program
def fwd_hook_in_seq(m):
    m.manual_seed(0)
    net = m.nn.Sequential(m.nn.Conv2d(1, 2, 2), m.nn.BatchNorm2d(2), m.nn.ReLU())
    k = []
    net[1].register_forward_hook(lambda mod, i, o: k.append(o))
    x = m.ones(2, 1, 3, 3) * m.arange(18).view(2, 1, 3, 3)
    x.requires_grad_()
    y = net(x)
    (g,) = m.autograd.grad((y * y).sum(), k[0], retain_graph=True)
    y.sum().backward()
    return [N(g), N(k[0]), N(x.grad)]


@program
def old_bwd_hook(m):
    s = []
    l = m.nn.Linear(2, 2)
    m.nn.init.ones_(l.weight)
    l.register_backward_hook(lambda mod, gi, go: s.append([N(g) for g in go]))
    x = leaf(m, [[1.0, 2.0]])
    l(x).sum().backward()
    return s


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    agree(PROGRAMS[name])
