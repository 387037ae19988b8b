"""What a graph as a value is made of: values and steps, and what the tape keeps for each."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from ..engine.node import Leaf, Node, Scope, ScopeName
from ..engine.region import Again
from ..engine.versions import owner

if TYPE_CHECKING:
    from ..primitives.primitive import Primitive


def restore(made: Any, state: list[Any]) -> None:
    """Fill in what a pickle holds; what an earlier version did not know gets its default."""
    for known, value in zip(fields(made), state, strict=False):
        object.__setattr__(made, known.name, value)
    for new in fields(made)[len(state) :]:
        object.__setattr__(made, new.name, new.default if new.default_factory is MISSING else new.default_factory())


# ------------------------------------------------------------------------------------------------- the graph as a value
@dataclass(frozen=True, slots=True)
class Value:
    """One value of a graph: what flows along an edge of the drawing.

    `kind` is "input" (handed in), "parameter" (a leaf that takes a gradient), "constant" or "result". `shape` is None for a
    Scalar or a Python number. `data` is the raw value where it is known; `grad` the raw gradient where it is known. `made`: a
    constant that the function made, so that each replay has its own. `of`: the tensor itself, of what the function only finds: a replay
    finds it as it is then. `place`: the module that has it, weakly, and under which name. `shares`: where `grad` is of the sum of several
    outputs, the gradient of each of them (None where none arrives). `held` is "parameter" or "buffer" where a module that was called holds
    it, frozen or not. `gradient_of`: the value whose gradient this is, in a backward pass that the function itself asks for.
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
    made: bool = False
    of: Any = field(default=None, repr=False, compare=False)
    place: tuple[Any, str] | None = field(default=None, repr=False, compare=False)
    shares: tuple[Any, ...] = field(default=(), repr=False)
    held: str = ""
    gradient_of: int | None = None

    def __getstate__(self) -> list[Any]:
        """As written to a pickle: the leaf is that of the tensor, and no module goes with it."""
        left = {"place"} if self.of is None else {"place", "node"}
        return [None if f.name in left else getattr(self, f.name) for f in fields(self)]

    def __setstate__(self, state: list[Any]) -> None:
        restore(self, state)
        if self.of is not None and isinstance(self.of.node, Leaf):
            object.__setattr__(self, "node", self.of.node)


@dataclass(frozen=True, slots=True)
class Write:
    """A write into memory that others see, too: tensors that were there before the function ran, or what shares memory with another value.

    After `after` steps the value `target` is overwritten by the value `source`, and is what `source` means from then on. `recorded`: was
    gradient recording on?
    """

    after: int
    target: int
    source: int
    recorded: bool


@dataclass(frozen=True, slots=True)
class Update:
    """A write by `fn(array of the target, *arrays of the values)`, after `after` steps: what no operation does, such as counting batches."""

    after: int
    target: int
    fn: Callable[..., Any]
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a graph, in execution order. `inputs` and `outputs` are value ids.

    `scope` is the module path from the outermost call inwards. `keeps` names what the tape holds for the backward pass,
    `kept_bytes` its size (shared arrays and parameters counted once, at their first holder). `origin` is, for a step of a
    recorded backward pass, the serial number of the forward node whose rule ran (or whose gradient it sums up), and `rule` the index of its
    step, where that is one of the graph's. `absent` are the places of optional arguments that were left out.
    `recorded`: was gradient recording on (not within `no_grad`, nor a plain
    backward pass)? `linked` are the arrays among the parameters that are values of the graph: their identities, and the values' ids;
    `bare` the inputs that were handed over as such an array, without the variable that carries it, so that no gradient flows there.
    `call`: name and number of the library function that was called for this step and others. `again`: what it keeps is computed again
    in the backward pass (a checkpoint). `overwrites`: the value whose memory its result was written to.
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
    recorded: bool = True
    linked: dict[int, int] = field(default_factory=dict, repr=False, compare=False)
    bare: tuple[int, ...] = ()
    call: tuple[str, int] | None = None
    again: bool = False
    overwrites: int | None = None
    rule: int | None = None

    def __getstate__(self) -> list[Any]:
        """As written to a pickle: there an array is known by its place among the parameters' leaves, for it has another identity when it is
        read."""
        places = {i: self.linked[id(leaf)] for i, leaf in enumerate(leaves_of([*self.params.values()])) if id(leaf) in self.linked}
        return [places if f.name == "linked" else getattr(self, f.name) for f in fields(self)]

    def __setstate__(self, state: list[Any]) -> None:
        restore(self, state)
        leaves = list(leaves_of([*self.params.values()]))
        object.__setattr__(self, "linked", {id(leaves[i]): value for i, value in self.linked.items()})

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


def leaves_of(params: Any) -> Iterator[Any]:
    """What stands in parameters, however nested."""
    if isinstance(params, tuple | list | slice):
        for p in (params.start, params.stop, params.step) if isinstance(params, slice) else params:
            yield from leaves_of(p)
    else:
        yield params


def exchanged(params: Any, linked: dict[int, int], by: Callable[[int], Any]) -> Any:
    """Parameters with `by(id)` in the place of those that are values of the graph."""
    if id(params) in linked:
        return by(linked[id(params)])
    if isinstance(params, slice):
        return slice(*(exchanged(p, linked, by) for p in (params.start, params.stop, params.step)))
    return type(params)(exchanged(p, linked, by) for p in params) if type(params) in (tuple, list) else params


def kept_by(node: Node | None, counted: set[int]) -> tuple[tuple[str, ...], int]:
    """What a node keeps for the backward pass: the names, and the bytes of what nobody before it (`counted`) keeps already."""
    names, size = [], 0
    for k, raw in zip(node.prim.keep, node.kept or (), strict=False) if node is not None and node.prim is not None else ():
        if raw is None or k.kind not in ("input", "output", "context"):
            continue
        parts = raw.kept if k.kind == "context" else raw if isinstance(raw, tuple) else (raw,)
        if parts:
            names.append("saved" if k.kind == "context" else k.name)
        for part in parts:
            store = owner(part)
            if id(store) not in counted and hasattr(part, "nbytes"):
                counted.add(id(store))
                size += int(part.nbytes)
    return tuple(names), size


def place_of(x: Any, at: Any) -> tuple[Any, str] | None:
    """Which module, of those whose calls are under way at the scope `at`, has the tensor `x` (weakly), and under which name."""
    while isinstance(at, Scope):
        module: Any = at.module
        for names in (getattr(module, "_parameters", {}), getattr(module, "_buffers", {}), vars(module)):
            for name, found in names.items():
                if found is x:
                    return weakref.ref(module), name
        at = at.parent
    return None


def computed_again(node: Node | None) -> bool:
    """Does a node keep nothing because a checkpoint computes it again?"""
    return node is not None and node.kept.__class__ is Again
