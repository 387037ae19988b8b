"""Local response normalisation, and vectors of length 1."""

from __future__ import annotations

import math
from typing import Any

from ...engine.variable import ndim_of, shape_of
from ...errors import ShapeError, expected
from ...kernels.reference import normalization as kernel
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.promotion import Array
from ..registry.expose import expose


@primitive(label="local response norm", family="norm", real=True, outputs=("y", "base"), name="local_response_norm")
def _lrn(input: Array, *, size: int, alpha: float, beta: float, k: float) -> tuple[Array, Array]:
    """y_c = x_c / (k + α/n · Σ x²)^β over the n channels around c.   (N, C, *) → (N, C, *)"""
    return kernel.local_response_norm_forward(input, size, alpha, beta, k)


@_lrn.vjp("input")
def _(g: Array, input: Array, base: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    return _lrn_adjoint(g, input, base, size=size, alpha=alpha, beta=beta, k=k)


@primitive(label="local response norm ∂input", family="norm", name="local_response_norm_adjoint")
def _lrn_adjoint(input: Array, x: Array, base: Array | None = None, *, size: int, alpha: float, beta: float, k: float) -> Array:
    """y = g · b^−β − 2αβ/n · x · Σ g · x · b^(−β−1), g the input, over the channels whose window has this one; b, the base, is x's own, and
    is given where it is known already"""
    if base is None:
        _, base = kernel.local_response_norm_forward(x, size, alpha, beta, k)
    return kernel.local_response_norm_adjoint(input, x, base, size, alpha, beta)


@_lrn_adjoint.vjp("input", "x")
def _(g: Array, input: Array, x: Array, size: int, alpha: float, beta: float, k: float, need: tuple[bool, ...]) -> tuple[Array | None, ...]:
    base = _neighbours(x * x, size) * (alpha / size) + k
    power, c = base**-beta, 2 * alpha * beta / size
    r = power / base
    near = _neighbours(x * g, size)
    gx = None
    if need[1]:
        inner = (c * (beta + 1) * near * x / base - beta * g) * r * input
        gx = 2 * alpha / size * x * _neighbours(inner, size, adjoint=True)
        gx = gx - c * (g * _neighbours(x * r * input, size, adjoint=True) + near * r * input)
    return g * power - c * x * r * near if need[0] else None, gx


def _neighbours(x: Any, size: int, adjoint: bool = False) -> Any:
    """The sum over the window of channels around each: from size // 2 before it; the adjoint's window is mirrored."""
    from ..index.index import select_view
    from ..shape.arrange import pad_constant

    before, after = size // 2, (size - 1) // 2
    if adjoint:
        before, after = after, before
    c = shape_of(x)[1]
    rest = ((0, 0),) * (ndim_of(x) - 2)
    wide = pad_constant(x, widths=((0, 0), (before, after), *rest))
    y = select_view(wide, at=(slice(None), slice(0, c), Ellipsis))
    for i in range(1, size):
        y = y + select_view(wide, at=(slice(None), slice(i, i + c), Ellipsis))
    return y


@_lrn.cases
def _(draw: Draw) -> Case:
    x = draw.array((2, draw.integer(1, 5), 2))
    return Case(x, size=draw.integer(1, 5), alpha=draw.real(0.1, 1.0), beta=0.75, k=draw.choice([1.0, 2.0]))


@_lrn.onnx
def _(to: Emit, input: Any, *, size: Any, alpha: Any, beta: Any, k: Any) -> Any:
    if size % 2 and len(input.shape) == 4:
        return to.LRN(input, size=size, alpha=float(alpha), beta=float(beta), bias=float(k)), None
    n, c, rest = input.shape[0], input.shape[1], math.prod(input.shape[2:])  # of an even window ONNX has the middle elsewhere
    padded = to.Pad(to.reshape(to.Mul(input, input), (n, 1, c, rest)), [0, 0, size // 2, 0, 0, 0, (size - 1) // 2, 0])
    mean = to.reshape(to.AveragePool(padded, kernel_shape=(size, 1), strides=(1, 1)), input.shape)
    return to.Div(input, to.Pow(to.Add(to.Mul(mean, float(alpha)), float(k)), float(beta))), None


@_lrn_adjoint.cases
def _(draw: Draw) -> Case:
    x = draw.array((2, draw.integer(1, 5), 2), low=-2.0, high=2.0)
    params: dict[str, Any] = {"size": draw.integer(1, 5), "alpha": draw.real(0.1, 1.0), "beta": 0.75, "k": draw.choice([1.0, 2.0])}
    g = draw.array(x.shape, low=-2.0, high=2.0)
    if draw.boolean():  # x's own base stays where it is when x moves: no derivative to test
        return Case(g, x, _lrn.forward(x, **params)[1], smooth=False, **params)
    return Case(g, x, **params)


@expose("functional")
def local_response_norm(input: Array, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Array:
    """y_c = x_c / (k + α/size · Σ x²)^β, summed over the `size` channels around c (from size // 2 before it).   (N, C, *) → (N, C, *)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.local_response_norm(ac.ones(1, 2, 1), 2, alpha=2., beta=1., k=0.).flatten()
    tensor([1.0000, 0.5000])

    Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 3.3.
    """
    if ndim_of(input) < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {ndim_of(input)} dimensions) in local_response_norm")
    if size < 1:
        raise ShapeError(expected("local_response_norm", "a window of at least one channel", size))
    return _lrn(input, size=size, alpha=alpha, beta=beta, k=k)[0]


@expose("functional")
def normalize(input: Array, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Array:
    """x / max(‖x‖_p, eps) along `dim`.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.normalize(ac.tensor([[3., 4.]]))
    tensor([[0.6000, 0.8000]])
    """
    from ..elementwise.clamp import clamp
    from ..reduce.statistics import norm

    return input / clamp(norm(input, p, dim, True), min=eps)
