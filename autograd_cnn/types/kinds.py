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
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}

COMPLEX = frozenset((np.dtype(np.complex64), np.dtype(np.complex128), complex))  # what complex arrays and complex numbers are of


def spoken(dtype: np.dtype[Any]) -> str:
    """A dtype as PyTorch's messages call it.

    >>> spoken(np.dtype(np.int64))
    'Long'
    """
    return _SPOKEN.get(dtype.name, dtype.name)


def _refused(operation: str, dtype: np.dtype[Any], wanted: str) -> NotImplementedError:
    return NotImplementedError(f"\"{operation}\" not implemented for '{spoken(dtype)}': expected {wanted}")


def inexact_only(x: Any, operation: str) -> Any:
    """x, if it is of floats or complex numbers; NotImplementedError for integers and bools."""
    dtype = getattr(x, "dtype", None)
    if dtype is not None and dtype.kind not in "fc":
        raise _refused(operation, dtype, "a floating dtype. Convert with .float().")
    return x


def float_only(x: Any, operation: str) -> Any:
    """x, if it is of floats; NotImplementedError for integers, bools and complex numbers."""
    if getattr(x, "dtype", None) in COMPLEX:
        real_only(operation, x)
    return inexact_only(x, operation)


def real_only(operation: str, *values: Any) -> None:
    """NotImplementedError if one of the values is complex: they have no order, and the operation is not written for them."""
    for x in values:
        dtype = getattr(x, "dtype", np.dtype(type(x)) if isinstance(x, complex) else None)
        if dtype is not None and dtype.kind == "c":
            raise _refused(operation, dtype, "real numbers. Compute with .real and .imag, or with .abs() and .angle().")
