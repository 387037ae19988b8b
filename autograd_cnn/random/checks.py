"""What a draw may be asked for. Everything here raises before a word is drawn or an element written."""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import DtypeError, expected

FLOATS = tuple(np.dtype(name) for name in ("float32", "float64", "float16"))
_SPANS = tuple(np.dtype(n) for n in ("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"))
_WHOLE_RANGE = _SPANS[:6] + FLOATS  # the dtypes of random_() without bounds
_FLOAT_FIX = "Draw floating-point numbers and convert them."

# How PyTorch names dtypes in its messages: as a ScalarType, and as a C++ type.
_SCALAR_TYPE = {
    "bool": "Bool",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "uint16": "UInt16",
    "uint32": "UInt32",
    "uint64": "UInt64",
    "float16": "Half",
    "float32": "Float",
    "float64": "Double",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}
_C_TYPE = {
    "bool": "bool",
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short int",
    "int32": "int",
    "int64": "long int",
    "uint16": "short unsigned int",
    "uint32": "unsigned int",
    "uint64": "long unsigned int",
    "float16": "c10::Half",
    "float32": "float",
    "float64": "double",
}


class UnsupportedDtype(DtypeError, NotImplementedError):
    """A dtype that an operation has no kernel for; PyTorch raises NotImplementedError, itself a RuntimeError."""


# ------------------------------------------------------------------------------------------------------- dtypes
def _not_implemented(operation: str, kernel: str, what: str, dtype: np.dtype[Any], fix: str) -> UnsupportedDtype:
    name = _SCALAR_TYPE.get(dtype.name, dtype.name)
    return UnsupportedDtype(expected(operation, what, dtype.name, f'"{kernel}" not implemented for {name!r}. {fix}'))


def floating(dtype: np.dtype[Any], operation: str, kernel: str) -> None:
    """Float dtypes only."""
    if dtype not in FLOATS:
        what = "a floating-point dtype (float16, float32, float64)"
        raise _not_implemented(operation, kernel, what, dtype, _FLOAT_FIX)


def continuous(dtype: np.dtype[Any], operation: str, distribution: str) -> None:
    """Float dtypes only: a continuous distribution has no whole numbers."""
    if dtype not in FLOATS:
        raise DtypeError(
            f"{operation}: {distribution} distribution is a continuous probability distribution. dtype must be a "
            f"floating point but you specified {dtype.name}. {_FLOAT_FIX}"
        )


def countable(dtype: np.dtype[Any], operation: str, kernel: str, with_bool: bool) -> None:
    """Dtypes of real numbers, bools if allowed."""
    if dtype not in FLOATS and (dtype not in _SPANS or (dtype.kind == "b" and not with_bool)):
        raise _not_implemented(operation, kernel, "a dtype of real numbers", dtype, "")


def whole_range(dtype: np.dtype[Any]) -> None:
    """Dtypes that `random_()` without bounds can fill."""
    if dtype not in _WHOLE_RANGE:
        fix = "Give both bounds, or draw a signed dtype and convert."
        what = "bool, uint8, a signed integer or a floating-point dtype"
        raise _not_implemented("random_", "random_kernel_cpu", what, dtype, fix)


# ------------------------------------------------------------------------------------------------------ numbers
def real(value: Any, operation: str, name: str) -> float:
    """A real number as a Python float."""
    if type(value) is float:
        return value
    if isinstance(value, (str, bytes)):
        raise TypeError(expected(operation, f"a number for '{name}'", type(value).__name__))
    try:
        return float(value)
    except TypeError:
        raise TypeError(expected(operation, f"a number for '{name}'", type(value).__name__)) from None


def integer(value: Any, operation: str, name: str) -> int:
    """A whole number that fits int64."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(expected(operation, f"a whole number for '{name}'", type(value).__name__)) from None
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"{operation}: Overflow when unpacking long long: '{name}' must fit int64, got {number}.")
    return number


def seed(value: Any) -> int:
    """A seed modulo 2^64."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise RuntimeError(f"manual_seed expected a long, but got {type(value).__name__}. Give a whole number in [-2^63, 2^64).")
    number = int(value)
    if not -(1 << 63) <= number < 1 << 64:
        raise ValueError(f"manual_seed: Overflow when unpacking long long: expected a seed in [-2^63, 2^64), got {number}.")
    return number % (1 << 64)


