"""Expressions of entries (`symbolic.algebra`) in three scripts: typeset with real fractions, as LaTeX, as plain text.

With `values` the entries are written as their numbers, so that a sum can be followed with a pencil.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...symbolic import algebra
from ...symbolic.algebra import Call, Constant, Expr, Function, Number, Partial, Power, Product, Sum, Symbol
from ..canvas.mathtext import ATOM, NEGATIVE, PRODUCT, Term, bound, fraction, power, root, row, space, written
from ..canvas.mathtext import SUM as LOOSE
from ..canvas.numbers import Numbers
from ..canvas.scene import Run

Ink = Callable[[Expr], str]
GREEK = {"μ": r"\mu", "σ": r"\sigma", "γ": r"\gamma", "β": r"\beta", "ε": r"\varepsilon"}


def plain_ink(e: Expr) -> str:
    """Gradients in their ink, all else in the text's."""
    return "gradient" if isinstance(e, Partial) else "ink"


@dataclass(frozen=True, slots=True)
class _Parts:
    """A product taken apart: sign and size of its number, gradients, what stands over and under the fraction's bar."""

    negative: bool
    number: Any  # a Fraction or a float; what arithmetic between the two gives is known to no type checker
    partials: list[Expr]
    over: list[Expr]
    under: list[Expr]


def _taken_apart(e: Expr) -> _Parts:
    factors: tuple[Expr, ...] = e.factors if isinstance(e, Product) else (e,)
    number: Any = Fraction(1)
    partials: list[Expr] = []
    over: list[Expr] = []
    under: list[Expr] = []
    for f in factors:
        if isinstance(f, Number):
            number = number * f.value
        elif isinstance(f, Partial):
            partials.append(f)
        elif isinstance(f, Power) and f.exponent < 0:
            under.append(algebra.power(f.base, -f.exponent))
        else:
            over.append(f)
    return _Parts(number < 0, abs(number), partials, over, under)


def negative(e: Expr) -> bool:
    """Is a minus sign the first thing written of it?"""
    return isinstance(e, (Number, Product)) and _taken_apart(e).negative


def _in_order(terms: tuple[Expr, ...]) -> list[Expr]:
    """A sum's terms, one without a minus sign first."""
    first = next((i for i, t in enumerate(terms) if not negative(t)), 0)
    return [terms[first], *terms[:first], *terms[first + 1 :]]


