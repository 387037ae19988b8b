"""What a document says of a node altogether: its results, its parameters, their norms."""

from __future__ import annotations

import math
from typing import Any, ClassVar


class Norms:
    """Sums over the nodes of a document and what stands in them."""

    KINDS: ClassVar[tuple[str, ...]] = ("gradient", "weights", "weights' gradient")

    def __init__(self, document: dict[str, Any]) -> None:
        self.values = document["values"]
        nodes = document["nodes"]
        self.given: list[set[int]] = [set(n.get("gives", ())) for n in nodes]
        self.weights: list[set[int]] = [
            {v for v in n.get("takes", ()) if "op" in n and self.values[v].get("role") == "parameter"} for n in nodes
        ]
        self.takers: dict[int, list[int]] = {}
        self.up = [n.get("in") for n in nodes]
        for k in range(len(nodes) - 1, -1, -1):
            if self.up[k] is not None:
                self.given[self.up[k]] |= self.given[k]
                self.weights[self.up[k]] |= self.weights[k]
            for v in nodes[k].get("takes", ()):
                self.takers.setdefault(v, []).append(k)

    def results(self, k: int) -> list[int]:
        """The values that leave a node."""
        return sorted(v for v in self.given[k] if any(not self.within(t, k) for t in self.takers.get(v, ())))

    def within(self, k: int | None, outer: int) -> bool:
        while k is not None and k > outer:
            k = self.up[k]
        return k == outer

    def parameters(self, k: int) -> int:
        """How many numbers the parameters are."""
        return sum(math.prod(self.values[v].get("shape", ())) for v in self.weights[k])

    def of(self, k: int) -> tuple[float | None, float | None, float | None]:
        """The norms of the gradient of its results, of its parameters, and of their gradient; None where one is not known."""
        weights = sorted(self.weights[k])
        return (
            _joint([self.values[v].get("grad") for v in self.results(k)]),
            _joint([self.values[v].get("stats", [None] * 5)[4] for v in weights]),
            _joint([self.values[v].get("grad") for v in weights]),
        )


def _joint(norms: list[Any]) -> float | None:
    if not norms or not all(isinstance(n, int | float) for n in norms):
        return None
    return math.hypot(*norms)
