"""Anchors: boxes at fixed places, which a detector shifts and stretches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import expected
from ...ops.elementwise.exponential import exp, log
from ...ops.registry.derived import outside
from ...ops.shape.join import stack
from ...tensors.tensor import Tensor, wrap
from ..ops.boxes import box_convert
from ..ops.overlap import box_iou

BACKGROUND, UNDECIDED = -1, -2


def anchor_grid(feature_size: tuple[int, int], image_size: tuple[int, int], shapes: Sequence[tuple[float, float]]) -> Tensor:
    """At each place of a map one anchor of each shape, its middle in the middle of the place.   → (h · w · A, 4) of (x1, y1, x2, y2)

    The order is that of a map (N, A · C, h, w) after `permute(0, 2, 3, 1)`: rows, columns, then shapes.

    Args:
        feature_size: (h, w) of the map. image_size: (H, W) of the picture.
        shapes: (width, height) of each anchor, in pixels.

    Raises:
        ValueError: sizes or sides that are not positive.

    Source: Ren, He, Girshick, Sun, "Faster R-CNN", 2015, section 3.1.

    >>> anchor_grid((1, 2), (8, 16), [(4, 4), (2, 6)])
    tensor([[ 2.,  2.,  6.,  6.],
            [ 3.,  1.,  5.,  7.],
            [10.,  2., 14.,  6.],
            [11.,  1., 13.,  7.]])
    """
    h, w = feature_size
    sizes = np.array(shapes, np.float64).reshape(-1, 2)
    if min(h, w, *image_size) < 1 or not len(sizes) or (sizes <= 0).any():
        raise ValueError(expected("anchor_grid", "positive sizes, and a shape or more", f"{feature_size}, {image_size}, {shapes}"))
    y, x = (np.arange(h) + 0.5) * image_size[0] / h, (np.arange(w) + 0.5) * image_size[1] / w
    middles = np.stack(np.meshgrid(x, y), -1)[:, :, None]
    made = np.concatenate([middles - sizes / 2, middles + sizes / 2], -1)
    return wrap(made.reshape(-1, 4).astype(np.float32))


def encode_boxes(boxes: Tensor, anchors: Tensor) -> Tensor:
    """What leads from each anchor to its box: shift in its sizes, stretch as a logarithm.   (N, 4), (N, 4) → (N, 4)

        ((x - xₐ) / wₐ, (y - yₐ) / hₐ, log w/wₐ, log h/hₐ)    with middles x, y

    Both are corners (x1, y1, x2, y2); boxes need sides greater than 0.

    Source: Girshick et al., "Rich feature hierarchies for accurate object detection and semantic segmentation", 2014, appendix C.

    >>> import autograd_cnn as ac
    >>> encode_boxes(ac.tensor([[1.0, 0, 5, 4]]), ac.tensor([[0.0, 0, 4, 4]]))
    tensor([[0.2500, 0.0000, 0.0000, 0.0000]])
    """
    x, y, w, h = box_convert(boxes, "xyxy", "cxcywh").unbind(-1)
    xa, ya, wa, ha = box_convert(anchors, "xyxy", "cxcywh").unbind(-1)
    return stack(((x - xa) / wa, (y - ya) / ha, log(w / wa), log(h / ha)), -1)  # type: ignore[no-any-return]


def decode_boxes(offsets: Tensor, anchors: Tensor) -> Tensor:
    """Undoes `encode_boxes`.   (…, N, 4), (N, 4) → (…, N, 4) of (x1, y1, x2, y2)

    Stretches beyond 62.5 count as that, so that an untrained net gives no infinite boxes.

    >>> import autograd_cnn as ac
    >>> decode_boxes(ac.tensor([[0.25, 0, 0, 0]]), ac.tensor([[0.0, 0, 4, 4]]))
    tensor([[1., 0., 5., 4.]])
    """
    dx, dy, dw, dh = offsets.unbind(-1)
    xa, ya, wa, ha = box_convert(anchors, "xyxy", "cxcywh").unbind(-1)
    most = float(np.log(62.5))
    sides = (wa * exp(dw.clamp(max=most)), ha * exp(dh.clamp(max=most)))
    return box_convert(stack((xa + dx * wa, ya + dy * ha, *sides), -1), "cxcywh", "xyxy")


def match_anchors(anchors: Tensor, boxes: Tensor, high: float = 0.5, low: float = 0.4) -> Tensor:
    """For which box each anchor is: its index, -1 for the background, -2 for neither.   (A, 4), (N, 4) → (A,) int64

    An anchor is for the box it overlaps most, if their intersection over union is `high` or more; below `low` it is background. And each
    box gets the anchor that overlaps it most, if they touch at all, so that none is left out.

    Raises:
        ValueError: unless 0 <= low <= high <= 1.

    Source: Ren, He, Girshick, Sun, "Faster R-CNN", 2015, section 3.1.2.

    >>> import autograd_cnn as ac
    >>> anchors = ac.tensor([[0.0, 0, 4, 4], [4, 0, 8, 4], [8, 0, 12, 4]])
    >>> match_anchors(anchors, ac.tensor([[4.0, 0, 9, 4]]))
    tensor([-1,  0, -1])
    """
    if not 0 <= low <= high <= 1:
        raise ValueError(expected("match_anchors", "0 <= low <= high <= 1", f"low={low}, high={high}"))
    if not len(boxes):
        return wrap(np.full(len(anchors), BACKGROUND, np.int64))
    overlap = np.asarray(outside("match_anchors", box_iou(anchors.detach(), boxes.detach())))
    best = overlap.max(1)
    found = np.where(best >= high, overlap.argmax(1), np.where(best < low, BACKGROUND, UNDECIDED))
    for k in np.argsort(overlap.max(0), kind="stable"):  # the box that an anchor fits best has the last word
        if overlap[:, k].max() > 0:
            found[overlap[:, k].argmax()] = k
    return wrap(found.astype(np.int64))
