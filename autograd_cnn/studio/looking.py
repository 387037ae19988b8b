"""What a page asks of a network about one picture: its maps, a unit's arithmetic, gradients, and pictures that change its mind."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..analysis.receptive import receptive_fields
from ..autograd import grad
from ..config import enable_grad, no_grad
from ..errors import expected
from ..graph.graph import Graph, computed
from ..graph.trace import trace
from ..kernels.reference.averaging import avg_divisor
from ..support.evaluation import evaluating
from ..tensors.tensor import Tensor, wrap
from .stages import Stage, seen_by, stages_of

Array = np.ndarray[Any, Any]
STRONGEST = 8  # inputs of a unit that are named


@dataclass(frozen=True, slots=True)
class Subject:
    """A network, and how a picture enters it: pixels of 0 … 1, of which the mean is taken and which are divided by std."""

    model: Callable[[Tensor], Tensor]
    size: tuple[int, int, int]  # channels, rows, columns
    name: str
    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


class Look:
    """A network while it is looked into. Everything is computed in evaluation, and nothing of the network is changed.

    Raises:
        TypeError, RuntimeError: what the network raises for a picture of this size.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        channels = subject.size[0]
        self._mean, self._std = (np.resize(np.array(v, np.float32), channels).reshape(-1, 1, 1) for v in (subject.mean, subject.std))
        with enable_grad(), evaluating(subject.model):  # recorded, so that gradients can be asked for
            self.graph: Graph = trace(subject.model, self._entering(np.zeros(subject.size, np.float32)))
        self.stages = stages_of(self.graph)
        self._fields = receptive_fields(self.graph)
        self._values: dict[int, Any] = {}
        self._makers = self.graph.producer()
        self._gone = {step.overwrites for step in self.graph}  # by operations in place

    def layout(self) -> dict[str, Any]:
        """What a page needs to know before the first picture."""
        return {
            "name": self.subject.name,
            "size": list(self.subject.size),
            "classes": [*self.subject.classes],
            "stages": [
                {"name": s.name, "does": ", ".join(s.done), "shape": list(s.shape), "inputs": list(s.inputs), "folded": s.folded}
                for s in self.stages
            ],
        }

    def _entering(self, picture: Array) -> Tensor:
        if picture.shape != self.subject.size:
            raise ValueError(expected("studio", f"a picture of shape {list(self.subject.size)}", f"{list(picture.shape)}"))
        return wrap(np.ascontiguousarray((picture.astype(np.float32) - self._mean) / self._std)[None])

    def see(self, picture: Array) -> list[Array]:
        """The maps of each stage for a picture (channels, rows, columns) of 0 … 1."""
        with no_grad(), evaluating(self.subject.model):
            self._values = computed(self.graph, (self._entering(picture),))
            return [self._shaped(stage, self._number(stage.value)) for stage in self.stages]

    def gradients(self, picture: Array, target: int) -> list[Array]:
        """∂ score of the class / ∂ each stage's maps."""
        x = self._entering(picture)
        x.requires_grad_()
        with enable_grad(), evaluating(self.subject.model):
            values = computed(self.graph, (x,))
            score = self._score(values, target)
            shown = [values[s.value] if s.steps else x for s in self.stages]
            found = grad(score, [v for v in shown if v.requires_grad], allow_unused=True)
        given = iter(found)
        slopes = [next(given) if v.requires_grad else None for v in shown]
        return [
            np.zeros(s.shape, np.float32) if g is None else self._shaped(s, g.detach().numpy())
            for s, g in zip(self.stages, slopes, strict=True)
        ]

    def toward(self, picture: Array, target: int, rate: float) -> Array:
        """One step of a picture towards a class: x + rate · g / max |g|, g the slope of its score, cut to 0 … 1.

        Source: Simonyan, Vedaldi, Zisserman, "Deep inside convolutional networks", 2014, section 2 (without the regulariser).
        """
        slope = self.gradients(picture, target)[0]
        step = rate * slope / max(float(np.abs(slope).max()), 1e-12)
        return np.clip(picture + step, 0, 1).astype(np.float32)

    def _score(self, values: dict[int, Any], target: int) -> Tensor:
        flat = values[self.graph.outputs[0]].reshape(-1)
        if not 0 <= target < len(flat):
            raise ValueError(expected("studio", f"a class of 0 … {len(flat) - 1}", repr(target)))
        return flat[target]  # type: ignore[no-any-return]

    def _number(self, at: int) -> Array:
        """A value as it was made: what an operation in place has written over since is made again."""
        value = self._values[at]
        step = self._makers.get(at)
        if step is not None and at in self._gone:
            given = [self._number(i) for i in step.inputs]
            for missing in step.absent:
                given.insert(missing, None)  # type: ignore[arg-type]
            made = step.primitive(*given, **step.params)
            value = (made if isinstance(made, tuple) else (made,))[step.outputs.index(at)]
        return np.asarray(value.detach().numpy() if isinstance(value, Tensor) else value)

    @staticmethod
    def _shaped(stage: Stage, raw: Array) -> Array:
        return np.asarray(raw[0], np.float32).reshape(stage.shape)

    # --------------------------------------------------------------------------------------------- one unit
    def unit(self, at: int, place: tuple[int, int, int]) -> dict[str, Any]:
        """How one entry of a stage came about for the last picture: its terms, what was done to their sum, and what it saw.

        Raises:
            ValueError: no such entry.
        """
        if not 0 <= at < len(self.stages):
            raise ValueError(expected("studio", f"a stage of 0 … {len(self.stages) - 1}", repr(at)))
        stage = self.stages[at]
        if len(place) != 3 or not all(0 <= i < n for i, n in zip(place, stage.shape, strict=True)):
            raise ValueError(expected("studio", f"an entry of {stage.name}, which has the shape {list(stage.shape)}", f"{list(place)}"))
        channel, y, x = place
        box = ((channel, channel), (y, y), (x, x))
        found: dict[str, Any] = {
            "stage": at,
            "place": list(place),
            "value": float(self._shaped(stage, self._number(stage.value))[place]),
            "sees": {str(k): None if b is None else [list(r) for r in b] for k, b in seen_by(self.stages, at, box).items()},
        }
        if at:
            found["field"] = self._field(stage, y, x)
        if stage.steps and stage.folded == 1:
            flat = int(np.ravel_multi_index(place, stage.shape))
            found["chain"] = self._chain(stage, flat)
            found["terms"] = self._terms(stage, channel, y, x, flat)
        return found

    def _chain(self, stage: Stage, flat: int) -> list[dict[str, Any]]:
        """What each operation of a stage made of the entry, and the entry of another stage that came to it ("with")."""
        chain, before = [], None
        for does, step in zip(stage.done, stage.steps, strict=True):
            out = step.outputs[0]
            told: dict[str, Any] = {"does": does, "value": float(self._number(out)[0].reshape(-1)[flat])}
            shape = self.graph.values[out].shape
            others = [i for i in step.inputs if i != before and self.graph.values[i].shape == shape]
            if before is not None and others:
                told["with"] = float(self._number(others[0])[0].reshape(-1)[flat])
            chain.append(told)
            before = out
        return chain

    def _field(self, stage: Stage, y: int, x: int) -> list[list[int]] | None:
        """The rows and columns of the picture that the entry may depend on, cut at its edges."""
        field = self._fields.get(stage.value)
        if field is None:
            return None
        found = []
        index = {len(self.graph.values[stage.value].shape or ()) - 2 + k: i for k, i in enumerate((y, x))}
        for span, size in zip(field.spans[-2:], self.subject.size[1:], strict=True):
            shift = 0 if span.dim is None else index.get(span.dim, 0) * span.jump
            low, high = math.floor(span.low + shift), math.floor(span.high + shift)
            found.append([max(low, 0), min(high, size - 1)])
        return found

    def _terms(self, stage: Stage, channel: int, y: int, x: int, flat: int) -> dict[str, Any] | None:
        """The entries that the first operation read, and with what it multiplied them."""
        step = stage.steps[0]
        if step.name == "linear":
            entries = self._number(step.inputs[0]).reshape(-1)
            weight = self._number(step.inputs[1])[channel]
            places = [[i] for i in range(len(entries))]  # of the flattened stage
            return self._told("sum", entries, weight, places, self._bias(step.inputs, channel))
        if stage.window is None or stage.window.spreads or len(stage.window.along) > 2:
            return None
        before = self._number(step.inputs[0])[0]
        before = before.reshape(len(before), *([1] * (3 - before.ndim)), *before.shape[1:])
        ways = [w.taps(i) for w, i in zip(stage.window.along, (y, x)[-len(stage.window.along) :], strict=True)]
        rows, columns = ways if len(ways) == 2 else ([0], ways[0])
        if stage.window.kind == "conv":
            weight = self._number(step.inputs[1])[channel]
            weight = weight.reshape(len(weight), len(rows), len(columns))
            group = channel // (stage.shape[0] // stage.window.groups)
            maps = range(group * len(weight), (group + 1) * len(weight))
        else:
            maps = range(channel, channel + 1)
            weight = np.full((1, len(rows), len(columns)), 1.0 / _divisor(stage, (y, x)[-len(ways) :]))
        values, weights, places = [], [], []
        for m, plane in zip(maps, weight, strict=True):
            for r, line in zip(rows, plane, strict=True):
                for c, w in zip(columns, line, strict=True):
                    if 0 <= r < before.shape[1] and 0 <= c < before.shape[2]:  # padding adds nothing
                        values.append(before[m, r, c])
                        weights.append(w)
                        places.append([m, r, c])
        told = self._told("max" if stage.window.kind == "max" else "sum", values, weights, places, self._bias(step.inputs, channel))
        told["window"] = [len(maps), len(rows), len(columns)]
        return told

    def _bias(self, inputs: Sequence[int], channel: int) -> float:
        return float(self._number(inputs[2])[channel]) if len(inputs) > 2 else 0.0

    @staticmethod
    def _told(kind: str, values: Any, weights: Any, places: list[list[int]], bias: float) -> dict[str, Any]:
        v, w = np.asarray(values, np.float64).reshape(-1), np.asarray(weights, np.float64).reshape(-1)
        products = v * w
        order = np.argsort(-products if kind == "max" else -np.abs(products), kind="stable")[:STRONGEST]
        return {
            "kind": kind,
            "values": v.tolist(),
            "weights": w.tolist(),
            "places": places,
            "bias": bias,
            "strongest": order.tolist(),
        }


def _divisor(stage: Stage, place: tuple[int, ...]) -> float:
    """What the sum of a window is divided by."""
    if stage.window is None or stage.window.kind != "average":
        return 1.0
    p = stage.steps[0].params
    space = tuple(a.size for a in stage.window.along)
    over = avg_divisor(
        space, p["kernel"], p["stride"], p["padding"], p["ceil_mode"], p["count_include_pad"], p["divisor"], np.dtype(np.float64)
    )
    return float(np.broadcast_to(over, tuple(a.count for a in stage.window.along))[place])
