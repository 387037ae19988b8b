"""How a perceptron looks: units with their activations and δ, edges as wide as what they carry, and where there is room its numbers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.geometry import Space, overlap
from ..canvas.metrics import text_width
from ..canvas.scene import Box, Group, Point, Run, Scene
from ..canvas.symbols import Entry
from ..canvas.text import Words, mathematics
from ..view.arrays import Array

declare(
    {
        "network": ("Multi-layer perceptron", "Mehrschichtiges Perzeptron"),
        "network sub": ("units {}", "Einheiten {}"),
        "network desc": ("Fully connected layers from left to right:", "Vollverbundene Schichten von links nach rechts:"),
        "network input": ("the input", "die Eingabe"),
        "weight large": ("large weight", "großes Gewicht"),
        "weight small": ("small weight", "kleines Gewicht"),
        "weight negative": ("negative weight", "negatives Gewicht"),
        "activation": ("activation", "Aktivierung"),
        "below unit": ("below the unit", "unter der Einheit"),
        "weight written": ("weight; above the unit its bias", "Gewicht; über der Einheit ihr Bias"),
        "edge gradient": ("wide where |∂E/∂w| is large", "breit, wo |∂E/∂w| groß ist"),
        "edge credit": ("wide where |w·δ| is large", "breit, wo |w·δ| groß ist"),
        "edge negative": ("negative", "negativ"),
        "on edge": ("{} on its edge", "{} auf der Kante"),
        "bias written": ("bias, above the unit", "Bias, über der Einheit"),
        "widths gradient": (
            "Edges as wide as |∂E/∂w|: how far a step of gradient descent moves the weight.",
            "Kanten so breit wie |∂E/∂w|: wie weit ein Schritt des Gradientenabstiegs das Gewicht bewegt.",
        ),
        "widths credit": (
            "Edges as wide as |w·δ|: the share of the error that goes back to each unit (credit assignment).",
            "Kanten so breit wie |w·δ|: der Anteil am Fehler, der an jede Einheit zurückgeht (Credit Assignment).",
        ),
        "dropout": ("dropout {}", "Dropout {}"),
        "dropped of": ("{} of {} dropped", "{} von {} weggelassen"),
        "dropped training": ("in training: dropped; the others × {}", "im Training: weggelassen; die anderen × {}"),
        "inference whole": ("at inference: no unit is dropped", "bei der Anwendung: keine Einheit fällt weg"),
        "inference scaled": ("at inference: none dropped, all × {}", "bei der Anwendung: keine fällt weg, alle × {}"),
    }
)

MOST = 10  # units of a layer that are drawn; of more the first and the last
BEFORE, AFTER = 5, 2
MOST_WRITTEN = 16  # edges between two columns, if all are to carry their numbers
COLUMN = 168.0
RADIUS = 17.0
DASH = "5 3"
NAMES = {"weight": "w", "gradient": "∂E/∂w", "credit": "w·δ"}  # of what an edge carries
NUMBER = 10.0  # of a number on an edge
CLEAR = 2.5  # between a number and other edges
ROOMS = ((1.0, 1.0), (1.3, 1.0), (1.3, 1.35), (1.7, 1.35), (1.7, 1.7), (2.1, 2.0))  # how far columns and units move apart for numbers
SHARES = tuple(k / 40 for k in (8, 10, 7, 12, 30, 28, 33, 14, 26, 16, 24, 20, 18, 22, 6, 34))  # of an edge's length, where one may stand


@dataclass(slots=True)
class Column:
    """A layer's units, of which some are drawn."""

    name: str
    count: int
    functions: list[str] = field(default_factory=list)  # applied to the sums, by their labels
    weight: Array = field(default_factory=lambda: np.zeros((0, 0)))  # (units, units before)
    bias: Array = field(default_factory=lambda: np.zeros(0))
    values: Array = field(default_factory=lambda: np.zeros(0))  # activations; empty if nothing was computed
    delta: Array = field(default_factory=lambda: np.zeros(0))  # gradient of the loss by the sum before the activation
    rate: float = 0.0  # of a dropout
    dropped: Any = field(default_factory=lambda: np.zeros(0, bool))  # which units it dropped; empty at inference
    factor: float = 1.0  # of those it did not

    @property
    def shown(self) -> list[int]:
        if self.count <= MOST:
            return list(range(self.count))
        return [*range(BEFORE), *range(self.count - AFTER, self.count)]

    def drops(self, unit: int) -> bool:
        return bool(self.dropped.size) and bool(self.dropped[unit])


