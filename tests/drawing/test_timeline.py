"""What a timeline says, and where it refuses."""

from __future__ import annotations

import pytest

from autograd_cnn import draw
from autograd_cnn.drawing.canvas.scene import Rect

LANES = {"a": [("computes", 0, 2), ("waits", 2, 5)], "b": [("computes", 1, 5)]}


def bars(drawing):
    return [
        (item.x, item.width) for group in drawing.scene.groups() if group.kind == "piece" for item in group.items if isinstance(item, Rect)
    ]


def test_pieces_are_as_long_as_they_take():
    (a, wide_a), (waits, wide_w), (b, wide_b) = bars(draw.timeline(LANES))
    assert wide_w == pytest.approx(1.5 * wide_a) and wide_b == pytest.approx(2 * wide_a)
    assert waits == pytest.approx(a + wide_a) and b == pytest.approx(a + wide_a / 2)


def test_what_it_says():
    figure = draw.timeline(LANES, lang="de", german={"computes": "rechnet", "waits": "wartet"})
    assert figure.scene.desc == "Zeitverlauf. a: rechnet von 0 bis 2; wartet von 2 bis 5. b: rechnet von 1 bis 5."
    assert "wartet" in str(figure.svg) and "was geschieht" in str(figure.svg)


@pytest.mark.parametrize(
    ("lanes", "said"),
    [
        ({}, "at least one piece"),
        ({"a": []}, "at least one piece"),
        ({"a": [(str(k), k, k + 1) for k in range(5)]}, "5 kinds of pieces cannot be told apart; at most 4"),
        ({"a": [("x", 2, 1)]}, "expected a piece to end after it begins"),
        ({"a": [("x", 0, float("nan"))]}, "expected a piece to end after it begins"),
        ({"a": [("x", 0, 2), ("y", 1, 3)]}, "'y' begins at 1, before 'x' ends at 2"),
    ],
)
def test_what_cannot_be_drawn(lanes, said):
    with pytest.raises(ValueError, match=said):
        draw.timeline(lanes)


def test_lines_along_powers_of_two():
    figure = draw.curves({"use": [1.0, 0.5, 0.25], "nodes": [2, 8, 32]}, doubling=True, percent=True, panel="x")
    text = str(figure.svg)
    for said in (">2<", ">4<", ">8<", ">16<", ">32<", "25.0 %", "100 %"):
        assert said in text
    with pytest.raises(ValueError, match=r"above 0 along an axis of powers of two, got 0 in 'nodes'"):
        draw.curves({"use": [1.0, 0.5], "nodes": [0, 2]}, doubling=True)
