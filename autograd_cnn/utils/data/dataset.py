"""Datasets: what samples there are. A map-style dataset has `dataset[i]` and a length, an iterable one is a stream."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from autograd_cnn.errors import expected
from autograd_cnn.random import Generator
from autograd_cnn.tensors.tensor import Tensor
from autograd_cnn.utils.data.randomness import checked_generator

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Dataset(Generic[T_co]):
    """A map from indices to samples: subclasses write `__getitem__` and, nearly always, `__len__`.

    A subclass may also write `__getitems__(indices)`, which returns the list of samples of a whole batch at once; the
    DataLoader prefers it.

    Example:
        >>> class Squares(Dataset):
        ...     def __getitem__(self, i):
        ...         return i * i
        ...     def __len__(self):
        ...         return 4
        >>> [Squares()[i] for i in range(4)]
        [0, 1, 4, 9]
        >>> len(Squares() + Squares())
        8

    Raises:
        NotImplementedError: `__getitem__` was not written.

    Source: torch.utils.data.Dataset.
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(
            f"Subclasses of Dataset should implement __getitem__, and {type(self).__name__} does not: "
            "write `def __getitem__(self, index)` that returns one sample."
        )

    def __add__(self, other: Dataset[Any]) -> ConcatDataset[Any]:
        return ConcatDataset([self, other])

    # No __len__ here: one that raises TypeError would break `list(dataset)`, which asks for a length as a mere hint.


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """A stream of samples: subclasses write `__iter__`.

    In a DataLoader with workers each worker iterates over its own copy; `get_worker_info()` inside `__iter__` tells
    which share of the stream to yield, or every sample comes once from each worker.

    Example:
        >>> from autograd_cnn.utils.data import IterableDataset, get_worker_info
        >>> class Count(IterableDataset):
        ...     def __init__(self, end):
        ...         self.end = end
        ...     def __iter__(self):
        ...         info = get_worker_info()
        ...         first, step = (0, 1) if info is None else (info.id, info.num_workers)
        ...         return iter(range(first, self.end, step))
        >>> list(Count(5))
        [0, 1, 2, 3, 4]

    Raises:
        TypeError: a subclass without `__iter__` is made.

    Source: torch.utils.data.IterableDataset.
    """

    def __add__(self, other: Dataset[Any]) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tensors side by side: sample i is `(tensors[0][i], tensors[1][i], …)`.

    Shapes: each tensor (N, *), the same N.

    Example:
        >>> import autograd_cnn as ac
        >>> x, y = TensorDataset(ac.zeros(3, 2), ac.arange(3))[1]
        >>> x.shape, y.item()
        (torch.Size([2]), 1)

    Raises:
        AssertionError: the first sizes differ.
        TypeError: what is no Tensor.
        IndexError: a 0-d tensor.

    Source: torch.utils.data.TensorDataset.
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        if not tensors:
            raise ValueError(expected("TensorDataset", "at least one tensor", "none"))
        for position, tensor in enumerate(tensors):
            _check_rows(position, tensor)
        sizes = [len(tensor.value) for tensor in tensors]
        if any(size != sizes[0] for size in sizes):
            raise AssertionError(
                f"Size mismatch between tensors: expected the same first size, got {sizes}. Row i of every tensor belongs to sample i."
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0].value)

    def _columns(self) -> list[Any] | None:
        """The arrays whose rows the samples are; None where a sample may be something else, or carries a gradient."""
        kind = type(self)
        if kind.__getitem__ is not TensorDataset.__getitem__ or hasattr(self, "__getitems__"):
            return None
        plain = all(isinstance(tensor.value, np.ndarray) and not tensor.requires_grad for tensor in self.tensors)
        return [tensor.value for tensor in self.tensors] if plain else None


def _check_rows(position: int, tensor: object) -> None:
    if not isinstance(tensor, Tensor):
        fix = "Make it one with autograd_cnn.as_tensor(data)."
        raise TypeError(expected("TensorDataset", "tensors", f"{type(tensor).__name__} as argument {position}", fix))
    if np.ndim(tensor.value) == 0:
        raise IndexError(expected("TensorDataset", "tensors of at least one dim, the samples", f"a 0-d tensor as argument {position}"))