@dataclass(frozen=True, slots=True)
class State:
    """How much of the passes a picture shows: activations up to this column, δ from that one on, where it is now, what edges tell."""

    values: int
    deltas: int
    active: int | None = None  # the column whose edges are drawn strong
    backward: bool = False
    widths: str = "weight"  # "weight" | "gradient" | "credit"


Places = list[dict[int, Point]]


@dataclass(slots=True)
class _Figure:
    """What all parts of the picture need."""

    columns: Sequence[Column]
    state: State
    words: Words
    precision: int
    radius: float
    places: Places = field(default_factory=list)
    written: dict[tuple[int, int, int], Point] = field(default_factory=dict)  # where an edge's number stands

    def number(self, v: float) -> str:
        return self.words.value(float(v), self.precision)

    def carried(self, k: int) -> Array:
        """What the edges into column k carry, in sign and size."""
        u, before = self.columns[k], self.columns[k - 1]
        if self.widths(k) == "weight":
            return u.weight
        return np.outer(u.delta, before.values) if self.widths(k) == "gradient" else u.weight * u.delta[:, None]

    def widths(self, k: int) -> str:
        """In a step of the backward pass, only the edges that it is about tell something else than the weights."""
        here = self.state.active in (None, k) and bool(self.columns[k].delta.size) and bool(self.columns[k - 1].values.size)
        return self.state.widths if here else "weight"


