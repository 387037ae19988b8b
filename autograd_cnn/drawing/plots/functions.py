"""Functions of one number with their derivatives, as the engine computes both."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ...engine.backward import pullback
from ...engine.variable import Variable, box
from ...errors import GraphError
from ...ops.activation.rectifiers import leaky_relu, relu
from ...ops.activation.smooth import elu, gelu
from ...ops.elementwise.exponential import sigmoid
from ...ops.elementwise.hyperbolic import tanh
from ...support.evaluation import evaluating
from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Point, Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..view.arrays import Array
from ..view.observing import observing
from .ticks import nice_ticks

declare(
    {
        "functions": ("Activation functions", "Aktivierungsfunktionen"),
        "functions sub": ("value solid, derivative dashed", "Wert durchgezogen, Ableitung gestrichelt"),
        "derivative range": ("f′ from {} to {}", "f′ von {} bis {}"),
    }
)

WIDE, HIGH = 216.0, 142.0
COLUMNS = 3
PLACES = 241  # where a function is computed
HALVINGS = 44  # of the distance in which a jump is looked for

DEFAULTS: Mapping[str, Callable[..., Any]] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "leaky_relu 0.1": lambda x: leaky_relu(x, 0.1),
    "elu": elu,
    "gelu": gelu,
}


@figure
def functions(
    functions: Any = None,
    *,
    bounds: tuple[float, float] = (-4.0, 4.0),
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw functions of one number with their derivatives, each in a panel of its own: value and derivative are what the function
    and its backward pass give on tensors in float64.

    Args:
        functions: a function or layer of one tensor that works entry by entry; several in a list, or as a mapping of names to
            functions. By default sigmoid, tanh, ReLU, leaky ReLU (slope 0.1), ELU and GELU.
        bounds: (x0, x1), the part that is drawn.

    Raises:
        TypeError: what cannot be called.
        ValueError: bounds that do not rise; a function that mixes entries or differs from call to call, or is finite nowhere.
        GraphError: a function that leaves the graph.

    Example:
        >>> import autograd_cnn as ac
        >>> ac.draw.functions(ac.sigmoid).scene.desc
        'Activation functions: value solid, derivative dashed. sigmoid: f′ from 0.0177 to 0.25.'
        >>> ac.draw.functions({"swish": lambda x: x * ac.sigmoid(x), "sine": ac.sin}, bounds=(-6, 6))
        <Drawing 'Activation functions', 567×300>
    """
    words, theme = Words(lang), check_theme(theme)
    known = words("functions") if title is None else title
    return Drawing(functions_scene(functions, bounds, words, known, subtitle), theme, prefix)


@dataclass(slots=True)
class Sampled:
    """A function on its places. A jump stands between two places that are as near as numbers get."""

    name: str
    x: Array
    value: Array
    slope: Array
    jumps: tuple[list[int], list[int]]  # after these places the value, or the slope, jumps


def named(functions: Any) -> dict[str, Callable[..., Any]]:
    """The functions by name."""
    if functions is None:
        return dict(DEFAULTS)
    if isinstance(functions, Mapping):
        found = {str(k): f for k, f in functions.items()}
    else:
        given = functions if isinstance(functions, Sequence) and not isinstance(functions, str) else [functions]
        found = {}
        for f in given:
            name = getattr(f, "__name__", type(f).__name__)
            name = "f" if name == "<lambda>" else name
            found[name if name not in found else f"{name} {len(found) + 1}"] = f
    wrong = next((f for f in found.values() if not callable(f)), None)
    if wrong is not None or not found:
        told = f"{type(wrong).__name__}" if found else "none"
        raise TypeError(f"draw.functions: expected functions of one tensor, as ac.sigmoid, got {told}.")
    return found


def bounds_of(bounds: Any) -> tuple[float, float]:
    """The part that is drawn."""
    try:
        low, high = (float(b) for b in bounds)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"draw.functions: expected bounds (x0, x1) that rise, got {bounds!r}.")
    return low, high


