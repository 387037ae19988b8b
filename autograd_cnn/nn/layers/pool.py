"""Pooling layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ...kernels.reference.windows import steps
from ...tensors.tensor import Tensor
from .. import functional as F
from ..module.module import Module

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
    "SumPool1d",
    "SumPool2d",
    "SumPool3d",
]

Steps = int | tuple[int, ...]


class _MaxPool(Module):
    function: ClassVar[str]

    def __init__(
        self,
        kernel_size: Steps,
        stride: Steps | None = None,
        padding: Steps = 0,
        dilation: Steps = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding, self.dilation, self.return_indices, self.ceil_mode = padding, dilation, return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        return getattr(F, self.function)(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class _AvgPool(Module):
    function: ClassVar[str]

    def __init__(
        self,
        kernel_size: Steps,
        stride: Steps | None = None,
        padding: Steps = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size: Any = kernel_size
        self.stride: Any = stride if stride is not None else kernel_size
        self.padding: Any = padding
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self.function)(  # type: ignore[no-any-return]
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _SumPool(Module):
    function: ClassVar[str]

    def __init__(self, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: bool = False) -> None:
        super().__init__()
        self.kernel_size, self.padding, self.ceil_mode = kernel_size, padding, ceil_mode
        self.stride = stride if stride is not None else kernel_size

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self.function)(input, self.kernel_size, self.stride, self.padding, self.ceil_mode)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _LPPool(Module):
    function: ClassVar[str]

    def __init__(self, norm_type: float, kernel_size: Steps, stride: Steps | None = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self.function)(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"


class _AdaptiveAvgPool(Module):
    function: ClassVar[str]

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self.function)(input, self.output_size)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class _AdaptiveMaxPool(Module):
    function: ClassVar[str]

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input: Tensor) -> Any:
        return getattr(F, self.function)(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class _MaxUnpool(Module):
    function: ClassVar[str]
    dims: ClassVar[int]

    def __init__(self, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0) -> None:
        super().__init__()
        name = type(self).__name__
        self.kernel_size = steps(kernel_size, self.dims, f"{name}: kernel_size")
        self.stride = steps(stride if stride is not None else kernel_size, self.dims, f"{name}: stride")
        self.padding = steps(padding, self.dims, f"{name}: padding")

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        return getattr(F, self.function)(  # type: ignore[no-any-return]
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool1d(_MaxPool):
    """The maximum of each window; with `return_indices` also the switches, over 1 dim.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.MaxPool1d(2)(ac.ones(1, 1, 4)).shape
    torch.Size([1, 1, 2])
    """

    function = "max_pool1d"


class MaxPool2d(_MaxPool):
    """The maximum of each window; with `return_indices` also the switches, over 2 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.MaxPool2d(2)(ac.ones(1, 1, 4, 4)).shape
    torch.Size([1, 1, 2, 2])
    """

    function = "max_pool2d"


class MaxPool3d(_MaxPool):
    """The maximum of each window; with `return_indices` also the switches, over 3 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.MaxPool3d(2)(ac.ones(1, 1, 4, 4, 4)).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    function = "max_pool3d"


class AvgPool1d(_AvgPool):
    """The average of each window, over 1 dim.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.AvgPool1d(2)(ac.ones(1, 1, 4)).shape
    torch.Size([1, 1, 2])
    """

    function = "avg_pool1d"

    def __init__(
        self, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: bool = False, count_include_pad: bool = True
    ) -> None:
        by = stride if stride is not None else kernel_size
        size, by, around = (steps(v, 1, "AvgPool1d") for v in (kernel_size, by, padding))
        super().__init__(size, by, around, ceil_mode, count_include_pad)


class AvgPool2d(_AvgPool):
    """The average of each window, over 2 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.AvgPool2d(2)(ac.ones(1, 1, 4, 4)).shape
    torch.Size([1, 1, 2, 2])
    """

    function = "avg_pool2d"


class AvgPool3d(_AvgPool):
    """The average of each window, over 3 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.AvgPool3d(2)(ac.ones(1, 1, 4, 4, 4)).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    function = "avg_pool3d"


class SumPool1d(_SumPool):
    """The sum of each window, over 1 dim.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.SumPool1d(2)(ac.ones(1, 1, 4)).shape
    torch.Size([1, 1, 2])
    """

    function = "sum_pool1d"


class SumPool2d(_SumPool):
    """The sum of each window, over 2 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.SumPool2d(2)(ac.ones(1, 1, 4, 4)).shape
    torch.Size([1, 1, 2, 2])
    """

    function = "sum_pool2d"


class SumPool3d(_SumPool):
    """The sum of each window, over 3 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.SumPool3d(2)(ac.ones(1, 1, 4, 4, 4)).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    function = "sum_pool3d"


