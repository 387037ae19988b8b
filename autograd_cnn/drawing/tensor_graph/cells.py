"""The cells of the backward picture: what the rule of one forward operation does, a row for each operation, first at the bottom.

The gradient arrives from below and leaves at the top or, for parameters, to the side. A result that the next row takes goes
straight up; every other way is a rail at the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..canvas import symbols
from ..canvas.geometry import Track
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Point, Run, runs_width, shortened
from ..canvas.text import mathematics, one_of, shape
from ..view.style import Style
from ..view.view import Pill, Unit
from .backward_walk import Operation, Walk
from .cards import Card, pill_name, shape_text

ROW = 26.0
GAP = 13.0  # between rows: room for an arrow
EDGE = 17.0  # from the outermost rows to the cell's border
SIDE = 12.0
RAIL = 9.0  # between two rails
MOST_ROWS = 8  # of a rule's operations
ARRIVES = -1  # as the source of a rail: what arrives at the cell


@dataclass(slots=True)
class Cell:
    """The backward side of a unit. The card has its size and place; the pills of parameters hang on it as on the forward card."""

    card: Card
    rows: list[Operation]
    folded: int = 0  # how many operations are not drawn
    rails: list[tuple[int, list[int], bool]] = field(default_factory=list)  # (from which row, to which rows, on to the top?)
    direct: list[int] = field(default_factory=list)


def cells_of(units: Sequence[Unit], walk: Walk, cards: dict[str, Card], style: Style, most: int = MOST_ROWS) -> dict[str, Cell]:
    """A cell for each unit that a gradient reaches; a rule of more than `most` operations is one card."""
    found: dict[str, Cell] = {}
    for u in units:
        if not any(v.requires_grad for v in (u.outputs or ([u.value] if u.value else []))):
            continue
        rows = walk.cells.get(u.id, [])
        fold = len(rows) if u.folded or len(rows) > most else 0
        front = cards[u.id]
        card = Card(replace(u, pills=_in_order(u, rows)), front.width, front.height, front.stack, list(front.pill_heights))
        cell = Cell(card, [] if fold else rows, fold, direct=walk.direct.get(u.id, []))
        cell.rails = _rails(cell)
        if u.works:
            card.height = max(_height(cell), 36.0)
            card.width = max(150.0, *(_row_width(r, style) + 2 * SIDE + RAIL * (len(cell.rails) + 1) for r in rows)) if cell.rows else 168.0
        found[u.id] = cell
    return found


def _in_order(unit: Unit, rows: Sequence[Operation]) -> list[Pill]:
    """The pills from top to bottom as the rows that give them stand, so that their lines do not cross."""
    row = {leaf: i for i, r in enumerate(rows) for leaf in r.leaves}
    return sorted(unit.pills, key=lambda p: -row.get(p.value.id, -1))


def _height(cell: Cell) -> float:
    n = len(cell.rows)
    return 2 * EDGE + n * ROW + (n - 1) * GAP if n else 46.0


def _rails(cell: Cell) -> list[tuple[int, list[int], bool]]:
    """What does not simply go one row up."""
    rows, last = cell.rows, len(cell.rows) - 1
    taking = [i for i, r in enumerate(rows) if r.takes_gradient]
    rails = []
    if taking[1:] or (taking and taking[0] > 0):
        rails.append((ARRIVES, [i for i in taking if i > 0], False))
    for i, r in enumerate(rows):
        far = [j for j in range(i + 2, len(rows)) if i in rows[j].takes]
        up = goes_up(cell, r) and i < last
        if far or up:
            rails.append((i, far, up))
    return rails


def goes_up(cell: Cell, r: Operation) -> bool:
    """Does a row's result leave at the top?"""
    hanging = {p.value.id for p in cell.card.unit.pills}
    return r.leaves_cell or any(leaf not in hanging for leaf in r.leaves)


