"""From a traced graph to a plan: its operations run once more, and their backward pass, heard by a tracer, so that the backward pass is a
graph as the forward one is, whatever the operations are. Nothing of the user's is touched: parameters and generators are copies."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ..config import Switch
from ..engine.backward import pullback
from ..engine.node import BackwardScope, Leaf
from ..engine.variable import VALUE_TYPE_OF, Variable, box, unbox
from ..engine.versions import clock
from ..errors import GraphError
from ..graph.graph import Graph
from ..graph.step import Step, Update, exchanged
from ..graph.tracer import Call, Tracer
from ..ops.random.dropout import _dropout, _masked
from ..ops.registry.derived import _derived
from ..random import Generator, default_generator
from .names import by_kind
from .plan import Line, Move, Plan, Quantity, Ref


def plan(graph: Graph, backward: bool) -> Plan:
    """What the graph computes; `backward`: and the gradients of its parameters and of the inputs that require a gradient (of all floating
    inputs, if nothing does).

    Raises:
        GraphError: a graph that cannot be replayed, or that nothing could be differentiated in.
    """
    if not graph.replayable:
        raise GraphError(
            "source: this graph was read from a tape, which does not hold everything: expected one made by trace(fn, *args). A function that "
            "calls backward() or autograd.grad() can be traced, too."
        )
    if graph.obstacle is not None:
        raise GraphError(f"source: {graph.obstacle} A program of this graph would not do what the function does.")
    return _Run(graph, backward).plan()


class _Run:
    """One more run of the graph."""

    def __init__(self, graph: Graph, backward: bool) -> None:
        self.graph = graph
        self.tracer = Tracer(lambda raw: raw)
        self.env: dict[int, Any] = {}  # the graph's values
        self.places: dict[int, int] = {}  # the graph's values -> the tracer's
        self.drawn: dict[int, Any] = {}  # random numbers, by the tracer's id
        self.fixed: set[int] = set()  # the constants that the function makes, by the tracer's id
        self.given: set[int] = set()  # what is there before the first step, by the tracer's id
        self.steps: list[Step] = []  # those of the forward pass, as the tracer heard them
        wanted = self._wanted() if backward else set()
        for v in graph.values:
            if v.kind != "result":
                self._take(v, v.id in wanted)
        state = default_generator.get_state()
        try:
            for step in graph.steps:
                self._step(step)
        finally:
            default_generator.set_state(state)
        self.seeds: list[tuple[int | None, int]] = []  # the tracer's ids, and the outputs that they belong to
        self.wanted: list[int] = []
        self.gradients: list[int | None] = []
        if backward:
            self._pull(sorted(wanted, key=self._order))

    def _order(self, i: int) -> tuple[bool, int]:
        return i not in self.graph.inputs, i

    def _wanted(self) -> set[int]:
        values = self.graph.values
        found = {v.id for v in values if v.kind == "parameter" or (v.kind == "input" and v.requires_grad)}
        floating = {i for i in self.graph.inputs if values[i].dtype is None or np.dtype(values[i].dtype).kind == "f"}
        if not found and not floating:
            raise GraphError("source(backward=True): expected parameters, or floating-point inputs, to differentiate, got none.")
        return found or floating

    def _take(self, v: Any, wanted: bool) -> None:
        """A value that is there before the first step."""
        raw = np.array(v.data) if isinstance(v.data, np.ndarray) else v.data
        variable = v.kind in ("input", "parameter") or v.of is not None or v.shape is not None
        if not variable or raw.__class__ not in VALUE_TYPE_OF:
            self.env[v.id] = raw
            return
        x = self.env[v.id] = box(raw, Leaf(raw, clock()) if wanted else None)
        self.places[v.id] = self.tracer.declare(x, "parameter" if wanted else "constant")
        if v.kind == "constant" and v.of is None:
            self.fixed.add(self.places[v.id])

    def _step(self, step: Step) -> None:
        given = [self._without_node(i) if place in step.bare else self.env[i] for place, i in enumerate(step.inputs)]
        for at in step.absent:
            given.insert(at, None)
        params = {k: exchanged(p, step.linked, lambda at: unbox(self.env[at])) for k, p in step.params.items()}
        draws = step.primitive is _dropout
        if draws:
            params["generator"] = copy.deepcopy(params["generator"] or default_generator)
        state = None
        if step.primitive is _derived:
            params["fn"], draws = _apart(params["fn"])
            state = default_generator.get_state()
        before = len(self.tracer.steps)
        with Switch(tracer=self.tracer, record=step.recorded):
            made = step.primitive(*given, **params)
        draws = draws or (state is not None and not np.array_equal(unbox(default_generator.get_state()), unbox(state)))
        self.steps += [step] * (len(self.tracer.steps) - before)
        for out, x in zip(step.outputs, made if isinstance(made, tuple) else (made,), strict=True):
            self.env[out] = x
            self.places[out] = self.tracer.ids[id(x)]
        if draws:
            self.drawn[self.places[step.outputs[-1]]] = unbox(self.env[step.outputs[-1]])

    def _without_node(self, i: int) -> Any:
        """A value that was handed over as an array, so that no gradient flows there."""
        x = self.env[i]
        if not isinstance(x, Variable):
            return x
        alone = box(x.value, None)
        self.tracer.ids[id(alone)] = self.places[i]
        self.tracer.alive.append(alone)
        return alone

    def _pull(self, wanted: Sequence[int]) -> None:
        tracer = self.tracer
        roots = [i for i in dict.fromkeys(self.graph.outputs) if isinstance(self.env[i], Variable) and self.env[i].node is not None]
        if not roots:
            raise GraphError(
                "source(backward=True): nothing that the function returns depends on what could be differentiated: expected an output "
                "computed from parameters, or from floating-point inputs, outside no_grad()."
            )
        alone = len(roots) == 1 and getattr(self.env[roots[0]].value, "shape", ()) == ()
        seeds, rng = [], np.random.default_rng(0)  # any will do: what follows from ones alone may be nothing
        for i in roots:
            raw = self.env[i].value
            one = alone or not hasattr(raw, "dtype")
            g = box(_one(raw) if one else rng.standard_normal(raw.shape).astype(raw.dtype), None)
            at = tracer.declare(g, "constant")
            if alone:
                self.fixed.add(at)
            self.seeds.append((None if alone else at, self.places[i]))
            tracer.gradients[at] = self.places[i]
            seeds.append(g)
        nodes = [self.env[i].node for i in wanted]
        kind = type(self.env[roots[0]])
        with Switch(tracer=tracer):
            found = pullback(
                [self.env[i].node for i in roots], seeds, kind, inputs=nodes, accumulate=False, retain_graph=False, create_graph=False
            )
        self.wanted = [self.places[i] for i in wanted]
        self.gradients = [None if g is None else tracer.argument(g) for g in found or ()]

    # ------------------------------------------------------------------------------------------------ what it came to
    def plan(self) -> Plan:
        """The plan of what was heard."""
        tracer, graph = self.tracer, self.graph
        self.given = {*self.places.values(), *(s for s, _ in self.seeds if s is not None)}.difference(
            o for c in tracer.steps for o in c.outputs
        )
        wishes = {self.places[i]: name for i, name in self._wishes().items()}
        gradients = {
            **{self.places[v.id]: self.places[v.gradient_of] for v in graph.values if v.gradient_of is not None},
            **tracer.gradients,
        }
        quantities = {i: self._quantity(i, wishes.get(i), gradients.get(i)) for i in range(len(tracer.values))}
        first = [self.places[s.outputs[0]] if s.outputs else None for s in graph.steps]
        lines = []
        for k, call in enumerate(tracer.steps):
            step = self.steps[k] if k < len(self.steps) else None
            if step is not None:
                rule = None if step.rule is None else first[step.rule]
            else:
                rule = tracer.value_of(call.scope.of) if isinstance(call.scope, BackwardScope) else None
            lines += self._line(call, step, rule, quantities)
        found = [self.places[v.id] for v in graph.values if v.kind == "parameter" or (v.kind == "constant" and v.of is not None)]
        inputs = [self.places[i] for i in graph.inputs]
        return Plan(
            quantities,
            tuple(lines),
            tuple(dict.fromkeys([*inputs, *found, *self.drawn])),
            tuple(self.places[i] if i in self.places else self._number(i, quantities) for i in graph.outputs),
            graph.structure,
            tuple(s for s, _ in self.seeds),
            tuple(self.wanted),
            tuple(self.gradients),
            tuple(self._moves()),
            self._notes(),
        ).pruned()

    def _wishes(self) -> dict[int, str]:
        """What the graph's values are called: by modules, by the function."""
        graph = self.graph
        names = {v.id: v.name for v in graph.values if v.name is not None and v.id in self.places}
        held = Counter(v.name for v in graph.values if v.held)
        alike = any(n > 1 for n in held.values())  # two modules call theirs by one name
        called = {i: n for i, n in graph.called.items() if i in self.places and (i in graph.inputs or i not in names or alike)}
        kinds = {s.name: s.kind for step in graph.steps for s in step.scope if s.name.isdigit()}
        return {i: _said_by_kind(n, kinds) for i, n in {**names, **called}.items()}

    def _quantity(self, i: int, wish: str | None, gradient_of: int | None) -> Quantity:
        v = self.tracer.values[i]
        handed = i in self.drawn or (i in self.given and i not in self.fixed)
        kind = "argument" if handed else "result" if v["kind"] == "result" else "constant"
        data = self.drawn.get(i, v["data"])
        if kind == "constant" and isinstance(data, np.generic):  # beside tensors it counts as a Python number
            return Quantity(i, kind, data=data.item())
        dtype = None if v["dtype"] is None else np.dtype(v["dtype"])
        shape = None if v["shape"] is None else tuple(v["shape"])
        return Quantity(i, kind, shape, dtype, data, wish, gradient_of)

    def _number(self, i: int, quantities: dict[int, Quantity]) -> int:
        """An output that no variable carries."""
        at = len(quantities)
        quantities[at] = Quantity(at, "constant", data=self.env[i])
        return at

    def _line(self, call: Call, step: Step | None, rule: int | None, quantities: dict[int, Quantity]) -> list[Line]:
        if call.prim is _derived and call.outputs[0] in self.drawn:
            return []
        params = {k: _with_refs(exchanged(p, call.linked, Ref), quantities) for k, p in call.params.items()}
        scope = () if step is None else step.scope
        if call.prim is _dropout:
            given, params = (call.given[0], call.outputs[1]), {"scale": params["scale"]}
            return [Line(_masked, given, call.outputs[:1], params, scope, rule)]
        return [Line(call.prim, call.given, call.outputs, params, scope, rule, step is None)]

    def _moves(self) -> list[Move]:
        """What is written into arguments; a write into what the function made itself needs no line, unless it is seen by another way."""
        graph, memory = self.graph, _Memory(self.graph)
        found = []
        for w in graph.writes:
            later = {i for s in graph.steps[w.after :] for i in (*s.inputs, *s.linked.values())} | {*graph.outputs}
            root = memory.of(w.target)
            partly = graph.values[root].kind != "result" and not memory.whole(w.target)
            if partly or later.intersection(memory.before(root, w.after)):
                raise GraphError(
                    "source: the function writes into memory that it then reads by another way than the tensor written to (a detached tensor, "
                    ".data, an embedding's max_norm): expected an operation that gives a new tensor, or such a write outside the function."
                )
            if isinstance(w, Update):
                found.append(Move(self.places[root], tuple(self.places[i] for i in w.values), w.fn))
            else:
                memory.written(w.source, root)
                if graph.values[root].kind != "result":
                    found.append(Move(self.places[root], (self.places[w.source],)))
        last = {m.target: k for k, m in enumerate(found) if m.fn is None}  # what is overwritten again is not written before
        return [m for k, m in enumerate(found) if m.fn is not None or last[m.target] == k]

    def _notes(self) -> tuple[str, ...]:
        taken = self.graph.taken
        if taken is None:
            return ()
        return (
            f"The function takes numbers out of tensors ({_file_name(taken)}): they are those of the traced run here, and so are the ways that "
            "they chose.",
        )


