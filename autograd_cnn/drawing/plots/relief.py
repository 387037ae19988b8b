"""A loss surface from the side: heights as a net of squares painted from back to front, and the ways of optimizers lying on it.

Source: Newell, Newell, Sancha, "A solution to the hidden surface problem", 1972 (the painter's algorithm).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..canvas.metrics import text_width
from ..canvas.scene import Point, Scene
from ..canvas.text import Words
from ..view.arrays import Array
from .beside import told_apart
from .curves import STYLES, marker
from .ticks import nice_ticks

NET = 28  # squares along each side
BANDS = 8  # shades of height, `relief-0` … in the theme
TURN, TILT = math.radians(33), math.radians(32)  # of the view: about the vertical, and down onto the surface
UNIT = 152.0  # pixels of half a side
TALL = 0.95  # the height of the whole range, in half sides
REACH = math.cos(TURN) + math.sin(TURN)  # of a corner, to the side
WIDTH, HEIGHT = 2 * REACH * UNIT, (2 * REACH * math.sin(TILT) + TALL * math.cos(TILT)) * UNIT


@dataclass(slots=True)
class Relief:
    """The heights on their grid, and where a place of the surface lies in the picture.

    >>> flat = Relief(np.zeros((5, 5)), ((0.0, 1.0), (0.0, 1.0)), 0.0, 0.0)
    >>> [round(p) for p in flat.at(0.5, 0.5, 0.0)]
    [210, 234]
    """

    z: Array
    box: tuple[tuple[float, float], tuple[float, float]]
    left: float
    top: float
    low: float = field(init=False)
    span: float = field(init=False)

    def __post_init__(self) -> None:
        known = self.z[np.isfinite(self.z)]
        self.low = float(known.min())
        self.span = float(known.max()) - self.low or 1.0
        self.z = np.where(np.isfinite(self.z), self.z, known.max())

    def plane(self, x: Any, y: Any) -> tuple[Any, Any]:
        """A place with the sides from −1 to 1."""
        (x0, x1), (y0, y1) = self.box
        return 2 * (x - x0) / (x1 - x0) - 1, 2 * (y - y0) / (y1 - y0) - 1

    def project(self, u: Any, v: Any, height: Any) -> tuple[Any, Any]:
        """Pixels of a place in the plane, `height` from 0 to 1."""
        across, away = u * math.cos(TURN) - v * math.sin(TURN), u * math.sin(TURN) + v * math.cos(TURN)
        up = away * math.sin(TILT) + height * TALL * math.cos(TILT)
        highest = REACH * math.sin(TILT) + TALL * math.cos(TILT)
        return self.left + (across + REACH) * UNIT, self.top + (highest - up) * UNIT

    def at(self, x: Any, y: Any, z: Any) -> Any:
        return self.project(*self.plane(x, y), (z - self.low) / self.span)

    def height(self, u: Array, v: Array) -> Array:
        """The surface's height between the places of the grid, from 0 to 1."""
        rows, columns = self.z.shape
        i, j = (np.clip((t + 1) / 2 * (n - 1), 0, n - 1) for t, n in ((v, rows), (u, columns)))
        a, b = np.minimum(i.astype(int), rows - 2), np.minimum(j.astype(int), columns - 2)
        s, t, z = i - a, j - b, self.z
        mixed = (1 - s) * ((1 - t) * z[a, b] + t * z[a, b + 1]) + s * ((1 - t) * z[a + 1, b] + t * z[a + 1, b + 1])
        return np.asarray((mixed - self.low) / self.span)

    def seen(self, u: Array, v: Array) -> Any:
        """Which places of the surface no nearer part of it hides: the line of sight from each stays above the surface."""
        towards = np.linspace(0, 2 * REACH, 241)[:, None]
        x, y = u - towards * math.sin(TURN), v - towards * math.cos(TURN)
        sight = self.height(u, v) + towards * math.tan(TILT) / TALL
        outside = (np.abs(x) > 1) | (np.abs(y) > 1)
        return np.all(outside | (self.height(x, y) <= sight + 0.012), axis=0)


def draw_relief(
    scene: Scene, z: Array, box: Any, ways: Mapping[str, Array], names: tuple[str, str], left: float, top: float, words: Words
) -> list[Point]:
    """The surface with its floor, scales and ways. Returns where the ways end."""
    relief = Relief(z, box, left, top)
    _floor(scene, relief, names, words)
    _net(scene, relief, words)
    laid = [_laid(relief, p) for p in ways.values()]
    apart = told_apart([way.points for way in laid])
    for way, (_, points) in zip(laid, apart, strict=True):
        way.points = points
    return [_way(scene, relief, k, name, p, laid[k], words) for k, (name, p) in enumerate(ways.items())]


def gutter(z: Array, words: Words) -> float:
    """The room for the numbers of the scale of heights, left of the surface."""
    known = z[np.isfinite(z)]
    return max(text_width(words.digits(float(v)), 11) for v in (known.min(), known.max())) + 12


