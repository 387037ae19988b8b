"""A loader's saved state: what it says, states that were written before, and what cannot be loaded."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograd_cnn.random import Generator
from autograd_cnn.utils.data import DataLoader, IterableDataset, Sampler


def saved(n: int = 9, **options: Any) -> tuple[DataLoader[Any], dict[str, Any]]:
    loader = DataLoader(range(n), 2, shuffle=True, generator=Generator().manual_seed(0), **options)
    it = iter(loader)
    next(it), next(it)
    return loader, loader.state_dict()


def without(state: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize(
    ("spoil", "kind", "text"),
    [
        (lambda s: None, TypeError, r"expected the dict that state_dict\(\) returned, got NoneType"),
        (lambda s: {}, ValueError, r"expected a state of version 1 .*, got version None"),
        (lambda s: s | {"version": 99}, ValueError, r"got version 99"),
        (lambda s: without(s, "draws"), ValueError, r"lacks the entry 'draws'"),
        (lambda s: s | {"delivered": -1}, ValueError, r"damaged \(-1 where a count should be\)"),
        (lambda s: s | {"delivered": "2"}, ValueError, r"damaged \('2' where a count should be\)"),
        (lambda s: s | {"in_progress": 1}, ValueError, r"damaged \(1 where True or False should be\)"),
        (lambda s: s | {"draws": {"index 0": {"default": "§"}}}, ValueError, r"damaged"),
        (lambda s: s | {"draws": 5}, ValueError, r"damaged"),
        (lambda s: s | {"workers": [{"start": None}]}, ValueError, r"lacks the entry 'now'"),
        (lambda s: s | {"generators": {"loader": "AAAA"}}, ValueError, r"generator's state is damaged"),
        (lambda s: s | {"length": 7}, ValueError, r"expected an epoch of 5 batches, got one of 7"),
    ],
)
def test_spoilt_states(spoil: Callable[[Any], Any], kind: type[Exception], text: str) -> None:
    loader, state = saved()
    before = json.dumps(loader.state_dict())
    with pytest.raises(kind, match=text):
        loader.load_state_dict(spoil(json.loads(json.dumps(state))))
    assert json.dumps(loader.state_dict()) == before  # and nothing has changed


@pytest.mark.parametrize("wrong", [-1, True, 1.5, "2", [1]], ids=repr)
@pytest.mark.parametrize("name", ["delivered", "requested", "base_seed", "num_workers", "length", "next_worker", "of a worker"])
def test_counts_that_are_none(name: str, wrong: Any) -> None:
    loader, state = saved()
    if name == "of a worker":
        state["workers"] = [{"start": None, "now": None, "delivered": wrong}]
    else:
        state[name] = wrong
    with pytest.raises(ValueError, match=r"the state is damaged \(.* where a count should be"):
        loader.load_state_dict(state)


@pytest.mark.parametrize("wrong", [0, 1, None, "True"], ids=repr)
@pytest.mark.parametrize("name", ["in_progress", "exhausted"])
def test_flags_that_are_none(name: str, wrong: Any) -> None:
    loader, state = saved()
    with pytest.raises(ValueError, match=r"the state is damaged \(.* where True or False should be"):
        loader.load_state_dict(state | {name: wrong})


def test_an_epoch_without_its_seed() -> None:
    loader, state = saved()
    loader.load_state_dict(state | {"base_seed": None})
    with pytest.raises(ValueError, match="the state of an epoch in progress lacks its base_seed"):
        iter(loader)


SAVED = {
    "version": 1,
    "in_progress": True,
    "delivered": 1,
    "requested": 1,
    "exhausted": False,
    "base_seed": 5,
    "num_workers": 0,
    "length": 3,
    "next_worker": 0,
    "workers": [],
    "draws": {},
    "generators": {},
    "samplers": {},
}


def test_a_state_that_was_written_before() -> None:
    loader: DataLoader[Any] = DataLoader(range(6), 2)
    loader.load_state_dict(SAVED)
    assert loader.state_dict() == SAVED and loader.state_dict() is not SAVED
    it = iter(loader)
    assert loader.state_dict() == SAVED
    assert next(it).tolist() == [2, 3]
    assert loader.state_dict() == SAVED | {"delivered": 2, "requested": 2}
    assert next(it).tolist() == [4, 5]
    assert loader.state_dict() == SAVED | {"delivered": 3, "requested": 3}
    assert next(it, None) is None
    assert loader.state_dict() == SAVED | {"in_progress": False, "delivered": 0, "requested": 0, "base_seed": None}
    loader.load_state_dict(SAVED | {"length": None})  # a sampler that could not say
    assert [batch.tolist() for batch in loader] == [[2, 3], [4, 5]]


def test_what_is_loaded_is_a_copy() -> None:
    state = copy.deepcopy(SAVED)
    loader: DataLoader[Any] = DataLoader(range(6), 2)
    loader.load_state_dict(state)
    state["draws"]["x"] = 1  # type: ignore[index]
    loader.state_dict()["samplers"]["y"] = 2
    assert loader.state_dict() == SAVED


def test_a_shorter_dataset() -> None:
    _, state = saved(12)
    with pytest.raises(ValueError, match=r"expected an epoch of 2 batches, got one of 6"):
        saved(4)[0].load_state_dict(state)

    class NoLength(Sampler[int]):
        def __init__(self, n: int) -> None:
            self.n = n

        def __iter__(self) -> Iterator[int]:
            return iter(range(self.n))

    loader = DataLoader(range(9), sampler=NoLength(9))
    it = iter(loader)
    for _ in range(5):
        next(it)
    other = DataLoader(range(9), sampler=NoLength(3))
    other.load_state_dict(loader.state_dict())
    with pytest.raises(ValueError, match=r"stands after 5 batches, but this loader has only 3"):
        iter(other)


def test_a_shorter_stream() -> None:
    class Count(IterableDataset[int]):
        def __init__(self, n: int) -> None:
            self.n = n

        def __iter__(self) -> Iterator[int]:
            return iter(range(self.n))

    loader = DataLoader(Count(9))
    it = iter(loader)
    for _ in range(5):
        next(it)
    other = DataLoader(Count(3))
    other.load_state_dict(loader.state_dict())
    with pytest.raises(ValueError, match=r"stands after 5 batches, but this loader has only 3"):
        iter(other)
