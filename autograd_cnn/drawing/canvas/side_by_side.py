"""Several drawings in one picture, as a lecture compares them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from . import symbols
from .drawing import Drawing
from .figures import figure
from .frames import Frames
from .geometry import bounds
from .metrics import text_width
from .scene import Box, Circle, Group, Path, Rect, Scene, Text
from .theme import check_theme

GAP = 24.0
HEAD = 44.0  # of a title above them all


@figure
def beside(
    *drawings: Drawing,
    columns: int | None = None,
    title: str | None = None,
    theme: str = "auto",
    prefix: str = "",
) -> Drawing:
    """Put several drawings into one, beside each other: two strides, before and after, training and inference.

    Args:
        drawings: drawings, or frames of a figure (`frames[3]`).
        columns: so many in a row; by default all.
        title: a heading above them all.

    Raises:
        TypeError: something that is no drawing.
        ValueError: no drawings, or less than one column.

    Example:
        >>> from autograd_cnn import draw
        >>> draw.beside(draw.convolution(7, 3, stride=2)[5], draw.convolution(7, 3, stride=3)[-1], title="How far can the filter step?")
        <Drawing 'How far can the filter step?', 757×448>
    """
    if not drawings:
        raise ValueError("draw.beside: expected at least one drawing, got none.")
    for d in drawings:
        if not isinstance(d, Drawing):
            hint = " Take one of the frames, frames[0], or their overview." if isinstance(d, Frames) else ""
            raise TypeError(f"draw.beside: expected drawings, got {type(d).__name__}.{hint}")
    many = len(drawings) if columns is None else columns
    if isinstance(many, bool) or not isinstance(many, int) or many < 1:
        raise ValueError(f"draw.beside: expected columns to be a whole number from 1 on, got {columns!r}.")
    return Drawing(beside_scene([d.scene for d in drawings], many, title), check_theme(theme), prefix)


def beside_scene(scenes: Sequence[Scene], columns: int, title: str | None) -> Scene:
    """The scenes in rows of so many, the columns and rows as wide and high as they need to be."""
    known = title if title is not None else scenes[0].title or ""
    whole = Scene(title=known, name="beside", lang=scenes[0].lang)
    top = 0.0
    if title is not None:
        whole.text(symbols.MARGIN, 34, title, 17, "bold")
        top = HEAD
    rows = [list(scenes[i : i + columns]) for i in range(0, len(scenes), columns)]
    widths = [max(row[k].width for row in rows if k < len(row)) for k in range(min(columns, len(scenes)))]
    y, number = top, 0
    for row in rows:
        x = 0.0
        for width, scene in zip(widths, row, strict=False):
            number += 1
            whole.items.append(_placed(scene, number, x, y))
            x += width + GAP
        y += max(s.height for s in row) + GAP
    needed = 2 * symbols.MARGIN + text_width(title or "", 17, "bold")
    whole.width, whole.height = max(sum(widths) + GAP * (len(widths) - 1), needed), y - GAP
    whole.desc = " ".join(f"{k + 1}. {s.title}: {s.desc}" for k, s in enumerate(scenes))
    return whole


def _placed(scene: Scene, number: int, dx: float, dy: float) -> Group:
    group = Group(f"{number}", "figure", scene.title, (dx, dy, scene.width, scene.height))
    group.items = [moved(item, dx, dy, f"{number}-") for item in scene.items]
    return group


def moved(item: Any, dx: float, dy: float, prefix: str) -> Any:
    """A part of a scene at another place, the ids in it with a prefix."""
    if isinstance(item, Group):
        box = item.box and (item.box[0] + dx, item.box[1] + dy, item.box[2], item.box[3])
        inner = [moved(i, dx, dy, prefix) for i in item.items]
        return replace(item, id=item.id and prefix + item.id, box=box, items=inner, data=dict(item.data))
    if isinstance(item, Path):
        steps = [(c, *(v + (dy if i % 2 else dx) for i, v in enumerate(numbers))) for c, *numbers in item.steps]
        return replace(item, steps=steps)
    return replace(item, x=item.x + dx, y=item.y + dy)


def scaled(item: Any, factor: float, dx: float, dy: float, prefix: str = "") -> Any:
    """A part of a scene so many times as large, then moved; the ids in it with a prefix."""

    def at(x: float, y: float) -> tuple[float, float]:
        return x * factor + dx, y * factor + dy

    if isinstance(item, Group):
        inner = [scaled(i, factor, dx, dy, prefix) for i in item.items]
        box = item.box and (*at(*item.box[:2]), item.box[2] * factor, item.box[3] * factor)
        return replace(item, id=item.id and prefix + item.id, box=box, items=inner, data=dict(item.data))
    if isinstance(item, Path):
        steps = [(c, *(v for p in zip(n[::2], n[1::2], strict=True) for v in at(*p))) for c, *n in item.steps]
        return replace(item, steps=steps, line=item.line * factor, dash=_longer(item.dash, factor))
    x, y = at(item.x, item.y)
    if isinstance(item, Text):
        return replace(item, x=x, y=y, size=item.size * factor)
    if isinstance(item, Circle):
        return replace(item, x=x, y=y, radius=item.radius * factor, line=item.line * factor)
    larger = replace(item, x=x, y=y, width=item.width * factor, height=item.height * factor)
    if isinstance(larger, Rect):
        larger.radius, larger.line, larger.dash = larger.radius * factor, larger.line * factor, _longer(larger.dash, factor)
    return larger


def _longer(dash: str | None, factor: float) -> str | None:
    return dash and " ".join(str(round(float(n) * factor, 2)) for n in dash.split())


def extent(group: Group) -> Box:
    """The room that all in a group takes."""
    boxes: list[Box] = [group.box] if group.box else []
    for _, item in group.walk():
        if isinstance(item, Path):
            boxes += [(x, y, 0.0, 0.0) for x, y in item.points()]
        elif isinstance(item, Circle):
            boxes.append((item.x - item.radius, item.y - item.radius, 2 * item.radius, 2 * item.radius))
        else:
            boxes.append(item.box() if isinstance(item, Text) else (item.x, item.y, item.width, item.height))
    return bounds(boxes)
