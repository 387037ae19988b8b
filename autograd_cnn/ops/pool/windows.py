"""What the pooling functions share: their checks, windows and sizes, in any number of dims."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...config import current
from ...engine.variable import Variable, shape_of
from ...errors import ShapeError, expected, whole
from ...kernels.reference import pooling as mx
from ...kernels.reference.windows import check_fit, steps
from ..conv.conv import _batched, _unbatched
from ..shape.shape import Shape
from .average import _adaptive_avg, _window_sum
from .max import _adaptive_max, _max_pool, _unpool

Steps = int | Sequence[int]


def _windows(operation: str, dims: int, x: Any, kernel: Steps, stride: Steps | None, padding: Steps, dilation: Steps = 1) -> dict[str, Any]:
    """The window's sizes, one for each dim; in strict mode they must fit."""
    k = steps(kernel, dims, f"{operation}: kernel_size")
    empty = stride is None or (isinstance(stride, Sequence) and not len(stride))
    by = k if empty else steps(stride if stride is not None else k, dims, f"{operation}: stride")
    pad = steps(padding, dims, f"{operation}: padding")
    apart = steps(dilation, dims, f"{operation}: dilation")
    if current().strict_windows:
        check_fit(operation, shape_of(x)[2:], k, by, pad, apart)
    return {"kernel": k, "stride": by, "padding": pad}


def _max(
    operation: str,
    dims: int,
    input: Any,
    kernel: Steps,
    stride: Steps | None,
    padding: Steps,
    dilation: Steps,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    x, single = _batched(input, dims, operation)
    windows = _windows(operation, dims, x, kernel, stride, padding, dilation)
    y, indices = _max_pool(x, **windows, dilation=steps(dilation, dims, operation), ceil_mode=bool(ceil_mode))
    if not return_indices:
        return _unbatched(y, single)
    if isinstance(indices, Variable):
        indices.storage()  # switches, whatever the kernel left
    return _unbatched(y, single), _unbatched(mx.places(indices), single)


def _average(
    operation: str,
    dims: int,
    input: Any,
    kernel: Steps,
    stride: Steps | None,
    padding: Steps,
    ceil_mode: bool,
    average: bool = True,
    count_include_pad: bool = True,
    divisor: int | None = None,
) -> Any:
    x, single = _batched(input, dims, operation)
    if divisor == 0:
        raise RuntimeError(f"divisor must be not zero (in {operation})")
    windows = _windows(operation, dims, x, kernel, stride, padding)
    kind = f"{'avg' if average else 'sum'} pool"
    y = _window_sum(
        x,
        **windows,
        ceil_mode=bool(ceil_mode),
        average=average,
        count_include_pad=bool(count_include_pad),
        divisor=divisor,
        kind=kind,
    )
    return _unbatched(y, single)


def _adaptive_size(operation: str, x: Any, dims: int, output_size: Any, single: bool) -> Shape:
    """The output sizes, None taken from the input."""
    sizes = tuple(output_size) if isinstance(output_size, Sequence) else (output_size,) * dims
    if len(sizes) != dims and len(shape_of(x)) - single <= len(sizes):
        raise ValueError(f"Input dimension should be at least {len(sizes) + 1} for output sizes {sizes} (in {operation})")
    if len(sizes) != dims:
        raise ShapeError(expected(operation, f"one output size or {dims} of them", f"{sizes}"))
    return tuple(n if s is None else whole(s, f"{operation}: output_size") for s, n in zip(sizes, shape_of(x)[2:], strict=True))


def _enough_dims(operation: str, x: Any, output_size: Any) -> None:
    """PyTorch's first check, whose error is a ValueError."""
    if isinstance(output_size, Sequence) and len(shape_of(x)) <= len(output_size):
        raise ValueError(
            f"Input dimension should be at least {len(output_size) + 1}: {operation} got {len(shape_of(x))} dims (C, *S) or (N, C, *S)."
        )


def _lp(operation: str, dims: int, input: Any, norm_type: float, kernel: Steps, stride: Steps | None, ceil_mode: bool) -> Any:
    from ..elementwise.comparison import eq
    from ..elementwise.select import _where

    if int(np.prod(shape_of(input)[1:])) == 0:
        raise RuntimeError(f"{operation}: expected a non-empty input, got shape {list(shape_of(input))}")
    if not norm_type:
        raise ValueError(expected(operation, "a norm_type other than 0", norm_type))
    count = math.prod(steps(kernel, dims, f"{operation}: kernel_size"))
    # as PyTorch: averages times the size of a whole window, also for the windows that ceil_mode adds at the border
    mean = _average(operation, dims, input**norm_type, kernel, stride, 0, ceil_mode)
    return (_where(eq(mean, 0), 0.0, mean) * count) ** (1.0 / norm_type)  # at 0 no gradient passes, where the root has an infinite one


def _adaptive_average(operation: str, dims: int, input: Any, output_size: Any) -> Any:
    _enough_dims(operation, input, output_size)
    x, single = _batched(input, dims, operation)
    return _unbatched(_adaptive_avg(x, size=_adaptive_size(operation, x, dims, output_size, single)), single)


def _adaptive_maximum(operation: str, dims: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    _enough_dims(operation, input, output_size)
    x, single = _batched(input, dims, operation)
    y, indices = _adaptive_max(x, size=_adaptive_size(operation, x, dims, output_size, single))
    return (_unbatched(y, single), _unbatched(indices, single)) if return_indices else _unbatched(y, single)


def _unpooled(
    operation: str,
    dims: int,
    input: Any,
    indices: Any,
    kernel_size: Steps,
    stride: Steps | None,
    padding: Steps,
    output_size: Sequence[int] | None,
) -> Any:
    x, single = _batched(input, dims, operation)
    at, _ = _batched(indices, dims, operation)
    k = steps(kernel_size, dims, f"{operation}: kernel_size")
    by = k if stride is None else steps(stride, dims, f"{operation}: stride")
    pad = steps(padding, dims, f"{operation}: padding")
    natural = tuple((n - 1) * s - 2 * p + w for n, s, p, w in zip(shape_of(x)[2:], by, pad, k, strict=True))
    size = natural if output_size is None else tuple(output_size)[-dims:]
    for n, want, s in zip(natural, size, by, strict=True):
        if not n - s < want < n + s:
            raise ValueError(
                f"invalid output_size {tuple(output_size or ())} (dim {natural.index(n)} must be between {n - s} and {n + s}) in {operation}"
            )
    return _unbatched(_unpool(x, at, shape=(*shape_of(x)[:2], *size)), single)
