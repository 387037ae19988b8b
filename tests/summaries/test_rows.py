"""What stands in each row: costs, formulas, windows, sizes, fields; of models that return and take other things than one tensor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.analysis.costs import _einsum, multiply_adds
from autograd_cnn.analysis.windows import window_of
from autograd_cnn.drawing.canvas.text import Words
from autograd_cnn.nn import functional as F
from autograd_cnn.summaries import table
from autograd_cnn.summaries.counting import how_many, window_text
from autograd_cnn.summaries.table import Row, Summary

EN = Words("en")


class Made(nn.Module):
    """A layer, and what is made of its result."""

    def __init__(self, made: Any) -> None:
        super().__init__()
        self.layer, self.made = nn.Linear(3, 2), made

    def forward(self, x: Any) -> Any:
        return self.made(self.layer(x))


@pytest.mark.parametrize(
    "made",
    [
        lambda y: (y, y * 2),
        lambda y: [y],
        lambda y: {"a": {"b": y}, "c": 3},
        lambda y: (None, [y, "text"]),
    ],
)
def test_memory_of_models_that_return_several(made: Any) -> None:
    table = ac.summary(Made(made), (4, 3))
    assert table.rows[0].kept_bytes == table.kept_bytes == 4 * 3 * 4
    assert table.rows[0].output_shape == (4, 2)


def test_what_a_row_gives_is_what_others_read() -> None:
    class Parts(nn.Module):
        def forward(self, x: Any) -> Any:
            wide = ac.cat([x, x, x], 1)
            return wide.sum(1)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = Parts()

        def forward(self, x: Any) -> Any:
            return self.parts(x) * 2

    rows = ac.summary(Net(), (5, 4)).rows
    assert [(r.name, r.output_shape) for r in rows] == [("parts", (5,)), ("", (5,))]
    assert ac.summary(Parts(), (5, 4)).rows[-1].output_shape == (5,)


@pytest.mark.parametrize(
    ("layer", "given", "made"),
    [
        (nn.Conv1d(2, 3, 2), (2, 7), (1, 2, 7)),
        (nn.Conv2d(2, 3, 2), (2, 7, 7), (1, 2, 7, 7)),
        (nn.Conv2d(2, 3, 2), (5, 2, 7, 7), (5, 2, 7, 7)),
        (nn.ConvTranspose1d(2, 3, 2), (2, 7), (1, 2, 7)),
        (nn.MaxPool2d(2), (2, 7, 7), (1, 2, 7, 7)),
        (nn.AvgPool1d(2), (2, 7), (1, 2, 7)),
        (nn.Linear(3, 2), (3,), (1, 3)),
        (nn.Linear(3, 2), (4, 3), (4, 3)),
        (nn.Linear(3, 2), (5, 4, 3), (5, 4, 3)),
        (nn.Embedding(9, 2), (6,), (1, 6)),
        (nn.ReLU(), (3,), (3,)),
        (nn.AdaptiveAvgPool2d(2), (3, 4, 4), (3, 4, 4)),
    ],
)
def test_a_batch_is_added_where_the_first_layer_tells_that_it_is_missing(layer: nn.Module, given: Any, made: Any) -> None:
    assert ac.summary(layer, given).input_shapes == (made,)
    assert ac.summary(nn.Sequential(nn.Identity(), layer), list(given)).input_shapes == (made,)


def test_the_input_has_the_dtype_of_the_parameters() -> None:
    seen: list[Any] = []
    net = nn.Sequential(nn.Linear(3, 2)).double()
    net.register_forward_pre_hook(lambda m, args: seen.append(args[0].dtype))
    ac.summary(net, (3,))
    assert seen == [ac.float64]
    several = ac.summary(nn.Bilinear(2, 3, 4), input_data=[ac.ones(5, 2), ac.ones(5, 3)])
    assert several.input_shapes == ((5, 2), (5, 3))
    assert ac.summary(nn.ReLU(), input_data=ac.ones(2)).shares == {}


def test_shares_are_those_of_kinds_the_greatest_first() -> None:
    table = ac.summary(nn.Sequential(nn.PReLU(), nn.Linear(1, 2), nn.Linear(2, 1)), (4, 1))
    assert list(table.shares.items()) == [("Linear", 7 / 8), ("PReLU", 1 / 8)]
    assert [r.share for r in table] == [1 / 8, 4 / 8, 3 / 8] and (table.unused, table.training) == (0, True)


# ------------------------------------------------------------------------------------------------------- costs
def cost(fn: Any, *sizes: tuple[int, ...]) -> int:
    graph = ac.trace(fn, *(ac.ones(*s) for s in sizes))
    return sum(multiply_adds(step, graph) for step in graph)


@pytest.mark.parametrize(
    ("fn", "sizes", "count"),
    [
        (F.linear, [(5, 3), (4, 3)], 5 * 4 * 3),
        (lambda a, b: a @ b, [(2, 5, 3), (2, 3, 4)], 2 * 5 * 4 * 3),
        (F.conv2d, [(2, 3, 6, 7), (4, 3, 3, 2)], 2 * 4 * 4 * 6 * 3 * 3 * 2),
        (lambda x, w: F.conv2d(x, w, groups=2, stride=2), [(1, 4, 5, 5), (6, 2, 3, 3)], 6 * 2 * 2 * 2 * 9),
        (F.conv_transpose1d, [(2, 3, 5), (3, 4, 2)], 2 * 3 * 5 * 4 * 2),
        (lambda a, b: ac.einsum("bij,bjk->bik", a, b), [(2, 3, 4), (2, 4, 5)], 2 * 3 * 4 * 5),
        (lambda a: ac.einsum("ij->ji", a), [(3, 4)], 0),
        (lambda a, b: (a * b).tanh().sum(), [(3, 4), (3, 4)], 0),
    ],
)
def test_multiply_adds(fn: Any, sizes: Any, count: int) -> None:
    assert cost(fn, *sizes) == count


@pytest.mark.parametrize(
    ("equation", "shapes", "count"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)], 24),
        ("i j , j k", [(2, 3), (3, 4)], 24),
        ("...ij,...jk->...ik", [(5, 6, 2, 3), (5, 6, 3, 4)], 5 * 6 * 24),
        ("...ij,jk->...ik", [(5, 2, 3), (3, 4)], 5 * 24),
        ("i...,i...->i", [(2, 3, 1), (2, 1, 4)], 2 * 3 * 4),
        ("a...b,...b->a", [(2, 7, 3), (7, 3)], 2 * 7 * 3),
        ("ij,j->i", [(2, 1), (3,)], 6),
        ("i,j,k->ijk", [(2,), (3,), (4,)], 24),
        ("ii->i", [(3, 3)], 0),
    ],
)
def test_combinations_of_indices(equation: str, shapes: Any, count: int) -> None:
    assert _einsum(equation, shapes) == count


@pytest.mark.parametrize(
    ("shapes", "text"),
    [
        ([(4, 3), (4,), (2, 4), (2,)], "(3 + 1)·4 + (4 + 1)·2"),
        ([(4, 3), (4, 5), (4,)], "(3 + 1)·4 + 5·4"),
        ([(5,), (5,), (3,)], "2·5 + 3"),
        ([(5,), (3,), (5,)], "2·5 + 3"),
        ([(4, 2, 3)], "2·3·4"),
    ],
)
def test_sums_behind_numbers(shapes: Any, text: str) -> None:
    assert how_many(shapes) == text


@pytest.mark.parametrize(
    ("fn", "size", "text"),
    [
        (lambda x: F.conv2d(x, ac.ones(2, 2, 3, 1)), (1, 2, 8, 8), "3×1"),
        (lambda x: F.conv2d(x, ac.ones(2, 1, 3, 3), groups=2, stride=2), (1, 2, 8, 8), "3×3, stride 2, 2 groups"),
        (lambda x: F.conv2d(x, ac.ones(2, 2, 3, 3), stride=(1, 2), dilation=2), (1, 2, 8, 8), "3×3, stride 1×2, dilation 2"),
        (lambda x: F.conv1d(x, ac.ones(2, 2, 3), dilation=3), (1, 2, 8), "3, dilation 3"),
        (lambda x: F.max_pool2d(x, 2), (1, 2, 8, 8), "2×2, stride 2"),
        (lambda x: x * 2, (1, 2), ""),
    ],
)
def test_windows(fn: Any, size: Any, text: str) -> None:
    graph = ac.trace(fn, ac.ones(*size))
    window = window_of(graph.steps[0], graph)
    assert ("" if window is None else window_text(window.kernel, window.stride, window.dilation, window.groups, EN)) == text


# ------------------------------------------------------------------------------------------------------- words
ROW = Row(
    "conv",
    "Conv2d",
    "3×3",
    (2, 4, 5, 6),
    1234,
    "(a + 1)·b",
    5678,
    2048,
    (3, 3),
    (1.0, 1.0),
    0.5,
    kernel=(3, 3),
    stride=(1, 1),
    dilation=(1, 1),
)
TABLE = Summary(
    "Net", ((2, 1, 5, 6), (2, 3)), (ROW, replace(ROW, parameters=0, formula="")), 2468, 1234, 10, False, {"A": 0.9995, "B": 0.0005}
)


@pytest.mark.parametrize(
    ("change", "cells"),
    [
        ({}, ["conv", "Conv2d 3×3", "4×5×6", "(a + 1)·b = 1,234", "5,678", "2 kB", "3", "50.0 %"]),
        ({"kernel": (), "formula": ""}, ["conv", "Conv2d", "4×5×6", "1,234", "5,678", "2 kB", "3", "50.0 %"]),
        ({"parameters": 0, "formula": ""}, ["conv", "Conv2d 3×3", "4×5×6", "", "5,678", "2 kB", "3", ""]),
        ({"output_shape": (7,), "multiply_adds": 0}, ["conv", "Conv2d 3×3", "7", "(a + 1)·b = 1,234", "", "2 kB", "3", "50.0 %"]),
        ({"output_shape": (), "kept_bytes": 0}, ["conv", "Conv2d 3×3", "1", "(a + 1)·b = 1,234", "5,678", "", "3", "50.0 %"]),
        ({"receptive_field": (3, 5)}, ["conv", "Conv2d 3×3", "4×5×6", "(a + 1)·b = 1,234", "5,678", "2 kB", "3×5", "50.0 %"]),
        ({"jump": (0, 0)}, ["conv", "Conv2d 3×3", "4×5×6", "(a + 1)·b = 1,234", "5,678", "2 kB", "all", "50.0 %"]),
        ({"jump": (0, 1.0)}, ["conv", "Conv2d 3×3", "4×5×6", "(a + 1)·b = 1,234", "5,678", "2 kB", "3", "50.0 %"]),
        ({"receptive_field": None, "jump": None}, ["conv", "Conv2d 3×3", "4×5×6", "(a + 1)·b = 1,234", "5,678", "2 kB", "", "50.0 %"]),
    ],
)
def test_cells_of_a_row(change: dict[str, Any], cells: list[str]) -> None:
    assert list(table._cells(replace(ROW, **change), EN)) == cells


def test_the_title_the_total_and_the_closing_words() -> None:
    assert [str(t).splitlines()[0] for t in (TABLE, replace(TABLE, training=True))] == [
        "Net, input 2×1×5×6, 2×3",
        "Net, input 2×1×5×6, 2×3, training",
    ]
    assert list(table._total(TABLE, EN)) == ["total", "", "", "1,234", "11,356", "4 kB", "", ""]
    assert list(table._closing(TABLE, EN)) == [
        "2,468 parameters: 100.0 % A",
        "1,234 of them are trained",
        "10 of them took no part in this run",
    ]
    assert list(table._closing(replace(TABLE, shares={}, trainable=2468, unused=0), EN)) == ["2,468 parameters"]
    assert list(table._closing(replace(TABLE, shares={"A": 0.999, "B": 0.001}, trainable=2468, unused=0), EN)) == [
        "2,468 parameters: 99.9 % A, 0.1 % B"
    ]


def test_columns_stand_side_by_side() -> None:
    head, rule, first, second, under, total = str(TABLE).splitlines()[1:7]
    assert rule == under == "─" * len(rule) and len(first) == len(rule)
    assert head.split("  ")[0] == "layer" and head.endswith("share") and len(head) == len(rule)
    end = first.index("1,234") + len("1,234")
    assert head[:end].endswith("parameters") and total[:end].endswith("1,234")  # numbers end where their column ends
    assert [line.index("Conv2d") for line in (first, second)] == [head.index("operation")] * 2
    assert not any(line != line.rstrip() for line in str(TABLE).splitlines())
    assert repr(TABLE) == str(TABLE)


def test_bars_show_the_share() -> None:
    page = TABLE._repr_html_()
    assert page.count("linear-gradient") == 2 and page.count("50.0%,transparent") == 2
    assert replace(TABLE, rows=(replace(ROW, share=0.0),))._repr_html_().count("linear-gradient") == 0
    assert page.count('scope="col" style="padding:2px 10px;white-space:nowrap;text-align:left"') == 3
    assert page.count("border-top:1px solid;font-weight:bold") == 8


def test_buffers_come_back_where_the_run_fails() -> None:
    net = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(4, 2))
    with pytest.raises(RuntimeError):
        ac.summary(net, (5, 3))
    assert np.array_equal(net[0].running_mean.numpy(), np.zeros(3))
