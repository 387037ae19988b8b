"""A multi-layer perceptron as units and edges: what its layers hold, and the passes through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import nearest
from ...graph.graph import Graph
from ...graph.step import Step
from ...support.evaluation import evaluating
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.frames import Frames
from ..canvas.scene import Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..layout.fit import Fit
from ..view.arguments import check_number, snapshot, traced, variable_of
from ..view.arrays import Array, array_of
from ..view.observing import observing
from ..view.view import number_of
from .layers import JOINS, Layer, layers_of
from .network_layout import Column, State
from .network_painting import network_scene, room_for

WIDTHS = ("weight", "gradient", "credit")


@figure
def network(
    model: Any,
    input: Any = None,
    loss: Callable[[Any], Any] | None = None,
    *,
    widths: str = "weight",
    fit: str | tuple[float, float] = "slide",
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    precision: int = 2,
    prefix: str = "",
) -> Network:
    """Draw a multi-layer perceptron as units and edges: the wider an edge the larger its weight, dashed where it is
    negative. With an input the activations stand in the units, with a loss δ = ∂E/∂z below them. In a small network
    the weights are written on the edges and the biases above the units.

    The model is drawn in the mode it is in: in training the units that its next pass drops are crossed out (the random stream is
    left where it was), at inference none is. `draw.beside(draw.network(net.train(), x), draw.network(net.eval(), x))` shows both.

    Args:
        model: fully connected layers; of a layer with more than 10 units the first and the last are drawn.
        input: one sample, (F,) or (1, F); without it only the weights are drawn.
        loss: a function of the model's output.
        widths: what the edges tell: "weight"; with a loss also "gradient" (|∂E/∂w|, how far a step moves the weight) or
            "credit" (|w·δ|, the share of the error that goes back along the edge).
        fit: where the picture is to be read: "slide" (1280×720), "page" (A4) or (width, height) in pixels. What would be too large goes
            without numbers on its edges, stands closer, with fewer units of a layer, or in rows, of which each begins with the layer
            that ended the one before.

    Returns:
        A drawing; its `frames` lead through the forward pass and, with a loss, the backward pass.

    Raises:
        ValueError: a model with other layers than fully connected ones, more than one sample, other widths.
        TypeError: a loss without an input, widths of the backward pass without a loss.

    Example:
        >>> from autograd_cnn import draw, nn
        >>> mlp = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        >>> drawing = draw.network(mlp, [1.0, -1.0], loss=lambda y: (y**2).sum())
        >>> drawing.frames.captions
        ['the input', 'h_1 = tanh(W_1 x + b_1)', 'y = W_2 h_1 + b_2', 'δ_2 = ∂E/∂z_2', '∂E/∂W_2 = δ_2 h_1ᵀ', \
'δ_1 = W_2ᵀ δ_2 · tanh′(z_1)', '∂E/∂W_1 = δ_1 xᵀ']
    """
    words, theme, size = Words(lang), check_theme(theme), Fit.of(fit)
    check_number("precision", precision)
    if loss is not None and input is None:
        raise TypeError("draw.network: a loss needs an input: draw.network(model, input, loss).")
    given = _sample(model, input)
    if widths not in WIDTHS:
        raise ValueError(f"draw.network: expected widths to be one of {', '.join(WIDTHS)}, got {widths!r}.{nearest(str(widths), WIDTHS)}")
    if widths != "weight" and loss is None:
        raise TypeError(f"draw.network: widths={widths!r} needs a loss to walk back from: draw.network(model, input, loss).")
    columns = read_network(model, given, loss, words)
    if input is None:
        for units in columns:
            units.values, units.dropped = units.delta, units.dropped[:0]
    known = words("network") if title is None else title
    return Network(columns, words, known, subtitle, precision, widths, size, theme, prefix)


def read_network(model: Any, given: Any, loss: Callable[[Any], Any] | None, words: Words) -> list[Column]:
    """The columns of a perceptron as a pass through it leaves them, in the mode that it is in: a dropout drops in training, the units
    that the model's next pass would drop, for the random stream is put back. Layers that keep statistics are evaluated.
    """
    with observing(model), evaluating(model, keeping=_keeps_nothing):
        columns = columns_of(traced(model, given, "network", note=snapshot, evaluate=False), words)
    if loss is not None:
        with observing(model), evaluating(model, keeping=_keeps_nothing):
            add_deltas(columns, Graph.of(loss(model(given)), gradients=True))
    resting = [m for m in _modules(model) if not m.training and _keeps_nothing(m)]
    if resting:  # at inference a dropout leaves no trace: what would one in training drop?
        for m in resting:
            m.training = True
        try:
            with observing(model), evaluating(model, keeping=_keeps_nothing):
                would = columns_of(traced(model, given, "network", note=snapshot, evaluate=False), words)
        finally:
            for m in resting:
                m.training = False
        for column, twin in zip(columns, would, strict=True):
            column.rate = twin.rate
    return columns


def _modules(model: Any) -> list[Any]:
    return list(model.modules()) if hasattr(model, "modules") else []


def _keeps_nothing(module: Any) -> bool:
    """Has a module no state besides its parameters, such as running statistics, that a pass in training would change?"""
    return not any(True for _ in module.buffers(recurse=False))


def columns_of(graph: Graph, words: Words) -> list[Column]:
    """The columns of a perceptron's graph."""
    found: list[Column] = []
    for n in layers_of(graph):
        if n.kind == "dense":
            found.append(_dense(n, graph, found))
        elif n.kind == "input":
            size = int(np.prod(n.shape[1:])) if len(n.shape) > 1 else n.shape[0]
            found.append(Column(words("input"), size, values=_first(graph.values[n.out].data, size)))
        elif found and n.kind == "other" and all(s.family in ("shape", "dropout") for s in n.steps):  # before the first weights
            _drop(found[-1], n.steps, graph)
            found[-1].values = _first(graph.values[n.out].data, found[-1].count)
        elif not (n.kind == "other" and all(s.family == "shape" for s in n.steps)):
            raise ValueError(
                f"draw.network: expected a perceptron, layers of units that are fully connected, but {n.name or n.head.name!r} is a "
                f"{n.head.label}. Use draw.volumes(model, input)."
            )
    if len(found) < 2 or found[0].weight.size or any(not u.weight.size for u in found[1:]):
        raise ValueError("draw.network: expected a model with one input and at least one fully connected layer (nn.Linear).")
    return found


