"""Where cases take their values from: `RandomDraw`, at random from a seed; `HypothesisDraw`, from hypothesis, which shrinks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from .needs import hypothesis

T = TypeVar("T")
_HUGE = (1e3, 1e8, 1e15, 1e19, 1e30, 1e38, 1e100, 1e154, 1e300)  # squares, cubes and exponentials overflow, in float32 or float64


def _has_zero(low: float, high: float, kinks: Sequence[float]) -> bool:
    """Is 0 inside the range, not at its border, and away from what is to be avoided?"""
    return low < 0 < high and all(abs(k) >= 0.02 * (high - low) for k in kinks)


class RandomDraw:
    """Implements `Draw` of `primitives.cases` with NumPy's generator: the same seed draws the same cases. `huge`: half of the entries of
    arrays whose case names no range are far beyond it.

    >>> RandomDraw(0).integers((3,), 0, 10).shape
    (3,)
    """

    def __init__(self, seed: int, dtype: Any = np.float64, huge: bool = False) -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype = np.dtype(dtype)
        self.huge = huge

    def shape(self, min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4) -> tuple[int, ...]:
        """A shape."""
        dims = self.integer(min_dims, max(min_dims, max_dims))
        return tuple(self.integer(min_side, max_side) for _ in range(dims))

    def shapes(self, n: int, max_dims: int = 3, max_side: int = 3) -> tuple[tuple[int, ...], ...]:
        """`n` shapes that broadcast against each other: each is a common one with leading dims left out or sizes set to 1."""
        full = self.shape(max_dims=max_dims, max_side=max_side)
        made = []
        for _ in range(n):
            cut = full[self.integer(0, len(full)) :] if self.rng.random() < 0.5 else full
            made.append(tuple(1 if self.rng.random() < 0.25 else s for s in cut))
        return tuple(made)

    def array(
        self,
        shape: Sequence[int] | None = None,
        low: float | None = None,
        high: float | None = None,
        avoid: float | Sequence[float] = (),
        distinct: bool = False,
    ) -> Any:
        """A floating array within [low, high], a step away from each value of `avoid` and, with `distinct`, entries well apart. Without,
        one array in three has an exact 0 where it may be, and one in three equal entries. One array in four is not contiguous."""
        size = tuple(self.shape() if shape is None else shape)
        n = math.prod(size)
        huge = self.huge and low is None and high is None  # then any number will do
        low, high = -2.0 if low is None else low, 2.0 if high is None else high
        flat = self._apart(n, low, high) if distinct else self.rng.uniform(low, high, n)
        margin = 0.02 * (high - low)
        kinks = (avoid,) if isinstance(avoid, (int, float)) else tuple(avoid)
        for kink in kinks:
            near = np.abs(flat - kink) < margin
            up = np.where(flat >= kink, 1.0, -1.0)
            up = np.where(kink + margin > high, -1.0, np.where(kink - margin < low, 1.0, up))
            flat = np.where(near, kink + up * (margin + 0.5 * np.abs(flat - kink)), flat)
        if n and not distinct:
            self._make_special(flat, _has_zero(low, high, kinks))
        if n and huge:
            level = self.rng.choice(_HUGE) * self.rng.uniform(0.5, 1.0, n)
            flat = np.where(self.rng.random(n) < 0.5, np.sign(flat) * level, flat)
        return self._laid_out(flat.astype(self.dtype).reshape(size))

    def _apart(self, n: int, low: float, high: float) -> Any:
        """n numbers, one in each of n equal cells of [low, high], away from the cells' borders, shuffled."""
        cell = (high - low) / max(n, 1)
        return low + cell * (self.rng.permutation(n) + self.rng.uniform(0.25, 0.75, n))

    def _make_special(self, flat: Any, zero: bool) -> None:
        n = len(flat)
        if self.rng.random() < 1 / 3:
            flat[self.rng.integers(n)] = flat[self.rng.integers(n)]
        if zero and self.rng.random() < 1 / 3:
            flat[self.rng.integers(n, size=self.rng.integers(1, 3))] = 0.0

    def _laid_out(self, x: Any) -> Any:
        if x.ndim and x.size and self.rng.random() < 0.25:
            wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
            wide[..., ::2] = x
            return wide[..., ::2]
        return x

    def integers(self, shape: Sequence[int], low: int, high: int) -> Any:
        """An int64 array with low <= entries < high."""
        return np.asarray(self.rng.integers(low, high, tuple(shape)))

    def booleans(self, shape: Sequence[int]) -> Any:
        """A bool array."""
        return np.asarray(self.rng.random(tuple(shape)) < 0.5)

    def real(self, low: float, high: float) -> float:
        """A Python float in [low, high]."""
        return float(self.rng.uniform(low, high))

    def integer(self, low: int, high: int) -> int:
        """A Python int in [low, high], both ends included."""
        return int(self.rng.integers(low, high + 1))

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.integer(0, len(options) - 1)]

    def boolean(self) -> bool:
        """True or False."""
        return bool(self.rng.random() < 0.5)

    def dim(self, ndim: int) -> int:
        """A dim of an array of `ndim` dims, counted from either end."""
        return self.integer(-ndim, ndim - 1)

    def dims(self, ndim: int, min_size: int = 0) -> tuple[int, ...]:
        """Several different dims, counted from either end."""
        count = self.integer(min(min_size, ndim), ndim)
        picked = self.rng.permutation(ndim)[:count]
        return tuple(int(d) - (ndim if self.boolean() else 0) for d in picked)


