"""Shapes, indices, products of matrices: position by position."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .table import ORACLES, oracle

ORACLES.update(
    {
        "sum_to": lambda x, shape: sum_to(x, shape),
        "cat": lambda *xs, dim: catted(xs, dim),
        "select_view": lambda x, at: x[at],
        "detach": lambda x: x,
        "data": lambda x: x,
        "exchanged": lambda x, data: data,
        "select_copy": lambda x, at: x[at],
        "nonzero_tuple": lambda x: tuple(np.array([p[k] for p in np.argwhere(x).tolist()], np.int64) for k in range(x.ndim)),
        "spread": lambda x, shape, dims, keepdim: spread(x, shape, dims, keepdim),
        "sampled": lambda x, other=None, *, values: np.array(values),
        "nuclear norm": lambda x: np.asarray(np.sqrt(np.maximum(np.linalg.eigvalsh(np.swapaxes(x, -1, -2) @ x), 0)).sum(-1)),
    }
)


# ------------------------------------------------------------------------------------------------- entries that move
def moving(name: str, shape: Callable[..., Any], source: Callable[..., Any]) -> None:
    """y[p] = x[source(p)], or 0 where that is None."""

    def run(x: Any, **params: Any) -> Any:
        y = np.zeros(shape(x.shape, **params))
        for p in np.ndindex(*y.shape):
            q = source(p, x.shape, **params)
            y[p] = 0.0 if q is None else x[q]
        return y

    ORACLES[name] = run


def _filled_in(old: Any, shape: Any) -> Any:
    """The size that -1 stands for."""
    return tuple(math.prod(old) // math.prod(k for k in shape if k >= 0) if n == -1 else n for n in shape)


def _reshaped(p: Any, old: Any, shape: Any) -> Any:
    """Through the position in row-major order."""
    count = 0
    for k, n in zip(p, shape, strict=True):
        count = count * n + k
    q: list[int] = []
    for n in reversed(old):
        count, k = divmod(count, n)
        q.insert(0, k)
    return tuple(q)


def _on_diagonal(p: Any, old: Any, offset: int, dim1: int, dim2: int) -> Any:
    q: list[Any] = [None] * len(old)
    q[dim1], q[dim2] = p[-1] + max(-offset, 0), p[-1] + max(offset, 0)
    rest = list(p[:-1])
    return tuple(rest.pop(0) if k is None else k for k in q)


def _diagonal_shape(old: Any, offset: int, dim1: int, dim2: int) -> Any:
    a, b = dim1 % len(old), dim2 % len(old)
    return (*(n for i, n in enumerate(old) if i not in (a, b)), max(0, min(old[a] - max(-offset, 0), old[b] - max(offset, 0))))


def _in_triangle(p: Any, old: Any, diagonal: int, lower: bool) -> Any:
    return p if (p[-1] - p[-2] <= diagonal if lower else p[-1] - p[-2] >= diagonal) else None


moving("pack", lambda old: old, lambda p, old: p)
moving(
    "permute",
    lambda old, dims: [old[d] for d in dims],
    lambda p, old, dims: tuple(p[[d % len(old) for d in dims].index(i)] for i in range(len(old))),
)
moving(
    "reshape",
    lambda old, shape, kind=None: _filled_in(old, shape),
    lambda p, old, shape, kind=None: _reshaped(p, old, _filled_in(old, shape)),
)
moving(
    "expand_to",
    lambda old, shape: shape,
    lambda p, old, shape: tuple(0 if n == 1 else k for k, n in zip(p[len(p) - len(old) :], old, strict=True)),
)
moving(
    "flip",
    lambda old, dims: old,
    lambda p, old, dims: tuple(n - 1 - k if i in [d % len(old) for d in dims] else k for i, (k, n) in enumerate(zip(p, old, strict=True))),
)
moving("triangle", lambda old, diagonal, lower: old, _in_triangle)
moving("mirrored", lambda old, upper: old, lambda p, old, upper: p if (p[-1] > p[-2]) == upper else (*p[:-2], p[-1], p[-2]))
moving("diagonal", _diagonal_shape, _on_diagonal)


@oracle("view_write")
def _(x: Any, part: Any, path: Any) -> Any:
    """The path followed by the positions themselves, each view by its own oracle."""
    where = np.arange(float(x.size)).reshape(x.shape)
    for prim, given in path:
        where = np.asarray(ORACLES[prim.name](where, **dict(zip(prim.params, given, strict=True))))
    y = np.array(x).reshape(-1)
    for k, v in zip(where.reshape(-1), np.broadcast_to(part, where.shape).reshape(-1), strict=True):
        y[int(k)] = v
    return y.reshape(x.shape)


# ------------------------------------------------------------------------------------------------- products
def _product(a: Any, b: Any) -> Any:
    """Rows times columns, for two matrices."""
    return np.array([[math.fsum(float(u) * float(v) for u, v in zip(row, column, strict=True)) for column in b.T] for row in a]).reshape(
        a.shape[0], b.shape[1]
    )


@oracle("matmul")
def _(a: Any, b: Any) -> Any:
    wide, tall = np.atleast_2d(a), b.reshape(-1, 1) if b.ndim == 1 else b
    lead = np.broadcast_shapes(wide.shape[:-2], tall.shape[:-2])
    wide, tall = (np.broadcast_to(m, lead + m.shape[-2:]) for m in (wide, tall))
    y = np.zeros((*lead, wide.shape[-2], tall.shape[-1]))
    for at in np.ndindex(*lead):
        y[at] = _product(wide[at], tall[at])
    y = y[..., 0] if b.ndim == 1 else y
    return y[..., 0, :] if a.ndim == 1 and b.ndim > 1 else y[..., 0] if a.ndim == 1 else y


@oracle("linear")
def _(x: Any, w: Any, b: Any = None) -> Any:
    y = _product(x.reshape(-1, x.shape[-1]), w.T).reshape(*x.shape[:-1], w.shape[0])
    return y if b is None else y + b


@oracle("einsum")
def _(*xs: Any, equation: str) -> Any:
    """Letter by letter: the result's letters outside, the others summed."""
    given, to = equation.replace(" ", "").split("->")
    terms = given.split(",")
    size = {c: n for term, x in zip(terms, xs, strict=True) for c, n in zip(term, x.shape, strict=True)}
    summed = sorted(set(size) - set(to))
    y = np.zeros([size[c] for c in to])
    for p in np.ndindex(*y.shape):
        total = []
        for s in np.ndindex(*(size[c] for c in summed)):
            at = dict(zip([*to, *summed], [*p, *s], strict=True))
            total.append(math.prod(float(x[tuple(at[c] for c in term)]) for term, x in zip(terms, xs, strict=True)))
        y[p] = math.fsum(total)
    return y


