"""A convolutional autoencoder: a picture through a narrow code and back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ... import nn
from ...tensors.tensor import Tensor
from .published import published

__all__ = ["ConvAutoencoder", "autoencoder"]


class ConvAutoencoder(nn.Module):
    """`encoder`: convolutions that halve the size; `decoder`: their mirror image, which doubles it.   (N, C, H, W) → (N, C, H, W) in 0 … 1

    Args:
        in_channels: C. widths: maps after each halving, the last those of the code.

    Raises:
        ValueError: H or W is not a multiple of 2ⁿ, with n halvings.

    Source: Masci, Meier, Cireşan, Schmidhuber, "Stacked convolutional auto-encoders for hierarchical feature extraction", 2011.

    >>> import autograd_cnn as ac
    >>> net = ConvAutoencoder()
    >>> net.encoder(ac.ones(1, 1, 28, 28)).shape
    torch.Size([1, 8, 7, 7])
    """

    def __init__(self, in_channels: int = 1, widths: Sequence[int] = (16, 8)) -> None:
        super().__init__()
        down: list[nn.Module] = []
        up: list[nn.Module] = []
        for c, width in pairwise([in_channels, *widths]):
            down += [nn.Conv2d(c, width, 3, stride=2, padding=1), nn.ReLU(inplace=True)]
            up = [nn.ConvTranspose2d(width, c, 3, stride=2, padding=1, output_padding=1), nn.ReLU(inplace=True), *up]
        self.encoder = nn.Sequential(*down)
        self.decoder = nn.Sequential(*up[:-1], nn.Sigmoid())
        self.halvings = len(widths)

    def forward(self, x: Tensor) -> Tensor:
        step = 2**self.halvings
        if x.shape[-2] % step or x.shape[-1] % step:
            raise ValueError(f"ConvAutoencoder: expected sizes that are multiples of {step}, got {tuple(x.shape[-2:])}: pad the picture.")
        return self.decoder(self.encoder(x))  # type: ignore[no-any-return]


@published()
def autoencoder(**config: Any) -> ConvAutoencoder:
    """See `ConvAutoencoder`."""
    return ConvAutoencoder(**config)
