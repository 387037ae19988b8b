"""From a recorded graph to its layers, as an architecture is drawn: a convolution with the activation after it is one.

An operation that changes nothing of the shape (an activation, a normalisation, dropout) or only writes it differently
(flatten) belongs to the layer it follows. Sums and concatenations of several layers are layers of their own. Modules
can be folded, so that a block is one layer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...analysis.windows import Window, window_of
from ...engine.node import ScopeName
from ...errors import nearest
from ...graph.graph import Graph
from ...graph.step import Step
from ..canvas.captions import declare
from ..canvas.text import Words
from ..view.view import parameters_of
from .layer_folds import merged_runs, modules_at, plumbing, without_pads

declare(
    {
        "op conv": ("conv", "Faltung"),
        "op transposed": ("conv transposed", "transponierte Faltung"),
        "op depthwise": ("depthwise", "tiefenweise Faltung"),
        "op max": ("max pool", "Max-Pooling"),
        "op average": ("avg pool", "Mittelwert-Pooling"),
        "op sum": ("sum pool", "Summen-Pooling"),
        "op global": ("global {}", "globales {}"),
        "op dense": ("dense", "vollverbunden"),
        "op concat": ("concat", "verkettet"),
    }
)

Scopes = tuple[ScopeName, ...]
DENSE = ("linear", "matmul", "bmm", "einsum")
JOINS = {"add": "+", "sub": "−", "mul": "×", "maximum": "max"}


@dataclass(slots=True)
class Layer:
    """A node of the architecture. `kind` is "input", "conv", "pool", "dense", "join" (a sum of layers), "cat", "block" (a
    folded module) or "other"."""

    index: int
    kind: str
    name: str
    steps: list[Step] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)  # the layers it reads, in the order of its arguments
    out: int = -1  # the value it ends with
    shape: tuple[int, ...] = ()
    parameters: int = 0
    window: Window | None = None
    scopes: Scopes = ()
    count: int = 1  # of the blocks folded into it
    inner: str = ""  # the class of those blocks
    inside: int = 0  # layers with weights in it, where its class says nothing

    @property
    def channels(self) -> int:
        return self.shape[1] if len(self.shape) > 1 else self.shape[0] if self.shape else 1

    @property
    def space(self) -> tuple[int, ...]:
        """Height and width; nothing of a vector."""
        return self.shape[2:]

    @property
    def head(self) -> Step:
        """The operation that makes the layer what it is."""
        return self.steps[0]

    @property
    def followers(self) -> list[str]:
        """What comes after that, by name: the activation, the normalisation."""
        quiet = ("shape", "")  # flatten, clone: nothing a drawing needs to tell
        told = (s for s in self.steps[1:] if s.family not in (*quiet, "conv") and s.name not in JOINS)  # a sum here adds the bias
        return list(dict.fromkeys(s.label.removesuffix(" (running)") for s in told))


def layers_of(graph: Graph, depth: int | None = None, runs: bool = False) -> list[Layer]:
    """The layers of a graph in execution order, the inputs first.

    Args:
        depth: fold the modules that many levels below the outermost call.
        runs: convolutions in a row that are alike, and keep the shape, are one layer.
    """
    layers = _Reader(graph, {}).read()
    folded = plumbing(layers) | ({} if depth is None else modules_at(layers, depth))
    if folded:
        layers = _Reader(graph, folded).read()
    layers = without_pads(layers)
    return merged_runs(layers) if runs else layers


def folding_within(graph: Graph, most: int) -> tuple[int | None, bool]:
    """The least folding (depth, runs) that leaves at most so many layers in a row."""
    deepest: int = max((len(s.scope) for s in graph.steps), default=0)
    depths: list[int | None] = [None, *range(deepest - 1, 0, -1)]
    for depth in depths:
        for runs in (False, True):
            if longest_path(layers_of(graph, depth, runs)) <= most:
                return depth, runs
    return 1, True


def ranks(layers: list[Layer]) -> list[int]:
    """How many layers lie before each, on the longest way from the input."""
    rank = [0] * len(layers)
    for n in layers:
        rank[n.index] = 1 + max((rank[i] for i in n.sources), default=-1)
    return rank


def longest_path(layers: list[Layer]) -> int:
    """Layers in a row."""
    return max(ranks(layers), default=-1) + 1


class _Reader:
    def __init__(self, graph: Graph, folded: Mapping[Scopes, str]) -> None:
        self.graph = graph
        self.folded = folded  # the module calls that are one layer each, with the kind of that layer
        self.layers: list[Layer] = []
        self.owner: dict[int, int] = {}  # value -> the layer it belongs to
        self.weights = parameters_of(graph)
        self.brought: dict[int, set[int]] = {}  # of a value made of parameters alone, such as a normalised weight: which they are
        self.counted: set[int] = set()  # parameters
        self.blocks: dict[Scopes, int] = {}

    def read(self) -> list[Layer]:
        live = self._live()
        for i in self.graph.inputs:
            v = self.graph.values[i]
            if v.shape and i in live:
                self._add(Layer(len(self.layers), "input", v.name or "input", out=i, shape=v.shape))
        for step in self.graph.steps:
            if live.intersection(step.outputs):
                self._take(step)
            else:
                self.brought.update(dict.fromkeys(step.outputs, self._weights(step)))
        for at in self.blocks.values():
            n = self.layers[at]
            n.count, n.inner, n.inside = _blocks(n.steps, n.scopes)
        return self.layers

    def _live(self) -> set[int]:
        """Values on a way from the input to an output."""
        wanted = set(self.graph.outputs)
        for step in reversed(self.graph.steps):
            if wanted.intersection(step.outputs):
                wanted.update(step.inputs)
        reached = set(self.graph.inputs)
        for step in self.graph.steps:
            if reached.intersection(step.inputs):
                reached.update(step.outputs)
        return wanted & reached

    def _add(self, layer: Layer) -> Layer:
        self.layers.append(layer)
        self.owner[layer.out] = layer.index
        return layer

    def _take(self, step: Step) -> None:
        sources = list(dict.fromkeys(self.owner[i] for i in step.inputs if i in self.owner))
        block = self._block(step)
        if block is not None:
            self._extend(block, step, sources)
            return
        into = self._follows(step, sources)
        if into is None:
            name, kind = _name(step), _kind(step, sources, self.graph)
            made = Layer(len(self.layers), kind, name, out=step.outputs[0], shape=self._shape(step), sources=sources, scopes=step.scope)
            made.window = window_of(step, self.graph)
            into = self._add(made)
        self._append(into, step)

    def _append(self, layer: Layer, step: Step) -> None:
        layer.steps.append(step)
        self.owner.update(dict.fromkeys(step.outputs, layer.index))
        shape = self._shape(step)
        flat = len(shape) < 3 <= len(layer.shape) and math.prod(shape) == math.prod(layer.shape)
        if not flat:  # a flattened map stays the volume it is
            layer.shape, layer.out = shape, step.outputs[0]
        for i in sorted(self._weights(step) - self.counted):
            self.counted.add(i)
            layer.parameters += math.prod(self.graph.values[i].shape or ())

    def _weights(self, step: Step) -> set[int]:
        """The parameters that a step takes, as they are or made into something else on the way."""
        own = set(step.inputs) & self.weights
        return own.union(*(self.brought.get(i, ()) for i in step.inputs))

    def _shape(self, step: Step) -> tuple[int, ...]:
        return self.graph.values[step.outputs[0]].shape or ()

    def _follows(self, step: Step, sources: list[int]) -> Layer | None:
        """The layer a step belongs to, if it does not begin one."""
        if len(sources) != 1:
            return None
        before = self.layers[sources[0]]
        closed = before.kind == "input" or before.index in self.blocks.values()
        if closed or step.name in ("conv", "conv_input", "cat", *DENSE) or step.family == "pool":
            return None
        given = next(self.graph.values[i].shape or () for i in step.inputs if self.owner.get(i) == before.index)
        same = given == self._shape(step) or (step.family == "shape" and math.prod(given) == math.prod(self._shape(step)))
        return before if same else None

    # ---------------------------------------------------------------------------------------------- folding
    def _block(self, step: Step) -> Layer | None:
        """The layer of the folded module a step stands in, made at its first step."""
        key = next((step.scope[:k] for k in range(1, len(step.scope) + 1) if step.scope[:k] in self.folded), None)
        if key is None:
            return None
        if key not in self.blocks:
            name = ".".join(s.name for s in key if s.name)
            made = self._add(Layer(len(self.layers), self.folded[key], name, out=step.outputs[0], scopes=key))
            self.blocks[key] = made.index
        return self.layers[self.blocks[key]]

    def _extend(self, block: Layer, step: Step, sources: list[int]) -> None:
        block.sources += [i for i in sources if i != block.index and i not in block.sources]
        if not block.steps:
            block.shape = ()
        self._append(block, step)


def _kind(step: Step, sources: list[int], graph: Graph) -> str:
    if step.name in ("conv", "conv_input"):
        return "conv"
    if step.family == "pool":
        return "pool"
    if step.name in DENSE:
        return "dense"
    if step.name == "cat":
        return "cat"
    return "join" if len(sources) > 1 and step.name in JOINS else "other"


def _name(step: Step) -> str:
    """What the module is called in the model; the operation itself, where it is done between modules."""
    own = ".".join(s.name for s in step.scope if s.name)
    if not own or step.name in ("cat", *JOINS):
        return ""
    return f"{step.scope[-1].kind} {own}" if own.isdecimal() else own  # a number alone says little


def _blocks(steps: list[Step], scopes: Scopes) -> tuple[int, str, int]:
    """How many blocks of which class a folded module is a row of; (1, its class) if it is none; and how many layers are in it."""
    at = len(scopes)
    calls = {s.scope[: at + 1] for s in steps if len(s.scope) > at}
    composite = {s.scope[: at + 1] for s in steps if len(s.scope) > at + 1}
    kinds = {call[-1].kind for call in calls}
    if len(kinds) == 1 and len(calls) > 1 and composite == calls:
        return len(calls), kinds.pop().lstrip("_"), 0
    kind = scopes[-1].kind.lstrip("_") if scopes else ""
    weighty = sum(s.name in ("conv", "conv_input", *DENSE) for s in steps)
    return 1, kind, weighty if kind in ("Sequential", "ModuleList") and weighty > 1 else 0


def layer_maps(graph: Graph, words: Words, wanted: Sequence[str] | None = None) -> list[tuple[str, Any]]:
    """What each layer gave, where a trace noted it, with its name and operations; or only the layers of these names.

    Raises:
        ValueError: a name that no layer has.
    """
    found, layers = [], layers_of(graph)
    names = [n.name for n in layers if n.name and n.kind != "input"]
    for name in wanted or ():
        if name not in names:
            raise ValueError(f"draw.activations: expected layers to be names of layers, got {name!r}.{nearest(name, names)}")
    for n in layers:
        data = graph.values[n.out].data
        if n.kind != "input" and data is not None and (wanted is None or n.name in wanted):
            told = ", ".join((_head(n, words), *map(words.label, n.followers)))
            found.append((f"{n.name} {told}".strip(), data))
    return found


def caption(layer: Layer, words: Words) -> tuple[str, list[str]]:
    """The operation of a layer in words of the field: `conv 5×5`, and under it stride, padding, activation."""
    if not layer.steps:
        return "", []
    notes: list[str] = []
    if layer.window is not None and not layer.inner:
        w = layer.window
        if any(s != 1 for s in w.stride):
            notes.append(f"{words('setting stride')} {one_size(w.stride)}")
        if any(d != 1 for d in w.dilation):
            notes.append(f"{words('setting dilation')} {one_size(w.dilation)}")
    return _head(layer, words), [] if layer.inner else [*notes, *map(words.label, layer.followers)]


def _head(layer: Layer, words: Words) -> str:
    if layer.inner:
        inner = words("layers", layer.inside) if layer.inside else layer.inner
        return f"{layer.count} × {inner}" if layer.count > 1 else inner
    if layer.window is not None:
        w = layer.window
        depthwise = 1 < w.groups == layer.channels
        head = f"{words('op depthwise' if depthwise else f'op {w.kind}')} {_by(w.kernel)}"
        if 1 < w.groups < layer.channels:
            head += f", ×{words('in groups', w.groups)}"
        return f"{layer.count} × {head}" if layer.count > 1 else head
    if layer.kind in ("dense", "cat"):
        return words("op dense" if layer.kind == "dense" else "op concat")
    step = layer.head
    if layer.kind == "pool" and layer.space and set(layer.space) == {1}:
        return words("op global", words("op max" if "max" in step.name else "op average"))
    return words.label(step.label.removesuffix(" (running)"))


def _by(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))


def one_size(values: tuple[int, ...]) -> str:
    """Sizes along each dim, once if they are the same."""
    return str(values[0]) if len(set(values)) == 1 else _by(values)
