"""The one place where files and tensors meet: everything else here knows arrays only."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]


def is_tensor(value: object) -> bool:
    """Is this a Tensor (or a Parameter)?"""
    from ...tensors.tensor import Tensor

    return isinstance(value, Tensor)


def is_parameter(value: object) -> bool:
    """Is this a Parameter?"""
    from ...tensors.tensor import Parameter

    return isinstance(value, Parameter)


def to_array(tensor: Any) -> Array:
    """The tensor's values as an array that shares their memory."""
    array: Array = tensor.storage()
    return array


def from_array(array: Array, requires_grad: bool = False, is_parameter: bool = False) -> Any:
    """A tensor, or a parameter, over this array; nothing is copied."""
    from ...tensors.tensor import Parameter, wrap

    if is_parameter:
        return Parameter(wrap(array), requires_grad)
    return wrap(array, requires_grad)
