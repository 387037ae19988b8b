"""Depthwise convolution: each channel with its own kernels, so there is nothing for a matrix product to do.

One multiplication and one addition an element of the kernel, over whole planes at once. A plane is padded, split into
the phases of the stride (so that strided windows are contiguous) and flattened: moving the kernel by one element is then
a shift of the flat plane. The places between the end of one row and the start of the next are computed too and not
copied out. Against the adjoints these places meet zeros; a case with inf or nan, which zeros do not silence, goes the
general way.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from .geometry import Geometry
from .scratch import scratch
from .windows import Shape

Array = npt.NDArray[Any]

_CHUNK_BYTES = 256 << 10  # planes handled at a time: what is read, summed and multiplied stays in the second cache


class Planes:
    """Padded planes (n, C, phase…, *Q), Q being the padded size over the stride, and the shifts within them."""

    def __init__(self, geo: Geometry) -> None:
        self.geo = geo
        size = tuple(s + sum(p) for s, p in zip(geo.size, geo.padding, strict=True))
        self.phases = geo.stride
        self.inner: Shape = tuple(-(-s // t) for s, t in zip(size, geo.stride, strict=True))
        self.area = math.prod(self.inner)
        self.pitch = tuple(math.prod(self.inner[i + 1 :]) for i in range(len(self.inner)))
        self.length = sum((o - 1) * p for o, p in zip(geo.out, self.pitch, strict=True)) + 1
        self.wide: Shape = (geo.out[0], *self.inner[1:])

    def shifts(self) -> Iterator[tuple[Shape, Shape, slice]]:
        """(kernel index, phase, run within the flat plane of that phase)"""
        geo = self.geo
        for index in itertools.product(*map(range, geo.kernel)):
            both = [divmod(i * d, t) for i, d, t in zip(index, geo.dilation, geo.stride, strict=True)]
            start = sum(q * p for (q, _), p in zip(both, self.pitch, strict=True))
            yield index, tuple(phase for _, phase in both), slice(start, start + self.length)

    def chunks(self, itemsize: int) -> Iterator[tuple[slice, slice]]:
        """Pieces of (samples, channels): some samples with all their channels, or some channels of one sample."""
        batch, channels = self.geo.batch, self.geo.groups
        planes = max(1, _CHUNK_BYTES // (itemsize * self.area * math.prod(self.phases)))
        samples, some = max(1, planes // channels), min(channels, planes)
        for first in range(0, batch, samples):
            for channel in range(0, channels, some):
                yield slice(first, min(first + samples, batch)), slice(channel, min(channel + some, channels))

    def inside(self) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """Pairs (index into padded planes, index into x), one for each phase."""
        geo = self.geo
        for phase in itertools.product(*map(range, self.phases)):
            outer, taken = [], []
            for size, (before, _), step, p in zip(geo.size, geo.padding, geo.stride, phase, strict=True):
                first = (p - before) % step
                start = (before + first) // step
                outer.append(slice(start, start + max(0, -(-(size - first) // step))))
                taken.append(slice(first, None, step))
            yield (slice(None), slice(None), *phase, *outer), (slice(None), slice(None), *taken)

    def load(self, x: Array) -> Array:
        """x (n, C, *S) → (n, C, phase…, area)"""
        if not self.geo.padded and max(self.phases) == 1 and x.flags.c_contiguous:
            return x.reshape(*x.shape[:2], *self.phases, self.area)
        padded = scratch("padded", (*x.shape[:2], *self.phases, *self.inner), x.dtype)
        if self.geo.padded:
            padded.fill(0)
        for outer, taken in self.inside():
            padded[outer] = x[taken]
        return padded.reshape(*x.shape[:2], *self.phases, self.area)

    def widen(self, g: Array) -> Array:
        """g (n, C·O, *out) → (n, C, O, length), zero between the rows."""
        geo = self.geo
        wide = scratch("result", (len(g), g.shape[1] // geo.outputs, geo.outputs, *self.wide), g.dtype)
        wide.fill(0)
        wide[(..., *(slice(0, o) for o in geo.out))] = g.reshape(*wide.shape[:3], *geo.out)
        return wide.reshape(*wide.shape[:3], -1)[..., : self.length]


def forward(geo: Geometry, x: Array, w: Array, y: Array) -> None:
    """y (N, C·O, *out) of x (N, C, *S) and w (C·O, 1, *K)"""
    planes, many = Planes(geo), geo.outputs
    weights = w.reshape(geo.groups, many, *geo.kernel)
    for samples, channels in planes.chunks(x.itemsize):
        padded = planes.load(x[samples, channels])
        shape = (*padded.shape[:2], many, *planes.wide)
        sums = scratch("result", shape, x.dtype)
        total = sums.reshape(*shape[:3], -1)[..., : planes.length]
        product = scratch("columns", total.shape, x.dtype)
        for number, (index, phase, run) in enumerate(planes.shifts()):
            shifted = padded[(slice(None), slice(None), *phase, run)][:, :, None]
            weight = weights[(channels, slice(None), *index)][..., None]
            np.multiply(shifted, weight, out=product if number else total)
            if number:
                np.add(total, product, out=total)
        target = y[samples, channels.start * many : channels.stop * many]
        np.copyto(target.reshape(*shape[:3], *geo.out), sums[(..., *(slice(0, o) for o in geo.out))])


def input_adjoint(geo: Geometry, g: Array, w: Array, gx: Array) -> None:
    """gx (N, C, *S) of g (N, C·O, *out) and w (C·O, 1, *K), which is finite"""
    planes, many = Planes(geo), geo.outputs
    weights = w.reshape(geo.groups, many, *geo.kernel)
    for samples, channels in planes.chunks(g.itemsize):
        gradient = planes.widen(g[samples, channels.start * many : channels.stop * many])
        total = scratch("padded", (*gradient.shape[:2], *planes.phases, planes.area), g.dtype)
        total.fill(0)
        product = scratch("columns", (*gradient.shape[:2], planes.length), g.dtype)
        for index, phase, run in planes.shifts():
            target = total[(slice(None), slice(None), *phase, run)]
            for one in range(many):
                weight = weights[(channels, one, *index)][:, None]
                np.multiply(gradient[:, :, one], weight, out=product)
                np.add(target, product, out=target)
        whole = total.reshape(*total.shape[:-1], *planes.inner)
        part = gx[samples, channels]
        for outer, taken in planes.inside():
            part[taken] = whole[outer]


def weight_adjoint(geo: Geometry, g: Array, x: Array) -> Array:
    """gw (C·O, 1, *K) of g (N, C·O, *out) and x (N, C, *S)"""
    planes, many = Planes(geo), geo.outputs
    total = np.zeros((geo.groups, many, *geo.kernel), g.dtype)
    for samples, channels in planes.chunks(g.itemsize):
        gradient = planes.widen(g[samples, channels.start * many : channels.stop * many])
        padded = planes.load(x[samples, channels])
        for index, phase, run in planes.shifts():
            shifted = padded[(slice(None), slice(None), *phase, run)][:, :, None]
            total[(channels, slice(None), *index)] += np.vecdot(gradient, shifted).sum(axis=0)
    return total.reshape(geo.w_shape)
