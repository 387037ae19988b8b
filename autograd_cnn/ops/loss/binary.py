"""Losses of probabilities: binary cross-entropy (of probabilities and of logits), Kullback-Leibler divergence, Poisson and Gaussian
likelihoods, soft margin."""

from __future__ import annotations

import math
import warnings
from functools import partial
from typing import Any

import numpy as np

from ...engine.complaints import as_number
from ...engine.variable import array_of, shape_of, unbox
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, narrow, summed
from ...types.kinds import float_only, real_only
from ...types.promotion import Array, align
from ..activation.softplus import _softplus
from ..elementwise.clamp import _clamp
from ..elementwise.exponential import exp, log, sigmoid
from ..elementwise.power import square
from ..elementwise.select import where
from ..elementwise.special import xlogy
from ..registry.derived import derived
from ..registry.expose import expose
from .regression import chosen_reduction, draw_reduction, reduce_to, reduced, share, spoken


# ------------------------------------------------------------------------------------------------- of probabilities
@primitive(name="binary_cross_entropy", label="BCE", family="loss", derivative="(x − t)/(x(1 − x)n)")
def _bce(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    """L = −mean (t ln x + (1 − t) ln(1 − x)), the logarithms at least −100"""
    if input.size and not (np.min(input) >= 0 and np.max(input) <= 1):
        raise RuntimeError(
            "all elements of input should be between 0 and 1: binary_cross_entropy expected probabilities, got values from "
            f"{np.min(input):g} to {np.max(input):g}. Use binary_cross_entropy_with_logits for logits."
        )
    x, t = align(float_only(input, "binary_cross_entropy"), target)
    hit, miss = np.maximum(np.log(x), -100), np.maximum(np.log1p(-x), -100)
    return reduced((t - 1) * miss - t * hit, reduction)


@_bce.source
def _(input: Operand, reduction: str) -> str | None:
    return (
        None
        if narrow(input)
        else "hit = np.maximum(np.log(input), -100)\nmiss = np.maximum(np.log1p(-input), -100)\n"
        + summed("(target - 1) * miss - target * hit", reduction)
    )


@_bce.vjp("input")
def _(g: Array, input: Array, target: Array, input_shape: Any, reduction: str) -> Array:
    slope = _clamp((1 - input) * input, min=1e-12)
    return share(g, reduction, input_shape) * (input - target) / slope


@_bce.vjp("target")
def _(g: Array, input: Array, input_shape: Any, reduction: str) -> Array:
    hit, miss = _clamp(log(input), min=-100.0), _clamp(log(1 - input), min=-100.0)
    return share(g, reduction, input_shape) * (miss - hit)


@_bce.cases
def _(draw: Draw) -> Case:
    shape = draw.shape()
    return Case(draw.array(shape, low=0.05, high=0.95), draw.array(shape, low=0.0, high=1.0), reduction=draw_reduction(draw))


@_bce.bad_cases
def _() -> Any:
    yield Bad(np.array([1.5]), np.array([1.0]), error=RuntimeError, match="between 0 and 1")


@_bce.onnx
def _(to: Emit, input: Any, target: Any, *, reduction: Any) -> Any:
    x, t = to.alike(input, target)
    one = to.const(1, x.dtype)
    hit, miss = to.Max(to.Log(x), -100.0), to.Max(to.Log(to.Sub(one, x)), -100.0)
    return to.reduced(to.Neg(to.Add(to.Mul(t, hit), to.Mul(to.Sub(one, t), miss))), reduction)


@expose("functional")
def binary_cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """L = −(1/n) Σ w (t ln x + (1 − t) ln(1 − x)) for probabilities x; the logarithms are at least −100.   (*), (*) → () or (*)

    `weight` broadcasts to the target. Raises ValueError if the sizes differ, RuntimeError for an input outside of [0, 1].

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.binary_cross_entropy(ac.tensor([0.5, 0.5]), ac.tensor([1., 0.]))
    tensor(0.6931)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="binary_cross_entropy")
    a, b = shape_of(input), shape_of(target)
    if a != b:
        raise ValueError(
            f"Using a target size ({spoken(b)}) that is different to the input size ({spoken(a)}) is deprecated. Please ensure they "
            "have the same size (in binary_cross_entropy)."
        )
    if weight is not None:
        array_of(weight)
        return reduce_to(_bce(input, target, reduction="none") * weight, how)
    return _bce(input, target, reduction=how)


# ------------------------------------------------------------------------------------------------- of logits
@primitive(name="binary_cross_entropy_with_logits", label="BCE of logits", family="loss", derivative="(σ(x) − t)/n")
def _bce_logits(input: Array, target: Array, pos_weight: Array | None = None, *, reduction: str = "mean") -> Array:
    """L = mean ((1 − t) x + ln(1 + e^−x)); with pos_weight p the logarithm counts 1 + (p − 1) t times"""
    x, t = align(float_only(input, "binary_cross_entropy_with_logits"), target)
    tail = np.log1p(np.exp(-np.abs(x))) - np.minimum(x, 0)  # ln(1 + e^−x), without overflow
    if pos_weight is not None:
        tail = tail * (1 + (pos_weight - 1) * t)
    return reduced((1 - t) * x + tail, reduction)


@_bce_logits.source
def _(input: Operand, pos_weight: Operand | None, reduction: str) -> str | None:
    if narrow(input) or pos_weight is not None:
        return None
    tail = "tail = np.log1p(np.exp(-np.abs(input))) - np.minimum(input, 0)\n"
    return tail + summed("(1 - target) * input + tail", reduction)


@_bce_logits.vjp("input")
def _(g: Array, input: Array, target: Array, pos_weight: Array | None, input_shape: Any, target_shape: Any, reduction: str) -> Array:
    g = share(g, reduction, input_shape, target_shape)
    if pos_weight is None:
        return g * (sigmoid(input) - target)
    positive = pos_weight * target
    return g * ((positive + 1 - target) * sigmoid(input) - positive)


@_bce_logits.vjp("target")
def _(g: Array, input: Array, pos_weight: Array | None, input_shape: Any, target_shape: Any, reduction: str) -> Array:
    g = share(g, reduction, input_shape, target_shape)
    if pos_weight is None:
        return -(g * input)
    return g * ((pos_weight - 1) * _softplus(-input) - input)


@_bce_logits.vjp("pos_weight")
def _(g: Array, input: Array, target: Array, input_shape: Any, target_shape: Any, reduction: str) -> Array:
    return share(g, reduction, input_shape, target_shape) * target * _softplus(-input)


@_bce_logits.cases
def _(draw: Draw) -> Case:
    shape = draw.shape(min_dims=1)
    p = draw.array(shape[-1:], low=0.5, high=3.0) if draw.boolean() else None
    return Case(draw.array(shape), draw.array(shape, low=0.0, high=1.0), p, reduction=draw_reduction(draw))


@_bce_logits.onnx
def _(to: Emit, input: Any, target: Any, pos_weight: Any, *, reduction: Any) -> Any:
    x, t = to.alike(input, target)
    one = to.const(1, x.dtype)
    tail = to.Softplus(to.Neg(x))
    if pos_weight is not None:
        tail = to.Mul(tail, to.Add(to.Mul(to.Sub(pos_weight, one), t), one))
    return to.reduced(to.Add(to.Mul(to.Sub(one, t), x), tail), reduction)


@expose("functional")
def binary_cross_entropy_with_logits(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Array | None = None,
) -> Array:
    """L = −(1/n) Σ w (p t ln σ(x) + (1 − t) ln(1 − σ(x))), from logits x, without overflow.   (*), (*) → () or (*)

    `weight` w and `pos_weight` p (how much positives count) broadcast. Raises ValueError if the sizes differ.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.binary_cross_entropy_with_logits(ac.tensor([0., 0.]), ac.tensor([1., 0.]))
    tensor(0.6931)
    """
    operation = "binary_cross_entropy_with_logits"
    how = chosen_reduction(reduction, size_average, reduce, operation=operation)
    a, b = shape_of(input), shape_of(target)
    if a != b:
        raise ValueError(f"Target size ({spoken(b)}) must be the same as input size ({spoken(a)}) in {operation}.")
    if weight is not None:
        array_of(weight)
        return reduce_to(_bce_logits(input, target, pos_weight, reduction="none") * weight, how)
    return _bce_logits(input, target, pos_weight, reduction=how)


@primitive(name="soft_margin_loss", label="soft margin", family="loss", derivative="−t σ(−tx)/n")
def _soft_margin(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    """L = mean ln(1 + e^(−t x))"""
    z = -np.multiply(*align(target, float_only(input, "soft_margin_loss")))
    return reduced(np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0), reduction)


@_soft_margin.source
def _(input: Operand, reduction: str) -> str | None:
    return None if narrow(input) else "z = -(target * input)\n" + summed("np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)", reduction)


@_soft_margin.vjp("input")
def _(g: Array, input: Array, target: Array, input_shape: Any, target_shape: Any, reduction: str) -> Array:
    return share(g, reduction, input_shape, target_shape) * -target * sigmoid(-(target * input))


@_soft_margin.vjp("target")
def _(g: Array, input: Array, target: Array, input_shape: Any, target_shape: Any, reduction: str) -> Array:
    return share(g, reduction, input_shape, target_shape) * -input * sigmoid(-(target * input))


@_soft_margin.cases
def _(draw: Draw) -> Case:
    shape = draw.shape()
    target = np.where(draw.booleans(shape), 1.0, -1.0)
    return Case(draw.array(shape), target, reduction=draw_reduction(draw))


@_soft_margin.onnx
def _(to: Emit, input: Any, target: Any, *, reduction: Any) -> Any:
    return to.reduced(to.Softplus(to.Neg(to.Mul(*to.alike(input, target)))), reduction)


@expose("functional")
def soft_margin_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """L = (1/n) Σ ln(1 + e^(−t x)) for targets t of 1 and −1.   (*), (*) → () or (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.soft_margin_loss(ac.tensor([0., 0.]), ac.tensor([1., -1.]))
    tensor(0.6931)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="soft_margin_loss")
    return _soft_margin(input, target, reduction=how)


# ------------------------------------------------------------------------------------------------- of distributions
@expose("functional")
def kl_div(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Array:
    """L = mean t (ln t − x) for log-probabilities x and probabilities t (with log_target: t = e^target).   (*), (*) → () or (*)

    reduction 'batchmean' divides the sum by the size of dim 0, which is the divergence of the definition; 'mean' divides by all entries
    (and warns). Raises ValueError for an unknown reduction.

    >>> import autograd_cnn as ac
    >>> p = ac.tensor([[0.5, 0.5]])
    >>> ac.nn.functional.kl_div(p.log(), p, reduction="batchmean")
    tensor(0.)
    """
    array_of(input), array_of(target)
    how = reduction
    if reduction != "batchmean" or size_average is not None or reduce is not None:
        how = chosen_reduction(reduction, size_average, reduce, operation="kl_div")
    if how == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides only by the "
            "batch size, and aligns with the KL div math definition. 'mean' will be changed to behave the same as 'batchmean' in the "
            "next major release.",
            stacklevel=2,
        )
    y = exp(target) * (target - input) if log_target else xlogy(target, target) - target * input
    if how == "batchmean":
        shape = shape_of(input)
        return reduce_to(y, "sum") / shape[0] if shape else reduce_to(y, "sum")
    return reduce_to(y, how)


@expose("functional")
def poisson_nll_loss(
    input: Array,
    target: Array,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """L = mean (e^x − t x), x the logarithm of the rate; with log_input=False mean (x − t ln(x + eps)), x the rate.   (*), (*) → () or (*)

    `full` adds Stirling's approximation of ln t!, t ln t − t + ln(2πt)/2, where t > 1.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.poisson_nll_loss(ac.tensor([0.]), ac.tensor([2.]))
    tensor(1.)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="poisson_nll_loss")
    array_of(input), array_of(target)
    as_number("poisson_nll_loss", "eps", eps)
    y = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        t = where(target > 1, target, 1.0)
        stirling = t * log(t) - t + log(t * (2 * math.pi)) * 0.5
        y = y + where(target > 1, stirling, 0.0)
    return reduce_to(y, how)


def _lift(eps: float, dtype: Any, var: Array) -> Array:
    """What lifts a variance to eps."""
    return (np.maximum(var, eps) - var).astype(dtype, copy=False)


@expose("functional")
def gaussian_nll_loss(
    input: Array,
    target: Array,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Array:
    """L = ½ mean (ln v + (input − target)²/v), v = max(var, eps); `full` adds ½ ln 2π.   (*), (*) → () or (*)

    `var` has the input's shape, or 1 for the last dim, or no last dim, or is a number. The clamp takes no part in the gradient.

    Raises:
        ValueError: a negative or wrongly shaped var, or an unknown reduction.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.gaussian_nll_loss(ac.tensor([1.]), ac.tensor([3.]), ac.tensor([1.]))
    tensor(2.)
    """
    how = chosen_reduction(reduction, operation="gaussian_nll_loss")
    x, _ = array_of(input), array_of(target)
    real_only("gaussian_nll_loss", input, target)
    if isinstance(var, int | float):
        var = np.full(x.shape, var, x.dtype)
    v = unbox(var)
    if (v < 0).any():
        raise ValueError("var has negative entry/entries: gaussian_nll_loss expected variances >= 0.")
    if v.shape != x.shape:
        if x.shape[:-1] == v.shape:
            var = var.reshape((*v.shape, 1))
        elif x.ndim != v.ndim or sum(n for m, n in zip(x.shape, v.shape, strict=True) if m != n) != 1:
            raise ValueError(
                f"var is of incorrect size: gaussian_nll_loss expected the input's shape {list(x.shape)}, got {list(v.shape)}."
            )
    with np.errstate(over="ignore"):
        v = var + derived(partial(_lift, eps, x.dtype), var)  # a constant: the gradient passes the clamp
    y = (log(v) + square(input - target) / v) * 0.5
    if full:
        y = y + 0.5 * math.log(2 * math.pi)
    return reduce_to(y, how)
