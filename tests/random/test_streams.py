"""Random streams: recorded facts of PyTorch's generator, moments, states, layouts and threads."""

import copy
import math
import pickle
import subprocess
import sys
import threading
import zlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn.random as streams
from autograd_cnn.random import Generator, integers, normals, polynomials
from autograd_cnn.random.order import walk
from autograd_cnn.random.rounding import each, fma, settle
from autograd_cnn.random.words import CHUNK, Words

quick = settings(derandomize=True, deadline=None, database=None, max_examples=50)


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


# --------------------------------------------------------------------------------------------------- recorded facts
def test_words_are_those_of_the_mersenne_twister():
    """The reference implementation's first outputs for its default seed, and the ten-thousandth (C++ standard)."""
    words = Words(5489)
    assert [words.word() for _ in range(5)] == [3499211612, 581869302, 3890346734, 3586334585, 545404204]
    words.skip(9994)
    assert words.word() == 4123659995
    words.reseed(5489)
    assert int(words.u32(10000)[-1]) == 4123659995


def test_words_do_not_depend_on_how_many_are_taken_at_once():
    whole = Words(3).u32(20000)
    parts = Words(3)
    np.testing.assert_array_equal(np.concatenate([parts.u32(n) for n in (1, 0, 4095, 4096, 5000, 6808)]), whole)
    np.testing.assert_array_equal(Words(3).u64(10000), whole[0::2].astype(np.uint64) << np.uint64(32) | whole[1::2])


def test_first_numbers_of_seed_0():
    """Printed by PyTorch 2.13 after torch.manual_seed(0), one call after the other."""
    g = seeded(0)
    assert g.uniform(3).tolist() == [0.49625658988952637, 0.7682217955589294, 0.08847743272781372]
    assert g.normal(3).tolist() == [0.3643381893634796, 0.13439632952213287, 0.16421625018119812]
    assert g.normal(17)[:3].tolist() == [-0.20410172641277313, 0.16645534336566925, 0.8743818402290344]
    assert g.permutation(8).tolist() == [3, 5, 0, 2, 6, 4, 1, 7]
    assert g.integers(6, 0, 100).tolist() == [69, 73, 41, 11, 80, 3]
    assert g.bernoulli(8, 0.5).tolist() == [0, 0, 0, 1, 1, 0, 0, 0]
    assert g.exponential(3).tolist() == [0.37716609239578247, 0.7538052201271057, 0.737453818321228]
    assert g.seed64() == 8300112304943969722


N = 20011
CHECKSUMS = {  # CRC-32 of the bytes that PyTorch 2.13 drew with seed 2024
    "uniform float32": (0x5237DA87, lambda g: g.uniform(N)),
    "uniform float32 (-0.3, 0.3)": (0xBFB040D2, lambda g: g.uniform(N, np.float32, -0.3, 0.3)),
    "uniform float64 (-0.3, 0.3)": (0xDB6BA694, lambda g: g.uniform(N, np.float64, -0.3, 0.3)),
    "normal float32": (0x7CD61592, lambda g: g.normal(N)),
    "normal float32 (0.5, 0.02)": (0x289CDC87, lambda g: g.normal(N, np.float32, 0.5, 0.02)),
    "normal float16": (0x89470D9D, lambda g: g.normal(N, np.float16)),
    "normal float32 one by one": (0xF0D309A4, lambda g: g.normal(N, np.float32, 0.5, 0.02, contiguous=False)),
    "integers (-5, 7)": (0x04B30310, lambda g: g.integers(N, -5, 7)),
    "integers (0, 2**40)": (0xF75B58DF, lambda g: g.integers(N, 0, 2**40)),
    "random int64": (0x267B94CB, lambda g: g.random_(N, np.int64)),
    "permutation": (0x72681E57, lambda g: g.permutation(N)),
    "bernoulli 0.3": (0x7398F49B, lambda g: g.bernoulli(N, 0.3)),
    "exponential float32": (0x129D34D3, lambda g: g.exponential(N, np.float32, 1.5)),
    "trunc_normal float32": (0x30EB2511, lambda g: g.trunc_normal(N)),
    "multinomial": (0x1C3EE3AB, lambda g: g.multinomial(np.arange(1, 101, dtype=np.float32), N, True)),
    "state": (0xC8B1CBA0, lambda g: g.get_state()),
}


