"""Convolution and its two adjoints (see `kernels/convolution.py` for what they compute)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import keeping, layout, memory, threads, waiting
from ..geometry import Geometry, geometry
from ..memory import FLOAT, SPARE
from . import api, choice, matmul
from .eltwise import LARGEST, squares_of
from .plans import Builder, Plan, dims, factor, in_precision, plan, working_memory
from .reorder import as_last

Pairs = tuple[tuple[int, int], ...]
Shape = tuple[int, ...]

class Ready(NamedTuple):
    """A convolution's primitive, and what brings the weights into the order it wants."""

    run: Plan
    weights: Plan | None
    weight_bytes: int
    shape: Shape  # of the result
    casts: tuple[Plan | None, Plan | None] = (None, None)  # what rounds the factors that are no weights


def forward(x: Any, w: Any, stride: Shape, padding: Pairs, dilation: Shape, groups: int, bias: Any) -> Any:
    """y (N, O, *P) of x (N, C, *S), w (O, C/G, *K) and b (O)"""
    if not (choice.active() and _fits(x, w) and (bias is None or bias.dtype is FLOAT)):
        return NotImplemented
    ready = _ready("forward", x.shape, w.shape, stride, padding, dilation, groups, bias is not None)
    if ready is None or (bias is not None and bias.shape != ready.shape[1:2]):
        return NotImplemented
    work = _Convolution(as_last(x), _rows(w), None if bias is None else np.ascontiguousarray(bias), (stride, padding, dilation, groups))
    y = layout.empty_last(ready.shape)
    if waiting.allowed(work.key):
        layout.address(work.x)  # if it waits itself, its turn is now
        return waiting.wait(y, work)
    work.fill(y)
    return y


class _Convolution(waiting.Recipe):
    """A convolution, and what is done with its result on the way."""

    def __init__(self, x: Any, w: Any, bias: Any, windows: tuple[Any, ...], then: tuple[tuple[str, Any], ...] = ()) -> None:
        self.x, self.w, self.bias, self.windows, self.then = x, w, bias, windows, then
        self.squares = math.inf  # a bound of the square of an entry, once somebody asked
        self.key = (x.shape, w.shape, *windows)

    def fill(self, x: Any) -> None:
        """Compute it into the memory of `x`."""
        found = self._ready(self.then)
        if found is None:
            raise RuntimeError("oneDNN has no longer what it had for this convolution")
        self._run(found, self.then, x)

    def relu(self, x: Any) -> Any:
        """max(value, 0), if no entry of the value can be NaN."""
        return self._now(x, (*self.then, ("relu", None)))

    def affine(self, x: Any, scale: Any, shift: Any) -> Any:
        """value · scale + shift, channel by channel"""
        return None if self.then else self._later(x, (("times", scale), ("plus", shift)))

    def plus(self, x: Any, other: Any) -> Any:
        """value + other"""
        return self._later(x, (*self.then, ("plus", other))) if not self.then or self.then[-1][1].ndim == 1 else None

    def _ready(self, then: tuple[tuple[str, Any], ...]) -> Ready | None:
        kinds = tuple(what if other is None else f"{what} {'each' if other.ndim == 1 else 'all'}" for what, other in then)
        stride, padding, dilation, groups = self.windows
        return _ready("forward", self.x.shape, self.w.shape, stride, padding, dilation, groups, self.bias is not None, kinds)

    def _later(self, x: Any, then: tuple[tuple[str, Any], ...]) -> Any:
        if self._ready(then) is None:
            return None
        waiting.passed(x)
        y = layout.empty_last(x.shape)
        y.pending = _Convolution(self.x, self.w, self.bias, self.windows, then)
        waiting.add(y)
        return y

    def _now(self, x: Any, then: tuple[tuple[str, Any], ...]) -> Any:
        found = self._ready(then) if self._largest() < LARGEST else None
        if found is None:
            return None
        y = x if SPARE.has(x) else layout.empty_last(x.shape)
        x.pending, pending = None, x.pending
        self._run(found, then, y)
        if y is not x:
            x.pending = pending
        y.squares = self._largest() * x.size
        return y

    def _largest(self) -> float:
        """A bound of the square of an entry: by Cauchy and Schwarz at most Σx² · Σw²."""
        if not self.squares < math.inf:
            flat = self.w.reshape(-1)
            by_weights = float(np.dot(flat, flat))
            for bound in (self.x.squares, math.inf):  # if what is known is too much, look
                self.x.squares = bound
                largest = squares_of(self.x) * by_weights
                for what, other in (("plus", self.bias), *self.then):
                    if other is None:
                        continue
                    size = squares_of(other)
                    if largest < LARGEST:  # else an entry may be infinite, whatever comes then
                        largest = largest * size if what == "times" else 2 * (largest + size)
                if largest < LARGEST:
                    break
            self.squares = largest
        return self.squares

    def _run(self, ready: Ready, then: tuple[tuple[str, Any], ...], y: Any) -> None:
        others = [layout.address(other) for _, other in then if other is not None]
        at = (factor(ready.casts[0], "factor", layout.address(self.x), self.x.size), _in_order(ready, self.w))
        ready.run(*at, *(() if self.bias is None else (layout.address(self.bias),)), y.address, *others)


