"""What a step takes on machines that are not here: against the algorithms played message by message, against sums by hand, and against
processes between which there are links of the rate."""

from __future__ import annotations

import math
import os
from itertools import pairwise

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import distributed as dist
from autograd_cnn import nn
from autograd_cnn.distributed.buckets import in_buckets
from autograd_cnn.distributed.forecast.links import ALGORITHMS

from . import emulated
from .links import OVER_CABLES, NoLinks, links
from .ranks import command, environment, needs_mpi, run_commands

A, RATE, ADD = 1e-3, 8e6, 4e6  # a millisecond a message, a microsecond a byte, a quarter of one to add it


# ------------------------------------------------------------------------------------------------- algorithms
class Played:
    """Nodes that hold numbers and exchange them in rounds; what a round takes is what its slowest node takes."""

    def __init__(self, nodes: int, size: int) -> None:
        self.data = np.arange(nodes)[:, None] + np.arange(size) * 1.0
        self.want, self.seconds = self.data.sum(0), 0.0

    def round(self, *messages: tuple[int, int, slice, bool]) -> None:
        """(from, to, which numbers, are they added or do they replace), all at once; a byte a number."""
        sent = [(to, part, add, self.data[of, part].copy()) for of, to, part, add in messages]
        longest = max(len(numbers) for *_, numbers in sent)
        self.seconds += A + longest * 8 / RATE + (longest / ADD if messages[0][3] else 0)
        for to, part, add, numbers in sent:
            self.data[to, part] = self.data[to, part] + numbers if add else numbers

    def over(self) -> float:
        assert (self.data == self.want).all()
        return self.seconds


def ring(p: int, n: int) -> float:
    play, parts = Played(p, n), [slice(k * n // p, (k + 1) * n // p) for k in range(p)]
    for add in (True, False):
        for r in range(p - 1):
            play.round(*((k, (k + 1) % p, parts[(k - r + (not add)) % p], add) for k in range(p)))
    return play.over()


def tree(p: int, n: int) -> float:
    play, whole = Played(p, n), slice(0, n)
    ways = []
    step = 1
    while step < p:
        ways.append([(k + step, k) for k in range(0, p - step, 2 * step)])
        step *= 2
    for pairs in ways:
        play.round(*((of, to, whole, True) for of, to in pairs))
    for pairs in reversed(ways):
        play.round(*((to, of, whole, False) for of, to in pairs))
    return play.over()


def _folded(play: Played, p: int, n: int, inner) -> float:
    core, whole = 1 << int(math.log2(p)), slice(0, n)
    if core < p:
        play.round(*((k, k - core, whole, True) for k in range(core, p)))
    inner(core)
    if core < p:
        play.round(*((k - core, k, whole, False) for k in range(core, p)))
    return play.over()


def doubling(p: int, n: int) -> float:
    play = Played(p, n)

    def inner(core: int) -> None:
        for bit in range(int(math.log2(core))):
            play.round(*((k, k ^ 1 << bit, slice(0, n), True) for k in range(core)))

    return _folded(play, p, n, inner)


def halving(p: int, n: int) -> float:
    play = Played(p, n)

    def inner(core: int) -> None:
        mine = {k: slice(0, n) for k in range(core)}
        bits = [1 << b for b in reversed(range(int(math.log2(core))))]
        for bit in bits:
            halves = {k: ((s := mine[k]).start, (s.start + s.stop) // 2, s.stop) for k in range(core)}
            keep = {k: slice(b, c) if k & bit else slice(a, b) for k, (a, b, c) in halves.items()}
            play.round(*((k, k ^ bit, keep[k ^ bit], True) for k in range(core)))
            mine = keep
        for bit in reversed(bits):
            play.round(*((k, k ^ bit, mine[k], False) for k in range(core)))
            mine = {k: slice(min(mine[k].start, mine[k ^ bit].start), max(mine[k].stop, mine[k ^ bit].stop)) for k in range(core)}

    return _folded(play, p, n, inner)


@pytest.mark.parametrize("played", [ring, tree, halving, doubling], ids=lambda f: f.__name__)
@pytest.mark.parametrize("p", [2, 3, 4, 5, 8, 12])
def test_an_algorithm_costs_what_it_costs_played_message_by_message(played, p):
    n = 240
    found = dist.all_reduce_seconds(n, p, RATE, A, played.__name__, ADD)
    assert found == pytest.approx(played(p, n), rel=1e-12)


def test_one_node_sends_nothing():
    assert [dist.all_reduce_seconds(1e9, 1, 1e9, algorithm=a) for a in ALGORITHMS] == [0.0] * 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"algorithm": "star"}, "no algorithm is called 'star'; expected one of ring, tree, halving, doubling"),
        ({"nodes": 0}, "expected nodes from 1 on, got 0"),
        ({"rate": 0}, "expected rate above 0, got 0"),
        ({"latency": -1}, "expected latency from 0 on, got -1"),
        ({"adding": 0}, "expected adding above 0, got 0"),
        ({"size": -8}, "expected size from 0 on, got -8"),
    ],
)
def test_numbers_that_cannot_be(wrong, said):
    with pytest.raises(ValueError, match=said):
        dist.all_reduce_seconds(**{"size": 8, "nodes": 2, "rate": 1e9, **wrong})


