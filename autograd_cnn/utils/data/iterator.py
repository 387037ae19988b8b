"""The iterators of a DataLoader: one fetches in this process, one lets worker processes fetch."""

from __future__ import annotations

import itertools
import warnings
import weakref
from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from autograd_cnn.utils.data.fetch import Fetcher, make_fetcher
from autograd_cnn.utils.data.randomness import DrawLog, checked_generator
from autograd_cnn.utils.data.resume import Order, Plan, Progress, Replay, States, WorkerRecord, too_short
from autograd_cnn.utils.data.worker import Batch, Ended, Failure, NewEpoch, Ready, Setup, Task

if TYPE_CHECKING:
    from autograd_cnn.utils.data.dataloader import DataLoader


class LoaderIterator:
    """One epoch: `next` gives a batch. What it did so far stands in `progress`."""

    def __init__(self, loader: DataLoader[Any], plan: Plan | None) -> None:
        self._stream = loader._is_stream
        self._index_sampler = loader._index_sampler
        self._dataset = loader.dataset
        self._workers = loader.num_workers
        self._repeated = loader._stream_index  # the index of every batch of a stream
        self._announced = loader._announced_length
        self._plan = plan if plan is not None and plan.in_progress else None
        self.progress = self._begin(loader, plan)

    def _begin(self, loader: DataLoader[Any], plan: Plan | None) -> Progress:
        """The epoch's progress: a new one, with the draws PyTorch makes here, or that of the plan."""
        progress = self._record(loader, 0, self._plan.draws if self._plan else {})
        if self._plan is None:
            self._order.open("sampler")
            kept = plan.base_seed if plan is not None and loader.persistent_workers else None
            seed = checked_generator("DataLoader", loader.generator).seed64() if kept is None else kept
            progress.base_seed = seed
            return progress
        if self._plan.base_seed is None:
            raise ValueError("DataLoader.load_state_dict: the state of an epoch in progress lacks its base_seed.")
        progress.base_seed = self._plan.base_seed
        progress.delivered, progress.requested = self._plan.delivered, self._plan.requested
        progress.exhausted, progress.next_worker = self._plan.exhausted, self._plan.next_worker
        if not self._stream:
            self._order.reopen("sampler again" if self._plan.num_workers else "sampler", self._plan)
        return progress

    def _record(self, loader: DataLoader[Any], base_seed: int, draws: Mapping[str, States]) -> Progress:
        """A fresh record of an epoch, and the order that writes into it."""
        origins = loader._origins()
        progress = Progress(base_seed, DrawLog(origins.watched(), draws), samplers=origins.states())
        self._order = Order(self._index_sampler, progress, origins.quiet(loader._batch_count()))
        return progress

    def __iter__(self) -> Self:
        return self

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __next__(self) -> Any:
        try:
            data = self._next_data()
        except StopIteration:
            self.progress.finished = True
            raise
        delivered = self.progress.delivered
        if self._announced is not None and delivered > self._announced:
            self._warn_too_many(delivered)
        return data

    def _next_index(self) -> Any:
        if self._stream:
            self.progress.requested += 1
            return self._repeated
        return self._order.next()

    def _next_data(self) -> Any:
        raise NotImplementedError

    def _warn_too_many(self, delivered: int) -> None:
        text = (
            f"Length of IterableDataset {self._dataset} was reported to be {self._announced} (when accessing "
            f"len(dataloader)), but {delivered} samples have been fetched. "
        )
        if self._workers:
            text += "Each worker iterates over the whole stream unless __iter__ asks get_worker_info() for its share."
        warnings.warn(text, stacklevel=3)

    def __getstate__(self) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} cannot be pickled. Pickle the DataLoader, and loader.state_dict() for the position."
        )


class SingleIterator(LoaderIterator):
    """Fetches each batch when it is asked for."""

    def __init__(self, loader: DataLoader[Any], plan: Plan | None) -> None:
        if loader.timeout != 0:
            raise AssertionError(
                f"DataLoader: expected timeout == 0 with num_workers=0, got {loader.timeout}. "
                "It limits the wait for workers; without them there is nobody to wait for."
            )
        super().__init__(loader, plan)
        make = partial(make_fetcher, self._dataset, self._stream, loader._auto_collation, loader.collate_fn, loader.drop_last)
        self._fetcher: Fetcher = self._resumed_stream(make) if self._plan and self._stream else self._opened(make)

    def _opened(self, make: Any) -> Fetcher:
        fetcher: Fetcher = self.progress.log.run("stream", make) if self._stream else make()
        return fetcher

    def _resumed_stream(self, make: Any) -> Fetcher:
        """The stream from its start again, with the random states of then, its first batches thrown away."""
        progress = self.progress
        with Replay(progress.log) as again:
            fetcher: Fetcher = again("stream", make)
            for number in range(progress.delivered):
                try:
                    again(f"index {number}", partial(fetcher.read, self._repeated))
                except StopIteration:
                    raise too_short(number, progress.delivered) from None
        progress.requested = progress.delivered
        return fetcher

    def _next_data(self) -> Any:
        progress = self.progress
        number = progress.requested
        index = self._next_index()
        read = partial(self._fetcher.read, index)
        try:
            samples = progress.log.run(f"index {number}", read) if self._stream else read()
            data = self._fetcher.collate(samples)
        except StopIteration:
            progress.requested = number
            raise
        except Exception:
            progress.delivered += 1  # this batch is lost, the next call goes on after it
            raise
        progress.delivered += 1
        return data


