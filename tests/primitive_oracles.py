"""What each primitive means, said a second time and independently: the math module entry by entry, plain loops, textbook formulas.

`ORACLES[name]` takes a case's raw inputs and parameters and returns the expected values in float64. Primitives that are not here are
named in `WITHOUT`, with the reason.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import oracles as loops

ORACLES: dict[str, Callable[..., Any]] = {}
WITHOUT = {
    "view_write": "internal: what a write to a view does to its base; checked against torch through in-place writes",
    "pack": "a copy in another memory order", "dropout": "random: its structure is tested in test_primitives",
}  # fmt: skip


def oracle(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def put(fn: Callable[..., Any]) -> Callable[..., Any]:
        ORACLES[name] = fn
        return fn

    return put


def entrywise(name: str, fn: Callable[..., Any], kind: Any = np.float64) -> None:
    """An operation that is `fn` for each entry."""

    def run(*arrays: Any, **params: Any) -> Any:
        spread = np.broadcast_arrays(*arrays)
        out = np.zeros(spread[0].shape, kind)
        for at in np.ndindex(*out.shape):
            out[at] = fn(*(v[at].item() for v in spread), **params)
        return out

    ORACLES[name] = run


def nan_wins(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn`, but nan where any operand is."""
    return lambda *v, **p: math.nan if any(math.isnan(e) for e in v) else fn(*v, **p)


