"""A model or function is run once and watched: its graph, and beside it what a graph does not hold: the statistics of each result, the line
of the program, the time, the modules. Whatever was there before is there afterwards: buffers, gradients, random numbers."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...engine.backward import pullback
from ...engine.node import Node
from ...engine.variable import Variable
from ...errors import GraphError
from ...graph.graph import Graph
from ...graph.step import Value
from ...graph.trace import Run, observe
from .observing import observing
from .sources import Place, place_here
from .statistics import Statistics, statistics
from .view import number_of


@dataclass(slots=True)
class Watched:
    """A graph, and what was seen while it ran. `statistics` are those of values by their id, `places` and `seconds` those of steps, `nodes` the
    tape's, by value; `modules` is the module whose call a step stands in."""

    graph: Graph
    statistics: dict[int, Statistics] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    nodes: dict[int, Node] = field(default_factory=dict)
    scopes: list[Any] = field(default_factory=list)
    error: Exception | None = None
    numbers: bool = True  # do the inputs' numbers mean anything?
    ids: dict[int, int] = field(default_factory=dict)  # the values by the identity of the variables that carried them


@dataclass(slots=True)
class _Sight:
    statistics: Statistics | None
    place: Place | None
    seconds: float
    one: Any  # a result of a single entry, itself


class _Witness:
    """Is called with each result at once."""

    def __init__(self, numbers: bool) -> None:
        self.numbers = numbers
        self.last = time.perf_counter()

    def __call__(self, raw: Any) -> _Sight:
        took = time.perf_counter() - self.last
        seen = _Sight(statistics(raw) if self.numbers else None, place_here(2), took, self.alone(raw))
        self.last = time.perf_counter()
        return seen

    def alone(self, raw: Any) -> Any:
        return copy.copy(raw) if getattr(raw, "size", 1) == 1 else None


def watch(
    fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any] | None = None, backward: bool = False, numbers: bool = True
) -> Watched:
    """Run `fn(*args, **kwargs)` and watch. `numbers`: are the results' own numbers of interest? (Not where the inputs are made up.)

    Raises:
        GraphError: `backward` of what is no single recorded number.
    """
    kwargs = dict(kwargs or {})
    with observing(fn):
        run = observe(fn, args, kwargs, _Witness(numbers))
        grads = _gradients(run) if backward and run.error is None else {}
    made = _sorted_out(run, grads)
    made.numbers = numbers
    return made


def _sorted_out(run: Run, grads: dict[int, Any]) -> Watched:
    made = Watched(run.graph, nodes=run.nodes, scopes=run.scopes, error=run.error, ids=run.ids)
    seen = {v.id: v.data for v in run.graph.values if isinstance(v.data, _Sight)}
    made.statistics = {i: s.statistics for i, s in seen.items() if s.statistics is not None}
    for step in run.graph.steps:
        sights = [seen[o] for o in step.outputs if o in seen]
        if sights and sights[0].place is not None:
            made.places[step.index] = sights[0].place
        made.seconds[step.index] = sum(s.seconds for s in sights)

    def as_it_is(v: Value) -> Value:
        node = run.nodes.get(v.id)
        return replace(v, data=seen[v.id].one if v.id in seen else v.data, grad=None if node is None else grads.get(node.serial))

    made.graph = replace(run.graph, values=tuple(map(as_it_is, run.graph.values)))
    return made


def _gradients(run: Run) -> dict[int, Any]:
    """The gradient of every value, by the serial numbers of the nodes."""
    out = run.result
    if not isinstance(out, Variable) or out.node is None:
        raise GraphError(f"draw.explore: backward=True needs a recorded number to walk back from, got {type(out).__name__}.")
    shape = tuple(getattr(out.value, "shape", ()))
    if getattr(out.value, "size", 1) != 1:
        raise GraphError(f"draw.explore: backward=True needs an output of a single number, got shape {list(shape)}. Reduce it (.sum()).")
    grads: dict[int, Any] = {}
    seed = out.value * 0 + 1
    pullback([out.node], [seed], type(out), accumulate=False, retain_graph=True, capture=grads)
    return grads


def recorded(graph: Graph) -> Watched:
    """What a graph alone tells: of results those numbers that the tape holds."""
    made = Watched(graph)
    known: dict[int, Any] = {v.id: v.data for v in graph.values if v.data is not None}
    for step in graph.steps:
        if step.line:
            file, _, line = step.line.rpartition(":")
            if line.isdigit():
                made.places[step.index] = file, int(line)
        node = graph.values[step.outputs[0]].node if step.outputs else None
        made.scopes.append(getattr(node, "scope", None))
        if node is not None:
            made.nodes.update((o, node) for o in step.outputs)
            known.update((i, raw) for i, raw in _kept_inputs(graph, step.inputs, node) if i not in known)
    for i, raw in known.items():
        if graph.values[i].kind == "result" and hasattr(raw, "shape") and (found := statistics(raw)) is not None:
            made.statistics[i] = found
    return made


def _kept_inputs(graph: Graph, inputs: Sequence[int], node: Node) -> Iterator[tuple[int, Any]]:
    """What a node keeps of the results that it took."""
    by_node = {id(graph.values[i].node): i for i in inputs if graph.values[i].kind == "result"}
    for k, raw in zip(node.prim.keep, node.kept or (), strict=False) if node.prim is not None else ():
        if k.kind == "input" and not node.prim.variadic and k.index < len(node.inputs):
            at = by_node.get(id(node.inputs[k.index]))
            if at is not None and raw is not None:
                yield at, raw


def number_or_none(value: Value) -> float | None:
    """The number that a scalar is, where it is known."""
    return number_of(value) if value.shape is None or value.shape == () else None
