"""`torch.distributions` of programs against torch's: draws, log-probabilities, entropies, divergences, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn import distributions as ours  # noqa: E402

theirs = torch.distributions
rng = np.random.default_rng(0)
A, B, P = (x.astype(np.float32) for x in (rng.standard_normal((4, 3)), rng.uniform(0.3, 2, (4, 3)), rng.uniform(0.1, 0.9, (4, 3))))
L = np.tril(rng.standard_normal((3, 3)) * 0.3).astype(np.float32) + np.eye(3, dtype=np.float32)

MADE = {
    "Normal": (lambda d, a, b: d.Normal(a, b), A, B),
    "LogNormal": (lambda d, a, b: d.LogNormal(a, b), A, B),
    "Uniform": (lambda d, a, b: d.Uniform(a, a + b), A, B),
    "Laplace": (lambda d, a, b: d.Laplace(a, b), A, B),
    "Cauchy": (lambda d, a, b: d.Cauchy(a, b), A, B),
    "Gumbel": (lambda d, a, b: d.Gumbel(a, b), A, B),
    "HalfNormal": (lambda d, b: d.HalfNormal(b), B),
    "Exponential": (lambda d, b: d.Exponential(b), B),
    "Bernoulli": (lambda d, p: d.Bernoulli(p), P),
    "Bernoulli by logits": (lambda d, a: d.Bernoulli(logits=a), A),
    "Geometric": (lambda d, p: d.Geometric(p), P),
    "Categorical": (lambda d, p: d.Categorical(p), P),
    "Categorical by logits": (lambda d, a: d.Categorical(logits=a), A),
    "OneHotCategorical": (lambda d, a: d.OneHotCategorical(logits=a), A),
    "straight through": (lambda d, a: d.OneHotCategoricalStraightThrough(logits=a), A),
    "RelaxedBernoulli": (lambda d, p: d.RelaxedBernoulli(warm(d), p), P),
    "RelaxedOneHotCategorical": (lambda d, a: d.RelaxedOneHotCategorical(warm(d), logits=a), A),
    "Independent": (lambda d, a, b: d.Independent(d.Normal(a, b), 1), A, B),
    "MultivariateNormal": (lambda d, a, m: d.MultivariateNormal(a, scale_tril=m.tril()), A, L),
    "MultivariateNormal by covariance": (lambda d, a, m: d.MultivariateNormal(a, m @ m.mT), A, L),
    "MultivariateNormal by precision": (lambda d, a, m: d.MultivariateNormal(a, precision_matrix=m @ m.mT), A, L),
    "tanh of a normal": (lambda d, a, b: d.TransformedDistribution(d.Independent(d.Normal(a, b), 1), [tanh(d), affine(d)]), A, B),
    "sigmoid": (lambda d, a, b: d.TransformedDistribution(d.Normal(a, b), [sigmoid(d)]), A, B),
}


def warm(d):
    return (ac if d is ours else torch).tensor(0.7)


def tanh(d):
    return d.TanhTransform() if d is ours else d.transforms.TanhTransform()


def affine(d):
    return (d if d is ours else d.transforms).AffineTransform(0.5, 2.0)


def sigmoid(d):
    return (d if d is ours else d.transforms).SigmoidTransform()


def both(name):
    make, *arrays = MADE[name]
    xs, ys = [ac.tensor(a, requires_grad=True) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
    return make(ours, *xs), make(theirs, *ys), xs, ys


def close(a, b, tolerance=2e-5):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", MADE)
def test_draws_and_log_probabilities(name):
    p, q, xs, ys = both(name)
    assert p.batch_shape == tuple(q.batch_shape)
    assert p.event_shape == tuple(q.event_shape)
    for shape in ((), (5,), (2, 3)):
        ac.manual_seed(1)
        torch.manual_seed(1)
        drawn, wanted = p.sample(shape), q.sample(shape)
        assert drawn.shape == tuple(wanted.shape)
        assert not drawn.requires_grad
        close(drawn, wanted, 2e-4)
    found, want = p.log_prob(ac.tensor(wanted.numpy())), q.log_prob(wanted)
    close(found, want, 1e-3)
    found.sum().backward()
    want.sum().backward()
    for x, y in zip(xs, ys, strict=True):
        if y.grad is not None:
            close(x.grad, y.grad, 5e-3)


@pytest.mark.parametrize("name", [n for n in MADE if both(n)[1].has_rsample])
def test_the_gradient_flows_through_the_draw(name):
    p, q, xs, ys = both(name)
    assert p.has_rsample
    ac.manual_seed(2)
    torch.manual_seed(2)
    found, want = p.rsample((3,)), q.rsample((3,))
    close(found, want, 2e-4)
    (found**2).sum().backward()
    (want**2).sum().backward()
    for x, y in zip(xs, ys, strict=True):
        close(x.grad, y.grad, 5e-3)


@pytest.mark.parametrize("name", [n for n in MADE if not n.startswith(("Relaxed", "tanh", "sigmoid", "Geometric"))])
def test_entropy(name):
    p, q, *_ = both(name)
    close(p.entropy(), q.entropy())


@pytest.mark.parametrize(
    "name",
    [
        "Normal",
        "Uniform",
        "Laplace",
        "Exponential",
        "Bernoulli",
        "Categorical by logits",
        "OneHotCategorical",
        "Independent",
        "MultivariateNormal",
    ],
)
def test_divergence(name):
    make, *arrays = MADE[name]
    others = [a * 0.9 + 0.05 for a in arrays]
    p, q = make(ours, *map(ac.tensor, arrays)), make(theirs, *map(torch.tensor, arrays))
    r, s = make(ours, *map(ac.tensor, others)), make(theirs, *map(torch.tensor, others))
    close(ours.kl_divergence(p, r), theirs.kl_divergence(q, s), 1e-4)


def test_cdf_and_its_inverse():
    p, q, *_ = both("Normal")
    close(p.cdf(ac.tensor(B)), q.cdf(torch.tensor(B)))
    close(p.icdf(ac.tensor(P)), q.icdf(torch.tensor(P)), 1e-4)


def test_what_is_refused():
    with pytest.raises(NotImplementedError, match=r"No KL\(p \|\| q\) is implemented for p type Normal and q type Bernoulli"):
        ours.kl_divergence(ours.Normal(0, 1), ours.Bernoulli(0.5))
    with pytest.raises(ValueError, match="Exactly one of covariance_matrix"):
        ours.MultivariateNormal(ac.zeros(2))
    with pytest.raises(ValueError, match="expected a positive scale"):
        ours.Normal(0, -1)
    with pytest.raises(ValueError, match="Either `probs` or `logits`"):
        ours.Categorical()
    with pytest.raises(ValueError, match="reinterpreted_batch_ndims"):
        ours.Independent(ours.Normal(0, 1), 1)
