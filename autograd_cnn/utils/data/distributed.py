"""Each process's part of a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from math import ceil
from typing import Any

from ...random import Generator
from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index of an order that is the same in all processes, beginning with `rank`.

    All processes get equally many: the order goes on from its beginning, or, with `drop_last`, ends earlier. Shuffled by `seed` + epoch:
    call `set_epoch(epoch)` before each epoch.

    Args:
        num_replicas, rank: the world's size and this process's rank in it, if not given.

    Example:
        >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
        [1, 3, 0]

    Raises:
        ValueError: `rank` is none of the replicas; or they are not given, and `init_process_group` was not called.

    Source: torch.utils.data.distributed.DistributedSampler.
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            from ... import distributed

            num_replicas = distributed.get_world_size() if num_replicas is None else num_replicas
            rank = distributed.get_rank() if rank is None else rank
        if not 0 <= rank < num_replicas:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.shuffle, self.seed, self.drop_last, self.epoch = shuffle, seed, drop_last, 0

    @property
    def num_samples(self) -> int:
        """How many indices each process gets."""
        n, replicas = len(self.dataset), self.num_replicas
        return n // replicas if self.drop_last and n >= replicas else 0 if self.drop_last else ceil(n / replicas)

    @property
    def total_size(self) -> int:
        """How many indices all processes get together."""
        return self.num_samples * self.num_replicas

    def __iter__(self) -> Iterator[int]:
        n, total = len(self.dataset), self.total_size
        order: Any = range(n)
        if self.shuffle:
            generator = Generator()
            generator.manual_seed(self.seed + self.epoch)
            order = generator.permutation(n).tolist()
        return iter([order[i % n] for i in range(self.rank, total, self.num_replicas)])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """The epoch that is next: with `shuffle`, each has its own order."""
        self.epoch = epoch
