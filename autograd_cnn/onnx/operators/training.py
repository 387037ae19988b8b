"""Steps of optimizers as operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..dims import OnnxError
from .elementwise import ac
from .table import Node, number, operator

DOMAIN = "ai.onnx.preview.training."


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
