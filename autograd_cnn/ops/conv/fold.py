"""Windows laid out as columns, and columns added back into an image: unfold and fold; sliding windows along one dim."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.variable import shape_of
from ...errors import ShapeError
from ...kernels.reference.windows import col2im, im2col, output_sizes, pairs, steps
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.promotion import Array
from ..registry.dims import draw_dim
from ..registry.expose import expose
from ..shape.shape import Shape, _reshape, unsqueeze

Steps = int | Sequence[int]


class UnfoldError(IndexError, RuntimeError):
    """An input of the wrong rank. (PyTorch raises now the one type, now the other.)"""


@primitive(label="unfold {kernel}", family="conv", name="unfold")
def _unfold(input: Array, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Array:
    """y[n, (c,k), p] = x[n,c,p·stride + k·dilation]: each window a column.   (N, C, *S) → (N, C·∏K, ∏P)"""
    return im2col(input, kernel, stride, padding, dilation)


@_unfold.vjp("input")
def _(g: Array, input_shape: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Array:
    return _fold(g, size=tuple(input_shape[2:]), kernel=kernel, stride=stride, padding=padding, dilation=dilation)


@primitive(label="fold {kernel}", family="conv", name="fold")
def _fold(input: Array, *, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Array:
    """The adjoint of `unfold`: columns added back where windows overlap.   (N, C·∏K, ∏P) → (N, C, *size)"""
    return col2im(input, size, kernel, stride, padding, dilation)


@_fold.vjp("input")
def _(g: Array, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Array:
    return _unfold(g, kernel=kernel, stride=stride, padding=padding, dilation=dilation)


def _problem(draw: Draw) -> tuple[Shape, dict[str, Any]]:
    kernel, stride, dilation = (tuple(draw.integer(1, 2) for _ in range(2)) for _ in range(3))
    padding = tuple(draw.integer(0, 1) for _ in range(2))
    size = tuple(d * (k - 1) + 1 + draw.integer(0, 2) for d, k in zip(dilation, kernel, strict=True))
    return size, {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}


def _counts(size: Shape, p: dict[str, Any]) -> Shape:
    return output_sizes(size, p["kernel"], p["stride"], pairs(p["padding"], len(size)), p["dilation"])


@_unfold.cases
def _(draw: Draw) -> Case:
    size, params = _problem(draw)
    return Case(draw.array((draw.integer(1, 2), 2, *size)), **params)


@_unfold.onnx
def _(to: Emit, input: Any, *, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    n, c = input.shape[:2]
    pads = (0, 0, *padding, 0, 0, *padding)
    x = to.Pad(input, list(pads))
    size = [int(s) + 2 * p for s, p in zip(input.shape[2:], padding, strict=True)]
    flat = to.reshape(x, (n, c, math.prod(size)))
    table = im2col(np.arange(1, math.prod(size) + 1, dtype=np.float64).reshape(1, 1, *size), kernel, stride, (0,) * len(size), dilation)[0]
    picked = to.Gather(flat, to.const(table.astype(np.int64) - 1), axis=2)
    return to.reshape(picked, (n, c * table.shape[0], table.shape[1]))


@_fold.cases
def _(draw: Draw) -> Case:
    size, params = _problem(draw)
    return Case(draw.array((draw.integer(1, 2), 2 * math.prod(params["kernel"]), math.prod(_counts(size, params)))), size=size, **params)


@_fold.onnx
def _(to: Emit, input: Any, *, size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    begin = tuple(padding)
    return to.Col2Im(input, [int(s) for s in size], list(kernel), strides=stride, dilations=dilation, pads=(*begin, *begin))


def _params(operation: str, kernel_size: Steps, dilation: Steps, padding: Steps, stride: Steps) -> dict[str, Shape]:
    given = {"kernel": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    found = {name: steps(v, 2, f"{operation}: {name}") for name, v in given.items()}
    for name, least in (("kernel", 1), ("dilation", 1), ("stride", 1), ("padding", 0)):
        if min(found[name]) < least:
            what = "kernel size" if name == "kernel" else name
            raise RuntimeError(
                f"{what} should be {'greater than zero' if least else 'non-negative'}, but got {found[name]} (in {operation})"
            )
    return found


@expose("functional")
def unfold(input: Array, kernel_size: Steps, dilation: Steps = 1, padding: Steps = 0, stride: Steps = 1) -> Array:
    """Each window of the image as a column (im2col): what turns a convolution into a product of matrices.
    (N, C, H, W) or (C, H, W) → (N, C·KH·KW, windows)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.unfold(ac.arange(9.).reshape(1, 1, 3, 3), 2)
    tensor([[[0., 1., 3., 4.],
             [1., 2., 4., 5.],
             [3., 4., 6., 7.],
             [4., 5., 7., 8.]]])
    """
    shape = shape_of(input)
    if len(shape) not in (3, 4) or not all(shape[-3:]):
        raise UnfoldError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
            "input, but got: "
            f"{list(shape)} (in unfold)"
        )
    params = _params("unfold", kernel_size, dilation, padding, stride)
    counts = _counts(shape[-2:], params)
    if min(counts) < 1:
        raise ShapeError(
            f"Given input with spatial size {list(shape[-2:])}, kernel_size={params['kernel']}, "
            f"dilation={params['dilation']}, "
            f"padding={params['padding']}, calculated shape of the array of sliding blocks as {counts}, but its "
            "components must be "
            "at least one (in unfold)."
        )
    if len(shape) == 4:
        return _unfold(input, **params)
    y = _unfold(unsqueeze(input, 0), **params)
    return _reshape(y, shape=shape_of(y)[1:], kind="squeeze")


@expose("functional")
def fold(input: Array, output_size: Steps, kernel_size: Steps, dilation: Steps = 1, padding: Steps = 0, stride: Steps = 1) -> Array:
    """Columns added back into an image, overlaps summed: the adjoint of `unfold`.
    (N, C·KH·KW, windows) or (C·KH·KW, windows) → (N, C, *output_size)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.fold(ac.ones(1, 4, 4), (3, 3), 2)
    tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """
    shape = shape_of(input)
    if len(shape) not in (2, 3) or not all(shape[-2:]):
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions "
            "for input, but got: "
            f"{list(shape)} (in fold)"
        )
    params = _params("fold", kernel_size, dilation, padding, stride)
    size = steps(output_size, 2, "fold: output_size")
    rows, counts = math.prod(params["kernel"]), _counts(size, params)
    if shape[-2] % rows:
        raise ShapeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)="
            f"{shape[-2]} and kernel_size={params['kernel']} (in fold)."
        )
    if min(counts) < 1:
        raise ShapeError(
            f"Given output_size={size}, kernel_size={params['kernel']}, dilation={params['dilation']}, "
            f"padding={params['padding']}, "
            f"stride={params['stride']}, calculated shape of the array of sliding blocks as {counts}, which is too "
            "small (in fold)."
        )
    if shape[-1] != math.prod(counts):
        raise ShapeError(
            f"Given output_size={size}, kernel_size={params['kernel']}, dilation={params['dilation']}, "
            f"padding={params['padding']}, "
            f"stride={params['stride']}, expected size of input's dimension 2 to match the calculated number of "
            "sliding blocks "
            f"{counts[0]} * {counts[1]} = {math.prod(counts)}, but got input.size(2)={shape[-1]} (in fold)."
        )
    if len(shape) == 3:
        return _fold(input, size=size, **params)
    y = _fold(unsqueeze(input, 0), size=size, **params)
    return _reshape(y, shape=shape_of(y)[1:], kind="squeeze")


# ------------------------------------------------------------------------------------------------- along one dim
@primitive(label="windows of {size}", family="shape", view=True, name="windows")
def _windows(input: Array, *, dim: int, size: int, step: int) -> Array:
    """y[…, p, …, k] = x[…, p·step + k, …]: sliding windows along `dim`, their entries in a new last dim; a view"""
    y = np.lib.stride_tricks.sliding_window_view(input, size, axis=dim, writeable=input.flags.writeable)
    return y[(slice(None),) * dim + (slice(None, None, step),)]


@_windows.vjp("input")
def _(g: Array, input_shape: Shape, dim: int, size: int, step: int) -> Array:
    return _windows_adjoint(g, shape=input_shape, dim=dim, size=size, step=step)


@_windows.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1, min_side=2))
    dim = draw_dim(draw, x.ndim)
    return Case(x, dim=dim, size=draw.integer(1, x.shape[dim]), step=draw.integer(1, 3))


@_windows.onnx
def _(to: Emit, input: Any, *, dim: Any, size: Any, step: Any) -> Any:
    rest = [d for d in range(len(input.shape)) if d != dim]
    count = (int(input.shape[dim]) - size) // step + 1
    table = np.arange(count)[:, None] * step + np.arange(size)
    picked = to.Gather(input, to.const(table.astype(np.int64)), axis=dim)
    return to.Transpose(picked, perm=[*(d if d <= dim else d + 1 for d in range(len(rest) + 1)), dim + 1])


@primitive(label="windows added", family="shape", name="windows_adjoint")
def _windows_adjoint(input: Array, *, shape: Shape, dim: int, size: int, step: int) -> Array:
    """The adjoint of sliding windows: each entry is added where it was read"""
    y = np.zeros(shape, input.dtype)
    count = input.shape[dim]
    for k in range(size):
        y[(slice(None),) * dim + (slice(k, k + (count - 1) * step + 1, step),)] += input[..., k]
    return y


@_windows_adjoint.vjp("input")
def _(g: Array, dim: int, size: int, step: int) -> Array:
    return _windows(g, dim=dim, size=size, step=step)


@_windows_adjoint.cases
def _(draw: Draw) -> Case:
    n, size, step = draw.integer(2, 5), draw.integer(1, 2), draw.integer(1, 2)
    return Case(draw.array((2, (n - size) // step + 1, size)), shape=(2, n), dim=1, size=size, step=step)
