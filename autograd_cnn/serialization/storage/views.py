"""Writing storages: which memory an array is a view of, so that shared memory is written once and stays shared."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import Array

# The owner of the memory; where the view begins, and its strides, in elements.
Place = tuple[Array, int, tuple[int, ...]]


class StorageTable:
    """The storages of what is being saved: each is written once, however many tensors are views of it."""

    def __init__(self) -> None:
        self.contents: dict[str, memoryview] = {}
        self.numels: dict[str, int] = {}
        self._types: dict[str, str] = {}
        self._keys: dict[object, str] = {}
        self._kept: list[Array] = []  # their addresses are keys, so they must live as long as this table

    def add(self, array: Array, type_name: str, unit: int) -> tuple[str, int, int, tuple[int, ...]]:
        """Enter an array of torch's type `type_name`, in a storage that is counted in units of so many bytes.

        Returns:
            (key of the storage, units in it, offset and strides of the array in elements).

        Raises:
            RuntimeError: the same memory was entered with another element type.
        """
        place = locate(array)
        if place is None:  # no torch tensor lies in memory like this: negative strides, foreign byte order, …
            identity: object = (_address(array), array.shape, array.strides, array.dtype.str)
            place = np.array(array, dtype=array.dtype.newbyteorder("="), order="C"), 0, contiguous(array.shape)
        else:
            owner = place[0]
            identity = (_address(owner), owner.nbytes) if owner.nbytes else id(owner)
        owner, offset, strides = place
        self._kept += [array, owner]
        key = self._keys.get(identity)
        if key is None:
            key = self._keys[identity] = str(len(self._keys))
            self.contents[key], self._types[key] = _bytes_of(owner), type_name
            self.numels[key] = owner.nbytes // unit
        elif self._types[key] != type_name:
            raise RuntimeError(
                "save: Cannot save multiple tensors or storages that view the same data as different types, "
                f"here torch.{self._types[key]} and torch.{type_name}. Save a copy (x.clone()) of one of them."
            )
        return key, self.numels[key], offset, strides


def locate(array: Array) -> Place | None:
    """Where the array lies within the memory that it is a view of, in torch's terms; None if those cannot say it."""
    if array.size == 0:
        return np.empty(0, array.dtype), 0, contiguous(array.shape)
    if not array.dtype.isnative:
        return None
    owner: Any = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    # Memory that NumPy only borrows, or that was allocated as something else (bytes to align, say): what can be seen of
    # it is the storage.
    if not _is_dense(owner) or (owner.dtype != array.dtype and _is_dense(array)):
        owner = array
    if not _is_dense(owner):
        return None
    item, offset = array.itemsize, _address(array) - _address(owner)
    steps = [step for n, step in zip(array.shape, array.strides, strict=True) if n > 1]
    if owner.nbytes % item or offset % item or any(step < 0 or step % item for step in steps):
        return None
    if array.flags.c_contiguous:
        return owner, offset // item, contiguous(array.shape)
    # The stride of a dim of size 1 is never used and may be anything in NumPy.
    strides = (step // item if n > 1 else 1 for n, step in zip(array.shape, array.strides, strict=True))
    return owner, offset // item, tuple(strides)


def _is_dense(array: Array) -> bool:
    """Does it fill its memory, in one order or the other?"""
    return array.flags.c_contiguous or array.flags.f_contiguous


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides, in elements, that torch gives a fresh tensor of this shape."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _bytes_of(owner: Array) -> memoryview:
    """A contiguous array's memory, in the order in which it lies."""
    flat = np.asarray(owner if owner.flags.c_contiguous else owner.T).reshape(-1)
    return flat.view(np.uint8).data
