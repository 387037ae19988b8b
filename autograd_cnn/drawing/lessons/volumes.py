"""The architecture of a network as a row of volumes, front faces to scale, read from the recorded graph."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...graph.graph import Graph
from ..canvas import png, symbols
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.geometry import Track
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Point, Run, Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..layout.fit import Fit, first_that_fits
from ..view.arguments import check_number, first_map, traced
from ..view.arrays import Array, array_of, image_png, scale_of
from .layer_folds import focused
from .layers import Layer, caption, folding_within, layers_of
from .volumes_layout import DEEPEST, FACE, FACE_BESIDE, SHALLOW, Arrangement, Lane, Row, Volume, arrange
from .volumes_rows import MOST_ROWS, in_rows, in_u

declare(
    {
        "volumes": ("Architecture", "Architektur"),
        "volume scale": (
            "Front face: height × width, to scale.  Depth: channels, one slice each up to 16",
            "Vorderseite: Höhe × Breite, maßstäblich.  Tiefe: Kanäle, bis 16 je eine Scheibe",
        ),
        "not to scale": ("Faces marked // are drawn larger", "Mit // markierte Flächen sind vergrößert"),
        "drawn as volumes": ("{} operations drawn as {} volumes", "{} Operationen, als {} Körper gezeichnet"),
        "parameter share": ("Bars: share of the parameters.  {} holds {}.", "Balken: Anteil an den Parametern.  {} hat {}."),
        "layer conv": ("convolution", "Faltung"),
        "layer pool": ("pooling", "Pooling"),
        "layer dense": ("dense", "vollverbunden"),
        "layer block": ("folded module", "zusammengefasstes Modul"),
    }
)

MOST_IN_A_ROW = 24  # layers that are drawn before modules are folded
FEWER = (18, 14, 10, 7, 5)  # where so many do not fit
LOW, LEAST_FACE = 64.0, 24.0  # the largest face in a U of many levels, and where many branches stand over each other
PAINTS = {"input": "other", "conv": "conv", "pool": "pool", "dense": "dense", "cat": "other", "other": "other", "block": "block"}
LEGEND = ("conv", "pool", "dense", "block")
BAR = 150.0  # of all parameters


@figure
def volumes(
    model: Any,
    input: Any = None,
    *,
    depth: int | None = None,
    focus: str | None = None,
    maps: bool | None = None,
    fit: str | tuple[float, float] = "slide",
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw the architecture of a network as LeNet-5 and AlexNet are drawn: a volume for each layer, its front face
    (height × width) to scale, its depth growing with the channels, the windows between them. Branches and skips run on
    lanes above.

    Everything is read from the graph of one call in evaluation. An activation or a normalisation belongs to the layer
    it follows.

    Args:
        model, input: a model, and a tensor, an array or a shape to call it with (several in a list); or a `Graph`.
        depth: fold modules that many levels below the model into one volume each. By itself as many levels are shown
            as 24 volumes in a row allow.
        focus: draw what this module does, "layer3.1", and nothing else.
        maps: show on the front faces what the layers made of the input (the channel that varies most). By itself for
            an input that is not constant.
        fit: where the picture is to be read: "slide" (1280×720), "page" (A4) or (width, height) in pixels. What would be too
            long is broken into rows, or folded further; an encoder with its decoder stands as a U.

    Raises:
        TypeError: no model, or no input.
        ValueError: a module that the model does not call, a negative depth.

    Example:
        >>> from autograd_cnn import draw, nn
        >>> draw.volumes(nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)), (1, 1, 28, 28))
        <Drawing 'Sequential', 567×424>
    """
    words, theme, size = Words(lang), check_theme(theme), Fit.of(fit)
    check_number("depth", depth)
    wanted = maps if maps is not None else _varies(input)  # a constant input leaves nothing to see
    graph = traced(model, input, "volumes", note=first_map if wanted else None)
    shown: dict[int, Any] = {}
    for v in graph.values if wanted else ():
        if v.kind in ("input", "result") and v.data is not None and v.shape is not None and len(v.shape) == 4:
            shown[v.id] = np.asarray(v.data[0], np.float64)
    return Drawing(volumes_figure(graph, depth, focus, shown, words, title, subtitle, size), theme, prefix)


