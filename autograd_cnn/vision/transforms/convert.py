"""Pictures to tensors and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.registry.derived import outside
from ...tensors.tensor import Tensor, wrap
from ...types.dtypes import float32
from ...types.promotion import get_default_dtype
from .pictures import is_pil, pillow

_WIDE = {"I": np.int32, "I;16": np.int16, "F": np.float32}


def _planes(pic: Any, dtype: Any = None) -> Any:
    """A Pillow image as an array (C, H, W)."""
    array = np.array(pic, dtype, copy=True).reshape(pic.height, pic.width, len(pic.getbands()))
    return np.ascontiguousarray(array.transpose(2, 0, 1))


def to_tensor(pic: Any) -> Tensor:
    """A Pillow image or an array (H, W, C) as a tensor (C, H, W); bytes become numbers from 0 to 1.

    Raises:
        TypeError: something else. ValueError: an array of other than 2 or 3 dims.

    >>> import numpy as np
    >>> to_tensor(np.full((1, 1, 3), 255, np.uint8)).flatten()
    tensor([1., 1., 1.])
    """
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        planes = np.ascontiguousarray((pic[:, :, None] if pic.ndim == 2 else pic).transpose(2, 0, 1))
    elif is_pil(pic):
        planes = _planes(pic, _WIDE.get(pic.mode))
        planes = np.uint8(255) * planes.astype(np.uint8) if pic.mode == "1" else planes
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    if planes.dtype == np.uint8:
        kind = get_default_dtype()
        planes = planes.astype(kind) / kind.type(255)
    return wrap(planes)


def pil_to_tensor(pic: Any) -> Tensor:
    """A Pillow image as a tensor (C, H, W) of its own bytes.

    Raises:
        TypeError: no Pillow image.
    """
    if not is_pil(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    return wrap(_planes(pic))


_MODES = {
    (1, "u1"): "L",
    (1, "i2"): "I;16",
    (1, "u2"): "I;16",
    (1, "i4"): "I",
    (1, "f4"): "F",
    (2, "u1"): "LA",
    (3, "u1"): "RGB",
    (4, "u1"): "RGBA",
}
_CHANNELS = {2: ("LA",), 3: ("RGB", "YCbCr", "HSV"), 4: ("RGBA", "CMYK", "RGBX")}


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A tensor (C, H, W) or an array (H, W, C) as a Pillow image. Floating-point tensors are taken times 255.

    Args:
        mode: Pillow's name of what the channels mean; by default from their number and dtype.

    Raises:
        TypeError: something else, or numbers that no picture holds. ValueError: wrong dims, channels or mode.
    """
    if not isinstance(pic, Tensor | np.ndarray):
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if pic.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
    if isinstance(pic, Tensor):
        array = np.asarray(outside("to_pil_image", pic))
        array = array[None] if array.ndim == 2 else array
        if array.shape[0] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {array.shape[0]} channels.")
        array = array.transpose(1, 2, 0)
        if array.dtype.kind == "f" and mode != "F":
            array = (array * array.dtype.type(255)).astype(np.int32).astype(np.uint8)  # through int32: bytes wrap round, as PyTorch's
    else:
        array = pic[:, :, None] if pic.ndim == 2 else pic
        if array.shape[-1] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {array.shape[-1]} channels.")
    channels, kind = array.shape[2], array.dtype.str[1:]
    natural = _MODES.get((channels, kind))
    if channels == 1:
        if mode is not None and mode != natural:
            raise ValueError(f"Incorrect mode ({mode}) supplied for input type {array.dtype}. Should be {natural}")
        array = array[:, :, 0]
    elif mode is not None and mode not in _CHANNELS.get(channels, ()):
        raise ValueError(f"Only modes {', '.join(_CHANNELS.get(channels, ()))} are supported for {channels}D inputs")
    if natural is None:
        raise TypeError(f"Input type {array.dtype} is not supported")
    image = pillow()
    array = np.ascontiguousarray(array)
    if natural in ("L", "I", "F", "I;16"):
        return image.fromarray(array.astype(np.uint16) if natural == "I;16" else array)
    height, width = array.shape[:2]
    return image.frombuffer(mode or natural, (width, height), array.tobytes(), "raw", mode or natural, 0, 1)


def convert_image_dtype(image: Tensor, dtype: Any = float32) -> Tensor:
    """A tensor picture in another dtype, its range scaled: bytes 0 … 255 are floats 0 … 1.

    Raises:
        TypeError: no tensor. RuntimeError: a float32 picture as int32 or int64, which cannot hold the result exactly.
    """
    if not isinstance(image, Tensor):
        raise TypeError("Input img should be Tensor Image")
    kind, old = np.dtype(dtype), image.dtype
    if old == kind:
        return image
    if old.kind == "f":
        if kind.kind == "f":
            return image.to(kind)
        if (old.itemsize, kind.itemsize) in ((4, 4), (4, 8), (8, 8)) and kind.kind == "i":
            raise RuntimeError(f"The cast from {old} to {kind} cannot be performed safely.")
        top = np.iinfo(kind).max
        return wrap((np.asarray(outside("convert_image_dtype", image)) * old.type(top + 1.0 - 1e-3)).astype(kind))
    value = np.asarray(outside("convert_image_dtype", image))
    if kind.kind == "f":
        return wrap(value.astype(kind) / kind.type(np.iinfo(old).max))
    high, low = int(np.iinfo(old).max), int(np.iinfo(kind).max)
    if high > low:
        return wrap((value // ((high + 1) // (low + 1))).astype(kind))
    return wrap(value.astype(kind) * ((low + 1) // (high + 1)))
