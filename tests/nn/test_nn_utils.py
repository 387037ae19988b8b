"""nn.utils: clipping, vectors of parameters, weight norm."""

from __future__ import annotations

import copy
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_cnn as ac
from autograd_cnn.nn import utils
from autograd_cnn.nn.module.module import Module
from autograd_cnn.nn.utils.norms import PIECE, vector_norm
from autograd_cnn.tensors.tensor import Parameter, Tensor, wrap


def with_grads(*grads: Any, dtype: Any = np.float32) -> list[Parameter]:
    params = []
    for grad in grads:
        array = np.array(grad, dtype)
        p = Parameter(wrap(np.zeros(array.shape, dtype)))
        p.grad = wrap(array)
        params.append(p)
    return params


# ------------------------------------------------------------------------------------------------- norms
@given(
    hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(-100, 100, allow_subnormal=False)),
    st.sampled_from([1.0, 2.0, 3.0, 0.5, math.inf, -math.inf, 0.0]),
)
@settings(max_examples=60, deadline=None)
def test_vector_norm_is_the_definition(x: Any, p: float) -> None:
    assert vector_norm(x, p) == pytest.approx(np.linalg.norm(x, p), rel=1e-12, abs=1e-100)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, math.inf, 0.0, -1.0])
def test_vector_norm_in_pieces_and_of_any_layout(p: float) -> None:
    x = np.random.default_rng(0).standard_normal((3 * PIECE + 7, 2)).astype(np.float32)
    for a in (x, x.T, x[::2], x[:, 1], x.astype(np.float16)):
        expected = np.linalg.norm(a.astype(np.float64).ravel(), p)
        assert vector_norm(a, p) == pytest.approx(expected, rel=1e-5)


def test_vector_norm_does_not_overflow() -> None:
    big = np.full(4, 1e30, np.float32)
    assert vector_norm(big, 2.0) == pytest.approx(2e30, rel=1e-6)
    tiny = np.full(4, 1e-30, np.float32)
    assert vector_norm(tiny, 2.0) == pytest.approx(2e-30, rel=1e-6)
    assert vector_norm(np.array([1.0, math.nan]), 2.0) != vector_norm(np.array([1.0, math.nan]), 2.0)
    assert vector_norm(np.array([math.inf, 1.0]), 2.0) == math.inf
    assert vector_norm(np.zeros(0), 2.0) == vector_norm(np.zeros(0), math.inf) == 0.0


# ------------------------------------------------------------------------------------------------- clip_grad_norm_
def test_clip_grad_norm_scales_in_place() -> None:
    params = with_grads([3.0, 0.0], [[4.0]])
    arrays = [p.grad.value for p in params]
    versions = [p.grad._version for p in params]
    total = utils.clip_grad_norm_(params, 1.0)
    assert isinstance(total, Tensor)
    assert (total.item(), total.shape, total.dtype) == (5.0, (), ac.float32)
    assert all(p.grad.value is a for p, a in zip(params, arrays, strict=True))
    assert all(p.grad._version > v for p, v in zip(params, versions, strict=True))
    np.testing.assert_allclose(params[0].grad.value, [0.6, 0.0], rtol=1e-6)
    assert utils.get_total_norm([p.grad for p in params]).item() == pytest.approx(1.0, rel=1e-5)


def test_small_gradients_stay_as_they_are() -> None:
    params = with_grads([0.3, 0.4])
    assert utils.clip_grad_norm_(params, 1.0).item() == pytest.approx(0.5)
    assert params[0].grad.value.tolist() == pytest.approx([0.3, 0.4])


@pytest.mark.parametrize(("p", "total"), [(1, 7.0), (2, 5.0), (math.inf, 4.0), ("inf", 4.0), (0, 2.0), (3, 91 ** (1 / 3))])
def test_norm_types(p: Any, total: float) -> None:
    params = with_grads([3.0, 0.0], [-4.0])
    assert utils.clip_grad_norm_(params, 1e9, norm_type=p).item() == pytest.approx(total)


