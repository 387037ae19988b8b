"""A step length that satisfies the strong Wolfe conditions, by bracketing and zooming with cubic interpolation.

Along the direction d from x, with φ(t) = f(x + t·d), a step t is good when

    φ(t) ≤ φ(0) + c₁ · t · φ′(0)        it descends enough        (Armijo)
    |φ′(t)| ≤ c₂ · |φ′(0)|              and is flat enough        (curvature)

The order of the tests and the safeguards are those of PyTorch's LBFGS, so that both take the same steps.
Source: Nocedal and Wright, Numerical optimization, algorithms 3.5 and 3.6; Schmidt's minFunc.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Point(NamedTuple):
    """One step length that was tried: t, φ(t), the gradient there, and φ′(t)."""

    t: Any
    f: float
    g: Array
    slope: Any


Evaluate = Callable[[Any], Point]


def strong_wolfe(
    evaluate: Evaluate,
    start: Point,
    t: Any,
    reach: Any,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance_change: float = 1e-9,
    max_ls: int = 25,
) -> tuple[Point, int]:
    """The best point found, and how often the objective was evaluated.

    `evaluate(t)` gives the point at step length t; `start` is the one at t = 0; `reach` is the greatest |dᵢ|.
    """
    search = _Search(evaluate, start, c1, c2)
    bracket, done = search.bracket(t, max_ls)
    if not done:
        bracket = search.zoom(bracket, reach, tolerance_change, max_ls)
    return min(bracket, key=lambda point: point.f), search.evaluations


class _Search:
    def __init__(self, evaluate: Evaluate, start: Point, c1: float, c2: float) -> None:
        self._evaluate = evaluate
        self.start = start
        self.c1 = c1
        self.c2 = c2
        self.evaluations = 0

    def at(self, t: Any) -> Point:
        self.evaluations += 1
        return self._evaluate(t)

    def too_high(self, point: Point) -> bool:
        return bool(point.f > self.start.f + self.c1 * point.t * self.start.slope)

    def flat(self, point: Point) -> bool:
        return bool(abs(point.slope) <= -self.c2 * self.start.slope)

    def bracket(self, t: Any, max_ls: int) -> tuple[list[Point], bool]:
        """Two points around a good one, or (with True) the good one itself."""
        previous, point = self.start, self.at(t)
        for tries in range(max_ls):
            if self.too_high(point) or (tries > 1 and point.f >= previous.f):
                return [previous, point], False
            if self.flat(point):
                return [point], True
            if point.slope >= 0:
                return [previous, point], False
            bounds = (point.t + 0.01 * (point.t - previous.t), point.t * 10)
            following = cubic_minimum(previous, point, bounds)
            previous, point = point, self.at(following)
        return [self.start, point], False

    def zoom(self, bracket: list[Point], reach: Any, tolerance_change: float, max_ls: int) -> list[Point]:
        """Narrow the bracket until its lower end is good, it is too small, or the evaluations are used up."""
        low, high = (0, 1) if bracket[0].f <= bracket[1].f else (1, 0)
        stuck = False
        while self.evaluations <= max_ls:
            if abs(bracket[1].t - bracket[0].t) * reach < tolerance_change:
                break
            t, stuck = _inside(cubic_minimum(bracket[0], bracket[1]), bracket, stuck)
            point = self.at(t)
            if self.too_high(point) or point.f >= bracket[low].f:
                bracket[high] = point
                low, high = (0, 1) if bracket[0].f <= bracket[1].f else (1, 0)
                continue
            good = self.flat(point)
            if not good and point.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = point
            if good:
                break
        return [bracket[low], bracket[high]]


def _inside(t: Any, bracket: list[Point], stuck: bool) -> tuple[Any, bool]:
    """`t`, moved a tenth of the bracket inwards when it is close to an end for the second time, or beyond it."""
    left, right = min(bracket[0].t, bracket[1].t), max(bracket[0].t, bracket[1].t)
    margin = 0.1 * (right - left)
    if not min(right - t, t - left) < margin:
        return t, False
    if stuck or t >= right or t <= left:
        return (right - margin if abs(t - right) < abs(t - left) else left + margin), False
    return t, True


def cubic_minimum(a: Point, b: Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """Where the cubic through both values and slopes is least, kept within the bounds (the two points by default)."""
    least, greatest = bounds if bounds is not None else (a.t, b.t) if a.t <= b.t else (b.t, a.t)
    if a.t == b.t:
        return a.t
    d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t)
    square = d1**2 - a.slope * b.slope
    if not square >= 0:
        return (least + greatest) / 2.0
    d2 = np.sqrt(square)
    if a.t <= b.t:
        t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    else:
        t = a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2))
    return min(max(t, least), greatest)
