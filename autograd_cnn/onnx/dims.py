"""Sizes that vary: `Dim`, a number that was another in each trace."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class OnnxError(RuntimeError):
    """What ONNX has no words for, or a file that is none."""


class Dim:
    """A size that varies, as what it was in each trace. Arithmetic is done in all of them at once; a result that does not vary is an int.

    >>> n = Dim((2, 3, 7))
    >>> n * 4, n - n, 2 * n // n
    (Dim(8, 12, 28), 0, 2)
    """

    __slots__ = ("samples",)

    def __init__(self, samples: Sequence[int]) -> None:
        self.samples = tuple(samples)

    def __repr__(self) -> str:
        return f"Dim{self.samples}"

    def _by(self, other: Any, fn: Callable[[Any, Any], Any]) -> Any:
        theirs = other.samples if isinstance(other, Dim) else (other,) * len(self.samples)
        return varying([fn(a, b) for a, b in zip(self.samples, theirs, strict=True)])

    def __add__(self, other: Any) -> Any:
        return self._by(other, operator.add)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._by(other, operator.sub)

    def __rsub__(self, other: Any) -> Any:
        return self._by(other, lambda a, b: b - a)

    def __mul__(self, other: Any) -> Any:
        return self._by(other, operator.mul)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        return self._by(other, operator.floordiv)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._by(other, lambda a, b: b // a)

    def __mod__(self, other: Any) -> Any:
        return self._by(other, operator.mod)

    def __rmod__(self, other: Any) -> Any:
        return self._by(other, lambda a, b: b % a)

    def __neg__(self) -> Any:
        return varying([-a for a in self.samples])

    def _same(self, other: Any, fn: Callable[[Any, Any], bool]) -> bool:
        theirs = other.samples if isinstance(other, Dim) else (other,) * len(self.samples)
        found = {bool(fn(a, b)) for a, b in zip(self.samples, theirs, strict=True)}
        if len(found) > 1:
            self._fixed()
        return found.pop()

    def __lt__(self, other: Any) -> bool:
        return self._same(other, operator.lt)

    def __le__(self, other: Any) -> bool:
        return self._same(other, operator.le)

    def __gt__(self, other: Any) -> bool:
        return self._same(other, operator.gt)

    def __ge__(self, other: Any) -> bool:
        return self._same(other, operator.ge)

    def __eq__(self, other: object) -> bool:
        return self.samples == other.samples if isinstance(other, Dim) else False

    def __hash__(self) -> int:
        return hash(self.samples)

    def __bool__(self) -> bool:
        return self._same(0, operator.ne)

    def _fixed(self) -> Any:
        raise OnnxError(
            f"onnx.export: the computation depends on a size that varies ({', '.join(map(str, self.samples))} in the traces) in a way that "
            "no shape of the file gives. Leave that dim out of dynamic_axes."
        )

    __int__ = __index__ = __float__ = _fixed


def varying(samples: Sequence[int]) -> Any:
    """The number that was this in each trace: an int, or a `Dim`."""
    return samples[0] if all(s == samples[0] for s in samples) else Dim(samples)


def merged(found: Sequence[Any], where: str) -> Any:
    """One parameter, from what it was in each trace."""
    first = found[0]
    if len(found) == 1:
        return first
    if isinstance(first, tuple | list) and all(type(f) is type(first) and len(f) == len(first) for f in found):
        return type(first)(merged(part, where) for part in zip(*found, strict=True))
    if isinstance(first, slice):
        return slice(*(merged([getattr(f, part) for f in found], where) for part in ("start", "stop", "step")))
    if all(isinstance(f, int | np.integer) and not isinstance(f, bool) for f in found):
        return varying([int(f) for f in found])
    if all(f is first for f in found) or all(type(f) is type(first) and _equal(f, first) for f in found):
        return first
    raise OnnxError(
        f"onnx.export: {where} is another for other sizes of the dynamic axes ({first!r}, {found[1]!r}). Expected sizes alone to vary: "
        "leave that dim out of dynamic_axes."
    )


def _equal(a: Any, b: Any) -> bool:
    if hasattr(a, "dtype") and hasattr(a, "shape"):
        return bool(a.shape == b.shape and np.array_equal(np.asarray(a), np.asarray(b), equal_nan=np.asarray(a).dtype.kind == "f"))
    return bool(a == b) or (hasattr(a, "__code__") and a.__code__ is b.__code__) or (a != a and b != b)
