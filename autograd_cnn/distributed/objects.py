"""Python objects between processes, pickled: only from programs that trust one another, as the processes of one job do."""

from __future__ import annotations

import pickle
from typing import Any

from .agreement import together
from .groups import ProcessGroup, members_only, of

__all__ = ["all_gather_object", "broadcast_object_list", "gather_object", "scatter_object_list"]


@members_only
def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """object_list[i] ← the object of process i, everywhere.

    Source: torch.distributed.all_gather_object.
    """
    g = of(group, "all_gather_object")
    _room("all_gather_object", "object_list", object_list, g)
    mine = pickle.dumps(obj)
    together(g, "all_gather_object", "all_gather_object()", lambda: _into(object_list, g.comm.allgather(mine)), None, False)


@members_only
def gather_object(
    obj: Any, object_gather_list: list[Any] | None = None, dst: int | None = None, group: Any = None, group_dst: int | None = None
) -> None:
    """On `dst` (0 if none is given): object_gather_list[i] ← the object of process i.

    Source: torch.distributed.gather_object.
    """
    g = of(group, "gather_object")
    root = g.place("gather_object", 0 if dst is None and group_dst is None else dst, group_dst, "dst")
    here = g.rank() == root
    if here:
        _room("gather_object", "object_gather_list", object_gather_list, g)
    elif object_gather_list:
        raise ValueError("gather_object: argument object_gather_list must NOT be given on other ranks than the destination.")
    mine = pickle.dumps(obj)

    def call() -> None:
        came = g.comm.gather(mine, root)
        if here:
            _into(object_gather_list or [], came)

    together(g, "gather_object", f"gather_object(dst={g.ranks[root]})", call, None, False)


@members_only
def broadcast_object_list(
    object_list: list[Any], src: int | None = None, group: Any = None, device: Any = None, group_src: int | None = None
) -> None:
    """object_list ← that of process `src` (0 if none is given), everywhere, in place.

    Source: torch.distributed.broadcast_object_list.
    """
    g = of(group, "broadcast_object_list")
    root = g.place("broadcast_object_list", 0 if src is None and group_src is None else src, group_src, "src")
    if not isinstance(object_list, list):
        raise TypeError(f"broadcast_object_list: expected a list of objects, got {type(object_list).__name__}.")
    mine = [pickle.dumps(o) for o in object_list] if g.rank() == root else None

    def call() -> None:
        came = g.comm.bcast(mine, root)
        if g.rank() != root:
            _into(object_list, came)

    what = f"broadcast_object_list({len(object_list)} objects, src={g.ranks[root]})"
    together(g, "broadcast_object_list", what, call, None, False)


@members_only
def scatter_object_list(
    scatter_object_output_list: list[Any],
    scatter_object_input_list: list[Any] | None = None,
    src: int | None = None,
    group: Any = None,
    group_src: int | None = None,
) -> None:
    """scatter_object_output_list[0] ← scatter_object_input_list[i] of process `src` (0 if none is given), on process i.

    Source: torch.distributed.scatter_object_list.
    """
    g = of(group, "scatter_object_list")
    root = g.place("scatter_object_list", 0 if src is None and group_src is None else src, group_src, "src")
    if not isinstance(scatter_object_output_list, list) or not scatter_object_output_list:
        raise ValueError("scatter_object_list: expected argument scatter_object_output_list to be a list of size at least 1.")
    mine = None
    if g.rank() == root:
        _room("scatter_object_list", "scatter_object_input_list", scatter_object_input_list, g)
        mine = [pickle.dumps(o) for o in scatter_object_input_list or ()]

    def call() -> None:
        scatter_object_output_list[0] = pickle.loads(g.comm.scatter(mine, root))

    together(g, "scatter_object_list", f"scatter_object_list(src={g.ranks[root]})", call, None, False)


def _room(operation: str, name: str, objects: Any, g: ProcessGroup) -> None:
    if not isinstance(objects, list) or len(objects) != g.size():
        got = f"one of {len(objects)}" if isinstance(objects, list) else type(objects).__name__
        raise ValueError(f"{operation}: {name} must be a list with a place for each of the {g.size()} processes, got {got}.")


def _into(places: list[Any], pickled: list[bytes]) -> None:
    places[:] = [pickle.loads(p) for p in pickled]
