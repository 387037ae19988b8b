"""Activations that bend at points: relu and its family, and the hard ones.

Most rules keep the output: in a net the next layer keeps it anyway, so nothing is kept twice.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...engine.complaints import as_number, no_tensor
from ...engine.variable import array_of
from ...errors import expected
from ...kernels.onednn import eltwise as onednn
from ...kernels.reference.chunks import in_chunks
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...random import default_generator
from ...types.kinds import float_only
from ...types.promotion import Array
from ..elementwise.arithmetic import mul
from ..elementwise.select import _where as where
from ..elementwise.select_bits import choose
from ..registry.derived import derived
from ..registry.expose import expose
from .relu_primitive import relu as _relu


def inplace_or(input: Any, inplace: bool, variant: str, op: Any, *args: Any, **params: Any) -> Any:
    """`op(input)`; with `inplace` the method of that name, which writes the result into the input."""
    if not inplace:
        return op(input, *args, **params)
    write = getattr(input, variant, None)
    if write is None:
        raise no_tensor(input)
    return write(*args, **params)


# ------------------------------------------------------------------------------------------------- relu
@expose("functional")
def relu(input: Array, inplace: bool = False) -> Array:
    """y = max(0, input); the gradient at 0 is 0.   (*) → (*)   [Nair and Hinton 2010]

    `inplace` writes the result into the input.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.relu(ac.tensor([-1., 2.]))
    tensor([0., 2.])
    """
    return inplace_or(input, inplace, "relu_", _relu)


@expose("inplace", "_hardtanh")
@primitive(
    name="hardtanh",
    label="hardtanh [{min_val}, {max_val}]",
    family="activation",
    real=True,
    derivative="1 or 0",
    entrywise=True,
    steady=True,
)
def _hardtanh(input: Array, *, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """y = min(max(input, min_val), max_val); the gradient on the bounds is 0"""
    lo, hi = input.dtype.type(min_val), input.dtype.type(max_val)
    return in_chunks(lambda x: np.minimum(np.maximum(x, lo), hi), input)


_hardtanh.source("np.clip(input, min_val, max_val)")


@_hardtanh.vjp("input")
def _(g: Array, input: Array, min_val: float, max_val: float) -> Array:
    return where((input > min_val) & (input < max_val), g, 0.0)


@_hardtanh.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=(-1.0, 1.0)))


@_hardtanh.onnx
def _(to: Emit, input: Any, *, min_val: Any, max_val: Any) -> Any:
    return to.Min(to.Max(input, min_val), max_val)


@expose("functional")
def hardtanh(input: Array, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Array:
    """y = min(max(input, min_val), max_val); the gradient on the bounds is 0.   (*) → (*)

    Raises:
        ValueError: min_val > max_val.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.hardtanh(ac.tensor([-2., 0.5, 2.]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val: hardtanh expected min_val <= max_val, got {min_val} > {max_val}.")
    return inplace_or(input, inplace, "_hardtanh_", _hardtanh, min_val=min_val, max_val=max_val)


@expose("functional")
def relu6(input: Array, inplace: bool = False) -> Array:
    """y = min(max(0, input), 6).   (*) → (*)   [Krizhevsky 2010]

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.relu6(ac.tensor([-1., 3., 8.]))
    tensor([0., 3., 6.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


@expose("inplace", "_threshold")
@primitive(name="threshold", label="threshold {threshold}", family="activation", real=True, derivative="1 or 0", entrywise=True)
def _threshold(input: Array, *, threshold: float, value: float) -> Array:
    """y = input where it is above the threshold, else value"""
    return choose(np.less_equal(input, threshold), input.dtype.type(value), input)


_threshold.source("np.where(input <= threshold, value, input)")


@_threshold.vjp("input")
def _(g: Array, input: Array, threshold: float) -> Array:
    return where(input <= threshold, 0.0, g)


@_threshold.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=0.3), threshold=0.3, value=draw.real(-2, 2))


@_threshold.onnx
def _(to: Emit, input: Any, *, threshold: Any, value: Any) -> Any:
    return to.Where(to.LessOrEqual(input, threshold), to.const(value, input.dtype), input)


@expose("function functional")
def threshold(input: Array, threshold: float, value: float, inplace: bool = False) -> Array:
    """y = input where input > threshold, else value.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.threshold(ac.tensor([0.5, 2.]), 1., 20.)
    tensor([20.,  2.])
    """
    return inplace_or(input, inplace, "_threshold_", _threshold, threshold=threshold, value=value)


# ------------------------------------------------------------------------------------------------- leaky ones
@expose("inplace", "_leaky_relu")
@primitive(
    name="leaky_relu", label="leaky ReLU {negative_slope}", family="activation", derivative="1 or slope", entrywise=True, steady=True
)
def _leaky_relu(input: Array, *, negative_slope: float = 0.01) -> Array:
    """y = max(input, 0) + slope · min(input, 0), for a slope > 0 (so that y has the input's sign)"""
    pick = np.maximum if negative_slope <= 1 else np.minimum
    return in_chunks(lambda x: pick(x, x * x.dtype.type(negative_slope)), float_only(input, "leaky_relu"))


@_leaky_relu.source(number="input if input > 0 else negative_slope * input")
def _(negative_slope: float) -> str | None:
    return "np.where(input > 0, input, negative_slope * input)" if negative_slope <= 1 else None


_leaky_relu.accelerated(onednn.leaky_relu)


@_leaky_relu.kernel(float)
def _(input: float, *, negative_slope: float = 0.01) -> float:
    return input if input > 0 else input * negative_slope


@_leaky_relu.vjp("input")
def _(g: Array, input: Array, negative_slope: float, donated: Array | None) -> Array:
    return _leaky_relu_adjoint(g, input, negative_slope, donated)


@_leaky_relu.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=0.0), negative_slope=draw.choice([0.01, 0.3, 1.5]))


@_leaky_relu.onnx
def _(to: Emit, input: Any, *, negative_slope: Any) -> Any:
    if negative_slope < 0:
        return to.Where(to.Greater(input, 0.0), input, to.Mul(input, float(negative_slope)))
    return to.LeakyRelu(input, alpha=float(negative_slope))


@primitive(name="leaky_relu_adjoint", label="× 1 or {negative_slope}", family="activation", entrywise=True)
def _leaky_relu_adjoint(input: Array, given: Array, *, negative_slope: float) -> Array:
    """y = input where what leaky relu was given is positive, else slope · input"""
    return choose(np.greater(given, 0), input, input * negative_slope)


_leaky_relu_adjoint.source("np.where(given > 0, input, negative_slope * input)", number="input if given > 0 else negative_slope * input")
_leaky_relu_adjoint.accelerated(onednn.leaky_relu_adjoint)


@_leaky_relu_adjoint.kernel(float)
def _(input: float, given: float, *, negative_slope: float) -> float:
    return input if given > 0 else input * negative_slope


@_leaky_relu_adjoint.vjp("input", "given")
def _(g: Array, given: Array, negative_slope: float, donated: Array | None, need: tuple[bool, ...]) -> tuple[Array | None, ...]:
    flat = where(False, g, 0.0) if need[1] else None
    return _leaky_relu_adjoint(g, given, negative_slope, donated) if need[0] else None, flat


@_leaky_relu_adjoint.entries
def _(input: Array, given_values: Array, negative_slope: float) -> Any:
    yield None, input * np.where(given_values > 0, 1, negative_slope)


@_leaky_relu_adjoint.cases
def _(draw: Draw) -> Case:
    x = draw.array(avoid=0.0)
    return Case(draw.array(x.shape), x, negative_slope=draw.choice([0.01, 0.3, 1.5]))


@expose("functional")
def leaky_relu(input: Array, negative_slope: float = 0.01, inplace: bool = False) -> Array:
    """y = max(input, 0) + negative_slope · min(input, 0).   (*) → (*)   [Maas et al. 2013]

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.leaky_relu(ac.tensor([-1., 2.]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    if negative_slope > 0:
        return inplace_or(input, inplace, "_leaky_relu_", _leaky_relu, negative_slope=negative_slope)
    if inplace:
        return where_into(input, input > 0, input * negative_slope)
    return where(input > 0, input, input * negative_slope)


def where_into(input: Any, condition: Any, other: Any) -> Any:
    """In place: the entries where the condition does not hold become `other`'s."""
    return input._where_(condition, other)


@expose("inplace", "_where")
def _keep_where(input: Array, condition: Array, other: Array) -> Array:
    return where(condition, input, other)


@primitive(name="prelu", label="PReLU", family="activation", real=True, derivative="1 or w")
def _prelu(input: Array, weight: Array) -> Array:
    """y = max(input, 0) + w · min(input, 0), w broadcast to the input"""
    return np.maximum(input, 0) + np.minimum(input, 0) * weight


_prelu.source("np.maximum(input, 0) + np.minimum(input, 0) * weight")


@_prelu.vjp("input")
def _(g: Array, input: Array, weight: Array) -> Array:
    return where(input > 0, g, g * weight)


@_prelu.vjp("weight")
def _(g: Array, input: Array) -> Array:
    return where(input > 0, 0.0, g * input)


@_prelu.cases
def _(draw: Draw) -> Case:
    x = draw.array(avoid=0.0)
    return Case(x, draw.array(draw.choice([(), x.shape]), low=0.1, high=1.5))


@_prelu.onnx
def _(to: Emit, input: Any, weight: Any) -> Any:
    return to.Add(to.Max(input, 0.0), to.Mul(to.Min(input, 0.0), weight))


@expose("function method functional")
def prelu(input: Array, weight: Array) -> Array:
    """y = max(input, 0) + w_c · min(input, 0), one learned slope, or one for each channel c.   (N, C, *), (C) or (1) → (N, C, *)

    Raises:
        RuntimeError: the number of slopes fits neither.

    Source: He et al. 2015.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.prelu(ac.tensor([-4., 2.]), ac.tensor([0.25]))
    tensor([-1.,  2.])
    """
    x, w = array_of(input), array_of(weight)
    if x.dtype != w.dtype:
        raise RuntimeError(expected("prelu", f"weight of the input's dtype {x.dtype}", f"{w.dtype}"))
    if w.size != 1:
        if x.ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor: prelu expected an input with a dim of channels, or one slope.")
        channels = x.shape[1] if x.ndim > 1 else 1
        if w.size != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {w.size} and channel size = {channels} "
                "in prelu."
            )
    if w.ndim > 1:
        raise RuntimeError(expected("prelu", "weight to be a scalar or 1-dimensional tensor", f"ndim = {w.ndim}"))
    shape = (w.size,) + (1,) * (x.ndim - 2) if x.ndim > 1 else () if x.ndim == 0 else (1,)
    return _prelu(input, weight.reshape(shape))


