"""DCGAN: a generator of transposed convolutions and a discriminator of strided ones."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...tensors.tensor import Tensor
from .initial import constant
from .published import published

__all__ = ["DCGANDiscriminator", "DCGANGenerator", "dcgan_discriminator", "dcgan_generator"]


def _values(net: nn.Module) -> None:
    """N(0, 0.02²) for the weights of convolutions, N(1, 0.02²) for the scales of the normalisations."""
    for m in net.modules():
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(m.weight, 0.0, 0.02)
        elif isinstance(m, nn.BatchNorm2d) and m.weight is not None:
            nn.init.normal_(m.weight, 1.0, 0.02)
            constant(m.bias, 0)


class DCGANGenerator(nn.Module):
    """Noise to pictures: 1 → 4 → 8 → 16 → 32 → 64 pixels.   (N, nz, 1, 1) → (N, nc, 64, 64) in −1 … 1

    Args:
        nz: numbers of noise. ngf: maps before the last layer. nc: channels of the pictures.

    Source: Radford, Metz, Chintala, "Unsupervised representation learning with deep convolutional generative adversarial networks", 2015.
    """

    def __init__(self, nz: int = 100, ngf: int = 64, nc: int = 3) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        c = nz
        for width, stride, padding in ((8 * ngf, 1, 0), (4 * ngf, 2, 1), (2 * ngf, 2, 1), (ngf, 2, 1)):
            layers += [nn.ConvTranspose2d(c, width, 4, stride, padding, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            c = width
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(c, nc, 4, 2, 1, bias=False), nn.Tanh())
        _values(self)

    def forward(self, z: Tensor) -> Tensor:
        return self.main(z)  # type: ignore[no-any-return]


class DCGANDiscriminator(nn.Module):
    """Pictures to the probability that they are real: 64 → 32 → 16 → 8 → 4 → 1 pixels.   (N, nc, 64, 64) → (N, 1, 1, 1) in 0 … 1

    Args:
        nc: channels of the pictures. ndf: maps after the first layer.

    Source: Radford, Metz, Chintala, "Unsupervised representation learning with deep convolutional generative adversarial networks", 2015.
    """

    def __init__(self, nc: int = 3, ndf: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(nc, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
        c = ndf
        for width in (2 * ndf, 4 * ndf, 8 * ndf):
            layers += [nn.Conv2d(c, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.LeakyReLU(0.2, inplace=True)]
            c = width
        self.main = nn.Sequential(*layers, nn.Conv2d(c, 1, 4, 1, 0, bias=False), nn.Sigmoid())
        _values(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x)  # type: ignore[no-any-return]


@published()
def dcgan_generator(**config: Any) -> DCGANGenerator:
    """See `DCGANGenerator`: 3,576,704 parameters."""
    return DCGANGenerator(**config)


@published()
def dcgan_discriminator(**config: Any) -> DCGANDiscriminator:
    """See `DCGANDiscriminator`: 2,765,568 parameters."""
    return DCGANDiscriminator(**config)