class StackDataset(Dataset[Any]):
    """Datasets of one length side by side: sample i is a tuple (positional datasets) or a dict (named ones).

    Example:
        >>> StackDataset(range(3), "abc")[1]
        (1, 'b')
        >>> StackDataset(number=range(3), letter="abc")[1]
        {'number': 1, 'letter': 'b'}

    Raises:
        ValueError: no dataset, for both kinds at once, and for unequal lengths.

    Source: torch.utils.data.StackDataset.
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError("StackDataset: expected datasets by position (tuple samples) or by name (dict samples), got both.")
        if not args and not kwargs:
            raise ValueError("StackDataset: At least one dataset should be passed.")
        lengths = [len(dataset) for dataset in args or kwargs.values()]
        if any(length != lengths[0] for length in lengths):
            raise ValueError(
                f"Size mismatch between datasets: StackDataset expected equal lengths, got {lengths}. Cut the longer ones with Subset."
            )
        self._length = lengths[0]
        self.datasets = args or kwargs

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        if isinstance(self.datasets, dict):
            names = list(self.datasets)
            columns = [_items(dataset, indices) for dataset in self.datasets.values()]
            return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return list(zip(*(_items(dataset, indices) for dataset in self.datasets), strict=True))

    def __len__(self) -> int:
        return self._length


def _items(dataset: Any, indices: Sequence[Any]) -> list[Any]:
    """The samples at `indices`, by the dataset's own batch method where it has one."""
    batched = getattr(dataset, "__getitems__", None)
    if not callable(batched):
        return [dataset[i] for i in indices]
    items: list[Any] = batched(indices)
    if len(items) != len(indices):
        raise ValueError(
            "Nested dataset's output size mismatch. "
            + expected(f"{type(dataset).__name__}.__getitems__", f"{len(indices)} samples", f"{len(items)}")
        )
    return items


class ConcatDataset(Dataset[T_co]):
    """Datasets one after another.

    Example:
        >>> both = ConcatDataset(["abc", "de"])
        >>> len(both), both[3], both[-1]
        (5, 'd', 'e')

    Raises:
        AssertionError: no dataset or an IterableDataset among them.
        ValueError: an index below -len.
        IndexError: one beyond the end.

    Source: torch.utils.data.ConcatDataset.
    """

    datasets: list[Any]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("ConcatDataset: datasets should not be an empty iterable.")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset. Chain streams with ChainDataset.")
        self.cumulative_sizes = self.cumsum(self.datasets)

    @staticmethod
    def cumsum(sequence: Iterable[Any]) -> list[int]:
        """The lengths of the datasets, summed up from the left."""
        return list(itertools.accumulate(len(dataset) for dataset in sequence))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx: Any) -> T_co:
        if idx < 0:
            if -idx > len(self):
                text = "ConcatDataset: absolute value of index should not exceed dataset length"
                raise ValueError(f"{text}, got {idx} of {len(self)}.")
            idx += len(self)
        elif idx >= len(self):
            raise IndexError(f"ConcatDataset: expected an index below {len(self)}, got {idx}.")
        which = bisect.bisect_right(self.cumulative_sizes, idx)
        before = self.cumulative_sizes[which - 1] if which else 0
        sample: T_co = self.datasets[which][idx - before]
        return sample


