"""What a recorded operation costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..graph.graph import Graph
from ..graph.step import Step

Shape = tuple[int, ...]


def multiply_adds(step: Step, graph: Graph) -> int:
    """Multiplications, each with its addition, of convolutions and matrix products; 0 for everything else.

    Convolution: one for each weight that meets each entry of the output, N·O·OH·OW·(C/groups)·KH·KW. Transposed convolution: the
    same with the entries of its input. Matrix product: the entries of the result times the length of what is summed over.
    """
    shapes = [graph.values[i].shape or () for i in step.inputs]
    out = graph.values[step.outputs[0]].shape or ()
    if step.name == "conv":
        return math.prod(out) * math.prod(shapes[1][1:])
    if step.name == "conv_input":
        return math.prod(shapes[0]) * math.prod(shapes[1][1:])
    if step.name in ("linear", "matmul"):
        return math.prod(out) * shapes[0][-1]
    if step.name == "einsum":
        return _einsum(str(step.params["equation"]), shapes)
    return 0


def _einsum(equation: str, shapes: Sequence[Shape]) -> int:
    """Each combination of all indices once. `...` stands for the dimensions that no letter names."""
    sizes: dict[str, int] = {}
    for term, shape in zip(equation.replace(" ", "").split("->")[0].split(","), shapes, strict=True):
        left, dots, right = term.partition("...")
        hidden = len(shape) - len(left) - len(right)
        names = [*left, *(f"...{i - hidden}" for i in range(hidden if dots else 0)), *right]
        for name, size in zip(names, shape, strict=True):
            sizes[name] = max(size, sizes.get(name, 1))
    return math.prod(sizes.values()) if len(shapes) > 1 else 0
