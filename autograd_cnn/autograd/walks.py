"""`backward` and `grad`: checks of what the user hands in, around the engine's one walk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..engine.backward import pullback
from ..engine.node import Node
from ..errors import GraphError, ShapeError
from ..tensor import Tensor, wrap


def _several(x: Any) -> tuple[Any, ...]:
    return (x,) if isinstance(x, Tensor) or not isinstance(x, Iterable) else tuple(x)


def _seeds(
    outputs: Sequence[Tensor], grads: Sequence[Tensor | None], create_graph: bool
) -> tuple[list[Node], list[Any]]:
    """Where to start, and with which gradients."""
    if len(outputs) != len(grads):
        raise RuntimeError(
            f"got {len(outputs)} tensors and {len(grads)} gradients: expected one gradient for each tensor."
        )
    roots, seeds = [], []
    for i, (out, g) in enumerate(zip(outputs, grads, strict=True)):
        if not isinstance(out, Tensor):
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
            if not isinstance(g, Tensor):
                raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}")
            if g.value.shape != out.value.shape:
                raise ShapeError(
                    f"Mismatch in shape: grad_output[{i}] has a shape of {list(g.value.shape)} and output[{i}] has a shape of "
                    f"{list(out.value.shape)}."
                )
            seed = g if create_graph else g.value
        if create_graph and not isinstance(seed, Tensor):
            seed = wrap(seed)
        if seed.dtype is not out.value.dtype:
            seed = seed.to(out.value.dtype) if isinstance(seed, Tensor) else seed.astype(out.value.dtype)
        roots.append(out.node)
        seeds.append(seed)
    return roots, seeds


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Accumulate the gradients of `tensors` with respect to the leaves into the leaves' `.grad`.

    Errors: GraphError (a RuntimeError) for a value without graph, a value of several elements without its gradient, and a
    graph that was freed; InplaceError for a value overwritten since.

    >>> import autograd_cnn as ac
    >>> x = ac.tensor([1., 2.], requires_grad=True)
    >>> ac.autograd.backward((x * 3).sum())
    >>> x.grad
    tensor([3., 3.])
    """
    outputs = _several(tensors)
    grads = _several(grad_tensors) if grad_tensors is not None else (None,) * len(outputs)
    roots, seeds = _seeds(outputs, grads, create_graph)
    targets = None
    if inputs is not None:
        wanted = _several(inputs)
        if not wanted:
            raise RuntimeError("'inputs' argument to backward() cannot be empty.")
        targets = _nodes(wanted, "backward")
        for t in wanted:
            if not t.is_leaf:
                t.retain_grad()
    pullback(roots, seeds, Tensor, inputs=targets, retain_graph=create_graph if retain_graph is None else retain_graph,
             create_graph=create_graph)  # fmt: skip


def _nodes(inputs: Sequence[Tensor], operation: str) -> list[Node]:
    nodes = []
    for x in inputs:
        if not isinstance(x, Tensor):
            raise TypeError(f"{operation}: inputs can be Tensors, but got {type(x).__name__}")
        if x.node is None:
            raise GraphError(
                f"One of the differentiated Tensors does not require grad: expected inputs of {operation} with requires_grad=True."
            )
        nodes.append(x.node)
    return nodes


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of `outputs` with respect to `inputs`, returned instead of accumulated.

    Args:
        outputs, grad_outputs: what to differentiate, and dE/d outputs (1 by default for a single number).
        inputs: leaves or intermediate values.
        create_graph: record the walk, so that the gradients can be differentiated again.
        allow_unused: give None for an input that the outputs do not depend on, instead of raising.
        is_grads_batched: the first dim of each `grad_outputs` counts several gradients; so does that of the results.
        materialize_grads: give zeros instead of None.

    >>> import autograd_cnn as ac
    >>> x = ac.tensor(2., requires_grad=True)
    >>> g, = ac.autograd.grad(x ** 3, x, create_graph=True)
    >>> ac.autograd.grad(g, x)
    (tensor(12.),)
    """
    if not only_inputs:
        raise ValueError(
            "only_inputs argument is deprecated and is ignored now (defaults to True): use backward() to accumulate."
        )
    if allow_unused is False and materialize_grads:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    outs, ins = _several(outputs), _several(inputs)
    grads = _several(grad_outputs) if grad_outputs is not None else (None,) * len(outs)
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched(outs, ins, grads, retain, create_graph, bool(allow_unused), materialize_grads)
    roots, seeds = _seeds(outs, grads, create_graph)
    nodes = _nodes(ins, "grad")
    found = pullback(
        roots, seeds, Tensor, inputs=nodes, accumulate=False, retain_graph=retain, create_graph=create_graph
    )
    results: list[Any] = []
    for i, (x, g) in enumerate(zip(ins, found or (), strict=True)):
        if g is None and not (allow_unused or materialize_grads):
            raise GraphError(
                f"The differentiated Tensor at index {i} appears to not have been used in the graph. Set allow_unused=True if "
                "this is the desired behavior."
            )
        if g is None:
            results.append(wrap(np.zeros(x.value.shape, x.value.dtype)) if materialize_grads else None)
        else:
            results.append(g if isinstance(g, Tensor) else wrap(g))
    return _unshared(results)


def _unshared(results: list[Any]) -> tuple[Any, ...]:
    """No two results in the same memory, so that writing to one leaves the others alone."""
    seen: set[int] = set()
    for i, g in enumerate(results):
        if g is not None and g.node is None:
            raw = g.value
            if (
                id(raw) in seen
                or getattr(raw, "base", None) is not None
                or (hasattr(raw, "flags") and not raw.flags.writeable)
            ):
                results[i] = wrap(np.array(raw))
            seen.add(id(raw))
    return tuple(results)


def _batched(
    outs: Any, ins: Any, grads: Any, retain: bool, create_graph: bool, unused: bool, zeros: bool
) -> tuple[Any, ...]:
    from ..ops.shape.join import stack

    given = [g for g in grads if g is not None]
    if not given or not all(isinstance(g, Tensor) and g.ndim for g in given):
        raise ValueError("grad: is_grads_batched: expected grad_outputs whose first dim counts the gradients, got "
                         + (f"{[list(getattr(g, 'shape', ())) for g in given]}." if given else "none."))  # fmt: skip
    count = len(given[0])
    rows = [
        grad(outs, ins, tuple(None if g is None else g[i] for g in grads), retain or i + 1 < count, create_graph,
             allow_unused=unused, materialize_grads=zeros)
        for i in range(count)
    ]  # fmt: skip
    return tuple(None if column[0] is None else stack(column, dim=0) for column in zip(*rows, strict=True))
