"""Losses of regression: a distance of two tensors, entry by entry, then averaged, added up, or left as it is.

Each is one primitive that keeps its two arguments and nothing of its own.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...engine.variable import shape_of
from ...errors import expected
from ...kernels.reference.sums import add_up
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, narrow, summed
from ...types.kinds import float_only
from ...types.promotion import Array, align
from ..elementwise.clamp import _clamp
from ..elementwise.rounding import sign
from ..reduce.reduce import _mean, _sum
from ..registry.expose import expose

REDUCTIONS = ("none", "mean", "sum")


def chosen_reduction(reduction: str, size_average: bool | None = None, reduce: bool | None = None, *, operation: str) -> str:
    """The reduction asked for, also by PyTorch's old arguments `size_average` and `reduce` (which warn)."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.", stacklevel=3)
    if reduction == "elementwise_mean":  # its name before "mean"
        warnings.warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=3)
        reduction = "mean"
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction: {operation} expected 'none', 'mean' or 'sum'.")
    return reduction


def reduced(x: Array, reduction: str) -> Array:
    """A loss's entries (raw), averaged, added up, or as they are."""
    if reduction == "none":
        return x
    y = add_up(x)
    if reduction == "mean":
        y = y / x.size if x.size else y * math.nan
    return y.astype(x.dtype, copy=False)


def reduce_to(x: Any, reduction: str) -> Any:
    """The same for what stays in the graph."""
    return x if reduction == "none" else _mean(x) if reduction == "mean" else _sum(x)


def share(g: Array, reduction: str, *shapes: tuple[int, ...]) -> Array:
    """The gradient of one entry of a loss whose arguments have these shapes: of a mean the n-th part."""
    if reduction != "mean":
        return g
    return g / (math.prod(np.broadcast_shapes(*shapes)) or 1)


def warn_of_sizes(input: Any, target: Any, operation: str) -> None:
    """PyTorch's warning when a loss's arguments have different shapes and will broadcast."""
    a, b = shape_of(input), shape_of(target)
    if a != b:
        warnings.warn(
            f"Using a target size ({spoken(b)}) that is different to the input size ({spoken(a)}) in {operation}. "
            "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )


def spoken(shape: tuple[int, ...]) -> str:
    """A shape as PyTorch's messages write it."""
    return f"torch.Size({list(shape)})"


def weighted(x: Any, weight: Any, reduction: str, operation: str, of_weights: bool = True) -> Any:
    """Entries times their weights; the mean divided by the sum of the weights, or by the count."""
    if shape_of(x) != shape_of(weight):
        raise ValueError(
            f"Weights and input must have the same size: {operation} expected weights of {spoken(shape_of(x))}, "
            f"got {spoken(shape_of(weight))}."
        )
    y = x * weight
    if reduction == "mean" and of_weights:
        return _sum(y) / _sum(weight)
    return reduce_to(y, reduction)


def draw_reduction(draw: Draw) -> str:
    """For cases: one of the reductions."""
    return draw.choice(REDUCTIONS)


def _apart(draw: Draw, *kinks: float) -> Case:
    """Input and target whose differences keep away from the kinks (0 among them)."""
    a, b = draw.shapes(2)
    x, t = draw.array(a), draw.array(b)
    d = x - t
    near = np.zeros(d.shape, bool)
    for kink in (0.0, *kinks):
        near |= np.abs(np.abs(d) - kink) < 0.02
    return Case(x + 10.0 if near.any() else x, t, reduction=draw_reduction(draw))


# ------------------------------------------------------------------------------------------------- squared error
@primitive(name="mse_loss", label="MSE", family="loss", derivative="2(x − t)/n")
def _mse(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    """L = mean (input − target)²"""
    d = float_only(np.subtract(*align(input, target)), "mse_loss")
    return reduced(np.multiply(d, d), reduction)


@_mse.source
def _(input: Operand, reduction: str) -> str | None:
    return None if narrow(input) else summed("(input - target) ** 2", reduction)


@_mse.vjp("input", "target")
def _(
    g: Array, input: Array, target: Array, input_shape: Any, target_shape: Any, reduction: str, need: Any
) -> tuple[Array | None, Array | None]:
    gx = share(g, reduction, input_shape, target_shape) * 2 * (input - target)
    return gx if need[0] else None, -gx if need[1] else None


@_mse.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b), reduction=draw_reduction(draw))