@dataclass(slots=True)
class _Figure:
    scene: Scene
    layers: list[Layer]
    at: Arrangement
    words: Words
    maps: Mapping[int, Array]
    total: int
    compact: bool = False  # captions close together, for a U
    tight: bool = False  # many branches over each other: a count beside its shape

    def lines(self, layer: Layer) -> list[str]:
        """An operation's caption."""
        found = _notes(layer, self.words)
        return found if not self.compact else [self.words.comma.join(found[:2])]

    def under(self, nodes: Sequence[int]) -> float:
        """How high the captions under a row are."""
        row = [self.layers[i] for i in nodes]
        lines = [len(self.lines(n)) for n in row[1:] if n.kind != "join"]
        gap = 18.0 if self.compact else 30.0
        return 2 * gap + 15 * (max(lines, default=1) - 1) + (50 if any(n.parameters for n in row) else 20)

    def name(self, layer: Layer) -> str:
        if layer.kind == "input":
            return self.words("input")
        last = layer is self.layers[-1]
        return layer.name or (self.words("output") if last and layer.kind != "join" else "")


def volumes_figure(
    graph: Graph,
    depth: int | None,
    focus: str | None,
    maps: Mapping[int, Array],
    words: Words,
    title: str | None,
    subtitle: str | None,
    fit: Fit,
) -> Scene:
    """Draw the layers of a graph: in one row, or, where that would be too long to be read, as a U, in rows, with modules folded.

    Args:
        depth: how deep modules are shown; None: as deep as 24 layers in a row allow.
        focus: only what this module does.
        maps: a picture for the face of a layer, by the value it ends with.
        fit: what it is to fit.
    """
    root = next((s.scope[0].kind for s in graph.steps if s.scope), words("volumes"))
    if focus is not None:
        graph = focused(graph, focus)
        root = f"{root}, {focus}"
    known = title if title is not None else root
    seen: list[list[Layer]] = []

    def candidates() -> Iterator[Callable[[], Scene | None]]:
        for most in (MOST_IN_A_ROW, *FEWER) if depth is None else (MOST_IN_A_ROW,):
            layers = layers_of(graph, *(folding_within(graph, most) if depth is None else (depth, False)))
            if any([n.out for n in layers] == [n.out for n in other] for other in seen):
                continue
            seen.append(layers)
            yield lambda layers=layers: _painted(graph, layers, maps, words, known, subtitle, 1, FACE)  # type: ignore[misc]
            for side in (FACE_BESIDE, LOW):
                yield lambda layers=layers, side=side: _painted(graph, layers, maps, words, known, subtitle, 0, side)  # type: ignore[misc]
            for rows in range(2, MOST_ROWS + 1):
                side = FACE if rows < 3 else FACE_BESIDE
                yield lambda layers=layers, rows=rows, side=side: _painted(graph, layers, maps, words, known, subtitle, rows, side)  # type: ignore[misc]
            for side in (LOW, LEAST_FACE):
                yield lambda layers=layers, side=side: _painted(graph, layers, maps, words, known, subtitle, 1, side)  # type: ignore[misc]

    return first_that_fits(candidates(), fit)


