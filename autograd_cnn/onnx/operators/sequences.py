"""Sequences are lists; what is optional is the value, or None."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dims import OnnxError
from .elementwise import ac
from .table import Node, axis_of, ints, number, operator, tensor


def _list(n: Node, s: Any) -> list[Any]:
    if not isinstance(s, list):
        raise OnnxError(f"onnx: {n.operator}: expected a sequence, got {'nothing' if s is None else type(s).__name__}.")
    return s


def _place(n: Node, s: list[Any], position: Any, end: int) -> int:
    """A position counted from the front, below `end`."""
    at = int(number(position, "a position"))
    if not -len(s) <= at < end:
        raise OnnxError(f"onnx: {n.operator}: expected a position from {-len(s)} to {end - 1}, got {at}.")
    return at + len(s) if at < 0 else at


@operator("SequenceConstruct", takes="values")
def _(n: Node, *x: Any) -> Any:
    return list(x)


@operator("SequenceEmpty", takes="values")
def _(n: Node) -> Any:
    return []


@operator("SequenceLength", takes="values")
def _(n: Node, s: Any) -> Any:
    return np.array(len(_list(n, s)), np.int64)


@operator("SequenceAt", takes="values")
def _(n: Node, s: Any, position: Any) -> Any:
    return s[_place(n, _list(n, s), position, len(s))]


@operator("SequenceInsert", takes="values")
def _(n: Node, s: Any, x: Any, position: Any = None) -> Any:
    at = len(_list(n, s)) if position is None else _place(n, s, position, len(s) + 1)
    return [*s[:at], x, *s[at:]]


@operator("SequenceErase", takes="values")
def _(n: Node, s: Any, position: Any = None) -> Any:
    at = _place(n, _list(n, s), np.int64(-1) if position is None else position, len(s))
    return [*s[:at], *s[at + 1 :]]


@operator("ConcatFromSequence", takes="values")
def _(n: Node, s: Any) -> Any:
    if not _list(n, s):
        raise OnnxError("onnx: ConcatFromSequence: expected at least one tensor, got an empty sequence.")
    new, parts = bool(n.get("new_axis")), [tensor(x) for x in s]
    return (ac.stack if new else ac.cat)(parts, axis_of(n.get("axis", 0), parts[0].ndim + new, n.operator))


@operator("SplitToSequence")
def _(n: Node, x: Any, split: Any = None) -> Any:
    axis = axis_of(n.get("axis", 0), x.ndim, n.operator)
    size = x.shape[axis]
    if split is None:
        parts = [ac.narrow(x, axis, k, 1) for k in range(size)]
        return parts if n.get("keepdims", 1) else [ac.squeeze(p, axis) for p in parts]
    lengths = ints(split, "the length of a part")
    if min(lengths, default=0) < 0 or (split.ndim and sum(lengths) != size) or (not split.ndim and not lengths[0]):
        raise OnnxError(f"onnx: SplitToSequence: expected parts of {size} along axis {axis}, got lengths {lengths}.")
    each = lengths if split.ndim else [min(lengths[0], size - k) for k in range(0, size, lengths[0])]
    return list(ac.split(x, each, axis))


@operator("Optional", takes="values")
def _(n: Node, x: Any = None) -> Any:
    return x


@operator("OptionalHasElement", takes="values")
def _(n: Node, x: Any = None) -> Any:
    return np.array(x is not None)


@operator("OptionalGetElement", takes="values")
def _(n: Node, x: Any = None) -> Any:
    if x is None:
        raise OnnxError("onnx: OptionalGetElement: expected a value, got an empty optional.")
    return x


@operator("Identity", takes="values")
def _(n: Node, x: Any) -> Any:
    return x
