"""Quantiles: entries at a fraction of the order, and what lies between two of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.variable import Variable, ndim_of, shape_of, unbox
from ...errors import expected
from ...types.kinds import spoken
from ...types.promotion import Array
from ..elementwise.interpolate import lerp
from ..elementwise.select import where
from ..index.take_along import take_along
from ..registry.dims import kept_shape, normal_dim, numpy_names
from ..registry.expose import expose
from ..shape.shape import movedim
from .sorting import _sort

_BETWEEN = ("linear", "lower", "higher", "midpoint", "nearest")


def _fractions(operation: str, x: Any, q: Any, interpolation: str) -> Any:
    """q as an array of the input's dtype, if all is as it should be."""
    if x.dtype not in (np.float32, np.float64):
        raise RuntimeError(
            f"{operation}() input tensor must be either float or double dtype: got {spoken(x.dtype)}. Convert with .float()."
        )
    if not x.size:
        raise RuntimeError(f"{operation}() input tensor must be non-empty: got shape {list(x.shape)}.")
    if interpolation not in _BETWEEN:
        raise RuntimeError(
            f"{operation}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}."
        )
    raw = unbox(q)
    if hasattr(raw, "dtype") and raw.dtype != x.dtype:
        raise RuntimeError(
            f"{operation}() q tensor must be same dtype as the input tensor: expected {spoken(x.dtype)}, got {spoken(raw.dtype)}."
        )
    with np.errstate(over="ignore", invalid="ignore"):  # too large for the dtype is out of range, too
        fractions = np.asarray(raw, x.dtype)
    if fractions.ndim > 1:
        raise RuntimeError(expected(f"{operation}()", "q must be a scalar or 1D tensor", f"{fractions.ndim} dims"))
    if not ((fractions >= 0) & (fractions <= 1)).all():  # NaN neither
        raise RuntimeError(f"{operation}() q must be in the range [0, 1] but got {raw}.")
    return fractions


def _quantile(operation: str, input: Any, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip_nan: bool) -> Any:
    ndim = ndim_of(input)
    shape = shape_of(input)
    fractions = _fractions(operation, unbox(input), q, interpolation)
    if dim is None:
        x, at = input.reshape((-1,)), 0
    else:
        at = normal_dim(dim, ndim, operation)
        x = movedim(input, at, -1) if ndim else input.reshape((1,))
    ordered = _sort(x, dim=ndim_of(x) - 1)[0]
    ranks = _ranks(unbox(ordered), q if isinstance(q, Variable) else fractions, skip_nan)
    y = _read(ordered, ranks, interpolation)  # (…, number of fractions)
    rest = kept_shape(shape, None if dim is None else (at,)) if keepdim else shape_of(y)[:-1]
    y = movedim(y, -1, 0)
    return y.reshape((*fractions.shape, *rest))


def _ranks(ordered: Any, fractions: Any, skip_nan: bool) -> Any:
    """Where each fraction falls in the order of each slice, as a real number; NaNs stand last."""
    fractions = fractions.reshape((-1,))
    last = ordered.shape[-1] - 1
    nans = np.isnan(ordered)
    if skip_nan:
        return fractions * np.maximum(last - nans.sum(axis=-1, keepdims=True), 0).astype(ordered.dtype)
    return where(nans[..., -1:], float(last), fractions * float(last))


def _read(ordered: Any, ranks: Any, interpolation: str) -> Any:
    """The ordered entries at real ranks."""
    raw = unbox(ranks)
    axis = raw.ndim - 1
    if interpolation in ("lower", "higher", "nearest"):
        rounded = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}[interpolation](raw)
        return take_along(ordered, at=rounded.astype(np.int64), dim=axis, repeats=True)
    below = np.floor(raw)
    weight = np.full_like(raw, 0.5) if interpolation == "midpoint" else ranks - below
    low = take_along(ordered, at=below.astype(np.int64), dim=axis, repeats=True)
    high = take_along(ordered, at=np.ceil(raw).astype(np.int64), dim=axis, repeats=True)
    return lerp(low, high, weight)


@expose("function method")
@numpy_names
def quantile(input: Array, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Array:
    """The entry below which the fraction q of a slice along `dim` (of all, by default) lies; NaN if there is a NaN.

    Args:
        q: a number in [0, 1], or a vector of them, which becomes the first dim of the result.
        interpolation: between two entries 'linear' (by the distance), 'lower', 'higher', 'midpoint' or 'nearest'.

    Raises:
        RuntimeError: dtypes other than float32 and float64, an empty input, or a q out of range.

    >>> import autograd_cnn as ac
    >>> ac.quantile(ac.tensor([0., 1., 2., 4.]), 0.5)
    tensor(1.5000)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, skip_nan=False)


@expose("function method")
@numpy_names
def nanquantile(input: Array, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Array:
    """`quantile` of the entries that are not NaN.

    >>> import autograd_cnn as ac
    >>> ac.nanquantile(ac.tensor([0., float("nan"), 2.]), 0.5)
    tensor(1.)
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, skip_nan=True)
