"""What a picture is: a Pillow image, or a tensor (..., C, H, W); and what to say when it is neither."""

from __future__ import annotations

import enum
from typing import Any, NoReturn

import numpy as np

from ...config import current
from ...ops.registry.derived import outside
from ...tensors.tensor import Tensor, wrap

Picture = Any  # a Pillow image or a Tensor


class InterpolationMode(enum.Enum):
    """How pixels between pixels are found."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


PILLOW = {
    InterpolationMode.NEAREST: 0,
    InterpolationMode.NEAREST_EXACT: 0,
    InterpolationMode.BILINEAR: 2,
    InterpolationMode.BICUBIC: 3,
    InterpolationMode.BOX: 4,
    InterpolationMode.HAMMING: 5,
    InterpolationMode.LANCZOS: 1,
}
_BY_NUMBER = {
    0: InterpolationMode.NEAREST,
    1: InterpolationMode.LANCZOS,
    2: InterpolationMode.BILINEAR,
    3: InterpolationMode.BICUBIC,
    4: InterpolationMode.BOX,
    5: InterpolationMode.HAMMING,
}


def interpolation_of(mode: Any) -> InterpolationMode:
    """The mode, also from Pillow's number for it.

    Raises:
        TypeError: something else.
    """
    if isinstance(mode, InterpolationMode):
        return mode
    if isinstance(mode, int) and int(mode) in _BY_NUMBER:
        return _BY_NUMBER[int(mode)]
    raise TypeError(f"Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant, got {mode!r}")


def pillow() -> Any:
    """Pillow's `Image` module.

    Raises:
        ImportError: says what to install.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            'pictures: expected Pillow, which reads and changes them. Install it: pip install "autograd-cnn[vision]"'
        ) from None
    return Image


def is_pil(img: Any) -> bool:
    """Is it a Pillow image?"""
    return not isinstance(img, Tensor | np.ndarray) and hasattr(img, "getbands") and hasattr(img, "resize")


def refuse(img: Any, operation: str) -> NoReturn:
    """Neither a Pillow image nor a tensor."""
    raise TypeError(f"{operation}: img should be PIL Image or Tensor, got {type(img)}. Convert an array with ToPILImage() or ToTensor().")


def check(img: Any, operation: str) -> bool:
    """True for a Pillow image, False for a tensor of pictures.

    Raises:
        TypeError: neither.
    """
    if is_pil(img):
        return True
    if not isinstance(img, Tensor) or img.ndim < 2:
        refuse(img, operation)
    return False


def values(img: Tensor, operation: str) -> Any:
    """The pixels as an array, for what computes with the values alone.

    Raises:
        RuntimeError: the tensor requires grad, which such an operation would cut off.
    """
    if img.node is not None and current().recording:
        raise RuntimeError(
            f"{operation} computes with the pixels' values, and no gradient would go through it: expected a tensor that does not require grad. "
            "Use img.detach(), or call it within no_grad()."
        )
    return np.asarray(outside(operation, img))


def dimensions(img: Picture) -> tuple[int, int, int]:
    """(C, H, W)"""
    if check(img, "get_dimensions"):
        return len(img.getbands()), img.height, img.width
    channels = 1 if img.ndim == 2 else img.shape[-3]
    return channels, img.shape[-2], img.shape[-1]


def size_of(img: Picture) -> tuple[int, int]:
    """(H, W)"""
    return dimensions(img)[1:]


def as_picture(array: Any, like: Tensor) -> Tensor:
    """The array as a tensor of `like`'s dtype; whole numbers are rounded and kept in range."""
    kind = like.dtype
    if kind.kind in "iu" and array.dtype.kind == "f":
        info = np.iinfo(kind)
        array = np.clip(np.round(array), info.min, info.max)
    return wrap(np.ascontiguousarray(array.astype(kind, copy=False)))
