"""The figure of one sample on its way through a network: a row for each layer, with its maps as little pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Run, Scene, runs_width
from ..canvas.text import Words, shape
from ..canvas.theme import check_theme
from ..lessons.layers import layer_maps
from ..view.arguments import check_number, snapshot, traced
from ..view.arrays import Array, array_of, finite_range, image_png, ramp_bar, scale_of, shade, tile
from .saliency import batch_of

declare(
    {
        "activations": ("Activations", "Aktivierungen"),
        "activations sub": (
            "each layer's maps, with the range of its values",
            "die Karten jeder Schicht, mit dem Bereich ihrer Werte",
        ),
        "activations signed": (
            "each layer's maps, with the range of its values; blue is positive, white zero, vermilion negative",
            "die Karten jeder Schicht, mit dem Bereich ihrer Werte; blau positiv, weiß null, zinnober negativ",
        ),
        "maps": ("{} maps", "{} Karten"),
        "one map": ("1 map", "1 Karte"),
    }
)

ROOM = 780.0
MOST_MAPS = 128
BARS = 24  # vectors of so many units at most are drawn as bars


@figure
def activations(
    model: Any,
    image: Any = None,
    *,
    layers: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    precision: int = 2,
    prefix: str = "",
) -> Drawing:
    """Draw one sample on its way through a network, a row for each layer. A layer with negative values is drawn on a scale with a
    visible 0: vermilion, white, blue.

    Args:
        model: a model, which is run on the image in evaluation; or what its layers gave: pairs (name, array) or a
            mapping, in order, arrays of shape (C, H, W) or (F,), a batch of one is taken apart.
        image: what goes in, (H, W), (C, H, W) or (1, C, H, W); beside given arrays it is only shown.
        layers: names of the layers to show, ["conv1", "fc2"]; by default all.
        classes: names for the units of the last layer; their numbers otherwise.

    Raises:
        TypeError: a model without an image.
        ValueError: an array of another shape, or not as many names as units.

    Example:
        >>> import numpy as np
        >>> from autograd_cnn import draw, nn
        >>> draw.activations([("conv1", np.ones((6, 8, 8))), ("output", np.arange(10))])
        <Drawing 'Activations', 722×318>
        >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3), nn.Softmax(1))
        >>> draw.activations(net, np.ones((8, 8)), classes=["cat", "dog", "emu"])
        <Drawing 'Activations', 615×426>
    """
    words = Words(lang)
    check_number("precision", precision)
    known = words("activations") if title is None else title
    maps = model
    if isinstance(layers, str):
        raise TypeError(f"draw.activations: expected layers to be a list of names, got the text {layers!r}. Write [{layers!r}].")
    if layers is not None and not callable(model):
        raise TypeError("draw.activations: layers chooses among those of a model; of given arrays pass only those to be shown.")
    if callable(model):
        if image is None:
            raise TypeError("draw.activations: a model needs an image: draw.activations(model, image).")
        batch = batch_of(image, model, "activations")
        maps = layer_maps(traced(model, batch, "activations", note=snapshot), words, layers)
        image = np.asarray(batch.value)[0] if len(batch.shape) == 4 and batch.shape[1] in (1, 3) else None
    return Drawing(activations_figure(maps, image, classes, words, known, subtitle, precision), check_theme(theme), prefix)


@dataclass(slots=True)
class _Row:
    name: str
    data: Array  # (C, H, W) or (F,)

    @property
    def scale(self) -> tuple[float, float, tuple[str, ...]]:
        return scale_of(self.data)

    @property
    def signed(self) -> bool:
        return finite_range(self.data)[0] < 0

    @property
    def bars(self) -> bool:
        return self.vector and self.data.size <= BARS

    @property
    def vector(self) -> bool:
        return self.data.ndim == 1


def activations_figure(
    layers: Any,
    image: Any,
    classes: Sequence[str] | None,
    words: Words,
    title: str,
    subtitle: str | None,
    precision: int,
) -> Scene:
    """Draw the activations, first the picture that went in."""
    pairs = layers.items() if isinstance(layers, Mapping) else layers
    rows = [_row(str(name), a) for name, a in pairs]
    if not rows:
        raise ValueError("draw.activations: expected at least one pair (name, array), got none.")
    if classes is not None and (not rows[-1].vector or len(classes) != rows[-1].data.size):
        raise ValueError(
            f"draw.activations: expected one class name for each unit of the last layer, got {len(classes)} names "
            f"for an array of shape {rows[-1].data.shape}."
        )
    labels = list(classes) if classes is not None else [str(i) for i in range(rows[-1].data.shape[0])]
    scene = Scene(title=title, name="activations", lang=words.lang)
    line = (
        subtitle
        if subtitle is not None
        else words("activations signed" if any(r.signed and not r.bars for r in rows) else "activations sub")
    )
    wide = symbols.heading(scene, title, line)
    column = max(150.0, *(_label_width(r, words) for r in rows)) + 26
    x, y = symbols.MARGIN + column, symbols.HEADING + 2
    if image is not None:
        picture = array_of(image, "activations")
        group = scene.group("image", "layer", f"{words('image')}: {shape(picture.shape)}", shape=list(picture.shape))
        group.text(
            symbols.MARGIN,
            y + 12,
            [Run(words("image"), "bold"), Run(f"   {shape(picture.shape)}", "sans", "forward")],
            13,
        )
        h, w = picture.shape[-2:] if picture.ndim > 1 else (1, 1)
        side = 84.0 / max(h, w)
        group.image(x, y, w * side, h * side, image_png(picture, "activations"))
        group.rect(x, y, w * side, h * side, stroke="hair")
        y += h * side + 24
    told = []
    for k, r in enumerate(rows):
        low, high = finite_range(r.data)
        title_of = f"{r.name}: {words('values from', shape(r.data.shape), words.digits(low), words.digits(high))}"
        told.append(title_of + ".")
        group = scene.group(f"layer-{k}", "layer", title_of, layer=r.name, shape=list(r.data.shape))
        height = _label(group, r, y, words, bars=r.bars)
        if r.bars:
            width, used = _bars(
                group, r.data, x, y, labels if k == len(rows) - 1 else [str(i) for i in range(r.data.size)], precision, words
            )
        elif r.vector:
            width, used = _strip(group, r, x, y, words)
        else:
            width, used = _maps(group, r, x, y, words)
        wide = max(wide, column + width)
        y += max(used, height) + 24
    scene.width, scene.height = wide + 2 * symbols.MARGIN, y - 24 + symbols.MARGIN
    scene.desc = f"{title}: {line}. " + " ".join(told)
    return scene


def _row(name: str, given: Any) -> _Row:
    a = array_of(given, "activations")
    if a.ndim in (2, 4) and a.shape[0] == 1:
        a = a[0]  # a batch of one sample
    if a.ndim == 2:
        a = a[None]
    if a.shape[1:] == (1, 1):
        a = a[:, 0, 0]
    if a.ndim not in (1, 3) or not a.size:
        hint = " Pass one sample of the batch: array[0]." if a.ndim == 4 else ""
        raise ValueError(f"draw.activations: expected {name!r} to be of shape (C, H, W) or (F,), got {a.shape}.{hint}")
    return _Row(name, a)


def _head_runs(r: _Row) -> list[Run]:
    return [Run(r.name, "bold"), Run(f"   {shape(r.data.shape)}", "sans", "forward")]


def _count_text(r: _Row, words: Words) -> str:
    count = r.data.shape[0]
    if r.vector:
        return words.units(count)
    if count > MOST_MAPS:
        return f"{words('maps', MOST_MAPS)} / {words.count(count)}"
    return words("one map") if count == 1 else words("maps", words.count(count))


def _label_width(r: _Row, words: Words) -> float:
    return max(runs_width(_head_runs(r), 13), text_width(_count_text(r, words), 11))


def _label(group: Group, r: _Row, y: float, words: Words, bars: bool) -> float:
    """The left column: name, shape, count, and the colour scale with its range. Returns its height."""
    x = symbols.MARGIN
    group.text(x, y + 12, _head_runs(r), 13)
    group.text(x, y + 29, _count_text(r, words), 11, ink="muted")
    if bars:
        return 34.0
    ramp_bar(group, x, y + 38, 110, *r.scale, words, middle=r.signed)
    return 62.0


def _maps(group: Group, r: _Row, x: float, y: float, words: Words) -> tuple[float, float]:
    c, h, w = r.data.shape
    shown = min(c, MOST_MAPS)
    scale = r.scale
    longest = min(max(ROOM / shown - 6, 34.0), 76.0)
    side = longest / max(h, w)
    width, height = w * side, h * side
    columns = max(1, int((ROOM + 6) // (width + 6)))
    for k in range(shown):
        left, top = x + (k % columns) * (width + 6), y + (k // columns) * (height + 6)
        a, b = finite_range(r.data[k])
        g = group.group(None, "map", f"{r.name}[{k}]: {words.digits(a)} … {words.digits(b)}")
        tile(g, r.data[k], left, top, width, height, *scale)
    rows = -(-shown // columns)
    return min(shown, columns) * (width + 6) - 6, rows * (height + 6) - 6


def _strip(group: Group, r: _Row, x: float, y: float, words: Words) -> tuple[float, float]:
    """A long vector as cells, line by line."""
    scale = r.scale
    count, size = r.data.size, 13.0
    columns = min(count, int(ROOM // size))
    if count > 10 * columns:
        size = 6.0
        columns = min(count, int(ROOM // size))
    for k, v in enumerate(r.data.tolist()):
        g = group.group(None, "unit", f"{r.name}[{k}] = {words.digits(v, 4)}")
        g.rect(
            x + (k % columns) * size,
            y + 2 + (k // columns) * (size + 3),
            size - 1,
            size,
            fill=shade(v, *scale),
            stroke="hair",
            line=0.5,
        )
    rows = -(-count // columns)
    return columns * size, rows * (size + 3)


def _bars(group: Group, a: Array, x: float, y: float, labels: Sequence[str], precision: int, words: Words) -> tuple[float, float]:
    """A short vector as bars from a common zero, the largest marked by weight, outline and arrowhead."""
    numbers = [words.value(v, precision) for v in a.tolist()]
    step = max(30.0, *(text_width(n, 10.5, "bold") + 9 for n in numbers), *(text_width(t, 11, "bold") + 9 for t in labels))
    known = np.nan_to_num(a, posinf=0.0, neginf=0.0)
    top, bottom = max(float(known.max()), 0.0), min(float(known.min()), 0.0)
    tall = 66.0
    unit = tall / (top - bottom) if top > bottom else 0.0
    zero = y + 14 + top * unit
    best = int(np.argmax(known))
    group.line((x, zero), (x + step * a.size, zero), stroke="wire", line=1)
    floor = y + 14 + tall + (14 if bottom < 0 else 0)
    for k, v in enumerate(known.tolist()):
        middle, height = x + step * (k + 0.5), v * unit
        g = group.group(None, "unit", f"{labels[k]} = {words.digits(a[k], 6)}")
        first = k == best
        g.rect(
            middle - step * 0.3,
            min(zero, zero - height),
            step * 0.6,
            abs(height),
            fill="forward" if first else "input-paper",
            stroke="forward" if first else "input-line",
            line=1.6 if first else 1.0,
        )
        face = "bold" if first else "sans"
        g.text(
            middle,
            (zero - height - 4) if v >= 0 else (zero - height + 12),
            numbers[k],
            10.5,
            face,
            "forward" if first else "muted",
            "middle",
        )
        g.text(middle, floor + 16, labels[k], 11, face, "ink", "middle")
        if first:
            g.polygon([(middle, floor + 20), (middle - 4, floor + 26), (middle + 4, floor + 26)], fill="forward")
    return step * a.size, floor + 28 - y
