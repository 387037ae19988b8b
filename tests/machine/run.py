"""Running a program in all its forms beside the twin, comparing what was seen, and making a failing one short."""

from __future__ import annotations

import contextlib
import functools
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

import autograd_cnn as ac
import autograd_cnn.utils.checkpoint

from . import handles
from .assemble import draw
from .generate import Node, Program
from .header import DROP, HELPERS, PASTED
from .layers import twin
from .tape import Kinks

# what the library is known to get wrong, and is left out of the runs
OPEN: frozenset[str] = frozenset()

# a hook that changes a gradient acts again when that gradient is itself differentiated: the twin's does not (tests/parity has it beside torch)
BEYOND_THE_TWIN = ("create_graph=True", "register_hook(lambda g: g * 0.5)")

_HELPERS = compile(HELPERS, "helpers", "exec")
_DROP = compile(DROP, "drop", "exec")
FLAT, NESTED = "net", "nn.Sequential(nn.Sequential(net))"


REFUSALS = (
    "modified by an inplace operation",
    "is a view and is being modified inplace",
    "view size is not compatible",
    "checkpoint: a different number of tensors",
    "checkpoint: recomputed values have different metadata",
)  # a weight frozen since


class Form(NamedTuple):
    """One way of running a program."""

    name: str
    backend: str
    dtype: str
    wrap: str = FLAT
    donated: bool = False  # every result beyond some kilobytes is on a block that is used again
    anomaly: bool = False
    every: int = 1  # for each so many programs


FORMS = [
    Form("numpy, float64", "numpy", "float64"),
    Form("numpy, float32", "numpy", "float32", NESTED),
    Form("onednn, float32", "onednn", "float32", every=2),
    Form("onednn, float32, nested", "onednn", "float32", NESTED),
    Form("auto, float32, nested", "auto", "float32", NESTED),
    Form("auto, float32", "auto", "float32", every=3),
    Form("onednn, float32, nested, lent memory", "onednn", "float32", NESTED, donated=True, every=2),
    Form("auto, float64, nested", "auto", "float64", NESTED, every=4),
    Form("auto, float32, anomaly", "auto", "float32", FLAT, anomaly=True, every=5),
]


@dataclass
class Outcome:
    """What a run saw, and how it ended."""

    seen: dict[str, Any] = field(default_factory=dict)
    error: BaseException | None = None
    refused: bool = False


@functools.lru_cache(200)
def _drawn(seed: int, shape: tuple[int, ...]) -> Any:
    """The same numbers for all forms of a program; nobody writes into them."""
    made = np.random.default_rng(seed).standard_normal(shape).astype(np.float32).astype(np.float64)
    made.flags.writeable = False
    return made


@contextlib.contextmanager
def _setting(form: Form) -> Iterator[None]:
    from autograd_cnn.kernels.memory import allocator

    large, dtype = allocator.LARGE, ac.get_default_dtype()
    ac.set_default_dtype(getattr(ac, form.dtype))
    allocator.LARGE = 1 << 14 if form.donated else large
    try:
        with ac.use_backend(form.backend), ac.autograd.detect_anomaly(check_nan=False) if form.anomaly else contextlib.nullcontext():
            yield
    finally:
        allocator.LARGE = large
        ac.set_default_dtype(dtype)


def _execute(code: Any, m: Any, dtype: Any, wrap: str, drop: Any = None) -> Outcome:
    env: dict[str, Any] = {"m": m, "np": np, "dtype": dtype}
    exec(_HELPERS, env)
    env["drawn"] = _drawn
    env["wrap"] = eval(f"lambda net: {wrap}", env)
    if drop is None:
        exec(_DROP, env)
    else:
        env["drop"] = drop
    out = Outcome(env["seen"])
    try:
        exec(code, env)
    except Exception as error:
        out.error, out.refused = error, any(words in str(error) for words in REFUSALS)
    finally:
        env["forget"]()
        env["changes"].clear()
    return out


