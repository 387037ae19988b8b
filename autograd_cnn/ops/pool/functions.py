"""Pooling and its adjoints: maximum with switches, average, sum; adaptive and global; unpooling.

The adjoint of max-pooling puts each gradient back where its maximum stood: the lectures' unpooling with switches.
"""

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
from ...types.promotion import Array
from ..conv.conv import _batched, _unbatched
from ..registry.expose import expose
from ..shape.shape import Shape
from .average import _adaptive_avg, _window_sum
from .max import _adaptive_max, _max_pool, _unpool

Steps = int | Sequence[int]


def _windows(
    operation: str, dims: int, x: Any, kernel: Steps, stride: Steps | None, padding: Steps, dilation: Steps = 1
) -> dict[str, Any]:
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


def _average(operation: str, dims: int, input: Any, kernel: Steps, stride: Steps | None, padding: Steps, ceil_mode: bool,
             average: bool = True, count_include_pad: bool = True, divisor: int | None = None) -> Any:  # fmt: skip
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
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}: {operation} got {len(shape_of(x))} dims "
                         "(C, *S) or (N, C, *S).")  # fmt: skip


_SHAPE = "(N, C, *S) or (C, *S) → (…, *P), along each dim P = ⌊(S + 2·padding − dilation·(K − 1) − 1) / stride⌋ + 1"


def _make(dims: int) -> None:
    ones = ", ".join(["1", "1"] + ["4"] * dims)
    halves = [1, 1] + [2] * dims

    def max_pool(input: Array, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1,
                 ceil_mode: bool = False, return_indices: bool = False) -> Any:  # fmt: skip
        return _max(f"max_pool{dims}d", dims, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)

    def with_indices(input: Array, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, dilation: Steps = 1,
                     ceil_mode: bool = False, return_indices: bool = True) -> Any:  # fmt: skip
        return _max(f"max_pool{dims}d", dims, input, kernel_size, stride, padding, dilation, ceil_mode, True)

    def avg_pool(input: Array, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True, divisor_override: int | None = None) -> Array:  # fmt: skip
        return _average(
            f"avg_pool{dims}d",
            dims,
            input,
            kernel_size,
            stride,
            padding,
            ceil_mode,
            True,
            count_include_pad,
            divisor_override,
        )

    def sum_pool(
        input: Array, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0, ceil_mode: bool = False
    ) -> Array:
        return _average(f"sum_pool{dims}d", dims, input, kernel_size, stride, padding, ceil_mode, False)

    def lp_pool(
        input: Array, norm_type: float, kernel_size: Steps, stride: Steps | None = None, ceil_mode: bool = False
    ) -> Array:
        from ..elementwise.comparison import eq
        from ..elementwise.select import _where

        if int(np.prod(shape_of(input)[1:])) == 0:
            raise RuntimeError(f"lp_pool{dims}d: expected a non-empty input, got shape {list(shape_of(input))}")
        if not norm_type:
            raise ValueError(expected(f"lp_pool{dims}d", "a norm_type other than 0", norm_type))
        count = math.prod(steps(kernel_size, dims, f"lp_pool{dims}d: kernel_size"))
        # as PyTorch: averages times the size of a whole window, also for the windows that ceil_mode adds at the border
        mean = _average(f"lp_pool{dims}d", dims, input**norm_type, kernel_size, stride, 0, ceil_mode)
        return (_where(eq(mean, 0), 0.0, mean) * count) ** (1.0 / norm_type)  # at 0 no gradient passes, where the root has an infinite one

    def adaptive_avg(input: Array, output_size: Any) -> Array:
        _enough_dims(f"adaptive_avg_pool{dims}d", input, output_size)
        x, single = _batched(input, dims, f"adaptive_avg_pool{dims}d")
        size = _adaptive_size(f"adaptive_avg_pool{dims}d", x, dims, output_size, single)
        return _unbatched(_adaptive_avg(x, size=size), single)

    def adaptive_max(input: Array, output_size: Any, return_indices: bool = False) -> Any:
        _enough_dims(f"adaptive_max_pool{dims}d", input, output_size)
        x, single = _batched(input, dims, f"adaptive_max_pool{dims}d")
        y, indices = _adaptive_max(x, size=_adaptive_size(f"adaptive_max_pool{dims}d", x, dims, output_size, single))
        return (_unbatched(y, single), _unbatched(indices, single)) if return_indices else _unbatched(y, single)

    def unpool(input: Array, indices: Array, kernel_size: Steps, stride: Steps | None = None, padding: Steps = 0,
               output_size: Sequence[int] | None = None) -> Array:  # fmt: skip
        return _unpooled(dims, input, indices, kernel_size, stride, padding, output_size)

    example = "    >>> import autograd_cnn as ac\n    >>> ac.nn.functional.{name}(ac.ones({x}), {args}).shape\n    torch.Size({y})\n"
    table = [
        (max_pool, f"max_pool{dims}d", f"The maximum of each window; nan wins.   {_SHAPE}\n\n    `stride` is the kernel size by default; "
         "windows overlap where it is smaller. `return_indices`: also the switches, flat positions in the plane, for `max_unpool`.", "2"),
        (with_indices, f"max_pool{dims}d_with_indices", "`max_pool` with `return_indices=True`.", ""),
        (avg_pool, f"avg_pool{dims}d", f"The average of each window.   {_SHAPE}\n\n    Padding counts as zeros, unless "
         "`count_include_pad=False`; `divisor_override` replaces the count.", "2"),
        (sum_pool, f"sum_pool{dims}d", f"The sum of each window.   {_SHAPE}", "2"),
        (lp_pool, f"lp_pool{dims}d", "(Σ x^p)^(1/p) of each window.   (N, C, *S) → (N, C, *P)", "2, 2"),
        (adaptive_avg, f"adaptive_avg_pool{dims}d", "The averages of `output_size` windows that cover the input evenly: window o runs from "
         "⌊o·S/P⌋ to ⌈(o + 1)·S/P⌉.   (N, C, *S) → (N, C, *P). Size 1 is global average pooling.", "2"),
        (adaptive_max, f"adaptive_max_pool{dims}d", "The maxima of `output_size` windows that cover the input evenly.   "
         "(N, C, *S) → (N, C, *P). Size 1 is global max pooling.", "2"),
        (unpool, f"max_unpool{dims}d", "Unpooling: each value is written where its maximum stood, zeros elsewhere.   (N, C, *P) twice → "
         "(N, C, *S), S = (P − 1)·stride − 2·padding + kernel, or `output_size`.\n\n    Source: Zeiler and Fergus, \"Visualizing and "
         "understanding convolutional networks\", 2014.", ""),
    ]  # fmt: skip
    for fn, name, doc, args in table:
        fn.__name__ = fn.__qualname__ = name
        fn.__code__ = fn.__code__.replace(co_name=name)  # what tracebacks and messages say
        fn.__doc__ = doc + ("\n\n" + example.format(name=name, x=ones, args=args, y=halves) if args else "") + "    "
        globals()[name] = fn
        expose("functional")(fn)


