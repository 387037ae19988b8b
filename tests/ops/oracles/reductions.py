"""Reductions, orderings and running results, slice by slice."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .table import ORACLES, nan_wins


def slices(x: Any, dims: Any) -> Any:
    """(position of the result with kept dims, the entries that are reduced to it)"""
    axes = tuple(range(x.ndim)) if dims is None else tuple(d % x.ndim for d in ((dims,) if isinstance(dims, int) else dims))
    for at in itertools.product(*(range(1 if i in axes else n) for i, n in enumerate(x.shape))):
        box = tuple(slice(None) if i in axes else k for i, k in enumerate(at))
        yield at, [float(v) for v in np.asarray(x[box]).reshape(-1)]


def reduction(name: str, fn: Callable[..., Any], kind: Any = np.float64) -> None:
    def run(x: Any, dims: Any = None, keepdim: bool = False, **params: Any) -> Any:
        axes = tuple(range(x.ndim)) if dims is None else tuple(d % x.ndim for d in dims)
        out = np.zeros(tuple(1 if i in axes else n for i, n in enumerate(x.shape)), kind)
        for at, entries in slices(x, dims):
            out[at] = fn(entries, **params)
        return out if keepdim else out.reshape(tuple(n for i, n in enumerate(x.shape) if i not in axes))

    ORACLES[name] = run


def variance(v: list[float], correction: float) -> float:
    mean = math.fsum(v) / len(v)
    return math.fsum((e - mean) ** 2 for e in v) / max(len(v) - correction, 0) if len(v) > correction else math.nan


def _norm(v: list[float], p: Any) -> float:
    size = [abs(e) for e in v]
    if p in (math.inf, "inf"):
        return max(size)
    if p == -math.inf:
        return min(size)
    if p == 0:
        return float(sum(e != 0 for e in v))
    return math.fsum(e ** (2 if p in ("fro", None) else p) for e in size) ** (1 / (2 if p in ("fro", None) else p))


reduction("sum", math.fsum)
reduction("mean", lambda v: math.fsum(v) / len(v) if v else math.nan)
reduction("amax", lambda v: nan_wins(lambda *e: max(e))(*v))
reduction("amin", lambda v: nan_wins(lambda *e: min(e))(*v))
reduction("any", lambda v: any(bool(e) for e in v), bool)
reduction("all", lambda v: all(bool(e) for e in v), bool)
reduction("count_nonzero", lambda v: sum(e != 0 for e in v), np.int64)
reduction("prod", lambda v: functools.reduce(lambda a, b: a * b, v, 1.0))
reduction(
    "logsumexp",
    lambda v: (
        sum(v)
        if any(map(math.isnan, v))
        else max(v)
        if math.isinf(max(v))
        else max(v) + math.log(math.fsum(math.exp(e - max(v)) for e in v))
    ),
)
reduction("var", variance)
reduction("std", lambda v, correction: math.sqrt(variance(v, correction)))
reduction("norm", _norm)


def picking(name: str, fn: Callable[[list[float]], int]) -> None:
    """(value, index) of one entry of each slice."""

    def run(x: Any, dim: Any = None, keepdim: bool = False, **params: Any) -> Any:
        if not x.ndim:
            return np.array(x), np.zeros((), np.int64)
        d = None if dim is None else dim % x.ndim
        dims = None if d is None else (d,)
        shape = tuple(1 if dims is None or i in dims else n for i, n in enumerate(x.shape))
        values, at_index = np.zeros(shape), np.zeros(shape, np.int64)
        for at, entries in slices(x, dims):
            k = fn(entries, **params)
            values[at], at_index[at] = entries[k], k
        if not keepdim:
            rest = tuple(n for i, n in enumerate(x.shape) if dims is not None and i not in dims)
            values, at_index = values.reshape(rest), at_index.reshape(rest)
        return values, at_index

    ORACLES[name] = run


def _kth(v: list[float], k: int) -> int:
    return sorted(range(len(v)), key=lambda i: (math.isnan(v[i]), v[i]))[k - 1]


picking("max_dim", lambda v: next((i for i, e in enumerate(v) if math.isnan(e)), v.index(max(v))))
picking("min_dim", lambda v: next((i for i, e in enumerate(v) if math.isnan(e)), v.index(min(v))))
picking("kthvalue", _kth)
picking(
    "median_dim",
    lambda v, skip_nan: (
        _kth(v, (sum(not math.isnan(e) for e in v) + 1) // 2)
        if skip_nan or not any(map(math.isnan, v))
        else next(i for i, e in enumerate(v) if math.isnan(e))
    ),
)
picking("argmax", lambda v: next((i for i, e in enumerate(v) if math.isnan(e)), v.index(max(v))))
picking("argmin", lambda v: next((i for i, e in enumerate(v) if math.isnan(e)), v.index(min(v))))
for _name in ("argmax", "argmin"):
    ORACLES[_name] = functools.partial(lambda f, *a, **k: f(*a, **k)[1], ORACLES[_name])


def _mode(v: list[float]) -> int:
    """The last place of the smallest of the most frequent values."""
    count = {e: v.count(e) for e in v}
    best = min(e for e in v if count[e] == max(count.values()))
    return len(v) - 1 - v[::-1].index(best)


picking("mode", _mode)
ORACLES["median"] = lambda x, skip_nan: np.array(sorted(x.reshape(-1).tolist())[(x.size - 1) // 2] if x.size else math.nan)


def ordering(name: str, fn: Callable[..., Any]) -> None:
    """Something done to each slice along a dim."""

    def run(x: Any, dim: int, **params: Any) -> Any:
        if not x.ndim:
            made = fn(x.reshape(1), **params)
            return tuple(np.asarray(m).reshape(()) for m in made) if isinstance(made, tuple) else np.asarray(made).reshape(())
        moved = np.moveaxis(x, dim, -1)
        rows = [fn(r, **params) for r in moved.reshape(-1, moved.shape[-1])]
        several = isinstance(rows[0], tuple)
        columns = zip(*rows, strict=True) if several else [rows]
        made = [np.moveaxis(np.array(c).reshape(*moved.shape[:-1], -1), -1, dim) for c in columns]
        return tuple(made) if several else made[0]

    ORACLES[name] = run


def _sorted(r: Any, descending: bool = False, k: int | None = None) -> Any:
    order = sorted(range(len(r)), key=lambda i: -r[i] if descending else r[i])[:k]
    return [r[i] for i in order], order


def _running(r: Any, better: Callable[[float, float], bool]) -> Any:
    best, values, places = 0, [], []
    for i in range(len(r)):
        best = i if better(r[i], r[best]) else best
        values.append(r[best])
        places.append(best)
    return values, places


ordering("sort", _sorted)
ordering("topk", lambda r, k, largest: _sorted(r, largest, k))
ordering("cummax", lambda r: _running(r, lambda a, b: a >= b))
ordering("cummin", lambda r: _running(r, lambda a, b: a <= b))
ordering("cumsum", lambda r, backwards: [math.fsum(r[i:] if backwards else r[: i + 1]) for i in range(len(r))])
ordering(
    "logcumsumexp",
    lambda r, backwards: [math.log(math.fsum(math.exp(v) for v in (r[i:] if backwards else r[: i + 1]))) for i in range(len(r))],
)
ordering("cumprod", lambda r: [math.prod(r[: i + 1].tolist()) for i in range(len(r))])
ordering("softmax", lambda r: [math.exp(v) / math.fsum(math.exp(w) for w in r) for v in r])
ordering("log_softmax", lambda r: [v - math.log(math.fsum(math.exp(w) for w in r)) for v in r])


def _by_row(name: str, jacobian: Callable[[Any, int, int], float]) -> None:
    """gx_j = Σ_i g_i ∂y_i/∂x_j in each row along dim, with ∂y_i/∂x_j told by y's row."""

    def run(g: Any, y: Any, dim: int) -> Any:
        out = np.zeros(g.shape)
        rows = (np.moveaxis(np.atleast_1d(a), dim, -1) for a in (g, y, out))
        gs, ys, outs = rows
        for at in np.ndindex(*outs.shape):
            row = ys[at[:-1]].astype(float)
            outs[at] = math.fsum(float(gs[(*at[:-1], i)]) * jacobian(row, i, at[-1]) for i in range(len(row)))
        return outs[0] if not out.ndim else out

    ORACLES[name] = run


_by_row("softmax_adjoint", lambda y, i, j: y[i] * ((i == j) - y[j]))
_by_row("log_softmax_adjoint", lambda y, i, j: (i == j) - math.exp(y[j]))
