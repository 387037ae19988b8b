"""An encoder and its decoder as a U: each level is a row, the encoder's rows go down at the left, the decoder's come up at the right,
and what a level hands across runs straight from the one to the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..canvas import symbols
from ..canvas.geometry import Track, bounds, overlap
from ..canvas.scene import Box
from ..layout.request import HEADER, PAD
from ..view.view import Edge, Panel, Unit, View
from .cards import Card
from .routes import CLEAR, Route
from .wrapped import ranks_of

ACROSS = 84.0  # between encoder and decoder
ROUND = 9.0
ASIDE = 20.0  # how far from a card's side a line passes its pills
LEAST_LEVELS = 2  # of what is handed across, or of sizes on either side of the smallest


@dataclass(slots=True)
class Levels:
    """The rows of a U, from the top: what goes down and what comes up. The encoder has one more, at the bottom."""

    down: list[list[Unit]]
    up: list[list[Unit]]


def levels_of(view: View) -> Levels | None:
    """The levels of an encoder-decoder; None where the graph is none, or no single chain with ways across it."""
    rank = ranks_of(view)
    chain = sorted(view.units, key=lambda u: rank[u.id])
    if [rank[u.id] for u in chain] != list(range(len(chain))):
        return None
    if {(a.id, b.id) for a, b in pairwise(chain)} - {(e.tail.id, e.head.id) for e in view.edges}:
        return None
    across = sorted({(rank[e.tail.id], rank[e.head.id]) for e in view.edges if rank[e.head.id] - rank[e.tail.id] > 1})
    if len(across) >= LEAST_LEVELS:
        nested = all(a < c and d < b for (a, b), (c, d) in pairwise(across))
        return _by_ways_across(chain, across) if nested and across[-1][1] - across[-1][0] > 1 else None
    return None if across else _by_sizes(chain)


def _size(u: Unit) -> int:
    """How many numbers of one sample leave a unit, along its axes of space or features."""
    shape = next((v.shape for v in u.outputs if v.shape is not None), None) or (u.value.shape if u.value else None) or ()
    return math.prod(shape[2:] if len(shape) > 2 else shape[1:])


def _by_ways_across(chain: Sequence[Unit], across: Sequence[tuple[int, int]]) -> Levels | None:
    sources, targets = [a for a, _ in across], [b for _, b in across][::-1]
    down, start = [], 0
    for a in sources:
        down.append(list(chain[start : a + 1]))
        start = a + 1
    first = _risen(chain, start, targets[0])
    if first is None or first == start:
        return None
    down.append(list(chain[start:first]))
    up, start = [], first
    for b in targets[1:]:
        turn = _risen(chain, start + 1, b)
        if turn is None:
            return None
        up.append(list(chain[start:turn]))
        start = turn
    up.append(list(chain[start:]))
    return Levels(down, up[::-1])


def _risen(chain: Sequence[Unit], start: int, target: int) -> int | None:
    """The first unit up to the target that is larger than the one before it: there a level of the decoder begins."""
    if start > target:
        return None
    return next((i for i in range(max(start, 1), target) if _size(chain[i]) > _size(chain[i - 1]) > 0), target)


def _by_sizes(chain: Sequence[Unit]) -> Levels | None:
    """Levels of one size each, if sizes fall to a smallest and rise again."""
    sizes = [_size(u) for u in chain]
    body = [n for n in sizes if n > 1]
    if not body:
        return None
    bottom = sizes.index(min(body))
    rows: list[list[Unit]] = [[chain[0]]]
    for i in range(1, len(chain)):
        if sizes[i] == sizes[i - 1] or sizes[i] <= 1:
            rows[-1].append(chain[i])
        else:
            rows.append([chain[i]])
    of_rows = [_size(r[0]) for r in rows]
    lowest = next(k for k, r in enumerate(rows) if chain[bottom] in r)
    falls, rises = of_rows[: lowest + 1], of_rows[lowest:]
    even = falls == sorted(falls, reverse=True) and rises == sorted(rises)
    if not even or min(lowest, len(rows) - 1 - lowest) < LEAST_LEVELS:
        return None
    return Levels(rows[: lowest + 1], rows[lowest + 1 :][::-1])


@dataclass(slots=True)
class UShape:
    """Where everything of a U is."""

    view: View
    rows: list[list[Unit]]
    frames: dict[str, Box]

    def routes(self, cards: Mapping[str, Card], gap: float) -> list[Route]:
        row = {u.id: k for k, units in enumerate(self.rows) for u in units}
        rank = ranks_of(self.view)
        found = []
        for e in self.view.edges:
            tail, head = cards[e.tail.id], cards[e.head.id]
            if rank[e.head.id] > rank[e.tail.id] + 1:
                track = self.over(e, cards)
            else:
                track = _beside(tail, head) if row[e.tail.id] == row[e.head.id] else _to_next_row(tail, head)
            found.append(Route(e, track))
        return found

    def over(self, e: Edge, cards: Mapping[str, Card]) -> Track:
        """Across: straight, or where another card stands before the head, over that and down into it."""
        tail, head = cards[e.tail.id], cards[e.head.id]
        start, end = (tail.x + tail.width / 2 + CLEAR, tail.y), (head.x - head.width / 2 - CLEAR, head.y)
        way = (start[0], min(start[1], end[1]) - 12, end[0] - start[0], abs(start[1] - end[1]) + 24)
        track = Track(start)
        if not any(overlap(way, c.whole()) for c in cards.values() if c is not tail and c is not head):
            if abs(start[1] - end[1]) > 1:
                track.line((start[0] + 14, start[1]))
                track.bend((end[0] - 14, end[1]), axis=0)
            track.line(end)
            return track
        row = next(units for units in self.rows if e.head in units)
        level = min(cards[u.id].whole()[1] for u in row) - 16
        turn = start[0] + ACROSS / 2 - 12
        track.line((turn - ROUND, start[1]))
        track.corner((turn, start[1] - ROUND), vertical_first=False)
        track.line((turn, level + ROUND))
        track.corner((turn + ROUND, level), vertical_first=True)
        track.line((head.x - ROUND, level))
        track.corner((head.x, level + ROUND), vertical_first=False)
        track.line((head.x, head.y - head.height / 2 - CLEAR))
        return track


def _beside(tail: Card, head: Card) -> Track:
    track = Track((tail.x + tail.width / 2 + CLEAR, tail.y))
    track.line((head.x - head.width / 2 - CLEAR, head.y))
    return track


def _to_next_row(tail: Card, head: Card) -> Track:
    """From the foot of a card into the head of one below, or from its head into the foot of one above; where pills stand over a card,
    past its side."""
    sign = 1.0 if head.y > tail.y else -1.0
    if sign < 0 and tail.x + tail.width / 2 < head.x - 4 and not tail.pill_heights:  # from the bottom of the U
        track = Track((tail.x + tail.width / 2 + CLEAR, tail.y))
        track.line((head.x - ROUND, tail.y))
        track.corner((head.x, tail.y - ROUND), vertical_first=False)
        track.line((head.x, head.y + head.height / 2 + CLEAR))
        return track
    foot = head.y - sign * (head.height / 2 + CLEAR)
    if sign < 0 and tail.pill_heights:
        side = tail.x + tail.width / 2
        track = Track((side + CLEAR, tail.y))
        track.line((side + ASIDE - ROUND, tail.y))
        track.corner((side + ASIDE, tail.y - ROUND), vertical_first=False)
    else:
        track = Track((tail.x, tail.y + sign * (tail.height / 2 + CLEAR)))
    if sign > 0 and head.pill_heights:
        side = head.x - head.width / 2
        over = (track.end[1] + head.y - head.up) / 2
        _sideways(track, side - ASIDE, over, sign)
        track.line((side - ASIDE, head.y - ROUND))
        track.corner((side - ASIDE + ROUND, head.y), vertical_first=True)
        track.line((side - CLEAR, head.y))
        return track
    level = (track.end[1] + foot) / 2 if sign > 0 or not tail.pill_heights else min(tail.y - tail.up - 14, (track.end[1] + foot) / 2)
    _sideways(track, head.x, level, sign)
    track.line((head.x, foot))
    return track


def _sideways(track: Track, to: float, level: float, sign: float) -> None:
    """At a height to another x, with round corners."""
    x, _ = track.end
    if abs(to - x) < 0.6:
        return
    side, corner = (1.0 if to > x else -1.0), min(ROUND, abs(to - x) / 2)
    track.line((x, level - sign * corner))
    track.corner((x + side * corner, level), vertical_first=True)
    track.line((to - side * corner, level))
    track.corner((to, level + sign * corner), vertical_first=False)


def lay_out_u(
    view: View, levels: Levels, cards: Mapping[str, Card], header_width: Callable[[Panel], float], two_lanes: bool
) -> UShape | None:
    """Place the rows; None where a panel would hold what is not its own."""
    beside, between = (58.0, 46.0) if two_lanes else (40.0, 36.0)
    left, right = symbols.MARGIN + 2 * PAD, 0.0
    for rows in (levels.down, levels.up):  # what stands at the same place of several levels is equally wide
        turned = [row[::-1] if rows is levels.down else row for row in rows]
        for k in range(max(map(len, turned), default=0)):
            column = [cards[row[k].id] for row in turned if len(row) > k and row[k].works]
            for c in column:
                c.width = max(o.width for o in column)
    nested = {u.id: _nesting(u.panel) for u in view.units}

    def width(row: Sequence[Unit]) -> float:
        return sum(cards[u.id].width for u in row) + beside * (len(row) - 1) + sum(_edges(a, b) for a, b in pairwise(row))

    def _edges(a: Unit, b: Unit) -> float:
        """Room for the borders of the panels that end and begin between two units."""
        return 0.0 if a.panel is b.panel else PAD * (nested[a.id] + nested[b.id] - 2 * _common(a.panel, b.panel))

    for row in levels.down:
        right = max(right, left + width(row))
    y = symbols.HEADING + 8
    for k in range(max(len(levels.down), len(levels.up))):
        pair = [row for rows in (levels.down, levels.up) for row in rows[k : k + 1]]
        units = [u for row in pair for u in row]
        framed = max(nested[u.id] for u in units)
        top = max(cards[u.id].up for u in units) + framed * (PAD + HEADER)
        named = 14.0 if any(u.module for u in units) else 0.0
        y += max(top, named)
        for row, ends_left in zip(pair, (True, False), strict=False):
            x = right - width(row) if ends_left else right + ACROSS + PAD * nested[row[0].id]
            for a, b in pairwise([*row, row[-1]]):
                cards[a.id].x, cards[a.id].y = x + cards[a.id].width / 2, y
                x += cards[a.id].width + beside + _edges(a, b)
        y += max(cards[u.id].tall for u in units) / 2 + framed * PAD + between
    frames: dict[str, Box] = {}
    for p in reversed(view.panels):
        x, y, w, h = bounds([cards[u.id].whole() for u in p.units] + [frames[q.id] for q in p.panels])
        frames[p.id] = (x - PAD + 2, y - PAD - HEADER + 2, max(w + 2 * PAD - 4, header_width(p)), h + 2 * PAD + HEADER - 6)
    for p in view.panels:
        own = {id(u) for u in p.all_units()}
        if any(overlap(frames[p.id], c.whole(), 4) for c in cards.values() if id(c.unit) not in own):
            return None
        if any(q is not p and q.parent is p.parent and overlap(frames[p.id], frames[q.id], 4) for q in view.panels):
            return None
    x, _, _, _ = bounds([c.whole() for c in cards.values()] + list(frames.values()))
    for c in cards.values():
        c.x += symbols.MARGIN - x
    shift = symbols.MARGIN - x
    return UShape(view, [*levels.down, *levels.up], {p.id: _moved(frames[p.id], shift) for p in view.panels})


def _moved(box: Box, dx: float) -> Box:
    return box[0] + dx, *box[1:]


def _nesting(p: Panel | None) -> int:
    return 0 if p is None else p.depth + 1


def _common(a: Panel | None, b: Panel | None) -> int:
    """How many panels hold both."""
    around = set()
    while a is not None:
        around.add(a.id)
        a = a.parent
    while b is not None and b.id not in around:
        b = b.parent
    return _nesting(b)
