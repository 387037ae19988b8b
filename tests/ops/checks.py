"""Checks that any primitive must pass, fed from its own cases."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_cnn as ac
from autograd_cnn.engine.primitive import REGISTRY, Primitive
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.testing.draw import RandomDraw


def primitives_of(*modules: str) -> list[Primitive]:
    """The primitives defined in these files of `ops`."""
    return [p for p in REGISTRY.values() if p.__module__.removeprefix("autograd_cnn.ops.") in modules]


def _first(prim: Primitive, y: Any) -> list[Any]:
    """The outputs that take a gradient."""
    if prim.several:
        return [v for v in y if v.dtype.kind == "f"]
    return [y[0] if len(prim.outputs) > 1 else y]


def _projected(prim: Primitive, inputs: list[Any], params: dict[str, Any], weights: list[Any]) -> Any:
    """Σ weights · output: one number that depends on every output entry."""
    total: Any = 0.0
    for y, w in zip(_first(prim, prim(*inputs, **params)), weights, strict=True):
        total = total + (y * w).sum()
    return total


def _tensors(inputs: list[Any], wanted: list[int], moved: dict[int, Any] | None = None) -> list[Any]:
    made = []
    for i, x in enumerate(inputs):
        value = x if moved is None or i not in moved else moved[i]
        made.append(wrap(np.array(value), requires_grad=True) if i in wanted else wrap(value) if hasattr(value, "dtype") else value)
    return made


def check_gradients(prim: Primitive, seed: int) -> None:
    """First and second derivatives along a random direction against central differences, in float64; and no side effects."""
    draw = RandomDraw(seed)
    case = prim.draw_case(draw)
    inputs = list(case.inputs)
    before = [np.array(x) if hasattr(x, "dtype") else x for x in inputs]
    served = {i for group, _ in prim.groups for i in group}
    wanted = [i for i, x in enumerate(inputs) if getattr(getattr(x, "dtype", None), "kind", "") == "f" and (prim.variadic or i in served)]
    outputs = _first(prim, prim(*_tensors(inputs, []), **case.params))
    for x, saved in zip(inputs, before, strict=True):
        assert x is None or np.array_equal(x, saved), f"{prim.name} changed its input"
    if not wanted or not case.smooth:
        return
    weights = [wrap(draw.rng.standard_normal(y.shape)) for y in outputs]
    way = {i: draw.rng.standard_normal(inputs[i].shape) for i in wanted}
    eps = 1e-6

    def first(moved: dict[int, Any] | None = None) -> tuple[float, list[Any], list[Any]]:
        xs = _tensors(inputs, wanted, moved)
        total = _projected(prim, xs, case.params, weights)
        twice = not prim.once
        gs = ac.autograd.grad(total, [xs[i] for i in wanted], create_graph=twice, allow_unused=True, materialize_grads=True)
        return float(total), list(gs), xs

    def step(sign: float) -> dict[int, Any]:
        return {i: inputs[i] + sign * eps * way[i] for i in wanted}

    _, gs, xs = first()
    up, down = first(step(1)), first(step(-1))
    told = sum(float((g.detach().value * way[i]).sum()) for g, i in zip(gs, wanted, strict=True))
    found = (up[0] - down[0]) / (2 * eps)
    scale = 1 + sum(float(np.abs(g.detach().value * way[i]).sum()) for g, i in zip(gs, wanted, strict=True))
    assert abs(told - found) <= 1e-6 * scale * case.tolerance, f"{prim.name} {case}: rule {told}, finite differences {found}"
    for g, i in zip(gs, wanted, strict=True):
        assert g.shape == inputs[i].shape
        assert g.dtype == np.float64
    if prim.once or not any(g.requires_grad for g in gs):
        moved = [
            float(np.abs(a.detach().value - b.detach().value).max(initial=0.0)) / (2 * eps) for a, b in zip(up[1], down[1], strict=True)
        ]
        assert prim.once or max(moved) < 1e-4, f"{prim.name} {case}: the gradient depends on the inputs, but has no graph"
        return
    ways = [wrap(draw.rng.standard_normal(g.shape)) for g in gs]
    total: Any = 0.0
    for g, v in zip(gs, ways, strict=True):
        if g.requires_grad:
            total = total + (g * v).sum()
    second = ac.autograd.grad(total, [xs[i] for i in wanted], allow_unused=True, materialize_grads=True)
    told = sum(float((h.value * way[i]).sum()) for h, i in zip(second, wanted, strict=True))
    found = sum(
        float(((a.detach().value - b.detach().value) * v.value).sum()) / (2 * eps) for a, b, v in zip(up[1], down[1], ways, strict=True)
    )
    scale = 1 + abs(told) + sum(float(np.abs(h.value * way[i]).sum()) for h, i in zip(second, wanted, strict=True))
    assert abs(told - found) <= 1e-5 * scale * case.tolerance, f"{prim.name} {case}: second rule {told}, differences {found}"


def check_bad(prim: Primitive) -> None:
    """Every bad case raises the exception and the text it promises, from raw arrays wrapped as tensors."""
    import pytest

    for bad in prim.bad():
        with pytest.raises(bad.error, match=bad.match):
            prim(*_tensors(list(bad.inputs), []), **bad.params)
