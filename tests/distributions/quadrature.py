"""Integrals in NumPy: Gauss's rule in panels, after a substitution that brings the ends of the support to ±∞, where densities vanish fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True)
class Points:
    """Places of the support in ascending order, and what each weighs: Σ f(x) w is the integral of f."""

    x: Array
    w: Array
    ends: Array  # of the panels

    def integral(self, values: Array) -> float:
        return float((values * self.w).sum())

    def up_to(self, density: Array) -> tuple[Array, Array]:
        """(places, the integral of the density up to there), at the upper ends of the panels."""
        return self.ends[1:], np.cumsum((density * self.w).reshape(-1, len(NODES)).sum(1))


def panels(low: float, high: float, count: int, of: Callable[[Array], tuple[Array, Array]]) -> Points:
    """Gauss's points of t in panels from low to high, seen through x(t), x′(t)."""
    ends = np.linspace(low, high, count + 1)
    middle, half = (ends[1:] + ends[:-1]) / 2, (ends[1:] - ends[:-1]) / 2
    t = (middle[:, None] + half[:, None] * NODES).reshape(-1)
    x, slope = of(t)
    return Points(x, slope * (half[:, None] * WEIGHTS).reshape(-1), of(ends)[0])


def line(centre: float = 0.0, scale: float = 1.0) -> Points:
    """(−∞, ∞), with an end of two panels at the centre: x = centre + scale · sinh t."""
    return panels(-40, 40, 160, lambda t: (centre + scale * np.sinh(t), scale * np.cosh(t)))


def above(low: float = 0.0) -> Points:
    """(low, ∞): x = low + eᵗ."""
    return panels(-40, 40, 160, lambda t: (low + np.exp(t), np.exp(t)))


def between(low: float, high: float) -> Points:
    """(low, high): x = low + (high − low) σ(t)."""

    def of(t: Array) -> tuple[Array, Array]:
        s = 1 / (1 + np.exp(-t))
        return low + (high - low) * s, (high - low) * s * (1 - s)

    return panels(-30, 30, 120, of)


def plane(reach: float = 12.0, count: int = 241) -> tuple[Array, float]:
    """A square grid around 0 and what each point weighs: for smooth functions that vanish at its edge exact to rounding."""
    t = np.linspace(-reach, reach, count)
    a, b = np.meshgrid(t, t, indexing="ij")
    return np.stack([a.reshape(-1), b.reshape(-1)], -1), float((t[1] - t[0]) ** 2)
