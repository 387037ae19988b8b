"""Maps of classes: for each pixel what is seen there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..canvas import png, symbols, theme
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Run, Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme, contrast
from ..view.arrays import Array, array_of, image_png

declare(
    {
        "segmentation": ("A class for each pixel", "Eine Klasse je Pixel"),
        "segmentation sub": (
            "{} classes; each is named by its number where it is widest",
            "{} Klassen; ihre Nummer steht, wo sie am breitesten sind",
        ),
        "class names": ("classes", "Klassen"),
        "class map": ("class map", "Klassenkarte"),
    }
)

SIDE = 250.0
DARK, LIGHT = "#11161c", "#ffffff"


@figure
def segmentation(
    image: Any,
    maps: Any,
    *,
    classes: Sequence[str] | None = None,
    columns: int | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw what is seen at each pixel: a colour and a number for each class, beside the picture.

    Args:
        image: (H, W), (1, H, W) or (3, H, W); None leaves it out.
        maps: classes (H, W), or scores (C, H, W) of which the highest counts; or a mapping of names to such.
        classes: names for the classes.
        columns: so many pictures and maps in a line; by default all.

    Raises:
        ValueError: other shapes, no whole numbers, more than 12 classes.

    Example:
        >>> from autograd_cnn import draw
        >>> draw.segmentation(None, [[0, 0, 1], [2, 2, 1]], classes=["sky", "house", "road"])
        <Drawing 'A class for each pixel', 365×325>
    """
    words = Words(lang)
    known = words("segmentation") if title is None else title
    return Drawing(segmentation_scene(image, maps, classes, columns, words, known, subtitle), check_theme(theme), prefix)


def maps_of(maps: Any, words: Words) -> list[tuple[str, Any]]:
    """(name, classes (H, W)) for each map; scores (C, H, W) become the class with the highest one."""
    pairs = list(maps.items()) if isinstance(maps, Mapping) else [(words("class map"), maps)]
    made = []
    for name, m in pairs:
        a = array_of(m, "segmentation")
        a = a.argmax(0).astype(np.float64) if a.ndim == 3 else a
        if a.ndim != 2 or not a.size:
            raise ValueError(f"draw.segmentation: expected classes (H, W) or scores (C, H, W), got shape {a.shape}.")
        if (a < 0).any() or (a != np.rint(a)).any():
            raise ValueError("draw.segmentation: expected classes as whole numbers from 0.")
        made.append((str(name), a.astype(np.int64)))
    if not made:
        raise ValueError("draw.segmentation: expected at least one map of classes, got none.")
    return made


def segmentation_scene(
    image: Any, maps: Any, classes: Sequence[str] | None, columns: int | None, words: Words, title: str, subtitle: str | None
) -> Scene:
    """The picture, each map beside it, and which number is which class."""
    if columns is not None and (isinstance(columns, bool) or not isinstance(columns, int) or columns < 1):
        raise ValueError(f"draw.segmentation: expected columns to be a whole number from 1 on, got {columns!r}.")
    known = maps_of(maps, words)
    count = max(int(m.max()) for _, m in known) + 1
    if classes is not None and len(classes) < count:
        raise ValueError(f"draw.segmentation: expected a name for each of {count} classes, got {len(classes)}.")
    count = count if classes is None else len(classes)
    if count > len(theme.CLASSES):
        raise ValueError(f"draw.segmentation: {count} classes are too many to be told apart; at most {len(theme.CLASSES)}. Merge some.")
    names = [str(c) for c in classes] if classes is not None else [words("class", k) for k in range(count)]
    scene = Scene(title=title, name="segmentation", lang=words.lang)
    line = words("segmentation sub", count)
    wide = symbols.heading(scene, title, line if subtitle is None else subtitle)
    x, top, right, bottom = symbols.MARGIN, symbols.HEADING + 20, 0.0, 0.0
    panels: list[tuple[str, Any, bytes]] = []
    if image is not None:
        picture = array_of(image, "segmentation")
        panels.append((words("image"), picture.reshape(-1, *picture.shape[-2:])[0], image_png(picture, "segmentation")))
    panels += [(name, m, png.write_png(m.astype(np.uint8), theme.CLASSES[:count])) for name, m in known]
    for k, (name, m, data) in enumerate(panels):
        if columns is not None and k and k % columns == 0:
            x, top = symbols.MARGIN, bottom + 34
        h, w = m.shape
        unit = SIDE / max(h, w)
        g = scene.group(f"panel-{k}", "panel", name)
        g.text(x, top - 8, [Run(name, "bold")], 12.5)
        g.image(x, top, w * unit, h * unit, data)
        g.rect(x, top, w * unit, h * unit, stroke="hair")
        if image is None or k:
            _numbers(g, m, x, top, unit)
        bottom = max(bottom, top + h * unit)
        x += max(w * unit, text_width(name, 12.5, "bold")) + 18
        right = max(right, x - 18)
    y = bottom + 16
    legend, x = scene.group("classes", "legend", words("class names")), symbols.MARGIN
    for k, name in enumerate(names):
        text = f"{k}  {name}"
        if x + 22 + text_width(text, 12) > max(right, symbols.MARGIN + wide) and x > symbols.MARGIN:
            x, y = symbols.MARGIN, y + 22
        legend.rect(x, y, 14, 14, fill=theme.CLASSES[k], stroke="hair")
        legend.text(x + 20, y + 11.5, text, 12)
        x += 20 + text_width(text, 12) + 20
    scene.width = max(right, symbols.MARGIN + wide, x - 20) + symbols.MARGIN
    scene.height = y + 14 + symbols.MARGIN
    shares = ", ".join(f"{names[c]} {words.percent(float((known[0][1] == c).mean()))}" for c in np.unique(known[0][1]))
    scene.desc = f"{title}: {line}. {known[0][0]}: {shares}."
    return scene


def _numbers(group: Any, m: Any, x: float, y: float, unit: float) -> None:
    """Each class's number where the class is widest, if it has room there."""
    for c in np.unique(m).tolist():
        depth = _depth(m == c)
        deepest = float(depth.max())
        if deepest * unit < 7:
            continue
        row, column = np.unravel_index(int(depth.argmax()), m.shape)
        fill = theme.CLASSES[c]
        ink = DARK if contrast(DARK, fill) > contrast(LIGHT, fill) else LIGHT
        left, top = x + (column + 0.5) * unit, y + (row + 0.5) * unit
        group.rect(left - 4, top - 6, 8, 12, fill=fill)
        group.text(left, top + 4, [Run(str(c), "bold", ink)], 11, anchor="middle")


def _depth(inside: Any) -> Array:
    """How many steps each pixel lies from the edge of its area."""
    depth = np.zeros(inside.shape)
    while inside.any():
        depth += inside
        framed = np.pad(inside, 1)
        inside = framed[1:-1, 1:-1] & framed[:-2, 1:-1] & framed[2:, 1:-1] & framed[1:-1, :-2] & framed[1:-1, 2:]
    return depth