def nan_loses(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` of the operands that are not nan."""

    def run(*v: float) -> float:
        good = [e for e in v if not math.isnan(e)]
        return fn(good) if good else math.nan

    return run


def _sig(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _round(x: float, decimals: int = 0) -> float:
    return float(round(x * 10**decimals)) / 10**decimals


def _erfinv(y: float) -> float:
    x = 0.0
    for _ in range(60):
        x -= (math.erf(x) - y) / (2 / math.sqrt(math.pi) * math.exp(-x * x))
    return x


FLOATS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b, "neg": lambda a: -a,
    "floor_divide": lambda a, b: math.floor(a / b), "trunc_divide": lambda a, b: math.trunc(a / b),
    "power": lambda a, exponent: math.inf if a == 0 and exponent < 0 else a**exponent, "power_of": lambda a, b: a**b, "maximum": nan_wins(max),
    "minimum": nan_wins(min),
    "fmax": nan_loses(max), "fmin": nan_loses(min),
    "exp": math.exp, "exp2": lambda a: 2.0**a, "expm1": math.expm1, "log": math.log, "log2": math.log2, "log10": math.log10,
    "log1p": math.log1p, "logaddexp": lambda a, b: math.log(math.exp(a) + math.exp(b)),
    "logaddexp2": lambda a, b: math.log2(2**a + 2**b), "sqrt": math.sqrt, "rsqrt": lambda a: 1 / math.sqrt(a),
    "reciprocal": lambda a: 1 / a, "sigmoid": _sig, "xlogy": lambda a, b: math.nan if math.isnan(b) else 0.0 if a == 0 else a * math.log(b),
    "logit": lambda a, eps=None: (lambda p: math.log(p / (1 - p)))(a if eps is None else min(max(a, eps), 1 - eps)),
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "asin": math.asin, "acos": math.acos, "atan": math.atan, "atan2": math.atan2,
    "hypot": lambda a, b: math.inf if math.inf in (abs(a), abs(b)) else math.sqrt(a * a + b * b),
    "sinc": lambda a: 1.0 if a == 0 else math.sin(math.pi * a) / (math.pi * a),
    "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh, "asinh": math.asinh, "acosh": math.acosh, "atanh": math.atanh,
    "erf": math.erf, "erfc": math.erfc, "erfinv": _erfinv,
    "relu": nan_wins(lambda a: a if a > 0 else 0.0), "hardtanh": lambda a, min_val, max_val: min_val if a < min_val else max_val if a > max_val else a,
    "threshold": nan_wins(lambda a, threshold, value: a if a > threshold else value),
    "leaky_relu": lambda a, negative_slope: a if a >= 0 else negative_slope * a,
    "hardsigmoid": lambda a: min(max(a / 6 + 0.5, 0.0), 1.0), "hardswish": lambda a: a * min(max(a + 3, 0.0), 6.0) / 6,
    "hardshrink": nan_wins(lambda a, lambd: a if a > lambd or a < -lambd else 0.0),
    "softshrink": nan_wins(lambda a, lambd: a - lambd if a > lambd else a + lambd if a < -lambd else 0.0),
    "elu": lambda a, alpha=1.0, scale=1.0, input_scale=1.0: scale * (a if a > 0 else alpha * math.expm1(a * input_scale)),
    "silu": lambda a: a * _sig(a), "mish": lambda a: a * math.tanh(math.log1p(math.exp(a))), "logsigmoid": lambda a: math.log(_sig(a)),
    "softplus": lambda a, beta, threshold: a if a * beta > threshold else math.log1p(math.exp(beta * a)) / beta,
    "softsign": lambda a: a / (1 + abs(a)),
    "gelu": lambda a, approximate: (0.5 * a * (1 + math.erf(a / math.sqrt(2))) if approximate == "none" else
                                    0.5 * a * (1 + math.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))),
    "abs": abs, "sign": lambda a: float((a > 0) - (a < 0)), "copysign": math.copysign, "floor": math.floor, "ceil": math.ceil,
    "trunc": math.trunc, "round": _round, "frac": lambda a: a - math.trunc(a), "remainder": lambda a, b: a - b * math.floor(a / b),
    "fmod": math.fmod, "lerp": lambda a, b, w: b - (b - a) * (1 - w) if abs(w) >= 0.5 else a + w * (b - a),
    "heaviside": lambda a, v: v if a == 0 else float(a > 0),
    "clamp": lambda a, min=None, max=None: max if max is not None and a > max else min if min is not None and a < min else a,
    "clamp from below": nan_wins(lambda a, b: b if a < b else a), "clamp from above": nan_wins(lambda a, b: b if a > b else a),
    "where": lambda c, a, b: a if c else b, "copied": lambda a, b: b, "filled": lambda a, value: value,
    "nan_to_num": lambda a, nan, posinf, neginf: (
        (0.0 if nan is None else nan) if math.isnan(a) else
        (np.finfo(float).max if posinf is None else posinf) if a == math.inf else
        (np.finfo(float).min if neginf is None else neginf) if a == -math.inf else a),
    "clone": lambda a, memory_format=None: a, "cast": lambda a, dtype: a,
}  # fmt: skip
for _name, _fn in FLOATS.items():
    entrywise(_name, _fn)

BOOLS: dict[str, Callable[..., Any]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b, "isnan": math.isnan, "isinf": math.isinf, "isfinite": math.isfinite, "isposinf": lambda a: a == math.inf,
    "isneginf": lambda a: a == -math.inf, "isreal": lambda a: True, "signbit": lambda a: math.copysign(1, a) < 0,
    "logical_and": lambda a, b: bool(a) and bool(b), "logical_or": lambda a, b: bool(a) or bool(b),
    "logical_xor": lambda a, b: bool(a) != bool(b), "logical_not": lambda a: not a,
    "isclose": lambda a, b, rtol, atol, equal_nan: (a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= atol + rtol * abs(b)))
    if not math.isnan(a) and not math.isnan(b)
    else equal_nan and math.isnan(a) and math.isnan(b),
}  # fmt: skip
for _name, _fn in BOOLS.items():
    entrywise(_name, _fn, bool)
INTEGERS: dict[str, Callable[..., Any]] = {
    "bitwise_and": lambda a, b: a & b, "bitwise_or": lambda a, b: a | b, "bitwise_xor": lambda a, b: a ^ b,
    "bitwise_not": lambda a: (not a) if isinstance(a, bool) else ~a, "bitwise_left_shift": lambda a, b: a << b,
    "bitwise_right_shift": lambda a, b: a >> b, "gcd": math.gcd, "lcm": math.lcm,
}  # fmt: skip
for _name, _fn in INTEGERS.items():
    entrywise(_name, _fn, np.int64)


@oracle("prelu")
def _(x: Any, w: Any) -> Any:
    y = np.array(x)
    for at in np.ndindex(*x.shape):
        slope = w.reshape(-1)[0] if w.size == 1 else w[at[1]] if w.ndim == 1 and x.ndim > 1 else np.broadcast_to(w, x.shape)[at]
        y[at] = x[at] if x[at] >= 0 else slope * x[at]
    return y


@oracle("isin")
def _(e: Any, test: Any, assume_unique: bool, invert: bool) -> Any:
    found = set(np.asarray(test).reshape(-1).tolist())
    return np.array([(v in found) != invert for v in np.asarray(e).reshape(-1).tolist()], bool).reshape(np.shape(e))


# ------------------------------------------------------------------------------------------------- reductions
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


def _variance(v: list[float], correction: float) -> float:
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
reduction("var", _variance)
reduction("std", lambda v, correction: math.sqrt(_variance(v, correction)))
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
picking("median_dim", lambda v, skip_nan: _kth(v, (sum(not math.isnan(e) for e in v) + 1) // 2) if skip_nan or not any(map(math.isnan, v))
        else next(i for i, e in enumerate(v) if math.isnan(e)))  # fmt: skip
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
ORACLES["median"] = lambda x, skip_nan: np.array(sorted(x.reshape(-1).tolist())[(x.size - 1) // 2])


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


# ------------------------------------------------------------------------------------------------- shape and index
ORACLES.update({
    "sum_to": lambda x, shape: sum_to(x, shape), "expand_to": lambda x, shape: np.broadcast_to(x, shape),
    "reshape": lambda x, shape, kind=None: np.array(x.ravel().tolist()).reshape(shape),
    "permute": lambda x, dims: permuted(x, dims), "cat": lambda *xs, dim: catted(xs, dim),
    "select_view": lambda x, at: x[at], "select_copy": lambda x, at: x[at],
    "nonzero_tuple": lambda x: tuple(np.array([p[k] for p in np.argwhere(x).tolist()], np.int64) for k in range(x.ndim)),
    "flip": lambda x, dims: np.flip(x, dims), "triangle": lambda x, diagonal, lower: (np.tril if lower else np.triu)(x, diagonal),
    "diagonal": lambda x, offset, dim1, dim2: np.diagonal(x, offset, dim1, dim2),
    "spread": lambda x, shape, dims, keepdim: spread(x, shape, dims, keepdim), "einsum": lambda *xs, equation: np.einsum(equation, *xs),
    "matmul": lambda a, b: np.matmul(a, b), "linear": lambda x, w, b=None: x @ w.T + (0 if b is None else b),
    "nuclear norm": lambda x: np.asarray(np.sqrt(np.maximum(np.linalg.eigvalsh(np.swapaxes(x, -1, -2) @ x), 0)).sum(-1)),
})  # fmt: skip


def sum_to(x: Any, shape: Any) -> Any:
    y = np.zeros(shape)
    for at in np.ndindex(*x.shape):
        tail = at[len(at) - len(shape) :]
        y[tuple(0 if n == 1 else k for k, n in zip(tail, shape, strict=True))] += x[at]
    return y


def permuted(x: Any, dims: Any) -> Any:
    y = np.zeros(tuple(x.shape[d] for d in dims))
    for at in np.ndindex(*y.shape):
        old = [0] * len(at)
        for k, d in zip(at, dims, strict=True):
            old[d] = k
        y[at] = x[tuple(old)]
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


# ------------------------------------------------------------------------------------------------- losses
def reduced(losses: Any, reduction: str) -> Any:
    flat = [float(v) for v in np.asarray(losses).reshape(-1)]
    total = math.fsum(flat)
    return np.asarray(losses) if reduction == "none" else np.asarray(total if reduction == "sum" else total / len(flat))


def loss(name: str, fn: Callable[..., float]) -> None:
    def run(x: Any, t: Any, *more: Any, reduction: str, **params: Any) -> Any:
        x, t, *rest = np.broadcast_arrays(x, t, *(m for m in more if m is not None))
        each = np.zeros(x.shape)
        for at in np.ndindex(*x.shape):
            each[at] = fn(float(x[at]), float(t[at]), *(float(r[at]) for r in rest), **params)
        return reduced(each, reduction)

    ORACLES[name] = run


loss("mse_loss", lambda x, t: (x - t) ** 2)
loss("l1_loss", lambda x, t: abs(x - t))
loss("smooth_l1_loss", lambda x, t, beta: 0.5 * (x - t) ** 2 / beta if abs(x - t) < beta else abs(x - t) - 0.5 * beta)
loss("huber_loss", lambda x, t, delta: 0.5 * (x - t) ** 2 if abs(x - t) <= delta else delta * (abs(x - t) - 0.5 * delta))
loss("binary_cross_entropy", lambda x, t: -(t * math.log(x) + (1 - t) * math.log(1 - x)))
loss("binary_cross_entropy_with_logits", lambda x, t, w=1.0: -(w * t * math.log(_sig(x)) + (1 - t) * math.log(1 - _sig(x))))
loss("soft_margin_loss", lambda x, t: math.log(1 + math.exp(-t * x)))


def _classes_last(x: Any) -> Any:
    return x if x.ndim == 1 else np.moveaxis(x, 1, -1)


@oracle("nll_loss")
def _(x: Any, t: Any, w: Any, ignore_index: int, reduction: str) -> Any:
    rows, each, weights = _classes_last(x), np.zeros(t.shape), np.zeros(t.shape)
    for at in np.ndindex(*t.shape):
        k = int(t[at])
        if k != ignore_index:
            weights[at] = 1.0 if w is None else w[k]
            each[at] = -weights[at] * rows[at][k]
    if reduction == "none":
        return each
    return np.asarray(each.sum() if reduction == "sum" else each.sum() / weights.sum())


@oracle("cross_entropy")
def _(x: Any, t: Any, w: Any, ignore_index: int, reduction: str, label_smoothing: float) -> Any:
    rows = _classes_last(x)
    logp = rows - np.log(np.exp(rows).sum(-1, keepdims=True))
    c = rows.shape[-1]
    w = np.ones(c) if w is None else w
    if t.dtype.kind == "f":
        soft = _classes_last(t) * (1 - label_smoothing) + label_smoothing / c
        each = -(w * soft * logp).sum(-1)
        return each if reduction == "none" else np.asarray(each.sum() if reduction == "sum" else each.sum() / max(each.size, 1))
    each, weights = np.zeros(t.shape), np.zeros(t.shape)
    for at in np.ndindex(*t.shape):
        k = int(t[at])
        if k == ignore_index:
            continue
        weights[at] = w[k]
        each[at] = -(1 - label_smoothing) * w[k] * logp[at][k] - label_smoothing / c * float((w * logp[at]).sum())
    if reduction == "none":
        return each
    return np.asarray(each.sum() if reduction == "sum" else each.sum() / weights.sum())


# ------------------------------------------------------------------------------------------------- convolution, pooling, norms
@oracle("conv")
def _(x: Any, w: Any, b: Any = None, *, stride: Any, padding: Any, dilation: Any, groups: int, kind: str = "") -> Any:
    y = loops.conv(x, w, stride, padding, dilation, groups)
    return y if b is None else y + b.reshape(-1, *(1,) * (y.ndim - 2))


ORACLES["conv_input"] = lambda g, w, shape, stride, padding, dilation, groups, kind="": loops.conv_transposed(
    g, w, shape, stride, padding, dilation, groups)  # fmt: skip
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
        mean, spread_ = math.fsum(entries) / len(entries), math.sqrt(_variance(entries, 0) + eps)
        box = tuple(slice(None) if i in [d % x.ndim for d in dims] else k for i, k in enumerate(at))
        y[box] = (x[box] - mean) / spread_
    return y


# ------------------------------------------------------------------------------------------------- gathering and counting
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


def _normal_density(a: float) -> float:
    return math.exp(-a * a / 2) / math.sqrt(2 * math.pi)


def _mish_slope(a: float) -> float:
    t = math.tanh(math.log1p(math.exp(a)))
    return t + a * _sig(a) * (1 - t * t)


entrywise("gelu slope", lambda a: 0.5 * (1 + math.erf(a / math.sqrt(2))) + a * _normal_density(a))
entrywise("silu slope", lambda a: _sig(a) * (1 + a * (1 - _sig(a))))
entrywise("mish slope", _mish_slope)
ORACLES["max_pool"] = lambda x, kernel, stride, padding, dilation, ceil_mode: loops.max_pool(
    x, kernel, stride, tuple((p, p) for p in padding), dilation,
    tuple(_pooled(n, k, s, p, d, ceil_mode) for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)))  # fmt: skip


def _pooled(n: int, k: int, s: int, p: int, d: int, ceil: bool) -> int:
    """How many windows start at or before the last place, and with `ceil` also those that hang over its end."""
    count = 0
    while True:
        start = -p + count * s
        if start + d * (k - 1) < n + p or (ceil and start < n + p and start + d * (k - 1) - s < n + p - 1 and start < n):
            count += 1
        else:
            return count
