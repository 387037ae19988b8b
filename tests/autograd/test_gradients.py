"""`grad` and `backward`: against complex steps through NumPy, and what is accumulated, kept and refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import autograd
from autograd_cnn.tensors.tensor import wrap

from . import complex_step

rng = np.random.default_rng(1)


def leaf(*values: float) -> Any:
    return ac.tensor(values, dtype=ac.float64, requires_grad=True)


def network(m: Any, x: Any, w: Any, b: Any) -> Any:
    """The same in both worlds: values meet again, broadcast, and are used twice."""
    h = m.tanh(x @ w + b)
    y = h * m.exp(-(h * h)) + h[:1] * b
    return (m.sin(y) / (2 + y * y)).sum() + (w * w).sum() * b.sum()


@pytest.mark.parametrize("seed", range(5))
def test_grad_is_the_derivative(seed: int) -> None:
    r = np.random.default_rng(seed)
    xs = [r.normal(size=s) for s in ((3, 2), (2, 4), (4,))]
    leaves = [wrap(x.copy()).requires_grad_(True) for x in xs]
    found = autograd.grad(network(ac, *leaves), leaves)
    network(ac, *leaves).backward()
    for by, (g, x) in enumerate(zip(found, leaves, strict=True)):
        np.testing.assert_allclose(g.value, complex_step.jacobian(lambda *v: network(np, *v), xs, by), rtol=1e-11, atol=1e-12)
        np.testing.assert_array_equal(x.grad.value, g.value)  # what grad returns, backward accumulates


def test_derivatives_of_every_order() -> None:
    """Of x⁶ and of sin x: the same number of times by `grad` of `grad`."""
    x = leaf(0.7)
    y, z = x**6, x.sin()
    for order in range(1, 7):
        (y,) = autograd.grad(y, x, ac.ones_like(y), create_graph=True)
        (z,) = autograd.grad(z, x, ac.ones_like(z), create_graph=True)
        assert y.item() == pytest.approx(math.perm(6, order) * 0.7 ** (6 - order), rel=1e-13)
        assert z.item() == pytest.approx(math.sin(0.7 + order * math.pi / 2), rel=1e-13)


def test_grad_leaves_nothing_behind_and_backward_adds_up() -> None:
    x = leaf(1.0, 2.0)
    autograd.grad((x * x).sum(), x)
    assert x.grad is None
    autograd.backward((x * x).sum())
    autograd.backward([(x * 3).sum(), x], [None, ac.tensor([1.0, 10.0], dtype=ac.float64)])
    assert x.grad.tolist() == [2 + 3 + 1, 4 + 3 + 10]


def test_backward_to_some_inputs_only() -> None:
    x, y = leaf(1.0), leaf(2.0)
    h = x * y
    autograd.backward((h * h).sum(), inputs=[x])
    assert x.grad.tolist() == [8]
    assert y.grad is None


def test_gradients_of_what_lies_between() -> None:
    x = leaf(2.0)
    h = x**2
    y = (h.exp() + x).sum()
    gh, gx = autograd.grad(y, [h, x])
    assert gh.item() == pytest.approx(math.exp(4))
    assert gx.item() == pytest.approx(4 * math.exp(4) + 1)


def test_gradients_of_outputs_are_linear() -> None:
    x = leaf(*rng.normal(size=3))
    u, v = (ac.tensor(rng.normal(size=3)) for _ in range(2))
    a, b, both = (autograd.grad(x.tanh(), x, g)[0].value for g in (u, v, 2 * u - 3 * v))
    np.testing.assert_allclose(both, 2 * a - 3 * b, rtol=1e-12)
    y, z = x * x, x.sin()
    together = autograd.grad([y, z], x, [u, v])[0].value
    np.testing.assert_allclose(together, 2 * x.detach().value * u.value + np.cos(x.detach().value) * v.value, rtol=1e-12)


def test_gradients_in_a_batch_are_those_one_by_one() -> None:
    x = leaf(*rng.normal(size=3))
    y = x.exp() * x.sum()
    many = ac.tensor(rng.normal(size=(4, 3)))
    (batched,) = autograd.grad(y, x, many, is_grads_batched=True, retain_graph=True)
    for g, row in zip(batched, many, strict=True):
        np.testing.assert_allclose(g.value, autograd.grad(y, x, row, retain_graph=True)[0].value, rtol=1e-12)


def test_what_is_not_used() -> None:
    x, y = leaf(1.0), leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="allow_unused"):
        autograd.grad(x * 2, [x, y])
    assert autograd.grad(x * 2, [x, y], allow_unused=True)[1] is None
    assert autograd.grad(x * 2, [x, y], materialize_grads=True)[1].tolist() == [0, 0]


def test_a_graph_is_walked_once_unless_it_is_kept() -> None:
    x = leaf(3.0)
    y = x**2
    first = [autograd.grad(y, x, retain_graph=True)[0].item() for _ in range(2)]
    assert first == [6, 6]
    autograd.grad(y, x)
    with pytest.raises(RuntimeError, match="second time"):
        autograd.grad(y, x)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda x: autograd.grad(x.detach(), x), "does not require grad"),
        (lambda x: autograd.grad(x * 2, x), "only for scalar outputs"),
        (lambda x: autograd.grad((x * 2).sum(), x.detach()), "One of the differentiated Tensors does not require grad"),
        (lambda x: autograd.grad(x * 2, x, ac.ones(3, dtype=ac.float64)), "Mismatch in shape"),
        (lambda x: autograd.backward(x * 2), "only for scalar outputs"),
    ],
)
def test_what_is_refused(wrong: Any, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        wrong(leaf(1.0, 2.0))


def test_the_old_name_of_a_tensor_shares_its_memory() -> None:
    x = ac.zeros(2)
    v = autograd.Variable(x, requires_grad=True)
    assert v.requires_grad
    assert not x.requires_grad
    (v * ac.tensor([2.0, 3.0])).sum().backward()
    assert v.grad is not None
    assert v.grad.tolist() == [2, 3]
    x[0] = 5
    assert v.tolist() == [5, 0]
