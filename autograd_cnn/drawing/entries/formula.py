"""The sum that a gradient (or an output) is, entry by entry, as LaTeX and as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...symbolic.algebra import ZERO, Expr, Number, Partial, join
from ...symbolic.algebra import Sum as SumOf
from ...symbolic.calculus import evaluate, symbols, total
from ..canvas.figures import figure
from ..canvas.numbers import Numbers
from ..view.arguments import check_number
from .arguments import Choice, choose
from .expressions import Script, symbol_latex
from .selection import weights_of

MOST_ZEROS = 9  # outputs up to which those that do not count are written out, as on the slides: ∂E/∂O₁₂ · 0


@figure
def formula(
    target: Any,
    wrt: str | None = None,
    *,
    op: str | None = None,
    loss: Any = None,
    numbers: bool = False,
    precision: int = 2,
) -> Formula:
    """The sum that `expand` draws, as LaTeX and as plain text, for an operation of any size.

    Args:
        target, wrt, op, loss, precision: as for `expand`.
        numbers: add a line with the numbers.

    Returns:
        `Formula`: `.latex`, `.text`; a notebook shows it typeset.

    Raises:
        As `expand`; GraphError where `numbers=True` and they are not known.

    Example:
        >>> import autograd_cnn as ac
        >>> x, w = ac.ones(1, 1, 3, 3, requires_grad=True), ac.ones(1, 1, 2, 2, requires_grad=True)
        >>> y = ac.nn.functional.conv2d(x, w)
        >>> print(ac.draw.formula(y, "F11", loss=y.sum(), numbers=True))
        ∂E/∂F11 = ∂E/∂O11·X11 + ∂E/∂O12·X12 + ∂E/∂O21·X21 + ∂E/∂O22·X22
                = 1.00 × 1.00 + 1.00 × 1.00 + 1.00 × 1.00 + 1.00 × 1.00 = 4.00
    """
    check_number("precision", precision)
    choice = choose("draw.formula", target, wrt, op, loss, numbers or None, near=False, picture=False)
    return formula_for(choice, numbers, precision)


class Formula:
    """A formula: `.latex`, `.text`, and what a notebook shows of it.

    Attributes:
        lines: pairs (LaTeX, text), one a line: the symbolic sum, a shorter form where there is one, the numbers.
    """

    def __init__(self, lines: Sequence[tuple[str, str]]) -> None:
        self.lines = list(lines)

    @property
    def latex(self) -> str:
        """For a display formula; several lines are aligned at their equals signs."""
        if len(self.lines) == 1:
            return self.lines[0][0].replace("&=", "=")
        body = r" \\ ".join(line for line, _ in self.lines)
        return rf"\begin{{aligned}} {body} \end{{aligned}}"

    @property
    def text(self) -> str:
        """One line of text for each line."""
        return "\n".join(text for _, text in self.lines)

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex}$"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Formula {self.text.splitlines()[0]}>"


def written_out(choice: Choice) -> Expr:
    """What stands behind the first equals sign: an output's own sum; or the gradient's, zeros included where there are few."""
    e, target = choice.expansion, choice.target
    if choice.wants_output:
        return e.exprs[target]
    met = e.locals(target)
    outs = [s for s in e.exprs if s.letter == e.output.letter]
    weights = weights_of(e)
    meets_weights = weights is not None and target in {x for s, _ in met for x in symbols(e.exprs[s])} and target.letter != weights.letter
    if not meets_weights or e.stages or len(outs) > MOST_ZEROS or len(met) < 1:
        return e.gradient(target)
    local = dict(met)
    terms = []
    for s in outs:
        value_of = local.get(s, ZERO)
        terms.append(join(Partial(s), Number(ZERO.value)) if value_of == ZERO else total([Partial(s) * value_of]))
    return SumOf(tuple(terms)) if len(terms) > 1 else terms[0]


def formula_for(choice: Choice, numbers: bool, precision: int) -> Formula:
    """The formula of the chosen entry."""
    e, target = choice.expansion, choice.target
    in_english = Numbers()  # a formula is for a text, whose language LaTeX knows
    script = Script(in_english, precision=precision)
    sum_of = written_out(choice)
    if choice.wants_output:
        left, said = symbol_latex(target), target.name
    else:
        left, said = script.latex(Partial(target)), script.text(Partial(target))
    lines = [(f"{left} &= {script.latex(sum_of)}", f"{said} = {script.text(sum_of)}")]
    if target in e.closed and not choice.wants_output:
        lines.append((f"&= {script.latex(e.closed[target])}", f"{' ' * len(said)} = {script.text(e.closed[target])}"))
    if numbers:
        digits = Script(in_english, values=e.values, precision=precision)
        result = evaluate(sum_of, e.values)
        shown = "?" if result is None else in_english.value(result, precision)
        tex, plain = digits.latex(sum_of), digits.text(sum_of)
        ending = ("", "") if plain == shown else (f" = {shown.replace('−', '-')}", f" = {shown}")
        lines.append((f"&= {tex}{ending[0]}", f"{' ' * len(said)} = {plain}{ending[1]}"))
    return Formula(lines)