def test_what_may_be_given() -> None:
    (one,) = with_grads([3.0, 4.0])
    assert utils.clip_grad_norm_(one, 1.0).item() == 5.0
    bare = Parameter(ac.ones(2))
    assert utils.clip_grad_norm_([bare], 1.0).item() == 0.0
    assert utils.clip_grad_norm_([], 1.0).item() == 0.0
    assert utils.clip_grad_norm_((p for p in with_grads([3.0, 4.0])), 1.0, foreach=True).item() == 5.0
    with pytest.warns(UserWarning, match="`parameters` is an empty generator"):
        utils.clip_grad_norm_((p for p in []), 1.0)
    with pytest.raises(TypeError, match=r"expected a Tensor or an iterable of Tensors, got int. Pass model.parameters\(\)"):
        utils.clip_grad_norm_(3, 1.0)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError, match="expected Tensors, got int at place 1"):
        utils.clip_grad_norm_([one, 3], 1.0)  # type: ignore[list-item]  # on purpose
    with pytest.raises(ValueError, match="could not convert string to float"):
        utils.clip_grad_norm_([one], "a")  # type: ignore[arg-type]  # on purpose


def test_not_finite() -> None:
    for bad in (math.nan, math.inf):
        params = with_grads([1.0, bad], [2.0])
        with pytest.raises(RuntimeError, match=r"The total norm of order 2.0 for gradients from `parameters` is non-finite"):
            utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
        assert params[1].grad.value.tolist() == [2.0]
    params = with_grads([math.inf], [2.0])
    assert utils.clip_grad_norm_(params, 1.0).item() == math.inf
    assert params[1].grad.value.tolist() == [0.0]
    params = with_grads([math.nan], [2.0])
    utils.clip_grad_norm_(params, 1.0)
    assert math.isnan(params[1].grad.value[0])


def test_mixed_dtypes() -> None:
    params = with_grads([3.0]) + with_grads([4.0], dtype=np.float64)
    total = utils.clip_grad_norm_(params, 1.0)
    assert total.dtype == ac.float64
    assert [p.grad.dtype for p in params] == [ac.float32, ac.float64]


def test_no_temporary_of_the_size_of_the_gradients() -> None:
    params = with_grads(np.ones((500, 500)), np.ones((500, 500)).T)
    for p in (1.0, 2.0, 3.0, math.inf):
        tracemalloc.start()
        utils.clip_grad_norm_(params, 1e-3, norm_type=p)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 700_000  # one gradient has a million bytes


def test_older_name() -> None:
    with pytest.warns(FutureWarning, match="`nn.utils.clip_grad_norm` is now deprecated"):
        assert utils.clip_grad_norm(with_grads([3.0, 4.0]), 1.0).item() == 5.0


def test_clip_grads_with_norm() -> None:
    params = with_grads([3.0, 4.0])
    utils.clip_grads_with_norm_(params, 1.0, wrap(np.array(10.0, np.float32)))
    assert params[0].grad.value.tolist() == pytest.approx([0.3, 0.4])


def test_clip_grad_value() -> None:
    params = with_grads([-3.0, 0.5, math.nan], [9.0])
    version = params[0].grad._version
    utils.clip_grad_value_(params, 1)
    assert params[0].grad.value[:2].tolist() == [-1.0, 0.5]
    assert math.isnan(params[0].grad.value[2])
    assert params[1].grad.value.tolist() == [1.0]
    assert params[0].grad._version > version
    utils.clip_grad_value_(Parameter(ac.ones(1)), 1.0)


# ------------------------------------------------------------------------------------------------- vectors
def test_parameters_to_vector_and_back() -> None:
    a, b = Parameter(ac.tensor([[1.0, 2.0], [3.0, 4.0]])), Parameter(ac.tensor(5.0))
    vector = utils.parameters_to_vector([a, b])
    assert vector.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    (vector * vector).sum().backward()
    assert a.grad is not None
    assert a.grad.tolist() == [[2.0, 4.0], [6.0, 8.0]]
    utils.vector_to_parameters(vector.detach() * 10, (p for p in [a, b]))
    assert a.tolist() == [[10.0, 20.0], [30.0, 40.0]]
    assert b.item() == 50.0
    assert a.requires_grad
    assert a.is_leaf


def test_vector_errors() -> None:
    a = Parameter(ac.ones(3))
    with pytest.raises(ValueError, match="expected a non-empty list of Tensors"):
        utils.parameters_to_vector([])
    with pytest.raises(TypeError, match="expected a Tensor, but got: list"):
        utils.vector_to_parameters([1.0], [a])  # type: ignore[arg-type]  # on purpose
    with pytest.raises(RuntimeError, match="expected a vector of 6 elements, got 4"):
        utils.vector_to_parameters(ac.zeros(4), [a, a])
    assert a.tolist() == [1.0, 1.0, 1.0]