class WorkersIterator(LoaderIterator):
    """Lets workers fetch ahead: batch i is worker i mod W's, and comes in its turn."""

    def __init__(self, loader: DataLoader[Any], plan: Plan | None) -> None:
        from autograd_cnn.utils.data.team import Team, context_of

        if not loader.prefetch_factor:
            raise AssertionError(
                f"DataLoader: prefetch_factor must be greater than 0 with workers, got {loader.prefetch_factor}. "
                "It is the number of batches that each worker is asked for in advance."
            )
        super().__init__(loader, plan)
        self._prefetch = loader.prefetch_factor
        self._in_order = loader.in_order
        self._persistent = loader.persistent_workers
        self._timeout = loader.timeout
        self._over = False
        self.progress.workers = self._records(plan)
        context = context_of(loader.multiprocessing_context)
        self._team = Team([self._setup(loader, number) for number in range(self._workers)], context)
        # not __del__: it runs at exit too, and does not keep this iterator alive
        self._end = weakref.finalize(self, self._team.shutdown)
        if self._plan is None:
            self._order.open("sampler again")  # the sampler is asked a second time, as PyTorch does
        self._prime(first=self.progress.next_worker)

    def _records(self, plan: Plan | None) -> list[WorkerRecord]:
        """Those of the plan, where it speaks of these workers; else fresh ones."""
        if plan is None or not plan.workers or plan.num_workers != self._workers or not (plan.in_progress or self._persistent):
            return [WorkerRecord() for _ in range(self._workers)]
        return [WorkerRecord(w.start, w.now, w.delivered) for w in plan.workers]

    def _setup(self, loader: DataLoader[Any], number: int) -> Setup:
        from autograd_cnn.utils.data.transport import HAS_SEGMENTS

        record = self.progress.workers[number]
        return Setup(
            worker=number,
            workers=self._workers,
            dataset=self._dataset,
            stream=self._stream,
            batched=loader._auto_collation,
            collate_fn=loader.collate_fn,
            drop_last=loader.drop_last,
            base_seed=self.progress.base_seed,
            init_fn=loader.worker_init_fn,
            # a stream is run again from its start, so it needs the random states of then
            start=record.start if self._stream else record.now or record.start,
            skip=record.delivered if self._stream else 0,
            skip_index=self._repeated,
            segments=HAS_SEGMENTS,
        )

    @property
    def usable(self) -> bool:
        """Can a new epoch begin with these workers?"""
        return self._team.usable

    def restart(self, loader: DataLoader[Any]) -> None:
        """A new epoch with the same workers, which keep their datasets and their random streams."""
        old = self.progress
        self._announced = loader._announced_length
        self.progress = self._record(loader, old.base_seed, {})
        self._order.open("sampler again")
        for number in range(self._workers):
            self._team.send(number, NewEpoch(self._team.freed(number)))
        for number, record in enumerate(old.workers):
            self._drain(number, record)
            self.progress.workers.append(WorkerRecord(start=record.now or record.start))
        self._prime(first=0)

    def _drain(self, number: int, record: WorkerRecord) -> None:
        """Throw away what the worker still sends of an epoch that was broken off."""
        while True:
            _, message = self._team.receive([number], self._timeout)
            record.now = message.random or record.now
            if isinstance(message, Ready):
                return

    def _prime(self, first: int) -> None:
        self._turns: deque[int] = deque()  # whose turn it is to deliver
        self._asked = [0] * self._workers  # batches asked for and not delivered, of each worker
        self._ended = [False] * self._workers
        everyone = range(self._workers)
        self._cycle = itertools.cycle([*everyone[first:], *everyone[:first]])
        for _ in range(self._prefetch * self._workers):
            self._assign()

    def _assign(self) -> None:
        """Ask the next worker for one more batch, if there is one to ask for."""
        try:
            index = self._next_index()
        except StopIteration:
            return
        for _ in range(self._workers):
            number = next(self._cycle)
            if not self._ended[number] and (self._in_order or self._has_room(number)):
                break
        else:
            return
        self._team.send(number, Task(index, self._team.freed(number)))
        self._turns.append(number)
        self._asked[number] += 1

    def _has_room(self, number: int) -> bool:
        return self._asked[number] < self._prefetch * self._workers // self._ended.count(False)

    def _due(self) -> list[int]:
        """The workers whose message may come next; none: the epoch is over."""
        if not self._in_order:
            return [n for n in range(self._workers) if self._asked[n] and not self._ended[n]]
        while self._turns and self._ended[self._turns[0]]:
            self._turns.popleft()
        return [self._turns[0]] if self._turns else []

    def _next_data(self) -> Any:
        if self._over:
            raise StopIteration
        while due := self._due():
            number, message = self._team.receive(due, self._timeout)
            record = self.progress.workers[number]
            record.now = message.random or record.now
            self._turns.remove(number)
            self._asked[number] -= 1
            if isinstance(message, Ended):
                self._ended[number] = True
                if not self._persistent:
                    self._team.send(number, None)
                self._assign()
                continue
            self.progress.delivered += 1
            self.progress.next_worker = (number + 1) % self._workers
            record.delivered += 1
            self._assign()
            if isinstance(message, Failure):
                message.reraise()
            if isinstance(message, Batch):
                return message.data
        if not self._persistent:
            self._over = True
            self._end()
        raise StopIteration
