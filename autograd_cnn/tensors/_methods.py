"""The named methods and operators of Tensor and Scalar, filled from the operations' own tables (`ops/registry/expose.py`).

A generated stub, `_methods.pyi`, tells editors and type checkers their signatures (`python -m tools.stubs`
rewrites it; a test holds it to the tables).
"""

from __future__ import annotations

from .attributes import TensorAttributes


class TensorMethods(TensorAttributes):
    """Every operation that is also a method."""

    __slots__ = ()


class ScalarMethods:
    """Every operation on numbers that is also a method."""

    __slots__ = ()
