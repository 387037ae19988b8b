"""What stands in the circle of an operation: a sign, a name, or the small formula it makes with a constant (`× −1`,
`1/x`)."""

from __future__ import annotations

from ..canvas import symbols
from ..canvas.scene import Group, Run, runs_width
from ..canvas.text import mathematics
from ..view.view import Unit

_DRAWN = {"+": symbols.plus, "−": symbols.minus, "×": symbols.times}


def symbol_runs(unit: Unit) -> tuple[Run, ...]:
    """The writing in an operation's circle (empty where a drawn sign stands for it)."""
    label, constants = unit.title, unit.constants
    if unit.kind == "deck":
        return (Run(label, "sans"), Run(f"  ×{len(unit.copies)}", "bold"))
    if unit.kind == "module":
        return (Run(label, "sans"),)
    if constants:
        first, c = unit.constant_places[0] == 0, constants[0]
        if label == "÷":
            return mathematics(f"{c}/x") if first else (Run(f"÷ {c}"),)
        if label == "−" and first:
            return mathematics(f"{c} − x")
        if label == "^":
            return mathematics(f"{c}^x" if first else f"x^{{{c}}}")
        return (Run(f"{label} {c}"),)
    if label.startswith("^") and len(label) > 1:
        return mathematics(f"x^{{{label[1:].replace('-', '−')}}}")
    if len(label) == 1 and label.isalpha():
        return mathematics(label)
    if label == "−" and len(unit.steps[0].inputs) == 1:
        return mathematics("−x")
    return () if label in _DRAWN else (Run(label),)


def symbol_width(unit: Unit, least: float) -> float:
    """How long the circle is; a long writing makes it a capsule."""
    runs = symbol_runs(unit)
    if not runs:
        return least
    wide = runs_width(runs, _size(runs))
    return least if wide <= 28 else max(least, wide + 18)


def _size(runs: tuple[Run, ...]) -> float:
    return 15.0 if runs and runs[0].face in ("serif", "italic") else 12.5


def paint_symbol(g: Group, unit: Unit, x: float, y: float, length: float, r: float) -> None:
    """The circle (or capsule) with what it says, its left end at x."""
    for k in (2, 1) if unit.kind == "deck" else ():
        g.rect(x + 3 * k, y - r - 3 * k, length, 2 * r, 7, fill="card", stroke="hair")
    if length > 2 * r + 0.01 or unit.folded:
        g.rect(x, y - r, length, 2 * r, r if unit.kind == "op" else 7, fill="card", stroke="dark", line=1.3)
    else:
        g.circle(x + r, y, r, fill="card", stroke="dark", line=1.3)
    runs = symbol_runs(unit)
    if not runs:
        _DRAWN[unit.title](g, x + length / 2, y)
        return
    size = _size(runs)
    g.text(x + length / 2, y + size * 0.31, runs, size, anchor="middle")


def derivative_text(unit: Unit) -> str:
    """The symbolic local derivative, for operations with one argument (constants aside): `eˣ`."""
    if unit.kind != "op":
        return ""
    step = unit.steps[0]
    symbolic = str(getattr(step.primitive, "derivative", "") or "")
    names = list(getattr(step.primitive, "inputs", ()))
    count = max(len(names), len(step.inputs))
    free = [i for i in range(count) if i not in unit.constant_places]
    if not symbolic or len(free) != 1:
        return ""
    parts = symbolic.split(", ")
    text = parts[free[0]] if len(parts) == count else parts[0]
    for i, name in enumerate(names):
        number = unit.constants[unit.constant_places.index(i)] if i in unit.constant_places else "x"
        text = text.replace(name, number)
    return text