@expose("function functional")
def rrelu(input: Array, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False) -> Array:
    """y = input where positive, else a · input; a is drawn from [lower, upper) for each entry in training, and is the middle of the two
    otherwise.   (*) → (*)   [Xu et al. 2015]

    Draws from the default generator, one number for each entry ≤ 0.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.rrelu(ac.tensor([-24., 2.]))
    tensor([-5.5000,  2.0000])
    """
    as_number("rrelu", "lower", lower), as_number("rrelu", "upper", upper)
    if not lower <= upper:
        raise RuntimeError(f"Lower bound should be less than or equal to the upper bound: rrelu got lower={lower}, upper={upper}.")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    noise = derived(partial(_slopes, lower, upper), input)
    return input.mul_(noise) if inplace else mul(input, noise)


def _slopes(lower: float, upper: float, x: Array) -> Array:
    noise = np.ones(x.shape, x.dtype)
    negative = np.less_equal(x, 0)
    noise[negative] = default_generator.uniform(int(negative.sum()), np.float64, lower, upper)
    return noise


# ------------------------------------------------------------------------------------------------- hard ones
@expose("inplace", "_hardsigmoid")
@primitive(name="hardsigmoid", label="hard σ", family="activation", derivative="1/6 or 0", entrywise=True)
def _hardsigmoid(input: Array) -> Array:
    """y = min(max(input + 3, 0), 6) / 6"""
    return in_chunks(lambda x: np.minimum(np.maximum(x + 3, 0), 6) / 6, float_only(input, "hardsigmoid"))


