"""Named tuples of the operations with several results, as `torch.return_types`.

>>> max(values=3.0, indices=1).indices
1
"""

from __future__ import annotations

from typing import Any, NamedTuple


def _text(self: Any) -> str:
    fields = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"torch.return_types.{type(self).__name__}(\n{fields})"


class max(NamedTuple):
    """The greatest values along a dim, and where they stand."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return _text(self)


class min(NamedTuple):
    """The smallest values along a dim, and where they stand."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return _text(self)


class aminmax(NamedTuple):
    """The smallest and the greatest values."""

    min: Any
    max: Any

    def __repr__(self) -> str:
        return _text(self)


class median(NamedTuple):
    """The (lower) medians along a dim, and where they stand."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return _text(self)


class nanmedian(NamedTuple):
    """The (lower) medians along a dim without NaNs, and where they stand."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return _text(self)


class mode(NamedTuple):
    """The most frequent values along a dim, and where they stand."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return _text(self)


class sort(NamedTuple):
    """The entries in order, and where each stood."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return _text(self)


class topk(NamedTuple):
    """The k greatest (or smallest) entries, and where they stand."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return _text(self)


class kthvalue(NamedTuple):
    """The k-th smallest entries, and where they stand."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return _text(self)


class cummax(NamedTuple):
    """The greatest so far, and where they stand."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return _text(self)


class cummin(NamedTuple):
    """The smallest so far, and where they stand."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return _text(self)


class frexp(NamedTuple):
    """Mantissa and exponent."""

    mantissa: Any
    exponent: Any

    def __repr__(self) -> str:
        return _text(self)


class slogdet(NamedTuple):
    """The sign of a determinant, and the logarithm of its magnitude."""

    sign: Any
    logabsdet: Any

    def __repr__(self) -> str:
        return _text(self)


class qr(NamedTuple):
    """An orthonormal and an upper triangular factor."""

    Q: Any
    R: Any

    def __repr__(self) -> str:
        return _text(self)


class svd(NamedTuple):
    """Left singular vectors, singular values, right singular vectors as columns."""

    U: Any
    S: Any
    V: Any

    def __repr__(self) -> str:
        return _text(self)


class linalg_svd(NamedTuple):
    """Left singular vectors, singular values, right singular vectors as rows."""

    U: Any
    S: Any
    Vh: Any

    def __repr__(self) -> str:
        return _text(self)


class linalg_eigh(NamedTuple):
    """Eigenvalues, ascending, and eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any

    def __repr__(self) -> str:
        return _text(self)


class histogram(NamedTuple):
    """The counts in each bin, and the bins' edges."""

    hist: Any
    bin_edges: Any

    def __repr__(self) -> str:
        return _text(self)
