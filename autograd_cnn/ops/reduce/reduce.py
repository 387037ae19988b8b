"""Sums and means over any dims, and `spread`, which undoes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.variable import dtype_of, ndim_of
from ...errors import expected
from ...kernels.reference.sums import add_up
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, literal, narrow, over
from ...types.kinds import real_only, spoken
from ...types.promotion import Array
from ..elementwise.arithmetic import cast
from ..elementwise.comparison import isnan
from ..elementwise.logical import logical_not
from ..elementwise.select import where
from ..registry.contiguous import contiguous
from ..registry.dims import count_along, draw_dims, kept_shape, numpy_names, reduced_dims
from ..registry.expose import expose

_add: Any = np.add  # Any: NumPy's types know no `keepdims: bool`

Dims = tuple[int, ...] | None  # of a reduction: ascending, counted from the front; None for all


def as_dtype(input: Any, dtype: Any) -> Any:
    """The input in the dtype asked for; as it is if none was, or if it has it."""
    if dtype is None or dtype_of(input) == dtype:
        return input
    return cast(input, dtype=np.dtype(dtype))


# ------------------------------------------------------------------------------------------------- sum
@primitive(name="sum", label="Σ", family="reduce", derivative="1")
def _sum(input: Array, *, dims: Dims = None, keepdim: bool = False) -> Array:
    """y = Σ input over dims"""
    kind = input.dtype.kind
    if kind in "biu":
        return _add.reduce(input, axis=dims, keepdims=keepdim, dtype=np.int64)
    y = add_up(input, dims, keepdim)
    return contiguous(y if y.dtype == input.dtype else y.astype(input.dtype))  # float16 adds up in float32, as in PyTorch


@_sum.source
def _(input: Operand, dims: Any, keepdim: bool) -> str | None:
    return None if narrow(input) else f"input.sum({over(dims, keepdim)})"


@_sum.vjp("input")
def _(g: Array, input_shape: tuple[int, ...], dims: Dims, keepdim: bool) -> Array:
    return spread(g, shape=input_shape, dims=dims, keepdim=keepdim)


@_sum.cases
def _(draw: Draw) -> Case:
    x = draw.array()
    return Case(x, dims=draw_dims(draw, x.ndim), keepdim=draw.boolean())


@_sum.onnx
def _(to: Emit, input: Any, *, dims: Any, keepdim: Any) -> Any:
    return to.reduce("Sum", to.cast(input, to.dtype), dims, keepdim)


@primitive(label="spread to {shape}", family="reduce", view=True)
def spread(input: Array, *, shape: tuple[int, ...], dims: Dims, keepdim: bool) -> Array:
    """The adjoint of the sum: y of `shape` repeats the input along the reduced dims. No memory is copied."""
    return np.broadcast_to(input if keepdim else input.reshape(kept_shape(shape, dims)), shape)


@spread.source
def _(input: Operand, shape: Any, dims: Any, keepdim: bool) -> str:
    inner = dims is not None and not keepdim and {d % len(shape) for d in dims} != {*range(len(dims))}
    return f"np.broadcast_to(np.expand_dims(input, {literal(dims)}), shape)" if inner and input.ndim else "np.broadcast_to(input, shape)"


@spread.vjp("input")
def _(g: Array, dims: Dims, keepdim: bool) -> Array:
    return _sum(g, dims=dims, keepdim=keepdim)


@spread.cases
def _(draw: Draw) -> Case:
    shape = draw.shape()
    dims, keepdim = draw_dims(draw, len(shape)), draw.boolean()
    small = kept_shape(shape, dims) if keepdim else tuple(n for i, n in enumerate(shape) if dims is not None and i not in dims)
    return Case(draw.array(small), shape=shape, dims=dims, keepdim=keepdim)


@spread.onnx
def _(to: Emit, input: Any, *, shape: Any, dims: Any, keepdim: Any) -> Any:
    x = input
    if not keepdim and dims is not None and shape:
        x = to.Unsqueeze(input, [int(d) for d in dims])
    return to.Expand(x, list(shape)) if shape else to.Identity(x)


@expose("function method")
@numpy_names
def sum(input: Array, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """y = Σ input over `dim` (an int or several; all by default). Integers and bools add up as int64; an empty sum is 0.

    `keepdim` leaves the reduced dims with size 1; `dtype` casts the input first.

    Raises:
        IndexError: a dim out of range.
        RuntimeError: a dim given twice.

    >>> import autograd_cnn as ac
    >>> ac.sum(ac.tensor([[1., 2.], [3., 4.]]), dim=0)
    tensor([4., 6.])
    """
    dims = None if dim is None else reduced_dims(dim, ndim_of(input), "sum")
    if dtype is None:
        return _sum(input, dims=dims, keepdim=keepdim)
    return as_dtype(_sum(as_dtype(input, dtype), dims=dims, keepdim=keepdim), dtype)


# ------------------------------------------------------------------------------------------------- mean
@primitive(name="mean", family="reduce", derivative="1/n")
def _mean(input: Array, *, dims: Dims = None, keepdim: bool = False) -> Array:
    """y = (1/n) Σ input over dims"""
    if input.dtype.kind not in "fc":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {spoken(input.dtype)}. Convert with .float(), or pass dtype=."
        )
    y = contiguous(add_up(input, dims, keepdim))
    n = input.size if dims is None else count_along(input.shape, dims)
    # a Python float divisor keeps the dtype; 0/0 is the NaN of an empty mean
    return (y / n if n else y / y.dtype.type(0)).astype(input.dtype, copy=False)


@_mean.source
def _(input: Operand, dims: Any, keepdim: bool) -> str | None:
    return None if narrow(input) else f"input.mean({over(dims, keepdim)})"


@_mean.vjp("input")
def _(g: Array, input_shape: tuple[int, ...], dims: Dims, keepdim: bool) -> Array:
    return spread(g / (count_along(input_shape, dims) or 1), shape=input_shape, dims=dims, keepdim=keepdim)


@_mean.cases
def _(draw: Draw) -> Case:
    x = draw.array()
    return Case(x, dims=draw_dims(draw, x.ndim), keepdim=draw.boolean())


@_mean.bad_cases
def _() -> Any:
    yield Bad(np.ones(3, np.int64), error=RuntimeError, match="must be either a floating point or complex dtype")


@_mean.onnx
def _(to: Emit, input: Any, *, dims: Any, keepdim: Any) -> Any:
    return to.reduce("Mean", to.cast(input, to.dtype), dims, keepdim)


@expose("function method")
@numpy_names
def mean(input: Array, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """y = (1/n) Σ input over `dim` (an int or several; all by default), n the number of entries added. NaN if there are none.

    `keepdim` leaves the reduced dims with size 1; `dtype` casts the input first.

    Raises:
        RuntimeError: integers (cast them).
        IndexError: a dim out of range.

    >>> import autograd_cnn as ac
    >>> ac.mean(ac.tensor([[1., 2.], [3., 4.]]), dim=1, keepdim=True)
    tensor([[1.5000],
            [3.5000]])
    """
    dims = None if dim is None else reduced_dims(dim, ndim_of(input), "mean")
    return _mean(as_dtype(input, dtype) if dtype is not None else input, dims=dims, keepdim=keepdim)


# ------------------------------------------------------------------------------------------------- passing over NaN
@expose("function method")
@numpy_names
def nansum(input: Array, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """y = Σ input over `dim`, NaN counted as 0.

    >>> import autograd_cnn as ac
    >>> ac.nansum(ac.tensor([1., float("nan"), 2.]))
    tensor(3.)
    """
    real_only("nansum", input)
    if dtype_of(input).kind != "f":
        return sum(input, dim, keepdim, dtype=dtype)
    return sum(where(isnan(input), 0.0, input), dim, keepdim, dtype=dtype)


@expose("function method")
@numpy_names
def nanmean(input: Array, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """y = the mean over `dim` of the entries that are not NaN.   Raises RuntimeError for integers.

    >>> import autograd_cnn as ac
    >>> ac.nanmean(ac.tensor([1., float("nan"), 2.]))
    tensor(1.5000)
    """
    x = as_dtype(input, dtype)
    if dtype_of(x).kind not in "fc":
        raise RuntimeError(expected("nanmean", "a floating point dtype", spoken(dtype_of(x)), "Convert with .float()."))
    return nansum(x, dim, keepdim) / sum(logical_not(isnan(x)), dim, keepdim)


# ------------------------------------------------------------------------------------------------- truth and counting
def _truth(ufunc: Any, input: Array, dims: Dims, keepdim: bool) -> Array:
    y = ufunc.reduce(input, axis=dims, keepdims=keepdim, dtype=bool)
    return y.astype(np.uint8) if input.dtype == np.uint8 else y  # PyTorch answers bytes with a byte


@primitive(name="any", label="∨", family="reduce")
def _any(input: Array, *, dims: Dims = None, keepdim: bool = False) -> Array:
    """Is any entry over dims not 0?"""
    return _truth(np.logical_or, input, dims, keepdim)


@_any.source
def _(input: Operand, dims: Any, keepdim: bool) -> str:
    return f"input.any({over(dims, keepdim)})"


@_any.onnx
def _(to: Emit, input: Any, *, dims: Any, keepdim: Any) -> Any:
    x = to.cast(to.cast(input, bool), np.int32)
    return to.cast(to.reduce("Max", x, dims, keepdim), bool)


@primitive(name="all", label="∧", family="reduce")
def _all(input: Array, *, dims: Dims = None, keepdim: bool = False) -> Array:
    """Are all entries over dims not 0?"""
    return _truth(np.logical_and, input, dims, keepdim)


@_all.source
def _(input: Operand, dims: Any, keepdim: bool) -> str:
    return f"input.all({over(dims, keepdim)})"


@_all.onnx
def _(to: Emit, input: Any, *, dims: Any, keepdim: Any) -> Any:
    x = to.cast(to.cast(input, bool), np.int32)
    return to.cast(to.reduce("Min", x, dims, keepdim), bool)


@primitive(name="count_nonzero", label="# ≠ 0", family="reduce")
def _count_nonzero(input: Array, *, dims: Dims = None) -> Array:
    """How many entries over dims are not 0"""
    return np.asarray(np.count_nonzero(input, axis=dims))


@_count_nonzero.source
def _(dims: Any) -> str:
    return "np.count_nonzero(input)" if dims is None else "np.count_nonzero(input, axis=dims)"


@_count_nonzero.onnx
def _(to: Emit, input: Any, *, dims: Any) -> Any:
    return to.reduce("Sum", to.cast(to.cast(input, bool), np.int64), dims)


def _truth_case(draw: Draw) -> Case:
    x = draw.booleans(draw.shape())
    return Case(x, dims=draw_dims(draw, x.ndim), smooth=False)


for _question in (_any, _all, _count_nonzero):
    _question.cases(_truth_case)


@expose("function method")
@numpy_names
def any(input: Array, dim: Any = None, keepdim: bool = False) -> Array:
    """Is any entry over `dim` (an int or several; all by default) different from 0? Of nothing: False.

    >>> import autograd_cnn as ac
    >>> ac.any(ac.tensor([[False, True], [False, False]]), dim=1)
    tensor([ True, False])
    """
    return _any(input, dims=reduced_dims(dim, ndim_of(input), "any"), keepdim=keepdim)


@expose("function method")
@numpy_names
def all(input: Array, dim: Any = None, keepdim: bool = False) -> Array:
    """Are all entries over `dim` (an int or several; all by default) different from 0? Of nothing: True.

    >>> import autograd_cnn as ac
    >>> ac.all(ac.tensor([[False, True], [True, True]]), dim=1)
    tensor([False,  True])
    """
    return _all(input, dims=reduced_dims(dim, ndim_of(input), "all"), keepdim=keepdim)


@expose("function method")
@numpy_names
def count_nonzero(input: Array, dim: Any = None) -> Array:
    """How many entries over `dim` (an int or several; all by default) are different from 0.   int64

    >>> import autograd_cnn as ac
    >>> ac.count_nonzero(ac.tensor([0., 2., -1.]))
    tensor(2)
    """
    return _count_nonzero(input, dims=reduced_dims(dim, ndim_of(input), "count_nonzero"))