def network_scene(
    columns: list[Column], state: State, words: Words, title: str, subtitle: str | None, precision: int, caption: str, told: str
) -> Scene:
    """The network in one state of its passes. `caption`: what is computed; `told`: what the widths of the edges are meanwhile."""
    scene = Scene(title=title, name="network", lang=words.lang)
    total = sum(u.weight.size + u.bias.size for u in columns[1:])
    sizes = " – ".join(words.count(u.count) for u in columns)
    line = subtitle if subtitle is not None else words.comma.join((words("network sub", sizes), words.parameters(total)))
    wide = symbols.heading(scene.group("heading"), title, line)
    f = _Figure(columns, state, words, precision, _radius(columns, precision, words))
    with_delta = any(u.delta.size for u in columns)
    top, halves = symbols.HEADING + 56, [_half(u, f.radius, words) for u in columns]
    left = symbols.MARGIN + halves[0]
    tall, across = _settle(f, left, top, halves, 2 * f.radius + (27 if with_delta else 13))
    for k in range(1, len(columns)):
        _edges(scene, f, k)
    for k, u in enumerate(columns):
        _column(scene, f, u, k, top)
    _numbers(scene, f)
    right = left + (len(columns) - 1) * across + halves[-1] + 36
    entries = _entries(f)
    size = symbols.legend_size(words("reading"), entries)
    symbols.legend(scene.group("legend"), right, top - 26, words("reading"), entries)
    bottom = top + max(tall, size[1] - 20)
    for k, (text, runs) in enumerate(((caption, _caption_runs(caption, state.backward)), (told, [Run(told, "sans", "muted")]))):
        if text:
            scene.group("caption" if k == 0 else "told").text(symbols.MARGIN, bottom + 22, runs, 13)
            wide = max(wide, text_width(text, 15))
            bottom += 30 if k == 0 else 22
    scene.width = max(right + size[0], symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = bottom + symbols.MARGIN - 6
    layers = "; ".join(_described(u, words) for u in columns)
    scene.desc = " ".join(t for t in (f"{title}. {words('network desc')} {layers}.", caption, told) if t)
    return scene


def _described(u: Column, words: Words) -> str:
    parts = [f"{u.name}: {words.units(u.count)}", *map(words.label, u.functions)]
    if u.dropped.size:
        parts.append(words("dropped of", int(u.dropped.sum()), u.count))
    return ", ".join(parts)


# ------------------------------------------------------------------------------------------------------- the layout
def _radius(columns: Sequence[Column], precision: int, words: Words) -> float:
    shown = (words.value(float(v), precision) for u in columns if u.values.size for v in u.values[u.shown])
    return max(RADIUS, max((text_width(t, 10.5) for t in shown), default=0.0) / 2 + 4.5)


def _head(u: Column, words: Words) -> str:
    return ", ".join([*map(words.label, u.functions), *([words("dropout", words.digits(u.rate))] if u.rate else [])])


def _half(u: Column, radius: float, words: Words) -> float:
    """Half the width of a column with its heading."""
    head = text_width(u.name, 12.5, "bold") + (text_width(f"  {_head(u, words)}", 12.5) if _head(u, words) else 0.0)
    return max(radius, head / 2, text_width(words.units(u.count), 11.5) / 2)


def _settle(f: _Figure, left: float, top: float, halves: Sequence[float], step: float) -> tuple[float, float]:
    """Place the units, and the numbers of the edges where all of a layer's find room: (height, distance of the columns)."""
    least = max(COLUMN, *(a + b + 20 for a, b in itertools.pairwise(halves)))
    rows = max(len(u.shown) + (u.count > MOST) for u in f.columns)
    fits = all(a.count * b.count <= MOST_WRITTEN for a, b in itertools.pairwise(f.columns))
    above = 13.0 if fits and any(u.bias.size for u in f.columns) else 0.0
    for wider, taller in ROOMS if fits else ROOMS[:1]:
        across, apart = least * wider, (step + above) * taller
        f.places = [_places(u, left + k * across, top, rows * apart, apart, above) for k, u in enumerate(f.columns)]
        f.written = _room_on_edges(f) if fits else {}
        if f.written or not fits:
            return rows * apart, across
    across, apart = least, step
    f.places = [_places(u, left + k * across, top, rows * apart, apart, 0.0) for k, u in enumerate(f.columns)]
    return rows * apart, across


def _places(u: Column, x: float, top: float, tall: float, step: float, above: float) -> dict[int, Point]:
    slots = len(u.shown) + (1 if u.count > MOST else 0)
    start = top + (tall - slots * step + step + above) / 2
    return {unit: (x, start + (k + (u.count > MOST and k >= BEFORE)) * step) for k, unit in enumerate(u.shown)}


def _ends(f: _Figure, k: int, j: int, i: int) -> tuple[Point, Point]:
    """Of the edge from unit i of the column before to unit j of column k, between the circles."""
    (x0, y0), (x1, y1) = f.places[k - 1][i], f.places[k][j]
    length = float(np.hypot(x1 - x0, y1 - y0))
    ux, uy = (x1 - x0) / length * f.radius, (y1 - y0) / length * f.radius
    return (x0 + ux, y0 + uy), (x1 - ux, y1 - uy)


def _room_on_edges(f: _Figure) -> dict[tuple[int, int, int], Point]:
    """A place for the number of every edge, on it and clear of all others; nothing if one finds none."""
    found: dict[tuple[int, int, int], Point] = {}
    space, tall = Space(), NUMBER + 2
    for places in f.places:
        for x, y in places.values():
            space.take((x - f.radius, y - f.radius - 13, 2 * f.radius, 2 * f.radius + 27))
    for k in range(1, len(f.columns)):
        edges = {(j, i): _ends(f, k, j, i) for j in f.places[k] for i in f.places[k - 1]}
        for (j, i), (a, b) in edges.items():
            w = max(text_width(f.number(v), NUMBER) for v in (_most(f, k), f.columns[k].weight[j, i])) + 4
            others = [e for at, e in edges.items() if at != (j, i)]
            for share in SHARES:
                x, y = a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
                box = (x - w / 2, y - tall / 2, w, tall)
                if not space.hits(box, 1.0) and not any(
                    _crosses(e, (x - w / 2, y - tall / 2 - CLEAR, w, tall + 2 * CLEAR)) for e in others
                ):
                    space.take(box)
                    found[k, j, i] = (x, y)
                    break
            else:
                return {}
    return found


def _most(f: _Figure, k: int) -> float:
    """A number as wide as any that the edges of a layer carry in the passes."""
    u, before = f.columns[k], f.columns[k - 1]
    if not (u.delta.size and before.values.size):
        return 0.0
    return -max(float(np.abs(u.weight * u.delta[:, None]).max()), float(np.abs(np.outer(u.delta, before.values)).max()))


def _crosses(edge: tuple[Point, Point], box: Box) -> bool:
    """Does a line run through a box?"""
    (x0, y0), (x1, y1) = edge
    x, y, w, h = box
    if not overlap((min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)), box, 0.5):
        return False
    side = [(x1 - x0) * (cy - y0) - (y1 - y0) * (cx - x0) for cx in (x, x + w) for cy in (y, y + h)]
    return min(side) < 0 < max(side)


