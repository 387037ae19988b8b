"""The ready surfaces: what is known of each holds."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.optim import surfaces

EVERY = [getattr(surfaces, name) for name in surfaces.__all__ if name != "Surface"]
KNOWN = {
    "ravine": lambda x, y: x * x / 20 + y * y * 2,
    "saddle": lambda x, y: (x + y) * (x - y),
    "local minimum": lambda x, y: x * x * (x * x - 2.48) + 0.96 * x + y * y + 2.6496,
    "Rosenbrock": lambda x, y: 1 - 2 * x + x * x + 100 * (y * y - 2 * y * x * x + x**4),
    "Beale": lambda x, y: sum((c - x * (1 - y**k)) ** 2 for k, c in ((1, 1.5), (2, 2.25), (3, 2.625))),
}


@pytest.mark.parametrize("f", EVERY, ids=lambda f: f.name)
def test_floats_arrays_and_tensors_are_taken(f: surfaces.Surface) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-2, 2, (2, 5))
    expected = [KNOWN[f.name](a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert f(x, y) == pytest.approx(expected)
    assert [f(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)] == pytest.approx(expected)
    assert f(ac.tensor(x), ac.tensor(y)).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("f", EVERY, ids=lambda f: f.name)
def test_the_minimum_is_where_it_is_said_to_be(f: surfaces.Surface) -> None:
    (x0, x1), (y0, y1) = f.bounds
    assert x0 < f.start[0] < x1 and y0 < f.start[1] < y1
    if f.minimum is None:
        assert f(0.0, 50.0) < -1000
        return
    place = ac.tensor(f.minimum, dtype=ac.float64, requires_grad=True)
    least = f(place[0], place[1])
    least.backward()
    assert least.item() == pytest.approx(0, abs=1e-12)
    assert place.grad.tolist() == pytest.approx([0, 0], abs=1e-9)
    x, y = np.meshgrid(np.linspace(x0, x1, 301), np.linspace(y0, y1, 301))
    assert f(x, y).min() >= -1e-12


def test_the_local_minimum_is_one_behind_a_pass() -> None:
    f = surfaces.local_minimum
    assert f(1.0, 0.0) == pytest.approx(2.1296)
    assert f(1.0, 0.0) < min(f(1.0 + a, b) for a in (-0.1, 0, 0.1) for b in (-0.1, 0, 0.1) if (a, b) != (0, 0))
    assert f(0.2, 0.0) > max(f(0.1, 0.0), f(0.3, 0.0), f(1.0, 0.0))


def test_the_saddle_is_flat_in_the_middle() -> None:
    f = surfaces.saddle
    assert f(0.0, 0.0) == 0
    assert f(0.1, 0.0) > 0 > f(0.0, 0.1)


@pytest.mark.parametrize("name", surfaces.__all__[1:])
def test_each_says_what_it_is(name: str) -> None:
    surface = getattr(surfaces, name)
    assert surface.__doc__ == surface.doc != surfaces.Surface.__doc__ and "x" in surface.doc
    assert surfaces.Surface(surface.fn, "f", surface.bounds, None, surface.start).__doc__ == surfaces.Surface.__doc__
