"""Samplers: the order, its length, and what is said of wrong arguments. The draws themselves are held against torch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_cnn.random import Generator, get_rng_state, manual_seed
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.utils.data import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from autograd_cnn.utils.data.sampler import InfiniteConstantSampler

quick = settings(deadline=None, derandomize=True, database=None, max_examples=60)


@quick
@given(n=st.integers(1, 40), wanted=st.integers(1, 100), seed=st.integers(0, 99))
def test_random_sampler_is_made_of_permutations(n: int, wanted: int, seed: int) -> None:
    sampler = RandomSampler(range(n), num_samples=wanted, generator=Generator().manual_seed(seed))
    order = list(sampler)
    assert len(order) == len(sampler) == wanted
    for start in range(0, wanted, n):
        part = order[start : start + n]
        assert len(set(part)) == len(part)
    assert all(0 <= i < n for i in order)


@quick
@given(n=st.integers(0, 50), size=st.integers(1, 9), drop=st.booleans())
def test_batch_sampler(n: int, size: int, drop: bool) -> None:
    sampler = BatchSampler(range(n), size, drop)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    flat = [i for batch in batches for i in batch]
    assert flat == list(range(n - n % size if drop else n))
    assert all(len(batch) == size for batch in batches[:-1])


def test_batch_sampler_takes_any_iterable() -> None:
    assert list(BatchSampler(iter("abcde"), 2, False)) == [["a", "b"], ["c", "d"], ["e"]]  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"no len\(\)"):
        len(BatchSampler(iter([1, 2]), 2, False))


def test_a_constant_sampler_does_not_end() -> None:
    assert list(islice(InfiniteConstantSampler(), 5)) == [None] * 5


def test_length_follows_the_dataset() -> None:
    data = [1, 2, 3]
    sampler = RandomSampler(data)
    data.append(4)
    assert len(sampler) == 4
    assert sorted(sampler) == [0, 1, 2, 3]


def test_nothing_is_drawn_before_the_first_index() -> None:
    manual_seed(0)
    state = bytes(get_rng_state())
    samplers: list[Sampler[int]] = [
        RandomSampler(range(5)),
        SubsetRandomSampler([1, 2]),
        WeightedRandomSampler([1, 1], 2),
    ]
    for sampler in samplers:
        order = iter(sampler)
        assert bytes(get_rng_state()) == state
        next(order)
        assert bytes(get_rng_state()) != state
        state = bytes(get_rng_state())


def test_weights_are_proportions() -> None:
    sampler = WeightedRandomSampler([0.0, 1.0, 3.0], 20000, generator=Generator().manual_seed(0))
    assert sampler.weights.value.dtype == np.float64
    share = np.bincount(list(sampler), minlength=3) / 20000
    np.testing.assert_allclose(share, [0, 0.25, 0.75], atol=0.01)
    for weights in (wrap(np.ones(3, np.float32)), np.ones(3), [wrap(np.float32(1))] * 3, (1, 1, 1), range(1, 4)):
        assert sorted(WeightedRandomSampler(weights, 3, replacement=False)) == [0, 1, 2]  # type: ignore[arg-type]


def test_changing_the_weights_given_changes_nothing() -> None:
    weights = np.array([1.0, 0.0])
    sampler = WeightedRandomSampler(weights, 5)  # type: ignore[arg-type]
    weights[:] = [0.0, 1.0]
    assert set(sampler) == {0}


def test_sequential() -> None:
    assert list(SequentialSampler("abc")) == [0, 1, 2]
    assert len(SequentialSampler("abc")) == 3


WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: iter(Sampler()), NotImplementedError, r"should implement __iter__, and Sampler does not"),
    (lambda: RandomSampler(range(3), replacement=1), TypeError, r"replacement should be a boolean value.*=1"),  # type: ignore[arg-type]
    (lambda: RandomSampler(range(3), num_samples=0), ValueError, r"positive integer value, but got num_samples=0"),
    (lambda: RandomSampler([]), ValueError, r"num_samples=0. The dataset is empty"),
    (lambda: RandomSampler(range(3), generator=3), TypeError, r"RandomSampler: expected generator to be .*, got int"),  # type: ignore[arg-type]
    (lambda: SubsetRandomSampler([1], generator="g"), TypeError, r"got str\. Make one with"),  # type: ignore[arg-type]
    (lambda: WeightedRandomSampler([1.0], 0), ValueError, r"num_samples=0"),
    (lambda: WeightedRandomSampler([1.0], True), ValueError, r"num_samples=True"),
    (lambda: WeightedRandomSampler([1.0], 1, replacement=1), ValueError, r"replacement=1"),  # type: ignore[arg-type]
    (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, r"1d sequence .* shape \(1, 1\)"),  # type: ignore[list-item]
    (lambda: WeightedRandomSampler("ab", 1), TypeError, r"expected weights to be numbers, got a str"),  # type: ignore[arg-type]
    (lambda: list(WeightedRandomSampler([-1.0, 1.0], 1)), RuntimeError, r"< 0|negative"),
    (lambda: BatchSampler(range(3), 0, False), ValueError, r"positive integer value, but got batch_size=0"),
    (lambda: BatchSampler(range(3), 2.0, False), ValueError, r"batch_size=2.0"),  # type: ignore[arg-type]
    (lambda: BatchSampler(range(3), 2, 1), ValueError, r"drop_last should be a boolean value, but got drop_last=1"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("act", "kind", "text"), WRONG)
def test_errors(act: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        act()