# ------------------------------------------------------------------------------------------------- a node's work
def test_buckets_hold_one_dtype_and_what_fits():
    mib = 1 << 20
    assert in_buckets([(mib, "a")] * 5, 2) == [[4], [3, 2], [1, 0]]
    assert in_buckets([(8, "a"), (8, "b"), (8, "b"), (8, "a")], 25) == [[3], [2, 1], [0]]
    assert in_buckets([(99 * mib, "a"), (1, "a")], 25) == [[1], [0]]
    assert in_buckets([(8, "a"), (8, "a")], 8 / mib) == [[1], [0]]


def net() -> nn.Sequential:
    """Multiply-adds a sample: 4·4·2·9 = 288 of the convolution, 32·16 = 512 and 16·3 = 48 of the dense layers."""
    return nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Dropout(0.5), nn.Flatten(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 3))


def test_time_goes_with_the_multiply_adds():
    model = net()
    model[1].eval()
    modes = [m.training for m in model.modules()]
    work = dist.workload(model, (1, 4, 4), 10, flops=1e6, bucket_cap_mb=16 * 32 * 4 / 2**20)
    assert modes == [m.training for m in model.modules()]
    assert work.seconds == pytest.approx(6 * 10 * (288 + 512 + 48) / 1e6)
    assert work.forward == pytest.approx(work.seconds / 3)
    assert (work.parameters, work.bytes) == (20 + 528 + 51, 4 * (20 + 528 + 51))
    assert work.dense == pytest.approx((528 + 51) / 599)
    assert work.dense_work == pytest.approx(560 / 848)
    # backward: the last layer, the dense one before, the convolution; the bias before a weight is in the bucket of the layer behind
    assert [b.shapes for b in work.buckets] == [((3,), (3, 16), (16,)), ((16, 32),), ((2,), (2, 1, 3, 3))]
    assert [b.ready for b in work.buckets] == pytest.approx([560 / 848, 560 / 848, 1.0])


def test_a_step_that_was_measured():
    work = dist.workload(net(), ac.zeros(5, 1, 4, 4), 10, seconds=0.3)
    assert work.seconds == pytest.approx(0.3)
    assert work.flops == pytest.approx(6 * 10 * 848 / 0.3)


