"""Numbers that all processes of a group read and add to without waiting for one another: MPI's one-sided operations."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np

from .agreement import together
from .errors import DistBackendError
from .groups import ProcessGroup

_KINDS = {"float32": "FLOAT", "float64": "DOUBLE", "int64": "INT64_T"}  # MPI's names
_NEVER = np.iinfo(np.int64).max  # the clock of who has finished: nobody waits for it
_LOOK = 0.0005  # seconds between looks at the others' clocks


class Server:
    """A vector of numbers, each process of the group holding a part of it; with everybody's clock and a count of all additions.

    Additions are whole entry by entry, not as a vector: who reads meanwhile may get some entries with and some without.
    """

    def __init__(self, group: ProcessGroup, start: np.ndarray[Any, Any]) -> None:
        """All call it; they begin with the numbers of the group's first process."""
        self.group, self.size, self.dtype = group, start.size, start.dtype
        self._part = -(-start.size // group.size()) or 1
        mpi, comm = group.mpi, group.comm

        def make() -> None:
            here = np.ascontiguousarray(start).reshape(-1).copy()
            comm.Bcast(here, 0)
            self._numbers = mpi.Win.Allocate(self._part * self.dtype.itemsize, self.dtype.itemsize, comm=comm)
            self._clocks = mpi.Win.Allocate(8 * (group.size() + 1) if group.rank() == 0 else 0, 8, comm=comm)
            first = group.rank() * self._part
            mine = here[first : first + self._part]
            np.frombuffer(self._numbers.tomemory(), self.dtype)[: mine.size] = mine
            if group.rank() == 0:
                np.frombuffer(self._clocks.tomemory(), np.int64)[:] = 0
            for window in (self._numbers, self._clocks):
                window.Lock_all()
                window.Sync()
            comm.Barrier()

        together(group, "Server", f"{start.size} numbers, {start.dtype}", make, None, False)
        self._open = True
        node = comm.Split_type(mpi.COMM_TYPE_SHARED)
        if node.size < group.size():  # what comes from other machines is answered inside MPI's calls only
            threading.Thread(target=self._answer, daemon=True, name="answers one-sided operations").start()
        node.Free()

    def _answer(self) -> None:
        while self._open:
            self.group.messages.Iprobe()
            time.sleep(0.0002)

    def _parts(self, array: np.ndarray[Any, Any]) -> list[tuple[int, np.ndarray[Any, Any]]]:
        cut = range(0, self.size, self._part)
        return [(rank, array[at : at + self._part]) for rank, at in enumerate(cut)]

    def read(self) -> tuple[np.ndarray[Any, Any], int]:
        """The numbers now, and how many additions there were."""
        count = self._add_to_clock(self.group.size(), 0)
        found = np.empty(self.size, self.dtype)
        for rank, part in self._parts(found):
            self._get(self._numbers, part, rank)
        self._numbers.Flush_all()
        return found, count

    def _get(self, window: Any, into: np.ndarray[Any, Any], rank: int) -> None:
        """Each entry as it is between two additions, which MPI's plain Get does not promise."""
        kind = getattr(self.group.mpi, _KINDS[str(into.dtype)])
        window.Get_accumulate([into, 0, kind], [into, into.size, kind], rank, [0, into.size, kind], self.group.mpi.NO_OP)

    def add(self, change: np.ndarray[Any, Any]) -> int:
        """Add to the numbers; gives how many additions there were before."""
        for rank, part in self._parts(change):
            self._numbers.Accumulate(part, rank, op=self.group.mpi.SUM)
        self._numbers.Flush_all()
        return self._add_to_clock(self.group.size(), 1)

    def _add_to_clock(self, place: int, what: int) -> int:
        before = np.empty(1, np.int64)
        self._clocks.Fetch_and_op(np.array([what], np.int64), before, 0, place, self.group.mpi.SUM)
        self._clocks.Flush(0)
        return int(before[0])

    def tick(self) -> None:
        """This process is one step further."""
        self._add_to_clock(self.group.rank(), 1)

    def clocks(self) -> np.ndarray[Any, Any]:
        """How many steps each process has made; of those that have finished, a number above all others."""
        found = np.empty(self.group.size(), np.int64)
        self._get(self._clocks, found, 0)
        self._clocks.Flush(0)
        return found

    def wait(self, ahead: int) -> float:
        """Until this process is at most so many steps ahead of the slowest; gives the seconds it took.

        Raises:
            DistBackendError: that takes longer than the group's time-out.
        """
        begun = time.monotonic()
        while True:
            clocks = self.clocks()
            slowest = int(clocks.argmin())
            if clocks[self.group.rank()] - clocks[slowest] <= ahead:
                return time.monotonic() - begun
            if time.monotonic() - begun > self.group.seconds:
                raise DistBackendError(
                    f"step: waited {self.group.seconds:g} s for rank {self.group.ranks[slowest]}, which has made {clocks[slowest]} steps, this "
                    f"process {clocks[self.group.rank()]}; at most {ahead} ahead was asked for. Does that rank call finish() at its end?"
                )
            time.sleep(_LOOK)

    def finish(self) -> np.ndarray[Any, Any]:
        """All call it, each when it has added its last: waits for all, gives the numbers that came of it. The memory is given back."""
        self._clocks.Accumulate(np.array([_NEVER], np.int64), 0, self.group.rank(), self.group.mpi.MAX)
        self._clocks.Flush(0)
        found: list[np.ndarray[Any, Any]] = []

        def end() -> None:
            self.group.comm.Barrier()
            found.append(self.read()[0])
            self.group.comm.Barrier()
            for window in (self._numbers, self._clocks):
                window.Unlock_all()
                window.Free()

        together(self.group, "finish", "finish of a Server", end, None, False)
        self._open = False
        return found[0]
