"""The table of what is checked for every primitive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .setup import Setup

CHECKS: dict[str, Callable[[Setup], None]] = {}


def check(fn: Callable[[Setup], None]) -> Callable[[Setup], None]:
    """Add to the table, under the function's name in words."""
    CHECKS[fn.__name__.replace("_", " ")] = fn
    return fn


def near(a: Any, b: Any, rtol: float, atol: float | None = None) -> bool:
    """Are both equal up to rounding, NaN where NaN is?"""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if a.dtype.kind in "biu" and b.dtype.kind in "biu":
        return bool(np.array_equal(a, b))
    size = float(np.abs(b[np.isfinite(b)]).max(initial=0.0)) if b.size else 0.0
    return bool(np.allclose(a, b, rtol=rtol, atol=rtol * (1 + size) if atol is None else atol, equal_nan=True))
