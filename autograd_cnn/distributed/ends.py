"""How a job of several processes ends: all together, whatever happens to one of them. MPI's own end waits for every process, for ever."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
import time
import traceback
from multiprocessing import util
from typing import Any

import numpy as np

from .mpi import launched

FOLLOWS = 70  # the exit code of a process that ends because another one is gone
_LEFT = 1  # the tag of the message of a process whose program has ended


class Ends:
    """Who has left, and leaving."""

    def __init__(self, mpi: Any) -> None:
        self.mpi, self.comm = mpi, mpi.COMM_WORLD.Dup()
        self.abandoned: list[Any] = []  # requests that MPI has not ended, with their memory
        self._left: set[int] = set()
        self._sent: list[Any] = []
        self._end_all_when_one_raises()
        if multiprocessing.parent_process() is None:
            atexit.register(self._leave)
        else:  # a child of multiprocessing may end without what is registered with atexit
            util.Finalize(None, self._leave_child, exitpriority=-1)

    def left(self) -> set[int]:
        """The ranks whose programs have come to their end."""
        status = self.mpi.Status()
        while self.comm.Iprobe(self.mpi.ANY_SOURCE, _LEFT, status):
            self.comm.Recv(np.empty(1, np.int8), status.source, _LEFT)
            self._left.add(status.source)
        return self._left

    def _leave(self) -> None:
        """The program is over here: say so, and wait until it is everywhere."""
        if self.mpi.Is_finalized():
            return
        if self.abandoned:
            self.end_all(1)
        mark = np.zeros(1, np.int8)
        self._sent = [self.comm.Isend(mark, other, _LEFT) for other in range(self.comm.size) if other != self.comm.rank]
        self._sent.append(mark)
        all_here = self.comm.Ibarrier()
        while not all_here.Test():  # Python's threads go on: the one that watches the others ends this process if one is gone
            time.sleep(0.002)
        self.left()

    def _leave_child(self) -> None:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()
            self.end_all(1)
        self._leave()
        if not self.mpi.Is_finalized():
            self.mpi.Finalize()

    def end_all(self, code: int) -> None:
        """End this process without MPI's own end; by which the other ranks end, too."""
        sys.stdout.flush()
        sys.stderr.flush()
        if self.mpi.Is_finalized():
            return
        if launched():
            self.mpi.COMM_WORLD.Abort(code)
        os._exit(code)  # the process manager of rendezvous.py sees it

    def _end_all_when_one_raises(self) -> None:
        shown = sys.excepthook

        def hook(kind: Any, value: Any, trace: Any) -> None:
            shown(kind, value, trace)
            self.end_all(130 if issubclass(kind, KeyboardInterrupt) else 1)

        sys.excepthook = hook


def fail(code: int) -> None:
    """This process ends as one that failed; the others hear of it. Nothing where it stands alone."""
    for each in _of_this_process:
        each.end_all(code)


_of_this_process: list[Ends] = []


def ends(mpi: Any) -> Ends:
    """There is one MPI in a process, however often a group is made on it."""
    if not _of_this_process:
        _of_this_process.append(Ends(mpi))
    return _of_this_process[0]
