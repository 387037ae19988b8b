"""What runs in a worker process: seeding, the loop over tasks, and what a dataset may ask there (`get_worker_info`)."""

from __future__ import annotations

import os
import pickle
import random
import signal
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import autograd_cnn.random as streams
from autograd_cnn.utils.data import collate
from autograd_cnn.utils.data.fetch import Fetcher, make_fetcher
from autograd_cnn.utils.data.randomness import marks, program_sources, read, write

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from autograd_cnn.utils.data.transport import Outlet

CHECK_SECONDS = 2.0  # how often a process looks whether the other one still lives


@dataclass(frozen=True)
class WorkerInfo:
    """What a dataset may know of the worker it runs in: `dataset` is this worker's copy, `seed` is base_seed + id."""

    id: int
    num_workers: int
    seed: int
    dataset: Any = field(repr=False)


_worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a DataLoader's worker process: its `id`, `num_workers`, `seed` and `dataset`; None anywhere else.

    Example:
        >>> get_worker_info() is None
        True

    Source: torch.utils.data.get_worker_info.
    """
    return _worker_info


# ------------------------------------------------------------------------------------------------ messages
@dataclass(frozen=True)
class Setup:
    """Everything a worker needs to know to begin."""

    worker: int
    workers: int
    dataset: Any
    stream: bool
    batched: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    base_seed: int
    init_fn: Callable[[int], None] | None
    start: Mapping[str, bytes] | None  # random states to begin from; None: those of the seed
    skip: int  # batches of the stream that were delivered before the run was interrupted
    skip_index: Any
    segments: bool  # may arrays go through shared memory?


class Task(NamedTuple):
    """Loader → worker: fetch the batch of this index; these segments are free again."""

    index: Any
    free: list[int]


class NewEpoch(NamedTuple):
    """Loader → worker that outlives an epoch: begin the dataset anew."""

    free: list[int]


class Batch(NamedTuple):
    """Worker → loader: a batch, and the worker's random states after it, if they changed."""

    data: Any
    random: dict[str, bytes] | None


class Ended(NamedTuple):
    """Worker → loader: this worker's stream has no more samples."""

    random: dict[str, bytes] | None


class Ready(NamedTuple):
    """Worker → loader: the new epoch can begin."""

    random: dict[str, bytes] | None


class _SelfNaming(str):
    """A string that is its own repr: KeyError shows its argument's repr, which would fold a traceback to one line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Failure(NamedTuple):
    """Worker → loader: an exception, as its type and its traceback in text."""

    kind: type[BaseException]
    text: str
    random: dict[str, bytes] | None

    @classmethod
    def of(cls, error: BaseException, where: str, states: dict[str, bytes] | None = None) -> Failure:
        trace = "".join(traceback.format_exception(error))
        kind = type(error)
        try:
            pickle.dumps(kind)
        except Exception:  # a class made inside a function: the loader's process cannot find it
            kind = RuntimeError
        return cls(kind, f"Caught {type(error).__name__} {where}.\nOriginal {trace}", states)

    def reraise(self) -> None:
        """Raise an exception of the same type whose message holds the worker's traceback."""
        text = _SelfNaming(self.text) if self.kind is KeyError else self.text
        try:
            error = self.kind(text)
        except Exception:  # a type that takes other arguments than one message
            raise RuntimeError(self.text) from None
        raise error


# ------------------------------------------------------------------------------------------------ the process
def seed_worker(base_seed: int, worker: int) -> None:
    """Seed the default generator, Python's `random` and NumPy's global generator as PyTorch's workers do.

    The first two get base_seed + worker; NumPy gets numbers that are not related to these, or two of the three streams,
    being Mersenne Twisters, would be the same.
    """
    seed = base_seed + worker
    random.seed(seed)
    streams.manual_seed(seed)
    entropy = [worker, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))


