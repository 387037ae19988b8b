"""Where the units of a perceptron stand, and the numbers on its edges: in one row, or, where that would be too long to be read, in
several."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.geometry import Space, overlap
from ..canvas.metrics import text_width
from ..canvas.scene import Box, Point
from ..canvas.text import Words
from ..view.arrays import Array

declare({"dropout": ("dropout {}", "Dropout {}")})

MOST = 10  # units of a layer that are drawn; of more the first and the last
FEWER = (MOST, 7, 5, 3)  # where so many do not fit
MOST_ROWS = 5
MOST_WIDE = 1600.0  # pixels of a row of columns
FEWEST_LAYERS = 4  # columns that are drawn beside those put together in the middle
MOST_WRITTEN = 16  # edges between two columns, if all are to carry their numbers
COLUMN = 168.0
CLOSER = (COLUMN, 126.0, 92.0)
FOLD = 84.0  # width of layers put together
HEADS = 56.0  # what stands over the units of a row
RADIUS = 17.0
NUMBER = 10.0  # of a number on an edge
CLEAR = 2.5  # between a number and other edges
ROOMS = ((1.0, 1.0), (1.3, 1.0), (1.3, 1.35), (1.7, 1.35), (1.7, 1.7), (2.1, 2.0))  # how far columns and units move apart for numbers
SHARES = tuple(k / 40 for k in (8, 10, 7, 12, 30, 28, 33, 14, 26, 16, 24, 20, 18, 22, 6, 34))  # of an edge's length, where one may stand


@dataclass(slots=True)
class Column:
    """A layer's units, of which some are drawn."""

    name: str
    count: int
    functions: list[str] = field(default_factory=list)  # applied to the sums, by their labels
    weight: Array = field(default_factory=lambda: np.zeros((0, 0)))  # (units, units before)
    bias: Array = field(default_factory=lambda: np.zeros(0))
    values: Array = field(default_factory=lambda: np.zeros(0))  # activations; empty if nothing was computed
    delta: Array = field(default_factory=lambda: np.zeros(0))  # gradient of the loss by the sum before the activation
    rate: float = 0.0  # of a dropout
    dropped: Any = field(default_factory=lambda: np.zeros(0, bool))  # which units it dropped; empty at inference
    factor: float = 1.0  # of those it did not

    def drops(self, unit: int) -> bool:
        return bool(self.dropped.size) and bool(self.dropped[unit])


@dataclass(frozen=True, slots=True)
class State:
    """How much of the passes a picture shows: activations up to this column, δ from that one on, where it is now, what edges tell."""

    values: int
    deltas: int
    active: int | None = None  # the column whose edges are drawn strong
    backward: bool = False
    widths: str = "weight"  # "weight" | "gradient" | "credit"


