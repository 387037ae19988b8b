"""Batch normalisation, by a batch's statistics and by running ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.cases import Case, Draw
from ...engine.primitive import primitive
from ...engine.variable import ndim_of, shape_of, size_of, unbox
from ...engine.versions import wrote
from ...errors import expected
from ...kernels.onednn import norm as onednn
from ...kernels.onednn.channels_last import plain_view
from ...kernels.reference import normalization as kernel
from ...symbolic.algebra import Constant
from ...types.promotion import Array
from ..reduce.reduce import sum as total
from ..registry.expose import expose
from ..shape.shape import _reshape


def _columns(x: Any, like: Any) -> Any:
    """(C) -> (1, C, 1, …), to meet a value of `like`'s dims."""
    return _reshape(x, shape=(1, shape_of(x)[0], *(1,) * (ndim_of(like) - 2)), kind="unsqueeze")


def _over_channels(g: Any) -> Any:
    """(N, C, *S) -> (C)"""
    return total(g, (0, *range(2, ndim_of(g))))


@primitive(label="batch norm", family="norm", outputs=("y", "mean", "var", "invstd"), name="batch_norm")
def _batch_norm(
    input: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float
) -> tuple[Array, ...]:
    """y = (x − μ) / √(σ² + ε) · w + b, μ and σ² over batch and space of each channel.   (N, C, *S), (C), (C) → (N, C, *S)"""
    return kernel.batch_norm_forward(input, weight, bias, eps)


