"""What is drawn of an operation taken apart: which entries are nodes, which stand on the edges, which edges are meant."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ...symbolic.algebra import ZERO, Expr, Partial, Product, Sum, Symbol, mul
from ...symbolic.calculus import evaluate, symbols
from .arguments import MOST, Choice, raise_too_many
from .expansion import Column, Expansion

DASHES = (None, "7 3", "2 3", "9 3 2 3")
MOST_STYLES = 16


@dataclass(slots=True)
class Link:
    """An edge between two entries. `local` is the derivative written on it; `weight` the shared entry that it is, if it is one."""

    tail: Symbol
    head: Symbol
    local: Expr
    weight: Symbol | None = None
    number: float | None = None
    meant: bool = False
    dead: bool = False  # no gradient passes: a dropped entry, a candidate that was not the maximum


@dataclass(slots=True)
class EntryView:
    """The nodes column by column and the edges between them."""

    choice: Choice
    columns: list[tuple[Column, list[Symbol]]] = field(default_factory=list)  # inputs, stages, output
    weights: Column | None = None
    links: list[Link] = field(default_factory=list)
    weighted: list[Symbol] = field(default_factory=list)  # the weights that stand on drawn edges
    shares: bool = False  # does one stand on several edges?

    @property
    def expansion(self) -> Expansion:
        return self.choice.expansion

    @property
    def target(self) -> Symbol:
        return self.choice.target

    @property
    def staged(self) -> bool:
        return bool(self.expansion.stages)

    def count_weights(self) -> None:
        """Once the edges are known: which weights stand on them, and whether one stands on several."""
        counts = Counter(x.weight for x in self.links if x.weight is not None)
        self.weighted = sorted(counts, key=lambda s: s.place)
        self.shares = any(n > 1 for n in counts.values())

    @property
    def meant(self) -> list[Link]:
        return [x for x in self.links if x.meant]

    def style_of(self, w: Symbol | None) -> tuple[str, str | None]:
        """The ink and dash pattern of a weight: four inks, and four patterns that shift when the inks come around again."""
        shown = self.weighted
        if w is None or not self.shares or len(shown) > MOST_STYLES:
            return "wire", None
        i = shown.index(w)
        return f"series-{i % 4 + 1}", DASHES[(i + i // 4) % 4]


def view_entries(choice: Choice) -> EntryView:
    """Decide what is drawn."""
    e = choice.expansion
    view = EntryView(choice, weights=weights_of(e))
    hidden = view.weights.letter if view.weights else None
    for s, x in e.exprs.items():
        tails = [t for t in symbols(x) if t.letter != hidden and e.column_of(t).kind != "kept"]
        for t in tails:
            local = e.local(s, t)
            weight, number = _weight_in(local, e, hidden), evaluate(local, e.values)
            dropped = number == 0.0 and weight is not None and e.column_of(weight).kind == "kept"
            view.links.append(Link(t, s, local, weight, number, dead=local == ZERO or dropped))
    _mean(view)
    kept = _kept(view)
    view.links = [x for x in view.links if x.tail in kept and x.head in kept]
    view.count_weights()
    for c in e.columns.values():
        if c.kind == "kept" or c is view.weights:
            continue
        shown = [s for s in c if s in kept]
        if shown:
            view.columns.append((c, shown))
    count = sum(len(shown) for _, shown in view.columns)
    if count > MOST:
        raise_too_many("draw.expand", e.op.label, f"{count:,} entries to draw", near=choice.near)
    return view


def weights_of(e: Expansion) -> Column | None:
    """The input that stands on edges: not the first, and only ever met as a factor of an entry that is a node."""
    for c in list(e.columns.values())[1:]:
        if c.kind != "input":
            continue
        met = [t for x in e.exprs.values() for t in _terms(x) if any(s.letter == c.letter for s in symbols(t))]
        if met and all(_weighs(t, c, e) for t in met):
            return c
    return None


def _terms(e: Expr) -> tuple[Expr, ...]:
    return e.terms if isinstance(e, Sum) else (e,)


def _weighs(term: Expr, c: Column, e: Expansion) -> bool:
    """Is the term a product of one entry of this column and entries of others?"""
    if not isinstance(term, Product):
        return False
    own = [f for f in term.factors if isinstance(f, Symbol) and f.letter == c.letter]
    others = [f for f in term.factors if isinstance(f, Symbol) and f.letter != c.letter]
    return len(own) == 1 and len(others) == 1


def _weight_in(local: Expr, e: Expansion, letter: str | None) -> Symbol | None:
    """The weight or mask entry that an edge's derivative is made of."""
    found = [s for s in symbols(local) if s.letter == letter or e.column_of(s).kind == "kept"]
    return found[0] if len(found) == 1 else None


def _mean(view: EntryView) -> None:
    """Mark the edges that the question is about."""
    target = view.target
    for x in view.links:
        if view.choice.wants_output:
            x.meant = x.head == target
        elif view.weights is not None and target.letter == view.weights.letter:
            x.meant = x.weight == target
        else:
            x.meant = x.tail == target


def _kept(view: EntryView) -> set[Symbol]:
    """The entries that are drawn: all; of stages only those that have to do with the target; with `near` only what it meets."""
    e = view.expansion
    if view.choice.near:
        return {s for x in view.links if x.meant for s in (x.tail, x.head)}
    if not view.staged:
        constant = set(e.exprs)
        return constant | {s for c in e.columns.values() if c.kind == "input" for s in c}
    seen, grown = {view.target}, True
    if view.weights is not None and view.target.letter == view.weights.letter:
        seen = {x.head for x in view.links if x.meant}
    while grown:  # everything downstream of the target …
        more = {x.head for x in view.links if x.tail in seen} - seen
        seen |= more
        grown = bool(more)
    output = view.expansion.output
    if not any(s.letter == output.letter for s in seen):  # nothing depends on it: the output is shown all the same
        seen |= set(output)
        seen |= {x.tail for x in view.links if x.head.letter == output.letter}
    grown = True
    alone = output.symbols.size == 1 and not view.choice.wants_output  # a loss is made of all samples: only one is drawn
    wanted = {s for s in seen if s.letter != output.letter or not alone}
    while grown:  # … and what that is made of
        more = {x.tail for x in view.links if x.head in wanted} - wanted
        wanted |= more
        grown = bool(more)
    return wanted | seen


def product_of(link: Link, target: Symbol, output: bool, view: EntryView) -> Expr:
    """What the pill on a meant edge says: local derivative × gradient; of an output, what the edge adds to it."""
    if output:
        return mul(link.local, link.tail) if not view.staged else link.local
    if view.weights is not None and target.letter == view.weights.letter:
        return mul(view.expansion.local(link.head, target) if _single(view, link) else link.tail, Partial(link.head))
    return mul(link.local, Partial(link.head))


def _single(view: EntryView, link: Link) -> bool:
    """Does the weight meet only this entry in this sum?"""
    return sum(x.head == link.head and x.weight == link.weight for x in view.links) == 1
