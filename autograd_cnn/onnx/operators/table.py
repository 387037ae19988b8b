"""The operators of ONNX that are computed by operations of the package: `@operator("Conv")` over a function of node and inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ...config import current
from ...tensors.tensor import Tensor, wrap
from ..dims import OnnxError

F = TypeVar("F", bound=Callable[..., Any])
OPERATORS: dict[str, Callable[..., Any]] = {}
HELD = frozenset(np.dtype(t) for t in "float16 float32 float64 uint8 int8 int16 int32 int64 bool".split())  # what tensors hold


class Unsupported(Exception):
    """A rule's word for what it does not do: the node is computed another way."""


class Node:
    """One node as a rule sees it: its attributes by `get`, the opset that says what it means, and how many outputs are wanted."""

    __slots__ = ("attributes", "name", "operator", "opset", "outs", "subgraph")

    def __init__(self, operator: str, name: str, attributes: dict[str, Any], opset: int, outs: int, subgraph: Any) -> None:
        self.operator = operator
        self.name = name
        self.attributes = attributes
        self.opset = opset
        self.outs = outs
        self.subgraph = subgraph  # (graph, values by name) -> outputs

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self.attributes.get(name, default)


def operator(*names: str) -> Callable[[F], F]:
    """The rule for operators of these names."""

    def put(fn: F) -> F:
        for name in names:
            OPERATORS[name] = fn
        return fn

    return put


def settled(x: Any, what: str) -> Any:
    """The numbers of a value that must be known where the computation is recorded as a graph."""
    if isinstance(x, Tensor):
        tracer = current().tracer
        if tracer is not None and tracer.varies(x):
            raise OnnxError(
                f"{what} is computed from the inputs' values: expected one that depends on shapes alone, for a graph to hold it."
            )
        return np.asarray(wrap(x.value).numpy())  # not `detach`, which would be an operation of the graph
    return np.asarray(x)


def ints(x: Any, what: str = "a size") -> list[int]:
    """A tensor of sizes, axes or indices as Python ints."""
    return [int(v) for v in settled(x, what).ravel()]


def number(x: Any, what: str = "a number") -> Any:
    """The one number of a tensor."""
    return settled(x, what).ravel()[0].item()


def constant(value: Any, dtype: Any = None) -> Tensor:
    """An array or number as a tensor."""
    return wrap(np.array(value, dtype))


def axes_of(n: Node, given: Any) -> list[int] | None:
    """The axes: an input in newer opsets, an attribute in older ones."""
    if given is not None:
        return ints(given, "the axes")
    found = n.get("axes")
    return None if found is None else [int(a) for a in found]


MOST = 2**29  # entries that a file may ask for by a shape alone


def bounded(shape: Any) -> list[int]:
    """A shape that a file asks for, if a computer has room for it."""
    sizes = [int(d) for d in shape]
    total = 1
    for d in sizes:
        if d < 0:
            raise OnnxError(f"onnx: expected sizes from 0, got shape {sizes}.")
        total *= d
    if total > MOST:
        raise OnnxError(f"onnx: the file asks for a tensor of shape {sizes}: expected at most {MOST:,} entries.")
    return sizes