def _dense(n: Layer, graph: Graph, before: Sequence[Column]) -> Column:
    step = n.head
    given = [graph.values[i] for i in step.inputs]
    leaves = [np.asarray(v.data, np.float64) for v in given[1:] if v.data is not None]
    if not leaves or leaves[0].ndim != 2 or not before:
        raise ValueError(
            f"draw.network: expected a fully connected layer with a weight matrix, got {step.label} in {n.name or 'the model'}."
        )
    weight = leaves[0] if step.name == "linear" else leaves[0].T  # x @ W keeps (inputs, units)
    bias = leaves[1] if len(leaves) > 1 else np.zeros(0)
    if step.name != "linear":
        bias = next((_leaf(s, graph) for s in n.steps[1:] if s.name == "add"), bias)
    quiet = ("shape", "", "dropout")
    functions = [s.label.removesuffix(" (running)") for s in n.steps[1:] if s.family not in quiet and s.name not in JOINS]
    made = Column(n.name, len(weight), functions, weight, bias, _first(graph.values[n.out].data, len(weight)))
    _drop(made, n.steps[1:], graph)
    return made


def _leaf(step: Step, graph: Graph) -> Array:
    """What a sum adds: the bias of a layer that is written out."""
    found = [np.asarray(graph.values[i].data, np.float64).ravel() for i in step.inputs if graph.values[i].kind == "parameter"]
    return found[0] if found else np.zeros(0)


def _drop(column: Column, steps: Sequence[Step], graph: Graph) -> None:
    """What dropout does to a column: its rate, which units it drops, and the factor of the others."""
    for s in steps:
        if s.family == "dropout" and "p" in s.params:
            mask = graph.values[s.outputs[1]].data
            column.rate = float(s.params["p"])
            column.factor = float(s.params["scale"])
            column.dropped = _first(mask, column.count) == 0 if mask is not None else np.zeros(0, bool)
        elif s.name == "mul":  # the classic kind, at inference
            column.factor *= next((number for i in s.inputs if (number := number_of(graph.values[i])) is not None), 1.0)


def _first(data: Any, size: int) -> Array:
    """One sample of a batch."""
    if data is None:
        return np.zeros(0)
    return np.array(np.asarray(data, np.float64).reshape(-1, size)[0])


def add_deltas(columns: Sequence[Column], graph: Graph) -> None:
    """The gradients of a recorded loss, at the sums that each dense layer computes."""
    sums = [s for s in graph.steps if s.name in ("linear", "matmul")]
    for units, step in zip(columns[1:], sums, strict=False):
        grad = graph.values[step.outputs[0]].grad
        if grad is not None:
            units.delta = _first(grad, units.count)


# ------------------------------------------------------------------------------------------------------- the passes
@dataclass(frozen=True, slots=True)
class Pass:
    """A step of the passes: what is seen, what is computed, and what the edges tell meanwhile."""

    state: State
    caption: str
    told: str = field(default="")


