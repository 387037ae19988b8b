"""The boxes of a tensor graph: operation cards, folded modules, pills. Each is measured first and painted once it is
placed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from . import marks
from .metrics import shorten, text_width
from .scene import Box, Group, Point, Run, runs_width
from .view import Gradient, Pill, Unit, gradient_of, number_of, size_of
from .words import Words, memory, name_runs, norm, one_of, shape, value

INSET = 13.0
CARD_MIN, CARD_MAX = 176.0, 310.0
PILL_MIN, PILL_MAX = 126.0, 230.0
PILL_GAP = 6.0
STACK_GAP = 27.0  # between a stack of pills and its card: room for an arrow in each direction


@dataclass(slots=True)
class Style:
    """What the whole figure has in common."""

    words: Words
    backward: bool
    precision: int = 2
    dtype: str = ""
    shows_kept: bool = True
    scale: marks.LaneScale = field(default_factory=marks.LaneScale)


@dataclass(slots=True)
class Card:
    """A unit with its size. The anchor is the middle of the card; a stack of pills stands to its left."""

    unit: Unit
    width: float
    height: float
    stack: float = 0.0  # the width of the pills
    pill_heights: list[float] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0

    @property
    def left(self) -> float:
        return self.width / 2 + (self.stack + STACK_GAP if self.stack else 0.0)

    @property
    def tall(self) -> float:
        return max(self.height, sum(self.pill_heights) + PILL_GAP * (len(self.pill_heights) - 1))

    @property
    def box(self) -> Box:
        return self.x - self.width / 2, self.y - self.height / 2, self.width, self.height

    def pill_boxes(self) -> list[Box]:
        x = self.x - self.width / 2 - STACK_GAP - self.stack
        y = self.y - (sum(self.pill_heights) + PILL_GAP * (len(self.pill_heights) - 1)) / 2
        boxes = []
        for h in self.pill_heights:
            boxes.append((x, y, self.stack, h))
            y += h + PILL_GAP
        return boxes

    def whole(self) -> Box:
        """The card with its pills."""
        return self.x - self.left, self.y - self.tall / 2, self.left + self.width / 2, self.tall


# ------------------------------------------------------------------------------------------------------- texts
def title_runs(unit: Unit) -> tuple[Run, ...]:
    """An operation's label, its name bold and its parameters plain."""
    name, _, rest = unit.title.partition(" ")
    plain = " ".join(p for p in (rest, ", ".join(unit.constants)) if p)
    return (Run(name, "bold"), Run(f" {plain}", "sans", "muted")) if plain else (Run(name, "bold"),)


def output_text(unit: Unit, style: Style) -> str:
    """The shape of what leaves a unit; its dtype only where it is not the figure's."""
    shapes = list(dict.fromkeys(shape(v.shape, style.words("scalar")) for v in unit.outputs))
    if not shapes:
        return ""
    count = len(unit.outputs)
    text = shapes[0] if count == 1 else f"{count} × ({shapes[0]})" if len(shapes) == 1 else ", ".join(shapes[:3])
    if len(shapes) > 3:
        text += ", …"
    kind = unit.outputs[0].dtype
    return f"{text} {kind}" if kind and style.dtype and kind != style.dtype else text


def shape_text(pill: Pill, style: Style) -> str:
    text = shape(pill.value.shape, style.words("scalar"))
    kind = pill.value.dtype
    return f"{text} {kind}" if kind and style.dtype and kind != style.dtype else text


def kept_runs(unit: Unit, style: Style) -> tuple[Run, ...]:
    return (Run(style.words("keeps") + " ", "sans", "kept"), *one_of(unit.keeps, "kept"))


def joint_gradient(unit: Unit) -> Gradient:
    """The norm over all parameters of a folded module."""
    found = [gradient_of(v) for v in unit.parameters.values()]
    flowing = [g for g in found if g.state in ("flows", "zero", "nan")]
    if not flowing:
        return Gradient("missing" if any(g.state == "missing" for g in found) else "none")
    total = math.sqrt(sum(g.norm**2 for g in flowing))
    return Gradient("nan" if not math.isfinite(total) else "flows" if total else "zero", total)


