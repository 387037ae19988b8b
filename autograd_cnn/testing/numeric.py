"""Numerical derivatives: central differences with a step fitted to the value's scale, Richardson-extrapolated, with an
honest estimate of their error, and with kinks found instead of averaged away.

For a step h the central difference D(h) = (φ(h) − φ(−h)) / 2h has an error c₁h² + c₂h⁴ + …; combining D(h), D(h/2), D(h/4), …
removes one term after the other. Steps shrink until the estimate is good enough or rounding takes over; each entry keeps its best.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

_COLUMNS = 5  # how many error terms are removed at most
_KINK = 1e-4  # slopes on both sides that differ by more than this share of their size are looked at closely


@dataclass(frozen=True)
class Slope:
    """dφ/dt at 0 for each entry of φ: `value`, an estimate of its `error`, and where the slopes `left` and `right` of 0 differ
    (`kink`): there φ has no derivative."""

    value: Any
    error: Any
    kink: Any
    left: Any
    right: Any
    evaluations: int


def slope(
    phi: Callable[[float], Any],
    scale: float = 1.0,
    step: float | None = None,
    want: float = 1e-9,
    unit: float = 2.3e-16,
) -> Slope:
    """The derivative of `phi` at 0.

    Args:
        phi: of a step t; returns a float64 array.
        scale: the size of what is varied: the largest step is a small part of it.
        step: a fixed step: one plain central difference, nothing fitted.
        want: stop as soon as the estimated error, relative to 1 + |value|, is below this.
        unit: the relative rounding error of one evaluation of `phi` (machine epsilon of the dtype it computes in).

    >>> import math
    >>> s = slope(lambda t: np.array([math.exp(1 + t)]))
    >>> bool(abs(s.value[0] - math.e) < 1e-10)
    True
    """
    centre = np.asarray(phi(0.0), np.float64)
    with np.errstate(all="ignore"):
        if step is not None:
            return _plain(phi, centre, step, unit)
        return _fitted(phi, centre, scale, want, unit)


def _plain(phi: Callable[[float], Any], centre: Any, h: float, unit: float) -> Slope:
    up, down = phi(h), phi(-h)
    value = (up - down) / (2 * h)
    right, left = (up - centre) / h, (centre - down) / h
    error = 4 * unit * _size(up, down) / h
    return Slope(value, error, _kinked(phi, centre, h, left, right, unit), left, right, 5)


def _fitted(phi: Callable[[float], Any], centre: Any, scale: float, want: float, unit: float) -> Slope:
    h = max(unit ** (1 / 5), 2.0**-9) * scale * 0.5
    smallest = max(unit * 64 * scale, 1e-290)
    best = np.full(centre.shape, np.nan)
    error = np.full(centre.shape, np.inf)
    before: list[Any] = []
    count, left, right, last = 1, best, best, h
    while h > smallest and count < 60:
        up, down = np.asarray(phi(h), np.float64), np.asarray(phi(-h), np.float64)
        count += 2
        noise = 2 * unit * _size(up, down, centre) / h
        row = [(up - down) / (2 * h)]
        for k in range(1, min(len(before) + 1, _COLUMNS)):
            row.append(row[k - 1] + (row[k - 1] - before[k - 1]) / (4.0**k - 1))
        for k in range(1, len(row)):
            guess = np.maximum(np.abs(row[k] - row[k - 1]), np.abs(row[k] - before[min(k, len(before)) - 1])) + noise
            better = guess < error
            best, error = np.where(better, row[k], best), np.where(better, guess, error)
        right, left, last = (up - centre) / h, (centre - down) / h, h
        before = row
        if len(row) > 2 and bool(np.all(error <= want * (1 + np.abs(best)))):
            break
        h /= 2.0
    kink = _kinked(phi, centre, last, left, right, unit)
    return Slope(best, error, kink, left, right, count)


def _size(*values: Any) -> Any:
    """The largest magnitude at each entry."""
    top = np.abs(values[0])
    for v in values[1:]:
        top = np.maximum(top, np.abs(v))
    return np.where(np.isfinite(top), top, 0.0)


def _kinked(phi: Callable[[float], Any], centre: Any, h: float, left: Any, right: Any, unit: float) -> Any:
    """Where the one-sided slopes do not meet: their gap stays as the step shrinks (a smooth function's shrinks with it)."""
    gap = np.abs(right - left)
    noise = 8 * unit * np.maximum(np.abs(centre), 1e-300) / h
    suspect = (gap > _KINK * (np.abs(right) + np.abs(left))) & (gap > 16 * noise)
    if not bool(np.any(suspect)):
        return np.zeros(centre.shape, bool)
    small = h / 32
    up, down = np.asarray(phi(small), np.float64), np.asarray(phi(-small), np.float64)
    narrow = np.abs(up + down - 2 * centre) / small
    return suspect & (narrow > 0.5 * gap) & (narrow > 16 * 8 * unit * np.abs(centre) / small)
