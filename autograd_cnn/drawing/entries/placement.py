"""Where the entries of an expansion stand: columns from left to right, rows of an array as panels, single stages in a lane above."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...symbolic.algebra import Partial, Symbol
from ..canvas.metrics import text_width
from ..canvas.numbers import Numbers
from ..canvas.scene import Box, Point, runs_width
from .expansion import Column
from .expressions import symbol_runs
from .selection import EntryView

PITCH, ROW_GAP = 40.0, 18.0
HEIGHT = 30.0
LEAST = 46.0
FRACTIONS = 10  # so many gradients are set as fractions
MANY = 14  # entries in a column from which they stand closer
LANE = 78.0  # the height of the lane above
SPREAD = 8.0  # more than the tallest fraction at the right


@dataclass(slots=True)
class Place:
    """An entry's box, by its middle."""

    symbol: Symbol
    x: float
    y: float
    width: float
    height: float = HEIGHT

    @property
    def box(self) -> Box:
        return self.x - self.width / 2, self.y - self.height / 2, self.width, self.height

    def side(self, way: float) -> Point:
        return self.x + way * self.width / 2, self.y


@dataclass(slots=True)
class Panel:
    """A row of an array: its frame, and what it is called."""

    box: Box
    label: str
    letter: str


@dataclass(slots=True)
class Layout:
    """All places, with the size of what they take up."""

    places: dict[Symbol, Place] = field(default_factory=dict)
    panels: list[Panel] = field(default_factory=list)
    right: float = 0.0
    bottom: float = 0.0
    lanes: set[str] = field(default_factory=set)  # letters of the stages above
    compact: bool = False  # gradients in one line, where there are many
    pitch: float = PITCH
    height: float = HEIGHT


def node_width(view: EntryView, s: Symbol, precision: int, numbers: Numbers) -> float:
    """An entry's name, and its number where it is known."""
    wide = runs_width(symbol_runs(s), 16) + 22
    number = view.expansion.values.get(s)
    return max(LEAST, wide) + (text_width(numbers.value(number, precision), 11) + 10 if number is not None else 0.0)


def lay_out_entries(view: EntryView, left: float, top: float, gap: float, precision: int, numbers: Numbers) -> Layout:
    """Place the columns: `gap` pixels between a column and the next."""
    made = Layout(compact=len(partials_shown(view)) > FRACTIONS)
    if max(len(shown) for _, shown in view.columns) > MANY:
        made.pitch, made.height = 31.0, 25.0
    elif view.staged and len(partials_shown(view)) > 1:
        made.pitch = _fraction_pitch(view)  # outputs stand beside their inputs
    inputs = [(c, shown) for c, shown in view.columns if c.kind == "input"]
    main = max(len(shown) for c, shown in view.columns if c.kind != "input")
    most = max(main, len(inputs[0][1]) if inputs else 0)
    lane = [(c, shown) for c, shown in view.columns if c.kind == "stage" and len(shown) < most and len(shown) <= 2 and most > 2]
    made.lanes = {c.letter for c, _ in lane}
    late = [(c, shown) for c, shown in inputs[1:] if view.staged]
    start = top + (LANE if lane else 0.0)
    x = left
    widest = max((node_width(view, s, precision, numbers) for _, shown in inputs for s in shown), default=LEAST)
    y = start
    for c, shown in inputs:
        if (c, shown) not in late:
            y = _stack(made, view, c, shown, x + widest / 2, y, widest, precision)
    heights = [y - start]
    x += widest
    between = x
    for c, shown in view.columns:
        if c.kind == "input" or c.letter in made.lanes:
            continue
        here = [entry for entry in lane if c.kind == "output" or _before(view, entry[0], c)]
        lane = [entry for entry in lane if entry not in here]
        stretch = gap + 130.0 * len(here)
        for i, (_, entries) in enumerate(here):
            _lane(made, view, entries, between + stretch * (i + 1) / (len(here) + 1), top, precision, numbers)
        x = between + stretch
        width = max(node_width(view, s, precision, numbers) for s in shown)
        for s in shown:
            made.places[s] = Place(s, x + width / 2, 0.0, width, made.height)
        heights.append(len(shown) * made.pitch)
        between = x + width
    tall = max(heights)
    outs = next(shown for c, shown in view.columns if c.kind == "output")
    need = _fraction_pitch(view)
    if len(outs) > 1:
        tall = max(tall, len(outs) * need)
    for c, shown in view.columns:
        if c.kind == "input" or c.letter in made.lanes:
            continue
        aligned = view.staged and len(shown) == len(inputs[0][1]) and len(inputs) - len(late) == 1
        for i, s in enumerate(shown):
            share = (i + 0.5) / len(shown)
            made.places[s].y = made.places[inputs[0][1][i]].y if aligned else start + tall * share
    _center(made, [s for c, shown in inputs if (c, shown) not in late for s in shown], start + tall / 2)
    if view.staged:
        for c, shown in view.columns:
            if c.kind in ("stage", "output") and c.letter not in made.lanes and len(shown) == len(inputs[0][1]):
                for a, b in zip(shown, inputs[0][1], strict=True):
                    made.places[a].y = made.places[b].y
    made.right, made.bottom = between, start + tall
    for c, shown in late:
        made.bottom = _late(made, view, c, shown, between, precision, numbers)
    return made


