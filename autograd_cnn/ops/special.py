"""The error function and its kin."""

from __future__ import annotations

import math

import numpy as np

from ..engine.cases import Case, Draw
from ..engine.primitive import primitive
from ..kernels import errorfunction
from .elementwise import exp
from .expose import expose
from .floats import total
from .promotion import Array, floating

_SLOPE = 2 / math.sqrt(math.pi)  # of erf at 0


@expose("function method inplace")
@primitive(family="arithmetic", derivative="2/√π · e^(−x²)")
def erf(input: Array) -> Array:
    """y = 2/√π ∫₀ˣ e^(−t²) dt.   (*) → (*)   [Cody 1969]

    >>> import autograd_cnn as ac
    >>> ac.erf(ac.tensor([0., 1.]))
    tensor([0.0000, 0.8427])
    """
    return errorfunction.erf(floating(input))


erf.kernel(float)(math.erf)


@erf.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * (exp(-(input * input)) * _SLOPE)


@erf.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=-5.0, high=5.0))


@expose("function method inplace")
@primitive(family="arithmetic", derivative="−2/√π · e^(−x²)")
def erfc(input: Array) -> Array:
    """y = 1 − erf(input), without cancellation where erf is near 1.   (*) → (*)   [Cody 1969]

    >>> import autograd_cnn as ac
    >>> ac.erfc(ac.tensor([0., 1.]))
    tensor([1.0000, 0.1573])
    """
    return errorfunction.erfc(floating(input))


erfc.kernel(float)(math.erfc)


@erfc.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * (exp(-(input * input)) * -_SLOPE)


@erfc.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=-5.0, high=5.0))


@expose("function method inplace")
@primitive(family="arithmetic", derivative="√π/2 · e^(y²)")
def erfinv(input: Array) -> Array:
    """The y with erf(y) = input; ±inf at ±1, NaN outside of [−1, 1].   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.erfinv(ac.tensor([0., 0.5]))
    tensor([0.0000, 0.4769])
    """
    return errorfunction.erfinv(floating(input))


erfinv.kernel(float)(total(lambda input: float(errorfunction.erfinv(np.float64(input))), lambda input: input))


@erfinv.vjp("input")
def _(g: Array, y: Array) -> Array:
    return g * (exp(y * y) * (1 / _SLOPE))


@erfinv.cases
def _(draw: Draw) -> Case:
    return Case(draw.array(low=-0.9, high=0.9))