# ------------------------------------------------------------------------------------------------------- measuring
def measure(units: Sequence[Unit], style: Style) -> list[Card]:
    """Cards for all units; those of operations and folded modules are equally wide, and so are all pills that hang on
    them."""
    needs = [_need(u, style) for u in units if u.kind in ("op", "module")]
    width = min(max([CARD_MIN, *needs]), CARD_MAX)
    pills = [_pill_need(p, style) for u in units for p in u.pills]
    stack = min(max([PILL_MIN, *pills]), PILL_MAX)
    cards = []
    for u in units:
        heights = [40.0 if _second_line(p, style) else 30.0 for p in u.pills]
        if u.kind in ("op", "module"):
            card = Card(u, width, _height(u, style), stack if u.pills else 0.0, heights)
            if heights:
                # The outermost pills' arrows must still end on the card's side, clear of its round corners.
                middle_to_middle = sum(heights) - (heights[0] + heights[-1]) / 2 + PILL_GAP * (len(heights) - 1)
                card.height = max(card.height, middle_to_middle + 32)
        else:
            card = Card(u, min(max(132.0, _need(u, style)), CARD_MAX), 38.0)
        cards.append(card)
    return cards


def _need(unit: Unit, style: Style) -> float:
    if unit.kind in ("input", "output", "loss"):
        return 40 + runs_width(_value_runs(unit, style), 13) + 20
    first = runs_width(title_runs(unit), 13) if unit.kind == "op" else runs_width(_module_title(unit), 13)
    top = first + 18 + text_width(output_text(unit, style), 12)
    second = 0.0
    if unit.kind == "op" and unit.keeps:
        second = 14 + runs_width(kept_runs(unit, style), 11) + 14 + text_width(memory(unit.kept_bytes), 11)
    elif unit.kind == "module":
        second = (
            text_width(style.words.operations(len(unit.steps)), 11)
            + 16
            + text_width(style.words.parameters(_count(unit)), 11)
        )
    return 2 * INSET + max(top, second)


def _height(unit: Unit, style: Style) -> float:
    if unit.kind == "module":
        return 76.0 if _third_line(unit, style) else 58.0
    return 52.0 if style.shows_kept else 36.0


def _third_line(unit: Unit, style: Style) -> bool:
    return bool(unit.kept_bytes) or (style.backward and bool(unit.parameters))


def _count(unit: Unit) -> int:
    return size_of(unit.parameters.values())


def _module_title(unit: Unit) -> tuple[Run, ...]:
    kind = unit.scopes[-1].kind
    return (
        (Run(unit.title, "bold"),)
        if unit.title == kind
        else (Run(unit.title, "bold"), Run(f"  {kind}", "sans", "muted"))
    )


def _second_line(pill: Pill, style: Style) -> bool:
    return pill.kind == "parameter" and (style.backward or len(pill.value.shape or ()) > 1)


def _pill_need(pill: Pill, style: Style) -> float:
    first = _name_width(pill) + 14 + text_width(shape_text(pill, style), 12)
    second = 0.0
    if _second_line(pill, style):
        second = 12 + runs_width(_count_runs(pill), 11)
        if style.backward:
            second += runs_width(marks.NORM_OF, 11) + 8 + text_width(_norm_text(gradient_of(pill.value)), 11)
    return 34 + max(first, second)


def _name_width(pill: Pill) -> float:
    return runs_width(_pill_name(pill), 16)


def _pill_name(pill: Pill) -> tuple[Run, ...]:
    runs = name_runs(pill.name)
    return (*runs, Run(f" ×{pill.uses}", "sans", "muted", 0.7)) if pill.uses > 1 else runs


def _count_runs(pill: Pill) -> tuple[Run, ...]:
    sizes = pill.value.shape or ()
    return (Run(f"{size_of([pill.value]):,}", "sans", "parameter"),) if len(sizes) > 1 else ()


def _norm_text(g: Gradient) -> str:
    return "∅" if g.state in ("missing", "none") else "NaN" if g.state == "nan" and math.isnan(g.norm) else norm(g.norm)


