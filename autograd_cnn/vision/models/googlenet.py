"""GoogLeNet: nine Inception modules, and two heads on the way that help training."""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import nn
from ...nn import functional as F
from ...ops.shape.join import cat
from ...tensors.tensor import Tensor
from .blocks import BasicConv2d, Layer
from .initial import constant, imagenet_to_half
from .published import published, weights_of

__all__ = ["GoogLeNet", "GoogLeNetOutputs", "GoogLeNet_Weights", "googlenet"]

GoogLeNet_Weights = weights_of("GoogLeNet_Weights", "googlenet-1378be20.pth", min_size=15)


class GoogLeNetOutputs(NamedTuple):
    """What the network returns while it is trained with its auxiliary heads."""

    logits: Tensor
    aux_logits2: Tensor | None
    aux_logits1: Tensor | None


_GoogLeNetOutputs = GoogLeNetOutputs  # its name in old programs


class Inception(nn.Module):
    """Four branches side by side, their maps joined: 1×1; 1×1, 3×3; 1×1, 5×5; pooling, 1×1.

    As in the published weights, the third branch has a 3×3 convolution where the article has 5×5.
    """

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
        conv_block: Layer = BasicConv2d,
    ) -> None:
        super().__init__()
        self.branch1 = conv_block(in_channels, ch1x1, kernel_size=1)
        self.branch2 = nn.Sequential(
            conv_block(in_channels, ch3x3red, kernel_size=1), conv_block(ch3x3red, ch3x3, kernel_size=3, padding=1)
        )
        self.branch3 = nn.Sequential(
            conv_block(in_channels, ch5x5red, kernel_size=1), conv_block(ch5x5red, ch5x5, kernel_size=3, padding=1)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True), conv_block(in_channels, pool_proj, kernel_size=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)  # type: ignore[no-any-return]


class InceptionAux(nn.Module):
    """A classifier on the maps of an inner layer.   (N, C, H, W) → (N, num_classes)"""

    def __init__(self, in_channels: int, num_classes: int, conv_block: Layer = BasicConv2d, dropout: float = 0.7) -> None:
        super().__init__()
        self.conv = conv_block(in_channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(F.adaptive_avg_pool2d(x, (4, 4))).flatten(1)  # (N, C, 14, 14) -> (N, 2048)
        return self.fc2(self.dropout(F.relu(self.fc1(x), inplace=True)))  # type: ignore[no-any-return]


class GoogLeNet(nn.Module):
    """(N, 3, 224, 224) → (N, num_classes); while training with auxiliary heads → `GoogLeNetOutputs`

    6,624,904 parameters, and 6,379,984 more in the heads.

    Args:
        aux_logits: with the two heads. transform_input: pictures are normalised as for other networks; bring them to −1 … 1.
        init_weights: begin with the article's truncated normal values. blocks: in place of (`BasicConv2d`, `Inception`,
        `InceptionAux`). dropout, dropout_aux: before the last layer, and in the heads.

    Raises:
        ValueError: not three blocks.

    Source: Szegedy et al., "Going deeper with convolutions", 2014.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        init_weights: bool | None = None,
        blocks: list[Layer] | None = None,
        dropout: float = 0.2,
        dropout_aux: float = 0.7,
    ) -> None:
        super().__init__()
        if blocks is not None and len(blocks) != 3:
            raise ValueError(f"blocks length should be 3 instead of {len(blocks)}")
        conv, inception, aux = blocks or [BasicConv2d, Inception, InceptionAux]
        self.aux_logits, self.transform_input = aux_logits, transform_input

        self.conv1 = conv(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = conv(64, 64, kernel_size=1)
        self.conv3 = conv(64, 192, kernel_size=3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a = inception(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = inception(256, 128, 128, 192, 32, 96, 64)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = inception(480, 192, 96, 208, 16, 48, 64)
        self.inception4b = inception(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = inception(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = inception(512, 112, 144, 288, 32, 64, 64)
        self.inception4e = inception(528, 256, 160, 320, 32, 128, 128)
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.inception5a = inception(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = inception(832, 384, 192, 384, 48, 128, 128)
        self.aux1 = aux(512, num_classes, dropout=dropout_aux) if aux_logits else None
        self.aux2 = aux(528, num_classes, dropout=dropout_aux) if aux_logits else None
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, num_classes)
        if init_weights is None or init_weights:
            for m in self.modules():
                if isinstance(m, nn.Conv2d | nn.Linear):
                    nn.init.trunc_normal_(m.weight, mean=0.0, std=0.01, a=-2, b=2)
                elif isinstance(m, nn.BatchNorm2d):
                    constant(m.weight, 1)
                    constant(m.bias, 0)

    def drop_aux(self) -> None:
        """Take the auxiliary heads away."""
        self.aux_logits, self.aux1, self.aux2 = False, None, None

    def forward(self, x: Tensor) -> Tensor | GoogLeNetOutputs:
        if self.transform_input:
            x = imagenet_to_half(x)
        x = self.conv3(self.conv2(self.maxpool1(self.conv1(x))))  # (N, 3, 224, 224) -> (N, 192, 56, 56)
        x = self.inception3b(self.inception3a(self.maxpool2(x)))  # -> (N, 480, 28, 28)
        x = self.inception4a(self.maxpool3(x))  # -> (N, 512, 14, 14)
        aux1 = self.aux1(x) if self.aux1 is not None and self.training else None
        x = self.inception4d(self.inception4c(self.inception4b(x)))
        aux2 = self.aux2(x) if self.aux2 is not None and self.training else None
        x = self.maxpool4(self.inception4e(x))  # -> (N, 832, 7, 7)
        x = self.avgpool(self.inception5b(self.inception5a(x))).flatten(1)  # -> (N, 1024)
        x = self.fc(self.dropout(x))
        return GoogLeNetOutputs(x, aux2, aux1) if self.training and self.aux_logits else x


@published(GoogLeNet_Weights, aux_by_default=False)
def googlenet(**config: Any) -> GoogLeNet:
    """See `GoogLeNet`. Published weights come without the auxiliary heads, unless `aux_logits=True` asks for them."""
    return GoogLeNet(**config)
