"""Where everything of a circuit is: wires with their operations, edges with their chips, module panels.

Ranks come from the layout engine; heights are refined here, because an engine aligns an operation with one argument and
never between two.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..canvas.geometry import Space, Track, at_length, bounds, overlap, spread
from ..canvas.metrics import text_width
from ..canvas.scene import Box, Point, Run, runs_width
from ..canvas.text import mathematics, name_runs
from ..layout.place import place
from ..layout.request import Frame as FrameSpec
from ..layout.request import Link, Node, Placement, Request
from ..view.local_gradients import derivatives_through, local_derivatives
from ..view.progress import COMPLETE, Stage
from ..view.style import LOSSES, Style, losses_in
from ..view.view import Edge, Panel, Unit, View, gradient_by, gradient_of, number_of
from .symbols import derivative_text, symbol_width

R = 17.0  # of an operation's circle
WIRE = 54.0  # the shortest wire behind it
ABOVE, BELOW = 24.0, 24.0  # room for the numbers at a wire
MOST_TERMS = 3  # of a sum written out at a wire
MANY_LEAVES = 12  # up to so many leaves stand in one column at the left


@dataclass(slots=True)
class Wire:
    """A unit of the circuit with its wire: what stands at it and where it is. `x` is its left end, `y` the wire's
    height."""

    unit: Unit
    head: float  # length of the circle, or of the name
    wire: float
    above: str
    below: tuple[Run, ...]
    symbolic: tuple[Run, ...] = ()
    after: float = 0.0  # the name behind an output's wire
    x: float = 0.0
    y: float = 0.0

    @property
    def length(self) -> float:
        return self.head + self.wire

    @property
    def end(self) -> float:
        return self.x + self.length

    @property
    def up(self) -> float:
        return ABOVE + (16 if self.unit.works and self.unit.outputs and self.unit.outputs[0].name else 0)

    @property
    def down(self) -> float:
        return BELOW + (16 if self.symbolic else 0)

    def box(self) -> Box:
        half = max(0.0, runs_width(self.symbolic, 13) / 2 - self.head / 2)
        return self.x - half, self.y - self.up, self.length + half + self.after, self.up + self.down


@dataclass(slots=True)
class Line:
    """One wire with the local derivative written on it."""

    edge: Edge
    local: float | None
    track: Track
    chip: Point = (0.0, 0.0)
    shown: bool = True  # is there room for the chip?
    bend: list[Point] = field(default_factory=list)


class Circuit:
    """A graph over plain numbers, measured, placed and routed."""

    def __init__(self, view: View, style: Style, engine: str) -> None:
        self.view, self.style = view, style
        self.words = style.words
        style.losses = losses_in(view.graph) if style.backward else ()
        self.locals = self.local_derivatives() if style.backward else {}
        self.wires = {u.id: self.measure(u) for u in view.units}
        names = [w.head for w in self.wires.values() if w.unit.kind == "input"]
        for w in self.wires.values():  # leaves end in one line
            if w.unit.kind == "input":
                w.head = max(names)
        chips = [text_width("×" + style.words.value(d, style.precision), 10.5) + 14 for d in self.locals.values() if d is not None]
        forks = max((e.branches for e in view.edges), default=1)  # where many wires part, their chips need room
        room = max([54.0, *(c + 18 for c in chips)]) + 8 * min(max(forks - 2, 0), 6)
        self.rank_gap = room if style.backward else 44.0
        for widening in (1.0, 1.5, 1.5):  # until every chip has a place of its own
            self.rank_gap *= widening
            placed = self.place(engine)
            self.settle(placed)
            self.lines = self.route(placed)
            if all(line.shown for line in self.lines):
                break

    # ------------------------------------------------------------------------------------------------- measuring
    def local_derivatives(self) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        for unit in {id(e.head): e.head for e in self.view.edges}.values():
            if unit.folded:
                through = derivatives_through(self.view.graph, unit.steps)
                found.update({e.id: through.get(e.value.id) for e in self.view.edges if e.head is unit})
            if unit.kind != "op":
                continue
            step = unit.steps[0]
            given = dict(enumerate(local_derivatives(self.view.graph, step)))
            edges = [e for e in self.view.edges if e.head is unit]
            for e in edges:  # an operation may take one value twice: its edges take the derivatives in turn
                at = next((i for i, d in given.items() if step.inputs[i] == e.value.id), None)
                found[e.id] = given.pop(at) if at is not None else None
        return found

    def measure(self, u: Unit) -> Wire:
        out = u.outputs[0]
        number = number_of(out)
        above = "" if number is None else self.words.value(number, self.style.precision)
        below = self.gradient_text(u) if self.style.backward else ()
        wire = max(WIRE, text_width(above, 13, "bold") + 16, runs_width(below, 13) + 16)
        if u.kind == "input":
            return Wire(u, runs_width(name_runs(u.title), 19) + 8, wire, above, below)
        symbolic = derivative_text(u) if self.style.backward else ""
        runs = mathematics(f"∂ = {symbolic}", "muted") if symbolic else ()
        if u.folded:
            count = self.words.operations(len(u.steps) // max(1, len(u.copies)))
            runs = (Run(self.words("each", count) if u.copies else count, "sans", "muted", 0.85),)
        after = runs_width(name_runs(self.end_name(u)), 19) + 8 if u in self.ends() else 0.0
        return Wire(u, symbol_width(u, 2 * R), wire, above, below, runs, after)

    def gradient_text(self, u: Unit, stage: Stage = COMPLETE) -> tuple[Run, ...]:
        """The gradient at a wire, as far as it has arrived; where the wire branches, the sum of what the branches bring."""
        gradient = gradient_of(u.outputs[0])
        if self.style.losses:
            return self.of_losses(u)
        branches = [e for e in self.view.edges if e.tail is u]
        here = [e for e in branches if stage.has_share(e)]
        if gradient.state in ("none", "missing") or not (here if branches else stage.has_begun_back()):
            return ()
        parts = [self.share(e) for e in here]
        few = len(branches) <= MOST_TERMS
        if len(here) < len(branches):
            if any(p is None for p in parts):
                return ()
            text = self.words.value(sum(p for p in parts if p is not None), self.style.precision) + (" + …" if few else "")
            return (Run(text, "sans", "gradient"),)
        text = self.words.value(number_of_gradient(u), self.style.precision)
        if not few:
            text = f"Σ {text}"
        elif len(parts) > 1 and all(p is not None for p in parts):
            shown = [self.words.value(p, self.style.precision) for p in parts if p is not None]
            text = " + ".join(f"({s})" if i and s.startswith("−") else s for i, s in enumerate(shown)) + f" = {text}"
        return (Run(text, "sans", "gradient"),)

    def of_losses(self, u: Unit) -> tuple[Run, ...]:
        """The gradient of each of several losses at a wire, in its ink and with its number."""
        runs: list[Run] = []
        for k, (ink, _) in enumerate(LOSSES[: len(self.style.losses)]):
            grad = gradient_by(u.outputs[0], k)
            if grad is not None:
                value = self.words.value(float(grad), self.style.precision)
                runs += [Run("  "), Run(value, "sans", ink), Run(str(k + 1), "serif", ink, 0.75, -0.22)]
        return tuple(runs[1:])

    def share(self, e: Edge) -> float | None:
        """What one edge hands back: the gradient behind its operation times the local derivative (of the only loss)."""
        local = self.locals.get(e.id)
        if self.style.losses or local is None or e.head.outputs[0].grad is None:
            return None
        return float(local) * number_of_gradient(e.head)

    # ------------------------------------------------------------------------------------------------- places
    def place(self, engine: str) -> Placement:
        """Ranks run to the right: the layout, which knows only downwards, gets sizes turned by a quarter."""
        leaves = [w for w in self.wires.values() if w.unit.kind == "input"]
        column = [w.unit.id for w in self.in_reading_order(leaves)] if 1 < len(leaves) <= MANY_LEAVES else []
        nodes = [Node(w.unit.id, w.up, w.down, w.length, w.unit.panel.id if w.unit.panel else None) for w in self.wires.values()]
        main = {e.id for e in self.view.edges if e.tail.works}
        links = [Link(e.tail.id, e.head.id, 6 if e.id in main else 2) for e in self.view.edges]
        frames = [FrameSpec(p.id, p.parent.id if p.parent else None) for p in self.view.panels]
        return place(Request(nodes, links, frames, node_gap=16.0, rank_gap=self.rank_gap, first_rank=column), engine)

    def in_reading_order(self, leaves: Sequence[Wire]) -> list[Wire]:
        """Leaves as the expression names them, from left to right."""
        into: dict[str, list[Edge]] = {}
        for e in self.view.edges:
            into.setdefault(e.head.id, []).append(e)
        tails = {e.tail.id for e in self.view.edges}
        stack = [u for u in reversed(self.view.units) if u.id not in tails]
        order: dict[str, None] = {}
        seen: set[str] = set()
        while stack:
            unit = stack.pop()
            if unit.id in seen:
                continue
            seen.add(unit.id)
            if unit.kind == "input":
                order[unit.id] = None
            stack += [e.tail for e in reversed(into.get(unit.id, []))]
        return sorted(leaves, key=lambda w: list(order).index(w.unit.id))

    def settle(self, placed: Placement) -> None:
        """Turn the positions, put each operation at the mean height of its arguments, and keep long wires straight."""
        ranks: dict[float, list[Wire]] = {}
        for w in self.wires.values():
            across, along = placed.nodes[w.unit.id]
            w.y = across
            ranks.setdefault(round(along, 0), []).append(w)
        for along, group in ranks.items():
            longest = max(w.length for w in group)
            for w in group:
                w.x = along - longest / 2 + (longest - w.length if w.unit.kind == "input" else 0.0)
        before = {id: w.y for id, w in self.wires.items()}
        vias = [list(v) for v in placed.vias]
        self.refine(placed, ranks)
        if self.panels_collide():
            placed.vias[:] = vias
            for id, y in before.items():
                self.wires[id].y = y

    def refine(self, placed: Placement, ranks: dict[float, list[Wire]]) -> None:
        """Rank by rank, least squares: an operation wants the mean of where its arguments arrive, a passing wire no
        bend."""
        edges = self.view.edges
        for along in sorted(ranks):
            passing = [(i, k) for i, vias in enumerate(placed.vias) for k, (_, a, b) in enumerate(vias) if abs((a + b) / 2 - along) < 2]
            items: list[tuple[float, float, float, Wire | tuple[int, int]]] = []  # (order, up, down, what)
            items += [(w.y, w.up, w.down, w) for w in ranks[along]]
            items += [(placed.vias[i][k][0], 9.0, 9.0, (i, k)) for i, k in passing]
            items.sort(key=lambda t: t[0])
            wishes, weights = [], []
            for y, _, _, what in items:
                if isinstance(what, Wire):
                    arriving = [self.arrival(placed, i) for i, e in enumerate(edges) if e.head is what.unit]
                    wishes.append(sum(arriving) / len(arriving) if arriving else y)
                    weights.append(1.0)
                else:
                    i, k = what
                    wishes.append(placed.vias[i][k - 1][0] if k else self.wires[edges[i].tail.id].y)
                    weights.append(2.0)
            gaps = [a[2] + b[1] + 4 for a, b in itertools.pairwise(items)]
            for (_, _, _, what), y in zip(items, spread(wishes, gaps, weights), strict=True):
                if isinstance(what, Wire):
                    what.y = y
                else:
                    i, k = what
                    placed.vias[i][k] = (y, *placed.vias[i][k][1:])

    def arrival(self, placed: Placement, i: int) -> float:
        """At which height an edge comes to its head."""
        return placed.vias[i][-1][0] if placed.vias[i] else self.wires[self.view.edges[i].tail.id].y

    def panels_collide(self) -> bool:
        boxes = {p.id: self.frame(p) for p in self.view.panels}
        for p in self.view.panels:
            inside = {u.id for u in p.all_units()}
            if any(overlap(boxes[p.id], w.box()) for id, w in self.wires.items() if id not in inside):
                return True
            family = {q.id for q in p.panels}
            if any(
                overlap(boxes[p.id], boxes[q.id]) for q in self.view.panels if q.parent is p.parent and q is not p and q.id not in family
            ):
                return True
        return False

    def frame(self, p: Panel) -> Box:
        x, y, w, h = bounds([self.wires[u.id].box() for u in p.units] + [self.frame(q) for q in p.panels])
        return x - 16, y - 30, w + 32, h + 40

    # ------------------------------------------------------------------------------------------------- lines and chips
    def route(self, placed: Placement) -> list[Line]:
        lines = []
        arriving: dict[str, int] = {}
        for e in self.view.edges:
            arriving[e.head.id] = arriving.get(e.head.id, 0) + 1
        for e, vias in zip(self.view.edges, placed.vias, strict=True):
            tail, head = self.wires[e.tail.id], self.wires[e.head.id]
            track = Track((tail.end, tail.y))
            for y, a, b in vias:
                self.turn(track, (a, y), a)
                track.line((max(b, track.end[0]), y))
            same = [x for x in self.view.edges if x.head is e.head and x.tail is e.tail]
            shift = (same.index(e) - (len(same) - 1) / 2) * 21 if len(same) > 1 else 0.0  # x·x: two edges, not one
            line = Line(e, self.locals.get(e.id), track)
            goal = (head.x + R - math.sqrt(max(0.0, R * R - shift * shift)), head.y + shift)
            track.line((max(track.end[0], goal[0] - self.rank_gap), track.end[1]))
            start = len(track.points) - 1
            if shift:  # part at once, so that each has room for its chip
                track.bend((track.end[0] + 12, goal[1]), axis=0)
                start = len(track.points) - 1
            track.bend(goal, axis=0)
            line.bend = track.points[start:]
            lines.append(line)
        self.place_chips(lines)
        return lines

    def turn(self, track: Track, to: Point, limit: float) -> None:
        """To another height over the last stretch before `limit`."""
        if abs(to[1] - track.end[1]) > 0.5:
            track.line((max(track.end[0], limit - self.rank_gap), track.end[1]))
            track.bend(to, axis=0)

    def place_chips(self, lines: Sequence[Line]) -> None:
        """On the last bend, in the middle where that is free of chips and of numbers, else further from the head."""
        space = Space()
        for wire in self.wires.values():
            space.take((wire.x, wire.y - 20, wire.length, 40))
            half = runs_width(wire.symbolic, 13) / 2
            space.take((wire.x + wire.head / 2 - half, wire.y + R + 7, 2 * half, 14))
        for line in lines:
            if line.local is None:
                continue
            w = self.chip_width(line)
            whole = sum(math.dist(a, b) for a, b in itertools.pairwise(line.track.points))
            spots = [at_length(line.bend, s)[0] for s in (0.47, 0.4, 0.55, 0.33, 0.62)]
            back = list(range(int(w / 2) + 10, int(min(whole - w / 2, 3 * self.rank_gap)), 9))
            spots += [at_length(line.track.points, 1 - d / whole)[0] for d in back]
            free = next(((x, y) for x, y in spots if not space.hits((x - w / 2, y - 8.5, w, 17), 1)), None)
            line.shown = free is not None  # else the edge's title alone has its number
            if free is not None:
                line.chip = free
                space.take((free[0] - w / 2, free[1] - 8.5, w, 17))

    def chip_width(self, line: Line) -> float:
        return text_width("×" + self.words.value(line.local or 0.0, self.style.precision), 10.5) + 13

    def move(self, dx: float, dy: float) -> None:
        for w in self.wires.values():
            w.x, w.y = w.x + dx, w.y + dy
        for n in self.lines:
            n.track.moved(dx, dy)
            n.chip = (n.chip[0] + dx, n.chip[1] + dy)

    def ends(self) -> list[Unit]:
        return [u for u in self.view.units if u.outputs and u.outputs[0].id in self.view.graph.outputs and u.kind != "input"]

    def end_name(self, u: Unit) -> str:
        return u.outputs[0].name or ("f" if len(self.ends()) == 1 else f"f_{self.ends().index(u) + 1}")


def number_of_gradient(u: Unit) -> float:
    """The gradient of a unit's number, with its sign."""
    return float(u.outputs[0].grad)
