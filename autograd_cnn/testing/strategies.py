"""hypothesis strategies for tensors, their sizes, and problems that fit together. All shrink towards the smallest failing example.

    from hypothesis import given
    from autograd_cnn.testing import strategies as acst

    @given(acst.tensors(requires_grad=True))
    def test_mine(x):
        assert gradcheck(mine, (x,))

hypothesis comes with `pip install "autograd-cnn[test]"`; this module needs it when a strategy is made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels.reference.windows import output_sizes
from ..support.listing import listed
from ..tensors.tensor import Tensor, wrap
from .needs import hypothesis

__all__ = [
    "LAYOUTS",
    "ConvProblem",
    "PoolProblem",
    "broadcastable_shapes",
    "class_targets",
    "conv_problems",
    "dim_tuples",
    "dims",
    "elements",
    "indices",
    "pool_problems",
    "probability_vectors",
    "shapes",
    "tensors",
]

Shape = tuple[int, ...]
LAYOUTS = ("contiguous", "transposed", "strided", "negative", "broadcast")


def _st() -> Any:
    return hypothesis("autograd_cnn.testing.strategies").strategies


def _composite(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`st.composite` at the first use, so that importing this module does not need hypothesis."""

    def strategy(*args: Any, **kwargs: Any) -> Any:
        return _st().composite(fn)(*args, **kwargs)

    strategy.__name__ = strategy.__qualname__ = fn.__name__
    strategy.__doc__ = fn.__doc__
    return strategy


# ------------------------------------------------------------------------------------------------- shapes and dims
def shapes(min_dims: int = 0, max_dims: int = 4, min_side: int = 1, max_side: int = 4) -> Any:
    """Shapes, as tuples. Shrinks to few dims of `min_side`; `min_side=0` includes tensors without entries.

    >>> from hypothesis import find
    >>> find(shapes(), lambda s: len(s) >= 2)
    (1, 1)
    """
    st = _st()
    return st.lists(st.integers(min_side, max_side), min_size=min_dims, max_size=max(min_dims, max_dims)).map(tuple)


@_composite
def broadcastable_shapes(draw: Any, count: int = 2, max_dims: int = 4, max_side: int = 4, min_side: int = 1) -> tuple[Shape, ...]:
    """`count` shapes that broadcast against each other: one full shape with leading dims left out and sizes set to 1.

    >>> from hypothesis import find
    >>> find(broadcastable_shapes(2), lambda p: p[0] != p[1])
    ((), (1,))
    """
    st = _st()
    full = draw(shapes(0, max_dims, min_side, max_side))
    made = []
    for _ in range(count):
        kept = draw(st.integers(0, len(full)))
        made.append(tuple(draw(st.sampled_from((1, n))) for n in full[len(full) - kept :]))
    return tuple(made)


def dims(ndim: int) -> Any:
    """One dim of a tensor of `ndim` dims, counted from either end. Shrinks to 0.

    >>> from hypothesis import find
    >>> find(dims(3), lambda d: d < 0)
    -1
    """
    if ndim < 1:
        raise ValueError(f"dims: expected a tensor of at least one dim, got ndim={ndim}.")
    return _st().integers(-ndim, ndim - 1)


@_composite
def dim_tuples(draw: Any, ndim: int, min_size: int = 0, max_size: int | None = None) -> tuple[int, ...]:
    """Several different dims, in any order, counted from either end.

    >>> from hypothesis import find
    >>> find(dim_tuples(3), lambda d: len(d) == 2)
    (0, 1)
    """
    st = _st()
    top = ndim if max_size is None else min(max_size, ndim)
    picked = draw(st.lists(st.integers(0, ndim - 1), unique=True, min_size=min_size, max_size=top)) if ndim else []
    return tuple(d - ndim if draw(st.booleans()) else d for d in picked)


# ------------------------------------------------------------------------------------------------- tensors
_SPECIAL = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def elements(
    dtype: Any = np.float64, low: float = -3.0, high: float = 3.0, avoid: Sequence[float] = (), special: Sequence[str] = ()
) -> Any:
    """Entries: for floats simple numbers in [low, high], a step away from each value of `avoid` (kinks), and from `special` any of
    "nan", "inf", "-inf", "subnormal", "huge", "-0"; for integers and bools what lies in the range.

    >>> from hypothesis import find
    >>> find(elements(avoid=[0.0]), lambda v: True)
    0.125
    """
    st, kind = _st(), np.dtype(dtype)
    if kind.kind == "b":
        return st.booleans()
    if kind.kind in "iu":
        info = np.iinfo(kind)
        return st.integers(max(math.ceil(low), int(info.min)), min(math.floor(high), int(info.max)))
    finfo = np.finfo(kind)
    known = {**_SPECIAL, "subnormal": float(finfo.smallest_subnormal), "huge": float(finfo.max) / 4, "-0": -0.0}
    unknown = [s for s in special if s not in known]
    if unknown:
        raise ValueError(f"elements: expected special values out of {', '.join(map(repr, known))}, got {unknown[0]!r}.")
    steps = 8 if high - low >= 1 else 8 * math.ceil(1 / max(high - low, 1e-9))
    near = 0.5 / steps
    grid = st.integers(math.ceil(low * steps), math.floor(high * steps)).map(lambda i: i / steps)
    plain = grid.filter(lambda v: all(abs(v - a) > near for a in avoid)) if avoid else grid
    return st.one_of(plain, st.sampled_from([known[s] for s in special])) if special else plain


