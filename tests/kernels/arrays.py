"""Arrays for the kernels' tests: of small whole numbers, so that sums are exact, and laid out in every way there is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.oracles import Pairs, Shape


def whole(rng: np.random.Generator, shape: Shape, dtype: type = np.float64) -> np.ndarray:
    """Whole numbers from −4 to 4."""
    return rng.integers(-4, 5, shape).astype(dtype)


def fortran(x: np.ndarray) -> np.ndarray:
    return np.asfortranarray(x)


def backwards(x: np.ndarray) -> np.ndarray:
    return x[..., ::-1].copy()[..., ::-1]


def strided(x: np.ndarray) -> np.ndarray:
    wide = np.full((*x.shape[:-1], 2 * x.shape[-1]), 99, x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def frozen(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "plain": lambda x: x,
    "fortran": fortran,
    "backwards": backwards,
    "strided": strided,
    "frozen": frozen,
}

# (x shape, w shape, stride, padding, dilation, groups)
Case = tuple[Shape, Shape, Shape, Pairs, Shape, int]


def conv_cases() -> dict[str, Case]:
    return {
        "signal": ((2, 3, 11), (4, 3, 3), (1,), ((1, 1),), (1,), 1),
        "signal, stride and dilation": ((3, 2, 17), (2, 2, 3), (2,), ((2, 1),), (3,), 1),
        "image": ((2, 3, 7, 6), (4, 3, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
        "image, valid": ((3, 2, 8, 8), (3, 2, 5, 5), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
        "image, all different": ((2, 2, 9, 11), (3, 2, 2, 4), (2, 3), ((1, 0), (0, 2)), (3, 2), 1),
        "even kernel, same": ((2, 1, 5, 5), (2, 1, 4, 2), (1, 1), ((1, 2), (0, 1)), (1, 1), 1),
        "full": ((1, 2, 4, 4), (2, 2, 3, 3), (1, 1), ((2, 2), (2, 2)), (1, 1), 1),
        "padding beyond the kernel": ((2, 2, 3, 3), (2, 2, 2, 2), (1, 1), ((3, 2), (2, 4)), (1, 1), 1),
        "stride larger than the kernel": ((2, 2, 10, 9), (3, 2, 2, 2), (3, 4), ((0, 0), (1, 0)), (1, 1), 1),
        "stride that leaves pixels over": ((2, 2, 8, 8), (2, 2, 3, 3), (2, 2), ((0, 0), (0, 0)), (1, 1), 1),
        "rows at once": ((5, 1, 12, 12), (2, 1, 5, 5), (1, 1), ((2, 2), (2, 2)), (1, 1), 1),
        "rows at once, stride": ((3, 1, 17, 9), (2, 1, 5, 3), (2, 2), ((0, 0), (0, 0)), (1, 1), 1),
        "whole": ((3, 2, 4, 5), (6, 2, 4, 5), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
        "groups": ((2, 6, 5, 5), (4, 3, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 2),
        "depthwise": ((2, 4, 6, 7), (4, 1, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 4),
        "depthwise, many, stride": ((2, 3, 9, 8), (6, 1, 3, 2), (2, 3), ((1, 0), (1, 1)), (1, 2), 3),
        "depthwise signal": ((2, 3, 9), (3, 1, 3), (2,), ((1, 1),), (1,), 3),
        "pointwise": ((2, 3, 12, 12), (4, 3, 1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
        "pointwise, stride": ((2, 3, 23, 23), (4, 3, 1, 1), (2, 2), ((0, 0), (0, 0)), (1, 1), 1),
        "pointwise, groups": ((2, 6, 12, 11), (4, 3, 1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), 2),
        "pointwise, small": ((3, 3, 3, 3), (4, 3, 1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
        "volume": ((2, 2, 4, 5, 4), (3, 2, 2, 3, 2), (1, 2, 1), ((0, 1), (1, 1), (0, 0)), (1, 1, 2), 1),
        "volume, stride": ((1, 2, 5, 4, 6), (2, 2, 3, 2, 3), (2, 1, 2), ((1, 1), (0, 0), (1, 1)), (1, 2, 1), 1),
        "one pixel": ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
        "many samples": ((70, 1, 4, 4), (2, 1, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    }