def test_a_gradient_is_whole_when_its_first_use_is_passed():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)

        def forward(self, x):
            return self.a(self.b(self.a(x)))

    assert [b.ready for b in dist.workload(Twice(), (4,), bucket_cap_mb=1e-6).buckets] == pytest.approx([2 / 3, 1.0])


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"model": nn.ReLU()}, ValueError, "a model with a parameter that requires a gradient"),
        ({"model": nn.BatchNorm2d(1)}, ValueError, "a model whose layers multiply"),
        ({"input": "picture"}, TypeError, "a Tensor, or the sizes of a sample"),
        ({"batch": 0}, ValueError, "batch from 1 on"),
        ({"seconds": 0.0}, ValueError, "seconds above 0"),
        ({"nodes": ()}, ValueError, "nodes to be whole numbers from 1 on"),
        ({"nodes": (2.0,)}, ValueError, "nodes to be whole numbers from 1 on"),
        ({"rates": (0,)}, ValueError, "rates in bits a second, above 0"),
        ({"algorithm": "star"}, ValueError, "algorithm to be one of ring, tree, halving, doubling"),
        ({"compression": "zip"}, ValueError, 'compression to be None, "float16" or a rank from 1 on'),
        ({"compression": 2, "asynchronous": True}, ValueError, "no compression of asynchronous steps"),
        ({"stragglers": ("many", 1.0)}, ValueError, "stragglers to be one of exponential, lognormal, one"),
    ],
)
def test_what_cannot_be_foretold(given, error, said):
    with pytest.raises(error, match=said):
        dist.scaling(**{"model": net(), "input": (1, 4, 4), **given})


# ------------------------------------------------------------------------------------------------- a step
def chain(widths: list[int]) -> nn.Sequential:
    return nn.Sequential(*(nn.Linear(a, b, bias=False) for a, b in pairwise(widths)))


def test_buckets_leave_when_they_are_full_and_the_one_before_is_back():
    """Three layers of 1,000,000 bytes: 3 s of compute, 1 s forward, a layer of the backward pass every 2/3 s; sending takes 1 s each."""
    work = dist.workload(chain([500, 500, 500, 500]), (500,), seconds=3.0, bucket_cap_mb=0.5)
    step = dist.scaling(work, None, nodes=(2,), rates=(8e6,), latency=0.0).step(2, 8e6)
    assert [t.full for t in step.travels] == pytest.approx([1 + 2 / 3, 1 + 4 / 3, 3.0])
    assert [t.leaves for t in step.travels] == pytest.approx([1 + 2 / 3, 2 + 2 / 3, 3 + 2 / 3])
    assert [t.back for t in step.travels] == pytest.approx([2 + 2 / 3, 3 + 2 / 3, 4 + 2 / 3])
    assert (step.forward, step.computed, step.seconds) == pytest.approx((1.0, 3.0, 4 + 2 / 3))
    assert step.hidden == pytest.approx(1 - (5 / 3) / 3)
    (line,) = dist.scaling(work, None, nodes=(2,), rates=(8e6,), latency=0.0)
    assert (line.seconds, line.efficiency, line.samples) == pytest.approx((14 / 3, 9 / 14, 64 / (14 / 3)))
    (slow,) = dist.scaling(work, None, nodes=(2,), rates=(8e6,), latency=0.1)  # agreed: 1 message; ring of two: 2
    assert slow.seconds == pytest.approx(14 / 3 + 9 * 0.1)


def test_one_node_is_alone():
    (line,) = dist.scaling(chain([5, 5]), (5,), nodes=(1,), rates=(1.0,), seconds=2.0)
    assert (line.seconds, line.efficiency, line.hidden) == (2.0, 1.0, 1.0)