def _value_runs(unit: Unit, style: Style) -> tuple[Run, ...]:
    """What a pill on its own says: a name with a shape, or with its number if it is one number."""
    assert unit.value is not None  # units of these kinds are made from a value
    number = number_of(unit.value) if unit.kind != "input" else None
    right = value(number, style.precision + 1) if number is not None else shape(unit.value.shape, style.words("scalar"))
    kind = unit.value.dtype
    if kind and style.dtype and kind != style.dtype:
        right += f" {kind}"
    if unit.kind == "input":
        return (*name_runs(unit.title, scale=1.3), Run("   ", "sans"), Run(right, "sans", "forward"))
    known = unit.title if unit.title not in ("loss", "output") else style.words(unit.title)
    return Run(known, "bold"), Run("   ", "sans"), Run(right, "sans", "forward")


# ------------------------------------------------------------------------------------------------------- painting
def paint(group: Group, card: Card, style: Style) -> None:
    """Draw a card and the pills that hang on it, with the arrows between them."""
    for pill, box in zip(card.unit.pills, card.pill_boxes(), strict=True):
        _paint_pill(group, pill, box, style)
    kind = card.unit.kind
    if kind == "op":
        _paint_operation(group, card, style)
    elif kind == "module":
        _paint_module(group, card, style)
    else:
        _paint_value(group, card, style)


def _paint_operation(parent: Group, card: Card, style: Style) -> None:
    unit, (x, y, w, h) = card.unit, card.box
    out = output_text(unit, style)
    keeps = (
        f"keeps {', '.join(unit.keeps)} for backward ({memory(unit.kept_bytes)})"
        if unit.keeps
        else "keeps nothing for backward"
    )
    where = ".".join(s.name for s in unit.scopes if s.name)
    title = f"{unit.title}{' in ' + where if where else ''}: output {out}; {keeps}"
    if unit.hidden:
        title += f"; also takes {', '.join(unit.hidden)}"
    if unit.steps[0].line:
        title += f"; {unit.steps[0].line}"
    g = parent.group(
        unit.id, f"op {unit.steps[0].family}".strip(), title, card.box, operation=unit.steps[0].name, shape=out
    )
    g.rect(x, y, w, h, 7, fill="card", stroke="dark", line=1.2)
    first = card.y - (6 if style.shows_kept else -4.5)
    room = w - 2 * INSET - text_width(out, 12) - 10
    g.text(x + INSET, first, _shortened(title_runs(unit), room, 13), 13)
    g.text(x + w - INSET, first, out, 12, ink="forward", anchor="end")
    if not style.shows_kept:
        return
    second = card.y + 15
    if unit.keeps:
        size = memory(unit.kept_bytes)
        marks.diamond(g, x + INSET, second - 3.6)
        room = w - 2 * INSET - 24 - text_width(size, 11)
        g.text(x + INSET + 14, second, _shortened(kept_runs(unit, style), room, 11), 11)
        g.text(x + w - INSET, second, size, 11, ink="kept", anchor="end")
    else:
        g.text(x + INSET, second, style.words("keeps nothing"), 11, ink="faint")


def _paint_module(parent: Group, card: Card, style: Style) -> None:
    unit, (x, y, w, h) = card.unit, card.box
    words, count, out = style.words, size_of(card.unit.parameters.values()), output_text(card.unit, style)
    names = ", ".join(s.name for s in unit.steps)
    title = f"{unit.title}: {unit.scopes[-1].kind}, {words.operations(len(unit.steps))} ({names}), {words.parameters(count)}, output {out}"
    g = parent.group(unit.id, "module folded", title, card.box, module=unit.title, shape=out, parameters=count)
    g.rect(x, y, w, h, 8, fill="panel", stroke="wire", line=1.2)
    g.rect(x + 3.5, y + 3.5, w - 7, h - 7, 5, stroke="hair")
    third = _third_line(unit, style)
    line = card.y - (14 if third else 5)
    room = w - 2 * INSET - text_width(out, 12) - 10
    g.text(x + INSET, line, _shortened(_module_title(unit), room, 13), 13)
    g.text(x + w - INSET, line, out, 12, ink="forward", anchor="end")
    g.text(x + INSET, line + 19, words.operations(len(unit.steps)), 11, ink="faint")
    if count:
        g.text(x + w - INSET, line + 19, words.parameters(count), 11, ink="parameter", anchor="end")
    if unit.kept_bytes:
        marks.diamond(g, x + INSET, line + 33.4)
        g.text(x + INSET + 14, line + 37, memory(unit.kept_bytes), 11, ink="kept")
    if style.backward and unit.parameters:
        _norm_at_end(g, x + w - INSET, line + 37, joint_gradient(unit))


