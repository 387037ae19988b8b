"""Gradient clipping, in place on the gradients' own arrays."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from types import GeneratorType
from typing import Any

import numpy as np

from ...engine.versions import wrote
from ...ops.registry.derived import outside
from ...tensors.tensor import Tensor, wrap
from .norms import vector_norm

Tensors = Tensor | Iterable[Tensor]


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients by min(1, max_norm / (total + 1e-6)).

    total = ‖(‖g_1‖_p, …, ‖g_n‖_p)‖_p is the norm of the vector of all gradients.

    Args:
        parameters: a tensor or an iterable of tensors; those without a gradient are passed over.
        max_norm: the norm that the gradients may have.
        norm_type: p; any number, also inf.
        error_if_nonfinite: raise if the norm is NaN or infinite (before anything is changed).
        foreach: PyTorch's choice of an implementation; there is one here, and it works without large temporaries.

    Returns:
        The total norm before clipping, a tensor of 0 dims.

    Raises:
        RuntimeError: the norm is not finite and `error_if_nonfinite`.

    Source: Pascanu et al., "On the difficulty of training recurrent neural networks", 2013.

    >>> import autograd_cnn as ac
    >>> w = ac.nn.Parameter(ac.zeros(2))
    >>> w.grad = ac.tensor([3., 4.])
    >>> clip_grad_norm_(w, max_norm=1.0)
    tensor(5.)
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    tensors = _listed("clip_grad_norm_", parameters)
    if not tensors and isinstance(parameters, GeneratorType):
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    max_norm = float(max_norm)
    total = get_total_norm(_gradients(tensors), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(tensors, max_norm, total, foreach)
    return total


def get_total_norm(tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None) -> Tensor:
    """The p-norm of all elements of the tensors taken together, a tensor of 0 dims.

    >>> import autograd_cnn as ac
    >>> get_total_norm([ac.tensor([3.0]), ac.tensor([4.0])])
    tensor(5.)
    """
    p = float(norm_type)
    arrays = [np.asarray(outside("get_total_norm", t)) for t in _listed("get_total_norm", tensors)]
    if not arrays:
        return wrap(np.array(0.0, np.float32))
    norms = np.array([vector_norm(array, p) for array in arrays])
    dtype = np.result_type(*arrays)
    with np.errstate(over="ignore"):
        total = np.array(vector_norm(norms, p), dtype)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite, so it cannot be clipped. To "
            "disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return wrap(total)


def clip_grads_with_norm_(parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None) -> None:
    """Scale the gradients by min(1, max_norm / (total_norm + 1e-6)); the second half of `clip_grad_norm_`.

    >>> import autograd_cnn as ac
    >>> w = ac.nn.Parameter(ac.zeros(1))
    >>> w.grad = ac.tensor([8.0])
    >>> clip_grads_with_norm_(w, 1.0, ac.tensor(4.0))
    >>> w.grad
    tensor([2.0000])
    """
    total = np.asarray(total_norm.value)
    one = total.dtype.type(1.0)
    with np.errstate(all="ignore"):
        factor = (one / (total + total.dtype.type(1e-6))) * total.dtype.type(float(max_norm))
    if factor >= one:
        return  # not so for NaN, which does reach the gradients
    for grad in _gradients(_listed("clip_grads_with_norm_", parameters)):
        array = grad.storage()
        with np.errstate(all="ignore"):
            np.multiply(array, array.dtype.type(factor), out=array)
        wrote(array)


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Clamp every gradient to [-clip_value, clip_value].

    >>> import autograd_cnn as ac
    >>> w = ac.nn.Parameter(ac.zeros(3))
    >>> w.grad = ac.tensor([-3.0, 0.5, 2.0])
    >>> clip_grad_value_(w, 1.0)
    >>> w.grad
    tensor([-1.0000,  0.5000,  1.0000])
    """
    bound = float(clip_value)
    for grad in _gradients(_listed("clip_grad_value_", parameters)):
        array = grad.storage()
        # two steps, as PyTorch: for a negative bound the upper one decides
        np.maximum(array, array.dtype.type(-bound), out=array)
        np.minimum(array, array.dtype.type(bound), out=array)
        wrote(array)


def clip_grad_norm(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The older name of `clip_grad_norm_`."""
    warnings.warn(
        "`nn.utils.clip_grad_norm` is now deprecated in favor of `nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def _listed(operation: str, tensors: Any) -> list[Tensor]:
    """A tensor or an iterable of them, as a list."""
    if isinstance(tensors, Tensor):
        return [tensors]
    if not isinstance(tensors, Iterable):
        raise TypeError(f"{operation}: expected a Tensor or an iterable of Tensors, got {type(tensors).__name__}. Pass model.parameters().")
    listed = list(tensors)
    for i, tensor in enumerate(listed):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{operation}: expected Tensors, got {type(tensor).__name__} at place {i}.")
    return listed


def _gradients(tensors: Iterable[Tensor]) -> list[Tensor]:
    return [tensor.grad for tensor in tensors if tensor.grad is not None]
