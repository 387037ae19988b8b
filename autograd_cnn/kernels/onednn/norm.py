"""Batch normalisation (see `kernels/reference/normalization.py` for what it computes)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..memory import threads
from ..memory.allocator import FLOAT
from . import api, channels_last, channels_last_ops, dispatch
from .binary import scale_shift
from .channels_last import ChannelsLast
from .plans import Builder, plan
from .reorder import as_last

Shape = tuple[int, ...]


def batch_norm(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """(y, mean, var, invstd) of x (N, C, *S), with the batch's own statistics"""
    if not _fits(x, weight, bias):
        return NotImplemented
    run = _plan("batch_norm", x.shape, True, eps)
    if run is None:
        return NotImplemented
    # oneDNN's own sums, here and in the adjoint, are of all of a channel's entries one after the other in float32
    x, y = as_last(x), channels_last.empty_last(x.shape)
    exact, variance = channels_last_ops.channel_moments(x)
    mean, var = exact.astype(FLOAT), variance.astype(FLOAT)
    invstd = 1 / np.sqrt(variance + eps)
    scale = np.ones(len(mean), FLOAT) if weight is None else weight
    shift = (mean - exact) * invstd * scale  # the mean was rounded
    shift = (shift if bias is None else shift + bias).astype(FLOAT)
    run(x, mean, var, scale, shift, y)
    return y, mean, var, invstd.astype(FLOAT)


def batch_norm_adjoint(g: Any, x: Any, weight: Any, mean: Any, invstd: Any, eps: float, donated: Any = None) -> Any:
    """(gx, gweight, gbias); gx is written over `donated` (g itself, lent for this call) if its channels are last"""
    if mean is None or not _fits(x, weight, weight) or g.dtype is not FLOAT:
        return NotImplemented
    run = _plan("batch_norm_adjoint", x.shape, weight is not None, eps)
    if run is None:
        return NotImplemented
    g, x = as_last(g), as_last(x)
    gx = g if g is donated else channels_last.empty_last(x.shape)
    var = 1 / (invstd * invstd) - FLOAT.type(eps)  # oneDNN adds eps again
    if weight is None:
        run(x, g, mean, var, gx)
        return gx, None, None
    gweight, gbias = channels_last_ops.channel_gradients(g, x, mean, invstd)
    run(x, g, mean, var, weight, *np.empty((2, x.shape[1]), FLOAT), gx)
    return gx, gweight, gbias


def batch_norm_eval(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
    """y with given statistics"""
    if not _fits(x, weight, bias) or mean.dtype is not FLOAT or var.dtype is not FLOAT:
        return NotImplemented
    scale = FLOAT.type(1) / np.sqrt(var + FLOAT.type(eps))
    scale = scale if weight is None else scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    return scale_shift(as_last(x), scale, shift)


def _fits(x: Any, weight: Any, bias: Any) -> bool:
    if not (3 <= x.ndim <= 5 and x.dtype is FLOAT and x.size and (x.__class__ is ChannelsLast or dispatch.forced()) and dispatch.active()):
        return False
    if weight is None or bias is None:
        return weight is None and bias is None
    return weight.dtype is FLOAT and bias.dtype is FLOAT


def _plan(what: str, shape: Shape, affine: bool, eps: float) -> Any:
    return plan(threads.for_entries(math.prod(shape)), _build, what, shape, affine, eps)


def _build(b: Builder, what: str, shape: Shape, affine: bool, eps: float) -> Any:
    x, c, engine = b.last(shape), b.vector(shape[1]), b.lib.engine
    statistics = [(api.MEAN, c), (api.VARIANCE, c)]
    if what == "batch_norm":
        flags = api.NORM_GIVEN | api.NORM_SCALE | api.NORM_SHIFT
        made = b.descriptor("batch_normalization_forward", engine, api.FORWARD_TRAINING, x, x, eps, flags, b.attributes())
        return b.plan(made, [(api.SRC, x), *statistics, (api.SCALE, c), (api.SHIFT, c), (api.DST, x)])
    flags = api.NORM_SCALE | api.NORM_SHIFT if affine else 0
    forward = b.descriptor("batch_normalization_forward", engine, api.FORWARD_TRAINING, x, x, eps, flags, b.attributes())
    kind = api.BACKWARD if affine else api.BACKWARD_DATA
    made = b.descriptor("batch_normalization_backward", engine, kind, x, x, x, eps, flags, forward, b.attributes())
    taken = [(api.SCALE, c), (api.DIFF_SCALE, c), (api.DIFF_SHIFT, c)] if affine else []
    return b.plan(made, [(api.SRC, x), (api.DIFF_DST, x), *statistics, *taken, (api.DIFF_SRC, x)])
