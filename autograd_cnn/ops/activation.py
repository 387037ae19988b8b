"""Activations that bend at a point: relu and its family, the hard and the shrinking ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.cases import Case, Draw
from ..engine.primitive import primitive
from .expose import expose
from .promotion import Array
from .select import where


@expose("function method inplace", "relu")
@primitive(name="relu", label="ReLU", family="activation", derivative="1 or 0")
def _relu(input: Array) -> Array:
    """y = max(0, input); the gradient at 0 is 0, NaN stays NaN.   (*) → (*)   [Nair and Hinton 2010]

    >>> import autograd_cnn as ac
    >>> ac.relu(ac.tensor([-1., 2.]))
    tensor([0., 2.])
    """
    return np.maximum(input, 0)


@_relu.kernel(float)
def _(input: float) -> float:
    return input if input > 0 or input != input else 0.0


@_relu.vjp("input")
def _(g: Array, y: Array) -> Array:
    return where(y <= 0, 0.0, g)


@_relu.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(avoid=0.0))


@expose("functional")
def relu(input: Array, inplace: bool = False) -> Array:
    """y = max(0, input); the gradient at 0 is 0.   (*) → (*)   [Nair and Hinton 2010]

    `inplace` writes the result into the input.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.relu(ac.tensor([-1., 2.]))
    tensor([0., 2.])
    """
    return input.relu_() if inplace else _relu(input)
