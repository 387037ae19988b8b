"""Where an epoch stands, how that is written down, and how the order of an interrupted epoch is found again.

What is written down: the number of batches delivered, the base seed, and the random states from which the sampler drew
(`DrawLog`). To resume, the sampler is iterated again from those states, without touching the samples, up to where it
was; then the random sources get back the states they had. So resuming draws nothing from anybody's point of view.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from autograd_cnn.errors import expected
from autograd_cnn.utils.data.randomness import DrawLog, Source, read, write

VERSION = 1

States = dict[str, bytes]


@dataclass
class WorkerRecord:
    """A worker's part in the epoch: its random states (None: those of its seed) and the batches delivered."""

    start: States | None = None
    now: States | None = None
    delivered: int = 0


@dataclass
class Progress:
    """An epoch while it runs; the iterator writes it, the loader's `state_dict` reads it."""

    base_seed: int
    log: DrawLog
    delivered: int = 0
    requested: int = 0  # indices taken from the sampler: with workers ahead of what is delivered
    exhausted: bool = False  # has the sampler said that there are no more?
    finished: bool = False
    next_worker: int = 0
    workers: list[WorkerRecord] = field(default_factory=list)
    samplers: dict[str, Any] = field(default_factory=dict)  # state_dicts of samplers at the epoch's start


@dataclass
class Plan:
    """A saved state, checked and decoded."""

    in_progress: bool
    delivered: int
    requested: int
    exhausted: bool
    base_seed: int | None
    num_workers: int
    length: int | None
    next_worker: int
    workers: list[WorkerRecord]
    draws: dict[str, States]
    generators: States
    samplers: dict[str, Any]

    @property
    def workers_drew(self) -> bool:
        """Do the workers' random streams matter for what comes?"""
        return any(worker.start or worker.now for worker in self.workers)


# ------------------------------------------------------------------------------------------------ written down
def encode(
    progress: Progress | None,
    *,
    generators: States,
    samplers: dict[str, Any],
    num_workers: int,
    length: int | None,
    keep: bool,
) -> dict[str, Any]:
    """The state as plain values (numbers, strings, lists, dicts). `keep`: the workers outlive the epoch."""
    live = None if progress is None or progress.finished else progress  # what is in the middle of an epoch
    kept = progress if keep else live  # whose workers there still are
    return {
        "version": VERSION,
        "in_progress": live is not None,
        "delivered": live.delivered if live else 0,
        "requested": live.requested if live else 0,
        "exhausted": live.exhausted if live else False,
        "base_seed": kept.base_seed if kept else None,
        "num_workers": num_workers,
        "length": length,
        "next_worker": live.next_worker if live else 0,
        "workers": [_encode_worker(w, live is not None) for w in kept.workers] if kept else [],
        "draws": {step: _encode_states(s) for step, s in live.log.entries.items()} if live else {},
        "generators": _encode_states(generators),
        "samplers": live.samplers if live else samplers,
    }


def _encode_worker(worker: WorkerRecord, running: bool) -> dict[str, Any]:
    return {
        "start": _encode_states(worker.start if running else worker.now or worker.start),
        "now": _encode_states(worker.now if running else None),
        "delivered": worker.delivered if running else 0,
    }


def _encode_states(states: Mapping[str, bytes] | None) -> Any:
    return None if states is None else {name: base64.b64encode(s).decode("ascii") for name, s in states.items()}


