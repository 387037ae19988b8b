"""The figure of a training: loss and accuracy over the epochs, each series with its own dash and marker and a label at
its end."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import nearest
from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.geometry import spread
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Point, Scene
from ..canvas.text import Words
from .ticks import decades, nice_ticks, powers, tick_text, ticks_along

declare(
    {
        "curves": ("Training", "Training"),
        "epoch": ("epoch", "Epoche"),
        "step": ("step", "Schritt"),
        "layer": ("layer", "Schicht"),
        "place": ("place", "Ort"),
        "accuracy": ("accuracy", "Genauigkeit"),
        "train": ("train", "Training"),
        "test": ("test", "Test"),
        "val": ("val", "Validierung"),
        "iteration": ("iteration", "Iteration"),
        "batch": ("batch", "Batch"),
        "nodes": ("nodes", "Knoten"),
        "series": ("{}: from {} to {} in {} points", "{}: von {} bis {} in {} Punkten"),
        "series best": (", best {} at {}", ", am besten {} bei {}"),
        "series last": ("{}: last {}", "{}: zuletzt {}"),
    }
)

PLOT_W, PLOT_H = 380.0, 236.0
PANEL_H = 24 + PLOT_H + 68  # from a row of panels to the next
ACROSS = 2  # panels in a row; more of them side by side are too small on a page
FEW = 16  # points that are all marked
STYLES: tuple[tuple[str, str | None], ...] = (
    ("series-1", None),
    ("series-2", "7 4"),
    ("series-3", "2 3"),
    ("series-4", "9 3 2 3"),
    ("series-5", "12 4"),
    ("series-6", "5 2 1 2 1 2"),
)
STEP_NAMES = ("epoch", "step", "iteration", "batch", "layer", "place", "nodes")


@figure
def curves(
    metrics: Any,
    *,
    panel: str | None = None,
    x: str | None = None,
    log: bool = False,
    doubling: bool = False,
    percent: bool = False,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw a training: loss in one panel, accuracy in the next, other measures after them; each series has its own
    dash pattern and marker and is named at its end.

    Args:
        metrics: a mapping of names to lists, or rows that are mappings (as `csv.DictReader` gives them). "loss" and
            "accuracy" in a name tell the panel, "train", "test" and "val" tell series of one measure apart; a mapping in
            place of a list is a panel of that name with its series. None, NaN and empty entries interrupt a line.
        panel: one panel of this name for all lists, each named as it is given.
        x: the column along the horizontal axis; by default one named "epoch", "step", "iteration", "batch", "layer", "place" or "nodes".
        log: powers of ten upwards.
        doubling: powers of two along the horizontal axis, each as far from the one before.
        percent: all lists are shares of one.

    Raises:
        ValueError: no column of numbers, a column that is partly text, no column `x`, or with `log` or `doubling` a number that is not
            above 0.

    Example:
        >>> from autograd_cnn import draw
        >>> draw.curves({"train_loss": [2.3, 0.4, 0.1], "test_loss": [2.2, 0.5, 0.2]})
        <Drawing 'Training', 531×410>
        >>> draw.curves({"plain": [2.3, 2.2, 2.3], "residual": [2.9, 1.2, 0.4], "depth": [20, 56, 110]}, panel="loss", x="depth")
        <Drawing 'Training', 541×392>
        >>> draw.curves({"‖∂E/∂W‖": {"plain": [1e-6, 1e-3, 1.0], "residual": [0.5, 0.7, 1.0]}, "layer": [1, 2, 3]}, log=True)
        <Drawing 'Training', 576×392>
        >>> draw.curves({"1 Gb/s": [0.6, 0.4, 0.3], "10 Gb/s": [0.9, 0.9, 0.8], "nodes": [2, 16, 128]}, panel="use", doubling=True, percent=True)
        <Drawing 'Training', 585×392>
    """
    words = Words(lang)
    known = words("curves") if title is None else title
    return Drawing(curves_figure(metrics, words, known, subtitle, log, panel, x, doubling, percent), theme, prefix)


@dataclass(slots=True)
class _Series:
    name: str
    points: list[Point]


@dataclass(slots=True)
class _Panel:
    name: str
    series: list[_Series]
    percent: bool
    best: Callable[..., Any] | None  # which of its values is best, if one knows
    log: bool = False  # powers of ten upwards
    doubling: bool = False  # powers of two along

    def height(self, y: float) -> float:
        return math.log10(y) if self.log else y

    def along(self, x: float) -> float:
        return math.log2(x) if self.doubling else x


