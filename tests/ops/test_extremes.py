"""Large, small and empty numbers: what mathematics keeps finite stays finite, in value and gradient, in both precisions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.nn import functional as F
from tests.kernels.backends import needs_onednn

BIG = [-1e4, -200.0, -1e-30, 0.0, 1e-30, 200.0, 1e4]
FINITE: dict[str, Callable[[Any], Any]] = {
    "sigmoid": ac.sigmoid,
    "tanh": ac.tanh,
    "softplus": F.softplus,
    "logsigmoid": F.logsigmoid,
    "silu": F.silu,
    "mish": F.mish,
    "gelu": F.gelu,
    "elu": F.elu,
    "selu": F.selu,
    "celu": F.celu,
    "hardswish": F.hardswish,
    "softmax": lambda x: x.softmax(0),
    "log_softmax": lambda x: x.log_softmax(0),
    "logsumexp": lambda x: x.logsumexp(0),
    "logcumsumexp": lambda x: x.logcumsumexp(0),
    "logaddexp": lambda x: ac.logaddexp(x, x.flip(0)),
    "hypot": lambda x: ac.hypot(x, x + 1),
    "softsign": F.softsign,
    "asinh": ac.asinh,
    "bce_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, (x > 0).to(x.dtype)),
    "bce_with_logits against": lambda x: F.binary_cross_entropy_with_logits(x, (x < 0).to(x.dtype)),
    "cross_entropy": lambda x: F.cross_entropy(x.unsqueeze(0), ac.tensor([2])),
    "smooth_l1": lambda x: F.smooth_l1_loss(x, x * 0),
    "huber": lambda x: F.huber_loss(x, x * 0),
    "soft_margin": lambda x: F.soft_margin_loss(x, x.sign()),
    "atan": ac.atan,
    "erf": ac.erf,
    "normalize": lambda x: F.normalize(x, dim=0),
    "layer_norm": lambda x: F.layer_norm(x, (7,)),
    "norm": lambda x: x.norm(),
}


@pytest.mark.parametrize("dtype", [ac.float32, ac.float64])
@pytest.mark.parametrize("name", FINITE)
def test_stays_finite(name: str, dtype: Any) -> None:
    x = ac.tensor(BIG, dtype=dtype, requires_grad=True)
    y = FINITE[name](x)
    assert y.isfinite().all(), f"{name}: {y}"
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all(), f"{name}: gradient {x.grad}"


def test_known_values_at_the_ends() -> None:
    x = ac.tensor([-1000.0, 1000.0], dtype=ac.float64)
    assert F.softplus(x).tolist() == [0.0, 1000.0]
    assert F.logsigmoid(x).tolist() == [-1000.0, 0.0]
    assert x.softmax(0).tolist() == [0.0, 1.0]
    assert x.log_softmax(0).tolist() == [-2000.0, 0.0]
    assert float(x.logsumexp(0)) == 1000.0
    assert math.isclose(float(F.binary_cross_entropy_with_logits(x, ac.tensor([1.0, 0.0], dtype=ac.float64))), 1000.0)
    assert ac.sigmoid(x).tolist() == [0.0, 1.0]
    assert ac.expm1(ac.tensor(1e-20, dtype=ac.float64)).item() == 1e-20
    assert ac.log1p(ac.tensor(1e-20, dtype=ac.float64)).item() == 1e-20


def test_all_infinite_and_empty() -> None:
    low = ac.full((3,), -math.inf)
    assert float(low.logsumexp(0)) == -math.inf
    assert float(ac.zeros(0).sum()) == 0.0
    assert float(ac.zeros(0).prod()) == 1.0
    assert math.isnan(float(ac.zeros(0).mean()))
    assert ac.zeros(0, 3).softmax(1).shape == (0, 3)
    with pytest.raises((RuntimeError, IndexError), match=r"dim|reduc|element|empty"):
        ac.zeros(0, 3).max(dim=0)
    x = ac.zeros(0, 3, requires_grad=True)
    (x.exp() @ ac.ones(3, 2)).sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (0, 3)


def test_subnormal_numbers_survive() -> None:
    tiny = float(np.finfo(np.float64).smallest_subnormal)
    x = ac.tensor([tiny], dtype=ac.float64)
    assert (x + 0).item() == tiny
    assert x.relu().item() == tiny


@pytest.mark.parametrize("dtype", [ac.float32, ac.float64])
def test_gelu_far_below_zero_is_nothing(dtype: Any) -> None:
    x = ac.tensor([-1e3, -1e4, -1e8, -30.0], dtype=dtype, requires_grad=True)
    for approximate in ("none", "tanh"):
        y = F.gelu(x, approximate=approximate)
        assert float(y.abs().max()) < 1e-150
    (g,) = ac.autograd.grad(F.gelu(x).sum(), x)
    assert float(g.abs().max()) < 1e-150


def test_gelu_of_float32_keeps_its_tail() -> None:
    x = np.float32([-1, -3, -5, -8, -11])
    right = [v * math.erfc(-v / math.sqrt(2)) / 2 for v in x.astype(float)]
    np.testing.assert_allclose(F.gelu(ac.from_numpy(x)).numpy(), right, rtol=3e-6)


def test_erf_of_float32_is_one_at_most_and_right_at_denormal_numbers() -> None:
    y = ac.erf(ac.linspace(3, 5, 100_001))
    assert float(y.max()) == 1.0
    assert float(ac.erf(ac.tensor(100.0))) == 1.0
    x = np.float32([1e-45, 1e-42, 1.2e-38, 1e-30])
    np.testing.assert_allclose(ac.erf(ac.from_numpy(x)).numpy(), x.astype(float) * 2 / math.sqrt(math.pi), rtol=1e-6, atol=1e-45)


@pytest.mark.parametrize("dtype", [ac.float32, ac.float64])
def test_sinc_near_zero(dtype: Any) -> None:
    """sinc x = 1 − π²x²/6 + π⁴x⁴/120 − …: its derivatives are told by the series."""
    x = ac.tensor([0.0, 1e-45, 1e-30, 1e-8, 1e-3, 0.01], dtype=dtype, requires_grad=True)
    (first,) = ac.autograd.grad(ac.sinc(x).sum(), x, create_graph=True)
    (second,) = ac.autograd.grad(first.sum(), x, create_graph=True)
    (third,) = ac.autograd.grad(second.sum(), x)
    p, v = math.pi**2, x.detach().numpy().astype(float)
    rtol = 1e-6 if dtype == ac.float32 else 1e-12
    np.testing.assert_allclose(
        first.detach().numpy(), -p * v / 3 + p * p * v**3 / 30 - p**3 * v**5 / 840 + p**4 * v**7 / 45360, rtol=rtol, atol=1e-44
    )
    np.testing.assert_allclose(second.detach().numpy(), -p / 3 + p * p * v**2 / 10 - p**3 * v**4 / 168 + p**4 * v**6 / 6480, rtol=rtol)
    np.testing.assert_allclose(third.numpy(), p * p * v / 5 - p**3 * v**3 / 42 + p**4 * v**5 / 1080, rtol=max(rtol, 1e-9), atol=1e-43)


def test_slopes_of_elu_far_below_zero() -> None:
    x = ac.tensor([-10.0, -30.0, -80.0], requires_grad=True)
    for fn, factor in ((F.elu, 1.0), (F.selu, 1.0507009873554804934 * 1.6732632423543772848), (lambda x: F.celu(x, 2.0), None)):
        (g,) = ac.autograd.grad(fn(x).sum(), x)
        at = x.detach().numpy().astype(float)
        np.testing.assert_allclose(g.numpy(), np.exp(at / 2) if factor is None else factor * np.exp(at), rtol=1e-5)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("onednn", marks=needs_onednn)])
@pytest.mark.parametrize("donated", [False, True])
def test_a_unit_that_is_off_stops_an_infinite_gradient(backend: str, donated: bool) -> None:
    """√max(x, 0): its slope is infinite at 0, and nothing of that goes on where x < 0; 1/(2√x) where x > 0."""
    x = ac.tensor(np.random.default_rng(0).standard_normal(20_000, dtype=np.float32), requires_grad=True)
    with ac.use_backend(backend):
        y = F.relu(x)
        if not donated:
            y.retain_grad()
        y.sqrt().sum().backward()
    assert x.grad is not None
    v = x.detach().numpy().astype(float)
    np.testing.assert_allclose(x.grad.numpy(), np.where(v > 0, 0.5 / np.sqrt(np.maximum(v, 1e-30)), 0), rtol=1e-5)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("onednn", marks=needs_onednn)])
def test_batch_norm_with_a_bias_alone(backend: str) -> None:
    rng = np.random.default_rng(0)
    image, kernel = (ac.tensor(rng.standard_normal(shape, dtype=np.float32)) for shape in ((2, 8, 24, 24), (8, 8, 3, 3)))
    bias = ac.tensor(rng.standard_normal(8, dtype=np.float32), requires_grad=True)
    with ac.use_backend(backend):
        y = F.batch_norm(F.conv2d(image.requires_grad_(), kernel, padding=1), None, None, None, bias, True)
        (y * y).sum().backward()
    assert bias.grad is not None
    np.testing.assert_allclose(bias.grad.numpy(), 2 * y.detach().numpy().sum((0, 2, 3), dtype=float), rtol=1e-4)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("onednn", marks=needs_onednn)])
@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 4), (0, 3, 4, 4), (2, 3, 0)])
def test_batch_norm_of_nothing(shape: Any, backend: str) -> None:
    w, b, x = ac.ones(3, requires_grad=True), ac.zeros(3, requires_grad=True), ac.zeros(*shape, requires_grad=True)
    mean, var = ac.zeros(3), ac.ones(3)
    with ac.use_backend(backend):
        F.batch_norm(x, mean, var, w, b, True).sum().backward()
    assert w.grad is not None
    assert b.grad is not None
    assert x.grad is not None
    assert w.grad.tolist() == b.grad.tolist() == [0.0, 0.0, 0.0]
    assert x.grad.shape == shape
    assert mean.tolist() == [0.0, 0.0, 0.0]
    assert var.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("size", [(5,), (5, 4), (3, 4, 5)])
@pytest.mark.parametrize(("batch", "channels", "outputs"), [(2, 0, 3), (0, 2, 3), (2, 2, 0), (0, 0, 3)])
def test_convolution_of_nothing_is_its_bias(batch: int, channels: int, outputs: int, size: Any) -> None:
    conv = getattr(F, f"conv{len(size)}d")
    for kernel, padding in ((1, 0), (3, 1), (3, 0)):
        x, w = ac.ones(batch, channels, *size, requires_grad=True), ac.ones(outputs, channels, *(kernel,) * len(size), requires_grad=True)
        bias = ac.arange(outputs, dtype=ac.float32).requires_grad_()
        for b in (bias, None):
            y = conv(x, w, b, padding=padding)
            assert y.shape[:2] == (batch, outputs)
            right = np.zeros(y.shape, np.float32) if b is None else np.zeros(y.shape) + np.arange(outputs).reshape(-1, *(1,) * len(size))
            np.testing.assert_array_equal(y.detach().numpy(), right)
            gx, gw = ac.autograd.grad(y.sum(), (x, w))
            assert not gx.numpy().any()
            assert not gw.numpy().any()


def test_running_sums_of_millions() -> None:
    x = np.random.default_rng(0).random(3_000_001, dtype=np.float32)
    np.testing.assert_allclose(ac.from_numpy(x).cumsum(0).numpy()[::9973], np.cumsum(x, dtype=np.float64)[::9973], rtol=1e-7)


def test_deviation_of_large_and_small_numbers() -> None:
    for size in (1e25, 1e-30, 1e-40):
        x = np.float32([1, 2, 3, 4]) * np.float32(size)
        np.testing.assert_allclose(float(ac.from_numpy(x).std()), x.astype(float).std(ddof=1), rtol=1e-5 if size > 1e-38 else 1e-3)
