"""From a `Graph` to what is shown of it: folding, module panels, parameters beside their operation, auxiliary values
hidden.

A `View` knows nothing of pixels, inks or fonts. Its nodes are units (one operation, or a folded module) and the inputs
and outputs that stand on their own; a parameter hangs on the unit that uses it, as do inputs that join the main path
from the side. Nothing is left out silently: what is hidden is told in the titles and in the subtitle's counts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.node import ScopeName
from ...graph.graph import Graph
from ...graph.step import Step, Value
from ..canvas.text import Words

if TYPE_CHECKING:
    from .failure import Failure

Scopes = tuple[ScopeName, ...]
NAMELESS = ScopeName("", "", 0)  # where a row of operations would name its module
_PLAIN = ("arithmetic", "compare", "reduce", "index", "shape", "")  # families of operations that others are made of


@dataclass(frozen=True, slots=True)
class Gradient:
    """What the backward pass brought to a value: "none" (none is wanted), "cut" (none passes on this way), "missing", "zero", "nan",
    "flows", "shared" (only the whole over several ways is known), or "unknown": a backward pass leaves the gradients of leaves only,
    unless it is asked to retain others."""

    state: str
    norm: float = 0.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Where some copies of a deck (by number, from 0) are not like the usual one: what they have besides, what they lack, and
    what has another setting (name, theirs, the usual)."""

    copies: tuple[int, ...]
    extra: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    changed: tuple[tuple[str, str, str], ...] = ()


@dataclass(slots=True)
class Pill:
    """A leaf that hangs on the unit that uses it (or many alike). `uses` counts the operations it goes to."""

    id: str
    value: Value
    kind: str  # "parameter", "input", "constant", "buffer"
    name: str
    uses: int = 1
    cut: bool = False  # it wants a gradient, and this unit hands it none
    more: list[Value] = field(default_factory=list)  # others of its kind and shape that it stands for

    @property
    def values(self) -> list[Value]:
        return [self.value, *self.more]

    @property
    def frozen(self) -> bool:
        """Is it a parameter that takes no gradient?"""
        return self.kind == "parameter" and not self.value.requires_grad


@dataclass(frozen=True, slots=True)
class Measure:
    """What is shown of a unit beside what it is: a number or word, how long its bar is (a share of the card), and in which ink."""

    text: str
    share: float
    ink: str


@dataclass(slots=True)
class Unit:
    """A node of the view: an operation, or a call of a library function that is made of several ("op"), a folded module ("module"), a row
    of blocks that do the same ("deck"), a value on its own ("input", "output", "loss"), or where the forward pass failed ("failure")."""

    id: str
    kind: str
    title: str
    scopes: Scopes = ()
    steps: list[Step] = field(default_factory=list)
    value: Value | None = None  # of an input or output
    outputs: list[Value] = field(default_factory=list)
    pills: list[Pill] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)  # numbers that are arguments
    constant_places: list[int] = field(default_factory=list)  # which arguments they are
    hidden: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what an operation's card says besides its name
    panel: Panel | None = None
    module: ScopeName | None = None  # of an operation that is all a module does, and so stands without a panel
    parameters: dict[int, Value] = field(default_factory=dict)
    copies: list[list[Step]] = field(default_factory=list)  # of a deck
    copy_kind: str = ""  # of a deck: the class or the operations of a copy; of a row: the classes or operations in it
    loop: bool = False  # of a deck: does each copy go on with what the one before gave, with the same parameters?
    differences: list[Difference] = field(default_factory=list)  # of a deck: where a copy is not like the others
    like: str = ""  # of a folded module: where the same stands already
    failure: Failure | None = None
    measure: Measure | None = None

    @property
    def called(self) -> str:
        """What it is called in words."""
        return self.title or self.copy_kind

    @property
    def folded(self) -> bool:
        """Does it stand for what is not drawn?"""
        return self.kind in ("module", "deck")

    @property
    def main(self) -> Step:
        """The step that a call is about: the one of a family that has a name, if only one is."""
        weighty = [s for s in self.steps if s.family not in _PLAIN]
        return weighty[0] if len(weighty) == 1 else self.steps[0]

    @property
    def works(self) -> bool:
        """Does it compute something?"""
        return self.kind == "op" or self.folded

    @property
    def kept_bytes(self) -> int:
        return sum(s.kept_bytes for s in self.steps)

    @property
    def keeps(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for s in self.steps for name in s.keeps))


@dataclass(slots=True)
class Edge:
    """A value on its way from one unit to another. `branches` counts the edges that carry this value. Out of or into a folded
    unit many values may go the same way: `more` are those besides the first."""

    id: str
    tail: Unit
    head: Unit
    value: Value
    branches: int = 1
    cut: bool = False  # the value wants a gradient, and the head hands it none
    more: list[Value] = field(default_factory=list)

    @property
    def values(self) -> list[Value]:
        return [self.value, *self.more]


@dataclass(slots=True, eq=False)
class Panel:
    """A module call that frames its units."""

    id: str
    name: str
    kind: str
    parent: Panel | None
    units: list[Unit] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)
    parameters: dict[int, Value] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        return 0 if self.parent is None else self.parent.depth + 1

    def all_units(self) -> list[Unit]:
        return [*self.units, *(u for p in self.panels for u in p.all_units())]


