"""The recorded tape of a value, read as what a `Graph` consists of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from ..engine.backward import pullback
from ..engine.node import BackwardScope, Leaf, Node, Overwriting, Scope, reachable
from ..engine.variable import Variable, unbox
from ..engine.versions import owner
from ..errors import GraphError
from .calls import library_layer
from .held import Holdings
from .step import Step, Value, computed_again, kept_by, leaves_of


class _Reader:
    """Collects values while the nodes are read from the oldest on."""

    def __init__(
        self,
        holdings: Holdings,
        names: dict[int, str],
        memory: dict[int, Node],
        grads: dict[int, Any],
        shares: dict[int, tuple[Any, ...]],
    ) -> None:
        self.values: list[Value] = []
        self.by_node: dict[int, int] = {}
        self.by_raw: dict[int, int] = {}
        self.holdings = holdings
        self.names = names
        self.grads = grads
        self.shares = shares
        self.memory = memory
        self.modules: dict[int, dict[int, str]] = {}  # names within modules, for the scopes' paths

    def add(self, **fields: Any) -> int:
        self.values.append(Value(id=len(self.values), **fields))
        return len(self.values) - 1

    def leaf(self, node: Leaf) -> int:
        held, own = self.holdings.of(node)
        name = self.names.get(id(node)) or own or node.name_given
        grad = self.grads.get(node.serial)
        if grad is None:
            grad = unbox(node.grad)
        at = self.add(
            kind="parameter",
            held=held,
            name=name,
            shape=_shape(node),
            dtype=_dtype(node),
            data=node.value,
            grad=grad,
            requires_grad=True,
            node=node,
            shares=self.shares.get(node.serial, ()),
        )
        self.by_node[id(node)] = at
        return at

    def source(self, raw: Any, by: Node) -> int | None:
        """The value in whose memory lies what is known to take no gradient: one that was detached."""
        node = self.memory.get(id(owner(raw))) if hasattr(raw, "dtype") else None
        at = None if node is None or node.serial >= by.serial else self.by_node.get(id(node))
        return at if at is not None and self.values[at].shape == tuple(raw.shape) else None

    def constant(self, raw: Any) -> int:
        """Something that takes no gradient, known because a rule wants it."""
        key = id(raw)
        shape = tuple(raw.shape) if hasattr(raw, "shape") else None
        if shape is not None and key in self.by_raw:
            return self.by_raw[key]
        kind = "input" if shape else "constant"
        held, own = self.holdings.of(raw)
        dtype = str(raw.dtype) if hasattr(raw, "dtype") else None
        at = self.add(kind=kind, held=held, shape=shape, dtype=dtype, data=raw, name=self.names.get(key) or own)
        self.by_raw[key] = at
        return at

    def result(self, node: Node, data: Any) -> int:
        extra = node.extra
        grad = self.grads.get(node.serial)
        if grad is None and extra is not None:
            grad = unbox(extra.grad)
        at = self.add(
            kind="result",
            shape=_shape(node),
            dtype=_dtype(node),
            data=data,
            grad=grad,
            requires_grad=True,
            node=node,
            shares=self.shares.get(node.serial, ()),
        )
        self.by_node[id(node)] = at
        return at


def _argument(kept: Any, i: int) -> Any:
    """Argument `i` of what a node kept of its inputs: of an operation with any number of them, they are kept together."""
    if isinstance(kept, tuple):
        return kept[i] if len(kept) > i else None
    return kept


def _is_index(p: Any) -> bool:
    """Is it an array of places, or a mask?"""
    return hasattr(p, "dtype") and p.dtype.kind in "iub" and p.ndim > 0


def _memory(order: Sequence[Node], keeps_all: bool) -> dict[int, Node]:
    """Whose values lie in which memory, as far as leaves and what is kept tell."""
    found: dict[int, Node] = {}
    for node in order:
        if isinstance(node, Leaf):
            found.setdefault(id(owner(node.value)), node)
        for k, raw in zip(node.prim.keep, node.kept or (), strict=False) if node.prim is not None and not keeps_all else ():
            if k.kind == "output" and k.index == 0 and not node.prim.several and hasattr(raw, "dtype"):
                found.setdefault(id(owner(raw)), node)
            for i, n in enumerate(node.inputs) if k.kind == "input" else ():
                part = _argument(raw, i) if node.prim.variadic else raw if i == k.index else None
                if n is not None and hasattr(part, "dtype"):
                    found.setdefault(id(owner(part)), n)
    return found


def _shape(node: Node) -> tuple[int, ...] | None:
    return getattr(node, "shape", None)


def _dtype(node: Node) -> str | None:
    dtype = getattr(node, "dtype", None)
    return None if dtype is None else str(dtype)


def read(
    outputs: Sequence[Any], gradients: bool, names: dict[str, Any]
) -> tuple[tuple[Value, ...], tuple[Step, ...], tuple[int, ...], tuple[int, ...], int]:
    """Values, steps, inputs and outputs of the graph behind recorded values, and how many numbers their modules' parameters are."""
    for out in outputs:
        if not isinstance(out, Variable):
            raise TypeError(f"Graph.of: expected recorded values, got {type(out).__name__}.")
        if out.node is None:
            raise GraphError(
                "Graph.of: expected a value with a graph, got one that does not require grad. Compute it from a tensor with "
                "requires_grad=True, outside no_grad(); or trace the function: trace(fn, *args)."
            )
    grads, shares = gradients_of(outputs) if gradients else ({}, {})
    order = reachable(*(out.node for out in outputs))
    order.reverse()
    holdings = Holdings(n.scope for n in order)
    given = {
        id(x.node) if isinstance(x, Variable) and x.node is not None else id(getattr(x, "value", x)): name for name, x in names.items()
    }
    reader = _Reader(holdings, given, _memory(order, type(outputs[0]).keeps_all), grads, shares)
    leaves = [n for n in order if isinstance(n, Leaf)]
    for leaf in leaves:
        reader.leaf(leaf)
    steps: list[Step] = []
    counted: set[int] = {id(owner(n.value)) for n in leaves}
    parts: dict[int, dict[int, int]] = {}
    for node in order:
        if isinstance(node, Leaf):
            continue
        if node.prim.name == "pick":
            at = reader.result(node, None)
            main = node.inputs[0]
            parts.setdefault(id(main), {})[node.params[0]] = at
            continue
        steps.append(_step(node, reader, counted, len(steps), type(outputs[0]).keeps_all))
    steps = [_with_parts(s, parts, reader) for s in steps]
    inputs = tuple(v.id for v in reader.values if v.kind == "input")
    out_ids = tuple(reader.by_node[id(out.node)] for out in outputs)
    live = reader.values
    for out, at in zip(outputs, out_ids, strict=True):
        v = live[at]
        fields = {f: getattr(v, f) for f in v.__dataclass_fields__}
        live[at] = Value(**{**fields, "data": out.value})
    return tuple(live), tuple(steps), inputs, out_ids, holdings.count


