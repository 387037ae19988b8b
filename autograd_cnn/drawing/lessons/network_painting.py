"""How a perceptron looks: units with their activations and δ, edges as wide as what they carry, and where there is room its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Point, Run, Scene
from ..canvas.symbols import Entry
from ..canvas.text import Words, mathematics
from ..layout.fit import Fit
from .network_layout import HEADS, NUMBER, Column, Figure, Room, State, ends_of, head_of, placed, rooms

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
        "dropped of": ("{} of {} dropped", "{} von {} weggelassen"),
        "dropped training": ("in training: dropped; the others × {}", "im Training: weggelassen; die anderen × {}"),
        "inference whole": ("at inference: no unit is dropped", "bei der Anwendung: keine Einheit fällt weg"),
        "inference scaled": ("at inference: none dropped, all × {}", "bei der Anwendung: keine fällt weg, alle × {}"),
    }
)


DASH = "5 3"
UNDER = 34.0  # from the units to a legend under them
NAMES = {"weight": "w", "gradient": "∂E/∂w", "credit": "w·δ"}  # of what an edge carries


def network_scene(
    columns: list[Column], state: State, words: Words, title: str, subtitle: str | None, precision: int, caption: str, told: str, room: Room
) -> Scene:
    """The network in one state of its passes. `caption`: what is computed; `told`: what the widths of the edges are meanwhile."""
    f = placed(columns, state, words, precision, room)
    scene = Scene(title=title, name="network", lang=words.lang)
    wide = symbols.heading(scene.group("heading"), title, _line(f, subtitle))
    for k in range(1, len(columns)):
        _edges(scene, f, k)
    _fold(scene, f)
    for k, u in enumerate(columns):
        if f.places[k]:
            _column(scene, f, u, k, f.places[k])
        if k in f.again:
            _column(scene, f, u, k, f.again[k], again=True)
    _numbers(scene, f)
    entries, legend = _entries(f), scene.group("legend")
    scene.width, scene.height, bottom = _size(f, wide, entries, [(caption, 30.0), (told, 22.0)])
    if room.under:
        symbols.legend_columns(words("reading"), entries, f.right - symbols.MARGIN).paint(legend, symbols.MARGIN, f.bottom + UNDER)
    else:
        symbols.legend(legend, f.right + 36, symbols.HEADING + 30, words("reading"), entries)
    for k, (text, runs) in enumerate(((caption, _caption_runs(caption, state.backward)), (told, [Run(told, "sans", "muted")]))):
        if text:
            scene.group("caption" if k == 0 else "told").text(symbols.MARGIN, bottom + 22, runs, 13)
            bottom += 30 if k == 0 else 22
    layers = "; ".join(_described(u, words) for u in columns)
    scene.desc = " ".join(t for t in (f"{title}. {words('network desc')} {layers}.", caption, told) if t)
    return scene


def room_for(
    columns: list[Column],
    state: State,
    words: Words,
    title: str,
    subtitle: str | None,
    precision: int,
    lines: Sequence[tuple[str, float]],
    fit: Fit,
) -> Room:
    """The first room in which the network fits with these lines under it (each with its height); if none does, the one that comes nearest."""
    best, most = Room(), 0.0
    for room in rooms(len(columns)):
        f = placed(columns, state, words, precision, room)
        wide = max(text_width(title, 17, "bold"), text_width(_line(f, subtitle), 12))
        width, height, _ = _size(f, wide, _entries(f), lines)
        smallest = NUMBER if f.written else 10.5 if any(u.values.size for u in columns) else 11.5
        text = fit.text(width, height, smallest)
        if fit.holds(text):
            return room
        if text > most * 1.0001:
            best, most = room, text
    return best


def _line(f: Figure, subtitle: str | None) -> str:
    """The line under the title."""
    total = sum(u.weight.size + u.bias.size for u in f.columns[1:])
    hidden = f.room.hidden(len(f.columns))
    shown = (f.words.count(u.count) if k not in hidden else "…" for k, u in enumerate(f.columns) if k <= hidden.start or k not in hidden)
    sizes = " – ".join(shown)
    return subtitle if subtitle is not None else f.words.comma.join((f.words("network sub", sizes), f.words.parameters(total)))


def _size(f: Figure, wide: float, entries: Sequence[Entry], lines: Sequence[tuple[str, float]]) -> tuple[float, float, float]:
    """Width and height of the figure, and where the lines under it begin."""
    wide = max([wide, *(text_width(text, 15) for text, _ in lines)])
    if f.room.under:
        legend = symbols.legend_columns(f.words("reading"), entries, f.right - symbols.MARGIN)
        across = sum(legend.widths) + 30 * (len(legend.widths) - 1)
        right, bottom = max(f.right, symbols.MARGIN + across), f.bottom + UNDER + legend.height
    else:
        across, high = symbols.legend_size(f.words("reading"), entries)
        right, bottom = f.right + 36 + across, max(f.bottom, symbols.HEADING + HEADS + high - 20)
    tall = bottom + sum(height for text, height in lines if text) + symbols.MARGIN - 6
    return max(right, symbols.MARGIN + wide) + symbols.MARGIN, tall, bottom


def _described(u: Column, words: Words) -> str:
    parts = [f"{u.name}: {words.units(u.count)}", *map(words.label, u.functions)]
    if u.dropped.size:
        parts.append(words("dropped of", int(u.dropped.sum()), u.count))
    return ", ".join(parts)


# ------------------------------------------------------------------------------------------------------- painting
def _edges(scene: Scene, f: Figure, k: int) -> None:
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
                edge.line(*ends_of(f, k, j, i), stroke="hair", line=0.8, dash="1.5 4")
                continue
            share = abs(carried[j, i]) / bound
            dash = DASH if carried[j, i] < 0 else None
            edge.line(*ends_of(f, k, j, i), stroke=ink, line=0.4 + 3.2 * share, dash=dash, opacity=0.35 + 0.6 * share)


def _numbers(scene: Scene, f: Figure) -> None:
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


def _column(scene: Scene, f: Figure, u: Column, k: int, places: dict[int, Point], again: bool = False) -> None:
    """A layer's units. `again`: once more, at the beginning of the next row."""
    state, words, radius = f.state, f.words, f.radius
    x, highest = next(iter(places.values()))
    top = max(t for t in f.tops if t < highest)
    g = scene.group(f"layer-{k}-again" if again else f"layer-{k}", "layer again" if again else "layer", _described(u, words), units=u.count)
    label = [Run(u.name, "bold")] + ([Run(f"  {head_of(u, words)}", "sans", "muted")] if head_of(u, words) else [])
    g.text(x, top - 30, label, 12.5, anchor="middle")
    g.text(x, top - 13, words.units(u.count), 11.5, ink="muted", anchor="middle")
    known, delta = u.values.size > 0 and k <= state.values, u.delta.size > 0 and k >= state.deltas
    for unit, (cx, cy) in places.items():
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
            q.text(cx, cy + radius + 11.5, f.number(u.delta[unit]), 10.5, ink="gradient", anchor="middle", halo="paper")
    gap = f.room.gap(u)
    if gap is not None:
        (_, y0), (_, y1) = (places[unit] for unit in f.room.shown(u)[gap - 1 : gap + 1])
        for shift in (-7.0, 0.0, 7.0):
            g.circle(x, (y0 + y1) / 2 + shift, 1.8, fill="dark")


