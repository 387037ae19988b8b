"""Where networks begin: initial values, also for layers without a bias or a scale, and the pictures they are given."""

from __future__ import annotations

from ...nn import Parameter
from ...nn.init import constant_
from ...ops.shape.join import cat
from ...tensors.tensor import Tensor

_IMAGENET = ((0.229, 0.485), (0.224, 0.456), (0.225, 0.406))  # spread and mean of red, green, blue


def constant(param: Parameter | None, value: float) -> None:
    """Fill a parameter, if there is one."""
    if param is not None:
        constant_(param, value)


def imagenet_to_half(x: Tensor) -> Tensor:
    """Pictures normalised with the mean and spread of ImageNet, as if normalised with 0.5 and 0.5.   (N, 3, H, W) → (N, 3, H, W)"""
    channels = [x[:, i].unsqueeze(1) * (spread / 0.5) + (mean - 0.5) / 0.5 for i, (spread, mean) in enumerate(_IMAGENET)]
    return cat(channels, 1)  # type: ignore[no-any-return]
