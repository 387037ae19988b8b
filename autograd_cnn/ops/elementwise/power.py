"""Powers: with a number or a tensor in the exponent, squares, and powers of two."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.variable import Variable, array_of, unbox
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand
from ...types.kinds import COMPLEX, float_only
from ...types.promotion import Array, align, floating
from ..registry import return_types
from ..registry.expose import expose
from .arithmetic import cast, mul
from .exponential import exp2, log
from .select import where


@primitive(label="^{exponent}", family="arithmetic", derivative="n·xⁿ⁻¹", entrywise=True)
def _power(input: Array, *, exponent: float) -> Array:
    """y = inputⁿ for a number n"""
    x = input
    if getattr(x, "dtype", np.dtype(float)).kind in "biu":
        if exponent.__class__ is float:
            return np.power(floating(x), x.dtype.type(exponent) if x.dtype.kind == "f" else exponent)
        if exponent < 0:
            raise RuntimeError("pow: Integers to negative integer powers are not allowed. Expected a float base; use x.float().")
        return np.power(x.astype(np.int64) if x.dtype == bool else x, exponent)
    if exponent == 2:
        return np.multiply(x, x)
    if exponent == 0.5:
        return np.sqrt(x)
    if exponent == -0.5:
        return 1 / np.sqrt(x)
    return np.power(x, exponent)


@_power.source(number="input ** exponent")
def _(input: Operand, exponent: Any) -> str:
    if input.dtype is not None and input.dtype.kind == "f" and exponent in (0.5, -0.5):
        return "np.sqrt(input)" if exponent > 0 else "1 / np.sqrt(input)"
    whole = isinstance(exponent, float) and exponent.is_integer() and input.dtype is not None and input.dtype.kind == "f"
    return f"input ** {int(exponent)}" if whole else "input ** exponent"


@_power.kernel(float)
def _(input: float, *, exponent: float) -> float:
    if exponent != -0.5:
        return _float_power(input, exponent)
    with np.errstate(all="ignore"):
        return float(1 / np.sqrt(np.float64(input)))


def _float_power(a: float, b: float) -> float:
    """a^b as NumPy has it: infinite where Python's float overflows or divides by zero, NaN for a root of a negative number."""
    try:
        return math.pow(a, b) if b != 0.5 else math.sqrt(a)
    except (OverflowError, ValueError):
        with np.errstate(all="ignore"):
            return float(np.power(np.float64(a), np.float64(b)))


@_power.vjp("input")
def _(g: Array, input: Array, exponent: float) -> Array:
    if exponent == 0:
        return g * 0.0
    return g * (exponent * _power(input, exponent=exponent - 1))


@_power.cases
def _(draw: Draw) -> Case:
    n = draw.choice([2, 3, 0, 1, -1, 0.5, 1.5, -2.0])
    positive = not isinstance(n, int) or n < 0
    return Case(draw.array(low=0.5 if positive else -2.0), exponent=n)


@_power.onnx
def _(to: Emit, input: Any, *, exponent: Any) -> Any:
    return to.Pow(to.cast(input, to.dtype), to.const(exponent, to.dtype))


@primitive(label="^", family="arithmetic", derivative="n·xⁿ⁻¹, y·ln x")
def _power_of(input: Array, exponent: Array) -> Array:
    """y = input^exponent, both of them arrays"""
    x, n = align(input, exponent)
    dtype = getattr(x, "dtype", None)
    if dtype is not None and dtype.kind in "iu" and np.any(np.less(n, 0)):
        y = np.power(x, np.maximum(n, 0))  # 1/xⁿ, cut to an integer: 0, but for x = ±1
        unit = np.where(np.equal(x, 1), 1, np.where(np.equal(x, -1), np.where(np.equal(n % 2, 0), 1, -1), 0))
        return np.where(np.less(n, 0), unit, y).astype(dtype)
    return np.power(x, n)


@_power_of.kernel(float)
def _(input: float, exponent: float) -> float:
    return _float_power(input, exponent)


@_power_of.vjp("input")
def _(g: Array, input: Array, exponent: Array) -> Array:
    return g * where(exponent == 0, 0.0, exponent * _power_of(input, exponent - 1))


@_power_of.vjp("exponent")
def _(g: Array, y: Array, input: Array) -> Array:
    safe = where(input > 0, input, 1.0)  # 0^n has the derivative 0 in n (n > 0), as PyTorch has it
    return g * y * log(safe) * where(input < 0, math.nan, 1.0)


