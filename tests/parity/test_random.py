"""Random streams against PyTorch: the same seed and the same calls give the same bits, and leave the same state."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn.random as ours
from autograd_cnn.random import Generator

torch = pytest.importorskip("torch")

SIZES = (0, 1, 2, 15, 16, 17, 31, 33, 1000, 100003)
SEEDS = (0, 1, 1234567, 2**32 + 5, 2**63 - 1, 2**64 - 1, -3, -(2**63))
FLOATS = ("float16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
REALS = (*FLOATS, *INTEGERS)

quick = settings(derandomize=True, deadline=None, database=None, max_examples=150)


class Pair:
    """One stream in both libraries."""

    def __init__(self, seed: int = 0) -> None:
        self.np = Generator().manual_seed(seed)
        self.torch = torch.Generator().manual_seed(seed)

    def empty(self, shape: Any, dtype: str) -> Any:
        return torch.empty(shape, dtype=getattr(torch, dtype))

    def same_state(self) -> None:
        np.testing.assert_array_equal(self.np.get_state(), self.torch.get_state().numpy())


def equal(got: np.ndarray, want: Any) -> None:
    """Equal bit for bit (NaN included), with the same dtype and shape."""
    want = np.asarray(want)
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(np.ascontiguousarray(got).view(np.uint8), np.ascontiguousarray(want).view(np.uint8))


# ------------------------------------------------------------------------------------------------ seeds and states
@pytest.mark.parametrize("seed", SEEDS)
def test_seeds(seed):
    pair = Pair(seed)
    assert pair.np.initial_seed() == pair.torch.initial_seed()
    pair.same_state()
    equal(pair.np.uniform(1000), torch.rand(1000, generator=pair.torch))
    pair.same_state()


def test_fresh_generator():
    equal(Generator().get_state(), torch.Generator().get_state().numpy())


@pytest.mark.parametrize("words", [1, 623, 624, 625, 1247, 1248])
def test_states_travel_both_ways(words):
    pair = Pair(5)
    pair.np.uniform(words)
    torch.rand(words, generator=pair.torch)
    pair.same_state()
    pair.np.normal(1)
    torch.randn(1, generator=pair.torch)
    pair.same_state()  # with a cached normal
    taken = Generator().set_state(pair.torch.get_state())  # a tensor: anything with __array__
    given_back = torch.Generator()
    given_back.set_state(torch.from_numpy(pair.np.get_state()))
    want = torch.randn(3, generator=pair.torch)
    equal(taken.normal(3), want)
    equal(pair.np.normal(3), want)
    equal(torch.randn(3, generator=given_back).numpy(), want)
    equal(pickle.loads(pickle.dumps(taken)).uniform(5), torch.rand(5, generator=copy.deepcopy(pair.torch)))


def test_default_generator():
    state = ours.get_rng_state()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(11)
            ours.manual_seed(11)
            equal(ours.default_generator.normal((4, 5)), torch.randn(4, 5))
            equal(ours.get_rng_state(), torch.get_rng_state().numpy())
            ours.set_rng_state(torch.get_rng_state())
            assert ours.default_generator.seed64() == torch.empty((), dtype=torch.int64).random_().item()
    finally:
        ours.set_rng_state(state)


# ------------------------------------------------------------------------------------------------------- each draw
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", SIZES)
def test_uniform(n, dtype):
    for seed, (low, high) in enumerate([(0, 1), (-0.3, 0.3), (0, 1e-3), (2, 2), (0.1, 0.1000001), (-100, 5e4)]):
        pair = Pair(seed)
        equal(pair.np.uniform((n,), dtype, low, high), pair.empty(n, dtype).uniform_(low, high, generator=pair.torch))
        pair.same_state()


def test_uniform_never_reaches_its_upper_bound():
    """A bound so near that rounding lands on it in one draw of four: the lower bound is taken instead."""
    low, high = 1.0, 1.0 + 2 * 2.0**-23
    pair = Pair()
    got = pair.np.uniform(10000, "float32", low, high)
    equal(got, torch.empty(10000).uniform_(low, high, generator=pair.torch))
    assert got.max() < high


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", SIZES)
def test_normal(n, dtype):
    for seed, (mean, std) in enumerate([(0, 1), (0, 0.02), (0.5, 0.02), (-3.3, 0), (1e3, 7), (0, 1e38)]):
        if n > 1000 and seed in (1, 3):
            continue
        pair = Pair(seed)
        equal(pair.np.normal((n,), dtype, mean, std), pair.empty(n, dtype).normal_(mean, std, generator=pair.torch))
        pair.same_state()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [1, 15, 16, 17, 1000, 20001])
def test_normal_not_contiguous(n, dtype):
    for seed, (mean, std) in enumerate([(0, 1), (0.5, 0.02), (-3.3, 0.1)]):
        pair = Pair(seed)
        for _ in range(2):  # the second time with a cached normal, if n is odd
            want = pair.empty((n, 2), dtype)[:, 0].normal_(mean, std, generator=pair.torch)
            equal(pair.np.fill_normal_(np.empty((n, 2), dtype)[:, 0], mean, std), want)
            pair.same_state()
        if n > 1:
            want = pair.empty((n, 2), dtype)[:, 0].normal_(mean, std, generator=pair.torch)
            equal(pair.np.normal((n,), dtype, mean, std, contiguous=False), want)


RANGES = [(0, 1), (0, 10), (-5, 7), (0, 64), (-128, 127), (0, 100)]
WIDE = [(0, 2**28 - 1), (0, 2**28), (-7, 2**32 + 17), (-(2**40), 2**62), (-(2**63), 2**63 - 1), (5, 2**28 + 5)]


@pytest.mark.parametrize("n", SIZES)
def test_integers(n):
    for seed, (low, high) in enumerate(RANGES + WIDE):
        pair = Pair(seed)
        equal(pair.np.integers((n,), low, high), torch.randint(low, high, (n,), generator=pair.torch))
        pair.same_state()


@pytest.mark.parametrize("dtype", [*REALS, "uint16", "uint32", "uint64"])
def test_integers_of_other_dtypes(dtype):
    for low, high in [(0, 10), (3, 64), (0, 100)]:
        pair = Pair(1)
        want = torch.randint(low, high, (7, 11), dtype=getattr(torch, dtype), generator=pair.torch)
        equal(pair.np.integers((7, 11), low, high, dtype), want)
        equal(pair.np.random_((3,), dtype, high=2), pair.empty(3, dtype).random_(2, generator=pair.torch))
        if dtype != "uint64":  # PyTorch refuses that one: its own upper bound does not fit int64
            equal(pair.np.random_((9,), dtype, low), pair.empty(9, dtype).random_(low, None, generator=pair.torch))
        pair.same_state()


@pytest.mark.filterwarnings("ignore:.*is out of bounds:UserWarning")
@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("float16", 0, 65504),
        ("float16", -65503, 3),
        ("float16", 2049, 2060),
        ("float16", 4099, 9000),
        ("float32", 0, 2**30),
        ("float32", 2**24 + 1, 2**25 + 1),
        ("float32", -(2**62), 5),
        ("float32", 7, 2**63 - 1),
        ("float64", 2**53 + 1, 2**60),
        ("float64", -(2**62) - 1, 2**62 + 1),
        ("float32", -(2**62), -(2**62) + 2**27),
        ("float32", -(2**63), None),
        ("float64", -(2**63), None),
        ("int64", -(2**63), None),
        ("bool", 0, 2),
    ],
)
def test_ranges_at_the_edge_of_a_dtype(dtype, low, high):
    for seed in range(40):
        pair = Pair(seed)
        equal(pair.np.random_((8,), dtype, low, high), pair.empty(8, dtype).random_(low, high, generator=pair.torch))
    pair = Pair(2)
    want = pair.empty(500, dtype).random_(low, high, generator=pair.torch)
    equal(pair.np.random_((500,), dtype, low, high), want)
    pair.same_state()


@pytest.mark.parametrize("dtype", [*REALS, "bool"])
def test_random_without_bounds(dtype):
    for n in (0, 1, 17, 20000):
        pair = Pair(n)
        equal(pair.np.random_((n,), dtype), pair.empty(n, dtype).random_(generator=pair.torch))
        pair.same_state()


@pytest.mark.parametrize("n", [*SIZES, 4095, 4096, 60000])
def test_permutation(n):
    for seed in (0, 1):
        pair = Pair(seed)
        equal(pair.np.permutation(n), torch.randperm(n, generator=pair.torch))
        pair.same_state()


def test_seed64():
    pair = Pair(3)
    for _ in range(5):
        assert pair.np.seed64() == torch.empty((), dtype=torch.int64).random_(generator=pair.torch).item()


@pytest.mark.parametrize("n", SIZES)
def test_bernoulli(n):
    for seed, p in enumerate([0.0, 1.0, 0.5, 0.1, 1 - 1e-16, 1e-17]):
        pair = Pair(seed)
        equal(pair.np.bernoulli((n,), p), pair.empty(n, "bool").bernoulli_(p, generator=pair.torch))
        pair.same_state()


@pytest.mark.parametrize("dtype", [*REALS, "bool"])
def test_bernoulli_fills_any_dtype(dtype):
    pair = Pair(1)
    equal(pair.np.fill_bernoulli_(np.empty(99, dtype), 0.3), pair.empty(99, dtype).bernoulli_(0.3, generator=pair.torch))


@pytest.mark.parametrize("dtype", FLOATS)
def test_bernoulli_from(dtype):
    for shape in ((), (0,), (5,), (3, 7), (100, 300)):
        p = np.asarray(np.random.RandomState(0).rand(*shape), dtype)
        for chances in (p, p.T):
            pair = Pair(4)
            want = torch.bernoulli(torch.from_numpy(np.asarray(chances)), generator=pair.torch)
            equal(pair.np.bernoulli_from(chances), np.asarray(want).astype(bool))
            pair.same_state()
    pair = Pair(5)
    base, other = np.zeros((4, 6, 5), np.float32), torch.zeros(4, 6, 5)
    row = np.linspace(0, 1, 4).astype(dtype)
    pair.np.fill_bernoulli_(base.transpose(1, 2, 0), row)  # broadcast, and filled as the array lies in memory
    other.permute(1, 2, 0).bernoulli_(torch.from_numpy(row), generator=pair.torch)
    equal(base, other)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [0, 1, 17, 1000, 40003])
def test_transformed_draws(n, dtype):
    for seed in (0, 1):
        pair = Pair(seed)
        equal(pair.np.exponential((n,), dtype, 0.7), pair.empty(n, dtype).exponential_(0.7, generator=pair.torch))
        equal(pair.np.cauchy((n,), dtype, 0.5, 3), pair.empty(n, dtype).cauchy_(0.5, 3, generator=pair.torch))
        equal(pair.np.log_normal((n,), dtype, 0.3, 2), pair.empty(n, dtype).log_normal_(0.3, 2, generator=pair.torch))
        equal(pair.np.log_normal((n,), dtype), pair.empty(n, dtype).log_normal_(generator=pair.torch))
        pair.same_state()


@pytest.mark.parametrize("dtype", REALS)
def test_geometric(dtype):
    for p in (0.5, 0.1, 0.9, 1e-3 if dtype in ("float32", "int64") else 0.3):
        pair = Pair(6)
        equal(pair.np.geometric((3001,), p, dtype), pair.empty(3001, dtype).geometric_(p, generator=pair.torch))
        pair.same_state()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(2,), (3, 5), (40, 25)])
def test_trunc_normal(shape, dtype):
    init = torch.nn.init
    for bounds in [(0, 1, -2, 2), (0, 0.01, -0.02, 0.02), (0, 1, 0.5, 0.6), (0.5, 1, -2, -1.4), (0, 1, -0.1, 0.1)]:
        pair = Pair(7)
        equal(
            pair.np.trunc_normal(shape, dtype, *bounds),
            init.trunc_normal_(pair.empty(shape, dtype), *bounds, generator=pair.torch),
        )
        sliced = pair.np.fill_trunc_normal_(np.empty((*shape, 2), dtype)[..., 0], *bounds)
        equal(sliced, init.trunc_normal_(pair.empty((*shape, 2), dtype)[..., 0], *bounds, generator=pair.torch))
        pair.same_state()


def test_trunc_normal_warns_as_pytorch():
    with pytest.warns(UserWarning, match="more than 2 std"):
        got = Generator().manual_seed(1).trunc_normal((100,), "float32", 0, 1, 2.5, 3)
    with pytest.warns(UserWarning, match="more than 2 std"):
        want = torch.nn.init.trunc_normal_(torch.empty(100), 0, 1, 2.5, 3, generator=torch.Generator().manual_seed(1))
    equal(got, want)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(1,), (3,), (27,), (4, 9), (2, 1000)])
def test_multinomial(shape, dtype):
    p = np.random.RandomState(1).rand(*shape).astype(dtype)
    for chances in (p, np.asfortranarray(p)):
        for n, replacement in [(1, True), (1, False), (2, True), (shape[-1], False), (50, True)]:
            if dtype == "float16" and n > 1 and not replacement and shape[-1] > 27:
                continue  # equal keys, which neither library promises an order for
            pair = Pair(8)
            want = torch.multinomial(torch.from_numpy(chances), n, replacement, generator=pair.torch)
            equal(pair.np.multinomial(chances, n, replacement), want)
            pair.same_state()


# --------------------------------------------------------------------------------------------------- memory layouts
@st.composite
def layouts(draw: Any) -> tuple[tuple[int, ...], list[int], list[slice]]:
    """A base shape, a permutation of its dims, and a slice of each."""
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    order = draw(st.permutations(range(len(shape))))
    cuts = [slice(draw(st.integers(0, 1)), None, draw(st.integers(1, 2))) if draw(st.booleans()) else slice(None) for _ in shape]
    return shape, list(order), cuts


FILLS: list[tuple[str, tuple[Any, ...], str]] = [
    ("uniform_", (-1.0, 2.0), "float32"),
    ("normal_", (0.5, 2.0), "float32"),
    ("normal_", (0.0, 1.0), "float64"),
    ("bernoulli_", (0.4,), "float32"),
    ("random_", (0, 1000), "int64"),
    ("exponential_", (1.5,), "float32"),
]


@quick
@given(layouts(), st.sampled_from(FILLS), st.integers(0, 2**32))
def test_order_of_filling(layout, fill, seed):
    shape, order, cuts = layout
    name, arguments, dtype = fill
    pair = Pair(seed)
    base, other = np.zeros(shape, dtype), torch.zeros(shape, dtype=getattr(torch, dtype))
    view = base.transpose(order)[tuple(cuts)]
    assert getattr(pair.np, f"fill_{name}")(view, *arguments) is view
    getattr(other.permute(order)[tuple(cuts)], name)(*arguments, generator=pair.torch)
    equal(base, other)
    pair.same_state()


# ----------------------------------------------------------------------------------------------------- interleavings
def _calls(n: int, dtype: str) -> dict[str, tuple[Any, Any]]:
    """Each draw in both libraries."""
    kind = getattr(torch, dtype)
    return {
        "uniform": (lambda g: g.uniform((n,), dtype), lambda t: torch.rand(n, dtype=kind, generator=t)),
        "normal": (lambda g: g.normal((n,), dtype), lambda t: torch.randn(n, dtype=kind, generator=t)),
        "one normal": (lambda g: g.normal((), dtype), lambda t: torch.randn((), dtype=kind, generator=t)),
        "scaled normal": (
            lambda g: g.normal((n,), dtype, 0.1, 0.3),
            lambda t: torch.empty(n, dtype=kind).normal_(0.1, 0.3, generator=t),
        ),
        "integers": (lambda g: g.integers((n,), -3, 9), lambda t: torch.randint(-3, 9, (n,), generator=t)),
        "permutation": (lambda g: g.permutation(n), lambda t: torch.randperm(n, generator=t)),
        "bernoulli": (lambda g: g.bernoulli((n,), 0.3), lambda t: (torch.empty(n).bernoulli_(0.3, generator=t)).bool()),
        "log normal": (
            lambda g: g.log_normal((n,), dtype),
            lambda t: torch.empty(n, dtype=kind).log_normal_(generator=t),
        ),
        "exponential": (
            lambda g: g.exponential((n,), dtype),
            lambda t: torch.empty(n, dtype=kind).exponential_(generator=t),
        ),
        "random": (lambda g: g.random_((n,), dtype), lambda t: torch.empty(n, dtype=kind).random_(generator=t)),
        "reseed": (lambda g: np.array(g.manual_seed(n).seed64()), lambda t: _reseed(t, n)),
    }


def _reseed(t: Any, seed: int) -> Any:
    return torch.empty((), dtype=torch.int64).random_(generator=t.manual_seed(seed))


NAMES = sorted(_calls(1, "float32"))


@quick
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(SIZES[:-1]), st.sampled_from(FLOATS)), max_size=12),
    st.integers(-(2**63), 2**64 - 1),
)
def test_interleavings(program, seed):
    pair = Pair(seed)
    for name, n, dtype in program:
        mine, theirs = _calls(n, dtype)[name]
        equal(np.asarray(mine(pair.np)), theirs(pair.torch))
    pair.same_state()


# ----------------------------------------------------------------------------------------------------------- errors
@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (lambda g: g.manual_seed("x"), lambda t: t.manual_seed("x")),
        (lambda g: g.manual_seed(1.5), lambda t: t.manual_seed(1.5)),
        (lambda g: g.manual_seed(2**64), lambda t: t.manual_seed(2**64)),
        (lambda g: g.manual_seed(-(2**63) - 1), lambda t: t.manual_seed(-(2**63) - 1)),
        (lambda g: g.set_state("x"), lambda t: t.set_state("x")),
        (lambda g: g.set_state(np.zeros(5056)), lambda t: t.set_state(torch.zeros(5056))),
        (lambda g: g.set_state(np.zeros(9, np.uint8)), lambda t: t.set_state(torch.zeros(9, dtype=torch.uint8))),
        (lambda g: g.set_state(np.zeros(5056, np.uint8)), lambda t: t.set_state(torch.zeros(5056, dtype=torch.uint8))),
        (lambda g: g.uniform(3, "int64"), lambda t: torch.rand(3, dtype=torch.int64)),
        (lambda g: g.uniform(3, "float32", 2, 1), lambda t: torch.empty(3).uniform_(2, 1)),
        (lambda g: g.uniform(3, "float16", 0, 1e5), lambda t: torch.empty(3).half().uniform_(0, 1e5)),
        (lambda g: g.uniform(3, "float32", -3e38, 3e38), lambda t: torch.empty(3).uniform_(-3e38, 3e38)),
        (lambda g: g.uniform(-1), lambda t: torch.rand(-1)),
        (lambda g: g.uniform((2.0,)), lambda t: torch.rand((2.0,))),
        (lambda g: g.normal(3, "bool"), lambda t: torch.randn(3, dtype=torch.bool)),
        (lambda g: g.normal(3, "float32", 0, -1), lambda t: torch.empty(3).normal_(0, -1)),
        (lambda g: g.normal(3, "float32", "0"), lambda t: torch.empty(3).normal_("0")),
        (lambda g: g.bernoulli(3, 2.0), lambda t: torch.empty(3).bernoulli_(2.0)),
        (lambda g: g.bernoulli_from(np.array([2.0])), lambda t: torch.bernoulli(torch.tensor([2.0]))),
        (lambda g: g.bernoulli_from(np.array([1])), lambda t: torch.bernoulli(torch.tensor([1]))),
        (lambda g: g.fill_bernoulli_(np.empty(3), np.ones(2)), lambda t: torch.empty(3).bernoulli_(torch.ones(2))),
        (lambda g: g.exponential(3, "int64"), lambda t: torch.empty(3, dtype=torch.int64).exponential_()),
        (lambda g: g.exponential(3, "float32", 0), lambda t: torch.empty(3).exponential_(0)),
        (lambda g: g.cauchy(3, "float32", 0, 0), lambda t: torch.empty(3).cauchy_(0, 0)),
        (lambda g: g.log_normal(3, "int64"), lambda t: torch.empty(3, dtype=torch.int64).log_normal_()),
        (lambda g: g.log_normal(3, "float32", 0, 0), lambda t: torch.empty(3).log_normal_(0, 0)),
        (lambda g: g.geometric(3, 1), lambda t: torch.empty(3).geometric_(1)),
        (lambda g: g.geometric(3, 0.5, "bool"), lambda t: torch.empty(3, dtype=torch.bool).geometric_(0.5)),
        (lambda g: g.integers(3, 5, 5), lambda t: torch.randint(5, 5, (3,))),
        (lambda g: g.integers(0, 7, 5), lambda t: torch.randint(7, 5, (0,))),
        (lambda g: g.integers(3, 0, 300, "uint8"), lambda t: torch.randint(0, 300, (3,), dtype=torch.uint8)),
        (lambda g: g.integers(3, -1, 3, "uint8"), lambda t: torch.randint(-1, 3, (3,), dtype=torch.uint8)),
        (lambda g: g.integers(3, 0, 2**63), lambda t: torch.randint(0, 2**63, (3,))),
        (lambda g: g.integers(3, 0, 2.5), lambda t: torch.randint(0, 2.5, (3,))),
        (lambda g: g.integers(3, 0, 3, "complex64"), lambda t: torch.randint(0, 3, (3,), dtype=torch.complex64)),
        (lambda g: g.random_(3, "uint16"), lambda t: torch.empty(3, dtype=torch.uint16).random_()),
        (lambda g: g.random_(3, "float32", 2**25), lambda t: torch.empty(3).random_(2**25, None)),
        (
            lambda g: g.random_(3, "int32", -(2**63)),
            lambda t: torch.empty(3, dtype=torch.int32).random_(-(2**63), None),
        ),
        (lambda g: g.permutation(-1), lambda t: torch.randperm(-1)),
        (lambda g: g.permutation(2.5), lambda t: torch.randperm(2.5)),
        (lambda g: g.multinomial(np.ones(3, int), 1), lambda t: torch.multinomial(torch.ones(3).long(), 1)),
        (lambda g: g.multinomial(np.ones(3), 0), lambda t: torch.multinomial(torch.ones(3), 0)),
        (lambda g: g.multinomial(np.ones(3), 4), lambda t: torch.multinomial(torch.ones(3), 4)),
        (lambda g: g.multinomial(np.ones(()), 1), lambda t: torch.multinomial(torch.ones(()), 1)),
        (lambda g: g.multinomial(np.array([1.0, -1]), 1), lambda t: torch.multinomial(torch.tensor([1.0, -1]), 1)),
        (lambda g: g.multinomial(np.zeros(2), 5, True), lambda t: torch.multinomial(torch.zeros(2), 5, True)),
        (lambda g: g.multinomial(np.ones(0), 5, True), lambda t: torch.multinomial(torch.ones(0), 5, True)),
        (
            lambda g: g.fill_uniform_(np.broadcast_to(np.ones(3), (2, 3))),
            lambda t: torch.ones(3).expand(2, 3).uniform_(),
        ),
        (lambda g: g.trunc_normal(3, "float32", 0, 0), lambda t: torch.nn.init.trunc_normal_(torch.empty(3), 0, 0)),
        (
            lambda g: g.trunc_normal(3, "float32", 0, 1, 2, -2),
            lambda t: torch.nn.init.trunc_normal_(torch.empty(3), 0, 1, 2, -2),
        ),
        (lambda g: Generator("gpu"), lambda t: torch.Generator("gpu")),
    ],
)
def test_errors_have_pytorchs_types(mine, theirs):
    with pytest.raises(Exception) as want:  # noqa: PT011 - whatever PyTorch raises
        theirs(torch.Generator())
    generator = Generator()
    before = generator.get_state()
    with pytest.raises(want.type):
        mine(generator)
    equal(generator.get_state(), before)
