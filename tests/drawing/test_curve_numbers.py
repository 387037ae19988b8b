"""The numbers of training curves: columns, panels, ticks and what is said of each series."""

from __future__ import annotations

import math
from typing import Any

import pytest

from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.scene import Circle, Group, Path
from autograd_cnn.drawing.canvas.text import Words
from autograd_cnn.drawing.plots.curves import _columns, _panels, _value
from autograd_cnn.drawing.plots.ticks import decades, nice_ticks, tick_text, ticks_along

from .sound import check, texts

NAN = math.nan


def panels(**columns: list[float]) -> list[Group]:
    return [g for g in draw.curves(columns).scene.groups() if g.kind == "panel"]


def test_columns_of_mappings_and_of_rows() -> None:
    given = {"epoch": [1, 2], "loss": ["2.5", None], "acc": ["", 0.5], "note": ["a", "b"], "none": [None, ""], 3: [1, "2"]}
    expected = {"epoch": [1.0, 2.0], "loss": [2.5, NAN], "acc": [NAN, 0.5], "3": [1.0, 2.0]}
    assert _alike(_columns(given), expected)
    rows = [{"a": 1, "note": "x"}, {"b": "2", "a": None}, {"a": 3.0}]
    assert _alike(_columns(rows), {"a": [1.0, NAN, 3.0], "b": [NAN, 2.0, NAN]})


def _alike(got: dict[str, list[float]], expected: dict[str, list[float]]) -> bool:
    return list(got) == list(expected) and all(got[k] == pytest.approx(expected[k], nan_ok=True) for k in expected)


def test_which_columns_share_a_panel() -> None:
    found = _panels(
        {
            "lr": [0.1, 0.2],
            "val_acc": [0.5, NAN],
            "Train Loss": [2.0, 1.0],
            "accuracy": [0.25, 0.75],
            "test/loss": [3.0, 2.0],
            "gone": [NAN, math.inf],
            "val_f1_score": [1.0, 2.0],
            "train_f1_score": [1.0, 2.0],
        },
        [1.0, 2.0],
        Words("en"),
    )
    assert [(p.name, [s.name for s in p.series], p.percent) for p in found] == [
        ("loss", ["train", "test"], False),
        ("accuracy", ["val", "accuracy"], True),
        ("lr", ["lr"], False),
        ("f1 score", ["val", "train"], False),
    ]
    assert found[0].series[0].points == [(1.0, 2.0), (2.0, 1.0)]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"loss": [2.0, 0.5, 1.0]}, "loss: from 2.00 to 1.00 in 3 points, best 0.5 at 2."),
        ({"acc": [0.5, 0.875, 0.75]}, "accuracy: from 50.0 % to 75.0 % in 3 points, best 87.5 % at 2."),
        ({"acc": [0.5, 1.0]}, "accuracy: from 50.0 % to 100.0 % in 2 points, best 100.0 % at 2."),
        ({"acc": [50.0, 87.5, 75.0]}, "accuracy: from 50.00 to 75.00 in 3 points, best 87.50 at 2."),
        ({"acc": [0.5, 1.5, 1.0]}, "accuracy: from 0.5 to 1.00 in 3 points, best 1.50 at 2."),
        ({"lr": [0.1, NAN, 0.001]}, "lr: from 0.1 to 0.001 in 2 points."),
        ({"epoch": [5, 10, 20], "loss": [3.0, 1.0, 2.0]}, "loss: from 3.00 to 2.00 in 3 points, best 1.00 at 10."),
    ],
)
def test_what_is_said_of_a_series(column: dict[str, Any], said: str) -> None:
    """The best accuracy is the largest, whether told as a share or in percent; of other columns nobody knows which is best."""
    assert draw.curves(column).scene.desc.endswith(said)


@pytest.mark.parametrize(
    ("y", "percent", "text"),
    [
        (0.12345, False, "0.123"),
        (-0.5, False, "−0.5"),
        (1.0, False, "1.00"),
        (-1.0, False, "−1.00"),
        (999.4, False, "999.40"),
        (1000.0, False, "1e3"),
        (-123456.0, False, "−1.23e5"),
        (0.98765, True, "98.8 %"),
        (1.0, True, "100.0 %"),
    ],
)
def test_values(y: float, percent: bool, text: str) -> None:
    assert _value(y, percent, Words("en")) == text


