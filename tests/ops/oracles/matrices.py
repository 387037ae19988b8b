"""Inverse, determinant, solution and Cholesky factor: elimination and expansion by loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .table import oracle


def _each(fn: Any, *arrays: Any) -> Any:
    """`fn` of each matrix of the batch."""
    lead = arrays[0].shape[:-2]
    found = [fn(*(a[at] for a in arrays)) for at in np.ndindex(*lead)]
    return np.array(found).reshape((*lead, *np.shape(found[0])))


def _solved(A: Any, B: Any) -> Any:
    """Gauss and Jordan: the rows of (A | B) until A is the identity."""
    n = len(A)
    rows = [[float(v) for v in (*A[i], *B[i])] for i in range(n)]
    for i in range(n):
        best = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[best] = rows[best], rows[i]
        rows[i] = [v / rows[i][i] for v in rows[i]]
        for r in range(n):
            if r != i:
                rows[r] = [v - rows[r][i] * w for v, w in zip(rows[r], rows[i], strict=True)]
    return np.array([row[n:] for row in rows])


def _expanded(A: Any) -> float:
    """The determinant, along the first row."""
    if not len(A):
        return 1.0
    return sum((-1) ** j * float(A[0, j]) * _expanded(np.delete(A[1:], j, axis=1)) for j in range(len(A)))


def _factor(A: Any) -> Any:
    n = len(A)
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            rest = A[i, j] - sum(L[i, k] * L[j, k] for k in range(j))
            L[i, j] = math.sqrt(rest) if i == j else rest / L[j, j]
    return L


@oracle("inv")
def _(A: Any) -> Any:
    return _each(lambda a: _solved(a, np.eye(len(a))), A)


@oracle("solve")
def _(A: Any, B: Any) -> Any:
    return _each(_solved, A, B)


@oracle("det")
def _(A: Any) -> Any:
    return _each(_expanded, A)


@oracle("slogdet")
def _(A: Any) -> Any:
    y = _each(_expanded, A)
    return np.sign(y), np.log(np.abs(y))


@oracle("cholesky")
def _(A: Any) -> Any:
    return _each(_factor, A)
