"""Pooling and its adjoints: maximum with switches, average, sum; adaptive and global; unpooling.

The adjoint of max-pooling puts each gradient back where its maximum stood: the lectures' unpooling with switches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...config import current
from ...engine.cases import Bad, Case, Draw
from ...engine.primitive import primitive
from ...engine.variable import Variable, shape_of
from ...errors import ShapeError, expected, whole
from ...kernels.onednn import pool as onednn
from ...kernels.reference import averaging as avg
from ...kernels.reference import pooling as mx
from ...kernels.reference.windows import check_fit, steps
from ...symbolic.algebra import taken
from ...types.promotion import Array
from ..conv.conv import _batched, _unbatched
from ..registry.expose import expose
from ..shape.shape import Shape

Steps = int | Sequence[int]


# ------------------------------------------------------------------------------------------------- maximum and switches
@primitive(label="max pool {kernel}", family="pool", outputs=("y", "indices"), name="max_pool")
def _max_pool(
    input: Array, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
) -> tuple[Array, Array]:
    """y[n,c,p] = max_k x[n,c,p·stride + k·dilation], and where it stood.   (N, C, *S) → (N, C, *P), twice"""
    return mx.max_pool_forward(input, kernel, stride, padding, dilation, ceil_mode)


@_max_pool.accelerated
def _(input: Array, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool) -> tuple[Array, Array]:
    return onednn.max_pool(input, kernel, stride, padding, dilation, ceil_mode)  # type: ignore[no-any-return]  # or NotImplemented


@_max_pool.vjp("input")
def _(g: Array, indices: Array, input_shape: Shape) -> Array:
    return _switch_adjoint(g, indices, shape=input_shape)


@_max_pool.entries
def _(input: Array, indices: Array, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Any:
    y = np.empty(indices.shape, object)
    planes = np.arange(math.prod(input.shape[2:])).reshape(input.shape[2:])
    for at in np.ndindex(*indices.shape):
        corner = [p * s - b for p, s, b in zip(at[2:], stride, padding, strict=True)]
        window = [tuple(c + k * d for c, k, d in zip(corner, ks, dilation, strict=True)) for ks in np.ndindex(*kernel)]
        window = [w for w in window if all(0 <= i < n for i, n in zip(w, planes.shape, strict=True))]
        y[at] = taken("max", [input[at[:2]][w] for w in window], [planes[w] == indices[at] for w in window])
    yield None, y


@primitive(label="unpool (add)", family="pool", name="switch_adjoint")
def _switch_adjoint(input: Array, indices: Array, *, shape: Shape) -> Array:
    """gx[switch] += g: the adjoint of taking the values at the switches.   (N, C, *P), (N, C, *P) → shape (N, C, *S)"""
    return mx.max_pool_adjoint(input, mx.places(indices), shape)


@_switch_adjoint.accelerated
def _(input: Array, indices: Array, *, shape: Shape) -> Array:
    return onednn.max_pool_adjoint(input, indices, shape)


@_switch_adjoint.vjp("input")
def _(g: Array, indices: Array) -> Array:
    return _switch_values(g, indices)


@primitive(label="values at switches", family="pool", name="switch_values")
def _switch_values(input: Array, indices: Array) -> Array:
    """y = x[switch].   (N, C, *S), (N, C, *P) → (N, C, *P)"""
    return mx.gather_switches(input, mx.places(indices))


@_switch_values.vjp("input")
def _(g: Array, indices: Array, input_shape: Shape) -> Array:
    return _switch_adjoint(g, indices, shape=input_shape)


@primitive(label="unpool", family="pool", name="max_unpool")
def _unpool(input: Array, indices: Array, *, shape: Shape) -> Array:
    """y[switch] = x, zeros elsewhere.   (N, C, *P), (N, C, *P) → shape (N, C, *S)   [Zeiler and Fergus 2014]"""
    return mx.unpool_forward(input, indices, shape)


@_unpool.vjp("input")
def _(g: Array, indices: Array) -> Array:
    return _switch_values(g, indices)


@primitive(label="adaptive max pool {size}", family="pool", outputs=("y", "indices"), name="adaptive_max_pool")
def _adaptive_max(input: Array, *, size: Shape) -> tuple[Array, Array]:
    """The maximum of each of `size` windows that cover the input evenly, and where it stood.   (N, C, *S) → (N, C, *size)"""
    return mx.adaptive_max_pool_forward(input, size)


@_adaptive_max.vjp("input")
def _(g: Array, indices: Array, input_shape: Shape) -> Array:
    return _switch_adjoint(g, indices, shape=input_shape)


# ------------------------------------------------------------------------------------------------- sums and averages
@primitive(label="{kind} {kernel}", family="pool", name="window_sum")
def _window_sum(input: Array, *, kernel: Shape, stride: Shape, padding: Shape, ceil_mode: bool, average: bool, count_include_pad: bool,
                divisor: int | None, kind: str = "sum pool") -> Array:  # fmt: skip
    """y[n,c,p] = Σ_k x[n,c,p·stride + k], over the count of the window for an average.   (N, C, *S) → (N, C, *P)

    int64, too, as in PyTorch: an average is then cut to its whole part.
    """
    x = input.astype(np.float64) if input.dtype == np.int64 else input
    y = avg.sum_pool_forward(x, kernel, stride, padding, ceil_mode)
    if average:
        over = avg.avg_divisor(x.shape[2:], kernel, stride, padding, ceil_mode, count_include_pad, divisor, x.dtype)
        np.divide(y, over, out=y)
    return y if x is input else y.astype(np.int64)


@_window_sum.accelerated
def _(input: Array, *, kernel: Shape, stride: Shape, padding: Shape, ceil_mode: bool, average: bool, count_include_pad: bool,
      divisor: int | None, kind: str = "") -> Array:  # fmt: skip
    if not average or divisor is not None:
        return NotImplemented
    return onednn.average(input, kernel, stride, padding, ceil_mode, count_include_pad)


@_window_sum.vjp("input")
def _(g: Array, input_shape: Shape, kernel: Shape, stride: Shape, padding: Shape, ceil_mode: bool, average: bool, count_include_pad: bool,
      divisor: int | None) -> Array:  # fmt: skip
    return _window_spread(g, shape=input_shape, kernel=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode, average=average,
                          count_include_pad=count_include_pad, divisor=divisor)  # fmt: skip


@primitive(label="spread {kernel}", family="pool", name="window_spread")
def _window_spread(input: Array, *, shape: Shape, kernel: Shape, stride: Shape, padding: Shape, ceil_mode: bool, average: bool,
                   count_include_pad: bool, divisor: int | None) -> Array:  # fmt: skip
    """The adjoint of window sums: each entry is added to all of its window.   (N, C, *P) → shape (N, C, *S)"""
    g = input
    if average:
        g = g / avg.avg_divisor(shape[2:], kernel, stride, padding, ceil_mode, count_include_pad, divisor, input.dtype)
    return avg.sum_pool_adjoint(g, shape, kernel, stride, padding, ceil_mode)


@_window_spread.accelerated
def _(input: Array, *, shape: Shape, kernel: Shape, stride: Shape, padding: Shape, ceil_mode: bool, average: bool, count_include_pad: bool,
      divisor: int | None) -> Array:  # fmt: skip
    if not average or divisor is not None:
        return NotImplemented
    return onednn.average_adjoint(input, shape, kernel, stride, padding, ceil_mode, count_include_pad)


@_window_spread.vjp("input")
def _(g: Array, kernel: Shape, stride: Shape, padding: Shape, ceil_mode: bool, average: bool, count_include_pad: bool,
      divisor: int | None) -> Array:  # fmt: skip
    return _window_sum(g, kernel=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode, average=average,
                       count_include_pad=count_include_pad, divisor=divisor)  # fmt: skip


@primitive(label="adaptive avg pool {size}", family="pool", name="adaptive_avg_pool")
def _adaptive_avg(input: Array, *, size: Shape) -> Array:
    """The average of each of `size` windows that cover the input evenly.   (N, C, *S) → (N, C, *size)"""
    return avg.adaptive_avg_pool_forward(input, size)


@_adaptive_avg.accelerated
def _(input: Array, *, size: Shape) -> Array:
    kernel = onednn.evenly(input.shape[2:], size) if len(size) == input.ndim - 2 else None
    return NotImplemented if kernel is None else onednn.average(input, kernel, kernel, (0,) * len(kernel), False, True)


@_adaptive_avg.vjp("input")
def _(g: Array, input_shape: Shape) -> Array:
    return _adaptive_spread(g, shape=input_shape)


@primitive(label="adaptive spread", family="pool", name="adaptive_spread")
def _adaptive_spread(input: Array, *, shape: Shape) -> Array:
    """The adjoint of adaptive averages.   (N, C, *P) → shape (N, C, *S)"""
    return avg.adaptive_avg_pool_adjoint(input, shape)


@_adaptive_spread.accelerated
def _(input: Array, *, shape: Shape) -> Array:
    kernel = onednn.evenly(shape[2:], input.shape[2:])
    return NotImplemented if kernel is None else onednn.average_adjoint(input, shape, kernel, kernel, (0,) * len(kernel), False, True)


@_adaptive_spread.vjp("input")
def _(g: Array, input_shape: Shape) -> Array:
    return _adaptive_avg(g, size=tuple(input_shape[2:]))


# ------------------------------------------------------------------------------------------------- cases
def _problem(draw: Draw) -> tuple[Shape, dict[str, Any]]:
    """Sizes that fit together."""
    dims = draw.integer(1, 2)
    kernel = tuple(draw.integer(1, 3) for _ in range(dims))
    padding = tuple(draw.integer(0, k // 2) for k in kernel)
    size = tuple(draw.integer(max(k - 2 * p, 1), 5) for k, p in zip(kernel, padding, strict=True))
    stride = tuple(draw.integer(1, 3) for _ in range(dims))
    return (draw.integer(1, 2), draw.integer(1, 2), *size), {
        "kernel": kernel, "stride": stride, "padding": padding, "ceil_mode": draw.boolean(),
    }  # fmt: skip


@_max_pool.cases
def _(draw: Draw) -> Case:
    shape, params = _problem(draw)
    return Case(draw.array(shape, distinct=True), dilation=(1,) * len(params["kernel"]), **params)


@_max_pool.bad_cases
def _() -> Any:
    fits: dict[str, Any] = {"stride": (2,), "dilation": (1,), "ceil_mode": False}
    yield Bad(np.ones((1, 1, 4)), kernel=(2,), padding=(2,), **fits, error=RuntimeError, match="half of")
    yield Bad(np.ones((1, 1, 1)), kernel=(3,), padding=(0,), **fits, error=RuntimeError, match="too small|size")


@_adaptive_max.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((draw.integer(1, 2), 2, draw.integer(1, 5), 4), distinct=True), size=(draw.integer(1, 3), draw.integer(1, 3)))


def _switches(draw: Draw) -> tuple[Array, Shape]:
    n = draw.integer(1, 2)
    return draw.integers((n, 2, 3), 0, 5), (n, 2, 5)


@_switch_adjoint.cases
def _(draw: Draw) -> Case:
    indices, shape = _switches(draw)
    return Case(draw.array(indices.shape), indices, shape=shape)


@_switch_values.cases
def _(draw: Draw) -> Case:
    indices, shape = _switches(draw)
    return Case(draw.array(shape), indices)


@_unpool.cases
def _(draw: Draw) -> Case:
    n, first = draw.integer(1, 2), draw.integer(0, 2)
    indices = np.array([[[first, first + 1, first + 2]]] * n)  # a switch met twice has no derivative to speak of
    return Case(draw.array(indices.shape), indices, shape=(n, 1, 5))


@_window_sum.cases
def _(draw: Draw) -> Case:
    shape, params = _problem(draw)
    return Case(
        draw.array(shape),
        **params,
        average=draw.boolean(),
        count_include_pad=draw.boolean(),
        divisor=draw.choice([None, 3]),
    )


@_window_spread.cases
def _(draw: Draw) -> Case:
    shape, params = _problem(draw)
    params |= {"average": draw.boolean(), "count_include_pad": draw.boolean(), "divisor": draw.choice([None, 3])}
    out = avg.sum_pool_forward(
        np.ones(shape), params["kernel"], params["stride"], params["padding"], params["ceil_mode"]
    ).shape
    return Case(draw.array(out), shape=shape, **params)


@_adaptive_avg.cases
def _(draw: Draw) -> Case:
    return Case(draw.array((draw.integer(1, 2), 2, draw.integer(1, 5), 4)), size=(draw.integer(1, 3), draw.integer(1, 6)))


@_adaptive_spread.cases
def _(draw: Draw) -> Case:
    n = draw.integer(1, 2)
    return Case(draw.array((n, 2, draw.integer(1, 3))), shape=(n, 2, draw.integer(1, 5)))


# ------------------------------------------------------------------------------------------------- the public functions
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