@_batch_norm.accelerated
def _(input: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> tuple[Array, ...]:
    return onednn.batch_norm(input, weight, bias, eps)  # type: ignore[no-any-return]  # or NotImplemented


@_batch_norm.vjp("input", "weight", "bias")
def _(g: Array, input: Array, weight: Array | None, mean: Array, invstd: Array, eps: float, spare: Array | None) -> tuple[Any, ...]:
    if _recorded(g):
        return _batch_norm_adjoint(g, input, weight, eps=eps)
    found = onednn.batch_norm_adjoint(g, input, weight, mean, invstd, eps, spare)
    if found is NotImplemented:
        found = kernel.batch_norm_adjoint(plain_view(g), plain_view(input), weight, mean, invstd)
    return found  # type: ignore[no-any-return]  # of either kernel, a tuple


def _recorded(g: Any) -> bool:
    return not isinstance(g, np.ndarray | np.generic)


def _batch_norm_adjoint(g: Any, x: Any, weight: Any, eps: float) -> tuple[Any, Any, Any]:
    """The same in operations, for a backward pass that is itself differentiated: μ and σ depend on x again."""
    m = float(np.prod(shape_of(x)) / shape_of(x)[1])
    mean = _columns(_over_channels(x) / m, x)
    centred = x - mean
    inv = (_columns(_over_channels(centred * centred) / m, x) + eps) ** -0.5
    hat = centred * inv
    gbias, gweight = _over_channels(g), _over_channels(g * hat)
    inner = g - _columns(gbias, x) / m - hat * _columns(gweight, x) / m
    gx = inner * inv if weight is None else inner * inv * _columns(weight, x)
    return gx, gweight, gbias


@_batch_norm.entries
def _(input: Array, weight: Array | None, bias: Array | None, eps: float) -> Any:
    axes = (0, *range(2, input.ndim))
    m = input.size // input.shape[1]
    mean = yield "μ", input.sum(axes, keepdims=True) / m
    deviation = yield "σ", (((input - mean) ** 2).sum(axes, keepdims=True) / m + Constant("ε", eps)) ** 0.5
    hat = yield "Z", (input - mean) / deviation
    w, b = (1 if v is None else v.reshape((1, -1) + (1,) * (input.ndim - 2)) for v in (weight, bias))
    yield None, hat * w + (b if bias is not None else 0)

    def gradient(g: Array) -> dict[str, Array]:
        return {"input": (g - g.sum(axes, keepdims=True) / m - hat * ((g * hat).sum(axes, keepdims=True) / m)) * w / deviation}

    return {"gradient": gradient}


@_batch_norm.cases
def _(draw: Draw) -> Case:
    c = draw.integer(1, 3)
    x = draw.array((draw.integer(2, 3), c, *draw.choice([(), (2,), (2, 2)])), distinct=True)
    given = [draw.array((c,), low=0.5), draw.array((c,))] if draw.boolean() else []
    return Case(x, *given, eps=draw.choice([1e-5, 1e-2]), tolerance=10.0)


@primitive(label="batch norm (running)", family="norm", name="batch_norm_eval")
def _batch_norm_eval(
    input: Array, mean: Array, var: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float
) -> Array:
    """y = (x − μ) / √(σ² + ε) · w + b with given μ and σ².   (N, C, *S), (C), (C), (C), (C) → (N, C, *S)"""
    scale = 1 / np.sqrt(var + eps)
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    dtype = input.dtype
    return kernel.scale_shift(input, scale.astype(dtype, copy=False), shift.astype(dtype, copy=False))


@_batch_norm_eval.accelerated
def _(input: Array, mean: Array, var: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> Array:
    return onednn.batch_norm_eval(input, mean, var, weight, bias, eps)


@_batch_norm_eval.vjp("input", "weight", "bias")
def _(
    g: Array, input: Array, mean: Array, var: Array, weight: Array | None, eps: float, need: tuple[bool, ...]
) -> tuple[Any, ...]:
    inv = (var + eps) ** -0.5
    scale = inv if weight is None else inv * weight
    gx = g * _columns(scale, g) if need[0] else None
    gweight = _over_channels(g * (input - _columns(mean, g)) * _columns(inv, g)) if need[1] else None
    return gx, gweight, _over_channels(g) if need[2] else None


@_batch_norm_eval.cases
def _(draw: Draw) -> Case:
    c = draw.integer(1, 3)
    x = draw.array((2, c, *draw.choice([(), (2, 2)])))
    given = [draw.array((c,)), draw.array((c,))] if draw.boolean() else []
    return Case(x, np.asarray(draw.array((c,))), np.asarray(draw.array((c,), low=0.5)), *given, eps=1e-3)


def _check_channels(operation: str, channels: int, **given: Any) -> None:
    for name, v in given.items():
        if v is not None and shape_of(v) != (channels,):
            raise RuntimeError(
                f"{name} should contain {channels} elements not {size_of(v)} (in {operation}: one for each channel)"
            )


@expose("functional")
def batch_norm(input: Array, running_mean: Any, running_var: Any, weight: Array | None = None, bias: Array | None = None,
               training: bool = False, momentum: float = 0.1, eps: float = 1e-5) -> Array:  # fmt: skip
    """y = (x − μ) / √(σ² + ε) · weight + bias, channel by channel.   (N, C, *S) → (N, C, *S)

    In training μ and σ² (biased) are the batch's, and the running estimates move: r ← (1 − momentum) · r + momentum · s, where
    s is μ, or the **unbiased** variance. At inference the running estimates stand for μ and σ².

    Errors: ValueError for a single value per channel in training; RuntimeError for sizes that do not fit.

    >>> import autograd_cnn as ac
    >>> x = ac.tensor([[1., 10.], [3., 30.]])
    >>> ac.nn.functional.batch_norm(x, None, None, training=True)
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]])

    Source: Ioffe and Szegedy, "Batch normalization", 2015.
    """
    shape = shape_of(input)
    if len(shape) < 2:
        raise RuntimeError(expected("batch_norm", "an input of at least 2 dims (N, C, *)", f"shape {list(shape)}"))
    _check_channels(
        "batch_norm", shape[1], running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                "Expected running_mean and running_var to be defined when training=False (in batch_norm)"
            )
        return _batch_norm_eval(input, running_mean, running_var, weight, bias, eps=eps)
    count = int(np.prod(shape, dtype=np.int64)) // max(shape[1], 1)
    if count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(shape)} (in batch_norm). "
                         "Use eval(), or a "
                         "larger batch.")  # fmt: skip
    y, mean, var, _ = _batch_norm(input, weight, bias, eps=eps)
    for running, now in ((running_mean, unbox(mean)), (running_var, unbox(var) * (count / max(count - 1, 1)))):
        if running is not None and count:
            array = running.storage()
            array *= array.dtype.type(1 - momentum)
            array += (now * momentum).astype(array.dtype, copy=False)
            wrote(array)
    return y
