"""`Generator`: PyTorch's CPU random numbers in NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograd_cnn.random import checks, choices, integers, normals
from autograd_cnn.random.fills import Fills
from autograd_cnn.random.order import fill

Array = NDArray[Any]
Shape = int | tuple[int, ...] | list[int]


class Generator(Fills):
    """A stream of random numbers: the numbers of `torch.Generator`, bit for bit, as NumPy arrays.

    The same seed and the same calls give what PyTorch 2.13 gives on an x86-64 CPU with AVX2: the words are MT19937's,
    and each distribution takes as many of them, in the same order, through the same arithmetic.

    Methods that return a new array (`uniform`, `normal`, …) take its shape and dtype; the `fill_…_` methods write into
    an array of any memory layout. Draws of several threads on one generator do not disturb its state; which thread gets
    which numbers is then a matter of chance. A generator can be pickled and copied with its state.

    Args:
        device: "cpu", the only one; RuntimeError for others.

    A new generator has the seed 67280421310721.

    >>> g = Generator().manual_seed(0)
    >>> g.uniform((2, 2))
    array([[0.4962566 , 0.7682218 ],
           [0.08847743, 0.13203049]], dtype=float32)
    >>> g.permutation(5)
    array([3, 4, 0, 1, 2])

    Source: M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998).
    """

    def _empty(self, shape: Shape, dtype: DTypeLike, operation: str) -> Array:
        try:
            return np.empty(shape, dtype)
        except (TypeError, ValueError):
            return np.empty(checks.size(shape, operation), dtype)  # says what is wrong with the shape, if that it is

    def uniform(self, shape: Shape, dtype: DTypeLike = np.float32, low: float = 0.0, high: float = 1.0) -> Array:
        """`torch.rand(shape)`, or `torch.empty(shape).uniform_(low, high)`; see `fill_uniform_`.

        >>> Generator().manual_seed(0).uniform(2, np.float64, -1, 1)
        array([0.940106  , 0.41563973])
        """
        return self.fill_uniform_(self._empty(shape, dtype, "uniform"), low, high)

    def normal(
        self,
        shape: Shape,
        dtype: DTypeLike = np.float32,
        mean: float = 0.0,
        std: float = 1.0,
        contiguous: bool = True,
    ) -> Array:
        """`torch.randn(shape)`, or `torch.empty(shape).normal_(mean, std)`; see `fill_normal_`.

        `contiguous=False` draws the numbers, in memory order, that a tensor which is not contiguous would get.

        >>> Generator().manual_seed(0).normal(4)
        array([ 1.5409961 , -0.2934289 , -2.1787894 ,  0.56843126], dtype=float32)
        """
        array = self._empty(shape, dtype, "normal")
        if contiguous:
            return self.fill_normal_(array, mean, std)
        mean, std = checks.real(mean, "normal_", "mean"), checks.real(std, "normal_", "std")
        checks.normal_std(std)
        checks.floating(array.dtype, "normal_", "normal_kernel_cpu")
        with self._lock:
            return fill(array, lambda flat: normals.fill_one_by_one(self._words, flat, mean, std))

    def integers(self, shape: Shape, low: int, high: int, dtype: DTypeLike = np.int64) -> Array:
        """`torch.randint(low, high, shape)`: whole numbers low … high - 1.

        RuntimeError if low >= high, or if the dtype does not hold the range.

        >>> Generator().manual_seed(0).integers((2, 3), 0, 10)
        array([[4, 9, 3],
               [0, 3, 9]])
        """
        return self.fill_random_(self._empty(shape, dtype, "randint"), low, high)

    def random_(self, shape: Shape, dtype: DTypeLike, low: int | None = None, high: int | None = None) -> Array:
        """`torch.empty(shape, dtype=dtype).random_(low, high)`; see `fill_random_`.

        >>> Generator().manual_seed(0).random_(3, np.uint8)
        array([172,  47, 117], dtype=uint8)
        """
        return self.fill_random_(self._empty(shape, dtype, "random_"), low, high)

    def permutation(self, n: int) -> NDArray[np.int64]:
        """`torch.randperm(n)`: the numbers 0 … n - 1 in random order. RuntimeError if n is negative.

        >>> Generator().manual_seed(0).permutation(6)
        array([2, 5, 3, 0, 1, 4])
        """
        (n,) = checks.size(checks.integer(n, "randperm", "n"), "randperm")
        with self._lock:
            return integers.permutation(self._words, n)

    def seed64(self) -> int:
        """`torch.empty((), dtype=torch.int64).random_().item()`: the draw that seeds data loaders and samplers.

        >>> Generator().manual_seed(0).seed64()
        900450186894289455
        """
        with self._lock:
            words = self._words
            return (words.word() << 32 | words.word()) & 0x7FFFFFFFFFFFFFFF

    def bernoulli(self, shape: Shape, p: float = 0.5) -> NDArray[np.bool_]:
        """`torch.empty(shape).bernoulli_(p)` as booleans, True with probability p: the draw of dropout.

        RuntimeError if p is outside [0, 1].

        >>> Generator().manual_seed(0).bernoulli(4, 0.5)
        array([False, False,  True, False])
        """
        chance = checks.real(p, "bernoulli_", "p")
        return self.fill_bernoulli_(self._empty(shape, np.bool_, "bernoulli_"), chance)

    def bernoulli_from(self, p: Array) -> NDArray[np.bool_]:
        """`torch.bernoulli(p)` as booleans: each True with its own probability; p floating, of any shape.

        >>> Generator().manual_seed(0).bernoulli_from(np.array([0.0, 0.9, 1.0]))
        array([False,  True,  True])
        """
        chances = np.asarray(p)
        return self.fill_bernoulli_(np.empty(chances.shape, np.bool_), chances)

    def exponential(self, shape: Shape, dtype: DTypeLike = np.float32, lambd: float = 1.0) -> Array:
        """`torch.empty(shape).exponential_(lambd)`; see `fill_exponential_`.

        >>> Generator().manual_seed(0).exponential(3, lambd=2.0)
        array([1.7541631 , 0.61519235, 0.30752206], dtype=float32)
        """
        return self.fill_exponential_(self._empty(shape, dtype, "exponential_"), lambd)

    def cauchy(self, shape: Shape, dtype: DTypeLike = np.float32, median: float = 0.0, sigma: float = 1.0) -> Array:
        """`torch.empty(shape).cauchy_(median, sigma)`; see `fill_cauchy_`.

        >>> Generator().manual_seed(0).cauchy(3)
        array([10.59773   ,  0.7647673 , -0.12829934], dtype=float32)
        """
        return self.fill_cauchy_(self._empty(shape, dtype, "cauchy_"), median, sigma)

    def log_normal(self, shape: Shape, dtype: DTypeLike = np.float32, mean: float = 1.0, std: float = 2.0) -> Array:
        """`torch.empty(shape).log_normal_(mean, std)`; see `fill_log_normal_`.

        >>> Generator().manual_seed(0).log_normal(3, mean=0.0, std=0.5)
        array([2.1608422 , 0.86354053, 0.33642006], dtype=float32)
        """
        return self.fill_log_normal_(self._empty(shape, dtype, "log_normal_"), mean, std)

    def geometric(self, shape: Shape, p: float, dtype: DTypeLike = np.float32) -> Array:
        """`torch.empty(shape).geometric_(p)`; see `fill_geometric_`.

        >>> Generator().manual_seed(0).geometric(5, 0.25, np.int64)
        array([1, 2, 3, 1, 2])
        """
        return self.fill_geometric_(self._empty(shape, dtype, "geometric_"), p)

    def trunc_normal(
        self,
        shape: Shape,
        dtype: DTypeLike = np.float32,
        mean: float = 0.0,
        std: float = 1.0,
        a: float = -2.0,
        b: float = 2.0,
    ) -> Array:
        """`torch.nn.init.trunc_normal_(torch.empty(shape), mean, std, a, b)`; see `fill_trunc_normal_`.

        >>> x = Generator().manual_seed(0).trunc_normal((100, 100), std=0.02, a=-0.03, b=0.03)
        >>> bool((abs(x) <= 0.03).all())
        True
        """
        return self.fill_trunc_normal_(self._empty(shape, dtype, "trunc_normal_"), mean, std, a, b)

    def multinomial(self, p: Array, n: int, replacement: bool = False) -> NDArray[np.int64]:
        """`torch.multinomial(p, n, replacement)`: n category indices for each row of probabilities.

        p: (categories,) -> (n,);  (rows, categories) -> (rows, n). The rows need not sum to 1. Without replacement the
        indices of a row differ; those of probability 0 come last, in ascending order.

        Raises:
            RuntimeError: p is of other dims or not floating; has a negative, infinite or NaN entry, or a row of zeros; n < 1; or n
                > categories without replacement.

        >>> Generator().manual_seed(0).multinomial(np.array([0.4, 0.4, 0.2]), 8, replacement=True)
        array([2, 1, 1, 2, 1, 1, 0, 0])
        """
        chances = np.asarray(p)
        n = checks.integer(n, "multinomial", "num_samples")
        checks.multinomial(chances, n, replacement)
        if chances.size == 0:
            return np.empty((*chances.shape[:-1], n), np.int64)
        with self._lock:
            return choices.multinomial(self._words, chances, n, bool(replacement))