def _painted(
    graph: Graph, layers: list[Layer], maps: Mapping[int, Array], words: Words, known: str, subtitle: str | None, rows: int, side: float
) -> Scene | None:
    """The figure in so many rows (0: as a U); None where it cannot be laid out so."""
    total = sum(n.parameters for n in layers)
    names = _Figure(Scene(), layers, Arrangement([], []), words, maps, total)
    labels = [max(*_label_widths(n, names.name(n), words), BAR * n.parameters / max(total, 1)) for n in layers]
    names.compact = rows == 0
    tight = side <= LEAST_FACE
    if tight:
        labels = [max(w, text_width(f"{_shape_text(n)}  {words.count(n.parameters)}", 11)) for w, n in zip(labels, layers, strict=True)]
    notes = [0.0 if n.kind in ("input", "join") else max(text_width(t, 11.5) for t in names.lines(n)) for n in layers]
    scene = Scene(title=known, name="volumes", lang=words.lang, data={"parameters": total, "unused": max(graph.held - total, 0)})
    counted = any(n.parameters for n in layers)
    at = arrange(
        layers,
        labels,
        notes,
        under=36 if tight else 58 if counted else 44,
        side=side,
        deepest=DEEPEST if rows and not tight else SHALLOW / 2,
    )
    f = _Figure(scene, layers, at, words, maps, total, rows == 0, tight)
    if rows != 1 and not (in_rows(at, rows, f.under) if rows else in_u(at, f.under)):
        return None
    wide = symbols.heading(scene, known, subtitle if subtitle is not None else _subtitle(f, graph))
    _move(f.at, symbols.MARGIN, symbols.HEADING + 18 + f.at.above)
    legend = _legend(f, wide)
    for lane in f.at.lanes:
        _lane(f, lane)
    for v in f.at.volumes:
        _volume(f, v)
    for row in f.at.rows:
        for a, b in itertools.pairwise(row.nodes):
            _between(f, f.at.volumes[a], f.at.volumes[b])
    for row, following in itertools.pairwise(f.at.rows):
        _to_next_row(f, row, following)
    for lane in f.at.lanes:
        for a, b in zip(lane.nodes, lane.nodes[1:], strict=False):
            _between(f, f.at.volumes[a], f.at.volumes[b])
    bottom = max(_captions(f, row) for row in f.at.rows)
    if total:
        most = max((f.at.volumes[i].layer for i in f.at.axis), key=lambda n: n.parameters)
        share = words("parameter share", f.name(most), words.percent(most.parameters / total))
        bottom += 56
        scene.text(symbols.MARGIN, bottom, share, 12, ink="muted")
    scene.width = max(f.at.right + symbols.MARGIN, legend)
    scene.height = bottom + symbols.MARGIN - 6
    scene.desc = f"{known}: " + " ".join(_told(f, v) for v in f.at.volumes)
    return scene


def _move(a: Arrangement, dx: float, dy: float) -> None:
    least = min(min(v.x, v.centre - v.label / 2) for v in a.volumes)
    for v in a.volumes:
        v.x, v.y = v.x + dx - least, v.y + dy
    for lane in a.lanes:
        lane.y += dy
    for row in a.rows:
        row.y += dy
    a.right += dx - least


# ------------------------------------------------------------------------------------------------------- words
def _subtitle(f: _Figure, graph: Graph) -> str:
    words = f.words
    unused = max(graph.held - f.total, 0)
    parts = [words("parameters of", words.count(f.total), words.count(graph.held)) if unused else words.parameters(f.total)]
    if any(n.kind == "block" or n.count > 1 for n in f.layers):
        parts.append(words("drawn as volumes", words.count(len(graph.steps)), len([n for n in f.layers if n.kind != "join"])))
    parts.append(words("volume scale"))
    if any(v.enlarged for v in f.at.volumes):
        parts.append(words("not to scale"))
    return ".  ".join(parts) + "."


def _shape_text(layer: Layer) -> str:
    sizes = layer.shape[1:]
    return " × ".join(map(str, sizes)) if sizes else " × ".join(map(str, layer.shape))


def _label_widths(layer: Layer, name: str, words: Words) -> list[float]:
    if layer.kind == "join":
        return [text_width(t, 11) for t in _under_join(layer, words)] or [0.0]
    head, _ = caption(layer, words)
    count = words.count(layer.parameters) if layer.parameters else ""
    return [text_width(name, 13, "bold"), text_width(_shape_text(layer), 12), text_width(count, 11.5), text_width(head, 11)]


def _under_join(layer: Layer, words: Words) -> list[str]:
    return [*[*map(words.label, layer.followers)][:2], *([words.count(layer.parameters)] if layer.parameters else [])]


def _notes(layer: Layer, words: Words) -> list[str]:
    head, rest = caption(layer, words)
    return [head, *rest[:3]]


def _told(f: _Figure, v: Volume) -> str:
    n = v.layer
    head, rest = caption(n, f.words)
    parts = [
        p for p in (_shape_text(n), ", ".join([head, *rest]) if head else "", f.words.parameters(n.parameters) if n.parameters else "") if p
    ]
    return f"{f.name(n) or head or n.kind}: {'; '.join(parts)}."


def _legend(f: _Figure, wide: float) -> float:
    """The kinds of layers that occur, at the upper right; the width the figure needs for it."""
    kinds = [k for k in LEGEND if any(n.kind == k for n in f.layers)]
    room = sum(text_width(f.words(f"layer {k}"), 12) + 42 for k in kinds)
    right = max(f.at.right, symbols.MARGIN + text_width(f.scene.title or "", 17, "bold") + 40 + room, symbols.MARGIN + wide)
    x = right
    for k in reversed(kinds):
        w = text_width(f.words(f"layer {k}"), 12)
        f.scene.text(x, 34, f.words(f"layer {k}"), 12, ink="muted", anchor="end")
        f.scene.rect(x - w - 22, 24, 13, 13, 2.5, fill=f"{k}-front", stroke=f"{k}-line", line=1.1)
        x -= w + 42
    return right + symbols.MARGIN


