"""The networks that race: each written once, for either library, with the shapes they are trained on.

They follow the papers' (and torchvision's) layers; no weights are shared with anything: what is measured is time and memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Builder = Callable[[Any], Any]


@dataclass(frozen=True)
class Net:
    """How a network is made, what it is fed, and what its output is compared with."""

    text: str
    make: Builder
    shape: tuple[int, ...]
    target: tuple[int, ...] | None = None  # sizes of a target of numbers; None: a class for each sample
    classes: int = 10


def _conv(nn: Any, c: int, o: int, k: int, stride: int = 1, padding: int | None = None) -> list[Any]:
    """Convolution, batch norm, ReLU."""
    return [nn.Conv2d(c, o, k, stride, k // 2 if padding is None else padding, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True)]


# ------------------------------------------------------------------------------------------------- small nets
def mlp(lib: Any) -> Any:
    """784-256-128-10, as for MNIST."""
    nn = lib.nn
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


def lenet5(lib: Any) -> Any:
    """LeNet-5 as `autograd_cnn.vision.models` has it."""
    nn = lib.nn

    class LeNet5(nn.Module):  # type: ignore[misc,name-defined]  # of either library
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, 5)
            self.pool1 = nn.AvgPool2d(2)
            self.conv2 = nn.Conv2d(6, 16, 5)
            self.pool2 = nn.AvgPool2d(2)
            self.conv3 = nn.Conv2d(16, 120, 5)
            self.fc1 = nn.Linear(120, 84)
            self.fc2 = nn.Linear(84, 10)

        def forward(self, x: Any) -> Any:
            x = self.pool1(self.conv1(x)).tanh()
            x = self.pool2(self.conv2(x)).tanh()
            x = self.conv3(x).tanh().flatten(1)
            return self.fc2(self.fc1(x).tanh())

    return LeNet5()


# ------------------------------------------------------------------------------------------------- residual nets
def _residual(lib: Any, path: list[Any], skip: list[Any]) -> Any:
    nn = lib.nn

    class Residual(nn.Module):  # type: ignore[misc,name-defined]  # of either library
        def __init__(self) -> None:
            super().__init__()
            self.path = nn.Sequential(*path)
            self.skip = nn.Sequential(*skip)
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x: Any) -> Any:
            return self.relu(self.path(x) + self.skip(x))

    return Residual()


def _block(lib: Any, c: int, width: int, stride: int, bottleneck: bool) -> Any:
    """He et al.'s basic or bottleneck block."""
    nn = lib.nn
    out = width * 4 if bottleneck else width
    if bottleneck:
        path = [*_conv(nn, c, width, 1), *_conv(nn, width, width, 3, stride), *_conv(nn, width, out, 1)[:-1]]
    else:
        path = [*_conv(nn, c, width, 3, stride), *_conv(nn, width, width, 3)[:-1]]
    skip = _conv(nn, c, out, 1, stride)[:-1] if stride > 1 or c != out else []
    return _residual(lib, path, skip)


def _stages(lib: Any, c: int, depths: tuple[int, ...], widths: tuple[int, ...], bottleneck: bool) -> tuple[list[Any], int]:
    blocks = []
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        for i in range(depth):
            blocks.append(_block(lib, c, width, 2 if stage and not i else 1, bottleneck))
            c = width * 4 if bottleneck else width
    return blocks, c


def cifar_resnet(lib: Any, depth: int) -> Any:
    """He et al.'s ResNet of 6n + 2 layers for 32×32 pictures."""
    nn = lib.nn
    blocks, c = _stages(lib, 16, ((depth - 2) // 6,) * 3, (16, 32, 64), bottleneck=False)
    return nn.Sequential(*_conv(nn, 3, 16, 3), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 10))


def imagenet_resnet(lib: Any, depths: tuple[int, ...], bottleneck: bool) -> Any:
    """He et al.'s ResNet for 224×224 pictures."""
    nn = lib.nn
    blocks, c = _stages(lib, 64, depths, (64, 128, 256, 512), bottleneck)
    stem = [*_conv(nn, 3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 1000))


# ------------------------------------------------------------------------------------------------- other families
def tcn(lib: Any) -> Any:
    """Bai et al.'s temporal convolutional net: causal dilated convolutions in residual blocks, 400 steps, 2 channels."""
    nn = lib.nn
    layers: list[Any] = []
    c = 2
    for i in range(6):
        d = 2**i
        path: list[Any] = []
        for inner in (c, 32):
            path += [nn.ConstantPad1d((4 * d, 0), 0.0), nn.Conv1d(inner, 32, 5, dilation=d), nn.ReLU(), nn.Dropout(0.1)]
        layers.append(_residual(lib, path, [nn.Conv1d(c, 32, 1)] if c != 32 else []))
        c = 32
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 10))


def fcn(lib: Any) -> Any:
    """An encoder and its mirror of transposed convolutions: a class for each pixel, here as 10 maps."""
    nn = lib.nn
    down = [*_conv(nn, 3, 32, 3), *_conv(nn, 32, 64, 3, 2), *_conv(nn, 64, 128, 3, 2), *_conv(nn, 128, 128, 3)]
    up = [nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 10, 1)]
    return nn.Sequential(*down, *up)


