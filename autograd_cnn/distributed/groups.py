"""Groups of processes: the world, which `init_process_group` makes, and others of some of its ranks."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar, TypeVar, cast

from ..kernels.memory import threads
from .ends import ends
from .mpi import is_available, launched, load
from .rendezvous import join, meeting
from .work import Lane

F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "Backend",
    "GroupMember",
    "ProcessGroup",
    "default_pg_timeout",
    "destroy_process_group",
    "get_backend",
    "get_global_rank",
    "get_group_rank",
    "get_node_local_rank",
    "get_process_group_ranks",
    "get_rank",
    "get_world_size",
    "group",
    "init_process_group",
    "is_gloo_available",
    "is_initialized",
    "is_mpi_available",
    "is_nccl_available",
    "is_torchelastic_launched",
]

default_pg_timeout = timedelta(minutes=30)


class Backend(str):
    """Names of engines. There is one, MPI; programs that say "gloo" or "nccl" run on it."""

    UNDEFINED, GLOO, NCCL, UCC, MPI = "undefined", "gloo", "nccl", "ucc", "mpi"
    backend_list: ClassVar[list[str]] = [UNDEFINED, GLOO, NCCL, UCC, MPI]

    def __new__(cls, name: str) -> Backend:
        low = str(name).lower()
        for one in low.split(","):  # "cpu:gloo,cuda:nccl"
            if one.rpartition(":")[2] not in cls.backend_list:
                raise ValueError(
                    f"init_process_group: no backend is called {name!r}; expected mpi (or gloo, nccl, which mean the same here)."
                )
        return super().__new__(cls, low)


class ProcessGroup:
    """Some of the processes, their communicator, and what they do together, one thing after the other."""

    def __init__(self, mpi: Any, comm: Any, ranks: tuple[int, ...], seconds: float, backend: str, name: str) -> None:
        self.mpi, self.comm, self.ranks, self.seconds = mpi, comm, ranks, seconds
        self.messages = comm.Dup()  # point to point, apart from what all do together
        self.backend, self.group_name = backend, name
        self.lane = Lane(f"operations of {name}")
        self.turn = 0  # how many operations the group has been asked for
        self.broken: str | None = None  # why nothing can be done together any more
        self.ends = ends(mpi)

    def rank(self) -> int:
        """This process's number in the group."""
        return int(self.comm.rank)

    def size(self) -> int:
        """How many processes the group has."""
        return len(self.ranks)

    def name(self) -> str:
        """The name that the program gave the engine."""
        return self.backend

    def place(self, operation: str, rank: int | None, inside: int | None, what: str) -> int:
        """The place in this group of a process that is named by its rank in the world, or (`inside`) in the group."""
        if inside is not None:
            if rank is not None:
                raise ValueError(f"{operation}: {what}= and group_{what}= are both given; expected one of them.")
            if not 0 <= inside < self.size():
                raise ValueError(f"{operation}: group_{what}={inside} of a group of {self.size()} processes.")
            return inside
        if rank is None or rank not in self.ranks:
            raise ValueError(f"{operation}: {what}={rank} is not a rank of this group, which has {_listed(self.ranks)}.")
        return self.ranks.index(rank)

    def close(self) -> None:
        """Finish what is under way, and give the communicators back."""
        self.lane.close()
        if self.broken:  # MPI is still at it
            return
        self.messages.Free()
        self.comm.Free()

    def somebody_left(self) -> list[int]:
        """The ranks of the group (in the world) whose programs have come to their end."""
        return [r for r in self.ranks if r in self.ends.left()]

    def __repr__(self) -> str:
        return f"<ProcessGroup {self.group_name!r} of ranks {_listed(self.ranks)}>"


def _listed(ranks: Sequence[int]) -> str:
    return ", ".join(map(str, ranks)) if len(ranks) <= 8 else f"{ranks[0]}, {ranks[1]}, … {ranks[-1]}"


class _World(type):
    @property
    def WORLD(cls) -> ProcessGroup | None:
        """The group of all processes; None before `init_process_group`."""
        return members[0] if members else None