def _captions(f: _Figure, row: Row) -> float:
    """Operations between the volumes of a row, names, shapes and parameters below them; where the shapes stand."""
    axis = [f.at.volumes[i] for i in row.nodes]
    gap = 18 if f.compact else 30
    if row is not f.at.rows[0] and not axis[0].join:  # what makes it came in from another row
        first = axis[0]
        f.scene.text(first.x, first.y - first.dy - 7, f.words.comma.join(_notes(first.layer, f.words)[:2]), 11.5)
    y = row.y + row.below + gap
    lines = 1
    for a, b in itertools.pairwise(axis):
        if b.join:
            continue
        x = (a.x + a.width + b.x) / 2
        head, *rest = f.lines(b.layer)
        f.scene.text(x, y, head, 11.5, anchor="middle")
        for k, line in enumerate(rest):
            f.scene.text(x, y + 15 * (k + 1), line, 11.5, ink="muted", anchor="middle")
        lines = max(lines, 1 + len(rest))
    y += 15 * (lines - 1) + gap
    for v in axis:
        n = v.layer
        if v.join:
            under = _under_join(n, f.words)
            for k, line in enumerate(under):
                last = n.parameters and k == len(under) - 1
                f.scene.text(v.centre, v.y + v.height + 15 + 14 * k, line, 11, ink="parameter" if last else "muted", anchor="middle")
            continue
        f.scene.text(v.centre, y, f.name(n), 13, "bold", anchor="middle")
        f.scene.text(v.centre, y + 18, _shape_text(n), 12, ink="forward", anchor="middle")
        if n.parameters:
            f.scene.text(v.centre, y + 36, f.words.count(n.parameters), 11.5, ink="parameter", anchor="middle")
            bar = min(max(BAR * n.parameters / f.total, 1.5), BAR)
            f.scene.rect(v.centre - bar / 2, y + 43, bar, 5, fill="dense-line")
    return y + 18


# ------------------------------------------------------------------------------------------------------- volumes
def _volume(f: _Figure, v: Volume) -> None:
    n = v.layer
    g = f.scene.group(
        f"v{n.index}-{n.name or n.kind}".replace(" ", "-"),
        f"volume {n.kind}",
        _told(f, v),
        layer=n.name,
        shape=list(n.shape),
        parameters=n.parameters,
    )
    if v.join:
        g.circle(v.centre, v.middle, v.width / 2, fill="card", stroke="dark", line=1.3)
        {"add": symbols.plus, "sub": symbols.minus, "mul": symbols.times}.get(n.head.name, symbols.plus)(g, v.centre, v.middle)
        return
    paint = PAINTS[n.kind]
    x, y, w, h, dx, dy = v.x, v.y, v.width, v.height, v.dx, v.dy
    edge: dict[str, Any] = {"stroke": f"{paint}-line", "line": 1.1, "round": True}
    g.polygon([(x, y), (x + dx, y - dy), (x + w + dx, y - dy), (x + w, y)], fill=f"{paint}-top", **edge)
    g.polygon([(x + w, y), (x + w + dx, y - dy), (x + w + dx, y + h - dy), (x + w, y + h)], fill=f"{paint}-side", **edge)
    slices = min(n.channels, 16) if n.channels <= 16 and h > 8.5 else min(n.channels, 12)
    steps: list[tuple[Any, ...]] = []
    for k in range(1, slices):
        t = k / slices
        steps += [("M", x + dx * t, y - dy * t), ("L", x + w + dx * t, y - dy * t), ("L", x + w + dx * t, y + h - dy * t)]
    if steps:
        g.path(steps, stroke=f"{paint}-line", line=0.7, opacity=0.55)
    g.rect(x, y, w, h, fill=f"{paint}-front", stroke=f"{paint}-line", line=1.1)
    if n.out in f.maps and len(n.space) == 2 and min(w, h) > 8.5:
        g.image(x, y, w, h, _face(f.maps[n.out], n.kind == "input"))
        g.rect(x, y, w, h, stroke=f"{paint}-line", line=1.1)
    if v.enlarged:
        for shift in (0.0, 3.0):
            g.line((x - 4 + shift, y + h + 4), (x + shift, y + h - 3), stroke="dark", line=1.0)
    if v.lane:
        head, _ = caption(n, f.words)
        g.text(v.centre, y + h + 15, head or f.name(n), 11, "bold", anchor="middle")
        count = f.words.count(n.parameters) if n.parameters else ""
        sizes = [Run(_shape_text(n), "sans", "forward"), *([Run(f"  {count}", "sans", "parameter")] if count and f.tight else [])]
        g.text(v.centre, y + h + 29, sizes, 11, anchor="middle")
        if count and not f.tight:
            g.text(v.centre, y + h + 43, count, 11, ink="parameter", anchor="middle")


