"""The figure of learned kernels: a grid of little pictures, vermilion below zero, white at zero, blue above; of a layer that sees a
colour picture, tiles in its colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..canvas import png, symbols, theme
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Run, Scene, runs_width
from ..canvas.text import Words, shape
from ..view.arrays import Array, array_of, cells, finite_range, ramp_bar, tile

declare(
    {
        "filters": ("Learned kernels", "Gelernte Filter"),
        "filters sub": (
            "one tile a kernel, output channel against input channel; blue is positive, vermilion negative",
            "eine Kachel je Filter, Ausgabekanal gegen Eingabekanal; blau positiv, zinnober negativ",
        ),
        "filters one": (
            "one tile an output channel; blue is positive, vermilion negative",
            "eine Kachel je Ausgabekanal; blau positiv, zinnober negativ",
        ),
        "filters rgb": (
            "one tile an output channel, its three input channels as red, green and blue; grey is zero",
            "eine Kachel je Ausgabekanal, ihre drei Eingabekanäle als Rot, Grün und Blau; grau ist null",
        ),
        "filters both": (
            "of a colour picture in its colours, grey is zero; of others blue is positive, vermilion negative",
            "für ein Farbbild in seinen Farben, grau ist null; für andere blau positiv, zinnober negativ",
        ),
        "shown of": (
            "the first {} of {} kernels; slice the weight to see others",
            "die ersten {} von {} Filtern; andere durch Ausschneiden der Gewichte",
        ),
        "weight": ("weight", "Gewicht"),
    }
)

ROOM = 760.0  # the width a grid may take
MOST = 64  # rows or columns of a grid at most; the subtitle says so when there are more
MOST_TILES = 256  # tiles in colour, which need no grid
MANY = 400  # more tiles than this become one picture
LIGHT = tuple(theme.mix("#000000", "#ffffff", i / 255) for i in range(256))  # of a channel: black, grey at 0, full
SHARP = 700  # so many cells in all are drawn one by one


@figure
def filters(
    weights: Any,
    *,
    rgb: bool | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw learned kernels as little pictures: vermilion below zero, white at zero, blue above, the range beside
    them; kernels that see a colour picture as tiles in its colours, grey at zero.

    Args:
        weights: a weight of shape (O, I, KH, KW), (O, I, K) or (O, I), or a layer that has one; or several as a
            mapping or as pairs (name, weight). At most 64 × 64 kernels of a layer are shown (and the figure says
            so).
        rgb: True takes three input channels as the colours of one tile, False draws each by itself. By default the first weight
            is drawn in colour if it has three input channels and kernels larger than 1×1.

    Raises:
        ValueError: a weight of another shape; rgb=True without three input channels.
        TypeError: not an array of numbers.

    Example:
        >>> import numpy as np
        >>> from autograd_cnn import draw
        >>> draw.filters({"conv1": np.ones((6, 1, 5, 5))})
        <Drawing 'Learned kernels', 430×223>
        >>> draw.filters(np.ones((16, 3, 7, 7)))
        <Drawing 'Learned kernels', 740×203>
    """
    words = Words(lang)
    scene = filters_figure(weights, words, words("filters") if title is None else title, subtitle, rgb)
    return Drawing(scene, theme, prefix)


@dataclass(slots=True)
class _Layer:
    name: str
    weight: Array  # (O, I, KH, KW), cut to what is shown
    full: tuple[int, ...]
    bound: float  # of the colour scale, on both sides of zero
    rgb: bool = False  # the three input channels are the colours of one tile

    @property
    def cut(self) -> bool:
        return self.full[:2] != self.weight.shape[:2] and len(self.full) > 2


def filters_figure(weights: Any, words: Words, title: str, subtitle: str | None, rgb: bool | None = None) -> Scene:
    """Draw kernels of one layer, or of several given as a mapping or as pairs (name, weight)."""
    layers = [_layer(name, w, rgb if rgb is not None or k == 0 else False) for k, (name, w) in enumerate(_named(weights))]
    if not layers:
        raise ValueError("draw.filters: expected the weights of at least one layer, got none.")
    scene = Scene(title=title, name="filters", lang=words.lang)
    kinds = {"filters rgb" if n.rgb else "filters sub" if n.weight.shape[1] > 1 else "filters one" for n in layers}
    line = (
        subtitle
        if subtitle is not None
        else words(
            "filters both" if "filters rgb" in kinds and len(kinds) > 1 else "filters sub" if "filters sub" in kinds else next(iter(kinds))
        )
    )
    wide = symbols.heading(scene, title, line)
    y = symbols.HEADING + 6
    told = []
    for n in layers:
        group = scene.group(f"filters-{n.name}".replace(" ", "-"), "layer", _title(n, words), layer=n.name, shape=list(n.full))
        width, y = _draw_layer(group, n, y, words)
        wide = max(wide, width)
        told.append(_title(n, words))
        y += 30
    scene.width, scene.height = wide + 2 * symbols.MARGIN, y - 30 + symbols.MARGIN
    scene.desc = f"{title}: {line}. " + " ".join(told)
    return scene


