"""Losses with a margin: composites of clamps and distances."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import array_of, ndim_of, shape_of, size_of
from ...errors import expected
from ...types.promotion import Array
from ..activation.softplus import logsigmoid
from ..elementwise.clamp import _clamp
from ..elementwise.exponential import sqrt
from ..elementwise.select import minimum, where
from ..index.take_along import take_along
from ..linalg.distance import pairwise_distance
from ..reduce.reduce import _mean, _sum
from ..registry.derived import derived
from ..registry.expose import expose
from .likelihood import _constant
from .regression import chosen_reduction, reduce_to, spoken


def _hinge(x: Any) -> Any:
    """max(0, x)"""
    return _clamp(x, min=0.0)


@expose("functional")
def hinge_embedding_loss(
    input: Array,
    target: Array,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """L = mean of x where t = 1, of max(0, margin − x) where t = −1.   (*), (*) → () or (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.hinge_embedding_loss(ac.tensor([0.5, 0.25]), ac.tensor([1., -1.]))
    tensor(0.6250)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="hinge_embedding_loss")
    array_of(input), array_of(target)
    far = where(target != 1, _hinge(margin - input), 0.0)
    near = where(target != -1, input, 0.0)
    return reduce_to(far + near, how)


@expose("functional")
def margin_ranking_loss(
    input1: Array,
    input2: Array,
    target: Array,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """L = mean max(0, −t (x1 − x2) + margin): x1 ranks higher where t = 1, lower where t = −1.   (*), (*), (*) → () or (*)

    Raises:
        RuntimeError: the numbers of dims differ.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.margin_ranking_loss(ac.tensor([1.]), ac.tensor([3.]), ac.tensor([1.]))
    tensor(2.)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="margin_ranking_loss")
    a, b, c = (shape_of(x) for x in (input1, input2, target))
    if not len(a) == len(b) == len(c):
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {spoken(a)}, input2: {spoken(b)}, target: {spoken(c)} "
        )
    return reduce_to(_hinge(-target * (input1 - input2) + margin), how)


@expose("functional")
def cosine_embedding_loss(
    input1: Array,
    input2: Array,
    target: Array,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """L = mean of 1 − cos(x1, x2) where t = 1, of max(0, cos(x1, x2) − margin) where t = −1.   (N, D), (N, D), (N) → () or (N); also
    (D), (D), ().   Raises RuntimeError for other shapes.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.cosine_embedding_loss(ac.tensor([[1., 0.]]), ac.tensor([[0., 1.]]), ac.tensor([1.]))
    tensor(1.)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="cosine_embedding_loss")
    a, b, t = (shape_of(x) for x in (input1, input2, target))
    if len(t) not in (0, 1):
        raise RuntimeError(f"0D or 1D target tensor expected, multi-target not supported: cosine_embedding_loss got {list(t)}.")
    if len(a) != len(t) + 1 or len(b) != len(t) + 1:
        raise RuntimeError(
            f"{len(t)}D target tensor expects {len(t) + 1}D input tensors, but found inputs with sizes {list(a)} and {list(b)} "
            "(in cosine_embedding_loss)."
        )
    dims = (1,) if t else None
    tiny = 1e-12
    size = (_sum(input1 * input1, dims=dims) + tiny) * (_sum(input2 * input2, dims=dims) + tiny)
    cos = _sum(input1 * input2, dims=dims) / sqrt(size)
    y = where(target == 1, 1 - cos, 0.0) + where(target == -1, _hinge(cos - margin), 0.0)
    return reduce_to(y, how)


# ------------------------------------------------------------------------------------------------- triplets
def _triplet(near: Any, far: Any, other: Any, margin: float, reduction: str) -> Any:
    return reduce_to(_hinge(margin + near - (far if other is None else minimum(far, other))), reduction)


def _positive(margin: float, operation: str) -> None:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin} in {operation}")


def _three(anchor: Any, positive: Any, negative: Any) -> None:
    a, p, n = (ndim_of(x) for x in (anchor, positive, negative))
    if not a == p == n:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {a}D, positive {p}D, and negative {n}D inputs"
        )


