"""Writes within a traced function: a replay sees what the function would see, whoever wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac


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
