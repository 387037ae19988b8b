"""The figure of a tensor graph: operations as cards from top to bottom, module panels, parameters at the side; with the
backward pass, a second lane on every edge, as wide as the logarithm of its gradient's norm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from . import marks
from .cards import Card, Style, measure, output_text, paint, pill_arrows
from .geometry import Space, at_length, bounds, overlap, parallel
from .layout import HEADER, PAD, Frame, Link, Node, Placement, Request, Via, place
from .metrics import text_width
from .pull import contribution_norm
from .routes import Route, align, make_room, occupied, route_all, straightened
from .scene import Box, Group, Point, Run, Scene, runs_width
from .view import Edge, Gradient, Panel, View, gradient_of, size_of, summary
from .words import memory, norm, value

LANE = 5.5  # from the middle of an edge to each of its two lanes


@dataclass(slots=True)
class _Flow:
    """What an edge carries back: its own share, and the whole where several edges share a value."""

    gradient: Gradient
    whole: Gradient | None = None
    labels: list[str] = field(default_factory=list)


def tensor_figure(view: View, style: Style, title: str, subtitle: str, engine: str = "auto") -> Scene:
    """Draw a view of a graph over tensors."""
    return _Figure(view, style, title, subtitle, engine).scene()


class _Figure:
    def __init__(self, view: View, style: Style, title: str, subtitle: str, engine: str) -> None:
        self.view, self.style, self.title, self.subtitle = view, style, title, subtitle
        self.words = style.words
        facts = summary(view)
        style.dtype = facts["dtype"]
        style.shows_kept = bool(facts["kept"]) or any(s.keeps for s in view.graph.steps)
        self.flows = {e.id: self.flow(e) for e in view.edges} if style.backward else {}
        style.scale = marks.LaneScale.of(self.norms())
        self.cards = {c.unit.id: c for c in measure(view.units, style)}
        self.routes = self.lay_out(engine)
        self.space = Space()

    # ------------------------------------------------------------------------------------------------- gradients
    def flow(self, e: Edge) -> _Flow:
        whole = gradient_of(e.value)
        if whole.state != "flows" or e.branches == 1:
            return _Flow(whole)
        steps = [s for s in e.head.steps if e.value.id in s.inputs]
        share = contribution_norm(self.view.graph, steps[0], e.value.id) if len(steps) == 1 else None
        if share is None:
            return _Flow(Gradient("shared", whole.norm), whole)
        return _Flow(Gradient("flows" if share else "zero", share), whole)

    def norms(self) -> list[float]:
        found = [f.gradient.norm for f in self.flows.values()]
        return found + [gradient_of(v).norm for v in self.view.parameters.values()] if self.style.backward else []

    # ------------------------------------------------------------------------------------------------- places
    def place(self, engine: str) -> Placement:
        main = {e.id for e in self.view.edges if e.branches == 1}
        return place(
            Request(
                [Node(c.unit.id, c.left, c.width / 2, c.tall, c.unit.panel.id if c.unit.panel else None) for c in self.cards.values()],
                [Link(e.tail.id, e.head.id, 10 if e.id in main else 2) for e in self.view.edges],
                [Frame(p.id, p.parent.id if p.parent else None, self.header_width(p)) for p in self.view.panels],
                node_gap=34.0 if self.style.backward else 28.0,
                rank_gap=46.0 if self.style.backward else 38.0,
            ),
            engine,
        )

    def lay_out(self, engine: str) -> list[Route]:
        """Place the cards, frame the panels, and route the edges."""
        placed = self.place(engine)
        for id, (x, y) in placed.nodes.items():
            self.cards[id].x, self.cards[id].y = x, y
        edges = self.view.edges
        align(edges, self.cards)
        make_room(edges, placed, self.cards, self.framed([]))
        placed.vias[:] = [straightened(e, v, self.cards) for e, v in zip(edges, placed.vias, strict=True)]
        self.frames = self.framed(placed.vias)
        self.shift(placed)
        return route_all(edges, placed.vias, self.cards, self.frames, 30.0 if self.style.backward else 20.0)

    def shift(self, placed: Placement) -> None:
        """Move everything below the heading, its left edge at the margin."""
        boxes = [c.whole() for c in self.cards.values()] + list(self.frames.values())
        x, y, _, _ = bounds(boxes + [(x - LANE, a, 0.0, b - a) for vias in placed.vias for x, a, b in vias])
        dx, dy = marks.MARGIN - x, marks.HEADING + 8 - y
        for c in self.cards.values():
            c.x, c.y = c.x + dx, c.y + dy
        self.frames = {id: (x + dx, y + dy, w, h) for id, (x, y, w, h) in self.frames.items()}
        placed.vias[:] = [[(x + dx, a + dy, b + dy) for x, a, b in vias] for vias in placed.vias]

    def framed(self, vias: Sequence[list[Via]]) -> dict[str, Box]:
        """The panels, inner ones first, around their units; a long edge that ends in a panel runs within it where nothing
        else stands in between."""
        frames: dict[str, Box] = {}
        ends = list(zip(self.view.edges, vias, strict=True)) if vias else []
        for p in reversed(self.view.panels):
            x, y, w, h = bounds([self.cards[u.id].whole() for u in p.units] + [frames[q.id] for q in p.panels])
            box = (x - PAD + 2, y - PAD - HEADER + 2, max(w + 2 * PAD - 4, self.header_width(p)), h + 2 * PAD + HEADER - 6)
            inside = {id(u) for u in p.all_units()}
            others = [c.whole() for c in self.cards.values() if id(c.unit) not in inside]
            for e, passed in ends:
                if (id(e.tail) in inside) == (id(e.head) in inside):
                    continue
                along = [v for v in passed if v[2] > box[1] and v[1] < box[1] + box[3]]
                wider = bounds([box, *((v[0] - 20, max(v[1], box[1]), 40.0, 0.0) for v in along)])
                if along and wider[2] - box[2] < 120 and not any(overlap(wider, o, 12) for o in others):
                    box = (wider[0], box[1], wider[2], box[3])
            frames[p.id] = box
        return {p.id: frames[p.id] for p in self.view.panels}

    # ------------------------------------------------------------------------------------------------- headers
    def header_runs(self, p: Panel) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
        name = (Run(p.name, "bold"),) if p.name == p.kind else (Run(p.name, "bold"), Run(f"  {p.kind}", "sans", "muted"))
        count = size_of(p.parameters.values())
        return name, (Run(self.words.parameters(count), "sans", "parameter", 0.92),) if count else ()

    def header_width(self, p: Panel) -> float:
        name, count = self.header_runs(p)
        return runs_width(name, 12.5) + runs_width(count, 12.5) + 64

    # ------------------------------------------------------------------------------------------------- drawing
    def scene(self) -> Scene:
        scene = Scene(title=self.title, name="graph", lang=self.words.lang, desc=self.description())
        wide = marks.heading(scene, self.title, self.subtitle)
        panels, edges, nodes, labels = scene.group(), scene.group(), scene.group(), scene.group()
        for p in self.view.panels:
            self.paint_panel(panels, p)
        for c in self.cards.values():
            paint(nodes, c, self.style)
            self.paint_arrows(edges, c)
            self.space.take(c.box)
            for b in c.pill_boxes():
                self.space.take(b)
        occupied(self.routes, self.space, LANE + 4 if self.style.backward else 3)
        self.paint_headers(panels)
        for r in self.routes:
            self.paint_route(edges, r)
        for r in self.routes:
            self.label(labels, r)
        boxes = [c.whole() for c in self.cards.values()] + list(self.frames.values())
        boxes += [t.box() for _, t in labels.walk() if hasattr(t, "runs")]
        boxes += [(x - LANE, y, 2 * LANE, 0.0) for r in self.routes for x, y in r.track.points]
        x, y, w, h = bounds(boxes)
        right, bottom = x + w, y + h
        entries = self.legend()
        size = marks.legend_size(self.words("reading"), entries)
        marks.legend(scene.group(f"{scene.name}-legend", "legend"), right + 40, marks.HEADING + 8, self.words("reading"), entries)
        scene.width = max(right + 40 + size[0], marks.MARGIN + wide) + marks.MARGIN
        scene.height = max(bottom, marks.HEADING + size[1]) + marks.MARGIN
        return scene

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
            x, y, w, _ = self.frames[p.id]
            name, count = self.header_runs(p)
            base = y + 21
            taken = sorted(at for r in self.routes for at in _crossings(r.track.points, y + 6, y + 28) if x < at < x + w)
            walls = [x, *taken, x + w]
            rooms = [(a + (13 if a == x else 12), b - (13 if b == x + w else 12)) for a, b in zip(walls, walls[1:], strict=False)]
            g = by_id[p.id]
            need = runs_width(name, 12.5)
            both = need + 18 + runs_width(count, 12.5)
            start, end = next((r for r in rooms if r[1] - r[0] >= both), next((r for r in rooms if r[1] - r[0] >= need), rooms[0]))
            halo = None if end - start >= need else "panel2" if p.depth % 2 else "panel"
            first = g.text(start, base, name, 12.5, halo=halo)
            self.space.take(first.box())
            if count:
                rest = [(start + need + 18, end), *(r for r in rooms if r[0] > start)]
                width = runs_width(count, 12.5)
                fitting = next((r for r in rest if r[1] - r[0] >= width), None)
                at = fitting[0] if fitting else start + need + 18
                second = g.text(at, base, count, 12.5, halo=None if fitting else "panel")
                self.space.take(second.box())

    def paint_arrows(self, group: Group, card: Card) -> None:
        """The arrows between a card and its pills: one there, one back if a gradient is wanted."""
        for (x0, y), (x1, _), pill in pill_arrows(card):
            gradient = gradient_of(pill.value) if self.style.backward else Gradient("none")
            back = gradient.state != "none"
            d = LANE if back else 0.0
            g = group.group(f"e-{pill.id.split('-', 1)[1]}", "edge", f"{pill.name} → {card.unit.title}" + _told(gradient))
            dash = marks.DASH if self.style.backward and not back else None
            marks.wire(g, [(x0 + 1.5, y - d), (x1 - 1.5, y - d)], dash=dash)
            if gradient.state == "flows":
                marks.lane(g, [(x1 - 1.5, y + d), (x0 + 1.5, y + d)], gradient.norm, self.style.scale)
            elif back:
                marks.hollow_lane(g, [(x1 - 1.5, y + d), (x0 + 1.5, y + d)])

    def paint_route(self, group: Group, r: Route) -> None:
        e = r.edge
        flow = self.flows.get(e.id, _Flow(Gradient("none")))
        back = flow.gradient.state != "none"
        told = _told(flow.gradient)
        if flow.whole:
            told += f"; summed over {e.branches} branches {flow.whole.norm:.6g}"
        shape = "×".join(map(str, e.value.shape or ())) or "scalar"
        g = group.group(e.id, "edge", f"{e.tail.title} → {e.head.title}: {shape}{told}", tail=e.tail.id, head=e.head.id)
        d = LANE if back else 0.0
        dash = marks.DASH if self.style.backward and not back else None
        marks.wire(g, parallel(r.track.points, d) if d else r.track.points, dash=dash)
        if not back:
            return
        lane = parallel(r.track.points[::-1], d)
        if flow.gradient.state == "flows":
            marks.lane(g, lane, flow.gradient.norm, self.style.scale)
        elif flow.gradient.state == "shared":
            marks.lane(g, lane, 0.0, self.style.scale)
        else:
            marks.hollow_lane(g, lane)

    # ------------------------------------------------------------------------------------------------- numbers
    def label(self, group: Group, r: Route) -> None:
        """The norm beside a gradient lane; where several edges share a value, the sum beside the first of them."""
        flow = self.flows.get(r.edge.id)
        if flow is None or flow.gradient.state == "none":
            return
        first = flow.whole is not None and not any(e.value is r.edge.value for e in self.view.edges[: self.view.edges.index(r.edge)])
        if first and flow.whole is not None:
            self.write(group, r, "Σ " + norm(flow.whole.norm), (0.12, 0.2, 0.06, 0.3))
        if flow.gradient.state != "shared":
            text = "" if flow.gradient.state == "missing" else norm(flow.gradient.norm)
            self.write(group, r, text, (0.5, 0.62, 0.38, 0.74, 0.26, 0.86, 0.14))

    def write(self, group: Group, r: Route, text: str, shares: tuple[float, ...]) -> None:
        """Write beside the gradient's lane, at the first place along the line where nothing is in the way."""
        width = text_width(text, 11) if text else 9.0
        flow = self.flows[r.edge.id].gradient
        half = self.style.scale.width(flow.norm) / 2 if flow.state == "flows" else 2.0
        places = [self._beside(r, share, side, half, width) for side in (1, -1) for share in shares]
        hits = [self.space.hits((x, y - 6, width, 11), 1.5) for x, y in places]
        least = hits.index(min(hits))
        x, y = places[least]
        self.space.take((x, y - 6, width, 11))
        if text:
            group.text(x, y + 4, text, 11, ink="gradient", halo="paper" if hits[least] else None)
        else:
            marks.nothing(group, x + 4.5, y)

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
    def legend(self) -> list[marks.Entry]:
        words, entries = self.words, list[marks.Entry]()

        def entry(key: str, sample: object, ink: str = "muted", height: float = 25.0, gap: float = 0.0, text: str = "") -> None:
            entries.append(marks.Entry(sample, (Run(text or words(key), "sans", ink),), height, gap))  # type: ignore[arg-type]

        def pill(paper: str, line: str, dash: str | None = None):  # type: ignore[no-untyped-def]
            return lambda g, x, y: g.rect(x, y - 9, 40, 18, 9, fill=paper, stroke=line, line=1.2, dash=dash)

        backward = self.style.backward
        states = {f.gradient.state for f in self.flows.values()}
        pills = {p.kind for c in self.cards.values() for p in c.unit.pills}
        kinds = {c.unit.kind for c in self.cards.values()}
        entry("forward", lambda g, x, y: marks.wire(g, [(x, y), (x + 40, y)]))
        if backward:
            if "none" in states or "constant" in pills or "input" in pills:
                entry("forward only", lambda g, x, y: marks.wire(g, [(x, y), (x + 40, y)], dash=marks.DASH))
            for i, sample in enumerate(self.style.scale.samples()):
                meaning = [Run(f"{sample:g}", "sans", "gradient")]
                meaning += [Run("    " + words("norm"), "sans", "muted")] if i == 1 else []
                entries.append(marks.Entry(self._lane_sample(sample), tuple(meaning), 20.0))
            for state, key in (("zero", "zero"), ("nan", "nan"), ("missing", "missing")):
                if state in states or any(gradient_of(v).state == state for v in self.view.parameters.values()):
                    entry(key, lambda g, x, y: marks.hollow_lane(g, [(x + 40, y), (x, y)]), height=20)
            if any(f.whole for f in self.flows.values()):
                entry("sum", lambda g, x, y: g.text(x + 20, y + 4, "Σ", 12, ink="gradient", anchor="middle"), gap=4)
        if self.view.kept_bytes:
            entry("kept", lambda g, x, y: marks.diamond(g, x + 15, y, 5.2), height=18, gap=6)
            entry("", lambda g, x, y: None, "kept", text=words("in all", memory(self.view.kept_bytes)))
        for kind, paper, line in (("parameter", "parameter-paper", "parameter-line"), ("input", "input-paper", "input-line")):
            if kind in pills or kind in kinds:
                entry(kind, pill(paper, line))
        if "constant" in pills:
            entry("constant", pill("card", "hair", marks.DASH))
        if "op" in kinds:
            entry("operation", lambda g, x, y: g.rect(x, y - 10, 40, 20, 5, fill="card", stroke="dark", line=1.2))
        if self.view.panels:
            entry("module", lambda g, x, y: g.rect(x, y - 10, 40, 20, 6, fill="panel", stroke="hair"))
        if "module" in kinds:
            entry("folded", self._folded_sample)
        return entries

    def _lane_sample(self, sample: float):  # type: ignore[no-untyped-def]
        return lambda g, x, y: marks.lane(g, [(x + 40, y), (x, y)], sample, self.style.scale)

    @staticmethod
    def _folded_sample(g: Group, x: float, y: float) -> None:
        g.rect(x, y - 10, 40, 20, 6, fill="panel", stroke="wire", line=1.2)
        g.rect(x + 2.5, y - 7.5, 35, 15, 4, stroke="hair")

    def description(self) -> str:
        """The figure in words."""
        parts = [f"{self.title}: {self.subtitle}."]
        for u in self.view.units:
            if u.kind in ("op", "module"):
                parts.append(f"{u.title}, output {output_text(u, self.style)}.")
        if self.style.backward:
            parts.append("Beside every forward edge a lane runs back; its width follows the norm of the gradient.")
            for v in self.view.parameters.values():
                g = gradient_of(v)
                parts.append(f"Gradient of {v.name or 'a parameter'}: {norm(g.norm) if g.state != 'missing' else 'missing'}.")
        return " ".join(parts)