@pytest.mark.parametrize("name", CHECKSUMS)
def test_checksums(name):
    checksum, draw = CHECKSUMS[name]
    array = draw(seeded(2024))
    little = array.astype(array.dtype.newbyteorder("<"))
    assert zlib.crc32(little.tobytes()) == checksum


# ---------------------------------------------------------------------------------------------------------- moments
MANY = 200_000
MOMENTS = {  # draw, mean, standard deviation
    "uniform": (lambda g: g.uniform(MANY, np.float32, -1, 3), 1, 4 / math.sqrt(12)),
    "uniform float64": (lambda g: g.uniform(MANY, np.float64), 0.5, 1 / math.sqrt(12)),
    "normal": (lambda g: g.normal(MANY, np.float32, 2, 3), 2, 3),
    "normal float64": (lambda g: g.normal(MANY // 4, np.float64, 2, 3), 2, 3),
    "normal one by one": (lambda g: g.normal(MANY, np.float32, 2, 3, contiguous=False), 2, 3),
    "bernoulli": (lambda g: g.bernoulli(MANY, 0.2), 0.2, 0.4),
    "bernoulli from": (lambda g: g.bernoulli_from(np.full(MANY, 0.2, np.float32)), 0.2, 0.4),
    "exponential": (lambda g: g.exponential(MANY, np.float32, 4), 0.25, 0.25),
    "geometric": (lambda g: g.geometric(MANY, 0.25), 4, math.sqrt(12)),
    "log normal": (lambda g: np.log(g.log_normal(MANY, np.float32, 1, 2)), 1, 2),
    "integers": (lambda g: g.integers(MANY, 0, 11), 5, math.sqrt(10)),
    "random bool": (lambda g: g.random_(MANY, bool), 0.5, 0.5),
    "trunc normal": (lambda g: g.trunc_normal(MANY, np.float32, 0, 1, 0, 9), math.sqrt(2 / math.pi), 0.6028),
    "trunc normal, a narrow interval": (lambda g: g.trunc_normal(MANY, np.float32, 0, 1, 0.5, 0.6), 0.5496, 0.0289),
    "multinomial": (lambda g: g.multinomial(np.array([1.0, 2, 1]), MANY, True), 1, math.sqrt(0.5)),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_moments(name):
    draw, mean, std = MOMENTS[name]
    x = np.asarray(draw(seeded(1)), np.float64)
    assert x.mean() == pytest.approx(mean, abs=5 * std / math.sqrt(x.size))
    assert x.std() == pytest.approx(std, rel=0.02)


def test_cauchy_quartiles():
    x = seeded(1).cauchy(MANY, np.float32, 2, 3)
    np.testing.assert_allclose(np.quantile(x, [0.25, 0.5, 0.75]), [-1, 2, 5], atol=0.06)


def test_permutations_are_all_equally_likely():
    g, seen = seeded(1), {}
    for _ in range(6000):
        order = tuple(g.permutation(3).tolist())
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 6
    assert all(abs(count - 1000) < 150 for count in seen.values())


def test_multinomial_without_replacement():
    g = seeded(1)
    p = np.array([[0.0, 5, 3, 1, 1], [1, 1, 1, 1, 0]])
    draws = [g.multinomial(p, 4) for _ in range(2000)]
    assert all(sorted(row[0]) == [1, 2, 3, 4] and sorted(row[1]) == [0, 1, 2, 3] for row in draws)
    assert np.mean([row[0, 0] == 1 for row in draws]) == pytest.approx(0.5, abs=0.05)


# ----------------------------------------------------------------------------------------------- building blocks
def test_polynomials_are_log_sin_and_cos():
    counts = np.unique(np.geomspace(1, 2**24, 50_000).astype(np.uint32))
    want = np.log(counts * 2.0**-24)
    np.testing.assert_allclose(polynomials.log_of_count(counts), want, rtol=2e-7, atol=1e-12)
    angle = np.linspace(0, 2 * np.pi, 100_001).astype(np.float32)
    sin, cos = polynomials.sin_cos(angle.copy())
    np.testing.assert_allclose(sin, np.sin(angle.astype(np.float64)), atol=1.2e-7)
    np.testing.assert_allclose(cos, np.cos(angle.astype(np.float64)), atol=1.2e-7)


reals = st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-9)


@quick
@given(st.lists(reals, min_size=1, max_size=20), reals, reals)
def test_fma_rounds_once(a, b, c):
    want = [float(Fraction(x) * Fraction(b) + Fraction(c)) for x in a]
    assert fma(np.array(a), b, c).tolist() == want


def test_fma_of_the_infinitely_large():
    with np.errstate(all="ignore"):
        assert fma(np.array([1e300, -1.0]), 1e300, 1.0).tolist() == [math.inf, -1e300]


def test_each_is_pythons_own_function():
    x = np.linspace(0.1, 7, 100)
    assert each(math.sin, x).tolist() == [math.sin(v) for v in x]


def test_settle_asks_for_exactly_the_doubtful_ones():
    true = np.array([1.0, 1.0 + 2**-24 + 2**-50, 3.0])  # the second lies next to the middle of two float32 numbers
    asked: list[int] = []

    def exact(at: np.ndarray) -> np.ndarray:
        asked.extend(at.tolist())
        return true[at]

    out = np.empty(3, np.float32)
    settle(out, true - 2**-45, np.full(3, 2.0**-44), exact)
    assert asked == [1]
    assert out.tolist() == [1.0, 1.0 + 2**-23, 3.0]


def test_vectorised_normals_equal_those_drawn_one_by_one():
    vectorised = seeded(4).normal(3 * CHUNK + 5, np.float32, 0.5, 2, contiguous=False)
    words = Words(4)
    single = np.array([normals.standard(words) * 2 + 0.5 for _ in range(vectorised.size)], np.float32)
    np.testing.assert_array_equal(vectorised, single)


@pytest.mark.parametrize("n", [2, 3, 10, 1000, 5000])
def test_both_ways_to_permute_agree(n):
    target = Words(n).u32(n - 1) % np.arange(n, 1, -1, dtype=np.uint32) + np.arange(n - 1, dtype=np.uint32)
    by_loop, by_sorting = integers._swap(target), integers._swap_by_sorting(target)
    np.testing.assert_array_equal(by_loop, by_sorting)
    np.testing.assert_array_equal(np.sort(by_loop), np.arange(n))


def test_permutation_of_very_long_ranges(monkeypatch):
    """The algorithm from 2^32 / 20 elements on, at a length that a test can afford; here without its chunks."""
    n = CHUNK + 100
    words, want = Words(1), list(range(n))
    for i in range(n):
        place = int(words.u64(1)[0]) % (i + 1)
        want[i], want[place] = want[place], want[i]
    monkeypatch.setattr(integers, "HUGE", n)
    assert seeded(1).permutation(n).tolist() == want


# ------------------------------------------------------------------------------------------------- states and copies
DRAWS = {
    "uniform": lambda g: g.uniform(5),
    "normal": lambda g: g.normal(3),
    "many normals": lambda g: g.normal(33),
    "integers": lambda g: g.integers(4, 0, 9),
    "many": lambda g: g.uniform(700),
    "permutation": lambda g: g.permutation(6),
    "bernoulli": lambda g: g.bernoulli(3, 0.5),
    "seed64": lambda g: np.array(g.seed64()),
}
programs = st.lists(st.sampled_from(sorted(DRAWS)), max_size=6)


@quick
@given(programs, programs, st.integers(0, 2**64 - 1))
def test_every_state_can_be_saved_and_taken_up(before, after, seed):
    g = seeded(seed)
    for name in before:
        DRAWS[name](g)
    copies = [Generator().set_state(g.get_state()), g.clone_state(), copy.deepcopy(g), pickle.loads(pickle.dumps(g))]
    want = [DRAWS[name](g) for name in after]
    for other in copies:
        assert other.initial_seed() == seed
        for name, value in zip(after, want, strict=True):
            np.testing.assert_array_equal(DRAWS[name](other), value)
        np.testing.assert_array_equal(other.get_state(), g.get_state())


def test_layout_of_the_state():
    g = seeded(9)
    fresh = g.get_state()
    assert (fresh.dtype, fresh.shape) == (np.uint8, (5056,))
    assert fresh[:8].view("<u8") == 9
    assert fresh[8:16].view("<i4").tolist() == [1, 1]
    assert fresh[16:24].view("<u8") == 0  # seeded, never drawn from
    g.uniform(1000)
    g.normal(1)
    state = g.get_state()
    assert state[8:12].view("<i4") == 625 - (1004 - 624)
    assert state[16:24].view("<u8") == 1004 - 624
    assert state[5040] == 1
    cached = state[5024:5032].view("<f8")[0]
    assert g.normal((), np.float64) == cached
    fresh[:] = 0  # a copy: writing into it does not reach the generator
    assert g.get_state()[0] == 9


def test_seeds():
    assert Generator().initial_seed() == 67280421310721
    np.testing.assert_array_equal(seeded(7).uniform(5), seeded(7 + 2**32).uniform(5))  # the low 32 bits count
    assert seeded(-1).initial_seed() == 2**64 - 1
    assert seeded(np.int64(3)).initial_seed() == 3
    g = Generator()
    assert g.seed() == g.initial_seed() != g.seed()
    assert str(Generator(None).device) == str(Generator("cpu:0").device) == str(Generator(g.device).device) == "cpu"


def test_seeding_forgets_the_cached_normal():
    g = seeded(1)
    first = g.normal(3)
    np.testing.assert_array_equal(g.manual_seed(1).normal(3), first)


# ------------------------------------------------------------------------------------------------ the default generator
def test_module_functions():
    state = streams.get_rng_state()
    try:
        assert streams.manual_seed(3) is streams.default_generator
        assert streams.initial_seed() == 3
        first = streams.default_generator.uniform(4)
        streams.manual_seed("3")  # whatever int() takes
        np.testing.assert_array_equal(streams.default_generator.uniform(4), first)
        assert streams.seed() == streams.initial_seed()
    finally:
        streams.set_rng_state(state)
    np.testing.assert_array_equal(streams.get_rng_state(), state)
    with pytest.raises(ValueError, match="invalid literal"):
        streams.manual_seed("x")


def test_default_generator_begins_from_entropy():
    program = "import autograd_cnn.random as r; print(r.initial_seed())"
    seeds = {subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(seeds) == 2


def test_fork_rng():
    state = streams.get_rng_state()
    with streams.fork_rng():
        streams.default_generator.normal(3)
    np.testing.assert_array_equal(streams.get_rng_state(), state)
    with pytest.raises(RuntimeError, match="std"), streams.fork_rng():
        streams.default_generator.normal(streams.default_generator.normal(3).size, std=-1)
    np.testing.assert_array_equal(streams.get_rng_state(), state)
    try:
        with streams.fork_rng(enabled=False):
            streams.default_generator.normal(3)
        assert (streams.get_rng_state() != state).any()
    finally:
        streams.set_rng_state(state)
    with pytest.raises(RuntimeError, match="expected no devices besides the CPU, got cuda devices"):
        streams.fork_rng([0], device_type="cuda").__enter__()


# ---------------------------------------------------------------------------------------------------- memory layouts
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
@pytest.mark.parametrize("name", ["uniform", "normal", "bernoulli", "random", "exponential", "cauchy", "geometric"])
def test_dense_arrays_are_filled_as_they_lie_in_memory(name, order):
    arguments = {"random": (0, 10), "geometric": (0.5,)}.get(name, ())
    memory = np.zeros((3, 4, 5), np.float32)
    view = memory.transpose(order)
    assert getattr(seeded(1), f"fill_{name}_")(view, *arguments) is view
    one_by_one = name == "normal" and order != (0, 1, 2)
    if one_by_one:
        want = seeded(1).normal(60, contiguous=False)
    else:
        want = getattr(seeded(1), f"fill_{name}_")(np.zeros(60, np.float32), *arguments)
    np.testing.assert_array_equal(memory.ravel(), want)


def test_slices_are_filled_in_the_order_of_their_strides():
    memory = np.zeros((6, 8))
    seeded(1).fill_uniform_(memory[1:4, ::2])
    want = seeded(1).uniform(12, np.float64)
    np.testing.assert_array_equal(memory[1:4, ::2].ravel(), want)
    assert np.count_nonzero(memory) == 12
    memory[:] = 0
    seeded(1).fill_uniform_(memory[1:4, ::2].T)
    np.testing.assert_array_equal(memory[1:4, ::2].ravel(), want)


def test_walk():
    assert walk(np.empty((2, 3, 4, 5)).transpose(0, 3, 1, 2)) == (0, 2, 3, 1)  # channels last
    assert walk(np.empty(())) == ()
    assert walk(np.empty((3, 4))[:, ::-1]) == (0, 1)


def test_shapes():
    g = Generator()
    assert g.uniform(3).shape == (3,)
    assert g.normal([2, 3]).shape == (2, 3)
    assert g.integers((), 0, 5).shape == ()
    assert g.bernoulli((0, 4), 0.5).shape == (0, 4)
    assert g.multinomial(np.ones((2, 3)), 2).shape == (2, 2)
    assert g.multinomial(np.ones((0, 3)), 2).shape == (0, 2)
    before = g.get_state()
    for shape in [(0,), (3, 0)]:
        g.normal(shape)
        g.exponential(shape)
        g.random_(shape, np.uint8)
    g.permutation(0)
    g.permutation(1)
    np.testing.assert_array_equal(g.get_state(), before)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_uniform_stays_below_its_upper_bound(dtype):
    low, high = 1.0, float(np.nextafter(dtype(1), dtype(2)))
    for n in (3, 5000):
        assert (seeded(1).uniform(n, dtype, low, high) == low).all()


def test_draws_beyond_a_dtype_are_infinite_without_warnings():
    assert np.isinf(seeded(1).normal(100, np.float16, 0, 1e6)).any()
    assert np.isinf(seeded(1).normal(5, np.float32, 3e38, 3e38)).any()
    assert np.isinf(seeded(1).log_normal(100, np.float64, 0, 1e4)).any()
    with np.errstate(all="raise"):
        seeded(1).exponential(1000, np.float16, 1e-5)


# ---------------------------------------------------------------------------------------------------------- threads
def test_threads_share_a_generator_without_losing_draws():
    g, draws, start = seeded(5), [[] for _ in range(4)], threading.Barrier(4)

    def work(mine: list[int]) -> None:
        start.wait()
        mine.extend(g.seed64() for _ in range(500))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in draws]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    twin = seeded(5)
    assert sorted(draw for mine in draws for draw in mine) == sorted(twin.seed64() for _ in range(2000))
    np.testing.assert_array_equal(g.get_state(), twin.get_state())
