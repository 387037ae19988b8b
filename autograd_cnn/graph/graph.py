"""`Graph`: a computation as an immutable, ordered, printable value that can be replayed and drawn."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..config import Switch, current
from ..engine.node import Leaf, Node
from ..engine.record import SELECT_OUTPUT
from ..engine.variable import VALUE_TYPE_OF, Variable, box, shape_of, unbox
from ..engine.versions import clock, owner, wrote
from ..errors import GraphError, InplaceError, TraceWarning, expected
from ..support import display
from . import tape_reader
from .conditions import Conditions
from .step import Step, Update, Value, Write, exchanged, restore


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
    writes: tuple[Write | Update, ...] = field(default=(), repr=False, compare=False)  # into memory that others see
    obstacle: str | None = field(default=None, repr=False, compare=False)  # why no replay would do what the function does
    taken: str | None = field(default=None, repr=False, compare=False)  # where it took a number out of a value that each replay has anew
    held: int = 0  # the numbers in all parameters of the modules that were called, whether or not the graph reaches them
    conditions: Conditions = field(default=Conditions(), repr=False, compare=False)
    called: dict[int, str] = field(default_factory=dict, repr=False, compare=False)  # what the function's own text calls its values

    def __setstate__(self, state: list[Any]) -> None:
        restore(self, state)

    @staticmethod
    def of(*outputs: Any, gradients: bool = False, names: dict[str, Any] | None = None) -> Graph:
        """The graph of recorded values, from the tape. `gradients=True` walks back once and notes the gradient of every value
        (of the sum of the outputs, each a single number, and of each of them alone; nothing is freed, accumulated or retained, but hooks
        run, for they may change a gradient).
        `names` gives values names: `{"x": x}`."""
        values, steps, inputs, ends, held = tape_reader.read(outputs, gradients=gradients, names=names or {})
        return Graph(values, steps, inputs, ends, held=held)

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

    def source(self, backward: bool = False) -> Any:
        """Write it as a Python module in NumPy that anybody can read and run: see `autograd_cnn.program.source`.

        >>> import autograd_cnn as ac
        >>> text = ac.trace(lambda x: (x * x).sum(), ac.ones(2)).source()
        >>> print(text[text.index("def"):].rstrip())
        def forward(x):
            # x (2,)
            m = x * x    # (2,)
            y = m.sum()  # ()
            return y
        """
        return display.source(self, backward)

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
    values = computed(graph, args)
    return _rebuild(graph.structure, [values[i] for i in graph.outputs])


def computed(graph: Graph, args: tuple[Any, ...]) -> dict[int, Any]:
    """Every value of a replay, by its id."""
    if not graph.replayable:
        raise GraphError(
            "this graph was read from a tape, which does not hold everything: expected one made by trace(fn, *args) to replay."
        )
    if graph.obstacle is not None:
        raise GraphError(f"graph: {graph.obstacle} No replay would do what the function does: call the function itself.")
    if len(args) != len(graph.inputs):
        raise TypeError(f"graph: expected {len(graph.inputs)} arguments, got {len(args)}.")
    if graph.taken is not None:
        _warn(
            f"the function takes numbers out of tensors ({graph.taken}): every replay has those of the traced run, and goes the ways that they "
            "chose. Compute with the tensor itself, or call the function."
        )
    mode = graph.conditions.other_mode()
    if mode is not None:
        _warn(mode)
    env: dict[int, Any] = {}
    for at, x in zip(graph.inputs, args, strict=True):
        _check_argument(graph.values[at], x, env)
        env[at] = x
    graph.conditions.check(args)
    for v in graph.values:
        if v.kind in ("parameter", "constant"):
            data = copy.copy(v.data) if v.made else v.data
            found = box(data, v.node) if data.__class__ in VALUE_TYPE_OF and v.shape is not None else data
            env[v.id] = found if v.of is None else v.of
            if v.place is not None and (module := v.place[0]()) is not None and getattr(module, v.place[1], None) is not v.of:
                raise GraphError(
                    f"graph: {type(module).__name__}.{v.place[1]} is another tensor than when the function was traced, of which the graph knows "
                    "nothing. Write into the tensor that is there, or trace the function again."
                )
    sized = True  # have all results the shapes of the traced run?
    start, writes = clock(), iter(graph.writes)
    write = next(writes, None)
    for count, step in enumerate((*graph.steps, None)):
        while write is not None and write.after == count:
            _carry_out(write, env, start)
            write = next(writes, None)
        if step is None:
            break
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
            traced = graph.values[out].shape
            if sized and traced is not None and shape_of(value) != traced:
                sized = False
                _warn(
                    f"a result of {step.name} had the shape {list(traced)} when it was traced, and has {list(shape_of(value))} now, as values "
                    "decide: where the function works with its size (len, .shape, iteration, chunk, ones_like), the replay has that of the "
                    "traced run. Compute with reductions, or call the function."
                )
    return env


def _warn(what: str) -> None:
    warnings.warn(f"graph: {what}", TraceWarning, stacklevel=4)


def _check_argument(v: Value, x: Any, env: dict[int, Any]) -> None:
    """The graph holds for inputs of these shapes and dtypes: sizes, casts and choices by dtype are those of the traced run."""
    if v.shape is None:
        return
    if not isinstance(x, Variable):
        raise TypeError(expected("graph", f"a tensor as {v.name}", type(x).__name__))
    raw = x.value
    if tuple(raw.shape) != tuple(v.shape) or str(raw.dtype) != v.dtype:
        raise GraphError(
            f"graph: {v.name} was {v.dtype}{list(v.shape)} when it was traced, and is {raw.dtype}{list(raw.shape)} now: sizes and casts are "
            "those of the traced run. Call the function itself, or trace it on such inputs."
        )
    if v.id in env and env[v.id] is not x:
        raise GraphError(f"graph: {v.name} was handed over in several places when it was traced: expected one tensor in all of them.")


def _carry_out(write: Write | Update, env: dict[int, Any], start: int) -> None:
    """Write as the function did: into the memory itself, which the caller, or another value, sees."""
    target = env[write.target]
    array: Any = target.storage() if isinstance(target, Variable) else target
    if isinstance(write, Update):
        write.fn(array, *(unbox(env[i]) for i in write.values))
        wrote(array)
        return
    source = env[write.source]
    recording = write.recorded and current().recording
    if recording and isinstance(target, Variable) and isinstance(target.node, Leaf):
        raise InplaceError(
            "graph: a leaf Variable that requires grad would be overwritten in place. Use a tensor that does not require grad, or its clone()."
        )
    for node in _made_since(start, env):  # what it keeps is what it was computed from
        node.kept = tuple(np.array(k) if hasattr(k, "strides") and owner(k) is owner(array) else k for k in node.kept)
    np.copyto(array, np.asarray(unbox(source)), casting="unsafe")
    wrote(array)
    if isinstance(target, Variable):
        made_by = source.node if recording and isinstance(source, Variable) else target.node
        if made_by is not target.node:
            target.hang(made_by)
        source = box(array, made_by)
    env[write.source] = source


def _made_since(start: int, env: dict[int, Any]) -> Iterator[Node]:
    """The nodes of a replay that keep something."""
    for v in env.values():
        node = v.node if isinstance(v, Variable) else None
        if node is not None and node.prim is SELECT_OUTPUT:
            node = node.inputs[0]
        if node is not None and node.serial > start and node.kept and not isinstance(node, Leaf):
            yield node


def _rebuild(structure: Any, results: list[Any]) -> Any:
    if isinstance(structure, int):
        return results[structure]
    if isinstance(structure, dict):
        return {k: _rebuild(v, results) for k, v in structure.items()}
    if len(structure) == 2 and structure[0] == "constant":
        return structure[1]
    if hasattr(structure, "_fields"):
        return type(structure)(*(_rebuild(v, results) for v in structure))
    return tuple(_rebuild(v, results) for v in structure)
