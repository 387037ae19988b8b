"""Sampled functions: their integrals and slopes, and how samples vary together."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np

from ...engine.complaints import as_number
from ...engine.variable import dtype_of, ndim_of, shape_of, unbox
from ...errors import ShapeError, expected
from ...types.kinds import real_only
from ...types.promotion import Array, get_default_dtype
from ..elementwise.clamp import _clamp
from ..elementwise.exponential import sqrt
from ..index.index import select_view
from ..linalg.matrix_products import matmul
from ..registry.derived import derived
from ..registry.dims import normal_dim, normal_dims
from ..registry.expose import expose
from ..shape.join import cat
from ..shape.shape import transpose
from .cumulative import cumsum
from .reduce import as_dtype, mean
from .reduce import sum as total


def _between(x: Any, dim: int, start: int | None, stop: int | None) -> Any:
    return select_view(x, at=((slice(None),) * dim + (slice(start, stop), Ellipsis)))


def _strips(operation: str, y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    """The area of each strip between two neighbours: half the sum of their heights times the distance."""
    d = normal_dim(dim, ndim_of(y), operation)
    heights = _between(y, d, 1, None) + _between(y, d, None, -1)
    if x is None:
        return heights * (dx / 2 if isinstance(dx, int | float) else dx * 0.5), d
    if len(shape_of(x)) == 1:
        if shape_of(x)[0] != shape_of(y)[d]:
            raise ShapeError(f"{operation}: There must be one `x` value for each sample point: got {shape_of(x)[0]} for {shape_of(y)[d]}")
        widths = (_between(x, 0, 1, None) - _between(x, 0, None, -1)).reshape((-1,) + (1,) * (len(shape_of(y)) - d - 1))
    else:
        at = d + len(shape_of(x)) - len(shape_of(y))
        widths = _between(x, at, 1, None) - _between(x, at, None, -1)
    return heights * widths * 0.5, d


@expose("function")
def trapezoid(y: Array, x: Array | None = None, *, dx: float = 1, dim: int = -1) -> Array:
    """∫ y along `dim` by the trapezoidal rule: Σ ½ (yᵢ + yᵢ₊₁) (xᵢ₊₁ − xᵢ), with samples `dx` apart if no x is given.

    Raises:
        RuntimeError: x has another number of samples.

    >>> import autograd_cnn as ac
    >>> ac.trapezoid(ac.tensor([1., 5., 10.]))
    tensor(10.5000)
    """
    d = normal_dim(dim, ndim_of(y), "trapezoid")
    if x is None and shape_of(y)[d]:  # infinities meet as in PyTorch: ∞ − ∞ where one stands at an end
        ends = select_view(y, at=((slice(None),) * d + (0, Ellipsis))) + select_view(y, at=((slice(None),) * d + (-1, Ellipsis)))
        return (total(y, d) - ends * 0.5) * dx
    return total(_strips("trapezoid", y, x, dx, dim)[0], d)


@expose("function")
def trapz(y: Array, x: Array | None = None, *, dx: float = 1, dim: int = -1) -> Array:
    """The same as `trapezoid`.

    >>> import autograd_cnn as ac
    >>> ac.trapz(ac.tensor([1., 5., 10.]))
    tensor(10.5000)
    """
    return trapezoid(y, x, dx=dx, dim=dim)


@expose("function")
def cumulative_trapezoid(y: Array, x: Array | None = None, *, dx: float = 1, dim: int = -1) -> Array:
    """∫ y from the first sample to each further one along `dim`, by the trapezoidal rule: one entry less than y.

    >>> import autograd_cnn as ac
    >>> ac.cumulative_trapezoid(ac.tensor([1., 5., 10.]))
    tensor([ 3.0000, 10.5000])
    """
    strips, d = _strips("cumulative_trapezoid", y, x, dx, dim)
    return cumsum(strips, d)


@expose("function")
def gradient(input: Array, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Array, ...]:
    """The slope of sampled values along each of `dim` (all by default): central differences within, of second order also where the samples
    are unevenly spaced; one-sided at the edges (of order `edge_order`, 1 or 2).

    Args:
        spacing: the distance of the samples; or one for each dim; or the coordinates of the samples, a vector for each dim.

    Raises:
        RuntimeError: fewer than edge_order + 1 samples, or a spacing that does not match.

    >>> import autograd_cnn as ac
    >>> ac.gradient(ac.tensor([1., 2., 4., 7.]))
    (tensor([1.0000, 1.5000, 2.5000, 3.0000]),)
    """
    n = ndim_of(input)
    dims = range(n) if dim is None else normal_dims(dim, n, "gradient")
    if edge_order not in (1, 2):
        raise RuntimeError(f"torch.gradient only supports edge_order=1 and edge_order=2, got {edge_order}.")
    spacing = 1 if spacing is None else spacing
    each = list(spacing) if isinstance(spacing, list | tuple) else [spacing] * len(dims)
    if len(each) != len(dims):
        raise RuntimeError(
            f"torch.gradient expected spacing to be unspecified, a scalar, or it's spacing and dim arguments to have the same length, "
            f"but got a spacing argument of length {len(each)} and a dim argument of length {len(dims)}."
        )
    return tuple(_slope(input, d, s, edge_order) for d, s in zip(dims, each, strict=True))


def _slope(x: Any, d: int, spacing: Any, edge_order: int) -> Any:
    n = shape_of(x)[d]
    if n <= edge_order:
        raise RuntimeError(f"torch.gradient expected each dimension size to be at least edge_order+1: got size {n} along dim {d}")
    given = np.shape(unbox(as_number("gradient", "spacing", spacing)))
    if given and given != (n,):
        raise RuntimeError(f"torch.gradient expected {n} coordinates along dim {d}, got shape {list(given)}")
    tall = (-1,) + (1,) * (len(shape_of(x)) - d - 1)
    kind = dtype_of(x) if dtype_of(x).kind == "f" else np.dtype(np.float32)

    def combined(weights: Any, starts: Any, count: int = 1) -> Any:  # Σ w · the entries that begin there
        y: Any = None
        for k, s in enumerate(starts):
            part = _between(x, d, s, s + count) * derived(partial(_weight, weights, k, n, kind, tall), spacing)
            y = part if y is None else y + part
        return y

    first, last = (_two_at_first, _two_at_last) if edge_order == 1 else (_three_at_first, _three_at_last)
    left, right = combined(first, range(edge_order + 1)), combined(last, range(n - 1 - edge_order, n))
    return cat([left, right] if n == 2 else [left, combined(_around, (0, 1, 2), n - 2), right], d)


def _weight(weights: Any, k: int, n: int, kind: Any, tall: tuple[int, ...], spacing: Any) -> Any:
    """The k-th of the weights for the steps between the coordinates, or of one width."""
    given = np.asarray(spacing)
    return np.asarray(weights(np.diff(given if given.ndim else np.arange(n) * given).astype(kind))[k], kind).reshape(tall)


def _two_at_first(h: Any) -> tuple[Any, ...]:
    return -1 / h[0], 1 / h[0]


def _two_at_last(h: Any) -> tuple[Any, ...]:
    return -1 / h[-1], 1 / h[-1]


def _three_at_first(h: Any) -> tuple[Any, ...]:
    a, b = h[0], h[1]
    return -(2 * a + b) / (a * (a + b)), (a + b) / (a * b), -a / (b * (a + b))


def _three_at_last(h: Any) -> tuple[Any, ...]:
    a, b = h[-2], h[-1]
    return b / (a * (a + b)), -(a + b) / (a * b), (2 * b + a) / (b * (a + b))


def _around(h: Any) -> tuple[Any, ...]:
    a, b = h[:-1], h[1:]
    return -b / (a * (a + b)), (b - a) / (a * b), a / (b * (a + b))


@expose("function method")
def cov(input: Array, *, correction: int = 1, fweights: Array | None = None, aweights: Array | None = None) -> Array:
    """The covariances of the rows (variables) over the columns (observations): y_ij = Σ_k w_k (x_ik − mean_i)(x_jk − mean_j) / (Σ w −
    correction).   (V, N) → (V, V); of a vector its variance.

    Args:
        fweights: how often each observation counts, whole numbers. aweights: how much each counts; both multiply.

    Raises:
        RuntimeError: more than two dims, or weights that do not match.

    >>> import autograd_cnn as ac
    >>> ac.cov(ac.tensor([[0., 1., 2.], [2., 1., 0.]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    n = ndim_of(input)
    if n > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {n} dimensions")
    if dtype_of(input).kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    real_only("cov", input)
    x = input if dtype_of(input).kind == "f" else as_dtype(input, get_default_dtype())
    x = x if n == 2 else x.reshape((1, -1))
    count = shape_of(x)[1]
    w: Any = None
    for name, given, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
        if given is None:
            continue
        raw = unbox(given)
        if raw.ndim > 1 or raw.size != count:
            raise RuntimeError(expected("cov()", f"{name} to have one dim and {count} entries", f"{list(raw.shape)}"))
        if raw.dtype.kind not in kinds:
            raise RuntimeError(
                f"cov(): expected {name} to have {'integral' if kinds == 'iu' else 'floating point'} dtype but got {raw.dtype}"
            )
        if raw.size and raw.min() < 0:
            raise RuntimeError(f"cov(): {name} cannot be negative, got {raw.min()}")
        w = given if w is None else w * given
    if w is None:
        centred = x - mean(x, 1, keepdim=True)
        centred, freedom, norm = centred - mean(centred, 1, keepdim=True), count - correction, None  # of the first the rounding remains
        weighted = centred
    else:
        norm = total(w)
        centred = x - total(x * w, 1, keepdim=True) / norm
        weighted = centred * w
        freedom = norm - correction if aweights is None else norm - correction * total(w * aweights) / norm if correction else norm
    if norm is None and freedom <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.", stacklevel=2
        )
    least = max(freedom, 0) if norm is None else _clamp(freedom, min=0)
    y = matmul(centred, transpose(weighted, 0, 1))
    y = y / least if norm is not None or least else y / dtype_of(y).type(0)
    return y.reshape(()) if shape_of(y) == (1, 1) else y


@expose("function method")
def corrcoef(input: Array) -> Array:
    """The correlations of the rows (variables) over the columns (observations): cov_ij / √(cov_ii cov_jj), kept in [−1, 1].
    (V, N) → (V, V)

    >>> import autograd_cnn as ac
    >>> ac.corrcoef(ac.tensor([[0., 1., 2.], [2., 1., 0.]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if ndim_of(input) > 2:
        raise RuntimeError(f"corrcoef(): expected input to have two or fewer dimensions but got {ndim_of(input)}")
    from ..shape.diagonals import diagonal

    c = cov(input)
    if not shape_of(c):
        return c / c
    s = sqrt(diagonal(c))
    return _clamp(c / s.reshape((-1, 1)) / s, min=-1.0, max=1.0)
