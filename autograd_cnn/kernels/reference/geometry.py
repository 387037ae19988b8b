"""The sizes of a convolution or a pooling, checked once: for the kernel, its adjoints and the shape rules."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

from ...errors import ShapeError, expected
from .windows import Padding, Pairs, Shape, Steps, output_sizes, pairs, steps


@dataclass(frozen=True, slots=True)
class Geometry:
    """x (N, G·C, *size), w (G·O, C, *kernel) → y (N, G·O, *out), where G is the number of groups.

    `flat` is the same convolution for the blocked kernels, which want two spatial dimensions at least: a signal (L,)
    is an image (L, 1) to them.
    """

    batch: int
    groups: int
    inputs: int  # C: input channels of one group
    outputs: int  # O: output channels of one group
    size: Shape
    kernel: Shape
    stride: Shape
    padding: Pairs
    dilation: Shape
    out: Shape

    @property
    def x_shape(self) -> Shape:
        return (self.batch, self.groups * self.inputs, *self.size)

    @property
    def y_shape(self) -> Shape:
        return (self.batch, self.groups * self.outputs, *self.out)

    @property
    def w_shape(self) -> Shape:
        return (self.groups * self.outputs, self.inputs, *self.kernel)

    @property
    def padded(self) -> bool:
        return any(map(any, self.padding))

    @property
    def empty(self) -> bool:
        return 0 in self.x_shape or 0 in self.w_shape

    @property
    def pointwise(self) -> bool:
        return not self.padded and math.prod(self.kernel) == 1

    @property
    def whole(self) -> bool:
        """The kernel covers the whole input: a linear layer."""
        return self.groups == 1 and not self.padded and self.kernel == self.size

    @property
    def depthwise(self) -> bool:
        return self.inputs == 1 and self.groups > 1

    @property
    def flat(self) -> Geometry:
        if len(self.size) > 1:
            return self
        one = (1,)
        return Geometry(
            self.batch,
            self.groups,
            self.inputs,
            self.outputs,
            self.size + one,
            self.kernel + one,
            self.stride + one,
            (*self.padding, (0, 0)),
            self.dilation + one,
            self.out + one,
        )


def geometry(
    x_shape: Shape,
    w_shape: Shape,
    stride: Steps,
    padding: Padding,
    dilation: Steps,
    groups: int,
    operation: str = "convolution",
) -> Geometry:
    """The sizes, or a ShapeError that names what does not fit and what would."""
    return _geometry(x_shape, w_shape, _fixed(stride), _fixed(padding), _fixed(dilation), groups, operation)


@functools.lru_cache(maxsize=1024)
def _geometry(x_shape: Shape, w_shape: Shape, stride: Steps, padding: Padding, dilation: Steps, groups: int, operation: str) -> Geometry:
    dims = len(x_shape) - 2
    if dims < 1 or len(w_shape) != dims + 2:
        wanted = "an input (N, C, *S) and a weight (O, C/groups, *K) with as many dimensions"
        raise ShapeError(expected(operation, wanted, f"{x_shape} and {w_shape}"))
    strides, sides, dilations = _stepping(stride, padding, dilation, dims, operation)
    _check_channels(x_shape, w_shape, groups, operation)
    size, kernel = x_shape[2:], w_shape[2:]
    out = output_sizes(size, kernel, strides, sides, dilations)
    if min(kernel) < 1:
        raise ShapeError(expected(operation, "a kernel of at least one element", f"{kernel}"))
    if min(out) < 1:
        room = tuple(s + before + after for s, (before, after) in zip(size, sides, strict=True))
        span = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True))
        lacking = max(0, *(-(-(n - r) // 2) for n, r in zip(span, room, strict=True)))
        raise ShapeError(
            f"{operation}: Kernel size can't be greater than actual input size: the padded input is {_by(room)}, the "
            f"kernel {_by(span)}{' with its dilation' if max(dilations) > 1 else ''}. "
            f"{lacking} more padding on each side, or a smaller kernel, fits."
        )
    return Geometry(x_shape[0], groups, w_shape[1], w_shape[0] // groups, size, kernel, strides, sides, dilations, out)


def _fixed(value: Any) -> Any:
    """Lists become tuples, which can be remembered."""
    return value if isinstance(value, (int, tuple)) else tuple(value)


def _stepping(stride: Steps, padding: Padding, dilation: Steps, dims: int, operation: str) -> tuple[Shape, Pairs, Shape]:
    strides = steps(stride, dims, f"{operation}: stride")
    dilations = steps(dilation, dims, f"{operation}: dilation")
    sides = pairs(padding, dims)
    if min(strides) < 1:
        raise ShapeError(f"{operation}: non-positive stride is not supported, got {strides}. Use 1 or more.")
    if min(dilations) < 1:
        raise ShapeError(f"{operation}: dilation should be greater than zero, got {dilations}. Use 1 for none.")
    if min(map(min, sides)) < 0:
        raise ShapeError(f"{operation}: negative padding is not supported, got {sides}. Slice the input instead.")
    return strides, sides, dilations


def _check_channels(x_shape: Shape, w_shape: Shape, groups: int, operation: str) -> None:
    if groups < 1:
        raise ShapeError(f"{operation}: non-positive groups is not supported, got {groups}. Use 1 for none.")
    if w_shape[0] % groups:
        wanted = f"output channels that {groups} groups divide evenly"
        raise ShapeError(expected(operation, wanted, f"{w_shape[0]} (weight {w_shape})"))
    wanted_channels = w_shape[1] * groups
    if x_shape[1] != wanted_channels:
        fix = " Channels stand in dim 1, not in the last: input.movedim(-1, 1)." if x_shape[-1] == wanted_channels else ""
        raise ShapeError(
            f"{operation}: Given groups={groups}, weight of size {list(w_shape)}, expected input{list(x_shape)} to "
            f"have {wanted_channels} channels, but got {x_shape[1]} channels instead.{fix}"
        )


@dataclass(frozen=True, slots=True)
class Pooling:
    """Windows over x (N, C, *size) with results (N, C, *out). The padding is only thought of, never stored."""

    size: Shape
    kernel: Shape
    stride: Shape
    padding: Pairs
    dilation: Shape
    out: Shape

    def valid(self, dim: int, index: int) -> tuple[slice, slice]:
        """For element `index` of the windows along `dim`: the windows that have it inside the input, and where."""
        offset = index * self.dilation[dim] - self.padding[dim][0]
        step = self.stride[dim]
        first = max(0, -(offset // step))
        last = min(self.out[dim], (self.size[dim] - 1 - offset) // step + 1)
        if last <= first:
            return slice(0, 0), slice(0, 0)
        start = first * step + offset
        return slice(first, last), slice(start, start + (last - 1 - first) * step + 1, step)


def pooling(
    x_shape: Shape,
    kernel: Steps,
    stride: Steps | None = None,
    padding: Padding = 0,
    dilation: Steps = 1,
    ceil_mode: bool = False,
    operation: str = "pooling",
) -> Pooling:
    """The sizes, or a ShapeError that names what does not fit. The stride is the kernel's size unless given."""
    kernel, padding, dilation = _fixed(kernel), _fixed(padding), _fixed(dilation)
    return _pooling(x_shape, kernel, kernel if stride is None else _fixed(stride), padding, dilation, ceil_mode, operation)


