"""The figure of a graph over plain numbers: a circuit from left to right. A value is a wire, its number above it and
its gradient below; an operation is a circle; on each edge stands the local derivative that the gradient is multiplied
by."""

from __future__ import annotations

from dataclasses import replace

from ..canvas import symbols
from ..canvas.geometry import bounds
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Run, Scene, runs_width
from ..canvas.text import mathematics, name_runs
from ..view.progress import BACKWARD, COMPLETE, FORWARD, SEED, Stage
from ..view.style import LOSSES, Style
from ..view.view import Panel, Unit, View, gradient_of, number_of
from .circuit import Circuit, Line, R, Wire, number_of_gradient
from .formula import formula_of
from .symbols import paint_symbol

FORMULA = 760.0  # a formula may be so long and stand in the place of the title


def scalar_figure(view: View, style: Style, title: str, subtitle: str, engine: str = "auto", formula: bool = True) -> Scene:
    """Draw a view of a graph over numbers (made with `circuit=True`). `formula`: what it computes stands in the title's
    place, if it is short enough."""
    return CircuitFigure(view, style, title, subtitle, engine, formula).scene()


class CircuitFigure(Circuit):
    """A circuit on its page. It can be painted as it stands at any stage of the passes; what is where stays the same."""

    def __init__(self, view: View, style: Style, title: str, subtitle: str, engine: str = "auto", formula: bool = True) -> None:
        super().__init__(view, style, engine)
        self.title, self.subtitle, self.words, self.formula = title, subtitle, style.words, formula
        self.frames = {p.id: self.frame(p) for p in view.panels}
        x, y, w, h = bounds(
            [w.box() for w in self.wires.values()]
            + list(self.frames.values())
            + [(p[0], p[1] - 9, 0.0, 18.0) for n in self.lines for p in n.track.points]
        )
        self.head, extra = self.paint_heading(Scene())
        dx, dy = symbols.MARGIN - x, symbols.HEADING + 22 + extra - y
        self.move(dx, dy)
        self.frames = {id: (x + dx, y + dy, w, h) for id, (x, y, w, h) in self.frames.items()}
        self.bottom = symbols.HEADING + 22 + extra + h
        wide = max(symbols.MARGIN + w, symbols.MARGIN + self.head)
        self.legend_left = max(wide - self.legend_width(), symbols.MARGIN + self.head + 50)
        self.width = max(wide, self.legend_left + self.legend_width()) + symbols.MARGIN

    def scene(self, stage: Stage = COMPLETE) -> Scene:
        """The figure with what is known at this stage. (The room below `bottom` is the caller's if the passes are under way.)"""
        scene = Scene(title=self.title, name="circuit", lang=self.words.lang, desc=self.description())
        self.paint_heading(scene)
        if self.frames:
            panels = scene.group()
            for p in self.view.panels:
                self.paint_panel(panels, p)
        under, edges, nodes = scene.group(), scene.group(), scene.group()
        for wire in self.wires.values():
            if stage.is_active(wire.unit):
                symbols.halo(under, (wire.x, wire.y - R, wire.head, 2 * R), R, stage.paper)
                scene.data = {**scene.data, "at": [round(v, 2) for v in wire.box()]}
        for line in self.lines:
            self.paint_line(edges, line, stage)
        for wire in self.wires.values():
            self.paint_wire(nodes, wire, stage)
        self.paint_legend(scene.group("circuit-legend", "legend"), self.legend_left, 45.0)
        scene.width = self.width
        bottom = self.bottom
        if self.style.backward and stage is COMPLETE:
            bottom = self.paint_rule(scene, bottom + 40, scene.width)
        scene.height = bottom + symbols.MARGIN - 4
        return scene

    def paint_heading(self, scene: Scene) -> tuple[float, float]:
        """The formula, or where there is none title and subtitle: its width, and how much higher it is than those
        are."""
        ends = self.ends()
        formula = formula_of(self.view, self.end_name(ends[0])) if self.formula and len(ends) == 1 else None
        if formula is None or formula.width > FORMULA:
            return symbols.heading(scene, self.title, self.subtitle), 0.0
        extra = max(0.0, formula.ascent + formula.descent - 56)
        group = scene.group("circuit-formula", "formula", self.title)
        formula.paint(group, symbols.MARGIN, 46 + extra / 2 + (formula.ascent - formula.descent) / 2)
        return formula.width, extra

    def paint_panel(self, group: Group, p: Panel) -> None:
        x, y, w, h = self.frames[p.id]
        g = group.group(p.id, "module", f"{p.name}: {p.kind}", (x, y, w, h), name=p.name, module=p.kind)
        g.rect(x, y, w, h, 8, fill="panel2" if p.depth % 2 else "panel", stroke="hair")
        g.text(x + 13, y + 19, [Run(p.name, "bold"), Run(f"  {p.kind}" if p.kind != p.name else "", "sans", "muted")], 11.5)

    def paint_line(self, group: Group, n: Line, stage: Stage) -> None:
        e, p, words = n.edge, self.style.precision, self.words
        title = f"{self.called(e.tail)} → {self.called(e.head)}"
        share = self.share(e)
        if n.local is not None and stage.has_value(e.head):
            title += f": {words('local derivative', words.digits(n.local, 6))}"
        if share is not None and stage.has_share(e):
            behind, local, given = (words.digits(v, 6) for v in (number_of_gradient(e.head), n.local or 0.0, share))
            title += f"; {words('gradient is', behind)} × {local} = {given}"
        g = group.group(e.id, "edge", title, tail=e.tail.id, head=e.head.id)
        lit = stage.lights(e) and (stage.phase == FORWARD or share is not None)
        dash = symbols.DASH if self.style.backward and not e.value.requires_grad else None
        if lit and stage.phase == BACKWARD:
            symbols.smooth_wire_back(g, n.track, stage.ink, 2.2)
        elif lit:
            symbols.smooth_wire(g, n.track, stage.ink, 2.2, dash, 8.5)
        else:
            symbols.smooth_wire(g, n.track, dash=dash)
        if n.local is not None and n.shown and stage.has_value(e.head):
            w, (x, y) = self.chip_width(n), n.chip
            chip = g.group(None, "chip", None, (x - w / 2, y - 8.5, w, 17.0))
            lit = lit and stage.phase == BACKWARD
            chip.rect(
                x - w / 2,
                y - 8.5,
                w,
                17,
                8.5,
                fill=stage.paper if lit else "card",
                stroke=stage.ink if lit else "hair",
                line=1.4 if lit else 1,
            )
            chip.text(x, y + 3.7, "×" + words.value(n.local, p), 10.5, ink=stage.ink if lit else "muted", anchor="middle")

    def called(self, u: Unit) -> str:
        return u.outputs[0].name or u.title

    def paint_wire(self, group: Group, w: Wire, stage: Stage) -> None:
        u, out = w.unit, w.unit.outputs[0]
        known = stage.has_value(u)
        number = number_of(out) if known else None
        title = self.called(u) + (f" = {self.words.digits(number, 6)}" if number is not None else "")
        gradient = gradient_of(out)
        below = w.below if stage is COMPLETE else self.gradient_text(u, stage) if self.style.backward else ()
        if below and gradient.state not in ("none", "missing"):
            arrived = "".join(r.text for r in below)
            if stage is COMPLETE and not self.style.losses:
                arrived = self.words.digits(number_of_gradient(u), 6)
            title += f", {self.words('gradient is', arrived)}"
        if u.folded:
            title += f"; {self.words.operations(len(u.steps))}" + (f", {self.words('times', len(u.copies))}" if u.copies else "")
            title += f"; {self.words('also takes', self.words.comma.join(u.hidden))}" if u.hidden else ""
        g = group.group(u.id, "value " + ("leaf" if u.kind == "input" else "op"), title, value=number)
        start = w.x + w.head
        g.line((start, w.y), (w.end, w.y), stroke="wire", line=1.3)
        middle = (start + w.end) / 2
        if u.kind == "input":
            g.text(start - 8, w.y + 5, name_runs(u.title), 19, anchor="end")
        else:
            paint_symbol(g, u, w.x, w.y, w.head, R)
            g.text(w.x + w.head / 2, w.y + R + 18, w.symbolic, 13, anchor="middle")
            if out.name and out.id not in self.view.graph.outputs:
                g.text(middle, w.y - 24, name_runs(out.name), 16, anchor="middle")
            if out.id in self.view.graph.outputs:
                g.text(w.end + 6, w.y + 5, name_runs(self.end_name(u)), 19)
        if stage.is_active(u):
            g.rect(w.x, w.y - R, w.head, 2 * R, R, stroke=stage.ink, line=1.9)
        if w.above and known:
            g.text(middle, w.y - 7, w.above, 13, "bold", "forward", "middle")
        if below:
            new = stage.phase == BACKWARD and any(stage.lights(e) for e in self.view.edges if e.tail is u)
            new = new or (stage.phase == SEED and gradient.state != "none")
            g.text(middle, w.y + 17, [replace(r, face="bold") if new and r.face == "sans" else r for r in below], 13, anchor="middle")
        elif self.style.backward and gradient.state == "missing" and stage is COMPLETE:
            symbols.nothing(g, middle, w.y + 12)

    # ------------------------------------------------------------------------------------------------- words
    def legend_width(self) -> float:
        first = 66 + max(text_width(self.words("value above"), 12), runs_width(self.gradient_runs(), 12) if self.style.backward else 0.0)
        return first + (24 + 66 + text_width(self.words("local"), 12) if self.style.backward else 0)

    def gradient_runs(self) -> list[Run]:
        """ "gradient of f, below the wire"; of several, each in its ink."""
        before, after = self.words("gradient below", "\0").split("\0")
        ends = {u.outputs[0].id: self.end_name(u) for u in self.ends()}
        named = [ends[i] for i in self.style.losses] or [*ends.values()][:1]
        runs = [Run(before, "sans", "gradient")]
        for k, name in enumerate(named):
            runs += [Run(self.words.comma, "sans", "muted")] if k else []
            runs += name_runs(name, LOSSES[k][0], 1.15)
        return [*runs, Run(after, "sans", "gradient")]

    def paint_legend(self, g: Group, x: float, y: float) -> None:
        """A specimen of the notation itself."""
        sample = self.words.value(2.0, self.style.precision), self.words.value(-0.2, self.style.precision)
        g.line((x, y), (x + 54, y), stroke="wire", line=1.3)
        g.text(x + 27, y - 7, sample[0], 13, "bold", "forward", "middle")
        g.text(x + 66, y - 7, self.words("value above"), 12, ink="forward")
        if not self.style.backward:
            return
        g.text(x + 27, y + 17, sample[1], 13, ink="gradient", anchor="middle")
        g.text(x + 66, y + 17, self.gradient_runs(), 12)
        x += self.legend_width() - 66 - text_width(self.words("local"), 12)
        symbols.wire(g, [(x, y), (x + 54, y)], "wire", 1.3, None, 6.5)
        g.rect(x + 4, y - 8.5, 38, 17, 8.5, fill="card", stroke="hair")
        g.text(x + 23, y + 3.7, "×" + self.words.value(0.37, 2), 10.5, ink="muted", anchor="middle")
        g.text(x + 66, y + 4, self.words("local"), 12, ink="muted")

    def paint_rule(self, scene: Scene, y: float, width: float) -> float:
        """The chain rule in a sentence, and worked out for one leaf."""
        rule = self.words("rule")
        lines = [rule] if text_width(rule, 12) < width - 2 * symbols.MARGIN else rule.split(":  ", 1)
        for i, line in enumerate(lines):
            scene.text(symbols.MARGIN, y + 18 * i, line + (":" if len(lines) > 1 and i == 0 else ""), 12, ink="muted")
        y += 18 * (len(lines) - 1)
        example = next(
            (n for n in self.lines if n.edge.tail.kind == "input" and n.edge.branches == 1 and self.share(n.edge) is not None),
            None,
        )
        if example is None or example.local is None:
            return y
        p, share = self.style.precision, self.share(example.edge)
        if share is None:
            return y
        behind, written = number_of_gradient(example.edge.head), self.words.value
        local = written(example.local, p)
        numbers = f"  =  {written(behind, p)} × {f'({local})' if local.startswith('−') else local}  =  {written(share, p)}"
        end = self.end_name(self.ends()[0]) if len(self.ends()) == 1 else "f"
        runs = [*mathematics("∂", "gradient", 1.15), *name_runs(end, "gradient", 1.15)]
        runs += [*mathematics(" / ∂", "gradient", 1.15), *name_runs(example.edge.tail.title, "gradient", 1.15)]
        runs.append(Run(numbers, "sans", "gradient"))
        one_line = len(lines) == 1 and text_width(rule, 12) + 20 + runs_width(runs, 12) < width - 2 * symbols.MARGIN
        if one_line:
            scene.text(symbols.MARGIN + text_width(rule, 12) + 20, y, runs, 12)
            return y
        scene.text(symbols.MARGIN, y + 20, runs, 12)
        return y + 20

    def description(self) -> str:
        parts = [f"{self.title}: {self.subtitle}."]
        for u in self.view.units:
            number = number_of(u.outputs[0])
            if number is not None:
                told = f"{self.called(u)}: {self.words.value(number, self.style.precision)}"
                if self.style.backward and u.outputs[0].grad is not None:
                    several = "".join(r.text for r in self.of_losses(u))
                    told += f", {self.words('gradient is', several or self.words.value(number_of_gradient(u), self.style.precision))}"
                parts.append(told + ".")
        return " ".join(parts)