# ------------------------------------------------------------------------------------------------- weight norm
class Linear(Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = Parameter(ac.tensor([[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]]))

    def forward(self, x: Tensor) -> Tensor:
        return (self.weight * x).sum()


def test_weight_norm_keeps_the_weight_and_splits_it() -> None:
    m = Linear()
    x = ac.tensor([1.0, -1.0])
    before = m(x).item()
    assert utils.weight_norm(m) is m
    assert [n for n, _ in m.named_parameters()] == ["weight_g", "weight_v"]
    assert m.weight_g.tolist() == [[5.0], [2.0], [1.0]]
    assert m(x).item() == pytest.approx(before)
    with ac.no_grad():
        m.weight_g *= 2
    assert m(x).item() == pytest.approx(2 * before)
    m(x).backward()
    assert m.weight_g.grad is not None
    # a step along v leaves w as it is: the gradient is orthogonal to v
    assert (m.weight_v.grad * m.weight_v).sum(dim=1).tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    assert utils.remove_weight_norm(m) is m
    assert [n for n, _ in m.named_parameters()] == ["weight"]
    assert m(x).item() == pytest.approx(2 * before)
    assert not m._forward_pre_hooks


@pytest.mark.parametrize(("dim", "shape"), [(0, (3, 1)), (1, (1, 2)), (None, ()), (-1, ())])
def test_weight_norm_dims(dim: int | None, shape: tuple[int, ...]) -> None:
    m = Linear()
    weight = m.weight.tolist()
    utils.weight_norm(m, dim=dim)
    assert tuple(m.weight_g.shape) == shape
    np.testing.assert_allclose(m.weight.tolist(), weight, rtol=1e-6)


def test_weight_norm_state_dict_loads() -> None:
    m, n = utils.weight_norm(Linear()), utils.weight_norm(Linear())
    with ac.no_grad():
        m.weight_v += 1
    n.load_state_dict(m.state_dict())
    assert n(ac.ones(2)).item() == m(ac.ones(2)).item()


def test_weight_norm_errors() -> None:
    m = utils.weight_norm(Linear())
    with pytest.raises(RuntimeError, match="Cannot register two weight_norm hooks on the same parameter weight"):
        utils.weight_norm(m)
    with pytest.raises(AttributeError, match="Linear has no attribute `bias`"):
        utils.weight_norm(Linear(), "bias")
    with pytest.raises(IndexError, match=r"expected dim in the range \[-1, 1\] of a weight of shape \[3, 2\], got 2"):
        utils.weight_norm(Linear(), dim=2)
    with pytest.raises(ValueError, match="weight_norm of 'weight' not found in Linear"):
        utils.remove_weight_norm(Linear())
    assert copy.deepcopy(Linear()).weight.shape == (3, 2)


@pytest.mark.parametrize(
    ("cls", "args"), [(ac.nn.Linear, (3, 4)), (ac.nn.Conv2d, (2, 3, 3)), (ac.nn.LSTM, (3, 4)), (ac.nn.LayerNorm, (3,))]
)
def test_skip_init_takes_nothing_from_the_stream(cls: Any, args: tuple[Any, ...]) -> None:
    made = cls(*args, dtype=ac.float64)
    ac.manual_seed(3)
    expected = ac.rand(2)
    ac.manual_seed(3)
    bare = utils.skip_init(cls, *args, dtype=ac.float64)
    assert ac.equal(ac.rand(2), expected)
    assert [(n, p.shape, p.dtype, p.requires_grad) for n, p in bare.named_parameters()] == [
        (n, p.shape, ac.float64, True) for n, p in made.named_parameters()
    ]
    assert type(bare) is cls and bare.training
    bare.load_state_dict(made.state_dict())
    ac.manual_seed(0)
    bare.reset_parameters()
    ac.manual_seed(0)
    made.reset_parameters()
    assert all(ac.equal(a, b) for a, b in zip(bare.parameters(), made.parameters(), strict=True))


def test_skip_init_does_not_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ac.nn.Linear, "reset_parameters", lambda self: pytest.fail("initial values were made"))
    utils.skip_init(ac.nn.Linear, 2, 3)


def test_skip_init_refuses() -> None:
    with pytest.raises(TypeError, match=r"expected a class of modules, such as nn\.Linear, got 3"):
        utils.skip_init(3)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="Module must support a 'device' arg to skip initialization: ReLU takes none"):
        utils.skip_init(ac.nn.ReLU)
