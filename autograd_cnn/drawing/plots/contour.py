"""Level lines of a function on a grid: marching squares.

Source: Lorensen and Cline, "Marching cubes: a high resolution 3D surface construction algorithm", 1987, in two dimensions.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..canvas.scene import Point
from ..view.arrays import Array

Mask = npt.NDArray[np.bool_]
Crossing = tuple[int, int, int]  # an edge of the grid: row, column, 0 to the right or 1 downwards


def level_lines(z: Array, level: float) -> list[list[Point]]:
    """The lines on which z, at whole places (column, row), has this value; closed ones end where they begin."""
    links: dict[Crossing, list[Crossing]] = {}
    above = z > level
    mixed = np.argwhere((above[:-1, :-1] != above[1:, 1:]) | (above[:-1, 1:] != above[1:, :-1]) | (above[:-1, :-1] != above[:-1, 1:]))
    for i, j in mixed.tolist():
        for a, b in _segments(z, above, i, j, level):
            links.setdefault(a, []).append(b)
            links.setdefault(b, []).append(a)
    lines = []
    ends = sorted(c for c, near in links.items() if len(near) == 1)
    for start in [*ends, *sorted(links)]:
        line = _follow(links, start)
        if len(line) > 1:
            lines.append([_point(z, c, level) for c in line])
    return lines


def _segments(z: Array, above: Mask, i: int, j: int, level: float) -> list[tuple[Crossing, Crossing]]:
    """The pieces of the line within one square."""
    top, left, bottom, right = (i, j, 0), (i, j, 1), (i + 1, j, 0), (i, j + 1, 1)
    a, b, c, d = above[i, j], above[i, j + 1], above[i + 1, j + 1], above[i + 1, j]
    cut = [e for e, hit in ((top, a != b), (right, b != c), (bottom, c != d), (left, d != a)) if hit]
    if len(cut) == 2:
        return [(cut[0], cut[1])]
    if len(cut) == 4:  # a saddle: the middle decides which corners belong together
        middle = z[i : i + 2, j : j + 2].mean() > level
        return [(top, right), (bottom, left)] if middle == bool(a) else [(top, left), (bottom, right)]
    return []


def _follow(links: dict[Crossing, list[Crossing]], start: Crossing) -> list[Crossing]:
    """Walk along a line, taking it out of the links."""
    line = [start]
    while links.get(line[-1]):
        here = line[-1]
        after = links[here].pop()
        links[after].remove(here)
        line.append(after)
    return line


def _point(z: Array, c: Crossing, level: float) -> Point:
    i, j, down = c
    a, b = (z[i, j], z[i + 1, j]) if down else (z[i, j], z[i, j + 1])
    t = float((level - a) / (b - a)) if b != a else 0.5
    return (float(j), i + t) if down else (j + t, float(i))


def regions_above(z: Array, level: float) -> list[list[Point]]:
    """The borders of where z is larger than this value, each closed, with what is larger at its left: filled by the nonzero rule they are
    just that."""
    rows, columns = z.shape
    low = float(z.min()) - 1e6 * (float(z.max()) - float(z.min()) + 1.0)
    around = np.full((rows + 2, columns + 2), low)
    around[1:-1, 1:-1] = z
    found = []
    for line in level_lines(around, level):
        points = [(min(max(x - 1, 0.0), columns - 1.0), min(max(y - 1, 0.0), rows - 1.0)) for x, y in line]
        (ax, ay), (bx, by) = line[:2]
        i, j = math.floor((ay + by) / 2), math.floor((ax + bx) / 2)
        turns = [
            (bx - ax) * (m - ay) - (by - ay) * (n - ax) for m, n in ((i, j), (i, j + 1), (i + 1, j), (i + 1, j + 1)) if around[m, n] > level
        ]
        found.append(points if max(turns, key=abs) > 0 else points[::-1])
    return found
