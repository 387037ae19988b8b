"""Rows of pictures: what went in, what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..canvas import png, symbols, theme
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..view.arrays import Array, array_of, finite_range

declare(
    {
        "pictures": ("Pictures", "Bilder"),
        "pictures sub": ("{} pictures in {} rows, values from {} to {}", "{} Bilder in {} Zeilen, Werte von {} bis {}"),
        "pictures one row": ("{} pictures, values from {} to {}", "{} Bilder, Werte von {} bis {}"),
        "picture": ("picture {}", "Bild {}"),
    }
)

ROOM, LEAST, MOST = 860.0, 28.0, 130.0
GAP = 8.0


@figure
def pictures(
    images: Any,
    captions: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw pictures in rows, all over one range of values.

    Args:
        images: (N, H, W) or (N, C, H, W) of 1 or 3 channels; or a mapping of names to such, a row each.
        captions: a text for each picture of a row.
        columns: so many in a line; by default all of them, of a single row at most ten.

    Raises:
        ValueError: another shape, or not as many captions as pictures.

    Example:
        >>> import numpy as np
        >>> from autograd_cnn import draw
        >>> draw.pictures({"input": np.ones((4, 8, 8)), "output": np.zeros((4, 8, 8))})
        <Drawing 'Pictures', 655×376>
    """
    words = Words(lang)
    known = words("pictures") if title is None else title
    return Drawing(pictures_scene(images, captions, columns, words, known, subtitle), check_theme(theme), prefix)


def rows_of(images: Any) -> list[tuple[str, Array]]:
    """(name, (N, C, H, W)) for each row."""
    pairs = list(images.items()) if isinstance(images, Mapping) else [("", images)]
    rows = []
    for name, batch in pairs:
        a = array_of(batch, "pictures")
        a = a[None] if a.ndim == 2 else a
        a = a[:, None] if a.ndim == 3 else a
        if a.ndim != 4 or a.shape[1] not in (1, 3) or not a.size:
            raise ValueError(f"draw.pictures: expected pictures (N, H, W) or (N, C, H, W) of 1 or 3 channels, got shape {a.shape}.")
        rows.append((str(name), a))
    if not rows:
        raise ValueError("draw.pictures: expected at least one row of pictures, got none.")
    return rows


def painted(a: Array, low: float, high: float) -> bytes:
    """A picture (C, H, W) over a range: one channel as ink on paper, three in colour."""
    if len(a) == 1:
        return png.paint(a[0], low, high, theme.GREY)
    t = (np.nan_to_num(a) - low) / (high - low) if high > low else np.zeros_like(a)
    return png.write_png(np.rint(np.clip(t, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0))


def pictures_scene(
    images: Any, captions: Sequence[str] | None, columns: int | None, words: Words, title: str, subtitle: str | None
) -> Scene:
    """The pictures of each row side by side, all over one range of values. A single row goes on below when it is longer than `columns`."""
    rows = rows_of(images)
    longest = max(len(a) for _, a in rows)
    if captions is not None and len(captions) != longest:
        raise ValueError(f"draw.pictures: expected a caption for each of {longest} pictures in a row, got {len(captions)}.")
    if columns is not None and (isinstance(columns, bool) or not isinstance(columns, int) or columns < 1):
        raise ValueError(f"draw.pictures: expected columns to be a whole number from 1 on, got {columns!r}.")
    across = min(longest, columns or (longest if len(rows) > 1 or longest <= 10 else 10))
    bounds = [finite_range(a) for _, a in rows]
    low, high = min(b[0] for b in bounds), max(b[1] for b in bounds)
    scene = Scene(title=title, name="pictures", lang=words.lang)
    count = words.count(sum(len(a) for _, a in rows))
    step = (high - low) / 1000 or 1.0  # what is less than a thousandth of the range is nothing
    ends = [words.digits(round(v / step) * step if abs(v) < step else v) for v in (low, high)]
    told = words("pictures sub", count, len(rows), *ends) if len(rows) > 1 else words("pictures one row", count, *ends)
    wide = symbols.heading(scene, title, told if subtitle is None else subtitle)
    names = max((text_width(name, 12, "bold") for name, _ in rows if name), default=-14.0) + 14
    left = symbols.MARGIN + names
    ratio = max(a.shape[3] / a.shape[2] for _, a in rows)
    width = min(max(ROOM / across - GAP, LEAST), MOST * max(ratio, 1.0))
    if captions is not None:
        width = max(width, max(text_width(c, 11) for c in captions))
    y = symbols.HEADING
    for r, (name, a) in enumerate(rows):
        g = scene.group(f"row-{r}", "row", name or None)
        tall = width * a.shape[2] / a.shape[3]
        if name:
            g.text(symbols.MARGIN, y + tall / 2 + 4, name, 12, "bold")
        for k, picture in enumerate(a):
            x, top = left + (k % across) * (width + GAP), y + (k // across) * (tall + (22 if captions is not None else GAP))
            cell = g.group(None, "picture", " ".join(filter(None, [name, captions[k] if captions is not None else words("picture", k)])))
            cell.image(x, top, width, tall, painted(picture, low, high))
            cell.rect(x, top, width, tall, stroke="hair")
            if captions is not None and r == len(rows) - 1:
                cell.text(x + width / 2, top + tall + 14, captions[k], 11, ink="muted", anchor="middle")
        lines = -(-len(a) // across)
        y += lines * tall + (lines - 1) * (22 if captions is not None else GAP) + GAP
    scene.width = max(left + across * (width + GAP) - GAP, symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = y + (14 if captions is not None else 0) + symbols.MARGIN - 8
    scene.desc = f"{title}: {told}."
    return scene
