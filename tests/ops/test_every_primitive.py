"""Every primitive of the registry, tested from its own cases: nothing here names an operation, so a new one is tested by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.primitives.cases import Case
from autograd_cnn.primitives.primitive import REGISTRY, Primitive
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.testing import RandomDraw, check_primitive

from .extra_cases import EXTRA, check_corner, check_dropout
from .oracles import ORACLES, WITHOUT
from .variants import check_variants

assert ac.ops  # all are registered
ALWAYS = {"dtype and shape", "nothing overwritten", "no shared memory", "nothing recorded without grad"}
DETERMINISTIC = {"memory layouts", "trace replays", "raw agrees"}
DIFFERENTIABLE = {"first derivative", "float32 agrees", "graph released", "twice doubles"}
TWICE = {"second derivative", "jvp of the vjp", "recorded backward"}
PASSES_ON = {  # their gradient is, on purpose, no derivative by single entries
    "exchanged",  # tests/graph/test_trace_outside.py
    "mirrored",  # tests/linalg/test_triangles.py
}
NAMES = sorted(n for n, p in REGISTRY.items() if p.__module__.startswith("autograd_cnn."))


@pytest.mark.parametrize("name", NAMES)
def test_primitive(name: str) -> None:
    prim = REGISTRY[name]
    report = check_primitive(name, examples=4, seed=1, oracle=ORACLES.get(name))
    expected = ALWAYS | (set() if name in WITHOUT else DETERMINISTIC) | (DIFFERENTIABLE if prim.differentiable else set())
    expected |= {"oracle"} if name in ORACLES else set()  # who has none is told below
    expected |= {"backends agree"} if prim.differentiable and name not in WITHOUT else set()
    expected |= TWICE if prim.differentiable and not prim.once else set()
    expected -= DIFFERENTIABLE | TWICE | {"backends agree"} if name in PASSES_ON else set()
    expected -= {"no shared memory"} if prim.view and not prim.differentiable else set()  # of gradients, which it has none
    assert expected <= set(report.checked), f"{name}: its cases leave unchecked: {', '.join(sorted(expected - set(report.checked)))}"


@pytest.mark.parametrize("name", [n for n in NAMES if n in ORACLES])
def test_special_values_and_integers(name: str) -> None:
    prim = REGISTRY[name]
    assert prim.draw_case is not None
    for seed in range(6):
        check_variants(prim, prim.draw_case(RandomDraw(seed)), seed, ORACLES[name])


@pytest.mark.parametrize(("name", "case"), EXTRA, ids=[f"{i}-{n}" for i, (n, _) in enumerate(EXTRA)])
def test_corner(name: str, case: Case) -> None:
    check_corner(name, case)


@pytest.mark.parametrize("channels", [False, True])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_dropout_zeroes_or_scales(scale: float, channels: bool) -> None:
    check_dropout(scale, channels)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_primitive_thoroughly(name: str) -> None:
    check_primitive(name, examples=80, seed=2, oracle=ORACLES.get(name))


@pytest.mark.parametrize("name", NAMES)
def test_has_cases_that_differ(name: str) -> None:
    prim = REGISTRY[name]
    assert prim.draw_case is not None, f"{name} has no cases: add @{name}.cases"
    drawn = [prim.draw_case(RandomDraw(seed)) for seed in range(5)]
    assert len({repr(c) for c in drawn}) > 1, f"{name}: all cases are equal"
    again = prim.draw_case(RandomDraw(3))
    for a, b in zip(again.inputs, drawn[3].inputs, strict=True):
        assert a is b or np.array_equal(a, b, equal_nan=getattr(getattr(a, "dtype", None), "kind", "") == "f"), (
            f"{name}: the same seed draws other cases"
        )


@pytest.mark.parametrize("name", NAMES)
def test_smooth_cases_have_a_rule(name: str) -> None:
    prim = REGISTRY[name]
    served = {i for group, _ in prim.groups for i in group}
    assert not prim.groups or served, f"{name}: rules that serve nothing"
    assert prim.__doc__, f"{name} has no docstring"


@pytest.mark.parametrize("name", [n for n in NAMES if REGISTRY[n].bad is not None])
def test_bad_cases(name: str) -> None:
    """Each raises the exception and the text that it promises."""
    prim = REGISTRY[name]
    assert prim.bad is not None
    cases = list(prim.bad())
    assert cases
    for bad in cases:
        inputs = [wrap(np.array(x)) if hasattr(x, "dtype") else x for x in bad.inputs]
        with pytest.raises(bad.error, match=bad.match):
            prim(*inputs, **bad.params)


# ------------------------------------------------------------------------------------------------- numbers
ON_NUMBERS = [n for n in NAMES if float in REGISTRY[n].kernels]


def _numbers(prim: Primitive, seed: int) -> tuple[list[float | bool], dict[str, Any]]:
    assert prim.draw_case is not None
    case = prim.draw_case(RandomDraw(seed))
    return [float(np.ravel(x)[0]) if getattr(x, "dtype", None) == np.float64 else bool(np.ravel(x)[0]) for x in case.inputs], case.params


@pytest.mark.parametrize("name", ON_NUMBERS)
def test_the_kernel_of_numbers_agrees_with_that_of_arrays(name: str) -> None:
    prim = REGISTRY[name]
    for seed in range(4):
        numbers, params = _numbers(prim, seed)
        there = prim.forward(*[np.float64(x) if isinstance(x, float) else np.bool_(x) for x in numbers], **params)
        assert prim.kernels[float](*numbers, **params) == pytest.approx(float(there), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", [n for n in ON_NUMBERS if REGISTRY[n].differentiable])
def test_rules_work_on_scalars(name: str) -> None:
    prim = REGISTRY[name]
    for seed in range(4):
        numbers, params = _numbers(prim, seed)
        scalars = [ac.Scalar(x) if isinstance(x, float) else x for x in numbers]
        tensors = [ac.tensor(x, dtype=ac.float64, requires_grad=True) if isinstance(x, float) else ac.tensor(x) for x in numbers]
        prim(*scalars, **params).backward()
        prim(*tensors, **params).backward()
        for s, t in zip(scalars, tensors, strict=True):
            if isinstance(s, ac.Scalar):
                grad = t.grad
                assert grad is not None
                assert s.grad == pytest.approx(grad.item(), rel=1e-12, abs=1e-15)


# ------------------------------------------------------------------------------------------------- oracles
def test_every_primitive_has_an_oracle() -> None:
    """Or a reason in WITHOUT why it cannot have one."""
    missing = sorted(set(NAMES) - set(ORACLES) - set(WITHOUT))
    assert not missing, (
        f"{missing}: say what it means in tests/ops/oracles, entry by entry in entries.py, or why not in WITHOUT of table.py"
    )
    idle = sorted((set(ORACLES) | set(WITHOUT)) - set(NAMES))
    assert not idle, f"tests/ops/oracles has {idle}, which no operation is called"
    assert not set(ORACLES) & set(WITHOUT)
