"""Networks and single operations against PyTorch: eager, channels_last, compiled; and how time and memory grow."""

from __future__ import annotations

from .nets import NETS
from .programs import GROWTH
from .result import HERE, Result, geometric_mean
from .run import Runner

EAGER, BEST = "torch", ("torch", "torch channels_last", "torch compile")
SMALL = ("mlp", "lenet5")  # bound by the cost of an operation, not by arithmetic


_NUMBERS = {"train": {"loss 1": 1e-3, "loss 2": 0.05}, "infer": {"sum": 2e-3}}  # a step of a deep net makes much of rounding: PyTorch's
# own modes differ by 3 % in ResNet-50's second loss


def _disagreement(kind: str, found: dict[str, dict[str, float]]) -> str:
    """Both sides must have done the same work, or the comparison says nothing: in which number they have not."""
    for number, tolerance in _NUMBERS[kind].items():
        values = [side[number] for side in found.values()]
        if max(values) - min(values) > tolerance * max(1.0, abs(values[0])):
            return f"{number.upper()} DIFFERS: {', '.join(f'{v:.5g}' for v in values)}"
    return ""


def _race(run: Runner, kind: str, text: str) -> list[Result]:
    """All nets in one kind of step: against eager, against PyTorch's fastest mode, and their geometric means."""
    peak = max(side["peak"] for side in run.compare("peak", HERE, EAGER).values())
    rows: list[Result] = []
    eager, fastest = [], []
    for name, net in NETS.items():
        found = run.compare(f"{kind} {name}", HERE, *BEST)
        here = found[HERE]
        share = f"{here['work'] / here['step'] / 1e6 / peak:.0%} of {peak:.0f} GFLOP/s" if here.get("work") else ""
        share = ", ".join(t for t in (_disagreement(kind, found), share) if t)
        if run.rounds > 1:
            share = f"{share}{', ' if share else ''}spread {run.spread(f'{kind} {name}', HERE, 'step'):.0%}"
        theirs = {side: numbers["step"] for side, numbers in found.items() if side != HERE}
        if not theirs:
            rows.append(Result(f"{net.text}: {text}", here["step"], "ms", note=share))
            continue
        best = min(theirs, key=lambda s: theirs[s])
        eager.append(here["step"] / theirs[EAGER])
        fastest.append(here["step"] / theirs[best])
        rows.append(Result(f"{net.text}: {text}", here["step"], "ms", theirs[EAGER], EAGER, 1 / 1.5 if name in SMALL else None, note=share))
        rows.append(Result(f"{net.text}: {text}", here["step"], "ms", theirs[best], f"the fastest, {best}", 1.0))
    if eager:
        rows.append(Result(f"{text}, geometric mean", geometric_mean(eager), "of the time", 1.0, EAGER, 1 / 1.25))
        rows.append(Result(f"{text}, geometric mean", geometric_mean(fastest), "of the time", 1.0, "the fastest mode of each"))
    return rows


def nets(run: Runner) -> list[Result]:
    """Training steps of the networks."""
    return _race(run, "train", "training step")


def inference(run: Runner) -> list[Result]:
    """Forward passes of the networks."""
    return _race(run, "infer", "inference")


def memory(run: Runner) -> list[Result]:
    """Peak memory of training steps."""
    rows = []
    for name, net in NETS.items():
        found = run.compare(f"memory {name}", HERE, EAGER)
        beside = found[EAGER]["growth"] if EAGER in found else None
        bar = None if name == "mlp" else 1.2 if name == "lenet5" else 1.0
        rows.append(Result(f"{net.text}: memory of training steps", found[HERE]["growth"], "MB", beside, EAGER, bar))
    return rows


def operations(run: Runner) -> list[Result]:
    """Single operations, forward and backward."""
    found = run.compare("operations", HERE, EAGER)
    theirs = found.get(EAGER, {})
    return [Result(name, ms, "ms", theirs.get(name), EAGER) for name, ms in found[HERE].items()]


def growth(run: Runner) -> list[Result]:
    """Time and memory over batch, picture and depth; the last against the first, for each sample, pixel or layer."""
    rows = []
    for what, (text, sizes, _) in GROWTH.items():
        taken = [run.compare(f"growth {what} {n}", HERE, EAGER) for n in sizes]
        for n, found in zip(sizes, taken, strict=True):
            theirs = found.get(EAGER, {})
            for key, unit in (("step", "ms"), ("growth", "MB")):
                rows.append(Result(f"{text}, {what} {n}", found[HERE][key], unit, theirs.get(key), EAGER))
        first, last = taken[0][HERE], taken[-1][HERE]
        more = (sizes[-1] / sizes[0]) ** (2 if what == "image" else 1)
        bar = 1.5 if what == "depth" else None  # a deep net must not pay more for a layer than a shallow one
        rows.append(Result(f"{text}: time, {more:g} times the {what}", last["step"] / first["step"] / more, "× linear", here_at_most=bar))
        rows.append(
            Result(f"{text}: memory, {more:g} times the {what}", last["growth"] / first["growth"] / more, "× linear", here_at_most=bar)
        )
    return rows


def threads(run: Runner) -> list[Result]:
    """Training steps with one thread and with two."""
    rows = []
    for name in ("lenet5", "resnet20", "resnet18"):
        for n in (1, 2):
            found = run.compare(f"train {name}", HERE, EAGER, threads=n)
            beside = found[EAGER]["step"] if EAGER in found else None
            rows.append(Result(f"{NETS[name].text}: training step, {n} thread{'s' * (n > 1)}", found[HERE]["step"], "ms", beside, EAGER))
    return rows
