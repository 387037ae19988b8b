"""A multi-layer perceptron as units and edges: weights as width, activations on the units, δ below them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...graph.graph import Graph
from ..canvas import symbols
from ..canvas.drawing import Drawing
from ..canvas.frames import Frames
from ..canvas.metrics import text_width
from ..canvas.scene import Run, Scene
from ..canvas.symbols import Entry
from ..canvas.text import Words, mathematics
from ..view.arrays import Array
from .layers import Layer, layers_of

MOST = 10  # units of a layer that are drawn; of more the first and the last
BEFORE, AFTER = 5, 2
COLUMN = 168.0
RADIUS = 17.0
DASH = "5 3"


@dataclass(slots=True)
class Units:
    """A column: a layer's units, of which some are drawn."""

    name: str
    count: int
    activation: str = ""
    weight: Array = field(default_factory=lambda: np.zeros((0, 0)))  # (units, units before)
    bias: Array = field(default_factory=lambda: np.zeros(0))
    values: Array = field(default_factory=lambda: np.zeros(0))  # activations; empty if nothing was computed
    delta: Array = field(default_factory=lambda: np.zeros(0))  # gradient of the loss by the sum before the activation

    @property
    def shown(self) -> list[int]:
        if self.count <= MOST:
            return list(range(self.count))
        return [*range(BEFORE), *range(self.count - AFTER, self.count)]


def columns_of(graph: Graph, words: Words) -> list[Units]:
    """The columns of a perceptron's graph."""
    found: list[Units] = []
    for n in layers_of(graph):
        if n.kind == "dense":
            found.append(_dense(n, graph, found))
        elif n.kind == "input":
            size = int(np.prod(n.shape[1:])) if len(n.shape) > 1 else n.shape[0]
            found.append(Units(words("input"), size, values=_first(graph.values[n.out].data, size)))
        elif not (n.kind == "other" and all(s.family == "shape" for s in n.steps)):
            raise ValueError(
                f"draw.network: expected a perceptron, layers of units that are fully connected, but {n.name or n.head.name!r} is a "
                f"{n.head.label}. Use draw.volumes(model, input)."
            )
    if len(found) < 2 or found[0].weight.size or any(not u.weight.size for u in found[1:]):
        raise ValueError("draw.network: expected a model with one input and at least one fully connected layer (nn.Linear).")
    return found


def _dense(n: Layer, graph: Graph, before: Sequence[Units]) -> Units:
    step = n.head
    given = [graph.values[i] for i in step.inputs]
    leaves = [np.asarray(v.data, np.float64) for v in given[1:] if v.data is not None]
    if not leaves or leaves[0].ndim != 2 or not before:
        raise ValueError(
            f"draw.network: expected a fully connected layer with a weight matrix, got {step.label} in {n.name or 'the model'}."
        )
    weight = leaves[0] if step.name == "linear" else leaves[0].T  # x @ W keeps (inputs, units)
    bias = leaves[1] if len(leaves) > 1 else np.zeros(len(weight))
    activation = next(iter(n.followers), "")
    return Units(n.name, len(weight), activation, weight, bias, _first(graph.values[n.out].data, len(weight)))


def _first(data: Any, size: int) -> Array:
    """One sample of a batch."""
    if data is None:
        return np.zeros(0)
    return np.array(np.asarray(data, np.float64).reshape(-1, size)[0])


def add_deltas(columns: Sequence[Units], graph: Graph) -> None:
    """The gradients of a recorded loss, at the sums that each dense layer computes."""
    sums = [s for s in graph.steps if s.name in ("linear", "matmul")]
    for units, step in zip(columns[1:], sums, strict=False):
        grad = graph.values[step.outputs[0]].grad
        if grad is not None:
            units.delta = _first(grad, units.count)


# ------------------------------------------------------------------------------------------------------- the picture
@dataclass(slots=True)
class State:
    """How much of the passes a picture shows: activations up to this column, δ from that one on, and where it is now."""

    values: int
    deltas: int
    active: int | None = None  # the column whose edges are drawn strong
    backward: bool = False


