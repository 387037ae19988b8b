"""How a number of parameters comes about, and what an operation's windows are."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..drawing.canvas.text import Words

Shape = tuple[int, ...]


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
