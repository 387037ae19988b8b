"""`torch.autograd.Variable`, which is a type there: `isinstance(x, Variable)` asks for a tensor."""

from __future__ import annotations

from typing import Any

from ... import autograd
from ...tensors.tensor import Tensor


class _Kind(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor)

    def __call__(cls, data: Any = None, requires_grad: bool = False, volatile: bool | None = None) -> Tensor:
        """See `autograd_cnn.autograd.Variable`."""
        return autograd.Variable(data, requires_grad, volatile)


class Variable(metaclass=_Kind):
    """The old name of a tensor."""


def gradcheck(*args: Any, **kwargs: Any) -> bool:
    """See `autograd_cnn.testing.gradcheck`."""
    from ... import testing

    return bool(testing.gradcheck(*args, **kwargs))


def gradgradcheck(*args: Any, **kwargs: Any) -> bool:
    """See `autograd_cnn.testing.gradgradcheck`."""
    from ... import testing

    return bool(testing.gradgradcheck(*args, **kwargs))