def test_fewer_bytes():
    work = dist.workload(nn.Linear(300, 200), (300,), seconds=1.0, batch=1)
    free = {"nodes": (2,), "rates": (8e3,), "latency": 0.0}

    def travels(**options) -> float:
        return sum(t.back - t.leaves for t in dist.scaling(work, None, **free, **options).step(2, 8e3).travels)

    assert travels() == pytest.approx(4 * 60200 / 1e3)
    assert travels(compression="float16") == pytest.approx(2 * 60200 / 1e3)
    # rank 3: 200·3 and 300·3 numbers and the bias; 3·200·300·3 multiply-adds where 3·60,000 are a second
    assert travels(compression=3) == pytest.approx(4 * (600 + 900 + 200) / 1e3 + 3.0)
    assert travels(compression=100) == pytest.approx(4 * 60200 / 1e3)  # no gain: everything whole


def test_the_slowest_of_many_is_slower():
    work = dist.workload(chain([50, 50]), (50,), seconds=1.0)
    fast = {"nodes": (1, 4, 64), "rates": (1e15,), "latency": 0.0}
    exponential = dist.scaling(work, None, **fast, stragglers=("exponential", 0.5))
    for line in exponential:  # the mean of the largest of p exponential numbers is 1 + 1/2 + … + 1/p
        assert line.seconds == pytest.approx(1 + 0.5 * sum(1 / k for k in range(1, line.nodes + 1)), rel=0.08)
    assert [x.seconds for x in dist.scaling(work, None, **fast, stragglers=("one", 2.0))] == pytest.approx([3.0] * 3)
    lognormal = [x.seconds for x in dist.scaling(work, None, **fast, stragglers=("lognormal", 0.3))]
    assert lognormal == sorted(lognormal) and lognormal[0] == pytest.approx(math.exp(0.3**2 / 2), rel=0.08)
    again = dist.scaling(work, None, **fast, stragglers=("exponential", 0.5))
    assert exponential.lines == again.lines


def test_who_does_not_wait_loses_only_the_slow_one():
    work = dist.workload(chain([50, 50]), (50,), seconds=1.0)
    fast = {"nodes": (4,), "rates": (1e15,), "latency": 0.0, "asynchronous": True}
    (even,) = dist.scaling(work, None, **fast)
    assert (even.efficiency, even.seconds) == pytest.approx((1.0, 1.0), rel=0.03)
    assert even.staleness == pytest.approx(3.0, rel=0.05)
    (uneven,) = dist.scaling(work, None, **fast, stragglers=("one", 3.0))
    assert uneven.efficiency == pytest.approx((3 + 1 / 4) / 4, rel=0.03)
    waiting = dist.scaling(work, None, nodes=(4,), rates=(1e15,), latency=0.0, stragglers=("one", 3.0)).lines[0]
    assert waiting.efficiency == pytest.approx(1 / 4)


def test_asynchronously_everything_goes_and_comes():
    """A second of computing, and half of 1,000,000 bytes each way at 1,000,000 a second."""
    work = dist.workload(chain([500, 500]), (500,), seconds=1.0)
    (line,) = dist.scaling(work, None, nodes=(2,), rates=(8e6,), latency=0.1, asynchronous=True)
    assert line.seconds == pytest.approx(1 + 2 * (0.5 + 0.1), rel=0.25)  # and the two meet at the links
    (alone,) = dist.scaling(work, None, nodes=(1,), rates=(8e6,), latency=0.0, asynchronous=True)
    assert (alone.seconds, alone.staleness) == (1.0, 0.0)


def test_the_table():
    found = dist.scaling(chain([1000, 1000]), (1000,), nodes=(1, 2, 1024), rates=(1e9, 100e9), seconds=0.01)
    assert (len(found), found.nodes, found.rates) == (6, (1, 2, 1024), (1e9, 100e9))
    assert found.stops(1e9) == 2 and found.stops(100e9, below=0.01) is None
    head, columns, *lines = str(found).splitlines()
    assert head == "Sequential: 32 samples a node, 10 ms alone, 4 MB"
    assert columns.split() == "nodes link step efficiency samples/s hidden staleness".split()
    assert lines[0].split() == "1 1 Gb/s 10 ms 100.0% 3200 100% 0.0".split()
    assert repr(found) == "<Scaling of Sequential, 3 numbers of nodes, 2 link rates>"


