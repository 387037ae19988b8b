"""Fourier transforms as products with matrices of roots of unity, factor by factor of the length.   [Cooley & Tukey 1965]"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...nn import functional as F
from ..dims import OnnxError
from .elementwise import ac
from .formats import format_of
from .table import Node, axis_of, bounded, constant, ints, number, operator

DENSE = 64  # the length up to which one product is as good as several


def _factor(size: int) -> int:
    """The divisor that is nearest to the root: 1 of a prime number."""
    return next((d for d in range(int(size**0.5), 1, -1) if size % d == 0), 1)


def _turned(re: Any, im: Any, angle: Any) -> tuple[Any, Any]:
    """Multiplied by e^(i·angle)."""
    c, s = constant(np.cos(angle), re.dtype), constant(np.sin(angle), re.dtype)
    return (re * c, re * s) if im is None else (re * c - im * s, re * s + im * c)


def _transformed(re: Any, im: Any, sign: float) -> tuple[Any, Any]:
    """Σ_m e^(sign · 2πi · k m / N) x[…, m]; im: None for real numbers."""
    size = re.shape[-1]
    p = _factor(size) if size > DENSE else 1
    if p == 1:
        bounded([size, size])
        angle = sign * 2 * np.pi / size * (np.outer(np.arange(size), np.arange(size)) % size)
        c, s = constant(np.cos(angle), re.dtype), constant(np.sin(angle), re.dtype)
        return (re @ c, re @ s) if im is None else (re @ c - im @ s, re @ s + im @ c)
    q = size // p
    # m = q · m1 + m2, k = k1 + p · k2: over m1, turned by e^(sign · 2πi · k1 m2 / N), over m2
    rows = [None if v is None else v.reshape(*v.shape[:-1], p, q).transpose(-1, -2) for v in (re, im)]
    a, b = _transformed(rows[0], rows[1], sign)  # (…, m2, k1)
    a, b = _turned(a, b, sign * 2 * np.pi / size * np.outer(np.arange(q), np.arange(p)))
    a, b = _transformed(a.transpose(-1, -2), b.transpose(-1, -2), sign)  # (…, k1, k2)
    return tuple(v.transpose(-1, -2).reshape(*v.shape[:-2], size) for v in (a, b))


def _parts(n: Node, x: Any, axis: int, length: int) -> tuple[Any, Any]:
    """Real and imaginary parts with the axis last, cut off or filled with zeros to this length."""
    if x.ndim < 2 or x.shape[-1] not in (1, 2) or axis == x.ndim - 1:
        raise OnnxError(f"onnx: {n.operator}: expected numbers with 1 or 2 parts last, along another axis, got {list(x.shape)}.")
    bounded([*x.shape[:axis], length, *x.shape[axis + 1 :]])
    x = x.movedim(axis, -1)
    x = x[..., :length] if x.shape[-1] >= length else F.pad(x, (0, length - x.shape[-1]))
    return x[..., 0, :], x[..., 1, :] if x.shape[-2] == 2 else None


@operator("DFT")
def _(n: Node, x: Any, length: Any = None, axis: Any = None) -> Any:
    inverse, onesided = bool(n.get("inverse")), bool(n.get("onesided"))
    given = n.get("axis", 1) if n.opset < 20 else -2 if axis is None else int(number(axis, "an axis"))
    d = axis_of(given, x.ndim, "DFT")
    size = (2 * (x.shape[d] - 1) if inverse and onesided else x.shape[d]) if length is None else int(number(length, "a length"))
    if size < 1:
        raise OnnxError(f"onnx: DFT: expected a length from 1, got {size}.")
    if inverse and onesided:
        re, im = _parts(n, x, d, size // 2 + 1)
        im = re * 0 if im is None else im
        # the other half are the conjugates, in the other order: X[N − k] = X[k]*
        rest = slice(1, (size + 1) // 2)
        re, im = ac.cat([re, ac.flip(re[..., rest], (-1,))], -1), ac.cat([im, -ac.flip(im[..., rest], (-1,))], -1)
        y, _ = _transformed(re, im, 1.0)
        return (y / size).unsqueeze(-1).movedim(-2, d)
    re, im = _parts(n, x, d, size)
    a, b = _transformed(re, im, 1.0 if inverse else -1.0)
    a, b = (a / size, b / size) if inverse else (a, b)
    if onesided:
        a, b = a[..., : size // 2 + 1], b[..., : size // 2 + 1]
    return ac.stack([a, b], -1).movedim(-2, d)


@operator("STFT")
def _(n: Node, x: Any, step: Any, window: Any = None, length: Any = None) -> Any:
    hop = int(number(step, "a step"))
    size = int(number(length, "a length")) if length is not None else window.shape[0] if window is not None else x.shape[1]
    if x.ndim != 3 or hop < 1 or not 1 <= size <= x.shape[1] or (window is not None and tuple(window.shape) != (size,)):
        raise OnnxError(
            f"onnx: STFT: expected a signal (N, length, 1 or 2), a step from 1 and frames (and a window) no longer than it, got "
            f"{list(x.shape)}, step {hop}, frames of {size}."
        )
    table = np.arange((x.shape[1] - size) // hop + 1)[:, None] * hop + np.arange(size)
    bounded([x.shape[0], *table.shape, 2])
    frames = ac.index_select(x, 1, constant(table.ravel())).reshape(x.shape[0], *table.shape, x.shape[2])
    frames = frames if window is None else frames * window.reshape(-1, 1)
    re, im = _parts(n, frames, 2, size)
    a, b = _transformed(re, im, -1.0)
    kept = size // 2 + 1 if n.get("onesided", 1) else size
    return ac.stack([a[..., :kept], b[..., :kept]], -1)


@operator("MelWeightMatrix", takes="arrays")
def _(n: Node, bands: Any, length: Any, rate: Any, lowest: Any, highest: Any) -> Any:
    """Triangles between neighbouring edges, which are evenly spaced in mel(f) = 2595 · log10(1 + f / 700)."""
    count, size, kind = ints(bands)[0], ints(length)[0], format_of(n, n.get("output_datatype", 1))
    bins = size // 2 + 1
    if count < 1 or size < 1 or ints(rate)[0] < 1:
        raise OnnxError(f"onnx: MelWeightMatrix: expected numbers from 1, got {count} bands of {size} at {ints(rate)[0]} Hz.")
    bounded([bins, count])
    low, high = (2595 * np.log10(1 + float(v.ravel()[0]) / 700) for v in (lowest, highest))
    mels = low + np.arange(count + 2) * ((high - low) / (count + 2))
    edges = np.floor((size + 1) * 700 * (10 ** (mels / 2595) - 1) / ints(rate)[0])
    at, left, top, right = np.arange(bins)[:, None], edges[:-2], edges[1:-1], edges[2:]
    with np.errstate(divide="ignore", invalid="ignore"):
        rising = np.where(top > left, (at - left) / (top - left), at == top)
        falling = np.where(right > top, (right - at) / (right - top), 0)
    inside = [(at >= left) & (at <= top), (at >= top) & (at < right)]
    return np.where(inside[1], falling, np.where(inside[0], rising, 0)).astype(kind)
