"""Numbers in cells, as the figures of one layer show them: what a cell looks like by the part it plays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...errors import ShapeError
from ..canvas import symbols as marks
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Run
from ..canvas.text import Words
from ..view.arrays import Array, array_of
from .sliding_text import entry_text

CELL = 26.0
SIZE = 11.5  # of the numbers in cells
MOST_ENTRIES = 16  # of a row or a column

# what a cell is: its paper, its border, its ink, the face of its number
LOOKS = {
    "plain": ("card", "hair", "ink", "sans"),
    "made": ("window-paper", "hair", "ink", "sans"),
    "chosen": ("series-1", "hair", "inverse", "bold"),
    "empty": ("panel", "hair", "muted", "sans"),
    "given": ("input-paper", "input-line", "ink", "sans"),
    "kept": ("plum-paper", "kept", "ink", "sans"),
    "parameter": ("parameter-paper", "parameter-line", "parameter", "sans"),
    "gradient": ("gradient-paper", "gradient", "gradient", "bold"),
    "no gradient": ("panel", "hair", "muted", "sans"),
}


def are_whole(*arrays: Array) -> bool:
    """Are these whole numbers, to be written without decimals?"""
    return all(bool((a == a.round()).all()) for a in arrays)


def texts_of(a: Array, whole: bool, precision: int, words: Words) -> list[list[str]]:
    """What stands in the cells of a matrix."""
    return [[entry_text(float(v), whole, precision, words) for v in row] for row in a]


def wide_enough(*tables: Sequence[Sequence[str]], least: float = CELL) -> float:
    """The width of a cell that holds each of these."""
    return max(least, *(text_width(t, SIZE, "bold") + 9 for table in tables for row in table for t in row))


def paint_grid(
    group: Group, texts: Sequence[Sequence[str]], x: float, y: float, width: float, look: Callable[[int, int], str], height: float = CELL
) -> None:
    """A matrix of numbers with its left upper corner at (x, y); `look` names what a cell is."""
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            fill, stroke, ink, face = LOOKS[look(i, j)]
            group.rect(x + j * width, y + i * height, width, height, fill=fill, stroke=stroke)
            group.text(x + (j + 0.5) * width, y + (i + 0.5) * height + 4, text, SIZE, face, ink, "middle")


def labelled_wire(
    group: Group, x: float, end: float, y: float, label: str | Sequence[Run], role: str = "wire", dash: str | None = None
) -> None:
    """An arrow from (x, y) to (end, y), what it does written above."""
    marks.wire(group, [(x, y), (end, y)], role=role, line=1.2, dash=dash, head=6.5)
    group.text((x + end) / 2, y - 7, label, 11, ink="muted", anchor="middle")


def vector_of(x: object, name: str, what: str) -> Array:
    """A vector of a few finite numbers.

    Raises:
        ShapeError: another shape, or too many numbers for one picture.
        ValueError: numbers that are not finite.
    """
    found = array_of(x, what)
    if found.ndim != 1 or not 1 <= found.size <= MOST_ENTRIES:
        raise ShapeError(f"draw.{what}: expected {name} to be a vector of 1 to {MOST_ENTRIES} numbers, got shape {found.shape}.")
    return finite(found, name, what)


def finite(a: Array, name: str, what: str) -> Array:
    """The same array, if all of it can be written in a cell."""
    if not bool((abs(a) < float("inf")).all()):
        raise ValueError(f"draw.{what}: expected {name} to be finite numbers, got NaN or infinity among them.")
    return a
