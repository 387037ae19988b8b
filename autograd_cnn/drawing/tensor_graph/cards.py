"""The boxes of a tensor graph: operation cards, folded modules, pills. Each is measured first and painted once it is
placed."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from ...graph.step import Step, Value
from ..canvas import symbols
from ..canvas.metrics import text_width
from ..canvas.scene import Box, Point, Run, runs_width
from ..canvas.text import Words, mathematics, name_runs, one_of, shape
from ..view.deck_differences import told_together
from ..view.local_gradients import places
from ..view.notes import cuts_among
from ..view.style import LOSSES, Style
from ..view.view import Gradient, Pill, Unit, joint, number_of, size_of
from .failure_text import failure_size

INSET = 13.0
CARD_MIN, CARD_MAX = 176.0, 310.0
SLIM = 132.0  # the least width of a card in a figure that runs to the right
PILL_MIN, PILL_MAX = 126.0, 230.0
PILL_GAP = 6.0
DECK = 8.0  # how far the cards behind a deck's first one stand out
LOOP = 24.0  # room at a loop's right for the arrow that leads back
BARS = 44.0  # the height of the gradient bars in it
CUT_LINE = 18.0  # the line that says where within a folded unit no gradient passes
MEASURE = 13.0  # the line below a card that says its measure
MOST_DIFFERENCES = 3  # lines of what tells its copies apart
DIFFERENCE = 40  # characters of such a line
STACK_GAP = 27.0  # between a stack of pills and its card: room for an arrow in each direction


@dataclass(slots=True)
class Card:
    """A unit with its size. The anchor is the middle of the card; a stack of pills stands to its left, or (where the figure runs to
    the right) a row of them above it."""

    unit: Unit
    width: float
    height: float
    stack: float = 0.0  # the width of the pills
    pill_heights: list[float] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    above: bool = False  # do the pills stand in a row over the card?

    @property
    def left(self) -> float:
        return self.width / 2 + (self.stack + STACK_GAP if self.stack and not self.above else 0.0)

    @property
    def up(self) -> float:
        """How far it reaches over its middle."""
        return self.height / 2 + STACK_GAP + max(self.pill_heights) if self.above and self.pill_heights else self.tall / 2

    @property
    def tall(self) -> float:
        stacked = 0.0 if self.above else sum(self.pill_heights) + PILL_GAP * (len(self.pill_heights) - 1)
        aside = 2 * MEASURE if self.unit.measure is not None else 0.0  # its text stands below
        return max(self.height + aside, stacked)

    @property
    def box(self) -> Box:
        return self.x - self.width / 2, self.y - self.height / 2, self.width, self.height

    def pill_boxes(self) -> list[Box]:
        if self.above:
            return self._row()
        x = self.x - self.width / 2 - STACK_GAP - self.stack
        y = self.y - (sum(self.pill_heights) + PILL_GAP * (len(self.pill_heights) - 1)) / 2
        boxes = []
        for h in self.pill_heights:
            boxes.append((x, y, self.stack, h))
            y += h + PILL_GAP
        return boxes

    def _row(self) -> list[Box]:
        count, y = len(self.pill_heights), self.y - self.height / 2 - STACK_GAP
        x = self.x - (count * self.stack + (count - 1) * PILL_GAP) / 2
        return [(x + i * (self.stack + PILL_GAP), y - h, self.stack, h) for i, h in enumerate(self.pill_heights)]

    def measure_boxes(self) -> list[Box]:
        """Where the text of its measure stands, if it has one: below, at the right."""
        if self.unit.measure is None:
            return []
        width = min(text_width(self.unit.measure.text, 10.5, "bold") + 1, self.width / 2 - 14)
        return [(self.x + self.width / 2 - 2 - width, self.y + self.height / 2 + 2, width, 11.0)]

    def whole(self) -> Box:
        """The card with its pills."""
        return self.x - self.left, self.y - self.up, self.left + self.width / 2, self.up + self.tall / 2


# ------------------------------------------------------------------------------------------------------- texts
def title_runs(unit: Unit) -> tuple[Run, ...]:
    """An operation's label: its name bold, its parameters plain. A sign is followed by the operation's name."""
    tokens = unit.title.split(" ")
    name = " ".join([tokens[0], *takewhile(lambda t: t.replace("-", "").isalpha(), tokens[1:])])
    rest = unit.title[len(name) :].strip()
    if rest.startswith("(") and any(rest == str(v.shape) for v in unit.outputs):
        rest = ""  # the shape stands at the right already
    first: tuple[Run, ...] = (Run(name, "bold"),)
    if name.startswith("^"):
        first = mathematics(f"x^{{{name[1:] or 'n'}}}", scale=1.2)
    sign = unit.main.name if unit.steps and not any(c.isalpha() for c in name) else ""
    plain = " ".join(p for p in (sign, rest, ", ".join(unit.constants)) if p)
    return (*first, Run(f" {plain}", "sans", "muted")) if plain else first


def size_or_number(value: Value, style: Style) -> str:
    """The shape of a tensor; a plain number itself, where it is known."""
    number = number_of(value) if value.shape is None else None
    return shape(value.shape, style.words("scalar")) if number is None else style.words.figure(number, style.precision)


def output_text(unit: Unit, style: Style) -> str:
    """The shape of what leaves a unit; its dtype only where it is not the figure's."""
    shapes = list(dict.fromkeys(size_or_number(v, style) for v in unit.outputs))
    if not shapes:
        return ""
    count = len(unit.outputs)
    text = shapes[0] if count == 1 else f"{count} × ({shapes[0]})" if len(shapes) == 1 else ", ".join(shapes[:3])
    if len(shapes) > 3:
        text += ", …"
    kind = unit.outputs[0].dtype
    return f"{text} {kind}" if kind and style.dtype and kind != style.dtype else text


