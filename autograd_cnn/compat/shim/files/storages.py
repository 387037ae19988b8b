"""`torch.FloatStorage` and its kin, and what plain pickles of tensors call to come back: `torch._utils`, `torch.storage`.

`torch.load` reads files by its own machine and calls nothing here. A program that pickles tensors itself, with Python's `pickle`,
gets them back through these names.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ....tensors.casts import LEGACY
from ....tensors.tensor import Parameter, Tensor, wrap


class TypedStorage:
    """A run of numbers: what tensors are views of. Made of a count, of numbers, or of an array that it shares.

    >>> FloatStorage([1, 2]).tolist()
    [1.0, 2.0]
    """

    dtype = np.dtype(np.float32)

    def __init__(self, content: Any = 0) -> None:
        if isinstance(content, np.ndarray):
            self.array = (
                content.reshape(-1).view(self.dtype) if content.dtype == np.uint8 else content.reshape(-1).astype(self.dtype, copy=False)
            )
        else:
            self.array = np.zeros(content, self.dtype) if isinstance(content, int) else np.array(list(content), self.dtype)

    @classmethod
    def from_buffer(cls, buffer: Any, byte_order: str = "native", *, count: int = -1, offset: int = 0) -> TypedStorage:
        """The numbers in some bytes, copied. `byte_order`: "native", "little" or "big"."""
        order = {"native": "=", "little": "<", "big": ">"}[byte_order]
        return cls(np.frombuffer(buffer, np.dtype(f"{order}{cls.dtype.str[1:]}"), count, offset).astype(cls.dtype))

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __getitem__(self, at: Any) -> Any:
        return type(self)(self.array[at]) if isinstance(at, slice) else self.array[at].item()

    def __setitem__(self, at: Any, value: Any) -> None:
        self.array[at] = value

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.array,)

    def tolist(self) -> list[Any]:
        """The numbers as Python's."""
        return self.array.tolist()

    def size(self) -> int:
        """How many there are."""
        return len(self.array)

    def nbytes(self) -> int:
        """Their size in memory."""
        return self.array.nbytes

    def element_size(self) -> int:
        """The size of one."""
        return self.array.itemsize

    def data_ptr(self) -> int:
        """The address of the first."""
        return self.array.ctypes.data

    def __repr__(self) -> str:
        return f"[{self.__class__.__module__}.{type(self).__name__} of size {len(self)}]"


BY_NAME: dict[str, type[TypedStorage]] = {
    name.replace("Tensor", "Storage"): type(
        name.replace("Tensor", "Storage"), (TypedStorage,), {"dtype": np.dtype(kind), "__module__": "torch"}
    )
    for name, kind in LEGACY.items()
}
globals().update(BY_NAME)
Storage = BY_NAME["FloatStorage"]

__all__ = [*BY_NAME, "Storage", "TypedStorage"]


# ------------------------------------------------------------------------------------------------- torch._utils
def _rebuild_tensor(storage: TypedStorage, storage_offset: int, size: Iterable[int], stride: Iterable[int]) -> Tensor:
    """A tensor that looks at a storage.

    Raises:
        ValueError: it would look outside.
    """
    sizes, strides = tuple(size), tuple(stride)
    last = storage_offset + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
    if 0 in sizes:
        return wrap(np.zeros(sizes, storage.dtype))
    if storage_offset < 0 or min((*sizes, *strides), default=0) < 0 or last >= len(storage):
        raise ValueError(
            f"expected a tensor inside its storage of {len(storage)}, got size {sizes} and stride {strides} at {storage_offset}"
        )
    item = storage.element_size()
    return wrap(np.ndarray(sizes, storage.dtype, storage.array, storage_offset * item, tuple(s * item for s in strides)))


def _rebuild_tensor_v2(
    storage: TypedStorage,
    storage_offset: int,
    size: Iterable[int],
    stride: Iterable[int],
    requires_grad: bool,
    backward_hooks: Any,
    metadata: Any = None,
) -> Tensor:
    return _rebuild_tensor(storage, storage_offset, size, stride).requires_grad_(requires_grad)


def _rebuild_parameter(data: Tensor, requires_grad: bool, backward_hooks: Any) -> Parameter:
    return Parameter(data, requires_grad)


def _accumulate(iterable: Iterable[Any], fn: Any = lambda x, y: x + y) -> Iterator[Any]:
    """Running totals, as `itertools.accumulate`."""
    from itertools import accumulate

    return accumulate(iterable, fn)


# ------------------------------------------------------------------------------------------------- torch.storage
class _Unpickler(pickle.Unpickler):
    """One of the pickles a storage is saved as; the storage itself is named, and its numbers follow."""

    def persistent_load(self, pid: Any) -> TypedStorage:
        return BY_NAME[pid[1].__name__](int(pid[4]))

    def find_class(self, module: str, name: str) -> Any:
        if name not in BY_NAME:
            raise pickle.UnpicklingError(f"a storage: expected the name of one, got {module}.{name}")
        return BY_NAME[name]


def _load_from_bytes(b: bytes) -> TypedStorage:
    """The storage that PyTorch wrote into a pickle: four pickles (marks, the storage's name, the list of one key), then its numbers."""
    stream = io.BytesIO(b)
    parts = [_Unpickler(stream).load() for _ in range(5)]
    storage = parts[3]
    if not isinstance(storage, TypedStorage) or int.from_bytes(stream.read(8), "little") != len(storage):
        raise pickle.UnpicklingError("a storage: expected its count before its numbers; the bytes are damaged")
    storage.array[:] = np.frombuffer(stream.read(storage.nbytes()), storage.dtype)
    return storage
