"""The kernels against PyTorch: random cases of convolution, pooling and normalisation, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_cnn.kernels.reference import averaging, convolution, normalization, pooling

torch = pytest.importorskip("torch")
F = torch.nn.functional

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVG = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
UNPOOL = {1: F.max_unpool1d, 2: F.max_unpool2d, 3: F.max_unpool3d}
ADAPTIVE_AVG = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}
ADAPTIVE_MAX = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}

SEEDS = range(40)


def leaf(x: np.ndarray) -> torch.Tensor:
    return torch.tensor(x, requires_grad=True)


def same(found: np.ndarray, wanted: torch.Tensor, tolerance: float = 1e-11) -> None:
    expected = wanted.detach().numpy()
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


class Draw:
    """The choices of one random case."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.dims = 1 + seed % 3

    def one(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def each(self, low: int, high: int) -> tuple[int, ...]:
        return tuple(self.one(low, high) for _ in range(self.dims))

    def array(self, *shape: int) -> np.ndarray:
        return self.rng.standard_normal(shape)


@pytest.mark.parametrize("seed", SEEDS)
def test_convolution(seed: int) -> None:
    draw = Draw(seed)
    kernel, stride, dilation, padding = draw.each(1, 4), draw.each(1, 3), draw.each(1, 2), draw.each(0, 3)
    size = tuple(max(1, d * (k - 1) + 1 - 2 * p + e) for d, k, p, e in zip(dilation, kernel, padding, draw.each(0, 6), strict=True))
    groups, inputs, outputs = draw.one(1, 3), draw.one(1, 3), draw.one(1, 4)
    x = draw.array(draw.one(1, 9), groups * inputs, *size)
    w = draw.array(groups * outputs, inputs, *kernel)
    b = draw.array(groups * outputs)
    leaves = leaf(x), leaf(w)
    wanted = CONV[draw.dims](*leaves, torch.tensor(b), stride, padding, dilation, groups)
    rest = (stride, padding, dilation, groups)
    same(convolution.conv_forward(x, w, *rest, bias=b), wanted)
    g = draw.array(*wanted.shape)
    gx, gw = torch.autograd.grad(wanted, leaves, torch.tensor(g))
    same(convolution.conv_input_adjoint(g, w, x.shape, *rest), gx)
    same(convolution.conv_weight_adjoint(g, x, w.shape, *rest), gw)


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "rest"),
    [
        ((64, 1, 28, 28), (6, 1, 5, 5), (1, 2, 1, 1)),
        ((64, 6, 14, 14), (16, 6, 5, 5), (1, 0, 1, 1)),
        ((64, 16, 5, 5), (120, 16, 5, 5), (1, 0, 1, 1)),
        ((4, 32, 28, 28), (32, 32, 3, 3), (1, 1, 1, 1)),
        ((2, 3, 64, 64), (16, 3, 7, 7), (2, 3, 1, 1)),
        ((4, 32, 14, 14), (32, 1, 3, 3), (2, 1, 1, 32)),
        ((4, 32, 14, 14), (64, 32, 1, 1), (2, 0, 1, 1)),
    ],
)
def test_convolution_in_single_precision(x_shape: tuple, w_shape: tuple, rest: tuple) -> None:
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(s).astype(np.float32) for s in (x_shape, w_shape))
    leaves = leaf(x), leaf(w)
    wanted = F.conv2d(*leaves, None, *rest)
    same(convolution.conv_forward(x, w, *rest), wanted, 2e-4)
    g = rng.standard_normal(wanted.shape).astype(np.float32)
    gx, gw = torch.autograd.grad(wanted, leaves, torch.tensor(g))
    same(convolution.conv_input_adjoint(g, w, x.shape, *rest), gx, 2e-4)
    scale = float(gw.abs().max())
    same(convolution.conv_weight_adjoint(g, x, w.shape, *rest) / scale, gw / scale, 2e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_max_pool(seed: int) -> None:
    draw = Draw(seed)
    kernel, dilation, ceil_mode = draw.each(1, 4), draw.each(1, 2), bool(seed % 2)
    stride = kernel if seed % 5 == 0 else draw.each(1, 3)
    padding = tuple(draw.one(0, k // 2) for k in kernel)
    size = tuple(d * (k - 1) + 1 + e for d, k, e in zip(dilation, kernel, draw.each(0, 6), strict=True))
    x = np.round(draw.array(2, 3, *size))  # whole numbers tie
    if seed % 4 == 0:
        x[draw.rng.random(x.shape) < 0.1] = np.nan
    if seed % 4 == 1:
        x[draw.rng.random(x.shape) < 0.6] = -np.inf
    tensor = leaf(x)
    wanted, places = MAX[draw.dims](tensor, kernel, stride, padding, dilation, ceil_mode, return_indices=True)
    y, indices = pooling.max_pool_forward(x, kernel, stride, padding, dilation, ceil_mode)
    same(y, wanted, 0)
    same(indices, places, 0)
    g = draw.array(*y.shape)
    (gx,) = torch.autograd.grad(wanted, tensor, torch.tensor(g))
    same(pooling.max_pool_adjoint(g, indices, x.shape), gx)


@pytest.mark.parametrize("seed", SEEDS)
def test_unpool(seed: int) -> None:
    draw = Draw(seed)
    x = draw.array(2, 3, *(2 * n for n in draw.each(1, 4)))
    y, indices = pooling.max_pool_forward(x, 2)
    wanted = UNPOOL[draw.dims](torch.tensor(y), torch.tensor(indices), 2)
    same(pooling.unpool_forward(y, indices, x.shape), wanted, 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_avg_pool(seed: int) -> None:
    draw = Draw(seed)
    kernel, stride = draw.each(1, 4), draw.each(1, 4)
    padding = tuple(draw.one(0, k // 2) for k in kernel)
    size = tuple(k + e for k, e in zip(kernel, draw.each(0, 6), strict=True))
    modes = bool(seed & 1), bool(seed & 2)
    override = (3,) if seed % 5 == 0 and draw.dims > 1 else ()
    x = draw.array(2, 3, *size)
    tensor = leaf(x)
    wanted = AVG[draw.dims](tensor, kernel, stride, padding, *modes, *override)
    divisor = averaging.avg_divisor(size, kernel, stride, padding, *modes, *override)
    same(averaging.sum_pool_forward(x, kernel, stride, padding, modes[0]) / divisor, wanted)
    g = draw.array(*wanted.shape)
    (gx,) = torch.autograd.grad(wanted, tensor, torch.tensor(g))
    same(averaging.sum_pool_adjoint(g / divisor, x.shape, kernel, stride, padding, modes[0]), gx)


@pytest.mark.parametrize("seed", SEEDS)
def test_adaptive_pools(seed: int) -> None:
    draw = Draw(seed)
    x, out = draw.array(2, 3, *draw.each(1, 9)), draw.each(1, 7)
    tensor = leaf(x)
    wanted = ADAPTIVE_AVG[draw.dims](tensor, out)
    same(averaging.adaptive_avg_pool_forward(x, out), wanted)
    g = draw.array(*wanted.shape)
    (gx,) = torch.autograd.grad(wanted, tensor, torch.tensor(g))
    same(averaging.adaptive_avg_pool_adjoint(g, x.shape), gx)
    x = np.round(x)
    if seed % 3 == 0:
        x[draw.rng.random(x.shape) < 0.1] = np.nan
    wanted, places = ADAPTIVE_MAX[draw.dims](torch.tensor(x), out, return_indices=True)
    y, indices = pooling.adaptive_max_pool_forward(x, out)
    same(y, wanted, 0)
    same(indices, places, 0)


@pytest.mark.parametrize("seed", range(10))
def test_normalisation(seed: int) -> None:
    draw = Draw(seed)
    x = draw.array(3, draw.one(1, 7), *draw.each(1, 4)) + 5
    channels = x.shape[1]
    weight, bias = draw.array(channels), draw.array(channels)
    leaves = leaf(x), leaf(weight), leaf(bias)
    wanted = F.batch_norm(leaves[0], None, None, leaves[1], leaves[2], True)
    y, mean, _, invstd = normalization.batch_norm_forward(x, weight, bias, 1e-5)
    same(y, wanted)
    g = draw.array(*x.shape)
    gradients = torch.autograd.grad(wanted, leaves, torch.tensor(g))
    for found, gradient in zip(normalization.batch_norm_adjoint(g, x, weight, mean, invstd), gradients, strict=True):
        same(found, gradient, 1e-9)
    arguments = (draw.one(1, channels + 2), 0.3, (0.75, 0.5, 1.3)[seed % 3])
    wanted = F.local_response_norm(leaves[0], *arguments, 2.0)
    y, base = normalization.local_response_norm_forward(x, *arguments, 2.0)
    same(y, wanted)
    (gx,) = torch.autograd.grad(wanted, leaves[0], torch.tensor(g))
    same(normalization.local_response_norm_adjoint(g, x, base, *arguments), gx)