def _norm_at_end(g: Group, x: float, y: float, gradient: Gradient) -> None:
    """‖∂‖ and its number, ending at x."""
    if gradient.state in ("missing", "none"):
        marks.nothing(g, x - 5, y - 4)
        width = 10.0
    else:
        text = _norm_text(gradient)
        g.text(x, y, text, 11, ink="gradient", anchor="end")
        width = text_width(text, 11)
    g.text(x - width - 7, y, marks.NORM_OF, 11, anchor="end")


def _paint_pill(parent: Group, pill: Pill, box: Box, style: Style) -> None:
    x, y, w, h = box
    v, paper, line, ink = pill.value, "input-paper", "input-line", "forward"
    if pill.kind == "parameter":
        paper, line, ink = "parameter-paper", "parameter-line", "parameter"
    elif pill.kind == "constant":
        paper, line, ink = "card", "hair", "muted"
    gradient = gradient_of(v)
    sizes = shape_text(pill, style)
    title = f"{v.name or pill.name}: {pill.kind} {sizes}, {size_of([v]):,} values"
    if pill.uses > 1:
        title += f", used by {pill.uses} operations; its gradient is their sum"
    if style.backward and gradient.state != "none":
        title += f", ‖gradient‖ = {gradient.norm:.6g}" if gradient.state != "missing" else ", its gradient is missing"
    g = parent.group(pill.id, f"tensor {pill.kind}", title, box, name=v.name or pill.name, shape=sizes)
    g.rect(x, y, w, h, h / 2, fill=paper, stroke=line, line=1.2, dash=marks.DASH if pill.kind == "constant" else None)
    two = _second_line(pill, style)
    first = y + (17 if two else h / 2 + 4.6)
    room = w - 34 - text_width(sizes, 12) - 8
    g.text(x + 17, first + 0.5, _shortened(_pill_name(pill), room, 16), 16)
    g.text(x + w - 17, first, sizes, 12, ink=ink, anchor="end")
    if not two:
        return
    second = first + 15.5
    g.text(x + w - 17, second, _count_runs(pill) or "", 11, anchor="end")
    if style.backward:
        g.text(x + 17, second, marks.NORM_OF, 11)
        at = x + 17 + runs_width(marks.NORM_OF, 11) + 6
        if gradient.state in ("missing", "none"):
            marks.nothing(g, at + 5, second - 4)
        else:
            g.text(at, second, _norm_text(gradient), 11, ink="gradient")


def _paint_value(parent: Group, card: Card, style: Style) -> None:
    unit, (x, y, w, h) = card.unit, card.box
    assert unit.value is not None
    number = number_of(unit.value)
    sizes = shape(unit.value.shape, style.words("scalar"))
    title = f"{unit.title}: {unit.kind} {sizes}" + (f" = {number:.6g}" if number is not None else "")
    g = parent.group(unit.id, f"tensor {unit.kind}", title, card.box, name=unit.title, shape=sizes)
    loss = unit.kind == "loss"
    g.rect(
        x,
        y,
        w,
        h,
        h / 2,
        fill="gradient-paper" if loss else "input-paper",
        stroke="gradient" if loss else "input-line",
        line=1.2,
    )
    g.text(card.x, card.y + 4.6, _shortened(_value_runs(unit, style), w - 30, 13), 13, anchor="middle")


def _shortened(runs: Sequence[Run], room: float, size: float) -> tuple[Run, ...]:
    """Runs that fit; what does not, ends in an ellipsis (the group's title has it in full)."""
    kept: list[Run] = []
    for r in runs:
        if r.width(size) <= room + 0.01:
            kept.append(r)
            room -= r.width(size)
            continue
        short = shorten(r.text, room, size * r.scale, r.face)
        if len(short) > 1:
            kept.append(Run(short, r.face, r.ink, r.scale, r.rise))
        break
    return tuple(kept)


def pill_arrows(card: Card) -> list[tuple[Point, Point, Pill]]:
    """From each pill's end to the card's side, at the pill's height."""
    side = card.x - card.width / 2
    return [
        ((x + w, y + h / 2), (side, y + h / 2), p)
        for p, (x, y, w, h) in zip(card.unit.pills, card.pill_boxes(), strict=True)
    ]
