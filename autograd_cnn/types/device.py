"""Sizes and devices as PyTorch spells them."""

from __future__ import annotations

import functools
import math
from typing import Any


class Size(tuple[int, ...]):
    """A tensor's sizes: a tuple that counts its elements and prints as PyTorch prints it.

    >>> Size((2, 3)).numel()
    6
    """

    __slots__ = ()

    def numel(self) -> int:
        """The product of the sizes."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __getitem__(self, at: Any) -> Any:
        got = super().__getitem__(at)
        return Size(got) if isinstance(at, slice) else got

    def __add__(self, other: Any) -> Size:
        return Size(super().__add__(tuple(other)))


class device:
    """Where a tensor lives. There is only the CPU here; others can be named (as in `device("cuda")`) but hold nothing.

    >>> device("cpu")
    device(type='cpu')
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: str | device, index: int | None = None) -> None:
        if isinstance(type, device):
            kind, index = type.type, type.index
        elif isinstance(type, str):
            kind, _, number = type.partition(":")
            if number:
                if not number.isdigit():
                    raise RuntimeError(f"Invalid device string: {type!r}. Expected 'cpu', or a kind and a number such as 'cuda:0'.")
                index = int(number)
        else:
            raise TypeError(f"device(): expected a string such as 'cpu', got {type.__class__.__name__}.")
        if kind not in ("cpu", "cuda", "mps", "xpu", "meta"):
            raise RuntimeError(f"Expected one of cpu, cuda, mps, xpu, meta device type at start of device string: {kind}")
        object.__setattr__(self, "type", kind)
        object.__setattr__(self, "index", index)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"attribute '{name}' of 'device' objects is not writable")

    def __repr__(self) -> str:
        return f"device(type='{self.type}')" if self.index is None else f"device(type='{self.type}', index={self.index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)


@functools.lru_cache(maxsize=16)
def _named(text: str) -> device:
    return device(text)


def as_device(d: Any) -> device:
    """What the user wrote for a device, as a device."""
    return d if isinstance(d, device) else _named(d) if isinstance(d, str) else device(d)


def check_cpu(d: Any, operation: str) -> None:
    """Refuse every device but the CPU, as a PyTorch built without the others does."""
    if d is not None and as_device(d).type != "cpu":
        kind = as_device(d).type
        if kind == "cuda":
            raise AssertionError(
                f"Torch not compiled with CUDA enabled: {operation} expected device 'cpu', got {str(as_device(d))!r}. "
                "This library computes on the CPU; leave the device out or pick it with is_available()."
            )
        raise RuntimeError(f"{operation}: expected device 'cpu', got {str(as_device(d))!r}. This library computes on the CPU only.")
