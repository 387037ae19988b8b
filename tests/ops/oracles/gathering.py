"""Gathering, scattering and counting: place by place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .table import oracle


def places(index: Any, dim: int) -> Any:
    """(position in the index, the position it means)"""
    for at in np.ndindex(*index.shape):
        to = list(at)
        if to:
            to[dim] = int(index[at])
        yield at, tuple(to)


@oracle("gather")
def _(x: Any, index: Any, dim: int) -> Any:
    y = np.zeros(index.shape)
    for at, to in places(index, dim):
        y[at] = x[to]
    return y


@oracle("gather_adjoint")
def _(g: Any, index: Any, shape: Any, dim: int) -> Any:
    y = np.zeros(shape)
    for at, to in places(index, dim):
        y[to] += g[at]
    return y


@oracle("scatter_add")
def _(x: Any, index: Any, src: Any, dim: int) -> Any:
    y = np.array(x)
    for at, to in places(index, dim):
        y[to] += src[at]
    return y


@oracle("scatter")
def _(x: Any, index: Any, src: Any, dim: int) -> Any:
    y = np.array(x)
    for at, to in places(index, dim):
        y[to] = src if np.ndim(src) == 0 else src[at]
    return y


@oracle("scatter_reduce")
def _(x: Any, index: Any, src: Any, dim: int, reduce: str, include_self: bool) -> Any:
    met: dict[Any, list[float]] = {}
    for at, to in places(index, dim):
        met.setdefault(to, []).append(float(src[at]))
    y = np.array(x)
    for to, values in met.items():
        values = [*values, *([float(x[to])] if include_self else [])]
        y[to] = math.prod(values) if reduce == "prod" else max(values) if reduce == "amax" else min(values)
    return y


@oracle("index_select")
def _(x: Any, index: Any, dim: int) -> Any:
    if not x.ndim:
        return np.array(x)
    flat = np.stack([np.take(x, k, dim) for k in index.reshape(-1).tolist()], dim)
    return flat.reshape(*x.shape[:dim], *index.shape, *x.shape[dim + 1 :])


@oracle("index_select_adjoint")
def _(g: Any, index: Any, shape: Any, dim: int) -> Any:
    y = np.zeros(shape)
    if not shape:
        return np.array(g).reshape(())
    g = g.reshape(*shape[:dim], -1, *shape[dim + 1 :])
    for n, k in enumerate(index.reshape(-1).tolist()):
        np.moveaxis(y, dim, 0)[k] += np.moveaxis(g, dim, 0)[n]
    return y


@oracle("index_copy")
def _(x: Any, index: Any, source: Any, dim: int) -> Any:
    y = np.array(x)
    if not y.ndim:
        return np.array(source).reshape(())
    for n, k in enumerate(np.atleast_1d(index).tolist()):
        np.moveaxis(y, dim, 0)[k] = np.moveaxis(source, dim, 0)[n]
    return y


@oracle("masked_select")
def _(x: Any, mask: Any) -> Any:
    x, mask = np.broadcast_arrays(x, mask)
    return np.array([v for v, m in zip(x.reshape(-1), mask.reshape(-1), strict=True) if m])


@oracle("embedding")
def _(weight: Any, input: Any, padding_idx: Any, by_freq: bool) -> Any:
    return np.array([weight[int(k)] for k in input.reshape(-1)]).reshape(*input.shape, weight.shape[1])


@oracle("one_hot")
def _(x: Any, num_classes: int) -> Any:
    n = int(x.max()) + 1 if num_classes == -1 else num_classes
    return np.array([[int(k == v) for k in range(n)] for v in x.reshape(-1).tolist()], np.int64).reshape(*x.shape, n)


@oracle("nonzero")
def _(x: Any) -> Any:
    found = [at for at in np.ndindex(*x.shape) if x[at] != 0]
    return np.array(found, np.int64).reshape(len(found), x.ndim)


@oracle("bincount")
def _(x: Any, weights: Any, minlength: int) -> Any:
    n = max([minlength, *(int(v) + 1 for v in x)])
    y = np.zeros(n)
    for at, v in enumerate(x.tolist()):
        y[v] += 1 if weights is None else weights[at]
    return y


@oracle("unique")
def _(x: Any, dim: Any, consecutive: bool) -> Any:
    rows = [np.asarray(r) for r in (x.reshape(-1) if dim is None else np.moveaxis(x, dim, 0))]
    keys = [tuple(r.reshape(-1).tolist()) for r in rows]
    if consecutive:
        values, inverse = [], []
        for key in keys:
            if not values or values[-1] != key:
                values.append(key)
            inverse.append(len(values) - 1)
    else:
        values = sorted(set(keys))
        inverse = [values.index(k) for k in keys]
    counts = [inverse.count(k) for k in range(len(values))]
    first = [inverse.index(k) for k in range(len(values))]
    made = np.array([rows[k] for k in first])
    shaped = np.array(inverse).reshape(x.shape) if dim is None else np.array(inverse)
    return made if dim is None else np.moveaxis(made, 0, dim), shaped, np.array(counts)


@oracle("masked_put")
def _(x: Any, values: Any, mask: Any) -> Any:
    y, left = np.zeros(mask.shape), list(values.tolist())
    for at in np.ndindex(*mask.shape):
        y[at] = left.pop(0) if mask[at] else np.broadcast_to(x, mask.shape)[at]
    return y


def _along(shape: Any, dim: int, size: int, step: int) -> Any:
    """(position in the windows, position in the source)"""
    count = (shape[dim] - size) // step + 1
    for at in np.ndindex(*shape[:dim], count, *shape[dim + 1 :]):
        for k in range(size):
            yield (*at, k), (*at[:dim], at[dim] * step + k, *at[dim + 1 :])


@oracle("windows")
def _(x: Any, dim: int, size: int, step: int) -> Any:
    y = np.zeros((*x.shape[:dim], (x.shape[dim] - size) // step + 1, *x.shape[dim + 1 :], size))
    for to, at in _along(x.shape, dim, size, step):
        y[to] = x[at]
    return y


@oracle("windows_adjoint")
def _(g: Any, shape: Any, dim: int, size: int, step: int) -> Any:
    y = np.zeros(shape)
    for at, to in _along(shape, dim, size, step):
        y[to] += g[at]
    return y