@expose("functional")
def triplet_margin_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """L = mean max(0, d(anchor, positive) − d(anchor, negative) + margin), d the p-distance.   3 × (N, D) → () or (N)

    `swap` takes the smaller of d(anchor, negative) and d(positive, negative).

    Raises:
        ValueError: margin ≤ 0.
        RuntimeError: the numbers of dims differ.

    Source: Balntas et al. 2016.

    >>> import autograd_cnn as ac
    >>> a, p, n = ac.tensor([[0., 0.]]), ac.tensor([[3., 4.]]), ac.tensor([[0., 5.]])
    >>> ac.nn.functional.triplet_margin_loss(a, p, n)
    tensor(1.0000)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="triplet_margin_loss")
    _positive(margin, "triplet_margin_loss")
    _three(anchor, positive, negative)
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    return _triplet(near, far, pairwise_distance(positive, negative, p, eps) if swap else None, margin, how)


@expose("functional")
def triplet_margin_with_distance_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Array:
    """`triplet_margin_loss` with any function as distance; the pairwise distance if none is given.

    Raises:
        ValueError: margin ≤ 0.
        RuntimeError: the numbers of dims differ.

    >>> import autograd_cnn as ac
    >>> a, p, n = ac.tensor([[0.]]), ac.tensor([[3.]]), ac.tensor([[1.]])
    >>> ac.nn.functional.triplet_margin_with_distance_loss(a, p, n, distance_function=lambda x, z: (x - z).abs().sum(1))
    tensor(3.)
    """
    how = chosen_reduction(reduction, operation="triplet_margin_with_distance_loss")
    _positive(margin, "triplet_margin_with_distance_loss")
    _three(anchor, positive, negative)
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    return _triplet(near, far, distance(positive, negative) if swap else None, margin, how)


# ------------------------------------------------------------------------------------------------- several classes
def _rows(input: Any, operation: str) -> tuple[Any, bool]:
    """The input as (N, C), and whether it was (C)."""
    x = array_of(input)
    if x.ndim == 0:
        return input.reshape((1, 1)), True
    if x.ndim > 2 or 0 in x.shape[-1:]:
        raise RuntimeError(f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(x.shape)} in {operation}")
    return (input.reshape((1, -1)), True) if x.ndim == 1 else (input, False)


@expose("functional")
def multi_margin_loss(
    input: Array,
    target: Array,
    p: int = 1,
    margin: float = 1.0,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """L = mean of (1/C) Σ_{c ≠ t} w[t] max(0, margin − x[t] + x[c])ᵖ, t the target's class.   (N, C), (N) → () or (N); also (C), ()

    Raises:
        ValueError: p other than 1 and 2.
        RuntimeError: shapes or classes that do not fit.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.multi_margin_loss(ac.tensor([[0.5, 1.]]), ac.tensor([0]))
    tensor(0.7500)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="multi_margin_loss")
    if p not in (1, 2):
        raise ValueError(f"only p == 1 and p == 2 supported: multi_margin_loss got p={p}.")
    if weight is not None and ndim_of(weight) != 1:
        raise ValueError(f"weight must be one-dimensional: multi_margin_loss got {ndim_of(weight)} dims")
    x, single = _rows(input, "multi_margin_loss")
    n, classes = shape_of(x)
    array_of(target)
    own = derived(partial(_column, n, classes), target)
    away = _hinge(margin - take_along(x, at=own, dim=1, repeats=False) + x)
    if p == 2:
        away = away * away
    y = where(derived(partial(_others, n, classes), target), away, 0.0)
    if weight is not None:
        w = _constant(weight, "multi_margin_loss")
        if shape_of(w) != (classes,):
            raise RuntimeError(f"weight must be one-dimensional, of {classes} classes: multi_margin_loss got shape {list(shape_of(w))}.")
        y = y * derived(partial(_weight_of, n, classes), target, w)
    y = _sum(y, dims=(1,)) / classes
    return reduce_to(y.reshape(()) if single else y, how)