def curves_figure(
    metrics: Any,
    words: Words,
    title: str,
    subtitle: str | None,
    log: bool,
    panel: str | None = None,
    x: str | None = None,
    doubling: bool = False,
    percent: bool = False,
) -> Scene:
    """Draw columns of numbers: a mapping of names to lists, or rows that are mappings; a mapping within is a panel of its own."""
    own: dict[str, Mapping[str, Any]] = {}
    if isinstance(metrics, Mapping):
        own = {str(k): v for k, v in metrics.items() if isinstance(v, Mapping)}
        metrics = {k: v for k, v in metrics.items() if not isinstance(v, Mapping)}
    columns = _columns(metrics)
    within = {k: _columns(v) for k, v in own.items()}
    if x is not None and x not in columns:
        raise ValueError(f"draw.curves: expected x to name a column, one of {sorted(columns)}, got {x!r}.{nearest(x, columns)}")
    steps = x if x is not None else next((n for n in STEP_NAMES if n in columns), None)
    longest = max((len(c) for part in (columns, *within.values()) for k, c in part.items() if k != steps), default=0)
    xs = columns.pop(steps) if steps else [float(i + 1) for i in range(longest)]
    if panel is not None:
        columns, within = {}, {panel: columns, **within}
    panels = measured = _panels(columns, xs, words)
    for name, part in within.items():
        series = [_Series(_split_name(k, words) or k, _points(xs, ys)) for k, ys in part.items() if any(map(math.isfinite, ys))]
        panels = [*panels, _panel(name, series, words)] if series else panels
    for p in panels if log else ():
        p.percent, p.log = False, True
        low = min(y for s in p.series for _, y in s.points if math.isfinite(y))
        if low <= 0:
            raise ValueError(
                f"draw.curves: expected numbers above 0 on a logarithmic axis, got {low:g} in {p.name!r}; None interrupts a line."
            )
    for p in panels:
        p.doubling, p.percent = doubling, p.percent or (percent and not log)
    if doubling and panels and not (least := min(q[0] for p in panels for s in p.series for q in s.points)) > 0:
        raise ValueError(f"draw.curves: expected numbers above 0 along an axis of powers of two, got {least:g} in {steps!r}.")
    if not panels:
        raise ValueError("draw.curves: expected at least one column of numbers (such as 'train_loss'), got none.")
    scene = Scene(title=title, name="curves", lang=words.lang)
    line = subtitle if subtitle is not None else _told(measured, words)
    wide = symbols.heading(scene, title, line)
    left, y, end = symbols.MARGIN, symbols.HEADING + (8 if line else -10), 0.0
    across = steps if steps and steps not in STEP_NAMES else words(steps or "epoch")
    for k, p in enumerate(panels):
        if k and k % ACROSS == 0:
            left, y = symbols.MARGIN, y + PANEL_H
        left += _draw(scene, p, left, y, across, words) + 34
        end = max(end, left - 34)
    scene.width = max(end, symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = y + 24 + PLOT_H + 46 + symbols.MARGIN - 12
    scene.desc = f"{title}. {_described(panels, words)}"
    return scene


# ------------------------------------------------------------------------------------------------------- data
def _columns(metrics: Any) -> dict[str, list[float]]:
    """Numbers by name; None, empty and missing entries become NaN, which interrupts the line."""
    if isinstance(metrics, Mapping):
        if not all(isinstance(v, Iterable) and not isinstance(v, str) for v in metrics.values()):
            raise TypeError("draw.curves: expected a mapping of names to lists of numbers, or a list of rows that are mappings.")
        return {str(k): [_number(v, str(k)) for v in values] for k, values in metrics.items() if _numeric(values)}
    rows = list(metrics)
    if not all(isinstance(r, Mapping) for r in rows):
        raise TypeError(f"draw.curves: expected a mapping of names to lists, or rows that are mappings, got {type(metrics).__name__}.")
    names = list(dict.fromkeys(str(k) for r in rows for k in r))
    table = {n: [r.get(n) for r in rows] for n in names}
    return {n: [_number(v, n) for v in values] for n, values in table.items() if _numeric(values)}


def _numeric(values: Iterable[Any]) -> bool:
    """Is this a column of numbers (and not, say, of names)?"""
    return any(_readable(v) for v in values)


def _readable(v: Any) -> bool:
    try:
        float(v)
    except (TypeError, ValueError):
        return False
    return True


def _number(v: Any, name: str) -> float:
    if v is None or v == "":
        return math.nan
    try:
        return float(v)
    except (TypeError, ValueError):
        raise ValueError(f"draw.curves: expected numbers in column {name!r}, got {v!r}.") from None


def _panels(columns: Mapping[str, Sequence[float]], xs: Sequence[float], words: Words) -> list[_Panel]:
    """Loss in the first panel, accuracy in the second; other columns get panels of their own, series of one kind
    together."""
    grouped: dict[str, list[_Series]] = {}
    for name, ys in columns.items():
        if not any(map(math.isfinite, ys)):
            continue
        lower = name.lower()
        kind = "loss" if "loss" in lower else "accuracy" if "acc" in lower else _stem(name)
        grouped.setdefault(kind, []).append(_Series(_short(name, kind, words), _points(xs, ys)))
    order = sorted(grouped, key=lambda k: ("loss", "accuracy").index(k) if k in ("loss", "accuracy") else 2)
    return [_panel(kind, grouped[kind], words) for kind in order]


def _points(xs: Sequence[float], ys: Sequence[float]) -> list[Point]:
    return list(zip(xs, ys, strict=False))


def _panel(kind: str, series: list[_Series], words: Words) -> _Panel:
    top = max(y for s in series for _, y in s.points if math.isfinite(y))
    known = words(kind) if kind in ("loss", "accuracy") else kind
    return _Panel(known, series, kind == "accuracy" and top <= 1.0, {"loss": min, "accuracy": max}.get(kind))


_SPLITS = {"train": "train", "training": "train", "test": "test", "val": "val", "valid": "val", "validation": "val", "dev": "", "eval": ""}


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"[_/ ]", name) if part]


