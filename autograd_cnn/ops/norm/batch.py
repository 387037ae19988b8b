"""Batch normalisation, by a batch's statistics and by running ones."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import ndim_of, shape_of, size_of
from ...errors import expected
from ...kernels.onednn import norm as onednn
from ...kernels.reference import normalization as kernel
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, broadcast, narrow, over, written
from ...symbolic.algebra import Constant
from ...types.promotion import Array
from ..reduce.reduce import _sum
from ..registry.derived import updated
from ..registry.expose import expose
from ..shape.shape import _reshape, expand
from .standard import bent, standardized


def _columns(x: Any, like: Any) -> Any:
    """(C) -> (1, C, 1, …), to meet a value of `like`'s dims."""
    return _reshape(x, shape=(1, shape_of(x)[0], *(1,) * (ndim_of(like) - 2)), kind="unsqueeze")


def _but_channels(x: Any) -> tuple[int, ...]:
    return (0, *range(2, ndim_of(x)))


def _over_channels(g: Any) -> Any:
    """(N, C, *S) -> (C)"""
    return _sum(g, dims=_but_channels(g))


@primitive(label="batch norm", family="norm", real=True, outputs=("y", "mean", "var", "invstd"), name="batch_norm")
def _batch_norm(input: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> tuple[Array, ...]:
    """y = (x − μ) / √(σ² + ε) · w + b, μ and σ² over batch and space of each channel.   (N, C, *S), (C), (C) → (N, C, *S)"""
    return kernel.batch_norm_forward(input, weight, bias, eps)


@_batch_norm.source
def _(input: Operand, weight: Operand | None, bias: Operand | None) -> str | None:
    if narrow(input):
        return None
    across, n = over((0, *range(2, input.ndim))), input.ndim
    statistics = f"mean = input.mean({across})\nvar = input.var({across})\ninvstd = 1 / np.sqrt(var + eps)"
    y = f"(input - {broadcast('mean', n)}) * {broadcast('invstd', n)}"
    if weight is not None or bias is not None:
        statistics += f"\nhat = {y}"
        y = f"hat{'' if weight is None else ' * ' + broadcast('weight', n)}{'' if bias is None else ' + ' + broadcast('bias', n)}"
    return f"{statistics}\n({y}, mean, var, invstd)"


@_batch_norm.accelerated
def _(input: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> tuple[Array, ...]:
    return onednn.batch_norm(input, weight, bias, eps)  # type: ignore[no-any-return]  # or NotImplemented


@_batch_norm.vjp("input", "weight", "bias")
def _(
    g: Array, input: Array, weight: Array | None, mean: Array, invstd: Array, eps: float, donated: Array | None, need: tuple[bool, ...]
) -> tuple[Any, ...]:
    if weight is None:
        gbias = _over_channels(g) if need[2] else None  # before g is written over
        return _batch_norm_adjoint(g, input, mean, invstd, eps=eps, donated=donated), None, gbias
    return _batch_norm_adjoints(g, input, weight, mean, invstd, eps=eps, donated=donated)  # type: ignore[no-any-return]  # a tuple


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


@_batch_norm.onnx
def _(to: Emit, input: Any, weight: Any, bias: Any, *, eps: Any) -> Any:
    dims = (0, *range(2, len(input.shape)))
    columns = [1, -1, *[1] * (len(input.shape) - 2)]
    mean = to.reduce("Mean", input, dims, True)
    centred = to.Sub(input, mean)
    var = to.reduce("Mean", to.Mul(centred, centred), dims, True)
    invstd = to.Reciprocal(to.Sqrt(to.Add(var, float(eps))))
    y = to.Mul(centred, invstd)
    y = y if weight is None else to.Mul(y, to.Reshape(weight, columns))
    y = y if bias is None else to.Add(y, to.Reshape(bias, columns))
    return y, to.Reshape(mean, [-1]), to.Reshape(var, [-1]), to.Reshape(invstd, [-1])


# ------------------------------------------------------------------------------------------------- the adjoint
# Mean and invstd are x's own statistics, given where they are known already: what the gradients by x follow is x alone.
def _statistics(x: Array, mean: Array | None, invstd: Array | None, eps: float) -> tuple[Array, Array]:
    if mean is None or invstd is None:
        _, mean, _, invstd = kernel.batch_norm_forward(x, None, None, eps)
    return mean, invstd


@primitive(label="batch norm ∂input", family="norm", name="batch_norm_adjoint")
def _batch_norm_adjoint(input: Array, x: Array, mean: Array | None = None, invstd: Array | None = None, *, eps: float) -> Array:
    """y = (g − mean g − h · mean(g · h)) / √(σ² + ε), g the input, h the x standardised channel by channel.   (N, C, *S) → (N, C, *S)"""
    return kernel.batch_norm_adjoint(input, x, None, *_statistics(x, mean, invstd, eps))[0]


@_batch_norm_adjoint.source
def _(input: Operand, invstd: Operand | None) -> str | None:
    if narrow(input) or invstd is None:
        return None
    across, n = over((0, *range(2, input.ndim)), True), input.ndim
    hat = f"hat = (x - {broadcast('mean', n)}) * {broadcast('invstd', n)}"
    return f"{hat}\n{broadcast('invstd', n)} * (input - input.mean({across}) - hat * (input * hat).mean({across}))"


@_batch_norm_adjoint.accelerated
def _(input: Array, x: Array, mean: Array | None = None, invstd: Array | None = None, *, eps: float, donated: Array | None = None) -> Any:
    found = onednn.batch_norm_adjoint(input, x, None, mean, invstd, eps, donated)
    return found if found is NotImplemented else found[0]


@_batch_norm_adjoint.vjp("input", "x")
def _(
    g: Array, input: Array, x: Array, mean: Array | None, invstd: Array | None, eps: float, donated: Array | None, need: tuple[bool, ...]
) -> tuple[Array | None, ...]:
    def adjoint(v: Array, donated: Array | None = None) -> Array:
        return _batch_norm_adjoint(v, x, mean, invstd, eps=eps, donated=donated)

    gx = bent(adjoint, g, input, x, _but_channels(x), eps) if need[1] else None
    return adjoint(g, donated) if need[0] else None, gx


@primitive(label="batch norm ∂", family="norm", real=True, outputs=("y", "gweight", "gbias"), several=True, name="batch_norm_adjoints")
def _batch_norm_adjoints(
    input: Array, x: Array, weight: Array, mean: Array | None = None, invstd: Array | None = None, *, eps: float
) -> tuple[Array, ...]:
    """The gradients of batch norm by its input, weight and bias: weight · A(g), Σ g · h, Σ g; A(g) is `batch_norm_adjoint`"""
    return kernel.batch_norm_adjoint(input, x, weight, *_statistics(x, mean, invstd, eps))


@_batch_norm_adjoints.source
def _(input: Operand, invstd: Operand | None) -> str | None:
    if narrow(input) or invstd is None:
        return None
    across, n = over((0, *range(2, input.ndim))), input.ndim
    count = input.size // max((input.shape or (1, 1))[1], 1)
    hat = f"hat = (x - {broadcast('mean', n)}) * {broadcast('invstd', n)}"
    rest = f"rest = input - ({broadcast('gbias', n)} + hat * {broadcast('gweight', n)}) / {count}"
    sums = f"gweight = (input * hat).sum({across})\ngbias = input.sum({across})"
    return f"{hat}\n{sums}\n{rest}\n({broadcast('(weight * invstd)', n)} * rest, gweight, gbias)"


@_batch_norm_adjoints.accelerated
def _(
    input: Array,
    x: Array,
    weight: Array,
    mean: Array | None = None,
    invstd: Array | None = None,
    *,
    eps: float,
    donated: Array | None = None,
) -> tuple[Array, ...]:
    return onednn.batch_norm_adjoint(input, x, weight, mean, invstd, eps, donated)  # type: ignore[no-any-return]  # or NotImplemented


@_batch_norm_adjoints.vjp("input", "x", "weight")
def _(
    g: tuple[Array | None, ...],
    input: Array,
    x: Array,
    weight: Array,
    mean: Array | None,
    invstd: Array | None,
    eps: float,
    need: tuple[bool, ...],
) -> tuple[Array | None, ...]:
    def adjoint(v: Array) -> Array:
        return _batch_norm_adjoint(v, x, mean, invstd, eps=eps)

    dims, (v, by_weight, by_bias) = _but_channels(x), g
    ginput = gx = gweight = None
    if v is not None:
        scale = _columns(weight, x)
        ginput = scale * adjoint(v) if need[0] else None
        gx = scale * bent(adjoint, v, input, x, dims, eps) if need[1] else None
        gweight = _over_channels(v * adjoint(input)) if need[2] else None
    if by_weight is not None:
        u = _columns(by_weight, x)
        ginput = _both(ginput, u * standardized(x, dims, eps)[0]) if need[0] else None
        gx = _both(gx, adjoint(u * input)) if need[1] else None
    if by_bias is not None and need[0]:
        ginput = _both(ginput, expand(_columns(by_bias, x), shape_of(x)))
    return ginput, gx, gweight


def _both(a: Any, b: Any) -> Any:
    return b if a is None else a + b


def _case_of_adjoint(draw: Draw) -> tuple[list[Array], dict[str, Any]]:
    """Gradient and x; with the statistics no derivative is to be tested, for they stay where they are when x moves."""
    c, eps = draw.integer(1, 3), draw.choice([1e-5, 1e-2])
    x = draw.array((draw.integer(2, 3), c, *draw.choice([(), (2,), (2, 2)])), distinct=True)
    return [draw.array(x.shape, low=-2.0, high=2.0), x], {"eps": eps, "tolerance": 100.0}


def _known(x: Array, eps: float) -> list[Array]:
    mean, invstd = _statistics(x, None, None, eps)
    return [mean, invstd]


@_batch_norm_adjoint.cases
def _(draw: Draw) -> Case:
    (g, x), params = _case_of_adjoint(draw)
    return Case(g, x, *_known(x, params["eps"]), smooth=False, **params) if draw.boolean() else Case(g, x, **params)


@_batch_norm_adjoints.cases
def _(draw: Draw) -> Case:
    (g, x), params = _case_of_adjoint(draw)
    weight = draw.array(x.shape[1:2], low=0.5)
    return Case(g, x, weight, *_known(x, params["eps"]), smooth=False, **params) if draw.boolean() else Case(g, x, weight, **params)


# ------------------------------------------------------------------------------------------------- with running statistics
@primitive(label="batch norm (running)", family="norm", real=True, name="batch_norm_eval")
def _batch_norm_eval(input: Array, mean: Array, var: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> Array:
    """y = (x − μ) / √(σ² + ε) · w + b with given μ and σ².   (N, C, *S), (C), (C), (C), (C) → (N, C, *S)"""
    scale = 1 / np.sqrt(var + eps)
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    dtype = input.dtype
    return kernel.scale_shift(input, scale.astype(dtype, copy=False), shift.astype(dtype, copy=False))


@_batch_norm_eval.source
def _(input: Operand, weight: Operand | None, bias: Operand | None) -> str | None:
    if narrow(input):
        return None
    n, scale = input.ndim, "1 / np.sqrt(var + eps)" if weight is None else "weight / np.sqrt(var + eps)"
    y = f"(input - {broadcast('mean', n)}) * {broadcast('scale', n)}" + ("" if bias is None else f" + {broadcast('bias', n)}")
    return f"scale = {scale}\n{y}"


@_batch_norm_eval.accelerated
def _(input: Array, mean: Array, var: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> Array:
    return onednn.batch_norm_eval(input, mean, var, weight, bias, eps)


@_batch_norm_eval.vjp("input", "weight", "bias")
def _(g: Array, input: Array, mean: Array, var: Array, weight: Array | None, eps: float, need: tuple[bool, ...]) -> tuple[Any, ...]:
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


@_batch_norm_eval.onnx
def _(to: Emit, input: Any, mean: Any, var: Any, weight: Any, bias: Any, *, eps: Any) -> Any:
    n = int(input.shape[1])
    weight = to.const(np.ones(n), input.dtype) if weight is None else weight
    bias = to.const(np.zeros(n), input.dtype) if bias is None else bias
    return to.BatchNormalization(input, weight, bias, mean, var, epsilon=float(eps))


def _check_channels(operation: str, channels: int, **given: Any) -> None:
    for name, v in given.items():
        if v is not None and shape_of(v) != (channels,):
            raise RuntimeError(f"{name} should contain {channels} elements not {size_of(v)} (in {operation}: one for each channel)")


@expose("functional")
def batch_norm(
    input: Array,
    running_mean: Any,
    running_var: Any,
    weight: Array | None = None,
    bias: Array | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
    """y = (x − μ) / √(σ² + ε) · weight + bias, channel by channel.   (N, C, *S) → (N, C, *S)

    In training μ and σ² (biased) are the batch's, and the running estimates move: r ← (1 − momentum) · r + momentum · s, where
    s is μ, or the **unbiased** variance. At inference the running estimates stand for μ and σ².

    Raises:
        ValueError: a single value per channel in training.
        RuntimeError: sizes that do not fit.

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
    _check_channels("batch_norm", shape[1], running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when training=False (in batch_norm)")
        return _batch_norm_eval(input, running_mean, running_var, weight, bias, eps=eps)
    count = int(np.prod(shape, dtype=np.int64)) // max(shape[1], 1)
    if count == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {list(shape)} (in batch_norm). "
            "Use eval(), or a "
            "larger batch."
        )
    y, mean, var, _ = _batch_norm(input, weight, bias, eps=eps)
    for running, now, factor in ((running_mean, mean, 1.0), (running_var, var, count / max(count - 1, 1))):
        if running is not None and count:
            updated(partial(_move, momentum, factor), running, now)
    return y


@written("running *= 1 - momentum\nrunning += momentum * factor * now")
def _move(momentum: float, factor: float, running: Array, now: Array) -> None:
    """running ← (1 − momentum) · running + momentum · factor · now"""
    running *= running.dtype.type(1 - momentum)
    running += (now * factor * momentum).astype(running.dtype, copy=False)
