"""What is to be placed, and where everything came to stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..canvas.scene import Point

Via = tuple[float, float, float]  # x, and the stretch of y in which a long link runs straight down there


@dataclass(slots=True)
class Node:
    """A box with an anchor, where links end at its top and leave at its bottom: `left` and `right` are measured from
    there."""

    id: str
    left: float
    right: float
    height: float
    frame: str | None = None


@dataclass(slots=True)
class Frame:
    """A panel around nodes, with room for a header line."""

    id: str
    parent: str | None
    header_width: float = 0.0


@dataclass(slots=True)
class Link:
    """One arrow between two nodes."""

    tail: str
    head: str
    weight: int = 1


@dataclass(slots=True)
class Request:
    """What is to be laid out: nodes, links, frames around nodes, and how much room between them."""

    nodes: list[Node]
    links: list[Link]
    frames: list[Frame] = field(default_factory=list)
    node_gap: float = 30.0
    rank_gap: float = 40.0
    first_rank: Sequence[str] = ()  # nodes that stand at the very top, in this order
    turned: bool = False  # ranks run to the right: sizes and places have their axes exchanged, so a frame's header is at its left


@dataclass(slots=True)
class Placement:
    """`nodes`: the anchor's x and the middle's y. `vias`: for each link where it passes the ranks between its ends.
    `clear`: for each link the heights between which it may change course without meeting a taller neighbour of its tail
    (below the first) or of its head (above the second)."""

    nodes: dict[str, Point]
    vias: list[list[Via]]
    clear: list[tuple[float, float]]
    engine: str


PAD = 16.0  # between a frame and what stands in it


HEADER = 22.0  # of a frame, above its padding
