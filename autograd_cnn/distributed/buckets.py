"""Which gradients travel together: what DistributedDataParallel does, and what a forecast of it needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FIRST_MIB = 1.0  # the first bucket is small: the sooner it is full, the sooner anything travels
CAP_MIB = 25.0


def in_buckets(params: Sequence[tuple[int, Any]], cap_mib: float = CAP_MIB) -> list[list[int]]:
    """The numbers of the parameters in each bucket, in the order in which the buckets travel.

    Parameters are taken from the last to the first, each with its bytes and its dtype; a bucket is full where the next one would make it
    larger than `cap_mib` MiB, or is of another dtype. The first bucket holds 1 MiB at most.

    >>> in_buckets([(4 << 20, "float32"), (1 << 20, "float32"), (1 << 19, "float32"), (1 << 19, "float32")])
    [[3, 2], [1, 0]]
    """
    buckets: list[list[int]] = []
    cap, size = min(cap_mib, FIRST_MIB) * 2**20, 0
    for i in reversed(range(len(params))):
        more, kind = params[i]
        if not buckets or size + more > cap or params[buckets[-1][0]][1] is not kind:
            if buckets:
                cap = cap_mib * 2**20
            buckets.append([])
            size = 0
        buckets[-1].append(i)
        size += more
    return buckets
