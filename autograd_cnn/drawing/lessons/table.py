"""The table of a model's layers: columns of text, the share of the parameters as bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..canvas import symbols
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme

MOST = 200  # rows; nobody reads more
ROW = 24.0
GAP = 30.0  # between columns
BAR = 90.0  # of a layer that has all parameters
SIZE = 12.0


@figure
def table(
    summary: Any,
    *,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str | None = None,
    prefix: str = "",
) -> Drawing:
    """Draw the table of a model's layers: what each does and gives, its parameters with their share as a bar, multiply-adds,
    memory and receptive field. A column with nothing in it is left out.

    Args:
        summary: what `summary(model, input_size)` gave.
        title, subtitle: instead of the model's class, and of the input's size and the number of parameters.
        lang: by default the summary's own.

    Raises:
        TypeError: no summary.
        ValueError: more than 200 layers.

    Example:
        >>> from autograd_cnn import draw, nn, summary
        >>> net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Flatten(), nn.Linear(3456, 10))
        >>> draw.table(summary(net, (1, 28, 28)), title="A small net")
        <Drawing 'A small net', 907×230>
    """
    if not hasattr(summary, "sheet"):
        raise TypeError(f"draw.table: expected a summary, as in draw.table(summary(net, (3, 32, 32))), got {type(summary).__name__}.")
    words = Words(summary.lang if lang is None else lang)
    return Drawing(table_scene(summary.sheet(words.lang), words, title, subtitle), check_theme(theme), prefix)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as text.

    Attributes:
        model, run: whose it is, and on what it was run. head, rows, total: cells, as many in each. shares: of each row, 0 … 1, which
        the last column tells. closing: what stands below. left: the first columns are words, so many; the others are numbers.
    """

    model: str
    run: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...]
    shares: tuple[float, ...]
    closing: tuple[str, ...]
    left: int


def table_scene(sheet: Sheet, words: Words, title: str | None, subtitle: str | None) -> Scene:
    """Words to the left, numbers to the right; a line under the head and above the total."""
    if len(sheet.rows) > MOST:
        raise ValueError(
            f"draw.table: {len(sheet.rows)} layers are too many to be read; at most {MOST} can be drawn. Fold them: summary(..., depth=1)."
        )
    shown = [i for i in range(len(sheet.head)) if any(row[i] for row in sheet.rows)]
    known = sheet.model if title is None else title
    scene = Scene(title=known, name="table", lang=words.lang)
    wide = symbols.heading(scene, known, f"{sheet.run}; {sheet.closing[0]}" if subtitle is None else subtitle)
    last = len(sheet.head) - 1
    lefts, rights, x = {}, {}, symbols.MARGIN
    for i in shown:
        width = max(text_width(row[i], SIZE, "bold" if row is sheet.total else "sans") for row in (sheet.head, *sheet.rows, sheet.total))
        lefts[i], rights[i] = x, x + width
        x += width + GAP
    right = x - GAP + (10 + BAR if last in shown else 0.0)
    top = symbols.HEADING + 6

    def line(group_id: str, cells: tuple[str, ...], y: float, face: str, ink: str, share: float = 0.0) -> str:
        told = "; ".join(f"{sheet.head[i]} {cells[i]}" for i in shown if cells[i])
        g = scene.group(group_id, "row", told)
        for i in shown:
            if not cells[i]:
                continue
            if i < sheet.left:
                g.text(lefts[i], y, cells[i], SIZE, face, ink)
            else:
                g.text(rights[i], y, cells[i], SIZE, face, ink, anchor="end")
        if share:
            g.rect(rights[last] + 10, y - 10, max(1.0, share * BAR), 12, 2, fill="series-1", opacity=0.75)
        return told

    line("head", sheet.head, top, "sans", "muted")
    rules = scene.group("rules")
    rules.line((symbols.MARGIN, top + 9), (right, top + 9), stroke="dark", line=1.0)
    told = []
    for k, (cells, share) in enumerate(zip(sheet.rows, sheet.shares, strict=True)):
        y = top + (k + 1) * ROW + 4
        told.append(line(f"row-{k}", cells, y, "sans", "ink", share))
        if k:
            rules.line((symbols.MARGIN, y - ROW + 8), (right, y - ROW + 8), stroke="hair", line=0.6)
    y = top + (len(sheet.rows) + 1) * ROW + 4
    rules.line((symbols.MARGIN, y - ROW + 8), (right, y - ROW + 8), stroke="dark", line=1.0)
    told.append(line("total", sheet.total, y, "bold", "ink"))
    for text in sheet.closing[1:]:
        y += ROW - 4
        wide = max(wide, scene.text(symbols.MARGIN, y, text, SIZE, ink="muted").width)
    scene.width = max(right, symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = y + symbols.MARGIN - 8
    scene.desc = f"{known}, {sheet.run}. {'. '.join(told)}. {'. '.join(sheet.closing)}."
    return scene
