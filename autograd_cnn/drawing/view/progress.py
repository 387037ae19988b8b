"""How far the passes have come: which values are computed, which gradients have arrived, what runs at this moment.

The figures of a graph ask their `Stage` what to show. `COMPLETE` shows everything; `stages` gives one for each step, forward
in execution order and backward in the engine's own order (newest operation first).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .view import Edge, Unit, View

START, FORWARD, SEED, BACKWARD = "start", "forward", "seed", "backward"


@dataclass(frozen=True, slots=True)
class Stage:
    """One moment of the passes. `computed` holds ids of units, `arrived` ids of edges that have handed a gradient back; None
    stands for all of them."""

    phase: str = "complete"
    number: int = 0
    of: int = 0
    active: Unit | None = None
    computed: frozenset[str] | None = None
    arrived: frozenset[str] | None = None
    done: frozenset[str] | None = None  # units whose rules have run

    def has_value(self, u: Unit) -> bool:
        return self.computed is None or u.id in self.computed

    def has_share(self, e: Edge) -> bool:
        """Has the operation at the edge's head handed its gradient back?"""
        return self.arrived is None or e.id in self.arrived

    def has_run_back(self, u: Unit) -> bool:
        """Has the unit's rule run, so that its parameters have their gradients?"""
        return self.done is None or u.id in self.done

    def has_begun_back(self) -> bool:
        """Does the loss have its gradient, 1?"""
        return self.phase not in (START, FORWARD)

    def is_active(self, u: Unit) -> bool:
        return self.active is u

    def lights(self, e: Edge) -> bool:
        """Is this edge what the step is about?"""
        return self.active is not None and e.head is self.active and self.phase in (FORWARD, BACKWARD)

    @property
    def ink(self) -> str:
        """The ink of the pass under way."""
        return "forward" if self.phase == FORWARD else "gradient"

    @property
    def paper(self) -> str:
        return f"{self.ink}-paper"


COMPLETE = Stage()


def stages(view: View, backward: bool = True) -> Iterator[Stage]:
    """One stage a step: the leaves alone, each operation forward; then the gradient 1 of the output, each rule backward."""
    work = [u for u in view.units if u.works]
    computed = {u.id for u in view.units if u.kind == "input"}
    ends: dict[str, list[Unit]] = {}  # outputs that stand on their own light up with the operation that makes them
    for e in view.edges:
        if e.head.kind in ("output", "loss"):
            ends.setdefault(e.tail.id, []).append(e.head)
    nothing: frozenset[str] = frozenset()
    yield Stage(START, 0, len(work), None, frozenset(computed), nothing, nothing)
    for k, u in enumerate(work):
        computed |= {u.id, *(end.id for end in ends.get(u.id, ()))}
        yield Stage(FORWARD, k + 1, len(work), u, frozenset(computed), nothing, nothing)
    if not backward:
        return
    arrived = {e.id for e in view.edges if e.head.kind in ("output", "loss")}
    done: set[str] = set()
    yield Stage(SEED, 0, 0, None, None, frozenset(arrived), nothing)
    order = sorted(work, key=lambda u: max((s.serial, s.index) for s in u.steps), reverse=True)
    order = [u for u in order if any(v.requires_grad for v in u.outputs)]
    for k, u in enumerate(order):
        arrived |= {e.id for e in view.edges if e.head is u}
        done.add(u.id)
        yield Stage(BACKWARD, k + 1, len(order), u, None, frozenset(arrived), frozenset(done))
