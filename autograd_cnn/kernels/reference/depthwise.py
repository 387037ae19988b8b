"""Depthwise convolution: each channel with its own kernels, so there is nothing for a matrix product to do.

One multiplication and one addition an element of the kernel, over whole planes at once. Planes are padded, split into
the phases of the stride (so that strided windows are contiguous), and those of one channel laid end to end, sample
after sample: moving the kernel by one element is then a shift of one long run. The places between the end of a row, or
of a plane, and the next are computed too and not copied out. In the adjoints these places meet zeros; a case with inf
or nan, which zeros do not silence, goes the general way. Sums of float16 are in float32.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..memory.workspace import workspace
from .geometry import Geometry
from .windows import Index, Shape

Array = npt.NDArray[Any]

_RUN = 8192  # elements of a run from which the calls and loops around it no longer count
_CHUNK_BYTES = 1 << 20  # planes handled at a time: what is read, summed and multiplied stays in the caches


class Planes:
    """Padded planes (C, phase…, n, *Q), Q being the padded size over the stride, and the shifts within them."""

    def __init__(self, geo: Geometry) -> None:
        self.geo = geo
        size = tuple(s + sum(p) for s, p in zip(geo.size, geo.padding, strict=True))
        self.phases = geo.stride
        self.inner: Shape = tuple(-(-s // t) for s, t in zip(size, geo.stride, strict=True))
        self.area = math.prod(self.inner)
        pitch = tuple(math.prod(self.inner[i + 1 :]) for i in range(len(self.inner)))
        #: the last place of a plane where a window may start
        self.last = sum((o - 1) * p for o, p in zip(geo.out, pitch, strict=True))
        #: (kernel index, its phase, how far it shifts the run)
        self.shifts: list[tuple[Shape, Shape, int]] = []
        for index in itertools.product(*map(range, geo.kernel)):
            both = [divmod(i * d, t) for i, d, t in zip(index, geo.dilation, geo.stride, strict=True)]
            shift = sum(q * p for (q, _), p in zip(both, pitch, strict=True))
            self.shifts.append((index, tuple(phase for _, phase in both), shift))

    def chunks(self, itemsize: int) -> Iterator[tuple[slice, slice]]:
        """Pieces of (samples, channels)."""
        batch, channels = self.geo.batch, self.geo.groups
        samples = min(batch, -(-_RUN // self.area))
        some = max(1, _CHUNK_BYTES // (itemsize * samples * self.area * math.prod(self.phases)))
        for first in range(0, batch, samples):
            for channel in range(0, channels, some):
                yield slice(first, min(first + samples, batch)), slice(channel, min(channel + some, channels))

    def length(self, samples: int) -> int:
        """The run of all windows of `samples` planes end to end."""
        return (samples - 1) * self.area + self.last + 1

    def inside(self) -> Iterator[tuple[Index, Index]]:
        """Pairs (index into padded planes, index into x (n, C, *S)), one for each phase."""
        geo = self.geo
        for phase in itertools.product(*map(range, self.phases)):
            outer, taken = [], []
            for size, (before, _), step, p in zip(geo.size, geo.padding, geo.stride, phase, strict=True):
                first = (p - before) % step
                start = (before + first) // step
                outer.append(slice(start, start + max(0, -(-(size - first) // step))))
                taken.append(slice(first, None, step))
            yield (slice(None), *phase, slice(None), *outer), (slice(None), slice(None), *taken)

    def run(self, phase: Shape, shift: int, length: int) -> Index:
        """The index of a shifted run within padded planes (C, phase…, n · area)."""
        return (slice(None), *phase, slice(shift, shift + length))

    def weight(self, channels: slice, index: Shape) -> Index:
        """The index of one element of all kernels within weights (C, O, *K)."""
        return (channels, slice(None), *index)

    def load(self, x: Array) -> Array:
        """x (n, C, *S) → (C, phase…, n · area)"""
        samples, channels = x.shape[:2]
        if samples == 1 and not self.geo.padded and max(self.phases) == 1 and x.flags.c_contiguous:
            return x.reshape(channels, *self.phases, self.area)
        padded = workspace("padded", (channels, *self.phases, samples, *self.inner), x.dtype)
        if self.geo.padded:
            padded.fill(0)
        for outer, taken in self.inside():
            padded[outer] = x[taken].swapaxes(0, 1)
        return padded.reshape(channels, *self.phases, samples * self.area)

    def unload(self, padded: Array, x: Array) -> None:
        """The transpose of `load`."""
        samples, channels = x.shape[:2]
        planes = padded.reshape(channels, *self.phases, samples, *self.inner)
        for outer, taken in self.inside():
            x[taken] = planes[outer].swapaxes(0, 1)

    def results(self, run: Array, samples: int, channels: int) -> Array:
        """The windows' places in a run (C·O, n · area): a view (n, C·O, *out)."""
        planes = run.reshape(channels * self.geo.outputs, samples, *self.inner)
        windows: Index = (..., *(slice(0, o) for o in self.geo.out))
        return planes[windows].swapaxes(0, 1)

    def widen(self, g: Array, channels: int) -> Array:
        """g (n, C·O, *out) → (C, O, n · area), zero between the rows and the planes."""
        wide = workspace("result", (channels, self.geo.outputs, len(g) * self.area), g.dtype)
        wide.fill(0)
        self.results(wide, len(g), channels)[...] = g
        return wide


