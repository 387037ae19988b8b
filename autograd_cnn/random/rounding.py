"""Results rounded as the C library and a fused multiply-add would round them.

PyTorch computes these draws with scalar calls of the C library, as Python's `math` does; NumPy's own vector functions
may differ from it in the last bit of a double. Doubles are therefore taken from `math`, one by one; a float32 result
needs that only where the vector value lies so near to the middle of two float32 numbers that the last bits decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

RELATIVE_SLACK = 2.0**-48  # 16 times the error that NumPy allows its functions, over a handful of operations


def each(function: Callable[[float], float], x: F64) -> F64:
    """`function` of every element, through Python: exact, at some ten million a second."""
    return np.fromiter(map(function, x.tolist()), np.float64, x.size)


def settle(out: NDArray[np.float32], near: F64, slack: F64, exact: Callable[[NDArray[np.intp]], F64]) -> None:
    """out = float32(true value), which lies in near ± slack; `exact(indices)` is asked where that is not enough."""
    out[...] = near - slack
    doubtful = np.flatnonzero(out != (near + slack).astype(np.float32))  # nan, where both are infinite, is doubtful too
    if doubtful.size:
        assign(out, exact(doubtful), doubtful)


def assign(out: NDArray[np.floating], value: NDArray[np.floating], at: Any = ...) -> None:
    """out[at] = value; float16 by way of float32, as in PyTorch."""
    out[at] = value.astype(np.float32) if out.dtype == np.float16 else value


def log1p_of_minus(u: F64, scale: float, out: NDArray[np.floating]) -> None:
    """out = scale · ln(1 - u), for u in [0, 1)."""
    if out.dtype == np.float64:
        np.multiply(each(math.log1p, -u), scale, out=out)
        return
    near = np.log1p(-u)
    near *= scale
    settle(out, near, np.abs(near) * RELATIVE_SLACK, lambda at: each(math.log1p, -u[at]) * scale)


def _split(x: F64 | float) -> tuple[F64 | float, F64 | float]:
    """x = high + low with 26 bits each (Veltkamp)."""
    t = x * 134217729.0
    high = t - (t - x)
    return high, x - high


def fma(a: F64, b: float, c: float) -> F64:
    """a b + c rounded once, for float64 (Dekker's product, Knuth's sum); a plain sum where the parts would overflow."""
    if c == 0.0:
        return a * b + c
    product = a * b
    total = product + c
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    back = total - product
    error += (product - (total - back)) + (c - back)
    result = total + error
    return np.where(np.isfinite(result), result, total)
