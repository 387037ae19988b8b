"""Between two operations anything may happen: weights, inputs and statistics change, and what was computed before stays as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.kernels.onednn import library

needs_onednn = pytest.mark.skipif(library.library() is None, reason=library.reason())


def copied(net: Between) -> None:
    with ac.no_grad():
        net.conv.weight.copy_(net.conv.weight * 100)


def initialised(net: Between) -> None:
    nn.init.constant_(net.conv.weight, 7.0)


def stepped(net: Between) -> None:
    optimizer = ac.optim.SGD(net.parameters(), lr=10.0)
    for p in net.parameters():
        p.grad = ac.ones_like(p)
    optimizer.step()


def loaded(net: Between) -> None:
    net.load_state_dict({k: v * 0 + 3 for k, v in net.state_dict().items()})


def elsewhere(net: Between) -> None:
    worker = threading.Thread(target=copied, args=(net,))
    worker.start()
    worker.join()


def by_numpy(net: Between) -> None:
    net.conv.weight.detach().numpy()[...] = 5.0


def input_written(net: Between) -> None:
    with ac.no_grad():
        net.seen.mul_(0)


def statistics_written(net: Between) -> None:
    net.norm.running_mean.fill_(9.0)
    net.norm.running_var.fill_(9.0)


class Between(nn.Module):
    """conv → batch norm → (+ x) → ReLU, with `happens` between the operations; nested, and in a module that another one calls."""

    def __init__(self, happens: Callable[[Between], None], normed: bool, summed: bool) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.happens, self.normed, self.summed = happens, normed, summed

    def forward(self, x: Any) -> Any:
        self.seen = x.clone()
        y = self.conv(self.seen)
        self.happens(self)
        if self.normed:
            y = self.norm(y)
            self.happens(self)
        if self.summed:
            y = y + x
            self.happens(self)
        return nn.functional.relu(y)


@needs_onednn
@pytest.mark.parametrize("happens", [copied, initialised, stepped, loaded, elsewhere, by_numpy, input_written, statistics_written])
@pytest.mark.parametrize("normed", [False, True])
@pytest.mark.parametrize("summed", [False, True])
def test_what_was_computed_stays(happens: Callable[[Between], None], normed: bool, summed: bool) -> None:
    x = ac.tensor(np.random.default_rng(0).standard_normal((2, 8, 24, 24), dtype=np.float32))
    found = []
    for backend in ("onednn", "numpy"):
        ac.manual_seed(0)
        with ac.use_backend(backend), ac.no_grad():
            net = nn.Sequential(nn.Sequential(Between(happens, normed, summed))).eval()
            found.append(net(x).numpy())
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-4 * np.abs(found[1]).max())
