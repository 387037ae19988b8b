"""Signs, rounding, and remainders, entry by entry."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.complaints import refuse_complex
from ...engine.variable import dtype_of
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, meet
from ...types.kinds import float_only
from ...types.promotion import Array, align, floating
from ..registry.expose import expose
from .arithmetic import floor_divide, trunc_divide


def _integral(x: Any) -> bool:
    """Is it of integers (which are rounded already)?"""
    dtype = getattr(x, "dtype", None)
    return dtype is not None and dtype.kind in "biu"


def _steps(draw: Draw) -> Case:
    """Entries away from whole and half numbers, where rounding jumps."""
    return Case(draw.array(low=-1.9, high=1.9, avoid=(-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5)))


# ------------------------------------------------------------------------------------------------- signs
@expose("function method inplace")
@primitive(label="|x|", family="arithmetic", derivative="sign x")
def abs(input: Array) -> Array:
    """y = |input|; the gradient at 0 is 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.abs(ac.tensor([-1., 2.]))
    tensor([1., 2.])
    """
    return np.abs(input)


abs.kernel(float)(math.fabs)


@abs.vjp("input")
def _(g: Array, input: Array) -> Array:
    refuse_complex(getattr(input, "dtype", None), "backward of abs")  # of which the absolute value is one, too, but no sign
    return g * sign(input)


@abs.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=0.0))


abs.source("np.abs(input)", number="abs(input)")
abs.onnx("Abs")


@expose("function method inplace")
@abs.alias
def absolute(input: Array) -> Array:
    """The same as `abs`.

    >>> import autograd_cnn as ac
    >>> ac.absolute(ac.tensor([-1., 2.]))
    tensor([1., 2.])
    """
    return abs(input)


@expose("function method inplace")
@primitive(family="arithmetic", real=True, derivative="0")
def sign(input: Array) -> Array:
    """y = −1, 0 or 1, the input's sign, and 0 for NaN; the gradient is 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.sign(ac.tensor([-3., 0., 2.]))
    tensor([-1.,  0.,  1.])
    """
    dtype = getattr(input, "dtype", np.dtype(float))
    return np.array(input) if dtype == np.bool_ else np.greater(input, 0).astype(dtype) - np.less(input, 0).astype(dtype)


@sign.kernel(float)
def _(input: float) -> float:
    return float((input > 0) - (input < 0))


@sign.vjp("input")
def _(g: Array) -> Array:
    return g * 0.0


@sign.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=0.0))


sign.source("np.sign(input)", number="(input > 0) - (input < 0)")
sign.onnx("Sign")


@expose("function method inplace")
@sign.alias
def sgn(input: Array) -> Array:
    """The same as `sign`.

    >>> import autograd_cnn as ac
    >>> ac.sgn(ac.tensor([-3., 0., 2.]))
    tensor([-1.,  0.,  1.])
    """
    return sign(input)


@expose("function method inplace")
@primitive(family="arithmetic", real=True, derivative="±1", variables=("input",))
def copysign(input: Array, other: Array) -> Array:
    """y = |input| with the sign of other (also of −0.0).   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.copysign(ac.tensor([1., 2.]), ac.tensor([-3., 4.]))
    tensor([-1.,  2.])
    """
    return np.copysign(*(floating(v) for v in align(input, other)))


copysign.source("np.copysign(input, other)", number="math.copysign(input, other)")


@copysign.vjp("input")
def _(g: Array, y: Array, input: Array) -> Array:
    return g * sign(y) * sign(input)


@copysign.vjp("other")
def _(g: Array) -> Array:
    return g * 0.0


@copysign.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a, avoid=0.0), draw.array(b, avoid=0.0))


@copysign.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, z = to.cast(input, to.dtype), to.cast(other, to.dtype)
    below = to.Or(to.Less(z, 0.0), to.And(to.Equal(z, 0.0), to.Less(to.Reciprocal(z), 0.0)))
    return to.Where(below, to.Neg(to.Abs(x)), to.Abs(x))


@expose("function method")
def positive(input: Array) -> Array:
    """The input itself: what the operator `+x` does.   Raises RuntimeError for bools.

    >>> import autograd_cnn as ac
    >>> ac.positive(ac.tensor([1., -2.]))
    tensor([ 1., -2.])
    """
    if dtype_of(input) == np.bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported: positive expected numbers. Convert with .int().")
    return input


# ------------------------------------------------------------------------------------------------- rounding
@expose("function method inplace")
@primitive(label="⌊x⌋", family="arithmetic", real=True, derivative="0")
def floor(input: Array) -> Array:
    """y = ⌊input⌋, the greatest whole number not above; the gradient is 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.floor(ac.tensor([1.7, -1.2]))
    tensor([ 1., -2.])
    """
    return np.array(input) if _integral(input) else np.floor(input)


floor.source("np.floor(input)", number="float(math.floor(input))")


@floor.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Floor(input) if input.dtype.kind == "f" else to.Identity(input)


@expose("function method inplace")
@primitive(label="⌈x⌉", family="arithmetic", real=True, derivative="0")
def ceil(input: Array) -> Array:
    """y = ⌈input⌉, the smallest whole number not below; the gradient is 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.ceil(ac.tensor([1.2, -1.7]))
    tensor([ 2., -1.])
    """
    return np.array(input) if _integral(input) else np.ceil(input)


ceil.source("np.ceil(input)", number="float(math.ceil(input))")


@ceil.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Ceil(input) if input.dtype.kind == "f" else to.Identity(input)


@expose("function method inplace")
@primitive(family="arithmetic", real=True, derivative="0")
def trunc(input: Array) -> Array:
    """y = the whole part of input, rounded towards 0; the gradient is 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.trunc(ac.tensor([1.7, -1.7]))
    tensor([ 1., -1.])
    """
    return np.array(input) if _integral(input) else np.trunc(input)


trunc.source("np.trunc(input)", number="float(math.trunc(input))")


@trunc.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Mul(to.Sign(input), to.Floor(to.Abs(input))) if input.dtype.kind == "f" else to.Identity(input)


@expose("function method inplace")
@trunc.alias
def fix(input: Array) -> Array:
    """The same as `trunc`.

    >>> import autograd_cnn as ac
    >>> ac.fix(ac.tensor([-1.5, 2.7]))
    tensor([-1.,  2.])
    """
    return trunc(input)


@expose("function method inplace")
@primitive(family="arithmetic", real=True, derivative="0")
def round(input: Array, *, decimals: int = 0) -> Array:
    """y = input rounded to `decimals` digits (negative ones round to tens, hundreds, …), halves to even; the gradient is 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.round(ac.tensor([0.5, 1.5, 2.4]))
    tensor([0., 2., 2.])
    """
    return np.round(input, decimals)


@round.source
def _(decimals: int) -> str:
    return "np.round(input, decimals)" if decimals else "np.round(input)"


@round.onnx
def _(to: Emit, input: Any, *, decimals: Any) -> Any:
    if input.dtype.kind != "f":
        return to.Identity(input) if decimals >= 0 else to.refuse("rounds whole numbers to tens")
    return to.Div(to.Round(to.Mul(input, 10.0**decimals)), 10.0**decimals) if decimals else to.Round(input)


@expose("function method inplace")
@primitive(family="arithmetic", derivative="1")
def frac(input: Array) -> Array:
    """y = input − trunc(input).   (*) → (*)   Raises NotImplementedError for integers.

    >>> import autograd_cnn as ac
    >>> ac.frac(ac.tensor([1.5, -1.25]))
    tensor([ 0.5000, -0.2500])
    """
    return input - np.trunc(float_only(input, "frac"))


frac.source("input - np.trunc(input)")


@frac.vjp("input")
def _(g: Array) -> Array:
    return g


def _flat(g: Array) -> Array:
    return g * 0.0


for _step in (floor, ceil, trunc, round):
    _step.vjp("input")(_flat)
    _step.cases(_steps)
frac.cases(_steps)


@frac.bad_cases
def _() -> Any:
    yield Bad(np.ones(2, np.int64), error=NotImplementedError, match='"frac" not implemented')


@frac.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Sub(input, to.Mul(to.Sign(input), to.Floor(to.Abs(input))))


# ------------------------------------------------------------------------------------------------- remainders
def _divisor(operation: str, x: Any, z: Any) -> None:
    if (_integral(x) or isinstance(x, int)) and np.any(np.equal(z, 0)):
        raise RuntimeError(f"ZeroDivisionError: {operation} expected a divisor without zeros for integers, got a zero.")


@expose("function method inplace")
@primitive(label="mod", family="arithmetic", real=True, derivative="1, −⌊x/z⌋")
def remainder(input: Array, other: Array) -> Array:
    """y = input − other · ⌊input / other⌋, with the sign of other: Python's `%`.   (*), (*) → (*)

    Raises:
        RuntimeError: integers and a divisor 0.

    >>> import autograd_cnn as ac
    >>> ac.remainder(ac.tensor([-3., 5.]), 2)
    tensor([1., 1.])
    """
    x, z = align(input, other)
    _divisor("remainder", x, z)
    return np.remainder(x, z)


@remainder.source(number="input % other")
def _(input: Operand, other: Operand) -> str | None:
    return "input % other" if meet(input, other) and (input.dtype or other.dtype).kind == "f" else None


remainder.kernel(float)(lambda input, other: input % other if other else math.nan)


@remainder.vjp("input")
def _(g: Array) -> Array:
    return g


@remainder.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return -g * floor_divide(input, other)


@expose("function method inplace")
@primitive(label="fmod", family="arithmetic", real=True, derivative="1, −trunc(x/z)", variables=("input",))
def fmod(input: Array, other: Array) -> Array:
    """y = input − other · trunc(input / other), with the sign of the input: C's fmod.   (*), (*) → (*)

    Raises:
        RuntimeError: integers and a divisor 0.

    >>> import autograd_cnn as ac
    >>> ac.fmod(ac.tensor([-3., 5.]), 2)
    tensor([-1.,  1.])
    """
    x, z = align(input, other)
    _divisor("fmod", x, z)
    return np.fmod(x, z)


@fmod.source
def _(input: Operand, other: Operand) -> str | None:
    return "np.fmod(input, other)" if meet(input, other) and (input.dtype or other.dtype).kind == "f" else None


@fmod.vjp("input")
def _(g: Array) -> Array:
    return g


@fmod.vjp("other")
def _(g: Array, input: Array, other: Array) -> Array:
    return -g * trunc_divide(input, other)


@fmod.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    return to.Mod(*to.alike(input, other), fmod=1)


@remainder.cases
def _(draw: Draw) -> Case:
    x = draw.array(low=-2.9, high=2.9, avoid=(-2.4, -1.2, 0.0, 1.2, 2.4))  # multiples of the divisor: there it jumps
    return Case(x, draw.choice([1.2, -1.2]) * np.ones(draw.choice([(), x.shape])))


fmod.cases(remainder.draw_case)  # type: ignore[arg-type]  # set just above


@remainder.bad_cases
def _() -> Any:
    yield Bad(np.ones(2, np.int64), np.zeros(2, np.int64), error=RuntimeError, match="ZeroDivisionError")


@remainder.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, z = to.alike(input, other)
    if x.dtype.kind != "f":
        return to.Mod(x, z)
    rest = to.Mod(x, z, fmod=1)
    other_side = to.And(to.Not(to.Equal(rest, 0.0)), to.Xor(to.Less(rest, 0.0), to.Less(z, 0.0)))
    return to.Where(other_side, to.Add(rest, z), rest)


@expose("function method inplace")
@primitive(family="arithmetic", real=True, variables=("input", "other"))
def gcd(input: Array, other: Array) -> Array:
    """y = the greatest common divisor of two integers.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.gcd(ac.tensor([12, 9]), ac.tensor([8, 6]))
    tensor([4, 3])
    """
    return np.gcd(*align(input, other))


gcd.source("np.gcd(input, other)")


@expose("function method inplace")
@primitive(family="arithmetic", real=True, variables=("input", "other"))
def lcm(input: Array, other: Array) -> Array:
    """y = the least common multiple of two integers.   (*), (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.lcm(ac.tensor([4, 9]), ac.tensor([6, 6]))
    tensor([12, 18])
    """
    return np.lcm(*align(input, other))


lcm.source("np.lcm(input, other)")


@gcd.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.integers(a, 1, 30), draw.integers(b, 1, 30), smooth=False)


lcm.cases(gcd.draw_case)  # type: ignore[arg-type]  # set just above


def _euclid(to: Emit, a: Any, b: Any) -> Any:
    """As many steps as the dtype can need: of Fibonacci's numbers, which take the most   [Lamé 1844]"""
    steps = int(a.dtype.itemsize * 8 / math.log2((1 + 5**0.5) / 2)) + 1
    a, b = (to.Abs(to.cast(x, np.int64)) for x in (a, b))
    for _ in range(steps):
        done = to.Equal(b, 0)
        rest = to.Mod(a, to.Where(done, to.const(1, np.int64), b))
        a, b = to.Where(done, a, b), to.Where(done, b, rest)
    return a


@gcd.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    return to.cast(_euclid(to, *to.alike(input, other)), to.dtype)


@lcm.onnx
def _(to: Emit, input: Any, other: Any) -> Any:
    x, y = to.alike(input, other)
    common = _euclid(to, x, y)
    x, y = (to.Abs(to.cast(v, np.int64)) for v in (x, y))
    return to.cast(to.Mul(to.Div(x, to.Where(to.Equal(common, 0), to.const(1, np.int64), common)), y), to.dtype)
