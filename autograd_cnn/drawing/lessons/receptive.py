"""What one unit can see: cells and a cone per layer, or nested squares on the picture."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import nearest
from ...graph.graph import Graph
from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.geometry import spread
from ..canvas.metrics import text_width
from ..canvas.scene import Run, Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..view.arguments import traced
from ..view.arrays import Array, image_png
from .input_window import Mask, centres, fields, space
from .layers import Layer, caption, layers_of, one_size

declare(
    {
        "field": ("receptive field", "rezeptives Feld"),
        "field title": ("What one unit can see", "Was eine Einheit sehen kann"),
        "field sub": (
            "follow one unit down to the input; each layer widens the field by (kernel − 1) × dilation × product of the strides below it",
            "von einer Einheit hinab zur Eingabe; jede Schicht weitet das Feld um (Filter − 1) × Dehnung × Produkt der Schrittweiten darunter",
        ),
        "field sub enlarged": (
            "follow one unit down to the input; the cone is what its gradient reaches",
            "von einer Einheit hinab zur Eingabe; der Kegel ist, was ihr Gradient erreicht",
        ),
        "squares sub": (
            "the part of the input that a unit of each layer depends on, one within the other",
            "der Teil der Eingabe, von dem eine Einheit jeder Schicht abhängt, ineinander",
        ),
        "of cells": ("of {}", "von {}"),
        "inputs seen": ("{} inputs", "{} Eingaben"),
        "field of": ("receptive field {}", "rezeptives Feld {}"),
        "with gaps": ("with gaps", "mit Lücken"),
    }
)

WIDEST = 26.0  # of a cell with the gap to the next
ROOM = 900.0
MOST = 90  # cells in a row; more are cut off around the cone
ROW = 58.0
SIDE = 380.0  # of the picture
STYLES = (
    *(("series-1", None), ("series-2", "7 4"), ("series-3", "2 3")),
    *(("series-4", "9 3 2 3"), ("series-5", "12 4"), ("series-6", "5 2 1 2 1 2")),
)


@figure
def receptive_field(
    model: Any,
    unit: int | Sequence[int] | None = None,
    input: Any = None,
    *,
    layer: str | None = None,
    section: str | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw what one unit of a network can see: for a signal a row of cells for each layer with the cone down to the
    input, for a picture the fields of a unit of each layer as nested squares.

    What is drawn is the set of inputs the unit depends on, read from the graph of one call in evaluation: the support
    of its gradient. Branches and skips count, and gaps that dilation leaves.

    Args:
        model, input: a model, and a tensor, an array or a shape to call it with; or a `Graph`. A picture that is not
            constant is shown under the squares.
        unit: the place of the unit within its layer, the middle by default.
        layer: the name of the layer; by default the last one with more than one place.
        section: "width" or "height" draws a picture's cells and cone along that dimension.

    Raises:
        TypeError: no model, or no input.
        ValueError: a unit or layer that is not there, an input without places.

    Example:
        >>> from autograd_cnn import draw, nn
        >>> net = nn.Sequential(nn.Conv1d(1, 4, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 4, 3))
        >>> draw.receptive_field(net, 3, (1, 1, 20))
        <Drawing 'What one unit can see', 848×322>
    """
    words, theme = Words(lang), check_theme(theme)
    graph = traced(model, input, "receptive_field")
    sight = sight_of(graph, unit, layer, words)
    known = words("field title") if title is None else title
    dims = len(sight.unit)
    if section not in (None, "width", "height"):
        raise ValueError(f"draw.receptive_field: expected section to be 'width' or 'height', got {section!r}.")
    if dims > 2 or (section and dims != 2):
        raise ValueError(f"draw.receptive_field: expected signals (N, C, L) or pictures (N, C, H, W), got units with {dims} dims.")
    if dims == 1 or section:
        return Drawing(cells_scene(sight, 0 if section == "height" or dims == 1 else 1, words, known, subtitle), theme, prefix)
    given = graph.values[sight.source].data
    picture = np.asarray(given[0], np.float64) if given is not None and np.ptp(given) > 0 and given.shape[1] in (1, 3) else None
    return Drawing(squares_scene(sight, picture, words, known, subtitle), theme, prefix)


