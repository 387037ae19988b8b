"""Activations against torch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402

from ..both import DTYPES, SPECIAL, Fixed, agree, array, at_special_points, fail_alike  # noqa: E402

F, T = ac.nn.functional, torch.nn.functional

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("relu", {}),
    ("relu6", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("leaky_relu", {"negative_slope": 2.0}),
    ("leaky_relu", {"negative_slope": 0.0}),
    ("leaky_relu", {"negative_slope": -0.5}),
    ("elu", {}),
    ("elu", {"alpha": 0.5}),
    ("elu", {"alpha": -0.5}),
    ("selu", {}),
    ("celu", {}),
    ("celu", {"alpha": 2.0}),
    ("gelu", {}),
    ("gelu", {"approximate": "tanh"}),
    ("silu", {}),
    ("mish", {}),
    ("softplus", {}),
    ("softplus", {"beta": 2}),
    ("softplus", {"beta": 0.5, "threshold": 0.3}),
    ("softsign", {}),
    ("hardtanh", {}),
    ("hardtanh", {"min_val": -0.5, "max_val": 1.5}),
    ("hardsigmoid", {}),
    ("hardswish", {}),
    ("tanhshrink", {}),
    ("softshrink", {}),
    ("softshrink", {"lambd": 1.0}),
    ("hardshrink", {}),
    ("hardshrink", {"lambd": 1.0}),
    ("logsigmoid", {}),
    ("threshold", {"threshold": 0.1, "value": 20.0}),
    ("rrelu", {}),
    ("rrelu", {"lower": 0.1, "upper": 0.3}),
    ("sigmoid", {}),
    ("tanh", {}),
]
IDS = [f"{n}-{'-'.join(map(str, k.values()))}" for n, k in CALLS]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "params"), CALLS, ids=IDS)
def test_activation(name: str, params: dict[str, Any], dtype: type) -> None:
    mine, other = getattr(F, name), getattr(T, name)
    if name == "hardsigmoid":  # torch has no second derivative, and a float32 number for 1/6
        params = {**params, "second": False, "tolerance": 1e-7}
    agree(mine, other, array((3, 4), dtype, low=-5, high=5), **params)
    agree(lambda x, **k: mine(x.t(), **k), lambda x, **k: other(x.t(), **k), array((3, 4), dtype), **params)
    agree(mine, other, array((), dtype), **params)
    agree(mine, other, array((0, 2), dtype), **params)


@pytest.mark.parametrize(("name", "params"), CALLS, ids=IDS)
def test_special_points(name: str, params: dict[str, Any]) -> None:
    # torch's 1/6 is a float32 number; tanhshrink cancels; of torch's gelu the tails do
    atol = {"hardsigmoid": 1e-8, "tanhshrink": 1e-16, "gelu": 1e-16}.get(name, 1e-300)
    values = SPECIAL[:-3] if name == "softsign" else SPECIAL  # at ±inf torch's composite gives NaN where the derivative is 0
    if name == "mish":  # at inf torch's slope is NaN where it is 1
        values = [v for v in SPECIAL if v != math.inf]
    at_special_points(getattr(F, name), getattr(T, name), values, atol, **params)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        c
        for c in CALLS
        if c[0]
        in {
            "relu",
            "relu6",
            "leaky_relu",
            "elu",
            "selu",
            "celu",
            "silu",
            "mish",
            "hardtanh",
            "hardsigmoid",
            "hardswish",
            "threshold",
            "rrelu",
        }
        and c[1] != {"alpha": -0.5}
        and c[1] not in ({"negative_slope": 0.0}, {"negative_slope": -0.5})
    ],
)
def test_in_place(name: str, params: dict[str, Any]) -> None:
    def call(f: Any) -> Any:
        def run(x: Any) -> Any:
            y = x * 1
            z = f(y, inplace=True, **params)
            assert z is y
            return z

        return run

    rough = {"second": False, "tolerance": 1e-7} if name == "hardsigmoid" else {}
    agree(call(getattr(F, name)), call(getattr(T, name)), array((3, 4), low=-5, high=5), **rough)


def test_in_place_leaky_relu_of_no_slope() -> None:
    x = array((3, 4))
    agree(lambda v: F.leaky_relu(v * 1, 0.0, True), lambda v: T.leaky_relu(v * 1, 0.0), x)


@pytest.mark.parametrize("name", ["relu_", "elu_", "selu_", "celu_", "leaky_relu_", "hardtanh_", "rrelu_"])
def test_in_place_functions(name: str) -> None:
    agree(lambda v: getattr(F, name)(v * 1), lambda v: getattr(T, name)(v * 1), array((3, 4)))
    agree(lambda v: F.threshold_(v * 1, 0.1, 2.0), lambda v: T.threshold_(v * 1, 0.1, 2.0), array((3, 4)))


def test_functions_and_methods() -> None:
    x = array((3, 4))
    for name in ("relu", "selu", "celu"):
        agree(getattr(ac, name), getattr(torch, name), x)
    agree(ac.threshold, torch.threshold, x, 0.1, 3.0)
    agree(lambda v: v.hardshrink(0.3), lambda v: v.hardshrink(0.3), x)
    agree(lambda v: (v * 1).relu_(), lambda v: (v * 1).relu_(), x)
    agree(lambda v: v.softmax(-1), lambda v: v.softmax(-1), x)
    agree(lambda v: v.log_softmax(dim=0), lambda v: v.log_softmax(dim=0), x)


@pytest.mark.parametrize("slopes", [(1,), (4,), ()])
@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 2), (2, 4, 2, 3)])
def test_prelu(slopes: tuple[int, ...], shape: tuple[int, ...]) -> None:
    for dtype in DTYPES:
        agree(F.prelu, T.prelu, array(shape, dtype), array(slopes, dtype, 5, 0.1, 0.9))


def test_prelu_of_one_dim() -> None:
    agree(F.prelu, T.prelu, array(5), array((1,), seed=2))
    agree(F.prelu, T.prelu, array(()), array((1,), seed=2))
    fail_alike(F.prelu, T.prelu, array((3, 4)), array(3), match="Mismatch of parameter numbers")
    fail_alike(F.prelu, T.prelu, array((3, 4)), array((1, 4)), match="scalar or 1-dim")
    fail_alike(F.prelu, T.prelu, array((3, 4), np.float32), array(4), match="dtype")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize(
    ("shape", "dim"), [((3, 4), 0), ((3, 4), -1), ((2, 3, 4), 1), ((), 0), ((), -1), ((5,), 0), ((0, 3), 0), ((0, 3), 1)]
)
def test_softmax(name: str, shape: tuple[int, ...], dim: int, dtype: type) -> None:
    agree(getattr(F, name), getattr(T, name), array(shape, dtype, low=-5, high=5), dim=dim)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_extremes(name: str) -> None:
    inf, nan = np.inf, np.nan
    rows = [[1e4, 0, -1e4], [-1e4, -1e4, -1e4], [-inf, 0, 1], [inf, 0, 1], [-inf, -inf, -inf], [nan, 0, 1], [700.0, 710.0, 720.0]]
    for row in rows:
        for dtype in DTYPES:
            agree(getattr(F, name), getattr(T, name), np.array(row, dtype), dim=0, second=False)
    agree(getattr(F, name), getattr(T, name), array((3, 4), np.float16), dim=1, second=False)
    agree(getattr(F, name), getattr(T, name), array((3, 4), np.float32), dim=1, dtype=None)
    agree(
        lambda x: getattr(F, name)(x, 1, dtype=ac.float64), lambda x: getattr(T, name)(x, 1, dtype=torch.float64), array((3, 4), np.float32)
    )
    fail_alike(getattr(F, name), getattr(T, name), array((3, 4)), dim=2, match=r"expected to be in range of \[-2, 1\], but got 2")
    fail_alike(getattr(F, name), getattr(T, name), Fixed(np.arange(3)), dim=0, match="not implemented for 'Long'")


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4), (2, 3, 4, 2)])
def test_softmax_chooses_a_dim_with_a_warning(shape: tuple[int, ...]) -> None:
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax"):
        F.softmax(ac.ones(*shape))
    agree(F.softmax, T.softmax, array(shape))


@pytest.mark.parametrize(("shape", "dim"), [((4,), -1), ((3, 4), 1), ((4, 3), 0), ((2, 6, 3), 1)])
def test_glu(shape: tuple[int, ...], dim: int) -> None:
    for dtype in DTYPES:
        agree(F.glu, T.glu, array(shape, dtype), dim=dim)
    fail_alike(F.glu, T.glu, array((3, 4)), 0, match="Halving dimension must be even, but dimension 0 is size 3")
    fail_alike(F.glu, T.glu, array(()), match="scalars")


def test_rrelu_draws_torchs_numbers() -> None:
    for dtype in DTYPES:
        x = array((20,), dtype)
        ac.manual_seed(3)
        torch.manual_seed(3)
        agree(F.rrelu, T.rrelu, x, training=True)
        ac.manual_seed(3)
        torch.manual_seed(3)
        agree(lambda v: F.rrelu(v * 1, 0.2, 0.4, True, True), lambda v: T.rrelu(v * 1, 0.2, 0.4, True, True), x, second=False)


@pytest.mark.parametrize("hard", [False, True])
def test_gumbel_softmax_draws_torchs_numbers(hard: bool) -> None:
    for dtype in DTYPES:
        x = array((4, 5), dtype)
        for tau in (1, 0.5):
            ac.manual_seed(3)
            torch.manual_seed(3)
            agree(F.gumbel_softmax, T.gumbel_softmax, x, tau, hard)


FLOATS = [
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "hardsigmoid",
    "hardswish",
    "softshrink",
    "hardshrink",
    "logsigmoid",
    "rrelu",
]


@pytest.mark.parametrize("name", FLOATS)
def test_integers_where_only_floats_will_do(name: str) -> None:
    fail_alike(getattr(F, name), getattr(T, name), Fixed(np.array([-2, 1, 3])), match="not implemented for 'Long'")


@pytest.mark.parametrize("name", ["relu", "relu6", "hardtanh", "softsign", "tanhshrink", "sigmoid", "tanh"])
def test_integers(name: str) -> None:
    agree(getattr(F, name), getattr(T, name), Fixed(np.array([-2, 1, 3])), tolerance=1e-6)


def test_errors() -> None:
    x = array(3)
    fail_alike(F.hardtanh, T.hardtanh, x, 2.0, 1.0, match="min_val cannot be greater")
    fail_alike(F.softshrink, T.softshrink, x, -1.0, match="lambda must be greater or equal to 0")
    fail_alike(F.gelu, T.gelu, x, approximate="erf", match="approximate argument must be either none or tanh")
    fail_alike(F.celu, T.celu, x, 0.0, match="alpha cannot be 0")
    fail_alike(F.rrelu, T.rrelu, x, 0.5, 0.1, True, match="Lower bound should be less")
    fail_alike(F.relu, T.relu, x, inplace=True, match="leaf Variable that requires grad")
