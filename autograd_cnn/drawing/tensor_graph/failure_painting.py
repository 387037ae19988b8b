"""The card of an operation that did not come about: what was expected, what came, what would help, where it stands in the program."""

from __future__ import annotations

from ..canvas.scene import Group, Run
from ..view.style import Style
from .cards import INSET, Card
from .failure_text import LINE, TOP, failure_lines


def paint_failure(parent: Group, card: Card, style: Style) -> None:
    """Draw it: its border is thick and its head has a cross, so that it is known without its colour."""
    unit, (x, y, w, h) = card.unit, card.box
    failure = unit.failure
    message = failure.message if failure is not None else ""
    g = parent.group(unit.id, "failure", f"{unit.title}: {style.words('page failed')}. {message}", card.box, name=unit.title)
    g.rect(x, y, w, h, 8, fill="gradient-paper", stroke="gradient", line=2.6)
    left, top = x + INSET, y + 16
    g.line((left, top - 4), (left + 8, top + 4), stroke="gradient", line=2.2)
    g.line((left, top + 4), (left + 8, top - 4), stroke="gradient", line=2.2)
    kind = type(failure.modules[-1]).__name__ if failure is not None and failure.modules else ""
    g.text(left + 15, y + 21, (Run(unit.title, "bold", "gradient"), Run(f"  {kind}", "sans", "muted")), 13)
    for i, (line, face) in enumerate(failure_lines(unit, style.words)):
        g.text(left, y + TOP + LINE * i + 3, (Run(line, face, "ink"),), 12 if face == "sans" else 11)
