"""What of a graph is folded: a cut through the tree of its module calls.

A cut is a list of parts that cover all operations in order: an operation, a module call that is closed (`Block`), or a
`Deck` of neighbours that do the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

from ...errors import nearest
from ...graph.graph import Graph
from .blocks import Block, Deck, Likeness, Row, all_calls, tree_of
from .view import Scopes

MOST_IN_A_LAYER = 12  # operations of one call of a layer that are one card
MOST_NODES = 60  # what a figure may show when it is left to itself
Part = Block | Deck | Row
FOLLOWS = ("activation", "norm", "dropout")  # families of what stands with the layer before it
Predicate = Callable[[Block], bool]


@dataclass(frozen=True, slots=True)
class Fold:
    """How a graph is to be folded.

    `depth` closes module calls so many levels below the outermost one. `rule` is "auto", "none" or a predicate on module
    calls (`path`, `name`, `kind`, `depth`, `operations`) that says which are closed. `focus` is the path of a module that
    is opened while what stands around it is closed. `budget` is what "auto" may show; `tight`: repeats and modules of a
    single operation stay closed, even if there were nodes enough to show them. `loose`: what repeats may differ in size.
    `stretches`: what nothing else puts together is cut into so many stretches of operations.
    `expressions`, of a graph over plain numbers: 1 folds each, 2 also hides the leaves that it alone uses, 3 puts those
    that repeat together.
    `rows`: a layer and what follows it alone (its normalization, its activation) are one.
    """

    depth: int | None = None
    rule: str | Predicate = "auto"
    focus: str | None = None
    budget: int = MOST_NODES
    tight: bool = False
    rows: bool = False
    loose: bool = False
    expressions: int = 0
    stretches: int = 0

    def __post_init__(self) -> None:
        if not callable(self.rule) and self.rule not in ("auto", "none"):
            raise ValueError(
                f"draw: expected fold to be 'auto', 'none' or a function of a module call, got {self.rule!r}."
                + nearest(str(self.rule), ("auto", "none"))
            )


class Tree:
    """The module calls of a graph, and which are alike: what all cuts through it have in common."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.top = tree_of(graph)
        self.producer = {o for s in graph.steps for o in s.outputs}
        self.uses: dict[int, list[int]] = {}  # which steps take a value; a result of the graph is taken at its end
        for s in graph.steps:
            for i in s.inputs:
                self.uses.setdefault(i, []).append(s.index)
        for o in graph.outputs:
            self.uses.setdefault(o, []).append(len(graph.steps))
        self.calls = Counter(s.call for s in graph.steps)
        self._likeness: Likeness | None = None

    @property
    def likeness(self) -> Likeness:
        if self._likeness is None:
            self._likeness = Likeness(self.graph)
        return self._likeness


def cut_of(tree: Tree, fold: Fold, standing: int = 0) -> list[Part]:
    """The parts that are drawn. `standing` is how many nodes are drawn besides them (inputs, outputs)."""
    parts = _Cut(tree, fold, fold.budget - standing).parts()
    return parts if fold.rule == "none" and fold.depth is None else calls_joined(tree, parts)


def calls_joined(tree: Tree, parts: Sequence[Part]) -> list[Part]:
    """Operations that one call of a library function is made of as one part (of a layer, such as a recurrent net, if they are few): what
    the user wrote is one card."""
    found: list[Part] = []
    steps = tree.graph.steps
    for (call, single), group in groupby(parts, lambda p: (steps[p.start].call, isinstance(p, Block) and not p.call)):
        row = list(group)
        scope = steps[row[0].start].scope
        layer = call is not None and bool(scope) and scope[-1].kind == call[0]
        if call is not None and single and 1 < len(row) == tree.calls[call] <= (MOST_IN_A_LAYER if layer else len(row)):
            found.append(Block(row[0].start, row[-1].end, scope, False))
        else:
            found += row
    return found


