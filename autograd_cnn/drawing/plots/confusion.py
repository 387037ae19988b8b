"""The confusion matrix: what the samples of each class were taken for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..canvas import symbols, theme
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Run, Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme, contrast
from ..view.arrays import Array, array_of, shade, strip

declare(
    {
        "confusion": ("Confusion matrix", "Verwechslungsmatrix"),
        "confusion sub": ("{} of {} right, {}", "{} von {} richtig, {}"),
        "true class": ("true class", "wahre Klasse"),
        "predicted class": ("predicted class", "vorhergesagte Klasse"),
        "right": ("right", "richtig"),
        "share of class": ("share of the class", "Anteil der Klasse"),
        "most often": ("Most often confused:", "Am häufigsten verwechselt:"),
    }
)

MOST = 40
FEW, WIDE = 12, 72.0
DARK, LIGHT = "#11161c", "#ffffff"


@figure
def confusion(
    truth: Any,
    predicted: Any = None,
    *,
    classes: Sequence[str] | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw a confusion matrix: rows are the true classes, shaded by their share of the row, the right ones framed.

    Args:
        truth: the true classes (N,), or the matrix of counts itself.
        predicted: the predicted classes (N,), or scores (N, C).
        classes: names for the classes.

    Raises:
        ValueError: other shapes, no whole numbers, more than 40 classes.

    Example:
        >>> from autograd_cnn import draw
        >>> draw.confusion([0, 1, 1, 2], [0, 1, 2, 2], classes=["cat", "dog", "emu"])
        <Drawing 'Confusion matrix', 375×269>
    """
    words, theme = Words(lang), check_theme(theme)
    known = words("confusion") if title is None else title
    return Drawing(confusion_scene(counts_of(truth, predicted), classes, words, known, subtitle), theme, prefix)


def counts_of(truth: Any, predicted: Any) -> Array:
    """The matrix: row = true class, column = predicted class. `truth` is the matrix itself, or true classes beside
    predictions: classes, or scores (N, C) of which the largest counts."""
    a = array_of(truth, "confusion")
    if predicted is None:
        if a.ndim != 2 or a.shape[0] != a.shape[1] or not a.size:
            raise ValueError(f"draw.confusion: expected a square matrix of counts, or true and predicted classes, got shape {a.shape}.")
        if (a < 0).any() or not np.isfinite(a).all():
            raise ValueError("draw.confusion: expected counts of at least 0, got negative or non-finite ones.")
        return a
    b = array_of(predicted, "confusion")
    if b.ndim == 2:
        b = b.argmax(axis=1).astype(np.float64)
    if a.ndim != 1 or a.shape != b.shape or not a.size:
        raise ValueError(f"draw.confusion: expected as many predictions as true classes, got {a.shape} and {b.shape}.")
    if (a < 0).any() or (b < 0).any() or (a != np.rint(a)).any() or (b != np.rint(b)).any():
        raise ValueError("draw.confusion: expected classes as whole numbers from 0.")
    size = int(max(a.max(), b.max())) + 1
    counts = np.zeros((size, size))
    np.add.at(counts, (a.astype(int), b.astype(int)), 1)
    return counts


