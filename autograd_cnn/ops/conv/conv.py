"""Convolution in one, two and three dims, its two adjoints, and the transposed convolution.

Convolution, the adjoint by its input and the adjoint by its weight are three primitives closed under differentiation: the rules
of each are the other two. The field's "convolution" is a cross-correlation; the lectures' true convolution, with the kernel
flipped, has a name of its own (`convolve2d`). The public functions stand in `functions.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...config import current
from ...engine.variable import ndim_of, shape_of
from ...errors import ShapeError, expected
from ...kernels.onednn import conv as onednn
from ...kernels.reference.convolution import conv_forward, conv_input_adjoint, conv_weight_adjoint
from ...kernels.reference.windows import check_fit, full_padding, output_sizes, pairs, same_padding, steps, transposed_size
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, alike, call, over, sides
from ...types.promotion import Array
from ..linalg.matrix_products import same_dtype
from ..reduce.reduce import _sum
from ..shape.arrange import pad_constant
from ..shape.shape import Shape, _reshape, expand, unsqueeze

Pairs = tuple[tuple[int, int], ...]
Steps = int | Sequence[int]


@primitive(label="{kind}", family="conv", name="conv")
def _conv(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Shape,
    padding: Pairs,
    dilation: Shape,
    groups: int,
    kind: str = "conv",
) -> Array:
    """y[n,o,p] = b[o] + Σ_{c,k} w[o,c,k] · x[n,c,p·stride + k·dilation].   (N, C, *S), (O, C/G, *K), (O) → (N, O, *P)"""
    return conv_forward(input, weight, stride, padding, dilation, groups, bias)


def _told(stride: Any, padding: Any, dilation: Any, groups: int) -> dict[str, Any]:
    """What a written call says of its windows: what is not the usual."""
    unusual = None if groups == 1 else groups
    return {"stride": alike(stride, 1), "padding": sides(padding), "dilation": alike(dilation, 1), "groups": unusual}


@_conv.source
def _(bias: Operand | None, stride: Any, padding: Any, dilation: Any, groups: int) -> str:
    return call("kernels.conv", "input", "weight", *(() if bias is None else ("bias",)), **_told(stride, padding, dilation, groups))


@_conv.accelerated
def _(
    input: Array, weight: Array, bias: Array | None = None, *, stride: Shape, padding: Pairs, dilation: Shape, groups: int, kind: str = ""
) -> Array:
    return onednn.forward(input, weight, stride, padding, dilation, groups, bias)


@_conv.vjp("input")
def _(g: Array, input_shape: Shape, weight: Array, stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> Array:
    return _conv_input(g, weight, shape=input_shape, stride=stride, padding=padding, dilation=dilation, groups=groups)


@_conv.vjp("weight", "bias")
def _(
    g: Array, input: Array, weight_shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int, need: tuple[bool, ...]
) -> tuple[Any, ...]:
    params = {"shape": weight_shape, "stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    if all(need):
        return _conv_weight_bias(g, input, **params)  # type: ignore[no-any-return]  # (gw, gb)
    return _conv_weight(g, input, **params) if need[0] else None, _sum_of_bias(g) if need[1] else None


def _sum_of_bias(g: Any) -> Any:
    """(N, O, *P) -> (O)"""
    return _sum(g, dims=(0, *range(2, ndim_of(g))))


@primitive(label="{kind}", family="conv", name="conv_input")
def _conv_input(
    input: Array, weight: Array, *, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int, kind: str = "conv ∂input"
) -> Array:
    """The adjoint of convolution by its input: each output entry spreads over the window it came from.
    (N, O, *P), (O, C/G, *K) → shape (N, C, *S)"""
    return conv_input_adjoint(input, weight, shape, stride, padding, dilation, groups)


@_conv_input.source
def _(shape: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> str:
    return call("kernels.conv_input", "input", "weight", "shape", **_told(stride, padding, dilation, groups))


@_conv_input.accelerated
def _(input: Array, weight: Array, *, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int, kind: str = "") -> Array:
    return onednn.input_adjoint(input, weight, shape, stride, padding, dilation, groups)


@_conv_input.vjp("input")
def _(g: Array, weight: Array, stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> Array:
    return _conv(g, weight, stride=stride, padding=padding, dilation=dilation, groups=groups)


@_conv_input.vjp("weight")
def _(g: Array, input: Array, weight_shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> Array:
    return _conv_weight(input, g, shape=weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups)


@primitive(label="conv ∂weight", family="conv", name="conv_weight")
def _conv_weight(input: Array, other: Array, *, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> Array:
    """The adjoint of convolution by its weight: gw[o,c,k] = Σ_{n,p} g[n,o,p] · x[n,c,p·stride + k·dilation].
    (N, O, *P), (N, C, *S) → shape (O, C/G, *K)"""
    return conv_weight_adjoint(input, other, shape, stride, padding, dilation, groups)


@_conv_weight.source
def _(shape: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> str:
    return call("kernels.conv_weight", "input", "other", "shape", **_told(stride, padding, dilation, groups))


@_conv_weight.accelerated
def _(input: Array, other: Array, *, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> Array:
    return onednn.weight_adjoint(input, other, shape, stride, padding, dilation, groups)


@_conv_weight.vjp("input")
def _(g: Array, other: Array, stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> Array:
    return _conv(other, g, stride=stride, padding=padding, dilation=dilation, groups=groups)


@_conv_weight.vjp("other")
def _(g: Array, input: Array, other_shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> Array:
    return _conv_input(input, g, shape=other_shape, stride=stride, padding=padding, dilation=dilation, groups=groups)


@primitive(label="conv ∂weight, ∂bias", family="conv", outputs=("y", "gb"), several=True, name="conv_weight_bias")
def _conv_weight_bias(
    input: Array, other: Array, *, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int
) -> tuple[Array, Array]:
    """The adjoint of convolution by weight and bias, which share one look at g: `conv_weight`, and gb[o] = Σ_{n,p} g[n,o,p].
    (N, O, *P), (N, C, *S) → shape (O, C/G, *K), (O)"""
    return conv_weight_adjoint(input, other, shape, stride, padding, dilation, groups), _sum_of_bias(input)


@_conv_weight_bias.source
def _(input: Operand, shape: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> str:
    weight = call("kernels.conv_weight", "input", "other", "shape", **_told(stride, padding, dilation, groups))
    return f"({weight}, input.sum({over((0, *range(2, input.ndim)))}))"


@_conv_weight_bias.accelerated
def _(input: Array, other: Array, *, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> tuple[Array, Array]:
    return onednn.weight_adjoint(input, other, shape, stride, padding, dilation, groups, bias=True)  # type: ignore[no-any-return]  # or NotImplemented


@_conv_weight_bias.vjp("input")
def _(g: tuple[Array | None, ...], input_shape: Shape, other: Array, stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> Array:
    gw, gb = g
    if gw is not None:
        return _conv(other, gw, gb, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return expand(_reshape(gb, shape=(1, input_shape[1], *(1,) * (len(input_shape) - 2)), kind="unsqueeze"), input_shape)


@_conv_weight_bias.vjp("other")
def _(
    g: tuple[Array | None, ...], input: Array, other_shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int
) -> Array | None:
    if g[0] is None:
        return None
    return _conv_input(input, g[0], shape=other_shape, stride=stride, padding=padding, dilation=dilation, groups=groups)


def _problem(draw: Draw) -> tuple[Shape, Shape, dict[str, Any]]:
    """Sizes that fit together: input shape, weight shape, parameters."""
    dims = draw.integer(1, 2)
    groups = draw.integer(1, 2)
    dilation = tuple(draw.integer(1, 2) for _ in range(dims))
    kernel = tuple(draw.integer(1, 3) for _ in range(dims))
    padding = tuple((draw.integer(0, 2), draw.integer(0, 2)) for _ in range(dims))
    size = tuple(max(1, d * (k - 1) + 1 - a - b) + draw.integer(0, 2) for d, k, (a, b) in zip(dilation, kernel, padding, strict=True))
    stride = tuple(draw.integer(1, 2) for _ in range(dims))
    c, o = draw.integer(1, 2), draw.integer(1, 2)
    params = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (draw.integer(1, 2), c * groups, *size), (o * groups, c, *kernel), params


def _out_shape(x: Shape, w: Shape, p: dict[str, Any]) -> Shape:
    return (x[0], w[0], *output_sizes(x[2:], w[2:], p["stride"], p["padding"], p["dilation"]))


@_conv.cases
def _(draw: Draw) -> Case:
    x, w, params = _problem(draw)
    given = [draw.array(x), draw.array(w)]
    if draw.boolean():
        given.append(draw.array((w[0],)))
    return Case(*given, **params)


@_conv.bad_cases
def _() -> Any:
    fits: dict[str, Any] = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}
    yield Bad(
        np.ones((1, 2, 5)),
        np.ones((3, 4, 3)),
        **fits,
        error=RuntimeError,
        match="to have 4 channels, but got 2 channels",
    )
    yield Bad(
        np.ones((1, 2, 2)),
        np.ones((3, 2, 3)),
        **fits,
        error=RuntimeError,
        match="Kernel size can't be greater than actual input size",
    )


@_conv.onnx
def _(to: Emit, input: Any, weight: Any, bias: Any, *, stride: Any, padding: Any, dilation: Any, groups: Any, kind: Any) -> Any:
    begin, end = zip(*padding, strict=True)
    return to.Conv(
        input, weight, bias, kernel_shape=weight.shape[2:], strides=stride, dilations=dilation, group=groups, pads=(*begin, *end)
    )


@_conv_input.cases
def _(draw: Draw) -> Case:
    x, w, params = _problem(draw)
    return Case(draw.array(_out_shape(x, w, params)), draw.array(w), shape=x, **params)


@_conv_input.onnx
def _(to: Emit, input: Any, weight: Any, *, shape: Any, stride: Any, padding: Any, dilation: Any, groups: Any, kind: Any) -> Any:
    begin, end = zip(*padding, strict=True)
    plain = [
        (n - 1) * s - a - b + d * (k - 1) + 1
        for n, s, a, b, d, k in zip(input.shape[2:], stride, begin, end, dilation, weight.shape[2:], strict=True)
    ]
    more = [int(n - p) for n, p in zip(shape[2:], plain, strict=True)]
    if any(m < 0 or (m >= s and m >= d) for m, s, d in zip(more, stride, dilation, strict=True)):
        to.refuse("has an output size that no output_padding of ConvTranspose gives")
    return to.ConvTranspose(
        input,
        weight,
        kernel_shape=weight.shape[2:],
        strides=stride,
        dilations=dilation,
        group=groups,
        pads=(*begin, *end),
        output_padding=more,
    )


@_conv_weight.cases
def _(draw: Draw) -> Case:
    x, w, params = _problem(draw)
    return Case(draw.array(_out_shape(x, w, params)), draw.array(x), shape=w, **params)


@_conv_weight_bias.cases
def _(draw: Draw) -> Case:
    x, w, params = _problem(draw)
    return Case(draw.array(_out_shape(x, w, params)), draw.array(x), shape=w, **params)


# ------------------------------------------------------------------------------------------------- what the public functions share
def _sides(padding: Any, kernel: Shape, stride: Shape, dilation: Shape, operation: str) -> Pairs:
    """Padding as (before, after) for each dim, from a number, numbers, or a word."""
    if not isinstance(padding, str):
        return pairs(padding, len(kernel))
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "full":
        return full_padding(kernel, dilation)
    if padding == "same":
        if any(s != 1 for s in stride):
            raise RuntimeError(
                f"padding='same' is not supported for strided convolutions: got stride {stride} in {operation}. Give numbers."
            )
        return same_padding(kernel, dilation)
    raise RuntimeError(expected(operation, "padding as numbers or one of 'valid', 'same', 'full'", repr(padding)))


def _batched(x: Any, dims: int, operation: str) -> tuple[Any, bool]:
    """The input with a batch dim, and whether it had none."""
    n = ndim_of(x)
    if n not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {operation}, but got input of size: {list(shape_of(x))}"
        )
    return (unsqueeze(x, 0), True) if n == dims + 1 else (x, False)


def _check(operation: str, x: Any, w: Any, bias: Any, channels: int, dims: int) -> None:
    if ndim_of(w) != dims + 2:
        raise RuntimeError(expected(operation, f"a {dims + 2}-dimensional weight (O, C/groups, *K)", f"shape {list(shape_of(w))}"))
    same_dtype(operation, x, w, *(() if bias is None else (bias,)))
    if bias is not None and shape_of(bias) != (channels,):
        raise ShapeError(
            f"Given weight of size {list(shape_of(w))}, expected bias to be 1-dimensional with {channels} elements, but got bias of size "
            f"{list(shape_of(bias))} instead (in {operation})"
        )


def _unbatched(y: Any, was: bool) -> Any:
    return _reshape(y, shape=shape_of(y)[1:], kind="squeeze") if was else y


def _convolution(
    operation: str, dims: int, input: Any, weight: Any, bias: Any, stride: Steps, padding: Any, dilation: Steps, groups: int
) -> Any:
    x, single = _batched(input, dims, operation)
    w = shape_of(weight)
    _check(operation, x, weight, bias, w[0] if w else 0, dims)
    by, apart = steps(stride, dims, f"{operation}: stride"), steps(dilation, dims, f"{operation}: dilation")
    sides = _sides(padding, w[2:], by, apart, operation)
    if current().strict_windows:
        check_fit(operation, shape_of(x)[2:], w[2:], by, sides, apart)
    return _unbatched(_conv(x, weight, bias, stride=by, padding=sides, dilation=apart, groups=groups, kind=operation), single)


def _transposed(
    operation: str,
    dims: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Steps,
    padding: Any,
    output_padding: Steps,
    groups: int,
    dilation: Steps,
) -> Any:
    x, single = _batched(input, dims, operation)
    w = shape_of(weight)
    if len(w) != dims + 2:
        raise RuntimeError(expected(operation, f"a {dims + 2}-dimensional weight (C, O/groups, *K)", f"shape {list(w)}"))
    channels = w[1] * groups
    _check(operation, x, weight, bias, channels, dims)
    if shape_of(x)[1] != w[0]:
        raise ShapeError(
            f"Given transposed=1, weight of size {list(w)}, expected input{list(shape_of(x))} to have {w[0]} channels, but got "
            f"{shape_of(x)[1]} channels instead (in {operation})"
        )
    by, apart = steps(stride, dims, f"{operation}: stride"), steps(dilation, dims, f"{operation}: dilation")
    extra = steps(output_padding, dims, f"{operation}: output_padding")
    if isinstance(padding, str):
        raise RuntimeError(expected(operation, "padding as numbers", repr(padding)))
    sides = pairs(padding, dims)
    for e, s, d in zip(extra, by, apart, strict=True):
        if e >= max(s, d):
            raise RuntimeError(
                f"output padding must be smaller than either stride or dilation, but got output_padding: {extra}, stride: {by}, "
                f"dilation: {apart} (in {operation})"
            )
    along = list(zip(shape_of(x)[2:], w[2:], by, sides, extra, apart, strict=True))
    size = tuple(transposed_size(n, k, s, p, e, d) for n, k, s, p, e, d in along)
    if any(n < 1 for n in size):
        raise RuntimeError(
            f"{operation}: Given input size per channel: {list(shape_of(x)[2:])}. Calculated output size per channel: {list(size)}. "
            "Output size is too small. Use less padding."
        )
    # output_padding of a stride or more uncovers what padding cut off, and beyond that adds zeros
    cut = tuple(min(e, p[1]) if e >= s else 0 for _, _, s, p, e, _ in along)
    zeros = tuple((0, e - c) if e >= s else (0, 0) for (_, _, s, _, e, _), c in zip(along, cut, strict=True))
    sides = tuple((a, b - c) for (a, b), c in zip(sides, cut, strict=True))
    shape = (shape_of(x)[0], channels, *(n - z for n, (_, z) in zip(size, zeros, strict=True)))
    y = _conv_input(x, weight, shape=shape, stride=by, padding=sides, dilation=apart, groups=groups, kind=operation)
    if any(z for _, z in zeros):
        y = pad_constant(y, widths=((0, 0), (0, 0), *zeros))
    if bias is not None:
        y = y + _reshape(bias, shape=(channels, *(1,) * dims), kind="unsqueeze")
    return _unbatched(y, single)
