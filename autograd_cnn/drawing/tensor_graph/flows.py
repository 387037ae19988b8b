"""What comes back along the edges of a tensor graph: of the sum of the losses, and of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ...graph.step import Step, Value
from ..view.local_gradients import contribution
from ..view.style import Style
from ..view.view import Edge, Gradient, Pill, Unit, View, gradient_of, joint


@dataclass(slots=True)
class Flow:
    """What an edge carries back: its own share, and the whole where several edges share a value."""

    gradient: Gradient
    whole: Gradient | None = None
    by_loss: list[Gradient] = field(default_factory=list)  # the share of each, where there are several losses


class Flows:
    """What comes back along the edges of a view, and from units to what hangs on several."""

    def __init__(self, view: View, style: Style) -> None:
        self.view, self.style = view, style
        self.twins: dict[tuple[int, str], list[Edge]] = {}  # edges that bring one value to one unit
        for e in view.edges:
            self.twins.setdefault((e.value.id, e.head.id), []).append(e)
        self.of_edges = {e.id: self.flow(e) for e in view.edges}
        shared = [(u, p) for u in view.units for p in u.pills if p.uses > 1 and not p.more]
        style.shares = {p.id: self.share(u, p) for u, p in shared}
        style.shares_by_loss = {p.id: [self.share(u, p, k) for k in range(len(style.losses))] for u, p in shared}

    def flow(self, e: Edge) -> Flow:
        """What comes back along an edge: of the sum of the losses, and of each."""
        found = self.flow_of(e)
        found.by_loss = [self.flow_of_loss(e, k) for k in range(len(self.style.losses))] if not e.cut else []
        return found

    def flow_of_loss(self, e: Edge, loss: int) -> Gradient:
        whole = joint(gradient_of(v, loss) for v in e.values)
        if e.more or e.branches == 1 or whole.state == "none":
            return whole
        steps, which = self.steps_of(e)
        share = contribution(self.view.graph, steps, e.value.id, which, loss) if steps else whole
        return Gradient("none") if share.state in ("unknown", "missing") else share

    def steps_of(self, e: Edge) -> tuple[list[Step], int | None]:
        """The steps at an edge's head that take its value, and as which of several edges that bring it."""
        twins = self.twins[e.value.id, e.head.id] if not e.head.folded else []
        return [s for s in e.head.steps if e.value.id in s.inputs], twins.index(e) if len(twins) > 1 else None

    def flow_of(self, e: Edge) -> Flow:
        whole = joint(self.style.gradient(v) for v in e.values)
        if e.cut:
            return Flow(Gradient("cut"))
        if e.more:
            return Flow(whole)
        if whole.state not in ("flows", "zero") or e.branches == 1:
            return Flow(whole)
        steps, which = self.steps_of(e)
        if not e.head.works:  # an output's own gradient, beside what comes back from its uses
            seed = e.value.id in self.view.graph.outputs and self.is_seed(e.value)
            return Flow(Gradient("flows", 1.0) if seed else Gradient("shared", whole.norm), whole)
        share = contribution(self.view.graph, steps, e.value.id, which) if steps else Gradient("unknown")
        return Flow(self.added(whole, share), whole)

    def added(self, whole: Gradient, share: Gradient) -> Gradient:
        """A share of a gradient, where it is known: of outputs whose gradients are gone nobody can tell whether there were any."""
        untold = share.state == "unknown" or (share.state == "missing" and self.style.leaves_only)
        return Gradient("shared", whole.norm) if untold else share

    def is_seed(self, value: Value) -> bool:
        """Did a backward pass begin at this value, with the gradient 1?"""
        return math.prod(value.shape or ()) == 1 and (value.id in self.style.losses or len(self.view.graph.outputs) == 1)

    def share(self, u: Unit, p: Pill, loss: int | None = None) -> Gradient:
        """What one unit hands back to a value that hangs on several; of one loss of several."""
        if p.cut:
            return Gradient("none")
        whole = self.style.gradient(p.value) if loss is None else gradient_of(p.value, loss)
        if whole.state not in ("flows", "zero"):
            return whole
        found = contribution(self.view.graph, [s for s in u.steps if p.value.id in s.inputs], p.value.id, loss=loss)
        if loss is not None:
            return Gradient("none") if found.state in ("unknown", "missing") else found
        return self.added(whole, found)

    def norms(self) -> list[float]:
        """All norms that the figure shows as lanes."""
        found = [f.gradient.norm for f in self.of_edges.values()]
        found += [g.norm for g in self.style.shares.values()]
        found += [g.norm for f in self.of_edges.values() for g in f.by_loss]
        return found + [self.style.gradient(v).norm for v in self.view.parameters.values()]
