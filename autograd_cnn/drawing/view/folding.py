"""What of a graph is folded: a cut through the tree of its module calls.

A cut is a list of parts that cover all operations in order: an operation, a module call that is closed (`Block`), or a
`Deck` of neighbours that do the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ...errors import nearest
from ...graph.graph import Graph
from .blocks import Block, Deck, Likeness, all_calls, tree_of

MOST_IN_A_LAYER = 12  # operations of one call of a layer that are one card
MOST_NODES = 60  # what a figure may show when it is left to itself
Part = Block | Deck
Predicate = Callable[[Block], bool]


@dataclass(frozen=True, slots=True)
class Fold:
    """How a graph is to be folded.

    `depth` closes module calls so many levels below the outermost one. `rule` is "auto", "none" or a predicate on module
    calls (`path`, `name`, `kind`, `depth`, `operations`) that says which are closed. `focus` is the path of a module that
    is opened while what stands around it is closed.
    """

    depth: int | None = None
    rule: str | Predicate = "auto"
    focus: str | None = None

    def __post_init__(self) -> None:
        if not callable(self.rule) and self.rule not in ("auto", "none"):
            raise ValueError(
                f"draw: expected fold to be 'auto', 'none' or a function of a module call, got {self.rule!r}."
                + nearest(str(self.rule), ("auto", "none"))
            )


def cut_of(graph: Graph, fold: Fold, standing: int = 0) -> list[Part]:
    """The parts that are drawn. `standing` is how many nodes are drawn besides them (inputs, outputs)."""
    parts = _Cut(graph, fold, MOST_NODES - standing).parts()
    return parts if fold.rule == "none" and fold.depth is None else calls_joined(graph, parts)


def calls_joined(graph: Graph, parts: Sequence[Part]) -> list[Part]:
    """Operations that one call of a library function is made of as one part (of a layer, such as a recurrent net, if they are few): what
    the user wrote is one card."""
    found: list[Part] = []
    sizes = Counter(s.call for s in graph.steps)
    for (call, single), group in groupby(parts, lambda p: (_call_of(graph, p), isinstance(p, Block) and not p.call)):
        row = list(group)
        scope = graph.steps[row[0].start].scope
        layer = call is not None and bool(scope) and scope[-1].kind == call[0]
        if call is not None and single and 1 < len(row) == sizes[call] <= (MOST_IN_A_LAYER if layer else len(row)):
            found.append(Block(row[0].start, row[-1].end, graph.steps[row[0].start].scope, False))
        else:
            found += row
    return found


def _call_of(graph: Graph, part: Part) -> tuple[str, int] | None:
    return graph.steps[part.start].call


class _Cut:
    def __init__(self, graph: Graph, fold: Fold, budget: int) -> None:
        self.graph, self.fold, self.budget = graph, fold, budget
        self.top = tree_of(graph)
        self.likeness: Likeness | None = None

    def parts(self) -> list[Part]:
        fold = self.fold
        if fold.focus is not None:
            return self.around(self.find(fold.focus))
        if fold.depth is not None:
            depth = fold.depth
            return self.cut(self.top, lambda b: b.depth < depth, decks=fold.rule != "none")
        if callable(fold.rule):
            predicate = fold.rule
            return self.cut(self.top, lambda b: not predicate(b), decks=True)
        return self.unfolded(self.top) if fold.rule == "none" else self.largest(self.top, self.budget)

    # ------------------------------------------------------------------------------------------------- cuts
    def unfolded(self, blocks: Iterable[Block]) -> list[Part]:
        return [Block(i, i + 1, self.graph.steps[i].scope, False) for b in blocks for i in range(b.start, b.end)]

    def cut(self, blocks: list[Block], opens: Predicate, decks: bool, holds: Block | None = None) -> list[Part]:
        """Open the calls that `opens` names; put neighbours together where all their calls stay closed (and there is one)."""
        found: list[Part] = []
        for part in self.decked(blocks, holds) if decks else blocks:
            if isinstance(part, Deck):
                calls = list(part.calls())
                if calls and not any(opens(b) for b in calls):
                    found.append(part)
                else:
                    found += self.cut([b for copy in part.copies for b in copy], opens, decks=False)
            elif part.call and opens(part):
                found += self.cut(part.blocks, opens, decks, holds)
            else:
                found.append(part)
        return found

    def decked(self, blocks: list[Block], holds: Block | None = None) -> list[Block | Deck]:
        """Neighbours with repeats put together, but for the one that holds what is in focus."""
        if self.likeness is None:
            self.likeness = Likeness(self.graph)
        at = next((i for i, b in enumerate(blocks) if holds is not None and _within(holds, b)), None)
        if at is not None:
            return [*self.likeness.decks(blocks[:at]), blocks[at], *self.likeness.decks(blocks[at + 1 :])]
        return self.likeness.decks(blocks)

    # ------------------------------------------------------------------------------------------------- left to itself
    def largest(self, blocks: list[Block], budget: int) -> list[Part]:
        """The largest unfolding that keeps within the budget: everything if it can be, else repeats become decks and calls
        are opened level by level, all of one class together, so that nothing appears in two forms."""
        if sum(b.operations for b in blocks) <= budget:
            return self.unfolded(blocks)
        opened: set[tuple[int, str]] = set()
        top = self.decked(blocks)
        best = self._opened(top, opened)
        while True:
            wishes = {_key(b) for part in best for b in (part.calls() if isinstance(part, Deck) else [part]) if b.call} - opened
            trials = [(len(cut), key, cut) for key in sorted(wishes) for cut in [self._opened(top, opened | {key})]]
            trials = [t for t in trials if t[0] <= max(budget, len(best))]
            if not trials:
                return best
            level = min(key[0] for _, key, _ in trials)
            _, key, best = min(t for t in trials if t[1][0] == level)
            opened.add(key)

    def _opened(self, top: list[Part], opened: set[tuple[int, str]]) -> list[Part]:
        found: list[Part] = []
        waiting = top[::-1]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Deck):
                calls = list(part.calls())
                if calls and all(_key(b) in opened for b in calls):
                    waiting += reversed([b for copy in part.copies for b in copy])
                else:
                    found.append(part)
            elif part.call and _key(part) in opened:
                if part.decked is None:
                    part.decked = self.decked(part.blocks)
                waiting += reversed(part.decked)
            else:
                found.append(part)
        return found

    # ------------------------------------------------------------------------------------------------- one module
    def around(self, focus: Block) -> list[Part]:
        """The module in focus open, to `depth` if that is given; what stands around it closed."""
        depth = focus.depth + (self.fold.depth if self.fold.depth is not None else 10**6)
        outside = self.cut(self.top, lambda b: _within(focus, b) or (_within(b, focus) and b.depth < depth), True, focus)
        inside = [p for p in outside if focus.start <= p.start and p.end <= focus.end]
        if self.fold.depth is not None or self.fold.rule == "none" or len(outside) <= self.budget:
            return outside
        at, rest = outside.index(inside[0]), self.budget - len(outside) + len(inside)
        return [*outside[:at], *self.largest(focus.blocks, rest), *outside[at + len(inside) :]]

    def find(self, path: str) -> Block:
        """The (first) call of a module by its path."""
        known: dict[str, Block] = {}
        for b in all_calls(self.top):
            if b.path:
                known.setdefault(b.path, b)
        if path in known:
            return known[path]
        some = ", ".join(list(known)[:8]) + (", …" if len(known) > 8 else "")
        raise ValueError(
            f"draw: expected focus to name a module that was called in this graph, got {path!r}."
            + (nearest(path, list(known)) or (f" There are {some}." if known else " It holds no module calls."))
        )


def _within(inner: Block, outer: Block) -> bool:
    return outer.scopes == inner.scopes[: len(outer.scopes)] and inner.call and outer.call


def _key(block: Block) -> tuple[int, str]:
    return block.depth, block.kind
