"""The graph as DOT source for people who want to go on with Graphviz: plain labels, fixed sizes, ids, classes,
tooltips."""

from __future__ import annotations

from ..canvas.theme import colour
from ..view.style import Style
from ..view.view import Edge, Panel, Pill, Unit, View, number_of, size_of
from .cards import Card, measure, output_text, shape_text

_HEAD = [
    "digraph graph_ {",
    '  graph [rankdir=TB, newrank=true, nodesep=0.45, ranksep=0.55, fontname="Helvetica", fontsize=11];',
    '  node [shape=box, style="rounded,filled", fixedsize=true, fontname="Helvetica", fontsize=10];',
    '  edge [fontname="Helvetica", fontsize=9, arrowsize=0.6];',
]
_PAPER = {
    "parameter": "parameter-paper",
    "input": "input-paper",
    "constant": "card",
    "loss": "gradient-paper",
    "output": "input-paper",
}


def dot_source(view: View, style: Style) -> str:
    """DOT source of a view.   [Graphviz, "DOT Language"]"""
    return "\n".join(_Source(view, style).lines()) + "\n"


def quoted(text: str) -> str:
    """A DOT string; line breaks become centred ones.

    >>> print(quoted('say "hi"'))
    "say \\"hi\\""
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


class _Source:
    def __init__(self, view: View, style: Style) -> None:
        self.view, self.style = view, style
        circuit = any(u.kind == "op" and u.outputs and u.outputs[0].shape is None for u in view.units)
        style.values = view.graph.values  # what a card's size depends on
        self.cards = {c.unit.id: c for c in measure(view.units, style)} if not circuit else {}

    def lines(self) -> list[str]:
        out = list(_HEAD)
        out += [f"  {line}" for u in self.view.units if u.panel is None for line in self.unit(u)]
        for p in self.view.panels:
            if p.parent is None:
                out += self.panel(p, "  ")
        for u in self.view.units:
            for pill in u.pills:
                size = 0.0 if pill.cut else self.style.gradient(pill.value).norm
                dashed = ", style=dashed" if pill.cut else ""
                out.append(f"  {quoted(pill.id)} -> {quoted(u.id)} [{self.note(size, pill.uses > 1)}{dashed}];")
        out += [f"  {self.edge(e)}" for e in self.view.edges]
        return [*out, "}"]

    def panel(self, p: Panel, indent: str) -> list[str]:
        count = size_of(p.parameters.values())
        label = f"{p.name} : {p.kind}, {self.style.words.parameters(count)}" if count else f"{p.name} : {p.kind}"
        out = [f"{indent}subgraph {quoted('cluster_' + p.id)} {{"]
        out.append(f'{indent}  graph [id={quoted(p.id)}, class="module", label={quoted(label)}, labeljust=l, style=rounded];')
        out += [f"{indent}  {line}" for u in p.units for line in self.unit(u)]
        for q in p.panels:
            out += self.panel(q, indent + "  ")
        return [*out, indent + "}"]

    def unit(self, u: Unit) -> list[str]:
        out = [self.node(u.id, u.kind, self.label(u), *self.size(u))]
        for pill, (_, _, w, h) in zip(u.pills, self.cards[u.id].pill_boxes() if u.id in self.cards else (), strict=False):
            out.append(self.node(pill.id, pill.kind, self.pill_label(pill), w, h))
        if u.pills:
            out.append("{ rank=same; " + " ".join(quoted(i) + ";" for i in (*(p.id for p in u.pills), u.id)) + " }")
        return out

    def size(self, u: Unit) -> tuple[float, float]:
        card: Card | None = self.cards.get(u.id)
        return (card.width, card.height) if card else (104.0, 44.0)

    def node(self, id: str, kind: str, label: str, width: float, height: float) -> str:
        paper, told = colour(_PAPER.get(kind, "card")), label.replace("\n", ", ")
        return (
            f"{quoted(id)} [id={quoted(id)}, class={quoted(kind)}, label={quoted(label)}, tooltip={quoted(told)}, "
            f'width={width / 72:.3f}, height={height / 72:.3f}, fillcolor="{paper}"];'
        )

    def label(self, u: Unit) -> str:
        if not u.works:
            number = number_of(u.value) if u.value is not None else None
            second = output_text(u, self.style) if number is None else self.style.words.value(number, self.style.precision)
            return f"{u.title}\n{second}".rstrip()
        name = " ".join((f"{u.title or u.copy_kind} ×{len(u.copies)}" if u.copies else u.title, *u.constants))
        number = number_of(u.outputs[0]) if u.outputs and u.outputs[0].shape is None else None
        second = self.style.words.value(number, self.style.precision) if number is not None else output_text(u, self.style)
        lines = [name, second]
        if self.style.backward and number is not None and u.outputs[0].grad is not None:
            lines.append(f"∂ {self.style.words.value(float(u.outputs[0].grad), self.style.precision)}")
        if u.kept_bytes and u.outputs[0].shape is not None:
            lines.append(f"{self.style.words('keeps')} {', '.join(u.keeps)} ({self.style.words.memory(u.kept_bytes)})")
        return "\n".join(lines)

    def pill_label(self, pill: Pill) -> str:
        return f"{pill.name}\n{shape_text(pill, self.style)}"

    def edge(self, e: Edge) -> str:
        gradient = self.style.gradient(e.value)
        style = ", style=dashed" if e.cut or (self.style.backward and gradient.state == "none") else ""
        note = self.note(0.0 if e.cut else gradient.norm, e.branches > 1)
        return f"{quoted(e.tail.id)} -> {quoted(e.head.id)} [id={quoted(e.id)}, {note}{style}];"

    def note(self, size: float, summed: bool = False) -> str:
        """An edge's class, and with the backward pass its gradient's norm; of a value that goes several ways, that of the sum."""
        if not self.style.backward or not size:
            return 'class="edge"'
        words = self.style.words
        told = f'edgetooltip="{words("norm")} {words.digits(size, 6)}"'
        return f'class="edge", label="{"Σ " if summed else ""}{words.norm(size)}", fontcolor="{colour("gradient")}", {told}'
