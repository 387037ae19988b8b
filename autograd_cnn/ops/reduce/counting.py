"""Operations on whole numbers, which take no gradient: one-hot codes, counts, places, different values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.variable import array_of, shape_of
from ...errors import expected
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand
from ...types.promotion import Array
from ..elementwise.select import nonzero_tuple
from ..registry.derived import settled
from ..registry.dims import normal_dim
from ..registry.expose import expose


@primitive(label="one-hot {num_classes}", family="index", name="one_hot")
def _one_hot(input: Array, *, num_classes: int) -> Array:
    """y[…, k] = 1 if input[…] = k else 0.   (*) → (*, num_classes)"""
    return (np.asarray(input)[..., None] == np.arange(num_classes)).astype(np.int64)


_one_hot.source("np.eye(num_classes, dtype=np.int64)[input]")


@_one_hot.cases
def _(draw: Draw) -> Case:
    return Case(draw.integers(draw.shape(), 0, 3), num_classes=draw.integer(3, 4), smooth=False)


@_one_hot.onnx
def _(to: Emit, input: Any, *, num_classes: Any) -> Any:
    return to.OneHot(input, to.const([num_classes], np.int64), to.const([0, 1], np.int64))


@expose("functional")
def one_hot(tensor: Array, num_classes: int = -1) -> Array:
    """Class numbers as vectors with a single 1; as many classes as the largest number needs if `num_classes` is -1.   (*) → (*, C)

    Raises:
        RuntimeError: numbers that are not int64, negative, or too large.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.one_hot(ac.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    raw = array_of(tensor)
    if raw.dtype != np.int64:
        raise RuntimeError(f"one_hot is only applicable to index tensor of type LongTensor: got {raw.dtype}. Convert it with .long().")
    if not raw.size:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor: give num_classes to one_hot.")
        return _one_hot(tensor, num_classes=num_classes)
    if int(raw.min()) < 0:
        raise RuntimeError(f"Class values must be non-negative: one_hot got {int(raw.min())}.")
    if num_classes == -1:
        num_classes = int(settled("one_hot without num_classes", tensor, "Give num_classes.").max()) + 1
    if num_classes < 1:
        raise RuntimeError(expected("one_hot", "num_classes to be positive, or -1", num_classes))
    if int(raw.max()) >= num_classes:
        raise RuntimeError(f"Class values must be smaller than num_classes: one_hot got {int(raw.max())} for {num_classes} classes.")
    return _one_hot(tensor, num_classes=num_classes)


@primitive(label="nonzero", family="index", name="nonzero")
def _nonzero(input: Array) -> Array:
    """The indices of the entries that are not zero, one a row.   (*) → (count, dims)"""
    if not input.ndim:
        return np.zeros((int(input != 0), 0), np.int64)
    return np.argwhere(input)


_nonzero.source("np.argwhere(input)")


@_nonzero.cases
def _(draw: Draw) -> Case:
    return Case(draw.booleans(draw.shape()), smooth=False)


@_nonzero.onnx
def _(to: Emit, input: Any) -> Any:
    return to.Transpose(to.NonZero(input), perm=(1, 0))


@expose("function method")
def nonzero(input: Array, *, as_tuple: bool = False) -> Any:
    """The indices of the entries that are not zero: one a row, or with `as_tuple` one vector a dim (an index).   (*) → (count, dims)

    >>> import autograd_cnn as ac
    >>> ac.nonzero(ac.tensor([0, 3, 4]))
    tensor([[1],
            [2]])
    """
    return nonzero_tuple(input) if as_tuple else _nonzero(input)


@expose("function method")
def argwhere(input: Array) -> Array:
    """`nonzero(input)`.

    >>> import autograd_cnn as ac
    >>> ac.argwhere(ac.tensor([0., 3.]))
    tensor([[1]])
    """
    return _nonzero(input)


@primitive(label="bincount", family="index", real=True, name="bincount")
def _bincount(input: Array, weights: Array | None = None, *, minlength: int) -> Array:
    """y_k = how often k occurs (or the sum of the weights there).   (N) → (max(minlength, largest + 1))"""
    y = np.bincount(input, weights, minlength)
    return y if weights is None else y.astype(np.float32 if weights.dtype == np.float32 else np.float64)


@_bincount.source
def _(weights: Operand | None) -> str | None:
    return "np.bincount(input, minlength=minlength)" if weights is None else None


@_bincount.cases
def _(draw: Draw) -> Case:
    n = draw.integer(1, 5)
    given = [draw.array((n,))] if draw.boolean() else []
    return Case(draw.integers((n,), 0, 4), *given, minlength=draw.integer(0, 6), smooth=False)


@_bincount.onnx
def _(to: Emit, input: Any, weights: Any = None, *, minlength: Any) -> Any:
    x, least = to.cast(input, np.int64), to.const([int(minlength)], np.int64)
    count = to.Max(to.Add(to.reduce("Max", x, (0,), True), 1), least) if input.shape[0] else least
    each = to.Add(to.Mul(x, 0), 1) if weights is None else to.cast(weights, to.dtype)
    zeros = to.cast(to.ConstantOfShape(count, dtype=np.float32), to.dtype)
    return to.ScatterElements(zeros, x, each, axis=0, reduction="add")


@expose("function method")
def bincount(input: Array, weights: Array | None = None, minlength: int = 0) -> Array:
    """How often each of 0, 1, 2, … occurs in a vector of whole numbers; with weights, the sum of the weights where it occurs.

    Raises:
        RuntimeError: numbers that are negative, no vector, or weights of another length.
        NotImplementedError: floats.

    >>> import autograd_cnn as ac
    >>> ac.bincount(ac.tensor([1, 1, 3]))
    tensor([0, 2, 0, 1])
    """
    raw = array_of(input)
    if raw.dtype.kind not in "iu":
        raise NotImplementedError(f'"bincount_cpu" not implemented for {raw.dtype}: bincount expected whole numbers. Convert with .long().')
    if raw.ndim != 1 or (raw.size and int(raw.min()) < 0):
        got = f"{raw.ndim}-d" if raw.ndim != 1 else int(raw.min())
        raise RuntimeError(f"bincount only supports 1-d non-negative integral inputs: got {got}.")
    if weights is not None and shape_of(weights) != raw.shape:
        raise RuntimeError(
            f"weights should be 1-d and have the same length as input: bincount got {list(shape_of(weights))} and {list(raw.shape)}"
        )
    if minlength < 0:
        raise RuntimeError(f"minlength should be >= 0: bincount got {minlength}")
    return _bincount(input, weights, minlength=minlength)


# ------------------------------------------------------------------------------------------------- different values
@primitive(label="unique", family="index", real=True, name="unique", outputs=("values", "inverse", "counts"))
def _unique(input: Array, *, dim: int | None, consecutive: bool) -> tuple[Array, Array, Array]:
    """The different values (or slices along `dim`), which of them each entry is, and how often each occurs"""
    rows = (
        input.reshape(-1, 1) if dim is None else np.moveaxis(input, dim, 0).reshape(input.shape[dim], input.size // (input.shape[dim] or 1))
    )
    if consecutive:
        fresh = np.ones(len(rows), bool)
        fresh[1:] = (rows[1:] != rows[:-1]).any(1)
        starts = np.flatnonzero(fresh)
        picked, inverse, counts = rows[starts], np.cumsum(fresh) - 1, np.diff(starts, append=len(rows))
    elif dim is None:
        flat, inverse, counts = np.unique(input, return_inverse=True, return_counts=True, equal_nan=False)
        picked = flat.reshape(-1, 1)
    else:
        picked, inverse, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    if dim is None:
        return picked[:, 0], inverse.reshape(input.shape), counts
    rest = (*input.shape[:dim], *input.shape[dim + 1 :])
    return np.ascontiguousarray(np.moveaxis(picked.reshape(-1, *rest), 0, dim)), inverse.reshape(-1), counts


@_unique.cases
def _(draw: Draw) -> Case:
    x = draw.integers(draw.shape(min_dims=1, max_dims=2), 0, 3)
    return Case(x, dim=draw.choice([None, 0]), consecutive=draw.boolean(), smooth=False)


@_unique.onnx
def _(to: Emit, input: Any, *, dim: Any, consecutive: Any) -> Any:
    if consecutive:
        to.refuse("of neighbours alone has no operator in ONNX: expected `unique`, which sorts.")
    x = input if input.dtype.kind == "f" else to.cast(input, np.int64)
    values, _, inverse, counts = to.Unique(x, axis=dim, sorted=1, outs=4)
    inverse = to.reshape(inverse, input.shape) if dim is None else inverse
    return to.cast(values, input.dtype), inverse, counts


def _asked(input: Any, dim: int | None, consecutive: bool, return_inverse: bool, return_counts: bool, name: str) -> Any:
    d = None if dim is None else normal_dim(dim, len(shape_of(input)), name)
    values, inverse, counts = _unique(input, dim=d, consecutive=consecutive)
    asked = (values, *((inverse,) if return_inverse else ()), *((counts,) if return_counts else ()))
    return asked if len(asked) > 1 else values


@expose("function method")
def unique(input: Array, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """The different values, in ascending order (also with `sorted=False`, which only allows another order); with `dim`, the different
    slices. `return_inverse` adds which of them each entry is, `return_counts` how often each occurs.

    >>> import autograd_cnn as ac
    >>> ac.unique(ac.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    return _asked(input, dim, False, return_inverse, return_counts, "unique")


@expose("function method")
def unique_consecutive(input: Array, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """As `unique`, but only neighbours that are equal become one, and the order stays.

    >>> import autograd_cnn as ac
    >>> ac.unique_consecutive(ac.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    return _asked(input, dim, True, return_inverse, return_counts, "unique_consecutive")
