"""From a model to its rows: it is run once under a trace, and the trace and the tape are read."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..analysis.costs import multiply_adds
from ..analysis.receptive import Field, receptive_fields
from ..analysis.windows import window_of
from ..config import enable_grad, no_grad
from ..drawing.canvas.text import Words
from ..engine.node import ScopeName
from ..graph.graph import Graph
from ..graph.step import Step
from ..graph.trace import trace
from ..nn import Embedding, Linear, Module
from ..tensors.creation import zeros
from ..tensors.sampling import get_rng_state, set_rng_state
from ..tensors.tensor import Tensor
from .counting import how_many, window_text
from .table import Row, Shape, Summary

Key = tuple[Any, ...]


def summary(
    model: Module,
    input_size: Sequence[int] | Sequence[Sequence[int]] | None = None,
    *,
    input_data: Any = None,
    depth: int | None = None,
    lang: str = "en",
) -> Summary:
    """The table of a model's layers, in the order in which they run: output shapes, parameters and how their number comes about,
    multiply-adds, memory kept for the backward pass, receptive field, share of the parameters.

    The model is run once as it is (`model.eval()` first for the numbers of evaluation); its buffers, gradients and the random
    numbers that follow are afterwards as before. Multiply-adds and memory are those of the whole batch.

    Args:
        model: any module.
        input_size: the input's size, or one for each input. The batch dimension may be left out where the first layer tells that it
        is missing: (3, 224, 224) is one picture to a network that begins with a `Conv2d`, (784,) one vector to a `Linear`.
        input_data: the input itself, or a tuple of them, in place of a size.
        depth: modules so many levels down and deeper are one row each (1: the model's children).
        lang: "en" or "de": the language of the table.

    Returns:
        A `Summary`: print it, show it in a notebook, draw it with `draw.table`, or take its `rows`.

    Raises:
        TypeError: `model` is no module, or neither or both of a size and data are given.
        ValueError: another language.

    >>> import autograd_cnn as ac
    >>> from autograd_cnn import nn
    >>> net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(864, 10))
    >>> print(ac.summary(net, (1, 28, 28)))
    Sequential, input 1×1×28×28, training
    layer  operation                output             parameters  multiply-adds  kept for backward  receptive field   share
    ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
    0      Conv2d 5×5               6×24×24   (1·5·5 + 1)·6 = 156         86,400               3 kB                5   1.8 %
    1      ReLU                     6×24×24                                                   14 kB                5
    2      MaxPool2d 2×2, stride 2  6×12×12                                                    7 kB                6
    3      Flatten                  864                                                                          all
    4      Linear                   10       (864 + 1)·10 = 8,650          8,640               3 kB              all  98.2 %
    ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
    total                                                   8,806         95,040              27 kB
    8,806 parameters: 98.2 % Linear, 1.8 % Conv2d
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary: expected a Module, got {type(model).__name__}.")
    if (input_size is None) == (input_data is None):
        raise TypeError("summary: expected either input_size, as in summary(model, (3, 224, 224)), or input_data.")
    Words(lang)  # refuses a language that it does not know, before the model is run
    inputs = _given(input_data) if input_size is None else _made(model, input_size)
    full, kept = _recorded(model, inputs)
    return _summarised(model, inputs, full, kept, depth, lang)


# ------------------------------------------------------------------------------------------------- the run
def _given(data: Any) -> tuple[Any, ...]:
    return tuple(data) if isinstance(data, tuple | list) else (data,)


def _made(model: Module, input_size: Any) -> tuple[Tensor, ...]:
    sizes = [tuple(s) for s in input_size] if input_size and not isinstance(input_size[0], int) else [tuple(input_size)]
    first = next((m for m in model.modules() if _rank(m) is not None), None)
    rank = None if first is None else _rank(first)
    sizes = [(1, *s) if rank is not None and len(s) == rank - 1 else s for s in sizes]
    if isinstance(first, Embedding):
        return tuple(zeros(*s, dtype=np.int64) for s in sizes)
    parameter = next(iter(model.parameters()), None)
    return tuple(zeros(*s, dtype=None if parameter is None else parameter.dtype) for s in sizes)


