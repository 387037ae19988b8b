"""A loss surface from above: level lines, and the ways of optimizers over it; `relief.py` has it from the side."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ...errors import nearest
from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.geometry import Space, spread
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Point, Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..view.arrays import Array, array_of
from .beside import told_apart
from .contour import level_lines
from .curves import STYLES, marker
from .relief import HEIGHT, WIDTH, draw_relief, gutter
from .shades import paint_shades
from .ticks import nice_ticks

declare(
    {
        "surface": ("Loss surface", "Verlustfläche"),
        "surface sub": (
            "level lines from above; a ring where each path begins, at the right its steps and where it ends",
            "Höhenlinien von oben; ein Ring am Anfang jedes Weges, rechts seine Schritte und sein Endwert",
        ),
        "surface relief": (
            "as height; pale where a path is hidden, a ring where each path begins",
            "als Höhe; blass, wo ein Weg verdeckt ist, ein Ring am Anfang jedes Weges",
        ),
        "surface both": (
            "as height, and as level lines from above; a ring where each path begins, at the right its steps and where it ends",
            "als Höhe, und als Höhenlinien von oben; ein Ring am Anfang jedes Weges, rechts seine Schritte und sein Endwert",
        ),
        "relief": ("as height", "als Höhe"),
        "relief and levels": ("as height, and as level lines from above", "als Höhe, und als Höhenlinien von oben"),
        "path": ("path", "Weg"),
        "path steps": ("{} steps", "{} Schritte"),
        "path end": ("{} steps, ends at {}", "{} Schritte, endet bei {}"),
        "minimum": ("least at", "am kleinsten bei"),
        "levels": ("level lines from above", "Höhenlinien von oben"),
    }
)

SIDE = 420.0
GRID = 161
LEVELS = 14
STEEP = 0.05  # where half of a surface lies lower than this share of its height, levels grow by a factor
Bounds = tuple[tuple[float, float], tuple[float, float]]


@figure
def surface(
    fn: Callable[[Any, Any], Any],
    paths: Any = None,
    *,
    bounds: Any = None,
    names: tuple[str, str] = ("x", "y"),
    view: str = "contour",
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw a function of two variables from above, as level lines, and the ways of up to six optimizers over it,
    each with its own dash pattern and marker; or from the side, or both beside each other.

    Args:
        fn: `fn(x, y)`, called once with arrays if it takes them, else number by number.
        paths: the places an optimizer visited, (T, 2), or a mapping of names to such.
        bounds: ((x0, x1), (y0, y1)), the part that is drawn; by default `fn.bounds`, which the functions in `optim.surfaces` have,
            else what the paths need.
        names: of the two variables.
        view: "contour" for level lines, "3d" for heights seen from the side, "both" for one beside the other. Heights are true to
            the values; the shades of "3d" part them as the level lines do, finely where the surface is low.

    Raises:
        ValueError: no bounds and no paths, more than six paths, places that are not finite, another view.

    Example:
        >>> from autograd_cnn import draw
        >>> draw.surface(lambda x, y: x**2 + 4 * y**2, {"SGD": [(2, 1), (1, 0.2), (0.5, 0.0)]})
        <Drawing 'Loss surface', 677×432>
        >>> from autograd_cnn.optim import surfaces
        >>> draw.surface(surfaces.saddle, view="both").scene.name
        'surface'
    """
    words, theme = Words(lang), check_theme(theme)
    if not callable(fn):
        raise TypeError(f"draw.surface: expected a function of two numbers, got {type(fn).__name__}.")
    known = words("surface") if title is None else title
    return Drawing(surface_scene(fn, paths, bounds, names, words, known, subtitle, check_view(view)), theme, prefix)


