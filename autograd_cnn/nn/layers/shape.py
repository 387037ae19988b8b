"""Layers that move values about: padding, upsampling, pixel shuffling."""

from __future__ import annotations

from typing import ClassVar

from ...kernels.reference.windows import steps
from ...tensors.tensor import Tensor
from .. import functional as F
from ..module.module import Module

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    """Padding of the last `dims` dims; the number of values says how many: (left, right, top, bottom, front, back)."""

    dims: ClassVar[int]
    mode: ClassVar[str] = "constant"

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__()
        self.padding = steps(padding, 2 * self.dims, f"{type(self).__name__}: padding")

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: int | tuple[int, ...], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """`value` around the input, over 1 dim.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ConstantPad1d(1, 7.0)(ac.ones(1, 1, 3)).shape
    torch.Size([1, 1, 5])
    """

    dims = 1


class ConstantPad2d(_ConstantPad):
    """`value` around the input, over 2 dims.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ConstantPad2d(1, 7.0)(ac.ones(1, 1, 3, 3)).shape
    torch.Size([1, 1, 5, 5])
    """

    dims = 2


class ConstantPad3d(_ConstantPad):
    """`value` around the input, over 3 dims.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ConstantPad3d(1, 7.0)(ac.ones(1, 1, 3, 3, 3)).shape
    torch.Size([1, 1, 5, 5, 5])
    """

    dims = 3


class ZeroPad1d(_Pad):
    """Zeros around the input, over 1 dim.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ZeroPad1d(1)(ac.ones(1, 1, 3)).shape
    torch.Size([1, 1, 5])
    """

    dims = 1


class ZeroPad2d(_Pad):
    """Zeros around the input, over 2 dims.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ZeroPad2d(1)(ac.ones(1, 1, 3, 3)).shape
    torch.Size([1, 1, 5, 5])
    """

    dims = 2


class ZeroPad3d(_Pad):
    """Zeros around the input, over 3 dims.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ZeroPad3d(1)(ac.ones(1, 1, 3, 3, 3)).shape
    torch.Size([1, 1, 5, 5, 5])
    """

    dims = 3


class ReflectionPad1d(_Pad):
    """The input mirrored at its edges (without the edge itself), over 1 dim.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ReflectionPad1d(1)(ac.ones(1, 1, 3)).shape
    torch.Size([1, 1, 5])
    """

    dims = 1
    mode = "reflect"


class ReflectionPad2d(_Pad):
    """The input mirrored at its edges (without the edge itself), over 2 dims.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ReflectionPad2d(1)(ac.ones(1, 1, 3, 3)).shape
    torch.Size([1, 1, 5, 5])
    """

    dims = 2
    mode = "reflect"


class ReflectionPad3d(_Pad):
    """The input mirrored at its edges (without the edge itself), over 3 dims.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ReflectionPad3d(1)(ac.ones(1, 1, 3, 3, 3)).shape
    torch.Size([1, 1, 5, 5, 5])
    """

    dims = 3
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """The edge repeated around the input, over 1 dim.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ReplicationPad1d(1)(ac.ones(1, 1, 3)).shape
    torch.Size([1, 1, 5])
    """

    dims = 1
    mode = "replicate"


class ReplicationPad2d(_Pad):
    """The edge repeated around the input, over 2 dims.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ReplicationPad2d(1)(ac.ones(1, 1, 3, 3)).shape
    torch.Size([1, 1, 5, 5])
    """

    dims = 2
    mode = "replicate"


class ReplicationPad3d(_Pad):
    """The edge repeated around the input, over 3 dims.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.ReplicationPad3d(1)(ac.ones(1, 1, 3, 3, 3)).shape
    torch.Size([1, 1, 5, 5, 5])
    """

    dims = 3
    mode = "replicate"


class CircularPad1d(_Pad):
    """The input continued from its other side, over 1 dim.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.CircularPad1d(1)(ac.ones(1, 1, 3)).shape
    torch.Size([1, 1, 5])
    """

    dims = 1
    mode = "circular"


class CircularPad2d(_Pad):
    """The input continued from its other side, over 2 dims.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.CircularPad2d(1)(ac.ones(1, 1, 3, 3)).shape
    torch.Size([1, 1, 5, 5])
    """

    dims = 2
    mode = "circular"


class CircularPad3d(_Pad):
    """The input continued from its other side, over 3 dims.   (N, C, *S) → (N, C, *S + before + after)

    >>> import autograd_cnn as ac
    >>> ac.nn.CircularPad3d(1)(ac.ones(1, 1, 3, 3, 3)).shape
    torch.Size([1, 1, 5, 5, 5])
    """

    dims = 3
    mode = "circular"
