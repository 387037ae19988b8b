"""Samplers: in which order the samples come. Each yields indices (or, a batch sampler, lists of them)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

import autograd_cnn.random as streams
from autograd_cnn.errors import expected
from autograd_cnn.random import Generator
from autograd_cnn.tensors.tensor import Tensor, wrap
from autograd_cnn.utils.data.randomness import checked_generator

T_co = TypeVar("T_co", covariant=True)

_CHUNK = 32  # indices drawn at once with replacement, as in PyTorch: it decides which random numbers are used


class Sampler(Generic[T_co]):
    """An order of samples: subclasses write `__iter__`, and `__len__` where the number of indices is known.

    Example:
        >>> class Backwards(Sampler):
        ...     def __init__(self, data):
        ...         self.data = data
        ...     def __iter__(self):
        ...         return iter(range(len(self.data) - 1, -1, -1))
        >>> list(Backwards("abc"))
        [2, 1, 0]

    A DataLoader that is resumed in mid-epoch runs its sampler again from the epoch's start, with the random states of
    then. A sampler that keeps random state of its own (not in an attribute `generator`, nor the default generator,
    Python's or NumPy's global one) should have `state_dict()` and `load_state_dict(state)`: the loader saves the state
    the sampler had at the epoch's start.

    Raises:
        NotImplementedError: `__iter__` was not written.

    Source: torch.utils.data.Sampler.
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"Subclasses of Sampler should implement __iter__, and {type(self).__name__} does not.")


class SequentialSampler(Sampler[int]):
    """0, 1, …, N - 1.

    Example:
        >>> list(SequentialSampler("abc"))
        [0, 1, 2]

    Source: torch.utils.data.SequentialSampler.
    """

    data_source: Sized

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """A permutation of 0 … N - 1, or, with replacement, independent uniform indices.

    Without a generator, the first index draws one seed from the default generator for a private one; with it, all
    numbers come from it. `num_samples` above N goes on with further permutations.

    Example:
        >>> from autograd_cnn import Generator
        >>> list(RandomSampler(range(5), generator=Generator().manual_seed(0)))
        [4, 0, 1, 3, 2]

    Raises:
        TypeError: a `replacement` that is no bool or a wrong generator.
        ValueError: `num_samples` < 1.

    Source: torch.utils.data.RandomSampler.
    """

    data_source: Sized
    replacement: bool

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement!r}.")
        checked_generator("RandomSampler", generator)
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            empty = " The dataset is empty: there is nothing to shuffle." if num_samples is None else ""
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples!r}.{empty}")

    @property
    def num_samples(self) -> int:
        """How many indices an epoch has; without a number given, the dataset's length of the moment."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        generator = self.generator
        if generator is None:
            generator = Generator()
            generator.manual_seed(streams.default_generator.seed64())
        yield from self._replaced(generator) if self.replacement else self._permuted(generator)

    def _replaced(self, generator: Generator) -> Iterator[int]:
        n, wanted = len(self.data_source), self.num_samples
        for _ in range(wanted // _CHUNK):
            yield from generator.integers((_CHUNK,), 0, n).tolist()
        yield from generator.integers((wanted % _CHUNK,), 0, n).tolist()

    def _permuted(self, generator: Generator) -> Iterator[int]:
        n, wanted = len(self.data_source), self.num_samples
        for _ in range(wanted // n):
            yield from generator.permutation(n).tolist()
        # drawn even where nothing of it is wanted: the generator then stands where PyTorch's does
        yield from generator.permutation(n).tolist()[: wanted % n]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices, shuffled; the permutation is drawn from `generator` or the default one at the first index.

    Example:
        >>> from autograd_cnn import Generator
        >>> list(SubsetRandomSampler([10, 20, 30], generator=Generator().manual_seed(0)))
        [30, 10, 20]

    Raises:
        TypeError: a wrong generator.

    Source: torch.utils.data.SubsetRandomSampler.
    """

    indices: Sequence[int]

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        checked_generator("SubsetRandomSampler", generator)
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in checked_generator("SubsetRandomSampler", self.generator).permutation(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices of 0 … len(weights) - 1, drawn in proportion to the weights.

    P(i) = weights[i] / sum(weights); without replacement an index that was drawn drops out.

    Example:
        >>> from autograd_cnn import Generator
        >>> list(WeightedRandomSampler([0.0, 1.0, 3.0], 4, generator=Generator().manual_seed(0)))
        [2, 2, 2, 2]

    Raises:
        ValueError: `num_samples` < 1, a `replacement` that is no bool, weights that are not one-dimensional; RuntimeError, when
            iterated, for negative weights, a sum of 0, or too few of them without replacement.

    Source: torch.utils.data.WeightedRandomSampler.
    """

    weights: Tensor
    num_samples: int
    replacement: bool

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if not _positive(num_samples):
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples!r}.")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement!r}.")
        checked_generator("WeightedRandomSampler", generator)
        self.weights = wrap(_as_weights(weights))
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        generator = checked_generator("WeightedRandomSampler", self.generator)
        yield from generator.multinomial(self.weights.value, self.num_samples, self.replacement).tolist()

    def __len__(self) -> int:
        return self.num_samples


def _as_weights(weights: Any) -> Any:
    raw = weights.value if isinstance(weights, Tensor) else weights
    if isinstance(raw, (str, bytes)):
        raise TypeError(expected("WeightedRandomSampler", "weights to be numbers", f"a {type(raw).__name__}"))
    if isinstance(raw, (list, tuple)):
        raw = [w.value if isinstance(w, Tensor) else w for w in raw]
    array = np.array(raw, np.float64)
    if array.ndim != 1:
        raise ValueError(f"weights should be a 1d sequence but given weights have shape {array.shape}.")
    return array


def _positive(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number > 0


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists of `batch_size`; `drop_last` leaves out a last one that is shorter.

    Example:
        >>> list(BatchSampler(SequentialSampler(range(5)), batch_size=2, drop_last=False))
        [[0, 1], [2, 3], [4]]
        >>> list(BatchSampler(SequentialSampler(range(5)), batch_size=2, drop_last=True))
        [[0, 1], [2, 3]]

    Raises:
        ValueError: a `batch_size` that is no whole number >= 1, or a `drop_last` that is no bool.

    Source: torch.utils.data.BatchSampler.
    """

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not _positive(batch_size):
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size!r}. "
                "It is the number of samples in a batch; None (of a DataLoader) switches batching off."
            )
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last!r}.")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self) -> int:
        indices = len(self.sampler)  # type: ignore[arg-type]  # a sampler without a length raises the right TypeError
        return indices // self.batch_size if self.drop_last else -(-indices // self.batch_size)


class InfiniteConstantSampler(Sampler[None]):
    """None, for ever: a stream needs no indices, only to be asked."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None
