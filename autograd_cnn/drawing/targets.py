"""What a call of `draw` means: the graph behind a value, a model or a function, and checks of the common options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..engine.graph import Graph
from ..errors import GraphError
from .view import has_gradients


def check_number(name: str, n: int | None) -> None:
    """Refuse an option that is no whole number of at least 0."""
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 0):
        raise ValueError(f"draw: expected {name} to be an integer of at least 0, got {n!r}.")


def named(graph: Graph, names: Mapping[str, Any]) -> Graph:
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
