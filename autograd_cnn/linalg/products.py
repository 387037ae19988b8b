"""Products, diagonals, powers."""

from __future__ import annotations

from typing import Any

from ..engine.variable import shape_of
from ..ops.linalg.matrix_products import matmul
from ..ops.linalg.products import cross as _cross
from ..ops.linalg.products import powers_of
from ..ops.shape.diagonals import diagonal as _diagonal
from ..types.kinds import real_only


def multi_dot(tensors: Any) -> Any:
    """The product of several matrices (the first and the last may be vectors).

    Raises:
        RuntimeError: fewer than two.

    >>> import autograd_cnn as ac
    >>> multi_dot([ac.ones(1, 2), ac.ones(2, 3), ac.ones(3)])
    tensor([6.])
    """
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    product = tensors[0]
    for other in tensors[1:]:
        product = matmul(product, other)
    return product


def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """Σ x y along a dim.   (…, n), (…, n) → (…)

    >>> import autograd_cnn as ac
    >>> vecdot(ac.ones(2, 3), ac.ones(2, 3))
    tensor([3., 3.])
    """
    real_only("linalg.vecdot", x, y)  # of complex numbers the first is conjugated
    return (x * y).sum(dim)


def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The vector product along a dim of size 3 (the last by default), the tensors broadcast.

    >>> import autograd_cnn as ac
    >>> cross(ac.tensor([1., 0., 0.]), ac.tensor([0., 1., 0.]))
    tensor([0., 0., 1.])
    """
    return _cross(input, other, dim)


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonals of matrices, as the last dim of a view.   (…, n, n) → (…, n)

    >>> import autograd_cnn as ac
    >>> diagonal(ac.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return _diagonal(A, offset, dim1, dim2)


def vander(x: Any, *, N: int | None = None) -> Any:
    """The powers x⁰ … x^(N−1) of a vector's entries, a row for each.   (…, n) → (…, n, N)

    Raises:
        RuntimeError: N < 2.

    >>> import autograd_cnn as ac
    >>> vander(ac.tensor([1, 2]), N=3)
    tensor([[1, 1, 1],
            [1, 2, 4]])
    """
    shape = shape_of(x)
    if N is not None and N <= 1:
        raise RuntimeError(f"N must be greater than 1: linalg.vander got {N}.")
    return powers_of(x if shape else x.reshape((1,)), (shape[-1] if shape else 1) if N is None else N, True)
