"""`check_primitive`: everything that must hold of one operation, from its own cases."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import UsageHint
from ..primitives.cases import Case
from ..primitives.primitive import Primitive
from ..tensors.tensor import wrap
from .case_draws import HypothesisDraw, RandomDraw
from .checks import CHECKS
from .hints import hints_of
from .needs import hypothesis
from .setup import CheckFailure, Setup, asked, primitive_of, require, values


@dataclass(frozen=True)
class PrimitiveReport:
    """What `check_primitive` found; true where all is well. `error` is the worst error of a derivative, in units of the
    tolerance; `failures` are `CheckFailure`s, the examples shrunk to the smallest found; `checked` names the checks that had something
    to say about this operation; `hints` say what its cases leave untested and what looks like a mistake in the use of others."""

    name: str
    family: str
    examples: int
    error: float
    seconds: float
    failures: tuple[CheckFailure, ...] = field(default=())
    checked: tuple[str, ...] = field(default=())
    hints: tuple[str, ...] = field(default=())

    def __bool__(self) -> bool:
        return not self.failures

    @property
    def verdict(self) -> str:
        """ "ok", or the names of the checks that failed."""
        return ", ".join(dict.fromkeys(f.check for f in self.failures)) or "ok"

    def __str__(self) -> str:
        head = f"{self.name}: {self.verdict} ({self.examples} examples, worst derivative error {self.error:.2g}× the tolerance)"
        return "\n".join([head, *(f"  {f.check}: {f}" for f in self.failures), *(f"  hint: {h}" for h in self.hints)])

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "name": self.name,
            "family": self.family,
            "examples": self.examples,
            "error": self.error,
            "seconds": round(self.seconds, 4),
            "passed": bool(self),
            "verdict": self.verdict,
            "checked": list(self.checked),
            "hints": list(self.hints),
            "failures": [{"check": f.check, "text": f.text, "reproduction": f.reproduction} for f in self.failures],
        }


def check_primitive(
    op: Any,
    *,
    examples: int = 20,
    seed: int = 0,
    oracle: Callable[..., Any] | None = None,
    only: Iterable[str] | None = None,
    shrink: bool = True,
    raise_exception: bool = True,
) -> PrimitiveReport:
    """Check an operation made with `@primitive` on examples drawn from its `cases`.

    First and second derivatives against finite differences; float32 against float64; every memory layout, also none (zero-size);
    inputs and arriving gradients unchanged; no memory shared; shapes and dtypes of gradients; nothing recorded under no_grad();
    the graph released; accumulation; adjoint pairs; replay of the trace; the float kernel; bad cases with their text. What the cases do
    not exclude is drawn: exact zeros, equal entries and, for one check alone, huge ones (see `Draw.array`). Cases that leave
    something untested get a hint, a `UsageHint` warning.

    Args:
        op: the primitive, its public function, or its name.
        examples: how many cases are drawn.
        seed: the same seed draws the same cases.
        oracle: an independent forward, called with the case's raw inputs and all parameters; its result must agree to 1e-9.
        only: names of the checks to run (`autograd_cnn.testing.CHECKS`), all by default.
        shrink: look for the smallest example that fails (with hypothesis, where it is installed).
        raise_exception: raise CheckFailure instead of returning a report that is false.

    Raises:
        CheckFailure (an AssertionError), which ends with code that shows the failure again
        ValueError: an operation without cases or an unknown check.

    >>> from autograd_cnn.testing import check_primitive
    >>> bool(check_primitive("tanh", examples=3))
    True
    """
    prim = primitive_of(op)
    if prim.draw_case is None:
        raise ValueError(f"check_primitive: expected an operation with cases, got {prim.name!r}, which has none. Add @{prim.name}.cases.")
    chosen = _chosen(only, oracle)
    start = time.perf_counter()
    failures: dict[str, CheckFailure] = {}
    worst, applied = 0.0, set()
    setups: list[Setup] = []
    for k in range(examples):
        setup = Setup(prim, prim.draw_case(RandomDraw(seed * 100_003 + k)))
        setups.append(setup)
        for name, check in chosen.items():
            if name not in failures:
                before = asked()
                subject = _drawn(prim, RandomDraw(seed * 100_003 + k, huge=True)) if name in _HUGE else setup
                failure = None if subject is None else _attempt(name, check, subject)
                if failure is not None or asked() > before:
                    applied.add(name)
                if failure is not None:
                    failures[name] = _smaller(prim, name, check, failure, seed) if shrink else failure
        worst = max(worst, setup.error)
    hints = hints_of(setups)
    for hint in hints:
        warnings.warn(f"check_primitive({prim.name}): {hint}", UsageHint, stacklevel=2)
    if prim.bad is not None and (only is None or "bad cases" in _names(only)):
        applied.add("bad cases")
        failure = _bad_cases(prim)
        if failure is not None:
            failures["bad cases"] = failure
    checked = tuple(name for name in (*chosen, "bad cases") if name in applied)
    found = tuple(failures[name] for name in checked if name in failures)
    report = PrimitiveReport(prim.name, prim.family, examples, worst, time.perf_counter() - start, found, checked, hints)
    if failures and raise_exception:
        raise found[0].with_traceback(None)
    return report


def check_case(op: Any, case: Case, *, oracle: Callable[..., Any] | None = None, only: Iterable[str] | None = None) -> None:
    """Run the checks of `check_primitive` on one given case.

    >>> import numpy as np
    >>> from autograd_cnn.testing import Case, check_case
    >>> check_case("tanh", Case(np.array([0.5, -1.0])))
    """
    setup = Setup(primitive_of(op), case)
    for name, check in _chosen(only, oracle).items():
        failure = _attempt(name, check, setup)
        if failure is not None:
            raise failure


def _names(only: Iterable[str]) -> list[str]:
    return [only] if isinstance(only, str) else list(only)


def _chosen(only: Iterable[str] | None, oracle: Callable[..., Any] | None) -> dict[str, Callable[[Setup], None]]:
    table = dict(CHECKS)
    if oracle is not None:
        first = {"nothing overwritten": table.pop("nothing overwritten")}
        table = {**first, "oracle": lambda s: _against(s, oracle), **table}
    if only is None:
        return table
    wanted = _names(only)
    unknown = [n for n in wanted if n not in table and n != "bad cases"]
    if unknown:
        raise ValueError(f"check_primitive: expected names of checks, got {unknown[0]!r}. There are: {', '.join([*table, 'bad cases'])}.")
    return {n: c for n, c in table.items() if n in wanted}


def _against(s: Setup, oracle: Callable[..., Any]) -> None:
    left_out = () if s.prim.variadic else s.prim.inputs[len(s.case.inputs) :]
    want = oracle(*s.case.inputs, *(s.prim.optional[n] for n in left_out), **{**s.prim.defaults, **s.case.params})
    wants = list(want) if isinstance(want, tuple | list) else [want]
    for k, (a, b) in enumerate(zip(values(s.run(s.tensors(grad=False))), wants, strict=False)):
        b = np.asarray(b)
        require(a.shape == b.shape, f"output {k} has shape {list(a.shape)}, the oracle's {list(b.shape)}")
        same = np.allclose(a, b, rtol=1e-9, atol=1e-10 * s.case.tolerance, equal_nan=True)
        require(same, f"output {k} is not the oracle's:\n{a}\nagainst\n{b}")


_HUGE = frozenset({"huge values"})  # the checks whose examples have huge entries


def _drawn(prim: Primitive, draw: Any) -> Setup | None:
    """An example, or None where the case itself does not come to an end with huge entries."""
    make: Any = prim.draw_case  # check_primitive saw that there is one
    if not draw.huge:
        return Setup(prim, make(draw))
    try:
        with np.errstate(all="ignore"):
            return Setup(prim, make(draw))
    except (ValueError, RuntimeError, OverflowError, np.linalg.LinAlgError):
        return None


def _attempt(name: str, check: Callable[[Setup], None], setup: Setup) -> CheckFailure | None:
    try:
        check(setup)
    except CheckFailure as failure:
        return CheckFailure(f"{setup.prim.name}: {failure.text}", name, setup.case, setup.reproduction(name))
    except Exception as error:
        text = f"{setup.prim.name}: {type(error).__name__}: {error}"
        made = CheckFailure(text, name, setup.case, setup.reproduction(name))
        made.__cause__ = error
        return made
    return None


def _smaller(prim: Primitive, name: str, check: Callable[[Setup], None], failure: CheckFailure, seed: int) -> CheckFailure:
    """The smallest example of the failure: by hypothesis where it is installed, else the smallest of many draws."""

    def attempt(draw: Any) -> CheckFailure | None:
        setup = _drawn(prim, draw)
        return None if setup is None else _attempt(name, check, setup)

    try:
        module = hypothesis("shrinking")
    except ImportError:
        found = [failure]
        for k in range(200):
            again = attempt(RandomDraw(seed * 100_003 + 1000 + k, huge=name in _HUGE))
            if again is not None:
                found.append(again)
        return min(found, key=lambda f: len(f.reproduction))
    smallest = [failure]
    quick = module.settings(
        max_examples=60,
        database=None,
        derandomize=True,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(module.HealthCheck),
        phases=[module.Phase.generate, module.Phase.shrink],
        verbosity=module.Verbosity.quiet,
    )

    @quick  # type: ignore[untyped-decorator]  # hypothesis is loaded here only
    @module.given(module.strategies.data())  # type: ignore[untyped-decorator]
    def probe(data: Any) -> None:
        again = attempt(HypothesisDraw(data.draw, huge=name in _HUGE))
        if again is not None:
            if len(again.reproduction) < len(smallest[0].reproduction):
                smallest[0] = again
            raise again

    try:
        probe()
    except Exception:  # the failure itself, or hypothesis' opinion of it: either way the smallest was noted
        return smallest[0]
    return smallest[0]


def _bad_cases(prim: Primitive) -> CheckFailure | None:
    """Every bad case raises the exception and the text it promises, as tensors and as bare arrays' tensors."""
    for bad in prim.bad() if prim.bad is not None else ():
        args = [wrap(np.array(x)) if hasattr(x, "dtype") else x for x in bad.inputs]
        shown = Case(*bad.inputs, **bad.params)
        try:
            prim(*args, **bad.params)
        except Exception as error:
            if isinstance(error, bad.error) and re.search(bad.match, str(error)):
                continue
            text = f"expected {bad.error.__name__} matching {bad.match!r}, got {type(error).__name__}: {error}"
            return CheckFailure(f"{prim.name}: {text}", "bad cases", shown, Setup(prim, shown).reproduction())
        return CheckFailure(
            f"{prim.name}: expected {bad.error.__name__} matching {bad.match!r}, but nothing was raised",
            "bad cases",
            shown,
        )
    return None