def _named(weights: Any) -> list[tuple[str, Any]]:
    if isinstance(weights, Mapping):
        return [(str(k), v) for k, v in weights.items()]
    if isinstance(weights, Sequence) and not isinstance(weights, str) and all(isinstance(p, tuple) and len(p) == 2 for p in weights):
        return [(str(k), v) for k, v in weights]
    return [("", weights)]


def _layer(name: str, w: Any, rgb: bool | None = False) -> _Layer:
    if hasattr(w, "weight"):
        name, w = name or type(w).__name__, w.weight
    a = array_of(w, "filters")
    full = a.shape
    if a.ndim == 2:
        a = a[None, None]  # a dense layer's matrix is one picture
    elif a.ndim == 3:
        a = a[:, :, None, :]
    if a.ndim != 4 or not a.size:
        raise ValueError(
            f"draw.filters: expected a weight of shape (O, I, KH, KW), (O, I, K) or (O, I), got {full}. "
            "Pass a convolution's weight, for example model.conv1.weight."
        )
    colours = len(full) == 4 and full[1] == 3
    if rgb and not colours:
        raise ValueError(f"draw.filters: expected a weight of shape (O, 3, KH, KW) for rgb=True, got {full}.")
    low, high = finite_range(a)
    bound = max(abs(low), abs(high)) or 1.0
    if rgb or (rgb is None and colours and full[2:] != (1, 1)):
        return _Layer(name, a[:MOST_TILES], full, bound, rgb=True)
    return _Layer(name, a[:MOST, :MOST], full, bound)


def _title(n: _Layer, words: Words) -> str:
    low, high = finite_range(n.weight)
    bounds = words("values from", shape(n.full), words.digits(low), words.digits(high))
    return f"{n.name or words('weight')}: {bounds}."


def _draw_layer(group: Group, n: _Layer, y: float, words: Words) -> tuple[float, float]:
    """One layer: its heading with the scale, and its grid. Returns (width, where it ends)."""
    x = symbols.MARGIN
    runs = [Run(n.name or words("weight"), "bold"), Run(f"   {shape(n.full)}", "sans", "forward")]
    if n.cut:
        shown, of = (a[0] if n.rgb else a[0] * a[1] for a in (n.weight.shape, n.full))
        runs.append(Run("   " + words("shown of", words.count(shown), words.count(of)), "sans", "muted", 0.92))
    bad = int(np.size(n.weight) - np.isfinite(n.weight).sum())
    if bad:
        runs.append(Run(f"   {words.count(bad)} NaN/∞", "sans", "gradient", 0.92))
    group.text(x, y + 11, runs, 13)
    head = runs_width(runs, 13)
    o, i, _kh, _kw = n.weight.shape
    # As wide as it is tall or wider: the longer side runs to the right. A single input channel makes a plain row that
    # wraps.
    if i == 1 or n.rgb:
        width, end = _draw_row(group, n, x, y + 26, words)
    else:
        width, end = _draw_grid(group, n, x, y + 26, turned=o > i, words=words)
    scale = max(x + head + 30, x + width - 150)
    ramp_bar(group, scale, y + 1, 150, -n.bound, n.bound, LIGHT if n.rgb else theme.DIVERGING, words, middle=True)
    return max(width, scale + 150 - x), end


def _cell_size(columns: int, kernel: int, most: float) -> float:
    """Pixels of a cell: whole ones where there is room."""
    room = (ROOM / columns - 6) / kernel
    return float(int(min(room, most))) if room >= 1 else room


