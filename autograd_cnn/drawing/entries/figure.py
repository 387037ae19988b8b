"""The figure of an operation entry by entry: columns of entries, edges that carry shared weights, ∂E/∂O arriving from the right,
and the sum typeset below."""

from __future__ import annotations

import math

from ...symbolic.algebra import ZERO, Expr, Number, Partial, Product, Symbol
from ...symbolic.calculus import evaluate
from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.geometry import Space
from ..canvas.mathtext import LOOSEST, PRODUCT, Term, bound, lines, row, space, written
from ..canvas.metrics import text_width
from ..canvas.scene import Box, Group, Point, Run, Scene, runs_width
from ..canvas.text import Words, shape
from .expressions import Script, partial_runs, partial_term, symbol_runs
from .formula import written_out
from .placement import Layout, Place, lay_out_entries, number_beside, partials_shown
from .selection import EntryView, Link, product_of
from .windows import side_of

declare(
    {
        "entrywise": ("{}, entry by entry", "{}, Eintrag für Eintrag"),
        "edges share": ("{} edges share {} weights", "{} Kanten teilen sich {} Gewichte"),
        "edges alike": ("{} edges, each × {}", "{} Kanten, jede × {}"),
        "one edge": ("1 edge", "1 Kante"),
        "edges": ("{} edges", "{} Kanten"),
        "on edges": ("on {} edges", "auf {} Kanten"),
        "row": ("row {}", "Zeile {}"),
        "note weight": ("Sum over the edges that carry the weight:", "Summe über die Kanten, die das Gewicht tragen:"),
        "note input": ("Sum over the edges that leave the entry:", "Summe über die Kanten, die vom Eintrag ausgehen:"),
        "note output": ("Sum over the edges that end in the entry.", "Summe über die Kanten, die im Eintrag enden."),
        "what enters": ("what enters the edge", "was in die Kante geht"),
        "local on edge": ("the local derivative on the edge", "die lokale Ableitung auf der Kante"),
        "where it ends": ("the gradient where it ends", "der Gradient, wo sie endet"),
    }
)

TOP = 132.0
CHOSEN = "series-1"
WIDEST = 130.0  # of a local derivative in a pill
KEY = 84.0  # between two weights in the key


