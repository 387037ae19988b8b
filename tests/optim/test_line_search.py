"""The line search by what it must give: minima of cubics that are known, steps that satisfy the strong Wolfe conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from autograd_cnn.optim.lbfgs.line_search import Point, cubic_minimum, strong_wolfe

NOTHING = np.zeros(0)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """As LBFGS calls it: through a straight line there is no cubic."""
    with np.errstate(all="ignore"):
        yield


def point(t: float, f: Callable[[float], float], slope: Callable[[float], float]) -> Point:
    return Point(t, f(t), NOTHING, slope(t))


def cubic(t: float) -> float:
    return t**3 - 3 * t  # least at 1, greatest at −1


def its_slope(t: float) -> float:
    return 3 * t**2 - 3


@pytest.mark.parametrize(("a", "b"), [(0.0, 3.0), (3.0, 0.0), (0.5, 1.25), (1.25, 0.5), (-0.5, 4.0), (4.0, -0.5)])
def test_the_least_place_of_a_cubic_from_either_side(a: float, b: float) -> None:
    assert cubic_minimum(point(a, cubic, its_slope), point(b, cubic, its_slope)) == pytest.approx(1.0, abs=1e-12)


def test_a_cubic_within_bounds() -> None:
    ends = point(0.0, cubic, its_slope), point(3.0, cubic, its_slope)
    assert cubic_minimum(*ends, (2.0, 4.0)) == 2.0
    assert cubic_minimum(*ends, (0.0, 0.25)) == 0.25
    assert cubic_minimum(*ends, (0.0, 1.5)) == pytest.approx(1.0)
    assert cubic_minimum(ends[0], ends[0], (2.0, 4.0)) == 0.0  # twice the same place: no cubic


@pytest.mark.parametrize("turned", [False, True])
def test_a_cubic_that_only_rises_gives_the_middle(turned: bool) -> None:
    ends = [point(t, lambda t: t**3 + t, lambda t: 3 * t**2 + 1) for t in (-2.0, 1.0)]
    assert cubic_minimum(*(ends[::-1] if turned else ends)) == -0.5


FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "a parabola": (lambda t: (t - 2) ** 2, lambda t: 2 * (t - 2)),
    "a far one": (lambda t: (t - 300) ** 2, lambda t: 2 * (t - 300)),
    "a near one": (lambda t: (t - 1e-3) ** 2, lambda t: 2 * (t - 1e-3)),
    "steep, then flat": (lambda t: -t / (t * t + 2), lambda t: (t * t - 2) / (t * t + 2) ** 2),
    "waves": (lambda t: 0.1 * t * t - np.sin(3 * t), lambda t: 0.2 * t - 3 * np.cos(3 * t)),
    "a wall": (lambda t: -t + t**16 / 16, lambda t: -1 + t**15),
    "a kink": (lambda t: abs(t - 0.7) + 0.1 * t * t, lambda t: np.sign(t - 0.7) + 0.2 * t),
}


@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 30.0])
@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n != "a kink"])
def test_the_strong_wolfe_conditions_hold(name: str, first: float) -> None:
    f, slope = FUNCTIONS[name]
    start = point(0.0, f, slope)
    seen: list[Point] = []

    def evaluate(t: float) -> Point:
        seen.append(point(t, f, slope))
        return seen[-1]

    best, evaluations = strong_wolfe(evaluate, start, first, reach=1.0)
    assert evaluations == len(seen) <= 26
    assert best in seen and best.t > 0
    assert best.f <= start.f + 1e-4 * best.t * start.slope
    assert abs(best.slope) <= 0.9 * abs(start.slope)


def test_a_good_first_step_costs_one_evaluation() -> None:
    f, slope = FUNCTIONS["a parabola"]
    best, evaluations = strong_wolfe(lambda t: point(t, f, slope), point(0.0, f, slope), 1.5, reach=1.0)
    assert (best.t, evaluations) == (1.5, 1)


def test_where_no_step_is_flat_the_lowest_counts_and_the_search_ends() -> None:
    """The slope jumps from −0.86 to 1.14 at 0.7: flat enough is neither side for a strict condition, the bracket shrinks around it."""
    f, slope = FUNCTIONS["a kink"]
    best, evaluations = strong_wolfe(lambda t: point(t, f, slope), point(0.0, f, slope), 1.0, reach=1.0, c2=0.5)
    assert best.t == pytest.approx(0.7, abs=0.02) and evaluations <= 26
    _, evaluations = strong_wolfe(lambda t: point(t, f, slope), point(0.0, f, slope), 1.0, reach=1.0, c2=0.5, max_ls=3)
    assert evaluations == 4
    coarse, evaluations = strong_wolfe(lambda t: point(t, f, slope), point(0.0, f, slope), 1.0, reach=1e-10, c2=0.5)
    assert evaluations == 1 and coarse.t in (0.0, 1.0)  # a bracket of that reach is no more than rounding


def test_a_function_that_only_falls_ends_at_the_limit() -> None:
    start = Point(0.0, 0.0, NOTHING, -1.0)
    best, evaluations = strong_wolfe(lambda t: Point(t, -float(t), NOTHING, -1.0), start, 1.0, reach=1.0, c2=0.5, max_ls=4)
    assert (best.t, evaluations) == (1e4, 5)  # each time ten times as far
