"""torch.utils.data and autograd_cnn.utils.data side by side: the same batches, random streams, and errors."""

from __future__ import annotations

import collections
import contextlib
import random
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

import autograd_cnn.random as our_random
import autograd_cnn.utils.data as ours
from autograd_cnn.tensors.tensor import Tensor, wrap

torch = pytest.importorskip("torch")
theirs = torch.utils.data


class Lib:
    """One of the two libraries, under the names the tests use."""

    def __init__(self, data: Any, tensor: Callable[[Any], Any], generator: Any, seed: Any, state: Any) -> None:
        self.data = data
        self.tensor = tensor
        self.generator = generator
        self.seed = seed
        self.state = state

    def gen(self, seed: int) -> Any:
        return self.generator().manual_seed(seed)


OURS = Lib(ours, wrap, our_random.Generator, our_random.manual_seed, our_random.get_rng_state)
THEIRS = Lib(theirs, torch.from_numpy, torch.Generator, torch.manual_seed, lambda: torch.get_rng_state().numpy())


def plain(value: Any) -> Any:
    """A structure with all tensors as (dtype, nested lists)."""
    if isinstance(value, Tensor):
        return np.asarray(value.value).dtype.name, np.asarray(value.value).tolist()
    if isinstance(value, torch.Tensor):
        return str(value.dtype).removeprefix("torch."), value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        kind = type(value).__name__
        return kind, [plain(item) for item in value]
    return value


