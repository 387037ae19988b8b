"""The module calls of a graph as a tree, and which stretches of it are built alike.

A `Block` is an operation or a module call; a `Deck` is a row of neighbours that do the same, one after another or side by
side: the residual blocks of a stage, the 28 calls of a cell, the steps of a loop that no module frames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...graph.graph import Graph
from ...graph.step import Step
from .view import Scopes

LONGEST_PERIOD = 40  # so many neighbours may repeat as a group
FEWEST_OPERATIONS = 3  # so often must bare operations repeat before they become a deck


@dataclass(slots=True, eq=False)
class Block:
    """The steps from `start` to before `end`: a module call (the last of `scopes`) with what it holds, or one operation."""

    start: int
    end: int
    scopes: Scopes
    call: bool
    blocks: list[Block] = field(default_factory=list)
    decked: dict[bool, list[Block | Deck]] = field(default_factory=dict)  # `blocks` with repeats put together, strictly or loosely

    @property
    def path(self) -> str:
        """The module's name from the outermost call inwards: "layer3.7"."""
        return ".".join(s.name for s in self.scopes if s.name)

    @property
    def name(self) -> str:
        return self.scopes[-1].name or self.scopes[-1].kind if self.scopes else ""

    @property
    def kind(self) -> str:
        """The module's class."""
        return self.scopes[-1].kind if self.scopes else ""

    @property
    def depth(self) -> int:
        """How many module calls this one stands in (0: the outermost)."""
        return len(self.scopes) - 1

    @property
    def operations(self) -> int:
        return self.end - self.start


@dataclass(slots=True, eq=False)
class Deck:
    """Neighbours that do the same: `copies` of one or several blocks each, of which `usual` is a typical one."""

    copies: list[list[Block]]
    usual: int

    @property
    def start(self) -> int:
        return self.copies[0][0].start

    @property
    def end(self) -> int:
        return self.copies[-1][-1].end

    def calls(self) -> Iterator[Block]:
        return (b for copy in self.copies for b in copy if b.call)


@dataclass(slots=True, eq=False)
class Row:
    """Neighbours that stand as one: a layer, and what follows it alone (its normalization, its activation)."""

    blocks: list[Block]

    @property
    def start(self) -> int:
        return self.blocks[0].start

    @property
    def end(self) -> int:
        return self.blocks[-1].end


def tree_of(graph: Graph) -> list[Block]:
    """The outermost blocks, in execution order."""
    top: list[Block] = []
    open_calls: list[Block] = []
    for at, step in enumerate(graph.steps):
        while open_calls and step.scope[: len(open_calls)] != open_calls[-1].scopes:
            open_calls.pop()
        for end in range(len(open_calls) + 1, len(step.scope) + 1):
            call = Block(at, at, step.scope[:end], True)
            (open_calls[-1].blocks if open_calls else top).append(call)
            open_calls.append(call)
        (open_calls[-1].blocks if open_calls else top).append(Block(at, at + 1, step.scope, False))
        for call in open_calls:
            call.end = at + 1
    return top


def all_calls(blocks: Sequence[Block]) -> Iterator[Block]:
    """Every module call in these blocks, outer ones before inner ones."""
    waiting = list(reversed(blocks))
    while waiting:
        block = waiting.pop()
        if block.call:
            yield block
            waiting += reversed(block.blocks)


def plain(v: Any) -> bool:
    """A parameter that reads the same in every run: a number, a word, or a tuple of such."""
    if isinstance(v, tuple | list):
        return len(v) <= 8 and all(plain(x) for x in v)
    return v is None or isinstance(v, int | float | str)


