"""Convolution and its two adjoints, in any number of spatial dimensions.

With x (N, G·C, *S), w (G·O, C, *K) and y (N, G·O, *P), where p·stride + k·dilation walks the padded input:

    y[n, o, p]  = Σ_{c, k} w[o, c, k] · x[n, c, p·stride + k·dilation] + b[o]     `conv_forward` (cross-correlation)
    gx[n, c, q] = Σ_{o, k} w[o, c, k] · g[n, o, p]  over q = p·stride + k·dilation `conv_input_adjoint`
    gw[o, c, k] = Σ_{n, p} g[n, o, p] · x[n, c, p·stride + k·dilation]             `conv_weight_adjoint`

The three are linear in each argument, and each is the derivative of the others. Padding is a number, one for each
dimension, or (before, after) for each dimension.

Which way a case goes is decided in `_route` and `_cut`, from measurements; the ways are

- *pointwise*: a 1x1 kernel without padding is a matrix product on the array as it lies,
- *whole*: a kernel as large as the input is a linear layer,
- *depthwise*: one input channel a group is multiplied and added,
- *columns*: everything else is a matrix product on its windows, or scattered from one.

Each has its file.

Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing", 2006.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...errors import DtypeError, ShapeError, expected
from ..matmul import matmul
from ..memory.workspace import at_work, workspace
from . import depthwise, pointwise
from .columns import Block, Columns
from .geometry import Geometry, geometry
from .windows import Index, Padding, Shape, Steps, quiet

Array = npt.NDArray[Any]


@quiet
@at_work
def conv_forward(
    x: Array,
    w: Array,
    stride: Steps = 1,
    padding: Padding = 0,
    dilation: Steps = 1,
    groups: int = 1,
    bias: Array | None = None,
) -> Array:
    """Cross-correlation of x (N, G·C, *S) with w (G·O, C, *K), plus the bias (G·O,): y (N, G·O, *P).

    >>> conv_forward(np.array([[[1., 2., 3., 4.]]]), np.array([[[1., 10.]]]))
    array([[[21., 32., 43.]]])
    """
    geo = geometry(x.shape, w.shape, stride, padding, dilation, groups)
    _check_dtypes("input", x, "weight", w)
    if bias is not None and bias.shape != geo.y_shape[1:2]:
        raise ShapeError(expected("convolution", f"a bias of shape {geo.y_shape[1:2]}", f"{bias.shape}"))
    y = np.empty(geo.y_shape, x.dtype)
    if geo.empty:
        y.fill(0)
        return y if bias is None else np.add(y, _channels(bias, y.ndim), out=y)
    if geo.whole:
        matmul(_lines(x), _lines(w).T, out=y.reshape(geo.batch, -1))
    elif _route(geo) == "pointwise":
        pointwise.forward(geo, x, w, y)
    elif _route(geo) == "depthwise":
        depthwise.forward(geo.flat, _flat(x), _flat(w), _flat(y))
    else:
        _columns_forward(geo.flat, _flat(x), _flat(w), bias, _flat(y))
        return y
    return y if bias is None else np.add(y, _channels(bias, y.ndim), out=y)


@quiet
@at_work
def conv_input_adjoint(
    g: Array,
    w: Array,
    x_shape: Shape,
    stride: Steps = 1,
    padding: Padding = 0,
    dilation: Steps = 1,
    groups: int = 1,
) -> Array:
    """The derivative by x: g (N, G·O, *P) and w (G·O, C, *K) → gx of `x_shape`. Also the transposed convolution.

    >>> conv_input_adjoint(np.array([[[1., 0., 2.]]]), np.array([[[1., 10.]]]), (1, 1, 4))
    array([[[ 1., 10.,  2., 20.]]])
    """
    geo = geometry(tuple(x_shape), w.shape, stride, padding, dilation, groups)
    _check_gradient(geo, g)
    _check_dtypes("gradient", g, "weight", w)
    if geo.empty:
        return np.zeros(geo.x_shape, g.dtype)
    gx = np.empty(geo.x_shape, g.dtype)
    if geo.whole:
        matmul(_lines(g), _lines(w), out=gx.reshape(geo.batch, -1))
    elif _route(geo) == "pointwise":
        pointwise.input_adjoint(geo, g, w, gx)
    elif _route(geo) == "depthwise" and _finite(w):
        depthwise.input_adjoint(geo.flat, _flat(g), _flat(w), _flat(gx))
    elif _turns(geo) and _finite(w):  # the zeros around g must not meet an inf
        _turned_input(geo.flat, _flat(g), _flat(w), _flat(gx))
    else:
        _columns_input(geo.flat, _flat(g), _flat(w), _flat(gx))
    return gx


@quiet
@at_work
def conv_weight_adjoint(
    g: Array,
    x: Array,
    w_shape: Shape,
    stride: Steps = 1,
    padding: Padding = 0,
    dilation: Steps = 1,
    groups: int = 1,
) -> Array:
    """The derivative by w: g (N, G·O, *P) and x (N, G·C, *S) → gw of `w_shape`.

    >>> conv_weight_adjoint(np.array([[[1., 0., 2.]]]), np.array([[[1., 2., 3., 4.]]]), (1, 1, 2))
    array([[[ 7., 10.]]])
    """
    geo = geometry(x.shape, tuple(w_shape), stride, padding, dilation, groups)
    _check_gradient(geo, g)
    _check_dtypes("gradient", g, "input", x)
    if geo.empty:
        return np.zeros(geo.w_shape, g.dtype)
    if geo.whole:
        product: Array = np.matmul(_lines(g).T, _lines(x))
        return product.reshape(geo.w_shape)
    if _route(geo) == "pointwise":
        return pointwise.weight_adjoint(geo, g, x)
    if _route(geo) == "depthwise":
        gw = depthwise.weight_adjoint(geo.flat, _flat(g), _flat(x)).reshape(geo.w_shape)
        if _finite(gw):
            return gw
    return _columns_weight(geo.flat, _flat(g), _flat(x)).reshape(geo.w_shape)


def _check_dtypes(one: str, a: Array, other: str, b: Array) -> None:
    if a.dtype != b.dtype:
        wanted = f"{one} and {other} of one dtype"
        raise DtypeError(expected("convolution", wanted, f"{a.dtype} and {b.dtype}", "Cast one with .to(dtype)."))


def _check_gradient(geo: Geometry, g: Array) -> None:
    if g.shape != geo.y_shape:
        raise ShapeError(expected("convolution", f"a gradient of the output's shape {geo.y_shape}", f"{g.shape}"))


def _channels(bias: Array, dims: int) -> Array:
    return bias.reshape(-1, *(1,) * (dims - 2))


def _lines(x: Array) -> Array:
    """(N, …) -> (N, ∏), dense, as BLAS wants it"""
    return np.ascontiguousarray(x).reshape(len(x), -1)


def _flat(x: Array) -> Array:
    """A signal (…, L) as an image (…, L, 1), a view."""
    return x if x.ndim > 3 else x[..., None]


# -- which way ------------------------------------------------------------------------------------------------------


class Cut(NamedTuple):
    """How the column form is cut: samples at a time, output rows at once, positions in a block."""

    samples: int
    rows: int
    positions: int


# What these rest on: the best of all cuts on LeNet-5, ResNet-20 and ResNet-18 shapes, two cores, 2 MB of cache each.
_BLOCK_BYTES = 4 << 20  # columns of one block: with 1 MB the products get too short, beyond 8 MB the cache is missed
_PADDED_BYTES = 8 << 20  # padded samples held at a time
_MOST_SAMPLES = 64
_BUSY = 64_000_000  # operations from which the product of one piece outweighs the calls around it
_LARGE = 512  # positions from which the rows of one image are long enough to be copied as they lie
_SMALL = 2048  # positions that small images are brought together for
_TALL = 32  # rows of the weight matrix from which a product runs at full speed
_TALL_COLUMNS = 512  # from here on products are not thin, and taller kernels only add zeros
_POINTWISE = 128  # positions from which one image is enough for a product of its own


def _route(geo: Geometry) -> str:
    if geo.pointwise and (math.prod(geo.out) >= _POINTWISE or geo.batch == 1):
        return "pointwise"
    return "depthwise" if geo.depthwise else "columns"


def _turns(geo: Geometry) -> bool:
    """Whether the input's adjoint runs as a convolution of g with turned weights instead of scattering columns.

    Gathering is twice as fast as scattering, but it gathers O·∏S values where C·∏P would be scattered.
    """
    gathered, scattered = geo.outputs * math.prod(geo.size), geo.inputs * math.prod(geo.out)
    return max(geo.stride) == 1 and 2 * gathered <= 3 * scattered


def _cut(geo: Geometry, itemsize: int) -> Cut:
    area, rows = math.prod(geo.out), _rows_at_once(geo)
    columns = geo.groups * geo.inputs * math.prod(geo.kernel)
    tall = columns // geo.kernel[0] * (geo.kernel[0] + (rows - 1) * geo.stride[0])
    padded = geo.groups * geo.inputs * math.prod(s + sum(p) for s, p in zip(geo.size, geo.padding, strict=True))
    wanted = max(-(-_BUSY // (2 * geo.outputs * columns * area)), _SMALL // area if area < _LARGE else 1)
    samples = max(1, min(wanted, _MOST_SAMPLES, _PADDED_BYTES // (itemsize * padded)))
    samples = min(geo.batch, samples - samples % 8 if samples > 8 else samples)  # rows of whole vectors
    return Cut(samples, rows, max(16, _BLOCK_BYTES // (itemsize * tall)))


def _rows_at_once(geo: Geometry) -> int:
    columns, height, stride = geo.inputs * math.prod(geo.kernel[1:]), geo.kernel[0], geo.stride[0]
    if geo.dilation[0] > 1:
        return 1
    fits = (
        rows
        for rows in range(2, 1 + _TALL // geo.outputs)
        if geo.out[0] % rows == 0
        and (rows - 1) * stride * geo.outputs <= 4 * height  # the zeros: the fewer outputs, the more are worth it
        and columns * (height + (rows - 1) * stride) <= _TALL_COLUMNS
    )
    return max(fits, default=1)


# -- columns --------------------------------------------------------------------------------------------------------


class Piece(NamedTuple):
    """Some samples of the batch, in column form."""

    first: int
    columns: Columns
    positions: int
    fresh: bool  # the first of its size: the border of its padded samples is not yet zero

    def of(self, x: Array) -> Array:
        return x[self.first : self.first + self.columns.samples]


@functools.lru_cache(maxsize=1024)
def _pieces(geo: Geometry, itemsize: int, exact: bool = False) -> tuple[Piece, ...]:
    samples, rows, positions = _cut(geo, itemsize)
    rows = 1 if exact else rows
    whole = Columns(geo, samples, rows, itemsize)
    pieces = [Piece(first, whole, positions, first == 0) for first in range(0, geo.batch - samples + 1, samples)]
    if geo.batch % samples:
        rest = Columns(geo, geo.batch % samples, rows, itemsize)
        pieces.append(Piece(geo.batch - rest.samples, rest, positions, True))
    return tuple(pieces)


def _padded(piece: Piece, x: Array) -> Array:
    """The piece's samples, padded; x itself where there is nothing to pad or to turn."""
    columns, taken = piece.columns, piece.of(x)
    if columns.in_place and taken.flags.c_contiguous:
        return taken.reshape(columns.shape)
    padded = workspace("padded", columns.shape, x.dtype)
    if columns.geo.padded and piece.fresh:
        padded.fill(0)
    columns.load(taken, padded)
    return padded


