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

            losses.append(optimizer.step(closure).item())
            scheduler.step()
        return losses


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad=True:UserWarning")  # PyTorch's LBFGS does
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


@pytest.mark.parametrize("name", ["SGD", "Adam", "ASGD", "LBFGS"])
def test_files_of_optimizers_and_schedulers_go_both_ways(name: str, tmp_path: Any) -> None:
    """torch.save, our load, some steps, our save, torch.load: the run is the same as PyTorch's alone."""
    # few iterations for L-BFGS: its short steps of fixed length let rounding errors grow fivefold in each
    options = {"SGD": {"momentum": 0.9}, "LBFGS": {"max_iter": 4}}.get(name, {})
    task, reference = Task(ac, "float64"), Task(torch, "float64")
    kind = torch.optim.lr_scheduler.MultiStepLR

    def steps(task: Task, optimizer: Any, scheduler: Any) -> None:
        for _ in range(3):

            def closure() -> Any:
                optimizer.zero_grad()
                loss = task.loss()
                loss.backward()
                return loss.detach()

            optimizer.step(closure)
            scheduler.step()

    theirs = getattr(torch.optim, name)(reference.params, lr=0.01, **options)
    schedule = kind(theirs, [2, 4], gamma=0.5)
    steps(reference, theirs, schedule)
    torch.save([theirs.state_dict(), schedule.state_dict(), [p.detach() for p in reference.params]], tmp_path / "theirs.pt")

    ours = getattr(ac.optim, name)(task.params)
    our_schedule = ac.optim.lr_scheduler.MultiStepLR(ours, [1])
    state, schedule_state, values = ac.load(tmp_path / "theirs.pt")
    with ac.no_grad():
        for p, value in zip(task.params, values, strict=True):
            p.copy_(value)
    ours.load_state_dict(state)
    our_schedule.load_state_dict(schedule_state)
    steps(task, ours, our_schedule)
    ac.save([ours.state_dict(), our_schedule.state_dict(), [p.detach() for p in task.params]], tmp_path / "ours.pt")

    again = Task(torch, "float64")
    back = getattr(torch.optim, name)(again.params)
    back_schedule = kind(back, [1])
    state, schedule_state, values = torch.load(tmp_path / "ours.pt", weights_only=True)
    with torch.no_grad():
        for p, value in zip(again.params, values, strict=True):
            p.copy_(value)
    back.load_state_dict(state)
    back_schedule.load_state_dict(schedule_state)
    steps(again, back, back_schedule)
    for _ in range(2):
        steps(reference, theirs, schedule)
    assert back.param_groups[0]["lr"] == theirs.param_groups[0]["lr"]
    for p, q in zip(again.params, reference.params, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-9, atol=1e-12)
