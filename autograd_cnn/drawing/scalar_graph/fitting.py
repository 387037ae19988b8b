"""Which of many pictures of a graph over plain numbers is drawn: the first that can be read on the screen it is to fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from ..canvas.scene import Scene
from ..layout.fit import Fit
from ..view.folding import Fold
from ..view.naming import subtitle_of
from ..view.style import Style
from ..view.view import View
from .figure import scalar_figure

EVERYTHING = 3  # the last way to fold expressions
MOST_UNITS = 90  # beyond that no circuit fits


class Views(Protocol):
    """Gives the view of a graph for a folding, as a circuit or with cards."""

    def __call__(self, cut: Fold, circuit: bool = False) -> View: ...


def fitted_circuit(
    views: Views, view: View, style: Style, title: str, subtitle: str | None, formula: bool, fit: Fit | None
) -> tuple[Scene | None, View]:
    """The circuit of the first folding that fits, with its view, `view` if that does; None where none does. Without `fit` nothing is
    folded."""
    for level in range(EVERYTHING + 1):
        if level:
            view = views(Fold(rule="none", expressions=level), circuit=True)
        if fit is not None and len(view.units) > MOST_UNITS:
            continue
        line = subtitle if subtitle is not None else subtitle_of(view, style.words, style.precision)
        scene = scalar_figure(view, replace(style), title, line, formula=formula)
        if fit is None or fit.holds(fit.of_scene(scene)):
            return scene, view
    return None, view
