"""The column form of convolution, block by block: gather windows, scatter them back, carry results out and in.

Layout. A block holds a few samples, and the sample is its *last* axis: `padded` is (C, *S, n) and the columns are
(C, *K, *positions, n). So the innermost run that is copied is (positions along a row) · n elements long and contiguous,
also for small images, and each window is exact: no element between rows is computed and thrown away. Turning the batch
inside out costs a transposed copy of x and one of y, a fraction of the columns. With n = 1 it costs nothing.

Stride. The last spatial axis of `padded` is split into its phases, (…, s, ⌈S/s⌉, n): elements that a strided window
takes stand side by side there, and the runs stay contiguous.

Rows. For few channels a matrix product of O rows is too thin to run fast. `rows` = r computes r output rows at once: as
a convolution of stride r with r·O outputs, whose kernel is r − 1 rows taller (each of the r copies of the kernel starts
one stride further down in a kernel of zeros). More multiplications, fewer columns, and far better speed.

Blocks. The positions are cut so that the columns of one block stay in cache, whatever the size of batch and image.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .geometry import Geometry
from .windows import Index, Shape

Array = npt.NDArray[Any]


class Block(NamedTuple):
    """A box of output positions (rows of the first dimension counted in r at a time)."""

    start: Shape
    size: Shape


class Columns:
    """The column form of `geo` for `samples` at a time and `rows` output rows at once (`rows` divides the height)."""

    def __init__(self, geo: Geometry, samples: int, rows: int, itemsize: int) -> None:
        self.geo, self.samples, self.rows = geo, samples, rows
        self.kernel: Shape = (geo.kernel[0] + (rows - 1) * geo.stride[0], *geo.kernel[1:])
        self.step: Shape = (geo.stride[0] * rows, *geo.stride[1:])
        self.out: Shape = (geo.out[0] // rows, *geo.out[1:])
        self.phases = geo.stride[-1]
        size = tuple(s + sum(p) for s, p in zip(geo.size, geo.padding, strict=True))
        self.channels = geo.groups * geo.inputs
        #: (C, *S but the last, phase, S / phases, n)
        self.shape: Shape = (self.channels, *size[:-1], self.phases, -(-size[-1] // self.phases), samples)
        self.strides = tuple(itemsize * math.prod(self.shape[i + 1 :]) for i in range(len(self.shape)))
        # bytes between neighbours along each spatial axis; the last one within its phase
        self.along = (*self.strides[1:-3], self.strides[-2])
        # and between neighbouring windows; those along the last axis start in one phase
        self.step_bytes = (*(a * t for a, t in zip(self.along[:-1], self.step, strict=False)), self.along[-1])
        self.in_place = samples == 1 and not geo.padded and self.phases == 1

    # -- padded samples ----------------------------------------------------------------------------------------------

    def _inside(self) -> Iterator[tuple[Index, Index]]:
        """Pairs (index into padded, index into x with the sample last): one pair a phase."""
        spatial = list(zip(self.geo.size, self.geo.padding, strict=True))
        leading = tuple(slice(before, before + size) for size, (before, _) in spatial[:-1])
        size, (before, _) = spatial[-1]
        for phase in range(self.phases):
            first = (phase - before) % self.phases
            count = -(-(size - first) // self.phases)
            if count > 0:
                start = (before + first) // self.phases
                inner = (slice(None), *leading, phase, slice(start, start + count))
                yield inner, (..., slice(first, None, self.phases), slice(None))

    def load(self, x: Array, padded: Array) -> None:
        """x (n, C, *S) → padded, whose border is zero already."""
        turned = _samples_last(x)
        for inner, taken in self._inside():
            _turn(padded[inner], turned[taken])

    def unload(self, padded: Array, x: Array) -> None:
        turned = _samples_last(x)
        for inner, taken in self._inside():
            np.copyto(turned[taken], padded[inner])

    # -- columns -----------------------------------------------------------------------------------------------------

    def column_shape(self, block: Block) -> Shape:
        return (self.channels, *self.kernel, *block.size, self.samples)

    def gather(self, padded: Array, block: Block, columns: Array) -> None:
        """columns[c, *k, *o, n] = padded[c, o·stride + k·dilation, n]"""
        geo = self.geo
        origin = sum(b * s for b, s in zip(block.start, self.step_bytes, strict=True))
        rest = tuple(a * d for a, d in zip(self.along[:-1], geo.dilation[:-1], strict=True))
        # kernel columns whose offsets share a phase stand at equal distances: one copy takes them all
        apart = self.phases // math.gcd(geo.dilation[-1], self.phases)
        for first in range(min(apart, geo.kernel[-1])):
            place = self._last_offset(first)
            further = self._last_offset(first + apart) - place
            count = -(-(geo.kernel[-1] - first) // apart)
            view: Array = np.ndarray(
                (self.channels, *self.kernel[:-1], count, *block.size, self.samples),
                padded.dtype,
                padded,
                origin + place,
                (self.strides[0], *rest, further, *self.step_bytes, self.strides[-1]),
            )
            every = (slice(None),) * len(self.kernel)
            np.copyto(columns[(*every, slice(first, None, apart))] if apart > 1 else columns, view)

    def scatter(self, columns: Array, block: Block, padded: Array) -> None:
        """padded[c, o·stride + k·dilation, n] += columns[c, *k, *o, n]: the transpose of `gather`."""
        origin = sum(b * s for b, s in zip(block.start, self.step_bytes, strict=True))
        shape = (self.channels, *block.size, self.samples)
        strides = (self.strides[0], *self.step_bytes, self.strides[-1])
        rest = tuple(a * d for a, d in zip(self.along[:-1], self.geo.dilation[:-1], strict=True))
        for offset in itertools.product(*map(range, self.kernel)):
            place = sum(i * b for i, b in zip(offset[:-1], rest, strict=True)) + self._last_offset(offset[-1])
            target: Array = np.ndarray(shape, padded.dtype, padded, origin + place, strides)
            taken: Index = (slice(None), *offset)
            np.add(target, columns[taken], out=target)

    def _last_offset(self, index: int) -> int:
        """Bytes from a window's start to its kernel column `index`."""
        place, phase = divmod(index * self.geo.dilation[-1], self.phases)
        return phase * self.strides[-3] + place * self.strides[-2]

    # -- blocks of positions -----------------------------------------------------------------------------------------

    def blocks(self, limit: int) -> Iterator[Block]:
        """Boxes of at most `limit` positions (at least one) that run through the output in order.

        Each box is whole in its last axes and single in its first ones, so its positions stand side by side in y.
        """
        allowed = max(1, limit // self.samples)
        axis = next(a for a in range(len(self.out)) if math.prod(self.out[a + 1 :]) <= allowed)
        inner = self.out[axis + 1 :]
        pieces = -(-self.out[axis] // max(1, allowed // math.prod(inner)))
        cut = -(-self.out[axis] // pieces)
        for leading in itertools.product(*map(range, self.out[:axis])):
            for start in range(0, self.out[axis], cut):
                count = min(cut, self.out[axis] - start)
                yield Block((*leading, start, *(0 for _ in inner)), (*(1 for _ in leading), count, *inner))

    def span(self, block: Block) -> slice:
        """The block's positions within the flattened output, for one row at a time."""
        start = 0
        for index, size in zip(block.start, self.out, strict=True):
            start = start * size + index
        return slice(start, start + math.prod(block.size))

    # -- results -----------------------------------------------------------------------------------------------------

    def _rows_of(self, y: Array, block: Block) -> Iterator[Array]:
        """The block within y (n, G·O, *out), once for each of the r rows: (G, O, *count, n)."""
        geo, r = self.geo, self.rows
        grouped = y.reshape(len(y), geo.groups, geo.outputs, *geo.out)
        turned = grouped.transpose(*range(1, grouped.ndim), 0)
        later = tuple(slice(s, s + c) for s, c in zip(block.start[1:], block.size[1:], strict=True))
        for row in range(r):
            first = block.start[0] * r + row
            yield turned[(slice(None), slice(None), slice(first, first + (block.size[0] - 1) * r + 1, r), *later)]

    def result_shape(self, block: Block) -> Shape:
        return (self.geo.groups, self.rows, self.geo.outputs, *block.size, self.samples)

    def write(self, result: Array, block: Block, y: Array, bias: Array | None) -> None:
        """result (G, r, O, *count, n) → y (n, G·O, *out), with the bias on the way."""
        for row, target in enumerate(self._rows_of(y, block)):
            if bias is None:
                np.copyto(target, result[:, row])
            else:
                np.add(result[:, row], bias.reshape(target.shape[:2] + (1,) * (target.ndim - 2)), out=target)

    def read(self, g: Array, block: Block, result: Array) -> None:
        """g (n, G·O, *out) → result (G, r, O, *count, n)"""
        for row, taken in enumerate(self._rows_of(g, block)):
            _turn(result[:, row], taken)

    # -- weights -----------------------------------------------------------------------------------------------------

    def tall(self, w: Array) -> Array:
        """The matrix of the weights: (G·O, C, *K) → (G, r·O, C·∏K'), K' being r − 1 strides taller than K."""
        geo = self.geo
        columns = geo.inputs * math.prod(self.kernel)
        if self.rows == 1:
            return np.ascontiguousarray(w).reshape(geo.groups, geo.outputs, columns)
        grown = np.zeros((geo.groups, self.rows, geo.outputs, geo.inputs, *self.kernel), w.dtype)
        grouped = w.reshape(geo.groups, geo.outputs, geo.inputs, *geo.kernel)
        for row in range(self.rows):
            first = row * geo.stride[0]
            grown[:, row, :, :, first : first + geo.kernel[0]] = grouped
        return grown.reshape(geo.groups, self.rows * geo.outputs, columns)

    def short(self, tall: Array) -> Array:
        """The transpose of `tall`: adds up what belongs to one weight, (G, r·O, C·∏K') → (G·O, C, *K)."""
        geo = self.geo
        if self.rows == 1:
            return tall.reshape(geo.w_shape)
        grown = tall.reshape(geo.groups, self.rows, geo.outputs, geo.inputs, *self.kernel)
        total = grown[:, 0, :, :, : geo.kernel[0]].copy()
        for row in range(1, self.rows):
            first = row * geo.stride[0]
            total += grown[:, row, :, :, first : first + geo.kernel[0]]
        return total.reshape(geo.w_shape)


def _samples_last(x: Array) -> Array:
    return x.transpose(*range(1, x.ndim), 0)


def _turn(target: Array, source: Array) -> None:
    """Copy, where the sample runs fastest in the target and slowest in the source.

    Samples a multiple of 1 KiB apart fall into the same few cache sets and push each other out; eight at a time fit.
    """
    samples = source.shape[-1]
    if samples > 8 and source.strides[-1] % 1024 == 0:
        for first in range(0, samples, 8):
            np.copyto(target[..., first : first + 8], source[..., first : first + 8])
    else:
        np.copyto(target, source)
