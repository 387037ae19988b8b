"""Lazy layers against torch's: printed form before and after, the values drawn, outputs, state."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn import nn  # noqa: E402

CASES = [
    ("LazyLinear", (4,), {}, (2, 3)),
    ("LazyLinear", (4,), {"bias": False}, (3,)),
    *[(f"LazyConv{d}d", (4, 3), {"stride": 2, "padding": 1}, (2, 6, *(7,) * d)) for d in (1, 2, 3)],
    ("LazyConv2d", (4, 3), {"groups": 2, "bias": False}, (6, 5, 5)),
    *[(f"LazyConvTranspose{d}d", (4, 3), {"stride": 2}, (2, 6, *(3,) * d)) for d in (1, 2, 3)],
    ("LazyBatchNorm1d", (), {}, (4, 3)),
    ("LazyBatchNorm2d", (), {"momentum": None}, (4, 3, 2, 2)),
    ("LazyBatchNorm3d", (), {"affine": False}, (2, 3, 2, 2, 2)),
    *[(f"LazyInstanceNorm{d}d", (), {"affine": True, "track_running_stats": True}, (2, 3, *(4,) * d)) for d in (1, 2, 3)],
]


def _both(name: str, args: Any, kwargs: Any) -> tuple[Any, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(nn, name)(*args, **kwargs), getattr(torch.nn, name)(*args, **kwargs)


@pytest.mark.parametrize(("name", "args", "kwargs", "shape"), CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)])
def test_lazy_layer(name: str, args: Any, kwargs: Any, shape: Any) -> None:
    mine, theirs = _both(name, args, kwargs)
    assert repr(mine) == repr(theirs)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    assert mine.has_uninitialized_params() == theirs.has_uninitialized_params()
    parameters = list(mine.parameters())
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    ac.manual_seed(0)
    y = mine(ac.tensor(x))
    torch.manual_seed(0)
    z = theirs(torch.tensor(x))
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-5, atol=1e-6)
    assert repr(mine) == repr(theirs) and type(mine).__name__ == name.removeprefix("Lazy")
    assert all(a is b for a, b in zip(parameters, mine.parameters(), strict=True))  # an optimizer made before keeps them
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(mine.state_dict()[key].numpy(), value.numpy(), rtol=1e-5, atol=1e-7)
    if not parameters:
        return
    y.sum().backward()
    assert all(p.grad is not None and p.grad.shape == p.shape for p in mine.parameters())


def test_state_of_a_layer_that_saw_its_input_is_loaded() -> None:
    known = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(36, 2))
    lazy = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
    lazy.load_state_dict(known.state_dict())
    x = ac.randn(2, 3, 5, 5)
    assert ac.allclose(lazy.eval()(x), known.eval()(x))
    assert [type(m) for m in lazy] == [type(m) for m in known]


def test_before_the_first_input() -> None:
    layer = nn.LazyLinear(2)
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter"):
        _ = layer.weight.shape
    with pytest.raises(RuntimeError, match=r"Expected 3D \(unbatched\) or 4D"):
        nn.LazyConv2d(2, 3)(ac.ones(2, 2))
    with pytest.raises(TypeError, match="expected a Tensor to learn the input's size from"):
        layer(3)
    twin = pickle.loads(pickle.dumps(copy.deepcopy(layer)))
    assert twin.has_uninitialized_params() and twin(ac.ones(1, 3)).shape == (1, 2)
    assert layer.has_uninitialized_params()