def alexnet(lib: Any) -> Any:
    """Krizhevsky's net in torchvision's form."""
    nn = lib.nn
    features: list[Any] = []
    for c, o, k, s, p, pool in (
        (3, 64, 11, 4, 2, True),
        (64, 192, 5, 1, 2, True),
        (192, 384, 3, 1, 1, False),
        (384, 256, 3, 1, 1, False),
        (256, 256, 3, 1, 1, True),
    ):
        features += [nn.Conv2d(c, o, k, s, p), nn.ReLU(inplace=True), *([nn.MaxPool2d(3, 2)] if pool else [])]
    dense = [nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(inplace=True)]
    return nn.Sequential(*features, nn.Flatten(), *dense, nn.Linear(4096, 1000))


def vgg16(lib: Any) -> Any:
    """Simonyan and Zisserman's configuration D."""
    nn = lib.nn
    layers: list[Any] = []
    c = 3
    for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(depth):
            layers += [nn.Conv2d(c, width, 3, padding=1), nn.ReLU(inplace=True)]
            c = width
        layers.append(nn.MaxPool2d(2))
    dense = [nn.Linear(25088, 4096), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout()]
    return nn.Sequential(*layers, nn.Flatten(), *dense, nn.Linear(4096, 1000))


_INCEPTION = (  # 1×1, 3×3 reduced and full, 5×5 reduced and full, pool projection (Szegedy et al. 2015, table 1)
    (64, 96, 128, 16, 32, 32),
    (128, 128, 192, 32, 96, 64),
    None,
    (192, 96, 208, 16, 48, 64),
    (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64),
    (256, 160, 320, 32, 128, 128),
    None,
    (256, 160, 320, 32, 128, 128),
    (384, 192, 384, 48, 128, 128),
)


def googlenet(lib: Any) -> Any:
    """GoogLeNet with batch norm, without auxiliary classifiers."""
    nn = lib.nn

    class Inception(nn.Module):  # type: ignore[misc,name-defined]  # of either library
        def __init__(self, c: int, one: int, r3: int, three: int, r5: int, five: int, pool: int) -> None:
            super().__init__()
            self.one = nn.Sequential(*_conv(nn, c, one, 1))
            self.three = nn.Sequential(*_conv(nn, c, r3, 1), *_conv(nn, r3, three, 3))
            self.five = nn.Sequential(*_conv(nn, c, r5, 1), *_conv(nn, r5, five, 3))
            self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), *_conv(nn, c, pool, 1))

        def forward(self, x: Any) -> Any:
            return lib.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1)

    layers = [*_conv(nn, 3, 64, 7, 2), nn.MaxPool2d(3, 2, 1), *_conv(nn, 64, 64, 1), *_conv(nn, 64, 192, 3), nn.MaxPool2d(3, 2, 1)]
    c = 192
    for widths in _INCEPTION:
        if widths is None:
            layers.append(nn.MaxPool2d(3, 2, 1))
        else:
            layers.append(Inception(c, *widths))
            c = widths[0] + widths[2] + widths[4] + widths[5]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(c, 1000))


def dcgan(lib: Any) -> Any:
    """Radford et al.'s generator and discriminator in a row: a step of the generator through both, 64×64 pictures."""
    nn = lib.nn
    g: list[Any] = [nn.ConvTranspose2d(100, 512, 4, 1, 0, bias=False), nn.BatchNorm2d(512), nn.ReLU(True)]
    for c in (512, 256, 128):
        g += [nn.ConvTranspose2d(c, c // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(c // 2), nn.ReLU(True)]
    g += [nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh()]
    d: list[Any] = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
    for c in (64, 128, 256):
        d += [nn.Conv2d(c, 2 * c, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * c), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*g, *d, nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Flatten())


def vgg_small(lib: Any) -> Any:
    """Six 3×3 convolutions with batch norm in three stages: VGG's shape for 32×32 pictures, 1.7 million parameters."""
    nn = lib.nn
    layers: list[Any] = []
    channels = 3
    for width in (64, 128, 256):
        for _ in range(2):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(256 * 16, 128), nn.ReLU(), nn.Linear(128, 10))


NETS: dict[str, Net] = {
    "mlp": Net("MLP 784-256-128-10, batch 64", mlp, (64, 1, 28, 28)),
    "lenet5": Net("LeNet-5, batch 64", lenet5, (64, 1, 32, 32)),
    "vgg small": Net("VGG-like for 32×32, batch 16", vgg_small, (16, 3, 32, 32)),
    "resnet20": Net("CIFAR ResNet-20, batch 64", lambda lib: cifar_resnet(lib, 20), (64, 3, 32, 32)),
    "tcn": Net("TCN, 400 steps, batch 32", tcn, (32, 2, 400)),
    "fcn": Net("FCN with transposed convolutions, 64×64, batch 8", fcn, (8, 3, 64, 64), (8, 10, 64, 64)),
    "alexnet": Net("AlexNet, batch 16", alexnet, (16, 3, 224, 224), classes=1000),
    "vgg16": Net("VGG-16, batch 2", vgg16, (2, 3, 224, 224), classes=1000),
    "googlenet": Net("GoogLeNet, batch 8", googlenet, (8, 3, 224, 224), classes=1000),
    "resnet18": Net("ResNet-18, batch 8", lambda lib: imagenet_resnet(lib, (2, 2, 2, 2), False), (8, 3, 224, 224), classes=1000),
    "resnet50": Net("ResNet-50, batch 4", lambda lib: imagenet_resnet(lib, (3, 4, 6, 3), True), (4, 3, 224, 224), classes=1000),
    "dcgan": Net("DCGAN, 64×64, batch 16", dcgan, (16, 100, 1, 1), (16, 1)),
}
