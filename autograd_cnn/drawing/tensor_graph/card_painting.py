"""How the boxes of a tensor graph look: operation cards, folded modules, pills."""

from __future__ import annotations

from typing import Any

from ..canvas import symbols
from ..canvas.metrics import shorten, text_width
from ..canvas.scene import Box, Group, runs_width, shortened
from ..canvas.text import shape
from ..canvas.theme import family_role
from ..view.blocks import plain
from ..view.style import LOSSES, Style
from ..view.view import Gradient, Measure, Pill, number_of, size_of
from .cards import (
    CUT_LINE,
    INSET,
    Card,
    count_runs,
    cut_text,
    exact,
    gradient_facts,
    joint_gradient,
    kept_runs,
    kept_size,
    loss_runs,
    module_title,
    norm_text,
    notes_text,
    operations_text,
    output_text,
    pill_gradient,
    pill_name,
    second_line,
    shape_text,
    third_line,
    title_runs,
    told_gradient,
    told_norms,
    value_runs,
)
from .deck_painting import paint_deck
from .failure_painting import paint_failure


def paint(group: Group, card: Card, style: Style) -> None:
    """Draw a card and the pills that hang on it, with the arrows between them."""
    for pill, box in zip(card.unit.pills, card.pill_boxes(), strict=True):
        _paint_pill(group, pill, box, style)
    kind = card.unit.kind
    if kind == "op":
        _paint_operation(group, card, style)
    elif kind == "module":
        _paint_module(group, card, style)
    elif kind == "deck":
        paint_deck(group, card, style)
    elif kind == "failure":
        paint_failure(group, card, style)
    else:
        _paint_value(group, card, style)
    if card.unit.measure is not None:
        _paint_measure(group, card, card.unit.measure)


def _paint_measure(parent: Group, card: Card, measure: Measure) -> None:
    """A bar along the lower border, and below it what it shows."""
    x, y, w, h = card.box
    g = parent.group(None, "measure", f"{card.unit.title}: {measure.text}")
    g.rect(x + 8, y + h - 4.5, max(3.0, (w - 16) * measure.share), 3.5, 1.5, fill=measure.ink)
    for left, top, width, height in card.measure_boxes():
        g.text(left + width, top + height - 1, shorten(measure.text, width, 10.5), 10.5, "bold", anchor="end")


def _paint_operation(parent: Group, card: Card, style: Style) -> None:
    unit, (x, y, w, h) = card.unit, card.box
    words, out = style.words, output_text(unit, style)
    kept = words.memory(unit.kept_bytes)
    keeps = words("told keeps", ", ".join(unit.keeps), kept) if unit.keeps else words("told keeps nothing")
    where = ".".join(s.name for s in unit.scopes if s.name)
    title = f"{words('told in', unit.title, where) if where else unit.title}: {words('told output', out)}; {keeps}"
    if unit.notes:
        title += f"; {words.comma.join(unit.notes)}"
    if len(unit.steps) > 1:
        title += f"; {words.operations(len(unit.steps))} ({', '.join(s.name for s in unit.steps)})"
    told = ", ".join(f"{k}={v!r}" for k, v in unit.main.params.items() if plain(v) and not k.startswith("_"))
    if told:
        title += f"; {told}"
    if unit.hidden:
        title += f"; {words('also takes', ', '.join(unit.hidden))}"
    if unit.main.line:
        title += f"; {unit.main.line}"
    facts = {"operation": unit.main.name, "shape": out, **({"notes": unit.notes} if unit.notes else {})}
    g = parent.group(unit.id, f"op {unit.main.family}".strip(), title, card.box, **facts, **gradient_facts(unit, style))
    g.rect(x, y, w, h, 7, fill="card", stroke="dark", line=1.2)
    paint_family(g, x + 4.5, y + 8, h - 16, unit.main.family)
    noted = bool(unit.notes)
    first = card.y - (6 if style.shows_kept else -4.5) - (8 if noted else 0)
    room = w - 2 * INSET - text_width(out, 12) - 10
    g.text(x + INSET, first, shortened(title_runs(unit), room, 13), 13)
    g.text(x + w - INSET, first, out, 12, ink="forward", anchor="end")
    if noted:
        g.text(x + INSET, first + 16, shorten(notes_text(unit, style), w - 2 * INSET, 11), 11, ink="muted")
    if not style.shows_kept:
        return
    second = card.y + (23 if noted else 15)
    if unit.keeps:
        size = kept_size(unit, style)
        symbols.diamond(g, x + INSET, second - 3.6)
        room = w - 2 * INSET - 24 - text_width(size, 11)
        g.text(x + INSET + 14, second, shortened(kept_runs(unit, style), room, 11), 11)
        g.text(x + w - INSET, second, size, 11, ink="kept", anchor="end")
    elif not any(s.again for s in unit.steps):  # else the notes say what is done instead
        g.text(x + INSET, second, words("keeps nothing"), 11, ink="faint")


