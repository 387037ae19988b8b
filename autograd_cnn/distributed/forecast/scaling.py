"""A table: how long a step takes on so many nodes, and what of them is of use."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...errors import expected
from ..buckets import CAP_MIB
from . import steps
from .links import ALGORITHMS, all_reduce_seconds
from .steps import KINDS, Step, rounds, slowness, step
from .workload import FLOPS, Bucket, Workload, workload

NODES = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
RATES = (1e9, 10e9, 100e9)
DRAWS, DRAWS_ASYNCHRONOUS = 200, 50  # steps over which chance is averaged


@dataclass(frozen=True, slots=True)
class Forecast:
    """One line of the table.

    seconds: of a step: until all have the same new parameters; asynchronously, between two steps of a node.
    efficiency: samples a second, of so many times what one node alone does; 1 where nobody waits.
    samples: of all nodes, in a second.
    hidden: the share of the communication that goes on behind the backward pass.
    staleness: steps of others between reading the parameters and adding to them; 0 where all wait for all.
    """

    nodes: int
    rate: float
    seconds: float
    efficiency: float
    samples: float
    hidden: float
    staleness: float


class Scaling:
    """What `scaling` gives: its lines (`for line in found`), and single steps. `print` shows the table."""

    def __init__(self, work: Workload, lines: Sequence[Forecast], one: Any) -> None:
        self.work, self.lines = work, tuple(lines)
        self._one = one

    def __iter__(self) -> Iterator[Forecast]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def nodes(self) -> tuple[int, ...]:
        """The numbers of nodes of the table."""
        return tuple(dict.fromkeys(line.nodes for line in self.lines))

    @property
    def rates(self) -> tuple[float, ...]:
        """The link rates of the table, bits a second."""
        return tuple(dict.fromkeys(line.rate for line in self.lines))

    def step(self, nodes: int, rate: float) -> Step:
        """One synchronous step without stragglers, bucket by bucket."""
        found: Step = self._one(nodes, rate)
        return found

    def stops(self, rate: float, below: float = 0.5) -> int | None:
        """The least number of nodes of the table at which less than `below` of them is of use; None where there is none."""
        return next((line.nodes for line in self.lines if line.rate == rate and line.efficiency < below), None)

    def __repr__(self) -> str:
        return f"<Scaling of {self.work.name}, {len(self.nodes)} numbers of nodes, {len(self.rates)} link rates>"

    def __str__(self) -> str:
        head = f"{self.work.name}: {self.work.batch} samples a node, {self.work.seconds * 1e3:.4g} ms alone, {self.work.bytes / 1e6:.4g} MB"
        rows = [("nodes", "link", "step", "efficiency", "samples/s", "hidden", "staleness")]
        for line in self.lines:
            rows.append(
                (
                    str(line.nodes),
                    f"{line.rate / 1e9:g} Gb/s",
                    f"{line.seconds * 1e3:.4g} ms",
                    f"{line.efficiency:.1%}",
                    f"{line.samples:.4g}",
                    f"{line.hidden:.0%}",
                    f"{line.staleness:.1f}",
                )
            )
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return "\n".join([head, *("  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows)])


def scaling(
    model: Any,
    input: Any,
    *,
    nodes: Sequence[int] = NODES,
    rates: Sequence[float] = RATES,
    latency: float = 20e-6,
    algorithm: str = "ring",
    adding: float = math.inf,
    batch: int = 32,
    seconds: float | None = None,
    flops: float = FLOPS,
    bucket_cap_mb: float = CAP_MIB,
    compression: str | int | None = None,
    stragglers: tuple[str, float] | None = None,
    asynchronous: bool = False,
    seed: int = 0,
) -> Scaling:
    """How long a training step takes on nodes that are not here, each with a batch of its own (weak scaling), and how much of them is of use.

    A node computes as `workload` says. As in DistributedDataParallel buckets of gradients leave in their order, each when it is full and the
    one before is back, while the backward pass goes on:

        leaves_i = max(full_i, back_{i−1})      back_i = leaves_i + ⌈lg p⌉ α + all-reduce(n_i)      step = max(computed, back_last)

    where ⌈lg p⌉ α is for agreeing what comes. Efficiency is the time of one node alone over that of the step. The update is not counted.

    Asynchronously (Downpour) each node computes, adds its step to the shared parameters, of which every node serves its share, and reads
    them, one after the other; efficiency is what all add in a second over what p nodes alone would.

    Args:
        model: a module; `workload(…)` of one has `input`, `batch`, `seconds`, `flops` and `bucket_cap_mb` said already, and input is None then.
        input: a batch, or the sizes of a sample, as (3, 224, 224).
        nodes: how many there are, from 1 on.
        rates: of every node's link, bits a second, in both directions at once.
        latency: seconds a message (α).
        algorithm, adding: of the all-reduce, as `all_reduce_seconds` has them.
        batch: samples a node.
        seconds: of a step of one node, as measured; else 6 · multiply-adds / `flops`.
        compression: "float16" halves the bytes; a number r sends matrices of m·k as products of m·r and k·r (PowerSGD), where these are less
            than half as much, in two all-reduces, and the rest whole in one more; its products cost 3·m·k·r multiply-adds.
        stragglers: how unequal nodes are, anew in each step: ("exponential", s) adds to the time of computing s of it on average,
            ("lognormal", s) multiplies it by e^(s·normal); ("one", s): the first node takes 1 + s times as long.
        asynchronous: a parameter server in place of all-reduce.
        seed: of the stragglers.

    Raises:
        ValueError: an unknown algorithm, compression or kind of straggler; a number out of range; a compression of asynchronous steps.

    >>> import autograd_cnn as ac
    >>> net = ac.nn.Sequential(ac.nn.Linear(1000, 4000), ac.nn.ReLU(), ac.nn.Linear(4000, 1000))
    >>> print(ac.distributed.scaling(net, (1000,), nodes=(2, 64), rates=(10e9,), seconds=0.02))
    Sequential: 32 samples a node, 20 ms alone, 32.02 MB
    nodes     link      step  efficiency  samples/s  hidden  staleness
        2  10 Gb/s  45.73 ms       43.7%       1399      0%        0.0
       64  10 Gb/s  75.71 ms       26.4%  2.705e+04      5%        0.0

    Source: Thakur et al., 2005 (the costs of algorithms); Li et al., VLDB 2020 (buckets); Sergeev, Del Balso, "Horovod: fast and easy distributed
    deep learning in TensorFlow", 2018 (rings); Dean et al., NeurIPS 2012 (Downpour); Vogels et al., NeurIPS 2019 (PowerSGD).
    """
    if isinstance(model, Workload):
        if input is not None:
            raise ValueError(expected("scaling", "no input beside what workload() made of one", str(input)))
        work = model
    else:
        work = workload(model, input, batch, seconds=seconds, flops=flops, bucket_cap_mb=bucket_cap_mb)
    _check(nodes, rates, algorithm, compression, stragglers, asynchronous)
    one = partial(_one, work, latency, algorithm, adding, compression)
    kind, size = stragglers or ("exponential", 0.0)
    lines = []
    for rate in rates:
        for p in nodes:
            random = np.random.default_rng(seed)
            if asynchronous:
                draws = DRAWS_ASYNCHRONOUS
                lines.append(_asynchronous(work, slowness(kind, size, random, draws, p), rate, latency))
                continue
            worst = slowness(kind, size, random, DRAWS, p).max(1) if stragglers else np.ones(1)
            taken = [one(p, rate, float(f)) for f in worst]
            mean = sum(s.seconds for s in taken) / len(taken)
            hidden = sum(s.hidden for s in taken) / len(taken)
            lines.append(Forecast(p, rate, mean, work.seconds / mean, p * work.batch / mean, hidden, 0.0))
    return Scaling(work, lines, one)


def _check(
    nodes: Sequence[int],
    rates: Sequence[float],
    algorithm: str,
    compression: str | int | None,
    stragglers: tuple[str, float] | None,
    without_waiting: bool,
) -> None:
    if not nodes or not all(isinstance(p, int) and p >= 1 for p in nodes):
        raise ValueError(expected("scaling", "nodes to be whole numbers from 1 on", str(nodes)))
    if not rates or not all(r > 0 for r in rates):
        raise ValueError(expected("scaling", "rates in bits a second, above 0", str(rates)))
    if algorithm not in ALGORITHMS:
        raise ValueError(expected("scaling", f"algorithm to be one of {', '.join(ALGORITHMS)}", repr(algorithm)))
    if not (compression in (None, "float16") or (isinstance(compression, int) and compression >= 1)):
        raise ValueError(expected("scaling", 'compression to be None, "float16" or a rank from 1 on', repr(compression)))
    if compression is not None and without_waiting:
        raise ValueError(expected("scaling", "no compression of asynchronous steps", repr(compression)))
    if stragglers is not None and (stragglers[0] not in KINDS or stragglers[1] < 0):
        raise ValueError(expected("scaling", f"stragglers to be one of {', '.join(KINDS)}, and a number from 0 on", repr(stragglers)))


def _one(
    work: Workload,
    latency: float,
    algorithm: str,
    adding: float,
    compression: str | int | None,
    nodes: int,
    rate: float,
    slower: float = 1.0,
) -> Step:
    def reduced(size: float) -> float:
        return all_reduce_seconds(size, nodes, rate, latency, algorithm, adding)

    def cost(b: Bucket) -> float:
        if nodes == 1:
            return 0.0
        agreed = rounds(nodes) * latency
        if compression is None:
            return agreed + reduced(b.bytes)
        if compression == "float16":
            return agreed + reduced(b.bytes * 2 / b.itemsize)
        whole, left, right, products = _thin(b, int(compression))
        return agreed + sum(reduced(n) for n in (whole, left, right) if n) + 2 * products / work.flops

    return step(work, cost, slower)


def _thin(b: Bucket, rank: int) -> tuple[int, int, int, int]:
    """Bytes that travel whole, those of the left and of the right matrices, and multiply-adds, of what powerSGD_hook makes of a bucket."""
    whole = left = right = products = 0
    for shape in b.shapes:
        count = math.prod(shape)
        rows, columns = (shape[0], count // shape[0]) if len(shape) > 1 else (0, 0)
        r = min(rank, rows, columns)
        if r and (rows + columns) * r * 2 < count:
            left += rows * r
            right += columns * r
            products += 3 * rows * columns * r
        else:
            whole += count
    return whole * b.itemsize, left * b.itemsize, right * b.itemsize, products


def _asynchronous(work: Workload, factors: Any, rate: float, latency: float) -> Forecast:
    nodes = factors.shape[1]
    found = steps.asynchronous(work, factors, rate, latency, work.bytes)
    return Forecast(
        nodes, rate, nodes / found.updates, found.updates * work.seconds / nodes, found.updates * work.batch, 0.0, found.staleness
    )
