"""Elementwise operations, activations and comparisons: known values, special points, choices without branches, texts."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.reference.chunks import CHUNK, in_chunks
from autograd_cnn.kernels.reference.errorfunction import erf, erfc, erfinv
from autograd_cnn.ops.elementwise.select_bits import choose

from .test_reduce import grad

F = ac.nn.functional


def test_gradients_at_special_points() -> None:
    assert grad(lambda x: x.abs(), 0.0, -0.0) == [0, 0]
    assert grad(lambda x: x.relu(), 0.0, -1.0, 2.0) == [0, 0, 1]
    assert grad(lambda x: x.sqrt(), 0.0) == [math.inf]
    assert grad(lambda x: ac.maximum(x, ac.ones(1)), 1.0) == [0.5]
    assert grad(lambda x: x.clamp(-1, 1), -1.0, 1.0, 2.0) == [1, 1, 0]
    assert grad(lambda x: F.hardtanh(x), -1.0, 1.0, 0.5) == [0, 0, 1]
    assert grad(lambda x: x.atan2(ac.zeros(1)), 0.0) == [0]
    assert grad(lambda x: x.sinc(), 0.0) == [0]
    assert grad(lambda x: ac.where(x > 0, x.log(), x), 1.0, -1.0) == [1, 1]
    assert np.isnan(ac.tensor(math.nan).relu().item())


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_choices_without_branches_are_exact(dtype: type) -> None:
    rng = np.random.default_rng(0)
    for size in (10, 5000, 3 * CHUNK + 7):
        x, z = rng.standard_normal((2, size)).astype(dtype)
        x[:4] = z[4:8] = np.nan, np.inf, -np.inf, -0.0
        mask = rng.random(size) < 0.5
        for a, b in ((x, z), (x, 0.0), (0.0, z), (x, 1.5), (x[::-1], z)):
            got = choose(mask, a, b)
            assert got.dtype == dtype
            np.testing.assert_array_equal(got, np.where(mask, a, b).astype(dtype))
        assert choose(mask, x, z).base is None


def test_in_chunks_is_the_whole() -> None:
    x = np.random.default_rng(0).standard_normal((5, CHUNK - 3))
    for a in (x, x.T, x[:, ::2], x[0, :7]):
        np.testing.assert_array_equal(in_chunks(lambda v: np.exp(v) + v, a), np.exp(a) + a)
    assert in_chunks(lambda v: v > 0, x).dtype == bool


def test_error_functions() -> None:
    x = np.concatenate([np.linspace(-6, 6, 2001), np.linspace(-27, 27, 301)])
    exact = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(erf(x), exact, rtol=1e-15)
    np.testing.assert_allclose(erf(x.astype(np.float32)), np.array([math.erf(v) for v in x.astype(np.float32)]), rtol=6e-7)
    tails = np.array([math.erfc(v) for v in x])
    np.testing.assert_allclose(erfc(x)[tails > 1e-300], tails[tails > 1e-300], rtol=4e-15)
    y = np.linspace(-0.999, 0.999, 999)
    np.testing.assert_allclose(erf(erfinv(y)), y, rtol=1e-14, atol=1e-16)
    with np.errstate(all="ignore"):  # as the engine has it around kernels
        assert erfinv(np.array([1.0, -1.0])).tolist() == [math.inf, -math.inf]
        assert np.isnan(erfinv(np.array([1.5]))).all()
    assert np.isnan(erf(np.array([math.nan]))).all()


def test_inplace_writes_keep_the_gradient_right() -> None:
    for call in (
        lambda v: v.sin_(),
        lambda v: v.abs_().sqrt_(),
        lambda v: F.silu(v, True),
        lambda v: v.clamp_(-1, 1),
        lambda v: v.square_(),
    ):
        x = ac.tensor([0.3, -0.7, 1.9], dtype=ac.float64, requires_grad=True)
        z = x.detach().clone().requires_grad_()
        y = x * 2
        call(y)
        y.sum().backward()
        eps = 1e-6
        for i in range(3):
            up, down = (z.detach().clone() for _ in range(2))
            up[i] += eps
            down[i] -= eps
            slope = (call(up * 2).sum() - call(down * 2).sum()).item() / (2 * eps)
            assert x.grad is not None
            assert x.grad[i].item() == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_an_inplace_relu_keeps_one_copy() -> None:
    x = ac.randn(3, requires_grad=True)
    y = x * 1
    F.relu(y, inplace=True)
    assert y.node is not None
    assert y.node.kept[0] is y.value
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_promotion() -> None:
    assert ac.exp(ac.tensor([1, 2])).dtype == np.float32
    assert ac.where(ac.tensor([True]), 1, 2).dtype == np.int64
    assert ac.where(ac.tensor([True]), 1.0, 2).dtype == np.float32
    assert ac.maximum(ac.tensor([1]), ac.tensor([1.5])).dtype == np.float32
    assert ac.remainder(ac.tensor([5]), 1.5).dtype == np.float32


def test_texts() -> None:
    x = ac.ones(3)
    with pytest.raises(
        RuntimeError, match=r"where: expected condition to be a boolean tensor, got a tensor with dtype float32. Use condition.bool"
    ):
        ac.where(x, x, x)
    with pytest.raises(TypeError, match="where: expected both input and other, or neither"):
        ac.where(x > 0, x)
    with pytest.raises(RuntimeError, match="At least one of 'min' or 'max' must not be None"):
        x.clamp()
    with pytest.raises(TypeError, match="clamp: expected min to be a number or a Tensor, got str"):
        x.clamp("0")
    with pytest.raises(RuntimeError, match="ZeroDivisionError: remainder expected a divisor without zeros"):
        ac.tensor([1]) % 0
    with pytest.raises(NotImplementedError, match='"bitwise_and" not implemented'):
        x & x
    with pytest.raises(RuntimeError, match=r"Halving dimension must be even, but dimension 0 is size 3 in glu"):
        F.glu(x)
    with pytest.raises(RuntimeError, match="Found parameter numbers = 2 and channel size = 3"):
        F.prelu(ac.ones(2, 3), ac.ones(2))
    with pytest.raises(RuntimeError, match="elu_: expected alpha >= 0 in place, got -1"):
        F.elu(x, -1.0, inplace=True)
    with pytest.raises(RuntimeError, match="lerp: expected dtype Float"):
        ac.lerp(x, ac.ones(3, dtype=ac.float64), 0.5)
    with pytest.raises(RuntimeError, match="isclose: expected two tensors of one dtype"):
        ac.isclose(x, ac.ones(3, dtype=ac.float64))
    with pytest.warns(UserWarning, match="Implicit dimension choice for log_softmax has been deprecated"):
        F.log_softmax(x)


def test_scalars_do_the_same() -> None:
    x = ac.Scalar(0.5)
    y = x.exp() + x.sin().tanh() + x.sigmoid().log() + x.relu().sqrt() + x.abs()
    y.backward()
    t = ac.tensor(0.5, dtype=ac.float64, requires_grad=True)
    (t.exp() + t.sin().tanh() + t.sigmoid().log() + t.relu().sqrt() + t.abs()).backward()
    assert t.grad is not None
    assert x.grad == pytest.approx(t.grad.item(), rel=1e-12)
    assert ac.Scalar(-1.0).log().value != ac.Scalar(-1.0).log().value
    assert ac.Scalar(1000.0).exp().value == math.inf
    assert ac.where(ac.Scalar(1.0) > 0, x, 0.0).value == 0.5
