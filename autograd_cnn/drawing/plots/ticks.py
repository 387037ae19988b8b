"""Round numbers along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..canvas.text import Words


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers that span a range.

    >>> nice_ticks(0.0, 2.3)
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    """
    if not high > low:
        high = low + (abs(low) or 1.0)
    raw = (high - low) / about
    power = math.floor(math.log10(raw))
    step = next(m for m in (1, 2, 2.5, 5, 10) if m * 10.0**power >= raw * 0.999) * 10.0**power
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 2 - power) for i in range(first, last + 1)]


def decades(low: float, high: float) -> list[float]:
    """Powers of ten around a range, at most about seven.

    >>> decades(0.004, 20.0)
    [0.001, 0.01, 0.1, 1.0, 10.0, 100.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = max(1, math.ceil((last - first) / 6))
    count = max(1, math.ceil((last - first) / step))
    return [10.0 ** (first + k * step) for k in range(count + 1)]


def tick_text(v: float, ticks: Sequence[float], percent: bool, words: Words) -> str:
    """A number at the axis, with the decimals that tell it from the next."""
    if percent:
        return f"{words.digits(100 * v)} %"
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    power = math.floor(math.log10(step) + 1e-9)
    last = power - (abs(step / 10.0**power - round(step / 10.0**power)) > 1e-6)  # the last place that tells ticks apart
    if abs(v) < 1e5 and last > -6:
        return words.decimals(v, max(0, -last))
    return words.digits(v, max(1, math.floor(math.log10(abs(v)) + 1e-9) - last + 1)) if v else "0"


def ticks_along(first: float, last: float) -> list[float]:
    """Round numbers within a range, whole ones where there are some."""
    ticks = [t for t in nice_ticks(first, last, 6) if first - 1e-9 <= t <= last + 1e-9]
    whole = [t for t in ticks if t == int(t)]
    return whole if len(whole) > 1 or first == int(first) == last else ticks


def powers(first: float, last: float) -> list[float]:
    """Powers of two within a range, at most about ten.

    >>> powers(2, 1024)
    [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0]
    """
    low, high = math.ceil(math.log2(first) - 1e-9), math.floor(math.log2(last) + 1e-9)
    return [2.0**k for k in range(low, high + 1, max(1, math.ceil((high - low) / 10)))]
