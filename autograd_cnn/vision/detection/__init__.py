"""Finding objects: anchors, which object each is for, and how well a detector does."""

from ...support.listing import listed
from .anchors import anchor_grid, decode_boxes, encode_boxes, match_anchors
from .precision import average_precision, mean_average_precision, precision_recall

__all__ = [
    "anchor_grid",
    "average_precision",
    "decode_boxes",
    "encode_boxes",
    "match_anchors",
    "mean_average_precision",
    "precision_recall",
]


def __dir__() -> list[str]:
    return listed(globals())
