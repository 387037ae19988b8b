"""Arrays on their way from a worker: through the pipe or through shared memory they come the same, at every size about the border."""

from __future__ import annotations

import mmap
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_cnn.utils.data import DataLoader, transport

SIZES = [0, 1, transport.BIG // 8 - 1, transport.BIG // 8, transport.BIG // 8 + 1, transport.BIG // 4, 3 * transport.BIG]


class Arrays:
    """Samples of all sizes and several types; each entry knows its sample."""

    def __len__(self) -> int:
        return 2 * len(SIZES)

    def __getitem__(self, i: int) -> Any:
        n = SIZES[i % len(SIZES)]
        return i, np.arange(n) + i, np.full((3, n), i, np.float32)[:, ::2], np.arange(n) % 3 == i % 3


def _same(batch: Any) -> Any:
    return batch[0]


@pytest.mark.parametrize("border", [1, transport.BIG, 1 << 40])
@pytest.mark.parametrize("segments", [True, False])
def test_the_same_whichever_way(monkeypatch: pytest.MonkeyPatch, border: int, segments: bool) -> None:
    monkeypatch.setattr(transport, "BIG", border)
    if not segments:
        monkeypatch.setattr(transport, "HAS_SEGMENTS", False)
    kept = list(DataLoader(Arrays(), num_workers=2, collate_fn=_same))  # all of them stay: no segment may be used twice meanwhile
    for i, (number, *arrays) in enumerate(kept):
        assert number == i
        for came, made in zip(arrays, Arrays()[i][1:], strict=True):
            assert came.dtype == made.dtype and np.array_equal(came, made) and came.flags.writeable


# ------------------------------------------------------------------------------------------------ both ends in this process
needs_segments = pytest.mark.skipif(not transport.HAS_SEGMENTS, reason="this platform has no memfd_create")


class Line:
    """A worker's end and the loader's, with the pipe between them."""

    def __init__(self) -> None:
        self.there, self.here = multiprocessing.Pipe()
        self.arena = transport.Arena()
        self.outlet = transport.Outlet(self.there, self.arena)
        self.inlet = transport.Inlet(self.here)

    def carry(self, message: Any) -> Any:
        """One message, and what the loader frees told to the worker, as with a task."""
        self.arena.give_back(self.inlet.freed())
        self.outlet.send(message)
        return self.inlet.receive()


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.there.close()
    made.here.close()
    for segment in made.arena._segments.values():
        segment.close_file()


def _files() -> int:
    """The open files of shared segments; each that is mapped has one, and another until it was sent."""
    return sum("memfd" in os.readlink(file) for file in Path("/proc/self/fd").iterdir() if file.is_symlink())


@needs_segments
def test_segments_without_need_are_given_up_on_both_sides(line: Line) -> None:
    """Batches of ever other sizes: neither end keeps more segments than may lie idle, and one that is used."""
    for n in range(40):
        array = line.carry(np.full(transport.BIG // 8 * (n + 1), n, np.float64))
        assert (array == n).all() and array.size == transport.BIG // 8 * (n + 1)
        del array
        assert len(line.arena._segments) <= transport._IDLE + 1
        assert line.inlet._segments.keys() == line.arena._segments.keys()
        assert line.arena.dropped == []  # told once


@needs_segments
def test_of_idle_segments_as_many_stay_as_are_allowed(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_IDLE", 3)
    kept = [line.arena.empty((size << 20,), np.dtype(np.uint8)) for size in (1, 5, 25, 125)]
    assert list(line.arena._segments) == [0, 1, 2, 3]  # none of them is idle
    del kept
    line.arena.empty((625 << 20,), np.dtype(np.uint8))
    assert list(line.arena._segments) == [2, 3, 4]


@needs_segments
def test_a_segment_that_was_never_sent_leaves_no_file(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was built in it did not become a batch: collating failed later."""
    monkeypatch.setattr(transport, "_IDLE", 1)
    before = _files()
    for n in range(5):
        line.arena.empty((5**n << 16,), np.dtype(np.uint8))
        assert _files() == before + 2 * len(line.arena._segments) == before + 2


@needs_segments
def test_a_segment_that_cannot_be_mapped_leaves_no_file(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise OSError("no room")

    before = _files()
    monkeypatch.setattr(mmap, "mmap", full)
    with pytest.raises(OSError, match="no room"):
        line.arena.empty((1 << 20,), np.dtype(np.uint8))
    assert _files() == before
    assert line.arena._segments == {}


@needs_segments
def test_batches_that_are_collected_are_copied_from_some_number_on(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond it stand in memory of their own: the segments they came in are lent again at once."""
    monkeypatch.setattr(transport, "_MAPPED", 2)
    size = transport.BIG // 8
    held = [line.carry(np.full(size, n, np.float64)) for n in range(7)]
    assert [bool((array == n).all()) for n, array in enumerate(held)] == [True] * 7
    assert all(array.flags.writeable for array in held)
    assert len(line.arena._segments) == 3
    del held[:2]  # two segments may be used again, and are before a batch is copied
    where = held[-1].ctypes.data
    later = line.carry(np.full(size, 8.0))
    assert len(line.inlet._used) == 1
    assert (held[-1] == 6).all() and (later == 8).all() and later.ctypes.data != where
    assert len(line.arena._segments) == 3


@needs_segments
def test_a_message_that_cannot_be_sent_takes_no_segment(line: Line) -> None:
    for _ in range(3):
        with pytest.raises((TypeError, AttributeError), match=r"pickle|generator"):
            line.outlet.send([np.ones(transport.BIG), (i for i in "ab")])
    assert len(line.arena._segments) == 1
    assert [segment.sent for segment in line.arena._segments.values()] == [0]
    assert line.carry("text") == "text"


@needs_segments
def test_the_file_of_a_segment_is_sent_once(line: Line) -> None:
    array, before = np.ones(transport.BIG // 8), _files()
    came = line.carry([array, array + 1, array])
    assert [a[-1] for a in came] == [1, 2, 1]
    assert _files() == before + 2 * len(line.arena._segments)
    number = next(iter(line.arena._segments))
    with pytest.raises(RuntimeError, match=f"segment {number} was sent before"):
        line.arena.file_of(transport.Block(number, 0, 1))
