"""Where pixels are: cropping, padding, flipping, resizing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tensors.tensor import Tensor, wrap
from .pictures import PILLOW, InterpolationMode, Picture, as_picture, check, interpolation_of, pillow, size_of, values


def crop(img: Picture, top: int, left: int, height: int, width: int) -> Picture:
    """The rectangle from (top, left); what lies outside the picture is black."""
    if check(img, "crop"):
        return img.crop((left, top, left + width, top + height))
    h, w = size_of(img)
    if left < 0 or top < 0 or left + width > w or top + height > h:
        value = values(img, "crop")[..., max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
        before = (max(min(-top, height), 0), max(min(-left, width), 0))
        pads = [(b, n - m - b) for b, n, m in zip(before, (height, width), value.shape[-2:], strict=True)]
        return wrap(np.pad(value, [(0, 0)] * (value.ndim - 2) + pads))
    return img[..., top : top + height, left : left + width]


def center_crop(img: Picture, output_size: int | Sequence[int]) -> Picture:
    """The middle, (H, W) = `output_size`; a smaller picture gets a black border first."""
    th, tw = (
        (int(output_size), int(output_size)) if isinstance(output_size, int | float) else tuple(list(output_size) * (2 // len(output_size)))
    )
    h, w = size_of(img)
    if tw > w or th > h:
        img = pad(img, [max((tw - w) // 2, 0), max((th - h) // 2, 0), max((tw - w + 1) // 2, 0), max((th - h + 1) // 2, 0)])
        h, w = size_of(img)
        if (tw, th) == (w, h):
            return img
    return crop(img, round((h - th) / 2.0), round((w - tw) / 2.0), th, tw)


def five_crop(img: Picture, size: int | Sequence[int]) -> tuple[Picture, ...]:
    """(top left, top right, bottom left, bottom right, center), each (H, W) = `size`.

    Raises:
        ValueError: the picture is smaller.
    """
    th, tw = (size, size) if isinstance(size, int) else tuple(list(size) * (2 // len(size)))
    h, w = size_of(img)
    if tw > w or th > h:
        raise ValueError(f"Requested crop size {(th, tw)} is bigger than input size {(h, w)}")
    corners = [(0, 0), (0, w - tw), (h - th, 0), (h - th, w - tw)]
    return (*(crop(img, top, left, th, tw) for top, left in corners), center_crop(img, (th, tw)))


def ten_crop(img: Picture, size: int | Sequence[int], vertical_flip: bool = False) -> tuple[Picture, ...]:
    """`five_crop` of the picture and of its mirror image."""
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)


def hflip(img: Picture) -> Picture:
    """Left and right exchanged."""
    return img.transpose(0) if check(img, "hflip") else img.flip(-1)


def vflip(img: Picture) -> Picture:
    """Top and bottom exchanged."""
    return img.transpose(1) if check(img, "vflip") else img.flip(-2)


def _sides(padding: Any) -> tuple[int, int, int, int]:
    """left, top, right, bottom"""
    if not isinstance(padding, int | tuple | list):
        raise TypeError(f"Got inappropriate padding arg: expected a number, or 1, 2 or 4 of them, got {type(padding).__name__}")
    p = [padding] if isinstance(padding, int) else list(padding)
    if len(p) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(p)} element tuple")
    left, top, right, bottom = p * 4 if len(p) == 1 else p * 2 if len(p) == 2 else p
    return int(left), int(top), int(right), int(bottom)


_NUMPY_MODES: dict[str, Any] = {"edge": "edge", "reflect": "reflect", "symmetric": "symmetric"}


def pad(img: Picture, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant") -> Picture:
    """A border around the picture: `padding` is one width, (left and right, top and bottom), or (left, top, right, bottom).

    Args:
        fill: the border's colour, in mode "constant".
        padding_mode: "constant", "edge", "reflect" or "symmetric".

    Raises:
        TypeError, ValueError: of another form.
    """
    if padding_mode not in ("constant", *_NUMPY_MODES):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    left, top, right, bottom = _sides(padding)
    if check(img, "pad"):
        return _pad_pil(img, (left, top, right, bottom), fill, padding_mode)
    if min(left, top, right, bottom) < 0:
        h, w = size_of(img)
        img = crop(img, max(-top, 0), max(-left, 0), h + min(top, 0) + min(bottom, 0), w + min(left, 0) + min(right, 0))
        left, top, right, bottom = (max(side, 0) for side in (left, top, right, bottom))
        if not left + top + right + bottom:
            return img
    value = values(img, "pad")
    widths = [(0, 0)] * (value.ndim - 2) + [(top, bottom), (left, right)]
    if padding_mode != "constant":
        return wrap(np.pad(value, widths, mode=_NUMPY_MODES[padding_mode]))
    fill = fill[0] if isinstance(fill, tuple | list) and len(fill) == 1 else fill
    return wrap(np.pad(value, widths, constant_values=fill or 0))


def _pad_pil(img: Any, sides: tuple[int, int, int, int], fill: Any, mode: str) -> Any:
    left, top, right, bottom = sides
    if mode == "constant" and min(sides) >= 0:
        from PIL import ImageOps

        bands = len(img.getbands())
        colour = list(fill) if isinstance(fill, list | tuple) else [fill]
        if len(colour) == 1 and bands > 1 and img.mode != "P":
            colour *= bands
        out = ImageOps.expand(img, border=sides, fill=tuple(colour) if len(colour) > 1 else colour[0])
        if img.mode == "P":
            out.putpalette(img.getpalette())
        return out
    if min(sides) < 0:
        img = img.crop((-min(left, 0), -min(top, 0), img.width + min(right, 0), img.height + min(bottom, 0)))
        return _pad_pil(img, (max(left, 0), max(top, 0), max(right, 0), max(bottom, 0)), fill, mode) if max(sides) > 0 else img
    array = np.asarray(img)
    padded = np.pad(array, [(top, bottom), (left, right), *([(0, 0)] * (array.ndim - 2))], mode=_NUMPY_MODES[mode])
    out = pillow().fromarray(padded)
    if img.mode == "P":
        out.putpalette(img.getpalette())
    return out


def resized(h: int, w: int, size: Any, max_size: int | None = None) -> tuple[int, int]:
    """(H, W) after resizing: `size` is (H, W), or the shorter side, which keeps the proportions."""
    given = [size] if isinstance(size, int) else list(size)
    if len(given) == 2:
        return int(given[0]), int(given[1])
    short, long = (w, h) if w <= h else (h, w)
    new_short, new_long = int(given[0]), int(given[0] * long / short)
    if max_size is not None:
        if max_size <= given[0]:
            raise ValueError(f"max_size = {max_size} must be strictly greater than the requested size for the smaller edge size = {size}")
        if new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return (new_long, new_short) if w <= h else (new_short, new_long)


def resize(
    img: Picture,
    size: int | Sequence[int],
    interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Picture:
    """The picture in another size: (H, W), or a number for the shorter side.

    Args:
        max_size: the longer side becomes no longer than that (if `size` is a number).
        antialias: a tensor is averaged over what a new pixel covers, as Pillow always does.

    Raises:
        TypeError, ValueError: sizes or an interpolation of another form.
    """
    mode = interpolation_of(interpolation)
    if not isinstance(size, int) and len(size) not in (1, 2):
        raise ValueError(f"Size must be an int or a 1 or 2 element tuple/list, not a {len(size)} element tuple/list")
    if max_size is not None and not isinstance(size, int) and len(size) != 1:
        raise ValueError("max_size should only be passed if size specifies the length of the smaller edge.")
    h, w = size_of(img)
    oh, ow = resized(h, w, size, max_size)
    if (oh, ow) == (h, w):
        return img
    if check(img, "resize"):
        return img.resize((ow, oh), PILLOW[mode])
    return resample(img, oh, ow, mode, bool(antialias))


def resample(img: Tensor, oh: int, ow: int, mode: InterpolationMode, antialias: bool) -> Tensor:
    """A tensor picture in another size:   (..., H, W) → (..., oh, ow), rows and columns one after the other."""
    value = values(img, "resize")
    h, w = value.shape[-2:]
    if mode in (InterpolationMode.NEAREST, InterpolationMode.NEAREST_EXACT):
        shift = 0.5 if mode is InterpolationMode.NEAREST_EXACT else 0.0
        rows, columns = (np.minimum(((np.arange(o) + shift) * (n / o)).astype(np.int64), n - 1) for o, n in ((oh, h), (ow, w)))
        return wrap(np.ascontiguousarray(value[..., rows[:, None], columns]))
    if mode not in (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC):
        raise ValueError(
            f"resize: expected nearest, bilinear or bicubic interpolation of a tensor, got {mode.value}. Resize a PIL Image instead."
        )
    kind = value.dtype if value.dtype.kind == "f" else np.dtype(np.float32)
    cubic = mode is InterpolationMode.BICUBIC
    down, across = _weights(h, oh, cubic, antialias), _weights(w, ow, cubic, antialias)
    out = down.astype(kind) @ (value.astype(kind) @ across.T.astype(kind))
    return as_picture(out, img)


def _weights(n: int, out: int, cubic: bool, antialias: bool) -> Any:
    """(out, n): how much each old pixel gives to each new one. Without antialiasing the edge pixel is repeated outwards."""
    scale = n / out
    support = scale if antialias and scale > 1 else 1.0
    radius = (2 if cubic else 1) * support
    a = -0.5 if antialias else -0.75  # the cubic's free parameter: Pillow's with antialiasing, OpenCV's without
    table = np.zeros((out, n))
    for i in range(out):
        center = (i + 0.5) * scale
        if not antialias and not cubic:
            center = max(center, 0.5)
        first, last = int(np.floor(center - radius)), int(np.ceil(center + radius))
        at = np.arange(first, last + 1)
        t = np.abs((at + 0.5 - center) / support)
        weight = _cubic(t, a) if cubic else np.maximum(1 - t, 0)
        if antialias:
            inside = (at >= 0) & (at < n)
            at, weight = at[inside], weight[inside]
        np.add.at(table[i], np.clip(at, 0, n - 1), weight / weight.sum())
    return table


def _cubic(t: Any, a: float) -> Any:
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))


def resized_crop(
    img: Picture,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Picture:
    """`crop`, then `resize`."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)