def _column(n: int, classes: int, target: Any) -> Any:
    """The classes as a column.   (N) or () → (N, 1)"""
    t = np.atleast_1d(target)
    if t.shape != (n,):
        raise RuntimeError(f"inconsistent target size, expected {n} but got {list(t.shape)} in multi_margin_loss")
    if t.size and (t.min() < 0 or t.max() >= classes):
        raise RuntimeError(f"target out of range: multi_margin_loss expected classes in [0, {classes - 1}], got {t.min()} to {t.max()}.")
    return t[:, None]


def _others(n: int, classes: int, target: Any) -> Any:
    """Which classes are not the target's.   (N) → (N, C)"""
    return np.arange(classes) != _column(n, classes, target)


def _weight_of(n: int, classes: int, target: Any, weight: Any) -> Any:
    """The target's weight.   (N), (C) → (N, 1)"""
    return weight[_column(n, classes, target)]


@expose("functional")
def multilabel_margin_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """L = mean of (1/C) Σ_{t in targets} Σ_{c not in targets} max(0, 1 − x[t] + x[c]).   (N, C), (N, C) → () or (N); also (C), (C)

    A row of the target lists classes, up to the first −1. Raises RuntimeError for shapes or classes that do not fit.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.multilabel_margin_loss(ac.tensor([[0.1, 0.2, 0.4, 0.8]]), ac.tensor([[3, 0, -1, 1]]))
    tensor(0.8500)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="multilabel_margin_loss")
    x, single = _rows(input, "multilabel_margin_loss")
    n, classes = shape_of(x)
    array_of(target)
    if size_of(target) != n * classes or ndim_of(target) != ndim_of(input) or shape_of(target)[-1:] not in ((), (classes,)):
        raise RuntimeError(
            f"inconsistent target size: {list(shape_of(target))} for input of size: {list(shape_of(input))} in multilabel_margin_loss"
        )
    chosen = take_along(x, at=derived(partial(_listed, classes, 0), target), dim=1, repeats=True)
    away = _hinge(1 - chosen.reshape((n, classes, 1)) + x.reshape((n, 1, classes)))
    y = _sum(where(derived(partial(_pairs, classes), target), away, 0.0), dims=(1, 2)) / classes
    return reduce_to(y.reshape(()) if single else y, how)


def _listed(classes: int, other: int, target: Any) -> Any:
    """The classes that each row lists, up to the first −1; `other` after them.   (N, C) → (N, C)"""
    t = np.atleast_2d(target)
    if t.size and (t.min() < -1 or t.max() >= classes):
        raise RuntimeError(
            f"target out of range: multilabel_margin_loss expected classes in [-1, {classes - 1}], got {t.min()} to {t.max()}."
        )
    return np.where(np.logical_and.accumulate(t >= 0, axis=1), t, other)


def _pairs(classes: int, target: Any) -> Any:
    """Which pairs (a listed class, one that is not listed) count.   (N, C) → (N, C, C)"""
    listed = _listed(classes, classes, target)
    is_target = np.zeros((len(listed), classes + 1), bool)
    np.put_along_axis(is_target, listed, True, 1)
    return (listed < classes)[:, :, None] & ~is_target[:, None, :classes]


@expose("functional")
def multilabel_soft_margin_loss(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """L = mean of −(1/C) Σ_c w_c (t_c ln σ(x_c) + (1 − t_c) ln σ(−x_c)), the sum over the last dim.   (*, C), (*, C) → () or (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.multilabel_soft_margin_loss(ac.tensor([[0., 0.]]), ac.tensor([[1., 0.]]))
    tensor(0.6931)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="multilabel_soft_margin_loss")
    if not ndim_of(input):
        raise IndexError(expected("multilabel_soft_margin_loss", "an input of 1 or more dims (*, C)", "0 dims"))
    array_of(target), array_of(input)
    y = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        array_of(weight)
        y = y * weight
    ndim = ndim_of(y)
    return reduce_to(_mean(y, dims=(ndim - 1,) if ndim > 1 else None), how)
