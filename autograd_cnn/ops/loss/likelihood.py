"""The negative log-likelihood of classes, over any spatial shape. It is linear in its input, so its gradient is a primitive of its own,
and the pair is closed under differentiation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import expected
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, labels, summed, zeros
from ...types.promotion import Array
from ..registry.expose import expose
from .regression import chosen_reduction, draw_reduction


# ------------------------------------------------------------------------------------------------- classes
def _class_dim(x: Array) -> int:
    return 1 if x.ndim > 1 else 0


def _checked(x: Array, target: Array, weight: Array | None, operation: str) -> int:
    """Is `target` a class for every place of x (N, C, d…) or (C)? Returns the dim of the classes."""
    dim = _class_dim(x)
    places = x.shape[:dim] + x.shape[dim + 1 :]
    if not x.ndim:
        raise RuntimeError(expected(operation, "an input of 1 or more dims (C) or (N, C, d…)", "0 dims"))
    if target.dtype.kind not in "iu":
        raise RuntimeError(
            expected(
                operation,
                "target to hold class indices (dtype int64)",
                f"dtype {target.dtype}",
                "Convert with .long().",
            )
        )
    if target.shape != places:
        count = target.shape[0] if target.ndim else 0
        if places and max(target.ndim, 1) == len(places) and count != places[0]:
            raise ValueError(f"Expected input batch_size ({places[0]}) to match target batch_size ({count}) in {operation}.")
        raise RuntimeError(
            expected(
                operation,
                f"a target of shape {list(places)} for an input of shape {list(x.shape)}",
                f"{list(target.shape)}",
            )
        )
    if weight is not None and weight.shape != (x.shape[dim],):
        raise RuntimeError(
            f"weight tensor should be defined either for all {x.shape[dim]} classes or no classes but got weight tensor of shape: "
            f"{list(weight.shape)} (in {operation})"
        )
    return dim


def _safe(target: Array, classes: int, ignore_index: int) -> tuple[Array, Array | None]:
    """The target with 0 for ignored places, and which are not ignored (None if all count). IndexError for a class that is none."""
    counts = None
    if (target == ignore_index).any():
        counts = target != ignore_index
        target = np.where(counts, target, 0)
    if target.size and (target.min() < 0 or target.max() >= classes):
        wrong = target[(target < 0) | (target >= classes)].flat[0]
        raise IndexError(f"Target {wrong} is out of bounds: expected a class index in [0, {classes - 1}] or ignore_index ({ignore_index}).")
    return target, counts


def _weights(target: Array, counts: Array | None, weight: Array | None, dtype: Any) -> Array | None:
    """How much each place counts; None if each counts 1."""
    if weight is None:
        return None if counts is None else counts.astype(dtype)
    w = weight[target]
    return w if counts is None else np.where(counts, w, w.dtype.type(0))


def _total(w: Array | None, size: int) -> Any:
    """What a mean divides by."""
    return np.add.reduce(w, axis=None) if w is not None else size


def _divide(y: Array, by: Any) -> Array:
    """y / by, with the NaN of an empty mean."""
    return y / by if by else y * math.nan


def _at(target: Array, dim: int) -> tuple[Any, ...]:
    """The index of each place's class in an array (N, C, d…) or (C): x[_at(target, dim)] has the target's shape."""
    if target.ndim < 2:
        return (np.arange(target.size), target) if dim else (target,)
    grid = np.indices(target.shape, sparse=True)
    return (*grid[:dim], target, *grid[dim:])


# ------------------------------------------------------------------------------------------------- nll
@primitive(name="nll_loss", label="NLL", family="loss", real=True, derivative="−1/n at the target")
def _nll(input: Array, target: Array, weight: Array | None = None, *, ignore_index: int = -100, reduction: str = "mean") -> Array:
    """L = −Σ wₜ input[t] / Σ wₜ"""
    dim = _checked(input, target, weight, "nll_loss")
    t, counts = _safe(target, input.shape[dim], ignore_index)
    w = _weights(t, counts, weight, input.dtype)
    y = -input[_at(t, dim)]
    if w is not None:
        y = y * w if counts is None else np.where(counts, y * w, w.dtype.type(0))
    if reduction == "none":
        return y
    y = np.add.reduce(y, axis=None)
    return _divide(y, _total(w, target.size)) if reduction == "mean" else y


@_nll.source
def _(input: Operand, target: Operand, weight: Operand | None, ignore_index: int, reduction: str) -> str | None:
    if not labels(input, target, weight, ignore_index):
        return None
    return "-" + summed(f"input[np.arange({target.size}), target]", reduction)


@_nll.hints
def _(made_by: Sequence[str], values: Sequence[Array]) -> str:
    input = values[0]
    sums = input.size and input.min() >= 0 and np.allclose(input.sum(_class_dim(input)), 1.0, atol=1e-3)
    if made_by[0] != "softmax" and not sums:
        return ""
    return (
        "nll_loss: expected log-probabilities, which are not above 0, got what looks like probabilities. Use log_softmax before it, or "
        "cross_entropy of the logits, which is both in one."
    )


@_nll.vjp("input")
def _(g: Array, target: Array, weight: Array, input_shape: tuple[int, ...], ignore_index: int, reduction: str) -> Array:
    return nll_adjoint(g, target, weight, shape=input_shape, ignore_index=ignore_index, reduction=reduction)


@primitive(name="nll_loss adjoint", label="−1 at the target", family="loss")
def nll_adjoint(
    input: Array,
    target: Array,
    weight: Array | None = None,
    *,
    shape: tuple[int, ...],
    ignore_index: int,
    reduction: str,
) -> Array:
    """Zeros of `shape` with −wₜ·input (÷ Σ wₜ for a mean) at each place's class."""
    y = np.zeros(shape, input.dtype)
    dim = _class_dim(y)
    t, counts = _safe(target, shape[dim], ignore_index)
    w = _weights(t, counts, weight, input.dtype)
    g = -input
    if reduction == "mean":
        g = _divide(g, _total(w, target.size))
    g = g if w is None else g * w
    if counts is not None:  # where nothing counts, a mean's g is NaN
        g = np.where(counts, g, y.dtype.type(0))
    y[_at(t, dim)] = g
    return y


