"""Max pooling with its switches, and what the switches are good for.

`indices` are PyTorch's: for each result the flat position of its maximum within the plane of the input, int64. They are
all that the adjoint needs, and the derivative of the adjoint, and unpooling:

    y = x[indices]          `max_pool_forward`, `gather_switches`
    gx[indices] += g        `max_pool_adjoint`
    x[indices] = y          `unpool_forward`, whose adjoint is `gather_switches` again

The first of equal maxima wins, and nan wins over all (the last nan, as in PyTorch). No window is copied: the running
maximum walks over the elements of the kernel, each a strided view of the input. Average and sum: see `averaging`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ShapeError, expected
from .averaging import adaptive_windows, check_adaptive
from .geometry import Pooling, pooling
from .scratch import scratch
from .windows import Padding, Shape, Steps

Array = npt.NDArray[Any]

_CHUNK_BYTES = 512 << 10  # of the input at a time, so that the views of one chunk come out of the cache
_MANY = 64  # elements of a window from which one copy and argmax beat the walk, where windows do not overlap


def max_pool_forward(
    x: Array,
    kernel: Steps,
    stride: Steps | None = None,
    padding: Padding = 0,
    dilation: Steps = 1,
    ceil_mode: bool = False,
) -> tuple[Array, Array]:
    """The maximum of each window of x (N, C, *S), and where it stands: (N, C, *O) twice.

    >>> y, indices = max_pool_forward(np.array([[[1., 5., 2., 0.]]]), 2)
    >>> y, indices
    (array([[[5., 2.]]]), array([[[1, 2]]]))
    """
    geo = pooling(x.shape, kernel, stride, padding, dilation, ceil_mode, "max_pool")
    y = np.empty(x.shape[:2] + geo.out, x.dtype)
    indices = np.empty(y.shape, np.int64)
    planes = x.reshape(-1, *geo.size)
    results, places = y.reshape(-1, *geo.out), indices.reshape(-1, math.prod(geo.out))
    if geo.apart and math.prod(geo.kernel) >= _MANY:
        pool: Callable[[Pooling, Array, Array, Array], None] = _by_argmax
    else:
        pool = _by_walking
    for chunk in _chunks(planes):
        pool(geo, planes[chunk], results[chunk], places[chunk])
    return y, indices


def max_pool_adjoint(g: Array, indices: Array, x_shape: Shape) -> Array:
    """gx (N, C, *S): each g (N, C, *O) is added where its maximum stood; windows may overlap.

    >>> max_pool_adjoint(np.array([[[1., 10.]]]), np.array([[[1, 1]]]), (1, 1, 3))
    array([[[ 0., 11.,  0.]]])
    """
    gx = np.zeros(x_shape, g.dtype)
    area = math.prod(x_shape[2:])
    flat, gradients, places = gx.reshape(-1), _planes(g), _planes(indices)
    for chunk in _chunks(gradients):
        np.add.at(flat, _flat_places(places[chunk], chunk.start, area), gradients[chunk].reshape(-1))
    return gx


def gather_switches(x: Array, indices: Array) -> Array:
    """y (N, C, *O) = x (N, C, *S) at the switches: the derivative of `max_pool_adjoint`, and of `unpool_forward`.

    >>> gather_switches(np.array([[[7., 8., 9.]]]), np.array([[[2, 0]]]))
    array([[[9., 7.]]])
    """
    y = np.empty(indices.shape, x.dtype)
    values, results, places = x.reshape(-1), _planes(y), _planes(indices)
    area = math.prod(x.shape[2:])
    for chunk in _chunks(results):
        results[chunk] = values[_flat_places(places[chunk], chunk.start, area)].reshape(results[chunk].shape)
    return y


def unpool_forward(x: Array, indices: Array, output_shape: Shape) -> Array:
    """Zeros of `output_shape` (N, C, *S) with x (N, C, *O) written where the switches point.

    >>> unpool_forward(np.array([[[5., 2.]]]), np.array([[[1, 2]]]), (1, 1, 4))
    array([[[0., 5., 2., 0.]]])

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014.
    """
    if x.shape != indices.shape:
        raise ShapeError(expected("max_unpool", "an input of the indices' shape", f"{x.shape} and {indices.shape}"))
    if x.shape[:2] != tuple(output_shape[:2]):
        wanted = f"an output of {x.shape[0]} samples with {x.shape[1]} channels"
        raise ShapeError(expected("max_unpool", wanted, f"{tuple(output_shape)}"))
    y = np.zeros(output_shape, x.dtype)
    area = math.prod(output_shape[2:])
    if indices.size and not (0 <= indices.min() and indices.max() < area):
        wrong = int(indices.max() if indices.max() >= area else indices.min())
        raise ShapeError(
            f"max_unpool: Found an invalid max index: {wrong} (output volumes are of size "
            f"{'x'.join(map(str, output_shape[2:]))}). The indices belong to a larger input; give its size as output_size."
        )
    flat, values, places = y.reshape(-1), _planes(x), _planes(indices)
    for chunk in _chunks(values):
        flat[_flat_places(places[chunk], chunk.start, area)] = values[chunk].reshape(-1)
    return y


def unpool_adjoint(g: Array, indices: Array) -> Array:
    """gx (N, C, *O) of g (N, C, *S): what stands where the switches point."""
    return gather_switches(g, indices)


def adaptive_max_pool_forward(x: Array, output: Steps) -> tuple[Array, Array]:
    """The maximum of each of `output` windows, which cover x (N, C, *S) evenly, and where it stands.

    Window o along a dimension runs from ⌊o·S/O⌋ to ⌈(o + 1)·S/O⌉. The adjoint is `max_pool_adjoint`.

    >>> adaptive_max_pool_forward(np.array([[[1., 5., 2., 0., 3.]]]), 2)
    (array([[[5., 3.]]]), array([[[1, 4]]]))
    """
    size = x.shape[2:]
    out = check_adaptive("adaptive_max_pool", x.shape, output)
    if all(s % o == 0 for s, o in zip(size, out, strict=True)):
        kernel = tuple(s // o for s, o in zip(size, out, strict=True))
        return max_pool_forward(x, kernel)
    y = np.empty(x.shape[:2] + out, x.dtype)
    indices = np.empty(y.shape, np.int64)
    planes = x.reshape(-1, *size)
    results, places = y.reshape(-1, *out), indices.reshape(-1, math.prod(out))
    for chunk in _chunks(planes):
        _adaptive(planes[chunk], results[chunk], places[chunk])
    return y, indices


# -- chunks and flat places ---------------------------------------------------------------------------------------------


def _planes(x: Array) -> Array:
    """(N, C, *S) -> (N·C, *S)"""
    return x.reshape(math.prod(x.shape[:2]), *x.shape[2:])


def _chunks(planes: Array) -> Iterator[slice]:
    some = max(1, _CHUNK_BYTES // max(1, planes.itemsize * math.prod(planes.shape[1:])))
    for first in range(0, len(planes), some):
        yield slice(first, min(first + some, len(planes)))


def _flat_places(indices: Array, first: int, area: int) -> Array:
    """Places within planes, numbered from `first` on -> places within the whole array, one-dimensional"""
    starts = np.arange(first * area, (first + len(indices)) * area, max(area, 1), dtype=np.int64)
    return (indices.reshape(len(indices), -1) + starts[: len(indices), None]).reshape(-1)


def _code_type(count: int) -> np.dtype[Any]:
    return np.min_scalar_type(max(count - 1, 1))


# -- windows: the walk over the kernel's elements -----------------------------------------------------------------------


def _by_walking(geo: Pooling, x: Array, y: Array, indices: Array) -> None:
    """x (P, *S) → y (P, *O) and indices (P, ∏O)"""

    def elements() -> Iterator[tuple[tuple[slice, ...], Array]]:
        for index in itertools.product(*map(range, geo.kernel)):
            both = [geo.valid(dim, i) for dim, i in enumerate(index)]
            yield tuple(window for window, _ in both), x[(slice(None), *(place for _, place in both))]

    first = _first_valid(geo)
    codes = scratch("codes", y.shape, _code_type(math.prod(geo.kernel)))
    _running_max(elements, y, codes, first)
    pitch = [math.prod(geo.size[i + 1 :]) for i in range(len(geo.size))]
    steps_ = [np.arange(k) * d * p for k, d, p in zip(geo.kernel, geo.dilation, pitch, strict=True)]
    starts = [
        (np.arange(o) * t - before) * p
        for o, t, (before, _), p in zip(geo.out, geo.stride, geo.padding, pitch, strict=True)
    ]
    _places(codes, steps_, starts, indices)


def _first_valid(geo: Pooling) -> Array | None:
    """The number of each window's first element inside the input; None if that is number 0 everywhere."""
    if not any(before for before, _ in geo.padding):
        return None
    sides = []
    for o, t, (before, _), d in zip(geo.out, geo.stride, geo.padding, geo.dilation, strict=True):
        sides.append(np.maximum(0, -((np.arange(o) * t - before) // d)))
    return _outer_sum([n * math.prod(geo.kernel[i + 1 :]) for i, n in enumerate(sides)])


def _running_max(
    elements: Callable[[], Iterator[tuple[tuple[slice, ...], Array]]], y: Array, codes: Array, first: Array | None
) -> None:
    """y and the number of the element it came from; `elements` yields (windows that have it, its values)."""
    lowest = -np.inf if y.dtype.kind == "f" else np.iinfo(y.dtype).min
    for exact in (False, True):
        y.fill(lowest)
        codes[...] = 0 if first is None else first
        for number, (windows, values) in enumerate(elements()):
            if values.size:
                place = (slice(None), *windows)
                (_rise_exactly if exact else _rise)(y[place], codes[place], values, number)
        # maximum lets nan through without telling where it stood: then, and only then, once more with care
        if y.dtype.kind != "f" or y.size == 0 or not np.isnan(y.max()):
            return


def _rise(y: Array, codes: Array, values: Array, number: int) -> None:
    if number:
        rises = scratch("mask", y.shape, np.dtype(bool))
        np.greater(values, y, out=rises)
        # numbers grow, so the larger of the old number and (new number or 0) is the one that holds
        numbers = scratch("numbers", y.shape, codes.dtype)
        np.multiply(rises, codes.dtype.type(number), out=numbers, dtype=codes.dtype)
        np.maximum(codes, numbers, out=codes)
    np.maximum(y, values, out=y)


def _rise_exactly(y: Array, codes: Array, values: Array, number: int) -> None:
    rises = np.greater(values, y)
    np.logical_or(rises, np.isnan(values), out=rises)
    np.copyto(y, values, where=rises)
    np.copyto(codes, codes.dtype.type(number), where=rises)


def _outer_sum(parts: list[Array]) -> Array:
    """[(A,), (B,), …] -> (A, B, …)"""
    total = parts[0]
    for part in parts[1:]:
        total = total[..., None] + part
    return total


def _places(codes: Array, steps_: list[Array], starts: list[Array], indices: Array) -> None:
    """indices (P, ∏O) = the window's start + the step that its code stands for"""
    table = _outer_sum(steps_).reshape(-1).astype(np.int64)
    np.take(table, codes.reshape(indices.shape), out=indices, mode="clip")
    np.add(indices, _outer_sum(starts).reshape(-1), out=indices)


# -- large windows, and windows of different sizes ----------------------------------------------------------------------


def _by_argmax(geo: Pooling, x: Array, y: Array, indices: Array) -> None:
    dims, count = len(geo.size), math.prod(geo.kernel)
    view = np.lib.stride_tricks.sliding_window_view(x, geo.kernel, tuple(range(1, dims + 1)))
    windows = view[(slice(None), *(slice(0, (o - 1) * t + 1, t) for o, t in zip(geo.out, geo.stride, strict=True)))]
    flat = np.ascontiguousarray(windows).reshape(len(x), -1, count)  # (P, *O, *K) -> (P, ∏O, ∏K)
    codes = flat.argmax(axis=-1)
    y.reshape(codes.shape)[...] = np.take_along_axis(flat, codes[..., None], -1)[..., 0]
    if y.dtype.kind == "f" and y.size and np.isnan(y.max()):
        nan = np.isnan(flat)
        codes = np.where(nan.any(axis=-1), count - 1 - nan[..., ::-1].argmax(axis=-1), codes)
    pitch = [math.prod(geo.size[i + 1 :]) for i in range(dims)]
    steps_ = [np.arange(k) * p for k, p in zip(geo.kernel, pitch, strict=True)]
    starts = [np.arange(o) * t * p for o, t, p in zip(geo.out, geo.stride, pitch, strict=True)]
    _places(codes, steps_, starts, indices)


def _adaptive(x: Array, y: Array, indices: Array) -> None:
    """x (P, *S) → y (P, *O) and indices (P, ∏O); shorter windows meet their last element again, which changes nothing."""
    size, out = x.shape[1:], y.shape[1:]
    bounds = [adaptive_windows(s, o) for s, o in zip(size, out, strict=True)]
    longest = [int((end - start).max()) for start, end in bounds]
    everywhere = tuple(slice(None) for _ in out)

    def elements() -> Iterator[tuple[tuple[slice, ...], Array]]:
        for index in itertools.product(*map(range, longest)):
            values = x
            for dim, (i, (start, end)) in enumerate(zip(index, bounds, strict=True)):
                values = values.take(np.minimum(start + i, end - 1), axis=dim + 1)
            yield everywhere, values

    codes = scratch("codes", y.shape, _code_type(math.prod(longest)))
    _running_max(elements, y, codes, None)
    pitch = [math.prod(size[i + 1 :]) for i in range(len(size))]
    steps_ = [np.arange(n) * p for n, p in zip(longest, pitch, strict=True)]
    starts = [start * p for (start, _), p in zip(bounds, pitch, strict=True)]
    _places(codes, steps_, starts, indices)
