"""What the tests of worker processes share."""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograd_cnn.utils.data import DataLoader

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="these tests pass closures to workers")
few_processors = pytest.mark.filterwarnings("ignore:This DataLoader will create")  # two workers, perhaps one processor
FORK: dict[str, Any] = {"multiprocessing_context": "fork"} if hasattr(os, "fork") else {}


class Made:
    """A dataset of n samples made by a function."""

    def __init__(self, n: int, make: Callable[[int], Any]) -> None:
        self.n = n
        self.make = make

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Any:
        return self.make(i)


def loader(n: int, make: Callable[[int], Any], **options: Any) -> DataLoader[Any]:
    """A loader with two forked workers."""
    return DataLoader(Made(n, make), **{"num_workers": 2, **FORK, **options})


def lists(batches: Any) -> list[Any]:
    return [batch.tolist() for batch in batches]


def alive(pid: int) -> bool:
    """Does this process run? (A zombie does not.)"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids: list[int], seconds: float = 8.0) -> bool:
    end = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def connections() -> int:
    """The open sockets and shared segments of this process, nameless (memfd) or named (/dev/shm). What others have there is theirs."""
    kinds = [os.readlink(file) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]
    mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if "/dev/shm/" in line]
    return sum(kind.startswith(("socket:", "/dev/shm/")) or "memfd" in kind for kind in kinds) + len(mapped)


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """No process, no shared memory, no connection is left of any test."""
    gc.collect()
    before = connections()
    yield
    gc.collect()
    assert multiprocessing.active_children() == []
    assert connections() <= before
