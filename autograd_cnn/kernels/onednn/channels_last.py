"""Activations with the channels last in memory, as long as nobody looks.

oneDNN's convolutions run fastest, and without padding channels, on memory ordered (N, *S, C). A `ChannelsLast` array has the shape
(N, C, *S) and this memory. It flows from kernel to kernel as the value of a tensor; what takes no notice of the layout gets a plain
view of the same memory (`plain_view`), and whoever asks for the tensor's storage gets, once and for good, an ordinary array.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..memory.allocator import FLOAT, aligned


class ChannelsLast(np.ndarray[Any, np.dtype[Any]]):
    """An array of shape (N, C, *S) whose memory is ordered (N, *S, C), without gaps. Entry by entry NumPy computes from it another one;
    what else it computes is an ordinary array."""

    address: int = 0  # of the first entry; kept, because asking NumPy takes longer than a small kernel
    own: bool = False  # made for this value, no view of another array
    stored: Any = None  # the ordinary array that became the tensor's storage: writes to it count as writes to this value

    @property
    def base(self) -> Any:
        """Whose memory it is; once stored elsewhere, the storage's."""
        return np.ndarray.base.__get__(self) if self.stored is None else self.stored

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.get("out")
        if out is not None:
            kwargs["out"] = tuple(plain_view(o) for o in out)
        result = getattr(ufunc, method)(*(plain_view(x) for x in inputs), **kwargs)
        if out is not None:
            return out[0] if len(out) == 1 else out
        return as_channels_last(result) if method == "__call__" and result.__class__ is np.ndarray and is_last(result) else result

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return func(*_plain_all(args), **{k: _plain_all(v) for k, v in kwargs.items()})

    def __getitem__(self, at: Any) -> Any:
        return plain_view(self)[at]

    def __deepcopy__(self, memo: Any) -> Any:
        return in_rows(self).copy()

    def __reduce__(self) -> Any:
        return in_rows(self).__reduce__()


def _as_plain(name: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(plain_view(self), name)(*args, **kwargs)

    method.__name__ = name
    return method


for _name in (
    "all",
    "any",
    "argmax",
    "argmin",
    "astype",
    "copy",
    "diagonal",
    "dot",
    "flatten",
    "item",
    "max",
    "mean",
    "min",
    "ravel",
    "repeat",
    "reshape",
    "squeeze",
    "sum",
    "swapaxes",
    "take",
    "tobytes",
    "tolist",
    "transpose",
):
    setattr(ChannelsLast, _name, _as_plain(_name))
ChannelsLast.T = property(lambda self: plain_view(self).T)  # type: ignore[assignment,method-assign]  # the same for the attribute


def plain_view(x: Any) -> Any:
    """The same memory as an ordinary array (with the strides of its order); anything else as it is."""
    return x.view(np.ndarray) if x.__class__ is ChannelsLast else x


def in_rows(x: Any) -> Any:
    """The entries in row-major memory, by NumPy's copy where there is none yet."""
    return x.stored if x.__class__ is ChannelsLast and x.stored is not None else np.ascontiguousarray(plain_view(x))


def _plain_all(x: Any) -> Any:
    if isinstance(x, tuple | list):
        return type(x)(_plain_all(v) for v in x)
    return plain_view(x)


@functools.lru_cache(maxsize=4096)
def last_strides(shape: tuple[int, ...], step: int) -> tuple[int, ...]:
    """The strides in bytes of (N, C, *S) in the memory order (N, *S, C), for entries of `step` bytes."""
    n = len(shape)
    strides = [0] * n
    for d in (1, *range(n - 1, 1, -1), 0):
        strides[d] = step
        step *= shape[d]
    return tuple(strides)


def empty_last(shape: tuple[int, ...], dtype: np.dtype[Any] = FLOAT) -> ChannelsLast:
    """An uninitialised activation, on a cache line's boundary."""
    memory, offset, at = aligned(dtype.itemsize * math.prod(shape))
    made = ChannelsLast(shape, dtype, memory, offset, last_strides(shape, dtype.itemsize))
    made.address, made.own = at, True
    return made


def is_last(x: Any) -> bool:
    """Are the entries of this ordinary array in the order of a `ChannelsLast`, without gaps?"""
    return bool(3 <= x.ndim <= 5 and x.size > 0 and x.strides == last_strides(x.shape, x.itemsize))


def as_channels_last(x: Any) -> ChannelsLast:
    """An array for which `is_last` holds, under its class."""
    made = x.view(ChannelsLast)
    made.address = _address_of(x)
    return made  # type: ignore[no-any-return]


def channels_innermost(x: Any) -> Any:
    """(N, C, *S) → (N, *S, C), contiguous"""
    return np.moveaxis(x.view(np.ndarray), 1, -1) if x.__class__ is ChannelsLast else x


# ------------------------------------------------------------------------------------------------- addresses
def _make_address() -> Any:
    import ctypes

    return ctypes.c_char.from_buffer, ctypes.addressof


_from_buffer, _addressof = _make_address()


def _address(x: Any) -> int:
    return _addressof(_from_buffer(x))  # type: ignore[no-any-return]


def _address_of(x: Any) -> int:
    return x.__array_interface__["data"][0]  # type: ignore[no-any-return]


def address(x: Any) -> int:
    """Where the first entry of an array stands in memory."""
    if x.__class__ is ChannelsLast:
        return x.address or _address_of(x)
    try:
        return _address(x)
    except (TypeError, ValueError, BufferError):  # read-only, or with gaps
        return _address_of(x)
