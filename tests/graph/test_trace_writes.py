"""Writes within a traced function: a replay sees what the function would see, whoever wrote."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.graph.tracer import Tracer


def added_to_what_is_new(x: Any) -> Any:
    y = ac.zeros(2)
    y.add_(x)
    return y * 1


def put_into_what_is_new(x: Any) -> Any:
    y = ac.zeros(2)
    y[0] = x[1]
    y[1:] += x[:1]
    return y


def through_data(x: Any) -> Any:
    y = ac.zeros(2)
    y.data = x * 2
    return y + x


def set_to_another(x: Any) -> Any:
    y = ac.zeros(2)
    y.set_(x * 3)
    return y + x


def filled_with_other_values(x: Any) -> Any:
    y = x.clone()
    y.apply_(lambda v: 5.0)
    return y + x


def filled_in_part(x: Any) -> Any:
    y = x.clone()
    y[:1].map_(ac.ones(1), lambda a, b: b)
    y.add_(x)
    return y


def of_another_shape(x: Any) -> Any:
    y = ac.ones(3)
    y.resize_(2)
    return y * x


WRITES: dict[str, Callable[[Any], Any]] = {
    "added to what is new": added_to_what_is_new,
    "put into what is new": put_into_what_is_new,
    "through .data": through_data,
    "set": set_to_another,
    "filled by a function": filled_with_other_values,
    "filled in part": filled_in_part,
    "of another shape": of_another_shape,
}


@pytest.mark.parametrize("name", WRITES)
def test_a_replay_sees_what_was_written(name: str) -> None:
    fn = WRITES[name]
    graph = ac.trace(fn, ac.tensor([1.0, 2.0]))
    for given in ([10.0, 20.0], [-3.0, 4.0], [1.0, 2.0]):
        assert graph(ac.tensor(given)).tolist() == fn(ac.tensor(given)).tolist()


def test_each_replay_has_its_own_constants() -> None:
    graph = ac.trace(lambda x: (ac.ones(2), x + 1), ac.zeros(2))
    first, _ = graph(ac.zeros(2))
    first.add_(5)
    again, _ = graph(ac.zeros(2))
    assert again.tolist() == [1.0, 1.0]
    outside = ac.ones(2)  # what the function only finds is the same for all
    graph = ac.trace(lambda x: x * outside, ac.ones(2))
    outside.add_(1)
    assert graph(ac.ones(2)).tolist() == [2.0, 2.0]


def test_random_fills_are_what_they_were() -> None:
    drawn: list[Any] = []

    def fn(x: Any) -> Any:
        y = x.clone().uniform_()
        drawn.append(y.tolist())
        return y + x

    graph = ac.trace(fn, ac.zeros(2))
    assert graph(ac.ones(2)).tolist() == pytest.approx([1 + v for v in drawn[0]])


def test_draws_with_probabilities_that_are_values() -> None:
    graph = ac.trace(ac.bernoulli, ac.tensor([0.0, 1.0]))
    assert graph(ac.tensor([0.0, 1.0])).tolist() == [0.0, 1.0]


def test_an_index_is_known_by_the_memory_that_it_looks_at() -> None:
    def fn(x: Any, i: Any) -> Any:
        j = ac.zeros(2, dtype=ac.int64)
        j.data = i * 1
        k = ac.zeros(2, dtype=ac.int64)
        k.set_(i)
        return x[j] + 10 * x[k]

    graph = ac.trace(fn, ac.tensor([1.0, 2.0]), ac.tensor([0, 1]))
    assert graph(ac.tensor([3.0, 4.0]), ac.tensor([1, 0])).tolist() == [44.0, 33.0]


def test_what_a_trace_knows_by_identity_lives_as_long_as_it() -> None:
    tracer = Tracer()
    for way in (
        lambda x: tracer.rebind(x, None),
        lambda x: tracer.rebind(x, ac.ones(1)),
        tracer.constant,
        tracer.argument,
        lambda x: tracer._known(x, 0, ac.Tensor),
    ):
        x = ac.ones(1)
        way(x)
        ref = weakref.ref(x)
        del x
        gc.collect()
        assert ref() is not None


def test_each_value_is_made_once() -> None:
    class Doubled(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    def fn(x: Any) -> Any:
        y = x * 1
        first = y + 0
        return first, Doubled.apply(y) + y

    graph = ac.trace(fn, ac.ones(2))
    made = [i for s in graph for i in s.outputs]
    assert len(set(made)) == len(made) and set(graph.producer()) == set(made)
    assert [v.tolist() for v in graph(ac.tensor([1.0, 3.0]))] == [[1.0, 3.0], [4.0, 12.0]]


def test_a_value_that_is_swapped_twice_is_followed() -> None:
    layers = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)).eval()

    def fn(x: Any) -> Any:  # a residual block: what oneDNN gives is added to, and then cut off, in its own order of memory
        return nn.functional.relu(layers(x).add_(x), inplace=True)

    graph = ac.trace(fn, ac.randn(2, 8, 32, 32))
    x = ac.randn(2, 8, 32, 32)
    assert ac.equal(graph(x), fn(x))
