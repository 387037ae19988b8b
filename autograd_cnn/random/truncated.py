"""Normal draws restricted to an interval."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Fill = Callable[[Array, float, float], Array]


def _cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def check(mean: float, std: float, low: float, high: float) -> None:
    """Bounds and spread of which a truncated normal distribution can be made."""
    if std == 0.0:
        raise ZeroDivisionError("trunc_normal_ expects std > 0.0, but found std 0: fill with the mean instead")
    if not (std > 0.0 and all(map(math.isfinite, (mean, std, low, high)))):
        raise RuntimeError(
            f"trunc_normal_ expects finite numbers and std > 0.0, but found mean={mean:g}, std={std:g}, a={low:g}, b={high:g}"
        )
    if low > high:
        raise RuntimeError(f"trunc_normal_ expects a <= b, but found a={low:g} > b={high:g}")


def fill_trunc_normal(fill_normal: Fill, fill_uniform: Fill, out: Array, bounds: tuple[float, ...]) -> None:
    """Fill `out` from N(mean, std^2) within [low, high]; bounds = (mean, std, low, high).

    An interval with more than 0.3 of the mass: draw normals until all are inside. Otherwise: propose uniforms over the
    interval, accept each with probability density / greatest density. A round redraws the whole array and takes what it
    still needs, so the words used follow from the shape and the number of rounds.
    """
    mean, std, low, high = bounds
    if mean < low - 2 * std or mean > high + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be incorrect.",
            UserWarning,
            stacklevel=4,
        )
    if _cdf((high - mean) / std) - _cdf((low - mean) / std) > 0.3:
        _redraw(fill_normal, out, bounds)
    else:
        _reject(fill_uniform, out, bounds)


def _redraw(fill_normal: Fill, out: Array, bounds: tuple[float, ...]) -> None:
    mean, std, low, high = bounds
    least, most = out.dtype.type(low), out.dtype.type(high)
    fill_normal(out, mean, std)
    again: Array | None = None
    while (outside := (out < least) | (out > most)).any():
        again = np.empty_like(out) if again is None else again
        np.copyto(out, fill_normal(again, mean, std), where=outside)


def _reject(fill_uniform: Fill, out: Array, bounds: tuple[float, ...]) -> None:
    mean, std, low, high = bounds
    mode = max(low, min(mean, high))
    log_peak = -0.5 * ((mode - mean) / std) ** 2
    single = np.float32 if out.dtype == np.float16 else out.dtype.type

    def log_density(x: Array) -> Array:
        """ln(density / greatest density), each step rounded to the dtype."""
        z: Array = x - x.dtype.type(mean)
        z = (z.astype(single) / single(std)).astype(x.dtype)
        z = z * z
        z *= x.dtype.type(-0.5)
        z -= x.dtype.type(log_peak)
        return z

    fill_uniform(out, low, high)
    proposal, chance = np.empty_like(out), np.empty_like(out)
    pending: NDArray[np.bool_] = _refused(fill_uniform, chance, log_density(out))
    while pending.any():
        fill_uniform(proposal, low, high)
        np.copyto(out, proposal, where=pending)
        pending &= _refused(fill_uniform, chance, log_density(proposal))


def _refused(fill_uniform: Fill, chance: Array, threshold: Array) -> NDArray[np.bool_]:
    with np.errstate(divide="ignore"):  # ln 0 = -inf accepts
        log = np.log(fill_uniform(chance, 0.0, 1.0).astype(np.promote_types(chance.dtype, np.float32)))
    return np.asarray(log.astype(chance.dtype) > threshold)
