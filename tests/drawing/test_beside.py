"""Several drawings in one."""

from __future__ import annotations

from typing import Any

import pytest

from autograd_cnn import Scalar
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.geometry import overlap

from .sound import check, texts


def drawings() -> list[Any]:
    x = Scalar(2.0, "x")
    return [
        draw.convolution(7, 3, stride=2)[5],
        draw.convolution(7, 3, stride=3)[-1],
        draw(x * x, backward=True),
        draw.confusion([[3, 1], [0, 2]]),
    ]


@pytest.mark.parametrize("columns", [None, 1, 2, 3])
def test_the_picture_is_sound(columns: int | None) -> None:
    scene = draw.beside(*drawings(), columns=columns, title="Beside each other").scene
    check(scene)
    boxes = [g.box for g in scene.groups() if g.kind == "figure" and g.box is not None]
    assert len(boxes) == 4
    assert not any(overlap(a, b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_each_drawing_is_as_it_was() -> None:
    given = drawings()
    before = [d.svg for d in given]
    scene = draw.beside(*given).scene
    assert sorted(texts(scene)) == sorted(t for d in given for t in texts(d.scene))
    assert [d.svg for d in given] == before
    assert "4. Confusion matrix" in scene.desc


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: draw.beside(), ValueError, "at least one drawing"),
        (lambda: draw.beside(draw.convolution(4, 2)), TypeError, r"expected drawings, got Windows\. Take one of the frames"),
        (lambda: draw.beside("a.svg"), TypeError, "expected drawings, got str"),
        (lambda: draw.beside(*drawings(), columns=0), ValueError, "columns to be a whole number from 1 on, got 0"),
    ],
)
def test_wrong_calls_are_refused(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
