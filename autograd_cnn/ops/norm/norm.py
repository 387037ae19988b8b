"""Normalisation: batch, layer, group, instance, and the local response normalisation of AlexNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.cases import Case, Draw
from ...engine.primitive import primitive
from ...engine.variable import dtype_of, ndim_of, shape_of, size_of, unbox
from ...engine.versions import wrote
from ...errors import ShapeError, expected, whole
from ...kernels.onednn import norm as onednn
from ...kernels.onednn import softmax
from ...kernels.onednn.channels_last import plain_view
from ...kernels.reference import normalization as kernel
from ...kernels.reference.sums import add_up
from ...symbolic.algebra import Constant
from ...types.promotion import Array
from ..reduce.reduce import sum as total
from ..registry.contiguous import packed
from ..registry.expose import expose
from ..shape.shape import Shape, _reshape


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


# ------------------------------------------------------------------------------------------------- layer, group, instance
@primitive(label="{kind}", family="norm", outputs=("y", "hat", "invstd"), name="normalize")
def _normalize(input: Array, *, dims: Shape, eps: float, kind: str = "normalize") -> tuple[Array, ...]:
    """y = (x − μ) / √(σ² + ε), μ and σ² over `dims`"""
    input = packed(input) if kind == "layer norm" else input
    n = float(np.prod([input.shape[d] for d in dims]))
    x = input.astype(np.float32) if input.dtype == np.float16 else input
    mean = add_up(x, dims, True) / (n or 1.0)
    centred = x - mean
    var = add_up(centred * centred, dims, True) / n
    if _far(mean, var):
        centred -= add_up(centred, dims, True) / n
        var = add_up(centred * centred, dims, True) / n
    inv = 1 / np.sqrt(var + x.dtype.type(eps))
    centred *= inv
    hat = centred.astype(input.dtype, copy=False)
    return hat, hat, inv.astype(input.dtype, copy=False)


def _far(mean: Array, var: Array) -> bool:
    """Is a mean so far from 0 that its rounding counts beside the deviations, and must be taken from them again?"""
    return bool(np.any(np.square(mean) > 16 * np.abs(var)))


@_normalize.accelerated
def _(input: Array, *, dims: Shape, eps: float, kind: str) -> Any:
    found = softmax.normalize(input, dims, eps)
    return found if found is NotImplemented else (found[0], *found)


@_normalize.vjp("input")
def _(g: Array, input: Array, invstd: Array, dims: Shape, eps: float) -> Array:
    found = softmax.normalize_adjoint(g, input, invstd, dims, eps)
    if found is not NotImplemented:
        return found
    n = float(np.prod([shape_of(input)[d] for d in dims]))
    mean = total(input, dims, True) / n
    centred = input - mean
    if _far(unbox(mean), 1 / np.square(unbox(invstd))):
        centred = centred - total(centred, dims, True) / n
    inv = (total(centred * centred, dims, True) / n + eps) ** -0.5
    hat = centred * inv
    return (g - total(g, dims, True) / n - hat * (total(g * hat, dims, True) / n)) * inv


@_normalize.cases
def _(draw: Draw) -> Case:
    return Case(
        draw.array((2, 3, 4), distinct=True), dims=draw.choice([(2,), (1, 2), (0, 2)]), eps=1e-3, tolerance=10.0
    )


def _affine(y: Any, weight: Any, bias: Any) -> Any:
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _last_dims(operation: str, input: Any, normalized_shape: Any, **given: Any) -> Shape:
    """The last dims, which must have the shape named; so must the parameters."""
    shape = shape_of(input)
    sizes = normalized_shape if isinstance(normalized_shape, Sequence) else (normalized_shape,)
    last = tuple(whole(n, f"{operation}: normalized_shape") for n in sizes)
    if not last:
        raise RuntimeError(expected(operation, "normalized_shape to be at least 1-dimensional", "()"))
    if len(shape) < len(last) or shape[len(shape) - len(last) :] != last:
        raise RuntimeError(f"Given normalized_shape={list(last)}, expected input with shape [*, {', '.join(map(str, last))}], but got input of "
                           f"size {list(shape)} (in {operation})")  # fmt: skip
    for name, v in given.items():
        if v is not None and shape_of(v) != last:
            raise RuntimeError(f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape {list(shape_of(v))} and "
                               f"normalized_shape = {list(last)} (in {operation})")  # fmt: skip
    return tuple(range(len(shape) - len(last), len(shape)))


@expose("function functional")
def layer_norm(input: Array, normalized_shape: Sequence[int], weight: Array | None = None, bias: Array | None = None,
               eps: float = 1e-5) -> Array:  # fmt: skip
    """y = (x − μ) / √(σ² + ε) · weight + bias, μ and σ² over the last dims, `normalized_shape`.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.layer_norm(ac.tensor([[1., 3.]]), (2,))
    tensor([[-1.0000,  1.0000]])

    Source: Ba, Kiros, Hinton, "Layer normalization", 2016.
    """
    dims = _last_dims("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    return _affine(_normalize(input, dims=dims, eps=eps, kind="layer norm")[0], weight, bias)


@expose("function functional")
def rms_norm(input: Array, normalized_shape: Sequence[int], weight: Array | None = None, eps: float | None = None) -> Array:
    """y = x / √(mean(x²) + eps) · weight, the mean over the last dims, `normalized_shape`; eps is the dtype's own by default.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.rms_norm(ac.tensor([[1., 7.]]), (2,))
    tensor([[0.2000, 1.4000]])

    Source: Zhang and Sennrich, "Root mean square layer normalization", 2019.
    """
    dims = _last_dims("rms_norm", input, normalized_shape, weight=weight)
    n = float(np.prod([shape_of(input)[d] for d in dims]))
    small = float(np.finfo(dtype_of(input)).eps) if eps is None else eps
    return _affine(input * (total(input * input, dims, True) / n + small) ** -0.5, weight, None)


def _by_channel(v: Any, ndim: int) -> Any:
    return None if v is None else _reshape(v, shape=(1, shape_of(v)[0], *(1,) * (ndim - 2)), kind="unsqueeze")


@expose("function functional")
def group_norm(
    input: Array, num_groups: int, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> Array:
    """As layer norm, over the channels of each of `num_groups` groups and space.   (N, C, *) → (N, C, *)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.group_norm(ac.ones(2, 4, 3), 2).shape
    torch.Size([2, 4, 3])

    Source: Wu and He, "Group normalization", 2018.
    """
    shape = shape_of(input)
    if len(shape) < 2:
        raise RuntimeError(expected("group_norm", "an input with at least 2 dims (N, C, *)", f"shape {list(shape)}"))
    if num_groups <= 0 or shape[1] % num_groups:
        raise RuntimeError(f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(shape)} and "
                           f"num_groups={num_groups} (in group_norm)")  # fmt: skip
    _check_channels("group_norm", shape[1], weight=weight, bias=bias)
    grouped = _reshape(
        input, shape=(shape[0], num_groups, shape[1] // num_groups * int(np.prod(shape[2:], dtype=np.int64)))
    )
    y = _reshape(_normalize(grouped, dims=(2,), eps=eps, kind="group norm")[0], shape=shape)
    return _affine(y, _by_channel(weight, len(shape)), _by_channel(bias, len(shape)))


@expose("function functional")
def instance_norm(input: Array, running_mean: Any = None, running_var: Any = None, weight: Array | None = None, bias: Array | None = None,
                  use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5) -> Array:  # fmt: skip
    """As batch norm, with μ and σ² of each sample and channel by itself.   (N, C, *S) → (N, C, *S)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.instance_norm(ac.tensor([[[1., 3.]]]))
    tensor([[[-1.0000,  1.0000]]])

    Source: Ulyanov, Vedaldi, Lempitsky, "Instance normalization", 2016.
    """
    shape = shape_of(input)
    if len(shape) < 3:
        raise RuntimeError(expected("instance_norm", "an input of at least 3 dims (N, C, *S)", f"shape {list(shape)}"))
    space = int(np.prod(shape[2:], dtype=np.int64))
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if space == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {list(shape)} (in instance_norm)"
        )
    _check_channels(
        "instance_norm", shape[1], running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    dims = tuple(range(2, len(shape)))
    raw = unbox(input)
    y = _affine(
        _normalize(input, dims=dims, eps=eps, kind="instance norm")[0], _by_channel(weight, len(shape)), _by_channel(bias, len(shape))
    )
    for running, statistic in ((running_mean, raw.mean), (running_var, lambda dims: raw.var(dims) * (space / (space - 1)))):
        if running is not None and len(raw):
            array = running.storage()
            array[...] = (1 - momentum) * array + momentum * statistic(dims).mean(0)
            wrote(array)
    return y


# ------------------------------------------------------------------------------------------------- local response
@primitive(label="local response norm", family="norm", outputs=("y", "base"), name="local_response_norm")
def _lrn(input: Array, *, size: int, alpha: float, beta: float, k: float) -> tuple[Array, Array]:
    """y_c = x_c / (k + α/n · Σ x²)^β over the n channels around c.   (N, C, *) → (N, C, *)"""
    return kernel.local_response_norm_forward(input, size, alpha, beta, k)


@_lrn.vjp("input")
def _(g: Array, input: Array, base: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    if not _recorded(g):
        return kernel.local_response_norm_adjoint(plain_view(g), plain_view(input), base, size, alpha, beta)
    again = _neighbours(input * input, size) * (alpha / size) + k  # in operations: the base depends on x again
    power = again**-beta
    inner = g * input * power / again
    return g * power - input * _neighbours(inner, size, adjoint=True) * (2 * alpha * beta / size)


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


@expose("functional")
def local_response_norm(input: Array, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Array:
    """y_c = x_c / (k + α/size · Σ x²)^β, summed over the `size` channels around c (from size // 2 before it).   (N, C, *) → (N, C, *)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.local_response_norm(ac.ones(1, 2, 1), 2, alpha=2., beta=1., k=0.).flatten()
    tensor([1.0000, 0.5000])

    Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 3.3.
    """
    if ndim_of(input) < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {ndim_of(input)} dimensions) in local_response_norm"
        )
    if size < 1:
        raise ShapeError(expected("local_response_norm", "a window of at least one channel", size))
    return _lrn(input, size=size, alpha=alpha, beta=beta, k=k)[0]


@expose("functional", "normalize")
def unit_norm(input: Array, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Array:
    """x / max(‖x‖_p, eps) along `dim`.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.normalize(ac.tensor([[3., 4.]]))
    tensor([[0.6000, 0.8000]])
    """
    from ..elementwise.clamp import clamp
    from ..reduce.statistics import norm

    return input / clamp(norm(input, p, dim, True), min=eps)
