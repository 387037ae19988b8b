"""What attribution and attacks have in common: a model in evaluation, the scores of classes, and gradients that reach the pictures only."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import grad
from ..errors import GraphError
from ..tensors.tensor import Tensor, wrap


def pictures(x: Any, what: str) -> Tensor:
    """A batch of pictures as a leaf of its own, which asks for a gradient.

    Raises:
        TypeError: no tensor of floats.
        ValueError: not (N, C, H, W), or empty.
    """
    if not isinstance(x, Tensor) or x.dtype.kind != "f":
        raise TypeError(f"{what}: expected a tensor of floats (N, C, H, W), got {x.dtype if isinstance(x, Tensor) else type(x).__name__}.")
    if x.ndim != 4 or not x.numel():
        raise ValueError(f"{what}: expected a batch of pictures (N, C, H, W), got shape {tuple(x.shape)}. One picture: x[None].")
    return x.detach().clone().requires_grad_(True)


def scores_of(model: Any, x: Tensor, what: str) -> Tensor:
    """The model's scores (N, classes).

    Raises:
        ValueError: an output of another shape.
    """
    y = model(x)
    if not isinstance(y, Tensor) or y.ndim != 2 or y.shape[0] != x.shape[0]:
        got = f"shape {tuple(y.shape)}" if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(f"{what}: expected a model that gives scores (N, classes) for {x.shape[0]} pictures, got {got}.")
    return y


def classes_of(target: Any, scores: Tensor, what: str) -> Tensor:
    """The class of each picture: the one asked for, or the one with the highest score.

    Raises:
        TypeError: no whole numbers.
        ValueError: a class that does not exist, or not as many as pictures.
    """
    n, count = scores.shape
    if target is None:
        return scores.detach().argmax(1)
    known = np.asarray(target.detach() if isinstance(target, Tensor) else target)
    if known.dtype.kind not in "iu":
        raise TypeError(f"{what}: expected target to be a class or a class for each picture, got {target!r}.")
    if known.shape not in ((), (n,)):
        raise ValueError(f"{what}: expected one target or {n}, got shape {known.shape}.")
    if known.size and not (known.min() >= 0 and known.max() < count):
        raise ValueError(f"{what}: expected targets from 0 to {count - 1}, got {int(known.min())} to {int(known.max())}.")
    return wrap(np.broadcast_to(known, (n,)).astype(np.int64))


def chosen(scores: Tensor, classes: Tensor) -> Tensor:
    """Of each picture the score of its class, (N,)."""
    return scores.gather(1, classes[:, None])[:, 0]


def slope(value: Tensor, by: Tensor, what: str) -> Tensor:
    """The gradient of a sum by one tensor; nobody's `.grad` is touched.

    Raises:
        GraphError: no way leads there.
    """
    if not value.requires_grad:
        raise GraphError(f"{what}: the score has no graph to the pictures. Does the model detach, or run under no_grad?")
    found = grad(value.sum(), by, allow_unused=True)[0]
    if found is None:
        raise GraphError(f"{what}: the score does not depend on it.")
    return found
