"""`draw`: one call for each thing a person wants to see."""

from __future__ import annotations

from .entries import EntryFigures
from .graphs import GraphFigures
from .lessons import LessonFigures
from .plots import PlotFigures


class Draw(GraphFigures, EntryFigures, LessonFigures, PlotFigures):
    """The callable `draw`: `draw(loss)` draws a computational graph, its methods draw what else there is to see."""

    def __repr__(self) -> str:
        names = sorted(name for name in dir(self) if not name.startswith("_"))
        return f"<draw: draw(loss), {', '.join(f'draw.{name}' for name in names)}>"

    def __reduce__(self) -> str:
        return "draw"  # there is one, which pickle finds by its name


draw = Draw()
