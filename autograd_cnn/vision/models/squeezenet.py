"""SqueezeNet."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...ops.shape.join import cat
from ...tensors.tensor import Tensor
from .initial import constant
from .published import published, weights_of

__all__ = ["SqueezeNet", "SqueezeNet1_0_Weights", "SqueezeNet1_1_Weights", "squeezenet1_0", "squeezenet1_1"]

SqueezeNet1_0_Weights = weights_of("SqueezeNet1_0_Weights", "squeezenet1_0-b66bff10.pth", min_size=21)
SqueezeNet1_1_Weights = weights_of("SqueezeNet1_1_Weights", "squeezenet1_1-b8a52dc0.pth", min_size=17)

# Squeeze and expand widths of the eight Fire modules; "P" is a pooling.
_LAYERS: dict[str, tuple[Any, ...]] = {
    "1_0": ((96, 7), "P", 16, 16, 32, "P", 32, 48, 48, 64, "P", 64),
    "1_1": ((64, 3), "P", 16, 16, "P", 32, 32, "P", 48, 48, 64, 64),
}


class Fire(nn.Module):
    """A 1×1 convolution to few maps, then 1×1 and 3×3 convolutions side by side."""

    def __init__(self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int) -> None:
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, 1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, 1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, 3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_activation(self.squeeze(x))
        return cat([self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))], 1)  # type: ignore[no-any-return]


class SqueezeNet(nn.Module):
    """AlexNet's accuracy with a fiftieth of its parameters.   (N, 3, 224, 224) → (N, num_classes)

    Raises:
        ValueError: a version other than "1_0" and "1_1".

    Source: Iandola et al., "SqueezeNet", 2016.
    """

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        if version not in _LAYERS:
            raise ValueError(f"Unsupported SqueezeNet version {version}: 1_0 or 1_1 expected")
        self.num_classes = num_classes
        (width, kernel), *rest = _LAYERS[version]
        layers: list[nn.Module] = [nn.Conv2d(3, width, kernel, stride=2), nn.ReLU(inplace=True)]
        for squeeze in rest:
            if squeeze == "P":
                layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            else:
                layers.append(Fire(width, squeeze, 4 * squeeze, 4 * squeeze))
                width = 8 * squeeze
        self.features = nn.Sequential(*layers)
        last = nn.Conv2d(512, num_classes, 1)
        self.classifier = nn.Sequential(nn.Dropout(dropout), last, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1)))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                if m is last:
                    nn.init.normal_(m.weight, 0.0, 0.01)
                else:
                    nn.init.kaiming_uniform_(m.weight)
                constant(m.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x)).flatten(1)  # type: ignore[no-any-return]


@published(SqueezeNet1_0_Weights)
def squeezenet1_0(**config: Any) -> SqueezeNet:
    """SqueezeNet 1.0: 1,248,424 parameters."""
    return SqueezeNet("1_0", **config)


@published(SqueezeNet1_1_Weights)
def squeezenet1_1(**config: Any) -> SqueezeNet:
    """SqueezeNet 1.1, with less than half of the work: 1,235,496 parameters."""
    return SqueezeNet("1_1", **config)
