"""What an operation of your own is written with, in one import.

    from autograd_cnn.extend import Case, check_primitive, primitive

    @primitive(label="cube")
    def cube(x):
        return x**3

    @cube.vjp("x")
    def _(g, x):
        return 3 * g * x**2

    @cube.cases
    def _(draw):
        return Case(draw.array())

    check_primitive(cube)

A rule receives arrays, or tensors where the backward pass is recorded: `shape_of` and its kin ask either.
"""

from __future__ import annotations

from ..engine.variable import array_of, dtype_of, ndim_of, shape_of, size_of
from ..ops.registry.expose import expose
from ..primitives.cases import Bad, Case, Draw
from ..primitives.primitive import primitive
from ..support.listing import listed
from ..testing import check_primitive

__all__ = ["Bad", "Case", "Draw", "array_of", "check_primitive", "dtype_of", "expose", "ndim_of", "primitive", "shape_of", "size_of"]


def __dir__() -> list[str]:
    return listed(globals())
