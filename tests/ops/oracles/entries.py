"""Operations entry by entry, by the math module."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .table import entrywise, nan_loses, nan_wins, oracle


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _round(x: float, decimals: int = 0) -> float:
    return float(round(x * 10**decimals)) / 10**decimals


def _power(a: float, b: float) -> float:
    """Of integers an integer: 1/a^|b| is cut to 0, but for a = ±1."""
    if isinstance(a, int) and isinstance(b, int) and b < 0:
        return math.trunc(a**b) if a else 0
    return a**b


def _erfinv(y: float) -> float:
    x = 0.0
    for _ in range(60):
        x -= (math.erf(x) - y) / (2 / math.sqrt(math.pi) * math.exp(-x * x))
    return x


FLOATS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "floor_divide": lambda a, b: math.floor(a / b),
    "div_floor": lambda a, b: math.floor(a / b),
    "trunc_divide": lambda a, b: math.trunc(a / b),
    "power": lambda a, exponent: math.inf if a == 0 and exponent < 0 else a**exponent,
    "power_of": _power,
    "maximum": nan_wins(max),
    "minimum": nan_wins(min),
    "fmax": nan_loses(max),
    "fmin": nan_loses(min),
    "exp": math.exp,
    "exp2": lambda a: 2.0**a,
    "expm1": math.expm1,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "log1p": math.log1p,
    "logaddexp": lambda a, b: math.log(math.exp(a) + math.exp(b)),
    "logaddexp2": lambda a, b: math.log2(2**a + 2**b),
    "sqrt": math.sqrt,
    "rsqrt": lambda a: 1 / math.sqrt(a),
    "reciprocal": lambda a: 1 / a,
    "sigmoid": sigmoid,
    "xlogy": lambda a, b: math.nan if math.isnan(b) else 0.0 if a == 0 else a * math.log(b),
    "logit": lambda a, eps=None: (lambda p: math.log(p / (1 - p)))(a if eps is None else min(max(a, eps), 1 - eps)),
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "atan2": math.atan2,
    "hypot": lambda a, b: math.inf if math.inf in (abs(a), abs(b)) else math.sqrt(a * a + b * b),
    "sinc": lambda a: 1.0 if a == 0 else math.sin(math.pi * a) / (math.pi * a),
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": math.acosh,
    "atanh": math.atanh,
    "erf": math.erf,
    "erfc": math.erfc,
    "erfinv": _erfinv,
    "relu": nan_wins(lambda a: a if a > 0 else 0.0),
    "hardtanh": lambda a, min_val, max_val: min_val if a < min_val else max_val if a > max_val else a,
    "threshold": nan_wins(lambda a, threshold, value: a if a > threshold else value),
    "leaky_relu": lambda a, negative_slope: a if a >= 0 else negative_slope * a,
    "hardsigmoid": lambda a: min(max(a / 6 + 0.5, 0.0), 1.0),
    "hardswish": lambda a: a * min(max(a + 3, 0.0), 6.0) / 6,
    "hardshrink": nan_wins(lambda a, lambd: a if a > lambd or a < -lambd else 0.0),
    "softshrink": nan_wins(lambda a, lambd: a - lambd if a > lambd else a + lambd if a < -lambd else 0.0),
    "elu": lambda a, alpha=1.0, scale=1.0, input_scale=1.0: scale * (a if a > 0 else alpha * math.expm1(a * input_scale)),
    "silu": lambda a: a * sigmoid(a),
    "mish": lambda a: a * math.tanh(math.log1p(math.exp(a))),
    "logsigmoid": lambda a: math.log(sigmoid(a)),
    "softplus": lambda a, beta, threshold: a if a * beta > threshold else math.log1p(math.exp(beta * a)) / beta,
    "softsign": lambda a: a / (1 + abs(a)),
    "gelu": lambda a, approximate: (
        0.5 * a * (1 + math.erf(a / math.sqrt(2)))
        if approximate == "none"
        else 0.5 * a * (1 + math.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))
    ),
    "abs": abs,
    "sign": lambda a: float((a > 0) - (a < 0)),
    "copysign": math.copysign,
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "round": _round,
    "frac": lambda a: a - math.trunc(a),
    "remainder": lambda a, b: a - b * math.floor(a / b),
    "fmod": math.fmod,
    "lerp": lambda a, b, w: b - (b - a) * (1 - w) if abs(w) >= 0.5 else a + w * (b - a),
    "heaviside": lambda a, v: v if a == 0 else float(a > 0),
    "clamp": lambda a, min=None, max=None: max if max is not None and a > max else min if min is not None and a < min else a,
    "clamp from below": nan_wins(lambda a, b: b if a < b else a),
    "clamp from above": nan_wins(lambda a, b: b if a > b else a),
    "where": lambda c, a, b: a if c else b,
    "copied": lambda a, b: b,
    "filled": lambda a, value: value,
    "nan_to_num": lambda a, nan, posinf, neginf: (
        (0.0 if nan is None else nan)
        if math.isnan(a)
        else (np.finfo(float).max if posinf is None else posinf)
        if a == math.inf
        else (np.finfo(float).min if neginf is None else neginf)
        if a == -math.inf
        else a
    ),
    "clone": lambda a, memory_format=None: a,
    "cast": lambda a, dtype: a,
}
for _name, _fn in FLOATS.items():
    entrywise(_name, _fn)

BOOLS: dict[str, Callable[..., Any]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "isnan": math.isnan,
    "isinf": math.isinf,
    "isfinite": math.isfinite,
    "isposinf": lambda a: a == math.inf,
    "isneginf": lambda a: a == -math.inf,
    "isreal": lambda a: True,
    "signbit": lambda a: math.copysign(1, a) < 0,
    "logical_and": lambda a, b: bool(a) and bool(b),
    "logical_or": lambda a, b: bool(a) or bool(b),
    "logical_xor": lambda a, b: bool(a) != bool(b),
    "logical_not": lambda a: not a,
    "isclose": lambda a, b, rtol, atol, equal_nan: (
        (a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= atol + rtol * abs(b)))
        if not math.isnan(a) and not math.isnan(b)
        else equal_nan and math.isnan(a) and math.isnan(b)
    ),
}
for _name, _fn in BOOLS.items():
    entrywise(_name, _fn, bool)
INTEGERS: dict[str, Callable[..., Any]] = {
    "bitwise_and": lambda a, b: a & b,
    "bitwise_or": lambda a, b: a | b,
    "bitwise_xor": lambda a, b: a ^ b,
    "bitwise_not": lambda a: (not a) if isinstance(a, bool) else ~a,
    "bitwise_left_shift": lambda a, b: a << b if b < 64 else 0,
    "bitwise_right_shift": lambda a, b: a >> b,
    "gcd": math.gcd,
    "lcm": math.lcm,
}
for _name, _fn in INTEGERS.items():
    entrywise(_name, _fn, np.int64)


entrywise("masked", lambda x, m, scale: x * m * scale)


@oracle("prelu")
def _(x: Any, w: Any) -> Any:
    y = np.array(x)
    for at in np.ndindex(*x.shape):
        slope = w.reshape(-1)[0] if w.size == 1 else w[at[1]] if w.ndim == 1 and x.ndim > 1 else np.broadcast_to(w, x.shape)[at]
        y[at] = x[at] if x[at] >= 0 else slope * x[at]
    return y


@oracle("isin")
def _(e: Any, test: Any, assume_unique: bool, invert: bool) -> Any:
    found = set(np.asarray(test).reshape(-1).tolist())
    return np.array([(v in found) != invert for v in np.asarray(e).reshape(-1).tolist()], bool).reshape(np.shape(e))


def _normal_density(a: float) -> float:
    return math.exp(-a * a / 2) / math.sqrt(2 * math.pi)


def _mish_slope(a: float) -> float:
    if a == math.inf:
        return 1.0
    t = math.tanh(math.log1p(math.exp(a)))
    return t + a * sigmoid(a) * (1 - t * t)


_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(60)


def _sinc_slope(a: float, order: int) -> float:
    """sin(πa)/(πa) = ∫ cos(πat) dt over 0 ≤ t ≤ 1, differentiated within."""
    if abs(a) > 20:
        raise ValueError("too many waves for so few points")
    t = math.pi * (_POINTS + 1) / 2
    return float(np.dot(_WEIGHTS / 2, t**order * np.cos(t * a + order * math.pi / 2)))


entrywise("gelu slope", lambda a: 0.5 * (1 + math.erf(a / math.sqrt(2))) + a * _normal_density(a))
entrywise("silu slope", lambda a: sigmoid(a) * (1 + a * (1 - sigmoid(a))))
entrywise("mish slope", _mish_slope)
entrywise("sinc slope", _sinc_slope)
entrywise("relu_adjoint", lambda g, y: g if y != 0 else 0.0)
entrywise("leaky_relu_adjoint", lambda g, x, negative_slope: g if x > 0 else g * negative_slope)
entrywise("sigmoid_adjoint", lambda g, y: g * (y * (1 - y)))
entrywise("tanh_adjoint", lambda g, y: g * (1 - y) * (1 + y))


@oracle("frexp")
def _(x: Any) -> Any:
    parts = [math.frexp(v) for v in x.reshape(-1).tolist()]
    return np.array([m for m, _ in parts]).reshape(x.shape), np.array([e for _, e in parts], np.int32).reshape(x.shape)
