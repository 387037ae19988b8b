"""Resuming in mid-epoch: a run that is interrupted, saved and continued draws and delivers what one run would."""

from __future__ import annotations

import copy
import gc
import json
import multiprocessing
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn.random as streams
from autograd_cnn.random import Generator
from autograd_cnn.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    Sampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
    get_worker_info,
)
from tests.utils.workers import few_processors, needs_fork

pytestmark = [needs_fork, few_processors]
N = 11


def draw() -> int:
    """One number from each of the program's random streams."""
    ours = int(streams.default_generator.integers((), 0, 1000))
    return ours * 1_000_000 + random.randrange(1000) * 1000 + int(np.random.randint(1000))


class Augmented:
    """Samples with random numbers from all of the program's streams; normals too, of which every second is cached."""

    def __len__(self) -> int:
        return N

    def __getitem__(self, i: int) -> Any:
        return i, draw(), random.gauss(0, 1), np.random.normal()


class Plain:
    def __len__(self) -> int:
        return N

    def __getitem__(self, i: int) -> Any:
        return i, np.full(3000, i, np.float64)


class Stream(IterableDataset[Any]):
    """A shuffled and augmented stream, of which each worker reads its share."""

    def __iter__(self) -> Iterator[Any]:
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        order = list(range(first, 2 * N, step))
        random.shuffle(order)
        for i in order[first:]:
            yield i, draw()


class Custom(Sampler[int]):
    """A user's sampler: eager draws, and one draw for each index, from all of the program's streams."""

    def __iter__(self) -> Iterator[int]:
        start = draw()

        def order() -> Iterator[int]:
            for _ in range(N):
                yield (start + draw()) % N

        return order()

    def __len__(self) -> int:
        return N


class Counting(Sampler[int]):
    """A sampler with a random state of its own, which it can save."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(5)
        self.epoch = 0

    def __iter__(self) -> Iterator[int]:
        self.epoch += 1
        yield from ((self.rng.permutation(N) + self.epoch) % N).tolist()

    def state_dict(self) -> dict[str, Any]:
        return {"rng": self.rng.bit_generator.state, "epoch": self.epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rng.bit_generator.state = state["rng"]
        self.epoch = state["epoch"]


def shared(g: Generator) -> dict[str, Any]:
    return {"generator": g, "sampler": RandomSampler(range(N), True, 40, g)}


KINDS: dict[str, Callable[[], dict[str, Any]]] = {
    "plain": dict,
    "shuffled": lambda: {"shuffle": True},
    "dropped": lambda: {"shuffle": True, "drop_last": True},
    "own generator": lambda: {"shuffle": True, "generator": Generator().manual_seed(1)},
    "the default generator by name": lambda: {"shuffle": True, "generator": streams.default_generator},
    "shared generator": lambda: shared(Generator()),
    "replaced": lambda: {"sampler": RandomSampler(range(N), True, 70)},
    "more than all": lambda: {"sampler": RandomSampler(range(N), num_samples=25, generator=Generator())},
    "subset": lambda: {"sampler": SubsetRandomSampler(range(3, N))},
    "weighted": lambda: {"sampler": WeightedRandomSampler(range(1, N), 15)},
    "batches": lambda: {"batch_size": 1, "batch_sampler": BatchSampler(shared(Generator())["sampler"], 2, False)},
    "custom": lambda: {"sampler": Custom()},
    "counting": lambda: {"sampler": Counting()},
    "list": lambda: {"sampler": [3, 1, 4, 1, 5, 9, 2, 6]},
    "unbatched": lambda: {"shuffle": True, "batch_size": None},
}

QUICK = {("shuffled", True), ("own generator", False), ("weighted", False), ("batches", True), ("counting", False)}  # the rest are slow


def make(kind: str, dataset: Any, workers: int, persistent: bool) -> DataLoader[Any]:
    options: dict[str, Any] = {
        "batch_size": 3,
        "num_workers": workers,
        "persistent_workers": persistent and workers > 0,
    }
    if workers:
        options["multiprocessing_context"] = "fork"
    if not isinstance(dataset, IterableDataset):
        options |= KINDS[kind]()
    return DataLoader(dataset, **options)


def plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return np.asarray(value.value if hasattr(value, "value") else value).tolist()


class Program:
    """A training program: batches, and draws of its own between them. It can save, and go on from there."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self.loader = loader
        self.epoch = 0
        self.seen: list[Any] = []

    def step(self, it: Any) -> bool:
        try:
            batch = next(it)
        except StopIteration:
            self.epoch += 1
            self.seen.append("end")
            return False
        self.seen.append([plain(batch), draw()])
        return True

    def run(self, epochs: int) -> None:
        while self.epoch < epochs:
            it = iter(self.loader)
            while self.step(it):
                pass

    def save(self) -> Any:
        random_states = streams.get_rng_state(), random.getstate(), np.random.get_state()
        return self.epoch, json.dumps(self.loader.state_dict()), copy.deepcopy(random_states)

    def resume(self, saved: Any) -> None:
        self.epoch, loader, (ours, pythons, numpys) = saved
        self.loader.load_state_dict(json.loads(loader))
        streams.set_rng_state(ours)
        random.setstate(pythons)
        np.random.set_state(numpys)


