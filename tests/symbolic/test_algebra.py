"""Algebra with names: what is equal, what an expression stands for, and what NumPy makes of arrays of symbols."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.symbolic.algebra import ONE, ZERO, Constant, Symbol, expr, fraction, join, power, taken
from autograd_cnn.symbolic.calculus import derivative, evaluate, rename, symbols

A, B, C, T = (Symbol(n) for n in "abcT")


@pytest.mark.parametrize("p", [Fraction(2), Fraction(3), Fraction(-1), Fraction(1, 2), Fraction(-1, 2)])
@pytest.mark.parametrize("q", [Fraction(-2), Fraction(1, 2), Fraction(3), Fraction(4), Fraction(6)])
@pytest.mark.parametrize("a", [1.7, -1.7])
def test_other_powers_of_a_named_power(p: Fraction, q: Fraction, a: float) -> None:
    e, old, at = power(A, q) * B, power(A, p), {A: a, B: 3.0}
    if a > 0 or p.denominator == q.denominator == 1:
        assert evaluate(rename(e, old, T), {**at, T: evaluate(old, at)}) == pytest.approx(evaluate(e, at), rel=1e-12)
    assert rename(power(A, 4 * p), old, T) == T**4


def test_exact_algebra() -> None:
    assert A + A == 2 * A
    assert A - A == ZERO
    assert A * A == A**2 == A.square()
    assert A / A == ONE
    assert (A * B) ** 2 / B == A**2 * B
    assert A.sqrt() ** 2 == A
    assert A.square().sqrt() != A
    assert (A**4 * B).sqrt() ** 2 == A**4 * B
    assert A.square().sqrt() * A.square().sqrt() * A == A**3
    assert expr(2).sqrt() * A * expr(2).sqrt() == 2 * A
    assert expr(Fraction(1, 3)) + expr(1 / 6) == expr(0.5)
    assert 0 * A == ZERO
    assert 1 * A == A + 0 == A**1 == A
    assert A**0 == ONE
    assert power(ZERO, Fraction(-1)) != ZERO


def test_symbols_are_listed_as_they_are_written() -> None:
    assert list(symbols(B * A + C.exp() * B)) == [B, A, C]
    assert list(symbols(expr(3))) == []


def test_what_is_not_known_has_no_value() -> None:
    assert evaluate(A + B, {A: 1.0}) is None
    assert evaluate((A * B).exp(), {A: 1.0}) is None
    assert evaluate(A * B, {A: 0.0}) == 0.0  # whatever B is
    assert evaluate(A + Constant("ε", 1e-5), {A: 1.0}) == 1 + 1e-5
    assert evaluate(A + B, {A + B: 7.0}) == 7.0


def test_values_outside_a_domain() -> None:
    assert evaluate(A.exp(), {A: 1e4}) == math.inf
    assert math.isnan(evaluate(A.log(), {A: -1.0}) or 0.0)
    assert math.isnan(evaluate(A.sqrt(), {A: -1.0}) or 0.0)
    assert math.isnan(evaluate(1 / A, {A: 0.0}) or 0.0)


def test_a_product_as_written_and_a_choice() -> None:
    assert join(A, ZERO) != ZERO
    assert evaluate(join(A, ZERO), {A: 2.0}) == 0.0
    most = taken("max", (A, B), (False, True))
    assert [derivative(most, s) for s in (A, B, C)] == [ZERO, ONE, ZERO]
    assert derivative(most * A, B) == A
    assert evaluate(most, {A: 1.0, B: 2.0}) is None
    assert set(symbols(most)) == {A, B}


def test_numpy_computes_with_arrays_of_symbols() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.uniform(0.5, 2, (2, 3)), rng.uniform(0.5, 2, (3, 2))
    xs, ws = (np.array([[Symbol(n, f"{i}{j}") for j in range(a.shape[1])] for i in range(len(a))]) for n, a in (("X", x), ("W", w)))
    at = {s: v for symbolic, known in ((xs, x), (ws, w)) for s, v in zip(symbolic.flat, known.flat, strict=True)}

    def compute(x: Any, w: Any) -> Any:
        h = np.tanh(x @ w) / np.sqrt(np.square(x).sum())
        return np.exp(-h) + np.log(x.mean(axis=0)[:2]) * np.sin(h) - np.cos(h) ** 3

    for made, known in zip(compute(xs, ws).flat, compute(x, w).flat, strict=True):
        assert evaluate(made, at) == pytest.approx(known, rel=1e-12)


@given(st.integers(-2000, 2000), st.integers(1, 1000))
def test_a_float_that_is_a_simple_fraction_is_one(p: int, q: int) -> None:
    assert fraction(p / q) == Fraction(p, q)
    assert isinstance(fraction(p / q), Fraction)


@pytest.mark.parametrize("x", [math.pi, 1e-9, math.inf, 0.1234567])
def test_a_float_that_is_none_stays(x: float) -> None:
    assert fraction(x) == x
    assert isinstance(fraction(x), float)
