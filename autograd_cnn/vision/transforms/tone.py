"""What pixels are, by bits, thresholds and histograms: posterising, solarising, autocontrast, equalising, sharpness."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...nn.functional import conv2d
from ...tensors.tensor import Tensor, wrap
from .colour import blend
from .pictures import Picture, as_picture, check, values


def _bytes_only(img: Tensor, operation: str) -> Any:
    if img.dtype != np.uint8 or img.ndim < 3:
        raise TypeError(
            f"{operation}: Only torch.uint8 image tensors (..., C, H, W) are supported, but found {img.dtype} {list(img.shape)}"
        )
    return values(img, operation)


def _bound(img: Tensor) -> float:
    return 1.0 if img.dtype.kind == "f" else float(np.iinfo(img.dtype).max)


def posterize(img: Picture, bits: int) -> Picture:
    """Only the first `bits` bits of each byte.

    Raises:
        ValueError: not 0 … 8. TypeError: a tensor of other than bytes.
    """
    if not 0 <= bits <= 8:
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    if check(img, "posterize"):
        from PIL import ImageOps

        return ImageOps.posterize(img, bits)
    return wrap(_bytes_only(img, "posterize") & np.uint8(256 - 2 ** (8 - bits)))


def solarize(img: Picture, threshold: float) -> Picture:
    """The negative of all values from `threshold` on.

    Raises:
        TypeError: a threshold above the greatest value.
    """
    if check(img, "solarize"):
        from PIL import ImageOps

        return ImageOps.solarize(img, threshold)  # type: ignore[arg-type]  # it compares; any number will do
    top = _bound(img)
    if threshold > top:
        raise TypeError(f"Threshold should be less than bound of img: expected at most {top:g}, got {threshold:g}")
    value = values(img, "solarize")
    return wrap(np.where(value >= threshold, value.dtype.type(top) - value, value))


def autocontrast(img: Picture) -> Picture:
    """Each channel stretched, so that its darkest value is 0 and its lightest the greatest there is."""
    if check(img, "autocontrast"):
        from PIL import ImageOps

        return ImageOps.autocontrast(img)
    value, top = values(img, "autocontrast"), _bound(img)
    kind = value.dtype.type if value.dtype.kind == "f" else np.float32
    low, high = (value.min((-2, -1), keepdims=True).astype(kind), value.max((-2, -1), keepdims=True).astype(kind))
    even = low == high
    scale = np.where(even, kind(1), kind(top) / np.where(even, kind(1), high - low))
    return wrap(np.clip((value - np.where(even, kind(0), low)) * scale, 0, top).astype(value.dtype))


def equalize(img: Picture) -> Picture:
    """Each channel's values spread so that all are about as frequent.

    Raises:
        TypeError: a tensor of other than bytes.
    """
    if check(img, "equalize"):
        from PIL import ImageOps

        return ImageOps.equalize(img)
    value = _bytes_only(img, "equalize")
    planes = value.reshape(-1, value.shape[-2] * value.shape[-1])
    return wrap(np.stack([_equal(p) for p in planes]).reshape(value.shape))


def _equal(plane: Any) -> Any:
    count = np.bincount(plane, minlength=256)
    step = int(count[count > 0][:-1].sum()) // 255
    if step == 0:
        return plane
    before = np.concatenate([[0], (np.cumsum(count) + step // 2) // step])[:256]
    return np.clip(before, 0, 255).astype(np.uint8)[plane]


def adjust_sharpness(img: Picture, sharpness_factor: float) -> Picture:
    """0 gives a blurred picture, 1 the picture, 2 twice the sharpness.

    Raises:
        ValueError: a negative factor.
    """
    if sharpness_factor < 0:
        raise ValueError(f"sharpness_factor ({sharpness_factor}) is not non-negative.")
    if check(img, "adjust_sharpness"):
        from PIL import ImageEnhance

        return ImageEnhance.Sharpness(img).enhance(sharpness_factor)
    value = values(img, "adjust_sharpness")
    if min(value.shape[-2:]) <= 2:
        return img
    kind = value.dtype if value.dtype.kind == "f" else np.dtype(np.float32)
    kernel = np.ones((1, 1, 3, 3), kind)
    kernel[0, 0, 1, 1] = 5
    inner = conv2d(wrap(value.astype(kind).reshape(-1, 1, *value.shape[-2:])), wrap(kernel / kernel.sum()))
    soft = value.copy()  # the rim stays
    soft[..., 1:-1, 1:-1] = np.asarray(as_picture(np.asarray(inner.value), img).value).reshape(*value.shape[:-2], *inner.shape[-2:])
    return blend(value, soft.astype(np.float32), sharpness_factor, img)
