"""p-norms of arrays, piece by piece: whatever the size of the array, the temporaries stay small."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

PIECE = 1 << 15  # elements at a time: 256 kB in float64, which stays in the cache

Array = NDArray[np.generic]
F64 = NDArray[np.float64]


def vector_norm(array: Array, p: float) -> float:
    """(Σ |x|^p)^(1/p) over all elements; max |x| for p = inf, min |x| for -inf, the number of nonzeros for 0.

    >>> vector_norm(np.array([3.0, 4.0]), 2)
    5.0
    """
    if p == 2.0:
        return _euclidean(array)
    if p == 1.0:
        return math.fsum(float(piece.sum()) for piece in _magnitudes(array))
    if p == math.inf:
        return _extreme(array, np.max, 0.0)
    if p == -math.inf:
        return _extreme(array, np.min, math.inf)
    if p == 0.0:
        return float(np.count_nonzero(array))
    with np.errstate(divide="ignore", over="ignore"):  # |0|^p is inf for p < 0, as in PyTorch
        total = np.float64(sum(float((piece**p).sum()) for piece in _magnitudes(array)))
        return float(total ** (1.0 / p))


def _euclidean(array: Array) -> float:
    """One pass of BLAS in the array's own precision where that can be trusted, else float64 in pieces."""
    if array.dtype in (np.float32, np.float64) and (array.flags.c_contiguous or array.flags.f_contiguous):
        flat = array.ravel(order="K")
        with np.errstate(over="ignore", invalid="ignore"):
            square = float(np.dot(flat, flat))
        if 1e-20 < square < 1e30:  # neither over- nor underflow
            return math.sqrt(square)
    largest = vector_norm(array, math.inf)
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    scaled = (piece / largest for piece in _magnitudes(array))
    return largest * math.sqrt(math.fsum(float(np.dot(piece, piece)) for piece in scaled))


def _extreme(array: Array, pick: Callable[[F64], np.float64], empty: float) -> float:
    """The largest or smallest magnitude; NaN if there is one."""
    found = [float(pick(piece)) for piece in _magnitudes(array)]
    return float(pick(np.array(found))) if found else empty


def _magnitudes(array: Array) -> Iterator[F64]:
    """|x| in float64, in pieces of the array, wherever its elements lie in memory."""
    if array.size == 0:
        return
    pieces = np.nditer(
        array,
        flags=["external_loop", "buffered"],
        buffersize=PIECE,
        order="K",
    )
    piece: Array
    for piece in pieces:  # type: ignore[assignment]  # NumPy's stub knows only iteration over several operands
        for start in range(0, piece.size, PIECE):
            yield np.abs(piece[start : start + PIECE]).astype(np.float64, copy=False)