class _Memory:
    """Which of a graph's values lie in one memory: views of a value, and what was written into it."""

    def __init__(self, graph: Graph) -> None:
        self.steps = graph.steps
        self.viewed = {o: s.inputs[0] for s in graph.steps if s.primitive.view and s.inputs for o in s.outputs}
        self.into: dict[int, int] = {}

    def of(self, i: int) -> int:
        """The first value of the memory that a value lies in."""
        while i in self.viewed or i in self.into:
            i = self.into.get(i, self.viewed.get(i, i))
        return i

    def whole(self, i: int) -> bool:
        """Is it all of that memory?"""
        while i in self.into:
            i = self.into[i]
        return i not in self.viewed

    def before(self, root: int, after: int) -> set[int]:
        """The values in a memory after so many steps."""
        made = {o for s in self.steps[:after] for o in s.outputs}
        return {root} | {i for i in made if self.of(i) == root}

    def written(self, source: int, root: int) -> None:
        """From now on the value lies in that memory."""
        self.into[source] = root


def _one(raw: Any) -> Any:
    return np.ones(raw.shape, raw.dtype) if hasattr(raw, "dtype") else 1.0


def _file_name(where: str) -> str:
    """`item() at loss.py:3, in f` of what names a whole path."""
    how, at, rest = where.partition(" at ")
    return how + at + rest.replace("\\", "/").rpartition("/")[2]


