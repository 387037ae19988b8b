"""Layers of `torch.nn` under older names, and those for several processes."""

from __future__ import annotations

import copy
from typing import Any

from ...nn import BatchNorm1d, BatchNorm2d, BatchNorm3d, LocalResponseNorm, Module, NLLLoss, Sequential
from ...nn.layers.attention import NonDynamicallyQuantizableLinear
from ...tensors.tensor import Tensor

__all__ = ["Container", "CrossMapLRN2d", "NLLLoss2d", "NonDynamicallyQuantizableLinear", "SyncBatchNorm"]

NLLLoss2d = NLLLoss
CrossMapLRN2d = LocalResponseNorm
Container = Sequential


class SyncBatchNorm(BatchNorm2d):
    """Batch normalisation over the batches of several processes on devices. As in PyTorch, a CPU trains without it.

    Raises:
        ValueError: training; evaluation uses the running estimates, and works.
    """

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            raise ValueError(
                "SyncBatchNorm expected input tensor to be on cuda: it joins the batches of several devices, and this library "
                "computes on the CPU. Use BatchNorm2d."
            )
        out: Tensor = super().forward(input)
        return out

    def _check_input_dim(self, input: Tensor) -> None: ...

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The network with `SyncBatchNorm` in the place of each batch normalisation."""
        if isinstance(module, BatchNorm1d | BatchNorm2d | BatchNorm3d) and not isinstance(module, cls):
            made = cls(module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats)
            made.load_state_dict(copy.copy(module.state_dict()))
            made.training = module.training
            return made
        for name, child in module.named_children():
            setattr(module, name, cls.convert_sync_batchnorm(child, process_group))
        return module