class group(metaclass=_World):
    """`group.WORLD`, the group of all processes."""


class GroupMember(metaclass=_World):
    """`WORLD`, and what `new_group` gives where this process is not of the group."""

    NON_GROUP_MEMBER = -100


members: list[ProcessGroup] = []  # of this process, the world first: MPI has one world a process, too


def is_initialized() -> bool:
    """Has this process joined the others?

    >>> import autograd_cnn as ac
    >>> ac.distributed.is_initialized()
    False
    """
    return bool(members)


def is_mpi_available() -> bool:
    """Is there a package that loads MPI?"""
    return is_available()


def is_gloo_available() -> bool:
    """The engine is MPI, also for programs that ask for gloo."""
    return is_mpi_available()


def is_nccl_available() -> bool:
    """There are no GPUs here."""
    return False


def is_torchelastic_launched() -> bool:
    """Was this process started by torchrun, which says so in TORCHELASTIC_RUN_ID?"""
    return "TORCHELASTIC_RUN_ID" in os.environ


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: timedelta | None = None,
    world_size: int = -1,
    rank: int = -1,
    store: Any = None,
    group_name: str = "",
    pg_options: Any = None,
    device_id: Any = None,
) -> None:
    """Join the other processes. Everything between processes comes after it.

    Processes started by MPI's own launcher know one another. Others meet at an address: `env://` (RANK, WORLD_SIZE, MASTER_ADDR,
    MASTER_PORT, which `autograd-cnn launch` sets), `tcp://HOST:PORT` or `file:///PATH` with `rank=` and `world_size=`; no mpiexec is
    needed then, rank 0 serves what MPI asks of one.

    The processors of a machine are divided among its ranks, unless OMP_NUM_THREADS says how many threads each has. A rank that raises
    ends the others.

    Args:
        backend: "mpi"; "gloo" and "nccl" mean the same engine, and say so once.
        timeout: how long operations wait for the others; 30 minutes if not given.

    Raises:
        ValueError: it was called before; or rank, world_size or the address are not known.
        DistError: there is no MPI.
        DistNetworkError, DistStoreError: the others were not found in time.

    Source: torch.distributed.init_process_group.
    """
    if members:
        raise ValueError("trying to initialize the default process group twice!")
    if store is not None:
        raise ValueError(
            "init_process_group: store= is not taken; ranks meet by init_method= (env://, tcp://, file://) or by MPI's launcher."
        )
    backend = Backend(backend or "mpi")
    seconds = seconds_of(timeout)
    if launched() or _joined():
        mpi = load()
        for name, given, true in (("rank", rank, mpi.COMM_WORLD.rank), ("world_size", world_size, mpi.COMM_WORLD.size)):
            if given >= 0 and given != true:
                raise ValueError(f"init_process_group: {name}={given}, but MPI was initialised in this process with {name} {true}.")
    else:
        rank, world_size, host, port = meeting(init_method, rank, world_size, seconds)
        mpi = join(rank, world_size, host, port, seconds)
    comm = mpi.COMM_WORLD.Dup()
    world = ProcessGroup(mpi, comm, tuple(range(comm.size)), seconds, backend, group_name or "default_pg")
    members.append(world)
    _share_processors(mpi, comm)
    if backend != Backend.MPI and world.rank() == 0:
        warnings.warn(f"init_process_group: the engine is MPI, whatever backend a program names ({backend!s} here).", stacklevel=2)


def _joined() -> bool:
    """Was MPI initialised before (it is once in a process), by a group that was destroyed since or by the program?"""
    mpi = sys.modules.get("mpi4py.MPI")
    return mpi is not None and mpi.Is_initialized() and not mpi.Is_finalized()


def seconds_of(timeout: timedelta | None) -> float:
    """A time-out in seconds, the default one for None."""
    if timeout is not None and not isinstance(timeout, timedelta):
        raise TypeError(f"Expected timeout argument to be of type datetime.timedelta, got {type(timeout).__name__}.")
    return (timeout or default_pg_timeout).total_seconds()


