"""The backward pass beside the forward pass: the same layout twice, node for node, the left one read downwards, the right one
upwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..canvas import symbols
from ..canvas.geometry import bounds
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Run, Scene
from ..canvas.text import mathematics, name_runs, shape
from ..layout.fit import Arrangement, Fit
from ..view.style import Style
from ..view.view import Unit, View, number_of
from .backward_walk import Walk
from .cards import Card, told_gradient
from .cells import MOST_ROWS, Cell, cells_of, paint_cell
from .figure import DOWN, Figure, Unfit
from .placement import Layout, gaps_of, lay_out
from .routes import Route, occupied
from .wrapped import Columns, columns_of, in_pieces, lay_out_columns

BETWEEN = 70.0, 44.0  # the two pictures, and where there is little room
CLOSE = (22.0, 20.0)  # between cards of a rank, and between ranks, where there is little room


@dataclass(frozen=True, slots=True)
class Twice:
    """How a view and its backward pass are laid out: in how many columns either, how many operations of a rule are shown one by one, and
    whether the cards stand close, the legend where the figure fits best."""

    columns: int = 1
    rules: int = MOST_ROWS
    close: bool = False

    @property
    def between(self) -> float:
        return BETWEEN[self.close]

    @property
    def gaps(self) -> tuple[float, float]:
        return CLOSE if self.close else gaps_of(DOWN, False)


def backward_figure(view: View, walk: Walk, style: Style, title: str, subtitle: str, how: Twice = Twice(), fit: Fit | None = None) -> Scene:
    """Draw a view and its backward pass."""
    return _Figure(view, walk, style, title, subtitle, how).scene(fit if how.close else None)


class _Figure(Figure):
    def __init__(self, view: View, walk: Walk, style: Style, title: str, subtitle: str, how: Twice) -> None:
        self.walk, self.twice = walk, how
        super().__init__(view, style, title, subtitle, "auto", Arrangement("down", how.columns))

    def place(self, engine: str) -> None:
        """One layout, of boxes that hold either side."""
        self.cells = cells_of(self.view.units, self.walk, self.cards, self.style, self.twice.rules)
        rooms = rooms_of(self.cards, self.cells)
        layout = self.laid_out(rooms, engine)
        right = bounds([c.whole() for c in rooms.values()] + list(layout.frames.values()))
        self.aside = right[0] + right[2] + self.twice.between - symbols.MARGIN
        for id, room in rooms.items():
            self.cards[id].x, self.cards[id].y = room.x, room.y
            if id in self.cells:
                self.cells[id].card.x, self.cells[id].card.y = room.x, room.y
        self.frames, self.routes = layout.frames, layout.routes(self.cards, 20.0)
        known = {id: self.cells[id].card if id in self.cells else card for id, card in rooms.items()}
        self.back = [r for r in layout.routes(known, 20.0) if self.flows_back(r)]
        for r in self.back:
            r.track.moved(self.aside, 0.0)
        for cell in self.cells.values():
            cell.card.x += self.aside

    def laid_out(self, rooms: dict[str, Card], engine: str) -> Layout | Columns:
        """Of the boxes, in one column or in several."""
        if self.arrangement.columns == 1:
            return lay_out(self.view, rooms, self.header_width, self.twice.gaps, engine)
        columns = columns_of(self.view, rooms, self.arrangement.columns, self.twice.gaps[1], False)
        if columns is None:
            raise Unfit
        self.view, parts = in_pieces(self.view, columns)
        for u in self.view.units:
            self.cards[u.id].unit = rooms[u.id].unit = u
            if u.id in self.cells:
                back = self.cells[u.id].card
                back.unit = replace(u, pills=back.unit.pills)
        return lay_out_columns(self.view, parts, rooms, self.header_width, self.twice.gaps, engine, False)

    def flows_back(self, r: Route) -> bool:
        return r.edge.value.requires_grad and {r.edge.tail.id, r.edge.head.id} <= self.cells.keys()

    # ------------------------------------------------------------------------------------------------- drawing
    def paint_all(self, scene: Scene) -> tuple[float, float]:
        right, bottom = super().paint_all(scene)
        scene.text(symbols.MARGIN, symbols.HEADING - 1, self.words("forward pass"), 12.5, "bold", "forward")
        scene.text(symbols.MARGIN + self.aside, symbols.HEADING - 1, self.words("backward pass"), 12.5, "bold", "gradient")
        panels, edges, nodes, labels = scene.group(), scene.group(), scene.group(), scene.group()
        for p in self.view.panels:
            x, y, w, h = self.frames[p.id]
            if not any(u.id in self.cells for u in p.all_units()):
                continue
            x += self.aside
            g = panels.group(f"b-{p.id}", "module", f"{p.name}: {p.kind}, {self.words('backward pass')}", (x, y, w, h))
            g.rect(x, y, w, h, 10, fill="panel2" if p.depth % 2 else "panel", stroke="hair")
            if not any(a < x + 20 + text_width(p.name, 12.5, "bold") and b > x for a, b in self.crossing_back(y + 6, y + 28)):
                g.text(x + 13, y + 21, p.name, 12.5, "bold", "muted")
        boxes = [c.card.whole() for c in self.cells.values()] + [(x + self.aside, y, w, h) for x, y, w, h in self.frames.values()]
        occupied(self.back, self.space, 3)
        for cell in self.cells.values():
            self.solid.take(cell.card.whole())
        for r in self.back:
            self.paint_back(edges, labels, r)
        for cell in self.cells.values():
            if cell.card.unit.works:
                paint_cell(nodes, cell, self.style)
            else:
                self.paint_end(nodes, cell)
        boxes += [t.box() for _, t in labels.walk() if hasattr(t, "runs")]
        for box in boxes:  # nothing else may stand there
            self.solid.take(box)
        boxes += [(x, y, 1.0, 0.0) for r in self.back for x, y in r.track.points]
        x, y, w, h = bounds(boxes)
        return max(right, x + w), max(bottom, y + h)

    def crossing_back(self, top: float, bottom: float) -> list[tuple[float, float]]:
        points = [(a, b) for r in self.back for a, b in zip(r.track.points, r.track.points[1:], strict=False)]
        return [(min(a[0], b[0]), max(a[0], b[0])) for a, b in points if min(a[1], b[1]) <= bottom and max(a[1], b[1]) >= top]

    def paint_back(self, edges: Group, labels: Group, r: Route) -> None:
        """A gradient on its way up, as wide as the logarithm of its norm."""
        e, flow = r.edge, self.style.gradient(r.edge.value)
        sizes = shape(e.value.shape, self.words("scalar"))
        told = f"∂ {e.head.title or e.head.copy_kind} → ∂ {e.tail.title or e.tail.copy_kind}: {sizes}"
        if flow.state == "flows":
            told += f"; {told_gradient(flow, self.words)}"
        g = edges.group(f"b-{e.id}", "edge back", told, head=e.head.id, tail=e.tail.id)
        symbols.wire(g, r.track.points[::-1], "gradient", 1.6)
        (x, y), (_, below) = r.track.points[-1], r.track.points[-2]
        if flow.state == "flows" and e.branches == 1 and y - below > 16:
            number, high = self.words.norm(flow.norm), (y + below) / 2 + 4
            wide = text_width(number, 11)
            for left in (x + 7, x - 7 - wide):  # beside its line, and on no other
                box = (left, high - 9, wide, 11.0)
                if not self.space.hits(box, 1.0) and not self.solid.hits(box, 1.0):
                    labels.text(left, high, number, 11, ink="gradient")
                    self.space.take(box)
                    break

    def paint_end(self, parent: Group, cell: Cell) -> None:
        """The gradient 1 of the output, and those of inputs."""
        unit, (x, y, w, h) = cell.card.unit, cell.card.box
        runs, said = self.end_runs(unit)
        g = parent.group(f"b-{unit.id}", "tensor gradient", said, cell.card.box)
        g.rect(x, y, w, h, h / 2, fill="gradient-paper", stroke="gradient", line=1.2)
        g.text(cell.card.x, cell.card.y + 4.6, runs, 13, anchor="middle")

    def end_runs(self, unit: Unit) -> tuple[tuple[Run, ...], str]:
        value = unit.outputs[0] if unit.outputs else self.view.graph.values[self.view.graph.outputs[0]]
        name = (*mathematics("∂", "gradient", 1.2), *name_runs(unit.title, "ink", 1.2))
        seed = unit.kind in ("loss", "output")
        text = self.words.figure(1.0) if seed and number_of(value) is not None else shape(value.shape, self.words("scalar"))
        return (*name, Run("   ", "sans"), Run(text, "sans", "gradient")), self.words("gradient of", unit.title, text)

    # ------------------------------------------------------------------------------------------------- words
    def legend(self) -> list[symbols.Entry]:
        def sample(g: Group, x: float, y: float) -> None:
            symbols.wire(g, [(x + 40, y), (x, y)], "gradient", 1.6)

        def operation(g: Group, x: float, y: float) -> None:
            g.rect(x, y - 11, 40, 22, 5, fill="gradient-paper")
            g.rect(x + 5, y - 6, 30, 12, 3, fill="card", stroke="dark", line=1.1)

        def end(g: Group, x: float, y: float) -> None:
            g.rect(x, y - 9, 40, 18, 9, fill="gradient-paper", stroke="gradient", line=1.2)

        def folded(g: Group, x: float, y: float) -> None:
            g.rect(x, y - 9, 40, 18, 5, fill="card", stroke="gradient", line=1.1)

        words = self.words
        own = [symbols.Entry(sample, (Run(words("gradient up"), "sans", "muted"),), gap=10)]
        if any(cell.rows for cell in self.cells.values()):
            own.append(symbols.Entry(operation, (Run(words("rule of"), "sans", "muted"),), 27.0))
        if any(cell.folded for cell in self.cells.values()):
            own.append(symbols.Entry(folded, (Run(words("rules folded"), "sans", "muted"),)))
        own.append(symbols.Entry(end, (Run(words("gradient of leaf"), "sans", "muted"),)))
        return [*super().legend(), *own]

    def description(self) -> str:
        told = [super().description(), self.words("backward pass") + ":"]
        for id, cell in self.cells.items():
            names = ", ".join(r.step.name for r in cell.rows) or (
                self.words.operations(cell.folded) if cell.folded else self.words("passes")
            )
            told.append(f"∂ {self.cards[id].unit.title or self.cards[id].unit.copy_kind}: {names}.")
        return " ".join(told)


def rooms_of(cards: Mapping[str, Card], cells: Mapping[str, Cell]) -> dict[str, Card]:
    """Boxes that hold a card and, at its place in the other picture, its cell."""
    return {id: _room(card, cells.get(id)) for id, card in cards.items()}


def _room(card: Card, cell: Cell | None) -> Card:
    if cell is None:
        return replace(card)
    return replace(card, width=max(card.width, cell.card.width), height=max(card.height, cell.card.height))
