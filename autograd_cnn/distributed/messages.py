"""From one process to another. A message says what it is: a receiver whose tensor does not fit it hears so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensors.tensor import Tensor
from .collectives import put, raw, told
from .errors import DistBackendError
from .groups import ProcessGroup, get_rank, members_only, of
from .work import Future, Work, wait_for

__all__ = ["P2POp", "batch_isend_irecv", "irecv", "isend", "recv", "send"]

_HEAD = 96  # bytes that say dtype and shape, before the numbers


class Message(Work):
    """One that is on its way."""

    def __init__(self, group: ProcessGroup, name: str, request: Any, arrived: Callable[[int], int], others: set[int], result: Any) -> None:
        super().__init__(name, result)
        self._others = others
        self._group, self._request, self._arrived = group, request, arrived
        self._status = group.mpi.Status()
        self._source = -1

    def Test(self) -> bool:
        """Is it over? Then what came is looked at, once."""
        if self._future.done():
            return True
        try:
            over = bool(self._request.Test(self._status))
        except self._group.mpi.Exception as e:
            self._future.set_exception(DistBackendError(f"{self.name} on rank {get_rank()}: the message is larger than the tensor ({e})."))
            return True
        if over:
            self._run(self._look)
        return over

    def _look(self) -> None:
        self._source = self._arrived(self._status.source)

    def _lost(self) -> list[int]:
        """Those who could still answer, if none can: their programs are over."""
        left = self._group.ends.left()
        return sorted(self._others) if self._others <= left else []

    def source(self) -> int:
        """The rank at the other end, when it is over."""
        self.wait()
        return self._source

    def is_completed(self) -> bool:
        return self.Test()

    def wait(self, timeout: Any = None) -> bool:
        seconds = self._group.seconds if timeout is None else timeout.total_seconds()
        if not wait_for(self, seconds, lambda: bool(self._lost())):
            left = self._lost()
            why = f"rank {', '.join(map(str, left))} has come to the end of its program" if left else f"not done within {seconds:g} s"
            raise DistBackendError(f"{self.name} on rank {get_rank()}: {why}. Is the other process there, and does it do the same?")
        return super().wait()

    def get_future(self) -> Future:
        self.wait()
        return super().get_future()


_under_way: list[tuple[Any, Any]] = []  # requests and their memory, which MPI uses also where a program forgets the handle


def _keep(request: Any, memory: Any) -> None:
    _under_way[:] = [pair for pair in _under_way if pair[0]]  # a request that has ended is false
    _under_way.append((request, memory))


def _head(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.frombuffer(told(array).encode()[:_HEAD].ljust(_HEAD), np.uint8)


def _packed(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.concatenate([_head(array), array.reshape(-1).view(np.uint8)])


@members_only
def isend(tensor: Tensor, dst: int | None = None, group: Any = None, tag: int = 0, group_dst: int | None = None) -> Work | None:
    """Begin to send the tensor to process `dst`. Its numbers are those of now, whatever is written into it later.

    Raises:
        ValueError: `dst` is this process, or no rank of the group.

    Source: torch.distributed.isend.
    """
    g = of(group, "isend")
    to = g.place("isend", dst, group_dst, "dst")
    if to == g.rank():
        raise ValueError("Invalid destination rank: destination rank should not be the same as the rank of the current process.")
    sent = _packed(raw("isend", "tensor", tensor))
    request = g.messages.Isend(sent, to, tag)
    _keep(request, sent)
    return Message(g, f"send to rank {g.ranks[to]}", request, lambda _: g.ranks[to], {g.ranks[to]}, [tensor])


@members_only
def irecv(tensor: Tensor, src: int | None = None, group: Any = None, tag: int = 0, group_src: int | None = None) -> Message | None:
    """Begin to receive into the tensor from process `src`, or from whoever sends.

    Raises:
        ValueError: `src` is this process, or no rank of the group.
        DistBackendError: (from `wait`) the message's dtype or shape is another.

    Source: torch.distributed.irecv.
    """
    g = of(group, "irecv")
    anybody = src is None and group_src is None
    place = g.mpi.ANY_SOURCE if anybody else g.place("irecv", src, group_src, "src")
    if place == g.rank():
        raise ValueError("Invalid source rank: source rank should not be the same as the rank of the current process.")
    array = raw("irecv", "tensor", tensor)
    buffer = np.empty(_HEAD + array.nbytes, np.uint8)
    request = g.messages.Irecv(buffer, place, tag)
    _keep(request, buffer)

    others = {r for r in g.ranks if r != get_rank()} if anybody else {g.ranks[place]}

    def arrived(sender: int) -> int:
        source = g.ranks[sender]
        if (buffer[:_HEAD] != _head(array)).any():
            came = buffer[:_HEAD].tobytes().decode().rstrip()
            raise DistBackendError(f"recv: rank {source} sent {came}, and the tensor on rank {get_rank()} is {told(array)}.")
        put(tensor, buffer[_HEAD:].view(array.dtype).reshape(array.shape))
        return source

    return Message(g, "recv" if anybody else f"recv from rank {g.ranks[place]}", request, arrived, others, [tensor])


def send(tensor: Tensor, dst: int | None = None, group: Any = None, tag: int = 0, group_dst: int | None = None) -> None:
    """Send the tensor to process `dst`.

    Source: torch.distributed.send.
    """
    work = isend(tensor, dst, group, tag, group_dst)
    if work is not None:
        work.wait()


def recv(tensor: Tensor, src: int | None = None, group: Any = None, tag: int = 0, group_src: int | None = None) -> int:
    """Receive into the tensor from process `src`, or from whoever sends; the sender's rank, -1 where this process is not of the group.

    Source: torch.distributed.recv.
    """
    message = irecv(tensor, src, group, tag, group_src)
    return -1 if message is None else message.source()


class P2POp:
    """One send or receive of `batch_isend_irecv`: P2POp(isend or irecv, tensor, peer)."""

    def __init__(
        self, op: Any, tensor: Tensor, peer: int | None = None, group: Any = None, tag: int = 0, group_peer: int | None = None
    ) -> None:
        if op not in (isend, irecv):
            raise RuntimeError("Invalid ``op``. Expected ``op`` to be of type ``torch.distributed.isend`` or ``torch.distributed.irecv``.")
        self.op, self.tensor, self.peer, self.group, self.tag, self.group_peer = op, tensor, peer, group, tag, group_peer


def batch_isend_irecv(p2p_op_list: list[P2POp]) -> list[Work]:
    """Begin several sends and receives; in whatever order, none waits for another.

    Source: torch.distributed.batch_isend_irecv.
    """
    if not p2p_op_list or not all(isinstance(op, P2POp) for op in p2p_op_list):
        raise ValueError("batch_isend_irecv: expected a list of P2POp, at least one.")
    begun = [op.op(op.tensor, op.peer, op.group, op.tag, op.group_peer) for op in p2p_op_list]
    return [work for work in begun if work is not None]  # of groups that have this process
