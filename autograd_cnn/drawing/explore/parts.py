"""The parts of a graph that a page opens and closes: modules, rows of modules that do the same, operations, as one tree."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...analysis.costs import multiply_adds
from ...engine.node import Scope
from ...graph.step import Step, Value
from ..view.blocks import Block, Deck, Row
from ..view.failure import failure_of
from ..view.folding import Tree as Cuts
from ..view.folding import calls_joined
from ..view.statistics import statistics
from ..view.view import gradient_of, joint, size_of
from ..view.watching import Watched

MOST_OPEN = 40  # nodes that stand open at first, where nobody says how many


@dataclass(eq=False)
class Part:
    """A module call, a row of calls that do the same, or an operation. Callbacks are handed one.

    Attributes:
        name: within the module around it, "conv1"; of an operation that stands alone its own, "add".
        kind: the module's class, or the operation's label.
        path: "layer3.7.conv1".
        depth: how many parts it stands in.
        role: "module", "deck", "call" (of a library function that is made of several operations) or "op".
        operations: how many operations it is.
        module: the module itself; None of an operation that no module is alone with.
        parts: what stands in it.
    """

    name: str
    kind: str
    role: str
    steps: list[Step]
    watched: Watched = field(repr=False)
    parent: Part | None = field(default=None, repr=False)
    module: Any = field(default=None, repr=False)
    copies: int = 1
    parts: list[Part] = field(default_factory=list, repr=False)
    depth: int = 0

    @property
    def operations(self) -> int:
        return len(self.steps)

    @cached_property
    def path(self) -> str:
        before = self.parent.path if self.parent else ""
        if self.role == "deck":
            return before
        return f"{before}.{self.name}" if before and self.name else before or self.name

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Of its (last) result."""
        return self.results[0].shape if self.results else None

    @property
    def results(self) -> list[Value]:
        values = self.watched.graph.values
        return [values[o] for o in self.steps[-1].outputs[:1]] if self.steps else []

    @cached_property
    def weights(self) -> list[Value]:
        """Its parameters, each once."""
        values = self.watched.graph.values
        return [values[i] for i in dict.fromkeys(i for s in self.steps for i in s.inputs) if values[i].held == "parameter"]

    @property
    def parameters(self) -> int:
        """How many numbers those are."""
        return size_of(self.weights)

    @cached_property
    def multiply_adds(self) -> int:
        return sum(multiply_adds(s, self.watched.graph) for s in self.steps)

    @property
    def kept_bytes(self) -> int:
        """Kept for the backward pass, what is shared counted where it is kept first."""
        return sum(s.kept_bytes for s in self.steps)

    @property
    def gradient(self) -> float | None:
        """The norm of the gradient of its result; None where it is not known."""
        found = joint(map(gradient_of, self.results))
        return found.norm if found.state in ("flows", "zero", "nan") else None

    @property
    def weight_gradient(self) -> float | None:
        """The norm of the gradients of its parameters together."""
        found = joint(map(gradient_of, self.weights))
        return found.norm if found.state in ("flows", "zero", "nan") else None

    @property
    def gradient_share(self) -> float | None:
        """That over the norm of the parameters."""
        norms = [statistics(v.data) for v in self.weights]
        whole = math.hypot(*(s.norm for s in norms if s is not None))
        return self.weight_gradient / whole if self.weight_gradient is not None and whole else None

    def walk(self) -> Iterator[Part]:
        """This part and all in it, outer ones first."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting += reversed(part.parts)


class Tree:
    """The parts of a watched graph: `top` those that stand in none. A single module around everything is the `root`, and what stands in it
    is the top."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.cuts = Cuts(watched.graph)
        self.likeness = self.cuts.likeness
        failed = failure_of(watched)
        self.failing = {id(m) for m in failed.modules} if failed is not None else set()
        blocks = self.cuts.top
        self.root: Part | None = None
        if len(blocks) == 1 and blocks[0].call:
            self.root = self.of_block(blocks[0], None, whole=True)
            self.top = self.root.parts
        else:
            self.top = self.row(blocks, None)

    def row(self, blocks: list[Block], parent: Part | None) -> list[Part]:
        """Neighbours, those that do the same put together."""
        found = []
        whole = parent is not None and parent.role in ("module", "call")  # what is all of a module is not framed again
        for block in self.joined(self.likeness.decks(blocks)):
            if isinstance(block, Deck):
                found.append(self.of_deck(block, parent))
            elif whole and not block.call and 1 < block.operations == len(blocks):
                found += [self.of_block(b, parent) for b in blocks]
            else:
                found.append(self.of_block(block, parent))
        return found

    def joined(self, blocks: Sequence[Block | Deck]) -> list[Block | Deck]:
        """Neighbours, the operations of one call of a library function put together."""
        return [b for b in calls_joined(self.cuts, blocks) if not isinstance(b, Row)]

    def of_deck(self, deck: Deck, parent: Part | None) -> Part:
        steps = list(self.watched.graph.steps[deck.start : deck.end])
        copy, last = deck.copies[0], deck.copies[-1]
        said = [b.kind if b.call else self.watched.graph.steps[b.start].label for b in copy]
        name = ""
        if len(copy) == 1 and copy[0].call:
            name = copy[0].name if copy[0].name == last[0].name else f"{copy[0].name} … {last[0].name}"
        kind = ", ".join(said[:3]) + (", …" if len(said) > 3 else "")
        made = self.part(name, kind, "deck", steps, parent)
        made.copies = len(deck.copies)
        made.parts = [self.of_block(b, made) for copy in deck.copies for b in self.joined(copy) if isinstance(b, Block)]
        return made

    def of_block(self, block: Block, parent: Part | None, whole: bool = False) -> Part:
        steps = list(self.watched.graph.steps[block.start : block.end])
        if not block.call and len(steps) > 1:
            called, _ = steps[0].call or ("", 0)
            made = self.part(called, "", "call", steps, parent)
            made.parts = [self.part(s.name, s.label, "op", [s], made) for s in steps]
            return made
        if not block.call:
            return self.part(steps[0].name, steps[0].label, "op", steps, parent)
        module = self.module_of(steps[0], len(block.scopes))
        if (
            block.operations == 1 and not whole and id(module) not in self.failing
        ):  # an operation that is all its module does bears the module's name
            inner = block
            while inner.blocks and inner.blocks[0].call:
                inner = inner.blocks[0]
            name = ".".join(s.name for s in inner.scopes[len(block.scopes) - 1 :] if s.name) or block.name
            return self.part(name, inner.kind, "op", steps, parent, self.module_of(steps[0], len(inner.scopes)))
        name = "" if whole else block.name
        made = self.part(name, block.kind, "module", steps, parent, module)
        made.parts = self.row(block.blocks, made)
        return made

    def part(self, name: str, kind: str, role: str, steps: list[Step], parent: Part | None, module: Any = None) -> Part:
        return Part(name, kind, role, steps, self.watched, parent, module, depth=0 if parent is None else parent.depth + 1)

    def module_of(self, step: Step, depth: int) -> Any:
        """The module of the call that stands so deep around a step."""
        chain = []
        scope = self.watched.scopes[step.index] if step.index < len(self.watched.scopes) else None
        while isinstance(scope, Scope):
            chain.append(scope.module)
            scope = scope.parent
        return chain[-depth] if 0 < depth <= len(chain) else None

    def all(self) -> Iterator[Part]:
        """Every part, outer ones first; without the root."""
        for part in self.top:
            yield from part.walk()

    def reached(self, modules: list[Any]) -> tuple[Part | None, int]:
        """The innermost part that a row of module calls, one in the other, leads to; and how many of the calls are beyond it."""
        inner, level, rest = None, self.top, list(modules)
        if rest and self.root is not None and self.root.module is rest[0]:
            rest = rest[1:]
        while rest:
            held = [p for part in level for p in (part.parts if part.role == "deck" else [part])]
            known = next((p for p in reversed(held) if p.role == "module" and p.module is rest[0]), None)
            if known is None:
                break
            inner, level, rest = known, known.parts, rest[1:]
        return inner, len(rest)

    def opened(self, wish: int | Callable[[Part], Any] | None) -> set[Part]:
        """What stands open at first: to a depth, by a predicate, or level by level as long as it stays readable."""
        holding = [p for p in self.all() if p.parts]
        if callable(wish):
            return {p for p in holding if wish(p)}
        holding = [p for p in holding if p.role != "call"]  # the user wrote one word
        base = 0 if self.root is None else 1
        if wish is not None:
            return {p for p in holding if p.depth - base < wish}
        found: set[Part] = set()
        shown = len(self.top)
        for depth in sorted({p.depth for p in holding}):
            level = [p for p in holding if p.depth == depth and (p.parent is None or p.parent is self.root or p.parent in found)]
            more = sum(len(p.parts) - 1 for p in level)
            if shown + more > MOST_OPEN:
                break
            shown += more
            found.update(level)
        return found
