"""What is chosen by values: boxes, different ones, and what stands at computed places."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dims import OnnxError
from .elementwise import ac
from .table import Node, axis_of, constant, operator, settled


def _corners(boxes: Any, centred: bool) -> tuple[Any, Any]:
    """The lower and the upper corners."""
    if centred:
        half = boxes[:, 2:] / 2
        return boxes[:, :2] - half, boxes[:, :2] + half
    a, b = boxes[:, :2], boxes[:, 2:]
    return np.minimum(a, b), np.maximum(a, b)


def _suppressed(low: Any, high: Any, order: Any, most: int, threshold: float) -> list[int]:
    """In their order, those that no kept one covers too far."""
    area = np.prod(high - low, 1)
    kept: list[int] = []
    while len(order) and len(kept) < most:
        first, rest = order[0], order[1:]
        kept.append(int(first))
        sides = np.minimum(high[first], high[rest]) - np.maximum(low[first], low[rest])
        common = np.prod(np.maximum(sides, 0), 1)
        union = area[first] + area[rest] - common
        order = rest[~(common > threshold * union)]
    return kept


@operator("NonMaxSuppression", takes="arrays")
def _(n: Node, boxes: Any, scores: Any, most: Any = None, overlap: Any = None, least: Any = None) -> Any:
    if boxes.ndim != 3 or scores.ndim != 3 or boxes.shape[2] != 4 or (scores.shape[0], scores.shape[2]) != boxes.shape[:2]:
        raise OnnxError(f"onnx: NonMaxSuppression: expected boxes (N, P, 4) and scores (N, C, P), got {boxes.shape} and {scores.shape}.")
    count = 0 if most is None else int(most.ravel()[0])
    threshold = 0.0 if overlap is None else float(overlap.ravel()[0])
    found = []
    for b in range(scores.shape[0]):
        low, high = _corners(boxes[b], bool(n.get("center_point_box")))
        for c in range(scores.shape[1]):
            order = np.argsort(-scores[b, c], kind="stable")
            if least is not None:
                order = order[scores[b, c][order] > float(least.ravel()[0])]
            found += [(b, c, k) for k in _suppressed(low, high, order, count, threshold)]
    return np.array(found, np.int64).reshape(-1, 3)


@operator("Unique")
def _(n: Node, x: Any) -> Any:
    axis = n.get("axis")
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis_of(axis, x.ndim, "Unique"))
    array = settled(x, "what is different", chooses=True)
    _, first, inverse, counts = np.unique(array, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    inverse = inverse.reshape(-1)
    if not n.get("sorted", 1):
        order = np.argsort(first, kind="stable")
        first, counts, inverse = first[order], counts[order], np.argsort(order)[inverse]
    return (ac.index_select(x, axis, constant(first, np.int64)), *(v.astype(np.int64) for v in (first, inverse, counts)))[: max(n.outs, 1)]


@operator("ReverseSequence")
def _(n: Node, x: Any, lengths: Any) -> Any:
    time, batch = n.get("time_axis", 0), n.get("batch_axis", 1)
    if x.ndim < 2 or {time, batch} != {0, 1} or tuple(lengths.shape) != (x.shape[batch],):
        raise OnnxError(f"onnx: ReverseSequence: expected the axes 0 and 1 and a length for each sequence, got {list(x.shape)}.")
    sizes = settled(lengths, "a length")[:, None]
    t = np.arange(x.shape[time])[None]
    if sizes.size and not 0 <= sizes.min() <= sizes.max() <= x.shape[time]:
        raise OnnxError(f"onnx: ReverseSequence: expected lengths from 0 to {x.shape[time]}, got {sizes.ravel().tolist()}.")
    table = np.where(t < sizes, sizes - 1 - t, t)  # (batch, time)
    index = constant(table if time else table.T, np.int64).reshape(*(x.shape[:2]), *(1,) * (x.ndim - 2)).expand(x.shape)
    return ac.gather(x, time, index)


@operator("TensorScatter")
def _(n: Node, past: Any, update: Any, start: Any = None) -> Any:
    axis, mode = axis_of(n.get("axis", -2), past.ndim, "TensorScatter"), n.get("mode", "linear")
    room, steps = past.shape[axis], update.shape[axis] if update.ndim == past.ndim else 0
    same = update.ndim == past.ndim and all(a == b for d, (a, b) in enumerate(zip(past.shape, update.shape, strict=True)) if d != axis)
    if not axis or not same or steps > room or mode not in ("linear", "circular"):
        raise OnnxError(
            f"onnx: TensorScatter: expected an update that fits {list(past.shape)} along axis {axis}, got {list(update.shape)}."
        )
    first = np.zeros(past.shape[0], np.int64) if start is None else settled(start, "a place").astype(np.int64)
    at = first[:, None] + np.arange(steps)
    at = at % room if mode == "circular" else at
    if first.shape != (past.shape[0],) or (at.size and not 0 <= at.min() <= at.max() < room):
        raise OnnxError(f"onnx: TensorScatter: expected places from 0 to {room - 1} for each of {past.shape[0]}, got {first.tolist()}.")
    index = constant(at).reshape(past.shape[0], *(steps if d == axis else 1 for d in range(1, past.ndim)))
    return ac.scatter(past, axis, index.expand(update.shape), update)


@operator("ScatterND")
def _(n: Node, x: Any, index: Any, updates: Any) -> Any:
    at, how = settled(index, "an index").astype(np.int64), n.get("reduction", "none")
    depth = at.shape[-1] if at.ndim else 0
    sizes = np.array(x.shape[:depth], np.int64)
    if not 1 <= depth <= x.ndim or tuple(updates.shape) != (*at.shape[:-1], *x.shape[depth:]) or how not in _REDUCTIONS:
        raise OnnxError(
            f"onnx: ScatterND: expected updates of shape {[*at.shape[:-1], *x.shape[depth:]]} and a reduction that ONNX names, got "
            f"{list(updates.shape)} and {how!r}."
        )
    if at.size and ((at < -sizes) | (at >= sizes)).any():
        raise IndexError(f"ScatterND: expected indices inside shape {list(x.shape)}.")
    where = np.where(at < 0, at + sizes, at).reshape(-1, depth)
    if how in ("none", "add"):
        parts = tuple(constant(np.ascontiguousarray(where[:, k])) for k in range(depth))
        return ac.index_put(x, parts, updates.reshape(-1, *x.shape[depth:]), accumulate=how == "add")
    rows = x.reshape(int(np.prod(sizes)), -1)
    place = constant(np.ravel_multi_index(tuple(where.T), tuple(sizes))).reshape(-1, 1).expand(len(where), rows.shape[1])
    return ac.scatter_reduce(rows, 0, place, updates.reshape(len(where), -1), _REDUCTIONS[how]).reshape(x.shape)


_REDUCTIONS = {"none": "", "add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


@operator("ai.onnx.ml.ArrayFeatureExtractor")
def _(n: Node, x: Any, index: Any) -> Any:
    y = ac.index_select(x, x.ndim - 1, index.to(np.int64).reshape(-1))
    return y.reshape(1, -1) if x.ndim == 1 else y


@operator("ai.onnx.ml.Binarizer")
def _(n: Node, x: Any) -> Any:
    return (x > n.get("threshold", 0.0)).to(x.dtype)
