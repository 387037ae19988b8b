"""Mathematics that does not fit on one line of text: fractions, exponents, roots and brackets, measured and painted.

A `Term` is a measured piece with its baseline at 0. Pieces are made by `written` (runs of text), joined by `row`, and
stacked by `fraction`, `power` and `root`; `lines` breaks a long sum. One line of mathematics as plain runs is
`words.mathematics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .metrics import ASCENT, DESCENT
from .scene import Group, Run, runs_width

NEGATIVE, SUM, PRODUCT, POWER, ATOM = range(5)  # how tightly a term is bound
LOOSEST = NEGATIVE


@dataclass(frozen=True, slots=True)
class Term:
    """A measured piece of a formula, its baseline at 0: either runs, or a row of pieces, with lines drawn between them."""

    width: float
    ascent: float
    descent: float
    level: int = ATOM
    runs: tuple[Run, ...] = ()
    size: float = 0.0
    row: tuple[tuple[float, float, Term], ...] = ()  # (dx, dy, piece)
    lines: tuple[tuple[float, ...], ...] = ()  # (x, y, x, y, …), as a fraction's bar and a root's hook
    ink: str = "ink"

    def paint(self, g: Group, x: float, y: float) -> None:
        """Write it with its baseline starting at (x, y)."""
        if self.runs:
            g.text(x, y, self.runs, self.size)
        for dx, dy, piece in self.row:
            piece.paint(g, x + dx, y + dy)
        for points in self.lines:
            g.line(*((x + a, y + b) for a, b in zip(points[::2], points[1::2], strict=True)), stroke=self.ink, line=0.9)


def written(runs: Sequence[Run], size: float, level: int = ATOM) -> Term:
    """Runs of text in one line."""
    top = max((r.rise + ASCENT * r.scale for r in runs), default=0.0)
    bottom = max((DESCENT * r.scale - r.rise for r in runs), default=0.0)
    return Term(runs_width(runs, size), size * top, size * bottom, level, tuple(runs), size)


def space(width: float) -> Term:
    """Nothing, so wide."""
    return Term(width, 0.0, 0.0)


def row(pieces: Sequence[Term], level: int = SUM) -> Term:
    """Pieces side by side on one baseline."""
    placed, x = [], 0.0
    for p in pieces:
        placed.append((x, 0.0, p))
        x += p.width
    return Term(x, max((p.ascent for p in pieces), default=0.0), max((p.descent for p in pieces), default=0.0), level, row=tuple(placed))


def bound(term: Term, level: int, size: float, ink: str = "ink") -> Term:
    """In brackets, unless the term is bound at least so tightly."""
    if term.level >= level:
        return term
    tall = (term.ascent + term.descent) / (size * 0.97)
    if tall < 1.35:
        return row([written((Run("(", "serif", ink),), size), term, written((Run(")", "serif", ink),), size)], ATOM)
    left, wide, top, bottom = 3.0, size * 0.2, -term.ascent - 1, term.descent + 1
    middle = (top + bottom) / 2

    def bracket(x: float, way: float) -> tuple[float, ...]:
        """A tall bracket: an arc as a line of nine points."""
        points = []
        for i in range(9):
            t = i / 4 - 1
            points += [x + way * wide * (1 - t * t), middle + t * (bottom - top) / 2]
        return tuple(points)

    inner = left + wide + 2
    width = inner + term.width + 2 + wide + left
    arcs = bracket(left + wide, -1.0), bracket(width - left - wide, 1.0)
    return Term(width, -top, bottom, ATOM, row=((inner, 0.0, term),), lines=arcs, ink=ink)


def fraction(over: Term, under: Term, size: float, ink: str = "ink") -> Term:
    """One over the other, the bar at the height of a minus sign."""
    width, axis = max(over.width, under.width) + 6, -size * 0.27
    top, bottom = axis - 3.5 - over.descent, axis + 4 + under.ascent
    placed = (((width - over.width) / 2, top, over), ((width - under.width) / 2, bottom, under))
    return Term(width, over.ascent - top, bottom + under.descent, ATOM, row=placed, lines=((0.0, axis, width, axis),), ink=ink)


def power(base: Term, exponent: Term, size: float) -> Term:
    """A raised exponent."""
    up = max(size * 0.36, base.ascent - size * 0.36) + exponent.descent * 0.4
    placed = ((0.0, 0.0, base), (base.width + 0.5, -up, exponent))
    return Term(base.width + exponent.width + 1, max(base.ascent, up + exponent.ascent), base.descent, POWER, row=placed)


def root(term: Term, size: float, ink: str = "ink") -> Term:
    """A square root, its hook drawn."""
    hook, top = size * 0.5, -term.ascent - 2.5
    low = term.descent * 0.6
    line = (0.0, -size * 0.28, hook * 0.3, -size * 0.36, hook * 0.62, low, hook, top, hook + term.width + 3, top)
    return Term(hook + term.width + 4, -top, max(term.descent, low), ATOM, row=((hook + 1.5, 0.0, term),), lines=(line,), ink=ink)


def lines(head: Term, pieces: Sequence[Term], room: float) -> list[list[tuple[float, Term]]]:
    """Pieces in as many lines as they need, each with where it starts; lines after the first stand behind the head.

    >>> a = space(40.0)
    >>> [[x for x, _ in line] for line in lines(space(10.0), [a, a, a], 100.0)]
    [[0.0, 10.0, 50.0], [10.0]]
    """
    made: list[list[tuple[float, Term]]] = [[(0.0, head)]]
    x = head.width
    for p in pieces:
        if x + p.width > room and x > head.width:
            made.append([])
            x = head.width
        made[-1].append((x, p))
        x += p.width
    return made
