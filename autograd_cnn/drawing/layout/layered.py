"""The built-in layout, for places where Graphviz does not run: longest-path ranks, barycentre order, least-squares
positions.

A frame is laid out on its own and then stands as one box in what surrounds it, so frames can never overlap anything.
Links that cross a frame's border get a lane of their own from the border to their end.   [Sugiyama, Tagawa and Toda,
IEEE Trans. Syst. Man Cybern. 11 (1981) 109]
"""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..canvas.geometry import spread
from ..canvas.scene import Point
from .request import HEADER, PAD, Placement, Request, Via


@dataclass(slots=True)
class _Item:
    """Something in a rank: a node, a frame laid out already, or a lane through which a link passes."""

    left: float
    right: float
    height: float
    node: str | None = None
    block: _Block | None = None
    rank: int = 0
    x: float = 0.0
    y: float = 0.0

    def port(self, link: int, side: str) -> float:
        """Where a link meets this item's border, from its anchor."""
        return self.block.ports.get((link, side), 0.0) if self.block else 0.0


@dataclass(slots=True)
class _Block:
    left: float
    right: float
    height: float
    points: dict[str, Point] = field(default_factory=dict)
    vias: dict[int, list[Via]] = field(default_factory=dict)
    ports: dict[tuple[int, str], float] = field(default_factory=dict)  # (link, "in" or "out") -> x at the border
    below: dict[int, float] = field(default_factory=dict)  # link -> where the rank of its tail ends
    above: dict[int, float] = field(default_factory=dict)  # link -> where the rank of its head begins


def place_layered(request: Request) -> Placement:
    """Lay out without Graphviz."""
    block = _Layer(request, None).block
    vias = [sorted(block.vias.get(i, []), key=lambda v: v[1]) for i in range(len(request.links))]
    clear = []
    for i, link in enumerate(request.links):
        tail, head = block.points[link.tail][1], block.points[link.head][1]
        clear.append((block.below.get(i, tail), block.above.get(i, head)))
    return Placement(block.points, vias, clear, "layered")


