"""Methods of Tensor that take other arguments than the functions of their names."""

from __future__ import annotations

from typing import Any

from ...engine.variable import shape_of
from ...ops.conv.fold import _windows
from ...ops.elementwise.select import _where
from ...ops.registry.dims import normal_dim
from ...ops.registry.expose import expose
from ...ops.shape.shape import _reshape
from ...types.promotion import Array


@expose("method")
def where(self: Array, condition: Array, other: Any) -> Array:
    """`x.where(condition, other)`: x where the condition holds, else other.

    >>> import autograd_cnn as ac
    >>> x = ac.tensor([1., -2.])
    >>> x.where(x > 0, 0.)
    tensor([1., 0.])
    """
    return _where(condition, self, other)


@expose("method")
def unfold(input: Array, dimension: int, size: int, step: int) -> Array:
    """Windows of `size` entries along a dim, `step` apart, with their entries in a new last dim; a view.

    >>> import autograd_cnn as ac
    >>> ac.arange(4).unfold(0, 2, 1)
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    shape = shape_of(input)
    d = normal_dim(dimension, len(shape), "unfold")
    n = shape[d] if shape else 1
    if size < 0 or size > n:
        raise RuntimeError(f"maximum size for tensor at dimension {d} is {n} but size is {size} (in unfold)")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0 (in unfold)")
    if not shape:
        return _reshape(input, shape=(1,), kind="unsqueeze")
    return _windows(input, dim=d, size=int(size), step=int(step))
