"""The signs all figures share: wires with arrowheads, gradient lanes, the ◆ of what is kept, ∅, headings and legends.

They are drawn, not written: fonts lack them or place them differently.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .geometry import Track, arrowhead, at_length, ribbon
from .scene import Box, Group, Point, Run, runs_width

DASH = "3 3"
CUT_ROOM = 28.0  # of the sign of a cut before what is said of it
NEAR = 2.0  # decades beyond the middle nine tenths of all norms that still belong to them
NORM_OF = (
    Run("||", "serif", "gradient", 1.05),
    Run("∂", "serif", "gradient", 1.15),
    Run("||", "serif", "gradient", 1.05),
)


def norm_of(what: str) -> tuple[Run, ...]:
    """||∂E/∂y|| of "outputs", ||∂E/∂θ|| of "parameters"."""
    bar = Run("||", "serif", "gradient", 1.05)
    by = Run("y" if what == "outputs" else "θ", "italic", "gradient", 1.15)
    top, under = Run("∂", "serif", "gradient", 1.15), Run("/∂", "serif", "gradient", 1.15)
    return (bar, top, Run("E", "italic", "gradient", 1.15), under, by, bar)


def wire(
    group: Group,
    points: Sequence[Point],
    role: str = "dark",
    line: float = 1.3,
    dash: str | None = None,
    head: float = 7.0,
) -> None:
    """A line with an arrowhead at its end."""
    shaft, tip = arrowhead(points, head)
    group.line(*_thinned(shaft), stroke=role, line=line, dash=dash)
    group.polygon(tip, fill=role)


def smooth_wire(group: Group, track: Track, role: str = "wire", line: float = 1.3, dash: str | None = None, head: float = 6.5) -> None:
    """The same along a track, its curves as curves; it must end along its axis."""
    shaft, tip = arrowhead(track.points, head)
    steps = list(track.steps)
    command, *numbers = steps[-1]
    steps[-1] = (command, *numbers[:-2], *shaft[-1])
    group.path(steps, stroke=role, line=line, dash=dash)
    group.polygon(tip, fill=role)


def smooth_wire_back(group: Group, track: Track, role: str = "gradient", line: float = 2.2, head: float = 9.0) -> None:
    """A track run backwards: the arrowhead at its start, along its axis."""
    (x, y), *_ = track.points
    _, tip = arrowhead([(x + 40, y), (x, y)], head)
    _, *rest = track.steps
    group.path([("M", x + head * 0.7, y), *rest] if track.points[1][0] > x + head else track.steps, stroke=role, line=line)
    group.polygon(tip, fill=role)


def _thinned(points: Sequence[Point]) -> list[Point]:
    """Without points that lie on the line between their neighbours."""
    kept = [points[0]]
    for p, q in itertools.pairwise(points):
        a = kept[-1]
        if abs((p[0] - a[0]) * (q[1] - a[1]) - (p[1] - a[1]) * (q[0] - a[0])) > 0.05 * math.dist(a, q):
            kept.append(p)
    return [*kept, points[-1]] if len(points) > 1 else kept


def halo(group: Group, box: Box, radius: float, paper: str) -> None:
    """A bright ring around the operation that runs, to lie under its edges. It has no ground: in a film, what the frames share
    is drawn before it."""
    x, y, w, h = box
    group.rect(x - 3, y - 3, w + 6, h + 6, radius + 3, stroke=paper, line=6)


def diamond(group: Group, x: float, y: float, size: float = 4.2, role: str = "kept") -> None:
    """◆ with its left corner at x and its middle at y."""
    group.polygon([(x, y), (x + size * 0.92, y - size), (x + size * 1.84, y), (x + size * 0.92, y + size)], fill=role)


def nothing(group: Group, x: float, y: float, radius: float = 4.0, role: str = "gradient") -> None:
    """∅ around (x, y)."""
    group.circle(x, y, radius, stroke=role, line=1.1)
    group.line((x - radius * 1.1, y + radius * 1.1), (x + radius * 1.1, y - radius * 1.1), stroke=role, line=1.1)


def cut(group: Group, at: Point, along: Point) -> None:
    """Two strokes across a line: no gradient passes here."""
    (x, y), (dx, dy) = at, along
    for k in (-2.2, 2.2):
        a, b = x + dx * k, y + dy * k
        group.line((a - 5.5 * dy, b + 5.5 * dx), (a + 5.5 * dy, b - 5.5 * dx), stroke="gradient", line=1.6)


def cut_within(group: Group, x: float, y: float, text: str) -> None:
    """The sign of a cut, and where it is."""
    group.line((x, y - 3.8), (x + CUT_ROOM - 6, y - 3.8), stroke="dark", line=1.1, dash=DASH)
    cut(group, (x + (CUT_ROOM - 6) / 2, y - 3.8), (1.0, 0.0))
    group.text(x + CUT_ROOM, y, text, 11, ink="gradient")


def plus(group: Group, x: float, y: float, r: float = 5.4, role: str = "dark") -> None:
    """A plus sign."""
    group.path([("M", x - r, y), ("L", x + r, y), ("M", x, y - r), ("L", x, y + r)], stroke=role, line=1.7, round=True)


def minus(group: Group, x: float, y: float, r: float = 5.4, role: str = "dark") -> None:
    """A minus sign."""
    group.line((x - r, y), (x + r, y), stroke=role, line=1.7, round=True)


def times(group: Group, x: float, y: float, r: float = 4.3, role: str = "dark") -> None:
    """A multiplication sign."""
    group.path(
        [("M", x - r, y - r), ("L", x + r, y + r), ("M", x + r, y - r), ("L", x - r, y + r)],
        stroke=role,
        line=1.7,
        round=True,
    )


def star(group: Group, x: float, y: float, r: float = 5.0, role: str = "dark") -> None:
    """The sign of convolution: an asterisk around (x, y)."""
    dx, dy = r * 0.866, r * 0.5
    spokes = [((x, y - r), (x, y + r)), ((x - dx, y - dy), (x + dx, y + dy)), ((x + dx, y - dy), (x - dx, y + dy))]
    group.path([(c, *p) for spoke in spokes for c, p in zip("ML", spoke, strict=True)], stroke=role, line=1.6, round=True)


def hatch(group: Group, x: float, y: float, width: float, height: float, role: str, step: float = 6.0) -> None:
    """Slanting lines over a rectangle."""
    steps: list[tuple[str, float, float]] = []
    for k in range(1, math.ceil((width + height) / step)):
        d = k * step  # the line from (x, y + d) to (x + d, y), cut at the borders
        a, b = min(d, height), min(d, width)
        steps += [("M", x + d - a, y + a), ("L", x + b, y + d - b)]
    group.path(list(steps), stroke=role, line=1.0, opacity=0.75)


# ------------------------------------------------------------------------------------------------------- lanes
@dataclass(frozen=True, slots=True)
class LaneScale:
    """Width and strength of a gradient lane by the logarithm of the norm."""

    low: float = -1.5
    high: float = 0.5

    @staticmethod
    def of(norms: Iterable[float]) -> LaneScale:
        """A scale for the norms of a figure, at least two decades wide so that small differences stay small to the eye. It spans
        the 5th to the 95th percentile, and what lies near them; what lies far off (the gradient of a bias before a batch norm, which
        is rounding) does not flatten all others: it is marked as beyond the scale."""
        logs = sorted(math.log10(n) for n in norms if n > 0 and math.isfinite(n))
        if not logs:
            return LaneScale()
        cut = max(1, round(0.05 * len(logs))) if len(logs) > 2 else 0
        inner = logs[cut : len(logs) - cut]
        near = [n for n in logs if inner[0] - NEAR <= n <= inner[-1] + NEAR]
        low, high = near[0], near[-1]
        slack = max(0.0, 2.0 - (high - low)) / 2
        return LaneScale(low - slack, high + slack)

    def beyond(self, value: float) -> int:
        """-1 for a norm far below this scale, 1 far above it, else 0."""
        if value <= 0 or not math.isfinite(value):
            return 0
        log = math.log10(value)
        return -1 if log < self.low - 1e-9 else 1 if log > self.high + 1e-9 else 0

    def width(self, value: float) -> float:
        return 1.1 + 5.4 * self.share(value)

    def opacity(self, value: float) -> float:
        return 0.42 + 0.58 * self.share(value)

    def share(self, value: float) -> float:
        """Where a norm lies on this scale, from 0 to 1."""
        if value <= 0 or not math.isfinite(value):
            return 0.0
        return min(max((math.log10(value) - self.low) / (self.high - self.low), 0.0), 1.0)

    def samples(self) -> list[float]:
        """Three round norms of this scale, for the legend."""
        middle = (self.low + self.high) / 2
        quarter = (self.high - self.low) * 0.32
        return [_round_down(10 ** (middle - quarter)), _round_down(10**middle), _round_down(10 ** (middle + quarter))]


def _round_down(v: float) -> float:
    power = 10.0 ** math.floor(math.log10(v))
    return next(m for m in (5, 3, 2, 1) if m * power <= v * 1.0001) * power


def lane(group: Group, points: Sequence[Point], value: float, scale: LaneScale, ink: str = "gradient", dash: str | None = None) -> None:
    """A gradient on its way along the points: one outline, or with a dash a broken line."""
    width = scale.width(value)
    if dash is not None:
        wire(group, points, ink, width, dash, 5 + width * 0.75)
        return
    outline = ribbon(points, width, 5 + width * 0.75, 2.6 + width * 0.62)
    group.polygon(_thinned(outline), fill=ink, opacity=scale.opacity(value))
    if scale.beyond(value):
        beyond_scale(group, points, width, ink)


def beyond_scale(group: Group, points: Sequence[Point], width: float, ink: str = "gradient") -> None:
    """Two strokes across a lane whose norm lies beyond the scale, like those of a broken axis."""
    (x, y), (dx, dy) = at_length(points, 0.5)
    half = width / 2 + 3.5
    for shift in (-2.2, 2.2):
        ax, ay = x + dx * shift, y + dy * shift
        lean = 2.0
        a = (ax - dy * half - dx * lean, ay + dx * half - dy * lean)
        b = (ax + dy * half + dx * lean, ay - dx * half + dy * lean)
        group.line(a, b, stroke=ink, line=1.3)


def hollow_lane(group: Group, points: Sequence[Point], ink: str = "gradient") -> None:
    """A gradient that should flow and does not: the outline alone."""
    group.polygon(_thinned(ribbon(points, 3.6, 7.5, 4.6)), stroke=ink, line=1.0)


# ------------------------------------------------------------------------------------------------------- heading and
# legend
HEADING = 78.0  # how far below the top a figure with title and subtitle begins
MARGIN = 30.0


def heading(group: Group, title: str, subtitle: str | Sequence[Run], x: float = MARGIN) -> float:
    """Title and subtitle at the top left; their width."""
    line = (Run(subtitle, "sans", "muted"),) if isinstance(subtitle, str) else tuple(subtitle)
    group.text(x, 34, title, 17, "bold")
    group.text(x, 55, line, 12)
    return max(runs_width((Run(title, "bold"),), 17), runs_width(line, 12))


@dataclass(slots=True)
class Entry:
    """A line of a legend: how its sample is drawn into a field 40 wide, and what it means."""

    sample: Callable[[Group, float, float], None]
    meaning: tuple[Run, ...]
    height: float = 25.0
    gap: float = 0.0
    joined: bool = False  # does it go on with what the one before says?


SAMPLE = 40.0
LEGEND_GAP = 14.0


def legend_size(title: str, entries: Sequence[Entry]) -> tuple[float, float]:
    """Width and height of a legend."""
    widest = max([runs_width((Run(title, "bold"),), 12), *(SAMPLE + LEGEND_GAP + runs_width(e.meaning, 12) for e in entries)])
    return widest, 28 + sum(e.height + e.gap for e in entries)


def legend(group: Group, x: float, y: float, title: str, entries: Sequence[Entry]) -> None:
    """Write a legend below (x, y)."""
    group.text(x, y, title, 12, "bold")
    y += 28
    for e in entries:
        y += e.gap
        e.sample(group, x, y - 4)
        group.text(x + SAMPLE + LEGEND_GAP, y, e.meaning, 12)
        y += e.height


@dataclass(slots=True)
class LegendColumns:
    """A legend in columns, for under a figure."""

    title: str
    columns: list[list[Entry]]
    widths: list[float]
    height: float

    def paint(self, group: Group, x: float, y: float) -> None:
        """Write it below (x, y)."""
        group.text(x, y, self.title, 12, "bold")
        for entries, width in zip(self.columns, self.widths, strict=True):
            down = y + 24
            for e in entries:
                down += e.gap
                e.sample(group, x, down - 4)
                group.text(x + SAMPLE + LEGEND_GAP, down, e.meaning, 12)
                down += e.height
            x += width + 30


def legend_columns(title: str, entries: Sequence[Entry], room: float) -> LegendColumns:
    """The entries of a legend in as many columns as there is room for, filled one after another."""
    together: list[list[Entry]] = []
    for e in entries:
        if e.joined and together:
            together[-1].append(e)
        else:
            together.append([e])
    for count in range(min(7, len(entries)), 0, -1):
        rows = math.ceil(len(entries) / count)
        columns: list[list[Entry]] = [[]]
        for some in together:
            if columns[-1] and len(columns[-1]) + len(some) > max(rows, 3):
                columns.append([])
            columns[-1] += some
        widths = [max(SAMPLE + LEGEND_GAP + runs_width(e.meaning, 12) for e in c) for c in columns]
        if sum(widths) + 30 * (len(columns) - 1) <= room or count == 1:
            break
    return LegendColumns(title, columns, widths, 24 + max(sum(e.height + e.gap for e in c) for c in columns))