@nll_adjoint.source
def _(y: Operand, target: Operand, weight: Operand | None, ignore_index: int, reduction: str) -> str | None:
    if not labels(y, target, weight, ignore_index):
        return None
    share = f"-input / {target.size}" if reduction == "mean" else "-input"
    return f"y = {zeros(y)}\ny[np.arange({target.size}), target] = {share}\ny"


@nll_adjoint.vjp("input")
def _(g: Array, target: Array, weight: Array, ignore_index: int, reduction: str) -> Array:
    return _nll(g, target, weight, ignore_index=ignore_index, reduction=reduction)


def _class_case(draw: Draw) -> tuple[Any, Any, Any, int]:
    """Input, target, weight, ignore_index."""
    n, c = draw.integer(1, 3), draw.integer(2, 4)
    places = draw.choice([(), (n,), (n, 2), (n, 2, 3)])
    shape = (*places[:1], c, *places[1:])
    target = draw.integers(places, 0, c)
    ignore = draw.choice([-100, 0])
    if ignore == 0 and np.size(target):  # at least one place counts
        target = np.array(target)
        target[(0,) * len(places)] = 1
    weight = draw.array((c,), low=0.5, high=2.0) if draw.boolean() else None
    return draw.array(shape), target, weight, ignore


@_nll.cases
def _(draw: Draw) -> Case:
    x, target, weight, ignore = _class_case(draw)
    return Case(x, target, weight, ignore_index=ignore, reduction=draw_reduction(draw))


@nll_adjoint.cases
def _(draw: Draw) -> Case:
    x, target, weight, ignore = _class_case(draw)
    reduction = draw_reduction(draw)
    g = draw.array(target.shape if reduction == "none" else ())
    return Case(g, target, weight, shape=x.shape, ignore_index=ignore, reduction=reduction)


@_nll.bad_cases
def _() -> Any:
    x = np.zeros((2, 3))
    yield Bad(x, np.array([0, 3]), error=IndexError, match="Target 3 is out of bounds")
    yield Bad(
        x,
        np.array([0, 1, 2]),
        error=ValueError,
        match=r"Expected input batch_size \(2\) to match target batch_size \(3\)",
    )
    yield Bad(x, np.array([0.0, 1.0]), error=RuntimeError, match="class indices")
    yield Bad(x, np.array([0, 1]), np.ones(2), error=RuntimeError, match="for all 3 classes")


@_nll.onnx
def _(to: Emit, input: Any, target: Any, weight: Any, *, ignore_index: Any, reduction: Any) -> Any:
    if len(input.shape) == 1:
        input, target = to.Unsqueeze(input, [0]), to.Unsqueeze(target, [0])
        y = to.NegativeLogLikelihoodLoss(input, target, weight, ignore_index=int(ignore_index), reduction=reduction)
        return to.Squeeze(y, [0]) if reduction == "none" else y
    return to.NegativeLogLikelihoodLoss(input, target, weight, ignore_index=int(ignore_index), reduction=reduction)


def _constant(weight: Any, operation: str) -> Any:
    """A class weight takes no gradient: better said than silently dropped."""
    if getattr(weight, "node", None) is not None:
        raise RuntimeError(
            f"the derivative for 'weight' of {operation} is not implemented: expected a weight without gradient. Use weight.detach()."
        )
    return weight


@expose("functional")
def nll_loss(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """L = −Σ w[t] · input[t] / Σ w[t], for log-probabilities `input`.   (N, C, d…), (N, d…) → () or (N, d…); also (C), () → ()

    Args:
        target: the class of each place, an index below C.
        weight: how much each class counts (C); 1 by default.
        ignore_index: places with this target do not count.
        reduction: 'mean' (over the weights), 'sum' or 'none'.

    Raises:
        IndexError: a class that is none.
        ValueError, RuntimeError: shapes that do not fit.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.nll_loss(ac.tensor([[-1., -2.]]), ac.tensor([1]))
    tensor(2.)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="nll_loss")
    return _nll(input, target, _constant(weight, "nll_loss"), ignore_index=ignore_index, reduction=how)
