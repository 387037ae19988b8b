"""What all processes of a group do together with tensors, named as torch.distributed names it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from ..tensors.creation import from_numpy
from ..tensors.tensor import Tensor
from .agreement import together
from .errors import DistBackendError
from .groups import ProcessGroup, members_only, of
from .reduce_op import ReduceOp, mpi_op, reducible
from .work import Work

__all__ = [
    "all_gather",
    "all_gather_into_tensor",
    "all_reduce",
    "all_to_all",
    "all_to_all_single",
    "barrier",
    "broadcast",
    "gather",
    "monitored_barrier",
    "reduce",
    "reduce_scatter",
    "reduce_scatter_tensor",
    "scatter",
]


# ------------------------------------------------------------------------------------------------- memory
def raw(operation: str, name: str, t: Any) -> np.ndarray[Any, Any]:
    """A tensor's numbers in memory that MPI may read: contiguous."""
    if not isinstance(t, Tensor):
        raise TypeError(f"{operation}: invalid parameter {name}: expected a Tensor, got {type(t).__name__}; make one with tensor(…).")
    return np.ascontiguousarray(t.detach().value).reshape(tuple(t.shape))


def raws(operation: str, name: str, tensors: Any) -> list[np.ndarray[Any, Any]]:
    """The numbers of several tensors, each as `raw` gives them."""
    if not isinstance(tensors, list | tuple):
        raise TypeError(f"{operation}: invalid parameter {name}: expected a list of Tensors, got {type(tensors).__name__}.")
    return [raw(operation, name, t) for t in tensors]


def put(t: Tensor, array: np.ndarray[Any, Any]) -> None:
    """Write into a tensor, through its own copy_: its version counts, its views see it, whatever its strides are."""
    t.detach().copy_(from_numpy(np.ascontiguousarray(array).reshape(tuple(t.shape))))


def told(array: np.ndarray[Any, Any]) -> str:
    """How an array is called where processes compare theirs."""
    return f"{array.dtype} {list(array.shape)}"


# ------------------------------------------------------------------------------------------------- reductions
def reduced(
    group: ProcessGroup, array: np.ndarray[Any, Any], op: ReduceOp, root: int | None = None, spare: bool = False
) -> np.ndarray[Any, Any]:
    """What `op` makes of everybody's arrays, in the array's dtype; with a root, of use there only. `spare`: the array may be written over."""
    kind = reducible("all_reduce", op, array.dtype)
    work = array if spare and kind == array.dtype else np.array(array, kind, order="C")
    mpi = group.mpi
    how = mpi_op(mpi, op, array.dtype)
    if root is None:
        group.comm.Allreduce(mpi.IN_PLACE, work, how)
    elif group.rank() == root:
        group.comm.Reduce(mpi.IN_PLACE, work, how, root)
    else:
        group.comm.Reduce(work, None, how, root)
    if op is ReduceOp.AVG:
        np.divide(work, work.dtype.type(group.size()), out=work)
    return work.astype(array.dtype, copy=False)


