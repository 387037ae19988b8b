"""The residual networks of 20 to 1,202 layers for 32×32 pictures."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...nn import functional as F
from ...tensors.tensor import Tensor
from .initial import constant
from .published import published

__all__ = ["CifarResNet", "cifar_resnet20", "cifar_resnet32", "cifar_resnet44", "cifar_resnet56", "cifar_resnet110", "cifar_resnet1202"]


class CifarBlock(nn.Module):
    """relu(s(x) + F(x)) with two 3×3 convolutions in F; where the size halves, s takes every second pixel and pads with maps of
    zeros (option A of the article: no parameters).

    Args:
        residual: without, the block is plain: relu(F(x)). batch_norm: after each convolution; without, convolutions have a bias.
    """

    def __init__(self, in_planes: int, planes: int, stride: int = 1, residual: bool = True, batch_norm: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride=stride, padding=1, bias=not batch_norm)
        self.bn1: nn.Module = nn.BatchNorm2d(planes) if batch_norm else nn.Identity()
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=not batch_norm)
        self.bn2: nn.Module = nn.BatchNorm2d(planes) if batch_norm else nn.Identity()
        self.residual = residual
        self.shrinks, self.added = stride != 1 or in_planes != planes, planes - in_planes

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if not self.residual:
            return F.relu(out)
        if self.shrinks:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.added // 2, self.added - self.added // 2))
        return F.relu(out + x)


class CifarResNet(nn.Module):
    """6n + 2 layers: n blocks each of 16, 32 and 64 maps.   (N, 3, 32, 32) → (N, num_classes)

    Args:
        depth: 20, 32, 44, 56, 110, 1202, … num_classes: how many scores.
        residual: without, the article's plain network: the same layers and parameters, no shortcuts.
        batch_norm: after each convolution; without, convolutions have a bias, which begins at 0.

    Raises:
        ValueError: a depth that is not 6n + 2.

    >>> sum(p.numel() for p in CifarResNet(20, residual=False).parameters())
    269722

    Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2015, section 4.2.
    """

    def __init__(self, depth: int, num_classes: int = 10, residual: bool = True, batch_norm: bool = True) -> None:
        super().__init__()
        if depth < 8 or depth % 6 != 2:
            raise ValueError(f"CifarResNet: expected a depth of 6n + 2 layers (20, 32, 44, …), got {depth}")
        n = (depth - 2) // 6

        def blocks(in_planes: int, planes: int, stride: int) -> nn.Sequential:
            first = CifarBlock(in_planes, planes, stride, residual, batch_norm)
            return nn.Sequential(first, *(CifarBlock(planes, planes, 1, residual, batch_norm) for _ in range(n - 1)))

        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=not batch_norm)
        self.bn1: nn.Module = nn.BatchNorm2d(16) if batch_norm else nn.Identity()
        self.layer1, self.layer2, self.layer3 = blocks(16, 16, 1), blocks(16, 32, 2), blocks(32, 64, 2)
        self.linear = nn.Linear(64, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Linear | nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)
                if isinstance(m, nn.Conv2d):
                    constant(m.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))  # (N, 16, 32, 32) -> (N, 64, 8, 8)
        return self.linear(F.avg_pool2d(x, x.shape[-1]).flatten(1))  # type: ignore[no-any-return]


@published()
def cifar_resnet20(**config: Any) -> CifarResNet:
    """20 layers: 269,722 parameters. `residual=False`: the plain network; see `CifarResNet`."""
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
