"""The mean of the gradients, in their own dtype or in two bytes a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....tensors.creation import from_numpy
from ....types.dtypes import float16
from ...agreement import together
from ...collectives import raw
from ...groups import of
from ...halves import FORMATS, add_all
from ...work import Future

__all__ = ["allreduce_hook", "bf16_compress_hook", "fp16_compress_hook", "fp16_compress_wrapper"]

Hook = Callable[[Any, Any], Future]


def _mean(group: Any, bucket: Any, name: str, format: str | None) -> Future:
    g = of(group, name)
    mine = raw(name, "buffer", bucket.buffer())
    mine = mine / mine.dtype.type(g.size())
    result = np.empty_like(mine)

    def call() -> None:
        if format in FORMATS:
            result[...] = add_all(g.mpi, g.comm, mine, format)
        else:
            g.comm.Allreduce(mine, result)

    work = together(g, name, f"{name}({mine.dtype} [{mine.size}], bucket {bucket.index()})", call, None, True)
    if work is None:
        raise RuntimeError(f"{name}: an asynchronous operation gave no handle.")
    return work.get_future().then(lambda done: (done.value(), from_numpy(result))[1])


def allreduce_hook(process_group: Any, bucket: Any) -> Future:
    """The mean of all processes' gradients, what is done without a hook.

    Source: torch.distributed.algorithms.ddp_comm_hooks.default_hooks.allreduce_hook.
    """
    return _mean(process_group, bucket, "allreduce_hook", "float16" if bucket.buffer().dtype is float16 else None)


def fp16_compress_hook(process_group: Any, bucket: Any) -> Future:
    """The mean, of gradients that travel as float16: half the bytes.

    Source: torch.distributed.algorithms.ddp_comm_hooks.default_hooks.fp16_compress_hook.
    """
    return _mean(process_group, bucket, "fp16_compress_hook", "float16")


def bf16_compress_hook(process_group: Any, bucket: Any) -> Future:
    """The mean, of gradients that travel as bfloat16: half the bytes, with float32's range and three digits.

    Source: torch.distributed.algorithms.ddp_comm_hooks.default_hooks.bf16_compress_hook.
    """
    return _mean(process_group, bucket, "bf16_compress_hook", "bfloat16")


def fp16_compress_wrapper(hook: Hook) -> Hook:
    """`hook`, whose bucket holds float16.

    Source: torch.distributed.algorithms.ddp_comm_hooks.default_hooks.fp16_compress_wrapper.
    """

    def compressed(state: Any, bucket: Any) -> Future:
        own = bucket.buffer().dtype
        bucket.set_buffer(bucket.buffer().to(float16))

        def widened(done: Future) -> Any:
            value = done.value()
            return (value[0] if isinstance(value, list | tuple) else value).to(own)

        return hook(state, bucket).then(widened)

    return compressed
