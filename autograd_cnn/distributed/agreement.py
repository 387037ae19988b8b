"""Before processes do something together, they compare what they are about to do: a program in which they differ hears who does what,
instead of waiting for ever or adding numbers that do not belong together."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from .errors import DistBackendError
from .groups import ProcessGroup
from .work import wait_for


def agree(group: ProcessGroup, operation: str, told: str, turn: int, *counts: int) -> np.ndarray[Any, Any]:
    """All processes of the group come to their operation number `turn`. They must say the same `told` (what they are about to do: the
    operation, sizes, dtype, roots); `counts`, equally many, may differ. Returns everybody's counts.

    Raises:
        DistBackendError: a process is not there in time, or does something else.
    """
    size = group.size()
    mine = np.array([turn, zlib.crc32(told.encode()), len(counts), *counts], np.int64)
    heads = np.empty((size, 3), np.int64)
    request = group.comm.Iallgather(mine[:3].copy(), heads)
    wait_for(request, group.seconds, lambda: _late(group, operation, turn))
    if (heads != mine[:3]).any():
        raise _differ(group, told, turn)
    everybody = np.empty((size, len(counts)), np.int64)
    if counts:
        group.comm.Allgather(mine[3:].copy(), everybody)
    return everybody


def _late(group: ProcessGroup, operation: str, turn: int) -> DistBackendError:
    """Who is waited for? Those who wait tell one another."""
    size, rank = group.size(), group.rank()
    here = {rank}
    mark = np.zeros(1, np.int8)
    tag = 31_000 + turn % 1_000
    requests = [group.messages.Isend(mark, other, tag) for other in range(size) if other != rank]
    import time

    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        for other in range(size):
            if other not in here and group.messages.Iprobe(other, tag):
                group.messages.Recv(np.empty(1, np.int8), other, tag)
                here.add(other)
        time.sleep(0.01)
    del requests
    missing = [group.ranks[r] for r in range(size) if r not in here]
    who = f"rank {', '.join(map(str, missing))} is not there" if missing else "the others came just now"
    return DistBackendError(
        f"{operation} on rank {group.ranks[rank]} waited {group.seconds:g} s for the others in operation {turn} of {group.group_name}: {who}. "
        "It may have ended, hang, or skip this operation; init_process_group(timeout=) says how long to wait."
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
