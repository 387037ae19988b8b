"""Boxes and focal loss beside torchvision's: values, gradients, dtypes and errors."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from autograd_cnn.vision import ops

from ..both import Fixed, agree, array, fail_alike
from .twin import torchvision

TO = torchvision("ops")
DTYPES = [np.float32, np.float64, np.float16, np.int64, np.int32, np.uint8, np.int16]


def some(n, dtype=np.float64, seed=0):
    corner = array((n, 2), seed=seed, low=0, high=12)
    return np.concatenate([corner, corner + array((n, 2), seed=seed + 9, low=1, high=9)], 1).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", ["box_iou", "generalized_box_iou", "distance_box_iou", "complete_box_iou"])
def test_overlaps(name, dtype):
    tolerance = 4e-3 if dtype is np.float16 else None if np.dtype(dtype).kind == "f" else 1e-6
    one, other = some(5, dtype), some(4, dtype, 1)
    if dtype is np.uint8:  # torchvision subtracts in bytes: of boxes that do not touch it gives what is not so
        one[:] = other[:1] + np.array([1, 1, 0, 0], np.uint8)
        other = other[:1]
    agree(getattr(ops, name), getattr(TO, name), one, other, tolerance=tolerance, second=False)
    agree(getattr(ops, name), getattr(TO, name), one[:0], other, second=False)


@pytest.mark.parametrize("fmt", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
def test_forms(fmt, dtype):
    for out in ("xyxy", "xywh", "cxcywh"):
        agree(ops.box_convert, TO.box_convert, some(5, dtype), fmt, out)
    agree(ops.box_area, TO.box_area, some(5, dtype), fmt)
    if dtype is not np.uint8:  # see above
        agree(ops.box_iou, TO.box_iou, some(5, dtype), some(4, dtype, 1), fmt, second=False)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
def test_one_set(dtype):
    agree(ops.clip_boxes_to_image, TO.clip_boxes_to_image, some(6, dtype), (7, 9))
    agree(ops.remove_small_boxes, TO.remove_small_boxes, some(6, dtype), 4)


def test_batches_and_single_boxes():
    agree(ops.box_iou, TO.box_iou, some(6).reshape(2, 3, 4), some(8, seed=1).reshape(2, 4, 4))
    agree(ops.box_iou, TO.box_iou, some(1)[0], some(4, seed=1))
    agree(ops.box_convert, TO.box_convert, some(1)[0], "xyxy", "cxcywh")


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize(("alpha", "gamma"), [(0.25, 2), (-1, 0), (0.7, 1.5)])
def test_focal_loss(alpha, gamma, reduction):
    targets = Fixed((array((3, 4), seed=1) > 0).astype(np.float64))
    agree(ops.sigmoid_focal_loss, TO.sigmoid_focal_loss, array((3, 4)), targets, alpha, gamma, reduction)


def test_errors():
    b = some(3)
    for name in ("box_iou", "generalized_box_iou", "distance_box_iou", "complete_box_iou"):
        fail_alike(getattr(ops, name), getattr(TO, name), b[:, :3], b)
        fail_alike(getattr(ops, name), getattr(TO, name), np.concatenate([b, b[:, :1]], 1), b)
    fail_alike(ops.box_iou, TO.box_iou, b, b, "xyhw")
    fail_alike(ops.box_area, TO.box_area, b, "xyhw")
    fail_alike(ops.box_convert, TO.box_convert, b, "xyxy", "xyhw")
    fail_alike(ops.box_convert, TO.box_convert, b[:, :3], "xyxy", "xywh")
    fail_alike(ops.clip_boxes_to_image, TO.clip_boxes_to_image, b[:, :3], (7, 9))
    fail_alike(ops.clip_boxes_to_image, TO.clip_boxes_to_image, b, 7)
    fail_alike(ops.remove_small_boxes, TO.remove_small_boxes, b[:, :3], 1)
    x = array((3, 4))
    fail_alike(ops.sigmoid_focal_loss, TO.sigmoid_focal_loss, x, x, 1.5)
    fail_alike(ops.sigmoid_focal_loss, TO.sigmoid_focal_loss, x, x, 0.5, 2, "avg")
    fail_alike(ops.sigmoid_focal_loss, TO.sigmoid_focal_loss, x, x[:2])