def _kind(x: Array) -> Any:
    """The dtype in which is added up."""
    return np.dtype(np.float32) if x.dtype == np.float16 else x.dtype


def forward(geo: Geometry, x: Array, w: Array, y: Array) -> None:
    """y (N, C·O, *out) of x (N, C, *S) and w (C·O, 1, *K)"""
    planes, many, kind = Planes(geo), geo.outputs, _kind(x)
    weights = w.reshape(geo.groups, many, *geo.kernel)
    for samples, channels in planes.chunks(kind.itemsize):
        padded = planes.load(x[samples, channels])
        count, some = samples.stop - samples.start, channels.stop - channels.start
        sums = workspace("result", (some, many, count * planes.area), kind)
        length = planes.length(count)
        total = sums[..., :length]
        product = workspace("columns", total.shape, kind)
        for number, (index, phase, shift) in enumerate(planes.shifts):
            shifted = padded[planes.run(phase, shift, length)][:, None]
            weight = weights[planes.weight(channels, index)][..., None]
            np.multiply(shifted, weight, out=product if number else total, dtype=kind)
            if number:
                np.add(total, product, out=total)
        y[samples, channels.start * many : channels.stop * many] = planes.results(sums, count, some)


def input_adjoint(geo: Geometry, g: Array, w: Array, gx: Array) -> None:
    """gx (N, C, *S) of g (N, C·O, *out) and w (C·O, 1, *K), which is finite"""
    planes, many, kind = Planes(geo), geo.outputs, _kind(g)
    weights = w.reshape(geo.groups, many, *geo.kernel)
    for samples, channels in planes.chunks(kind.itemsize):
        count, some = samples.stop - samples.start, channels.stop - channels.start
        gradient = planes.widen(g[samples, channels.start * many : channels.stop * many], some)
        total = workspace("padded", (some, *planes.phases, count * planes.area), kind)
        total.fill(0)
        length = planes.length(count)
        product = workspace("columns", (some, length), kind)
        for index, phase, shift in planes.shifts:
            target = total[planes.run(phase, shift, length)]
            weight = weights[planes.weight(channels, index)]
            for one in range(many):
                np.multiply(gradient[:, one, :length], weight[:, one, None], out=product, dtype=kind)
                np.add(target, product, out=target)
        planes.unload(total, gx[samples, channels])


def weight_adjoint(geo: Geometry, g: Array, x: Array) -> Array:
    """gw (C·O, 1, *K) of g (N, C·O, *out) and x (N, C, *S)"""
    planes, many, kind = Planes(geo), geo.outputs, _kind(g)
    total = np.zeros((geo.groups, many, *geo.kernel), kind)
    for samples, channels in planes.chunks(kind.itemsize):
        count, some = samples.stop - samples.start, channels.stop - channels.start
        gradient = planes.widen(g[samples, channels.start * many : channels.stop * many], some)
        padded = planes.load(x[samples, channels])
        length = planes.length(count)
        for index, phase, shift in planes.shifts:
            shifted = padded[planes.run(phase, shift, length)][:, None]
            total[planes.weight(channels, index)] += np.vecdot(gradient[..., :length], shifted, dtype=kind)
    return total.reshape(geo.w_shape).astype(g.dtype, copy=False)
