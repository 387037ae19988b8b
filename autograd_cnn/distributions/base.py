"""What all distributions have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensors.creation import as_tensor
from ..tensors.tensor import Tensor

__all__ = ["Distribution"]

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class Distribution:
    """What all have: `sample`, which gives values without a graph, and `log_prob`."""

    batch_shape: tuple[int, ...] = ()
    event_shape: tuple[int, ...] = ()
    has_rsample = False

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws through which the gradient flows.

        Raises:
            NotImplementedError: this distribution has none.
        """
        raise NotImplementedError(f"{type(self).__name__}.rsample: its draws are not differentiable. Use sample() and log_prob().")

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, of shape `sample_shape` + the parameters' shape."""
        return self.rsample(sample_shape).detach()

    def sample_n(self, n: int) -> Tensor:
        """`sample((n,))`."""
        return self.sample((n,))

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the density, or of the probability, at a value.

        Raises:
            NotImplementedError: this distribution has none.
        """
        raise NotImplementedError(f"{type(self).__name__}.log_prob: this distribution has no density here. Write it in a subclass.")

    def entropy(self) -> Tensor:
        """−E log p.

        Raises:
            NotImplementedError: this distribution has no formula for it.
        """
        raise NotImplementedError(f"{type(self).__name__}.entropy: there is no formula for it here. Estimate it as -log_prob(sample()).")

    def perplexity(self) -> Tensor:
        """exp of the entropy."""
        return self.entropy().exp()

    def __repr__(self) -> str:
        given = (f"{k}: {v if v.numel() == 1 else v.size()}" for k, v in vars(self).items() if isinstance(v, Tensor))
        return f"{type(self).__name__}({', '.join(given)})"

    def extended_shape(self, sample_shape: Any) -> tuple[int, ...]:
        """The shape of a sample: `sample_shape`, then the batch's, then one event's."""
        return (*tuple(sample_shape), *self.batch_shape, *self.event_shape)


def several(*values: Any) -> tuple[Tensor, ...]:
    """Numbers and tensors, broadcast to one shape. Numbers get the dtype of the first floating tensor beside them."""
    dtype = next((v.dtype for v in values if isinstance(v, Tensor) and v.dtype.kind == "f"), None)
    tensors = [v if isinstance(v, Tensor) else as_tensor(float(v), dtype=dtype) for v in values]
    shape = np.broadcast_shapes(*(tuple(t.shape) for t in tensors))
    return tuple(t.expand(shape) for t in tensors)


def clamp_probs(probs: Tensor) -> Tensor:
    """Away from 0 and 1 by the dtype's eps, so that the logarithms are finite."""
    eps = float(np.finfo(probs.dtype).eps)
    return probs.clamp(eps, 1 - eps)