@functools.lru_cache(maxsize=1024)
def _pooling(x_shape: Shape, kernel: Steps, stride: Steps, padding: Padding, dilation: Steps, ceil_mode: bool, operation: str) -> Pooling:
    dims = len(x_shape) - 2
    if dims < 1:
        raise ShapeError(expected(operation, "an input (N, C, *S)", f"shape {x_shape}"))
    kernels = steps(kernel, dims, f"{operation}: kernel_size")
    if min(kernels) < 1:
        raise ShapeError(f"{operation}: kernel size should be greater than zero, but got {kernels}.")
    strides, sides, dilations = _stepping(stride, padding, dilation, dims, operation)
    for k, d, side in zip(kernels, dilations, sides, strict=True):
        if max(side) > (d * (k - 1) + 1) // 2:
            raise ShapeError(
                f"{operation}: pad should be at most half of effective kernel size, but got pad={max(side)}, "
                f"kernel_size={k} and dilation={d}. Use padding={(d * (k - 1) + 1) // 2} or less."
            )
    out = output_sizes(x_shape[2:], kernels, strides, sides, dilations, ceil_mode)
    if min(out) < 1 or 0 in x_shape[1:]:
        given, found = (x_shape[1], *x_shape[2:]), (x_shape[1], *(max(0, o) for o in out))
        raise ShapeError(
            f"{operation}: Given input size: ({_by(given)}). Calculated output size: ({_by(found)}). Output size is "
            f"too small. The windows are {_by(kernels)}: use smaller ones, or more padding."
        )
    return Pooling(x_shape[2:], kernels, strides, sides, dilations, out)


def _by(sizes: Shape) -> str:
    return "x".join(map(str, sizes))