@_composite
def tensors(
    draw: Any,
    shape: Any = None,
    dtype: Any = np.float64,
    elements: Any = None,
    requires_grad: bool = False,
    layout: Any = "contiguous",
    low: float = -3.0,
    high: float = 3.0,
    avoid: Sequence[float] = (),
    special: Sequence[str] = (),
    distinct: bool = False,
) -> Tensor:
    """Tensors.

    Args:
        shape: a shape or a strategy for one; `shapes()` by default.
        dtype: a dtype or a strategy for one.
        elements: a strategy for the entries; by default `elements(dtype, low, high, avoid, special)`.
        requires_grad: whether they are leaves of a graph.
        layout: how they lie in memory: one of "contiguous", "transposed", "strided", "negative", "broadcast" (all entries of the
            first dim equal, stride 0: no gradcheck of these), "any" (any but broadcast), or a strategy.
        distinct: all entries different (for max, sort and the like).

    >>> from hypothesis import find
    >>> find(tensors(), lambda x: x.sum() > 1)
    tensor(1.1250, dtype=torch.float64)
    """
    st = _st()
    size = draw(shapes() if shape is None else shape if hasattr(shape, "example") else st.just(tuple(shape)))
    kind = np.dtype(draw(dtype) if hasattr(dtype, "example") else dtype)
    each = globals()["elements"](kind, low, high, avoid, special) if elements is None else elements
    n = math.prod(size)
    entries = draw(st.lists(each, min_size=n, max_size=n, unique=distinct))
    array = np.array(entries, kind).reshape(size)
    how = layout
    if layout == "any":
        how = draw(st.sampled_from(LAYOUTS[:-1]))
    elif hasattr(layout, "example"):
        how = draw(layout)
    return wrap(arranged(array, how), requires_grad=requires_grad)


def arranged(array: Any, layout: str) -> Any:
    """The array laid out in memory as named (see `tensors`)."""
    if layout not in LAYOUTS:
        raise ValueError(f"tensors: expected a layout out of {', '.join(map(repr, LAYOUTS))} or 'any', got {layout!r}.")
    if not array.ndim or layout == "contiguous":
        return array
    if layout == "transposed":
        return np.asfortranarray(array)
    if layout == "broadcast":
        return np.broadcast_to(array[:1], array.shape)
    if layout == "negative":
        back = (slice(None, None, -1),) * array.ndim
        return array[back].copy()[back]
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


# ------------------------------------------------------------------------------------------------- indices
@_composite
def indices(draw: Any, shape: Sequence[int], advanced: bool = True) -> Any:
    """Index expressions for a tensor of this shape: integers, slices, None, ..., and with `advanced` integer and bool tensors.

    >>> from hypothesis import find
    >>> find(indices((3, 4)), lambda at: isinstance(at, int))
    0
    """
    st = _st()
    parts: list[Any] = []
    used = draw(st.integers(0, len(shape)))
    arrays = draw(st.integers(0, 1)) if advanced and used else 0
    length = draw(st.integers(1, 3))
    for n in shape[:used]:
        kinds = ["slice"] if not n else ["int", "slice"]
        kind = draw(st.sampled_from(kinds + (["array", "mask"] if arrays and n else [])))
        if kind == "int":
            parts.append(draw(st.integers(-n, n - 1)))
        elif kind == "slice":
            ends = st.none() | st.integers(-n - 1, n + 1)
            parts.append(slice(draw(ends), draw(ends), draw(st.sampled_from([None, 1, 2, 3]))))
        elif kind == "array":
            parts.append(wrap(np.array(draw(st.lists(st.integers(-n, n - 1), min_size=length, max_size=length)), np.int64)))
        else:
            mask = np.zeros(n, bool)
            mask[draw(st.permutations(range(n)))[: min(length, n)]] = True
            parts.append(wrap(mask) if mask.sum() == length else wrap(np.zeros(length, np.int64)))
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), draw(st.sampled_from([None])))
    if used < len(shape) and draw(st.booleans()):
        parts.append(Ellipsis)
    return tuple(parts) if len(parts) != 1 or draw(st.booleans()) else parts[0]


