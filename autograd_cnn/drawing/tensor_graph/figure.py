"""The figure of a tensor graph: operations as cards from top to bottom, module panels, parameters at the side; with the
backward pass, a second lane on every edge, as wide as the logarithm of its gradient's norm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import Any

from ..canvas import symbols
from ..canvas.geometry import Space, at_length, bounds, overlap, parallel
from ..canvas.metrics import shorten_middle
from ..canvas.scene import Box, Group, Point, Run, Scene, runs_width, shortened
from ..canvas.text import Words
from ..layout.fit import Arrangement, Fit
from ..view.style import LOSSES, Style, losses_in
from ..view.view import Gradient, Panel, View, leaves_only, size_of, summary
from .card_painting import paint
from .cards import INSET, Card, copy_gradients, exact, measure, output_text, pill_arrows, pill_gradient, told_gradient
from .flows import Flow, Flows
from .legend import legend_entries
from .losses import BESIDE
from .placement import LANE, gaps_of, lay_out
from .routes import Route, occupied
from .u_shape import lay_out_u, levels_of
from .wrapped import columns_of, in_pieces, lay_out_columns

Runs = tuple[Run, ...]
BAND = 96.0
SIDE = 13.0  # between two lines that end at one side of a card
LEAST_NAME = 60.0  # so much room a name needs to be shortened into it
LONGEST_NAME = 150.0  # pixels of a module's name in its panel's header
DOWN = Arrangement()


def tensor_figure(
    view: View, style: Style, title: str, subtitle: str, engine: str = "auto", arrangement: Arrangement = DOWN, fit: Fit | None = None
) -> Scene:
    """Draw a view of a graph over tensors. `fit`: the legend stands under the graph if the figure fits only so."""
    return Figure(view, style, title, subtitle, engine, arrangement).scene(fit)


def settle(style: Style, view: View) -> dict[str, Any]:
    """What a style is to know of a view's graph before a card is measured; the graph's facts."""
    facts = summary(view)
    style.dtype, style.values = facts["dtype"], view.graph.values
    style.leaves_only = leaves_only(view.graph)
    style.losses = losses_in(view.graph) if style.backward else ()
    style.shows_kept = bool(facts["kept"]) or any(s.keeps for s in view.graph.steps)
    if style.leaves_only:  # nothing is known of outputs
        style.norms = "parameters"
    return facts


class Unfit(Exception):
    """A graph cannot be laid out in this arrangement."""


class Figure:
    """A view measured, placed and routed; `scene` paints it."""

    def __init__(self, view: View, style: Style, title: str, subtitle: str, engine: str, arrangement: Arrangement = DOWN) -> None:
        self.view, self.style, self.title, self.subtitle = view, style, title, subtitle
        self.arrangement = arrangement
        self.words = style.words
        self.facts = settle(style, view)
        self.flows: dict[str, Flow] = {}
        if style.backward:
            flows = Flows(view, style)
            self.flows, style.lanes = flows.of_edges, flows.norms()
        style.scale = symbols.LaneScale.of(style.lanes)
        decks = [u for u in view.units if u.kind == "deck"] if style.backward else []
        style.bars = symbols.LaneScale.of([g.norm for u in decks for g in copy_gradients(u, style)])
        self.cards = {c.unit.id: c for c in measure(view.units, style, above=arrangement.right)}
        if arrangement.right and not arrangement.shape:
            self.give_sides()
        self.place(engine)
        self.space, self.solid = Space(), Space()  # lines and writing, which a halo can cross; cards, which nothing can
        self.summed: set[int] = set()
        self.bands: dict[int, list[tuple[float, float, float, float]]] = {}  # pieces of lines (left, right, top, bottom), by height
        for r in self.routes:
            for (x0, y0), (x1, y1) in pairwise(r.track.points):
                for k in range(int(y0 // BAND), int(y1 // BAND) + 1):
                    self.bands.setdefault(k, []).append((min(x0, x1), max(x0, x1), y0, y1))

    def give_sides(self) -> None:
        """Where lines end at the sides of cards, cards are as high as those need be."""
        ends = Counter(id for e in self.view.edges for id in ((e.tail.id, "out"), (e.head.id, "in")))
        for (id, _), count in ends.items():
            if count > 2:
                self.cards[id].height = max(self.cards[id].height, 2 * INSET + SIDE * (count - 1))

    def place(self, engine: str) -> None:
        how, two_lanes = self.arrangement, self.style.backward
        gaps = gaps_of(how, two_lanes)
        layout: Any
        if how.shape == "U":
            levels = levels_of(self.view)
            layout = levels and lay_out_u(self.view, levels, self.cards, self.header_width, two_lanes)
            if layout is None:
                raise Unfit
        elif how.columns > 1:
            columns = columns_of(self.view, self.cards, how.columns, gaps[1], how.right)
            if columns is None:
                raise Unfit
            self.view, parts = in_pieces(self.view, columns)
            for u in self.view.units:
                self.cards[u.id].unit = u
            layout = lay_out_columns(self.view, parts, self.cards, self.header_width, gaps, engine, how.right)
        else:
            layout = lay_out(self.view, self.cards, self.header_width, gaps, engine, how.right)
        self.frames, self.routes = layout.frames, layout.routes(self.cards, 30.0 if two_lanes and not how.right else 20.0)

    # ------------------------------------------------------------------------------------------------- headers
    def header_runs(self, p: Panel) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
        called, kind = (shorten_middle(text, LONGEST_NAME, 12.5, "bold") for text in (p.name, p.kind))
        name = (Run(called, "bold"),) if p.name == p.kind else (Run(called, "bold"), Run(f"  {kind}", "sans", "muted"))
        count = size_of(p.parameters.values())
        return name, (Run(self.words.parameters(count), "sans", "parameter", 0.92),) if count else ()

    def header_width(self, p: Panel) -> float:
        name, count = self.header_runs(p)
        return runs_width(name, 12.5) + runs_width(count, 12.5) + 64

    # ------------------------------------------------------------------------------------------------- drawing
    def scene(self, fit: Fit | None = None) -> Scene:
        facts = {name: self.facts[name] for name in ("operations", "parameters", "frozen", "held", "kept")}
        scene = Scene(title=self.title, name="graph", lang=self.words.lang, desc=self.description(), data=facts)
        wide = symbols.heading(scene, self.title, self.subtitle)
        right, bottom = self.paint_all(scene)
        entries = self.legend()
        size = symbols.legend_size(self.words("reading"), entries)
        head, margin = symbols.HEADING, symbols.MARGIN
        scene.width = max(right + 40 + size[0], margin + wide) + margin
        scene.height = max(bottom, head + size[1]) + margin
        group = scene.group(f"{scene.name}-legend", "legend")
        if fit is not None and not fit.holds(fit.of_scene(scene)):
            free = self.free_place((margin, head + 8, right - margin, bottom - head - 8), size)
            columns = symbols.legend_columns(self.words("reading"), entries, right - margin)
            under = 0.0 if free is not None else 34 + columns.height
            smaller = max(right, margin + wide) + margin, bottom + under + margin
            if fit.text(*smaller) > fit.text(scene.width, scene.height):
                scene.width, scene.height = smaller
                if free is None:
                    columns.paint(group, margin, bottom + 34)
                else:
                    symbols.legend(group, free[0], free[1] + 12, self.words("reading"), entries)
                return scene
        symbols.legend(group, right + 40, head + 8, self.words("reading"), entries)
        return scene

    def free_place(self, room: Box, size: tuple[float, float]) -> Point | None:
        """Where a box of this size meets nothing that is painted, as far down and to the right as can be."""
        x, y, w, h = room
        wide, high = size
        frames = list(self.frames.values())
        for down in range(int(max(0.0, h - high)) // 12 + 1):
            for left in range(int(max(0.0, w - wide)) // 24 + 1):
                box = (x + w - wide - 24 * left, y + h - high - 12 * down, wide, high)
                if box[0] < x or box[1] < y or self.solid.hits(box, 18) or self.space.hits(box, 18):
                    continue
                if not any(overlap(box, f, 18) for f in frames):
                    return box[0], box[1]
        return None

    def legend(self) -> list[symbols.Entry]:
        states = {f.gradient.state for f in self.flows.values() if not f.by_loss}
        states |= {g.state for f in self.flows.values() for g in f.by_loss}
        return legend_entries(self.view, self.style, states, any(f.whole and not f.by_loss for f in self.flows.values()))

    def paint_all(self, scene: Scene) -> tuple[float, float]:
        """Paint everything but heading and legend; how far it reaches to the right and down."""
        panels, edges, nodes, labels = scene.group(), scene.group(), scene.group(), scene.group()
        for p in self.view.panels:
            self.paint_panel(panels, p)
        for c in self.cards.values():
            paint(nodes, c, self.style)
            self.paint_arrows(edges, c)
            for box in (c.box, *c.pill_boxes(), *c.measure_boxes()):
                self.solid.take(box)
        occupied(self.routes, self.space, LANE + 4 if self.style.backward else 3)
        self.paint_headers(panels)
        self.paint_module_names(labels)
        for x, y, w, h in self.frames.values():  # numbers keep off the panels' borders too
            for edge in ((x, y - 1, w, 2.0), (x, y + h - 1, w, 2.0), (x - 1, y, 2.0, h), (x + w - 1, y, 2.0, h)):
                self.space.take(edge)
        for r in self.routes:
            self.paint_route(edges, r)
        for r in self.routes:
            self.label(labels, r)
        boxes = [c.whole() for c in self.cards.values()] + list(self.frames.values())
        boxes += [t.box() for _, t in labels.walk() if hasattr(t, "runs")]
        boxes += [(x - LANE, y, 2 * LANE, 0.0) for r in self.routes for x, y in r.track.points]
        x, y, w, h = bounds(boxes)
        return x + w, y + h

    def paint_panel(self, group: Group, p: Panel) -> None:
        x, y, w, h = self.frames[p.id]
        count = size_of(p.parameters.values())
        operations = sum(len(u.steps) for u in p.all_units())
        title = f"{p.name}: {p.kind}, {self.words.operations(operations)}, {self.words.parameters(count)}"
        g = group.group(p.id, "module", title, (x, y, w, h), name=p.name, module=p.kind, parameters=count)
        g.rect(x, y, w, h, 10, fill="panel2" if p.depth % 2 else "panel", stroke="hair")

    def paint_headers(self, group: Group) -> None:
        """Name and parameter total of each panel, where no edge comes down through its header."""
        by_id = {g.id: g for g in group.groups()}
        for p in self.view.panels:
            name, count = self.header_runs(p)
            for at, runs, halo in self.header_places(p, name, count):
                text = by_id[p.id].text(at, self.frames[p.id][1] + 21, runs, 12.5, halo=halo)
                self.solid.take(text.box())

    def crossings(self, top: float, bottom: float) -> list[tuple[float, float]]:
        """Where lines pass a horizontal band: stretches from left to right."""
        found = {s for k in range(int(top // BAND), int(bottom // BAND) + 1) for s in self.bands.get(k, ())}
        return sorted((x0, x1) for x0, x1, y0, y1 in found if y0 <= bottom and y1 >= top)

    def header_places(self, p: Panel, name: Runs, count: Runs) -> list[tuple[float, Runs, str | None]]:
        """(x, what is written there, its halo): in one piece, else in two, else without what finds no room (the panel's
        title has it all)."""
        x, y, w, _ = self.frames[p.id]
        taken = [(a, b) for a, b in self.crossings(y + 6, y + 28) if b > x and a < x + w]
        walls = [(x, x), *taken, (x + w, x + w)]
        aside = 46 if self.style.backward else 12  # the number of a gradient stands right of its lane
        rooms = [(a + (13 if a == x else aside), b - (13 if b == x + w else 12)) for (_, a), (b, _) in pairwise(walls)]
        rooms = [r for r in rooms if r[1] > r[0]] or [(x + 13, x + w - 13)]
        gap = 18.0
        for front in (name, name[:1]):
            need, rest = runs_width(front, 12.5), runs_width(count, 12.5)
            whole = next((a for a, b in rooms if b - a >= need + gap + rest), None)
            if whole is not None:
                return [(whole, front, None), *([(whole + need + gap, count, None)] if count else [])]
            first = next((a for a, b in rooms if b - a >= need), None)
            if first is not None:
                second = next((a for a, b in rooms if a > first and b - a >= rest), None)
                return [(first, front, None), *([(second, count, None)] if count and second is not None else [])]
        left, widest = max(rooms, key=lambda r: r[1] - r[0])
        if widest - left > LEAST_NAME:
            return [(left, shortened(name[:1], widest - left, 12.5, name=True), None)]
        return [(rooms[0][0], name[:1], "panel2" if p.depth % 2 else "panel")]

    def paint_module_names(self, group: Group) -> None:
        """Over an operation that is all its module does, the module's name: where it would stand if there were a
        panel."""
        for c in self.cards.values():
            module = c.unit.module
            if module is None:
                continue
            x, y = c.box[0] + 2, c.box[1] - 6
            called, kind = (shorten_middle(text, LONGEST_NAME, 10.5, "bold") for text in (module.name, module.kind))
            both = [Run(called, "bold", "muted"), Run(f"  {kind}", "sans", "muted")]
            for runs in (both, both[:1]):
                box = (x, y - 9, runs_width(runs, 10.5), 11.0)
                if not self.space.hits(box, 2.0) and not self.solid.hits(box, 1.0):
                    group.text(x, y, runs, 10.5)
                    self.solid.take(box)
                    break

    def paint_arrows(self, group: Group, card: Card) -> None:
        """The arrows between a card and its pills: one there, one back if a gradient is wanted."""
        for (x0, y0), (x1, y1), pill in pill_arrows(card):
            gradient = self.style.shares.get(pill.id, pill_gradient(pill, self.style)) if self.style.backward else Gradient("none")
            if pill.cut:
                gradient = Gradient("cut")
            back = gradient.state not in ("none", "cut", "unknown")
            d = 0.0 if not back else LANE if card.above else -LANE  # forward on the left of what runs down, above what runs sideways
            told = self.words("told cut") if pill.cut else _told(gradient, self.words)
            facts: dict[str, Any] = {"cut": True} if pill.cut else {}
            g = group.group(f"e-{pill.id.split('-', 1)[1]}", "edge", f"{pill.name} → {card.unit.title}{told}", **facts)
            dash = symbols.DASH if self.style.backward and not back else None
            there = [(x0, y0 + 1.5), (x1, y1 - 1.5)] if card.above else [(x0 + 1.5, y0), (x1 - 1.5, y1)]
            symbols.wire(g, parallel(there, d), dash=dash)
            if pill.cut:
                symbols.cut(g, ((x0 + x1) / 2, (y0 + y1) / 2), (0.0, 1.0) if card.above else (1.0, 0.0))
            if self.style.losses and back:
                self.paint_lanes(g, there[::-1], self.style.of_pill(pill), LANE, 1 if card.above else -1)
            elif gradient.state in ("flows", "shared"):
                norm = gradient.norm if gradient.state == "flows" else 0.0
                symbols.lane(g, parallel(there[::-1], d), norm, self.style.scale)
            elif back:
                symbols.hollow_lane(g, parallel(there[::-1], d))

    def paint_route(self, group: Group, r: Route) -> None:
        e = r.edge
        flow = self.flows.get(e.id, Flow(Gradient("none")))
        back = flow.gradient.state not in ("none", "unknown", "cut")
        told = self.words("told cut") if e.cut else _told(flow.gradient, self.words)
        if flow.whole:
            told += f"; {self.words('summed over', e.branches, self.words.digits(flow.whole.norm, 6))}"
        shape = "×".join(map(str, e.value.shape or ())) or self.words("scalar")
        facts: dict[str, Any] = {"cut": True} if e.cut else {}
        if flow.gradient.state in ("flows", "zero", "nan"):
            facts["gradient"] = exact(flow.gradient.norm)
        if flow.by_loss:
            facts["gradients"] = [None if f.state == "none" else exact(f.norm) for f in flow.by_loss]
        g = group.group(e.id, "edge", f"{e.tail.called} → {e.head.called}: {shape}{told}", tail=e.tail.id, head=e.head.id, **facts)
        d = LANE if back else 0.0
        dash = symbols.DASH if self.style.backward and flow.gradient.state in ("none", "cut") else None
        if not back:
            symbols.smooth_wire(g, r.track, "dark", 1.3, dash, 7.0)
            if e.cut:
                symbols.cut(g, *at_length(r.track.points, 0.5))
            return
        symbols.wire(g, parallel(r.track.points, d))
        if flow.by_loss:
            self.paint_lanes(g, r.track.points[::-1], flow.by_loss, d)
            return
        lane = parallel(r.track.points[::-1], d)
        if flow.gradient.state == "flows":
            symbols.lane(g, lane, flow.gradient.norm, self.style.scale)
        elif flow.gradient.state == "shared":
            symbols.lane(g, lane, 0.0, self.style.scale)
        else:
            symbols.hollow_lane(g, lane)

    def paint_lanes(self, group: Group, points: Sequence[Point], found: Sequence[Gradient], first: float, side: int = 1) -> None:
        """A lane for each loss that brings something, beside each other (to the right of the way back, or with -1 to the left), each in
        its ink and dash."""
        for k, g in enumerate(found):
            if g.state == "none":
                continue
            lane = parallel(points, side * (first + k * BESIDE))
            if g.state == "flows":
                symbols.lane(group, lane, g.norm, self.style.scale, *LOSSES[k])
            else:
                symbols.hollow_lane(group, lane, LOSSES[k][0])

    # ------------------------------------------------------------------------------------------------- numbers
    def label(self, group: Group, r: Route) -> None:
        """The norm beside a gradient lane; where several edges share a value, the sum beside the first of them."""
        flow = self.flows.get(r.edge.id)
        if flow is None or flow.gradient.state in ("none", "unknown", "cut"):
            return
        if flow.by_loss:
            runs = [Run(self.words.norm(g.norm), "sans", LOSSES[k][0]) for k, g in enumerate(flow.by_loss) if g.state != "none"]
            spaced = [r for k, run in enumerate(runs) for r in ((Run("  "), run) if k else (run,))]
            self.write(group, r, spaced, (0.5, 0.62, 0.38, 0.74, 0.26, 0.86, 0.14))
            return
        if flow.whole is not None and r.edge.value.id not in self.summed:
            self.summed.add(r.edge.value.id)
            under = None if self.arrangement.right else self.cards[r.edge.tail.id]
            self.write(group, r, "Σ " + self.words.norm(flow.whole.norm), (0.12, 0.2, 0.06, 0.3), under)
        if flow.gradient.state != "shared":
            text = "" if flow.gradient.state == "missing" else self.words.norm(flow.gradient.norm)
            self.write(group, r, text, (0.5, 0.62, 0.38, 0.74, 0.26, 0.86, 0.14))

    def write(self, group: Group, r: Route, text: str | Sequence[Run], shares: tuple[float, ...], under: Card | None = None) -> None:
        """Write beside the gradient's lane, where least is in the way, never on a card or on other writing; a sum under its card,
        if there is room."""
        runs = (Run(text, "sans", "gradient"),) if isinstance(text, str) else tuple(text)
        width = runs_width(runs, 11) if text else 9.0
        flow = self.flows[r.edge.id].gradient
        half = self.style.scale.width(flow.norm) / 2 if flow.state == "flows" else 2.0
        half += BESIDE * (len(self.style.losses) - 1) if self.style.losses else 0.0
        finer = tuple(k / 30 for k in range(1, 30))
        places: Iterable[Point] = (self._beside(r, share, side, half, width) for s in (shares, finer) for side in (1, -1) for share in s)
        if under is not None:
            x, y, aside = under.x - width / 2, under.y + under.height / 2 + 11, under.width / 2 - width / 2 - 8
            places = chain([(x, y), (x + aside, y), (x - aside, y)], places)
        best, least = (0.0, 0.0), 1000
        for x, y in places:
            if x < 6:  # off the page
                continue
            box = (x, y - 5, width, 12.0)
            hits = self.space.hits(box, 1.0) + 20 * self.solid.hits(box, 1.0)
            if hits < least:
                best, least = (x, y), hits
            if not hits:
                break
        if least >= 20:  # no room at all: the edge's title has the number
            return
        x, y = best
        self.solid.take((x, y - 5, width, 12.0))
        if text:
            group.text(x, y + 4, runs, 11, halo="paper" if least else None)
        else:
            symbols.nothing(group, x + 4.5, y)

    @staticmethod
    def _beside(r: Route, share: float, side: int, half: float, width: float) -> Point:
        """The left end of a number's middle line: on the gradient's side of the edge, or (side -1) on the other."""
        (x, y), (dx, dy) = at_length(r.track.points, share)
        off = LANE + half + 5 if side > 0 else LANE + 6
        if abs(dx) > abs(dy):  # the line runs sideways: above or below it
            up = (dx > 0) == (side > 0)
            return x - width / 2, y - off - 3 if up else y + off + 3
        off += abs(dx) * 8
        return (x + off, y) if side > 0 else (x - off - width, y)

    # ------------------------------------------------------------------------------------------------- words
    def description(self) -> str:
        """The figure in words."""
        words = self.words
        parts = [f"{self.title}: {self.subtitle}."]
        for u in self.view.units:
            if u.works:
                times = f", {words('times', len(u.copies))}" if u.copies else ""
                parts.append(f"{u.title or u.copy_kind}{times}, {words('told output', output_text(u, self.style))}.")
        if self.style.backward:
            parts.append(words("lanes"))
            for v in self.view.parameters.values():
                told = told_gradient(self.style.gradient(v), words) if v.requires_grad else words("frozen")
                parts.append(f"{v.name or words('parameter')}: {told}.")
        return " ".join(parts)


def _told(g: Gradient, words: Words) -> str:
    if g.state in ("none", "unknown", "cut"):
        return ""
    return f"; {told_gradient(g, words)}" + (f" {words('over branches')}" if g.state == "shared" else "")
