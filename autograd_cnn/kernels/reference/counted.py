"""Arrays from numbers, or from numbers in arrays: filled, counted, spread over an interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...types.promotion import get_default_dtype, held


def full_array(sizes: tuple[int, ...], kind: Any, operation: str, value: Any) -> Any:
    """One number, or the number in an array, everywhere."""
    return np.full(sizes, held(value.item() if hasattr(value, "item") else value, kind, operation), dtype=kind)


def full_array_like(like: Any, kind: Any, value: Any) -> Any:
    """The same in the shape, and the order of memory, of another array."""
    return np.full_like(like, held(value.item() if hasattr(value, "item") else value, kind, "full_like"), dtype=kind)


def range_array(dtype: Any, *limits: Any) -> Any:
    """start, start + step, … below the end, for (start, end, step)."""
    start, end, step = (v.item() if isinstance(v, np.ndarray | np.generic) else v for v in limits)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end} (in arange)")
    if (end - start) * step < 0:
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: got arange({start}, {end}, {step})")
    whole = all(isinstance(v, int) for v in (start, end, step))
    kind = dtype or np.dtype(np.int64 if whole else get_default_dtype())
    if kind == np.int64:
        start, end, step = int(start), int(end), int(step)  # before the count for int64, after it for other integers: as PyTorch
    count = max(0, int(np.ceil((end - start) / step)))
    if kind.kind in "iu":
        start, step, whole = int(start), int(step), True
    array = start + np.arange(count) * step if whole else start + np.arange(count, dtype=np.float64) * step
    return array.astype(kind)


def line_array(steps: int, kind: Any, start: Any, end: Any) -> Any:
    """As many values from start to end, both included."""
    if not isinstance(steps, int):
        raise TypeError(f"linspace(): argument 'steps' (position 3) must be int, not {type(steps).__name__}")
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    if np.ndim(start) or np.ndim(end):
        raise RuntimeError(f"linspace only supports 0-dimensional start and end, got {np.ndim(start)} and {np.ndim(end)} dims.")
    a, b = (float(int(v)) if kind.kind in "iu" else float(v) for v in (start, end))
    if steps == 1:
        return np.array([a], kind)
    if kind == np.float32:  # ends and step are rounded first, each value once, after a multiplication and addition in one
        a, b = float(np.float32(a)), float(np.float32(b))
        step = float((np.float32(b) - np.float32(a)) / np.float32(max(steps - 1, 1)))
    else:
        step = (b - a) / max(steps - 1, 1)
    at = np.arange(steps)
    return np.where(at < steps // 2, a + step * at, b - step * (steps - 1 - at)).astype(kind)  # from both ends, as PyTorch computes it


def power_array(steps: int, base: float, kind: Any, start: Any, end: Any) -> Any:
    """base to the power of each of those."""
    ends = (int(start), int(end)) if kind.kind in "iu" and not (np.ndim(start) or np.ndim(end)) else (start, end)
    with np.errstate(all="ignore"):
        return np.power(base, line_array(steps, np.dtype(np.float64), *ends)).astype(kind)