@dataclass(slots=True)
class Row:
    """A layer with the part of it that the unit sees."""

    layer: Layer
    name: str
    mask: Mask  # of the layer's places that the unit depends on
    sees: Mask  # of the input's places that the layer's middle unit depends on


@dataclass(slots=True)
class Sight:
    """A unit and what it sees, layer by layer, the input first."""

    graph: Graph
    rows: list[Row]
    unit: tuple[int, ...]
    source: int  # the input's value
    target: int

    @property
    def field(self) -> Mask:
        return self.rows[0].mask


def sight_of(graph: Graph, unit: Any, layer: str | None, words: Words) -> Sight:
    """Follow a unit (by default the middle one of the last layer with places) down to the input."""
    layers = [n for n in layers_of(graph) if n.space and n.kind != "join"]
    if not layers or layers[0].kind != "input":
        raise ValueError("draw.receptive_field: expected a model whose input has places: (N, C, L) or (N, C, H, W).")
    top = _top(layers, layer)
    place = _place(unit, top)
    target = top.out
    seen = fields(graph, target, place)
    source = layers[0].out
    rows = []
    for n in layers[: layers.index(top) + 1]:
        at = next((i for i in _values(n) if i in seen), None)
        if at is None:
            continue  # a branch that does not lead to the unit
        middle = tuple(size // 2 for size in n.space)
        sees = fields(graph, n.out, middle).get(source)
        if sees is not None:
            rows.append(Row(n, words("input") if n.kind == "input" else _named(n, words), seen[at], sees))
    if rows[0].layer.kind != "input":
        raise ValueError("draw.receptive_field: the unit does not depend on the input.")
    return Sight(graph, rows, place, source, target)


def _values(n: Layer) -> list[int]:
    return [n.out, *(i for s in reversed(n.steps) for i in s.outputs)]


def _named(n: Layer, words: Words) -> str:
    head, _ = caption(n, words)
    if n.window is None or n.inner:
        return head
    w = n.window
    stride = f" / {one_size(w.stride)}" if any(s != 1 for s in w.stride) else ""
    return head + stride + (f", {words('setting dilation')} {one_size(w.dilation)}" if any(d != 1 for d in w.dilation) else "")


def _top(layers: Sequence[Layer], name: str | None) -> Layer:
    if name is None:
        wide = [n for n in layers[1:] if any(s > 1 for s in n.space)]
        if not (wide or layers[1:]):
            raise ValueError("draw.receptive_field: expected a model with at least one layer that has places.")
        return wide[-1] if wide else layers[-1]
    known = {n.name: n for n in layers[1:] if n.name}
    if name not in known:
        raise ValueError(f"draw.receptive_field: expected layer to be one with places, got {name!r}.{nearest(name, known)}")
    return known[name]


def _place(unit: Any, top: Layer) -> tuple[int, ...]:
    if unit is None:
        return tuple(n // 2 for n in top.space)
    place = (unit,) if isinstance(unit, (int, np.integer)) else tuple(unit)
    sizes = top.space
    good = len(place) == len(sizes) and all(isinstance(p, (int, np.integer)) and -n <= p < n for p, n in zip(place, sizes, strict=False))
    if not good:
        raise ValueError(
            f"draw.receptive_field: expected unit to be a place within {sizes}, the size of {top.name or caption(top, Words())[0]!r}, got {unit!r}."
        )
    return tuple(int(p) % n for p, n in zip(place, sizes, strict=True))


# ------------------------------------------------------------------------------------------------------- cells and cone
def cells_scene(s: Sight, d: int, words: Words, title: str, subtitle: str | None) -> Scene:
    """A row of cells for each layer along dimension d, the unit on top, the cone shaded."""
    scene = Scene(title=title, name="receptive-field", lang=words.lang)
    middle = centres(s.graph, d)
    jumps = [middle[r.layer.out][1] for r in s.rows]
    enlarged = any(b < a for a, b in itertools.pairwise(jumps))  # the rule of the widening is that of windows that gather
    line = subtitle if subtitle is not None else words("field sub enlarged" if enlarged else "field sub")
    wide = symbols.heading(scene, title, line)
    lines = [_line(r.mask, d) for r in s.rows]
    first, last = _cut(lines[0])
    pitch = max(7.0, min(WIDEST, ROOM / (last - first + 1)))
    left = symbols.MARGIN + max(text_width(r.name, 12.5, "bold") for r in s.rows) + 26
    top = symbols.HEADING + 34

    def x(row: Row, t: float) -> float:
        start, jump = middle[row.layer.out]
        return left + (start + t * jump - first + 0.5) * pitch

    def y(k: int) -> float:
        return top + (len(s.rows) - 1 - k) * ROW

    size = min(16.0, pitch * 0.62)
    shown = [
        [t for t in range(len(m)) if left - 1 <= x(r, t) <= left + (last - first + 1) * pitch + 1]
        for r, m in zip(s.rows, lines, strict=True)
    ]
    _cone(scene, s.rows, lines, x, y, size)
    for k in range(1, len(s.rows)):
        _edges(scene, s, k, d, lines, shown, x, y, size)
    right = left + (last - first + 1) * pitch + (18 if all(map(_whole, lines, shown)) else 34)
    of = max(text_width(f"{m.sum()} ", 12.5, "bold") + text_width(words("of cells", len(m)), 12.5) for m in lines)
    seen = [np.flatnonzero(_line(r.sees, d)) for r in s.rows]
    told, sizes, widest = [], [int(np.ptp(q)) + 1 if q.size else 0 for q in seen], 0.0
    for k, (r, m) in enumerate(zip(s.rows, lines, strict=True)):
        ends = k in (0, len(s.rows) - 1)
        sees = sizes[k]
        g = scene.group(
            f"row-{k}", "layer", f"{r.name}: {int(m.sum())} {words('of cells', len(m))}", cells=len(m), seen=int(m.sum()), field=sees
        )
        for t in shown[k]:
            hot = bool(m[t])
            fill = "series-1" if hot and ends else "card"
            g.rect(
                x(r, t) - size / 2,
                y(k) - size / 2,
                size,
                size,
                min(3.0, size / 5),
                fill=fill,
                stroke="series-1" if hot else "hair",
                line=1.5 if hot else 1.0,
            )
        g.text(symbols.MARGIN, y(k) + 4.5, r.name, 12.5, "bold" if k == 0 else "sans")
        g.text(right, y(k) + 4.5, [Run(f"{int(m.sum())} ", "bold", "series-1"), Run(words("of cells", len(m)), "sans", "muted")], 12.5)
        head = k == len(s.rows) - 1
        text = words("inputs seen", words.count(sees)) if head else words.count(sees)
        if len(seen[k]) < sees:
            text = f"{words.count(sees)}, {words('with gaps')}"
        field = [Run(text, "bold" if head else "sans", "series-1" if head else "muted")]
        if k and s.rows[k - 1].layer.index in r.layer.sources and sees > sizes[k - 1]:
            field.append(Run(f"   +{words.count(sees - sizes[k - 1])}", "sans", "muted"))
        widest = max(widest, g.text(right + of + 30, y(k) + 4.5, field, 12.5).width)
        if not _whole(m, shown[k]):
            g.text(x(r, shown[k][0]) - pitch * 0.8, y(k) + 4, "…", 12, ink="muted", anchor="end")
            g.text(x(r, shown[k][-1]) + pitch * 0.8, y(k) + 4, "…", 12, ink="muted")
        told.append(f"{g.title}; {words('field of', sees)}.")
    scene.text(right + of + 30, top - 28, words("field"), 11.5, ink="muted")
    end = right + of + 30 + max(text_width(words("field"), 11.5), widest)
    scene.width = max(end, symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = y(0) + symbols.MARGIN + 6
    scene.desc = f"{title}. {' '.join(reversed(told))}"
    return scene


def _line(mask: Mask, d: int) -> Mask:
    others = tuple(k for k in range(mask.ndim) if k != d)
    return np.asarray(mask.any(axis=others))


def _whole(m: Mask, shown: Sequence[int]) -> bool:
    return len(shown) == len(m)


def _cut(m: Mask) -> tuple[int, int]:
    """The first and last input that is drawn: all, or the field and what lies around it."""
    if len(m) <= MOST:
        return 0, len(m) - 1
    hot = np.flatnonzero(m)
    extra = max(3, (MOST - (hot[-1] - hot[0] + 1)) // 2)
    return max(0, int(hot[0]) - extra), min(len(m) - 1, int(hot[-1]) + extra)


def _cone(scene: Scene, rows: Sequence[Row], lines: Sequence[Mask], x: Any, y: Any, size: float) -> None:
    lefts, rights = [], []
    for k in range(len(rows) - 1, -1, -1):
        hot = np.flatnonzero(lines[k])
        lefts.append((x(rows[k], int(hot[0])) - size * 0.56, y(k)))
        rights.append((x(rows[k], int(hot[-1])) + size * 0.56, y(k)))
    g = scene.group("cone", "cone")
    g.polygon([*lefts, *reversed(rights)], fill="window-paper")


def _edges(
    scene: Scene, s: Sight, k: int, d: int, lines: Sequence[Mask], shown: Sequence[Sequence[int]], x: Any, y: Any, size: float
) -> None:
    """From each cell of a layer to those it reads in the row below, where that row is what the layer reads."""
    row, below = s.rows[k], s.rows[k - 1]
    if below.layer.index not in row.layer.sources:
        return
    w = row.layer.window
    cells, known = len(lines[k - 1]), set(shown[k - 1])

    def reads(t: int) -> list[int]:
        if w is not None:
            return w.reads(d, t, cells)
        return [t] if len(lines[k]) == cells else []

    g = scene.group(f"edges-{k}", "edges", f"{row.name} ← {below.name}")
    for hot in (False, True):
        steps: list[tuple[Any, ...]] = []
        for t in shown[k]:
            if bool(lines[k][t]) == hot:
                for q in reads(t):
                    if q in known:
                        steps += [("M", x(row, t), y(k) + size / 2), ("L", x(below, q), y(k - 1) - size / 2)]
        if steps:
            g.path(steps, stroke="series-1" if hot else "hair", line=1.0 if hot else 0.7, opacity=0.75 if hot else 0.8)


# ------------------------------------------------------------------------------------------------------- nested squares
def squares_scene(s: Sight, picture: Array | None, words: Words, title: str, subtitle: str | None) -> Scene:
    """The picture with the field of a unit of each layer, one within the other."""
    scene = Scene(title=title, name="receptive-field", lang=words.lang)
    h, w = space(s.graph, s.source)
    unit = SIDE / max(h, w)
    wide = symbols.heading(scene, title, subtitle if subtitle is not None else words("squares sub"))
    left, top = symbols.MARGIN, symbols.HEADING + 8
    g = scene.group("picture", "input", f"{words('input')} {h} × {w}")
    if picture is not None:
        g.image(left, top, w * unit, h * unit, image_png(picture, "receptive_field"))
    elif max(h, w) <= 64:
        steps: list[tuple[Any, ...]] = []
        for i in range(1, h):
            steps += [("M", left, top + i * unit), ("L", left + w * unit, top + i * unit)]
        for j in range(1, w):
            steps += [("M", left + j * unit, top), ("L", left + j * unit, top + h * unit)]
        g.path(steps, stroke="hair", line=0.6)
    g.rect(left, top, w * unit, h * unit, stroke="other-line", line=1.2)
    fields_of = _nested(s)
    label_x = left + w * unit + 54
    heights, anchors = _labels(fields_of, top, h * unit, unit)
    widest, end = 0.0, top + h * unit
    for k, n in reversed(list(enumerate(fields_of))):  # the largest first, so that the smaller lie on it
        last = k == len(fields_of) - 1
        ink, dash = STYLES[0] if last else STYLES[1 + (len(fields_of) - 2 - k) % (len(STYLES) - 1)]
        r0, r1, c0, c1 = n.box
        size = f"{r1 - r0} × {c1 - c0}"
        told = f"{n.name}, {n.what}: {words('field of', size)}, {words.count(n.count)} {words('of cells', words.count(h * w))}"
        q = scene.group(f"field-{k + 1}", "field", told, field=[r1 - r0, c1 - c0], inputs=n.count)
        x, y, wide_box, tall = left + c0 * unit, top + r0 * unit, (c1 - c0) * unit, (r1 - r0) * unit
        if last:
            q.rect(x, y, wide_box, tall, fill="series-1", opacity=0.14)
        if picture is not None:
            q.rect(x, y, wide_box, tall, stroke="paper", line=4.2 if last else 3.2, opacity=0.85)
        q.rect(x, y, wide_box, tall, stroke=ink, line=2.4 if last else 1.6, dash=dash)
        at, anchor = heights[k], anchors[k]
        way = [(x + wide_box, anchor), (left + w * unit + 10, anchor), (label_x - 26, at), (label_x - 8, at)]
        if picture is not None:
            q.line(*way[:2], stroke="paper", line=2.8, opacity=0.7)
        q.line(*way, stroke=ink, line=1.0, dash=dash)
        head = q.text(label_x, at - 2, [Run(n.name, "bold" if last else "sans"), Run(f"   {n.what}", "sans", "muted")], 12.5)
        gaps = f", {words('with gaps')}" if n.count != (r1 - r0) * (c1 - c0) else ""
        notes = [Run(size, "bold", ink), Run(f"   {words.count(n.count)} {words('of cells', words.count(h * w))}{gaps}", "sans", "muted")]
        widest, end = max(widest, head.width, q.text(label_x, at + 14, notes, 12).width), max(end, at + 18)
    dot = fields_of[-1].box
    scene.group("unit").circle(
        left + (dot[2] + dot[3]) / 2 * unit, top + (dot[0] + dot[1]) / 2 * unit, 3.2, fill="series-1", stroke="paper", line=1.4
    )
    scene.width = max(label_x + widest, symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = end + symbols.MARGIN
    scene.desc = f"{title}: {words('input')} {h} × {w}. " + " ".join(f"{g.title}." for g in scene.groups() if g.kind == "field")
    return scene


@dataclass(slots=True)
class Field:
    """One of the nested squares: of all layers in a row that see the same."""

    name: str
    what: str
    box: tuple[int, int, int, int]  # rows and columns, from and to
    count: int  # inputs in it that are really seen


def _nested(s: Sight) -> list[Field]:
    found: list[Field] = []
    for r in s.rows[1:]:
        seen = _seen(s, r)
        hot = np.argwhere(seen)
        (r0, c0), (r1, c1) = hot.min(axis=0), hot.max(axis=0) + 1
        n = Field(r.layer.name or r.name, r.name if r.layer.name else "", (int(r0), int(r1), int(c0), int(c1)), int(seen.sum()))
        if found and (found[-1].box, found[-1].count) == (n.box, n.count):
            n.name, n.what = f"{found.pop().name.split(' … ')[0]} … {n.name}", ""
        found.append(n)
    return found


def _labels(found: Sequence[Field], top: float, tall: float, unit: float) -> tuple[list[float], list[float]]:
    """The heights of the labels, the largest field on top, and where their lines leave the squares, in the same order."""
    count = len(found)
    if count == 1:
        middle = top + (found[0].box[0] + found[0].box[1]) / 2 * unit
        return [middle], [middle]
    step = max(36.0, (tall - 40) / (count - 1))
    heights = [top + 20 + k * step for k in range(count)][::-1]
    wishes = [top + n.box[0] * unit + min(4.0, (n.box[1] - n.box[0]) * unit / 2) for n in reversed(found)]
    anchors = spread(wishes, [3.0] * (count - 1))
    low = max(0.0, top + 2 - anchors[0])
    return heights, [a + low for a in anchors][::-1]


def _seen(s: Sight, r: Row) -> Mask:
    """What the unit of a layer sees that lies in the middle of what the target sees of it."""
    hot = [np.flatnonzero(_line(r.mask, d)) for d in range(r.mask.ndim)]
    middle = tuple(int(h[len(h) // 2]) for h in hot)
    return fields(s.graph, r.layer.out, middle)[s.source]