# ------------------------------------------------------------------------------------------------- problems that fit together
@dataclass(frozen=True)
class ConvProblem:
    """Sizes of a convolution that fit together. `params` are the keyword arguments of `nn.functional.conv{1,2,3}d`; `weight_shape` is
    for them, `transposed_weight_shape` for `conv_transpose`; `out_shape` is the result's."""

    input_shape: Shape
    weight_shape: Shape
    out_shape: Shape
    params: dict[str, Any]

    @property
    def bias_shape(self) -> Shape:
        """One for each output channel."""
        return self.weight_shape[:1]


@dataclass(frozen=True)
class PoolProblem:
    """Sizes of a pooling that fit together; `params` are the keyword arguments of `nn.functional.max_pool{1,2,3}d`."""

    input_shape: Shape
    out_shape: Shape
    params: dict[str, Any]


@_composite
def conv_problems(draw: Any, dims: int | None = None, max_kernel: int = 3, max_groups: int = 2) -> ConvProblem:
    """Convolutions: input, kernel, stride, padding, dilation and groups that fit. Shrinks to one 1×1 kernel on one pixel.

    >>> from hypothesis import find
    >>> find(conv_problems(dims=2), lambda p: p.params["stride"] == (2, 2)).input_shape
    (1, 1, 1, 1)
    """
    st = _st()
    n = draw(st.integers(1, 2)) if dims is None else dims
    groups = draw(st.integers(1, max_groups))
    kernel = tuple(draw(st.integers(1, max_kernel)) for _ in range(n))
    dilation = tuple(draw(st.integers(1, 2)) for _ in range(n))
    padding = tuple(draw(st.integers(0, 2)) for _ in range(n))
    stride = tuple(draw(st.integers(1, 2)) for _ in range(n))
    size = tuple(max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 2)) for k, d, p in zip(kernel, dilation, padding, strict=True))
    channels, filters, batch = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    out = output_sizes(size, kernel, stride, tuple((p, p) for p in padding), dilation)
    params = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return ConvProblem((batch, channels * groups, *size), (filters * groups, channels, *kernel), (batch, filters * groups, *out), params)


@_composite
def pool_problems(draw: Any, dims: int | None = None, max_kernel: int = 3) -> PoolProblem:
    """Max poolings: input, window, stride, padding (at most half the window) and dilation that fit.

    >>> from hypothesis import find
    >>> find(pool_problems(dims=2), lambda p: p.params["kernel_size"] == (2, 2)).input_shape
    (1, 1, 2, 2)
    """
    st = _st()
    n = draw(st.integers(1, 2)) if dims is None else dims
    kernel = tuple(draw(st.integers(1, max_kernel)) for _ in range(n))
    dilation = tuple(draw(st.integers(1, 2)) for _ in range(n))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    stride = tuple(draw(st.integers(1, 2)) for _ in range(n))
    size = tuple(max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 2)) for k, d, p in zip(kernel, dilation, padding, strict=True))
    lead = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    out = output_sizes(size, kernel, stride, tuple((p, p) for p in padding), dilation)
    return PoolProblem((*lead, *size), (*lead, *out), {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation})


@_composite
def class_targets(draw: Any, batch: int | None = None, classes: int = 3, ignore_index: int | None = None) -> Tensor:
    """Class indices, int64, of shape (batch,); with `ignore_index` some entries are that.

    >>> from hypothesis import find
    >>> find(class_targets(2, classes=3), lambda t: t.sum() > 1)
    tensor([0, 2])
    """
    st = _st()
    n = draw(st.integers(1, 4)) if batch is None else batch
    one = st.integers(0, classes - 1)
    each = one if ignore_index is None else one | st.just(ignore_index)
    return wrap(np.array(draw(st.lists(each, min_size=n, max_size=n)), np.int64))


@_composite
def probability_vectors(draw: Any, batch: int | None = None, classes: int = 3, dtype: Any = np.float64, positive: bool = True) -> Tensor:
    """Rows that sum to one, of shape (batch, classes) or (classes,); `positive=False` may have zeros.

    >>> from hypothesis import find
    >>> find(probability_vectors(classes=2), lambda p: True)
    tensor([0.5000, 0.5000], dtype=torch.float64)
    """
    st = _st()
    least = 1 if positive else 0
    rows = []
    for _ in range(1 if batch is None else batch):
        counts = np.array(draw(st.lists(st.integers(least, 8), min_size=classes, max_size=classes)), np.float64)
        rows.append(counts / counts.sum() if counts.any() else np.eye(classes)[0])
    array = np.array(rows[0] if batch is None else rows)
    return wrap(array.astype(dtype).reshape((classes,) if batch is None else (batch, classes)))


def __dir__() -> list[str]:
    return listed(globals())
