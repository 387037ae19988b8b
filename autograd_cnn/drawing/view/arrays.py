"""Raw numbers out of whatever holds them, and the small pictures that show them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..canvas import png, theme
from ..canvas.numbers import Numbers
from ..canvas.scene import Group

Array = npt.NDArray[np.float64]


def array_of(x: Any, what: str) -> Array:
    """A float64 array of an array, a tensor (its gradient history aside) or nested lists."""
    try:
        return np.asarray(x.detach() if hasattr(x, "detach") else x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"draw.{what}: expected an array or tensor of numbers, got {type(x).__name__}: {error}") from error


def finite_range(a: Array) -> tuple[float, float]:
    """The least and the greatest finite number; (0, 0) if there is none."""
    known = a[np.isfinite(a)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)


def scale_of(a: Array) -> tuple[float, float, tuple[str, ...]]:
    """Low end, high end and ramp for numbers: with negative ones among them an even range about 0, which the diverging ramp shows white."""
    low, high = finite_range(a)
    if low < 0:
        bound = max(-low, high)
        return -bound, bound, theme.DIVERGING
    return low, high, theme.SEQUENTIAL


def image_png(a: Array, what: str) -> bytes:
    """An input picture: (H, W) or (1, H, W) as ink on paper, (3, H, W) in colour, each over its own range."""
    if a.ndim == 3 and a.shape[0] == 3:
        low, high = finite_range(a)
        t = (np.nan_to_num(a) - low) / (high - low) if high > low else np.zeros_like(a)
        return png.write_png(np.rint(np.clip(t, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0))
    flat = a[0] if a.ndim == 3 and a.shape[0] == 1 else a
    if flat.ndim != 2 or not flat.size:
        raise ValueError(f"draw.{what}: expected an image of shape (H, W), (1, H, W) or (3, H, W), got {a.shape}.")
    return png.paint(flat, *finite_range(flat), theme.GREY)


def tile(
    group: Group,
    a: Array,
    x: float,
    y: float,
    width: float,
    height: float,
    low: float,
    high: float,
    ramp: tuple[str, ...],
) -> None:
    """A matrix as a little picture with a hairline around it."""
    group.image(x, y, width, height, png.paint(a, low, high, ramp))
    group.rect(x, y, width, height, stroke="hair")


def cells(group: Group, a: Array, x: float, y: float, size: float, low: float, high: float, ramp: tuple[str, ...]) -> None:
    """A small matrix cell by cell, for figures that stay sharp at any size."""
    for i, row in enumerate(a):
        for j, v in enumerate(row):
            group.rect(x + j * size, y + i * size, size, size, fill=shade(float(v), low, high, ramp))
    group.rect(x, y, a.shape[1] * size, a.shape[0] * size, stroke="hair")


def shade(v: float, low: float, high: float, ramp: tuple[str, ...]) -> str:
    """The colour of one number."""
    if not np.isfinite(v):
        return "#9a9a9a"
    t = (v - low) / (high - low) if high > low else 0.5
    return ramp[round(min(max(t, 0.0), 1.0) * 255)]


def strip(group: Group, x: float, y: float, width: float, ramp: tuple[str, ...]) -> None:
    """A ramp as a low strip."""
    group.image(x, y, width, 8, png.paint(np.linspace(0, 1, 64)[None], 0, 1, ramp))
    group.rect(x, y, width, 8, stroke="hair")


def ramp_bar(
    group: Group,
    x: float,
    y: float,
    width: float,
    low: float,
    high: float,
    ramp: tuple[str, ...],
    numbers: Numbers,
    middle: bool = False,
) -> None:
    """The scale of a picture: the ramp with its ends, and its middle if that is zero."""
    strip(group, x, y, width, ramp)
    group.text(x, y + 21, numbers.digits(low), 10.5, ink="muted")
    group.text(x + width, y + 21, numbers.digits(high), 10.5, ink="muted", anchor="end")
    if middle:
        group.text(x + width / 2, y + 21, "0", 10.5, ink="muted", anchor="middle")
