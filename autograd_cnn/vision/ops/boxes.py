"""One set of boxes: areas, forms, and which of them lie in a picture and are large enough."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import expected, nearest
from ...ops.shape.join import stack
from ...tensors.tensor import Tensor

FORMS = ("xyxy", "xywh", "cxcywh")


def sides(boxes: Any, operation: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The four columns of boxes (…, 4).

    Raises:
        TypeError: no tensor. IndexError: fewer than four columns. RuntimeError: more.
    """
    if not isinstance(boxes, Tensor):
        raise TypeError(expected(operation, "a tensor of boxes", type(boxes).__name__, "Make one: tensor([[x1, y1, x2, y2]])."))
    if boxes.ndim == 0 or boxes.shape[-1] != 4:
        kind = RuntimeError if boxes.ndim and boxes.shape[-1] > 4 else IndexError
        raise kind(expected(operation, "boxes of shape (N, 4)", tuple(boxes.shape)))
    x1, y1, x2, y2 = boxes.unbind(-1)
    return x1, y1, x2, y2


def wide(x: Tensor) -> Tensor:
    """Products of sides need room: small floats become float32, small integers int32, as torchvision does it."""
    if x.dtype.kind == "f":
        return x if x.dtype.itemsize >= 4 else x.to(np.dtype(np.float32))
    return x if x.dtype.itemsize >= 4 and x.dtype.kind == "i" else x.to(np.dtype(np.int32))


def box_area(boxes: Tensor, fmt: str = "xyxy") -> Tensor:
    """Width · height of each box.   (N, 4) → (N,)

    Args:
        fmt: "xyxy" (two corners), "xywh" (a corner and the size) or "cxcywh" (the middle and the size).

    Raises:
        ValueError: another format. IndexError, RuntimeError: not four columns.

    >>> import autograd_cnn as ac
    >>> box_area(ac.tensor([[0, 0, 4, 3]]))
    tensor([12])
    """
    _known(fmt, "box_area", "area for given format")
    x1, y1, x2, y2 = sides(boxes, "box_area")
    x1, y1, x2, y2 = wide(x1), wide(y1), wide(x2), wide(y2)
    return (x2 - x1) * (y2 - y1) if fmt == "xyxy" else x2 * y2


def _known(fmt: str, operation: str, what: str) -> None:
    if fmt not in FORMS:
        raise ValueError(f"{operation}: Unsupported Bounding Box {what} {fmt!r}, expected one of {', '.join(FORMS)}.{nearest(fmt, FORMS)}")


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """The same boxes in another form; always a copy.   (…, 4) → (…, 4)

    Args:
        in_fmt, out_fmt: "xyxy" (two corners), "xywh" (a corner and the size) or "cxcywh" (the middle and the size). Turned boxes are
            not known here.

    Raises:
        ValueError: another form, or not four columns.

    >>> import autograd_cnn as ac
    >>> box_convert(ac.tensor([[2.0, 2.0, 6.0, 4.0]]), "xyxy", "cxcywh")
    tensor([[4., 3., 4., 2.]])
    """
    for fmt in (in_fmt, out_fmt):
        _known(fmt, "box_convert", f"Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}:")
    try:
        a, b, c, d = sides(boxes, "box_convert")
    except (IndexError, RuntimeError) as error:
        raise ValueError(*error.args) from None
    if in_fmt == out_fmt:
        return boxes.clone()
    if in_fmt == "xywh":
        a, b, c, d = a, b, a + c, b + d
    elif in_fmt == "cxcywh":
        a, b, c, d = a - c / 2, b - d / 2, a + c / 2, b + d / 2
    if out_fmt == "xywh":
        a, b, c, d = a, b, c - a, d - b
    elif out_fmt == "cxcywh":
        a, b, c, d = (a + c) / 2, (b + d) / 2, c - a, d - b
    return stack((a, b, c, d), -1)  # type: ignore[no-any-return]


def clip_boxes_to_image(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Corners outside the picture, moved to its edge.   (…, 4) of (x1, y1, x2, y2) → (…, 4)

    Args:
        size: (height, width).

    Raises:
        RuntimeError: not four columns. TypeError: `size` is no pair.

    >>> import autograd_cnn as ac
    >>> clip_boxes_to_image(ac.tensor([[-2, 1, 9, 9]]), (6, 8))
    tensor([[0, 1, 8, 6]])
    """
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise TypeError(expected("clip_boxes_to_image", "size to be (height, width)", repr(size)))
    height, width = size
    try:
        x1, y1, x2, y2 = sides(boxes, "clip_boxes_to_image")
    except IndexError as error:
        raise RuntimeError(*error.args) from None
    return stack((x1.clamp(0, width), y1.clamp(0, height), x2.clamp(0, width), y2.clamp(0, height)), -1)  # type: ignore[no-any-return]


def remove_small_boxes(boxes: Tensor, min_size: float) -> Tensor:
    """The indices of the boxes (x1, y1, x2, y2) with both sides `min_size` or longer.   (N, 4) → (K,) int64

    >>> import autograd_cnn as ac
    >>> remove_small_boxes(ac.tensor([[0, 0, 4, 3], [0, 0, 9, 1]]), 2)
    tensor([0])
    """
    x1, y1, x2, y2 = sides(boxes, "remove_small_boxes")
    return ((x2 - x1 >= min_size) & (y2 - y1 >= min_size)).nonzero().flatten()  # type: ignore[no-any-return]