def shape_text(pill: Pill, style: Style) -> str:
    """A pill's shape, with the dtype where it is not the picture's."""
    text = size_or_number(pill.value, style)
    kind = pill.value.dtype
    return f"{text} {kind}" if kind and style.dtype and kind != style.dtype else text


def kept_runs(unit: Unit, style: Style) -> tuple[Run, ...]:
    """ "keeps x, y": what waits for the backward pass, named as the figure names it."""
    return (Run(style.words("keeps") + " ", "sans", "kept"), *one_of(kept_names(unit, style), "kept"))


def kept_names(unit: Unit, style: Style) -> tuple[str, ...]:
    """What a unit keeps, an input by the name that its pill bears, the second of two by words."""
    pills = {p.value.id: p.name for p in unit.pills}
    found = []
    for s in unit.steps:
        names = getattr(s.primitive, "inputs", ())
        given = {names[at]: i for at, i in zip(places(s), s.inputs, strict=True) if at < len(names)}
        for name in s.keeps:
            own = pills.get(given.get(name, -1))
            found.append(own or (style.words("second argument") if name == "other" else name))
    return tuple(dict.fromkeys(found))


def kept_size(unit: Unit, style: Style) -> str:
    """The bytes kept, or that others hold them already: each array counts where it is kept first."""
    return style.words.memory(unit.kept_bytes) if unit.kept_bytes else style.words("shared")


def notes_text(unit: Unit, style: Style) -> str:
    """Settings and what else is to be said of an operation, in a line."""
    return style.words.comma.join(unit.notes)


def joint_gradient(unit: Unit, style: Style) -> Gradient:
    """What the norm on a folded module is of: ∂E/∂output, or over all its parameters."""
    return copy_gradient(unit.steps, style)


def copy_gradient(steps: Sequence[Step], style: Style, of: str | None = None) -> Gradient:
    """The norm of the gradient of what some steps of a graph together give, or of all parameters in them: as the figure has it, or `of`
    "outputs" or "parameters"."""
    if (of or style.norms) == "outputs":
        return style.gradient(style.values[steps[-1].outputs[-1]])
    inside = {i for s in steps for i in s.inputs if style.values[i].held == "parameter" or style.values[i].kind == "parameter"}
    return joint(style.gradient(style.values[i]) for i in sorted(inside))


