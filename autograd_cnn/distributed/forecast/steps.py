"""A step of several nodes, bucket by bucket; and what nodes of unequal speed make of it."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .workload import Bucket, Workload

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Travel:
    """A bucket's way: seconds from the beginning of the step at which it is full, leaves, and is back."""

    bytes: float
    full: float
    leaves: float
    back: float


@dataclass(frozen=True, slots=True)
class Step:
    """A synchronous step: the forward pass ends at `forward`, the backward pass at `computed`, the step when everything is back."""

    forward: float
    computed: float
    travels: tuple[Travel, ...]

    @property
    def seconds(self) -> float:
        """Until the optimizer may step."""
        return max([self.computed, *(t.back for t in self.travels)])

    @property
    def hidden(self) -> float:
        """The share of the communication that goes on while the node computes; 1 where there is none."""
        total = sum(t.back - t.leaves for t in self.travels)
        return 1 - (self.seconds - self.computed) / total if total else 1.0


def step(work: Workload, cost: Callable[[Bucket], float], slower: float = 1.0) -> Step:
    """One step in which computing takes `slower` times as long: a bucket leaves when it is full and the one before is back."""
    forward, computed = work.forward * slower, work.seconds * slower
    free, travels = 0.0, []
    for b in work.buckets:
        full = forward + b.ready * work.backward * slower
        leaves = max(full, free)
        free = leaves + cost(b)
        travels.append(Travel(b.bytes, full, leaves, free))
    return Step(forward, computed, tuple(travels))


# ------------------------------------------------------------------------------------------------- unequal nodes
KINDS = ("exponential", "lognormal", "one")


def slowness(kind: str, size: float, random: np.random.Generator, draws: int, nodes: int) -> Array:
    """How many times as long as usual nodes compute, (draws, nodes)."""
    if kind == "one":
        factors = np.ones((draws, nodes))
        factors[:, 0] += size
        return factors
    if kind == "lognormal":
        return np.asarray(random.lognormal(0.0, size, (draws, nodes)))
    return 1 + random.exponential(size, (draws, nodes)) if size else np.ones((draws, nodes))


@dataclass(frozen=True, slots=True)
class Asynchronous:
    """Nodes that do not wait: updates of all in a second, and how many of others lie between reading and adding, on average."""

    updates: float
    staleness: float


def asynchronous(work: Workload, factors: Array, rate: float, latency: float, size: float) -> Asynchronous:
    """Each node computes, adds its step to the parameters at the server, and reads them; nothing of that overlaps.

    Every node serves 1/p of the parameters, and its own share does not travel: (p − 1)/p of `size` bytes go each way over a node's own link,
    which takes `one_way` seconds, and as much comes in from the others, for which all links together are one queue.
    """
    draws, nodes = factors.shape
    one_way = (nodes - 1) / nodes * size * 8 / rate
    served = one_way / nodes
    come = go = 0.0  # when the queues are empty: of what is added, of what is read
    seen, steps = [0] * nodes, [0] * nodes
    todo = [(float(work.seconds * factors[0, k]), False, k) for k in range(nodes)]  # when, has it come to the server, node
    heapq.heapify(todo)
    count = stale = 0
    now = 0.0
    while count < draws * nodes:
        now, arrived, k = heapq.heappop(todo)
        if not arrived:
            come = max(now, come) + served
            heapq.heappush(todo, (max(come, now + one_way) + latency, True, k))
            continue
        stale += count - seen[k]
        count += 1
        seen[k] = count
        steps[k] += 1
        go = max(now, go) + served
        back = max(go, now + one_way) + latency
        heapq.heappush(todo, (back + float(work.seconds * factors[steps[k] % draws, k]), False, k))
    return Asynchronous(count / now, stale / count)


def rounds(nodes: int) -> int:
    """⌈lg p⌉: messages one after another until all have heard of all."""
    return math.ceil(math.log2(nodes)) if nodes > 1 else 0
