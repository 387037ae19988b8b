"""Blocks that several networks are built of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import nn
from ...tensors.tensor import Tensor
from .initial import constant

Layer = Callable[..., nn.Module]


def divisible(v: float, by: int) -> int:
    """The nearest multiple of `by`, but not below nine tenths of `v`.

    >>> divisible(11.2, 8), divisible(36, 8)
    (16, 40)
    """
    near = max(by, int(v + by / 2) // by * by)
    return near + by if near < 0.9 * v else near


class Conv2dNormActivation(nn.Sequential):
    """A convolution that keeps the size (at stride 1), a normalisation, an activation; each of the last two may be None.
    The convolution has a bias where no normalisation follows."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any = 3,
        stride: Any = 1,
        padding: Any = None,
        groups: int = 1,
        norm_layer: Layer | None = nn.BatchNorm2d,
        activation_layer: Layer | None = nn.ReLU,
        dilation: Any = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:
        if padding is None:
            padding = tuple((k - 1) // 2 * d for k, d in zip(_pair(kernel_size), _pair(dilation), strict=True))
        bias = norm_layer is None if bias is None else bias
        conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        layers: list[nn.Module] = [conv]
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer() if inplace is None else activation_layer(inplace=inplace))
        super().__init__(*layers)
        self.out_channels = out_channels


def _pair(value: int | Sequence[int]) -> tuple[int, ...]:
    return (value, value) if isinstance(value, int) else tuple(value)


class SqueezeExcitation(nn.Module):
    """x · σ(W₂ δ(W₁ mean(x))): each map weighed by a number that all maps' means decide.   (N, C, H, W) → (N, C, H, W)

    Source: Hu, Shen, Sun, "Squeeze-and-excitation networks", 2018.
    """

    def __init__(
        self, input_channels: int, squeeze_channels: int, activation: Layer = nn.ReLU, scale_activation: Layer = nn.Sigmoid
    ) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def forward(self, x: Tensor) -> Tensor:
        weight = self.fc2(self.activation(self.fc1(self.avgpool(x))))  # (N, C, 1, 1)
        return self.scale_activation(weight) * x  # type: ignore[no-any-return]


class BasicConv2d(nn.Module):
    """Convolution without a bias, batch normalisation, ReLU: what the Inception networks are made of."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.relu(self.bn(self.conv(x)), inplace=True)


def mobile_values(net: nn.Module) -> None:
    """The initial values of the MobileNets: He's for convolutions (counted by outputs), N(0, 0.01²) for dense layers."""
    for m in net.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight, mode="fan_out")
            constant(m.bias, 0)
        elif isinstance(m, nn.BatchNorm2d | nn.GroupNorm):
            constant(m.weight, 1)
            constant(m.bias, 0)
        elif isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, 0, 0.01)
            constant(m.bias, 0)