# ------------------------------------------------------------------------------------------------------- painting
def _edges(scene: Scene, f: _Figure, k: int) -> None:
    """The edges into column k: the wider, the larger what they carry; dashed where it is negative, dotted at a dropped unit."""
    carried, state, words = f.carried(k), f.state, f.words
    active = state.active == k or (state.active is None and f.widths(k) != "weight")
    backward = state.backward or f.widths(k) != "weight"
    bound = float(np.nanmax(np.abs(carried))) or 1.0
    ink = ("gradient" if backward else "forward") if active else "wire"
    g = scene.group(f"edges-{k}", "edges", f"{f.columns[k - 1].name} → {f.columns[k].name}")
    name = NAMES[f.widths(k)]
    for j in f.places[k]:
        for i in f.places[k - 1]:
            edge = g.group(None, "edge", f"{name}[{j}, {i}] = {words.digits(carried[j, i], 6)}")
            if f.columns[k].drops(j) or f.columns[k - 1].drops(i):
                edge.line(*_ends(f, k, j, i), stroke="hair", line=0.8, dash="1.5 4")
                continue
            share = abs(carried[j, i]) / bound
            dash = DASH if carried[j, i] < 0 else None
            edge.line(*_ends(f, k, j, i), stroke=ink, line=0.4 + 3.2 * share, dash=dash, opacity=0.35 + 0.6 * share)


def _numbers(scene: Scene, f: _Figure) -> None:
    """What each edge carries, written on it; the biases above the units."""
    g = scene.group("numbers", "numbers")
    for (k, j, i), (x, y) in f.written.items():
        if f.columns[k].drops(j) or f.columns[k - 1].drops(i):
            continue
        ink = "parameter" if f.widths(k) == "weight" else "gradient"
        g.text(x, y + 3.5, f.number(f.carried(k)[j, i]), NUMBER, ink=ink, anchor="middle", halo="paper")
    if f.written:
        for k, u in enumerate(f.columns):
            for unit, (x, y) in f.places[k].items() if u.bias.size else ():
                g.text(x, y - f.radius - 4, f.number(u.bias[unit]), NUMBER, ink="parameter", anchor="middle")


def _column(scene: Scene, f: _Figure, u: Column, k: int, top: float) -> None:
    state, words, radius = f.state, f.words, f.radius
    x = next(iter(f.places[k].values()))[0]
    g = scene.group(f"layer-{k}", "layer", _described(u, words), units=u.count)
    label = [Run(u.name, "bold")] + ([Run(f"  {_head(u, words)}", "sans", "muted")] if _head(u, words) else [])
    g.text(x, top - 30, label, 12.5, anchor="middle")
    g.text(x, top - 13, words.units(u.count), 11.5, ink="muted", anchor="middle")
    known, delta = u.values.size > 0 and k <= state.values, u.delta.size > 0 and k >= state.deltas
    for unit, (cx, cy) in f.places[k].items():
        active = state.active is not None and k == (state.active - 1 if state.widths == "credit" else state.active)
        dropped = u.drops(unit) and known
        facts = f"{u.name}[{unit}]" + (f" = {words.digits(u.values[unit], 6)}" if known else "")
        facts += f", {words('dropped')}" if dropped else ""
        facts += f"{words.comma}δ = {words.digits(u.delta[unit], 6)}" if delta else ""
        q = g.group(None, "unit", facts)
        edge = "gradient" if active and state.backward else "forward" if active else "input-line" if k == 0 else "dark"
        fill = "input-paper" if k == 0 else "card"
        if dropped:
            q.circle(cx, cy, radius, fill="paper", stroke="wire", line=1.2)
            _cross(q, cx, cy, radius * 0.62)
        else:
            q.circle(cx, cy, radius, fill=fill, stroke=edge, line=2.0 if active else 1.3)
        if known and not dropped:
            q.text(cx, cy + 3.8, f.number(u.values[unit]), 10.5, "bold", "forward", "middle")
        if delta:
            q.text(cx, cy + radius + 11.5, f.number(u.delta[unit]), 10.5, ink="gradient", anchor="middle")
    if u.count > MOST:
        (_, y0), (_, y1) = f.places[k][u.shown[BEFORE - 1]], f.places[k][u.shown[BEFORE]]
        for shift in (-7.0, 0.0, 7.0):
            g.circle(x, (y0 + y1) / 2 + shift, 1.8, fill="dark")


