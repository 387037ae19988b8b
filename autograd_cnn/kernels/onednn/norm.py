"""Batch normalisation (see `kernels/normalization.py` for what it computes)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...config import current
from .. import layout, threads, waiting
from ..layout import ChannelsLast
from ..memory import FLOAT, SPARE
from . import api, choice
from .binary import scale_shift
from .eltwise import Masked
from .plans import Builder, plan
from .reorder import as_last

Shape = tuple[int, ...]


def batch_norm(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """(y, mean, var, invstd) of x (N, C, *S), with the batch's own statistics"""
    if not _fits(x, weight, bias):
        return NotImplemented
    key = ("norm", x.shape, 0 if weight is None else layout.address(weight))
    expected = weight is not None and waiting.expects_relu(key)
    run = _plan("batch_norm relu" if expected else "batch_norm", x.shape, weight is not None, eps)
    if run is None:
        return NotImplemented
    x, y = as_last(x), layout.empty_last(x.shape)
    mean, var = np.empty(x.shape[1], FLOAT), np.empty(x.shape[1], FLOAT)
    if expected:
        z, signs = layout.empty_last(x.shape), np.empty(run.info["signs"], np.uint8)
        run(layout.address(x), *_addresses(mean, var, *_affine(weight, bias)), z.address, layout.address(signs))
        waiting.wait(y, _Normalised(key, x, mean, var, weight, bias, eps, z))
        z.normed = (signs, mean)
    else:
        run(layout.address(x), *_addresses(mean, var, *_affine(weight, bias)), y.address)
    y.squares = _squares(x, mean, var, weight, bias)
    y.maker = key
    return y, mean, var, 1 / np.sqrt(var + FLOAT.type(eps))


class _Normalised(waiting.Recipe):
    """A batch norm that was computed together with the ReLU that is expected to follow."""

    def __init__(self, key: Any, x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float, z: Any) -> None:
        self.key, self.x, self.mean, self.var, self.weight, self.bias, self.eps, self.z = key, x, mean, var, weight, bias, eps, z

    def fill(self, x: Any) -> None:
        """Compute it into the memory of `x`."""
        if not self.passed:
            waiting.relu_followed(self.key, False)
        run = _plan("batch_norm_eval", x.shape, True, self.eps)
        run(layout.address(self.x), *_addresses(self.mean, self.var, *_affine(self.weight, self.bias)), layout.address(x))

    def relu(self, x: Any) -> Any:
        """max(value, 0), if no entry can be NaN."""
        if not x.squares < math.inf:
            return None
        z, self.z = self.z, None
        z.squares = x.squares
        return z


def _squares(x: Any, mean: Any, var: Any, weight: Any, bias: Any) -> float:
    """A bound of Σy²: finite statistics come from finite entries, and the squares of normalised entries sum up to their number at most."""
    total = float(mean.sum() + var.sum())
    if total - total != 0.0:
        return math.inf
    largest = 1.0 if weight is None else 2.0 * float(np.dot(weight, weight) + np.dot(bias, bias))
    return 1.01 * x.size * largest if largest < math.inf else math.inf


def batch_norm_adjoint(g: Any, x: Any, weight: Any, mean: Any, invstd: Any, eps: float) -> Any:
    """(gx, gweight, gbias)"""
    if not _fits(x, weight, weight) or g.dtype is not FLOAT:
        return NotImplemented
    signs = None  # of the ReLU that followed, if its adjoint is still to be done
    if g.__class__ is ChannelsLast and isinstance(g.pending, Masked) and g.pending.y.normed[1] is mean:
        signs, over, g = g.pending.y.normed[0], g.pending.over, g.pending.g
    else:
        over = g.__class__ is ChannelsLast and SPARE.has(g)
    run = _plan("batch_norm_adjoint" if signs is None else "batch_norm_adjoint relu", x.shape, weight is not None, eps)
    if run is None:
        return NotImplemented
    if over:
        g.squares = math.inf
    g, x = as_last(g), as_last(x)
    gx = g if over else layout.empty_last(x.shape)
    var = 1 / (invstd * invstd) - FLOAT.type(eps)  # oneDNN adds eps again
    if weight is None:
        run(layout.address(x), layout.address(g), *_addresses(mean, var), layout.address(gx))
        return gx, None, None
    gweight, gbias = np.empty(x.shape[1], FLOAT), np.empty(x.shape[1], FLOAT)
    run(layout.address(x), layout.address(g), *_addresses(mean, var, weight, gweight, gbias), layout.address(gx),
        *(() if signs is None else (layout.address(signs),)))  # fmt: skip
    return gx, gweight, gbias