def paint_family(g: Group, x: float, y: float, height: float, family: str) -> None:
    """The strip that tells an operation's family."""
    g.rect(x, y, 3.0, height, 1.5, fill=family_role(family))


def _paint_module(parent: Group, card: Card, style: Style) -> None:
    unit, (x, y, w, h) = card.unit, card.box
    words, count, out = style.words, size_of(card.unit.parameters.values()), output_text(card.unit, style)
    names = ", ".join(s.name for s in unit.steps)
    inside = f"{words.operations(len(unit.steps))} ({names}), {words.parameters(count)}"
    title = f"{unit.called}: {unit.copy_kind or unit.scopes[-1].kind}, {inside}, {words('told output', out)}"
    if cut_text(unit, style):
        title += f"; {cut_text(unit, style)}"
    if style.backward:
        title += told_norms(unit.steps, style)
    facts = {"module": unit.title, "shape": out, "parameters": count}
    g = parent.group(unit.id, "module folded", title, card.box, **facts, **gradient_facts(unit, style))
    g.rect(x, y, w, h, 8, fill="panel", stroke="wire", line=1.2)
    g.rect(x + 3.5, y + 3.5, w - 7, h - 7, 5, stroke="hair")
    third, cut = third_line(unit, style), cut_text(unit, style)
    line = card.y - (14 if third else 5) - (CUT_LINE / 2 if cut else 0)
    room = w - 2 * INSET - text_width(out, 12) - 10
    g.text(x + INSET, line, shortened(module_title(unit), room, 13, name=True), 13)
    g.text(x + w - INSET, line, out, 12, ink="forward", anchor="end")
    rest = w - 2 * INSET - (text_width(words.parameters(count), 11) + 10 if count else 0.0)
    g.text(x + INSET, line + 19, shorten(operations_text(unit, style), rest, 11), 11, ink="faint")
    if count:
        g.text(x + w - INSET, line + 19, words.parameters(count), 11, ink="parameter", anchor="end")
    if unit.kept_bytes:
        symbols.diamond(g, x + INSET, line + 33.4)
        g.text(x + INSET + 14, line + 37, words.memory(unit.kept_bytes), 11, ink="kept")
    if style.backward and joint_gradient(unit, style).state != "none":
        _norm_at_end(g, x + w - INSET, line + 37, joint_gradient(unit, style), style)
    if cut:
        symbols.cut_within(g, x + INSET, line + (37 if third else 19) + CUT_LINE, shorten(cut, w - 2 * INSET - symbols.CUT_ROOM, 11))


def _norm_at_end(g: Group, x: float, y: float, gradient: Gradient, style: Style) -> None:
    """‖∂‖ and its number, ending at x."""
    if gradient.state in ("missing", "none", "unknown"):
        symbols.nothing(g, x - 5, y - 4)
        width = 10.0
    else:
        text = norm_text(gradient, style)
        g.text(x, y, text, 11, ink="gradient", anchor="end")
        width = text_width(text, 11)
    g.text(x - width - 7, y, symbols.norm_of(style.norms), 11, anchor="end")


