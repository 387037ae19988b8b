"""Pictures of batches: grids, files, boxes and masks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .transforms.pictures import pillow

__all__ = ["draw_bounding_boxes", "draw_segmentation_masks", "make_grid", "save_image"]


def _batch(tensor: Any) -> Any:
    """A picture, a batch, or a list of pictures as an array (N, C, H, W) of three channels or more."""
    if isinstance(tensor, list | tuple) and all(isinstance(t, Tensor) for t in tensor) and tensor:
        array = np.stack([np.asarray(t.value) for t in tensor])
    elif isinstance(tensor, Tensor):
        array = np.asarray(tensor.value)
    else:
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    if array.ndim == 2:
        array = array[None]
    if array.ndim == 3:
        array = np.concatenate([array] * 3) if array.shape[0] == 1 else array
        array = array[None]
    if array.ndim != 4:
        raise ValueError(f"make_grid: expected (H, W), (C, H, W) or (N, C, H, W), got shape {list(array.shape)}")
    return np.concatenate([array] * 3, 1) if array.shape[1] == 1 else array


def _stretched(x: Any, value_range: tuple[float, float] | None) -> Any:
    low, high = (float(x.min()), float(x.max())) if value_range is None else value_range
    kind = x.dtype.type
    return (np.clip(x, kind(low), kind(high)) - kind(low)) / kind(max(high - low, 1e-5))


def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
    range: tuple[float, float] | None = None,
) -> Tensor:
    """The pictures of a batch side by side.   (N, C, H, W) → (C, rows·(H + padding) + padding, …)

    Args:
        nrow: pictures in a row.
        padding: pixels between them, of the value `pad_value`.
        normalize: stretch to 0 … 1, from `value_range` (or its old name `range`), by default from the least and greatest value.
        scale_each: each picture on its own.

    Raises:
        TypeError, ValueError: no pictures.

    >>> import autograd_cnn as ac
    >>> make_grid(ac.zeros(5, 3, 4, 4), nrow=2).shape
    torch.Size([3, 20, 14])
    """
    x = _batch(tensor)
    value_range = value_range if value_range is not None else range
    if value_range is not None and not isinstance(value_range, tuple | list):
        raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are numbers")
    if normalize:
        x = np.stack([_stretched(t, value_range) for t in x]) if scale_each else _stretched(x, value_range)
    n, c, h, w = x.shape
    if n == 1:
        return wrap(np.ascontiguousarray(x[0]))
    columns = min(nrow, n)
    rows = math.ceil(n / columns)
    grid = np.full((c, rows * (h + padding) + padding, columns * (w + padding) + padding), pad_value, x.dtype)
    for k, picture in enumerate(x):
        top, left = (k // columns) * (h + padding) + padding, (k % columns) * (w + padding) + padding
        grid[:, top : top + h, left : left + w] = picture
    return wrap(grid)


def save_image(tensor: Any, fp: Any, format: str | None = None, **kwargs: Any) -> None:
    """Write a picture, or the grid of a batch, into a file. Values 0 … 1 become bytes.

    Args:
        fp: a file name or an open file. format: Pillow's name of the format, by default from the name.
        kwargs: as for `make_grid`.
    """
    grid = np.asarray(make_grid(tensor, **kwargs).value)
    pixels = np.clip(grid * grid.dtype.type(255) + grid.dtype.type(0.5), 0, 255).astype(np.uint8).transpose(1, 2, 0)
    pillow().fromarray(np.ascontiguousarray(pixels)).save(fp, format=format)


def _colours(colors: Any, n: int) -> list[tuple[int, int, int]]:
    if colors is None:
        base = np.array([2**25 - 1, 2**15 - 1, 2**21 - 1])
        return [(int(r), int(g), int(b)) for r, g, b in (base * i % 255 for i in range(n))]
    from PIL import ImageColor

    if isinstance(colors, str | tuple):
        colors = [colors] * n
    if len(colors) < n:
        raise ValueError(f"Number of colors must be equal or larger than the number of objects, but got {len(colors)} < {n}.")
    return [ImageColor.getrgb(c)[:3] if isinstance(c, str) else c for c in colors]


def _rgb_bytes(image: Any, operation: str) -> Any:
    if not isinstance(image, Tensor):
        raise TypeError(f"{operation}: The image must be a tensor, got {type(image)}")
    if image.ndim != 3 or image.shape[0] not in (1, 3):
        raise ValueError(f"{operation}: expected one picture (3, H, W), got shape {list(image.shape)}")
    value = np.asarray(image.value)
    value = value if value.dtype == np.uint8 else (np.clip(value, 0, 1) * 255).astype(np.uint8)
    return np.repeat(value, 3, 0) if value.shape[0] == 1 else value


def draw_segmentation_masks(image: Tensor, masks: Tensor, alpha: float = 0.8, colors: Any = None) -> Tensor:
    """The picture with each mask laid over it in a colour.   (3, H, W), (N, H, W) bool → (3, H, W)

    Args:
        alpha: 1 hides the picture, 0 shows only it. colors: one, or one for each mask.

    Raises:
        TypeError, ValueError: tensors of another form.
    """
    pixels = _rgb_bytes(image, "draw_segmentation_masks")
    over = np.asarray(masks.value)
    over = over[None] if over.ndim == 2 else over
    if over.dtype != np.bool_ or over.shape[-2:] != pixels.shape[-2:]:
        raise ValueError(f"draw_segmentation_masks: expected boolean masks (N, {pixels.shape[1]}, {pixels.shape[2]}), got {over.dtype} {list(over.shape)}")
    painted = pixels.copy()
    for mask, colour in zip(over, _colours(colors, len(over)), strict=False):
        painted[:, mask] = np.array(colour, np.uint8)[:, None]
    painted[:, over.sum(0) > 1] = 0  # where masks meet, neither
    out = (pixels * (1 - alpha) + painted * alpha).astype(np.uint8)
    return wrap(out) if image.dtype == np.uint8 else wrap((out / 255).astype(image.dtype))


def draw_bounding_boxes(
    image: Tensor, boxes: Tensor, labels: Sequence[str] | None = None, colors: Any = None, fill: bool = False, width: int = 1
) -> Tensor:
    """The picture with rectangles.   (3, H, W), (N, 4) of (x0, y0, x1, y1) → (3, H, W)

    Args:
        labels: a text for each. colors: one, or one for each. fill: shade the inside. width: of the lines.

    Raises:
        TypeError, ValueError: tensors of another form.
    """
    from PIL import ImageDraw

    pixels = _rgb_bytes(image, "draw_bounding_boxes")
    corners = np.asarray(boxes.value).reshape(-1, 4).tolist()
    if labels is not None and len(labels) != len(corners):
        raise ValueError(f"The number of boxes ({len(corners)}) and labels ({len(labels)}) mismatch. Please specify labels for each box.")
    picture = pillow().fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    pen = ImageDraw.Draw(picture, "RGBA" if fill else None)
    for i, (box, colour) in enumerate(zip(corners, _colours(colors, len(corners)), strict=False)):
        pen.rectangle(box, outline=colour, width=width, fill=(*colour, 100) if fill else None)
        if labels is not None:
            pen.text((box[0] + width, box[1] + width), labels[i], fill=colour)
    out = np.asarray(picture).transpose(2, 0, 1)
    return wrap(np.ascontiguousarray(out)) if image.dtype == np.uint8 else wrap((out / 255).astype(image.dtype))