class ChainDataset(IterableDataset[Any]):
    """Streams one after another.

    Raises:
        AssertionError: a member that is no IterableDataset is reached.

    Source: torch.utils.data.ChainDataset.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def _streams(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(
                    f"ChainDataset only supports IterableDataset, got {type(dataset).__name__}. "
                    "Put map-style datasets together with ConcatDataset."
                )
            yield dataset

    def __iter__(self) -> Iterator[Any]:
        for stream in self._streams():
            yield from stream

    def __len__(self) -> int:
        return sum(len(stream) for stream in self._streams())


class Subset(Dataset[T_co]):
    """The samples of `dataset` at `indices`.

    A subclass that overrides `__getitem__` must override `__getitems__` too, because the DataLoader calls that one.

    Example:
        >>> Subset("abcde", [4, 0])[0]
        'e'

    Raises:
        NotImplementedError: such a subclass without `__getitems__`.
        IndexError: an index beyond the end.

    Source: torch.utils.data.Subset.
    """

    dataset: Any
    indices: Sequence[int]

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        kind = type(self)
        if kind.__getitem__ is not Subset.__getitem__ and kind.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{kind.__name__} overrides __getitem__ but not __getitems__, which a DataLoader calls. Add:\n\n"
                "def __getitems__(self, indices):\n    return [self[i] for i in indices]"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, idx: Any) -> T_co:
        where = [self.indices[i] for i in idx] if isinstance(idx, list) else self.indices[idx]
        sample: T_co = self.dataset[where]
        return sample

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        return _items(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Any, lengths: Sequence[int | float], generator: Generator | None = None) -> list[Subset[Any]]:
    """Split a dataset at random into parts that do not overlap.

    With `lengths` that sum to 1 (fractions), part k gets floor(fraction_k · N) samples, and what is left over goes to
    the parts one by one from the first. One permutation is drawn, from `generator` or the default generator.

    Example:
        >>> from autograd_cnn import Generator
        >>> train, test = random_split(range(10), [0.8, 0.2], generator=Generator().manual_seed(0))
        >>> len(train), test.indices
        (8, [6, 2])

    Raises:
        ValueError: the lengths do not sum to N or are negative.
        TypeError: lengths that are no whole numbers.

    Source: torch.utils.data.random_split.
    """
    generator = checked_generator("random_split", generator)
    total = len(dataset)
    sizes = _split_sizes(lengths, total)
    order = generator.permutation(total).tolist()
    ends = itertools.accumulate(sizes)
    return [Subset(dataset, order[end - size : end]) for end, size in zip(ends, sizes, strict=True)]


def _split_sizes(lengths: Sequence[int | float], total: int) -> list[int]:
    whole = sum(lengths)
    if whole <= 1 and math.isclose(whole, 1):
        return _fraction_sizes(lengths, total)
    if whole != total:
        raise ValueError(
            "Sum of input lengths does not equal the length of the input dataset! random_split: expected lengths that "
            f"sum to {total}, or fractions that sum to 1, got {list(lengths)}, which sum to {whole:g}."
        )
    for size in lengths:
        if not isinstance(size, (int, np.integer)):
            raise TypeError(expected("random_split", "whole numbers or fractions that sum to 1", list(lengths)))
        if size < 0:
            raise ValueError(expected("random_split", "lengths of at least 0", list(lengths)))
    return [int(size) for size in lengths]


def _fraction_sizes(fractions: Sequence[int | float], total: int) -> list[int]:
    for position, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"random_split: Fraction at index {position} is not between 0 and 1, got {fraction}.")
    sizes = [math.floor(total * fraction) for fraction in fractions]
    for extra in range(total - sum(sizes)):
        sizes[extra % len(sizes)] += 1
    for position, size in enumerate(sizes):
        if size == 0:
            warnings.warn(f"Length of split at index {position} is 0. This might result in an empty dataset.", stacklevel=4)
    return sizes


def rows_of(dataset: object, indices: Sequence[Any]) -> tuple[list[Any], list[int]] | None:
    """The arrays and the row numbers that make up a batch, if the dataset is but tensors, or a subset of them.

    None for any other dataset; then the samples have to be read one by one and collated.
    """
    while type(dataset) is Subset:
        chosen = dataset.indices
        indices = [chosen[i] for i in indices]
        dataset = dataset.dataset
    if not isinstance(dataset, TensorDataset) or not all(type(i) is int for i in indices):
        return None
    columns = dataset._columns()
    return None if columns is None else (columns, list(indices))
