"""Standardising, (x − μ) / √(σ² + ε) over some dims, and how its adjoint bends with x: in operations, for derivatives of any order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine.variable import shape_of
from ..reduce.reduce import _sum
from ..registry.derived import sure

Dims = tuple[int, ...]


def far(mean: Any, var: Any) -> bool:
    """Is a mean so far from 0 that its rounding counts beside the deviations, and must be taken from them again?"""
    return bool(np.any(np.square(mean) > 16 * np.abs(var)))


def _near(mean: Any, var: Any) -> bool:
    return not far(mean, var)


def average(x: Any, dims: Dims) -> Any:
    """The mean over dims, which stay with size 1; 0 of no entries."""
    return _sum(x, dims=dims, keepdim=True) / (float(math.prod(shape_of(x)[d] for d in dims)) or 1.0)


def standardized(x: Any, dims: Dims, eps: float) -> tuple[Any, Any]:
    """((x − μ) / √(σ² + ε), 1 / √(σ² + ε))"""
    mean = average(x, dims)
    centred = x - mean
    var = average(centred * centred, dims)
    if not sure(_near, mean, var):
        centred = centred - average(centred, dims)
        var = average(centred * centred, dims)
    inv = (var + eps) ** -0.5
    return centred * inv, inv


def bent(adjoint: Callable[[Any], Any], v: Any, g: Any, x: Any, dims: Dims, eps: float) -> Any:
    """∂/∂x Σ v · A(g) for the adjoint of standardising x, A(g) = (g − mean g − h · mean(g · h)) / √(σ² + ε), where h is standardised x."""
    hat, inv = standardized(x, dims, eps)
    moved = average(g * hat, dims) * v + average(v * hat, dims) * g
    return -inv * (adjoint(moved) + hat * average(v * adjoint(g), dims))
