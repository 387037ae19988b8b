"""Losses of regression: a distance of two tensors, entry by entry, then averaged, added up, or left as it is."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..engine.cases import Bad, Case, Draw
from ..engine.primitive import primitive
from ..engine.variable import unbox
from .expose import expose
from .promotion import Array, align

REDUCTIONS = ("none", "mean", "sum")


def chosen_reduction(
    reduction: str, size_average: bool | None = None, reduce: bool | None = None, *, operation: str
) -> str:
    """The reduction asked for, also by PyTorch's old arguments `size_average` and `reduce` (which warn)."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    if reduction not in REDUCTIONS:
        raise ValueError(
            f"{reduction} is not a valid value for reduction: {operation} expected 'none', 'mean' or 'sum'."
        )
    return reduction


def reduced(x: Array, reduction: str) -> Array:
    """A loss's entries, averaged, added up, or as they are. (Raw.)"""
    if reduction == "none":
        return x
    wide = np.float32 if x.dtype == np.float16 else None
    y = np.add.reduce(x, axis=None, dtype=wide)
    if reduction == "mean":
        y = y / x.size if x.size else y * math_nan
    return y.astype(x.dtype, copy=False)


math_nan = float("nan")


def share(g: Array, reduction: str, *shapes: tuple[int, ...]) -> Array:
    """The gradient of one entry of a loss whose arguments have these shapes: a mean's is the n-th part."""
    if reduction != "mean":
        return g
    n = 1
    for size in np.broadcast_shapes(*shapes):
        n *= size
    return g / (n or 1)


def warn_of_sizes(input: Any, target: Any, operation: str) -> None:
    """PyTorch's warning when a loss's arguments have different shapes and will broadcast."""
    a, b = unbox(input).shape, unbox(target).shape
    if a != b:
        warnings.warn(
            f"Using a target size ({_size(b)}) that is different to the input size ({_size(a)}) in {operation}. This will likely lead to "
            "incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )


def _size(shape: tuple[int, ...]) -> str:
    return f"torch.Size({list(shape)})"


def draw_reduction(draw: Draw) -> str:
    """For cases: one of the reductions."""
    return draw.choice(REDUCTIONS)


# ------------------------------------------------------------------------------------------------- squared error
@primitive(name="mse_loss", label="MSE", family="loss", derivative="2(x − t)/n")
def _mse(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    """L = mean (input − target)²"""
    d = np.subtract(*align(input, target))
    return reduced(np.multiply(d, d), reduction)


@_mse.vjp("input", "target")
def _(
    g: Array, input: Array, target: Array, input_shape: Any, target_shape: Any, reduction: str
) -> tuple[Array, Array]:
    gx = share(g, reduction, input_shape, target_shape) * 2 * (input - target)
    return gx, -gx


@_mse.cases
def _(draw: Draw) -> Case:
    a, b = draw.shapes(2)
    return Case(draw.array(a), draw.array(b), reduction=draw_reduction(draw))


@_mse.bad_cases
def _() -> Any:
    yield Bad(np.ones(3), np.ones(2), error=RuntimeError, match="must match the size")


@expose("functional")
def mse_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Array | None = None,
) -> Array:
    """L = (1/n) Σ (input − target)²; with reduction 'sum' without 1/n, with 'none' the entries.   (*), (*) → () or (*)

    `weight` multiplies the entries; the mean is then divided by the sum of the weights.
    Warns if the sizes differ (they broadcast). Raises ValueError for an unknown reduction.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.mse_loss(ac.tensor([1., 2.]), ac.tensor([0., 0.]))
    tensor(2.5000)
    """
    how = chosen_reduction(reduction, size_average, reduce, operation="mse_loss")
    warn_of_sizes(input, target, "mse_loss")
    if weight is not None:
        from .loss_weight import weighted

        return weighted(_mse(input, target, reduction="none"), weight, how, "mse_loss")
    return _mse(input, target, reduction=how)