def size(shape: Any, operation: str) -> tuple[int, ...]:
    """A shape: a whole number or a sequence of them, none negative."""
    try:
        dims = tuple(map(operator.index, (shape,) if hasattr(shape, "__index__") else shape))
    except TypeError:
        raise TypeError(expected(operation, "a shape of whole numbers", repr(shape))) from None
    for length in dims:
        if length < 0:
            raise RuntimeError(f"{operation}: Trying to create tensor with negative dimension {length}: {list(dims)}")
    return dims


def probability(p: float, operation: str, open_interval: bool = False) -> None:
    """A probability in [0, 1], or in (0, 1)."""
    inside = 0.0 < p < 1.0 if open_interval else 0.0 <= p <= 1.0
    if not inside:
        interval = "(0, 1)" if open_interval else "[0, 1]"
        raise RuntimeError(f"{operation} expects p to be in {interval}, but got p={p:g}")


def probabilities(p: NDArray[Any], operation: str) -> None:
    """An array of probabilities."""
    if p.dtype not in FLOATS:
        fix = "Convert the probabilities to a floating-point dtype."
        raise _not_implemented(operation, "bernoulli_tensor_cpu_p_", "floating-point probabilities", p.dtype, fix)
    inside = (p >= 0) & (p <= 1)
    if not inside.all():
        worst = p[~inside].flat[0]
        raise RuntimeError(
            f"{operation}: Expected p_in >= 0 && p_in <= 1 to be true, but got false: {np.count_nonzero(~inside)} of "
            f"{p.size} probabilities are outside [0, 1], the first of them {worst:g}. Clamp them, or pass logits "
            "through sigmoid."
        )


def uniform_bounds(low: float, high: float, dtype: np.dtype[Any]) -> None:
    """Bounds that the dtype holds, in order."""
    largest = float(np.finfo(dtype).max)
    for name, bound in (("from", low), ("to", high)):
        if not -largest <= bound <= largest:
            raise RuntimeError(f"uniform_: {name} is out of bounds for {_C_TYPE[dtype.name]}: got {bound:g}")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    if high - low > largest:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{_SCALAR_TYPE[dtype.name]}>::max(), but found "
            f"to={high:g} and from={low:g} which result in to-from to exceed the limit"
        )


def normal_std(std: float) -> None:
    """A standard deviation that is not negative."""
    if not std >= 0.0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")


def positive(value: float, operation: str, name: str) -> None:
    """A number above 0."""
    if not value > 0.0:
        raise RuntimeError(f"{operation} expects {name} > 0.0, but found {name}={value:g}")


# --------------------------------------------------------------------------------------------- ranges of integers
def _limits(dtype: np.dtype[Any]) -> tuple[int, int, int]:
    """(least, greatest, digits): what `dtype` and int64 both hold, and up to which power of 2 without gaps."""
    if dtype.kind == "b":
        return 0, 1, 64
    if dtype.kind == "f":
        largest = int(np.finfo(dtype).max)
        return -largest, largest, np.finfo(dtype).nmant + 1
    return int(np.iinfo(dtype).min), min(int(np.iinfo(dtype).max), (1 << 63) - 1), 64


_LIMITS = {dtype: _limits(dtype) for dtype in _SPANS + FLOATS}


def integer_range(low: int, high: int | None, dtype: np.dtype[Any]) -> tuple[int, int]:
    """(first value, number of values) of random_(low, high); high None means up to the dtype's largest."""
    if dtype not in _SPANS and dtype not in FLOATS:
        raise DtypeError(f"random_: check_random_bounds handles only integral, floating-point and boolean types, got {dtype.name}")
    if high is None:
        return _up_from(low, dtype)
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if dtype.kind == "f":
        low, high = _representable_from(low, dtype), _representable_to(high, dtype)
        if low >= high:
            raise RuntimeError(
                f"random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from={low} >= to={high}"
            )
    _within(low, high - 1, dtype)
    return low, high - low


