"""Where everything of a tensor graph is: cards, panels around them, and the lines between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..canvas import symbols
from ..canvas.geometry import Bands, bounds, overlap
from ..canvas.scene import Box
from ..layout.fit import Arrangement
from ..layout.place import place
from ..layout.request import HEADER, PAD, Frame, Link, Node, Placement, Request, Via
from ..view.view import Panel, View
from .cards import STACK_GAP, Card
from .chains import straighten_chains
from .routes import Columns, Route, align, make_room, route_all, straightened

LANE = 5.5  # from the middle of an edge to each of its two lanes


def gaps_of(how: Arrangement, two_lanes: bool) -> tuple[float, float]:
    """How far apart cards stand, in a rank and from rank to rank; closer where a figure would not fit otherwise. Numbers stand in
    the gaps, and are wider than high."""
    if how.right:
        return (22.0, 54.0) if two_lanes else (16.0, 36.0)
    if how.columns > 1:
        return (30.0, 36.0) if two_lanes else (26.0, 32.0)
    return (34.0, 46.0) if two_lanes else (28.0, 38.0)


@dataclass(slots=True)
class Layout:
    """Where cards, panels and lines go. `turned`: in a figure that runs to the right everything is placed as if it ran down, with
    the axes exchanged."""

    view: View
    placed: Placement
    frames: dict[str, Box]
    turned: bool = False

    def routes(self, cards: Mapping[str, Card], gap: float) -> list[Route]:
        """The lines between cards at the places of this layout, `gap` apart where two of them meet a border."""
        if not self.turned:
            return route_all(self.view.edges, self.placed, cards, self.frames, gap)
        frames = {id: swapped(box) for id, box in self.frames.items()}
        found = route_all(self.view.edges, self.placed, turned_cards(cards), frames, gap)
        return [Route(r.edge, r.track.turned()) for r in found]


def swapped(box: Box) -> Box:
    """A box with its axes exchanged."""
    x, y, w, h = box
    return y, x, h, w


def turned_cards(cards: Mapping[str, Card]) -> dict[str, Card]:
    """The cards as boxes with their axes exchanged; the pills above a card count with its size."""
    found = {}
    for id, c in cards.items():
        pills = c.up - c.height / 2
        found[id] = Card(c.unit, c.height, c.width, max(0.0, pills - STACK_GAP), x=c.y, y=c.x)
    return found


def lay_out(
    view: View,
    cards: Mapping[str, Card],
    header_width: Callable[[Panel], float],
    gaps: tuple[float, float],
    engine: str,
    right: bool = False,
    narrow: bool = False,
) -> Layout:
    """Place the cards (their positions are set) and frame the panels. `gaps`: between cards of one rank, and between ranks.
    `narrow`: no panel is widened for its header's sake."""
    boxes = turned_cards(cards) if right else cards
    headers = _Headers(header_width if not narrow else lambda p: 0.0, right)
    placed = _place(view, boxes, headers.width, gaps, engine, right)
    for id, (x, y) in placed.nodes.items():
        boxes[id].x, boxes[id].y = x, y
    align(view.edges, boxes)
    columns = Columns(boxes)
    placed.vias[:] = [straightened(e, v, columns) for e, v in zip(view.edges, placed.vias, strict=True)]
    straighten_chains(view, boxes, placed.vias, lambda: base_frames(view, boxes, headers))
    make_room(view.edges, placed, boxes, base_frames(view, boxes, headers))
    frames = _shift(boxes, _frames(view, boxes, headers, placed.vias), placed, right)
    if right:
        frames = {id: swapped(box) for id, box in frames.items()}
        for id, box in boxes.items():
            cards[id].x, cards[id].y = box.y, box.x
    return Layout(view, placed, frames, right)


def _place(
    view: View, cards: Mapping[str, Card], header_width: Callable[[Panel], float], gaps: tuple[float, float], engine: str, right: bool
) -> Placement:
    """Ask the layout engine. Edges that are a value's only way weigh more, so that the main path is straight."""
    nodes = [Node(c.unit.id, c.left, c.width / 2, c.tall, c.unit.panel.id if c.unit.panel else None) for c in cards.values()]
    links = [Link(e.tail.id, e.head.id, 10 if e.branches == 1 else 2) for e in view.edges]
    frames = [Frame(p.id, p.parent.id if p.parent else None, header_width(p)) for p in view.panels]
    return place(Request(nodes, links, frames, *gaps, turned=right), engine)


