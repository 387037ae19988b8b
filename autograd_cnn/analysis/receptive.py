"""Receptive fields, read from a graph: which part of the input an entry of each value depends on.

Along each spatial dimension of the input, entry i of a value sees the input from  low + i·jump  to  high + i·jump. A window of
kernel K, stride S, dilation D and padding P makes of this

    low ← low − P·jump      high ← high + (D (K − 1) − P)·jump      jump ← jump·S

so the field  high − low + 1  grows by D (K − 1)·jump. Where ways meet, the wider counts. Behind an enlargement entries
see unlike much; the field is then that of the one that sees most, or up to one step of the coarser grid more. Statistics of a normalisation are not
followed: a field is about what a unit looks at. An operation that is not known keeps the dimensions it leaves as long as they were
and spreads over the whole of those it changes.

Source: Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks", Distill, 2019.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from ..graph.graph import Graph
from ..graph.step import Step
from .windows import window_of

Shape = tuple[int, ...]
Number = Fraction | int


@dataclass(frozen=True, slots=True)
class Span:
    """What an entry sees along one dimension of the input: low + i·jump … high + i·jump, where i is its index along the value's
    dimension `dim`. Without a `dim` every entry sees the same, low … high."""

    dim: int | None
    low: Number
    high: Number
    jump: Number = 1

    @property
    def size(self) -> int:
        """How many entries of the input, those beyond its edges counted."""
        return math.floor(self.high - self.low) + 1

    def windowed(self, before: Number, after: Number, stride: Number) -> Span:
        """Through windows that reach `before` entries back and `after` ahead and step by `stride`."""
        return replace(self, low=self.low - before * self.jump, high=self.high + after * self.jump, jump=self.jump * stride)

    def whole(self, shape: Shape) -> Span:
        """Seen by what looks at all of the value at once."""
        if self.dim is None:
            return self
        last = (shape[self.dim] - 1) * self.jump
        return Span(None, self.low + min(last, 0), self.high + max(last, 0))

    def moved(self, dim: int) -> Span:
        """The same along another dimension."""
        return replace(self, dim=dim)


@dataclass(frozen=True, slots=True)
class Field:
    """The receptive field of a value's entries: a span for each spatial dimension of the input, in its order."""

    spans: tuple[Span, ...]
    before: tuple[Shape, tuple[Span, ...]] | None = None  # as it was before the dimensions were flattened, should they come back

    @property
    def size(self) -> Shape:
        """The field's extent along each spatial dimension of the input."""
        return tuple(s.size for s in self.spans)

    @property
    def jump(self) -> tuple[Number, ...]:
        """How far apart in the input neighbours look; 0 where all look at the same."""
        return tuple(s.jump if s.dim is not None else 0 for s in self.spans)


def receptive_fields(graph: Graph, input: int = 0) -> dict[int, Field]:
    """The field of every value that depends on the input of that number: value id → `Field`.

    The spatial dimensions of the input are those after (N, C); of an input with two dimensions, all but the first.

    >>> import autograd_cnn as ac
    >>> net = ac.nn.Sequential(*(ac.nn.Conv2d(1, 1, 3, dilation=d) for d in (1, 2, 4)))
    >>> graph = ac.trace(net, ac.zeros(1, 1, 28, 28))
    >>> receptive_fields(graph)[graph.outputs[0]].size
    (15, 15)
    """
    start = graph.inputs[input]
    shape = graph.values[start].shape or ()
    first = 2 if len(shape) > 2 else 1
    fields = {start: Field(tuple(Span(d if shape[d] > 1 else None, 0, 0) for d in range(first, len(shape))))}
    for step in graph.steps:
        for out in step.outputs:
            after = graph.values[out].shape or ()
            parts = [(at, i, graph.values[i].shape or ()) for at, i in enumerate(step.inputs)]
            if step.name == "cat":
                reached = _cat(step.params["dim"], fields, [(i, shape) for _, i, shape in parts], after)
            else:
                reached = [_through(step, graph, fields[i], shape, after, at) for at, i, shape in parts if i in fields]
            if reached:
                fields[out] = _union(reached, after)
    return fields


def _union(fields: Sequence[Field], shape: Shape) -> Field:
    first, *others = fields
    for other in others:
        spans = tuple(_joined(a, b, shape) for a, b in zip(first.spans, other.spans, strict=True))
        first = Field(spans, first.before if first.before == other.before else None)
    return first


