"""The fields of a unit of each layer as nested squares on the picture."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...canvas import symbols
from ...canvas.captions import declare
from ...canvas.geometry import spread
from ...canvas.metrics import text_width
from ...canvas.scene import Run, Scene
from ...canvas.text import Words
from ...view.arrays import Array, image_png
from ..input_window import Mask, fields, space
from ..layers import layers_of
from .sight import Row, Sight, line_of

declare(
    {
        "squares sub": (
            "the part of the input that a unit of each layer depends on, one within the other",
            "der Teil der Eingabe, von dem eine Einheit jeder Schicht abhängt, ineinander",
        ),
        "of cells": ("of {}", "von {}"),
        "field of": ("receptive field {}", "rezeptives Feld {}"),
        "with gaps": ("with gaps", "mit Lücken"),
        "field after": ("a branch, after {}", "ein Zweig, nach {}"),
    }
)

SIDE, LARGE = 380.0, 560.0  # of the picture; with many fields in it
FEW = 8  # fields with a label of two lines
LINE = 18.0  # of a label of one line
STYLES = (
    *(("series-1", None), ("series-2", "7 4"), ("series-3", "2 3")),
    *(("series-4", "9 3 2 3"), ("series-5", "12 4"), ("series-6", "5 2 1 2 1 2")),
)


def squares_scene(s: Sight, picture: Array | None, words: Words, title: str, subtitle: str | None, smaller: float = 1.0) -> Scene:
    """The picture with the field of a unit of each layer, one within the other; `smaller`: of its usual size."""
    scene = Scene(title=title, name="receptive-field", lang=words.lang)
    h, w = space(s.graph, s.source)
    fields_of = _nested(s, words)
    many = len(fields_of) > FEW
    unit = smaller * (LARGE if many else SIDE) / max(h, w)
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
    label_x = left + w * unit + 54
    heights, anchors = _labels(fields_of, top, h * unit, unit, many)
    columns = [
        label_x + max(text_width(t, 12.5, "bold") + 14 for t in texts) for texts in zip(*((n.name, n.size) for n in fields_of), strict=True)
    ]
    widest, end = 0.0, top + h * unit
    for k, n in reversed(list(enumerate(fields_of))):  # the largest first, so that the smaller lie on it
        last = n.target
        ink, dash = STYLES[0] if last else STYLES[1 + (len(fields_of) - 2 - k) % (len(STYLES) - 1)]
        r0, r1, c0, c1 = n.box
        told = f"{n.name}, {n.what}: {words('field of', n.size)}, {words.count(n.count)} {words('of cells', words.count(h * w))}"
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
        what = ", ".join(t for t in (n.what, n.after and words("field after", n.after)) if t)
        gaps = f", {words('with gaps')}" if n.count != (r1 - r0) * (c1 - c0) else ""
        share = Run(f"{words.count(n.count)} {words('of cells', words.count(h * w))}{gaps}", "sans", "muted")
        name, kind = Run(n.name, "bold" if last else "sans"), Run(what, "sans", "muted")
        if many:
            q.text(label_x, at + 4, [name], 12.5)
            x = columns[0] + columns[1] - label_x
            q.text(columns[0], at + 4, [Run(n.size, "bold", ink)], 12.5)
            seen = q.text(x, at + 4, [share, *([Run("   "), kind] if what else [])], 12)
            widest, end = max(widest, x + seen.width - label_x), max(end, at + 8)
        else:
            head = q.text(label_x, at - 2, [name, Run("   "), kind], 12.5)
            notes = q.text(label_x, at + 14, [Run(n.size, "bold", ink), Run("   "), share], 12)
            widest, end = max(widest, head.width, notes.width), max(end, at + 18)
    dot = next(n.box for n in fields_of if n.target)
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
    after: str = ""  # the layer that it reads, where that is not the one before
    target: bool = False  # is it that of the unit that is asked for?

    @property
    def size(self) -> str:
        r0, r1, c0, c1 = self.box
        return f"{r1 - r0} × {c1 - c0}"


def _nested(s: Sight, words: Words) -> list[Field]:
    """The fields, the smallest first; of equal ones that of the layer before first."""
    found: list[Field] = []
    for before, r in itertools.pairwise(s.rows):
        seen = _seen(s, r)
        hot = np.argwhere(seen)
        (r0, c0), (r1, c1) = hot.min(axis=0), hot.max(axis=0) + 1
        n = Field(r.called, r.name if r.called != r.name else "", (int(r0), int(r1), int(c0), int(c1)), int(seen.sum()))
        n.after, n.target = _read(s, before, r, words), r is s.rows[-1]
        if found and not n.after and (found[-1].box, found[-1].count) == (n.box, n.count):
            n.name, n.what = f"{found.pop().name.split(' … ')[0]} … {n.name.split(' … ')[-1]}", ""
        found.append(n)
    return sorted(found, key=lambda n: (n.box[1] - n.box[0]) * (n.box[3] - n.box[2]))


def _read(s: Sight, before: Row, r: Row, words: Words) -> str:
    """What a layer reads, if that is not the layer before it: it is on a branch, and may see less than that one."""
    known = {n.index: n for n in layers_of(s.graph)}
    rows, waiting, sources = {q.layer.index: q for q in s.rows}, [*r.layer.sources], []
    while waiting:
        n = known[waiting.pop()]
        if n.index in rows:
            sources.append(rows[n.index])
        else:
            waiting += n.sources
    if before in sources or not sources:
        return ""
    last = max(sources, key=lambda q: q.layer.index)
    return last.layer.name or last.name


def _labels(found: Sequence[Field], top: float, tall: float, unit: float, many: bool) -> tuple[list[float], list[float]]:
    """The heights of the labels, the largest field on top, and where their lines leave the squares, in the same order."""
    count = len(found)
    if count == 1:
        middle = top + (found[0].box[0] + found[0].box[1]) / 2 * unit
        return [middle], [middle]
    wishes = [top + n.box[0] * unit + min(4.0, (n.box[1] - n.box[0]) * unit / 2) for n in reversed(found)]
    anchors = spread(wishes, [3.0] * (count - 1))
    low = max(0.0, top + 2 - anchors[0])
    anchors = [a + low for a in anchors]
    if many:  # as near to the squares as they can stand
        heights = spread(anchors, [LINE] * (count - 1))
        heights = [h + max(0.0, top + 6 - heights[0]) for h in heights]
    else:
        step = max(36.0, (tall - 40) / (count - 1))
        heights = [top + 20 + k * step for k in range(count)]
    return heights[::-1], anchors[::-1]


def _seen(s: Sight, r: Row) -> Mask:
    """What the unit of a layer sees that lies in the middle of what the target sees of it."""
    hot = [np.flatnonzero(line_of(r.mask, d)) for d in range(r.mask.ndim)]
    middle = tuple(int(h[len(h) // 2]) for h in hot)
    if (r.layer.out, middle) not in s.seen:
        s.seen[r.layer.out, middle] = fields(s.graph, r.layer.out, middle)[s.source]
    return s.seen[r.layer.out, middle]