class LPPool1d(_LPPool):
    """(Σ x^p)^(1/p) of each window, over 1 dim.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.LPPool1d(2, 2)(ac.ones(1, 1, 4)).shape
    torch.Size([1, 1, 2])
    """

    function = "lp_pool1d"


class LPPool2d(_LPPool):
    """(Σ x^p)^(1/p) of each window, over 2 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.LPPool2d(2, 2)(ac.ones(1, 1, 4, 4)).shape
    torch.Size([1, 1, 2, 2])
    """

    function = "lp_pool2d"


class LPPool3d(_LPPool):
    """(Σ x^p)^(1/p) of each window, over 3 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.LPPool3d(2, 2)(ac.ones(1, 1, 4, 4, 4)).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    function = "lp_pool3d"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The averages of `output_size` windows that cover the input evenly, over 1 dim.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.AdaptiveAvgPool1d(2)(ac.ones(1, 1, 4)).shape
    torch.Size([1, 1, 2])
    """

    function = "adaptive_avg_pool1d"


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The averages of `output_size` windows that cover the input evenly, over 2 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.AdaptiveAvgPool2d(2)(ac.ones(1, 1, 4, 4)).shape
    torch.Size([1, 1, 2, 2])
    """

    function = "adaptive_avg_pool2d"


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The averages of `output_size` windows that cover the input evenly, over 3 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.AdaptiveAvgPool3d(2)(ac.ones(1, 1, 4, 4, 4)).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    function = "adaptive_avg_pool3d"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The maxima of `output_size` windows that cover the input evenly, over 1 dim.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.AdaptiveMaxPool1d(2)(ac.ones(1, 1, 4)).shape
    torch.Size([1, 1, 2])
    """

    function = "adaptive_max_pool1d"


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The maxima of `output_size` windows that cover the input evenly, over 2 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.AdaptiveMaxPool2d(2)(ac.ones(1, 1, 4, 4)).shape
    torch.Size([1, 1, 2, 2])
    """

    function = "adaptive_max_pool2d"


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The maxima of `output_size` windows that cover the input evenly, over 3 dims.   (N, C, *S) → (N, C, *P)

    >>> import autograd_cnn as ac
    >>> ac.nn.AdaptiveMaxPool3d(2)(ac.ones(1, 1, 4, 4, 4)).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    function = "adaptive_max_pool3d"


class MaxUnpool1d(_MaxUnpool):
    """Unpooling: values written where their maxima stood, zeros elsewhere   [Zeiler and Fergus 2014], over 1 dim.   (N, C, *P), switches → (N, C, *S)

    >>> import autograd_cnn as ac
    >>> y, switches = ac.nn.MaxPool1d(2, return_indices=True)(ac.ones(1, 1, 4))
    >>> ac.nn.MaxUnpool1d(2)(y, switches).shape
    torch.Size([1, 1, 4])
    """

    function = "max_unpool1d"
    dims = 1


class MaxUnpool2d(_MaxUnpool):
    """Unpooling: values written where their maxima stood, zeros elsewhere   [Zeiler and Fergus 2014], over 2 dims.   (N, C, *P), switches → (N, C, *S)

    >>> import autograd_cnn as ac
    >>> y, switches = ac.nn.MaxPool2d(2, return_indices=True)(ac.ones(1, 1, 4, 4))
    >>> ac.nn.MaxUnpool2d(2)(y, switches).shape
    torch.Size([1, 1, 4, 4])
    """

    function = "max_unpool2d"
    dims = 2


class MaxUnpool3d(_MaxUnpool):
    """Unpooling: values written where their maxima stood, zeros elsewhere   [Zeiler and Fergus 2014], over 3 dims.   (N, C, *P), switches → (N, C, *S)

    >>> import autograd_cnn as ac
    >>> y, switches = ac.nn.MaxPool3d(2, return_indices=True)(ac.ones(1, 1, 4, 4, 4))
    >>> ac.nn.MaxUnpool3d(2)(y, switches).shape
    torch.Size([1, 1, 4, 4, 4])
    """

    function = "max_unpool3d"
    dims = 3
