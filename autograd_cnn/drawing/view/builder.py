"""How a `View` is made of a `Graph`: what is folded, framed, hung on something else, or hidden."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import count
from typing import Any

from ...engine.node import ScopeName
from ...graph.graph import Graph
from ...graph.step import Step, Value
from ..canvas.text import Words
from .blocks import Block, Deck, Likeness, Row
from .deck_differences import differences
from .expressions import expressions_of, unit_of
from .failure import Failure
from .folding import Fold, Part, Tree, cut_of
from .local_gradients import places
from .naming import output_names, title_of
from .notes import notes_of, passes_back
from .view import NAMELESS, Edge, Panel, Pill, Scopes, Unit, View, number_of, parameters_of

FEW_PILLS = 6  # so many leaves hang on a unit one by one
FEW_INPUTS = 3  # so many inputs of a folded unit stand one by one
# Array constants of these families are state of the layer (running statistics, masks), not data that flows in.
_ANY = ("input", "other", "constant")  # names of arguments that say nothing of a constant
_STATE_FAMILIES = ("norm", "dropout", "random")


def view_of(
    graph: Graph,
    fold: Fold | None = None,
    circuit: bool = False,
    words: Words | None = None,
    tree: Tree | None = None,
    failure: Failure | None = None,
) -> View:
    """Build the view.

    Args:
        fold: what is drawn as one node; nothing by default.
        circuit: the view of a graph over plain numbers: every leaf stands alone, and an output is the end of its wire.
        words: the language; English by default.
        tree: of the graph's module calls, where several views are made of it.
        failure: of a graph that ends before its end, why.
    """
    return _Builder(tree or Tree(graph), fold or Fold(rule="none"), circuit, words or Words(), failure).build()


class _Builder:
    def __init__(self, tree: Tree, fold: Fold, circuit: bool, words: Words, failure: Failure | None) -> None:
        self.tree, self.graph = tree, tree.graph
        graph = tree.graph
        self.failure = failure
        self.words = words
        self.circuit = circuit
        self.fold = fold
        self.producer = graph.producer()
        self.ids: dict[str, int] = {}
        self.unit_of_step: dict[int, Unit] = {}
        self.uses: dict[int, list[Step]] = {}
        self.calls = Counter(step.call for step in graph.steps)
        for step in graph.steps:
            for v in taken(step):
                self.uses.setdefault(v, []).append(step)
        self.of_modules = parameters_of(graph)
        roots = {s.scope[0] for s in graph.steps if s.scope}
        self.root = next(iter(roots)) if len(roots) == 1 else None

    def build(self) -> View:
        units = self.make_units()
        panels = self.make_panels(units)
        self.name_units(units)
        nodes = self.place_leaves(units)
        order = {id(u): i for i, u in enumerate(units)}
        heads = self.place_outputs() if self.failure is None else self.place_failure(units)
        everything = sorted(nodes, key=lambda n: min((order[id(e)] for e in n[1]), default=0))
        all_units = [n[0] for n in everything] + units + list({id(h[0]): h[0] for h in heads}.values())
        edges = self.make_edges(nodes, units, heads)
        parameters = {v.id: v for v in self.graph.values if self.is_parameter(v) and (v.id in self.uses or v.id in self.graph.outputs)}
        return View(self.graph, all_units, edges, panels, parameters, self.root, self.words, self.failure)

    # ------------------------------------------------------------------------------------------------- units
    def make_units(self) -> list[Unit]:
        if self.circuit and self.fold.expressions:
            units = [unit_of(e, self.words) for e in expressions_of(self.graph, self.fold.expressions > 2)]
        else:
            units = [self.unit(part) for part in cut_of(self.tree, self.fold, self.inputs_drawn() + len(self.graph.outputs))]
        for unit in units:
            for step in unit.steps:
                self.unit_of_step[step.index] = unit
                unit.parameters.update(self.parameters_of(step))
        for unit in units:
            inside = {s.index for s in unit.steps}
            results = [self.graph.values[o] for s in unit.steps for o in s.outputs]
            leaving = [v for v in results if v.id in self.graph.outputs or any(u.index not in inside for u in self.uses.get(v.id, ()))]
            unit.outputs = leaving or results[-1:]
        if not self.circuit:
            self.find_likes(units)
        return units

    def inputs_drawn(self) -> int:
        """About how many inputs stand alone: not those that hang on their layers, and many of one shape as one."""
        values = [self.graph.values[i] for i in self.graph.inputs]
        alone = [v for v in values if not self.is_parameter(v) and not self.is_state(v, self.uses.get(v.id, []))]
        alike = Counter((v.shape, str(v.dtype)) for v in alone)
        return sum(n if n <= FEW_INPUTS else 1 for n in alike.values())

    def unit(self, part: Part) -> Unit:
        steps = list(self.graph.steps[part.start : part.end])
        if isinstance(part, Deck):
            scopes = part.copies[0][0].scopes[: -1 if part.copies[0][0].call else None]
            unit = Unit("", "deck", self.deck_title(part), scopes, steps)
            unit.copies = [list(self.graph.steps[copy[0].start : copy[-1].end]) for copy in part.copies]
            unit.copy_kind = self.kind_of_copy(part.copies[part.usual])
            unit.differences = differences(self.graph, part)
            unit.loop = self.is_loop(unit.copies)
            return unit
        if isinstance(part, Row):
            first = part.blocks[0]
            unit = Unit("", "module", first.name if first.call else "", first.scopes if first.call else (*first.scopes, NAMELESS), steps)
            unit.copy_kind = self.kind_of_copy(part.blocks)
            return unit
        if part.call and (len(steps) > 1 or self.parameters_of(steps[0])):
            return Unit("", "module", part.name, part.scopes, steps)
        unit = Unit("", "op", "", steps[0].scope, steps)
        unit.notes = notes_of(steps, unit.main, self.graph, self.words)
        unit.title = self.words.label(title_of(unit, self.calls[steps[0].call]))
        if len(steps) == 1 and " " in (label := self.words.label(steps[0].label)) and not label.startswith(unit.title):
            unit.notes.insert(0, label)  # what the call comes down to
        return unit

    def is_loop(self, copies: list[list[Step]]) -> bool:
        """Does each copy take what the one before gave, and do all take the same parameters?"""
        shared = [{i for s in copy for i in s.inputs if self.graph.values[i].kind == "parameter"} for copy in copies]
        if not shared[0] or any(ids != shared[0] for ids in shared):
            return False
        given = [{o for s in copy for o in s.outputs} for copy in copies]
        return all(any(i in before for s in copy for i in s.inputs) for before, copy in zip(given, copies[1:], strict=False))

    def deck_title(self, deck: Deck) -> str:
        """The names of what is repeated: "cell", or "1 … 35"."""
        first, last = deck.copies[0], deck.copies[-1]
        calls = [b for b in first if b.call]
        if len(first) == 1 and calls:
            return first[0].name if first[0].name == last[0].name else f"{first[0].name} … {last[0].name}"
        return calls[0].name if len(calls) == 1 and calls[0].name == next(b for b in last if b.call).name else ""

    def kind_of_copy(self, copy: list[Block]) -> str:
        said = [b.kind if b.call else self.words.label(self.graph.steps[b.start].label) for b in copy]
        return ", ".join(said[:3]) + (", …" if len(said) > 3 else "")

    def find_likes(self, units: list[Unit]) -> None:
        """Equal blocks, wherever they stand: a folded module tells where its like stands already."""
        folded = [u for u in units if u.folded]
        if len(folded) < 2:
            return
        likeness = Likeness(self.graph)
        known: dict[int, Unit] = {}
        for u in folded:
            steps = u.copies[len(u.copies) // 2] if u.copies else u.steps
            first = known.setdefault(likeness.build(steps[0].index, steps[-1].index + 1), u)
            if first is not u and u.kind == "module" and not u.copy_kind and not (first.kind == "module" and first.copy_kind):
                u.like = ".".join(s.name for s in first.scopes if s.name) + (f".{first.title}" if first.kind == "deck" else "")

    def parameters_of(self, step: Step) -> dict[int, Value]:
        values = (self.graph.values[i] for i in step.inputs)
        return {v.id: v for v in values if self.is_parameter(v)}

    def is_parameter(self, value: Value) -> bool:
        return value.id in self.of_modules

    # ------------------------------------------------------------------------------------------------- panels
    def make_panels(self, units: list[Unit]) -> list[Panel]:
        """A panel for each module call that has parameters of its own or frames several units; an operation alone needs
        no frame, its card names the module."""
        skip = 1 if self.root is not None else 0
        made: dict[Scopes, Panel] = {}
        top: list[Panel] = []
        for unit in units:
            path = unit.scopes[:-1] if unit.kind == "module" else unit.scopes
            parent: Panel | None = None
            for end in range(skip + 1, len(path) + 1):
                panel = made.get(path[:end])
                if panel is None:
                    step = path[end - 1]
                    panel = made[path[:end]] = Panel("", step.name or step.kind, step.kind, parent)
                    (parent.panels if parent else top).append(panel)
                parent = panel
            unit.panel = parent
            if parent:
                parent.units.append(unit)
        top = [q for p in top for q in self.simplify(p)]
        return self.name_panels(top, "")

    def simplify(self, panel: Panel) -> list[Panel]:
        """Dissolve panels around a lone bare operation; join a panel that holds nothing but another one with it."""
        panel.panels = [q for p in panel.panels for q in self.simplify(p)]
        units = panel.all_units()
        for u in units:
            panel.parameters.update(u.parameters)
        if len(units) == 1 and not (units[0].kind == "op" and units[0].parameters):
            units[0].panel = panel.parent
            if units[0].kind == "deck":
                units[0].title = panel.name
            if units[0].kind == "op" and units[0].module is None:
                units[0].module = ScopeName(panel.name, panel.kind, 0)
            if panel.parent:
                panel.parent.units.append(units[0])
            return []
        if not panel.units and len(panel.panels) == 1:
            inner = panel.panels[0]
            inner.name, inner.parent = f"{panel.name}.{inner.name}", panel.parent
            return [inner]
        return [panel]

    def name_panels(self, panels: list[Panel], prefix: str) -> list[Panel]:
        named = []
        for p in panels:
            path = f"{prefix}.{p.name}" if prefix else p.name
            p.id = self.new_id(f"m-{path}")
            named += [p, *self.name_panels(p.panels, path)]
        return named

    def name_units(self, units: list[Unit]) -> None:
        for u in units:
            names = [s.name for s in u.scopes if s.name]
            if u.kind == "op":
                names.append(u.steps[0].name)
            elif u.kind == "deck":
                names += ["each", u.title or u.copy_kind]
            u.id = self.new_id(("op-" if u.kind == "op" else "m-") + ("-".join(names) or u.called))

    def new_id(self, wish: str) -> str:
        """A stable id: the wish, numbered if it was given before."""
        wish = re.sub(r"[^A-Za-z0-9_.-]+", "-", wish)
        count = self.ids[wish] = self.ids.get(wish, 0) + 1
        return wish if count == 1 else self.new_id(f"{wish}-{count}")

    # ------------------------------------------------------------------------------------------------- leaves
    def place_leaves(self, units: list[Unit]) -> list[tuple[Unit, list[Unit]]]:
        """Hang parameters and side inputs on their units; return the inputs that stand alone, each with its
        consumers."""
        alone: list[tuple[Unit, list[Unit]]] = []
        for value in self.graph.values:
            steps = self.uses.get(value.id, [])
            if self.failure is not None and value.kind == "input" and value.id in self.failure.takes and not steps:
                alone.append((self.standing(value), []))
            if value.id in self.producer or not steps:
                continue
            units_of = [self.unit_of_step[s.index] for s in steps]
            users = list({id(u): u for u in units_of}.values())
            uses = len({id(u) if len(u.steps) > 1 and u.kind == "op" else i for i, u in enumerate(units_of)})
            if self.circuit and self.fold.expressions > 1 and len(steps) == 1 and users[0].kind == "module":
                number = number_of(value)
                users[0].hidden.append(f"{value.name or value.kind}" + ("" if number is None else f" = {self.words.digits(number, 6)}"))
            elif self.circuit and (value.kind != "constant" or value.name):
                alone.append((self.standing(value), users))
            elif self.is_parameter(value):
                for u in users:
                    if u.kind == "op":
                        self.hang(u, value, "parameter", uses)
            elif value.kind == "constant" or self.is_state(value, steps):
                for u in users:
                    self.place_constant(u, value)
            elif len(users) == 1 and len(steps) == 1 and (value.id not in steps[0].inputs or self.has_main_path(users[0], value)):
                self.hang(users[0], value, "input", 1)
            else:
                alone.append((self.standing(value), users))
        for u in units:
            self.stack_pills(u)
        return self.bundled(alone)

    def stack_pills(self, unit: Unit) -> None:
        """Many leaves of one kind and shape on one unit, such as the parts of a concatenation, become one pill."""
        if len(unit.pills) <= FEW_PILLS:
            return
        groups: dict[Any, list[Pill]] = {}
        for p in unit.pills:
            alike = (p.kind, p.value.shape, p.value.dtype, p.value.requires_grad, p.uses, p.cut)
            groups.setdefault(alike, []).append(p)
        unit.pills = []
        for group in groups.values():
            if len(group) <= FEW_INPUTS:
                unit.pills += group
                continue
            first, last = group[0], group[-1]
            first.more = [p.value for p in group[1:]]
            first.name = f"{first.name} … {last.name}" if first.value.name and last.value.name else first.name
            unit.pills.append(first)

    def bundled(self, alone: list[tuple[Unit, list[Unit]]]) -> list[tuple[Unit, list[Unit]]]:
        """Many inputs of one shape that go to one folded unit, such as the steps of a sequence, become one node."""
        groups: dict[Any, list[tuple[Unit, list[Unit]]]] = {}
        for u, users in alone:
            value = u.outputs[0]
            fold = len(users) == 1 and users[0].folded and not value.requires_grad
            groups.setdefault((id(users[0]), value.shape, value.dtype) if fold else id(u), []).append((u, users))
        self.name_leaves([u for group in groups.values() for u, _ in group])
        found = []
        for group in groups.values():
            if len(group) <= FEW_INPUTS:
                found += group
                continue
            first, users = group[0]
            first.title += f" … {group[-1][0].title}"
            first.outputs = [u.outputs[0] for u, _ in group]
            found.append((first, users))
        return found

    def is_state(self, value: Value, steps: list[Step]) -> bool:
        """Running statistics and masks: arrays that a layer holds, not data that someone hands in."""
        return value.name is None and all(s.family in _STATE_FAMILIES and s.inputs[0] != value.id for s in steps)

    def standing(self, value: Value) -> Unit:
        """A leaf on its own."""
        return Unit("", "input", value.name or "", value=value, outputs=[value])

    def name_leaves(self, leaves: list[Unit]) -> None:
        """Leaves without a name are called x, or x1, x2, … where there are several."""
        bare = [u for u in leaves if not u.title]
        taken = {v.name for v in self.graph.values}
        free = (name for i in count(1) if (name := f"x{i}") not in taken)
        for u in bare:
            u.title = "x" if len(bare) == 1 and "x" not in taken else next(free)
        for u in leaves:
            u.id = self.new_id(f"t-{u.title}")

    def has_main_path(self, unit: Unit, value: Value) -> bool:
        """Does the unit get something else from another operation, so that this input only joins it?"""
        inside = {s.index for s in unit.steps}
        others = {i for s in unit.steps for i in s.inputs if i != value.id}
        return any(i in self.producer and self.producer[i].index not in inside for i in others)

    def hang(self, unit: Unit, value: Value, kind: str, uses: int) -> None:
        name = value.name.rsplit(".", 1)[-1] if value.name and kind != "input" and unit.panel else value.name
        name = name or self.argument_name(unit, value)
        pill = Pill(self.new_id(f"{'p' if kind == 'parameter' else 't'}-{value.name or name}"), value, kind, name, uses)
        pill.cut = self.is_cut(unit, value)
        unit.pills.append(pill)

    def is_cut(self, unit: Unit, value: Value) -> bool:
        """Does a value want a gradient that this unit, which takes it, does not hand back?"""
        takes = [s for s in unit.steps if value.id in taken(s)]
        return value.requires_grad and bool(takes) and not any(passes_back(s, value.id, self.graph.values) for s in takes)

    def argument_name(self, unit: Unit, value: Value) -> str:
        """A leaf without a name is called as the operation calls this argument."""
        step = next((s for s in unit.steps if value.id in s.inputs), None)
        if step is None:  # among the parameters, as an index
            return self.words("index")
        names = getattr(step.primitive, "inputs", ())
        at = places(step)[step.inputs.index(value.id)]
        name = str(names[at]) if at < len(names) else value.kind
        return self.words("constant") if value.kind == "constant" and name in _ANY else name

    def place_constant(self, unit: Unit, value: Value) -> None:
        number = number_of(value)
        step = next((s for s in unit.steps if value.id in s.inputs), None)
        name = value.name or self.argument_name(unit, value)
        if step is not None and (number is not None or self.circuit):
            if len(unit.steps) == 1:  # of a call of several the numbers within are its own affair
                unit.constants.append("c" if number is None else self.words.digits(number, 6))
                unit.constant_places.append(places(step)[step.inputs.index(value.id)])
        elif value.shape is None or unit.folded or (step is not None and step.family in _STATE_FAMILIES and step.inputs[0] != value.id):
            unit.hidden.append(name)
        else:
            self.hang(unit, value, "buffer" if value.held else "constant", 1)

    def place_outputs(self) -> list[tuple[Unit, int]]:
        """A node for each output of the graph."""
        heads: list[tuple[Unit, int]] = []
        if self.circuit:
            return heads
        ends = [self.graph.values[i] for i in self.graph.outputs]
        alone = all(v.requires_grad and v.shape == () for v in ends)
        names = dict(output_names(self.graph.structure))
        for number, (i, value) in enumerate(zip(self.graph.outputs, ends, strict=True)):
            step = self.producer.get(i)
            is_loss = step is not None and step.family == "loss" and math.prod(value.shape or ()) == 1
            kind = "loss" if is_loss or alone else "output"
            which = str(number + (kind == "loss")) if len(ends) > 1 and not (is_loss and not alone) else ""
            name = value.name or names.get(number) or self.words(kind) + which
            heads.append((Unit(self.new_id(f"t-{value.name or kind + which}"), kind, name, value=value), i))
        return heads

    def place_failure(self, units: list[Unit]) -> list[tuple[Unit, int]]:
        """A node for what did not come about, with what it was given, in the innermost panel that it would have stood in."""
        failure = self.failure
        if failure is None:
            return []
        name = failure.path or failure.kind
        unit = Unit(self.new_id(f"failure-{name}"), "failure", name, failure=failure)
        panels = {id(u.panel): u.panel for u in units if u.panel is not None}
        for panel in panels.values():
            path = panel.id.removeprefix("m-")
            if failure.path.startswith(f"{path}.") and (unit.panel is None or panel.depth >= unit.panel.depth):
                unit.panel = panel
        if unit.panel is not None:
            unit.panel.units.append(unit)
            unit.title = failure.path.removeprefix(unit.panel.id.removeprefix("m-") + ".")
        return [(unit, i) for i in failure.takes]

    # ------------------------------------------------------------------------------------------------- edges
    def make_edges(self, nodes: list[tuple[Unit, list[Unit]]], units: list[Unit], heads: list[tuple[Unit, int]]) -> list[Edge]:
        edges: list[Edge] = []

        between: dict[tuple[str, str], Edge] = {}  # into and out of folded units: one edge for all that goes the same way

        def join(tail: Unit, head: Unit, value: Value, cut: bool = False) -> None:
            known = between.get((tail.id, head.id)) if tail.folded or head.folded else None
            if known is not None:
                known.more.append(value)
                return
            edge = Edge(self.new_id(f"e-{tail.id.split('-', 1)[1]}-{head.id.split('-', 1)[1]}"), tail, head, value, cut=cut)
            between[tail.id, head.id] = edge
            edges.append(edge)

        leaf = {v.id: u for u, _ in nodes for v in u.outputs}
        for unit in units:
            seen: set[int] = set()
            for step in unit.steps:
                for place, i in enumerate(taken(step)):
                    made = self.producer.get(i)
                    tail = self.unit_of_step[made.index] if made else leaf.get(i)
                    if tail is None or tail is unit or (len(unit.steps) > 1 and i in seen):
                        continue
                    seen.add(i)
                    detached = place in step.bare and self.graph.values[i].requires_grad
                    join(tail, unit, self.graph.values[i], detached and len(unit.steps) == 1)
        for head, i in heads:
            made = self.producer.get(i)
            source = self.unit_of_step[made.index] if made else leaf.get(i)
            if source is not None:
                join(source, head, self.graph.values[i])
        branches: dict[int, int] = {}
        for e in edges:
            for v in e.values:
                branches[v.id] = branches.get(v.id, 0) + 1
        for e in edges:
            e.branches = branches[e.value.id]
            e.cut = e.cut or (e.head.works and all(self.is_cut(e.head, v) for v in e.values))
        return edges


def taken(step: Step) -> tuple[int, ...]:
    """The values that a step takes: its inputs, and those among its parameters, such as an index."""
    return (*step.inputs, *(i for i in dict.fromkeys(step.linked.values()) if i not in step.inputs))
