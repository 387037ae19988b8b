"""Points in the plane, each written as its class: the code of an autoencoder, say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..view.arrays import array_of
from .curves import STYLES
from .ticks import nice_ticks

declare(
    {
        "scatter": ("Points of each class", "Punkte jeder Klasse"),
        "scatter sub": ("{} points, each written as its class", "{} Punkte, jeder als seine Klasse geschrieben"),
    }
)

SIDE = 430.0
MOST = 3000


@figure
def scatter(
    points: Any,
    labels: Any,
    *,
    classes: Sequence[str] | None = None,
    names: tuple[str, str] = ("x", "y"),
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw points in the plane, each written as its class: a code of two numbers, say.

    Args:
        points: (N, 2).
        labels: (N,), the class of each.
        classes: short names for the classes, which are the marks; their numbers otherwise.
        names: of the two axes.

    Raises:
        ValueError: other shapes, no whole numbers, more than 3,000 points.

    Example:
        >>> from autograd_cnn import draw
        >>> draw.scatter([(0, 0), (1, 2), (2, 1)], [0, 1, 1])
        <Drawing 'Points of each class', 513×586>
    """
    words = Words(lang)
    known = words("scatter") if title is None else title
    return Drawing(scatter_scene(points, labels, classes, names, words, known, subtitle), check_theme(theme), prefix)


def scatter_scene(
    points: Any, labels: Any, classes: Sequence[str] | None, names: tuple[str, str], words: Words, title: str, subtitle: str | None
) -> Scene:
    """A square with both axes; the marks are the classes' names, or their numbers."""
    a, kinds = array_of(points, "scatter"), array_of(labels, "scatter")
    if a.ndim != 2 or a.shape[1] != 2 or not len(a) or not np.isfinite(a).all():
        raise ValueError(f"draw.scatter: expected finite points of shape (N, 2), got shape {a.shape}.")
    if kinds.shape != (len(a),) or (kinds < 0).any() or (kinds != np.rint(kinds)).any():
        raise ValueError(f"draw.scatter: expected a class, a whole number from 0, for each of {len(a)} points, got shape {kinds.shape}.")
    if len(a) > MOST:
        raise ValueError(f"draw.scatter: {len(a)} points are too many to be read; at most {MOST}. Take some of them.")
    if classes is not None and len(classes) <= kinds.max():
        raise ValueError(f"draw.scatter: expected a name for each of {int(kinds.max()) + 1} classes, got {len(classes)}.")
    scene = Scene(title=title, name="scatter", lang=words.lang)
    line = words("scatter sub", words.count(len(a)))
    wide = symbols.heading(scene, title, line if subtitle is None else subtitle)
    ticks = [nice_ticks(float(a[:, d].min()), float(a[:, d].max())) for d in range(2)]
    gutter = max(text_width(words.digits(t), 11) for t in ticks[1]) + 8
    left, top = symbols.MARGIN + gutter, symbols.HEADING + 14
    (x0, x1), (y0, y1) = ((t[0], t[-1]) for t in ticks)

    def at(x: float, y: float) -> tuple[float, float]:
        return left + (x - x0) / (x1 - x0) * SIDE, top + SIDE - (y - y0) / (y1 - y0) * SIDE

    axes = scene.group("axes")
    for t in ticks[0]:
        axes.line(at(t, y0), at(t, y1), stroke="hair")
        axes.text(at(t, y0)[0], top + SIDE + 17, words.digits(t), 11, ink="muted", anchor="middle")
    for t in ticks[1]:
        axes.line(at(x0, t), at(x1, t), stroke="hair")
        axes.text(left - 8, at(x0, t)[1] + 4, words.digits(t), 11, ink="muted", anchor="end")
    axes.text(left + SIDE / 2, top + SIDE + 34, names[0], 11.5, ink="muted", anchor="middle")
    axes.text(symbols.MARGIN, top - 8, names[1], 11.5, ink="muted")
    for k in np.unique(kinds).astype(int).tolist():
        name = str(classes[k]) if classes is not None else str(k)
        mine = a[kinds == k]
        group = scene.group(f"class-{k}", "points", f"{name}: {words.count(len(mine))}")
        for x, y in mine.tolist():
            u, v = at(x, y)
            group.text(u, v + 3.5, name, 9.5, "bold" if k % 2 else "sans", STYLES[k % len(STYLES)][0], anchor="middle")
    scene.width = max(left + SIDE, symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = top + SIDE + 34 + symbols.MARGIN
    scene.desc = f"{title}: {line}."
    return scene
