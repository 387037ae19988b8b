"""Random draws whose distribution is given by tensors: recorded, with gradient 0, as PyTorch has it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...primitives.cases import Case, Draw
from ...primitives.primitive import primitive
from ...primitives.written import literal
from ...types.promotion import Array


@primitive(label="∼", family="random", derivative="0")
def sampled(input: Array, other: Any = None, *, values: Any) -> Array:
    """y = the values drawn; they do not move with the parameters of their distribution, so the gradient is 0"""
    return np.asarray(values, (input if hasattr(input, "dtype") else other).dtype)


@sampled.source
def _(values: Any) -> str:
    return literal(values)


@sampled.vjp("input")
def _(g: Array) -> Array:
    return g * 0.0


@sampled.vjp("other")
def _(g: Array) -> Array:
    return g * 0.0


@sampled.cases
def _(draw: Draw) -> Case:
    x = draw.array()
    return Case(x, values=draw.array(x.shape))
