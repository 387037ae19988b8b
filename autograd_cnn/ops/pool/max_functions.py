"""Pooling by maximum, with switches, and unpooling: the public functions, adaptive and global ones too.

The adjoint of max-pooling puts each gradient back where its maximum stood: the lectures' unpooling with switches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...engine.variable import shape_of
from ...types.promotion import Array
from ..registry.expose import expose
from ..shape.shape import _reshape
from .max import _adaptive_max
from .windows import Steps, _adaptive_maximum, _max, _unpooled


@expose("functional")
def max_pool1d(
    input: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    dilation: Steps = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window; nan wins.   (N, C, L) or (C, L) → (…, P), along each dim
    P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1

    `stride` is the kernel size by default; windows overlap where it is smaller. `return_indices`: also the switches, flat
    positions in the row, for `max_unpool1d`.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.max_pool1d(ac.ones(1, 1, 4), 2).shape
    torch.Size([1, 1, 2])
    """
    return _max("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@expose("functional")
def max_pool2d(
    input: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    dilation: Steps = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window; nan wins.   (N, C, H, W) or (C, H, W) → (…, OH, OW), along each dim
    P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1

    `stride` is the kernel size by default; windows overlap where it is smaller. `return_indices`: also the switches, flat
    positions in the plane, for `max_unpool2d`.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.max_pool2d(ac.ones(1, 1, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2])
    """
    return _max("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@expose("functional")
def max_pool3d(
    input: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    dilation: Steps = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window; nan wins.   (N, C, D, H, W) or (C, D, H, W) → (…, OD, OH, OW), along each dim
    P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1

    `stride` is the kernel size by default; windows overlap where it is smaller. `return_indices`: also the switches, flat
    positions in the volume, for `max_unpool3d`.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.max_pool3d(ac.ones(1, 1, 4, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _max("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@expose("functional")
def max_pool1d_with_indices(
    input: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    dilation: Steps = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> Any:
    """`max_pool1d` with `return_indices=True`: the maxima, and where they stood.

    >>> import autograd_cnn as ac
    >>> y, at = ac.nn.functional.max_pool1d_with_indices(ac.arange(4.).reshape(1, 1, 4), 2)
    >>> y.flatten(), at.flatten()
    (tensor([1., 3.]), tensor([1, 3]))
    """
    return _max("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


@expose("functional")
def max_pool2d_with_indices(
    input: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    dilation: Steps = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> Any:
    """`max_pool2d` with `return_indices=True`: the maxima, and where they stood.

    >>> import autograd_cnn as ac
    >>> y, at = ac.nn.functional.max_pool2d_with_indices(ac.arange(4.).reshape(1, 1, 1, 4), (1, 2))
    >>> y.flatten(), at.flatten()
    (tensor([1., 3.]), tensor([1, 3]))
    """
    return _max("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, True)


@expose("functional")
def max_pool3d_with_indices(
    input: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    dilation: Steps = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> Any:
    """`max_pool3d` with `return_indices=True`: the maxima, and where they stood.

    >>> import autograd_cnn as ac
    >>> y, at = ac.nn.functional.max_pool3d_with_indices(ac.arange(4.).reshape(1, 1, 1, 1, 4), (1, 1, 2))
    >>> y.flatten(), at.flatten()
    (tensor([1., 3.]), tensor([1, 3]))
    """
    return _max("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, True)


@expose("functional")
def adaptive_max_pool1d(input: Array, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of `output_size` windows that cover the input evenly.   (N, C, L) → (N, C, P). Size 1 is global max pooling.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.adaptive_max_pool1d(ac.ones(1, 1, 4), 2).shape
    torch.Size([1, 1, 2])
    """
    return _adaptive_maximum("adaptive_max_pool1d", 1, input, output_size, return_indices)


@expose("functional")
def adaptive_max_pool2d(input: Array, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of `output_size` windows that cover the input evenly.   (N, C, H, W) → (N, C, OH, OW). Size 1 is global max pooling.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.adaptive_max_pool2d(ac.ones(1, 1, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2])
    """
    return _adaptive_maximum("adaptive_max_pool2d", 2, input, output_size, return_indices)


@expose("functional")
def adaptive_max_pool3d(input: Array, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of `output_size` windows that cover the input evenly.   (N, C, D, H, W) → (N, C, OD, OH, OW). Size 1: global max pooling.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.adaptive_max_pool3d(ac.ones(1, 1, 4, 4, 4), 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _adaptive_maximum("adaptive_max_pool3d", 3, input, output_size, return_indices)


@expose("functional")
def max_unpool1d(
    input: Array,
    indices: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    output_size: Sequence[int] | None = None,
) -> Array:
    """Unpooling: each value is written where its maximum stood, zeros elsewhere.   (N, C, P) twice → (N, C, L),
    S = (P − 1)·stride − 2·padding + kernel, or `output_size`.

    >>> import autograd_cnn as ac
    >>> x = ac.tensor([3., 1., 2., 5.]).reshape(1, 1, 4)
    >>> y, at = ac.nn.functional.max_pool1d(x, 2, return_indices=True)
    >>> ac.nn.functional.max_unpool1d(y, at, 2).flatten()
    tensor([3., 0., 0., 5.])

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014.
    """
    return _unpooled("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


@expose("functional")
def max_unpool2d(
    input: Array,
    indices: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    output_size: Sequence[int] | None = None,
) -> Array:
    """Unpooling: each value is written where its maximum stood, zeros elsewhere.   (N, C, OH, OW) twice → (N, C, H, W),
    S = (P − 1)·stride − 2·padding + kernel, or `output_size`.

    >>> import autograd_cnn as ac
    >>> x = ac.tensor([3., 1., 2., 5.]).reshape(1, 1, 1, 4)
    >>> y, at = ac.nn.functional.max_pool2d(x, (1, 2), return_indices=True)
    >>> ac.nn.functional.max_unpool2d(y, at, (1, 2)).flatten()
    tensor([3., 0., 0., 5.])

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014.
    """
    return _unpooled("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


@expose("functional")
def max_unpool3d(
    input: Array,
    indices: Array,
    kernel_size: Steps,
    stride: Steps | None = None,
    padding: Steps = 0,
    output_size: Sequence[int] | None = None,
) -> Array:
    """Unpooling: each value is written where its maximum stood, zeros elsewhere.   (N, C, OD, OH, OW) twice → (N, C, D, H, W),
    S = (P − 1)·stride − 2·padding + kernel, or `output_size`.

    >>> import autograd_cnn as ac
    >>> x = ac.tensor([3., 1., 2., 5.]).reshape(1, 1, 1, 1, 4)
    >>> y, at = ac.nn.functional.max_pool3d(x, (1, 1, 2), return_indices=True)
    >>> ac.nn.functional.max_unpool3d(y, at, (1, 1, 2)).flatten()
    tensor([3., 0., 0., 5.])

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014.
    """
    return _unpooled("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


@expose("functional")
def global_max_pool(input: Array) -> Array:
    """The maximum of each channel.   (N, C, *S) → (N, C)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.global_max_pool(ac.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3])
    """
    shape = shape_of(input)
    y, _ = _adaptive_max(input, size=(1,) * (len(shape) - 2))
    return _reshape(y, shape=shape[:2], kind="squeeze")
