"""What works on each row of a row-major array by itself: softmax, its logarithm, and normalisation over the last dims."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..memory import allocator, threads
from ..memory.allocator import FLOAT
from . import api, dispatch
from .eltwise import finite
from .plans import Builder, plan

_SMALL = 4096  # entries up to which NumPy's calls cost less


def softmax(x: Any, dim: int, log: bool = False) -> Any:
    """e^x / Σ e^x along the last dim, or its logarithm. Rows with infinities or NaN are NumPy's."""
    if not (_fits(x) and dim in (-1, x.ndim - 1) and dispatch.active()) or not finite(x):
        return NotImplemented
    run = _plan("log_softmax" if log else "softmax", x.shape)
    if run is None:
        return NotImplemented
    y = allocator.empty(x.shape)
    run(x, y)
    return y


def log_softmax_adjoint(g: Any, y: Any, dim: int, donated: Any = None) -> Any:
    """g − e^y · Σ g; written over `donated`, if g's memory is lent for this call"""
    return softmax_adjoint(g, y, dim, donated, log=True)


def softmax_adjoint(g: Any, y: Any, dim: int, donated: Any = None, log: bool = False) -> Any:
    """y · (g − Σ g · y), or g − e^y · Σ g for the logarithm; written over `donated`, if g's memory is lent for this call"""
    if not (_fits(y) and _fits(g) and g.shape == y.shape and dim in (-1, y.ndim - 1) and dispatch.active()):
        return NotImplemented
    run = _plan("log_softmax adjoint" if log else "softmax adjoint", y.shape)
    if run is None:
        return NotImplemented
    gx = g if g is donated else allocator.empty(y.shape)
    run(y, g, gx)
    return gx


def normalize(x: Any, dims: tuple[int, ...], eps: float) -> Any:
    """((x − μ) / √(σ² + ε), 1 / √(σ² + ε)), μ and σ² over the last dims"""
    if not (_fits(x) and _last(dims, x.ndim) and dispatch.active()):
        return NotImplemented
    lead = x.shape[: x.ndim - len(dims)]
    run = _plan("normalize", (math.prod(lead), x.size // max(math.prod(lead), 1)), eps)
    if run is None:
        return NotImplemented
    y, mean, var = allocator.empty(x.shape), np.empty(lead, FLOAT), np.empty(lead, FLOAT)
    run(x, mean, var, y)
    return y, (FLOAT.type(1) / np.sqrt(var + FLOAT.type(eps))).reshape(*lead, *(1,) * len(dims))


def normalize_adjoint(g: Any, x: Any, invstd: Any, dims: tuple[int, ...], eps: float) -> Any:
    """gx of `normalize`"""
    if not (_fits(x) and _fits(g) and g.shape == x.shape and _last(dims, x.ndim) and dispatch.active()):
        return NotImplemented
    rows = (invstd.size, x.size // invstd.size)
    run = _plan("normalize adjoint", rows, eps)
    if run is None:
        return NotImplemented
    mean = np.add.reduce(x.reshape(rows), axis=1) / FLOAT.type(rows[1])
    var = (1 / (invstd * invstd) - FLOAT.type(eps)).reshape(-1)  # oneDNN adds eps again
    gx = allocator.empty(x.shape)
    run(x, g, mean, var, gx)
    return gx


def _fits(x: Any) -> bool:
    return x.__class__ is np.ndarray and x.dtype is FLOAT and x.size >= _SMALL and x.ndim > 1 and x.flags.c_contiguous


def _last(dims: tuple[int, ...], ndim: int) -> bool:
    return 0 < len(dims) < ndim and tuple(dims) == tuple(range(ndim - len(dims), ndim))


def _plan(what: str, shape: tuple[int, ...], eps: float = 0.0) -> Any:
    return plan(threads.for_entries(math.prod(shape), 20), _build, what, (math.prod(shape[:-1]), shape[-1]), eps)


def _build(b: Builder, what: str, shape: tuple[int, int], eps: float) -> Any:
    x, each, engine = b.rows(shape), b.vector(shape[0]), b.lib.engine
    what, _, adjoint = what.partition(" ")
    if what == "normalize":
        forward = b.descriptor("layer_normalization_forward", engine, api.FORWARD_TRAINING, x, x, each, eps, 0, b.attributes())
        if not adjoint:
            return b.plan(forward, [(api.SRC, x), (api.MEAN, each), (api.VARIANCE, each), (api.DST, x)])
        made = b.descriptor("layer_normalization_backward", engine, api.BACKWARD_DATA, x, x, x, each, eps, 0, forward, b.attributes())
        return b.plan(made, [(api.SRC, x), (api.DIFF_DST, x), (api.MEAN, each), (api.VARIANCE, each), (api.DIFF_SRC, x)])
    kind = api.SOFTMAX if what == "softmax" else api.SOFTMAX_LOG
    forward = b.descriptor("softmax_forward", engine, api.FORWARD_TRAINING, kind, x, x, 1, b.attributes())
    if not adjoint:
        return b.plan(forward, [(api.SRC, x), (api.DST, x)])
    made = b.descriptor("softmax_backward", engine, kind, x, x, x, 1, forward, b.attributes())
    return b.plan(made, [(api.DST, x), (api.DIFF_DST, x), (api.DIFF_SRC, x)])
