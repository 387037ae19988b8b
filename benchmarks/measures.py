"""The measurements and their bars."""

from __future__ import annotations

from collections.abc import Callable

from . import races
from .nets import NETS
from .result import HERE, Result
from .run import Runner, installed


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
    return [
        Result(f"Scalar: {k}", v, "µs", theirs.get(k), "micrograd", here_at_most=0.8 if k == "a * b" else None)
        for k, v in found[HERE].items()
    ]


def _chain(run: Runner, measure: str, longest: int, other: str) -> list[Result]:
    found = run.compare(measure, HERE, *([other] if other else []))
    here, theirs = found[HERE], found.get(other, {})
    out = [
        Result(f"{measure}, {longest:,}: {k}", here[f"{k} {longest}"], "s", theirs.get(f"{k} {longest}"), other)
        for k in ("forward", "backward", "free")
    ]
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


def imports(run: Runner) -> list[Result]:
    """Time to import."""
    names = [HERE, "numpy", *(["torch"] if installed("torch") else [])]
    empty, *times = run.process("pass", *(f"import {n}" for n in names))
    taken = {n: t - empty for n, t in zip(names, times, strict=True)}
    first = Result("import, beside import numpy", taken[HERE], "s", taken["numpy"], "numpy", here_at_most=0.3)
    return [first, *([Result("import, beside import torch", taken[HERE], "s", taken["torch"], "torch")] if "torch" in taken else [])]


def distributed(run: Runner) -> list[Result]:
    """Training in several processes of one thread each, beside one process with as many threads; PyTorch's engine is gloo."""
    results = []
    for net in ("resnet20", "resnet18", "vgg16"):
        one, several = run.compare(f"train {net}", HERE, "torch"), run.ranks(net, HERE, "torch")
        text = f"{NETS[net].text}, {run.threads} processes"
        costs, hidden = {}, {}
        for side, found in several.items():
            costs[side] = found["overlapped"] / one[side]["step"]
            travel = found["afterwards"] - found["alone"]
            hidden[side] = (found["afterwards"] - found["overlapped"]) / travel if travel > 0 else 1.0
        theirs = several.get("torch", {})
        results.append(Result(f"{text}: a step", several[HERE]["overlapped"], "ms", theirs.get("overlapped"), "torch"))
        results.append(Result(f"{text}: beside one process", costs[HERE], "× its time", costs.get("torch"), "torch", ratio_at_most=1.0))
        results.append(Result(f"{text}: share of what travels hidden behind backward", hidden[HERE], "", hidden.get("torch"), "torch"))
    return results


SIDES = frozenset((*races.BEST, "micrograd"))  # what is measured beside this library
MEASURES: dict[str, Callable[[Runner], list[Result]]] = {
    "small": small,
    "scalar": scalar,
    "moons": moons,
    "chains": chains,
    "import": imports,
    "nets": races.nets,
    "inference": races.inference,
    "memory": races.memory,
    "operations": races.operations,
    "growth": races.growth,
    "threads": races.threads,
    "distributed": distributed,
}
