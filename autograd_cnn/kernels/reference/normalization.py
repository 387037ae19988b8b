"""Batch normalisation and local response normalisation, forward and adjoint."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..memory.workspace import at_work, workspace
from .windows import quiet

Array = npt.NDArray[Any]

_LONG = 32  # elements of a row from which a call for each row is worth it
_CHUNK_BYTES = 512 << 10  # samples handled at a time, so that the second look at them finds them in the cache


# -- batch normalisation --------------------------------------------------------------------------------------------


@quiet
@at_work
def batch_norm_forward(x: Array, weight: Array | None, bias: Array | None, eps: float = 1e-5) -> tuple[Array, Array, Array, Array]:
    """x (N, C, *S) → (y, mean, var, invstd), the three statistics (C,) over all of a channel.

        y = (x − mean) · invstd · weight + bias,   invstd = 1 / √(var + eps),   var the biased variance

    >>> y, mean, var, invstd = batch_norm_forward(np.array([[1.], [3.]]), None, None, 0.0)
    >>> y.tolist(), mean.tolist(), var.tolist()
    ([[-1.0], [1.0]], [2.0], [1.0])

    Source: Ioffe and Szegedy, "Batch normalization", 2015.
    """
    mean, var = _moments(_rows(x))
    invstd = 1 / np.sqrt(var + eps)
    kind = x.dtype
    scale = (invstd if weight is None else invstd * weight).astype(kind)
    centre = mean.astype(kind)
    shift = (centre - mean) * scale if bias is None else bias + (centre - mean) * scale  # the centre was rounded
    y = scale_shift(x, scale, shift.astype(kind), centre)
    return y, centre, var.astype(kind), invstd.astype(kind)


@quiet
def scale_shift(x: Array, scale: Array, shift: Array, centre: Array | None = None) -> Array:
    """y (N, C, *S) = (x − centre) · scale + shift, all (C,): batch normalisation with fixed statistics.

    Folded into the shift, a centre far from 0 would leave its rounding in each entry.

    >>> scale_shift(np.array([[1., 2.]]), np.array([10., 100.]), np.array([0., 1.]))
    array([[ 10., 201.]])
    """
    y = np.empty(x.shape, x.dtype)
    source, target = _rows(x), _rows(y)
    for some in _chunks(source):
        part = source[some] if centre is None else np.subtract(source[some], centre[:, None], out=target[some])
        np.multiply(part, scale[:, None], out=target[some])
        np.add(target[some], shift[:, None], out=target[some])
    return y


@quiet
@at_work
def batch_norm_adjoint(g: Array, x: Array, weight: Array | None, mean: Array, invstd: Array) -> tuple[Array, Array, Array]:
    """(gx, gweight, gbias) of g and x (N, C, *S), where the statistics came from x itself. M elements a channel:

        gbias   = Σ g
        gweight = Σ g · (x − mean) · invstd
        gx      = weight · invstd · (g − gbias / M − (x − mean) · invstd · gweight / M)

    >>> gx, gweight, gbias = batch_norm_adjoint(
    ...     np.array([[1.], [0.]]), np.array([[1.], [3.]]), None, np.array([2.]), np.array([1.]))
    >>> gx.tolist(), gweight.tolist(), gbias.tolist()
    ([[0.0], [0.0]], [-1.0], [1.0])
    """
    gradients, values = _rows(g), _rows(x)
    channels, count = x.shape[1], x.size // max(1, x.shape[1])
    gbias, dot = np.zeros(channels), np.zeros(channels)
    centre, ones = mean[:, None], np.ones(values.shape[-1], x.dtype)
    for some in _chunks(values):
        deviation = np.subtract(values[some], centre, out=workspace("columns", values[some].shape, x.dtype))
        gbias += _dots(gradients[some], ones)
        dot += _dots(gradients[some], deviation)
    gx = np.empty(x.shape, x.dtype)
    if count:
        # gx = a·g + b·(x − mean) + c
        a = invstd if weight is None else invstd * weight
        b = (-a * invstd.astype(np.float64) ** 2 * dot / count).astype(x.dtype)
        c = (-a * gbias / count).astype(x.dtype)
        _combine(gradients, values, a.astype(x.dtype), b, c, centre, _rows(gx))
        dot *= invstd  # of no entries it is no number, and the sum is 0
    return gx, dot.astype(x.dtype), gbias.astype(x.dtype)


def _combine(g: Array, x: Array, a: Array, b: Array, c: Array, centre: Array, gx: Array) -> None:
    for some in _chunks(x):
        part = np.subtract(x[some], centre, out=workspace("columns", x[some].shape, x.dtype))
        np.multiply(part, b[:, None], out=part)
        np.add(part, c[:, None], out=part)
        np.multiply(g[some], a[:, None], out=gx[some])
        np.add(gx[some], part, out=gx[some])


def _moments(x: Array) -> tuple[Array, Array]:
    """Mean and biased variance of x (N, C, L) by channel in float64, from deviations: no cancellation."""
    channels = x.shape[1]
    count = x.shape[0] * x.shape[2]
    total, squares, ones = np.zeros(channels), np.zeros(channels), np.ones(x.shape[2], x.dtype)
    for some in _chunks(x):
        total += _dots(x[some], ones)
    mean = total / count
    centre = mean.astype(x.dtype)[:, None]
    for some in _chunks(x):
        deviation = np.subtract(x[some], centre, out=workspace("columns", x[some].shape, x.dtype))
        squares += _dots(deviation, deviation)
    # the centre was rounded: E(x − c)² = var + (mean − c)²
    return mean, np.maximum(squares / count - (mean - centre[:, 0]) ** 2, 0)


def _dots(a: Array, b: Array) -> Array:
    """Σ a · b for each channel of (n, C, L) in float64: BLAS for long rows (three times as fast as a sum), else at once"""
    if a.shape[-1] >= _LONG:
        return np.asarray(np.vecdot(a, b).sum(axis=0, dtype=np.float64))
    return np.asarray(np.multiply(a, b).sum(axis=(0, 2), dtype=np.float64))


def _rows(x: Array) -> Array:
    """(N, C, *S) -> (N, C, ∏S)"""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def _chunks(x: Array) -> Iterator[slice]:
    some = max(1, _CHUNK_BYTES // max(1, x.itemsize * math.prod(x.shape[1:])))
    for first in range(0, len(x), some):
        yield slice(first, min(first + some, len(x)))


# -- local response normalisation -----------------------------------------------------------------------------------


@quiet
@at_work
def local_response_norm_forward(x: Array, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> tuple[Array, Array]:
    """x (N, C, *S) → (y, base), where the window of channel c starts size // 2 before it:

        y = x · base^(−β),   base = k + α/size · Σ over `size` neighbouring channels of x²

    >>> y, base = local_response_norm_forward(np.array([[[1.], [2.]]]), 2, alpha=2.0, beta=1.0, k=0.0)
    >>> y.ravel().tolist(), base.ravel().tolist()
    ([1.0, 0.4], [1.0, 5.0])

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012.
    """
    y = np.empty(x.shape, x.dtype)
    base = np.empty(x.shape, x.dtype)
    source, target, bases = _rows(x), _rows(y), _rows(base)
    for some in _chunks(source):
        squares = np.square(source[some], out=workspace("columns", source[some].shape, x.dtype))
        _channel_sums(squares, size, size // 2, bases[some])
        np.multiply(bases[some], alpha / size, out=bases[some])
        np.add(bases[some], k, out=bases[some])
        np.multiply(source[some], _power(bases[some], beta), out=target[some])
    return y, base


@quiet
@at_work
def local_response_norm_adjoint(g: Array, x: Array, base: Array, size: int, alpha: float = 1e-4, beta: float = 0.75) -> Array:
    """gx = g · base^(−β) − 2αβ/size · x · Σ g · x · base^(−β − 1), over the channels whose window has this one.

    >>> x = np.array([[[1.], [2.]]])
    >>> base = local_response_norm_forward(x, 1, alpha=1.0, beta=1.0, k=0.0)[1]
    >>> local_response_norm_adjoint(np.ones((1, 2, 1)), x, base, 1, 1.0, 1.0).ravel().tolist()   # of 1/x: −1/x²
    [-1.0, -0.25]
    """
    gx = np.empty(x.shape, x.dtype)
    gradients, source, bases, target = _rows(g), _rows(x), _rows(base), _rows(gx)
    for some in _chunks(source):
        powers = _power(bases[some], beta)
        scaled = np.multiply(gradients[some], powers, out=powers)
        inner = np.multiply(scaled, source[some], out=workspace("columns", scaled.shape, x.dtype))
        np.divide(inner, bases[some], out=inner)
        # the window that reached size // 2 back now reaches as far ahead
        _channel_sums(inner, size, (size - 1) // 2, target[some])
        np.multiply(target[some], source[some], out=target[some])
        np.multiply(target[some], -2 * alpha * beta / size, out=target[some])
        np.add(target[some], scaled, out=target[some])
    return gx


def _channel_sums(x: Array, size: int, before: int, out: Array) -> None:
    """out[:, c] = x[:, c − before] + … + x[:, c − before + size − 1], zero beyond the ends; x (n, C, L)"""
    channels = x.shape[1]
    np.copyto(out, x)
    for shift in range(max(-before, 1 - channels), min(size - before, channels)):
        low, high = max(0, -shift), min(channels, channels - shift)
        if shift and low < high:
            np.add(out[:, low:high], x[:, low + shift : high + shift], out=out[:, low:high])


def _power(base: Array, beta: float) -> Array:
    """base^(−β), a new array; the paper's β = 3/4 is two roots, ten times as fast as a power."""
    if beta != 0.75:
        return np.power(base, -beta)
    root = np.sqrt(base)
    np.multiply(root, np.sqrt(root), out=root)
    return np.divide(1, root, out=root)