def _joined(a: Span, b: Span, shape: Shape) -> Span:
    if (a.dim, a.jump) != (b.dim, b.jump):
        a, b = a.whole(shape), b.whole(shape)
    return Span(a.dim, min(a.low, b.low), max(a.high, b.high), a.jump)


def _through(step: Step, graph: Graph, field: Field, before: Shape, after: Shape, at: int) -> Field:
    """The field behind one operation, by way of its input number `at`."""
    window = window_of(step, graph)
    if window is not None and at == 0:
        spans = [s if s.dim is None else _by_window(s, window, before) for s in field.spans]
        return Field(tuple(spans))
    rule: Callable[..., Field] = _RULES.get(step.name, _unknown)
    return rule(step.params, field, before, after)


def _by_window(s: Span, window: Any, before: Shape) -> Span:
    dim = s.dim if s.dim is not None else 0
    if dim < 2:  # channels: each output sees all
        return s.whole(before)
    a = window.along[dim - 2]
    reach = a.span - 1
    if window.spreads:  # output i comes from the inputs (i + before − reach) / stride … (i + before) / stride
        return s.windowed(Fraction(reach - a.before, a.stride), Fraction(a.before, a.stride), Fraction(1, a.stride))
    return s.windowed(a.before, reach - a.before, a.stride)


# ------------------------------------------------------------------------------------------------- other operations
def _mapped(field: Field, before: Shape, where: Callable[[int], int | None]) -> Field:
    """Each span follows its dimension to `where(dim)`; None: the dimension is gone, or mixed."""
    spans = []
    for s in field.spans:
        to = None if s.dim is None else where(s.dim)
        spans.append(s.whole(before) if to is None else s.moved(to))
    return Field(tuple(spans))


def _unknown(params: Any, field: Field, before: Shape, after: Shape) -> Field:
    """Entry by entry along dimensions that stay, counted from the right; all of those that change (or were broadcast)."""
    shift = len(after) - len(before)

    def where(dim: int) -> int | None:
        to = dim + shift
        return to if to >= 0 and after[to] == before[dim] else None

    out = _mapped(field, before, where)
    return replace(out, before=field.before) if after == before else out


def _mixed(key: str) -> Callable[..., Field]:
    """Every entry along the dimensions named by the parameter sees all of them (softmax, sums that keep their dims)."""

    def rule(params: Any, field: Field, before: Shape, after: Shape) -> Field:
        dims = params[key]
        gone = {d % len(before) for d in ((dims,) if isinstance(dims, int) else dims if dims is not None else range(len(before)))}
        kept = [d for d in range(len(before)) if d not in gone]
        place = {d: (d if len(after) == len(before) else i) for i, d in enumerate(kept)}
        return _mapped(field, before, place.get)

    return rule


def _permute(params: Any, field: Field, before: Shape, after: Shape) -> Field:
    return _mapped(field, before, list(params["dims"]).index)


def _reshape(params: Any, field: Field, before: Shape, after: Shape) -> Field:
    """A dimension stays if as many entries lie before it and as many after it; flattened ones come back if asked for."""
    if field.before is not None and field.before[0] == after:
        return Field(field.before[1])

    def where(dim: int) -> int | None:
        for to, n in enumerate(after):
            if n == before[dim] and math.prod(after[:to]) == math.prod(before[:dim]):
                return to
        return None

    return replace(_mapped(field, before, where), before=field.before or (before, field.spans))


def _linear(params: Any, field: Field, before: Shape, after: Shape) -> Field:
    return _mapped(field, before, lambda dim: dim if dim < len(before) - 1 else None)


def _coded(params: Any, field: Field, before: Shape, after: Shape) -> Field:
    """A number becomes a row of numbers: one more dimension, the last."""
    return Field(field.spans)


def _matmul(params: Any, field: Field, before: Shape, after: Shape) -> Field:
    return _mapped(field, before, lambda dim: None)


def _cat(dim: int, fields: dict[int, Field], parts: Sequence[tuple[int, Shape]], after: Shape) -> list[Field]:
    """Along the joined dimension a part is shifted by those before it. Short parts beside a long one are its border (reflected,
    replicated): they look no further than the padding of a convolution does."""
    dim %= len(after)
    followed = any(s.dim == dim for i, _ in parts if i in fields for s in fields[i].spans)
    long = [i for i, shape in parts if 2 * shape[dim] > after[dim]]
    reached, offset = [], 0
    for i, shape in parts:
        if i in fields and (not followed or not long or i in long):
            spans = [s if s.dim != dim else _shifted(s, offset) if i in long else s.whole(shape) for s in fields[i].spans]
            reached.append(Field(tuple(spans)))
        offset += shape[dim]
    return reached


