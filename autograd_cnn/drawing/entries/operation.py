"""One recorded operation, ready to be taken apart: its arguments with their shapes and, where the tape holds them, numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ...engine.node import Leaf, Node, reachable
from ...engine.region import held
from ...errors import GraphError, nearest
from ...graph.graph import Graph

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


@dataclass(slots=True)
class Argument:
    """An array that an operation takes or gives. `value` is None where nothing holds it any more."""

    name: str
    shape: Shape
    value: Array | None = None


@dataclass(slots=True)
class Operation:
    """What a node did. `kept` holds by name what the rules want: inputs, outputs, shapes."""

    node: Node
    prim: Any
    label: str
    inputs: dict[str, Argument]
    output: Argument
    params: dict[str, Any]
    kept: dict[str, Any] = field(default_factory=dict)
    gradient: Array | None = None  # ∂E/∂output

    @property
    def family(self) -> str:
        return str(self.prim.family)

    def pull(self, g: Array) -> dict[str, Array]:
        """What the rules give each argument when `g` arrives, with all that the node holds."""
        node = self.node
        if _of_numbers(node):
            found = self.prim.pull_all(float(g), held(node), node.params, node.inputs)
        else:
            found = self.prim.pull(g.astype(node.dtype), held(node), node.params, node.inputs)
        return {n: np.asarray(d) for n, d in zip(argument_names(node), found, strict=False) if d is not None}


def operation_of(caller: str, target: Any, op: str | None = None, loss: Any = None) -> Operation:
    """The operation that made a value (or that a node recorded); changes of shape alone are looked through.

    Args:
        op: the name of an operation further back, the nearest of that name.
        loss: E; its gradient at the operation's output is taken from one walk that changes nothing.
    """
    node = _node_of(caller, target)
    node = _named(caller, node, op) if op is not None else _through_shapes(node)
    prim = node.prim
    if prim is None or prim.name == "pick" or getattr(prim, "several", False):
        what = "a leaf, which no operation computed" if prim is None else f"{prim.name}, an operation with several outputs"
        raise GraphError(f"{caller}: expected a value that an operation computed, got {what}. Compute with it first: {caller}(conv(x, w)).")
    if node.kept is None:
        raise GraphError(
            f"{caller}: what {prim.name} kept was freed by the first backward pass. Draw before backward(), or call "
            "backward(retain_graph=True)."
        )
    made = _read(node)
    if getattr(target, "node", None) is node:
        made.output.value = _array(target.value)
    made.gradient = _gradient(caller, node, target, loss, made.output.shape)
    return made


def _node_of(caller: str, target: Any) -> Node:
    if isinstance(target, Node):
        return target
    if not hasattr(target, "node") or not hasattr(target, "value"):
        raise TypeError(f"{caller}: expected a recorded value or a node (y.grad_fn), got {type(target).__name__}.")
    if target.node is None:
        raise GraphError(
            f"{caller}: this value has no graph: nothing it was computed from requires a gradient, or recording was off. "
            "Give its inputs requires_grad=True."
        )
    node: Node = target.node
    return node


def _through_shapes(node: Node) -> Node:
    while node.prim is not None and node.prim.family == "shape" and len(node.inputs) == 1 and node.inputs[0] is not None:
        if node.inputs[0].prim is None:
            break
        node = node.inputs[0]
    return node


def names_of(node: Node) -> tuple[str, ...]:
    """What an operation is called: its name, its kind, its label."""
    params = dict(zip(node.prim.params, node.params, strict=True))
    kind = params.get("kind")
    return tuple(dict.fromkeys([node.prim.name, *([kind] if isinstance(kind, str) else []), node.prim.label_for(params)]))


def _named(caller: str, node: Node, op: str) -> Node:
    found: dict[str, None] = {}
    for n in reachable(node):
        if n.prim is None or n.prim.name == "pick":
            continue
        names = names_of(n)
        if op in names:
            return n
        found.update(dict.fromkeys(names))
    raise ValueError(
        f"{caller}: expected op to name an operation behind this value, one of {', '.join(found)}; got {op!r}.{nearest(op, found)}"
    )


def argument_names(node: Node) -> list[str]:
    """A name for each argument; those of an operation on any number of values are numbered."""
    names = node.prim.inputs
    return [f"{names[0]}{i + 1}" for i in range(len(node.inputs))] if node.prim.variadic else list(names[: len(node.inputs)])


def _array(raw: Any) -> Array | None:
    return None if raw is None else np.asarray(raw)


def _of_numbers(node: Node) -> bool:
    """Nodes over plain numbers have no shape, and keep outputs and inputs."""
    return getattr(node, "shape", None) is None


def _read(node: Node) -> Operation:
    prim = node.prim
    kept: dict[str, Any] = {}
    if _of_numbers(node):
        names = [*prim.outputs, *argument_names(node)]
        kept = {n: np.asarray(v, dtype=np.float64) for n, v in zip(names, held(node) or (), strict=False)}
    else:
        for k, raw in zip(prim.keep, held(node) or (), strict=False):
            if raw is not None and k.kind != "context" and not (prim.variadic and k.kind != "output"):
                kept[k.name] = np.asarray(raw) if k.kind != "shape" else tuple(raw)
    inputs: dict[str, Argument] = {}
    for i, name in enumerate(argument_names(node)):
        made = _argument(name, node.inputs[i], kept)
        if made is not None and not (made.value is not None and made.value.dtype.kind != "f"):
            inputs[name] = made  # indices and masks are no entries that something is multiplied with
    shape = tuple(getattr(node, "shape", None) or ())
    output = Argument(prim.outputs[0], shape, kept.get(prim.outputs[0]))
    params = dict(zip(prim.params, node.params, strict=True))
    return Operation(node, prim, prim.label_for(params), inputs, output, params, kept)


def _argument(name: str, node: Node | None, kept: dict[str, Any]) -> Argument | None:
    """An input as far as it is known: kept for a rule, a leaf's own value, or at least its shape."""
    value = kept.get(name)
    if node is None and isinstance(value, np.ndarray) and not value.ndim:
        return None  # a number such as the 2 in x / 2
    if isinstance(value, np.ndarray):
        return Argument(name, value.shape, value)
    if isinstance(node, Leaf):
        raw = np.asarray(node.value)
        return Argument(name, raw.shape, raw)
    if node is not None:
        return Argument(name, tuple(getattr(node, "shape", None) or ()))
    shape = kept.get(f"{name}_shape")
    return None if shape is None else Argument(name, tuple(shape))


def _gradient(caller: str, node: Node, target: Any, loss: Any, shape: Shape) -> Array | None:
    if loss is not None:
        graph = Graph.of(loss, gradients=True)
        found = next((v.grad for v in graph.values if v.node is node), None)
        if found is None:
            raise GraphError(f"{caller}: no gradient of this loss reaches {node.prim.name}: the loss was not computed from it.")
        return np.asarray(getattr(found, "value", found), dtype=np.float64).reshape(shape)
    given = node.extra.grad if node.extra is not None else None
    if given is None and getattr(target, "node", None) is not None and target.node.extra is not None:
        given = target.node.extra.grad
    return None if given is None else np.asarray(getattr(given, "value", given), dtype=np.float64).reshape(shape)
