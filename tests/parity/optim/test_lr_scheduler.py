"""Learning rate schedulers against PyTorch: thirty epochs, equal to 1e-12; state dicts and errors alike."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_cnn import optim
from autograd_cnn.optim import lr_scheduler as ours_module
from autograd_cnn.tensors.tensor import wrap

torch = pytest.importorskip("torch")
theirs_module = torch.optim.lr_scheduler


class Halving:
    """A factor that is an object: its attributes are saved."""

    def __init__(self) -> None:
        self.base = 0.5

    def __call__(self, epoch: float) -> float:
        return self.base ** (epoch / 10)


Make = Callable[[Any, Any], Any]
SCHEDULERS: dict[str, Make] = {
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda e: 0.95**e),
    "LambdaLR per group": lambda m, o: m.LambdaLR(o, [lambda e: 0.95**e, lambda e: 1 / (e + 1)]),
    "LambdaLR object": lambda m, o: m.LambdaLR(o, Halving()),
    "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, lambda e: 0.95),
    "StepLR": lambda m, o: m.StepLR(o, 7, gamma=0.3),
    "StepLR 1": lambda m, o: m.StepLR(o, 1),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, [3, 3, 11, 20], gamma=0.5),
    "ConstantLR": lambda m, o: m.ConstantLR(o, factor=0.3, total_iters=8),
    "LinearLR": lambda m, o: m.LinearLR(o, start_factor=0.1, end_factor=0.9, total_iters=12),
    "LinearLR down": lambda m, o: m.LinearLR(o, start_factor=1.0, end_factor=0.0, total_iters=12),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, gamma=0.9),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o, total_iters=20, power=1.7),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, T_max=9, eta_min=0.01),
    "CosineAnnealingLR whole": lambda m, o: m.CosineAnnealingLR(o, 30),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, T_0=4, T_mult=2, eta_min=0.01),
    "CosineAnnealingWarmRestarts 1": lambda m, o: m.CosineAnnealingWarmRestarts(o, T_0=7),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.5, step_size_up=4, step_size_down=7),
    "CyclicLR triangular2": lambda m, o: m.CyclicLR(o, [0.01, 0.1], [0.5, 0.3], step_size_up=4, mode="triangular2"),
    "CyclicLR exp_range": lambda m, o: m.CyclicLR(o, 0.01, 0.5, step_size_up=4, mode="exp_range", gamma=0.97),
    "CyclicLR own scale": lambda m, o: m.CyclicLR(
        o, 0.01, 0.5, step_size_up=4, scale_fn=lambda x: 1 / (5 ** (x * 0.0001)), scale_mode="iterations"
    ),
    "CyclicLR object": lambda m, o: m.CyclicLR(o, 0.01, 0.5, step_size_up=4, scale_fn=Halving(), cycle_momentum=False),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, max_lr=0.9, total_steps=31),
    "OneCycleLR linear": lambda m, o: m.OneCycleLR(
        o, max_lr=[0.9, 0.3], epochs=5, steps_per_epoch=7, anneal_strategy="linear", pct_start=0.4
    ),
    "OneCycleLR three phases": lambda m, o: m.OneCycleLR(
        o, max_lr=0.9, total_steps=30, three_phase=True, div_factor=10.0, final_div_factor=100.0
    ),
    "OneCycleLR no momentum": lambda m, o: m.OneCycleLR(o, max_lr=0.9, total_steps=30, cycle_momentum=False),
    "SequentialLR": lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.1, 5), m.ExponentialLR(o, 0.9), m.StepLR(o, 3)], milestones=[5, 15]),
    "SequentialLR of a SequentialLR": lambda m, o: m.SequentialLR(
        o,
        [m.SequentialLR(o, [m.ExponentialLR(o, 0.8), m.CosineAnnealingLR(o, 12)], [4]), m.LinearLR(o, 0.2, 1.0, 6)],
        milestones=[9],
    ),
    "SequentialLR of a ChainedScheduler": lambda m, o: m.SequentialLR(
        o, [m.ChainedScheduler([m.ConstantLR(o, 0.1, 5), m.ExponentialLR(o, 0.9)]), m.StepLR(o, 3)], milestones=[8]
    ),
    "SequentialLR warmup and cosine": lambda m, o: m.SequentialLR(
        o, [m.LinearLR(o, 0.01, total_iters=5), m.CosineAnnealingLR(o, T_max=25)], milestones=[5]
    ),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler([m.ConstantLR(o, 0.1, 5), m.ExponentialLR(o, 0.9), m.CosineAnnealingLR(o, 10)]),
}


def optimizers(name: str = "SGD", **options: Any) -> tuple[Any, Any]:
    if name == "SGD":
        options = {"momentum": 0.5, **options}
    a = [wrap(np.ones(2, np.float32), True) for _ in range(2)]
    b = [torch.ones(2, requires_grad=True) for _ in range(2)]
    ours = getattr(optim, name)([{"params": a[:1]}, {"params": a[1:], "lr": 0.2}], lr=0.05, **options)
    theirs = getattr(torch.optim, name)([{"params": b[:1]}, {"params": b[1:], "lr": 0.2}], lr=0.05, **options)
    return ours, theirs


def build(name: str, module: Any, optimizer: Any) -> Any:
    with warnings.catch_warnings():
        if module is theirs_module:
            warnings.simplefilter("ignore")  # it takes the first steps of nested schedulers for a mistake
        return SCHEDULERS[name](module, optimizer)


def look(optimizer: Any) -> list[float]:
    """What a scheduler may change."""
    keys = ("lr", "momentum", "initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum")
    values = [float(group[key]) for group in optimizer.param_groups for key in keys if key in group]
    return values + [float(beta) for group in optimizer.param_groups for beta in group.get("betas", ())]


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def run(optimizer: Any, scheduler: Any, epochs: int) -> list[list[float]]:
    seen = [look(optimizer)]
    for _ in range(epochs):
        optimizer.step()
        scheduler.step()
        seen.append(look(optimizer) + list(map(float, scheduler.get_last_lr())))
    return seen


@pytest.mark.parametrize("name", list(SCHEDULERS))
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_thirty_epochs(name: str, optimizer: str) -> None:
    a, b = optimizers(optimizer)
    ours, theirs = build(name, ours_module, a), build(name, theirs_module, b)
    epochs = 29 if "OneCycleLR" in name else 30
    for left, right in zip(run(a, ours, epochs), run(b, theirs, epochs), strict=True):
        close(left, right)


def plain(x: Any) -> Any:
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    return round(x, 12) if isinstance(x, float) else x


@pytest.mark.parametrize("name", list(SCHEDULERS))
def test_state_dicts_are_pytorchs(name: str) -> None:
    a, b = optimizers()
    ours, theirs = build(name, ours_module, a), build(name, theirs_module, b)
    assert plain(ours.state_dict()) == plain(theirs.state_dict())
    run(a, ours, 6)
    run(b, theirs, 6)
    assert plain(ours.state_dict()) == plain(theirs.state_dict())


@pytest.mark.parametrize("name", list(SCHEDULERS))
def test_a_run_goes_on_from_pytorchs_state_dicts(name: str) -> None:
    a, b = optimizers()
    theirs = build(name, theirs_module, b)
    run(b, theirs, 7)
    ours = build(name, ours_module, a)
    a.load_state_dict(b.state_dict())
    ours.load_state_dict(theirs.state_dict())
    for left, right in zip(run(a, ours, 12), run(b, theirs, 12), strict=True):
        close(left, right)


RESUMABLE = [name for name in SCHEDULERS if not any(word in name for word in ("Sequential", "Chained", "per group", "object"))]


@pytest.mark.parametrize("name", [n for n in RESUMABLE if n in ("StepLR", "ExponentialLR", "CosineAnnealingLR", "LinearLR")])
def test_resuming_with_last_epoch(name: str) -> None:
    def resumed(m: Any, o: Any) -> Any:
        return {
            "StepLR": lambda: m.StepLR(o, 7, gamma=0.3, last_epoch=4),
            "ExponentialLR": lambda: m.ExponentialLR(o, 0.9, last_epoch=4),
            "CosineAnnealingLR": lambda: m.CosineAnnealingLR(o, T_max=9, eta_min=0.01, last_epoch=4),
            "LinearLR": lambda: m.LinearLR(o, 0.1, 0.9, 12, last_epoch=4),
        }[name]()

    a, b = optimizers()
    for optimizer, module in ((a, ours_module), (b, theirs_module)):
        run(optimizer, build(name, module, optimizer), 5)
    for left, right in zip(run(a, resumed(ours_module, a), 8), run(b, resumed(theirs_module, b), 8), strict=True):
        close(left, right)


@pytest.mark.parametrize(
    "name",
    [
        "StepLR",
        "MultiStepLR",
        "ConstantLR",
        "LinearLR",
        "ExponentialLR",
        "PolynomialLR",
        "CosineAnnealingLR",
        "LambdaLR",
        "CosineAnnealingWarmRestarts",
    ],
)
def test_steps_to_a_given_epoch(name: str) -> None:
    a, b = optimizers()
    ours, theirs = build(name, ours_module, a), build(name, theirs_module, b)
    for epoch in (3, 1, 17, 12, 30):
        a.step()
        b.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours.step(epoch)
            theirs.step(epoch)
        close(look(a), look(b))
    assert ours.last_epoch == theirs.last_epoch


def test_warm_restarts_with_fractions_of_an_epoch() -> None:
    for options in ({"T_0": 3}, {"T_0": 2, "T_mult": 3}):
        a, b = optimizers()
        ours = ours_module.CosineAnnealingWarmRestarts(a, **options)
        theirs = theirs_module.CosineAnnealingWarmRestarts(b, **options)
        for epoch in np.arange(0, 12, 0.37):
            ours.step(float(epoch))
            theirs.step(float(epoch))
            close(look(a), look(b))


PLATEAUS: list[dict[str, Any]] = [
    {},
    {"patience": 2, "factor": 0.5},
    {"patience": 0, "mode": "max", "threshold_mode": "abs", "threshold": 0.05},
    {"patience": 1, "threshold_mode": "abs", "threshold": 0.1, "cooldown": 3},
    {"patience": 1, "mode": "max", "min_lr": [0.01, 0.1]},
    {"patience": 0, "min_lr": 0.04, "eps": 0.02, "factor": 0.9},
]


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_plateaus(options: dict[str, Any]) -> None:
    a, b = optimizers()
    ours, theirs = ours_module.ReduceLROnPlateau(a, **options), theirs_module.ReduceLROnPlateau(b, **options)
    rng = np.random.default_rng(0)
    for i in range(40):
        metric = float(1 / (i + 1) + 0.1 * rng.standard_normal()) if i != 20 else float("nan")
        ours.step(metric)
        theirs.step(metric)
        close(look(a), look(b))
        assert ours.state_dict() == theirs.state_dict()
        assert ours.in_cooldown == theirs.in_cooldown
    again = ours_module.ReduceLROnPlateau(a)
    again.load_state_dict(theirs.state_dict())
    assert again.state_dict() == theirs.state_dict()


BAD: dict[str, Make] = {
    "no optimizer": lambda m, o: m.StepLR(object(), 1),
    "no optimizer for a plateau": lambda m, o: m.ReduceLROnPlateau(object()),
    "no optimizer for a cycle": lambda m, o: m.OneCycleLR(object(), 1.0, 10),
    "lambdas": lambda m, o: m.LambdaLR(o, [lambda e: 1.0]),
    "multiplicative lambdas": lambda m, o: m.MultiplicativeLR(o, [lambda e: 1.0] * 3),
    "no function": lambda m, o: m.MultiplicativeLR(o, 0.5),
    "factor of ConstantLR": lambda m, o: m.ConstantLR(o, factor=1.5),
    "start of LinearLR": lambda m, o: m.LinearLR(o, start_factor=0.0),
    "end of LinearLR": lambda m, o: m.LinearLR(o, end_factor=1.5),
    "T_0": lambda m, o: m.CosineAnnealingWarmRestarts(o, 0),
    "T_0 of another kind": lambda m, o: m.CosineAnnealingWarmRestarts(o, 1.5),
    "T_mult": lambda m, o: m.CosineAnnealingWarmRestarts(o, 2, 0),
    "eta_min": lambda m, o: m.CosineAnnealingWarmRestarts(o, 2, 1, "0"),
    "negative epoch": lambda m, o: m.CosineAnnealingWarmRestarts(o, 2).step(-1),
    "factor of a plateau": lambda m, o: m.ReduceLROnPlateau(o, factor=1.0),
    "mode of a plateau": lambda m, o: m.ReduceLROnPlateau(o, mode="least"),
    "threshold mode": lambda m, o: m.ReduceLROnPlateau(o, threshold_mode="some"),
    "min_lr": lambda m, o: m.ReduceLROnPlateau(o, min_lr=[0.1]),
    "base_lr": lambda m, o: m.CyclicLR(o, [0.1], 0.2),
    "mode of CyclicLR": lambda m, o: m.CyclicLR(o, 0.1, 0.2, mode="square"),
    "total_steps": lambda m, o: m.OneCycleLR(o, 0.1, total_steps=0),
    "no total_steps": lambda m, o: m.OneCycleLR(o, 0.1, epochs=3),
    "epochs": lambda m, o: m.OneCycleLR(o, 0.1, epochs=-1, steps_per_epoch=3),
    "pct_start": lambda m, o: m.OneCycleLR(o, 0.1, 10, pct_start=1.5),
    "anneal_strategy": lambda m, o: m.OneCycleLR(o, 0.1, 10, anneal_strategy="quadratic"),
    "no schedulers": lambda m, o: m.SequentialLR(o, [], []),
    "no schedulers to chain": lambda m, o: m.ChainedScheduler([]),
    "milestones": lambda m, o: m.SequentialLR(o, [m.StepLR(o, 1), m.StepLR(o, 1)], []),
    "a plateau in a sequence": lambda m, o: m.SequentialLR(o, [m.ReduceLROnPlateau(o)], []),
    "a plateau in a chain": lambda m, o: m.ChainedScheduler([m.ReduceLROnPlateau(o)]),
    "no initial_lr": lambda m, o: m.StepLR(o, 1, last_epoch=3),
}


@pytest.mark.parametrize("what", list(BAD))
def test_errors(what: str) -> None:
    a, b = optimizers()
    with pytest.raises(Exception) as theirs:  # noqa: PT011  # whatever PyTorch raises
        BAD[what](theirs_module, b)
    before = a.state_dict()["param_groups"]
    with pytest.raises(theirs.type) as ours:
        BAD[what](ours_module, a)
    assert str(ours.value).startswith(str(theirs.value)[:48].rstrip("."))  # ours may go on: what came, what helps
    if what != "negative epoch":
        assert [g["lr"] for g in a.state_dict()["param_groups"]] == [g["lr"] for g in before]


def test_momentum_to_cycle() -> None:
    a, b = optimizers("Adagrad")
    for make in (lambda m, o: m.CyclicLR(o, 0.1, 0.2), lambda m, o: m.OneCycleLR(o, 0.1, 10)):
        for m, o in ((ours_module, a), (theirs_module, b)):
            with pytest.raises(ValueError, match="optimizer must support momentum or beta1 with `cycle_momentum`"):
                make(m, o)


def test_one_step_too_many() -> None:
    a, b = optimizers()
    for m, o in ((ours_module, a), (theirs_module, b)):
        scheduler = m.OneCycleLR(o, 0.1, total_steps=2)
        for _ in range(2):
            o.step()
            scheduler.step()
        with pytest.raises(ValueError, match=r"Tried to step 3 times. The specified number of total steps is 2"):
            scheduler.step()


def test_schedulers_of_two_optimizers() -> None:
    for m, (o, other) in (
        (ours_module, (optimizers()[0], optimizers()[0])),
        (theirs_module, (optimizers()[1], optimizers()[1])),
    ):
        for make in (
            lambda m, o, x: m.SequentialLR(o, [m.StepLR(o, 1), m.StepLR(x, 1)], [2]),
            lambda m, o, x: m.ChainedScheduler([m.StepLR(o, 1), m.StepLR(x, 1)]),
        ):
            with pytest.raises(ValueError, match="expects all schedulers to belong to the same optimizer, but got scheduler"):
                make(m, o, other)


@pytest.mark.parametrize("name", list(SCHEDULERS))
def test_learning_rates_that_are_tensors(name: str) -> None:
    a = optim.SGD([wrap(np.ones(2, np.float32), True)], lr=wrap(np.array(0.05, np.float32)), momentum=0.5)
    b = torch.optim.SGD([torch.ones(2, requires_grad=True)], lr=torch.tensor(0.05), momentum=0.5)
    for o in (a, b):
        o.add_param_group({"params": [wrap(np.ones(2), True) if o is a else torch.ones(2, requires_grad=True)], "lr": 0.2})
    rate = a.param_groups[0]["lr"]
    ours, theirs = build(name, ours_module, a), build(name, theirs_module, b)
    for left, right in zip(run(a, ours, 12), run(b, theirs, 12), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-12)
    assert a.param_groups[0]["lr"] is rate
    assert ours.get_last_lr()[0] is not rate
