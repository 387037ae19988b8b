"""Convolution, pooling, resampling and normalisation of maps."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ... import oracles as loops
from .reductions import slices, variance
from .table import ORACLES, oracle


@oracle("conv")
def _(x: Any, w: Any, b: Any = None, *, stride: Any, padding: Any, dilation: Any, groups: int, kind: str = "") -> Any:
    y = loops.conv(x, w, stride, padding, dilation, groups)
    return y if b is None else y + b.reshape(-1, *(1,) * (y.ndim - 2))


ORACLES["conv_input"] = lambda g, w, shape, stride, padding, dilation, groups, kind="": loops.conv_transposed(
    g, w, shape, stride, padding, dilation, groups
)
ORACLES["conv_weight"] = lambda g, x, shape, stride, padding, dilation, groups: loops.conv_weight(
    g, x, shape, stride, padding, dilation, groups
)
ORACLES["adaptive_avg_pool"] = lambda x, size: loops.adaptive_average(x, size)
ORACLES["adaptive_max_pool"] = lambda x, size: loops.adaptive_max(x, size)
ORACLES["adaptive_spread"] = lambda g, shape: loops.adaptive_average_transposed(g, shape)
ORACLES["max_unpool"] = lambda x, indices, shape: loops.unpool(x, indices, shape)
ORACLES["local_response_norm"] = lambda x, size, alpha, beta, k: loops.local_response_norm(x, size, alpha, beta, k)
ORACLES["batch_norm"] = lambda x, w, b, eps: loops.batch_norm(
    x, np.ones(x.shape[1]) if w is None else w, np.zeros(x.shape[1]) if b is None else b, eps
)
ORACLES["conv_weight_bias"] = lambda g, x, shape, stride, padding, dilation, groups: (
    loops.conv_weight(g, x, shape, stride, padding, dilation, groups),
    g.astype(float).sum((0, *range(2, g.ndim))),
)
ORACLES["batch_norm_adjoint"] = lambda g, x, mean, invstd, eps: loops.batch_norm_gradients(g, x, np.ones(x.shape[1]), eps)[0]
ORACLES["batch_norm_adjoints"] = lambda g, x, w, mean, invstd, eps: loops.batch_norm_gradients(g, x, w, eps)


@oracle("normalize_adjoint")
def _(g: Any, x: Any, invstd: Any, dims: Any, eps: float) -> Any:
    """As batch norm's, with what is standardised together as one channel."""
    kept = [d for d in range(x.ndim) if d not in [k % x.ndim for k in dims]]
    order = (*[d % x.ndim for d in dims], *kept)
    flat = [np.transpose(a, order).reshape(math.prod(x.shape[d] for d in order[: len(dims)]), -1) for a in (g, x)]
    gx = loops.batch_norm_gradients(*flat, np.ones(flat[1].shape[1]), eps)[0]
    return np.transpose(gx.reshape([x.shape[d] for d in order]), np.argsort(order))


@oracle("local_response_norm_adjoint")
def _(g: Any, x: Any, base: Any, size: int, alpha: float, beta: float, k: float) -> Any:
    """gx_j = Σ_c g_c ∂y_c/∂x_j, channel by channel"""
    gx, channels = np.zeros(x.shape), x.shape[1]
    for n, *at in np.ndindex(x.shape[0], *x.shape[2:]):
        v, w = (a[(n, slice(None), *at)].astype(float) for a in (x, g))
        for c in range(channels):
            near = [i for i in range(c - size // 2, c - size // 2 + size) if 0 <= i < channels]
            b = k + alpha / size * sum(v[i] ** 2 for i in near)
            gx[(n, c, *at)] += w[c] * b**-beta
            for j in near:
                gx[(n, j, *at)] -= w[c] * v[c] * beta * b ** (-beta - 1) * alpha / size * 2 * v[j]
    return gx


@oracle("batch_norm_eval")
def _(x: Any, mean: Any, var: Any, w: Any, b: Any, eps: float) -> Any:
    y = np.array(x)
    for at in np.ndindex(*x.shape):
        c = at[1]
        y[at] = (x[at] - mean[c]) / math.sqrt(var[c] + eps) * (1 if w is None else w[c]) + (0 if b is None else b[c])
    return y


@oracle("normalize")
def _(x: Any, dims: Any, eps: float, kind: str = "") -> Any:
    y = np.array(x)
    for at, entries in slices(x, dims):
        mean, spread_ = math.fsum(entries) / len(entries), math.sqrt(variance(entries, 0) + eps)
        box = tuple(slice(None) if i in [d % x.ndim for d in dims] else k for i, k in enumerate(at))
        y[box] = (x[box] - mean) / spread_
    return y


ORACLES["max_pool"] = lambda x, kernel, stride, padding, dilation, ceil_mode: loops.max_pool(
    x,
    kernel,
    stride,
    tuple((p, p) for p in padding),
    dilation,
    tuple(_pooled(n, k, s, p, d, ceil_mode) for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)),
)


def _pooled(n: int, k: int, s: int, p: int, d: int, ceil: bool) -> int:
    """How many windows start at or before the last place, and with `ceil` also those that hang over its end."""
    count = 0
    while True:
        start = -p + count * s
        if start + d * (k - 1) < n + p or (ceil and start < n + p and start + d * (k - 1) - s < n + p - 1 and start < n):
            count += 1
        else:
            return count


# ------------------------------------------------------------------------------------------------- windows as columns, sums, switches
def _out(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool = False) -> tuple[int, ...]:
    return tuple(_pooled(n, k, s, p, d, ceil) for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True))


