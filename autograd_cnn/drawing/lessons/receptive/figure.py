"""What one unit can see: cells and a cone per layer, or nested squares on the picture."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ...canvas import symbols
from ...canvas.captions import declare
from ...canvas.drawing import Drawing
from ...canvas.figures import figure
from ...canvas.metrics import text_width
from ...canvas.scene import Run, Scene
from ...canvas.text import Words
from ...canvas.theme import check_theme
from ...layout.fit import Fit, first_that_fits
from ...view.arguments import traced
from ..input_window import Mask, centres
from .sight import Row, Sight, line_of, sight_of
from .squares import squares_scene

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
        "inputs seen": ("{} inputs", "{} Eingaben"),
    }
)

WIDEST = 26.0  # of a cell with the gap to the next
ROOM = 900.0
MOST = 90  # cells in a row; more are cut off around the cone
ROW, CLOSEST_ROWS, ALL_ROWS = 58.0, 22.0, 620.0  # from row to row; at least; and of all where there are many
SMALLER = (1.0, 0.85, 0.7, 0.55)  # than usual, where that does not fit
ROWS = (40, 30, 24, 20, 16, 12, 10, 8, 6, 5, 4)  # so many layers are drawn where all do not fit
NARROWEST, FEWER_LINES = 4.5, 7.0  # of a cell with its gap; below the latter only what the unit sees is joined by lines


@figure
def receptive_field(
    model: Any,
    unit: int | Sequence[int] | None = None,
    input: Any = None,
    *,
    layer: str | None = None,
    section: str | None = None,
    fit: str | tuple[float, float] = "slide",
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
        fit: where the picture is to be read: "slide" (1280×720), "page" (A4) or (width, height) in pixels. What would be too large is drawn
            smaller, and layers are put together, first those that widen nothing.

    Raises:
        TypeError: no model, or no input.
        ValueError: a unit or layer that is not there, an input without places.

    Example:
        >>> from autograd_cnn import draw, nn
        >>> net = nn.Sequential(nn.Conv1d(1, 4, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 4, 3))
        >>> draw.receptive_field(net, 3, (1, 1, 20))
        <Drawing 'What one unit can see', 848×322>
    """
    words, theme, size = Words(lang), check_theme(theme), Fit.of(fit)
    graph = traced(model, input, "receptive_field")
    sight = sight_of(graph, unit, layer, words)
    known = words("field title") if title is None else title
    dims = len(sight.unit)
    if section not in (None, "width", "height"):
        raise ValueError(f"draw.receptive_field: expected section to be 'width' or 'height', got {section!r}.")
    if dims > 2 or (section and dims != 2):
        raise ValueError(f"draw.receptive_field: expected signals (N, C, L) or pictures (N, C, H, W), got units with {dims} dims.")
    given = graph.values[sight.source].data
    picture = np.asarray(given[0], np.float64) if given is not None and np.ptp(given) > 0 and given.shape[1] in (1, 3) else None

    def painted(rows: int, smaller: float) -> Scene:
        seen = sight.folded(rows)
        if dims == 1 or section:
            return cells_scene(seen, 0 if section == "height" or dims == 1 else 1, words, known, subtitle, smaller)
        return squares_scene(seen, picture, words, known, subtitle, smaller)

    counts = [n for n in ROWS if n < len(sight.rows)]
    looks = [(n, smaller) for n in (len(sight.rows), *counts) for smaller in SMALLER]
    return Drawing(first_that_fits((partial(painted, *look) for look in looks), size), theme, prefix)


# ------------------------------------------------------------------------------------------------------- cells and cone
def cells_scene(s: Sight, d: int, words: Words, title: str, subtitle: str | None, smaller: float = 1.0) -> Scene:
    """A row of cells for each layer along dimension d, the unit on top, the cone shaded; `smaller`: in so much of the usual room."""
    scene = Scene(title=title, name="receptive-field", lang=words.lang)
    middle = centres(s.graph, d)
    jumps = [middle[r.layer.out][1] for r in s.rows]
    enlarged = any(b < a for a, b in itertools.pairwise(jumps))  # the rule of the widening is that of windows that gather
    line = subtitle if subtitle is not None else words("field sub enlarged" if enlarged else "field sub")
    wide = symbols.heading(scene, title, line)
    lines = [line_of(r.mask, d) for r in s.rows]
    first, last = _cut(lines[0], int(MOST * smaller))
    pitch = max(NARROWEST, min(WIDEST, smaller * ROOM / (last - first + 1)))
    apart = max(CLOSEST_ROWS, min(ROW, smaller * ALL_ROWS / len(s.rows)))
    left = symbols.MARGIN + max(text_width(r.name, 12.5, "bold") for r in s.rows) + 26
    top = symbols.HEADING + 34

    def x(row: Row, t: float) -> float:
        start, jump = middle[row.layer.out]
        return left + (start + t * jump - first + 0.5) * pitch

    def y(k: int) -> float:
        return top + (len(s.rows) - 1 - k) * apart

    size = min(16.0, pitch * 0.62)
    shown = [
        [t for t in range(len(m)) if left - 1 <= x(r, t) <= left + (last - first + 1) * pitch + 1]
        for r, m in zip(s.rows, lines, strict=True)
    ]
    _cone(scene, s.rows, lines, x, y, size)
    for k in range(1, len(s.rows)):
        _edges(scene, s, k, d, lines, shown, x, y, size, pitch >= FEWER_LINES)
    right = left + (last - first + 1) * pitch + (18 if all(map(_whole, lines, shown)) else 34)
    of = max(text_width(f"{m.sum()} ", 12.5, "bold") + text_width(words("of cells", len(m)), 12.5) for m in lines)
    seen = [np.flatnonzero(line_of(r.sees, d)) for r in s.rows]
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
        if k and s.rows[k - 1].layer.index in r.sources and sees > sizes[k - 1]:
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


def _whole(m: Mask, shown: Sequence[int]) -> bool:
    return len(shown) == len(m)


def _cut(m: Mask, most: int) -> tuple[int, int]:
    """The first and last input that is drawn: all, or the field and what lies around it."""
    if len(m) <= most:
        return 0, len(m) - 1
    hot = np.flatnonzero(m)
    extra = max(3, (most - (hot[-1] - hot[0] + 1)) // 2)
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
    scene: Scene, s: Sight, k: int, d: int, lines: Sequence[Mask], shown: Sequence[Sequence[int]], x: Any, y: Any, size: float, few: bool
) -> None:
    """From each cell of a layer to those it reads in the row below, where that row is what the layer reads; `few`: from all cells, else from
    those alone that the unit sees."""
    row, below = s.rows[k], s.rows[k - 1]
    if row.first is not None or below.layer.index not in row.sources:
        return
    w = row.layer.window
    cells, known = len(lines[k - 1]), set(shown[k - 1])

    def reads(t: int) -> list[int]:
        if w is not None:
            return w.reads(d, t, cells)
        return [t] if len(lines[k]) == cells else []

    g = scene.group(f"edges-{k}", "edges", f"{row.name} ← {below.name}")
    for hot in (False, True) if few else (True,):
        steps: list[tuple[Any, ...]] = []
        for t in shown[k]:
            if bool(lines[k][t]) == hot:
                for q in reads(t):
                    if q in known:
                        steps += [("M", x(row, t), y(k) + size / 2), ("L", x(below, q), y(k - 1) - size / 2)]
        if steps:
            g.path(steps, stroke="series-1" if hot else "hair", line=(1.0 if hot else 0.7) if few else 0.4, opacity=0.75 if hot else 0.8)
