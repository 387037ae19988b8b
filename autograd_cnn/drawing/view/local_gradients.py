"""What a single operation says of its arguments: which they are, what it hands back to each, its local derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.region import held
from ...graph.graph import Graph
from ...graph.step import Step


def places(graph: Graph, step: Step) -> list[int]:
    """For each input of a step which of the primitive's arguments it is. A tape knows only those constants that a rule
    wants, and an optional argument may be absent, so the two need not be numbered alike."""
    absent = step.absent
    node = graph.values[step.outputs[0]].node if step.outputs else None
    given = getattr(node, "inputs", ())
    found: list[int] = []
    at = 0
    for i in step.inputs:
        own = graph.values[i].node
        while at in absent or (at < len(given) and not _same(given[at], own)):
            at += 1
        found.append(at)
        at += 1
    return found


def _same(argument: Any, own: Any) -> bool:
    return argument is own if argument is not None else own is None


def pulled(graph: Graph, step: Step, gradient: Any) -> Sequence[Any] | None:
    """The gradients that the rule of `step` gives its inputs when `gradient` arrives at its (only) output, or None
    where the tape no longer holds what the rule needs."""
    node = graph.values[step.outputs[0]].node
    if node is None or node.prim is None or node.kept is None or gradient is None or getattr(node.prim, "several", False):
        return None
    # Nodes over plain numbers keep outputs and inputs; nodes over arrays keep what the rules want.
    pull = getattr(node.prim, "pull_all" if graph.values[step.outputs[0]].shape is None else "pull", None)
    if pull is None:
        return None
    try:
        return tuple(pull(gradient, held(node), node.params, node.inputs))
    except Exception:  # a user's own rule may refuse a second call; the drawing then does without this number
        return None


def contribution_norm(graph: Graph, step: Step, value: int, which: int | None = None) -> float | None:
    """The norm of what `step` alone adds to the gradient of one of its inputs: in all the places where that is an argument,
    or only where it is for the `which`-th time."""
    given = pulled(graph, step, graph.values[step.outputs[0]].grad)
    if given is None:
        return None
    at = [p for i, p in zip(step.inputs, places(graph, step), strict=True) if i == value]
    at = at if which is None else at[which : which + 1]
    parts = [fitted(given[p], graph.values[value].shape) for p in at if p < len(given) and given[p] is not None]
    return float(np.linalg.norm(np.sum(parts, axis=0).ravel())) if parts else None


def fitted(g: Any, shape: tuple[int, ...] | None) -> Any:
    """A gradient summed back to the shape its value had before broadcasting."""
    array = np.asarray(g, dtype=np.float64)
    wanted = shape or ()
    array = array.sum(axis=tuple(range(array.ndim - len(wanted)))) if array.ndim > len(wanted) else array
    spread = tuple(i for i, (have, want) in enumerate(zip(array.shape, wanted, strict=True)) if want == 1 and have != 1)
    return array.sum(axis=spread, keepdims=True) if spread else array


def local_derivatives(graph: Graph, step: Step) -> list[float | None]:
    """For a step over plain numbers the derivative of its output by each input, where the tape knows it."""
    given = pulled(graph, step, 1.0)
    if given is None:
        return [None] * len(step.inputs)
    return [None if p >= len(given) or given[p] is None else float(given[p]) for p in places(graph, step)]
