"""What a kernel of oneDNN is handed: the one place where arrays are held against what was planned, and where addresses are taken.

oneDNN knows of an array its address alone. A `Takes` says what the kernel assumes of the memory there: the type of the entries, how
many, and in which order they stand. What does not fit is copied into that order, if the kernel only reads it, and refused otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..memory.allocator import FLOAT
from . import channels_last

FLAT, ROWS, LAST, TURNED, BYTES = range(5)  # any order without gaps, but one for all; row-major; channels last; matrices column by column


class Place:
    """Working memory: where, and how much."""

    __slots__ = ("address", "nbytes")

    def __init__(self, address: int, nbytes: int) -> None:
        self.address, self.nbytes = address, nbytes


class Takes:
    """What a kernel assumes of one argument."""

    __slots__ = ("kind", "nbytes", "order", "output", "shape", "size", "strides")

    def __init__(self, order: int, shape: Sequence[int], nbytes: int, kind: Any = FLOAT, output: bool = False) -> None:
        self.order, self.shape, self.nbytes, self.kind, self.output = order, tuple(shape), nbytes, kind, output
        self.size = math.prod(shape)
        self.strides = channels_last.last_strides(self.shape, 4) if order == LAST else ()

    def written(self) -> Takes:
        """The same for memory that the kernel writes to."""
        return Takes(self.order, self.shape, self.nbytes, self.kind, output=True)

    def brought(self, v: Any) -> Any:
        """`v` as the kernel assumes it: itself, or a copy."""
        if self.order == BYTES:
            fits, lies = v.nbytes == self.nbytes, v.flags.c_contiguous
        else:
            fits = v.dtype is self.kind and (v.shape == self.shape if self.order in (LAST, TURNED) else v.size == self.size)
            lies = fits and self._lies(v)
        if not fits or (self.output and not (lies and v.flags.writeable)):
            raise RuntimeError(f"oneDNN: a kernel planned for {self} was handed {v.dtype} of shape {list(v.shape)} and strides {v.strides}")
        if lies:
            return v
        if self.order == LAST:
            y = channels_last.empty_last(self.shape)
            np.copyto(channels_last.plain_view(y), channels_last.plain_view(v))
            return y
        if self.order == TURNED:
            return np.swapaxes(np.ascontiguousarray(np.swapaxes(v, -1, -2)), -1, -2)
        return channels_last.in_rows(v)

    def _lies(self, v: Any) -> bool:
        if self.order == LAST:
            return bool(v.strides == self.strides)
        if self.order == TURNED:
            return bool(v.ndim > 1 and np.swapaxes(v, -1, -2).flags.c_contiguous)
        return bool(v.flags.c_contiguous or (self.order == FLAT and channels_last.is_last(v)))

    def __str__(self) -> str:
        order = ("one order", "row-major order", "channels last", "column-major order", "bytes")[self.order]
        return f"{'writing ' if self.output else ''}{self.nbytes} bytes of {self.kind or 'codes'} {list(self.shape)} in {order}"


def addresses(takes: Sequence[Takes], values: Sequence[Any]) -> tuple[list[int], list[Any]]:
    """Where the arguments of a call stand, and the copies that must live until it is done."""
    if len(takes) != len(values):
        raise RuntimeError(f"oneDNN: a kernel of {len(takes)} arguments was handed {len(values)}")
    found, copies, flat = [], [], None
    for t, v in zip(takes, values, strict=True):
        if isinstance(v, Place):
            if v.nbytes < t.nbytes:
                raise RuntimeError(f"oneDNN: a kernel planned for {t} was handed {v.nbytes} bytes")
            found.append(v.address)
            continue
        order = t.order
        if not (
            v.dtype is t.kind
            and v.size == t.size
            and (v.strides == t.strides if order == LAST else v.flags.c_contiguous if order <= ROWS else False)
            and (not t.output or v.flags.writeable)
        ):
            brought = t.brought(v)
            if brought is not v:
                copies.append(brought)
                v = brought
        if order == FLAT:
            if flat is None:
                flat = v
            elif v.strides != flat.strides and not (v.flags.c_contiguous and flat.flags.c_contiguous):
                raise RuntimeError(f"oneDNN: a kernel over entries in {t} was handed strides {flat.strides} and {v.strides}")
        found.append(channels_last.address(v))
    return found, copies
