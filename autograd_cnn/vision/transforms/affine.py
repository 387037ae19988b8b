"""Turning, shifting, scaling, shearing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...config import no_grad
from ...nn.functional import grid_sample
from ...tensors.tensor import Tensor, wrap
from .pictures import PILLOW, InterpolationMode, Picture, as_picture, check, interpolation_of, size_of, values

Matrix = list[float]  # a, b, c, d, e, f: (x, y) → (a·x + b·y + c, d·x + e·y + f)


def inverse_matrix(
    center: Sequence[float], angle: float, translate: Sequence[float], scale: float, shear: Sequence[float], inverted: bool = True
) -> Matrix:
    """Where in the old picture the new pixel (x, y) comes from.

    The forward map is  T · C · R(angle) · Shear · scale · C⁻¹  with angles in degrees; its inverse is what a picture is
    resampled with.
    """
    rot, sx, sy = (math.radians(v) for v in (angle, shear[0], shear[1]))
    cx, cy = center
    tx, ty = translate
    a = math.cos(rot - sy) / math.cos(sy)
    b = -math.cos(rot - sy) * math.tan(sx) / math.cos(sy) - math.sin(rot)
    c = math.sin(rot - sy) / math.cos(sy)
    d = -math.sin(rot - sy) * math.tan(sx) / math.cos(sy) + math.cos(rot)
    if not inverted:
        m = [v * scale for v in (a, b, 0.0, c, d, 0.0)]
        m[2] += m[0] * -cx + m[1] * -cy + cx + tx
        m[5] += m[3] * -cx + m[4] * -cy + cy + ty
        return m
    m = [v / scale for v in (d, -b, 0.0, -c, a, 0.0)]  # the determinant of rotation and shear is 1
    m[2] += m[0] * (-cx - tx) + m[1] * (-cy - ty) + cx
    m[5] += m[3] * (-cx - tx) + m[4] * (-cy - ty) + cy
    return m


def _fill_of(img: Any, fill: Any) -> Any:
    """The colour for Pillow: one number for each band."""
    bands = len(img.getbands())
    if fill is None:
        fill = 0
    if isinstance(fill, int | float):
        fill = tuple([fill] * bands) if bands > 1 else fill
    elif bands == 1 and len(fill) == 1:
        fill = fill[0]
    elif len(fill) != bands:
        raise ValueError(f"The number of elements in 'fill' does not match the number of channels of the image ({len(fill)} != {bands})")
    if img.mode in ("L", "P", "1", "I") and not isinstance(fill, tuple | list):
        return int(fill)
    return tuple(int(v) for v in fill) if isinstance(fill, tuple | list) and img.mode != "F" else fill


def rotate(
    img: Picture,
    angle: float,
    interpolation: Any = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[int] | None = None,
    fill: Any = None,
) -> Picture:
    """Turn the picture by `angle` degrees, counter-clockwise, about its middle or `center` (x, y).

    Args:
        expand: make it large enough for the whole turned picture.
        fill: the colour of what comes from outside.
    """
    mode = interpolation_of(interpolation)
    if center is not None and not isinstance(center, list | tuple):
        raise TypeError("Argument center should be a sequence")
    if check(img, "rotate"):
        return img.rotate(angle, PILLOW[mode], expand, center, fillcolor=_fill_of(img, fill))
    h, w = size_of(img)
    middle = [0.0, 0.0] if center is None else [center[0] - w * 0.5, center[1] - h * 0.5]
    matrix = inverse_matrix(middle, -angle, (0.0, 0.0), 1.0, (0.0, 0.0))
    return _resample(img, matrix, mode, fill, _expanded(matrix, h, w) if expand else (h, w))


def _expanded(m: Matrix, h: int, w: int) -> tuple[int, int]:
    """(H, W) that hold all four corners."""
    corners = np.array([[x, y] for x in (-0.5 * w, 0.5 * w) for y in (-0.5 * h, 0.5 * h)])
    moved = corners @ np.array([[m[0], m[3]], [m[1], m[4]]]) + np.array([m[2], m[5]])
    moved = np.trunc((moved + np.array([w, h]) * 0.5) / 1e-4) * 1e-4  # as Pillow, so that 90° gives whole numbers
    size = np.ceil(moved.max(0)) - np.floor(moved.min(0))
    return int(size[1]), int(size[0])


def affine(
    img: Picture,
    angle: float,
    translate: Sequence[int],
    scale: float,
    shear: Any,
    interpolation: Any = InterpolationMode.NEAREST,
    fill: Any = None,
    center: Sequence[int] | None = None,
) -> Picture:
    """Turn (clockwise, in degrees), shift (in pixels), scale and shear (in degrees) about the middle or `center`.

    Raises:
        TypeError, ValueError: arguments of another form.
    """
    mode = interpolation_of(interpolation)
    if not isinstance(translate, list | tuple) or len(translate) != 2:
        raise ValueError(f"translate should be a list or tuple of length 2, got {translate!r}")
    if scale <= 0.0:
        raise ValueError(f"Argument scale should be positive, got {scale}")
    shear = [float(shear), 0.0] if isinstance(shear, int | float) else [float(s) for s in shear] * (2 // len(shear))
    if len(shear) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shear}")
    h, w = size_of(img)
    if check(img, "affine"):
        middle = [w * 0.5, h * 0.5] if center is None else list(center)
        matrix = inverse_matrix(middle, angle, translate, scale, shear)
        return img.transform((w, h), 0, matrix, PILLOW[mode], fillcolor=_fill_of(img, fill))
    middle = [0.0, 0.0] if center is None else [center[0] - w * 0.5, center[1] - h * 0.5]
    return _resample(img, inverse_matrix(middle, angle, translate, scale, shear), mode, fill, (h, w))


def _resample(img: Tensor, m: Matrix, mode: InterpolationMode, fill: Any, out: tuple[int, int]) -> Tensor:
    """A tensor picture through the inverse matrix, coordinates counted from the middle.   (..., H, W) → (..., oh, ow)"""
    if mode not in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        raise ValueError(f"affine: expected nearest or bilinear interpolation of a tensor, got {mode.value}")
    kind = img.dtype if img.dtype.kind == "f" else np.dtype(np.float32)
    return _at(img, _grid(m, size_of(img), out, kind), mode, fill)


def _at(img: Tensor, grid: Any, mode: InterpolationMode, fill: Any) -> Tensor:
    """The picture read at the places of a grid (1, oh, ow, 2), with `fill` for what lies outside."""
    value, kind, out = values(img, "affine"), grid.dtype, grid.shape[1:3]
    planes = value.astype(kind).reshape(-1, *value.shape[-3:]) if value.ndim > 2 else value.astype(kind)[None, None]
    n, _, h, w = planes.shape
    covered = np.concatenate([planes, np.ones((n, 1, h, w), kind)], 1)  # the last plane tells what comes from inside
    places = np.ascontiguousarray(np.broadcast_to(grid, (n, *out, 2)))
    with no_grad():
        found = np.asarray(grid_sample(wrap(covered), wrap(places), mode=mode.value, align_corners=False).value)
    total, cover = found[:, :-1], found[:, -1:]
    if fill is not None:
        colour = np.asarray(fill, kind).reshape(1, -1, 1, 1)
        # at the rim torchvision weighs the picture with its cover once more, and so does this
        total = np.where(cover < 0.5, colour, total) if mode is InterpolationMode.NEAREST else total * cover + (1 - cover) * colour
    return as_picture(total.reshape(*value.shape[:-2], *out), img)


def _grid(m: Matrix, size: tuple[int, int], out: tuple[int, int], kind: Any) -> Any:
    """Where each new pixel comes from, in −1 … 1 of the old picture.   (1, oh, ow, 2)"""
    (h, w), (oh, ow) = size, out
    x = np.arange(ow, dtype=kind) + kind.type(0.5 - ow * 0.5)
    y = np.arange(oh, dtype=kind) + kind.type(0.5 - oh * 0.5)
    a, b, c, d, e, f = (np.asarray(m, kind) / np.repeat(np.asarray([0.5 * w, 0.5 * h], kind), 3)).tolist()
    grid = np.empty((1, oh, ow, 2), kind)
    for axis, (along, down, shift) in enumerate(((a, b, c), (d, e, f))):
        grid[0, :, :, axis] = x * kind.type(along) + (y * kind.type(down))[:, None] + kind.type(shift)
    return grid


def perspective(
    img: Picture,
    startpoints: Sequence[Sequence[int]],
    endpoints: Sequence[Sequence[int]],
    interpolation: Any = InterpolationMode.BILINEAR,
    fill: Any = None,
) -> Picture:
    """The picture seen askew: the four `startpoints` (x, y) come to lie at the `endpoints`.

    Raises:
        ValueError: not four corners.
    """
    mode = interpolation_of(interpolation)
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(f"Please provide exactly four corners, got {len(startpoints)} startpoints and {len(endpoints)} endpoints.")
    c = _coefficients(startpoints, endpoints)
    if check(img, "perspective"):
        return img.transform(img.size, 2, c, PILLOW[mode], fillcolor=_fill_of(img, fill))
    if mode not in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        raise ValueError(f"perspective: expected nearest or bilinear interpolation of a tensor, got {mode.value}")
    h, w = size_of(img)
    kind = img.dtype if img.dtype.kind == "f" else np.dtype(np.float32)
    x, y = np.arange(w, dtype=kind) + kind.type(0.5), (np.arange(h, dtype=kind) + kind.type(0.5))[:, None]
    a = (np.asarray(c[:6], kind) / np.repeat(np.asarray([0.5 * w, 0.5 * h], kind), 3)).reshape(2, 3)
    below = x * kind.type(c[6]) + y * kind.type(c[7]) + kind.type(1)
    grid = np.stack([(x * row[0] + y * row[1] + row[2]) / below - kind.type(1) for row in a], -1)
    return _at(img, grid[None], mode, fill)


def _coefficients(startpoints: Any, endpoints: Any) -> list[float]:
    """a … h of  (x, y) → ((a x + b y + c) / (g x + h y + 1), (d x + e y + f) / (g x + h y + 1)), which leads from the ends back."""
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    solved = np.linalg.lstsq(np.asarray(rows, np.float64), np.asarray(startpoints, np.float64).reshape(8), rcond=None)[0]
    return solved.astype(np.float32).tolist()  # type: ignore[no-any-return]
