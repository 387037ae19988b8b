"""Worker processes: whose batch comes when, streams, and the memory that batches stand in."""

from __future__ import annotations

import gc
import mmap
import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autograd_cnn.tensors.tensor import Tensor, wrap
from autograd_cnn.utils.data import DataLoader, IterableDataset, TensorDataset, get_worker_info
from autograd_cnn.utils.data.transport import HAS_SEGMENTS, Arena
from tests.utils.workers import FORK, Made, few_processors, lists, loader, needs_fork, nothing_left

__all__ = ["nothing_left"]
pytestmark = [needs_fork, few_processors, pytest.mark.usefixtures("nothing_left")]


# ------------------------------------------------------------------------------------------------ order
def test_batches_come_in_order_whoever_is_faster() -> None:
    def slow_first(i: int) -> int:
        if get_worker_info().id == 0:  # type: ignore[union-attr]
            time.sleep(0.01)
        return i

    assert lists(loader(11, slow_first, batch_size=2)) == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10]]


def test_or_as_they_are_ready() -> None:
    def slow_first(i: int) -> int:
        if i == 0:
            time.sleep(0.5)
        return i

    seen = lists(loader(8, slow_first, in_order=False))
    assert sorted(seen) == [[i] for i in range(8)]
    assert seen[0] != [0]


def test_in_any_order_no_worker_is_asked_for_more_than_its_share() -> None:
    """As long as all of them work, two batches each; when a stream has ended, the other worker has room for more."""
    it: Any = iter(loader(12, lambda i: time.sleep(0.3 if i == 0 else 0) or i, in_order=False))
    assert it._asked == [2, 2]
    seen, most = [], [0, 0]
    for batch in it:
        seen.append(batch.item())
        most = [max(a, b) for a, b in zip(most, it._asked, strict=True)]
    assert sorted(seen) == list(range(12))
    assert most == [2, 2]

    it = iter(DataLoader(Ending(), num_workers=2, in_order=False, **FORK))
    assert max(it._asked[1] for _ in it) == 3  # one more for the end that was told


def test_batch_i_is_the_work_of_worker_i_mod_w() -> None:
    assert [b.item() for b in loader(7, lambda i: get_worker_info().id)] == [0, 1, 0, 1, 0, 1, 0]  # type: ignore[union-attr]


@pytest.mark.parametrize("factor", [1, 3])
def test_prefetching(factor: int) -> None:
    counts = np.frombuffer(mmap.mmap(-1, 2), np.uint8)  # a counter for each worker, in memory that forks share

    def count(i: int) -> int:
        counts[get_worker_info().id] += 1  # type: ignore[union-attr]
        return i

    def settled(want: list[int]) -> bool:
        """They come to these counts, and stay there."""
        end = time.monotonic() + 30
        while counts.tolist() != want and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.2)
        return counts.tolist() == want

    it = iter(loader(40, count, prefetch_factor=factor))
    assert settled([factor, factor])
    next(it)
    assert settled([factor + 1, factor])


def test_get_worker_info() -> None:
    def info(i: int) -> Any:
        mine = get_worker_info()
        assert mine is not None
        return mine.id, mine.num_workers, mine.seed, type(mine.dataset).__name__, os.getpid()

    (first, second) = loader(2, info)
    assert (first[0].item(), second[0].item()) == (0, 1)
    assert first[1].item() == 2
    assert second[2].item() == first[2].item() + 1
    assert first[3] == ["Made"] or first[3] == ("Made",)
    assert len({first[4].item(), second[4].item(), os.getpid()}) == 3
    assert get_worker_info() is None


# ------------------------------------------------------------------------------------------------ memory
def test_big_batches_are_whole_writable_and_stay() -> None:
    """Each batch keeps its numbers for as long as it is held, however many follow it; then its memory is used again."""
    held = []
    for n, (x, i) in enumerate(loader(200, lambda i: (np.full((2, 4500), i, np.float64), i), batch_size=2)):
        assert x.value.flags.writeable
        assert x.value.flags.aligned
        held.append((x, i))
        x.value[0, 0, 0] += 0.5
        assert n == len(held) - 1
    for n, (x, i) in enumerate(held):
        assert i.tolist() == [2 * n, 2 * n + 1]
        want = np.repeat([2.0 * n, 2.0 * n + 1], 9000).reshape(2, 2, 4500)
        want[0, 0, 0] += 0.5
        np.testing.assert_array_equal(x.value, want)


