"""`draw`: one call for each thing a person wants to see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..engine.graph import Graph
from ..errors import GraphError
from .cards import Style
from .drawing import Drawing
from .theme import check_theme
from .view import View, has_gradients, view_of
from .words import Words


class Draw:
    """The callable `draw`; its methods draw what is not a graph."""

    def __call__(
        self,
        target: Any,
        *inputs: Any,
        backward: bool = False,
        depth: int | None = None,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
        names: Mapping[str, Any] | None = None,
        engine: str = "auto",
    ) -> Drawing:
        graph = _graph_of(target, inputs, backward, dict(names or {}))
        words = Words(lang)
        check_theme(theme)
        from .tensor_graph import subtitle_of, tensor_figure
        from .scalar_graph import scalar_figure

        circuit = all(v.shape is None for v in graph.values)
        view = view_of(graph, depth, circuit)
        style = Style(words, backward, precision)
        title = title or (view.root.kind if view.root else words("graph"))
        scene = (scalar_figure if circuit else tensor_figure)(view, style, title, subtitle or subtitle_of(view, words, precision), engine)
        return Drawing(scene, theme, prefix)


def _graph_of(target, inputs, backward, names):
    return target


draw = Draw()
