"""`torch.distributions`: the few that networks sample from. They draw as PyTorch's do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...creation import as_tensor
from ...nn import functional as F
from ...sampling import bernoulli, multinomial, normal, rand
from ...tensor import Tensor, wrap

__all__ = ["Bernoulli", "Categorical", "Distribution", "Normal", "Uniform"]

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class Distribution:
    """What all have: `sample`, which gives values without a graph, and `log_prob`."""

    batch_shape: tuple[int, ...] = ()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws through which the gradient flows.

        Raises:
            NotImplementedError: this distribution has none.
        """
        raise NotImplementedError(f"{type(self).__name__}.rsample: its draws are not differentiable. Use sample() and log_prob().")

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, of shape `sample_shape` + the parameters' shape."""
        return self.rsample(sample_shape).detach()

    def _shape(self, sample_shape: Any) -> tuple[int, ...]:
        return (*tuple(sample_shape), *self.batch_shape)


def _several(*values: Any) -> tuple[Tensor, ...]:
    """Numbers and tensors, broadcast to one shape."""
    tensors = [v if isinstance(v, Tensor) else as_tensor(float(v)) for v in values]
    shape = np.broadcast_shapes(*(tuple(t.shape) for t in tensors))
    return tuple(t.expand(shape) for t in tensors)


class Normal(Distribution):
    """N(loc, scale²)"""

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = _several(loc, scale)
        if bool((self.scale.detach() <= 0).any()):
            raise ValueError("Normal: expected a positive scale (the standard deviation), got one that is not.")
        self.batch_shape = tuple(self.loc.shape)

    @property
    def mean(self) -> Tensor:
        """loc"""
        return self.loc

    stddev = property(lambda self: self.scale, doc="scale")
    variance = property(lambda self: self.scale**2, doc="scale²")

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + ε · scale"""
        shape = self._shape(sample_shape)
        eps = normal(wrap(np.zeros(shape, self.loc.dtype)), wrap(np.ones(shape, self.loc.dtype)))
        return self.loc + eps * self.scale

    def log_prob(self, value: Any) -> Tensor:
        """−(x − loc)² / (2 scale²) − log scale − ½ log 2π"""
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - self.scale.log() - _HALF_LOG_2PI  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """½ + ½ log 2π + log scale"""
        return 0.5 + _HALF_LOG_2PI + self.scale.log()


class Uniform(Distribution):
    """Even over [low, high)."""

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = _several(low, high)
        self.batch_shape = tuple(self.low.shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """low + u · (high − low)"""
        return self.low + rand(self._shape(sample_shape), dtype=self.low.dtype) * (self.high - self.low)

    def log_prob(self, value: Any) -> Tensor:
        """−log(high − low) inside, −∞ outside"""
        inside = ((value >= self.low) & (value < self.high)).type_as(self.low)
        return inside.log() - (self.high - self.low).log()  # type: ignore[no-any-return]


class Bernoulli(Distribution):
    """1 with probability `probs`, else 0; or with `logits` = log(p / (1 − p)).

    Raises:
        ValueError: both are given, or neither.
    """

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            (self.probs,) = _several(probs)
            eps = float(np.finfo(self.probs.dtype).eps)
            safe = self.probs.clamp(eps, 1 - eps)
            self.logits = safe.log() - (-safe).log1p()
        else:
            (self.logits,) = _several(logits)
            self.probs = self.logits.sigmoid()
        self.batch_shape = tuple(self.probs.shape)

    @property
    def mean(self) -> Tensor:
        """probs"""
        return self.probs

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of 0 and 1."""
        return bernoulli(self.probs.detach().expand(self._shape(sample_shape)).contiguous())

    def log_prob(self, value: Any) -> Tensor:
        """x log p + (1 − x) log(1 − p)"""
        logits, x = _several(self.logits, value)
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
            eps = float(np.finfo(self.probs.dtype).eps)
            self.logits = self.probs.clamp(eps, 1 - eps).log()
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
        return drawn.t().reshape(self._shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """log probs[..., value]"""
        index = value.long()
        shape = np.broadcast_shapes(tuple(index.shape), self.batch_shape)
        logits = self.logits.expand((*shape, self.logits.shape[-1]))
        return logits.gather(-1, index.expand(shape).unsqueeze(-1)).squeeze(-1)

    def entropy(self) -> Tensor:
        """−Σ p log p"""
        return -(self.probs * self.logits).sum(-1)