_hardsigmoid.source("np.clip(input + 3, 0, 6) / 6")


@_hardsigmoid.vjp("input")
def _(g: Array, input: Array) -> Array:
    return where((input > -3) & (input < 3), g / 6, 0.0)


@_hardsigmoid.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=-5.0, high=5.0, avoid=(-3.0, 3.0)))


@_hardsigmoid.onnx
def _(to: Emit, input: Any) -> Any:
    return to.HardSigmoid(input, alpha=1 / 6, beta=0.5)


@expose("functional")
def hardsigmoid(input: Array, inplace: bool = False) -> Array:
    """y = min(max(input + 3, 0), 6) / 6: sigmoid by straight lines.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.hardsigmoid(ac.tensor([-4., 0., 1.5]))
    tensor([0.0000, 0.5000, 0.7500])
    """
    return inplace_or(input, inplace, "_hardsigmoid_", _hardsigmoid)


@expose("inplace", "_hardswish")
@primitive(name="hardswish", label="hard swish", family="activation", derivative="x/3 + 1/2, 0 or 1", entrywise=True)
def _hardswish(input: Array) -> Array:
    """y = input · min(max(input + 3, 0), 6) / 6"""
    return in_chunks(lambda x: x * np.minimum(np.maximum(x + 3, 0), 6) / 6, float_only(input, "hardswish"))


