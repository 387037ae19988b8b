"""The DataLoader in its own process: options, batching, what it draws, and what it says of wrong options."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograd_cnn.random import Generator, get_rng_state, manual_seed
from autograd_cnn.utils.data import DataLoader, IterableDataset, SequentialSampler, random_split
from tests.utils.workers import few_processors


class Count(IterableDataset[int]):
    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.n))


def lists(loader: Any) -> list[Any]:
    return [batch.tolist() if hasattr(batch, "tolist") else batch for batch in loader]


def test_batching() -> None:
    assert lists(DataLoader(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert lists(DataLoader(range(5), 2, drop_last=True)) == [[0, 1], [2, 3]]
    assert lists(DataLoader(range(3), None)) == [0, 1, 2]
    assert lists(DataLoader(range(5), 2, sampler=[4, 0, 3])) == [[4, 0], [3]]
    assert lists(DataLoader(range(5), batch_sampler=[[4], [0, 3]])) == [[4], [0, 3]]
    assert lists(DataLoader(range(5), 2, collate_fn=sum)) == [1, 5, 4]
    assert lists(DataLoader([])) == []
    assert lists(DataLoader(Count(5), 2)) == [[0, 1], [2, 3], [4]]
    assert lists(DataLoader(Count(5), 2, drop_last=True)) == [[0, 1], [2, 3]]
    assert lists(DataLoader(Count(2), None)) == [0, 1]


def test_lengths() -> None:
    assert len(DataLoader(range(5), 2)) == 3
    assert len(DataLoader(range(5), 2, drop_last=True)) == 2
    assert len(DataLoader(range(5), None)) == 5
    assert len(iter(DataLoader(range(5), 2))) == 3
    with pytest.raises(TypeError, match=r"no len\(\)"):
        len(DataLoader(Count(3)))


def test_attributes_are_torchs() -> None:
    loader = DataLoader(range(5), 2, drop_last=True)
    assert (loader.batch_size, loader.drop_last, loader.num_workers, loader.prefetch_factor) == (2, True, 0, None)
    assert isinstance(loader.sampler, SequentialSampler)
    assert loader.batch_sampler.sampler is loader.sampler
    assert loader.multiprocessing_context is None
    assert DataLoader(range(5), batch_sampler=[[1]]).batch_size is None
    assert DataLoader(range(5), None).batch_sampler is None
    assert DataLoader(range(5), num_workers=1).prefetch_factor == 2


def test_what_is_drawn() -> None:
    """Unshuffled: one seed at iter. Shuffled: another with the first batch. With a generator: none from the default."""
    twin = Generator()

    def moved(draws: int) -> bool:
        twin.manual_seed(3)
        for _ in range(draws):
            twin.seed64()
        return bytes(twin.get_state()) == bytes(get_rng_state())

    manual_seed(3)
    it = iter(DataLoader(range(5)))
    assert moved(1)
    list(it)
    assert moved(1)
    manual_seed(3)
    it = iter(DataLoader(range(5), shuffle=True))
    assert moved(1)
    next(it)
    assert moved(2)
    list(it)
    assert moved(2)
    manual_seed(3)
    list(DataLoader(range(5), shuffle=True, generator=Generator()))
    assert moved(0)


def test_an_exception_does_not_end_the_epoch() -> None:
    class Odd:
        def __len__(self) -> int:
            return 5

        def __getitem__(self, i: int) -> int:
            if i % 2:
                raise ValueError(i)
            return i

    it, seen = iter(DataLoader(Odd())), []
    for _ in range(5):
        try:
            seen.append(next(it).item())
        except ValueError:
            seen.append(None)
    assert seen == [0, None, 2, None, 4]
    assert next(it, "end") == "end"


@pytest.mark.parametrize("where", ["dataset", "collate_fn"])
def test_stop_iteration_is_no_silent_end(where: str) -> None:
    def stop(_: Any) -> Any:
        raise StopIteration

    class Stops:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, i: int) -> int:
            return stop(i) if where == "dataset" else i

    for data in [Stops()] if where == "dataset" else [Stops(), Count(3)]:
        with pytest.raises(RuntimeError, match=r"raised StopIteration"):
            list(DataLoader(data, collate_fn=stop if where == "collate_fn" else None))


def test_pinning_warns_and_does_nothing() -> None:
    with pytest.warns(UserWarning, match=r"no accelerator is found"):
        assert lists(DataLoader(range(2), pin_memory=True)) == [[0], [1]]
    with (
        pytest.warns(UserWarning, match=r"pin_memory_device is deprecated"),
        pytest.warns(match="accelerator is found"),
    ):
        iter(DataLoader(range(2), pin_memory=True, pin_memory_device="cuda"))


def test_fixed_attributes() -> None:
    loader = DataLoader(range(2))
    for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set after DataLoader is initialized"):
            setattr(loader, name, None)
    loader.collate_fn = sum
    assert lists(loader) == [0, 1]


def test_an_iterator_cannot_be_pickled() -> None:
    import pickle

    loader = DataLoader(range(3))
    assert lists(pickle.loads(pickle.dumps(loader))) == [[0], [1], [2]]
    with pytest.raises(NotImplementedError, match=r"cannot be pickled.*state_dict"):
        pickle.dumps(iter(loader))


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"batch_size": 0}, ValueError, r"positive integer value, but got batch_size=0.*None .* switches batching off"),
    ({"batch_size": 2.5}, ValueError, r"batch_size=2.5"),
    ({"shuffle": True, "sampler": [1]}, ValueError, r"sampler option is mutually exclusive with shuffle"),
    (
        {"batch_size": 2, "batch_sampler": [[1]]},
        ValueError,
        r"batch_sampler option is mutually exclusive with batch_size",
    ),
    (
        {"batch_size": None, "drop_last": True},
        ValueError,
        r"disables auto-batching and is mutually exclusive with drop_last",
    ),
    ({"drop_last": 1}, ValueError, r"drop_last should be a boolean value"),
    ({"sampler": 5}, TypeError, r"expected sampler to be iterable, got int. It yields indices"),
    ({"batch_sampler": 5}, TypeError, r"expected batch_sampler to be iterable, got int. It yields lists"),
    ({"collate_fn": 5}, TypeError, r"expected collate_fn to be a function or None, got int"),
    ({"worker_init_fn": 5}, TypeError, r"expected worker_init_fn to be a function or None, got int"),
    ({"generator": np.random.default_rng()}, TypeError, r"DataLoader: expected generator.*got numpy.*manual_seed"),
    ({"num_workers": -1}, ValueError, r"should be non-negative, got -1; use num_workers=0"),
    ({"num_workers": 1.5}, TypeError, r"expected num_workers to be a whole number, got 1.5"),
    ({"timeout": -1}, ValueError, r"timeout option should be non-negative, got -1"),
    ({"prefetch_factor": 2}, ValueError, r"could only be specified in multiprocessing.*num_workers=0"),
    ({"prefetch_factor": -1, "num_workers": 1}, ValueError, r"non-negative, got -1"),
    ({"persistent_workers": True}, ValueError, r"needs num_workers > 0"),
    ({"multiprocessing_context": "fork"}, ValueError, r"can only be used with multi-process loading"),
    ({"multiprocessing_context": "x", "num_workers": 1}, ValueError, r"valid start method in \[.*\], but got .*'x'"),
    ({"multiprocessing_context": 5, "num_workers": 1}, TypeError, r"valid context object or a string.*=5"),
]


@pytest.mark.parametrize(("options", "kind", "text"), WRONG, ids=lambda v: str(v).split(" at 0x")[0][:40])
def test_options(options: dict[str, Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        DataLoader(range(4), **options)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}], ids=str)
def test_options_of_streams(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"with IterableDataset: expected unspecified .* option, but got .*The stream"):
        DataLoader(Count(4), **options)
    assert lists(DataLoader(Count(2), shuffle=False)) == [[0], [1]]


LATE: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: iter(DataLoader(range(4), timeout=3)), AssertionError, r"expected timeout == 0 with num_workers=0, got 3"),
    (lambda: iter(DataLoader(range(4), num_workers=1, prefetch_factor=0)), AssertionError, r"must be greater than 0"),
    (lambda: DataLoader([], shuffle=True), ValueError, r"num_samples=0. The dataset is empty"),
]


@pytest.mark.parametrize(("act", "kind", "text"), LATE)
def test_errors(act: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        act()


def test_too_many_workers_are_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"will create 9999 worker processes in total"):
        DataLoader(range(2), num_workers=9999)


def test_importing_needs_no_multiprocessing() -> None:
    """What only workers need is imported when they are: the package must start fast."""
    import subprocess
    import sys

    use = "import sys; from autograd_cnn.utils.data import DataLoader; list(DataLoader(range(3)))"
    code = use + "; print('multiprocessing' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize(("length", "batch", "whole", "dropped"), [(7, 2, 4, 3), (6, 2, 3, 3), (1, 4, 1, 0), (0, 4, 0, 0), (5, None, 5, 5)])
def test_how_many_batches_a_stream_that_knows_its_length_gives(length: int, batch: int | None, whole: int, dropped: int) -> None:
    class Known(IterableDataset[int]):
        def __iter__(self) -> Any:
            return iter(range(length))

        def __len__(self) -> int:
            return length

    for drop_last, expected in ((False, whole), (True, dropped)):
        if batch is None and drop_last:
            continue  # there are no batches to drop
        loader: DataLoader[Any] = DataLoader(Known(), batch, drop_last=drop_last)
        assert len(loader) == len(list(loader)) == expected


class Longer(IterableDataset[int]):
    """A stream of more samples than it says."""

    def __init__(self, said: int, true: int) -> None:
        self.said, self.true = said, true

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.true))

    def __len__(self) -> int:
        return self.said


@few_processors
@pytest.mark.parametrize("workers", [0, 1])
def test_a_stream_longer_than_it_said(workers: int) -> None:
    """Every sample comes; each beyond those announced is warned of, where it is asked for. Who never asked for the length is not told."""
    loader: DataLoader[Any] = DataLoader(Longer(2, 4), num_workers=workers)
    assert len(list(loader)) == 4
    assert len(loader) == 2
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert lists(loader) == [[0], [1], [2], [3]]
    assert [f"but {n} samples have been fetched" in str(w.message) for n, w in zip((3, 4), caught, strict=True)] == [True, True]
    assert {w.filename for w in caught} == {__file__}
    assert ["get_worker_info" in str(w.message) for w in caught] == [bool(workers)] * 2


def test_warnings_name_the_callers_line() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loader: DataLoader[Any] = DataLoader(range(2), pin_memory=True, pin_memory_device="cuda")
        iter(loader)
        DataLoader(range(2), num_workers=9999)
        random_split(range(3), [0.99, 0.01])
    assert [w.filename for w in caught] == [__file__] * 4