def _face(a: Array, picture: bool) -> bytes:
    """An input as it is; of a layer's maps the one that varies most."""
    if picture and a.shape[0] in (1, 3):
        return image_png(a, "volumes")
    flat = a[int(np.argmax([m.std() for m in a]))]
    return png.paint(flat, *scale_of(flat))


# ------------------------------------------------------------------------------------------------------- ways between
def _between(f: _Figure, a: Volume, b: Volume) -> None:
    """A window of one layer that makes a cell of the next; an arrow where there is no window."""
    w = b.layer.window
    flat = len(a.layer.space) == 2 and len(b.layer.space) == 2 and not a.join and not b.join
    title = " → ".join(f.name(n) or f.words.label(n.head.label) for n in (a.layer, b.layer))
    g = f.scene.group(f"w{a.layer.index}-{b.layer.index}", "window", title)
    if w is None or not flat:
        start = max(a.leave, a.x + a.width) + 6
        symbols.wire(g, [(start, a.middle), (b.x - 7 if not b.join else b.x - 1.5, b.middle)], role="wire", line=1.2, head=6.5)
        return
    wide, narrow = (b, a) if w.spreads else (a, b)
    big, small = _cells(wide, narrow, w)
    source, target = (small, big) if w.spreads else (big, small)
    corners = zip(_corners(source), _corners(target), strict=True)
    (sx, sy, sw, sh), (tx, ty, _, th) = source, target
    g.polygon([(sx + sw, sy), (tx, ty), (tx, ty + th), (sx + sw, sy + sh)], fill="dark", opacity=0.1)
    for p, q in corners:
        g.line(p, q, stroke="dark", line=0.65, opacity=0.42)
    x, y, width, height = big
    g.rect(x, y, width, height, fill="dark", opacity=0.12)
    if narrow.layer.out in f.maps or wide.layer.out in f.maps:
        g.rect(x, y, width, height, stroke="paper", line=3.4)  # seen on any picture
    g.rect(x, y, width, height, stroke="dark", line=1.4)
    g.rect(*small, fill="dark")


def _to_next_row(f: _Figure, row: Row, following: Row) -> None:
    """The line from the end of a row round to the beginning of the next; in a U from the bottom straight up."""
    a, b = f.at.volumes[row.nodes[-1]], f.at.volumes[following.nodes[0]]
    title = " → ".join(f.name(n) or f.words.label(n.head.label) for n in (a.layer, b.layer))
    g = f.scene.group(f"w{a.layer.index}-{b.layer.index}", "window", title)
    corner, start, left = 9.0, max(a.leave, a.x + a.width) + 5, min(b.x, b.centre - b.label / 2) - 16
    track = Track((start, a.middle))
    sign = 1.0 if b.middle > a.middle else -1.0
    if sign < 0 and left > start + 2 * corner:
        track.line((left - corner, a.middle))
        track.corner((left, a.middle - corner), vertical_first=False)
    else:
        right = max(max(v.x + v.width + v.dx, v.centre + v.label / 2) for v in (f.at.volumes[i] for i in row.nodes)) + 14
        upper = row if sign > 0 else following
        level = upper.y + upper.below + f.under(upper.nodes) + 8
        track.line((right - corner, a.middle))
        track.corner((right, a.middle + sign * corner), vertical_first=False)
        track.line((right, level - sign * corner))
        track.corner((right - corner, level), vertical_first=True)
        track.line((left + corner, level))
        track.corner((left, level + sign * corner), vertical_first=False)
    track.line((left, b.middle - sign * corner))
    track.corner((left + corner, b.middle), vertical_first=True)
    track.line((b.x - 7, b.middle))
    symbols.smooth_wire(g, track, head=6.5)


