"""Windows over space: which entries of the input an entry of the output reads.

A recorded operation tells its windows by its parameters; a lecture's example by plain numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..graph.graph import Graph
from ..graph.step import Step


@dataclass(frozen=True, slots=True)
class Along:
    """The windows along one dimension: entry i of the output reads the taps i·stride − before + k·dilation."""

    size: int
    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1
    ceil: bool = False  # a last window that hangs over the edge counts (pooling's ceil_mode)

    @property
    def span(self) -> int:
        """From the first tap to the last, both counted: D(F − 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def room(self) -> int:
        """How far the window can travel: I + P − span."""
        return self.size + self.before + self.after - self.span

    @property
    def count(self) -> int:
        """How many windows there are: ⌊room / stride⌋ + 1."""
        if self.room < 0:
            return 0
        if not self.ceil:
            return self.room // self.stride + 1
        count = -(-self.room // self.stride) + 1
        return count - 1 if (count - 1) * self.stride >= self.size + self.before else count

    @property
    def fits(self) -> bool:
        """Do the windows end where the input ends?"""
        return self.room >= 0 and self.room % self.stride == 0

    def taps(self, i: int) -> list[int]:
        """Where output i looks, also beyond the edges."""
        return [i * self.stride - self.before + k * self.dilation for k in range(self.kernel)]

    def repaired(self) -> Along:
        """The same with the least padding that makes the windows fit: alike on both sides if that can be, else at the
        end."""
        least = max(self.before, self.after, -(-(self.span - self.size) // 2))
        for p in range(least, least + self.stride):
            alike = Along(self.size, self.kernel, self.stride, p, p, self.dilation)
            if alike.fits:
                return alike
        lacking = -self.room if self.room < 0 else -self.room % self.stride
        return Along(self.size, self.kernel, self.stride, self.before, self.after + lacking, self.dilation)


@dataclass(frozen=True, slots=True)
class Window:
    """The windows of one operation. `spreads` says that it works the other way round: an entry of the *input* is spread
    over a window of the output (transposed convolution); then `along` describes the output."""

    along: tuple[Along, ...]
    kind: str  # "conv" | "max" | "average" | "sum" | "transposed"
    groups: int = 1

    @property
    def spreads(self) -> bool:
        return self.kind == "transposed"

    @property
    def kernel(self) -> tuple[int, ...]:
        return tuple(a.kernel for a in self.along)

    @property
    def stride(self) -> tuple[int, ...]:
        return tuple(a.stride for a in self.along)

    @property
    def dilation(self) -> tuple[int, ...]:
        return tuple(a.dilation for a in self.along)

    @property
    def padding(self) -> tuple[tuple[int, int], ...]:
        return tuple((a.before, a.after) for a in self.along)

    def reads(self, dim: int, i: int, inputs: int) -> list[int]:
        """The entries of the input, along one dimension of `inputs` entries, that output i depends on."""
        a = self.along[dim]
        if self.spreads:
            return [j for j in range(inputs) if i in a.taps(j)]
        return [j for j in a.taps(i) if 0 <= j < inputs]


def window_of(step: Step, graph: Graph) -> Window | None:
    """The windows of a recorded operation; None if it has none, or if the tape no longer holds what they slide over."""
    params, name = step.params, step.name
    if name not in ("conv", "conv_input", "max_pool", "window_sum"):
        return None
    given: list[int | None] = [*step.inputs]
    for at in step.absent:
        given.insert(at, None)
    shapes = [None if i is None else graph.values[i].shape for i in given]
    space = params["shape"] if name == "conv_input" else shapes[0]
    kernel = params["kernel"] if "kernel" in params else shapes[1] and shapes[1][2:]
    if not space or not kernel:
        return None
    space = tuple(space)[2:]
    dims = len(space)
    pads = [p if isinstance(p, tuple) else (p, p) for p in _each(params["padding"], dims)]
    columns = (space, _each(kernel, dims), _each(params["stride"], dims), pads, _each(params.get("dilation", 1), dims))
    ceil = bool(params.get("ceil_mode"))
    along = tuple(Along(s, k, t, p[0], p[1], d, ceil) for s, k, t, p, d in zip(*columns, strict=True))
    average = "average" if params.get("average") else "sum"
    kind = {"conv": "conv", "conv_input": "transposed", "max_pool": "max"}.get(name, average)
    return Window(along, kind, params.get("groups", 1))


def _each(given: Any, dims: int) -> Sequence[Any]:
    return given if isinstance(given, (tuple, list)) else (given,) * dims
