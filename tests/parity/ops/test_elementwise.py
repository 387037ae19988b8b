"""Elementwise operations against torch."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn.tensors.tensor import wrap  # noqa: E402

from ..both import DTYPES, Fixed, agree, array, at_special_points, fail_alike  # noqa: E402

UNARY = {  # name: where it is smooth
    "exp": (-2, 2),
    "exp2": (-2, 2),
    "expm1": (-2, 2),
    "log": (0.2, 3),
    "log2": (0.2, 3),
    "log10": (0.2, 3),
    "log1p": (-0.5, 3),
    "sqrt": (0.2, 3),
    "rsqrt": (0.2, 3),
    "reciprocal": (0.3, 3),
    "square": (-2, 2),
    "sigmoid": (-3, 3),
    "logit": (0.1, 0.9),
    "sin": (-3, 3),
    "cos": (-3, 3),
    "tan": (-1, 1),
    "asin": (-0.9, 0.9),
    "acos": (-0.9, 0.9),
    "atan": (-3, 3),
    "sinh": (-2, 2),
    "cosh": (-2, 2),
    "tanh": (-2, 2),
    "asinh": (-3, 3),
    "acosh": (1.2, 3),
    "atanh": (-0.9, 0.9),
    "sinc": (0.1, 2),
    "erf": (-3, 3),
    "erfc": (-3, 3),
    "erfinv": (-0.9, 0.9),
    "abs": (0.1, 2),
    "sign": (0.1, 2),
    "floor": (-3, 3),
    "ceil": (-3, 3),
    "trunc": (-3, 3),
    "round": (-3, 3),
    "frac": (0.1, 0.9),
    "nan_to_num": (-2, 2),
    "deg2rad": (-90, 90),
    "rad2deg": (-3, 3),
    "neg": (-2, 2),
    "relu": (0.1, 2),
    "positive": (-2, 2),
    "absolute": (0.1, 2),
    "fix": (-3, 3),
    "arcsin": (-0.9, 0.9),
    "arctanh": (-0.9, 0.9),
    "sgn": (0.1, 2),
}
NO_TWIN = {"positive", "asinh", "acosh", "atanh", "arctanh"}  # torch has none, or no derivative of it


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_unary(name: str, dtype: type) -> None:
    low, high = UNARY[name]
    agree(getattr(ac, name), getattr(torch, name), array((2, 3), dtype, low=low, high=high))
    agree(
        lambda x: getattr(x.transpose(0, 1), name)(), lambda x: getattr(x.transpose(0, 1), name)(), array((2, 3), dtype, low=low, high=high)
    )
    agree(getattr(ac, name), getattr(torch, name), array((), dtype, low=low, high=high))
    agree(getattr(ac, name), getattr(torch, name), array((0, 3), dtype))


@pytest.mark.parametrize("name", [n for n in UNARY if n not in NO_TWIN])
def test_unary_in_place(name: str) -> None:
    low, high = UNARY[name]
    agree(lambda x: getattr(x * 1, f"{name}_")(), lambda x: getattr(x * 1, f"{name}_")(), array((2, 3), low=low, high=high))


@pytest.mark.parametrize("name", UNARY)
def test_unary_special_points(name: str) -> None:
    at_special_points(getattr(ac, name), getattr(torch, name))


@pytest.mark.parametrize("name", [n for n in UNARY if n not in ("frac", "nan_to_num", "positive", "neg")])
@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
def test_unary_of_integers(name: str, kind: type) -> None:
    agree(getattr(ac, name), getattr(torch, name), np.array([1, 2, 3], kind), tolerance=3e-6)


@pytest.mark.parametrize("name", ["exp", "log1p", "sqrt", "sigmoid", "tanh", "sin", "erf", "square", "abs", "floor", "relu", "rsqrt"])
def test_unary_of_float16(name: str) -> None:
    agree(getattr(ac, name), getattr(torch, name), array((5,), np.float16, low=0.2, high=1.0), second=False)


BINARY = {
    "maximum": (-2, 2),
    "minimum": (-2, 2),
    "fmax": (-2, 2),
    "fmin": (-2, 2),
    "atan2": (0.3, 2),
    "hypot": (0.3, 2),
    "remainder": (0.3, 2),
    "fmod": (0.3, 2),
    "copysign": (0.3, 2),
    "logaddexp": (-2, 2),
    "logaddexp2": (-2, 2),
    "xlogy": (0.3, 2),
    "clamp_min": (-2, 2),
    "clamp_max": (-2, 2),
    "add": (-2, 2),
    "sub": (-2, 2),
    "mul": (-2, 2),
    "div": (0.3, 2),
    "pow": (0.3, 2),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("shapes", [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 3)), ((0, 3), (1, 3))])
def test_binary(name: str, dtype: type, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    low, high = BINARY[name]
    a, b = array(shapes[0], dtype, 1, low, high), array(shapes[1], dtype, 2, low, high)
    agree(getattr(ac, name), getattr(torch, name), a, b)


PROMOTIONS = [(np.float32, np.float64), (np.float32, np.int64), (np.int64, np.int32), (np.float16, np.float32), (np.uint8, np.int8)]


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "remainder", "fmod", "clamp_min", "eq", "lt", "add", "mul"])
@pytest.mark.parametrize("kinds", PROMOTIONS)
@pytest.mark.parametrize("shapes", [((3,), (3,)), ((3,), ()), ((), (3,))])
def test_promotion(name: str, kinds: tuple[type, type], shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    a = array(shapes[0], low=1, high=5).astype(kinds[0])
    b = array(shapes[1], seed=3, low=1, high=5).astype(kinds[1])
    agree(getattr(ac, name), getattr(torch, name), Fixed(a), Fixed(b), tolerance=1e-3)


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
def test_ties_and_nan(name: str) -> None:
    a = np.array([1.0, 2.0, np.nan, 1.0, np.nan, np.inf])
    b = np.array([1.0, 3.0, 1.0, np.nan, np.nan, np.inf])
    agree(getattr(ac, name), getattr(torch, name), a, b)


def test_where() -> None:
    mask = Fixed(array((2, 3)) > 0)
    for dtype in DTYPES:
        agree(ac.where, torch.where, mask, array((2, 3), dtype, 1), array((3,), dtype, 2))
        agree(ac.where, torch.where, mask, array((2, 3), dtype, 1), 0.0)
        agree(ac.where, torch.where, mask, 2.5, array((2, 3), dtype, 1))
        agree(lambda c, x, z: x.where(c, z), lambda c, x, z: x.where(c, z), mask, array((2, 3), dtype, 1), array((), dtype, 2))
    agree(ac.where, torch.where, mask, Fixed(np.arange(3)), 0.5)
    agree(ac.where, torch.where, mask)
    agree(ac.where, torch.where, mask, 1, 2)
    agree(ac.where, torch.where, mask, 1.0, 2)
    fail_alike(ac.where, torch.where, Fixed(np.ones(3)), array(3), array(3), match="boolean")


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_of_large_arrays_is_exact(dtype: type) -> None:
    x, z = array((50, 200), dtype, 1), array((50, 200), dtype, 2)
    x[0, :4] = np.nan, np.inf, -np.inf, -0.0
    z[1, :4] = np.nan, np.inf, -np.inf, -0.0
    mask = Fixed(array((50, 200)) > 0)
    for a, b in ((x, z), (x, 0.0), (0.0, z)):
        agree(ac.where, torch.where, mask, a, b)
    flipped = Fixed(mask.array.T)
    agree(lambda c, a, b: ac.where(c, a.t(), b.t()), lambda c, a, b: torch.where(c, a.t(), b.t()), flipped, x, z)


CLAMPS = [{"min": -1.0}, {"max": 0.5}, {"min": -1.0, "max": 0.5}, {"min": 1.0, "max": -1.0}, {"min": -1, "max": 1}]


@pytest.mark.parametrize("bounds", CLAMPS)
def test_clamp(bounds: dict[str, float]) -> None:
    for dtype in DTYPES:
        agree(ac.clamp, torch.clamp, array((2, 3), dtype), **bounds)
        agree(lambda x, **k: x.clip(**k), lambda x, **k: x.clip(**k), array((2, 3), dtype), **bounds)
    agree(ac.clamp, torch.clamp, Fixed(np.arange(-3, 4)), **bounds)
    agree(ac.clamp, torch.clamp, np.array([-1.0, 0.5, np.nan, np.inf, -np.inf]), **bounds)
    agree(lambda x, **k: (x * 1).clamp_(**k), lambda x, **k: (x * 1).clamp_(**k), array((2, 3)), **bounds)


def test_clamp_by_tensors() -> None:
    x, lo, hi = array((2, 3)), array(3, seed=1, low=-1, high=0), array((2, 1), seed=2, low=0, high=1)
    agree(ac.clamp, torch.clamp, x, lo, hi)
    agree(ac.clamp, torch.clamp, x, min=lo)
    agree(ac.clamp, torch.clamp, x, max=hi)
    agree(ac.clamp, torch.clamp, x, hi, lo)
    agree(ac.clamp, torch.clamp, np.array([1.0, 2.0]), np.array([1.0, 3.0]), np.array([1.0, 2.0]), second=False)
    fail_alike(ac.clamp, torch.clamp, x, match="At least one of")


def test_nan_to_num() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1.0])
    agree(ac.nan_to_num, torch.nan_to_num, x, nan=2.0, posinf=3.0, neginf=-4.0)
    agree(ac.nan_to_num, torch.nan_to_num, x.astype(np.float32))
    agree(ac.nan_to_num, torch.nan_to_num, Fixed(np.arange(3)))


def test_blends() -> None:
    a, b, c = array((2, 3)), array((3,), seed=1), array((2, 1), seed=2, low=0.3)
    agree(ac.lerp, torch.lerp, a, array((2, 3), seed=4), c)
    agree(ac.lerp, torch.lerp, a, b, 0.25)
    agree(ac.lerp, torch.lerp, a, b, 0.75)
    agree(ac.addcmul, torch.addcmul, a, b, c, value=0.5)
    agree(ac.addcmul, torch.addcmul, a, b, c)
    agree(ac.addcdiv, torch.addcdiv, a, b, c, value=0.5)
    agree(ac.addcdiv, torch.addcdiv, a, b, c)
    fail_alike(ac.lerp, torch.lerp, a, b.astype(np.float32), 0.5, match="expected dtype")
    agree(lambda x, y, z: (x * 1).addcmul_(y, z, value=2), lambda x, y, z: (x * 1).addcmul_(y, z, value=2), a, b, c)
    agree(lambda x, y: (x * 1).lerp_(y, 0.3), lambda x, y: (x * 1).lerp_(y, 0.3), a, b)
    agree(ac.heaviside, torch.heaviside, Fixed(np.array([-1.0, 0.0, 2.0, np.nan])), Fixed(np.array(0.5)))
    fail_alike(ac.heaviside, torch.heaviside, a, b.astype(np.float32))


def test_round_decimals() -> None:
    x = array((20,), low=-100, high=100)
    for decimals in (0, 1, 3, -1):
        agree(ac.round, torch.round, x, decimals=decimals)
    agree(ac.round, torch.round, np.array([0.5, 1.5, 2.5, -0.5]))


@pytest.mark.parametrize("name", ["remainder", "fmod"])
def test_remainders(name: str) -> None:
    x, z = np.array([5.0, -5.0, 5.5, -5.5, np.inf, 3.0]), np.array([3.0, 3.0, -3.0, -2.0, 2.0, 0.0])
    mine, other = getattr(ac, name), getattr(torch, name)
    agree(mine, other, x, z, gradients=False)
    agree(mine, other, x[:4], z[:4])
    agree(mine, other, x[:4], 2)
    agree(mine, other, Fixed(np.array([5, -5, 7])), Fixed(np.array([3, 3, -2])))
    agree(mine, other, Fixed(np.array([5, -5, 7])), 1.5, tolerance=1e-6)
    fail_alike(mine, other, Fixed(np.array([5])), Fixed(np.array([0])), match="ZeroDivisionError")


def test_division_rounding() -> None:
    x, z = Fixed(np.array([7, -7, 7, -7])), Fixed(np.array([2, 2, -2, -2]))
    for mode in (None, "floor", "trunc"):
        agree(ac.div, torch.div, x, z, rounding_mode=mode, tolerance=1e-6)
    agree(ac.floor_divide, torch.floor_divide, x, z)
    agree(ac.gcd, torch.gcd, x, z)
    agree(ac.lcm, torch.lcm, x, z)


def test_operators() -> None:
    x, z = array((2, 3), low=0.5), array((3,), seed=1, low=0.5)
    for op in (lambda a, b: a % b, lambda a, b: abs(a), lambda a, b: +a, lambda a, b: a % 1.5):
        agree(op, op, x, z)


def test_logit_eps_and_method_forms() -> None:
    agree(ac.logit, torch.logit, np.array([-0.5, 0.05, 0.5, 0.95, 1.5]), eps=0.1)
    agree(lambda x: x.logit(eps=0.1), lambda x: x.logit(eps=0.1), np.array([0.05, 0.5]))
    agree(lambda x: x.clamp_(min=0).abs_(), lambda x: x.clamp_(min=0).abs_(), Fixed(np.array([-1.0, 2.0])))


def test_large_erf_family() -> None:
    x = np.concatenate([np.linspace(-6, 6, 5001), np.linspace(-30, 30, 101)])
    for name in ("erf", "erfc"):
        for dtype in DTYPES:
            agree(getattr(ac, name), getattr(torch, name), Fixed(x.astype(dtype)), tolerance=1e-6 if dtype == np.float32 else 1e-15)
    y = np.concatenate([np.linspace(-1, 1, 2001), 1 - 10.0 ** -np.arange(1, 16)])
    agree(ac.erfinv, torch.erfinv, Fixed(y), tolerance=2e-14)
    assert wrap(np.float64(0.5)).erf().item() == pytest.approx(0.5204998778130465, abs=1e-16)


def test_powers_of_two_and_floats() -> None:
    agree(ac.float_power, torch.float_power, array(3, np.float32, low=0.5), 2)
    agree(ac.float_power, torch.float_power, Fixed(np.array([1, 2])), Fixed(np.array([2, -1])))
    agree(ac.ldexp, torch.ldexp, array(3), Fixed(np.array([1, 2, 3])))
    agree(ac.frexp, torch.frexp, np.array([8.0, 0.3, -5.0, 0.0]))