def copy_gradients(unit: Unit, style: Style) -> list[Gradient]:
    """The gradient of each copy of a deck."""
    return [copy_gradient(copy, style) for copy in unit.copies]


def loss_runs(pill: Pill, style: Style) -> tuple[Run, ...]:
    """The norm that each of several losses brings to a pill, in its ink; ∅ stands for none."""
    runs: list[Run] = []
    for g, (ink, _) in zip(style.of_pill(pill), LOSSES, strict=False):
        runs += [Run("  "), Run("∅" if g.state == "none" else style.words.norm(g.norm), "sans", ink)]
    return tuple(runs[1:])


def gradient_facts(unit: Unit, style: Style) -> dict[str, Any]:
    """The norms of ∂E/∂output and ∂E/∂parameters, where they are known, for those who read the figure's parts."""
    facts = {}
    for name, of in (("gradient", "outputs"), ("parameter_gradient", "parameters")) if style.backward else ():
        found = copy_gradient(unit.steps, style, of)
        if found.state not in ("none", "missing", "unknown"):
            facts[name] = exact(found.norm)
    return facts


def told_norms(steps: Sequence[Step], style: Style) -> str:
    """Both norms in words: "; ‖∂E/∂output‖ = 0.19; ‖∂E/∂parameters‖ = 5.3"."""
    told = ""
    for of in ("outputs", "parameters"):
        found = copy_gradient(steps, style, of)
        if found.state not in ("none", "missing", "unknown"):
            told += f"; {style.words(f'norm of {of}')} = {style.words.digits(found.norm, 6)}"
    return told


def exact(norm: float) -> float | str:
    """A norm for JSON, to nine digits; JSON has no word for what is not finite."""
    if not math.isfinite(norm):
        return str(norm)
    return round(norm, 8 - math.floor(math.log10(norm))) if norm else 0.0


# ------------------------------------------------------------------------------------------------------- measuring
def measure(units: Sequence[Unit], style: Style, above: bool = False) -> list[Card]:
    """Cards for all units; those of operations and folded modules are equally wide, and so are all pills that hang on
    them. `above`: pills stand over their cards, and a card is as wide as they are together."""
    needs = [_need(u, style) for u in units if u.works]
    width = min(max([CARD_MIN, *needs]), CARD_MAX)
    pills = [_pill_need(p, style) for u in units for p in u.pills]
    stack = min(max([PILL_MIN, *pills]), PILL_MAX)
    cards = []
    for u in units:
        heights = [40.0 if second_line(p, style) else 30.0 for p in u.pills]
        if u.works:
            card = Card(u, width, _height(u, style), stack if u.pills else 0.0, heights, above=above)
            if above:  # ranks are as wide as they need be
                card.width = max(SLIM, min(_need(u, style), CARD_MAX), len(heights) * (stack + PILL_GAP) - PILL_GAP)
            elif heights:
                # The outermost pills' arrows must still end on the card's side, clear of its round corners.
                middle_to_middle = sum(heights) - (heights[0] + heights[-1]) / 2 + PILL_GAP * (len(heights) - 1)
                card.height = max(card.height, middle_to_middle + 32)
        elif u.kind == "failure":
            card = Card(u, *failure_size(u, style.words))
        else:
            card = Card(u, min(max(132.0, _need(u, style)), CARD_MAX), 38.0)
        cards.append(card)
    return cards


