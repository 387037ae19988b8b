"""What a single operation hands back: contributions to a gradient that several branches share, and local derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.graph import Graph, Step


def pulled(graph: Graph, step: Step, gradient: Any) -> Sequence[Any] | None:
    """The gradients that the rule of `step` gives its inputs when `gradient` arrives at its (only) output, or None where
    the tape no longer holds what the rule needs."""
    node = graph.values[step.outputs[0]].node
    if node is None or node.prim is None or node.kept is None or gradient is None or getattr(node.prim, "several", False):
        return None
    pull = getattr(node.prim, "pull", None)
    if pull is None:
        return None
    try:
        return tuple(pull(gradient, node.kept, node.params, node.inputs))
    except Exception:  # a user's own rule may refuse a second call; the drawing then does without this number
        return None


def contribution_norm(graph: Graph, step: Step, value: int) -> float | None:
    """The norm of what `step` alone adds to the gradient of one of its inputs (all the places where it is an argument)."""
    given = pulled(graph, step, graph.values[step.outputs[0]].grad)
    if given is None or len(given) != len(step.inputs):
        return None
    parts = [fitted(g, graph.values[value].shape) for i, g in zip(step.inputs, given, strict=True) if i == value and g is not None]
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
    if given is None or len(given) != len(step.inputs):
        return [None] * len(step.inputs)
    return [None if g is None else float(g) for g in given]