def _shifted(s: Span, by: int) -> Span:
    return replace(s, low=s.low - by * s.jump, high=s.high - by * s.jump)


def _pad(params: Any, field: Field, before: Shape, after: Shape) -> Field:
    widths = params["widths"]
    return Field(tuple(s if s.dim is None else _shifted(s, widths[s.dim][0]) for s in field.spans))


def _select(params: Any, field: Field, before: Shape, after: Shape) -> Field:
    """Slices shift and stride; numbers take a dimension away; other indices mix it."""
    at = params["at"] if isinstance(params["at"], tuple) else (params["at"],)
    if any(not isinstance(a, slice | int) and a is not Ellipsis and a is not None for a in at):
        return _unknown(params, field, before, after)
    taken = sum(isinstance(a, slice | int) for a in at)
    whole: list[Any] = [slice(None)] * (len(before) - taken)
    full: list[Any] = []
    for a in at if Ellipsis in at else (*at, Ellipsis):
        full += whole if a is Ellipsis else [a]
    origin: dict[int, tuple[int | None, int, int]] = {}  # dim -> (its new place, first entry, step)
    dim = place = 0
    for a in full:
        if a is None:
            place += 1
            continue
        if isinstance(a, int):
            origin[dim] = (None, a % before[dim], 1)
        else:
            first, _, step = a.indices(before[dim])
            origin[dim] = (place, first, step)
            place += 1
        dim += 1
    return Field(tuple(_sliced(s, *origin[s.dim]) if s.dim is not None else s for s in field.spans))


def _sliced(s: Span, place: int | None, first: int, step: int) -> Span:
    return Span(place, s.low + first * s.jump, s.high + first * s.jump, s.jump * step if place is not None else 1)


def _scaled(reach: Callable[[int, int], tuple[Number, Number]]) -> Callable[..., Field]:
    """From n entries to m: the jump is that of n/m entries; `reach(n, m)` says how far an entry looks back and ahead."""

    def rule(params: Any, field: Field, before: Shape, after: Shape) -> Field:
        spans = []
        for s in field.spans:
            if s.dim is None or len(after) != len(before) or after[s.dim] == before[s.dim]:
                spans.append(s)
            elif after[s.dim] == 1:
                spans.append(s.whole(before))
            else:
                n, m = before[s.dim], after[s.dim]
                spans.append(s.windowed(*reach(n, m), Fraction(n, m)))
        return Field(tuple(spans))

    return rule


def _adaptive(n: int, m: int) -> tuple[Number, Number]:
    """Windows from ⌊i n/m⌋ to ⌈(i + 1) n/m⌉, the last not counted."""
    return 0, math.ceil(Fraction(n, m)) - 1 if n % m == 0 else math.ceil(Fraction(n, m))


def _unpooled(n: int, m: int) -> tuple[Number, Number]:
    """Entry i comes from the window ⌊i n/m⌋."""
    return max(Fraction(0), 1 - Fraction(n, m)), 0


def _blended(n: int, m: int) -> tuple[Number, Number]:
    """Entry i lies between the two about (i + ½) n/m − ½, which is a multiple of 1/2m."""
    middle = Fraction(n, 2 * m) - Fraction(1, 2)
    return 1 - Fraction(1, 2 * m) - middle, 1 + middle


def _resample(params: Any, field: Field, before: Shape, after: Shape) -> Field:
    return _scaled(_unpooled if params["mode"].startswith("nearest") else _blended)(params, field, before, after)


_RULES: dict[str, Callable[..., Field]] = {
    "permute": _permute,
    "reshape": _reshape,
    "linear": _linear,
    "matmul": _matmul,
    "einsum": _matmul,
    "embedding": _coded,
    "one_hot": _coded,
    "pad_constant": _pad,
    "select_view": _select,
    "select_copy": _select,
    "max_unpool": _scaled(_unpooled),
    "resample": _resample,
    "adaptive_avg_pool": _scaled(_adaptive),
    "adaptive_max_pool": _scaled(_adaptive),
}
for _name in "sum mean amax amin any all count_nonzero var std logsumexp norm prod".split():
    _RULES[_name] = _mixed("dims")
for _name in (
    "softmax log_softmax cumsum cumprod logcumsumexp cummax cummin sort topk argmax argmin max_dim min_dim kthvalue median_dim mode".split()
):
    _RULES[_name] = _mixed("dim")
