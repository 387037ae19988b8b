"""Non-maximum suppression: of boxes that show the same thing, the one with the highest score."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import expected
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
    corners, order = _checked(boxes, scores, "nms")
    return wrap(_kept(corners, order, None, iou_threshold))


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
    corners, order = _checked(boxes, scores, "batched_nms")
    if not isinstance(idxs, Tensor) or tuple(idxs.shape) != (len(corners),):
        got = tuple(idxs.shape) if isinstance(idxs, Tensor) else type(idxs).__name__
        raise RuntimeError(expected("batched_nms", f"idxs of shape ({len(corners)},), a class for each box", got))
    return wrap(_kept(corners, order, np.asarray(idxs.detach().value), iou_threshold))


def _checked(boxes: Any, scores: Any, operation: str) -> tuple[Any, Any]:
    """The corners, and the order of falling scores (NaN first, as in every sort)."""
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
    return np.asarray(boxes.detach().value), np.asarray(scores.detach().argsort(descending=True, stable=True).value)


def _kept(corners: Any, order: Any, classes: Any, threshold: float) -> Any:
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
