"""One tensor taken apart along a dim: pieces that share its memory."""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.variable import dtype_of, ndim_of, shape_of
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import index
from ...types.promotion import Array
from ..index.index import narrow, select_view
from ..registry.derived import settled
from ..registry.dims import normal_dim
from ..registry.expose import expose
from .join import _cat
from .shape import Shape, _reshape


def _piece(index: int, sizes: Shape, dim: int) -> tuple[Any, tuple[Any, ...]]:
    """The same piece by a slice: so it counts as a view, which is written to and recorded anew alone."""
    end = builtins.sum(sizes[: index + 1])
    return select_view, ((*(slice(None),) * dim, slice(end - sizes[index], end), Ellipsis),)


@primitive(label="split", family="shape", several=True, view=_piece)
def _split(input: Array, *, sizes: Shape, dim: int) -> tuple[Array, ...]:
    """Pieces of the given sizes along `dim`, sharing memory"""
    ends = np.cumsum(sizes)
    lead = (slice(None),) * dim
    return tuple(input[(*lead, slice(b - n, b))] for n, b in zip(sizes, ends.tolist(), strict=True))


@_split.source
def _(sizes: Any, dim: int) -> str:
    ends = [sum(sizes[: k + 1]) for k in range(len(sizes))]
    parts = [f"input[{index((slice(None),) * dim + (slice(b - n, b),))}]" for n, b in zip(sizes, ends, strict=True)]
    return f"({', '.join(parts)},)"


@_split.vjp("input")
def _(g: tuple[Array | None, ...], input_shape: Shape, sizes: Shape, dim: int) -> Array:
    like = next(p for p in g if p is not None)
    dtype = dtype_of(like)
    parts = [np.zeros((*input_shape[:dim], n, *input_shape[dim + 1 :]), dtype) if p is None else p for p, n in zip(g, sizes, strict=True)]
    return _cat(*parts, dim=dim)


@_split.cases
def _(draw: Draw) -> Case:
    sizes = tuple(draw.integer(0, 2) for _ in range(draw.integer(1, 3)))
    return Case(draw.array((2, sum(sizes))), sizes=sizes, dim=1)


@_split.onnx
def _(to: Emit, input: Any, *, sizes: Any, dim: Any) -> Any:
    return to.Split(input, list(sizes), axis=dim, outs=len(sizes)) if len(sizes) != 1 else to.Identity(input)


