"""The gate that every dtype from a file passes: numbers, bytes and text, and nothing else.

A dtype decides what bytes are taken for. One of objects makes pointers of them, and a dtype's pickled state can set that flag on
any other. So a file never gets a dtype made: it names one of this list, and what it says beside the name must be what NumPy
itself writes for it.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .pickle.messages import brief, damaged, refused

_CODES = ("b1", "i1", "u1", "i2", "u2", "f2", "i4", "u4", "f4", "i8", "u8", "f8", "c8", "c16")
NUMBERS: dict[str, np.dtype[Any]] = {np.dtype(code).name: np.dtype(code) for code in _CODES}
_SPELT = {order + dtype.str[1:]: dtype.newbyteorder(order) for dtype in NUMBERS.values() for order in ("<", ">", "|")}
_SPELT |= {dtype.str[1:]: dtype for dtype in NUMBERS.values()}
_TEXT = re.compile(r"[<>|]?[SU]\d{1,9}")
_MAX_ITEM = (1 << 31) - 1  # bytes of one text


def spelt(code: Any) -> np.dtype[Any]:
    """The dtype of this spelling ("f4", "<i8", "|S3").

    Raises:
        pickle.UnpicklingError: not one of the list.
    """
    if type(code) is str:
        if code in _SPELT:
            return _SPELT[code]
        if _TEXT.fullmatch(code) and int(code.lstrip("<>|")[1:]) * (4 if "U" in code else 1) <= _MAX_ITEM:
            return np.dtype(code)
    raise refused(f"a NumPy dtype {brief(code)}", "Only bool, integer, float, complex, bytes and text dtypes are read.")


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Is this a dtype of the list, in either byte order?"""
    return not dtype.hasobject and (dtype.str in _SPELT or _TEXT.fullmatch(dtype.str) is not None)


def admitted(value: Any) -> np.dtype[Any]:
    """A dtype that came from somewhere else, made anew from its spelling, so that nothing that hangs on it comes along."""
    if not isinstance(value, np.dtype) or not is_plain(value):
        raise refused("a NumPy dtype that is none of the plain ones", "Only bool, integer, float, complex, bytes and text dtypes are read.")
    return spelt(value.str)


def with_state(dtype: np.dtype[Any], state: Any) -> np.dtype[Any]:
    """The dtype in the byte order that its pickled state gives: (version, order, subarray, names, fields, size, alignment, flags).

    Raises:
        pickle.UnpicklingError: the state says more than the byte order.
    """
    if type(state) is not tuple or len(state) != 8:
        raise refused("a NumPy dtype with metadata, or without its whole state", "Save arrays of plain numbers.")
    version, order, subarray, names, fields, size, alignment, flags = state
    if type(order) is bytes:  # Python 2 text read with encoding="bytes"
        order = order.decode("latin1")
    if not (subarray is None and names is None and fields is None):
        raise refused("a NumPy dtype with fields", "Save its fields as arrays of their own.")
    if any(type(n) is not int for n in (version, size, alignment, flags)) or type(order) is not str or version != 3:
        raise damaged("A NumPy dtype's state is not one")
    text = dtype.kind in "SU"
    own = (dtype.itemsize, dtype.alignment) if text else (-1, -1)
    if (size, alignment) != own or flags not in ((0, dtype.flags) if text else (0,)):
        raise refused("a NumPy dtype whose size, alignment or flags are not its own", "Do not trust this file.")
    if order not in (("|",) if dtype.str[0] == "|" else ("<", ">")):
        raise damaged(f"A NumPy dtype {dtype} has no byte order {brief(order)}")
    return spelt(order + dtype.str[1:])
