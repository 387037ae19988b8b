"""Distributions of vectors, and functions that densities are seen through."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import distributions as D
from autograd_cnn.tensors.tensor import wrap

from .quadrature import plane

DRAWS = 20_000
LOC, LOWER = np.array([0.5, -1.0]), np.array([[1.2, 0.0], [-0.7, 0.5]])
COVARIANCE = LOWER @ LOWER.T

FORMS: dict[str, Callable[[], Any]] = {
    "by its covariance": lambda: D.MultivariateNormal(wrap(LOC), covariance_matrix=wrap(COVARIANCE)),
    "by its precision": lambda: D.MultivariateNormal(wrap(LOC), precision_matrix=wrap(np.linalg.inv(COVARIANCE))),
    "by its root": lambda: D.MultivariateNormal(wrap(LOC), scale_tril=wrap(LOWER)),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_normal_distribution_of_vectors(name: str) -> None:
    d = FORMS[name]()
    z, weight = plane()
    x = LOC + z @ LOWER.T  # the grid where the density is
    p = np.exp(d.log_prob(wrap(x)).value)
    weight *= abs(np.linalg.det(LOWER))
    assert p.sum() * weight == pytest.approx(1, rel=1e-12)
    np.testing.assert_allclose((p[:, None] * x).sum(0) * weight, LOC, rtol=1e-11)
    away = x - LOC
    np.testing.assert_allclose((p[:, None, None] * away[:, :, None] * away[:, None]).sum(0) * weight, COVARIANCE, rtol=1e-11)
    assert d.entropy().item() == pytest.approx(-(p * np.log(p)).sum() * weight, rel=1e-11)
    np.testing.assert_allclose(d.covariance_matrix.value, COVARIANCE, rtol=1e-12)
    np.testing.assert_allclose(d.variance.value, np.diag(COVARIANCE), rtol=1e-12)
    np.testing.assert_allclose(d.stddev.value, np.sqrt(np.diag(COVARIANCE)), rtol=1e-12)


@pytest.mark.parametrize("how", ["sample", "rsample"])
def test_draws_of_vectors(how: str) -> None:
    ac.manual_seed(6)
    x = getattr(FORMS["by its covariance"](), how)((DRAWS,)).value
    assert x.shape == (DRAWS, 2)
    white = np.linalg.solve(LOWER, (x - LOC).T)  # independent, of mean 0 and variance 1
    assert np.abs(white.mean(1)).max() < 5 / math.sqrt(DRAWS)
    second = white @ white.T / DRAWS
    assert np.abs(second - np.eye(2)).max() < 5 * math.sqrt(2 / DRAWS)


def test_batches_of_vectors() -> None:
    loc, lower = np.stack([LOC, LOC + 1, LOC - 1]), np.stack([LOWER, 2 * LOWER, LOWER])
    d = D.MultivariateNormal(wrap(loc), scale_tril=wrap(lower))
    assert (d.batch_shape, d.event_shape) == ((3,), (2,))
    assert d.sample((4,)).shape == (4, 3, 2)
    x = np.random.default_rng(0).normal(size=(5, 3, 2))
    for k in range(3):
        one = D.MultivariateNormal(wrap(loc[k]), scale_tril=wrap(lower[k]))
        np.testing.assert_allclose(d.log_prob(wrap(x)).value[:, k], one.log_prob(wrap(x[:, k])).value, rtol=1e-12)


def test_independent_adds_up() -> None:
    loc, scale = np.random.default_rng(1).uniform(0.5, 2, (2, 3, 4, 2))
    base = D.Normal(wrap(loc), wrap(scale))
    x = np.random.default_rng(2).normal(size=(5, 3, 4, 2))
    each = -((x - loc) ** 2) / (2 * scale**2) - np.log(scale) - 0.5 * math.log(2 * math.pi)
    for n in range(4):
        d = D.Independent(base, n)
        assert (d.batch_shape, d.event_shape) == ((3, 4, 2)[: 3 - n], (3, 4, 2)[3 - n :])
        np.testing.assert_allclose(d.log_prob(wrap(x)).value, each.sum(tuple(range(4 - n, 4))), rtol=1e-12)
        entropies = 0.5 + 0.5 * math.log(2 * math.pi) + np.log(scale)
        np.testing.assert_allclose(d.entropy().value, entropies.sum(tuple(range(3 - n, 3))), rtol=1e-12)
        assert d.sample((2,)).shape == d.rsample((2,)).shape == (2, 3, 4, 2)
        assert (d.mean is base.mean, d.stddev is base.stddev) == (True, True)
    with pytest.raises(ValueError, match="reinterpreted_batch_ndims"):
        D.Independent(base, 4)


@pytest.mark.parametrize("temperature", [0.8, 1.5])
def test_a_soft_choice(temperature: float) -> None:
    """Its density on the simplex, in the coordinates t of softmax(t₁, t₂, 0), where dx = x₁ x₂ x₃ dt; its draws choose as often as p says."""
    p = np.array([0.2, 0.5, 0.3])
    d = D.RelaxedOneHotCategorical(ac.tensor(temperature, dtype=ac.float64), wrap(p))
    t, weight = plane(40.0, 401)
    e = np.exp(np.concatenate([t, np.zeros((len(t), 1))], -1))
    x = e / e.sum(-1, keepdims=True)
    assert (np.exp(d.log_prob(wrap(x)).value) * x.prod(-1)).sum() * weight == pytest.approx(1, rel=1e-6)
    ac.manual_seed(7)
    drawn = d.rsample((DRAWS,)).value
    np.testing.assert_allclose(drawn.sum(-1), 1, rtol=1e-12)
    chosen = np.bincount(drawn.argmax(-1), minlength=3) / DRAWS
    assert np.abs(chosen - p).max() < 5 * math.sqrt(0.25 / DRAWS)


# ------------------------------------------------------------------------------------------------- functions
TRANSFORMS: dict[str, tuple[Any, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (D.ExpTransform(), np.exp, np.exp),
    "affine": (D.AffineTransform(2.0, -0.5), lambda x: 2 - 0.5 * x, lambda x: 0 * x - 0.5),
    "sigmoid": (D.SigmoidTransform(), lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "tanh": (D.TanhTransform(), np.tanh, lambda x: 1 / np.cosh(x) ** 2),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_function_its_inverse_and_its_slope(name: str) -> None:
    f, known, slope = TRANSFORMS[name]
    x = np.linspace(-3, 3, 13)
    y = f(wrap(x))
    np.testing.assert_allclose(y.value, known(x), rtol=1e-12)
    np.testing.assert_allclose(f.inv(y).value, x, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(f.log_abs_det_jacobian(wrap(x), y).value, np.log(np.abs(slope(x))), rtol=1e-9, atol=1e-12)


def test_functions_of_vectors_add_their_slopes() -> None:
    base = D.Independent(D.Normal(wrap(LOC), wrap(np.ones(2))), 1)
    d = D.TransformedDistribution(base, [D.TanhTransform(), D.AffineTransform(0.0, 3.0)])
    ac.manual_seed(8)
    x = d.rsample((6,))
    assert x.shape == (6, 2)
    z = np.arctanh(x.value / 3)
    meant = (-((z - LOC) ** 2) / 2 - 0.5 * math.log(2 * math.pi) - np.log(3 * (1 - np.tanh(z) ** 2))).sum(-1)
    np.testing.assert_allclose(d.log_prob(x).value, meant, rtol=1e-10)


def test_what_is_refused() -> None:
    eye = ac.eye(2)
    with pytest.raises(ValueError, match="Exactly one of"):
        D.MultivariateNormal(ac.zeros(2))
    with pytest.raises(ValueError, match="Exactly one of"):
        D.MultivariateNormal(ac.zeros(2), eye, scale_tril=eye)
    with pytest.raises(ValueError, match="positive scale"):
        D.Normal(ac.zeros(2), ac.tensor([1.0, 0.0]))
    for call in (D.Distribution().rsample, D.Distribution().sample, D.Distribution().entropy, lambda: D.Distribution().log_prob(1.0)):
        with pytest.raises(NotImplementedError, match="Distribution"):
            call()
