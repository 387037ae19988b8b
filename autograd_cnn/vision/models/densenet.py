"""DenseNet: every layer sees all before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ... import nn
from ...nn import functional as F
from ...ops.shape.join import cat
from ...tensors.tensor import Tensor
from .initial import constant
from .published import published, weights_of

__all__ = [
    "DenseNet",
    "DenseNet121_Weights",
    "DenseNet161_Weights",
    "DenseNet169_Weights",
    "DenseNet201_Weights",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
]

DenseNet121_Weights = weights_of("DenseNet121_Weights", "densenet121-a639ec97.pth", min_size=29)
DenseNet161_Weights = weights_of("DenseNet161_Weights", "densenet161-8d451a50.pth", min_size=29)
DenseNet169_Weights = weights_of("DenseNet169_Weights", "densenet169-b2777c0a.pth", min_size=29)
DenseNet201_Weights = weights_of("DenseNet201_Weights", "densenet201-c1103571.pth", min_size=29)


class _DenseLayer(nn.Module):
    """norm, relu, 1×1, norm, relu, 3×3: `growth_rate` new maps from all the maps before."""

    def __init__(self, num_input_features: int, growth_rate: int, bn_size: int, drop_rate: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(num_input_features, bn_size * growth_rate, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(bn_size * growth_rate)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(bn_size * growth_rate, growth_rate, 3, padding=1, bias=False)
        self.drop_rate = float(drop_rate)

    def forward(self, before: Tensor | list[Tensor]) -> Tensor:
        x = before if isinstance(before, Tensor) else cat(before, 1)
        x = self.conv1(self.relu1(self.norm1(x)))
        x = self.conv2(self.relu2(self.norm2(x)))
        return F.dropout(x, self.drop_rate, self.training) if self.drop_rate > 0 else x


class _DenseBlock(nn.ModuleDict):
    def __init__(self, num_layers: int, num_input_features: int, bn_size: int, growth_rate: int, drop_rate: float) -> None:
        super().__init__()
        for i in range(num_layers):
            self.add_module(f"denselayer{i + 1}", _DenseLayer(num_input_features + i * growth_rate, growth_rate, bn_size, drop_rate))

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.values():
            features.append(layer(features))
        return cat(features, 1)  # type: ignore[no-any-return]


class _Transition(nn.Sequential):
    """norm, relu, 1×1 to half the maps, pooling to half the size."""

    def __init__(self, num_input_features: int, num_output_features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(num_input_features, num_output_features, 1, bias=False)
        self.pool = nn.AvgPool2d(2, 2)


class DenseNet(nn.Module):
    """Four dense blocks with transitions between them.   (N, 3, 224, 224) → (N, num_classes)

    Args:
        growth_rate: maps that each layer adds. block_config: layers in each block. num_init_features: maps of the first
        convolution. bn_size: maps of the 1×1 convolutions, in growth rates. drop_rate: dropout after each layer.
        memory_efficient: accepted; it changes no result.

    Source: Huang, Liu, van der Maaten, Weinberger, "Densely connected convolutional networks", 2016.
    """

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(3, num_init_features, 7, stride=2, padding=3, bias=False))
        self.features.add_module("norm0", nn.BatchNorm2d(num_init_features))
        self.features.add_module("relu0", nn.ReLU(inplace=True))
        self.features.add_module("pool0", nn.MaxPool2d(3, stride=2, padding=1))
        width = num_init_features
        for i, count in enumerate(block_config, 1):
            self.features.add_module(f"denseblock{i}", _DenseBlock(count, width, bn_size, growth_rate, drop_rate))
            width += count * growth_rate
            if i < len(block_config):
                self.features.add_module(f"transition{i}", _Transition(width, width // 2))
                width //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(width))
        self.classifier = nn.Linear(width, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)
            elif isinstance(m, nn.BatchNorm2d):
                constant(m.weight, 1)
                constant(m.bias, 0)
            elif isinstance(m, nn.Linear):
                constant(m.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.features(x), inplace=True)
        return self.classifier(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))  # type: ignore[no-any-return]

    def load_state_dict(self, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        """Also of the published files, whose names are older: `norm.1` for `norm1`."""
        renamed = {re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.(\d)", r"\1\2", k): v for k, v in state_dict.items()}
        return super().load_state_dict(renamed, *args, **kwargs)


@published(DenseNet121_Weights)
def densenet121(**config: Any) -> DenseNet:
    """DenseNet of 121 layers: 7,978,856 parameters."""
    return DenseNet(32, (6, 12, 24, 16), 64, **config)


@published(DenseNet161_Weights)
def densenet161(**config: Any) -> DenseNet:
    """DenseNet of 161 layers: 28,681,000 parameters."""
    return DenseNet(48, (6, 12, 36, 24), 96, **config)


@published(DenseNet169_Weights)
def densenet169(**config: Any) -> DenseNet:
    """DenseNet of 169 layers: 14,149,480 parameters."""
    return DenseNet(32, (6, 12, 32, 32), 64, **config)


@published(DenseNet201_Weights)
def densenet201(**config: Any) -> DenseNet:
    """DenseNet of 201 layers: 20,013,928 parameters."""
    return DenseNet(32, (6, 12, 48, 32), 64, **config)
