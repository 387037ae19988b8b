"""`linalg` against torch's: values, first and second derivatives."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402

rng = np.random.default_rng(0)
X = rng.standard_normal((2, 3, 3)) + 3 * np.eye(3)  # far from singular
P = X @ X.swapaxes(-1, -2)  # positive definite
TALL, WIDE = rng.standard_normal((4, 3)), rng.standard_normal((3, 5))


def tuple_of(y):
    return y if isinstance(y, tuple) else (y,)


def signless(y):
    return tuple(v.abs() for v in tuple_of(y))  # the signs of the vectors are free


CASES = {
    "inv": (lambda t, a: t.linalg.inv(a), X),
    "inverse": (lambda t, a: a.inverse(), X),
    "det": (lambda t, a: t.det(a), X),
    "slogdet": (lambda t, a: t.linalg.slogdet(a)[1], X),
    "logdet": (lambda t, a: a.logdet(), P),
    "solve": (lambda t, a, b: t.linalg.solve(a, b), X, rng.standard_normal((2, 3, 4))),
    "solve a vector": (lambda t, a, b: t.linalg.solve(a, b), X[0], rng.standard_normal(3)),
    "solve from the right": (lambda t, a, b: t.linalg.solve(a, b, left=False), X, rng.standard_normal((2, 4, 3))),
    "solve_triangular": (lambda t, a, b: t.linalg.solve_triangular(a, b, upper=False), X, rng.standard_normal((2, 3, 4))),
    "solve_triangular upper": (lambda t, a, b: t.linalg.solve_triangular(a, b, upper=True), X, rng.standard_normal((2, 3, 4))),
    "solve_triangular unit": (
        lambda t, a, b: t.linalg.solve_triangular(a, b, upper=True, unitriangular=True),
        X,
        rng.standard_normal((2, 3, 4)),
    ),
    "cholesky": (lambda t, a: t.linalg.cholesky(a), P),
    "cholesky upper": (lambda t, a: t.linalg.cholesky(a, upper=True), P),
    "eigh": (lambda t, a: signless(t.linalg.eigh(a)), P),
    "eigvalsh": (lambda t, a: t.linalg.eigvalsh(a), P),
    "qr": (lambda t, a: tuple_of(t.linalg.qr(a)), TALL),
    "old qr": (lambda t, a: tuple_of(a.qr()), TALL),
    "svd tall": (lambda t, a: signless(t.linalg.svd(a, full_matrices=False)), TALL),
    "svd wide": (lambda t, a: signless(t.linalg.svd(a, full_matrices=False)), WIDE),
    "old svd": (lambda t, a: signless(t.svd(a)), WIDE),
    "svdvals": (lambda t, a: t.linalg.svdvals(a), WIDE),
    "pinv": (lambda t, a: t.linalg.pinv(a), TALL),
    "matrix_power": (lambda t, a: t.linalg.matrix_power(a, 3), X),
    "matrix_power of the inverse": (lambda t, a: t.linalg.matrix_power(a, -2), X),
    "norm": (lambda t, a: t.linalg.norm(a), TALL),
    "norm along": (lambda t, a: t.linalg.norm(a, 3, 1, True), TALL),
    "multi_dot": (lambda t, a, b: t.linalg.multi_dot([a.mT, a, b]), TALL, WIDE),
    **{
        f"matrix_norm {o}": (lambda t, a, o=o: t.linalg.matrix_norm(a, o, keepdim=True), TALL)
        for o in ("fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf)
    },
}


LINEAR = [f"matrix_norm {o}" for o in (1, -1, np.inf, -np.inf)]  # whose second derivative is 0


@pytest.mark.parametrize("name", CASES)
def test_values_and_derivatives(name):
    fn, *arrays = CASES[name]
    found = []
    for library in (ac, torch):
        draws = np.random.default_rng(1)
        xs = [library.tensor(x, requires_grad=True) for x in arrays]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ys = tuple_of(fn(library, *xs))
        total = sum((y * library.tensor(draws.standard_normal(tuple(y.shape)))).sum() for y in ys)
        first = library.autograd.grad(total, xs, create_graph=True)
        second = sum((g * library.tensor(draws.standard_normal(tuple(g.shape)))).sum() for g in first)
        again = () if name in LINEAR else library.autograd.grad(second, xs)
        found.append([v.detach().numpy() for v in (*ys, *first, *again)])
    for mine, theirs in zip(*found, strict=True):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-8)