def paths_of(paths: Any) -> dict[str, Array]:
    """The ways by name, each (T, 2)."""
    if paths is None:
        return {}
    named = paths if isinstance(paths, Mapping) else {"": paths}
    found = {}
    for name, p in named.items():
        a = array_of(p, "surface")
        if a.ndim != 2 or a.shape[1] != 2 or not len(a):
            raise ValueError(f"draw.surface: expected each path to be places of shape (T, 2), got {a.shape} for {name!r}.")
        if not np.isfinite(a).all():
            bad = int(np.flatnonzero(~np.isfinite(a).all(axis=1))[0])
            raise ValueError(
                f"draw.surface: expected finite places, but path {name!r} leaves them at step {bad}. Cut it there: path[:{bad}]."
            )
        found[str(name)] = a
    if len(found) > len(STYLES):
        raise ValueError(f"draw.surface: expected at most {len(STYLES)} paths, so that their styles differ, got {len(found)}.")
    return found


def bounds_of(bounds: Any, paths: Mapping[str, Array]) -> Bounds:
    """What part of the plane is drawn: as given, or what the ways need and a little more."""
    if bounds is None:
        if not paths:
            raise ValueError("draw.surface: expected bounds=((x0, x1), (y0, y1)) where there are no paths to tell them.")
        every = np.concatenate(list(paths.values()))
        low, high = every.min(axis=0), every.max(axis=0)
        slack = np.maximum((high - low) * 0.18, 0.05 * max(1e-9, float((high - low).max())) + 1e-6)
        low, high = low - slack, high + slack
        return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))
    try:
        (x0, x1), (y0, y1) = ((float(a), float(b)) for a, b in bounds)
    except (TypeError, ValueError):
        raise ValueError(f"draw.surface: expected bounds=((x0, x1), (y0, y1)), got {bounds!r}.") from None
    if not (x0 < x1 and y0 < y1 and all(map(math.isfinite, (x0, x1, y0, y1)))):
        raise ValueError(f"draw.surface: expected bounds that rise, ((x0, x1), (y0, y1)), got {bounds!r}.")
    return (x0, x1), (y0, y1)


def sampled(fn: Callable[[Any, Any], Any], bounds: Bounds) -> Array:
    """The function on a grid: in one call if it takes arrays, else place by place."""
    xs, ys = (np.linspace(*b, GRID) for b in bounds)
    x, y = np.meshgrid(xs, ys)
    try:
        z = np.asarray(fn(x, y), np.float64)
    except (TypeError, ValueError, AttributeError, RuntimeError):
        z = np.zeros(0)
    if z.shape != x.shape:
        z = np.array([[float(fn(float(a), float(b))) for a in xs] for b in ys])
    if not np.isfinite(z).any():
        raise ValueError("draw.surface: the function is finite nowhere within the bounds.")
    return z


def levels_of(z: Array) -> list[float]:
    """Values for the lines, round ones: dense where the surface is flat, as a map of a valley needs them."""
    known = z[np.isfinite(z)]
    low, high = float(known.min()), float(known.max())
    if not high > low:
        return []
    shares = (np.arange(LEVELS) + 0.5) / LEVELS
    wishes = [low + (high - low) * float(s) ** 2.4 for s in shares]
    near = float(np.quantile(known, 0.05)) - low
    if near > 0 and (float(np.median(known)) - low) < STEEP * (high - low):  # walls around a plain: each level so many times the last
        wishes = [low + float(v) for v in np.geomspace(near, high - low, LEVELS + 1)[:-1]]
    gaps = [b - a for a, b in itertools.pairwise(wishes)]
    found = {_rounded(v, gap): None for v, gap in zip(wishes, [gaps[0], *gaps], strict=True)}
    return [v for v in found if low < v < high]


def _rounded(v: float, gap: float) -> float:
    """The nearest multiple of the largest 1, 2 or 5 times a power of ten that is no more than the way to the next level."""
    power = 10.0 ** math.floor(math.log10(gap))
    step = next(m * power for m in (5, 2, 1) if m * power <= gap * 1.0001)
    return round(round(v / step) * step, 12)


@runtime_checkable
class Described(Protocol):
    """A function that knows where it is least (or, None, that it falls without end), as those of `optim.surfaces` do."""

    @property
    def minimum(self) -> tuple[float, float] | None: ...


