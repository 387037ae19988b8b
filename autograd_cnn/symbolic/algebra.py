"""Algebra of single entries: what an operation does to X₁₁, written with symbols.

An `Expr` is built by the usual operators (so NumPy's object arrays compute with them: `x.sum()`, `x / s`, `np.exp(x)`), can be
differentiated and evaluated. It is what the entry-by-entry drawings are made of; it does no more algebra than they need.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


class Expr:
    """A symbolic number. Immutable; equal expressions are equal."""

    __slots__ = ()

    def __add__(self, other: Any) -> Expr:
        return add(self, expr(other)) if _fits(other) else NotImplemented

    def __radd__(self, other: Any) -> Expr:
        return add(expr(other), self) if _fits(other) else NotImplemented

    def __sub__(self, other: Any) -> Expr:
        return add(self, mul(Number(Fraction(-1)), expr(other))) if _fits(other) else NotImplemented

    def __rsub__(self, other: Any) -> Expr:
        return add(expr(other), -self) if _fits(other) else NotImplemented

    def __mul__(self, other: Any) -> Expr:
        return mul(self, expr(other)) if _fits(other) else NotImplemented

    def __rmul__(self, other: Any) -> Expr:
        return mul(expr(other), self) if _fits(other) else NotImplemented

    def __truediv__(self, other: Any) -> Expr:
        return mul(self, power(expr(other), Fraction(-1))) if _fits(other) else NotImplemented

    def __rtruediv__(self, other: Any) -> Expr:
        return mul(expr(other), power(self, Fraction(-1))) if _fits(other) else NotImplemented

    def __pow__(self, exponent: Any) -> Expr:
        return power(self, Fraction(exponent).limit_denominator(1000)) if isinstance(exponent, (int, float, Fraction)) else NotImplemented

    def __neg__(self) -> Expr:
        return mul(Number(Fraction(-1)), self)

    def __pos__(self) -> Expr:
        return self

    # What NumPy calls for `np.exp(x)` and its kind on an object array.
    def exp(self) -> Expr:
        return Call("exp", self)

    def log(self) -> Expr:
        return Call("ln", self)

    def sqrt(self) -> Expr:
        return power(self, Fraction(1, 2))

    def square(self) -> Expr:
        return power(self, Fraction(2))

    def tanh(self) -> Expr:
        return Call("tanh", self)

    def sin(self) -> Expr:
        return Call("sin", self)

    def cos(self) -> Expr:
        return Call("cos", self)


@dataclass(frozen=True, slots=True)
class Number(Expr):
    """A known number: an exact fraction, or a float where it is none."""

    value: Fraction | float


@dataclass(frozen=True, slots=True)
class Constant(Expr):
    """A number that is called by its name: ε."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Symbol(Expr):
    """An entry: a letter with an index (`X`, `11`). `place` is its flat position in the array of that letter."""

    letter: str
    index: str = ""
    place: int = 0

    @property
    def name(self) -> str:
        """What a user writes for it: `X11`."""
        return self.letter + self.index


@dataclass(frozen=True, slots=True)
class Partial(Expr):
    """∂E/∂s: the gradient that arrives at an entry."""

    of: Symbol


