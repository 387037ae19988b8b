"""What ranks do in test_asynchronous.py."""

from __future__ import annotations

import time
from typing import Any

import autograd_cnn as ac
from autograd_cnn import distributed as dist
from autograd_cnn import nn
from autograd_cnn.nn import functional as F
from autograd_cnn.optim import Downpour

from .data_parallel import data, dense, join, same_everywhere


def nothing_is_lost(steps: int) -> list[float]:
    """Whole numbers, of which every process adds its own to every entry, without waiting."""
    rank, size = join()
    w = nn.Parameter(ac.arange(1001, dtype=ac.float64))
    opt = Downpour([w], lr=1.0)
    for k in range(steps):
        opt.zero_grad()
        (w * float((rank + 1) * (k + 1))).sum().backward()
        opt.step()
    opt.finish()
    added = sum((r + 1) * (k + 1) for r in range(size) for k in range(steps))
    assert (w == ac.arange(1001, dtype=ac.float64) - added).all().item(), (w[:3].tolist(), added)
    assert sum(opt.staleness.values()) == steps
    return [k * n for k, n in opt.staleness.items()]


def seldom(push: int, pull: int) -> None:
    rank, size = join()
    w = nn.Parameter(ac.zeros(5, dtype=ac.float64))
    opt = Downpour([w], lr=1.0, push_every=push, pull_every=pull)
    for k in range(7):  # the last of them are sent by finish
        opt.zero_grad()
        (w * float(rank + 1)).sum().backward()
        opt.step()
        assert w.max().item() <= -(rank + 1) * (k + 1)  # its own steps it sees at once
    opt.finish()
    assert (w == -7.0 * sum(range(1, size + 1))).all().item()


def learns(bound: int | None, momentum: float) -> list[float]:
    """Each on its own half of the data, rank 0 slowed down; the loss over all before and after, what waiting cost, and the staleness."""
    rank, size = join()
    x, y = data()
    model = dense()
    opt = Downpour(model.parameters(), lr=0.02, momentum=momentum, bound=bound)
    before = F.cross_entropy(model(x), y).item()
    mine = slice(rank, None, size)
    most = 0
    for _ in range(60 if rank == 0 else 120):
        opt.zero_grad()
        F.cross_entropy(model(x[mine]), y[mine]).backward()
        opt.step()
        if rank == 0:
            time.sleep(0.01)
    most = max(opt.staleness)
    opt.finish()
    same_everywhere(model)
    return [before, F.cross_entropy(model(x), y).item(), opt.waited, most]


def one_is_sgd() -> None:
    join()
    x, y = data()
    ours, theirs = dense(), dense()
    options: Any = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}
    opts = Downpour(ours.parameters(), **options), ac.optim.SGD(theirs.parameters(), **options)
    for _ in range(5):
        for model, opt in zip((ours, theirs), opts, strict=True):
            opt.zero_grad()
            F.cross_entropy(model(x), y).backward()
            opt.step()
    opts[0].finish()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert (p - q).abs().max().item() < 1e-6


def mistakes() -> list[str]:
    join()
    said = []
    w = nn.Parameter(ac.ones(2))
    for wrong in ({"momentum": 1.0}, {"bound": -1}, {"push_every": 0}, {"lr": -1.0}):
        try:
            Downpour([w], **wrong)  # type: ignore[arg-type]
        except ValueError as e:
            said.append(str(e))
    try:
        Downpour([w, nn.Parameter(ac.ones(2, dtype=ac.float64))])
    except ValueError as e:
        said.append(str(e))
    opt = Downpour([w], lr=0.1, momentum=0.9)
    try:
        opt.add_param_group({"params": [nn.Parameter(ac.ones(1))]})
    except RuntimeError as e:
        said.append(str(e))
    assert opt.own_momentum(0.9) == 0.9
    opt._mean = 3.0  # as four processes of one speed: 9 steps of delay in all, 3 of them by lateness
    said.append(f"{opt.own_momentum(0.9):.4f}")
    opt._mean = 20.0
    said.append(f"{opt.own_momentum(0.9):.4f}")
    opt.finish()
    opt.finish()
    try:
        opt.step()
    except RuntimeError as e:
        said.append(str(e))
    return said


def never_finishes() -> None:
    """Rank 1 stops without a word; rank 0, bounded, says for whom it waits."""
    from datetime import timedelta

    dist.init_process_group(timeout=timedelta(seconds=2))
    w = nn.Parameter(ac.ones(2))
    opt = Downpour([w], lr=0.1, bound=1)
    if dist.get_rank() == 1:
        time.sleep(30)
    for _ in range(5):
        w.grad = ac.ones(2)
        opt.step()