def sum_to(x: Any, shape: Any) -> Any:
    y = np.zeros(shape)
    for at in np.ndindex(*x.shape):
        tail = at[len(at) - len(shape) :]
        y[tuple(0 if n == 1 else k for k, n in zip(tail, shape, strict=True))] += x[at]
    return y


def catted(xs: Any, dim: int) -> Any:
    rows = [list(np.moveaxis(x, dim, 0)) for x in xs]
    joined = [r for part in rows for r in part]
    if joined:
        return np.moveaxis(np.array(joined), 0, dim)
    return np.zeros(tuple(0 if i == dim else n for i, n in enumerate(xs[0].shape)))


def spread(x: Any, shape: Any, dims: Any, keepdim: bool) -> Any:
    axes = tuple(range(len(shape))) if dims is None else dims
    y = np.zeros(shape)
    for at in np.ndindex(*shape):
        y[at] = x[tuple(0 if i in axes else k for i, k in enumerate(at) if keepdim or i not in axes)]
    return y


@oracle("split")
def _(x: Any, sizes: Any, dim: int) -> Any:
    ends = list(itertools.accumulate(sizes))
    return tuple(np.take(x, range(b - n, b), dim) for n, b in zip(sizes, ends, strict=True))


@oracle("index_adjoint")
def _(g: Any, at: Any, shape: Any) -> Any:
    where = np.arange(math.prod(shape)).reshape(shape)[at].reshape(-1)
    y = np.zeros(math.prod(shape))
    for k, v in zip(where.tolist(), np.broadcast_to(g, np.arange(math.prod(shape)).reshape(shape)[at].shape).reshape(-1), strict=True):
        y[k] += v
    return y.reshape(shape)


@oracle("index_put")
def _(x: Any, values: Any, at: Any) -> Any:
    where = np.arange(x.size).reshape(x.shape)[at]
    y = x.reshape(-1).copy()
    for k, v in zip(where.reshape(-1).tolist(), np.broadcast_to(values, where.shape).reshape(-1), strict=True):
        y[k] = v
    return y.reshape(x.shape)


@oracle("take_along")
def _(x: Any, at: Any, dim: int, repeats: bool) -> Any:
    y = np.zeros(at.shape)
    for p in np.ndindex(*at.shape):
        q = list(p)
        q[dim] = at[p]
        y[p] = x[tuple(q)]
    return y


@oracle("put_along")
def _(g: Any, at: Any, dim: int, size: int, repeats: bool = False) -> Any:
    shape = list(at.shape)
    shape[dim] = size
    y, g = np.zeros(shape), g.reshape(at.shape)
    for p in np.ndindex(*at.shape):
        q = list(p)
        q[dim] = at[p]
        y[tuple(q)] += g[p]
    return y


@oracle("diagonal_adjoint")
def _(g: Any, shape: Any, offset: int, dim1: int, dim2: int) -> Any:
    y = np.zeros(shape)
    where = np.diagonal(np.arange(y.size).reshape(shape), offset, dim1, dim2)
    y.reshape(-1)[where.reshape(-1)] = g.reshape(-1)
    return y


@oracle("pad_constant")
def _(x: Any, widths: Any, value: float) -> Any:
    full = [(0, 0)] * (x.ndim - len(widths)) + list(widths)
    y = np.full([a + n + b for n, (a, b) in zip(x.shape, full, strict=True)], float(value))
    for at in np.ndindex(*x.shape):
        to = tuple(k + a for k, (a, _) in zip(at, full, strict=True))
        if all(0 <= t < n for t, n in zip(to, y.shape, strict=True)):
            y[to] = x[at]
    return y


@oracle("roll")
def _(x: Any, shifts: Any, dims: Any) -> Any:
    if dims is None:
        flat = x.reshape(-1)
        return np.array([flat[(i - sum(np.atleast_1d(shifts))) % flat.size] for i in range(flat.size)]).reshape(x.shape)
    y = np.array(x)
    for at in np.ndindex(*x.shape):
        to = list(at)
        for s, d in zip(shifts, dims, strict=True):
            to[d] = (to[d] + s) % x.shape[d]
        y[tuple(to)] = x[at]
    return y


@oracle("shift")
def _(x: Any, by: int, dim: int) -> Any:
    y = np.zeros(x.shape)
    for at in np.ndindex(*x.shape):
        to = list(at)
        to[dim] += by
        if 0 <= to[dim] < x.shape[dim]:
            y[tuple(to)] = x[at]
    return y
