"""A long chain in several columns (or, in a figure that runs to the right, rows): cut where one line alone goes on, each column laid
out for itself, a line led round from the foot of one to the head of the next."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..canvas import symbols
from ..canvas.geometry import Track, bounds
from ..canvas.scene import Box
from ..layout.request import HEADER, PAD
from ..view.view import Panel, Unit, View
from .cards import Card
from .placement import LANE, Layout, lay_out, swapped, turned_cards
from .routes import CLEAR, Route

AROUND = 18.0  # how far beyond a column a line turns into the gap
ROUND = 9.0  # radius of its corners


def ranks_of(view: View) -> dict[str, int]:
    """How many steps each unit is from the first, sources as late as can be."""
    before: dict[str, list[str]] = {u.id: [] for u in view.units}
    after: dict[str, list[str]] = {u.id: [] for u in view.units}
    for e in view.edges:
        before[e.head.id].append(e.tail.id)
        after[e.tail.id].append(e.head.id)
    rank: dict[str, int] = {}
    waiting = {id: len(tails) for id, tails in before.items()}
    ready = [u.id for u in view.units if not waiting[u.id]]
    for id in ready:  # grows while it is walked
        rank[id] = max((rank[t] + 1 for t in before[id]), default=0)
        for head in after[id]:
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    for id in ready:
        if not before[id] and after[id]:
            rank[id] = min(rank[h] for h in after[id]) - 1
    least = min(rank.values(), default=0)
    return {id: r - least for id, r in rank.items()}


def columns_of(view: View, cards: Mapping[str, Card], count: int, gap: float, turned: bool) -> list[list[Unit]] | None:
    """The units in `count` columns: of the ways to cut where one line alone goes on those that leave the fewest columns with a single
    card, of these the one whose tallest column is least, then the most even. None where the graph cannot be cut so often."""
    rank = ranks_of(view)
    rows = max(rank.values()) + 1
    high, cards_in = [gap] * rows, [0] * rows
    for u in view.units:
        c = cards[u.id]
        high[rank[u.id]] = max(high[rank[u.id]], (c.left + c.width / 2 if turned else c.tall) + gap)
        cards_in[rank[u.id]] += 1
    for p in view.panels:
        inside = [rank[u.id] for u in p.all_units()]
        high[min(inside)] += PAD if turned else PAD + HEADER
        high[max(inside)] += PAD
    passing = [[e for e in view.edges if rank[e.tail.id] <= r < rank[e.head.id]] for r in range(rows - 1)]
    free = [r + 1 for r, es in enumerate(passing) if len(es) == 1 and rank[es[0].head.id] - rank[es[0].tail.id] == 1]
    stops = [0, *free, rows]
    height, number = ([0, *itertools.accumulate(sizes)] for sizes in (high, cards_in))

    def single(i: int, j: int) -> int:
        return int(number[j] - number[i] == 1)

    def tall(i: int, j: int) -> float:
        return height[j] - height[i]

    def tallest(before: Cost, i: int, j: int) -> Cost:
        return before[0] + single(i, j), max(before[1], tall(i, j))

    found = _cut(stops, count, tallest)
    if found is None:
        return None
    most = max(tall(i, j) for i, j in itertools.pairwise(found))

    def uneven(before: Cost, i: int, j: int) -> Cost:
        return before[0] + single(i, j) + (count + 1 if tall(i, j) > most else 0), before[1] + tall(i, j) ** 2

    even = _cut(stops, count, uneven)
    return [[u for u in view.units if a <= rank[u.id] < b] for a, b in itertools.pairwise(even or found)]


Cost = tuple[float, float]


def _cut(stops: Sequence[int], count: int, cost: Callable[[Cost, int, int], Cost]) -> list[int] | None:
    """The stops at which the cheapest way ends its columns; `cost` is what a column from one stop to another makes of the cost before."""
    best: dict[tuple[int, int], tuple[Cost, list[int]]] = {(0, 0): ((0.0, 0.0), [0])}  # (stops passed, columns) -> the cheapest way
    for k in range(1, count + 1):
        for j in range(1, len(stops)):
            ways = [(cost(best[i, k - 1][0], stops[i], stops[j]), best[i, k - 1][1]) for i in range(j) if (i, k - 1) in best]
            if ways:
                least, way = min(ways)
                best[j, k] = least, [*way, stops[j]]
    found = best.get((len(stops) - 1, count))
    return found and found[1]


def in_pieces(view: View, columns: Sequence[Sequence[Unit]]) -> tuple[View, list[View]]:
    """The view with the panels cut where the columns are, each piece with its number; and the part of it in each column."""
    column_of = {u.id: k for k, units in enumerate(columns) for u in units}
    spans = {p.id: sorted({column_of[u.id] for u in p.all_units()}) for p in view.panels}
    panels: list[list[Panel]] = [[] for _ in columns]
    made: dict[tuple[str, int], Panel] = {}
    units: dict[str, Unit] = {}
    for p in view.panels:  # outer ones before inner ones
        for number, k in enumerate(spans[p.id]):
            name = p.name if len(spans[p.id]) == 1 else f"{p.name} ({number + 1}/{len(spans[p.id])})"
            parent = made[p.parent.id, k] if p.parent else None
            piece = Panel(p.id if not number else f"{p.id}-part{number + 1}", name, p.kind, parent)
            made[p.id, k] = piece
            panels[k].append(piece)
            if parent:
                parent.panels.append(piece)
    for u in view.units:
        units[u.id] = copy = replace(u, panel=made[u.panel.id, column_of[u.id]] if u.panel else None)
        if copy.panel:
            copy.panel.units.append(copy)
    for piece in made.values():
        for u in piece.all_units():
            piece.parameters.update(u.parameters)
    edges = [replace(e, tail=units[e.tail.id], head=units[e.head.id]) for e in view.edges]
    whole = replace(view, units=[units[u.id] for u in view.units], edges=edges, panels=[p for some in panels for p in some])
    parts = [
        replace(
            view,
            units=[units[u.id] for u in column],
            edges=[e for e in edges if column_of[e.tail.id] == k == column_of[e.head.id]],
            panels=panels[k],
        )
        for k, column in enumerate(columns)
    ]
    return whole, parts


@dataclass(slots=True)
class Columns:
    """Columns side by side, with the lines that lead from one to the next."""

    view: View
    layouts: list[Layout]
    shifts: list[tuple[float, float]]
    boxes: list[Box]  # of the columns
    frames: dict[str, Box]
    turned: bool

    def routes(self, cards: Mapping[str, Card], gap: float) -> list[Route]:
        found: dict[str, Route] = {}
        for layout, (dx, dy) in zip(self.layouts, self.shifts, strict=True):
            for c in layout.view.units:
                cards[c.id].x, cards[c.id].y = cards[c.id].x - dx, cards[c.id].y - dy
            inside = {u.id: cards[u.id] for u in layout.view.units}
            for r in layout.routes(inside, gap):
                r.track.moved(dx, dy)
                found[r.edge.id] = r
            for c in layout.view.units:
                cards[c.id].x, cards[c.id].y = cards[c.id].x + dx, cards[c.id].y + dy
        column_of = {u.id: k for k, layout in enumerate(self.layouts) for u in layout.view.units}
        boxes = turned_cards(cards) if self.turned else cards
        for e in self.view.edges:
            if e.id not in found:
                track = self.led_round(boxes[e.tail.id], boxes[e.head.id], column_of[e.tail.id])
                found[e.id] = Route(e, track.turned() if self.turned else track)
        return [found[e.id] for e in self.view.edges]

    def led_round(self, tail: Card, head: Card, column: int) -> Track:
        """From the foot of one column through the gap to the head of the next."""
        (x, y, w, h), (right, top, _, _) = (swapped(b) if self.turned else b for b in self.boxes[column : column + 2])
        gap, foot, over = (x + w + right) / 2, y + h + AROUND, top - AROUND
        track = Track((tail.x, tail.y + tail.height / 2 + CLEAR))
        track.line((tail.x, foot - ROUND))
        track.corner((tail.x + ROUND, foot), vertical_first=True)
        track.line((gap - ROUND, foot))
        track.corner((gap, foot - ROUND), vertical_first=False)
        track.line((gap, over + ROUND))
        track.corner((gap + ROUND, over), vertical_first=True)
        track.line((head.x - ROUND, over))
        track.corner((head.x, over + ROUND), vertical_first=False)
        track.line((head.x, head.y - head.height / 2 - CLEAR))
        return track


def lay_out_columns(
    view: View,
    parts: Sequence[View],
    cards: Mapping[str, Card],
    header_width: Callable[[Panel], float],
    gaps: tuple[float, float],
    engine: str,
    right: bool,
) -> Columns:
    """Lay out each column and put them side by side."""
    layouts, shifts, boxes = [], [], []
    frames: dict[str, Box] = {}
    gap = gaps[0] + 28.0  # between columns
    across = symbols.MARGIN
    start = symbols.HEADING + 8 + AROUND if not right else symbols.MARGIN + AROUND
    for part in parts:
        own = {u.id: cards[u.id] for u in part.units}
        layout = lay_out(part, own, header_width, gaps, engine, right, narrow=not right)
        lines = [(x - LANE, a, 2 * LANE, b - a) for vias in layout.placed.vias for x, a, b in vias]
        box = bounds([c.whole() for c in own.values()] + list(layout.frames.values()) + [swapped(b) if right else b for b in lines])
        if right:
            shift = start - box[0], across + symbols.HEADING + 8 - symbols.MARGIN - box[1]
            across += box[3] + gap
        else:
            shift = across - box[0], start - box[1]
            across += box[2] + gap
        for c in own.values():
            c.x, c.y = c.x + shift[0], c.y + shift[1]
        frames.update({id: (x + shift[0], y + shift[1], w, h) for id, (x, y, w, h) in layout.frames.items()})
        layouts.append(layout)
        shifts.append(shift)
        boxes.append((box[0] + shift[0], box[1] + shift[1], box[2], box[3]))
    return Columns(view, layouts, shifts, boxes, frames, right)
