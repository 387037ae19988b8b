"""What a measurement gives: one number of ours, the other side's beside it, and the bar."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

HERE = "autograd_cnn"


@dataclass(frozen=True)
class Result:
    """One number of ours, the other side's beside it, and the bar: on the ratio (ours over theirs) or on ours alone."""

    what: str
    here: float
    unit: str
    beside: float | None = None
    side: str = ""
    ratio_at_most: float | None = None
    here_at_most: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over theirs."""
        return None if self.beside is None else self.here / self.beside

    @property
    def holds(self) -> bool | None:
        """Is the bar held? None without a bar, or without the other side."""
        if self.here_at_most is not None:
            return self.here <= self.here_at_most
        if self.ratio_at_most is None or self.ratio is None:
            return None
        return self.ratio <= self.ratio_at_most

    @property
    def bar_text(self) -> str:
        """The bar in words."""
        if self.here_at_most is not None:
            return f"≤ {self.here_at_most:g} {self.unit}"
        return "" if self.ratio_at_most is None else f"ratio ≤ {self.ratio_at_most:g}"

    def asdict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "ratio": self.ratio, "holds": self.holds}


def geometric_mean(ratios: Iterable[float]) -> float:
    """exp of the mean logarithm: the mean that treats "twice" and "half" alike."""
    logs = [math.log(r) for r in ratios]
    return math.exp(sum(logs) / len(logs))
