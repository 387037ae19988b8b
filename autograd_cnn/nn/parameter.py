"""`Parameter` and `Buffer` under the place where PyTorch keeps them."""

from ..tensors.tensor import Parameter
from .module.buffer import Buffer

__all__ = ["Buffer", "Parameter"]
