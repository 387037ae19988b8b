"""MobileNet V2: inverted residuals of depthwise convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import nn
from ...nn import functional as F
from ...tensors.tensor import Tensor
from .blocks import Conv2dNormActivation, Layer, divisible, mobile_values
from .published import published, weights_of

__all__ = ["MobileNetV2", "MobileNet_V2_Weights", "mobilenet_v2"]

MobileNet_V2_Weights = weights_of("MobileNet_V2_Weights", "mobilenet_v2-b0353104.pth", "mobilenet_v2-7ebf99e0.pth", sizes=(256, 232))

# expansion, maps, how many, stride of the first
_SETTING = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


class InvertedResidual(nn.Module):
    """1×1 to `expand_ratio` times the maps, depthwise 3×3, 1×1 back; added to the input where the sizes allow."""

    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: int, norm_layer: Layer | None = None) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        hidden, norm = round(inp * expand_ratio), norm_layer or nn.BatchNorm2d
        self.stride, self.out_channels = stride, oup
        self.use_res_connect = stride == 1 and inp == oup
        relu6: Any = {"norm_layer": norm, "activation_layer": nn.ReLU6}
        widen: list[nn.Module] = [] if expand_ratio == 1 else [Conv2dNormActivation(inp, hidden, 1, **relu6)]
        depthwise = Conv2dNormActivation(hidden, hidden, stride=stride, groups=hidden, **relu6)
        self.conv = nn.Sequential(*widen, depthwise, nn.Conv2d(hidden, oup, 1, bias=False), norm(oup))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.use_res_connect else self.conv(x)  # type: ignore[no-any-return]


class MobileNetV2(nn.Module):
    """(N, 3, 224, 224) → (N, num_classes)

    Args:
        width_mult: of the number of maps. inverted_residual_setting: rows (expansion, maps, how many, stride).
        round_nearest: numbers of maps are multiples of it. block: in place of `InvertedResidual`. norm_layer: of `BatchNorm2d`.

    Raises:
        ValueError: rows of another form.

    Source: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        width_mult: float = 1.0,
        inverted_residual_setting: Sequence[Sequence[int]] | None = None,
        round_nearest: int = 8,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        rows = _SETTING if inverted_residual_setting is None else inverted_residual_setting
        if not rows or any(len(row) != 4 for row in rows):
            raise ValueError(f"inverted_residual_setting should be non-empty or a 4-element list, got {inverted_residual_setting}")
        make, norm = block or InvertedResidual, norm_layer or nn.BatchNorm2d
        width = divisible(32 * width_mult, round_nearest)
        self.last_channel = divisible(1280 * max(1.0, width_mult), round_nearest)
        relu6: Any = {"norm_layer": norm, "activation_layer": nn.ReLU6}
        layers: list[nn.Module] = [Conv2dNormActivation(3, width, stride=2, **relu6)]
        for expand, maps, count, stride in rows:
            out = divisible(maps * width_mult, round_nearest)
            for i in range(count):
                layers.append(make(width, out, stride if i == 0 else 1, expand_ratio=expand, norm_layer=norm))
                width = out
        self.features = nn.Sequential(*layers, Conv2dNormActivation(width, self.last_channel, 1, **relu6))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.last_channel, num_classes))
        mobile_values(self)

    def forward(self, x: Tensor) -> Tensor:
        x = F.adaptive_avg_pool2d(self.features(x), (1, 1)).flatten(1)
        return self.classifier(x)  # type: ignore[no-any-return]


@published(MobileNet_V2_Weights)
def mobilenet_v2(**config: Any) -> MobileNetV2:
    """MobileNet V2: 3,504,872 parameters."""
    return MobileNetV2(**config)
