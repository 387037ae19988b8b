"""What a graph computes, in which order, forward and backward: quantities and lines, apart from any text or machine that carries them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..engine.node import ScopeName
from ..primitives.primitive import Primitive


@dataclass(frozen=True, slots=True)
class Ref:
    """A quantity among the parameters of a line: an index, a mask."""

    id: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """What flows between lines.

    `kind` is "argument" (handed in), "constant" or "result"; `shape` is None for a number. `data` is the raw value of arguments and
    constants. `wish` is what modules or the function call it; `gradient_of` the quantity whose gradient it is.
    """

    id: int
    kind: str
    shape: tuple[int, ...] | None = None
    dtype: Any = None
    data: Any = None
    wish: str | None = None
    gradient_of: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One operation: `inputs` with None for arguments that were left out, and parameters with a `Ref` for what is a quantity.
    `rule`: in a backward pass, the first output of the line whose rule it is part of. `scope`: the module calls it stands in.
    `backward`: does it belong to the backward pass through the whole?"""

    primitive: Primitive
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]
    params: dict[str, Any]
    scope: tuple[ScopeName, ...] = ()
    rule: int | None = None
    backward: bool = False

    def reads(self) -> Iterator[int]:
        """The quantities that it needs, each as often as it stands there."""
        yield from (i for i in self.inputs if i is not None)
        yield from (r.id for r in refs([*self.params.values()]))


@dataclass(frozen=True, slots=True)
class Move:
    """A write into memory that others see, at the end: by `fn(array of the target, *arrays)`, or of the one array where there is no fn."""

    target: int
    values: tuple[int, ...]
    fn: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The computation.

    Attributes:
        quantities: by their ids.
        lines: in the order in which they run, those of the backward pass last.
        arguments: what is handed in, in order; constants that are too large to be written out among them.
        outputs: what comes out, and `structure`, how it is nested.
        seeds: the gradients that the backward pass begins with (None: of a single number, whose gradient is 1).
        wanted, gradients: what is differentiated, and its gradients (None where none arrives).
        moves: what is written into arguments.
        notes: what whoever reads the program should know.
    """

    quantities: dict[int, Quantity]
    lines: tuple[Line, ...]
    arguments: tuple[int, ...]
    outputs: tuple[int, ...]
    structure: Any
    seeds: tuple[int | None, ...] = ()
    wanted: tuple[int, ...] = ()
    gradients: tuple[int | None, ...] = ()
    moves: tuple[Move, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def numbers(self) -> bool:
        """Is it a computation with Python numbers alone?"""
        return all(q.shape is None for q in self.quantities.values())

    def part(self, backward: bool) -> tuple[Line, ...]:
        """The lines of the forward pass, or of the backward one."""
        return tuple(line for line in self.lines if line.backward is backward)

    def ends(self) -> set[int]:
        """What must be there when all is done."""
        kept = {*self.outputs, *(i for i in self.gradients if i is not None)}
        return kept.union(*({m.target, *m.values} for m in self.moves))

    def saved(self) -> tuple[int, ...]:
        """What the backward pass needs of the forward one: arguments first, then results, each in its order. (Constants are written out
        where they stand.)"""
        made = {o for line in self.part(True) for o in line.outputs} | {s for s in self.seeds if s is not None}
        needed = dict.fromkeys(i for line in self.part(True) for i in line.reads() if i not in made)
        needed.update(dict.fromkeys(i for i in self.gradients if i is not None and i not in made))
        order = [*self.arguments, *(o for line in self.part(False) for o in line.outputs)]
        return tuple(i for i in order if i in needed)

    def last_use(self) -> dict[int, int]:
        """For each quantity the place of the last line that reads it; the number of lines for what is needed in the end."""
        found = {i: at for at, line in enumerate(self.lines) for i in line.reads()}
        return {**found, **dict.fromkeys(self.ends(), len(self.lines))}

    def pruned(self) -> Plan:
        """Without the lines that nothing depends on, and the quantities that none of the lines has."""
        wanted, kept = self.ends(), []
        for line in reversed(self.lines):
            if wanted.intersection(line.outputs):
                wanted.update(line.reads())
                kept.append(line)
        lines = tuple(reversed(kept))
        there = {
            *self.arguments,
            *wanted,
            *self.wanted,
            *(s for s in self.seeds if s is not None),
            *(o for line in lines for o in line.outputs),
        }
        return replace(self, lines=lines, quantities={i: q for i, q in self.quantities.items() if i in there})


def refs(params: Any) -> Iterator[Ref]:
    """The quantities among parameters."""
    if isinstance(params, Ref):
        yield params
    elif isinstance(params, tuple | list | slice):
        for p in (params.start, params.stop, params.step) if isinstance(params, slice) else params:
            yield from refs(p)


def mapped(params: Any, by: Callable[[Ref], Any]) -> Any:
    """Parameters with `by(ref)` in the place of each `Ref`."""
    if isinstance(params, Ref):
        return by(params)
    if isinstance(params, slice):
        return slice(*(mapped(p, by) for p in (params.start, params.stop, params.step)))
    return type(params)(mapped(p, by) for p in params) if type(params) in (tuple, list) else params


def nested(structure: Any, parts: Sequence[Any], constant: Callable[[Any], Any]) -> Any:
    """The parts as the structure nests them, for those who need not rebuild its classes: numbers stand for parts."""
    if isinstance(structure, int):
        return parts[structure]
    if isinstance(structure, dict):
        return {k: nested(v, parts, constant) for k, v in structure.items()}
    if len(structure) == 2 and structure[0] == "constant":
        return constant(structure[1])
    return tuple(nested(v, parts, constant) for v in structure)
