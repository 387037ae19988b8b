"""Triangles and diagonals of matrices: kept, read, written."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.variable import ndim_of, shape_of
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand
from ...types.promotion import Array
from ..registry.dims import normal_dim
from ..registry.expose import expose
from .shape import Shape, clone


@primitive(label="triangle", family="shape")
def _triangle(input: Array, *, diagonal: int, lower: bool) -> Array:
    """The entries on one side of a diagonal, zeros on the other"""
    return np.tril(input, diagonal) if lower else np.triu(input, diagonal)


@_triangle.source
def _(diagonal: int, lower: bool) -> str:
    return f"np.tri{'l' if lower else 'u'}(input{', diagonal' if diagonal else ''})"


@_triangle.vjp("input")
def _(g: Array, diagonal: int, lower: bool) -> Array:
    return _triangle(g, diagonal=diagonal, lower=lower)


@_triangle.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((3, 4)), diagonal=draw.integer(-2, 2), lower=draw.boolean())


@_triangle.onnx
def _(to: Emit, input: Any, *, diagonal: Any, lower: Any) -> Any:
    return to.Trilu(input, to.const(diagonal, np.int64), upper=int(not lower))


@expose("function method inplace")
def tril(input: Array, diagonal: int = 0) -> Array:
    """The lower triangle of the last two dims, zeros above.

    >>> import autograd_cnn as ac
    >>> ac.ones(2, 2).tril()
    tensor([[1., 0.],
            [1., 1.]])
    """
    return _triangle(_matrix(input, "tril"), diagonal=diagonal, lower=True)


@expose("function method inplace")
def triu(input: Array, diagonal: int = 0) -> Array:
    """The upper triangle of the last two dims, zeros below.

    `diagonal` moves the border up (> 0) or down (< 0).

    >>> import autograd_cnn as ac
    >>> ac.ones(2, 2).triu()
    tensor([[1., 1.],
            [0., 1.]])
    """
    return _triangle(_matrix(input, "triu"), diagonal=diagonal, lower=False)


def _matrix(x: Any, operation: str) -> Any:
    if ndim_of(x) < 2:
        raise RuntimeError(f"{operation}: input tensor must have at least 2 dimensions, got {ndim_of(x)}")
    return x


def _within(offset: int, shape: Shape) -> int:
    """Diagonals that lie outside are empty, however far outside (NumPy counts in 32 bits)."""
    most = max(shape)
    return max(-most, min(offset, most))


@primitive(label="diagonal {offset}", family="shape", view=True)
def _diagonal(input: Array, *, offset: int, dim1: int, dim2: int) -> Array:
    """The entries i, i + offset of two dims, as the last dim; a view"""
    y = np.diagonal(input, _within(offset, input.shape), dim1, dim2)
    if isinstance(input, np.ndarray) and input.flags.writeable:
        y.flags.writeable = True
    return y


@_diagonal.source
def _(input: Operand, offset: int, dim1: int, dim2: int) -> str:
    plain = offset == 0 and input.ndim == 2 and (dim1 % 2, dim2 % 2) == (0, 1)
    return "np.diagonal(input)" if plain else "np.diagonal(input, offset, dim1, dim2)"


@_diagonal.vjp("input")
def _(g: Array, input_shape: Shape, offset: int, dim1: int, dim2: int) -> Array:
    return _diagonal_adjoint(g, shape=input_shape, offset=offset, dim1=dim1, dim2=dim2)


@_diagonal.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((3, 2, 4)), offset=draw.integer(-2, 2), dim1=0, dim2=draw.choice([1, 2]))


@_diagonal.onnx
def _(to: Emit, input: Any, *, offset: Any, dim1: Any, dim2: Any) -> Any:
    n = len(input.shape)
    one, two = dim1 % n, dim2 % n
    x = to.Transpose(input, perm=[*(d for d in range(n) if d not in (one, two)), one, two])
    lead = [input.shape[d] for d in range(n) if d not in (one, two)]
    table = np.diagonal(
        np.arange(int(input.shape[one]) * int(input.shape[two])).reshape(int(input.shape[one]), int(input.shape[two])), offset
    )
    return to.Gather(to.reshape(x, (*lead, int(input.shape[one]) * int(input.shape[two]))), to.const(table.astype(np.int64)), axis=n - 2)


@primitive(label="on diagonal", family="shape")
def _diagonal_adjoint(input: Array, *, shape: Shape, offset: int, dim1: int, dim2: int) -> Array:
    """The adjoint of `diagonal`: zeros with the input on the diagonal"""
    y = np.zeros(shape, input.dtype)
    on = np.diagonal(y, _within(offset, shape), dim1, dim2)
    on.flags.writeable = True
    on[...] = input
    return y


@_diagonal_adjoint.vjp("input")
def _(g: Array, offset: int, dim1: int, dim2: int) -> Array:
    return _diagonal(g, offset=offset, dim1=dim1, dim2=dim2)


@_diagonal_adjoint.onnx
def _(to: Emit, input: Any, *, shape: Any, offset: Any, dim1: Any, dim2: Any) -> Any:
    sizes = tuple(int(n) for n in shape)
    on = np.diagonal(np.arange(math.prod(sizes)).reshape(sizes), _within(offset, sizes), dim1, dim2)
    zeros = to.const(np.zeros(math.prod(sizes)), input.dtype)
    return to.reshape(to.ScatterElements(zeros, to.const(on.reshape(-1).astype(np.int64)), to.Reshape(input, [-1]), axis=0), shape)


@_diagonal_adjoint.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((2,)), shape=(2, 3), offset=draw.choice([0, 1]), dim1=0, dim2=1)


@expose("function method")
def diagonal(input: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """The diagonal of two dims, as the last dim of a view.

    `offset` > 0 is above the main diagonal, < 0 below. Errors: RuntimeError if both dims are the same.

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2], [3, 4]]).diagonal()
    tensor([1, 4])
    """
    a, b = normal_dim(dim1, ndim_of(input), "diagonal"), normal_dim(dim2, ndim_of(input), "diagonal")
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return _diagonal(input, offset=offset, dim1=a, dim2=b)


@expose("function method")
def diag(input: Array, diagonal: int = 0) -> Array:
    """Of a vector the matrix with it on the diagonal; of a matrix its diagonal, as a copy (`diagonal` gives a view).

    >>> import autograd_cnn as ac
    >>> ac.diag(ac.tensor([1., 2.]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    if ndim_of(input) == 1:
        return diag_embed(input, diagonal)
    if ndim_of(input) != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim_of(input)}D")
    return clone(_diagonal(input, offset=diagonal, dim1=0, dim2=1))


@expose("function method")
def diag_embed(input: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:
    """Matrices with the last dim on their diagonal, which lies in the dims `dim1` and `dim2` of the result.   (*, n) → (*, n, n)

    `offset` > 0 puts it above the main diagonal, < 0 below. Raises RuntimeError if both dims are the same, IndexError for one out of
    range.

    >>> import autograd_cnn as ac
    >>> ac.diag_embed(ac.tensor([1, 2]), offset=1)
    tensor([[0, 1, 0],
            [0, 0, 2],
            [0, 0, 0]])
    """
    shape = shape_of(input)
    a, b = (normal_dim(d, len(shape) + 1, "diag_embed") for d in (dim1, dim2))
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2} in diag_embed")
    n = shape[-1] + abs(offset)
    sizes = list(shape[:-1])
    for d in sorted((a, b)):
        sizes.insert(d, n)
    return _diagonal_adjoint(input, shape=tuple(sizes), offset=offset, dim1=a, dim2=b)


@expose("method")
def trace(input: Array) -> Array:
    """The sum of a matrix's diagonal. (As a function, `autograd_cnn.trace` of a tensor; of a function it records its graph.)

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2], [3, 4]]).trace()
    tensor(5)
    """
    from ..reduce.reduce import sum as total

    if ndim_of(input) != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {ndim_of(input)}")
    return total(_diagonal(input, offset=0, dim1=0, dim2=1))
