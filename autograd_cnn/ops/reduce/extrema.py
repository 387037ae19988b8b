"""Greatest and smallest entries, and where they stand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.variable import Variable, ndim_of, size_of, unbox
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, over
from ...types.promotion import Array
from ..elementwise.arithmetic import cast
from ..elementwise.select import _where, maximum, minimum
from ..index.take_along import put_along
from ..registry import return_types
from ..registry.contiguous import contiguous
from ..registry.derived import sure
from ..registry.dims import DimError, count_along, draw_dim, draw_dims, kept_shape, normal_dim, numpy_names, reduced_dims
from ..registry.expose import expose
from ..shape.shape import _reshape
from .reduce import Dims, _sum

_maximum: Any = np.maximum  # Any: NumPy's types know no `keepdims: bool`
_minimum: Any = np.minimum


def _nonempty(x: Any, operation: str, dims: Dims, error: type[Exception] = DimError) -> None:
    """A greatest entry of nothing does not exist; an empty result is fine."""
    if size_of(x) == 0 and count_along(x.shape, dims) == 0:
        if dims is None:
            raise error(
                f"{operation}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
                "'dim' argument."
            )
        empty = next(d for d in dims if x.shape[d] == 0)
        raise DimError(f"{operation}(): Expected reduction dim {empty} to have non-zero size.")


def _shared(g: Array, y: Array, input: Array, shape: tuple[int, ...], dims: Dims) -> Array:
    """The gradient of an extremum: shared evenly among the entries that attain it (all NaNs, if it is NaN)."""
    small = kept_shape(shape, dims)
    g, y = g.reshape(small), y.reshape(small)
    hit = input == y
    if not sure(_no_nan, y):
        hit = hit | ((input != input) & (y != y))
    share = g / _sum(cast(hit, dtype=g.dtype), dims=dims, keepdim=True)
    return _where(hit, share, 0.0)


def _no_nan(y: Array) -> bool:
    return not np.isnan(y).any()


def _distinct(draw: Draw) -> Case:
    x = draw.array(distinct=True)
    return Case(x, dims=draw_dims(draw, x.ndim), keepdim=draw.boolean())


def _distinct_dim(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1), distinct=True)
    return Case(x, dim=draw_dim(draw, x.ndim), keepdim=draw.boolean())


# ------------------------------------------------------------------------------------------------- over several dims
@primitive(name="amax", label="max", family="reduce", real=True)
def _amax(input: Array, *, dims: Dims = None, keepdim: bool = False) -> Array:
    """y = max input over dims"""
    _nonempty(input, "amax", dims)
    return contiguous(_maximum.reduce(input, axis=dims, keepdims=keepdim))


@_amax.source
def _(input: Operand, dims: Any, keepdim: bool) -> str:
    return f"input.max({over(dims, keepdim)})"


@_amax.vjp("input")
def _(g: Array, y: Array, input: Array, input_shape: tuple[int, ...], dims: Dims) -> Array:
    return _shared(g, y, input, input_shape, dims)


_amax.cases(_distinct)


@primitive(name="amin", label="min", family="reduce", real=True)
def _amin(input: Array, *, dims: Dims = None, keepdim: bool = False) -> Array:
    """y = min input over dims"""
    _nonempty(input, "amin", dims)
    return contiguous(_minimum.reduce(input, axis=dims, keepdims=keepdim))


@_amin.source
def _(input: Operand, dims: Any, keepdim: bool) -> str:
    return f"input.min({over(dims, keepdim)})"


@_amin.vjp("input")
def _(g: Array, y: Array, input: Array, input_shape: tuple[int, ...], dims: Dims) -> Array:
    return _shared(g, y, input, input_shape, dims)


@_amin.onnx
def _(to: Emit, input: Any, *, dims: Any, keepdim: Any) -> Any:
    return to.reduce("Min", input, dims, keepdim)


_amin.cases(_distinct)


@_amax.bad_cases
def _() -> Any:
    yield Bad(np.ones((0, 3)), error=IndexError, match="Specify the reduction dim")
    yield Bad(np.ones((0, 3)), dims=(0,), error=IndexError, match="Expected reduction dim 0 to have non-zero size")


@_amax.onnx
def _(to: Emit, input: Any, *, dims: Any, keepdim: Any) -> Any:
    return to.reduce("Max", input, dims, keepdim)


@expose("function method")
@numpy_names
def amax(input: Array, dim: Any = (), keepdim: bool = False) -> Array:
    """y = the greatest entries over `dim` (an int or several; all by default). Equal ones share the gradient evenly.

    Raises:
        IndexError: nothing is there to compare.

    >>> import autograd_cnn as ac
    >>> ac.amax(ac.tensor([[1., 4.], [3., 2.]]), dim=1)
    tensor([4., 3.])
    """
    dims = reduced_dims(dim, ndim_of(input), "amax")
    return _amax(_filled(input, "amax") if dim == () else input, dims=dims, keepdim=keepdim)


@expose("function method")
@numpy_names
def amin(input: Array, dim: Any = (), keepdim: bool = False) -> Array:
    """y = the smallest entries over `dim` (an int or several; all by default). Equal ones share the gradient evenly.

    Raises:
        IndexError: nothing is there to compare.

    >>> import autograd_cnn as ac
    >>> ac.amin(ac.tensor([[1., 4.], [3., 2.]]), dim=1)
    tensor([1., 2.])
    """
    dims = reduced_dims(dim, ndim_of(input), "amin")
    return _amin(_filled(input, "amin") if dim == () else input, dims=dims, keepdim=keepdim)


@expose("function method")
@numpy_names
def aminmax(input: Array, *, dim: int | None = None, keepdim: bool = False) -> return_types.aminmax:
    """The smallest and the greatest entries, along one dim or of all, as a named tuple (min, max).

    >>> import autograd_cnn as ac
    >>> ac.aminmax(ac.tensor([3., 1., 2.])).min
    tensor(1.)
    """
    if not size_of(input) and dim is None:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity. Name a dim that is not empty."
        )
    dims = None if dim is None else reduced_dims(normal_dim(dim, ndim_of(input), "aminmax"), ndim_of(input), "aminmax")
    return return_types.aminmax(_amin(input, dims=dims, keepdim=keepdim), _amax(input, dims=dims, keepdim=keepdim))


# ------------------------------------------------------------------------------------------------- along one dim
def _arg(finder: Any, input: Array, dim: int, keepdim: bool) -> Array:
    if not input.ndim:
        return np.zeros((), np.int64)
    return finder(input, axis=dim, keepdims=keepdim)


@primitive(name="max_dim", label="max", family="reduce", real=True, outputs=("values", "indices"))
def _max(input: Array, *, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The greatest entry along dim and the index of the first one; NaN is greatest"""
    _nonempty(input, "max", (dim,))
    values = contiguous(_maximum.reduce(input, axis=dim, keepdims=keepdim)) if input.ndim else input.copy()
    return values, _arg(np.argmax, input, dim, keepdim)


