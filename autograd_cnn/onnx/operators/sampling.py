"""Values between the grid's places: sampled pictures, regions, deformed convolutions; and what puts patches and maxima back in their places."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...nn import functional as F
from ...tensors.creation import zeros
from ..dims import OnnxError
from .elementwise import ac
from .table import Node, bounded, constant, ints, operator, settled


def _picked(flat: Any, at: Sequence[Any], sizes: Sequence[int]) -> Any:
    """flat (N, C, Π sizes) at whole places (N, P), one tensor an axis → (N, C, P)."""
    place = at[0]
    for a, s in zip(at[1:], sizes[1:], strict=True):
        place = place * s + a
    n, c = flat.shape[:2]
    return ac.gather(flat, 2, place.unsqueeze(1).expand(n, c, place.shape[1]))


def between(x: Any, at: Sequence[Any], border: bool = False, join: Any = ac.add) -> Any:
    """x (N, C, *S) at any places (N, P), one tensor an axis, by linear interpolation; outside it is 0, or what its border is.
    `join`: what becomes of the weighted corners."""
    sizes = x.shape[2:]
    flat = x.reshape(*x.shape[:2], -1)
    bounded([x.shape[0], x.shape[1], at[0].shape[1], 2 ** len(sizes)])
    if border:
        at = [ac.clamp(a, 0, s - 1) for a, s in zip(at, sizes, strict=True)]
    low = [ac.floor(a).detach() for a in at]
    total: Any = None
    for corner in itertools.product((0, 1), repeat=len(sizes)):
        weight: Any = None
        places = []
        for a, b, s, up in zip(at, low, sizes, corner, strict=True):
            w, here = (a - b if up else 1 - (a - b)), b + up
            if not border:
                w = ac.where(ac.logical_and(here >= 0, here <= s - 1), w, 0.0)
            weight = w if weight is None else weight * w
            places.append(_whole(here, s))
        term = _picked(flat, places, sizes) * weight.unsqueeze(1)
        total = term if total is None else join(total, term)
    return total


def _whole(a: Any, size: int) -> Any:
    """Places as indices that are inside; of what is no number, some."""
    return ac.clamp(ac.where(ac.isnan(a), 0.0, a), 0, size - 1).to(np.int64)


# ------------------------------------------------------------------------------------------------------------------------- grids
@operator("GridSample")
def _(n: Node, x: Any, grid: Any) -> Any:
    mode = n.get("mode", "linear" if n.opset >= 20 else "bilinear")
    mode = {"bilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
    pad, corners, dims = n.get("padding_mode", "zeros"), bool(n.get("align_corners", 0)), x.ndim - 2
    if mode not in ("linear", "nearest", "cubic") or pad not in ("zeros", "border", "reflection"):
        raise OnnxError(f"onnx: GridSample: expected modes that ONNX names, got {mode!r} and {pad!r}.")
    if dims == 2:
        mode = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
        return F.grid_sample(x, grid, mode=mode, padding_mode=pad, align_corners=corners)
    if dims < 1 or grid.ndim != x.ndim or grid.shape[-1] != dims or grid.shape[0] != x.shape[0] or mode == "cubic":
        raise OnnxError(
            f"onnx: GridSample: expected a grid (N, places …, {dims}) and mode linear or nearest for shape {list(x.shape)}, got "
            f"{list(grid.shape)} and {mode!r}."
        )
    places = grid.reshape(grid.shape[0], -1, dims)
    at = []
    for d, s in enumerate(x.shape[2:]):
        g = places[:, :, dims - 1 - d]  # the innermost axis comes first
        a = (g + 1) * ((s - 1) / 2) if corners else ((g + 1) * s - 1) / 2
        at.append(_reflected(a, s, corners) if pad == "reflection" else a)
    if mode == "linear":
        y = between(x, at, border=pad != "zeros")
    else:
        at = [ac.round(a) for a in at]
        y = _picked(x.reshape(*x.shape[:2], -1), [_whole(a, s) for a, s in zip(at, x.shape[2:], strict=True)], x.shape[2:])
        for a, s in zip(at, x.shape[2:], strict=True):
            y = y if pad != "zeros" else ac.where(ac.logical_and(a >= 0, a <= s - 1).unsqueeze(1), y, 0.0)
    return y.reshape(*x.shape[:2], *grid.shape[1:-1])


def _reflected(a: Any, size: int, corners: bool) -> Any:
    """Thrown back at the first and last place, or at their outer edges."""
    low, span = (0.0, size - 1.0) if corners else (-0.5, float(size))
    if span == 0:
        return a * 0
    a = ac.remainder(a - low, 2 * span)
    return ac.minimum(a, 2 * span - a) + low


# ----------------------------------------------------------------------------------------------------------------------- regions
@operator("RoiAlign")
def _(n: Node, x: Any, rois: Any, batch: Any) -> Any:
    """[He et al. 2017]"""
    height, width, ratio = n.get("output_height", 1), n.get("output_width", 1), n.get("sampling_ratio", 0)
    half, scale = (
        n.get("coordinate_transformation_mode", "half_pixel" if n.opset >= 16 else "output_half_pixel"),
        n.get("spatial_scale", 1.0),
    )
    if x.ndim != 4 or rois.ndim != 2 or rois.shape[1] != 4 or min(height, width) < 1 or ratio < 0:
        raise OnnxError(
            f"onnx: RoiAlign: expected pictures of 4 dims, regions (R, 4) and positive sizes, got {list(x.shape)}, {list(rois.shape)}, "
            f"{height} x {width} and sampling_ratio {ratio}."
        )
    bounded([rois.shape[0], x.shape[1], height, width])
    found = []
    boxes = None if ratio else settled(rois, "a region", chooses=True).astype(np.float64) * scale
    for r, picture in enumerate(ints(batch, "a picture")):
        if not 0 <= picture < x.shape[0]:
            raise OnnxError(f"onnx: RoiAlign: expected regions of {x.shape[0]} pictures, got one of number {picture}.")
        left, top, right, bottom = (rois[r, k] * scale - (0.5 if half == "half_pixel" else 0.0) for k in range(4))
        wide, high = right - left, bottom - top
        if half != "half_pixel":
            wide, high = (ac.maximum(v, constant(1.0, v.dtype)) for v in (wide, high))
        gy, gx = (
            (ratio, ratio) if boxes is None else (_per_bin(boxes[r, 3] - boxes[r, 1], height), _per_bin(boxes[r, 2] - boxes[r, 0], width))
        )
        rows, columns = _samples(top, high, height, gy), _samples(left, wide, width, gx)
        found.append(_region(n, x[picture : picture + 1], rows, columns, (height, gy, width, gx)))
    return ac.cat(found, 0) if found else zeros(0, x.shape[1], height, width, dtype=x.dtype)


def _per_bin(extent: float, bins: int) -> int:
    """One sample for each place that a bin covers."""
    return max(math.ceil(extent / bins), 1) if math.isfinite(extent) else 1


def _samples(start: Any, size: Any, bins: int, per: int) -> Any:
    """The places at which each bin is looked at."""
    bounded([bins, per])
    return start + constant((np.arange(bins * per) + 0.5) / per, start.dtype) * (size / bins)


def _region(n: Node, x: Any, rows: Any, columns: Any, sizes: tuple[int, int, int, int]) -> Any:
    height, gy, width, gx = sizes
    bounded([rows.shape[0], columns.shape[0], x.shape[1]])
    y = rows.reshape(-1, 1).expand(-1, columns.shape[0]).reshape(1, -1)
    z = columns.reshape(1, -1).expand(rows.shape[0], -1).reshape(1, -1)
    inside = ac.logical_and(ac.logical_and(y >= -1, y <= x.shape[2]), ac.logical_and(z >= -1, z <= x.shape[3]))
    most = n.get("mode", "avg") == "max"  # ONNX: of the weighted corners, not of their sums
    seen = between(x, [y, z], border=True, join=ac.maximum if most else ac.add)
    seen = ac.where(inside.unsqueeze(1), seen, 0.0).reshape(1, x.shape[1], height, gy, width, gx)
    return ac.amax(seen, (3, 5)) if most else seen.mean((3, 5))


# ------------------------------------------------------------------------------------------------------------ deformed convolution
@operator("DeformConv")
def _(n: Node, x: Any, w: Any, offset: Any, bias: Any = None, mask: Any = None) -> Any:
    """[Dai et al. 2017; Zhu et al. 2019]"""
    dims, batch, groups, moved = x.ndim - 2, x.shape[0], n.get("group", 1), n.get("offset_group", 1)
    kernel, out = w.shape[2:], offset.shape[2:]
    stride, dilation, pads = n.get("strides", [1] * dims), n.get("dilations", [1] * dims), n.get("pads", [0] * 2 * dims)
    taps = math.prod(kernel)
    wrong = x.ndim != w.ndim or offset.ndim != x.ndim or min(groups, moved) < 1 or min(*stride, *dilation) < 1
    if wrong or x.shape[1] % moved or x.shape[1] != w.shape[1] * groups or tuple(offset.shape[:2]) != (batch, moved * taps * dims):
        raise OnnxError(
            f"onnx: DeformConv: expected kernels and offsets that fit pictures of shape {list(x.shape)} in {groups} groups, got "
            f"{list(w.shape)} and {list(offset.shape)} of {moved} groups."
        )
    places = math.prod(out)
    bounded([batch, x.shape[1], taps, places])
    shift = offset.reshape(batch * moved, taps, dims, places)
    at = []
    for d, k in enumerate(np.indices(kernel).reshape(dims, -1)):
        start = np.indices(out).reshape(dims, -1)[d] * stride[d] - pads[d] + k[:, None] * dilation[d]  # (taps, places)
        at.append((shift[:, :, d] + constant(start, x.dtype)).reshape(batch * moved, -1))
    seen = between(x.reshape(batch * moved, -1, *x.shape[2:]), at)
    if mask is not None:
        seen = seen * mask.reshape(batch * moved, 1, taps * places)
    # (N, C, taps, places) → groups of rows, to be multiplied by the kernels as matrices
    columns = seen.reshape(batch, groups, -1, places)
    y = (w.reshape(1, groups, w.shape[0] // groups, -1) @ columns).reshape(batch, w.shape[0], *out)
    return y if bias is None else y + bias.reshape(1, -1, *(1,) * dims)


# ----------------------------------------------------------------------------------------------------------------- back in place
@operator("Col2Im")
def _(n: Node, x: Any, size: Any, block: Any) -> Any:
    out, kernel = ints(size), ints(block)
    dims = len(out)
    stride, dilation, pads = n.get("strides", [1] * dims), n.get("dilations", [1] * dims), n.get("pads", [0] * 2 * dims)
    if not len(kernel) == len(stride) == len(dilation) == len(pads) // 2 == dims or min([*kernel, *stride, *dilation], default=0) < 1:
        raise OnnxError(f"onnx: Col2Im: expected positive blocks and steps for each of {dims} axes, got {kernel}, {stride}, {dilation}.")
    taps, total = math.prod(kernel), math.prod(bounded([x.shape[0], x.shape[1], *out])[2:])
    counts = [(o + pads[d] + pads[d + dims] - dilation[d] * (kernel[d] - 1) - 1) // stride[d] + 1 for d, o in enumerate(out)]
    if x.ndim != 3 or x.shape[1] % taps or min(counts) < 1 or x.shape[2] != math.prod(counts):
        raise OnnxError(f"onnx: Col2Im: expected (N, C · {taps}, {' · '.join(map(str, counts))}), got {list(x.shape)}.")
    place, inside = np.zeros((taps, x.shape[2]), np.int64), np.ones((taps, x.shape[2]), bool)
    for d in range(dims):
        tap = np.indices(kernel)[d].reshape(-1, 1) * dilation[d]
        at = np.indices(counts)[d].reshape(1, -1) * stride[d] - pads[d] + tap
        inside &= (at >= 0) & (at < out[d])
        place = place * out[d] + at
    columns = x.reshape(x.shape[0], x.shape[1] // taps, -1)[:, :, constant(np.flatnonzero(inside))]
    index = constant(place[inside]).reshape(1, 1, -1).expand(columns.shape)
    y = ac.scatter_add(zeros(*columns.shape[:2], total, dtype=x.dtype), 2, index, columns)
    return y.reshape(*columns.shape[:2], *out)


@operator("MaxUnpool")
def _(n: Node, x: Any, places: Any, shape: Any = None) -> Any:
    dims, kernel = x.ndim - 2, n.get("kernel_shape")
    stride, pads = n.get("strides", [1] * dims), n.get("pads", [0] * 2 * dims)
    if dims < 1 or tuple(places.shape) != tuple(x.shape) or not len(kernel) == len(stride) == len(pads) // 2 == dims:
        raise OnnxError(f"onnx: MaxUnpool: expected a place for each of {list(x.shape)}, got {list(places.shape)}, kernel {kernel}.")
    natural = [(s - 1) * t + k - pads[d] - pads[d + dims] for d, (s, t, k) in enumerate(zip(x.shape[2:], stride, kernel, strict=True))]
    full = bounded([*x.shape[:2], *natural])
    at = settled(places, "a place").astype(np.int64)
    if at.size and not 0 <= at.min() <= at.max() < math.prod(full):
        raise OnnxError(f"onnx: MaxUnpool: expected places in a tensor of shape {full}, got {at.min()} to {at.max()}.")
    if shape is not None:  # the same rows and columns in a larger picture
        larger = bounded(ints(shape))
        if len(larger) != x.ndim or any(a < b for a, b in zip(larger, full, strict=True)):
            raise OnnxError(f"onnx: MaxUnpool: expected an output_shape of at least {full}, got {larger}.")
        at, full = np.ravel_multi_index(np.unravel_index(at, full), larger), larger
    y = ac.scatter(zeros(math.prod(full), dtype=x.dtype), 0, constant(at.ravel()), x.reshape(-1))
    return y.reshape(full)
