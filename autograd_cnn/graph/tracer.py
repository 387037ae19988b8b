"""Who listens while a function runs: every call of a primitive, what is written, and a backward pass within the function."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from ..config import current, scope
from ..engine.node import Leaf, Node
from ..engine.record import SELECT_OUTPUT, OutputCotangents, asked_by_user, user_line
from ..engine.variable import Variable, unbox
from ..engine.versions import clock, owner, version
from ..errors import GraphError
from .calls import Calls, library_layer
from .step import Update, Write, leaves_of, place_of


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a primitive: the values in the places of its arguments (None: left out), those of variables alone, and its results."""

    prim: Any
    given: tuple[int | None, ...]
    carried: tuple[int | None, ...]
    outputs: tuple[int, ...]
    params: dict[str, Any]
    linked: dict[int, int]
    scope: Any
    node: Node | None
    recorded: bool
    call: tuple[str, int] | None = None


class Tracer:
    """Listens to primitives. Values are known by the identity of the variable that carries them, which is kept alive.

    `replays`: will the graph run on other values? An onlooker's will not: he wants to see what runs, and the nodes that were recorded.
    """

    def __init__(self, note: Callable[[Any], Any] | None = None, replays: bool = True) -> None:
        self.note = note
        self.replays = replays
        self.calls = Calls()
        self.written: dict[int, int] = {}  # results that were written over a value -> that value
        self.values: list[dict[str, Any]] = []
        self.steps: list[Call] = []
        self.ids: dict[int, int] = {}
        self.alive: list[Any] = []
        self.made: dict[Node, Call] = {}
        self.nodes: dict[int, Node] = {}  # of the values that were recorded, as they were when they appeared
        self.carriers: dict[int, Any] = {}  # raw values -> the variable that carries them
        self.start = clock()
        self.writes: list[Write | Update] = []
        self.obstacle: str | None = None  # why no replay would do what the function does
        self.taken_at: str | None = None  # where it took a number out of a value that each replay has anew
        self.found: set[int] = set()  # the variables that were there before
        self.loose: set[int] = set()  # bases of views that the trace knows as what was written into them, in memory of its own
        self.roots: dict[int, Any] = {}  # variables that are no views
        self.leaves: dict[Node, int] = {}
        self.gradients: dict[int, int] = {}  # gradients in a backward pass -> the values that they are of
        self.heard: dict[int, int] = {}  # storages -> how often they had been written to when the trace last heard of it

    def declare(self, x: Any, kind: str, name: str | None = None, made: bool = False) -> int:
        """The id of a value, made at its first appearance. `made`: by the function itself."""
        at = self.ids.get(id(x))
        if at is not None and kind != "result":
            return at
        raw = x.value if isinstance(x, Variable) else x
        node = x.node if isinstance(x, Variable) else None
        found = kind in ("parameter", "constant") and isinstance(x, Variable) and not made
        shape = getattr(raw, "shape", None) if isinstance(x, Variable) or hasattr(raw, "dtype") else None
        self.values.append(
            {
                "kind": kind,
                "name": name,
                "shape": shape,
                "dtype": str(raw.dtype) if hasattr(raw, "dtype") else None,
                "data": raw if kind != "result" else None if self.note is None else self.note(raw),
                "requires_grad": node is not None,
                "node": node if isinstance(node, Leaf) or not self.replays else None,
                "made": made,
                "of": x if found else None,
                "place": place_of(x, scope()) if found else None,
            }
        )
        if node is not None:
            self.nodes[len(self.values) - 1] = node
        if isinstance(node, Leaf):
            self.leaves.setdefault(node, len(self.values) - 1)
        self.follow(x)
        if kind != "result" and not made:
            self.found.add(id(x))
        self.ids[id(x)] = len(self.values) - 1
        self.alive.append((x, raw))
        self.carriers[id(raw)] = x
        return len(self.values) - 1

    def constant(self, x: Any) -> None:
        """A tensor that the function made from nothing, as it is now: it may be written to."""
        self.ids.pop(id(x), None)
        at = self.declare(x, "constant", made=True)
        self.values[at].update(data=copy.copy(unbox(x)))

    def tensor(self, x: Any) -> None:
        """A tensor that the function made: of an array that an operation gave, or from nothing."""
        at = self._linked(x.value)
        if at is None:
            self.constant(x)
        else:
            self.ids[id(x)] = at
            self.alive.append(x)

    def argument(self, x: Any) -> int:
        """The id of something a primitive was called with: a value of the trace, also without the variable that carried it."""
        at = self.ids.get(id(x))
        if at is None and not (isinstance(x, Variable) and x.node is not None):
            at = self._linked(unbox(x))
        self._check_heard(x)
        if at is not None:
            if not self.replays and isinstance(x, Variable) and x.node is not None:
                self.values[at]["node"] = x.node  # a write to its memory may have given it another since
            return at
        leaf = isinstance(x, Variable) and isinstance(x.node, Leaf)
        if isinstance(x, Variable) and not leaf and self._computed_unheard(x.node):
            self.refuse("the function computes with what was recorded where the trace does not listen, in another thread.")
        return self.declare(x, "parameter" if leaf else "constant", x.node.name_given if leaf else None)

    def _computed_unheard(self, node: Node | None) -> bool:
        """Is a value that the trace does not know computed from one that it knows?"""
        given = {v["node"] for v in self.values if v["kind"] == "input" and v["node"] is not None}
        todo, seen = [node], set()
        while todo:
            n = todo.pop()
            if n is None or n in seen:
                continue
            if n in self.made or n in given:
                return True
            seen.add(n)
            if n.serial > self.start:
                todo.extend(n.inputs)
        return False

    def record(self, prim: Any, args: Any, params: tuple[Any, ...], outs: Any, scope: Any) -> None:
        """One call."""
        for out in outs:  # an argument that it wrote to
            if id(out) in self.ids:
                self.follow(out)
        given = tuple(None if a is None else self.argument(a) for a in args)
        carried = tuple(at if isinstance(a, Variable) and id(a) in self.ids else None for a, at in zip(args, given, strict=True))
        named = dict(zip(prim.params, params, strict=True))
        linked = {id(p): at for p in leaves_of(params) if (at := self._linked(p)) is not None}
        outputs = tuple(self.declare(o, "result") for o in outs)
        node = next((o.node for o in outs if o.node is not None), None)
        if node is not None and node.prim is SELECT_OUTPUT:
            node = node.inputs[0]
        named_call = None if self.replays else library_layer(scope) or self.calls.innermost()
        call = Call(prim, given, carried, outputs, named, linked, scope, node, current().record, named_call)
        self.steps.append(call)
        if node is not None:
            self.made[node] = call

    def _linked(self, p: Any) -> int | None:
        """The id of a parameter that is a value of the trace: an index, a mask."""
        return self.ids.get(id(p if isinstance(p, Variable) else self.carriers.get(id(p)))) if hasattr(p, "dtype") else None

    def varies(self, x: Any) -> bool:
        """Is it, a variable or the array that one carries, another in each replay?"""
        at = self._linked(unbox(x))
        return at is not None and self.values[at]["kind"] != "constant"

    def rebind(self, x: Any, result: Any) -> None:
        """`x` was overwritten by `result`: from now on its name means that value. What no operation computed is a constant."""
        at = self.ids.get(id(result)) if result is not None else self._linked(unbox(x))
        before = self.ids.get(id(x))
        if at is not None and before is not None and at != before:
            self.written[at] = before
        if at is None:
            self.constant(x)
            if result is not None:
                self.ids[id(result)] = self.ids[id(x)]
        else:
            self.ids[id(x)] = at
        self.alive.append((x, unbox(x), result))
        self.carriers[id(unbox(x))] = x
        self.follow(x)

    def taken(self, x: Any, how: str, *through: str) -> None:
        """The function takes numbers out of `x`, by these modules (not the library, which looks at values to check them)."""
        if self.taken_at is None and self.replays and self.varies(x) and asked_by_user(__name__, type(x).__module__, *through):
            self.taken_at = f"{how} at {user_line()}"

    # --------------------------------------------------------------------------------------------- writes
    def refuse(self, why: str) -> None:
        """From now on no replay would do what the function does: it will say why."""
        self.obstacle = self.obstacle or why

    def follow(self, x: Any) -> None:
        """Look at the memory of `x`, as it is now."""
        if isinstance(x, Variable) and hasattr(x.value, "strides"):
            root = x if getattr(x, "_view", None) is None else x._view.base
            self.roots[id(root)] = root
            self.heard[id(owner(x.value))] = version(x.value)

    def _check_heard(self, x: Any) -> None:
        raw = unbox(x)
        if hasattr(raw, "strides") and self.heard.get(id(owner(raw)), version(raw)) != version(raw):
            self.refuse(
                "the function writes into memory in a way that a trace does not follow (an optimizer's step, nn.init, clipping of gradients)."
            )

    def check_all_heard(self) -> None:
        """At the end: has everything been heard that was written?"""
        for root in self.roots.values():
            self._check_heard(root)

    def check_left_behind(self, result: Any) -> None:
        """At the end: hooks on what the result was computed from would not be there after a replay."""
        todo, seen = [x.node for x in carried(result)], set()
        before = {v["node"] for v in self.values}
        outside = {x.node for x in carried(result)} | {
            a[0].node for a in self.alive if type(a) is tuple and id(a[0]) in self.found and isinstance(a[0], Variable)
        }
        while todo:
            node = todo.pop()
            if node is None or node in seen or node.serial <= self.start:
                continue
            seen.add(node)
            if isinstance(node, Leaf) and node in outside - before:
                self.refuse("the function lets tensors require grad (requires_grad_) that it was given, or gives back.")
            extra = node.extra
            if extra is not None and (extra.hooks or extra.before or extra.behind):
                self.refuse(f"the function registers hooks (on {node.name}), which a backward pass through its result would run.")
            todo.extend(node.inputs)

    def shown_elsewhere(self, x: Any) -> bool:
        """Does anybody else see what is written into `x`, no view: from before the function ran, or by other ways than views?"""
        if id(x) in self.found:
            return True
        raw = unbox(x)
        return any(r is not x and hasattr(r.value, "strides") and np.may_share_memory(r.value, raw) for r in self.roots.values())

    def overwrote(self, target: int, x: Any) -> None:
        """The memory of the value `target`, which others see, has been overwritten by what `x` is now."""
        self.writes.append(Write(len(self.steps), target, self.argument(x), current().recording))

    def updated(self, target: Any, fn: Callable[..., Any], values: Sequence[Any]) -> None:
        """`fn(array of the target, *arrays of the values)` has written into the target."""
        self.follow(target)
        self.writes.append(Update(len(self.steps), self.argument(target), fn, tuple(map(self.argument, values))))

    def repointed(self, x: Any) -> None:
        """`x` is about to look at other memory, or to look otherwise at its own."""
        if id(x) in self.found or id(x) not in self.ids:
            self.refuse("the function gives other memory, or another shape, to a tensor that was there before it ran.")

    # --------------------------------------------------------------------------------------------- a backward pass within the function
    def check(self, node: Node, kept: tuple[Any, ...]) -> None:
        """A rule that computes with what it alone knows cannot be replayed."""
        prim = node.prim
        if not self.replays:
            return
        hidden = prim.once or any(k.kind == "context" and ctx.holds for k, ctx in zip(prim.keep, kept, strict=False))
        if hidden and node.serial > self.start:
            raise GraphError(
                f"trace: the function asks for a gradient through {prim.name}, whose own backward works on arrays, or on what its forward "
                "has saved: every replay would have the numbers of this run. Expected operations, or a @primitive with a rule of operations."
            )

    def arrived(self, node: Node, g: Any) -> None:
        """The gradient of what `node` made is whole."""
        for j, part in g.found.items() if isinstance(g, OutputCotangents) else ((0, g),):
            at, of = self.ids.get(id(part)), self.value_of(node, j)
            if at is not None and of is not None:
                self.gradients.setdefault(at, of)

    def value_of(self, node: Node, output: int = 0) -> int | None:
        """The value that a node is of; None if the trace does not know it."""
        if node.prim is SELECT_OUTPUT:
            node, output = node.inputs[0], node.params[0]  # type: ignore[assignment]  # it has an input
        call = self.made.get(node)
        return self.leaves.get(node) if call is None else call.outputs[output]

    def recalled(self, node: Node, kept: Sequence[Any], value_type: type[Variable]) -> Sequence[Any]:
        """What the node of a traced call kept, about to be handed to its rule: each is the value that it was in the call."""
        call, prim = self.made.get(node), node.prim
        if call is None:
            return kept  # it is older than the trace
        if value_type.keeps_all:
            count = len(prim.outputs)
            outputs = [self._known(v, at, value_type) for v, at in zip(kept[:count], call.outputs, strict=True)]
            return (*outputs, *self._inputs(kept[count:], call, value_type))
        found: list[Any] = []
        for k, v in zip(prim.keep, kept, strict=True):
            if k.kind == "input":
                found.append(self._inputs(v, call, value_type) if prim.variadic else self._known(v, call.carried[k.index], value_type))
            else:
                found.append(self._known(v, call.outputs[k.index], value_type) if k.kind == "output" else v)
        return found

    def _inputs(self, kept: Sequence[Any], call: Call, value_type: type[Variable]) -> tuple[Any, ...]:
        return tuple(self._known(v, at, value_type) for v, at in zip(kept, call.carried, strict=True))

    def _known(self, kept: Any, at: int | None, value_type: type[Variable]) -> Any:
        """A variable that the trace knows as its value number `at`; what was none in the call stays what it is."""
        if kept is None or at is None:
            return kept
        made = kept
        if not isinstance(kept, Variable):
            made = value_type.__new__(value_type)  # also around what a backend keeps in words of its own
            made.value, made.node = kept, None
        self.ids[id(made)] = at
        self.alive.append(made)
        return made


def carried(result: Any) -> Iterator[Variable]:
    """The variables within what a function returned."""
    if isinstance(result, Variable):
        yield result
    elif isinstance(result, Mapping | tuple | list):
        for part in result.values() if isinstance(result, Mapping) else result:
            yield from carried(part)
    elif is_dataclass(result) and not isinstance(result, type):
        for f in fields(result):
            yield from carried(getattr(result, f.name))
