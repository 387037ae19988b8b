"""Convolution (or a fully connected layer) and the batch norm after it as one layer, for evaluation."""

from __future__ import annotations

import copy
from typing import TypeVar

from ...config import no_grad
from ...tensors.tensor import Parameter, Tensor
from ..module.module import Module

M = TypeVar("M", bound=Module)


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """W' = W · γ/√(v + ε) for each output channel, b' = (b − m) · γ/√(v + ε) + β: the weight and bias that do both.

    Args:
        conv_w, conv_b: of the convolution. bn_rm, bn_rv: the running mean m and variance v.
        bn_eps, bn_w, bn_b: ε, γ and β. transpose: of a transposed convolution, whose output channels are dim 1.

    >>> import autograd_cnn as ac
    >>> w, b = fuse_conv_bn_weights(ac.ones(1, 1, 1, 1), None, ac.tensor([1.]), ac.tensor([4.]), 0.0, None, None)
    >>> w.item(), b.item()
    (0.5, -0.5)
    """
    with no_grad():
        scale = (bn_rv + bn_eps).rsqrt()
        scale = scale if bn_w is None else scale * bn_w
        shape = [1] * conv_w.ndim
        shape[1 if transpose else 0] = -1
        shift = -bn_rm if conv_b is None else conv_b - bn_rm
        weight: Tensor = conv_w * scale.reshape(shape)
        bias: Tensor = shift * scale if bn_b is None else shift * scale + bn_b
        return Parameter(weight.to(conv_w.dtype), conv_w.requires_grad), Parameter(
            bias.to(conv_w.dtype), True if conv_b is None else conv_b.requires_grad
        )


def fuse_conv_bn_eval(conv: M, bn: Module, transpose: bool = False) -> M:
    """A copy of a convolution that also does the batch norm after it. Both must be in evaluation mode.

    Raises:
        RuntimeError: training mode, or a norm without running statistics.

    >>> from autograd_cnn import nn
    >>> import autograd_cnn as ac
    >>> conv, bn = nn.Conv2d(2, 3, 3).eval(), nn.BatchNorm2d(3).eval()
    >>> x = ac.randn(1, 2, 5, 5)
    >>> ac.allclose(fuse_conv_bn_eval(conv, bn)(x), bn(conv(x)), atol=1e-6)
    True
    """
    if conv.training or bn.training:
        raise RuntimeError("Fusion only for eval! fuse_conv_bn_eval expected both modules in evaluation mode. Call .eval() first.")
    if bn.running_mean is None or bn.running_var is None:
        raise RuntimeError("fuse_conv_bn_eval: expected a batch norm with running statistics, got track_running_stats=False.")
    fused = copy.deepcopy(conv)
    made = fuse_conv_bn_weights(conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose)
    fused.weight, fused.bias = made
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor, bn_b: Tensor
) -> tuple[Parameter, Parameter]:
    """As `fuse_conv_bn_weights`, for a fully connected layer.

    >>> import autograd_cnn as ac
    >>> w, b = fuse_linear_bn_weights(ac.ones(1, 1), None, ac.tensor([1.]), ac.tensor([4.]), 0.0, ac.ones(1), ac.zeros(1))
    >>> w.item(), b.item()
    (0.5, -0.5)
    """
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def fuse_linear_bn_eval(linear: M, bn: Module) -> M:
    """A copy of a fully connected layer that also does the batch norm after it. Both must be in evaluation mode.

    Raises:
        RuntimeError: training mode, or the layer's outputs are not the norm's channels.

    >>> from autograd_cnn import nn
    >>> fuse_linear_bn_eval(nn.Linear(2, 3).eval(), nn.BatchNorm1d(3).eval())
    Linear(in_features=2, out_features=3, bias=True)
    """
    if linear.out_features != bn.num_features and bn.num_features != 1:
        raise RuntimeError(
            f"To fuse, linear.out_features == bn.num_features or bn.num_features == 1: got {linear.out_features} and {bn.num_features}."
        )
    return fuse_conv_bn_eval(linear, bn)
