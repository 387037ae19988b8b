"""What a page shows of a network: stages, each an operation that mixes entries and what is done to its result entry by entry.

    convolution, batch norm, ReLU  →  one stage        average pooling, tanh  →  one stage

A stage shows the maps that come out at its end. Where there are too many for a page, those of a module are folded into its last.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..analysis.windows import Window, window_of
from ..graph.graph import Graph
from ..graph.step import Step

Range = tuple[int, int]  # the last one counted
Box = tuple[Range, Range, Range]  # maps, rows and columns
Shape3 = tuple[int, int, int]
MOST = 40  # stages on a page

_PASSES = ("reshape", "clone", "pack", "detach", "cast")  # the same entries in the same order
_MIXES = ("linear", "matmul", "einsum", "local_response_norm")  # entries, though the shape may stay


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. The first of a network is its input, which has no steps."""

    name: str  # the module's path, or the operation
    done: tuple[str, ...]  # "conv 5×5", "tanh"
    shape: Shape3  # maps, rows, columns; of units in a row (units, 1, 1)
    value: int  # what it shows, in the graph
    steps: tuple[Step, ...] = ()  # what mixes entries first
    inputs: tuple[int, ...] = ()  # the stages that it reads, the one that the first step reads first
    window: Window | None = None
    folded: int = 1  # how many stages it stands for


@dataclass(slots=True)
class _Making:
    path: tuple[str, ...]
    value: int
    last: int
    ends: int  # with which step of the graph
    steps: list[Step] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)


def stages_of(graph: Graph, most: int = MOST) -> list[Stage]:
    """The stages of a traced network, the input first, each behind those that it reads."""
    made = _made(graph)
    order = sorted(range(len(made)), key=lambda at: made[at].ends)
    place = {at: i for i, at in enumerate(order)}
    for stage in made:
        stage.inputs = [place[i] for i in stage.inputs]
    return _folded([made[at] for at in order], graph, most)


def _made(graph: Graph) -> list[_Making]:
    start = graph.inputs[0]
    users = Counter(i for step in graph for i in step.inputs)
    made = [_Making((), start, start, -1)]
    where = {start: 0}  # the stage that shows a value
    for count, step in enumerate(graph):
        read = [i for i in step.inputs if i in where]
        out = step.outputs[0]
        shape = graph.values[out].shape
        if not read or not shape:
            continue
        if step.name in _PASSES and math.prod(shape) == math.prod(graph.values[read[0]].shape or ()):
            where[out] = where[read[0]]
            continue
        goes_on = next((i for i in read if _goes_on(step, graph, i) and made[where[i]].last == i and users[i] == 1 and where[i]), None)
        if goes_on is None:
            path = tuple(s.name for s in step.scope if s.name)
            made.append(_Making(path, out, out, count, [step], list(dict.fromkeys(where[i] for i in read))))
            where[out] = len(made) - 1
            continue
        at = where[goes_on]
        stage = made[at]
        stage.steps.append(step)
        stage.value, stage.last, stage.ends = out, out, count
        stage.inputs += [where[i] for i in read if where[i] != at and where[i] not in stage.inputs]
        where[out] = at
    return made


def _goes_on(step: Step, graph: Graph, at: int) -> bool:
    """Is the step done entry by entry to this input?"""
    same = graph.values[at].shape == graph.values[step.outputs[0]].shape
    return same and step.name not in _MIXES and window_of(step, graph) is None and step.primitive.family not in ("shape", "index")


def _folded(made: Sequence[_Making], graph: Graph, most: int) -> list[Stage]:
    """The stages as values; of modules that have several, the last alone, from the innermost outwards, until there are few enough."""
    ends: dict[int, tuple[str, ...]] = {at: stage.path for at, stage in enumerate(made)}  # which stay, and under which name
    for depth in range(max(len(stage.path) for stage in made), 0, -1):
        if len(ends) <= most:
            break
        paths = [stage.path[:depth] for stage in made]
        ends = {at: path for at, path in enumerate(paths) if at in (0, len(made) - 1) or not path or paths[at + 1] != path}
    place: dict[int, int] = {}  # of a stage that is left out: the next one that stays
    for at in range(len(made) - 1, -1, -1):
        place[at] = at if at in ends else place[at + 1]
    number = {at: i for i, at in enumerate(ends)}
    found = []
    for at, path in ends.items():
        group = [k for k in place if place[k] == at]
        stage = _stage(made[at], graph)
        inputs = dict.fromkeys(number[place[i]] for k in sorted(group) for i in made[k].inputs if place[i] != at)
        if len(group) > 1:
            stage = replace(stage, name=".".join(path) or stage.name, done=(f"{len(group)} operations",), window=None, folded=len(group))
        found.append(replace(stage, inputs=tuple(inputs)))
    return found


