"""Layer, root-mean-square, group and instance normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import dtype_of, shape_of
from ...errors import expected, whole
from ...kernels.onednn import softmax
from ...kernels.reference.sums import add_up
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, narrow, over
from ...types.promotion import Array
from ..reduce.reduce import sum as total
from ..registry.contiguous import contiguous
from ..registry.derived import updated
from ..registry.expose import expose
from ..shape.shape import Shape, _reshape
from .batch import _check_channels, batch_norm
from .standard import bent, far


@primitive(label="{kind}", family="norm", real=True, outputs=("y", "hat", "invstd"), name="normalize")
def _normalize(input: Array, *, dims: Shape, eps: float, kind: str = "normalize") -> tuple[Array, ...]:
    """y = (x − μ) / √(σ² + ε), μ and σ² over `dims`"""
    input = contiguous(input) if kind == "layer norm" else input
    n = float(np.prod([input.shape[d] for d in dims]))
    x = input.astype(np.float32) if input.dtype == np.float16 else input
    mean = add_up(x, dims, True) / (n or 1.0)
    centred = x - mean
    var = add_up(centred * centred, dims, True) / n
    if far(mean, var):
        centred -= add_up(centred, dims, True) / n
        var = add_up(centred * centred, dims, True) / n
    inv = 1 / np.sqrt(var + x.dtype.type(eps))
    centred *= inv
    hat = centred.astype(input.dtype, copy=False)
    return hat, hat, inv.astype(input.dtype, copy=False)


@_normalize.source
def _(input: Operand, dims: Any) -> str | None:
    if narrow(input):
        return None
    across = over(dims, True)
    statistics = f"mean = input.mean({across})\ninvstd = 1 / np.sqrt(input.var({across}) + eps)"
    return f"{statistics}\nhat = (input - mean) * invstd\n(hat, hat, invstd)"


@_normalize.accelerated
def _(input: Array, *, dims: Shape, eps: float, kind: str) -> Any:
    found = softmax.normalize(input, dims, eps)
    return found if found is NotImplemented else (found[0], *found)


@_normalize.vjp("input")
def _(g: Array, input: Array, invstd: Array, dims: Shape, eps: float) -> Array:
    return _normalize_adjoint(g, input, invstd, dims=dims, eps=eps)


@_normalize.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((2, 3, 4), distinct=True), dims=draw.choice([(2,), (1, 2), (0, 2)]), eps=1e-3, tolerance=10.0)


@_normalize.onnx
def _(to: Emit, input: Any, *, dims: Any, eps: Any, kind: Any) -> Any:
    mean = to.reduce("Mean", input, dims, True)
    centred = to.Sub(input, mean)
    var = to.reduce("Mean", to.Mul(centred, centred), dims, True)
    invstd = to.Reciprocal(to.Sqrt(to.Add(var, float(eps))))
    hat = to.Mul(centred, invstd)
    return hat, hat, invstd


@primitive(label="normalize ∂input", family="norm", name="normalize_adjoint")
def _normalize_adjoint(input: Array, x: Array, invstd: Array | None = None, *, dims: Shape, eps: float) -> Array:
    """y = (g − mean g − h · mean(g · h)) / √(σ² + ε), g the input, h the x standardised over `dims`; invstd, where it is known already,
    is x's own"""
    n = float(np.prod([x.shape[d] for d in dims])) or 1.0
    kind = np.dtype(np.float32) if x.dtype == np.float16 else x.dtype
    g, x = input.astype(kind, copy=False), x.astype(kind, copy=False)
    mean = add_up(x, dims, True) / n
    hat = x - mean
    var = add_up(hat * hat, dims, True) / n if invstd is None else 1 / np.square(invstd.astype(kind, copy=False))
    if far(mean, var):
        hat -= add_up(hat, dims, True) / n
        var = add_up(hat * hat, dims, True) / n if invstd is None else var
    inv = (1 / np.sqrt(var + kind.type(eps)) if invstd is None else invstd).astype(kind, copy=False)
    hat *= inv
    y = g - add_up(g, dims, True) / n
    hat *= add_up(g * hat, dims, True) / n
    y -= hat
    y *= inv
    return y.astype(input.dtype, copy=False)


