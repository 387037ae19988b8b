"""Row-major results, where PyTorch's are: `x.softmax(1).view(-1)` counts on it, and draws into memory follow its order."""

from __future__ import annotations

import numpy as np

from ...types.promotion import Array


def contiguous(y: Array) -> Array:
    """The array itself if its memory is in row-major order, else a copy that is. (NumPy keeps the order of what it computed from.)"""
    return y if y.flags.c_contiguous else np.array(y, order="C")


def contiguous_or_channels_last(y: Array) -> Array:
    """The same, but images whose channels stand last in memory stay so, as in PyTorch."""
    return y if y.ndim in (4, 5) and np.moveaxis(y, 1, -1).flags.c_contiguous else contiguous(y)
