"""Layers that change the size of maps without weights: upsampling, and the exchange of channels for pixels."""

from __future__ import annotations

from typing import Any

from ...tensors.tensor import Tensor
from .. import functional as F
from ..module.module import Module

__all__ = ["ChannelShuffle", "PixelShuffle", "PixelUnshuffle", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]

Size = int | tuple[int, ...]
Factor = float | tuple[float, ...]


class Upsample(Module):
    """Interpolation to a size, or by a factor.   (N, C, *S) → (N, C, *size), or ⌊S · scale_factor⌋ along each dim

    Args:
        mode: "nearest", "linear", "bilinear", "bicubic" or "trilinear".
        align_corners, recompute_scale_factor: as in `nn.functional.interpolate`.

    >>> import autograd_cnn as ac
    >>> ac.nn.Upsample(scale_factor=2)(ac.tensor([[[1., 2.]]]))
    tensor([[[1., 1., 2., 2.]]])
    """

    def __init__(
        self,
        size: Size | None = None,
        scale_factor: Factor | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        self.scale_factor: Any = (
            tuple(float(f) for f in scale_factor) if isinstance(scale_factor, tuple) else float(scale_factor) if scale_factor else None
        )
        self.mode, self.align_corners, self.recompute_scale_factor = mode, align_corners, recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, recompute_scale_factor=self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        how = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{how}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Each entry becomes a block of equal entries.   (N, C, H, W) → (N, C, *size)

    >>> import autograd_cnn as ac
    >>> ac.nn.UpsamplingNearest2d(scale_factor=2)(ac.ones(1, 1, 2, 2)).shape
    torch.Size([1, 1, 4, 4])
    """

    def __init__(self, size: Size | None = None, scale_factor: Factor | None = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Bilinear interpolation with aligned corners.   (N, C, H, W) → (N, C, *size)

    >>> import autograd_cnn as ac
    >>> ac.nn.UpsamplingBilinear2d(size=3)(ac.tensor([[[[0., 2.], [4., 6.]]]]))
    tensor([[[[0., 1., 2.],
              [2., 3., 4.],
              [4., 5., 6.]]]])
    """

    def __init__(self, size: Size | None = None, scale_factor: Factor | None = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)


class PixelShuffle(Module):
    """Channels become pixels.   (*, C·r², H, W) → (*, C, H·r, W·r)   [Shi et al. 2016]

    >>> import autograd_cnn as ac
    >>> ac.nn.PixelShuffle(2)(ac.ones(1, 4, 3, 3)).shape
    torch.Size([1, 1, 6, 6])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Pixels become channels, `PixelShuffle` undone.   (*, C, H·r, W·r) → (*, C·r², H, W)

    >>> import autograd_cnn as ac
    >>> ac.nn.PixelUnshuffle(2)(ac.ones(1, 1, 6, 6)).shape
    torch.Size([1, 4, 3, 3])
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Channels dealt out from `groups` groups in turn.   (N, C, *) → (N, C, *)   [Zhang et al. 2018]

    >>> import autograd_cnn as ac
    >>> ac.nn.ChannelShuffle(2)(ac.arange(4.).reshape(1, 4, 1)).flatten()
    tensor([0., 2., 1., 3.])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
