"""Vectors: dims of a batch taken together, and the normal distribution with a covariance."""

from __future__ import annotations

import math
from typing import Any

from .. import linalg
from ..tensors.creation import eye
from ..tensors.tensor import Tensor
from .base import Distribution
from .continuous import standard_normal

__all__ = ["Independent", "MultivariateNormal"]


class Independent(Distribution):
    """The last dims of a batch as one event: their log-probabilities add up."""

    def __init__(self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None) -> None:
        if reinterpreted_batch_ndims > len(base_distribution.batch_shape):
            raise ValueError(
                f"Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual {reinterpreted_batch_ndims} vs "
                f"{len(base_distribution.batch_shape)} in Independent"
            )
        self.base_dist: Any = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        shape = (*base_distribution.batch_shape, *base_distribution.event_shape)
        events = reinterpreted_batch_ndims + len(base_distribution.event_shape)
        self.batch_shape, self.event_shape = shape[: len(shape) - events], shape[len(shape) - events :]
        self.has_rsample = base_distribution.has_rsample

    @property
    def mean(self) -> Any:
        """The base's."""
        return self.base_dist.mean

    @property
    def variance(self) -> Any:
        """The base's."""
        return self.base_dist.variance

    @property
    def stddev(self) -> Any:
        """The base's."""
        return self.base_dist.stddev

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """The base's."""
        return self.base_dist.rsample(sample_shape)  # type: ignore[no-any-return]

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """The base's."""
        return self.base_dist.sample(sample_shape)  # type: ignore[no-any-return]

    def _summed(self, x: Tensor) -> Tensor:
        n = self.reinterpreted_batch_ndims
        return x.sum(tuple(range(-n, 0))) if n else x

    def log_prob(self, value: Any) -> Tensor:
        """The base's, summed over the event."""
        return self._summed(self.base_dist.log_prob(value))

    def entropy(self) -> Tensor:
        """The base's, summed over the event."""
        return self._summed(self.base_dist.entropy())


class MultivariateNormal(Distribution):
    """N(loc, Σ), by one of `covariance_matrix`, `precision_matrix` = Σ⁻¹, `scale_tril` = L with L Lᵀ = Σ.

    Raises:
        ValueError: none of them, or several.
    """

    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        given = [m for m in (covariance_matrix, precision_matrix, scale_tril) if m is not None]
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        if covariance_matrix is not None:
            lower = linalg.cholesky(covariance_matrix)
        elif precision_matrix is not None:  # P = Uᵀ U with U upper triangular, found from both ends turned round; then L = U⁻¹
            turned = linalg.cholesky(precision_matrix.flip(-2, -1)).flip(-2, -1).mT
            lower = linalg.solve_triangular(turned, eye(loc.shape[-1], dtype=loc.dtype), upper=False)
        else:
            lower = given[0]
        n = loc.shape[-1]
        batch = (loc.unsqueeze(-1) + 0 * lower[..., :1]).shape[:-2]
        self.loc, self.scale_tril = loc.expand((*batch, n)), lower.expand((*batch, n, n))
        self.batch_shape, self.event_shape = tuple(batch), (n,)

    @property
    def mean(self) -> Any:
        """loc"""
        return self.loc

    @property
    def covariance_matrix(self) -> Tensor:
        """L Lᵀ"""
        return self.scale_tril @ self.scale_tril.mT  # type: ignore[no-any-return]

    @property
    def variance(self) -> Tensor:
        """The diagonal of the covariance."""
        return (self.scale_tril**2).sum(-1)  # type: ignore[no-any-return]

    @property
    def stddev(self) -> Tensor:
        """Its root."""
        return self.variance.sqrt()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + L ε"""
        eps = standard_normal(self.extended_shape(sample_shape), self.loc.dtype)
        return self.loc + (self.scale_tril @ eps.unsqueeze(-1)).squeeze(-1)  # type: ignore[no-any-return]

    def _half_log_det(self) -> Tensor:
        return self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)  # type: ignore[no-any-return]

    def log_prob(self, value: Any) -> Tensor:
        """−½ (k log 2π + ‖L⁻¹ (x − loc)‖²) − log det L"""
        d = (value - self.loc).unsqueeze(-1)
        lower = self.scale_tril.expand((*d.shape[:-2], *self.scale_tril.shape[-2:]))
        distance = (linalg.solve_triangular(lower, d, upper=False) ** 2).sum((-2, -1))
        return -0.5 * (self.event_shape[0] * math.log(2 * math.pi) + distance) - self._half_log_det()  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """½ k (1 + log 2π) + log det L"""
        return 0.5 * self.event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._half_log_det()