def both(program: Callable[[Lib], Any]) -> None:
    """The program gives the same values in both libraries and leaves the default generator in the same state."""
    results = []
    for lib in (OURS, THEIRS):
        lib.seed(123)
        random.seed(1)
        np.random.seed(2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = plain(program(lib))
        results.append((value, bytes(lib.state()), random.random(), np.random.random()))
    assert results[0] == results[1]


def rows(lib: Lib, n: int = 10) -> Any:
    x = np.arange(n * 2, dtype=np.float32).reshape(n, 2)
    return lib.data.TensorDataset(lib.tensor(x), lib.tensor(np.arange(n)))


# ------------------------------------------------------------------------------------------------ order and seeds
OPTIONS: list[dict[str, Any]] = [
    {"batch_size": 3},
    {"batch_size": 3, "drop_last": True},
    {"batch_size": 3, "shuffle": True},
    {"batch_size": 5, "shuffle": True, "drop_last": True},
    {"shuffle": True},
    {"batch_size": None, "shuffle": True},
    {"batch_size": None},
    {"batch_size": 100, "shuffle": True},
]


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_epochs(options: dict[str, Any], own: bool, workers: int) -> None:
    def program(lib: Lib) -> Any:
        g = lib.gen(7) if own else None
        loader = lib.data.DataLoader(rows(lib), generator=g, num_workers=workers, **options)
        seen = [list(loader), list(loader)]
        it = iter(loader)  # an epoch that is broken off moves the streams too
        seen.append([next(it)])
        del it
        return [
            seen,
            len(loader),
            list(loader),
            bytes(g.get_state()) if g is not None and lib is OURS else bytes(g.get_state().numpy()) if g is not None else b"",
        ]

    both(program)


SAMPLERS: dict[str, Callable[[Lib, Any, Any], Any]] = {
    "random": lambda lib, ds, g: lib.data.RandomSampler(ds, generator=g),
    "more than all": lambda lib, ds, g: lib.data.RandomSampler(ds, num_samples=27, generator=g),
    "exactly twice": lambda lib, ds, g: lib.data.RandomSampler(ds, num_samples=20, generator=g),
    "fewer": lambda lib, ds, g: lib.data.RandomSampler(ds, num_samples=4, generator=g),
    "replaced": lambda lib, ds, g: lib.data.RandomSampler(ds, replacement=True, num_samples=75, generator=g),
    "replaced, one chunk": lambda lib, ds, g: lib.data.RandomSampler(ds, replacement=True, num_samples=32, generator=g),
    "subset": lambda lib, ds, g: lib.data.SubsetRandomSampler([9, 3, 5, 1, 0], generator=g),
    "weighted": lambda lib, ds, g: lib.data.WeightedRandomSampler([0.1] * 4 + [3.0] * 6, 9, generator=g),
    "weighted once": lambda lib, ds, g: lib.data.WeightedRandomSampler(range(1, 11), 6, replacement=False, generator=g),
    "weighted one": lambda lib, ds, g: lib.data.WeightedRandomSampler(range(1, 11), 1, generator=g),
    "list": lambda lib, ds, g: [4, 4, 2],
}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers(name: str, own: bool, workers: int) -> None:
    def program(lib: Lib) -> Any:
        ds, g = rows(lib), lib.gen(99) if own else None
        sampler = SAMPLERS[name](lib, ds, g)
        seen = [list(sampler), len(sampler), list(sampler)]
        for drop in (False, True):
            batches = lib.data.BatchSampler(sampler, 4, drop)
            loader = lib.data.DataLoader(ds, batch_sampler=batches, num_workers=workers)
            seen += [list(batches), len(batches), list(loader), len(loader)]
        seen.append(list(lib.data.DataLoader(ds, sampler=sampler, batch_size=2, num_workers=workers)))
        seen.append(None if g is None else g.initial_seed())
        seen.append(None if g is None else bytes(np.asarray(g.get_state())))
        return seen

    both(program)


@pytest.mark.parametrize("lengths", [[3, 7], [10], [0.5, 0.5], [0.3, 0.3, 0.4], [0.05, 0.95], [0, 10], [1]])
def test_random_split(lengths: list[float]) -> None:
    both(lambda lib: [s.indices for s in lib.data.random_split(range(10), lengths)])
    both(lambda lib: [s.indices for s in lib.data.random_split(range(10), lengths, generator=lib.gen(4))])


def test_split_and_loaded() -> None:
    both(lambda lib: [list(lib.data.DataLoader(s, 3, shuffle=True)) for s in lib.data.random_split(rows(lib), [7, 3])])


# ------------------------------------------------------------------------------------------------ workers' streams
class Noise:
    """Samples made of the three random streams of whoever fetches them."""

    def __init__(self, lib: Lib) -> None:
        self.lib = lib

    def __len__(self) -> int:
        return 13

    def __getitem__(self, i: int) -> Any:
        ours = self.lib is OURS
        draw = our_random.default_generator.random_((), np.int64, 0, 1000) if ours else torch.randint(0, 1000, ())
        return i, int(draw), random.random(), np.random.random(), np.random.normal()


def _init(worker: int) -> None:
    random.random()
    np.random.normal()


@pytest.mark.parametrize("init", [None, _init])
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_random_streams(workers: int, init: Any) -> None:
    both(lambda lib: [list(lib.data.DataLoader(Noise(lib), 3, shuffle=True, num_workers=workers, worker_init_fn=init)) for _ in range(2)])


def test_persistent_workers() -> None:
    def program(lib: Lib) -> Any:
        loader = lib.data.DataLoader(Noise(lib), 3, shuffle=True, num_workers=2, persistent_workers=True)
        seen: list[Any] = [list(loader), list(loader)]
        next(iter(loader))  # broken off: what was asked for is fetched all the same, and moves the streams
        return [*seen, list(loader)]

    both(program)


def test_worker_info() -> None:
    class Asks:
        def __init__(self, lib: Lib) -> None:
            self.lib = lib

        def __len__(self) -> int:
            return 4

        def __getitem__(self, i: int) -> Any:
            info = self.lib.data.get_worker_info()
            return str(None if info is None else (info.id, info.num_workers, info.seed, type(info.dataset).__name__))

    for workers in (0, 2):
        both(lambda lib, w=workers: list(lib.data.DataLoader(Asks(lib), num_workers=w)))


# ------------------------------------------------------------------------------------------------ streams
def _stream(lib: Lib, n: int, shares: bool) -> Any:
    class Stream(lib.data.IterableDataset):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Iterator[Any]:
            info = lib.data.get_worker_info()
            first, step = (0, 1) if info is None or not shares else (info.id, info.num_workers)
            for i in range(first, n if first == 0 else n - 5, step):  # the workers' shares differ in length
                yield np.float32(i), random.random()

    return Stream()


@pytest.mark.parametrize("options", [{"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": None}], ids=str)
@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("shares", [True, False])
def test_streams(options: dict[str, Any], workers: int, shares: bool) -> None:
    both(lambda lib: [list(lib.data.DataLoader(_stream(lib, 17, shares), num_workers=workers, **options)) for _ in range(2)])


def test_persistent_streams() -> None:
    def program(lib: Lib) -> Any:
        options = {"batch_size": 2, "num_workers": 2, "persistent_workers": True}
        loader = lib.data.DataLoader(_stream(lib, 11, True), **options)
        return [list(loader), list(loader), list(loader)]

    both(program)


def test_chained_streams() -> None:
    both(lambda lib: list(_stream(lib, 3, True) + _stream(lib, 2, True)))


# ------------------------------------------------------------------------------------------------ datasets
def test_datasets() -> None:
    def program(lib: Lib) -> Any:
        d = lib.data
        ds = rows(lib, 6)
        double = ds + ds
        stacked, named = d.StackDataset(range(3), "abc"), d.StackDataset(n=range(3), c="abc")
        subset = d.Subset(ds, [4, 2])
        seen: list[Any] = [ds[2], ds[-1], ds[1:3], len(ds), len(double), double[7], double[-1], double.cumulative_sizes]
        seen += [stacked[1], named[1], len(stacked), stacked.__getitems__([0, 2]), named.__getitems__([2, 1])]
        seen += [subset[1], subset[[0, 1]], subset.__getitems__([1, 0]), len(subset)]
        seen += [list(d.DataLoader(x, 2)) for x in (double, stacked, named, subset, [1, 2, 3], {0: 1.5, 1: 2.5})]
        seen.append(list(d.DataLoader({"a": 1, "b": 2}, sampler=["b", "a"])))
        return seen

    both(program)


# ------------------------------------------------------------------------------------------------ collating
Point = collections.namedtuple("Point", "x y")
F, D, I = np.float32, np.float64, np.int32

BATCHES: list[Any] = [
    [True, False],
    [True, 2],
    [1, 2.5],
    [1.5, True],
    [1, True],
    [1.5, 2],
    ["a", "b"],
    [b"a", b"b"],
    (1, 2),
    [0.0, -0.0],
    [F(1), F(0)],
    [D(1), D(0)],
    [I(1), I(0)],
    [np.uint8(1), np.uint8(3)],
    [np.bool_(True), np.bool_(False)],
    [np.float16(1), np.float16(2)],
    [F(1), D(2)],
    [I(1), F(2.5)],
    [D(1.5), 2],
    [I(1), 2],
    [F(1.5), 2],
    [np.complex64(1), np.complex64(2)],
    [np.array(1.5, F), np.array(2.5, F)],
    [np.zeros(2, F), np.ones(2, D)],
    [np.zeros(2, F), np.ones(2, np.int64)],
    [np.zeros((2, 3), F), np.ones((2, 3), F)],
    [np.zeros((0, 3)), np.ones((0, 3))],
    [np.arange(6).reshape(2, 3).T] * 2,
    [[1, 2], [3, 4]],
    [(1, "a"), (2, "b")],
    [[], []],
    [(), ()],
    [{}, {}],
    [{"a": 1, "b": "x"}, {"b": "y", "a": 2}],
    [{"a": 1}, {"a": 2, "b": 3}],
    [{"a": [1, {"b": 2.0}]}, {"a": [3, {"b": 4.0}]}],
    [range(2), range(2)],
    [Point(1, 2.0), Point(3, 4.0)],
    [Point(1, "a"), Point(3, "b")],
    [collections.OrderedDict(a=1)] * 2,
    [types.MappingProxyType({"a": 1})] * 2,
    [bytearray(b"ab")] * 2,
    [["a", "b"], ["c", "d"]],
    [np.str_("a"), np.str_("b")],
    [[np.zeros(2, F), 1], [np.ones(2, F), 2]],
]


@pytest.mark.parametrize("batch", BATCHES, ids=repr)
def test_default_collate(batch: Any) -> None:
    both(lambda lib: lib.data.default_collate(batch))


def test_collate_keeps_the_kind_of_structure() -> None:
    for batch in (
        [collections.deque([1, 2])] * 2,
        [collections.UserDict(a=1)] * 2,
        [collections.defaultdict(int, a=1)] * 2,
        [collections.OrderedDict(a=1)] * 2,
        [collections.Counter(a=1)] * 2,
        [types.MappingProxyType({"a": 1})] * 2,
    ):
        got, want = ours.default_collate(batch), theirs.default_collate(batch)
        assert type(got) is type(want)
        if isinstance(want, collections.defaultdict):
            assert got.default_factory is want.default_factory


def test_collate_tensors() -> None:
    for shapes in ([(2,), (2,)], [(), ()], [(3, 2), (3, 2)], [(0,), (0,)]):
        both(lambda lib, s=shapes: lib.data.default_collate([lib.tensor(np.ones(shape, F)) for shape in s]))
    both(lambda lib: lib.data.default_collate([lib.tensor(np.ones(2, F)), lib.tensor(np.ones(2, np.int64))]))
    both(lambda lib: lib.data.default_collate([lib.tensor(np.ones(2, np.uint8)), lib.tensor(np.ones(2, np.bool_))]))


VALUES: list[Any] = [
    0,
    1.5,
    "a",
    None,
    np.array([1, 2]),
    F(1),
    np.str_("a"),
    (1, np.ones(1)),
    [np.ones(1)],
    range(2),
    {"a": np.ones(1)},
    Point(1, np.ones(1)),
    np.bool_(True),
    b"x",
    np.arange(6).reshape(2, 3).T,
    [(1, [np.zeros(1, I)])],
    (),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_default_convert(value: Any) -> None:
    both(lambda lib: lib.data.default_convert(value))


# ------------------------------------------------------------------------------------------------ errors
class _It:
    pass


def _it(lib: Lib) -> Any:
    return _stream(lib, 4, False)


WRONG: dict[str, Callable[[Lib], Any]] = {
    "batch size 0": lambda lib: lib.data.DataLoader(range(4), batch_size=0),
    "batch size -1": lambda lib: lib.data.DataLoader(range(4), batch_size=-1),
    "batch size 1.5": lambda lib: lib.data.DataLoader(range(4), batch_size=1.5),
    "batch size True": lambda lib: lib.data.DataLoader(range(4), batch_size=True),
    "batch size str": lambda lib: lib.data.DataLoader(range(4), batch_size="4"),
    "shuffle and sampler": lambda lib: lib.data.DataLoader(range(4), shuffle=True, sampler=[1]),
    "batch sampler and size": lambda lib: lib.data.DataLoader(range(4), batch_size=2, batch_sampler=[[1]]),
    "batch sampler and shuffle": lambda lib: lib.data.DataLoader(range(4), shuffle=True, batch_sampler=[[1]]),
    "batch sampler and drop": lambda lib: lib.data.DataLoader(range(4), drop_last=True, batch_sampler=[[1]]),
    "batch sampler and sampler": lambda lib: lib.data.DataLoader(range(4), sampler=[1], batch_sampler=[[1]]),
    "drop without batch": lambda lib: lib.data.DataLoader(range(4), batch_size=None, drop_last=True),
    "drop 1": lambda lib: lib.data.DataLoader(range(4), batch_size=2, drop_last=1),
    "stream shuffled": lambda lib: lib.data.DataLoader(_it(lib), shuffle=True),
    "stream sampled": lambda lib: lib.data.DataLoader(_it(lib), sampler=[1]),
    "stream batch sampled": lambda lib: lib.data.DataLoader(_it(lib), batch_sampler=[[1]]),
    "generator": lambda lib: next(iter(lib.data.DataLoader(range(4), generator=42))),
    "generator shuffled": lambda lib: next(iter(lib.data.DataLoader(range(4), shuffle=True, generator=42))),
    "workers -1": lambda lib: lib.data.DataLoader(range(4), num_workers=-1),
    "workers None": lambda lib: lib.data.DataLoader(range(4), num_workers=None),
    "workers str": lambda lib: lib.data.DataLoader(range(4), num_workers="2"),
    "timeout -1": lambda lib: lib.data.DataLoader(range(4), timeout=-1),
    "timeout without workers": lambda lib: next(iter(lib.data.DataLoader(range(4), timeout=3))),
    "prefetch without workers": lambda lib: lib.data.DataLoader(range(4), prefetch_factor=2),
    "prefetch -1": lambda lib: lib.data.DataLoader(range(4), num_workers=1, prefetch_factor=-1),
    "persistent without workers": lambda lib: lib.data.DataLoader(range(4), persistent_workers=True),
    "context without workers": lambda lib: lib.data.DataLoader(range(4), multiprocessing_context="fork"),
    "context unknown": lambda lib: lib.data.DataLoader(range(4), num_workers=1, multiprocessing_context="x"),
    "context number": lambda lib: lib.data.DataLoader(range(4), num_workers=1, multiprocessing_context=5),
    "shuffle nothing": lambda lib: lib.data.DataLoader([], shuffle=True),
    "length of a stream": lambda lib: len(lib.data.DataLoader(_it(lib))),
    "length of a number": lambda lib: len(lib.data.DataLoader(5)),
    "number": lambda lib: next(iter(lib.data.DataLoader(5))),
    "collate number": lambda lib: list(lib.data.DataLoader(range(4), collate_fn=5)),
    "sampler number": lambda lib: list(lib.data.DataLoader(range(4), sampler=5)),
    "set batch size": lambda lib: setattr(lib.data.DataLoader(range(4)), "batch_size", 3),
    "set dataset": lambda lib: setattr(lib.data.DataLoader(range(4)), "dataset", 3),
    "rows differ": lambda lib: lib.data.TensorDataset(lib.tensor(np.zeros(2)), lib.tensor(np.zeros(3))),
    "0-d": lambda lib: lib.data.TensorDataset(lib.tensor(np.array(1.0))),
    "numpy dataset": lambda lib: lib.data.TensorDataset(np.zeros(2)),
    "split sum": lambda lib: lib.data.random_split(range(10), [3, 4]),
    "split fractions": lambda lib: lib.data.random_split(range(10), [0.5, 0.4]),
    "split halves": lambda lib: lib.data.random_split(range(10), [2.5, 7.5]),
    "split beyond 1": lambda lib: lib.data.random_split(range(10), [1.5, -0.5]),
    "split number": lambda lib: lib.data.random_split(range(10), 0.5),
    "split nothing": lambda lib: lib.data.random_split(range(10), []),
    "split generator": lambda lib: lib.data.random_split(range(10), [5, 5], generator=42),
    "split stream": lambda lib: lib.data.random_split(_it(lib), [5, 5]),
    "random replacement": lambda lib: lib.data.RandomSampler(range(4), replacement=1),
    "random 0": lambda lib: lib.data.RandomSampler(range(4), num_samples=0),
    "random 1.5": lambda lib: lib.data.RandomSampler(range(4), num_samples=1.5),
    "weighted 0": lambda lib: lib.data.WeightedRandomSampler([1, 2], 0),
    "weighted True": lambda lib: lib.data.WeightedRandomSampler([1, 2], True),
    "weighted 2-d": lambda lib: lib.data.WeightedRandomSampler([[1, 2]], 1),
    "weighted replacement": lambda lib: lib.data.WeightedRandomSampler([1, 2], 1, replacement=0),
    "weighted str": lambda lib: lib.data.WeightedRandomSampler("ab", 1),
    "weighted few": lambda lib: list(lib.data.WeightedRandomSampler([1.0, 2.0], 3, replacement=False)),
    "weighted negative": lambda lib: list(lib.data.WeightedRandomSampler([-1.0, 2.0], 3)),
    "weighted zero": lambda lib: list(lib.data.WeightedRandomSampler([0.0, 0.0], 3)),
    "batches of 0": lambda lib: lib.data.BatchSampler(range(4), 0, False),
    "batches drop None": lambda lib: lib.data.BatchSampler(range(4), 2, None),
    "concat nothing": lambda lib: lib.data.ConcatDataset([]),
    "concat stream": lambda lib: lib.data.ConcatDataset([_it(lib)]),
    "concat -11": lambda lib: lib.data.ConcatDataset([range(10)])[-11],
    "concat 10": lambda lib: lib.data.ConcatDataset([list(range(10))])[10],
    "chain map": lambda lib: list(lib.data.ChainDataset([rows(lib)])),
    "chain length": lambda lib: len(lib.data.ChainDataset([_it(lib)])),
    "stack nothing": lambda lib: lib.data.StackDataset(),
    "stack both": lambda lib: lib.data.StackDataset(range(3), a=range(3)),
    "stack lengths": lambda lib: lib.data.StackDataset(range(3), range(4)),
    "dataset": lambda lib: lib.data.Dataset()[0],
    "sampler": lambda lib: iter(lib.data.Sampler()),
    "stream": lambda lib: lib.data.IterableDataset(),
    "subset": lambda lib: lib.data.Subset(rows(lib), [20])[0],
    "subset loaded": lambda lib: list(lib.data.DataLoader(lib.data.Subset(rows(lib), [20]))),
    "rows loaded": lambda lib: list(lib.data.DataLoader(rows(lib), sampler=[3, 10], batch_size=2)),
    "subset's subset": lambda lib: lib.data.Subset(rows(lib), [1])[3],
    "collate nothing": lambda lib: lib.data.default_collate([]),
    "collate number only": lambda lib: lib.data.default_collate(5),
    "collate None": lambda lib: lib.data.default_collate([None]),
    "collate complex": lambda lib: lib.data.default_collate([1 + 2j]),
    "collate set": lambda lib: lib.data.default_collate([{1}]),
    "collate big": lambda lib: lib.data.default_collate([2**70, 1]),
    "collate 2^63": lambda lib: lib.data.default_collate([2**63, 1]),
    "collate int, str": lambda lib: lib.data.default_collate([1, "a"]),
    "collate float, str": lambda lib: lib.data.default_collate([1.0, "2"]),
    "collate int, None": lambda lib: lib.data.default_collate([1, None]),
    "collate float, complex": lambda lib: lib.data.default_collate([1.0, 2j]),
    "collate float, list": lambda lib: lib.data.default_collate([1.0, [2.0]]),
    "collate shapes": lambda lib: lib.data.default_collate([np.zeros(2), np.zeros(3)]),
    "collate tensor, int": lambda lib: lib.data.default_collate([lib.tensor(np.zeros(2)), 1]),
    "collate tensor, array": lambda lib: lib.data.default_collate([lib.tensor(np.zeros(2)), np.zeros(2)]),
    "collate strings": lambda lib: lib.data.default_collate([np.array(["a"])]),
    "collate objects": lambda lib: lib.data.default_collate([np.array([object()])]),
    "collate dates": lambda lib: lib.data.default_collate([np.zeros(2, "datetime64[s]")]),
    "collate date": lambda lib: lib.data.default_collate([np.datetime64("2020-01-01")]),
    "collate lengths": lambda lib: lib.data.default_collate([[1, 2], [3]]),
    "collate keys": lambda lib: lib.data.default_collate([{"a": 1}, {"b": 2}]),
    "convert dates": lambda lib: lib.data.default_convert(np.zeros(2, "datetime64[s]")),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_have_torchs_type(name: str) -> None:
    kinds: list[type[BaseException]] = []
    for lib in (THEIRS, OURS):
        with contextlib.suppress(Exception):
            lib.seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(Exception) as caught:  # noqa: PT011  # which one is the question
                WRONG[name](lib)
        kinds.append(caught.type)
    assert issubclass(kinds[1], kinds[0])


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), IndexError("y"), OSError("z")], ids=repr)
def test_a_datasets_error(error: Exception, workers: int) -> None:
    class Fails:
        def __len__(self) -> int:
            return 6

        def __getitem__(self, i: int) -> int:
            if i == 2:
                raise error
            return i

    texts = []
    for lib in (THEIRS, OURS):
        it = iter(lib.data.DataLoader(Fails(), 2, num_workers=workers))
        assert plain(next(it)) == ("int64", [0, 1])
        with pytest.raises(type(error)) as caught:
            next(it)
        texts.append(str(caught.value).splitlines()[0])
        assert plain(next(it)) == ("int64", [4, 5])  # and the epoch goes on
    assert texts[0] == texts[1]


