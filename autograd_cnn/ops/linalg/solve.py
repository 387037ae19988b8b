"""Linear equations: inverse, determinant, solution, the Cholesky factor; over the last two dims, all before them are batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.variable import dtype_of, shape_of
from ...errors import expected
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.kinds import real_only
from ...types.promotion import Array
from ..registry import return_types
from ..registry.derived import derived, sure
from ..registry.expose import expose
from ..shape.diagonals import tril
from ..shape.shape import unsqueeze
from .matrix_products import _matmul, _swapped

LinAlgError = np.linalg.LinAlgError


def square(operation: str, x: Any) -> None:
    """RuntimeError unless x is a batch of square matrices of floating-point numbers."""
    shape = shape_of(x)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise RuntimeError(f"{operation}: A must be batches of square matrices, got a tensor of shape {list(shape)}")


def symmetric(A: Array) -> Array:
    """½ (A + Aᵀ): A itself where it is symmetric. So the derivative is that of what is computed, and symmetric as PyTorch's."""
    return (A + np.swapaxes(A, -1, -2)) / 2


@primitive(label="symmetric", family="linalg", real=True)
def mirrored(A: Array, *, upper: bool = False) -> Array:
    """The symmetric matrix whose lower (upper) triangle is that of A, as LAPACK reads it   (…, n, n) → (…, n, n)"""
    half = np.triu(A) if upper else np.tril(A)
    return half + np.swapaxes(np.triu(A, 1) if upper else np.tril(A, -1), -1, -2)


@mirrored.vjp("A")
def _(g: Array) -> Array:
    return 0.5 * (g + _swapped(g))  # along symmetric changes of A, of which both entries are the same: PyTorch's convention


@mirrored.onnx
def _(to: Emit, A: Any, *, upper: bool) -> Any:
    n = len(A.shape)
    strictly = to.Trilu(A, to.const(1 if upper else -1, np.int64), upper=int(upper))
    return to.Add(to.Trilu(A, upper=int(upper)), to.Transpose(strictly, perm=[*range(n - 2), n - 1, n - 2]))


@mirrored.cases
def _(draw: Draw) -> Case:
    n = draw.integer(1, 3)
    return Case(draw.array((n, n)), upper=draw.boolean(), smooth=False)  # single entries are no symmetric changes


def _near_identity(draw: Draw, n: int) -> Array:
    """A matrix that is far from singular."""
    batch = draw.choice([(), (2,)])
    return draw.array((*batch, n, n), low=-0.3, high=0.3) + 2.0 * np.eye(n)


def regular_case(draw: Draw) -> Case:
    """One matrix, or two, that can be inverted."""
    return Case(_near_identity(draw, draw.integer(1, 3)), tolerance=10)


@primitive(label="A⁻¹", name="inv", family="linalg", derivative="−A⁻ᵀ g A⁻ᵀ")
def _inv(A: Array) -> Array:
    """y = A⁻¹   (…, n, n) → (…, n, n)"""
    square("linalg.inv", A)
    return np.linalg.inv(A)


_inv.source("np.linalg.inv(A)")


@_inv.vjp("A")
def _(g: Array, y: Array) -> Array:
    t = _swapped(y)
    return -_matmul(_matmul(t, g), t)


_inv.cases(regular_case)


@_inv.bad_cases
def _() -> Any:
    yield Bad(np.ones((2, 3)), error=RuntimeError, match="must be batches of square matrices")
    yield Bad(np.ones((2, 2)), error=LinAlgError, match="Singular matrix")