def _up_from(low: int, dtype: np.dtype[Any]) -> tuple[int, int]:
    if low == -(1 << 63):
        if dtype not in (np.int64, np.float32, np.float64):
            raise DtypeError(
                f"random_: random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16, got {dtype.name}"
            )
        return low, 1 << 64
    if dtype.kind == "f":
        last = 1 << (np.finfo(dtype).nmant + 1)
        low = _representable_from(low, dtype)
        if low >= last:
            raise RuntimeError(
                "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got "
                f"from={low} > to_inc={last}"
            )
    else:
        last = _LIMITS[dtype][1]
    _within(low, last, dtype)
    return low, last - low + 1


def _within(low: int, last: int, dtype: np.dtype[Any]) -> None:
    least, most, digits = _LIMITS[dtype]
    for name, bound in (("from", low), ("to - 1", last)):
        if not least <= bound <= most:
            raise RuntimeError(f"random_: {name} is out of bounds for {_C_TYPE[dtype.name]}: got {bound}")
        if abs(bound) > 1 << digits:
            warnings.warn(
                f"{name} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision limitations {dtype.name} can "
                "support discrete uniform distribution only within this range: above, not every whole number exists.",
                UserWarning,
                stacklevel=5,
            )


def _cast(value: int, dtype: np.dtype[Any]) -> int:
    """value through dtype and back to int64, as the processor does it: what does not fit becomes -2^63."""
    with np.errstate(over="ignore"):
        rounded = float(np.float64(value).astype(dtype))
    return int(rounded) if -(2.0**63) <= rounded < 2.0**63 else -(1 << 63)


def _step(value: int, dtype: np.dtype[Any]) -> int:
    """The distance between neighbours of `dtype` around `value`."""
    return 1 << (abs(value).bit_length() - 1 - int(np.finfo(dtype).nmant))


def _representable_from(low: int, dtype: np.dtype[Any]) -> int:
    """Rounding a draw must not take it below `low`: move `low` up to the next number that the dtype has."""
    rounded = _cast(low + 1, dtype)
    return rounded + _step(low + 1, dtype) if rounded < low else low


def _representable_to(high: int, dtype: np.dtype[Any]) -> int:
    """Rounding a draw must not take it up to `high`: move `high` down likewise."""
    rounded = _cast(high - 1, dtype)
    return rounded - _step(high - 1, dtype) if rounded >= high else high


# ---------------------------------------------------------------------------------------------------- multinomial
def multinomial(p: NDArray[Any], n: int, replacement: bool) -> None:
    """Weights of which `n` can be drawn."""
    if p.ndim not in (1, 2):
        raise RuntimeError(f"multinomial: prob_dist must be 1 or 2 dim, got {p.ndim}")
    if p.dtype not in FLOATS:
        name = _SCALAR_TYPE.get(p.dtype.name, p.dtype.name)
        raise DtypeError(f"multinomial only supports floating-point dtypes for input, got: {name}")
    if n <= 0:
        raise RuntimeError(f"multinomial: cannot sample n_sample <= 0 samples, got {n}")
    categories = p.shape[-1]
    if not replacement and n > categories:
        raise RuntimeError(
            f"multinomial: cannot sample n_sample > prob_dist.size(-1) samples without replacement: asked for {n} of {categories}"
        )
    if categories > 1 << 24:
        raise RuntimeError(f"multinomial: number of categories cannot exceed 2^24, got {categories}")
    if 0 in p.shape[:-1]:
        return
    if not ((p >= 0) & (p < np.inf)).all():
        raise RuntimeError(
            "multinomial: invalid multinomial distribution (encountering probability entry < 0, infinity or NaN): "
            "probability tensor contains either `inf`, `nan` or element < 0"
        )
    if not (p > 0).any(axis=-1).all():
        raise RuntimeError("multinomial: invalid multinomial distribution (sum of probabilities <= 0)")
