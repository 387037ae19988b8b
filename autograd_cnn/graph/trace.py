"""`trace(fn, *args)`: everything a function does, as a Graph that can be printed, drawn and replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..config import Switch
from ..engine.node import BackwardScope, Leaf, Node, Scope
from ..engine.variable import Variable
from ..engine.versions import owner
from ..errors import GraphError, expected
from .graph import Graph
from .step import Step, Value, kept_by, parameter_names


class Tracer:
    """Listens to primitives. Values are known by the identity of the variable that carries them, which is kept alive."""

    def __init__(self, note: Callable[[Any], Any] | None = None) -> None:
        self.note = note
        self.values: list[dict[str, Any]] = []
        self.steps: list[tuple[Any, tuple[int, ...], tuple[int, ...], dict[str, Any], tuple[int, ...], Any, Node | None]] = []
        self.ids: dict[int, int] = {}
        self.alive: list[Any] = []

    def declare(self, x: Any, kind: str, name: str | None = None) -> int:
        """The id of a value, made at its first appearance."""
        at = self.ids.get(id(x))
        if at is not None and kind != "result":
            return at
        raw = x.value if isinstance(x, Variable) else x
        node = x.node if isinstance(x, Variable) else None
        shape = getattr(raw, "shape", None) if isinstance(x, Variable) or hasattr(raw, "dtype") else None
        self.values.append(
            {
                "kind": kind,
                "name": name,
                "shape": None if shape is None else tuple(shape),
                "dtype": str(raw.dtype) if hasattr(raw, "dtype") else None,
                "data": raw if kind != "result" else None if self.note is None else self.note(raw),
                "requires_grad": node is not None,
                "node": node if isinstance(node, Leaf) else None,
            }
        )
        self.ids[id(x)] = len(self.values) - 1
        self.alive.append(x)
        return len(self.values) - 1

    def constant(self, x: Any) -> None:
        """A tensor that the function made from nothing."""
        self.declare(x, "constant")

    def argument(self, x: Any) -> int:
        """The id of something a primitive was called with."""
        if id(x) in self.ids:
            return self.ids[id(x)]
        leaf = isinstance(x, Variable) and isinstance(x.node, Leaf)
        return self.declare(x, "parameter" if leaf else "constant", x.node.name_given if leaf else None)

    def record(self, prim: Any, args: Any, params: tuple[Any, ...], outs: Any, scope: Any) -> None:
        """One call."""
        inputs = tuple(self.argument(a) for a in args if a is not None)
        named = dict(zip(prim.params, params, strict=True))
        absent = tuple(i for i, a in enumerate(args) if a is None)
        outputs = tuple(self.declare(o, "result") for o in outs)
        self.steps.append((prim, inputs, outputs, named, absent, scope, next((o.node for o in outs if o.node is not None), None)))

    def rebind(self, x: Any, result: Any) -> None:
        """`x` was overwritten by `result`: from now on its name means that value."""
        if id(result) in self.ids:
            self.ids[id(x)] = self.ids[id(result)]
            self.alive.append(x)


def trace(fn: Callable[..., Any], *args: Any, note: Callable[[Any], Any] | None = None) -> Graph:
    """Run `fn(*args)` once and give back its graph: every operation in order, with shapes and module scopes.

    The graph holds for inputs of these shapes; Python control flow is what it was in this run, as in a recording. Random
    operations draw anew at each replay. A traced graph does not hold what the operations gave; `note` says what to keep
    of it, as the `data` of each result: it is called with the raw result at once, before anything may overwrite it.

    Raises:
        TypeError: `fn` cannot be called.
        GraphError: nothing it returns was computed from tensors.

    >>> import autograd_cnn as ac
    >>> graph = ac.trace(lambda x: (x * 2).sum(), ac.ones(3))
    >>> print(graph)
    graph(x0: float32[3]):
      %2 = mul(x0, 2) : float32[3]
      %3 = sum(%2, keepdim=False) : float32[]
      return %3
    >>> graph(ac.tensor([1., 2., 3.]))
    tensor(12.)
    """
    if not callable(fn):
        raise TypeError(expected("trace", "a function or module, and its arguments", type(fn).__name__))
    tracer = Tracer(note)
    inputs = tuple(tracer.declare(a, "input", f"x{i}") for i, a in enumerate(args) if isinstance(a, Variable))
    with Switch(tracer=tracer):
        result = fn(*args)
    outputs: list[int] = []
    structure = _flatten(result, tracer, outputs)
    if not outputs:
        raise GraphError(expected("trace", "a function that returns tensors", type(result).__name__))
    return _finish(tracer, inputs, tuple(outputs), structure)


def _flatten(result: Any, tracer: Tracer, outputs: list[int]) -> Any:
    """The nesting of the result, with each variable replaced by its place among the outputs."""
    if isinstance(result, Variable):
        outputs.append(tracer.argument(result))
        return len(outputs) - 1
    if isinstance(result, dict):
        return {k: _flatten(v, tracer, outputs) for k, v in result.items()}
    if isinstance(result, tuple | list):
        return tuple(_flatten(v, tracer, outputs) for v in result)
    return ("constant", result)


def _finish(tracer: Tracer, inputs: tuple[int, ...], outputs: tuple[int, ...], structure: Any) -> Graph:
    names = parameter_names(scope for *_, scope, _ in tracer.steps)
    values = []
    for i, v in enumerate(tracer.values):
        name = v["name"] or names.get(id(v["data"] if v["node"] is None else v["node"]))
        values.append(Value(id=i, **{**v, "name": name}))
    steps = []
    modules: dict[int, dict[int, str]] = {}  # names within modules, for the scopes' paths
    counted: set[int] = {id(owner(v["data"])) for v in tracer.values if v["kind"] == "parameter"}
    for i, (prim, given, made, params, absent, scope, node) in enumerate(tracer.steps):
        path = scope.path(modules) if isinstance(scope, Scope) else ()
        keeps, size = kept_by(node, counted)
        steps.append(
            Step(
                index=i,
                primitive=prim,
                inputs=given,
                outputs=made,
                params=params,
                scope=path,
                keeps=keeps,
                kept_bytes=size,
                serial=i,
                origin=scope.of.serial if isinstance(scope, BackwardScope) else None,
                absent=absent,
            )
        )
    return Graph(tuple(values), tuple(steps), inputs, outputs, replayable=True, structure=structure)
