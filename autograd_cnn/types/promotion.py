"""PyTorch's type promotion over NumPy dtypes.

Three categories take part: tensors with dims, 0-d tensors, Python numbers. A category decides the result's dtype unless a
lower one brings a higher kind (bool < integer < float < complex).
Source: the PyTorch documentation, "Tensor Attributes", type promotion.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import DtypeError

Array = Any  # an ndarray, a NumPy scalar, or a Python number: what rules and kernels work on

ZERO, ONE = (
    {np.dtype(t): np.array(v, t) for t in (np.float32, np.float64)} for v in (0, 1)
)  # NumPy meets these in half a Python number's time
_KIND = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}
_default = np.dtype(np.float32)
_PYTHON = {bool: np.dtype(bool), int: np.dtype(np.int64)}


def get_default_dtype() -> np.dtype[Any]:
    """The dtype of floating tensors made from Python numbers."""
    return _default


def set_default_dtype(d: Any) -> None:
    """Set the dtype of floating tensors made from Python numbers: float32 (the default), float64 or float16."""
    global _default
    dtype = np.dtype(d)
    if dtype.kind != "f":
        raise TypeError(f"set_default_dtype: expected a floating-point dtype, got {dtype}. Use float32 or float64.")
    _default = dtype


def python_dtype(x: bool | int | float | complex) -> np.dtype[Any]:
    """The dtype a Python number counts as."""
    known = _PYTHON.get(type(x))
    if known is not None:
        return known
    return np.result_type(_default, np.complex64) if isinstance(x, complex) else _default


def held(value: Any, dtype: Any, operation: str) -> Any:
    """A Python number as an entry of this dtype. As in PyTorch, negative integers wrap around in unsigned dtypes.

    Raises:
        RuntimeError: a number that the dtype cannot hold.

    >>> import numpy as np
    >>> held(-2, np.uint8, "full")
    np.uint8(254)
    """
    kind = np.dtype(dtype)
    if kind.kind in "iu" and isinstance(value, int | float):
        top = int(np.iinfo(kind).max)
        if not -top - (kind.kind == "i") <= value <= top:
            raise _too_large(value, kind, operation)
        return kind.type(int(value) % (top + 1) if kind.kind == "u" else int(value))
    if isinstance(value, complex) and kind.kind != "c":
        raise _too_large(value, kind, operation)
    try:
        with np.errstate(over="ignore"):
            made = kind.type(value)
    except OverflowError:
        raise _too_large(value, kind, operation) from None
    if kind.kind == "f" and math.isinf(made) and not math.isinf(value):
        raise _too_large(value, kind, operation)
    return made


def _too_large(value: Any, dtype: Any, operation: str) -> DtypeError:
    return DtypeError(
        f"{operation}: value cannot be converted to type {dtype} without overflow, got {value}. Give a number that the dtype can hold."
    )


def promote_types(type1: Any, type2: Any) -> np.dtype[Any]:
    """The smallest dtype that holds both, as PyTorch counts: the higher kind wins, whatever its size.

    >>> import numpy as np
    >>> promote_types(np.int64, np.float32)
    dtype('float32')
    """
    a: np.dtype[Any] = np.dtype(type1)
    b: np.dtype[Any] = np.dtype(type2)
    if a is b:
        return a
    ka, kb = _KIND[a.kind], _KIND[b.kind]
    if ka == kb or ka + kb == 5:  # float and complex: as wide as the wider
        met: np.dtype[Any] = np.promote_types(a, b)
        return met
    return a if ka > kb else b


def result_type(*values: Any) -> np.dtype[Any]:
    """The dtype in which these raw values (arrays, NumPy scalars, Python numbers) meet."""
    best: list[np.dtype[Any] | None] = [None, None, None]  # dims, 0-d, Python numbers
    for v in values:
        dtype = getattr(v, "dtype", None)
        if dtype is None:
            at, dtype = 2, python_dtype(v)
        else:
            at = 0 if getattr(v, "ndim", 0) else 1
        have = best[at]
        best[at] = dtype if have is None else promote_types(have, dtype)
    result: np.dtype[Any] | None = None
    for dtype in best:
        if dtype is None:
            continue
        if result is None:
            result = dtype
        elif _KIND[dtype.kind] > _KIND[result.kind]:  # complex numbers are as wide as the floats that they meet
            result = np.dtype(np.complex128 if result.itemsize > 4 else np.complex64) if (result.kind, dtype.kind) == ("f", "c") else dtype
    return result if result is not None else _default


def align(x: Any, z: Any, wraps: bool = False) -> tuple[Any, Any]:
    """Two raw values as NumPy must see them so that its result has PyTorch's dtype. `wraps`: a Python integer beyond an integer
    dtype counts modulo its range, as in PyTorch's sums, differences and products."""
    try:
        if x.dtype is z.dtype:
            return x, z
    except AttributeError:  # a Python number: NumPy's own rule agrees while the other's kind is not lower
        array, number = (x, z) if hasattr(x, "dtype") else (z, x)
        kind = number.__class__
        if not hasattr(array, "dtype") or (array.dtype.kind == "f" and kind is not complex) or kind is bool:
            return x, z
        if kind is int and array.dtype.kind in "iu":
            if not wraps or 0 <= number < 128:
                return x, z
            return (x, _wrapped(z, x.dtype)) if number is z else (_wrapped(x, z.dtype), z)
    dtype = result_type(x, z)
    return _cast(x, dtype), _cast(z, dtype)


def _wrapped(number: int, dtype: np.dtype[Any]) -> Any:
    size = 1 << 8 * dtype.itemsize
    rest = number % size
    return dtype.type(rest - size if dtype.kind == "i" and rest >= size // 2 else rest)


def _cast(v: Any, dtype: np.dtype[Any]) -> Any:
    if not hasattr(v, "dtype"):
        return dtype.type(v)
    return v if v.dtype is dtype else v.astype(dtype)


def can_cast(from_: Any, to: Any) -> bool:
    """Would a value of the one dtype be cast to the other without complaint: not to a lower kind?

    >>> import autograd_cnn as ac
    >>> ac.can_cast(ac.float64, ac.float32), ac.can_cast(ac.float32, ac.int64)
    (True, False)
    """
    a: np.dtype[Any] = np.dtype(from_)
    b: np.dtype[Any] = np.dtype(to)
    return _KIND[a.kind] <= _KIND[b.kind]


def number_in(dtype: np.dtype[Any], value: Any) -> Any:
    """A Python number as entries of a dtype count it: cut to an integer, wrapped around where it does not fit.

    >>> number_in(np.dtype(np.uint8), -3.5)
    253
    """
    if dtype.kind == "b":
        return bool(value)
    if dtype.kind in "iu" and isinstance(value, int | float):
        return int(np.array(int(value)).astype(dtype)) if abs(value) < 2**63 else int(value)
    return value


def floating(x: Any) -> Any:
    """Integers and bools as the default floating dtype; floats as they are."""
    dtype = getattr(x, "dtype", None)
    return x.astype(_default) if dtype is not None and dtype.kind in "biu" else x
