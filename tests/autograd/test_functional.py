"""Jacobians, Hessians and their products with vectors, against complex steps through the same formulas in NumPy."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.autograd import functional
from autograd_cnn.tensors.tensor import Tensor, wrap

from . import complex_step

Fn = Callable[..., Any]
rng = np.random.default_rng(0)

# A formula that Tensor and NumPy both understand by the same words, and the shapes of its inputs.
MANY: dict[str, tuple[Fn, list[tuple[int, ...]]]] = {
    "a cube": (lambda m, x: x**3, [(4,)]),
    "a product of matrices": (lambda m, x, w: m.tanh(x @ w), [(2, 3), (3, 2)]),
    "broadcast": (lambda m, x, y: m.exp(-x) / (1 + y * y), [(3, 1), (2,)]),
    "a number": (lambda m, x: m.sin(x).sum(), [(2, 2)]),
    "of a number": (lambda m, x: x * m.cos(x), [()]),
    "entries chosen": (lambda m, x: x[1:] * x[:-1] ** 2, [(5,)]),
    "of nothing": (lambda m, x: m.exp(x), [(0,)]),
}
ONE: dict[str, tuple[Fn, list[tuple[int, ...]]]] = {
    "cubes": (lambda m, x: (x**3).sum(), [(3,)]),
    "a form": (lambda m, x, y: (m.tanh(x @ y) * m.exp(x.sum())).sum(), [(2, 2), (2,)]),
    "a chain": (lambda m, x: m.exp(m.sin(x).sum()) * (x * x).sum(), [(2, 2)]),
    "linear": (lambda m, x: 3 * x.sum(), [(2,)]),
}


def given(shapes: list[tuple[int, ...]]) -> list[Any]:
    return [rng.uniform(-1, 1, s) for s in shapes]


def ours(fn: Fn) -> Fn:
    return lambda *xs: fn(ac, *xs)


def theirs(fn: Fn) -> Fn:
    return lambda *xs: fn(np, *xs)


def one_or_all(xs: list[Any]) -> Any:
    return wrap(xs[0]) if len(xs) == 1 else tuple(wrap(x) for x in xs)


def listed(x: Any) -> list[Any]:
    return [t.value for t in (x if isinstance(x, tuple) else (x,))]


def close(a: Any, b: Any, tolerance: float = 1e-12) -> None:
    assert np.shape(a) == np.shape(b)
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", MANY)
def test_jacobian(name: str) -> None:
    fn, shapes = MANY[name]
    xs = given(shapes)
    found = functional.jacobian(ours(fn), one_or_all(xs))
    assert isinstance(found, tuple) == (len(xs) > 1)
    for by, j in enumerate(listed(found)):
        close(j, complex_step.jacobian(theirs(fn), xs, by))


@pytest.mark.parametrize("name", MANY)
def test_products_with_vectors(name: str) -> None:
    fn, shapes = MANY[name]
    xs = given(shapes)
    y = fn(np, *xs)
    u, vs = rng.uniform(-1, 1, np.shape(y)), given(shapes)
    rows = [complex_step.jacobian(theirs(fn), xs, by) for by in range(len(xs))]
    out, pulled = functional.vjp(ours(fn), one_or_all(xs), wrap(u))
    close(out.value, y)
    for j, got in zip(rows, listed(pulled), strict=True):
        close(got, np.tensordot(u, j, axes=u.ndim))
    out, pushed = functional.jvp(ours(fn), one_or_all(xs), one_or_all(vs))
    close(out.value, y)
    close(pushed.value, sum(np.tensordot(j, v, axes=v.ndim) for j, v in zip(rows, vs, strict=True)))


@pytest.mark.parametrize("name", ONE)
def test_hessian(name: str) -> None:
    fn, shapes = ONE[name]
    xs = given(shapes)
    found = functional.hessian(ours(fn), one_or_all(xs))
    table = [[b.value for b in row] for row in found] if len(xs) > 1 else [[found.value]]
    vs = given(shapes)
    product, turned = (f(ours(fn), one_or_all(xs), one_or_all(vs)) for f in (functional.hvp, functional.vhp))
    close(product[0].value, fn(np, *xs))
    for i, (got, other) in enumerate(zip(listed(product[1]), listed(turned[1]), strict=True)):
        meant = [complex_step.hessian(theirs(fn), xs, i, j) for j in range(len(xs))]
        for j, h in enumerate(meant):
            close(table[i][j], h, 1e-8)
        whole = sum(np.tensordot(h, v, axes=v.ndim) for h, v in zip(meant, vs, strict=True))
        close(got, whole, 1e-8)
        close(other, whole, 1e-8)


def test_several_outputs_and_inputs_make_a_table() -> None:
    xs = given([(2,), (3,)])
    parts: tuple[Fn, ...] = (lambda m, x, y: m.sin(x) * y[:2], lambda m, x, y: (x * x).sum() * y)
    table = functional.jacobian(lambda x, y: tuple(p(ac, x, y) for p in parts), one_or_all(xs))
    for (i, part), by in itertools.product(enumerate(parts), range(2)):
        close(table[i][by].value, complex_step.jacobian(theirs(part), xs, by))


def test_a_jacobian_may_be_differentiated_again() -> None:
    fn, shapes = MANY["a product of matrices"]
    xs = given(shapes)
    x, w = (wrap(v).requires_grad_(True) for v in xs)
    rows = functional.jacobian(ours(fn), (x, w), create_graph=True)
    (rows[0] ** 2).sum().backward()

    def size(x: Any, w: Any) -> Any:
        y = 1 - np.tanh(x @ w) ** 2  # ∂ tanh(xw)ₙₒ / ∂ xₙᵢ = (1 − tanh²) wᵢₒ
        return ((y[:, None, :] * w) ** 2).sum()

    for by, leaf in enumerate((x, w)):
        assert leaf.grad is not None
        close(leaf.grad.value, complex_step.jacobian(size, xs, by), 1e-11)


def test_the_callers_tensors_are_left_alone() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    with ac.no_grad():
        j = functional.jacobian(lambda v: v * v, x)
        h = functional.hessian(lambda v: (v**3).sum(), ac.tensor([1.0, 2.0]))
    assert j.tolist() == [[2, 0], [0, 4]]
    assert h.tolist() == [[6, 0], [0, 12]]
    assert x.grad is None
    assert not j.requires_grad
    assert not h.requires_grad


def test_what_the_output_does_not_depend_on() -> None:
    x, y = ac.ones(2), ac.ones(3)

    def first(x: Tensor, y: Tensor) -> Tensor:
        return x * 2

    assert functional.jacobian(first, (x, y))[1].tolist() == np.zeros((2, 3)).tolist()
    assert functional.jacobian(lambda x: ac.ones(2), x).tolist() == np.zeros((2, 2)).tolist()
    assert functional.hessian(lambda x: x.sum(), x).tolist() == np.zeros((2, 2)).tolist()
    for fn in (functional.jacobian, functional.vjp):
        with pytest.raises(RuntimeError, match="independent of input 1"):
            fn(first, (x, y), strict=True) if fn is functional.jacobian else fn(first, (x, y), ac.ones(2), strict=True)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: functional.jacobian(lambda x: x, 3.0), TypeError, "inputs given to jacobian must be either a Tensor"),
        (lambda: functional.jacobian(lambda x: 3.0, ac.ones(1)), TypeError, "outputs of the user-provided function"),
        (lambda: functional.jacobian(lambda x: x, ac.ones(1), strategy="sideways"), ValueError, "expected strategy"),
        (lambda: functional.vjp(lambda x: x, ac.ones(2)), RuntimeError, "can only be None"),
        (lambda: functional.vjp(lambda x: x, ac.ones(2), ac.ones(3)), RuntimeError, "v has invalid size"),
        (lambda: functional.jvp(lambda x: x, ac.ones(2), (ac.ones(2), ac.ones(2))), RuntimeError, "should be 1 but got 2"),
        (lambda: functional.hessian(lambda x: x, ac.ones(2)), RuntimeError, "should contain a single element"),
        (lambda: functional.hvp(lambda x: x, ac.ones(2), ac.ones(2)), RuntimeError, "should contain a single element"),
    ],
)
def test_what_is_refused(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
