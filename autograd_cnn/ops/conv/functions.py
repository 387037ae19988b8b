"""The public convolutions in one, two and three dims, the lectures' true convolutions, and the transposed ones."""

from __future__ import annotations

from typing import Any

from ...engine.variable import ndim_of
from ...types.promotion import Array
from ..registry.expose import expose
from ..shape.arrange import flip
from .conv import Steps, _convolution, _transposed


@expose("function functional")
def conv1d(
    input: Array, weight: Array, bias: Array | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: int = 1
) -> Array:
    """Cross-correlation, which the field calls convolution, over 1 dim: y[n,o,p] = b[o] + Σ w[o,c,k] · x[n,c,p·stride + k·dilation].

    (N, C, L) or (C, L), (O, C/groups, K), (O) → (N, O, P), where along each dim
    P = ⌊(S + before + after − dilation·(K − 1) − 1) / stride⌋ + 1.   Parameters: O · C/groups · K + O.

    Args:
        padding: a number, one for each dim, 'valid' (none), 'same' (P = S at stride 1) or the lectures' 'full' (every position
            that touches the input: P = S + K − 1 without dilation).
        groups: channels are split into so many groups that do not see each other (groups = C: depthwise).

    Raises:
        ShapeError (a RuntimeError): sizes, channels or groups that do not fit.
        DtypeError: unequal dtypes; inside `strict_windows()` also for a window that leaves pixels over.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.conv1d(ac.ones(1, 2, 6), ac.ones(4, 2, 3)).shape
    torch.Size([1, 4, 4])

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998.
    """
    return _convolution("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@expose("function functional")
def conv2d(
    input: Array, weight: Array, bias: Array | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: int = 1
) -> Array:
    """Cross-correlation, which the field calls convolution, over 2 dims: y[n,o,p] = b[o] + Σ w[o,c,k] · x[n,c,p·stride + k·dilation].

    (N, C, H, W) or (C, H, W), (O, C/groups, KH, KW), (O) → (N, O, OH, OW), where along each dim
    P = ⌊(S + before + after − dilation·(K − 1) − 1) / stride⌋ + 1.   Parameters: O · C/groups · K + O.

    Args:
        padding: a number, one for each dim, 'valid' (none), 'same' (P = S at stride 1) or the lectures' 'full' (every position
            that touches the input: P = S + K − 1 without dilation).
        groups: channels are split into so many groups that do not see each other (groups = C: depthwise).

    Raises:
        ShapeError (a RuntimeError): sizes, channels or groups that do not fit.
        DtypeError: unequal dtypes; inside `strict_windows()` also for a window that leaves pixels over.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.conv2d(ac.ones(1, 2, 6, 6), ac.ones(4, 2, 3, 3)).shape
    torch.Size([1, 4, 4, 4])

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998.
    """
    return _convolution("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@expose("function functional")
def conv3d(
    input: Array, weight: Array, bias: Array | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: int = 1
) -> Array:
    """Cross-correlation, which the field calls convolution, over 3 dims: y[n,o,p] = b[o] + Σ w[o,c,k] · x[n,c,p·stride + k·dilation].

    (N, C, D, H, W) or (C, D, H, W), (O, C/groups, KD, KH, KW), (O) → (N, O, OD, OH, OW), where along each dim
    P = ⌊(S + before + after − dilation·(K − 1) − 1) / stride⌋ + 1.   Parameters: O · C/groups · K + O.

    Args:
        padding: a number, one for each dim, 'valid' (none), 'same' (P = S at stride 1) or the lectures' 'full' (every position
            that touches the input: P = S + K − 1 without dilation).
        groups: channels are split into so many groups that do not see each other (groups = C: depthwise).

    Raises:
        ShapeError (a RuntimeError): sizes, channels or groups that do not fit.
        DtypeError: unequal dtypes; inside `strict_windows()` also for a window that leaves pixels over.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.conv3d(ac.ones(1, 2, 6, 6, 6), ac.ones(4, 2, 3, 3, 3)).shape
    torch.Size([1, 4, 4, 4, 4])

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998.
    """
    return _convolution("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def _flipped(weight: Array) -> Array:
    """The kernel turned round in all its spatial dims."""
    return flip(weight, tuple(range(2, ndim_of(weight))))


@expose("function functional")
def convolve1d(
    input: Array, weight: Array, bias: Array | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: int = 1
) -> Array:
    """True convolution (the kernel flipped in all its spatial dims) over 1 dim: `conv1d` of the flipped weight, whose arguments,
    shapes and errors these are.

    (N, C, L) or (C, L), (O, C/groups, K), (O) → (N, O, P)

    >>> import autograd_cnn as ac
    >>> x, w = ac.arange(3.).reshape(1, 1, 3), ac.tensor([1., 0.]).reshape(1, 1, 2)
    >>> ac.nn.functional.conv1d(x, w).flatten(), ac.nn.functional.convolve1d(x, w).flatten()
    (tensor([0., 1.]), tensor([1., 2.]))
    """
    return _convolution("convolve1d", 1, input, _flipped(weight), bias, stride, padding, dilation, groups)


@expose("function functional")
def convolve2d(
    input: Array, weight: Array, bias: Array | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: int = 1
) -> Array:
    """True convolution (the kernel flipped in all its spatial dims) over 2 dims: `conv2d` of the flipped weight, whose arguments,
    shapes and errors these are.

    (N, C, H, W) or (C, H, W), (O, C/groups, KH, KW), (O) → (N, O, OH, OW)

    >>> import autograd_cnn as ac
    >>> x, w = ac.arange(3.).reshape(1, 1, 1, 3), ac.tensor([1., 0.]).reshape(1, 1, 1, 2)
    >>> ac.nn.functional.conv2d(x, w).flatten(), ac.nn.functional.convolve2d(x, w).flatten()
    (tensor([0., 1.]), tensor([1., 2.]))
    """
    return _convolution("convolve2d", 2, input, _flipped(weight), bias, stride, padding, dilation, groups)


@expose("function functional")
def convolve3d(
    input: Array, weight: Array, bias: Array | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: int = 1
) -> Array:
    """True convolution (the kernel flipped in all its spatial dims) over 3 dims: `conv3d` of the flipped weight, whose arguments,
    shapes and errors these are.

    (N, C, D, H, W) or (C, D, H, W), (O, C/groups, KD, KH, KW), (O) → (N, O, OD, OH, OW)

    >>> import autograd_cnn as ac
    >>> x, w = ac.arange(3.).reshape(1, 1, 1, 1, 3), ac.tensor([1., 0.]).reshape(1, 1, 1, 1, 2)
    >>> ac.nn.functional.conv3d(x, w).flatten(), ac.nn.functional.convolve3d(x, w).flatten()
    (tensor([0., 1.]), tensor([1., 2.]))
    """
    return _convolution("convolve3d", 3, input, _flipped(weight), bias, stride, padding, dilation, groups)


@expose("function functional")
def conv_transpose1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Steps = 1,
    padding: Any = 0,
    output_padding: Steps = 0,
    groups: int = 1,
    dilation: Steps = 1,
) -> Array:
    """Transposed convolution over 1 dim ("deconvolution"): the adjoint of `conv1d` by its input. Each entry of the input spreads over a
    window of the output.

    (N, C, L), (C, O/groups, K), (O) → (N, O, P), where along each dim
    P = (S − 1) · stride − 2 · padding + dilation · (K − 1) + output_padding + 1.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.conv_transpose1d(ac.ones(1, 4, 3), ac.ones(4, 2, 2), stride=2).shape
    torch.Size([1, 2, 6])

    Source: Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional networks", 2010.
    """
    return _transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


@expose("function functional")
def conv_transpose2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Steps = 1,
    padding: Any = 0,
    output_padding: Steps = 0,
    groups: int = 1,
    dilation: Steps = 1,
) -> Array:
    """Transposed convolution over 2 dims ("deconvolution"): the adjoint of `conv2d` by its input. Each entry of the input spreads over a
    window of the output.

    (N, C, H, W), (C, O/groups, KH, KW), (O) → (N, O, OH, OW), where along each dim
    P = (S − 1) · stride − 2 · padding + dilation · (K − 1) + output_padding + 1.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.conv_transpose2d(ac.ones(1, 4, 3, 3), ac.ones(4, 2, 2, 2), stride=2).shape
    torch.Size([1, 2, 6, 6])

    Source: Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional networks", 2010.
    """
    return _transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


@expose("function functional")
def conv_transpose3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Steps = 1,
    padding: Any = 0,
    output_padding: Steps = 0,
    groups: int = 1,
    dilation: Steps = 1,
) -> Array:
    """Transposed convolution over 3 dims ("deconvolution"): the adjoint of `conv3d` by its input. Each entry of the input spreads over a
    window of the output.

    (N, C, D, H, W), (C, O/groups, KD, KH, KW), (O) → (N, O, OD, OH, OW), where along each dim
    P = (S − 1) · stride − 2 · padding + dilation · (K − 1) + output_padding + 1.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.conv_transpose3d(ac.ones(1, 4, 3, 3, 3), ac.ones(4, 2, 2, 2, 2), stride=2).shape
    torch.Size([1, 2, 6, 6, 6])

    Source: Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional networks", 2010.
    """
    return _transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)
