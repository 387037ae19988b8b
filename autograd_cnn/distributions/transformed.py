"""A distribution seen through functions that can be undone."""

from __future__ import annotations

import math
from typing import Any

from ..nn import functional as F
from ..tensors.tensor import Tensor
from .base import Distribution, several

__all__ = ["AffineTransform", "ExpTransform", "SigmoidTransform", "TanhTransform", "Transform", "TransformedDistribution"]


class Transform:
    """y = f(x), x = f⁻¹(y), and log |dy/dx|."""

    def __init__(self, cache_size: int = 0) -> None:
        """`cache_size` is accepted; nothing is cached."""

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError

    def inv(self, y: Any) -> Any:
        """x"""
        raise NotImplementedError

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log |dy/dx|"""
        raise NotImplementedError


class ExpTransform(Transform):
    """y = eˣ"""

    def __call__(self, x: Any) -> Any:
        return x.exp()

    def inv(self, y: Any) -> Any:
        """log y"""
        return y.log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """x"""
        return x


class AffineTransform(Transform):
    """y = loc + scale · x"""

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        self.loc, self.scale = loc, scale

    def __call__(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def inv(self, y: Any) -> Any:
        """(y − loc) / scale"""
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log |scale|"""
        return several(self.scale, x)[0].abs().log()


class SigmoidTransform(Transform):
    """y = σ(x)"""

    def __call__(self, x: Any) -> Any:
        return x.sigmoid()

    def inv(self, y: Any) -> Any:
        """log y − log(1 − y)"""
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """−softplus(−x) − softplus(x)"""
        return -F.softplus(-x) - F.softplus(x)


class TanhTransform(Transform):
    """y = tanh x"""

    def __call__(self, x: Any) -> Any:
        return x.tanh()

    def inv(self, y: Any) -> Any:
        """artanh y"""
        return y.atanh()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log(1 − tanh² x) = 2 (log 2 − x − softplus(−2x))"""
        return 2.0 * (math.log(2.0) - x - F.softplus(-2.0 * x))


class TransformedDistribution(Distribution):
    """What comes of a base distribution's draws when the transforms are applied, one after the other."""

    def __init__(self, base_distribution: Distribution, transforms: Any, validate_args: bool | None = None) -> None:
        self.base_dist = base_distribution
        self.transforms = [transforms] if isinstance(transforms, Transform) else list(transforms)
        self.batch_shape, self.event_shape = base_distribution.batch_shape, base_distribution.event_shape
        self.has_rsample = base_distribution.has_rsample

    def _through(self, x: Tensor) -> Tensor:
        for t in self.transforms:
            x = t(x)
        return x

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws through which the gradient flows."""
        return self._through(self.base_dist.rsample(sample_shape))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws without a graph."""
        return self._through(self.base_dist.sample(sample_shape)).detach()

    def log_prob(self, value: Any) -> Tensor:
        """log p(f⁻¹(y)) − Σ log |dy/dx|"""
        total: Any = 0.0
        events = len(self.event_shape)
        for t in reversed(self.transforms):
            x = t.inv(value)
            slope = t.log_abs_det_jacobian(x, value)
            total = total - (slope.sum(tuple(range(-events, 0))) if events else slope)
            value = x
        return total + self.base_dist.log_prob(value)  # type: ignore[no-any-return]
