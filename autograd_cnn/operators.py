"""Which operation stands behind which operator of Tensor."""

from __future__ import annotations

from .attach import attach
from .ops import arithmetic as a
from .ops import linalg as l
from .tensor import Tensor, TensorMethods

OPERATORS = {"add": a._add, "sub": a._sub, "mul": a._mul, "truediv": a._div, "floordiv": a.floor_divide, "pow": a.pow, "neg": a._neg,
             "matmul": l.matmul}  # fmt: skip

attach(Tensor, TensorMethods, OPERATORS, inplace=True)
