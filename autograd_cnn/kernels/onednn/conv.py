"""Convolution and its two adjoints (see `kernels/reference/convolution.py` for what they compute)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..memory import allocator, threads
from ..memory.allocator import FLOAT
from ..reference.geometry import Geometry, geometry
from . import api, channels_last, channels_last_ops, dispatch, matmul
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
    if not (dispatch.active() and _fits(x, w) and (bias is None or bias.dtype is FLOAT)):
        return NotImplemented
    ready = _ready("forward", x.shape, w.shape, stride, padding, dilation, groups, bias is not None)
    if ready is None or (bias is not None and bias.shape != ready.shape[1:2]):
        return NotImplemented
    x, y = as_last(x), channels_last.empty_last(ready.shape)
    ready.run(factor(ready.casts[0], "factor", x), _in_order(ready, w), *(() if bias is None else (bias,)), y)
    return y


def input_adjoint(g: Any, w: Any, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> Any:
    """gx of `shape` of g (N, O, *P) and w (O, C/G, *K)"""
    if not (dispatch.active() and _fits(g, w)):
        return NotImplemented
    ready = _ready("input", tuple(shape), w.shape, stride, padding, dilation, groups, False)
    if ready is None or g.shape != ready.shape:
        return NotImplemented
    g, gx = as_last(g), channels_last.empty_last(tuple(shape))
    ready.run(factor(ready.casts[0], "factor", g), _in_order(ready, w), gx)
    return gx


def weight_adjoint(g: Any, x: Any, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int, bias: bool = False) -> Any:
    """gw of `shape` of g (N, O, *P) and x (N, C, *S); with `bias` also gb (O), which oneDNN sums up on the way if it is wide"""
    if not (dispatch.active() and _fits(g, x)):
        return NotImplemented
    apart = bias and (
        shape[0] < _WIDE
        or (not dispatch.precision() and dispatch.is_product(geometry(x.shape, tuple(shape), stride, padding, dilation, groups)))
    )
    ready = _ready("weight", x.shape, tuple(shape), stride, padding, dilation, groups, bias and not apart)
    if ready is None or g.shape != ready.shape:
        return NotImplemented
    g, x, gw = as_last(g), as_last(x), allocator.empty(tuple(shape))
    gb = None
    if bias:
        gb = channels_last_ops.channel_sums(g) if apart else np.empty(shape[0], FLOAT)
    sums = (gb,) if bias and not apart else ()
    factors = [factor(cast, name, a) for cast, name, a in zip(ready.casts, ("factor", "other factor"), (x, g), strict=True)]
    if ready.weights is None:
        ready.run(*factors, gw, *sums)
    else:
        at = working_memory("weights", ready.weight_bytes)
        ready.run(*factors, at, *sums)
        ready.weights(at, gw)
    return (gw, gb) if bias else gw


_WIDE = 16  # channels that fill a register of AVX-512; for fewer oneDNN's sums of a bias take longer than NumPy's


def _fits(a: Any, b: Any) -> bool:
    return a.dtype is FLOAT and b.dtype is FLOAT and 3 <= a.ndim <= 5


def _in_order(ready: Ready, w: Any) -> Any:
    """The weights in the order that the primitive wants."""
    if ready.weights is None:
        return channels_last.plain_view(w)
    at = working_memory("weights", ready.weight_bytes)
    ready.weights(channels_last.plain_view(w), at)
    return at


def _ready(what: str, x: Shape, w: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int, bias: bool) -> Ready | None:
    window = (stride, padding, dilation, groups)
    found: Ready | None = plan(threads.get_num_threads(), _build, what, x, w, window, bias, dispatch.forced(), dispatch.precision())
    return found


def _build(b: Builder, what: str, x: Shape, w: Shape, window: Any, bias: bool, forced: bool, precision: int) -> Ready | None:
    geo, groups = geometry(x, w, *window), window[-1]  # raises for what does not fit
    work = math.prod(geo.y_shape) * geo.inputs * math.prod(geo.kernel)
    if geo.empty or not (forced or dispatch.conv_is_faster(geo, work)):
        return None
    b.threads = threads.for_work(2.0 * work)
    if dispatch.is_product(geo) and not precision:
        return _as_product(b, what, geo, bias)
    grouped: Sequence[int] = w if groups == 1 else (groups, w[0] // groups, *w[1:])
    return in_precision(precision, lambda kind: _as_convolution(b, what, geo, grouped, bias, kind))  # type: ignore[no-any-return]


def _as_convolution(b: Builder, what: str, geo: Geometry, grouped: Sequence[int], bias: bool, kind: int) -> Ready:
    ends = _Ends(b, geo, grouped, bias, kind)
    casts = [None if kind == api.F32 else b.rounded(b.last(shape), b.last(shape, kind)) for shape in (geo.x_shape, geo.y_shape)]
    rows, few = b.rows(grouped), threads.for_entries(math.prod(geo.w_shape))  # the weights' reordering is a small work of its own
    if what == "forward":
        made = ends.forward()
        weights = b.query(made, api.WEIGHTS_MD)
        arguments = [(api.SRC, ends.x_factor), (api.WEIGHTS, weights), *([(api.BIAS, ends.bias)] if bias else []), (api.DST, ends.y)]
        return Ready(b.plan(made, arguments), b.reorder(rows, weights, few), b.size(weights), geo.y_shape, (casts[0], None))
    if what == "input":
        made = ends.adjoint("data")
        weights = b.query(made, api.WEIGHTS_MD)
        arguments = [(api.DIFF_DST, ends.y_factor), (api.WEIGHTS, weights), (api.DIFF_SRC, ends.x)]
        return Ready(b.plan(made, arguments), b.reorder(rows, weights, few), b.size(weights), geo.y_shape, (casts[1], None))
    made = ends.adjoint("weights")
    weights = b.query(made, api.DIFF_WEIGHTS_MD)
    arguments = [
        (api.SRC, ends.x_factor),
        (api.DIFF_DST, ends.y_factor),
        (api.DIFF_WEIGHTS, weights),
        *([(api.DIFF_BIAS, ends.bias)] if bias else []),
    ]
    return Ready(b.plan(made, arguments), b.reorder(weights, rows, few), b.size(weights), geo.y_shape, (casts[0], casts[1]))


def _as_product(b: Builder, what: str, geo: Geometry, bias: bool) -> Ready:
    """A convolution with kernels of one entry: (positions, C) · (C, O), and its adjoints."""
    n, c, o = geo.x_shape[0] * math.prod(geo.out), geo.inputs, geo.y_shape[1]
    x, y, w = (matmul.matrix(b, *sizes) for sizes in ((n, c), (n, o), (o, c)))
    across = {"y": matmul.matrix(b, o, n, turned=True), "w": matmul.matrix(b, c, o, turned=True)}
    row = matmul.matrix(b, 1, o) if bias else None
    maps, weights = {"x": b.last(geo.x_shape), "y": b.last(geo.y_shape)}, b.rows(geo.w_shape)  # what stands in memory as these matrices do
    if what == "forward":
        made = b.descriptor("matmul", b.lib.engine, x, across["w"], row, y, b.attributes())
        arguments = [
            (api.SRC, x, maps["x"]),
            (api.WEIGHTS, across["w"], weights),
            *([(api.BIAS, row)] if bias else []),
            (api.DST, y, maps["y"]),
        ]
    elif what == "input":
        made = b.descriptor("matmul", b.lib.engine, y, w, None, x, b.attributes())
        arguments = [(api.SRC, y, maps["y"]), (api.WEIGHTS, w, weights), (api.DST, x, maps["x"])]
    else:
        made = b.descriptor("matmul", b.lib.engine, across["y"], x, None, w, b.attributes())
        arguments = [(api.WEIGHTS, x, maps["x"]), (api.SRC, across["y"], maps["y"]), (api.DST, w, weights)]
    return Ready(b.plan(made, arguments), None, 0, geo.y_shape)


class _Ends:
    """The descriptors of one convolution's input, output and weights, and the primitives between them."""

    def __init__(self, b: Builder, geo: Geometry, w: Sequence[int], bias: bool, kind: int) -> None:
        self.b = b
        self.x, self.y, self.w, self.gw = b.last(geo.x_shape), b.last(geo.y_shape), b.any(w, kind), b.any(w)
        self.x_factor, self.y_factor = b.last(geo.x_shape, kind), b.last(geo.y_shape, kind)
        self.bias = b.vector(geo.y_shape[1]) if bias else None
        self.attributes = b.attributes()
        before, after = zip(*geo.padding, strict=True)
        self.inputs = geo.inputs
        self.windows = (dims(geo.stride), dims([d - 1 for d in geo.dilation]), dims(before), dims(after))

    def forward(self, reference: bool = False) -> Any:
        args = (
            self.b.lib.engine,
            api.FORWARD_TRAINING,
            api.CONVOLUTION_DIRECT,
            self.x_factor,
            self.w,
            self.bias,
            self.y_factor if reference else self.y,
            *self.windows,
            self.attributes,
        )
        if reference:
            return self.b.descriptor("convolution_forward", *args, reference=True)
        made = self.b.direct if dispatch.direct_is_faster("forward", self.inputs) else self.b.descriptor
        return made("convolution_forward", *args)

    def adjoint(self, by: str) -> Any:
        hint = self.forward(reference=True)
        ends = (self.x, self.w, self.y_factor) if by == "data" else (self.x_factor, self.gw, self.bias, self.y_factor)
        made = self.b.direct if by == "data" and dispatch.direct_is_faster("input", self.inputs) else self.b.descriptor
        return made(f"convolution_backward_{by}", self.b.lib.engine, api.CONVOLUTION_DIRECT, *ends, *self.windows, hint, self.attributes)
