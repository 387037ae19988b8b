"""Named tuples of the operations with several results, as `torch.return_types`.

>>> max(values=3.0, indices=1).indices
1
"""

from __future__ import annotations

from typing import Any, NamedTuple


def _text(self: Any) -> str:
    fields = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"autograd_cnn.return_types.{type(self).__name__}(\n{fields})"


class max(NamedTuple):
    """The greatest values along a dim, and where they stand."""

    values: Any
    indices: Any
    __repr__ = _text


class min(NamedTuple):
    """The smallest values along a dim, and where they stand."""

    values: Any
    indices: Any
    __repr__ = _text


class aminmax(NamedTuple):
    """The smallest and the greatest values."""

    min: Any
    max: Any
    __repr__ = _text


class median(NamedTuple):
    """The (lower) medians along a dim, and where they stand."""

    values: Any
    indices: Any
    __repr__ = _text


class nanmedian(NamedTuple):
    """The (lower) medians along a dim without NaNs, and where they stand."""

    values: Any
    indices: Any
    __repr__ = _text


class mode(NamedTuple):
    """The most frequent values along a dim, and where they stand."""

    values: Any
    indices: Any
    __repr__ = _text


class sort(NamedTuple):
    """The entries in order, and where each stood."""

    values: Any
    indices: Any
    __repr__ = _text


class topk(NamedTuple):
    """The k greatest (or smallest) entries, and where they stand."""

    values: Any
    indices: Any
    __repr__ = _text


class kthvalue(NamedTuple):
    """The k-th smallest entries, and where they stand."""

    values: Any
    indices: Any
    __repr__ = _text


class cummax(NamedTuple):
    """The greatest so far, and where they stand."""

    values: Any
    indices: Any
    __repr__ = _text


class cummin(NamedTuple):
    """The smallest so far, and where they stand."""

    values: Any
    indices: Any
    __repr__ = _text


class frexp(NamedTuple):
    """Mantissa and exponent."""

    mantissa: Any
    exponent: Any
    __repr__ = _text
