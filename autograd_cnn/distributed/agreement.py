"""Before processes do something together, they compare what they are about to do: a program in which they differ hears who does what,
instead of waiting for ever or adding numbers that do not belong together."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import DistBackendError
from .groups import ProcessGroup
from .work import Work, wait_for

_TELLING = 1.0  # seconds in which those who waited in vain tell one another that they are there
_LATE = 7  # the tag of that message


def together(
    group: ProcessGroup,
    operation: str,
    what: str,
    call: Callable[[], None],
    result: Any,
    async_op: bool,
    counts: tuple[int, ...] = (),
    check: Callable[[np.ndarray[Any, Any]], None] | None = None,
    seconds: float | None = None,
) -> Work | None:
    """Agree, then do it: now, or on the group's lane.

    Args:
        what: what all must say alike: the operation, sizes, dtype, roots.
        counts: numbers that may differ from process to process; `check` sees everybody's.
        seconds: how long to wait for the others; the group's time if not given.
    """
    group.turn += 1
    turn = group.turn

    def run() -> None:
        everybody = _agree(group, operation, what, turn, counts, group.seconds if seconds is None else seconds)
        if check is not None:
            check(everybody)
        call()

    return group.lane.do(operation, run, result, async_op)


def _agree(group: ProcessGroup, operation: str, told: str, turn: int, counts: tuple[int, ...], seconds: float) -> np.ndarray[Any, Any]:
    """Everybody's counts. Raises DistBackendError: a process is not there in time, or does something else."""
    if group.broken is not None:
        raise DistBackendError(f"{operation}: {group.group_name} is of no use any more: {group.broken}")
    size = group.size()
    mine = np.array([turn, zlib.crc32(told.encode()), len(counts), *counts], np.int64)
    heads = np.empty((size, 3), np.int64)
    sent = mine[:3].copy()
    request = group.comm.Iallgather(sent, heads)
    if not wait_for(request, seconds, lambda: bool(group.somebody_left())):
        group.ends.abandoned.append((request, sent, heads))  # MPI may write there as long as it lives
        left = group.somebody_left()
        group.broken = _left(group, operation, turn, left) if left else _late(group, operation, turn, seconds)
        raise DistBackendError(group.broken)
    if (heads != sent).any():
        raise _differ(group, told, turn)
    everybody = np.empty((size, len(counts)), np.int64)
    if counts:
        group.comm.Allgather(mine[3:].copy(), everybody)
    return everybody


def _late(group: ProcessGroup, operation: str, turn: int, seconds: float) -> str:
    """Who is waited for? Those who wait tell one another."""
    size, rank = group.size(), group.rank()
    here = {rank}
    mark = np.array([turn], np.int64)
    group.ends.abandoned.extend((group.comm.Isend(mark, other, _LATE), mark) for other in range(size) if other != rank)
    end = time.monotonic() + _TELLING
    while time.monotonic() < end and len(here) < size:
        for other in range(size):
            if other not in here and group.comm.Iprobe(other, _LATE):
                group.comm.Recv(np.empty(1, np.int64), other, _LATE)
                here.add(other)
        time.sleep(0.01)
    missing = [group.ranks[r] for r in range(size) if r not in here]
    who = f"rank {', '.join(map(str, missing))} is not there" if missing else "all waited as long, and gave up together"
    return (
        f"{operation} on rank {group.ranks[rank]} waited {seconds:g} s for the others in operation {turn} of {group.group_name}: {who}. "
        "It may have ended, hang, or skip this operation; init_process_group(timeout=) says how long to wait."
    )


def _left(group: ProcessGroup, operation: str, turn: int, left: list[int]) -> str:
    return (
        f"{operation} on rank {group.ranks[group.rank()]}: rank {', '.join(map(str, left))} has come to the end of its program and does not "
        f"take part in operation {turn} of {group.group_name}. Every process of a group does the same number of operations."
    )


def _differ(group: ProcessGroup, told: str, turn: int) -> DistBackendError:
    said = group.comm.allgather((turn, told))
    lines: dict[tuple[int, str], list[int]] = {}
    for rank, what in zip(group.ranks, said, strict=True):
        lines.setdefault(what, []).append(rank)
    each = "; ".join(f"rank {', '.join(map(str, who))}: {what} (operation {at})" for (at, what), who in lines.items())
    return DistBackendError(
        f"the processes of {group.group_name} do not do the same thing: {each}. Every process of a group asks for the same operations, with "
        "tensors of the same shape and dtype, in the same order."
    )
