"""Batch normalisation over the batches of several processes."""

from __future__ import annotations

import sys
from typing import Any

from ...config import no_grad
from ...tensors import creation
from ...tensors.tensor import Tensor
from ..module.module import Module
from .norm import _BatchNorm

__all__ = ["SyncBatchNorm"]


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation whose mean and variance in training are those of all processes' batches together, so that n processes with a
    batch of N/n each do what one does with N. Alone, or in evaluation, it is BatchNorm.

    (N, C, *) → (N, C, *), N and * may differ between processes.

    Args:
        process_group: whose batches; all processes' if not given.

    >>> import autograd_cnn as ac
    >>> net = ac.nn.Sequential(ac.nn.Conv2d(1, 2, 3), ac.nn.BatchNorm2d(2))
    >>> ac.nn.SyncBatchNorm.convert_sync_batchnorm(net)[1]
    SyncBatchNorm(2, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)

    Raises:
        ValueError: an input without channels; or in training fewer than two values a channel, in all processes together.

    Source: torch.nn.SyncBatchNorm.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    def forward(self, input: Tensor) -> Tensor:
        batch = self.training or (self.running_mean is None and self.running_var is None)
        distributed = sys.modules.get("autograd_cnn.distributed")  # who has a group has loaded it
        if not batch or distributed is None or not distributed.is_initialized() or distributed.get_world_size(self.process_group) == 1:
            return super().forward(input)
        from ..parallel.all_sum import all_sum

        self._check_input_dim(input)
        group = self.process_group or distributed.group.WORLD
        dims = (0, *range(2, input.dim()))
        shape = (1, -1, *(1 for _ in dims[1:]))
        counted = creation.tensor([float(input.numel() // self.num_features)], dtype=input.dtype)
        distributed.all_reduce(counted, group=group)
        count = counted.item()
        if count < 2:
            raise ValueError(f"Expected more than 1 value per channel when training, got {count:g} in all processes together")
        mean = all_sum(input.sum(dims), group) / count
        centred = input - mean.reshape(shape)
        var = all_sum((centred * centred).sum(dims), group) / count
        self._estimate(mean.detach(), var.detach() * (count / (count - 1)))
        out: Tensor = centred * (var + self.eps).rsqrt().reshape(shape)
        if self.weight is not None:
            out = out * self.weight.reshape(shape)
        return out if self.bias is None else out + self.bias.reshape(shape)

    def _estimate(self, mean: Tensor, var: Tensor) -> None:
        if not (self.training and self.track_running_stats) or self.running_mean is None or self.running_var is None:
            return
        with no_grad():
            factor = self.momentum
            if self.num_batches_tracked is not None:
                self.num_batches_tracked += 1
                if factor is None:  # the cumulative average
                    factor = 1.0 / self.num_batches_tracked.item()
            factor = factor or 0.0
            self.running_mean.mul_(1 - factor).add_(mean, alpha=factor)
            self.running_var.mul_(1 - factor).add_(var, alpha=factor)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The network with a SyncBatchNorm, with the same parameters and estimates, in the place of each batch normalisation."""
        if isinstance(module, _BatchNorm) and not isinstance(module, cls):
            made = cls(
                module.num_features,
                module.eps,
                module.momentum,
                module.affine,
                module.track_running_stats,
                process_group,
                bias=module.bias is not None,
            )
            for name, kept in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
                setattr(made, name, kept)
            return made.train(module.training)
        for name, child in list(module.named_children()):
            setattr(module, name, cls.convert_sync_batchnorm(child, process_group))
        return module