def test_a_work_has_its_input_in_it():
    work = dist.workload(chain([5, 5]), (5,))
    with pytest.raises(ValueError, match="no input beside what workload"):
        dist.scaling(work, (5,))


# ------------------------------------------------------------------------------------------------- beside real ones
MPICH = {"ring": "ring", "tree": "tree", "halving": "reduce_scatter_allgather", "doubling": "recursive_doubling"}
PAYLOAD = 1448 / 1514  # of an Ethernet frame, what is not headers


def over_links(nodes: int, mbits: float, function: str, *arguments: object, **more: str) -> dict[str, float]:
    """What ranks that each hang on a link of their own say, of each number the largest."""
    told = {"WORLD_SIZE": str(nodes), "MASTER_ADDR": "10.9.0.1", "MASTER_PORT": "29511", "LOCAL_RANK": "0", **OVER_CABLES, **more}
    try:
        with links(nodes, mbits * 1e6) as places:
            commands = [
                ([*place, *command(function, *arguments)], environment(**told, RANK=str(k), AUTOGRAD_CNN_HOST=f"node{k}"))
                for k, place in enumerate(places)
            ]
            ended = run_commands(commands, 120)
    except NoLinks as why:
        pytest.skip(str(why))
    for end in ended:
        assert end.code == 0, end.err
    return {name: max(end.said[name] for end in ended) for name in ended[0].said}


def as_foretold(found: dict[str, float], foretold: dict[str, float], busy: bool) -> None:
    for name, seconds in foretold.items():
        assert found[name] > 0.75 * seconds, (name, found, foretold)
        assert found[name] < 4 / 3 * seconds or busy, (name, found, foretold)


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize(
    ("nodes", "mbits", "algorithm", "batch"),
    [
        (2, 500, "ring", 256),
        (2, 200, "ring", 256),
        (2, 700, "ring", 1024),  # half of it is hidden
        (2, 500, "tree", 256),
        (2, 500, "doubling", 256),
        (3, 500, "ring", 256),
        (3, 500, "halving", 256),
        (3, 500, "tree", 256),
    ],
)
def test_steps_over_links_take_what_was_foretold(nodes, mbits, algorithm, batch):
    """Gradients of 24 MB in six buckets, with the time of computing, and α, as they are measured: at most a quarter less or, where
    the machine has nothing else to do, a third more."""
    busy = os.getloadavg()[0] > 1  # then what carries the bytes waits for a processor
    how = {"MPIR_CVAR_ALLREDUCE_COMPOSITION": "1", "MPIR_CVAR_ALLREDUCE_INTRA_ALGORITHM": MPICH[algorithm]}
    found = over_links(nodes, mbits, "emulated.timed", 5, batch, **how)
    rate, latency = mbits * 1e6 * PAYLOAD, found["small"] / (2 * math.ceil(math.log2(nodes)))
    work = dist.workload(emulated.network(), (emulated.WIDTH,), seconds=found["alone"], bucket_cap_mb=emulated.CAP_MB)
    (line,) = dist.scaling(work, None, nodes=(nodes,), rates=(rate,), latency=latency, algorithm=algorithm)
    foretold = {"together": line.seconds, "large": dist.all_reduce_seconds(8 << 20, nodes, rate, latency, algorithm)}
    as_foretold(found, foretold, busy)


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize("nodes", [2, 3])
def test_so_do_steps_that_do_not_wait(nodes):
    busy = os.getloadavg()[0] > 1
    found = over_links(nodes, 500, "emulated.unwaited", 5, 256)
    work = dist.workload(emulated.network(), (emulated.WIDTH,), seconds=found["alone"])
    (line,) = dist.scaling(work, None, nodes=(nodes,), rates=(500e6 * PAYLOAD,), latency=1e-4, asynchronous=True)
    as_foretold(found, {"each": line.seconds}, busy)
