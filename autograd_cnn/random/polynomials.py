"""The Box-Muller transform in single precision, as PyTorch's vector kernel evaluates it, bit for bit.

The kernel takes log, sin and cos from the Cephes polynomials (S. Moshier, netlib.org/cephes, `logf.c` and `sinf.c`) and
steps through them with fused multiply-adds, each rounded once to float32. NumPy has no fused multiply-add; here the
product is formed in float64, where 24 x 24 bits are exact, the sum is rounded to 53 bits, and then to 24. The two
roundings differ from the one only if the 53-bit sum lands on the middle between two float32 numbers without being
there: about one step in a thousand million. Where product or sum is exact in float32 already, a plain step does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


def _i32(value: int) -> NDArray[np.int32]:
    return np.array(value, np.int32)  # 0-d arrays, not scalars: half the cost of each small operation


def _f32(value: float) -> F32:
    return np.array(value, np.float32)


def _constants(*values: float) -> tuple[F64, ...]:
    return tuple(_f32(v).astype(np.float64) for v in values)  # float32 numbers, held in double


_ZERO, _ONE, _HALF, _MINUS_HALF, _MINUS_TWO = _f32(0.0), _f32(1.0), _f32(0.5), _f32(-0.5), _f32(-2.0)
_TWO_PI, _FOUR_OVER_PI, _TO_UNIT = _f32(2.0 * np.pi), _f32(1.27323954473516), _f32(2.0**-24)
_I1, _I2, _I4, _EVEN, _TO_SIGN, _TWO_TO_SIGN, _ALL = map(_i32, (1, 2, 4, ~1, 29, 30, 31))
_SQRT_HALF_BITS, _FRACTION_BITS, _FRACTION = _i32(0x3F3504F3), _i32(0x007FFFFF), _i32(23)  # sqrt(1/2) in float32
_COUNTS_BITS, _COUNTS = _f32(24), np.array(1 << 24, np.uint32)
_LOG = _constants(
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
_COS = _constants(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_SIN = _constants(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_PI_4_HIGH, _PI_4_MID = _f32(-0.78515625), _f32(-2.4187564849853515625e-4)  # -pi/4 in three parts
(_PI_4_LOW,) = _constants(-3.77489497744594108e-8)
_LN2_HIGH = _f32(0.693359375)  # ln 2 in two parts; the first has so few bits that its products are exact
_LN2_LOW = _f32(-2.12194440e-4)


def _horner(x: F64, coefficients: Sequence[F64], work: F64) -> F32:
    """((c0 x + c1) x + c2) ..., each step rounded to float32. `work` is overwritten."""
    rounded = np.empty(x.shape, np.float32)
    np.multiply(x, coefficients[0], out=work)
    work += coefficients[1]
    for c in coefficients[2:]:
        rounded[...] = work
        work[...] = rounded
        work *= x
        work += c
    rounded[...] = work
    return rounded


def _fma(a: F32, b: F64, c: F32, work: F64) -> F32:
    """a b + c, rounded to float32, into a. `work` is overwritten."""
    work[...] = a
    work *= b
    work += c
    a[...] = work
    return a


def log_of_count(count: NDArray[np.uint32]) -> F32:
    """ln(count · 2^-24) for counts 1 … 2^24."""
    x = count.view(np.int32).astype(np.float32)
    bits = x.view(np.int32)
    bits -= _SQRT_HALF_BITS
    exponent = (bits >> _FRACTION).astype(np.float32)  # count = m · 2^exponent with m in [sqrt(1/2), sqrt(2))
    exponent -= _COUNTS_BITS
    bits &= _FRACTION_BITS
    bits += _SQRT_HALF_BITS
    x -= _ONE  # m - 1, exact
    z = x * x
    m, work = x.astype(np.float64), np.empty(x.shape)
    y = _horner(m, _LOG, work)
    y *= x
    m[...] = z
    y = _fma(y, m, exponent * _LN2_LOW, work)
    z *= _HALF
    y -= z
    y += x
    exponent *= _LN2_HIGH
    y += exponent
    return y


def sin_cos(x: F32) -> tuple[F32, F32]:
    """sin x and cos x for x in [0, 2 pi]; x is overwritten."""
    octant = (x * _FOUR_OVER_PI).astype(np.int32)
    octant += _I1
    octant &= _EVEN
    y = octant.astype(np.float32)
    x += y * _PI_4_HIGH  # these two products are exact: the constants have few bits
    x += y * _PI_4_MID
    wide, work = y.astype(np.float64), np.empty(x.shape)
    wide *= _PI_4_LOW
    wide += x
    x[...] = wide

    z = x * x
    wide[...] = z
    cos = _horner(wide, _COS, work)
    cos *= z
    half = z * _MINUS_HALF
    cos = _fma(cos, wide, half, work)
    cos += _ONE
    sin = _horner(wide, _SIN, work)
    sin *= z
    wide[...] = x
    sin = _fma(sin, wide, x, work)

    # Octants 2 and 6 swap the two; the signs follow the quadrant. All on the bits, without a branch.
    s, c = sin.view(np.int32), cos.view(np.int32)
    swap = octant << _TWO_TO_SIGN
    swap >>= _ALL
    swap &= s ^ c
    s ^= swap
    c ^= swap
    s ^= (octant & _I4) << _TO_SIGN
    octant -= _I2
    c ^= (~octant & _I4) << _TO_SIGN
    return sin, cos


def box_muller(counts: NDArray[np.uint32], out: F32, mean: float, std: float) -> None:
    """Normals from uniforms, in blocks of 16: counts (16 k,) of 24 bits -> out (16 k,).

    With u = counts · 2^-24, for each block and j = 0 … 7:  r = sqrt(-2 ln(1 - u[j])),  t = 2 pi u[j + 8],
    out[j] = r cos t · std + mean,  out[j + 8] = r sin t · std + mean.
    """
    blocks, filled = counts.reshape(-1, 2, 8), out.reshape(-1, 2, 8)
    radius = log_of_count(np.subtract(_COUNTS, blocks[:, 0]).reshape(-1))
    radius *= _MINUS_TWO
    np.sqrt(radius, out=radius)
    theta = blocks[:, 1].astype(np.float32).reshape(-1)
    theta *= _TO_UNIT
    theta *= _TWO_PI
    sin, cos = sin_cos(theta)
    for half, wave in enumerate((cos, sin)):
        wave *= radius
        if mean == 0.0:  # the product alone is rounded; + 0 turns -0 into 0 as the addition would
            wave *= np.float32(std)
            wave += _ZERO
            filled[:, half] = wave.reshape(-1, 8)
        else:
            wide = wave.astype(np.float64)
            wide *= float(np.float32(std))
            wide += float(np.float32(mean))
            filled[:, half] = wide.reshape(-1, 8)