def _floor(scene: Scene, r: Relief, names: tuple[str, str], words: Words) -> None:
    g = scene.group("floor", "axes", f"{names[0]}, {names[1]}")
    corners = [r.project(u, v, 0.0) for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    g.polygon(corners, fill="panel", stroke="hair")
    (x0, x1), (y0, y1) = r.box
    for t in (t for t in nice_ticks(x0, x1, 4) if x0 < t < x1):
        x, y = r.at(t, y0, r.low)
        g.line((x, y), (x + 3, y + 4), stroke="wire")
        g.text(x + 5, y + 15, words.digits(t, 6), 10.5, ink="muted")
    for t in (t for t in nice_ticks(y0, y1, 4) if y0 < t < y1):
        x, y = r.at(x0, t, r.low)
        g.line((x, y), (x - 3.5, y + 3), stroke="wire")
        g.text(x - 6, y + 13, words.digits(t, 6), 10.5, ink="muted", anchor="end")
    x, y = r.project(0.0, -1.0, 0.0)
    g.text(x + 34, y + 32, names[0], 13, "italic", "muted")
    x, y = r.project(-1.0, 0.0, 0.0)
    g.text(x - 34, y + 34, names[1], 13, "italic", "muted", "end")
    foot, head = r.project(-1.0, 1.0, 0.0), r.project(-1.0, 1.0, 1.0)
    g.line(foot, head, stroke="wire")
    for (x, y), value in ((foot, r.low), (head, r.low + r.span)):
        g.line((x - 4, y), (x, y), stroke="wire")
        g.text(x - 8, y + 3.8, words.digits(value), 10.5, ink="muted", anchor="end")


def _net(scene: Scene, r: Relief, words: Words) -> None:
    """The squares, row by row, the farthest first: seen along parallel lines, one can only hide what lies behind it."""
    g = scene.group("relief", "relief", f"{words.digits(r.low)} … {words.digits(r.low + r.span)}")
    side = np.linspace(-1, 1, NET + 1)
    u, v = np.meshgrid(side, side)
    h = r.height(u, v)
    xs, ys = r.project(u, v, h)
    middle = (h[:-1, :-1] + h[1:, :-1] + h[:-1, 1:] + h[1:, 1:]) / 4
    band = np.minimum((np.clip(middle, 0, 1) ** (1 / 2.4) * BANDS).astype(int), BANDS - 1)
    for i in reversed(range(NET)):
        for shade, row in itertools.groupby(reversed(range(NET)), key=lambda j: int(band[i, j])):  # neighbours of one shade are one path
            steps: list[tuple[Any, ...]] = []
            for j in row:
                corners = [(round(float(xs[c]), 1), round(float(ys[c]), 1)) for c in ((i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j))]
                steps += [("M", *corners[0]), *(("L", *c) for c in corners[1:]), ("Z",)]
            g.path(steps, fill=f"relief-{shade}", stroke="wire", line=0.35)


@dataclass(slots=True)
class Laid:
    """A way on the surface: its places in the picture, each with 0 (beyond the surface), 1 (hidden) or 2 (seen), and which are its own."""

    points: list[Point]
    kinds: Array
    stops: list[int]


def _laid(r: Relief, p: Array) -> Laid:
    u, v = r.plane(p[:, 0], p[:, 1])
    pieces = [np.linspace(0, 1, max(2, math.ceil(math.hypot(*d) * NET / 2) + 1))[1:] for d in zip(np.diff(u), np.diff(v), strict=True)]
    u = np.concatenate([u[:1], *(a + t * (b - a) for a, b, t in zip(u[:-1], u[1:], pieces, strict=True))])
    v = np.concatenate([v[:1], *(a + t * (b - a) for a, b, t in zip(v[:-1], v[1:], pieces, strict=True))])
    inside = (np.abs(u) <= 1) & (np.abs(v) <= 1)
    kinds = np.where(inside, np.where(r.seen(u, v), 2, 1), 0)
    xs, ys = r.project(u, v, r.height(u, v))
    stops = np.concatenate([[0], np.cumsum([len(t) for t in pieces])]).astype(int).tolist()
    return Laid([(float(x), float(y)) for x, y in zip(xs, ys, strict=True)], kinds, stops)


def _way(scene: Scene, r: Relief, k: int, name: str, p: Array, laid: Laid, words: Words) -> Point:
    """One way, laid onto the surface: pale and thin where it is hidden, a ring where it starts. Returns where it ends."""
    ink, dash = STYLES[k]
    g = scene.group(f"lying-{k}", "path", f"{name}: {words.point(p[0])} → {words.point(p[-1])}", steps=len(p))
    points, kinds = laid.points, laid.kinds
    for kind, first, last in _runs(kinds.tolist()):
        piece = points[first : last + 1]
        if len(piece) > 1 and kind == 2:
            g.line(*piece, stroke="paper", line=4.0, opacity=0.8)
            g.line(*piece, stroke=ink, line=1.9, dash=dash)
        elif len(piece) > 1 and kind == 1:
            g.line(*piece, stroke=ink, line=1.0, dash=dash, opacity=0.45)
    visible = [i for i in laid.stops if kinds[i] == 2]
    for i in sorted({round(j * (len(visible) - 1) / 9) for j in range(10)} if visible else set()):
        marker(g, k, points[visible[i]], ink)
    if kinds[0]:
        g.circle(*points[0], 7.0, stroke=ink, line=1.4)
    known = np.flatnonzero(kinds)
    return points[int(known[-1])] if len(known) else r.project(1.0, 0.0, 0.5)


def _runs(kinds: Sequence[int]) -> list[tuple[int, int, int]]:
    """(kind, first, last) of equal neighbours; each begins where the one before ended, so that the line has no gaps."""
    found, start = [], 0
    for i in range(1, len(kinds) + 1):
        if i == len(kinds) or kinds[i] != kinds[start]:
            found.append((kinds[start], max(start - 1, 0) if start and kinds[start] and kinds[start - 1] else start, i - 1))
            start = i
    return found
