"""How a figure is to look and speak: theme, words, precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...graph.graph import Graph
from ...graph.step import Value
from ..canvas import symbols
from ..canvas.text import Words
from .view import Gradient, Pill, gradient_of, joint, losses_of

# Several losses in one figure: an ink and a dash for each, the same wherever it is named.
LOSSES: tuple[tuple[str, str | None], ...] = (("gradient", None), ("series-1", "7 3"), ("series-6", "2.5 2.5"), ("series-3", "9 3 2 3"))


def losses_in(graph: Graph) -> list[int]:
    """The outputs that were walked back from, where they are several; more than there are inks are refused."""
    found = losses_of(graph)
    if len(found) > len(LOSSES):
        raise ValueError(
            f"draw: {len(found)} losses are more than a figure can tell apart ({len(LOSSES)}). Draw some of them, or their sum."
        )
    return found


@dataclass(slots=True)
class Style:
    """What the whole figure has in common."""

    words: Words
    backward: bool
    precision: int = 2
    dtype: str = ""
    values: Sequence[Value] = ()
    shows_kept: bool = True
    scale: symbols.LaneScale = field(default_factory=symbols.LaneScale)
    bars: symbols.LaneScale = field(default_factory=symbols.LaneScale)  # of the copies in all decks
    lanes: Sequence[float] = ()  # the norms that `scale` was made for
    norms: str = "outputs"  # what the norms on folded units are of: "outputs" or "parameters"
    shares: dict[str, Gradient] = field(default_factory=dict)  # of pills whose value goes to several units: what comes back from theirs
    shares_by_loss: dict[str, list[Gradient]] = field(default_factory=dict)  # the same of each of several losses
    losses: Sequence[int] = ()  # the outputs that were walked back from, where they are several
    leaves_only: bool = False  # are the gradients those that a backward pass left in the leaves?
    gradients: dict[int, Gradient] = field(default_factory=dict)  # known already, by the value's id

    def of_losses(self, value: Value) -> list[Gradient]:
        """The gradient of each loss, where there are several."""
        return [gradient_of(value, k) for k in range(len(self.losses))]

    def of_pill(self, pill: Pill) -> list[Gradient]:
        """The same of what hangs on a unit: where it hangs on several, what comes from this one."""
        return self.shares_by_loss.get(pill.id) or [joint(gradient_of(v, k) for v in pill.values) for k in range(len(self.losses))]

    def gradient(self, value: Value) -> Gradient:
        """The gradient of a value of the figure's graph, its norm taken once."""
        if value.id not in self.gradients:
            found = gradient_of(value)
            unseen = self.leaves_only and value.kind == "result" and found.state == "missing"
            self.gradients[value.id] = Gradient("unknown") if unseen else found
        return self.gradients[value.id]