def row_runs(r: Operation, style: Style) -> tuple[tuple[Run, ...], tuple[Run, ...], tuple[Run, ...]]:
    """What stands in a row: the operation, what it uses of the forward pass, and numbers."""
    label = style.words.label(r.step.label).removesuffix(_shape(r, style)).strip()
    label = label if len(label) <= 22 else label.split(" ", 1)[0]
    sign = "" if any(c.isalpha() for c in label) else f" {r.step.name}"
    kept = list(dict.fromkeys(u for u in r.uses if u and u[0].isalpha()))
    numbers = [u for u in r.uses if u and not u[0].isalpha()]
    plain = (Run("  " + style.words.comma.join(numbers), "sans", "muted"),) if numbers else ()
    return (Run(label, "bold"), Run(sign, "sans", "muted")), one_of(kept, "kept", 1.0), plain


def _row_width(r: Operation, style: Style) -> float:
    name, kept, plain = row_runs(r, style)
    parts = runs_width(name, 12) + (22 + runs_width(kept, 12) if kept else 0) + runs_width(plain, 12)
    return 20 + parts + 16 + text_width(_shape(r, style), 11.5)


def _shape(r: Operation, style: Style) -> str:
    if r.shape is None and r.number is not None:
        return style.words.figure(r.number, style.precision)
    return shape(r.shape, style.words("scalar"))


# ------------------------------------------------------------------------------------------------------- painting
def paint_cell(parent: Group, cell: Cell, style: Style) -> None:
    """Draw a cell with its rows, rails and pills."""
    card, (x, y, w, h) = cell.card, cell.card.box
    unit, words = card.unit, style.words
    said = words.operations(len(cell.rows) or cell.folded) if cell.rows or cell.folded else words("passes")
    title = f"∂ {unit.title or unit.copy_kind}: {said}"
    g = parent.group(f"b-{unit.id}", "cell", title, card.box)
    plain = not cell.rows
    fill, stroke = ("card", "gradient") if plain else ("gradient-paper", None)
    g.rect(x, y, w, h, 7, fill=fill, stroke=stroke, dash=symbols.DASH if plain and not cell.folded else None)
    if plain:
        runs = (*mathematics("∂ ", "gradient", 1.1), Run(unit.title or unit.copy_kind, "bold"))
        g.text(card.x, card.y - 3, shortened(runs, w - 20, 12.5), 12.5, anchor="middle")
        g.text(card.x, card.y + 13, said, 11, ink="muted", anchor="middle")
    else:
        _paint_rows(g, cell, style)
    _paint_pills(parent, g, cell, style)


def row_box(cell: Cell, i: int) -> tuple[float, float, float, float]:
    """Row 0 stands at the bottom."""
    x, y, w, h = cell.card.box
    high = len(cell.rows) * ROW + (len(cell.rows) - 1) * GAP
    top = y + (h + high) / 2 - (i + 1) * ROW - i * GAP
    return x + SIDE, top, w - 2 * SIDE - RAIL * len(cell.rails), ROW


def _paint_rows(g: Group, cell: Cell, style: Style) -> None:
    words = style.words
    for i, r in enumerate(cell.rows):
        x, y, w, h = row_box(cell, i)
        told = words("gives what", words.label(r.step.label), _shape(r, style))
        told += f"; {words('uses', words.comma.join(u for u in r.uses if u))}" if any(r.uses) else ""
        row = g.group(f"b-{cell.card.unit.id}-{i}", "op backward", told, (x, y, w, h), operation=r.step.name)
        row.rect(x, y, w, h, 5, fill="card", stroke="dark", line=1.1)
        name, kept, plain = row_runs(r, style)
        row.text(x + 10, y + 17, name, 12)
        at = x + 10 + runs_width(name, 12)
        if kept:
            symbols.diamond(row, at + 8, y + h / 2)
            row.text(at + 20, y + 17, kept, 12)
            at += 22 + runs_width(kept, 12)
        row.text(at, y + 17, plain, 12)
        row.text(x + w - 10, y + 17, _shape(r, style), 11.5, ink="gradient", anchor="end")
        if i and i - 1 in r.takes:
            symbols.wire(g, [(x + w / 2, y + h + GAP - 1), (x + w / 2, y + h + 1)], "gradient", 1.3, None, 6)
    x, y, w, h = cell.card.box
    first, last = row_box(cell, 0), row_box(cell, len(cell.rows) - 1)
    if cell.rows[0].takes_gradient:
        symbols.wire(g, [(cell.card.x, y + h), (cell.card.x, first[1] + ROW + 1)], "gradient", 1.3, None, 6)
    if goes_up(cell, cell.rows[-1]):
        g.line((cell.card.x, last[1]), (cell.card.x, y), stroke="gradient", line=1.3)
    for k, (source, sinks, up) in enumerate(cell.rails):
        _paint_rail(g, cell, k, source, sinks, up)


