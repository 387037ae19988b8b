"""Cross-entropy of logits and classes in one primitive, over any spatial shape.

Kept for the backward pass are the logits and the target, which are there anyway; softmax is computed again. The gradient,
softmax − target, is a primitive of its own, so that it costs one array and can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ...engine.variable import dtype_of, shape_of, unbox
from ...errors import ShapeError, expected
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, labels, summed
from ...types.promotion import Array
from ..activation.softmax import _log_softmax, _softmax, twice_softmax
from ..elementwise.arithmetic import neg
from ..reduce.reduce import _sum
from ..registry.derived import derived
from ..registry.expose import expose
from ..shape.shape import _reshape
from .likelihood import _at, _checked, _class_case, _constant, _divide, _safe, _total, _weights
from .regression import chosen_reduction, draw_reduction


class _Places:
    """What the loss and its gradient must know of the target. With label smoothing ε the loss of place i is

        Lᵢ = Σ_c aᵢ_c · (−log pᵢ_c),    aᵢ_c = onᵢ · [c = tᵢ] + hereᵢ · flat_c,    onᵢ = (1 − ε) wₜ,  flat_c = (ε/C) w_c,

    where `here` is 0 at ignored places, and `mass` is Σ_c aᵢ_c.
    """

    def __init__(self, x: Array, target: Array, weight: Array | None, ignore_index: int, smoothing: float) -> None:
        self.dim = _checked(x, target, weight, "cross_entropy")
        classes = x.shape[self.dim]
        self.target, self.here = _safe(target, classes, ignore_index)
        w = _weights(self.target, self.here, weight, x.dtype)
        self.total = _total(w, target.size)
        self.on: Any = 1 if w is None else w
        self.mass = self.on
        self.flat = None
        if smoothing:
            self.flat = np.full(classes, smoothing / classes, x.dtype) if weight is None else smoothing / classes * weight
            self.on = (1 - smoothing) * self.on
            flat = self.flat.sum()
            self.mass = self.on + (flat if self.here is None else flat * self.here)

    def along(self, v: Any) -> Any:
        """A value for each place (raw or a variable), with a dim of size 1 for the classes; a single value as it is."""
        shape = getattr(v, "shape", ())
        return v.reshape((*shape[: self.dim], 1, *shape[self.dim :])) if shape else v

    def of_class(self, v: Array, ndim: int) -> Array:
        """A value for each class, so that it broadcasts against (N, C, d…)."""
        return v.reshape((-1,) + (1,) * (ndim - 1 - self.dim))


@primitive(name="cross_entropy", label="cross-entropy", family="loss", real=True, derivative="(softmax − target)/n")
def _cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Array:
    """L = −Σ wₜ log softmax(input)[t] / Σ wₜ"""
    at = _Places(input, target, weight, ignore_index, label_smoothing)
    x = input if input.dtype != np.float16 else input.astype(np.float32)
    logp = _log_softmax.forward(x, dim=at.dim)
    y = -logp[_at(at.target, at.dim)] * at.on
    if at.flat is not None:
        y = y - np.add.reduce(logp * at.of_class(at.flat, x.ndim), axis=at.dim)
    if at.here is not None:
        y = np.where(at.here, y, y.dtype.type(0))
    if reduction != "none":
        y = np.add.reduce(y, axis=None)
    if reduction == "mean":
        y = _divide(y, at.total)
    return y.astype(input.dtype, copy=False)


@_cross_entropy.source
def _(input: Operand, target: Operand, weight: Operand | None, ignore_index: int, reduction: str, label_smoothing: float) -> str | None:
    if label_smoothing or not labels(input, target, weight, ignore_index):
        return None
    log_p = "shifted = input - input.max(axis=1, keepdims=True)\nlog_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))\n"
    return log_p + "-" + summed(f"log_p[np.arange({target.size}), target]", reduction)


@_cross_entropy.vjp("input")
def _(g: Array, input: Array, target: Array, weight: Array, ignore_index: int, reduction: str, label_smoothing: float) -> Array:
    return cross_entropy_adjoint(g, input, target, weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing)


@_cross_entropy.hints
def _(made_by: Sequence[str], values: Sequence[Array]) -> str:
    return twice_softmax("cross_entropy", made_by[0])


@_cross_entropy.entries
def _(input: Array, target: Array, weight_values: Array | None, ignore_index: int, reduction: str, label_smoothing: float) -> Any:
    at = _Places(np.zeros(input.shape), target, weight_values, ignore_index, label_smoothing)
    share = np.zeros(input.shape)  # what −log p of each class counts for in the loss of its place
    share[_at(at.target, at.dim)] = at.on
    if at.flat is not None:
        share = share + at.along(1.0 if at.here is None else at.here) * at.of_class(at.flat, input.ndim)
    total = at.total if reduction == "mean" else 1
    a = yield "A", np.exp(input)
    s = yield "S", a.sum(at.dim, keepdims=True)
    p = yield "P", a / s
    losses = -(share / total * np.log(p)).sum(at.dim)
    yield None, losses if reduction == "none" else np.asarray(losses, object).sum()

    def gradient(g: Array) -> dict[str, Array]:
        each = at.along(g) if reduction == "none" and g.ndim else g[()]
        return {"input": (p * share.sum(at.dim, keepdims=True) - share) * each / total}

    return {"gradient": gradient}


@primitive(name="cross_entropy adjoint", label="softmax − target", family="loss")
def cross_entropy_adjoint(
    input: Array,
    logits: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Array:
    """y = input · (mass · softmax(logits) − a), ÷ Σ wₜ for a mean; `input` is one number, or one a place"""
    at = _Places(logits, target, weight, ignore_index, label_smoothing)
    r = _divide(input, at.total) if reduction == "mean" else input
    y = _softmax.forward(logits, dim=at.dim)
    y *= at.along(r * at.mass)
    y[_at(at.target, at.dim)] -= r * at.on
    if at.flat is not None:
        y -= at.along(r if at.here is None else r * at.here) * at.of_class(at.flat, y.ndim)
    if at.here is not None:
        y = np.where(at.along(at.here), y, y.dtype.type(0))
    return y


@cross_entropy_adjoint.source
def _(
    input: Operand, logits: Operand, target: Operand, weight: Operand | None, ignore_index: int, reduction: str, label_smoothing: float
) -> str | None:
    if label_smoothing or not labels(logits, target, weight, ignore_index):
        return None
    e = "e = np.exp(logits - logits.max(axis=1, keepdims=True))\np = e / e.sum(axis=1, keepdims=True)\n"
    share = {"mean": f"p * (input / {target.size})", "sum": "p * input", "none": "p * input[:, None]"}[reduction]
    return f"{e}p[np.arange({target.size}), target] -= 1\n{share}"


@cross_entropy_adjoint.vjp("input")
def _(
    g: Array,
    input_shape: Any,
    logits: Array,
    target: Array,
    weight: Array,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Array:
    one = np.ones(input_shape, dtype_of(g))
    part = cross_entropy_adjoint(
        one, logits, target, weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing
    )
    return _sum(g * part, dims=None if input_shape == () else (1 if len(shape_of(g)) > 1 else 0,))


@cross_entropy_adjoint.vjp("logits")
def _(
    g: Array,
    input: Array,
    logits: Array,
    target: Array,
    weight: Array,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Array:
    given = (logits, target) if weight is None else (logits, target, weight)
    dim = 1 if len(shape_of(logits)) > 1 else 0
    mass = derived(partial(_mass, ignore_index, reduction, label_smoothing), *given)
    each = shape_of(input)
    r = (_reshape(input, shape=(*each[:dim], 1, *each[dim:])) if each else input) * mass
    p = _softmax(logits, dim=dim)
    gp = g * r * p
    return gp - p * _sum(gp, dims=(dim,) if len(shape_of(g)) > 1 else None, keepdim=True)


def _mass(ignore_index: int, reduction: str, smoothing: float, logits: Array, target: Array, weight: Array | None = None) -> Array:
    """What log p of all classes counts for at each place, ÷ Σ wₜ for a mean."""
    at = _Places(logits, target, weight, ignore_index, smoothing)
    with np.errstate(all="ignore"):
        mass = at.along(at.mass)
        return np.asarray(np.divide(mass, at.total) if reduction == "mean" else mass, logits.dtype)


@_cross_entropy.cases
def _(draw: Draw) -> Case:
    x, target, weight, ignore = _class_case(draw)
    smoothing = draw.choice([0.0, 0.1])
    return Case(x, target, weight, ignore_index=ignore, reduction=draw_reduction(draw), label_smoothing=smoothing)


@cross_entropy_adjoint.cases
def _(draw: Draw) -> Case:
    x, target, weight, ignore = _class_case(draw)
    reduction = draw_reduction(draw)
    g = draw.array(target.shape if reduction == "none" else ())
    smoothing = draw.choice([0.0, 0.1])
    return Case(g, x, target, weight, ignore_index=ignore, reduction=reduction, label_smoothing=smoothing)


@_cross_entropy.bad_cases
def _() -> Any:
    x = np.zeros((2, 3))
    yield Bad(x, np.array([0, -1]), error=IndexError, match="Target -1 is out of bounds")
    yield Bad(
        x,
        np.array([0, 1, 2]),
        error=ValueError,
        match=r"Expected input batch_size \(2\) to match target batch_size \(3\)",
    )


@_cross_entropy.onnx
def _(to: Emit, input: Any, target: Any, weight: Any, *, ignore_index: Any, reduction: Any, label_smoothing: Any) -> Any:
    if target.dtype.kind == "f" or label_smoothing:
        to.refuse("with label smoothing or class probabilities has no operator in ONNX: write it as log_softmax and sums")
    if len(input.shape) == 1:
        input, target = to.Unsqueeze(input, [0]), to.Unsqueeze(target, [0])
        y = to.SoftmaxCrossEntropyLoss(input, target, weight, ignore_index=int(ignore_index), reduction=reduction)
        return to.Squeeze(y, [0]) if reduction == "none" else y
    return to.SoftmaxCrossEntropyLoss(input, target, weight, ignore_index=int(ignore_index), reduction=reduction)


@expose("functional")
def cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Array:
    """L = −Σ w[t] · log softmax(input)[t] / Σ w[t], computed from logits without overflow.

    Shapes: input (N, C, d…) or (C); target (N, d…) or () as class indices, or the input's shape as probabilities (then the mean is over
    the places). Result () or, with reduction 'none', (N, d…).

    Args:
        input: logits.
        target: the class of each place, or a probability for each class.
        weight: how much each class counts (C); 1 by default.
        ignore_index: places with this class do not count (class indices only).
        reduction: 'mean', 'sum' or 'none'.
        label_smoothing: ε in [0, 1]: the target is mixed with ε of the uniform distribution.  [Szegedy et al. 2016]

    Raises:
        IndexError: a class that is none.
        ValueError, RuntimeError: shapes that do not fit.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.cross_entropy(ac.tensor([[0., 0.], [0., 0.]]), ac.tensor([0, 1]))
    tensor(0.6931)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="cross_entropy")
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing} (in cross_entropy)")
    weight = _constant(weight, "cross_entropy")
    if shape_of(input) == shape_of(target):
        return _of_probabilities(input, target, weight, how, label_smoothing)
    return _cross_entropy(input, target, weight, ignore_index=ignore_index, reduction=how, label_smoothing=label_smoothing)


def _of_probabilities(input: Array, target: Array, weight: Array | None, reduction: str, smoothing: float) -> Array:
    """L = −Σ w · target · log softmax(input), the mean over the places: a composite, so that the target has its gradient, too."""
    x = unbox(input)
    if dtype_of(target).kind not in "fc":
        raise RuntimeError(
            expected(
                "cross_entropy",
                "floating point class probabilities (a target of the input's shape)",
                f"dtype {dtype_of(target)}",
                "Convert with .float(), or give class indices (N, d…).",
            )
        )
    dim = 1 if x.ndim > 1 else 0
    classes = x.shape[dim] if x.ndim else 1
    if weight is not None and shape_of(weight) != (classes,):
        raise ShapeError(expected("cross_entropy", f"a weight for each of the {classes} classes", f"shape {list(shape_of(weight))}"))
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    y = _log_softmax(input, dim=dim) * target
    if weight is not None:
        y = y * weight.reshape((-1,) + (1,) * (x.ndim - 1 - dim))
    if reduction == "none":
        return neg(_sum(y, dims=(dim,) if x.ndim > 1 else None))
    y = neg(_sum(y))
    if reduction == "sum":
        return y
    return y / (x.size // classes) if x.size else y * float("nan")
