"""Normal and log-normal draws: two algorithms, as in PyTorch.

`fill_blocks` serves contiguous arrays of 16 elements and more, `fill_one_by_one` all others: small ones, and those that
are not contiguous. They use different words and different precision, so the choice is visible in the numbers.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.random import polynomials
from autograd_cnn.random.rounding import RELATIVE_SLACK, assign, each, fma, settle
from autograd_cnn.random.words import Words, chunks

F64 = NDArray[np.float64]
Floats = NDArray[np.floating]

BLOCK = 16
_TWO_PI = 2.0 * math.pi


# -------------------------------------------------------------------------------------------------- blocks of 16
def fill_blocks(words: Words, flat: Floats, mean: float, std: float) -> None:
    """flat (n,), n >= 16: Box-Muller on blocks of 16 uniforms; a ragged end is overwritten by one whole new block."""
    whole = flat.size - flat.size % BLOCK
    for part in chunks(flat[:whole]):
        _blocks(words, part, mean, std)
    if whole < flat.size:
        if flat.dtype != np.float16:  # float32 and float64 draw all uniforms first, the ragged end's too
            words.skip((flat.size - whole) * (flat.itemsize // 4))
        _blocks(words, flat[-BLOCK:], mean, std)


def _blocks(words: Words, flat: Floats, mean: float, std: float) -> None:
    if flat.dtype == np.float64:
        _blocks_float64(words.unit64(flat.size), flat, mean, std)
    elif flat.dtype == np.float32:
        polynomials.box_muller(words.u24(flat.size), flat, mean, std)
    else:
        single = np.empty(flat.size, np.float32)
        polynomials.box_muller(words.u24(flat.size), single, mean, std)
        assign(flat, single)


def _blocks_float64(unit: F64, out: Floats, mean: float, std: float) -> None:
    """The same in double precision: r = sqrt(-2 ln(1 - u[j])), t = 2 pi u[j + 8], for j = 0 … 7."""
    blocks, filled = unit.reshape(-1, 2, 8), out.reshape(-1, 2, 8)
    radius = np.sqrt(-2.0 * each(math.log, 1.0 - blocks[:, 0].reshape(-1)))
    theta = _TWO_PI * blocks[:, 1].reshape(-1)
    for half, wave in enumerate((math.cos, math.sin)):
        filled[:, half] = fma(radius * each(wave, theta), std, mean).reshape(-1, 8)


# --------------------------------------------------------------------------------------------------- one by one
def _pair(u1: float, u2: float) -> tuple[float, float]:
    """Two standard normals from two uniforms."""
    radius = math.sqrt(-2.0 * math.log1p(-u2))
    theta = _TWO_PI * u1
    return radius * math.cos(theta), radius * math.sin(theta)


def standard(words: Words) -> float:
    """One standard normal; every second one comes from the generator's cache, without a draw."""
    value = words.cached_normal
    if value is not None:
        words.cached_normal = None
        return value
    value, words.cached_normal = _pair(words.unit(), words.unit())
    return value


def fill_one_by_one(words: Words, flat: Floats, mean: float, std: float, exp: bool = False) -> None:
    """flat (n,): standard normals in double precision, then · std + mean, then, if asked, exp."""
    single_or_exact = flat.dtype == np.float32 or (flat.dtype == np.float64 and mean == 0.0)
    if flat.size < BLOCK and single_or_exact and not exp:  # the quick way
        for i in range(flat.size):
            flat[i] = standard(words) * std + mean
        return
    if flat.size < BLOCK or flat.dtype == np.float64:
        for part in chunks(flat):
            normal = np.array([standard(words) for _ in range(part.size)])
            assign(part, _finish(normal, mean, std, exp))
        return
    if words.cached_normal is not None:
        fill_one_by_one(words, flat[:1], mean, std, exp)
        flat = flat[1:]
    last = flat.size - (2 - flat.size % 2)  # the last one or two go by the rule, which fills or leaves the cache
    for part in chunks(flat[:last]):
        single = part if part.dtype == np.float32 else np.empty(part.size, np.float32)
        _pairs(words.unit64(part.size), single, mean, std, exp)
        if single is not part:
            assign(part, single)
    fill_one_by_one(words, flat[last:], mean, std, exp)


def _finish(normal: F64, mean: float, std: float, exp: bool) -> F64:
    value = fma(normal, std, mean)
    return each(_exp, value) if exp else value


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _pairs(unit: F64, out: NDArray[np.float32], mean: float, std: float, exp: bool) -> None:
    """out (2 k,) from unit (2 k,): vectorised, and exact where the last bits decide."""
    turn, depth = unit[0::2], unit[1::2]
    radius = np.sqrt(-2.0 * np.log1p(-depth))
    theta = _TWO_PI * turn
    near, slack = np.empty(unit.size), np.empty(unit.size)
    near[0::2], near[1::2] = radius * np.cos(theta), radius * np.sin(theta)
    near *= std
    near += mean
    slack[0::2] = slack[1::2] = (radius * std + abs(mean)) * RELATIVE_SLACK
    if exp:
        near = np.exp(near)
        slack += RELATIVE_SLACK
        slack *= near

    def exact(at: NDArray[np.intp]) -> F64:
        pairs = (_pair(float(turn[i >> 1]), float(depth[i >> 1]))[i & 1] for i in at.tolist())
        return _finish(np.array(list(pairs)), mean, std, exp)

    settle(out, near, slack, exact)
