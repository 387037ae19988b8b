"""Products of matrices (see `kernels/matmul.py`)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..memory import allocator, threads
from ..memory.allocator import FLOAT
from . import api, dispatch, gate
from .plans import Builder, Plan, factor, in_precision, plan

_SMALL = 1_000_000  # multiplications up to which OpenBLAS's call costs less


def matmul(a: Any, b: Any, out: Any = None) -> Any:
    """a · b of two matrices, or of two stacks of equally many, each in row-major order or transposed."""
    if a.dtype is not FLOAT or b.dtype is not FLOAT or not (1 < a.ndim == b.ndim < 4):
        return NotImplemented
    work = a.size * b.shape[-1]
    if (work < _SMALL and not (work and dispatch.forced())) or not dispatch.active() or a.shape[:-2] != b.shape[:-2]:
        return NotImplemented
    orders = _order(a), _order(b)
    if None in orders or (out is not None and not (out.dtype is FLOAT and out.flags.c_contiguous)):
        return NotImplemented
    run = _plan(a.shape, b.shape, orders, bias=False)
    if run is None:
        return NotImplemented
    y = allocator.empty((*a.shape[:-1], b.shape[-1])) if out is None else out
    run.multiply(a, b, (), y)
    return y


def linear(x: Any, w: Any, bias: Any) -> Any:
    """x · wᵀ + bias.   (N, I), (O, I), (O) → (N, O)"""
    if x.dtype is not FLOAT or w.dtype is not FLOAT or bias is None or bias.dtype is not FLOAT or not (x.ndim == w.ndim == 2):
        return NotImplemented
    if x.size * len(w) < _SMALL or not dispatch.active() or bias.shape != w.shape[:1]:
        return NotImplemented
    if not (x.flags.c_contiguous and w.flags.c_contiguous and bias.flags.c_contiguous):
        return NotImplemented
    run = _plan(x.shape, w.shape[::-1], (_ROWS, _COLUMNS), bias=True)
    if run is None:
        return NotImplemented
    y = allocator.empty((len(x), len(w)))
    run.multiply(x, w.T, (bias,), y)
    return y


class _Product(NamedTuple):
    """A product's primitive, and what rounds its factors."""

    run: Plan
    casts: tuple[Plan | None, Plan | None] = (None, None)

    def multiply(self, a: Any, b: Any, bias: tuple[Any, ...], y: Any) -> None:
        """y = a · b + bias"""
        self.run(factor(self.casts[0], "factor", a), factor(self.casts[1], "other factor", b), *bias, y)


_ROWS, _COLUMNS = 0, 1


def _order(x: Any) -> int | None:
    """Does a matrix of the stack stand row by row or column by column in memory? None for neither."""
    if x.flags.c_contiguous:
        return _ROWS
    return _COLUMNS if (x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)).flags.c_contiguous else None


def _plan(a: Any, b: Any, orders: Any, bias: bool) -> Any:
    return plan(threads.for_work(2.0 * math.prod(a) * b[-1]), _build, a, b, orders, bias, dispatch.precision())


def matrix(b: Builder, rows: int, columns: int, turned: bool = False) -> Any:
    """The descriptor of a matrix; `turned`: it stands column by column in memory."""
    return _ordered(b, (rows, columns), _COLUMNS if turned else _ROWS)


def _ordered(b: Builder, shape: Any, order: int, kind: int = api.F32) -> Any:
    return b.md(shape, _TAGS[len(shape), order], kind, gate.TURNED if order == _COLUMNS else gate.ROWS)


def _build(b: Builder, left: Any, right: Any, orders: Any, bias: bool, precision: int) -> Any:
    return in_precision(precision, lambda kind: _made(b, left, right, orders, bias, kind))


def _made(b: Builder, left: Any, right: Any, orders: Any, bias: bool, kind: int) -> _Product:
    x, w = (_ordered(b, s, o, kind) for s, o in zip((left, right), orders, strict=True))
    y = b.rows((*left[:-1], right[-1]))
    row = b.rows((1, right[-1])) if bias else None
    made = b.descriptor("matmul", b.lib.engine, x, w, row, y, b.attributes())
    run = b.plan(made, [(api.SRC, x), (api.WEIGHTS, w), *([(api.BIAS, row)] if bias else []), (api.DST, y)])
    if kind == api.F32:
        return _Product(run)
    return _Product(run, (b.rounded(_ordered(b, left, orders[0]), x), b.rounded(_ordered(b, right, orders[1]), w)))


_TAGS = {(2, _ROWS): api.ROW_MAJOR[2], (3, _ROWS): api.ROW_MAJOR[3], (2, _COLUMNS): api.BA, (3, _COLUMNS): api.ACB}
