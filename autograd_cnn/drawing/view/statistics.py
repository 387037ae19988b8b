"""What is said of the numbers in an array: range, mean, spread, zeros, what is not finite, a histogram."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

BINS = 20
TALLEST = 35  # a bin's height is one sign of base 36
SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"
MOST_ENTRIES = 36  # of an array that is written out
ENOUGH = 20_000  # entries that a histogram is made of; of more, every n-th


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the finite entries: `least`, `most`, `mean`, `deviation`. Shares of all entries: `zeros`, `nan`, `infinite`. `norm` is NaN where an
    entry is none. `dead` is the share of channels (features) that are zero for every sample, None where there are no channels."""

    least: float
    most: float
    mean: float
    deviation: float
    norm: float
    zeros: float
    nan: float
    infinite: float
    bars: str
    dead: float | None = None
    entries: tuple[float, ...] = ()  # of a small array, one after another


def statistics(raw: Any) -> Statistics | None:
    """The statistics of an array; None of one without entries, or of what are no numbers."""
    a = np.asarray(raw)
    if a.dtype.kind not in "fiub" or not a.size:
        return None
    flat = a.reshape(-1)
    finite = flat
    nan = infinite = 0.0
    if a.dtype.kind == "f":
        good = np.isfinite(flat)
        if not good.all():
            nan = float(np.isnan(flat).mean())
            infinite = 1.0 - nan - float(good.mean())
            finite = flat[good]
    zeros = 1.0 - np.count_nonzero(flat) / flat.size
    dead = _dead(a)
    if not finite.size:
        return Statistics(math.nan, math.nan, math.nan, math.nan, math.nan, zeros, nan, infinite, "", dead, entries_of(a))
    least, most = float(finite.min()), float(finite.max())
    # over the largest entry, so that no square overflows or vanishes
    scale = max(abs(least), abs(most)) or 1.0
    scaled = np.divide(finite, scale, dtype=np.float64)
    mean = float(scaled.mean()) * scale
    squares = float(np.dot(scaled, scaled))
    norm = math.sqrt(squares) * scale if finite.size == flat.size else math.nan
    deviation = math.sqrt(max(0.0, squares / finite.size - (mean / scale) ** 2)) * scale
    return Statistics(
        least, most, mean, deviation, norm, zeros, nan, infinite, _bars(scaled, least / scale, most / scale), dead, entries_of(a)
    )


def entries_of(raw: Any) -> tuple[float, ...]:
    """The entries of an array that has few of them, one after another; nothing of one that has many."""
    a = np.asarray(raw)
    return tuple(float(v) for v in a.reshape(-1)) if a.size <= MOST_ENTRIES else ()


def _dead(a: Any) -> float | None:
    if a.ndim < 2 or a.shape[1] < 2:
        return None
    alive = (a != 0).any(axis=(0, *range(2, a.ndim)))
    return float(1.0 - alive.mean())


def _bars(scaled: Any, least: float, most: float) -> str:
    if not least < most:
        return ""
    sample = scaled[:: max(1, -(-scaled.size // ENOUGH))]
    counts, _ = np.histogram(sample, BINS, (least, most))
    tallest = int(counts.max()) or 1
    return "".join(SIGNS[min(TALLEST, -(-int(c) * TALLEST // tallest))] for c in counts)  # what is there shows, if only a little


def rounded(v: float | None, digits: int = 4) -> float | None:
    """To so many significant digits; None of what JSON has no number for."""
    if v is None or not math.isfinite(v):
        return None
    short = round(v, digits - 1 - math.floor(math.log10(abs(v)))) if v else 0.0
    return int(short) if short == int(short) and abs(short) < 1e6 else short