def _masked(h: Any, p: float, seed: int, whole: bool = False) -> Any:
    """Dropout of the twin: with the mask that the library's generator gives."""
    with ac.use_backend("numpy"):
        ac.manual_seed(seed)
        mask = ac.nn.functional.dropout(ac.ones(*h.shape), p, True).numpy() != 0
    return h * twin.tensor(mask / (1 - p))


def by_twin(code: Any) -> tuple[Outcome, float, int]:
    """What should be seen, the largest gradient, and how many entries stood at a kink."""
    Kinks.count, handles._largest[0] = 0, 0.0
    out = _execute(code, twin, np.float64, FLAT, _masked)
    return out, handles._largest[0], Kinks.count


def by_library(code: Any, form: Form) -> Outcome:
    with _setting(form):
        return _execute(code, ac, getattr(ac, form.dtype), form.wrap)


def difference(want: Outcome, got: Outcome, form: Form, largest: float, kinks: int) -> str:
    """What is wrong; empty if nothing is."""
    for name, w in want.seen.items():
        if name not in got.seen:
            if got.error is not None:
                break
            return f"{name} was not seen"
        g = got.seen[name]
        if w is None and g is None:
            continue
        w, g = (np.zeros_like(g) if w is None else w), (np.zeros_like(w) if g is None else g)  # no gradient is one of zeros
        if w.shape != g.shape:
            return f"{name} has shape {g.shape}, the twin's {w.shape}"
        if not float(np.abs(w).max(initial=0.0)) < 1e6:
            break  # training ran away: rounding decides
        apart = np.abs(w - g)
        if form.dtype == "float64":
            wrong = not bool((apart <= 1e-9 * (np.abs(w).max(initial=0.0) + (0.1 * largest if "grad" in name else 0.0) + 1e-6)).all())
        elif kinks:
            size = float(np.sqrt((w * w).sum())) + 0.1 * largest + 1e-4
            wrong = not float(np.sqrt((apart * apart).sum())) <= 0.1 * size
        else:
            later = 1 if name.endswith("#1") else 5  # training carries rounding on
            wrong = not bool((apart <= later * 2e-3 * (np.abs(w).max(initial=0.0) + 0.02 * largest + 1e-3)).all())
        if wrong:
            at = (
                tuple(int(i) for i in np.unravel_index(int(np.nanargmax(np.where(np.isnan(apart), np.inf, apart))), w.shape))
                if w.shape
                else ()
            )
            return f"{name}{list(at)} is {g[at]:.9g} instead of {w[at]:.9g} (of at most {np.abs(w).max():.3g})"
    extra = [n for n in got.seen if n not in want.seen]
    if extra:
        return f"{extra[0]} was seen, by the twin not"
    if got.error is not None and not got.refused:
        return f"raised {type(got.error).__name__}: {str(got.error)[:200]}"
    return ""


@dataclass
class Failure:
    """A program that went wrong, as short as it could be made."""

    seed: int
    form: Form
    what: str
    program: Program
    again: bool = True

    def __str__(self) -> str:
        setting = f'm.use_backend("{self.form.backend}")' + (
            "\nm.autograd.detect_anomaly(check_nan=False).__enter__()" if self.form.anomaly else ""
        )
        setting += "\nimport autograd_cnn.kernels.memory.allocator as memory; memory.LARGE = 1 << 14" if self.form.donated else ""
        head = PASTED.format(setting=setting, dtype=self.form.dtype, wrap=self.form.wrap)
        text = f"# seed {self.seed}, {self.form.name}: {self.what}\n{head}{HELPERS}{DROP}\n{self.program.text()}"
        return text + ("" if self.again else "# (it went right when it was run again: what ran before matters)\n") + "print(seen)\n"

    @property
    def short(self) -> str:
        return f"seed {self.seed}, {self.form.name}: {self.what}\n{self.program.text()}"


