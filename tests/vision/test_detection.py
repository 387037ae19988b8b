"""Anchors, matching and average precision against plain loops and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.testing import gradcheck
from autograd_cnn.vision import detection as D

from .test_ops import iou, some


def test_anchors_stand_in_the_order_of_the_map():
    shapes = [(4, 6), (8, 2)]
    grid = D.anchor_grid((3, 5), (24, 40), shapes).reshape(3, 5, 2, 4)
    for i in range(3):
        for j in range(5):
            for k, (w, h) in enumerate(shapes):
                x, y = 8 * j + 4, 8 * i + 4
                assert grid[i, j, k].tolist() == [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
    with pytest.raises(ValueError, match="anchor_grid"):
        D.anchor_grid((3, 5), (24, 40), [])


def test_there_and_back():
    boxes, anchors = ac.tensor(some(20), requires_grad=True), ac.tensor(some(20, 1), requires_grad=True)
    offsets = D.encode_boxes(boxes, anchors)
    np.testing.assert_allclose(D.decode_boxes(offsets, anchors).detach(), some(20), rtol=1e-12)
    (b, a), k = (some(20), some(20, 1)), 7
    wanted = [
        (b[k, 0] + b[k, 2] - a[k, 0] - a[k, 2]) / 2 / (a[k, 2] - a[k, 0]),
        (b[k, 1] + b[k, 3] - a[k, 1] - a[k, 3]) / 2 / (a[k, 3] - a[k, 1]),
        math.log((b[k, 2] - b[k, 0]) / (a[k, 2] - a[k, 0])),
        math.log((b[k, 3] - b[k, 1]) / (a[k, 3] - a[k, 1])),
    ]
    np.testing.assert_allclose(offsets[k].detach(), wanted)
    assert gradcheck(D.encode_boxes, (boxes, anchors))
    assert gradcheck(D.decode_boxes, (ac.tensor(offsets.detach(), requires_grad=True), anchors))
    huge = D.decode_boxes(ac.tensor([[0.0, 0, 1000, 1000]]), ac.tensor([[0.0, 0, 2, 2]]))
    np.testing.assert_allclose(huge, [[-61.5, -61.5, 63.5, 63.5]], rtol=1e-6)


def test_matches():
    anchors, boxes = some(80, 3), some(6, 4)
    found = D.match_anchors(ac.tensor(anchors), ac.tensor(boxes), 0.5, 0.3).tolist()
    overlap = np.array([[iou(a, b) for b in boxes] for a in anchors])
    best = {int(overlap[:, k].argmax()) for k in range(6)}
    for i, k in enumerate(found):
        top = overlap[i].max()
        if i in best:
            assert k >= 0
        else:
            assert k == (overlap[i].argmax() if top >= 0.5 else -1 if top < 0.3 else -2)
    assert set(range(6)) <= set(found)  # none is left out
    assert {-1, -2} <= set(found)
    assert D.match_anchors(ac.tensor(anchors), ac.zeros(0, 4)).tolist() == [-1] * 80
    assert D.match_anchors(ac.tensor([[0.0, 0, 1, 1]]), ac.tensor([[5.0, 5, 6, 6]])).tolist() == [-1]  # they do not touch
    with pytest.raises(ValueError, match="low"):
        D.match_anchors(ac.tensor(anchors), ac.tensor(boxes), 0.3, 0.5)


def pictures(boxes, labels, scores=None):
    made = {"boxes": ac.tensor(boxes, dtype=ac.float32).reshape(-1, 4), "labels": ac.tensor(labels, dtype=ac.int64)}
    return made if scores is None else made | {"scores": ac.tensor(scores, dtype=ac.float32)}


A, B, FAR = [0, 0, 4, 4], [10, 0, 14, 4], [30, 30, 34, 34]


def test_precision_by_hand():
    # By falling score over both pictures: right, wrong, right (in the other picture), a second find of A: wrong, right.
    there = [pictures([A, B], [1, 1]), pictures([A, FAR], [1, 1])]
    found = [pictures([A, FAR, A, B], [1] * 4, [0.9, 0.8, 0.6, 0.5]), pictures([A], [1], [0.7])]
    precision, recall = D.precision_recall(found, there, 1)
    assert precision.tolist() == [1, 1 / 2, 2 / 3, 2 / 4, 3 / 5]
    assert recall.tolist() == [1 / 4, 1 / 4, 2 / 4, 2 / 4, 3 / 4]
    area = 1 / 4 * 1 + 1 / 4 * 2 / 3 + 1 / 4 * 3 / 5
    assert D.average_precision(found, there, 1) == pytest.approx(area)
    assert D.mean_average_precision(found, there) == pytest.approx(area)


def test_the_better_find_takes_the_box():
    near = [1, 0, 4, 4]  # overlaps A by 3/4
    there = [pictures([A], [2])]
    found = [pictures([near, A], [2, 2], [0.9, 0.4])]
    assert D.precision_recall(found, there, 2)[0].tolist() == [1, 0.5]
    assert D.precision_recall(found, there, 2, 0.8)[0].tolist() == [0, 0.5]  # near is not near enough


def test_classes_count_alike_and_those_not_there_do_not():
    there = [pictures([A, B], [1, 2])]
    found = [pictures([A, B, A], [1, 1, 3], [0.9, 0.8, 0.9])]
    assert D.average_precision(found, there, 1) == 1
    assert D.average_precision(found, there, 2) == 0
    assert math.isnan(D.average_precision(found, there, 3))
    assert D.mean_average_precision(found, there) == 0.5
    assert math.isnan(D.mean_average_precision([pictures([], [], [])], [pictures([], [])]))
    with pytest.raises(ValueError, match="a prediction for each target"):
        D.mean_average_precision(found, there * 2)
