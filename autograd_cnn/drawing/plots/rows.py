"""What was measured, told in the figures' language: a table of words and numbers, and a line of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Run, Scene, runs_width
from ..canvas.text import Words, mathematics
from ..canvas.theme import check_theme

declare(
    {
        "rows": ("Table", "Tabelle"),
        "rows desc": ("{}, {} × {} cells. {}.", "{}, {} × {} Zellen. {}."),
        "yes": ("yes", "ja"),
        "no": ("no", "nein"),
    }
)

MOST = 200  # rows; nobody reads more
ROW = 24.0
GAP = 30.0  # between columns
SIZE = 12.0


@figure
def rows(
    rows: Any,
    head: Sequence[str] = (),
    formats: str | Sequence[str] = "",
    *,
    german: Mapping[str, str] | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw a table: words to the left, numbers below each other at their decimal marks.

    Args:
        rows: lists of cells, or a mapping of names to numbers or to lists of cells; a name may be several cells, as a tuple. A cell is a
            word, a number, `True` or `False`, None where there is nothing, or two numbers (a mean and its deviation: 4.2 ± 0.3).
            Between dollars stands mathematics: `"$w_1$"`.
        head: a heading for each column.
        formats: how Python's `format` writes the numbers, `".2f"`, `".1%"`, `","`, `".1e"`: one for each column, or one for all
            numbers that are not whole. By default whole numbers have marks between thousands, and others two decimals, or an exponent
            where these would hide them.
        german: words and headings with what they are in German.
        title, subtitle: by default none.

    Raises:
        TypeError: a cell of another kind.
        ValueError: no rows or more than 200, rows of different lengths, not a heading and a format for each column.

    Example:
        >>> from autograd_cnn import draw
        >>> found = {"pixels": (0.943, 65), "gradients": (0.98, 1296)}
        >>> draw.rows(found, ("", "accuracy", "numbers"), ("", ".1%", ","), german={"pixels": "Bildpunkte", "gradients": "Gradienten",
        ...     "accuracy": "Genauigkeit", "numbers": "Zahlen"})
        <Drawing 'Table', 264×104>
    """
    words = Words(lang)
    return Drawing(rows_scene(rows, head, formats, german or {}, words, title, subtitle), check_theme(theme), prefix)


@figure
def sentence(text: str, *values: Any, german: str | None = None, lang: str = "en") -> str:
    """A line of text with numbers, as the figures write them.

    Args:
        text: with braces for the values, which Python's `str.format` would fill: `"{:.1%} right"`.
        values: numbers or words.
        german: the text in German.

    Raises:
        ValueError: braces that the values do not fit.

    Example:
        >>> from autograd_cnn import draw
        >>> print(draw.sentence("{:.1%} of {:,} right", 0.9725, 10000))
        97.2 % of 10,000 right
        >>> print(draw.sentence("{:.1%} of {:,} right", 0.9725, 10000, german="{:.1%} von {:,} richtig", lang="de"))
        97,2 % von 10.000 richtig
    """
    words = Words(lang)
    line = german if lang == "de" and german is not None else text
    try:
        return words.filled(line, values)
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise ValueError(
            f"draw.sentence: expected a text whose braces take the {len(values)} values {values!r}, as str.format fills them, got {line!r}: {error}."
        ) from error


@dataclass(frozen=True, slots=True)
class _Column:
    """A column as text. after: how wide each of its numbers is from its decimal mark on; empty in a column of words."""

    head: tuple[Run, ...]
    cells: list[tuple[Run, ...]]
    after: list[float]
    width: float