@dataclass(frozen=True, slots=True)
class Sum(Expr):
    """Two terms or more."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Product(Expr):
    """Two factors or more; a number stands first."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Power(Expr):
    """A base with an exact exponent."""

    base: Expr
    exponent: Fraction


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A function of one argument that has a name: exp, ln, tanh, sin, cos."""

    name: str
    argument: Expr


@dataclass(frozen=True, slots=True)
class Function(Expr):
    """Any function of entries, with its local derivatives by each: `max(X11, X12)`, whose derivative is 1 where it was taken."""

    name: str
    arguments: tuple[Symbol, ...]
    locals: tuple[Expr, ...]


ZERO, ONE = Number(Fraction(0)), Number(Fraction(1))


def _fits(x: Any) -> bool:
    return isinstance(x, (Expr, int, float, Fraction)) or (hasattr(x, "item") and not getattr(x, "ndim", 0))


def fraction(x: Any) -> Fraction | float:
    """The simple fraction a float stands for (1/3, 0.75), or the float itself if it is none.

    >>> fraction(1 / 3), fraction(0.25), fraction(0.123456789)
    (Fraction(1, 3), Fraction(1, 4), 0.123456789)
    """
    if isinstance(x, (int, Fraction)):
        return Fraction(x)
    if not math.isfinite(x):
        return float(x)
    near = Fraction(x).limit_denominator(1000)
    return near if abs(float(near) - x) <= 1e-12 * max(1.0, abs(x)) else float(x)


def expr(x: Any) -> Expr:
    """A number as an expression; an expression as it is."""
    if isinstance(x, Expr):
        return x
    return Number(fraction(x.item() if hasattr(x, "item") else x))


def add(*terms: Expr) -> Expr:
    """A sum: flat, zeros left out, numbers joined, equal terms counted."""
    number: Fraction | float = Fraction(0)
    counts: dict[Expr, Fraction | float] = {}
    for t in terms:
        for part in t.terms if isinstance(t, Sum) else (t,):
            if isinstance(part, Number):
                number = number + part.value
                continue
            scale, rest = _scaled(part)
            counts[rest] = counts.get(rest, 0) + scale
    flat = [mul(Number(c), rest) for rest, c in counts.items() if c]
    if number:
        flat.append(Number(number))
    return flat[0] if len(flat) == 1 else Sum(tuple(flat)) if flat else ZERO


def _scaled(t: Expr) -> tuple[Fraction | float, Expr]:
    """A term as a number times the rest."""
    if isinstance(t, Product) and isinstance(t.factors[0], Number):
        rest = t.factors[1:]
        return t.factors[0].value, rest[0] if len(rest) == 1 else Product(rest)
    return Fraction(1), t


def mul(*factors: Expr) -> Expr:
    """A product: flat, the number in front, powers of one base joined; 0 makes it 0."""
    number: Fraction | float = Fraction(1)
    powers: dict[Expr, Fraction] = {}
    for f in factors:
        for part in f.factors if isinstance(f, Product) else (f,):
            if isinstance(part, Number):
                number = number * part.value
                continue
            base, exponent = (part.base, part.exponent) if isinstance(part, Power) else (part, Fraction(1))
            powers[base] = powers.get(base, Fraction(0)) + exponent
    flat = [power(base, e) for base, e in powers.items() if e]
    if any(isinstance(base, (Number, Power, Product)) and e.denominator == 1 for base, e in powers.items()):
        return mul(Number(number), *flat)  # √2 · √2, √(x²) · √(x²): what was under the root joins the others
    if number == 0 or not flat:
        return Number(number)
    if number != 1:
        flat.insert(0, Number(number))
    return flat[0] if len(flat) == 1 else Product(tuple(flat))


def power(base: Expr, exponent: Fraction) -> Expr:
    """A power; of a number only where it is exact. √(x²) stays: it is x only where x is positive."""
    if exponent == 1:
        return base
    if exponent == 0:
        return ONE
    if isinstance(base, Power) and (exponent.denominator == 1 or base.exponent % 2):
        return power(base.base, base.exponent * exponent)
    if isinstance(base, Number) and exponent.denominator == 1 and (base.value or exponent > 0):
        return Number(base.value**exponent.numerator)
    if isinstance(base, Product) and exponent.denominator == 1:
        return mul(*(power(f, exponent) for f in base.factors))
    return Power(base, exponent)


def join(*factors: Expr) -> Expr:
    """A product exactly as written: `∂E/∂O₁₂ · 0` stays."""
    return Product(factors)


def taken(name: str, candidates: Sequence[Symbol], which: Sequence[bool]) -> Expr:
    """One of several entries, such as their maximum: its derivative is 1 by the one that was taken."""
    return Function(name, tuple(candidates), tuple(ONE if w else ZERO for w in which))
