"""Ways that cover one another, drawn beside one another where they do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from ..canvas.scene import Point
from ..view.arrays import Array

STEP = 3.0  # pixels from place to place along a way
NEAR = 2.4  # so close ways cover one another
APART = 3.4  # so far apart they then run
EASE = 4  # places before and after, over which a way moves aside


def told_apart(ways: Sequence[Sequence[Point]]) -> list[tuple[list[Point], list[Point]]]:
    """For each way a line, which runs beside the others where it would cover them, and where its own places are then.

    >>> ((one, _), (other, _)) = told_apart([[(0.0, 0.0), (60.0, 0.0)], [(0.0, 0.0), (60.0, 0.0)]])
    >>> one[10], other[10]
    ((30.0, -1.7), (30.0, 1.7))
    """
    fine = [_fine(np.asarray(way, np.float64)) for way in ways]
    found: list[tuple[list[Point], list[Point]]] = []
    for k, (points, stops) in enumerate(fine):
        before, count = np.zeros(len(points)), np.zeros(len(points))
        for m, (others, _) in enumerate(fine):
            if m != k:
                near = _near(points, others)
                before, count = before + (near if m < k else 0.0), count + near
        aside = np.convolve((before - count / 2) * APART, np.ones(2 * EASE + 1) / (2 * EASE + 1), "same")
        if len(points) > 2 * EASE:
            first, last = (before - count / 2)[[0, -1]] * APART
            aside[:EASE], aside[-EASE:] = np.where(aside[:EASE] == 0, 0.0, first), np.where(aside[-EASE:] == 0, 0.0, last)
        if not aside.any():
            found.append(([*ways[k]], [*ways[k]]))
            continue
        line = [(round(float(x), 1), round(float(y), 1)) for x, y in points + aside[:, None] * _normals(points)]
        found.append((line, [line[i] for i in stops]))
    return found


def _fine(way: Array) -> tuple[Array, list[int]]:
    """A way with places a few pixels apart, and which of them are its own."""
    points, stops = [way[:1]], [0]
    for a, b in itertools.pairwise(way):
        count = max(1, math.ceil(math.dist(a, b) / STEP))
        points.append(a + (b - a) * (np.arange(1, count + 1) / count)[:, None])
        stops.append(stops[-1] + count)
    return np.concatenate(points), stops


def _near(points: Array, others: Array) -> Array:
    """Which places have one of the others near them."""
    found = np.zeros(len(points))
    for start in range(0, len(points), 256):  # in parts: a way may have thousands of places
        part = points[start : start + 256, None]
        found[start : start + 256] = (((part - others[None]) ** 2).sum(axis=2) <= NEAR**2).any(axis=1)
    return found


def _normals(points: Array) -> Array:
    """Across the way at each place, on the same side for ways that run to and fro."""
    if len(points) < 2:
        return np.zeros_like(points)
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    along *= np.where((along[:, 0] < -1e-9) | ((np.abs(along[:, 0]) <= 1e-9) & (along[:, 1] < 0)), -1.0, 1.0)[:, None]
    return np.stack([-along[:, 1], along[:, 0]], axis=1)