def _stage(stage: _Making, graph: Graph) -> Stage:
    shape = maps_of(graph.values[stage.value].shape or ())
    if not stage.steps:
        return Stage("picture", (), shape, stage.value)
    done = tuple(_does(step, graph) for step in stage.steps)
    name = ".".join(stage.path) or done[0]
    return Stage(name, done, shape, stage.value, tuple(stage.steps), (), window_of(stage.steps[0], graph))


def maps_of(shape: Sequence[int]) -> Shape3:
    """(N, C, H, W) as C maps of H × W, (N, C, L) as C rows, (N, F) as F units.

    >>> maps_of((1, 6, 28, 28)), maps_of((1, 84))
    ((6, 28, 28), (84, 1, 1))
    """
    maps, *space = shape[1:] or (1,)
    if len(space) < 2:
        return maps, 1, space[0] if space else 1
    return maps, math.prod(space[:-1]), space[-1]


def _does(step: Step, graph: Graph) -> str:
    window = window_of(step, graph)
    if window is None:
        return {"add": "add", "mul": "multiply", "linear": "linear"}.get(step.name, step.primitive.label_for(step.params))
    kind = {"conv": "conv", "transposed": "transposed conv", "max": "max pool", "average": "average pool", "sum": "sum"}[window.kind]
    stride = "" if set(window.stride) == {1} or window.stride == window.kernel else f" / {'×'.join(map(str, dict.fromkeys(window.stride)))}"
    return f"{kind} {'×'.join(map(str, window.kernel))}{stride}"


def seen_by(stages: Sequence[Stage], at: int, box: Box) -> dict[int, Box | None]:
    """For every stage before `at` what a box of its entries is computed from: a box, or None for all of it."""
    seen: dict[int, Box | None] = {at: box}
    for k in range(at, 0, -1):
        if k in seen:
            for place, before in enumerate(stages[k].inputs):
                found = _read(stages[k], stages[before].shape, seen[k], place)
                seen[before] = found if before not in seen else _around(seen[before], found)
    del seen[at]
    return seen


def _read(stage: Stage, before: Shape3, box: Box | None, place: int) -> Box | None:
    if box is None or stage.folded > 1:
        return None
    if place or (stage.window is None and _kept(stage, before)):
        return box if before == stage.shape else None
    if stage.window is None:
        return None
    sides = stage.window.along[-2:]
    ways = list(zip(box[-len(sides) :], range(len(sides)), before[-len(sides) :], strict=True))
    spans = [_span(stage.window, dim, low, high, size) for (low, high), dim, size in ways]
    columns, rows = spans.pop(), spans.pop() if spans else (0, 0)
    return _maps_read(stage, before, box[0]), rows, columns


def _maps_read(stage: Stage, before: Shape3, maps: Range) -> Range:
    """Pooling reads the map that it makes; a convolution all of its group."""
    if stage.window is None or stage.window.kind in ("max", "average", "sum"):
        return maps
    made, read = stage.shape[0] // stage.window.groups, before[0] // stage.window.groups
    return maps[0] // made * read, (maps[1] // made + 1) * read - 1


def _kept(stage: Stage, before: Shape3) -> bool:
    """Does its first step leave the places as they are?"""
    return stage.steps[0].name not in _MIXES and before[1:] == stage.shape[1:] and before[1:] != (1, 1)


def _span(window: Window, dim: int, low: int, high: int, size: int) -> tuple[int, int]:
    read = [j for i in (low, high) for j in window.reads(dim, i, size)] or [0]
    return min(read), max(read)


def _around(a: Box | None, b: Box | None) -> Box | None:
    if a is None or b is None:
        return None
    return tuple((min(x[0], y[0]), max(x[1], y[1])) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]