def _fraction_pitch(view: EntryView) -> float:
    """How far apart outputs stand, with a fraction behind each."""
    many = len(partials_shown(view)) > FRACTIONS
    return PITCH if view.choice.wants_output else 33.0 if many else 46.0 + SPREAD


def _before(view: EntryView, stage: Column, column: Column) -> bool:
    """Does a column depend on a stage of the lane?"""
    return any(x.tail.letter == stage.letter and x.head.letter == column.letter for x in view.links)


def _stack(made: Layout, view: EntryView, c: Column, shown: list[Symbol], x: float, y: float, width: float, precision: int) -> float:
    """A column of inputs, in panels where the array has rows."""
    rows: dict[str, list[Symbol]] = {}
    for s in shown:
        rows.setdefault(_row_of(c, s), []).append(s)
    for label, members in rows.items():
        for i, s in enumerate(members):
            made.places[s] = Place(s, x, y + made.pitch * (i + 0.5), width, made.height)
        if len(rows) > 1 or c.kind == "input":
            made.panels.append(Panel((x - width / 2 - 9, y - 2, width + 18, made.pitch * len(members) + 4), label, c.letter))
        y += made.pitch * len(members) + ROW_GAP
    return y - ROW_GAP + (ROW_GAP if len(view.columns) > 2 else 0.0)


def _row_of(c: Column, s: Symbol) -> str:
    """The index of the row an entry stands in: all but its last."""
    shown = [d for d in c.shape if d > 1]
    if len(shown) < 2:
        return ""
    return s.index.rsplit(",", 1)[0] if "," in s.index else s.index[:-1]


def _lane(made: Layout, view: EntryView, shown: list[Symbol], x: float, y: float, precision: int, numbers: Numbers) -> None:
    """One or two entries of a stage, above the columns."""
    for i, s in enumerate(shown):
        made.places[s] = Place(s, x, y + 8 + i * made.pitch, node_width(view, s, precision, numbers), made.height)


def _late(made: Layout, view: EntryView, c: Column, shown: list[Symbol], right: float, precision: int, numbers: Numbers) -> float:
    """Inputs that join only at the end, such as a shift: below the last column, to its left."""
    y = made.bottom + 26
    width = max(node_width(view, s, precision, numbers) for s in shown)
    heads = [x.head for x in view.links if x.tail in shown]
    before = [p.x for p in made.places.values() if p.x < made.places[heads[0]].x - 60] if heads else []
    x = max(before, default=right - 110.0)
    for i, s in enumerate(shown):
        made.places[s] = Place(s, x - i * (width + 14), y, width, made.height)
    return y + HEIGHT / 2 + 6


def _center(made: Layout, symbols: list[Symbol], middle: float) -> None:
    """Move a stack so that its middle is the figure's."""
    if not symbols:
        return
    ys = [made.places[s].y for s in symbols]
    shift = middle - (min(ys) + max(ys)) / 2
    if shift <= 0:
        return
    for s in symbols:
        made.places[s].y += shift
    made.panels = [Panel((b[0], b[1] + shift, b[2], b[3]), p.label, p.letter) for p in made.panels for b in (p.box,)]


def partials_shown(view: EntryView) -> list[Symbol]:
    """The outputs whose gradient arrives from the right."""
    if view.choice.wants_output:
        return []
    return [s for c, shown in view.columns if c.kind == "output" for s in shown]


def number_beside(view: EntryView, s: Symbol, precision: int, numbers: Numbers) -> str:
    """A gradient's number, where it is known."""
    known = view.expansion.values.get(Partial(s))
    return "" if known is None else numbers.value(known, precision)
