"""`backward` and `grad` for one kind of variable: checks of what the user hands in, around the engine's one walk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..engine.backward import pullback
from ..engine.complaints import refuse_complex
from ..engine.node import Node
from ..engine.variable import Variable, box
from ..errors import GraphError, ShapeError
from ..ops.elementwise.arithmetic import cast
from ..ops.shape.join import stack
from ..ops.shape.shape import clone


def _several(kind: type[Variable], x: Any) -> tuple[Any, ...]:
    return (x,) if isinstance(x, kind) or not isinstance(x, Iterable) else tuple(x)


def _seeds(kind: type[Variable], outputs: Sequence[Any], grads: Sequence[Any]) -> tuple[list[Node], list[Any]]:
    """Where to start, and with which gradients."""
    if len(outputs) != len(grads):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(grads)} gradients: expected one gradient for each tensor.")
    roots, seeds = [], []
    for i, (out, g) in enumerate(zip(outputs, grads, strict=True)):
        if not isinstance(out, kind):
            raise TypeError(f"backward: expected Tensors, got {type(out).__name__}")
        if out.node is None:
            raise GraphError(
                f"element {i} of tensors does not require grad and does not have a grad_fn: expected a value computed from a "
                "tensor with requires_grad=True, outside no_grad()."
            )
        if g is None:
            if out.value.size != 1:
                raise GraphError(
                    f"grad can be implicitly created only for scalar outputs: expected one element, got shape "
                    f"{list(out.value.shape)}. Reduce it (.sum(), .mean()) or give gradient=."
                )
            seed: Any = np.ones(out.value.shape, out.value.dtype)
        else:
            if not isinstance(g, kind):
                raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}")
            if g.value.shape != out.value.shape:
                raise ShapeError(
                    f"Mismatch in shape: grad_output[{i}] has a shape of {list(g.value.shape)} and output[{i}] has a shape of "
                    f"{list(out.value.shape)}."
                )
            seed = g
        refuse_complex(getattr(out.value, "dtype", None), "backward")
        if seed.dtype is not out.value.dtype:
            seed = cast(seed, dtype=out.value.dtype)
        roots.append(out.node)
        seeds.append(seed)
    return roots, seeds


def backward(
    kind: type[Variable],
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Accumulate the gradients of `tensors`, which are of this kind, into the leaves' `.grad` (see `autograd.backward`)."""
    outputs = _several(kind, tensors)
    grads = _several(kind, grad_tensors) if grad_tensors is not None else (None,) * len(outputs)
    roots, seeds = _seeds(kind, outputs, grads)
    targets = None
    if inputs is not None:
        wanted = _several(kind, inputs)
        if not wanted:
            raise RuntimeError("'inputs' argument to backward() cannot be empty.")
        targets = _nodes(kind, wanted, "backward")
        for t in wanted:
            if not t.is_leaf:
                t.retain_grad()
    pullback(
        roots, seeds, kind, inputs=targets, retain_graph=create_graph if retain_graph is None else retain_graph, create_graph=create_graph
    )


def _nodes(kind: type[Variable], inputs: Sequence[Any], operation: str) -> list[Node]:
    nodes = []
    for x in inputs:
        if not isinstance(x, kind):
            raise TypeError(f"{operation}: inputs can be Tensors, but got {type(x).__name__}")
        if x.node is None:
            raise GraphError(
                f"One of the differentiated Tensors does not require grad: expected inputs of {operation} with requires_grad=True."
            )
        refuse_complex(getattr(x.value, "dtype", None), operation)
        nodes.append(x.node)
    return nodes


def grad(
    kind: type[Variable],
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, all of this kind (see `autograd.grad`)."""
    if not only_inputs:
        raise ValueError("only_inputs argument is deprecated and is ignored now (defaults to True): use backward() to accumulate.")
    if allow_unused is False and materialize_grads:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False.")
    outs, ins = _several(kind, outputs), _several(kind, inputs)
    grads = _several(kind, grad_outputs) if grad_outputs is not None else (None,) * len(outs)
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched(kind, outs, ins, grads, retain, create_graph, bool(allow_unused), materialize_grads)
    roots, seeds = _seeds(kind, outs, grads)
    nodes = _nodes(kind, ins, "grad")
    found = pullback(roots, seeds, kind, inputs=nodes, accumulate=False, retain_graph=retain, create_graph=create_graph)
    results: list[Any] = []
    for i, (x, g) in enumerate(zip(ins, found or (), strict=True)):
        if g is None and not (allow_unused or materialize_grads):
            raise GraphError(
                f"The differentiated Tensor at index {i} appears to not have been used in the graph. Set allow_unused=True if "
                "this is the desired behavior."
            )
        if g is None:
            results.append(box(np.zeros(x.value.shape, x.value.dtype), None) if materialize_grads else None)
        else:
            results.append(g if isinstance(g, kind) else box(g, None))
    return _unshared(results)


def _unshared(results: list[Any]) -> tuple[Any, ...]:
    """No two results in the same memory, so that writing to one leaves the others alone."""
    seen: set[int] = set()
    for i, g in enumerate(results):
        if g is not None and g.node is None:
            raw = g.value
            if id(raw) in seen or getattr(raw, "base", None) is not None or (hasattr(raw, "flags") and not raw.flags.writeable):
                results[i] = clone(g)
            seen.add(id(raw))
    return tuple(results)


def _batched(
    kind: type[Variable], outs: Any, ins: Any, grads: Any, retain: bool, create_graph: bool, unused: bool, zeros: bool
) -> tuple[Any, ...]:
    given = [g for g in grads if g is not None]
    if not given or not all(isinstance(g, kind) and g.value.ndim for g in given):
        raise ValueError(
            "grad: is_grads_batched: expected grad_outputs whose first dim counts the gradients, got "
            + (f"{[list(getattr(g, 'shape', ())) for g in given]}." if given else "none.")
        )
    count = len(given[0])
    rows = [
        grad(
            kind,
            outs,
            ins,
            tuple(None if g is None else g[i] for g in grads),
            retain or i + 1 < count,
            create_graph,
            allow_unused=unused,
            materialize_grads=zeros,
        )
        for i in range(count)
    ]
    return tuple(None if column[0] is None else stack(column, dim=0) for column in zip(*rows, strict=True))
