"""KL(p ‖ q) = ∫ p log(p / q): the formulas against quadrature and sums, and which formula is taken."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import distributions as D
from autograd_cnn.distributions import divergence
from autograd_cnn.tensors.tensor import Tensor, wrap

from .quadrature import Points, above, between, line, plane


def t(value: float) -> Tensor:
    return ac.tensor(value, dtype=ac.float64)


REALS: dict[str, tuple[Callable[..., Any], Points, tuple[float, ...], tuple[float, ...]]] = {
    "Normal": (D.Normal, line(0.7), (0.7, 1.3), (-0.4, 2.0)),
    "narrower Normal": (D.Normal, line(0.7), (0.7, 1.3), (1.0, 0.6)),
    "Laplace": (D.Laplace, line(-0.5), (-0.5, 0.8), (-0.5, 2.0)),
    "Exponential": (D.Exponential, above(), (1.7,), (0.4,)),
    "Uniform": (D.Uniform, between(0.25, 1.0), (0.25, 1.0), (-1.0, 1.5)),
}


@pytest.mark.parametrize("name", REALS)
def test_of_densities(name: str) -> None:
    kind, points, first, second = REALS[name]
    p, q = kind(*map(t, first)), kind(*map(t, second))
    a, b = (d.log_prob(wrap(points.x)).value for d in (p, q))
    dense = np.exp(a)
    meant = points.integral(dense * np.where(dense > 0, np.where(dense > 0, a, 0) - np.where(dense > 0, b, 0), 0))
    assert D.kl_divergence(p, q).item() == pytest.approx(meant, rel=1e-8)
    assert meant > 0
    assert D.kl_divergence(p, p).item() == pytest.approx(0, abs=1e-15)


def test_of_two_laplace_densities_apart() -> None:
    """A kink of q lies between two of the quadrature's: the integral in three pieces that have none."""
    (m, s), (n, r) = (-0.5, 0.8), (1.0, 0.5)
    pieces = np.linspace(m - 60 * s, m, 400), np.linspace(m, n, 100), np.linspace(n, n + 60 * s, 400)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    meant = 0.0
    for ends in pieces:
        half = np.diff(ends)[:, None] / 2
        x = ends[:-1, None] + half * (1 + nodes)
        log_p, log_q = -np.abs(x - m) / s - math.log(2 * s), -np.abs(x - n) / r - math.log(2 * r)
        meant += float((np.exp(log_p) * (log_p - log_q) * half * weights).sum())
    assert D.kl_divergence(D.Laplace(t(m), t(s)), D.Laplace(t(n), t(r))).item() == pytest.approx(meant, rel=1e-10)


@pytest.mark.parametrize(("low", "high"), [(0.5, 2.0), (-1.0, 0.5), (0.2, 0.8)])
def test_of_what_q_never_draws(low: float, high: float) -> None:
    assert D.kl_divergence(D.Uniform(t(0.0), t(1.0)), D.Uniform(t(low), t(high))).item() == math.inf


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("q", [0.0, 0.3, 0.5, 1.0])
def test_of_chances(p: float, q: float) -> None:
    meant = 0.0
    for a, b in ((p, q), (1 - p, 1 - q)):
        meant += 0 if a == 0 else math.inf if b == 0 else a * math.log(a / b)
    found = D.kl_divergence(D.Bernoulli(t(p)), D.Bernoulli(t(q))).item()
    choices = [wrap(np.array([1 - v, v])) for v in (p, q)]
    assert found == pytest.approx(meant, abs=1e-13)
    for kind in (D.Categorical, D.OneHotCategorical):
        assert D.kl_divergence(kind(choices[0]), kind(choices[1])).item() == pytest.approx(meant, abs=1e-13)


def test_of_choices_in_batches() -> None:
    a, b = np.random.default_rng(0).uniform(0.1, 1, (2, 4, 5))
    a, b = a / a.sum(-1, keepdims=True), b / b.sum(-1, keepdims=True)
    found = D.kl_divergence(D.Categorical(wrap(a)), D.Categorical(wrap(b))).value
    np.testing.assert_allclose(found, (a * np.log(a / b)).sum(-1), rtol=1e-12)


def test_of_vectors() -> None:
    lower, other = np.array([[1.2, 0.0], [-0.7, 0.5]]), np.array([[0.9, 0.0], [0.4, 1.1]])
    loc, to = np.array([0.5, -1.0]), np.array([0.0, 0.3])
    p, q = D.MultivariateNormal(wrap(loc), scale_tril=wrap(lower)), D.MultivariateNormal(wrap(to), scale_tril=wrap(other))
    z, weight = plane()
    x = wrap(loc + z @ lower.T)
    a, b = p.log_prob(x).value, q.log_prob(x).value
    assert D.kl_divergence(p, q).item() == pytest.approx((np.exp(a) * (a - b)).sum() * weight * abs(np.linalg.det(lower)), rel=1e-10)
    batch = D.kl_divergence(D.MultivariateNormal(wrap(np.stack([loc, to])), scale_tril=wrap(np.stack([lower, other]))), q).value
    np.testing.assert_allclose(batch, [D.kl_divergence(p, q).item(), 0], atol=1e-14)
    first, second = (D.Normal(wrap(v), wrap(np.full(2, s))) for v, s in ((loc, 1.3), (to, 0.7)))
    each = D.kl_divergence(first, second)
    assert D.kl_divergence(D.Independent(first, 1), D.Independent(second, 1)).item() == pytest.approx(each.sum().item())


def test_the_gradient_points_to_the_least() -> None:
    """KL to q is least where q = p: the gradient by q's parameters is 0 there, and elsewhere that of the formula by hand."""
    p = D.Normal(t(0.7), t(1.3))
    loc, scale = t(0.7).requires_grad_(True), t(1.3).requires_grad_(True)
    for g in ac.autograd.grad(D.kl_divergence(p, D.Normal(loc, scale)), [loc, scale]):
        assert g.item() == pytest.approx(0, abs=1e-14)
    m, s = t(0.2).requires_grad_(True), t(2.0).requires_grad_(True)
    by_loc, by_scale = ac.autograd.grad(D.kl_divergence(p, D.Normal(m, s)), [m, s])
    assert by_loc.item() == pytest.approx((0.2 - 0.7) / 4)
    assert by_scale.item() == pytest.approx(1 / 2 - (1.3**2 + 0.5**2) / 8)


def test_which_formula_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(divergence, "_FORMULAS", dict(divergence._FORMULAS))
    with pytest.raises(NotImplementedError, match=r"No KL.* p type Normal and q type Laplace"):
        D.kl_divergence(D.Normal(0, 1), D.Laplace(0, 1))

    class Own(D.Normal):
        pass

    assert D.kl_divergence(Own(0, 1), D.Normal(0, 1)).item() == 0  # its parent's

    @D.register_kl(Own, D.Normal)
    def _(p: Own, q: D.Normal) -> Tensor:
        return ac.tensor(7.0)

    assert D.kl_divergence(Own(0, 1), D.Normal(0, 1)).item() == 7
    assert D.kl_divergence(D.Normal(0, 1), Own(0, 1)).item() == 0
