"""Is it nearly the same, the same, among these?"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.complaints import no_tensor
from ...engine.variable import unbox
from ...errors import DtypeError, expected
from ...primitives.cases import Bad, Case
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.promotion import Array, align
from ..registry.derived import taken
from ..registry.expose import expose
from .comparison import _pair


@expose("function method")
@primitive(label="≈", family="compare", variables=("input", "other"))
def isclose(input: Array, other: Array, *, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Array:
    """y = |input − other| ≤ atol + rtol · |other|, or both equal; with `equal_nan` NaN is close to NaN.   (*), (*) → (*) bool

    Raises:
        RuntimeError: different dtypes or negative tolerances.

    >>> import autograd_cnn as ac
    >>> ac.isclose(ac.tensor([1., 2.]), ac.tensor([1.000001, 2.1]))
    tensor([ True, False])
    """
    if input.dtype != other.dtype:
        raise DtypeError(expected("isclose", f"two tensors of one dtype ({input.dtype})", str(other.dtype), "Convert with .to(dtype)."))
    if rtol < 0 or atol < 0:
        raise RuntimeError(expected("isclose", "rtol and atol greater than or equal to zero", f"rtol={rtol}, atol={atol}"))
    close = np.equal(input, other)
    if equal_nan and input.dtype.kind == "f":
        close = close | (np.isnan(input) & np.isnan(other))
    if rtol == 0 and atol == 0:
        return close
    x, z = (input, other) if input.dtype.kind in "fc" else (input.astype(np.float64), other.astype(np.float64))
    near = np.abs(x - z)
    return close | (np.isfinite(near) & (near <= atol + np.abs(rtol * z)))


isclose.cases(_pair)


@isclose.bad_cases
def _() -> Any:
    yield Bad(np.ones(2), np.ones(2, np.float32), error=RuntimeError, match="two tensors of one dtype")
    yield Bad(np.ones(2), np.ones(2), rtol=-1.0, error=RuntimeError, match="greater than or equal to zero")


@isclose.onnx
def _(to: Emit, input: Any, other: Any, *, rtol: Any, atol: Any, equal_nan: Any) -> Any:
    if input.dtype.kind != "f":
        input, other = to.cast(input, np.float64), to.cast(other, np.float64)
    near = to.LessOrEqual(to.Abs(to.Sub(input, other)), to.Add(to.Mul(to.Abs(other), float(rtol)), float(atol)))
    finite = to.And(to.Not(to.IsInf(input)), to.Not(to.IsInf(other)))
    y = to.Or(to.Equal(input, other), to.And(near, finite))
    return to.Or(y, to.And(to.IsNaN(input), to.IsNaN(other))) if equal_nan else y


@expose("function method")
def allclose(input: Array, other: Array, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Are all entries close: |input − other| ≤ atol + rtol · |other|?

    >>> import autograd_cnn as ac
    >>> ac.allclose(ac.tensor([1., 2.]), ac.tensor([1., 2.000001]))
    True
    """
    taken("allclose()", input, other)
    return bool(unbox(isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)).all())


@expose("function method")
def equal(input: Array, other: Array) -> bool:
    """Have both the same shape and the same entries? (NaN equals nothing.)

    >>> import autograd_cnn as ac
    >>> ac.equal(ac.tensor([1, 2]), ac.tensor([1, 2]))
    True
    """
    x, z = unbox(input), unbox(other)
    for position, v in enumerate((x, z)):
        if not hasattr(v, "shape"):
            name = ("input", "other")[position]
            raise no_tensor(v, "equal", name, position + 1)
    taken("equal()", input, other)
    return bool(x.shape == z.shape and np.equal(*align(x, z)).all())


@expose("function")
@primitive(label="in", family="compare")
def isin(elements: Array, test_elements: Array, *, assume_unique: bool = False, invert: bool = False) -> Array:
    """Which of the elements are among the test elements (with `invert`: which are not).   (*), (*) → (*) bool

    `assume_unique` promises that neither holds an entry twice, which is quicker.

    >>> import autograd_cnn as ac
    >>> ac.isin(ac.tensor([1, 2, 3]), ac.tensor([3, 1]))
    tensor([ True, False,  True])
    """
    return np.isin(elements, test_elements, assume_unique=assume_unique, invert=invert)


isin.source("np.isin(elements, test_elements, invert=invert)")


@isin.onnx
def _(to: Emit, elements: Any, test_elements: Any, *, assume_unique: Any, invert: Any) -> Any:
    elements, test_elements = to.alike(elements, test_elements)
    flat = to.Reshape(test_elements, [-1])
    hits = to.cast(to.Equal(to.Unsqueeze(elements, [-1]), flat), np.int32)
    y = to.Greater(to.reduce("Sum", hits, (len(elements.shape),)), to.const(0, np.int32))
    return to.Not(y) if invert else y


isin.cases(lambda draw: Case(draw.integers((2, 3), 0, 5), draw.integers((3,), 0, 5), smooth=False))