class Likeness:
    """Tells which blocks of a graph are alike. A signature is a number: equal numbers, equal build."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.numbers: dict[Any, int] = {}
        self.producer = {out: (s.index, k) for s in graph.steps for k, out in enumerate(s.outputs)}
        self.of_steps = [self._number(self.operation(s)) for s in graph.steps]
        self.known: dict[tuple[int, int, bool], int] = {}

    def _number(self, key: Any) -> int:
        return self.numbers.setdefault(key, len(self.numbers))

    def operation(self, step: Step) -> tuple[Any, ...]:
        """What an operation does, whatever it does it to: which part an index takes is no difference."""
        params = () if step.family == "index" else tuple((k, v) for k, v in step.params.items() if plain(v) and not k.startswith("_"))
        return step.name, repr(params), self.outputs_of(step)

    def outputs_of(self, step: Step) -> tuple[Any, ...]:
        return tuple((self.graph.values[o].shape, self.graph.values[o].dtype) for o in step.outputs)

    def build(self, start: int, end: int, exact: bool = True) -> int:
        """The signature of a stretch: its operations and how they hang together; if `exact`, with its parameters' shapes
        and the shapes within, else with those of its result only."""
        key = (start, end, exact)
        if key not in self.known:
            self.known[key] = self._number((exact, *(self._wired(i, start, exact) for i in range(start, end))))
        return self.known[key]

    def _wired(self, at: int, start: int, exact: bool) -> tuple[Any, ...]:
        step = self.graph.steps[at]
        inner = tuple((k, self.producer[i][0] - start) for k, i in enumerate(step.inputs) if self.producer.get(i, (-1,))[0] >= start)
        if not exact:
            return step.name, repr([(k, v) for k, v in step.params.items() if plain(v) and step.family != "index"]), len(inner)
        weights = tuple(self.graph.values[i].shape for i in step.inputs if self.graph.values[i].kind == "parameter")
        return self.of_steps[at], tuple(p for _, p in inner), weights

    # ------------------------------------------------------------------------------------------------- decks
    def decks(self, blocks: list[Block], loose: bool = False) -> list[Block | Deck]:
        """These neighbours, with repeats put together. `loose`: groups that repeat may differ in their sizes."""
        found = self._periods(self._runs(blocks))
        return self._periods(found, loose=True) if loose else found

    def _runs(self, blocks: list[Block]) -> list[Block | Deck]:
        """Calls of one class in a row, with results of one shape."""
        found: list[Block | Deck] = []
        at = 0
        while at < len(blocks):
            end, key = at + 1, self._family(blocks[at])
            while end < len(blocks) and key is not None and self._family(blocks[end]) == key:
                end += 1
            found += self._parted(blocks[at:end])
            at = end
        return found

    def _family(self, block: Block) -> Any:
        return (block.kind, self.outputs_of(self.graph.steps[block.end - 1])) if block.call and block.operations > 1 else None

    def _parted(self, row: list[Block]) -> list[Block | Deck]:
        """A row of one family as decks: the whole row where most of it is built alike, else the stretches that are."""
        if len(row) < 2:
            return list(row)
        loose = [self.build(b.start, b.end, exact=False) for b in row]
        usual, count = Counter(loose).most_common(1)[0]
        if count >= 2 and count * 3 >= len(row) * 2:
            exact = Counter(self.build(b.start, b.end) for b, s in zip(row, loose, strict=True) if s == usual).most_common(1)[0][0]
            typical = next(i for i, b in enumerate(row) if self.build(b.start, b.end) == exact)
            return [Deck([[b] for b in row], typical)]
        parts: list[Block | Deck] = []
        at = 0
        while at < len(row):
            end = at + 1
            while end < len(row) and loose[end] == loose[at]:
                end += 1
            parts += [Deck([[b] for b in row[at:end]], 0)] if end - at > 1 else row[at:end]
            at = end
        return parts

    def _periods(self, row: list[Block | Deck], loose: bool = False) -> list[Block | Deck]:
        """Groups of neighbours that repeat: the body of a loop, or pairs of layers in a sequence."""
        marks = [-1 - i if isinstance(b, Deck) else self.build(b.start, b.end, not loose) for i, b in enumerate(row)]
        found: list[Block | Deck] = []
        at = 0
        while at < len(row):
            period, times = self._repeats(marks, row, at, loose)
            if times:
                group: Any = row[at : at + period * times]
                rest = self._begun(marks, at, period, times)
                if rest:  # the first of them lacks what comes last in a period: with a state of zeros, say
                    group = row[at : at + period * times + rest]
                starts = range(rest, len(group), period)
                copies = [group[i : i + period] for i in starts]
                found.append(Deck([group[:rest], *copies] if rest else copies, min(1, times - 1)))
                at += len(group)
            else:
                found.append(row[at])
                at += 1
        return found

    @staticmethod
    def _begun(marks: list[int], at: int, period: int, times: int) -> int:
        """How much of one more period follows, if it is most of one."""
        end, count = at + period * times, 0
        while count < period - 1 and end + count < len(marks) and marks[end + count] == marks[at + count]:
            count += 1
        return count if 2 * count > period and times > 2 else 0

    def _repeats(self, marks: list[int], row: list[Block | Deck], at: int, loose: bool) -> tuple[int, int]:
        """The period and the number of repeats that cover most from here on; (0, 0) if nothing repeats."""
        best = (0, 0)
        for period in range(1, min(LONGEST_PERIOD, (len(marks) - at) // 2) + 1):
            first = marks[at : at + period]
            if min(first) < 0:  # a deck: it is folded already
                break
            times = 1
            while marks[at + times * period : at + (times + 1) * period] == first:
                times += 1
            several = any(isinstance(b, Block) and b.operations > 1 for b in row[at : at + period])
            fewest = 2 if several or (loose and period > 1) else FEWEST_OPERATIONS
            if times >= fewest and times * period > best[0] * best[1] and self._same_wiring(row, at, period, times, loose):
                best = (period, times)
        return best

    def _same_wiring(self, row: list[Block | Deck], at: int, period: int, times: int, loose: bool) -> bool:
        spans = [(row[at + k * period].start, row[at + (k + 1) * period - 1].end) for k in range(times)]
        return len({self.build(*s, not loose) for s in spans}) == 1
