"""What the random generator refuses: PyTorch's exception types, texts that say why, and nothing changed."""

import math
import re
from typing import Any

import numpy as np
import pytest

from autograd_cnn.errors import DtypeError
from autograd_cnn.random import Generator


def _bad_state(at: int, value: int) -> np.ndarray:
    state = Generator().get_state()
    state[at] = value
    return state


F = np.float32
READ_ONLY = np.zeros(3, F)
READ_ONLY.flags.writeable = False
ERRORS: list[tuple[Any, type[Exception], str]] = [
    (lambda g: Generator("cuda"), RuntimeError, "Generator: expected device 'cpu', got 'cuda'"),
    (lambda g: g.manual_seed("x"), RuntimeError, "manual_seed expected a long, but got str"),
    (lambda g: g.manual_seed(True), RuntimeError, "manual_seed expected a long, but got bool"),
    (lambda g: g.manual_seed(2**64), ValueError, "expected a seed in [-2^63, 2^64), got 18446744073709551616"),
    (lambda g: g.set_state("x"), TypeError, "expected the uint8 array that get_state() returns"),
    (lambda g: g.set_state([0] * 5056), TypeError, "got list"),
    (
        lambda g: g.set_state(np.zeros(5056)),
        TypeError,
        "RNG state must be a torch.ByteTensor (dtype uint8), got float64",
    ),
    (
        lambda g: g.set_state(np.zeros(7, np.uint8)),
        RuntimeError,
        "of size 5056 but found the input RNG state size to be 7",
    ),
    (lambda g: g.set_state(_bad_state(12, 0)), RuntimeError, "Invalid mt19937 state"),
    (lambda g: g.set_state(_bad_state(8, 100)), RuntimeError, "Invalid mt19937 state"),
    (lambda g: g.set_state(_bad_state(9, 100)), RuntimeError, "Invalid mt19937 state"),
    (lambda g: g.set_state(_bad_state(17, 100)), RuntimeError, "Invalid mt19937 state"),
    (lambda g: g.uniform(3, int), DtypeError, "\"check_uniform_bounds\" not implemented for 'Long'"),
    (lambda g: g.uniform(3, np.complex64), NotImplementedError, "got complex64"),
    (
        lambda g: g.uniform(3, F, 2, 1),
        RuntimeError,
        "uniform_ expects to return a [from, to) range, but found from=2 > to=1",
    ),
    (lambda g: g.uniform(3, F, math.nan, 1), RuntimeError, "from is out of bounds for float"),
    (lambda g: g.uniform(3, F, 0, math.inf), RuntimeError, "to is out of bounds for float"),
    (
        lambda g: g.uniform(3, F, -3e38, 3e38),
        RuntimeError,
        "uniform_ expects to-from <= std::numeric_limits<Float>::max()",
    ),
    (lambda g: g.uniform(3, F, "0"), TypeError, "uniform_: expected a number for 'from', got str"),
    (lambda g: g.uniform(3, F, None), TypeError, "uniform_: expected a number for 'from', got NoneType"),
    (lambda g: g.uniform((2, -1)), RuntimeError, "Trying to create tensor with negative dimension -1: [2, -1]"),
    (lambda g: g.uniform(2.5), TypeError, "uniform: expected a shape of whole numbers, got 2.5"),
    (lambda g: g.uniform((2, 1.5)), TypeError, "uniform: expected a shape of whole numbers, got (2, 1.5)"),
    (lambda g: g.normal(3, int), NotImplementedError, "\"normal_kernel_cpu\" not implemented for 'Long'"),
    (lambda g: g.normal(3, F, 0, -1), RuntimeError, "normal expects std >= 0.0, but found std -1"),
    (lambda g: g.normal(3, F, 0, -1, contiguous=False), RuntimeError, "normal expects std >= 0.0, but found std -1"),
    (lambda g: g.normal(3, F, 0, math.nan), RuntimeError, "normal expects std >= 0.0, but found std nan"),
    (lambda g: g.bernoulli(3, 2.0), RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=2"),
    (lambda g: g.bernoulli(3, math.nan), RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=nan"),
    (
        lambda g: g.bernoulli_from(np.array([0.5, 1.5])),
        RuntimeError,
        "1 of 2 probabilities are outside [0, 1], the first",
    ),
    (lambda g: g.bernoulli_from(np.array([1, 0])), NotImplementedError, "not implemented for 'Long'"),
    (lambda g: g.fill_bernoulli_(np.empty(3), np.ones(2)), RuntimeError, "broadcast to shape (3,), got shape (2,)"),
    (lambda g: g.fill_bernoulli_(np.empty(3, complex), 0.5), DtypeError, "not implemented for 'ComplexDouble'"),
    (lambda g: g.exponential(3, int), DtypeError, "Exponential distribution is a continuous probability distribution"),
    (lambda g: g.exponential(3, F, 0), RuntimeError, "exponential_ expects lambda > 0.0, but found lambda=0"),
    (lambda g: g.cauchy(3, int), DtypeError, "Cauchy distribution is a continuous probability distribution"),
    (lambda g: g.cauchy(3, F, 0, -1), RuntimeError, "cauchy_ expects sigma > 0.0, but found sigma=-1"),
    (lambda g: g.log_normal(3, F, 0, 0), RuntimeError, "log_normal_ expects std > 0.0, but found std=0"),
    (lambda g: g.geometric(3, 0), RuntimeError, "geometric_ expects p to be in (0, 1), but got p=0"),
    (lambda g: g.geometric(3, 0.5, bool), NotImplementedError, "\"geometric_cpu\" not implemented for 'Bool'"),
    (
        lambda g: g.integers(3, 5, 5),
        RuntimeError,
        "random_ expects 'from' to be less than 'to', but got from=5 >= to=5",
    ),
    (lambda g: g.integers(3, 0, 300, np.uint8), RuntimeError, "to - 1 is out of bounds for unsigned char: got 299"),
    (lambda g: g.integers(3, -1, 3, np.uint8), RuntimeError, "from is out of bounds for unsigned char: got -1"),
    (lambda g: g.integers(3, 0, 2.5), TypeError, "random_: expected a whole number for 'to', got float"),
    (lambda g: g.integers(3, 0, 2**63), ValueError, "Overflow when unpacking long long"),
    (lambda g: g.integers(3, 0, 3, complex), DtypeError, "handles only integral, floating-point and boolean types"),
    (lambda g: g.random_(3, np.uint32), NotImplementedError, "\"random_kernel_cpu\" not implemented for 'UInt32'"),
    (lambda g: g.random_(3, F, 2**25), RuntimeError, "from=33554432 > to_inc=16777216"),
    (lambda g: g.random_(3, np.int32, -(2**63)), DtypeError, "random_full_64_bits_range_kernel_cpu handles only"),
    (lambda g: g.permutation(-1), RuntimeError, "randperm: Trying to create tensor with negative dimension -1"),
    (lambda g: g.permutation(2.5), TypeError, "randperm: expected a whole number for 'n', got float"),
    (lambda g: g.trunc_normal(3, F, 0, 0), ZeroDivisionError, "trunc_normal_ expects std > 0.0"),
    (lambda g: g.trunc_normal(3, F, 0, -1), RuntimeError, "trunc_normal_ expects finite numbers and std > 0.0"),
    (lambda g: g.trunc_normal(3, F, math.nan), RuntimeError, "trunc_normal_ expects finite numbers"),
    (lambda g: g.trunc_normal(3, F, 0, 1, 2, -2), RuntimeError, "trunc_normal_ expects a <= b, but found a=2 > b=-2"),
    (
        lambda g: g.multinomial(np.ones(3, int), 1),
        DtypeError,
        "only supports floating-point dtypes for input, got: Long",
    ),
    (lambda g: g.multinomial(np.ones(3), 0), RuntimeError, "cannot sample n_sample <= 0 samples, got 0"),
    (lambda g: g.multinomial(np.ones(3), 4), RuntimeError, "without replacement: asked for 4 of 3"),
    (lambda g: g.multinomial(np.ones((1, 1, 1)), 1), RuntimeError, "prob_dist must be 1 or 2 dim, got 3"),
    (lambda g: g.multinomial(np.array([1, -1.0]), 1), RuntimeError, "element < 0"),
    (lambda g: g.multinomial(np.array([1, np.nan]), 5, True), RuntimeError, "invalid multinomial distribution"),
    (lambda g: g.multinomial(np.zeros((2, 2)), 1), RuntimeError, "sum of probabilities <= 0"),
    (lambda g: g.fill_uniform_([1.0]), TypeError, "uniform_: expected a NumPy array to fill, got list"),
    (lambda g: g.fill_normal_(READ_ONLY), RuntimeError, "normal_: expected an array that can be written"),
    (lambda g: g.fill_random_(np.broadcast_to(np.zeros(1), (3,))), RuntimeError, "refers to a single memory location"),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS)
def test_errors(call, kind, text):
    g = Generator()
    g.normal(1)
    before = g.get_state()
    with pytest.raises(kind, match=re.escape(text)):
        call(g)
    np.testing.assert_array_equal(g.get_state(), before)


def test_a_refused_fill_leaves_the_array_alone():
    array = np.arange(3.0)
    with pytest.raises(RuntimeError):
        Generator().fill_uniform_(array, 2, 1)
    assert array.tolist() == [0, 1, 2]


def test_ranges_with_gaps_are_warned_of():
    with pytest.warns(UserWarning, match=re.escape("to - 1 is out of bounds [-(2^24), 2^24]")):
        x = Generator().integers(100, 0, 2**30, np.float32)
    assert 0 <= x.min() <= x.max() < 2**30
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        Generator().trunc_normal(5, np.float32, 0, 1, 2.5, 3)
