"""How much two boxes have in common: intersection over union and its relatives, each box of one set with each of another."""

from __future__ import annotations

import math

from ...config import no_grad
from ...ops.elementwise.select import maximum, minimum
from ...ops.elementwise.trigonometry import atan
from ...tensors.tensor import Tensor
from .boxes import FORMS, box_area, box_convert, sides, wide

Pair = tuple[Tensor, Tensor]


def _pairs(boxes1: Tensor, boxes2: Tensor, operation: str) -> tuple[Tensor, Tensor]:
    """Each of the first with each of the second: (N, 1, 4) and (1, M, 4)."""
    for boxes in (boxes1, boxes2):
        sides(boxes, operation)
    # Before the differences are taken: those of bytes would wrap around where boxes do not touch, and count as an overlap.
    a, b = wide(boxes1), wide(boxes2)
    return a[..., None, :] if a.ndim > 1 else a[None, None], b[..., None, :, :] if b.ndim > 1 else b[None, None]


def _intersection_and_union(a: Tensor, b: Tensor) -> Pair:
    size = (minimum(a[..., 2:], b[..., 2:]) - maximum(a[..., :2], b[..., :2])).clamp(min=0)
    common = size[..., 0] * size[..., 1]
    return common, box_area(a) + box_area(b) - common


def _hull(a: Tensor, b: Tensor) -> Tensor:
    """Width and height of the smallest box around both."""
    return (maximum(a[..., 2:], b[..., 2:]) - minimum(a[..., :2], b[..., :2])).clamp(min=0)  # type: ignore[no-any-return]


def box_iou(boxes1: Tensor, boxes2: Tensor, fmt: str = "xyxy") -> Tensor:
    r"""Intersection over union, the Jaccard index:  |A ∩ B| / |A ∪ B|.   (N, 4), (M, 4) → (N, M) in 0 … 1

    Two boxes without area give NaN.

    Args:
        fmt: of both, "xyxy" (two corners), "xywh" or "cxcywh".

    Raises:
        ValueError: another format. IndexError, RuntimeError: not four columns.

    >>> import autograd_cnn as ac
    >>> box_iou(ac.tensor([[0, 0, 4, 4]]), ac.tensor([[2, 0, 6, 4], [4, 0, 8, 4]]))
    tensor([[0.3333, 0.0000]])
    """
    if fmt not in FORMS:
        raise ValueError(f"box_iou: Unsupported format {fmt!r}, expected one of {', '.join(FORMS)}.")
    if fmt != "xyxy":
        boxes1, boxes2 = box_convert(boxes1, fmt, "xyxy"), box_convert(boxes2, fmt, "xyxy")
    common, union = _intersection_and_union(*_pairs(boxes1, boxes2, "box_iou"))
    return common / union


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    r"""IoU - |C \ (A ∪ B)| / |C|, where C is the smallest box around both: it falls on when boxes do not touch.   → (N, M) in -1 … 1

    Raises:
        IndexError, RuntimeError: not four columns.

    Source: Rezatofighi et al., "Generalized intersection over union", 2019.

    >>> import autograd_cnn as ac
    >>> generalized_box_iou(ac.tensor([[0, 0, 4, 4]]), ac.tensor([[2, 0, 6, 4], [12, 0, 16, 4]]))
    tensor([[ 0.3333, -0.5000]])
    """
    a, b = _pairs(boxes1, boxes2, "generalized_box_iou")
    common, union = _intersection_and_union(a, b)
    size = _hull(a, b)
    around = size[..., 0] * size[..., 1]
    return common / union - (around - union) / around


def distance_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    r"""IoU - ρ² / c², with ρ between the middles and c the diagonal of the smallest box around both.   → (N, M) in -1 … 1

    Args:
        eps: added to c².

    Raises:
        IndexError, RuntimeError: not four columns.

    Source: Zheng et al., "Distance-IoU loss", 2020.

    >>> import autograd_cnn as ac
    >>> distance_box_iou(ac.tensor([[0, 0, 4, 4]]), ac.tensor([[0, 0, 4, 4], [4, 0, 8, 4]]))
    tensor([[ 1.0000, -0.2000]])
    """
    return _distance_and_iou(*_pairs(boxes1, boxes2, "distance_box_iou"), eps)[0]


def _distance_and_iou(a: Tensor, b: Tensor, eps: float) -> Pair:
    common, union = _intersection_and_union(a, b)
    iou = common / union
    size = _hull(a, b)
    diagonal = size[..., 0] ** 2 + size[..., 1] ** 2 + eps
    apart = (a[..., :2] + a[..., 2:]) / 2 - (b[..., :2] + b[..., 2:]) / 2
    return iou - (apart[..., 0] ** 2 + apart[..., 1] ** 2) / diagonal, iou


def complete_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    r"""Distance IoU - α v, with v = 4/π² (atan w₁/h₁ - atan w₂/h₂)² and α = v / (1 - IoU + v).   (N, 4), (M, 4) → (N, M)

    α counts as a constant: no gradient flows through it.

    Args:
        eps: added to the denominators.

    Raises:
        IndexError, RuntimeError: not four columns.

    Source: Zheng et al., "Distance-IoU loss", 2020.

    >>> import autograd_cnn as ac
    >>> complete_box_iou(ac.tensor([[0, 0, 4, 4]]), ac.tensor([[0, 0, 4, 2]]))
    tensor([[0.4655]])
    """
    a, b = _pairs(boxes1, boxes2, "complete_box_iou")
    distance, iou = _distance_and_iou(a, b, eps)
    first, second = (x[..., 2:] - x[..., :2] for x in (a, b))
    v = 4 / math.pi**2 * (atan(first[..., 0] / first[..., 1]) - atan(second[..., 0] / second[..., 1])) ** 2
    with no_grad():
        alpha = v / (1 - iou + v + eps)
    return distance - alpha * v  # type: ignore[no-any-return]
