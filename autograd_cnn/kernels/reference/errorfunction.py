"""erf, erfc and erfinv in NumPy, as accurate as their dtypes.

Sources: W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969), and his program CALERF (float64);
a minimax quotient of odd and even polynomials for float32, which needs no branches; a minimax polynomial for the normal tail.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

_NEAR = (
    (1.85777706184603153e-1, 3.16112374387056560e00, 1.13864154151050156e02, 3.77485237685302021e02, 3.20937758913846947e03),
    (1.0, 2.36012909523441209e01, 2.44024637934444173e02, 1.28261652607737228e03, 2.84423683343917062e03),
)
_MIDDLE = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e0,
        6.61191906371416295e01,
        2.98635138197400131e02,
        8.81952221241769090e02,
        1.71204761263407058e03,
        2.05107837782607147e03,
        1.23033935479799725e03,
    ),
    (
        1.0,
        1.57449261107098347e01,
        1.17693950891312499e02,
        5.37181101862009858e02,
        1.62138957456669019e03,
        3.29079923573345963e03,
        4.36261909014324716e03,
        3.43936767414372164e03,
        1.23033935480374942e03,
    ),
)
_FAR = (
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (1.0, 2.56852019228982242e00, 1.87295284992346725e00, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3),
)
_SINGLE = (
    (
        1.91110559273911e-08,
        -1.94232885366622e-06,
        1.47287939390387e-04,
        3.99061376033881e-03,
        5.15249965441005e-02,
        2.07126102895402e-01,
        1.12837909394777e00,
    ),
    (1.02112431177286e-03, 1.49581464133184e-02, 1.17971101210901e-01, 5.16891976826682e-01, 1.0),
)
# 2Φ(−x)·e^(x²/2) by powers of t = 1/(1 + 0.4·√½·x), highest first: minimax in the relative error, 7e-9
_NORMAL = (
    -0.0292149847,
    0.140446038,
    -0.235525778,
    0.137559624,
    -0.046893863,
    0.0839158071,
    0.119008466,
    0.171739258,
    0.207613731,
    0.22567586,
    0.225675835,
    0.0,
)
_ROOT_PI = math.sqrt(math.pi)


def _polynomial(coefficients: Sequence[float], x: Any) -> Any:
    """Horner's scheme, highest power first, in place."""
    y = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        y *= x
        y += c
    return y


def _quotient(of: tuple[Sequence[float], Sequence[float]], x: Any) -> Any:
    return _polynomial(of[0], x) / _polynomial(of[1], x)


def _bell(y: Any) -> Any:
    """e^(−y²), with y split so that the square's rounding error does not grow."""
    coarse = np.trunc(y * 16) / 16
    return np.exp(-coarse * coarse) * np.exp(-(y - coarse) * (y + coarse))


def _tail(y: Any) -> Any:
    """erfc(y) for y > 0.46875, flat float64."""
    result = np.zeros_like(y)
    middle = y <= 4
    m = y[middle]
    result[middle] = _quotient(_MIDDLE, m) * _bell(m)
    far = (y > 4) & (y < 27)  # beyond, it is below the smallest number
    f = y[far]
    z = 1 / (f * f)
    result[far] = (1 / _ROOT_PI - z * _quotient(_FAR, z)) / f * _bell(f)
    result[np.isnan(y)] = np.nan
    return result


def _double(x: Any, complement: bool) -> Any:
    """erf, or 1 − erf without cancellation, of a float64 array of any shape."""
    flat = np.ravel(x)
    y = np.abs(flat)
    result = np.empty_like(flat)
    near = y <= 0.46875
    n = flat[near]
    inner = n * _quotient(_NEAR, n * n)
    result[near] = 1 - inner if complement else inner
    rest = ~near
    r, tail = flat[rest], _tail(y[rest])
    result[rest] = np.where(r < 0, 2 - tail, tail) if complement else np.copysign(1 - tail, r)
    return result.reshape(np.shape(x))