@dataclass(slots=True)
class View:
    """What is drawn of a graph. `root` is the module that was called, if it was one."""

    graph: Graph
    units: list[Unit]
    edges: list[Edge]
    panels: list[Panel]  # outer ones before inner ones
    parameters: dict[int, Value]
    root: ScopeName | None = None
    words: Words = field(default_factory=Words)  # the language of labels and titles
    failure: Failure | None = None
    measured: tuple[str, str, str] | None = None  # what the measures of units are, the least and the most

    @property
    def kind(self) -> str:
        """The class of the module that was called; empty if it was none."""
        called = self.failure.modules[:1] if self.failure is not None else []
        return self.root.kind if self.root else type(called[0]).__name__ if called else ""

    @property
    def folded(self) -> bool:
        return any(u.folded for u in self.units)

    @property
    def kept_bytes(self) -> int:
        return sum(s.kept_bytes for s in self.graph.steps)


def parameters_of(graph: Graph) -> frozenset[int]:
    """Which values are parameters: what a module that was called holds as such, frozen or not; without modules, the leaves that take a
    gradient. (Where there are modules, a leaf that none of them holds is an input that wants a gradient.)"""
    held = frozenset(v.id for v in graph.values if v.held == "parameter")
    return held or frozenset(v.id for v in graph.values if v.kind == "parameter")


def size_of(values: Iterable[Value]) -> int:
    """How many numbers these values hold together."""
    return sum(math.prod(v.shape or ()) for v in values)


def norm_of(g: Any) -> float:
    """The Euclidean norm of any finite gradient: no square of it overflows, nor is lost below the smallest number."""
    sizes = np.abs(np.asarray(g)).astype(np.float64)
    largest = float(sizes.max(initial=0.0))
    if not largest or not math.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.sum((sizes / largest) ** 2)))


def gradient_by(value: Value, loss: int | None = None) -> Any:
    """A value's gradient: of the sum of all losses, or of one of several."""
    return value.grad if loss is None else value.shares[loss] if value.shares else None


def losses_of(graph: Graph) -> list[int]:
    """The outputs that a backward pass began at, in the order of `Value.shares`, where there are several; else none."""
    several = any(v.shares for v in graph.values)
    return (
        [i for i in dict.fromkeys(graph.outputs) if graph.values[i].shares and math.prod(graph.values[i].shape or ()) == 1]
        if several
        else []
    )


def gradient_of(value: Value, loss: int | None = None) -> Gradient:
    """The state and Euclidean norm of a value's gradient (of one loss of several)."""
    grad = gradient_by(value, loss)
    if grad is None:
        return Gradient("missing" if value.requires_grad and loss is None else "none")
    norm = norm_of(grad)
    if not math.isfinite(norm):
        return Gradient("nan", norm)
    return Gradient("flows" if norm else "zero", norm)


def joint(gradients: Iterable[Gradient]) -> Gradient:
    """The norm over several gradients together; those that are not there are left aside."""
    found = list(gradients)
    known = [g.norm for g in found if g.state not in ("missing", "none", "unknown", "cut")]
    if not known and any(g.state == "unknown" for g in found):
        return Gradient("unknown")
    if not known:
        return Gradient("missing" if any(g.state == "missing" for g in found) else "none")
    total = math.nan if any(math.isnan(n) for n in known) else math.hypot(*known)
    return Gradient("nan" if not math.isfinite(total) else "flows" if total else "zero", total)


def leaves_only(graph: Graph) -> bool:
    """Are its gradients those that an ordinary backward pass left, so that most results' are unknown?"""
    return all(graph.values[o].grad is None for o in graph.outputs)


def is_freed(graph: Graph) -> bool:
    """Has a backward pass freed what the operations kept?"""
    nodes = (graph.values[o].node for s in graph.steps for o in s.outputs[:1])
    return any(n is not None and n.kept is None for n in nodes)


def has_gradients(graph: Graph) -> bool:
    """Did a backward pass leave its gradients in this graph?"""
    return any(v.grad is not None for v in graph.values)


def number_of(value: Value) -> float | None:
    """The number a scalar value holds, where it is known."""
    if value.data is None or math.prod(value.shape or ()) != 1:
        return None
    try:
        return float(np.asarray(value.data).reshape(()))
    except (TypeError, ValueError):
        return None


def summary(view: View) -> dict[str, Any]:
    """The facts of the subtitle: operations, nodes, parameters, bytes kept, the element type most values have."""
    kinds = Counter(v.dtype for v in view.graph.values if v.dtype and v.kind != "constant")
    return {
        "operations": len(view.graph.steps),
        "nodes": len(view.units),
        "parameters": size_of(view.parameters.values()),
        "frozen": size_of(v for v in view.parameters.values() if not v.requires_grad),
        "held": view.graph.held,
        "kept": view.kept_bytes,
        "dtype": next((kind for kind, _ in kinds.most_common(1)), ""),
    }