@pytest.mark.skipif(not HAS_SEGMENTS, reason="this platform has no memfd_create")
def test_memory_is_used_again() -> None:
    addresses = {x.value.ctypes.data for x in loader(100, lambda i: np.full(9000, i, np.float64), batch_size=2)}
    assert len(addresses) <= 12


@pytest.mark.skipif(not HAS_SEGMENTS, reason="this platform has no memfd_create")
def test_a_segment_is_not_lent_again_while_what_was_built_in_it_lives() -> None:
    arena = Arena()
    first = arena.empty((20_000,), np.dtype(np.float64))
    first[:] = 1.0
    view = first[10:20]
    del first
    second = arena.empty((20_000,), np.dtype(np.float64))
    second[:] = 2.0
    assert view.tolist() == [1.0] * 10
    where = view.ctypes.data - 80
    del view
    third = arena.empty((20_000,), np.dtype(np.float64))
    assert third.ctypes.data == where  # now it is
    block = arena.place(memoryview(third).cast("B"))
    del third
    assert arena.empty((20_000,), np.dtype(np.float64)).ctypes.data != where  # the loader still reads it
    arena.give_back([block.segment])
    assert arena.empty((20_000,), np.dtype(np.float64)).ctypes.data == where
    for segment in arena._segments.values():
        os.close(segment.file)


def test_a_view_keeps_the_memory() -> None:
    views = [x.value[:, 3::100] for x in loader(60, lambda i: np.full(9000, i, np.float64), batch_size=2)]
    for n, view in enumerate(views):
        np.testing.assert_array_equal(view, np.repeat([[2.0 * n], [2.0 * n + 1]], view.shape[1], axis=1))


def test_what_the_worker_keeps_is_not_overwritten() -> None:
    """A batch that the worker's own code holds on to is not built over."""
    kept: list[Any] = []

    def keep(samples: list[Any]) -> Any:
        from autograd_cnn.utils.data import default_collate

        kept.append(default_collate(samples))
        return [kept[0], kept[-1]]

    for n, (first, last) in enumerate(loader(12, lambda i: np.full(9000, i), num_workers=1, collate_fn=keep)):
        assert first.value[0, 0] == 0
        assert last.value[0, 0] == n
        assert (first.value == 0).all()


def test_batches_outlive_the_loader() -> None:
    batches = list(loader(6, lambda i: np.full(30000, i)))
    gc.collect()
    assert [b.value[0, -1] for b in batches] == [0, 1, 2, 3, 4, 5]


def test_all_kinds_of_values_travel() -> None:
    def make(i: int) -> Any:
        return {
            "big": np.full((3, 9000), i, np.float32),
            "bytes": np.full(3, i, np.uint8),
            "text": "x" * i,
            "none": [i, (i, 0.5)],
            "column": np.asfortranarray(np.arange(27000.0).reshape(3, 9000) + i),
            "zero": np.zeros((0, 3)),
        }

    got = list(loader(4, make, batch_size=2))
    want = list(DataLoader(Made(4, make), batch_size=2))
    for one, other in zip(got, want, strict=True):
        assert one["text"] == other["text"]
        for name in ("big", "bytes", "column", "zero"):
            assert one[name].value.dtype == other[name].value.dtype
            np.testing.assert_array_equal(one[name].value, other[name].value)
        assert one["none"][1][1].tolist() == [0.5, 0.5]


def test_big_values_of_own_collate_functions() -> None:
    """Arrays that were not built in shared memory, one of them twice, one a transposed view, and a read-only one."""

    def own(samples: list[int]) -> Any:
        x = np.full((300, 40), samples[0], np.float64)
        frozen = x + 1
        frozen.flags.writeable = False
        return x, x, wrap(x.T), frozen, b"z" * 100_000

    for n, (x, again, turned, frozen, text) in enumerate(loader(8, lambda i: i, collate_fn=own)):
        assert isinstance(turned, Tensor)
        for array, value in ((x, n), (again, n), (turned.value, n), (frozen, n + 1)):
            assert (array == value).all()
        assert turned.shape == (40, 300)
        assert len(text) == 100_000


