"""Several passes over a large array, a piece at a time.

A formula of many steps runs over the whole array at each step, and each intermediate result is fresh memory. Piece by piece the
intermediate results stay in the processor's cache: two to five times as fast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

CHUNK = 32768  # entries: 128 KB of float32, so that a handful of them fit into a core's second-level cache


def in_chunks(fn: Callable[..., Any], *arrays: Any) -> Any:
    """`fn(*arrays)` for a function that works entry by entry, on arrays of one shape.

    >>> in_chunks(lambda x, z: x + z, np.ones(3), np.ones(3))
    array([2., 2., 2.])
    """
    shape, size = arrays[0].shape, arrays[0].size
    if size <= 2 * CHUNK or any(a.shape != shape or not a.flags.c_contiguous for a in arrays):
        return fn(*arrays)
    flat = [a.reshape(-1) for a in arrays]
    first = fn(*(f[:CHUNK] for f in flat))
    out = np.empty(shape, first.dtype)  # handed out itself, not as a view: who gets it may keep it without a copy
    pieces = out.reshape(-1)
    pieces[:CHUNK] = first
    for start in range(CHUNK, size, CHUNK):
        pieces[start : start + CHUNK] = fn(*(f[start : start + CHUNK] for f in flat))
    return out
