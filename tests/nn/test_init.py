"""nn.init: values, gains and fans, errors. (Equality of the draws with PyTorch's: tests/parity/nn/test_init.py.)"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.nn import init
from autograd_cnn.tensors.tensor import Parameter


def filled(function: Any, *args: Any, shape: tuple[int, ...] = (200, 300), **kwargs: Any) -> Any:
    ac.manual_seed(0)
    return function(ac.empty(*shape), *args, **kwargs).numpy()


# ------------------------------------------------------------------------------------------------- in place
@pytest.mark.parametrize("name", [n for n in dir(init) if n.endswith("_") and not n.startswith("_")])
def test_every_function_fills_in_place_unrecorded_and_counts_the_write(name: str) -> None:
    p = Parameter(ac.empty(4, 3, 3)) if name == "dirac_" else Parameter(ac.empty(4, 3))
    before = p._version
    args = {"constant_": (2.0,), "sparse_": (0.5,)}.get(name, ())
    assert getattr(init, name)(p, *args) is p
    assert p.is_leaf
    assert p.requires_grad
    assert p.grad_fn is None
    assert p._version > before
    assert np.isfinite(p.detach().numpy()).all()


@pytest.mark.parametrize("name", [n for n in dir(init) if n.endswith("_") and not n.startswith("_")])
def test_older_spellings_warn_and_do_the_same(name: str) -> None:
    if name in ("ones_", "zeros_", "trunc_normal_"):
        assert not hasattr(init, name[:-1])
        return
    args = {"constant_": (2.0,), "sparse_": (0.5,)}.get(name, ())
    shape = (4, 3, 3) if name == "dirac_" else (4, 3)
    new = filled(getattr(init, name), *args, shape=shape)
    with pytest.warns(FutureWarning, match=rf"`nn.init.{name[:-1]}` is now deprecated in favor of `nn.init.{name}`"):
        old = filled(getattr(init, name[:-1]), *args, shape=shape)
    assert (old == new).all()
    assert getattr(init, name[:-1]).__name__ == name[:-1]


def test_zero_dims_and_views() -> None:
    assert init.constant_(ac.empty(()), 3.0).item() == 3.0
    assert 0 <= init.uniform_(ac.tensor(5.0)).item() < 1
    whole = ac.zeros(4, 4)
    init.ones_(whole[1:3])
    assert whole.numpy().sum() == 8
    assert init.zeros_(ac.ones(0, 3)).shape == (0, 3)


# ------------------------------------------------------------------------------------------------- gains and fans
def test_gains() -> None:
    assert init.calculate_gain("linear") == init.calculate_gain("conv2d") == init.calculate_gain("sigmoid") == 1
    assert init.calculate_gain("tanh") == 5 / 3
    assert init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("selu") == 0.75
    assert init.calculate_gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2))
    assert init.calculate_gain("leaky_relu", 1) == 1
    with pytest.raises(ValueError, match=r"Unsupported nonlinearity leakyrelu. Did you mean 'leaky_relu'\?"):
        init.calculate_gain("leakyrelu")
    with pytest.raises(ValueError, match=r"Unsupported nonlinearity zzz. Known are linear, conv1d"):
        init.calculate_gain("zzz")
    with pytest.raises(ValueError, match="negative_slope True not a valid number"):
        init.calculate_gain("leaky_relu", True)


def test_fans() -> None:
    assert init._calculate_fan_in_and_fan_out(ac.empty(5, 3)) == (3, 5)
    assert init._calculate_fan_in_and_fan_out(ac.empty(8, 4, 3, 2)) == (24, 48)
    with pytest.raises(ValueError, match=r"fewer than 2 dimensions: expected \(out, in, ...\), got \[4\]"):
        init._calculate_fan_in_and_fan_out(ac.empty(4))
    with pytest.raises(ValueError, match=r"Mode fan not supported, please use one of \['fan_in', 'fan_out'\]"):
        init.kaiming_normal_(ac.empty(2, 2), mode="fan")


@pytest.mark.parametrize(
    ("function", "kwargs", "std"),
    [
        (init.xavier_uniform_, {"gain": 2.0}, 2 * math.sqrt(2 / 500)),
        (init.xavier_normal_, {}, math.sqrt(2 / 500)),
        (init.kaiming_uniform_, {"nonlinearity": "relu"}, math.sqrt(2 / 300)),
        (init.kaiming_normal_, {"a": 0.2, "mode": "fan_out"}, math.sqrt(2 / 1.04 / 200)),
        (init.uniform_, {"a": -1.0, "b": 1.0}, 1 / math.sqrt(3)),
        (init.normal_, {"std": 0.3}, 0.3),
    ],
)
def test_spread(function: Any, kwargs: Any, std: float) -> None:
    values = filled(function, **kwargs)
    assert values.std() == pytest.approx(std, rel=0.02)
    assert abs(values.mean()) < 0.02 * std


# ------------------------------------------------------------------------------------------------- the others
def test_trunc_normal_stays_inside() -> None:
    values = filled(init.trunc_normal_, 1.0, 2.0, -1.0, 2.0)
    assert values.min() >= -1
    assert values.max() <= 2
    tail = filled(init.trunc_normal_, 0.0, 1.0, 1.5, 3.0)
    assert tail.min() >= 1.5
    assert tail.max() <= 3
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        filled(init.trunc_normal_, 10.0, shape=(3, 3), a=0.0, b=1.0)


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 3, 2, 2)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    q = filled(init.orthogonal_, 2.0, shape=shape).reshape(shape[0], -1)
    small = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-5)


def test_sparse_zeroes_the_same_number_in_each_column() -> None:
    values = filled(init.sparse_, 0.25, shape=(10, 6))
    assert ((values == 0).sum(axis=0) == 3).all()


def test_eye_and_dirac() -> None:
    assert (filled(init.eye_, shape=(2, 3)) == np.eye(2, 3)).all()
    kernel = filled(init.dirac_, shape=(4, 2, 3, 3), groups=2)
    assert kernel.sum() == 4
    assert all(kernel[g * 2 + d, d, 1, 1] == 1 for g in range(2) for d in range(2))
    assert filled(init.dirac_, shape=(2, 2, 3)).sum() == 2
    assert filled(init.dirac_, shape=(2, 2, 3, 3, 3)).sum() == 2


def test_generator_is_used() -> None:
    ac.manual_seed(0)
    a = init.normal_(ac.empty(3, 3), generator=ac.Generator().manual_seed(7))
    b = init.normal_(ac.empty(3, 3), generator=ac.Generator().manual_seed(7))
    assert a.tolist() == b.tolist()
    after = init.uniform_(ac.empty(1)).item()
    ac.manual_seed(0)
    assert init.uniform_(ac.empty(1)).item() == after


# ------------------------------------------------------------------------------------------------- errors
def test_errors_come_before_anything_changes() -> None:
    t = ac.ones(2, 2)
    with pytest.raises(RuntimeError, match="from=2 > to=1"):
        init.uniform_(t, 2.0, 1.0)
    with pytest.raises(RuntimeError, match=r"normal expects std >= 0.0"):
        init.normal_(t, 0.0, -1.0)
    with pytest.raises(ValueError, match=r"Only tensors with 2 or more dimensions are supported, got \[3\]"):
        init.orthogonal_(ac.ones(3))
    with pytest.raises(ValueError, match=r"Only tensors with 2 dimensions are supported, got \[2, 2, 2\]"):
        init.eye_(ac.ones(2, 2, 2))
    with pytest.raises(ValueError, match="Only tensors with 2 dimensions"):
        init.sparse_(ac.ones(2), 0.1)
    with pytest.raises(ValueError, match="Only tensors with 3, 4, or 5 dimensions"):
        init.dirac_(t)
    with pytest.raises(ValueError, match="dim 0 must be divisible by groups: 3 channels, 2 groups"):
        init.dirac_(ac.ones(3, 1, 1), groups=2)
    with pytest.raises(NotImplementedError):
        init.normal_(ac.zeros(2, 2, dtype=ac.int64))
    with pytest.raises(TypeError, match=r"nn.init.zeros_: expected a Tensor, got ndarray"):
        init.zeros_(np.ones(2))  # type: ignore[arg-type]  # on purpose
    with pytest.raises(RuntimeError, match="more than one element"):
        init.zeros_(ac.ones(1).expand(3))
    with pytest.raises(ZeroDivisionError, match=r"shape \[0, 0\] has no fan"):
        init.xavier_normal_(ac.ones(0, 0))
    assert t.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_empty_tensors_warn() -> None:
    for function in (init.kaiming_uniform_, init.kaiming_normal_):
        with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
            function(ac.empty(0, 3))
    assert init.orthogonal_(ac.empty(0, 3)).shape == (0, 3)