def _apart(fn: Any) -> tuple[Any, bool]:
    """A function of values that draws from a generator, with a generator of its own in the same state; and whether it draws."""
    if not isinstance(fn, partial):
        return fn, False
    draws = any(isinstance(a, Generator) for a in (*fn.args, *fn.keywords.values()))
    own = {k: copy.deepcopy(a) if isinstance(a, Generator) else a for k, a in fn.keywords.items()}
    return partial(fn.func, *(copy.deepcopy(a) if isinstance(a, Generator) else a for a in fn.args), **own), draws


def _with_refs(params: Any, quantities: dict[int, Quantity]) -> Any:
    """Parameters whose arrays are quantities, too: constants of their own."""
    if isinstance(params, np.ndarray):
        found = next((q.id for q in quantities.values() if q.data is params and q.kind != "result"), None)
        if found is None:
            found = len(quantities)
            quantities[found] = Quantity(found, "constant", params.shape, params.dtype, params)
        return Ref(found)
    if type(params) in (tuple, list):
        return type(params)(_with_refs(p, quantities) for p in params)
    return params


def _said_by_kind(name: str, kinds: dict[str, str]) -> str:
    """`0.weight`, of a module that only a number names, by its class: `linear0.weight`."""
    first, dot, rest = name.partition(".")
    return f"{by_kind(first, kinds[first])}{dot}{rest}" if first in kinds else name
