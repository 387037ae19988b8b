"""Small geometry: least-squares spacing, curves and their parallels, and a space that knows what is taken."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from .scene import Box, Point


def spread(wishes: Sequence[float], gaps: Sequence[float], weights: Sequence[float] | None = None) -> list[float]:
    """Positions in the given order, neighbour i and i + 1 at least `gaps[i]` apart, as near to the wishes as least
    squares has it.

    Isotonic regression by pooling adjacent violators.   [Barlow et al., Statistical Inference under Order Restrictions,
    1972]

    >>> spread([0.0, 0.0, 10.0], [4.0, 4.0])
    [-2.0, 2.0, 10.0]
    """
    given = weights or [1.0] * len(wishes)
    before, total = [], 0.0
    for i in range(len(wishes)):
        before.append(total)
        total += gaps[i] if i < len(gaps) else 0.0
    pools: list[list[float]] = []  # [mean, weight, how many]
    for wish, weight, start in zip(wishes, given, before, strict=True):
        pools.append([wish - start, weight, 1])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            mean, w, count = pools.pop()
            last = pools[-1]
            last[0] = (last[0] * last[1] + mean * w) / (last[1] + w)
            last[1] += w
            last[2] += count
    flat = [mean for mean, _, count in pools for _ in range(int(count))]
    return [x + start for x, start in zip(flat, before, strict=True)]


def overlap(a: Box, b: Box, margin: float = 0.0) -> bool:
    """Do two boxes come nearer than `margin`?"""
    return a[0] < b[0] + b[2] + margin and b[0] < a[0] + a[2] + margin and a[1] < b[1] + b[3] + margin and b[1] < a[1] + a[3] + margin


def inside(inner: Box, outer: Box, slack: float = 0.0) -> bool:
    """Does a box lie within another?"""
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[0] + inner[2] <= outer[0] + outer[2] + slack
        and inner[1] + inner[3] <= outer[1] + outer[3] + slack
    )


def bounds(boxes: Sequence[Box]) -> Box:
    """The box around boxes."""
    x, y = min(b[0] for b in boxes), min(b[1] for b in boxes)
    return x, y, max(b[0] + b[2] for b in boxes) - x, max(b[1] + b[3] for b in boxes) - y


class Bands:
    """Named boxes by the horizontal bands they reach into, to find those at a height fast."""

    def __init__(self, boxes: Mapping[str, Box], height: float = 400.0) -> None:
        self.height = height
        self.bands: dict[int, list[str]] = {}
        self.place = {name: i for i, name in enumerate(boxes)}
        for name, (_, y, _, h) in boxes.items():
            for k in range(math.floor(y / height), math.floor((y + h) / height) + 1):
                self.bands.setdefault(k, []).append(name)

    def near(self, top: float, bottom: float) -> list[str]:
        """The names of all boxes that may reach between these heights, in their order."""
        keys = range(math.floor(top / self.height), math.floor(bottom / self.height) + 1)
        if len(keys) == 1:
            return self.bands.get(keys[0], [])
        return sorted({name for k in keys for name in self.bands.get(k, ())}, key=self.place.__getitem__)


class Space:
    """Boxes that are taken, found fast: a grid of buckets."""

    def __init__(self, cell: float = 96.0) -> None:
        self.cell = cell
        self.buckets: dict[tuple[int, int], list[Box]] = {}

    def _keys(self, box: Box) -> Iterator[tuple[int, int]]:
        for i in range(math.floor(box[0] / self.cell), math.floor((box[0] + box[2]) / self.cell) + 1):
            for j in range(math.floor(box[1] / self.cell), math.floor((box[1] + box[3]) / self.cell) + 1):
                yield i, j

    def take(self, box: Box) -> None:
        for key in self._keys(box):
            self.buckets.setdefault(key, []).append(box)

    def boxes(self) -> set[Box]:
        """All that is taken."""
        return {b for bucket in self.buckets.values() for b in bucket}

    def hits(self, box: Box, margin: float = 0.0) -> int:
        """How many boxes stand in the way."""
        wide = (box[0] - margin, box[1] - margin, box[2] + 2 * margin, box[3] + 2 * margin)
        met = {b for key in self._keys(wide) for b in self.buckets.get(key, ()) if overlap(wide, b)}
        return len(met)


# ------------------------------------------------------------------------------------------------------- tracks


class Track:
    """A line of straight pieces and cubic curves along one axis, as dense points and as path steps."""

    def __init__(self, start: Point) -> None:
        self.steps: list[tuple[Any, ...]] = [("M", *start)]
        self.points: list[Point] = [start]

    @property
    def end(self) -> Point:
        return self.points[-1]

    def moved(self, dx: float, dy: float) -> None:
        """Shift the whole track."""
        self.points = [(x + dx, y + dy) for x, y in self.points]
        self.steps = [(c, *(v + (dy if i % 2 else dx) for i, v in enumerate(numbers))) for c, *numbers in self.steps]

    def turned(self) -> Track:
        """The track with its axes exchanged: what ran down runs to the right."""
        made = Track((self.points[0][1], self.points[0][0]))
        made.points = [(y, x) for x, y in self.points]
        made.steps = [(c, *(v for i in range(0, len(n), 2) for v in (n[i + 1], n[i]))) for c, *n in self.steps]
        return made

    def reversed(self) -> Track:
        """The track from its end to its start."""
        made = Track(self.end)
        made.points = self.points[::-1]
        stops = [tuple(n[-2:]) for _, *n in self.steps]
        for (command, *n), to in zip(self.steps[:0:-1], stops[-2::-1], strict=True):
            made.steps.append((command, *n[2:4], *n[:2], *to) if command == "C" else (command, *to))
        return made

    def line(self, to: Point) -> None:
        if math.dist(to, self.end) > 0.01:
            self.steps.append(("L", *to))
            self.points.append(to)

    def bend(self, to: Point, axis: int = 1) -> None:
        """An S-curve to a point, leaving and arriving along the axis (1: downwards, 0: to the right)."""
        a = self.end
        if abs(a[1 - axis] - to[1 - axis]) < 0.05:
            self.line(to)
            return
        reach = (to[axis] - a[axis]) * 0.55
        c1 = (a[0], a[1] + reach) if axis else (a[0] + reach, a[1])
        c2 = (to[0], to[1] - reach) if axis else (to[0] - reach, to[1])
        self.steps.append(("C", *c1, *c2, *to))
        self.points += [_cubic(a, c1, c2, to, k / 24) for k in range(1, 25)]

    def elbow(self, to: Point, level: float, radius: float) -> None:
        """Down, sideways at the height `level`, and down again, with round corners."""
        x, y = to
        side = 1.0 if x > self.end[0] else -1.0
        self.line((self.end[0], level - radius))
        self.corner((self.end[0] + side * radius, level), vertical_first=True)
        self.line((x - side * radius, level))
        self.corner((x, level + radius), vertical_first=False)
        self.line((x, y))

    def corner(self, to: Point, vertical_first: bool) -> None:
        """A quarter of a circle to a point, first along the vertical or not."""
        a, k = self.end, 0.5523  # the cubic that comes nearest to a quarter circle
        dx, dy = (to[0] - a[0]) * k, (to[1] - a[1]) * k
        c1 = (a[0], a[1] + dy) if vertical_first else (a[0] + dx, a[1])
        c2 = (to[0] - dx, to[1]) if vertical_first else (to[0], to[1] - dy)
        self.steps.append(("C", *c1, *c2, *to))
        self.points += [_cubic(a, c1, c2, to, i / 8) for i in range(1, 9)]


def _cubic(p: Point, c1: Point, c2: Point, q: Point, t: float) -> Point:
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    return a * p[0] + b * c1[0] + c * c2[0] + d * q[0], a * p[1] + b * c1[1] + c * c2[1] + d * q[1]


def parallel(points: Sequence[Point], distance: float) -> list[Point]:
    """The line beside a line: `distance` to the right of its direction on the screen where y grows downwards (so to the
    viewer's left of a line that runs down)."""
    moved = []
    for i, (x, y) in enumerate(points):
        (x0, y0), (x1, y1) = points[max(i - 1, 0)], points[min(i + 1, len(points) - 1)]
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        moved.append((x - (y1 - y0) / length * distance, y + (x1 - x0) / length * distance))
    return moved


def cut(points: Sequence[Point], length: float) -> tuple[list[Point], Point]:
    """A line without its last `length` pixels, and the direction in which those went."""
    kept = list(points)
    end = kept[-1]
    while len(kept) > 2 and math.dist(kept[-2], end) < length:
        kept.pop()
    a = kept[-2]
    whole = math.dist(a, end) or 1.0
    direction = ((end[0] - a[0]) / whole, (end[1] - a[1]) / whole)
    kept[-1] = (end[0] - direction[0] * length, end[1] - direction[1] * length)
    return kept, direction


def ribbon(points: Sequence[Point], width: float, head: float, half_head: float) -> list[Point]:
    """The outline of an arrow along a line: one shape, so that its opacity is even where shaft and head meet."""
    shaft, (ux, uy) = cut(points, head)
    (bx, by), tip = shaft[-1], points[-1]
    left, right = parallel(shaft, width / 2), parallel(shaft, -width / 2)
    barbs = (bx - uy * half_head, by + ux * half_head), (bx + uy * half_head, by - ux * half_head)
    return [*left, barbs[0], tip, barbs[1], *reversed(right)]


def arrowhead(points: Sequence[Point], size: float = 7.0) -> tuple[list[Point], list[Point]]:
    """A slim arrowhead at the end of a line: (the line up to it, the head's outline)."""
    shaft, (ux, uy) = cut(points, size * 0.78)
    x, y = points[-1]
    back, half, notch = size * 0.98, size * 0.4, size * 0.76
    head = [
        (x, y),
        (x - ux * back - uy * half, y - uy * back + ux * half),
        (x - ux * notch, y - uy * notch),
        (x - ux * back + uy * half, y - uy * back - ux * half),
    ]
    return shaft, head


def at_length(points: Sequence[Point], share: float) -> tuple[Point, Point]:
    """The point that lies this share along a line, and the direction there."""
    lengths = [math.dist(a, b) for a, b in pairwise(points)]
    left = sum(lengths) * share
    for (a, b), length in zip(pairwise(points), lengths, strict=True):
        if left <= length and length > 0:
            t = left / length
            return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t), (
                (b[0] - a[0]) / length,
                (b[1] - a[1]) / length,
            )
        left -= length
    return points[-1], (0.0, 1.0)