def _share_processors(mpi: Any, comm: Any) -> None:
    if "OMP_NUM_THREADS" in os.environ:
        return
    node = comm.Split_type(mpi.COMM_TYPE_SHARED)
    here = node.size
    node.Free()
    threads.set_num_threads(
        max(1, len(os.sched_getaffinity(0)) // here if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) // here)
    )


def of(group: Any, operation: str) -> ProcessGroup:
    """The group that is meant: the world if none is named.

    Raises:
        ValueError: there is no world yet, or this process is not of the group.
    """
    if not members:
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")
    if group is None:
        return members[0]
    if group == GroupMember.NON_GROUP_MEMBER:
        raise ValueError(
            f"{operation}: this process is not of the group; new_group gave it GroupMember.NON_GROUP_MEMBER. Ask get_rank(group) >= 0 first."
        )
    if not isinstance(group, ProcessGroup):
        raise TypeError(f"{operation}: expected a ProcessGroup, got {type(group).__name__}.")
    if group not in members:
        raise ValueError(f"{operation}: this group was destroyed.")
    return group


def members_only(operation: F) -> F:
    """Where this process is not of the group it names, an operation warns and gives None, as torch.distributed's do: a program may call it
    everywhere."""
    place = list(inspect.signature(operation).parameters).index("group")

    @functools.wraps(operation)
    def call(*args: Any, **kwargs: Any) -> Any:
        group = args[place] if len(args) > place else kwargs.get("group")
        if members and group == GroupMember.NON_GROUP_MEMBER:
            told = f"Running {operation.__name__} on global rank {members[0].rank()} which does not belong to the given group."
            warnings.warn(told, stacklevel=2)
            return None
        return operation(*args, **kwargs)

    return cast(F, call)


def get_rank(group: Any = None) -> int:
    """This process's number in the group (the world if none is given); -1 if it is not of the group.

    Raises:
        ValueError: `init_process_group` was not called.
    """
    if group == GroupMember.NON_GROUP_MEMBER and members:
        return -1
    return of(group, "get_rank").rank()


def get_world_size(group: Any = None) -> int:
    """How many processes the group has (the world if none is given); -1 if this one is not of it.

    Raises:
        ValueError: `init_process_group` was not called.
    """
    if group == GroupMember.NON_GROUP_MEMBER and members:
        return -1
    return of(group, "get_world_size").size()


def get_backend(group: Any = None) -> Backend:
    """The name that the program gave the engine."""
    return Backend(of(group, "get_backend").backend)


def get_node_local_rank(fallback_rank: int | None = None) -> int:
    """LOCAL_RANK, this process's number on its machine, as the launcher set it.

    Raises:
        RuntimeError: it is not set, and there is no `fallback_rank`.
    """
    if "LOCAL_RANK" in os.environ:
        return int(os.environ["LOCAL_RANK"])
    if fallback_rank is not None:
        return int(fallback_rank)
    raise RuntimeError("LOCAL_RANK is not in the environment. Start the program by `autograd-cnn launch`, or pass fallback_rank=.")


def get_process_group_ranks(group: Any = None) -> list[int]:
    """The ranks of the group's processes in the world."""
    return list(of(group, "get_process_group_ranks").ranks)


def get_global_rank(group: Any, group_rank: int) -> int:
    """The rank in the world of the group's process `group_rank`."""
    g = of(group, "get_global_rank")
    return g.ranks[g.place("get_global_rank", None, group_rank, "rank")]


def get_group_rank(group: Any, global_rank: int) -> int:
    """The rank in the group of the world's process `global_rank`."""
    return of(group, "get_group_rank").place("get_group_rank", global_rank, None, "rank")


def destroy_process_group(group: Any = None) -> None:
    """Leave the group; without one, the world and all groups. What is under way is finished first. MPI itself ends with the process, so a
    program may call `init_process_group` again.

    Raises:
        ValueError: `init_process_group` was not called.
    """
    if group == GroupMember.NON_GROUP_MEMBER:
        return
    leaving = of(group, "destroy_process_group")
    for each in reversed(members if leaving is members[0] else [leaving]):
        each.close()
    if leaving is members[0]:
        members.clear()
    else:
        members.remove(leaving)
