"""A surface from above in shades, one between two levels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..canvas.scene import Point, Scene
from ..view.arrays import Array
from .contour import regions_above
from .relief import BANDS


def paint_shades(scene: Scene, z: Array, levels: Sequence[float], left: float, top: float, width: float, height: float) -> None:
    """What lies between two levels in one shade, the darker the higher, as from the side."""
    g = scene.group("shades", "shades")
    rows, columns = z.shape
    whole = np.where(np.isfinite(z), z, np.nanmax(np.where(np.isfinite(z), z, np.nan)))
    g.rect(left, top, width, height, fill="relief-0")
    shades = {round((k + 1) / len(levels) * (BANDS - 1)): level for k, level in reversed([*enumerate(levels)])}
    for shade, level in sorted(shades.items()):
        steps: list[tuple[Any, ...]] = []
        for line in regions_above(whole, level) if shade else ():
            points = [(round(left + x / (columns - 1) * width, 1), round(top + height - y / (rows - 1) * height, 1)) for x, y in line]
            corners = _corners(points)
            steps += [("M", *corners[0]), *(("L", *c) for c in corners[1:]), ("Z",)]
        if steps:
            g.path(steps, fill=f"relief-{shade}")


def _corners(line: Sequence[Point]) -> list[Point]:
    """A line with as few places as one can draw it with."""
    kept = [line[0]]
    for b, c in itertools.pairwise(line[1:]):
        a = kept[-1]
        turn = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if abs(turn) > 0.3 * math.dist(a, c):
            kept.append(b)
    return kept
