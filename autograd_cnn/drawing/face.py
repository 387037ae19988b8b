"""`draw`: one call for each thing a person wants to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..engine.graph import Graph
from ..errors import GraphError
from .activations import activations_figure
from .cards import Style
from .curves import curves_figure
from .dot import dot_source
from .drawing import Drawing
from .filters import filters_figure
from .scalar_graph import scalar_figure
from .tensor_graph import subtitle_of, tensor_figure
from .theme import check_theme
from .view import View, has_gradients
from .view_builder import view_of
from .words import Words


class Draw:
    """The callable `draw`: `draw(loss)` draws a computational graph, its methods draw what is no graph."""

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
    ) -> Drawing:
        """Draw a computational graph.

        A graph over plain numbers (`Scalar`) becomes a circuit from left to right: values above the wires, gradients
        below, local derivatives on the edges. A graph over tensors runs from top to bottom: operations as cards with
        the shape they give and what they keep for the backward pass, parameters beside them, modules as panels.

        Args:
            target: a recorded value (or several in a list), a `Graph`, or a model or function, which is then traced on
                `inputs`.
            inputs: what the model or function is called with.
            backward: show the gradients too, their norm as the width of a second lane beside every edge.
            depth: fold every module call that many levels below the outermost one into one node (0: the whole model).
            title, subtitle: instead of the model's class, and of the counts of operations and parameters. (A circuit
                without a title is headed by the formula it computes.)
            theme: "auto" (light, and dark where the reader's screen is), "light", "dark" or "print".
            lang: "en" or "de", the language of the captions.
            precision: decimals of the numbers.
            prefix: goes before every id, for several figures in one page.
            names: names for values of the graph, `{"x": x}`; others are left aside.

        Raises:
            GraphError: a value that was not recorded; or gradients asked of a graph that has none.
            TypeError: something that cannot be drawn.
            ValueError: an unknown theme or language, a negative depth or precision.

        Example:
            >>> from autograd_cnn import Scalar, draw
            >>> x = Scalar(2.0, "x")
            >>> draw(x * x + 1.0, backward=True)
            <Drawing 'Computational graph', 644×248>
        """
        words, theme = Words(lang), check_theme(theme)
        _check_number("depth", depth)
        _check_number("precision", precision)
        view, circuit = _view(target, inputs, backward, depth, names)
        style = Style(words, backward, precision)
        known = title if title is not None else view.root.kind if view.root else words("graph")
        line = subtitle if subtitle is not None else subtitle_of(view, words, precision)
        scene = scalar_figure(view, style, known, line, formula=title is None) if circuit else tensor_figure(view, style, known, line)
        return Drawing(scene, theme, prefix, lambda: dot_source(view, Style(words, backward, precision)))

    def dot(
        self,
        target: Any,
        *inputs: Any,
        backward: bool = False,
        depth: int | None = None,
        lang: str = "en",
        precision: int = 2,
        names: Mapping[str, Any] | None = None,
    ) -> str:
        """The DOT source of a computational graph, for Graphviz: see `draw` for the arguments."""
        words = Words(lang)
        _check_number("depth", depth)
        view, _ = _view(target, inputs, backward, depth, names)
        return dot_source(view, Style(words, backward, precision))

    def filters(
        self,
        weights: Any,
        *,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw learned kernels as little pictures: vermilion below zero, white at zero, blue above, the range beside
        them.

        Args:
            weights: a weight of shape (O, I, KH, KW), (O, I, K) or (O, I), or a layer that has one; or several as a
                mapping or as pairs (name, weight). At most 64 × 64 kernels of a layer are shown (and the figure says
                so).

        Raises:
            ValueError: a weight of another shape.
            TypeError: not an array of numbers.

        Example:
            >>> import numpy as np
            >>> from autograd_cnn import draw
            >>> draw.filters({"conv1": np.ones((6, 1, 5, 5))})
            <Drawing 'Learned kernels', 430×223>
        """
        words = Words(lang)
        scene = filters_figure(weights, words, words("filters") if title is None else title, subtitle)
        return Drawing(scene, theme, prefix)

    def activations(
        self,
        layers: Mapping[str, Any] | Sequence[tuple[str, Any]],
        *,
        image: Any = None,
        classes: Sequence[str] | None = None,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
    ) -> Drawing:
        """Draw one sample on its way through a network, a row for each layer.

        Args:
            layers: pairs (name, array) or a mapping, in order; arrays of shape (C, H, W) or (F,), a batch of one is
                taken apart.
            image: what went in, (H, W), (1, H, W) or (3, H, W).
            classes: names for the units of the last layer; their numbers otherwise.

        Raises:
            ValueError: an array of another shape, or not as many names as units.

        Example:
            >>> import numpy as np
            >>> from autograd_cnn import draw
            >>> draw.activations([("conv1", np.ones((6, 8, 8))), ("output", np.arange(10))])
            <Drawing 'Activations', 722×318>
        """
        words = Words(lang)
        _check_number("precision", precision)
        known = words("activations") if title is None else title
        return Drawing(activations_figure(layers, image, classes, words, known, subtitle, precision), theme, prefix)

    def curves(
        self,
        metrics: Any,
        *,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw a training: loss in one panel, accuracy in the next, other measures after them; each series has its own
        dash pattern and marker and is named at its end.

        Args:
            metrics: a mapping of names to lists, or rows that are mappings (as `csv.DictReader` gives them). A column
                named "epoch" or "step" is the horizontal axis. "train" and "test" in a name tell series of one measure
                apart. None, NaN and empty entries interrupt a line.

        Raises:
            ValueError: no column of numbers, or a column that is partly text.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.curves({"train_loss": [2.3, 0.4, 0.1], "test_loss": [2.2, 0.5, 0.2]})
            <Drawing 'Training', 531×410>
        """
        words = Words(lang)
        return Drawing(curves_figure(metrics, words, words("curves") if title is None else title, subtitle), theme, prefix)

    def __repr__(self) -> str:
        return "<draw: draw(loss), draw.filters, draw.activations, draw.curves, draw.dot>"


draw = Draw()


def _check_number(name: str, n: int | None) -> None:
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 0):
        raise ValueError(f"draw: expected {name} to be an integer of at least 0, got {n!r}.")


def _view(target: Any, inputs: Sequence[Any], backward: bool, depth: int | None, names: Mapping[str, Any] | None) -> tuple[View, bool]:
    graph = graph_of(target, inputs, backward, dict(names or {}))
    circuit = bool(graph.values) and all(v.shape is None for v in graph.values)
    return view_of(_named(graph, names or {}), None if circuit else depth, circuit), circuit


def _named(graph: Graph, names: Mapping[str, Any]) -> Graph:
    """The graph with these names on the values they belong to."""
    called: dict[int, str] = {}
    for name, x in names.items():
        node, raw = getattr(x, "node", None), getattr(x, "value", x)
        called.update((v.id, name) for v in graph.values if (v.node is node if node is not None else v.data is raw))
    if not called:
        return graph
    return replace(graph, values=tuple(replace(v, name=called.get(v.id, v.name)) for v in graph.values))


def graph_of(target: Any, inputs: Sequence[Any], backward: bool, names: dict[str, Any]) -> Graph:
    """The graph that a call of `draw` means."""
    if isinstance(target, Graph):
        graph = target
    elif _recorded(target) is not None:
        values = list(target) if isinstance(target, (list, tuple)) else [target]
        if any(v.node is None for v in values):
            raise GraphError(
                "draw: this value has no graph: nothing it was computed from requires a gradient, or recording was "
                "off. Give its inputs requires_grad=True, or draw a function: draw(fn, *inputs)."
            )
        return Graph.of(*values, gradients=backward, names=names)
    elif callable(target):
        from ..engine.trace import trace

        graph = trace(target, *inputs)
    else:
        raise TypeError(f"draw: expected a recorded value, a Graph, or a model with its inputs, got {type(target).__name__}.")
    if backward and not has_gradients(graph):
        raise GraphError(
            "draw: backward=True needs gradients, and this graph holds none. Make it with "
            "Graph.of(loss, gradients=True), or call draw(loss, backward=True) with the loss itself."
        )
    if not graph.values:
        raise GraphError("draw: this graph is empty: no operation was recorded in it.")
    return graph


def _recorded(target: Any) -> Any:
    """The target, if it is a value that may have a place in a graph, or a list of such values."""
    values = target if isinstance(target, (list, tuple)) and target else [target]
    return target if all(hasattr(v, "node") and hasattr(v, "value") for v in values) else None