VIEWS = ("contour", "3d", "both")


def check_view(view: Any) -> str:
    """One of the views."""
    if view not in VIEWS:
        raise ValueError(f"draw.surface: expected view to be 'contour', '3d' or 'both', got {view!r}.{nearest(str(view), VIEWS)}")
    return str(view)


def surface_scene(
    fn: Callable[[Any, Any], Any],
    paths: Any,
    bounds: Any,
    names: tuple[str, str],
    words: Words,
    title: str,
    subtitle: str | None,
    view: str = "contour",
) -> Scene:
    """Draw the level lines, or the surface from the side, or both, and the ways."""
    ways = paths_of(paths)
    box = bounds_of(getattr(fn, "bounds", None) if bounds is None else bounds, ways)
    z = sampled(fn, box)
    scene = Scene(title=title, name="surface", lang=words.lang)
    wide = symbols.heading(scene, title, subtitle if subtitle is not None else words(_told(view, bool(ways))))
    x, bottom, top = symbols.MARGIN, 0.0, symbols.HEADING + 8
    ends: list[Point] = []
    if view != "contour":
        x += gutter(z, words)
        ends = draw_relief(scene, z, box, ways, names, x, top, words)
        x, bottom = x + WIDTH, top + HEIGHT + 34
    if view != "3d":
        ends, x, low = _contour(scene, fn, z, box, ways, names, words, x + (34 if view == "both" else 0), top, bottom - top - 46)
        bottom = max(bottom, low)
    room, low = _labels(scene, ends, x, fn, ways, words)
    scene.width = max(x + room, symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = max(bottom, low) + symbols.MARGIN - 10
    told = [
        f"{n or words('path')}: {words('path steps', len(p) - 1)}, {words.point(p[0])} → {words.point(p[-1])}." for n, p in ways.items()
    ]
    known = z[np.isfinite(z)]
    ranges = [f"{name} {words.digits(a)} … {words.digits(b)}" for name, (a, b) in zip(names, box, strict=True)]
    ranges.append(f"{words.digits(float(known.min()))} … {words.digits(float(known.max()))}")
    scene.desc = f"{title}: {words.comma.join(ranges)}. {' '.join(told)}"
    return scene


def _told(view: str, ways: bool) -> str:
    if not ways:
        return {"contour": "levels", "3d": "relief", "both": "relief and levels"}[view]
    return {"contour": "surface sub", "3d": "surface relief", "both": "surface both"}[view]


def _contour(
    scene: Scene,
    fn: Any,
    z: Array,
    box: Bounds,
    ways: Mapping[str, Array],
    names: tuple[str, str],
    words: Words,
    x: float,
    top: float,
    least: float,
) -> tuple[list[Point], float, float]:
    """The level lines and the ways, from x to the right, in the middle of a height they do not fill. Returns (where the ways end, right side, bottom)."""
    (x0, x1), (y0, y1) = box
    share = (y1 - y0) / (x1 - x0)
    width, height = (SIDE, SIDE * share) if share <= 1 else (SIDE / share, SIDE)
    width, height = max(width, SIDE * 0.5), max(height, SIDE * 0.5)
    ticks = [t for t in nice_ticks(y0, y1) if y0 <= t <= y1], [t for t in nice_ticks(x0, x1) if x0 <= t <= x1]
    left, top = x + max(text_width(words.digits(t, 6), 11) for t in ticks[0]) + 28, top + max(0.0, (least - height) / 2)

    def at(p: Sequence[float]) -> Point:
        return left + (p[0] - x0) / (x1 - x0) * width, top + (y1 - p[1]) / (y1 - y0) * height

    paint_shades(scene, z, levels_of(z), left, top, width, height)
    _axes(scene, ticks, at, names, words, x, left, top, width, height)
    space = Space()
    for p in ways.values():
        for q in map(at, p):
            space.take((q[0] - 6, q[1] - 6, 12, 12))  # where no level may write its value
    least_at = minimum_of(fn, z, box)
    if least_at is not None:
        space.take((at(least_at)[0] - 9, at(least_at)[1] - 9, 18, 18))
    _levels(scene, z, space, words, left, top, width, height)
    if least_at is not None:
        _minimum(scene, at(least_at), words, least_at)
    apart = told_apart([[at(q) for q in p] for p in ways.values()])
    ends = [_way(scene, k, *way, *apart[k], (left, top, width, height), words) for k, way in enumerate(ways.items())]
    return ends, left + width, top + height + 46


def minimum_of(fn: Any, z: Array, box: Bounds) -> tuple[float, float] | None:
    """Where the function is least: as it says itself, else as the grid has it; None where it falls towards a border."""
    (x0, x1), (y0, y1) = box
    if isinstance(fn, Described):
        known = fn.minimum
        return known if known is not None and x0 <= known[0] <= x1 and y0 <= known[1] <= y1 else None
    row, column = np.unravel_index(int(np.nanargmin(np.where(np.isfinite(z), z, np.nan))), z.shape)
    if row in (0, z.shape[0] - 1) or column in (0, z.shape[1] - 1):
        return None
    return x0 + (x1 - x0) * column / (z.shape[1] - 1), y0 + (y1 - y0) * row / (z.shape[0] - 1)


def _minimum(scene: Scene, to: Point, words: Words, place: tuple[float, float]) -> None:
    """A cross where the function is least."""
    g = scene.group("minimum", "minimum", f"{words('minimum')} {words.point(place)}")
    x, y = to
    for stroke, line in (("paper", 4.5), ("ink", 1.8)):
        g.line((x - 5.5, y), (x + 5.5, y), stroke=stroke, line=line)
        g.line((x, y - 5.5), (x, y + 5.5), stroke=stroke, line=line)


def _axes(
    scene: Scene,
    ticks: Any,
    at: Any,
    names: tuple[str, str],
    words: Words,
    side: float,
    left: float,
    top: float,
    width: float,
    height: float,
) -> None:
    g = scene.group("axes", "axes", f"{names[0]}, {names[1]}")
    g.rect(left, top, width, height, stroke="wire")
    for t in ticks[0]:
        y = at((0, t))[1]
        g.line((left - 4, y), (left, y), stroke="wire")
        g.text(left - 8, y + 3.8, words.digits(t, 6), 11, ink="muted", anchor="end")
    for t in ticks[1]:
        x = at((t, 0))[0]
        g.line((x, top + height), (x, top + height + 4), stroke="wire")
        g.text(x, top + height + 17, words.digits(t, 6), 11, ink="muted", anchor="middle")
    g.text(left + width / 2, top + height + 36, names[0], 13, "italic", "muted", "middle")
    g.text(side, top + height / 2, names[1], 13, "italic", "muted")


def _levels(scene: Scene, z: Array, space: Space, words: Words, left: float, top: float, width: float, height: float) -> None:
    g = scene.group("levels", "levels", words("levels"))
    rows, columns = z.shape
    whole = np.where(np.isfinite(z), z, np.nanmax(np.where(np.isfinite(z), z, np.nan)))
    labels: list[tuple[float, float, str]] = []
    for k, level in enumerate(levels_of(z)):
        longest: list[Point] = []
        for line in level_lines(whole, level):
            points = [(left + x / (columns - 1) * width, top + height - y / (rows - 1) * height) for x, y in line]
            q = g.group(None, "level", words.digits(level, 4))
            q.line(
                *points[:: 2 if len(points) > 60 else 1], *([points[-1]] if len(points) > 60 else []), stroke="wire", line=0.8, opacity=0.75
            )
            longest = max(longest, points, key=len)
        if k % 3 == 1 and len(longest) > 16:
            _label(space, longest, words.digits(level), (left, top, width, height), labels)
    for x, y, text in labels:
        g.text(x, y, text, 10, ink="faint", anchor="middle", halo="paper")


def _label(
    space: Space, line: list[Point], text: str, box: tuple[float, float, float, float], labels: list[tuple[float, float, str]]
) -> None:
    """A level's value somewhere on its longest line, where there is room for it."""
    w = text_width(text, 10)
    for share in (0.5, 0.3, 0.7, 0.15, 0.85):
        x, y = line[int(share * (len(line) - 1))]
        wanted = (x - w / 2 - 3, y - 8, w + 6, 14)
        inside = box[0] < wanted[0] and wanted[0] + wanted[2] < box[0] + box[2] and box[1] < wanted[1] and wanted[1] + 14 < box[1] + box[3]
        if inside and not space.hits(wanted):
            space.take(wanted)
            labels.append((x, y + 3.5, text))
            return


def _way(
    scene: Scene,
    k: int,
    name: str,
    p: Array,
    line: Sequence[Point],
    points: Sequence[Point],
    box: tuple[float, float, float, float],
    words: Words,
) -> Point:
    """One optimizer's way: a line with markers, a ring where it starts. Returns where it ends."""
    ink, dash = STYLES[k % len(STYLES)]
    g = scene.group(f"path-{k}", "path", f"{name}: {words.point(p[0])} → {words.point(p[-1])}", steps=len(p))
    kept = _within(line, box)
    for piece in kept:
        if len(piece) > 1:
            g.line(*piece, stroke="paper", line=4.0, opacity=0.8)
            g.line(*piece, stroke=ink, line=1.9, dash=dash)
    inside = [q for q in points if _in(q, box)]
    for i in sorted({0, len(inside) - 1, *(round(j * (len(inside) - 1) / 9) for j in range(10))} - {-1}):
        marker(g, k, inside[i], ink)
    if inside and _in(points[0], box):
        g.circle(points[0][0], points[0][1], 7.0, stroke=ink, line=1.4)
    return inside[-1] if inside else (box[0] + box[2], box[1] + box[3] / 2)


def _in(q: Point, box: tuple[float, float, float, float]) -> bool:
    return box[0] <= q[0] <= box[0] + box[2] and box[1] <= q[1] <= box[1] + box[3]


def _within(points: Sequence[Point], box: tuple[float, float, float, float]) -> list[list[Point]]:
    """The pieces of a line that lie in the picture."""
    pieces: list[list[Point]] = [[]]
    for q in points:
        if _in(q, box):
            pieces[-1].append(q)
        elif pieces[-1]:
            pieces.append([])
    return pieces


def _labels(scene: Scene, ends: Sequence[Point], right: float, fn: Any, ways: Mapping[str, Array], words: Words) -> tuple[float, float]:
    """The names at the right, with the value each way ends with, in the order of the ends; the width they take and where they end."""
    if not ends:
        return 0.0, 0.0
    names = list(ways)
    order = sorted(range(len(ends)), key=lambda i: (ends[i][1], i))
    heights = spread([ends[i][1] for i in order], [34.0] * (len(ends) - 1))
    lower = max(0.0, symbols.HEADING + 14 - heights[0])  # none beside the title
    heights = [y + lower for y in heights]
    widest = 0.0
    for i, y in zip(order, heights, strict=True):
        ink, dash = STYLES[i % len(STYLES)]
        g: Group = scene.group(f"label-{i}", "label", names[i])
        g.line((right + 14, y), (right + 44, y), stroke=ink, line=1.9, dash=dash)
        marker(g, i, (right + 29, y), ink)
        p = ways[names[i]]
        g.text(right + 52, y + 1, names[i], 12.5, "bold", ink)
        end = words.figure(float(fn(float(p[-1, 0]), float(p[-1, 1]))))
        told = g.text(right + 52, y + 15, words("path end", len(p) - 1, end), 11, ink="muted")
        widest = max(widest, told.width, text_width(names[i], 12.5, "bold"))
    return 52 + widest, heights[-1] + 20