def _unpooled(dims: int, input: Any, indices: Any, kernel_size: Steps, stride: Steps | None, padding: Steps,
              output_size: Sequence[int] | None) -> Any:  # fmt: skip
    name = f"max_unpool{dims}d"
    x, single = _batched(input, dims, name)
    at, _ = _batched(indices, dims, name)
    k = steps(kernel_size, dims, f"{name}: kernel_size")
    by = k if stride is None else steps(stride, dims, f"{name}: stride")
    pad = steps(padding, dims, f"{name}: padding")
    natural = tuple((n - 1) * s - 2 * p + w for n, s, p, w in zip(shape_of(x)[2:], by, pad, k, strict=True))
    size = natural if output_size is None else tuple(output_size)[-dims:]
    for n, want, s in zip(natural, size, by, strict=True):
        if not n - s < want < n + s:
            raise ValueError(
                f"invalid output_size {tuple(output_size or ())} (dim {natural.index(n)} must be between {n - s} and {n + s}) in {name}"
            )
    return _unbatched(_unpool(x, at, shape=(*shape_of(x)[:2], *size)), single)


for _dims in (1, 2, 3):
    _make(_dims)


@expose("functional")
def global_avg_pool(input: Array) -> Array:
    """The average of each channel, as the head of GoogLeNet and ResNet.   (N, C, *S) → (N, C)   [Lin, Chen, Yan 2014]

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.global_avg_pool(ac.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3])
    """
    from ..reduce.reduce import mean

    return mean(input, tuple(range(2, len(shape_of(input)))))


@expose("functional")
def global_max_pool(input: Array) -> Array:
    """The maximum of each channel.   (N, C, *S) → (N, C)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.global_max_pool(ac.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3])
    """
    from ..shape.shape import _reshape

    shape = shape_of(input)
    y, _ = _adaptive_max(input, size=(1,) * (len(shape) - 2))
    return _reshape(y, shape=shape[:2], kind="squeeze")