def _fold(scene: Scene, f: Figure) -> None:
    """The layers that are put together, between those before and after them."""
    if f.fold is None:
        return
    hidden, words, state = f.room.hidden(len(f.columns)), f.words, f.state
    (x, y, w, h), middle = f.fold, f.fold[0] + f.fold[2] / 2
    told = "; ".join(_described(f.columns[k], words) for k in hidden)
    g = scene.group("layers-folded", "layers folded", told, (x, f.tops[0] - 44, w, y + h - f.tops[0] + 44), copies=len(hidden))
    active = state.active is not None and (state.active in hidden or state.active == hidden.stop)
    ink = ("gradient" if state.backward else "forward") if active else "wire"
    for k, end in ((hidden.start - 1, x), (hidden.stop, x + w)):
        for cx, cy in f.places[k].values():
            g.line((cx + (f.radius if cx < end else -f.radius), cy), (end, cy), stroke=ink, line=1.6 if active else 0.8)
    for shift in (6.0, 3.0, 0.0):
        g.rect(x + shift, y + shift, w - 6, h - 6, 8, fill="panel", stroke=ink if active and not shift else "hair", line=1.3)
    g.text(middle, f.tops[0] - 30, words("layers", len(hidden)), 12.5, "bold", anchor="middle")
    g.text(middle, y + h / 2 + 4, f"×{len(hidden)}", 13, "bold", "dark", "middle")


def _cross(g: Group, x: float, y: float, r: float) -> None:
    g.line((x - r, y - r), (x + r, y + r), stroke="dark", line=1.8, round=True)
    g.line((x - r, y + r), (x + r, y - r), stroke="dark", line=1.8, round=True)


# ------------------------------------------------------------------------------------------------------- words
def _entries(f: Figure) -> list[Entry]:
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
