"""Transforms as functions without chance, as `torchvision.transforms.functional` has them."""

from __future__ import annotations

from ...support.listing import listed
from .affine import affine, perspective, rotate
from .colour import (
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    erase,
    gaussian_blur,
    invert,
    normalize,
    rgb_to_grayscale,
    to_grayscale,
)
from .convert import convert_image_dtype, pil_to_tensor, to_pil_image, to_tensor
from .geometry import center_crop, crop, five_crop, hflip, pad, resize, resized_crop, ten_crop, vflip
from .pictures import InterpolationMode, Picture
from .pictures import dimensions as _dimensions
from .pictures import size_of as _size_of
from .tone import adjust_sharpness, autocontrast, equalize, posterize, solarize

__all__ = [
    "InterpolationMode",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "adjust_sharpness",
    "affine",
    "autocontrast",
    "center_crop",
    "convert_image_dtype",
    "crop",
    "equalize",
    "erase",
    "five_crop",
    "gaussian_blur",
    "get_dimensions",
    "get_image_num_channels",
    "get_image_size",
    "hflip",
    "invert",
    "normalize",
    "pad",
    "perspective",
    "pil_to_tensor",
    "posterize",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rotate",
    "solarize",
    "ten_crop",
    "to_grayscale",
    "to_pil_image",
    "to_tensor",
    "vflip",
]


def get_dimensions(img: Picture) -> list[int]:
    """[C, H, W]"""
    return list(_dimensions(img))


def get_image_size(img: Picture) -> list[int]:
    """[W, H]"""
    return list(_size_of(img))[::-1]


def get_image_num_channels(img: Picture) -> int:
    """C"""
    return _dimensions(img)[0]


def __dir__() -> list[str]:
    return listed(globals())