@dataclass(frozen=True, slots=True)
class Room:
    """How closely a network stands: how far apart its columns are, how many units of a column are drawn, whether numbers may be written on
    the edges, in how many rows it is broken, whether the legend is under it, and how many layers are drawn (0: all; else those in the
    middle are put together)."""

    column: float = COLUMN
    most: int = MOST
    written: bool = True
    rows: int = 1
    under: bool = False
    layers: int = 0

    def hidden(self, count: int) -> range:
        """Which of so many columns are put together."""
        return range((self.layers + 1) // 2, count - self.layers // 2) if 0 < self.layers < count - 1 else range(0)

    def shown(self, u: Column) -> list[int]:
        """Which units of a column are drawn."""
        if u.count <= self.most:
            return list(range(u.count))
        last = 2 if self.most > 5 else 1
        return [*range(self.most // 2), *range(u.count - last, u.count)]

    def gap(self, u: Column) -> int | None:
        """After how many of them others are left out."""
        return self.most // 2 if u.count > self.most else None


def rooms(count: int) -> Iterator[Room]:
    """Of so many columns: the plain one first, then closer and closer, last with fewer of them."""
    for written, width in ((True, COLUMN), *((False, width) for width in CLOSER)):
        for under in (False, True):
            yield Room(width, written=written, under=under)
    for rows in range(1, MOST_ROWS + 1):
        for most in FEWER:
            for width in CLOSER:
                for under in (False, True):
                    yield Room(width, most, False, rows, under)
    for layers in range(min(count - 2, int(MOST_WIDE / CLOSER[-1])), FEWEST_LAYERS - 1, -1):
        for most in FEWER:
            for under in (True, False):
                yield Room(CLOSER[-1], most, False, 1, under, layers)


Places = list[dict[int, Point]]


@dataclass(slots=True)
class Figure:
    """What all parts of the picture need."""

    columns: Sequence[Column]
    state: State
    words: Words
    precision: int
    room: Room = field(default_factory=Room)
    radius: float = RADIUS
    places: Places = field(default_factory=list)
    again: dict[int, dict[int, Point]] = field(
        default_factory=dict
    )  # of a column that ends a row: where it stands once more, before the next
    tops: list[float] = field(default_factory=list)  # of each row
    fold: Box | None = None  # where the columns that are put together stand
    written: dict[tuple[int, int, int], Point] = field(default_factory=dict)  # where an edge's number stands
    right: float = 0.0
    bottom: float = 0.0

    def number(self, v: float) -> str:
        return self.words.value(float(v), self.precision)

    def carried(self, k: int) -> Array:
        """What the edges into column k carry, in sign and size."""
        u, before = self.columns[k], self.columns[k - 1]
        if self.widths(k) == "weight":
            return u.weight
        return np.outer(u.delta, before.values) if self.widths(k) == "gradient" else u.weight * u.delta[:, None]

    def widths(self, k: int) -> str:
        """In a step of the backward pass, only the edges that it is about tell something else than the weights."""
        here = self.state.active in (None, k) and bool(self.columns[k].delta.size) and bool(self.columns[k - 1].values.size)
        return self.state.widths if here else "weight"


# ------------------------------------------------------------------------------------------------------- the layout
def placed(columns: Sequence[Column], state: State, words: Words, precision: int, room: Room) -> Figure:
    """A network with its units in their places."""
    f = Figure(columns, state, words, precision, room)
    f.radius = _radius(f)
    _settle(f)
    return f


def _radius(f: Figure) -> float:
    shown = (f.number(v) for u in f.columns if u.values.size for v in u.values[f.room.shown(u)])
    return max(RADIUS, max((text_width(t, 10.5) for t in shown), default=0.0) / 2 + 4.5)


def head_of(u: Column, words: Words) -> str:
    """What a column does to its sums, beside its name."""
    return ", ".join([*map(words.label, u.functions), *([words("dropout", words.digits(u.rate))] if u.rate else [])])


def _half(u: Column, radius: float, words: Words) -> float:
    """Half the width of a column with its heading."""
    head = text_width(u.name, 12.5, "bold") + (text_width(f"  {head_of(u, words)}", 12.5) if head_of(u, words) else 0.0)
    return max(radius, head / 2, text_width(words.units(u.count), 11.5) / 2)


def _settle(f: Figure) -> None:
    """Place the units, and the numbers of the edges where all of a layer's find room."""
    hidden = f.room.hidden(len(f.columns))
    halves = [FOLD / 2 if k in hidden else _half(u, f.radius, f.words) for k, u in enumerate(f.columns)]
    step = 2 * f.radius + (27 if any(u.delta.size for u in f.columns) else 13)
    least = max(f.room.column, *(a + b + 20 for a, b in itertools.pairwise(halves)))
    fits = f.room.written and all(a.count * b.count <= MOST_WRITTEN for a, b in itertools.pairwise(f.columns))
    above = 13.0 if fits and any(u.bias.size for u in f.columns) else 0.0
    each = math.ceil((len(f.columns) - 1) / f.room.rows)
    left = symbols.MARGIN + max(halves[: len(halves) - 1 : each])  # of what begins a row
    for wider, taller in ROOMS if fits else ():
        _place(f, each, left, least * wider, (step + above) * taller, above)
        f.written = _room_on_edges(f)
        if f.written:
            break
    else:
        _place(f, each, left, least, step, 0.0)
    f.right = max(x + half for places, half in zip(f.places, halves, strict=True) for x, _ in places.values())


def _place(f: Figure, each: int, left: float, across: float, step: float, above: float) -> None:
    """The units of all columns, row for row; a row but the first begins with the column that ended the one before."""
    tall = max(len(f.room.shown(u)) + (f.room.gap(u) is not None) for u in f.columns) * step
    f.places, f.again, f.tops, f.fold = [], {}, [], None
    hidden = f.room.hidden(len(f.columns))
    for first in range(0, len(f.columns) - 1, each):
        top = symbols.HEADING + HEADS + len(f.tops) * (tall + HEADS)
        f.tops.append(top)
        for k in range(first, min(first + each, len(f.columns) - 1) + 1):
            if k in hidden:
                x = left + hidden.start * across
                f.fold = (x - FOLD / 2, top, FOLD, tall)
                f.places.append({})
                continue
            slot = k - first - (len(hidden) - 1 if hidden and k > hidden.start else 0)
            places = _places(f.columns[k], f.room, left + slot * across, top, tall, step, above)
            if k < len(f.places):
                f.again[k] = places
            else:
                f.places.append(places)
    f.bottom = f.tops[-1] + tall


def _places(u: Column, room: Room, x: float, top: float, tall: float, step: float, above: float) -> dict[int, Point]:
    gap = room.gap(u)
    slots = len(room.shown(u)) + (gap is not None)
    start = top + (tall - slots * step + step + above) / 2
    return {unit: (x, start + (k + (gap is not None and k >= gap)) * step) for k, unit in enumerate(room.shown(u))}


def ends_of(f: Figure, k: int, j: int, i: int) -> tuple[Point, Point]:
    """Of the edge from unit i of the column before to unit j of column k, between the circles."""
    (x0, y0), (x1, y1) = f.again.get(k - 1, f.places[k - 1])[i], f.places[k][j]
    length = float(np.hypot(x1 - x0, y1 - y0))
    ux, uy = (x1 - x0) / length * f.radius, (y1 - y0) / length * f.radius
    return (x0 + ux, y0 + uy), (x1 - ux, y1 - uy)


def _room_on_edges(f: Figure) -> dict[tuple[int, int, int], Point]:
    """A place for the number of every edge, on it and clear of all others; nothing if one finds none."""
    found: dict[tuple[int, int, int], Point] = {}
    space, tall = Space(), NUMBER + 2
    for places in f.places:
        for x, y in places.values():
            space.take((x - f.radius, y - f.radius - 13, 2 * f.radius, 2 * f.radius + 27))
    for k in range(1, len(f.columns)):
        edges = {(j, i): ends_of(f, k, j, i) for j in f.places[k] for i in f.places[k - 1]}
        for (j, i), (a, b) in edges.items():
            w = max(text_width(f.number(v), NUMBER) for v in (_most(f, k), f.columns[k].weight[j, i])) + 4
            others = [e for at, e in edges.items() if at != (j, i)]
            for share in SHARES:
                x, y = a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
                box = (x - w / 2, y - tall / 2, w, tall)
                if not space.hits(box, 1.0) and not any(
                    _crosses(e, (x - w / 2, y - tall / 2 - CLEAR, w, tall + 2 * CLEAR)) for e in others
                ):
                    space.take(box)
                    found[k, j, i] = (x, y)
                    break
            else:
                return {}
    return found


def _most(f: Figure, k: int) -> float:
    """A number as wide as any that the edges of a layer carry in the passes."""
    u, before = f.columns[k], f.columns[k - 1]
    if not (u.delta.size and before.values.size):
        return 0.0
    return -max(float(np.abs(u.weight * u.delta[:, None]).max()), float(np.abs(np.outer(u.delta, before.values)).max()))


def _crosses(edge: tuple[Point, Point], box: Box) -> bool:
    """Does a line run through a box?"""
    (x0, y0), (x1, y1) = edge
    x, y, w, h = box
    if not overlap((min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)), box, 0.5):
        return False
    side = [(x1 - x0) * (cy - y0) - (y1 - y0) * (cx - x0) for cx in (x, x + w) for cy in (y, y + h)]
    return min(side) < 0 < max(side)