class EntryFigure:
    """Measures, places and paints one expansion."""

    def __init__(self, view: EntryView, words: Words, precision: int, title: str | None, subtitle: str | None) -> None:
        self.view, self.words, self.precision = view, words, precision
        self.expansion, self.target = view.expansion, view.target
        self.script = Script(words, self.ink, precision=precision)
        self.title = title if title is not None else words("entrywise", words.label(self.expansion.op.label))
        self.subtitle = subtitle if subtitle is not None else self.told_sizes()
        self.key = self.view.weighted if view.shares and 1 < len(view.weighted) <= 9 else []
        labels = max((text_width(self.row_name(p), 11) for p in self.rows()), default=0.0)
        gap = 210.0 if view.staged else 380.0
        top = TOP if self.key else TOP - 34
        self.layout: Layout = lay_out_entries(view, symbols.MARGIN + labels + (24 if labels else 10), top, gap, precision, words)
        self.sums = self.write_sums()
        self.space = Space()
        for p in self.layout.places.values():
            self.space.take(p.box)
        self.space.take((-1000.0, -1000.0, 9000.0, 1000.0 + (96.0 if self.key else 66.0)))  # the heading's

    def ink(self, e: Expr) -> str:
        """Gradients vermilion, what goes in blue, the entry that is asked for green."""
        if e == self.target:
            return self.chosen
        if isinstance(e, Partial):
            return "gradient"
        return "forward" if isinstance(e, Symbol) and self.expansion.column_of(e).kind == "input" else "ink"

    @property
    def chosen(self) -> str:
        """The ink of what is asked for: green, or a shared weight's own."""
        return self.view.style_of(self.target)[0].replace("wire", CHOSEN) if self.target in self.view.weighted else CHOSEN

    # ------------------------------------------------------------------------------------------------- words
    def told_sizes(self) -> str:
        """ "X 3×3, F 2×2, O 2×2; 16 edges share 4 weights"."""
        e, words = self.expansion, self.words
        arrays = [f"{c.letter} {shape([d for d in c.shape if d > 1], '1')}" for c in e.columns.values() if c.kind != "kept"]
        told = ", ".join([*arrays, *self.settings()])
        edges = len(self.view.links)
        if self.view.shares and len(self.view.weighted) > 1:
            return f"{told}; " + words("edges share", edges, len(self.view.weighted))
        alike = {x.local for x in self.view.links}
        if len(alike) == 1 and edges > 1 and isinstance(next(iter(alike)), Number):
            return f"{told}; " + words("edges alike", edges, self.script.text(next(iter(alike))))
        return f"{told}; " + (words("one edge") if edges == 1 else words("edges", edges))

    def settings(self) -> list[str]:
        """The parameters that are not the usual ones."""
        found = []
        for name, usual in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1), ("p", None)):
            given = self.expansion.op.params.get(name)
            flat = _flat(given)
            if flat and any(v != usual for v in flat):
                said = name if name == "p" else self.words(f"setting {name}")
                found.append(f"{said} {self.words.digits(flat[0], 6) if len(set(flat)) == 1 else shape(flat)}")
        return found

    def rows(self) -> list[tuple[str, str]]:
        """What the panels of the input columns are called: (letter, index of the row)."""
        first = next(c for c, _ in self.view.columns if c.kind == "input")
        found = {}
        for s in first:
            shown = [d for d in first.shape if d > 1]
            if len(shown) >= 2:
                found[s.index.rsplit(",", 1)[0] if "," in s.index else s.index[:-1]] = first.letter
        return [(letter, index) for index, letter in found.items()]

    def row_name(self, row_of: tuple[str, str]) -> str:
        letter, index = row_of
        column = self.expansion.columns[letter]
        if len([d for d in column.shape if d > 1]) == 2:
            return self.words("row", index)
        return f"{letter}{index}·"

    # ------------------------------------------------------------------------------------------------- drawing
    def scene(self) -> Scene:
        scene = Scene(title=self.title, name="entries", lang=self.words.lang)
        wide = symbols.heading(scene, self.title, self.subtitle)
        panels, edges, nodes, pills = scene.group(), scene.group(), scene.group(), scene.group()
        self.paint_panels(panels)
        self.paint_key(scene)
        for x in sorted(self.view.links, key=lambda x: x.meant):
            self.paint_link(edges, x)
        for p in self.layout.places.values():
            self.paint_node(nodes, p)
        right = self.paint_gradients(nodes)
        for x in self.view.links:
            self.paint_pill(pills, x)
        side = side_of(self.view, self.words, self.ink, self.precision)
        bottom = max(self.layout.bottom + 18, *(t[1] + t[3] for t in self.space.boxes()))
        if side is not None:
            side.paint(scene, right + 56, 34.0)
            right, bottom = right + 56 + side.width, max(bottom, 34.0 + side.height)
        widest = max(head.width + t.width for head, pieces in self.sums for t in pieces)  # a term is not broken
        scene.width = max(right, symbols.MARGIN + wide, symbols.MARGIN + widest + 2, 640.0) + symbols.MARGIN
        scene.height = self.paint_sum(scene, bottom + 22) + symbols.MARGIN
        scene.desc = self.description()
        return scene

    def paint_panels(self, group: Group) -> None:
        for p in self.layout.panels:
            x, y, w, h = p.box
            g = group.group(None, "row", self.row_name((p.letter, p.label)) if p.label else p.letter)
            g.rect(x, y, w, h, 9, fill="panel")
            if p.label:
                g.text(x - 9, y + h / 2 + 4, self.row_name((p.letter, p.label)), 11, ink="muted", anchor="end")

    def paint_key(self, scene: Scene) -> None:
        """The shared weights as a key, centred over the edges."""
        if not self.key:
            return
        columns = [self.layout.places[s].x for _, shown in self.view.columns for s in shown[:1]]
        room = max(columns) - min(columns) + 120.0
        apart, sample = min(KEY, room / len(self.key)), 30.0 if KEY * len(self.key) <= room else 20.0
        start = max(symbols.MARGIN, (min(columns) + max(columns) - apart * len(self.key)) / 2)
        for i, w in enumerate(self.key):
            x, y = start + i * apart, 88.0
            ink, dash = self.view.style_of(w)
            count = sum(link.weight == w for link in self.view.links)
            g = scene.group(f"w-{w.name}", "weight", f"{w.name}: {self.words('on edges', count)}")
            g.line((x, y), (x + sample, y), stroke=ink, line=2.6 if w == self.target else 1.6, dash=dash)
            g.text(x + sample + 6, y + 5, symbol_runs(w, ink), 16)

    # ------------------------------------------------------------------------------------------------- edges
    def curve(self, x: Link) -> tuple[Point, Point, Point, Point]:
        (ax, ay), (bx, by) = self.layout.places[x.tail].side(1), self.layout.places[x.head].side(-1)
        reach = (bx - ax) * 0.42
        return (ax, ay), (ax + reach, ay), (bx - reach, by), (bx, by)

    def paint_link(self, group: Group, x: Link) -> None:
        a, c1, c2, b = self.curve(x)
        ink, dash = self.view.style_of(x.weight)
        title = f"{x.tail.name} → {x.head.name}: ∂{x.head.name}/∂{x.tail.name} = {self.script.text(x.local)}"
        if x.number is not None and not isinstance(x.local, Number):
            title += f" = {self.words.value(x.number, self.precision)}"
        g = group.group(f"e-{x.tail.name}-{x.head.name}", "edge", title, tail=x.tail.name, head=x.head.name)
        line, opacity = 1.15, 0.55 if ink != "wire" else None
        if ink == "wire" and self.view.shares:
            ink = "hair"
        if x.dead:
            ink, dash, line, opacity = "hair", "2 4", 1.1, None
        elif x.meant:
            ink, line, opacity = (ink if ink not in ("wire", "hair") else self.chosen), 2.6, None
            dash = dash if self.view.choice.wants_output else None if x.weight == self.target else dash
        g.path([("M", *a), ("C", *c1, *c2, *b)], stroke=ink, line=line, dash=dash, opacity=opacity)

    # ------------------------------------------------------------------------------------------------- nodes
    def paint_node(self, group: Group, p: Place) -> None:
        s, (x, y, w, h) = p.symbol, p.box
        number = self.expansion.values.get(s)
        told = f"{s.name}" + (f" = {self.words.digits(number, 6)}" if number is not None else "")
        if s in self.expansion.exprs:
            told += f" = {self.script.text(self.expansion.exprs[s])}"
        g = group.group(f"t-{s.name}", "entry", told, p.box)
        kind = self.expansion.column_of(s).kind
        met = any(link.meant and not link.dead and s in (link.tail, link.head) for link in self.view.links)
        fill, stroke, line, ink = "card", "dark", 1.2, "ink"
        if s == self.target:
            stroke, line, ink = CHOSEN, 2.4, CHOSEN
        elif kind == "input":
            fill, stroke, line, ink = ("input-paper", "forward", 1.4, "forward") if met else ("card", "hair", 1.0, "muted")
        elif kind == "stage" and not met:
            stroke, ink = "wire", "muted"
        g.rect(x, y, w, h, 6, fill=fill, stroke=stroke, line=line)
        if number is None:
            g.text(p.x, p.y + 5, symbol_runs(s, ink), 16, anchor="middle")
        else:
            g.text(x + 10, p.y + 5, symbol_runs(s, ink), 16)
            g.text(x + w - 8, p.y + 4, self.words.value(number, self.precision), 11, "bold" if met else "sans", ink, "end")

    def paint_gradients(self, group: Group) -> float:
        """∂E/∂O arrives from the right; how far that reaches."""
        right = self.layout.right
        for s in partials_shown(self.view):
            p = self.layout.places[s]
            x, y = p.side(1)
            number = number_beside(self.view, s, self.precision, self.words)
            term = written(partial_runs(s), 14.0) if self.layout.compact else partial_term(s, 14.5)
            title = f"∂E/∂{s.name}" + (f" = {number}" if number else "")
            g = group.group(f"g-{s.name}", "gradient", title)
            symbols.wire(g, [(x + 42, y), (x + 5, y)], "gradient", 1.8, None, 8)
            term.paint(g, x + 49, y + 4.5)
            right = max(right, x + 49 + term.width)
            if number:
                text = g.text(x + 49 + term.width + 8, y + 4.5, f"= {number}", 12, ink="gradient")
                right = max(right, text.x + text.width)
        return right

    # ------------------------------------------------------------------------------------------------- products
    def paint_pill(self, group: Group, x: Link) -> None:
        """On a meant edge the product it carries; on others only what is on no key: a mask, a constant."""
        if x.meant:
            term = self.pill_term(x)
            self.put(group, x, term, "hair" if x.dead else self.view.style_of(x.weight)[0].replace("wire", self.chosen))
        elif x.weight is not None and self.expansion.column_of(x.weight).kind == "kept":
            self.put(group, x, self.mask_term(x.weight), "hair")
        elif x.weight is not None and not self.key and len(self.view.links) <= 40:
            self.put(group, x, written(symbol_runs(x.weight, "muted"), 12.5), "hair", least=True)
        elif isinstance(x.local, Number) and x.local.value not in (0, 1) and len(self.view.links) <= 24:
            self.put(group, x, written((Run(self.script.text(x.local), "serif", "muted"),), 11.5), "hair", least=True)

    def mask_term(self, w: Symbol) -> Term:
        number = self.expansion.values.get(w)
        runs = [*symbol_runs(w, "muted"), *([Run(f" = {self.words.digits(number, 6)}", "serif", "muted")] if number is not None else [])]
        return written(runs, 12.5)

    def pill_term(self, x: Link) -> Term:
        if x.dead:
            shown = (
                [*symbol_runs(x.weight, "muted"), Run(" = 0", "serif", "muted")] if x.weight is not None else [Run("0", "serif", "muted")]
            )
            return written(shown, 12.5)
        e = product_of(x, self.target, self.view.choice.wants_output, self.view)
        factors = e.factors if isinstance(e, Product) else (e,)
        if all(isinstance(f, (Symbol, Partial, Number)) for f in factors):
            runs: list[Run] = []
            for f in sorted(factors, key=lambda f: isinstance(f, Partial)):
                runs += [Run(" · ", "serif", "muted")] if runs else []
                if isinstance(f, Partial):
                    runs += partial_runs(f.of)
                else:
                    runs += symbol_runs(f, self.ink(f)) if isinstance(f, Symbol) else (Run(self.script.text(f), "serif"),)
            if runs_width(runs, 13.5) <= WIDEST:
                return written(runs, 13.5)
        term = self.script.term(x.local, 11.5)
        if term.width > WIDEST:  # it stands below in full; here only its name
            term = written(_derivative_runs(x), 12.5)
        if self.view.choice.wants_output:
            return term
        ending = written((Run(" · ", "serif", "muted"), *partial_runs(x.head)), 12.5)
        return row([bound(term, PRODUCT, 11.5), ending], LOOSEST)

    def put(self, group: Group, x: Link, term: Term, ink: str, least: bool = False) -> None:
        """A pill where the edge is free. `least`: it may be left out (the edge's title says it, too)."""
        a, c1, c2, b = self.curve(x)
        w, h = term.width + 18, max(22.0, term.ascent + term.descent + 9)
        spots = [_on(a, c1, c2, b, t) for t in (0.5, 0.58, 0.42, 0.66, 0.34, 0.74, 0.27, 0.62, 0.46, 0.54, 0.38, 0.7, 0.3, 0.8, 0.2)]
        boxes = [(px - w / 2, py - h / 2, w, h) for px, py in spots]
        hits = [self.space.hits(box, 3.0) for box in boxes]
        if min(hits) and least:
            return
        if min(hits):
            boxes = [box for box in [*boxes, *self.near(spots, w, h)] if box[0] >= 4] or boxes
            hits = [self.space.hits(box, 3.0) for box in boxes]
        if min(hits) and self.view.staged:
            return  # no room among the stages: the edge's title says it, and so does the sum
        left, top, w, h = boxes[hits.index(min(hits))]
        self.space.take((left, top, w, h))
        g = group.group(None, "pill", None, (left, top, w, h))
        g.rect(left, top, w, h, min(12.0, h / 2), fill="paper", stroke=ink, line=1.4 if ink != "hair" else 1.0)
        term.paint(g, left + 9, top + h / 2 + (term.ascent - term.descent) / 2)

    def near(self, spots: list[Point], w: float, h: float) -> list[Box]:
        """Places beside an edge, where none on it is free."""
        found = []
        for px, py in spots:
            found += [(px - w / 2, py - h / 2 + way * d, w, h) for d in range(8, 96, 8) for way in (1, -1)]
        return sorted(found, key=lambda box: min(abs(box[1] + h / 2 - py) for _, py in spots))

    # ------------------------------------------------------------------------------------------------- the sum
    def paint_sum(self, scene: Scene, y: float) -> float:
        """The typeset sum under a line, its numbers below; returns where it ends."""
        scene.line((symbols.MARGIN, y), (scene.width - symbols.MARGIN, y), stroke="hair")
        group = scene.group("sum", "formula", self.told_sum())
        y += 12
        for head, pieces in self.sums:
            y = self.paint_lines(group, head, pieces, scene.width - 2 * symbols.MARGIN, y + 4)
        return self.paint_note(scene, y)

    def write_sums(self) -> list[tuple[Term, list[Term]]]:
        """The sum, a shorter form, the numbers: each an equals sign with what stands before it, and its terms."""
        size, sum_of, wants_output = 20.0, written_out(self.view.choice), self.view.choice.wants_output
        left = written(symbol_runs(self.target, self.chosen), size) if wants_output else partial_term(self.target, size, self.chosen)
        sign = written((Run("=", "serif"),), size)
        head = row([left, space(8), sign, space(8)], LOOSEST)
        again = row([space(left.width + 8), sign, space(8)], LOOSEST)
        sums = [(head, self.script.terms(sum_of, size))]
        closed = self.expansion.closed.get(self.target)
        if closed is not None and not wants_output:
            sums.append((again, self.script.terms(closed, size)))
        result = evaluate(sum_of, self.expansion.values)
        if result is None and wants_output:
            result = self.expansion.values.get(self.target)
        if result is None or not self.expansion.values or sum_of == ZERO:
            return sums
        digits = Script(self.words, self.ink, self.expansion.values, self.precision)
        pieces, shown = digits.terms(sum_of, 16.0), self.words.value(result, self.precision)
        if digits.text(sum_of) != shown:
            ink = "forward" if wants_output else "gradient"
            pieces.append(written((Run("  =  ", "serif"), Run(shown, "bold", ink, 0.9)), 16.0))
        return [*sums, (again, pieces)]

    def paint_lines(self, group: Group, head: Term, pieces: list[Term], room: float, y: float) -> float:
        for line in lines(head, pieces, room):
            y += max(t.ascent for _, t in line)
            for x, t in line:
                t.paint(group, symbols.MARGIN + x, y)
            y += max(t.descent for _, t in line) + 8
        return y

    def paint_note(self, scene: Scene, y: float) -> float:
        key = "note output" if self.view.choice.wants_output else "note weight" if self.is_weight() else "note input"
        scene.text(symbols.MARGIN, y + 16, self.words(key), 12, ink="muted")
        first = text_width(self.words(key), 12)
        if not self.view.choice.wants_output:
            runs = [
                Run("   " + self.words("what enters" if self.is_weight() else "local on edge"), "sans", "forward"),
                Run("  ×  ", "sans", "muted"),
            ]
            runs.append(Run(self.words("where it ends"), "sans", "gradient"))
            if symbols.MARGIN + first + runs_width(runs, 12) > scene.width - symbols.MARGIN:
                y += 18
                first = -text_width("   ", 12)
            scene.text(symbols.MARGIN + first, y + 16, runs, 12)
        return y + 18

    def is_weight(self) -> bool:
        return self.view.weights is not None and self.target.letter == self.view.weights.letter

    def told_sum(self) -> str:
        left = self.target.name if self.view.choice.wants_output else f"∂E/∂{self.target.name}"
        return f"{left} = {self.script.text(written_out(self.view.choice))}"

    def description(self) -> str:
        parts = [f"{self.title}: {self.subtitle}.", f"{self.told_sum()}."]
        if self.view.shares:
            for w in self.view.weighted:
                ends = ", ".join(f"{x.tail.name} → {x.head.name}" for x in self.view.links if x.weight == w)
                parts.append(f"{w.name}: {ends}.")
        return " ".join(parts)


def _derivative_runs(x: Link) -> tuple[Run, ...]:
    """∂σ/∂μ in one line."""
    return (Run("∂", "serif"), *symbol_runs(x.head), Run("/∂", "serif"), *symbol_runs(x.tail))


def _flat(v: object) -> list[int]:
    if isinstance(v, (tuple, list)):
        return [x for part in v for x in _flat(part)]
    return [v] if isinstance(v, (int, float)) and not isinstance(v, bool) else []  # type: ignore[list-item]


def _on(a: Point, c1: Point, c2: Point, b: Point, t: float) -> Point:
    """A point of the curve."""
    k = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    return math.fsum(w * p[0] for w, p in zip(k, (a, c1, c2, b), strict=True)), math.fsum(
        w * p[1] for w, p in zip(k, (a, c1, c2, b), strict=True)
    )