def _need(unit: Unit, style: Style) -> float:
    if unit.kind in ("input", "output", "loss"):
        return 40 + runs_width(value_runs(unit, style), 13) + 20
    first = runs_width(title_runs(unit), 13) if unit.kind == "op" else runs_width(module_title(unit), 13) if unit.kind == "module" else 0.0
    if unit.kind == "deck":
        first = text_width(unit.copy_kind if unit.title else "", 11.5)
    top = first + 18 + text_width(output_text(unit, style), 12)
    second = 0.0
    if unit.kind == "op" and unit.keeps:
        second = 14 + runs_width(kept_runs(unit, style), 11) + 14 + text_width(kept_size(unit, style), 11)
    elif unit.folded:
        cut = cut_text(unit, style)
        second = symbols.CUT_ROOM + text_width(cut, 11) if cut else 0.0
        second = max(second, text_width(operations_text(unit, style), 11) + 16 + text_width(style.words.parameters(_count(unit)), 11))
    if unit.kind == "deck":
        titles = runs_width(title_of_deck(unit), 13) + 20 + text_width(f"×{len(unit.copies)}", 12, "bold") + 20
        return 2 * INSET + max(titles, top, second, 150.0) + DECK + (LOOP if unit.loop else 0.0)
    noted = text_width(notes_text(unit, style), 11) if unit.kind == "op" else 0.0
    return 2 * INSET + max(top, second, noted)


def _height(unit: Unit, style: Style) -> float:
    cut = CUT_LINE if cut_text(unit, style) else 0.0
    if unit.kind == "deck":
        told = 15 * len(difference_lines(unit, style))
        return DECK + 71.0 + (BARS + 26 if style.backward else 0) + (18 if unit.kept_bytes else 0) + cut + told
    if unit.kind == "module":
        return (76.0 if third_line(unit, style) else 58.0) + cut
    return (52.0 if style.shows_kept else 36.0) + (16.0 if unit.notes else 0.0)


def operations_text(unit: Unit, style: Style) -> str:
    """How many operations a folded unit holds, and whether the same stands elsewhere already."""
    count = len(unit.steps) // max(1, len(unit.copies))
    said = style.words.operations(count)
    return style.words("each", said) if unit.copies else f"{said}, {style.words('as', unit.like)}" if unit.like else said


def title_of_deck(unit: Unit) -> tuple[Run, ...]:
    """What is repeated: by name, or by what it does."""
    return (Run(unit.title or unit.copy_kind, "bold"),)


def difference_lines(unit: Unit, style: Style) -> list[str]:
    """That a loop's weights are the same, and the first differences between the copies of a deck, a line each (the title has them
    all)."""
    same = [style.words("same weights")] if unit.loop else []
    told = told_together(unit.differences, len(unit.copies), style.words)
    return [*same, *(line for text in told for line in textwrap.wrap(text, DIFFERENCE))][:MOST_DIFFERENCES]


def cut_text(unit: Unit, style: Style) -> str:
    """Where within a folded unit no gradient passes: "no gradient through detach ×3"."""
    names = Counter(s.label for s in cuts_among(unit.steps, style.values)) if unit.folded else Counter()
    return style.words("cut within", ", ".join(f"{n} ×{k}" if k > 1 else n for n, k in names.items())) if names else ""


def third_line(unit: Unit, style: Style) -> bool:
    """Has the card a third line: what it keeps, or its parameters' gradients?"""
    return bool(unit.kept_bytes) or (style.backward and joint_gradient(unit, style).state != "none")


def _count(unit: Unit) -> int:
    return size_of(unit.parameters.values())


def module_title(unit: Unit) -> tuple[Run, ...]:
    """A module's name and kind, once if they are the same."""
    if unit.copy_kind:  # a row: its layer by name, and what is in it
        return (Run(f"{unit.title}  ", "bold"), Run(unit.copy_kind, "sans", "muted")) if unit.title else (Run(unit.copy_kind, "bold"),)
    kind = unit.scopes[-1].kind
    return (Run(unit.title, "bold"),) if unit.title == kind else (Run(unit.title, "bold"), Run(f"  {kind}", "sans", "muted"))


