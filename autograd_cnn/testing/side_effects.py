"""Checks that nothing happens beside what should: nothing overwritten, shared, recorded or kept alive."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np

from ..autograd.gradients import backward, grad
from ..config import inference_mode, no_grad
from ..tensors.tensor import Tensor, wrap
from .registry import check, near
from .setup import Setup, require, values


@check
def nothing_overwritten(s: Setup) -> None:
    """Neither inputs nor the gradients that arrive are written to."""
    args = s.tensors()
    before = [np.array(a.value) if isinstance(a, Tensor) else a for a in args]
    ys = s.live(args)
    for i in _changed(args, before):
        require(False, f"the kernel writes into input {i} ({_name(s, i)}): expected it unchanged; compute into memory of its own")
    kept_out = values(ys)
    weights = s.weights(ys)
    copies = [w.copy() for w in weights]
    if ys:
        grad(ys, [args[i] for i in s.wanted], [wrap(w) for w in weights], retain_graph=True, allow_unused=True)
    for i in _changed(args, before):
        require(False, f"the backward pass overwrote input {i} ({_name(s, i)}): a rule writes into what it receives")
    require(
        all(np.array_equal(w, c) for w, c in zip(weights, copies, strict=True)),
        "the gradient that arrived was overwritten",
    )
    require(
        all(np.array_equal(y.value, k, equal_nan=True) for y, k in zip(ys, kept_out, strict=True)),
        "backward overwrote the output",
    )


def _changed(args: list[Any], before: list[Any]) -> list[int]:
    """Which of the tensors are no longer what they were."""
    return [
        i
        for i, (a, b) in enumerate(zip(args, before, strict=True))
        if isinstance(a, Tensor) and not np.array_equal(a.value, b, equal_nan=a.value.dtype.kind == "f")
    ]


def _name(s: Setup, i: int) -> str:
    return s.prim.inputs[0 if s.prim.variadic else i]


@check
def no_shared_memory(s: Setup) -> None:
    """Outputs share memory with an input only if the operation is a view; accumulated gradients with nothing."""
    args = s.tensors()
    ys = s.run(args)
    pieces = s.prim.several and s.prim.family == "shape"  # split: views, too, but several at once
    if not (s.prim.view or pieces):
        for i, a in enumerate(args):
            for y in ys:
                require(
                    not isinstance(a, Tensor) or y is a or not _overlap(a.value, y.value),
                    f"the output shares memory with input {i}",
                )
    ys = [y for y in ys if y.requires_grad]
    if not ys:
        return
    weights = s.weights(ys)
    backward(ys, [wrap(w) for w in weights])
    named = [(f"the gradient of input {i}", args[i].grad.value) for i in s.wanted if args[i].grad is not None]
    others = [(f"input {i}", a.value) for i, a in enumerate(args) if isinstance(a, Tensor)]
    others += [("the gradient that arrived", w) for w in weights]
    for k, (name, g) in enumerate(named):
        for other, x in [*named[:k], *others]:
            require(not _overlap(g, x), f"{name} shares memory with {other}")


def _overlap(a: Any, b: Any) -> bool:
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and bool(np.may_share_memory(a, b)) and bool(a.size and b.size)


@check
def nothing_recorded_without_grad(s: Setup) -> None:
    """Under no_grad() and inference_mode(), and of inputs that want no gradient, nothing is recorded."""
    with no_grad():
        require(all(y.node is None for y in s.run(s.tensors())), "records under no_grad()")
    with inference_mode():
        made = s.run(s.tensors(grad=False))
    require(all(y.node is None and y.is_inference() for y in made), "inference_mode() leaves no inference tensor")
    require(all(y.node is None for y in s.run(s.tensors(grad=False))), "records although no input requires a gradient")


def _holds_values(node: Any) -> bool:
    """Shapes may stay; arrays may not."""
    kept = () if node is None or node.kept is None else node.kept
    return any(isinstance(part, np.ndarray) for k in kept for part in (k if isinstance(k, tuple) else (k,)))


@check
def graph_released(s: Setup) -> None:
    """After backward nothing of the graph is kept, without the help of the garbage collector."""
    if not s.differentiable:
        return
    from ..ops.shape.shape import clone

    enabled = gc.isenabled()
    gc.disable()
    try:
        args = s.tensors()
        leaves = [args[i] for i in s.wanted]
        for i in s.wanted:
            args[i] = clone(args[i])
        ys = s.live(args)
        if not ys:
            return
        watched = [weakref.ref(a.value) for a in args if isinstance(a, Tensor) and isinstance(a.value, np.ndarray)]
        watched += [weakref.ref(y) for y in ys]
        nodes = [y.grad_fn for y in ys]
        backward(ys, [wrap(w) for w in s.weights(ys)])
        require(not any(map(_holds_values, nodes)), "backward left the values that the rules needed on the node")
        del args, ys, nodes, leaves
        require(
            all(r() is None for r in watched),
            "values are still alive after backward: something holds them, or a reference cycle",
        )
    finally:
        if enabled:
            gc.enable()


@check
def twice_doubles(s: Setup) -> None:
    """A second backward adds to `.grad`."""
    args = s.tensors()
    ys = s.live(args)
    if not ys:
        return
    backward(ys, [wrap(w) for w in s.weights(ys)])
    once = [None if args[i].grad is None else np.array(args[i].grad.value) for i in s.wanted]
    ys = s.live(args)
    backward(ys, [wrap(w) for w in s.weights(ys)])
    for i, g in zip(s.wanted, once, strict=True):
        require(
            g is None or near(args[i].grad.value, 2 * g, 1e-12),
            f"after a second backward the gradient of input {i} is not doubled",
        )