def batch_norm_eval(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
    """y with given statistics"""
    if not _fits(x, weight, bias) or mean.dtype is not FLOAT or var.dtype is not FLOAT:
        return NotImplemented
    scale = FLOAT.type(1) / np.sqrt(var + FLOAT.type(eps))
    scale = scale if weight is None else scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    if x.__class__ is ChannelsLast and x.pending is not None and not current().record and waiting.take(x):
        y = x.pending.affine(x, scale, shift)
        if y is not None:
            return y
        waiting.compute(x)
    return scale_shift(as_last(x), scale, shift)  # to the same bits


def _fits(x: Any, weight: Any, bias: Any) -> bool:
    if not (3 <= x.ndim <= 5 and x.dtype is FLOAT and x.size and (x.__class__ is ChannelsLast or choice.forced()) and choice.active()):
        return False
    if weight is None or bias is None:
        return weight is None and bias is None
    return weight.dtype is FLOAT and bias.dtype is FLOAT


def _affine(weight: Any, bias: Any) -> tuple[Any, ...]:
    return () if weight is None else (np.ascontiguousarray(weight), np.ascontiguousarray(bias))


def _addresses(*arrays: Any) -> tuple[int, ...]:
    return tuple(layout.address(a) for a in arrays)


def _plan(what: str, shape: Shape, affine: bool, eps: float) -> Any:
    count = threads.for_work(10.0 * math.prod(shape))
    return plan((what, shape, affine, eps, count), _build, what, shape, affine, eps, count)


def _build(b: Builder, what: str, shape: Shape, affine: bool, eps: float, count: int) -> Any:
    b.lib.set_threads(count)
    x, c, engine = b.last(shape), b.flat(shape[1]), b.lib.engine
    what, _, relu = what.partition(" ")
    flags = (api.NORM_SCALE | api.NORM_SHIFT if affine else 0) | (api.NORM_RELU if relu else 0)
    given = [(api.MEAN, c), (api.VARIANCE, c), *([(api.SCALE, c), (api.SHIFT, c)] if affine else [])]
    if what == "batch_norm_eval":
        made = b.descriptor("batch_normalization_forward", engine, api.FORWARD_INFERENCE, x, x, eps, flags | api.NORM_GLOBAL, b.attributes())
        return b.plan(made, [(api.SRC, x), *given, (api.DST, x)], count)
    forward = b.descriptor("batch_normalization_forward", engine, api.FORWARD_TRAINING, x, x, eps, flags, b.attributes())
    signs = b.query(forward, api.WORKSPACE_MD) if relu else None
    mask = [(api.WORKSPACE, signs)] if relu else []
    if what == "batch_norm":
        return b.plan(forward, [(api.SRC, x), *given, (api.DST, x), *mask], count, signs=b.size(signs) if relu else 0)
    kind = api.BACKWARD if affine else api.BACKWARD_DATA
    made = b.descriptor("batch_normalization_backward", engine, kind, x, x, x, eps, flags, forward, b.attributes())
    taken = [(api.SCALE, c), (api.DIFF_SCALE, c), (api.DIFF_SHIFT, c)] if affine else []
    return b.plan(made, [(api.SRC, x), (api.DIFF_DST, x), (api.MEAN, c), (api.VARIANCE, c), *taken, (api.DIFF_SRC, x), *mask], count)
