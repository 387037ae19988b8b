"""Sums of numbers that travel in two bytes. MPI has no name for them, so it adds by operations of our own; each sum is rounded again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def to_float16(numbers: Array) -> Array:
    """The bits of the nearest float16 of each."""
    with np.errstate(over="ignore"):  # becomes infinite, as everywhere
        return numbers.astype(np.float16).view(np.uint16)


def from_float16(bits: Array) -> Array:
    """The numbers, as float32."""
    return bits.view(np.float16).astype(np.float32)


def to_bfloat16(numbers: Array) -> Array:
    """The bits of the nearest bfloat16 of each: the upper half of a float32's, rounded to even.

    >>> from_bfloat16(to_bfloat16(np.array([1.0, 1.00390625, 3.14159265], np.float32))).tolist()
    [1.0, 1.0, 3.140625]
    """
    bits = numbers.astype(np.float32).view(np.uint32)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(numbers), np.uint16(0x7FC0), rounded)


def from_bfloat16(bits: Array) -> Array:
    """The numbers, as float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


FORMATS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "float16": (to_float16, from_float16),
    "bfloat16": (to_bfloat16, from_bfloat16),
}
_ops: dict[str, Any] = {}


def add_all(mpi: Any, comm: Any, numbers: Array, format: str) -> Array:
    """The sum of everybody's numbers, as float32, which travel in two bytes each."""
    to, back = FORMATS[format]
    if format not in _ops:

        def add(a: Any, b: Any, datatype: Any) -> None:
            out = np.frombuffer(b, np.uint16)
            out[:] = to(back(np.frombuffer(a, np.uint16)) + back(out))

        _ops[format] = mpi.Op.Create(add, commute=True)
    bits = np.ascontiguousarray(to(numbers))
    comm.Allreduce(mpi.IN_PLACE, [bits, mpi.UINT16_T], _ops[format])
    return back(bits)
