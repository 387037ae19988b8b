"""What convolution, pooling and normalisation mean, in plain loops: slow, obvious, and independent of the package.

Arrays are (N, C, *S) with any number of spatial dimensions; padding is (before, after) for each of them. Everything is
computed in float64.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def windows_that_fit(size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int = 1) -> int:
    """Counts them one by one."""
    count, start = 0, -padding[0]
    while start + dilation * (kernel - 1) < size + padding[1]:
        count, start = count + 1, start + stride
    return count


def _touching(
    size: Shape, kernel: Shape, stride: Shape, padding: Pairs, dilation: Shape, out: Shape
) -> Iterator[tuple[Shape, Shape, Shape]]:
    """(output position, kernel index, input position) for all that lie inside the input."""
    for o in itertools.product(*map(range, out)):
        for k in itertools.product(*map(range, kernel)):
            q = tuple(oi * s - p[0] + ki * d for oi, s, p, ki, d in zip(o, stride, padding, k, dilation, strict=True))
            if all(0 <= qi < n for qi, n in zip(q, size, strict=True)):
                yield o, k, q


def conv(x: np.ndarray, w: np.ndarray, stride: Shape, padding: Pairs, dilation: Shape, groups: int = 1) -> np.ndarray:
    """Cross-correlation."""
    size, kernel = x.shape[2:], w.shape[2:]
    out = tuple(windows_that_fit(n, k, s, p, d) for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True))
    y = np.zeros((x.shape[0], w.shape[0], *out))
    inputs, outputs = w.shape[1], w.shape[0] // groups
    for o, k, q in _touching(size, kernel, stride, padding, dilation, out):
        for n, c_out, c in itertools.product(range(x.shape[0]), range(w.shape[0]), range(inputs)):
            channel = c_out // outputs * inputs + c
            y[(n, c_out, *o)] += float(x[(n, channel, *q)]) * float(w[(c_out, c, *k)])
    return y


def conv_transposed(
    g: np.ndarray, w: np.ndarray, x_shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int = 1
) -> np.ndarray:
    """Each output paints its kernel onto the input: the input's adjoint."""
    x = np.zeros(x_shape)
    inputs, outputs = w.shape[1], w.shape[0] // groups
    for o, k, q in _touching(x_shape[2:], w.shape[2:], stride, padding, dilation, g.shape[2:]):
        for n, c_out, c in itertools.product(range(x_shape[0]), range(w.shape[0]), range(inputs)):
            channel = c_out // outputs * inputs + c
            x[(n, channel, *q)] += float(g[(n, c_out, *o)]) * float(w[(c_out, c, *k)])
    return x


def conv_weight(
    g: np.ndarray, x: np.ndarray, w_shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int = 1
) -> np.ndarray:
    w = np.zeros(w_shape)
    inputs, outputs = w_shape[1], w_shape[0] // groups
    for o, k, q in _touching(x.shape[2:], w_shape[2:], stride, padding, dilation, g.shape[2:]):
        for n, c_out, c in itertools.product(range(x.shape[0]), range(w_shape[0]), range(inputs)):
            channel = c_out // outputs * inputs + c
            w[(c_out, c, *k)] += float(g[(n, c_out, *o)]) * float(x[(n, channel, *q)])
    return w


def columns(x: np.ndarray, kernel: Shape, stride: Shape, padding: Pairs, dilation: Shape) -> np.ndarray:
    out = tuple(windows_that_fit(n, k, s, p, d) for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True))
    found = np.zeros((*x.shape[:2], *kernel, *out))
    for o, k, q in _touching(x.shape[2:], kernel, stride, padding, dilation, out):
        found[(slice(None), slice(None), *k, *o)] = x[(slice(None), slice(None), *q)]
    return found.reshape(x.shape[0], x.shape[1] * math.prod(kernel), math.prod(out))


def max_pool(x: np.ndarray, kernel: Shape, stride: Shape, padding: Pairs, dilation: Shape, out: Shape) -> tuple[np.ndarray, np.ndarray]:
    """The first of equal maxima wins, the last nan wins over all."""
    y = np.full((*x.shape[:2], *out), -np.inf)
    indices = np.full(y.shape, -1, np.int64)
    for o, _, q in _touching(x.shape[2:], kernel, stride, padding, dilation, out):
        for n, c in np.ndindex(*x.shape[:2]):
            value, best = x[(n, c, *q)], y[(n, c, *o)]
            if value > best or np.isnan(value) or indices[(n, c, *o)] < 0:
                y[(n, c, *o)] = value
                indices[(n, c, *o)] = np.ravel_multi_index(q, x.shape[2:])
    return y, indices


