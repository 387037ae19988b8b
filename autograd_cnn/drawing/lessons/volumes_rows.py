"""An architecture in several rows: a long one broken where no way beside the axis goes on, an encoder with its decoder as a U."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from .volumes_layout import Arrangement, Lane, Row, Volume

BETWEEN = 40.0  # rows: room for the line from one to the next
CLOSE = 28.0  # the same in a U
BESIDE = 78.0  # encoder and decoder
MOST_ROWS = 4
Captions = Callable[[Sequence[int]], float]  # how high what stands under a row is


def in_rows(a: Arrangement, count: int, captions: Captions) -> bool:
    """Break the axis into so many rows of about one width; False where that cannot be."""
    stops = [0, *(i + 1 for i in range(len(a.axis) - 1) if not any(_spans(a, lane, i) for lane in a.lanes)), len(a.axis)]
    best: dict[tuple[int, int], tuple[float, list[int]]] = {(0, 0): (0.0, [0])}
    for k in range(1, count + 1):
        for j in range(1, len(stops)):
            ways = [(max(best[i, k - 1][0], _width(a, a.axis[stops[i] : stops[j]])), i) for i in range(j) if (i, k - 1) in best]
            if ways:
                widest, i = min(ways)
                best[j, k] = widest, [*best[i, k - 1][1], stops[j]]
    found = best.get((len(stops) - 1, count))
    if found is None:
        return False
    rows = [Row(a.axis[i:j]) for i, j in pairwise(found[1])]
    bottom = 0.0
    for number, row in enumerate(rows):
        beside = _beside(a, row.nodes)
        _measure(a, row, beside)
        row.y = bottom + row.above + (BETWEEN if number else 0.0)
        _shift(a, row, beside, -_left(a, row.nodes), row.y)
        bottom = row.y + row.below + captions(row.nodes)
    a.rows, a.above = rows, rows[0].above
    for row in rows:
        row.y -= a.above
    for v in a.volumes:
        v.y -= a.above
    for lane in a.lanes:
        lane.y -= a.above
    a.right = max(max(v.x + v.width + v.dx, v.centre + v.label / 2) for v in a.volumes) + 24
    return True


def in_u(a: Arrangement, captions: Captions) -> bool:
    """Stand the levels of an encoder-decoder under one another, the decoder's beside the encoder's; False where it is none."""
    at = {node: i for i, node in enumerate(a.axis)}
    if len(a.axis) != len(a.volumes) or any(lane.nodes or lane.end is None for lane in a.lanes):
        return False
    ways = sorted({(at[lane.start], at[lane.end]) for lane in a.lanes if lane.end is not None})
    if len(ways) < 2 or any(not (p < r and s < q) for (p, q), (r, s) in pairwise(ways)):
        return False
    down, start = [], 0
    for p, _ in ways:
        down.append(Row(a.axis[start : p + 1]))
        start = p + 1
    up: list[Row] = []
    targets = [q for _, q in ways][::-1]
    turns = [_risen(a, (start, *(t + 1 for t in targets))[k], q) for k, q in enumerate(targets)]
    if turns[0] == start:
        return False
    down.append(Row(a.axis[start : turns[0]]))
    for first, end in pairwise([*turns, len(a.axis)]):
        up.append(Row(a.axis[first:end]))
    up.reverse()
    for row in (*down, *up):
        _measure(a, row, [])
    right = max(_width(a, row.nodes) for row in down)
    y = 0.0
    for k, row in enumerate(down):
        pair = [row, *up[k : k + 1]]
        over = any(lane.end in r.nodes[1:] for r in pair for lane in a.lanes)  # it runs over what stands before its end
        y += max(r.above for r in pair) + (CLOSE if k else 0.0) + (16 if over else 0)
        for r in pair:
            left = right - _width(a, r.nodes) if r is row else right + BESIDE
            _shift(a, r, [], left - _left(a, r.nodes), y)
            r.y = y
        y += max(r.below for r in pair) + max(captions(r.nodes) for r in pair)
    for lane in a.lanes:
        row = next(r for r in up if lane.end in r.nodes)
        before = [a.volumes[i] for i in row.nodes[: row.nodes.index(lane.end or 0)]]
        lane.y = row.y - max(v.size()[0] for v in [*before, a.volumes[lane.start]]) - 12 if before else row.y
    a.rows = [*down, *up[::-1]]
    top = min(v.y - v.dy for v in a.volumes)
    top = min([top, *(lane.y for lane in a.lanes)])
    for v in a.volumes:
        v.y -= top
    for lane in a.lanes:
        lane.y -= top
    for row in a.rows:
        row.y -= top
    a.above = 0.0
    a.right = max(max(v.x + v.width + v.dx, v.centre + v.label / 2) for v in a.volumes)
    return True


def _risen(a: Arrangement, start: int, target: int) -> int:
    """Where on the axis a level of the decoder begins: with the first layer that is larger than the one before it."""
    size = [math.prod(a.volumes[i].layer.space or (1,)) for i in a.axis]
    return next((i for i in range(max(start, 1), target) if size[i] > size[i - 1]), target)


def _spans(a: Arrangement, lane: Lane, i: int) -> bool:
    """Does a way lead from the left of a gap in the axis to its right?"""
    gap = a.volumes[a.axis[i]].rank
    first = a.volumes[lane.start if lane.start >= 0 else lane.nodes[0]].rank
    last = a.volumes[lane.nodes[-1] if lane.end is None else lane.end].rank
    return first <= gap < last


def _beside(a: Arrangement, nodes: Sequence[int]) -> list[Lane]:
    first, last = a.volumes[nodes[0]].rank, a.volumes[nodes[-1]].rank
    return [n for n in a.lanes if first <= a.volumes[n.nodes[0] if n.nodes else n.start].rank <= last]


def _volumes(a: Arrangement, nodes: Sequence[int]) -> list[Volume]:
    first, last = a.volumes[nodes[0]].rank, a.volumes[nodes[-1]].rank
    return [v for v in a.volumes if first <= v.rank <= last]


def _left(a: Arrangement, nodes: Sequence[int]) -> float:
    return min(min(v.x, v.centre - v.label / 2) for v in _volumes(a, nodes))


def _width(a: Arrangement, nodes: Sequence[int]) -> float:
    return max(max(v.x + v.width + v.dx, v.centre + v.label / 2) for v in _volumes(a, nodes)) - _left(a, nodes)


def _measure(a: Arrangement, row: Row, lanes: Sequence[Lane]) -> None:
    row.above = max([v.dy - v.y for v in _volumes(a, row.nodes)] + [6 - n.y for n in lanes])
    row.below = max(v.y + v.height for v in _volumes(a, row.nodes) if v.lane == 0)


def _shift(a: Arrangement, row: Row, lanes: Sequence[Lane], dx: float, dy: float) -> None:
    for v in _volumes(a, row.nodes):
        v.x, v.y = v.x + dx, v.y + dy
    for n in lanes:
        n.y += dy
