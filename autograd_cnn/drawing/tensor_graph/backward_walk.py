"""The backward pass as the graph it is: the walk is run once more, recorded, and each of its operations goes to the forward
node whose rule it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...engine.backward import pullback
from ...engine.node import Leaf, Node, reachable
from ...engine.variable import VALUE_TYPE_OF, box
from ...errors import GraphError
from ...graph.graph import Graph
from ...graph.step import Step, Value
from ...graph.tape_reader import one
from ...graph.trace import trace
from ..view.view import Unit, View, number_of


@dataclass(slots=True)
class Operation:
    """One operation of the walk, within the cell of its forward node: what it takes and where its result goes."""

    step: Step
    shape: tuple[int, ...] | None
    number: float | None = None  # what it gives, where that is a plain number
    takes: list[int] = field(default_factory=list)  # operations of this cell, by number
    takes_gradient: bool = False  # does it take what arrives at the cell?
    uses: list[str] = field(default_factory=list)  # what the forward pass kept for it, and numbers
    leaves: list[int] = field(default_factory=list)  # forward ids of leaves whose gradient it gives
    leaves_cell: bool = False  # does its result go to other cells?


@dataclass(slots=True)
class Walk:
    """The recorded backward pass, by forward units."""

    graph: Graph
    cells: dict[str, list[Operation]]
    direct: dict[str, list[int]]  # leaves that get, from a unit, what arrived there unchanged


def walk_of(view: View) -> Walk:
    """Run the backward pass of a view's graph, recorded."""
    root = _root(view.graph)
    leaves = [n for n in reachable(root) if isinstance(n, Leaf)]
    raw = view.graph.values[view.graph.outputs[0]].data
    seed = box(one(raw), None)

    arrived: list[Leaf] = []

    def run() -> Any:
        value_type = VALUE_TYPE_OF[raw.__class__]
        found = pullback([root], [seed], value_type, inputs=leaves, accumulate=False, retain_graph=True, create_graph=True, capture={})
        arrived[:] = [leaf for leaf, g in zip(leaves, found or (), strict=True) if g is not None]
        return tuple(g for g in found or () if g is not None)

    graph = trace(run, note=lambda raw: None if hasattr(raw, "shape") else raw)
    ids = {id(v.node): v.id for v in view.graph.values if v.kind == "parameter"}
    reached: dict[int, list[int]] = {}  # for each result of the walk the forward leaves whose gradient it is
    for leaf, out in zip(arrived, graph.outputs, strict=True):
        reached.setdefault(out, []).append(ids[id(leaf)])
    return _Sorter(view, graph, reached, seed.value).walk()


def _root(graph: Graph) -> Node:
    if len(graph.outputs) != 1:
        raise GraphError(f"draw: backward='graph' walks back from one output, got {len(graph.outputs)}.")
    out = graph.values[graph.outputs[0]]
    if out.node is None or out.data is None:
        raise GraphError("draw: backward='graph' needs a recorded value to walk back from: call draw(loss, backward='graph').")
    if number_of(out) is None:
        raise GraphError(
            f"draw: backward='graph' needs an output of a single number, got shape {list(out.shape or ())}. Reduce it (.sum())."
        )
    return out.node


class _Sorter:
    """Sorts the operations of a walk into cells, one for each forward unit."""

    def __init__(self, view: View, graph: Graph, reached: dict[int, list[int]], seed: Any) -> None:
        self.view, self.graph, self.reached, self.seed = view, graph, reached, seed
        self.unit_of = {s.serial: u for u in view.units for s in u.steps}
        self.node_of = {s.serial: view.graph.values[s.outputs[0]].node for u in view.units for s in u.steps if s.outputs}
        self.producer = graph.producer()
        self.place: dict[int, tuple[str, int]] = {}  # step -> (unit, number in its cell)

    def walk(self) -> Walk:
        cells: dict[str, list[Operation]] = {}
        for step in self.graph.steps:
            unit = self.unit_of.get(step.origin or -1)
            if unit is None:
                self.sum_of_leaf(step, cells)
                continue
            cell = cells.setdefault(unit.id, [])
            self.place[step.index] = unit.id, len(cell)
            cell.append(self.operation(step, unit))
        self.mark_leaving(cells)
        return Walk(self.graph, cells, self.direct(cells))

    def sum_of_leaf(self, step: Step, cells: dict[str, list[Operation]]) -> None:
        """The sum of what several operations bring to one leaf belongs to no rule: each of them gives its share."""
        leaf = next((v.id for v in self.view.graph.values if v.kind == "parameter" and v.node and v.node.serial == step.origin), None)
        for i in step.inputs:
            by = self.producer.get(i)
            home = self.place.get(by.index) if by else None
            if home is not None and leaf is not None:
                cells[home[0]][home[1]].leaves.append(leaf)

    def operation(self, step: Step, unit: Unit) -> Operation:
        given = self.graph.values[step.outputs[0]]
        made = Operation(step, given.shape, number_of(given))
        for i in step.inputs:
            by = self.producer.get(i)
            value = self.graph.values[i]
            home = self.place.get(by.index) if by else None
            if home is not None and home[0] == unit.id:
                made.takes.append(home[1])
            elif home is not None or value.data is self.seed:
                made.takes_gradient = True
            else:
                made.uses.append(self.name_of(value, step.origin))
        made.leaves = [leaf for out in step.outputs for leaf in self.reached.get(out, ())]
        return made

    def name_of(self, value: Value, origin: int | None) -> str:
        """What an operation of the walk takes from the forward pass, as the forward operation calls it."""
        node: Any = self.node_of.get(origin or -1) if value.shape is not None else None
        for k, raw in zip(node.prim.keep, node.kept or (), strict=False) if node is not None and node.prim else ():
            if any(part is value.data for part in (raw if isinstance(raw, tuple) else (raw,))):
                return str(k.name)
        number = number_of(value)
        return "" if number is None else self.view.words.digits(number, 4)

    def mark_leaving(self, cells: dict[str, list[Operation]]) -> None:
        for step in self.graph.steps:
            here = self.place.get(step.index)
            for i in step.inputs:
                by = self.producer.get(i)
                home = self.place.get(by.index) if by else None
                if home is not None and here is not None and home[0] != here[0]:
                    cells[home[0]][home[1]].leaves_cell = True

    def direct(self, cells: dict[str, list[Operation]]) -> dict[str, list[int]]:
        """Leaves whose gradient no operation of their own unit made: what arrived there is it."""
        found: dict[str, list[int]] = {}
        for unit in self.view.units:
            made = {leaf for operation in cells.get(unit.id, ()) for leaf in operation.leaves}
            found[unit.id] = [p.value.id for p in unit.pills if p.value.requires_grad and p.value.id not in made]
        return found
