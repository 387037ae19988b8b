"""An operation's own examples: `Case` (arguments that must work), `Bad` (arguments that must fail, with the text), `Draw`.

They stand beside the rule they feed. `autograd_cnn.testing` draws from them, at random or through hypothesis, for the
generated gradient tests, the documentation and the demos.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Case:
    """Arguments of one call: raw inputs in order, parameters by name.

    `smooth=False` says that the operation has no derivative to test here (random draws, integers). `tolerance` multiplies
    the usual one where the mathematics is ill-conditioned.
    """

    __slots__ = ("inputs", "params", "smooth", "tolerance")

    def __init__(self, *inputs: Any, smooth: bool = True, tolerance: float = 1.0, **params: Any) -> None:
        self.inputs = inputs
        self.params = params
        self.smooth = smooth
        self.tolerance = tolerance

    def __repr__(self) -> str:
        given = [repr(x) for x in self.inputs] + [f"{k}={v!r}" for k, v in self.params.items()]
        return f"Case({', '.join(given)})"


class Bad:
    """A call that must fail: `error` is the exception type, `match` a regular expression its text must contain."""

    __slots__ = ("error", "inputs", "match", "params")

    def __init__(self, *inputs: Any, error: type[Exception], match: str, **params: Any) -> None:
        self.inputs = inputs
        self.params = params
        self.error = error
        self.match = match


class Draw(Protocol):
    """Where a case takes its values from. Arrays come in the dtype under test (float64 unless the test says otherwise)."""

    def shape(self, min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4) -> tuple[int, ...]:
        """A shape."""
        ...

    def shapes(self, n: int, max_dims: int = 3, max_side: int = 3) -> tuple[tuple[int, ...], ...]:
        """`n` shapes that broadcast against each other."""
        ...

    def array(
        self,
        shape: Sequence[int] | None = None,
        low: float | None = None,
        high: float | None = None,
        avoid: float | Sequence[float] = (),
        distinct: bool = False,
    ) -> Any:
        """A floating array within [low, high] (-2 and 2 where they are left out), no entry near a value of `avoid` (the operation's kinks and poles).

        What a case does not exclude, it must stand: exact zeros (unless `avoid` has 0 or the range has not), equal entries (unless
        `distinct=True`, which keeps all entries well apart, for max, sort, and the like) and, where no range is given, huge ones, which
        are drawn for one check alone: where the result is finite, no gradient is NaN."""
        ...

    def integers(self, shape: Sequence[int], low: int, high: int) -> Any:
        """An int64 array with low <= entries < high."""
        ...

    def booleans(self, shape: Sequence[int]) -> Any:
        """A bool array."""
        ...

    def real(self, low: float, high: float) -> float:
        """A Python float in [low, high]."""
        ...

    def integer(self, low: int, high: int) -> int:
        """A Python int in [low, high], both ends included."""
        ...

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        ...

    def boolean(self) -> bool:
        """True or False."""
        ...

    def dim(self, ndim: int) -> int:
        """A dim of an array of `ndim` dims, counted from either end."""
        ...

    def dims(self, ndim: int, min_size: int = 0) -> tuple[int, ...]:
        """Several different dims, counted from either end."""
        ...
