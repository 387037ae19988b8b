"""Inception v3: large convolutions taken apart into small and one-dimensional ones."""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import nn
from ...nn import functional as F
from ...ops.shape.join import cat
from ...tensors.tensor import Tensor
from .blocks import BasicConv2d, Layer
from .initial import constant, imagenet_to_half
from .published import published, weights_of

__all__ = ["Inception3", "InceptionOutputs", "Inception_V3_Weights", "inception_v3"]

Inception_V3_Weights = weights_of("Inception_V3_Weights", "inception_v3_google-0cc3c7bd.pth", crop=299, resize=342, min_size=75)


class InceptionOutputs(NamedTuple):
    """What the network returns while it is trained with its auxiliary head."""

    logits: Tensor
    aux_logits: Tensor | None


_InceptionOutputs = InceptionOutputs  # its name in old programs

_WIDE: dict[str, Any] = {"kernel_size": (1, 7), "padding": (0, 3)}
_TALL: dict[str, Any] = {"kernel_size": (7, 1), "padding": (3, 0)}


class InceptionA(nn.Module):
    """1×1; 1×1, 5×5; 1×1, 3×3, 3×3; average pooling, 1×1.   Source: figure 5 of the article."""

    def __init__(self, in_channels: int, pool_features: int, conv_block: Layer = BasicConv2d) -> None:
        super().__init__()
        self.branch1x1 = conv_block(in_channels, 64, kernel_size=1)
        self.branch5x5_1 = conv_block(in_channels, 48, kernel_size=1)
        self.branch5x5_2 = conv_block(48, 64, kernel_size=5, padding=2)
        self.branch3x3dbl_1 = conv_block(in_channels, 64, kernel_size=1)
        self.branch3x3dbl_2 = conv_block(64, 96, kernel_size=3, padding=1)
        self.branch3x3dbl_3 = conv_block(96, 96, kernel_size=3, padding=1)
        self.branch_pool = conv_block(in_channels, pool_features, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, stride=1, padding=1))
        return cat([self.branch1x1(x), five, three, pooled], 1)  # type: ignore[no-any-return]


class InceptionB(nn.Module):
    """To half the size: 3×3; 1×1, 3×3, 3×3; pooling.   Source: figure 10 of the article."""

    def __init__(self, in_channels: int, conv_block: Layer = BasicConv2d) -> None:
        super().__init__()
        self.branch3x3 = conv_block(in_channels, 384, kernel_size=3, stride=2)
        self.branch3x3dbl_1 = conv_block(in_channels, 64, kernel_size=1)
        self.branch3x3dbl_2 = conv_block(64, 96, kernel_size=3, padding=1)
        self.branch3x3dbl_3 = conv_block(96, 96, kernel_size=3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return cat([self.branch3x3(x), double, F.max_pool2d(x, 3, stride=2)], 1)  # type: ignore[no-any-return]


class InceptionC(nn.Module):
    """7×7 as 1×7 and 7×1, once and twice; beside them 1×1, and average pooling, 1×1.   Source: figure 6 of the article."""

    def __init__(self, in_channels: int, channels_7x7: int, conv_block: Layer = BasicConv2d) -> None:
        super().__init__()
        c7 = channels_7x7
        self.branch1x1 = conv_block(in_channels, 192, kernel_size=1)
        self.branch7x7_1 = conv_block(in_channels, c7, kernel_size=1)
        self.branch7x7_2 = conv_block(c7, c7, **_WIDE)
        self.branch7x7_3 = conv_block(c7, 192, **_TALL)
        self.branch7x7dbl_1 = conv_block(in_channels, c7, kernel_size=1)
        self.branch7x7dbl_2 = conv_block(c7, c7, **_TALL)
        self.branch7x7dbl_3 = conv_block(c7, c7, **_WIDE)
        self.branch7x7dbl_4 = conv_block(c7, c7, **_TALL)
        self.branch7x7dbl_5 = conv_block(c7, 192, **_WIDE)
        self.branch_pool = conv_block(in_channels, 192, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, stride=1, padding=1))
        return cat([self.branch1x1(x), seven, double, pooled], 1)  # type: ignore[no-any-return]


class InceptionD(nn.Module):
    """To half the size: 1×1, 3×3; 1×1, 1×7, 7×1, 3×3; pooling."""

    def __init__(self, in_channels: int, conv_block: Layer = BasicConv2d) -> None:
        super().__init__()
        self.branch3x3_1 = conv_block(in_channels, 192, kernel_size=1)
        self.branch3x3_2 = conv_block(192, 320, kernel_size=3, stride=2)
        self.branch7x7x3_1 = conv_block(in_channels, 192, kernel_size=1)
        self.branch7x7x3_2 = conv_block(192, 192, **_WIDE)
        self.branch7x7x3_3 = conv_block(192, 192, **_TALL)
        self.branch7x7x3_4 = conv_block(192, 192, kernel_size=3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_2(self.branch7x7x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(seven))
        return cat([three, seven, F.max_pool2d(x, 3, stride=2)], 1)  # type: ignore[no-any-return]


class InceptionE(nn.Module):
    """3×3 as 1×3 and 3×1 side by side, after 1×1, and after 1×1, 3×3; beside them 1×1, and average pooling, 1×1.
    Source: figure 7 of the article."""

    def __init__(self, in_channels: int, conv_block: Layer = BasicConv2d) -> None:
        super().__init__()
        wide: dict[str, Any] = {"kernel_size": (1, 3), "padding": (0, 1)}
        tall: dict[str, Any] = {"kernel_size": (3, 1), "padding": (1, 0)}
        self.branch1x1 = conv_block(in_channels, 320, kernel_size=1)
        self.branch3x3_1 = conv_block(in_channels, 384, kernel_size=1)
        self.branch3x3_2a = conv_block(384, 384, **wide)
        self.branch3x3_2b = conv_block(384, 384, **tall)
        self.branch3x3dbl_1 = conv_block(in_channels, 448, kernel_size=1)
        self.branch3x3dbl_2 = conv_block(448, 384, kernel_size=3, padding=1)
        self.branch3x3dbl_3a = conv_block(384, 384, **wide)
        self.branch3x3dbl_3b = conv_block(384, 384, **tall)
        self.branch_pool = conv_block(in_channels, 192, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, stride=1, padding=1))
        three = cat([self.branch3x3_2a(three), self.branch3x3_2b(three)], 1)
        double = cat([self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)], 1)
        return cat([self.branch1x1(x), three, double, pooled], 1)  # type: ignore[no-any-return]