def _crossings(points: list[Point], top: float, bottom: float) -> list[float]:
    """Where a line passes a horizontal band."""
    return [x for (x, y), (_, y2) in zip(points, points[1:], strict=False) if y <= bottom and y2 >= top]


def _told(g: Gradient) -> str:
    if g.state == "none":
        return ""
    return {"missing": "; the gradient is missing", "shared": f"; ‖gradient‖ = {g.norm:.6g} over all branches"}.get(
        g.state, f"; ‖gradient‖ = {g.norm:.6g}"
    )


def subtitle_of(view: View, words, precision: int) -> str:  # type: ignore[no-untyped-def]
    """What a graph is, in one line."""
    facts = summary(view)
    shown = facts["operations"] if not view.folded else words("drawn as", f"{facts['operations']:,}", len(view.units))
    parts = [words.operations(facts["operations"]) if not view.folded else shown]
    if facts["parameters"]:
        parts.append(words.parameters(facts["parameters"]))
    if facts["dtype"]:
        parts.append(facts["dtype"])
    from .view import number_of

    for u in view.units:
        if u.kind == "loss" and u.value is not None and (v := number_of(u.value)) is not None:
            parts.append(f"{words('loss')} {value(v, precision + 1)}")
    if facts["kept"]:
        parts.append(words("kept in all", memory(facts["kept"])))
    return ", ".join(parts)
