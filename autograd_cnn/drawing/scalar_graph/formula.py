"""A graph over plain numbers as the formula it computes, typeset with real fractions and exponents.

Read off the labels of the operations, so a new operation needs nothing here: signs stand between their arguments, ÷
makes a fraction, ^ an exponent, and any other label is a function's name.
"""

from __future__ import annotations

from dataclasses import replace

from ...graph.step import Step
from ..canvas.mathtext import ATOM, NEGATIVE, PRODUCT, SUM, Term, bound, fraction, power, row, written
from ..canvas.scene import Run
from ..canvas.text import mathematics, name_runs
from ..view.view import View, number_of

MOST = 24  # operations in a formula, written out; beyond that it explains nothing


def formula_of(view: View, name: str, size: float = 19.0) -> Term | None:
    """`name = …` for the graph's only output, or None where a formula would be too long."""
    if len(view.graph.outputs) != 1:
        return None
    made = {out: step for step in view.graph.steps for out in step.outputs}
    writer = _Writer(view, made)
    if writer.count(view.graph.outputs[0]) > MOST:
        return None
    return row([written((*name_runs(name), Run(" = ", "serif")), size), writer.term(view.graph.outputs[0], size)], SUM)


def arithmetic_of(view: View, step: Step, precision: int, size: float) -> tuple[Term, str]:
    """One operation with the numbers it takes: `2.00 × (−1.00)`, `e^{−1.00}`, typeset and in words."""
    numbers = []
    for i in step.inputs:
        number = number_of(view.graph.values[i])
        numbers.append("?" if number is None else view.words.value(number, precision))
    writer = _Numbers(view, dict(zip(step.inputs, numbers, strict=True)), size)
    said = [f"({n})" if n.startswith("−") else n for n in numbers]
    label = view.words.label(step.label)
    if len(said) == 2 and len(label) == 1:
        text = f"{numbers[0]} {label} {said[1]}"
    else:
        text = f"{label}({view.words.comma.join(numbers)})"
    return writer.operation(step, size), text


class _Writer:
    def __init__(self, view: View, made: dict[int, Step]) -> None:
        self.values, self.numbers = view.graph.values, view.words
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
                return written(name_runs(self.leaves[value]), size)
            text = "c" if number is None else self.numbers.digits(number, 6)
            return replace(written((Run(text, "serif"),), size), level=SUM if text.startswith("−") else ATOM)
        return self.operation(step, size)

    def operation(self, step: Step, size: float) -> Term:
        label, inputs = self.numbers.label(step.label), step.inputs
        if label == "÷" and len(inputs) == 2:
            return fraction(self.term(inputs[0], size * 0.9), self.term(inputs[1], size * 0.9), size)
        if label in ("+", "−") and len(inputs) == 2:
            right = bound(self.term(inputs[1], size), SUM if label == "+" else PRODUCT, size)
            return row([self.term(inputs[0], size), written((Run(f" {label} ", "serif"),), size), right], SUM)
        if label == "−":
            return row([written((Run("−", "serif"),), size), bound(self.term(inputs[0], size), PRODUCT, size)], SUM)
        if label == "×" and len(inputs) == 2:
            factors = [bound(self.term(i, size), PRODUCT, size) for i in inputs]
            numbers = [i for i in inputs if i not in self.leaves and i not in self.made]
            sign = " × " if len(numbers) == 2 else " · "
            dot = [written((Run(sign, "serif"),), size)] if numbers else []
            return row([factors[0], *dot, factors[1]], PRODUCT)
        if label.startswith("^"):
            exponent = self.term(inputs[1], size * 0.7) if len(inputs) > 1 else _number(label[1:], size * 0.7)
            return power(bound(self.term(inputs[0], size), ATOM, size), exponent, size)
        if label == "exp":
            return power(written(mathematics("e"), size), self.term(inputs[0], size * 0.7), size)
        arguments: list[Term] = []
        for i in inputs:
            arguments += [*([written((Run(self.numbers.comma, "serif"),), size)] if arguments else []), self.term(i, size)]
        name = mathematics(label) if len(label) == 1 else (Run(label, "serif"),)
        return row([written(name, size), bound(row(arguments, SUM), ATOM, size)], ATOM)


class _Numbers(_Writer):
    """A formula of one operation, its arguments numbers."""

    def __init__(self, view: View, numbers: dict[int, str], size: float) -> None:
        super().__init__(view, {})
        self.leaves = {}
        self.texts = numbers

    def term(self, value: int, size: float) -> Term:
        text = self.texts[value]
        return written((Run(text, "sans", "forward", 0.92),), size, NEGATIVE if text.startswith("−") else ATOM)


def _number(text: str, size: float) -> Term:
    return written((Run(text.replace("-", "−"), "serif"),), size)