@_max.source
def _(input: Operand, dim: int, keepdim: bool) -> str | None:
    given = over((dim,), keepdim)
    return f"(input.max({given}), input.argmax({given}))" if input.ndim else None


@_max.vjp("input")
def _(g: Array, indices: Array, input_shape: tuple[int, ...], dim: int) -> Array:
    return _put_one(g, indices, input_shape, dim)


@_max.onnx
def _(to: Emit, input: Any, *, dim: Any, keepdim: Any) -> Any:
    if not input.shape:
        return to.Identity(input), to.Identity(to.const(0, np.int64))
    return to.reduce("Max", input, (dim,), keepdim), to.ArgMax(input, axis=dim, keepdims=int(keepdim))


def _put_one(g: Array, indices: Array, shape: tuple[int, ...], dim: int) -> Array:
    """The gradient of picking one entry of each slice."""
    if not shape:
        return g
    return put_along(g, at=unbox(_reshape(indices, shape=kept_shape(shape, (dim,)))), dim=dim, size=shape[dim])


_max.cases(_distinct_dim)


@primitive(name="min_dim", label="min", family="reduce", real=True, outputs=("values", "indices"))
def _min(input: Array, *, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The smallest entry along dim and the index of the first one; NaN is smallest"""
    _nonempty(input, "min", (dim,))
    values = contiguous(_minimum.reduce(input, axis=dim, keepdims=keepdim)) if input.ndim else input.copy()
    return values, _arg(np.argmin, input, dim, keepdim)


@_min.source
def _(input: Operand, dim: int, keepdim: bool) -> str | None:
    given = over((dim,), keepdim)
    return f"(input.min({given}), input.argmin({given}))" if input.ndim else None


@_min.vjp("input")
def _(g: Array, indices: Array, input_shape: tuple[int, ...], dim: int) -> Array:
    return _put_one(g, indices, input_shape, dim)


@_min.onnx
def _(to: Emit, input: Any, *, dim: Any, keepdim: Any) -> Any:
    if not input.shape:
        return to.Identity(input), to.Identity(to.const(0, np.int64))
    return to.reduce("Min", input, (dim,), keepdim), to.ArgMin(input, axis=dim, keepdims=int(keepdim))


_min.cases(_distinct_dim)


@expose("function method")
@numpy_names
def max(input: Array, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The greatest entry of all; with `dim`, a named tuple (values, indices) of the greatest along it; with another tensor,
    the entry-by-entry `maximum`.

    Of equal entries the first is chosen along a dim; in the full reduction they share the gradient evenly. NaN counts as greatest.

    Raises:
        RuntimeError, IndexError: nothing is there to compare.

    >>> import autograd_cnn as ac
    >>> ac.max(ac.tensor([1., 3., 2.]))
    tensor(3.)
    >>> ac.max(ac.tensor([[1., 3.], [5., 2.]]), 1).indices
    tensor([1, 0])
    """
    if other is not None or isinstance(dim, Variable):
        return maximum(input, dim if other is None else other)
    if dim is None:
        return _amax(_filled(input, "max"))
    at = normal_dim(dim, ndim_of(input), "max")
    return return_types.max(*_max(input, dim=at, keepdim=keepdim))


@expose("function method")
@numpy_names
def min(input: Array, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest entry of all; with `dim`, a named tuple (values, indices) of the smallest along it; with another tensor,
    the entry-by-entry `minimum`.

    Of equal entries the first is chosen along a dim; in the full reduction they share the gradient evenly. NaN counts as smallest.

    Raises:
        RuntimeError, IndexError: nothing is there to compare.

    >>> import autograd_cnn as ac
    >>> ac.min(ac.tensor([[1., 3.], [5., 2.]]), dim=0).values
    tensor([1., 2.])
    """
    if other is not None or isinstance(dim, Variable):
        return minimum(input, dim if other is None else other)
    if dim is None:
        return _amin(_filled(input, "min"))
    at = normal_dim(dim, ndim_of(input), "min")
    return return_types.min(*_min(input, dim=at, keepdim=keepdim))


def _filled(input: Any, operation: str) -> Any:
    _nonempty(unbox(input), operation, None, RuntimeError)
    return input


@primitive(name="argmax", family="reduce", real=True)
def _argmax(input: Array, *, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the (first) greatest entry along dim"""
    _nonempty(input, "argmax", None if dim is None else (dim,))
    return _arg(np.argmax, input, dim, keepdim)  # type: ignore[arg-type]  # NumPy flattens for None, as PyTorch does


@_argmax.source
def _(input: Operand, dim: int | None, keepdim: bool) -> str:
    return f"input.argmax({over(None if dim is None else (dim,), keepdim)})"


@primitive(name="argmin", family="reduce", real=True)
def _argmin(input: Array, *, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the (first) smallest entry along dim"""
    _nonempty(input, "argmin", None if dim is None else (dim,))
    return _arg(np.argmin, input, dim, keepdim)  # type: ignore[arg-type]  # NumPy flattens for None, as PyTorch does


@_argmin.source
def _(input: Operand, dim: int | None, keepdim: bool) -> str:
    return f"input.argmin({over(None if dim is None else (dim,), keepdim)})"


@_argmin.onnx
def _(to: Emit, input: Any, *, dim: Any, keepdim: Any) -> Any:
    x = to.Reshape(input, [-1]) if dim is None else input
    y = to.ArgMin(x, axis=dim or 0, keepdims=int(keepdim and dim is not None)) if input.shape or dim is None else to.const(0, np.int64)
    return to.Reshape(y, [1] * len(input.shape)) if keepdim and dim is None else y


@_argmax.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1))
    return Case(x, dim=draw_dim(draw, x.ndim), smooth=False)


@_argmax.onnx
def _(to: Emit, input: Any, *, dim: Any, keepdim: Any) -> Any:
    x = to.Reshape(input, [-1]) if dim is None else input
    y = to.ArgMax(x, axis=dim or 0, keepdims=int(keepdim and dim is not None)) if input.shape or dim is None else to.const(0, np.int64)
    return to.Reshape(y, [1] * len(input.shape)) if keepdim and dim is None else y


_argmin.cases(_argmax.draw_case)  # type: ignore[arg-type]  # it was set on the line before


@expose("function method")
@numpy_names
def argmax(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the greatest entry along `dim` (the first of equal ones), or in the flattened input.   int64

    Raises:
        IndexError: nothing is there to compare.

    >>> import autograd_cnn as ac
    >>> ac.argmax(ac.tensor([[1., 3.], [5., 2.]]), dim=1)
    tensor([1, 0])
    """
    at = None if dim is None else normal_dim(dim, ndim_of(input), "argmax")
    return _argmax(input, dim=at, keepdim=keepdim)


@expose("function method")
@numpy_names
def argmin(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the smallest entry along `dim` (the first of equal ones), or in the flattened input.   int64

    Raises:
        IndexError: nothing is there to compare.

    >>> import autograd_cnn as ac
    >>> ac.argmin(ac.tensor([[1., 3.], [5., 2.]]), dim=1)
    tensor([0, 1])
    """
    at = None if dim is None else normal_dim(dim, ndim_of(input), "argmin")
    return _argmin(input, dim=at, keepdim=keepdim)