def _gathered(columns: Columns, padded: Array, block: Block) -> Array:
    """(G, C·∏K, positions · n)"""
    found = workspace("columns", columns.column_shape(block), padded.dtype)
    columns.gather(padded, block, found)
    return found.reshape(columns.geo.groups, -1, math.prod(block.size) * columns.samples)


def _in_place(columns: Columns, y: Array, block: Block) -> Array | None:
    """The block's part of y itself as (G, O, positions), where one sample and one row at a time allow it."""
    if columns.samples > 1 or columns.rows > 1 or not y.flags.c_contiguous:
        return None
    return y.reshape(columns.geo.groups, columns.geo.outputs, -1)[:, :, columns.span(block)]


def _finite(values: Array) -> bool:
    """False if there is an inf or a nan (or if the squares overflow: then the slower way is taken for nothing)."""
    flat = values.reshape(-1)
    return bool(np.isfinite(np.dot(flat, flat)))


def _columns_forward(geo: Geometry, x: Array, w: Array, bias: Array | None, y: Array, exact: bool = False) -> None:
    pieces = _pieces(geo, x.itemsize, exact=exact)
    matrix = pieces[0].columns.tall(w)
    for piece in pieces:
        columns, target = piece.columns, piece.of(y)
        padded = _padded(piece, x)
        if columns.rows > 1 and not _finite(padded):  # the zeros of tall kernels would make nan of inf
            _columns_forward(geo, x, w, bias, y, exact=True)
            return
        for block in columns.blocks(piece.positions):
            gathered = _gathered(columns, padded, block)
            place = _in_place(columns, target, block)
            if place is None:
                result = workspace("result", columns.result_shape(block), y.dtype)
                matmul(matrix, gathered, out=result.reshape(geo.groups, -1, gathered.shape[-1]))
                columns.write(result, block, target, bias)
            else:
                matmul(matrix, gathered, out=place)
                if bias is not None:
                    np.add(place, bias.reshape(geo.groups, geo.outputs, 1), out=place)


