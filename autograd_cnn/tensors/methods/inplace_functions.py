"""Tensor's in-place methods: functions of each entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ...ops.activation.rectifiers import _hardsigmoid, _hardswish, _hardtanh, _leaky_relu, _threshold
from ...ops.activation.relu_primitive import relu
from ...ops.activation.smooth import _elu, _mish, _silu
from ...ops.elementwise.clamp import clamp, clamp_max, clamp_min, nan_to_num
from ...ops.elementwise.exponential import exp, exp2, expm1, log, log1p, log2, log10, reciprocal, rsqrt, sigmoid, sqrt
from ...ops.elementwise.hyperbolic import acosh, asinh, atanh, cosh, deg2rad, rad2deg, sinh, tanh
from ...ops.elementwise.logit import logit
from ...ops.elementwise.power import square
from ...ops.elementwise.rounding import abs, ceil, floor, frac, round, sign, trunc
from ...ops.elementwise.special import erf, erfc, erfinv
from ...ops.elementwise.trigonometry import acos, asin, atan, cos, sin, sinc, tan
from ..inplace import apply_inplace

if TYPE_CHECKING:
    pass


class InplaceFunctions:
    """`x.exp_()` and its like: what the function gives is written into `x`, which is returned."""

    __slots__ = ()

    def abs_(self) -> Self:
        """In-place `abs`: writes the result into this tensor and returns it."""
        return apply_inplace(self, abs, "abs_")

    def absolute_(self) -> Self:
        """In-place `absolute`: writes the result into this tensor and returns it."""
        return apply_inplace(self, abs, "absolute_")

    def sign_(self) -> Self:
        """In-place `sign`: writes the result into this tensor and returns it."""
        return apply_inplace(self, sign, "sign_")

    def sgn_(self) -> Self:
        """In-place `sgn`: writes the result into this tensor and returns it."""
        return apply_inplace(self, sign, "sgn_")

    def floor_(self) -> Self:
        """In-place `floor`: writes the result into this tensor and returns it."""
        return apply_inplace(self, floor, "floor_")

    def ceil_(self) -> Self:
        """In-place `ceil`: writes the result into this tensor and returns it."""
        return apply_inplace(self, ceil, "ceil_")

    def trunc_(self) -> Self:
        """In-place `trunc`: writes the result into this tensor and returns it."""
        return apply_inplace(self, trunc, "trunc_")

    def fix_(self) -> Self:
        """In-place `fix`: writes the result into this tensor and returns it."""
        return apply_inplace(self, trunc, "fix_")

    def round_(self, decimals: int = 0) -> Self:
        """In-place `round`: writes the result into this tensor and returns it."""
        return apply_inplace(self, round, "round_", (decimals,))

    def frac_(self) -> Self:
        """In-place `frac`: writes the result into this tensor and returns it."""
        return apply_inplace(self, frac, "frac_")

    def clamp_(self, min: Any = None, max: Any = None) -> Self:
        """In-place `clamp`: writes the result into this tensor and returns it."""
        return apply_inplace(self, clamp, "clamp_", (min, max))

    def clip_(self, min: Any = None, max: Any = None) -> Self:
        """In-place `clip`: writes the result into this tensor and returns it."""
        return apply_inplace(self, clamp, "clip_", (min, max))

    def clamp_min_(self, min: Any) -> Self:
        """In-place `clamp_min`: writes the result into this tensor and returns it."""
        return apply_inplace(self, clamp_min, "clamp_min_", (min,))

    def clamp_max_(self, max: Any) -> Self:
        """In-place `clamp_max`: writes the result into this tensor and returns it."""
        return apply_inplace(self, clamp_max, "clamp_max_", (max,))

    def nan_to_num_(self, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None) -> Self:
        """In-place `nan_to_num`: writes the result into this tensor and returns it."""
        return apply_inplace(self, nan_to_num, "nan_to_num_", (nan, posinf, neginf))

    def square_(self) -> Self:
        """In-place `square`: writes the result into this tensor and returns it."""
        return apply_inplace(self, square, "square_")

    def exp_(self) -> Self:
        """In-place `exp`: writes the result into this tensor and returns it."""
        return apply_inplace(self, exp, "exp_")

    def exp2_(self) -> Self:
        """In-place `exp2`: writes the result into this tensor and returns it."""
        return apply_inplace(self, exp2, "exp2_")

    def expm1_(self) -> Self:
        """In-place `expm1`: writes the result into this tensor and returns it."""
        return apply_inplace(self, expm1, "expm1_")

    def log_(self) -> Self:
        """In-place `log`: writes the result into this tensor and returns it."""
        return apply_inplace(self, log, "log_")

    def log2_(self) -> Self:
        """In-place `log2`: writes the result into this tensor and returns it."""
        return apply_inplace(self, log2, "log2_")

    def log10_(self) -> Self:
        """In-place `log10`: writes the result into this tensor and returns it."""
        return apply_inplace(self, log10, "log10_")

    def log1p_(self) -> Self:
        """In-place `log1p`: writes the result into this tensor and returns it."""
        return apply_inplace(self, log1p, "log1p_")

    def sqrt_(self) -> Self:
        """In-place `sqrt`: writes the result into this tensor and returns it."""
        return apply_inplace(self, sqrt, "sqrt_")

    def rsqrt_(self) -> Self:
        """In-place `rsqrt`: writes the result into this tensor and returns it."""
        return apply_inplace(self, rsqrt, "rsqrt_")

    def reciprocal_(self) -> Self:
        """In-place `reciprocal`: writes the result into this tensor and returns it."""
        return apply_inplace(self, reciprocal, "reciprocal_")

    def sin_(self) -> Self:
        """In-place `sin`: writes the result into this tensor and returns it."""
        return apply_inplace(self, sin, "sin_")

    def cos_(self) -> Self:
        """In-place `cos`: writes the result into this tensor and returns it."""
        return apply_inplace(self, cos, "cos_")

    def tan_(self) -> Self:
        """In-place `tan`: writes the result into this tensor and returns it."""
        return apply_inplace(self, tan, "tan_")

    def asin_(self) -> Self:
        """In-place `asin`: writes the result into this tensor and returns it."""
        return apply_inplace(self, asin, "asin_")

    def arcsin_(self) -> Self:
        """In-place `arcsin`: writes the result into this tensor and returns it."""
        return apply_inplace(self, asin, "arcsin_")

    def acos_(self) -> Self:
        """In-place `acos`: writes the result into this tensor and returns it."""
        return apply_inplace(self, acos, "acos_")

    def arccos_(self) -> Self:
        """In-place `arccos`: writes the result into this tensor and returns it."""
        return apply_inplace(self, acos, "arccos_")

    def atan_(self) -> Self:
        """In-place `atan`: writes the result into this tensor and returns it."""
        return apply_inplace(self, atan, "atan_")

    def arctan_(self) -> Self:
        """In-place `arctan`: writes the result into this tensor and returns it."""
        return apply_inplace(self, atan, "arctan_")

    def sinh_(self) -> Self:
        """In-place `sinh`: writes the result into this tensor and returns it."""
        return apply_inplace(self, sinh, "sinh_")

    def cosh_(self) -> Self:
        """In-place `cosh`: writes the result into this tensor and returns it."""
        return apply_inplace(self, cosh, "cosh_")

    def tanh_(self) -> Self:
        """In-place `tanh`: writes the result into this tensor and returns it."""
        return apply_inplace(self, tanh, "tanh_")

    def asinh_(self) -> Self:
        """In-place `asinh`: writes the result into this tensor and returns it."""
        return apply_inplace(self, asinh, "asinh_")

    def arcsinh_(self) -> Self:
        """In-place `arcsinh`: writes the result into this tensor and returns it."""
        return apply_inplace(self, asinh, "arcsinh_")

    def acosh_(self) -> Self:
        """In-place `acosh`: writes the result into this tensor and returns it."""
        return apply_inplace(self, acosh, "acosh_")

    def arccosh_(self) -> Self:
        """In-place `arccosh`: writes the result into this tensor and returns it."""
        return apply_inplace(self, acosh, "arccosh_")

    def atanh_(self) -> Self:
        """In-place `atanh`: writes the result into this tensor and returns it."""
        return apply_inplace(self, atanh, "atanh_")

    def arctanh_(self) -> Self:
        """In-place `arctanh`: writes the result into this tensor and returns it."""
        return apply_inplace(self, atanh, "arctanh_")

    def sinc_(self) -> Self:
        """In-place `sinc`: writes the result into this tensor and returns it."""
        return apply_inplace(self, sinc, "sinc_")

    def deg2rad_(self) -> Self:
        """In-place `deg2rad`: writes the result into this tensor and returns it."""
        return apply_inplace(self, deg2rad, "deg2rad_")

    def rad2deg_(self) -> Self:
        """In-place `rad2deg`: writes the result into this tensor and returns it."""
        return apply_inplace(self, rad2deg, "rad2deg_")

    def erf_(self) -> Self:
        """In-place `erf`: writes the result into this tensor and returns it."""
        return apply_inplace(self, erf, "erf_")

    def erfc_(self) -> Self:
        """In-place `erfc`: writes the result into this tensor and returns it."""
        return apply_inplace(self, erfc, "erfc_")

    def erfinv_(self) -> Self:
        """In-place `erfinv`: writes the result into this tensor and returns it."""
        return apply_inplace(self, erfinv, "erfinv_")

    def logit_(self, eps: float | None = None) -> Self:
        """In-place `logit`: writes the result into this tensor and returns it."""
        return apply_inplace(self, logit, "logit_", (eps,))

    def sigmoid_(self) -> Self:
        """In-place `sigmoid`: writes the result into this tensor and returns it."""
        return apply_inplace(self, sigmoid, "sigmoid_")

    def relu_(self) -> Self:
        """In-place `relu`: writes the result into this tensor and returns it."""
        return apply_inplace(self, relu, "relu_")

    def _elu_(self, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Self:
        """In-place `elu`, for functions and layers with `inplace=True`."""
        return apply_inplace(self, _elu, "_elu_", (alpha, scale, input_scale))

    def _hardsigmoid_(self) -> Self:
        """In-place `hardsigmoid`, for functions and layers with `inplace=True`."""
        return apply_inplace(self, _hardsigmoid, "_hardsigmoid_")

    def _hardswish_(self) -> Self:
        """In-place `hardswish`, for functions and layers with `inplace=True`."""
        return apply_inplace(self, _hardswish, "_hardswish_")

    def _hardtanh_(self, min_val: float = -1.0, max_val: float = 1.0) -> Self:
        """In-place `hardtanh`, for functions and layers with `inplace=True`."""
        return apply_inplace(self, _hardtanh, "_hardtanh_", (min_val, max_val))

    def _leaky_relu_(self, negative_slope: float = 0.01) -> Self:
        """In-place `leaky_relu`, for functions and layers with `inplace=True`."""
        return apply_inplace(self, _leaky_relu, "_leaky_relu_", (negative_slope,))

    def _mish_(self) -> Self:
        """In-place `mish`, for functions and layers with `inplace=True`."""
        return apply_inplace(self, _mish, "_mish_")

    def _silu_(self) -> Self:
        """In-place `silu`, for functions and layers with `inplace=True`."""
        return apply_inplace(self, _silu, "_silu_")

    def _threshold_(self, threshold: float, value: float) -> Self:
        """In-place `threshold`, for functions and layers with `inplace=True`."""
        return apply_inplace(self, _threshold, "_threshold_", (threshold, value))