def decode(state: Any) -> Plan:
    """A state from `encode`, or TypeError / ValueError that says what is wrong with it."""
    operation, doubt = "DataLoader.load_state_dict", "Is it from DataLoader.state_dict()?"
    if not isinstance(state, Mapping):
        raise TypeError(expected(operation, "the dict that state_dict() returned", type(state).__name__))
    if state.get("version") != VERSION:
        what = f"a state of version {VERSION} from DataLoader.state_dict()"
        raise ValueError(expected(operation, what, f"version {state.get('version')!r}"))
    try:
        return Plan(
            in_progress=_flag(state["in_progress"]),
            delivered=_count(state["delivered"]),
            requested=_count(state["requested"]),
            exhausted=_flag(state["exhausted"]),
            base_seed=None if state["base_seed"] is None else _count(state["base_seed"]),
            num_workers=_count(state["num_workers"]),
            length=None if state["length"] is None else _count(state["length"]),
            next_worker=_count(state["next_worker"]),
            workers=[_decode_worker(worker) for worker in state["workers"]],
            draws={str(step): _decode_states(states) or {} for step, states in state["draws"].items()},
            generators=_decode_states(state["generators"]) or {},
            samplers=dict(state["samplers"]),
        )
    except KeyError as error:
        raise ValueError(f"{operation}: the state lacks the entry {error}. Is it from DataLoader.state_dict()?") from None
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise ValueError(f"{operation}: the state is damaged ({error}). {doubt}") from None


def _decode_worker(worker: Mapping[str, Any]) -> WorkerRecord:
    return WorkerRecord(_decode_states(worker["start"]), _decode_states(worker["now"]), _count(worker["delivered"]))


def _decode_states(states: Mapping[str, str] | None) -> States | None:
    return None if states is None else {str(n): base64.b64decode(s, validate=True) for n, s in states.items()}


def _count(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"{number!r} where a count should be")
    return number


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} where True or False should be")
    return value


# ------------------------------------------------------------------------------------------------ found again
class Order:
    """The indices of an epoch, one after another, each step noted so that it can be run again."""

    def __init__(self, sampler: Any, progress: Progress, quiet: range) -> None:
        """`quiet`: the numbers of the indices for which the sampler is known to draw nothing; they are not watched."""
        self._sampler = sampler
        self._progress = progress
        self._quiet = quiet
        self._indices: Iterator[Any] = iter(())
        self._ready: deque[Any] = deque()  # taken from the sampler before the interruption, not delivered yet

    def open(self, step: str) -> None:
        """Begin to iterate over the sampler."""
        self._indices = self._progress.log.run(step, partial(iter, self._sampler))

    def next(self) -> Any:
        """The next index (of a batch, a list). StopIteration after the last."""
        if self._ready:
            return self._ready.popleft()
        progress = self._progress
        if progress.exhausted:
            raise StopIteration
        number = progress.requested
        take = self._indices.__next__
        try:
            index = take() if number in self._quiet else progress.log.run(f"index {number}", take)
        except StopIteration:
            progress.exhausted = True
            raise
        progress.requested = number + 1
        return index

    def reopen(self, step: str, plan: Plan) -> None:
        """Come to where the plan's epoch stood, and put all random sources back to where they are now."""
        with Replay(self._progress.log) as again:
            self._indices = again(step, partial(iter, self._sampler))
            for number in range(plan.requested):
                try:
                    index = again(f"index {number}", self._indices.__next__)
                except StopIteration:
                    raise too_short(number, plan.requested) from None
                if number >= plan.delivered:
                    self._ready.append(index)
            if plan.exhausted:
                try:
                    again(f"index {plan.requested}", self._indices.__next__)
                except StopIteration:
                    return
                raise ValueError(
                    f"DataLoader: the saved epoch had {plan.requested} batches, this sampler goes on after them. "
                    "Load the state into a loader with the same dataset, batch size and sampler."
                )


def too_short(found: int, wanted: int) -> ValueError:
    """The error for a state that belongs to a longer epoch."""
    return ValueError(
        f"DataLoader: the saved epoch stands after {wanted} batches, but this loader has only {found}. "
        "Load the state into a loader with the same dataset, batch size and sampler."
    )


class Replay:
    """A context in which steps of a log are run again; when it ends the random sources are as they were."""

    def __init__(self, log: DrawLog) -> None:
        self._log = log
        self._sources: dict[str, Source] = log.sources
        self._before: States = {}

    def __enter__(self) -> Callable[[str, Callable[[], Any]], Any]:
        self._before = read(self._sources)
        return self._log.rerun

    def __exit__(self, *_: object) -> None:
        self._log.rerun_done()
        write(self._sources, self._before)
