"""Reading storages: the runs of bytes that a file's tensors are views of, and the checks that keep a view inside."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np

from .dtypes import Array, Element, decode
from .source import Bytes

_MAX_DIMS = 64  # NumPy's
_FREE_EXPANSION = 1 << 30  # an expanded view (stride 0) may always pretend to this many bytes
_MAX_EXPANSION = 64  # … and beyond that to this many times its storage


class Storage:
    """One storage of a file: its bytes, and its arrays by element type. What `map_location` functions are given."""

    __slots__ = ("_arrays", "_raw", "byteorder", "element", "location", "mapped", "numel")
    _raw: Bytes  # from `fill` on

    def __init__(self, element: Element | None, numel: int, location: str, byteorder: str, mapped: bool = False) -> None:
        self.element = element  # None for an untyped storage, which is counted in bytes
        self.numel = numel
        self.location = location
        self.byteorder = byteorder
        self.mapped = mapped
        self._arrays: dict[tuple[str, frozenset[str]], Array] = {}

    @property
    def nbytes(self) -> int:
        """Its size on the disk."""
        return self.numel * (self.element.itemsize if self.element else 1)

    def fill(self, raw: Bytes) -> None:
        """Give it its content."""
        self._raw = raw

    def array(self, element: Element, lazily: frozenset[str] = frozenset()) -> Array:
        """Its content as elements of this type; the same array each time, so that views share it, and so that what
        has to be converted, conjugated ("conj") or negated ("neg") is copied once only."""
        found = self._arrays.get((element.name, lazily))
        if found is None:
            found = self._changed(element, lazily) if lazily else decode(self._raw, element, self.byteorder, checked=not self.mapped)
            self._arrays[element.name, lazily] = found
        return found

    def _changed(self, element: Element, lazily: frozenset[str]) -> Array:
        made = self.array(element)
        made = np.conj(made) if "conj" in lazily else made
        return np.negative(made) if "neg" in lazily else made

    def part(self, offset: int, numel: int) -> Storage:
        """A storage over some of its elements, sharing their memory."""
        item = self.element.itemsize if self.element else 1
        made = Storage(self.element, numel, self.location, self.byteorder, self.mapped)
        made.fill(self._raw[offset * item : (offset + numel) * item])
        return made

    def cpu(self) -> Storage:
        """Itself: it is in the CPU's memory."""
        return self

    def cuda(self, device: object = None, non_blocking: bool = False) -> Storage:
        """There is no other device to move to."""
        raise RuntimeError(
            "map_location: expected a storage on the CPU, got a request to move it to CUDA. "
            "This library computes on the CPU; use map_location='cpu'."
        )

    def size(self) -> int:
        """The number of its elements."""
        return self.numel

    def __len__(self) -> int:
        return self.numel

    def __repr__(self) -> str:
        return f"<storage of {self.numel} {self.element.name if self.element else 'bytes'}, saved on {self.location}>"


def view(
    storage: Storage,
    offset: Any,
    size: Any,
    stride: Any,
    element: Element | None = None,
    lazily: frozenset[str] = frozenset(),
) -> Array:
    """The tensor of this size and stride that begins at element `offset`, as a view of the storage's array.

    Raises:
        pickle.UnpicklingError: a number that is not one, a negative size, stride or offset, or a view that leaves the
            storage. Nothing is allocated before that is known.
    """
    kind = element or storage.element
    if kind is None:
        raise pickle.UnpicklingError("load: a tensor over an untyped storage lacks its dtype; the file is damaged.")
    sizes, strides = numbers(size, "size"), numbers(stride, "stride")
    (start,) = numbers((offset,), "storage offset")
    if len(sizes) != len(strides):
        raise pickle.UnpicklingError(
            f"load: expected a tensor with one stride for each dim, got size {short(sizes)} "
            f"and stride {short(strides)}; the file is damaged."
        )
    held = storage.nbytes // kind.itemsize
    if math.prod(sizes) == 0:
        if max(sizes) >= 1 << 60:
            raise pickle.UnpicklingError(f"load: the tensor size {short(sizes)} is absurd; the file is damaged.")
        return storage.array(kind)[:0].reshape(sizes)
    last = start + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True))
    if last >= held:
        raise pickle.UnpicklingError(
            f"load: a tensor of size {short(sizes)} and stride {short(strides)} at offset {start} reaches element "
            f"{last} of a storage of {held}; the file is damaged."
        )
    nbytes = math.prod(sizes) * kind.dtype.itemsize
    if nbytes > max(_FREE_EXPANSION, _MAX_EXPANSION * storage.nbytes):
        raise pickle.UnpicklingError(
            f"load: a tensor of size {short(sizes)} would stand for {nbytes} bytes over a storage of "
            f"{storage.nbytes}; it is refused as absurd. If it is yours, save what it is expanded from, or its "
            ".contiguous() copy."
        )
    array = storage.array(kind, lazily)
    item = array.itemsize
    return np.ndarray(sizes, array.dtype, array, start * item, tuple(step * item for step in strides))


def numbers(values: Any, what: str) -> tuple[int, ...]:
    """Whole numbers from 0 on, or an error that says what is wrong with them."""
    if not isinstance(values, (tuple, list)) or len(values) > _MAX_DIMS or any(type(n) is not int or n < 0 for n in values):
        shown = short(values) if isinstance(values, (tuple, list)) else type(values).__name__
        raise pickle.UnpicklingError(
            f"load: expected a tensor {what} of at most {_MAX_DIMS} whole numbers that are not negative, got {shown}; the file is damaged."
        )
    return tuple(values)


def short(values: Any) -> str:
    """A list of numbers for a message; hostile ones are long, or of absurd size."""
    few = [str(n) if type(n) is int and abs(n) < 1 << 64 else type(n).__name__ for n in values[:8]]
    return "[" + ", ".join(few) + (", …]" if len(values) > 8 else "]")
