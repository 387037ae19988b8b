"""How a deck looks: equal blocks as one card with others behind it, and in it a bar for each copy, as high as the logarithm of
the gradient's norm at its output."""

from __future__ import annotations

from typing import Any

from ..canvas import symbols
from ..canvas.geometry import Track
from ..canvas.metrics import shorten, text_width
from ..canvas.scene import Group, runs_width, shortened
from ..view.deck_differences import told
from ..view.style import Style
from ..view.view import Gradient, Unit, size_of
from .cards import (
    BARS,
    CUT_LINE,
    DECK,
    INSET,
    LOOP,
    Card,
    copy_gradient,
    copy_gradients,
    cut_text,
    difference_lines,
    exact,
    norm_text,
    operations_text,
    output_text,
    title_of_deck,
    told_gradient,
    told_norms,
)

LEAST = 4.0  # the height of the smallest bar
FINE = 2.5  # bars nearer to each other than this become one shape


def paint_deck(parent: Group, card: Card, style: Style) -> None:
    """Draw a deck."""
    unit, (x, y, w, h), words = card.unit, card.box, style.words
    out, count = output_text(unit, style), size_of(unit.parameters.values())
    facts: dict[str, Any] = {"module": unit.title, "shape": out, "copies": len(unit.copies), "parameters": count}
    if style.backward:
        for name, of in (("gradients", "outputs"), ("parameter_gradients", "parameters")):
            norms = [copy_gradient(c, style, of) for c in unit.copies]
            if any(n.state in ("flows", "zero", "nan") for n in norms):
                facts[name] = [exact(n.norm) if n.state in ("flows", "zero", "nan") else None for n in norms]
    g = parent.group(unit.id, "module deck", _told(unit, style, out), card.box, **facts)
    if unit.loop:
        w -= LOOP
        _loop_arrow(g, x + w, y + DECK, h - DECK)
    for k in (2, 1, 0):
        stroke, line = ("hair", 1.0) if k else ("dark", 1.2)
        g.rect(x + k * DECK / 2, y + (2 - k) * DECK / 2, w - DECK, h - DECK, 8, fill="card", stroke=stroke, line=line)
    y, right = y + DECK, x + w - DECK - INSET
    room = right - x - INSET
    badge = f"×{len(unit.copies)}"
    wide = text_width(badge, 12, "bold") + 16
    g.rect(right - wide, y + 9, wide, 19, 9.5, fill="badge")
    g.text(right - wide / 2, y + 22.8, badge, 12, "bold", "inverse", "middle")
    g.text(x + INSET, y + 23, shortened(title_of_deck(unit), room - wide - 10, 13, name=bool(unit.title)), 13)
    line = y + 42
    if unit.title:
        g.text(x + INSET, line, shorten(unit.copy_kind, room - text_width(out, 12) - 10, 11.5), 11.5, ink="muted")
    g.text(right, line, out, 12, ink="forward", anchor="end")
    if style.backward:
        _bars(g, unit, style, x + INSET, line + 10, room)
        line += BARS + 26
    line += 17
    said = words.parameters(count) if count else ""
    g.text(x + INSET, line, shorten(operations_text(unit, style), room - text_width(said, 11) - 10, 11), 11, ink="faint")
    if said:
        g.text(right, line, said, 11, ink="parameter", anchor="end")
    if unit.kept_bytes:
        line += 18
        symbols.diamond(g, x + INSET, line - 3.6)
        g.text(x + INSET + 14, line, words.memory(unit.kept_bytes), 11, ink="kept")
    if cut := cut_text(unit, style):
        line += CUT_LINE
        symbols.cut_within(g, x + INSET, line, shorten(cut, room - symbols.CUT_ROOM, 11))
    for text in difference_lines(unit, style):
        line += 15
        g.text(x + INSET, line, shorten(text, room, 10.5), 10.5, ink="muted")


def _loop_arrow(g: Group, x: float, y: float, h: float) -> None:
    """From the lower right of a card back into its upper right: what one step gives, the next one takes."""
    low, high, out, corner = y + h * 0.72, y + h * 0.28, x + LOOP - 9, 7.0
    track = Track((x - DECK + 1, low))
    track.line((out - corner, low))
    track.corner((out, low - corner), vertical_first=False)
    track.line((out, high + corner))
    track.corner((out - corner, high), vertical_first=True)
    track.line((x + 1, high))
    symbols.smooth_wire(g, track, "dark", 1.6)


def _bars(g: Group, unit: Unit, style: Style, x: float, y: float, width: float) -> None:
    """A bar for each copy, the norms at both ends written below them. What is no positive number is a hollow bar."""
    gradients = copy_gradients(unit, style)
    bottom, pitch = y + BARS, width / len(gradients)
    gap = min(3.0, pitch * 0.22)
    heights = [_height(v, style) for v in gradients]
    if pitch < FINE:
        outline = [(x, bottom)]
        for i, high in enumerate(heights):
            outline += [(x + i * pitch, bottom - high), (x + (i + 1) * pitch, bottom - high)]
        g.polygon([*outline, (x + width, bottom)], fill="gradient", opacity=0.75)
    else:
        for i, (v, high) in enumerate(zip(gradients, heights, strict=True)):
            bar = g.group(None, "bar", f"{i + 1} / {len(gradients)}: {_number(v, style)}{told_norms(unit.copies[i], style)}")
            left, thick = x + i * pitch, pitch - gap
            if v.state == "flows":
                bar.rect(left, bottom - high, thick, high, fill="gradient", opacity=0.75)
            else:
                dash = symbols.DASH if v.state == "nan" else None
                bar.rect(left + 0.5, bottom - high, thick - 1, high, stroke="gradient", dash=dash)
    g.line((x, bottom + 0.5), (x + width, bottom + 0.5), stroke="hair")
    ends = [
        9.0 if v.state in ("missing", "none", "unknown") else text_width(norm_text(v, style), 10.5) for v in (gradients[0], gradients[-1])
    ]
    said = symbols.norm_of(style.norms)
    if runs_width(said, 10.5) + 2 * max(ends) + 16 <= width:
        g.text(x + width / 2, bottom + 15, said, 10.5, anchor="middle")
    for at, anchor, v in ((x, "start", gradients[0]), (x + width, "end", gradients[-1])):
        if v.state in ("missing", "none", "unknown"):
            symbols.nothing(g, at + (5 if anchor == "start" else -5), bottom + 11)
        else:
            g.text(at, bottom + 15, norm_text(v, style), 10.5, ink="gradient", anchor=anchor)


def _height(v: Gradient, style: Style) -> float:
    if v.state == "flows":
        return LEAST + (BARS - LEAST) * style.bars.share(v.norm)
    return BARS if v.state == "nan" else LEAST


def _number(v: Gradient, style: Style) -> str:
    return style.words("missing") if v.state in ("none", "unknown") else told_gradient(v, style.words)


def _told(unit: Unit, style: Style, out: str) -> str:
    words = style.words
    copies = words("times of", len(unit.copies), unit.copy_kind)
    if unit.loop:
        copies += f", {words('loop')}"
    said = [f"{unit.title or unit.copy_kind}: {copies}, {operations_text(unit, style)}, {words('told output', out)}"]
    cut = cut_text(unit, style)
    return "; ".join([*said, *([cut] if cut else []), *(told(d, len(unit.copies), style.words) for d in unit.differences)])
