"""All parameters of a model as one vector, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ...errors import ShapeError, expected
from ...ops.shape.join import cat
from ...tensors.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters one after another: (…), (…), … → (n). Gradients flow through it.

    Raises:
        ValueError: there are no parameters.

    >>> import autograd_cnn as ac
    >>> parameters_to_vector([ac.ones(2, 2), ac.zeros(1)])
    tensor([1., 1., 1., 1., 0.])
    """
    pieces = [param.reshape(-1) for param in parameters]
    if not pieces:
        raise ValueError(expected("parameters_to_vector", "a non-empty list of Tensors", "none"))
    vector: Tensor = cat(pieces)
    return vector


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give each parameter its part of the vector as its data (sharing the vector's memory).

    Raises:
        TypeError: `vec` is no Tensor. ShapeError: it has fewer elements than the parameters together.

    >>> import autograd_cnn as ac
    >>> w = ac.nn.Parameter(ac.zeros(2))
    >>> vector_to_parameters(ac.tensor([1.0, 2.0]), [w])
    >>> w.data
    tensor([1., 2.])
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters: expected a Tensor, but got: {type(vec).__name__}")
    params = list(parameters)
    wanted = sum(math.prod(param.shape) for param in params)
    if vec.shape.numel() < wanted:
        raise ShapeError(expected("vector_to_parameters", f"a vector of {wanted} elements", f"{vec.shape.numel()}"))
    start = 0
    for param in params:
        stop = start + math.prod(param.shape)
        param.data = vec[start:stop].reshape(param.shape).data
        start = stop
