"""Walks in several threads at once: own graphs, one graph, one model; and what forked processes find."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.engine import backward, record, versions
from autograd_cnn.errors import GraphError

THREADS = 4


def together(fn: Callable[[int], Any], count: int = THREADS) -> list[Any]:
    """`fn(k)` in so many threads that begin at one moment."""
    start = threading.Barrier(count)

    def run(k: int) -> Any:
        start.wait(10)
        return fn(k)

    with ThreadPoolExecutor(count) as pool:
        return [r.result(60) for r in [pool.submit(run, k) for k in range(count)]]


@pytest.fixture(autouse=True)
def _often() -> Any:
    """Threads take turns as often as they can."""
    import sys

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_a_hook_waits_for_another_threads_backward() -> None:
    x, w = ac.ones(2, requires_grad=True), ac.ones(2, requires_grad=True)
    found: list[Any] = []

    def hook(g: Any) -> None:
        thread = threading.Thread(target=lambda: (w * 3).sum().backward(), daemon=True)
        thread.start()
        thread.join(10)
        found.append(None if w.grad is None else w.grad.tolist())

    y = x * 2
    y.register_hook(hook)
    y.sum().backward()
    assert found == [[3.0, 3.0]]
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]


def test_a_functions_backward_waits_for_another_threads_backward() -> None:
    class Waits(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            with ThreadPoolExecutor(1) as pool:
                w = ac.ones(2, requires_grad=True)
                pool.submit(lambda: (w * 5).sum().backward()).result(10)
            return g * w.grad

    x = ac.ones(2, requires_grad=True)
    Waits.apply(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [5.0, 5.0]


def test_one_graph_in_several_threads() -> None:
    x = ac.ones(3, requires_grad=True)
    y = x
    for _ in range(40):
        y = y + x * 2
    z = y.sum()
    assert all((g[0].numpy() == 81).all() for g in together(lambda k: ac.autograd.grad(z, x, retain_graph=True)))
    together(lambda k: [z.backward(retain_graph=True) for _ in range(20)])
    assert x.grad is not None
    assert x.grad.tolist() == [81.0 * 20 * THREADS] * 3


def test_a_leaf_of_several_threads_graphs_loses_no_gradient() -> None:
    w = ac.zeros(20_000, requires_grad=True)  # long enough for NumPy to let other threads run
    together(lambda k: [(w * (k + 1)).sum().backward() for _ in range(100)])
    assert w.grad is not None
    assert (w.grad.numpy() == 100 * sum(range(1, THREADS + 1))).all()


def test_a_leaf_takes_one_gradient_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    real, inside, most = ac.Tensor.accumulate, [0], []

    def slow(*args: Any) -> None:
        inside[0] += 1
        most.append(inside[0])
        time.sleep(0.02)
        real(*args)
        inside[0] -= 1

    monkeypatch.setattr(ac.Tensor, "accumulate", staticmethod(slow))
    w = ac.zeros(2, requires_grad=True)
    together(lambda k: (w * 2).sum().backward())
    assert most == [1] * THREADS
    assert w.grad is not None
    assert w.grad.tolist() == [2.0 * THREADS] * 2


def test_a_walk_within_a_walk_over_the_same_graph() -> None:
    x = ac.tensor([2.0], requires_grad=True)
    h = x * x
    y = (h * h).sum()
    inner: list[Any] = []

    def hook(g: Any) -> None:
        if not inner:
            inner.append(None)
            inner[0] = ac.autograd.grad(y, x, retain_graph=True)[0].item()

    h.register_hook(hook)
    y.backward(retain_graph=True)
    assert inner == [32.0]
    assert x.grad is not None
    assert x.grad.item() == 32.0


def test_a_graph_freed_under_a_walk_says_so() -> None:
    x = ac.tensor([2.0], requires_grad=True)
    h = x.exp()
    y = h.exp()
    y.register_hook(lambda g: threads.append(in_another(lambda: y.backward())) if not threads else None)
    threads: list[Any] = []

    def in_another(fn: Callable[[], Any]) -> Any:
        with ThreadPoolExecutor(1) as pool:
            threads.append(None)
            return pool.submit(fn).result(10)

    with pytest.raises(GraphError, match="second time"):
        y.sum().backward()


def _trained(k: int, steps: int = 30) -> list[Any]:
    rng = np.random.default_rng(k)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4))
    with ac.no_grad():
        for p in net.parameters():
            p.copy_(ac.tensor(rng.standard_normal(p.shape).astype(np.float32) * 0.3))
    optimizer = ac.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for _ in range(steps):
        x, y = ac.tensor(rng.standard_normal((5, 1, 8, 8)).astype(np.float32)), ac.tensor(rng.integers(0, 4, 5))
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        with ac.no_grad():
            net(x)
    return [p.detach().numpy().copy() for p in net.parameters()]


@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_training_several_networks_at_once(backend: str) -> None:
    def train(k: int) -> list[Any]:
        with ac.use_backend(backend):
            return _trained(k)

    alone = [train(k) for k in range(THREADS)]
    for one, beside in zip(alone, together(train), strict=True):
        for a, b in zip(one, beside, strict=True):
            np.testing.assert_array_equal(a, b)


def test_one_model_whose_gradients_several_threads_compute() -> None:
    """Data-parallel by threads: the gradients of the parts add up to that of the whole batch."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(-3, 4, (8, 6)).astype(np.float64), rng.integers(-3, 4, (8, 2)).astype(np.float64)
    net = nn.Linear(6, 2, dtype=ac.float64)
    with ac.no_grad():
        for p in net.parameters():
            p.copy_(ac.tensor(rng.integers(-3, 4, p.shape).astype(np.float64)))

    def part(k: int) -> None:
        for i in range(2 * k, 2 * k + 2):
            (net(ac.tensor(x[i : i + 1])) - ac.tensor(y[i : i + 1])).square().sum().backward()

    together(part)
    error = x @ net.weight.detach().numpy().T + net.bias.detach().numpy() - y
    np.testing.assert_array_equal(net.weight.grad.numpy(), 2 * error.T @ x)  # whole numbers: exact in any order
    np.testing.assert_array_equal(net.bias.grad.numpy(), 2 * error.sum(0))


