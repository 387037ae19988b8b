"""Fetching: from the indices of a batch to the batch. The same in the loader's own process and in a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from autograd_cnn.tensors.tensor import Tensor, wrap
from autograd_cnn.utils.data import collate
from autograd_cnn.utils.data.dataset import rows_of

_SHOWN = 8  # indices named in the note on an error


class Fetcher(Protocol):
    """`read` gets the samples of one batch (a StopIteration: there are no more), `collate` makes the batch of them."""

    def read(self, index: Any) -> Any: ...

    def collate(self, samples: Any) -> Any: ...


class MapFetcher:
    """Samples by index. `batched` says whether an index is a list of indices, a batch, or the index of one sample."""

    def __init__(self, dataset: Any, batched: bool, collate_fn: Callable[[Any], Any]) -> None:
        self._dataset = dataset
        self._batched = batched
        self._collate = collate_fn
        self._items = getattr(dataset, "__getitems__", None) if batched else None
        self._index: Any = None

    def read(self, index: Any) -> Any:
        self._index = index
        try:
            return self._read(index)
        except StopIteration as stop:  # would end the epoch without a word
            raise RuntimeError(f"{type(self._dataset).__name__} raised StopIteration for index {index!r}.") from stop

    def _read(self, index: Any) -> Any:
        if not self._batched:
            return self._dataset[index]
        if self._collate is collate.default_collate and _stacks_as_ever():
            rows = rows_of(self._dataset, index)
            if rows is not None:
                return Rows(*rows)
        return self._items(index) if self._items else [self._dataset[i] for i in index]

    def collate(self, samples: Any) -> Any:
        if isinstance(samples, Rows):
            return samples.stacked()
        try:
            return _call(self._collate, samples)
        except Exception as error:
            if self._batched and isinstance(self._index, Sequence):
                more = ", …" if len(self._index) > _SHOWN else ""
                shown = ", ".join(map(repr, self._index[:_SHOWN]))
                error.add_note(f"The batch holds the samples with indices [{shown}{more}], entry 0 first.")
            raise


class StreamFetcher:
    """Samples of an IterableDataset, in the order in which it yields them."""

    def __init__(self, dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> None:
        self._stream: Iterator[Any] = iter(dataset)
        self._batched = batched
        self._collate = collate_fn
        self._drop_last = drop_last
        self._ended = False

    def read(self, index: Any) -> Any:
        """The next sample, or the next `len(index)` samples."""
        if self._ended:
            raise StopIteration
        if not self._batched:
            return next(self._stream)
        samples = []
        for _ in index:
            try:
                samples.append(next(self._stream))
            except StopIteration:
                self._ended = True
                break
        if not samples or (self._drop_last and len(samples) < len(index)):
            raise StopIteration
        return samples

    def collate(self, samples: Any) -> Any:
        return _call(self._collate, samples)


def _call(collate_fn: Callable[[Any], Any], samples: Any) -> Any:
    try:
        return collate_fn(samples)
    except StopIteration as stop:  # would end the epoch without a word
        raise RuntimeError("The collate_fn raised StopIteration.") from stop


class Rows:
    """The samples of a batch as row numbers of the arrays they stand in: collated without being made one by one."""

    def __init__(self, columns: list[Any], rows: list[int]) -> None:
        self._columns = columns
        self._rows = rows

    def stacked(self) -> list[Tensor]:
        """The rows of each array, (N, *) → (B, *)."""
        rows = np.array(self._rows, np.intp)
        return [wrap(_taken(column, rows)) for column in self._columns]


def _taken(column: Any, rows: Any) -> Any:
    n = len(column)
    if rows.size and not (-n <= rows.min() and rows.max() < n):
        wrong = next(i for i in rows.tolist() if not -n <= i < n)
        raise IndexError(f"index {wrong} is out of bounds for dimension 0 with size {n}")
    if not column.flags.c_contiguous:  # `take` would copy the whole array first
        return column[rows]
    out = collate.new_array((len(rows), *column.shape[1:]), column.dtype)
    # mode "wrap" (the bounds were checked) writes straight into `out`; the default mode would buffer it
    return np.take(column, rows, axis=0, out=out, mode="wrap")


def _stacks_as_ever() -> bool:
    """Has nobody exchanged the function that stacks tensors?"""
    return collate.default_collate_fn_map.get(Tensor) is collate.collate_tensor_fn


def make_fetcher(dataset: Any, stream: bool, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> Fetcher:
    """The fetcher for this kind of dataset; for a stream it begins a new pass."""
    if stream:
        return StreamFetcher(dataset, batched, collate_fn, drop_last)
    return MapFetcher(dataset, batched, collate_fn)