class _Layer:
    """One frame's inside, or with `frame=None` the whole."""

    def __init__(self, request: Request, frame: str | None) -> None:
        self.request = request
        self.frame = frame
        self.items: list[_Item] = []
        self.home: dict[str, _Item] = {}  # node id -> the item here that is or holds it
        self.fill()
        self.links = self.lifted()
        self.rank()
        self.rows, self.chains = self.lanes()
        self.order()
        self.position()
        self.block = self.finish()

    def fill(self) -> None:
        for n in self.request.nodes:
            if n.frame == self.frame:
                item = _Item(n.left, n.right, n.height, node=n.id)
                self.items.append(item)
                self.home[n.id] = item
        for f in self.request.frames:
            if f.parent != self.frame:
                continue
            inner = _Layer(self.request, f.id).block
            item = _Item(inner.left, inner.right, inner.height, block=inner)
            self.items.append(item)
            self.home.update(dict.fromkeys(inner.points, item))

    def lifted(self) -> list[tuple[int, _Item | None, _Item | None]]:
        """The links that touch this level: (number, tail item or None for outside, head item or None)."""
        found = []
        for i, link in enumerate(self.request.links):
            tail, head = self.home.get(link.tail), self.home.get(link.head)
            if tail is not head:
                found.append((i, tail, head))
        return found

    # ------------------------------------------------------------------------------------------------- ranks
    def rank(self) -> None:
        """Longest path from the sources, then sources down to their first consumer."""
        below: dict[int, list[_Item]] = {id(t): [] for t in self.items}
        waiting = {id(t): 0 for t in self.items}
        for _, tail, head in self.links:
            if tail and head:
                below[id(tail)].append(head)
                waiting[id(head)] += 1
        sources = {k for k, count in waiting.items() if not count}
        ready = [t for t in self.items if id(t) in sources]
        for item in ready:  # grows while it is walked
            for head in below[id(item)]:
                head.rank = max(head.rank, item.rank + 1)
                waiting[id(head)] -= 1
                if not waiting[id(head)]:
                    ready.append(head)
        fixed = {id(self.home[n]) for n in self.request.first_rank if n in self.home}
        for item in self.items:
            if id(item) in sources and id(item) not in fixed and below[id(item)]:
                item.rank = min(h.rank for h in below[id(item)]) - 1

    def lanes(self) -> tuple[list[list[_Item]], dict[int, list[_Item]]]:
        """Rows of items with a narrow lane for each link in each rank it passes; the chain of items of each link."""
        last = max((t.rank for t in self.items), default=0)
        rows: list[list[_Item]] = [[] for _ in range(last + 1)]
        for item in sorted(self.items, key=lambda t: t.rank):
            rows[item.rank].append(item)
        chains: dict[int, list[_Item]] = {}
        for i, tail, head in self.links:
            start = tail.rank + 1 if tail else 0
            stop = head.rank if head else last + 1
            chain = [tail] if tail else []
            for r in range(start, stop):
                lane = _Item(8.0, 8.0, 0.0, rank=r)
                rows[r].append(lane)
                chain.append(lane)
            chains[i] = chain + ([head] if head else [])
        return rows, chains

    # ------------------------------------------------------------------------------------------------- order
    def neighbours(self, up: bool) -> dict[int, list[tuple[_Item, float]]]:
        """For each item the items it is linked to above (or below), with the difference of the ports' x."""
        found: dict[int, list[tuple[_Item, float]]] = {}
        for i, chain in self.chains.items():
            for a, b in itertools.pairwise(chain):
                shift = a.port(i, "out") - b.port(i, "in")
                if up:
                    found.setdefault(id(b), []).append((a, shift))
                else:
                    found.setdefault(id(a), []).append((b, -shift))
        return found

    def order(self) -> None:
        for row in self.rows:
            for i, item in enumerate(row):
                item.x = float(i)
        best, fewest = [list(r) for r in self.rows], self.crossings()
        for sweep in range(8):
            near = self.neighbours(up=sweep % 2 == 0)
            for row in self.rows if sweep % 2 == 0 else self.rows[::-1]:
                middles = {id(t): _mean([n.x for n, _ in near.get(id(t), ())], t.x) for t in row}
                row.sort(key=lambda t: middles[id(t)])
                for i, item in enumerate(row):
                    item.x = float(i)
            if (count := self.crossings()) < fewest:
                best, fewest = [list(r) for r in self.rows], count
        self.rows = best

    def crossings(self) -> int:
        place = {id(t): i for row in self.rows for i, t in enumerate(row)}
        spans: list[list[tuple[int, int]]] = [[] for _ in self.rows]
        for c in self.chains.values():
            for a, b in itertools.pairwise(c):
                spans[a.rank].append((place[id(a)], place[id(b)]))
        return sum(map(_inversions, spans))

    # ------------------------------------------------------------------------------------------------- positions
    def position(self) -> None:
        gap = self.request.node_gap
        for row in self.rows:
            x = 0.0
            for i, item in enumerate(row):
                x += item.left + (row[i - 1].right + gap if i else 0.0)
                item.x = x
        for sweep in range(12):
            near = self.neighbours(up=sweep % 2 == 0)
            for row in self.rows if sweep % 2 == 0 else self.rows[::-1]:
                wishes = [_mean([n.x + shift for n, shift in near.get(id(t), ())], t.x) for t in row]
                gaps = [a.right + gap + b.left for a, b in itertools.pairwise(row)]
                weights = [4.0 if t.height == 0 else 1.0 for t in row]
                for item, x in zip(row, spread(wishes, gaps, weights), strict=True):
                    item.x = x
        y = 0.0
        for row in self.rows:
            height = max((t.height for t in row), default=0.0)
            for item in row:
                item.y = y + height / 2
                if item.node is None and item.block is None:
                    item.height = height  # a lane runs straight past everything in its rank
            y += height + self.request.rank_gap

    def finish(self) -> _Block:
        """Everything in one coordinate system, with room for the frame's header and padding."""
        row_items = [t for row in self.rows for t in row]
        low, high = min(t.x - t.left for t in row_items), max(t.x + t.right for t in row_items)
        tall = max(t.y + t.height / 2 for t in row_items)
        framed = self.frame is not None
        middle = (low + high) / 2 if framed else low
        top = PAD + HEADER if framed else 0.0
        header = next((f.header_width for f in self.request.frames if f.id == self.frame), 0.0)
        pad = PAD if framed else 0.0
        block = _Block(middle - low + pad, max(high - middle + pad, header - (middle - low)), tall + top + pad)
        if framed and self.request.turned:  # the header is at the left, and as high as it is wide
            top = PAD
            block = _Block(middle - low + pad + HEADER, high - middle + pad, max(tall + 2 * pad, header))
        for item in row_items:
            x, y = item.x - middle, item.y + top
            if item.node:
                block.points[item.node] = (x, y)
            elif item.block:
                base = y - item.height / 2
                for n, (nx, ny) in item.block.points.items():
                    block.points[n] = (nx + x, ny + base)
                for i, vias in item.block.vias.items():
                    block.vias.setdefault(i, []).extend((vx + x, a + base, b + base) for vx, a, b in vias)
                block.below.update((i, h + base) for i, h in item.block.below.items())
                block.above.update((i, h + base) for i, h in item.block.above.items())
        for i, tail, head in self.links:
            chain = self.chains[i]
            for item in chain:
                if item.node is None and item.block is None:
                    y = item.y + top
                    block.vias.setdefault(i, []).append((item.x - middle, y - item.height / 2, y + item.height / 2))
            if tail is not None:
                self.leave(block, i, tail, tail.x - middle + tail.port(i, "out"), top, below=True)
            if head is not None:
                self.leave(block, i, head, head.x - middle + head.port(i, "in"), top, below=False)
            if tail is None and chain:
                block.ports[i, "in"] = chain[0].x - middle + chain[0].port(i, "in")
            if head is None and chain:
                block.ports[i, "out"] = chain[-1].x - middle + chain[-1].port(i, "out")
        return block

    def leave(self, block: _Block, link: int, item: _Item, x: float, top: float, below: bool) -> None:
        """Note how far a link runs straight at its end's rank, past taller neighbours; from a frame, in a lane."""
        half = max(t.height for t in self.rows[item.rank]) / 2
        border = item.y + top + (half if below else -half)
        edge = item.y + top + (item.height if below else -item.height) / 2
        if item.block is None or link not in item.block.vias:
            (block.below if below else block.above)[link] = border
        elif half > item.height / 2:
            block.vias.setdefault(link, []).append((x, min(edge, border), max(edge, border)))


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _inversions(spans: list[tuple[int, int]]) -> int:
    """How many pairs of lines cross, each from a place above to one below."""
    total = 0
    ends: list[int] = []
    for _, b in sorted(spans):  # of those that begin at one place none crosses another
        total += len(ends) - bisect_right(ends, b)
        insort(ends, b)
    return total