def _pairs(padding: Any) -> Any:
    return tuple((p, p) for p in padding)


ORACLES["unfold"] = lambda x, kernel, stride, padding, dilation: loops.columns(x, kernel, stride, _pairs(padding), dilation)


@oracle("fold")
def _(x: Any, size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """Where each entry of a column was read: found by unfolding the positions themselves (0 means: in the padding)."""
    n, c = x.shape[0], x.shape[1] // math.prod(kernel)
    here = np.arange(1, n * c * math.prod(size) + 1.0).reshape(n, c, *size)
    read = loops.columns(here, kernel, stride, _pairs(padding), dilation)
    y = np.zeros(1 + here.size)
    for place, value in zip(read.reshape(-1), x.reshape(-1), strict=True):
        y[int(place)] += value
    return y[1:].reshape(here.shape)


def _window_counts(size: Any, kernel: Any, stride: Any, padding: Any, out: Any, include_pad: bool, divisor: int | None) -> Any:
    """What each window's sum is divided by: its places inside the (padded) map, counted."""
    counts = np.zeros(out)
    for o in np.ndindex(*out):
        inside = 1
        for at, n, k, s, p in zip(o, size, kernel, stride, padding, strict=True):
            first, stop = (-p, n + p) if include_pad else (0, n)
            inside *= sum(first <= q < stop for q in range(at * s - p, at * s - p + k))
        counts[o] = inside if divisor is None else divisor
    return counts


@oracle("window_sum")
def _(
    x: Any, kernel: Any, stride: Any, padding: Any, ceil_mode: bool, average: bool, count_include_pad: bool, divisor: Any, kind: str = ""
) -> Any:
    out = _out(x.shape[2:], kernel, stride, padding, (1,) * len(kernel), ceil_mode)
    y = loops.sum_pool(x, kernel, stride, _pairs(padding), out)
    return y / _window_counts(x.shape[2:], kernel, stride, padding, out, count_include_pad, divisor) if average else y


@oracle("window_spread")
def _(
    g: Any, shape: Any, kernel: Any, stride: Any, padding: Any, ceil_mode: bool, average: bool, count_include_pad: bool, divisor: Any
) -> Any:
    if average:
        g = g / _window_counts(shape[2:], kernel, stride, padding, g.shape[2:], count_include_pad, divisor)
    return loops.sum_pool_transposed(g, shape, kernel, stride, _pairs(padding))


@oracle("switch_values")
def _(x: Any, indices: Any) -> Any:
    y = np.zeros(indices.shape)
    for at in np.ndindex(*indices.shape):
        y[at] = x[at[:2]].reshape(-1)[indices[at]]
    return y


@oracle("switch_adjoint")
def _(g: Any, indices: Any, shape: Any) -> Any:
    y = np.zeros((*shape[:2], math.prod(shape[2:])))
    for at in np.ndindex(*indices.shape):
        y[(*at[:2], indices[at])] += g[at]
    return y.reshape(shape)


# ------------------------------------------------------------------------------------------------- resampling
def _keys(d: float, a: float) -> float:
    """Keys' cubic kernel, piece by piece."""
    d = abs(d)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


def _shares(mode: str, n: int, m: int, p: int, align: bool, antialias: bool) -> dict[int, float]:
    """Which of n entries, with which weights, make entry p of m."""
    if mode.startswith("nearest"):
        return {min(p * n // m if mode == "nearest" else (2 * p + 1) * n // (2 * m), n - 1): 1.0}
    scale = ((n - 1) / (m - 1) if m > 1 else 0.0) if align else n / m
    found: dict[int, float] = {}
    if antialias:
        stretch = max(scale, 1.0)
        for q in range(n):
            d = (q + 0.5 - scale * (p + 0.5)) / stretch
            found[q] = max(0.0, 1 - abs(d)) if mode == "linear" else _keys(d, -0.5)
        total = math.fsum(found.values())
        return {q: w / total for q, w in found.items()}
    at = p * scale if align else scale * (p + 0.5) - 0.5
    if mode == "linear":
        at = max(at, 0.0)
    for q in range(math.floor(at) - 2, math.floor(at) + 4):
        w = max(0.0, 1 - abs(at - q)) if mode == "linear" else _keys(at - q, -0.75)
        found[min(max(q, 0), n - 1)] = found.get(min(max(q, 0), n - 1), 0.0) + w
    return found


def _resampled(sizes: Any, outs: Any, mode: str, align_corners: bool, antialias: bool) -> Any:
    """(position in the result, position in the source, weight)"""
    for p in np.ndindex(*outs):
        each = [_shares(mode, n, m, at, align_corners, antialias) for n, m, at in zip(sizes, outs, p, strict=True)]
        for parts in itertools.product(*(s.items() for s in each)):
            yield p, tuple(q for q, _ in parts), math.prod(w for _, w in parts)


@oracle("resample")
def _(x: Any, size: Any, mode: str, align_corners: bool, factors: Any, antialias: bool) -> Any:
    y = np.zeros((*x.shape[:2], *size))
    for p, q, w in _resampled(x.shape[2:], size, mode, align_corners, antialias):
        y[(..., *p)] += w * x[(..., *q)]
    return y


@oracle("resample_adjoint")
def _(g: Any, size: Any, mode: str, align_corners: bool, factors: Any, antialias: bool) -> Any:
    y = np.zeros((*g.shape[:2], *size))
    for p, q, w in _resampled(size, g.shape[2:], mode, align_corners, antialias):
        y[(..., *q)] += w * g[(..., *p)]
    return y