def _rank(m: Module) -> int | None:
    """How many dimensions a layer's input has, the batch among them; None if it tells nothing."""
    if isinstance(m, Linear | Embedding):
        return 2
    name = type(m).__name__
    windows = name.startswith(("Conv", "MaxPool", "AvgPool", "LazyConv"))
    return int(name[-2]) + 2 if windows and name.endswith("d") and name[-2].isdigit() else None


def _recorded(model: Module, inputs: tuple[Any, ...]) -> tuple[Graph, Graph | None]:
    """All operations, and what the tape holds of them (None if nothing takes a gradient). The model stays as it was."""
    outputs: list[Tensor] = []

    def run(*args: Any) -> Any:
        result = model(*args)
        outputs.extend(_tensors(result))
        return result

    if any(getattr(m, "has_uninitialized_params", bool)() for m in model.modules()):
        _initialised(model, inputs)
    state = get_rng_state()
    buffers = [(b, b.value.copy()) for b in model.buffers()]
    try:
        with enable_grad():
            full = trace(run, *inputs)
    except Exception as error:
        sizes = ", ".join(str(tuple(x.shape)) for x in inputs if isinstance(x, Tensor))
        how = "training: model.eval() first, a batch of two or" if model.training else "evaluation:"
        error.add_note(f"summary ran {type(model).__name__} on an input of size {sizes}, as for {how} another size may fit.")
        raise
    finally:
        for buffer, before in buffers:
            buffer.value[...] = before
        set_rng_state(state)
    recorded = [y for y in outputs if y.requires_grad]
    return full, Graph.of(*recorded) if recorded else None


def _initialised(model: Module, inputs: tuple[Any, ...]) -> None:
    """One run as for evaluation, so that lazy layers have their parameters, and statistics are as new."""
    modes = [(m, m.training) for m in model.modules()]
    try:
        with no_grad():
            model.eval()(*inputs)
    finally:
        for m, was in modes:
            m.training = was


def _tensors(result: Any) -> list[Tensor]:
    if isinstance(result, Tensor):
        return [result]
    parts: Iterable[Any] = result.values() if isinstance(result, dict) else result if isinstance(result, tuple | list) else ()
    return [t for part in parts for t in _tensors(part)]


# ------------------------------------------------------------------------------------------------- rows
@dataclass(slots=True)
class _Layer:
    """The steps of one row."""

    scope: tuple[ScopeName, ...]
    kind: str
    steps: list[Step] = field(default_factory=list)
    owned: dict[str, list[Shape]] = field(default_factory=dict)  # of the parameters first used here, by the module that has them

    @property
    def name(self) -> str:
        return ".".join(s.name for s in self.scope if s.name)


class _Keys:
    """To which row a step belongs: the call of the layer it runs in, or itself if it runs between layers."""

    def __init__(self, model: Module, depth: int | None) -> None:
        self.layers = {name for name, m in model.named_modules(remove_duplicate=False) if not any(True for _ in m.children())}
        self.depth = depth
        self.times: Counter[Key] = Counter()

    def of(self, step: Step) -> tuple[Key, tuple[ScopeName, ...], str]:
        """(key, path, kind)"""
        path = step.scope
        if self.depth is not None and len(path) > self.depth:
            path = path[: self.depth + 1]
            return (*(s.call for s in path),), path, path[-1].kind
        if path and ".".join(s.name for s in path if s.name) in self.layers:
            return (*(s.call for s in path),), path, path[-1].kind
        self.times[key := (*(s.call for s in path), step.name)] += 1
        return (*key, self.times[key]), path, step.label


