"""What a figure is made of: rectangles, circles, paths, texts and pictures in groups, with roles instead of colours.

A figure builds a `Scene` in pixels, everything measured beforehand; `svg.write` turns it into text under a theme, and
tests walk it to see that nothing overlaps and that no text leaves its box.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .metrics import ASCENT, DESCENT, shorten, shorten_middle, text_width

Box = tuple[float, float, float, float]  # x, y, width, height
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one face and ink. `scale` and `rise` (in em of the whole text, positive upwards) make sub- and
    superscripts."""

    text: str
    face: str = "sans"
    ink: str = "ink"
    scale: float = 1.0
    rise: float = 0.0

    def width(self, size: float) -> float:
        return text_width(self.text, size * self.scale, self.face)


def runs_width(runs: Sequence[Run], size: float) -> float:
    """The width of a line of runs in pixels."""
    return sum(r.width(size) for r in runs)


def shortened(runs: Sequence[Run], room: float, size: float, name: bool = False) -> tuple[Run, ...]:
    """Runs that fit; what does not, ends in an ellipsis (the group's title has it in full). `name`: the first run is one, and is
    shortened in its middle."""
    kept: list[Run] = []
    for i, r in enumerate(runs):
        if r.width(size) <= room + 0.01:
            kept.append(r)
            room -= r.width(size)
            continue
        short = (shorten_middle if name and not i else shorten)(r.text, room, size * r.scale, r.face)
        if len(short) > 1:
            kept.append(Run(short, r.face, r.ink, r.scale, r.rise))
        break
    return tuple(kept)


@dataclass(slots=True)
class Rect:
    """A rectangle, its corners rounded by a radius."""

    x: float
    y: float
    width: float
    height: float
    radius: float = 0.0
    fill: str | None = None
    stroke: str | None = None
    line: float = 1.0
    dash: str | None = None
    opacity: float | None = None


@dataclass(slots=True)
class Circle:
    """A circle."""

    x: float
    y: float
    radius: float
    fill: str | None = None
    stroke: str | None = None
    line: float = 1.0


@dataclass(slots=True)
class Path:
    """`steps` are SVG's absolute commands with their numbers: ("M", x, y), ("L", x, y), ("C", x1, y1, x2, y2, x, y),
    ("Z",)."""

    steps: list[tuple[Any, ...]]
    fill: str | None = None
    stroke: str | None = None
    line: float = 1.0
    dash: str | None = None
    opacity: float | None = None
    round: bool = False

    def points(self) -> Iterator[Point]:
        """All points the path is led by."""
        for _, *numbers in self.steps:
            yield from zip(numbers[::2], numbers[1::2], strict=True)


@dataclass(slots=True)
class Text:
    """One line of text whose baseline starts at (x, y), or ends or is centred there."""

    x: float
    y: float
    runs: tuple[Run, ...]
    size: float
    anchor: str = "start"
    halo: str | None = None  # the paper role that surrounds the letters, where text crosses a line

    @property
    def width(self) -> float:
        return runs_width(self.runs, self.size)

    @property
    def string(self) -> str:
        return "".join(r.text for r in self.runs)

    @property
    def left(self) -> float:
        return self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * self.width

    def box(self) -> Box:
        """The room the letters take, sub- and superscripts included."""
        top = max((r.rise + ASCENT * r.scale for r in self.runs), default=0.0) * self.size
        bottom = max((DESCENT * r.scale - r.rise for r in self.runs), default=0.0) * self.size
        return self.left, self.y - top, self.width, top + bottom


@dataclass(slots=True)
class Image:
    """A small picture, enlarged without smoothing. `png` is the file's bytes."""

    x: float
    y: float
    width: float
    height: float
    png: bytes


@dataclass(slots=True)
class Group:
    """Things that belong together and bear one title. If `box` is given, all that is written in the group stays
    within."""

    id: str | None = None
    kind: str | None = None
    title: str | None = None
    box: Box | None = None
    data: dict[str, Any] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)

    def group(
        self,
        id: str | None = None,
        kind: str | None = None,
        title: str | None = None,
        box: Box | None = None,
        **data: Any,
    ) -> Group:
        """Open a group within this one."""
        made = Group(id, kind, title, box, data)
        self.items.append(made)
        return made

    def rect(self, x: float, y: float, width: float, height: float, radius: float = 0.0, **style: Any) -> None:
        self.items.append(Rect(x, y, width, height, radius, **style))

    def circle(self, x: float, y: float, radius: float, **style: Any) -> None:
        self.items.append(Circle(x, y, radius, **style))

    def path(self, steps: list[tuple[Any, ...]], **style: Any) -> None:
        self.items.append(Path(steps, **style))

    def line(self, *points: Point, **style: Any) -> None:
        """An open line through the points."""
        self.path([("M", *points[0]), *(("L", *p) for p in points[1:])], **style)

    def polygon(self, points: Sequence[Point], **style: Any) -> None:
        """A closed shape through the points."""
        self.path([("M", *points[0]), *(("L", *p) for p in points[1:]), ("Z",)], **style)

    def text(
        self,
        x: float,
        y: float,
        content: str | Sequence[Run],
        size: float = 12.0,
        face: str = "sans",
        ink: str = "ink",
        anchor: str = "start",
        halo: str | None = None,
    ) -> Text:
        """Write a line. A string is one run in `face` and `ink`."""
        runs = (Run(content, face, ink),) if isinstance(content, str) else tuple(content)
        made = Text(x, y, runs, size, anchor, halo)
        self.items.append(made)
        return made

    def image(self, x: float, y: float, width: float, height: float, png: bytes) -> None:
        self.items.append(Image(x, y, width, height, png))

    def walk(self) -> Iterator[tuple[Group, Any]]:
        """Everything drawn in here, in drawing order, each with the group it stands in."""
        for item in self.items:
            if isinstance(item, Group):
                yield from item.walk()
            else:
                yield self, item

    def groups(self) -> Iterator[Group]:
        """All groups in here, at any depth, in drawing order."""
        for item in self.items:
            if isinstance(item, Group):
                yield item
                yield from item.groups()


@dataclass(slots=True)
class Scene(Group):
    """A whole figure. `name` is its kind of figure (ids of its title and description start with it); `desc` tells in
    words what it shows."""

    name: str = "figure"
    width: float = 0.0
    height: float = 0.0
    desc: str = ""
    lang: str = "en"
