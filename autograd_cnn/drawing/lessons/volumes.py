"""The architecture of a network as a row of volumes, front faces to scale, read from the recorded graph."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ...graph.graph import Graph
from ..canvas import png, symbols
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Run, Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..layout.fit import Fit, first_that_fits
from ..view.arguments import check_number, first_map, traced
from ..view.arrays import Array, array_of, image_png, scale_of
from .layer_folds import focused
from .layers import Layer, caption, folding_within, layers_of
from .volumes_layout import DEEPEST, FACE, FACE_BESIDE, SHALLOW, Arrangement, Row, Volume, arrange
from .volumes_rows import MOST_ROWS, in_rows, in_u
from .volumes_text import Architecture, label_widths, notes_of, shape_text, subtitle_of, told_of, under_join
from .volumes_ways import between, lane_beside, to_next_row

MOST_IN_A_ROW = 24  # layers that are drawn before modules are folded
FEWER = (18, 14, 10, 7, 5)  # where so many do not fit
LOW, SMALL, LEAST_FACE = 64.0, 48.0, 24.0  # the largest face in a U of many levels, and where branches stand over each other: some, many
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
            for side in (LOW, SMALL, LEAST_FACE):
                yield lambda layers=layers, side=side: _painted(graph, layers, maps, words, known, subtitle, 1, side)  # type: ignore[misc]

    return first_that_fits(candidates(), fit)


def _painted(
    graph: Graph, layers: list[Layer], maps: Mapping[int, Array], words: Words, known: str, subtitle: str | None, rows: int, side: float
) -> Scene | None:
    """The figure in so many rows (0: as a U); None where it cannot be laid out so."""
    total = sum(n.parameters for n in layers)
    names = Architecture(Scene(), layers, Arrangement([], []), words, maps, total)
    labels = [max(*label_widths(n, names.name(n), words), BAR * n.parameters / max(total, 1)) for n in layers]
    names.compact = rows == 0
    tight = side <= LEAST_FACE
    if tight:
        labels = [max(w, text_width(f"{shape_text(n)}  {words.count(n.parameters)}", 11)) for w, n in zip(labels, layers, strict=True)]
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
    f = Architecture(scene, layers, at, words, maps, total, rows == 0, tight)
    if rows != 1 and not (in_rows(at, rows, f.under) if rows else in_u(at, f.under)):
        return None
    wide = symbols.heading(scene, known, subtitle if subtitle is not None else subtitle_of(f, graph))
    _move(f.at, symbols.MARGIN, symbols.HEADING + 18 + f.at.above)
    legend = _legend(f, wide)
    for lane in f.at.lanes:
        lane_beside(f, lane)
    for v in f.at.volumes:
        _volume(f, v)
    for row in f.at.rows:
        for a, b in itertools.pairwise(row.nodes):
            between(f, f.at.volumes[a], f.at.volumes[b])
    for row, following in itertools.pairwise(f.at.rows):
        to_next_row(f, row, following)
    for lane in f.at.lanes:
        for a, b in zip(lane.nodes, lane.nodes[1:], strict=False):
            between(f, f.at.volumes[a], f.at.volumes[b])
    bottom = max(_captions(f, row) for row in f.at.rows)
    if total:
        most = max((f.at.volumes[i].layer for i in f.at.axis), key=lambda n: n.parameters)
        share = words("parameter share", f.name(most), words.percent(most.parameters / total))
        bottom += 56
        scene.text(symbols.MARGIN, bottom, share, 12, ink="muted")
    scene.width = max(f.at.right + symbols.MARGIN, legend)
    scene.height = bottom + symbols.MARGIN - 6
    scene.desc = f"{known}: " + " ".join(told_of(f, v) for v in f.at.volumes)
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


def _legend(f: Architecture, wide: float) -> float:
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


def _captions(f: Architecture, row: Row) -> float:
    """Operations between the volumes of a row, names, shapes and parameters below them; where the shapes stand."""
    axis = [f.at.volumes[i] for i in row.nodes]
    gap = 18 if f.compact else 30
    if row is not f.at.rows[0] and not axis[0].join:  # what makes it came in from another row
        first = axis[0]
        f.scene.text(first.x, first.y - first.dy - 7, f.words.comma.join(notes_of(first.layer, f.words)[:2]), 11.5)
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
            under = under_join(n, f.words)
            for k, line in enumerate(under):
                last = n.parameters and k == len(under) - 1
                f.scene.text(v.centre, v.y + v.height + 15 + 14 * k, line, 11, ink="parameter" if last else "muted", anchor="middle")
            continue
        f.scene.text(v.centre, y, f.name(n), 13, "bold", anchor="middle")
        f.scene.text(v.centre, y + 18, shape_text(n), 12, ink="forward", anchor="middle")
        if n.parameters:
            f.scene.text(v.centre, y + 36, f.words.count(n.parameters), 11.5, ink="parameter", anchor="middle")
            bar = min(max(BAR * n.parameters / f.total, 1.5), BAR)
            f.scene.rect(v.centre - bar / 2, y + 43, bar, 5, fill="dense-line")
    return y + 18


# ------------------------------------------------------------------------------------------------------- volumes
def _volume(f: Architecture, v: Volume) -> None:
    n = v.layer
    g = f.scene.group(
        f"v{n.index}-{n.name or n.kind}".replace(" ", "-"),
        f"volume {n.kind}",
        told_of(f, v),
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
        sizes = [Run(shape_text(n), "sans", "forward"), *([Run(f"  {count}", "sans", "parameter")] if count and f.tight else [])]
        g.text(v.centre, y + h + 29, sizes, 11, anchor="middle")
        if count and not f.tight:
            g.text(v.centre, y + h + 43, count, 11, ink="parameter", anchor="middle")


def _face(a: Array, picture: bool) -> bytes:
    """An input as it is; of a layer's maps the one that varies most."""
    if picture and a.shape[0] in (1, 3):
        return image_png(a, "volumes")
    flat = a[int(np.argmax([m.std() for m in a]))]
    return png.paint(flat, *scale_of(flat))


def _varies(input: Any) -> bool:
    """Is there something to see in an input?"""
    given = [x for x in (input if isinstance(input, list) else [input]) if x is not None and not isinstance(x, tuple)]
    return any(np.ptp(array_of(x, "volumes")) > 0 for x in given if np.size(x))
