"""Dropout: inverted (PyTorch's), classic (the lectures'), of whole channels, and the one that suits SELU.

The masks come from torch's random stream, so the same seed drops the same units as in PyTorch.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...engine.complaints import as_number
from ...engine.variable import array_of, shape_of
from ...kernels.onednn import binary as onednn
from ...kernels.onednn.channels_last import ChannelsLast
from ...kernels.onednn.reorder import as_last
from ...kernels.reference.chunks import in_chunks
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...random import Generator, default_generator
from ...types.kinds import float_only
from ...types.promotion import Array
from ..registry.expose import expose


@primitive(label="masked", family="dropout", entrywise=True, name="masked")
def _masked(input: Array, mask: Array, *, scale: float) -> Array:
    """y = input · mask · scale"""
    factor = float_only(input, "dropout").dtype.type(scale)
    return in_chunks(lambda x, m: x * m * factor, input, mask)


@_masked.source
def _(scale: float) -> str:
    return "input * mask" if scale == 1 else "input * mask * scale"


_masked.accelerated(onednn.scaled_product)


@_masked.vjp("input")
def _(g: Array, mask: Array, scale: float) -> Array:
    return _masked(g, mask, scale=scale)


@_masked.vjp("mask")
def _(g: Array, input: Array, scale: float) -> Array:
    return _masked(g, input, scale=scale)


@_masked.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b), scale=draw.real(0.5, 2))


@_masked.onnx
def _(to: Emit, input: Any, mask: Any, *, scale: Any) -> Any:
    return to.Mul(to.Mul(input, to.cast(mask, input.dtype)), float(scale))


@primitive(label="dropout {p}", family="dropout", outputs=("y", "mask"), name="dropout")
def _dropout(input: Array, *, p: float, scale: float, channels: bool = False, generator: Generator | None = None) -> tuple[Array, Array]:
    """y = x · m · scale, m ~ Bernoulli(1 − p) for each entry (or each channel of each sample)"""
    shape = input.shape[:2] + (1,) * (input.ndim - 2) if channels else input.shape
    # the mask lies in memory as the input does: torch draws in the order of memory
    mask = np.empty(shape, bool) if channels else np.empty_like(input, dtype=bool)
    (generator or default_generator).fill_bernoulli_(mask, 1.0 - p)
    return _masked(input, mask, scale=scale), mask


@_dropout.accelerated
def _(input: Array, p: float, scale: float, channels: bool, generator: Generator | None) -> Any:
    if input.__class__ is not ChannelsLast:
        return NotImplemented
    mask = np.empty(input.shape[:2] + (1,) * (input.ndim - 2) if channels else input.shape, input.dtype)  # row by row, as everybody sees it
    (generator or default_generator).fill_bernoulli_(mask, 1.0 - p)
    mask = mask if channels else as_last(mask)
    return _masked(input, mask, scale=scale), mask


@_dropout.vjp("input")
def _(g: Array, mask: Array, scale: float) -> Array:
    return _masked(g, mask, scale=scale)


@_dropout.entries
def _(input: Array, mask: Array, p: float, scale: float) -> Any:
    yield None, input * mask * scale
    return {"inference": input * (scale * (1 - p))}


@_dropout.cases
def _(draw: Draw) -> Case:
    p = draw.choice([0.2, 0.5])
    return Case(draw.array((2, 3, 2)), p=p, scale=draw.choice([1.0, 1 / (1 - p)]), channels=draw.boolean(), smooth=False)


@_dropout.onnx
def _(to: Emit, input: Any, *, p: Any, scale: Any, channels: Any, generator: Any) -> Any:
    if channels:
        one = to.Expand(to.const(1, input.dtype), to.ints(*input.shape[:2], *[1] * (len(input.shape) - 2)))
        y, mask = to.Dropout(one, to.const(p, np.float32), to.const(True), outs=2)
        return to.Mul(to.Mul(input, y), float(scale * (1 - p))), mask
    y, mask = to.Dropout(input, to.const(p, np.float32), to.const(True), outs=2)
    return y if scale != 1 or p == 0 else to.Mul(y, 1 - p), mask


def check_probability(p: float, operation: str) -> None:
    """A dropout probability lies in [0, 1]."""
    as_number(operation, "p", p)
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p} (in {operation})")


def _drop(operation: str, input: Any, p: float, training: bool, inplace: bool, channels: bool = False) -> Any:
    check_probability(p, operation)
    if not training or p == 0:
        return input
    if p == 1:  # nothing is drawn, as in PyTorch
        return input.mul_(0.0) if inplace else input * 0.0
    if inplace:
        return input._write(_dropout(input, p=p, scale=1.0 / (1.0 - p), channels=channels)[0], operation)
    return _dropout(input, p=p, scale=1.0 / (1.0 - p), channels=channels)[0]


@expose("function functional")
def dropout(input: Array, p: float = 0.5, training: bool = True, inplace: bool = False) -> Array:
    """Inverted dropout: in training y = x · m / (1 − p), m ~ Bernoulli(1 − p) for each entry; at inference y = x.   (*) → (*)

    Raises:
        ValueError: p outside [0, 1].

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.nn.functional.dropout(ac.ones(4), 0.5)
    tensor([0., 0., 2., 0.])

    Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", 2014, section 10 (scaled in training).
    """
    return _drop("dropout", input, p, training, inplace)


@expose("functional")
def classic_dropout(input: Array, p: float = 0.5, training: bool = True) -> Array:
    """Dropout as the lectures introduce it: in training y = x · m, m ~ Bernoulli(1 − p); at inference y = (1 − p) · x.   (*) → (*)

    Both kinds have the same expectation; PyTorch's `dropout` moves the factor into training.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.classic_dropout(ac.ones(2), 0.25, training=False)
    tensor([0.7500, 0.7500])

    Source: Hinton, Srivastava, Krizhevsky, Sutskever, Salakhutdinov, "Improving neural networks by preventing co-adaptation of
    feature detectors", 2012.
    """
    check_probability(p, "classic_dropout")
    if not training:
        return input * (1.0 - p)
    if p == 0:
        return input
    return input * 0.0 if p == 1 else _dropout(input, p=p, scale=1.0)[0]


def _feature(operation: str, dims: int, input: Any, p: float, training: bool, inplace: bool) -> Any:
    """PyTorch's rules for other ranks: `dropout1d` refuses them, the others warn; `dropout2d` always takes dims 0 and 1 for batch and
    channels, the others add a batch dim where it is missing."""
    check_probability(p, operation)
    shape = shape_of(input)
    usual = len(shape) in (dims + 1, dims + 2)
    if dims == 1 and not usual:
        raise RuntimeError(f"dropout1d: Expected 2D or 3D input, but received a {len(shape)}D input: {list(shape)}")
    if not usual:
        warnings.warn(
            f"{operation}: Received a {len(shape)}-D input to {operation}, which is deprecated. Use dropout instead, or give "
            f"{dims + 1} or {dims + 2} dims.",
            stacklevel=4,
        )
    elif dims == 2 and len(shape) == 3:
        warnings.warn(
            "dropout2d: Received a 3-D input to dropout2d, which is read as (N, C, L): one draw for each of the first two dims. "
            "For (C, H, W) add a batch dim.",
            stacklevel=4,
        )
    if len(shape) + (dims == 3) < 2:
        raise RuntimeError(f"Feature dropout requires at least 2 dimensions in the input: {operation} got {list(shape)}")
    if dims != 2 and len(shape) != dims + 2:  # without a batch: one draw a channel
        return _drop(operation, input.unsqueeze(0), p, training, inplace, channels=True).squeeze(0)
    return _drop(operation, input, p, training, inplace, channels=True)


@expose("functional")
def dropout1d(input: Array, p: float = 0.5, training: bool = True, inplace: bool = False) -> Array:
    """Inverted dropout of whole channels: one draw for each (sample, channel).   (N, C, L) → (N, C, L)

    Source: Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient object localization using convolutional networks", 2015.

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.nn.functional.dropout1d(ac.ones(1, 4, 2), 0.5).flatten(2)[0, :, 0]
    tensor([0., 0., 2., 0.])
    """
    return _feature("dropout1d", 1, input, p, training, inplace)


@expose("functional")
def dropout2d(input: Array, p: float = 0.5, training: bool = True, inplace: bool = False) -> Array:
    """Inverted dropout of whole channels: one draw for each (sample, channel).   (N, C, H, W) → (N, C, H, W)

    Source: Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient object localization using convolutional networks", 2015.

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.nn.functional.dropout2d(ac.ones(1, 4, 2, 2), 0.5).flatten(2)[0, :, 0]
    tensor([0., 0., 2., 0.])
    """
    return _feature("dropout2d", 2, input, p, training, inplace)


@expose("functional")
def dropout3d(input: Array, p: float = 0.5, training: bool = True, inplace: bool = False) -> Array:
    """Inverted dropout of whole channels: one draw for each (sample, channel).   (N, C, D, H, W) → (N, C, D, H, W)

    Source: Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient object localization using convolutional networks", 2015.

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.nn.functional.dropout3d(ac.ones(1, 4, 2, 2, 2), 0.5).flatten(2)[0, :, 0]
    tensor([0., 0., 2., 0.])
    """
    return _feature("dropout3d", 3, input, p, training, inplace)


_ALPHA = -1.7580993408473766  # SELU's value at minus infinity


def _alpha(operation: str, input: Any, p: float, training: bool, inplace: bool, channels: bool) -> Any:
    check_probability(p, operation)
    array_of(input)
    if not training or p == 0:
        return input
    if p == 1:
        return input * 0.0
    a = 1.0 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    kept, mask = _dropout(input, p=p, scale=1.0, channels=channels)
    y = (kept + (mask.to(input.dtype) * -_ALPHA + _ALPHA)) * a + (-_ALPHA * a * p)
    return input._write(y, operation) if inplace else y


@expose("function functional")
def alpha_dropout(input: Array, p: float = 0.5, training: bool = False, inplace: bool = False) -> Array:
    """Dropout that keeps mean and variance of self-normalising networks: dropped entries become SELU's lower limit.   (*) → (*)

    With probability p an entry becomes −λα; then y = a · x + b gives mean and variance back. Raises ValueError for p outside of [0, 1].

    Source: Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks", 2017.

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.nn.functional.alpha_dropout(ac.zeros(4), 0.5, training=True)
    tensor([-0.7792, -0.7792,  0.7792, -0.7792])
    """
    return _alpha("alpha_dropout", input, p, training, inplace, channels=False)


@expose("functional")
def feature_alpha_dropout(input: Array, p: float = 0.5, training: bool = False, inplace: bool = False) -> Array:
    """`alpha_dropout` of whole channels.   (N, C, *) → (N, C, *)

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.nn.functional.feature_alpha_dropout(ac.zeros(1, 4, 1), 0.5, training=True).flatten()
    tensor([-0.7792, -0.7792,  0.7792, -0.7792])
    """
    return _alpha("feature_alpha_dropout", input, p, training, inplace, channels=True)
