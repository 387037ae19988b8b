"""What a call of `draw` means: the graph behind a value, a model or a function, and checks of the common options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from ...engine.variable import Variable, box, unbox
from ...errors import GraphError, InplaceError
from ...graph.graph import Graph
from ...graph.trace import onlooker, trace
from ...support.evaluation import evaluating
from .arrays import array_of
from .observing import observing
from .view import has_gradients
from .watching import Watched, recorded, watch


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


def graph_of(
    target: Any,
    inputs: Sequence[Any],
    backward: bool,
    names: dict[str, Any],
    live: bool = False,
    kwargs: Mapping[str, Any] | None = None,
) -> Graph:
    """The graph that a call of `draw` means. `live`: where the gradients cannot be had from a walk back, those that a backward
    pass left do as well."""
    if kwargs and not is_called(target):
        raise TypeError(f"draw: expected kwargs for a model or function that is called, got them for a {type(target).__name__}.")
    kwargs = kwargs or {}
    if isinstance(target, Graph):
        graph = target
    elif _recorded(target) is not None:
        values = list(target) if isinstance(target, (list, tuple)) else [target]
        if any(v.node is None for v in values):
            raise GraphError(
                "draw: this value has no graph: nothing it was computed from requires a gradient, or recording was "
                "off. Give its inputs requires_grad=True, or draw a function: draw(fn, *inputs)."
            )
        return _recorded_graph(values, backward, names, live)
    elif hasattr(target, "parameters") and callable(target) and _is_made_up(inputs, kwargs):
        made = [variable_of(x, target, "draw") for x in inputs] or [fitting_input(target)]
        with evaluating(target):  # nobody's data: they are not for the batch statistics
            return graph_of(target, made, backward, names, live, kwargs)
    elif callable(target) and backward and not live:
        with observing(target):
            result = target(*inputs, **kwargs)
        if _recorded(result) is None:
            raise TypeError(f"draw: expected the function to return a tensor to walk back from, got {type(result).__name__}.")
        return graph_of(result, (), backward, names, live)
    elif callable(target):
        with observing(target):
            graph = onlooker(target, inputs, kwargs, gradients=backward)
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


def is_called(target: Any) -> bool:
    """Is this a model or function, and not a graph or what was recorded?"""
    return callable(target) and not isinstance(target, Graph) and _recorded(target) is None


def _is_made_up(inputs: Sequence[Any], kwargs: Mapping[str, Any] | None) -> bool:
    """Is a model to be called with zeros: of shapes that are given, or of one that fits?"""
    return (not inputs and not kwargs) or any(_is_shape(x) for x in inputs)


def watched_of(
    target: Any,
    inputs: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    backward: bool = False,
    names: Mapping[str, Any] | None = None,
    numbers: bool = True,
) -> Watched:
    """What a call of `draw.explore` means: a model or function is run once and watched (a run that fails is told as far as it came), of a
    graph or recorded value all is told that it holds. `numbers`: are those of the results wanted?

    Raises:
        GraphError, TypeError: as `graph_of`.
    """
    if not is_called(target):
        return recorded(named(graph_of(target, inputs, backward, dict(names or {}), True, kwargs), names or {}))
    if hasattr(target, "parameters") and _is_made_up(inputs, kwargs):
        made = [variable_of(x, target, "draw") for x in inputs] or [fitting_input(target)]
        with evaluating(target):  # nobody's data: they are not for the batch statistics, and their numbers mean nothing
            found = watch(target, made, kwargs, backward, numbers=False)
    else:
        found = watch(target, inputs, kwargs, backward, numbers)
    if not found.graph.values and found.error is not None:
        raise found.error  # it was not called with a tensor: there is nothing to show
    found.graph = named(found.graph, names or {})
    return found


def _recorded_graph(values: list[Any], backward: bool, names: dict[str, Any], live: bool) -> Graph:
    """The graph behind values, with the gradient of every value from a walk back; where none can be made (the graph is freed,
    has several outputs, was written to), with the gradients that a backward pass left in it."""
    if not backward:
        return Graph.of(*values, names=names)
    if len(values) > 1 and not live:
        raise GraphError(f"draw: expected one output to walk back from, got {len(values)}.")
    try:
        return Graph.of(*values, gradients=True, names=names)
    except (GraphError, InplaceError):
        graph = Graph.of(*values, names=names)
        if not live or not has_gradients(graph):
            raise
        return graph


def _recorded(target: Any) -> Any:
    """The target, if it is a value that may have a place in a graph, or a list of such values."""
    values = target if isinstance(target, (list, tuple)) and target else [target]
    return target if all(hasattr(v, "node") and hasattr(v, "value") for v in values) else None


# ------------------------------------------------------------------------------------------------- models and inputs
_SIDES = {1: (32, 28), 3: (224, 227, 32, 64)}  # of pictures, by channels, in the order they are tried


def _is_shape(x: Any) -> bool:
    return isinstance(x, tuple) and len(x) > 0 and all(isinstance(n, int) for n in x)


def fitting_shapes(model: Any, name: str = "") -> list[tuple[int, ...]]:
    """Shapes of inputs that a model may take, read off its first weight; in the order in which they are to be tried."""
    parameters = getattr(model, "parameters", None)
    first = next((p for p in parameters() if len(p.shape) > 1), None) if parameters is not None else None
    if first is None:
        return []
    c = int(first.shape[1])
    if len(first.shape) == 2:
        return [(1, c), (1, 64)]
    if len(first.shape) == 3:
        return [(1, c, 32), (1, c, 128), (1, 64)]
    if len(first.shape) != 4:
        return []
    own = {"cifar": (32,), "dcgan": (64,)}  # made for small pictures, though larger ones fit
    sides = own.get(name.split("_")[0], _SIDES.get(c, (32, 64, 224)))
    pictures = [(1, c, n, n) for n in sides]
    return [*pictures, (1, int(first.shape[0]), 1, 1), (1, int(first.shape[0]))]  # the latter for networks that begin upwards


def fitting_input(model: Any) -> Any:
    """Zeros of the first shape that the model runs on: numbers, or words of a vocabulary.

    Raises:
        TypeError: none of them fits, or nothing tells; says what to give.
    """
    tried = fitting_shapes(model)
    with evaluating(model), observing(model):
        for shape in tried:
            for x in (variable_of(shape, model, "draw"), *((box(np.zeros(shape, np.int64), None),) if len(shape) == 2 else ())):
                try:
                    model(x)
                except (RuntimeError, ValueError, IndexError, TypeError):
                    continue
                return x
    told = f" None of {', '.join(map(str, tried))} fits." if tried else ""
    raise TypeError(f"draw: expected an input for the model: a tensor, an array, or its shape, as draw(net, (1, 3, 224, 224)).{told}")


def variable_of(x: Any, like: Any, what: str, node: Any = None) -> Any:
    """A value a model can be called with: a tensor as it is, an array in the dtype of the model's parameters, zeros for a
    tuple of sizes."""
    if isinstance(x, Variable):
        return x
    if _is_shape(x):
        data = np.zeros(x)
    else:
        data = array_of(x, what)
    first = next(iter(like.parameters()), None) if hasattr(like, "parameters") else None
    return box(np.ascontiguousarray(data, dtype=np.float32 if first is None else unbox(first).dtype), node)


def traced(model: Any, input: Any, what: str, note: Callable[[Any], Any] | None = None, evaluate: bool = True) -> Graph:
    """The graph of a model on an input, without batch statistics or dropout: a module is switched to evaluation for the
    call, and back, unless `evaluate` is False. A `Graph` is what it is."""
    if isinstance(model, Graph):
        if input is not None:
            raise TypeError(f"draw.{what}: a Graph knows its inputs already; expected none, got {type(input).__name__}.")
        return model
    if not callable(model):
        raise TypeError(f"draw.{what}: expected a model with its input, or a Graph, got {type(model).__name__}.")
    if input is None:
        raise TypeError(f"draw.{what}: expected an input for the model: a tensor, an array, or its shape, such as (1, 3, 224, 224).")
    inputs = input if isinstance(input, list) else [input]
    with evaluating(model) if evaluate else nullcontext(), observing(model):
        return trace(model, *(variable_of(x, model, what) for x in inputs), note=note)


def snapshot(raw: Any) -> Any:
    """What an operation gave, as an array of its own: later operations may work in place."""
    return np.array(raw) if hasattr(raw, "shape") else raw


def first_map(raw: Any) -> Any:
    """The maps of the first sample, of a result that is a batch of pictures; nothing of others, which would only be in the
    way."""
    return np.array(np.asarray(raw)[:1]) if len(getattr(raw, "shape", ())) == 4 else None