def erf(x: Any) -> Any:
    """2/√π ∫₀ˣ e^(−t²) dt, in the dtype of x (float16, float32, float64).

    >>> round(float(erf(np.float64(1.0))), 14)
    0.84270079294971
    """
    if x.dtype == np.float64:
        return _double(x, complement=False)
    return _single(x.astype(np.float32, copy=False)).astype(x.dtype, copy=False)


_CHUNK = 32768  # entries whose five passes stay in the cache: six times as fast as passes over a large array


def _single(x: Any) -> Any:
    """erf of float32, within 4 units in the last place."""
    flat = np.ravel(x)
    result = np.empty_like(flat)
    for start in range(0, flat.size, _CHUNK):
        z = np.clip(flat[start : start + _CHUNK], np.float32(-3.8325068), np.float32(3.8325068))  # there it is ±1
        square = z * z
        z *= _polynomial(_SINGLE[0], square)
        z /= _polynomial(_SINGLE[1], square)
        np.clip(z, -1, 1, out=result[start : start + _CHUNK])  # the quotient's last bit may go beyond
    return result.reshape(np.shape(x))


def normal(x: Any) -> tuple[Any, Any]:
    """Φ(x) = ½ (1 + erf(x/√2)), the normal distribution function, without cancellation where it is small, and e^(−x²/2); in x's dtype.

    >>> [f"{float(v):.4e}" for v in normal(np.float32(-10.0))]
    ['7.6199e-24', '1.9287e-22']
    """
    if x.dtype == np.float64:
        return _double(x * -math.sqrt(0.5), complement=True) * 0.5, np.exp(x * x * -0.5)
    z = x.astype(np.float32, copy=False)
    bell = np.exp(z * z * np.float32(-0.5))
    t = np.abs(z)
    t *= np.float32(0.4 * math.sqrt(0.5))
    t += 1
    small = _polynomial(_NORMAL, 1 / t)
    small *= bell
    small *= np.float32(0.5)
    y = np.where(z > 0, 1 - small, small)
    return y.astype(x.dtype, copy=False), bell.astype(x.dtype, copy=False)


def erfc(x: Any) -> Any:
    """1 − erf(x), without cancellation, in the dtype of x.

    >>> f"{erfc(np.float64(10.0)):.13e}"
    '2.0884875837625e-45'
    """
    return _double(x.astype(np.float64, copy=False), complement=True).astype(x.dtype, copy=False)


_CENTRE = (
    (-0.140543331, 0.914624893, -1.645349621, 0.886226899),
    (0.012229801, -0.329097515, 1.442710462, -2.118377725, 1.0),
)
_OUTER = ((1.641345311, 3.429567803, -1.624906493, -1.970840454), (1.637067800, 3.543889200, 1.0))


def erfinv(y: Any) -> Any:
    """The x with erf(x) = y; ±inf at ±1, NaN outside of [−1, 1]. A rational start, then two of Halley's steps.

    >>> round(float(erf(erfinv(np.float64(0.3)))), 15)
    0.3
    """
    v = y.astype(np.float64, copy=False)
    magnitude = np.abs(v)
    z = np.sqrt(-np.log((1 - magnitude) / 2))
    square = v * v
    x = np.where(magnitude <= 0.7, magnitude * _quotient(_CENTRE, square), _quotient(_OUTER, z))
    for _ in range(2):
        # the smaller of erf and erfc, so that the difference does not cancel
        miss = np.where(magnitude <= 0.5, erf(x) - magnitude, (1 - magnitude) - erfc(x))
        step = miss * (_ROOT_PI / 2) * np.exp(x * x)
        x = x - step / (1 + x * step)
    x = np.where(magnitude < 1, x, np.where(magnitude == 1, np.inf, np.nan))
    return np.copysign(x, v).astype(y.dtype, copy=False)
