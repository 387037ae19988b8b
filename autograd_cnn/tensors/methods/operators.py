"""The operators of Tensor and of Scalar.

Each definition says what its operator does. At the first use the call written for the operation takes its place (see `written`), with
the definition's signature and docstring: arithmetic of small values costs no call of Python more than it must.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

import numpy as np

from ...ops.elementwise.arithmetic import _add, _div, _sub, floor_divide, mul, neg
from ...ops.elementwise.comparison import eq, ge, gt, le, lt, ne
from ...ops.elementwise.logical import bitwise_and, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift, bitwise_xor
from ...ops.elementwise.power import pow
from ...ops.elementwise.rounding import abs, positive, remainder
from ...ops.linalg.matrix_products import matmul
from ..inplace import apply_inplace
from .attach import written

if TYPE_CHECKING:
    from ..scalar import Scalar
    from ..tensor import Tensor

    Value: TypeAlias = Tensor | complex | np.ndarray[Any, Any] | np.generic  # what stands beside a tensor in an operation


class Operators:
    """`x + y` and its like, for tensors. What stands beside the tensor is a tensor, an array or a number."""

    __slots__ = ()

    @written(_add)
    def __add__(self, other: Value) -> Tensor:
        """self + other, entry by entry, with broadcasting and type promotion."""
        return _add(self, other)  # type: ignore[no-any-return]

    @written(_add, reflected=True)
    def __radd__(self, other: Value) -> Tensor:
        """other + self, entry by entry, with broadcasting and type promotion."""
        return _add(other, self)  # type: ignore[no-any-return]

    def __iadd__(self, other: Value) -> Self:
        """self + other, entry by entry, with broadcasting and type promotion, written into this tensor."""
        return apply_inplace(self, _add, "__iadd__", (other,))

    @written(_sub)
    def __sub__(self, other: Value) -> Tensor:
        """self − other, entry by entry, with broadcasting and type promotion."""
        return _sub(self, other)  # type: ignore[no-any-return]

    @written(_sub, reflected=True)
    def __rsub__(self, other: Value) -> Tensor:
        """other − self, entry by entry, with broadcasting and type promotion."""
        return _sub(other, self)  # type: ignore[no-any-return]

    def __isub__(self, other: Value) -> Self:
        """self − other, entry by entry, with broadcasting and type promotion, written into this tensor."""
        return apply_inplace(self, _sub, "__isub__", (other,))

    @written(mul)
    def __mul__(self, other: Value) -> Tensor:
        """self · other, entry by entry, with broadcasting and type promotion."""
        return mul(self, other)  # type: ignore[no-any-return]

    @written(mul, reflected=True)
    def __rmul__(self, other: Value) -> Tensor:
        """other · self, entry by entry, with broadcasting and type promotion."""
        return mul(other, self)  # type: ignore[no-any-return]

    def __imul__(self, other: Value) -> Self:
        """self · other, entry by entry, with broadcasting and type promotion, written into this tensor."""
        return apply_inplace(self, mul, "__imul__", (other,))

    @written(_div)
    def __truediv__(self, other: Value) -> Tensor:
        """self / other: true division, integers become floats."""
        return _div(self, other)  # type: ignore[no-any-return]

    @written(_div, reflected=True)
    def __rtruediv__(self, other: Value) -> Tensor:
        """other / self: true division, integers become floats."""
        return _div(other, self)  # type: ignore[no-any-return]

    def __itruediv__(self, other: Value) -> Self:
        """self / other: true division, integers become floats, written into this tensor."""
        return apply_inplace(self, _div, "__itruediv__", (other,))

    @written(floor_divide)
    def __floordiv__(self, other: Value) -> Tensor:
        """⌊self / other⌋, entry by entry, with broadcasting and type promotion."""
        return floor_divide(self, other)  # type: ignore[no-any-return]

    @written(floor_divide, reflected=True)
    def __rfloordiv__(self, other: Value) -> Tensor:
        """⌊other / self⌋, entry by entry, with broadcasting and type promotion."""
        return floor_divide(other, self)  # type: ignore[no-any-return]

    def __ifloordiv__(self, other: Value) -> Self:
        """⌊self / other⌋, entry by entry, with broadcasting and type promotion, written into this tensor."""
        return apply_inplace(self, floor_divide, "__ifloordiv__", (other,))

    @written(remainder)
    def __mod__(self, other: Value) -> Tensor:
        """self mod other: the remainder of `//`, with the divisor's sign."""
        return remainder(self, other)  # type: ignore[no-any-return]

    @written(remainder, reflected=True)
    def __rmod__(self, other: Value) -> Tensor:
        """other mod self: the remainder of `//`, with the divisor's sign."""
        return remainder(other, self)  # type: ignore[no-any-return]

    def __imod__(self, other: Value) -> Self:
        """self mod other: the remainder of `//`, with the divisor's sign, written into this tensor."""
        return apply_inplace(self, remainder, "__imod__", (other,))

    @written(pow)
    def __pow__(self, exponent: Value) -> Tensor:
        """self to the power of exponent, entry by entry, with broadcasting and type promotion."""
        return pow(self, exponent)  # type: ignore[no-any-return]

    def __rpow__(self, other: Value) -> Tensor:
        """other to the power of self, entry by entry, with broadcasting and type promotion."""
        return pow(other, self)  # type: ignore[no-any-return]

    def __ipow__(self, other: Value) -> Self:
        """self to the power of other, entry by entry, with broadcasting and type promotion, written into this tensor."""
        return apply_inplace(self, pow, "__ipow__", (other,))

    @written(matmul)
    def __matmul__(self, other: Value) -> Tensor:
        """self @ other: the product of vectors, matrices or batches of them."""
        return matmul(self, other)  # type: ignore[no-any-return]

    def __rmatmul__(self, other: Value) -> Tensor:
        """other @ self: the product of vectors, matrices or batches of them."""
        return matmul(other, self)  # type: ignore[no-any-return]

    @written(bitwise_and)
    def __and__(self, other: Value) -> Tensor:
        """self & other, bit by bit; of bools the logical and."""
        return bitwise_and(self, other)  # type: ignore[no-any-return]

    @written(bitwise_and, reflected=True)
    def __rand__(self, other: Value) -> Tensor:
        """other & self, bit by bit; of bools the logical and."""
        return bitwise_and(other, self)  # type: ignore[no-any-return]

    def __iand__(self, other: Value) -> Self:
        """self & other, bit by bit; of bools the logical and, written into this tensor."""
        return apply_inplace(self, bitwise_and, "__iand__", (other,))

    @written(bitwise_or)
    def __or__(self, other: Value) -> Tensor:
        """self | other, bit by bit; of bools the logical or."""
        return bitwise_or(self, other)  # type: ignore[no-any-return]

    @written(bitwise_or, reflected=True)
    def __ror__(self, other: Value) -> Tensor:
        """other | self, bit by bit; of bools the logical or."""
        return bitwise_or(other, self)  # type: ignore[no-any-return]

    def __ior__(self, other: Value) -> Self:
        """self | other, bit by bit; of bools the logical or, written into this tensor."""
        return apply_inplace(self, bitwise_or, "__ior__", (other,))

    @written(bitwise_xor)
    def __xor__(self, other: Value) -> Tensor:
        """self ^ other, bit by bit; of bools: is it one of both?"""
        return bitwise_xor(self, other)  # type: ignore[no-any-return]

    @written(bitwise_xor, reflected=True)
    def __rxor__(self, other: Value) -> Tensor:
        """other ^ self, bit by bit; of bools: is it one of both?"""
        return bitwise_xor(other, self)  # type: ignore[no-any-return]

    def __ixor__(self, other: Value) -> Self:
        """self ^ other, bit by bit; of bools: is it one of both?, written into this tensor."""
        return apply_inplace(self, bitwise_xor, "__ixor__", (other,))

    @written(bitwise_left_shift)
    def __lshift__(self, other: Value) -> Tensor:
        """self · 2^other, in integers."""
        return bitwise_left_shift(self, other)  # type: ignore[no-any-return]

    @written(bitwise_left_shift, reflected=True)
    def __rlshift__(self, other: Value) -> Tensor:
        """other · 2^self, in integers."""
        return bitwise_left_shift(other, self)  # type: ignore[no-any-return]

    def __ilshift__(self, other: Value) -> Self:
        """self · 2^other, in integers, written into this tensor."""
        return apply_inplace(self, bitwise_left_shift, "__ilshift__", (other,))

    @written(bitwise_right_shift)
    def __rshift__(self, other: Value) -> Tensor:
        """⌊self / 2^other⌋, in integers."""
        return bitwise_right_shift(self, other)  # type: ignore[no-any-return]

    @written(bitwise_right_shift, reflected=True)
    def __rrshift__(self, other: Value) -> Tensor:
        """⌊other / 2^self⌋, in integers."""
        return bitwise_right_shift(other, self)  # type: ignore[no-any-return]

    def __irshift__(self, other: Value) -> Self:
        """⌊self / 2^other⌋, in integers, written into this tensor."""
        return apply_inplace(self, bitwise_right_shift, "__irshift__", (other,))

    @written(eq)
    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]  # a tensor of bools
        """Is self = other, entry by entry?"""
        return eq(self, other)  # type: ignore[no-any-return]

    @written(ne)
    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]  # a tensor of bools
        """Is self ≠ other, entry by entry?"""
        return ne(self, other)  # type: ignore[no-any-return]

    @written(lt)
    def __lt__(self, other: Value) -> Tensor:
        """Is self < other, entry by entry?"""
        return lt(self, other)  # type: ignore[no-any-return]

    @written(le)
    def __le__(self, other: Value) -> Tensor:
        """Is self ≤ other, entry by entry?"""
        return le(self, other)  # type: ignore[no-any-return]

    @written(gt)
    def __gt__(self, other: Value) -> Tensor:
        """Is self > other, entry by entry?"""
        return gt(self, other)  # type: ignore[no-any-return]

    @written(ge)
    def __ge__(self, other: Value) -> Tensor:
        """Is self ≥ other, entry by entry?"""
        return ge(self, other)  # type: ignore[no-any-return]

    __hash__: ClassVar[Callable[..., int]] = object.__hash__  # by identity, as the entries may change

    @written(neg)
    def __neg__(self) -> Tensor:
        """−self"""
        return neg(self)  # type: ignore[no-any-return]

    @written(positive)
    def __pos__(self) -> Tensor:
        """The tensor itself."""
        return positive(self)  # type: ignore[no-any-return]

    @written(bitwise_not)
    def __invert__(self) -> Tensor:
        """~self, bit by bit; of bools the logical not."""
        return bitwise_not(self)  # type: ignore[no-any-return]

    @written(abs)
    def __abs__(self) -> Tensor:
        """|self|; the gradient at 0 is 0."""
        return abs(self)  # type: ignore[no-any-return]


