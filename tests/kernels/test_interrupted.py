"""A signal's handler may compute between any two lines of a kernel of oneDNN: neither computation may show in the other."""

from __future__ import annotations

import signal
import threading
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.kernels.onednn import library, plans

F = nn.functional
pytestmark = [
    pytest.mark.skipif(library.library() is None, reason=library.reason()),
    pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread"),
]


def tensor(*shape: int, seed: int = 0) -> Any:
    return ac.tensor(np.random.default_rng(seed).standard_normal(shape, dtype=np.float32))


def trained(seed: int) -> list[Any]:
    """Every kind of kernel that reorders weights, and adjoints that use working memory. (What is switched where a handler runs is what was
    switched where it came: in the middle of a backward pass nothing is recorded.)"""
    x, w = tensor(2, 16, 12, 12, seed=seed), tensor(32, 16, 3, 3, seed=seed + 1).requires_grad_(True)
    with ac.enable_grad():
        y = F.relu(F.batch_norm(F.conv2d(x, w, padding=1), None, None, training=True))
        F.max_pool2d(y, 2).square().sum().backward()
    return [y.detach().numpy().copy(), w.grad.numpy().copy()]


@pytest.mark.parametrize("precision", ["highest", "medium"])
def test_a_handler_that_computes(precision: str) -> None:
    with ac.use_backend("onednn"), ac.use_float32_matmul_precision(precision):
        wanted = {seed: trained(seed) for seed in (0, 7)}
        wrong: list[int] = []
        calls = [0, 0]

        def check(seed: int, who: int) -> None:
            calls[who] += 1
            if any(not np.array_equal(a, b) for a, b in zip(trained(seed), wanted[seed], strict=True)):
                wrong.append(seed)

        delays = np.random.default_rng(0)

        def handler(*_: Any) -> None:
            check(7, 1)
            signal.setitimer(signal.ITIMER_REAL, delays.uniform(1e-4, 3e-3))  # anew after each: the program goes on in between

        before = signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 1e-3)
        try:
            while calls[1] < 150:
                check(0, 0)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert not wrong, (wrong, calls)


def test_memory_is_lent_while_somebody_holds_it() -> None:
    first = plans.working_memory("test", 1000)
    second = plans.working_memory("test", 500)
    assert abs(first.address - second.address) >= 500
    at = first.address
    del first
    again = plans.working_memory("test", 900)
    assert again.address == at
