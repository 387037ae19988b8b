"""How often the lines of a figure cross."""

from __future__ import annotations

import itertools

from autograd_cnn.drawing.canvas.scene import Point
from autograd_cnn.drawing.tensor_graph.routes import Route


def crossings(routes: list[Route]) -> int:
    """Places where two lines cross, those with a common end aside from that end."""
    return sum(_cross(a.track.points, b.track.points) for a, b in itertools.combinations(routes, 2))


def _cross(a: list[Point], b: list[Point]) -> int:
    count = 0
    for p, q in itertools.pairwise(a):
        for r, s in itertools.pairwise(b):
            if max(p[0], q[0]) < min(r[0], s[0]) or max(r[0], s[0]) < min(p[0], q[0]):
                continue
            if max(p[1], q[1]) < min(r[1], s[1]) or max(r[1], s[1]) < min(p[1], q[1]):
                continue
            if _side(p, q, r) * _side(p, q, s) < 0 and _side(r, s, p) * _side(r, s, q) < 0:
                count += 1
    return count


def _side(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
