"""Scalars where Python's floats raise: at poles, on overflow, with infinities and NaN they give what arrays of float64 give, forward and
backward. And what would drop a Scalar's gradient without a word says so."""

from __future__ import annotations

import cmath
import itertools
import math
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import Scalar
from autograd_cnn.primitives.primitive import REGISTRY
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.testing import RandomDraw

assert ac.ops  # all are registered
INF, NAN = math.inf, math.nan
EDGES = [0.0, -0.0, 1.0, -1.0, 2.5, INF, -INF, NAN, 1e308, -1e308, 1e-308, 5e-324, 1000.0, -1000.0, 0.5, -0.5]
NAMES = sorted(n for n, p in REGISTRY.items() if float in p.kernels)


def _equal(a: float | None, b: float | None) -> bool:
    """Bit for bit where it is 0, infinite or NaN; else to the last digits."""
    if a is None or b is None:
        return a is b
    if math.isnan(a) or math.isnan(b) or math.isinf(a) or math.isinf(b) or a == b == 0:
        return bool(np.array_equal(a, b, equal_nan=True)) and (math.isnan(a) or math.copysign(1, a) == math.copysign(1, b))
    return abs(a - b) <= 1e-12 * max(abs(a), abs(b)) + 5e-324


def _run(prim: Any, params: dict[str, Any], values: tuple[float, ...], make: Any, flag: Any, second: bool) -> list[float | None]:
    xs = [make(v) for v in values]
    given = [flag(bool(values[0])), *xs[1:]] if prim.name == "where" else xs
    y = prim(*given, **params)
    found: list[float | None] = [float(y.item())]
    if y.requires_grad:
        y.backward(create_graph=second)
        grads = [x.grad for x in given if getattr(x, "requires_grad", False)]
        found += [None if g is None else float(g.item() if hasattr(g, "item") else g) for g in grads]
        if second:
            for x in given:
                if getattr(x, "requires_grad", False):
                    x.grad = None
            if grads[0] is not None and getattr(grads[0], "requires_grad", False):
                grads[0].backward()
                found += [None if x.grad is None else float(x.grad) for x in given if getattr(x, "requires_grad", False)]
    return found


@pytest.mark.parametrize("second", [False, True], ids=["first", "second"])
@pytest.mark.parametrize("name", NAMES)
def test_as_arrays(name: str, second: bool) -> None:
    prim = REGISTRY[name]
    assert prim.draw_case is not None
    variants: list[dict[str, Any]] = []
    for seed in range(4):
        params = prim.draw_case(RandomDraw(seed)).params
        if params not in variants:
            variants.append(params)
    few = EDGES if len(prim.inputs) < 3 else EDGES[:8]
    for params in variants:
        for values in itertools.product(few, repeat=len(prim.inputs)):
            one = _run(prim, params, values, Scalar, bool, second)
            other = _run(prim, params, values, lambda v: wrap(np.array(v), requires_grad=True), lambda b: wrap(np.bool_(b)), second)
            assert len(one) == len(other)
            assert all(map(_equal, one, other)), f"{name}{values} {params}: {one} as Scalars, {other} as tensors"


def test_by_hand() -> None:
    zero = Scalar(0.0)
    (1 / zero).backward()
    assert zero.grad == -INF
    assert (zero**-1).item() == INF
    assert zero.log().item() == -INF
    x = Scalar(0.0)
    y = x.sqrt()
    y.backward()
    assert (y.item(), x.grad) == (0.0, INF)
    big = Scalar(1000.0)
    y = big.exp()
    y.backward()
    assert (y.item(), big.grad) == (INF, INF)
    assert math.isnan((zero * INF).item())
    assert (Scalar(-1e308) * 10).item() == -INF
    assert math.isnan((zero / zero).item())


@pytest.mark.parametrize(
    "fn", [math.exp, math.log, math.sqrt, math.sin, math.floor, cmath.exp, float, np.float64, lambda x: math.pow(2, x)]
)
def test_a_function_of_floats_does_not_drop_the_gradient(fn: Any) -> None:
    x = Scalar(0.5)
    with pytest.raises(TypeError, match=r"x\.exp\(\)"):
        fn(x * 2)
    with ac.no_grad():
        fn(x * 2)
    fn(Scalar(0.5, requires_grad=False))
    fn((x * 2).item())


def test_what_only_looks_at_a_scalar_works() -> None:
    x = Scalar(2.5)
    assert (f"{x:.1f}", int(x), bool(x), x.item(), x.value, x > 1) == ("2.5", 2, True, 2.5, 2.5, True)
    assert repr(x) == "Scalar(2.5)"
