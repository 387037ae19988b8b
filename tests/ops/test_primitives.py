"""Every primitive of the elementwise, comparison, activation, reduction and loss families, from its own cases and bad cases."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.engine.cases import Case, Draw
from autograd_cnn.engine.primitive import REGISTRY, Primitive, primitive
from autograd_cnn.engine.variable import unbox
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.testing.draw import RandomDraw

from .checks import check_bad, check_gradients, primitives_of

FAMILIES = (
    "activation", "along", "binary", "blend", "clamp", "comparison", "crossentropy", "distance", "elementwise", "extrema", "likelihood",
    "logical", "loss", "margin", "reduce", "rounding", "scan", "select", "shrink", "smooth", "softmax", "sorting", "special", "statistics",
    "trigonometry",
)  # fmt: skip
ours = pytest.mark.parametrize("prim", primitives_of(*FAMILIES), ids=lambda p: p.name)


@ours
def test_has_cases_and_a_formula(prim: Primitive) -> None:
    assert prim.draw_case is not None
    assert prim.__doc__


@ours
def test_gradients(prim: Primitive) -> None:
    for seed in range(8):
        check_gradients(prim, seed)


@ours
def test_bad_cases(prim: Primitive) -> None:
    if prim.bad is not None:
        check_bad(prim)


@ours
def test_float32_stays_float32(prim: Primitive) -> None:
    case = prim.draw_case(RandomDraw(1, np.float32))  # type: ignore[misc]  # it has cases: tested above
    xs = [wrap(x.astype(np.float32) if getattr(x, "dtype", None) == np.float64 else x) if hasattr(x, "dtype") else x for x in case.inputs]
    y = prim(*xs, **case.params)
    assert all(v.dtype != np.float64 for v in (y if isinstance(y, tuple) else (y,)))


@ours
def test_float_kernel_agrees_with_the_array_kernel(prim: Primitive) -> None:
    kernel = prim.kernels.get(float)
    if kernel is None:
        return
    for seed in range(4):
        case = prim.draw_case(RandomDraw(seed))  # type: ignore[misc]  # it has cases: tested above
        numbers = [float(np.ravel(x)[0]) if getattr(x, "dtype", None) == np.float64 else bool(np.ravel(x)[0]) for x in case.inputs]
        there = prim.forward(*[np.float64(x) if isinstance(x, float) else np.bool_(x) for x in numbers], **case.params)
        assert kernel(*numbers, **case.params) == pytest.approx(float(there), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("prim", [p for p in primitives_of(*FAMILIES) if float in p.kernels and p.differentiable], ids=lambda p: p.name)
def test_rules_work_on_scalars(prim: Primitive) -> None:
    for seed in range(4):
        case = prim.draw_case(RandomDraw(seed))  # type: ignore[misc]  # it has cases: tested above
        numbers = [float(np.ravel(x)[0]) if getattr(x, "dtype", None) == np.float64 else bool(np.ravel(x)[0]) for x in case.inputs]
        scalars = [ac.Scalar(x) if isinstance(x, float) else x for x in numbers]
        tensors = [ac.tensor(x, dtype=ac.float64, requires_grad=True) if isinstance(x, float) else ac.tensor(x) for x in numbers]
        prim(*scalars, **case.params).backward()
        prim(*tensors, **case.params).backward()
        for s, t in zip(scalars, tensors, strict=True):
            if isinstance(s, ac.Scalar):
                grad = t.grad
                assert grad is not None
                assert s.grad == pytest.approx(grad.item(), rel=1e-12, abs=1e-15)


# ------------------------------------------------------------------------------------------------- the checks themselves
@pytest.fixture
def registry() -> object:
    before = dict(REGISTRY)
    yield REGISTRY
    for name in set(REGISTRY) - set(before):
        del REGISTRY[name]


def _cube(rule_is: str) -> Primitive:
    @primitive(name=f"cube {rule_is}")
    def cube(x: object) -> object:
        return x**3  # type: ignore[operator]  # an array

    @cube.vjp("x")
    def _(g: object, x: object) -> object:
        factor = {"wrong": 2.99, "right": 3.0, "cut": 3.0}[rule_is]
        x = unbox(x) if rule_is == "cut" else x
        return g * (x * x * factor)  # type: ignore[operator]  # arrays or tensors

    @cube.cases
    def _(draw: Draw) -> Case:
        return Case(draw.array((3,)))

    return cube


@pytest.mark.parametrize(("rule_is", "said"), [("wrong", "rule"), ("cut", "no graph")])
def test_a_wrong_rule_is_found(registry: object, rule_is: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_gradients(_cube(rule_is), 0)


def test_a_right_rule_passes(registry: object) -> None:
    check_gradients(_cube("right"), 0)


# ------------------------------------------------------------------------------------------------- draws
def test_draws_repeat_and_keep_their_promises() -> None:
    for seed in range(50):
        draw, again = RandomDraw(seed), RandomDraw(seed)
        x = draw.array(avoid=(0.0, 0.5))
        assert np.array_equal(x, again.array(avoid=(0.0, 0.5)))
        assert (np.abs(x) >= 0.05).all()
        assert (np.abs(x - 0.5) >= 0.05).all()
        flat = np.sort(draw.array((20,), distinct=True))
        assert np.diff(flat).min() > 0.05
        a, b, c = draw.shapes(3)
        np.broadcast_shapes(a, b, c)
        dims = draw.dims(3, min_size=1)
        assert len({d % 3 for d in dims}) == len(dims) >= 1
        assert draw.integers((4,), 2, 5).dtype == np.int64
        assert draw.array((2,)).dtype == np.float64
        assert RandomDraw(seed, np.float32).array((2,)).dtype == np.float32
