"""Pictures of batches: grids, files, boxes and masks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops.registry.derived import outside
from ..support.listing import listed
from ..tensors.tensor import Tensor, wrap
from .transforms.convert import convert_image_dtype, pil_to_tensor, to_pil_image
from .transforms.pictures import pillow

__all__ = ["draw_bounding_boxes", "draw_segmentation_masks", "make_grid", "save_image"]


def _batch(tensor: Any) -> Any:
    """A picture, a batch, or a list of pictures as an array (N, C, H, W) of three channels or more."""
    if isinstance(tensor, list | tuple) and all(isinstance(t, Tensor) for t in tensor) and tensor:
        array = np.stack([np.asarray(outside("make_grid", t)) for t in tensor])
    elif isinstance(tensor, Tensor):
        array = np.asarray(outside("make_grid", tensor))
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


Colour = tuple[int, int, int]


def _colours(colors: Any, n: int) -> list[Colour]:
    """A colour for each of n things: from a list, one for all, or by default the palette of torchvision."""
    if colors is None:
        base = (2**25 - 1, 2**15 - 1, 2**21 - 1)
        return [(i * base[0] % 255, i * base[1] % 255, i * base[2] % 255) for i in range(n)]
    if isinstance(colors, list):
        if len(colors) < n:
            raise ValueError(f"Number of colors must be equal or larger than the number of objects, but got {len(colors)} < {n}.")
    elif not isinstance(colors, tuple | str):
        raise ValueError(f"colors must be a tuple or a string, or a list thereof, but got {colors}.")
    elif isinstance(colors, tuple) and len(colors) != 3:
        raise ValueError(f"If passed as tuple, colors should be an RGB triplet, but got {colors}.")
    pillow()
    from PIL import ImageColor

    each = colors if isinstance(colors, list) else [colors] * n
    return [ImageColor.getrgb(c)[:3] if isinstance(c, str) else c for c in each]


def _checked(image: Any, channels: tuple[int, ...], operation: str) -> Any:
    """One picture (C, H, W) of bytes or floats, as an array."""
    if not isinstance(image, Tensor):
        raise TypeError(f"{operation}: The image must be a tensor, got {type(image)}")
    if image.dtype != np.uint8 and image.dtype.kind != "f":
        raise ValueError(f"The image dtype must be uint8 or float, got {image.dtype}")
    if image.ndim != 3:
        raise ValueError(f"Pass individual images, not batches: {operation} expected (C, H, W), got {tuple(image.shape)}")
    if image.shape[0] not in channels:
        raise ValueError(f"Pass an RGB image: {operation} expected {' or '.join(map(str, channels))} channels, got {image.shape[0]}")
    return np.asarray(outside("draw_bounding_boxes and draw_segmentation_masks", image))


def draw_segmentation_masks(image: Tensor, masks: Tensor, alpha: float = 0.8, colors: Any = None) -> Tensor:
    """The picture with each mask laid over it in a colour.   (3, H, W), (N, H, W) bool → (3, H, W)

    Args:
        alpha: 1 hides the picture, 0 shows only it. colors: one, or a list with one for each mask. Where masks meet it is black.

    Raises:
        TypeError, ValueError: tensors of another form.
    """
    pixels = _checked(image, (3,), "draw_segmentation_masks")
    over = np.asarray(outside("draw_segmentation_masks", masks))
    over = over[None] if over.ndim == 2 else over
    if over.ndim != 3:
        raise ValueError(f"masks must be of shape (H, W) or (batch_size, H, W), got {list(over.shape)}")
    if over.dtype != np.bool_:
        raise ValueError(f"The masks must be of dtype bool. Got {over.dtype}")
    if over.shape[-2:] != pixels.shape[-2:]:
        raise ValueError(f"The image and the masks must have the same height and width, got {pixels.shape[-2:]} and {over.shape[-2:]}")
    if not len(over):
        warnings.warn("masks doesn't contain any mask. No mask was drawn", stacklevel=2)
        return image
    unit = 255 if pixels.dtype.kind == "f" else 1
    painted = pixels.copy()
    for mask, colour in zip(over, _colours(colors, len(over)), strict=False):
        painted[:, mask] = (np.array(colour) / unit).astype(pixels.dtype)[:, None]
    painted[:, over.sum(0) > 1] = 0
    kind = np.float32 if pixels.dtype == np.uint8 else pixels.dtype.type
    return wrap((pixels * kind(1 - alpha) + painted * kind(alpha)).astype(pixels.dtype))


def draw_bounding_boxes(
    image: Tensor,
    boxes: Tensor,
    labels: Sequence[str] | None = None,
    colors: Any = None,
    fill: bool | None = False,
    width: int = 1,
    font: str | None = None,
    font_size: int | None = None,
    label_colors: Any = None,
    label_background_colors: Any = None,
    fill_labels: bool = False,
) -> Tensor:
    """The picture with rectangles.   (1 or 3, H, W), (N, 4) of (x0, y0, x1, y1) → (3, H, W)

    Args:
        labels: a text for each. colors: one, or a list with one for each. fill: shade the inside. width: of the lines.
        font, font_size: a TrueType file for the texts; Pillow's own by default.
        label_colors: of the texts; those of the boxes by default, black on filled labels.
        fill_labels, label_background_colors: a filled rectangle behind the texts, in the colours of the boxes by default.

    Raises:
        TypeError, ValueError: tensors of another form, or corners in another order.
    """
    pixels = _checked(image, (1, 3), "draw_bounding_boxes")
    corners = np.asarray(outside("draw_bounding_boxes", boxes)).reshape(-1, 4)
    if (corners[:, 0] > corners[:, 2]).any() or (corners[:, 1] > corners[:, 3]).any():
        raise ValueError("Boxes need to be in (xmin, ymin, xmax, ymax) format.")
    n = len(corners)
    if not n:
        warnings.warn("boxes doesn't contain any box. No box was drawn", stacklevel=2)
        return image
    if labels is not None and len(labels) != n:
        raise ValueError(f"Number of boxes ({n}) and labels ({len(labels)}) mismatch. Please specify labels for each box.")
    lines = _colours(colors, n)
    texts = _colours(label_colors or "black", n) if label_colors or fill_labels else lines
    grounds = _colours(label_background_colors, n) if fill_labels and label_background_colors else lines
    picture = to_pil_image(convert_image_dtype(wrap(np.repeat(pixels, 3, 0) if len(pixels) == 1 else pixels), np.uint8))
    from PIL import ImageDraw

    pen = ImageDraw.Draw(picture, "RGBA" if fill else None)
    type_face = _font(font, font_size)
    for i, (box, line) in enumerate(zip(corners.astype(np.int64).tolist(), lines, strict=False)):
        pen.rectangle(box, width=width, outline=line, fill=(*line, 100) if fill else None)
        if labels is not None and labels[i] is not None:
            at = (box[0] + width + 1, box[1] + width + 1)
            if fill_labels:
                left, top, right, bottom = pen.textbbox(at, labels[i], font=type_face)
                pen.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=grounds[i])
            pen.text(at, labels[i], fill=texts[i], font=type_face)
    return convert_image_dtype(pil_to_tensor(picture), image.dtype)


def _font(font: str | None, size: int | None) -> Any:
    from PIL import ImageFont

    if font is None:
        if size is not None:
            warnings.warn("Argument 'font_size' will be ignored since 'font' is not set.", stacklevel=3)
        return ImageFont.load_default()
    return ImageFont.truetype(font=font, size=size or 10)


def __dir__() -> list[str]:
    return listed(globals())