def test_tensor_datasets_are_gathered_in_workers_too() -> None:
    x = np.arange(200_000.0).reshape(20, 10_000)
    batches = list(DataLoader(TensorDataset(wrap(x), wrap(np.arange(20))), 4, num_workers=2, **FORK))
    np.testing.assert_array_equal(np.concatenate([b[0].value for b in batches]), x)
    assert [i for b in batches for i in b[1].tolist()] == list(range(20))


def test_very_long_index_lists_do_not_block() -> None:
    """Tasks and answers too big for the pipe, on both ways at once."""
    n = 60_000
    batches = list(DataLoader(range(3 * n), n, num_workers=1, collate_fn=lambda s: [str(i) for i in s], **FORK))
    assert [len(b) for b in batches] == [n, n, n]
    assert batches[2][-1] == str(3 * n - 1)


# ------------------------------------------------------------------------------------------------ streams
class Shares(IterableDataset[int]):
    def __init__(self, ends: tuple[int, ...]) -> None:
        self.ends = ends

    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()
        assert info is not None
        return iter(range(100 * info.id, 100 * info.id + self.ends[info.id]))


class Ending(IterableDataset[int]):
    """Worker 0 has one sample; worker 1 has nine, and goes on with them at leisure when the other has ended."""

    def __init__(self) -> None:
        self.ended = mmap.mmap(-1, 1)  # memory that forks share

    def __iter__(self) -> Iterator[int]:
        if get_worker_info().id == 0:  # type: ignore[union-attr]
            yield 0
            self.ended[0] = 1
            return
        while not self.ended[0]:
            time.sleep(0.005)
        for i in range(1, 10):
            time.sleep(0.05)
            yield i


@pytest.mark.parametrize("persistent", [False, True])
def test_streams_of_different_lengths(persistent: bool) -> None:
    data = DataLoader(Shares((5, 1)), 2, num_workers=2, persistent_workers=persistent, **FORK)
    for _ in range(3):
        assert lists(data) == [[0, 1], [100], [2, 3], [4]]


def test_an_empty_stream() -> None:
    assert list(DataLoader(Shares((0, 0)), 2, num_workers=2, **FORK)) == []


class Twice:
    """Defined at the top of a module, so that workers can be spawned with it."""

    def __len__(self) -> int:
        return 5

    def __getitem__(self, i: int) -> Any:
        return 2 * i, np.full(9000, i)


def test_spawned_workers() -> None:
    data = DataLoader(Twice(), 2, num_workers=1, multiprocessing_context="spawn")
    assert [(b[0].tolist(), b[1].value[:, -1].tolist()) for b in data] == [
        ([0, 2], [0, 1]),
        ([4, 6], [2, 3]),
        ([8], [4]),
    ]


def test_a_lambda_cannot_be_spawned() -> None:
    with pytest.raises(Exception, match=r"pickle") as caught:
        list(DataLoader(Twice(), num_workers=1, collate_fn=lambda s: s, multiprocessing_context="spawn"))
    assert any("top of a module" in note for note in caught.value.__notes__)


def test_without_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on platforms that have no anonymous shared memory: arrays go through the pipe."""
    from autograd_cnn.utils.data import transport

    monkeypatch.setattr(transport, "HAS_SEGMENTS", False)
    make = lambda i: (np.full((50, 200), i, np.float32), np.full(3, i))
    for n, (x, y) in enumerate(loader(9, make)):
        assert (x.value == n).all()
        assert x.value.flags.writeable
        assert y.tolist() == [[n, n, n]]


def test_an_interrupted_receive_is_not_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    it: Any = iter(loader(9, lambda i: i))
    next(it)
    inlet = it._team._inlets[1]
    receive = inlet.receive

    def interrupted() -> Any:
        receive()
        raise KeyboardInterrupt

    inlet.receive = interrupted
    with pytest.raises(KeyboardInterrupt):
        next(it)
    with pytest.raises(RuntimeError, match=r"interrupted while it received a batch.*iter\(loader\)"):
        next(it)