@expose("function method")
def split(tensor: Array, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Array, ...]:
    """Pieces along `dim`: of one size (the last may be smaller), or of the sizes given. They share memory.

    What is written to a piece in place is differentiated as a write to a slice is. (PyTorch refuses it for `split`, `chunk` and `unbind`.)

    >>> import autograd_cnn as ac
    >>> ac.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    shape = shape_of(tensor)
    if not shape:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    d = normal_dim(dim, len(shape), "split")
    n = shape[d]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0 or (size == 0 and n):
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        sizes = tuple(builtins.min(size, n - i) for i in range(0, n, size)) if n else (0,)
    else:
        sizes = tuple(int(s) for s in split_size_or_sections)
        if sum(sizes) != n or any(s < 0 for s in sizes):
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {d}), but got "
                f"split_sizes={list(sizes)}"
            )
    return tuple(_split(tensor, sizes=sizes, dim=d))


@expose("function method")
def unsafe_split(tensor: Array, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Array, ...]:
    """The same as `split`.

    >>> import autograd_cnn as ac
    >>> ac.unsafe_split(ac.arange(3), 2)
    (tensor([0, 1]), tensor([2]))
    """
    return split(tensor, split_size_or_sections, dim)


@expose("function method")
def chunk(input: Array, chunks: int, dim: int = 0) -> tuple[Array, ...]:
    """At most `chunks` pieces of equal size (the last may be smaller). They share memory, as those of `split`.

    >>> import autograd_cnn as ac
    >>> [len(c) for c in ac.arange(7).chunk(3)]
    [3, 3, 1]
    """
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    d = normal_dim(dim, ndim_of(input), "chunk")
    n = shape_of(input)[d]
    return split(input, -(-n // chunks), d) if n else _split(input, sizes=(0,) * chunks, dim=d)


@expose("function method")
def unsafe_chunk(input: Array, chunks: int, dim: int = 0) -> tuple[Array, ...]:
    """The same as `chunk`.

    >>> import autograd_cnn as ac
    >>> ac.unsafe_chunk(ac.arange(3), 2)
    (tensor([0, 1]), tensor([2]))
    """
    return chunk(input, chunks, dim)


@expose("function method")
def unbind(input: Array, dim: int = 0) -> tuple[Array, ...]:
    """The slices along `dim`, without that dim. They share memory, as the pieces of `split`.

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1, 2], [3, 4]]).unbind(1)
    (tensor([1, 3]), tensor([2, 4]))
    """
    shape = shape_of(input)
    d = normal_dim(dim, len(shape), "unbind")
    rest = (*shape[:d], *shape[d + 1 :])
    return tuple(_reshape(p, shape=rest, kind="unbind") for p in _split(input, sizes=(1,) * shape[d], dim=d))


@expose("function method")
def split_with_sizes(input: Array, split_sizes: Sequence[int], dim: int = 0) -> tuple[Array, ...]:
    """`split` with the sizes of the pieces.

    >>> import autograd_cnn as ac
    >>> ac.split_with_sizes(ac.arange(3), [1, 2])
    (tensor([0]), tensor([1, 2]))
    """
    return split(input, tuple(split_sizes), dim)


@expose("function method")
def unsafe_split_with_sizes(input: Array, split_sizes: Sequence[int], dim: int = 0) -> tuple[Array, ...]:
    """The same as `split_with_sizes`.

    >>> import autograd_cnn as ac
    >>> ac.unsafe_split_with_sizes(ac.arange(3), [1, 2])
    (tensor([0]), tensor([1, 2]))
    """
    return split_with_sizes(input, split_sizes, dim)


@expose("function method")
def tensor_split(input: Array, indices_or_sections: Any, dim: int = 0) -> tuple[Array, ...]:
    """Pieces along `dim`: a number of them, whose sizes differ by at most one, or cut at the indices given.

    >>> import autograd_cnn as ac
    >>> ac.tensor_split(ac.arange(4), 3)
    (tensor([0, 1]), tensor([2]), tensor([3]))
    >>> ac.tensor_split(ac.arange(4), (1, 3))
    (tensor([0]), tensor([1, 2]), tensor([3]))
    """
    if not ndim_of(input):
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    d = normal_dim(dim, ndim_of(input), "tensor_split")
    n, where = shape_of(input)[d], settled("tensor_split", indices_or_sections, "Give the indices as Python numbers.")
    if hasattr(where, "dtype"):
        if where.dtype != np.int64 or where.ndim > 1:
            raise RuntimeError(
                f"tensor_split expected tensor_indices_or_sections to have dtype of long and at most one dim, got {where.dtype} "
                f"of shape {list(where.shape)}"
            )
        where = where.tolist()
    if isinstance(where, int):
        if where <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {where} in tensor_split")
        sizes = tuple(n // where + (i < n % where) for i in range(where))
        return tuple(_split(input, sizes=sizes, dim=d))
    ends = [0, *(slice(0, int(settled("tensor_split", i, "Give the indices as Python numbers."))).indices(n)[1] for i in where), n]
    return tuple(narrow(input, d, a, builtins.max(b - a, 0)) for a, b in itertools.pairwise(ends))


def _cut(operation: str, input: Any, where: Any, dim: int, least: int) -> tuple[Any, ...]:
    """`tensor_split` into equal parts only."""
    if not isinstance(where, int | Sequence) or isinstance(where, str):
        raise TypeError(f"{operation}(): argument 'indices_or_sections' must be an int or a tuple of ints, not {type(where).__name__}")
    shape = shape_of(input)
    if len(shape) < least:
        raise RuntimeError(
            f"torch.{operation} requires a tensor with at least {least} dimension{'s' * (least > 1)}, but got a tensor with "
            f"{len(shape)} dimensions!"
        )
    if isinstance(where, int) and (where <= 0 or shape[dim] % where):
        raise RuntimeError(
            f"torch.{operation} attempted to split along dimension {dim}, but the size of the dimension {shape[dim]} is not "
            f"divisible by the split_size {where}!"
        )
    return tensor_split(input, where, dim)


@expose("function method")
def hsplit(input: Array, indices_or_sections: Any) -> tuple[Array, ...]:
    """Pieces from left to right (dim 1, or 0 of a vector): a number of equal ones, or cut at the indices given.

    >>> import autograd_cnn as ac
    >>> ac.hsplit(ac.arange(4), 2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    return _cut("hsplit", input, indices_or_sections, 0 if ndim_of(input) == 1 else 1, 1)


@expose("function method")
def vsplit(input: Array, indices_or_sections: Any) -> tuple[Array, ...]:
    """Pieces from top to bottom (dim 0): a number of equal ones, or cut at the indices given.

    >>> import autograd_cnn as ac
    >>> [tuple(p.shape) for p in ac.vsplit(ac.zeros(4, 3), 2)]
    [(2, 3), (2, 3)]
    """
    return _cut("vsplit", input, indices_or_sections, 0, 2)


@expose("function method")
def dsplit(input: Array, indices_or_sections: Any) -> tuple[Array, ...]:
    """Pieces from front to back (dim 2): a number of equal ones, or cut at the indices given.

    >>> import autograd_cnn as ac
    >>> [tuple(p.shape) for p in ac.dsplit(ac.zeros(1, 2, 4), 2)]
    [(1, 2, 2), (1, 2, 2)]
    """
    return _cut("dsplit", input, indices_or_sections, 2, 3)
