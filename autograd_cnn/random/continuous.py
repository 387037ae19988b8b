"""Uniform, exponential, Cauchy and geometric draws into a contiguous one-dimensional array."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.random.rounding import assign, each, fma, log1p_of_minus
from autograd_cnn.random.words import FEW, Words, chunks

Floats = NDArray[np.floating]


def fill_uniform(words: Words, flat: Floats, low: float, high: float) -> None:
    """flat = fma(u, high - low, low), u in [0, 1) of the dtype; a value that was rounded up to `high` becomes `low`."""
    if flat.dtype == np.float64:
        for part in chunks(flat):
            unit = words.unit64(part.size)
            if low == 0.0 and high == 1.0:
                part[...] = unit
            else:
                part[...] = fma(unit, high - low, low)
                _keep_below(part, np.array(low), np.array(high))
        return
    # float16 draws and scales in single precision too, and is rounded last
    if flat.size <= FEW and flat.dtype == np.float32:
        _few_uniform(words, flat, low, high)
        return
    base, end = np.array(low, np.float32), np.array(high, np.float32)
    width = end - base
    step = np.array(float(width) * 2.0**-24)
    for part in chunks(flat):
        if low == 0.0:
            part[...] = words.unit32(part.size) if high == 1.0 else words.unit32(part.size) * end
        else:
            wide = words.u24(part.size).view(np.int32).astype(np.float64)
            wide *= step  # exact: 24 x 24 bits
            wide += base
            part[...] = wide if flat.dtype == np.float32 else wide.astype(np.float32)
        if high != 1.0 or low != 0.0 or flat.dtype == np.float16:
            _keep_below(part, base, end)


def _few_uniform(words: Words, flat: Floats, low: float, high: float) -> None:
    base, end = np.float32(low), np.float32(high)
    start, step = float(base), float(end - base) * 2.0**-24
    for i in range(flat.size):
        flat[i] = (words.word() & 0xFFFFFF) * step + start
        if flat[i] == end:
            flat[i] = base


def _keep_below(part: Floats, low: Floats, high: Floats) -> None:
    part[part == high.astype(part.dtype)] = low


def fill_exponential(words: Words, flat: Floats, lambd: float) -> None:
    """flat = -ln(1 - u) / lambd, u a float64 uniform."""
    for part in chunks(flat):
        unit = words.unit64(part.size)
        if flat.dtype == np.float16:
            single = np.empty(unit.size, np.float32)
            log1p_of_minus(unit, -1.0 / lambd, single)
            part[...] = single
        else:
            log1p_of_minus(unit, -1.0 / lambd, part)


def fill_cauchy(words: Words, flat: Floats, median: float, sigma: float) -> None:
    """flat = median + sigma tan(pi (u - 1/2)), u a float64 uniform."""
    for part in chunks(flat):
        angle = math.pi * (words.unit64(part.size) - 0.5)
        assign(part, fma(each(math.tan, angle), sigma, median))


def fill_geometric(words: Words, flat: NDArray[Any], p: float) -> None:
    """flat = ceil(ln u / ln(1 - p)), u a float64 uniform: the number of trials up to the first success."""
    for part in chunks(flat):
        unit = words.unit64(part.size)
        trials = np.ceil(each(_log, unit) / math.log1p(-p))
        part[...] = trials.astype(flat.dtype)


def _log(x: float) -> float:
    return math.log(x) if x > 0.0 else -math.inf
