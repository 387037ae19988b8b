"""Non-maximum suppression: of boxes that show the same thing, the one with the highest score."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...config import Switch
from ...errors import expected
from ...ops.registry.derived import derived
from ...tensors.tensor import Tensor, wrap


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """The indices of the boxes that stay, by falling score: each is taken unless it overlaps a better one that was.   → (K,) int64

    Args:
        boxes: (N, 4) of (x1, y1, x2, y2). scores: (N,), of the same dtype.
        iou_threshold: boxes go whose intersection over union with a kept one is greater.

    Raises:
        RuntimeError: other shapes, dtypes that differ, or that are no floats.

    Of equal scores the first comes first.

    >>> import autograd_cnn as ac
    >>> boxes = ac.tensor([[0.0, 0, 4, 4], [1, 0, 5, 4], [6, 0, 9, 4]])
    >>> nms(boxes, ac.tensor([0.7, 0.9, 0.6]), 0.5)
    tensor([1, 2])
    """
    _check(boxes, scores, "nms")
    return wrap(derived(partial(_kept, iou_threshold), boxes, scores))


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """`nms` in each class by itself: boxes of different classes never suppress one another.   → (K,) int64, by falling score

    Args:
        idxs: (N,), the class of each box. Others as for `nms`.

    Raises:
        RuntimeError: as for `nms`, or not as many classes as boxes.

    >>> import autograd_cnn as ac
    >>> boxes = ac.tensor([[0.0, 0, 4, 4], [1, 0, 5, 4]])
    >>> batched_nms(boxes, ac.tensor([0.7, 0.9]), ac.tensor([0, 1]), 0.5)
    tensor([1, 0])
    """
    if isinstance(boxes, Tensor) and not boxes.numel():
        return wrap(np.empty(0, np.int64))
    _check(boxes, scores, "batched_nms")
    if not isinstance(idxs, Tensor) or tuple(idxs.shape) != (len(boxes),):
        got = tuple(idxs.shape) if isinstance(idxs, Tensor) else type(idxs).__name__
        raise RuntimeError(expected("batched_nms", f"idxs of shape ({len(boxes)},), a class for each box", got))
    return wrap(derived(partial(_kept, iou_threshold), boxes, scores, idxs))


def _check(boxes: Any, scores: Any, operation: str) -> None:
    for name, x in (("boxes", boxes), ("scores", scores)):
        if not isinstance(x, Tensor):
            raise RuntimeError(expected(operation, f"{name} to be a tensor", type(x).__name__))
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise RuntimeError(expected(operation, "boxes of shape (N, 4)", tuple(boxes.shape)))
    if tuple(scores.shape) != (len(boxes),):
        raise RuntimeError(expected(operation, f"scores of shape ({len(boxes)},), one for each box", tuple(scores.shape)))
    if boxes.dtype != scores.dtype or boxes.dtype.kind != "f":
        fix = "Convert them: boxes.float(), scores.float()."
        raise RuntimeError(expected(operation, "boxes and scores of one dtype of floats", f"{boxes.dtype} and {scores.dtype}", fix))


def _kept(threshold: float, boxes: Any, scores: Any, classes: Any = None) -> Any:
    corners = np.asarray(boxes)
    with Switch(tracer=None):  # falling scores, NaN first, as in every sort
        order = np.asarray(wrap(scores).argsort(descending=True, stable=True).value)
    classes = None if classes is None else np.asarray(classes)
    x1, y1, x2, y2 = corners.T
    area = (x2 - x1) * (y2 - y1)
    kept = []
    with np.errstate(all="ignore"):  # two boxes without area: 0/0, which is not greater
        while len(order):
            best, rest = order[0], order[1:]
            kept.append(best)
            width = np.maximum(np.minimum(x2[best], x2[rest]) - np.maximum(x1[best], x1[rest]), 0)
            height = np.maximum(np.minimum(y2[best], y2[rest]) - np.maximum(y1[best], y1[rest]), 0)
            common = width * height
            gone = common / (area[best] + area[rest] - common) > threshold
            order = rest[~gone if classes is None else ~(gone & (classes[rest] == classes[best]))]
    return np.array(kept, np.int64)