def _stem(name: str) -> str:
    """A name without the data split, if it names one."""
    parts = _parts(name)
    rest = [p for p in parts if p.lower() not in _SPLITS]
    return " ".join(rest) if rest and len(rest) < len(parts) else name.replace("_", " ")


def _split_name(part: str, words: Words) -> str:
    """A data split in the figure's language; nothing for another word."""
    known = _SPLITS.get(part.lower())
    return "" if known is None else words(known) if known else part


def _short(name: str, kind: str, words: Words) -> str:
    """What stands at the end of a line: the data split if the name has one, else the name."""
    split = next(filter(None, (_split_name(part, words) for part in _parts(name))), None)
    if split or kind not in ("loss", "accuracy"):
        return split or name.replace("_", " ")
    plain = re.sub(r"[_/]", " ", name)
    own = re.sub(r"\b(loss|accuracy|acc)\b", "", plain, flags=re.IGNORECASE).strip(" ,:;-")  # the panel says the rest
    return own or words(kind)


def _told(panels: Sequence[_Panel], words: Words) -> str:
    """The last values of loss and accuracy, or that of a single line, for the subtitle; of others the ends of the lines tell."""
    parts = []
    alone = len(panels) == 1 and len(panels[0].series) == 1
    for p in panels:
        if p.best is not None or alone:
            values = [(s.name, _value(next(y for _, y in reversed(s.points) if math.isfinite(y)), p.percent, words)) for s in p.series]
            named = words.comma.join(value if name == p.name else f"{name} {value}" for name, value in values)
            parts.append(f"{p.name}: {named}")
    return " · ".join(parts)


def _value(y: float, percent: bool, words: Words) -> str:
    if percent:
        return words.percent(y, 1)
    return words.decimals(y, 2) if 1 <= abs(y) < 1000 else words.digits(y)


def _described(panels: Sequence[_Panel], words: Words) -> str:
    parts = []
    for p in panels:
        for s in p.series:
            known = [(x, y) for x, y in s.points if math.isfinite(y)]
            ends = (_value(v, p.percent, words) for v in (known[0][1], known[-1][1]))
            told = words("series", p.name if s.name == p.name else f"{p.name}, {s.name}", *ends, len(known))
            if p.best is not None:
                best = p.best(known, key=lambda q: q[1])
                told += words("series best", _value(best[1], p.percent, words), words.digits(best[0], 6))
            parts.append(f"{told}.")
    return " ".join(parts)


