"""MobileNet V3: inverted residuals with squeeze-and-excitation and hard swish."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ... import nn
from ...tensors.tensor import Tensor
from .blocks import Conv2dNormActivation, Layer, SqueezeExcitation, divisible, mobile_values
from .published import published, weights_of

__all__ = ["MobileNetV3", "MobileNet_V3_Large_Weights", "MobileNet_V3_Small_Weights", "mobilenet_v3_large", "mobilenet_v3_small"]

MobileNet_V3_Large_Weights = weights_of(
    "MobileNet_V3_Large_Weights", "mobilenet_v3_large-8738ca79.pth", "mobilenet_v3_large-5c1a4163.pth", sizes=(256, 232)
)
MobileNet_V3_Small_Weights = weights_of("MobileNet_V3_Small_Weights", "mobilenet_v3_small-047dcff4.pth")

# Tables 1 and 2 of the article: kernel, expanded maps, maps out, squeeze-and-excitation, activation, stride. The last three rows are
# the tail that `reduced_tail` halves and `dilated` spreads.
_LARGE = (
    (3, 16, 16, False, "RE", 1),
    (3, 64, 24, False, "RE", 2),
    (3, 72, 24, False, "RE", 1),
    (5, 72, 40, True, "RE", 2),
    (5, 120, 40, True, "RE", 1),
    (5, 120, 40, True, "RE", 1),
    (3, 240, 80, False, "HS", 2),
    (3, 200, 80, False, "HS", 1),
    (3, 184, 80, False, "HS", 1),
    (3, 184, 80, False, "HS", 1),
    (3, 480, 112, True, "HS", 1),
    (3, 672, 112, True, "HS", 1),
    (5, 672, 160, True, "HS", 2),
    (5, 960, 160, True, "HS", 1),
    (5, 960, 160, True, "HS", 1),
)
_SMALL = (
    (3, 16, 16, True, "RE", 2),
    (3, 72, 24, False, "RE", 2),
    (3, 88, 24, False, "RE", 1),
    (5, 96, 40, True, "HS", 2),
    (5, 240, 40, True, "HS", 1),
    (5, 240, 40, True, "HS", 1),
    (5, 120, 48, True, "HS", 1),
    (5, 144, 48, True, "HS", 1),
    (5, 288, 96, True, "HS", 2),
    (5, 576, 96, True, "HS", 1),
    (5, 576, 96, True, "HS", 1),
)


class InvertedResidualConfig:
    """One row of the article's tables, its numbers of maps scaled by `width_mult`."""

    def __init__(
        self,
        input_channels: int,
        kernel: int,
        expanded_channels: int,
        out_channels: int,
        use_se: bool,
        activation: str,
        stride: int,
        dilation: int,
        width_mult: float,
    ) -> None:
        self.input_channels = self.adjust_channels(input_channels, width_mult)
        self.kernel = kernel
        self.expanded_channels = self.adjust_channels(expanded_channels, width_mult)
        self.out_channels = self.adjust_channels(out_channels, width_mult)
        self.use_se, self.use_hs = use_se, activation == "HS"
        self.stride, self.dilation = stride, dilation

    @staticmethod
    def adjust_channels(channels: int, width_mult: float) -> int:
        """The scaled number of maps, a multiple of 8."""
        return divisible(channels * width_mult, 8)


_HARD = partial(SqueezeExcitation, scale_activation=nn.Hardsigmoid)


class InvertedResidual(nn.Module):
    """1×1 to more maps, depthwise, squeeze-and-excitation (where the row says so), 1×1 back; added to the input where the sizes allow."""

    def __init__(self, cnf: InvertedResidualConfig, norm_layer: Layer, se_layer: Layer = _HARD) -> None:
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError(f"illegal stride value: expected 1 or 2, got {cnf.stride}")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        wide = cnf.expanded_channels
        kind: Any = {"norm_layer": norm_layer, "activation_layer": nn.Hardswish if cnf.use_hs else nn.ReLU}
        layers: list[nn.Module] = []
        if wide != cnf.input_channels:
            layers.append(Conv2dNormActivation(cnf.input_channels, wide, 1, **kind))
        stride = 1 if cnf.dilation > 1 else cnf.stride
        layers.append(Conv2dNormActivation(wide, wide, cnf.kernel, stride, dilation=cnf.dilation, groups=wide, **kind))
        if cnf.use_se:
            layers.append(se_layer(wide, divisible(wide // 4, 8)))
        layers.append(Conv2dNormActivation(wide, cnf.out_channels, 1, norm_layer=norm_layer, activation_layer=None))
        self.block = nn.Sequential(*layers)
        self.out_channels = cnf.out_channels

    def forward(self, input: Tensor) -> Tensor:
        result = self.block(input)
        if self.use_res_connect:
            result += input
        return result  # type: ignore[no-any-return]


class MobileNetV3(nn.Module):
    """(N, 3, 224, 224) → (N, num_classes)

    Args:
        inverted_residual_setting: the rows. last_channel: maps before the last layer. block: in place of the inverted residual.
        norm_layer: in place of batch normalisation (of eps 0.001, momentum 0.01).

    Raises:
        ValueError: no rows. TypeError: rows of another kind.

    Source: Howard et al., "Searching for MobileNetV3", 2019.
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[InvertedResidualConfig],
        last_channel: int,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        rows = inverted_residual_setting
        if not rows:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not isinstance(rows, Sequence) or not all(isinstance(r, InvertedResidualConfig) for r in rows):
            raise TypeError("The inverted_residual_setting should be List[InvertedResidualConfig]")
        norm = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        make = block or InvertedResidual
        kind: Any = {"norm_layer": norm, "activation_layer": nn.Hardswish}
        layers: list[nn.Module] = [Conv2dNormActivation(3, rows[0].input_channels, stride=2, **kind)]
        layers += [make(row, norm) for row in rows]
        width = 6 * rows[-1].out_channels
        layers.append(Conv2dNormActivation(rows[-1].out_channels, width, 1, **kind))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(width, last_channel),
            nn.Hardswish(inplace=True),
            nn.Dropout(dropout, inplace=True),
            nn.Linear(last_channel, num_classes),
        )
        mobile_values(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]


def _mobilenet_v3(table: Any, last_channel: int, config: dict[str, Any]) -> MobileNetV3:
    width_mult = config.pop("width_mult", 1.0)
    shrink, dilation = (2 if config.pop("reduced_tail", False) else 1), (2 if config.pop("dilated", False) else 1)
    rows, width = [], 16
    for i, (kernel, wide, out, se, activation, stride) in enumerate(table):
        tail = len(table) - i  # 3, 2, 1 in the tail
        spread = dilation if tail <= 3 else 1
        wide, out = (wide // shrink if tail <= 2 else wide), (out // shrink if tail <= 3 else out)
        rows.append(InvertedResidualConfig(width, kernel, wide, out, se, activation, stride, spread, width_mult))
        width = out
    return MobileNetV3(rows, InvertedResidualConfig.adjust_channels(last_channel // shrink, width_mult), **config)


@published(MobileNet_V3_Large_Weights)
def mobilenet_v3_large(**config: Any) -> MobileNetV3:
    """MobileNet V3, large: 5,483,032 parameters."""
    return _mobilenet_v3(_LARGE, 1280, config)


@published(MobileNet_V3_Small_Weights)
def mobilenet_v3_small(**config: Any) -> MobileNetV3:
    """MobileNet V3, small: 2,542,856 parameters."""
    return _mobilenet_v3(_SMALL, 1024, config)
