"""The same model in several processes, each with its part of the batch: gradients are averaged while the backward pass goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...config import current
from ...distributed.agreement import together
from ...distributed.buckets import CAP_MIB, in_buckets
from ...distributed.collectives import put, raw, reduced, told
from ...distributed.errors import DistBackendError
from ...distributed.groups import ProcessGroup, of
from ...distributed.packed import broadcast_all
from ...distributed.reduce_op import ReduceOp
from ...distributed.work import Future, Work
from ...engine.node import reachable
from ...errors import expected
from ...graph.tracer import carried
from ...tensors.creation import from_numpy
from ...tensors.tensor import Tensor
from ..module.module import Module

__all__ = ["DistributedDataParallel", "GradBucket"]


class GradBucket:
    """Gradients that travel together, as a communication hook sees them."""

    def __init__(self, bucket: _Bucket, last: bool) -> None:
        self._bucket, self._last = bucket, last
        self._buffer = from_numpy(bucket.flat)

    def index(self) -> int:
        """0 for the one that is full first: the gradients of the last layers."""
        return self._bucket.index

    def buffer(self) -> Tensor:
        """All gradients of the bucket, flat, one after another."""
        return self._buffer

    def set_buffer(self, tensor: Tensor) -> None:
        """Let another flat tensor stand for the bucket's gradients."""
        self._buffer = tensor

    def gradients(self) -> list[Tensor]:
        """The gradients in the parameters' shapes, views of the buffer."""
        cut = np.cumsum([0, *(p.numel() for p in self._bucket.params)]).tolist()
        flat = self._buffer
        return [flat[a:b].reshape(tuple(p.shape)) for a, b, p in zip(cut, cut[1:], self._bucket.params, strict=True)]

    def parameters(self) -> list[Tensor]:
        """The parameters whose gradients travel here."""
        return list(self._bucket.params)

    def is_last(self) -> bool:
        """Is it the last of this backward pass?"""
        return self._last


class _Bucket:
    """Some parameters, and the memory in which their gradients travel."""

    def __init__(self, index: int, params: list[Tensor]) -> None:
        self.index, self.params = index, params
        self.flat = np.zeros(sum(p.numel() for p in params), params[0].detach().value.dtype)
        self.views: list[Any] = []
        at = 0
        for p in params:
            self.views.append(self.flat[at : at + p.numel()].reshape(tuple(p.shape)))
            at += p.numel()
        self.left = 0
        self.sent: Work | Future | None = None