class HypothesisDraw:
    """Implements `Draw` of `primitives.cases` with hypothesis: sizes shrink to the smallest, entries to simple numbers near zero.

    `draw` is what `st.composite` or `st.data()` hand out:

        @given(st.data())
        def test(data):
            case = my_primitive.draw_case(HypothesisDraw(data.draw))
    """

    _STEPS = 16  # entries are multiples of 1/16 of the range's larger end

    def __init__(self, draw: Any, dtype: Any = np.float64, huge: bool = False) -> None:
        self.st = hypothesis("HypothesisDraw").strategies
        self.pick = draw
        self.dtype = np.dtype(dtype)
        self.huge = huge

    @property
    def rng(self) -> np.random.Generator:
        """A NumPy generator for values that need not shrink."""
        return np.random.default_rng(self.integer(0, 2**16))

    def shape(self, min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4) -> tuple[int, ...]:
        """A shape."""
        dims = self.integer(min_dims, max(min_dims, max_dims))
        return tuple(self.integer(min_side, max_side) for _ in range(dims))

    def shapes(self, n: int, max_dims: int = 3, max_side: int = 3) -> tuple[tuple[int, ...], ...]:
        """`n` shapes that broadcast against each other."""
        full = self.shape(max_dims=max_dims, max_side=max_side)
        made = []
        for _ in range(n):
            cut = full[self.integer(0, len(full)) :]
            made.append(tuple(1 if self.boolean() else s for s in cut))
        return tuple(made)

    def array(
        self,
        shape: Sequence[int] | None = None,
        low: float | None = None,
        high: float | None = None,
        avoid: float | Sequence[float] = (),
        distinct: bool = False,
    ) -> Any:
        """A floating array within [low, high], a step away from each value of `avoid`; `distinct`: all entries different."""
        size = tuple(self.shape() if shape is None else shape)
        n = math.prod(size)
        huge = self.huge and low is None and high is None  # then any number will do
        low, high = -2.0 if low is None else low, 2.0 if high is None else high
        kinks = [avoid] if isinstance(avoid, (int, float)) else list(avoid)
        steps = max(self._STEPS, 2 * n + 4 * len(kinks) + 4)
        margin = 0.02 * (high - low)
        grid = [low + (high - low) * (i + 0.5) / steps for i in range(steps)]
        grid = [float(v) for v in grid if all(abs(v - k) >= margin for k in kinks)]
        if not distinct and _has_zero(low, high, kinks):
            grid.append(0.0)
        if not distinct and huge:
            grid += [sign * level for level in _HUGE for sign in (1.0, -1.0)]
        grid.sort(key=lambda v: (abs(v), v < 0))
        if not distinct:
            entries = [self.pick(self.st.sampled_from(grid)) for _ in range(n)]
        else:
            entries = list(self.pick(self.st.permutations(grid[:n]))) if n else []
        return np.array(entries, self.dtype).reshape(size)

    def integers(self, shape: Sequence[int], low: int, high: int) -> Any:
        """An int64 array with low <= entries < high."""
        entries = [self.integer(low, high - 1) for _ in range(math.prod(shape))]
        return np.array(entries, np.int64).reshape(tuple(shape))

    def booleans(self, shape: Sequence[int]) -> Any:
        """A bool array."""
        return np.array([self.boolean() for _ in range(math.prod(shape))], bool).reshape(tuple(shape))

    def real(self, low: float, high: float) -> float:
        """A Python float in [low, high]."""
        return float(low + (high - low) * self.integer(0, self._STEPS) / self._STEPS)

    def integer(self, low: int, high: int) -> int:
        """A Python int in [low, high], both ends included."""
        return int(self.pick(self.st.integers(low, high)))

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.integer(0, len(options) - 1)]

    def boolean(self) -> bool:
        """True or False."""
        return bool(self.pick(self.st.booleans()))

    def dim(self, ndim: int) -> int:
        """A dim of an array of `ndim` dims, counted from either end."""
        return self.integer(-ndim, ndim - 1)

    def dims(self, ndim: int, min_size: int = 0) -> tuple[int, ...]:
        """Several different dims, counted from either end."""
        count = self.integer(min(min_size, ndim), ndim)
        picked = self.pick(self.st.permutations(list(range(ndim))))[:count]
        return tuple(int(d) - (ndim if self.boolean() else 0) for d in picked)