def sum_pool(x: np.ndarray, kernel: Shape, stride: Shape, padding: Pairs, out: Shape) -> np.ndarray:
    y = np.zeros((*x.shape[:2], *out))
    for o, _, q in _touching(x.shape[2:], kernel, stride, padding, (1,) * len(out), out):
        y[(slice(None), slice(None), *o)] += x[(slice(None), slice(None), *q)]
    return y


def sum_pool_transposed(g: np.ndarray, x_shape: Shape, kernel: Shape, stride: Shape, padding: Pairs) -> np.ndarray:
    x = np.zeros(x_shape)
    for o, _, q in _touching(x_shape[2:], kernel, stride, padding, (1,) * len(kernel), g.shape[2:]):
        x[(slice(None), slice(None), *q)] += g[(slice(None), slice(None), *o)]
    return x


def adaptive_box(o: Shape, size: Shape, out: Shape) -> tuple[slice, ...]:
    return tuple(slice(math.floor(i * s / n), math.ceil((i + 1) * s / n)) for i, s, n in zip(o, size, out, strict=True))


def adaptive_average(x: np.ndarray, out: Shape) -> np.ndarray:
    y = np.zeros((*x.shape[:2], *out))
    for o in np.ndindex(*out):
        box = x[(slice(None), slice(None), *adaptive_box(o, x.shape[2:], out))]
        y[(slice(None), slice(None), *o)] = box.mean(axis=tuple(range(2, x.ndim)))
    return y


def adaptive_average_transposed(g: np.ndarray, x_shape: Shape) -> np.ndarray:
    x = np.zeros(x_shape)
    for o in np.ndindex(*g.shape[2:]):
        box = x[(slice(None), slice(None), *adaptive_box(o, x_shape[2:], g.shape[2:]))]
        share = g[(slice(None), slice(None), *o)] / math.prod(box.shape[2:])
        box += share.reshape(*share.shape, *(1,) * len(box.shape[2:]))
    return x


def adaptive_max(x: np.ndarray, out: Shape) -> tuple[np.ndarray, np.ndarray]:
    y = np.zeros((*x.shape[:2], *out))
    indices = np.zeros(y.shape, np.int64)
    place = np.arange(math.prod(x.shape[2:])).reshape(x.shape[2:])
    for n, c in np.ndindex(*x.shape[:2]):
        for o in np.ndindex(*out):
            box = adaptive_box(o, x.shape[2:], out)
            values, places = x[n, c][box].ravel(), place[box].ravel()
            bad = np.flatnonzero(np.isnan(values))
            winner = bad[-1] if len(bad) else int(values.argmax())
            y[(n, c, *o)], indices[(n, c, *o)] = values[winner], places[winner]
    return y, indices


def unpool(x: np.ndarray, indices: np.ndarray, output_shape: Shape) -> np.ndarray:
    y = np.zeros(output_shape)
    for n, c in np.ndindex(*x.shape[:2]):
        for value, place in zip(x[n, c].ravel(), indices[n, c].ravel(), strict=True):
            y[n, c].reshape(-1)[place] = value
    return y


def batch_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float) -> np.ndarray:
    y = np.zeros(x.shape)
    for c in range(x.shape[1]):
        values = [float(v) for v in x[:, c].ravel()]
        mean = math.fsum(values) / len(values)
        var = math.fsum((v - mean) ** 2 for v in values) / len(values)
        y[:, c] = (x[:, c] - mean) / math.sqrt(var + eps) * weight[c] + bias[c]
    return y


def batch_norm_gradients(g: np.ndarray, x: np.ndarray, weight: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By the chain rule from sum to sum, as one would on paper: through the variance, then through the mean."""
    gx, gw, gb = np.zeros(x.shape), np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for c in range(x.shape[1]):
        values, grads = x[:, c].ravel().astype(float), g[:, c].ravel().astype(float)
        m = len(values)
        mean = values.sum() / m
        var = ((values - mean) ** 2).sum() / m
        normal = (values - mean) / math.sqrt(var + eps)
        gb[c], gw[c] = grads.sum(), (grads * normal).sum()
        g_normal = grads * weight[c]
        g_var = (g_normal * (values - mean)).sum() * -0.5 * (var + eps) ** -1.5
        g_mean = -g_normal.sum() / math.sqrt(var + eps) + g_var * (-2 * (values - mean)).sum() / m
        total = g_normal / math.sqrt(var + eps) + g_var * 2 * (values - mean) / m + g_mean / m
        gx[:, c] = total.reshape(gx[:, c].shape)
    return gx, gw, gb


def local_response_norm(x: np.ndarray, size: int, alpha: float, beta: float, k: float) -> np.ndarray:
    y = np.zeros(x.shape)
    for n, c in np.ndindex(*x.shape[:2]):
        first = c - size // 2
        total = sum(x[n, i].astype(float) ** 2 for i in range(first, first + size) if 0 <= i < x.shape[1])
        y[n, c] = x[n, c] / (k + alpha / size * total) ** beta
    return y
