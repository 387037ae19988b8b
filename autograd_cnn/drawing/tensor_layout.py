"""Where everything of a tensor graph is: cards, panels around them, and the lines between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from . import marks
from .cards import Card
from .geometry import bounds, overlap
from .layout import HEADER, PAD, Frame, Link, Node, Placement, Request, Via, place
from .routes import Route, align, make_room, route_all, straightened
from .scene import Box
from .view import Panel, View

LANE = 5.5  # from the middle of an edge to each of its two lanes


def lay_out(
    view: View, cards: Mapping[str, Card], header_width: Callable[[Panel], float], two_lanes: bool, engine: str
) -> tuple[list[Route], dict[str, Box]]:
    """Place the cards (their positions are set), frame the panels, route the edges.

    Returns:
        The lines, and a box for each panel.
    """
    placed = _place(view, cards, header_width, two_lanes, engine)
    for id, (x, y) in placed.nodes.items():
        cards[id].x, cards[id].y = x, y
    align(view.edges, cards)
    make_room(view.edges, placed, cards, _frames(view, cards, header_width, []))
    placed.vias[:] = [straightened(e, v, cards) for e, v in zip(view.edges, placed.vias, strict=True)]
    frames = _shift(cards, _frames(view, cards, header_width, placed.vias), placed)
    return route_all(view.edges, placed, cards, frames, 30.0 if two_lanes else 20.0), frames


def _place(view: View, cards: Mapping[str, Card], header_width: Callable[[Panel], float], two_lanes: bool, engine: str) -> Placement:
    """Ask the layout engine. Edges that are a value's only way weigh more, so that the main path is straight."""
    nodes = [Node(c.unit.id, c.left, c.width / 2, c.tall, c.unit.panel.id if c.unit.panel else None) for c in cards.values()]
    links = [Link(e.tail.id, e.head.id, 10 if e.branches == 1 else 2) for e in view.edges]
    frames = [Frame(p.id, p.parent.id if p.parent else None, header_width(p)) for p in view.panels]
    gaps = (34.0, 46.0) if two_lanes else (28.0, 38.0)
    return place(Request(nodes, links, frames, *gaps), engine)


def _shift(cards: Mapping[str, Card], frames: dict[str, Box], placed: Placement) -> dict[str, Box]:
    """Move everything below the heading, its left edge at the margin; the panels there."""
    boxes = [c.whole() for c in cards.values()] + list(frames.values())
    x, y, _, _ = bounds(boxes + [(x - LANE, a, 0.0, b - a) for vias in placed.vias for x, a, b in vias])
    dx, dy = marks.MARGIN - x, marks.HEADING + 8 - y
    for c in cards.values():
        c.x, c.y = c.x + dx, c.y + dy
    placed.vias[:] = [[(x + dx, a + dy, b + dy) for x, a, b in vias] for vias in placed.vias]
    placed.clear[:] = [(a + dy, b + dy) for a, b in placed.clear]
    return {id: (x + dx, y + dy, w, h) for id, (x, y, w, h) in frames.items()}


def _frames(view: View, cards: Mapping[str, Card], header_width: Callable[[Panel], float], vias: Sequence[list[Via]]) -> dict[str, Box]:
    """The panels, around their units and inner panels."""
    frames: dict[str, Box] = {}
    for p in reversed(view.panels):  # inner ones first
        x, y, w, h = bounds([cards[u.id].whole() for u in p.units] + [frames[q.id] for q in p.panels])
        width = max(w + 2 * PAD - 4, header_width(p))
        frames[p.id] = (x - PAD + 2, y - PAD - HEADER + 2, width, h + 2 * PAD + HEADER - 6)
    entering: dict[str, list[list[Via]]] = {}  # for each panel the long edges of which one end is in it
    for e, passed in zip(view.edges, vias, strict=False):
        if passed:
            tail, head = ({q.id for q in _family(u.panel)} for u in (e.tail, e.head))
            for id in tail ^ head:
                entering.setdefault(id, []).append(passed)
    for p in reversed(view.panels):
        for passed in entering.get(p.id, ()):
            _hold_line(p, passed, frames, view, cards)
    return {p.id: frames[p.id] for p in view.panels}


def _hold_line(p: Panel, passed: list[Via], frames: dict[str, Box], view: View, cards: Mapping[str, Card]) -> None:
    """Widen a panel, and those around it, so that a long edge which ends in it runs within it, if nothing foreign
    stands in between."""
    x, y, w, h = frames[p.id]
    along = [v for v in passed if v[2] > y and v[1] < y + h]
    left = min([x, *(v[0] - 20 for v in along)])
    right = max([x + w, *(v[0] + 20 for v in along)])
    if right - left - w < 1 or right - left - w > 120:
        return
    wider: dict[str, Box] = {}
    for q in _family(p):
        x, y, w, h = frames[q.id]
        wider[q.id] = (min(x, left), y, max(x + w, right) - min(x, left), h)
        left, right = left - PAD, right + PAD
    if all(_alone(q, wider[q.id], frames, view, cards) for q in _family(p)):
        frames.update(wider)


def _alone(p: Panel, box: Box, frames: Mapping[str, Box], view: View, cards: Mapping[str, Card]) -> bool:
    """Would a panel of this size keep clear of what does not belong to it?"""
    own = {id(u) for u in p.all_units()}
    if any(overlap(box, c.whole(), 12) for c in cards.values() if id(c.unit) not in own):
        return False
    family = {id(q) for q in _family(p)}
    others = (q for q in view.panels if id(q) not in family and p not in _family(q))
    return not any(overlap(box, frames[q.id], 6) for q in others)


def _family(p: Panel | None) -> list[Panel]:
    """A panel and those around it, from the inside out."""
    found = []
    while p is not None:
        found.append(p)
        p = p.parent
    return found