def second_line(pill: Pill, style: Style) -> bool:
    """Has the pill a second line: a parameter's count or gradient?"""
    return pill.kind == "parameter" and (style.backward or pill.frozen or len(pill.value.shape or ()) > 1 or bool(pill.more))


def pill_gradient(pill: Pill, style: Style) -> Gradient:
    """The gradient of what a pill stands for, the norm over all together."""
    return joint(style.gradient(v) for v in pill.values)


def _pill_need(pill: Pill, style: Style) -> float:
    first = _name_width(pill) + 14 + text_width(shape_text(pill, style), 12)
    second = 0.0
    if second_line(pill, style):
        second = 12 + runs_width(count_runs(pill, style), 11)
        if pill.frozen:
            second += text_width(style.words("frozen"), 11)
        elif style.backward:
            second += runs_width(symbols.NORM_OF, 11) + 8 + text_width(norm_text(pill_gradient(pill, style), style), 11)
            if style.losses:
                second += runs_width(loss_runs(pill, style), 11)
            share = style.shares.get(pill.id)
            second += text_width(f"{norm_text(share, style)} Σ ", 11) + 12 if share is not None else 0.0
    return 34 + max(first, second)


def _name_width(pill: Pill) -> float:
    return runs_width(pill_name(pill), 16)


def pill_name(pill: Pill) -> tuple[Run, ...]:
    """A pill's name, with how often it is used."""
    runs = name_runs(pill.name)
    if pill.more:
        return (*runs, Run(f"  ×{len(pill.values)}", "bold", "ink", 0.75))
    return (*runs, Run(f" ×{pill.uses}", "sans", "muted", 0.7)) if pill.uses > 1 else runs


def count_runs(pill: Pill, style: Style) -> tuple[Run, ...]:
    """How many entries a parameter has, unless its shape says so."""
    sizes = pill.value.shape or ()
    many = len(sizes) > 1 or bool(pill.more)
    return (Run(style.words.count(size_of(pill.values)), "sans", "parameter"),) if many else ()


def norm_text(g: Gradient, style: Style) -> str:
    """A gradient's norm as the picture writes it."""
    return "∅" if g.state in ("missing", "none") else style.words.norm(g.norm)


def told_gradient(g: Gradient, words: Words) -> str:
    """A gradient's norm in full, or that it is missing."""
    return words("missing") if g.state == "missing" else words("gradient norm", words.digits(g.norm, 6))


def value_runs(unit: Unit, style: Style) -> tuple[Run, ...]:
    """What a pill on its own says: a name with a shape, or with its number if it is one number."""
    shown: Any = unit.value  # units of these kinds are made from a value
    number = number_of(shown) if unit.kind != "input" else None
    right = style.words.figure(number, style.precision) if number is not None else shape(shown.shape, style.words("scalar"))
    kind = shown.dtype
    if kind and style.dtype and kind != style.dtype:
        right += f" {kind}"
    if unit.kind == "input" and len(unit.outputs) > 1:
        first, last = unit.title.split(" … ")
        names = (*name_runs(first, scale=1.3), Run(" … ", "sans", "muted"), *name_runs(last, scale=1.3))
        return (*names, Run("   ", "sans"), Run(f"{len(unit.outputs)} × ({right})", "sans", "forward"))
    if unit.kind == "input":
        return (*name_runs(unit.title, scale=1.3), Run("   ", "sans"), Run(right, "sans", "forward"))
    return Run(unit.title, "bold"), Run("   ", "sans"), Run(right, "sans", "forward")


def pill_arrows(card: Card) -> list[tuple[Point, Point, Pill]]:
    """From each pill's end to the card's side, at the pill's height; from a row of pills straight down."""
    boxes = zip(card.unit.pills, card.pill_boxes(), strict=True)
    if card.above:
        return [((x + w / 2, y + h), (x + w / 2, card.y - card.height / 2), p) for p, (x, y, w, h) in boxes]
    side = card.x - card.width / 2
    return [((x + w, y + h / 2), (side, y + h / 2), p) for p, (x, y, w, h) in boxes]