def _paint_rail(g: Group, cell: Cell, k: int, source: int, sinks: list[int], up: bool) -> None:
    _, y, _, h = cell.card.box
    at = row_box(cell, 0)[0] + row_box(cell, 0)[2] + RAIL * (k + 1)
    ends: list[Point] = []
    if source == ARRIVES:
        low = y + h - 8
        g.line((cell.card.x, y + h), (cell.card.x, low), (at, low), stroke="gradient", line=1.3)
    else:
        box = row_box(cell, source)
        low = box[1] + ROW / 2 - 6
        g.line((box[0] + box[2], low), (at, low), stroke="gradient", line=1.3)
    for j in sinks:
        box = row_box(cell, j)
        ends.append((box[0] + box[2], box[1] + ROW / 2 + (5 if source != ARRIVES else 0)))
    high = y + 8 if up else min(p[1] for p in ends)
    g.line((at, low), (at, high), stroke="gradient", line=1.3)
    for p in ends:
        symbols.wire(g, [(at, p[1]), (p[0] + 1, p[1])], "gradient", 1.3, None, 6)
    if up:
        g.line((at, high), (cell.card.x, high), (cell.card.x, y), stroke="gradient", line=1.3)


def _paint_pills(parent: Group, g: Group, cell: Cell, style: Style) -> None:
    """The gradients of the parameters that hang on the unit."""
    for pill, (x, y, w, h) in zip(cell.card.unit.pills, cell.card.pill_boxes(), strict=True):
        if not pill.value.requires_grad:
            continue
        sources = [i for i, r in enumerate(cell.rows) if pill.value.id in r.leaves]
        told = style.words("gradient of", pill.value.name or pill.name, shape_text(pill, style))
        own = parent.group(f"b-{pill.id}", "tensor gradient", told, (x, y, w, h))
        own.rect(x, y, w, h, h / 2, fill="gradient-paper", stroke="gradient", line=1.1)
        middle = y + h / 2 + 4.5
        sizes = shape_text(pill, style)
        runs = (*mathematics("∂", "gradient", 1.1), *pill_name(pill))
        own.text(x + 15, middle, shortened(runs, w - 40 - text_width(sizes, 11.5), 14.5), 14.5)
        own.text(x + w - 15, middle, sizes, 11.5, ink="gradient", anchor="end")
        left, top, _, high = cell.card.box
        begin = (left, min(max(y + h / 2, top + 8), top + high - 8))
        if sources:
            row = row_box(cell, sources[0])
            begin = (row[0], row[1] + ROW / 2)
        _swing(g, begin, (x + w + 1.5, y + h / 2))


def _swing(g: Group, a: Point, b: Point) -> None:
    """From a row's left end to a pill's right end."""
    track = Track((-a[0], a[1]))  # mirrored: a bend runs to the right
    track.bend((-b[0] - 6, b[1]), axis=0)
    track.line((-b[0], b[1]))
    symbols.wire(g, [(-px, py) for px, py in track.points], "gradient", 1.3, None, 6)
