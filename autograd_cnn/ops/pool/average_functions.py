"""Pooling by average, sum and power mean: the public functions, adaptive and global ones too."""

from __future__ import annotations

from typing import Any

from ...engine.variable import shape_of
from ...types.promotion import Array
from ..reduce.reduce import mean
from ..registry.expose import expose
from .windows import Steps, _adaptive_average, _average, _lp


@expose("functional")
def avg_pool1d(
    input: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The average of each window.   (N, C, L) or (C, L) → (…, P), along each dim
    P = ⌊(S + 2·padding − K) / stride⌋ + 1

    Padding counts as zeros, unless `count_include_pad=False`; `divisor_override` replaces the count.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.avg_pool1d(ac.ones(1, 1, 4), 2).shape
    torch.Size([1, 1, 2])
    """
    return _average("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, True, count_include_pad, divisor_override)


@expose("functional")
def avg_pool2d(
    input: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The average of each window.   (N, C, H, W) or (C, H, W) → (…, OH, OW), along each dim
    P = ⌊(S + 2·padding − K) / stride⌋ + 1

    Padding counts as zeros, unless `count_include_pad=False`; `divisor_override` replaces the count.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.avg_pool2d(ac.ones(1, 1, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2])
    """
    return _average("avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, True, count_include_pad, divisor_override)


@expose("functional")
def avg_pool3d(
    input: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The average of each window.   (N, C, D, H, W) or (C, D, H, W) → (…, OD, OH, OW), along each dim
    P = ⌊(S + 2·padding − K) / stride⌋ + 1

    Padding counts as zeros, unless `count_include_pad=False`; `divisor_override` replaces the count.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.avg_pool3d(ac.ones(1, 1, 4, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _average("avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, True, count_include_pad, divisor_override)


@expose("functional")
def sum_pool1d(input: Array, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: bool = False) -> Array:
    """The sum of each window.   (N, C, L) or (C, L) → (…, P), with the sizes of `avg_pool1d`.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.sum_pool1d(ac.ones(1, 1, 4), 2).shape
    torch.Size([1, 1, 2])
    """
    return _average("sum_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, False)


@expose("functional")
def sum_pool2d(input: Array, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: bool = False) -> Array:
    """The sum of each window.   (N, C, H, W) or (C, H, W) → (…, OH, OW), with the sizes of `avg_pool2d`.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.sum_pool2d(ac.ones(1, 1, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2])
    """
    return _average("sum_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, False)


@expose("functional")
def sum_pool3d(input: Array, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: bool = False) -> Array:
    """The sum of each window.   (N, C, D, H, W) or (C, D, H, W) → (…, OD, OH, OW), with the sizes of `avg_pool3d`.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.sum_pool3d(ac.ones(1, 1, 4, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _average("sum_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, False)


@expose("functional")
def lp_pool1d(input: Array, norm_type: float, kernel_size: Steps, stride: Steps | None = None, ceil_mode: bool = False) -> Array:
    """(Σ x^p)^(1/p) of each window.   (N, C, L) → (N, C, P)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.lp_pool1d(ac.ones(1, 1, 4), 2, 2).shape
    torch.Size([1, 1, 2])
    """
    return _lp("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


@expose("functional")
def lp_pool2d(input: Array, norm_type: float, kernel_size: Steps, stride: Steps | None = None, ceil_mode: bool = False) -> Array:
    """(Σ x^p)^(1/p) of each window.   (N, C, H, W) → (N, C, OH, OW)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.lp_pool2d(ac.ones(1, 1, 4, 4), 2, 2).shape
    torch.Size([1, 1, 2, 2])
    """
    return _lp("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


@expose("functional")
def lp_pool3d(input: Array, norm_type: float, kernel_size: Steps, stride: Steps | None = None, ceil_mode: bool = False) -> Array:
    """(Σ x^p)^(1/p) of each window.   (N, C, D, H, W) → (N, C, OD, OH, OW)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.lp_pool3d(ac.ones(1, 1, 4, 4, 4), 2, 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _lp("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


@expose("functional")
def adaptive_avg_pool1d(input: Array, output_size: Any) -> Array:
    """The averages of `output_size` windows that cover the input evenly: window o runs from ⌊o·S/P⌋ to ⌈(o + 1)·S/P⌉.
    (N, C, L) → (N, C, P). Size 1 is global average pooling.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.adaptive_avg_pool1d(ac.ones(1, 1, 4), 2).shape
    torch.Size([1, 1, 2])
    """
    return _adaptive_average("adaptive_avg_pool1d", 1, input, output_size)


@expose("functional")
def adaptive_avg_pool2d(input: Array, output_size: Any) -> Array:
    """The averages of `output_size` windows that cover the input evenly: window o runs from ⌊o·S/P⌋ to ⌈(o + 1)·S/P⌉.
    (N, C, H, W) → (N, C, OH, OW). Size 1 is global average pooling.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.adaptive_avg_pool2d(ac.ones(1, 1, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2])
    """
    return _adaptive_average("adaptive_avg_pool2d", 2, input, output_size)


@expose("functional")
def adaptive_avg_pool3d(input: Array, output_size: Any) -> Array:
    """The averages of `output_size` windows that cover the input evenly: window o runs from ⌊o·S/P⌋ to ⌈(o + 1)·S/P⌉.
    (N, C, D, H, W) → (N, C, OD, OH, OW). Size 1 is global average pooling.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.adaptive_avg_pool3d(ac.ones(1, 1, 4, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _adaptive_average("adaptive_avg_pool3d", 3, input, output_size)


@expose("functional")
def global_avg_pool(input: Array) -> Array:
    """The average of each channel, as the head of GoogLeNet and ResNet.   (N, C, *S) → (N, C)   [Lin, Chen, Yan 2014]

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.global_avg_pool(ac.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3])
    """
    return mean(input, tuple(range(2, len(shape_of(input)))))
