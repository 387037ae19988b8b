"""Convolution layers, plain and transposed, in one, two and three dims."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from ...errors import expected
from ...kernels.reference.windows import pairs, same_padding, steps
from ...tensors.tensor import Parameter, Tensor
from .. import functional as F
from .. import init
from ..module.module import Module
from .linear import made

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

Steps = int | tuple[int, ...]


class _ConvNd(Module):
    """What all convolution layers share: parameters, their initial values, the printed form."""

    weight: Parameter
    bias: Parameter | None
    dims: ClassVar[int]
    transposed: ClassVar[bool] = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Steps,
        stride: Steps = 1,
        padding: Steps | str = 0,
        dilation: Steps = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        name, dims = type(self).__name__, self.dims
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        for what, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{what} must be divisible by groups: got {channels} channels and {groups} groups in {name}")
        if isinstance(padding, str) and padding not in ("valid", "same", "full"):
            raise ValueError(f"Invalid padding string {padding!r}, should be one of 'valid', 'same', 'full'")
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                f"padding_mode must be one of {{'zeros', 'reflect', 'replicate', 'circular'}}, but got padding_mode='{padding_mode}'"
            )
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = steps(kernel_size, dims, f"{name}: kernel_size")
        self.stride = steps(stride, dims, f"{name}: stride")
        self.dilation = steps(dilation, dims, f"{name}: dilation")
        self.padding: Any = padding if isinstance(padding, str) else steps(padding, dims, f"{name}: padding")
        if padding == "same" and any(s != 1 for s in self.stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
        self.output_padding: tuple[int, ...] = (0,) * dims
        self.groups, self.padding_mode = groups, padding_mode
        ends = (in_channels, out_channels // groups) if self.transposed else (out_channels, in_channels // groups)
        self.weight = made((*ends, *self.kernel_size), dtype, device)
        if bias:
            self.bias = made((out_channels,), dtype, device)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values, as PyTorch does: uniform in ±1/√fan_in, the weight first."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        none = (0,) * self.dims
        if self.padding != none:
            parts.append(f"padding={self.padding}")
        if self.dilation != (1,) * self.dims:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != none:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("padding_mode", "zeros")

    def _surrounded(self, input: Tensor) -> tuple[Tensor, Any]:
        """The input with its own entries around it where the padding mode asks for that, and the padding left to do."""
        if self.padding_mode == "zeros":
            return input, self.padding
        if self.padding == "valid":
            sides: Any = ((0, 0),) * self.dims
        elif isinstance(self.padding, str):
            whole = tuple(2 * (k - 1) + 1 for k in self.kernel_size) if self.padding == "full" else self.kernel_size
            sides = same_padding(whole, self.dilation)
        else:
            sides = pairs(self.padding, self.dims)
        flat = [w for pair in reversed(sides) for w in pair]
        return F.pad(input, flat, mode=self.padding_mode), 0


class _Convolution(_ConvNd):
    function: ClassVar[str]

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The convolution with this weight: what subclasses override to change the weight first, as in PyTorch."""
        around, padding = self._surrounded(input)
        return getattr(F, self.function)(around, weight, bias, self.stride, padding, self.dilation, self.groups)  # type: ignore[no-any-return]


class _Transposed(_ConvNd):
    function: ClassVar[str]
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Steps,
        stride: Steps = 1,
        padding: Steps = 0,
        output_padding: Steps = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Steps = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype)
        self.output_padding = steps(output_padding, self.dims, f"{type(self).__name__}: output_padding")

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        spread = getattr(F, self.function)
        extra = self.output_padding if output_size is None else _extra_for(self, input, output_size)
        return spread(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)  # type: ignore[no-any-return]


