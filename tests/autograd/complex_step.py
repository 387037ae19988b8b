"""Derivatives of NumPy functions by a complex step: f(x + ih) = f(x) + ih f′(x) − …, so Im f / h is exact to rounding, with nothing
subtracted.   [Squire and Trapp 1998]"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STEP = 1e-30
Arrays = Sequence[Any]


def jacobian(fn: Callable[..., Any], xs: Arrays, by: int) -> Any:
    """∂ fn(*xs) / ∂ xs[by], of shape output.shape + xs[by].shape."""
    columns = []
    for at in np.ndindex(*xs[by].shape):
        moved = [x.astype(complex) for x in xs]
        moved[by][at] += 1j * STEP
        columns.append(np.imag(fn(*moved)) / STEP)
    out = np.shape(fn(*xs))
    return np.stack(columns, -1).reshape((*out, *xs[by].shape)) if columns else np.zeros((*out, *xs[by].shape))


def hessian(fn: Callable[..., Any], xs: Arrays, by: int, and_by: int, h: float = 1e-4) -> Any:
    """∂² fn / ∂ xs[by] ∂ xs[and_by] of a function that gives a number: central differences, of the fourth order, of the complex step."""
    rows = []
    for at in np.ndindex(*xs[and_by].shape):

        def slope(steps: int, at: Any = at) -> Any:
            moved = [x.copy() for x in xs]
            moved[and_by][at] += steps * h
            return jacobian(fn, moved, by)

        rows.append((slope(-2) - 8 * slope(-1) + 8 * slope(1) - slope(2)) / (12 * h))
    return np.stack(rows, -1).reshape((*xs[by].shape, *xs[and_by].shape))
