"""Distributions over whole numbers and choices. They draw as PyTorch's do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..nn import functional as F
from ..tensors.sampling import bernoulli, multinomial
from ..tensors.tensor import Tensor
from .base import Distribution, clamp_probs, several

__all__ = ["Bernoulli", "Categorical", "Geometric", "OneHotCategorical", "OneHotCategoricalStraightThrough"]


class Bernoulli(Distribution):
    """1 with probability `probs`, else 0; or with `logits` = log(p / (1 − p)).

    Raises:
        ValueError: both are given, or neither.
    """

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            (self.probs,) = several(probs)
            safe = clamp_probs(self.probs)
            self.logits = safe.log() - (-safe).log1p()
        else:
            (self.logits,) = several(logits)
            self.probs = self.logits.sigmoid()
        self.batch_shape = tuple(self.probs.shape)

    @property
    def mean(self) -> Tensor:
        """probs"""
        return self.probs

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of 0 and 1."""
        return bernoulli(self.probs.detach().expand(self.extended_shape(sample_shape)).contiguous())

    def log_prob(self, value: Any) -> Tensor:
        """x log p + (1 − x) log(1 − p)"""
        logits, x = several(self.logits, value)
        return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")

    def entropy(self) -> Tensor:
        """−p log p − (1 − p) log(1 − p)"""
        return F.binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")


class Categorical(Distribution):
    """k with the probability `probs[..., k]` (made to sum to 1), or softmax of `logits`.

    Raises:
        ValueError: both are given, or neither.
    """

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None) -> None:
        if probs is not None and logits is None:
            self.probs = probs / probs.sum(-1, keepdim=True)
            self.logits = clamp_probs(self.probs).log()
        elif logits is not None and probs is None:
            self.logits = logits - logits.logsumexp(-1, keepdim=True)
            self.probs = self.logits.softmax(-1)
        else:
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        self.batch_shape = tuple(self.probs.shape[:-1])

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of whole numbers."""
        rows = self.probs.detach().reshape(-1, self.probs.shape[-1])
        drawn = multinomial(rows, math.prod(tuple(sample_shape)), True)
        return drawn.t().reshape(self.extended_shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """log probs[..., value]"""
        index = value.long()
        shape = np.broadcast_shapes(tuple(index.shape), self.batch_shape)
        logits = self.logits.expand((*shape, self.logits.shape[-1]))
        return logits.gather(-1, index.expand(shape).unsqueeze(-1)).squeeze(-1)

    def entropy(self) -> Tensor:
        """−Σ p log p"""
        return -(self.probs * self.logits).sum(-1)


class Geometric(Distribution):
    """(1 − p)ᵏ p: k failures before the first success."""

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        made = Bernoulli(probs, logits)
        self.probs, self.logits, self.batch_shape = made.probs, made.logits, made.batch_shape

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """⌊log u / log(1 − p)⌋"""
        u = self.probs.new_empty(self.extended_shape(sample_shape)).uniform_(float(np.finfo(self.probs.dtype).tiny), 1)
        return (u.log() / (-self.probs.detach()).log1p()).floor()

    def log_prob(self, value: Any) -> Tensor:
        """k log(1 − p) + log p"""
        (k,) = several(value)
        return k * (-self.probs).log1p() + self.probs.log()


class OneHotCategorical(Distribution):
    """A choice of `Categorical` as a vector with a one in its place."""

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None) -> None:
        self._categorical = Categorical(probs, logits)
        self.probs, self.logits = self._categorical.probs, self._categorical.logits
        self.batch_shape, self.event_shape = self._categorical.batch_shape, tuple(self.probs.shape[-1:])

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Vectors of zeros and a one."""
        return F.one_hot(self._categorical.sample(sample_shape), self.event_shape[0]).type_as(self.probs)

    def log_prob(self, value: Tensor) -> Tensor:
        """log of the probability of the place of the one"""
        return self._categorical.log_prob(value.max(-1)[1])

    def entropy(self) -> Tensor:
        """−Σ p log p"""
        return self._categorical.entropy()


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """The same; the gradient goes to the probabilities as if they had been given out."""

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """sample + p − p"""
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
