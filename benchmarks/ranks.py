"""One process of several that train a network together: `python -m benchmarks.ranks SIDE NET`, told its rank as torchrun tells it. The
first one prints JSON."""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .nets import NETS
from .programs import Numbers, Race

STEPS, FEWEST = 9, 3
SECONDS = 12.0  # for all of them: a step of VGG-16 takes seconds


def measure(side: str, name: str) -> tuple[int, Numbers]:
    """The rank, and the milliseconds of a step: with gradients that travel during the backward pass, with none, and with all of them after
    it; each process computes its share of the batch with one thread."""
    lib = importlib.import_module(side)
    dist = importlib.import_module(f"{side}.distributed")
    if side == "torch":
        lib.set_num_threads(1)
    dist.init_process_group(backend="gloo" if side == "torch" else "mpi")
    size = dist.get_world_size()
    net = NETS[name]
    race = Race(lib, name, net=replace(net, shape=(max(1, net.shape[0] // size), *net.shape[1:])))
    model = race.model = lib.nn.parallel.DistributedDataParallel(race.plain)

    def afterwards() -> None:
        with model.no_sync():
            loss = race.loss_of(model(race.x), race.y)
            race.optimizer.zero_grad()
            loss.backward()
        for p in race.plain.parameters():
            dist.all_reduce(p.grad)
            p.grad /= size
        race.optimizer.step()

    def alone() -> None:
        with model.no_sync():
            race.step()

    ways: dict[str, Callable[[], Any]] = {"overlapped": race.step, "alone": alone, "afterwards": afterwards}
    times: dict[str, list[float]] = {way: [] for way in ways}

    def turn() -> None:
        for way, step in ways.items():
            dist.barrier()
            started = time.perf_counter()
            step()
            times[way].append((time.perf_counter() - started) * 1e3)

    turn()  # the first one warms up, and tells how long they are
    slowest = lib.tensor(sum(of.pop() for of in times.values()) / 1e3)
    dist.all_reduce(slowest, op=dist.ReduceOp.MAX)  # all ranks make as many
    for of in times.values():
        of.clear()
    for _ in range(max(FEWEST, min(STEPS, int(SECONDS / slowest.item())))):
        turn()
    rank = dist.get_rank()
    dist.destroy_process_group()
    return rank, {way: statistics.median(found) for way, found in times.items()}


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of engines by other names
    rank, found = measure(sys.argv[1], sys.argv[2])
    if rank == 0:
        print(json.dumps(found))
