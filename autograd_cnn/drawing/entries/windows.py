"""Beside an expansion: grids that show which window of one array meets which entries of the other, one for each weight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...symbolic.algebra import ONE, ZERO, Expr, Product, Sum, Symbol
from ..canvas.captions import declare
from ..canvas.scene import Group, Run, Scene, runs_width
from ..canvas.text import Words
from .expansion import Column
from .expressions import Script, partial_runs, symbol_runs
from .operation import Array
from .selection import EntryView

declare(
    {
        "each weight": ("Every weight sees one window of the input", "Jedes Gewicht sieht ein Fenster der Eingabe"),
        "slide over": (
            "Slide ∂E/∂O over it: the gradient of the filter is itself a convolution.",
            "∂E/∂O darüber schieben: der Gradient des Filters ist selbst eine Faltung.",
        ),
        "meets gradient": (
            "What stands in it, times the gradient below, summed, is the gradient of the weight.",
            "Was darin steht, mal dem Gradienten darunter, summiert, ist der Gradient des Gewichts.",
        ),
        "stands for": ("stands for", "steht für"),
        "some weights": ("{} of {} weights are shown", "{} von {} Gewichten sind gezeigt"),
        "outer": ("Every weight meets one input and one gradient", "Jedes Gewicht trifft eine Eingabe und einen Gradienten"),
        "outer text": ("So its gradient is the outer product of the two.", "Sein Gradient ist darum das äußere Produkt der beiden."),
        "meets": ("What {} meets on its way", "Was {} auf dem Weg trifft"),
        "meets text": (
            "Each output's gradient times the weight between them, 0 where there is none.",
            "Der Gradient jeder Ausgabe mal dem Gewicht dazwischen, 0 wo keines ist.",
        ),
        "entry window": ("The window of {}", "Das Fenster von {}"),
        "window text": ("Each entry with what it is multiplied by.", "Jeder Eintrag mit dem, womit er multipliziert wird."),
        "arrives": ("What arrives at each input entry", "Was bei jedem Eingabeeintrag ankommt"),
        "arrives text": (
            "The gradients of the outputs it leads to, 0 where none flows.",
            "Die Gradienten der Ausgaben, zu denen er führt, 0 wo keiner fließt.",
        ),
        "inference": ("At inference", "Bei der Anwendung"),
        "inference text": ("Nothing is dropped, the expectation is the same.", "Nichts fällt weg, der Erwartungswert ist derselbe."),
    }
)

CELL = 42.0
GAP = 34.0
MOST_GRIDS = 9
PAPERS = {"series-1": "window-paper", "series-2": "plum-paper", "series-3": "parameter-paper", "series-4": "panel2", "wire": "panel2"}


@dataclass(slots=True)
class Cell:
    """One entry in a grid: what stands in it, one line or two, and whether it is part of the window."""

    first: tuple[Run, ...]
    second: tuple[Run, ...] = ()
    inside: bool = False


@dataclass(slots=True)
class Grid:
    """An array as cells; leading dims stand side by side."""

    id: str
    title: tuple[Run, ...]
    told: str
    blocks: list[list[list[Cell]]]  # blocks of rows of cells
    ink: str = "series-1"
    dash: str | None = None
    cell: float = CELL

    @property
    def width(self) -> float:
        inner = sum(len(b[0]) * self.cell for b in self.blocks) + 14.0 * (len(self.blocks) - 1)
        return max(inner, runs_width(self.title, 15))

    @property
    def height(self) -> float:
        return 26.0 + max(len(b) for b in self.blocks) * CELL

    def paint(self, group: Group, x: float, y: float) -> None:
        g = group.group(self.id, "window", self.told)
        g.text(x, y + 12, self.title, 15)
        left, top = x, y + 26
        for block in self.blocks:
            for i, line in enumerate(block):
                for j, c in enumerate(line):
                    g.rect(
                        left + j * self.cell, top + i * CELL, self.cell, CELL, fill=PAPERS[self.ink] if c.inside else "card", stroke="hair"
                    )
            self.outline(g, block, left, top)
            for i, line in enumerate(block):
                for j, c in enumerate(line):
                    cx, cy = left + (j + 0.5) * self.cell, top + (i + 0.5) * CELL
                    g.text(cx, cy + (-2.0 if c.second else 4.5), c.first, 13, anchor="middle")
                    if c.second:
                        g.text(cx, cy + 13.0, c.second, 11, anchor="middle")
            left += len(block[0]) * self.cell + 14

    def outline(self, g: Group, block: Sequence[Sequence[Cell]], left: float, top: float) -> None:
        """The border of the window: around a rectangle of cells, or around each cell where they lie apart."""
        inside = [(i, j) for i, line in enumerate(block) for j, c in enumerate(line) if c.inside]
        if not inside:
            return
        rows, columns = [i for i, _ in inside], [j for _, j in inside]
        a, b, c, d = min(rows), max(rows), min(columns), max(columns)
        boxes = [(a, c, b - a + 1, d - c + 1)] if (b - a + 1) * (d - c + 1) == len(inside) else [(i, j, 1, 1) for i, j in inside]
        for i, j, tall, wide in boxes:
            g.rect(left + j * self.cell, top + i * CELL, wide * self.cell, tall * CELL, 2, stroke=self.ink, line=2.0, dash=self.dash)


@dataclass(slots=True)
class Side:
    """All that stands beside the figure: a heading, one or two lines of text, the grids in rows."""

    heading: str
    text: list[tuple[Run, ...]]
    grids: list[Grid] = field(default_factory=list)
    across: int = 2

    @property
    def width(self) -> float:
        rows = [self.grids[i : i + self.across] for i in range(0, len(self.grids), self.across)]
        grids = max((sum(g.width for g in r) + GAP * (len(r) - 1) for r in rows), default=0.0)
        return max(grids, runs_width((Run(self.heading, "bold"),), 12), *(runs_width(t, 12) for t in self.text))

    @property
    def height(self) -> float:
        rows = [self.grids[i : i + self.across] for i in range(0, len(self.grids), self.across)]
        return 30.0 + 17.0 * len(self.text) + sum(max(g.height for g in r) + GAP for r in rows) - GAP

    def paint(self, scene: Scene, x: float, y: float) -> None:
        group = scene.group("side", "side", self.heading)
        group.text(x, y, self.heading, 12, "bold")
        for line in self.text:
            y += 17 if line is not self.text[0] else 21
            group.text(x, y, line, 12)
        y += 22
        for i in range(0, len(self.grids), self.across):
            some, left = self.grids[i : i + self.across], x
            for g in some:
                g.paint(group, left, y)
                left += max(g.width for g in self.grids) + GAP
            y += max(g.height for g in some) + GAP


def side_of(view: EntryView, words: Words, ink: Callable[[Expr], str], precision: int) -> Side | None:
    """What stands beside this expansion, if anything."""
    return _Sides(view, words, ink, precision).side()


class _Sides:
    def __init__(self, view: EntryView, words: Words, ink: Callable[[Expr], str], precision: int) -> None:
        self.view, self.words, self.ink = view, words, ink
        self.script = Script(words, ink, precision=precision)
        self.shown = {c.letter: shown for c, shown in view.columns}
        self.columns = {c.letter: c for c, _ in view.columns}

    def side(self) -> Side | None:
        view = self.view
        if view.staged or not view.links:
            return None
        first, out = next(c for c, _ in view.columns if c.kind == "input"), view.expansion.output
        target = view.target
        if view.expansion.inference:
            return self.inference()
        if view.choice.wants_output:
            return self.window(first)
        weights = view.weights
        if weights is not None and target.letter == weights.letter:
            return self.windows(first) if view.shares else self.outer(weights)
        if weights is not None:
            return self.meetings(out)
        return self.arrivals(view.expansion.column_of(target)) if len(view.expansion.column_of(target).symbols.reshape(-1)) > 1 else None

    def grid(
        self,
        c: Column,
        id: str,
        title: tuple[Run, ...],
        told: str,
        cell: Callable[[Symbol], Cell],
        ink: str = "series-1",
        dash: str | None = None,
    ) -> Grid:
        """An array as a grid; only dims of more than one entry count."""
        dims = [d for d in c.shape if d > 1] or [1]
        flat = c.symbols.reshape(dims if len(dims) > 1 else [1, dims[0]])
        if self.view.choice.near:
            flat = _cropped(flat, self.shown.get(c.letter, []))
        blocks = flat.reshape(-1, *flat.shape[-2:])
        made = [[[cell(s) for s in line] for line in block] for block in blocks.tolist()]
        widest = max(max(runs_width(x.first, 13), runs_width(x.second, 11)) for b in made for line in b for x in line)
        return Grid(id, title, told, made, ink, dash, max(CELL, widest + 10))

    # ------------------------------------------------------------------------------------------------- kinds of grids
    def windows(self, first: Column) -> Side:
        """For each weight the window of the input that meets ∂E/∂O."""
        view = self.view
        shown = view.weighted
        most = MOST_GRIDS if first.symbols.size <= 25 else 4
        if len(shown) > most:
            shown = [view.target, *(w for w in shown if w != view.target)][:most]
        grids = []
        for w in shown:
            met: dict[Symbol, list[Symbol]] = {}
            for x in view.links:
                if x.weight == w:
                    met.setdefault(x.tail, []).append(x.head)
            chosen = w == view.target
            ink, dash = view.style_of(w)
            told = ", ".join(f"{t.name}·∂E/∂{o.name}" for t, heads in met.items() for o in heads)

            def cell(s: Symbol, met: dict[Symbol, list[Symbol]] = met) -> Cell:
                heads = met.get(s, [])
                if not heads:
                    return Cell(symbol_runs(s, "muted"))
                more = (Run(" …", "serif", "gradient"),) if len(heads) > 1 else ()
                return Cell(symbol_runs(s, "forward"), (*partial_runs(heads[0], short=True), *more), True)

            title = partial_runs(w, ink if chosen else "ink")
            grids.append(self.grid(first, f"win-{w.name}", title, f"∂E/∂{w.name} = {told}", cell, ink, dash))
        key = "slide over" if view.expansion.op.family == "conv" else "meets gradient"
        text = [(Run(self.words(key), "sans", "muted"),), self.stands_for()]
        if len(shown) < len(view.weighted):
            text.append((Run(self.words("some weights", len(shown), len(view.weighted)), "sans", "muted"),))
        across = 3 if len(grids) > 4 else 2
        return Side(self.words("each weight"), text, grids, across)

    def stands_for(self) -> tuple[Run, ...]:
        out = self.view.expansion.output.letter
        return (
            Run("∂", "serif", "gradient", 1.15),
            Run(out, "italic", "gradient", 1.15),
            Run(f"  {self.words('stands for')}  ", "sans", "muted"),
            Run("∂", "serif", "gradient", 1.15),
            Run("E", "italic", "gradient", 1.15),
            Run("/∂", "serif", "gradient", 1.15),
            Run(out, "italic", "gradient", 1.15),
        )

    def outer(self, weights: Column) -> Side:
        """A matrix of weights that each meet one product: the outer product of input and gradient."""
        pairs = {x.weight: x for x in self.view.links if x.weight is not None}

        def cell(s: Symbol) -> Cell:
            x = pairs.get(s)
            if x is None:
                return Cell(symbol_runs(s, "muted"))
            return Cell(
                symbol_runs(s, "series-1" if s == self.view.target else "ink"),
                (*symbol_runs(x.tail, "forward"), Run(" ", "serif"), *partial_runs(x.head, short=True)),
                s == self.view.target,
            )

        title = (Run("∂", "serif"), Run("E", "italic"), Run("/∂", "serif"), Run(weights.letter, "italic"))
        grid = self.grid(weights, f"all-{weights.letter}", title, f"∂E/∂{weights.letter}", cell)
        return Side(self.words("outer"), [(Run(self.words("outer text"), "sans", "muted"),), self.stands_for()], [grid])

    def meetings(self, out: Column) -> Side:
        """For an input entry: which weight it meets each ∂E/∂O with, 0 where it meets none."""
        met = {x.head: x for x in self.view.links if x.meant}

        def cell(s: Symbol) -> Cell:
            x = met.get(s)
            if x is None:
                return Cell(partial_runs(s, "muted", short=True), (Run("· 0", "serif", "muted"),))
            return Cell(partial_runs(s, short=True), self.short(x.local), True)

        title = (*partial_runs(self.view.target, "series-1"),)
        told = "; ".join(f"∂E/∂{s.name}·{self.script.text(x.local)}" for s, x in met.items())
        grid = self.grid(out, f"meets-{self.view.target.name}", title, f"∂E/∂{self.view.target.name}: {told}", cell)
        heading = self.words("meets", self.view.target.name)
        return Side(heading, [(Run(self.words("meets text"), "sans", "muted"),), self.stands_for()], [grid])

    def window(self, first: Column) -> Side:
        """For an output entry: its window of the input, with what each entry there is multiplied by."""
        met = {x.tail: x for x in self.view.links if x.meant}

        def cell(s: Symbol) -> Cell:
            x = met.get(s)
            if x is None:
                return Cell(symbol_runs(s, "muted"))
            return Cell(symbol_runs(s, "muted" if x.dead else "forward"), self.short(x.local), True)

        target = self.view.target
        told = f"{target.name}: {', '.join(s.name for s in met)}"
        grid = self.grid(first, f"window-{target.name}", symbol_runs(target, "series-1"), told, cell)
        return Side(self.words("entry window", target.name), [(Run(self.words("window text"), "sans", "muted"),)], [grid])

    def arrivals(self, first: Column) -> Side:
        """The gradient of each input entry, where the edges carry constants: what arrives, or 0."""

        def cell(s: Symbol) -> Cell:
            live = [x for x in self.view.links if x.tail == s and not x.dead]
            if not live:
                return Cell(symbol_runs(s, "muted"), (Run("0", "serif", "muted"),), s == self.view.target)
            runs: list[Run] = []
            for x in live[:2]:
                runs += [Run(" + ", "serif", "gradient")] if runs else []
                runs += [*self.factor(x.local), *partial_runs(x.head, short=True)]
            if len(live) > 2:
                runs.append(Run(" + …", "serif", "gradient"))
            return Cell(symbol_runs(s, "series-1" if s == self.view.target else "forward"), tuple(runs), True)

        title = (Run("∂", "serif"), Run("E", "italic"), Run("/∂", "serif"), Run(first.letter, "italic"))
        grid = self.grid(first, f"all-{first.letter}", title, f"∂E/∂{first.letter}", cell)
        return Side(self.words("arrives"), [(Run(self.words("arrives text"), "sans", "muted"),), self.stands_for()], [grid])

    def factor(self, local: Expr) -> tuple[Run, ...]:
        if local == ONE:
            return ()
        text = self.script.text(local)
        return (Run(f"({text}) " if isinstance(local, Sum) else f"{text} ", "serif"),)

    def inference(self) -> Side:
        """What the outputs are when nothing is trained."""
        view = self.view
        out = view.expansion.output

        def cell(s: Symbol) -> Cell:
            return Cell(symbol_runs(s), tuple(self.inline(view.expansion.inference[s])), False)

        told = "; ".join(f"{s.name} = {self.script.text(e)}" for s, e in view.expansion.inference.items())
        grid = self.grid(out, "inference", (Run(out.letter, "italic"),), told, cell)
        return Side(self.words("inference"), [(Run(self.words("inference text"), "sans", "muted"),)], [grid])

    def inline(self, e: Expr) -> list[Run]:
        runs = [Run("= ", "serif", "muted")]
        for f in e.factors if isinstance(e, Product) else (e,):
            runs += (
                symbol_runs(f, "forward") if isinstance(f, Symbol) else [Run(self.script.text(f), "serif", "forward"), Run(" ", "serif")]
            )
        return runs

    def short(self, local: Expr) -> tuple[Run, ...]:
        """A local derivative in a cell."""
        if isinstance(local, Symbol):
            return symbol_runs(local, self.ink(local))
        if local == ZERO:
            return (Run("0", "serif", "muted"),)
        return (Run(self.script.text(local), "serif"),)


def _cropped(symbols: Array, shown: Sequence[Symbol]) -> Array:
    """The part of an array that holds these entries, with one more on each side."""
    if not shown:
        return symbols
    wanted = {s.place for s in shown}
    inside = np.vectorize(lambda s: s.place in wanted, otypes=[bool])(symbols)
    cut = []
    for axis, size in enumerate(symbols.shape):
        at = np.flatnonzero(inside.any(axis=tuple(d for d in range(symbols.ndim) if d != axis)))
        cut.append(slice(max(0, at[0] - 1), min(size, at[-1] + 2)))
    found: Array = symbols[tuple(cut)]
    return found
