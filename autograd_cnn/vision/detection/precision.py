"""How well a detector does: precision, recall, and the mean of average precisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import expected
from ...tensors.tensor import Tensor
from ..ops.overlap import box_iou

Found = Sequence[Mapping[str, Tensor]]


def precision_recall(predictions: Found, targets: Found, label: int, iou_threshold: float = 0.5) -> tuple[Any, Any]:
    """Precision and recall of one class when the best 1, 2, 3, … finds count, as arrays.

    A find is right if its box overlaps one of its class by `iou_threshold` or more that no better find has taken: a second find of the
    same object is wrong.

        precision = right / found        recall = right / there

    Args:
        predictions: for each picture "boxes" (N, 4), "scores" (N,) and "labels" (N,), as torchvision's detectors give them.
        targets: for each picture "boxes" and "labels".

    Raises:
        ValueError: not as many predictions as targets.

    >>> import autograd_cnn as ac
    >>> there = {"boxes": ac.tensor([[0.0, 0, 4, 4], [6, 0, 9, 4]]), "labels": ac.tensor([1, 1])}
    >>> found = {"boxes": ac.tensor([[0.0, 0, 4, 4], [1, 0, 4, 4]]), "labels": ac.tensor([1, 1]), "scores": ac.tensor([0.9, 0.8])}
    >>> precision_recall([found], [there], 1)
    (array([1. , 0.5]), array([0.5, 0.5]))
    """
    if len(predictions) != len(targets):
        raise ValueError(expected("precision_recall", "a prediction for each target", f"{len(predictions)} for {len(targets)}"))
    scores: list[float] = []
    right: list[bool] = []
    there = 0
    for guess, truth in zip(predictions, targets, strict=True):
        wanted = truth["boxes"][truth["labels"] == label].detach()
        chosen = guess["labels"] == label
        boxes, certain = guess["boxes"][chosen].detach(), np.asarray(guess["scores"][chosen].detach(), np.float64)
        there += len(wanted)
        free = np.ones(len(wanted), bool)
        overlap = np.asarray(box_iou(boxes, wanted)) if len(boxes) and len(wanted) else np.zeros((len(boxes), len(wanted)))
        for i in np.argsort(-certain, kind="stable"):
            scores.append(float(certain[i]))
            open_ones = np.where(free, overlap[i], -1.0)
            hit = bool(len(wanted)) and bool(open_ones.max() >= iou_threshold)
            if hit:
                free[open_ones.argmax()] = False
            right.append(hit)
    order = np.argsort(-np.array(scores), kind="stable")
    hits = np.cumsum(np.array(right, np.float64)[order])
    return hits / np.arange(1, len(hits) + 1), hits / there if there else np.full(len(hits), np.nan)


def average_precision(predictions: Found, targets: Found, label: int, iou_threshold: float = 0.5) -> float:
    """The area under precision over recall of one class, precision taken as the best at this recall or a higher one. NaN if there is none.

    Args as for `precision_recall`.

    Source: Everingham et al., "The PASCAL visual object classes challenge: a retrospective", 2015 (the area, as from 2010 on).

    >>> import autograd_cnn as ac
    >>> there = {"boxes": ac.tensor([[0.0, 0, 4, 4], [6, 0, 9, 4]]), "labels": ac.tensor([1, 1])}
    >>> found = {"boxes": ac.tensor([[0.0, 0, 4, 4]]), "labels": ac.tensor([1]), "scores": ac.tensor([0.9])}
    >>> average_precision([found], [there], 1)
    0.5
    """
    precision, recall = precision_recall(predictions, targets, label, iou_threshold)
    if not sum(int((t["labels"] == label).sum()) for t in targets):
        return float("nan")
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * best).sum())


def mean_average_precision(predictions: Found, targets: Found, iou_threshold: float = 0.5) -> float:
    """The mean of `average_precision` over the classes that are in the targets. NaN if nothing is there at all.

    Args as for `precision_recall`.

    >>> import autograd_cnn as ac
    >>> there = {"boxes": ac.tensor([[0.0, 0, 4, 4], [6, 0, 9, 4]]), "labels": ac.tensor([1, 2])}
    >>> found = {"boxes": ac.tensor([[0.0, 0, 4, 4]]), "labels": ac.tensor([1]), "scores": ac.tensor([0.9])}
    >>> mean_average_precision([found], [there])
    0.5
    """
    labels = sorted({int(k) for t in targets for k in t["labels"].tolist()})
    each = [average_precision(predictions, targets, k, iou_threshold) for k in labels]
    return float(np.mean(each)) if each else float("nan")