def check(program: Program, forms: list[Form], tally: Counter[str] | None = None) -> tuple[Form, str] | None:
    """The first form in which the program goes wrong."""
    try:
        code = compile(program.text(), "program", "exec")
    except SyntaxError:
        return None
    if all(part in program.text() for part in BEYOND_THE_TWIN):
        return None
    want, largest, kinks = by_twin(code)
    if want.error is not None:
        if tally is not None:
            tally["undecided" if "rounding decides" in str(want.error) else "invalid"] += 1
            tally[f"invalid: {type(want.error).__name__} {str(want.error)[:60]}"] += 1
        return None
    for form in forms:
        got = by_library(code, form)
        if tally is not None:
            tally["runs"] += 1
            tally["refused"] += got.refused
            tally["strict"] += form.dtype == "float64" or not kinks
        what = difference(want, got, form, largest, kinks)
        if what:
            return form, what
    return None


def forms_of(seed: int) -> list[Form]:
    return [f for i, f in enumerate(FORMS) if (seed + i) % f.every == 0]


def run_seed(seed: int, without: frozenset[str] = frozenset(), tally: Counter[str] | None = None, seconds: float = 15.0) -> Failure | None:
    """The program of one seed in all its forms; a failure made short."""
    program = draw(seed, without)
    found = check(program, forms_of(seed), tally)
    if tally is not None:
        tally["programs"] += 1
        for name in program.features:
            tally[f"feature: {name}"] += 1
    if found is None:
        return None
    form, what = found
    again = check(program, [form])
    if again is None:
        return Failure(seed, form, what, program, again=False)
    short = shrink(program, lambda p: (got := check(p, [form])) is not None and _kind(got[1]) == _kind(again[1]), seconds)
    final = check(short, [form])
    return Failure(seed, form, what if final is None else final[1], short)


# ------------------------------------------------------------------------------------------------- shrinking
def _kind(what: str) -> str:
    """Another kind of failure is another failure."""
    return what.partition(":")[0] if what.startswith("raised") else "seen" if "seen" in what else "value"


def shrink(program: Program, fails: Callable[[Program], bool], seconds: float) -> Program:
    """Take away lines, from large parts to single ones, for as long as it still fails."""
    until = time.monotonic() + seconds
    best = program
    for steps in range(1, program.steps):
        trial = Program(best.setup, best.body, steps, best.features)
        if fails(trial):
            best = trial
            break
    changed = True
    while changed and time.monotonic() < until:
        changed = False
        for path in _paths(best):
            if time.monotonic() > until:
                break
            trial = _without(best, path)
            if trial is not None and fails(trial):
                best, changed = trial, True
                break
    return best


def _paths(program: Program) -> list[tuple[Any, ...]]:
    """Where every node stands."""
    out: list[tuple[Any, ...]] = []

    def visit(nodes: list[Node], path: tuple[Any, ...]) -> None:
        for i, node in enumerate(nodes):
            out.append((*path, i))
            if not isinstance(node, str):
                visit(node[1], (*path, i))

    visit(program.setup, ("setup",))
    visit(program.body, ("body",))
    return sorted(
        out, key=lambda path: (len(path), *(-i for i in path[1:]))
    )  # large parts first, then from the end: on that nothing depends


def _without(program: Program, path: tuple[Any, ...]) -> Program | None:
    def cut(nodes: list[Node], at: tuple[Any, ...]) -> list[Node]:
        i, rest = at[0], at[1:]
        if not rest:
            return [*nodes[:i], *nodes[i + 1 :]]
        return [*nodes[:i], (nodes[i][0], cut(nodes[i][1], rest)), *nodes[i + 1 :]]

    lists = {"setup": program.setup, "body": program.body}
    lists[path[0]] = cut(lists[path[0]], path[1:])
    return Program(lists["setup"], lists["body"], program.steps, program.features)


def run_many(seeds: Any, without: frozenset[str] = frozenset(), most: int = 3) -> tuple[list[Failure], Counter[str]]:
    """Programs of many seeds; stops after `most` failures."""
    tally: Counter[str] = Counter()
    failures: list[Failure] = []
    for seed in seeds:
        try:
            found = run_seed(seed, without, tally)
        except Exception:
            raise RuntimeError(f"seed {seed}: the machine itself failed\n{traceback.format_exc()}") from None
        if found is not None:
            failures.append(found)
            if len(failures) >= most:
                break
    return failures, tally
