"""Kernels for Python floats (`Scalar`) out of the math module, with IEEE results where `math` raises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def total(fn: Callable[[float], float], ufunc: Callable[[float], float]) -> Callable[[float], float]:
    """`fn` where it is defined; elsewhere (pole, overflow, outside its domain) what the ufunc says: ±inf or NaN.

    >>> import math
    >>> total(math.log, np.log)(0.0)
    -inf
    """

    def kernel(input: float) -> float:
        try:
            return fn(input)
        except (ValueError, OverflowError, ZeroDivisionError):
            with np.errstate(all="ignore"):
                return float(ufunc(np.float64(input)))

    return kernel