@members_only
def all_reduce(tensor: Tensor, op: ReduceOp = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> Work | None:
    """tensor ← op of every process's tensor, the same bits on all.

    Args:
        async_op: return a Work at once; the tensor holds the result when it is waited for.

    Raises:
        DistBackendError: the processes' tensors, operations or their order differ.
        ValueError: there is no group.

    Source: torch.distributed.all_reduce.
    """
    g = of(group, "all_reduce")
    array = raw("all_reduce", "tensor", tensor)
    reducible("all_reduce", op, array.dtype)
    return together(
        g, "all_reduce", f"all_reduce({told(array)}, {op.name})", lambda: put(tensor, reduced(g, array, op)), [tensor], async_op
    )


@members_only
def reduce(
    tensor: Tensor,
    dst: int | None = None,
    op: ReduceOp = ReduceOp.SUM,
    group: Any = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """On `dst` (a rank of the world; `group_dst` one of the group): tensor ← op of every process's tensor. The others' stay as they are.

    Source: torch.distributed.reduce.
    """
    g = of(group, "reduce")
    root = g.place("reduce", dst, group_dst, "dst")
    array = raw("reduce", "tensor", tensor)
    reducible("reduce", op, array.dtype)

    def call() -> None:
        result = reduced(g, array, op, root)
        if g.rank() == root:
            put(tensor, result)

    return together(g, "reduce", f"reduce({told(array)}, {op.name}, dst={g.ranks[root]})", call, [tensor], async_op)


# ------------------------------------------------------------------------------------------------- copies
@members_only
def broadcast(
    tensor: Tensor, src: int | None = None, group: Any = None, async_op: bool = False, group_src: int | None = None
) -> Work | None:
    """tensor ← the tensor of process `src`, everywhere.

    Source: torch.distributed.broadcast.
    """
    g = of(group, "broadcast")
    root = g.place("broadcast", src, group_src, "src")
    array = raw("broadcast", "tensor", tensor)

    def call() -> None:
        mine = array if g.rank() == root else np.empty_like(array)
        g.comm.Bcast(_bytes(mine), root)
        if g.rank() != root:
            put(tensor, mine)

    return together(g, "broadcast", f"broadcast({told(array)}, src={g.ranks[root]})", call, [tensor], async_op)


def _bytes(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same memory as bytes: MPI moves what it knows no name for (halves, bools) just as well."""
    return array.reshape(-1).view(np.uint8)


def _gathered(g: ProcessGroup, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    out = np.empty((g.size(), *array.shape), array.dtype)
    g.comm.Allgather(_bytes(array), _bytes(out))
    return out


def _fits(operation: str, name: str, tensors: Sequence[np.ndarray[Any, Any]], like: np.ndarray[Any, Any], size: int) -> None:
    if len(tensors) != size:
        raise ValueError(f"{operation}: {name} has {len(tensors)} tensors; expected one for each of the {size} processes.")
    for i, t in enumerate(tensors):
        if t.shape != like.shape or t.dtype != like.dtype:
            raise ValueError(f"{operation}: {name}[{i}] is {told(t)}; expected {told(like)}, as every process's tensor.")


@members_only
def all_gather(tensor_list: list[Tensor], tensor: Tensor, group: Any = None, async_op: bool = False) -> Work | None:
    """tensor_list[i] ← the tensor of process i, everywhere.

    Source: torch.distributed.all_gather.
    """
    g = of(group, "all_gather")
    array = raw("all_gather", "tensor", tensor)
    _fits("all_gather", "tensor_list", raws("all_gather", "tensor_list", tensor_list), array, g.size())

    def call() -> None:
        for t, part in zip(tensor_list, _gathered(g, array), strict=True):
            put(t, part)

    return together(g, "all_gather", f"all_gather({told(array)})", call, tensor_list, async_op)


@members_only
def all_gather_into_tensor(output_tensor: Tensor, input_tensor: Tensor, group: Any = None, async_op: bool = False) -> Work | None:
    """output ← the inputs of all processes, one after another along dim 0, or stacked in a new dim 0.

    Source: torch.distributed.all_gather_into_tensor.
    """
    g = of(group, "all_gather_into_tensor")
    array, out = raw("all_gather_into_tensor", "input_tensor", input_tensor), raw("all_gather_into_tensor", "output_tensor", output_tensor)
    if out.size != array.size * g.size() or out.dtype != array.dtype:
        raise ValueError(
            f"all_gather_into_tensor: output_tensor is {told(out)}, input_tensor {told(array)}; expected {g.size()} times its size, of its dtype."
        )
    return together(
        g,
        "all_gather_into_tensor",
        f"all_gather_into_tensor({told(array)})",
        lambda: put(output_tensor, _gathered(g, array)),
        [output_tensor],
        async_op,
    )


@members_only
def gather(
    tensor: Tensor,
    gather_list: list[Tensor] | None = None,
    dst: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """On `dst` (0 if none is given): gather_list[i] ← the tensor of process i.

    Source: torch.distributed.gather.
    """
    g = of(group, "gather")
    root = g.place("gather", 0 if dst is None and group_dst is None else dst, group_dst, "dst")
    array = raw("gather", "tensor", tensor)
    here = g.rank() == root
    if here:
        if gather_list is None:
            raise ValueError("gather: argument gather_list must be given on the destination rank.")
        _fits("gather", "gather_list", raws("gather", "gather_list", gather_list), array, g.size())
    elif gather_list:
        raise ValueError("gather: argument gather_list must NOT be given on other ranks than the destination.")

    def call() -> None:
        out = np.empty((g.size(), *array.shape), array.dtype) if here else None
        g.comm.Gather(_bytes(array), None if out is None else _bytes(out), root)
        if out is not None:
            for t, part in zip(gather_list or (), out, strict=True):
                put(t, part)

    return together(g, "gather", f"gather({told(array)}, dst={g.ranks[root]})", call, gather_list, async_op)


@members_only
def scatter(
    tensor: Tensor,
    scatter_list: list[Tensor] | None = None,
    src: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """tensor ← scatter_list[i] of process `src` (0 if none is given), on process i.

    Source: torch.distributed.scatter.
    """
    g = of(group, "scatter")
    root = g.place("scatter", 0 if src is None and group_src is None else src, group_src, "src")
    array = raw("scatter", "tensor", tensor)
    here = g.rank() == root
    given = None
    if here:
        if not scatter_list:
            raise ValueError("scatter: argument scatter_list must be given on the source rank.")
        parts = raws("scatter", "scatter_list", scatter_list)
        _fits("scatter", "scatter_list", parts, array, g.size())
        given = np.stack(parts)
    elif scatter_list:
        raise ValueError("scatter: argument scatter_list must NOT be given on other ranks than the source.")

    def call() -> None:
        mine = np.empty_like(array)
        g.comm.Scatter(None if given is None else _bytes(given), _bytes(mine), root)
        put(tensor, mine)

    return together(g, "scatter", f"scatter({told(array)}, src={g.ranks[root]})", call, [tensor], async_op)


@members_only
def reduce_scatter(
    output: Tensor, input_list: list[Tensor], op: ReduceOp = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """output ← op of every process's input_list[i], on process i.

    Source: torch.distributed.reduce_scatter.
    """
    g = of(group, "reduce_scatter")
    out, parts = raw("reduce_scatter", "output", output), raws("reduce_scatter", "input_list", input_list)
    _fits("reduce_scatter", "input_list", parts, out, g.size())
    return _reduce_scatter(g, "reduce_scatter", output, np.stack(parts), op, async_op)


@members_only
def reduce_scatter_tensor(
    output: Tensor, input: Tensor, op: ReduceOp = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """output ← op of every process's part i of `input` (cut along dim 0), on process i.

    Source: torch.distributed.reduce_scatter_tensor.
    """
    g = of(group, "reduce_scatter_tensor")
    out, array = raw("reduce_scatter_tensor", "output", output), raw("reduce_scatter_tensor", "input", input)
    if array.size != out.size * g.size() or out.dtype != array.dtype:
        raise ValueError(
            f"reduce_scatter_tensor: input is {told(array)}, output {told(out)}; expected {g.size()} times the output's size, of its dtype."
        )
    return _reduce_scatter(g, "reduce_scatter_tensor", output, array, op, async_op)


def _reduce_scatter(
    g: ProcessGroup, operation: str, output: Tensor, array: np.ndarray[Any, Any], op: ReduceOp, async_op: bool
) -> Work | None:
    kind = reducible(operation, op, array.dtype)

    def call() -> None:
        mine = np.empty(array.size // g.size(), kind)
        g.comm.Reduce_scatter_block(np.ascontiguousarray(array, kind), mine, mpi_op(g.mpi, op, array.dtype))
        if op is ReduceOp.AVG:
            np.divide(mine, mine.dtype.type(g.size()), out=mine)
        put(output, mine.astype(array.dtype, copy=False))

    return together(g, operation, f"{operation}({told(array)}, {op.name})", call, [output], async_op)


# ------------------------------------------------------------------------------------------------- everybody to everybody
@members_only
def all_to_all(output_tensor_list: list[Tensor], input_tensor_list: list[Tensor], group: Any = None, async_op: bool = False) -> Work | None:
    """output_tensor_list[i] ← the input_tensor_list[j] of process i, on process j. Sizes may differ.

    Source: torch.distributed.all_to_all.
    """
    g = of(group, "all_to_all")
    outs, ins = raws("all_to_all", "output_tensor_list", output_tensor_list), raws("all_to_all", "input_tensor_list", input_tensor_list)
    for name, parts in (("output_tensor_list", outs), ("input_tensor_list", ins)):
        if len(parts) != g.size():
            raise ValueError(f"all_to_all: {name} has {len(parts)} tensors; expected one for each of the {g.size()} processes.")
    if len({a.dtype for a in (*outs, *ins)}) > 1:
        raise ValueError("all_to_all: the tensors have different dtypes; expected one.")
    received = np.empty(sum(a.size for a in outs), outs[0].dtype)
    sent = np.concatenate([a.reshape(-1) for a in ins])

    def done() -> None:
        at = 0
        for t, a in zip(output_tensor_list, outs, strict=True):
            put(t, received[at : at + a.size])
            at += a.size

    return _exchange(g, "all_to_all", sent, [a.size for a in ins], received, [a.size for a in outs], done, output_tensor_list, async_op)


@members_only
def all_to_all_single(
    output: Tensor,
    input: Tensor,
    output_split_sizes: Sequence[int] | None = None,
    input_split_sizes: Sequence[int] | None = None,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """Part j of `input` (cut along dim 0, evenly or as `input_split_sizes` says) goes to process j; `output` is what came, in their order.

    Source: torch.distributed.all_to_all_single.
    """
    g = of(group, "all_to_all_single")
    out, array = raw("all_to_all_single", "output", output), raw("all_to_all_single", "input", input)
    if out.dtype != array.dtype:
        raise ValueError(f"all_to_all_single: output is {out.dtype}, input {array.dtype}; expected one dtype.")
    to = _splits("input", array, input_split_sizes, g.size())
    come = _splits("output", out, output_split_sizes, g.size())
    received = np.empty(out.size, out.dtype)
    return _exchange(g, "all_to_all_single", array.reshape(-1), to, received, come, lambda: put(output, received), [output], async_op)


def _splits(name: str, array: np.ndarray[Any, Any], sizes: Sequence[int] | None, world: int) -> list[int]:
    rows = array.shape[0] if array.ndim else 1
    if not sizes:
        if rows % world:
            raise RuntimeError(f"all_to_all_single: dim 0 of {name} ({rows}) does not divide into {world} parts; say {name}_split_sizes=.")
        sizes = [rows // world] * world
    if len(sizes) != world or sum(sizes) != rows or min(sizes) < 0:
        raise RuntimeError(
            f"all_to_all_single: {name}_split_sizes={list(sizes)}; expected {world} sizes that add up to dim 0 of {name} ({rows})."
        )
    each = array.size // rows if rows else 0
    return [n * each for n in sizes]


def _exchange(
    g: ProcessGroup,
    operation: str,
    sent: np.ndarray[Any, Any],
    to: list[int],
    received: np.ndarray[Any, Any],
    come: list[int],
    done: Callable[[], None],
    result: Any,
    async_op: bool,
) -> Work | None:
    width = sent.dtype.itemsize

    def check(everybody: np.ndarray[Any, Any]) -> None:
        world = g.size()
        sends, takes = everybody[:, :world], everybody[:, world:]
        for i, j in np.argwhere(sends != takes.T):
            raise DistBackendError(
                f"{operation}: rank {g.ranks[i]} sends {sends[i, j]} numbers to rank {g.ranks[j]}, which expects {takes[j, i]} from it."
            )

    def call() -> None:
        def of_bytes(array: np.ndarray[Any, Any], counts: list[int]) -> list[Any]:
            sizes = [n * width for n in counts]
            return [_bytes(array), (sizes, [sum(sizes[:i]) for i in range(len(sizes))]), g.mpi.BYTE]

        g.comm.Alltoallv(of_bytes(np.ascontiguousarray(sent), to), of_bytes(received, come))
        done()

    return together(g, operation, f"{operation}({sent.dtype})", call, result, async_op, (*to, *come), check)


# ------------------------------------------------------------------------------------------------- waiting
@members_only
def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None, timeout: timedelta | None = None) -> Work | None:
    """Wait until all processes of the group are here, at most `timeout` (the group's if none is given).

    Raises:
        DistBackendError: one does not come in time, or does something else.

    Source: torch.distributed.barrier.
    """
    seconds = None if timeout is None else timeout.total_seconds()
    return together(of(group, "barrier"), "barrier", "barrier()", lambda: None, None, async_op, seconds=seconds)


@members_only
def monitored_barrier(group: Any = None, timeout: timedelta | None = None, wait_all_ranks: bool = False) -> None:
    """A barrier that says who did not come within `timeout` (the group's if none is given).

    Raises:
        DistBackendError: naming the ranks that are missing.

    Source: torch.distributed.monitored_barrier.
    """
    g = of(group, "monitored_barrier")
    seconds = None if timeout is None else timeout.total_seconds()
    together(g, "monitored_barrier", "monitored_barrier()", lambda: None, None, False, seconds=seconds)
