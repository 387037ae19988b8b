"""Activations under the place where PyTorch keeps them."""

from ..layers.activation import *  # noqa: F403
from ..layers.activation import __all__ as _names
from ..layers.attention import MultiheadAttention

__all__ = ["MultiheadAttention"]
__all__ += _names