def _cells(a: Volume, b: Volume, w: Any) -> tuple[tuple[float, float, float, float], tuple[float, float, float, float]]:
    """The window on the large face and the cell on the small one, in pixels: a place right of the middle, above it."""
    big, small = [], []
    for d, share in ((1, 0.62), (0, 0.30)):
        along, cells, total = w.along[d], b.layer.space[d], a.layer.space[d]
        origin, face = ((a.x, a.width), (a.y, a.height))[1 - d]
        to, far = ((b.x, b.width), (b.y, b.height))[1 - d]
        i = int(cells * share) if cells > 1 else 0
        taps = [t for t in along.taps(i) if 0 <= t < total] or [0]
        first, last = taps[0] * face / total, (taps[-1] + 1) * face / total
        big.append((origin + first, max(last - first, 3.2)))
        size = max(far / cells, 3.2)
        small.append((min(to + i * far / cells, to + far - size), size))
    return (big[0][0], big[1][0], big[0][1], big[1][1]), (small[0][0], small[1][0], small[0][1], small[1][1])


def _corners(r: tuple[float, float, float, float]) -> list[Point]:
    x, y, w, h = r
    return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]


def _lane(f: _Figure, lane: Lane) -> None:
    """The wires of a way beside the axis: out of its first layer, up, along, and down into the last."""
    volumes = f.at.volumes
    first = volumes[lane.start] if lane.start >= 0 else None
    way = [volumes[i] for i in lane.nodes]
    last = volumes[lane.end] if lane.end is not None else None
    title = " → ".join(f.name(v.layer) or f.words.label(v.layer.head.label) for v in (first, *way, last) if v is not None)
    g = f.scene.group(f"lane{lane.start}-{'-'.join(map(str, lane.nodes))}-{lane.end}", "lane", title)
    if first is not None:
        end = way[0] if way else last
        if end is not None and abs(lane.y - first.middle) < 0.5:  # straight across
            symbols.wire(g, [(first.leave + 4, lane.y), (end.x - 7, lane.y)], role="wire", line=1.3, head=6.5)
        elif end is not None:
            track = _rise(f, first, lane.y)
            if track.points[0][0] > first.leave + 7:
                g.line((first.leave + 4, first.middle), track.points[0], stroke="wire", line=1.3)
            if way:
                track.line((end.x - 6, lane.y))
                symbols.smooth_wire(g, track, head=6.5)
            else:
                _fall(f, g, track, end)
            g.circle(track.points[0][0], first.middle, 2.2, fill="wire")
    if way and last is not None:
        v = way[-1]
        track = Track((max(v.leave, v.x + v.width) + 4, lane.y))
        _fall(f, g, track, last)


def _column_right(f: _Figure, v: Volume) -> float:
    return max(o.x + o.width + o.dx for o in f.at.volumes if o.rank == v.rank)


def _rise(f: _Figure, v: Volume, y: float) -> Track:
    """From the right of a volume up to a lane."""
    x = max(_column_right(f, v) + 9, v.leave + 6)
    track = Track((x, v.middle))
    corner = 9.0
    track.line((x, y + corner))
    track.corner((x + corner, y), vertical_first=True)
    return track


def _fall(f: _Figure, g: Group, track: Track, v: Volume) -> None:
    """Along a lane and down into a volume from the left, or into a ⊕ from above."""
    y, corner = track.end[1], 9.0
    x = v.centre if v.join else min(o.x for o in f.at.volumes if o.rank == v.rank) - 20
    track.line((x - corner, y))
    track.corner((x, y + corner), vertical_first=False)
    if v.join:
        track.line((x, v.y - 1.5))
    else:
        track.line((x, v.middle - corner))
        track.corner((x + corner, v.middle), vertical_first=True)
        track.line((v.x - 7, v.middle))
    symbols.smooth_wire(g, track, head=6.5)


def _varies(input: Any) -> bool:
    """Is there something to see in an input?"""
    given = [x for x in (input if isinstance(input, list) else [input]) if x is not None and not isinstance(x, tuple)]
    return any(np.ptp(array_of(x, "volumes")) > 0 for x in given if np.size(x))