_hardswish.source("input * np.clip(input + 3, 0, 6) / 6")


@_hardswish.vjp("input")
def _(g: Array, input: Array) -> Array:
    return where(input <= -3, 0.0, where(input >= 3, g, g * (input / 3 + 0.5)))


@_hardswish.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=-5.0, high=5.0, avoid=(-3.0, 3.0)))


@_hardswish.onnx
def _(to: Emit, input: Any) -> Any:
    return to.HardSwish(input) if to.opset >= 14 else to.Mul(input, to.HardSigmoid(input, alpha=1 / 6, beta=0.5))


@expose("functional")
def hardswish(input: Array, inplace: bool = False) -> Array:
    """y = input · min(max(input + 3, 0), 6) / 6: silu by straight lines.   (*) → (*)   [Howard et al. 2019]

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.hardswish(ac.tensor([-1., 0., 6.]))
    tensor([-0.3333,  0.0000,  6.0000])
    """
    return inplace_or(input, inplace, "_hardswish_", _hardswish)


# ------------------------------------------------------------------------------------------------- in place, as functions
@expose("functional")
def relu_(input: Array) -> Array:
    """`relu` in place."""
    return relu(input, inplace=True)


@expose("functional")
def hardtanh_(input: Array, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """`hardtanh` in place."""
    return hardtanh(input, min_val, max_val, inplace=True)


@expose("functional")
def leaky_relu_(input: Array, negative_slope: float = 0.01) -> Array:
    """`leaky_relu` in place."""
    return leaky_relu(input, negative_slope, inplace=True)


@expose("functional")
def threshold_(input: Array, threshold: float, value: float) -> Array:
    """`threshold` in place."""
    return inplace_or(input, True, "_threshold_", _threshold, threshold=threshold, value=value)


@expose("functional")
def rrelu_(input: Array, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Array:
    """`rrelu` in place."""
    return rrelu(input, lower, upper, training, inplace=True)