@_power_of.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a, low=0.5), draw.array(b, avoid=0.0))


_power_of.source("input ** exponent")
_power_of.onnx("Pow")


@expose("function method inplace", "pow")
def pow(input: Array, exponent: Array) -> Array:
    """y = input^exponent; either may be a number.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.pow(ac.tensor([1., 2., 3.]), 2)
    tensor([1., 4., 9.])
    """
    if exponent.__class__ in (int, float):
        return _power(input, exponent=exponent)
    return _power_of(input, exponent)


@expose("function method inplace")
def square(input: Array) -> Array:
    """y = input².   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.square(ac.tensor([3., -2.]))
    tensor([9., 4.])
    """
    return _power(input, exponent=2)


@expose("function method inplace")
def float_power(input: Array, exponent: Array) -> Array:
    """y = input^exponent, computed in float64 (complex128 where one of them is complex).   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.float_power(ac.tensor([1, 2, 3]), 2)
    tensor([1., 4., 9.], dtype=torch.float64)
    """
    for v in (input, exponent):
        if not isinstance(v, Variable | int | float | complex):
            array_of(v)
    kinds = (getattr(unbox(v), "dtype", v.__class__) for v in (input, exponent))
    kind: type[complex] = complex if any(k in COMPLEX for k in kinds) else float
    x, n = (cast(v, dtype=np.dtype(kind)) if hasattr(unbox(v), "dtype") else kind(v) for v in (input, exponent))
    return pow(x, n)


@expose("function method inplace")
def ldexp(input: Array, other: Array) -> Array:
    """y = input · 2^other.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.ldexp(ac.tensor([1.]), ac.tensor([3]))
    tensor([8.])
    """
    array_of(input), array_of(other)
    return mul(input, exp2(other))


@primitive(name="frexp", family="arithmetic", outputs=("mantissa", "exponent"), derivative="2^−exponent")
def _frexp(input: Array) -> tuple[Array, Array]:
    """input = mantissa · 2^exponent, 1/2 ≤ |mantissa| < 1"""
    return np.frexp(float_only(input, "frexp"))


_frexp.source("np.frexp(input)")


@_frexp.vjp("input")
def _(g: Array, exponent: Array) -> Array:
    return g * exp2(-exponent)


@_frexp.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=(-1.0, -0.5, 0.0, 0.5, 1.0)))


@_frexp.onnx
def _(to: Emit, input: Any) -> Any:
    least, most = (np.finfo(to.dtype).minexp, np.finfo(to.dtype).maxexp)
    y, exponent = to.Abs(input), to.const(0, np.int32)
    real = to.And(to.Greater(y, 0.0), to.Not(to.IsInf(y)))
    y = to.Where(real, y, to.const(1, to.dtype))
    halves = [1 << k for k in range(int(most - 1).bit_length() - 1, -1, -1)]
    for s in halves:  # by powers of 2, which is exact, into [1, 2)
        large = to.GreaterOrEqual(y, 2.0**s)
        y = to.Where(large, to.Mul(y, 2.0**-s), y)
        exponent = to.Add(exponent, to.cast(to.Where(large, to.const(s, np.int64), to.const(0, np.int64)), np.int32))
    for s in [halves[0]] * (1 + (-least + np.finfo(to.dtype).nmant) // (2 * halves[0])) + halves:
        small = to.Less(y, 2.0 ** (1 - s))
        y = to.Where(small, to.Mul(y, 2.0**s), y)
        exponent = to.Sub(exponent, to.cast(to.Where(small, to.const(s, np.int64), to.const(0, np.int64)), np.int32))
    mantissa = to.Where(real, to.Mul(to.Sign(input), to.Mul(y, 0.5)), input)
    whole = to.Where(real, to.cast(to.Add(exponent, to.const(1, np.int32)), np.int64), to.const(0, np.int64))
    return mantissa, to.cast(whole, np.int32)


@expose("function method")
def frexp(input: Array) -> return_types.frexp:
    """input = mantissa · 2^exponent with 1/2 ≤ |mantissa| < 1 and a whole exponent: a named tuple (mantissa, exponent).

    >>> import autograd_cnn as ac
    >>> ac.frexp(ac.tensor([8.])).mantissa
    tensor([0.5000])
    """
    return return_types.frexp(*_frexp(input))
