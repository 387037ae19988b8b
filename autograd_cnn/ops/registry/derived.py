"""What operations compute from the values of their tensors beside the tape (places, masks, counts), so that a replay computes it anew."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...config import current, scope
from ...engine.variable import Variable, box, unbox
from ...engine.versions import wrote
from ...errors import GraphError, allocating
from ...primitives.cases import Case, Draw
from ...primitives.primitive import primitive
from ...types.promotion import Array


@primitive(name="derived", label="from values", family="index")
def _derived(*values: Array, fn: Callable[..., Array], shape: tuple[int, ...]) -> Array:
    """y = fn(*values), without a gradient; of this shape"""
    y = fn(*values)
    if np.shape(y) != shape:
        raise GraphError(
            f"graph: what an operation takes from its inputs' values had the shape {list(shape)} when it was traced, and has "
            f"{list(np.shape(y))} for these. What follows fits the one shape only: call the function itself, or trace it on such inputs."
        )
    return y


@_derived.cases
def _(draw: Draw) -> Case:
    x = draw.array()
    return Case(x, fn=np.sign, shape=x.shape, smooth=False)


def derived(fn: Callable[..., Any], *values: Any) -> Any:
    """The raw `fn(*raw values)`; `fn` takes arrays and gives one. A trace hears of it as of an operation, and knows the array wherever it
    is handed to another one: as an argument, or within its parameters."""
    y = fn(*map(unbox, values))
    tracer = current().tracer
    if tracer is not None and tracer.replays and any(isinstance(v, Variable) or tracer.varies(v) for v in values):
        tracer.record(_derived, values, (fn, np.shape(y)), (box(y, None),), scope())
    return y


def outside(operation: str, *values: Any) -> Any:
    """The raw value (or values) of what `operation` computes with outside the graph. A trace, whose replays have other values, refuses to
    be replayed."""
    if _replayed() and any(current().tracer.varies(v) for v in values):
        current().tracer.refuse(f"{operation} computes with values outside the graph, and each replay would have those of the traced run.")
    raw = tuple(unbox(v) for v in values)
    return raw[0] if len(raw) == 1 else raw


def taken(how: str, *values: Any) -> None:
    """A trace hears that the user takes numbers out of the values, by the function that calls this."""
    tracer = current().tracer
    if tracer is not None:
        for v in values:
            tracer.taken(v, how, __name__, allocating.__module__, sys._getframe(1).f_globals["__name__"])


def updated(fn: Callable[..., Any], target: Any, *values: Any) -> None:
    """`fn(array, *raw values)` writes into the array of the buffer `target`, unknown to the graph; the replays of a trace do so, too."""
    array = target.storage()
    fn(array, *map(unbox, values))
    wrote(array)
    tracer = current().tracer
    if tracer is not None:
        tracer.updated(target, fn, values)


def _replayed() -> bool:
    """Is a trace under way that will run again on other values?"""
    tracer = current().tracer
    return tracer is not None and bool(tracer.replays)


def integer(x: Any) -> Any:
    """A tensor of one whole number as an int; under a trace as a NumPy integer, which the trace knows."""
    return int(unbox(x)) if not _replayed() or not isinstance(x, Variable) else derived(_item, x)


def _item(x: Array) -> Any:
    return np.int64(int(x))


def sure(fn: Callable[..., Any], *values: Any) -> bool:
    """Does `fn(*raw values)` hold, so that a way that is right for such values only may be taken? Never under a trace: its replays have
    other values."""
    return not _replayed() and bool(fn(*map(unbox, values)))


def settled(operation: str, x: Any, instead: str) -> Any:
    """The raw value of what decides the shapes of results; GraphError if it is another in each replay of a trace."""
    if _replayed() and current().tracer.varies(x):
        raise GraphError(
            f"trace: {operation} has results whose shapes depend on a tensor's values, and every replay would have those of this run. {instead}"
        )
    return unbox(x)
