"""Shapes, slices, indices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...nn import functional as F
from ...tensors.creation import ones_like, zeros_like
from ...tensors.tensor import Tensor
from ..needs import package
from .elementwise import ac
from .table import Node, Unsupported, axes_of, bounded, constant, ints, number, operator, settled


@operator("Reshape")
def _(n: Node, x: Any, shape: Any = None) -> Any:
    wanted = [int(d) for d in n.get("shape")] if shape is None else ints(shape, "a shape")
    return x.reshape([x.shape[k] if d == 0 and not n.get("allowzero") else d for k, d in enumerate(wanted)])


@operator("Flatten")
def _(n: Node, x: Any) -> Any:
    axis = n.get("axis", 1)
    axis += x.ndim if axis < 0 else 0
    return x.reshape(math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))


@operator("Transpose")
def _(n: Node, x: Any) -> Any:
    return x.permute([int(d) for d in n.get("perm", range(x.ndim)[::-1])]) if x.ndim else x


@operator("Concat")
def _(n: Node, *x: Any) -> Any:
    return ac.cat(list(x), n.get("axis", 1))


@operator("Split")
def _(n: Node, x: Any, sizes: Any = None) -> Any:
    axis = n.get("axis", 0)
    total = x.shape[axis]
    each = ints(sizes, "the sizes of pieces") if sizes is not None else n.get("split")
    if each is None:
        count = n.get("num_outputs") or n.outs
        size = -(-total // count)
        each = [min(size, max(total - size * k, 0)) for k in range(count)]
    return tuple(ac.split(x, [int(e) for e in each], axis))


@operator("Squeeze")
def _(n: Node, x: Any, axes: Any = None) -> Any:
    found = axes_of(n, axes)
    gone = {k for k, d in enumerate(x.shape) if d == 1} if found is None else {a % x.ndim for a in found}
    if any(x.shape[k] != 1 for k in gone):
        raise ValueError(f"Squeeze: expected dims of size 1 at {sorted(gone)}, got shape {list(x.shape)}.")
    return x.reshape([d for k, d in enumerate(x.shape) if k not in gone])


@operator("Unsqueeze")
def _(n: Node, x: Any, axes: Any = None) -> Any:
    found = axes_of(n, axes) or []
    dims = x.ndim + len(found)
    new, left = {a % dims for a in found}, iter(x.shape)
    return x.reshape([1 if k in new else next(left) for k in range(dims)])


@operator("Expand")
def _(n: Node, x: Any, shape: Any) -> Any:
    return x.expand(bounded(np.broadcast_shapes(tuple(x.shape), tuple(ints(shape, "a shape")))))


@operator("Tile")
def _(n: Node, x: Any, repeats: Any, axis: Any = None) -> Any:
    times = ints(repeats, "how often")
    bounded([s * t for s, t in zip(x.shape, times, strict=True)])
    return x.repeat(*times) if x.ndim else x


@operator("Slice")
def _(n: Node, x: Any, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None) -> Any:
    begin = ints(starts, "a start") if starts is not None else list(n.get("starts"))
    end = ints(ends, "an end") if ends is not None else list(n.get("ends"))
    along = axes_of(n, axes) or list(range(len(begin)))
    by = ints(steps, "a step") if steps is not None else [1] * len(begin)
    for a, b, d, s in zip(begin, end, along, by, strict=True):
        found = range(x.shape[d])[slice(a, b, s)]
        if s > 0:
            x = x[(slice(None),) * (d % x.ndim) + (slice(found.start, max(found.stop, found.start), s),)]
        elif s == -1 and len(found) == x.shape[d]:
            x = ac.flip(x, (d,))
        else:
            x = ac.index_select(x, d, constant(list(found), np.int64))
    return x


@operator("Pad")
def _(n: Node, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Any:
    p = ints(pads, "a padding") if pads is not None else [int(v) for v in n.get("pads", n.get("paddings"))]
    fill = number(value) if value is not None else n.get("value", 0.0)
    along = ints(axes) if axes is not None else list(range(x.ndim))
    widths = [(0, 0)] * x.ndim
    for k, d in enumerate(along):
        widths[d] = (p[k], p[k + len(p) // 2])
    bounded([max(s + a + b, 0) for s, (a, b) in zip(x.shape, widths, strict=True)])
    mode = n.get("mode", "constant")
    if mode == "constant":
        fill = fill if x.is_floating_point() else bool(fill) if x.dtype == np.bool_ else int(fill)
        return F.pad(x, [v for w in widths[::-1] for v in w], value=fill)
    for d, (a, b) in enumerate(widths):
        if a or b:
            table = np.pad(np.arange(x.shape[d]), (max(a, 0), max(b, 0)), mode=mode)
            x = ac.index_select(x, d, constant(table[max(-a, 0) : len(table) - max(-b, 0)], np.int64))
    return x


@operator("DepthToSpace")
def _(n: Node, x: Any) -> Any:
    b, c, h, w = x.shape
    s = n.get("blocksize")
    if n.get("mode", "DCR") == "DCR":
        y = x.reshape(b, s, s, c // s**2, h, w).permute(0, 3, 4, 1, 5, 2)
    else:
        y = x.reshape(b, c // s**2, s, s, h, w).permute(0, 1, 4, 2, 5, 3)
    return y.reshape(b, c // s**2, h * s, w * s)


@operator("SpaceToDepth")
def _(n: Node, x: Any) -> Any:
    (b, c, h, w), s = x.shape, n.get("blocksize")
    if n.get("mode", "DCR") != "DCR":
        return x.reshape(b, c, h // s, s, w // s, s).permute(0, 1, 3, 5, 2, 4).reshape(b, c * s * s, h // s, w // s)
    return x.reshape(b, c, h // s, s, w // s, s).permute(0, 3, 5, 1, 2, 4).reshape(b, c * s * s, h // s, w // s)


@operator("Trilu")
def _(n: Node, x: Any, k: Any = None) -> Any:
    return (ac.triu if n.get("upper", 1) else ac.tril)(x, 0 if k is None else number(k, "a diagonal"))


def _positive(index: Any, size: int) -> Any:
    """Indices counted from the front."""
    return index if not isinstance(index, Tensor) else ac.where(index < 0, index + size, index).to(np.int64)


@operator("Gather")
def _(n: Node, x: Any, index: Any) -> Any:
    axis = n.get("axis", 0) % x.ndim
    y = ac.index_select(x, axis, _positive(index, x.shape[axis]).reshape(-1))
    return y.reshape([*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]])


@operator("GatherElements")
def _(n: Node, x: Any, index: Any) -> Any:
    axis = n.get("axis", 0)
    return ac.gather(x, axis, _positive(index, x.shape[axis]))


@operator("ScatterElements", "Scatter")
def _(n: Node, x: Any, index: Any, updates: Any) -> Any:
    axis, how = n.get("axis", 0), n.get("reduction", "none")
    at = _positive(index, x.shape[axis])
    if how == "none":
        return ac.scatter(x, axis, at, updates)
    return ac.scatter_reduce(x, axis, at, updates, {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}[how])


@operator("GatherND")
def _(n: Node, x: Any, index: Any) -> Any:
    lead = n.get("batch_dims", 0)
    at = settled(index, "an index").astype(np.int64)
    grids = [np.arange(x.shape[d]).reshape([-1 if k == d else 1 for k in range(at.ndim - 1)]) for d in range(lead)]
    return x[tuple(constant(np.broadcast_to(g, at.shape[:-1]).copy()) for g in (*grids, *np.moveaxis(at, -1, 0)))]


@operator("OneHot")
def _(n: Node, index: Any, depth: Any, values: Any) -> Any:
    count = int(number(depth, "a depth"))
    bounded([*index.shape, count])
    hot = ac.eq(_positive(index, count).unsqueeze(-1), constant(np.arange(count))).movedim(-1, n.get("axis", -1))
    return ac.where(hot, values[1], values[0])


@operator("NonZero")
def _(n: Node, x: Any) -> Any:
    return ac.nonzero(x).transpose(0, 1)


@operator("Compress")
def _(n: Node, x: Any, condition: Any) -> Any:
    axis = n.get("axis")
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    return ac.index_select(x, axis, constant(np.flatnonzero(settled(condition, "a condition")[: x.shape[axis]]), np.int64))


@operator("TopK")
def _(n: Node, x: Any, k: Any = None) -> Any:
    if not n.get("sorted", 1):
        raise Unsupported
    count = int(number(k, "a count")) if k is not None else n.get("k")
    return tuple(ac.topk(x, count, n.get("axis", -1), bool(n.get("largest", 1)), True))


def _reduce(name: str, fn: Any) -> None:
    @operator(name)
    def _(n: Node, x: Any, axes: Any = None) -> Any:
        along, keep = axes_of(n, axes), bool(n.get("keepdims", 1))
        if not along:
            if n.get("noop_with_empty_axes"):
                return fn(x, ()) if name in ("ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSum") else x
            along = list(range(x.ndim))
        dims = tuple(a % x.ndim for a in along)
        if not all(x.shape[d] for d in dims) and name in _EXTREMA:  # of nothing: what any number would beat
            x = constant(np.full([1 if d in dims else s for d, s in enumerate(x.shape)], _worst(x.dtype, name == "ReduceMax")), x.dtype)
        return _kept(fn(x, dims).to(x.dtype), x, dims, keep)


_EXTREMA = ("ReduceMax", "ReduceMin")


def _worst(kind: Any, low: bool) -> Any:
    if kind.kind == "b":
        return not low
    ends = (-math.inf, math.inf) if kind.kind == "f" else (np.iinfo(kind).min, np.iinfo(kind).max)
    return ends[not low]


def _kept(y: Any, x: Any, dims: tuple[int, ...], keep: bool) -> Any:
    return y.reshape([1 if d in dims else s for d, s in enumerate(x.shape)]) if keep else y


def _prod(x: Any, dims: tuple[int, ...]) -> Any:
    for d in sorted(dims, reverse=True):
        x = ac.prod(x, d)
    return x


def _sum(x: Any, dims: tuple[int, ...]) -> Any:
    return ac.sum(x, dims) if dims else x


_reduce("ReduceSum", _sum)
_reduce("ReduceMean", lambda x, d: (ac.sum(x, d) / math.prod(x.shape[k] for k in d)) if d else x)
_reduce("ReduceMax", lambda x, d: ac.amax(x, d) if d else x)
_reduce("ReduceMin", lambda x, d: ac.amin(x, d) if d else x)
_reduce("ReduceProd", _prod)
_reduce("ReduceLogSumExp", lambda x, d: ac.logsumexp(x, d))
_reduce("ReduceL1", lambda x, d: _sum(ac.abs(x), d))
_reduce("ReduceL2", lambda x, d: ac.sqrt(_sum(x * x, d)))
_reduce("ReduceSumSquare", lambda x, d: _sum(x * x, d))
_reduce("ReduceLogSum", lambda x, d: ac.log(_sum(x, d)))


@operator("ArgMax", "ArgMin")
def _(n: Node, x: Any) -> Any:
    fn, axis, keep = ac.argmax if n.operator == "ArgMax" else ac.argmin, n.get("axis", 0), bool(n.get("keepdims", 1))
    if n.get("select_last_index"):
        return x.shape[axis] - 1 - fn(ac.flip(x, (axis,)), axis, keep)
    return fn(x, axis, keep)


@operator("CumSum", "CumProd")
def _(n: Node, x: Any, axis: Any) -> Any:
    d, back = int(number(axis, "an axis")), n.get("reverse")
    fn, one = (ac.cumsum, zeros_like) if n.operator == "CumSum" else (ac.cumprod, ones_like)
    y = ac.flip(x, (d,)) if back else x
    z = fn(y, d).to(x.dtype)
    if n.get("exclusive"):
        z = ac.cat([one(ac.narrow(y, d, 0, 1)), ac.narrow(z, d, 0, x.shape[d] - 1)], d)
    return ac.flip(z, (d,)) if back else z


@operator("Einsum")
def _(n: Node, *x: Any) -> Any:
    return ac.einsum(n.get("equation"), *x)


# ---------------------------------------------------------------------------------- what depends on shapes alone: known numbers
@operator("Shape")
def _(n: Node, x: Any) -> Any:
    return np.array(tuple(x.shape)[slice(n.get("start", 0), n.get("end"))], np.int64)


@operator("Size")
def _(n: Node, x: Any) -> Any:
    return np.array(x.numel(), np.int64)


@operator("Constant")
def _(n: Node) -> Any:
    helper = package("numpy_helper")
    if "value" in n.attributes:
        return np.array(helper.to_array(n.get("value")))
    if "sparse_value" in n.attributes:
        return dense(n.get("sparse_value"))
    for name, dtype in (("value_float", np.float32), ("value_int", np.int64), ("value_floats", np.float32), ("value_ints", np.int64)):
        if name in n.attributes:
            return np.array(n.get(name), dtype)
    return np.array(n.get("value_string", n.get("value_strings")), object)


def dense(t: Any) -> Any:
    """A sparse tensor of the file as an array."""
    to_array = package("numpy_helper").to_array
    values, places = to_array(t.values), to_array(t.indices)
    y = np.zeros(bounded(t.dims), values.dtype)
    if places.ndim == 1:
        y.reshape(-1)[places] = values
    else:
        y[tuple(places.T)] = values
    return y


@operator("ConstantOfShape")
def _(n: Node, shape: Any) -> Any:
    value = np.zeros(1, np.float32) if n.get("value") is None else np.asarray(package("numpy_helper").to_array(n.get("value")))
    return np.full(bounded(ints(shape, "a shape")), value.ravel()[0], value.dtype)


@operator("Range")
def _(n: Node, start: Any, limit: Any, delta: Any) -> Any:
    first, last, step = (settled(v, "a bound").ravel()[0] for v in (start, limit, delta))
    if step == 0:
        raise ValueError("Range: expected a delta that is not 0.")
    count = max(math.ceil((float(last) - float(first)) / float(step)), 0)
    bounded([count])
    return (first + np.arange(count).astype(first.dtype) * step).astype(first.dtype)


@operator("EyeLike")
def _(n: Node, x: Any) -> Any:
    kind = x.dtype if n.get("dtype") is None else package("helper").tensor_dtype_to_np_dtype(n.get("dtype"))
    return np.eye(x.shape[0], x.shape[1], k=n.get("k", 0)).astype(kind)
