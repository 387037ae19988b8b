"""Distributions over the reals. They draw as PyTorch's do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensors.sampling import normal, rand
from ..tensors.tensor import Tensor, wrap
from .base import HALF_LOG_2PI, Distribution, several

__all__ = ["Cauchy", "Exponential", "Gumbel", "HalfNormal", "Laplace", "LogNormal", "Normal", "Uniform"]


def standard_normal(shape: tuple[int, ...], dtype: Any) -> Tensor:
    """Draws of N(0, 1)."""
    return normal(wrap(np.zeros(shape, dtype)), wrap(np.ones(shape, dtype)))


class Normal(Distribution):
    """N(loc, scale²)"""

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = several(loc, scale)
        if bool((self.scale.detach() <= 0).any()):
            raise ValueError("Normal: expected a positive scale (the standard deviation), got one that is not.")
        self.batch_shape = tuple(self.loc.shape)

    @property
    def mean(self) -> Tensor:
        """loc"""
        return self.loc

    @property
    def stddev(self) -> Tensor:
        """scale"""
        return self.scale

    @property
    def variance(self) -> Tensor:
        """scale²"""
        return self.scale**2

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + ε · scale"""
        return self.loc + standard_normal(self.extended_shape(sample_shape), self.loc.dtype) * self.scale

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws without a graph, made as PyTorch makes them."""
        shape = self.extended_shape(sample_shape)
        return normal(self.loc.detach().expand(shape), self.scale.detach().expand(shape))

    def cdf(self, value: Any) -> Tensor:
        """½ (1 + erf((x − loc) / (scale √2)))"""
        return 0.5 * (1 + ((value - self.loc) / (self.scale * math.sqrt(2))).erf())  # type: ignore[no-any-return]

    def icdf(self, value: Tensor) -> Tensor:
        """loc + scale √2 erf⁻¹(2p − 1)"""
        return self.loc + self.scale * (2 * value - 1).erfinv() * math.sqrt(2)

    def log_prob(self, value: Any) -> Tensor:
        """−(x − loc)² / (2 scale²) − log scale − ½ log 2π"""
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - self.scale.log() - HALF_LOG_2PI  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """½ + ½ log 2π + log scale"""
        return 0.5 + HALF_LOG_2PI + self.scale.log()


class Uniform(Distribution):
    """Even over [low, high)."""

    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = several(low, high)
        self.batch_shape = tuple(self.low.shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """low + u · (high − low)"""
        return self.low + rand(self.extended_shape(sample_shape), dtype=self.low.dtype) * (self.high - self.low)

    def log_prob(self, value: Any) -> Tensor:
        """−log(high − low) inside, −∞ outside"""
        inside = ((value >= self.low) & (value < self.high)).type_as(self.low)
        return inside.log() - (self.high - self.low).log()  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """log(high − low)"""
        return (self.high - self.low).log()


class LogNormal(Distribution):
    """exp of a normal draw."""

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.base_dist = Normal(loc, scale, validate_args)
        self.loc, self.scale, self.batch_shape = self.base_dist.loc, self.base_dist.scale, self.base_dist.batch_shape

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """exp(loc + ε · scale)"""
        return self.base_dist.rsample(sample_shape).exp()

    def log_prob(self, value: Any) -> Tensor:
        """log N(log x) − log x"""
        return self.base_dist.log_prob(value.log()) - value.log()  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """The normal's + loc"""
        return self.base_dist.entropy() + self.loc


class HalfNormal(Distribution):
    """|N(0, scale²)|"""

    has_rsample = True

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        self.base_dist = Normal(0, scale, validate_args)
        self.scale, self.batch_shape = self.base_dist.scale, self.base_dist.batch_shape

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """|ε · scale|"""
        return self.base_dist.rsample(sample_shape).abs()

    def log_prob(self, value: Any) -> Tensor:
        """log 2 + log N(x), −∞ below 0"""
        (value,) = several(value)
        return (self.base_dist.log_prob(value) + math.log(2)).masked_fill(value < 0, -math.inf)

    def entropy(self) -> Tensor:
        """The normal's − log 2"""
        return self.base_dist.entropy() - math.log(2)


class Laplace(Distribution):
    """exp(−|x − loc| / scale) / (2 scale)"""

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = several(loc, scale)
        self.batch_shape = tuple(self.loc.shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc − scale · sign u · log(1 − |u|), u even over (−1, 1)"""
        eps = float(np.finfo(self.loc.dtype).eps)
        u = self.loc.new_empty(self.extended_shape(sample_shape)).uniform_(eps - 1, 1)
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    def log_prob(self, value: Any) -> Tensor:
        """−log(2 scale) − |x − loc| / scale"""
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """1 + log(2 scale)"""
        return 1 + (2 * self.scale).log()


class Cauchy(Distribution):
    """1 / (π scale (1 + ((x − loc) / scale)²))"""

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = several(loc, scale)
        self.batch_shape = tuple(self.loc.shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + ε · scale"""
        return self.loc + self.loc.new_empty(self.extended_shape(sample_shape)).cauchy_() * self.scale

    def log_prob(self, value: Any) -> Tensor:
        """−log π − log scale − log(1 + ((x − loc) / scale)²)"""
        return -math.log(math.pi) - self.scale.log() - (((value - self.loc) / self.scale) ** 2).log1p()  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """log(4 π scale)"""
        return math.log(4 * math.pi) + self.scale.log()


class Exponential(Distribution):
    """rate · exp(−rate · x)"""

    has_rsample = True

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = several(rate)
        self.batch_shape = tuple(self.rate.shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """ε / rate"""
        return self.rate.new_empty(self.extended_shape(sample_shape)).exponential_() / self.rate

    def log_prob(self, value: Any) -> Tensor:
        """log rate − rate · x"""
        return self.rate.log() - self.rate * value  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """1 − log rate"""
        return 1.0 - self.rate.log()


class Gumbel(Distribution):
    """The greatest of many: loc − scale · log(−log u)"""

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = several(loc, scale)
        self.batch_shape = tuple(self.loc.shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc − scale · log(−log u), u even over (0, 1)"""
        kind = np.finfo(self.loc.dtype)
        low, high = float(kind.tiny), float(1 - kind.eps)
        u = low + rand(self.extended_shape(sample_shape), dtype=self.loc.dtype) * (high - low)
        return self.loc - self.scale * (-u.log()).log()

    def log_prob(self, value: Any) -> Tensor:
        """y − eʸ − log scale with y = (loc − x) / scale"""
        y = (self.loc - value) / self.scale
        return (y - y.exp()) - self.scale.log()  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """log scale + 1 + γ"""
        return self.scale.log() + (1 + 0.57721566490153286060)