def network_scene(
    columns: list[Units], state: State, words: Words, title: str, subtitle: str | None, precision: int, caption: str
) -> Scene:
    """The network in one state of its passes."""
    scene = Scene(title=title, name="network", lang=words.lang)
    total = sum(u.weight.size + u.bias.size for u in columns[1:])
    sizes = " – ".join(words.count(u.count) for u in columns)
    head = scene.group("heading")
    wide = symbols.heading(head, title, subtitle if subtitle is not None else f"{words('network sub', sizes)}, {words.parameters(total)}")
    radius = _radius(columns, precision, words)
    with_delta = any(u.delta.size for u in columns)
    step = 2 * radius + (27 if with_delta else 13)
    rows = max(len(u.shown) + (u.count > MOST) for u in columns)
    top, tall = symbols.HEADING + 56, rows * step
    halves = [_half(u, radius, words) for u in columns]
    left = symbols.MARGIN + halves[0]
    across = max(COLUMN, *(a + b + 20 for a, b in itertools.pairwise(halves)))
    places = [_places(u, left + k * across, top, tall, step) for k, u in enumerate(columns)]
    for k in range(1, len(columns)):
        _edges(scene, columns, k, places, radius, state, words)
    for k, u in enumerate(columns):
        _column(scene, u, k, places[k], radius, top, words, state, precision)
    right = left + (len(columns) - 1) * across + halves[-1] + 36
    entries = _entries(columns, words, precision)
    size = symbols.legend_size(words("reading"), entries)
    symbols.legend(scene.group("legend"), right, top - 26, words("reading"), entries)
    bottom = top + max(tall, size[1] - 20)
    if caption:
        scene.group("caption").text(symbols.MARGIN, bottom + 22, _caption_runs(caption, state.backward), 13)
        wide = max(wide, text_width(caption, 15))
        bottom += 30
    scene.width = max(right + size[0], symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = bottom + symbols.MARGIN - 6
    told = [
        f"{u.name}: {words('units', words.count(u.count))}" + (f", {words.label(u.activation)}" if u.activation else "") for u in columns
    ]
    scene.desc = f"{title}. {words('network desc')} {'; '.join(told)}. {caption}"
    return scene


def _radius(columns: Sequence[Units], precision: int, words: Words) -> float:
    widest = max(
        (text_width(words.value(float(v), precision), 10.5) for u in columns if u.values.size for v in u.values[u.shown]), default=0.0
    )
    return max(RADIUS, widest / 2 + 4.5)


def _half(u: Units, radius: float, words: Words) -> float:
    """Half the width of a column with its heading."""
    head = text_width(u.name, 12.5, "bold") + (text_width(f"  {words.label(u.activation)}", 12.5) if u.activation else 0.0)
    return max(radius, head / 2, text_width(words("units", words.count(u.count)), 11.5) / 2)


def _places(u: Units, x: float, top: float, tall: float, step: float) -> dict[int, tuple[float, float]]:
    slots = len(u.shown) + (1 if u.count > MOST else 0)
    start = top + (tall - slots * step) / 2 + step / 2
    found = {}
    for k, unit in enumerate(u.shown):
        skip = 1 if u.count > MOST and k >= BEFORE else 0
        found[unit] = (x, start + (k + skip) * step)
    return found


def _edges(
    scene: Scene,
    columns: Sequence[Units],
    k: int,
    places: Sequence[dict[int, tuple[float, float]]],
    radius: float,
    state: State,
    words: Words,
) -> None:
    """The edges into column k: the wider, the larger the weight; dashed where it is negative."""
    w, active = columns[k].weight, state.active == k
    bound = float(np.nanmax(np.abs(w))) or 1.0
    ink = ("gradient" if state.backward else "forward") if active else "wire"
    g = scene.group(f"edges-{k}", "edges", f"{columns[k - 1].name} → {columns[k].name}")
    for j, (x1, y1) in places[k].items():
        for i, (x0, y0) in places[k - 1].items():
            share = abs(w[j, i]) / bound
            edge = g.group(None, "edge", f"w[{j}, {i}] = {words.digits(w[j, i], 6)}")
            length = float(np.hypot(x1 - x0, y1 - y0))
            ux, uy = (x1 - x0) / length * radius, (y1 - y0) / length * radius
            edge.line(
                (x0 + ux, y0 + uy),
                (x1 - ux, y1 - uy),
                stroke=ink,
                line=0.4 + 3.2 * share,
                dash=DASH if w[j, i] < 0 else None,
                opacity=0.35 + 0.6 * share,
            )


def _column(
    scene: Scene,
    u: Units,
    k: int,
    places: dict[int, tuple[float, float]],
    radius: float,
    top: float,
    words: Words,
    state: State,
    precision: int,
) -> None:
    x = next(iter(places.values()))[0]
    g = scene.group(f"layer-{k}", "layer", f"{u.name}: {words('units', words.count(u.count))}", units=u.count)
    label = [Run(u.name, "bold")] + ([Run(f"  {words.label(u.activation)}", "sans", "muted")] if u.activation else [])
    g.text(x, top - 30, label, 12.5, anchor="middle")
    g.text(x, top - 13, words("units", words.count(u.count)), 11.5, ink="muted", anchor="middle")
    known, delta = u.values.size > 0 and k <= state.values, u.delta.size > 0 and k >= state.deltas
    for unit, (cx, cy) in places.items():
        active = state.active is not None and k == (state.active - state.backward if state.backward else state.active)
        facts = f"{u.name}[{unit}]" + (f" = {words.digits(u.values[unit], 6)}" if known else "")
        facts += f"{words.comma}δ = {words.digits(u.delta[unit], 6)}" if delta else ""
        q = g.group(None, "unit", facts)
        edge = "gradient" if active and state.backward else "forward" if active else "input-line" if k == 0 else "dark"
        q.circle(cx, cy, radius, fill="input-paper" if k == 0 else "card", stroke=edge, line=2.0 if active else 1.3)
        if known:
            q.text(cx, cy + 3.8, words.value(float(u.values[unit]), precision), 10.5, "bold", "forward", "middle")
        if delta:
            q.text(cx, cy + radius + 11.5, words.value(float(u.delta[unit]), precision), 10.5, ink="gradient", anchor="middle")
    if u.count > MOST:
        (_, y0), (_, y1) = places[u.shown[BEFORE - 1]], places[u.shown[BEFORE]]
        for shift in (-7.0, 0.0, 7.0):
            g.circle(x, (y0 + y1) / 2 + shift, 1.8, fill="dark")


def _entries(columns: Sequence[Units], words: Words, precision: int) -> list[Entry]:
    def line(width: float, dash: str | None) -> Any:
        return lambda g, x, y: g.line((x, y), (x + symbols.SAMPLE, y), stroke="wire", line=width, dash=dash)

    def text(sign: str, face: str, ink: str) -> Any:
        return lambda g, x, y: g.text(x + symbols.SAMPLE / 2, y + 4, sign, 12, face, ink, "middle")

    entries = [
        Entry(line(3.0, None), (Run(words("weight large"), "sans", "muted"),)),
        Entry(line(0.8, None), (Run(words("weight small"), "sans", "muted"),)),
        Entry(line(2.0, DASH), (Run(words("weight negative"), "sans", "muted"),)),
    ]
    if any(u.values.size for u in columns):
        entries.append(Entry(text(words.value(0.42, precision), "bold", "forward"), (Run(words("activation"), "sans", "muted"),)))
    if any(u.delta.size for u in columns):
        entries.append(
            Entry(
                text(words.value(0.42, precision), "sans", "gradient"),
                (*mathematics("δ = ∂E/∂z", "gradient", 1.1), Run(f"  {words('below unit')}", "sans", "muted")),
            )
        )
    return entries


# ------------------------------------------------------------------------------------------------------- the passes
def passes(columns: Sequence[Units], words: Words) -> list[tuple[State, str]]:
    """The states of forward and backward pass, each with what is computed."""
    last, none = len(columns) - 1, len(columns)
    found = [(State(0, none), words("network input"))]
    for k in range(1, last + 1):
        f = _function(columns[k].activation)
        before = "x" if k == 1 else f"h_{k - 1}"
        name = "y" if k == last else f"h_{k}"
        inner = f"W_{k} {before} + b_{k}"
        found.append((State(k, none, k), f"{name} = {f}({inner})" if f else f"{name} = {inner}"))
    if any(u.delta.size for u in columns):
        found.append((State(last, last, None, True), f"δ_{last} = ∂E/∂z_{last}"))
        for k in range(last - 1, 0, -1):
            f = _function(columns[k].activation)
            tail = f" · {f}′(z_{k})" if f else ""
            found.append((State(last, k, k + 1, True), f"δ_{k} = W_{k + 1}ᵀ δ_{k + 1}{tail}"))
    return found


def _function(activation: str) -> str:
    return {"σ": "σ", "ReLU": "relu"}.get(activation, activation.split(" ")[0])


def _caption_runs(caption: str, backward: bool) -> list[Run]:
    ink = "gradient" if backward else "forward"
    if "=" not in caption:
        return [Run(caption, "sans", ink)]
    return list(mathematics(caption, ink, 1.15))


class Network(Drawing):
    """A perceptron with all that is known of it; `frames` leads through its passes."""

    def __init__(
        self, columns: list[Units], words: Words, title: str, subtitle: str | None, precision: int, theme: str, prefix: str
    ) -> None:
        def picture(state: State, caption: str) -> Scene:
            return network_scene(columns, state, words, title, subtitle, precision, caption)

        self._draw = picture
        self._passes = passes(columns, words) if columns[0].values.size else []
        super().__init__(self._draw(State(len(columns), 0), ""), theme, prefix)

    @property
    def frames(self) -> Frames:
        """The passes step by step: the input, each layer forward, then each δ backward.

        Raises:
            ValueError: nothing was computed, because there was no input.
        """
        if not self._passes:
            raise ValueError("draw.network: frames show activations, so they need an input: draw.network(model, input).")
        scenes = [self._draw(state, caption) for state, caption in self._passes]
        return Frames(scenes, [caption for _, caption in self._passes], self.theme, self.prefix)
