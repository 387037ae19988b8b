"""Style transfer in one pass: a network that repaints pictures."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...nn import functional as F
from ...tensors.tensor import Tensor
from .published import published

__all__ = ["StyleTransferNet", "style_transfer"]


class ConvLayer(nn.Module):
    """A convolution that keeps the size (at stride 1), its border a reflection of the picture; before it, perhaps, the picture enlarged."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int, upsample: int | None = None) -> None:
        super().__init__()
        self.upsample = upsample
        self.reflection_pad = nn.ReflectionPad2d(kernel_size // 2)
        self.conv2d = nn.Conv2d(in_channels, out_channels, kernel_size, stride)

    def forward(self, x: Tensor) -> Tensor:
        if self.upsample:
            x = F.interpolate(x, mode="nearest", scale_factor=self.upsample)
        return self.conv2d(self.reflection_pad(x))  # type: ignore[no-any-return]


class ResidualBlock(nn.Module):
    """x + F(x): twice a convolution and instance normalisation, a ReLU between them, none after the sum.

    Source: Gross and Wilber, "Training and investigating residual nets", 2016.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ConvLayer(channels, channels, 3, 1)
        self.in1 = nn.InstanceNorm2d(channels, affine=True)
        self.conv2 = ConvLayer(channels, channels, 3, 1)
        self.in2 = nn.InstanceNorm2d(channels, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        out = self.in2(self.conv2(F.relu(self.in1(self.conv1(x)))))
        return out + x  # type: ignore[no-any-return]


class StyleTransferNet(nn.Module):
    """To a quarter of the size, five residual blocks, back to the full size.   (N, 3, H, W) of 0 … 255 → (N, 3, H, W), H and W multiples of 4

    With instance normalisation and enlarging before convolving, and layers named, as in PyTorch's example `fast_neural_style`, so
    that its trained styles load; the article has batch normalisation and transposed convolutions. 1,679,235 parameters.

    Sources: Johnson, Alahi, Fei-Fei, "Perceptual losses for real-time style transfer and super-resolution", 2016; Ulyanov, Vedaldi,
    Lempitsky, "Instance normalization", 2016.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = ConvLayer(3, 32, 9, 1)
        self.in1 = nn.InstanceNorm2d(32, affine=True)
        self.conv2 = ConvLayer(32, 64, 3, 2)
        self.in2 = nn.InstanceNorm2d(64, affine=True)
        self.conv3 = ConvLayer(64, 128, 3, 2)
        self.in3 = nn.InstanceNorm2d(128, affine=True)
        for i in range(1, 6):
            self.add_module(f"res{i}", ResidualBlock(128))
        self.deconv1 = ConvLayer(128, 64, 3, 1, upsample=2)
        self.in4 = nn.InstanceNorm2d(64, affine=True)
        self.deconv2 = ConvLayer(64, 32, 3, 1, upsample=2)
        self.in5 = nn.InstanceNorm2d(32, affine=True)
        self.deconv3 = ConvLayer(32, 3, 9, 1)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.in1(self.conv1(x)))
        x = self.relu(self.in2(self.conv2(x)))
        x = self.relu(self.in3(self.conv3(x)))  # (N, 3, H, W) -> (N, 128, H/4, W/4)
        x = self.res5(self.res4(self.res3(self.res2(self.res1(x)))))
        x = self.relu(self.in4(self.deconv1(x)))
        x = self.relu(self.in5(self.deconv2(x)))
        return self.deconv3(x)  # type: ignore[no-any-return]


@published()
def style_transfer(**config: Any) -> StyleTransferNet:
    """See `StyleTransferNet`."""
    return StyleTransferNet(**config)
