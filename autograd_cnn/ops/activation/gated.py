"""Activations that gate or draw: glu, gumbel_softmax."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import array_of, ndim_of, shape_of, unbox
from ...random import default_generator
from ...types.kinds import float_only
from ...types.promotion import Array
from ..elementwise.exponential import sigmoid
from ..index.index import select_view
from ..registry.derived import derived
from ..registry.dims import normal_dim
from ..registry.expose import expose
from .softmax import _softmax


def _half(input: Any, dim: int, part: slice) -> Any:
    return select_view(input, at=(slice(None),) * dim + (part, Ellipsis))


@expose("functional")
def glu(input: Array, dim: int = -1) -> Array:
    """y = a · σ(b), a and b the halves of the input along `dim`.   (*, 2n, *) → (*, n, *)   [Dauphin et al. 2017]

    Raises:
        RuntimeError: the size along `dim` is odd, or for a 0-d input.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.glu(ac.tensor([4., 0.]))
    tensor([2.])
    """
    if ndim_of(input) == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even: expected 1 dim or more, got 0.")
    at = normal_dim(dim, ndim_of(input), "glu")
    n = shape_of(input)[at]
    float_only(unbox(input), "glu")
    if n % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {at} is size {n} in glu.")
    return _half(input, at, slice(0, n // 2)) * sigmoid(_half(input, at, slice(n // 2, n)))


@expose("functional")
def gumbel_softmax(logits: Array, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Array:
    """y = softmax((logits + G) / tau) along `dim`, G drawn from the Gumbel distribution: a differentiable draw of a category.

    With `hard` the result is one-hot, while the gradient is that of the soft one. `eps` has no use any more and is there for
    PyTorch's signature.   (*) → (*)   [Jang et al. 2017]

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.nn.functional.gumbel_softmax(ac.zeros(3), hard=True).sum()
    tensor(1.)
    """
    x = array_of(logits)
    with np.errstate(divide="ignore"):
        noise = -np.log(default_generator.exponential(x.shape, x.dtype))
    at = normal_dim(dim, x.ndim, "gumbel_softmax")
    y = _softmax((logits + noise) / tau, dim=at)
    if not hard:
        return y
    return y + derived(partial(_to_one_hot, at), y)  # adds a constant: the value becomes one-hot, the gradient stays


def _to_one_hot(dim: int, y: Array) -> Array:
    one_hot = np.zeros_like(y)
    np.put_along_axis(one_hot, np.argmax(y, axis=dim, keepdims=True), 1, dim)
    return one_hot - y
