"""Counting by loops: order, histograms, flat indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import oracle


@oracle("searchsorted")
def _searchsorted(order: Any, values: Any, right: bool, kind: Any = np.int64) -> Any:
    y = np.zeros(values.shape, kind)
    for at in np.ndindex(*values.shape):
        row = order if order.ndim == 1 else order[at[:-1]]
        y[at] = sum(bool(v <= values[at]) if right else bool(v < values[at]) for v in row)
    return y


@oracle("histc")
def _histc(x: Any, bins: int, low: float, high: float) -> Any:
    y = np.zeros(bins)
    for v in x.ravel():
        if low <= v <= high:
            y[min(int((v - low) / (high - low) * bins), bins - 1)] += 1
    return y


@oracle("histogram")
def _histogram(x: Any, weight: Any = None, *, bins: int, limits: Any, density: bool) -> Any:
    low, high = limits
    return _histc(x, bins, low, high), np.array([low + (high - low) * k / bins for k in range(bins + 1)])


@oracle("unravel_index")
def _unravel(x: Any, shape: Any) -> Any:
    ys = [np.zeros(x.shape, np.int64) for _ in shape]
    for at in np.ndindex(*x.shape):
        rest = int(x[at])
        for d in range(len(shape) - 1, -1, -1):
            rest, ys[d][at] = divmod(rest, shape[d])
    return tuple(ys)