def _extra_for(layer: Any, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
    """The output_padding that gives a wanted size."""
    dims = layer.dims
    wanted = tuple(output_size)[-dims:]
    if len(output_size) not in (dims, dims + 1, dims + 2):
        raise ValueError(
            f"ConvTranspose{dims}D: for {input.dim()}D input, output_size must have {dims} or {input.dim()} elements (got "
            f"{len(output_size)})"
        )
    extra = []
    for want, n, k, s, p, d in zip(
        wanted, input.shape[-dims:], layer.kernel_size, layer.stride, layer.padding, layer.dilation, strict=True
    ):
        least = (n - 1) * s - 2 * p + d * (k - 1) + 1
        if not least <= want < least + max(s, d):
            raise ValueError(expected(f"ConvTranspose{dims}d", f"an output size between {least} and {least + max(s, d) - 1}", want))
        extra.append(want - least)
    return tuple(extra)


class Conv1d(_Convolution):
    """Convolution (cross-correlation) over 1 dim.   (N, in_channels, L) → (N, out_channels, *P), along each dim
    P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1

    Parameters: `weight` (out, in/groups, *K) and `bias` (out), uniform in ±1/√fan_in. `padding` is a number, one for each dim,
    'valid', 'same', or the lectures' 'full'.

    >>> import autograd_cnn as ac
    >>> ac.nn.Conv1d(3, 8, kernel_size=3, stride=2, padding=1)(ac.zeros(2, 3, 6)).shape
    torch.Size([2, 8, 3])
    """

    dims = 1
    function = "conv1d"


class Conv2d(_Convolution):
    """Convolution (cross-correlation) over 2 dims.   (N, in_channels, H, W) → (N, out_channels, *P), along each dim
    P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1

    Parameters: `weight` (out, in/groups, *K) and `bias` (out), uniform in ±1/√fan_in. `padding` is a number, one for each dim,
    'valid', 'same', or the lectures' 'full'.

    >>> import autograd_cnn as ac
    >>> ac.nn.Conv2d(3, 8, kernel_size=3, stride=2, padding=1)(ac.zeros(2, 3, 6, 6)).shape
    torch.Size([2, 8, 3, 3])
    """

    dims = 2
    function = "conv2d"


class Conv3d(_Convolution):
    """Convolution (cross-correlation) over 3 dims.   (N, in_channels, D, H, W) → (N, out_channels, *P), along each dim
    P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1

    Parameters: `weight` (out, in/groups, *K) and `bias` (out), uniform in ±1/√fan_in. `padding` is a number, one for each dim,
    'valid', 'same', or the lectures' 'full'.

    >>> import autograd_cnn as ac
    >>> ac.nn.Conv3d(3, 8, kernel_size=3, stride=2, padding=1)(ac.zeros(2, 3, 6, 6, 6)).shape
    torch.Size([2, 8, 3, 3, 3])
    """

    dims = 3
    function = "conv3d"


class ConvTranspose1d(_Transposed):
    """Transposed convolution over 1 dim.   (N, in_channels, L) → (N, out_channels, *P), along each dim
    P = (S − 1)·stride − 2·padding + dilation·(K − 1) + output_padding + 1

    Parameters: `weight` (in, out/groups, *K) and `bias` (out), uniform in ±1/√fan_in.

    >>> import autograd_cnn as ac
    >>> ac.nn.ConvTranspose1d(3, 8, 3, stride=2, padding=1, output_padding=1)(ac.zeros(2, 3, 6)).shape
    torch.Size([2, 8, 12])
    """

    dims = 1
    function = "conv_transpose1d"


class ConvTranspose2d(_Transposed):
    """Transposed convolution over 2 dims.   (N, in_channels, H, W) → (N, out_channels, *P), along each dim
    P = (S − 1)·stride − 2·padding + dilation·(K − 1) + output_padding + 1

    Parameters: `weight` (in, out/groups, *K) and `bias` (out), uniform in ±1/√fan_in.

    >>> import autograd_cnn as ac
    >>> ac.nn.ConvTranspose2d(3, 8, 3, stride=2, padding=1, output_padding=1)(ac.zeros(2, 3, 6, 6)).shape
    torch.Size([2, 8, 12, 12])
    """

    dims = 2
    function = "conv_transpose2d"


class ConvTranspose3d(_Transposed):
    """Transposed convolution over 3 dims.   (N, in_channels, D, H, W) → (N, out_channels, *P), along each dim
    P = (S − 1)·stride − 2·padding + dilation·(K − 1) + output_padding + 1

    Parameters: `weight` (in, out/groups, *K) and `bias` (out), uniform in ±1/√fan_in.

    >>> import autograd_cnn as ac
    >>> ac.nn.ConvTranspose3d(3, 8, 3, stride=2, padding=1, output_padding=1)(ac.zeros(2, 3, 6, 6, 6)).shape
    torch.Size([2, 8, 12, 12, 12])
    """

    dims = 3
    function = "conv_transpose3d"
