"""In-place draws: every element of an existing array, of any memory layout."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ShapeError
from autograd_cnn.random import checks, choices, continuous, integers, normals, truncated
from autograd_cnn.random.order import check_writable, fill, walk
from autograd_cnn.random.stream import Stream

Array = NDArray[Any]


class Fills(Stream):
    """`fill_…_(array)` writes PyTorch's `tensor.…_()` into a NumPy array, and returns the array.

    The k-th draw goes to the k-th element in memory of a dense array (contiguous or permuted), and in the order of the
    strides of a slice. Errors are raised before anything is drawn or written: TypeError for what is not an array or not
    a number, RuntimeError for an expanded or a read-only array and for parameters out of range, DtypeError (a
    RuntimeError; for most distributions a NotImplementedError as well) for a dtype that the distribution does not have.
    """

    def fill_uniform_(self, array: Array, low: float = 0.0, high: float = 1.0) -> Array:
        """x ~ U[low, high): x = u (high - low) + low, rounded once. float16, float32, float64.

        >>> from autograd_cnn.random import Generator
        >>> Generator().manual_seed(0).fill_uniform_(np.empty(3, np.float32), -1, 1)
        array([-0.00748682,  0.5364436 , -0.82304513], dtype=float32)
        """
        low, high = checks.real(low, "uniform_", "from"), checks.real(high, "uniform_", "to")
        dtype = check_writable(array, "uniform_").dtype
        checks.floating(dtype, "uniform_", "check_uniform_bounds")
        if low != 0.0 or high != 1.0:
            checks.uniform_bounds(low, high, dtype)
        with self._lock:
            return fill(array, lambda flat: continuous.fill_uniform(self._words, flat, low, high))

    def fill_normal_(self, array: Array, mean: float = 0.0, std: float = 1.0) -> Array:
        """x ~ N(mean, std^2), by Box-Muller. float16, float32, float64.

        C-contiguous arrays of 16 elements and more take uniforms of the dtype in blocks; all others are drawn one by
        one in double precision, and may leave one normal in the generator for the next such array.

        >>> from autograd_cnn.random import Generator
        >>> Generator().manual_seed(0).fill_normal_(np.empty(3))
        array([ 1.54099611, -0.29342891, -2.17878938])
        """
        mean, std = checks.real(mean, "normal_", "mean"), checks.real(std, "normal_", "std")
        checks.normal_std(std)
        check_writable(array, "normal_")
        checks.floating(array.dtype, "normal_", "normal_kernel_cpu")
        in_blocks = array.size >= normals.BLOCK and array.flags.c_contiguous
        draw = normals.fill_blocks if in_blocks else normals.fill_one_by_one
        with self._lock:
            return fill(array, lambda flat: draw(self._words, flat, mean, std))

    def fill_bernoulli_(self, array: Array, p: float | Array = 0.5) -> Array:
        """x = 1 with probability p, else 0; any dtype of real numbers.

        `p` is one number, or an array of probabilities that broadcasts to `array`. The two draw differently, as in
        PyTorch: a number takes float64 uniforms, an array (be it 0-d) uniforms of its own dtype.

        >>> from autograd_cnn.random import Generator
        >>> Generator().manual_seed(0).fill_bernoulli_(np.empty(6, np.float32), 0.5)
        array([0., 0., 1., 0., 0., 0.], dtype=float32)
        """
        check_writable(array, "bernoulli_")
        if not isinstance(p, np.ndarray):
            chance = checks.real(p, "bernoulli_", "p")
            checks.probability(chance, "bernoulli_")
            checks.countable(array.dtype, "bernoulli_", "bernoulli_scalar_cpu_", with_bool=True)
            with self._lock:
                return fill(array, lambda flat: choices.fill_bernoulli(self._words, flat, chance))
        checks.countable(array.dtype, "bernoulli_", "bernoulli_tensor_cpu_self_", with_bool=True)
        checks.probabilities(p, "bernoulli_")
        try:
            every = np.broadcast_to(p, array.shape)
        except ValueError:
            raise ShapeError(f"bernoulli_: expected probabilities that broadcast to shape {array.shape}, got shape {p.shape}.") from None
        every = np.ascontiguousarray(every.transpose(walk(array))).reshape(-1)
        with self._lock:
            return fill(array, lambda flat: choices.fill_bernoulli_each(self._words, flat, every))

    def fill_random_(self, array: Array, low: int | None = None, high: int | None = None) -> Array:
        """x = a whole number, each of the range as likely as any other; any dtype of real numbers.

        Without bounds: 0 … largest of an integer dtype, 0 … 2^digits of a floating one (where every whole number still
        exists). With `high`: low … high - 1 (low defaults to 0). With `low` alone: low … largest.

        >>> from autograd_cnn.random import Generator
        >>> Generator().manual_seed(0).fill_random_(np.empty(5, np.int64), 0, 10)
        array([4, 9, 3, 0, 3])
        """
        check_writable(array, "random_")
        if low is None and high is None:
            checks.whole_range(array.dtype)
            with self._lock:
                return fill(array, lambda flat: integers.fill_all(self._words, flat))
        first = 0 if low is None else checks.integer(low, "random_", "from")
        end = None if high is None else checks.integer(high, "random_", "to")
        first, span = checks.integer_range(first, end, array.dtype)
        with self._lock:
            return fill(array, lambda flat: integers.fill_range(self._words, flat, first, span))

    def fill_exponential_(self, array: Array, lambd: float = 1.0) -> Array:
        """x ~ Exp(lambd): x = -ln(1 - u) / lambd. float16, float32, float64.

        >>> from autograd_cnn.random import Generator
        >>> Generator().manual_seed(0).fill_exponential_(np.empty(2))
        array([3.50832619, 1.23038476])
        """
        lambd = checks.real(lambd, "exponential_", "lambd")
        checks.positive(lambd, "exponential_", "lambda")
        check_writable(array, "exponential_")
        checks.continuous(array.dtype, "exponential_", "Exponential")
        with self._lock:
            return fill(array, lambda flat: continuous.fill_exponential(self._words, flat, lambd))

    def fill_cauchy_(self, array: Array, median: float = 0.0, sigma: float = 1.0) -> Array:
        """x ~ Cauchy(median, sigma): x = median + sigma tan(pi (u - 1/2)). float16, float32, float64.

        >>> from autograd_cnn.random import Generator
        >>> Generator().manual_seed(0).fill_cauchy_(np.empty(2), 1.0, 3.0)
        array([32.79318798,  3.29430178])
        """
        median, sigma = checks.real(median, "cauchy_", "median"), checks.real(sigma, "cauchy_", "sigma")
        checks.positive(sigma, "cauchy_", "sigma")
        check_writable(array, "cauchy_")
        checks.continuous(array.dtype, "cauchy_", "Cauchy")
        with self._lock:
            return fill(array, lambda flat: continuous.fill_cauchy(self._words, flat, median, sigma))

    def fill_log_normal_(self, array: Array, mean: float = 1.0, std: float = 2.0) -> Array:
        """x = exp(z), z ~ N(mean, std^2), drawn one by one as in `fill_normal_`. float16, float32, float64.

        >>> from autograd_cnn.random import Generator
        >>> Generator().manual_seed(0).fill_log_normal_(np.empty(2), 0.0, 1.0)
        array([4.66923902, 0.74570224])
        """
        mean, std = checks.real(mean, "log_normal_", "mean"), checks.real(std, "log_normal_", "std")
        checks.positive(std, "log_normal_", "std")
        check_writable(array, "log_normal_")
        checks.floating(array.dtype, "log_normal_", "log_normal_cpu")
        with self._lock:
            return fill(array, lambda flat: normals.fill_one_by_one(self._words, flat, mean, std, exp=True))

    def fill_geometric_(self, array: Array, p: float) -> Array:
        """x = the number of trials up to the first success: ceil(ln u / ln(1 - p)). Integer and floating dtypes.

        >>> from autograd_cnn.random import Generator
        >>> Generator().manual_seed(0).fill_geometric_(np.empty(4), 0.5)
        array([1., 1., 2., 1.])
        """
        p = checks.real(p, "geometric_", "p")
        checks.probability(p, "geometric_", open_interval=True)
        check_writable(array, "geometric_")
        checks.countable(array.dtype, "geometric_", "geometric_cpu", with_bool=False)
        with self._lock:
            return fill(array, lambda flat: continuous.fill_geometric(self._words, flat, p))

    def fill_trunc_normal_(self, array: Array, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> Array:
        """x ~ N(mean, std^2) restricted to [a, b], by rejection. float16, float32, float64.

        Warns if the mean is more than 2 std outside [a, b]. ZeroDivisionError for std = 0, as in PyTorch.

        >>> from autograd_cnn.random import Generator
        >>> x = Generator().manual_seed(0).fill_trunc_normal_(np.empty(1000), 0.0, 1.0, 0.5, 0.6)
        >>> bool(0.5 <= x.min() < x.max() <= 0.6)
        True
        """
        names = ("mean", "std", "a", "b")
        bounds = tuple(checks.real(v, "trunc_normal_", k) for v, k in zip((mean, std, a, b), names, strict=True))
        truncated.check(*bounds)
        check_writable(array, "trunc_normal_")
        checks.floating(array.dtype, "trunc_normal_", "normal_kernel_cpu")
        checks.uniform_bounds(bounds[2], bounds[3], array.dtype)
        with self._lock:
            truncated.fill_trunc_normal(self.fill_normal_, self.fill_uniform_, array, bounds)
        return array