@_mse.bad_cases
def _() -> Any:
    yield Bad(np.ones(3), np.ones(2), error=RuntimeError, match="must match the size")


@_mse.onnx
def _(to: Emit, input: Any, target: Any, *, reduction: Any) -> Any:
    d = to.Sub(*to.alike(input, target))
    return to.reduced(to.Mul(d, d), reduction)


@expose("functional")
def mse_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Array | None = None,
) -> Array:
    """L = (1/n) Σ (input − target)²; with reduction 'sum' without 1/n, with 'none' the entries.   (*), (*) → () or (*)

    `weight` multiplies the entries; the mean is then divided by the sum of the weights.
    Warns if the sizes differ (they broadcast). Raises ValueError for an unknown reduction.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.mse_loss(ac.tensor([1., 2.]), ac.tensor([0., 0.]))
    tensor(2.5000)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="mse_loss")
    warn_of_sizes(input, target, "mse_loss")
    if weight is not None:
        return weighted(_mse(input, target, reduction="none"), weight, how, "mse_loss")
    return _mse(input, target, reduction=how)


# ------------------------------------------------------------------------------------------------- absolute error
@primitive(name="l1_loss", label="L1", family="loss", outputs=("y", "error"), derivative="sign(x − t)/n")
def _l1(input: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Array]:
    """L = mean |error|, error = input − target. It alone is kept: input and target may be overwritten, as in PyTorch."""
    if reduction == "mean":
        float_only(input, "l1_loss")
    error = np.subtract(*align(input, target))
    return reduced(np.abs(error), reduction), error


@_l1.source
def _(input: Operand, reduction: str) -> str | None:
    return None if narrow(input) else f"error = input - target\n({summed('np.abs(error)', reduction)}, error)"


@_l1.vjp("input", "target")
def _(g: Array, error: Array, input_shape: Any, target_shape: Any, reduction: str, need: Any) -> tuple[Array | None, Array | None]:
    gx = share(g, reduction, input_shape, target_shape) * sign(error)
    return gx if need[0] else None, -gx if need[1] else None


@_l1.cases
def _(draw: Draw) -> Case:
    return _apart(draw)


@_l1.onnx
def _(to: Emit, input: Any, target: Any, *, reduction: Any) -> Any:
    d = to.Sub(*to.alike(input, target))
    return to.reduced(to.Abs(d), reduction), d


@expose("functional")
def l1_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Array | None = None,
) -> Array:
    """L = (1/n) Σ |input − target|; with reduction 'sum' without 1/n, with 'none' the entries.   (*), (*) → () or (*)

    `weight` multiplies the entries; the mean is then divided by the sum of the weights.
    Warns if the sizes differ (they broadcast). Raises ValueError for an unknown reduction.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.l1_loss(ac.tensor([1., 2.]), ac.tensor([0., 0.]))
    tensor(1.5000)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="l1_loss")
    warn_of_sizes(input, target, "l1_loss")
    if weight is not None:
        return weighted(_l1(input, target, reduction="none")[0], weight, how, "l1_loss")
    return _l1(input, target, reduction=how)[0]


# ------------------------------------------------------------------------------------------------- between the two
@primitive(name="smooth_l1_loss", label="smooth L1 {beta}", family="loss", derivative="clamp((x − t)/β, ±1)/n")
def _smooth_l1(input: Array, target: Array, *, reduction: str = "mean", beta: float = 1.0) -> Array:
    """L = mean of (x − t)²/(2β) near, |x − t| − β/2 far"""
    d = np.abs(float_only(np.subtract(*align(input, target)), "smooth_l1_loss"))
    near = np.minimum(d, beta)
    return reduced((d - 0.5 * near) * near / beta, reduction)  # d²/(2β) for d < β, else d − β/2


@_smooth_l1.source
def _(input: Operand, reduction: str) -> str | None:
    return (
        None
        if narrow(input)
        else "d = np.abs(input - target)\nnear = np.minimum(d, beta)\n" + summed("(d - 0.5 * near) * near / beta", reduction)
    )


