"""Fully connected layers, and the one that does nothing."""

from __future__ import annotations

import math
from typing import Any

from ...tensors import creation
from ...tensors.tensor import Parameter, Tensor
from .. import functional as F
from .. import init
from ..module.module import Module

__all__ = ["Bilinear", "Flatten", "Identity", "Linear", "Unflatten"]


def made(shape: tuple[int, ...], dtype: Any, device: Any) -> Parameter:
    """A parameter of zeros, to be filled by `reset_parameters`."""
    return Parameter(creation.empty(*shape, dtype=dtype, device=device))


class Identity(Module):
    """y = x, whatever arguments it is made with.

    >>> import autograd_cnn as ac
    >>> ac.nn.Identity(54, unused=True)(ac.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Linear(Module):
    """y = x · Wᵀ + b: the fully connected layer.   (…, in_features) → (…, out_features)

    Parameters: `weight` (out, in) and `bias` (out), uniform in ±1/√in; in · out + out numbers.

    >>> import autograd_cnn as ac
    >>> ac.nn.Linear(20, 30)(ac.randn(128, 20)).shape
    torch.Size([128, 30])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = made((out_features, in_features), dtype, device)
        if bias:
            self.bias = made((out_features,), dtype, device)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values, as PyTorch does."""
        if self.weight.numel():
            init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """y_o = x₁ᵀ · W_o · x₂ + b_o.   (…, in1), (…, in2) → (…, out)

    >>> import autograd_cnn as ac
    >>> ac.nn.Bilinear(2, 3, 4)(ac.ones(5, 2), ac.ones(5, 3)).shape
    torch.Size([5, 4])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = made((out_features, in1_features, in2_features), dtype, device)
        if bias:
            self.bias = made((out_features,), dtype, device)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values, as PyTorch does."""
        bound = 1 / math.sqrt(self.weight.size(1))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Flatten(Module):
    """Dims start_dim … end_dim as one.   (N, C, H, W) → (N, C·H·W)

    >>> import autograd_cnn as ac
    >>> ac.nn.Flatten()(ac.ones(2, 3, 4)).shape
    torch.Size([2, 12])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One dim as several.

    >>> import autograd_cnn as ac
    >>> ac.nn.Unflatten(1, (3, 4))(ac.ones(2, 12)).shape
    torch.Size([2, 3, 4])
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
