"""Resampling along one dim: which source entries, with which weights, make each entry of the result.

A resampling over several dims is one plan after the other. Sources are computed in the precision PyTorch uses, so that borders fall on
the same entries.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Entries = tuple[Array, Array | None]  # places and weights, both (out, taps)

_DENSE = 128  # up to this size a product with the whole matrix, zeros and all, beats picking entries


class Plan:
    """y[j] = Σ_t weights[j, t] · x[places[j, t]]; without weights each entry of the result is one of the source."""

    def __init__(self, size: int, places: Array, weights: Array | None = None) -> None:
        self.size, self.places, self.weights = size, places, weights

    @cached_property
    def times(self) -> int:
        """How often each entry is repeated, if that is all there is to do; else 0."""
        times, rest = divmod(len(self.places), self.size)
        only = self.weights is None and not rest and np.array_equal(self.places[:, 0], np.arange(len(self.places)) // max(times, 1))
        return times if only else 0

    @cached_property
    def matrix(self) -> Array:
        """The plan as a matrix (out, size)."""
        weights = np.ones(self.places.shape, np.float32) if self.weights is None else self.weights
        made = np.zeros((len(self.places), self.size), weights.dtype)
        np.add.at(made, (np.arange(len(made))[:, None], self.places), weights)
        return made


def _scale(size: int, out: int, factor: float | None, number: Any) -> Any:
    """Source entries for each entry of the result."""
    return number(1.0 / factor) if factor is not None and factor > 0 else number(size) / number(out)


@lru_cache(maxsize=256)
def plan_for(mode: str, size: int, out: int, align_corners: bool, factor: float | None, single: bool, antialias: bool) -> Plan:
    """The plan of one dim, for `mode` nearest, nearest-exact, linear or cubic."""
    return Plan(size, *_entries(mode, size, out, align_corners, factor, single, antialias))


def _entries(mode: str, size: int, out: int, align_corners: bool, factor: float | None, single: bool, antialias: bool) -> Entries:
    number: Any = np.float32 if single else np.float64
    if mode in ("nearest", "nearest-exact"):
        return _nearest(size, out, factor, mode == "nearest-exact", number)
    if antialias:
        return _smooth(mode, size, out, align_corners, factor, number)
    return (_linear if mode == "linear" else _cubic)(size, out, align_corners, factor, number)


def _nearest(size: int, out: int, factor: float | None, exact: bool, number: Any) -> Entries:
    at = np.arange(out).astype(number)
    scale = _scale(size, out, factor, number)
    if exact:
        at = np.maximum(scale * (at + number(0.5)) - number(0.5), number(0)).astype(np.float64) + 0.5
    else:
        at = at * scale
    places = np.floor(at.astype(np.float32)).astype(np.int64)  # rounded in single precision, also for doubles
    return np.minimum(places, size - 1)[:, None], None


def _sources(size: int, out: int, align_corners: bool, factor: float | None, number: Any) -> Array:
    """Where in the source the centre of each entry of the result lies."""
    at = np.arange(out).astype(number)
    if align_corners:
        at *= number(size - 1) / number(out - 1) if out > 1 else number(0)
        return at
    at += number(0.5)
    at *= _scale(size, out, factor, number)
    at -= number(0.5)
    return at


def _linear(size: int, out: int, align_corners: bool, factor: float | None, number: Any) -> Entries:
    if out == size:
        return np.arange(out)[:, None], None
    at = np.maximum(_sources(size, out, align_corners, factor, number), number(0))
    first = np.minimum(at.astype(np.int64), size - 1)
    second = np.minimum(first + 1, size - 1)
    part = np.clip(at - first.astype(number), 0, 1).astype(number)
    return np.stack([first, second], 1), np.stack([1 - part, part], 1)


def _cubic(size: int, out: int, align_corners: bool, factor: float | None, number: Any) -> Entries:
    at = _sources(size, out, align_corners, factor, number)
    floor = np.minimum(np.floor(at).astype(np.int64), size - 1)
    t = np.clip(at - floor.astype(number), 0, 1).astype(number)
    weights = [_keys(d, number(-0.75)) for d in (t + 1, t, 1 - t, 2 - t)]
    return np.clip(floor[:, None] + np.arange(-1, 3), 0, size - 1), np.stack(weights, 1).astype(number)


def _keys(x: Array, a: Any) -> Array:
    """Keys' cubic convolution kernel.   [Keys 1981]"""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