@pytest.mark.parametrize(
    ("low", "high", "about", "ticks"),
    [
        (0.0, 2.3, 5, [0, 0.5, 1, 1.5, 2, 2.5]),
        (0.0, 5.0, 5, [0, 1, 2, 3, 4, 5]),
        (0.3, 0.8, 5, [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
        (-1.0, 11.0, 5, [-2.5, 0, 2.5, 5, 7.5, 10, 12.5]),
        (0.0, 10.0, 5, [0, 2, 4, 6, 8, 10]),
        (0.0, 30.0, 5, [0, 10, 20, 30]),
        (1.0, 12.0, 6, [0, 2, 4, 6, 8, 10, 12]),
        (3.0, 3.0, 5, [3, 4, 5, 6]),
        (-2.0, -2.0, 5, [-2, -1.5, -1, -0.5, 0]),
        (0.0, 0.0, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.0, 3e-14, 5, [0, 1e-14, 2e-14, 3e-14]),
        (0.0, 2e9, 5, [0, 5e8, 1e9, 1.5e9, 2e9]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, about: int, ticks: list[float]) -> None:
    assert nice_ticks(low, high, about) == pytest.approx(ticks, abs=0.0)
    assert len(nice_ticks(low, high, about)) == len(ticks)


@pytest.mark.parametrize(
    ("v", "ticks", "percent", "text"),
    [
        (0.5, [0.5, 0.75], True, "50 %"),
        (1.0, [0.5, 1.0], True, "100 %"),
        (0.125, [0.125, 0.25], True, "12.5 %"),
        (0.5, [0.0, 0.5], False, "0.5"),
        (0.25, [0.0, 0.25], False, "0.25"),
        (0.025, [0.0, 0.025], False, "0.025"),
        (2.5, [0.0, 2.5], False, "2.5"),
        (5.0, [0.0, 5.0], False, "5"),
        (1.0, [0.0, 1.0], False, "1"),
        (0.1, [0.0, 0.1], False, "0.1"),
        (-0.2, [-0.2, 0.0], False, "−0.2"),
        (20.0, [0.0, 20.0], False, "20"),
        (99999.0, [0.0, 1.0], False, "99999"),
        (1e5, [0.0, 1e5], False, "1e5"),
        (0.00002, [0.0, 0.00001], False, "0.00002"),
        (0.000002, [0.0, 0.000001], False, "2e−6"),
        (0.0, [0.0, 0.000001], False, "0"),
        (125e3, [0.0, 25e3], False, "1.25e5"),
        (-1000100.0, [0.0, 100.0], False, "−1.0001e6"),
        (0.0000125, [0.0, 0.0000025], False, "1.25e−5"),
        (7.0, [7.0], False, "7"),
    ],
)
def test_texts_of_ticks(v: float, ticks: list[float], percent: bool, text: str) -> None:
    assert tick_text(v, ticks, percent, Words("en")) == text


@pytest.mark.parametrize(
    ("first", "last", "ticks"),
    [
        (1.0, 12.0, [2, 4, 6, 8, 10, 12]),
        (0.0, 6.0, [0, 1, 2, 3, 4, 5, 6]),
        (1.0, 3.0, [1, 2, 3]),
        (1.0, 2.0, [1, 2]),
        (0.0, 0.5, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (0.25, 1.25, [0.4, 0.6, 0.8, 1.0, 1.2]),
        (1.0, 1.0, [1]),
        (0.5, 0.5, [0.5]),
    ],
)
def test_ticks_below_are_whole_where_they_can_be(first: float, last: float, ticks: list[float]) -> None:
    assert ticks_along(first, last) == pytest.approx(ticks)


def test_a_share_has_no_ticks_beyond_everything() -> None:
    (panel,) = panels(acc=[0.5, 0.97])
    shown = [t for t in texts(draw.curves({"acc": [0.5, 0.97]}).scene) if t.endswith(" %")]
    assert "100 %" in shown and not any(t.startswith("110") for t in shown)
    assert panel.title == "accuracy"


def test_a_mapping_within_is_a_panel() -> None:
    drawn = draw.curves({"loss": {"plain": [2.0, 1.0], "residual": [2.0, 0.5]}, "E": {"a": [1, 2]}, "layer": [3, 4]}, lang="de").scene
    found = [g for g in drawn.groups() if g.kind == "panel"]
    assert [(g.title, g.data["series"]) for g in found] == [("Verlust", ["plain", "residual"]), ("E", ["a"])]
    assert {"Schicht", "3", "4", "plain  1,00", "residual  0,5"} <= set(texts(drawn))


def test_lists_in_one_panel_under_the_names_they_are_given() -> None:
    given = {"w = 1": [0.5, 0.25], "SGD, plain": [1.0, 0.75], "γ": [3, 4]}
    drawn = draw.curves(given, panel="loss", x="γ", lang="de").scene
    (found,) = [g for g in drawn.groups() if g.kind == "panel"]
    assert (found.title, found.data["series"]) == ("Verlust", ["w = 1", "SGD, plain"])
    assert {"γ", "3", "4", "w = 1  0,25", "SGD, plain  0,75"} <= set(texts(drawn))
    with pytest.raises(ValueError, match=r"expected x to name a column, one of \['lr', 'w'\], got 'l'\. Did you mean 'lr'"):
        draw.curves({"lr": [1, 2], "w": [1, 2]}, x="l")


def test_names_keep_their_letters_and_splits_are_words_everywhere() -> None:
    drawn = draw.curves({"train_F1": [0.1, 0.2], "test_F1": [0.1, 0.3], "∂E/∂W": [1, 2], "mIoU": [1, 3]}, lang="de").scene
    assert [(g.title, g.data["series"]) for g in drawn.groups() if g.kind == "panel"] == [
        ("F1", ["Training", "Test"]),
        ("∂E/∂W", ["∂E/∂W"]),
        ("mIoU", ["mIoU"]),
    ]
    (panel,) = [g for g in draw.curves({"E": {"train": [1, 2], "best": [1, 2]}}, lang="de").scene.groups() if g.kind == "panel"]
    assert panel.data["series"] == ["Training", "best"]


def test_the_subtitle_tells_measures_and_a_single_line() -> None:
    def under_the_title(metrics: Any) -> list[str]:
        return [t for t in texts(draw.curves(metrics).scene) if ":" in t]

    assert under_the_title({"train_loss": [1, 0.5], "test_loss": [1, 0.25], "acc": [0.1, 0.5]}) == [
        "loss: train 0.5, test 0.25 · accuracy: 50.0 %"
    ]
    assert under_the_title({"won": [0.25, 0.5]}) == ["won: 0.5"]
    assert under_the_title({"E": {"a": [1, 2], "b": [1, 2]}}) == []


@pytest.mark.parametrize(("count", "marked"), [(3, 3), (12, 12), (16, 16), (17, 11), (500, 11)])
def test_few_points_are_all_marked(count: int, marked: int) -> None:
    scene = draw.curves({"loss": [1 / (k + 1) for k in range(count)]}).scene
    (series,) = [g for g in scene.groups() if g.kind == "series"]
    assert sum(isinstance(i, Circle) for i in series.items) == marked


def test_powers_of_ten() -> None:
    drawn = draw.curves({"E": {"a": [1e-4, 1e-2, 1.0]}, "place": [0, 1, 2]}, log=True).scene
    points = [q for _, item in drawn.walk() if isinstance(item, Path) and item.line == 1.8 for q in item.points()]
    (x0, y0), (x1, y1), (x2, y2) = points
    assert x1 - x0 == pytest.approx(x2 - x1) and y0 - y1 == pytest.approx(y1 - y2) and y0 > y2
    assert {"0.0001", "0.001", "0.01", "0.1", "1", "place"} <= set(texts(drawn))
    for low, high, ticks in (
        (1.0, 1.0, [1.0, 10.0]),
        (0.02, 3.0, [0.01, 0.1, 1.0, 10.0]),
        (1e-30, 1.0, [10.0**k for k in range(-30, 1, 5)]),
    ):
        assert decades(low, high) == pytest.approx(ticks)
    with pytest.raises(ValueError, match="expected numbers above 0 on a logarithmic axis, got 0 in 'E'; None interrupts a line"):
        draw.curves({"E": [1.0, 0.0]}, log=True)


def test_panels_stand_two_in_a_row() -> None:
    sizes = {n: draw.curves({f"E{i}": [1.0, 2.0] for i in range(n)}, title="E", subtitle="").scene for n in (1, 2, 3, 4)}
    check(sizes[4])
    assert sizes[4].width == sizes[3].width == sizes[2].width > sizes[1].width
    assert sizes[4].height == sizes[3].height > sizes[2].height == sizes[1].height
