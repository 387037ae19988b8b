"""Resizing, axis after axis: each output is a weighted sum of a few inputs, whose places and weights depend on sizes alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dims import OnnxError
from .elementwise import ac
from .table import Node, axis_of, bounded, constant, ints, operator, settled

# t: places in the output; f: how many times as many; i, o: the sizes before and after
_PLACES: dict[str, Callable[..., Any]] = {
    "half_pixel": lambda t, f, i, o: (t + 0.5) / f - 0.5,
    "asymmetric": lambda t, f, i, o: t / f,
    "align_corners": lambda t, f, i, o: t * (i - 1) / (f * i - 1) if f * i != 1 else t * 0,
    "pytorch_half_pixel": lambda t, f, i, o: (t + 0.5) / f - 0.5 if o > 1 else t * 0,
    "half_pixel_symmetric": lambda t, f, i, o: i / 2 * (1 - o / (f * i)) + (t + 0.5) / f - 0.5,
}
_ROUND: dict[str, Callable[..., Any]] = {
    "round_prefer_floor": lambda q: np.ceil(q - 0.5),
    "round_prefer_ceil": lambda q: np.floor(q + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}
_MODES = ("nearest", "linear", "cubic")
FEW = 4  # inputs of an output, up to which they are picked and added; more are a product with a matrix


@dataclass(frozen=True, slots=True)
class _How:
    """How all axes are resized."""

    mode: str = "nearest"
    rounding: str = "floor"
    cubic: float = -0.75
    antialias: bool = False
    exclude_outside: bool = False


def _linear(z: Any, a: float) -> Any:
    return np.maximum(1 - np.abs(z), 0)


def _cubic(z: Any, a: float) -> Any:
    z = np.abs(z)
    near = (a + 2) * z**3 - (a + 3) * z**2 + 1
    far = a * z**3 - 5 * a * z**2 + 8 * a * z - 4 * a
    return np.where(z <= 1, near, np.where(z < 2, far, 0))  # [Keys 1981]


def _taps(q: Any, i: int, f: float, how: _How) -> tuple[Any, Any]:
    """For each output the inputs that it is a sum of, and their weights."""
    if how.mode == "nearest":
        # a scale is a float32: what it is off by must not carry a place over the edge between two
        return _ROUND[how.rounding](q.astype(np.float32))[:, None], np.ones((len(q), 1))
    stretch = min(f, 1.0) if how.antialias else 1.0  # a filter wide enough that no input is passed over
    reach, kernel = (1, _linear) if how.mode == "linear" else (2, _cubic)
    wide = math.ceil(reach / stretch)
    bounded([len(q), 2 * wide])
    at = np.floor(q)[:, None] + np.arange(1 - wide, wide + 1)
    weights = kernel((at - q[:, None]) * stretch, how.cubic)
    if how.exclude_outside:
        weights = weights * ((at >= 0) & (at <= i - 1))
    return at, weights / weights.sum(1, keepdims=True)


def _resized(x: Any, d: int, q: Any, f: float, how: _How) -> Any:
    """x with the values at the places q along an axis."""
    i = x.shape[d]
    if i == 0:
        raise OnnxError(f"onnx: expected an axis to resize that is not empty, got shape {list(x.shape)}.")
    if not len(q):
        return ac.narrow(x, d, 0, 0)
    at, weights = _taps(q, i, f, how)
    at = np.clip(at, 0, i - 1).astype(np.int64)
    if how.mode == "nearest":
        return ac.index_select(x, d, constant(at[:, 0]))
    if at.shape[1] > FEW:
        matrix = np.zeros(bounded([len(q), i]))
        np.add.at(matrix, (np.arange(len(q))[:, None], at), weights)
        return (x.movedim(d, -1) @ constant(matrix.T, x.dtype)).movedim(-1, d)
    shape = [-1 if k == d else 1 for k in range(x.ndim)]
    picked = [
        ac.index_select(x, d, constant(at[:, k])) * constant(weights[:, k], x.dtype).reshape(shape)
        for k in range(at.shape[1])
        if weights[:, k].any()
    ]
    return sum(picked[1:], picked[0])


def _sizes(n: Node, shape: list[int], wanted: list[int]) -> tuple[list[int], list[float]]:
    """The sizes that are asked for, or those nearest to them in which the picture keeps its form."""
    policy, given = n.get("keep_aspect_ratio_policy", "stretch"), [o / i for o, i in zip(wanted, shape, strict=True)]
    if policy == "stretch":
        return wanted, given
    if policy not in ("not_larger", "not_smaller"):
        raise OnnxError(f"onnx: Resize: expected keep_aspect_ratio_policy stretch, not_larger or not_smaller, got {policy!r}.")
    by = min(given) if policy == "not_larger" else max(given)
    return [math.floor(by * i + 0.5) for i in shape], [by] * len(shape)


@operator("Resize")
def _(n: Node, x: Any, roi: Any = None, scales: Any = None, sizes: Any = None) -> Any:
    where, mode = n.get("coordinate_transformation_mode", "half_pixel"), n.get("mode", "nearest")
    if n.opset < 11:
        roi, scales, where = None, roi, "asymmetric"
    crop, rounding = where == "tf_crop_and_resize", n.get("nearest_mode", "round_prefer_floor" if n.opset >= 11 else "floor")
    if (where not in _PLACES and not crop) or mode not in _MODES or rounding not in _ROUND:
        raise OnnxError(f"onnx: Resize: expected modes that ONNX names, got {where!r}, {mode!r} and {rounding!r}.")
    how = _How(mode, rounding, n.get("cubic_coeff_a", -0.75), bool(n.get("antialias")), bool(n.get("exclude_outside")))
    axes = [axis_of(a, x.ndim, "Resize") for a in n.get("axes") or range(x.ndim)]
    shape = [x.shape[a] for a in axes]
    ends = [float(v) for v in settled(roi, "a region").ravel()] if crop and roi is not None else [0.0] * len(axes) + [1.0] * len(axes)
    if (sizes is None or not sizes.numel()) == (scales is None or not scales.numel()):
        raise OnnxError("onnx: Resize: expected either scales or sizes.")
    asked = sizes if sizes is not None and sizes.numel() else scales
    if asked.numel() != len(axes) or len(ends) != 2 * len(axes) or 0 in shape:
        raise OnnxError(
            f"onnx: Resize: expected a number for each of {len(axes)} axes that are not empty, got {asked.numel()} for {shape}."
        )
    regions = list(zip(ends[: len(axes)], ends[len(axes) :], strict=True))
    if asked is sizes:
        out, by = _sizes(n, shape, ints(sizes))
    else:
        by = [float(v) for v in settled(scales, "scales").ravel()]
        out = [math.floor(i * (b - a) * f) for i, f, (a, b) in zip(shape, by, regions, strict=True)]
    if not all(math.isfinite(f) and f > 0 for f in by):
        raise OnnxError(f"onnx: Resize: expected scales above 0, got {by}.")
    _fit(x, axes, out)
    outside: Any = False
    for d, i, o, f, (a, b) in zip(axes, shape, out, by, regions, strict=True):
        t = np.arange(o, dtype=np.float64)
        if crop:
            q = a * (i - 1) + t * (b - a) * (i - 1) / (o - 1) if o > 1 else 0.5 * (a + b) * (i - 1) + t
            outside = outside | ((q < 0) | (q > i - 1)).reshape([-1 if k == d else 1 for k in range(x.ndim)])
        else:
            q = _PLACES[where](t, f, i, o)
        if crop or i != o or f != 1:
            x = _resized(x, d, q, f, how)
    return ac.where(constant(outside), n.get("extrapolation_value", 0.0), x) if np.any(outside) else x


def _fit(x: Any, axes: list[int], out: list[int]) -> None:
    """Also what stands between one axis and the next must have room."""
    sizes = [max(s, 1) for s in x.shape]
    for d, o in sorted(zip(axes, out, strict=True), key=lambda item: item[1]):
        bounded([o])
        sizes[d] = o
    bounded(sizes)


@operator("Upsample")
def _(n: Node, x: Any, scales: Any = None) -> Any:
    by = [float(v) for v in (n.get("scales") if scales is None else settled(scales, "scales").ravel())]
    if len(by) != x.ndim or not all(math.isfinite(f) and f > 0 for f in by) or n.get("mode", "nearest") not in _MODES[:2]:
        raise OnnxError(f"onnx: Upsample: expected a scale above 0 for each of {x.ndim} axes, and mode nearest or linear, got {by}.")
    out = [math.floor(s * f) for s, f in zip(x.shape, by, strict=True)]
    _fit(x, list(range(x.ndim)), out)
    for d, (f, o) in enumerate(zip(by, out, strict=True)):
        if f != 1:
            x = _resized(x, d, np.arange(o) / f, f, _How(n.get("mode", "nearest")))
    return x