def one(raw: Any) -> Any:
    """The gradient of an output by itself, whatever its value: one, in its dtype."""
    return np.ones(raw.shape, raw.dtype) if hasattr(raw, "dtype") else 1.0


def gradients_of(outputs: Sequence[Any], asked: str = "Graph.of(gradients=True)") -> tuple[dict[int, Any], dict[int, tuple[Any, ...]]]:
    """The gradient of every value by the serial number of its node, from one walk for each output, which frees and accumulates nothing:
    of the outputs' sum, and, where there are several, of each output alone (None where none arrives)."""
    if not outputs:
        raise GraphError(f"{asked}: expected an output with a graph to walk back from: nothing it was computed from requires a gradient.")
    walks: list[dict[int, Any]] = []
    for out in outputs:
        if getattr(out.value, "size", 1) != 1:
            raise GraphError(f"{asked}: expected an output of a single number, got shape {list(out.value.shape)}. Reduce it (.sum()).")
        walks.append({})
        pullback([out.node], [one(out.value)], type(out), accumulate=False, retain_graph=True, capture=walks[-1])
    if len(walks) == 1:
        return walks[0], {}
    shares = {serial: tuple(walk.get(serial) for walk in walks) for serial in dict.fromkeys(n for walk in walks for n in walk)}
    return {serial: reduce(add, (g for g in found if g is not None)) for serial, found in shares.items()}, shares


def _step(node: Node, reader: _Reader, counted: set[int], index: int, keeps_all: bool) -> Step:
    prim = node.prim
    kept: dict[tuple[str, int], Any] = {}
    names: tuple[str, ...] = ()
    size = 0
    if keeps_all:
        count = len(prim.outputs)
        kept = {("output", i) if i < count else ("input", i - count): v for i, v in enumerate(node.kept or ())}
    else:
        names, size = kept_by(node, counted)
    for k, raw in () if keeps_all else zip(prim.keep, node.kept or (), strict=False):
        if k.kind in ("input", "output"):
            kept[(k.kind, k.index)] = raw
    inputs: list[int] = []
    bare: list[int] = []  # places among them
    absent: list[int] = []  # arguments that the tape does not know
    for i, n in enumerate(node.inputs):
        if n is not None:
            inputs.append(reader.by_node[id(n)])
            continue
        raw = _argument(kept.get(("input", i)), i)
        if raw is None:
            absent.append(i)
            continue
        source = reader.source(raw, node)
        if source is not None:
            bare.append(len(inputs))
        inputs.append(reader.constant(raw) if source is None else source)
    params = dict(zip(prim.params, node.params, strict=True))
    linked = {id(p): reader.constant(p) for p in leaves_of([*params.values()]) if _is_index(p)}
    data = kept.get(("output", 0))
    outputs = () if prim.several else (reader.result(node, data),)
    scope = node.scope
    return Step(
        index=index,
        primitive=prim,
        inputs=tuple(inputs),
        outputs=outputs,
        params=params,
        linked=linked,
        bare=tuple(bare),
        absent=tuple(absent),
        overwrites=inputs[0] if isinstance(node, Overwriting) and inputs else None,
        scope=scope.path(reader.modules) if isinstance(scope, Scope) else (),
        keeps=names,
        kept_bytes=size,
        serial=node.serial,
        call=library_layer(scope),
        again=computed_again(node),
        origin=scope.of.serial if isinstance(scope, BackwardScope) else None,
        line=node.extra.line if node.extra is not None else None,
    )


def _with_parts(step: Step, parts: dict[int, dict[int, int]], reader: _Reader) -> Step:
    if step.outputs:
        return step
    for value in reader.values:
        node = value.node
        if node is not None and not isinstance(node, Leaf) and node.prim.name == "pick":
            main: Any = node.inputs[0]
            if main.serial == step.serial:
                found = parts[id(main)]
                fields = {f: getattr(step, f) for f in step.__dataclass_fields__}
                return Step(**{**fields, "outputs": tuple(found[j] for j in sorted(found))})
    return step
