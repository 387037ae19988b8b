"""The ways between the volumes of an architecture: windows, lines to the next row, lanes beside the axis."""

from __future__ import annotations

from typing import Any

from ..canvas import symbols
from ..canvas.geometry import Track
from ..canvas.scene import Group, Point
from .volumes_layout import Lane, Row, Volume
from .volumes_text import Architecture


def between(f: Architecture, a: Volume, b: Volume) -> None:
    """A window of one layer that makes a cell of the next; an arrow where there is no window."""
    w = b.layer.window
    flat = len(a.layer.space) == 2 and len(b.layer.space) == 2 and not a.join and not b.join
    title = " → ".join(f.name(n) or f.words.label(n.head.label) for n in (a.layer, b.layer))
    g = f.scene.group(f"w{a.layer.index}-{b.layer.index}", "window", title)
    if w is None or not flat:
        start = max(a.leave, a.x + a.width) + 6
        symbols.wire(g, [(start, a.middle), (b.x - 7 if not b.join else b.x - 1.5, b.middle)], role="wire", line=1.2, head=6.5)
        return
    wide, narrow = (b, a) if w.spreads else (a, b)
    big, small = _cells(wide, narrow, w)
    source, target = (small, big) if w.spreads else (big, small)
    corners = zip(_corners(source), _corners(target), strict=True)
    (sx, sy, sw, sh), (tx, ty, _, th) = source, target
    g.polygon([(sx + sw, sy), (tx, ty), (tx, ty + th), (sx + sw, sy + sh)], fill="dark", opacity=0.1)
    for p, q in corners:
        g.line(p, q, stroke="dark", line=0.65, opacity=0.42)
    x, y, width, height = big
    g.rect(x, y, width, height, fill="dark", opacity=0.12)
    if narrow.layer.out in f.maps or wide.layer.out in f.maps:
        g.rect(x, y, width, height, stroke="paper", line=3.4)  # seen on any picture
    g.rect(x, y, width, height, stroke="dark", line=1.4)
    g.rect(*small, fill="dark")


def to_next_row(f: Architecture, row: Row, following: Row) -> None:
    """The line from the end of a row round to the beginning of the next; in a U from the bottom straight up."""
    a, b = f.at.volumes[row.nodes[-1]], f.at.volumes[following.nodes[0]]
    title = " → ".join(f.name(n) or f.words.label(n.head.label) for n in (a.layer, b.layer))
    g = f.scene.group(f"w{a.layer.index}-{b.layer.index}", "window", title)
    corner, start, left = 9.0, max(a.leave, a.x + a.width) + 5, min(b.x, b.centre - b.label / 2) - 16
    track = Track((start, a.middle))
    sign = 1.0 if b.middle > a.middle else -1.0
    if sign < 0 and left > start + 2 * corner:
        track.line((left - corner, a.middle))
        track.corner((left, a.middle - corner), vertical_first=False)
    else:
        right = max(max(v.x + v.width + v.dx, v.centre + v.label / 2) for v in (f.at.volumes[i] for i in row.nodes)) + 14
        upper = row if sign > 0 else following
        level = upper.y + upper.below + f.under(upper.nodes) + 8
        track.line((right - corner, a.middle))
        track.corner((right, a.middle + sign * corner), vertical_first=False)
        track.line((right, level - sign * corner))
        track.corner((right - corner, level), vertical_first=True)
        track.line((left + corner, level))
        track.corner((left, level + sign * corner), vertical_first=False)
    track.line((left, b.middle - sign * corner))
    track.corner((left + corner, b.middle), vertical_first=True)
    track.line((b.x - 7, b.middle))
    symbols.smooth_wire(g, track, head=6.5)


def _cells(a: Volume, b: Volume, w: Any) -> tuple[tuple[float, float, float, float], tuple[float, float, float, float]]:
    """The window on the large face and the cell on the small one, in pixels: a place right of the middle, above it."""
    big, small = [], []
    for d, share in ((1, 0.62), (0, 0.30)):
        along, cells, total = w.along[d], b.layer.space[d], a.layer.space[d]
        origin, face = ((a.x, a.width), (a.y, a.height))[1 - d]
        to, far = ((b.x, b.width), (b.y, b.height))[1 - d]
        i = int(cells * share) if cells > 1 else 0
        taps = [t for t in along.taps(i) if 0 <= t < total] or [0]
        first, last = taps[0] * face / total, (taps[-1] + 1) * face / total
        big.append((origin + first, max(last - first, 3.2)))
        size = max(far / cells, 3.2)
        small.append((min(to + i * far / cells, to + far - size), size))
    return (big[0][0], big[1][0], big[0][1], big[1][1]), (small[0][0], small[1][0], small[0][1], small[1][1])


def _corners(r: tuple[float, float, float, float]) -> list[Point]:
    x, y, w, h = r
    return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]


def lane_beside(f: Architecture, lane: Lane) -> None:
    """The wires of a way beside the axis: out of its first layer, up, along, and down into the last."""
    volumes = f.at.volumes
    first = volumes[lane.start] if lane.start >= 0 else None
    way = [volumes[i] for i in lane.nodes]
    last = volumes[lane.end] if lane.end is not None else None
    title = " → ".join(f.name(v.layer) or f.words.label(v.layer.head.label) for v in (first, *way, last) if v is not None)
    g = f.scene.group(f"lane{lane.start}-{'-'.join(map(str, lane.nodes))}-{lane.end}", "lane", title)
    if first is not None:
        end = way[0] if way else last
        if end is not None and abs(lane.y - first.middle) < 0.5:  # straight across
            symbols.wire(g, [(first.leave + 4, lane.y), (end.x - 7, lane.y)], role="wire", line=1.3, head=6.5)
        elif end is not None:
            track = _rise(f, first, lane.y)
            if track.points[0][0] > first.leave + 7:
                g.line((first.leave + 4, first.middle), track.points[0], stroke="wire", line=1.3)
            if way:
                track.line((end.x - 6, lane.y))
                symbols.smooth_wire(g, track, head=6.5)
            else:
                _fall(f, g, track, end)
            g.circle(track.points[0][0], first.middle, 2.2, fill="wire")
    if way and last is not None:
        v = way[-1]
        track = Track((max(v.leave, v.x + v.width) + 4, lane.y))
        _fall(f, g, track, last)


def _column_right(f: Architecture, v: Volume) -> float:
    return max(o.x + o.width + o.dx for o in f.at.volumes if o.rank == v.rank)


def _rise(f: Architecture, v: Volume, y: float) -> Track:
    """From the right of a volume up to a lane."""
    x = max(_column_right(f, v) + 9, v.leave + 6)
    track = Track((x, v.middle))
    corner = 9.0
    track.line((x, y + corner))
    track.corner((x + corner, y), vertical_first=True)
    return track


def _fall(f: Architecture, g: Group, track: Track, v: Volume) -> None:
    """Along a lane and down into a volume from the left, or into a ⊕ from above."""
    y, corner = track.end[1], 9.0
    x = v.centre if v.join else min(o.x for o in f.at.volumes if o.rank == v.rank) - 20
    track.line((x - corner, y))
    track.corner((x, y + corner), vertical_first=False)
    if v.join:
        track.line((x, v.y - 1.5))
    else:
        track.line((x, v.middle - corner))
        track.corner((x + corner, v.middle), vertical_first=True)
        track.line((v.x - 7, v.middle))
    symbols.smooth_wire(g, track, head=6.5)