@_smooth_l1.vjp("input", "target")
def _(
    g: Array,
    input: Array,
    target: Array,
    input_shape: Any,
    target_shape: Any,
    reduction: str,
    beta: float,
    need: Any,
) -> tuple[Array | None, Array | None]:
    gx = share(g, reduction, input_shape, target_shape) * _clamp((input - target) / beta, min=-1.0, max=1.0)
    return gx if need[0] else None, -gx if need[1] else None


@_smooth_l1.cases
def _(draw: Draw) -> Case:
    case = _apart(draw, 0.5)
    case.params["beta"] = 0.5
    return case


@_smooth_l1.onnx
def _(to: Emit, input: Any, target: Any, *, reduction: Any, beta: Any) -> Any:
    d = to.Abs(to.Sub(*to.alike(input, target)))
    near = to.Min(d, float(beta))
    return to.reduced(to.Div(to.Mul(to.Sub(d, to.Mul(near, 0.5)), near), float(beta)), reduction)


@expose("functional")
def smooth_l1_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Array:
    """L = mean of d²/(2β) where d = |input − target| < β, else of d − β/2; for β = 0 it is l1_loss.   (*), (*) → () or (*)

    Warns if the sizes differ (they broadcast). Raises RuntimeError for β < 0, ValueError for an unknown reduction.   [Girshick 2015]

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.smooth_l1_loss(ac.tensor([1., 3.]), ac.tensor([0.5, 0.]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="smooth_l1_loss")
    warn_of_sizes(input, target, "smooth_l1_loss")
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta: expected beta >= 0, got {beta:g}.")
    if beta == 0:
        return _l1(input, target, reduction=how)[0]
    return _smooth_l1(input, target, reduction=how, beta=beta)


@primitive(name="huber_loss", label="Huber {delta}", family="loss", derivative="clamp(x − t, ±δ)/n")
def _huber(input: Array, target: Array, *, reduction: str = "mean", delta: float = 1.0) -> Array:
    """L = mean of (x − t)²/2 near, δ(|x − t| − δ/2) far"""
    d = np.abs(float_only(np.subtract(*align(input, target)), "huber_loss"))
    near = np.minimum(d, delta)
    return reduced((d - 0.5 * near) * near, reduction)  # d²/2 for d ≤ δ, else δ(d − δ/2)


@_huber.source
def _(input: Operand, reduction: str) -> str | None:
    return (
        None
        if narrow(input)
        else "d = np.abs(input - target)\nnear = np.minimum(d, delta)\n" + summed("(d - 0.5 * near) * near", reduction)
    )


@_huber.vjp("input", "target")
def _(
    g: Array,
    input: Array,
    target: Array,
    input_shape: Any,
    target_shape: Any,
    reduction: str,
    delta: float,
    need: Any,
) -> tuple[Array | None, Array | None]:
    gx = share(g, reduction, input_shape, target_shape) * _clamp(input - target, min=-delta, max=delta)
    return gx if need[0] else None, -gx if need[1] else None


@_huber.cases
def _(draw: Draw) -> Case:
    case = _apart(draw, 0.5)
    case.params["delta"] = 0.5
    return case


@_huber.onnx
def _(to: Emit, input: Any, target: Any, *, reduction: Any, delta: Any) -> Any:
    d = to.Abs(to.Sub(*to.alike(input, target)))
    near = to.Min(d, float(delta))
    return to.reduced(to.Mul(to.Sub(d, to.Mul(near, 0.5)), near), reduction)


@expose("functional")
def huber_loss(input: Array, target: Array, reduction: str = "mean", delta: float = 1.0, weight: Array | None = None) -> Array:
    """L = mean of d²/2 where d = |input − target| ≤ δ, else of δ (d − δ/2).   (*), (*) → () or (*)   [Huber 1964]

    `weight` multiplies the entries. Warns if the sizes differ (they broadcast). Raises RuntimeError for δ ≤ 0, ValueError for an
    unknown reduction.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.huber_loss(ac.tensor([1., 3.]), ac.tensor([0.5, 0.]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    how = chosen_reduction(reduction, operation="huber_loss")
    warn_of_sizes(input, target, "huber_loss")
    if delta <= 0:
        raise RuntimeError(expected("huber_loss", "a delta greater than 0", f"{delta:g}"))
    if weight is not None:
        return weighted(_huber(input, target, reduction="none", delta=delta), weight, how, "huber_loss", of_weights=False)
    return _huber(input, target, reduction=how, delta=delta)