def _summarised(model: Module, inputs: tuple[Any, ...], full: Graph, kept: Graph | None, depth: int | None, lang: str) -> Summary:
    layers = _layers(model, full, depth)
    bytes_kept: Counter[Key] = Counter()
    if kept is not None:
        keys = _Keys(model, depth)
        for step in kept.steps:
            bytes_kept[keys.of(step)[0]] += step.kept_bytes
    fields = receptive_fields(full) if full.inputs else {}
    every = list(model.parameters())
    total = sum(p.numel() for p in every)
    readers: dict[int, set[int]] = defaultdict(set)
    for step in full.steps:
        for i in step.inputs:
            readers[i].add(step.index)
    rows = [_row(layer, full, readers, fields, bytes_kept[key], total) for key, layer in layers.items()]
    used = sum(r.parameters for r in rows)
    return Summary(
        model=type(model).__name__,
        input_shapes=tuple(tuple(x.shape) for x in inputs if isinstance(x, Tensor)),
        rows=tuple(rows),
        parameters=total,
        trainable=sum(p.numel() for p in every if p.requires_grad),
        unused=total - used,
        training=model.training,
        shares=_shares(model, total),
        lang=lang,
    )


def _shares(model: Module, total: int) -> dict[str, float]:
    count: Counter[str] = Counter()
    modules = dict(model.named_modules())
    for name, p in model.named_parameters():
        count[type(modules[name.rpartition(".")[0]]).__name__] += p.numel()
    return {kind: n / total for kind, n in count.most_common()}


def _layers(model: Module, full: Graph, depth: int | None) -> dict[Key, _Layer]:
    keys = _Keys(model, depth)
    own = {id(p.value): name.rpartition(".")[0] for name, p in model.named_parameters()}
    counted: set[int] = set()
    layers: dict[Key, _Layer] = {}
    for step in full.steps:
        key, path, kind = keys.of(step)
        layer = layers.setdefault(key, _Layer(path, kind))
        layer.steps.append(step)
        for i in step.inputs:
            v = full.values[i]
            if id(v.data) in own and id(v.data) not in counted:
                counted.add(id(v.data))
                layer.owned.setdefault(own[id(v.data)], []).append(v.shape or ())
    return layers


def _row(layer: _Layer, full: Graph, readers: dict[int, set[int]], fields: dict[int, Field], kept: int, total: int) -> Row:
    result = _result(layer, full, readers)
    seen = fields.get(result)
    parameters = sum(math.prod(s) for shapes in layer.owned.values() for s in shapes)
    formulas = [how_many(shapes) for shapes in layer.owned.values()]
    windows = [w for s in layer.steps if (w := window_of(s, full)) is not None]
    w = windows[0] if len(windows) == 1 else None
    kernel, stride, dilation, groups = (w.kernel, w.stride, w.dilation, w.groups) if w is not None else ((), (), (), 1)
    return Row(
        name=layer.name,
        kind=layer.kind.removesuffix(f" {'×'.join(map(str, kernel))}"),  # an operation's label has its window, which stands beside
        window=window_text(kernel, stride, dilation, groups, Words()),
        output_shape=full.values[result].shape or (),
        parameters=parameters,
        formula=formulas[0] if len(formulas) == 1 else "",
        multiply_adds=sum(multiply_adds(s, full) for s in layer.steps),
        kept_bytes=kept,
        receptive_field=None if seen is None else seen.size,
        jump=None if seen is None else tuple(float(j) for j in seen.jump),
        share=parameters / total if total else 0.0,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        groups=groups,
    )


def _result(layer: _Layer, full: Graph, readers: dict[int, set[int]]) -> int:
    """What the layer gives to others: of several values the largest."""
    inside = {s.index for s in layer.steps}
    made = [out for step in layer.steps for out in step.outputs]
    wanted = [i for i in made if i in full.outputs or readers.get(i, inside) - inside]
    return max(wanted or made[-1:], key=lambda i: math.prod(full.values[i].shape or ()))