def _gradient(columns: Columns, g: Array, block: Block) -> Array:
    """(G, r·O, positions · n)"""
    place = _in_place(columns, g, block)
    if place is not None:
        return place
    found = workspace("result", columns.result_shape(block), g.dtype)
    columns.read(g, block, found)
    return found.reshape(columns.geo.groups, -1, math.prod(block.size) * columns.samples)


def _columns_input(geo: Geometry, g: Array, w: Array, gx: Array, exact: bool = False) -> None:
    pieces = _pieces(geo, g.itemsize, exact=exact)
    matrix = pieces[0].columns.tall(w).swapaxes(1, 2)
    for piece in pieces:
        columns = piece.columns
        padded = workspace("padded", columns.shape, g.dtype)
        padded.fill(0)
        for block in columns.blocks(piece.positions):
            gradient = _gradient(columns, piece.of(g), block)
            if columns.rows > 1 and not _finite(gradient):
                _columns_input(geo, g, w, gx, exact=True)
                return
            scattered = workspace("columns", columns.column_shape(block), g.dtype)
            matmul(matrix, gradient, out=scattered.reshape(geo.groups, -1, gradient.shape[-1]))
            columns.scatter(scattered, block, padded)
        columns.unload(padded, piece.of(gx))


def _turned_input(geo: Geometry, g: Array, w: Array, gx: Array) -> None:
    """At stride 1, gx is g convolved with the weights turned by half a circle, their channels exchanged."""
    grouped = w.reshape(geo.groups, geo.outputs, geo.inputs, *geo.kernel)
    backwards: Index = (..., *(slice(None, None, -1) for _ in geo.kernel))
    flipped = grouped[backwards].swapaxes(1, 2)
    turned = flipped.reshape(geo.groups * geo.inputs, geo.outputs, *geo.kernel)
    reach = [d * (k - 1) for k, d in zip(geo.kernel, geo.dilation, strict=True)]
    wanted = [(r - before, r - after) for r, (before, after) in zip(reach, geo.padding, strict=True)]
    # where the padding of x went further than the kernel reaches, the outermost gradients touched zeros only
    kept = tuple(slice(max(-b, 0), size - max(-a, 0)) for (b, a), size in zip(wanted, geo.out, strict=True))
    sides = tuple((max(b, 0), max(a, 0)) for b, a in wanted)
    inner = g[(slice(None), slice(None), *kept)]
    _columns_forward(geometry(inner.shape, turned.shape, 1, sides, geo.dilation, geo.groups), inner, turned, None, gx)


def _columns_weight(geo: Geometry, g: Array, x: Array) -> Array:
    total: Array | None = None
    pieces = _pieces(geo, g.itemsize)
    for piece in pieces:
        columns = piece.columns
        padded = _padded(piece, x)
        for block in columns.blocks(piece.positions):
            gathered = _gathered(columns, padded, block).swapaxes(1, 2)
            gradient = _gradient(columns, piece.of(g), block)
            if total is None:
                total = np.matmul(gradient, gathered)
            else:
                part = workspace("weights", total.shape, total.dtype)
                np.add(total, np.matmul(gradient, gathered, out=part), out=total)
    if total is None:
        return np.zeros(geo.w_shape, g.dtype)
    return pieces[0].columns.short(total)
