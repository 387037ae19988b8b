"""How numbers of several processes become one."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np

from .errors import DistBackendError

__all__ = ["ReduceOp"]


class ReduceOp(Enum):
    """SUM, AVG (÷ the number of processes), PRODUCT, MIN, MAX, and BAND, BOR, BXOR bit by bit."""

    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR = "SUM", "AVG", "PRODUCT", "MIN", "MAX", "BAND", "BOR", "BXOR"

    def __repr__(self) -> str:
        return f"<RedOpType.{self.name}: {list(ReduceOp).index(self)}>"


_MPI = {"SUM": "SUM", "AVG": "SUM", "PRODUCT": "PROD", "MIN": "MIN", "MAX": "MAX", "BAND": "BAND", "BOR": "BOR", "BXOR": "BXOR"}


def reducible(operation: str, op: Any, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which to reduce. MPI knows no halves and adds no bools: halves are summed as float32 and rounded once, bools as bytes.

    Raises:
        TypeError: `op` is no ReduceOp.
        DistBackendError: that operation of that dtype means nothing.
    """
    if not isinstance(op, ReduceOp):
        raise TypeError(f"{operation}: op={op!r}; expected a ReduceOp, as ReduceOp.SUM.")
    kind = dtype.kind
    bits = op in (ReduceOp.BAND, ReduceOp.BOR, ReduceOp.BXOR)
    if (bits and kind not in "iub") or (op in (ReduceOp.MIN, ReduceOp.MAX) and kind == "c") or (op is ReduceOp.AVG and kind not in "fc"):
        raise DistBackendError(f"{operation}: ReduceOp.{op.name} of {dtype} is not defined.")
    if kind == "b":
        return np.dtype(np.uint8)
    return np.dtype(np.float32) if dtype.itemsize == 2 and kind == "f" else dtype


def mpi_op(mpi: Any, op: ReduceOp, dtype: np.dtype[Any]) -> Any:
    """MPI's name of it. A sum of bools is whether any is true, their product whether all are."""
    if dtype.kind == "b" and op in (ReduceOp.SUM, ReduceOp.PRODUCT):
        return mpi.MAX if op is ReduceOp.SUM else mpi.MIN
    return getattr(mpi, _MPI[op.name])
