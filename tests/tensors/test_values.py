"""Tensors as values: memory, versions, copies, pickles; and Scalar."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import Scalar
from autograd_cnn.testing import gradcheck, gradgradcheck


def test_deepcopy_of_a_leaf_is_its_own() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    y = copy.deepcopy(x)
    assert y.requires_grad
    assert y.grad is not None
    assert x.grad is not None
    assert y.grad.tolist() == x.grad.tolist()
    with ac.no_grad():
        y.mul_(10)
        y.grad.mul_(10)
    assert x.tolist() == [1.0, 2.0]
    assert x.grad.tolist() == [2.0, 4.0]


def test_deepcopy_keeps_shared_tensors_shared() -> None:
    x = ac.ones(2)
    a, b = copy.deepcopy([x, x])
    assert a is b


def test_only_leaves_are_copied_and_pickled() -> None:
    h = ac.ones(2, requires_grad=True) * 2
    with pytest.raises(RuntimeError, match=r"graph leaves.*detach\(\)\.clone\(\)"):
        copy.deepcopy(h)
    with pytest.raises(RuntimeError, match="only leaf tensors"):
        pickle.dumps(h)


@pytest.mark.parametrize("value", [ac.tensor(2.5), ac.tensor([[1, 2], [3, 4]]), ac.tensor([True]), ac.ones(2, 3).t(), ac.zeros(0, 3)])
def test_pickle_round_trip(value: Any) -> None:
    got = pickle.loads(pickle.dumps(value))
    assert got.dtype == value.dtype
    assert got.shape == value.shape
    assert ac.equal(got, value)


def test_pickle_keeps_requires_grad_and_the_class() -> None:
    p = pickle.loads(pickle.dumps(ac.nn.Parameter(ac.ones(2))))
    assert isinstance(p, ac.nn.Parameter)
    assert p.requires_grad
    assert p.is_leaf


def test_numpy_shares_memory_both_ways() -> None:
    array = np.zeros(3, np.float32)
    x = ac.from_numpy(array)
    array[0] = 5.0
    x[1] = 7.0
    assert x.tolist() == [5.0, 7.0, 0.0]
    assert array.tolist() == [5.0, 7.0, 0.0]
    assert np.shares_memory(x.numpy(), array)
    with pytest.raises(RuntimeError, match=r"Can't call numpy\(\) on Tensor that requires grad"):
        ac.ones(2, requires_grad=True).numpy()


def test_versions_count_writes_of_all_views() -> None:
    x = ac.zeros(4)
    v, w = x[:2], x.view(2, 2)
    x.add_(1)
    v.mul_(2)
    w[0, 0] = 3.0
    assert x._version == v._version == w._version == 3
    assert x.clone()._version == 0
    assert x.detach()._version == 3


def test_gradients_share_no_memory() -> None:
    x, z = ac.ones(3, requires_grad=True), ac.ones(3, requires_grad=True)
    (x + z).sum().backward()
    assert x.grad is not None
    assert z.grad is not None
    x.grad.mul_(5)
    assert z.grad.tolist() == [1.0, 1.0, 1.0]


def test_a_zero_dimensional_result_can_be_written_to() -> None:
    y = ac.ones(3).sum()
    y.add_(1)
    assert float(y) == 4.0
    y[...] = 2.0
    assert float(y) == 2.0


def test_switching_requires_grad_off_keeps_the_gradient() -> None:
    x = ac.ones(2, requires_grad=True)
    (x * 3).sum().backward()
    x.requires_grad_(False)
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 3.0]
    x.requires_grad_(True)
    (x * 3).sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


# ------------------------------------------------------------------------------------------------- Scalar
def test_scalar_expression_and_gradients() -> None:
    x, w, b = Scalar(2.0, "x"), Scalar(-3.0, "w"), Scalar(6.88, "b")
    n = x * w + b
    o = n.tanh()
    o.backward()
    slope = 1 - math.tanh(0.88) ** 2
    assert math.isclose(x.grad, -3 * slope, rel_tol=1e-9)
    assert math.isclose(w.grad, 2 * slope, rel_tol=1e-9)
    assert math.isclose(b.grad, slope, rel_tol=1e-9)


def test_scalar_accumulates_over_uses_and_calls() -> None:
    a = Scalar(3.0)
    (a + a * a).backward()
    assert a.grad == 7.0
    (a * 2).backward()
    assert a.grad == 9.0
    a.grad = None
    assert a.grad is None


def test_scalar_operators_agree_with_floats() -> None:
    x = Scalar(1.7)
    for got, want in (
        (x + 2, 3.7),
        (2 + x, 3.7),
        (x - 2, -0.3),
        (2 - x, 0.3),
        (x * 2, 3.4),
        (2 * x, 3.4),
        (x / 2, 0.85),
        (2 / x, 2 / 1.7),
        (x**2, 1.7**2),
        (2**x, 2**1.7),
        (-x, -1.7),
        (x.exp(), math.exp(1.7)),
        (x.log(), math.log(1.7)),
        (x.relu(), 1.7),
    ):
        assert math.isclose(got.item(), want, rel_tol=1e-12)
    assert x > 1
    assert x <= 1.7
    assert Scalar(2.0) == 2.0
    assert int(x) == 1


def test_scalar_derivatives_against_differences() -> None:
    x, y = Scalar(0.7, "x"), Scalar(1.9, "y")

    def fn(a: Any, b: Any) -> Any:
        return (a * b).tanh() + a**3 / b + (a - b).exp() * b.log()

    assert gradcheck(fn, (x, y), atol=1e-7, rtol=1e-7)


def test_scalar_second_derivative() -> None:
    x = Scalar(2.0)
    y = x**3
    y.backward(create_graph=True)
    g = x.grad
    x.grad = None
    g.backward()
    assert x.grad == pytest.approx(12.0)


def test_scalar_retains_hooks_and_detaches() -> None:
    x = Scalar(2.0)
    h = (x * 3).retain_grad()
    h.register_hook(lambda g: g * 10)
    (h * 2).backward()
    assert x.grad == 60.0
    assert h.grad == 20.0
    assert not h.detach().requires_grad
    with ac.no_grad():
        assert not (x * 2).requires_grad


def test_scalar_prints_and_refuses() -> None:
    assert repr(Scalar(2.0, "x")) == "Scalar(2, name='x')"
    assert "grad_fn=<MulBackward0>" in repr(Scalar(2.0) * 3)
    with pytest.raises(TypeError, match="expected a number, got str"):
        Scalar("x")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Scalar(1.0) + "x"
    with pytest.raises(RuntimeError, match=r"takes? a gradient|requires? grad"):
        Scalar(1.0, requires_grad=False).backward()


def test_scalar_backward_twice_is_allowed_and_freeing_is_too() -> None:
    x = Scalar(2.0)
    y = x * x
    y.backward()
    y.backward()
    assert x.grad == 8.0
    z = x * x
    z.backward(retain_graph=False)
    with pytest.raises(RuntimeError, match="second time"):
        z.backward()


def test_second_order_of_a_network_of_tensors() -> None:
    ac.manual_seed(0)
    w = ac.randn(3, 2, dtype=ac.float64, requires_grad=True)
    x = ac.randn(4, 3, dtype=ac.float64, requires_grad=True)
    assert gradgradcheck(lambda x, w: (x @ w).tanh().sum(1), (x, w), atol=1e-6, rtol=1e-6)