class Script:
    """Writes expressions. `values`: write entries as numbers where they are known; `ink`: the ink of an entry."""

    def __init__(self, numbers: Numbers, ink: Ink = plain_ink, values: Mapping[Expr, float] | None = None, precision: int = 2) -> None:
        self.numbers = numbers
        self.ink = ink
        self.values = values
        self.precision = precision

    def number_of(self, e: Expr) -> str | None:
        if self.values is None or not isinstance(e, (Symbol, Partial)) or e not in self.values:
            return None
        return self.numbers.value(self.values[e], self.precision)

    @property
    def times(self) -> str:
        return " × " if self.values is not None else " · "

    @property
    def comma(self) -> str:
        """Between arguments: between names a comma in any language."""
        return self.numbers.comma if self.values is not None else ", "

    def literal(self, n: Fraction | float) -> str:
        """A number in one line."""
        if isinstance(n, float):
            return self.numbers.value(n, self.precision)
        return self.numbers.written(str(n))

    # ------------------------------------------------------------------------------------------------- typeset
    def term(self, e: Expr, size: float) -> Term:
        """The expression, typeset."""
        known = self.number_of(e)
        if known is not None:
            return written((Run(known, "sans", self.ink(e), 0.86),), size, NEGATIVE if known.startswith("−") else ATOM)
        if isinstance(e, Constant):
            return written((Run(e.name, "italic"),), size)
        if isinstance(e, Symbol):
            return written(symbol_runs(e, self.ink(e)), size)
        if isinstance(e, Partial):
            return partial_term(e.of, size, self.ink(e))
        if isinstance(e, Sum):
            return self._sum(e, size)
        if isinstance(e, Number) or (isinstance(e, Power) and e.exponent < 0):
            return self._product(e, size)
        if isinstance(e, Product):
            return self._product(e, size)
        if isinstance(e, Power):
            return self._power(e, size)
        if isinstance(e, Call) and e.name == "exp":
            return power(written((Run("e", "italic"),), size), self.term(e.argument, size * 0.7), size)
        name, arguments = (e.name, (e.argument,)) if isinstance(e, Call) else _called(e)
        pieces: list[Term] = []
        for a in arguments:
            pieces += [*([written((Run(self.comma, "serif"),), size)] if pieces else []), self.term(a, size)]
        inner = row(pieces, LOOSE)
        bare = isinstance(e, Call) and e.name == "ln" and inner.level >= LOOSE and isinstance(e.argument, Symbol)
        gap = [space(size * 0.15)] if bare else []
        return row([written((Run(name, "serif"),), size), *gap, inner if bare else bound(inner, ATOM, size)], ATOM)

    def terms(self, e: Expr, size: float, zero: bool = True) -> list[Term]:
        """A sum in pieces that may stand in different lines, each with its sign in front."""
        parts = _in_order(e.terms) if isinstance(e, Sum) else [e]
        pieces = []
        for i, t in enumerate(parts):
            if i == 0:
                pieces.append(self.term(t, size))
                continue
            minus = negative(t)
            sign = written((Run(" − " if minus else " + ", "serif"),), size)
            body = self.term(-t if minus else t, size)
            pieces.append(row([space(size * 0.12), sign, space(size * 0.12), bound(body, PRODUCT if minus else LOOSE, size)], LOOSE))
        return pieces

    def _sum(self, e: Sum, size: float) -> Term:
        pieces = self.terms(e, size)
        return row(pieces, pieces[0].level if pieces[0].level < LOOSE else LOOSE)

    def _power(self, e: Power, size: float) -> Term:
        if e.exponent == Fraction(1, 2):
            return root(self.term(e.base, size), size)
        exponent = written((Run(self.literal(e.exponent), "serif"),), size * 0.68)
        return power(bound(self.term(e.base, size), ATOM, size), exponent, size)

    def _product(self, e: Expr, size: float) -> Term:
        p = _taken_apart(e)
        sign = [written((Run("−", "serif"),), size)] if p.negative else []
        level = NEGATIVE if p.negative else PRODUCT
        if isinstance(e, Product) and e.factors[-1] == algebra.ZERO:  # written out on purpose
            zero = written((Run(f"{self.times}0", "serif"),), size)
            return row([*(self._bound(f, size) for f in e.factors[:-1]), zero], PRODUCT)
        number, bar = p.number, bool(p.under)
        top, bottom = list(p.over), list(p.under)
        shared = isinstance(number, Fraction) and number.denominator != 1 and bool(top or bottom) and self.values is None
        upper: list[Term] = []
        if (shared or bar) and isinstance(number, Fraction):
            bar = True
            if number.numerator != 1 or not top:
                upper.append(written((Run(str(number.numerator), "serif"),), size))
            upper += self._after(upper, self._row_of(top, size, bool(upper)), size)
            lower = [written((Run(str(number.denominator), "serif"),), size)] if number.denominator != 1 else []
            lower += self._after(lower, self._row_of(bottom, size, bool(lower)), size)
            rest = [fraction(_only(upper), _only(lower), size)]
            lead: list[Term] = []
        else:
            lead = [] if number == 1 and (top or p.partials or bar) else [self._number(number, size)]
            rest = self._row_of(top, size, bool(lead or p.partials) and not bar)
            if bar:
                rest = [fraction(_only(rest or [self._number(Fraction(1), size)]), _only(self._row_of(bottom, size, False)), size)]
        pieces = [*sign, *lead]
        for i, f in enumerate(p.partials):
            pieces += [*self._between(bool(lead) or i > 0, size), self._bound(f, size)]
        if rest and (p.partials or lead):
            pieces += self._between(True, size)
        return row([*pieces, *rest], level)

    def _bound(self, e: Expr, size: float) -> Term:
        return bound(self.term(e, size), PRODUCT, size)

    def _between(self, wanted: bool, size: float) -> list[Term]:
        if not wanted:
            return []
        return [written((Run(self.times, "serif"),), size)] if self.values is not None else [space(size * 0.16)]

    def _after(self, before: list[Term], pieces: list[Term], size: float) -> list[Term]:
        return [*self._between(bool(before and pieces), size), *pieces]

    def _row_of(self, factors: list[Expr], size: float, follows: bool) -> list[Term]:
        """Factors side by side; in brackets where something else stands beside them."""
        pieces: list[Term] = []
        for f in factors:
            pieces += self._between(bool(pieces), size)
            pieces.append(self._bound(f, size) if len(factors) > 1 or follows else self.term(f, size))
        return pieces

    def _number(self, n: Fraction | float, size: float) -> Term:
        if isinstance(n, Fraction) and n.denominator != 1:
            up, down = (written((Run(str(k), "serif"),), size * 0.82) for k in (n.numerator, n.denominator))
            return fraction(up, down, size)
        return written((Run(self.literal(n), "serif"),), size)

    # ------------------------------------------------------------------------------------------------- text
    def text(self, e: Expr) -> str:
        """The expression in one line of plain text."""
        return self._line(e)[0]

    def _line(self, e: Expr) -> tuple[str, int]:
        known = self.number_of(e)
        if known is not None:
            return known, NEGATIVE if known.startswith("−") else ATOM
        if isinstance(e, (Symbol, Constant)):
            return e.name, ATOM
        if isinstance(e, Partial):
            return f"∂E/∂{e.of.name}", ATOM
        if isinstance(e, Sum):
            return self._joined(e, self.text), LOOSE
        if isinstance(e, Power) and e.exponent > 0:
            if e.exponent == Fraction(1, 2):
                return f"√({self.text(e.base)})", ATOM
            return f"{self._closed(e.base, ATOM)}^{self.literal(e.exponent)}", ATOM
        if isinstance(e, Call):
            return (f"e^{self._closed(e.argument, ATOM)}", ATOM) if e.name == "exp" else (f"{e.name}({self.text(e.argument)})", ATOM)
        if isinstance(e, Function):
            name, arguments = _called(e)
            return f"{name}({', '.join(map(self.text, arguments))})", ATOM
        return self._product_text(e)

    def _closed(self, e: Expr, level: int) -> str:
        text, own = self._line(e)
        return text if own >= level else f"({text})"

    def _joined(self, e: Sum, write: Callable[[Expr], str], brackets: str = "({})") -> str:
        first, *others = _in_order(e.terms)
        line = write(first)
        for t in others:
            minus = negative(t)
            body = write(-t if minus else t)
            loose = isinstance(-t if minus else t, Sum) or (body.startswith(("−", "-")) and not minus)
            closed = brackets.format(body) if loose else body
            line += f" − {closed}" if minus else f" + {closed}"
        return line

    def _product_text(self, e: Expr) -> tuple[str, int]:
        p = _taken_apart(e)
        sign = "−" if p.negative else ""
        times = self.times if self.values is not None else "·"
        if isinstance(e, Product) and e.factors[-1] == algebra.ZERO:
            return times.join([*(self._closed(f, PRODUCT) for f in e.factors[:-1]), "0"]), PRODUCT
        factors = [self._closed(f, PRODUCT) for f in (*p.partials, *p.over)]
        if p.number != 1 or not factors:
            factors.insert(0, self.literal(p.number))
        line = times.join(factors)
        if p.under:
            below = times.join(self._closed(f, PRODUCT) for f in p.under)
            line += f" / ({below})" if len(p.under) > 1 else f"/{self._closed(p.under[0], ATOM)}"
        return sign + line, NEGATIVE if sign else PRODUCT

    # ------------------------------------------------------------------------------------------------- LaTeX
    def latex(self, e: Expr) -> str:
        """The expression for a formula in LaTeX."""
        return self._tex(e)[0]

    def _tex(self, e: Expr) -> tuple[str, int]:
        known = self.number_of(e)
        if known is not None:
            return number_latex(known), NEGATIVE if known.startswith("−") else ATOM
        if isinstance(e, (Symbol, Constant)):
            return symbol_latex(e) if isinstance(e, Symbol) else GREEK.get(e.name, e.name), ATOM
        if isinstance(e, Partial):
            return rf"\frac{{\partial E}}{{\partial {symbol_latex(e.of)}}}", ATOM
        if isinstance(e, Sum):
            return self._joined(e, self.latex, r"\left({}\right)").replace("−", "-"), LOOSE
        if isinstance(e, Power) and e.exponent > 0:
            if e.exponent == Fraction(1, 2):
                return rf"\sqrt{{{self.latex(e.base)}}}", ATOM
            return f"{self._tex_closed(e.base, ATOM)}^{{{number_latex(self.literal(e.exponent))}}}", ATOM
        if isinstance(e, Call) and e.name == "exp":
            return f"e^{{{self.latex(e.argument)}}}", ATOM
        if isinstance(e, Call):
            return rf"\{e.name}\left({self.latex(e.argument)}\right)", ATOM
        if isinstance(e, Function):
            name, arguments = _called(e)
            shown = r"\max" if name == "max" else rf"\operatorname{{{name}}}".replace("_", r"\_")
            return rf"{shown}\left({self.comma.join(map(self.latex, arguments))}\right)", ATOM
        return self._product_tex(e)

    def _tex_closed(self, e: Expr, level: int) -> str:
        text, own = self._tex(e)
        return text if own >= level else rf"\left({text}\right)"

    def _product_tex(self, e: Expr) -> tuple[str, int]:
        p = _taken_apart(e)
        dot = r" \times " if self.values is not None else r" \, "
        if isinstance(e, Product) and e.factors[-1] == algebra.ZERO:
            return r" \cdot ".join([*(self._tex_closed(f, PRODUCT) for f in e.factors[:-1]), "0"]), PRODUCT
        number, partials = p.number, [self._tex_closed(f, PRODUCT) for f in p.partials]
        over = [self._tex_closed(f, PRODUCT) for f in p.over]
        sign, level = ("-", NEGATIVE) if p.negative else ("", PRODUCT)
        if p.under or (isinstance(number, Fraction) and number.denominator != 1):
            top, bottom = (number.numerator, number.denominator) if isinstance(number, Fraction) else (number, 1)
            up = [*([number_latex(self.literal(top))] if top != 1 or not over else []), *over]
            down = [
                *([str(bottom)] if bottom != 1 else []),
                *(self._tex_closed(f, PRODUCT if len(p.under) > 1 else NEGATIVE) for f in p.under),
            ]
            quotient = rf"\frac{{{dot.join(up)}}}{{{dot.join(down)}}}"
            return sign + dot.join([*partials, quotient] if p.over or p.under else [quotient, *partials]), level
        factors = [*([number_latex(self.literal(number))] if number != 1 or not (partials or over) else []), *partials, *over]
        return sign + dot.join(factors), level


