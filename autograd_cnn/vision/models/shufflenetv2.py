"""ShuffleNet V2: half of the maps pass by untouched, then the halves are shuffled."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ... import nn
from ...ops.shape.join import cat
from ...tensors.tensor import Tensor
from .blocks import Layer
from .published import published, weights_of

__all__ = [
    "ShuffleNetV2",
    "ShuffleNet_V2_X0_5_Weights",
    "ShuffleNet_V2_X1_0_Weights",
    "ShuffleNet_V2_X1_5_Weights",
    "ShuffleNet_V2_X2_0_Weights",
    "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0",
    "shufflenet_v2_x1_5",
    "shufflenet_v2_x2_0",
]

ShuffleNet_V2_X0_5_Weights = weights_of("ShuffleNet_V2_X0_5_Weights", "shufflenetv2_x0.5-f707e7126e.pth")
ShuffleNet_V2_X1_0_Weights = weights_of("ShuffleNet_V2_X1_0_Weights", "shufflenetv2_x1-5666bf0f80.pth")
ShuffleNet_V2_X1_5_Weights = weights_of("ShuffleNet_V2_X1_5_Weights", "shufflenetv2_x1_5-3c479a10.pth", resize=232)
ShuffleNet_V2_X2_0_Weights = weights_of("ShuffleNet_V2_X2_0_Weights", "shufflenetv2_x2_0-8be3c8ee.pth", resize=232)


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """The maps of the groups taken in turn: 0 1 2 | 3 4 5 → 0 3 1 4 2 5.   (N, C, H, W) → (N, C, H, W)"""
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


def _separable(inp: int, out: int, stride: int) -> list[nn.Module]:
    """Depthwise 3×3, then 1×1."""
    return [
        nn.Conv2d(inp, inp, 3, stride, 1, groups=inp, bias=False),
        nn.BatchNorm2d(inp),
        nn.Conv2d(inp, out, 1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    ]


class InvertedResidual(nn.Module):
    """At stride 1: one half of the maps as it is, the other through 1×1, depthwise 3×3, 1×1. At stride 2: both branches see all maps."""

    def __init__(self, inp: int, oup: int, stride: int) -> None:
        super().__init__()
        half = oup // 2
        if not 1 <= stride <= 3:
            raise ValueError(f"illegal stride value: expected 1, 2 or 3, got {stride}")
        if stride == 1 and inp != 2 * half:
            raise ValueError(
                f"Invalid combination of stride {stride}, inp {inp} and oup {oup} values: at stride 1, inp must be oup // 2 * 2."
            )
        self.stride = stride
        self.branch1 = nn.Sequential(*(_separable(inp, half, stride) if stride > 1 else []))
        narrow = [nn.Conv2d(inp if stride > 1 else half, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(inplace=True)]
        self.branch2 = nn.Sequential(*narrow, *_separable(half, half, stride))

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 1:
            passed, changed = x.chunk(2, dim=1)
        else:
            passed, changed = self.branch1(x), x
        return channel_shuffle(cat([passed, self.branch2(changed)], 1), 2)


def _conv(inp: int, out: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inp, out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True))


class ShuffleNetV2(nn.Module):
    """(N, 3, 224, 224) → (N, num_classes)

    Args:
        stages_repeats: units in each of the three stages. stages_out_channels: maps after the first convolution, the three stages
        and the last convolution. inverted_residual: the unit.

    Raises:
        ValueError: not three and five numbers.

    Source: Ma et al., "ShuffleNet V2: practical guidelines for efficient CNN architecture design", 2018.
    """

    def __init__(
        self,
        stages_repeats: Sequence[int],
        stages_out_channels: Sequence[int],
        num_classes: int = 1000,
        inverted_residual: Layer = InvertedResidual,
    ) -> None:
        super().__init__()
        if len(stages_repeats) != 3:
            raise ValueError("expected stages_repeats as list of 3 positive ints")
        if len(stages_out_channels) != 5:
            raise ValueError("expected stages_out_channels as list of 5 positive ints")
        first, *_, before, last = stages_out_channels
        self.conv1 = _conv(3, first, 3, 2)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        for i, (repeats, (inp, out)) in enumerate(zip(stages_repeats, pairwise(stages_out_channels[:4]), strict=True), 2):
            units = [inverted_residual(inp, out, 2), *(inverted_residual(out, out, 1) for _ in range(repeats - 1))]
            self.add_module(f"stage{i}", nn.Sequential(*units))
        self.conv5 = _conv(before, last, 1, 1)
        self.fc = nn.Linear(last, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.conv1(x))
        x = self.conv5(self.stage4(self.stage3(self.stage2(x))))  # (N, 24, 56, 56) -> (N, 1024, 7, 7)
        return self.fc(x.mean([2, 3]))  # type: ignore[no-any-return]


@published(ShuffleNet_V2_X0_5_Weights)
def shufflenet_v2_x0_5(**config: Any) -> ShuffleNetV2:
    """ShuffleNet V2 at half width: 1,366,792 parameters."""
    return ShuffleNetV2([4, 8, 4], [24, 48, 96, 192, 1024], **config)


@published(ShuffleNet_V2_X1_0_Weights)
def shufflenet_v2_x1_0(**config: Any) -> ShuffleNetV2:
    """ShuffleNet V2: 2,278,604 parameters."""
    return ShuffleNetV2([4, 8, 4], [24, 116, 232, 464, 1024], **config)


@published(ShuffleNet_V2_X1_5_Weights)
def shufflenet_v2_x1_5(**config: Any) -> ShuffleNetV2:
    """ShuffleNet V2, half as wide again: 3,503,624 parameters."""
    return ShuffleNetV2([4, 8, 4], [24, 176, 352, 704, 1024], **config)


@published(ShuffleNet_V2_X2_0_Weights)
def shufflenet_v2_x2_0(**config: Any) -> ShuffleNetV2:
    """ShuffleNet V2 at double width: 7,393,996 parameters."""
    return ShuffleNetV2([4, 8, 4], [24, 244, 488, 976, 2048], **config)
