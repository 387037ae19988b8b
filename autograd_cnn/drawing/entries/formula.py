"""The sum that a gradient (or an output) is, entry by entry, as LaTeX and as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...symbolic.algebra import ZERO, Expr, Number, Partial, join
from ...symbolic.algebra import Sum as SumOf
from ...symbolic.calculus import evaluate, symbols, total
from ..canvas.figures import figure
from ..canvas.numbers import Numbers
from ..canvas.text import Words
from ..view.arguments import check_number
from .arguments import Choice, choose
from .expressions import Script, number_latex, symbol_latex
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
    lang: str = "en",
) -> Formula:
    """The sum that `expand` draws, as LaTeX and as plain text, for an operation of any size.

    Args:
        target, wrt, op, loss, precision: as for `expand`.
        numbers: add a line with the numbers.
        lang: "en" or "de", which writes 0,5 and separates a list by semicolons.

    Returns:
        `Formula`: `.latex`, `.text`, and with `numbers` the `.value`; a notebook shows it typeset.

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
    words = Words(lang)
    check_number("precision", precision)
    choice = choose("draw.formula", target, wrt, op, loss, numbers or None, near=False, picture=False)
    return formula_for(choice, numbers, precision, words)


class Formula:
    """A formula: `.latex`, `.text`, and what a notebook shows of it.

    Attributes:
        lines: pairs (LaTeX, text), one a line: the symbolic sum, a shorter form where there is one, the numbers.
        value: what the numbers come to; None where they were not asked for.
    """

    def __init__(self, lines: Sequence[tuple[str, str]], value: float | None = None) -> None:
        self.lines, self.value = list(lines), value

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


def formula_for(choice: Choice, numbers: bool, precision: int, said_in: Numbers) -> Formula:
    """The formula of the chosen entry."""
    e, target = choice.expansion, choice.target
    script = Script(said_in, precision=precision)
    sum_of = written_out(choice)
    if choice.wants_output:
        left, said = symbol_latex(target), target.name
    else:
        left, said = script.latex(Partial(target)), script.text(Partial(target))
    lines = [(f"{left} &= {script.latex(sum_of)}", f"{said} = {script.text(sum_of)}")]
    if target in e.closed and not choice.wants_output:
        lines.append((f"&= {script.latex(e.closed[target])}", f"{' ' * len(said)} = {script.text(e.closed[target])}"))
    result = None
    if numbers:
        digits = Script(said_in, values=e.values, precision=precision)
        result = evaluate(sum_of, e.values)
        shown = "?" if result is None else said_in.value(result, precision)
        tex, plain = digits.latex(sum_of), digits.text(sum_of)
        ending = ("", "") if plain == shown else (f" = {number_latex(shown)}", f" = {shown}")
        lines.append((f"&= {tex}{ending[0]}", f"{' ' * len(said)} = {plain}{ending[1]}"))
    return Formula(lines, result)
