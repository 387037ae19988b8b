"""The methods and operators of Tensor and Scalar: those written out in `methods/`, and those that the operations' own tables name.

A generated stub, `_methods.pyi`, tells editors and type checkers the signatures of the latter (`python -m tools.stubs` rewrites it; a
test holds it to the tables).
"""

from __future__ import annotations

from .methods.attributes import TensorAttributes
from .methods.inplace_arithmetic import InplaceArithmetic
from .methods.inplace_functions import InplaceFunctions
from .methods.inplace_parts import InplaceParts
from .methods.operators import Operators, ScalarOperators


class TensorMethods(TensorAttributes, Operators, InplaceArithmetic, InplaceFunctions, InplaceParts):
    """Every operation that is also a method."""

    __slots__ = ()


class ScalarMethods(ScalarOperators):
    """Every operation on numbers that is also a method."""

    __slots__ = ()
