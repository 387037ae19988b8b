"""Optimizers and schedulers in a whole training loop against PyTorch: recorded forward, backward, step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac

torch = pytest.importorskip("torch")

NAMES = ["SGD", "ASGD", "Adagrad", "Adadelta", "RMSprop", "Rprop", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "LBFGS"]


class Task:
    """A small network with tanh between two linear maps and a bias that is a single number, in either library."""

    def __init__(self, library: Any, dtype: str) -> None:
        rng = np.random.default_rng(0)
        self.library = library
        kind = getattr(library, dtype)
        x = rng.standard_normal((16, 5))
        self.x = library.tensor(x.tolist(), dtype=kind)
        self.y = library.tensor(np.sin(x.sum(1, keepdims=True)).tolist(), dtype=kind)
        start = [rng.standard_normal((5, 8)) * 0.4, np.zeros(8), rng.standard_normal((8, 1)) * 0.4, np.zeros(())]
        self.params = [library.tensor(value.tolist(), dtype=kind, requires_grad=True) for value in start]

    def loss(self) -> Any:
        w1, b1, w2, b2 = self.params
        error = (self.x @ w1 + b1).tanh() @ w2 + b2 - self.y
        return (error * error).mean()

    def train(self, name: str, steps: int, **options: Any) -> list[float]:
        optimizer = getattr(self.library.optim, name)(self.params, **options)
        scheduler = self.library.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        losses = []
        for _ in range(steps):

            def closure() -> Any:
                optimizer.zero_grad()
                loss = self.loss()
                loss.backward()
                return loss

            losses.append(float(optimizer.step(closure)))
            scheduler.step()
        return losses


@pytest.mark.parametrize("name", NAMES)
def test_twenty_steps_of_a_network(name: str) -> None:
    options = {"line_search_fn": "strong_wolfe", "max_iter": 3} if name == "LBFGS" else {}
    ours, theirs = Task(ac, "float64"), Task(torch, "float64")
    np.testing.assert_allclose(ours.train(name, 20, **options), theirs.train(name, 20, **options), rtol=1e-8)
    for p, q in zip(ours.params, theirs.params, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("LBFGS", "Rprop")])
def test_twenty_steps_of_a_network_in_single_precision(name: str) -> None:
    ours, theirs = Task(ac, "float32"), Task(torch, "float32")
    np.testing.assert_allclose(ours.train(name, 20), theirs.train(name, 20), rtol=1e-5)


def test_a_graph_from_before_the_step_says_so() -> None:
    for library in (ac, torch):
        w = library.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * w).sum()
        optimizer = library.optim.SGD([w], lr=0.1)
        loss.backward(retain_graph=True)
        optimizer.step()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()
