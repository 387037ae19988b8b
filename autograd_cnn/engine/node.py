"""The nodes of the recorded graph, the calls of modules that they were made in, and the order in which a walk visits them.

A node points to its inputs only. So there are no cycles, and a graph dies by counting the moment its output does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from operator import attrgetter
from typing import Any

from ..config import scope, set_scope
from ..errors import GraphError
from ..support.handles import RemovableHandle


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


class Overwriting(Node):
    """A node whose result was written to the memory of its first argument. (A node becomes one, so that no other has a field for it.)"""

    __slots__ = ()


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


def backward_order(roots: Sequence[Node]) -> list[Node]:
    """What is `reachable`, as a backward pass goes through it: each leaf right behind the last node that adds to its gradient.

    So a gradient is whole, and its hooks run, while the pass goes on; and what a hook frees is free then.
    """
    backwards: list[Node] = []
    placed: set[Node] = set()
    for node in reversed(reachable(*roots)):  # the oldest first: of the nodes that use a leaf the pass meets this one last
        if node.prim is not None:
            for n in node.inputs:
                if n is not None and n.prim is None and n not in placed:
                    placed.add(n)
                    backwards.append(n)
            backwards.append(node)
    order = [n for n in dict.fromkeys(roots) if n.prim is None and n not in placed]
    order += reversed(backwards)
    return order


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
