"""Boxes: their area, overlap and forms, non-maximum suppression, and the loss of detectors, under torchvision's names."""

from ...support.listing import listed
from .boxes import box_area, box_convert, clip_boxes_to_image, remove_small_boxes
from .focal_loss import sigmoid_focal_loss
from .overlap import box_iou, complete_box_iou, distance_box_iou, generalized_box_iou
from .suppression import batched_nms, nms

__all__ = [
    "batched_nms",
    "box_area",
    "box_convert",
    "box_iou",
    "clip_boxes_to_image",
    "complete_box_iou",
    "distance_box_iou",
    "generalized_box_iou",
    "nms",
    "remove_small_boxes",
    "sigmoid_focal_loss",
]


def __dir__() -> list[str]:
    return listed(globals())
