"""Zeiler and Fergus: their convolutional network, and the deconvolutional one that shows what its units look at."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...nn import functional as F
from ...tensors.creation import zeros_like
from ...tensors.tensor import Tensor
from .initial import constant
from .published import published

__all__ = ["DeconvNet", "ZFNet", "deconvnet", "zfnet"]


class ZFNet(nn.Module):
    """AlexNet with finer first layers: 7×7 at stride 2, maps of 110, 55, 26 and 13 pixels.   (N, 3, 224, 224) → (N, num_classes)

    62,357,608 parameters. Weights begin as N(0, 0.01²), biases as 0.

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2013, figure 3.
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 7, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, padding=1),
            nn.LocalResponseNorm(5),
            nn.Conv2d(96, 256, 5, stride=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, padding=1),
            nn.LocalResponseNorm(5),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1),
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
        for m in self.modules():
            if isinstance(m, nn.Conv2d | nn.Linear):
                nn.init.normal_(m.weight, 0, 0.01)
                constant(m.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))  # type: ignore[no-any-return]


class DeconvNet(nn.Module):
    """What in a picture made a unit answer: the network's layers run backwards to the pixels.   (N, C, H, W) → (N, C, H, W)

    Up: the layers of `features`, pooling keeps its switches (where each greatest value came from). Down from the chosen layer, with all
    units but one set to zero: pooling is undone with the switches, ReLU rectifies what comes down (in place of the gradient's "where
    the input was positive"), a convolution is transposed with the same filters, without its bias. Layers that keep sizes and have
    no inverse (response normalisation, dropout, batch normalisation) are passed over on the way down, as in the article.

    Args:
        features: convolutions, ReLUs and poolings one after the other, or a network with such `features` (AlexNet, VGG, `ZFNet`). The
        parameters are shared, not copied.

    Raises:
        TypeError: a layer of another kind.

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2013, section 2.1.
    """

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        chain = getattr(features, "features", features)
        known = (nn.Conv2d, nn.ReLU, nn.MaxPool2d, nn.LocalResponseNorm, nn.Dropout, nn.BatchNorm2d)
        wrong = [type(m).__name__ for m in chain.children() if not isinstance(m, known)]
        if wrong or not list(chain.children()):
            raise TypeError(
                f"DeconvNet: expected convolutions, ReLUs and poolings in a row, got {', '.join(wrong) or type(chain).__name__}."
            )
        self.features = chain

    def forward(self, x: Tensor, layer: int | None = None, unit: int | None = None) -> Tensor:
        """The pixels of one unit.

        Args:
            layer: the layer of `features` whose output is looked at (a number as in `features[layer]`), by default the last.
            unit: its map; of it, the strongest place of each picture. By default all of the layer is projected down.

        Raises:
            IndexError: no such layer or map.
        """
        layers = list(self.features.children())
        top = range(len(layers))[-1 if layer is None else layer]
        sizes, switches = [], {}
        for i, m in enumerate(layers[: top + 1]):
            sizes.append(x.shape[-2:])
            if isinstance(m, nn.MaxPool2d):
                x, switches[i] = F.max_pool2d(x, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, return_indices=True)
            else:
                x = F.relu(x) if isinstance(m, nn.ReLU) else m(x)
        if unit is not None:
            x = _strongest(x, unit)
        for i in reversed(range(top + 1)):
            x = _down(layers[i], x, sizes[i], switches.get(i))
        return x


def _strongest(x: Tensor, unit: int) -> Tensor:
    """All zero but the greatest value of one map, for each picture."""
    if not -x.shape[1] <= unit < x.shape[1]:
        raise IndexError(f"DeconvNet: unit {unit} of a layer with {x.shape[1]} maps")
    plane = x[:, unit].flatten(1)  # (N, H·W)
    value, at = plane.max(1, keepdim=True)
    only = zeros_like(plane).scatter(1, at, value).reshape(x.shape[0], *x.shape[2:])
    out = zeros_like(x)
    out[:, unit] = only
    return out


def _down(m: nn.Module, x: Tensor, size: Any, switches: Tensor | None) -> Tensor:
    if isinstance(m, nn.ReLU):
        return F.relu(x)
    if isinstance(m, nn.MaxPool2d) and switches is not None:
        return F.max_unpool2d(x, switches, m.kernel_size, m.stride, m.padding, size)
    if isinstance(m, nn.Conv2d):
        back = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(x.shape[-2:], m.stride, m.padding, m.dilation, m.kernel_size, strict=True)
        ]
        extra = tuple(want - have for want, have in zip(size, back, strict=True))
        return F.conv_transpose2d(x, m.weight, None, m.stride, m.padding, extra, m.groups, m.dilation)
    return x


@published()
def zfnet(**config: Any) -> ZFNet:
    """See `ZFNet`."""
    return ZFNet(**config)


@published()
def deconvnet(features: nn.Module | None = None, **config: Any) -> DeconvNet:
    """See `DeconvNet`; by default of a `ZFNet`."""
    return DeconvNet(ZFNet(**config) if features is None else features)