class DistributedDataParallel(Module):
    """Runs `module`; in the backward pass each gradient becomes the mean of all processes' gradients. So n processes with a batch of N/n
    each do what one does with N (for losses that are means, and layers that look at no other sample: see SyncBatchNorm).

    Gradients travel in buckets, in the reverse order of the parameters, each as soon as all of its gradients are there, on a thread beside
    the backward pass, which ends when all have come back.

    Args:
        broadcast_buffers: before each forward pass, buffers (running estimates) become those of rank 0.
        bucket_cap_mb: how many MiB travel together; 25 if not given. The first bucket holds 1.
        find_unused_parameters: look through the graph of the output for parameters that do not take part, and do not wait for them.
        gradient_as_bucket_view: `.grad` is a view of its bucket, which saves a copy and its memory.
        static_graph: the parameters that take part are the same in every step: they are looked for once.

    Raises:
        RuntimeError: no parameter requires a gradient; or, in the next forward pass, some had none in this one.
        DistBackendError: the processes' modules have different parameters.

    >>> import autograd_cnn as ac
    >>> ac.nn.parallel.DistributedDataParallel(ac.nn.Linear(2, 1))
    Traceback (most recent call last):
        ...
    ValueError: Default process group has not been initialized, please make sure to call init_process_group.

    Source: Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training", VLDB 2020.
    """

    def __init__(
        self,
        module: Module,
        device_ids: Any = None,
        output_device: Any = None,
        dim: int = 0,
        broadcast_buffers: bool = True,
        init_sync: bool = True,
        process_group: Any = None,
        bucket_cap_mb: float | None = None,
        find_unused_parameters: bool = False,
        check_reduction: bool = False,
        gradient_as_bucket_view: bool = False,
        static_graph: bool = False,
        delay_all_reduce_named_params: Any = None,
        param_to_hook_all_reduce: Any = None,
        mixed_precision: Any = None,
        device_mesh: Any = None,
    ) -> None:
        super().__init__()
        for name, given in (
            ("delay_all_reduce_named_params", delay_all_reduce_named_params),
            ("param_to_hook_all_reduce", param_to_hook_all_reduce),
            ("mixed_precision", mixed_precision),
            ("device_mesh", device_mesh),
        ):
            if given is not None:
                raise ValueError(expected("DistributedDataParallel", f"no {name}", "one"))
        group = of(process_group, "DistributedDataParallel")
        ignored = set(getattr(module, "_ddp_params_and_buffers_to_ignore", ()))
        named = [(n, p) for n, p in module.named_parameters() if p.requires_grad and n not in ignored]
        if not named:
            raise RuntimeError("DistributedDataParallel is not needed when a module doesn't have any parameter that requires a gradient.")
        self.module = module
        self.dim = dim
        self.device_ids, self.output_device = None, None
        self.broadcast_buffers = broadcast_buffers
        self.find_unused_parameters = find_unused_parameters
        self.gradient_as_bucket_view = gradient_as_bucket_view
        self.static_graph = static_graph
        self.require_backward_grad_sync = True
        self._state = _Reduction(self, group, named, CAP_MIB if bucket_cap_mb is None else bucket_cap_mb)
        self._ignored = ignored
        if init_sync:
            self._state.same_parameters()
            broadcast_all(group, "the parameters of DistributedDataParallel", [p for _, p in module.named_parameters()], 0)
            broadcast_all(group, "the buffers of DistributedDataParallel", self._buffers_to_send(), 0)

    @property
    def process_group(self) -> ProcessGroup:
        """The group whose gradients are averaged."""
        return self._state.group

    def _buffers_to_send(self) -> list[Tensor]:
        return [b for n, b in self.module.named_buffers() if n not in self._ignored]

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        sync = current().record and self.require_backward_grad_sync
        if sync:
            self._state.finished()
        if self.broadcast_buffers and self.require_backward_grad_sync and self.training:
            broadcast_all(self._state.group, "the buffers of DistributedDataParallel", self._buffers_to_send(), 0)
        output = self.module(*inputs, **kwargs)
        if sync:
            self._state.expect(output)
        return output

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Within, gradients add up in this process only; the first backward pass of a forward outside averages what has added up."""
        before = self.require_backward_grad_sync
        self.require_backward_grad_sync = False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    def register_comm_hook(self, state: Any, hook: Callable[[Any, GradBucket], Future]) -> None:
        """`hook(state, bucket)` does what brings a bucket's gradients together, and returns a future of the flat tensor. The buffer holds
        this process's gradients; nothing is divided.

        Raises:
            TypeError: `hook` cannot be called.
            RuntimeError: there is one already.
        """
        if not callable(hook):
            raise TypeError(f"Communication hook must be callable, got {type(hook).__name__}.")
        if self._state.hook is not None:
            raise RuntimeError("register_comm_hook: one hook is registered already.")
        self._state.hook = lambda bucket: hook(state, bucket)

    def __getstate__(self) -> dict[str, Any]:
        raise TypeError(
            "DistributedDataParallel: it belongs to running processes and is not pickled; save ddp.module, or its state_dict()."
        )


class _Reduction:
    """The buckets of one DistributedDataParallel, and how far this step's gradients have come."""

    def __init__(self, ddp: DistributedDataParallel, group: ProcessGroup, named: Sequence[tuple[str, Tensor]], cap_mib: float) -> None:
        self.ddp, self.group, self.names = ddp, group, {id(p): n for n, p in named}
        self.buckets: list[_Bucket] = []
        self.hook: Callable[[GradBucket], Future] | None = None
        self.unused: set[int] | None = None  # of this step
        self.expecting = self.begun = False
        self.ready: set[int] = set()
        self.turn = 0
        params = [p for _, p in named]
        for part in in_buckets([(p.detach().value.nbytes, p.dtype) for p in params], cap_mib):
            self.buckets.append(_Bucket(len(self.buckets), [params[i] for i in part]))
        for bucket in self.buckets:
            for p, view in zip(bucket.params, bucket.views, strict=True):
                p.register_post_accumulate_grad_hook(self._arrived(bucket, view))

    def same_parameters(self) -> None:
        """Raises DistBackendError unless every process has the same ones."""
        mine = [f"{n} {p.dtype} {list(p.shape)}" for n, p in self.ddp.module.named_parameters()]
        everybody: list[list[str]] = []
        together(
            self.group,
            "DistributedDataParallel",
            "DistributedDataParallel()",
            lambda: everybody.extend(self.group.comm.allgather(mine)),
            None,
            False,
        )
        first = everybody[0]
        for rank, theirs in zip(self.group.ranks, everybody, strict=True):
            for a, b in zip(first, theirs, strict=False):
                if a != b:
                    raise DistBackendError(
                        f"DistributedDataParallel: on rank {self.group.ranks[0]} a parameter is {a}, on rank {rank} {b}."
                    )
            if len(first) != len(theirs):
                raise DistBackendError(
                    f"DistributedDataParallel: rank {self.group.ranks[0]} has {len(first)} parameters, rank {rank} {len(theirs)}. "
                    "Build the same model everywhere."
                )

    # --------------------------------------------------------------------------------------------- a step
    def finished(self) -> None:
        """Before a forward pass: did every gradient of the last step come?"""
        if not self.begun:
            return
        missing = [self.names[id(p)] for b in self.buckets for p in b.params if id(p) not in self.ready]
        raise RuntimeError(
            "Expected to have finished reduction in the prior iteration before starting a new one. These parameters got no gradient: "
            f"{', '.join(missing[:5])}{f' and {len(missing) - 5} others' if len(missing) > 5 else ''}. Pass find_unused_parameters=True, or let "
            "every parameter take part in the loss."
        )

    def expect(self, output: Any) -> None:
        """After a forward pass: the gradients of this output's graph will come."""
        self.expecting, self.turn = True, 0
        self.ready.clear()
        for bucket in self.buckets:
            bucket.left, bucket.sent = len(bucket.params), None
        ddp = self.ddp
        looks = ddp.find_unused_parameters or ddp.static_graph
        if looks and not (ddp.static_graph and self.unused is not None):
            taking = {id(n) for n in reachable(*(t.node for t in carried(output) if t.node is not None))}
            self.unused = {id(p) for b in self.buckets for p in b.params if id(p.node) not in taking}
        if self.unused is not None and len(self.unused) < len(self.names):  # with no gradient to wait for, nothing would end the step
            for bucket in self.buckets:
                for p, view in zip(bucket.params, bucket.views, strict=True):
                    if id(p) in self.unused:
                        view[...] = 0
                        self._count(bucket, p)

    def _arrived(self, bucket: _Bucket, view: Any) -> Callable[[Tensor], None]:
        def hook(p: Tensor) -> None:
            if not (self.expecting and self.ddp.require_backward_grad_sync) or id(p) in self.ready:
                return
            self.begun = True
            grad = raw("DistributedDataParallel", "grad", p.grad)
            if self.hook is None:
                np.divide(grad, grad.dtype.type(self.group.size()), out=view)
            elif not np.shares_memory(grad, view):
                view[...] = grad
            self._count(bucket, p)
            self._send()
            if self.turn == len(self.buckets):
                self._finish()

        return hook

    def _count(self, bucket: _Bucket, p: Tensor) -> None:
        self.ready.add(id(p))
        bucket.left -= 1

    def _send(self) -> None:
        """The buckets that are full, in the order that is the same on every rank."""
        while self.turn < len(self.buckets) and self.buckets[self.turn].left == 0:
            bucket = self.buckets[self.turn]
            self.turn += 1
            if self.hook is None:
                bucket.sent = self._all_reduced(bucket)
            else:
                bucket.sent = self.hook(GradBucket(bucket, self.turn == len(self.buckets)))

    def _all_reduced(self, bucket: _Bucket) -> Any:
        flat = bucket.flat

        def call() -> None:
            total = reduced(self.group, flat, ReduceOp.SUM, spare=True)
            if total is not flat:
                flat[...] = total

        what = f"the gradients of bucket {bucket.index} ({told(flat)})"
        return together(self.group, "DistributedDataParallel", what, call, None, True)

    def _finish(self) -> None:
        """All have been sent: wait for them, and let every .grad be the mean."""
        everywhere = None
        if self.unused is not None:
            used = np.array([id(p) not in self.unused for b in self.buckets for p in b.params], np.uint8)
            g = self.group
            together(
                g,
                "DistributedDataParallel",
                "which parameters take part",
                lambda: g.comm.Allreduce(g.mpi.IN_PLACE, used, g.mpi.MAX),
                None,
                False,
            )
            everywhere = iter(used.tolist())
        for bucket in self.buckets:
            result = None
            if isinstance(bucket.sent, Work):
                bucket.sent.wait()
            elif bucket.sent is not None:
                result = bucket.sent.wait()
            if result is not None:
                given = result[0] if isinstance(result, list | tuple) else result
                bucket.flat[...] = raw("DistributedDataParallel", "the communication hook's result", given).reshape(-1)
            for p, view in zip(bucket.params, bucket.views, strict=True):
                if everywhere is not None and not next(everywhere):
                    continue  # nobody used it
                if self.ddp.gradient_as_bucket_view:
                    p.grad = from_numpy(view)
                elif p.grad is None:
                    p.grad = from_numpy(view.copy())
                else:
                    put(p.grad, view)
        self.expecting = self.begun = False
