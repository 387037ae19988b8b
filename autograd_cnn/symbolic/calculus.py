"""Derivatives, values and parts of expressions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from .algebra import ONE, ZERO, Call, Constant, Expr, Function, Number, Power, Product, Sum, Symbol, add, mul, power

_DERIVATIVES: dict[str, Callable[[Expr], Expr]] = {
    "exp": lambda x: Call("exp", x),
    "ln": lambda x: power(x, Fraction(-1)),
    "tanh": lambda x: 1 - Call("tanh", x) ** 2,
    "sin": lambda x: Call("cos", x),
    "cos": lambda x: -Call("sin", x),
}
_VALUES: dict[str, Callable[[float], float]] = {"exp": math.exp, "ln": math.log, "tanh": math.tanh, "sin": math.sin, "cos": math.cos}


def derivative(e: Expr, by: Symbol) -> Expr:
    """∂e/∂by.

    >>> x, w = Symbol("x"), Symbol("w")
    >>> derivative(w * x ** 2, x) == 2 * w * x
    True
    """
    if e == by:
        return ONE
    if isinstance(e, Sum):
        return add(*(derivative(t, by) for t in e.terms))
    if isinstance(e, Product):
        parts = []
        for i, f in enumerate(e.factors):
            d = derivative(f, by)
            if d != ZERO:
                parts.append(mul(*e.factors[:i], d, *e.factors[i + 1 :]))
        return add(*parts)
    if isinstance(e, Power):
        return mul(Number(e.exponent), power(e.base, e.exponent - 1), derivative(e.base, by))
    if isinstance(e, Call):
        inner = derivative(e.argument, by)
        return ZERO if inner == ZERO else mul(_DERIVATIVES[e.name](e.argument), inner)
    if isinstance(e, Function):
        return add(*(d for s, d in zip(e.arguments, e.locals, strict=True) if s == by))
    return ZERO


def evaluate(e: Expr, at: Mapping[Expr, float]) -> float | None:
    """The number an expression is, or None where a symbol in it is not known."""
    if e in at:
        return at[e]
    if isinstance(e, (Number, Constant)):
        return float(e.value)
    if isinstance(e, Power):
        base = evaluate(e.base, at)
        return None if base is None else _safe(lambda: base ** float(e.exponent))
    if isinstance(e, Call):
        inner = evaluate(e.argument, at)
        return None if inner is None else _safe(lambda: _VALUES[e.name](inner))
    if isinstance(e, (Sum, Product)):
        parts = [evaluate(p, at) for p in (e.terms if isinstance(e, Sum) else e.factors)]
        known = [p for p in parts if p is not None]
        if isinstance(e, Product) and 0.0 in known:
            return 0.0
        return None if len(known) < len(parts) else sum(known) if isinstance(e, Sum) else math.prod(known)
    return None


def _safe(compute: Callable[[], Any]) -> float:
    """As floating point has it: infinity where Python raises OverflowError, not a number outside a function's domain."""
    try:
        found = compute()
    except OverflowError:
        return math.inf
    except (ValueError, ZeroDivisionError):
        return math.nan
    return float(found) if not isinstance(found, complex) else math.nan


def parts(e: Expr) -> Sequence[Expr]:
    """What an expression is made of, one level down."""
    if isinstance(e, Sum):
        return e.terms
    if isinstance(e, Product):
        return e.factors
    if isinstance(e, Power):
        return (e.base,)
    if isinstance(e, Call):
        return (e.argument,)
    return e.arguments if isinstance(e, Function) else ()


def symbols(e: Expr) -> Iterator[Symbol]:
    """The entries in an expression, in the order in which they are written, each once."""
    seen: set[Symbol] = set()
    stack = [e]
    while stack:
        top = stack.pop()
        if isinstance(top, Symbol) and top not in seen:
            seen.add(top)
            yield top
        stack += reversed(parts(top))


def rename(e: Expr, old: Expr, new: Symbol) -> Expr:
    """The expression with a part named: where `old` is b^p, other powers of b become powers of the name, if they do so
    for negative b, too."""
    if e == old:
        return new
    if isinstance(e, Power) and isinstance(old, Power) and e.base == old.base:
        ratio = e.exponent / old.exponent
        if ratio.denominator == 1 or old.exponent.denominator > 1:
            return power(new, ratio)
    if isinstance(e, Sum):
        return add(*(rename(t, old, new) for t in e.terms))
    if isinstance(e, Product):
        return mul(*(rename(f, old, new) for f in e.factors))
    if isinstance(e, Power):
        return power(rename(e.base, old, new), e.exponent)
    return Call(e.name, rename(e.argument, old, new)) if isinstance(e, Call) else e


def total(terms: Sequence[Expr]) -> Expr:
    """Σ of expressions, 0 of none."""
    return add(*terms)