def _shift(cards: Mapping[str, Card], frames: dict[str, Box], placed: Placement, right: bool) -> dict[str, Box]:
    """Move everything below the heading, its left edge at the margin; the panels there."""
    boxes = [c.whole() for c in cards.values()] + list(frames.values())
    x, y, _, _ = bounds(boxes + [(x - LANE, a, 0.0, b - a) for vias in placed.vias for x, a, b in vias])
    left, top = symbols.MARGIN, symbols.HEADING + 8
    dx, dy = (top - x, left - y) if right else (left - x, top - y)
    for c in cards.values():
        c.x, c.y = c.x + dx, c.y + dy
    placed.vias[:] = [[(x + dx, a + dy, b + dy) for x, a, b in vias] for vias in placed.vias]
    placed.clear[:] = [(a + dy, b + dy) for a, b in placed.clear]
    return {id: (x + dx, y + dy, w, h) for id, (x, y, w, h) in frames.items()}


@dataclass(frozen=True, slots=True)
class _Headers:
    """How wide a panel's header is, and on which side of the panel it stands."""

    width: Callable[[Panel], float]
    at_left: bool = False

    def around(self, p: Panel, box: Box) -> Box:
        """The panel around what it holds."""
        x, y, w, h = box
        if self.at_left:
            return x - PAD - HEADER + 2, y - PAD + 2, w + 2 * PAD + HEADER - 6, max(h + 2 * PAD - 4, self.width(p))
        return x - PAD + 2, y - PAD - HEADER + 2, max(w + 2 * PAD - 4, self.width(p)), h + 2 * PAD + HEADER - 6


def base_frames(view: View, cards: Mapping[str, Card], headers: _Headers) -> dict[str, Box]:
    """The panels, as tight around their units and inner panels as their headers allow."""
    frames: dict[str, Box] = {}
    for p in reversed(view.panels):  # inner ones first
        frames[p.id] = headers.around(p, bounds([cards[u.id].whole() for u in p.units] + [frames[q.id] for q in p.panels]))
    return frames


def _frames(view: View, cards: Mapping[str, Card], headers: _Headers, vias: Sequence[list[Via]]) -> dict[str, Box]:
    """The panels, widened where nothing foreign stands beside them: so that a long edge with an end in one runs within it, and
    that its header has room to the left of the line that comes down through it."""
    frames, columns = base_frames(view, cards, headers), Columns(cards)
    crowd = _Crowd(view, frames, columns)
    entering: dict[str, list[Via]] = {}  # for each panel the stretches of long edges of which an end is in it
    for e, passed in zip(view.edges, vias, strict=True):
        if passed:
            tail, head = ({q.id for q in _family(u.panel)} for u in (e.tail, e.head))
            for id in tail | head:
                entering.setdefault(id, []).extend(passed)
    for p in reversed(view.panels):
        _, y, _, h = frames[p.id]
        for x, top, bottom in entering.get(p.id, ()):
            if bottom > y and top < y + h:
                _widen(p, x - 20, x + 20, frames, crowd)
        if not headers.at_left:
            first = min((cards[u.id] for u in p.all_units()), key=lambda c: c.y)
            _widen(p, first.x - headers.width(p) + 15, first.x, frames, crowd)
    return {p.id: frames[p.id] for p in view.panels}


def _widen(p: Panel, left: float, right: float, frames: dict[str, Box], crowd: _Crowd) -> None:
    """Let a panel, and those around it, reach from `left` to `right` at least, unless that is far or meets something."""
    x, _, w, _ = frames[p.id]
    extra = max(0.0, x - left) + max(0.0, right - x - w)
    if extra < 1 or extra > 130:
        return
    wider: dict[str, Box] = {}
    for q in _family(p):
        x, y, w, h = frames[q.id]
        wider[q.id] = (min(x, left), y, max(x + w, right) - min(x, left), h)
        left, right = left - PAD, right + PAD
    if all(crowd.leaves_alone(q, wider[q.id], frames) for q in _family(p)):
        frames.update(wider)


class _Crowd:
    """What stands around a panel. Panels change their width only, so their heights are known beforehand."""

    def __init__(self, view: View, frames: Mapping[str, Box], columns: Columns) -> None:
        self.columns = columns
        self.panels = {p.id: p for p in view.panels}
        self.bands = Bands(frames)
        self.units = {p.id: {id(u) for u in p.all_units()} for p in view.panels}

    def leaves_alone(self, p: Panel, box: Box, frames: Mapping[str, Box]) -> bool:
        """Would a panel of this size keep clear of what does not belong to it?"""
        top, bottom = box[1] - 12, box[1] + box[3] + 12
        if any(overlap(box, b, 12) for b in self.columns.beside(top, bottom) if id(self.columns.owners[b].unit) not in self.units[p.id]):
            return False
        family = {id(q) for q in _family(p)}
        met = (self.panels[name] for name in self.bands.near(top, bottom) if overlap(box, frames[name], 6))
        return all(id(q) in family or p in _family(q) for q in met)


def _family(p: Panel | None) -> list[Panel]:
    """A panel and those around it, from the inside out."""
    found = []
    while p is not None:
        found.append(p)
        p = p.parent
    return found
