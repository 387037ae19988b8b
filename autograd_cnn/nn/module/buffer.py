"""`nn.Buffer`: a tensor that becomes a buffer of the module it is assigned to."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ...tensors.tensor import Tensor, wrap
from ...types.promotion import get_default_dtype


class Buffer(Tensor):
    """A tensor that a Module registers as a buffer when it is assigned to an attribute of it.

    Args:
        data: the values (memory is shared); empty by default.
        persistent: is it part of the module's `state_dict`?

    >>> import autograd_cnn as ac
    >>> class Scale(ac.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = ac.nn.Buffer(ac.ones(1))
    >>> [name for name, _ in Scale().named_buffers()]
    ['factor']
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Self:
        if data is not None and not isinstance(data, Tensor):
            raise TypeError(f"Buffer: expected a Tensor, got {type(data).__name__}. Use autograd_cnn.tensor(data).")
        made = object.__new__(cls)
        made.value = np.zeros(0, get_default_dtype()) if data is None else data.storage()
        made.node = None
        made.persistent = persistent
        if data is not None and data.requires_grad:
            made.requires_grad_(True)
        return made

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        """Everything was done in `__new__`."""

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuild, (self.storage(), self.requires_grad, self.persistent)


def _rebuild(array: Any, requires_grad: bool, persistent: bool) -> Buffer:
    return Buffer(wrap(array, requires_grad), persistent=persistent)
