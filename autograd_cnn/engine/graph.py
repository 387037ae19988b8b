"""The recorded graph: nodes as the tape writes them, and `Graph`, the same as an immutable, ordered, printable value.

A node points to its inputs only. So there are no cycles, and a graph dies by counting the moment its output does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ..config import scope, set_scope
from ..errors import GraphError
from ..hooks import RemovableHandle

if TYPE_CHECKING:
    from .primitive import Primitive


class Node:
    """One recorded operation.

    `inputs[i]` is the node of the i-th argument, or None when no gradient flows there. `kept` holds what the rules need
    (raw), `()` when they need nothing, None once it was freed, and `Again` where it is computed again.
    """

    __slots__ = ("dtype", "extra", "inputs", "kept", "params", "prim", "scope", "serial", "shape")

    prim: Any  # Primitive, or None for a leaf
    inputs: tuple[Node | None, ...]
    kept: Any
    params: tuple[Any, ...]
    serial: int
    scope: Any
    shape: Any
    dtype: Any
    extra: Extra | None

    @property
    def name(self) -> str:
        """PyTorch's way of naming it: `MulBackward0`, `AccumulateGrad`."""
        return "AccumulateGrad" if self.prim is None else f"{_camel(self.prim.name)}Backward0"

    def __repr__(self) -> str:
        return f"<{self.name} object, node {self.serial}>"

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes this one's gradients flow to, as in PyTorch: pairs (node, output number)."""
        return tuple((n, 0) for n in self.inputs)

    @property
    def metadata(self) -> dict[str, Any]:
        """A place for the user's own notes."""
        return self.extended().notes

    def register_prehook(self, hook: Callable[[tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call `hook(grad_outputs)` before this node's rule, after the hooks of the tensor itself; a tuple returned replaces them."""
        return RemovableHandle.on(self.extended().before, hook)

    def register_hook(self, hook: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call `hook(grad_inputs, grad_outputs)` after this node's rule; a tuple returned replaces the gradients of the inputs."""
        return RemovableHandle.on(self.extended().behind, hook)

    def extended(self) -> Extra:
        """The rarely used part of a node, made when it is first wanted."""
        if self.extra is None:
            self.extra = Extra()
        return self.extra


class Extra:
    """What few nodes have: hooks, a retained gradient, the source line that made it (under `detect_anomaly`)."""

    __slots__ = ("after", "before", "behind", "hooks", "line", "notes", "retained")

    def __init__(self) -> None:
        self.hooks: dict[int, Callable[[Any], Any]] = {}
        self.after: dict[int, Callable[[Any], Any]] = {}  # a leaf's, called once its gradient is accumulated
        self.before: dict[int, Callable[[Any], Any]] = {}  # the node's own, around its rule
        self.behind: dict[int, Callable[[Any, Any], Any]] = {}
        self.retained: Retained | None = None
        self.line: str | None = None
        self.notes: dict[str, Any] = {}

    @property
    def grad(self) -> Any:
        """The gradient that was retained, if one was."""
        return None if self.retained is None else self.retained.grad


class Retained:
    """The gradient of a variable that is no leaf. The variable holds it, and so does the node it has now, if it retains its gradient."""

    __slots__ = ("grad",)

    def __init__(self) -> None:
        self.grad: Any = None


class Leaf(Node):
    """Where gradients accumulate: the node of a variable that the user made. It holds the gradient, the variable holds it."""

    __slots__ = ("grad", "holder", "name_given", "value")
    grad: Any
    holder: Callable[[], Any] | None  # a weak reference to the variable
    value: Any
    name_given: str | None

    def __init__(self, value: Any, serial: int, name: str | None = None) -> None:
        self.prim = None
        self.inputs = ()
        self.kept = ()
        self.params = ()
        self.serial = serial
        self.scope = None
        self.shape = getattr(value, "shape", None)
        self.dtype = getattr(value, "dtype", None)
        self.extra = None
        self.grad = None
        self.holder = None
        self.value = value
        self.name_given = name

    @property
    def variable(self) -> Any:
        """The variable whose gradient accumulates here, as in PyTorch; None once it is gone."""
        return None if self.holder is None else self.holder()

    @property
    def frozen(self) -> bool:
        """Was `requires_grad` of its variable switched off since? Then nothing accumulates. GraphError if an operation wrote to it."""
        variable = self.variable
        if variable is None or variable.node is self:
            return False
        if variable.node is not None:
            raise GraphError(
                "leaf variable has been moved into the graph interior: it was frozen and overwritten by an operation after the forward "
                "pass. Expected a leaf that is as it was; write to it under no_grad(), or after backward()."
            )
        return True


# ------------------------------------------------------------------------------------------------- module scopes
class Scope:
    """One call of a module: who was called, inside which call. Names are found only when somebody looks."""

    __slots__ = ("module", "number", "parent")

    def __init__(self, module: Any, parent: Any) -> None:
        self.module = module
        self.parent = parent
        self.number = _calls()

    def path(self, known: dict[int, dict[int, str]] | None = None) -> tuple[ScopeName, ...]:
        """From the outermost module call to this one, each with its name within the one before. A reader of many scopes
        hands the same `known` to each, so that the names within a module are looked up once."""
        known = {} if known is None else known
        chain: list[Scope] = []
        scope: Any = self
        while isinstance(scope, Scope):
            chain.append(scope)
            scope = scope.parent
        chain.reverse()
        names = []
        for outer, inner in zip([None, *chain], chain, strict=False):
            kind = type(inner.module).__name__
            name = "" if outer is None else _name_within(outer.module, inner.module, known)
            names.append(ScopeName(name, kind, inner.number))
        return tuple(names)


_calls = count(1).__next__


class BackwardScope:
    """The scope of what a recorded backward pass does: the forward node whose rule runs, or whose gradient is summed up. So both
    pictures align."""

    __slots__ = ("of",)

    def __init__(self, of: Node) -> None:
        self.of = of


@dataclass(frozen=True, slots=True)
class ScopeName:
    """One step of a module path: `name` within its parent (`"conv1"`; dotted if it is no direct child), the class, and the
    number of the call, which tells two calls of one module apart."""

    name: str
    kind: str
    call: int


def _name_within(outer: Any, inner: Any, known: dict[int, dict[int, str]]) -> str:
    names = known.get(id(outer))
    if names is None:
        names = known[id(outer)] = {}
        for name, module in outer.named_modules():
            if name:
                names.setdefault(id(module), str(name))
    return names.get(id(inner)) or type(inner).__name__


@contextmanager
def outside_modules() -> Iterator[None]:
    """Inside, no module's call is under way."""
    before = scope()
    set_scope(None)
    try:
        yield
    finally:
        set_scope(before)


# ------------------------------------------------------------------------------------------------- the walk's order
def reachable(*roots: Node) -> list[Node]:
    """All nodes the roots depend on, newest first: descending serial number is reverse topological order, and stable.

    Iterative: a chain of a million nodes works.
    """
    seen: set[Node | None] = {None, *roots}
    order = list(dict.fromkeys(roots))
    stack = list(order)
    pop, push, see, keep = stack.pop, stack.append, seen.add, order.append
    while stack:
        for n in pop().inputs:
            if n not in seen:  # which None is
                see(n)
                push(n)  # type: ignore[arg-type]
                keep(n)  # type: ignore[arg-type]
    order.sort(key=attrgetter("serial"), reverse=True)
    return order


# ------------------------------------------------------------------------------------------------- the graph as a value
@dataclass(frozen=True, slots=True)
class Value:
    """One value of a graph: what flows along an edge of the drawing.

    `kind` is "input" (handed in), "parameter" (a leaf that takes a gradient), "constant" or "result". `shape` is None for a
    Scalar or a Python number. `data` is the raw value where it is known; `grad` the raw gradient where it is known.
    """

    id: int
    kind: str
    name: str | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    data: Any = None
    grad: Any = None
    requires_grad: bool = False
    node: Node | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a graph, in execution order. `inputs` and `outputs` are value ids.

    `scope` is the module path from the outermost call inwards. `keeps` names what the tape holds for the backward pass,
    `kept_bytes` its size (shared arrays and parameters counted once, at their first holder). `origin` is, for a step of a
    recorded backward pass, the serial number of the forward node whose rule ran (or whose gradient it sums up). `absent` are the
    places of optional arguments that were left out.
    """

    index: int
    primitive: Primitive
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    params: dict[str, Any]
    scope: tuple[ScopeName, ...] = ()
    keeps: tuple[str, ...] = ()
    kept_bytes: int = 0
    serial: int = 0
    origin: int | None = None
    line: str | None = None
    absent: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The operation's name."""
        return self.primitive.name

    @property
    def label(self) -> str:
        """What a drawing writes on the operation: its label with the parameters filled in."""
        return self.primitive.label_for(self.params)

    @property
    def family(self) -> str:
        """The family of the operation (`"conv"`, `"activation"`, …)."""
        return self.primitive.family


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
        from .tape import graph_of

        return graph_of(outputs, gradients=gradients, names=names or {})

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
        from .trace import replay

        return replay(self, args)

    def draw(self, **options: Any) -> Any:
        """Draw it: see `autograd_cnn.draw`."""
        from ..drawing import draw  # lazily: nothing is loaded for drawing until something is drawn

        return draw(self, **options)

    def producer(self) -> dict[int, Step]:
        """For each result the step that makes it."""
        return {out: step for step in self.steps for out in step.outputs}

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    __repr__ = __str__  # at a prompt, too: the arrays that it holds are no way to read it

    def _repr_svg_(self) -> str:
        return str(self.draw().svg)


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
        given = [ref(i) for i in step.inputs] + [f"{k}={_short(p)}" for k, p in step.params.items() if p is not None]
        path = ".".join(s.name for s in step.scope if s.name)
        left = ", ".join(f"%{i}" for i in step.outputs)
        line = f"  {left} = {step.name}({', '.join(given)}) : {', '.join(kind(i) for i in step.outputs)}"
        yield line + (f"   # {path}" if path else "")
    yield f"  return {', '.join(ref(i) for i in graph.outputs)}"


def _short(p: Any) -> str:
    text = repr(p)
    return text if len(text) <= 60 else text[:57] + "..."


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