def _draw_row(group: Group, n: _Layer, x: float, y: float, words: Words) -> tuple[float, float]:
    o, _, kh, kw = n.weight.shape
    side = max(kh, kw)
    size = _cell_size(1, side, 60 / side if side < 12 else 360 / side) if o == 1 else _cell_size(min(o, 16), side, max(56 / side, 2))
    step_x, step_y = kw * size + 8, kh * size + 22
    columns = max(1, min(o, int((ROOM + 8) // step_x)))
    sharp = n.weight.size <= SHARP
    for k in range(o):
        left, top = x + (k % columns) * step_x, y + 12 + (k // columns) * step_y
        _kernel(group, n, k, 0, left, top, size, sharp, words)
        if o > 1:
            group.text(left + kw * size / 2, top + kh * size + 12, str(k), 10, ink="muted", anchor="middle")
    rows = -(-o // columns)
    return max(columns * step_x - 8, 0.0), y + 12 + rows * step_y - (6 if o > 1 else 18)


def _kernel(group: Group, n: _Layer, o: int, i: int, x: float, y: float, size: float, sharp: bool, words: Words) -> None:
    if n.rgb:
        w, index = n.weight[o], str(o)
    else:
        w, index = n.weight[o, i], f"{o}, {i}"
    low, high = finite_range(w)
    g = group.group(None, "kernel", f"{n.name or words('weight')}[{index}]: {words.digits(low)} … {words.digits(high)}")
    if n.rgb:
        across, down = w.shape[2] * size, w.shape[1] * size
        g.image(x, y, across, down, _in_colour(w, n.bound))
        g.rect(x, y, across, down, stroke="hair")
    elif sharp:
        cells(g, w, x, y, size, -n.bound, n.bound, theme.DIVERGING)
    else:
        tile(g, w, x, y, w.shape[1] * size, w.shape[0] * size, -n.bound, n.bound, theme.DIVERGING)


def _in_colour(w: Array, bound: float) -> bytes:
    """A kernel (3, KH, KW) as one picture: 0 is mid-grey in each channel."""
    t = 0.5 + 0.5 * np.clip(np.nan_to_num(w) / bound, -1, 1)
    return png.write_png(np.rint(t * 255).astype(np.uint8).transpose(1, 2, 0))


def _draw_grid(group: Group, n: _Layer, x: float, y: float, turned: bool, words: Words) -> tuple[float, float]:
    """Output channels against input channels; `turned`: output channels run to the right. A low grid that is too long
    for one line goes on below."""
    o, i, kh, kw = n.weight.shape
    rows, columns = (i, o) if turned else (o, i)
    across, down = (words("output"), words("input")) if turned else (words("input"), words("output"))
    indent = max(text_width(f"{down} ↓", 10), text_width(str(rows - 1), 10)) + 10
    left, top = x + indent, y + 30
    group.text(left, y + 10, f"{across} →", 10, ink="muted")
    group.text(x, top - 6, f"{down} ↓", 10, ink="muted")
    if rows * columns > MANY and rows > 8:
        return _draw_atlas(group, n, left, top, _cell_size(columns, kw, 4), turned, indent)
    size = _cell_size(columns, kw, max(40 / max(kh, kw), 2))
    if rows <= 8 and size * kw < 26:
        size = max(2.0, float(int(28 / max(kh, kw))))
    step_x, step_y = kw * size + 5, kh * size + 5
    fit = max(1, int((ROOM + 5) // step_x)) if rows <= 8 else columns
    every = -(-int(text_width(str(columns - 1), 10) + 4) // int(max(step_x, 1)))
    sharp = n.weight.size <= SHARP
    for start in range(0, columns, fit):
        shown = range(start, min(start + fit, columns))
        for c in shown:
            if c % every == 0:
                group.text(left + (c - start) * step_x + kw * size / 2, top - 6, str(c), 10, ink="muted", anchor="middle")
        for r in range(rows):
            if step_y >= 10 or r % 2 == 0:
                group.text(left - 7, top + r * step_y + kh * size / 2 + 3.5, str(r), 10, ink="muted", anchor="end")
            for c in shown:
                _kernel(
                    group,
                    n,
                    *((c, r) if turned else (r, c)),
                    left + (c - start) * step_x,
                    top + r * step_y,
                    size,
                    sharp,
                    words,
                )
        top += rows * step_y + 20
    return indent + min(fit, columns) * step_x - 5, top - 25


def _draw_atlas(group: Group, n: _Layer, x: float, y: float, size: float, turned: bool, indent: float) -> tuple[float, float]:
    """Very many kernels as one picture, a hairline of one cell's width between them."""
    w = n.weight.transpose(1, 0, 2, 3) if turned else n.weight
    rows, columns, kh, kw = w.shape
    t = np.clip(np.nan_to_num(w) / n.bound, -1, 1) * 0.5 + 0.5
    indices = np.full((rows, kh + 1, columns, kw + 1), 255, np.uint8)
    indices[:, :kh, :, :kw] = np.rint(t * 254).astype(np.uint8).transpose(0, 2, 1, 3)
    sheet = indices.reshape(rows * (kh + 1), columns * (kw + 1))[:-1, :-1]
    scale = max(1.0, min(4.0, float(int((ROOM - indent) / sheet.shape[1]))))
    palette = [theme.DIVERGING[round(k * 255 / 254)] for k in range(255)] + ["#c9d1d9"]
    width, height = sheet.shape[1] * scale, sheet.shape[0] * scale
    group.image(x, y, width, height, png.write_png(sheet, palette))
    group.rect(x, y, width, height, stroke="hair")
    return indent + width, y + height