def _only(pieces: list[Term]) -> Term:
    return pieces[0] if len(pieces) == 1 else row(pieces)


def _called(e: Expr) -> tuple[str, tuple[Expr, ...]]:
    return (e.name, e.arguments) if isinstance(e, Function) else ("", ())


def number_latex(text: str) -> str:
    """What `Numbers` wrote, for LaTeX."""
    return text.replace("−", "-").replace(",", "{,}")


def symbol_runs(s: Symbol, ink: str = "ink", scale: float = 1.0) -> tuple[Run, ...]:
    """`X₁₁` as runs."""
    runs = [Run(s.letter, "italic", ink, scale)]
    if s.index:
        runs.append(Run(s.index, "serif", ink, 0.68 * scale, -0.22 * scale))
    return tuple(runs)


def partial_runs(s: Symbol, ink: str = "gradient", scale: float = 1.0, short: bool = False) -> tuple[Run, ...]:
    """`∂E/∂O₁₁` in one line, or in `short` only `∂O₁₁`."""
    before = [Run("∂", "serif", ink, scale)]
    if not short:
        before += [Run("E", "italic", ink, scale), Run("/∂", "serif", ink, scale)]
    return (*before, *symbol_runs(s, ink, scale))


def partial_term(s: Symbol, size: float, ink: str = "gradient") -> Term:
    """∂E over ∂O₁₁, with a bar."""
    over = written((Run("∂", "serif", ink), Run("E", "italic", ink)), size * 0.95)
    return fraction(over, written((Run("∂", "serif", ink), *symbol_runs(s, ink)), size * 0.95), size, ink)


def symbol_latex(s: Symbol) -> str:
    r"""`X_{11}`, `\mu`."""
    letter = GREEK.get(s.letter, s.letter.replace("′", "'"))
    return f"{letter}_{{{s.index}}}" if s.index else letter
