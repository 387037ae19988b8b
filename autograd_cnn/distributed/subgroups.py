"""Groups of some of the processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from .agreement import together
from .groups import Backend, GroupMember, ProcessGroup, members, of, seconds_of

__all__ = ["new_group"]

_numbers = count(1)


def new_group(
    ranks: Sequence[int] | None = None,
    timeout: timedelta | None = None,
    backend: str | None = None,
    pg_options: Any = None,
    use_local_synchronization: bool = False,
    group_desc: str | None = None,
    device_id: Any = None,
    sort_ranks: bool = True,
) -> Any:
    """A group of some of the processes. Every process of the world calls it, also those that are not of it: they get
    `GroupMember.NON_GROUP_MEMBER`.

    Args:
        sort_ranks: the group numbers its processes in the order of the world, not in that of `ranks`.

    Raises:
        ValueError: a rank that is not there, or twice.
        DistBackendError: the processes name different ranks.

    Source: torch.distributed.new_group.
    """
    world = of(None, "new_group")
    chosen = tuple(range(world.size())) if ranks is None else tuple(sorted(ranks) if sort_ranks else ranks)
    if not chosen or len(set(chosen)) != len(chosen) or min(chosen) < 0 or max(chosen) >= world.size():
        raise ValueError(f"new_group: ranks={list(ranks or ())} in a world of {world.size()} processes; expected some of them, each once.")
    name, engine = group_desc or f"group {next(_numbers)}", Backend(backend or world.backend)
    seconds = world.seconds if timeout is None else seconds_of(timeout)
    made: list[ProcessGroup] = []

    def split() -> None:
        comm = world.comm.Split(*((0, chosen.index(world.rank())) if world.rank() in chosen else (world.mpi.UNDEFINED, 0)))
        if world.rank() in chosen:
            made.append(ProcessGroup(world.mpi, comm, chosen, seconds, engine, name))

    together(world, "new_group", f"new_group({list(chosen)})", split, None, False)
    members.extend(made)
    return made[0] if made else GroupMember.NON_GROUP_MEMBER
