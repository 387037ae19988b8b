"""What a recorded operation costs, and how a number of parameters comes about."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..drawing.canvas.text import Words
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


def how_many(shapes: Sequence[Shape]) -> str:
    """The sum behind a number of parameters, from their shapes: a weight and its bias as (inputs + 1)·outputs.

    >>> how_many([(6, 1, 5, 5), (6,)]), how_many([(84, 120)]), how_many([(16,), (16,)])
    ('(1·5·5 + 1)·6', '120·84', '2·16')
    """
    rest = list(shapes)
    terms = []
    while rest:
        first = rest.pop(0)
        inner = "·".join(map(str, first[1:]))
        if len(first) > 1 and (first[0],) in rest:
            rest.remove((first[0],))
            terms.append(f"({inner} + 1)·{first[0]}")
        elif len(first) > 1:
            terms.append(f"{inner}·{first[0]}")
        else:
            alike = 1 + rest.count(first)
            rest = [s for s in rest if s != first]
            size = str(math.prod(first))
            terms.append(f"{alike}·{size}" if alike > 1 else size)
    return " + ".join(terms)


def window_text(kernel: Shape, stride: Shape, dilation: Shape, groups: int, words: Words) -> str:
    """The windows of an operation. Empty if it has none.

    >>> window_text((11, 11), (4, 4), (1, 1), 1, Words("en")), window_text((3,), (1,), (2,), 2, Words("de"))
    ('11×11, stride 4', '3, Dehnung 2, 2 Gruppen')
    """
    text = "×".join(map(str, kernel))
    for key, numbers in (("setting stride", stride), ("setting dilation", dilation)):
        if set(numbers) - {1}:
            text += f", {words(key)} {numbers[0] if len(set(numbers)) == 1 else '×'.join(map(str, numbers))}"
    return text + (f", {words('in groups', groups)}" if groups > 1 else "")
