"""Dims as PyTorch takes them: negative ones count from the end, a 0-d tensor counts as having one."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ...engine.variable import unbox
from ...primitives.cases import Draw

F = TypeVar("F", bound=Callable[..., Any])


class DimError(IndexError):
    """A dim that does not exist, or that holds nothing where something must be."""


def normal_dim(dim: Any, ndim: int, operation: str) -> int:
    """`dim`, counted from the front.

    >>> normal_dim(-1, 3, "sum")
    2
    """
    try:
        d = operator.index(unbox(dim))
    except TypeError:
        raise TypeError(f"{operation}(): argument 'dim' must be int, not {type(dim).__name__}") from None
    n = ndim or 1
    if not -n <= d < n:
        raise DimError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {d}) in {operation}")
    return d + n if d < 0 else d


def normal_dims(dims: Any, ndim: int, operation: str) -> tuple[int, ...]:
    """Several dims (an int, or any iterable of ints), counted from the front, in the order given; no dim twice.

    >>> normal_dims((0, -1), 3, "sum")
    (0, 2)
    """
    normal = tuple(normal_dim(d, ndim, operation) for d in (dims if isinstance(dims, Iterable) else (dims,)))
    for i, d in enumerate(normal):
        if d in normal[:i]:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims: expected each dim once in {operation}, got {dims}")
    return normal


def reduced_dims(dim: Any, ndim: int, operation: str) -> tuple[int, ...] | None:
    """The dims a reduction runs over, in ascending order; None for all of them (no dim given, none in the list, or a 0-d tensor)."""
    if dim is None:
        return None
    dims = tuple(sorted(normal_dims(dim, ndim, operation)))
    return dims if dims and ndim and len(dims) < ndim else None


def kept_shape(shape: tuple[int, ...], dims: tuple[int, ...] | None) -> tuple[int, ...]:
    """The shape with 1 in the place of the reduced dims."""
    return tuple(1 if dims is None or i in dims else n for i, n in enumerate(shape))


def count_along(shape: tuple[int, ...], dims: tuple[int, ...] | None) -> int:
    """How many entries a reduction over `dims` brings together."""
    n = 1
    for i, size in enumerate(shape):
        if dims is None or i in dims:
            n *= size
    return n


def numpy_names(fn: F) -> F:
    """Accept NumPy's argument names beside PyTorch's, as PyTorch does: `axis` for `dim`, `keepdims` for `keepdim`."""

    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            if "axis" in kwargs:
                kwargs["dim"] = kwargs.pop("axis")
            if "keepdims" in kwargs:
                kwargs["keepdim"] = kwargs.pop("keepdims")
        return fn(*args, **kwargs)

    return call  # type: ignore[return-value]  # the same signature and two more names


def sizes_by_name(name: str) -> Callable[[F], F]:
    """Accept the sizes or dims of `f(x, 2, 3)` and `f(x, (2, 3))` under their name, too: `f(x, dims=(2, 3))`."""

    def put(fn: F) -> F:
        @functools.wraps(fn)
        def call(*args: Any, **kwargs: Any) -> Any:
            return fn(*args, kwargs.pop(name), **kwargs) if name in kwargs else fn(*args, **kwargs)

        return call  # type: ignore[return-value]  # the same signature and one more name

    return put


def draw_dims(draw: Draw, ndim: int) -> tuple[int, ...] | None:
    """For cases: some dims of an array of `ndim` dims as the primitives take them (see `reduced_dims`)."""
    return reduced_dims(draw.dims(ndim, min_size=0), ndim, "cases") if ndim else None


def draw_dim(draw: Draw, ndim: int) -> int:
    """For cases: one dim, counted from the front."""
    return draw.dim(ndim) % ndim