class ScalarOperators:
    """The same for single numbers: what stands beside the Scalar is a Scalar or a number."""

    __slots__ = ()

    @written(_add)
    def __add__(self, other: Scalar | float) -> Scalar:
        """self + other"""
        return _add(self, other)  # type: ignore[no-any-return]

    @written(_add, reflected=True)
    def __radd__(self, other: Scalar | float) -> Scalar:
        """other + self"""
        return _add(other, self)  # type: ignore[no-any-return]

    @written(_sub)
    def __sub__(self, other: Scalar | float) -> Scalar:
        """self − other"""
        return _sub(self, other)  # type: ignore[no-any-return]

    @written(_sub, reflected=True)
    def __rsub__(self, other: Scalar | float) -> Scalar:
        """other − self"""
        return _sub(other, self)  # type: ignore[no-any-return]

    @written(mul)
    def __mul__(self, other: Scalar | float) -> Scalar:
        """self · other"""
        return mul(self, other)  # type: ignore[no-any-return]

    @written(mul, reflected=True)
    def __rmul__(self, other: Scalar | float) -> Scalar:
        """other · self"""
        return mul(other, self)  # type: ignore[no-any-return]

    @written(_div)
    def __truediv__(self, other: Scalar | float) -> Scalar:
        """self / other: infinite, or NaN, where the divisor is 0."""
        return _div(self, other)  # type: ignore[no-any-return]

    @written(_div, reflected=True)
    def __rtruediv__(self, other: Scalar | float) -> Scalar:
        """other / self: infinite, or NaN, where the divisor is 0."""
        return _div(other, self)  # type: ignore[no-any-return]

    @written(pow)
    def __pow__(self, exponent: Scalar | float) -> Scalar:
        """self to the power of exponent"""
        return pow(self, exponent)  # type: ignore[no-any-return]

    def __rpow__(self, other: Scalar | float) -> Scalar:
        """other to the power of self"""
        return pow(other, self)  # type: ignore[no-any-return]

    @written(neg)
    def __neg__(self) -> Scalar:
        """−self"""
        return neg(self)  # type: ignore[no-any-return]

    @written(abs)
    def __abs__(self) -> Scalar:
        """|self|; the derivative at 0 is 0."""
        return abs(self)  # type: ignore[no-any-return]
