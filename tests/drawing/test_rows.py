"""Tables of words and numbers, and lines of text with numbers in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.metrics import text_width
from autograd_cnn.drawing.canvas.scene import Group, Scene, Text

from .sound import check, texts

TOLD = {"none": (0.008, 1234), "L2": (-12.5, 7)}


def row(scene: Scene, name: str) -> Group:
    return next(g for g in scene.groups() if g.id == name)


@pytest.mark.parametrize(
    ("lang", "shown"),
    [("en", ["name", "loss", "steps", "none", "L2", "0.01", "−12.50", "1,234", "7"]),
     ("de", ["Name", "Verlust", "Schritte", "keine", "L2", "0,01", "−12,50", "1.234", "7"])],
)  # fmt: skip
def test_words_and_numbers_in_the_language(lang: str, shown: list[str]) -> None:
    german = {"name": "Name", "loss": "Verlust", "steps": "Schritte", "none": "keine"}
    scene = draw.rows(TOLD, ("name", "loss", "steps"), lang=lang, german=german).scene
    check(scene)
    assert sorted(texts(scene)) == sorted(shown)


def test_numbers_stand_below_each_other_at_their_decimal_marks() -> None:
    cells = [1.5, -12.25, 100, 2.5e-7, (3.25, 0.5), float("nan"), None]
    scene = draw.rows([[c] for c in cells], ("x",), lang="de").scene
    check(scene)
    marks = {}
    for g in scene.groups():
        for t in g.items:
            if isinstance(t, Text) and g.id != "head":
                left = t.x - text_width(t.string, 12)
                whole = t.string.partition(",")[0]
                marks[t.string] = left + text_width(whole, 12)
    assert set(marks) == {"1,50", "−12,25", "100", "2,5e−7", "3,25 ± 0,50", "NaN"}
    assert max(marks.values()) - min(marks.values()) < 0.02


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ([("a", 1), ("b", 2)], ["a", "1", "b", "2"]),
        ({"a": 1, "b": 2}, ["a", "1", "b", "2"]),
        ({("a", True): [0.5], ("b", False): [None]}, ["a", "yes", "0.50", "b", "no"]),
        (np.array([[1, 20], [3, 4]]), ["1", "20", "3", "4"]),
        (ac.tensor([[1.0, 2.5]]), ["1.00", "2.50"]),
        ({"a": np.float32(0.5), "b": ac.tensor(3)}, ["a", "0.50", "b", "3"]),
    ],
)
def test_what_rows_may_be(given: Any, shown: list[str]) -> None:
    scene = draw.rows(given).scene
    check(scene)
    assert sorted(texts(scene)) == sorted(shown)


@pytest.mark.parametrize(
    ("spec", "en", "de"),
    [(".1%", "97.2 %", "97,2 %"), (".3f", "0.972", "0,972"), (".1e", "9.7e−1", "9,7e−1"), ("+.1f", "+1.0", "+1,0")],
)
def test_formats(spec: str, en: str, de: str) -> None:
    for lang, shown in (("en", en), ("de", de)):
        assert texts(draw.rows([[0.9724]], formats=spec, lang=lang).scene) == [shown]
        assert draw.sentence(f"{{:{spec}}}", 0.9724, lang=lang) == shown


def test_one_format_is_for_what_is_not_whole() -> None:
    assert texts(draw.rows([(1, 2.5)], formats=".3f").scene) == ["1", "2.500"]
    assert texts(draw.rows([(1, 2.5)], formats=(".1%", "")).scene) == ["100.0 %", "2.50"]


def test_mathematics_between_dollars() -> None:
    scene = draw.rows({"$w_{12}$": 1}, ("", "$2^{l+1}$"), title="Sizes in $").scene
    check(scene)
    runs = [[(r.text, r.face) for r in t.runs] for _, t in scene.walk() if isinstance(t, Text)]
    assert [("w", "italic"), ("12", "serif")] in runs
    assert [("Sizes in $", "bold")] in runs
    assert row(scene, "row-0").title == "w12; 2l+1 1"


def test_each_row_is_told() -> None:
    scene = draw.rows(TOLD, ("name", "loss", "steps"), title="Losses", subtitle="after training").scene
    check(scene)
    assert row(scene, "row-1").title == "name L2; loss −12.50; steps 7"
    assert "name none; loss 0.01; steps 1,234" in scene.desc
    assert {"Losses", "after training"} <= set(texts(scene))


def test_a_line_alone_stands_at_the_top() -> None:
    scene = draw.rows([[1]], ("n",), subtitle="a line that is much wider than its table").scene
    check(scene)
    assert texts(scene) == ["a line that is much wider than its table", "n", "1"]
    assert scene.desc.startswith("Table: a line that")


@pytest.mark.parametrize(
    ("args", "error", "match"),
    [
        (([],), ValueError, "at least one row"),
        (([[1, 2], [3]],), ValueError, "rows of 2 cells, as the first has, got 1 in row 1"),
        (([[1, 2]], ("a",)), ValueError, "head for 2 columns, got 1"),
        (([[1, 2]], ("a", "b"), [".1f"]), ValueError, "formats for 2 columns, got 1"),
        (([[object()]],), TypeError, "words and numbers"),
        (([[("a", "b")]],), TypeError, "words and numbers"),
        (([[(1, 2, 3)]],), TypeError, "words and numbers"),
        (([[0]] * 201,), ValueError, "at most 200"),
    ],
)
def test_what_is_no_table(args: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        draw.rows(*args)


def test_a_sentence_is_in_the_language() -> None:
    said = draw.using(lang="de").sentence
    assert said("{:.0%} of {:,} {}", 0.25, 12345, "x", german="{:.0%} von {:,} {}") == "25 % von 12.345 x"
    assert said("{:.2f}", ac.tensor(-0.5)) == "−0,50"
    assert draw.sentence("{1:5.1f}|{0}", "a", np.float64(2)) == "  2.0|a"
    assert draw.sentence("{:.2f} {:.1f}", float("inf"), float("nan")) == "∞ NaN"


@pytest.mark.parametrize("given", [("{:.1%} x",), ("{:.1%} x", "a"), ("{x}", 1), ("{:q}", 1.0), ("{", 1)])
def test_a_sentence_that_its_values_do_not_fit_says_so(given: Any) -> None:
    with pytest.raises(ValueError, match=r"draw.sentence: expected a text whose braces take the \d values"):
        draw.sentence(*given)


@pytest.mark.parametrize(
    ("rows", "kind", "said"),
    [
        (3, TypeError, "a list of rows, or a mapping of names to numbers, got int"),
        ("ab", TypeError, "got str"),
        ([[]], ValueError, "at least one cell in a row"),
    ],
)
def test_what_is_no_table_is_told(rows: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=f"draw.rows: expected.*{said}"):
        draw.rows(rows)
