"""The operators of ONNX that are computed here: `@operator("Conv")` over a function of node and inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from ...config import current
from ...tensors.tensor import Tensor, wrap
from ..dims import OnnxError

F = TypeVar("F", bound=Callable[..., Any])
Takes = Literal["tensors", "values", "arrays"]
HELD = frozenset(
    np.dtype(t) for t in "float16 float32 float64 uint8 uint16 uint32 uint64 int8 int16 int32 int64 bool".split()
)  # by tensors


class Unsupported(Exception):
    """A rule's word for what it does not do: the node is computed another way."""


class Node:
    """One node as a rule sees it: its attributes by `get`, the opset that says what it means, and how many outputs are wanted."""

    __slots__ = ("again", "attributes", "name", "operator", "opset", "outs", "subgraph")

    def __init__(self, operator: str, name: str, attributes: dict[str, Any], opset: int, outs: int, subgraph: Any, again: Any) -> None:
        self.operator = operator
        self.name = name
        self.attributes = attributes
        self.opset = opset
        self.outs = outs
        self.subgraph = subgraph  # (graph, values by name) -> outputs
        self.again = again  # (name, values by name) -> the value of that name in the file's graph, computed from these

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self.attributes.get(name, default)


@dataclass(frozen=True, slots=True)
class Rule:
    """How an operator is computed, and of what: `tensors`, by recorded operations; `values` as they are, sequences and what is absent, too;
    `arrays` of any format, by NumPy, which has no gradient."""

    compute: Callable[..., Any]
    takes: Takes

    def fits(self, given: Sequence[Any]) -> bool:
        """Whether these are inputs that it takes."""
        return self.takes == "values" or all(x is None or _holds(x, self.takes == "arrays") for x in given)

    def __call__(self, n: Node, given: Sequence[Any]) -> tuple[Any, ...]:
        """The outputs."""
        if self.takes == "tensors":
            given = [tensor(x) for x in given]
        elif self.takes == "arrays":
            arrays = [None if x is None else settled(x, f"what {n.operator} computes with", chooses=True) for x in given]
            found = self.compute(n, *arrays)
            outputs = found if isinstance(found, tuple) else (found,)
            if current().record and any(isinstance(x, Tensor) and x.requires_grad for x in given):
                ungraded(n.operator, outputs)
            return outputs
        found = self.compute(n, *given)
        return found if isinstance(found, tuple) else (found,)


OPERATORS: dict[str, list[Rule]] = {}


def operator(*names: str, takes: Takes = "tensors") -> Callable[[F], F]:
    """A rule for operators of these names (`domain.Name` outside of ONNX's own); the first one that takes the inputs computes."""

    def put(fn: F) -> F:
        for name in names:
            OPERATORS.setdefault(name, []).append(Rule(fn, takes))
        return fn

    return put


def _holds(x: Any, formats: bool) -> bool:
    return isinstance(x, Tensor) or (isinstance(x, np.ndarray | np.generic) and (formats or x.dtype in HELD))


def ungraded(operator: str, outputs: Sequence[Any]) -> None:
    """Whole numbers have no gradient; others would want one."""
    if any(getattr(y, "dtype", np.dtype(bool)).kind not in "iubO" for y in outputs):
        raise OnnxError(f"onnx: {operator} has no gradient here: expected to run it under no_grad, or on inputs that need none.")


# Inputs that say how to compute: as initialisers of a file they are no parameters.
FIXED = {"BatchNormalization": (3, 4), "Resize": (1, 2), "Upsample": (1,), "Dropout": (1,), "Pad": (2,), "Range": (0, 1, 2), "OneHot": (1,)}


def settled(x: Any, what: str, chooses: bool = False) -> Any:
    """The numbers of a value that must be known where the computation is recorded as a graph. `chooses`: no gradient is lost by it."""
    if isinstance(x, Tensor):
        if x.requires_grad and not chooses and current().record:
            raise OnnxError(f"onnx: {what} has no gradient here: expected a value that needs none. Use .detach().")
        tracer = current().tracer
        if tracer is not None and tracer.varies(x):
            raise OnnxError(
                f"{what} is computed from the inputs' values: expected one that depends on shapes alone, for a graph to hold it."
            )
        return np.asarray(wrap(x.value).numpy())  # not `detach`, which would be an operation of the graph
    return np.asarray(x)


def tensor(x: Any) -> Any:
    """An array of the file as a tensor."""
    return wrap(np.asarray(x)) if isinstance(x, np.ndarray | np.generic) else x


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


def axis_of(axis: Any, dims: int, operator: str) -> int:
    """An axis counted from the front, if there is such a one."""
    if not -dims <= axis < dims:
        raise OnnxError(f"onnx: {operator}: expected an axis of a tensor of {dims} dims, got {axis}.")
    return int(axis) % dims
