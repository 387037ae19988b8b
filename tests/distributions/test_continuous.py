"""Densities over the reals: they integrate to 1, their entropy, moments and draws are what the density says."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import distributions as D
from autograd_cnn.tensors.tensor import Tensor, wrap

from .quadrature import Points, above, between, line

EULER, DRAWS = 0.57721566490153286, 20_000


def t(value: float) -> Tensor:
    return ac.tensor(value, dtype=ac.float64)


def made(kind: Any, *values: float) -> Callable[[], Any]:
    return lambda: kind(*map(t, values))


def through(*transforms: Any) -> Callable[[], Any]:
    return lambda: D.TransformedDistribution(D.Normal(t(0.3), t(0.8)), list(transforms))


# How it is made, where its support lies, and its mean and variance as a textbook has them (None: there is none, or no formula).
TABLE: dict[str, tuple[Callable[[], Any], Points, float | None, float | None]] = {
    "Normal": (made(D.Normal, 0.7, 1.3), line(0.7), 0.7, 1.3**2),
    "narrow Normal": (made(D.Normal, -4.0, 0.01), line(-4.0, 0.01), -4.0, 1e-4),
    "LogNormal": (made(D.LogNormal, 0.2, 0.6), above(), math.exp(0.38), (math.exp(0.36) - 1) * math.exp(0.76)),
    "HalfNormal": (made(D.HalfNormal, 1.4), above(), 1.4 * math.sqrt(2 / math.pi), 1.96 * (1 - 2 / math.pi)),
    "Laplace": (made(D.Laplace, -0.5, 0.8), line(-0.5), -0.5, 2 * 0.64),
    "Cauchy": (made(D.Cauchy, 0.3, 2.0), line(0.3), None, None),
    "Exponential": (made(D.Exponential, 1.7), above(), 1 / 1.7, 1 / 1.7**2),
    "Gumbel": (made(D.Gumbel, 0.4, 1.2), line(0.4), 0.4 + 1.2 * EULER, math.pi**2 / 6 * 1.44),
    "Uniform": (made(D.Uniform, -1.0, 2.5), between(-1.0, 2.5), 0.75, 3.5**2 / 12),
    "RelaxedBernoulli": (lambda: D.RelaxedBernoulli(t(0.7), probs=t(0.3)), between(0, 1), None, None),
    "seen through exp": (through(D.ExpTransform()), above(), math.exp(0.3 + 0.32), (math.exp(0.64) - 1) * math.exp(0.6 + 0.64)),
    "seen through σ": (through(D.SigmoidTransform()), between(0, 1), None, None),
    "seen through tanh": (through(D.TanhTransform()), between(-1, 1), None, None),
    "seen through several": (through(D.AffineTransform(t(1.0), t(-0.5)), D.TanhTransform()), between(-1, 1), None, None),
    "seen upside down": (through(D.AffineTransform(t(1.0), t(-0.5))), line(1.0), 1 - 0.15, 0.16),
}


def density(name: str) -> tuple[Any, Points, Any, Any]:
    """The distribution, the places, and log p and p there."""
    make, points, *_ = TABLE[name]
    d = make()
    logs = d.log_prob(wrap(points.x)).value
    return d, points, logs, np.exp(logs)


@pytest.mark.parametrize("name", TABLE)
def test_the_density_integrates_to_one(name: str) -> None:
    _, points, _, p = density(name)
    assert points.integral(p) == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("name", [n for n in TABLE if "Relaxed" not in n and "seen" not in n])
def test_entropy(name: str) -> None:
    d, points, logs, p = density(name)
    assert d.entropy().item() == pytest.approx(-points.integral(p * np.where(p > 0, logs, 0)), rel=1e-8)
    assert d.perplexity().item() == pytest.approx(math.exp(d.entropy().item()))


@pytest.mark.parametrize("name", [n for n, row in TABLE.items() if row[2] is not None])
def test_moments(name: str) -> None:
    """Of the density, of the draws (within five standard errors), and where the distribution tells them, its own."""
    d, points, _, p = density(name)
    mean, variance = TABLE[name][2:]
    assert mean is not None
    assert variance is not None
    assert points.integral(p * points.x) == pytest.approx(mean, rel=1e-7, abs=1e-9)
    assert points.integral(p * (points.x - mean) ** 2) == pytest.approx(variance, rel=1e-7)
    fourth = points.integral(p * (points.x - mean) ** 4)
    ac.manual_seed(3)
    x = d.sample((DRAWS,)).value
    assert abs(x.mean() - mean) < 5 * math.sqrt(variance / DRAWS)
    assert abs(((x - mean) ** 2).mean() - variance) < 5 * math.sqrt((fourth - variance**2) / DRAWS)
    if isinstance(d, D.Normal):
        assert (d.mean.item(), d.stddev.item() ** 2, d.variance.item()) == pytest.approx((mean, variance, variance))


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("how", ["sample", "rsample"])
def test_draws_are_spread_as_the_density(name: str, how: str) -> None:
    """The greatest distance of the two distribution functions, in Kolmogorov's units: above 2.2 once in ten thousand."""
    d, points, _, p = density(name)
    ac.manual_seed(5)
    x = np.sort(getattr(d, how)((DRAWS,)).detach().value)
    assert x.shape == (DRAWS,)
    places, below = points.up_to(p)
    assert np.abs(np.searchsorted(x, places) / DRAWS - below).max() * math.sqrt(DRAWS) < 2.2


