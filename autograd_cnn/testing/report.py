"""What a gradient check found, as a value that prints itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class GradcheckError(RuntimeError):
    """A gradient is wrong. `report` is the `GradcheckReport` that says where, by how much, and probably why."""

    def __init__(self, text: str, report: GradcheckReport | None = None) -> None:
        super().__init__(text)
        self.report = report


class GradcheckWarning(UserWarning):
    """A gradient is within the tolerance, but much further off than the differences' own error explains, as with a factor of 1.00003:
    the rule is probably wrong. `report.inputs` say where (`suspicion`)."""


@dataclass(frozen=True)
class Entry:
    """One entry of the Jacobian: d output[output][output_at] / d input[input_at]; `error` in units of the tolerance."""

    output: int
    output_at: tuple[int, ...]
    input_at: tuple[int, ...]
    analytic: float
    numeric: float
    error: float

    @property
    def where(self) -> str:
        """Of which output by which input entry."""
        to = f"output {self.output}" + (f"{list(self.output_at)}" if self.output_at else "")
        return f"d {to} / d input{list(self.input_at)}"

    def __str__(self) -> str:
        return f"{self.where}: rule {self.analytic:.10g}, differences {self.numeric:.10g}, {_units(self.error)} the tolerance"


@dataclass(frozen=True)
class InputReport:
    """What was found about one input.

    `verdict` is "ok", or the likely cause: "zero", "sign", "transposed", "broadcast" (a missing sum over a broadcast dim), "axis" (a
    sum over the wrong dim), "factor", "swapped" (another input's gradient), "second use" (of an input whose uses are not all accumulated),
    "part" (right here, zero there), "mask" (not zero where it should be), "kink", "not finite", "wrong". `cause` says it in
    a sentence. `error` is the worst one in units of the tolerance; `kinks` are entries of the input at which the function has no
    derivative. `suspicion` says what is odd about a gradient that passed: it is off by much more than the differences are.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    passed: bool
    error: float
    verdict: str = "ok"
    cause: str = ""
    worst: Entry | None = None
    kinks: tuple[tuple[int, ...], ...] = ()
    suspicion: str = ""

    def __str__(self) -> str:
        head = f"input {self.index}{f' ({self.name})' if self.name else ''}, {self.dtype}{list(self.shape)}: "
        if self.passed:
            line = head + f"ok ({_units(self.error)} the tolerance)"
            line += f"\n    SUSPICIOUS — {self.suspicion}" if self.suspicion else ""
        else:
            line = head + f"{self.verdict.upper()} — {self.cause}" + (f"\n    worst: {self.worst}" if self.worst else "")
        if self.kinks:
            where = ", ".join(str(list(k)) for k in self.kinks[:5]) + (", …" if len(self.kinks) > 5 else "")
            line += f"\n    no derivative (kink) at {where}"
        return line


@dataclass(frozen=True)
class GradcheckReport:
    """The result of `gradcheck` and `gradgradcheck`: true where all is well.

    `inputs` has one `InputReport` for each input that requires a gradient; `problems` what else was found (nondeterminism, a rule
    that fails for undefined gradients, wrong dtypes). `print(report)` is readable.
    """

    passed: bool
    inputs: tuple[InputReport, ...] = ()
    problems: tuple[str, ...] = ()
    order: int = 1
    atol: float = 0.0
    rtol: float = 0.0
    evaluations: int = field(default=0, compare=False)

    def __bool__(self) -> bool:
        return self.passed

    @property
    def error(self) -> float:
        """The worst error of all inputs, in units of the tolerance."""
        return max((i.error for i in self.inputs), default=0.0)

    @property
    def verdict(self) -> str:
        """The first verdict that is not "ok"."""
        return next((i.verdict for i in self.inputs if not i.passed), "ok" if self.passed else "problem")

    @property
    def kinks(self) -> dict[int, tuple[tuple[int, ...], ...]]:
        """The kinks found, by input."""
        return {i.index: i.kinks for i in self.inputs if i.kinks}

    def __str__(self) -> str:
        what = "gradients" if self.order == 1 else "second derivatives"
        head = f"{what}: {'ok' if self.passed else 'WRONG'} (tolerance {self.atol:g} + {self.rtol:g} · |value|)"
        return "\n".join([head, *(f"  {i}" for i in self.inputs), *(f"  {p}" for p in self.problems)])

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        rows = [
            {
                "input": i.index,
                "name": i.name,
                "shape": list(i.shape),
                "passed": i.passed,
                "error": i.error,
                "verdict": i.verdict,
                "cause": i.cause,
                "suspicion": i.suspicion,
                "kinks": [list(k) for k in i.kinks],
            }
            for i in self.inputs
        ]
        return {
            "passed": self.passed,
            "order": self.order,
            "error": self.error,
            "inputs": rows,
            "problems": list(self.problems),
        }


def _units(error: float) -> str:
    return f"{error:.2g}×"
