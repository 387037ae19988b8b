"""What a unit sees, layer by layer: which places of each it depends on, and what a unit of each sees of the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from ....errors import nearest
from ....graph.graph import Graph
from ...canvas.text import Words
from ..input_window import Mask, fields
from ..layers import Layer, caption, layers_of, one_size

MOST_NAMED = 24  # layers that an error lists


@dataclass(slots=True)
class Row:
    """A layer with the part of it that the unit sees."""

    layer: Layer
    name: str
    mask: Mask  # of the layer's places that the unit depends on
    sees: Mask  # of the input's places that the layer's middle unit depends on
    first: Layer | None = None  # of several layers that are one row; `layer` is the last of them

    @property
    def sources(self) -> list[int]:
        """Which layers it reads."""
        return list((self.first or self.layer).sources)

    @property
    def called(self) -> str:
        """By its place in the model, if it has one."""
        return self.name if self.first is not None else self.layer.name or self.name


@dataclass(slots=True)
class Sight:
    """A unit and what it sees, layer by layer, the input first."""

    graph: Graph
    rows: list[Row]
    unit: tuple[int, ...]
    source: int  # the input's value
    target: int
    seen: dict[tuple[int, tuple[int, ...]], Mask] = field(default_factory=dict)  # what units of values were found to see, of all foldings

    @property
    def field(self) -> Mask:
        return self.rows[0].mask

    def folded(self, count: int) -> Sight:
        """With so many rows at most: first what widens nothing stands with the layer before it, then neighbours, as evenly as can be; the
        input and the layer of the unit stand alone."""
        groups = [[r] for r in self.rows[1:-1]]
        for at in range(len(groups) - 1, 0, -1):
            if len(groups) + 2 > count and np.array_equal(groups[at][0].sees, groups[at - 1][-1].sees):
                groups[at - 1 : at + 1] = [groups[at - 1] + groups[at]]
        each = max(1, -(-len(groups) // max(1, count - 2)))
        parts = [list(chain.from_iterable(groups[k : k + each])) for k in range(0, len(groups), each)]
        return replace(self, rows=[self.rows[0], *map(_joined, parts), self.rows[-1]])


def sight_of(graph: Graph, unit: Any, layer: str | None, words: Words) -> Sight:
    """Follow a unit (by default the middle one of the last layer with places) down to the input."""
    layers = [n for n in layers_of(graph) if n.space and n.kind != "join"]
    if not layers or layers[0].kind != "input":
        raise ValueError("draw.receptive_field: expected a model whose input has places: (N, C, L) or (N, C, H, W).")
    top = _top(layers, layer)
    place = _place(unit, top)
    target = top.out
    seen = fields(graph, target, place)
    source = layers[0].out
    rows = []
    for n in layers[: layers.index(top) + 1]:
        at = next((i for i in _values(n) if i in seen), None)
        if at is None:
            continue  # a branch that does not lead to the unit
        middle = tuple(size // 2 for size in n.space)
        sees = fields(graph, n.out, middle).get(source)
        if sees is not None:
            rows.append(Row(n, words("input") if n.kind == "input" else _named(n, words), seen[at], sees))
    if rows[0].layer.kind != "input":
        raise ValueError("draw.receptive_field: the unit does not depend on the input.")
    return Sight(graph, rows, place, source, target)


def _joined(rows: Sequence[Row]) -> Row:
    """Several rows as one, which is the last of them."""
    if len(rows) == 1:
        return rows[0]
    first, last = rows[0], rows[-1]
    alike = all(r.name == first.name for r in rows)
    name = f"{first.name}  ×{len(rows)}" if alike else f"{first.called} … {last.called}"
    return Row(last.layer, name, last.mask, last.sees, first.layer)


def _values(n: Layer) -> list[int]:
    return [n.out, *(i for s in reversed(n.steps) for i in s.outputs)]


def _named(n: Layer, words: Words) -> str:
    head, _ = caption(n, words)
    if n.window is None or n.inner:
        return head
    w = n.window
    stride = f" / {one_size(w.stride)}" if any(s != 1 for s in w.stride) else ""
    return head + stride + (f", {words('setting dilation')} {one_size(w.dilation)}" if any(d != 1 for d in w.dilation) else "")


def _top(layers: Sequence[Layer], name: str | None) -> Layer:
    if name is None:
        wide = [n for n in layers[1:] if any(s > 1 for s in n.space)]
        if not (wide or layers[1:]):
            raise ValueError("draw.receptive_field: expected a model with at least one layer that has places.")
        return wide[-1] if wide else layers[-1]
    known = {n.name: n for n in layers[1:] if n.name}
    if name not in known:
        names = [*known]
        listed = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
        raise ValueError(f"draw.receptive_field: expected layer to be one with places ({listed}), got {name!r}.{nearest(name, known)}")
    return known[name]


def _place(unit: Any, top: Layer) -> tuple[int, ...]:
    if unit is None:
        return tuple(n // 2 for n in top.space)
    place = (unit,) if isinstance(unit, (int, np.integer)) else tuple(unit)
    sizes = top.space
    good = len(place) == len(sizes) and all(isinstance(p, (int, np.integer)) and -n <= p < n for p, n in zip(place, sizes, strict=False))
    if not good:
        raise ValueError(
            f"draw.receptive_field: expected unit to be a place within {sizes}, the size of {top.name or caption(top, Words())[0]!r}, got {unit!r}."
        )
    return tuple(int(p) % n for p, n in zip(place, sizes, strict=True))


def line_of(mask: Mask, d: int) -> Mask:
    """Along one dimension: whether any place there is seen."""
    others = tuple(k for k in range(mask.ndim) if k != d)
    return np.asarray(mask.any(axis=others))
