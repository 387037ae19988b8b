"""Segmentation: VGG-16's convolutions and their mirror image, which brings the maps back to the picture's size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ... import nn
from ...tensors.tensor import Tensor
from .initial import constant
from .published import published
from .vgg import cfgs, make_layers

__all__ = ["FCN", "SegNet", "fcn", "segnet"]


def _mirrored(num_classes: int) -> Iterator[tuple[int, list[int]]]:
    """For each of VGG-16's five stages, from the last: its maps, and the maps that each mirrored convolution gives."""
    text = " ".join(map(str, cfgs["D"]))
    stages = [[int(v) for v in stage.split()] for stage in text.removesuffix(" M").split(" M ")]
    for i in reversed(range(len(stages))):
        below = stages[i - 1][-1] if i else num_classes
        yield stages[i][-1], [*stages[i][1:], below]


def _he(net: nn.Module) -> None:
    for m in net.modules():
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            constant(m.bias, 0)


class FCN(nn.Module):
    """VGG-16's `features`, then `decoder`: for each pooling a transposed convolution that doubles the size, for each convolution a
    transposed one back to the maps before it.   (N, 3, H, W) → (N, num_classes, H, W)

    The layers of `features` bear VGG-16's names, so its published weights load into them (`strict=False`). Any size of 32 pixels
    and more works: each doubling knows the size it goes back to.

    Sources: Long, Shelhamer, Darrell, "Fully convolutional networks for semantic segmentation", 2015; Noh, Hong, Han, "Learning
    deconvolution network for semantic segmentation", 2015 (the mirrored decoder).
    """

    def __init__(self, num_classes: int = 21) -> None:
        super().__init__()
        self.features = make_layers(cfgs["D"])
        up: list[nn.Module] = []
        for width, given in _mirrored(num_classes):
            up += [nn.ConvTranspose2d(width, width, 2, stride=2), nn.ReLU(inplace=True)]
            for out in given:
                up += [nn.ConvTranspose2d(width, out, 3, padding=1), nn.ReLU(inplace=True)]
        self.decoder = nn.Sequential(*up[:-1])  # the scores are not rectified
        _he(self)

    def forward(self, x: Tensor) -> Tensor:
        sizes = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                sizes.append(x.shape[-2:])
            x = layer(x)
        for layer in self.decoder:
            doubles = isinstance(layer, nn.ConvTranspose2d) and layer.stride == (2, 2)
            x = layer(x, output_size=sizes.pop()) if doubles else layer(x)
        return x


class SegNet(nn.Module):
    """VGG-16's convolutions with batch normalisation, then their mirror image, where each pooling is undone by putting every value back
    to the place it came from (the pooling's switches).   (N, 3, H, W) → (N, num_classes, H, W)

    The layers of `features` bear the names of VGG-16 with batch normalisation, so its published weights load into them
    (`strict=False`).

    Source: Badrinarayanan, Kendall, Cipolla, "SegNet: a deep convolutional encoder-decoder architecture for image segmentation", 2015.
    """

    def __init__(self, num_classes: int = 21) -> None:
        super().__init__()
        self.features = make_layers(cfgs["D"], batch_norm=True)
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                layer.return_indices = True
        up: list[nn.Module] = []
        for width, given in _mirrored(num_classes):
            up.append(nn.MaxUnpool2d(2, 2))
            for out in given:
                up += [nn.Conv2d(width, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]
        self.decoder = nn.Sequential(*up[:-2])  # the scores are neither normalised nor rectified
        _he(self)

    def forward(self, x: Tensor) -> Tensor:
        switches = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                size = x.shape[-2:]
                x, at = layer(x)
                switches.append((at, size))
            else:
                x = layer(x)
        for layer in self.decoder:
            if isinstance(layer, nn.MaxUnpool2d):
                at, size = switches.pop()
                x = layer(x, at, output_size=size)
            else:
                x = layer(x)
        return x


@published()
def fcn(**config: Any) -> FCN:
    """See `FCN`."""
    return FCN(**config)


@published()
def segnet(**config: Any) -> SegNet:
    """See `SegNet`."""
    return SegNet(**config)
