"""In which order the elements of an array receive their draws.

PyTorch walks a tensor by its strides, largest outside: a dense tensor, permuted or not, is filled as it lies in memory,
a slice of one in the order its dims have there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def walk(array: Array) -> tuple[int, ...]:
    """The dims of `array` from the outermost to the innermost of the walk.

    The insertion sort of PyTorch's TensorIterator, ties included: of equal strides the longer dim goes outside.
    """
    strides, shape = array.strides, array.shape
    inner_first = list(reversed(range(array.ndim)))
    for start in range(1, array.ndim):
        moving = start
        for other in range(start - 1, -1, -1):
            inside, outside = inner_first[other], inner_first[moving]
            a, b = abs(strides[inside]), abs(strides[outside])
            if a == 0 or b == 0:
                continue
            if a > b or (a == b and shape[inside] > shape[outside]):
                inner_first[other], inner_first[moving] = outside, inside
                moving = other
            elif a < b:
                break
    return tuple(reversed(inner_first))


def fill(array: Array, draw: Callable[[Array], None]) -> Array:
    """Let `draw` write a contiguous (n,) array, and have its k-th value at the k-th element of the walk."""
    with np.errstate(all="ignore"):  # what the dtype cannot hold becomes infinite or zero, as in PyTorch: silently
        if array.flags.c_contiguous:
            draw(array.reshape(-1))
            return array
        walked = array.transpose(walk(array))
        if walked.flags.c_contiguous:
            draw(walked.reshape(-1))
        else:
            flat = np.empty(array.size, array.dtype)
            draw(flat)
            walked[...] = flat.reshape(walked.shape)
    return array


def check_writable(array: object, operation: str) -> Array:
    """`array` itself, if every one of its elements has a place of its own that can be written."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{operation}: expected a NumPy array to fill, got {type(array).__name__}.")
    repeated = zip(array.strides, array.shape, strict=True) if array.size and 0 in array.strides else ()
    if any(stride == 0 and length > 1 for stride, length in repeated):
        raise RuntimeError(
            f"{operation}: unsupported operation: more than one element of the written-to tensor refers to a single "
            "memory location. Please clone() the tensor before performing the operation."
        )
    if not array.flags.writeable:
        raise RuntimeError(f"{operation}: expected an array that can be written, got a read-only one. Fill a copy.")
    return array