PARAMETERS = {
    "Normal": (D.Normal, (0.7, 1.3)),
    "LogNormal": (D.LogNormal, (0.2, 0.6)),
    "HalfNormal": (D.HalfNormal, (1.4,)),
    "Laplace": (D.Laplace, (-0.5, 0.8)),
    "Cauchy": (D.Cauchy, (0.3, 2.0)),
    "Exponential": (D.Exponential, (1.7,)),
    "Gumbel": (D.Gumbel, (0.4, 1.2)),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_score_has_mean_zero(name: str) -> None:
    """∫ p ∂ log p / ∂θ = 0, as ∫ p = 1 for every θ. Weighed otherwise it is what differences of log p by θ say."""
    kind, values = PARAMETERS[name]
    _, points, _, p = density(name)
    x, p, w = points.x[p > 1e-200], p[p > 1e-200], points.w[p > 1e-200]
    thetas = [t(v).requires_grad_(True) for v in values]
    logs = kind(*thetas).log_prob(wrap(x))
    for g in ac.autograd.grad(logs, thetas, wrap(p * w), retain_graph=True):
        assert g.item() == pytest.approx(0, abs=1e-8)
    odd = p * w * np.tanh(x)
    for k, g in enumerate(ac.autograd.grad(logs, thetas, wrap(odd))):
        moved = [kind(*(t(v + sign * 1e-5 * (i == k)) for i, v in enumerate(values))).log_prob(wrap(x)).value for sign in (-1, 1)]
        assert g.item() == pytest.approx((odd * (moved[1] - moved[0])).sum() / 2e-5, rel=1e-6)


# ∂ draw / ∂ each parameter, for the draw x: what a change of the parameter does to it.
SLOPES: dict[str, Callable[..., tuple[Any, ...]]] = {
    "Normal": lambda x, loc, scale: (np.ones_like(x), (x - loc) / scale),
    "LogNormal": lambda x, loc, scale: (x, x * (np.log(x) - loc) / scale),
    "HalfNormal": lambda x, scale: (x / scale,),
    "Laplace": lambda x, loc, scale: (np.ones_like(x), (x - loc) / scale),
    "Cauchy": lambda x, loc, scale: (np.ones_like(x), (x - loc) / scale),
    "Exponential": lambda x, rate: (-x / rate,),
    "Gumbel": lambda x, loc, scale: (np.ones_like(x), (x - loc) / scale),
}


@pytest.mark.parametrize("name", SLOPES)
def test_gradients_flow_through_the_draws(name: str) -> None:
    kind, values = PARAMETERS[name]
    thetas = [t(v).requires_grad_(True) for v in values]
    x = kind(*thetas).rsample((50,))
    u = np.random.default_rng(0).normal(size=50)
    for g, slope in zip(ac.autograd.grad(x, thetas, wrap(u)), SLOPES[name](x.detach().value, *values), strict=True):
        assert g.item() == pytest.approx((u * slope).sum(), rel=1e-10)
    assert not kind(*thetas).sample((3,)).requires_grad


def test_the_normal_distribution_function_and_its_inverse() -> None:
    d, points, _, p = density("Normal")
    places, below = points.up_to(p)
    np.testing.assert_allclose(d.cdf(wrap(places)).value, below, rtol=1e-9, atol=1e-12)
    middle = np.linspace(-2, 3, 11)
    np.testing.assert_allclose(d.icdf(d.cdf(wrap(middle))).value, middle, rtol=1e-9)


def test_nothing_lies_outside_the_support() -> None:
    assert D.Uniform(t(0.0), t(2.0)).log_prob(ac.tensor([-0.1, 2.0, 2.5], dtype=ac.float64)).tolist() == [-math.inf] * 3
    assert D.HalfNormal(t(1.0)).log_prob(t(-0.1)).item() == -math.inf
