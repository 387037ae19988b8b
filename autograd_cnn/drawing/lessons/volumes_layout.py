"""Where the volumes of an architecture stand: the longest way through the graph on one axis, branches and skips on lanes
above it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from .layers import Layer, ranks

FACE = 150.0  # the largest side of a front face
FACE_BESIDE = 96.0  # where branches stand over each other
LEAST = 8.0  # smaller faces are drawn this large
DEEPEST, SHALLOW, MANY = 132.0, 84.0, 14  # the longest depth, and where there are many columns
SLANT = math.radians(36)
GAP = 40.0
ROUND = 11.0  # radius of a ⊕


@dataclass(slots=True)
class Volume:
    """A layer in its place: face with left upper corner (x, y), depth along (dx, −dy)."""

    layer: Layer
    rank: int
    width: float = 0.0
    height: float = 0.0
    dx: float = 0.0
    dy: float = 0.0
    x: float = 0.0
    y: float = 0.0
    lane: int = 0  # 0: on the axis
    enlarged: bool = False  # its face is too small to be drawn to scale
    label: float = 0.0  # width of what is written under it

    @property
    def join(self) -> bool:
        return self.layer.kind == "join"

    @property
    def middle(self) -> float:
        """The height of its centre on the page."""
        return self.y + self.height / 2

    @property
    def centre(self) -> float:
        return self.x + self.width / 2

    @property
    def leave(self) -> float:
        """Where a wire at the height of the centre leaves the volume: the silhouette's right end there."""
        if not self.dy:
            return self.x + self.width
        return self.x + self.width + self.dx * min(1.0, self.height / 2 / self.dy)

    def size(self) -> tuple[float, float]:
        """What it takes above and below the axis."""
        return self.height / 2 + self.dy, self.height / 2


@dataclass(slots=True)
class Lane:
    """A way beside the axis: from one layer over others (none for a plain skip) to another."""

    start: int
    nodes: list[int]
    end: int | None
    y: float = 0.0


@dataclass(slots=True)
class Row:
    """A stretch of the axis that stands in one row: how far it reaches over and under its middle, which is at `y`."""

    nodes: list[int]
    y: float = 0.0
    above: float = 0.0
    below: float = 0.0


@dataclass(slots=True)
class Arrangement:
    """All volumes and lanes, and the room they take. The axis is one row, or several under one another (in a U the rows of the
    encoder, from the top, and then those of the decoder, from the bottom)."""

    volumes: list[Volume]
    axis: list[int]
    lanes: list[Lane] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    above: float = 0.0
    below: float = 0.0
    right: float = 0.0


def arrange(
    layers: list[Layer], labels: Sequence[float], notes: Sequence[float], under: float, side: float = FACE, deepest: float = DEEPEST
) -> Arrangement:
    """Place the volumes with the axis at height 0, the first centre near 0.

    Args:
        labels: the width of what stands under each volume.
        notes: the width of the operation's caption before each volume on the axis.
        under: the height of what stands under a volume beside the axis.
        side, deepest: the largest side of a face, and the longest depth.
    """
    rank = ranks(layers)
    volumes = [Volume(n, r, label=w) for n, r, w in zip(layers, rank, labels, strict=True)]
    axis = _axis(layers)
    found = Arrangement(volumes, axis, _lanes(layers, axis))
    _size(
        volumes,
        min(side, FACE_BESIDE) if any(lane.nodes for lane in found.lanes) else side,
        deepest if max(rank) < MANY else min(deepest, SHALLOW),
    )
    for lane in found.lanes:
        for i in lane.nodes:
            volumes[i].lane = 1
    _across(found, notes)
    _up(found, under)
    found.rows = [Row(axis, 0.0, found.above, found.below)]
    return found


def _size(volumes: list[Volume], side: float, deepest: float) -> None:
    largest = max((max(_face(v.layer)) for v in volumes if len(v.layer.space)), default=1)
    deep = max((_depth(v.layer.channels) for v in volumes), default=1.0)
    unit, shrink = side / largest, min(1.0, deepest / deep)
    for v in volumes:
        if v.join:
            v.width = v.height = 2 * ROUND
            continue
        rows, columns = _face(v.layer)
        v.width, v.height = max(columns * unit, LEAST), max(rows * unit, LEAST)
        spatial = [n for n in v.layer.space if n > 1]
        v.enlarged = bool(spatial) and (columns * unit < LEAST - 0.01 or rows * unit < LEAST - 0.01)
        d = _depth(v.layer.channels) * (shrink if v.layer.channels > 1 else 1.0)
        v.dx, v.dy = d * math.cos(SLANT), d * math.sin(SLANT)


def _face(layer: Layer) -> tuple[int, int]:
    space = layer.space or (1, 1)
    return (1, space[0]) if len(space) == 1 else (space[-2], space[-1])


def _depth(channels: int) -> float:
    return 5.0 if channels == 1 else 11.0 * math.sqrt(channels)