@_normalize_adjoint.source
def _(input: Operand, invstd: Operand | None, dims: Any) -> str | None:
    if narrow(input) or invstd is None:
        return None
    across = over(dims, True)
    hat = f"hat = (x - x.mean({across})) * invstd"
    return f"{hat}\n(input - input.mean({across}) - hat * (input * hat).mean({across})) * invstd"


@_normalize_adjoint.accelerated
def _(input: Array, x: Array, invstd: Array | None = None, *, dims: Shape, eps: float) -> Any:
    return NotImplemented if invstd is None else softmax.normalize_adjoint(input, x, invstd, dims, eps)


@_normalize_adjoint.vjp("input", "x")
def _(g: Array, input: Array, x: Array, invstd: Array | None, dims: Shape, eps: float, need: tuple[bool, ...]) -> tuple[Array | None, ...]:
    def adjoint(v: Array) -> Array:
        return _normalize_adjoint(v, x, invstd, dims=dims, eps=eps)

    return adjoint(g) if need[0] else None, bent(adjoint, g, input, x, dims, eps) if need[1] else None


@_normalize_adjoint.cases
def _(draw: Draw) -> Case:
    x, dims = draw.array((2, 3, 4), distinct=True), draw.choice([(2,), (1, 2), (0, 2)])
    params: dict[str, Any] = {"dims": dims, "eps": 1e-3, "tolerance": 100.0}
    g = draw.array(x.shape, low=-2.0, high=2.0)
    if draw.boolean():  # x's own invstd stays where it is when x moves: no derivative to test
        return Case(g, x, _normalize.forward(x, dims=dims, eps=1e-3)[2], smooth=False, **params)
    return Case(g, x, **params)


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
        raise RuntimeError(
            f"Given normalized_shape={list(last)}, expected input with shape [*, {', '.join(map(str, last))}], but got input of "
            f"size {list(shape)} (in {operation})"
        )
    for name, v in given.items():
        if v is not None and shape_of(v) != last:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape {list(shape_of(v))} and "
                f"normalized_shape = {list(last)} (in {operation})"
            )
    return tuple(range(len(shape) - len(last), len(shape)))


@expose("function functional")
def layer_norm(
    input: Array, normalized_shape: Sequence[int], weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> Array:
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
def group_norm(input: Array, num_groups: int, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5) -> Array:
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
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(shape)} and "
            f"num_groups={num_groups} (in group_norm)"
        )
    _check_channels("group_norm", shape[1], weight=weight, bias=bias)
    grouped = _reshape(input, shape=(shape[0], num_groups, shape[1] // num_groups * int(np.prod(shape[2:], dtype=np.int64))))
    y = _reshape(_normalize(grouped, dims=(2,), eps=eps, kind="group norm")[0], shape=shape)
    return _affine(y, _by_channel(weight, len(shape)), _by_channel(bias, len(shape)))


@expose("function functional")
def instance_norm(
    input: Array,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Array | None = None,
    bias: Array | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
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
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {list(shape)} (in instance_norm)")
    _check_channels("instance_norm", shape[1], running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    dims = tuple(range(2, len(shape)))
    y = _affine(
        _normalize(input, dims=dims, eps=eps, kind="instance norm")[0], _by_channel(weight, len(shape)), _by_channel(bias, len(shape))
    )
    for running, statistic, factor in ((running_mean, "mean", 1.0), (running_var, "var", space / max(space - 1, 1))):
        if running is not None and shape[0]:
            updated(partial(_move, momentum, factor, statistic, dims), running, input)
    return y


def _move(momentum: float, factor: float, statistic: str, dims: Shape, running: Array, x: Array) -> None:
    """running ← (1 − momentum) · running + momentum · factor · the samples' mean statistic"""
    running[...] = (1 - momentum) * running + momentum * (getattr(x, statistic)(dims) * factor).mean(0)
