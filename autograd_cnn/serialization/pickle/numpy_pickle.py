"""NumPy's arrays, numbers and dtypes as pickles spell them, rebuilt without NumPy's own unpickling."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import gate
from ..storage.storage import numbers
from .builders import TABLE, Global, builds
from .messages import damaged, refused
from .unpickler import Pending

if TYPE_CHECKING:
    from .loading_context import LoadingContext

_MAX_CODE_POINT = 0x10FFFF


@builds("numpy.dtype")
def _dtype(world: LoadingContext, arguments: tuple[Any, ...]) -> Pending:
    """`dtype("f8", False, True)`; the byte order comes with the state."""
    code, *flags = arguments
    if isinstance(code, bytes):  # Python 2 text read with encoding="bytes"
        code = code.decode("latin1")
    if len(flags) > 2 or any(type(flag) not in (bool, int) or flag not in (0, 1) for flag in flags):  # align, copy
        raise damaged("A NumPy dtype is not made of its name alone")
    return Pending("dtype", (gate.spelt(code),))


def _settled(dtype: Any) -> np.dtype[Any]:
    if type(dtype) is Pending and dtype.kind == "dtype":
        dtype = dtype.arguments[0]
    if not isinstance(dtype, np.dtype):
        raise damaged("A NumPy array's dtype is not one")
    return gate.admitted(dtype)


@builds("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
def _empty(world: LoadingContext, arguments: tuple[Any, ...]) -> Pending:
    """`_reconstruct(ndarray, (0,), b"b")`: the content comes with the state."""
    if getattr(arguments[0], "name", "") != "numpy.ndarray":
        raise refused("a NumPy array of a class of its own", "Save numpy.asarray(it) instead.")
    return Pending("ndarray")


def finish(world: LoadingContext, pending: Pending, state: Any) -> Any:
    """The dtype or array whose state has come."""
    if pending.kind == "dtype":
        return gate.with_state(pending.arguments[0], state)
    if type(state) is not tuple or len(state) not in (4, 5):  # the first of five is the version
        raise damaged("A NumPy array's state is not one")
    shape, dtype, by_columns, content = state[-4:]
    if type(by_columns) not in (bool, int) or by_columns not in (0, 1):
        raise damaged("A NumPy array's order in memory is not one")
    return _array(world, content, _settled(dtype), shape, "F" if by_columns else "C")


def _array(world: LoadingContext, content: Any, dtype: np.dtype[Any], shape: Any, order: Any) -> np.ndarray[Any, Any]:
    if isinstance(content, str):  # Python 2 bytes read as latin1 text
        content = content.encode("latin1")
    if not isinstance(content, (bytes, bytearray)) or type(order) is not str or order not in ("C", "F"):
        raise refused(f"a NumPy array of {dtype}", "Only arrays of numbers, bytes and text are read.")
    sizes = numbers(shape, "size")
    if dtype.itemsize == 0 or math.prod(sizes) * dtype.itemsize != len(content):
        raise damaged(f"A NumPy array of {dtype} and shape {sizes[:8]} does not have {len(content)} bytes")
    world.carry(len(content))
    if dtype.kind == "U" and len(content):
        points = np.frombuffer(content, f"{dtype.str[0]}u4")
        if points.max() > _MAX_CODE_POINT:
            raise damaged("A NumPy text has characters that do not exist")
    array: np.ndarray[Any, Any] = np.frombuffer(content, dtype).reshape(sizes, order="F" if order == "F" else "C")
    return array.copy(order="K")


@builds("numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer")
def _frombuffer(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    """How protocol 5 spells an array."""
    content, dtype, shape, order = arguments
    return _array(world, content, _settled(dtype), shape, order)


@builds("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
def _number(world: LoadingContext, arguments: tuple[Any, ...]) -> Any:
    """`scalar(dtype, bytes)`: a NumPy number."""
    dtype, content = arguments
    return _array(world, content, _settled(dtype), (), "C")[()]


TABLE["numpy.ndarray"] = Global("numpy.ndarray")
