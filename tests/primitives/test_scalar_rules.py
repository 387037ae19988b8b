"""Rules of users' operations on Scalars: what they ask for by name is what they get, however many inputs and outputs there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.drawing.entries.operation import _read as read
from autograd_cnn.errors import GraphError
from autograd_cnn.graph.graph import Graph
from autograd_cnn.primitives.primitive import REGISTRY, primitive


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    before = dict(REGISTRY)
    yield
    for name in set(REGISTRY) - set(before):
        del REGISTRY[name]


def derivatives(f: Callable[[float], float], x: float) -> tuple[float, float]:
    """First and second, from central differences."""
    h = 1e-4
    return (f(x + h) - f(x - h)) / (2 * h), (f(x + h) + f(x - h) - 2 * f(x)) / h**2


def found(f: Callable[[Any], Any], x: float) -> tuple[float, float, float]:
    """The first derivative by a plain and by a recorded walk, and the second."""
    a, b = ac.Scalar(x), ac.Scalar(x)
    f(a).backward()
    f(b).backward(create_graph=True)
    g, b.grad = b.grad, None
    g.backward()
    return a.grad, g.item(), b.grad


@pytest.mark.parametrize("several", [True, False])
def test_a_rule_reads_further_outputs(several: bool) -> None:
    @primitive(outputs=("tangent", "cosine"), several=several)
    def tangent_and_cosine(x: float) -> tuple[float, float]:
        return math.tan(x), math.cos(x)

    @tangent_and_cosine.vjp("x")
    def _(g: Any, tangent: Any, cosine: Any) -> Any:
        if not several:
            return g + g * tangent * tangent + 0 * cosine
        along = 0.0
        if g[0] is not None:
            along = along + g[0] / (cosine * cosine)
        if g[1] is not None:
            along = along - g[1] * tangent * cosine
        return along

    def mine(x: Any) -> Any:
        t, c = tangent_and_cosine(x)
        return t * t * c if several else t * t * t

    def plain(x: float) -> float:
        t, c = math.tan(x), math.cos(x)
        return t * t * c if several else t * t * t

    first, second = derivatives(plain, 0.7)
    assert found(mine, 0.7) == pytest.approx((first, first, second), rel=1e-5)
    x = ac.tensor(0.7, dtype=ac.float64, requires_grad=True)
    with pytest.raises(TypeError, match="to return a tuple of 2 arrays"):  # what is written for numbers is not for arrays
        mine(x)


def test_a_rule_reads_any_number_of_inputs() -> None:
    @primitive
    def product(*factors: float) -> float:
        return math.prod(factors)

    @product.vjp("factors")
    def _(g: Any, factors: Any, need: Any) -> Any:
        def without(i: int) -> Any:
            rest = g
            for j, f in enumerate(factors):
                rest = rest if j == i else rest * f
            return rest

        return tuple(without(i) if n else None for i, n in enumerate(need))

    first, second = derivatives(lambda x: 3.0 * x * math.exp(x) * x, 0.7)
    assert found(lambda x: product(3.0, x, x.exp(), x), 0.7) == pytest.approx((first, first, second), rel=1e-5)


def test_a_rule_that_is_differentiable_once() -> None:
    @primitive
    def squared(x: float) -> float:
        return x * x

    squared.vjp("x", once=True)(lambda g, x: 2 * x * g)
    for x in (ac.Scalar(3.0), ac.tensor(3.0, requires_grad=True)):
        squared(x).backward(create_graph=True)
        assert x.grad.item() == 6.0
        with pytest.raises(GraphError, match="squared_backward: trying to differentiate twice"):
            x.grad.backward()


def test_a_rule_that_is_differentiable_once_may_make_tensors() -> None:
    """For an input that takes no gradient, too."""

    @primitive
    def added(a: Any, b: Any) -> Any:
        return a + b

    added.vjp("a", "b", once=True)(lambda g: (ac.as_tensor(g) * 2, ac.as_tensor(g) * 3))
    x = ac.ones(2, requires_grad=True)
    (found,) = ac.autograd.grad(added(x, ac.ones(2)).sum(), x, create_graph=True)
    assert found.tolist() == [2.0, 2.0]


def test_at_a_pole_several_outputs_have_numpys_numbers() -> None:
    @primitive(outputs=("root", "two"), several=True)
    def root_and_two(x: float) -> tuple[float, float]:
        return math.sqrt(x), 2.0

    @root_and_two.vjp("x")
    def _(g: Any, root: Any) -> Any:
        return g[0] / (2 * root)

    x = ac.Scalar(0.0)
    root, _ = root_and_two(x)
    (root * 3).backward()
    assert x.grad == np.inf


def test_a_graph_reads_what_was_kept_of_each() -> None:
    @primitive(outputs=("quotient", "rest"))
    def divided(a: float, b: float) -> tuple[float, float]:
        return a // b, a % b

    divided.kernel(float)(lambda a, b: (float(a // b), float(a % b)))
    divided.vjp("a", "b")(lambda g, rest, b: (g * rest, g * b))
    quotient, _ = divided(ac.Scalar(7.0), 4.0)
    graph = Graph.of(quotient)
    (step,) = graph.steps
    assert [graph.values[i].data for i in (*step.inputs, *step.outputs)] == [7.0, 4.0, 1.0]
    quotient.backward()
    (node,) = [v.node for v in Graph.of(quotient).values if v.node is not None and v.node.prim is not None]
    assert (node.kept, read(node).kept) == ((1.0, 3.0, 7.0, 4.0), {"quotient": 1.0, "rest": 3.0, "a": 7.0, "b": 4.0})


def test_a_hook_sees_no_gradient_of_an_input_that_takes_none() -> None:
    """Though the rule gives one."""

    @primitive
    def scaled(a: Any, b: Any) -> Any:
        return a * b

    scaled.vjp("a", "b")(lambda g, a, b: (g * b, g * a))
    x, seen = ac.ones(2, requires_grad=True), []
    y = scaled(x, ac.tensor([2.0, 3.0]))
    y.grad_fn.register_hook(lambda given, arrived: seen.append([None if g is None else g.tolist() for g in given]))
    y.sum().backward()
    assert seen == [[[2.0, 3.0], None]]
