"""Tensor's in-place methods: arithmetic, comparisons, logic and bits."""

from __future__ import annotations

from inspect import unwrap
from typing import TYPE_CHECKING, Self

from ...ops.elementwise.arithmetic import _minus, _plus, div, floor_divide, mul, neg
from ...ops.elementwise.comparison import eq, ge, gt, le, lt, ne
from ...ops.elementwise.interpolate import addcdiv, addcmul, heaviside, lerp
from ...ops.elementwise.logical import (
    bitwise_and,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
)
from ...ops.elementwise.power import float_power, ldexp, pow
from ...ops.elementwise.rounding import copysign, fmod, gcd, lcm, remainder
from ...ops.elementwise.special import xlogy
from ...ops.elementwise.trigonometry import atan2, hypot
from ...ops.registry.legacy_arguments import numbers_first
from ..inplace import apply_inplace

if TYPE_CHECKING:
    from .operators import Value

# These take their arguments as the methods hand them on, already in PyTorch's order and under its names.
_plain_addcmul = unwrap(addcmul)
_plain_addcdiv = unwrap(addcdiv)


class InplaceArithmetic:
    """`x.add_(y)` and its like: what the operation gives is written into `x`, which is returned."""

    __slots__ = ()

    @numbers_first("alpha")
    def add_(self, other: Value, *, alpha: float = 1) -> Self:
        """In-place `add`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _plus, "add_", (other, alpha))

    @numbers_first("alpha")
    def sub_(self, other: Value, *, alpha: float = 1) -> Self:
        """In-place `sub`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _minus, "sub_", (other, alpha))

    @numbers_first("alpha")
    def subtract_(self, other: Value, *, alpha: float = 1) -> Self:
        """In-place `subtract`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _minus, "subtract_", (other, alpha))

    def mul_(self, other: Value) -> Self:
        """In-place `mul`: writes the result into this tensor and returns it."""
        return apply_inplace(self, mul, "mul_", (other,))

    def multiply_(self, other: Value) -> Self:
        """In-place `multiply`: writes the result into this tensor and returns it."""
        return apply_inplace(self, mul, "multiply_", (other,))

    def div_(self, other: Value, *, rounding_mode: str | None = None) -> Self:
        """In-place `div`: writes the result into this tensor and returns it."""
        return apply_inplace(self, div, "div_", (other,), {"rounding_mode": rounding_mode})

    def divide_(self, other: Value, *, rounding_mode: str | None = None) -> Self:
        """In-place `divide`: writes the result into this tensor and returns it."""
        return apply_inplace(self, div, "divide_", (other,), {"rounding_mode": rounding_mode})

    def true_divide_(self, other: Value, *, rounding_mode: str | None = None) -> Self:
        """In-place `true_divide`: writes the result into this tensor and returns it."""
        return apply_inplace(self, div, "true_divide_", (other,), {"rounding_mode": rounding_mode})

    def floor_divide_(self, other: Value) -> Self:
        """In-place `floor_divide`: writes the result into this tensor and returns it."""
        return apply_inplace(self, floor_divide, "floor_divide_", (other,))

    def remainder_(self, other: Value) -> Self:
        """In-place `remainder`: writes the result into this tensor and returns it."""
        return apply_inplace(self, remainder, "remainder_", (other,))

    def fmod_(self, other: Value) -> Self:
        """In-place `fmod`: writes the result into this tensor and returns it."""
        return apply_inplace(self, fmod, "fmod_", (other,))

    def pow_(self, exponent: Value) -> Self:
        """In-place `pow`: writes the result into this tensor and returns it."""
        return apply_inplace(self, pow, "pow_", (exponent,))

    def float_power_(self, exponent: Value) -> Self:
        """In-place `float_power`: writes the result into this tensor and returns it."""
        return apply_inplace(self, float_power, "float_power_", (exponent,))

    def ldexp_(self, other: Value) -> Self:
        """In-place `ldexp`: writes the result into this tensor and returns it."""
        return apply_inplace(self, ldexp, "ldexp_", (other,))

    def neg_(self) -> Self:
        """In-place `neg`: writes the result into this tensor and returns it."""
        return apply_inplace(self, neg, "neg_")

    def negative_(self) -> Self:
        """In-place `negative`: writes the result into this tensor and returns it."""
        return apply_inplace(self, neg, "negative_")

    @numbers_first("value")
    def addcmul_(self, tensor1: Value, tensor2: Value, *, value: float = 1) -> Self:
        """In-place `addcmul`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _plain_addcmul, "addcmul_", (tensor1, tensor2), {"value": value})

    @numbers_first("value")
    def addcdiv_(self, tensor1: Value, tensor2: Value, *, value: float = 1) -> Self:
        """In-place `addcdiv`: writes the result into this tensor and returns it."""
        return apply_inplace(self, _plain_addcdiv, "addcdiv_", (tensor1, tensor2), {"value": value})

    def lerp_(self, end: Value, weight: Value) -> Self:
        """In-place `lerp`: writes the result into this tensor and returns it."""
        return apply_inplace(self, lerp, "lerp_", (end, weight))

    def heaviside_(self, values: Value) -> Self:
        """In-place `heaviside`: writes the result into this tensor and returns it."""
        return apply_inplace(self, heaviside, "heaviside_", (values,))

    def copysign_(self, other: Value) -> Self:
        """In-place `copysign`: writes the result into this tensor and returns it."""
        return apply_inplace(self, copysign, "copysign_", (other,))

    def atan2_(self, other: Value) -> Self:
        """In-place `atan2`: writes the result into this tensor and returns it."""
        return apply_inplace(self, atan2, "atan2_", (other,))

    def arctan2_(self, other: Value) -> Self:
        """In-place `arctan2`: writes the result into this tensor and returns it."""
        return apply_inplace(self, atan2, "arctan2_", (other,))

    def hypot_(self, other: Value) -> Self:
        """In-place `hypot`: writes the result into this tensor and returns it."""
        return apply_inplace(self, hypot, "hypot_", (other,))

    def gcd_(self, other: Value) -> Self:
        """In-place `gcd`: writes the result into this tensor and returns it."""
        return apply_inplace(self, gcd, "gcd_", (other,))

    def lcm_(self, other: Value) -> Self:
        """In-place `lcm`: writes the result into this tensor and returns it."""
        return apply_inplace(self, lcm, "lcm_", (other,))

    def xlogy_(self, other: Value) -> Self:
        """In-place `xlogy`: writes the result into this tensor and returns it."""
        return apply_inplace(self, xlogy, "xlogy_", (other,))

    def eq_(self, other: Value) -> Self:
        """In-place `eq`: writes the result into this tensor and returns it."""
        return apply_inplace(self, eq, "eq_", (other,))

    def ne_(self, other: Value) -> Self:
        """In-place `ne`: writes the result into this tensor and returns it."""
        return apply_inplace(self, ne, "ne_", (other,))

    def not_equal_(self, other: Value) -> Self:
        """In-place `not_equal`: writes the result into this tensor and returns it."""
        return apply_inplace(self, ne, "not_equal_", (other,))

    def lt_(self, other: Value) -> Self:
        """In-place `lt`: writes the result into this tensor and returns it."""
        return apply_inplace(self, lt, "lt_", (other,))

    def less_(self, other: Value) -> Self:
        """In-place `less`: writes the result into this tensor and returns it."""
        return apply_inplace(self, lt, "less_", (other,))

    def le_(self, other: Value) -> Self:
        """In-place `le`: writes the result into this tensor and returns it."""
        return apply_inplace(self, le, "le_", (other,))

    def less_equal_(self, other: Value) -> Self:
        """In-place `less_equal`: writes the result into this tensor and returns it."""
        return apply_inplace(self, le, "less_equal_", (other,))

    def gt_(self, other: Value) -> Self:
        """In-place `gt`: writes the result into this tensor and returns it."""
        return apply_inplace(self, gt, "gt_", (other,))

    def greater_(self, other: Value) -> Self:
        """In-place `greater`: writes the result into this tensor and returns it."""
        return apply_inplace(self, gt, "greater_", (other,))

    def ge_(self, other: Value) -> Self:
        """In-place `ge`: writes the result into this tensor and returns it."""
        return apply_inplace(self, ge, "ge_", (other,))

    def greater_equal_(self, other: Value) -> Self:
        """In-place `greater_equal`: writes the result into this tensor and returns it."""
        return apply_inplace(self, ge, "greater_equal_", (other,))

    def logical_and_(self, other: Value) -> Self:
        """In-place `logical_and`: writes the result into this tensor and returns it."""
        return apply_inplace(self, logical_and, "logical_and_", (other,))

    def logical_or_(self, other: Value) -> Self:
        """In-place `logical_or`: writes the result into this tensor and returns it."""
        return apply_inplace(self, logical_or, "logical_or_", (other,))

    def logical_xor_(self, other: Value) -> Self:
        """In-place `logical_xor`: writes the result into this tensor and returns it."""
        return apply_inplace(self, logical_xor, "logical_xor_", (other,))

    def logical_not_(self) -> Self:
        """In-place `logical_not`: writes the result into this tensor and returns it."""
        return apply_inplace(self, logical_not, "logical_not_")

    def bitwise_and_(self, other: Value) -> Self:
        """In-place `bitwise_and`: writes the result into this tensor and returns it."""
        return apply_inplace(self, bitwise_and, "bitwise_and_", (other,))

    def bitwise_or_(self, other: Value) -> Self:
        """In-place `bitwise_or`: writes the result into this tensor and returns it."""
        return apply_inplace(self, bitwise_or, "bitwise_or_", (other,))

    def bitwise_xor_(self, other: Value) -> Self:
        """In-place `bitwise_xor`: writes the result into this tensor and returns it."""
        return apply_inplace(self, bitwise_xor, "bitwise_xor_", (other,))

    def bitwise_not_(self) -> Self:
        """In-place `bitwise_not`: writes the result into this tensor and returns it."""
        return apply_inplace(self, bitwise_not, "bitwise_not_")

    def bitwise_left_shift_(self, other: Value) -> Self:
        """In-place `bitwise_left_shift`: writes the result into this tensor and returns it."""
        return apply_inplace(self, bitwise_left_shift, "bitwise_left_shift_", (other,))

    def bitwise_right_shift_(self, other: Value) -> Self:
        """In-place `bitwise_right_shift`: writes the result into this tensor and returns it."""
        return apply_inplace(self, bitwise_right_shift, "bitwise_right_shift_", (other,))