def _paint_pill(parent: Group, pill: Pill, box: Box, style: Style) -> None:
    x, y, w, h = box
    v, paper, line, ink = pill.value, "input-paper", "input-line", "forward"
    if pill.kind == "parameter":
        paper, line, ink = "parameter-paper", "parameter-line", "parameter"
    elif pill.kind in ("constant", "buffer"):
        paper, line, ink = "card", "hair", "muted"
    gradient = pill_gradient(pill, style)
    words, sizes = style.words, shape_text(pill, style)
    kind = words("frozen parameter" if pill.frozen else pill.kind)
    title = f"{v.name or pill.name}: {kind} {sizes}, {words('values', words.count(size_of(pill.values)))}"
    if pill.more:
        title += f", {words('of them', len(pill.values))}"
    if pill.uses > 1:
        title += f", {words('used by', pill.uses)}"
    if style.backward and gradient.state != "none":
        title += f", {told_gradient(gradient, words)}"
    facts: dict[str, Any] = {"name": v.name or pill.name, "shape": sizes}
    if pill.frozen:
        facts["frozen"] = True
    if pill.more:
        facts["values"] = len(pill.values)
    if style.backward and gradient.state not in ("none", "missing", "unknown"):
        facts["gradient"] = exact(gradient.norm)
        if pill.id in style.shares and style.shares[pill.id].state not in ("shared", "none", "missing"):
            facts["share"] = exact(style.shares[pill.id].norm)
            title += f", {words('share here', words.digits(style.shares[pill.id].norm, 6))}"
    if style.losses and v.requires_grad:
        facts["gradients"] = [None if found.state == "none" else exact(found.norm) for found in style.of_pill(pill)]
    g = parent.group(pill.id, f"tensor {pill.kind}", title, box, **facts)
    dashed = pill.kind in ("constant", "buffer") or pill.frozen
    for k in (2, 1) if pill.more else ():  # others behind it
        g.rect(x - 3 * k, y - 3 * k, w, h, h / 2, fill=paper, stroke=line)
    g.rect(x, y, w, h, h / 2, fill=paper, stroke=line, line=1.2, dash=symbols.DASH if dashed else None)
    two = second_line(pill, style)
    first = y + (17 if two else h / 2 + 4.6)
    room = w - 34 - text_width(sizes, 12) - 8
    g.text(x + 17, first + 0.5, shortened(pill_name(pill), room, 16, name=True), 16)
    g.text(x + w - 17, first, sizes, 12, ink=ink, anchor="end")
    if not two:
        return
    second = first + 15.5
    g.text(x + w - 17, second, count_runs(pill, style) or "", 11, anchor="end")
    if pill.frozen:
        g.text(x + 17, second, words("frozen"), 11, ink="muted")
    elif style.backward:
        share = style.shares.get(pill.id) if not style.losses else None
        at = x + 17
        if style.losses:
            g.text(at, second, symbols.NORM_OF, 11)
            g.text(at + runs_width(symbols.NORM_OF, 11) + 6, second, loss_runs(pill, style), 11)
            return
        if pill.cut:
            if gradient.state == "flows":
                g.text(at, second, "Σ", 11, ink="gradient")
                at += text_width("Σ", 11) + 4
            else:
                gradient = Gradient("missing")
        elif share is not None and share.state != "shared":
            text = norm_text(share, style)
            g.text(at, second, symbols.NORM_OF, 11)
            at += runs_width(symbols.NORM_OF, 11) + 6
            if share.state == "missing":
                symbols.nothing(g, at + 5, second - 4)
            else:
                g.text(at, second, text, 11, ink="gradient")
            at += text_width(text, 11) + 8
            sign = "Σ"
            g.text(at, second, sign, 11, ink="gradient")
            at += text_width(sign, 11) + 4
        else:
            g.text(at, second, symbols.NORM_OF, 11)
            at += runs_width(symbols.NORM_OF, 11) + 6
        if gradient.state in ("missing", "none", "unknown"):
            symbols.nothing(g, at + 5, second - 4)
        else:
            g.text(at, second, norm_text(gradient, style), 11, ink="gradient")


def _paint_value(parent: Group, card: Card, style: Style) -> None:
    unit, (x, y, w, h) = card.unit, card.box
    shown: Any = unit.value  # units of these kinds are made from a value
    number = number_of(shown)
    sizes = shape(shown.shape, style.words("scalar"))
    title = f"{unit.title}: {style.words(unit.kind)} {sizes}" + (f" = {style.words.digits(number, 6)}" if number is not None else "")
    title += f", {style.words('of them', len(unit.outputs))}" if len(unit.outputs) > 1 else ""
    g = parent.group(unit.id, f"tensor {unit.kind}", title, card.box, name=unit.title, shape=sizes)
    loss = unit.kind == "loss"
    ink, dash = LOSSES[style.losses.index(shown.id)] if shown.id in style.losses else ("gradient", None)
    g.rect(
        x,
        y,
        w,
        h,
        h / 2,
        fill="gradient-paper" if loss else "input-paper",
        stroke=ink if loss else "input-line",
        line=1.2,
        dash=dash if loss else None,
    )
    g.text(card.x, card.y + 4.6, shortened(value_runs(unit, style), w - 30, 13), 13, anchor="middle")
