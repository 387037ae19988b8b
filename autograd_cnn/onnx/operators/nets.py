"""Products, convolution, pooling, normalisation, losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...nn import functional as F
from ...tensors.creation import ones_like
from .elementwise import ac
from .table import Node, Unsupported, constant, number, operator


@operator("Gemm")
def _(n: Node, a: Any, b: Any, c: Any = None) -> Any:
    plain = n.get("alpha", 1.0) == n.get("beta", 1.0) == 1 and n.get("transB") and not n.get("transA")
    if plain and a.is_floating_point() and (c is None or tuple(c.shape) == (b.shape[0],)):
        return F.linear(a, b, c)
    y = (a.transpose(0, 1) if n.get("transA") else a) @ (b.transpose(0, 1) if n.get("transB") else b)
    alpha, beta = n.get("alpha", 1.0), n.get("beta", 1.0)
    y = y if alpha == 1 else (y * alpha).to(y.dtype)
    return y if c is None else y + (c if beta == 1 else (c * beta).to(c.dtype))


# ------------------------------------------------------------------------------------------------------- windows
def _sides(n: Node, x: Any, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> tuple[list[int], list[int]]:
    dims, auto = len(kernel), n.get("auto_pad", "NOTSET")
    if auto == "VALID":
        return [0] * dims, [0] * dims
    if auto in ("NOTSET", ""):
        p = [int(v) for v in n.get("pads", [0] * 2 * dims)]
        return p[:dims], p[dims:]
    total = [max((-(-s // t) - 1) * t + (k - 1) * d + 1 - s, 0) for s, k, t, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)]
    small = [t // 2 for t in total]
    large = [t - s for t, s in zip(total, small, strict=True)]
    return (small, large) if auto == "SAME_UPPER" else (large, small)


def _padded(x: Any, begin: Sequence[int], end: Sequence[int], value: float = 0.0) -> Any:
    return F.pad(x, [v for p in list(zip(begin, end, strict=True))[::-1] for v in p], value=value) if any(begin) or any(end) else x


@operator("Conv")
def convolution(n: Node, x: Any, w: Any, b: Any = None) -> Any:
    """A convolution of any number of dims, with padding as the node says."""
    dims = x.ndim - 2
    stride, dilation = n.get("strides", [1] * dims), n.get("dilations", [1] * dims)
    begin, end = _sides(n, x, w.shape[2:], stride, dilation)
    same = begin == end
    conv = (F.conv1d, F.conv2d, F.conv3d)[dims - 1]
    return conv(x if same else _padded(x, begin, end), w, b, tuple(stride), tuple(begin) if same else 0, tuple(dilation), n.get("group", 1))


@operator("ConvTranspose")
def _(n: Node, x: Any, w: Any, b: Any = None) -> Any:
    dims = x.ndim - 2
    stride, dilation, more = (n.get(k, [v] * dims) for k, v in (("strides", 1), ("dilations", 1), ("output_padding", 0)))
    full = [(s - 1) * t + (k - 1) * d + 1 for s, t, k, d in zip(x.shape[2:], stride, w.shape[2:], dilation, strict=True)]
    auto, wanted = n.get("auto_pad", "NOTSET"), n.get("output_shape")
    if wanted is not None or auto.startswith("SAME"):
        out = list(wanted)[-dims:] if wanted is not None else [s * t for s, t in zip(x.shape[2:], stride, strict=True)]
        total = [f + o - w_ for f, o, w_ in zip(full, more, out, strict=True)]
        first = [t // 2 if auto == "SAME_UPPER" else t - t // 2 for t in total]
        begin, end = first, [t - f for t, f in zip(total, first, strict=True)]
    else:
        p = [int(v) for v in n.get("pads", [0] * 2 * dims)] if auto in ("NOTSET", "") else [0] * 2 * dims
        begin, end = p[:dims], p[dims:]
    conv = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[dims - 1]
    if begin == end and all(p >= 0 for p in begin) and all(o < max(t, d) for o, t, d in zip(more, stride, dilation, strict=True)):
        return conv(x, w, b, tuple(stride), tuple(begin), tuple(more), n.get("group", 1), tuple(dilation))
    y = conv(x, w, None, tuple(stride), 0, 0, n.get("group", 1), tuple(dilation))
    y = _padded(y, [-p for p in begin], [o - p for o, p in zip(more, end, strict=True)])
    return y if b is None else y + b.reshape(1, -1, *(1,) * dims)


def _counts(n: Node, x: Any, kernel: Any, stride: Any, dilation: Any, begin: Any, end: Any) -> tuple[list[int], list[int]]:
    """How many windows there are, and what padding behind they need."""
    counts, more = [], []
    for s, k, t, d, a, b in zip(x.shape[2:], kernel, stride, dilation, begin, end, strict=True):
        span = s + a + b - (k - 1) * d - 1
        count = (-(-span // t) if n.get("ceil_mode") else span // t) + 1
        count -= bool(n.get("ceil_mode")) and (count - 1) * t >= s + a
        counts.append(count)
        more.append(max((count - 1) * t + (k - 1) * d + 1 - s - a, b))
    return counts, more


@operator("MaxPool")
def _(n: Node, x: Any) -> Any:
    kernel, dims = [int(k) for k in n.get("kernel_shape")], x.ndim - 2
    stride, dilation = n.get("strides", [1] * dims), n.get("dilations", [1] * dims)
    begin, end = _sides(n, x, kernel, stride, dilation)
    pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[dims - 1]
    if n.outs == 1 and x.is_floating_point() and begin == end and all(2 * p <= k for p, k in zip(begin, kernel, strict=True)):
        return pool(x, tuple(kernel), tuple(stride), tuple(begin), tuple(dilation), ceil_mode=bool(n.get("ceil_mode")))
    _, more = _counts(n, x, kernel, stride, dilation, begin, end)
    z = _padded(x if x.is_floating_point() else x.to(np.float32), begin, more, -math.inf)
    y, places = pool(z, tuple(kernel), tuple(stride), 0, tuple(dilation), return_indices=True)
    if n.outs == 1:
        return y.to(x.dtype)
    at, rest = [], np.asarray(places.numpy())
    for size in z.shape[:1:-1]:
        at.append(rest % size)
        rest = rest // size
    at = [a - p for a, p in zip(at[::-1], begin, strict=True)]
    flat, order = np.zeros_like(rest), range(dims) if not n.get("storage_order") else range(dims)[::-1]
    for d in order:
        flat = flat * x.shape[2 + d] + at[d]
    lead = np.arange(x.shape[0] * x.shape[1]).reshape(*x.shape[:2], *(1,) * dims) * math.prod(x.shape[2:])
    return y.to(x.dtype), constant(flat + lead, np.int64)


def _sums(x: Any, counts: Sequence[int], kernel: Any, stride: Any, dilation: Any) -> Any:
    """The sum of each window, dim after dim."""
    for d in range(len(counts)):
        table = np.arange(counts[d])[:, None] * stride[d] + np.arange(kernel[d]) * dilation[d]
        y = ac.index_select(x, d + 2, constant(table.ravel(), np.int64))
        x = ac.sum(y.reshape([*x.shape[: d + 2], *table.shape, *x.shape[d + 3 :]]), d + 3)
    return x


@operator("AveragePool")
def _(n: Node, x: Any) -> Any:
    kernel, dims = [int(k) for k in n.get("kernel_shape")], x.ndim - 2
    stride, dilation = n.get("strides", [1] * dims), n.get("dilations", [1] * dims)
    begin, end = _sides(n, x, kernel, stride, dilation)
    all_count = bool(n.get("count_include_pad"))
    if begin == end and not n.get("ceil_mode") and set(dilation) == {1} and all(2 * p <= k for p, k in zip(begin, kernel, strict=True)):
        pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[dims - 1]
        return pool(x, tuple(kernel), tuple(stride), tuple(begin), False, all_count)
    counts, more = _counts(n, x, kernel, stride, dilation, begin, end)
    ones = _padded(_ones_of(x), begin, end, float(all_count))
    ones = _padded(ones, [0] * dims, [m - b for m, b in zip(more, end, strict=True)])
    return _sums(_padded(x, begin, more), counts, kernel, stride, dilation) / _sums(ones, counts, kernel, stride, dilation)


def _ones_of(x: Any) -> Any:
    return constant(np.ones((1, 1, *x.shape[2:])), x.dtype)


@operator("LpPool")
def _(n: Node, x: Any) -> Any:
    kernel, dims, p = [int(k) for k in n.get("kernel_shape")], x.ndim - 2, n.get("p", 2)
    stride, dilation = n.get("strides", [1] * dims), n.get("dilations", [1] * dims)
    begin, end = _sides(n, x, kernel, stride, dilation)
    counts, more = _counts(n, x, kernel, stride, dilation, begin, end)
    return _sums(_padded(ac.abs(x) ** p, begin, more), counts, kernel, stride, dilation) ** (1 / p)


@operator("GlobalAveragePool")
def _(n: Node, x: Any) -> Any:
    return x.mean(tuple(range(2, x.ndim)), keepdim=True)


@operator("GlobalMaxPool")
def _(n: Node, x: Any) -> Any:
    return ac.amax(x, tuple(range(2, x.ndim)), keepdim=True)


@operator("GlobalLpPool")
def _(n: Node, x: Any) -> Any:
    p = n.get("p", 2)
    return ac.sum(ac.abs(x) ** p, tuple(range(2, x.ndim)), keepdim=True) ** (1 / p)


# ------------------------------------------------------------------------------------------------- normalisation
def _columns(v: Any, x: Any) -> Any:
    return v.reshape(1, -1, *(1,) * (x.ndim - 2))


@operator("BatchNormalization")
def _(n: Node, x: Any, scale: Any, bias: Any, mean: Any, var: Any) -> Any:
    eps = n.get("epsilon", 1e-5)
    if (n.opset < 7 and not n.get("is_test")) or (n.opset < 9 and not n.get("spatial", 1)):
        raise Unsupported
    if not n.get("training_mode"):
        if len({v.dtype for v in (x, scale, bias, mean, var)}) == 1 and not mean.requires_grad and not var.requires_grad:
            return F.batch_norm(x, mean, var, scale, bias, False, 0.0, eps)
        y = (x.to(var.dtype) - _columns(mean, x)) / ac.sqrt(_columns(var, x) + eps) * _columns(scale, x) + _columns(bias, x)
        return y.to(x.dtype)
    dims, keep = (0, *range(2, x.ndim)), n.get("momentum", 0.9)
    mu, sigma = x.mean(dims), ac.var(x, dims, correction=0)
    y = (x - _columns(mu, x)) / ac.sqrt(_columns(sigma, x) + eps) * _columns(scale, x) + _columns(bias, x)
    return (y, mean * keep + mu * (1 - keep), var * keep + sigma * (1 - keep))[: n.outs] if n.outs > 1 else y


@operator("InstanceNormalization")
def _(n: Node, x: Any, scale: Any, bias: Any) -> Any:
    return F.instance_norm(x, weight=scale, bias=bias, eps=n.get("epsilon", 1e-5))


@operator("LayerNormalization")
def _(n: Node, x: Any, scale: Any, bias: Any = None) -> Any:
    dims = tuple(range(n.get("axis", -1) % x.ndim, x.ndim))
    mean = x.mean(dims, keepdim=True)
    centred = x - mean
    inverse = 1 / ac.sqrt((centred * centred).mean(dims, keepdim=True) + n.get("epsilon", 1e-5))
    y = centred * inverse * scale
    y = y if bias is None else y + bias
    return (y, mean, inverse)[: n.outs] if n.outs > 1 else y


@operator("LRN")
def _(n: Node, x: Any) -> Any:
    size, c = n.get("size"), x.shape[1]
    square = F.pad((x * x).movedim(1, -1), ((size - 1) // 2, size - 1 - (size - 1) // 2))
    total = sum(ac.narrow(square, -1, k, c) for k in range(size))
    return x / (n.get("bias", 1.0) + n.get("alpha", 1e-4) / size * total.movedim(-1, 1)) ** n.get("beta", 0.75)


@operator("LpNormalization")
def _(n: Node, x: Any) -> Any:
    size = ac.norm(x, n.get("p", 2), n.get("axis", -1), keepdim=True)
    return ac.where(size == 0, x * 0, x / ac.where(size == 0, ones_like(size), size))


@operator("Dropout")
def _(n: Node, x: Any, ratio: Any = None, training: Any = None) -> Any:
    p = n.get("ratio", 0.5) if ratio is None else number(ratio, "a probability")
    on = training is not None and bool(number(training, "the mode"))
    if not on or p == 0:
        return (x, ones_like(x).to(np.bool_)) if n.outs > 1 else x
    mask = F.dropout(ones_like(x), p) != 0
    y = ac.where(mask, x / (1 - p), 0.0)
    return (y, mask) if n.outs > 1 else y


# -------------------------------------------------------------------------------------------------------- losses
@operator("NegativeLogLikelihoodLoss")
def _(n: Node, x: Any, target: Any, weight: Any = None) -> Any:
    return F.nll_loss(x, target.to(np.int64), weight, ignore_index=n.get("ignore_index", -100), reduction=n.get("reduction", "mean"))


@operator("SoftmaxCrossEntropyLoss")
def _(n: Node, x: Any, target: Any, weight: Any = None) -> Any:
    logp = F.log_softmax(x, 1)
    ignored, how = n.get("ignore_index", -100), n.get("reduction", "mean")
    y = F.nll_loss(logp, target.to(np.int64), weight, ignore_index=ignored, reduction=how)
    return (y, logp) if n.outs > 1 else y
