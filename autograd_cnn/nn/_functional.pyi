"""The functions of `autograd_cnn.nn.functional`. Written by `python -m tools.stubs`: do not edit."""

# ruff: noqa
from builtins import bool as _bool, complex as _complex, float as _float, int as _int, str as _str
from collections.abc import Callable, Sequence
from typing import Any, Literal, Self, TypeAlias, overload

import numpy as np

from autograd_cnn import autograd
from autograd_cnn.ops.registry import return_types as _return_types
from autograd_cnn.random import Generator
from autograd_cnn.tensors.scalar import Scalar
from autograd_cnn.tensors.tensor import Tensor

Value: TypeAlias = Tensor | _complex | np.ndarray[Any, Any] | np.generic  # what stands beside a tensor in an operation
Steps: TypeAlias = _int | tuple[_int, ...]  # one number for all dims, or one a dim

def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor: """The averages of `output_size` windows that cover the input evenly: window o runs from ⌊o·S/P⌋ to ⌈(o + 1)·S/P⌉. (N, C, L) → (N, C, P). Size 1 is global average pooling."""
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor: """The averages of `output_size` windows that cover the input evenly: window o runs from ⌊o·S/P⌋ to ⌈(o + 1)·S/P⌉. (N, C, H, W) → (N, C, OH, OW). Size 1 is global average pooling."""
def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor: """The averages of `output_size` windows that cover the input evenly: window o runs from ⌊o·S/P⌋ to ⌈(o + 1)·S/P⌉. (N, C, D, H, W) → (N, C, OD, OH, OW). Size 1 is global average pooling."""
@overload
def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: Literal[False] = ...) -> Tensor: """The maxima of `output_size` windows that cover the input evenly. (N, C, L) → (N, C, P). Size 1 is global max pooling."""
@overload
def adaptive_max_pool1d(input: Tensor, output_size: Any, *, return_indices: Literal[True]) -> tuple[Tensor, Tensor]: """The maxima of `output_size` windows that cover the input evenly. (N, C, L) → (N, C, P). Size 1 is global max pooling."""
@overload
def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: _bool = ...) -> Any: """The maxima of `output_size` windows that cover the input evenly. (N, C, L) → (N, C, P). Size 1 is global max pooling."""
@overload
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: Literal[False] = ...) -> Tensor: """The maxima of `output_size` windows that cover the input evenly. (N, C, H, W) → (N, C, OH, OW). Size 1 is global max pooling."""
@overload
def adaptive_max_pool2d(input: Tensor, output_size: Any, *, return_indices: Literal[True]) -> tuple[Tensor, Tensor]: """The maxima of `output_size` windows that cover the input evenly. (N, C, H, W) → (N, C, OH, OW). Size 1 is global max pooling."""
@overload
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: _bool = ...) -> Any: """The maxima of `output_size` windows that cover the input evenly. (N, C, H, W) → (N, C, OH, OW). Size 1 is global max pooling."""
@overload
def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: Literal[False] = ...) -> Tensor: """The maxima of `output_size` windows that cover the input evenly. (N, C, D, H, W) → (N, C, OD, OH, OW). Size 1: global max pooling."""
@overload
def adaptive_max_pool3d(input: Tensor, output_size: Any, *, return_indices: Literal[True]) -> tuple[Tensor, Tensor]: """The maxima of `output_size` windows that cover the input evenly. (N, C, D, H, W) → (N, C, OD, OH, OW). Size 1: global max pooling."""
@overload
def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: _bool = ...) -> Any: """The maxima of `output_size` windows that cover the input evenly. (N, C, D, H, W) → (N, C, OD, OH, OW). Size 1: global max pooling."""
def affine_grid(theta: Tensor, size: Sequence[_int], align_corners: _bool | None = None) -> Tensor: """The places that affine maps give the pixels of an image of `size`: (N, 2, 3) → (N, H, W, 2), or (N, 3, 4) → (N, D, H, W, 3)."""
def alpha_dropout(input: Tensor, p: _float = 0.5, training: _bool = False, inplace: _bool = False) -> Tensor: """Dropout that keeps mean and variance of self-normalising networks: dropped entries become SELU's lower limit. (*) → (*)"""
def avg_pool1d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: _bool = False, count_include_pad: _bool = True, divisor_override: _int | None = None) -> Tensor: """The average of each window. (N, C, L) or (C, L) → (…, P), along each dim P = ⌊(S + 2·padding − K) / stride⌋ + 1"""
def avg_pool2d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: _bool = False, count_include_pad: _bool = True, divisor_override: _int | None = None) -> Tensor: """The average of each window. (N, C, H, W) or (C, H, W) → (…, OH, OW), along each dim P = ⌊(S + 2·padding − K) / stride⌋ + 1"""
def avg_pool3d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: _bool = False, count_include_pad: _bool = True, divisor_override: _int | None = None) -> Tensor: """The average of each window. (N, C, D, H, W) or (C, D, H, W) → (…, OD, OH, OW), along each dim P = ⌊(S + 2·padding − K) / stride⌋ + 1"""
def batch_norm(input: Tensor, running_mean: Any, running_var: Any, weight: Value | None = None, bias: Value | None = None, training: _bool = False, momentum: _float = 0.1, eps: _float = 1e-05) -> Tensor: """y = (x − μ) / √(σ² + ε) · weight + bias, channel by channel. (N, C, *S) → (N, C, *S)"""
def bilinear(input1: Tensor, input2: Value, weight: Value, bias: Value | None = None) -> Tensor: """y_o = x₁ᵀ · W_o · x₂ + b_o. (…, I), (…, J), (O, I, J), (O) → (…, O)"""
def binary_cross_entropy(input: Tensor, target: Value, weight: Value | None = None, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean') -> Tensor: """L = −(1/n) Σ w (t ln x + (1 − t) ln(1 − x)) for probabilities x; the logarithms are at least −100. (*), (*) → () or (*)"""
def binary_cross_entropy_with_logits(input: Tensor, target: Value, weight: Value | None = None, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean', pos_weight: Value | None = None) -> Tensor: """L = −(1/n) Σ w (p t ln σ(x) + (1 − t) ln(1 − σ(x))), from logits x, without overflow. (*), (*) → () or (*)"""
def celu(input: Tensor, alpha: _float = 1.0, inplace: _bool = False) -> Tensor: """y = max(0, x) + min(0, α (e^(x/α) − 1)). (*) → (*) [Barron 2017]"""
def celu_(input: Tensor, alpha: _float = 1.0) -> Tensor: """`celu` in place."""
def channel_shuffle(input: Tensor, groups: _int) -> Tensor: """Channels dealt out from `groups` groups in turn: (N, C, *) → (N, C, *)."""
def classic_dropout(input: Tensor, p: _float = 0.5, training: _bool = True) -> Tensor: """Dropout as the lectures introduce it: in training y = x · m, m ~ Bernoulli(1 − p); at inference y = (1 − p) · x. (*) → (*)"""
def conv1d(input: Tensor, weight: Value, bias: Value | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: _int = 1) -> Tensor: """Cross-correlation, which the field calls convolution, over 1 dim: y[n,o,p] = b[o] + Σ w[o,c,k] · x[n,c,p·stride + k·dilation]."""
def conv2d(input: Tensor, weight: Value, bias: Value | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: _int = 1) -> Tensor: """Cross-correlation, which the field calls convolution, over 2 dims: y[n,o,p] = b[o] + Σ w[o,c,k] · x[n,c,p·stride + k·dilation]."""
def conv3d(input: Tensor, weight: Value, bias: Value | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: _int = 1) -> Tensor: """Cross-correlation, which the field calls convolution, over 3 dims: y[n,o,p] = b[o] + Σ w[o,c,k] · x[n,c,p·stride + k·dilation]."""
def conv_transpose1d(input: Tensor, weight: Value, bias: Value | None = None, stride: Steps = 1, padding: Any = 0, output_padding: Steps = 0, groups: _int = 1, dilation: Steps = 1) -> Tensor: """Transposed convolution over 1 dim ("deconvolution"): the adjoint of `conv1d` by its input. Each entry of the input spreads over a window of the output."""
def conv_transpose2d(input: Tensor, weight: Value, bias: Value | None = None, stride: Steps = 1, padding: Any = 0, output_padding: Steps = 0, groups: _int = 1, dilation: Steps = 1) -> Tensor: """Transposed convolution over 2 dims ("deconvolution"): the adjoint of `conv2d` by its input. Each entry of the input spreads over a window of the output."""
def conv_transpose3d(input: Tensor, weight: Value, bias: Value | None = None, stride: Steps = 1, padding: Any = 0, output_padding: Steps = 0, groups: _int = 1, dilation: Steps = 1) -> Tensor: """Transposed convolution over 3 dims ("deconvolution"): the adjoint of `conv3d` by its input. Each entry of the input spreads over a window of the output."""
def convolve1d(input: Tensor, weight: Value, bias: Value | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: _int = 1) -> Tensor: """True convolution (the kernel flipped in all its spatial dims) over 1 dim: `conv1d` of the flipped weight, whose arguments, shapes and errors these are."""
def convolve2d(input: Tensor, weight: Value, bias: Value | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: _int = 1) -> Tensor: """True convolution (the kernel flipped in all its spatial dims) over 2 dims: `conv2d` of the flipped weight, whose arguments, shapes and errors these are."""
def convolve3d(input: Tensor, weight: Value, bias: Value | None = None, stride: Steps = 1, padding: Any = 0, dilation: Steps = 1, groups: _int = 1) -> Tensor: """True convolution (the kernel flipped in all its spatial dims) over 3 dims: `conv3d` of the flipped weight, whose arguments, shapes and errors these are."""
def cosine_embedding_loss(input1: Tensor, input2: Value, target: Value, margin: _float = 0, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean') -> Tensor: """L = mean of 1 − cos(x1, x2) where t = 1, of max(0, cos(x1, x2) − margin) where t = −1. (N, D), (N, D), (N) → () or (N); also (D), (D), (). Raises RuntimeError for other shapes."""
def cosine_similarity(x1: Tensor, x2: Value, dim: _int = 1, eps: _float = 1e-08) -> Tensor: """y = x1 · x2 / (max(‖x1‖, eps) · max(‖x2‖, eps)) along `dim`, the inputs broadcast. (*), (*) → (* without dim)"""
def cross_entropy(input: Tensor, target: Value, weight: Value | None = None, size_average: _bool | None = None, ignore_index: _int = -100, reduce: _bool | None = None, reduction: _str = 'mean', label_smoothing: _float = 0.0) -> Tensor: """L = −Σ w[t] · log softmax(input)[t] / Σ w[t], computed from logits without overflow."""
def dropout(input: Tensor, p: _float = 0.5, training: _bool = True, inplace: _bool = False) -> Tensor: """Inverted dropout: in training y = x · m / (1 − p), m ~ Bernoulli(1 − p) for each entry; at inference y = x. (*) → (*)"""
def dropout1d(input: Tensor, p: _float = 0.5, training: _bool = True, inplace: _bool = False) -> Tensor: """Inverted dropout of whole channels: one draw for each (sample, channel). (N, C, L) → (N, C, L)"""
def dropout2d(input: Tensor, p: _float = 0.5, training: _bool = True, inplace: _bool = False) -> Tensor: """Inverted dropout of whole channels: one draw for each (sample, channel). (N, C, H, W) → (N, C, H, W)"""
def dropout3d(input: Tensor, p: _float = 0.5, training: _bool = True, inplace: _bool = False) -> Tensor: """Inverted dropout of whole channels: one draw for each (sample, channel). (N, C, D, H, W) → (N, C, D, H, W)"""
def elu(input: Tensor, alpha: _float = 1.0, inplace: _bool = False) -> Tensor: """y = x if x > 0, else α (e^x − 1). (*) → (*) [Clevert et al. 2016]"""
def elu_(input: Tensor, alpha: _float = 1.0) -> Tensor: """`elu` in place."""
def embedding(input: Tensor, weight: Value, padding_idx: _int | None = None, max_norm: _float | None = None, norm_type: _float = 2.0, scale_grad_by_freq: _bool = False, sparse: _bool = False) -> Tensor: """y = weight[input]: the rows of the table that whole numbers name. (*), (V, D) → (*, D)"""
def embedding_bag(input: Tensor, weight: Value, offsets: Value | None = None, max_norm: _float | None = None, norm_type: _float = 2.0, scale_grad_by_freq: _bool = False, mode: _str = 'mean', sparse: _bool = False, per_sample_weights: Value | None = None, include_last_offset: _bool = False, padding_idx: _int | None = None) -> Tensor: """The "sum", "mean" or "max" of the rows that each bag of numbers names. (B, N), (V, D) → (B, D), or (N) with `offsets`"""
def feature_alpha_dropout(input: Tensor, p: _float = 0.5, training: _bool = False, inplace: _bool = False) -> Tensor: """`alpha_dropout` of whole channels. (N, C, *) → (N, C, *)"""
def fold(input: Tensor, output_size: Steps, kernel_size: Steps, dilation: Steps = 1, padding: Steps = 0, stride: Steps = 1) -> Tensor: """Columns added back into an image, overlaps summed: the adjoint of `unfold`. (N, C·KH·KW, windows) or (C·KH·KW, windows) → (N, C, *output_size)"""
def gaussian_nll_loss(input: Tensor, target: Value, var: Any, full: _bool = False, eps: _float = 1e-06, reduction: _str = 'mean') -> Tensor: """L = ½ mean (ln v + (input − target)²/v), v = max(var, eps); `full` adds ½ ln 2π. (*), (*) → () or (*)"""
def gelu(input: Tensor, approximate: _str = 'none') -> Tensor: """y = x Φ(x), Φ the normal distribution function; approximate='tanh': x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))). (*) → (*)"""
def global_avg_pool(input: Tensor) -> Tensor: """The average of each channel, as the head of GoogLeNet and ResNet. (N, C, *S) → (N, C) [Lin, Chen, Yan 2014]"""
def global_max_pool(input: Tensor) -> Tensor: """The maximum of each channel. (N, C, *S) → (N, C)"""
def glu(input: Tensor, dim: _int = -1) -> Tensor: """y = a · σ(b), a and b the halves of the input along `dim`. (*, 2n, *) → (*, n, *) [Dauphin et al. 2017]"""
def grid_sample(input: Tensor, grid: Value, mode: _str = 'bilinear', padding_mode: _str = 'zeros', align_corners: _bool | None = None) -> Tensor: """The image read at the places of a grid: (N, C, H, W), (N, H', W', 2) → (N, C, H', W'); with volumes (N, C, D, H, W), (…, 3) → (N, C, …)."""
def group_norm(input: Tensor, num_groups: _int, weight: Value | None = None, bias: Value | None = None, eps: _float = 1e-05) -> Tensor: """As layer norm, over the channels of each of `num_groups` groups and space. (N, C, *) → (N, C, *)"""
def gumbel_softmax(logits: Tensor, tau: _float = 1, hard: _bool = False, eps: _float = 1e-10, dim: _int = -1) -> Tensor: """y = softmax((logits + G) / tau) along `dim`, G drawn from the Gumbel distribution: a differentiable draw of a category."""
def hardshrink(input: Tensor, lambd: _float = 0.5) -> Tensor: """y = input where |input| > lambd, else 0. (*) → (*)"""
def hardsigmoid(input: Tensor, inplace: _bool = False) -> Tensor: """y = min(max(input + 3, 0), 6) / 6: sigmoid by straight lines. (*) → (*)"""
def hardswish(input: Tensor, inplace: _bool = False) -> Tensor: """y = input · min(max(input + 3, 0), 6) / 6: silu by straight lines. (*) → (*) [Howard et al. 2019]"""
def hardtanh(input: Tensor, min_val: _float = -1.0, max_val: _float = 1.0, inplace: _bool = False) -> Tensor: """y = min(max(input, min_val), max_val); the gradient on the bounds is 0. (*) → (*)"""
def hardtanh_(input: Tensor, min_val: _float = -1.0, max_val: _float = 1.0) -> Tensor: """`hardtanh` in place."""
def hinge_embedding_loss(input: Tensor, target: Value, margin: _float = 1.0, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean') -> Tensor: """L = mean of x where t = 1, of max(0, margin − x) where t = −1. (*), (*) → () or (*)"""
def huber_loss(input: Tensor, target: Value, reduction: _str = 'mean', delta: _float = 1.0, weight: Value | None = None) -> Tensor: """L = mean of d²/2 where d = |input − target| ≤ δ, else of δ (d − δ/2). (*), (*) → () or (*) [Huber 1964]"""
def instance_norm(input: Tensor, running_mean: Any = None, running_var: Any = None, weight: Value | None = None, bias: Value | None = None, use_input_stats: _bool = True, momentum: _float = 0.1, eps: _float = 1e-05) -> Tensor: """As batch norm, with μ and σ² of each sample and channel by itself. (N, C, *S) → (N, C, *S)"""
def interpolate(input: Tensor, size: _int | Sequence[_int] | None = None, scale_factor: _float | Sequence[_float] | None = None, mode: _str = 'nearest', align_corners: _bool | None = None, recompute_scale_factor: _bool | None = None, antialias: _bool = False) -> Tensor: """Maps of another size. (N, C, *S) → (N, C, *size), or ⌊S · scale_factor⌋ along each dim"""
def kl_div(input: Tensor, target: Value, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean', log_target: _bool = False) -> Tensor: """L = mean t (ln t − x) for log-probabilities x and probabilities t (with log_target: t = e^target). (*), (*) → () or (*)"""
def l1_loss(input: Tensor, target: Value, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean', weight: Value | None = None) -> Tensor: """L = (1/n) Σ |input − target|; with reduction 'sum' without 1/n, with 'none' the entries. (*), (*) → () or (*)"""
def layer_norm(input: Tensor, normalized_shape: Sequence[_int], weight: Value | None = None, bias: Value | None = None, eps: _float = 1e-05) -> Tensor: """y = (x − μ) / √(σ² + ε) · weight + bias, μ and σ² over the last dims, `normalized_shape`. (*) → (*)"""
def leaky_relu(input: Tensor, negative_slope: _float = 0.01, inplace: _bool = False) -> Tensor: """y = max(input, 0) + negative_slope · min(input, 0). (*) → (*) [Maas et al. 2013]"""
def leaky_relu_(input: Tensor, negative_slope: _float = 0.01) -> Tensor: """`leaky_relu` in place."""
def linear(input: Tensor, weight: Value, bias: Value | None = None) -> Tensor: """y = x · Wᵀ + b: the fully connected layer. (…, I), (O, I), (O) → (…, O)"""
def local_response_norm(input: Tensor, size: _int, alpha: _float = 0.0001, beta: _float = 0.75, k: _float = 1.0) -> Tensor: """y_c = x_c / (k + α/size · Σ x²)^β, summed over the `size` channels around c (from size // 2 before it). (N, C, *) → (N, C, *)"""
def log_softmax(input: Tensor, dim: _int | None = None, _stacklevel: _int = 3, dtype: Any = None) -> Tensor: """y = x − ln Σ e^x along `dim`. (*) → (*)"""
def logsigmoid(input: Tensor) -> Tensor: """y = ln σ(x) = min(x, 0) − ln(1 + e^−|x|), which does not underflow. (*) → (*)"""
def lp_pool1d(input: Tensor, norm_type: _float, kernel_size: Steps, stride: Steps | None = None, ceil_mode: _bool = False) -> Tensor: """(Σ x^p)^(1/p) of each window. (N, C, L) → (N, C, P)"""
def lp_pool2d(input: Tensor, norm_type: _float, kernel_size: Steps, stride: Steps | None = None, ceil_mode: _bool = False) -> Tensor: """(Σ x^p)^(1/p) of each window. (N, C, H, W) → (N, C, OH, OW)"""
def lp_pool3d(input: Tensor, norm_type: _float, kernel_size: Steps, stride: Steps | None = None, ceil_mode: _bool = False) -> Tensor: """(Σ x^p)^(1/p) of each window. (N, C, D, H, W) → (N, C, OD, OH, OW)"""
def margin_ranking_loss(input1: Tensor, input2: Value, target: Value, margin: _float = 0, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean') -> Tensor: """L = mean max(0, −t (x1 − x2) + margin): x1 ranks higher where t = 1, lower where t = −1. (*), (*), (*) → () or (*)"""
@overload
def max_pool1d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, return_indices: Literal[False] = ...) -> Tensor: """The maximum of each window; nan wins. (N, C, L) or (C, L) → (…, P), along each dim P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1"""
@overload
def max_pool1d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, *, return_indices: Literal[True]) -> tuple[Tensor, Tensor]: """The maximum of each window; nan wins. (N, C, L) or (C, L) → (…, P), along each dim P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1"""
@overload
def max_pool1d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, return_indices: _bool = ...) -> Any: """The maximum of each window; nan wins. (N, C, L) or (C, L) → (…, P), along each dim P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1"""
def max_pool1d_with_indices(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, return_indices: _bool = True) -> tuple[Tensor, Tensor]: """`max_pool1d` with `return_indices=True`: the maxima, and where they stood."""
@overload
def max_pool2d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, return_indices: Literal[False] = ...) -> Tensor: """The maximum of each window; nan wins. (N, C, H, W) or (C, H, W) → (…, OH, OW), along each dim P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1"""
@overload
def max_pool2d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, *, return_indices: Literal[True]) -> tuple[Tensor, Tensor]: """The maximum of each window; nan wins. (N, C, H, W) or (C, H, W) → (…, OH, OW), along each dim P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1"""
@overload
def max_pool2d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, return_indices: _bool = ...) -> Any: """The maximum of each window; nan wins. (N, C, H, W) or (C, H, W) → (…, OH, OW), along each dim P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1"""
def max_pool2d_with_indices(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, return_indices: _bool = True) -> tuple[Tensor, Tensor]: """`max_pool2d` with `return_indices=True`: the maxima, and where they stood."""
@overload
def max_pool3d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, return_indices: Literal[False] = ...) -> Tensor: """The maximum of each window; nan wins. (N, C, D, H, W) or (C, D, H, W) → (…, OD, OH, OW), along each dim P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1"""
@overload
def max_pool3d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, *, return_indices: Literal[True]) -> tuple[Tensor, Tensor]: """The maximum of each window; nan wins. (N, C, D, H, W) or (C, D, H, W) → (…, OD, OH, OW), along each dim P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1"""
@overload
def max_pool3d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, return_indices: _bool = ...) -> Any: """The maximum of each window; nan wins. (N, C, D, H, W) or (C, D, H, W) → (…, OD, OH, OW), along each dim P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1"""
def max_pool3d_with_indices(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1, ceil_mode: _bool = False, return_indices: _bool = True) -> tuple[Tensor, Tensor]: """`max_pool3d` with `return_indices=True`: the maxima, and where they stood."""
def max_unpool1d(input: Tensor, indices: Value, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, output_size: Sequence[_int] | None = None) -> Tensor: """Unpooling: each value is written where its maximum stood, zeros elsewhere. (N, C, P) twice → (N, C, L), S = (P − 1)·stride − 2·padding + kernel, or `output_size`."""
def max_unpool2d(input: Tensor, indices: Value, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, output_size: Sequence[_int] | None = None) -> Tensor: """Unpooling: each value is written where its maximum stood, zeros elsewhere. (N, C, OH, OW) twice → (N, C, H, W), S = (P − 1)·stride − 2·padding + kernel, or `output_size`."""
def max_unpool3d(input: Tensor, indices: Value, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, output_size: Sequence[_int] | None = None) -> Tensor: """Unpooling: each value is written where its maximum stood, zeros elsewhere. (N, C, OD, OH, OW) twice → (N, C, D, H, W), S = (P − 1)·stride − 2·padding + kernel, or `output_size`."""
def mish(input: Tensor, inplace: _bool = False) -> Tensor: """y = x tanh(ln(1 + e^x)). (*) → (*) [Misra 2019]"""
def mse_loss(input: Tensor, target: Value, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean', weight: Value | None = None) -> Tensor: """L = (1/n) Σ (input − target)²; with reduction 'sum' without 1/n, with 'none' the entries. (*), (*) → () or (*)"""
def multi_margin_loss(input: Tensor, target: Value, p: _int = 1, margin: _float = 1.0, weight: Value | None = None, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean') -> Tensor: """L = mean of (1/C) Σ_{c ≠ t} w[t] max(0, margin − x[t] + x[c])ᵖ, t the target's class. (N, C), (N) → () or (N); also (C), ()"""
def multilabel_margin_loss(input: Tensor, target: Value, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean') -> Tensor: """L = mean of (1/C) Σ_{t in targets} Σ_{c not in targets} max(0, 1 − x[t] + x[c]). (N, C), (N, C) → () or (N); also (C), (C)"""
def multilabel_soft_margin_loss(input: Tensor, target: Value, weight: Value | None = None, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean') -> Tensor: """L = mean of −(1/C) Σ_c w_c (t_c ln σ(x_c) + (1 − t_c) ln σ(−x_c)), the sum over the last dim. (*, C), (*, C) → () or (*)"""
def nll_loss(input: Tensor, target: Value, weight: Value | None = None, size_average: _bool | None = None, ignore_index: _int = -100, reduce: _bool | None = None, reduction: _str = 'mean') -> Tensor: """L = −Σ w[t] · input[t] / Σ w[t], for log-probabilities `input`. (N, C, d…), (N, d…) → () or (N, d…); also (C), () → ()"""
def normalize(input: Tensor, p: _float = 2.0, dim: _int = 1, eps: _float = 1e-12) -> Tensor: """x / max(‖x‖_p, eps) along `dim`. (*) → (*)"""
def one_hot(tensor: Tensor, num_classes: _int = -1) -> Tensor: """Class numbers as vectors with a single 1; as many classes as the largest number needs if `num_classes` is -1. (*) → (*, C)"""
def pad(input: Tensor, pad: Sequence[_int], mode: _str = 'constant', value: _float | None = None) -> Tensor: """Entries added around the tensor. `pad` counts from the last dim backwards: (left, right, top, bottom, …); negative crops."""
def pairwise_distance(x1: Tensor, x2: Value, p: _float = 2.0, eps: _float = 1e-06, keepdim: _bool = False) -> Tensor: """y = ‖x1 − x2 + eps‖_p over the last dim. (*, D), (*, D) → (*) or (*, 1)"""
def pdist(input: Tensor, p: _float = 2.0) -> Tensor: """The distances ‖x_i − x_j‖_p of all pairs i < j of rows, as a vector. (N, M) → (N(N − 1)/2)"""
def pixel_shuffle(input: Tensor, upscale_factor: _int) -> Tensor: """Channels become pixels: (*, C·r², H, W) → (*, C, H·r, W·r)."""
def pixel_unshuffle(input: Tensor, downscale_factor: _int) -> Tensor: """Pixels become channels, `pixel_shuffle` undone: (*, C, H·r, W·r) → (*, C·r², H, W)."""
def poisson_nll_loss(input: Tensor, target: Value, log_input: _bool = True, full: _bool = False, size_average: _bool | None = None, eps: _float = 1e-08, reduce: _bool | None = None, reduction: _str = 'mean') -> Tensor: """L = mean (e^x − t x), x the logarithm of the rate; with log_input=False mean (x − t ln(x + eps)), x the rate. (*), (*) → () or (*)"""
def prelu(input: Tensor, weight: Value) -> Tensor: """y = max(input, 0) + w_c · min(input, 0), one learned slope, or one for each channel c. (N, C, *), (C) or (1) → (N, C, *)"""
def relu(input: Tensor, inplace: _bool = False) -> Tensor: """y = max(0, input); the gradient at 0 is 0. (*) → (*) [Nair and Hinton 2010]"""
def relu6(input: Tensor, inplace: _bool = False) -> Tensor: """y = min(max(0, input), 6). (*) → (*) [Krizhevsky 2010]"""
def relu_(input: Tensor) -> Tensor: """`relu` in place."""
def rms_norm(input: Tensor, normalized_shape: Sequence[_int], weight: Value | None = None, eps: _float | None = None) -> Tensor: """y = x / √(mean(x²) + eps) · weight, the mean over the last dims, `normalized_shape`; eps is the dtype's own by default. (*) → (*)"""
def rrelu(input: Tensor, lower: _float = 0.125, upper: _float = 0.3333333333333333, training: _bool = False, inplace: _bool = False) -> Tensor: """y = input where positive, else a · input; a is drawn from [lower, upper) for each entry in training, and is the middle of the two otherwise. (*) → (*) [Xu et al. 2015]"""
def rrelu_(input: Tensor, lower: _float = 0.125, upper: _float = 0.3333333333333333, training: _bool = False) -> Tensor: """`rrelu` in place."""
def scaled_dot_product_attention(query: Tensor, key: Value, value: Value, attn_mask: Value | None = None, dropout_p: _float = 0.0, is_causal: _bool = False, *, scale: _float | None = None, enable_gqa: _bool = False) -> Tensor: """softmax(Q · Kᵀ · scale + mask) · V, scale = 1/√E by default. (*, L, E), (*, S, E), (*, S, V) → (*, L, V)"""
def selu(input: Tensor, inplace: _bool = False) -> Tensor: """y = λ (x if x > 0, else α (e^x − 1)), with the λ and α that keep mean 0 and variance 1. (*) → (*) [Klambauer et al. 2017]"""
def selu_(input: Tensor) -> Tensor: """`selu` in place."""
def sigmoid(input: Tensor) -> Tensor: """y = 1 / (1 + e^−input). (*) → (*)"""
def silu(input: Tensor, inplace: _bool = False) -> Tensor: """y = x σ(x), also called swish. (*) → (*) [Elfwing et al. 2017]"""
def smooth_l1_loss(input: Tensor, target: Value, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean', beta: _float = 1.0) -> Tensor: """L = mean of d²/(2β) where d = |input − target| < β, else of d − β/2; for β = 0 it is l1_loss. (*), (*) → () or (*)"""
def soft_margin_loss(input: Tensor, target: Value, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean') -> Tensor: """L = (1/n) Σ ln(1 + e^(−t x)) for targets t of 1 and −1. (*), (*) → () or (*)"""
def softmax(input: Tensor, dim: _int | None = None, _stacklevel: _int = 3, dtype: Any = None) -> Tensor: """y = e^x / Σ e^x along `dim`: positive, with sum 1. (*) → (*)"""
def softmin(input: Tensor, dim: _int | None = None, _stacklevel: _int = 3, dtype: Any = None) -> Tensor: """y = e^−x / Σ e^−x along `dim`: softmax of −input. (*) → (*)"""
def softplus(input: Tensor, beta: _float = 1, threshold: _float = 20) -> Tensor: """y = ln(1 + e^(βx)) / β, a smooth relu; y = x where βx > threshold, where it is equal in floating point. (*) → (*)"""
def softshrink(input: Tensor, lambd: _float = 0.5) -> Tensor: """y = input − lambd above lambd, input + lambd below −lambd, 0 between. (*) → (*)"""
def softsign(input: Tensor) -> Tensor: """y = x / (1 + |x|). (*) → (*)"""
def sum_pool1d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: _bool = False) -> Tensor: """The sum of each window. (N, C, L) or (C, L) → (…, P), with the sizes of `avg_pool1d`."""
def sum_pool2d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: _bool = False) -> Tensor: """The sum of each window. (N, C, H, W) or (C, H, W) → (…, OH, OW), with the sizes of `avg_pool2d`."""
def sum_pool3d(input: Tensor, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: _bool = False) -> Tensor: """The sum of each window. (N, C, D, H, W) or (C, D, H, W) → (…, OD, OH, OW), with the sizes of `avg_pool3d`."""
def tanh(input: Tensor) -> Tensor: """y = tanh input = (e^x − e^−x) / (e^x + e^−x). (*) → (*)"""
def tanhshrink(input: Tensor) -> Tensor: """y = input − tanh(input). (*) → (*)"""
def threshold(input: Tensor, threshold: _float, value: _float, inplace: _bool = False) -> Tensor: """y = input where input > threshold, else value. (*) → (*)"""
def threshold_(input: Tensor, threshold: _float, value: _float) -> Tensor: """`threshold` in place."""
def triplet_margin_loss(anchor: Tensor, positive: Value, negative: Value, margin: _float = 1.0, p: _float = 2, eps: _float = 1e-06, swap: _bool = False, size_average: _bool | None = None, reduce: _bool | None = None, reduction: _str = 'mean') -> Tensor: """L = mean max(0, d(anchor, positive) − d(anchor, negative) + margin), d the p-distance. 3 × (N, D) → () or (N)"""
def triplet_margin_with_distance_loss(anchor: Tensor, positive: Value, negative: Value, *, distance_function: Callable[[Any, Any], Any] | None = None, margin: _float = 1.0, swap: _bool = False, reduction: _str = 'mean') -> Tensor: """`triplet_margin_loss` with any function as distance; the pairwise distance if none is given."""
def unfold(input: Tensor, kernel_size: Steps, dilation: Steps = 1, padding: Steps = 0, stride: Steps = 1) -> Tensor: """Each window of the image as a column (im2col): what turns a convolution into a product of matrices. (N, C, H, W) or (C, H, W) → (N, C·KH·KW, windows)"""
def upsample(input: Tensor, size: Any = None, scale_factor: Any = None, mode: _str = 'nearest', align_corners: _bool | None = None) -> Tensor: """`interpolate` under its old name."""
def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor: """`interpolate` in mode "bilinear" with aligned corners, under its old name."""
def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor: """`interpolate` in mode "nearest", under its old name."""
