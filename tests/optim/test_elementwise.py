"""The block by block update: any memory layout, no temporaries of a parameter's size, L1 beside L2."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_cnn import optim
from autograd_cnn.optim import elementwise
from autograd_cnn.optim.elementwise import blocks
from autograd_cnn.tensors.tensor import wrap

NAMES = ["SGD", "ASGD", "Adagrad", "Adadelta", "RMSprop", "Rprop", "Adam", "AdamW", "NAdam", "RAdam", "Adamax"]
every = pytest.mark.parametrize("name", NAMES)


def make(name: str, params: Any, **options: Any) -> Any:
    return getattr(optim, name)(params, **options)


@st.composite
def layouts(draw: st.DrawFn, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """An array of that shape: contiguous, permuted, or a strided part of another."""
    kind = draw(st.sampled_from(["C", "permuted", "strided"]))
    if kind == "C":
        return np.zeros(shape, np.float32)
    if kind == "permuted":
        order = draw(st.permutations(range(len(shape))))
        return np.zeros([shape[i] for i in order], np.float32).transpose(np.argsort(order))
    return np.zeros([2 * n for n in shape], np.float32)[(..., *(slice(0, 2 * n, 2) for n in shape))]


@settings(max_examples=200, deadline=None)
@given(data=st.data(), shape=st.lists(st.integers(1, 9), min_size=0, max_size=4).map(tuple), limit=st.integers(1, 40))
def test_blocks_cover_each_element_once(data: Any, shape: tuple[int, ...], limit: int) -> None:
    arrays = [data.draw(layouts(shape)) for _ in range(2)]
    numbers = np.arange(arrays[0].size).reshape(shape)
    arrays[1][...] = numbers
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elementwise, "BLOCK_BYTES", 4 * limit)
        for a, b in blocks(arrays):
            assert a.size <= limit
            assert a.shape == b.shape
            a += b + 1
    np.testing.assert_array_equal(arrays[0], numbers + 1)


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_blocks_do_not_show(name: str, dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One block or many: the same bits."""
    rng = np.random.default_rng(0)
    start = rng.standard_normal((37, 53)).astype(dtype)
    gradients = [rng.standard_normal((53, 37)).astype(dtype).T for _ in range(4)]
    results = []
    for size in (1 << 17, 1000):
        monkeypatch.setattr(elementwise, "BLOCK_BYTES", size)
        monkeypatch.setattr(elementwise, "_local", type("Fresh", (), {})())
        p = wrap(start.copy(), True)
        optimizer = make(name, [p], **({} if name == "Rprop" else {"weight_decay": 0.1}), l1=0.01)
        for g in gradients:
            p.grad = wrap(g)
            optimizer.step()
        results.append(p.value)
    np.testing.assert_array_equal(results[0], results[1])


@every
def test_no_temporary_has_the_size_of_a_parameter(name: str) -> None:
    p = wrap(np.ones((1000, 1000), np.float32), True)
    p.grad = wrap(np.ones((1000, 1000), np.float32))
    options = {} if name == "Rprop" else {"weight_decay": 0.1}
    optimizer = make(name, [p], maximize=True, l1=0.1, **options)
    optimizer.step()  # makes the state
    tracemalloc.start()
    try:
        optimizer.step()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * elementwise.BLOCK_BYTES
    assert peak < p.value.nbytes / 4


@every
def test_l1_is_a_term_of_the_gradient(name: str) -> None:
    rng = np.random.default_rng(0)
    start = np.array([1.0, -2.0, 0.0, 0.5])
    p, q = wrap(start.copy(), True), wrap(start.copy(), True)
    a, b = make(name, [p], lr=0.05, l1=0.3), make(name, [q], lr=0.05)
    for _ in range(5):
        g = rng.standard_normal(4)
        p.grad, q.grad = wrap(g.copy()), wrap(g + 0.3 * np.sign(q.value))
        a.step()
        b.step()
    np.testing.assert_allclose(p.value, q.value, rtol=1e-14)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad"])
def test_l1_and_l2_together_and_maximize(name: str) -> None:
    start, g = np.array([1.0, -2.0]), np.array([0.3, 0.7])
    p, q = wrap(start.copy(), True), wrap(start.copy(), True)
    p.grad, q.grad = wrap(g), wrap(-g + 0.2 * start + 0.1 * np.sign(start))
    make(name, [p], lr=0.1, weight_decay=0.2, l1=0.1, maximize=True).step()
    make(name, [q], lr=0.1).step()
    np.testing.assert_allclose(p.value, q.value, rtol=1e-14)


def test_l1_in_one_group_only() -> None:
    p, q = (wrap(np.array([1.0, -1.0]), True) for _ in range(2))
    p.grad, q.grad = wrap(np.zeros(2)), wrap(np.zeros(2))
    optim.SGD([{"params": [p], "l1": 0.5}, {"params": [q]}], lr=0.5).step()
    assert p.value.tolist() == [0.75, -0.75]
    assert q.value.tolist() == [1.0, -1.0]


def test_l1_enters_the_gradient_where_weight_decay_is_decoupled() -> None:
    p, q = (wrap(np.array([1.0, -1.0]), True) for _ in range(2))
    p.grad, q.grad = wrap(np.zeros(2)), wrap(0.5 * np.sign(q.value))
    optim.AdamW([p], l1=0.5).step()
    optim.AdamW([q]).step()
    np.testing.assert_allclose(p.value, q.value)


def test_l1_makes_weights_small_that_carry_nothing() -> None:
    """Lasso: of ten features two count. With l1 the others end at (about) 0; without it they do not."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 10))
    y = x[:, 0] * 2 - x[:, 1] + 0.3 * rng.standard_normal(40)
    largest = {}
    for l1 in (0.0, 0.2):
        w = wrap(np.zeros(10), True)
        optimizer = optim.SGD([w], lr=0.02, l1=l1)
        for _ in range(2000):
            w.grad = wrap(x.T @ (x @ w.value - y) / 40)
            optimizer.step()
        largest[l1] = np.abs(w.value[2:]).max()
    assert largest[0.0] > 0.05
    assert largest[0.2] < 0.005


def test_lbfgs_minimises_the_loss_with_its_l1_penalty() -> None:
    """One dimension by hand: ½(x − 3)² + 0.5·|x| is least at 2.5."""
    p = wrap(np.array([7.0]), True)
    optimizer = optim.LBFGS([p], l1=0.5, line_search_fn="strong_wolfe")

    def closure() -> float:
        p.grad = wrap(p.value - 3.0)
        return float(0.5 * ((p.value - 3.0) ** 2).sum())

    assert optimizer.step(closure) == 8.0  # the closure's own loss
    np.testing.assert_allclose(p.value, [2.5], rtol=1e-6)


def test_a_state_that_is_missing_a_part_gets_it() -> None:
    """Options may be switched on in the middle of a run."""
    p = wrap(np.ones(2), True)
    p.grad = wrap(np.ones(2))
    for name, option in (
        ("Adam", {"amsgrad": True}),
        ("RMSprop", {"momentum": 0.9}),
        ("RMSprop", {"centered": True}),
        ("SGD", {"momentum": 0.9}),
    ):
        optimizer = make(name, [p])
        optimizer.step()
        optimizer.param_groups[0].update(option)
        optimizer.step()
        assert np.isfinite(p.value).all()
