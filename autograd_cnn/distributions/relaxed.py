"""Choices made soft, so that the gradient flows through the draw.

Source: Maddison et al., "The Concrete Distribution", and Jang et al., "Categorical Reparameterization with Gumbel-Softmax", both 2017.
"""

from __future__ import annotations

import math
from typing import Any

from ..tensors.sampling import rand
from ..tensors.tensor import Tensor
from .base import Distribution, clamp_probs, several
from .discrete import Bernoulli, Categorical

__all__ = ["RelaxedBernoulli", "RelaxedOneHotCategorical"]


class RelaxedBernoulli(Distribution):
    """σ((logit + logistic noise) / temperature)"""

    has_rsample = True

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        made = Bernoulli(probs, logits)
        (self.temperature,) = several(temperature)
        self.probs, self.logits, self.batch_shape = made.probs, made.logits, made.batch_shape

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws between 0 and 1."""
        shape = self.extended_shape(sample_shape)
        p, u = clamp_probs(self.probs.expand(shape)), clamp_probs(rand(shape, dtype=self.probs.dtype))
        return ((u.log() - (-u).log1p() + p.log() - (-p).log1p()) / self.temperature).sigmoid()

    def log_prob(self, value: Tensor) -> Tensor:
        """Of the logistic before σ, and −log of σ's slope."""
        y = clamp_probs(value)
        x = y.log() - (-y).log1p()
        d = self.logits - x * self.temperature
        return self.temperature.log() + d - 2 * d.exp().log1p() - (y.log() + (-y).log1p())


class RelaxedOneHotCategorical(Distribution):
    """softmax((logits + Gumbel noise) / temperature)"""

    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        made = Categorical(probs, logits)
        (self.temperature,) = several(temperature)
        self.probs, self.logits, self.batch_shape = made.probs, made.logits, made.batch_shape
        self.event_shape = tuple(made.probs.shape[-1:])

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Vectors that sum to 1."""
        shape = self.extended_shape(sample_shape)
        gumbels = -(-clamp_probs(rand(shape, dtype=self.logits.dtype)).log()).log()
        scores = (self.logits + gumbels) / self.temperature
        return (scores - scores.logsumexp(-1, keepdim=True)).exp()

    def log_prob(self, value: Tensor) -> Tensor:
        """log Γ(K) + (K − 1) log T + Σ log softmax(logits − T log x) − Σ log x"""
        k = self.event_shape[0]
        x = value.log()
        score = self.logits - x * self.temperature
        score = (score - score.logsumexp(-1, keepdim=True)).sum(-1)
        return score + math.lgamma(k) + self.temperature.log() * (k - 1) - x.sum(-1)
