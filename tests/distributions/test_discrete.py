"""Choices and counts: probabilities that sum to 1, the entropy they have, draws that come as often as they say."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import distributions as D
from autograd_cnn.tensors.tensor import wrap

DRAWS = 20_000
P = np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]])


def often(drawn: Any, p: Any) -> None:
    """Frequencies within five standard errors of their probabilities."""
    assert np.all(np.abs(drawn - p) <= 5 * np.sqrt(p * (1 - p) / DRAWS) + 1e-12)


# ------------------------------------------------------------------------------------------------- one or none
@pytest.mark.parametrize("p", [0.0, 0.05, 0.5, 0.9, 1.0])
def test_bernoulli(p: float) -> None:
    d = D.Bernoulli(ac.tensor(p, dtype=ac.float64))
    logs = d.log_prob(ac.tensor([0.0, 1.0], dtype=ac.float64)).value
    np.testing.assert_allclose(np.exp(logs), [1 - p, p], atol=1e-15)
    assert d.entropy().item() == pytest.approx(-sum(q * math.log(q) for q in (p, 1 - p) if q), abs=1e-13)
    assert d.mean.item() == p
    ac.manual_seed(1)
    x = d.sample((DRAWS,)).value
    assert set(np.unique(x)) <= {0.0, 1.0}
    often(x.mean(), np.array(p))


def test_logits_say_the_same_as_probabilities() -> None:
    p = np.array([0.1, 0.6])
    a, b = D.Bernoulli(wrap(p)), D.Bernoulli(logits=wrap(np.log(p / (1 - p))))
    np.testing.assert_allclose(a.probs.value, b.probs.value)
    np.testing.assert_allclose(a.logits.value, b.logits.value)
    c, d = D.Categorical(wrap(3 * P)), D.Categorical(logits=wrap(np.log(P) + 5))
    np.testing.assert_allclose(c.probs.value, P)
    np.testing.assert_allclose(d.probs.value, P)
    np.testing.assert_allclose(c.entropy().value, d.entropy().value)
    deep = np.stack([P, P[::-1], P])  # (3, 2, 3): the classes are the last dim, whatever stands before
    for made in (D.Categorical(wrap(2 * deep)), D.Categorical(logits=wrap(np.log(deep) - 1))):
        np.testing.assert_allclose(made.probs.value, deep)
        np.testing.assert_allclose(np.exp(made.logits.value), deep)


# ------------------------------------------------------------------------------------------------- one of several
def test_categorical() -> None:
    d = D.Categorical(wrap(P))
    logs = d.log_prob(ac.arange(3).unsqueeze(-1)).value  # (3, 1) against a batch of 2
    np.testing.assert_allclose(np.exp(logs), P.T, rtol=1e-12)
    np.testing.assert_allclose(d.entropy().value, -(P * np.log(P)).sum(-1), rtol=1e-12)
    np.testing.assert_allclose(d.perplexity().value, np.exp(-(P * np.log(P)).sum(-1)), rtol=1e-12)
    ac.manual_seed(2)
    x = d.sample((DRAWS // 2, 2)).value
    assert x.shape == (DRAWS // 2, 2, 2)
    assert x.dtype == np.int64
    for k, row in itertools.product(range(3), range(2)):
        often((x[..., row] == k).mean(), P[row, k])


@pytest.mark.parametrize("kind", [D.OneHotCategorical, D.OneHotCategoricalStraightThrough])
def test_one_hot(kind: Any) -> None:
    p = wrap(P.copy()).requires_grad_(True)
    d = kind(p)
    assert (d.batch_shape, d.event_shape) == ((2,), (3,))
    for k in range(3):
        one = np.zeros((2, 3))
        one[:, k] = 1
        np.testing.assert_allclose(np.exp(d.log_prob(wrap(one)).detach().value), P[:, k], rtol=1e-12)
    np.testing.assert_allclose(d.entropy().detach().value, -(P * np.log(P)).sum(-1), rtol=1e-12)
    ac.manual_seed(3)
    x = d.sample((DRAWS,))
    assert not x.requires_grad
    assert set(np.unique(x.value)) == {0.0, 1.0}
    assert np.all(x.value.sum(-1) == 1)
    often(x.value.mean(0), P)
    if d.has_rsample:
        x = d.rsample((4,))
        assert np.all(x.detach().value.sum(-1) == pytest.approx(1))
        u = np.random.default_rng(0).normal(size=(4, 2, 3))
        (g,) = ac.autograd.grad(x, p, wrap(u))
        s = u.sum(0)  # ∂ p/Σp: each row's gradient without its part along p
        np.testing.assert_allclose(g.value, s - (s * P).sum(-1, keepdims=True), rtol=1e-10, atol=1e-12)
    else:
        with pytest.raises(NotImplementedError, match="not differentiable"):
            d.rsample()


# ------------------------------------------------------------------------------------------------- counts
@pytest.mark.parametrize("p", [0.1, 0.5, 0.95])
def test_geometric(p: float) -> None:
    d = D.Geometric(ac.tensor(p, dtype=ac.float64))
    k = np.arange(600.0)
    q = np.exp(d.log_prob(wrap(k)).value)
    assert q.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(q[:20], (1 - p) ** k[:20] * p, rtol=1e-12)
    ac.manual_seed(4)
    x = d.sample((DRAWS,)).value
    assert x.min() == 0
    for n in range(4):
        often((x == n).mean(), q[n])
    assert abs(x.mean() - (1 - p) / p) < 5 * math.sqrt((1 - p) / p**2 / DRAWS)


# ------------------------------------------------------------------------------------------------- gradients, errors, forms
def test_the_gradient_of_the_log_probability() -> None:
    """∂ log p_k / ∂ logits = [k] − softmax, and for the shares themselves [k]/p − 1 where they sum to 1."""
    k = ac.tensor([2, 0])
    one = np.eye(3)[[2, 0]]
    logits = wrap(np.log(P)).requires_grad_(True)
    D.Categorical(logits=logits).log_prob(k).sum().backward()
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad.value, one - P, rtol=1e-12, atol=1e-14)
    shares = wrap(P.copy()).requires_grad_(True)
    D.Categorical(shares).log_prob(k).sum().backward()
    assert shares.grad is not None
    np.testing.assert_allclose(shares.grad.value, one / P - 1, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", [D.Bernoulli, D.Categorical, D.OneHotCategorical, D.Geometric])
def test_either_probabilities_or_logits(kind: Any) -> None:
    p = ac.tensor([0.5, 0.5])
    for given in ({}, {"probs": p, "logits": p}):
        with pytest.raises(ValueError, match="Either `probs` or `logits`"):
            kind(**given)


@pytest.mark.parametrize("shape", [(), (5,), (2, 3)])
def test_shapes_of_draws(shape: tuple[int, ...]) -> None:
    p = ac.full((4, 3), 1 / 3)
    for d, event in ((D.Bernoulli(p), ()), (D.Geometric(p), ()), (D.Categorical(p), ()), (D.OneHotCategorical(p), (3,))):
        batch = (4,) if isinstance(d, D.Categorical | D.OneHotCategorical) else (4, 3)
        assert d.sample(shape).shape == (*shape, *batch, *event) == d.extended_shape(shape)
        assert d.sample_n(2).shape == (2, *batch, *event)
    ac.manual_seed(0)
    first = D.Categorical(p).sample((8,)).tolist()
    ac.manual_seed(0)
    assert D.Categorical(p).sample((8,)).tolist() == first