def test_warnings_are_torchs() -> None:
    def noted(lib: Lib, **options: Any) -> list[tuple[type[Warning], str]]:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            loader = lib.data.DataLoader(range(2), **options)
            if not options.get("num_workers"):
                list(loader)
        return [(w.category, str(w.message)) for w in seen]

    for options in ({"pin_memory": True}, {"pin_memory": True, "pin_memory_device": "cuda"}, {"num_workers": 999}):
        assert noted(OURS, **options) == noted(THEIRS, **options)
        assert noted(OURS, **options)


def test_a_stream_longer_than_announced() -> None:
    def program(lib: Lib) -> list[tuple[type[Warning], str]]:
        stream = _stream(lib, 9, False)
        type(stream).__len__ = lambda self: 2
        loader = lib.data.DataLoader(stream, 3)
        assert len(loader) == 1
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            assert len(list(loader)) == 3
        return [(w.category, str(w.message).split(" was ")[1].replace(" ", "")) for w in seen]

    assert program(OURS) == program(THEIRS)
    assert len(program(OURS)) == 1


def test_names_and_arguments() -> None:
    import inspect

    for name in ours.__all__:
        mine, model = getattr(ours, name), getattr(theirs, name)
        if inspect.isfunction(model) or name == "DataLoader":
            assert list(inspect.signature(mine).parameters) == list(inspect.signature(model).parameters)
        elif "__init__" in vars(model):
            assert list(inspect.signature(mine.__init__).parameters) == list(inspect.signature(model.__init__).parameters)
    left_out = set(theirs.__all__) - set(ours.__all__)
    pipes = {
        "DFIterDataPipe",
        "DataChunk",
        "IterDataPipe",
        "MapDataPipe",
        "argument_validation",
        "functional_datapipe",
        "guaranteed_datapipes_determinism",
        "non_deterministic",
        "runtime_validation",
        "runtime_validation_disabled",
    }
    assert left_out == pipes | {"_DatasetKind"}