def computed(name: str, fn: Any, x: Array) -> tuple[Array, Array]:
    """The value and the derivative at each place.

    Raises:
        ValueError: a function that does not work entry by entry.
        GraphError: one that leaves the graph.
    """
    with evaluating(fn), observing(fn):
        leaf = box(x.copy(), None).requires_grad_(True)
        y: Any = fn(leaf)
        recorded = isinstance(y, Variable)
        if not recorded or tuple(y.shape) != x.shape:
            got = f"shape {tuple(y.shape)}" if hasattr(y, "shape") else type(y).__name__
            raise ValueError(f"draw.functions: expected {name!r} to give a tensor of its input's shape {x.shape}, got {got}.")
        value = np.array(y.detach(), np.float64)
        for i in sorted({0, len(x) // 3, len(x) // 2, len(x) - 1}):
            alone = np.asarray(fn(box(x[i : i + 1].copy(), None)).detach(), np.float64)
            if not np.allclose(alone, value[i : i + 1], rtol=1e-4, atol=1e-5, equal_nan=True):  # as near as float32 comes
                raise ValueError(
                    f"draw.functions: expected {name!r} to work entry by entry, the same at each call, but it gives {float(value[i])!r} for "
                    f"one of {len(x)} entries and {float(alone[0])!r} for the same alone."
                )
    if y.node is None:
        raise GraphError(f"draw.functions: {name!r} leaves the graph: its output knows no way back to its input. Does it detach?")
    found = pullback([y.node], [np.ones_like(value)], type(y), inputs=[leaf.node], accumulate=False, retain_graph=False)
    g = found[0] if found and found[0] is not None else np.zeros(x.shape)
    return value, np.asarray(g, np.float64)


def sampled(name: str, fn: Callable[..., Any], bounds: tuple[float, float]) -> Sampled:
    """The function at regular places, and at both sides of each jump of its value or slope, which are found by halving."""
    x = np.linspace(*bounds, PLACES)
    both = computed(name, fn, x)
    if not np.isfinite(both[0]).any():
        raise ValueError(f"draw.functions: {name!r} is finite nowhere from {bounds[0]} to {bounds[1]}.")
    sides = [_jumps(name, fn, x, v, which) for which, v in enumerate(both)]
    x = np.union1d(x, np.array([place for found in sides for pair in found for place in pair]))
    value, slope = computed(name, fn, x)
    at = [[int(np.searchsorted(x, a)) for a, _ in found] for found in sides]
    return Sampled(name, x, value, slope, (at[0], at[1]))


def _jumps(name: str, fn: Callable[..., Any], x: Array, v: Array, which: int) -> list[tuple[float, float]]:
    """Neighbouring numbers between which v, the value (0) or the slope (1), jumps; about a pole, the places on its sides."""
    known = v[np.isfinite(v)]
    steps = np.where(np.isfinite(v[1:]) & np.isfinite(v[:-1]), np.abs(np.diff(np.nan_to_num(v))), 0.0)
    steep = np.flatnonzero(steps > 0.02 * (np.ptp(known) if known.size else 0.0))
    if not steep.size:
        return []
    a, b, whole = x[steep], x[steep + 1], steps[steep]
    for _ in range(HALVINGS):  # all at once
        middle = (a + b) / 2
        p, q, r = computed(name, fn, np.concatenate([a, middle, b]))[which].reshape(3, -1)
        left = _between(p, q) >= _between(q, r)
        a, b = np.where(left, a, middle), np.where(left, middle, b)
    p, q = computed(name, fn, np.concatenate([a, b]))[which].reshape(2, -1)
    pole = ~(_between(p, q) <= 2 * whole)
    jump = _between(p, q) >= 0.5 * whole  # as high as it was over the whole distance: no steep slope
    a, b = np.where(pole, x[steep], a), np.where(pole, x[steep + 1], b)
    return list(zip(a[pole | jump].tolist(), b[pole | jump].tolist(), strict=True))


def _between(p: Array, q: Array) -> Array:
    with np.errstate(invalid="ignore"):  # of two infinities: NaN, which is neither more nor less
        return np.abs(q - p)


def functions_scene(functions: Any, bounds: Any, words: Words, title: str, subtitle: str | None) -> Scene:
    """Draw a panel for each function."""
    within = bounds_of(bounds)
    every = [sampled(name, fn, within) for name, fn in named(functions).items()]
    scene = Scene(title=title, name="functions", lang=words.lang)
    line = subtitle if subtitle is not None else words("functions sub")
    wide = symbols.heading(scene, title, line)
    columns = min(len(every), COLUMNS) if len(every) != 4 else 2
    told, right, top = [], symbols.MARGIN + wide, symbols.HEADING + 8
    gutters = [max(_gutter(f, words) for f in every[c::columns]) for c in range(columns)]
    for k, f in enumerate(every):
        row, c = divmod(k, columns)
        left = symbols.MARGIN + sum(gutters[: c + 1]) + c * (WIDE + 26)
        told.append(f"{words.label(f.name)}: {_range(f, words)}.")
        _panel(scene, k, f, within, left, top + row * (HIGH + 78), words)
        right = max(right, left + WIDE)
    rows = -(-len(every) // columns)
    scene.width = right + symbols.MARGIN
    scene.height = top + rows * (HIGH + 78) - 22 + symbols.MARGIN - 14
    scene.desc = f"{title}: {line}. " + " ".join(told)
    return scene


def _range(f: Sampled, words: Words) -> str:
    known = f.slope[np.isfinite(f.slope)]
    low, high = (float(known.min()), float(known.max())) if known.size else (math.nan, math.nan)
    return words("derivative range", words.digits(_round(low)), words.digits(_round(high)))


def _round(v: float) -> float:
    """Without what arithmetic leaves in the last places."""
    return round(v, 12) if math.isfinite(v) else v


def _ticks(f: Sampled) -> list[float]:
    known = np.concatenate([f.value[np.isfinite(f.value)], f.slope[np.isfinite(f.slope)]])
    return nice_ticks(float(known.min()), float(known.max()))


def _gutter(f: Sampled, words: Words) -> float:
    return max(text_width(words.digits(t, 6), 10.5) for t in _ticks(f)) + 8


def _panel(scene: Scene, k: int, f: Sampled, bounds: tuple[float, float], left: float, top: float, words: Words) -> None:
    """One function: name, axes through 0, value and derivative, and the range of the derivative."""
    g = scene.group(f"function-{k}", "function", f"{words.label(f.name)}: {_range(f, words)}")
    g.text(left, top + 9, words.label(f.name), 13, "bold")
    g.text(left + WIDE, top + 9, _range(f, words), 11, ink="gradient", anchor="end")
    top += 20
    ticks = _ticks(f)
    low, high = ticks[0], ticks[-1]

    def at(x: float, y: float) -> Point:
        return left + (x - bounds[0]) / (bounds[1] - bounds[0]) * WIDE, top + (high - y) / (high - low) * HIGH

    for t in ticks:
        y = at(bounds[0], t)[1]
        g.line((left, y), (left + WIDE, y), stroke="wire" if t == 0 else "hair", line=1.2 if t == 0 else 1)
        g.text(left - 6, y + 3.6, words.digits(t, 6), 10.5, ink="muted", anchor="end")
    for t in (t for t in nice_ticks(*bounds, 4) if bounds[0] <= t <= bounds[1]):
        x = at(t, low)[0]
        g.line((x, top), (x, top + HIGH), stroke="wire" if t == 0 else "hair", line=1.2 if t == 0 else 1)
        g.text(x, top + HIGH + 15, words.digits(t, 6), 10.5, ink="muted", anchor="middle")
    _curve(g, f.x, f.value, f.jumps[0], at, "forward", 2.2, None)
    _curve(g, f.x, f.slope, f.jumps[1], at, "gradient", 1.9, "6 4")


def _curve(
    g: Group, x: Array, y: Array, jumps: Sequence[int], at: Callable[[float, float], Point], ink: str, line: float, dash: str | None
) -> None:
    """A line, interrupted where it jumps or is not finite; straight stretches keep their ends only."""
    ends = [-1, *jumps, len(x) - 1]
    for first, last in pairwise(ends):
        run: list[Point] = []
        for i in range(first + 1, last + 2):
            if i <= last and math.isfinite(y[i]):
                point = at(float(x[i]), float(y[i]))
                if len(run) > 1 and _straight(run[-2], run[-1], point):
                    run.pop()
                run.append(point)
            else:
                if len(run) > 1:
                    g.line(*run, stroke=ink, line=line, dash=dash)
                run = []


def _straight(a: Point, b: Point, c: Point) -> bool:
    return (
        abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) < 1e-6
    )  # no more than arithmetic leaves: bends must not add up