def test_the_newest_write_is_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that took an older stamp notes it later: then a walk would not look for the newer write."""
    a, b = np.zeros(2), np.zeros(2)
    real, main, other = versions.clock, threading.get_ident(), threading.Thread(target=lambda: versions.wrote(b), daemon=True)

    def clock() -> int:
        stamp = real()
        if threading.get_ident() == main:
            other.start()
            other.join(0.3)  # as far as it comes while this stamp is not noted
        return stamp

    monkeypatch.setattr(versions, "clock", clock)
    versions.wrote(a)
    other.join(10)
    assert versions.newest_write() == versions._records[id(b)].stamp
    assert versions.written_since(b, versions._records[id(a)].stamp)


def test_no_view_is_lost_while_dead_ones_are_swept_out() -> None:
    base = ac.zeros(64, requires_grad=True) * 1

    def views(k: int) -> list[Any]:
        kept = []
        for i in range(16 * k, 16 * k + 16):
            kept.append(base[i : i + 1])
            for _ in range(40):
                base[i : i + 1]  # dead at once
        return kept

    kept = together(views)
    listed = {id(ref()) for ref in base.__dict__["_views"]}
    assert {id(v) for some in kept for v in some} <= listed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process")  # is multi-threaded, and forks
@pytest.mark.parametrize("held", [(backward, "_adding"), (versions, "_noting"), (record, "_linking")], ids=lambda h: h[1])
def test_a_process_forked_while_another_thread_held_a_lock(held: Any) -> None:
    locked, over = threading.Event(), threading.Event()

    def hold() -> None:
        with getattr(*held):
            locked.set()
            over.wait(20)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    locked.wait(10)
    child = os.fork()
    if child == 0:
        x = ac.zeros(3, requires_grad=True)
        y = x * 2
        y[:1] += 1
        y.sum().backward()
        x.grad.add_(1)
        os._exit(0 if x.grad.tolist() == [3.0, 3.0, 3.0] else 1)
    try:
        end, code = time.monotonic() + 10, None
        while code is None and time.monotonic() < end:
            pid, status = os.waitpid(child, os.WNOHANG)
            code = os.waitstatus_to_exitcode(status) if pid else time.sleep(0.01)
        if code is None:
            os.kill(child, 9)
            os.waitpid(child, 0)
        assert code == 0
    finally:
        over.set()
        thread.join(10)
