"""Pictures in rows, boxes on a picture, maps of classes, points of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.scene import Group, Image, Rect, Scene, Text

from .sound import check, texts

rng = np.random.default_rng(0)
PHOTO = rng.random((3, 12, 16))
BOXES = [[1, 1, 6, 5], [8, 2, 15, 11], [8.5, 2.5, 15, 11]]
NAMES = ["sky", "a building", "road"]

PICTURES: dict[str, Any] = {
    "pictures": lambda **o: draw.pictures(rng.random((23, 8, 8)), **o),
    "pictures in rows": lambda **o: draw.pictures({"input": rng.random((4, 1, 8, 6)), "a longer name": rng.random((4, 3, 8, 6))}, **o),
    "pictures with captions": lambda **o: draw.pictures(rng.random((4, 8, 8)), ["one", "a wider caption", "", "4"], columns=3, **o),
    "boxes": lambda **o: draw.boxes(PHOTO, BOXES, [0, 1, 1], [0.9, 0.8, 0.71], truth=BOXES, classes=NAMES, **o),
    "no boxes": lambda **o: draw.boxes(PHOTO[0], [], **o),
    "boxes outside": lambda **o: draw.boxes(PHOTO, [[-4, -4, 40, 40], [-4, -4, 2, 40]], [3, 12], **o),
    "segmentation": lambda **o: draw.segmentation(PHOTO, {"there": np.arange(192).reshape(12, 16) // 64}, classes=NAMES, **o),
    "segmentation in two lines": lambda **o: draw.segmentation(
        PHOTO, {k: np.zeros((12, 16)) for k in "abcd"}, columns=3, classes=NAMES, **o
    ),
    "segmentation alone": lambda **o: draw.segmentation(None, rng.random((12, 9, 9)), **o),
    "scatter": lambda **o: draw.scatter([(0, 0), (1, 2), (2, 1), (-3, 100)], [0, 1, 1, 7], names=("code 1", "a longer name"), **o),
}


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_picture_is_sound(name: str, lang: str) -> None:
    check(PICTURES[name](lang=lang).scene)


def kinds(scene: Scene, kind: str) -> list[Group]:
    return [g for g in scene.groups() if g.kind == kind]


def test_all_pictures_have_one_range() -> None:
    scene = draw.pictures({"bright": np.full((1, 4, 4), 2.0), "dark": np.full((1, 4, 4), 1.0)}).scene
    bright, dark = (next(i for i in g.items if isinstance(i, Image)).png for g in kinds(scene, "picture"))
    assert bright != dark
    assert "2 pictures in 2 rows, values from 1 to 2" in texts(scene)


def test_a_long_row_goes_on_below() -> None:
    places = [
        next(i for i in g.items if isinstance(i, Image)) for g in kinds(draw.pictures(np.ones((7, 4, 4)), columns=3).scene, "picture")
    ]
    assert len({p.x for p in places}) == 3
    assert len({p.y for p in places}) == 3


def test_boxes_lie_where_they_are() -> None:
    scene = draw.boxes(np.ones((10, 20)), [[5, 2, 15, 9]], truth=[[0, 0, 20, 10]]).scene
    picture = next(i for i in scene.items if isinstance(i, Image))
    (found,), (there,) = kinds(scene, "box"), kinds(scene, "truth")
    unit = picture.width / 20
    rect = next(i for i in found.items if isinstance(i, Rect))
    assert (rect.x, rect.y) == (pytest.approx(picture.x + 5 * unit), pytest.approx(picture.y + 2 * unit))
    assert (rect.width, rect.height) == (pytest.approx(10 * unit), pytest.approx(7 * unit))
    whole = next(i for i in there.items if isinstance(i, Rect))
    assert (whole.x, whole.width) == (picture.x, picture.width)
    assert [i.dash for i in there.items if isinstance(i, Rect)] == [None, "5 4"]


def test_tags_keep_clear_of_one_another() -> None:
    scene = draw.boxes(np.ones((10, 20)), [[2, 2, 9, 9]] * 5, [0] * 5, classes=["tree"]).scene
    places = [i.y for g in kinds(scene, "box") for i in g.items if isinstance(i, Text)]
    assert len(places) == 5
    assert min(np.diff(sorted(places))) > 14.99


def test_scores_become_their_class_and_numbers_stand_where_it_is() -> None:
    m = np.zeros((12, 12), int)
    m[:, 6:] = 2
    scene = draw.segmentation(None, {"map": np.stack([m == k for k in range(3)])}, classes=NAMES).scene
    (panel,) = kinds(scene, "panel")
    assert draw.segmentation(None, {"map": m}, classes=NAMES).scene == scene
    numbers = {i.string: i.x for i in panel.items if isinstance(i, Text)}
    assert set(numbers) == {"map", "0", "2"}
    assert numbers["0"] < numbers["2"]
    assert {"0  sky", "1  a building", "2  road"} <= set(texts(scene))


def test_points_are_written_as_their_class() -> None:
    scene = draw.scatter([(0, 0), (4, 8)], [1, 0], classes=["no", "yes"]).scene
    no, yes = kinds(scene, "points")
    assert (no.title, yes.title) == ("no: 1", "yes: 1")
    assert (no.items[0].string, yes.items[0].string) == ("no", "yes")
    assert yes.items[0].x < no.items[0].x
    assert yes.items[0].y > no.items[0].y  # upwards is up


@pytest.mark.parametrize(
    ("call", "kind", "match"),
    [
        (lambda: draw.pictures(np.ones((2, 2, 4, 4))), ValueError, "1 or 3 channels"),
        (lambda: draw.pictures({}), ValueError, "at least one row"),
        (lambda: draw.pictures(np.ones((2, 4, 4)), ["one"]), ValueError, "a caption for each of 2"),
        (lambda: draw.pictures(np.ones((2, 4, 4)), columns=0), ValueError, "columns"),
        (lambda: draw.boxes(PHOTO, [[1, 2, 3]]), ValueError, "shape"),
        (lambda: draw.boxes(PHOTO, [[5, 2, 3, 4]]), ValueError, "x1 <= x2"),
        (lambda: draw.boxes(PHOTO, BOXES, [1]), ValueError, "a label for each of 3"),
        (lambda: draw.boxes(PHOTO, BOXES, scores=[1]), ValueError, "a score for each of 3"),
        (lambda: draw.boxes(PHOTO, BOXES, [0, 1, 3], classes=NAMES), ValueError, "labels from 0 to 2"),
        (lambda: draw.segmentation(None, [[0.5]]), ValueError, "whole numbers"),
        (lambda: draw.segmentation(None, [[0, 3]], classes=NAMES), ValueError, "a name for each of 4"),
        (lambda: draw.segmentation(None, [[0, 40]]), ValueError, "too many"),
        (lambda: draw.segmentation(None, {}), ValueError, "at least one map"),
        (lambda: draw.segmentation(None, [1, 2]), ValueError, "shape"),
        (lambda: draw.scatter([(1, 2, 3)], [0]), ValueError, r"\(N, 2\)"),
        (lambda: draw.scatter([(1, 2)], [0.5]), ValueError, "a class"),
        (lambda: draw.scatter(np.ones((3001, 2)), np.zeros(3001)), ValueError, "too many"),
        (lambda: draw.scatter([(1, 2)], [3], classes=NAMES), ValueError, "a name for each of 4"),
    ],
)
def test_what_is_refused(call: Any, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        call()
