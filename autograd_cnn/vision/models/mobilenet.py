"""MobileNet V2: inverted residuals of depthwise convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor
from .initial import constant
from .published import published, weights_of

__all__ = ["MobileNetV2", "MobileNet_V2_Weights", "mobilenet_v2"]

MobileNet_V2_Weights = weights_of("MobileNet_V2_Weights", "mobilenet_v2-b0353104.pth", "mobilenet_v2-7ebf99e0.pth", sizes=(256, 232))

# expansion, maps, how many, stride of the first
_SETTING = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def _divisible(v: float, by: int) -> int:
    """The nearest multiple, but not below nine tenths."""
    near = max(by, int(v + by / 2) // by * by)
    return near + by if near < 0.9 * v else near


class Conv2dNormActivation(nn.Sequential):
    """A convolution that keeps the size (at stride 1), batch normalisation, ReLU6."""

    def __init__(self, inp: int, out: int, kernel_size: int = 3, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inp, out, kernel_size, stride, (kernel_size - 1) // 2, groups=groups, bias=False), nn.BatchNorm2d(out), nn.ReLU6(inplace=True)
        )


class InvertedResidual(nn.Module):
    """1×1 to `expand_ratio` times the maps, depthwise 3×3, 1×1 back; added to the input where the sizes allow."""

    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: int) -> None:
        super().__init__()
        hidden = round(inp * expand_ratio)
        self.stride = stride
        self.use_res_connect = stride == 1 and inp == oup
        widen: list[nn.Module] = [] if expand_ratio == 1 else [Conv2dNormActivation(inp, hidden, 1)]
        self.conv = nn.Sequential(
            *widen, Conv2dNormActivation(hidden, hidden, stride=stride, groups=hidden), nn.Conv2d(hidden, oup, 1, bias=False), nn.BatchNorm2d(oup)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.use_res_connect else self.conv(x)  # type: ignore[no-any-return]


class MobileNetV2(nn.Module):
    """(N, 3, 224, 224) → (N, num_classes)

    Args:
        width_mult: of the number of maps. inverted_residual_setting: rows (expansion, maps, how many, stride).
        round_nearest: numbers of maps are multiples of it.

    Source: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018.
    """

    def __init__(
        self, num_classes: int = 1000, width_mult: float = 1.0, inverted_residual_setting: Sequence[Sequence[int]] | None = None,
        round_nearest: int = 8, dropout: float = 0.2,
    ) -> None:  # fmt: skip
        super().__init__()
        width = _divisible(32 * width_mult, round_nearest)
        self.last_channel = _divisible(1280 * max(1.0, width_mult), round_nearest)
        layers: list[nn.Module] = [Conv2dNormActivation(3, width, stride=2)]
        for expand, maps, count, stride in inverted_residual_setting or _SETTING:
            out = _divisible(maps * width_mult, round_nearest)
            for i in range(count):
                layers.append(InvertedResidual(width, out, stride if i == 0 else 1, expand))
                width = out
        self.features = nn.Sequential(*layers, Conv2dNormActivation(width, self.last_channel, 1))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.last_channel, num_classes))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out")
            elif isinstance(m, nn.BatchNorm2d):
                constant(m.weight, 1)
                constant(m.bias, 0)
            elif isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, 0, 0.01)
                constant(m.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        x = F.adaptive_avg_pool2d(self.features(x), (1, 1)).flatten(1)
        return self.classifier(x)  # type: ignore[no-any-return]


@published(MobileNet_V2_Weights)
def mobilenet_v2(**config: Any) -> MobileNetV2:
    """MobileNet V2: 3,504,872 parameters."""
    return MobileNetV2(**config)
