"""The naive twin: the same steps on plain float64 arrays, and gradients by differences. It knows nothing of graphs.

A program is a list of steps; each value has a number. Running it again from moved leaves gives the differences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

UNARY: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "sin": np.sin,
    "exp": lambda a: np.exp(np.tanh(a)),
    "square": lambda a: a * a,
    "neg": lambda a: -a,
    "half": lambda a: a * 0.5,
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: np.tanh(a) * b}
VIEWS: dict[str, Callable[[Any], Any]] = {
    "row": lambda a: a[0:1],
    "column": lambda a: a[:, 1:2],
    "transposed": lambda a: a.T,
    "flat": lambda a: a.reshape(1, -1),
}
WRITES: dict[str, Callable[[Any], Any]] = {
    "double": lambda a: a * 2,
    "shift": lambda a: a + 0.25,
    "fill": lambda a: a * 0 + 0.5,
    "squash": lambda a: np.tanh(a),
}


@dataclass
class Twin:
    """The program so far. `steps` are (kind, name, result number, argument numbers)."""

    leaves: dict[int, Any] = field(default_factory=dict)
    steps: list[tuple[str, str, int, tuple[int, ...]]] = field(default_factory=list)
    stopped: dict[int, int] = field(default_factory=dict)  # a detached value -> its source

    def run(self, moved: dict[int, Any] | None = None) -> dict[int, Any]:
        """All values, from the leaves (some of them moved). Values behind a detach() are as they were, whatever moves."""
        plain = self._forward(self.leaves, None)
        return plain if moved is None else self._forward({**self.leaves, **moved}, plain)

    def _forward(self, leaves: dict[int, Any], frozen: dict[int, Any] | None) -> dict[int, Any]:
        values = {k: v.copy() for k, v in leaves.items()}
        for at, (kind, name, result, args) in enumerate(self.steps):
            given = [values[k] for k in args]
            if kind == "unary":
                values[result] = UNARY[name](given[0]).copy()
            elif kind == "binary":
                values[result] = BINARY[name](*given)
            elif kind == "view":
                values[result] = VIEWS[name](given[0])
            elif kind == "write":
                given[0][...] = WRITES[name](given[0])
            elif kind == "copy":
                given[0][...] = given[1]
            elif kind == "stop":
                values[result] = (given[0] if frozen is None else self._snapshot(at, args[0])).copy()
        return values

    def _snapshot(self, until: int, number: int) -> Any:
        """A value as it was at a step of the unmoved program."""
        short = Twin(self.leaves, self.steps[:until])
        return short.run()[number]

    def slope(self, number: int, weights: Any, leaf: int, way: Any, eps: float = 1e-6) -> float:
        """d Σ weights · value / dt with the leaf moved by t · way."""
        up = self.run({leaf: self.leaves[leaf] + eps * way})[number]
        down = self.run({leaf: self.leaves[leaf] - eps * way})[number]
        return float((weights * (up - down)).sum() / (2 * eps))