_FILTERS: dict[str, tuple[int, Callable[[Array], Array]]] = {
    "linear": (2, lambda x: np.maximum(1 - np.abs(x), 0)),
    "cubic": (4, lambda x: _keys(x, -0.5)),
}


def _smooth(mode: str, size: int, out: int, align_corners: bool, factor: float | None, number: Any) -> Entries:
    """With antialias: shrinking, the kernel is stretched over all the source entries that fall into one."""
    width, kernel = _FILTERS[mode]
    if align_corners:
        scale = (size - 1) / (out - 1) if out > 1 else 0.0
    else:
        scale = float(_scale(size, out, factor, number))
    support = width * 0.5 * max(scale, 1.0)
    centres = scale * (np.arange(out) + 0.5)
    first = np.maximum((centres - support + 0.5).astype(np.int64), 0)
    stop = np.minimum((centres + support + 0.5).astype(np.int64), size)
    taps = np.arange(int((stop - first).max()))
    places = first[:, None] + taps
    weights = kernel((places - centres[:, None] + 0.5) / max(scale, 1.0))
    weights = np.where(places < stop[:, None], weights, 0)
    weights = weights / weights.sum(1, keepdims=True)
    return np.minimum(places, size - 1), weights.astype(number)


def _dense(plan: Plan, x: Array) -> bool:
    """May it be a product with the matrix? Not with infinities or NaN in x, which its zeros would spread."""
    return plan.weights is not None and plan.size <= _DENSE and x.size > 0 and bool(np.isfinite(x.sum()))


def _product(matrix: Array, x: Array, axis: int) -> Array:
    """The matrix applied along one axis."""
    matrix = matrix.astype(x.dtype, copy=False)
    y: Array
    if axis == x.ndim - 1:
        y = np.matmul(x, matrix.T)
        return y
    # (…, n, *rest) -> (…, n, rest): the product runs over the last dim but one
    y = np.matmul(matrix, x.reshape(*x.shape[: axis + 1], -1))
    return y.reshape(*x.shape[:axis], len(matrix), *x.shape[axis + 1 :])


def resample_along(x: Array, plan: Plan, axis: int) -> Array:
    """The plan carried out along one axis."""
    if plan.times:
        return _repeated(x, plan.times, axis)
    if plan.weights is None:
        return np.take(x, plan.places[:, 0], axis)
    if _dense(plan, x):
        return _product(plan.matrix, x, axis)
    y = np.take(x, plan.places[:, 0], axis)
    y *= _column(plan.weights[:, 0], x, axis)
    for t in range(1, plan.places.shape[1]):
        part = np.take(x, plan.places[:, t], axis)
        part *= _column(plan.weights[:, t], x, axis)
        y += part
    return y


def _repeated(x: Array, times: int, axis: int) -> Array:
    """Each entry several times in a row."""
    y = np.empty((*x.shape[: axis + 1], times, *x.shape[axis + 1 :]), x.dtype)
    y[...] = np.expand_dims(x, axis + 1)
    return y.reshape(*x.shape[:axis], x.shape[axis] * times, *x.shape[axis + 1 :])


def resample_adjoint(g: Array, plan: Plan, size: int, axis: int) -> Array:
    """The adjoint: each entry of `g` is added, weighted, to the places it was made of."""
    lead: tuple[Any, ...] = (slice(None),) * axis
    if plan.times:
        y = np.array(g[(*lead, slice(0, None, plan.times))])
        for k in range(1, plan.times):
            y += g[(*lead, slice(k, None, plan.times))]
        return y
    if _dense(plan, g):
        return _product(plan.matrix.T, g, axis)
    y = np.zeros((*g.shape[:axis], size, *g.shape[axis + 1 :]), g.dtype)
    for t in range(plan.places.shape[1]):
        at = plan.places[:, t]  # never falls, so that entries for one place stand together
        starts = np.flatnonzero(np.diff(at, prepend=-1))
        part = g if plan.weights is None else g * _column(plan.weights[:, t], g, axis)
        if len(starts) == len(at):
            y[(*lead, at)] += part
        else:
            y[(*lead, at[starts])] += np.add.reduceat(part, starts, axis)
    return y


def _column(weights: Array, x: Array, axis: int) -> Array:
    """One weight for each entry along the axis, in the dtype of `x`."""
    return weights.astype(x.dtype, copy=False).reshape(-1, *(1,) * (x.ndim - axis - 1))
