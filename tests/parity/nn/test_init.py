"""nn.init draws what torch.nn.init draws: the same numbers, and the same state of the generator afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn.nn import init  # noqa: E402

SHAPES = [(6, 5), (5, 6), (3, 4), (8, 3, 3, 3), (16, 4, 5)]


def both(name: str, shape: tuple[int, ...], dtype: str, *args: Any, own_generator: bool = False, **kwargs: Any) -> tuple[Any, Any]:
    torch.manual_seed(3)
    ac.manual_seed(3)
    theirs = torch.zeros(shape, dtype=getattr(torch, dtype))
    ours = ac.zeros(*shape, dtype=getattr(ac, dtype))
    extra: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    if own_generator:
        extra = ({"generator": torch.Generator().manual_seed(9)}, {"generator": ac.Generator().manual_seed(9)})
    getattr(torch.nn.init, name)(theirs, *args, **kwargs, **extra[0])
    getattr(init, name)(ours, *args, **kwargs, **extra[1])
    assert torch.get_rng_state().numpy().tobytes() == np.asarray(ac.get_rng_state()).tobytes()
    return theirs.numpy(), ours.numpy()


DRAWS: list[tuple[str, tuple[Any, ...]]] = [
    ("uniform_", (-0.3, 0.7)),
    ("uniform_", ()),
    ("normal_", (1.0, 0.3)),
    ("xavier_uniform_", (1.3,)),
    ("xavier_normal_", ()),
    ("kaiming_uniform_", (5**0.5,)),
    ("kaiming_uniform_", (0, "fan_out", "relu")),
    ("kaiming_normal_", (0.1, "fan_in", "leaky_relu")),
    ("kaiming_normal_", (0, "fan_out", "tanh")),
    ("trunc_normal_", ()),
    ("trunc_normal_", (0.0, 0.02, -0.04, 0.04)),
    ("trunc_normal_", (0.0, 1.0, 1.5, 3.0)),
]


@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "args"), DRAWS)
def test_draws_are_equal_bit_for_bit(name: str, args: Any, shape: Any, dtype: str, own_generator: bool) -> None:
    theirs, ours = both(name, shape, dtype, *args, own_generator=own_generator)
    assert (theirs == ours).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_orthogonal(shape: Any) -> None:
    theirs, ours = both("orthogonal_", shape, "float32", 1.7)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("shape", [(6, 5), (40, 3)])
def test_sparse(shape: Any) -> None:
    theirs, ours = both("sparse_", shape, "float32", 0.3, own_generator=True)
    assert (theirs == ours).all()


@pytest.mark.parametrize(
    ("name", "args", "shape"),
    [
        ("eye_", (), (3, 5)),
        ("ones_", (), (2, 3)),
        ("zeros_", (), (2, 3)),
        ("constant_", (0.3,), (2, 3)),
        ("dirac_", (), (6, 3, 4)),
        ("dirac_", (2,), (6, 3, 3, 2)),
        ("dirac_", (3,), (6, 2, 3, 3, 3)),
    ],
)
def test_constants(name: str, args: Any, shape: Any) -> None:
    theirs, ours = both(name, shape, "float64", *args)
    assert (theirs == ours).all()


def test_a_transposed_tensor_is_filled_in_memory_order() -> None:
    torch.manual_seed(1)
    ac.manual_seed(1)
    theirs = torch.nn.init.normal_(torch.empty(7, 5).t()).numpy()
    ours = init.normal_(ac.empty(7, 5).t()).numpy()
    assert (theirs == ours).all()


@pytest.mark.parametrize(
    ("name", "args", "shape", "dtype"),
    [
        ("uniform_", (2.0, 1.0), (3,), "float32"),
        ("normal_", (0.0, -1.0), (3,), "float32"),
        ("normal_", (), (3,), "int32"),
        ("uniform_", (), (3,), "int64"),
        ("xavier_normal_", (), (3,), "float32"),
        ("xavier_uniform_", (), (0, 0), "float32"),
        ("kaiming_normal_", (0, "fan"), (3, 3), "float32"),
        ("kaiming_uniform_", (0, "fan_in", "zzz"), (3, 3), "float32"),
        ("orthogonal_", (), (3,), "float32"),
        ("eye_", (), (3,), "float32"),
        ("sparse_", (0.1,), (3,), "float32"),
        ("dirac_", (), (3, 3), "float32"),
        ("dirac_", (2,), (3, 3, 3), "float32"),
        ("trunc_normal_", (0.0, 1.0, 1.0, 0.0), (3,), "float32"),
    ],
)
def test_errors_are_of_torch_s_type(name: str, args: Any, shape: Any, dtype: str) -> None:
    with pytest.raises(Exception) as theirs:  # noqa: PT011  # whatever torch raises
        getattr(torch.nn.init, name)(torch.zeros(shape, dtype=getattr(torch, dtype)), *args)
    with pytest.raises(theirs.type):
        getattr(init, name)(ac.zeros(*shape, dtype=getattr(ac, dtype)), *args)


@pytest.mark.parametrize("name", ["linear", "conv2d", "conv_transpose1d", "sigmoid", "tanh", "relu", "selu", "leaky_relu"])
@pytest.mark.parametrize("param", [None, 0.2, 3])
def test_gains(name: str, param: Any) -> None:
    assert init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)


def test_all_names_are_there() -> None:
    assert [n for n in torch.nn.init.__all__ if not hasattr(init, n)] == []