def seed(number: int) -> None:
    streams.manual_seed(number)
    random.seed(number)
    np.random.seed(number)


def check(make_loader: Callable[[], DataLoader[Any]], *runs: list[int], epochs: int = 3) -> None:
    """Interrupt a run after each number of steps in its list (of the run so far), and compare with a run that goes through."""
    seed(17)
    whole = Program(make_loader())
    whole.run(epochs)
    end = bytes(streams.get_rng_state()), random.random(), np.random.random()
    for stops in runs:
        program = interrupted(make_loader, stops, epochs)
        assert program.seen == whole.seen
        assert (bytes(streams.get_rng_state()), random.random(), np.random.random()) == end


def interrupted(make_loader: Callable[[], DataLoader[Any]], stops: list[int], epochs: int) -> Program:
    seed(17)
    program = Program(make_loader())
    for stop in stops:
        it = iter(program.loader)
        while len(program.seen) < stop and program.epoch < epochs:
            if not program.step(it):
                if len(program.seen) >= stop or program.epoch == epochs:
                    break
                it = iter(program.loader)
        saved = program.save()
        seen = program.seen
        del it, program
        gc.collect()
        seed(stop)  # a new process has other random states
        program = Program(make_loader())
        program.resume(saved)
        program.seen = seen
    program.run(epochs)
    return program


@pytest.mark.parametrize("dataset", [Plain, Augmented])
@pytest.mark.parametrize("kind", KINDS)
def test_alone(kind: str, dataset: Any) -> None:
    check(lambda: make(kind, dataset(), 0, False), [0], [1], [2], [3], [4], [5], [6], [9])


@pytest.mark.parametrize(
    ("kind", "persistent"),
    [
        pytest.param(kind, persistent, marks=[] if (kind, persistent) in QUICK else pytest.mark.slow)
        for kind in KINDS
        for persistent in (False, True)
    ],
)
def test_with_workers(kind: str, persistent: bool) -> None:
    check(lambda: make(kind, Augmented(), 2, persistent), [1, 7])


@pytest.mark.parametrize(
    ("kind", "persistent"),
    [("plain", True), ("shuffled", False), *(pytest.param(*at, marks=pytest.mark.slow) for at in (("plain", False), ("shuffled", True)))],
)
def test_saved_between_two_epochs(kind: str, persistent: bool) -> None:
    """Workers that stay go on with their random streams in the next epoch, new ones begin from a new seed."""
    check(lambda: make(kind, Augmented(), 2, persistent), [5], [10], [5, 7, 10])


def test_with_workers_that_draw_nothing() -> None:
    check(lambda: make("shuffled", Plain(), 2, False), [3, 6])


