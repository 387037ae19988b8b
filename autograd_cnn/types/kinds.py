"""Which kinds of numbers an operation takes, in PyTorch's words."""

from __future__ import annotations

from typing import Any

import numpy as np

_SPOKEN = {
    "bool": "Bool",
    "int64": "Long",
    "int32": "Int",
    "int16": "Short",
    "int8": "Char",
    "uint8": "Byte",
    "float16": "Half",
    "float32": "Float",
    "float64": "Double",
}


def spoken(dtype: np.dtype[Any]) -> str:
    """A dtype as PyTorch's messages call it.

    >>> spoken(np.dtype(np.int64))
    'Long'
    """
    return _SPOKEN.get(dtype.name, dtype.name)


def float_only(x: Any, operation: str) -> Any:
    """x, if it is of floats; NotImplementedError for integers and bools."""
    dtype = getattr(x, "dtype", None)
    if dtype is not None and dtype.kind not in "fc":
        raise NotImplementedError(
            f"\"{operation}\" not implemented for '{spoken(dtype)}': expected a floating dtype. Convert with .float()."
        )
    return x