def input_adjoint(g: Any, w: Any, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> Any:
    """gx of `shape` of g (N, O, *P) and w (O, C/G, *K)"""
    if not (choice.active() and _fits(g, w)):
        return NotImplemented
    ready = _ready("input", tuple(shape), w.shape, stride, padding, dilation, groups, False)
    if ready is None or g.shape != ready.shape:
        return NotImplemented
    g, gx, rows = as_last(g), layout.empty_last(tuple(shape)), _rows(w)
    ready.run(factor(ready.casts[0], "factor", layout.address(g), g.size), _in_order(ready, rows), gx.address)
    return gx


def weight_adjoint(g: Any, x: Any, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int, bias: bool = False) -> Any:
    """gw of `shape` of g (N, O, *P) and x (N, C, *S); with `bias` also gb (O), which oneDNN sums up on the way if it is wide"""
    if not (choice.active() and _fits(g, x)):
        return NotImplemented
    apart = bias and (shape[0] < _WIDE or (
        not choice.precision() and choice.is_product(geometry(x.shape, tuple(shape), stride, padding, dilation, groups))
    ))
    ready = _ready("weight", x.shape, tuple(shape), stride, padding, dilation, groups, bias and not apart)
    if ready is None or g.shape != ready.shape:
        return NotImplemented
    g, x, gw = as_last(g), as_last(x), memory.empty(tuple(shape))
    gb = None
    if bias:
        gb = keeping.channel_sums(g) if apart else np.empty(shape[0], FLOAT)
    sums = (layout.address(gb),) if bias and not apart else ()
    factors = [factor(cast, name, layout.address(a), a.size) for cast, name, a in zip(ready.casts, ("factor", "other factor"), (x, g), strict=True)]
    if ready.weights is None:
        ready.run(*factors, layout.address(gw), *sums)
    else:
        at = working_memory("weights", ready.weight_bytes)
        ready.run(*factors, at, *sums)
        ready.weights(at, layout.address(gw))
    return (gw, gb) if bias else gw


_WIDE = 16  # channels that fill a register of AVX-512; for fewer oneDNN's sums of a bias take longer than NumPy's


def _fits(a: Any, b: Any) -> bool:
    return a.dtype is FLOAT and b.dtype is FLOAT and 3 <= a.ndim <= 5


def _rows(w: Any) -> Any:
    return np.ascontiguousarray(layout.plain_view(w))


def _in_order(ready: Ready, rows: Any) -> int:
    """The address of the weights in the order that the primitive wants."""
    if ready.weights is None:
        return layout.address(rows)
    at = working_memory("weights", ready.weight_bytes)
    ready.weights(layout.address(rows), at)
    return at


def _ready(what: str, x: Shape, w: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int, bias: bool,
           then: tuple[str, ...] = ()) -> Ready | None:  # fmt: skip
    precision = choice.precision()
    key = (what, choice.forced(), x, w, stride, padding, dilation, groups, bias, then, precision, threads.get_num_threads())
    found: Ready | None = plan(key, _build, what, x, w, stride, padding, dilation, groups, bias, then)
    return found


def _build(b: Builder, what: str, x: Shape, w: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int, bias: bool,
           then: tuple[str, ...]) -> Ready | None:  # fmt: skip
    geo = geometry(x, w, stride, padding, dilation, groups)  # raises for what does not fit
    work = math.prod(geo.y_shape) * geo.inputs * math.prod(geo.kernel)
    if geo.empty or not choice.conv_is_faster(geo, work):
        return None
    count = threads.for_work(2.0 * work)
    b.lib.set_threads(count)
    if choice.is_product(geo) and not choice.precision():
        if then:
            return None
        return _as_product(b, what, geo, bias, count)
    grouped: Sequence[int] = w if groups == 1 else (groups, w[0] // groups, *w[1:])
    return in_precision(lambda kind: _as_convolution(b, what, geo, grouped, bias, then, kind, count))  # type: ignore[no-any-return]


def _as_convolution(b: Builder, what: str, geo: Geometry, grouped: Sequence[int], bias: bool, then: tuple[str, ...], kind: int,
                    count: int) -> Ready:  # fmt: skip
    ends, w = _Ends(b, geo, grouped, bias, then, kind), geo.w_shape
    casts = [None if kind == api.F32 else b.rounded(math.prod(shape)) for shape in (geo.x_shape, geo.y_shape)]
    rows, few = b.rows(grouped), threads.for_work(10.0 * math.prod(w))  # the weights' reordering is a small work of its own
    if what == "forward":
        made = ends.forward()
        weights = b.query(made, api.WEIGHTS_MD)
        arguments = [(api.SRC, ends.x_factor), (api.WEIGHTS, weights), *([(api.BIAS, ends.bias)] if bias else []), (api.DST, ends.y), *ends.others]
        return Ready(b.plan(made, arguments, count), b.reorder(rows, weights, few), b.size(weights), geo.y_shape, (casts[0], None))
    if what == "input":
        made = ends.adjoint("data")
        weights = b.query(made, api.WEIGHTS_MD)
        arguments = [(api.DIFF_DST, ends.y_factor), (api.WEIGHTS, weights), (api.DIFF_SRC, ends.x)]
        return Ready(b.plan(made, arguments, count), b.reorder(rows, weights, few), b.size(weights), geo.y_shape, (casts[1], None))
    made = ends.adjoint("weights")
    weights = b.query(made, api.DIFF_WEIGHTS_MD)
    arguments = [(api.SRC, ends.x_factor), (api.DIFF_DST, ends.y_factor), (api.DIFF_WEIGHTS, weights), *([(api.DIFF_BIAS, ends.bias)] if bias else [])]
    return Ready(b.plan(made, arguments, count), b.reorder(weights, rows, few), b.size(weights), geo.y_shape, (casts[0], casts[1]))


def _as_product(b: Builder, what: str, geo: Geometry, bias: bool, count: int) -> Ready:
    """A convolution with kernels of one entry: (positions, C) · (C, O), and its adjoints."""
    n, c, o = geo.x_shape[0] * math.prod(geo.out), geo.inputs, geo.y_shape[1]
    x, y, w = (matmul.matrix(b, *sizes) for sizes in ((n, c), (n, o), (o, c)))
    across = {"y": matmul.matrix(b, o, n, turned=True), "w": matmul.matrix(b, c, o, turned=True)}
    row = matmul.matrix(b, 1, o) if bias else None
    if what == "forward":
        made = b.descriptor("matmul", b.lib.engine, x, across["w"], row, y, b.attributes())
        arguments = [(api.SRC, x), (api.WEIGHTS, across["w"]), *([(api.BIAS, row)] if bias else []), (api.DST, y)]
    elif what == "input":
        made = b.descriptor("matmul", b.lib.engine, y, w, None, x, b.attributes())
        arguments = [(api.SRC, y), (api.WEIGHTS, w), (api.DST, x)]
    else:
        made = b.descriptor("matmul", b.lib.engine, across["y"], x, None, w, b.attributes())
        arguments = [(api.WEIGHTS, x), (api.SRC, across["y"]), (api.DST, w)]
    return Ready(b.plan(made, arguments, count), None, 0, geo.y_shape)


class _Ends:
    """The descriptors of one convolution's input, output and weights, and the primitives between them."""

    def __init__(self, b: Builder, geo: Geometry, w: Sequence[int], bias: bool, then: tuple[str, ...], kind: int) -> None:
        self.b = b
        self.x, self.y, self.w, self.gw = b.last(geo.x_shape), b.last(geo.y_shape), b.any(w, kind), b.any(w)
        self.x_factor, self.y_factor = b.last(geo.x_shape, kind), b.last(geo.y_shape, kind)
        self.bias = b.flat(geo.y_shape[1]) if bias else None
        each = (1, geo.y_shape[1], *(1 for _ in geo.out))
        chain: list[tuple[Any, ...]] = []
        self.others = []
        for place, name in enumerate(then):
            what, _, whole = name.partition(" ")
            chain.append((what,))
            if whole:
                chain[-1] = (what, self.y if whole == "all" else b.last(each))
                self.others.append((api.after(place), chain[-1][1]))
        self.attributes, self.plain = b.attributes(chain), b.attributes()
        before, after = zip(*geo.padding, strict=True)
        self.inputs = geo.inputs
        self.windows = (dims(geo.stride), dims([d - 1 for d in geo.dilation]), dims(before), dims(after))

    def forward(self, reference: bool = False) -> Any:
        args = (self.b.lib.engine, api.FORWARD_TRAINING, api.CONVOLUTION_DIRECT, self.x_factor, self.w, self.bias,
                self.y_factor if reference else self.y, *self.windows, self.plain if reference else self.attributes)  # fmt: skip
        if reference:
            return self.b.descriptor("convolution_forward", *args, reference=True)
        made = self.b.direct if choice.direct_is_faster("forward", self.inputs) else self.b.descriptor
        return made("convolution_forward", *args)

    def adjoint(self, by: str) -> Any:
        hint = self.forward(reference=True)
        ends = (self.x, self.w, self.y_factor) if by == "data" else (self.x_factor, self.gw, self.bias, self.y_factor)
        made = self.b.direct if by == "data" and choice.direct_is_faster("input", self.inputs) else self.b.descriptor
        return made(f"convolution_backward_{by}", self.b.lib.engine, api.CONVOLUTION_DIRECT, *ends, *self.windows, hint, self.plain)
