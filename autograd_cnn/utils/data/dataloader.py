"""DataLoader: batches of a dataset, in an order, fetched here or by worker processes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from autograd_cnn.errors import expected
from autograd_cnn.random import Generator
from autograd_cnn.utils.data import collate, options
from autograd_cnn.utils.data.dataset import Dataset, IterableDataset
from autograd_cnn.utils.data.iterator import LoaderIterator, SingleIterator, WorkersIterator
from autograd_cnn.utils.data.origins import Origins
from autograd_cnn.utils.data.randomness import checked_generator, read, write
from autograd_cnn.utils.data.resume import Plan, Progress, decode, encode
from autograd_cnn.utils.data.sampler import (
    BatchSampler,
    InfiniteConstantSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
)

T_co = TypeVar("T_co", covariant=True)

_FIXED = frozenset({"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"})


class DataLoader(Generic[T_co]):
    """Iterates over a dataset in batches.

    Args:
        dataset: map-style (`dataset[i]`, `len(dataset)`) or an IterableDataset.
        batch_size: samples in a batch; None switches batching off, then each sample comes by itself.
        shuffle: a new random order in every epoch.
        sampler: the order of the indices, instead of `shuffle`; any iterable.
        batch_sampler: lists of indices, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
        num_workers: processes that fetch batches ahead; 0 fetches in this one.
        collate_fn: makes a batch of a list of samples; `default_collate` stacks tensors.
        pin_memory: accepted and, there being no accelerator, without effect: it warns so, as PyTorch does.
        drop_last: leave out a last batch that is not full.
        timeout: seconds to wait for a batch from a worker; 0 waits for ever.
        worker_init_fn: called in each worker with its number, after seeding.
        multiprocessing_context: "fork", "spawn", "forkserver", or a context; None: the platform's default.
        generator: draws the shuffling and the workers' base seed; None: the default generator.
        prefetch_factor: batches that each worker fetches in advance; 2 where there are workers.
        persistent_workers: keep the workers from epoch to epoch.
        pin_memory_device: deprecated and without effect; it warns so.
        in_order: False delivers batches as workers finish them.

    Random numbers: each `iter(loader)` draws one seed, the base seed; with `shuffle=True` the first batch draws a
    second one for a private generator that makes the permutation. With `generator=g` both come from g: the base seed,
    and the permutation itself. Worker w seeds the default generator and Python's `random` with base_seed + w, and
    NumPy's from (w, base_seed). These are PyTorch's draws in PyTorch's order. Persistent workers are seeded once; the
    epochs after the first draw no base seed.

    With workers, batch i is the work of worker i mod W and comes in its turn; big arrays pass through shared memory.
    Workers ignore Ctrl-C: they end with the loader's process, however that ends.

    Resuming in mid-epoch: see `state_dict`.

    Example:
        >>> import autograd_cnn as ac
        >>> from autograd_cnn.utils.data import DataLoader, TensorDataset
        >>> data = TensorDataset(ac.arange(5), ac.arange(5) * 10)
        >>> for x, y in DataLoader(data, batch_size=2):
        ...     print(x.tolist(), y.tolist())
        [0, 1] [0, 10]
        [2, 3] [20, 30]
        [4] [40]

    Raises:
        ValueError: options that exclude each other or are out of range.
        TypeError: wrong types, when the loader is made. While iterating: an exception in a worker is raised again here, of the same
            type, with the worker's traceback in its message.
        RuntimeError: a worker that died (with its pid and signal), and after `timeout`.

    Source: torch.utils.data.DataLoader; `state_dict` and `load_state_dict` are named as in torchdata's StatefulDataLoader.
    """

    dataset: Any
    batch_size: int | None
    num_workers: int
    pin_memory: bool
    drop_last: bool
    timeout: float
    sampler: Any
    batch_sampler: Any
    prefetch_factor: int | None
    _initialized = False

    def __init__(
        self,
        dataset: Dataset[T_co] | Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[Sequence[Any]] | Iterable[Sequence[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        checked_generator("DataLoader", generator)
        options.check_callable("collate_fn", collate_fn)
        options.check_callable("worker_init_fn", worker_init_fn)
        self.num_workers = options.worker_count(num_workers)
        self.prefetch_factor = options.prefetch(prefetch_factor, self.num_workers)
        options.check_timeout(timeout)
        options.check_persistent(persistent_workers, self.num_workers)
        self.dataset = dataset
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.generator = generator
        self.persistent_workers = persistent_workers
        self._is_stream = isinstance(dataset, IterableDataset)
        if self._is_stream:
            options.check_stream(shuffle, sampler, batch_sampler)
        self._choose_samplers(batch_size, bool(shuffle), sampler, batch_sampler, drop_last)
        self.collate_fn = collate_fn or (collate.default_collate if self._auto_collation else collate.default_convert)
        self._announced_length: int | None = None  # what len() said of a stream
        self._iterator: WorkersIterator | None = None  # kept with persistent workers
        self._progress: Progress | None = None
        self._plan: Plan | None = None  # a state that was loaded, until the next iter
        self._loaded: dict[str, Any] | None = None  # the same as it was given
        self._initialized = True
        options.warn_of_many_workers(self.num_workers)

    def _choose_samplers(self, batch_size: Any, shuffle: bool, sampler: Any, batch_sampler: Any, drop_last: bool) -> None:
        options.check_batching(batch_size, shuffle, sampler, batch_sampler, drop_last)
        options.check_iterable("sampler", sampler)
        options.check_iterable("batch_sampler", batch_sampler)
        if sampler is None:
            sampler = self._default_sampler(shuffle)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler

    def _default_sampler(self, shuffle: bool) -> Sampler[Any]:
        if self._is_stream:
            return InfiniteConstantSampler()
        return RandomSampler(self.dataset, generator=self.generator) if shuffle else SequentialSampler(self.dataset)

    def __setattr__(self, attr: str, val: Any) -> None:
        if self._initialized and attr in _FIXED:
            raise ValueError(
                f"{attr} attribute should not be set after {type(self).__name__} is initialized: "
                f"its samplers were made for the old value. Make a new loader with {attr}=…"
            )
        super().__setattr__(attr, val)

    @property
    def multiprocessing_context(self) -> Any:
        """How workers are started: a multiprocessing context, or None for the platform's default."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, choice: Any) -> None:
        self._context = None if choice is None else options.context_of(choice, self.num_workers)

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.batch_sampler if self._auto_collation else self.sampler

    @property
    def _stream_index(self) -> Any:
        """The index that a stream is asked with: as many None as a batch has samples."""
        return None if self.batch_size is None else [None] * self.batch_size

    def _origins(self) -> Origins:
        return Origins(self._index_sampler, self.generator, self._is_stream and self.num_workers == 0)

    # -------------------------------------------------------------------------------------------- iterating
    def __iter__(self) -> LoaderIterator:
        if self.pin_memory:
            options.warn_of_pinning(self.pin_memory_device)
        if self._iterator is not None and self._iterator.usable:
            self._iterator.restart(self)
            self._progress = self._iterator.progress
            return self._iterator
        iterator: LoaderIterator
        if self.num_workers == 0:
            iterator = SingleIterator(self, self._plan)
        else:
            options.warn_of_many_workers(self.num_workers)
            iterator = workers = WorkersIterator(self, self._plan)
            self._iterator = workers if self.persistent_workers else None
        self._plan, self._loaded = None, None
        self._progress = iterator.progress
        return iterator

    def __len__(self) -> int:
        """The number of batches: the index sampler's; of a stream, what the dataset's length makes it expect."""
        if not self._is_stream:
            return len(self._index_sampler)
        length = self._announced_length = len(self.dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)

    # -------------------------------------------------------------------------------------------- resuming
    def state_dict(self) -> dict[str, Any]:
        """Where the loader stands, as plain values (numbers, strings, lists, dicts): it fits into JSON.

        Taken in mid-epoch it speaks of the iterator made last. `load_state_dict`, on a loader made with the same
        arguments, lets the *next* `iter` deliver the remaining batches of that epoch (none, if the last one was
        delivered but the end not reached yet); the epochs after it are new ones. Taken when an epoch has ended, or
        before any, the next `iter` is a new epoch. `state["in_progress"]` and `state["delivered"]` (batches) say which.

        What belongs to the loader is in the state: the base seed, the number of batches delivered, the random states
        from which the sampler drew, the workers' random states after the last batch that each delivered, the states of
        private generators (`generator=`, a sampler's `generator`), the `state_dict()` of samplers that have one.
        What belongs to the program is not: the default generator, Python's and NumPy's global ones. Save these at the
        same moment (`get_rng_state`), and put them back before the next `iter`. It leaves them as it finds them: the
        base seed is not drawn again, and what the sampler draws when it is run again is undone. So every later draw of
        the resumed run (dropout masks, the next shuffle) is that of a run that was never interrupted.

        A stream (IterableDataset) is read again from its start, and what had been delivered is thrown away.

        Example:
            >>> loader = DataLoader(range(6), batch_size=2)
            >>> first = next(iter(loader))
            >>> state = loader.state_dict()
            >>> again = DataLoader(range(6), batch_size=2)
            >>> again.load_state_dict(state)
            >>> [batch.tolist() for batch in again]
            [[2, 3], [4, 5]]

        Raises:
            RuntimeError: in mid-epoch with `in_order=False` and workers, where no order can be resumed.
        """
        if self._loaded is not None:
            return copy.deepcopy(self._loaded)
        progress = self._progress
        if progress is not None and not progress.finished and self.num_workers and not self.in_order:
            raise RuntimeError(
                "DataLoader.state_dict: with in_order=False batches come as workers finish them, so an epoch in "
                "progress cannot be resumed. Use in_order=True, or save between epochs."
            )
        origins = self._origins()
        return encode(
            progress,
            generators=read(origins.private()),
            samplers=origins.states(),
            num_workers=self.num_workers,
            length=self._batch_count(),
            keep=self.persistent_workers,
        )

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state from `state_dict`: the next `iter` goes on from there.

        The states of private generators and samplers are set at once.

        Raises:
            TypeError or ValueError, before anything is changed, for what is no such state, is damaged, or belongs to another
                dataset, batch size, or number of workers (which may differ if the workers drew no random numbers).
        """
        plan = decode(state_dict)
        self._check_plan(plan)
        origins = self._origins()
        sources = origins.private()
        before = read(sources)
        try:
            write(sources, plan.generators)
        except Exception as error:
            write(sources, before)
            raise ValueError(f"DataLoader.load_state_dict: a generator's state is damaged ({error}).") from error
        for name, sampler in origins.stateful().items():
            if name in plan.samplers:
                sampler.load_state_dict(copy.deepcopy(plan.samplers[name]))
        self._iterator = None
        self._progress = None
        self._plan, self._loaded = plan, copy.deepcopy(dict(state_dict))

    def _check_plan(self, plan: Plan) -> None:
        operation = "DataLoader.load_state_dict"
        length = self._batch_count()
        if plan.in_progress and plan.length is not None and length is not None and plan.length != length:
            fix = "Make the loader with the same dataset, batch size and drop_last."
            raise ValueError(expected(operation, f"an epoch of {length} batches", f"one of {plan.length}", fix))
        if plan.in_progress and plan.num_workers != self.num_workers and (plan.workers_drew or self._is_stream):
            why = "reads the stream" if self._is_stream else "drew random numbers"
            what = f"a state of {self.num_workers} workers"
            fix = f"Each worker {why} by itself: make the loader with num_workers={plan.num_workers}."
            raise ValueError(expected(operation, what, f"one of {plan.num_workers}", fix))

    def _batch_count(self) -> int | None:
        if self._is_stream:
            return None
        try:
            return len(self._index_sampler)
        except (TypeError, NotImplementedError):  # a sampler without a length
            return None
