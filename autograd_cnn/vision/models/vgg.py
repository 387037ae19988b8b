"""VGG: nothing but 3×3 convolutions, in four depths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import nn
from ...tensors.tensor import Tensor
from .initial import constant
from .published import HOST, Weights, published, weights_of

__all__ = [
    "VGG",
    "VGG11_BN_Weights",
    "VGG11_Weights",
    "VGG13_BN_Weights",
    "VGG13_Weights",
    "VGG16_BN_Weights",
    "VGG16_Weights",
    "VGG19_BN_Weights",
    "VGG19_Weights",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
]

VGG11_Weights = weights_of("VGG11_Weights", "vgg11-8a719046.pth", min_size=32)
VGG11_BN_Weights = weights_of("VGG11_BN_Weights", "vgg11_bn-6002323d.pth", min_size=32)
VGG13_Weights = weights_of("VGG13_Weights", "vgg13-19584684.pth", min_size=32)
VGG13_BN_Weights = weights_of("VGG13_BN_Weights", "vgg13_bn-abd245e5.pth", min_size=32)
_CAFFE: dict[str, Any] = {"crop_size": 224, "mean": (0.48235, 0.45882, 0.40784), "std": (1.0 / 255,) * 3}  # the original's pictures
VGG16_Weights = weights_of(
    "VGG16_Weights",
    "vgg16-397923af.pth",
    min_size=32,
    more={"IMAGENET1K_FEATURES": Weights(f"{HOST}vgg16_features-amdegroot-88682ab5.pth", _CAFFE, 32, None)},
)
VGG16_BN_Weights = weights_of("VGG16_BN_Weights", "vgg16_bn-6c64b313.pth", min_size=32)
VGG19_Weights = weights_of("VGG19_Weights", "vgg19-dcbb9e9d.pth", min_size=32)
VGG19_BN_Weights = weights_of("VGG19_BN_Weights", "vgg19_bn-c79401a0.pth", min_size=32)

# Maps of each convolution, "M" for a pooling: the columns A, B, D and E of the article's table 1.
cfgs: dict[str, list[int | str]] = {
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "B": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "D": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
    "E": [64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512, 512, 512, 512, "M"],
}


def make_layers(cfg: Sequence[int | str], batch_norm: bool = False) -> nn.Sequential:
    """The convolutions of one of `cfgs`, or of another such list.

    >>> len(make_layers([8, "M"], batch_norm=True))
    4
    """
    layers: list[nn.Module] = []
    c = 3
    for v in cfg:
        if v == "M":
            layers.append(nn.MaxPool2d(2, 2))
            continue
        width = int(v)
        norm = [nn.BatchNorm2d(width)] if batch_norm else []
        layers += [nn.Conv2d(c, width, 3, padding=1), *norm, nn.ReLU(inplace=True)]
        c = width
    return nn.Sequential(*layers)


class VGG(nn.Module):
    """Convolutions `features`, then three dense layers.   (N, 3, 224, 224) → (N, num_classes)

    Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014.
    """

    def __init__(self, features: nn.Module, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(True),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            for m in self.modules():
                if isinstance(m, nn.Conv2d):
                    nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                    constant(m.bias, 0)
                elif isinstance(m, nn.BatchNorm2d):
                    constant(m.weight, 1)
                    constant(m.bias, 0)
                elif isinstance(m, nn.Linear):
                    nn.init.normal_(m.weight, 0, 0.01)
                    constant(m.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]


@published(VGG11_Weights)
def vgg11(init_weights: bool = True, **config: Any) -> VGG:
    """VGG of 11 layers: 132,863,336 parameters."""
    return VGG(make_layers(cfgs["A"]), init_weights=init_weights, **config)


@published(VGG11_BN_Weights)
def vgg11_bn(init_weights: bool = True, **config: Any) -> VGG:
    """VGG of 11 layers with batch normalisation: 132,868,840 parameters."""
    return VGG(make_layers(cfgs["A"], batch_norm=True), init_weights=init_weights, **config)


@published(VGG13_Weights)
def vgg13(init_weights: bool = True, **config: Any) -> VGG:
    """VGG of 13 layers: 133,047,848 parameters."""
    return VGG(make_layers(cfgs["B"]), init_weights=init_weights, **config)


@published(VGG13_BN_Weights)
def vgg13_bn(init_weights: bool = True, **config: Any) -> VGG:
    """VGG of 13 layers with batch normalisation: 133,053,736 parameters."""
    return VGG(make_layers(cfgs["B"], batch_norm=True), init_weights=init_weights, **config)


@published(VGG16_Weights)
def vgg16(init_weights: bool = True, **config: Any) -> VGG:
    """VGG of 16 layers: 138,357,544 parameters."""
    return VGG(make_layers(cfgs["D"]), init_weights=init_weights, **config)


@published(VGG16_BN_Weights)
def vgg16_bn(init_weights: bool = True, **config: Any) -> VGG:
    """VGG of 16 layers with batch normalisation: 138,365,992 parameters."""
    return VGG(make_layers(cfgs["D"], batch_norm=True), init_weights=init_weights, **config)


@published(VGG19_Weights)
def vgg19(init_weights: bool = True, **config: Any) -> VGG:
    """VGG of 19 layers: 143,667,240 parameters, 86% of them in the dense layers."""
    return VGG(make_layers(cfgs["E"]), init_weights=init_weights, **config)


@published(VGG19_BN_Weights)
def vgg19_bn(init_weights: bool = True, **config: Any) -> VGG:
    """VGG of 19 layers with batch normalisation: 143,678,248 parameters."""
    return VGG(make_layers(cfgs["E"], batch_norm=True), init_weights=init_weights, **config)
