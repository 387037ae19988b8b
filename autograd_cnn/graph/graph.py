"""`Graph`: a computation as an immutable, ordered, printable value that can be replayed and drawn."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..config import Switch, current
from ..engine.variable import VALUE_TYPE_OF, box, unbox
from ..errors import GraphError
from ..support import display
from . import tape_reader
from .step import Step, Value, exchanged


@dataclass(frozen=True, slots=True, repr=False)
class Graph:
    """A computation as a value: every operation in order, with shapes and module scopes.

    Made by `trace(fn, *args)` (everything, replayable) or by `Graph.of(loss)` (what the tape recorded). `print(graph)` is
    readable, `graph(*args)` replays it, `graph.draw()` draws it.
    """

    values: tuple[Value, ...]
    steps: tuple[Step, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    replayable: bool = False
    structure: Any = field(default=None, repr=False, compare=False)  # how the outputs were nested

    @staticmethod
    def of(*outputs: Any, gradients: bool = False, names: dict[str, Any] | None = None) -> Graph:
        """The graph of recorded values, from the tape. `gradients=True` walks back once and notes the gradient of every value
        (from a single output; nothing is freed, accumulated or retained, but hooks run, for they may change a gradient).
        `names` gives values names: `{"x": x}`."""
        return Graph(*tape_reader.read(outputs, gradients=gradients, names=names or {}))

    @property
    def parameters(self) -> tuple[Value, ...]:
        """The leaves that take a gradient, in the order of their first use."""
        return tuple(v for v in self.values if v.kind == "parameter")

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __call__(self, *args: Any) -> Any:
        """Replay: run the same operations on other arguments, recording as usual."""
        return replay(self, args)

    def draw(self, **options: Any) -> Any:
        """Draw it: see `autograd_cnn.draw`."""
        return display.draw(self, **options)

    def producer(self) -> dict[int, Step]:
        """For each result the step that makes it."""
        return {out: step for step in self.steps for out in step.outputs}

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    __repr__ = __str__  # at a prompt, too: the arrays that it holds are no way to read it

    def _repr_svg_(self) -> str:
        return display.svg(self)


def _lines(graph: Graph) -> Iterable[str]:
    """The printed form: one line an operation, `%id = op(args, params) : dtype[shape]   # scope`."""
    values = graph.values

    def ref(i: int) -> str:
        v = values[i]
        if v.name:
            return v.name
        if v.kind == "constant" and v.shape is None and isinstance(v.data, (int, float, bool)):
            return f"{v.data:g}"
        return f"%{i}"

    def kind(i: int) -> str:
        v = values[i]
        return "scalar" if v.shape is None else f"{v.dtype}[{', '.join(map(str, v.shape))}]"

    yield f"graph({', '.join(f'{ref(i)}: {kind(i)}' for i in graph.inputs)}):"
    for v in graph.parameters:
        if v.id not in graph.inputs:
            yield f"  parameter {ref(v.id)}: {kind(v.id)}"
    for step in graph.steps:
        params = {k: exchanged(p, step.linked, lambda at: _Name(ref(at))) for k, p in step.params.items()}
        given = [ref(i) for i in step.inputs] + [f"{k}={_short(p)}" for k, p in params.items() if p is not None]
        path = ".".join(s.name for s in step.scope if s.name)
        left = ", ".join(f"%{i}" for i in step.outputs)
        line = f"  {left} = {step.name}({', '.join(given)}) : {', '.join(kind(i) for i in step.outputs)}"
        yield line + (f"   # {path}" if path else "")
    yield f"  return {', '.join(ref(i) for i in graph.outputs)}"


class _Name(str):
    """A value's name among parameters, which are shown by their `repr`."""

    __slots__ = ()
    __repr__ = str.__str__


def _short(p: Any) -> str:
    text = repr(p)
    return text if len(text) <= 60 else text[:57] + "..."


def replay(graph: Graph, args: tuple[Any, ...]) -> Any:
    """Run a traced graph's operations on other arguments. Parameters are the live ones, so gradients reach them."""
    if not graph.replayable:
        raise GraphError(
            "this graph was read from a tape, which does not hold everything: expected one made by trace(fn, *args) to replay."
        )
    if len(args) != len(graph.inputs):
        raise TypeError(f"graph: expected {len(graph.inputs)} arguments, got {len(args)}.")
    env: dict[int, Any] = dict(zip(graph.inputs, args, strict=True))
    for v in graph.values:
        if v.kind in ("parameter", "constant"):
            data = copy.copy(v.data) if v.made else v.data
            env[v.id] = box(data, v.node) if data.__class__ in VALUE_TYPE_OF and v.shape is not None else data
    for step in graph.steps:
        given = [unbox(env[i]) if place in step.bare else env[i] for place, i in enumerate(step.inputs)]
        for at in step.absent:
            given.insert(at, None)
        params = step.params
        if step.linked:
            params = {k: exchanged(p, step.linked, lambda at: unbox(env[at])) for k, p in params.items()}
        with Switch(record=step.recorded and current().record):
            made = step.primitive(*given, **params)
        for out, value in zip(step.outputs, made if isinstance(made, tuple) else (made,), strict=True):
            env[out] = value
    results = [env[i] for i in graph.outputs]
    return _rebuild(graph.structure, results)


def _rebuild(structure: Any, results: list[Any]) -> Any:
    if isinstance(structure, int):
        return results[structure]
    if isinstance(structure, dict):
        return {k: _rebuild(v, results) for k, v in structure.items()}
    if len(structure) == 2 and structure[0] == "constant":
        return structure[1]
    return tuple(_rebuild(v, results) for v in structure)
