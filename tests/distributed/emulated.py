"""What ranks do in test_forecast.py: a network whose steps are timed, with gradients that travel and without."""

from __future__ import annotations

import time
from collections.abc import Callable

import autograd_cnn as ac
from autograd_cnn import distributed as dist
from autograd_cnn import nn

CAP_MB = 4.0
WIDTH, DEPTH = 1024, 6


def network() -> nn.Sequential:
    """24 MB in square matrices."""
    ac.manual_seed(0)
    return nn.Sequential(*(layer for _ in range(DEPTH) for layer in (nn.Linear(WIDTH, WIDTH, bias=False), nn.Tanh())))


def timed(steps: int, batch: int) -> dict[str, float]:
    """Least seconds: of a step without communication and with, of an all-reduce of 4 bytes, and of one of 8 MB."""
    dist.init_process_group()
    ac.set_num_threads(1)
    model = nn.parallel.DistributedDataParallel(network(), bucket_cap_mb=CAP_MB)
    x = ac.randn(batch, WIDTH)
    small, large = ac.zeros(1), ac.zeros(2 << 20)

    def step() -> None:
        model.zero_grad()
        model(x).sum().backward()

    def alone() -> None:
        with model.no_sync():
            step()

    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "alone": (1, alone),
        "together": (1, step),
        "small": (20, lambda: dist.all_reduce(small)),
        "large": (1, lambda: dist.all_reduce(large)),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for k in range(steps + 1):
        for name, (times, call) in ways.items():
            dist.barrier()
            begun = time.perf_counter()
            for _ in range(times):
                call()
            if k:
                found[name].append((time.perf_counter() - begun) / times)
    return {name: min(of) for name, of in found.items()}


def unwaited(steps: int, batch: int) -> dict[str, float]:
    """Seconds: least of a step without communication, and of one of Downpour on average."""
    dist.init_process_group()
    ac.set_num_threads(1)
    model = network()
    x = ac.randn(batch, WIDTH)

    def step() -> float:
        begun = time.perf_counter()
        model.zero_grad()
        model(x).sum().backward()
        return time.perf_counter() - begun

    alone = min(step() for _ in range(4))
    optimizer = ac.optim.Downpour(model.parameters(), lr=1e-6)
    dist.barrier()
    begun = time.perf_counter()
    for _ in range(steps):
        step()
        optimizer.step()
    each = (time.perf_counter() - begun) / steps
    optimizer.finish()
    return {"alone": alone, "each": each}