def _cross(g: Group, x: float, y: float, r: float) -> None:
    g.line((x - r, y - r), (x + r, y + r), stroke="dark", line=1.8, round=True)
    g.line((x - r, y + r), (x + r, y - r), stroke="dark", line=1.8, round=True)


# ------------------------------------------------------------------------------------------------------- words
def _entries(f: _Figure) -> list[Entry]:
    words, columns = f.words, f.columns
    widths = f.state.widths if any(f.widths(k) != "weight" for k in range(1, len(columns))) else "weight"

    def line(width: float, dash: str | None, ink: str = "wire") -> Any:
        return lambda g, x, y: g.line((x, y), (x + symbols.SAMPLE, y), stroke=ink, line=width, dash=dash)

    def text(face: str, ink: str) -> Any:
        return lambda g, x, y: g.text(x + symbols.SAMPLE / 2, y + 4, f.number(0.42), 12, face, ink, "middle")

    def meaning(key: str, *args: Any) -> tuple[Run, ...]:
        return (Run(words(key, *args), "sans", "muted"),)

    whole = widths != "weight" and f.state.active is None  # no edge tells its weight
    entries = [] if whole else [Entry(line(3.0, None), meaning("weight large")), Entry(line(0.8, None), meaning("weight small"))]
    if not whole:
        entries.append(Entry(line(2.0, DASH), meaning("weight negative")))
    if widths != "weight":
        entries.append(Entry(line(3.0, None, "gradient"), meaning(f"edge {widths}")))
        entries.append(Entry(line(2.0, DASH, "gradient"), meaning("edge negative")))
    if f.written and widths != "weight":
        entries.append(Entry(text("sans", "gradient"), meaning("on edge", NAMES[widths])))
    if f.written:
        entries.append(Entry(text("sans", "parameter"), meaning("bias written" if whole else "weight written")))
    if any(u.values.size for u in columns):
        entries.append(Entry(text("bold", "forward"), meaning("activation")))
    if any(u.delta.size for u in columns):
        runs = (*mathematics("δ = ∂E/∂z", "gradient", 1.1), Run(f"  {words('below unit')}", "sans", "muted"))
        entries.append(Entry(text("sans", "gradient"), runs))
    dropping = [u for u in columns if u.dropped.size]
    if dropping:
        entries.append(Entry(_crossed, meaning("dropped training", words.digits(dropping[0].factor, 4)), 27.0, 6))
    elif any(u.rate for u in columns):
        factors = [u.factor for u in columns if u.rate and u.factor != 1]
        said = meaning("inference scaled", words.digits(factors[0], 4)) if factors else meaning("inference whole")
        entries.append(Entry(lambda g, x, y: g.circle(x + symbols.SAMPLE / 2, y, 10, fill="card", stroke="dark", line=1.3), said, 27.0, 6))
    return entries


def _crossed(g: Group, x: float, y: float) -> None:
    g.circle(x + symbols.SAMPLE / 2, y, 10, fill="paper", stroke="wire", line=1.2)
    _cross(g, x + symbols.SAMPLE / 2, y, 6.2)


def _caption_runs(caption: str, backward: bool) -> list[Run]:
    ink = "gradient" if backward else "forward"
    if "=" not in caption:
        return [Run(caption, "sans", ink)]
    return list(mathematics(caption, ink, 1.15))
