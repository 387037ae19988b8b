"""A graph over plain numbers as the formula it computes, typeset with real fractions and exponents.

Read off the labels of the operations, so a new operation needs nothing here: signs stand between their arguments, ÷
makes a fraction, ^ an exponent, and any other label is a function's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..engine.graph import Step
from .scene import Group, Run, runs_width
from .view import View, number_of
from .words import mathematics, name_runs

MOST = 24  # operations in a formula, written out; beyond that it explains nothing
SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly a term is bound


@dataclass(frozen=True, slots=True)
class Term:
    """A measured piece of a formula, its baseline at 0: either runs, or a fraction, or a row of pieces."""

    width: float
    ascent: float
    descent: float
    level: int = ATOM
    runs: tuple[Run, ...] = ()
    size: float = 0.0
    row: tuple[tuple[float, float, Term], ...] = ()  # (dx, dy, piece)
    bar: float = 0.0  # length of a fraction's line

    def paint(self, g: Group, x: float, y: float) -> None:
        if self.runs:
            g.text(x, y, self.runs, self.size)
        for dx, dy, piece in self.row:
            piece.paint(g, x + dx, y + dy)
        if self.bar:
            axis = y - self.size * 0.27
            g.line((x, axis), (x + self.bar, axis), stroke="ink", line=0.9)


def formula_of(view: View, name: str, size: float = 19.0) -> Term | None:
    """`name = …` for the graph's only output, or None where a formula would be too long."""
    if len(view.graph.outputs) != 1:
        return None
    made = {out: step for step in view.graph.steps for out in step.outputs}
    writer = _Writer(view, made)
    if writer.count(view.graph.outputs[0]) > MOST:
        return None
    return _row([_runs((*name_runs(name), Run(" = ", "serif")), size), writer.term(view.graph.outputs[0], size)], SUM)


class _Writer:
    def __init__(self, view: View, made: dict[int, Step]) -> None:
        self.values = view.graph.values
        self.made = made
        self.leaves = {u.value.id: u.title for u in view.units if u.value is not None}

    def count(self, value: int) -> int:
        """Operations in the formula, shared ones counted as often as they are written."""
        total, stack = 0, [value]
        while stack and total <= MOST:
            step = self.made.get(stack.pop())
            if step:
                total += 1
                stack += step.inputs
        return total

    def term(self, value: int, size: float) -> Term:
        step = self.made.get(value)
        if step is None:
            number = number_of(self.values[value])
            if value in self.leaves:
                return _runs(name_runs(self.leaves[value]), size)
            text = "c" if number is None else f"{number:g}".replace("-", "−")
            return replace(_runs((Run(text, "serif"),), size), level=SUM if text.startswith("−") else ATOM)
        return self.operation(step, size)

    def operation(self, step: Step, size: float) -> Term:
        label, inputs = step.label, step.inputs
        if label == "÷" and len(inputs) == 2:
            return _fraction(self.term(inputs[0], size * 0.9), self.term(inputs[1], size * 0.9), size)
        if label in ("+", "−") and len(inputs) == 2:
            right = _bound(self.term(inputs[1], size), SUM if label == "+" else PRODUCT, size)
            return _row([self.term(inputs[0], size), _runs((Run(f" {label} ", "serif"),), size), right], SUM)
        if label == "−":
            return _row([_runs((Run("−", "serif"),), size), _bound(self.term(inputs[0], size), PRODUCT, size)], SUM)
        if label == "×" and len(inputs) == 2:
            factors = [_bound(self.term(i, size), PRODUCT, size) for i in inputs]
            numbers = [i for i in inputs if i not in self.leaves and i not in self.made]
            dot = [_runs((Run(" · ", "serif"),), size)] if numbers else []
            return _row([factors[0], *dot, factors[1]], PRODUCT)
        if label.startswith("^"):
            exponent = self.term(inputs[1], size * 0.7) if len(inputs) > 1 else _number(label[1:], size * 0.7)
            return _power(_bound(self.term(inputs[0], size), ATOM, size), exponent, size)
        if label == "exp":
            return _power(_runs(mathematics("e"), size), self.term(inputs[0], size * 0.7), size)
        arguments: list[Term] = []
        for i in inputs:
            arguments += [*([_runs((Run(", ", "serif"),), size)] if arguments else []), self.term(i, size)]
        name = mathematics(label) if len(label) == 1 else (Run(label, "serif"),)
        return _row([_runs(name, size), _bound(_row(arguments, SUM), ATOM, size)], ATOM)


def _number(text: str, size: float) -> Term:
    return _runs((Run(text.replace("-", "−"), "serif"),), size)


def _runs(runs: tuple[Run, ...], size: float) -> Term:
    return Term(runs_width(runs, size), size * 0.72, size * 0.25, ATOM, runs, size)


def _row(pieces: Sequence[Term], level: int) -> Term:
    placed, x = [], 0.0
    for p in pieces:
        placed.append((x, 0.0, p))
        x += p.width
    return Term(x, max(p.ascent for p in pieces), max(p.descent for p in pieces), level, row=tuple(placed))


def _bound(term: Term, level: int, size: float) -> Term:
    """In brackets, unless the term is bound at least so tightly."""
    if term.level >= level:
        return term
    return _row([_runs((Run("(", "serif"),), size), term, _runs((Run(")", "serif"),), size)], ATOM)


def _fraction(over: Term, under: Term, size: float) -> Term:
    width, axis = max(over.width, under.width) + 6, size * 0.27
    top, bottom = -axis - 3.5 - over.descent, -axis + 4 + under.ascent
    row = (((width - over.width) / 2, top, over), ((width - under.width) / 2, bottom, under))
    return Term(width, -top + over.ascent, bottom + under.descent, ATOM, size=size, row=row, bar=width)


def _power(base: Term, exponent: Term, size: float) -> Term:
    up = max(size * 0.36, base.ascent - size * 0.36) + exponent.descent * 0.4
    row = ((0.0, 0.0, base), (base.width + 0.5, -up, exponent))
    return Term(base.width + exponent.width + 1, max(base.ascent, up + exponent.ascent), base.descent, POWER, row=row)
