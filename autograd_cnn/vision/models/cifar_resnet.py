"""The residual networks of 20 to 1,202 layers for 32×32 pictures."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...nn import functional as F
from ...tensors.tensor import Tensor
from .published import published

__all__ = ["CifarResNet", "cifar_resnet20", "cifar_resnet32", "cifar_resnet44", "cifar_resnet56", "cifar_resnet110", "cifar_resnet1202"]


class CifarBlock(nn.Module):
    """relu(s(x) + F(x)) with two 3×3 convolutions in F; where the size halves, s takes every second pixel and pads with maps of
    zeros (option A of the article: no parameters)."""

    def __init__(self, in_planes: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shrinks, self.added = stride != 1 or in_planes != planes, planes - in_planes

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.shrinks:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.added // 2, self.added - self.added // 2))
        return F.relu(out + x)


class CifarResNet(nn.Module):
    """6n + 2 layers: n blocks each of 16, 32 and 64 maps.   (N, 3, 32, 32) → (N, num_classes)

    Raises:
        ValueError: a depth that is not 6n + 2.

    Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2015, section 4.2.
    """

    def __init__(self, depth: int, num_classes: int = 10) -> None:
        super().__init__()
        if depth < 8 or depth % 6 != 2:
            raise ValueError(f"CifarResNet: expected a depth of 6n + 2 layers (20, 32, 44, …), got {depth}")
        n = (depth - 2) // 6
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(CifarBlock(16, 16) for _ in range(n)))
        self.layer2 = nn.Sequential(CifarBlock(16, 32, 2), *(CifarBlock(32, 32) for _ in range(n - 1)))
        self.layer3 = nn.Sequential(CifarBlock(32, 64, 2), *(CifarBlock(64, 64) for _ in range(n - 1)))
        self.linear = nn.Linear(64, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Linear | nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))  # (N, 16, 32, 32) -> (N, 64, 8, 8)
        return self.linear(F.avg_pool2d(x, x.shape[-1]).flatten(1))  # type: ignore[no-any-return]


@published()
def cifar_resnet20(**config: Any) -> CifarResNet:
    """20 layers: 269,722 parameters."""
    return CifarResNet(20, **config)


@published()
def cifar_resnet32(**config: Any) -> CifarResNet:
    """32 layers: 464,154 parameters."""
    return CifarResNet(32, **config)


@published()
def cifar_resnet44(**config: Any) -> CifarResNet:
    """44 layers: 658,586 parameters."""
    return CifarResNet(44, **config)


@published()
def cifar_resnet56(**config: Any) -> CifarResNet:
    """56 layers: 853,018 parameters."""
    return CifarResNet(56, **config)


@published()
def cifar_resnet110(**config: Any) -> CifarResNet:
    """110 layers: 1,727,962 parameters."""
    return CifarResNet(110, **config)


@published()
def cifar_resnet1202(**config: Any) -> CifarResNet:
    """1,202 layers: 19,421,274 parameters."""
    return CifarResNet(1202, **config)