class InceptionAux(nn.Module):
    """A classifier on the maps of an inner layer.   (N, C, 17, 17) → (N, num_classes)"""

    def __init__(self, in_channels: int, num_classes: int, conv_block: Layer = BasicConv2d) -> None:
        super().__init__()
        self.conv0 = conv_block(in_channels, 128, kernel_size=1)
        self.conv1 = conv_block(128, 768, kernel_size=5)
        self.fc = nn.Linear(768, num_classes)
        self.fc.stddev = 0.001  # of its initial values

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(self.conv0(F.avg_pool2d(x, 5, stride=3)))  # (N, C, 17, 17) -> (N, 768, 1, 1)
        return self.fc(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))  # type: ignore[no-any-return]


class Inception3(nn.Module):
    """(N, 3, 299, 299) → (N, num_classes); while training with the auxiliary head → `InceptionOutputs`

    27,161,264 parameters, of which the auxiliary head has 3,326,696.

    Args:
        aux_logits: with the head. transform_input: pictures are normalised as for other networks; bring them to −1 … 1.
        inception_blocks: in place of (`BasicConv2d`, `InceptionA` … `InceptionE`, `InceptionAux`).
        init_weights: begin with the article's truncated normal values.

    Raises:
        ValueError: not seven blocks.

    Source: Szegedy et al., "Rethinking the Inception architecture for computer vision", 2015.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        inception_blocks: list[Layer] | None = None,
        init_weights: bool | None = None,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if inception_blocks is not None and len(inception_blocks) != 7:
            raise ValueError(f"length of inception_blocks should be 7 instead of {len(inception_blocks)}")
        conv, a, b, c, d, e, aux = inception_blocks or [
            BasicConv2d,
            InceptionA,
            InceptionB,
            InceptionC,
            InceptionD,
            InceptionE,
            InceptionAux,
        ]
        self.aux_logits, self.transform_input = aux_logits, transform_input

        self.Conv2d_1a_3x3 = conv(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = conv(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = conv(32, 64, kernel_size=3, padding=1)
        self.maxpool1 = nn.MaxPool2d(3, stride=2)
        self.Conv2d_3b_1x1 = conv(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = conv(80, 192, kernel_size=3)
        self.maxpool2 = nn.MaxPool2d(3, stride=2)
        self.Mixed_5b = a(192, pool_features=32)
        self.Mixed_5c = a(256, pool_features=64)
        self.Mixed_5d = a(288, pool_features=64)
        self.Mixed_6a = b(288)
        self.Mixed_6b = c(768, channels_7x7=128)
        self.Mixed_6c = c(768, channels_7x7=160)
        self.Mixed_6d = c(768, channels_7x7=160)
        self.Mixed_6e = c(768, channels_7x7=192)
        self.AuxLogits = aux(768, num_classes) if aux_logits else None
        self.Mixed_7a = d(768)
        self.Mixed_7b = e(1280)
        self.Mixed_7c = e(2048)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2048, num_classes)
        if init_weights is None or init_weights:
            for m in self.modules():
                if isinstance(m, nn.Conv2d | nn.Linear):
                    nn.init.trunc_normal_(m.weight, mean=0.0, std=float(getattr(m, "stddev", 0.1)), a=-2, b=2)
                elif isinstance(m, nn.BatchNorm2d):
                    constant(m.weight, 1)
                    constant(m.bias, 0)

    def drop_aux(self) -> None:
        """Take the auxiliary head away."""
        self.aux_logits, self.AuxLogits = False, None

    def forward(self, x: Tensor) -> Tensor | InceptionOutputs:
        if self.transform_input:
            x = imagenet_to_half(x)
        x = self.maxpool1(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))  # (N, 3, 299, 299) -> (N, 64, 73, 73)
        x = self.maxpool2(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))  # -> (N, 192, 35, 35)
        x = self.Mixed_6a(self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x))))  # -> (N, 768, 17, 17)
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(x))))
        aux = self.AuxLogits(x) if self.AuxLogits is not None and self.training else None
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))  # -> (N, 2048, 8, 8)
        x = self.fc(self.dropout(self.avgpool(x)).flatten(1))
        return InceptionOutputs(x, aux) if self.training and self.aux_logits else x


@published(Inception_V3_Weights, aux_by_default=True)
def inception_v3(**config: Any) -> Inception3:
    """See `Inception3`: 27,161,264 parameters. It expects pictures of 299×299 pixels."""
    return Inception3(**config)
