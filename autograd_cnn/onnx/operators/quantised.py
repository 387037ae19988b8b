"""Whole numbers that stand for real ones: y = scale · (q − zero point).   [Jacob et al. 2018]

What a quantised network computes is whole numbers, exactly; its float64 products are exact, too, up to 2^53. Where real numbers come out of
it, the scale has a gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dims import OnnxError
from ..needs import package
from .elementwise import ac
from .formats import narrowed, saturated
from .nets import convolution
from .table import HELD, Node, Unsupported, axis_of, constant, operator, tensor


def _spread(n: Node, v: Any, x: Any) -> Any:
    """Scales or zero points, one for all, one for each place along the axis, or one for each block of places, as x is broadcast with them."""
    if v.ndim == 0 or (v.ndim == 1 and v.shape[0] == 1):
        return v.reshape(())
    axis = axis_of(n.get("axis", 1), x.ndim, n.operator)
    size, block = x.shape[axis], n.get("block_size", 0)
    if v.ndim == 1 and not block:
        if v.shape[0] != size:
            raise OnnxError(f"onnx: {n.operator}: expected a scale for each of {size} places along axis {axis}, got {v.shape[0]}.")
        return v.reshape([-1 if d == axis else 1 for d in range(x.ndim)])
    blocks = -(-size // block) if block > 0 else -1
    if v.ndim != x.ndim or any(s != (blocks if d == axis else x.shape[d]) for d, s in enumerate(v.shape)):
        raise OnnxError(
            f"onnx: {n.operator}: expected scales of the shape {list(x.shape)} but for blocks of a positive size along axis {axis}, got "
            f"{list(v.shape)} and block_size {block}."
        )
    table = np.arange(size) // block
    return ac.index_select(v, axis, constant(table)) if hasattr(v, "requires_grad") else np.take(v, table, axis)


def _whole(n: Node, zero: Any, other: str = "output_dtype") -> Any:
    """The dtype that comes out."""
    if n.get(other):
        return package("helper").tensor_dtype_to_np_dtype(n.get(other))
    return np.dtype(np.uint8) if zero is None else zero.dtype


def _scaled(n: Node, x: Any, scale: Any) -> Any:
    """x / scale, rounded, in the precision that is asked for."""
    kind = package("helper").tensor_dtype_to_np_dtype(n.get("precision")) if n.get("precision") else scale.dtype
    return ac.div(tensor(x).to(kind), _spread(n, tensor(scale), x).to(kind))


@operator("QuantizeLinear")
def _(n: Node, x: Any, scale: Any, zero: Any = None) -> Any:
    to = _whole(n, zero)
    if to not in HELD or to.kind not in "iu":
        raise Unsupported
    y = ac.round(_scaled(n, x, scale))
    y = y.to(np.float32) if y.dtype == np.float16 else y  # in which the sum of 16 bits is exact
    y = y if zero is None else y + _spread(n, zero, x).to(y.dtype)
    return ac.clamp(y, np.iinfo(to).min, np.iinfo(to).max).to(to)


@operator("QuantizeLinear", takes="arrays")
def _(n: Node, x: Any, scale: Any, zero: Any = None) -> Any:
    to = _whole(n, zero)
    y = np.asarray(_scaled(n, x, scale).numpy()).astype(np.float32)
    if to.name.startswith("float"):
        y = y if zero is None else y + _spread(n, zero.astype(np.float32), x)
        return narrowed(y, to, bool(n.get("saturate", 1)))
    return saturated(np.rint(y) + (0 if zero is None else _spread(n, zero.astype(np.float32), x)), to)


@operator("DequantizeLinear", takes="values")
def _(n: Node, x: Any, scale: Any, zero: Any = None) -> Any:
    to = package("helper").tensor_dtype_to_np_dtype(n.get("output_dtype")) if n.get("output_dtype") else scale.dtype
    if to not in HELD or scale.dtype not in HELD:
        raise Unsupported
    scale = tensor(scale)
    y = _exact(x)
    y = y if zero is None else y - _spread(n, _exact(zero), x)
    return y.to(to) * _spread(n, scale, x).to(to)


def _exact(x: Any) -> Any:
    """Numbers of few bits in one of which tensors hold all."""
    if x.dtype not in HELD:
        return constant(np.asarray(x), np.float32)
    return tensor(x).to(np.int32 if x.dtype.itemsize < 4 else np.int64)


# ------------------------------------------------------------------------------------- products of whole numbers, exact in float64
def _shifted(x: Any, zero: Any, last: bool = False) -> Any:
    """x − zero point, for one of all, of rows, or (`last`) of columns."""
    y = x.astype(np.float64)
    return y if zero is None else y - _lined(zero, last).astype(np.float64)


def _lined(v: Any, last: bool) -> Any:
    return v if v.ndim != 1 or v.size == 1 or last else v[:, None]


def _saturated(y: Any, zero: Any) -> Any:
    kind = np.iinfo(zero.dtype)
    return np.clip(np.rint(y) + zero, kind.min, kind.max).astype(zero.dtype)


@operator("MatMulInteger", takes="arrays")
def _(n: Node, a: Any, b: Any, a_zero: Any = None, b_zero: Any = None) -> Any:
    return (_shifted(a, a_zero) @ _shifted(b, b_zero, last=True)).astype(np.int64).astype(np.int32)


@operator("QLinearMatMul", takes="arrays")
def _(n: Node, a: Any, a_scale: Any, a_zero: Any, b: Any, b_scale: Any, b_zero: Any, scale: Any, zero: Any) -> Any:
    if not all(v.dtype in HELD and v.dtype.kind in "iu" for v in (a, b, zero)):
        raise Unsupported
    y = _shifted(a, a_zero) @ _shifted(b, b_zero, last=True)
    by = _lined(a_scale, False).astype(np.float64) * _lined(b_scale, True) / scale
    return _saturated(y * by, zero)


def _integer_conv(n: Node, x: Any, x_zero: Any, w: Any, w_zero: Any) -> Any:
    if not all(v is None or v.dtype in HELD for v in (x, w, x_zero, w_zero)):
        raise Unsupported
    kernels = 0.0 if w_zero is None else w_zero.astype(np.float64).reshape(-1, *(1,) * (w.ndim - 1))
    y = convolution(n, constant(_shifted(x, x_zero)), constant(w.astype(np.float64) - kernels))
    return np.rint(np.asarray(y.numpy()))


@operator("ConvInteger", takes="arrays")
def _(n: Node, x: Any, w: Any, x_zero: Any = None, w_zero: Any = None) -> Any:
    return _integer_conv(n, x, x_zero, w, w_zero).astype(np.int64).astype(np.int32)


@operator("QLinearConv", takes="arrays")
def _(n: Node, x: Any, x_scale: Any, x_zero: Any, w: Any, w_scale: Any, w_zero: Any, scale: Any, zero: Any, bias: Any = None) -> Any:
    y = _integer_conv(n, x, x_zero, w, w_zero)
    columns = (1, -1, *(1,) * (y.ndim - 2))
    y = y if bias is None else y + bias.astype(np.float64).reshape(columns)
    by = (x_scale.astype(np.float64) * w_scale / scale).reshape(columns if w_scale.size > 1 else ())
    return _saturated(y * by, zero)