# ------------------------------------------------------------------------------------------------------- axes
def _draw(scene: Scene, p: _Panel, x: float, y: float, x_name: str, words: Words) -> float:
    """One panel with its left upper corner at (x, y); its width."""
    g = scene.group(f"panel-{p.name}".replace(" ", "-"), "panel", p.name, series=[s.name for s in p.series])
    all_points = [q for s in p.series for q in s.points if math.isfinite(q[1]) and math.isfinite(q[0])]
    low, high = min(v for _, v in all_points), max(v for _, v in all_points)
    if p.log:
        ticks = decades(low, high)
    elif p.percent:
        ticks = [t for t in nice_ticks(min(low, 0.0) if p.best is None else low, high) if t <= 1.0 + 1e-9]
    else:
        ticks = nice_ticks(min(low, 0.0) if low < 0.4 * high else low, high)
    if len(ticks) < 2:
        ticks = [ticks[0] - 0.1, *ticks]
    texts = [words.digits(t) if p.log else tick_text(t, ticks, p.percent, words) for t in ticks]
    gutter = max(text_width(t, 11) for t in texts) + 8
    left, _top, right, bottom = x + gutter, y + 24, x + gutter + PLOT_W, y + 24 + PLOT_H
    first, last = min(q[0] for q in all_points), max(q[0] for q in all_points)

    def at(q: Point) -> Point:
        across = (p.along(q[0]) - p.along(first)) / (p.along(last) - p.along(first)) if last > first else 0.5
        y, foot, head = (p.height(v) for v in (q[1], ticks[0], ticks[-1]))
        return left + across * PLOT_W, bottom - (y - foot) / (head - foot) * PLOT_H

    g.text(x, y + 8, p.name, 13, "bold")
    for t, text in zip(ticks, texts, strict=True):
        level = at((first, t))[1]
        g.line((left, level), (right, level), stroke="hair")
        g.text(left - 8, level + 3.8, text, 11, ink="muted", anchor="end")
    for t in powers(first, last) if p.doubling else ticks_along(first, last):
        across = at((t, ticks[0]))[0]
        g.line((across, bottom), (across, bottom + 4), stroke="wire")
        g.text(across, bottom + 17, words.digits(t, 6), 11, ink="muted", anchor="middle")
    g.line((left, bottom), (right, bottom), stroke="wire")
    g.text((left + right) / 2, bottom + 34, x_name, 11.5, ink="muted", anchor="middle")
    ends: list[tuple[float, int]] = []
    for k, s in enumerate(p.series):
        ends.append((_draw_series(g, s, k, at, p.percent, words), k))
    return gutter + PLOT_W + _labels(g, p, ends, right, words)


def _draw_series(g: Group, s: _Series, k: int, at: Any, percent: bool, words: Words) -> float:
    """The line, broken where a value is missing, with markers; the height at which it ends."""
    ink, dash = STYLES[k % len(STYLES)]
    known = [q for q in s.points if math.isfinite(q[1])]
    title = words("series last", s.name, _value(known[-1][1], percent, words))
    sub = g.group(None, "series", title)
    run: list[Point] = []
    for q in [*s.points, (0.0, math.nan)]:
        if math.isfinite(q[1]):
            run.append(at(q))
        elif run:
            if len(run) > 1:
                sub.line(*run, stroke=ink, line=1.8, dash=dash)
            run = []
    last = len(known) - 1  # few points are marked all; of many about eleven, both ends among them, each series a little further on
    for i in range(last + 1) if last < FEW else sorted({0, last, *(round((j + k / 4) * last / 10) for j in range(1, 10))}):
        marker(sub, k, at(known[i]), ink)
    return float(at(known[-1])[1])


def marker(g: Group, k: int, at: Point, ink: str) -> None:
    """The sign of series number k: disc, square, triangle, rhombus, triangle on its head, ring."""
    (x, y), r, kind = at, 3.6, k % len(STYLES)
    if kind == 0:
        g.circle(x, y, r, fill=ink)
    elif kind == 1:
        g.rect(x - r, y - r, 2 * r, 2 * r, fill="paper", stroke=ink, line=1.6)
    elif kind == 2:
        g.polygon([(x, y - r * 1.25), (x + r * 1.15, y + r * 0.8), (x - r * 1.15, y + r * 0.8)], fill=ink)
    elif kind == 3:
        g.polygon(
            [(x, y - r * 1.35), (x + r * 1.35, y), (x, y + r * 1.35), (x - r * 1.35, y)],
            fill="paper",
            stroke=ink,
            line=1.6,
        )
    elif kind == 4:
        g.polygon([(x, y + r * 1.25), (x + r * 1.15, y - r * 0.8), (x - r * 1.15, y - r * 0.8)], fill=ink)
    else:
        g.circle(x, y, r, fill="paper", stroke=ink, line=1.6)


def _labels(g: Group, p: _Panel, ends: Sequence[tuple[float, int]], right: float, words: Words) -> float:
    """The series' names at their ends, pushed apart where the ends lie close together; the room they take."""
    order = sorted(ends)
    heights = spread([y for y, _ in order], [15.0] * (len(order) - 1))
    widest = 0.0
    for (end, k), y in zip(order, heights, strict=True):
        ink, s = STYLES[k % len(STYLES)][0], p.series[k]
        last = next(v for _, v in reversed(s.points) if math.isfinite(v))
        text = f"{s.name}  {_value(last, p.percent, words)}"
        if abs(y - end) > 3:
            g.line((right + 6, end), (right + 14, y), stroke=ink, line=0.8)
        g.text(right + 18, y + 4, text, 12, "bold", ink)
        widest = max(widest, text_width(text, 12, "bold"))
    return widest + 18
