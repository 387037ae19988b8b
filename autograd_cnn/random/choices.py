"""Choices by probability: Bernoulli masks and multinomial samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.random.continuous import fill_exponential
from autograd_cnn.random.order import fill
from autograd_cnn.random.words import FEW, Words, chunks


def fill_bernoulli(words: Words, flat: NDArray[Any], p: float) -> None:
    """flat = u < p with float64 uniforms, compared as integers: u 2^53 < ceil(p 2^53)."""
    limit = math.ceil(p * 2.0**53)
    if flat.size <= FEW:
        for i in range(flat.size):
            flat[i] = words.count53() < limit
        return
    threshold = np.array(limit)
    for part in chunks(flat):
        part[...] = words.u53(part.size) < threshold


def fill_bernoulli_each(words: Words, flat: NDArray[Any], p: NDArray[np.floating]) -> None:
    """flat = u < p element by element, with uniforms of p's dtype (float32 for float16)."""
    draw = words.unit64 if p.dtype == np.float64 else words.unit32
    for part, chance in zip(chunks(flat), chunks(p), strict=True):
        part[...] = draw(part.size) < chance


def multinomial(words: Words, p: NDArray[np.floating], n: int, replacement: bool) -> NDArray[np.int64]:
    """n category indices for each row of p (..., categories) -> (..., n); the rows need not sum to 1."""
    if replacement and n > 1:
        rows = [_search(words, row, n) for row in p.reshape(-1, p.shape[-1])]
        return np.array(rows, np.int64).reshape(*p.shape[:-1], n)
    # A race: with E exponential, the largest p / E is category k with probability p_k; the runners-up follow the rest.
    race = fill(np.empty_like(p), lambda flat: fill_exponential(words, flat, 1.0))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        np.divide(p, race, out=race)
    if n == 1:
        return np.asarray(race.argmax(axis=-1, keepdims=True), np.int64)
    return np.argsort(-race, axis=-1, kind="stable")[..., :n].astype(np.int64)


def _search(words: Words, p: NDArray[np.floating], n: int) -> NDArray[np.int64]:
    """Inverse transform: the first category whose cumulative probability reaches a float64 uniform."""
    cumulative = np.cumsum(p, dtype=np.float32 if p.dtype == np.float16 else p.dtype)
    cumulative /= cumulative[-1]
    cumulative[-1] = 1
    return np.searchsorted(cumulative.astype(np.float64), words.unit64(n), side="left").astype(np.int64)