def _axis(layers: list[Layer]) -> list[int]:
    """The longest way to the last layer; of several the one that comes first among the arguments."""
    best = [0] * len(layers)
    before: list[int | None] = [None] * len(layers)
    for n in layers:
        for i in n.sources:
            if best[i] + 1 > best[n.index]:
                best[n.index], before[n.index] = best[i] + 1, i
    at: int | None = max(range(len(layers)), key=lambda i: (best[i], i))
    way: list[int] = []
    while at is not None:
        way.append(at)
        at = before[at]
    return way[::-1]


def _lanes(layers: list[Layer], axis: list[int]) -> list[Lane]:
    """Everything beside the axis as ways from layer to layer."""
    after: dict[int, list[int]] = {}
    for n in layers:
        for i in n.sources:
            after.setdefault(i, []).append(n.index)
    placed, lanes = set(axis), []
    done = {(a, b) for a, b in itertools.pairwise(axis)}
    for n in layers:
        if n.index in placed:
            continue
        nodes, end = [n.index], None
        placed.add(n.index)
        while True:
            follow = [k for k in after.get(nodes[-1], ()) if k not in placed]
            if not follow:
                end = next(iter(after.get(nodes[-1], ())), None)
                break
            nodes.append(follow[0])
            placed.add(follow[0])
        start = n.sources[0] if n.sources else -1
        lanes.append(Lane(start, nodes, end))
        way = [start, *nodes, *([] if end is None else [end])]
        done.update(itertools.pairwise(way))
    for n in layers:
        lanes += [Lane(i, [], n.index) for i in n.sources if (i, n.index) not in done]
    return lanes


def _across(a: Arrangement, notes: Sequence[float]) -> None:
    """Centres of the columns, from left to right."""
    columns = max((v.rank for v in a.volumes), default=0) + 1
    left, right, label = [0.0] * columns, [0.0] * columns, [0.0] * columns
    for v in a.volumes:
        left[v.rank] = max(left[v.rank], v.width / 2)
        right[v.rank] = max(right[v.rank], v.width / 2 + v.dx)
        label[v.rank] = max(label[v.rank], v.label / 2)
    bus = [0.0] * columns  # room for wires that turn off or come in between two columns
    for lane in a.lanes:
        if lane.start >= 0:
            bus[a.volumes[lane.start].rank] = 18.0
        if lane.end is not None:
            bus[a.volumes[lane.end].rank - 1] += 18.0 if bus[a.volumes[lane.end].rank - 1] < 30 else 0.0
    on_axis = {a.volumes[i].rank: i for i in a.axis}
    centres = [max(left[0], label[0])]
    noted = -math.inf
    for r in range(1, columns):
        tight = 22.0 if _join(a, on_axis, r) or _join(a, on_axis, r - 1) else GAP
        x = centres[-1] + max(right[r - 1] + tight + bus[r - 1] + left[r], label[r - 1] + label[r] + 16)
        if r in on_axis:
            wide = notes[on_axis[r]]
            start, half = centres[-1] + a.volumes[on_axis[r - 1]].width / 2, a.volumes[on_axis[r]].width / 2
            if wide:
                x = max(x, 2 * (noted + 12 + wide / 2) - start + half)
                noted = (start + x - half) / 2 + wide / 2
        centres.append(x)
    for v in a.volumes:
        v.x = centres[v.rank] - v.width / 2
    a.right = max(max(v.x + v.width + v.dx, v.centre + v.label / 2) for v in a.volumes)


def _join(a: Arrangement, on_axis: dict[int, int], r: int) -> bool:
    return r in on_axis and a.volumes[on_axis[r]].join


def _up(a: Arrangement, under: float) -> None:
    """Heights: short ways lie closest to the axis, longer ones over them. Room is counted in places: 2r is the column of rank
    r, 2r + 1 the gap after it, where wires rise and fall."""
    columns = max((v.rank for v in a.volumes), default=0) + 1
    top = [0.0] * (2 * columns)
    for i in a.axis:
        v = a.volumes[i]
        up, down = v.size()
        v.y = -v.height / 2
        top[2 * v.rank], a.below = max(top[2 * v.rank], up), max(a.below, down)

    def span(lane: Lane) -> range:
        first = 2 * a.volumes[lane.start].rank + 1 if lane.start >= 0 else 2 * a.volumes[lane.nodes[0]].rank
        if lane.end is None:
            return range(first, 2 * a.volumes[lane.nodes[-1]].rank + 1)
        end = a.volumes[lane.end]  # a wire falls on the middle of a ⊕, and into the gap before a volume
        return range(first, max(first, 2 * end.rank if end.join else 2 * end.rank - 1) + 1)

    for lane in sorted(a.lanes, key=lambda n: (len(span(n)), bool(n.nodes), n.start)):
        over = max(top[r] for r in span(lane))
        if lane.nodes:
            tall = max(a.volumes[i].size()[0] for i in lane.nodes)
            low = max(a.volumes[i].size()[1] for i in lane.nodes) + under
            lane.y = -(over + 12 + low)
            for r in span(lane):
                top[r] = -lane.y + tall
            for i in lane.nodes:
                a.volumes[i].y = lane.y - a.volumes[i].height / 2
        else:
            lane.y = -(over + 18)
            for r in span(lane):
                top[r] = -lane.y + 4
    a.above = max(top, default=0.0)