def inv(input: Array) -> Array:
    """The inverse of a matrix, or of each in a batch.   (…, n, n) → (…, n, n)

    Raises:
        linalg.LinAlgError: a singular matrix.

    >>> import autograd_cnn as ac
    >>> ac.tensor([[2., 0.], [0., 4.]]).inverse()
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return _inv(input)


@expose("function method")
def inverse(input: Array) -> Array:
    """The same as `inv`.

    >>> import autograd_cnn as ac
    >>> ac.inverse(ac.tensor([[2., 0.], [0., 4.]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return inv(input)


@primitive(label="log |det|", name="slogdet", family="linalg", outputs=("sign", "logabsdet"), several=True)
def _slogdet(A: Array) -> tuple[Array, Array]:
    """Sign and logarithm of the determinant's magnitude   (…, n, n) → (…), (…)"""
    square("linalg.slogdet", A)
    sign, logabsdet = np.linalg.slogdet(A)
    return np.asarray(sign), np.asarray(logabsdet)


_slogdet.source("np.linalg.slogdet(A)")


@_slogdet.vjp("A")
def _(g: Any, A: Array) -> Array:
    arrived = g[1] if g[1] is not None else 0.0 * g[0]  # the sign is constant wherever the determinant has a logarithm
    return unsqueeze(unsqueeze(arrived, -1), -1) * _swapped(_inv(A))


@_slogdet.onnx
def _(to: Emit, A: Any) -> Any:
    size = to.Det(A)
    return to.Sign(size), to.Log(to.Abs(size))


_slogdet.cases(regular_case)


@expose("function method")
def slogdet(input: Array) -> return_types.slogdet:
    """(sign, log |det|): safe where the determinant itself would overflow.   (…, n, n) → (…), (…)

    >>> import autograd_cnn as ac
    >>> ac.slogdet(ac.tensor([[0., 1.], [1., 0.]])).sign
    tensor(-1.)
    """
    return return_types.slogdet(*_slogdet(input))


@primitive(label="det", name="det", family="linalg", derivative="det A · A⁻ᵀ")
def _det(A: Array) -> Array:
    """y = det A   (…, n, n) → (…)"""
    square("linalg.det", A)
    return np.asarray(np.linalg.det(A), A.dtype)


@_det.vjp("A")
def _(g: Array, A: Array, y: Array) -> Array:
    return unsqueeze(unsqueeze(g * y, -1), -1) * _swapped(_inv(A))


_det.source("np.linalg.det(A)")
_det.onnx("Det")


_det.cases(regular_case)


@expose("function method")
def det(input: Array) -> Array:
    """The determinant of a matrix, or of each in a batch.   (…, n, n) → (…)

    The derivative needs the inverse: it raises for singular matrices.

    >>> import autograd_cnn as ac
    >>> ac.det(ac.tensor([[1., 2.], [3., 4.]]))
    tensor(-2.)
    """
    return _det(input)


@expose("function method")
def logdet(input: Array) -> Array:
    """log det; NaN for a negative determinant, −∞ for 0.   (…, n, n) → (…)

    >>> import autograd_cnn as ac
    >>> ac.logdet(ac.eye(2))
    tensor(0.)
    """
    real_only("logdet", input)
    sign, logabsdet = _slogdet(input)
    return logabsdet if sure(_not_negative, sign) else logabsdet + derived(_nan_where_negative, sign)


def _not_negative(sign: Array) -> bool:
    return not np.any(sign < 0)


def _nan_where_negative(sign: Array) -> Array:
    return np.where(sign < 0, sign.dtype.type(np.nan), sign.dtype.type(0))


@primitive(label="A⁻¹ B", name="solve", family="linalg", derivative="A⁻ᵀ g")
def _solve(A: Array, B: Array) -> Array:
    """X with A X = B   (…, n, n), (…, n, k) → (…, n, k)"""
    square("linalg.solve", A)
    return np.linalg.solve(A, B)


_solve.source("np.linalg.solve(A, B)")


@_solve.vjp("A", "B")
def _(g: Array, A: Array, y: Array) -> tuple[Array, Array]:
    gB = _solve(_swapped(A), g)
    return -_matmul(gB, _swapped(y)), gB


@_solve.cases
def _(draw: Draw) -> Case:
    A = _near_identity(draw, draw.integer(1, 3))
    return Case(A, draw.array((*A.shape[:-1], draw.integer(1, 3))), tolerance=10)


def solve(A: Array, B: Array, *, left: bool = True) -> Array:
    """X with A X = B (X A = B with `left=False`); B may be a vector.   (…, n, n), (…, n, k) or (n) → as B

    Raises:
        linalg.LinAlgError: a singular matrix.

    >>> import autograd_cnn as ac
    >>> ac.linalg.solve(ac.tensor([[2., 0.], [0., 4.]]), ac.tensor([2., 2.]))
    tensor([1.0000, 0.5000])
    """
    a, b = shape_of(A), shape_of(B)
    if len(b) == len(a) - 1 and b == a[:-1]:  # one vector for each matrix
        return _solve(A if left else _swapped(A), unsqueeze(B, -1))[..., 0]
    if not left:
        return _swapped(_solve(_swapped(A), _swapped(B)))
    return _solve(A, B)


def solve_triangular(A: Array, B: Array, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Array:
    """X with A X = B, where only one triangle of A counts (`unitriangular`: with ones on its diagonal).   (…, n, n), (…, n, k) → (…, n, k)

    >>> import autograd_cnn as ac
    >>> ac.linalg.solve_triangular(ac.tensor([[2., 9.], [0., 4.]]), ac.tensor([[2.], [4.]]), upper=False)
    tensor([[1.],
            [1.]])
    """
    part = _swapped(tril(_swapped(A), 0 - unitriangular)) if upper else tril(A, 0 - unitriangular)
    if unitriangular:
        part = part + np.eye(shape_of(A)[-1], dtype=dtype_of(A))
    return solve(part, B, left=left)


@primitive(label="Cholesky", name="cholesky", family="linalg")
def _cholesky(A: Array) -> Array:
    """L lower triangular with L Lᵀ = ½ (A + Aᵀ)   (…, n, n) → (…, n, n)"""
    square("linalg.cholesky", A)
    return np.linalg.cholesky(symmetric(A))


@_cholesky.vjp("A")
def _(g: Array, y: Array) -> Array:
    product = _matmul(_swapped(y), g)
    inside = 0.5 * (tril(product) + tril(product, -1))  # the lower triangle, its diagonal halved
    back = _inv(y)
    found = _matmul(_matmul(_swapped(back), inside), back)
    return 0.5 * (found + _swapped(found))


@_cholesky.cases
def _(draw: Draw) -> Case:
    A = _near_identity(draw, draw.integer(1, 3))
    return Case(A @ np.swapaxes(A, -1, -2), tolerance=10)


@_cholesky.bad_cases
def _() -> Any:
    yield Bad(-np.eye(2), error=LinAlgError, match="not positive definite")


def cholesky(input: Array, *, upper: bool = False) -> Array:
    """The factor L of a symmetric positive definite A = L Lᵀ (or Lᵀ with `upper`).   (…, n, n) → (…, n, n)

    Only the lower triangle of A is read (with `upper` the upper one); the gradient is that along symmetric changes.

    Raises:
        linalg.LinAlgError: a matrix that is not positive definite.

    >>> import autograd_cnn as ac
    >>> ac.linalg.cholesky(ac.tensor([[4., 2.], [2., 5.]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    square("linalg.cholesky", input)
    lower = _cholesky(mirrored(input, upper=bool(upper)))
    return _swapped(lower) if upper else lower


def matrix_power(input: Array, n: int) -> Array:
    """The n-th power of a matrix, of its inverse for n < 0.   (…, m, m) → (…, m, m)

    >>> import autograd_cnn as ac
    >>> ac.linalg.matrix_power(ac.tensor([[1., 1.], [0., 1.]]), 3)
    tensor([[1., 3.],
            [0., 1.]])
    """
    square("linalg.matrix_power", input)
    if not isinstance(n, int):
        raise TypeError(expected("matrix_power", "a whole number n", repr(n)))
    base, left = (_inv(input), -n) if n < 0 else (input, n)
    size = shape_of(input)[-1]
    power = input * 0 + np.eye(size, dtype=dtype_of(input))
    while left:
        if left & 1:
            power = _matmul(power, base)
        left >>= 1
        if left:
            base = _matmul(base, base)
    return power
