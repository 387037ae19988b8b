"""The recorded tape of a value, read as what a `Graph` consists of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine.backward import pullback
from ..engine.node import BackwardScope, Leaf, Node, Scope, reachable
from ..engine.variable import Variable, unbox
from ..engine.versions import owner
from ..errors import GraphError
from .step import Step, Value, kept_by, parameter_names


class _Reader:
    """Collects values while the nodes are read from the oldest on."""

    def __init__(self, names: dict[int, str], grads: dict[int, Any]) -> None:
        self.values: list[Value] = []
        self.by_node: dict[int, int] = {}
        self.by_raw: dict[int, int] = {}
        self.names = names
        self.grads = grads
        self.modules: dict[int, dict[int, str]] = {}  # names within modules, for the scopes' paths

    def add(self, **fields: Any) -> int:
        self.values.append(Value(id=len(self.values), **fields))
        return len(self.values) - 1

    def leaf(self, node: Leaf) -> int:
        name = self.names.get(id(node)) or node.name_given
        grad = self.grads.get(node.serial)
        if grad is None:
            grad = unbox(node.grad)
        at = self.add(
            kind="parameter", name=name, shape=_shape(node), dtype=_dtype(node), data=node.value, grad=grad, requires_grad=True, node=node
        )
        self.by_node[id(node)] = at
        return at

    def constant(self, raw: Any) -> int:
        """Something that takes no gradient, known because a rule wants it."""
        key = id(raw)
        shape = tuple(raw.shape) if hasattr(raw, "shape") else None
        if shape is not None and key in self.by_raw:
            return self.by_raw[key]
        kind = "input" if shape else "constant"
        at = self.add(kind=kind, shape=shape, dtype=str(raw.dtype) if hasattr(raw, "dtype") else None, data=raw, name=self.names.get(key))
        self.by_raw[key] = at
        return at

    def result(self, node: Node, data: Any) -> int:
        extra = node.extra
        grad = self.grads.get(node.serial)
        if grad is None and extra is not None:
            grad = unbox(extra.grad)
        at = self.add(kind="result", shape=_shape(node), dtype=_dtype(node), data=data, grad=grad, requires_grad=True, node=node)
        self.by_node[id(node)] = at
        return at


def _shape(node: Node) -> tuple[int, ...] | None:
    return getattr(node, "shape", None)


def _dtype(node: Node) -> str | None:
    dtype = getattr(node, "dtype", None)
    return None if dtype is None else str(dtype)


def read(
    outputs: Sequence[Any], gradients: bool, names: dict[str, Any]
) -> tuple[tuple[Value, ...], tuple[Step, ...], tuple[int, ...], tuple[int, ...]]:
    """Values, steps, inputs and outputs of the graph behind recorded values."""
    for out in outputs:
        if not isinstance(out, Variable):
            raise TypeError(f"Graph.of: expected recorded values, got {type(out).__name__}.")
        if out.node is None:
            raise GraphError(
                "Graph.of: expected a value with a graph, got one that does not require grad. Compute it from a tensor with "
                "requires_grad=True, outside no_grad(); or trace the function: trace(fn, *args)."
            )
    grads: dict[int, Any] = {}
    if gradients:
        grads = _gradients(outputs)
    order = reachable(*(out.node for out in outputs))
    order.reverse()
    known = parameter_names(n.scope for n in order)
    for name, x in names.items():
        known[id(x.node) if isinstance(x, Variable) and x.node is not None else id(getattr(x, "value", x))] = name
    reader = _Reader(known, grads)
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
    return tuple(live), tuple(steps), inputs, out_ids


def _gradients(outputs: Sequence[Any]) -> dict[int, Any]:
    """The gradient of every value, from one walk that frees and accumulates nothing."""
    if len(outputs) != 1:
        raise GraphError(f"Graph.of(gradients=True): expected one output to walk back from, got {len(outputs)}.")
    out = outputs[0]
    raw = out.value
    seed = raw * 0 + 1 if getattr(raw, "size", 1) == 1 else None
    if seed is None:
        raise GraphError(
            f"Graph.of(gradients=True): expected an output of a single number, got shape {list(raw.shape)}. Reduce it (.sum())."
        )
    grads: dict[int, Any] = {}
    pullback([out.node], [seed], type(out), accumulate=False, retain_graph=True, capture=grads)
    return grads


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
    inputs = []
    for i, n in enumerate(node.inputs):
        if n is not None:
            inputs.append(reader.by_node[id(n)])
            continue
        raw = kept.get(("input", i))
        if isinstance(raw, tuple):
            raw = raw[i] if len(raw) > i else None
        if raw is not None:
            inputs.append(reader.constant(raw))
    data = kept.get(("output", 0))
    outputs = () if prim.several else (reader.result(node, data),)
    scope = node.scope
    return Step(
        index=index,
        primitive=prim,
        inputs=tuple(inputs),
        outputs=outputs,
        params=dict(zip(prim.params, node.params, strict=True)),
        scope=scope.path(reader.modules) if isinstance(scope, Scope) else (),
        keeps=names,
        kept_bytes=size,
        serial=node.serial,
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
