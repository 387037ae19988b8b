"""Which operation stands behind which operator of Tensor."""

from __future__ import annotations

from ..ops.elementwise import arithmetic as a
from ..ops.elementwise import comparison as c
from ..ops.elementwise import logical as b
from ..ops.elementwise import rounding as r
from ..ops.elementwise.power import pow
from ..ops.linalg import matrix_products as l
from ._methods import TensorMethods
from .methods import attach
from .tensor import Tensor

OPERATORS = {"add": a._add, "sub": a._sub, "mul": a.mul, "truediv": a._div, "floordiv": a.floor_divide, "pow": pow, "neg": a.neg,
             "matmul": l.matmul, "eq": c.eq, "ne": c.ne, "lt": c.lt, "le": c.le, "gt": c.gt, "ge": c.ge, "and": b.bitwise_and,
             "or": b.bitwise_or, "xor": b.bitwise_xor, "invert": b.bitwise_not, "lshift": b.bitwise_left_shift,
             "rshift": b.bitwise_right_shift, "mod": r.remainder, "abs": r.abs, "pos": r.positive}  # fmt: skip

attach(Tensor, TensorMethods, OPERATORS, inplace=True)
