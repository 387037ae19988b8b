"""Max pooling with its switches, and what the switches are good for.

`indices` are PyTorch's: for each result the flat position of its maximum within the plane of the input, int64. They are
all that the adjoint needs, and the derivative of the adjoint, and unpooling:

    y = x[indices]          `max_pool_forward`, `gather_switches`
    gx[indices] += g        `max_pool_adjoint`
    x[indices] = y          `unpool_forward`, whose adjoint is `gather_switches` again

The first of equal maxima wins, and nan wins over all (the last nan, as in PyTorch). No window is copied: along one
dimension after the other, the last one first, a running maximum walks over the elements of the kernel's side, each a
strided view. Beside it runs the number of the element within its window, one byte. Average and sum: see `averaging`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...errors import ShapeError, expected
from ..memory.workspace import at_work, workspace
from ..onednn.channels_last import last_strides
from .averaging import adaptive_windows, check_adaptive, chunks, planes_of
from .geometry import Pooling, pooling
from .windows import Index, Padding, Shape, Steps, quiet

Array = npt.NDArray[Any]


class Codes(np.ndarray[Any, np.dtype[np.uint8]]):
    """(N, C, *O) in oneDNN's words: the number of each maximum within its window, a byte, with the channels last in memory."""

    geo: Pooling
    memory: Array

    @classmethod
    def empty(cls, shape: Shape, geo: Pooling) -> Codes:
        """Uninitialised codes of the windows of `geo`."""
        memory = np.empty(math.prod(shape), np.uint8)
        made = cls(shape, np.dtype(np.uint8), memory, 0, last_strides(shape, 1))
        made.geo, made.memory = geo, memory
        return made

    def places(self) -> Array:
        """The switches: flat positions in the plane of the input, int64."""
        _, reach, starts = _plan(self.geo)
        found: Array = reach.take(self.view(np.ndarray)) + starts
        return np.ascontiguousarray(found)


def places(indices: Any) -> Any:
    """Switches, from whatever a pooling kernel made."""
    return indices.places() if indices.__class__ is Codes else indices


@quiet
@at_work
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
    sides, reach, starts = _plan(geo)
    planes, results, places = planes_of(x), planes_of(y), planes_of(indices)
    for chunk in chunks(planes):
        codes = _walk(planes[chunk], sides, geo.kernel, results[chunk])
        # the window's start, plus the step that the element's number stands for
        np.take(reach, codes, out=places[chunk], mode="clip")
        np.add(places[chunk], starts, out=places[chunk])
    return y, indices


@quiet
def max_pool_adjoint(g: Array, indices: Array, x_shape: Shape) -> Array:
    """gx (N, C, *S): each g (N, C, *O) is added where its maximum stood; windows may overlap.

    >>> max_pool_adjoint(np.array([[[1., 10.]]]), np.array([[[1, 1]]]), (1, 1, 3))
    array([[[ 0., 11.,  0.]]])
    """
    gx = np.zeros(x_shape, g.dtype)
    area = math.prod(x_shape[2:])
    flat, gradients, places = gx.reshape(-1), planes_of(g), planes_of(indices)
    for chunk in chunks(gradients):
        np.add.at(flat, _flat_places(places[chunk], chunk.start, area), gradients[chunk].reshape(-1))
    return gx


def gather_switches(x: Array, indices: Array) -> Array:
    """y (N, C, *O) = x (N, C, *S) at the switches: the derivative of `max_pool_adjoint`, and of `unpool_forward`.

    >>> gather_switches(np.array([[[7., 8., 9.]]]), np.array([[[2, 0]]]))
    array([[[9., 7.]]])
    """
    y = np.empty(indices.shape, x.dtype)
    values, results, places = x.reshape(-1), planes_of(y), planes_of(indices)
    area = math.prod(x.shape[2:])
    for chunk in chunks(results):
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
    if indices.size and (indices.min() < 0 or indices.max() >= area):
        wrong = int(indices.max() if indices.max() >= area else indices.min())
        raise ShapeError(
            f"max_unpool: Found an invalid max index: {wrong} (output volumes are of size "
            f"{'x'.join(map(str, output_shape[2:]))}). They point into a larger input; give its size as output_size."
        )
    flat, values, places = y.reshape(-1), planes_of(x), planes_of(indices)
    for chunk in chunks(values):
        flat[_flat_places(places[chunk], chunk.start, area)] = values[chunk].reshape(-1)
    return y


