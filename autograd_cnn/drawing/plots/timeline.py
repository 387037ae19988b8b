"""What several did meanwhile: a lane each, along one axis of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import isfinite

from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Run, Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from .ticks import nice_ticks

declare(
    {
        "timeline": ("Timeline", "Zeitverlauf"),
        "what happens": ("what happens", "was geschieht"),
        "lane": ("{}: {}", "{}: {}"),
        "from to": ("{} from {} to {}", "{} von {} bis {}"),
    }
)

WIDTH, LANE, BAR = 620.0, 34.0, 22.0
MOST = 4  # kinds of pieces that can be told apart
# fill, edge, dash of the edge, a line through the middle: told apart without colour, too
STYLES: tuple[tuple[str, str, str | None, bool], ...] = (
    ("forward-paper", "forward", None, False),
    ("gradient-paper", "gradient", "4 2", False),
    ("plum-paper", "kept", None, True),
    ("paper", "muted", "1.5 2.5", False),
)

Piece = tuple[str, float, float]


@figure
def timeline(
    lanes: Mapping[str, Sequence[tuple[str, float, float]]],
    *,
    unit: str = "s",
    german: Mapping[str, str] | None = None,
    title: str | None = None,
    subtitle: str = "",
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw what several processes, machines or links did meanwhile: each in a lane of its own, pieces of one kind filled and edged alike.

    Args:
        lanes: a name, and its pieces: (what, from when, till when), in their order and not one over another. At most four kinds.
        unit: in what time is counted.
        german: names and kinds with what they are in German.

    Raises:
        ValueError: no piece, more than four kinds, a piece that ends before it begins or before the one in front of it has ended.

    Example:
        >>> from autograd_cnn import draw
        >>> draw.timeline({"worker 0": [("computes", 0, 2), ("waits", 2, 5)], "worker 1": [("computes", 0, 5)]})
        <Drawing 'Timeline', 738×264>
    """
    words = Words(lang)
    said = (german or {}) if lang == "de" else {}
    known = words("timeline") if title is None else title
    return Drawing(timeline_scene(lanes, unit, said, words, known, subtitle), check_theme(theme), prefix)


def timeline_scene(
    lanes: Mapping[str, Sequence[Piece]], unit: str, said: Mapping[str, str], words: Words, title: str, subtitle: str
) -> Scene:
    """Lanes from top to bottom, the axis below, and what the kinds of pieces are."""
    kinds = list(dict.fromkeys(what for pieces in lanes.values() for what, _, _ in pieces))
    if not kinds:
        raise ValueError("draw.timeline: expected at least one piece (what, from when, till when), got none.")
    if len(kinds) > MOST:
        raise ValueError(f"draw.timeline: {len(kinds)} kinds of pieces cannot be told apart; at most {MOST} can: {', '.join(kinds)}.")
    for name, pieces in lanes.items():
        _check(name, pieces)
    ends = [t for pieces in lanes.values() for _, *times in pieces for t in times]
    ticks = nice_ticks(min(0.0, *ends), max(ends), 6)
    first, last = ticks[0], max(ends) if max(ends) > ticks[0] else ticks[-1]
    scene = Scene(title=title, name="timeline", lang=words.lang)
    wide = symbols.heading(scene, title, subtitle)
    names = [said.get(n, n) for n in lanes]
    left = symbols.MARGIN + max(text_width(n, 12) for n in names) + 12
    top = symbols.HEADING if subtitle else symbols.HEADING - 20

    def at(t: float) -> float:
        return left + (t - first) / (last - first) * WIDTH

    foot = top + LANE * len(names)
    axis = scene.group("axis")
    shown = [t for t in ticks if t <= last + 1e-9]
    for t in shown:
        axis.line((at(t), top), (at(t), foot + 4), stroke="hair", line=0.8)
        axis.text(at(t), foot + 18, words.digits(t, 6), 11, ink="muted", anchor="middle")
    axis.line((left, foot), (left + WIDTH, foot), stroke="wire")
    axis.text(left + WIDTH, foot + 36, unit, 11.5, ink="muted", anchor="end")
    told = []
    for k, (name, pieces) in enumerate(zip(names, lanes.values(), strict=True)):
        parts = [words("from to", said.get(w, w), words.digits(a, 4), words.digits(b, 4)) for w, a, b in pieces]
        told.append(words("lane", name, "; ".join(parts)))
        lane = scene.group(f"lane-{k}", "lane", name)
        lane.text(left - 12, top + k * LANE + LANE / 2 + 4, name, 12, anchor="end")
        for (what, a, b), part in zip(pieces, parts, strict=True):
            piece = lane.group(None, "piece", part)
            _bar(piece, at(a), top + k * LANE + (LANE - BAR) / 2, max(at(b) - at(a), 0.8), BAR, kinds.index(what))
    entries = [symbols.Entry(_sample(k), (Run(said.get(kind, kind)),)) for k, kind in enumerate(kinds)]
    below = symbols.legend_columns(words("what happens"), entries, left + WIDTH - symbols.MARGIN)
    below.paint(scene.group("legend"), symbols.MARGIN, foot + 58)
    scene.width = max(left + WIDTH, symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = foot + 58 + below.height + symbols.MARGIN - 24
    scene.desc = f"{title}. {'. '.join(told)}."
    return scene


def _check(name: str, pieces: Sequence[Piece]) -> None:
    for what, a, b in pieces:
        if not (isfinite(a) and isfinite(b) and a <= b):
            raise ValueError(f"draw.timeline: expected a piece to end after it begins, got ({what!r}, {a:g}, {b:g}) in {name!r}.")
    for (what, _, end), (other, begin, _) in pairwise(pieces):
        if begin < end - 1e-9 * max(1.0, abs(end)):
            raise ValueError(
                f"draw.timeline: in {name!r} {other!r} begins at {begin:g}, before {what!r} ends at {end:g}; put it in another lane."
            )


def _bar(g: Group, x: float, y: float, width: float, height: float, kind: int) -> None:
    fill, edge, dash, lined = STYLES[kind]
    g.rect(x, y, width, height, fill=fill, stroke=edge, line=1.2, dash=dash)
    if lined and width > 3:
        g.line((x + 1, y + height / 2), (x + width - 1, y + height / 2), stroke=edge, line=1.0)


def _sample(kind: int) -> Callable[[Group, float, float], None]:
    return lambda g, x, y: _bar(g, x, y - 8, symbols.SAMPLE, 16, kind)
