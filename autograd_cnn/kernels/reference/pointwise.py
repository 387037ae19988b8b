"""1x1 convolution without padding: a matrix product on the array as it lies, one for each sample and group."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..matmul import matmul
from ..memory.workspace import workspace
from .geometry import Geometry

Array = npt.NDArray[Any]


def _grouped(geo: Geometry, x: Array, channels: int) -> Array:
    """(N, G·C, *P) -> (N, G, C, ∏P), without groups (N, C, ∏P). Dense: BLAS takes no step of zero or less."""
    return np.ascontiguousarray(x).reshape(geo.batch, *((geo.groups,) if geo.groups > 1 else ()), channels, -1)


def _stepped(geo: Geometry, x: Array) -> Array:
    return x[(slice(None), slice(None), *(slice(None, None, s) for s in geo.stride))]


def _matrix(geo: Geometry, w: Array) -> Array:
    """(G·O, C, *1) -> (G, O, C), without groups (O, C)"""
    return np.ascontiguousarray(w).reshape(*((geo.groups,) if geo.groups > 1 else ()), geo.outputs, geo.inputs)


def forward(geo: Geometry, x: Array, w: Array, y: Array) -> None:
    """y (N, G·O, *out) of x (N, G·C, *S) and w (G·O, C, *1)"""
    taken = _grouped(geo, _stepped(geo, x), geo.inputs)
    matmul(_matrix(geo, w), taken, out=_grouped(geo, y, geo.outputs))


def input_adjoint(geo: Geometry, g: Array, w: Array, gx: Array) -> None:
    """gx (N, G·C, *S) of g (N, G·O, *out) and w (G·O, C, *1)"""
    turned = _matrix(geo, w).swapaxes(-1, -2)
    gradient = _grouped(geo, g, geo.outputs)
    if max(geo.stride) == 1:
        matmul(turned, gradient, out=_grouped(geo, gx, geo.inputs))
        return
    gx.fill(0)
    _stepped(geo, gx)[...] = matmul(turned, gradient).reshape(geo.batch, -1, *geo.out)


def weight_adjoint(geo: Geometry, g: Array, x: Array) -> Array:
    """gw (G·O, C, *1) of g (N, G·O, *out) and x (N, G·C, *S)"""
    gradient = _grouped(geo, g, geo.outputs)
    taken = _grouped(geo, _stepped(geo, x), geo.inputs).swapaxes(-1, -2)
    total: Array = np.matmul(gradient[0], taken[0])
    part = workspace("weights", total.shape, total.dtype)
    for sample in range(1, geo.batch):
        np.matmul(gradient[sample], taken[sample], out=part)
        np.add(total, part, out=total)
    return total.reshape(geo.w_shape)
