"""Entries chosen by a mask: filled, read, written."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.variable import dtype_of, shape_of
from ...errors import DtypeError, ShapeError
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.promotion import Array
from ..elementwise.arithmetic import expand_to
from ..elementwise.select import _where
from ..registry.derived import derived
from ..registry.expose import expose
from ..shape.shape import _reshape
from .index import select_view
from .index_select import single_value


@primitive(label="masked select", family="index", name="masked_select")
def _select(input: Array, mask: Array) -> Array:
    """y = the entries where the mask holds, as a vector.   (*), (*) → (count)"""
    return input[mask]


_select.source("input[mask]")


@_select.vjp("input")
def _(g: Array, mask: Array) -> Array:
    return _put(0.0, g, mask)


@_select.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1))
    return Case(x, draw.booleans(x.shape))


@_select.onnx
def _(to: Emit, input: Any, mask: Any) -> Any:
    return to.Compress(to.Reshape(input, [-1]), to.Reshape(mask, [-1]), axis=0)


@primitive(label="masked put", family="index", name="masked_put")
def _put(input: Array, values: Array, mask: Array) -> Array:
    """y = input, but the entries where the mask holds are the values, in order.   (*), (count), (*) → (*)"""
    y = np.array(np.broadcast_to(np.asarray(input, values.dtype), mask.shape))
    y[mask] = values
    return y


@_put.vjp("input")
def _(g: Array, mask: Array) -> Array:
    return _where(mask, 0.0, g)


@_put.vjp("values")
def _(g: Array, mask: Array) -> Array:
    return _select(g, mask)


@_put.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1))
    mask = draw.booleans(x.shape)
    return Case(x, draw.array((int(mask.sum()),)), mask)


@_put.onnx
def _(to: Emit, input: Any, values: Any, mask: Any) -> Any:
    shape = list(mask.shape)
    flat = to.Reshape(to.Expand(to.cast(input, to.dtype), shape) if shape else input, [-1])
    at = to.NonZero(to.Reshape(mask, [-1]))
    return to.reshape(to.ScatterND(flat, to.Transpose(at, perm=(1, 0)), to.Reshape(to.cast(values, to.dtype), [-1])), mask.shape)


def _met(operation: str, input: Any, mask: Any) -> Any:
    """A boolean mask's and the input's common shape."""
    if dtype_of(mask) != np.bool_:
        raise DtypeError(f"{operation} only supports boolean masks, but got mask with dtype {dtype_of(mask)}. Use mask.bool().")
    try:
        return np.broadcast_shapes(shape_of(input), shape_of(mask))
    except ValueError:
        a, b = list(shape_of(mask)), list(shape_of(input))
        raise ShapeError(
            f"The size of tensor a must match the size of tensor b: mask {a} and input {b} do not broadcast in {operation}"
        ) from None


def _wide(x: Any, shape: Any) -> Any:
    return x if shape_of(x) == shape else expand_to(x, shape=shape)


@expose("function method inplace")
def masked_fill(input: Array, mask: Array, value: Any) -> Array:
    """y = value where the mask holds, else the input; `value` is a number or a 0-d tensor, in the input's dtype.   (*), (*) → (*)

    Raises:
        RuntimeError: a mask that is not bool, a value with dims, shapes that do not broadcast.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1., 2.]).masked_fill(ac.tensor([True, False]), 0.)
    tensor([0., 2.])
    """
    _met("masked_fill", input, mask)
    return _where(mask, single_value("masked_fill", input, value), input)


@expose("function method")
def masked_select(input: Array, mask: Array) -> Array:
    """The entries where the mask holds, as a vector; input and mask broadcast.   (*), (*) → (count)

    >>> import autograd_cnn as ac
    >>> x = ac.tensor([1., 5., 3.])
    >>> ac.masked_select(x, x > 2)
    tensor([5., 3.])
    """
    shape = _met("masked_select", input, mask)
    return _select(*(_reshape(v, shape=(1,), kind="unsqueeze") if not shape else v for v in (_wide(input, shape), _wide(mask, shape))))


@expose("function method inplace")
def masked_scatter(input: Array, mask: Array, source: Array) -> Array:
    """y = the input, its entries where the mask holds replaced by the source's first entries, in order.   (*), (*), (*') → (*)

    >>> import autograd_cnn as ac
    >>> ac.zeros(3).masked_scatter(ac.tensor([True, False, True]), ac.tensor([1., 2.]))
    tensor([1., 0., 2.])
    """
    shape = _met("masked_scatter", input, mask)
    if dtype_of(source) != dtype_of(input):
        raise DtypeError(f"masked_scatter: expected self and source to have same dtypes but got {dtype_of(input)} and {dtype_of(source)}")
    wide = _wide(mask, shape)
    count = derived(_count, wide)
    if count > math.prod(shape_of(source)):
        raise RuntimeError(
            f"Number of elements of source ({math.prod(shape_of(source))}) < number of ones in mask ({count}) in masked_scatter"
        )
    return _put(_wide(input, shape), select_view(_reshape(source, shape=(-1,), kind="flatten"), at=(slice(0, count), Ellipsis)), wide)


def _count(mask: Array) -> Any:
    return np.int64(np.count_nonzero(mask))
