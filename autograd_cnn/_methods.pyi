"""The methods and operators of Tensor and Scalar. Written by `python -m autograd_cnn._stubs`: do not edit."""

# ruff: noqa
from builtins import bool as _bool, complex as _complex, float as _float, int as _int, str as _str
from collections.abc import Callable, Sequence
from typing import Any, Literal, Self, TypeAlias, overload

import numpy as np

from autograd_cnn import autograd
from autograd_cnn.ops import return_types as _return_types
from autograd_cnn.random import Generator
from autograd_cnn.scalar import Scalar
from autograd_cnn.tensor import Tensor

Value: TypeAlias = Tensor | _complex | np.ndarray[Any, Any] | np.generic  # what stands beside a tensor in an operation
Steps: TypeAlias = _int | tuple[_int, ...]  # one number for all dims, or one a dim

class TensorMethods:
    @property
    def T(self) -> Tensor: ...
    @property
    def mT(self) -> Tensor: ...
    @property
    def itemsize(self) -> _int: ...
    @property
    def nbytes(self) -> _int: ...
    is_cuda: _bool
    is_sparse: _bool
    is_quantized: _bool
    is_mps: _bool
    is_xpu: _bool
    is_meta: _bool
    is_mkldnn: _bool
    layout: _str
    def __add__(self, other: Value) -> Tensor: ...
    def __radd__(self, other: Value) -> Tensor: ...
    def __iadd__(self, other: Value) -> Self: ...
    def __sub__(self, other: Value) -> Tensor: ...
    def __rsub__(self, other: Value) -> Tensor: ...
    def __isub__(self, other: Value) -> Self: ...
    def __mul__(self, other: Value) -> Tensor: ...
    def __rmul__(self, other: Value) -> Tensor: ...
    def __imul__(self, other: Value) -> Self: ...
    def __truediv__(self, other: Value) -> Tensor: ...
    def __rtruediv__(self, other: Value) -> Tensor: ...
    def __itruediv__(self, other: Value) -> Self: ...
    def __floordiv__(self, other: Value) -> Tensor: ...
    def __rfloordiv__(self, other: Value) -> Tensor: ...
    def __ifloordiv__(self, other: Value) -> Self: ...
    def __pow__(self, other: Value) -> Tensor: ...
    def __rpow__(self, other: Value) -> Tensor: ...
    def __ipow__(self, other: Value) -> Self: ...
    def __neg__(self) -> Tensor: ...
    def __matmul__(self, other: Value) -> Tensor: ...
    def __rmatmul__(self, other: Value) -> Tensor: ...
    def __imatmul__(self, other: Value) -> Self: ...
    def __eq__(self, other: Any) -> Tensor: ...  # type: ignore[override]
    def __ne__(self, other: Any) -> Tensor: ...  # type: ignore[override]
    def __lt__(self, other: Value) -> Tensor: ...
    def __le__(self, other: Value) -> Tensor: ...
    def __gt__(self, other: Value) -> Tensor: ...
    def __ge__(self, other: Value) -> Tensor: ...
    def __and__(self, other: Value) -> Tensor: ...
    def __rand__(self, other: Value) -> Tensor: ...
    def __iand__(self, other: Value) -> Self: ...
    def __or__(self, other: Value) -> Tensor: ...
    def __ror__(self, other: Value) -> Tensor: ...
    def __ior__(self, other: Value) -> Self: ...
    def __xor__(self, other: Value) -> Tensor: ...
    def __rxor__(self, other: Value) -> Tensor: ...
    def __ixor__(self, other: Value) -> Self: ...
    def __invert__(self) -> Tensor: ...
    def __lshift__(self, other: Value) -> Tensor: ...
    def __rlshift__(self, other: Value) -> Tensor: ...
    def __ilshift__(self, other: Value) -> Self: ...
    def __rshift__(self, other: Value) -> Tensor: ...
    def __rrshift__(self, other: Value) -> Tensor: ...
    def __irshift__(self, other: Value) -> Self: ...
    def __mod__(self, other: Value) -> Tensor: ...
    def __rmod__(self, other: Value) -> Tensor: ...
    def __imod__(self, other: Value) -> Self: ...
    def __abs__(self) -> Tensor: ...
    def __pos__(self) -> Tensor: ...
    def abs(self) -> Tensor: """y = |input|; the gradient at 0 is 0. (*) → (*)"""
    def absolute(self) -> Tensor: """y = |input|; the gradient at 0 is 0. (*) → (*)"""
    def acos(self) -> Tensor: """y = arccos input in [0, π]; NaN outside of [−1, 1]. (*) → (*)"""
    def acosh(self) -> Tensor: """y = arcosh input ≥ 0, the inverse of cosh; NaN below 1. (*) → (*)"""
    def add(self, other: Value, *, alpha: _float = 1) -> Tensor: """y = input + alpha · other, with broadcasting and type promotion. (*), (*) → (*)"""
    def addbmm(self, batch1: Value, batch2: Value, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """β · input + α · Σ_b batch1_b · batch2_b. (n, m), (b, n, k), (b, k, m) → (n, m)"""
    def addcdiv(self, tensor1: Value, tensor2: Value, *, value: _float = 1) -> Tensor: """y = input + value · tensor1 / tensor2. (*), (*), (*) → (*)"""
    def addcmul(self, tensor1: Value, tensor2: Value, *, value: _float = 1) -> Tensor: """y = input + value · tensor1 · tensor2. (*), (*), (*) → (*)"""
    def addmm(self, mat1: Value, mat2: Value, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """β · input + α · mat1 · mat2. (n, m), (n, k), (k, m) → (n, m)"""
    def addmv(self, mat: Value, vec: Value, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """β · input + α · mat · vec. (n), (n, k), (k) → (n)"""
    def addr(self, vec1: Value, vec2: Value, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """β · input + α · vec1 ⊗ vec2. (n, m), (n), (m) → (n, m)"""
    def all(self, dim: Any = None, keepdim: _bool = False) -> Tensor: """Are all entries over `dim` (an int or several; all by default) different from 0? Of nothing: True."""
    def allclose(self, other: Value, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> _bool: """Are all entries close: |input − other| ≤ atol + rtol · |other|?"""
    def amax(self, dim: Any = (), keepdim: _bool = False) -> Tensor: """y = the greatest entries over `dim` (an int or several; all by default). Equal ones share the gradient evenly."""
    def amin(self, dim: Any = (), keepdim: _bool = False) -> Tensor: """y = the smallest entries over `dim` (an int or several; all by default). Equal ones share the gradient evenly."""
    def aminmax(self, *, dim: _int | None = None, keepdim: _bool = False) -> _return_types.aminmax: """The smallest and the greatest entries, along one dim or of all, as a named tuple (min, max)."""
    def any(self, dim: Any = None, keepdim: _bool = False) -> Tensor: """Is any entry over `dim` (an int or several; all by default) different from 0? Of nothing: False."""
    def arccos(self) -> Tensor: """y = arccos input in [0, π]; NaN outside of [−1, 1]. (*) → (*)"""
    def arccosh(self) -> Tensor: """y = arcosh input ≥ 0, the inverse of cosh; NaN below 1. (*) → (*)"""
    def arcsin(self) -> Tensor: """y = arcsin input in [−π/2, π/2]; NaN outside of [−1, 1]. (*) → (*)"""
    def arcsinh(self) -> Tensor: """y = arsinh input, the inverse of sinh. (*) → (*)"""
    def arctan(self) -> Tensor: """y = arctan input in (−π/2, π/2). (*) → (*)"""
    def arctan2(self, other: Value) -> Tensor: """The angle of the point (other, input) in [−π, π]: arctan(input / other) in the right quadrant. (*), (*) → (*)"""
    def arctanh(self) -> Tensor: """y = artanh input, the inverse of tanh; ±inf at ±1, NaN outside of [−1, 1]. (*) → (*)"""
    def argmax(self, dim: _int | None = None, keepdim: _bool = False) -> Tensor: """The index of the greatest entry along `dim` (the first of equal ones), or in the flattened input. int64"""
    def argmin(self, dim: _int | None = None, keepdim: _bool = False) -> Tensor: """The index of the smallest entry along `dim` (the first of equal ones), or in the flattened input. int64"""
    def argsort(self, dim: _int = -1, descending: _bool = False, stable: _bool = False) -> Tensor: """The indices that sort the input along `dim`. int64"""
    def asin(self) -> Tensor: """y = arcsin input in [−π/2, π/2]; NaN outside of [−1, 1]. (*) → (*)"""
    def asinh(self) -> Tensor: """y = arsinh input, the inverse of sinh. (*) → (*)"""
    def atan(self) -> Tensor: """y = arctan input in (−π/2, π/2). (*) → (*)"""
    def atan2(self, other: Value) -> Tensor: """The angle of the point (other, input) in [−π, π]: arctan(input / other) in the right quadrant. (*), (*) → (*)"""
    def atanh(self) -> Tensor: """y = artanh input, the inverse of tanh; ±inf at ±1, NaN outside of [−1, 1]. (*) → (*)"""
    def baddbmm(self, batch1: Value, batch2: Value, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """β · input + α · batch1 · batch2. (b, n, m), (b, n, k), (b, k, m) → (b, n, m)"""
    def bernoulli_(self, *args: Any, generator: Generator | None = None, **kwargs: Any) -> Self: """Overwrite with 0 and 1; 1 with probability p (a number or a tensor of them)."""
    def bitwise_and(self, other: Value) -> Tensor: """y = input & other, bit by bit; of bools the logical and. (*), (*) → (*)"""
    def bitwise_left_shift(self, other: Value) -> Tensor: """y = input · 2^other, in integers; 0 where all bits are shifted out. (*), (*) → (*)"""
    def bitwise_not(self) -> Tensor: """y = ~input, bit by bit: −input − 1 of integers, the logical not of bools. (*) → (*)"""
    def bitwise_or(self, other: Value) -> Tensor: """y = input | other, bit by bit; of bools the logical or. (*), (*) → (*)"""
    def bitwise_right_shift(self, other: Value) -> Tensor: """y = ⌊input / 2^other⌋, in integers; the sign (0 or −1) where all bits are shifted out. (*), (*) → (*)"""
    def bitwise_xor(self, other: Value) -> Tensor: """y = input xor other, bit by bit. (*), (*) → (*)"""
    def bmm(self, mat2: Value) -> Tensor: """The products of two batches of matrices. (b, n, k), (b, k, m) → (b, n, m)"""
    def bool(self, memory_format: Any = None) -> Tensor: """`self.to(bool)`."""
    def broadcast_to(self, size: Sequence[_int]) -> Tensor: """`input.expand(size)`."""
    def byte(self, memory_format: Any = None) -> Tensor: """`self.to(uint8)`."""
    def cauchy_(self, *args: Any, generator: Generator | None = None, **kwargs: Any) -> Self: """Overwrite with Cauchy draws."""
    def ceil(self) -> Tensor: """y = ⌈input⌉, the smallest whole number not below; the gradient is 0. (*) → (*)"""
    def char(self, memory_format: Any = None) -> Tensor: """`self.to(int8)`."""
    def chunk(self, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]: """At most `chunks` pieces of equal size (the last may be smaller)."""
    def clamp(self, min: Any = None, max: Any = None) -> Tensor: """y = min(max(input, min), max); either bound may be missing, a number, or a tensor that broadcasts. (*) → (*)"""
    def clamp_max(self, max: Any) -> Tensor: """y = min(input, max). (*) → (*)"""
    def clamp_min(self, min: Any) -> Tensor: """y = max(input, min). (*) → (*)"""
    def clip(self, min: Any = None, max: Any = None) -> Tensor: """y = min(max(input, min), max); either bound may be missing, a number, or a tensor that broadcasts. (*) → (*)"""
    def clone(self, memory_format: Any = None) -> Tensor: """A copy in its own memory; the gradient passes. (*) → (*)"""
    def contiguous(self, memory_format: Any = None) -> Tensor: """This tensor if its memory is in row-major order, else a copy that is."""
    def copy_(self, src: Tensor, non_blocking: _bool = False) -> Self: """Overwrite with the values of `src`, broadcast and cast; the gradient flows to `src`."""
    def copysign(self, other: Value) -> Tensor: """y = |input| with the sign of other (also of −0.0). (*), (*) → (*)"""
    def cos(self) -> Tensor: """y = cos input. (*) → (*)"""
    def cosh(self) -> Tensor: """y = (e^x + e^−x)/2. (*) → (*)"""
    def count_nonzero(self, dim: Any = None) -> Tensor: """How many entries over `dim` (an int or several; all by default) are different from 0. int64"""
    def cpu(self, memory_format: Any = None) -> Tensor: """The tensor itself: it is on the CPU."""
    def cuda(self, device: Any = None, non_blocking: _bool = False, memory_format: Any = None) -> Tensor: """Fails as in a PyTorch without CUDA."""
    def cummax(self, dim: _int) -> _return_types.cummax: """The greatest entry so far along `dim`, and the index of the last that attains it, as a named tuple (values, indices)."""
    def cummin(self, dim: _int) -> _return_types.cummin: """The smallest entry so far along `dim`, and the index of the last that attains it, as a named tuple (values, indices)."""
    def cumprod(self, dim: _int, *, dtype: Any = None) -> Tensor: """yᵢ = x₀ · … · xᵢ along `dim`. Integers and bools multiply as int64. The gradient is right where entries are 0. (*) → (*)"""
    def cumsum(self, dim: _int, *, dtype: Any = None) -> Tensor: """yᵢ = x₀ + … + xᵢ along `dim`. Integers and bools add up as int64. (*) → (*)"""
    def data_ptr(self) -> _int: """The address of the first entry."""
    def deg2rad(self) -> Tensor: """y = input · π/180. (*) → (*)"""
    def diag(self, diagonal: _int = 0) -> Tensor: """Of a vector the matrix with it on the diagonal; of a matrix its diagonal."""
    def diag_embed(self, offset: _int = 0) -> Tensor: """Matrices with the last dim on their diagonal."""
    def diagonal(self, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor: """The diagonal of two dims, as the last dim of a view."""
    def dim(self) -> _int: """The number of dims."""
    def dist(self, other: Value, p: _float = 2) -> Tensor: """y = ‖input − other‖_p over all entries. (*), (*) → ()"""
    def div(self, other: Value, *, rounding_mode: _str | None = None) -> Tensor: """y = input / other; `rounding_mode` "trunc" or "floor" rounds the quotient (and takes no gradient). (*), (*) → (*)"""
    def divide(self, other: Value, *, rounding_mode: _str | None = None) -> Tensor: """y = input / other; `rounding_mode` "trunc" or "floor" rounds the quotient (and takes no gradient). (*), (*) → (*)"""
    def dot(self, tensor: Value) -> Tensor: """The inner product of two vectors. (n), (n) → ()"""
    def double(self, memory_format: Any = None) -> Tensor: """`self.to(float64)`."""
    def element_size(self) -> _int: """Bytes of one entry."""
    def eq(self, other: Value) -> Tensor: """y = (input = other), entry by entry; NaN equals nothing. (*), (*) → (*) bool"""
    def equal(self, other: Value) -> _bool: """Have both the same shape and the same entries? (NaN equals nothing.)"""
    def erf(self) -> Tensor: """y = 2/√π ∫₀ˣ e^(−t²) dt. (*) → (*) [Cody 1969]"""
    def erfc(self) -> Tensor: """y = 1 − erf(input), without cancellation where erf is near 1. (*) → (*) [Cody 1969]"""
    def erfinv(self) -> Tensor: """The y with erf(y) = input; ±inf at ±1, NaN outside of [−1, 1]. (*) → (*)"""
    def exp(self) -> Tensor: """y = e^input. (*) → (*)"""
    def exp2(self) -> Tensor: """y = 2^input. (*) → (*)"""
    def expand(self, *sizes: Any) -> Tensor: """Dims of size 1 stretched, new dims in front; -1 keeps a size. No memory is copied."""
    def expand_as(self, other: Value) -> Tensor: """`input.expand(other.size())`."""
    def expm1(self) -> Tensor: """y = e^input − 1, exact near 0. (*) → (*)"""
    def exponential_(self, *args: Any, generator: Generator | None = None, **kwargs: Any) -> Self: """Overwrite with exponential draws of rate lambd."""
    def fix(self) -> Tensor: """y = the whole part of input, rounded towards 0; the gradient is 0. (*) → (*)"""
    def flatten(self, start_dim: _int = 0, end_dim: _int = -1) -> Tensor: """Dims start_dim … end_dim as one. (N, C, H, W) → (N, C·H·W) with start_dim=1"""
    def flip(self, *dims: Any) -> Tensor: """The entries in reverse order along `dims` (a copy)."""
    def fliplr(self) -> Tensor: """Flipped left to right (dim 1)."""
    def flipud(self) -> Tensor: """Flipped upside down (dim 0)."""
    def float(self, memory_format: Any = None) -> Tensor: """`self.to(float32)`."""
    def floor(self) -> Tensor: """y = ⌊input⌋, the greatest whole number not above; the gradient is 0. (*) → (*)"""
    def floor_divide(self, other: Value) -> Tensor: """y = ⌊input / other⌋. (*), (*) → (*)"""
    def fmax(self, other: Value) -> Tensor: """y = max(input, other), the number where one of them is NaN; where they are equal, the input takes the gradient."""
    def fmin(self, other: Value) -> Tensor: """y = min(input, other), the number where one of them is NaN; where they are equal, the input takes the gradient."""
    def fmod(self, other: Value) -> Tensor: """y = input − other · trunc(input / other), with the sign of the input: C's fmod. (*), (*) → (*)"""
    def frac(self) -> Tensor: """y = input − trunc(input). (*) → (*) Raises NotImplementedError for integers."""
    def gcd(self, other: Value) -> Tensor: """y = the greatest common divisor of two integers. (*), (*) → (*)"""
    def ge(self, other: Value) -> Tensor: """y = (input ≥ other), entry by entry. (*), (*) → (*) bool"""
    def geometric_(self, *args: Any, generator: Generator | None = None, **kwargs: Any) -> Self: """Overwrite with geometric draws: trials until the first success of probability p."""
    def ger(self, vec2: Value) -> Tensor: """y_ij = input_i · vec2_j. (n), (m) → (n, m)"""
    def get_device(self) -> _int: """-1: the CPU."""
    def greater(self, other: Value) -> Tensor: """y = (input > other), entry by entry. (*), (*) → (*) bool"""
    def greater_equal(self, other: Value) -> Tensor: """y = (input ≥ other), entry by entry. (*), (*) → (*) bool"""
    def gt(self, other: Value) -> Tensor: """y = (input > other), entry by entry. (*), (*) → (*) bool"""
    def half(self, memory_format: Any = None) -> Tensor: """`self.to(float16)`."""
    def hardshrink(self, lambd: _float = 0.5) -> Tensor: """y = input where |input| > lambd, else 0. (*) → (*)"""
    def heaviside(self, values: Value) -> Tensor: """y = 0 where input < 0, `values` where it is 0, 1 where it is greater. (*), (*) → (*)"""
    def hypot(self, other: Value) -> Tensor: """y = √(input² + other²), without overflow. (*), (*) → (*)"""
    def int(self, memory_format: Any = None) -> Tensor: """`self.to(int32)`."""
    def is_complex(self) -> _bool: """Are the entries complex?"""
    def is_contiguous(self, memory_format: Any = None) -> _bool: """Is the memory in row-major order?"""
    def is_floating_point(self) -> _bool: """Are the entries floating-point numbers?"""
    def is_nonzero(self) -> _bool: """Is the single entry not zero?"""
    def is_set_to(self, tensor: Tensor) -> _bool: """Do both look at the same memory in the same way?"""
    def is_signed(self) -> _bool: """Can the entries be negative?"""
    def isclose(self, other: Value, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> Tensor: """y = |input − other| ≤ atol + rtol · |other|, or both equal; with `equal_nan` NaN is close to NaN. (*), (*) → (*) bool"""
    def isfinite(self) -> Tensor: """Which entries are neither infinite nor NaN. (*) → (*) bool"""
    def isinf(self) -> Tensor: """Which entries are +∞ or −∞. (*) → (*) bool"""
    def isnan(self) -> Tensor: """Which entries are NaN. (*) → (*) bool"""
    def isneginf(self) -> Tensor: """Which entries are −∞. (*) → (*) bool"""
    def isposinf(self) -> Tensor: """Which entries are +∞. (*) → (*) bool"""
    def isreal(self) -> Tensor: """Which entries have no imaginary part: all of a real tensor. (*) → (*) bool"""
    def kron(self, other: Value) -> Tensor: """The Kronecker product of two matrices (or tensors of equal ndim)."""
    def kthvalue(self, k: _int, dim: _int = -1, keepdim: _bool = False) -> _return_types.kthvalue: """The k-th smallest entry along `dim` (counted from 1), and where it stands: a named tuple (values, indices)."""
    def lcm(self, other: Value) -> Tensor: """y = the least common multiple of two integers. (*), (*) → (*)"""
    def le(self, other: Value) -> Tensor: """y = (input ≤ other), entry by entry. (*), (*) → (*) bool"""
    def lerp(self, end: Value, weight: Value) -> Tensor: """y = input + weight · (end − input); weight is a number or a tensor. (*), (*), (*) → (*)"""
    def less(self, other: Value) -> Tensor: """y = (input < other), entry by entry. (*), (*) → (*) bool"""
    def less_equal(self, other: Value) -> Tensor: """y = (input ≤ other), entry by entry. (*), (*) → (*) bool"""
    def log(self) -> Tensor: """y = ln input; −inf at 0, NaN below. (*) → (*)"""
    def log10(self) -> Tensor: """y = log₁₀ input; −inf at 0, NaN below. (*) → (*)"""
    def log1p(self) -> Tensor: """y = ln(1 + input), exact near 0; −inf at −1, NaN below. (*) → (*)"""
    def log2(self) -> Tensor: """y = log₂ input; −inf at 0, NaN below. (*) → (*)"""
    def log_normal_(self, *args: Any, generator: Generator | None = None, **kwargs: Any) -> Self: """Overwrite with exp of normal draws."""
    def log_softmax(self, dim: _int, dtype: Any = None) -> Tensor: """y = x − ln Σ e^x along `dim`: the logarithm of softmax, without its underflow. (*) → (*)"""
    def logaddexp(self, other: Value) -> Tensor: """y = ln(e^input + e^other), without overflow. (*), (*) → (*)"""
    def logaddexp2(self, other: Value) -> Tensor: """y = log₂(2^input + 2^other), without overflow. (*), (*) → (*)"""
    def logcumsumexp(self, dim: _int) -> Tensor: """yᵢ = ln(e^x₀ + … + e^xᵢ) along `dim`, without overflow. (*) → (*)"""
    def logical_and(self, other: Value) -> Tensor: """y = input and other, where 0 is False and all else True. (*), (*) → (*) bool"""
    def logical_not(self) -> Tensor: """y = (input = 0). (*) → (*) bool"""
    def logical_or(self, other: Value) -> Tensor: """y = input or other, where 0 is False and all else True. (*), (*) → (*) bool"""
    def logical_xor(self, other: Value) -> Tensor: """y = either input or other, not both. (*), (*) → (*) bool"""
    def logit(self, eps: _float | None = None) -> Tensor: """y = ln(x / (1 − x)), the inverse of sigmoid; with `eps`, x is clamped to [eps, 1 − eps] first. NaN outside of [0, 1]. (*) → (*)"""
    def logsumexp(self, dim: Any, keepdim: _bool = False) -> Tensor: """y = ln Σ e^x over `dim` (an int or several), without overflow. Integers become floats."""
    def long(self, memory_format: Any = None) -> Tensor: """`self.to(int64)`."""
    def lt(self, other: Value) -> Tensor: """y = (input < other), entry by entry. (*), (*) → (*) bool"""
    def matmul(self, other: Value) -> Tensor: """The product: of two vectors a number, of matrix and vector a vector, of matrices a matrix; further dims are batches that broadcast."""
    @overload
    def max(self) -> Tensor: """The greatest entry of all; with `dim`, a named tuple (values, indices) of the greatest along it; with another tensor, the entry-by-entry `maximum`."""
    @overload
    def max(self, dim: _int, keepdim: _bool = ...) -> _return_types.max: """The greatest entry of all; with `dim`, a named tuple (values, indices) of the greatest along it; with another tensor, the entry-by-entry `maximum`."""
    @overload
    def max(self, other: Tensor) -> Tensor: """The greatest entry of all; with `dim`, a named tuple (values, indices) of the greatest along it; with another tensor, the entry-by-entry `maximum`."""
    def maximum(self, other: Value) -> Tensor: """y = max(input, other); NaN where either is NaN. Where they are equal, each takes half the gradient. (*), (*) → (*)"""
    def mean(self, dim: Any = None, keepdim: _bool = False, *, dtype: Any = None) -> Tensor: """y = (1/n) Σ input over `dim` (an int or several; all by default), n the number of entries added. NaN if there are none."""
    @overload
    def median(self) -> Tensor: """The median of all entries (of an even number the lower of the two in the middle); with `dim` a named tuple (values, indices). NaN if there is a NaN."""
    @overload
    def median(self, dim: _int, keepdim: _bool = ...) -> _return_types.median: """The median of all entries (of an even number the lower of the two in the middle); with `dim` a named tuple (values, indices). NaN if there is a NaN."""
    @overload
    def min(self) -> Tensor: """The smallest entry of all; with `dim`, a named tuple (values, indices) of the smallest along it; with another tensor, the entry-by-entry `minimum`."""
    @overload
    def min(self, dim: _int, keepdim: _bool = ...) -> _return_types.min: """The smallest entry of all; with `dim`, a named tuple (values, indices) of the smallest along it; with another tensor, the entry-by-entry `minimum`."""
    @overload
    def min(self, other: Tensor) -> Tensor: """The smallest entry of all; with `dim`, a named tuple (values, indices) of the smallest along it; with another tensor, the entry-by-entry `minimum`."""
    def minimum(self, other: Value) -> Tensor: """y = min(input, other); NaN where either is NaN. Where they are equal, each takes half the gradient. (*), (*) → (*)"""
    def mm(self, mat2: Value) -> Tensor: """The product of two matrices (no broadcasting). (n, k), (k, m) → (n, m)"""
    def mode(self, dim: _int = -1, keepdim: _bool = False) -> _return_types.mode: """The most frequent entry along `dim` (the smallest of several), and where it stands last: a named tuple (values, indices)."""
    def moveaxis(self, source: _int | Sequence[_int], destination: _int | Sequence[_int]) -> Tensor: """Dims `source` moved to the places `destination`."""
    def movedim(self, source: _int | Sequence[_int], destination: _int | Sequence[_int]) -> Tensor: """Dims `source` moved to the places `destination`."""
    def msort(self) -> Tensor: """The entries in ascending order along dim 0."""
    def mul(self, other: Value) -> Tensor: """y = input · other, entry by entry, with broadcasting and type promotion. (*), (*) → (*)"""
    def multiply(self, other: Value) -> Tensor: """y = input · other, entry by entry, with broadcasting and type promotion. (*), (*) → (*)"""
    def mv(self, vec: Value) -> Tensor: """Matrix times vector. (n, k), (k) → (n)"""
    def nan_to_num(self, nan: _float | None = 0.0, posinf: _float | None = None, neginf: _float | None = None) -> Tensor: """y = input, with NaN, +∞ and −∞ replaced: by 0 and the greatest and smallest finite numbers of the dtype, if not said otherwise."""
    def nanmean(self, dim: Any = None, keepdim: _bool = False, *, dtype: Any = None) -> Tensor: """y = the mean over `dim` of the entries that are not NaN. Raises RuntimeError for integers."""
    @overload
    def nanmedian(self) -> Tensor: """The median of the entries that are not NaN; with `dim` a named tuple (values, indices)."""
    @overload
    def nanmedian(self, dim: _int, keepdim: _bool = ...) -> _return_types.nanmedian: """The median of the entries that are not NaN; with `dim` a named tuple (values, indices)."""
    def nansum(self, dim: Any = None, keepdim: _bool = False, *, dtype: Any = None) -> Tensor: """y = Σ input over `dim`, NaN counted as 0."""
    def narrow(self, dim: _int, start: _int, length: _int) -> Tensor: """The entries start … start+length−1 along `dim`; a view."""
    def ndimension(self) -> _int: """The number of dims."""
    def ne(self, other: Value) -> Tensor: """y = (input ≠ other), entry by entry. (*), (*) → (*) bool"""
    def neg(self) -> Tensor: """y = −input. (*) → (*)"""
    def negative(self) -> Tensor: """y = −input. (*) → (*)"""
    def nelement(self) -> _int: """The number of entries."""
    def new(self, *args: Any) -> Tensor: """A tensor of this one's dtype: from data, or of sizes (zeros)."""
    def new_empty(self, *size: Any, dtype: Any = None, device: Any = None, requires_grad: _bool = False) -> Tensor: """Empty of the given sizes, in this one's dtype."""
    def new_full(self, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: _bool = False) -> Tensor: """One value, in this one's dtype."""
    def new_ones(self, *size: Any, dtype: Any = None, device: Any = None, requires_grad: _bool = False) -> Tensor: """Ones of the given sizes, in this one's dtype."""
    def new_tensor(self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: _bool = False) -> Tensor: """A tensor with a copy of `data` in this one's dtype."""
    def new_zeros(self, *size: Any, dtype: Any = None, device: Any = None, requires_grad: _bool = False) -> Tensor: """Zeros of the given sizes, in this one's dtype."""
    def norm(self, p: Any = 'fro', dim: Any = None, keepdim: _bool = False, *, dtype: Any = None) -> Tensor: """y = (Σ |x|ᵖ)^(1/p) over `dim` (an int or several; all by default). p may be inf, −inf, 0 (how many are not 0), 'fro' (p = 2) or 'nuc' (the sum of the singular values over two dims). The gradient where the result is 0 is 0."""
    def normal_(self, *args: Any, generator: Generator | None = None, **kwargs: Any) -> Self: """Overwrite with normal draws: `normal_(mean=0, std=1)`."""
    def not_equal(self, other: Value) -> Tensor: """y = (input ≠ other), entry by entry. (*), (*) → (*) bool"""
    def numel(self) -> _int: """The number of entries."""
    def outer(self, vec2: Value) -> Tensor: """y_ij = input_i · vec2_j. (n), (m) → (n, m)"""
    def permute(self, *dims: Any) -> Tensor: """The dims in the order `dims`; a view."""
    def permute_dims(self, *dims: Any) -> Tensor: """The dims in the order `dims`; a view."""
    def pin_memory(self, device: Any = None) -> Tensor: """The tensor itself: pinning serves accelerators."""
    def positive(self) -> Tensor: """The input itself: what the operator `+x` does. Raises RuntimeError for bools."""
    def pow(self, exponent: Value) -> Tensor: """y = input^exponent; either may be a number. (*), (*) → (*)"""
    def prelu(self, weight: Value) -> Tensor: """y = max(input, 0) + w_c · min(input, 0), one learned slope, or one for each channel c. (N, C, *), (C) or (1) → (N, C, *)"""
    def prod(self, dim: _int | None = None, keepdim: _bool = False, *, dtype: Any = None) -> Tensor: """y = Π input, of all entries or along `dim`. Integers and bools multiply as int64; an empty product is 1."""
    def rad2deg(self) -> Tensor: """y = input · 180/π. (*) → (*)"""
    def random_(self, *args: Any, generator: Generator | None = None, **kwargs: Any) -> Self: """Overwrite with whole numbers from [from, to), or over the dtype's range."""
    def ravel(self) -> Tensor: """All dims as one."""
    def reciprocal(self) -> Tensor: """y = 1/input. (*) → (*)"""
    def relu(self) -> Tensor: """y = max(0, input); the gradient at 0 is 0, NaN stays NaN. (*) → (*) [Nair and Hinton 2010]"""
    def remainder(self, other: Value) -> Tensor: """y = input − other · ⌊input / other⌋, with the sign of other: Python's `%`. (*), (*) → (*)"""
    def repeat(self, *repeats: Any) -> Tensor: """The whole tensor `repeats` times along each dim (new dims in front)."""
    def repeat_interleave(self, repeats: Any, dim: _int | None = None, *, output_size: _int | None = None) -> Tensor: """Each entry (along `dim`; of the flattened tensor without it) `repeats` times in a row."""
    def reshape(self, *shape: Any) -> Tensor: """The same values in row-major order, in another shape; one size may be -1. A view where possible, else a copy."""
    def reshape_as(self, other: Any) -> Tensor: """`input.reshape(other.size())`."""
    def resize_(self, *sizes: Any) -> Self: """Another shape, for a tensor whose values do not matter any more (PyTorch's old idiom for buffers)."""
    def roll(self, shifts: _int | Sequence[_int], dims: _int | Sequence[_int] | None = None) -> Tensor: """The entries moved by `shifts` along `dims`, around the end (over the flattened tensor without dims)."""
    def rot90(self, k: _int = 1, dims: Sequence[_int] = (0, 1)) -> Tensor: """Turned by k quarter turns in the plane of two dims."""
    def round(self, decimals: _int = 0) -> Tensor: """y = input rounded to `decimals` digits (negative ones round to tens, hundreds, …), halves to even; the gradient is 0. (*) → (*)"""
    def rsqrt(self) -> Tensor: """y = 1/√input; inf at 0, NaN below. (*) → (*)"""
    def rsub(self, other: Value, *, alpha: _float = 1) -> Tensor: """y = other − alpha · input."""
    def set_(self, source: Tensor) -> Self: """Look at the memory of `source` from now on."""
    def sgn(self) -> Tensor: """y = −1, 0 or 1, the input's sign, and 0 for NaN; the gradient is 0. (*) → (*)"""
    def share_memory_(self) -> Self: """The tensor itself; worker processes get batches by their own way (`utils.data`)."""
    def short(self, memory_format: Any = None) -> Tensor: """`self.to(int16)`."""
    def sigmoid(self) -> Tensor: """y = 1 / (1 + e^−input). (*) → (*)"""
    def sign(self) -> Tensor: """y = −1, 0 or 1, the input's sign, and 0 for NaN; the gradient is 0. (*) → (*)"""
    def signbit(self) -> Tensor: """Which entries have the sign bit set: the negative ones, and −0.0. (*) → (*) bool"""
    def sin(self) -> Tensor: """y = sin input. (*) → (*)"""
    def sinc(self) -> Tensor: """y = sin(πx) / (πx), 1 at 0. (*) → (*)"""
    def sinh(self) -> Tensor: """y = (e^x − e^−x)/2. (*) → (*)"""
    @overload
    def size(self) -> tuple[_int, ...]: """The sizes, or that of one dim."""
    @overload
    def size(self, dim: _int) -> _int: """The sizes, or that of one dim."""
    def softmax(self, dim: _int, dtype: Any = None) -> Tensor: """y = e^x / Σ e^x along `dim`: positive, with sum 1. (*) → (*)"""
    def sort(self, dim: _int = -1, descending: _bool = False, stable: _bool = False) -> _return_types.sort: """The entries in ascending (or descending) order along `dim`, and where each stood: a named tuple (values, indices)."""
    def split(self, split_size_or_sections: _int | Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]: """Pieces along `dim`: of one size (the last may be smaller), or of the sizes given. They share memory."""
    def sqrt(self) -> Tensor: """y = √input; NaN below 0. The gradient at 0 is inf. (*) → (*)"""
    def square(self) -> Tensor: """y = input². (*) → (*)"""
    def squeeze(self, dim: _int | Sequence[_int] | None = None) -> Tensor: """Without its dims of size 1 (or only those named)."""
    def std(self, dim: Any = None, unbiased: _bool | None = None, keepdim: _bool = False, *, correction: _float | None = None) -> Tensor: """y = √(Σ (x − mean)² / (n − correction)) over `dim` (an int or several; all by default); correction is 1 if not given."""
    def storage_offset(self) -> _int: """Entries between the start of the storage and this tensor's first."""
    @overload
    def stride(self) -> tuple[_int, ...]: """Steps in memory from one entry to the next along each dim (in entries), or along one."""
    @overload
    def stride(self, dim: _int) -> _int: """Steps in memory from one entry to the next along each dim (in entries), or along one."""
    def sub(self, other: Value, *, alpha: _float = 1) -> Tensor: """y = input − alpha · other, with broadcasting and type promotion. (*), (*) → (*)"""
    def subtract(self, other: Value, *, alpha: _float = 1) -> Tensor: """y = input − alpha · other, with broadcasting and type promotion. (*), (*) → (*)"""
    def sum(self, dim: Any = None, keepdim: _bool = False, *, dtype: Any = None) -> Tensor: """y = Σ input over `dim` (an int or several; all by default). Integers and bools add up as int64; an empty sum is 0."""
    def swapaxes(self, dim0: _int, dim1: _int) -> Tensor: """Two dims exchanged; a view."""
    def swapdims(self, dim0: _int, dim1: _int) -> Tensor: """Two dims exchanged; a view."""
    def t(self) -> Tensor: """The transpose of a matrix (fewer than two dims: as it is)."""
    def tan(self) -> Tensor: """y = tan input. (*) → (*)"""
    def tanh(self) -> Tensor: """y = tanh input = (e^x − e^−x) / (e^x + e^−x). (*) → (*)"""
    def tile(self, *dims: Any) -> Tensor: """As `repeat`, but missing repeats count as 1."""
    def to(self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: _bool = False, copy: _bool = False, memory_format: Any = None) -> Tensor: """The tensor in another dtype (differentiably) or on the device named, which must be the CPU; as `other` with a tensor."""
    def topk(self, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True) -> _return_types.topk: """The k greatest entries along `dim` (the smallest with largest=False), and where they stand: a named tuple (values, indices)."""
    def trace(self) -> Tensor: """The sum of a matrix's diagonal. (As a function, `autograd_cnn.trace` of a tensor; of a function it records its graph.)"""
    def transpose(self, dim0: _int, dim1: _int) -> Tensor: """Two dims exchanged; a view."""
    def tril(self, diagonal: _int = 0) -> Tensor: """The lower triangle of the last two dims, zeros above."""
    def triu(self, diagonal: _int = 0) -> Tensor: """The upper triangle of the last two dims, zeros below."""
    def true_divide(self, other: Value, *, rounding_mode: _str | None = None) -> Tensor: """y = input / other; `rounding_mode` "trunc" or "floor" rounds the quotient (and takes no gradient). (*), (*) → (*)"""
    def trunc(self) -> Tensor: """y = the whole part of input, rounded towards 0; the gradient is 0. (*) → (*)"""
    @overload
    def type(self) -> _str: """The type's old name (`"torch.FloatTensor"`), or the tensor converted to a dtype or old name."""
    @overload
    def type(self, dtype: Any, non_blocking: _bool = ...) -> Tensor: """The type's old name (`"torch.FloatTensor"`), or the tensor converted to a dtype or old name."""
    def type_as(self, other: Tensor) -> Tensor: """`self.to(other.dtype)`."""
    def unbind(self, dim: _int = 0) -> tuple[Tensor, ...]: """The slices along `dim`, without that dim."""
    def unflatten(self, dim: _int, sizes: Sequence[_int]) -> Tensor: """One dim as several; one size may be -1."""
    def uniform_(self, *args: Any, generator: Generator | None = None, **kwargs: Any) -> Self: """Overwrite with uniform draws from [from, to)."""
    def unsqueeze(self, dim: _int) -> Tensor: """With a new dim of size 1 at `dim`."""
    def var(self, dim: Any = None, unbiased: _bool | None = None, keepdim: _bool = False, *, correction: _float | None = None) -> Tensor: """y = Σ (x − mean)² / (n − correction) over `dim` (an int or several; all by default); correction is 1 if not given."""
    def view(self, *shape: Any) -> Tensor: """As `reshape`, but always sharing memory: an error where that cannot be. A dtype reinterprets the bytes."""
    def view_as(self, other: Any) -> Tensor: """`input.view(other.size())`."""
    def where(self, condition: Value, other: Any) -> Tensor: """`x.where(condition, other)`: x where the condition holds, else other."""
    def xlogy(self, other: Value) -> Tensor: """y = input · ln other, 0 where the input is 0 (but NaN where other is NaN). (*), (*) → (*)"""
    def zero_(self) -> Self: """Overwrite with zeros."""
    def _elu_(self, alpha: _float = 1.0, scale: _float = 1.0, input_scale: _float = 1.0) -> Self: """y = scale · (x if x > 0 else α (e^(x · input_scale) − 1)), for α ≥ 0 (so that y has the input's sign)"""
    def _hardsigmoid_(self) -> Self: """y = min(max(input + 3, 0), 6) / 6"""
    def _hardswish_(self) -> Self: """y = input · min(max(input + 3, 0), 6) / 6"""
    def _hardtanh_(self, min_val: _float = -1.0, max_val: _float = 1.0) -> Self: """y = min(max(input, min_val), max_val); the gradient on the bounds is 0"""
    def _leaky_relu_(self, negative_slope: _float = 0.01) -> Self: """y = max(input, 0) + slope · min(input, 0), for a slope > 0 (so that y has the input's sign)"""
    def _mish_(self) -> Self: """y = x tanh(ln(1 + e^x))"""
    def _silu_(self) -> Self: """y = x σ(x)"""
    def _threshold_(self, threshold: _float, value: _float) -> Self: """y = input where it is above the threshold, else value"""
    def _where_(self, condition: Value, other: Value) -> Self: ...
    def abs_(self) -> Self: """y = |input|; the gradient at 0 is 0. (*) → (*)"""
    def absolute_(self) -> Self: """y = |input|; the gradient at 0 is 0. (*) → (*)"""
    def acos_(self) -> Self: """y = arccos input in [0, π]; NaN outside of [−1, 1]. (*) → (*)"""
    def acosh_(self) -> Self: """y = arcosh input ≥ 0, the inverse of cosh; NaN below 1. (*) → (*)"""
    def add_(self, other: Value, *, alpha: _float = 1) -> Self: """y = input + alpha · other, with broadcasting and type promotion. (*), (*) → (*)"""
    def addbmm_(self, batch1: Value, batch2: Value, *, beta: _float = 1, alpha: _float = 1) -> Self: """β · input + α · Σ_b batch1_b · batch2_b. (n, m), (b, n, k), (b, k, m) → (n, m)"""
    def addcdiv_(self, tensor1: Value, tensor2: Value, *, value: _float = 1) -> Self: """y = input + value · tensor1 / tensor2. (*), (*), (*) → (*)"""
    def addcmul_(self, tensor1: Value, tensor2: Value, *, value: _float = 1) -> Self: """y = input + value · tensor1 · tensor2. (*), (*), (*) → (*)"""
    def addmm_(self, mat1: Value, mat2: Value, *, beta: _float = 1, alpha: _float = 1) -> Self: """β · input + α · mat1 · mat2. (n, m), (n, k), (k, m) → (n, m)"""
    def addmv_(self, mat: Value, vec: Value, *, beta: _float = 1, alpha: _float = 1) -> Self: """β · input + α · mat · vec. (n), (n, k), (k) → (n)"""
    def addr_(self, vec1: Value, vec2: Value, *, beta: _float = 1, alpha: _float = 1) -> Self: """β · input + α · vec1 ⊗ vec2. (n, m), (n), (m) → (n, m)"""
    def arccos_(self) -> Self: """y = arccos input in [0, π]; NaN outside of [−1, 1]. (*) → (*)"""
    def arccosh_(self) -> Self: """y = arcosh input ≥ 0, the inverse of cosh; NaN below 1. (*) → (*)"""
    def arcsin_(self) -> Self: """y = arcsin input in [−π/2, π/2]; NaN outside of [−1, 1]. (*) → (*)"""
    def arcsinh_(self) -> Self: """y = arsinh input, the inverse of sinh. (*) → (*)"""
    def arctan_(self) -> Self: """y = arctan input in (−π/2, π/2). (*) → (*)"""
    def arctan2_(self, other: Value) -> Self: """The angle of the point (other, input) in [−π, π]: arctan(input / other) in the right quadrant. (*), (*) → (*)"""
    def arctanh_(self) -> Self: """y = artanh input, the inverse of tanh; ±inf at ±1, NaN outside of [−1, 1]. (*) → (*)"""
    def asin_(self) -> Self: """y = arcsin input in [−π/2, π/2]; NaN outside of [−1, 1]. (*) → (*)"""
    def asinh_(self) -> Self: """y = arsinh input, the inverse of sinh. (*) → (*)"""
    def atan_(self) -> Self: """y = arctan input in (−π/2, π/2). (*) → (*)"""
    def atan2_(self, other: Value) -> Self: """The angle of the point (other, input) in [−π, π]: arctan(input / other) in the right quadrant. (*), (*) → (*)"""
    def atanh_(self) -> Self: """y = artanh input, the inverse of tanh; ±inf at ±1, NaN outside of [−1, 1]. (*) → (*)"""
    def baddbmm_(self, batch1: Value, batch2: Value, *, beta: _float = 1, alpha: _float = 1) -> Self: """β · input + α · batch1 · batch2. (b, n, m), (b, n, k), (b, k, m) → (b, n, m)"""
    def bitwise_and_(self, other: Value) -> Self: """y = input & other, bit by bit; of bools the logical and. (*), (*) → (*)"""
    def bitwise_left_shift_(self, other: Value) -> Self: """y = input · 2^other, in integers; 0 where all bits are shifted out. (*), (*) → (*)"""
    def bitwise_not_(self) -> Self: """y = ~input, bit by bit: −input − 1 of integers, the logical not of bools. (*) → (*)"""
    def bitwise_or_(self, other: Value) -> Self: """y = input | other, bit by bit; of bools the logical or. (*), (*) → (*)"""
    def bitwise_right_shift_(self, other: Value) -> Self: """y = ⌊input / 2^other⌋, in integers; the sign (0 or −1) where all bits are shifted out. (*), (*) → (*)"""
    def bitwise_xor_(self, other: Value) -> Self: """y = input xor other, bit by bit. (*), (*) → (*)"""
    def ceil_(self) -> Self: """y = ⌈input⌉, the smallest whole number not below; the gradient is 0. (*) → (*)"""
    def clamp_(self, min: Any = None, max: Any = None) -> Self: """y = min(max(input, min), max); either bound may be missing, a number, or a tensor that broadcasts. (*) → (*)"""
    def clamp_max_(self, max: Any) -> Self: """y = min(input, max). (*) → (*)"""
    def clamp_min_(self, min: Any) -> Self: """y = max(input, min). (*) → (*)"""
    def clip_(self, min: Any = None, max: Any = None) -> Self: """y = min(max(input, min), max); either bound may be missing, a number, or a tensor that broadcasts. (*) → (*)"""
    def copysign_(self, other: Value) -> Self: """y = |input| with the sign of other (also of −0.0). (*), (*) → (*)"""
    def cos_(self) -> Self: """y = cos input. (*) → (*)"""
    def cosh_(self) -> Self: """y = (e^x + e^−x)/2. (*) → (*)"""
    def cumprod_(self, dim: _int, *, dtype: Any = None) -> Self: """yᵢ = x₀ · … · xᵢ along `dim`. Integers and bools multiply as int64. The gradient is right where entries are 0. (*) → (*)"""
    def cumsum_(self, dim: _int, *, dtype: Any = None) -> Self: """yᵢ = x₀ + … + xᵢ along `dim`. Integers and bools add up as int64. (*) → (*)"""
    def deg2rad_(self) -> Self: """y = input · π/180. (*) → (*)"""
    def div_(self, other: Value, *, rounding_mode: _str | None = None) -> Self: """y = input / other; `rounding_mode` "trunc" or "floor" rounds the quotient (and takes no gradient). (*), (*) → (*)"""
    def divide_(self, other: Value, *, rounding_mode: _str | None = None) -> Self: """y = input / other; `rounding_mode` "trunc" or "floor" rounds the quotient (and takes no gradient). (*), (*) → (*)"""
    def eq_(self, other: Value) -> Self: """y = (input = other), entry by entry; NaN equals nothing. (*), (*) → (*) bool"""
    def erf_(self) -> Self: """y = 2/√π ∫₀ˣ e^(−t²) dt. (*) → (*) [Cody 1969]"""
    def erfc_(self) -> Self: """y = 1 − erf(input), without cancellation where erf is near 1. (*) → (*) [Cody 1969]"""
    def erfinv_(self) -> Self: """The y with erf(y) = input; ±inf at ±1, NaN outside of [−1, 1]. (*) → (*)"""
    def exp_(self) -> Self: """y = e^input. (*) → (*)"""
    def exp2_(self) -> Self: """y = 2^input. (*) → (*)"""
    def expm1_(self) -> Self: """y = e^input − 1, exact near 0. (*) → (*)"""
    def fill_(self, value: _float) -> Self: """y = value everywhere, of the input's shape and dtype"""
    def fix_(self) -> Self: """y = the whole part of input, rounded towards 0; the gradient is 0. (*) → (*)"""
    def floor_(self) -> Self: """y = ⌊input⌋, the greatest whole number not above; the gradient is 0. (*) → (*)"""
    def floor_divide_(self, other: Value) -> Self: """y = ⌊input / other⌋. (*), (*) → (*)"""
    def fmod_(self, other: Value) -> Self: """y = input − other · trunc(input / other), with the sign of the input: C's fmod. (*), (*) → (*)"""
    def frac_(self) -> Self: """y = input − trunc(input). (*) → (*) Raises NotImplementedError for integers."""
    def gcd_(self, other: Value) -> Self: """y = the greatest common divisor of two integers. (*), (*) → (*)"""
    def ge_(self, other: Value) -> Self: """y = (input ≥ other), entry by entry. (*), (*) → (*) bool"""
    def greater_(self, other: Value) -> Self: """y = (input > other), entry by entry. (*), (*) → (*) bool"""
    def greater_equal_(self, other: Value) -> Self: """y = (input ≥ other), entry by entry. (*), (*) → (*) bool"""
    def gt_(self, other: Value) -> Self: """y = (input > other), entry by entry. (*), (*) → (*) bool"""
    def heaviside_(self, values: Value) -> Self: """y = 0 where input < 0, `values` where it is 0, 1 where it is greater. (*), (*) → (*)"""
    def hypot_(self, other: Value) -> Self: """y = √(input² + other²), without overflow. (*), (*) → (*)"""
    def lcm_(self, other: Value) -> Self: """y = the least common multiple of two integers. (*), (*) → (*)"""
    def le_(self, other: Value) -> Self: """y = (input ≤ other), entry by entry. (*), (*) → (*) bool"""
    def lerp_(self, end: Value, weight: Value) -> Self: """y = input + weight · (end − input); weight is a number or a tensor. (*), (*), (*) → (*)"""
    def less_(self, other: Value) -> Self: """y = (input < other), entry by entry. (*), (*) → (*) bool"""
    def less_equal_(self, other: Value) -> Self: """y = (input ≤ other), entry by entry. (*), (*) → (*) bool"""
    def log_(self) -> Self: """y = ln input; −inf at 0, NaN below. (*) → (*)"""
    def log10_(self) -> Self: """y = log₁₀ input; −inf at 0, NaN below. (*) → (*)"""
    def log1p_(self) -> Self: """y = ln(1 + input), exact near 0; −inf at −1, NaN below. (*) → (*)"""
    def log2_(self) -> Self: """y = log₂ input; −inf at 0, NaN below. (*) → (*)"""
    def logical_and_(self, other: Value) -> Self: """y = input and other, where 0 is False and all else True. (*), (*) → (*) bool"""
    def logical_not_(self) -> Self: """y = (input = 0). (*) → (*) bool"""
    def logical_or_(self, other: Value) -> Self: """y = input or other, where 0 is False and all else True. (*), (*) → (*) bool"""
    def logical_xor_(self, other: Value) -> Self: """y = either input or other, not both. (*), (*) → (*) bool"""
    def logit_(self, eps: _float | None = None) -> Self: """y = ln(x / (1 − x)), the inverse of sigmoid; with `eps`, x is clamped to [eps, 1 − eps] first. NaN outside of [0, 1]. (*) → (*)"""
    def lt_(self, other: Value) -> Self: """y = (input < other), entry by entry. (*), (*) → (*) bool"""
    def mul_(self, other: Value) -> Self: """y = input · other, entry by entry, with broadcasting and type promotion. (*), (*) → (*)"""
    def multiply_(self, other: Value) -> Self: """y = input · other, entry by entry, with broadcasting and type promotion. (*), (*) → (*)"""
    def nan_to_num_(self, nan: _float | None = 0.0, posinf: _float | None = None, neginf: _float | None = None) -> Self: """y = input, with NaN, +∞ and −∞ replaced: by 0 and the greatest and smallest finite numbers of the dtype, if not said otherwise."""
    def ne_(self, other: Value) -> Self: """y = (input ≠ other), entry by entry. (*), (*) → (*) bool"""
    def neg_(self) -> Self: """y = −input. (*) → (*)"""
    def negative_(self) -> Self: """y = −input. (*) → (*)"""
    def not_equal_(self, other: Value) -> Self: """y = (input ≠ other), entry by entry. (*), (*) → (*) bool"""
    def pow_(self, exponent: Value) -> Self: """y = input^exponent; either may be a number. (*), (*) → (*)"""
    def rad2deg_(self) -> Self: """y = input · 180/π. (*) → (*)"""
    def reciprocal_(self) -> Self: """y = 1/input. (*) → (*)"""
    def relu_(self) -> Self: """y = max(0, input); the gradient at 0 is 0, NaN stays NaN. (*) → (*) [Nair and Hinton 2010]"""
    def remainder_(self, other: Value) -> Self: """y = input − other · ⌊input / other⌋, with the sign of other: Python's `%`. (*), (*) → (*)"""
    def round_(self, decimals: _int = 0) -> Self: """y = input rounded to `decimals` digits (negative ones round to tens, hundreds, …), halves to even; the gradient is 0. (*) → (*)"""
    def rsqrt_(self) -> Self: """y = 1/√input; inf at 0, NaN below. (*) → (*)"""
    def sgn_(self) -> Self: """y = −1, 0 or 1, the input's sign, and 0 for NaN; the gradient is 0. (*) → (*)"""
    def sigmoid_(self) -> Self: """y = 1 / (1 + e^−input). (*) → (*)"""
    def sign_(self) -> Self: """y = −1, 0 or 1, the input's sign, and 0 for NaN; the gradient is 0. (*) → (*)"""
    def sin_(self) -> Self: """y = sin input. (*) → (*)"""
    def sinc_(self) -> Self: """y = sin(πx) / (πx), 1 at 0. (*) → (*)"""
    def sinh_(self) -> Self: """y = (e^x − e^−x)/2. (*) → (*)"""
    def sqrt_(self) -> Self: """y = √input; NaN below 0. The gradient at 0 is inf. (*) → (*)"""
    def square_(self) -> Self: """y = input². (*) → (*)"""
    def squeeze_(self, dim: _int | Sequence[_int] | None = None) -> Self: """Without its dims of size 1 (or only those named)."""
    def sub_(self, other: Value, *, alpha: _float = 1) -> Self: """y = input − alpha · other, with broadcasting and type promotion. (*), (*) → (*)"""
    def subtract_(self, other: Value, *, alpha: _float = 1) -> Self: """y = input − alpha · other, with broadcasting and type promotion. (*), (*) → (*)"""
    def swapaxes_(self, dim0: _int, dim1: _int) -> Self: """Two dims exchanged; a view."""
    def swapdims_(self, dim0: _int, dim1: _int) -> Self: """Two dims exchanged; a view."""
    def t_(self) -> Self: """The transpose of a matrix (fewer than two dims: as it is)."""
    def tan_(self) -> Self: """y = tan input. (*) → (*)"""
    def tanh_(self) -> Self: """y = tanh input = (e^x − e^−x) / (e^x + e^−x). (*) → (*)"""
    def transpose_(self, dim0: _int, dim1: _int) -> Self: """Two dims exchanged; a view."""
    def tril_(self, diagonal: _int = 0) -> Self: """The lower triangle of the last two dims, zeros above."""
    def triu_(self, diagonal: _int = 0) -> Self: """The upper triangle of the last two dims, zeros below."""
    def true_divide_(self, other: Value, *, rounding_mode: _str | None = None) -> Self: """y = input / other; `rounding_mode` "trunc" or "floor" rounds the quotient (and takes no gradient). (*), (*) → (*)"""
    def trunc_(self) -> Self: """y = the whole part of input, rounded towards 0; the gradient is 0. (*) → (*)"""
    def unsqueeze_(self, dim: _int) -> Self: """With a new dim of size 1 at `dim`."""
    def xlogy_(self, other: Value) -> Self: """y = input · ln other, 0 where the input is 0 (but NaN where other is NaN). (*), (*) → (*)"""

class ScalarMethods:
    def __add__(self, other: Scalar | _float) -> Scalar: ...
    def __radd__(self, other: Scalar | _float) -> Scalar: ...
    def __sub__(self, other: Scalar | _float) -> Scalar: ...
    def __rsub__(self, other: Scalar | _float) -> Scalar: ...
    def __mul__(self, other: Scalar | _float) -> Scalar: ...
    def __rmul__(self, other: Scalar | _float) -> Scalar: ...
    def __truediv__(self, other: Scalar | _float) -> Scalar: ...
    def __rtruediv__(self, other: Scalar | _float) -> Scalar: ...
    def __pow__(self, other: Scalar | _float) -> Scalar: ...
    def __rpow__(self, other: Scalar | _float) -> Scalar: ...
    def __neg__(self) -> Scalar: ...
    def abs(self) -> Scalar: """y = |input|; the gradient at 0 is 0. (*) → (*)"""
    def absolute(self) -> Scalar: """y = |input|; the gradient at 0 is 0. (*) → (*)"""
    def acos(self) -> Scalar: """y = arccos input in [0, π]; NaN outside of [−1, 1]. (*) → (*)"""
    def acosh(self) -> Scalar: """y = arcosh input ≥ 0, the inverse of cosh; NaN below 1. (*) → (*)"""
    def arccos(self) -> Scalar: """y = arccos input in [0, π]; NaN outside of [−1, 1]. (*) → (*)"""
    def arccosh(self) -> Scalar: """y = arcosh input ≥ 0, the inverse of cosh; NaN below 1. (*) → (*)"""
    def arcsin(self) -> Scalar: """y = arcsin input in [−π/2, π/2]; NaN outside of [−1, 1]. (*) → (*)"""
    def arcsinh(self) -> Scalar: """y = arsinh input, the inverse of sinh. (*) → (*)"""
    def arctan(self) -> Scalar: """y = arctan input in (−π/2, π/2). (*) → (*)"""
    def arctan2(self, other: Scalar | _float) -> Scalar: """The angle of the point (other, input) in [−π, π]: arctan(input / other) in the right quadrant. (*), (*) → (*)"""
    def arctanh(self) -> Scalar: """y = artanh input, the inverse of tanh; ±inf at ±1, NaN outside of [−1, 1]. (*) → (*)"""
    def asin(self) -> Scalar: """y = arcsin input in [−π/2, π/2]; NaN outside of [−1, 1]. (*) → (*)"""
    def asinh(self) -> Scalar: """y = arsinh input, the inverse of sinh. (*) → (*)"""
    def atan(self) -> Scalar: """y = arctan input in (−π/2, π/2). (*) → (*)"""
    def atan2(self, other: Scalar | _float) -> Scalar: """The angle of the point (other, input) in [−π, π]: arctan(input / other) in the right quadrant. (*), (*) → (*)"""
    def atanh(self) -> Scalar: """y = artanh input, the inverse of tanh; ±inf at ±1, NaN outside of [−1, 1]. (*) → (*)"""
    def clone(self, memory_format: Any = None) -> Scalar: """A copy in its own memory; the gradient passes. (*) → (*)"""
    def cos(self) -> Scalar: """y = cos input. (*) → (*)"""
    def cosh(self) -> Scalar: """y = (e^x + e^−x)/2. (*) → (*)"""
    def eq(self, other: Scalar | _float) -> Scalar: """y = (input = other), entry by entry; NaN equals nothing. (*), (*) → (*) bool"""
    def erf(self) -> Scalar: """y = 2/√π ∫₀ˣ e^(−t²) dt. (*) → (*) [Cody 1969]"""
    def erfc(self) -> Scalar: """y = 1 − erf(input), without cancellation where erf is near 1. (*) → (*) [Cody 1969]"""
    def erfinv(self) -> Scalar: """The y with erf(y) = input; ±inf at ±1, NaN outside of [−1, 1]. (*) → (*)"""
    def exp(self) -> Scalar: """y = e^input. (*) → (*)"""
    def expm1(self) -> Scalar: """y = e^input − 1, exact near 0. (*) → (*)"""
    def ge(self, other: Scalar | _float) -> Scalar: """y = (input ≥ other), entry by entry. (*), (*) → (*) bool"""
    def greater(self, other: Scalar | _float) -> Scalar: """y = (input > other), entry by entry. (*), (*) → (*) bool"""
    def greater_equal(self, other: Scalar | _float) -> Scalar: """y = (input ≥ other), entry by entry. (*), (*) → (*) bool"""
    def gt(self, other: Scalar | _float) -> Scalar: """y = (input > other), entry by entry. (*), (*) → (*) bool"""
    def le(self, other: Scalar | _float) -> Scalar: """y = (input ≤ other), entry by entry. (*), (*) → (*) bool"""
    def less(self, other: Scalar | _float) -> Scalar: """y = (input < other), entry by entry. (*), (*) → (*) bool"""
    def less_equal(self, other: Scalar | _float) -> Scalar: """y = (input ≤ other), entry by entry. (*), (*) → (*) bool"""
    def log(self) -> Scalar: """y = ln input; −inf at 0, NaN below. (*) → (*)"""
    def log10(self) -> Scalar: """y = log₁₀ input; −inf at 0, NaN below. (*) → (*)"""
    def log1p(self) -> Scalar: """y = ln(1 + input), exact near 0; −inf at −1, NaN below. (*) → (*)"""
    def log2(self) -> Scalar: """y = log₂ input; −inf at 0, NaN below. (*) → (*)"""
    def lt(self, other: Scalar | _float) -> Scalar: """y = (input < other), entry by entry. (*), (*) → (*) bool"""
    def maximum(self, other: Scalar | _float) -> Scalar: """y = max(input, other); NaN where either is NaN. Where they are equal, each takes half the gradient. (*), (*) → (*)"""
    def minimum(self, other: Scalar | _float) -> Scalar: """y = min(input, other); NaN where either is NaN. Where they are equal, each takes half the gradient. (*), (*) → (*)"""
    def mul(self, other: Scalar | _float) -> Scalar: """y = input · other, entry by entry, with broadcasting and type promotion. (*), (*) → (*)"""
    def multiply(self, other: Scalar | _float) -> Scalar: """y = input · other, entry by entry, with broadcasting and type promotion. (*), (*) → (*)"""
    def ne(self, other: Scalar | _float) -> Scalar: """y = (input ≠ other), entry by entry. (*), (*) → (*) bool"""
    def neg(self) -> Scalar: """y = −input. (*) → (*)"""
    def negative(self) -> Scalar: """y = −input. (*) → (*)"""
    def not_equal(self, other: Scalar | _float) -> Scalar: """y = (input ≠ other), entry by entry. (*), (*) → (*) bool"""
    def reciprocal(self) -> Scalar: """y = 1/input. (*) → (*)"""
    def relu(self) -> Scalar: """y = max(0, input); the gradient at 0 is 0, NaN stays NaN. (*) → (*) [Nair and Hinton 2010]"""
    def remainder(self, other: Scalar | _float) -> Scalar: """y = input − other · ⌊input / other⌋, with the sign of other: Python's `%`. (*), (*) → (*)"""
    def sgn(self) -> Scalar: """y = −1, 0 or 1, the input's sign, and 0 for NaN; the gradient is 0. (*) → (*)"""
    def sigmoid(self) -> Scalar: """y = 1 / (1 + e^−input). (*) → (*)"""
    def sign(self) -> Scalar: """y = −1, 0 or 1, the input's sign, and 0 for NaN; the gradient is 0. (*) → (*)"""
    def sin(self) -> Scalar: """y = sin input. (*) → (*)"""
    def sinh(self) -> Scalar: """y = (e^x − e^−x)/2. (*) → (*)"""
    def sqrt(self) -> Scalar: """y = √input; NaN below 0. The gradient at 0 is inf. (*) → (*)"""
    def tan(self) -> Scalar: """y = tan input. (*) → (*)"""
    def tanh(self) -> Scalar: """y = tanh input = (e^x − e^−x) / (e^x + e^−x). (*) → (*)"""