def rows_scene(
    rows: Any,
    head: Sequence[str],
    formats: str | Sequence[str],
    german: Mapping[str, str],
    words: Words,
    title: str | None,
    subtitle: str | None,
) -> Scene:
    """A line under the head, thin ones between the rows."""
    cells = _cells(rows)
    count = len(cells[0])
    specs = [""] * count if isinstance(formats, str) else list(formats)
    for name, given in (("head", head), ("formats", specs)):
        if given and len(given) != count:
            raise ValueError(f"draw.rows: expected {name} for {count} columns, got {len(given)}.")
    said = german if words.lang == "de" else {}
    heads = [said.get(h, h) for h in head] or [""] * count
    of_floats = formats if isinstance(formats, str) else ""
    columns = [_column(_runs(heads[i], "muted"), [row[i] for row in cells], specs[i], of_floats, said, words) for i in range(count)]
    known = words("rows") if title is None else title
    scene = Scene(title=known, name="rows", lang=words.lang)
    wide, top = 0.0, symbols.MARGIN
    if title is not None:
        wide, top = symbols.heading(scene, title, subtitle or ""), symbols.HEADING + (6 if subtitle else -14)
    elif subtitle:
        wide, top = scene.text(symbols.MARGIN, symbols.MARGIN, subtitle, SIZE, ink="muted").width, symbols.MARGIN + 32
    right = symbols.MARGIN + sum(c.width for c in columns) + GAP * (count - 1)
    rules = scene.group("rules")
    first = top  # the baseline of the first row
    if any(heads):
        first += ROW + 4
        rules.line((symbols.MARGIN, top + 9), (right, top + 9), stroke="dark", line=1.0)
        names = scene.group("head", "row", "; ".join(filter(None, (_plain(c.head) for c in columns))))
    told, groups = [], []
    for k in range(len(cells)):
        told.append("; ".join(f"{_plain(c.head)} {_plain(c.cells[k])}".strip() for c in columns if c.cells[k]))
        groups.append(scene.group(f"row-{k}", "row", told[-1]))
        if k:
            y = first + k * ROW - ROW + 8
            rules.line((symbols.MARGIN, y), (right, y), stroke="hair", line=0.6)
    x = symbols.MARGIN
    for c in columns:
        if c.head:
            names.text(x + c.width if c.after else x, top, c.head, SIZE, anchor="end" if c.after else "start")
        for k, runs in enumerate(c.cells):
            if runs and c.after:
                groups[k].text(x + c.width - max(c.after) + c.after[k], first + k * ROW, runs, SIZE, anchor="end")
            elif runs:
                groups[k].text(x, first + k * ROW, runs, SIZE)
        x += c.width + GAP
    scene.width = max(right, symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = first + (len(cells) - 1) * ROW + symbols.MARGIN - 8
    scene.desc = words(
        "rows desc", ": ".join(filter(None, (known, subtitle))), words.count(len(cells)), words.count(count), ". ".join(told)
    )
    return scene


def _cells(rows: Any) -> list[list[Any]]:
    """The table's cells, row by row."""
    if not _is_list(rows):
        raise TypeError(f"draw.rows: expected a list of rows, or a mapping of names to numbers, got {type(rows).__name__}.")
    if isinstance(rows, Mapping):
        rows = [[*(name if isinstance(name, tuple) else (name,)), *(of if _is_list(of) else (of,))] for name, of in rows.items()]
    found = [list(row) if _is_list(row) else [row] for row in rows]
    if not found or not found[0]:
        raise ValueError(f"draw.rows: expected at least one {'cell in a row' if found else 'row'}, got none.")
    if len(found) > MOST:
        raise ValueError(f"draw.rows: {len(found)} rows are too many to be read; at most {MOST} can be drawn.")
    for k, row in enumerate(found):
        if len(row) != len(found[0]):
            raise ValueError(f"draw.rows: expected rows of {len(found[0])} cells, as the first has, got {len(row)} in row {k}.")
    return found


def _is_list(cell: Any) -> bool:
    """Whether it is several cells: a list, a tuple, an array with a dim."""
    return isinstance(cell, Iterable) and not isinstance(cell, str) and getattr(cell, "ndim", 1) > 0


def _column(head: tuple[Run, ...], cells: Sequence[Any], spec: str, of_floats: str, said: Mapping[str, str], words: Words) -> _Column:
    """The cells as they are written."""
    texts: list[tuple[Run, ...]] = []
    before, after = [], []  # of the decimal marks
    numbers = False
    for cell in map(_value, cells):
        of = cell if isinstance(cell, tuple) and len(cell) == 2 else (cell,)
        if cell is None:
            texts.append(())
        elif isinstance(cell, str):
            texts.append(_runs(said.get(cell, cell), "ink"))
        elif isinstance(cell, bool):
            texts.append(_runs(words("yes" if cell else "no"), "ink"))
        elif all(isinstance(v, int | float) for v in map(_value, of)):
            numbers = True
            texts.append((Run(" ± ".join(_number(_value(v), spec, of_floats, words) for v in of)),))
        else:
            raise TypeError(f"draw.rows: expected words and numbers in the cells, got {type(cell).__name__}: {cell!r}.")
        before.append(text_width(words.integer_part(_plain(texts[-1])), SIZE))
        after.append(runs_width(texts[-1], SIZE) - before[-1])
    body = max(before) + max(after) if numbers else max(runs_width(t, SIZE) for t in texts)
    return _Column(head, texts, after if numbers else [], max(body, runs_width(head, SIZE)))


def _runs(text: str, ink: str) -> tuple[Run, ...]:
    """A word, or between dollars mathematics."""
    if len(text) > 2 and text[0] == text[-1] == "$":
        return mathematics(text[1:-1], ink, 1.1)
    return (Run(text, "sans", ink),) if text else ()


def _plain(runs: Sequence[Run]) -> str:
    return "".join(r.text for r in runs)


def _value(cell: Any) -> Any:
    return cell.item() if hasattr(cell, "item") else cell


def _number(v: float, spec: str, of_floats: str, words: Words) -> str:
    if isinstance(v, int) and not spec:
        return words.count(v)
    return words.formatted(v, spec or of_floats) if spec or of_floats else words.value(v)
