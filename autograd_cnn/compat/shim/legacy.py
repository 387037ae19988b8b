"""`torch.FloatTensor` and its kin: types of tensors as they were called before there were dtypes."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ...tensors.casts import LEGACY
from ...tensors.creation import array_of
from ...tensors.tensor import Tensor, wrap


class LegacyType(type):
    """The type of the old types: `isinstance(x, torch.FloatTensor)` asks for the dtype, a call makes a tensor of it."""

    legacy_name: str
    kind: np.dtype[Any]

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and not cls.legacy_name.startswith("torch.cuda") and instance.dtype == cls.kind

    def __call__(cls, *given: Any, device: Any = None) -> Tensor:
        """`FloatTensor()`, `FloatTensor(2, 3)` (sizes; zeros), `FloatTensor([1, 2])` (numbers), or of an array or a tensor.

        Raises:
            TypeError: a tensor or array of another dtype, or a type on a device that is not here.
        """
        if cls.legacy_name.startswith("torch.cuda"):
            refuse(cls.legacy_name)
        return made(cls.legacy_name, cls.kind, given)

    def __repr__(cls) -> str:
        return f"<class '{cls.legacy_name}'>"


def refuse(name: str) -> NoReturn:
    """As PyTorch refuses a type of another device when it was built without it."""
    raise TypeError(
        f"type {name} not available. Torch not compiled with CUDA enabled: use torch.{name.rpartition('.')[2]}, or ask "
        "torch.cuda.is_available() first."
    )


def made(name: str, kind: np.dtype[Any], given: tuple[Any, ...]) -> Tensor:
    """The tensor that a call of the old type gives."""
    if not given:
        return wrap(np.zeros(0, kind))
    first = given[0]
    if len(given) == 1 and isinstance(first, Tensor):
        if first.dtype != kind:
            raise TypeError(f"{name}(): expected a tensor of dtype {kind}, got {first.dtype}. Use .type({name}) to convert it.")
        return first.detach()
    if hasattr(first, "numel") and isinstance(first, tuple):  # torch.Size
        return wrap(np.zeros(tuple(first), kind))
    if all(isinstance(n, int | np.integer) or (isinstance(n, Tensor) and not n.ndim) for n in given):
        return wrap(np.zeros(tuple(int(n) for n in given), kind))
    if len(given) > 1:
        raise TypeError(f"{name}(): expected sizes, or one list, array or tensor, got {len(given)} arguments")
    return wrap(np.ascontiguousarray(array_of(first, kind, name)))


def _type(name: str, dtype: str) -> LegacyType:
    return LegacyType(name.rpartition(".")[2], (), {"legacy_name": name, "kind": np.dtype(dtype), "__module__": name.rpartition(".")[0]})


FloatTensor = _type("torch.FloatTensor", LEGACY["FloatTensor"])
DoubleTensor = _type("torch.DoubleTensor", LEGACY["DoubleTensor"])
HalfTensor = _type("torch.HalfTensor", LEGACY["HalfTensor"])
LongTensor = _type("torch.LongTensor", LEGACY["LongTensor"])
IntTensor = _type("torch.IntTensor", LEGACY["IntTensor"])
ShortTensor = _type("torch.ShortTensor", LEGACY["ShortTensor"])
CharTensor = _type("torch.CharTensor", LEGACY["CharTensor"])
ByteTensor = _type("torch.ByteTensor", LEGACY["ByteTensor"])
BoolTensor = _type("torch.BoolTensor", LEGACY["BoolTensor"])

__all__ = list(LEGACY)
