"""The processes that train one network together, or the one that does it alone.

All of them read the same batches and draw the same moves of the pictures, by the same random stream; each computes its share of every batch.
So what a checkpoint holds is the same in all, one of them writes it, and any number of processes can go on from there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

from ..nn import functional as F
from ..nn.module.module import Module
from ..random import fork_rng
from ..tensors import sampling
from ..tensors.creation import tensor
from ..tensors.tensor import Tensor

T = TypeVar("T")


class LedAstray(RuntimeError):
    """What the first process was to do for all went wrong there."""


class Alone:
    """One process."""

    size = 1
    leads = True

    def led(self, work: Callable[[], T]) -> T:
        """What one process does for all, with files for instance: its result."""
        return work()

    def joined(self, model: Module) -> Module:
        """The network as the training calls it."""
        return model

    def share(self, batch: Tensor) -> Tensor:
        """Which samples of a batch are computed here."""
        return batch

    def loss(self, out: Tensor, y: Tensor, count: int) -> Tensor:
        """The mean cross entropy over the `count` samples of the whole batch, as far as it is computed here."""
        return F.cross_entropy(out, y)

    def sums(self, *numbers: float) -> list[float]:
        """The sum of each number over all processes."""
        return list(numbers)

    def chance(self, seed: int, step: int) -> Any:
        """Inside, the network draws: what a process draws for its share is no other's."""
        return nullcontext()


class Together(Alone):
    """One of several processes, which have met."""

    def __init__(self) -> None:
        from .. import distributed

        distributed.init_process_group()
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        self.leads = self.rank == 0

    def led(self, work: Callable[[], T]) -> T:
        """The first process does it, and all have its result.

        Raises:
            LedAstray: where the first one raised.
        """
        from ..distributed import broadcast_object_list

        said: list[Any] = [None, None]
        failed: Exception | None = None
        if self.leads:
            try:
                said[0] = work()
            except Exception as error:
                failed, said[1] = error, str(error)
        broadcast_object_list(said)
        if failed is not None:
            raise failed
        if said[1] is not None:
            raise LedAstray(said[1])
        result: T = said[0]
        return result

    def joined(self, model: Module) -> Module:
        """Gradients are averaged over all, statistics of batches taken over whole batches."""
        from ..nn import SyncBatchNorm
        from ..nn.parallel import DistributedDataParallel

        return DistributedDataParallel(SyncBatchNorm.convert_sync_batchnorm(model))

    def share(self, batch: Tensor) -> Tensor:
        """Samples in a row, one more for the first ones where they do not divide; none where there are fewer samples than processes."""
        least, more = divmod(len(batch), self.size)
        first = self.rank * least + min(self.rank, more)
        return batch[first : first + least + (self.rank < more)]

    def loss(self, out: Tensor, y: Tensor, count: int) -> Tensor:
        """So that the average over the processes, which their gradients are, is that of the whole batch, whatever their shares."""
        return F.cross_entropy(out, y, reduction="sum") * (self.size / count)

    def sums(self, *numbers: float) -> list[float]:
        """The same in all."""
        from ..distributed import all_reduce

        both = tensor(numbers, dtype="float64")
        all_reduce(both)
        found: list[float] = both.tolist()
        return found

    @contextmanager
    def chance(self, seed: int, step: int) -> Iterator[None]:
        """From a stream of this step and process, and the common one stays where it is."""
        with fork_rng():
            sampling.manual_seed(hash((seed, step, self.rank)) % 2**63)
            yield


def found_team() -> Alone:
    """Met with the others, if a launcher started this process as one of several."""
    return Together() if is_one_of_several() else Alone()


def is_one_of_several() -> bool:
    """Did a launcher start this process as one of several?"""
    from ..distributed.mpi import launched

    return int(os.environ.get("WORLD_SIZE", "1")) > 1 or launched()
