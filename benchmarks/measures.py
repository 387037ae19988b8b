"""The measurements and their bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from .run import Runner, installed

HERE = "autograd_cnn"


@dataclass(frozen=True)
class Result:
    """One number of ours, the other side's beside it, and the bar: on the ratio (ours over theirs) or on ours alone."""

    what: str
    here: float
    unit: str
    beside: float | None = None
    side: str = ""
    ratio_at_most: float | None = None
    here_at_most: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours over theirs."""
        return None if self.beside is None else self.here / self.beside

    @property
    def holds(self) -> bool | None:
        """Is the bar held? None without a bar, or without the other side."""
        if self.here_at_most is not None:
            return self.here <= self.here_at_most
        if self.ratio_at_most is None or self.ratio is None:
            return None
        return self.ratio <= self.ratio_at_most

    @property
    def bar_text(self) -> str:
        """The bar in words."""
        if self.here_at_most is not None:
            return f"≤ {self.here_at_most:g} {self.unit}"
        return "" if self.ratio_at_most is None else f"ratio ≤ {self.ratio_at_most:g}"

    def asdict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "ratio": self.ratio, "holds": self.holds}


def small(run: Runner) -> list[Result]:
    """One recorded operation on 8 numbers."""
    found = run.compare("small", HERE, "torch")
    theirs = found.get("torch", {})
    bars = {"x * w": 1.0, "x + w": 1.0, "x * 2": 1.0, "exp": 1.0, "relu": 1.0, "tanh": 1.0}
    return [Result(f"Tensor of 8: {k}", v, "µs", theirs.get(k), "torch", bars.get(k)) for k, v in found[HERE].items()]


def scalar(run: Runner) -> list[Result]:
    """One recorded operation on numbers."""
    found = run.compare("scalar", HERE, "micrograd")
    theirs = found.get("micrograd", {})
    return [Result(f"Scalar: {k}", v, "µs", theirs.get(k), "micrograd", here_at_most=0.8 if k == "a * b" else None)
            for k, v in found[HERE].items()]  # fmt: skip


def _chain(run: Runner, measure: str, longest: int, other: str) -> list[Result]:
    found = run.compare(measure, HERE, *([other] if other else []))
    here, theirs = found[HERE], found.get(other, {})
    out = [Result(f"{measure}, {longest:,}: {k}", here[f"{k} {longest}"], "s", theirs.get(f"{k} {longest}"), other)
           for k in ("forward", "backward", "free")]  # fmt: skip
    for k in ("forward", "backward"):
        growth = here[f"{k} {longest}"] / here[f"{k} {longest // 4}"]
        out.append(Result(f"{measure}: {k}, four times the length", growth, "× the time", here_at_most=6.0))
    out.append(Result(f"{measure}: objects left to the collector", here["left to the collector"], "", here_at_most=0))
    return out


def chains(run: Runner) -> list[Result]:
    """Long chains: linear in time, no recursion, freed at once."""
    return _chain(run, "chain of scalars", 1_000_000, "") + _chain(run, "chain of tensors", 500_000, "torch")


def moons(run: Runner) -> list[Result]:
    """micrograd's demo."""
    found = run.compare("moons", HERE, "micrograd")
    here, theirs = found[HERE], found.get("micrograd")
    if theirs and abs(here["gradient"] - theirs["gradient"]) > 1e-9:
        raise RuntimeError(f"moons: the gradients differ: {here['gradient']} and {theirs['gradient']}")
    beside = theirs["step"] if theirs else None
    return [Result("micrograd's moons net, a step", here["step"], "ms", beside, "micrograd", 1 / 5)]


def training(run: Runner) -> list[Result]:
    """Training steps."""
    out = []
    for net, text, bar in (("lenet5", "LeNet-5, batch 64", 3.0), ("vgg", "VGG-like, batch 16", None)):
        found = run.compare(f"train {net}", HERE, "torch")
        here, theirs = found[HERE], found.get("torch")
        if theirs and abs(here["loss 2"] - theirs["loss 2"]) > 1e-4 * max(1.0, abs(theirs["loss 2"])):
            raise RuntimeError(f"train {net}: the losses differ: {here['loss 2']} and {theirs['loss 2']}")
        out.append(Result(f"{text}: a training step", here["step"], "ms", theirs["step"] if theirs else None, "torch", bar))
    return out


def memory(run: Runner) -> list[Result]:
    """Memory of training steps."""
    out = []
    for net, text in (("lenet5", "LeNet-5, batch 64"), ("vgg", "VGG-like, batch 16")):
        found = run.compare(f"memory {net}", HERE, "torch")
        beside = found["torch"]["growth"] if "torch" in found else None
        out.append(Result(f"{text}: memory of training steps", found[HERE]["growth"], "MB", beside, "torch", 1.2))
    return out


def imports(run: Runner) -> list[Result]:
    """Time to import."""
    names = [HERE, "numpy", *(["torch"] if installed("torch") else [])]
    empty, *times = run.process("pass", *(f"import {n}" for n in names))
    taken = {n: t - empty for n, t in zip(names, times, strict=True)}
    first = Result("import, beside import numpy", taken[HERE], "s", taken["numpy"], "numpy", here_at_most=0.3)
    return [first, *([Result("import, beside import torch", taken[HERE], "s", taken["torch"], "torch")] if "torch" in taken else [])]


MEASURES: dict[str, Callable[[Runner], list[Result]]] = {
    "small": small, "scalar": scalar, "moons": moons, "chains": chains, "training": training, "memory": memory, "import": imports,
}  # fmt: skip
