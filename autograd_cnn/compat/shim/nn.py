"""Layers of `torch.nn` under older names."""

from __future__ import annotations

from ...nn import LocalResponseNorm, NLLLoss, Sequential
from ...nn.layers.attention import NonDynamicallyQuantizableLinear

__all__ = ["Container", "CrossMapLRN2d", "NLLLoss2d", "NonDynamicallyQuantizableLinear"]

NLLLoss2d = NLLLoss
CrossMapLRN2d = LocalResponseNorm
Container = Sequential
