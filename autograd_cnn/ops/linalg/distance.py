"""Distances and similarities of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.complaints import as_number
from ...engine.variable import array_of, ndim_of, shape_of
from ...errors import ShapeError, expected
from ...types.kinds import real_only
from ...types.promotion import Array
from ..elementwise.arithmetic import expand_to
from ..elementwise.clamp import _clamp
from ..index.index import select_copy, select_view
from ..reduce.reduce import _sum
from ..reduce.statistics import _norm
from ..registry.dims import normal_dim, reduced_dims
from ..registry.expose import expose
from ..shape.arrange import broadcast_shapes


def _along(x: Any, dim: int, operation: str) -> Any:
    """One dim as reductions take it."""
    ndim = ndim_of(x)
    return reduced_dims(normal_dim(dim, ndim, operation), ndim, operation)


@expose("function functional")
def pairwise_distance(x1: Array, x2: Array, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Array:
    """y = ‖x1 − x2 + eps‖_p over the last dim.   (*, D), (*, D) → (*) or (*, 1)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.pairwise_distance(ac.tensor([[3., 4.]]), ac.tensor([[0., 0.]]))
    tensor([5.0000])
    """
    array_of(x1), array_of(x2)
    d = x1 - x2 + eps
    return _norm(d, p=float(as_number("pairwise_distance", "p", p)), dims=_along(d, -1, "pairwise_distance"), keepdim=keepdim)


@expose("function functional")
def cosine_similarity(x1: Array, x2: Array, dim: int = 1, eps: float = 1e-8) -> Array:
    """y = x1 · x2 / (max(‖x1‖, eps) · max(‖x2‖, eps)) along `dim`, the inputs broadcast.   (*), (*) → (* without dim)

    >>> import autograd_cnn as ac
    >>> ac.cosine_similarity(ac.tensor([[1., 0.]]), ac.tensor([[1., 1.]]))
    tensor([0.7071])
    """
    shape = broadcast_shapes(shape_of(x1), shape_of(x2))
    x1, x2 = (x if shape_of(x) == shape else expand_to(x, shape=shape) for x in (x1, x2))
    at = normal_dim(dim, len(shape), "cosine_similarity")
    # each by its own length first: products of large entries, or of lengths, have no room in float32
    real_only("cosine_similarity", x1, x2)
    units = [x / _clamp(_norm(x, dims=_along(x, at, "cosine_similarity"), keepdim=True), min=eps) for x in (x1, x2)]
    return _sum(units[0] * units[1], dims=_along(x1, at, "cosine_similarity"))


@expose("function method")
def dist(input: Array, other: Array, p: float = 2) -> Array:
    """y = ‖input − other‖_p over all entries.   (*), (*) → ()

    >>> import autograd_cnn as ac
    >>> ac.dist(ac.tensor([3., 0.]), ac.tensor([0., 4.]))
    tensor(5.)
    """
    array_of(input), array_of(other)
    return _norm(input - other, p=float(as_number("dist", "p", p)))


@expose("function")
def cdist(x1: Array, x2: Array, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Array:
    """y_ij = ‖x1_i − x2_j‖_p: the distance of each vector of x1 to each of x2.   (*, P, M), (*, R, M) → (*, P, R)

    `compute_mode` chooses PyTorch's way to compute; here all give the same result. The gradient where the distance is 0 is 0.

    Raises:
        RuntimeError: less than 2 dims or different M.
        ValueError: an unknown mode.

    >>> import autograd_cnn as ac
    >>> ac.cdist(ac.tensor([[0., 0.]]), ac.tensor([[3., 4.], [0., 1.]]))
    tensor([[5., 1.]])
    """
    modes = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
    if compute_mode not in modes:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode: cdist expected one of {', '.join(modes)}.")
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values: expected p >= 0, got {p:g}.")
    for name, x in (("X1", x1), ("X2", x2)):
        if ndim_of(x) < 2:
            raise ShapeError(f"cdist only supports at least 2D tensors, {name} got: {ndim_of(x)}D")
    if shape_of(x1)[-1] != shape_of(x2)[-1]:
        raise ShapeError(f"X1 and X2 must have the same number of columns. X1: {shape_of(x1)[-1]} X2: {shape_of(x2)[-1]} (in cdist)")
    a = select_view(x1, at=(Ellipsis, slice(None), None, slice(None)))
    b = select_view(x2, at=(Ellipsis, None, slice(None), slice(None)))
    d = a - b
    return _norm(d, p=float(as_number("cdist", "p", p)), dims=(ndim_of(d) - 1,))


@expose("function functional")
def pdist(input: Array, p: float = 2.0) -> Array:
    """The distances ‖x_i − x_j‖_p of all pairs i < j of rows, as a vector.   (N, M) → (N(N − 1)/2)

    >>> import autograd_cnn as ac
    >>> ac.pdist(ac.tensor([[0.], [1.], [3.]]))
    tensor([1., 3., 2.])
    """
    if ndim_of(input) != 2:
        raise ShapeError(expected("pdist", "only supports 2D tensors, an input of 2 dims (N, M)", f"{ndim_of(input)}D"))
    i, j = np.triu_indices(shape_of(input)[0], 1)
    return _norm(select_copy(input, at=(i,)) - select_copy(input, at=(j,)), p=float(as_number("pdist", "p", p)), dims=(1,))
