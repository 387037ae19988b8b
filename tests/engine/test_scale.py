"""Size and threads: long chains without recursion, memory given back, two threads that do not see each other."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac


def chain(n: int) -> float:
    x = ac.tensor(1.0, requires_grad=True)
    y = x
    start = time.perf_counter()
    for _ in range(n):
        y = y + 1.0
    y.backward()
    assert x.grad is not None
    assert float(x.grad) == 1.0
    del y
    return time.perf_counter() - start


def test_a_long_chain_needs_no_recursion() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        chain(100_000)
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("n", [200_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_long_chain(n: int) -> None:
    chain(1000)
    assert chain(n) < 60


def test_a_dropped_graph_is_freed_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        x = ac.ones(1000, requires_grad=True)
        y = x
        watched = []
        for _ in range(50):
            y = y.sin()
            watched.append(weakref.ref(y.value))
        total = y.sum()
        del y
        assert all(r() is not None for r in watched[:-1])
        del total
        assert all(r() is None for r in watched)
    finally:
        gc.enable()


def test_backward_frees_as_it_goes() -> None:
    x = ac.ones(10, requires_grad=True)
    h = x.exp()
    kept = weakref.ref(h.value)
    y = (h * h).sum()
    del h
    assert kept() is not None
    y.backward()
    assert kept() is None


def test_million_nodes_leave_nothing_behind() -> None:
    gc.collect()
    before = len(gc.get_objects())
    chain(50_000)
    gc.collect()
    assert len(gc.get_objects()) - before < 1000


def in_threads(*work: Any) -> None:
    errors: list[BaseException] = []

    def guarded(fn: Any) -> None:
        try:
            fn()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(w,)) for w in work]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    if errors:
        raise errors[0]


def test_modes_belong_to_a_thread() -> None:
    inside, go = threading.Event(), threading.Event()
    seen: list[bool] = []

    def without() -> None:
        with ac.no_grad():
            inside.set()
            go.wait(10)
            seen.append(ac.is_grad_enabled())

    def recording() -> None:
        inside.wait(10)
        seen.append(ac.is_grad_enabled())
        x = ac.ones(2, requires_grad=True)
        assert (x * 2).requires_grad
        go.set()

    in_threads(without, recording)
    assert seen == [True, False]


def test_threads_record_graphs_of_their_own() -> None:
    def work(k: int) -> Any:
        def run() -> None:
            for _ in range(60):
                x = ac.tensor(np.full(20, float(k)), requires_grad=True)
                y = (x * x).sum() + (x.exp() * 0).sum()
                y.backward()
                assert x.grad is not None
                assert np.allclose(x.grad.numpy(), 2.0 * k)

        return run

    in_threads(*(work(k) for k in range(1, 5)))


def test_threads_accumulate_into_a_shared_leaf() -> None:
    shared = ac.zeros(8, requires_grad=True, dtype=ac.float64)

    def run() -> None:
        for _ in range(100):
            (shared * 3.0).sum().backward()

    in_threads(run, run)
    assert shared.grad is not None
    assert np.allclose(shared.grad.numpy(), 600.0)


def test_threads_trace_apart() -> None:
    lengths = []

    def run(n: int) -> Any:
        def traced() -> None:
            def fn(x: Any) -> Any:
                for _ in range(n):
                    x = x.sin()
                    time.sleep(0.001)
                return x

            lengths.append((n, len(ac.trace(fn, ac.ones(2)))))

        return traced

    in_threads(run(3), run(7))
    assert sorted(lengths) == [(3, 3), (7, 7)]


def test_backward_within_a_hook() -> None:
    x, z = ac.tensor([1.0, 2.0], requires_grad=True), ac.tensor([3.0], requires_grad=True)
    h = x * x

    def hook(g: Any) -> Any:
        with ac.enable_grad():  # hooks run with the mode of the backward pass, as in PyTorch
            (z * z).sum().backward()
        return g * z.grad

    h.register_hook(hook)
    h.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [12.0, 24.0]


def test_backward_of_the_same_graph_within_a_hook() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    inner: list[Any] = []

    @ac.enable_grad()
    def hook(g: Any) -> None:
        inner.append(ac.autograd.grad((x * x * x).sum(), x)[0])

    h.register_hook(hook)
    (h * 2).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [4.0, 8.0]
    assert inner[0].tolist() == [3.0, 12.0]
