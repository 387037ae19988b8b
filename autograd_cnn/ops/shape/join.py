"""Several tensors put together: one after the other, on top of each other, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.variable import ndim_of, shape_of, unbox
from ...errors import ShapeError
from ...kernels.onednn import channels_last_ops
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.promotion import Array, result_type
from ..index.index import select_view
from ..registry.contiguous import contiguous_or_channels_last
from ..registry.dims import normal_dim, numpy_names
from ..registry.expose import expose
from .shape import Shape, _reshape, unsqueeze


@primitive(label="cat dim {dim}", family="shape", name="cat")
def _cat(*tensors: Array, dim: int) -> Array:
    """The tensors one after the other along `dim`"""
    dtype = result_type(*tensors)
    try:
        return contiguous_or_channels_last(np.concatenate(tensors, axis=dim, dtype=dtype, casting="unsafe"))
    except ValueError:
        shapes = " and ".join(str(list(shape_of(x))) for x in tensors)
        raise ShapeError(f"Sizes of tensors must match except in dimension {dim}: got {shapes} in cat") from None


@_cat.source
def _(tensors: Any) -> str:
    return f"np.concatenate([{', '.join(t.name for t in tensors)}], axis=dim)"


_cat.accelerated(channels_last_ops.cat)


@_cat.vjp("tensors")
def _(g: Array, tensors_shape: tuple[Shape, ...], dim: int, need: tuple[bool, ...]) -> tuple[Array | None, ...]:
    grads: list[Array | None] = []
    at = 0
    lead = (slice(None),) * dim
    for shape, wanted in zip(tensors_shape, need, strict=True):
        grads.append(select_view(g, at=(*lead, slice(at, at + shape[dim]), Ellipsis)) if wanted else None)
        at += shape[dim]
    return tuple(grads)


@_cat.cases
def _(draw: Draw) -> Case:
    sizes = [draw.integer(0, 3) for _ in range(draw.integer(1, 3))]
    return Case(*[draw.array((2, n, 2)) for n in sizes], dim=1)


@_cat.bad_cases
def _() -> Any:
    yield Bad(
        np.ones((2, 3)),
        np.ones((3, 3)),
        dim=1,
        error=RuntimeError,
        match="Sizes of tensors must match except in dimension 1",
    )


@_cat.onnx
def _(to: Emit, *tensors: Any, dim: Any) -> Any:
    return to.Concat(*to.alike(*tensors), axis=dim)


@expose("function")
@numpy_names
def cat(tensors: Sequence[Array], dim: int = 0) -> Array:
    """The tensors one after the other along `dim`; their other sizes must be equal.

    >>> import autograd_cnn as ac
    >>> ac.cat([ac.zeros(2), ac.ones(1)])
    tensor([0., 0., 1.])
    """
    parts = _listed(tensors, "cat")
    shapes = [shape_of(p) for p in parts]
    if any(len(s) == 0 for s in shapes):
        raise RuntimeError("zero-dimensional tensor cannot be concatenated: expected tensors of at least one dim in cat. Use stack().")
    real = [p for p, s in zip(parts, shapes, strict=True) if s != (0,)] or parts[:1]  # as PyTorch: an empty 1-D tensor fits anywhere
    first = shape_of(real[0])
    d = normal_dim(dim, len(first), "cat")
    for i, p in enumerate(real[1:], 1):
        s = shape_of(p)
        if len(s) != len(first):
            raise ShapeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(s)} in cat")
        for k, (a, b) in enumerate(zip(first, s, strict=True)):
            if a != b and k != d:
                raise ShapeError(
                    f"Sizes of tensors must match except in dimension {d}. Expected size {a} but got size {b} for tensor number "
                    f"{i} in the list (in cat)."
                )
    return _cat(*real, dim=d)


@expose("function")
@numpy_names
def concat(tensors: Sequence[Array], dim: int = 0) -> Array:
    """The same as `cat`.

    >>> import autograd_cnn as ac
    >>> ac.concat([ac.zeros(2), ac.ones(1)])
    tensor([0., 0., 1.])
    """
    return cat(tensors, dim)


@expose("function")
@numpy_names
def concatenate(tensors: Sequence[Array], dim: int = 0) -> Array:
    """The same as `cat`.

    >>> import autograd_cnn as ac
    >>> ac.concatenate([ac.zeros(2), ac.ones(1)])
    tensor([0., 0., 1.])
    """
    return cat(tensors, dim)


def _listed(tensors: Any, operation: str) -> list[Any]:
    if not isinstance(tensors, list | tuple):
        raise TypeError(f"{operation}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}")
    if not tensors:
        kind = ValueError if operation == "cat" else RuntimeError  # as PyTorch
        raise kind(f"{operation}(): expected a non-empty list of Tensors, got an empty one.")
    for i, x in enumerate(tensors):
        if not hasattr(unbox(x), "ndim"):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(x).__name__} (in {operation}); use tensor(…)")
    return list(tensors)


@expose("function")
@numpy_names
def stack(tensors: Sequence[Array], dim: int = 0) -> Array:
    """Tensors of one shape along a new dim.

    >>> import autograd_cnn as ac
    >>> ac.stack([ac.zeros(2), ac.ones(2)]).shape
    torch.Size([2, 2])
    """
    parts = _listed(tensors, "stack")
    first = shape_of(parts[0])
    for i, p in enumerate(parts):
        if shape_of(p) != first:
            raise ShapeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and {list(shape_of(p))} at entry {i}"
            )
    d = normal_dim(dim, len(first) + 1, "stack")
    return _cat(*[unsqueeze(p, d) for p in parts], dim=d)


# ------------------------------------------------------------------------------------------------- side by side
def _each(operation: str, tensors: tuple[Any, ...], lift: Any) -> Any:
    """Of one tensor the one, of several (also in one list) all of them."""
    if len(tensors) == 1 and not isinstance(tensors[0], list | tuple):
        return lift(tensors[0])
    given = _listed(tensors[0] if len(tensors) == 1 else tensors, operation)
    return tuple(lift(x) for x in given)


def _at_least(n: int, x: Any) -> Any:
    """A vector becomes a row (1, n), in three dims (1, n, 1), a matrix (m, n, 1); as NumPy has it."""
    if ndim_of(x) == 0:
        return _reshape(x, shape=(1,) * n, kind="unsqueeze")
    if ndim_of(x) == 1 and n > 1:
        x = unsqueeze(x, 0)
    return unsqueeze(x, 2) if ndim_of(x) == 2 and n == 3 else x


@expose("function")
def atleast_1d(*tensors: Any) -> Any:
    """With at least one dim: a 0-d tensor becomes a vector of one entry. Of several tensors: a tuple.

    >>> import autograd_cnn as ac
    >>> ac.atleast_1d(ac.tensor(3))
    tensor([3])
    """
    return _each("atleast_1d", tensors, lambda x: _at_least(1, x))


@expose("function")
def atleast_2d(*tensors: Any) -> Any:
    """With at least two dims: a vector becomes a row (1, n). Of several tensors: a tuple.

    >>> import autograd_cnn as ac
    >>> ac.atleast_2d(ac.tensor([1, 2]))
    tensor([[1, 2]])
    """
    return _each("atleast_2d", tensors, lambda x: _at_least(2, x))


@expose("function")
def atleast_3d(*tensors: Any) -> Any:
    """With at least three dims: a vector becomes (1, n, 1), a matrix (m, n, 1). Of several tensors: a tuple.

    >>> import autograd_cnn as ac
    >>> ac.atleast_3d(ac.tensor([1, 2])).shape
    torch.Size([1, 2, 1])
    """
    return _each("atleast_3d", tensors, lambda x: _at_least(3, x))


@expose("function")
def hstack(tensors: Sequence[Array]) -> Array:
    """Side by side: along dim 1, or dim 0 for vectors.

    >>> import autograd_cnn as ac
    >>> ac.hstack([ac.tensor([1, 2]), ac.tensor([3])])
    tensor([1, 2, 3])
    """
    parts = [_at_least(1, x) for x in _listed(tensors, "hstack")]
    return cat(parts, 0 if ndim_of(parts[0]) == 1 else 1)


@expose("function")
def vstack(tensors: Sequence[Array]) -> Array:
    """One under the other: along dim 0, vectors as rows.

    >>> import autograd_cnn as ac
    >>> ac.vstack([ac.tensor([1, 2]), ac.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    return cat([_at_least(2, x) for x in _listed(tensors, "vstack")], 0)


@expose("function")
def row_stack(tensors: Sequence[Array]) -> Array:
    """The same as `vstack`.

    >>> import autograd_cnn as ac
    >>> ac.row_stack([ac.tensor([1, 2]), ac.tensor([3, 4])]).shape
    torch.Size([2, 2])
    """
    return vstack(tensors)


@expose("function")
def dstack(tensors: Sequence[Array]) -> Array:
    """One behind the other: along dim 2, after `atleast_3d`.

    >>> import autograd_cnn as ac
    >>> ac.dstack([ac.zeros(4, 5), ac.zeros(4, 5)]).shape
    torch.Size([4, 5, 2])
    """
    return cat([_at_least(3, x) for x in _listed(tensors, "dstack")], 2)


@expose("function")
def column_stack(tensors: Sequence[Array]) -> Array:
    """Side by side along dim 1, vectors as columns.

    >>> import autograd_cnn as ac
    >>> ac.column_stack([ac.tensor([1, 2]), ac.tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    parts = _listed(tensors, "column_stack")
    columns = [_reshape(x, shape=(-1, 1), kind="unsqueeze") if ndim_of(x) < 2 else x for x in parts]
    return cat(columns, 1)
