"""Normalisation layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ...config import current, no_grad
from ...ops.registry.derived import updated
from ...primitives.written import written
from ...tensors import creation
from ...tensors.tensor import Parameter, Tensor
from ...types.dtypes import int64
from .. import functional as F
from .. import init
from ..module.module import Module

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LocalResponseNorm",
    "RMSNorm",
]


class _Norm(Module):
    """What batch and instance norm share: the affine parameters and the running statistics."""

    _version = 2
    allowed: ClassVar[tuple[int, ...]]
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        device: Any,
        dtype: Any,
        bias: bool,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self.weight = Parameter(creation.empty(num_features, dtype=dtype, device=device))
        else:
            self.register_parameter("weight", None)
        if affine and bias:
            self.bias = Parameter(creation.empty(num_features, dtype=dtype, device=device))
        else:
            self.register_parameter("bias", None)
        if track_running_stats:
            self.register_buffer("running_mean", creation.zeros(num_features, dtype=dtype, device=device))
            self.register_buffer("running_var", creation.ones(num_features, dtype=dtype, device=device))
            self.register_buffer("num_batches_tracked", creation.tensor(0, dtype=int64))
        else:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget what was estimated: mean 0, variance 1."""
        if self.track_running_stats and self.running_mean is not None and self.running_var is not None:
            with no_grad():
                self.running_mean.zero_()
                self.running_var.fill_(1)
                if self.num_batches_tracked is not None:
                    self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, and the running estimates forgotten."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in self.allowed:
            wanted = " or ".join(f"{d}D" for d in self.allowed)
            raise ValueError(f"expected {wanted} input (got {input.dim()}D input) in {type(self).__name__}")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any) -> None:
        if (local_metadata.get("version") or 0) < 2 and self.track_running_stats:
            state_dict.setdefault(prefix + "num_batches_tracked", creation.tensor(0, dtype=int64))  # files of before torch 0.4.1
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class _BatchNorm(_Norm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        factor = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            updated(_count, self.num_batches_tracked)
            if self.momentum is None:  # the cumulative average
                factor = 1.0 / float(self.num_batches_tracked)
                tracer = current().tracer
                if tracer is not None:
                    tracer.refuse(f"{type(self).__name__}(momentum=None) averages with a weight that each call changes.")
        batch = self.training or (self.running_mean is None and self.running_var is None)
        keep = not self.training or self.track_running_stats
        mean, var = (self.running_mean, self.running_var) if keep else (None, None)
        return F.batch_norm(input, mean, var, self.weight, self.bias, batch, factor, self.eps)


@written("batches += 1")
def _count(batches: Any) -> None:
    batches += 1


class _InstanceNorm(_Norm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        channels = input.shape[1 if input.dim() == self.allowed[1] else 0]
        if self.affine and channels != self.num_features:
            raise ValueError(
                f"expected input's size at dim={1 if input.dim() == self.allowed[1] else 0} to match num_features ({self.num_features}), "
                f"but got: {channels}. (in {type(self).__name__})"
            )
        single = input.dim() == self.allowed[0]
        x = input.unsqueeze(0) if single else input
        y = F.instance_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return y.squeeze(0) if single else y


class BatchNorm1d(_BatchNorm):
    """Batch normalisation: y = (x − μ) / √(σ² + eps) · weight + bias, μ and σ² of each channel over batch and space.   (N, C) or (N, C, L) → same

    In training the running estimates move by `momentum` (None: the average of all batches so far), with the unbiased variance; in
    evaluation mode they stand for μ and σ², if they are tracked.

    >>> import autograd_cnn as ac
    >>> ac.nn.BatchNorm1d(3)(ac.randn(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    allowed = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation: y = (x − μ) / √(σ² + eps) · weight + bias, μ and σ² of each channel over batch and space.   (N, C, H, W) → same

    In training the running estimates move by `momentum` (None: the average of all batches so far), with the unbiased variance; in
    evaluation mode they stand for μ and σ², if they are tracked.

    >>> import autograd_cnn as ac
    >>> ac.nn.BatchNorm2d(3)(ac.randn(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    allowed = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation: y = (x − μ) / √(σ² + eps) · weight + bias, μ and σ² of each channel over batch and space.   (N, C, D, H, W) → same

    In training the running estimates move by `momentum` (None: the average of all batches so far), with the unbiased variance; in
    evaluation mode they stand for μ and σ², if they are tracked.

    >>> import autograd_cnn as ac
    >>> ac.nn.BatchNorm3d(3)(ac.randn(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    allowed = (5,)


class InstanceNorm1d(_InstanceNorm):
    """Instance normalisation: y = (x − μ) / √(σ² + eps) · weight + bias, μ and σ² of each channel of each sample by itself.   (N, C, L) → same

    In training the running estimates move by `momentum` (None: the average of all batches so far), with the unbiased variance; in
    evaluation mode they stand for μ and σ², if they are tracked.

    >>> import autograd_cnn as ac
    >>> ac.nn.InstanceNorm1d(3)(ac.randn(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    allowed = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Instance normalisation: y = (x − μ) / √(σ² + eps) · weight + bias, μ and σ² of each channel of each sample by itself.   (N, C, H, W) → same

    In training the running estimates move by `momentum` (None: the average of all batches so far), with the unbiased variance; in
    evaluation mode they stand for μ and σ², if they are tracked.

    >>> import autograd_cnn as ac
    >>> ac.nn.InstanceNorm2d(3)(ac.randn(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    allowed = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Instance normalisation: y = (x − μ) / √(σ² + eps) · weight + bias, μ and σ² of each channel of each sample by itself.   (N, C, D, H, W) → same

    In training the running estimates move by `momentum` (None: the average of all batches so far), with the unbiased variance; in
    evaluation mode they stand for μ and σ², if they are tracked.

    >>> import autograd_cnn as ac
    >>> ac.nn.InstanceNorm3d(3)(ac.randn(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    allowed = (4, 5)


class LayerNorm(Module):
    """Layer normalisation over the last dims: y = (x − μ) / √(σ² + eps) · weight + bias.   (*, *normalized_shape) → same

    >>> import autograd_cnn as ac
    >>> ac.nn.LayerNorm(4)(ac.randn(2, 4)).shape
    torch.Size([2, 4])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        if elementwise_affine:
            self.weight = Parameter(creation.ones(*self.normalized_shape, dtype=dtype, device=device))
        else:
            self.register_parameter("weight", None)
        if elementwise_affine and bias:
            self.bias = Parameter(creation.zeros(*self.normalized_shape, dtype=dtype, device=device))
        else:
            self.register_parameter("bias", None)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"


class RMSNorm(Module):
    """Root mean square normalisation over the last dims: y = x / √(mean(x²) + eps) · weight.   (*, *normalized_shape) → same
    [Zhang and Sennrich 2019]

    >>> import autograd_cnn as ac
    >>> ac.nn.RMSNorm(4)(ac.randn(2, 4)).shape
    torch.Size([2, 4])
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        if elementwise_affine:
            self.weight = Parameter(creation.ones(*self.normalized_shape, dtype=dtype, device=device))
        else:
            self.register_parameter("weight", None)

    def reset_parameters(self) -> None:
        """Weight 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Group normalisation: μ and σ² over the channels of each group and space.   (N, C, *) → same

    >>> import autograd_cnn as ac
    >>> ac.nn.GroupNorm(2, 4)(ac.randn(2, 4, 3)).shape
    torch.Size([2, 4, 3])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        if affine:
            self.weight = Parameter(creation.ones(num_channels, dtype=dtype, device=device))
        else:
            self.register_parameter("weight", None)
        if affine and bias:
            self.bias = Parameter(creation.zeros(num_channels, dtype=dtype, device=device))
        else:
            self.register_parameter("bias", None)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"


class LocalResponseNorm(Module):
    """AlexNet's normalisation across neighbouring channels: y_c = x_c / (k + alpha/size · Σ x²)^beta.   (N, C, *) → same

    >>> import autograd_cnn as ac
    >>> ac.nn.LocalResponseNorm(2)(ac.randn(1, 3, 4)).shape
    torch.Size([1, 3, 4])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
