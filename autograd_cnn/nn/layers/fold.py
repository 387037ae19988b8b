"""Windows as columns, and columns as an image."""

from __future__ import annotations

from ...tensors.tensor import Tensor
from .. import functional as F
from ..module.module import Module

__all__ = ["Fold", "Unfold"]

Steps = int | tuple[int, ...]


class Unfold(Module):
    """Each window of an image as a column (im2col).   (N, C, H, W) → (N, C·KH·KW, windows)

    >>> import autograd_cnn as ac
    >>> ac.nn.Unfold(2)(ac.ones(1, 3, 4, 4)).shape
    torch.Size([1, 12, 9])
    """

    def __init__(self, kernel_size: Steps, dilation: Steps = 1, padding: Steps = 0, stride: Steps = 1) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """Columns added back into an image, overlaps summed: the adjoint of `Unfold`.   (N, C·KH·KW, windows) → (N, C, *output_size)

    >>> import autograd_cnn as ac
    >>> ac.nn.Fold((4, 4), 2)(ac.ones(1, 12, 9)).shape
    torch.Size([1, 3, 4, 4])
    """

    def __init__(self, output_size: Steps, kernel_size: Steps, dilation: Steps = 1, padding: Steps = 0, stride: Steps = 1) -> None:
        super().__init__()
        self.output_size, self.kernel_size, self.dilation = output_size, kernel_size, dilation
        self.padding, self.stride = padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )
