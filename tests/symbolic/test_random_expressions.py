"""Random expressions: their value against Python's arithmetic, their derivative against a complex step, and that simplifying changes nothing.

Each expression is grown twice, as symbols and as a function of complex numbers: f(x + ih) = f(x) + ih f′(x) − …, so that Im f / h is
the derivative, exact to rounding (Squire and Trapp 1998).
"""

from __future__ import annotations

import cmath
import random
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest

from autograd_cnn.symbolic.algebra import (
    ONE,
    ZERO,
    Call,
    Expr,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    add,
    expr,
    mul,
    power,
)
from autograd_cnn.symbolic.calculus import derivative, evaluate, parts, rename, symbols, total

Values = dict[str, complex]
Twice = tuple[Expr, Callable[[Values], complex]]
A, B, C = (Symbol(n) for n in "abc")
UNARY: dict[str, Callable[[complex], complex]] = {"tanh": cmath.tanh, "sin": cmath.sin, "cos": cmath.cos}
STEP = 1e-30


def grow(r: random.Random, depth: int) -> Twice:
    """An expression and what it computes. Roots and logarithms are taken of 1 + e² only, exponentials of sines."""
    if depth == 0 or r.random() < 0.1:
        if r.random() < 0.6:
            s = r.choice((A, B, C))
            return s, lambda v: v[s.letter]
        n = Fraction(r.randint(-4, 4), r.randint(1, 4))
        return expr(n), lambda v: complex(float(n))
    e, f = grow(r, depth - 1)
    kind = r.choice(
        ("sum", "difference", "product", "quotient", "negative", "power", "root", "size", "mean", "exp", "ln", "tanh", "sin", "cos")
    )
    if kind in UNARY:
        return getattr(e, kind)(), lambda v: UNARY[kind](f(v))
    if kind == "negative":
        return -e, lambda v: -f(v)
    if kind == "power":
        n = Fraction(r.choice((2, 3)))
        return e ** int(n), lambda v: f(v) ** int(n)
    if kind == "root":
        return (e * e + 1) ** Fraction(-1, 2), lambda v: 1 / cmath.sqrt(f(v) ** 2 + 1)
    if kind == "size":  # √(e²) = |e|, which is e only where e is positive
        return e.square().sqrt(), lambda v: cmath.sqrt(f(v) ** 2)
    if kind == "mean":  # roots of numbers and of products
        half = (expr(2) * (1 + e * e)).sqrt()
        return half * half * half * e, lambda v: (2 * (1 + f(v) ** 2)) ** 1.5 * f(v)
    if kind == "exp":
        return e.sin().exp(), lambda v: cmath.exp(cmath.sin(f(v)))
    if kind == "ln":
        return (1 + e.square()).log(), lambda v: cmath.log(1 + f(v) ** 2)
    d, g = grow(r, depth - 1)
    if kind == "sum":
        return e + d, lambda v: f(v) + g(v)
    if kind == "difference":
        return e - d, lambda v: f(v) - g(v)
    if kind == "product":
        return e * d, lambda v: f(v) * g(v)
    return e / (1 + d * d), lambda v: f(v) / (1 + g(v) ** 2)


def grown(seed: int) -> tuple[Expr, Callable[[Values], complex], dict[str, float]]:
    r = random.Random(seed)
    e, f = grow(r, 4)
    return e, f, {s.letter: r.uniform(0.2, 1.5) for s in (A, B, C)}


def value(e: Expr, at: dict[str, float]) -> float:
    found = evaluate(e, {Symbol(k): v for k, v in at.items()})
    assert found is not None
    return found


def inside(e: Expr) -> Iterator[Expr]:
    yield e
    for part in parts(e):
        yield from inside(part)


def close(a: float, b: float, scale: float = 1.0) -> bool:
    return a == pytest.approx(b, rel=1e-8, abs=1e-9 * scale)


SEEDS = range(150)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_value_is_what_python_computes(seed: int) -> None:
    e, f, at = grown(seed)
    assert close(value(e, at), f({k: complex(v) for k, v in at.items()}).real)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_derivative_is_that_of_a_complex_step(seed: int) -> None:
    e, f, at = grown(seed)
    for s in (A, B, C):
        stepped = f({k: complex(v, STEP if k == s.letter else 0.0) for k, v in at.items()}).imag / STEP
        assert close(value(derivative(e, s), at), stepped, max(1.0, abs(stepped)))


@pytest.mark.parametrize("seed", range(60))
def test_second_derivatives_may_be_taken_in_either_order(seed: int) -> None:
    e, _, at = grown(seed)
    ab, ba = (value(derivative(derivative(e, p), q), at) for p, q in ((A, B), (B, A)))
    assert ab == pytest.approx(ba, rel=1e-6, abs=1e-6)


def rebuilt(e: Expr) -> Expr:
    """The same, put together again from its parts."""
    made = [rebuilt(p) for p in parts(e)]
    if isinstance(e, Sum):
        return add(*made)
    if isinstance(e, Product):
        return mul(*made)
    return power(made[0], e.exponent) if isinstance(e, Power) else Call(e.name, made[0]) if isinstance(e, Call) else e


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_simplified_stays_as_it_is(seed: int) -> None:
    e, _, _ = grown(seed)
    assert rebuilt(e) == e
    for part in inside(e):
        if isinstance(part, Sum):
            assert len(part.terms) > 1
            assert not any(isinstance(t, Sum) or t == ZERO for t in part.terms)
        if isinstance(part, Product):
            assert len(part.factors) > 1
            assert not any(isinstance(f, Product) or f == ONE for f in part.factors)
            assert not any(isinstance(f, Number) for f in part.factors[1:])


@pytest.mark.parametrize("seed", range(60))
def test_laws_hold_in_numbers(seed: int) -> None:
    (e, _, at), (d, _, _) = grown(seed), grown(seed + 1000)
    p, q = value(e, at), value(d, at)
    for made, meant in (
        (e + d, p + q),
        (d + e, p + q),
        (e - e, 0.0),
        (e * d, p * q),
        (3 - e, 3 - p),
        (d / 2, q / 2),
        (+e, p),
        (total([e, d, e]), 2 * p + q),
    ):
        assert close(value(made, at), meant, 1 + abs(p) + abs(q))
    if p:
        assert close(value(d / e, at), q / p, 1 + abs(q / p))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_named_part_stands_for_its_value(seed: int) -> None:
    e, _, at = grown(seed)
    name = Symbol("T")
    for part in [p for p in inside(e) if not isinstance(p, Number)]:
        named = rename(e, part, name)
        assert value(named, {**at, "T": value(part, at)}) == pytest.approx(value(e, at), rel=1e-7, abs=1e-9)
        assert set(symbols(named)) <= {*symbols(e), name}
