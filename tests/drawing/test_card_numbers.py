"""What stands on cards: shapes or numbers, element types, memory, counts, norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.drawing.canvas.numbers import Numbers
from autograd_cnn.drawing.canvas.text import Words, shape
from autograd_cnn.drawing.tensor_graph.cards import (
    _count,
    copy_gradients,
    count_runs,
    joint_gradient,
    kept_size,
    norm_text,
    operations_text,
    output_text,
    shape_text,
    size_or_number,
)
from autograd_cnn.drawing.view.style import Style
from autograd_cnn.drawing.view.view import Gradient, Pill, Unit
from autograd_cnn.graph.step import Step, Value

WORDS = Words("en")
STYLE = Style(WORDS, True, 2, "float32")


def of(*sizes: int, dtype: str | None = "float32", **more: Any) -> Value:
    return Value(0, "result", shape=sizes, dtype=dtype, **more)


def step(graph_index: int = 0, inputs: tuple[int, ...] = (), outputs: tuple[int, ...] = (), kept: int = 0) -> Step:
    prim = ac.trace(lambda x: x.exp(), ac.ones(1)).steps[0].primitive
    return Step(graph_index, prim, inputs, outputs, {}, kept_bytes=kept)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (of(2, 3), "2×3"),
        (of(), "scalar"),
        (of(data=np.array(2.5)), "scalar"),
        (Value(0, "constant", data=2.5), "2.5"),
        (Value(0, "constant", data=1 / 3), "0.3333"),
        (Value(0, "result"), "scalar"),
    ],
)
def test_the_shape_of_a_tensor_or_the_number_itself(given: Value, text: str) -> None:
    assert size_or_number(given, STYLE) == text


@pytest.mark.parametrize(
    ("outputs", "text"),
    [
        ([], ""),
        ([of(2, 3)], "2×3"),
        ([of(2, 3), of(2, 3)], "2 × (2×3)"),
        ([of(2), of(3)], "2, 3"),
        ([of(2), of(3), of(2)], "2, 3"),
        ([of(2), of(3), of(4)], "2, 3, 4"),
        ([of(2), of(3), of(4), of(5)], "2, 3, 4, …"),
        ([of(2, dtype="int64")], "2 int64"),
        ([of(2, dtype=None)], "2"),
        ([of(2), of(3, dtype="int64")], "2, 3"),
    ],
)
def test_what_leaves_a_unit(outputs: list[Value], text: str) -> None:
    assert output_text(Unit("u", "op", "u", outputs=outputs), STYLE) == text


def test_element_types_stand_where_they_are_not_the_figure_s() -> None:
    plain = Style(WORDS, True)
    assert output_text(Unit("u", "op", "u", outputs=[of(2, dtype="int64")]), plain) == "2"
    for dtype, style, text in (
        ("float32", STYLE, "2×3"),
        ("float64", STYLE, "2×3 float64"),
        ("float64", plain, "2×3"),
        (None, STYLE, "2×3"),
    ):
        assert shape_text(Pill("p", of(2, 3, dtype=dtype), "parameter", "w"), style) == text


def test_memory_or_that_others_hold_it() -> None:
    assert kept_size(Unit("u", "op", "u", steps=[step(kept=1000), step(kept=512)]), STYLE) == "2 kB"
    assert kept_size(Unit("u", "op", "u", steps=[step()]), STYLE) == WORDS("shared")


def test_how_many_operations_a_unit_stands_for() -> None:
    steps = [step(i) for i in range(6)]
    assert operations_text(Unit("u", "module", "u", steps=steps), STYLE) == WORDS.operations(6)
    assert operations_text(Unit("u", "module", "u", steps=steps, like="a"), STYLE) == f"{WORDS.operations(6)}, {WORDS('as', 'a')}"
    deck = Unit("u", "deck", "u", steps=steps, copies=[steps[:2], steps[2:4], steps[4:]])
    assert operations_text(deck, STYLE) == WORDS("each", WORDS.operations(2))
    assert operations_text(Unit("u", "deck", "u", steps=steps, copies=[[s] for s in steps]), STYLE) == WORDS("each", WORDS.operations(1))


def test_counts_of_entries() -> None:
    assert [[r.text for r in count_runs(Pill("p", of(*s), "parameter", "w"), STYLE)] for s in ((), (7,), (2, 3), (100, 20))] == [
        [],
        [],
        ["6"],
        ["2,000"],
    ]
    assert count_runs(Pill("p", Value(0, "constant", data=2.0), "constant", "c"), STYLE) == ()
    assert _count(Unit("u", "module", "u", parameters={1: of(2, 3), 2: of(3)})) == 9


@pytest.mark.parametrize(
    ("gradient", "text"),
    [
        (Gradient("missing"), "∅"),
        (Gradient("none"), "∅"),
        (Gradient("nan", math.nan), "NaN"),
        (Gradient("nan", math.inf), "∞"),
        (Gradient("zero", 0.0), "0"),
        (Gradient("flows", 5.2821), "5.282"),
    ],
)
def test_norms_as_the_picture_writes_them(gradient: Gradient, text: str) -> None:
    assert norm_text(gradient, STYLE) == text


def test_gradients_of_folded_modules_and_of_copies() -> None:
    values = [Value(i, "parameter" if i < 4 else "result", shape=(1,), requires_grad=True) for i in range(8)]

    def style(of: str = "outputs", **norms: float) -> Style:
        return Style(WORDS, True, values=values, norms=of, gradients={int(k[1:]): Gradient("flows", v) for k, v in norms.items()})

    copies = [[step(0, (4, 0), (5,)), step(1, (5, 1), (6,))], [step(2, (6, 2, 3), (7,))]]
    deck = Unit("u", "deck", "u", steps=[s for copy in copies for s in copy], copies=copies, parameters={i: values[i] for i in range(4)})
    assert [g.norm for g in copy_gradients(deck, style(v6=2.0, v7=3.0, v0=9.0))] == [2.0, 3.0]
    assert [(g.state, g.norm) for g in copy_gradients(deck, style(v7=3.0, v0=9.0))] == [("missing", 0.0), ("flows", 3.0)]
    assert [g.norm for g in copy_gradients(deck, style("parameters", v0=3.0, v1=4.0, v2=6.0, v3=8.0, v5=100.0))] == [5.0, 10.0]
    assert joint_gradient(deck, style("parameters", v0=2.0, v1=4.0, v2=4.0, v5=100.0)) == Gradient("flows", 6.0)
    assert joint_gradient(deck, style(v0=2.0, v7=5.0)) == Gradient("flows", 5.0)


# ------------------------------------------------------------------------------------------------------- numbers
EN = Numbers("en")


@pytest.mark.parametrize(
    ("v", "precision", "text"),
    [
        (0.005, 2, "0.01"),
        (0.0049, 2, "4.9e−3"),
        (-0.0049, 2, "−4.9e−3"),
        (0.00049, 3, "4.90e−4"),
        (0.04, 1, "4.0e−2"),
        (0.4, 0, "4.0e−1"),
        (0.0, 2, "0.00"),
        (-0.0, 2, "0.00"),
        (999.994, 2, "999.99"),
        (1000.4, 2, "1000.40"),
        (-1000.6, 2, "−1000.60"),
        (999999.0, 2, "999999.00"),
        (1e6, 2, "1.00e6"),
        (-2.5e7, 1, "−2.5e7"),
        (math.inf, 2, "∞"),
        (-math.inf, 2, "−∞"),
        (math.nan, 2, "NaN"),
    ],
)
def test_values(v: float, precision: int, text: str) -> None:
    assert EN.value(v, precision) == text


@pytest.mark.parametrize(
    ("v", "text"),
    [
        (0.0, "0"),
        (0.0099, "9.9e−3"),
        (0.01, "0.010"),
        (9.9994, "9.999"),
        (10.0, "10.0"),
        (999.94, "999.9"),
        (1000.0, "1000"),
        (99999.0, "99999"),
        (1e5, "1.0e5"),
        (math.inf, "∞"),
        (math.nan, "NaN"),
    ],
)
def test_norms(v: float, text: str) -> None:
    assert EN.norm(v) == text


@pytest.mark.parametrize(
    ("v", "precision", "text"),
    [
        (2.0, 2, "2"),
        (1 / 3, 2, "0.3333"),
        (1 / 3, 0, "0.33"),
        (1234.56, 2, "1234.56"),
        (12345.0, 2, "12345"),
        (1e-5, 2, "1.0e−5"),
        (-2.5, 1, "−2.5"),
        (math.inf, 2, "∞"),
    ],
)
def test_figures(v: float, precision: int, text: str) -> None:
    assert EN.figure(v, precision) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1500, "2 kB"),
        (999_000, "999 kB"),
        (10**6, "1.0 MB"),
        (1_250_000_000, "1.2 GB"),
        (10**9, "1.0 GB"),
    ],
)
def test_bytes(count: int, text: str) -> None:
    assert EN.memory(count) == text


def test_shapes() -> None:
    assert [shape(s, "none") for s in ((2, 3), (7,), (), None)] == ["2×3", "7", "none", "none"]


def test_a_module_of_parts_folds_to_its_counts() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    table = ac.trace(net, ac.ones(2, 3))
    assert _count(Unit("u", "module", "u", parameters={v.id: v for v in table.parameters})) == 16
