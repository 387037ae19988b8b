"""Generated streets: the same for the same index, and their boxes hold what is painted."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.vision.datasets import StreetScenes


def test_the_same_for_the_same_index():
    ac.manual_seed(1)
    one = StreetScenes(8)[3]
    ac.manual_seed(2)
    state = ac.get_rng_state()
    other = StreetScenes(5, random_offset=1)[2]
    assert ac.equal(ac.get_rng_state(), state)
    assert ac.equal(one[0], other[0])
    assert all(ac.equal(one[1][k], other[1][k]) for k in one[1])
    assert not ac.equal(one[0], StreetScenes(8)[4][0])


@pytest.mark.parametrize("size", [(48, 64), (32, 48), (16, 16)])
def test_boxes_hold_what_is_painted(size):
    scenes = StreetScenes(25, size)
    stuff = {scenes.classes.index(k) for k in ("sky", "building", "pavement", "road")}
    for picture, target in scenes:
        classes, boxes, labels = (np.asarray(target[k]) for k in ("classes", "boxes", "labels"))
        assert picture.shape == (3, *size)
        assert picture.dtype == ac.float32
        assert 0 <= picture.min() <= picture.max() <= 1
        assert 1 <= len(boxes) == len(labels) <= 5
        assert (boxes >= 0).all()
        assert (boxes[:, 2] <= size[1]).all()
        assert (boxes[:, 3] <= size[0]).all()
        covered = np.zeros(size, int)
        for (x1, y1, x2, y2), label in zip(boxes, labels, strict=True):
            inside = np.s_[max(int(y1) - 1, 0) : int(y2) + 2, max(int(x1) - 1, 0) : int(x2) + 2]
            assert (classes[inside] == label).any(), "nothing of it is seen"
            covered[inside] += 1
        things = ~np.isin(classes, list(stuff))
        assert (covered[things] > 0).all(), "painted outside all boxes"


def test_all_classes_come_up():
    seen = np.unique(np.stack([t["classes"] for _, t in StreetScenes(20)]))
    assert seen.tolist() == list(range(7))


def test_transforms_and_what_is_refused():
    assert StreetScenes(2, transform=lambda p: p.shape, target_transform=lambda t: t["labels"].tolist())[0] == ((3, 48, 64), [6, 4, 5])
    with pytest.raises(IndexError, match="out of range"):
        StreetScenes(2)[2]
    with pytest.raises(ValueError, match="16 pixels"):
        StreetScenes(2, (8, 64))
