"""What a single operation says of its arguments: which they are, what it hands back to each, its local derivatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.record import SELECT_OUTPUT, OutputCotangents
from ...engine.region import held
from ...engine.variable import VALUE_TYPE_OF
from ...graph.graph import Graph
from ...graph.step import Step
from .view import Gradient, gradient_by, norm_of


def places(step: Step) -> list[int]:
    """For each input of a step which of the primitive's arguments it is: some are absent."""
    found: list[int] = []
    at = 0
    for _ in step.inputs:
        while at in step.absent:
            at += 1
        found.append(at)
        at += 1
    return found


def pulled(graph: Graph, step: Step, gradient: Any = None, loss: int | None = None) -> Sequence[Any] | None:
    """The gradients that the rule of `step` gives its inputs when `gradient` arrives at its output (by default those that did, or of one
    `loss` of several), or None where the tape no longer holds what the rule needs."""
    arrived = [gradient_by(graph.values[o], loss) for o in step.outputs]
    node = next((graph.values[o].node for o in step.outputs if graph.values[o].node is not None), None)
    if node is not None and node.prim is SELECT_OUTPUT:
        node, known = node.inputs[0], {k: g for k, g in enumerate(arrived) if g is not None}
        gradient = OutputCotangents(len(arrived), known) if known else None
    elif gradient is None:
        gradient = arrived[0] if arrived else None
    if node is None or node.prim is None or node.kept is None or gradient is None:
        return None
    # Nodes over plain numbers keep outputs and inputs; nodes over arrays keep what the rules want.
    pull = getattr(node.prim, "pull_all" if graph.values[step.outputs[0]].shape is None else "pull", None)
    if pull is None:
        return None
    given = gradient, held(node), node.params, node.inputs
    try:
        return tuple(pull(*given))
    except ArithmeticError:  # numbers at a pole, as the walk has them
        return tuple(VALUE_TYPE_OF[float].at_pole(pull, *given))
    except Exception:  # a user's own rule may refuse a second call; the drawing then does without this number
        return None


def contribution(graph: Graph, steps: Sequence[Step], value: int, which: int | None = None, loss: int | None = None) -> Gradient:
    """What these steps add to the gradient of a value that they take: in all the places where that is an argument, or only where it is
    for the `which`-th time; of the sum of all losses, or of one. "unknown" where it is of one of them, "missing" where none adds
    anything: no gradient arrived at them, or their rules hand none back."""
    parts = []
    for step in steps:
        if all(gradient_by(graph.values[o], loss) is None for o in step.outputs):
            continue
        given = pulled(graph, step, loss=loss)
        if given is None:
            return Gradient("unknown")
        at = [p for i, p in zip(step.inputs, places(step), strict=True) if i == value]
        at = at if which is None else at[which : which + 1]
        parts += [fitted(given[p], graph.values[value].shape) for p in at if p < len(given) and given[p] is not None]
    if not parts:
        return Gradient("missing")
    norm = norm_of(np.sum(parts, axis=0))
    return Gradient("nan" if not math.isfinite(norm) else "flows" if norm else "zero", norm)


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
    return [None if p >= len(given) or given[p] is None else float(given[p]) for p in places(step)]


def derivatives_through(graph: Graph, steps: Sequence[Step]) -> dict[int, float]:
    """For steps over plain numbers the derivative of the last one's output by everything that goes into them, along all ways."""
    found: dict[int, float] = {steps[-1].outputs[0]: 1.0}
    inside = {o for s in steps for o in s.outputs}
    for step in sorted(steps, key=lambda s: -s.index):
        behind = found.get(step.outputs[0])
        if behind is None:
            continue
        for i, local in zip(step.inputs, local_derivatives(graph, step), strict=True):
            if local is not None:
                found[i] = found.get(i, 0.0) + behind * local
    return {i: d for i, d in found.items() if i not in inside}