def unpool_adjoint(g: Array, indices: Array) -> Array:
    """gx (N, C, *O) of g (N, C, *S): what stands where the switches point."""
    return gather_switches(g, indices)


@quiet
@at_work
def adaptive_max_pool_forward(x: Array, output: Steps) -> tuple[Array, Array]:
    """The maximum of each of `output` windows, which cover x (N, C, *S) evenly, and where it stands.

    Window o along a dimension runs from ⌊o·S/O⌋ to ⌈(o + 1)·S/O⌉. The adjoint is `max_pool_adjoint`.

    >>> adaptive_max_pool_forward(np.array([[[1., 5., 2., 0., 3.]]]), 2)
    (array([[[5., 3.]]]), array([[[1, 4]]]))
    """
    size = x.shape[2:]
    out = check_adaptive("adaptive_max_pool", x.shape, output)
    if 0 not in out and all(s % o == 0 for s, o in zip(size, out, strict=True)):
        kernel = tuple(s // o for s, o in zip(size, out, strict=True))
        return max_pool_forward(x, kernel)
    y = np.empty(x.shape[:2] + out, x.dtype)
    indices = np.empty(y.shape, np.int64)
    if y.size == 0:
        return y, indices
    bounds = [adaptive_windows(s, o) for s, o in zip(size, out, strict=True)]
    kernel = tuple(int((end - start).max()) for start, end in bounds)
    sides = [_adaptive_side(start, end) for start, end in bounds]
    planes, results, places = planes_of(x), planes_of(y), planes_of(indices)
    for chunk in chunks(planes):
        codes = _walk(planes[chunk], sides, kernel, results[chunk])
        flat: Array = np.zeros((), np.int64)
        for dim, element in enumerate(np.unravel_index(codes, kernel)):
            start, end = (bound.reshape(-1, *(1,) * (len(out) - 1 - dim)) for bound in bounds[dim])
            flat = flat * size[dim] + np.minimum(start + element, end - 1)
        places[chunk] = flat
    return y, indices


# -- chunks and flat places -----------------------------------------------------------------------------------------


def _flat_places(indices: Array, first: int, area: int) -> Array:
    """Places within planes, numbered from `first` on -> places within the whole array, one-dimensional"""
    starts = np.arange(first, first + len(indices)) * area
    return (indices.reshape(len(indices), math.prod(indices.shape[1:])) + starts[:, None]).reshape(-1)


# -- the walk ----------------------------------------------------------------------------------------------------------


class Element(NamedTuple):
    """Element `number` of the windows along one dimension."""

    number: int
    windows: slice  # those that have it inside the input
    fresh: int  # how many of them, from the first on, had none before
    place: slice | Array  # where it stands in the input


def _side(geo: Pooling, dim: int) -> list[Element]:
    elements = []
    begun = geo.out[dim]  # from this window on each has had an element: windows in the padding before come in later
    for number in range(geo.kernel[dim]):
        windows, place = geo.valid(dim, number)
        if windows.stop > windows.start:
            fresh = max(0, min(begun, windows.stop) - windows.start)
            elements.append(Element(number, windows, fresh, place))
            begun = min(begun, windows.start)
    return elements


def _adaptive_side(start: Array, end: Array) -> list[Element]:
    """Shorter windows meet their last element again, which is no larger than itself."""
    count, longest = len(start), int((end - start).max())
    return [Element(number, slice(0, count), 0 if number else count, np.minimum(start + number, end - 1)) for number in range(longest)]


@functools.lru_cache(maxsize=64)
def _plan(geo: Pooling) -> tuple[list[list[Element]], Array, Array]:
    """The elements along each side, how far each of a window's elements stands from its start, and the starts (*O)."""
    along = list(zip(geo.out, geo.stride, geo.padding, _pitch(geo.size), strict=True))
    starts = [(np.arange(o) * t - before) * pitch for o, t, (before, _), pitch in along]
    reach = [np.arange(k) * d * p for k, d, p in zip(geo.kernel, geo.dilation, _pitch(geo.size), strict=True)]
    return [_side(geo, dim) for dim in range(len(geo.size))], _outer_sum(reach).reshape(-1), _outer_sum(starts)


def _walk(x: Array, sides: list[list[Element]], kernel: Shape, y: Array) -> Array:
    """x (P, *S) → y (P, *O); returns the winners' numbers within their windows (P, *O), valid until the next walk."""
    codes = _walk_sides(x, sides, kernel, y, _rise)
    # maximum lets nan through without telling where it stood: then, and only then, once more with care
    if y.dtype.kind == "f" and y.size and np.isnan(y.max()):
        codes = _walk_sides(x, sides, kernel, y, _rise_exactly)
    return codes


def _walk_sides(x: Array, sides: list[list[Element]], kernel: Shape, y: Array, rise: Rise) -> Array:
    values, codes = x, None
    kind = np.min_scalar_type(max(math.prod(kernel) - 1, 1))
    for dim in reversed(range(len(kernel))):
        shape = (*values.shape[: dim + 1], *y.shape[dim + 1 :])
        best = workspace(f"maxima {dim % 2}", shape, y.dtype) if dim else y
        numbers = workspace(f"codes {dim % 2}", shape, kind)
        _walk_side(values, codes, sides[dim], dim, math.prod(kernel[dim + 1 :]), best, numbers, rise)
        values, codes = best, numbers
    if codes is None:
        raise ShapeError(expected("max_pool", "one spatial dimension at least", "none"))
    return codes


def _walk_side(x: Array, inner: Array | None, side: list[Element], dim: int, weight: int, y: Array, codes: Array, rise: Rise) -> None:
    """The maximum along `dim`; `inner` numbers the elements of x within the dimensions done, `weight` in number."""
    before = (slice(None),) * (dim + 1)
    for element in side:
        values = _at(x, element.place, dim + 1)
        numbers = None if inner is None else _at(inner, element.place, dim + 1)
        first, number = element.windows.start, element.number * weight
        fresh: Index = (*before, slice(0, element.fresh))
        later: Index = (*before, slice(element.fresh, None))
        if element.fresh:
            target: Index = (*before, slice(first, first + element.fresh))
            np.copyto(y[target], values[fresh])
            if numbers is None:
                codes[target] = number
            else:
                np.add(numbers[fresh], codes.dtype.type(number), out=codes[target])
        if first + element.fresh < element.windows.stop:
            target = (*before, slice(first + element.fresh, element.windows.stop))
            rise(y[target], codes[target], values[later], None if numbers is None else numbers[later], number)


def _at(x: Array, place: slice | Array, axis: int) -> Array:
    if isinstance(place, slice):
        return x[(slice(None),) * axis + (place,)]
    return x.take(place, axis=axis)


Rise = Callable[[Array, Array, Array, Array | None, int], None]


def _rise(y: Array, codes: Array, values: Array, numbers: Array | None, number: int) -> None:
    rises = np.greater(values, y, out=workspace("mask", y.shape, np.dtype(bool))).view(np.uint8)
    # numbers grow, so the larger of the old number and (the new number or 0) is the one that holds
    new = workspace("numbers", y.shape, codes.dtype)
    if numbers is None:
        np.multiply(rises, codes.dtype.type(number), out=new)
    else:
        np.multiply(np.add(numbers, codes.dtype.type(number), out=new), rises, out=new)
    np.maximum(codes, new, out=codes)
    np.maximum(y, values, out=y)


def _rise_exactly(y: Array, codes: Array, values: Array, numbers: Array | None, number: int) -> None:
    rises = np.greater(values, y)
    np.logical_or(rises, np.isnan(values), out=rises)
    np.copyto(y, values, where=rises)
    np.copyto(codes, codes.dtype.type(number) if numbers is None else numbers + codes.dtype.type(number), where=rises)


def _outer_sum(parts: list[Array]) -> Array:
    """[(A,), (B,), …] -> (A, B, …)"""
    total = parts[0]
    for part in parts[1:]:
        total = total[..., None] + part
    return total


def _pitch(size: Shape) -> list[int]:
    return [math.prod(size[i + 1 :]) for i in range(len(size))]