@pytest.mark.parametrize(
    ("workers", "persistent"),
    [(0, False), pytest.param(1, False, marks=pytest.mark.slow), pytest.param(2, False, marks=pytest.mark.slow), (2, True)],
)
def test_streams(workers: int, persistent: bool) -> None:
    check(lambda: make("plain", Stream(), workers, persistent), [0], [1], [2], [6], [7], [8], [9], [13], epochs=2)


class Tells(Counting):
    """A sampler that says its state and cannot take it back: the loader runs it again instead, as any other."""

    load_state_dict = property(doc="not there")  # type: ignore[assignment]


def test_a_sampler_that_cannot_load_is_run_again() -> None:
    sampler = Tells()
    assert hasattr(sampler, "state_dict") and not hasattr(sampler, "load_state_dict")
    loader = DataLoader(range(N), sampler=sampler)
    next(iter(loader))
    assert loader.state_dict()["samplers"] == {}


class Faulty:
    """The third sample cannot be read."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, i: int) -> int:
        if i == 2:
            raise ValueError("unreadable")
        return i


@pytest.mark.parametrize("workers", [0, 1])
def test_saved_after_an_error_it_goes_on_behind_it(workers: int) -> None:
    loader: DataLoader[Any] = DataLoader(Faulty(), num_workers=workers)
    it = iter(loader)
    assert [int(next(it)), int(next(it))] == [0, 1]
    with pytest.raises(ValueError, match="unreadable"):
        next(it)
    saved = json.loads(json.dumps(loader.state_dict()))
    assert [int(b) for b in it] == [3, 4, 5]
    again: DataLoader[Any] = DataLoader(Faulty(), num_workers=workers)
    again.load_state_dict(saved)
    assert [int(b) for b in again] == [3, 4, 5]


class Drawn(IterableDataset[Any]):
    """A stream that draws its order as soon as somebody asks for an iterator, before its first sample."""

    def __iter__(self) -> Any:
        return iter([(draw(), i) for i in range(7)])


@pytest.mark.parametrize("workers", [0, 1])
def test_streams_that_draw_when_they_are_opened(workers: int) -> None:
    check(lambda: make("plain", Drawn(), workers, False), [0], [1], [2], [4], [5], epochs=2)


@pytest.mark.slow
@settings(deadline=None, derandomize=True, database=None, max_examples=12)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    setting=st.sampled_from([(0, False), (2, False), (2, True)]),
    steps=st.lists(st.integers(0, 6), min_size=2, max_size=4),
)
def test_interrupted_again_and_again(kind: str, setting: tuple[int, bool], steps: list[int]) -> None:
    stops = np.cumsum(steps).tolist()
    check(lambda: make(kind, Augmented(), *setting), stops)


def test_the_last_batch_was_delivered_but_not_the_end() -> None:
    loader = DataLoader(range(4), 2)
    it = iter(loader)
    next(it), next(it)
    state = loader.state_dict()
    assert (state["in_progress"], state["delivered"]) == (True, 2)
    assert next(it, None) is None
    ended = loader.state_dict()
    assert (ended["in_progress"], ended["delivered"]) == (False, 0)
    again = DataLoader(range(4), 2)
    again.load_state_dict(state)
    assert list(again) == []
    assert len(list(again)) == 2
    again.load_state_dict(ended)
    assert len(list(again)) == 2


def test_samples_are_not_read_again() -> None:
    read: list[int] = []

    class Noted:
        def __len__(self) -> int:
            return 9

        def __getitem__(self, i: int) -> int:
            read.append(i)
            return i

    loader = DataLoader(Noted(), 3, shuffle=True)
    it = iter(loader)
    next(it), next(it)
    again = DataLoader(Noted(), 3, shuffle=True)
    again.load_state_dict(loader.state_dict())
    read.clear()
    (rest,) = again
    assert rest.tolist() == read
    assert len(read) == 3


def test_saved_before_it_goes_on() -> None:
    """A state that was loaded can be saved again at once, and also right after iter."""
    loader = DataLoader(range(9), 2, shuffle=True, generator=Generator().manual_seed(3))
    it = iter(loader)
    head = [next(it).tolist() for _ in range(2)]
    state = loader.state_dict()
    rest = [b.tolist() for b in it]
    for _ in range(3):
        loader = DataLoader(range(9), 2, shuffle=True, generator=Generator())
        loader.load_state_dict(state)
        assert loader.state_dict() == state
        it = iter(loader)
        state = loader.state_dict()
    assert [b.tolist() for b in it] == rest
    assert sorted(i for batch in head + rest for i in batch) == list(range(9))


def test_another_number_of_workers_where_they_do_not_draw() -> None:
    for before, after in ((0, 2), (2, 0), (1, 2)):
        seed(1)
        first = make("shuffled", Plain(), before, False)
        it = iter(first)
        seen = [next(it)[0].tolist()]
        state = first.state_dict()
        whole = seen + [b[0].tolist() for b in it]
        del it
        second = make("shuffled", Plain(), after, False)
        second.load_state_dict(state)
        assert seen + [b[0].tolist() for b in second] == whole


def test_but_not_where_they_draw() -> None:
    loader = make("plain", Augmented(), 2, False)
    it = iter(loader)
    next(it)
    state = loader.state_dict()
    del it
    with pytest.raises(ValueError, match=r"expected a state of 1 workers, got one of 2.*drew random.*num_workers=2"):
        make("plain", Augmented(), 1, False).load_state_dict(state)
    streamed = make("plain", Stream(), 0, False)
    next(iter(streamed))
    with pytest.raises(ValueError, match=r"reads the stream by itself"):
        make("plain", Stream(), 2, False).load_state_dict(streamed.state_dict())


def test_in_any_order_cannot_be_resumed() -> None:
    loader = DataLoader(range(9), num_workers=1, in_order=False, multiprocessing_context="fork")
    loader.state_dict()
    it = iter(loader)
    next(it)
    with pytest.raises(RuntimeError, match=r"in_order=False .* cannot be resumed. Use in_order=True"):
        loader.state_dict()
    list(it)
    assert not loader.state_dict()["in_progress"]


def test_loading_ends_persistent_workers() -> None:
    loader = make("shuffled", Plain(), 2, True)
    it = iter(loader)
    next(it)
    state = loader.state_dict()
    del it
    loader.load_state_dict(state)
    gc.collect()
    assert multiprocessing.active_children() == []
    assert len(list(loader)) == 3


def test_a_state_is_small_and_does_not_grow() -> None:
    sizes = []
    for steps in (1, 50, 300):
        loader = DataLoader(range(400), shuffle=True)
        it = iter(loader)
        for _ in range(steps):
            next(it)
            draw()
        sizes.append(len(json.dumps(loader.state_dict())))
    assert max(sizes) - min(sizes) < 20
    assert max(sizes) < 8000


# ------------------------------------------------------------------------------------------------ random states
def test_an_exchanged_numpy_generator_is_saved_too() -> None:
    from autograd_cnn.utils.data.randomness import OfNumpy

    old = np.random.get_bit_generator()  # type: ignore[attr-defined]
    try:
        np.random.set_bit_generator(np.random.PCG64(3))  # type: ignore[attr-defined]
        source = OfNumpy()
        state, mark = source.get(), source.mark()
        first = np.random.normal(size=3).tolist()
        assert source.mark() != mark
        source.set(state)
        assert np.random.normal(size=3).tolist() == first
    finally:
        np.random.set_bit_generator(old)  # type: ignore[attr-defined]


def test_marks_see_every_draw() -> None:
    from autograd_cnn.utils.data.randomness import program_sources

    sources = program_sources()
    actions: dict[str, list[Callable[[], Any]]] = {
        "default": [lambda: streams.default_generator.normal(3), lambda: streams.default_generator.seed64()],
        "python": [lambda: random.gauss(0, 1), random.random],
        "numpy": [lambda: np.random.normal(), lambda: np.random.normal(), np.random.rand],
    }
    for name, draws in actions.items():
        source = sources[name]
        source.get()
        for action in draws * 3:
            mark, state = source.mark(), source.get()
            again = source.mark()
            first = str(action())
            assert source.mark() not in (mark, again)
            source.set(state)
            assert str(action()) == first