def passes(columns: Sequence[Column], words: Words) -> list[Pass]:
    """Forward and backward pass, step by step, each with what is computed."""
    last, none = len(columns) - 1, len(columns)
    found = [Pass(State(0, none), words("network input"))]
    for k in range(1, last + 1):
        u, name = columns[k], _output(k, last)
        inner = f"W_{_low(k)} {_output(k - 1, last)}" + (f" + b_{_low(k)}" if u.bias.size else "")
        found.append(Pass(State(k, none, k), f"{name} = {_scaled(u, k, words)}{_applied(u, inner)}"))
    if not any(u.delta.size for u in columns):
        return found
    found.append(Pass(State(last, last, None, True), f"δ_{_low(last)} = ∂E/∂z_{_low(last)}"))
    for k in range(last, 0, -1):
        caption = f"∂E/∂W_{_low(k)} = δ_{_low(k)} {_output(k - 1, last)}ᵀ"
        found.append(Pass(State(last, k, k, True, "gradient"), caption, words("widths gradient")))
        if k > 1:
            u = columns[k - 1]
            caption = f"δ_{_low(k - 1)} = W_{_low(k)}ᵀ δ_{_low(k)}{_derived(u, k - 1, words)}"
            found.append(Pass(State(last, k - 1, k, True, "credit"), caption, words("widths credit")))
    return found


def _low(k: int) -> str:
    """A number as a subscript."""
    return str(k) if k < 10 else f"{{{k}}}"


def _output(k: int, last: int) -> str:
    return "x" if k == 0 else "y" if k == last else f"h_{_low(k)}"


def _scaled(u: Column, k: int, words: Words) -> str:
    """The factors of a dropout, in front of what they multiply."""
    factor = f"{words.digits(u.factor, 4)} · " if u.factor != 1 else ""
    return f"{factor}m_{_low(k)} · " if u.dropped.size else factor


def _applied(u: Column, inner: str) -> str:
    for f in map(_function, u.functions):
        inner = f"{f}({inner})"
    if not u.functions and (u.dropped.size or u.factor != 1):
        return f"({inner})"
    return inner


def _derived(u: Column, k: int, words: Words) -> str:
    """The derivative of what lies between a column's sums and its output."""
    factors = _scaled(u, k, words).removesuffix(" · ")
    own = "" if not u.functions else f"{_function(u.functions[0])}′(z_{_low(k)})" if len(u.functions) == 1 else f"∂h_{_low(k)}/∂z_{_low(k)}"
    if len(u.functions) > 1:
        factors = ""  # they are in it
    return "".join(f" · {f}" for f in (factors, own) if f)


def _function(label: str) -> str:
    return {"σ": "σ", "ReLU": "relu"}.get(label, label.split(" ")[0])


class Network(Drawing):
    """A perceptron with all that is known of it; `frames` leads through its passes."""

    def __init__(
        self,
        columns: list[Column],
        words: Words,
        title: str,
        subtitle: str | None,
        precision: int,
        widths: str,
        fit: Fit,
        theme: str,
        prefix: str,
    ) -> None:
        def paint(steps: Sequence[Pass]) -> list[Scene]:
            """All in one layout: that of the one with the most under it."""
            lines = [(max((p.caption for p in steps), key=len), 30.0), (max((p.told for p in steps), key=len), 22.0)]
            room = room_for(columns, steps[-1].state, words, title, subtitle, precision, lines, fit)
            return [network_scene(columns, p.state, words, title, subtitle, precision, p.caption, p.told, room) for p in steps]

        self._paint = paint
        self._passes = passes(columns, words) if columns[0].values.size else []
        whole = Pass(State(len(columns), 0, widths=widths), "", words(f"widths {widths}") if widths != "weight" else "")
        super().__init__(self._paint([whole])[0], theme, prefix)

    @property
    def frames(self) -> Frames:
        """The passes step by step: the input, each layer forward, then back from the output each layer's δ, the gradient of its weights
        (|∂E/∂w| as the widths of the edges) and what each edge hands back (|w·δ|).

        Raises:
            ValueError: nothing was computed, because there was no input.
        """
        if not self._passes:
            raise ValueError("draw.network: frames show activations, so they need an input: draw.network(model, input).")
        return Frames(self._paint(self._passes), [p.caption for p in self._passes], self.theme, self.prefix)


def _sample(model: Any, input: Any) -> Any:
    """One sample as a batch of one; without an input zeros, as many as the first layer takes."""
    if input is None:
        first = next((p for p in getattr(model, "parameters", tuple)() if len(p.shape) > 1), None)
        if first is None or len(first.shape) != 2:
            found = "no weight" if first is None else f"a first weight of shape {tuple(first.shape)}"
            raise ValueError(f"draw.network: expected a perceptron, which begins with a fully connected layer (nn.Linear), got {found}.")
        return variable_of((1, int(first.shape[1])), model, "network")
    x = variable_of(np.atleast_2d(array_of(input, "network")), model, "network")
    if x.shape[0] != 1:
        raise ValueError(f"draw.network: expected one sample, (F,) or (1, F), got {tuple(x.shape)}. Pass one of the batch: x[0].")
    return x
