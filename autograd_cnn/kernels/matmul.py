"""The matrix product, with long sums taken in parts, and the way round that BLAS does faster."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .memory.threads import BLAS
from .onednn import matmul as onednn

Array = npt.NDArray[Any]

_PART = 192  # products in a part
_LONG = 256  # products in a sum from which it is taken in parts, of at most _PART and at least two of them
_LONGEST = 1 << 12  # beyond, the parts are so many that adding them up costs what they gain
_SMALL = 1 << 18  # entries of a result that stays in the cache from part to part
_TURNED = 1 << 20  # multiplications from which turning the product gains more than turning the result back costs


def matmul(a: Array, b: Array, out: Array | None = None) -> Array:
    """a · b over the last two dims, as `np.matmul`.   (…, n, k), (…, k, m) → (…, n, m)

    In single precision BLAS sums some 320 to 640 products one after the other, and its rounding error grows with that number. In
    parts of 192 the error is a fifth to a half smaller, for a look at the result for each part; so this is done where the
    result is small. (PyTorch's BLAS on x86 does the same, and so the numbers also agree better.) oneDNN, where it is faster, adds up
    in its own order; its error is about that of one long sum.

    >>> matmul(np.ones((2, 1000), np.float32), np.ones((1000, 1), np.float32)).tolist()
    [[1000.0], [1000.0]]
    """
    if a.ndim and b.ndim:
        found = onednn.matmul(a, b, out)
        if found is not NotImplemented:
            return found  # type: ignore[no-any-return]
        if BLAS.beside_openmp:
            BLAS.for_product(a.size * b.shape[-1])
    if not _flat(a, b):
        return _in_parts(a, b, out)
    y = _in_parts(b.T, a.T).T
    if out is None:
        return np.ascontiguousarray(y)
    np.copyto(out, y)
    return out


def _flat(a: Array, b: Array) -> bool:
    """Do few rows meet a wide matrix that lies transposed, as a batch and the weights of a dense layer do? Then a · b = (bᵀ · aᵀ)ᵀ takes
    OpenBLAS, with its AVX-512 kernels, a quarter to four fifths less time; with others about the same."""
    return (
        a.ndim == b.ndim == 2
        and a.dtype == b.dtype == np.float32
        and 2 < 2 * len(a) <= b.shape[1]
        and a.shape[1] == len(b)
        and a.size * b.shape[1] >= _TURNED
        and b.flags.f_contiguous
    )


def _in_parts(a: Array, b: Array, out: Array | None = None) -> Array:
    k = a.shape[-1] if a.ndim else 0
    if not _LONG <= k <= _LONGEST or a.dtype != np.float32 or b.dtype != np.float32 or a.ndim < 2 or b.ndim < 2 or k != b.shape[-2]:
        return np.matmul(a, b, out=out)
    if a.size // k * b.shape[-1] > _SMALL or b.size // k * a.shape[-2] > _SMALL:
        return np.matmul(a, b, out=out)
    step = min(_PART, (k + 1) // 2)
    total: Array = np.matmul(a[..., :step], b[..., :step, :], out=out)
    part = np.empty_like(total)
    for at in range(step, k, step):
        np.matmul(a[..., at : at + step], b[..., at : at + step, :], out=part)
        np.add(total, part, out=total)
    return total