def confusion_scene(counts: Array, classes: Sequence[str] | None, words: Words, title: str, subtitle: str | None) -> Scene:
    """A grid: rows are the true classes, shaded by their share of the row, the diagonal framed."""
    n = len(counts)
    if n > MOST:
        raise ValueError(f"draw.confusion: {n} classes are too many to be read; at most {MOST} can be drawn. Merge or select classes.")
    if classes is not None and len(classes) < n:
        raise ValueError(f"draw.confusion: expected a name for each of {n} classes, got {len(classes)}.")
    if classes is not None and len(classes) > n:  # classes that never came up
        n = len(classes)
        counts = np.pad(counts, ((0, n - len(counts)), (0, n - len(counts))))
    names = [str(c) for c in classes] if classes is not None else [str(i) for i in range(n)]
    short = names
    texts = [[words.count(v) if v == int(v) else words.decimals(v, 2) for v in row] for row in counts.tolist()]
    size = max(30.0, max(text_width(t, 11, "bold") for row in texts for t in row) + 10)
    if n <= FEW:  # room for the names over their columns
        size = max(size, min(WIDE, max(text_width(t, 11.5) for t in names) + 8))
    total, right = float(counts.sum()), float(np.trace(counts))
    scene = Scene(title=title, name="confusion", lang=words.lang)
    line = words("confusion sub", words.count(right), words.count(total), words.percent(right / max(total, 1), 1))
    wide = symbols.heading(scene, title, line if subtitle is None else subtitle)
    if max(text_width(t, 11.5) for t in names) > size - 4:  # names too long for a column: numbers there, both at the rows
        short, names = [str(i) for i in range(n)], [f"{t}  {i}" for i, t in enumerate(names)]
    label = max(text_width(t, 11.5) for t in names)
    left = symbols.MARGIN + max(label, text_width(words("true class"), 11.5)) + 14
    top = symbols.HEADING + 32
    scene.text(left, symbols.HEADING + 8, f"{words('predicted class')} →", 11.5, ink="muted")
    scene.text(symbols.MARGIN, top - 8, f"{words('true class')} ↓", 11.5, ink="muted")
    head = scene.group("classes")
    for j, name in enumerate(short):
        head.text(left + (j + 0.5) * size, top - 8, name, 11.5, anchor="middle")
    rows = counts.sum(axis=1)
    for i in range(n):
        g = scene.group(f"row-{i}", "row", f"{words('true class')} {names[i]}: {words.count(rows[i])}", counts=counts[i].tolist())
        g.text(left - 10, top + (i + 0.5) * size + 4, names[i], 11.5, anchor="end")
        for j in range(n):
            share = counts[i, j] / rows[i] if rows[i] else 0.0
            fill = shade(share, 0.0, 1.0, theme.SEQUENTIAL)
            cell = g.group(None, "cell", f"{names[i]} → {short[j]}: {texts[i][j]} ({words.percent(share, 1)})")
            cell.rect(left + j * size, top + i * size, size, size, fill=fill, stroke="hair")
            if counts[i, j]:
                ink = DARK if contrast(DARK, fill) > contrast(LIGHT, fill) else LIGHT
                face = "bold" if i == j else "sans"
                cell.text(left + (j + 0.5) * size, top + (i + 0.5) * size + 4, [Run(texts[i][j], face, ink)], 11, anchor="middle")
        known = words.percent(counts[i, i] / rows[i]) if rows[i] else "–"
        g.text(left + n * size + 12, top + (i + 0.5) * size + 4, known, 11.5, ink="muted")
    diagonal = scene.group("diagonal", "diagonal", words("right"))
    for i in range(n):
        diagonal.rect(left + i * size + 1, top + i * size + 1, size - 2, size - 2, stroke="forward", line=2.0)
    scene.text(left + n * size + 12, top - 8, words("right"), 11.5, ink="muted")
    bottom = top + n * size
    scale = scene.group("scale", "scale", words("share of class"))
    strip(scale, left, bottom + 20, min(150.0, n * size), theme.SEQUENTIAL)
    scale.text(left, bottom + 43, "0 %", 10.5, ink="muted")
    scale.text(left + min(150.0, n * size), bottom + 43, "100 %", 10.5, ink="muted", anchor="end")
    scale.text(left + min(150.0, n * size) + 12, bottom + 29, words("share of class"), 11.5, ink="muted")
    scene.width = (
        max(
            left + n * size + 12 + text_width(words("right"), 11.5),
            left + 162 + text_width(words("share of class"), 11.5),
            symbols.MARGIN + wide,
        )
        + symbols.MARGIN
    )
    scene.height = bottom + 46 + symbols.MARGIN - 8
    worst = [(counts[i, j], i, j) for i in range(n) for j in range(n) if i != j and counts[i, j]]
    told = "; ".join(f"{names[i]} → {short[j]}: {words.count(v)}" for v, i, j in sorted(worst, reverse=True)[:5])
    scene.desc = f"{title}: {line}. {words('most often')} {told or '–'}."
    return scene
