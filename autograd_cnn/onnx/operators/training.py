"""Gradients, and steps of optimizers, as operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...autograd import grad
from ...config import Switch, current
from ...tensors.creation import zeros_like
from ..dims import OnnxError
from .elementwise import ac
from .table import Node, number, operator, tensor

DOMAIN = "ai.onnx.preview.training."


@operator(f"{DOMAIN}Gradient", takes="values")
def _(n: Node, *given: Any) -> Any:
    """∂y/∂x for each x of `xs`: that part of the graph is computed again from the inputs, and walked back."""
    xs, record = n.get("xs"), current().record
    names = [*xs, *(n.get("zs") or ())]
    if len(names) != len(given):
        raise OnnxError(f"onnx: Gradient: expected a value for each of {', '.join(names)}, got {len(given)}.")
    with Switch(record=True):
        values = [_wanted(x) if k < len(xs) else tensor(x) for k, x in enumerate(given)]
        y = n.again(n.get("y"), dict(zip(names, values, strict=True)))
        found = grad(ac.sum(y), values[: len(xs)], create_graph=record, allow_unused=True)
    return tuple(zeros_like(x) if g is None else g for g, x in zip(found, values, strict=False))


def _wanted(x: Any) -> Any:
    """A value that takes a gradient: the one that is recorded, or a leaf."""
    x = tensor(x)
    return x if x.requires_grad else x.detach().requires_grad_()


def _each(n: Node, x: tuple[Any, ...], kinds: int, step: Callable[..., tuple[Any, ...]]) -> tuple[Any, ...]:
    """A step for each tensor: all values, then all gradients, then all that is remembered of each."""
    if not x or len(x) % kinds:
        raise OnnxError(f"onnx: {n.operator}: expected {kinds} inputs for each tensor, got {len(x)}.")
    count = len(x) // kinds
    found = [step(*x[k::count]) for k in range(count)]
    return tuple(y for column in zip(*found, strict=True) for y in column)


@operator(f"{DOMAIN}Adagrad")
def _(n: Node, rate: Any, count: Any, *x: Any) -> Any:
    """[Duchi et al. 2011]"""
    r = rate / (1 + number(count) * n.get("decay_factor", 0.0))

    def step(x: Any, g: Any, h: Any) -> tuple[Any, ...]:
        g = n.get("norm_coefficient", 0.0) * x + g
        h = h + g * g
        return x - r * g / (ac.sqrt(h) + n.get("epsilon", 1e-6)), h

    return _each(n, x, 3, step)


@operator(f"{DOMAIN}Adam")
def _(n: Node, rate: Any, count: Any, *x: Any) -> Any:
    """[Kingma & Ba 2015]"""
    alpha, beta, t = n.get("alpha", 0.9), n.get("beta", 0.999), number(count)
    r = rate * (1 - beta**t) ** 0.5 / (1 - alpha**t) if t > 0 else rate

    def step(x: Any, g: Any, v: Any, h: Any) -> tuple[Any, ...]:
        g = n.get("norm_coefficient", 0.0) * x + g
        v, h = alpha * v + (1 - alpha) * g, beta * h + (1 - beta) * g * g
        x = x - r * v / (ac.sqrt(h) + n.get("epsilon", 1e-6))
        return (1 - n.get("norm_coefficient_post", 0.0)) * x, v, h

    return _each(n, x, 4, step)


@operator(f"{DOMAIN}Momentum")
def _(n: Node, rate: Any, count: Any, *x: Any) -> Any:
    alpha, mode = n.get("alpha"), n.get("mode")
    beta = n.get("beta") if number(count) > 0 else 1.0
    if mode not in ("standard", "nesterov"):
        raise OnnxError(f"onnx: Momentum: expected the mode standard or nesterov, got {mode!r}.")

    def step(x: Any, g: Any, v: Any) -> tuple[Any, ...]:
        g = n.get("norm_coefficient", 0.0) * x + g
        v = alpha * v + beta * g
        return x - rate * (g + alpha * v if mode == "nesterov" else v), v

    return _each(n, x, 3, step)
