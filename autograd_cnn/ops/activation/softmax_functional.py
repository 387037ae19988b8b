"""`nn.functional`'s softmax and its kin, whose `dim` may be left out."""

from __future__ import annotations

import warnings
from typing import Any

from ...engine.variable import ndim_of
from ...types.promotion import Array
from ..elementwise.arithmetic import neg
from ..reduce.reduce import as_dtype
from ..registry.dims import normal_dim
from ..registry.expose import expose
from .softmax import _log_softmax, _softmax


def _chosen(dim: int | None, ndim: int, operation: str, stacklevel: int) -> int:
    """`dim`, or PyTorch's implicit choice with its warning."""
    if dim is not None:
        return normal_dim(dim, ndim, operation)
    warnings.warn(
        f"Implicit dimension choice for {operation} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel + 1,
    )
    return 0 if ndim in (0, 1, 3) else 1


@expose("functional")
def softmax(input: Array, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Array:
    """y = e^x / Σ e^x along `dim`: positive, with sum 1.   (*) → (*)

    Without `dim` PyTorch's implicit choice is taken, with a warning: dim 0 for 0, 1 or 3 dims, else dim 1.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.softmax(ac.tensor([[0., 0.]]), dim=1)
    tensor([[0.5000, 0.5000]])
    """
    return _softmax(as_dtype(input, dtype), dim=_chosen(dim, ndim_of(input), "softmax", _stacklevel))


@expose("functional")
def log_softmax(input: Array, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Array:
    """y = x − ln Σ e^x along `dim`.   (*) → (*)

    Without `dim` PyTorch's implicit choice is taken, with a warning: dim 0 for 0, 1 or 3 dims, else dim 1.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.log_softmax(ac.tensor([0., 0.]), dim=0)
    tensor([-0.6931, -0.6931])
    """
    return _log_softmax(as_dtype(input, dtype), dim=_chosen(dim, ndim_of(input), "log_softmax", _stacklevel))


@expose("functional")
def softmin(input: Array, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Array:
    """y = e^−x / Σ e^−x along `dim`: softmax of −input.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.softmin(ac.tensor([0., 0.]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return _softmax(neg(as_dtype(input, dtype)), dim=_chosen(dim, ndim_of(input), "softmin", _stacklevel))