class _Cut:
    def __init__(self, tree: Tree, fold: Fold, budget: int) -> None:
        self.tree, self.graph, self.fold, self.budget = tree, tree.graph, fold, budget
        self.top = tree.top

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
        likeness = self.tree.likeness
        at = next((i for i, b in enumerate(blocks) if holds is not None and _within(holds, b)), None)
        if at is not None:
            return [*likeness.decks(blocks[:at]), blocks[at], *likeness.decks(blocks[at + 1 :])]
        return likeness.decks(blocks, self.fold.loose)

    # ------------------------------------------------------------------------------------------------- left to itself
    def largest(self, blocks: list[Block], budget: int) -> list[Part]:
        """The largest unfolding that keeps within the budget: everything if it can be, else repeats become decks and calls
        are opened level by level, all of one class together, so that nothing appears in two forms."""
        if sum(b.operations for b in blocks) <= budget and not self.fold.tight:
            return self.unfolded(blocks)
        opened: set[tuple[int, str]] = set()
        top = self.decked(blocks)
        best = self._opened(top, opened)
        while True:
            blocks = [b for part in best for b in (part.blocks if isinstance(part, Row) else [part]) if isinstance(b, Block)]
            shut = [b for b in blocks if b.call and (b.operations > 1 or not self.fold.tight)]
            decks = [part for part in best if isinstance(part, Deck) and not self.stays(part)]
            wishes = {_key(b) for b in [*shut, *(b for deck in decks for b in deck.calls())]} - opened
            trials = [(len(cut), key, cut) for key in sorted(wishes) for cut in [self._opened(top, opened | {key})]]
            trials = [t for t in trials if t[0] <= max(budget, len(best))]
            if not trials:
                return best
            level = min(key[0] for _, key, _ in trials)
            _, key, best = min(t for t in trials if t[1][0] == level)
            opened.add(key)

    def _opened(self, top: Sequence[Block | Deck], opened: set[tuple[int, str]]) -> list[Part]:
        found: list[Block | Deck] = []
        waiting = list(top[::-1])
        while waiting:
            part = waiting.pop()
            if isinstance(part, Deck):
                calls = list(part.calls())
                if calls and all(_key(b) in opened for b in calls) and not self.stays(part):
                    waiting += reversed([b for copy in part.copies for b in copy])
                else:
                    found.append(part)
            elif part.call and _key(part) in opened and (part.operations > 1 or not self.fold.tight):
                if self.fold.loose not in part.decked:
                    part.decked[self.fold.loose] = self.decked(part.blocks)
                waiting += reversed(part.decked[self.fold.loose])
            else:
                found.append(part)
        if self.fold.stretches:
            return self.in_stretches(calls_joined(self.tree, found))
        return self.in_rows(calls_joined(self.tree, found)) if self.fold.rows else list(found)

    def in_stretches(self, parts: Sequence[Part]) -> list[Part]:
        """Neighbours in as many stretches as are wished: the longest is halved where the fewest values pass, that is, between two
        expressions rather than within one. What repeats stands for itself while there are stretches enough."""
        passing = self.passing(parts)
        decks = [i for i, p in enumerate(parts) if isinstance(p, Deck)]
        walls = {k for i in decks for k in (i, i + 1)} - {0, len(parts)} if 2 * len(decks) < self.fold.stretches else set()
        stops = [0, *sorted(walls), len(parts)]
        while len(stops) <= self.fold.stretches:
            a, b = max(pairwise(stops), key=lambda ends: (ends[1] - ends[0], -ends[0]))
            if b - a < 2:
                break
            margin = max(1, (b - a) // 4)
            near = range(a + margin, b - margin + 1)
            stops.append(min(near, key=lambda k: (passing[k], abs(2 * k - a - b))))
            stops.sort()
        cut = [parts[a:b] for a, b in pairwise(stops)]
        return [some[0] if len(some) == 1 else Row([b for p in some for b in _blocks(p)]) for some in cut]

    def passing(self, parts: Sequence[Part]) -> list[int]:
        """Before each part, and after the last, how many values pass from what stands before to what comes after."""
        part_of = {i: k for k, p in enumerate(parts) for i in range(p.start, p.end)}
        begin = [0] * (len(parts) + 2)
        for k, p in enumerate(parts):
            for o in {o for s in self.graph.steps[p.start : p.end] for o in s.outputs}:
                last = max((part_of.get(u, k) for u in self.tree.uses.get(o, ())), default=k)
                begin[k + 1] += 1
                begin[last + 1] -= 1
        return list(accumulate(begin))

    def in_rows(self, parts: Sequence[Part]) -> list[Part]:
        """Each layer with what follows it: single operations that take what it gives, which nothing else takes."""
        found: list[Part] = []
        for part in parts:
            before = found[-1] if found else None
            if not isinstance(part, Block) or before is None or isinstance(before, Deck) or not self.follows(before, part):
                found.append(part)
            elif isinstance(before, Row):
                before.blocks.append(part)
            else:
                found[-1] = Row([before, part])
        return found

    def follows(self, before: Block | Row, part: Block) -> bool:
        step, tree = self.graph.steps[part.start], self.tree
        last = before.blocks[-1] if isinstance(before, Row) else before
        if part.operations > 1 or step.family not in FOLLOWS or _around(last) != _around(part):
            return False
        given = self.graph.steps[before.end - 1].outputs
        takes = [i for i in step.inputs if i in tree.producer]
        used = {u for s in self.graph.steps[before.start : before.end] for o in s.outputs for u in tree.uses.get(o, ())}
        return bool(takes) and set(takes) <= set(given) and all(before.start <= u <= part.start for u in used)

    def stays(self, deck: Deck) -> bool:
        """Is this row of repeats never opened?"""
        return self.fold.tight and len(deck.copies) > 2

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


def _blocks(part: Part) -> list[Block]:
    if isinstance(part, Deck):
        return [b for copy in part.copies for b in copy]
    return part.blocks if isinstance(part, Row) else [part]


def _around(block: Block) -> Scopes:
    """The module calls a block stands in."""
    return block.scopes[:-1] if block.call else block.scopes


def _within(inner: Block, outer: Block) -> bool:
    return outer.scopes == inner.scopes[: len(outer.scopes)] and inner.call and outer.call


def _key(block: Block) -> tuple[int, str]:
    return block.depth, block.kind
