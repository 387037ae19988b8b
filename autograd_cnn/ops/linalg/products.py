"""More products of vectors, composed of those in `linalg`: inner and vector products, powers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.variable import dtype_of, ndim_of, shape_of
from ...errors import ShapeError, allocating
from ...types.kinds import real_only
from ...types.promotion import Array
from ..index.index import select_view
from ..registry.dims import normal_dim
from ..registry.expose import expose
from ..shape.join import stack
from .matrix_products import dot, same_dtype, tensordot


@expose("function method")
def inner(input: Array, other: Array) -> Array:
    """Products summed over the last dim of both: y[i…, j…] = Σ_k input[i…, k] · other[j…, k]; of two vectors their dot product; with a 0-d
    tensor the plain product.

    >>> import autograd_cnn as ac
    >>> ac.inner(ac.tensor([1, 2, 3]), ac.tensor([0, 2, 1]))
    tensor(7)
    """
    a, b = shape_of(input), shape_of(other)
    if not a or not b:
        return input * other
    if a[-1] != b[-1]:
        raise ShapeError(f"inner() the last dimension must match on both input tensors but got shapes {list(a)} and {list(b)}")
    same_dtype("inner", input, other)
    return tensordot(input, other, ([len(a) - 1], [len(b) - 1]))


@expose("function method")
def vdot(input: Array, other: Array) -> Array:
    """The inner product of two vectors.   (n), (n) → ()

    >>> import autograd_cnn as ac
    >>> ac.vdot(ac.tensor([2, 3]), ac.tensor([2, 1]))
    tensor(7)
    """
    real_only("vdot", input, other)  # of complex numbers the first is conjugated
    return dot(input, other)


@expose("function method")
def cross(input: Array, other: Array, dim: int | None = None) -> Array:
    """The vector product along a dim of size 3 (the first such dim by default), the tensors broadcast.

    Raises:
        RuntimeError: the dim's size is not 3.

    >>> import autograd_cnn as ac
    >>> ac.cross(ac.tensor([1., 0., 0.]), ac.tensor([0., 1., 0.]), dim=0)
    tensor([0., 0., 1.])
    """
    a, b = shape_of(input), shape_of(other)
    if len(a) != len(b):
        raise ShapeError(f"linalg.cross: inputs must have the same number of dimensions: got {list(a)} and {list(b)}.")
    if dim is None:
        dim = next((i for i, n in enumerate(a) if n == 3), None)
        if dim is None:
            raise RuntimeError(f"no dimension of size 3 in input: cross got shape {list(a)}")
    d = normal_dim(dim, len(a), "cross")
    if a[d] != 3 or b[d] != 3:
        raise ShapeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {a[d]} and {b[d]}")
    x, z = ([select_view(v, at=(*(slice(None),) * d, i, Ellipsis)) for i in range(3)] for v in (input, other))
    return stack([x[1] * z[2] - x[2] * z[1], x[2] * z[0] - x[0] * z[2], x[0] * z[1] - x[1] * z[0]], d)


@expose("function")
@allocating
def vander(x: Array, N: int | None = None, increasing: bool = False) -> Array:
    """The powers of a vector's entries, x^(N−1) … x⁰ in each row (ascending with `increasing`).   (n) → (n, N)

    >>> import autograd_cnn as ac
    >>> ac.vander(ac.tensor([1, 2, 3]), N=2)
    tensor([[1, 1],
            [2, 1],
            [3, 1]])
    """
    if ndim_of(x) != 1:
        raise RuntimeError(f"x must be a one-dimensional tensor: vander got {ndim_of(x)} dims.")
    return powers_of(x, shape_of(x)[0] if N is None else N, increasing)


def powers_of(x: Any, n: int, increasing: bool) -> Any:
    """The powers 0 … n−1 of all entries, as a new last dim."""
    if n < 0:
        raise RuntimeError(f"N must be non-negative: vander got {n}.")
    powers = np.arange(n) if increasing else np.arange(n)[::-1]
    return x.reshape((*shape_of(x), 1)) ** powers.astype(dtype_of(x))
