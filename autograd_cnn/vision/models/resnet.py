"""Residual networks for large pictures: ResNet, ResNeXt, wide ResNet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import nn
from ...tensors.tensor import Tensor
from .initial import constant
from .published import published, weights_of

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "ResNeXt50_32X4D_Weights",
    "ResNeXt101_32X8D_Weights",
    "ResNeXt101_64X4D_Weights",
    "ResNet",
    "ResNet18_Weights",
    "ResNet34_Weights",
    "ResNet50_Weights",
    "ResNet101_Weights",
    "ResNet152_Weights",
    "Wide_ResNet50_2_Weights",
    "Wide_ResNet101_2_Weights",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet50_2",
    "wide_resnet101_2",
]

_S = (256, 232)
ResNet18_Weights = weights_of("ResNet18_Weights", "resnet18-f37072fd.pth")
ResNet34_Weights = weights_of("ResNet34_Weights", "resnet34-b627a593.pth")
ResNet50_Weights = weights_of("ResNet50_Weights", "resnet50-0676ba61.pth", "resnet50-11ad3fa6.pth", sizes=_S)
ResNet101_Weights = weights_of("ResNet101_Weights", "resnet101-63fe2227.pth", "resnet101-cd907fc2.pth", sizes=_S)
ResNet152_Weights = weights_of("ResNet152_Weights", "resnet152-394f9c45.pth", "resnet152-f82ba261.pth", sizes=_S)
ResNeXt50_32X4D_Weights = weights_of("ResNeXt50_32X4D_Weights", "resnext50_32x4d-7cdf4587.pth", "resnext50_32x4d-1a0047aa.pth", sizes=_S)
ResNeXt101_32X8D_Weights = weights_of(
    "ResNeXt101_32X8D_Weights", "resnext101_32x8d-8ba56ff5.pth", "resnext101_32x8d-110c445d.pth", sizes=_S
)
ResNeXt101_64X4D_Weights = weights_of("ResNeXt101_64X4D_Weights", "resnext101_64x4d-173b62eb.pth", resize=232)
Wide_ResNet50_2_Weights = weights_of("Wide_ResNet50_2_Weights", "wide_resnet50_2-95faca4d.pth", "wide_resnet50_2-9ba9bcbe.pth", sizes=_S)
Wide_ResNet101_2_Weights = weights_of(
    "Wide_ResNet101_2_Weights", "wide_resnet101_2-32ee1156.pth", "wide_resnet101_2-d733dc28.pth", sizes=_S
)

Norm = Callable[..., nn.Module]


def conv3x3(in_planes: int, out_planes: int, stride: int = 1, groups: int = 1, dilation: int = 1) -> nn.Conv2d:
    """A 3×3 convolution that keeps the size (at stride 1), without a bias."""
    return nn.Conv2d(in_planes, out_planes, 3, stride, padding=dilation, groups=groups, bias=False, dilation=dilation)


def conv1x1(in_planes: int, out_planes: int, stride: int = 1) -> nn.Conv2d:
    """A 1×1 convolution without a bias."""
    return nn.Conv2d(in_planes, out_planes, 1, stride, bias=False)


class BasicBlock(nn.Module):
    """relu(x + F(x)) with two 3×3 convolutions in F.

    Raises:
        ValueError: groups, another width or dilation, which only `Bottleneck` has.
    """

    expansion = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        if groups != 1 or base_width != 64:
            raise ValueError("BasicBlock only supports groups=1 and base_width=64")
        if dilation > 1:
            raise NotImplementedError("Dilation > 1 not supported in BasicBlock")
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)  # type: ignore[no-any-return]


class Bottleneck(nn.Module):
    """relu(x + F(x)) with convolutions 1×1, 3×3, 1×1 in F; the stride is in the 3×3."""

    expansion = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        width = int(planes * (base_width / 64.0)) * groups
        self.conv1 = conv1x1(inplanes, width)
        self.bn1 = norm(width)
        self.conv2 = conv3x3(width, width, stride, groups, dilation)
        self.bn2 = norm(width)
        self.conv3 = conv1x1(width, planes * self.expansion)
        self.bn3 = norm(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)  # type: ignore[no-any-return]


class ResNet(nn.Module):
    """A 7×7 convolution, four stages of residual blocks, one dense layer.   (N, 3, 224, 224) → (N, num_classes)

    Args:
        block: `BasicBlock` or `Bottleneck`. layers: how many in each stage.
        zero_init_residual: begin with F = 0, so that each block is the identity.
        groups, width_per_group: of the 3×3 convolutions (ResNeXt, wide ResNet).
        replace_stride_with_dilation: of the last three stages.

    Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2015.
    """

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        layers: Sequence[int],
        num_classes: int = 1000,
        zero_init_residual: bool = False,
        groups: int = 1,
        width_per_group: int = 64,
        replace_stride_with_dilation: Sequence[bool] | None = None,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        self._norm_layer = norm_layer or nn.BatchNorm2d
        self.inplanes, self.dilation, self.groups, self.base_width = 64, 1, groups, width_per_group
        dilate = list(replace_stride_with_dilation or [False] * 3)
        if len(dilate) != 3:
            raise ValueError(f"replace_stride_with_dilation should be None or a 3-element tuple, got {replace_stride_with_dilation}")
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = self._norm_layer(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self._make_layer(block, 64, layers[0])
        self.layer2 = self._make_layer(block, 128, layers[1], 2, dilate[0])
        self.layer3 = self._make_layer(block, 256, layers[2], 2, dilate[1])
        self.layer4 = self._make_layer(block, 512, layers[3], 2, dilate[2])
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, nn.BatchNorm2d | nn.GroupNorm):
                constant(m.weight, 1)
                constant(m.bias, 0)
        if zero_init_residual:
            for m in self.modules():
                if isinstance(m, Bottleneck):
                    constant(m.bn3.weight, 0)
                elif isinstance(m, BasicBlock):
                    constant(m.bn2.weight, 0)

    def _make_layer(
        self, block: type[BasicBlock | Bottleneck], planes: int, blocks: int, stride: int = 1, dilate: bool = False
    ) -> nn.Sequential:
        before = self.dilation
        if dilate:
            self.dilation, stride = self.dilation * stride, 1
        downsample = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            downsample = nn.Sequential(conv1x1(self.inplanes, planes * block.expansion, stride), self._norm_layer(planes * block.expansion))
        stage = [block(self.inplanes, planes, stride, downsample, self.groups, self.base_width, before, self._norm_layer)]
        self.inplanes = planes * block.expansion
        stage += [
            block(self.inplanes, planes, 1, None, self.groups, self.base_width, self.dilation, self._norm_layer) for _ in range(1, blocks)
        ]
        return nn.Sequential(*stage)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))  # (N, 3, 224, 224) -> (N, 64, 56, 56)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))  # type: ignore[no-any-return]


@published(ResNet18_Weights)
def resnet18(**config: Any) -> ResNet:
    """ResNet of 18 layers: 11,689,512 parameters."""
    return ResNet(BasicBlock, [2, 2, 2, 2], **config)


@published(ResNet34_Weights)
def resnet34(**config: Any) -> ResNet:
    """ResNet of 34 layers: 21,797,672 parameters."""
    return ResNet(BasicBlock, [3, 4, 6, 3], **config)


@published(ResNet50_Weights)
def resnet50(**config: Any) -> ResNet:
    """ResNet of 50 layers: 25,557,032 parameters."""
    return ResNet(Bottleneck, [3, 4, 6, 3], **config)


@published(ResNet101_Weights)
def resnet101(**config: Any) -> ResNet:
    """ResNet of 101 layers: 44,549,160 parameters."""
    return ResNet(Bottleneck, [3, 4, 23, 3], **config)


@published(ResNet152_Weights)
def resnet152(**config: Any) -> ResNet:
    """ResNet of 152 layers: 60,192,808 parameters."""
    return ResNet(Bottleneck, [3, 8, 36, 3], **config)


@published(ResNeXt50_32X4D_Weights)
def resnext50_32x4d(**config: Any) -> ResNet:
    """ResNeXt of 50 layers, 32 groups of width 4: 25,028,904 parameters.   [Xie et al., 2017]"""
    return ResNet(Bottleneck, [3, 4, 6, 3], **{"groups": 32, "width_per_group": 4, **config})


@published(ResNeXt101_32X8D_Weights)
def resnext101_32x8d(**config: Any) -> ResNet:
    """ResNeXt of 101 layers, 32 groups of width 8: 88,791,336 parameters.   [Xie et al., 2017]"""
    return ResNet(Bottleneck, [3, 4, 23, 3], **{"groups": 32, "width_per_group": 8, **config})


@published(ResNeXt101_64X4D_Weights)
def resnext101_64x4d(**config: Any) -> ResNet:
    """ResNeXt of 101 layers, 64 groups of width 4: 83,455,272 parameters.   [Xie et al., 2017]"""
    return ResNet(Bottleneck, [3, 4, 23, 3], **{"groups": 64, "width_per_group": 4, **config})


@published(Wide_ResNet50_2_Weights)
def wide_resnet50_2(**config: Any) -> ResNet:
    """ResNet of 50 layers whose 3×3 convolutions are twice as wide: 68,883,240 parameters.   [Zagoruyko and Komodakis, 2016]"""
    return ResNet(Bottleneck, [3, 4, 6, 3], **{"width_per_group": 128, **config})


@published(Wide_ResNet101_2_Weights)
def wide_resnet101_2(**config: Any) -> ResNet:
    """ResNet of 101 layers whose 3×3 convolutions are twice as wide: 126,886,696 parameters.   [Zagoruyko and Komodakis, 2016]"""
    return ResNet(Bottleneck, [3, 4, 23, 3], **{"width_per_group": 128, **config})
