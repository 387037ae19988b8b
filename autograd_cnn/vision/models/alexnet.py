"""AlexNet."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...tensors.tensor import Tensor
from .initial import constant
from .published import published, weights_of

__all__ = [
    "AlexNet",
    "AlexNet2012",
    "AlexNet_Weights",
    "alexnet",
    "alexnet2012",
]

AlexNet_Weights = weights_of("AlexNet_Weights", "alexnet-owt-7be5be79.pth", min_size=63)


class AlexNet(nn.Module):
    """The one-column AlexNet: five convolutions, three dense layers.   (N, 3, 224, 224) → (N, num_classes); 61,100,840 parameters.

    Source: Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]


def _response_norm() -> nn.LocalResponseNorm:
    """The article's k = 2, n = 5, α = 10⁻⁴, β = 0.75; the layer divides its alpha by n, the article does not."""
    return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)


class AlexNet2012(nn.Module):
    """AlexNet as it was drawn: two columns (groups of 2), 96 filters of 11×11, local response normalisation, maps of
    55, 27 and 13 pixels.   (N, 3, 227, 227) → (N, num_classes); 60,965,224 parameters.

    Weights begin as N(0, 0.01²), biases as 1 in the second, fourth and fifth convolution and the hidden dense layers, else as 0.

    Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012.
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4),
            nn.ReLU(inplace=True),
            _response_norm(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(96, 256, 5, padding=2, groups=2),
            nn.ReLU(inplace=True),
            _response_norm(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, padding=1, groups=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1, groups=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        layers = [m for m in self.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        for layer, bias in zip(layers, (0, 1, 0, 1, 1, 1, 1, 0), strict=True):
            nn.init.normal_(layer.weight, 0, 0.01)
            constant(layer.bias, bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))  # type: ignore[no-any-return]


@published(AlexNet_Weights)
def alexnet(**config: Any) -> AlexNet:
    """See `AlexNet`. `weights="DEFAULT"`: the published ones."""
    return AlexNet(**config)


@published()
def alexnet2012(**config: Any) -> AlexNet2012:
    """See `AlexNet2012`."""
    return AlexNet2012(**config)
