"""Which of many pictures of a graph is drawn: the first that can be read on the screen it is to fit.

The first candidate is the plain one, from top to bottom with up to 60 nodes. The next are folded further and further; each cut is
tried as a U (where it is one), in columns, to the right, in rows. What is certain to be too large by its cards alone is not laid out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..canvas import symbols
from ..canvas.scene import Scene
from ..layout.fit import Arrangement, Fit, first_that_fits
from ..layout.request import HEADER, PAD
from ..view.folding import Fold
from ..view.naming import subtitle_of
from ..view.style import Style
from ..view.view import Unit, View
from .backward_figure import Twice, backward_figure, rooms_of
from .backward_walk import Walk, walk_of
from .cards import Card, measure
from .cells import MOST_ROWS, cells_of
from .figure import DOWN, Unfit, settle, tensor_figure
from .placement import gaps_of
from .u_shape import levels_of
from .wrapped import columns_of, ranks_of

BUDGETS = (60, 40, 30, 24, 20, 16, 12, 8, 5, 2)  # nodes
STRETCHES = (12, 10, 8, 6, 5, 4, 3)  # of operations that nothing puts together, where all else is too large
MOST_COLUMNS = 6
RULES = (MOST_ROWS, 3, 0)  # so many operations of a rule are drawn one by one
MANY = 150  # units: beyond that nothing but the plain picture is tried
CLOSEST = 3  # candidates that are laid out although they seem too large, where none fits

Look = tuple[View, Arrangement]


def arrangements(view: View, direction: str | None) -> Iterator[Arrangement]:
    """The ways to lay out a view, the plain one first."""
    if direction != "right":
        yield DOWN
    if direction is None and len(view.units) > 5 and levels_of(view) is not None:
        yield Arrangement("right", shape="U")
    for columns in range(2, MOST_COLUMNS + 1) if direction != "right" else ():
        yield Arrangement("down", columns)
    for rows in range(1, MOST_COLUMNS + 1) if direction != "down" else ():
        yield Arrangement("right", rows)


def estimate(view: View, style: Style, how: Arrangement) -> tuple[float, float]:
    """The least width and height of a view, from its cards and panels alone."""
    cards = {c.unit.id: c for c in measure(view.units, style, how.right)}
    levels = levels_of(view) if how.shape else None
    if levels is not None:
        sides = [[sum(cards[u.id].width + 40 for u in row) - 40 for row in rows] for rows in (levels.down, levels.up)]
        longer = levels.down if len(levels.down) > len(levels.up) else levels.up
        tall = [max(cards[u.id].up + cards[u.id].tall / 2 for u in row) for row in longer]
        return sum(map(max, sides)) + 2 * symbols.MARGIN, sum(tall) + 30 * len(tall) + symbols.HEADING
    width, height = _least(view, cards, how, gaps_of(how, style.backward)[1], 24.0, 30.0)
    if how.right:
        nested = max((p.depth + 1 for p in view.panels), default=0)
        width, height = height, width + (HEADER + PAD) * nested
    return width + 2 * symbols.MARGIN, height + symbols.HEADING + symbols.MARGIN


def estimate_twice(view: View, walk: Walk, style: Style, how: Twice) -> tuple[float, float]:
    """The same of a view and its backward pass."""
    cards = {c.unit.id: c for c in measure(view.units, style, False)}
    rooms = rooms_of(cards, cells_of(view.units, walk, cards, style, how.rules))
    across, along = (gap - 4.0 for gap in how.gaps)
    width, height = _least(view, rooms, Arrangement("down", how.columns), how.gaps[1], across, along)
    return 2 * width + how.between + symbols.MARGIN, height + symbols.HEADING + symbols.MARGIN


def _least(view: View, cards: Mapping[str, Card], how: Arrangement, gap: float, across: float, along: float) -> tuple[float, float]:
    """The least size, across the way a view runs and along it, of its cards in columns."""
    columns: list[list[Unit]] | None = [view.units]
    if how.columns > 1:
        columns = columns_of(view, cards, how.columns, gap, how.right)
    if columns is None:
        return math.inf, math.inf
    rank = ranks_of(view)
    if how.right:
        across, along = 20.0, 40.0
    sizes = [_column(units, cards, rank, how.right, across, along) for units in columns]
    return sum(w for w, _ in sizes) + 40.0 * (len(sizes) - 1), max(h for _, h in sizes)


def _column(
    units: Sequence[Unit], cards: Mapping[str, Card], rank: Mapping[str, int], right: bool, across: float, along: float
) -> tuple[float, float]:
    """The least size across and along of what stands in one column; `across`, `along`: between cards."""
    wide: dict[int, float] = {}
    high: dict[int, float] = {}
    for u in units:
        c, r = cards[u.id], rank[u.id]
        size = (c.left + c.width / 2, c.up + c.tall / 2)
        if right:
            size = size[1], size[0]
        wide[r] = wide.get(r, -across) + size[0] + across
        high[r] = max(high.get(r, 0.0), size[1])
    return max(wide.values()), sum(high.values()) + along * (len(high) - 1)


def fitted_figure(
    views: Callable[[Fold], View], fold: Fold, style: Style, title: str, subtitle: str | None, fit: Fit, direction: str | None
) -> tuple[Scene, View]:
    """The figure of the first view and arrangement that fits, with its view."""
    drawn: dict[int, View] = {}
    tight: list[tuple[float, Look]] = []

    def painted(view: View, how: Arrangement) -> Scene | None:
        own = replace(style, scale=symbols.LaneScale(), bars=symbols.LaneScale())
        line = subtitle if subtitle is not None else subtitle_of(view, style.words, style.precision)
        try:
            scene = tensor_figure(view, own, title, line, arrangement=how, fit=None if how == DOWN and not drawn else fit)
        except Unfit:
            return None
        drawn[id(scene)] = view
        return scene

    def candidates() -> Iterator[Callable[[], Scene | None]]:
        for number, view in enumerate(_cuts(views, fold)):
            if not number:
                settle(style, view)
            for how in arrangements(view, direction) if len(view.units) <= MANY else [Arrangement(direction or "down")]:
                text = fit.text(*estimate(view, style, how))
                if fit.holds(text):
                    yield lambda view=view, how=how: painted(view, how)  # type: ignore[misc]
                else:
                    tight.append((text, (view, how)))
        tight.sort(key=lambda t: -t[0])
        plain = [look for _, look in tight if look[1].columns == 1 and not look[1].shape][:1]
        for view, how in [*(look for _, look in tight[:CLOSEST]), *plain]:
            yield lambda view=view, how=how: painted(view, how)  # type: ignore[misc]

    scene = first_that_fits(candidates(), fit)
    return scene, drawn[id(scene)]


def _cuts(views: Callable[[Fold], View], fold: Fold, loose: bool = True) -> Iterator[View]:
    """The views of a graph, from the finest to the coarsest; one only where the caller says what is folded. `loose`: also those that
    put together what no module does."""
    yield views(fold)
    if fold.rule != "auto" or fold.depth is not None:
        return
    found: dict[tuple[str, ...], tuple[int, int, int, View]] = {}  # of equally many nodes those first that show what repeats
    for number, (rows, freely) in enumerate(((False, False), (True, False), (True, True))[: 3 if loose else 2]):
        for budget in BUDGETS:
            view = views(replace(fold, budget=budget, tight=True, rows=rows, loose=freely))
            found.setdefault(tuple(u.id for u in view.units), (-len(view.units), -_repeats(view), number, view))
    yield from (view for *_, view in sorted(found.values(), key=lambda t: t[:3]))
    for count in STRETCHES if loose else ():
        yield views(replace(fold, tight=True, loose=True, stretches=count))


def _repeats(view: View) -> int:
    return sum(u.kind == "deck" for u in view.units)


def fitted_twice(views: Callable[[Fold], View], fold: Fold, style: Style, title: str, subtitle: str | None, fit: Fit) -> tuple[Scene, View]:
    """The figure of the first view that fits beside its backward pass, with its view: as it is, then closer together, in columns and with
    modules folded, then with long rules folded, and last with operations put together that no module does."""
    drawn: dict[int, View] = {}
    walks: dict[int, Walk] = {}
    tight: list[tuple[float, int, Callable[[], Scene | None]]] = []

    def walked(view: View) -> Walk:
        return walks.get(id(view)) or walks.setdefault(id(view), walk_of(view))

    def painted(view: View, how: Twice) -> Scene | None:
        walk = walked(view)
        line = f"{subtitle_of(view, style.words, style.precision)}, {style.words('of the walk', len(walk.graph.steps))}"
        try:
            scene = backward_figure(view, walk, replace(style), title, line if subtitle is None else subtitle, how, fit)
        except Unfit:
            return None
        drawn[id(scene)] = view
        return scene

    def candidates() -> Iterator[Callable[[], Scene | None]]:
        plain = next(_cuts(views, fold))
        settle(style, plain)
        yield lambda: painted(plain, Twice())
        seen: set[tuple[str, ...]] = set()
        for loose in (False, True):
            cuts = [v for v in _cuts(views, fold, loose) if tuple(u.id for u in v.units) not in seen]
            seen |= {tuple(u.id for u in v.units) for v in cuts}
            for rules, view, columns in itertools.product(RULES if fold.rule == "auto" else RULES[:1], cuts, (1, 2, 3)):
                how = Twice(columns, rules, close=True)
                text = fit.text(*estimate_twice(view, walked(view), style, how))
                if fit.holds(text):
                    yield lambda view=view, how=how: painted(view, how)  # type: ignore[misc]
                else:
                    tight.append((text, len(tight), lambda view=view, how=how: painted(view, how)))  # type: ignore[misc]
        yield from (make for *_, make in sorted(tight, key=lambda t: (-t[0], t[1]))[:CLOSEST])

    scene = first_that_fits(candidates(), fit)
    return scene, drawn[id(scene)]
