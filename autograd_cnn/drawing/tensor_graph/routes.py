"""How links run between cards: where each meets a border, and the line it takes past what is between.

A line leaves a card downwards and arrives from above. Between two ranks it runs straight, in a gentle S, or, where the
way to the side is long, with two round corners at a level of its own; it changes course outside of panels where it can,
so that their headers stay free.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..canvas.geometry import Bands, Space, Track, spread
from ..canvas.scene import Box, Point
from ..layout.request import Placement, Via
from ..view.view import Edge
from .cards import Card

CLEAR = 1.5  # between the end of an arrow and the border it points at
CORNER = 10.0
FAN = 4  # so many edges at one unit, to one side, are led as a bundle
LEVEL = 20.0  # between two lines that run sideways one above the other


@dataclass(slots=True)
class Route:
    """An edge with its line, from the tail's bottom to the head's top."""

    edge: Edge
    track: Track


def route_all(edges: Sequence[Edge], placed: Placement, cards: Mapping[str, Card], frames: Mapping[str, Box], gap: float) -> list[Route]:
    """Lines for all edges. `gap` is how far apart two of them meet a border."""
    columns = Columns(cards)
    straight = [straightened(e, v, columns) for e, v in zip(edges, placed.vias, strict=True)]
    leaving = _ports(edges, straight, cards, gap, out=True)
    arriving = _ports(edges, straight, cards, gap, out=False)
    levels: list[tuple[float, float, float]] = []  # (y, from x, to x) of what runs sideways already, by height
    panels = Panels(frames)
    routes = []
    shares = _bundled(edges, straight, leaving, arriving)
    for i, edge in enumerate(edges):
        tail, head = cards[edge.tail.id], cards[edge.head.id]
        x0, x1 = leaving[i], arriving[i]
        if not straight[i] and abs(x0 - x1) < 4:  # a hair's breadth off the vertical looks like a mistake
            x0 = x1 = x0 if abs(x0 - tail.x) < 0.01 else x1
        track = Track((x0, tail.y + tail.height / 2 + CLEAR))
        first, last = placed.clear[i]
        for x, top, bottom in straight[i]:
            _turn(track, (x, max(top, track.end[1])), panels, levels, first)
            track.line((x, max(bottom, track.end[1])))
        _turn(track, (x1, head.y - head.height / 2 - CLEAR), panels, levels, first, last, shares.get(i))
        routes.append(Route(edge, track))
    return routes


def _bundled(
    edges: Sequence[Edge], vias: Sequence[list[Via]], leaving: Mapping[int, float], arriving: Mapping[int, float]
) -> dict[int, float]:
    """Where edges run sideways that meet in one unit or part from one, so that they do not cross: at which share of the height
    between the two ends. Of those that meet, the one that comes from farthest turns last; of those that part, it turns first."""
    groups: dict[tuple[str, bool, bool], list[int]] = {}
    for i, e in enumerate(edges):
        if not vias[i] and abs(leaving[i] - arriving[i]) > 4:
            groups.setdefault((e.head.id, True, leaving[i] < arriving[i]), []).append(i)
            groups.setdefault((e.tail.id, False, leaving[i] > arriving[i]), []).append(i)
    found: dict[int, float] = {}
    for (_, fan_in, _), numbers in sorted(groups.items(), key=lambda g: -len(g[1])):
        if len(numbers) < FAN or any(i in found for i in numbers):
            continue
        far = (lambda i: abs(leaving[i] - arriving[i])) if fan_in else (lambda i: -abs(leaving[i] - arriving[i]))
        for k, i in enumerate(sorted(numbers, key=far)):
            found[i] = (k + 0.5) / len(numbers)
    return found


def _turn(
    track: Track,
    to: Point,
    panels: Panels,
    levels: list[tuple[float, float, float]],
    above: float,
    below: float = float("inf"),
    share: float | None = None,
) -> None:
    """From where the track is to a point below it, changing course between the panels, and between these heights; `share` says at
    which of them it runs sideways."""
    x0, y0 = track.end
    across = abs(to[0] - x0)
    if across < 0.6:
        track.line(to)
        return
    high, low = max(y0 + 3, above), min(to[1] - 7, below)  # ends are straight, for the arrowheads' sake
    if low - high < 8:
        high, low = y0 + 3, to[1] - 7
    top, bottom = free_zone(track.end, to, panels)
    top, bottom = max(top, high), min(bottom, low)
    if bottom - top < 14:
        top, bottom = high, low
    if share is None and across <= (bottom - top) * 1.1:
        track.line((x0, top))
        track.bend((to[0], bottom))
        track.line(to)
        return
    span = min(x0, to[0]), max(x0, to[0])
    corner = min(CORNER, across / 2, (bottom - top) / 2)
    low, high = top + corner, bottom - corner
    level = _level(span, low, high, levels) if share is None else low + (high - low) * share
    insort(levels, (level, *span))
    track.elbow(to, level, corner)


class Panels:
    """The frames of a figure, to find those at a height fast."""

    def __init__(self, frames: Mapping[str, Box]) -> None:
        self.frames = frames
        self.bands = Bands(frames)

    def between(self, top: float, bottom: float) -> list[Box]:
        """Those that reach between these heights."""
        found = (self.frames[name] for name in self.bands.near(top, bottom))
        return [f for f in found if f[1] <= bottom and f[1] + f[3] >= top]


def free_zone(a: Point, b: Point, panels: Panels) -> tuple[float, float]:
    """The heights between two points that lie below the panels the upper one is in and above those the lower one is in."""
    top, bottom = a[1], b[1]
    near = panels.between(top, bottom)
    for x, y, w, h in near:
        holds_a = x <= a[0] <= x + w and y <= a[1] <= y + h
        holds_b = x <= b[0] <= x + w and y <= b[1] <= y + h
        if holds_a and not holds_b:
            top = max(top, y + h)
        elif holds_b and not holds_a:
            bottom = min(bottom, y)
    left, right = min(a[0], b[0]), max(a[0], b[0])
    for x, y, w, h in near:  # and not across panels that neither is in
        if x < right and left < x + w and top < y < bottom and y - top > 14:
            bottom = y
        elif x < right and left < x + w and top < y + h < bottom and bottom - y - h > 14:
            top = y + h
    return top, bottom


def _level(span: tuple[float, float], low: float, high: float, levels: Sequence[tuple[float, float, float]]) -> float:
    """A height between `low` and `high` at which nothing else runs sideways near; the middle if it is free."""
    middle = (low + high) / 2
    first, last = bisect_left(levels, (low - LEVEL,)), bisect_right(levels, (high + LEVEL, math.inf))
    near = [y for y, x0, x1 in levels[first:last] if x0 < span[1] + 12 and span[0] < x1 + 12]
    candidates = [middle, *sorted((y + d for y in near for d in (LEVEL, -LEVEL)), key=lambda y: abs(y - middle))]
    free = next((y for y in candidates if low <= y <= high and all(abs(y - n) >= LEVEL - 0.5 for n in near)), None)
    if free is not None:
        return free
    steps = [low + (high - low) * k / 24 for k in range(4, 21)] if high > low else [middle]
    return max(steps, key=lambda y: min(abs(y - n) for n in near))  # little room: as far from the others as can be


class Columns:
    """The cards by height, to find those beside a stretch fast."""

    def __init__(self, cards: Mapping[str, Card]) -> None:
        self.cards = cards
        self.owners = {c.whole(): c for c in cards.values()}
        self.boxes = sorted(self.owners, key=lambda b: b[1])
        self.tops = [b[1] for b in self.boxes]
        self.tallest = max((b[3] for b in self.boxes), default=0.0)

    def beside(self, top: float, bottom: float) -> list[Box]:
        """The boxes that reach into these heights."""
        first, last = bisect_left(self.tops, top - self.tallest), bisect_left(self.tops, bottom)
        return [b for b in self.boxes[first:last] if b[1] + b[3] > top]


def straightened(edge: Edge, vias: list[Via], columns: Columns) -> list[Via]:
    """A long link that wavers between ranks runs down at one x, if one of its own leaves all cards of its stretch alone."""
    if not vias:
        return vias
    cards = columns.cards
    boxes = columns.beside(vias[0][1], vias[-1][2])
    ends = (cards[edge.tail.id].x, cards[edge.head.id].x)
    xs = [*(v[0] for v in vias), *(e for e in ends if abs(e - vias[0][0]) < 40)]
    xs.sort(key=lambda x: sum(abs(x - v[0]) for v in vias) + sum(abs(x - e) > 0.5 for e in ends) * 20)
    for x in xs:
        if all(x < b[0] - 13 or x > b[0] + b[2] + 13 for b in boxes):
            return [(x, a, b) for _, a, b in vias]
    return vias


def _ports(edges: Sequence[Edge], vias: Sequence[list[Via]], cards: Mapping[str, Card], gap: float, out: bool) -> dict[int, float]:
    """Where on its card each edge begins (or ends), ordered as they come, so that they do not cross on the doorstep."""
    at: dict[str, list[int]] = {}
    for i, e in enumerate(edges):
        at.setdefault((e.tail if out else e.head).id, []).append(i)
    places: dict[int, float] = {}
    for unit, numbers in at.items():
        card = cards[unit]
        aims = {i: _aim(edges[i], vias[i], cards, out) for i in numbers}
        numbers.sort(key=lambda i: (aims[i], i))
        reach = card.width / 2 - 16
        step = min(gap, 2 * reach / max(1, len(numbers) - 1))
        half = min(reach, step * (len(numbers) - 1))
        wishes = [min(max(aims[i], card.x - half), card.x + half) for i in numbers]
        weights = [50.0 if abs(aims[i] - card.x) < 4 else 1.0 for i in numbers]
        spaced = spread(wishes, [step] * (len(numbers) - 1), weights)
        for k, (i, x) in enumerate(zip(numbers, spaced, strict=True)):  # within the border, still `step` apart
            places[i] = min(max(x, card.x - reach + k * step), card.x + reach - (len(numbers) - 1 - k) * step)
    return places


def _aim(edge: Edge, vias: list[Via], cards: Mapping[str, Card], out: bool) -> float:
    """The x that an edge heads for from its tail (or comes from at its head)."""
    if vias:
        return vias[0 if out else -1][0]
    return cards[(edge.head if out else edge.tail).id].x


# ------------------------------------------------------------------------------------------------- room between ranks
def align(edges: Sequence[Edge], cards: Mapping[str, Card]) -> None:
    """Layout engines round: a card that stands all but straight under its only predecessor is put there."""
    into: dict[str, list[Edge]] = {}
    for e in edges:
        into.setdefault(e.head.id, []).append(e)
    for arriving in into.values():
        a, b = cards[arriving[0].tail.id], cards[arriving[0].head.id]
        if len(arriving) == 1 and 0 < abs(a.x - b.x) < 5:
            b.x = a.x


def make_room(edges: Sequence[Edge], placed: Placement, cards: Mapping[str, Card], frames: Mapping[str, Box]) -> None:
    """Part the ranks where lines must run sideways between panels and there is too little height for them."""
    if placed.engine == "layered":
        return  # its panels have ranks of their own
    ranks = sorted({round(c.y, 1) for c in cards.values()})
    index = {y: i for i, y in enumerate(ranks)}
    wanted: dict[int, list[tuple[float, float]]] = {}
    columns, panels = Columns(cards), Panels(frames)
    for e, vias in zip(edges, placed.vias, strict=True):
        tail, head = cards[e.tail.id], cards[e.head.id]
        stops = [(tail.x, tail.y), *((x, (a + b) / 2) for x, a, b in straightened(e, vias, columns)), (head.x, head.y)]
        for (x0, y0), (x1, _) in itertools.pairwise(stops):
            if abs(x1 - x0) > 40:
                rank = _nearest(ranks, y0)
                wanted.setdefault(rank, []).append((min(x0, x1), max(x0, x1)))
    extra = [0.0] * len(ranks)
    rows: list[list[Card]] = [[] for _ in ranks]
    for c in cards.values():
        rows[index[round(c.y, 1)]].append(c)
    for rank, spans in wanted.items():
        if rank + 1 == len(ranks):
            continue
        top = max(c.y + c.tall / 2 for c in rows[rank])
        bottom = min(c.y - c.tall / 2 for c in rows[rank + 1])
        near = panels.between(top, bottom)
        ends = [y + h for _, y, _, h in near if top <= y + h <= bottom]
        starts = [y for _, y, _, _ in near if top <= y <= bottom]
        free = min([bottom, *starts]) - max([top, *ends])
        deep = max(sum(a < q and p < b for a, b in spans) for p, q in spans)
        extra[rank] = max(0.0, 2.6 * CORNER + 1.5 * LEVEL * (deep - 1) - free)
    lower = [sum(extra[:i]) for i in range(len(ranks))]
    placed.vias[:] = [[_lowered(v, ranks, lower) for v in vias] for vias in placed.vias]
    rank_of = {id: index[round(c.y, 1)] for id, c in cards.items()}
    placed.clear[:] = [
        (a + lower[rank_of[e.tail.id]], b + lower[rank_of[e.head.id]]) for e, (a, b) in zip(edges, placed.clear, strict=True)
    ]
    for c in cards.values():
        c.y += lower[index[round(c.y, 1)]]


def _nearest(ranks: Sequence[float], y: float) -> int:
    """The number of the rank at this height."""
    i = bisect_left(ranks, y)
    return min((j for j in (i - 1, i) if 0 <= j < len(ranks)), key=lambda j: abs(ranks[j] - y))


def _lowered(via: Via, ranks: Sequence[float], lower: Sequence[float]) -> Via:
    x, a, b = via
    rank = _nearest(ranks, (a + b) / 2)
    return x, a + lower[rank], b + lower[rank]


def occupied(routes: Sequence[Route], space: Space, half: float) -> None:
    """Mark the room that the lines take, so that numbers are written elsewhere."""
    for r in routes:
        points = r.track.points
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            pieces = max(1, int((abs(y1 - y0) + abs(x1 - x0)) // 40))
            for k in range(pieces):
                xa, ya = x0 + (x1 - x0) * k / pieces, y0 + (y1 - y0) * k / pieces
                xb, yb = x0 + (x1 - x0) * (k + 1) / pieces, y0 + (y1 - y0) * (k + 1) / pieces
                flat = abs(xb - xa) > abs(yb - ya)
                pad = (0.0, half) if flat else (half, 0.0)
                box = (min(xa, xb) - pad[0], min(ya, yb) - pad[1], abs(xb - xa) + 2 * pad[0], abs(yb - ya) + 2 * pad[1])
                space.take(box)