def run(setup: Setup, connection: Connection, inherited: Callable[[], None] | None) -> None:
    """A worker's life. `inherited` closes what a forked worker has of its siblings' connections."""
    from autograd_cnn.utils.data.transport import Arena, Outlet

    # Ctrl-C reaches the whole process group; it is for the loader's process to decide whether the workers end
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if inherited is not None:
        inherited()
    arena = Arena() if setup.segments else None
    if arena is not None:
        collate.build_batches_in(arena.empty)
    tasks: SimpleQueue[Any] = SimpleQueue()
    over = threading.Event()
    threading.Thread(target=_listen, args=(connection, tasks, over), daemon=True).start()
    try:
        _Worker(setup, Outlet(connection, arena), arena).serve(tasks)
    except (BrokenPipeError, ConnectionResetError):  # the loader has no more use for this worker
        pass
    finally:
        over.set()


def _listen(connection: Connection, tasks: SimpleQueue[Any], over: threading.Event) -> None:
    """Take tasks off the pipe as they come: so the loader is never kept waiting, and its death is noticed at once."""
    parent = os.getppid()
    try:
        while True:
            if connection.poll(CHECK_SECONDS):
                message = connection.recv()
                tasks.put(message)
                if message is None:
                    return
            elif _orphaned(parent):
                break
    except (EOFError, OSError):
        pass
    tasks.put(None)
    if not over.wait(CHECK_SECONDS):  # stuck in a dataset, or in sending to nobody
        os._exit(1)


def _orphaned(parent: int) -> bool:
    import multiprocessing

    process = multiprocessing.parent_process()
    return os.getppid() != parent or (process is not None and not process.is_alive())


class _Worker:
    def __init__(self, setup: Setup, outlet: Outlet, arena: Any) -> None:
        self._setup = setup
        self._outlet = outlet
        self._arena = arena
        self._where = f"in DataLoader worker process {setup.worker}"
        seed_worker(setup.base_seed, setup.worker)
        self._sources = program_sources()
        read(self._sources)
        self._known = marks(self._sources)  # of the random states that the loader knows of
        self._fetcher: Fetcher | None = None
        self._ended = False
        self._broken: Exception | None = None
        self._introduce()

    def _introduce(self) -> None:
        global _worker_info
        setup = self._setup
        seed = setup.base_seed + setup.worker
        _worker_info = WorkerInfo(setup.worker, setup.workers, seed, setup.dataset)
        try:
            if setup.init_fn is not None:
                setup.init_fn(setup.worker)
            if setup.start is not None:
                write(self._sources, setup.start)
                read(self._sources)
                self._known = marks(self._sources)
            self._begin()
            for _ in range(setup.skip):
                self._fetch(setup.skip_index)
        except Exception as error:
            self._broken = error

    def _begin(self) -> None:
        setup = self._setup
        self._ended = False
        self._fetcher = make_fetcher(setup.dataset, setup.stream, setup.batched, setup.collate_fn, setup.drop_last)

    def serve(self, tasks: SimpleQueue[Any]) -> None:
        """Answer each task, until there is none any more."""
        while (task := tasks.get()) is not None:
            if self._arena is not None:
                self._arena.give_back(task.free)
            if isinstance(task, NewEpoch):
                self._answer_new_epoch()
            elif not self._ended:
                self._answer(task.index)
            del task

    def _answer_new_epoch(self) -> None:
        try:
            self._begin()
        except Exception as error:
            self._broken = error
        self._outlet.send(Ready(self._news()))

    def _answer(self, index: Any) -> None:
        if self._broken is not None:
            error, self._broken = self._broken, None
            self._outlet.send(Failure.of(error, self._where, self._news()))
            return
        try:
            data = self._fetch(index)
        except StopIteration as stop:
            self._ended = self._setup.stream
            self._outlet.send(Ended(self._news()) if self._ended else Failure.of(stop, self._where, self._news()))
            return
        except Exception as error:
            self._outlet.send(Failure.of(error, self._where, self._news()))
            return
        states = self._news()
        try:
            self._outlet.send(Batch(data, states))
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            error.add_note("The batch could not be sent to the loader's process. Return values that can be pickled.")
            self._outlet.send(Failure.of(error, self._where, states))

    def _fetch(self, index: Any) -> Any:
        if self._fetcher is None:
            raise RuntimeError(f"the dataset could not be started {self._where}")
        return self._fetcher.collate(self._fetcher.read(index))

    def _news(self) -> dict[str, bytes] | None:
        """The random states if they changed since the loader heard of them last."""
        now = marks(self._sources)
        if now == self._known:
            return None
        states = read(self._sources)
        self._known = marks(self._sources)
        return states
