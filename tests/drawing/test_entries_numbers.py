"""What an entry's expression takes from the numbers that the tape holds: what no derivative tells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import Scalar
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.entries.expansion import expansion_of
from autograd_cnn.drawing.entries.operation import operation_of
from autograd_cnn.nn import functional as F
from autograd_cnn.primitives.primitive import primitive
from autograd_cnn.symbolic import algebra

from . import sound


def test_a_number_beside_the_entries_is_part_of_the_output() -> None:
    """Nothing keeps the 2 of x + 2, or a bias that takes no gradient: it shows in the numbers."""
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    said = lambda y, **how: draw.formula(y, "O1", **how).text
    assert said(x + 2) == "O1 = X1 + 2"
    assert said(ac.tensor([3.1, 0.0]) - x) == "O1 = 31/10 − Y1"
    assert said(ac.maximum(x, ac.tensor(5.0))) == "O1 = 5"
    assert said(x.clamp(3.0)) == "O1 = 3"
    assert said(x * 2) == "O1 = 2·X1"
    assert draw.formula(F.linear(x, ac.ones(1, 2), ac.ones(1)), "O").text == "O = W1·X1 + W2·X2 + 1"
    assert draw.formula(Scalar(1.5) - 0.25, "O", numbers=True).text == "O = X − 1/4\n  = 1.50 − 1/4 = 1.25"


def test_where_the_numbers_are_gone_it_is_a_function() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    assert draw.formula((x * 3 + 2).sum(), "O1", op="add").text == "O1 = add(X1)"
    assert draw.formula((x * 3).clamp(9.0).sum(), "O1", op="clamp").text != "O1 = 0"
    assert draw.formula((x * 3).sum(), "O1", op="mul").text == "O1 = 3·X1"
    sound.check(draw.expand((x * 3).clamp(9.0).sum(), "O1", op="clamp").scene)
    sound.check(draw.expand((x * 3 + 2).sum(), "O1", op="add").scene)


@primitive(family="user")
def _cubes(*xs: Any) -> Any:
    """Σ x³"""
    return sum(x**3 for x in xs)


@_cubes.vjp("xs")
def _(g: Any, xs: Any, need: Any) -> Any:
    return tuple(3 * x * x * g if wanted else None for x, wanted in zip(xs, need, strict=True))


@pytest.mark.parametrize("kind", [Scalar, lambda v: ac.tensor(v, requires_grad=True)], ids=["numbers", "tensors"])
def test_a_user_s_operation_on_any_number_of_values(kind: Any) -> None:
    """Nodes of numbers keep their outputs and inputs, those of tensors what the rules ask for."""
    e = expansion_of(operation_of("test", _cubes(kind(2.0), kind(5.0))))
    (made,) = e.exprs.values()
    assert isinstance(made, algebra.Function)
    assert [(s.name, float(d.value)) for s, d in zip(made.arguments, made.locals, strict=True) if isinstance(d, algebra.Number)] == [
        ("A", 12.0),
        ("B", 75.0),
    ]


@primitive(family="user")
def _gated(x: Any, p: Any, q: Any) -> Any:
    """x · (p + 2 q + 3), by a kernel that takes no symbols."""
    return np.multiply(np.asarray(x, float), np.asarray(p, float) + 2 * np.asarray(q, float) + 3.0)


@_gated.vjp("x")
def _(g: Any, p: Any, q: Any) -> Any:
    return g * (p + 2 * q + 3.0)


@_gated.vjp("p")
def _(g: Any, x: Any) -> Any:
    return g * x


@_gated.vjp("q")
def _(g: Any, x: Any) -> Any:
    return 2 * g * x


def test_a_derivative_of_several_entries_is_found_entry_by_entry() -> None:
    def leaf(*v: float) -> ac.Tensor:
        return ac.tensor(v, requires_grad=True)

    y = _gated(leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(5.0, 6.0))
    assert draw.formula(y, "O2").text == "O2 = 3·X2 + P2·X2 + 2·Q2·X2"
    assert draw.formula(y, "X1").text.startswith("∂E/∂X1 = ∂E/∂O1·(P1 + 2·Q1 + 3)")
    assert draw.formula(y, "Q1").text.startswith("∂E/∂Q1 = 2·∂E/∂O1·X1")
    only = _gated(leaf(1.0, 2.0), ac.tensor([3.0, 4.0]), leaf(5.0, 6.0))  # the rule of p does not run, that of q does
    assert draw.formula(only, "O1").text == "O1 = 3·X1 + P1·X1 + 2·Q1·X1"
    assert draw.formula(only, "Q2").text.endswith("2·∂E/∂O2·X2")


def test_an_operation_too_large_to_ask_entry_by_entry_is_known_by_its_numbers() -> None:
    n = 140  # 3 · 140 entries
    y = _gated(*(ac.full((n,), v, requires_grad=True) for v in (1.0, 3.0, 5.0)))
    (made, *_) = expansion_of(operation_of("test", y), [0]).exprs.values()
    assert isinstance(made, algebra.Function)
    assert [(s.name, d) for s, d in zip(made.arguments, made.locals, strict=True)] == [
        ("X1", algebra.expr(16.0)),
        ("P1", algebra.expr(1.0)),
        ("Q1", algebra.expr(2.0)),
    ]


def test_indices_that_a_rule_wants_are_no_entries() -> None:
    x = ac.tensor([[1.0, 5.0, 2.0], [7.0, 0.0, 3.0]], requires_grad=True)
    assert draw.formula(x.max(1).values, "O1").text == "O1 = X12"
    assert draw.formula(x.cummax(1).values, "O13").text == "O13 = X12"
    assert draw.formula(x.median(1).values, "O2").text == "O2 = X23"


def test_an_output_that_its_own_rule_wants_is_an_entry() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    assert draw.formula(x.exp(), "X1").text == "∂E/∂X1 = ∂E/∂O1·O1"
    assert draw.formula(x.sqrt(), "X2").text == draw.formula((x * 4).sqrt(), "X2").text
